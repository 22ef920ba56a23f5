"""Chapter 09: failures that come after the test has ended.

Lives are Weibull: the chance of getting past a time t is exp(-(t / scale)^shape), and the hazard
falls with time (shape below one), stays (one) or rises (above). From that: what a clean window
says about the time after it, how many units make up for a short one, and which shape a pair of
time horizons implies. Estimating lives that were cut short is in `survival_censored`, faults in
flight are in `survival_flight`; both are imported here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rsi_teach.models.domain import shaped, within
from rsi_teach.models.survival_censored import (
    HANDLINGS,
    SIX_MP_RELAPSED,
    SIX_MP_WEEKS,
    Curve,
    Handling,
    greenwood_interval,
    kaplan_meier,
    kaplan_meier_paths,
    mean_life,
    mean_life_limit,
    naive_survival,
    survival_at,
)
from rsi_teach.models.survival_flight import (
    Stream,
    chance_more_than,
    cycle_for_chance,
    cycle_for_mean,
    exact_in_flight,
    generations_on_fault,
    in_flight,
    simulate_in_flight,
)

__all__ = [
    "HANDLINGS",
    "SIX_MP_RELAPSED",
    "SIX_MP_WEEKS",
    "Curve",
    "Handling",
    "Stream",
    "Weibull",
    "chance_after_clean",
    "chance_more_than",
    "clean_bound",
    "cycle_for_chance",
    "cycle_for_mean",
    "exact_in_flight",
    "fleet",
    "generations_on_fault",
    "greenwood_interval",
    "hazard",
    "in_flight",
    "kaplan_meier",
    "kaplan_meier_paths",
    "mean_life",
    "mean_life_limit",
    "naive_survival",
    "second_attempt",
    "shape_from_ratio",
    "simulate_in_flight",
    "survival",
    "survival_at",
    "survival_limit",
    "time_at",
    "unequal_rates",
    "units_needed",
]

Array = NDArray[np.float64]
LONGEST = 1e6
"""Longest time, in whatever unit: enough for days and for minutes."""


# --- lives --------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Weibull:
    """A life whose hazard is a power of its age.

    Parameters
    ----------
    shape : float, in [0.1, 10]
        Below 1 the hazard falls, at 1 it is constant, above it rises.
    scale : float, in [1e-6, 1e6], units of time
        Age by which a share 1 - 1/e = 63 % has failed, whatever the shape.

    Raises
    ------
    ValueError
        If a parameter is out of its range; the message names it.

    References
    ----------
    W. Weibull's distribution.

    Examples
    --------
    >>> round(Weibull(shape=2, scale=100).mean, 2)
    88.62
    """

    shape: float = 1.0
    scale: float = 100.0

    def __post_init__(self) -> None:
        """Refuse what is no life."""
        within("shape", self.shape, 0.1, 10)
        within("scale", self.scale, 1e-6, LONGEST)

    @property
    def mean(self) -> float:
        """Mean life."""
        return self.scale * math.gamma(1 + 1 / self.shape)


def survival(life: Weibull, time: ArrayLike) -> Array:
    """Chance of still being without failure at a time.

    Parameters
    ----------
    life : Weibull
    time : array, any shape, in [0, 1e6]
        In the unit of the scale.

    Returns
    -------
    array
        exp(-(t / scale)^shape), shape of `time`.

    Raises
    ------
    ValueError
        If `time` is out of its range.

    References
    ----------
    Weibull's survival function.

    Examples
    --------
    >>> survival(Weibull(shape=2, scale=100), [0, 10, 100]).round(3).tolist()
    [1.0, 0.99, 0.368]
    """
    within("time", time, 0, LONGEST)
    return np.exp(-_exposure(life, time))


def _exposure(life: Weibull, time: ArrayLike) -> Array:
    """Cumulative hazard, (t / scale)^shape; held where exp of it has long been zero."""
    with np.errstate(over="ignore"):
        raised = (np.asarray(time, dtype=float) / life.scale) ** life.shape
    return np.minimum(raised, 1e12)


def hazard(life: Weibull, time: ArrayLike) -> Array:
    """Failures per unit of time among those that have got so far.

    Parameters
    ----------
    life : Weibull
    time : array, any shape, in [1e-6, 1e6]
        Not zero: there a falling hazard is infinite.

    Returns
    -------
    array
        (shape / scale)(t / scale)^(shape - 1), shape of `time`.

    Raises
    ------
    ValueError
        If `time` is out of its range.

    References
    ----------
    Minus the derivative of ln S.

    Examples
    --------
    >>> hazard(Weibull(shape=1, scale=100), [1, 50]).tolist()
    [0.01, 0.01]
    """
    within("time", time, 1e-6, LONGEST)
    age = np.asarray(time, dtype=float) / life.scale
    return life.shape / life.scale * age ** (life.shape - 1)


def time_at(life: Weibull, share: ArrayLike) -> Array:
    """Time that a given share of lives gets past: with success for survival, a time horizon.

    Parameters
    ----------
    life : Weibull
    share : array, any shape, in (0, 1]
        At 0.5 it is the median.

    Returns
    -------
    array
        scale · (-ln share)^(1 / shape), shape of `share`.

    Raises
    ------
    ValueError
        If `share` is out of its range.

    References
    ----------
    The survival function, solved for the time.

    Examples
    --------
    >>> time_at(Weibull(shape=1, scale=100), [0.5, 0.8]).round(2).tolist()
    [69.31, 22.31]
    """
    within("share", share, 0, 1, open_low=True)
    return life.scale * (-np.log(np.asarray(share, dtype=float))) ** (1 / life.shape)


# --- a clean window -----------------------------------------------------------------------------


def chance_after_clean(life: Weibull, *, window: ArrayLike, ahead: ArrayLike) -> Array:
    """Chance of failing in the time ahead for one that got through the window.

    Parameters
    ----------
    life : Weibull
    window : array, in [0, 1e6]
        Time without failure so far.
    ahead : array, in [0, 1e6]
        Time after the window; broadcast with it.

    Returns
    -------
    array
        1 - S(window + ahead) / S(window).

    Raises
    ------
    ValueError
        If a time is out of its range.

    References
    ----------
    Conditional probability; the exponent is a difference of two powers.

    Examples
    --------
    >>> lives = [Weibull(shape=shape, scale=100) for shape in (0.5, 1, 2)]
    >>> [round(float(chance_after_clean(life, window=10, ahead=90)), 3) for life in lives]
    [0.495, 0.593, 0.628]
    """
    within("window", window, 0, LONGEST)
    within("ahead", ahead, 0, LONGEST)
    end = np.asarray(window, dtype=float) + np.asarray(ahead, dtype=float)
    return -np.expm1(_exposure(life, window) - _exposure(life, end))


def clean_bound(
    units: ArrayLike,
    *,
    window: ArrayLike,
    time: ArrayLike,
    shape: ArrayLike,
    confidence: float = 0.95,
) -> Array:
    """Largest share failing by a time that a clean window has not ruled out, the shape given.

    Parameters
    ----------
    units : array of int, in [1, 1e9]
        Units that ran through the window, none of which failed.
    window : array, in [1e-3, 1e6]
    time : array, in [0, 1e6]
    shape : array, in [0.1, 10]
        Assumed. All four are broadcast.
    confidence : float, in [0.5, 0.9999]

    Returns
    -------
    array
        1 - exp(-(ln(1 / (1 - confidence)) / units) (time / window)^shape). At time = window it is
        the exact zero-failure bound, whatever the shape.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Clean has probability S(window)^units; the worst scale still allowed makes it 1 - confidence.

    Examples
    --------
    >>> clean_bound(30, window=10, time=[10, 100], shape=2).round(3).tolist()
    [0.095, 1.0]
    >>> float(clean_bound(300, window=1, time=1, shape=1).round(6))
    0.009936
    """
    within("units", units, 1, 1e9, integer=True)
    within("window", window, 1e-3, LONGEST)
    within("time", time, 0, LONGEST)
    within("shape", shape, 0.1, 10)
    within("confidence", confidence, 0.5, 0.9999)
    longer = np.asarray(time, dtype=float) / window
    exposure = np.log(1 / (1 - confidence)) / np.asarray(units, dtype=float) * longer**shape
    return -np.expm1(-exposure)


def units_needed(
    *,
    window: ArrayLike,
    time: ArrayLike,
    shape: ArrayLike,
    allowed: ArrayLike,
    confidence: float = 0.95,
) -> Array:
    """Units that must all run clean through a window to show a bound for a time.

    Parameters
    ----------
    window : array, in [1e-3, 1e6]
    time : array, in [1e-3, 1e6]
        What is to be vouched for.
    shape : array, in [0.1, 10]
        Assumed.
    allowed : array, in [1e-9, 0.999]
        Share failing by that time that would still do. All four are broadcast.
    confidence : float, in [0.5, 0.9999]

    Returns
    -------
    array
        Whole numbers: the zero-failure sample size times (time / window)^shape, rounded up.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    `clean_bound`, solved for the units.

    Examples
    --------
    >>> units_needed(window=[10, 100], time=100, shape=2, allowed=0.05).tolist()
    [5841.0, 59.0]
    """
    within("window", window, 1e-3, LONGEST)
    within("time", time, 1e-3, LONGEST)
    within("shape", shape, 0.1, 10)
    within("allowed", allowed, 1e-9, 0.999)
    within("confidence", confidence, 0.5, 0.9999)
    tests = math.log(1 - confidence) / np.log1p(-np.asarray(allowed, dtype=float))
    longer = np.asarray(time, dtype=float) / window
    return np.ceil(tests * longer**shape * (1 - 1e-12))


# --- horizons, and what a ratio of two cannot tell ----------------------------------------------


def shape_from_ratio(ratio: ArrayLike, *, rare: float = 0.5, often: float = 0.8) -> Array:
    """Shape at which two time horizons stand in a ratio.

    Parameters
    ----------
    ratio : array, any shape, in [1.01, 1e6]
        Horizon at the lower share of success over the horizon at the higher.
    rare, often : float, in [0.001, 0.9999]
        The two shares, rare < often.

    Returns
    -------
    array
        ln(ln rare / ln often) / ln ratio, shape of `ratio`. It may lie outside `Weibull`'s range.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    `time_at` at two shares: ratio = (ln rare / ln often)^(1 / shape).

    Examples
    --------
    >>> shape_from_ratio([3.106, 5.49]).round(3).tolist()
    [1.0, 0.666]
    """
    within("ratio", ratio, 1.01, 1e6)
    within("rare", rare, 0.001, 0.9999)
    within("often", often, 0.001, 0.9999)
    if not rare < often:
        raise ValueError(f"rare = {rare:g} is not below often = {often:g}")
    return math.log(math.log(rare) / math.log(often)) / np.log(np.asarray(ratio, dtype=float))


def unequal_rates(shape: float, noise: ArrayLike) -> Array:
    """Constant hazards that differ so that together they look like one falling hazard.

    If each task has a hazard Z of its own, constant in time, drawn from the positive stable law,
    then the share of tasks without failure is E exp(-Z t) = exp(-t^shape): a Weibull.

    Parameters
    ----------
    shape : float, in [0.2, 0.99]
        Of the Weibull that is imitated; its scale is 1.
    noise : array [2, runs], uniform in (0, 1)

    Returns
    -------
    array [runs]
        The hazards, > 0. They have no mean.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    P. Hougaard (1986), "Survival models for heterogeneous populations derived from stable
    distributions"; drawn by Kanter's formula.

    Examples
    --------
    >>> noise = np.random.default_rng(0).random((2, 100_000))
    >>> round(float(np.exp(-unequal_rates(0.5, noise) * 0.25).mean()), 2)  # exp(-sqrt(0.25))
    0.61
    """
    within("shape", shape, 0.2, 0.99)
    noise = shaped("noise", noise, (2, "runs"))
    within("noise", noise, 0, 1, open_low=True, open_high=True)
    angle, wait = math.pi * noise[0], -np.log(noise[1])
    spread = np.sin((1 - shape) * angle) / wait
    return np.sin(shape * angle) / np.sin(angle) ** (1 / shape) * spread ** ((1 - shape) / shape)


def second_attempt(shape: ArrayLike, first: ArrayLike) -> Array:
    """Chance that a second attempt at the same task succeeds after the first did, tasks unequal.

    If instead every attempt has the same falling hazard, it is `first`.

    Parameters
    ----------
    shape : array, in [0.1, 1]
        Of the Weibull that attempts at different tasks follow.
    first : array, in [1e-6, 1]
        Share of first attempts that succeed; broadcast with the shape.

    Returns
    -------
    array
        E exp(-2 Z t) / E exp(-Z t) = first^(2^shape - 1): larger than `first` for shape < 1.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Follows from `unequal_rates`: two attempts share Z.

    Examples
    --------
    >>> float(second_attempt(0.5, 0.5).round(3))
    0.75
    """
    within("shape", shape, 0.1, 1)
    within("first", first, 1e-6, 1)
    return np.asarray(first, dtype=float) ** (2 ** np.asarray(shape, dtype=float) - 1)


# --- a fleet that is still running --------------------------------------------------------------


def fleet(life: Weibull, *, window: float, noise: ArrayLike) -> tuple[Array, NDArray[np.bool_]]:
    """Lives of units that were started at different times and are looked at today.

    Parameters
    ----------
    life : Weibull
    window : float, in [1e-3, 1e6]
        How long ago the first was started; the starts are even over the window.
    noise : array [2, ...], uniform in (0, 1)

    Returns
    -------
    times : array [...]
        Age at failure, or today's age if there was none.
    observed : array of bool [...]
        Whether it failed. The others are censored.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Independent ("non-informative") right-censoring.

    Examples
    --------
    >>> times, observed = fleet(Weibull(), window=50, noise=[[0.5, 0.9], [0.5, 0.2]])
    >>> times.round(2).tolist(), observed.tolist()
    ([25.0, 10.0], [False, False])
    """
    within("window", window, 1e-3, LONGEST)
    within("noise", noise, 0, 1, open_low=True, open_high=True)
    noise = np.asarray(noise)
    if noise.ndim < 2 or len(noise) != 2:
        raise ValueError(f"noise has shape {noise.shape}, not (2, ...)")
    failed = -np.log(noise[0])
    if life.shape != 1:
        failed **= 1 / life.shape
    failed *= life.scale
    age = window * noise[1]
    return np.minimum(failed, age), failed <= age


def survival_limit(
    life: Weibull, *, window: float, time: ArrayLike, how: Handling = "as censored"
) -> Array:
    """What an estimate of survival settles at for a large fleet, censoring done right or wrong.

    Parameters
    ----------
    life : Weibull
    window : float, in [1e-3, 1e6]
        Starts are even over the window, as in `fleet`.
    time : array, any shape, in [0, window]
    how : {"as censored", "dropped", "as failures"}
        What is done with units that have not failed.

    Returns
    -------
    array
        S(t) if they are censored; S(t)(1 - t / window) if their ages count as failures; and
        the share of lives above t among those seen to fail if they are dropped.

    Raises
    ------
    ValueError
        If a parameter is out of its range, or nothing would be seen to fail.

    References
    ----------
    Law of large numbers; the last one by parts.

    Examples
    --------
    >>> [round(float(survival_limit(Weibull(), window=100, time=50, how=how)), 3)
    ...  for how in HANDLINGS]
    [0.607, 0.176, 0.303]
    """
    within("window", window, 1e-3, LONGEST)
    within("time", time, 0, window)
    if how not in HANDLINGS:
        raise ValueError(f"how = {how!r} is none of {', '.join(HANDLINGS)}")
    time = np.asarray(time, dtype=float)
    if how == "as censored":
        return survival(life, time)
    if how == "as failures":
        return survival(life, time) * (1 - time / window)
    return _seen_after(life, window, time) / _seen_after(life, window, np.zeros(()))


def _seen_after(life: Weibull, window: float, time: Array) -> Array:
    """Chance that a unit is seen to fail, and at an age above `time`."""
    nodes, weights = np.polynomial.legendre.leggauss(64)
    # In cumulative hazard the density is exp(-h), and the square tames the root at zero.
    top, low = _exposure(life, window), _exposure(life, time)
    top = np.minimum(top, low + 60)
    half = np.sqrt(top - low)[..., None] * (nodes + 1) / 2
    h = low[..., None] + half**2
    age = life.scale * h ** (1 / life.shape)
    inside = np.exp(-h) * np.maximum(1 - age / window, 0) * 2 * half
    return (inside * weights).sum(axis=-1) * np.sqrt(top - low) / 2
