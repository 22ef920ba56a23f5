"""Chapter 06: how many combinations of capabilities a budget of tests has tried.

A test switches on `size` of the `capabilities`; a pair, a triple or in general a set of `order`
capabilities is covered if one test had all of them on. Which they are is drawn at random unless
a list of tests is given.
"""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import comb

from rsi_teach.models.domain import within

Array = NDArray[np.float64]
MOST = 10_000
"""Most capabilities, and the largest order of a combination is six."""

FAULTS_UP_TO = np.array([
    [66, 28, 41, 67, 18, 9, 49],
    [97, 76, 70, 93, 62, 47, 86],
    [99, 95, 89, 98, 87, 75, 97],
    [100, 97, 96, 100, 97, 97, 99],
]) / 100  # fmt: skip
"""Share of software failures triggered by at most 1, 2, 3 or 4 interacting conditions, in seven
collections: table I of Kuhn, Kacker & Lei (2016), as shown on NIST's pages."""


def hit_probability(capabilities: int, size: int, order: int = 2) -> float:
    """Chance that one random test covers a given set of `order` capabilities.

    Parameters
    ----------
    capabilities : int, in [1, 10000]
        How many there are.
    size : int, in [1, capabilities]
        How many one test switches on.
    order : int, in [1, 6], at most `capabilities`
        2 for pairs, 3 for triples.

    Returns
    -------
    float
        C(size, order) / C(capabilities, order), in [0, 1].

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Hypergeometric distribution.

    Examples
    --------
    >>> round(1 / hit_probability(40, 5), 2)
    78.0
    """
    _check(capabilities, size, order)
    return math.comb(size, order) / math.comb(capabilities, order)


def _check(capabilities: int, size: int, order: int) -> None:
    within("capabilities", capabilities, 1, MOST, integer=True)
    within("size", size, 1, capabilities, integer=True)
    within("order", order, 1, min(6, capabilities), integer=True)


def expected_coverage(
    capabilities: int, size: int, tests: ArrayLike, order: int = 2
) -> Array | np.float64:
    """Expected share of all combinations that random tests have covered.

    Parameters
    ----------
    capabilities : int, in [1, 10000]
    size : int, in [1, capabilities]
    tests : array of int, any shape, in [0, 10^9]
        How many tests are drawn, independently of each other.
    order : int, in [1, 6], at most `capabilities`

    Returns
    -------
    array
        1 - (1 - hit)^tests, in [0, 1], shape of `tests`.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    By symmetry every combination has the same chance; see `hit_probability`.

    Examples
    --------
    >>> [round(float(expected_coverage(40, 5, 100, order)), 3) for order in (1, 2, 3)]
    [1.0, 0.725, 0.096]
    """
    within("tests", tests, 0, 1e9, integer=True)
    hit = hit_probability(capabilities, size, order)
    return 1 - (1 - hit) ** np.asarray(tests, dtype=float)


def coverage_sd(
    capabilities: int, size: int, tests: ArrayLike, order: int = 2
) -> Array | np.float64:
    """Exact standard deviation of the covered share, over random choices of the tests.

    Two combinations that share j capabilities have u = 2 · order - j together. Both are missed by
    one test with probability 1 - 2 hit + hit_u, by inclusion and exclusion.

    Parameters
    ----------
    capabilities : int, in [1, 10000]
    size : int, in [1, capabilities]
    tests : array of int, any shape, in [0, 10^9]
    order : int, in [1, 6], at most `capabilities`

    Returns
    -------
    array
        At least 0, shape of `tests`.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Second moment of a sum of indicators.

    Examples
    --------
    >>> round(float(coverage_sd(40, 5, 100)), 4)
    0.0127
    """
    within("tests", tests, 0, 1e9, integer=True)
    hit, count = hit_probability(capabilities, size, order), np.asarray(tests, dtype=float)
    both = np.zeros(count.shape)
    for shared in range(order + 1):
        union = 2 * order - shared
        if union <= capabilities:
            partners = math.comb(order, shared) * math.comb(capabilities - order, order - shared)
            weight = partners / math.comb(capabilities, order)
            together = math.comb(size, union) / math.comb(capabilities, union)
            both = both + weight * np.maximum(1 - 2 * hit + together, 0) ** count
    return np.sqrt(np.maximum(both - (1 - hit) ** (2 * count), 0))


def needed_tests(capabilities: int, size: int, coverage: float = 0.95, order: int = 2) -> float:
    """Fewest random tests whose expected coverage is at least `coverage`.

    Parameters
    ----------
    capabilities : int, in [1, 10000]
    size : int, in [1, capabilities]
    coverage : float, in (0, 1)
        Wanted share of the combinations.
    order : int, in [1, 6], at most `capabilities`

    Returns
    -------
    float
        A whole number; ``inf`` if a test is too small to hold one combination.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    1 - (1 - hit)^tests >= coverage, solved for `tests`.

    Examples
    --------
    >>> needed_tests(40, 5), needed_tests(80, 5), needed_tests(40, 5, order=3)
    (233.0, 946.0, 2959.0)
    """
    within("coverage", coverage, 0, 1, open_low=True, open_high=True)
    hit = hit_probability(capabilities, size, order)
    if hit in (0, 1):
        return math.inf if hit == 0 else 1.0
    return float(max(1, math.ceil(math.log1p(-coverage) / math.log1p(-hit) - 1e-9)))


def fewest_tests(capabilities: int, size: int, order: int = 2) -> int:
    """Schönheim's lower bound: no plan, however clever, covers everything with fewer tests.

    Parameters
    ----------
    capabilities : int, in [1, 10000]
    size : int, in [order, capabilities]
    order : int, in [1, 6], at most `capabilities`

    Returns
    -------
    int
        ⌈k/m ⌈(k-1)/(m-1) … ⌉⌉, with `order` factors.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Theorem 1 of Gordon, Kuperberg & Patashnik (1995), arXiv:math/9502238, who credit Schönheim.

    Examples
    --------
    >>> fewest_tests(40, 5), fewest_tests(7, 3), fewest_tests(40, 5, order=3)
    (80, 7, 1016)
    """
    _check(capabilities, size, order)
    within("size", size, order, capabilities)
    bound = 1
    for left in range(order - 1, -1, -1):
        bound = -(-(capabilities - left) * bound // (size - left))
    return bound


def random_tests(
    capabilities: int, size: int, tests: int, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Draw tests, each with `size` capabilities switched on at random.

    Parameters
    ----------
    capabilities : int, in [1, 10000]
    size : int, in [1, capabilities]
    tests : int, in [1, 100000]
    rng : numpy.random.Generator

    Returns
    -------
    array of bool [tests, capabilities]
        True where a test has a capability on.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    A uniform choice without replacement, row by row.

    Examples
    --------
    >>> random_tests(6, 2, 3, np.random.default_rng(0)).sum(axis=1).tolist()
    [2, 2, 2]
    """
    _check(capabilities, size, 1)
    within("tests", tests, 1, 100_000, integer=True)
    if not isinstance(rng, np.random.Generator):
        raise ValueError(f"rng = {rng!r} is not a numpy.random.Generator")
    on = np.tile(np.arange(capabilities) < size, (tests, 1))
    return rng.permuted(on, axis=1)


def covered(tests: NDArray[np.bool_], order: int = 2) -> int:
    """Count the different combinations that a list of tests has covered.

    Parameters
    ----------
    tests : array of bool [tests, capabilities]
        True where a test has a capability on.
    order : int, in [1, 6]

    Returns
    -------
    int
        Each combination once, however many tests had it.

    Raises
    ------
    ValueError
        If `tests` is not such an array or `order` is out of its range.

    References
    ----------
    The union, counted.

    Examples
    --------
    >>> covered(np.array([[True, True, True, False], [False, True, True, True]]))
    5
    """
    within("order", order, 1, 6, integer=True)
    tests = np.asarray(tests)
    if tests.dtype != bool or tests.ndim != 2:
        raise ValueError("tests is not an array of True and False, [tests, capabilities]")
    found: set[tuple[int, ...]] = set()
    for on in tests:
        found.update(combinations(np.flatnonzero(on).tolist(), order))
    return len(found)


def untested_share(listed: ArrayLike, present: ArrayLike, order: int = 2) -> Array | np.float64:
    """Share of the combinations of what is there that a complete test of a list leaves out.

    Parameters
    ----------
    listed : array of int, in [0, 10000]
        Capabilities on the list, all combinations of which were tested.
    present : array of int, in [0, 10000]
        Capabilities that are there now, the listed ones first.
    order : int, in [1, 6]

    Returns
    -------
    array
        1 - C(listed, order) / C(present, order), in [0, 1]; 0 if there is no combination.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Counting.

    Examples
    --------
    >>> untested_share(20, [20, 40]).round(3).tolist()
    [0.0, 0.756]
    """
    within("listed", listed, 0, MOST, integer=True)
    within("present", present, 0, MOST, integer=True)
    within("order", order, 1, 6, integer=True)
    there = comb(np.asarray(present, dtype=float), order)
    known = comb(np.minimum(listed, present).astype(float), order)
    return 1 - np.where(there > 0, known, 1) / np.where(there > 0, there, 1)
