"""Chapter 16: intervals made from past errors, and what is left of their promise under drift."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.special import betaincinv, erfc, ndtr, ndtri

from rsi_teach.models.domain import shaped, within

Array = NDArray[np.float64]
Reference = Literal["past", "first"]
REFERENCES = ("past", "first")
MOST = 1_000_000


def conformal_half_width(residuals: ArrayLike, *, alpha: float = 0.1) -> float:
    """Half-width of the split conformal interval: an order statistic of past absolute errors.

    Parameters
    ----------
    residuals : array [n]
        Past errors, with or without sign, in [-1e12, 1e12]; at least one.
    alpha : float
        Share of misses allowed, in (0, 1).

    Returns
    -------
    float
        The ceil((n + 1)(1 - alpha))-th smallest absolute error; infinite if there are too few.

    Raises
    ------
    ValueError
        If a parameter is out of range.

    References
    ----------
    Vovk (2012), inductive conformal predictors.

    Examples
    --------
    >>> conformal_half_width([0.3, -2.0, 0.1, 0.8, 1.1, 0.2, 0.4, 0.9, 1.4])
    2.0
    >>> conformal_half_width([0.3, -2.0])
    inf
    """
    past = shaped("residuals", residuals, ("n",), longest=MOST)
    within("residuals", past, -1e12, 1e12)
    place = _place(len(past), alpha)
    return float(np.sort(np.abs(past))[place - 1]) if place <= len(past) else math.inf


def _place(n: int, alpha: float) -> int:
    """Which order statistic; a hair is taken off, so that 0.9 · 10 is 9 and not a little more."""
    within("alpha", alpha, 0, 1, open_low=True, open_high=True)
    return math.ceil((n + 1) * (1 - alpha) - 1e-9)


def split_coverage(n: int, *, alpha: float = 0.1) -> float:
    """Chance that the next truth lies in a split conformal interval, exactly.

    Parameters
    ----------
    n : int
        Number of past errors, 1 to 1e6.
    alpha : float
        Share of misses allowed, in (0, 1).

    Returns
    -------
    float
        ceil((n + 1)(1 - alpha))/(n + 1), for exchangeable errors without ties; between 1 - alpha
        and 1 - alpha + 1/(n + 1).

    Raises
    ------
    ValueError
        If a parameter is out of range.

    References
    ----------
    Vovk (2012): the next error is equally likely to take each place among n + 1.

    Examples
    --------
    >>> split_coverage(9), round(split_coverage(12), 4), split_coverage(8)
    (0.9, 0.9231, 1.0)
    """
    within("n", n, 1, MOST, integer=True)
    return min(_place(n, alpha), n + 1) / (n + 1)


def coverage_quantiles(n: int, level: ArrayLike, *, alpha: float = 0.1) -> Array:
    """Quantiles, over past samples, of the coverage that a split conformal interval then has.

    Parameters
    ----------
    n : int
        Number of past errors, 1 to 1e6.
    level : array, any shape
        Which quantiles, in (0, 1).
    alpha : float
        Share of misses allowed, in (0, 1).

    Returns
    -------
    array of the shape of `level`
        Quantiles of Beta(k, n + 1 - k) with k = ceil((n + 1)(1 - alpha)); 1 if k > n.

    Raises
    ------
    ValueError
        If a parameter is out of range.

    References
    ----------
    Vovk (2012); Marques (2023), eq. for the limit of a long future.

    Examples
    --------
    >>> coverage_quantiles(100, [0.05, 0.95]).round(3).tolist()
    [0.848, 0.945]
    """
    within("n", n, 1, MOST, integer=True)
    within("level", level, 0, 1, open_low=True, open_high=True)
    place = _place(n, alpha)
    if place > n:
        return np.ones(np.shape(level))
    return betaincinv(place, n + 1 - place, np.asarray(level, dtype=float))


def static_miscoverage(scale: ArrayLike, *, alpha: float = 0.1) -> Array:
    """Share of misses once normal errors have become larger than those an interval was made for.

    Parameters
    ----------
    scale : array, any shape
        By what factor, in [1e-3, 1e3].
    alpha : float
        Share of misses before, in (0, 1).

    Returns
    -------
    array of the shape of `scale`
        2Φ(-z/scale), z being the quantile 1 - alpha/2.

    Raises
    ------
    ValueError
        If a parameter is out of range.

    References
    ----------
    The normal distribution function.

    Examples
    --------
    >>> static_miscoverage([1.0, 2.0]).round(3).tolist()
    [0.1, 0.411]
    """
    within("scale", scale, 1e-3, 1e3)
    within("alpha", alpha, 0, 1, open_low=True, open_high=True)
    return 2 * ndtr(ndtri(alpha / 2) / np.asarray(scale, dtype=float))


def group_coverage(sds: ArrayLike, shares: ArrayLike, *, alpha: float = 0.1) -> Array:
    """Coverage in each group, of one interval that has the promised coverage over all.

    Parameters
    ----------
    sds : array [groups]
        Standard deviation of the normal errors in each group, in [1e-3, 1e3].
    shares : array [groups]
        How frequent each group is, in (0, 1]; they add up to 1.
    alpha : float
        Share of misses over all groups, in [1e-6, 1).

    Returns
    -------
    array [groups]
        In [0, 1]; their mean, weighted by `shares`, is 1 - alpha.

    Raises
    ------
    ValueError
        If a parameter is out of range.

    References
    ----------
    The normal distribution function. Barber, Candès, Ramdas and Tibshirani (2020) on what can be
    promised for each case by itself.

    Examples
    --------
    >>> group_coverage([0.5, 2.0], [0.8, 0.2]).round(3).tolist()
    [0.995, 0.519]
    """
    sds = shaped("sds", sds, ("groups",), longest=1000)
    within("sds", sds, 1e-3, 1e3)
    shares = shaped("shares", shares, (len(sds),))
    within("shares", shares, 0, 1, open_low=True)
    within("shares added up", float(shares.sum()), 1 - 1e-9, 1 + 1e-9)
    within("alpha", alpha, 1e-6, 1, open_high=True)

    def covered(half: float) -> Array:
        return 1 - 2 * ndtr(-half / sds)

    half = brentq(lambda h: float(shares @ covered(h)) - 1 + alpha, 0, 10 * float(sds.max()))
    return covered(half)


# --- one after the other --------------------------------------------------------------------------


def p_values(scores: ArrayLike, *, warm_up: int, reference: Reference = "past") -> Array:
    """Where each score stands among earlier ones: 1 is the smallest, near 0 larger than all.

    A conformal interval at level a misses exactly when this is at most a.

    Parameters
    ----------
    scores : array [steps, runs]
        Absolute errors in the order in which they came, in [0, 1e12].
    warm_up : int
        Scores that come before the first one that is judged, 1 to steps - 1.
    reference : "past" or "first"
        Compare with all earlier scores, or with the first `warm_up` for good.

    Returns
    -------
    array [steps - warm_up, runs]
        (1 + number of reference scores not smaller)/(1 + their number), in (0, 1].

    Raises
    ------
    ValueError
        If a parameter is out of range.

    References
    ----------
    Vovk (2012), the p-value of an inductive conformal predictor.

    Examples
    --------
    >>> p_values([[1.0], [3.0], [2.0], [4.0]], warm_up=2).round(2).tolist()
    [[0.67], [0.25]]
    """
    scores = shaped("scores", scores, ("steps", "runs"), longest=5000)
    within("scores", scores, 0, 1e12)
    within("warm_up", warm_up, 1, len(scores) - 1, integer=True)
    if reference not in REFERENCES:
        raise ValueError(f"reference = {reference!r} is none of {', '.join(REFERENCES)}")
    found = np.empty((len(scores) - warm_up, scores.shape[1]))
    for step, score in enumerate(scores[warm_up:], start=warm_up):
        known = scores[: step if reference == "past" else warm_up]
        found[step - warm_up] = (1 + (known >= score).sum(axis=0)) / (1 + len(known))
    return found


def scaled_p_values(noise: ArrayLike, scale: ArrayLike) -> Array:
    """Where normal errors of changing size stand among errors of size 1.

    Parameters
    ----------
    noise : array [steps, runs]
        Standard normal numbers, in [-8, 8].
    scale : array [steps]
        Size of the error at each step, in [1e-3, 4].

    Returns
    -------
    array [steps, runs]
        2Φ(-|noise · scale|), in (0, 1]; uniform where the scale is 1.

    Raises
    ------
    ValueError
        If a parameter is out of range.

    References
    ----------
    The limit of `p_values` for many first scores.

    Examples
    --------
    >>> scaled_p_values([[1.645], [1.645]], [1.0, 2.0]).round(3).tolist()
    [[0.1], [0.001]]
    """
    noise = shaped("noise", noise, ("steps", "runs"), longest=MOST)
    within("noise", noise, -8, 8)
    scale = shaped("scale", scale, (len(noise),))
    within("scale", scale, 1e-3, 4)
    sizes = np.abs(noise * (scale[:, None] / math.sqrt(2)))
    return erfc(sizes, out=sizes)


def adaptive_levels(
    p_value: ArrayLike, *, gamma: float, alpha: float = 0.1, start: float | None = None
) -> tuple[Array, NDArray[np.bool_]]:
    """Adaptive conformal inference: lower the level after a miss, raise it after a hit.

    Parameters
    ----------
    p_value : array [steps, runs]
        As from `p_values`, in (0, 1].
    gamma : float
        Size of a step, in [1e-6, 1].
    alpha : float
        Share of misses aimed at, in (0, 1).
    start : float, optional
        First level, in [0, 1]; `alpha` if None.

    Returns
    -------
    two arrays [steps + 1, runs] and [steps, runs]
        The level before each step and after the last; whether the interval missed. A level of 0
        or below is an infinite interval, one of 1 or above an empty one.

    Raises
    ------
    ValueError
        If a parameter is out of range.

    References
    ----------
    Gibbs and Candès (2021), eq. 2: level' = level + gamma (alpha - missed).

    Examples
    --------
    >>> levels, missed = adaptive_levels([[0.5], [0.05], [0.5]], gamma=0.1)
    >>> levels[:, 0].round(2).tolist(), missed[:, 0].tolist()
    ([0.1, 0.11, 0.02, 0.03], [False, True, False])
    """
    p = shaped("p_value", p_value, ("steps", "runs"), longest=MOST)
    within("p_value", p, 0, 1, open_low=True)
    within("gamma", gamma, 1e-6, 1)
    within("alpha", alpha, 0, 1, open_low=True, open_high=True)
    start = alpha if start is None else start
    within("start", start, 0, 1)
    levels, missed = np.empty((len(p) + 1, p.shape[1])), np.empty(p.shape, dtype=bool)
    levels[0] = start
    for step in range(len(p)):
        np.less_equal(p[step], levels[step], out=missed[step])
        np.add(levels[step], gamma * alpha, out=levels[step + 1])
        np.subtract(levels[step + 1], gamma, out=levels[step + 1], where=missed[step])
    return levels, missed


def adaptation_bound(
    steps: ArrayLike, *, gamma: float, alpha: float = 0.1, start: float | None = None
) -> Array:
    """How far adaptive conformal inference can be from its aim, whatever the data do.

    Parameters
    ----------
    steps : array of int, any shape
        1 to 1e12.
    gamma : float
        Size of a step, in [1e-6, 1].
    alpha : float
        Share of misses aimed at, in (0, 1).
    start : float, optional
        First level, in [0, 1]; `alpha` if None.

    Returns
    -------
    array of the shape of `steps`
        Bound on |share of misses - alpha|: (max(start, 1 - start) + gamma)/(steps · gamma).

    Raises
    ------
    ValueError
        If a parameter is out of range.

    References
    ----------
    Gibbs and Candès (2021), proposition 4.1.

    Examples
    --------
    >>> adaptation_bound([50, 20_000], gamma=0.005).round(4).tolist()
    [3.62, 0.0091]
    """
    within("steps", steps, 1, 1e12, integer=True)
    within("gamma", gamma, 1e-6, 1)
    within("alpha", alpha, 0, 1, open_low=True, open_high=True)
    start = alpha if start is None else start
    within("start", start, 0, 1)
    return (max(start, 1 - start) + gamma) / (np.asarray(steps, dtype=float) * gamma)
