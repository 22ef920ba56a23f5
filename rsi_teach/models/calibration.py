"""Chapter 16: how good intervals and probabilities are, and how little a few of them show.

`calibration_conformal` has the intervals that are made from past errors, `calibration_clusters`
shares of answers that depend on each other; their names are here too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit, ndtr, ndtri
from scipy.stats import binom

from rsi_teach.models.calibration_clusters import ClusteredShare, clustered_share
from rsi_teach.models.calibration_conformal import (
    adaptation_bound,
    adaptive_levels,
    conformal_half_width,
    coverage_quantiles,
    group_coverage,
    p_values,
    scaled_p_values,
    split_coverage,
    static_miscoverage,
)
from rsi_teach.models.domain import shaped, within
from rsi_teach.models.testing import clopper_pearson

__all__ = [
    "ClusteredShare",
    "Decomposition",
    "Forecaster",
    "ReliabilityCurve",
    "adaptation_bound",
    "adaptive_levels",
    "clustered_share",
    "conformal_half_width",
    "coverage_quantiles",
    "decompose",
    "expected_components",
    "expected_score",
    "group_coverage",
    "hit_rate",
    "interval_scores",
    "p_values",
    "questions_to_tell",
    "reliability_curve",
    "scaled_p_values",
    "simulate_intervals",
    "simulate_probabilities",
    "split_coverage",
    "static_miscoverage",
    "width_for",
]

Array = NDArray[np.float64]
Z = float(ndtri(0.95))
"""Half the width of an honest 90 % interval, in standard deviations: 1.645."""
TRUE = (np.arange(10) + 0.5) / 10
"""The ten chances of the events that a simulated forecaster is asked about."""
LIMIT = 1e6
RAIN_STATED = np.arange(11) / 10
"""Chances of rain for the next day at Tampere, as they were forecast in 2003 (Nurmi)."""
RAIN_DAYS = np.array([46, 55, 59, 41, 19, 22, 22, 34, 24, 11, 13])
"""Days with each of these forecasts; 19 days without a forecast or a measurement are left out."""
RAIN_WET = np.array([1, 1, 5, 5, 4, 8, 6, 16, 16, 8, 11])
"""Days among them with more than 0.2 mm of rain."""


@dataclass(frozen=True, kw_only=True)
class Forecaster:
    """Somebody whose intervals and probabilities are off in two ways.

    Parameters
    ----------
    width : float
        Stated width over honest width, in [0.05, 20]; below 1 is over-confident. The log odds of
        probabilities are divided by it.
    bias : float
        How far the middle lies too high, in [-10, 10], in standard deviations of the error; it is
        added to the log odds as well.

    Raises
    ------
    ValueError
        If a parameter is out of range.

    References
    ----------
    Log odds that are stretched and shifted: the linear model in log odds, as in Platt's scaling;
    a choice of ours, not a finding about people.

    Examples
    --------
    >>> bool(Forecaster(width=0.5).stated[0] < TRUE[0])  # too sure that it will not happen
    True
    """

    width: float = 1.0
    bias: float = 0.0

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        within("width", self.width, 0.05, 20)
        within("bias", self.bias, -10, 10)

    @property
    def stated(self) -> Array:
        """What is stated for each of the ten chances in `TRUE`."""
        return expit(logit(TRUE) / self.width + self.bias)


def hit_rate(forecaster: Forecaster) -> float:
    """Share of a forecaster's 90 % intervals that hold, if errors are normal.

    Parameters
    ----------
    forecaster : Forecaster

    Returns
    -------
    float
        In [0, 1]; 2Φ(1.645 c) - 1 for a width of c and no bias.

    References
    ----------
    The normal distribution function.

    Examples
    --------
    >>> round(hit_rate(Forecaster()), 3), round(hit_rate(Forecaster(width=0.41)), 3)
    (0.9, 0.5)
    """
    half = Z * forecaster.width
    return float(ndtr(half - forecaster.bias) - ndtr(-half - forecaster.bias))


def width_for(rate: ArrayLike) -> Array:
    """Width, in units of an honest 90 % interval, at which intervals hold at a given rate.

    Parameters
    ----------
    rate : array, any shape
        In (0, 1).

    Returns
    -------
    array of the shape of `rate`
        Above 0; normal errors and no bias.

    Raises
    ------
    ValueError
        If a parameter is out of range.

    References
    ----------
    The inverse of `hit_rate`.

    Examples
    --------
    >>> width_for([0.5, 0.9]).round(3).tolist()
    [0.41, 1.0]
    """
    within("rate", rate, 0, 1, open_low=True, open_high=True)
    return ndtri((1 + np.asarray(rate, dtype=float)) / 2) / Z


def questions_to_tell(rate: float, *, honest: float = 0.9, error: float = 0.1) -> int:
    """Fewest questions with which a hit rate is told from an honest one, by the number of hits.

    Parameters
    ----------
    rate : float
        Hit rate of the other forecaster, in [0, `honest`).
    honest : float
        In (0, 1).
    error : float
        Largest chance of either mistake, in [0.001, 0.5).

    Returns
    -------
    int
        The first number of independent questions at which some cut has both errors at most
        `error`. At a few larger numbers none has, because hits are whole.

    Raises
    ------
    ValueError
        If a parameter is out of range, or if 20,000 questions are not enough.

    References
    ----------
    The exact binomial test of one proportion against another.

    Examples
    --------
    >>> questions_to_tell(0.5), questions_to_tell(0.8)
    (9, 86)
    """
    within("honest", honest, 0, 1, open_low=True, open_high=True)
    within("rate", rate, 0, honest, open_high=True)
    within("error", error, 0.001, 0.5, open_high=True)
    for many in (np.arange(1, 301), np.arange(301, 20_001)):
        cut = binom.ppf(error, many, honest)
        cut -= binom.cdf(cut, many, honest) > error  # at most so many hits: called over-confident
        told = binom.cdf(cut, many, rate) >= 1 - error
        if told.any():
            return int(many[told.argmax()])
    raise ValueError(f"rate = {rate:g} is too close to {honest:g}: 20,000 questions do not do")


def interval_scores(low: ArrayLike, high: ArrayLike, truth: ArrayLike, *, alpha: float = 0.1
) -> Array:  # fmt: skip
    """Score central (1 - alpha) intervals: width, plus 2/alpha times any miss; smaller is better.

    Parameters
    ----------
    low, high : array
        Ends, in [-1e12, 1e12], low <= high.
    truth : array
        In [-1e12, 1e12]; the three broadcast.
    alpha : float
        In (0, 1).

    Returns
    -------
    array of the common shape
        At least 0, in units of the truth.

    Raises
    ------
    ValueError
        If a parameter is out of range.

    References
    ----------
    Winkler (1972); Gneiting and Raftery (2007), eq. 43.

    Examples
    --------
    >>> interval_scores(2.0, 5.0, [4.0, 6.0]).tolist()
    [3.0, 23.0]
    """
    for name, value in (("low", low), ("high", high), ("truth", truth)):
        within(name, value, -1e12, 1e12)
    within("alpha", alpha, 0, 1, open_low=True, open_high=True)
    low, high, truth = (np.asarray(value, dtype=float) for value in (low, high, truth))
    if np.any(low > high):
        raise ValueError("low is above high somewhere: an interval has its ends in order")
    miss = np.maximum(np.maximum(low - truth, truth - high), 0)
    return high - low + 2 / alpha * miss


def expected_score(
    low: ArrayLike, high: ArrayLike, *, mean: float = 0.0, sd: float = 1.0, alpha: float = 0.1
) -> Array:
    """Expected interval score of any interval when the truth is normal.

    Parameters
    ----------
    low, high : array
        Ends, in [-1e6, 1e6], low <= high; they broadcast.
    mean : float
        Of the truth, in [-1e6, 1e6].
    sd : float
        Of the truth, in [1e-3, 1e6].
    alpha : float
        In [1e-6, 1).

    Returns
    -------
    array of the common shape
        Smallest at the quantiles alpha/2 and 1 - alpha/2 of the truth.

    Raises
    ------
    ValueError
        If a parameter is out of range.

    References
    ----------
    Gneiting and Raftery (2007), eq. 43, averaged over a normal truth.

    Examples
    --------
    >>> expected_score([-1.645, -1.645, 0.0], [1.645, 3.0, 1.645]).round(2).tolist()
    [4.13, 5.07, 10.04]
    """
    within("low", low, -LIMIT, LIMIT)
    within("high", high, -LIMIT, LIMIT)
    within("mean", mean, -LIMIT, LIMIT)
    within("sd", sd, 1e-3, LIMIT)
    within("alpha", alpha, 1e-6, 1, open_high=True)
    low, high = np.asarray(low, dtype=float), np.asarray(high, dtype=float)
    if np.any(low > high):
        raise ValueError("low is above high somewhere: an interval has its ends in order")
    missed = _beyond((mean - low) / sd) + _beyond((high - mean) / sd)
    return high - low + 2 / alpha * sd * missed


def _beyond(z: Array) -> Array:
    """Expected excess of a standard normal over z."""
    return np.maximum(np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi) - z * ndtr(-z), 0)


# --- probabilities --------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class ReliabilityCurve:
    """How often it happened, for each group of stated probabilities.

    Parameters
    ----------
    stated : array [groups]
        Mean of the stated probabilities, in [0, 1].
    happened : array [groups]
        Share of them that came true, in [0, 1].
    count : array [groups]
        Number of them, at least 1.

    Raises
    ------
    ValueError
        If a parameter is out of range.

    References
    ----------
    Murphy (1973).

    Examples
    --------
    >>> curve = ReliabilityCurve(stated=[0.2, 0.8], happened=[0.0, 1.0], count=[3, 4])
    >>> curve.interval().round(2).tolist()
    [[0.0, 0.63], [0.47, 1.0]]
    """

    stated: Array
    happened: Array
    count: Array

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        within("stated", self.stated, 0, 1)
        within("happened", self.happened, 0, 1)
        within("count", self.count, 1, 1e12, integer=True)

    def interval(self, confidence: float = 0.9) -> Array:
        """Clopper-Pearson intervals for the chance in each group, as if answers were independent.

        Parameters
        ----------
        confidence : float
            In (0, 1).

        Returns
        -------
        array [groups, 2]
            Lower and upper ends.
        """
        events = np.round(np.multiply(self.happened, self.count))
        return clopper_pearson(events, self.count, confidence=confidence).T


def reliability_curve(
    probability: ArrayLike, happened: ArrayLike, *, bins: int = 0
) -> ReliabilityCurve:
    """Group probability forecasts and count what came true.

    Parameters
    ----------
    probability : array [questions]
        Stated, in [0, 1]; at least one.
    happened : array [questions]
        1 where it did, 0 where not.
    bins : int
        Number of equal bins on [0, 1], 1 to 100; 0 takes each distinct probability by itself.

    Returns
    -------
    ReliabilityCurve
        Groups that hold something, the lowest first.

    Raises
    ------
    ValueError
        If a parameter is out of range.

    References
    ----------
    Murphy (1973).

    Examples
    --------
    >>> reliability_curve([0.1, 0.1, 0.9], [0, 1, 1]).happened.tolist()
    [0.5, 1.0]
    """
    p, y, group = _grouped(probability, happened, bins)
    count = np.bincount(group)
    stated, events = (np.bincount(group, weights=values) / count for values in (p, y))
    return ReliabilityCurve(
        stated=np.clip(stated, 0, 1), happened=np.clip(events, 0, 1), count=count
    )


def _grouped(
    probability: ArrayLike, happened: ArrayLike, bins: int
) -> tuple[Array, Array, NDArray[np.intp]]:
    """The forecasts, the events, and the number of each forecast's group."""
    p = shaped("probability", probability, ("questions",), longest=10_000_000)
    within("probability", p, 0, 1)
    y = shaped("happened", happened, (len(p),))
    y = y.astype(float) if y.dtype == bool else y
    within("happened", y, 0, 1, integer=True)
    within("bins", bins, 0, 100, integer=True)
    # Rounded, so that 0.3 and 1 - 0.7 are one forecast.
    place = np.minimum(p * bins, bins - 1).astype(int) if bins else np.round(p, 9)
    return p.astype(float), y.astype(float), np.unique(place, return_inverse=True)[1]


@dataclass(frozen=True, kw_only=True)
class Decomposition:
    """The mean Brier score and what it is made of.

    Parameters
    ----------
    reliability : float
        Mean squared distance of what was stated from what happened, by group; 0 is best.
    resolution : float
        Mean squared distance of what happened in a group from the base rate; more is better.
    uncertainty : float
        Base rate times one minus base rate: the score of always stating the base rate.
    within : float
        What is lost by treating different forecasts in one bin alike; 0 for distinct forecasts.

    Raises
    ------
    ValueError
        If a parameter is out of range.

    References
    ----------
    Murphy (1973); the last term: Stephenson, Coelho and Jolliffe (2008).

    Examples
    --------
    >>> Decomposition(reliability=0.025, resolution=0.060, uncertainty=0.179, within=0.0).brier
    0.144
    """

    reliability: float
    resolution: float
    uncertainty: float
    within: float

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        within("reliability", self.reliability, 0, 1)
        within("resolution", self.resolution, 0, 0.25)
        within("uncertainty", self.uncertainty, 0, 0.25)
        within("within", self.within, -1, 1)

    @property
    def brier(self) -> float:
        """The mean Brier score of the forecasts as they were stated."""
        return self.reliability - self.resolution + self.uncertainty + self.within


def decompose(probability: ArrayLike, happened: ArrayLike, *, bins: int = 0) -> Decomposition:
    """Take the mean Brier score apart into reliability, resolution and uncertainty.

    Parameters
    ----------
    probability : array [questions]
        Stated, in [0, 1]; at least one.
    happened : array [questions]
        1 where it did, 0 where not.
    bins : int
        Number of equal bins on [0, 1], 1 to 100; 0 takes each distinct probability by itself.

    Returns
    -------
    Decomposition
        reliability - resolution + uncertainty is the score of the forecasts if each is replaced
        by its bin's mean; `within` is the rest.

    Raises
    ------
    ValueError
        If a parameter is out of range.

    References
    ----------
    Murphy (1973); Stephenson, Coelho and Jolliffe (2008).

    Examples
    --------
    >>> parts = decompose([0.1, 0.1, 0.9], [0, 1, 1])
    >>> round(parts.reliability, 3), round(parts.resolution, 3), round(parts.brier, 3)
    (0.11, 0.056, 0.277)
    """
    p, y, group = _grouped(probability, happened, bins)
    share = np.bincount(group) / len(p)
    stated, events = (np.bincount(group, weights=v) / len(p) / share for v in (p, y))
    base = y.mean()
    binned = np.mean((stated[group] - y) ** 2)
    return Decomposition(
        reliability=float(np.clip(share @ (stated - events) ** 2, 0, 1)),
        resolution=float(np.clip(share @ (events - base) ** 2, 0, 0.25)),
        uncertainty=float(np.clip(base * (1 - base), 0, 0.25)),
        within=float(np.mean((p - y) ** 2) - binned),
    )


def expected_components(forecaster: Forecaster) -> Decomposition:
    """Take apart the expected Brier score of a simulated forecaster.

    Parameters
    ----------
    forecaster : Forecaster

    Returns
    -------
    Decomposition
        For questions whose chances are the ten in `TRUE`, all equally frequent.

    References
    ----------
    Murphy (1973), with expectations in place of means.

    Examples
    --------
    >>> expected_components(Forecaster()).reliability
    0.0
    """
    return Decomposition(
        reliability=float(np.mean((forecaster.stated - TRUE) ** 2).round(15)),
        resolution=float(TRUE.var()),
        uncertainty=0.25,
        within=0.0,
    )


# --- simulated forecasters ------------------------------------------------------------------------


def simulate_intervals(forecaster: Forecaster, noise: ArrayLike) -> tuple[Array, Array]:
    """Let a forecaster state 90 % intervals for normal truths.

    Parameters
    ----------
    forecaster : Forecaster
    noise : array [questions, runs]
        Standard normal numbers, in [-40, 40]: how far each truth lies from an unbiased guess.

    Returns
    -------
    two arrays [2, questions, runs] and [questions, runs]
        Lower and upper ends, and the truths, in standard deviations of the error. The ends are
        the same for all questions, and are not copied.

    Raises
    ------
    ValueError
        If a parameter is out of range.

    References
    ----------
    The definition of `Forecaster`.

    Examples
    --------
    >>> ends, truth = simulate_intervals(Forecaster(), [[0.0, 2.0]])
    >>> ((ends[0] <= truth) & (truth <= ends[1])).tolist()
    [[True, False]]
    """
    truth = shaped("noise", noise, ("questions", "runs"), longest=100_000)
    within("noise", truth, -40, 40)
    half = Z * forecaster.width
    ends = np.array([forecaster.bias - half, forecaster.bias + half])
    return np.broadcast_to(ends[:, None, None], (2, *truth.shape)), truth


def simulate_probabilities(
    forecaster: Forecaster, noise: ArrayLike
) -> tuple[Array, NDArray[np.bool_]]:
    """Let a forecaster state probabilities for events with ten different chances.

    Parameters
    ----------
    forecaster : Forecaster
    noise : array [2, questions, runs]
        Uniform numbers in [0, 1): which of the ten chances, and whether it happens.

    Returns
    -------
    two arrays [questions, runs]
        Stated probabilities, and whether it happened.

    Raises
    ------
    ValueError
        If a parameter is out of range.

    References
    ----------
    The definition of `Forecaster`.

    Examples
    --------
    >>> stated, happened = simulate_probabilities(Forecaster(), [[[0.99]], [[0.5]]])
    >>> stated.round(2).tolist(), happened.tolist()
    ([[0.95]], [[True]])
    """
    noise = shaped("noise", noise, (2, "questions", "runs"), longest=100_000)
    within("noise", noise, 0, 1, open_high=True)
    chance = (noise[0] * len(TRUE)).astype(np.int8)
    return forecaster.stated[chance], noise[1] < TRUE[chance]
