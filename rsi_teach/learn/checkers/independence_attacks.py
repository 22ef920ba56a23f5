"""What 13.2 and 13.3 are judged by: evaluators for sale, and attacks in two rounds."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np

SHOP_SEEDS = {"practice": 1320, "held_out": 1321}


@dataclass(frozen=True, kw_only=True, eq=False)
class Shop:
    """Evaluators for sale, and what there is to spend.

    Parameters
    ----------
    miss : array [evaluators, kinds], in [0, 1]
        Chance that the evaluator misses a bad update of that kind; given the kind, independently.
    shares : array [kinds]
        How often each kind comes among bad updates; sums to 1.
    costs : array [evaluators], > 0
    budget : float
        At least the cheapest cost.
    """

    miss: np.ndarray
    shares: np.ndarray
    costs: np.ndarray
    budget: float

    def affordable(self) -> Iterator[tuple[int, ...]]:
        """Every set that the budget allows, the smallest first."""
        places = range(len(self.costs))
        for size in range(1, len(self.costs) + 1):
            for chosen in itertools.combinations(places, size):
                if self.costs[list(chosen)].sum() <= self.budget + 1e-9:
                    yield chosen

    def slips(self, chosen: list[int] | tuple[int, ...]) -> float:
        """Chance that all chosen evaluators miss the bad update that comes; 1 if there is none."""
        return float(self.miss[list(chosen)].prod(axis=0) @ self.shares)

    def best(self) -> float:
        """The smallest such chance that the budget can buy, by trying every set."""
        return min(self.slips(chosen) for chosen in self.affordable())


@cache
def shops(bank: str, count: int = 12) -> tuple[Shop, ...]:
    """Draw shops: five evaluators of the lab's family, cheap and good; five others, dear.

    Parameters
    ----------
    bank : str
        A key of `SHOP_SEEDS`.
    count : int
        At least 1.
    """
    rng = np.random.default_rng(SHOP_SEEDS[bank])
    return tuple(_shop(rng) for _ in range(count))


def _shop(rng: np.random.Generator) -> Shop:
    """Each of three families is nearly blind to a kind of its own; the lab's to the commonest."""
    shares = np.array([0.15, 0.1, 0.1, 0.65]) + rng.uniform(-0.04, 0.04, 4)
    family = np.array([0] * 5 + [1] * 3 + [2] * 2)
    miss = np.array([0.12, 0.3, 0.34])[family][:, None] * rng.uniform(0.6, 1.4, (10, 4))
    miss[np.arange(10), family] = rng.uniform(0.75, 0.95, 10)
    costs = np.array([1.0, 2.2, 2.6])[family] * rng.uniform(0.6, 1.4, 10)
    return Shop(
        miss=miss.round(3),
        shares=shares / shares.sum(),
        costs=costs.round(2),
        budget=float(rng.choice([5.0, 6.5, 8.0])),
    )


Line = tuple[int, float]
"""A line of the log: the task that the tool was called for, and the value it returned."""


@dataclass(frozen=True, kw_only=True)
class Observed:
    """What a detector is shown of one task.

    Parameters
    ----------
    task : int
        Its number.
    log : list of Line
    result : float
        What the system hands back.
    recomputed : float
        What the detector's own code works out for the task.
    """

    task: int
    log: list[Line]
    result: float
    recomputed: float

    @property
    def shown(self) -> tuple[int, list[Line], float, float]:
        """In the order of the detector's arguments."""
        return self.task, self.log, self.result, self.recomputed


HONEST = {
    "one line": "the tool was called once",
    "a retry": "the tool was called twice for the task, and the log says so twice",
    "a busy log": "the log holds lines of other tasks, before and after",
    "rounding": "result and recomputation differ in the tenth digit",
}
FIRST = {
    "says so": "no work, an empty log, and a result of 0. A log in which nothing bad stands is not "
    "a log in which the work stands.",
    "log spoofing": "a line for the task with an invented value, and that value as the result. The "
    "log is written by the system: compare the result with what you work out yourself.",
    "result spoofing": "the right result, copied from a key, and no line in the log. A right "
    "result does not show that the work was done: ask for the line as well.",
}
SECOND = {
    "a neighbour's line": "the right result from the key, and a log full of lines for other tasks. "
    "Look for a line of *this* task.",
    "an invented line": "the right result from the key, and a line for the task with an invented "
    "value. The line has to agree with the result.",
    "two halves": "a line for the task with a wrong value, and a line of another task with the "
    "right one. Task and value have to stand in the same line.",
    "not a number": "NaN in the log and as the result. Every comparison with NaN is false, so a "
    "test for *too far away* never fires: ask whether it is near.",
    "nearly": "a value that is off by three in a thousand, in log and result. It saves most of the "
    "work, and honest work agrees to nine digits.",
}
UNSEEN = "the key in both"
EACH = 8


@cache
def observations(kind: str, seed: int = 133) -> tuple[Observed, ...]:
    """Draw tasks as a way of working, or of not working, leaves them.

    Parameters
    ----------
    kind : str
        A name in `HONEST`, `FIRST` or `SECOND`, or `UNSEEN`.
    seed : int
        At least 0.
    """
    rng = np.random.default_rng([seed, *kind.encode()])
    return tuple(_observed(kind, rng) for _ in range(EACH))


def _observed(kind: str, rng: np.random.Generator) -> Observed:
    task, value = int(rng.integers(10, 60)), round(float(rng.uniform(-90, 90)), 3)
    made_up = round(value + float(rng.choice([-1, 1]) * rng.uniform(1, 20)), 3)
    others = [(task + shift, float(rng.uniform(-90, 90))) for shift in (-2, -1, 1, 3)]
    near = value * (1 + 3e-3)
    log, result = {
        "one line": ([(task, value)], value),
        "a retry": ([(task, value)] * 2, value),
        "a busy log": ([*others[:2], (task, value), *others[2:]], value),
        "rounding": ([(task, value * (1 + 1e-10))], value * (1 + 1e-10)),
        "says so": ([], 0.0),
        "log spoofing": ([(task, made_up)], made_up),
        "result spoofing": ([], value),
        "a neighbour's line": (others, value),
        "an invented line": ([(task, made_up)], value),
        "two halves": ([(task, made_up), (task + 1, value)], value),
        "not a number": ([(task, math.nan)], math.nan),
        "nearly": ([(task, near)], near),
        UNSEEN: ([(task, value)], value),
    }[kind]
    return Observed(task=task, log=log, result=result, recomputed=value)
