"""Chapter 07: what a number of passed tests says about a failure rate.

Tests are independent, each fails with the same probability, the failure rate, and a failure is
always noticed. Every bound here stands on these three assumptions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betainc, betaincinv, betaln, ndtri
from scipy.stats import binom

from rsi_teach.models.domain import within

Array = NDArray[np.float64]
Side = Literal["both", "upper", "lower"]
SIDES = get_args(Side)
MOST = 1e12
"""Most tests that a bound is asked about; whole numbers are exact far beyond."""
HOURS = 8760.0
"""Hours in a year of 365 days."""


def zero_failure_bound(tests: ArrayLike, *, confidence: float = 0.95) -> Array:
    """Largest failure rate under which so many tests without a failure are not too unlikely.

    Parameters
    ----------
    tests : array of int, any shape, in [1, 1e12]
        All of them passed.
    confidence : float, in (0, 1)

    Returns
    -------
    array of the shape of `tests`
        1 - (1 - confidence)^(1/tests), per test; close to 3/tests at 95 %.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    (1 - p)^n = 1 - confidence, solved for p. Hanley and Lippman-Hand (1983) for the rule of three.

    Examples
    --------
    >>> round(float(zero_failure_bound(300)), 6)
    0.009936
    """
    within("tests", tests, 1, MOST, integer=True)
    _check_confidence(confidence)
    return -np.expm1(math.log1p(-confidence) / np.asarray(tests, dtype=float))


def _check_confidence(confidence: float) -> None:
    within("confidence", confidence, 0, 1, open_low=True, open_high=True)


def clopper_pearson(
    failures: ArrayLike, tests: ArrayLike, *, confidence: float = 0.95, side: Side = "both"
) -> Array:
    """Exact confidence interval for a failure rate.

    Parameters
    ----------
    failures : array of int, in [0, tests]
    tests : array of int, in [1, 1e12]
        Broadcasts with `failures`.
    confidence : float, in (0, 1)
        Least probability with which the interval contains the true rate.
    side : {"both", "upper", "lower"}
        Two ends, each missed with probability (1 - confidence)/2 at most; or one bound, with the
        whole error on that side and 0 or 1 at the other.

    Returns
    -------
    array [2, ...]
        Lower ends, then upper ends, in the common shape.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Clopper and Pearson (1934), by the beta quantiles.

    Examples
    --------
    >>> clopper_pearson(0, 30).round(4).tolist(), clopper_pearson(0, 30, side="upper").round(4)[1]
    ([0.0, 0.1157], np.float64(0.095))
    """
    k, n = _check_counts(failures, tests)
    _check_confidence(confidence)
    if side not in SIDES:
        raise ValueError(f"side = {side!r} is none of {', '.join(SIDES)}")
    tail = (1 - confidence) / (2 if side == "both" else 1)
    low = np.where(k > 0, betaincinv(np.maximum(k, 1), n - k + 1, tail), 0.0)
    high = np.where(k < n, betaincinv(k + 1, np.maximum(n - k, 1), 1 - tail), 1.0)
    return np.stack([np.where(side == "upper", 0.0, low), np.where(side == "lower", 1.0, high)])


def _check_counts(failures: ArrayLike, tests: ArrayLike) -> tuple[Array, Array]:
    within("tests", tests, 1, MOST, integer=True)
    within("failures", failures, 0, MOST, integer=True)
    k, n = np.broadcast_arrays(np.asarray(failures, dtype=float), np.asarray(tests, dtype=float))
    if np.any(k > n):
        raise ValueError(f"failures = {k[k > n].flat[0]:g} is more than the tests, {n[k > n][0]:g}")
    return k, n


def coverage(
    rate: ArrayLike, tests: int, *, confidence: float = 0.95, side: Side = "both"
) -> Array:
    """Exact probability with which `clopper_pearson` contains the true rate.

    Parameters
    ----------
    rate : array, any shape, in [0, 1]
        True failure rate.
    tests : int, in [1, 5000]
    confidence : float, in (0, 1)
    side : {"both", "upper", "lower"}

    Returns
    -------
    array of the shape of `rate`
        Never under `confidence`, and mostly over it, because failures come in whole numbers.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    A sum over the binomial distribution.

    Examples
    --------
    >>> coverage([0.01, 0.1], 30).round(3).tolist()
    [0.997, 0.992]
    """
    within("rate", rate, 0, 1)
    within("tests", tests, 1, 5000, integer=True)
    counts = np.arange(tests + 1)
    low, high = clopper_pearson(counts, tests, confidence=confidence, side=side)
    rate = np.asarray(rate, dtype=float)[..., None]
    inside = (low <= rate) & (rate <= high)
    chance = binom.pmf(counts, tests, np.where(rate < 1e-200, 0, rate))  # SciPy overflows there
    return np.minimum((chance * inside).sum(axis=-1), 1.0)


def pass_probability(rate: ArrayLike, tests: ArrayLike, *, failures: ArrayLike = 0) -> Array:
    """Probability that a system has no more than the allowed failures in a suite.

    Parameters
    ----------
    rate : array, in [0, 1]
        True failure rate.
    tests : array of int, in [1, 1e12]
    failures : array of int, in [0, tests]
        Most failures with which the suite still counts as passed.

    Returns
    -------
    array
        Of the common shape; (1 - rate)^tests if no failure is allowed.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    The binomial distribution function, as an incomplete beta function.

    Examples
    --------
    >>> pass_probability([0.001, 0.0001], 2995).round(3).tolist()
    [0.05, 0.741]
    """
    within("rate", rate, 0, 1)
    k, n = _check_counts(failures, tests)
    rate = np.asarray(rate, dtype=float)
    inside = 1 - betainc(k + 1, np.maximum(n - k, 1), rate)
    return np.where(k < n, np.clip(inside, 0, 1), 1.0)


def demonstration_tests(
    rate: ArrayLike, *, confidence: float = 0.95, failures: ArrayLike = 0
) -> Array:
    """Fewest tests that show a rate when no more than so many of them fail.

    Parameters
    ----------
    rate : array, in [1e-9, 1)
        The failure rate to be shown, per test.
    confidence : float, in (0, 1)
        A system that is exactly so bad passes with probability 1 - confidence at most.
    failures : array of int, in [0, 1000]
        Allowed failures; the plan must be fixed before the first test.

    Returns
    -------
    array
        Whole numbers, of the common shape.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    ln(1 - confidence)/ln(1 - rate), rounded up, without failures; else the smallest n with
    P(at most c failures in n) <= 1 - confidence.

    Examples
    --------
    >>> demonstration_tests(0.001, failures=[0, 1, 5]).tolist()
    [2995.0, 4742.0, 10511.0]
    """
    within("rate", rate, 1e-9, 1, open_high=True)
    _check_confidence(confidence)
    within("failures", failures, 0, 1000, integer=True)
    p, c = np.broadcast_arrays(np.asarray(rate, dtype=float), np.asarray(failures, dtype=float))
    few, enough = c.copy(), c + 1
    while np.any(short := pass_probability(p, enough, failures=c) > 1 - confidence):
        few, enough = np.where(short, enough, few), np.where(short, 2 * enough, enough)
    while np.any(enough - few > 1):
        middle = np.maximum(np.floor((few + enough) / 2), c + 1)
        short = pass_probability(p, middle, failures=c) > 1 - confidence
        few, enough = np.where(short, middle, few), np.where(short, enough, middle)
    return enough


def precision_tests(rate: ArrayLike, *, relative: float = 0.2, confidence: float = 0.95) -> Array:
    """Tests after which a failure rate is known to within a share of itself.

    Parameters
    ----------
    rate : array, any shape, in [1e-12, 1)
    relative : float, in (0, 1]
        Half the width of the interval, in units of the rate.
    confidence : float, in (0, 1)

    Returns
    -------
    array of the shape of `rate`
        Normal approximation; about (z/relative)² failures will have been seen.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Kalra and Paddock (2016), their second question.

    Examples
    --------
    >>> float((precision_tests(1.09e-8) / 1e9).round(1))
    8.8
    """
    within("rate", rate, 1e-12, 1, open_high=True)
    within("relative", relative, 0, 1, open_low=True)
    _check_confidence(confidence)
    rate = np.asarray(rate, dtype=float)
    return (ndtri((1 + confidence) / 2) / relative) ** 2 * (1 - rate) / rate


def years_to_failure(rate: ArrayLike, *, hours: float = 1.0, benches: int = 1) -> Array:
    """Mean years until the first failure on benches that run without a pause.

    Parameters
    ----------
    rate : array, any shape, in [1e-15, 1]
        Probability of failure per mission.
    hours : float, in (0, 1e6]
        Length of a mission.
    benches : int, in [1, 1e9]

    Returns
    -------
    array of the shape of `rate`
        In years of 8,760 hours.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Butler and Finelli (1993), section III.

    Examples
    --------
    >>> float(years_to_failure(1e-9, hours=10, benches=10_000).round(1))
    114.2
    """
    within("rate", rate, 1e-15, 1)
    within("hours", hours, 0, 1e6, open_low=True)
    within("benches", benches, 1, 1e9, integer=True)
    return hours / (np.asarray(rate, dtype=float) * benches * HOURS)


@dataclass(frozen=True, kw_only=True)
class Belief:
    """What somebody believes about a failure rate: beta-distributed, or zero altogether.

    Parameters
    ----------
    a, b : float, in [1e-6, 1e9]
        Of the beta distribution: like a failures and b passes seen before. Both 1 is the uniform
        distribution, a prior of ignorance.
    perfect : float, in [0, 1]
        Probability that the system never fails.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Littlewood and Strigini (1993) for the prior of ignorance.

    Examples
    --------
    >>> Belief().mean
    0.5
    """

    a: float = 1.0
    b: float = 1.0
    perfect: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what is no distribution."""
        within("a", self.a, 1e-6, 1e9)
        within("b", self.b, 1e-6, 1e9)
        within("perfect", self.perfect, 0, 1)

    @property
    def mean(self) -> float:
        """Mean failure rate, which is the probability that the next test fails."""
        return (1 - self.perfect) * self.a / (self.a + self.b)


def updated(belief: Belief, failures: int, tests: int) -> Belief:
    """What is believed after so many tests.

    Parameters
    ----------
    belief : Belief
    failures : int, in [0, tests]
    tests : int, in [1, 5e8]

    Returns
    -------
    Belief
        Failures are added to a and passes to b; perfection gains by every pass and dies with the
        first failure.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Bayes' rule; the beta distribution is conjugate to the binomial.

    Examples
    --------
    >>> updated(Belief(), 0, 98)
    Belief(a=1.0, b=99.0, perfect=0.0)
    """
    within("tests", tests, 1, 5e8, integer=True)
    _check_counts(failures, tests)
    passed = no_failure(belief, tests)
    perfect = 0.0 if failures or not belief.perfect else belief.perfect / passed
    return Belief(a=belief.a + failures, b=belief.b + tests - failures, perfect=min(perfect, 1.0))


def no_failure(belief: Belief, tests: int) -> float:
    """Probability that none of the next tests fails.

    Parameters
    ----------
    belief : Belief
    tests : int, in [1, 5e8]

    Returns
    -------
    float
        In [0, 1].

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Mean of (1 - p)^m: B(a, b + m)/B(a, b).

    Examples
    --------
    >>> after = updated(Belief(), 0, 300)
    >>> round(no_failure(after, 300), 4)
    0.5008
    """
    within("tests", tests, 1, 5e8, integer=True)
    imperfect = math.exp(min(betaln(belief.a, belief.b + tests) - betaln(belief.a, belief.b), 0.0))
    return float(belief.perfect + (1 - belief.perfect) * imperfect)


def credible_bound(belief: Belief, *, confidence: float = 0.95) -> float:
    """Rate under which the true one lies with so much probability, as believed.

    Parameters
    ----------
    belief : Belief
    confidence : float, in (0, 1)

    Returns
    -------
    float
        In [0, 1]; 0 if perfection alone is that probable.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Quantile of a beta distribution with a point mass at zero.

    Examples
    --------
    >>> round(credible_bound(updated(Belief(), 0, 300)), 6)
    0.009903
    """
    _check_confidence(confidence)
    if belief.perfect >= confidence:
        return 0.0
    rest = (confidence - belief.perfect) / (1 - belief.perfect)
    return float(betaincinv(belief.a, belief.b, rest))
