"""Chapter 05: choosing by a score that is not the value: score = value + error.

Of n candidates the one with the best score is taken. How good it truly is depends on how far the
error reaches: with light tails more choice keeps paying, with heavy tails it all goes back.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln, log_ndtr, ndtr, stdtr

from rsi_teach.models.domain import within
from rsi_teach.models.goodhart_laws import (
    METHODS,
    Law,
    LawFit,
    best_of_n_kl,
    fit_law,
    peak_interval,
    tied_best_of_n_kl,
    true_reward,
)

__all__ = [
    "METHODS",
    "MOST",
    "Law",
    "LawFit",
    "Proxy",
    "best_n",
    "best_of_n_kl",
    "best_of_n_spread",
    "best_of_n_value",
    "expected_maximum",
    "fit_law",
    "peak_interval",
    "posterior_value",
    "simulated_best_of_n",
    "tied_best_of_n_kl",
    "true_reward",
    "winning_score",
]

Array = NDArray[np.float64]
MOST = 10**6
"""Most candidates that the quadratures cover."""
DRAWS = 10**7
"""Most candidates of one simulation, all runs together."""
AT_ONCE = 20_000
"""Most counts in one call of a quadrature."""
GRID = 800
"""Scores of a quadrature; means are then right to about 1e-5 of `value_sd`."""


@dataclass(frozen=True, kw_only=True)
class Proxy:
    """A score that stands in for a value: score = value + error, the two independent.

    Parameters
    ----------
    value_sd : float, in [0.25, 4]
        Standard deviation of the candidates' true value, which is normal with mean 0.
    error_sd : float, in [0.25, 4]
        Standard deviation of the error, in the units of the value.
    tail : float, in [2.05, 50], or inf
        Degrees of freedom of the error's Student t distribution, scaled to `error_sd`; ``inf``
        is Gaussian. The fewer, the heavier the tail.

    Raises
    ------
    ValueError
        If a parameter is out of its range; the message names it.

    References
    ----------
    The setting of Kwa, Thomas & Garriga-Alonso (2024), arXiv:2407.14503.

    Examples
    --------
    >>> Proxy(error_sd=1.0, tail=3).slope
    0.5
    """

    value_sd: float = 1.0
    error_sd: float = 1.0
    tail: float = math.inf

    def __post_init__(self) -> None:
        """Refuse a proxy outside the range of the quadratures."""
        within("value_sd", self.value_sd, 0.25, 4)
        within("error_sd", self.error_sd, 0.25, 4)
        if self.tail != math.inf:
            within("tail", self.tail, 2.05, 50)

    @property
    def slope(self) -> float:
        """Share of the score's variance that is value: what a Gaussian score is worth per unit."""
        return self.value_sd**2 / (self.value_sd**2 + self.error_sd**2)

    @property
    def score_sd(self) -> float:
        """Standard deviation of the score."""
        return math.hypot(self.value_sd, self.error_sd)


def expected_maximum(n: ArrayLike) -> Array:
    """Mean of the largest of n independent standard normal numbers, by quadrature.

    Parameters
    ----------
    n : array of int, any shape, in [1, 10**6]

    Returns
    -------
    array
        Shape of `n`; 0 at n = 1.

    Raises
    ------
    ValueError
        If `n` is out of its range.

    References
    ----------
    Tippett (1925), Biometrika 17: the density of the maximum is n φ Φ^(n-1).

    Examples
    --------
    >>> expected_maximum([2, 4, 10, 100]).round(5).tolist()
    [0.56419, 1.02938, 1.53875, 2.50759]
    """
    within("n", n, 1, MOST, integer=True)
    n = np.asarray(n, dtype=float)[..., None]
    z = np.linspace(-10, 10, 1001)
    density = n * np.exp((n - 1) * log_ndtr(z) - z**2 / 2) / math.sqrt(2 * math.pi)
    return (z * density).sum(axis=-1) * (z[1] - z[0])


def posterior_value(proxy: Proxy, score: ArrayLike) -> Array:
    """Mean true value of a candidate whose score is known.

    It does not matter how many others there were: given its score, the best of a thousand is
    worth what a single candidate with that score is worth.

    Parameters
    ----------
    proxy : Proxy
    score : array, any shape, in [-10**6, 10**6]
        In the units of the value.

    Returns
    -------
    array
        Shape of `score`.

    Raises
    ------
    ValueError
        If `score` is out of its range.

    References
    ----------
    Bayes; a Gaussian error gives `Proxy.slope` times the score.

    Examples
    --------
    >>> posterior_value(Proxy(), [1, 10]).tolist()
    [0.5, 5.0]
    >>> posterior_value(Proxy(tail=3), [1, 10]).round(2).tolist()
    [0.67, 0.42]
    """
    within("score", score, -1e6, 1e6)
    score = np.asarray(score, dtype=float)
    return _given_score(proxy, score.ravel())[2].reshape(score.shape)


def best_of_n_value(proxy: Proxy, n: ArrayLike) -> Array:
    """Mean true value of the candidate with the best score of n.

    Parameters
    ----------
    proxy : Proxy
    n : array of int, any shape, in [1, 10**6]

    Returns
    -------
    array
        Shape of `n`, in the units of the value. Gaussian errors in closed form,
        value_sd² / score_sd · E_n; others by quadrature.

    Raises
    ------
    ValueError
        If `n` is out of its range.

    References
    ----------
    Regression of value on score; Kwa et al. (2024), arXiv:2407.14503, for the heavy tail.

    Examples
    --------
    >>> best_of_n_value(Proxy(), [10, 65536]).round(4).tolist()
    [1.0881, 3.0343]
    >>> best_of_n_value(Proxy(tail=3), [10, 100, 65536]).round(3).tolist()
    [1.129, 1.264, 0.149]
    """
    if proxy.tail == math.inf:
        return proxy.slope * proxy.score_sd * expected_maximum(n)
    weight, mean, _ = _winner(proxy, n)
    return weight @ mean


def best_of_n_spread(proxy: Proxy, n: ArrayLike) -> Array:
    """Standard deviation of the true value of the candidate with the best score of n.

    Parameters
    ----------
    proxy : Proxy
    n : array of int, any shape, in [1, 10**6]

    Returns
    -------
    array
        Shape of `n`, in the units of the value, > 0.

    Raises
    ------
    ValueError
        If `n` is out of its range.

    References
    ----------
    The second moment of the same quadrature as in `best_of_n_value`.

    Examples
    --------
    >>> best_of_n_spread(Proxy(), [1, 100]).round(3).tolist()
    [1.0, 0.77]
    """
    weight, mean, square = _winner(proxy, n)
    return np.sqrt(weight @ square - (weight @ mean) ** 2)


def winning_score(proxy: Proxy, n: ArrayLike) -> Array:
    """Median of the best score among n candidates.

    Parameters
    ----------
    proxy : Proxy
    n : array of int, any shape, in [1, 10**6]

    Returns
    -------
    array
        Shape of `n`, in the units of the value.

    Raises
    ------
    ValueError
        If `n` is out of its range.

    References
    ----------
    The score that all n stay below with probability 1/2.

    Examples
    --------
    >>> winning_score(Proxy(), [10, 1000]).round(2).tolist()
    [2.12, 4.52]
    """
    within("n", n, 1, MOST, integer=True)
    score, above, *_ = _table(proxy)
    wanted = -np.expm1(-math.log(2) / np.asarray(n, dtype=float))
    return np.interp(-np.log(wanted), -np.log(np.maximum(above, 1e-30)), score)


def best_n(proxy: Proxy, *, cost: float = 0.0, most: int = MOST) -> int:
    """Return the number of candidates that maximises the winner's mean value minus their cost.

    Parameters
    ----------
    proxy : Proxy
    cost : float, in [0, 10]
        Of one candidate, in the units of the value.
    most : int, in [1, 10**6]
        No more than these are to be had.

    Returns
    -------
    int
        In [1, most].

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    One more candidate adds less than the one before it until it adds nothing, so the first one
    that does not pay is found by bisection.

    Examples
    --------
    >>> best_n(Proxy(), cost=0.01), best_n(Proxy(tail=3)), best_n(Proxy())
    (30, 43, 1000000)
    """
    within("cost", cost, 0, 10)
    within("most", most, 1, MOST, integer=True)
    low, high = 1, int(most)  # the first n that is not improved by another lies in [low, high]
    while low < high:
        middle = (low + high) // 2
        before, after = best_of_n_value(proxy, [middle, middle + 1])
        low, high = (middle + 1, high) if after - before > cost else (low, middle)
    return low


def simulated_best_of_n(proxy: Proxy, *, n: int, runs: int, rng: np.random.Generator) -> Array:
    """Draw n candidates, take the one with the best score, and return what it is worth.

    Parameters
    ----------
    proxy : Proxy
    n : int, in [1, 10**6]
    runs : int, in [1, 10**7]
        Independent repetitions; n · runs <= 10**7.
    rng : numpy.random.Generator

    Returns
    -------
    array [runs]
        True value of each winner.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    The definition; its mean is `best_of_n_value`.

    Examples
    --------
    >>> found = simulated_best_of_n(Proxy(), n=10, runs=20_000, rng=np.random.default_rng(0))
    >>> abs(float(found.mean()) - 1.0881) < 0.02
    True
    """
    within("n", n, 1, MOST, integer=True)
    within("runs", runs, 1, DRAWS // n, integer=True)
    value, error = _candidates(proxy, (runs, n), rng)
    winner = np.argmax(value + error, axis=1)
    return value[np.arange(runs), winner]


def _candidates(
    proxy: Proxy, shape: tuple[int, ...], rng: np.random.Generator
) -> tuple[Array, Array]:
    """Draw values and errors."""
    value = rng.normal(0, proxy.value_sd, shape)
    if proxy.tail == math.inf:
        return value, rng.normal(0, proxy.error_sd, shape)
    return value, _scale(proxy) * rng.standard_t(proxy.tail, shape)


def _scale(proxy: Proxy) -> float:
    """What a standard t number is multiplied by to have the error's standard deviation."""
    return proxy.error_sd * math.sqrt((proxy.tail - 2) / proxy.tail)


def _winner(proxy: Proxy, n: ArrayLike) -> tuple[Array, Array, Array]:
    """Probability of each winning score on the grid, and E[V | score], E[V² | score] there."""
    within("n", n, 1, MOST, integer=True)
    if np.size(n) > AT_ONCE:
        raise ValueError(f"n holds {np.size(n):,} counts: at most {AT_ONCE:,} at once")
    _, above, mass, mean, square = _table(proxy)
    n = np.asarray(n, dtype=float)[..., None]
    return n * np.exp((n - 1) * np.log1p(-above)) * mass, mean, square


@functools.lru_cache(maxsize=512)
def _table(proxy: Proxy) -> tuple[Array, ...]:
    """Scores on a grid: P(score above), probability, E[V | score] and E[V² | score]."""
    place, step = np.linspace(-math.asinh(2e3), math.asinh(1e5), GRID, retstep=True)
    score = proxy.score_sd * np.sinh(place)
    above, density, mean, square = _given_score(proxy, score)
    mass = density * proxy.score_sd * np.cosh(place) * step
    columns = (score, np.minimum(above, 1 - 1e-16), mass, mean, square)
    for column in columns:
        column.flags.writeable = False
    return columns


def _given_score(proxy: Proxy, score: Array) -> tuple[Array, Array, Array, Array]:
    """P(score above), its density, E[V | score] and E[V² | score]."""
    if proxy.tail == math.inf:
        z, mean = score / proxy.score_sd, proxy.slope * score
        density = np.exp(-(z**2) / 2) / (proxy.score_sd * math.sqrt(2 * math.pi))
        return ndtr(-z), density, mean, mean**2 + proxy.slope * proxy.error_sd**2
    error, weight = _error_nodes(proxy, score)
    value, standard = score[:, None] - error, error / _scale(proxy)
    log_value = -((value / proxy.value_sd) ** 2) / 2
    log_both = log_value - (proxy.tail + 1) / 2 * np.log1p(standard**2 / proxy.tail)
    top = log_both.max(axis=1)  # taken out, so that far scores do not underflow
    both = weight * np.exp(log_both - top[:, None])
    whole = both.sum(axis=1)
    mean, square = ((both * value**power).sum(axis=1) / whole for power in (1, 2))
    norm = proxy.value_sd * math.sqrt(2 * math.pi)
    above = (weight * np.exp(log_value) * stdtr(proxy.tail, -standard)).sum(axis=1) / norm
    log_peak = gammaln((proxy.tail + 1) / 2) - gammaln(proxy.tail / 2)
    norm *= _scale(proxy) * math.sqrt(math.pi * proxy.tail)
    return above, whole * np.exp(top + log_peak) / norm, mean, square


def _error_nodes(proxy: Proxy, score: Array) -> tuple[Array, Array]:
    """Errors that leave a plausible value, dense near zero, and their Gauss-Legendre weights."""
    nodes, weights = _legendre(40 if 4 * proxy.error_sd >= proxy.value_sd else 64)
    core = _scale(proxy) * math.sqrt(proxy.tail)
    ends = np.arcsinh((score + 8.5 * proxy.value_sd * np.array([[-1], [1]])) / core)
    half = np.diff(ends, axis=0).T / 2
    place = ends.mean(axis=0)[:, None] + half * nodes
    return core * np.sinh(place), core * np.cosh(place) * half * weights


@functools.cache
def _legendre(count: int) -> tuple[Array, Array]:
    return np.polynomial.legendre.leggauss(count)
