"""Exercise 06.3: lists of capabilities with hidden overhangs, and plans that look for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

CAPABILITIES, SIZE, BUDGET = 30, 5, 25
HIDDEN = 40
"""Overhangs of each order in one list."""

Plan = Callable[[NDArray[np.float64], int, int, np.random.Generator], Sequence[Sequence[int]]]


@dataclass(frozen=True, kw_only=True, eq=False)
class Suspects:
    """A list of capabilities, how much each is suspected, and what is really there.

    Parameters
    ----------
    risks : array [capabilities], in (0, 1]
        The largest is 1.
    pairs : array of int [hidden, 2]
    triples : array of int [hidden, 3]
        Combinations with an overhang, drawn in proportion to the product of their risks.
    seed : int
        Of the generator that a plan is handed.
    """

    risks: NDArray[np.float64]
    pairs: NDArray[np.intp]
    triples: NDArray[np.intp]
    seed: int

    def found(self, plan: Sequence[Sequence[int]]) -> NDArray[np.float64]:
        """Shares of the hidden pairs and triples that some test has had together."""
        on = np.zeros((len(plan), len(self.risks)), dtype=bool)
        for row, test in zip(on, plan, strict=True):
            row[np.asarray(test, dtype=int)] = True
        return np.array([
            np.mean([on[:, together].all(axis=1).any() for together in hidden])
            for hidden in (self.pairs, self.triples)
        ])  # fmt: skip

    def planned(self, plan: Plan) -> Sequence[Sequence[int]]:
        """What a plan proposes for this list."""
        rng = np.random.default_rng(self.seed)
        return plan(self.risks.copy(), SIZE, BUDGET, rng)


@cache
def suspects(seed: int) -> Suspects:
    """Draw a list: log-normal risks, and overhangs where they are high.

    Parameters
    ----------
    seed : int
        At least 0.
    """
    rng = np.random.default_rng(seed)
    risks = rng.lognormal(size=CAPABILITIES)
    risks /= risks.max()
    hidden = []
    for order in (2, 3):
        sets = np.array(list(combinations(range(CAPABILITIES), order)))
        weight = risks[sets].prod(axis=1)
        drawn = rng.choice(len(sets), HIDDEN, replace=False, p=weight / weight.sum())
        hidden.append(sets[drawn])
    return Suspects(risks=risks, pairs=hidden[0], triples=hidden[1], seed=seed)


def practice() -> list[Suspects]:
    """Twenty lists that the learner may look at, overhangs included."""
    return [suspects(seed) for seed in range(20)]


def held_out() -> list[Suspects]:
    """Twenty lists that decide."""
    return [suspects(seed) for seed in range(1000, 1020)]


def score(plan: Plan, lists: Sequence[Suspects]) -> NDArray[np.float64]:
    """Mean share found of the pairs and of the triples.

    Parameters
    ----------
    plan : callable (risks, size, budget, rng) -> list of tests
    lists : sequence of Suspects
    """
    return np.mean([one.found(one.planned(plan)) for one in lists], axis=0)


def at_random(
    risks: NDArray[np.float64], size: int, budget: int, rng: np.random.Generator
) -> list[NDArray[np.intp]]:
    """Every test a random choice."""
    return [rng.choice(len(risks), size, replace=False) for _ in range(budget)]


def by_risk(
    risks: NDArray[np.float64], size: int, budget: int, rng: np.random.Generator
) -> list[NDArray[np.intp]]:
    """Every test a random choice in which the suspected come up more often."""
    share = risks / risks.sum()
    return [rng.choice(len(risks), size, replace=False, p=share) for _ in range(budget)]


def greedy(
    risks: NDArray[np.float64], size: int, budget: int, rng: np.random.Generator
) -> list[list[int]]:
    """Each test starts from the riskiest pair still untested and adds what it pairs with best."""
    left = np.outer(risks, risks)
    np.fill_diagonal(left, 0)
    plan = []
    for _ in range(budget):
        test = [int(i) for i in np.unravel_index(np.argmax(left), left.shape)]
        while len(test) < size:
            gain = left[test].sum(axis=0)
            gain[test] = -1
            test.append(int(np.argmax(gain)))
        left[np.ix_(test, test)] = 0
        plan.append(test)
    return plan
