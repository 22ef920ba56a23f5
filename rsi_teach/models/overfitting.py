"""Chapter 08: what the answers of a test are worth to somebody who wants to look good on it.

Labels are yes or no, and guessing is right half of the time. Whoever may ask for the score of as
many labelings as he likes can put the lucky ones together, until his labels agree with the test
and with nothing else.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import log_ndtr, ndtr, ndtri

from rsi_teach.models.domain import within
from rsi_teach.models.overfitting_reuse import (
    Climb,
    Climbed,
    Reuse,
    Study,
    Thresholdout,
    reused_holdout,
    simulated_climb,
    thresholdout,
)

__all__ = [
    "KEEPS",
    "Climb",
    "Climbed",
    "Keep",
    "Reuse",
    "Study",
    "Thresholdout",
    "attack_accuracy",
    "attack_spread",
    "ladder",
    "luck_accuracy",
    "queries_survived",
    "reused_holdout",
    "simulated_attack",
    "simulated_climb",
    "thresholdout",
]

Array = NDArray[np.float64]
Keep = Literal["all", "above chance"]
KEEPS: tuple[Keep, ...] = ("all", "above chance")
MOST = 10**9
"""Most items or queries of a closed form."""
BITS = 2 * 10**8
"""Most labels that one simulation draws, all runs together."""


def attack_accuracy(items: ArrayLike, queries: ArrayLike, *, keep: Keep = "all") -> Array:
    """Score that random labelings reach on a test of yes-no items once they are put together.

    Each query submits a random labeling. Afterwards every item gets the label that the majority
    of the submissions gave it, where a submission below chance votes with its labels exchanged
    (``keep="all"``) or not at all (``"above chance"``). Nothing is learned about any other item.

    Parameters
    ----------
    items : array of int, in [1, 10**9]
        Length of the test.
    queries : array of int, in [0, 10**9]
        Submissions whose score was returned.
    keep : {"all", "above chance"}

    Returns
    -------
    array
        Shapes of `items` and `queries` together, in [0.5, 1]: Φ(√(2k/πn)) or Φ(√(k/πn)), the
        normal limit for many items and many queries.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Blum & Hardt (2015), "The Ladder", ICML, arXiv:1502.04585, for the attack that keeps what is
    above chance; the other form weighs every submission by the sign of its excess.

    Examples
    --------
    >>> attack_accuracy(1000, [100, 1000]).round(3).tolist()
    [0.6, 0.788]
    >>> attack_accuracy(1000, 100, keep="above chance").round(4).tolist()
    0.5708
    """
    return ndtr(_pull(items, queries, keep))


def _pull(items: ArrayLike, queries: ArrayLike, keep: str) -> Array:
    """How many standard deviations of the vote on an item lie between its mean and zero."""
    within("items", items, 1, MOST, integer=True)
    within("queries", queries, 0, MOST, integer=True)
    if keep not in KEEPS:
        raise ValueError(f"keep = {keep!r} is none of {', '.join(KEEPS)}")
    votes = np.asarray(queries, dtype=float) * (1.0 if keep == "all" else 0.5)
    return np.sqrt(2 * votes / (math.pi * np.asarray(items, dtype=float)))


def attack_spread(items: ArrayLike, queries: ArrayLike, *, keep: Keep = "all") -> Array:
    """Standard deviation of the score that `attack_accuracy` gives the mean of.

    It is smaller than that of independent items: in every submission the known score makes the
    items push each other aside.

    Parameters
    ----------
    items : array of int, in [1, 10**9]
    queries : array of int, in [0, 10**9]
    keep : {"all", "above chance"}

    Returns
    -------
    array
        Shapes of `items` and `queries` together: √((p(1−p) − (2/π) φ(z)²)/n) with p = Φ(z) the
        mean score, in the normal limit; √(p(1−p)/n) where nothing was asked.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    The variance of a sum of exchangeable indicators; votes on two items have the correlation
    -2/(πn).

    Examples
    --------
    >>> attack_spread(1000, [0, 100]).round(4).tolist()
    [0.0158, 0.012]
    """
    z = _pull(items, queries, keep)
    share = ndtr(z)
    density = np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    apart = np.where(z > 0, 2 / math.pi, 0.0) * density**2
    return np.sqrt(np.maximum(share * (1 - share) - apart, 0) / np.asarray(items, dtype=float))


def luck_accuracy(items: ArrayLike, queries: ArrayLike) -> Array:
    """Median of the best score among so many random labelings that were fixed beforehand.

    Nothing is put together here: all submissions were written before the first score came back,
    and the best of them is reported.

    Parameters
    ----------
    items : array of int, in [1, 10**9]
    queries : array of int, in [1, 10**9]

    Returns
    -------
    array
        Shapes of `items` and `queries` together, in [0.5, 1]: it grows as √(ln k / 2n).

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    All k stay below a score x with probability Φ(2√n (x − ½))^k.

    Examples
    --------
    >>> luck_accuracy(1000, [1, 100, 1000]).round(3).tolist()
    [0.5, 0.539, 0.551]
    """
    within("items", items, 1, MOST, integer=True)
    within("queries", queries, 1, MOST, integer=True)
    items, queries = (np.asarray(value, dtype=float) for value in (items, queries))
    above = -np.expm1(-math.log(2) / queries)
    return np.minimum(0.5 - ndtri(above) / (2 * np.sqrt(items)), 1.0)


def queries_survived(items: ArrayLike, excess: ArrayLike, *, adaptive: bool = True) -> Array:
    """Queries after which a score that means nothing stands so far above chance.

    Adaptive: the attack that puts all submissions together. Not adaptive: the best of so many
    labelings that were fixed beforehand, in the median.

    Parameters
    ----------
    items : array of int, in [1, 10**9]
    excess : array of float, in [0.001, 0.4]
        Score minus one half.
    adaptive : bool

    Returns
    -------
    array
        Shapes of `items` and `excess` together, > 0, not rounded. Adaptive (πn/2) z² with
        Φ(z) = ½ + excess: it grows with the length of the test. Otherwise exponential in it, and
        given as 1e300 where it is larger than that.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    `attack_accuracy` and `luck_accuracy`, solved for the number of queries.

    Examples
    --------
    >>> queries_survived(1000, 0.05).round(1).tolist()
    24.8
    >>> queries_survived(1000, 0.05, adaptive=False).round().tolist()
    885.0
    """
    within("items", items, 1, MOST, integer=True)
    within("excess", excess, 0.001, 0.4)
    items, excess = (np.asarray(value, dtype=float) for value in (items, excess))
    if adaptive:
        return math.pi / 2 * items * ndtri(0.5 + excess) ** 2
    all_below = log_ndtr(2 * excess * np.sqrt(items))
    return math.log(2) / np.maximum(-all_below, math.log(2) * 1e-300)


def simulated_attack(
    *,
    items: int,
    queries: int,
    runs: int,
    rng: np.random.Generator,
    keep: Keep = "all",
    step: float | None = None,
) -> Array:
    """Draw random labelings, ask for their scores, put them together and score the result.

    Parameters
    ----------
    items, queries, runs : int, at least 1
        Their product is at most 2e8.
    rng : numpy.random.Generator
    keep : {"all", "above chance"}
        As in `attack_accuracy`.
    step : float in [0.0001, 1], or None
        If it is given, scores come from a `ladder` of that step that stands at one half, and the
        attack can only keep submissions after which the ladder rose. `keep` then plays no part.

    Returns
    -------
    array [runs]
        The final labeling's share of right labels. Items on which the votes tie are guessed;
        half of them are counted as right.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    The boosting attack of Blum & Hardt (2015), arXiv:1502.04585.

    Examples
    --------
    >>> scores = simulated_attack(
    ...     items=1001, queries=100, runs=200, rng=np.random.default_rng(0)
    ... )
    >>> abs(float(scores.mean()) - 0.6) < 0.005
    True
    """
    for name, value in (("items", items), ("queries", queries), ("runs", runs)):
        within(name, value, 1, BITS, integer=True)
    within("items * queries * runs", items * queries * runs, 1, BITS)
    if keep not in KEEPS:
        raise ValueError(f"keep = {keep!r} is none of {', '.join(KEEPS)}")
    if step is not None:
        within("step", step, 1e-4, 1)
    return np.array([_attacked(items, queries, rng, keep, step) for _ in range(runs)])


def _attacked(
    items: int, queries: int, rng: np.random.Generator, keep: str, step: float | None
) -> float:
    """One attack; a label is 1 where it is right, which only the test knows."""
    packed = np.frombuffer(rng.bytes(queries * -(-items // 8)), np.uint8).reshape(queries, -1)
    right = np.unpackbits(packed, axis=1, count=items)
    excess = 2.0 * right.sum(axis=1, dtype=np.int64) - items
    if step is None:
        weight = np.sign(excess) if keep == "all" else (excess > 0).astype(float)
    else:
        shown = ladder((1 + excess / items) / 2, step=step, start=0.5)
        weight = (np.diff(shown, prepend=0.5) > 0).astype(float)
    votes = 2 * (weight.astype(np.float32) @ right) - weight.sum()
    return float(np.mean(votes > 0) + np.mean(votes == 0) / 2)


def ladder(scores: ArrayLike, *, step: float, start: float = 0.0) -> Array:
    """Scores that the Ladder shows: a new one only if it beats the best so far by a step.

    Parameters
    ----------
    scores : array [queries] or [queries, runs], in [0, 1]
        True scores on the test, in the order of asking.
    step : float, in [0.0001, 1]
        η. What is shown is also rounded to the nearest multiple of it, so a test of few items
        and the last digits of a score say nothing.
    start : float, in [0, 1]
        What is shown before the first query.

    Returns
    -------
    array
        Shape of `scores`: what is shown after each query, never falling.

    Raises
    ------
    ValueError
        If a parameter is out of its range, or `scores` has no or too many axes.

    References
    ----------
    Blum & Hardt (2015), arXiv:1502.04585, algorithm 1; there with losses, which fall.

    Examples
    --------
    >>> ladder([0.5, 0.512, 0.52, 0.519, 0.55], step=0.02).tolist()
    [0.5, 0.5, 0.5, 0.5, 0.56]
    """
    within("scores", scores, 0, 1)
    within("step", step, 1e-4, 1)
    within("start", start, 0, 1)
    scores = np.asarray(scores, dtype=float)
    if scores.ndim not in (1, 2):
        raise ValueError(f"scores has shape {scores.shape}: it should be queries, or queries, runs")
    shown, best = np.empty_like(scores), np.full(scores.shape[1:], float(start))
    rounded = np.minimum(np.rint(scores / step) * step, 1.0)
    for query, score in enumerate(scores):
        best = np.where(score > best + step, np.maximum(rounded[query], best), best)
        shown[query] = best
    return shown
