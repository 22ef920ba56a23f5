"""Chapter 09: lives of which only a part was seen, rightly and wrongly counted."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from rsi_teach.models.domain import within

Array = NDArray[np.float64]
Handling = Literal["as censored", "dropped", "as failures"]
HANDLINGS = get_args(Handling)

SIX_MP_WEEKS = (6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35)
SIX_MP_RELAPSED = tuple(bool(int(c)) for c in "111010100110001100000")
"""Weeks in remission of 21 children on 6-mercaptopurine; False where the trial ended first.

E. J. Freireich et al. (1963), as printed in many textbooks.
"""


@dataclass(frozen=True, kw_only=True, eq=False)
class Curve:
    """Kaplan and Meier's estimate of a survival function: it steps at its times.

    Parameters
    ----------
    times : array [m], >= 0, rising
        The different times at which something ended.
    at_risk : array [m], >= 1
        Units that had not ended before that time.
    failures : array [m], in [0, at_risk]
        Units that failed then.
    survival : array [m], in [0, 1]
        The estimate from that time on.
    variance : array [m], >= 0
        Greenwood's; 0 where the estimate is 1 or 0, which is no sign of certainty.

    Raises
    ------
    ValueError
        If an array is out of its range, or they differ in shape.

    References
    ----------
    Made by `kaplan_meier`.

    Examples
    --------
    >>> kaplan_meier([1.0, 2.0], [True, False]).survival.tolist()
    [0.5, 0.5]
    """

    times: Array
    at_risk: Array
    failures: Array
    survival: Array
    variance: Array

    def __post_init__(self) -> None:
        """Refuse what is no such curve."""
        within("times", self.times, 0, math.inf, open_high=True)
        within("at_risk", self.at_risk, 1, math.inf, open_high=True)
        within("failures", self.failures, 0, math.inf, open_high=True)
        within("survival", self.survival, 0, 1)
        within("variance", self.variance, 0, math.inf, open_high=True)
        for name in ("at_risk", "failures", "survival", "variance"):
            if np.shape(getattr(self, name)) != np.shape(self.times):
                raise ValueError(f"{name} and times differ in shape")
        if np.any(np.diff(self.times) <= 0):
            raise ValueError("times do not rise")


def kaplan_meier(times: ArrayLike, observed: ArrayLike) -> Curve:
    """Estimate survival from lives of which some were cut short.

    Parameters
    ----------
    times : array [n], in [0, 1e9]
        When each unit failed or was last seen without failure, in any order. A unit that was
        last seen at the moment of another's failure counts as at risk then.
    observed : array of bool [n]
        Whether it failed.

    Returns
    -------
    Curve
        At every different time: the product over the failure times so far of
        1 - failures / at_risk, and Greenwood's variance
        S² Σ failures / (at_risk (at_risk - failures)).

    Raises
    ------
    ValueError
        If there are no times, one is out of its range, or `observed` is not as many bools.

    References
    ----------
    E. L. Kaplan and P. Meier (1958), "Nonparametric estimation from incomplete observations";
    the variance is M. Greenwood's.

    Examples
    --------
    >>> curve = kaplan_meier(SIX_MP_WEEKS, SIX_MP_RELAPSED)
    >>> curve.survival[:3].round(3).tolist(), np.sqrt(curve.variance[:3]).round(3).tolist()
    ([0.857, 0.807, 0.807], [0.076, 0.087, 0.087])
    """
    times, observed = _lives(times, observed)
    different, place = np.unique(times, return_inverse=True)
    ended = np.bincount(place, minlength=len(different))
    failures = np.bincount(place, weights=observed, minlength=len(different))
    at_risk = (len(times) - np.cumsum(ended) + ended).astype(float)
    survival = np.cumprod(1 - failures / at_risk)
    left = np.where(failures < at_risk, at_risk - failures, np.inf)
    variance = survival**2 * np.cumsum(failures / (at_risk * left))
    return Curve(
        times=different, at_risk=at_risk, failures=failures, survival=survival, variance=variance
    )


def _lives(times: Any, observed: Any) -> tuple[Array, NDArray[np.bool_]]:
    within("times", times, 0, 1e9)
    times = np.atleast_1d(np.asarray(times, dtype=float))
    try:
        observed = np.atleast_1d(np.asarray(observed))
    except ValueError:
        raise ValueError(f"observed = {observed!r} is not an array of bools") from None
    if observed.dtype != bool:
        raise ValueError("observed holds something else than True and False")
    if times.ndim != 1 or observed.shape != times.shape:
        raise ValueError(
            f"observed has shape {observed.shape} and times {times.shape}: one of each per unit"
        )
    return times, observed


def survival_at(curve: Curve, time: ArrayLike) -> Array:
    """Read the estimate at given times: 1 before the first step, flat after the last.

    Parameters
    ----------
    curve : Curve
    time : array, any shape, in [0, 1e9]
        After the last time of the curve nothing is known if the last unit was censored.

    Returns
    -------
    array
        In [0, 1], shape of `time`.

    Raises
    ------
    ValueError
        If `time` is out of its range.

    References
    ----------
    A step function, continuous from the right.

    Examples
    --------
    >>> survival_at(kaplan_meier([1.0, 2.0], [True, False]), [0.5, 1, 9]).tolist()
    [1.0, 0.5, 0.5]
    """
    within("time", time, 0, 1e9)
    steps = np.concatenate([[1.0], curve.survival])
    return steps[np.searchsorted(curve.times, np.asarray(time, dtype=float), side="right")]


def greenwood_interval(curve: Curve, coverage: float = 0.95) -> tuple[Array, Array]:
    """Ends of an interval for survival at each time of the curve.

    Symmetric in ln(-ln S), so that it cannot leave [0, 1].

    Parameters
    ----------
    curve : Curve
    coverage : float, in [0.5, 0.9999]

    Returns
    -------
    low, high : arrays [m]
        In [0, 1]. Where the estimate is 1 or 0, Greenwood's variance says nothing, and the ends
        are 0 and 1.

    Raises
    ------
    ValueError
        If `coverage` is out of its range.

    References
    ----------
    J. D. Kalbfleisch and R. L. Prentice (1980), "The Statistical Analysis of Failure Time Data".

    Examples
    --------
    >>> low, high = greenwood_interval(kaplan_meier(SIX_MP_WEEKS, SIX_MP_RELAPSED))
    >>> float(low[0].round(3)), float(high[0].round(3))
    (0.62, 0.952)
    """
    within("coverage", coverage, 0.5, 0.9999)
    known = (curve.survival > 0) & (curve.survival < 1)
    s = np.where(known, curve.survival, 0.5)
    error = np.sqrt(np.where(known, curve.variance, 0)) / (s * -np.log(s))
    reach = np.exp(ndtri((1 + coverage) / 2) * error)
    return np.where(known, s**reach, 0.0), np.where(known, s ** (1 / reach), 1.0)


def kaplan_meier_paths(times: ArrayLike, observed: ArrayLike, at: ArrayLike) -> Array:
    """Kaplan and Meier's estimate for many samples at once.

    Parameters
    ----------
    times : array [samples, n], in [0, 1e9]
        One row a sample.
    observed : array of bool [samples, n]
    at : array [k], in [0, 1e9]
        Where to read the estimates.

    Returns
    -------
    array [samples, k]
        In [0, 1].

    Raises
    ------
    ValueError
        If a time is out of its range, or the shapes do not fit.

    References
    ----------
    E. L. Kaplan and P. Meier (1958). Ties need no care: unit by unit, failures first, the product
    (1 - 1/n)(1 - 1/(n - 1))... over d of them is 1 - d/n.

    Examples
    --------
    >>> kaplan_meier_paths([[1.0, 2.0]], [[True, False]], [0.5, 1.5]).tolist()
    [[1.0, 0.5]]
    """
    within("times", times, 0, 1e9)
    within("at", at, 0, 1e9)
    times, observed, at = np.asarray(times, float), np.asarray(observed), np.asarray(at, float)
    if times.ndim != 2 or at.ndim != 1:
        raise ValueError(f"times has shape {times.shape}, at {at.shape}: (samples, n) and (k,)")
    if observed.dtype != bool or observed.shape != times.shape:
        raise ValueError("observed is not one bool for every time")
    order = np.lexsort((~observed, times), axis=1)
    times = np.take_along_axis(times, order, axis=1)
    failed = np.take_along_axis(observed, order, axis=1)
    steps = np.ones((len(times), times.shape[1] + 1))
    np.cumprod(1 - failed / np.arange(times.shape[1], 0, -1), axis=1, out=steps[:, 1:])
    place = (times[:, :, None] <= at).sum(axis=1)
    return np.take_along_axis(steps, place, axis=1)


def naive_survival(
    times: ArrayLike, observed: ArrayLike, time: ArrayLike, how: Handling = "dropped"
) -> Array:
    """Survival estimated by a share, after the censored units have been done away with.

    Parameters
    ----------
    times : array [n], in [0, 1e9]
    observed : array of bool [n]
    time : array, any shape, in [0, 1e9]
    how : {"as censored", "dropped", "as failures"}
        The first is Kaplan and Meier's, for comparison.

    Returns
    -------
    array
        In [0, 1], shape of `time`.

    Raises
    ------
    ValueError
        If a parameter is out of its range, or every unit would be dropped.

    References
    ----------
    Two common mistakes.

    Examples
    --------
    >>> lives = [1.0, 2.0, 3.0, 3.0], [True, False, True, False]
    >>> [round(float(naive_survival(*lives, 1.5, how)), 3) for how in HANDLINGS]
    [0.75, 0.5, 0.75]
    """
    times, observed = _handled(times, observed, how)
    within("time", time, 0, 1e9)
    return survival_at(kaplan_meier(times, observed), time)


def mean_life(times: ArrayLike, observed: ArrayLike, how: Handling = "as censored") -> float:
    """Mean life under a constant hazard, censoring done right or wrong.

    Parameters
    ----------
    times : array [n], in [0, 1e9]
    observed : array of bool [n]
    how : {"as censored", "dropped", "as failures"}
        Total time divided by the number of failures; the mean time of those that failed; or the
        mean of all times.

    Returns
    -------
    float
        ``inf`` if nothing failed and the units are censored.

    Raises
    ------
    ValueError
        If a parameter is out of its range, or every unit would be dropped.

    References
    ----------
    The first is the likelihood's maximum for exponential lives.

    Examples
    --------
    >>> lives = [5.0, 20.0, 10.0, 20.0], [True, False, True, False]
    >>> [mean_life(*lives, how) for how in HANDLINGS]
    [27.5, 7.5, 13.75]
    """
    times, observed = _handled(times, observed, how)
    failures = observed.sum()
    return float(times.sum() / failures) if failures else math.inf


def _handled(times: Any, observed: Any, how: Handling) -> tuple[Array, NDArray[np.bool_]]:
    times, observed = _lives(times, observed)
    if how not in HANDLINGS:
        raise ValueError(f"how = {how!r} is none of {', '.join(HANDLINGS)}")
    if how == "dropped":
        if not observed.any():
            raise ValueError("observed has no failure: nothing is left when the rest is dropped")
        return times[observed], observed[observed]
    return times, observed | (how == "as failures")


def mean_life_limit(mean: ArrayLike, *, window: ArrayLike, how: Handling = "as censored") -> Array:
    """What `mean_life` settles at for many exponential lives, all watched for the same window.

    Parameters
    ----------
    mean : array, in [1e-6, 1e6]
        The true mean life.
    window : array, in [1e-6, 1e6]
        Broadcast with it.
    how : {"as censored", "dropped", "as failures"}

    Returns
    -------
    array
        `mean` if rightly counted; mean - window / (e^(window / mean) - 1) if the rest is dropped;
        mean (1 - e^(-window / mean)) if all times are averaged. The last two stay below the
        window however long the lives are.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Means of a truncated and of a capped exponential variable.

    Examples
    --------
    >>> [round(float(mean_life_limit(1000, window=30, how=how)), 2) for how in HANDLINGS]
    [1000.0, 14.93, 29.55]
    """
    within("mean", mean, 1e-6, 1e6)
    within("window", window, 1e-6, 1e6)
    if how not in HANDLINGS:
        raise ValueError(f"how = {how!r} is none of {', '.join(HANDLINGS)}")
    mean, window = np.broadcast_arrays(np.asarray(mean, float), np.asarray(window, float))
    if how == "as censored":
        return mean.copy()
    if how == "as failures":
        return -mean * np.expm1(-window / mean)
    x = window / mean
    short = window / 2 * (1 - x / 6)  # the formula cancels where the window is short
    return np.where(x < 1e-4, short, mean - window / np.expm1(np.clip(x, 1e-5, 700)))
