"""Chapter 10: shares that turn round when groups are pooled, and interactions of paired runs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import logit, stdtrit

from rsi_teach.models.domain import within

Array = NDArray[np.float64]
SCALES = {"points": lambda share: share, "ratio": np.log, "logit": logit}
CONTRASTS = ("first alone", "second alone", "both", "interaction")
WEIGHTS = np.array([[-1, 1, 0, 0], [-1, 0, 1, 0], [-1, 0, 0, 1], [1, -1, -1, 1]])


def group_shares(successes: ArrayLike, trials: ArrayLike) -> Array:
    """Share of successes of each option in each group.

    Parameters
    ----------
    successes : array of int [options, groups], in [0, trials]
    trials : array of int [options, groups], in [1, 1e9]

    Returns
    -------
    array [options, groups]
        In [0, 1].

    Raises
    ------
    ValueError
        If counts are negative, not whole, more than the trials, or of another shape.

    References
    ----------
    This course.

    Examples
    --------
    >>> group_shares([[1, 3]], [[2, 4]]).tolist()
    [[0.5, 0.75]]
    """
    successes, trials = _check_counts(successes, trials)
    return successes / trials


def pooled_shares(successes: ArrayLike, trials: ArrayLike) -> Array:
    """Share of successes of each option, all groups thrown together.

    Parameters
    ----------
    successes : array of int [options, groups], in [0, trials]
    trials : array of int [options, groups], in [1, 1e9]

    Returns
    -------
    array [options]
        Each option's mean of its group shares, weighted by its *own* trials.

    Raises
    ------
    ValueError
        If counts are negative, not whole, more than the trials, or of another shape.

    References
    ----------
    Julious and Mullee (1994), Confounding and Simpson's paradox.

    Examples
    --------
    >>> pooled_shares([[1, 3]], [[2, 4]]).round(3).tolist()
    [0.667]
    """
    successes, trials = _check_counts(successes, trials)
    return successes.sum(axis=1) / trials.sum(axis=1)


def standardised_shares(successes: ArrayLike, trials: ArrayLike) -> Array:
    """Share that each option would have on one and the same mix: that of all trials together.

    Parameters
    ----------
    successes : array of int [options, groups], in [0, trials]
    trials : array of int [options, groups], in [1, 1e9]

    Returns
    -------
    array [options]
        In [0, 1].

    Raises
    ------
    ValueError
        If counts are negative, not whole, more than the trials, or of another shape.

    References
    ----------
    Direct standardisation; it answers the causal question if, within a group, the option was
    given without regard to the outcome.

    Examples
    --------
    >>> standardised_shares([[81, 192], [234, 55]], [[87, 263], [270, 80]]).round(3).tolist()
    [0.833, 0.779]
    """
    successes, trials = _check_counts(successes, trials)
    mix = trials.sum(axis=0) / trials.sum()
    return (successes / trials) @ mix


def turns_round(successes: ArrayLike, trials: ArrayLike) -> bool:
    """Whether one of two options is better in every group and worse in the pool.

    Parameters
    ----------
    successes : array of int [2, groups], in [0, trials]
    trials : array of int [2, groups], in [1, 1e9]

    Returns
    -------
    bool

    Raises
    ------
    ValueError
        If counts are not as they should be, or there are not two options.

    References
    ----------
    Simpson (1951); Julious and Mullee (1994).

    Examples
    --------
    >>> turns_round([[81, 192], [234, 55]], [[87, 263], [270, 80]])
    True
    """
    within_groups = group_shares(successes, trials)
    if len(within_groups) != 2:
        raise ValueError(f"successes has {len(within_groups)} options; two are compared")
    pooled = pooled_shares(successes, trials)
    ahead, in_pool = np.sign(within_groups[0] - within_groups[1]), np.sign(pooled[0] - pooled[1])
    return bool(np.all(ahead == ahead[0]) and ahead[0] * in_pool < 0)


@dataclass(frozen=True, kw_only=True, eq=False)
class Contrasts:
    """What two permissions do alone, together and beyond the sum, with intervals over blocks.

    Parameters
    ----------
    estimate : array [4]
        First alone, second alone, both, interaction; each against neither, on the chosen scale.
    error : array [4], >= 0
        Standard errors.
    low, high : array [4]
        Ends of the intervals.

    Raises
    ------
    ValueError
        If an array is of another shape or not finite.

    References
    ----------
    Made by `paired_contrasts`.

    Examples
    --------
    >>> four = np.zeros(4)
    >>> Contrasts(estimate=four, error=four, low=four, high=four).estimate.shape
    (4,)
    """

    estimate: Array
    error: Array
    low: Array
    high: Array

    def __post_init__(self) -> None:
        """Refuse arrays that do not fit."""
        for name in ("estimate", "error", "low", "high"):
            within(name, getattr(self, name), 0 if name == "error" else -1e12, 1e12)
            if np.shape(getattr(self, name)) != (len(CONTRASTS),):
                raise ValueError(f"{name} has shape {np.shape(getattr(self, name))}, not (4,)")


def paired_contrasts(
    cells: ArrayLike, *, scale: str = "points", coverage: float = 0.95
) -> Contrasts:
    """Compare the four cells of a 2 by 2 within every block, then look at the blocks' spread.

    A block is one seed: the same images and the same draws in all four cells. What seeds differ
    in by nature cancels within the block.

    Parameters
    ----------
    cells : array [4, blocks], in (0, 1), at least 2 blocks
        Shares for neither, the first, the second, both.
    scale : {"points", "ratio", "logit"}
        "points" adds shares, "ratio" their logarithms, "logit" their log-odds: what counts as
        "no more than the sum" depends on it.
    coverage : float, in [0.01, 0.9999]
        Of Student's intervals.

    Returns
    -------
    Contrasts

    Raises
    ------
    ValueError
        If a parameter is out of its range or `cells` of another shape.

    References
    ----------
    Paired t interval; Box, Hunter and Hunter (2005) on blocking.

    Examples
    --------
    >>> cells = [[0.9, 0.8], [0.8, 0.8], [0.85, 0.8], [0.5, 0.6]]
    >>> paired_contrasts(cells).estimate.round(3).tolist()
    [-0.05, -0.025, -0.3, -0.225]
    """
    if scale not in SCALES:
        raise ValueError(f"scale = {scale!r} is none of {', '.join(SCALES)}")
    within("coverage", coverage, 0.01, 0.9999)
    within("cells", cells, 0, 1, open_low=True, open_high=True)
    cells = np.asarray(cells, dtype=float)
    if cells.ndim != 2 or len(cells) != 4 or cells.shape[1] < 2:
        raise ValueError(f"cells has shape {cells.shape}, not (4, blocks) with 2 blocks or more")
    found = WEIGHTS @ SCALES[scale](cells)
    mean, blocks = found.mean(axis=1), cells.shape[1]
    error = found.std(axis=1, ddof=1) / np.sqrt(blocks)
    reach = error * stdtrit(blocks - 1, (1 + coverage) / 2)
    return Contrasts(estimate=mean, error=error, low=mean - reach, high=mean + reach)


def _check_counts(successes: ArrayLike, trials: ArrayLike) -> tuple[Array, Array]:
    within("trials", trials, 1, 1e9, integer=True)
    within("successes", successes, 0, 1e9, integer=True)
    successes, trials = np.asarray(successes, dtype=float), np.asarray(trials, dtype=float)
    if successes.ndim != 2 or successes.shape != trials.shape:
        raise ValueError(f"successes of shape {successes.shape} and trials of shape "
                         f"{trials.shape} are not both [options, groups]")  # fmt: skip
    if np.any(successes > trials):
        raise ValueError("successes: more than trials")
    return successes, trials
