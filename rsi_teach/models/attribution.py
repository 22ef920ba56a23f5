"""Chapter 10: which change did it? Designs, what they can tell apart, and how surely.

A design is a table of versions to try: one row a run, one column a change, -1 without it and +1
with it. The rest of the chapter lives beside this file and is imported here, so that
`attribution.shapley` works as well: `attribution_fractions` (half the versions, and what then
looks alike), `attribution_shares` (dividing one result among the changes) and
`attribution_groups` (pooled shares that turn round, and interactions from paired runs).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

from rsi_teach.models.attribution_fractions import (
    alias_table,
    defining_relation,
    fraction,
    resolution,
)
from rsi_teach.models.attribution_groups import (
    Contrasts,
    group_shares,
    paired_contrasts,
    pooled_shares,
    standardised_shares,
    turns_round,
)
from rsi_teach.models.attribution_shares import added_first, dividends, leave_one_out, shapley
from rsi_teach.models.domain import shaped, within

__all__ = [
    "Contrasts",
    "Effects",
    "added_first",
    "alias_table",
    "bundle",
    "defining_relation",
    "dividends",
    "effect_errors",
    "effects_of",
    "estimable",
    "estimate",
    "factorial_variance",
    "fraction",
    "full_factorial",
    "group_shares",
    "leave_one_out",
    "model_matrix",
    "one_at_a_time",
    "one_at_a_time_variance",
    "paired_contrasts",
    "pooled_shares",
    "repeated",
    "resolution",
    "shapley",
    "simulate",
    "standardised_shares",
    "term_names",
    "turns_round",
    "variance_ratio",
]

Array = NDArray[np.float64]
LETTERS = "ABCDEFGH"
MOST_RUNS = 4096


def bundle(factors: int) -> Array:
    """All changes or none: the two versions that a loop usually compares.

    Parameters
    ----------
    factors : int, in [1, 8]

    Returns
    -------
    array [2, factors]

    Raises
    ------
    ValueError
        If `factors` is out of its range.

    References
    ----------
    This course.

    Examples
    --------
    >>> bundle(2).tolist()
    [[-1.0, -1.0], [1.0, 1.0]]
    """
    within("factors", factors, 1, len(LETTERS), integer=True)
    return np.repeat([[-1.0], [1.0]], int(factors), axis=1)


def one_at_a_time(factors: int) -> Array:
    """The old version, and each change alone.

    Parameters
    ----------
    factors : int, in [1, 8]

    Returns
    -------
    array [factors + 1, factors]

    Raises
    ------
    ValueError
        If `factors` is out of its range.

    References
    ----------
    Box, Hunter and Hunter (2005), Statistics for Experimenters.

    Examples
    --------
    >>> one_at_a_time(2).tolist()
    [[-1.0, -1.0], [1.0, -1.0], [-1.0, 1.0]]
    """
    within("factors", factors, 1, len(LETTERS), integer=True)
    return np.vstack([np.zeros((1, int(factors))), np.eye(int(factors))]) * 2 - 1


def full_factorial(factors: int) -> Array:
    """Every combination of the changes, in standard order: the first factor alternates fastest.

    Parameters
    ----------
    factors : int, in [1, 8]

    Returns
    -------
    array [2**factors, factors]

    Raises
    ------
    ValueError
        If `factors` is out of its range.

    References
    ----------
    Box, Hunter and Hunter (2005), Statistics for Experimenters.

    Examples
    --------
    >>> full_factorial(2).tolist()
    [[-1.0, -1.0], [1.0, -1.0], [-1.0, 1.0], [1.0, 1.0]]
    """
    within("factors", factors, 1, len(LETTERS), integer=True)
    rows = np.arange(2 ** int(factors))[:, None]
    return 2.0 * (rows >> np.arange(int(factors)) & 1) - 1


def repeated(design: ArrayLike, runs: int) -> Array:
    """Repeat a design's rows in turn until there are so many runs.

    Parameters
    ----------
    design : array [rows, factors], of -1 and +1
    runs : int, in [rows, 4096]

    Returns
    -------
    array [runs, factors]

    Raises
    ------
    ValueError
        If `design` is not a design, or `runs` out of its range.

    References
    ----------
    Replication, as in any design; this course.

    Examples
    --------
    >>> repeated(bundle(1), 4).tolist()
    [[-1.0], [1.0], [-1.0], [1.0]]
    """
    design = _check_design(design)
    within("runs", runs, len(design), MOST_RUNS, integer=True)
    return np.resize(design, (int(runs), design.shape[1]))


def term_names(factors: int, order: int) -> tuple[str, ...]:
    """Name the main effects and the interactions of up to so many factors.

    Parameters
    ----------
    factors : int, in [1, 8]
    order : int, in [1, factors]

    Returns
    -------
    tuple of str
        Factors are letters, an interaction is the letters of its factors.

    Raises
    ------
    ValueError
        If a number is out of its range.

    References
    ----------
    Box, Hunter and Hunter (2005), Statistics for Experimenters.

    Examples
    --------
    >>> term_names(3, 2)
    ('A', 'B', 'C', 'AB', 'AC', 'BC')
    """
    within("factors", factors, 1, len(LETTERS), integer=True)
    within("order", order, 1, factors, integer=True)
    letters = LETTERS[: int(factors)]
    return tuple(
        "".join(chosen) for size in range(1, int(order) + 1)
        for chosen in combinations(letters, size)
    )  # fmt: skip


def model_matrix(design: ArrayLike, terms: Sequence[str]) -> Array:
    """Multiply a design's columns into one column a term, behind a column of ones.

    Parameters
    ----------
    design : array [runs, factors], of -1 and +1
    terms : sequence of str
        As `term_names` gives them; each once.

    Returns
    -------
    array [runs, 1 + terms], of -1 and +1

    Raises
    ------
    ValueError
        If `design` is not a design, or a term names a factor that it does not have.

    References
    ----------
    Box, Hunter and Hunter (2005), Statistics for Experimenters.

    Examples
    --------
    >>> model_matrix([[1, -1]], ["A", "B", "AB"]).tolist()
    [[1.0, 1.0, -1.0, -1.0]]
    """
    design = _check_design(design)
    terms = _check_terms(terms, design.shape[1])
    columns = [design[:, [LETTERS.index(f) for f in term]].prod(axis=1) for term in terms]
    return np.column_stack([np.ones(len(design)), *columns])


def estimable(design: ArrayLike, terms: Sequence[str]) -> NDArray[np.bool_]:
    """Say which terms the design can tell apart from all the others.

    A term is estimable if no change of it can be made good by changes of the others: if every
    vector of the model matrix's null space is zero there.

    Parameters
    ----------
    design : array [runs, factors], of -1 and +1
    terms : sequence of str

    Returns
    -------
    array of bool [1 + terms]
        The first is the constant.

    Raises
    ------
    ValueError
        If `design` or `terms` cannot be read.

    References
    ----------
    Estimability in linear models; Box, Hunter and Hunter (2005).

    Examples
    --------
    >>> estimable(bundle(2), ["A", "B"]).tolist()
    [True, False, False]
    """
    matrix = model_matrix(design, terms)
    _, singular, rows = np.linalg.svd(matrix)
    rank = int(np.sum(singular > 1e-9 * singular[0]))
    return np.abs(rows[rank:]).max(axis=0, initial=0.0) < 1e-9


def simulate(
    design: ArrayLike,
    noise: ArrayLike,
    *,
    terms: Sequence[str],
    effects: ArrayLike,
    sigma: float = 1.0,
) -> Array:
    """Score every run of a design, once for every column of noise.

    Parameters
    ----------
    design : array [runs, factors], of -1 and +1
    noise : array [runs, ensemble]
        Standard normal: the randomness is an input.
    terms : sequence of str
    effects : array [terms]
        What a term adds between its low and its high level; half of it is its coefficient.
    sigma : float, in [0, 1e6]
        Standard deviation of one score.

    Returns
    -------
    array [runs, ensemble]
        Scores; their constant is 0.

    Raises
    ------
    ValueError
        If a parameter is out of its range or shapes do not fit.

    References
    ----------
    The linear model of Box, Hunter and Hunter (2005).

    Examples
    --------
    >>> simulate(bundle(1), [[0.0], [0.0]], terms=["A"], effects=[3.0])[:, 0].tolist()
    [-1.5, 1.5]
    """
    matrix = model_matrix(design, terms)[:, 1:]
    effects = _check_finite("effects", effects, (matrix.shape[1],))
    within("sigma", sigma, 0, 1e6)
    noise = shaped("noise", noise, (len(matrix), "ensemble"))
    within("noise", noise, -1e6, 1e6)
    return sigma * noise + (matrix @ effects / 2)[:, None]


def effects_of(design: ArrayLike, scores: ArrayLike, terms: Sequence[str]) -> Array:
    """Estimate every term's effect by least squares.

    Parameters
    ----------
    design : array [runs, factors], of -1 and +1
    scores : array [runs] or [runs, ensemble]
    terms : sequence of str

    Returns
    -------
    array [terms] or [terms, ensemble]
        Each term's effect: what it adds between its low and its high level.

    Raises
    ------
    ValueError
        If the design cannot tell the terms apart; the message names those that it cannot.

    References
    ----------
    Box, Hunter and Hunter (2005), Statistics for Experimenters.

    Examples
    --------
    >>> effects_of(full_factorial(2), [1, 3, 2, 8], ["A", "B", "AB"]).tolist()
    [4.0, 3.0, 2.0]
    """
    matrix = _full_rank(design, terms)
    scores = _check_scores(scores, len(matrix))
    return 2 * np.linalg.solve(matrix.T @ matrix, matrix.T @ scores)[1:]


def effect_errors(design: ArrayLike, terms: Sequence[str], *, sigma: float) -> Array:
    """Return the exact standard error of each term's effect, for a known standard deviation.

    Parameters
    ----------
    design : array [runs, factors], of -1 and +1
    terms : sequence of str
    sigma : float, in [0, 1e6]
        Standard deviation of one score.

    Returns
    -------
    array [terms]

    Raises
    ------
    ValueError
        If the design cannot tell the terms apart, or `sigma` is out of its range.

    References
    ----------
    Covariance of least squares, sigma^2 (X'X)^-1, times 4.

    Examples
    --------
    >>> effect_errors(full_factorial(2), ["A", "B"], sigma=1).tolist()
    [1.0, 1.0]
    """
    within("sigma", sigma, 0, 1e6)
    matrix = _full_rank(design, terms)
    return 2 * sigma * np.sqrt(np.diag(np.linalg.inv(matrix.T @ matrix))[1:])


@dataclass(frozen=True, kw_only=True, eq=False)
class Effects:
    """Estimated effects with their intervals.

    Parameters
    ----------
    terms : tuple of str
    effect : array [terms]
    error : array [terms], >= 0
        Standard errors.
    low, high : array [terms]
        Ends of the intervals, low <= high.

    Raises
    ------
    ValueError
        If shapes differ, or an array is out of its range.

    References
    ----------
    Made by `estimate`.

    Examples
    --------
    >>> Effects(terms=("A",), effect=[1.0], error=[0.5], low=[0.0], high=[2.0]).terms
    ('A',)
    """

    terms: tuple[str, ...]
    effect: Array
    error: Array
    low: Array
    high: Array

    def __post_init__(self) -> None:
        """Refuse arrays that do not fit."""
        if not isinstance(self.terms, tuple) or not self.terms:
            raise ValueError(f"terms = {self.terms!r} is not a tuple of names")
        for name in ("effect", "error", "low", "high"):
            _check_finite(name, getattr(self, name), (len(self.terms),))
        within("error", self.error, 0)
        if not np.all(np.asarray(self.low) <= np.asarray(self.high)):
            raise ValueError("low and high: an interval ends before it begins")


def estimate(
    design: ArrayLike,
    scores: ArrayLike,
    terms: Sequence[str],
    *,
    coverage: float = 0.95,
    sigma: float | None = None,
) -> Effects:
    """Estimate effects, with intervals from what the model leaves over.

    Parameters
    ----------
    design : array [runs, factors], of -1 and +1
    scores : array [runs]
    terms : sequence of str
    coverage : float, in [0.01, 0.9999]
    sigma : float, in (0, 1e6], optional
        Standard deviation of one score; if None it is estimated from the residuals, and the
        intervals are Student's.

    Returns
    -------
    Effects

    Raises
    ------
    ValueError
        If the design cannot tell the terms apart; or if nothing is left over to estimate `sigma`
        from: as many terms as runs.

    References
    ----------
    Student's interval of least squares.

    Examples
    --------
    >>> estimate(full_factorial(1), [1.0, 3.0], ["A"], sigma=1.0).high.round(2).tolist()
    [4.77]
    """
    within("coverage", coverage, 0.01, 0.9999)
    matrix, terms = _full_rank(design, terms), tuple(terms)
    scores = _check_scores(scores, len(matrix))
    if scores.ndim != 1:
        raise ValueError(f"scores has shape {scores.shape}, not ({len(matrix)} runs,)")
    effect = effects_of(design, scores, terms)
    free = math.inf
    if sigma is None:
        sigma, free = _residual_sd(matrix, scores)
    else:
        within("sigma", sigma, 0, 1e6, open_low=True)
    error = effect_errors(design, terms, sigma=sigma)
    reach = error * stdtrit(min(free, 1e9), (1 + coverage) / 2)
    return Effects(terms=terms, effect=effect, error=error, low=effect - reach, high=effect + reach)


def _residual_sd(matrix: Array, scores: Array) -> tuple[float, int]:
    free = len(matrix) - matrix.shape[1]
    if not free:
        raise ValueError("sigma = None: as many terms as runs, nothing is left to estimate it from")
    left = scores - matrix @ np.linalg.solve(matrix.T @ matrix, matrix.T @ scores)
    return float(np.sqrt(left @ left / free)), free


def factorial_variance(*, sigma: float, runs: int) -> float:
    """Variance of an effect in a factorial of N runs: 4 sigma²/N, every run used for every effect.

    Parameters
    ----------
    sigma : float, in [0, 1e6]
        Standard deviation of one score.
    runs : int, in [2, 4096]
        Half of them at each level.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Difference of two means of N/2 runs each; Box, Hunter and Hunter (2005).

    Examples
    --------
    >>> factorial_variance(sigma=1, runs=8)
    0.5
    """
    within("sigma", sigma, 0, 1e6)
    within("runs", runs, 2, MOST_RUNS, integer=True)
    return 4 * sigma**2 / runs


def one_at_a_time_variance(*, sigma: float, runs: int, factors: int) -> float:
    """Variance of an effect one factor at a time, N runs shared out evenly: 2 sigma² (k + 1)/N.

    Parameters
    ----------
    sigma : float, in [0, 1e6]
        Standard deviation of one score.
    runs : int, in [factors + 1, 4096]
    factors : int, in [1, 8]

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Difference of two means of N/(k + 1) runs each; Box, Hunter and Hunter (2005).

    Examples
    --------
    >>> one_at_a_time_variance(sigma=1, runs=8, factors=3)
    1.0
    """
    within("sigma", sigma, 0, 1e6)
    within("factors", factors, 1, len(LETTERS), integer=True)
    within("runs", runs, factors + 1, MOST_RUNS, integer=True)
    return 2 * sigma**2 * (factors + 1) / runs


def variance_ratio(factors: int) -> float:
    """How many times as many runs one factor at a time needs for the same variance: (k + 1)/2.

    Parameters
    ----------
    factors : int, in [1, 8]

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If `factors` is out of its range.

    References
    ----------
    `one_at_a_time_variance` over `factorial_variance`.

    Examples
    --------
    >>> variance_ratio(5)
    3.0
    """
    within("factors", factors, 1, len(LETTERS), integer=True)
    return (factors + 1) / 2


def _full_rank(design: ArrayLike, terms: Sequence[str]) -> Array:
    """The model matrix, or an error that names the columns that cannot be told apart."""
    matrix = model_matrix(design, terms)
    if lost := [n for n, fine in zip(["1", *terms], estimable(design, terms), strict=True)
                if not fine]:  # fmt: skip
        raise ValueError(
            f"design of {len(matrix)} runs has rank {np.linalg.matrix_rank(matrix)} for "
            f"{matrix.shape[1]} columns; aliased, and so not to be told apart: {', '.join(lost)}"
        )
    return matrix


def _check_design(design: ArrayLike) -> Array:
    within("design", design, -1, 1, integer=True)
    design = np.asarray(design, dtype=float)
    if design.ndim != 2 or np.any(design == 0):
        raise ValueError(f"design of shape {design.shape} is not a table [runs, factors] of ±1")
    within("design factors", design.shape[1], 1, len(LETTERS))
    within("design runs", len(design), 1, MOST_RUNS)
    return design


def _check_terms(terms: Sequence[str], factors: int) -> list[str]:
    terms = [terms] if isinstance(terms, str) else list(terms)
    known = LETTERS[:factors]
    for term in terms:
        if not isinstance(term, str) or not term or [f for f in known if f in term] != list(term):
            raise ValueError(f"terms: {term!r} is not made of {', '.join(known)}, in that order")
    if not terms or len(set(terms)) < len(terms):
        raise ValueError(f"terms = {terms}: there must be at least one, and each once")
    return terms


def _check_finite(name: str, values: ArrayLike, shape: tuple[int, ...]) -> Array:
    within(name, values, -1e12, 1e12)
    values = np.asarray(values, dtype=float)
    if values.shape != shape:
        raise ValueError(f"{name} has shape {values.shape}, not {shape}")
    return values


def _check_scores(scores: ArrayLike, runs: int) -> Array:
    within("scores", scores, -1e9, 1e9)
    scores = np.asarray(scores, dtype=float)
    if scores.ndim not in (1, 2) or len(scores) != runs:
        raise ValueError(f"scores has shape {scores.shape}; the design has {runs} runs")
    return scores
