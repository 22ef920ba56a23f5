"""Chapter 07: a test that is drawn from one mixture of cases and a deployment that is another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rsi_teach.models.domain import within

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Shift:
    """Groups of cases that come in other shares when deployed than in the test.

    Parameters
    ----------
    test : array [groups], > 0, sums to 1
        Share of each group in the test. Every group that is deployed must be in the test: no
        weight makes up for cases that were never tried.
    deployed : array [groups], >= 0, sums to 1
        Share of each group in deployment.
    rates : array [groups], in [0, 1]
        Failure rate within each group, the same in both.

    Raises
    ------
    ValueError
        If a parameter is out of its range, or the lengths differ.

    References
    ----------
    Covariate shift; Shimodaira (2000).

    Examples
    --------
    >>> shift = Shift(test=[0.9, 0.1], deployed=[0.5, 0.5], rates=[0.0, 0.2])
    >>> round(shift.test_rate, 3), round(shift.deployed_rate, 3)
    (0.02, 0.1)
    """

    test: Array
    deployed: Array
    rates: Array

    def __post_init__(self) -> None:
        """Keep arrays, and refuse shares that are none."""
        for name in ("test", "deployed", "rates"):
            within(name, getattr(self, name), 0, 1, open_low=name == "test")
            object.__setattr__(self, name, np.array(getattr(self, name), dtype=float))
        for name in ("test", "deployed"):
            if abs(getattr(self, name).sum() - 1) > 1e-9:
                raise ValueError(f"{name} sums to {getattr(self, name).sum():g}, not to 1")
        if self.test.ndim != 1 or not self.test.shape == self.deployed.shape == self.rates.shape:
            raise ValueError("test, deployed and rates differ in shape [groups]")

    @property
    def weights(self) -> Array:
        """How much more often each group is met when deployed than in the test."""
        return self.deployed / self.test

    @property
    def test_rate(self) -> float:
        """Failure rate of the test's mixture."""
        return float(self.test @ self.rates)

    @property
    def deployed_rate(self) -> float:
        """Failure rate of the deployed mixture."""
        return float(self.deployed @ self.rates)


def effective_sample_size(weights: ArrayLike) -> Array:
    """Number of equally weighted tests that say as much as these do.

    Parameters
    ----------
    weights : array [..., tests], in [0, 1e100]
        One for every test; their scale does not matter. The last axis is summed over.

    Returns
    -------
    array [...]
        (sum of w)² / sum of w², between 1 and the number of tests.

    Raises
    ------
    ValueError
        If `weights` is out of its range, or all of them are zero.

    References
    ----------
    Elvira, Martino and Robert (2022), with its history and its limits.

    Examples
    --------
    >>> effective_sample_size([[1, 1, 1, 1], [9, 1, 0, 0]]).round(2).tolist()
    [4.0, 1.22]
    """
    within("weights", weights, 0, 1e100)
    w = np.atleast_1d(np.asarray(weights, dtype=float))
    largest = w.max(axis=-1, keepdims=True)
    if np.any(largest == 0):
        raise ValueError("weights = 0 for every test: nothing is left to weigh")
    w = w / largest
    return w.sum(axis=-1) ** 2 / (w**2).sum(axis=-1)


def reweighted_rate(failed: ArrayLike, weights: ArrayLike) -> Array:
    """Failure rate of the deployed mixture, estimated from weighted tests.

    Parameters
    ----------
    failed : array [..., tests], in [0, 1], or of bool
        1 where a test failed, 0 where it passed.
    weights : array [..., tests], in [0, 1e100]
        Deployed share over test share of each test's group.

    Returns
    -------
    array [...]
        Weighted mean, in [0, 1]: consistent, with a bias of order 1/tests.

    Raises
    ------
    ValueError
        If a parameter is out of its range, or all weights are zero.

    References
    ----------
    Self-normalised importance sampling; Elvira, Martino and Robert (2022).

    Examples
    --------
    >>> float(reweighted_rate([1, 0, 0, 0], [4, 2, 1, 1]))
    0.5
    """
    failed = np.asarray(failed)
    failed = failed.astype(float) if failed.dtype == bool else failed
    within("failed", failed, 0, 1)
    effective_sample_size(weights)
    f, w = np.broadcast_arrays(np.atleast_1d(failed).astype(float), np.asarray(weights, float))
    w = w / w.max(axis=-1, keepdims=True)
    return (f * w).sum(axis=-1) / w.sum(axis=-1)


def expected_effective_size(shift: Shift, tests: ArrayLike) -> Array:
    """Effective sample size of a long test, for its weights.

    Parameters
    ----------
    shift : Shift
    tests : array of int, any shape, in [1, 1e12]

    Returns
    -------
    array of the shape of `tests`
        tests / sum of deployed²/test.

    Raises
    ------
    ValueError
        If `tests` is out of its range.

    References
    ----------
    Means in place of the sums in `effective_sample_size`.

    Examples
    --------
    >>> shift = Shift(test=[0.9, 0.1], deployed=[0.1, 0.9], rates=[0.0, 0.2])
    >>> round(float(expected_effective_size(shift, 150)), 1)
    18.5
    """
    within("tests", tests, 1, 1e12, integer=True)
    return np.asarray(tests, dtype=float) / float(shift.deployed @ shift.weights)


def plain_error(shift: Shift, tests: ArrayLike) -> Array:
    """Bias and standard deviation of the plain failure rate of a test, against deployment.

    Parameters
    ----------
    shift : Shift
    tests : array of int, any shape, in [1, 1e12]

    Returns
    -------
    array [2, ...]
        Bias, which no number of tests reduces, and standard deviation; exact.

    Raises
    ------
    ValueError
        If `tests` is out of its range.

    References
    ----------
    The binomial distribution.

    Examples
    --------
    >>> shift = Shift(test=[0.9, 0.1], deployed=[0.5, 0.5], rates=[0.0, 0.2])
    >>> plain_error(shift, 100).round(3).tolist()
    [-0.08, 0.014]
    """
    within("tests", tests, 1, 1e12, integer=True)
    n, rate = np.asarray(tests, dtype=float), shift.test_rate
    return np.stack([np.full(n.shape, rate - shift.deployed_rate), np.sqrt(rate * (1 - rate) / n)])


def weighted_error(shift: Shift, tests: ArrayLike) -> Array:
    """Standard deviation of the reweighted failure rate, to first order in 1/tests.

    Parameters
    ----------
    shift : Shift
    tests : array of int, any shape, in [1, 1e12]

    Returns
    -------
    array of the shape of `tests`
        If the rate is the same in every group: that of `expected_effective_size` plain tests.

    Raises
    ------
    ValueError
        If `tests` is out of its range.

    References
    ----------
    Delta method for a ratio of means.

    Examples
    --------
    >>> shift = Shift(test=[0.9, 0.1], deployed=[0.5, 0.5], rates=[0.0, 0.2])
    >>> round(float(weighted_error(shift, 100)), 3)
    0.065
    """
    within("tests", tests, 1, 1e12, integer=True)
    spread = shift.rates * (1 - shift.rates) + (shift.rates - shift.deployed_rate) ** 2
    return np.sqrt((shift.deployed * shift.weights) @ spread / np.asarray(tests, dtype=float))


def simulated_rates(shift: Shift, tests: int, runs: int, rng: np.random.Generator) -> Array:
    """Plain and reweighted failure rates of many tests of the same length.

    Parameters
    ----------
    shift : Shift
    tests : int, in [1, 1000000]
        In each run, drawn from the test's mixture.
    runs : int, in [1, 1000000]
    rng : numpy.random.Generator

    Returns
    -------
    array [2, runs]
        Plain, then reweighted.

    Raises
    ------
    ValueError
        If a parameter is out of its range or no generator.

    References
    ----------
    Multinomial groups and binomial failures within them.

    Examples
    --------
    >>> shift = Shift(test=[0.9, 0.1], deployed=[0.5, 0.5], rates=[0.0, 0.2])
    >>> simulated_rates(shift, 100, 4, np.random.default_rng(0)).shape
    (2, 4)
    """
    within("tests", tests, 1, 1_000_000, integer=True)
    within("runs", runs, 1, 1_000_000, integer=True)
    if not isinstance(rng, np.random.Generator):
        raise ValueError(f"rng = {rng!r} is not a numpy.random.Generator")
    counts = rng.multinomial(tests, shift.test, size=runs)
    failed = rng.binomial(counts, shift.rates)
    weight = counts @ shift.weights
    weighted = (failed @ shift.weights) / np.where(weight > 0, weight, 1)
    return np.stack([failed.sum(axis=1) / tests, weighted])
