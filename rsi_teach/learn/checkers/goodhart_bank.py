"""What 05.3 and 05.4 are judged by: over-optimisation curves, and updates with an audit desk."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from rsi_teach.models import goodhart
from rsi_teach.models.domain import within

CURVE_SEEDS = {"practice": 5031, "held_out": 5032, "one more": 5033}
FARTHEST = 8.0
"""No peak lies beyond this distance; the learner is told."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Curve:
    """Measurements of a best-of-n law that end before its peak.

    Parameters
    ----------
    distance, reward : array [12]
        True reward at each distance, with noise.
    peak : float
        Where the law has its peak.
    """

    distance: np.ndarray
    reward: np.ndarray
    peak: float


@cache
def curves(bank: str, count: int) -> tuple[Curve, ...]:
    """Draw curves with a peak from 1 to 4, measured up to 40 to 95 % of it.

    Parameters
    ----------
    bank : str
        A key of `CURVE_SEEDS`.
    count : int
        At least 1.
    """
    rng = np.random.default_rng(CURVE_SEEDS[bank])
    return tuple(_curve(rng) for _ in range(count))


def _curve(rng: np.random.Generator) -> Curve:
    peak, height = math.exp(rng.uniform(0, math.log(4))), rng.uniform(0.5, 2)
    law = goodhart.Law(alpha=2 * height / peak, beta=height / peak**2)
    distance = np.linspace(0.05, 1, 12) * peak * rng.uniform(0.4, 0.95)
    noise = height * rng.uniform(0.003, 0.04) * rng.standard_normal(12)
    return Curve(
        distance=distance, reward=goodhart.true_reward(law, distance) + noise, peak=law.peak
    )


BUDGET = 1500
"""Items that all audits of one bank together may read."""
ITEM_SD = 6.0
"""Standard deviation of what one audited item says, in sd of the value."""
UPDATE_SEEDS = {"practice": 5041, "held_out": 5042}
UPDATE_SIZES = {"good": 60, "lucky": 30, "glitch": 30, "gamed": 20}


class Overspent(Exception):
    """An audit was asked for that the budget does not cover."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Winner:
    """An update that won among its candidates, as it stands at the gate.

    Parameters
    ----------
    score, runner_up : float
        Its score and the second best, in sd of the value.
    candidates : int
        How many there were.
    items_left, updates_left : int
        Audit items not yet spent; updates still to come, this one included.
    audit : function
        ``audit(items)`` returns the mean of so many fresh items: the true value and noise.
    kind : str
        ``"good"``: worth half a sd or more. ``"lucky"``: Gaussian error, worth nothing.
        ``"glitch"``: worth nothing, and a heavy-tailed error put it far ahead. ``"gamed"``: made
        to score a little better than the runner-up, and harmful.
    value : float
        What it is truly worth.
    """

    score: float
    runner_up: float
    candidates: int
    items_left: int = BUDGET
    updates_left: int = 1
    audit: Callable[[int], float]
    kind: str
    value: float


@cache
def winners(bank: str) -> tuple[Winner, ...]:
    """Draw one of the banks of updates, in the order in which they come to the gate.

    Parameters
    ----------
    bank : str
        A key of `UPDATE_SEEDS`.
    """
    rng = np.random.default_rng(UPDATE_SEEDS[bank])
    taken: Counter[str] = Counter()
    found = []
    while len(found) < sum(UPDATE_SIZES.values()):
        update = _winner(rng)
        if taken[update.kind] < UPDATE_SIZES.get(update.kind, 0):
            taken[update.kind] += 1
            found.append(update)
    mixed = [found[i] for i in rng.permutation(len(found))]
    return tuple(
        replace(update, audit=_Auditor(update.value, np.random.default_rng([place, 7])))
        for place, update in enumerate(mixed)
    )


def _winner(rng: np.random.Generator) -> Winner:
    """The best of n by score in a lab with a Gaussian or a heavy-tailed error, or a gamed one."""
    heavy, gamed = rng.random() < 0.4, rng.random() < 0.25
    n = int(rng.choice([10, 30, 100, 300, 1000]))
    value = rng.standard_normal(n)
    tail = math.sqrt(0.5 / 2.5) * rng.standard_t(2.5, n)
    score = value + (tail if heavy else rng.standard_normal(n))
    second, first = np.argsort(score)[-2:]
    ahead, worth = float(score[first] - score[second]), float(value[first])
    if gamed:
        ahead, worth = float(rng.exponential(0.25)), float(rng.normal(-1, 0.3))
    return Winner(
        score=float(score[second]) + ahead,
        runner_up=float(score[second]),
        candidates=n,
        audit=_Auditor(worth, rng),
        kind="gamed" if gamed else _kind(worth, ahead, heavy),
        value=worth,
    )


def _kind(worth: float, ahead: float, heavy: bool) -> str:
    """Good, lucky or a glitch; empty if it is none of them clearly."""
    if worth >= 0.5:
        return "good"
    if worth > 0:
        return ""
    return ("glitch" if ahead > 1.5 else "") if heavy else "lucky"


class _Auditor:
    """Audits of one update that nobody counts: for looking at practice updates."""

    def __init__(self, value: float, rng: np.random.Generator) -> None:
        self.value, self.rng = value, rng

    def __call__(self, items: int) -> float:
        """Return the mean of so many fresh items."""
        within("items", items, 1, integer=True)
        return self.value + ITEM_SD / math.sqrt(items) * float(self.rng.standard_normal())


class Desk:
    """Hands out a bank update by update, with audits that are counted.

    Parameters
    ----------
    bank : sequence of Winner
    budget : int
        Items for the whole bank, >= 0.
    """

    def __init__(self, bank: Sequence[Winner], budget: int = BUDGET) -> None:
        self.bank, self.budget, self.spent, self.audits = bank, budget, 0, 0
        self.refused = ""

    def __iter__(self) -> Iterator[Winner]:
        """Yield each update as it stands when its turn comes."""
        for index, update in enumerate(self.bank):
            audit = _Auditor(update.value, np.random.default_rng([index, len(self.bank)]))
            yield replace(
                update,
                items_left=self.budget - self.spent,
                updates_left=len(self.bank) - index,
                audit=lambda items, audit=audit, place=index + 1: self._paid(items, audit, place),
            )

    def _paid(self, items: int, audit: _Auditor, place: int) -> float:
        within("items", items, 1, integer=True)
        left = self.budget - self.spent
        if items > left:
            self.refused = (
                f"The audit budget was overspent: at update {place} of {len(self.bank)} you asked "
                f"for {items} items, and {left} of {self.budget:,} were left. The budget is for "
                "all updates together; `update.items_left` and `update.updates_left` say how you "
                "stand."
            )
            raise Overspent(self.refused)
        self.spent, self.audits = self.spent + int(items), self.audits + 1
        return audit(items)
