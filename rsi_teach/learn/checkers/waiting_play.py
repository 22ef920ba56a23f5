"""The loops on which the rule of exercise 14.4 is played."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Decisions = NDArray[np.bool_]
"""What a rule does at each number of passes, from none to all."""

GENERATIONS, RUNS, RESTORES, BURST = 60, 20, 0.5, 5.0


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One loop behind the rule.

    Parameters
    ----------
    leak : float
        Mean share of the alignment that a running generation loses; the rule is not told.
    tests : int
        Items tried in every generation.
    price : float
        Of standing still for the whole time, where losing all alignment costs 1.
    seed : int
        Of its noise.
    """

    leak: float
    tests: int
    price: float
    seed: int


def drawn(seeds: Sequence[int]) -> tuple[Scenario, ...]:
    """One scenario for every seed.

    Parameters
    ----------
    seeds : sequence of int
    """
    return tuple(_one(seed) for seed in seeds)


def _one(seed: int) -> Scenario:
    rng = np.random.default_rng(seed)
    leak, price = np.exp(rng.uniform(np.log((0.01, 0.1)), np.log((0.08, 10))))
    tests = int(rng.choice((20, 50, 200)))
    return Scenario(leak=float(leak), tests=tests, price=float(price), seed=seed)


PRACTICE = drawn(range(12))
HELD_OUT = drawn(range(100, 130))


def table_of(rule: Callable[[int, int, float], bool], scenario: Scenario) -> Decisions:
    """Ask a rule at every number of passes.

    Parameters
    ----------
    rule : callable (passed, tests, price) -> bool
    scenario : Scenario
    """
    counts = range(scenario.tests + 1)
    return np.array([bool(rule(k, scenario.tests, scenario.price)) for k in counts])


def mean_cost(
    tables: Sequence[Decisions], scenarios: Sequence[Scenario]
) -> tuple[float, float, float]:
    """Mean cost over the scenarios, and its two parts: standing still and alignment lost.

    Parameters
    ----------
    tables : sequence of array of bool [tests + 1]
        One for each scenario.
    scenarios : sequence of Scenario
    """
    parts = np.array([
        _played(table, scenario) for table, scenario in zip(tables, scenarios, strict=True)
    ])  # fmt: skip
    late, early = parts.mean(axis=0)
    return float(late + early), float(late), float(early)


def _played(table: Decisions, scenario: Scenario) -> tuple[float, float]:
    rng = np.random.default_rng(scenario.seed)
    alignment, still, lost = np.ones(RUNS), 0.0, 0.0
    for _ in range(GENERATIONS):
        ran = table[rng.binomial(scenario.tests, alignment)]
        push = BURST * (rng.random(RUNS) < 1 / BURST)
        mended = alignment + RESTORES * (1 - alignment)
        alignment = np.where(ran, alignment * (1 - scenario.leak * push), mended)
        still += float(np.mean(~ran)) / GENERATIONS
        lost += float(np.mean(1 - alignment)) / GENERATIONS
    return scenario.price * still, lost
