"""Chapter 04: a version that learns from the last version's output, and forgets how wide it was.

The thing that is learnt is one number's distribution, really N(0, 1). Each version estimates mean
and variance from a sample, and the next version's sample comes from that estimate. The mean and
the sum of squares of a normal sample are a normal and a chi-square number, so the ensemble is
exact in distribution and never draws the sample itself.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtri, digamma, ndtr

from rsi_teach.models.domain import shaped, within

Array = NDArray[np.float64]
LONGEST = 10_000
"""Most generations of one run."""


@dataclass(frozen=True, kw_only=True)
class Refit:
    """How one generation learns from the last.

    Parameters
    ----------
    samples : int, in [2, 100000]
        Size M of each generation's training set.
    fresh : int, in [0, samples]
        How many of them are real, drawn from N(0, 1); the others are the last version's output.
    unbiased : bool
        Divide the sum of squares by M - 1; otherwise by M, the maximum-likelihood estimate.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Shumailov and others (2024), Gaussian case; they mix real data in with a share as well.

    Examples
    --------
    >>> Refit(samples=100, fresh=5).share
    0.05
    """

    samples: int = 100
    fresh: int = 0
    unbiased: bool = True

    def __post_init__(self) -> None:
        """Refuse sizes that are none."""
        within("samples", self.samples, 2, 100_000, integer=True)
        within("fresh", self.fresh, 0, self.samples, integer=True)
        if not isinstance(self.unbiased, bool | np.bool_):
            raise ValueError(f"unbiased = {self.unbiased!r} is neither True nor False")

    @property
    def share(self) -> float:
        """Share of the training set that is fresh and real."""
        return self.fresh / self.samples

    @property
    def divisor(self) -> int:
        """What the sum of squares is divided by."""
        return self.samples - bool(self.unbiased)


def refit(rule: Refit, noise: ArrayLike) -> tuple[Array, Array]:
    """Refit a Gaussian again and again, one run for every column of noise.

    Parameters
    ----------
    rule : Refit
    noise : array [generations, 4, runs], standard normal, between -40 and 40
        For each generation and run: mean and spread of the version's own output, mean and spread
        of the fresh data. Beyond 6.5 the two spreads are cut off. At most 10000 generations.

    Returns
    -------
    two arrays [generations + 1, runs]
        Mean and variance of each version; row 0 is the real 0 and 1.

    Raises
    ------
    ValueError
        If `noise` is not of that shape or out of its range.

    References
    ----------
    Two samples pooled: the sums of squares add, and k·m/M times the squared distance of the two
    means comes on top.

    Examples
    --------
    >>> _, variance = refit(Refit(samples=50), np.random.default_rng(0).normal(size=(20, 4, 9)))
    >>> variance.shape
    (21, 9)
    """
    noise = _check_noise(noise)
    fresh, own = rule.fresh, rule.samples - rule.fresh
    mean = np.zeros((len(noise) + 1, noise.shape[2]))
    variance = np.ones_like(mean)
    own_mean = noise[:, 0] / math.sqrt(max(own, 1))
    own_squares = _chi_square(own - 1, noise[:, 1])
    real_mean = noise[:, 2] / math.sqrt(max(fresh, 1))
    real_squares = _chi_square(fresh - 1, noise[:, 3])
    for g in range(len(noise)):
        drawn = mean[g] + np.sqrt(variance[g]) * own_mean[g]
        squares = variance[g] * own_squares[g]
        if fresh:
            gap = real_mean[g] - drawn
            drawn = drawn + rule.share * gap
            squares += real_squares[g] + (own * rule.share) * gap**2
        mean[g + 1] = drawn
        variance[g + 1] = squares / rule.divisor
    return mean, variance


def accumulate(samples: int, noise: ArrayLike) -> Array:
    """Refit on everything so far: the real sample and the output of every version since.

    Parameters
    ----------
    samples : int, in [2, 100000]
        Size of the real sample, and of what each version adds.
    noise : array [generations, 4, runs], as in `refit`
        The third and fourth entries are not used.

    Returns
    -------
    array [generations + 1, runs]
        Variance of each version; row 0 is the real 1, row 1 the fit to the real sample alone.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Gerstgrasser and others (2024): data that accumulate instead of being replaced.

    Examples
    --------
    >>> accumulate(50, np.random.default_rng(0).normal(size=(20, 4, 9))).shape
    (21, 9)
    """
    within("samples", samples, 2, 100_000, integer=True)
    noise = _check_noise(noise)
    new_mean = noise[:, 0] / math.sqrt(samples)
    new_squares = _chi_square(samples - 1, noise[:, 1])
    variance = np.ones((len(noise) + 1, noise.shape[2]))
    squares = new_squares[0]
    variance[1] = squares / (samples - 1)
    for g in range(1, len(noise)):
        gap = variance[g] * new_mean[g] ** 2  # of the new sample's mean from the pool's, squared
        squares = squares + variance[g] * new_squares[g] + samples * g / (g + 1) * gap
        variance[g + 1] = squares / ((g + 1) * samples - 1)
    return variance


def _check_noise(noise: ArrayLike) -> Array:
    noise = shaped("noise", noise, ("generations", 4, "runs"), longest=LONGEST)
    within("noise", noise, -40, 40)
    return noise


def _chi_square(degrees: int, z: Array) -> Array:
    """Chi-square numbers at the quantiles of standard normal ones; none for no degrees."""
    if degrees <= 0:
        return np.zeros_like(z)
    table, steps = _quantiles(degrees)
    place = np.clip(z, -EDGE, EDGE)
    place += EDGE
    place *= steps
    below = place.astype(np.int32)
    place -= below
    return table[0].take(below) + place * table[1].take(below)


EDGE, STEPS = 6.5, 200


@lru_cache(maxsize=64)
def _quantiles(degrees: int) -> tuple[Array, int]:
    """Quantiles at 200 places a unit of z, and the way to the next: linear, error below 1e-5."""
    z = np.arange(-EDGE, EDGE + 1.5 / STEPS, 1 / STEPS)
    value = chdtri(degrees, ndtr(-z))
    return np.array([value, np.append(np.diff(value), 0.0)]), STEPS


def refit_moments(rule: Refit, generations: int) -> tuple[Array, Array]:
    """Exact means over runs: of the fitted variance, and of the fitted mean squared.

    Parameters
    ----------
    rule : Refit
    generations : int, in [1, 10000]

    Returns
    -------
    two arrays [generations + 1]
        E variance, from 1, and E mean² (which is the mean's variance over runs), from 0.

    Raises
    ------
    ValueError
        If `generations` is out of its range.

    References
    ----------
    Shumailov and others (2024) without fresh data: E variance stays 1 (unbiased) or is (1 - 1/M)^g
    (maximum likelihood), and Var mean = g/M (unbiased). With fresh data a linear recursion in two
    numbers.

    Examples
    --------
    >>> [x[-1].round(3).item() for x in refit_moments(Refit(samples=100), 100)]
    [1.0, 1.0]
    >>> refit_moments(Refit(samples=100, unbiased=False), 100)[0][-1].round(3).item()
    0.366
    """
    within("generations", generations, 1, LONGEST, integer=True)
    step, shift = _recursion(rule)
    moments = [np.array([1.0, 0.0])]
    for _ in range(generations):
        moments.append(step @ moments[-1] + shift)
    variance, square = np.transpose(moments)
    return variance, square


def settled_moments(rule: Refit) -> tuple[float, float]:
    """Where the two moments of `refit_moments` settle.

    Parameters
    ----------
    rule : Refit

    Returns
    -------
    two floats
        E variance and E mean². Without fresh data the unbiased rule keeps E variance at 1 while
        E mean² grows for ever: 1 and infinity.

    References
    ----------
    Fixed point of the recursion.

    Examples
    --------
    >>> [round(x, 4) for x in settled_moments(Refit(samples=100, fresh=10))]
    [1.05, 0.055]
    """
    if rule.fresh == 0:
        return (1.0, math.inf) if rule.unbiased else (0.0, 1.0)
    step, shift = _recursion(rule)
    variance, square = np.linalg.solve(np.eye(2) - step, shift)
    return float(variance), float(square)


def _recursion(rule: Refit) -> tuple[Array, Array]:
    """Matrix and constant: the next (E variance, E mean²) from the last."""
    size, real, own = rule.samples, rule.fresh, rule.samples - rule.fresh
    inner = (size - 1) / size  # one degree of freedom goes into the mean
    step = np.array([
        [own * inner / rule.divisor, real * own / size / rule.divisor],
        [own / size**2, (own / size) ** 2],
    ])  # fmt: skip
    return step, np.array([real * inner / rule.divisor, real / size**2])


def typical_variance(rule: Refit, generations: ArrayLike) -> Array:
    """Geometric mean over runs of the variance, without fresh data; the median is close to it.

    Parameters
    ----------
    rule : Refit
        With ``fresh = 0``.
    generations : array of int, any shape, in [0, 10000]

    Returns
    -------
    array, in [0, 1]
        Shape of `generations`; near exp(-g / (M - 1)) for large M in the unbiased case.

    Raises
    ------
    ValueError
        If `generations` is out of its range or `rule` has fresh data.

    References
    ----------
    The variance is a product of independent chi-square numbers with M - 1 degrees of freedom, and
    E ln of one is digamma((M - 1)/2) + ln 2.

    Examples
    --------
    >>> round(float(typical_variance(Refit(samples=100), 100)), 4)
    0.3629
    """
    if rule.fresh:
        raise ValueError(f"rule = {rule!r} has fresh data: then there is no such formula")
    within("generations", generations, 0, LONGEST, integer=True)
    logarithm = digamma((rule.samples - 1) / 2) + math.log(2 / rule.divisor)
    return np.exp(np.asarray(generations, dtype=float) * logarithm)


def accumulated_variance(samples: int, generations: int) -> Array:
    """Exact mean of the variance when data accumulate instead of being replaced.

    Parameters
    ----------
    samples : int, in [2, 100000]
    generations : int, in [1, 10000]

    Returns
    -------
    array [generations + 1], in (0, 1]
        Falls for ever, and never far: by about (π²/6 - 1)/M in all.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    This course's derivation for `accumulate`: with n data so far and M new ones, the factor is
    1 - M / ((n + M)(n + M - 1)).

    Examples
    --------
    >>> round(float(accumulated_variance(100, 10_000)[-1]), 4)
    0.9935
    """
    within("samples", samples, 2, 100_000, integer=True)
    within("generations", generations, 1, LONGEST, integer=True)
    size = samples * np.arange(2.0, generations + 1)
    factors = 1 - samples / (size * (size - 1))
    return np.concatenate([[1.0, 1.0], np.cumprod(factors)])[: generations + 1]


def least_fresh(samples: int, *, floor: float, noise: ArrayLike) -> int:
    """Least number of fresh data a generation that keeps the typical variance above a floor.

    By simulation: on the given noise, the median over runs in the last generation is found for a
    number of fresh data, and the number is bisected. The answer has the noise's sampling error.

    Parameters
    ----------
    samples : int, in [2, 100000]
    floor : float, in [0, 0.9]
        For the median over runs of the last generation's variance.
    noise : array [generations, 4, runs], as in `refit`

    Returns
    -------
    int
        In [0, samples].

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    This course's own.

    Examples
    --------
    >>> noise = np.random.default_rng(0).standard_normal((100, 4, 500))
    >>> least_fresh(100, floor=0.3, noise=noise)
    0
    """
    within("samples", samples, 2, 100_000, integer=True)
    within("floor", floor, 0, 0.9)
    low, high = -1, samples
    while high - low > 1:
        middle = (low + high) // 2
        _, variance = refit(Refit(samples=samples, fresh=middle), noise)
        if np.median(variance[-1]) > floor:
            high = middle
        else:
            low = middle
    return high
