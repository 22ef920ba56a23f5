"""Chapter 12: gates: a threshold on a noisy score, what its two errors cost, and who audits.

A gate reads one score of every update and stops those above its threshold. The score of a good
update is a standard normal number; that of a bad one lies higher by the *separation* d'. Human
review is in `gates_queue` (who waits) and `gates_review` (what the signature is worth).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

from rsi_teach.models.domain import shaped, within
from rsi_teach.models.gates_queue import (
    erlang_c,
    mean_wait,
    reviewers_needed,
    simulate_queue,
    wait_exceeds,
)
from rsi_teach.models.gates_review import (
    Desk,
    Diffusion,
    Reviewed,
    Stakes,
    accuracy_by,
    coin_flip_rate,
    cost_share,
    free_error,
    free_time,
    minutes_for,
    prior_start,
    review,
    simulate_decisions,
)

__all__ = [
    "Curve",
    "Desk",
    "Diffusion",
    "Reviewed",
    "Stakes",
    "accuracy_by",
    "audit_catch",
    "best_threshold",
    "coin_flip_rate",
    "cost_share",
    "erlang_c",
    "expected_cost",
    "free_error",
    "free_time",
    "mean_wait",
    "measured_curve",
    "minutes_for",
    "operating_point",
    "predictive_value",
    "prior_start",
    "review",
    "reviewers_needed",
    "separation",
    "simulate_decisions",
    "simulate_queue",
    "wait_exceeds",
]

Array = NDArray[np.float64]
FARTHEST = 10.0
"""Largest separation, in standard deviations of one score."""


def operating_point(threshold: ArrayLike, *, separation: ArrayLike) -> tuple[Array, Array]:
    """Shares of the bad and of the good updates that a gate stops.

    Parameters
    ----------
    threshold : array, any shape, in [-40, 40], in standard deviations of the score
        Updates that score above it are stopped.
    separation : array, broadcasts with `threshold`, in [0, 10]
        d', how much higher bad updates score.

    Returns
    -------
    hit, false_alarm : two arrays
        In [0, 1], of the broadcast shape.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Equal-variance binormal model of signal detection: Stanislaw and Todorov (1999).

    Examples
    --------
    >>> [float(share.round(3)) for share in operating_point(1.2816, separation=2.5631)]
    [0.9, 0.1]
    """
    within("threshold", threshold, -40, 40)
    within("separation", separation, 0, FARTHEST)
    c, d = np.broadcast_arrays(np.asarray(threshold, float), np.asarray(separation, float))
    return ndtr(d - c), ndtr(-c)


def separation(hit: ArrayLike, false_alarm: ArrayLike) -> Array:
    """Separation d' of a binormal score that has this hit rate at this false-alarm rate.

    Parameters
    ----------
    hit, false_alarm : array, broadcast together, in (0, 1)

    Returns
    -------
    array
        z(hit) - z(false alarm), in standard deviations; negative if good ones score higher.

    Raises
    ------
    ValueError
        If a rate is out of its range.

    References
    ----------
    Stanislaw and Todorov (1999).

    Examples
    --------
    >>> float(separation(0.9, 0.1).round(3))
    2.563
    """
    within("hit", hit, 0, 1, open_low=True, open_high=True)
    within("false_alarm", false_alarm, 0, 1, open_low=True, open_high=True)
    return np.asarray(ndtri(hit) - ndtri(false_alarm))


def predictive_value(hit: ArrayLike, false_alarm: ArrayLike, *, base_rate: ArrayLike) -> Array:
    """Share of the stopped updates that are bad.

    Parameters
    ----------
    hit, false_alarm : array, in [0, 1]
        Shares of bad and of good updates that are stopped.
    base_rate : array, in [0, 1]
        Share of all updates that are bad; the three broadcast together.

    Returns
    -------
    array
        In [0, 1]; 0 where nothing is stopped.

    Raises
    ------
    ValueError
        If a share is out of its range.

    References
    ----------
    Bayes' theorem.

    Examples
    --------
    >>> float(predictive_value(0.9, 0.1, base_rate=1e-3).round(4))
    0.0089
    """
    for name, value in (("hit", hit), ("false_alarm", false_alarm), ("base_rate", base_rate)):
        within(name, value, 0, 1)
    p = np.asarray(base_rate, float)
    bad, good = p * hit, (1 - p) * false_alarm
    return np.where(bad + good > 0, bad / np.maximum(bad + good, 1e-300), 0.0)


def audit_catch(share: ArrayLike, *, separation: ArrayLike) -> Array:
    """Chance that a rare bad update is among the most suspicious `share` that are audited.

    Parameters
    ----------
    share : array, in [0, 1]
        Share of all updates that somebody audits, the highest scores first.
    separation : array, in [0, 10], broadcasts with `share`
        d' of the suspicion score.

    Returns
    -------
    array
        Phi(d' - z(1 - share)), in [0, 1]. An audit is taken to find whatever it looks at.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    `operating_point` with the threshold that lets 1 - share of the good ones pass.

    Examples
    --------
    >>> float(audit_catch(0.02, separation=2).round(3))
    0.479
    """
    within("share", share, 0, 1)
    within("separation", separation, 0, FARTHEST)
    return np.asarray(ndtr(np.asarray(separation, float) + ndtri(np.asarray(share, float))))


def expected_cost(stakes: Stakes, threshold: ArrayLike, *, separation: ArrayLike) -> Array:
    """Mean cost of one update behind a gate.

    Parameters
    ----------
    stakes : Stakes
        How rare bad updates are, and what each error costs.
    threshold : array, in [-40, 40]
    separation : array, in [0, 10], broadcasts with `threshold`

    Returns
    -------
    array
        In the units of the stakes.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Sum over the two errors of probability times cost.

    Examples
    --------
    >>> stakes = Stakes(base_rate=0.01, miss=20, false_alarm=1)
    >>> float(expected_cost(stakes, 1.2816, separation=2.5631).round(3))
    0.119
    """
    hit, false_alarm = operating_point(threshold, separation=separation)
    return stakes.cost(hit, false_alarm)


def best_threshold(stakes: Stakes, *, separation: ArrayLike) -> Array:
    """Threshold of least expected cost: where the likelihood ratio equals the odds to be beaten.

    Parameters
    ----------
    stakes : Stakes
        With a base rate strictly between 0 and 1.
    separation : array, in [0.01, 10]

    Returns
    -------
    array
        d'/2 + ln(odds)/d', in standard deviations; the odds are
        (1 - base rate) · false_alarm / (base rate · miss).

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    The likelihood-ratio rule of signal detection theory.

    Examples
    --------
    >>> float(best_threshold(Stakes(base_rate=0.5), separation=2.5631).round(4))
    1.2816
    """
    within("separation", separation, 0.01, FARTHEST)
    d = np.asarray(separation, float)
    return d / 2 + stakes.log_odds / d


@dataclass(frozen=True, kw_only=True, eq=False)
class Curve:
    """A measured operating curve, one entry for every threshold that makes a difference.

    Parameters
    ----------
    threshold : array [points], rising
        Updates that score above it are stopped. The first one stops everything, the last nothing.
    hit, false_alarm : array [points], falling from 1 to 0
        Shares of the bad and of the good updates that are stopped.

    Raises
    ------
    ValueError
        If a share is out of range or the arrays differ in shape.

    References
    ----------
    Made by `measured_curve`.

    Examples
    --------
    >>> measured_curve([0.0, 1.0], [0.5, 2.0]).area
    0.75
    """

    threshold: Array
    hit: Array
    false_alarm: Array

    def __post_init__(self) -> None:
        """Refuse what no gate does."""
        points = (len(shaped("threshold", self.threshold, ("points",))),)
        within("threshold", self.threshold, -2e9, 2e9)
        for name in ("hit", "false_alarm"):
            within(name, shaped(name, getattr(self, name), points), 0, 1)

    @property
    def area(self) -> float:
        """Chance that a bad update scores above a good one, ties counting half."""
        return float(np.trapezoid(self.hit[::-1], self.false_alarm[::-1]))

    def cheapest(self, stakes: Stakes) -> float:
        """Return the threshold of least cost, the highest of equals.

        Parameters
        ----------
        stakes : Stakes
        """
        costs = stakes.cost(self.hit, self.false_alarm)
        return float(self.threshold[np.flatnonzero(costs <= costs.min() + 1e-12)[-1]])


def measured_curve(good: ArrayLike, bad: ArrayLike) -> Curve:
    """Operating curve of a score, measured on updates that are known to be good or bad.

    Parameters
    ----------
    good, bad : array [updates], in [-1e9, 1e9]
        Scores; at least one of each.

    Returns
    -------
    Curve
        With a threshold below all scores, and one between neighbours.

    Raises
    ------
    ValueError
        If an array is empty, has another shape, or a score is out of its range.

    References
    ----------
    The empirical receiver operating characteristic.

    Examples
    --------
    >>> measured_curve([0, 1], [1, 2]).hit.tolist()
    [1.0, 1.0, 0.5, 0.0]
    """
    scores = [shaped(n, v, ("updates",), longest=10**6) for n, v in (("good", good), ("bad", bad))]
    for name, values in zip(("good", "bad"), scores, strict=True):
        within(name, values, -1e9, 1e9)
    levels = np.unique(np.concatenate(scores).astype(float))
    between = np.concatenate([[levels[0] - 1], (levels[:-1] + levels[1:]) / 2, [levels[-1]]])
    passed_good, passed_bad = (
        np.searchsorted(np.sort(values), between, side="right") / len(values) for values in scores
    )
    return Curve(threshold=between, hit=1 - passed_bad, false_alarm=1 - passed_good)
