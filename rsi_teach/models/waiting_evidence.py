"""Chapter 14: what the tests of earlier versions are worth for the next one.

Every version takes the same number of tests and passes them all; that is the best case. A share
`kept` of what a test says carries over to the next version. It is read in two ways here: as a
weight on old evidence, and as the chance that the next version is, in what matters, the old one.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rsi_teach.models.domain import shaped, within

Array = NDArray[np.float64]
MOST = 1e9
"""Most tests per version."""
LONGEST = 2000
"""Most versions of one simulated lineage."""


def effective_tests(tests: ArrayLike, kept: ArrayLike, versions: ArrayLike = math.inf) -> Array:
    """Tests of the present version that all tests so far are worth.

    Parameters
    ----------
    tests : array, in [1, 1e9]
        Tests that every version takes and passes.
    kept : array, in [0, 1)
        Share of a test's worth that is left for the next version; 0 forgets, near 1 keeps all.
    versions : array, in [1, inf]
        Versions tested so far, the present one included; ``inf`` is the limit.

    Returns
    -------
    array
        Of the common shape: n (1 - kept^g) / (1 - kept), which never exceeds n / (1 - kept).

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    A geometric sum; as a discounted likelihood, Ibrahim and Chen (2000), with power kept^age.

    Examples
    --------
    >>> effective_tests(100, 0.5, [1, 2, np.inf]).tolist()
    [100.0, 150.0, 200.0]
    """
    _check(tests, kept)
    within("versions", versions, 1, math.inf)
    tests, kept, versions = (np.asarray(x, dtype=float) for x in (tests, kept, versions))
    return tests * (1 - kept**versions) / (1 - kept)


def _check(tests: ArrayLike, kept: ArrayLike) -> None:
    within("tests", tests, 1, MOST)
    within("kept", kept, 0, 1, open_high=True)


def discounted_bound(
    tests: ArrayLike,
    kept: ArrayLike,
    versions: ArrayLike = math.inf,
    *,
    confidence: float = 0.95,
) -> Array:
    """Bound on the present version's failure rate if old tests count as so many new ones.

    Parameters
    ----------
    tests : array, in [1, 1e9]
        Tests that every version takes and passes.
    kept : array, in [0, 1)
        Share of a test's worth that is left for the next version.
    versions : array, in [1, inf]
        Versions tested so far; ``inf`` gives the floor that no waiting gets below.
    confidence : float, in (0, 1)

    Returns
    -------
    array
        1 - (1 - confidence)^(1 / effective tests); the floor is close to 3 (1 - kept) / n at 95 %.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    The zero-failure bound of chapter 07, with `effective_tests` in the place of the tests.

    Examples
    --------
    >>> round(float(discounted_bound(100, 0.5)), 4)
    0.0149
    """
    within("confidence", confidence, 0, 1, open_low=True, open_high=True)
    return -np.expm1(math.log1p(-confidence) / effective_tests(tests, kept, versions))


def needed_tests(
    bound: ArrayLike,
    kept: ArrayLike,
    versions: ArrayLike = math.inf,
    *,
    confidence: float = 0.95,
) -> Array:
    """Fewest tests that every version must pass for the bound to come down to what is required.

    Parameters
    ----------
    bound : array, in [1e-8, 1)
        The failure rate to be shown.
    kept : array, in [0, 1)
        Share of a test's worth that is left for the next version.
    versions : array, in [1, inf]
        Versions after which it must be shown; ``inf`` asks that it is ever shown.
    confidence : float, in (0, 1)

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
    `discounted_bound`, solved for the tests and rounded up.

    Examples
    --------
    >>> needed_tests(0.001, [0, 0.5, 0.9]).tolist()
    [2995.0, 1498.0, 300.0]
    """
    within("bound", bound, 1e-8, 1, open_high=True)
    within("confidence", confidence, 0, 1, open_low=True, open_high=True)
    each = effective_tests(1, kept, versions)
    alone = math.log1p(-confidence) / np.log1p(-np.asarray(bound, dtype=float))
    return np.maximum(np.ceil(alone / each - 1e-9), 1)


def miss_chance(
    tests: ArrayLike, kept: ArrayLike, rate: ArrayLike, versions: ArrayLike = math.inf
) -> Array:
    """Chance that a system with this failure rate stands there with a clean record.

    Every version is, with chance `kept`, the same system as the last, and otherwise another. The
    systems before the present one never fail: for a bound that is the worst case.

    Parameters
    ----------
    tests : array, in [1, 1e9]
        Tests that every version takes.
    kept : array, in [0, 1)
        Chance that a version is the same system as the one before.
    rate : array, in [0, 1]
        Failure rate of the present system.
    versions : array, in [1, inf]
        Versions tested so far, the first of which is a new system.

    Returns
    -------
    array
        (1 - kept) q / (1 - kept q) in the limit, with q = (1 - rate)^n the chance that one version
        passes. A bound at this rate errs so often; it ought to be 1 - confidence at most.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    The age of the present system is geometric; sum of its distribution times q^age.

    Examples
    --------
    >>> round(float(miss_chance(100, 0.5, discounted_bound(100, 0.5))), 3)
    0.126
    """
    _check(tests, kept)
    within("rate", rate, 0, 1)
    within("versions", versions, 1, math.inf)
    kept, versions = np.asarray(kept, dtype=float), np.asarray(versions, dtype=float)
    passes = (1 - np.asarray(rate, dtype=float)) ** np.asarray(tests, dtype=float)
    rest = kept * passes
    return (1 - kept) * passes * (1 - rest ** (versions - 1)) / (1 - rest) + (
        kept ** (versions - 1) * passes**versions
    )


def inherited_bound(tests: ArrayLike, kept: ArrayLike, *, confidence: float = 0.95) -> Array:
    """Bound that errs no more often than promised if versions are the same with chance `kept`.

    Parameters
    ----------
    tests : array, in [1, 1e9]
        Tests that every version takes and passes, for ever.
    kept : array, in [0, 1)
        Chance that a version is the same system as the one before.
    confidence : float, in (0, 1)

    Returns
    -------
    array
        The rate at which `miss_chance` in the limit is 1 - confidence; chapter 07's bound at
        `kept` 0. In a lineage of few versions it errs more often.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    (1 - kept) q / (1 - kept q) = a, so q = a / (1 - kept + kept a); the rate is 1 - q^(1/n).

    Examples
    --------
    >>> inherited_bound(100, [0, 0.5, 0.9]).round(4).tolist()
    [0.0295, 0.0232, 0.0106]
    """
    _check(tests, kept)
    within("confidence", confidence, 0, 1, open_low=True, open_high=True)
    tests, kept = np.asarray(tests, dtype=float), np.asarray(kept, dtype=float)
    passes = (1 - confidence) / (1 - kept + kept * (1 - confidence))
    return -np.expm1(np.log(passes) / tests)


def clean_lineages(tests: int, kept: float, rate: float, noise: ArrayLike) -> Array:
    """Share of lineages with a clean record, if a change always brings in this failure rate.

    Parameters
    ----------
    tests : int, in [1, 1e9]
        Tests that every version takes.
    kept : float, in [0, 1)
        Chance that a version is the same system as the one before.
    rate : float, in [0, 1]
        Failure rate of the present system; those before it never failed.
    noise : array [2, versions, runs], uniform in [0, 1), at most 2000 versions
        Whether a version is the same system, and whether it passes its tests.

    Returns
    -------
    array [versions]
        In [0, 1]; its mean over the noise is `miss_chance`.

    Raises
    ------
    ValueError
        If a parameter is out of its range or `noise` is not of that shape.

    References
    ----------
    A simulation of `miss_chance`.

    Examples
    --------
    >>> clean_lineages(100, 0.5, 0.0, np.zeros((2, 3, 4))).tolist()
    [1.0, 1.0, 1.0]
    """
    _check(tests, kept)
    within("rate", rate, 0, 1)
    noise = shaped("noise", noise, (2, "versions", "runs"), longest=LONGEST)
    within("noise", noise, 0, 1, open_high=True)
    same, passed = noise[0] < kept, noise[1] < (1 - rate) ** tests
    clean, share = np.ones(noise.shape[2], dtype=bool), np.empty(noise.shape[1])
    for g in range(noise.shape[1]):
        clean = (clean | ~same[g]) & passed[g]  # another system's record is not its own
        share[g] = clean.mean()
    return share
