"""Chapter 06: how the answers to its four exercises are checked."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import combinations
from typing import ClassVar

import numpy as np
from scipy.special import betaincinv

from rsi_teach.learn.checker import (
    Array,
    CannotBeChecked,
    Checker,
    DoesNotHold,
    Function,
    Number,
    Table,
)
from rsi_teach.learn.checkers.overhang_plans import (
    BUDGET,
    CAPABILITIES,
    HIDDEN,
    SIZE,
    Suspects,
    at_random,
    by_risk,
    greedy,
    held_out,
    practice,
    score,
)
from rsi_teach.learn.planted import PlantedFlawChecker
from rsi_teach.models import overhang


def _exact(correct: int, items: int, coverage: float = 0.9) -> np.ndarray:
    """Clopper and Pearson's interval."""
    tail = (1 - coverage) / 2
    low = betaincinv(correct, items - correct + 1, tail) if correct else 0.0
    high = betaincinv(correct + 1, items - correct, 1 - tail) if correct < items else 1.0
    return np.array([low, high])


def _wald(correct: int, items: int) -> np.ndarray:
    rate = correct / items
    half = 1.6448536269514722 * math.sqrt(rate * (1 - rate) / items)
    return np.array([rate - half, rate + half])


class LatentSkill(Checker):
    """06.1: ``latent(correct, items, low, high)``, an interval from a score and a range."""

    key, title, difficulty, minutes = "06.1", "What a score says about a skill", 2, 12
    asks = Function(example=(30, 100, 0.4, 0.8), returns=Array(shape=(2,)))
    hints = (
        "First forget elicitation: the exact 90 % interval for the *measured* rate. "
        "`scipy.stats.binomtest(correct, items).proportion_ci(0.9, 'exact')` gives its ends.",
        "measured = latent × elicited, so latent = measured / elicited. Which elicited share makes "
        "the smallest latent skill, and which the largest?",
        "A skill is a probability: neither end may lie over 1.",
    )
    not_checked = (
        "whether the range for the elicited share is right. It is an input, and nobody measured it."
    )
    slips_through = "a function that is right up to 1,000 items and wrong for longer tests."
    cases_asked = (
        *((30, 100, 0.4, 0.8), (12, 40, 0.5, 0.9), (300, 1000, 0.4, 0.8), (5, 60, 0.3, 0.3)),
        *((55, 100, 0.4, 0.8), (0, 50, 0.2, 0.6), (50, 50, 0.7, 1.0), (90, 100, 0.4, 0.8)),
    )

    def check(self, answer: Callable[..., np.ndarray]) -> str:
        """Compare with the exact interval, and name what was left out of it."""
        for correct, items, low, high in self.cases_asked:
            at = f"correct = {correct}, items = {items}, low = {low}, high = {high}"
            wanted = np.minimum(_exact(correct, items) / [high, low], 1)
            mistakes = self._mistakes(correct, items, low, high)
            self.agree(answer(correct, items, low, high), wanted, at, mistakes, rel=1e-5)
        self.note(
            "30 right of 100, with 40 to 80 % elicited, leaves 28 to 96 %. With a hundred times "
            "the items it still leaves 37 to 77 %: what is left is not sampling error."
        )
        return f"It holds on {self.cases} settings, some at the ends."

    @staticmethod
    def _mistakes(correct: int, items: int, low: float, high: float) -> dict[str, np.ndarray]:
        measured, rate = _exact(correct, items), correct / items
        mean = (low + high) / 2
        return {
            "An end lies over 1, and a skill is a probability. Cut it off there.": measured
            / [high, low],
            "You cut off the upper end only. Here the lower one lies over 1 as well: even full "
            "skill would rarely have scored so high.": np.array(
                [measured[0] / high, min(measured[1] / low, 1)]
            ),
            "You divided by the middle of the range. The interval must hold wherever in the range "
            "the elicited share lies.": np.minimum(measured / mean, 1),
            "You took the measured rate as known. It comes from a test of finite length: begin "
            "with an interval for it.": np.minimum(rate / np.array([high, low]), 1),
            "The ends are divided the wrong way round: the *largest* elicited share belongs to the "
            "smallest latent skill.": np.minimum(measured / [low, high], 1),
            "You multiplied. What is measured is the product; the latent skill is the quotient.": (
                measured * [low, high]
            ),
            "That is the 95 % interval for the rate; 90 % is asked for.": np.minimum(
                _exact(correct, items, 0.95) / [high, low], 1
            ),
            "That is the normal approximation. Near 0 and 1, and on short tests, it promises more "
            "than it keeps; take the exact interval.": np.minimum(
                _wald(correct, items) / [high, low], 1
            ),
        }

    right = (
        lambda correct, items, low, high: np.minimum(_exact(correct, items) / [high, low], 1),
        lambda correct, items, low, high: overhang.latent_interval(
            correct, items, overhang.Elicitation(low=low, high=high)
        ),
    )
    wrong: ClassVar = {
        "by the middle": (
            lambda correct, items, low, high: np.minimum(
                _exact(correct, items) / ((low + high) / 2), 1
            ),
            "You divided by the middle",
        ),
        "no sampling error": (
            lambda correct, items, low, high: np.minimum(
                correct / items / np.array([high, low]), 1
            ),
            "You took the measured rate as known",
        ),
        "over one": (
            lambda correct, items, low, high: _exact(correct, items) / [high, low],
            "An end lies over 1",
        ),
        "one end over one": (
            lambda correct, items, low, high: [
                _exact(correct, items)[0] / high,
                min(_exact(correct, items)[1] / low, 1),
            ],
            "You cut off the upper end only",
        ),
        "the wrong way round": (
            lambda correct, items, low, high: np.minimum(_exact(correct, items) / [low, high], 1),
            "the wrong way round",
        ),
        "the product": (
            lambda correct, items, low, high: _exact(correct, items) * [low, high],
            "You multiplied",
        ),
        "another coverage": (
            lambda correct, items, low, high: np.minimum(
                _exact(correct, items, 0.95) / [high, low], 1
            ),
            "That is the 95 % interval",
        ),
        "normal": (
            lambda correct, items, low, high: np.minimum(_wald(correct, items) / [high, low], 1),
            "the normal approximation",
        ),
    }

    @staticmethod
    def draw(rng: np.random.Generator) -> tuple[int, int, float, float]:
        """Return a test of any length."""
        items = int(rng.integers(20, 5001))
        low = rng.uniform(0.1, 0.6)
        return int(rng.integers(0, items + 1)), items, low, rng.uniform(low, 1)

    @staticmethod
    def slipping(correct: int, items: int, low: float, high: float) -> np.ndarray:
        """Return what `slips_through` describes."""
        if items > 1000:
            return np.array([0.0, 1.0])
        return np.minimum(_exact(correct, items) / [high, low], 1)


Tests = Sequence[Sequence[int]]


def _union(tests: Tests, order: int) -> int:
    return len({one for test in tests for one in combinations(sorted(set(test)), order)})


class Untested(Checker):
    """06.2: ``untested(tests, capabilities, order)``, how many combinations no test has had."""

    key, title, difficulty, minutes = "06.2", "How many combinations are untested?", 1, 10
    asks = Function(example=([[0, 1, 2], [1, 2, 3]], 5, 2), returns=Number(low=0))
    hints = (
        "How many combinations are there? `math.comb(capabilities, order)`.",
        "A test of five has ten pairs, but another test may have had some of them already. Collect "
        "the combinations in a set.",
        "`itertools.combinations(sorted(test), order)` lists those of one test, always written "
        "the same way.",
    )
    not_checked = (
        "whether the list of capabilities is complete. A combination with one that is not on the "
        "list is in no count."
    )
    slips_through = (
        "a function that takes a capability named twice in one test for a pair with itself."
    )
    fixed: ClassVar[tuple[tuple[Tests, int, int], ...]] = (
        ([[0, 1, 2], [1, 2, 3]], 5, 2),
        ([[0, 1, 2, 3], [1, 2, 3, 4], [0, 4, 5, 1]], 6, 3),
        ([[3, 1], [1, 3], [1, 3], [2, 0]], 4, 2),
        ([[4], [2]], 5, 2),
        ([], 6, 3),
        ([[0, 1, 2, 3]], 4, 2),
    )

    def check(self, answer: Callable[..., float]) -> str:
        """Compare on small plans and on random ones whose tests overlap."""
        rng = np.random.default_rng(62)
        drawn = [
            ([rng.choice(k, m, replace=False).tolist() for _ in range(n)], k, order)
            for k, m, n, order in ((12, 4, 8, 2), (12, 5, 6, 3), (40, 5, 100, 2), (40, 5, 100, 3))
        ]
        for tests, k, order in (*self.fixed, *drawn):
            at = f"{len(tests)} tests, capabilities = {k}, order = {order}"
            wanted = math.comb(k, order) - _union(tests, order)
            got = answer([list(test) for test in tests], k, order)
            self.agree(got, wanted, at, self._mistakes(tests, k, order))
        tests, k, _ = drawn[-1]
        lost = [math.comb(k, t) - _union(tests, t) for t in (2, 3)]
        self.note(
            f"100 random tests of 5 among 40 left {lost[0]} of 780 pairs and {lost[1]:,} of "
            "9,880 triples in no test."
        )
        return f"It holds on {self.cases} plans, most with tests that overlap."

    @staticmethod
    def _mistakes(tests: Tests, k: int, order: int) -> dict[str, float]:
        total = math.comb(k, order)
        summed = sum(math.comb(len(test), order) for test in tests)
        ordered = len({one for test in tests for one in combinations(test, order)})
        return {
            "You subtracted what the tests have one by one. Where two tests overlap, the same "
            "combination is subtracted twice: count different ones.": total - summed,
            "Overlapping tests are subtracted twice, and cutting off at zero does not mend it: "
            "count the different combinations.": max(total - summed, 0),
            "That is what *was* tested.": _union(tests, order),
            "You counted (1, 3) and (3, 1) as two. Sort a test before you list its combinations.": (
                total - ordered
            ),
            "You counted pairs; `order` says how many capabilities are in a combination.": (
                math.comb(k, 2) - _union(tests, 2)
            ),
            "You subtracted the number of tests. One test has several combinations.": total
            - len(tests),
        }

    right = (
        lambda tests, capabilities, order: math.comb(capabilities, order) - _union(tests, order),
        lambda tests, capabilities, order: sum(
            not any(set(one) <= set(test) for test in tests)
            for one in combinations(range(capabilities), order)
        ),
    )
    wrong: ClassVar = {
        "subtracts one by one": (
            lambda tests, capabilities, order: (
                math.comb(capabilities, order) - sum(math.comb(len(test), order) for test in tests)
            ),
            "subtracted twice",
        ),
        "what was tested": (
            lambda tests, capabilities, order: _union(tests, order),
            "That is what *was* tested",
        ),
        "in the order given": (
            lambda tests, capabilities, order: (
                math.comb(capabilities, order)
                - len({one for test in tests for one in combinations(test, order)})
            ),
            "Sort a test before you list",
        ),
        "always pairs": (
            lambda tests, capabilities, order: math.comb(capabilities, 2) - _union(tests, 2),
            "You counted pairs",
        ),
        "one for each test": (
            lambda tests, capabilities, order: math.comb(capabilities, order) - len(tests),
            "You subtracted the number of tests",
        ),
    }

    @staticmethod
    def slipping(tests: Tests, capabilities: int, order: int) -> int:
        """Return what `slips_through` describes."""
        had = {one for test in tests for one in combinations(sorted(test), order)}
        return math.comb(capabilities, order) - len(had)


class BudgetedPlan(Checker):
    """06.3: ``plan(risks, size, budget, rng)``, scored on overhangs that it has not seen."""

    key, title, difficulty, minutes = "06.3", "A testing plan under a budget", 3, 20
    asks = Function(
        example=(np.linspace(1, 0.1, 12), 3, 4, np.random.default_rng(0)), returns=Array()
    )
    hints = (
        "Print `risks` of a practice list. A pair's suspicion is the product of its two risks: how "
        "uneven are the pairs?",
        "Draw each test with `rng.choice(len(risks), size, replace=False, p=...)`, the suspected "
        "more often. That is enough to pass.",
        "Better: keep a table of the risk of every pair not yet tested. Start each test from the "
        "riskiest, add whichever capability pairs best with those already on, and cross off.",
    )
    not_checked = (
        "lists in which the suspicion is wrong. Here overhangs really lie where the risks say; a "
        "plan that follows the risks finds nothing where nobody suspects anything."
    )
    slips_through = "a plan that never tests the less suspected half of the list."

    @classmethod
    def practice(cls) -> Sequence[Suspects]:
        """Return the lists that the learner may look at, overhangs included."""
        return practice()

    def check(self, answer: Callable[..., np.ndarray]) -> str:
        """Score the plan beside random ones and the course's own."""
        lists = held_out()
        mine = np.mean([one.found(self._plan(answer, one)) for one in lists], axis=0)
        rows = {
            "your plan": mine,
            "random tests": score(at_random, lists),
            "the suspected more often": score(by_risk, lists),
            "riskiest untested pair first": score(greedy, lists),
        }
        cells = tuple(
            (name, *(f"{100 * share:.0f} %" for share in (*found, found.mean())))
            for name, found in rows.items()
        )
        self.note(
            Table(
                caption="Hidden overhangs found, mean of the lists that decide",
                columns=("plan", "pairs", "triples", "both"),
                rows=cells,
            )
        )
        self.cases = len(lists)
        needed = (rows["random tests"].mean() + rows["riskiest untested pair first"].mean()) / 2
        if mine.sum() == 0:
            raise DoesNotHold(
                "It found nothing. An overhang shows only in a test that has all of its "
                "capabilities on together: one at a time shows none."
            )
        if mine.mean() < needed:
            raise DoesNotHold(
                f"It found {100 * mine.mean():.0f} % of the hidden overhangs; "
                f"{100 * needed:.0f} % are needed, halfway from random tests to the course's plan. "
                + self._advice(answer, lists[0])
            )
        return (
            f"It found {100 * mine.mean():.0f} % of {2 * HIDDEN} hidden overhangs on each of "
            f"{self.cases} lists, on average; {100 * needed:.0f} % were needed."
        )

    @staticmethod
    def _plan(answer: Callable[..., np.ndarray], one: Suspects) -> list[list[int]]:
        made = np.atleast_1d(one.planned(answer))
        if made.ndim != 2:
            raise CannotBeChecked(
                f"Your plan has shape {made.shape}; a row of capabilities for each test is asked "
                "for, such as [[0, 3, 7], [1, 2, 5]]."
            )
        if np.any(made != np.floor(made)) or made.min() < 0 or made.max() >= CAPABILITIES:
            raise DoesNotHold(f"A plan holds the numbers of capabilities, 0 to {CAPABILITIES - 1}.")
        if len(made) > BUDGET:
            raise DoesNotHold(f"It has {len(made)} tests, and the budget is {BUDGET}.")
        if max(len(set(row)) for row in made.tolist()) > SIZE:
            raise DoesNotHold(f"A test of it has more than {SIZE} capabilities on.")
        return made.astype(int).tolist()

    @classmethod
    def _advice(cls, answer: Callable[..., np.ndarray], one: Suspects) -> str:
        made = cls._plan(answer, one)
        tests = {frozenset(row) for row in made}
        often = np.bincount([i for row in made for i in set(row)], minlength=CAPABILITIES)
        if len(tests) < len(made) / 2:
            return "It repeats the same tests: a second time they show nothing new."
        if np.corrcoef(often, one.risks)[0, 1] < 0.5:
            return "It pays little heed to the risks: which pairs are worth a test?"
        return "It heeds the risks, but perhaps not enough, or it tests the same pairs again."

    right = (greedy, by_risk)
    wrong: ClassVar = {
        "at random": (at_random, "pays little heed to the risks"),
        "one at a time": (
            lambda risks, size, budget, rng: [[i % len(risks)] for i in range(budget)],
            "one at a time shows none",
        ),
        "always the riskiest": (
            lambda risks, size, budget, rng: [np.argsort(-risks)[:size]] * budget,
            "repeats the same tests",
        ),
        "over the budget": (
            lambda risks, size, budget, rng: by_risk(risks, size, budget + 1, rng),
            "and the budget is",
        ),
        "too large a test": (
            lambda risks, size, budget, rng: by_risk(risks, size + 1, budget, rng),
            "has more than",
        ),
        "evenly greedy": (
            lambda risks, size, budget, rng: greedy(np.ones(len(risks)), size, budget, rng),
            "pays little heed to the risks",
        ),
        "the risks themselves": (
            lambda risks, size, budget, rng: [risks[:size]] * budget,
            "the numbers of capabilities",
        ),
    }

    @staticmethod
    def slipping(
        risks: np.ndarray, size: int, budget: int, rng: np.random.Generator
    ) -> list[np.ndarray]:
        """Return what `slips_through` describes."""
        upper = np.flatnonzero(risks >= np.median(risks))
        return [upper[test] for test in by_risk(risks[upper], size, budget, rng)]


SIZES = (1, 2, 3, 4, 5, 6, 60, 80)
SCORES = tuple(round(math.exp(-15 / size), 4) for size in SIZES)
"""Plot E: eight models, and their exact match on a task of 30 steps."""

CLAIMS = {
    "A": "Plot A, chapter 03: a correction that comes two generations late settles at any gain "
    "below 0.618, one that comes five late only below 0.285.",
    "B": "Plot B, chapter 04: shocks of standard deviation 1, a tenth of the drift corrected in "
    "every generation: the spread settles at 2.29. Without correction it is 10 after 100.",
    "C": "Plot C, chapter 05: the best of ten, by a score that is half noise (value and error "
    "standard normal): its score is 2.18 on average, and its true value 1.09.",
    "D": "Plot D, chapter 06: 100 random tests of 5 among 40 capabilities cover 72 % of the pairs "
    "and 10 % of the triples.",
    "E": "Plot E, chapter 06: eight models in order of size. From the sixth to the seventh, exact "
    "match on 30 steps leaps from 8 to 78 %: a log-loss per step that falls in proportion to size "
    "cannot do that, so the skill at one step itself jumped.",
    "F": "Plot F, chapter 06: in all sixteen models of METR's table the 50 % horizon is at least "
    "3.4 times the 80 % horizon, 5.5 times in the median; a constant hazard gives 3.1.",
}
REASONS = (
    "mean or median",
    "the resolution of a small test",
    "per step or per generation",
    "an uneven axis",
    "one run shown as typical",
    "pairs counted twice",
)


class PlantedFlaw(PlantedFlawChecker):
    """06.4: which of the six plots about Part II is read wrongly, and what misled its reader."""

    key, title, difficulty, minutes = "06.4", "The planted flaw of Part II", 2, 15
    hints = (
        "Five of the claims can be confirmed with a line of code each, from `rsi_teach.models`. "
        "Do not trust the sixth because of its plot.",
        "Where a plot shows something sudden, compute what a smooth law would have done between "
        "the same two points.",
    )
    claims, reasons = CLAIMS, REASONS
    question = "what in the plot misleads?"
    salt = "rsi-teach, part II"
    seal = "1885b0667386a6b21735ba3da12bf354335df328d27793d48e0738c65a12f945"
