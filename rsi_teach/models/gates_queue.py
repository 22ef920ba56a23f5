"""Chapter 12, continued: updates that wait for a reviewer.

Updates arrive at random, so many an hour, independently of each other. A review takes a random
time, exponential, with a mean in minutes. Whoever is free takes the update that has waited longest.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaincc, gammaln, xlogy

from rsi_teach.models.domain import shaped, within

Array = NDArray[np.float64]
MOST = 10_000
"""Most reviewers at one desk."""
LONGEST = 20_000
"""Most updates of one simulated run."""


def erlang_c(reviewers: ArrayLike, load: ArrayLike) -> Array:
    """Chance that an update has to wait because every reviewer is busy.

    Parameters
    ----------
    reviewers : array of int, in [1, 10000]
    load : array, in [0, 1e10], broadcasts with `reviewers`
        Arrivals per minute times minutes per review: reviewers kept busy on average.

    Returns
    -------
    array
        In [0, 1]; 1 where the load is at or above the reviewers, because then the queue grows
        without end and sooner or later every update waits.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Erlang's delay formula; by way of Erlang's loss formula B, C = B / (1 - (load/c)(1 - B)).

    Examples
    --------
    >>> erlang_c([1, 2], [0.8, 1.6]).round(4).tolist()
    [0.8, 0.7111]
    """
    _check_servers(reviewers)
    within("load", load, 0, 1e10)
    c, a = np.broadcast_arrays(np.asarray(reviewers, float), np.asarray(load, float))
    stable = np.where(a < c, a, 0.0)
    lost = np.exp(xlogy(c, stable) - stable - gammaln(c + 1)) / gammaincc(c + 1, stable)
    return np.where(a < c, lost / (1 - stable / c * (1 - lost)), 1.0)


def _check_servers(reviewers: ArrayLike) -> None:
    within("reviewers", reviewers, 1, MOST, integer=True)


def _load(reviewers: ArrayLike, arrival: ArrayLike, minutes: ArrayLike) -> Array:
    """Reviewers kept busy, from updates an hour and minutes per review."""
    _check_servers(reviewers)
    within("arrival", arrival, 0, 1e6)
    within("minutes", minutes, 0, 1e5, open_low=True)
    return np.asarray(arrival, float) * minutes / 60


def mean_wait(reviewers: ArrayLike, *, arrival: ArrayLike, minutes: ArrayLike) -> Array:
    """Mean minutes that an update waits before its review begins, in the long run.

    Parameters
    ----------
    reviewers : array of int, in [1, 10000]
    arrival : array, in [0, 1e6], updates per hour
    minutes : array, in (0, 1e5]
        Mean length of a review; the three broadcast together.

    Returns
    -------
    array
        In minutes; ``inf`` where the load is at or above the reviewers.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    M/M/c: Erlang C times minutes / (reviewers - load).

    Examples
    --------
    >>> mean_wait(3, arrival=72, minutes=2).round(2).tolist()
    2.16
    """
    load = _load(reviewers, arrival, minutes)
    spare = np.subtract(reviewers, load)
    wait = erlang_c(reviewers, load) * minutes / np.where(spare > 0, spare, 1)
    return np.where(spare > 0, wait, np.inf)


def wait_exceeds(
    reviewers: ArrayLike, limit: ArrayLike, *, arrival: ArrayLike, minutes: ArrayLike
) -> Array:
    """Chance that an update waits longer than a limit, in the long run.

    Parameters
    ----------
    reviewers : array of int, in [1, 10000]
    limit : array, in [0, 1e6], minutes
    arrival : array, in [0, 1e6], updates per hour
    minutes : array, in (0, 1e5]
        Mean length of a review; the four broadcast together.

    Returns
    -------
    array
        In [0, 1]; 1 where the load is at or above the reviewers.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    M/M/c: Erlang C times exp(-(reviewers - load) limit / minutes).

    Examples
    --------
    >>> wait_exceeds(2, [0, 10], arrival=16, minutes=6).round(3).tolist()
    [0.711, 0.365]
    """
    within("limit", limit, 0, 1e6)
    load = _load(reviewers, arrival, minutes)
    spare = np.maximum(np.subtract(reviewers, load), 0)
    return erlang_c(reviewers, load) * np.exp(-spare * np.asarray(limit, float) / minutes)


def reviewers_needed(*, arrival: float, minutes: float, at_once: float) -> int:
    """Fewest reviewers with whom a share of the updates is reviewed without any wait.

    Parameters
    ----------
    arrival : float, in [0, 1e6], updates per hour
    minutes : float, in (0, 1e5]
        Mean length of a review; arrival · minutes / 60 at most 9000.
    at_once : float, in [0, 0.9999]
        Share of updates that are not to wait, in the long run.

    Returns
    -------
    int
        At least 1, and always more than the load.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    `erlang_c`, which falls with every reviewer.

    Examples
    --------
    >>> reviewers_needed(arrival=30, minutes=5, at_once=0.9)
    6
    """
    within("at_once", at_once, 0, 0.9999)
    load = float(_load(1, arrival, minutes))
    within("arrival times minutes", load, 0, 9000)
    counts = np.arange(int(load) + 1, int(load + 10 * (load + 4) ** 0.5) + 3)
    return int(counts[np.argmax(1 - erlang_c(counts, load) >= at_once)])


def simulate_queue(noise: ArrayLike, *, reviewers: int, arrival: float, minutes: float) -> Array:
    """Let updates arrive at a desk that is empty at first, once for every column of noise.

    Parameters
    ----------
    noise : array [2, updates, runs], in [0, 1e3], at most 20000 updates
        Standard exponential draws: the gap before each update, and the length of its review.
    reviewers : int, in [1, 10000]
    arrival : float, in [1e-6, 1e6], updates per hour
    minutes : float, in (0, 1e5]
        Mean length of a review. The load may be above the reviewers.

    Returns
    -------
    array [updates, runs]
        Minutes that each update waits before its review begins.

    Raises
    ------
    ValueError
        If a parameter is out of its range or `noise` has another shape.

    References
    ----------
    First come, first served: each update goes to the reviewer who is free first.

    Examples
    --------
    >>> noise = np.array([[[1.0], [0.0], [0.0]], [[1.0], [1.0], [1.0]]])
    >>> simulate_queue(noise, reviewers=1, arrival=60, minutes=2)[:, 0].tolist()
    [0.0, 2.0, 4.0]
    """
    noise = shaped("noise", noise, (2, "updates", "runs"), longest=LONGEST)
    within("noise", noise, 0, 1e3)
    within("arrival", arrival, 1e-6, 1e6)
    _load(reviewers, arrival, minutes)
    waits, came = np.empty(noise.shape[1:]), np.zeros(noise.shape[2])
    free = np.zeros((int(reviewers), noise.shape[2]))  # when each is free again, soonest first
    for gap, length, wait in zip(noise[0], noise[1], waits, strict=True):
        came += gap * (60 / arrival)
        begun = np.maximum(free[0], came)
        np.subtract(begun, came, out=wait)
        _queue_in(free, begun + length * minutes)
    return waits


def _queue_in(free: Array, until: Array) -> None:
    """Take the first of a sorted list out, and put another time in its place by size."""
    for rank in range(1, len(free)):
        np.minimum(until, free[rank], out=free[rank - 1])
        np.maximum(until, free[rank], out=until)
    free[-1] = until
