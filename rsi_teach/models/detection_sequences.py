"""Chapter 11: looking more than once: peeking, confidence sequences and e-values.

A stream of observations with unit variance is summed, S_t. What may be said about its mean after
every single observation, if somebody looks each time?
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import lambertw, ndtr

from rsi_teach.models.domain import shaped, within

Array = NDArray[np.float64]
LONGEST = 10_000
"""Most observations of one simulated stream."""
NODES, WEIGHTS = np.polynomial.legendre.leggauss(48)


def looks_error(looks: int, *, z: float = 1.959963984540054) -> Array:
    """Exact chance that at one of so many equally spaced looks a true mean of 0 seems significant.

    Parameters
    ----------
    looks : int, in [1, 300]
        Each after one more observation, or one more batch of equal size.
    z : float, in [0.1, 8]
        Significant means |S_k| > z √k.

    Returns
    -------
    array [looks]
        Entry k - 1: the chance that at least one of the first k looks was significant.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Armitage, McPherson and Rowe (1969).

    Examples
    --------
    >>> looks_error(5).round(3).tolist()
    [0.05, 0.083, 0.107, 0.126, 0.142]
    """
    within("looks", looks, 1, 300, integer=True)
    within("z", z, 0.1, 8)
    places, mass = np.zeros(1), np.ones(1)
    left = np.empty(looks)
    for k in range(1, looks + 1):
        edge = z * math.sqrt(k)
        left[k - 1] = mass @ (ndtr(edge - places) - ndtr(-edge - places))
        here, weights = _panels(edge)
        density = np.exp(-((here[:, None] - places) ** 2) / 2) @ mass / math.sqrt(2 * math.pi)
        places, mass = here, weights * density
    return 1 - left


def _panels(edge: float) -> tuple[Array, Array]:
    """Nodes and weights on [-edge, edge], in panels of at most 20 standard deviations of a step."""
    count = math.ceil(edge / 10)
    half = edge / count
    centres = half * (2 * np.arange(count) + 1) - edge
    return (centres[:, None] + half * NODES).ravel(), np.tile(half * WEIGHTS, count)


def mixture_boundary(time: ArrayLike, *, rho: float, alpha: float = 0.05) -> Array:
    """Robbins' boundary, which a sum with mean 0 leaves, at any time, with chance alpha at most.

    The boundary is √((t + rho) ln((t + rho)/(rho alpha²))). Divided by t it is the half width of a
    confidence sequence for the mean, which may be looked at after every observation.

    Parameters
    ----------
    time : array, any shape, in [0, 1e9]
        Observations so far; whole or not.
    rho : float, in [1e-3, 1e9]
        Where the boundary is tight: larger is later. See `best_rho`.
    alpha : float, in [1e-9, 0.5]

    Returns
    -------
    array
        For |S_t|, shape of `time`.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Robbins' normal mixture, as in Howard and others (2021).

    Examples
    --------
    >>> mixture_boundary([20, 100], rho=2.5).round(2).tolist()
    [13.57, 31.54]
    """
    within("time", time, 0, 1e9)
    within("rho", rho, 1e-3, 1e9)
    within("alpha", alpha, 1e-9, 0.5)
    later = np.asarray(time, dtype=float) + rho
    return np.sqrt(later * (np.log(later / rho) - 2 * math.log(alpha)))


def best_rho(time: ArrayLike, *, alpha: float = 0.05) -> Array:
    """The rho that makes `mixture_boundary` as tight as it can be at one time.

    Parameters
    ----------
    time : array, any shape, in [1, 1e6]
    alpha : float, in [1e-9, 0.5]

    Returns
    -------
    array
        t / (-W₋₁(-alpha²/e) - 1), shape of `time`.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Howard and others (2021); W₋₁ is the lower branch of Lambert's function.

    Examples
    --------
    >>> best_rho(100).round(1).item()
    12.2
    """
    within("time", time, 1, 1e6)
    within("alpha", alpha, 1e-9, 0.5)
    u = -lambertw(-(alpha**2) / math.e, -1).real
    return np.asarray(time, dtype=float) / (u - 1)


def mixture_e_values(sums: ArrayLike, time: ArrayLike, *, rho: float) -> Array:
    """Evidence against a mean of 0: likelihood ratios averaged over normal alternatives.

    Under the null the mean of each is 1, and the chance that they *ever* reach 1/alpha is at most
    alpha (Ville). They reach it exactly where the sum reaches `mixture_boundary`.

    Parameters
    ----------
    sums : array, any shape, |sums| <= 1e6
        S_t, of observations with unit variance.
    time : array that broadcasts with `sums`, in [0, 1e9]
    rho : float, in [1e-3, 1e9]
        One over the variance of the alternatives.

    Returns
    -------
    array
        √(rho/(t + rho)) exp(S²/(2(t + rho))), of the shape of both together; held at 1e300.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Ville's inequality for Robbins' normal mixture; Howard and others (2021).

    Examples
    --------
    >>> mixture_e_values(mixture_boundary(50, rho=5), 50, rho=5).round(6).item()
    20.0
    """
    within("sums", sums, -1e6, 1e6)
    within("time", time, 0, 1e9)
    within("rho", rho, 1e-3, 1e9)
    later = np.asarray(time, dtype=float) + rho
    log = np.square(np.asarray(sums, dtype=float)) / (2 * later) + np.log(rho / later) / 2
    return np.exp(np.minimum(log, math.log(1e300)))


def betting_e_values(outcomes: ArrayLike, *, null: float, alternative: float) -> Array:
    """Evidence that something happens more often than `null`: a product of likelihood ratios.

    While it happens at most as often as `null`, the chance that this ever reaches 1/alpha is at
    most alpha.

    Parameters
    ----------
    outcomes : array of 0 and 1, shape [items, runs], at most 10,000 items
    null : float, in [1e-6, 0.999]
        The rate that counts as nothing new.
    alternative : float, in (null, 0.9999]
        The rate that is bet on.

    Returns
    -------
    array [items + 1, runs]
        Row 0 is 1; held between 1e-300 and 1e300.

    Raises
    ------
    ValueError
        If a parameter is out of its range or `outcomes` is not of that shape.

    References
    ----------
    Ville's inequality for the likelihood ratio of Wald (1945).

    Examples
    --------
    >>> betting_e_values([[1], [0]], null=0.1, alternative=0.5)[:, 0].round(3).tolist()
    [1.0, 5.0, 2.778]
    """
    outcomes = shaped("outcomes", outcomes, ("items", "runs"), longest=LONGEST)
    within("outcomes", outcomes, 0, 1, integer=True)
    within("null", null, 1e-6, 0.999)
    within("alternative", alternative, null, 0.9999, open_low=True)
    yes, no = math.log(alternative / null), math.log((1 - alternative) / (1 - null))
    logs = np.cumsum(np.where(outcomes > 0, yes, no), axis=0)
    logs = np.concatenate([np.zeros((1, logs.shape[1])), logs])
    return np.exp(np.clip(logs, math.log(1e-300), math.log(1e300)))


def ever_outside(sums: ArrayLike, boundary: ArrayLike) -> Array:
    """Share of runs whose sum has been outside a boundary at some look so far.

    Parameters
    ----------
    sums : array [looks, runs], |sums| <= 1e9
    boundary : array [looks], in [0, 1e9]
        For |S|, look by look.

    Returns
    -------
    array [looks]
        Never falls.

    Raises
    ------
    ValueError
        If an array is out of its range or their lengths differ.

    References
    ----------
    A count.

    Examples
    --------
    >>> ever_outside([[1.0, 3.0], [0.0, 0.0], [9.0, 0.0]], [2.0, 2.0, 2.0]).tolist()
    [0.5, 0.5, 1.0]
    """
    sums, boundary = np.asarray(sums), np.asarray(boundary)
    if sums.ndim != 2 or boundary.shape != sums.shape[:1]:
        raise ValueError(
            f"boundary has shape {boundary.shape} and sums {sums.shape}: (looks,), (looks, runs)"
        )
    within("sums", sums, -1e9, 1e9)
    within("boundary", boundary, 0, 1e9)
    outside = np.abs(sums) > boundary[:, None]
    first = np.where(outside.any(axis=0), outside.argmax(axis=0), len(sums))
    return np.cumsum(np.bincount(first, minlength=len(sums) + 1)[:-1]) / sums.shape[1]
