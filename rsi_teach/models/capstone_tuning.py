"""Chapter 17: what a score is worth that was used to choose among many."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln

from rsi_teach.models.domain import shaped, within

Array = NDArray[np.float64]
MOST = 10_000
"""Most things to choose among."""


def best_of_weights(things: int, tried: ArrayLike) -> Array:
    """Chance that each of some ranked things is the best of so many drawn without replacement.

    The best of n among m is the one of rank i, counted from 0 for the best of all, with
    probability C(m - 1 - i, n - 1) / C(m, n).

    Parameters
    ----------
    things : int, in [1, 10000]
    tried : array of int, any shape, in [1, things]

    Returns
    -------
    array [*tried, things]
        In [0, 1]; sums to 1 over the last axis.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Counting: the other n - 1 come from the m - 1 - i worse ones.

    Examples
    --------
    >>> best_of_weights(3, 2).round(4).tolist()
    [0.6667, 0.3333, 0.0]
    """
    within("things", things, 1, MOST, integer=True)
    within("tried", tried, 1, things, integer=True)
    n = np.asarray(tried, dtype=float)[..., None]
    worse = things - 1.0 - np.arange(things)
    enough = worse >= n - 1
    spare = np.where(enough, worse - n + 1, 0)
    chosen = gammaln(worse + 1) - gammaln(n) - gammaln(spare + 1)
    every = gammaln(things + 1) - gammaln(n + 1) - gammaln(things - n + 1)
    return np.where(enough, np.exp(chosen - every), 0.0)


def tuned(practice: ArrayLike, other: ArrayLike, tried: ArrayLike) -> Array:
    """Mean score of the best of so many on practice: on practice itself, and elsewhere.

    Parameters
    ----------
    practice, other : array [policies]
        Scores of the same policies; ties on practice share their places.
    tried : array of int, any shape, in [1, policies]
        How many are drawn, without replacement; the best on practice is kept.

    Returns
    -------
    array [2, *tried]
        Exact means over the draws: the practice score of the kept one, and its other score.

    Raises
    ------
    ValueError
        If the scores are not two lists of one length, or a number is out of its range.

    References
    ----------
    `best_of_weights`; no draw is simulated.

    Examples
    --------
    >>> tuned([3.0, 1.0, 2.0], [0.0, 0.0, 3.0], [1, 3]).round(6).tolist()
    [[2.0, 3.0], [1.0, 0.0]]
    """
    scores = shaped("practice", practice, ("policies",), longest=MOST)
    within("practice", scores, open_high=True)
    others = shaped("other", other, (len(scores),))
    within("other", others, open_high=True)
    order = np.argsort(-scores, kind="stable")
    _, group = np.unique(-scores[order], return_inverse=True)
    means = np.bincount(group, others[order]) / np.bincount(group)
    weights = best_of_weights(len(scores), tried)
    return np.stack([weights @ scores[order], weights @ means[group]])


def gap_interval(
    practice: ArrayLike,
    other: ArrayLike,
    tried: int,
    *,
    rng: np.random.Generator,
    beyond: int = 0,
    resamples: int = 2000,
    coverage: float = 0.9,
) -> Array:
    """Practice minus other score of the best of so many, with a bootstrap interval.

    Scenarios are drawn again, and within each its seeds; every policy sees the same draw. The
    choice is the one that the scores as they are lead to, so the interval is for the gap of
    that choice, not for the gap of choosing anew.

    Parameters
    ----------
    practice, other : array [policies, scenarios, seeds]
        Scores of the same policies; scenarios and seeds may differ in number.
    tried : int, in [1, policies]
    rng : numpy.random.Generator
    beyond : int, in [0, policies]
        Take away the gap of the best of so many: with 1, what a policy chosen blindly shows, which
        is how much harder the other scenarios are. 0 takes nothing away.
    resamples : int, in [10, 100000]
    coverage : float, in (0, 1)

    Returns
    -------
    array [3]
        The gap, and the lower and upper end: percentiles of the resampled gaps.

    Raises
    ------
    ValueError
        If an array has another shape, or a number is out of its range.

    References
    ----------
    Efron's percentile bootstrap, in two stages (scenario, seed).

    Examples
    --------
    >>> flat = np.ones((4, 3, 2))
    >>> gap_interval(flat + 1, flat, 2, rng=np.random.default_rng(0)).round(6).tolist()
    [1.0, 1.0, 1.0]
    """
    first = shaped("practice", practice, ("policies", "scenarios", "seeds"), longest=MOST)
    second = shaped("other", other, (len(first), "scenarios", "seeds"))
    within("practice", first, open_high=True)
    within("other", second, open_high=True)
    within("tried", tried, 1, len(first), integer=True)
    within("beyond", beyond, 0, len(first), integer=True)
    within("resamples", resamples, 10, 100_000, integer=True)
    within("coverage", coverage, 0, 1, open_low=True, open_high=True)
    means = first.mean(axis=(1, 2))
    share = _shares(means, tried) - (_shares(means, beyond) if beyond else 0)
    here, there = (np.tensordot(share, scores, 1) for scores in (first, second))
    again = [_resampled(here, rng) - _resampled(there, rng) for _ in range(resamples)]
    ends = np.quantile(again, [(1 - coverage) / 2, (1 + coverage) / 2])
    return np.array([here.mean() - there.mean(), *ends])


def _shares(scores: Array, tried: int) -> Array:
    """Chance that each policy is the one that is kept; ties share."""
    order = np.argsort(-scores, kind="stable")
    _, group = np.unique(-scores[order], return_inverse=True)
    weights = best_of_weights(len(scores), tried)
    share = np.empty(len(scores))
    share[order] = (np.bincount(group, weights) / np.bincount(group))[group]
    return share


def _resampled(scores: Array, rng: np.random.Generator) -> float:
    """Mean of scores [scenarios, seeds] with both drawn again."""
    scenarios, seeds = scores.shape
    chosen = rng.integers(0, scenarios, (scenarios, 1))
    return float(scores[chosen, rng.integers(0, seeds, (scenarios, seeds))].mean())
