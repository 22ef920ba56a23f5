"""Chapter 11: stress tests for a rare failure: importance sampling and multilevel splitting.

The failure is a walk that leaves a boundary, with a chance that is known exactly, so that one can
say how much an estimator errs and how much work it saves.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize_scalar
from scipy.special import ndtr

from rsi_teach.models.domain import shaped, within
from rsi_teach.models.drift import Drift, crossed_at_looks

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Walk:
    """A walk with standard normal steps that fails if it is ever found above a level.

    Parameters
    ----------
    level : float, in [1, 60]
    steps : int, in [1, 250]
    drift : float, in [-1, 1]
        Mean of a step: negative if something pulls away from the failure.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    The walk of chapter 04, looked at once a step.

    Examples
    --------
    >>> Walk().steps
    50
    """

    level: float = 20.0
    steps: int = 50
    drift: float = -0.2

    def __post_init__(self) -> None:
        """Refuse walks that are none."""
        within("level", self.level, 1, 60)
        within("steps", self.steps, 1, 250, integer=True)
        within("drift", self.drift, -1, 1)


def passage_chance(walk: Walk) -> float:
    """Exact chance that a walk is found above its level within its steps.

    Parameters
    ----------
    walk : Walk

    Returns
    -------
    float
        In [0, 1]. By quadrature; its error is about 1e-13, so that smaller chances mean nothing.

    References
    ----------
    `rsi_teach.models.drift.crossed_at_looks`.

    Examples
    --------
    >>> f"{passage_chance(Walk()):.2e}"
    '2.61e-05'
    """
    way = Drift(bias=walk.drift, spread=1.0)
    return float(np.clip(crossed_at_looks(way, walk.level, walk.steps)[-1], 0, 1))


def plain_walks(walk: Walk, noise: ArrayLike) -> Array:
    """Plain Monte Carlo: 1 for a run that fails and 0 for one that does not.

    Parameters
    ----------
    walk : Walk
    noise : array [steps, runs], standard normal

    Returns
    -------
    array [runs]
        Their mean estimates `passage_chance`.

    Raises
    ------
    ValueError
        If `noise` is not of that shape.

    References
    ----------
    A count.

    Examples
    --------
    >>> plain_walks(Walk(level=3, steps=4, drift=0), np.ones((4, 1))).tolist()
    [1.0]
    """
    return (_highest(walk, noise, walk.drift) > walk.level).astype(float)


def _check_noise(walk: Walk, noise: ArrayLike) -> Array:
    noise = shaped("noise", noise, (walk.steps, "runs"))
    within("noise", noise, -1e6, 1e6)
    return noise


def _highest(walk: Walk, noise: ArrayLike, drift: float) -> Array:
    """The highest place that each run has been found at."""
    noise = _check_noise(walk, noise)
    place, highest = np.zeros(noise.shape[1]), np.full(noise.shape[1], -math.inf)
    for row in noise:
        place += row
        place += drift
        np.maximum(highest, place, out=highest)
    return highest


def tilted_walks(walk: Walk, noise: ArrayLike, *, drift: float) -> Array:
    """Importance sampling: walk with another drift, weigh a failure by how unlikely that was.

    Parameters
    ----------
    walk : Walk
    noise : array [steps, runs], standard normal
    drift : float, in [-1, 3]
        The drift to simulate with, usually towards the level.

    Returns
    -------
    array [runs]
        The likelihood ratio of a run at its first passage, 0 if there was none; their mean is
        without bias for `passage_chance`.

    Raises
    ------
    ValueError
        If a parameter is out of its range or `noise` is not of that shape.

    References
    ----------
    Exponential tilting: importance weights of chapter 07, for a whole path.

    Examples
    --------
    >>> tilted_walks(Walk(level=3, steps=4, drift=0), np.zeros((4, 1)), drift=1.0).round(4).tolist()
    [0.1353]
    """
    noise = _check_noise(walk, noise)
    within("drift", drift, -1, 3)
    place, weight = np.zeros(noise.shape[1]), np.zeros(noise.shape[1])
    extra, running = drift - walk.drift, np.ones(noise.shape[1], dtype=bool)
    for t, row in enumerate(noise, start=1):
        place += row
        place += drift
        over = running & (place > walk.level)
        # ln of the ratio of the two densities of a path depends on where it ends only
        weight[over] = np.exp(-extra * (place[over] - t * walk.drift) + t * extra**2 / 2)
        running &= ~over
    return weight


def split_walks(
    walk: Walk, levels: ArrayLike, *, runs: int, repeats: int, rng: np.random.Generator
) -> Array:
    """Multilevel splitting: restart from where earlier runs got to, level by level.

    At each level the runs that reached it are drawn from, with replacement, and go on from there
    with the steps that they have left. The product of the shares that reached each level estimates
    the chance of reaching the last, without bias.

    Parameters
    ----------
    walk : Walk
    levels : array [levels], rising, the last one the walk's own
    runs : int, in [2, 100000]
        At each level.
    repeats : int, in [1, 10000]
        Independent estimates.
    rng : numpy.random.Generator

    Returns
    -------
    array [repeats]
        Estimates of `passage_chance`.

    Raises
    ------
    ValueError
        If a parameter is out of its range, or the levels do not rise to the walk's own.

    References
    ----------
    Multilevel splitting with fixed levels and fixed effort; Walter (2015) tells its story.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> found = split_walks(Walk(), [4, 8, 12, 16, 20], runs=200, repeats=50, rng=rng)
    >>> bool(1e-5 < found.mean() < 3e-5)
    True
    """
    within("levels", levels, 0, 60, open_low=True)
    levels = np.asarray(levels, dtype=float)
    if levels.ndim != 1 or np.any(np.diff(levels) <= 0) or levels[-1] != walk.level:
        raise ValueError(f"levels = {levels.tolist()} do not rise to the walk's {walk.level:g}")
    within("runs", runs, 2, 100_000, integer=True)
    within("repeats", repeats, 1, 10_000, integer=True)
    place, left = np.zeros((repeats, runs)), np.full((repeats, runs), walk.steps)
    estimate = np.ones(repeats)
    for level in levels:
        _walk_on(walk, place, left, level, rng)
        reached = place > level
        estimate *= reached.mean(axis=1)
        order = np.argsort(~reached, axis=1, kind="stable")  # those that reached it come first
        draw = (rng.random(place.shape) * np.maximum(reached.sum(axis=1), 1)[:, None]).astype(int)
        chosen = np.take_along_axis(order, draw, axis=1)
        place, left = (np.take_along_axis(state, chosen, axis=1) for state in (place, left))
    return estimate


def _walk_on(walk: Walk, place: Array, left: Array, level: float, rng: Any) -> None:
    """Walk every run on, in place, until it is above the level or out of steps."""
    going = np.flatnonzero((place.ravel() <= level) & (left.ravel() > 0))
    here, remaining = place.reshape(-1), left.reshape(-1)
    while len(going):
        here[going] += rng.standard_normal(len(going)) + walk.drift
        remaining[going] -= 1
        going = going[(here[going] <= level) & (remaining[going] > 0)]


def tilted_tail(level: float, noise: ArrayLike, *, tilt: float) -> Array:
    """Importance sampling of a normal tail: draw around `tilt`, weigh by the ratio of densities.

    Parameters
    ----------
    level : float, in [0, 12]
        The chance wanted is P(Z > level).
    noise : array, any shape, standard normal
    tilt : float, in [0, 20]
        0 is plain Monte Carlo.

    Returns
    -------
    array
        Weights, 0 below the level; their mean has no bias. Shape of `noise`.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Exponential tilting: importance weights, as in chapter 07.

    Examples
    --------
    >>> tilted_tail(3.0, [0.0, -1.0], tilt=3.5).round(5).tolist()
    [0.00219, 0.0]
    """
    within("level", level, 0, 12)
    within("noise", noise, -40, 40)
    within("tilt", tilt, 0, 20)
    place = np.asarray(noise, dtype=float) + tilt
    return np.where(place > level, np.exp(tilt**2 / 2 - tilt * np.maximum(place, level)), 0.0)


def tilted_variance(level: float, tilt: ArrayLike) -> Array:
    """Exact variance of one weight of `tilted_tail`.

    Parameters
    ----------
    level : float, in [0, 12]
    tilt : array, any shape, in [0, 20]

    Returns
    -------
    array
        exp(tilt²) P(Z > level + tilt) - P(Z > level)², shape of `tilt`.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    The second moment of the weight, completed to a square.

    Examples
    --------
    >>> float(tilted_variance(3.0, 0.0) / tilted_variance(3.0, 3.0)) > 200
    True
    """
    within("level", level, 0, 12)
    within("tilt", tilt, 0, 20)
    tilt = np.asarray(tilt, dtype=float)
    return np.maximum(np.exp(tilt**2) * ndtr(-level - tilt) - ndtr(-level) ** 2, 0)


def best_tilt(level: float) -> float:
    """The tilt at which `tilted_variance` is smallest: a little above the level.

    Parameters
    ----------
    level : float, in [0.5, 12]

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If `level` is out of its range.

    References
    ----------
    By numerical search.

    Examples
    --------
    >>> round(best_tilt(4.0), 2)
    4.12
    """
    within("level", level, 0.5, 12)
    found = minimize_scalar(
        lambda tilt: math.log(float(tilted_variance(level, tilt))),
        bounds=(0, level + 2),
        method="bounded",
        options={"xatol": 1e-8},
    )
    return float(found.x)
