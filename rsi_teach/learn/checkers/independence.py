"""Chapter 13: how the answers to its four exercises are checked."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, ClassVar

import numpy as np

from rsi_teach.learn.checker import (
    Array,
    CannotBeChecked,
    Checker,
    DoesNotHold,
    Function,
    Number,
    Table,
    Truth,
)
from rsi_teach.learn.checkers import independence_attacks as attacks
from rsi_teach.learn.checkers.independence_attacks import Shop, shops
from rsi_teach.learn.checkers.independence_bank import EACH, ORDER, VotedUpdate, load_bank
from rsi_teach.learn.verifier import VerifierChecker
from rsi_teach.models import independence
from rsi_teach.models.independence import Panel


class AllMiss(Checker):
    """13.1: ``all_miss(checks, miss, correlation)``, for checks that share blind spots."""

    key, title, difficulty, minutes = "13.1", "All of them miss", 1, 10
    asks = Function(example=(3, 0.1, 0.3), returns=Number(low=0, high=1))
    hints = (
        "Ask the checks one after another. The first misses with chance `miss`. The second misses "
        "more often if the first did; the third still more often if both did.",
        "After j misses in a row the next one misses with chance "
        "((1 - correlation)·miss + j·correlation) / (1 - correlation + j·correlation).",
        "Multiply `miss` by these chances for j = 1, ..., checks - 1.",
    )
    not_checked = (
        "whether the blind spots of your checks follow this law. Other laws have the same rates "
        "and the same correlation, and other answers."
    )
    slips_through = "a function that stops multiplying after sixty checks."
    settings = (
        *((1, 0.1, 0.3), (2, 0.1, 0.3), (3, 0.1, 0.3), (7, 0.3, 0.42), (60, 0.05, 0.1)),
        *((5, 0.2, 0.0), (4, 0.25, 1.0), (10, 0.6, 0.2)),
    )

    def check(self, answer: Callable[..., float]) -> str:
        """Compare with the closed form, no correlation and full correlation among the settings."""
        for n, miss, correlation in self.settings:
            at = f"checks = {n}, miss = {miss:g}, correlation = {correlation:g}"
            wanted = float(independence.all_miss(Panel(miss=miss, correlation=correlation), n))
            self.agree(answer(n, miss, correlation), wanted, at,
                       self._mistakes(n, miss, correlation), abs=0)  # fmt: skip
        return f"It holds for {self.cases} panels, from independent checks to a single one."

    @staticmethod
    def _mistakes(n: int, miss: float, correlation: float) -> dict[str, float]:
        return {
            "That is the product of the rates. It is right if nothing that makes one check miss "
            "makes another miss, which is what the correlation denies.": miss**n,
            "You counted the checks as n/(1 + (n - 1) correlation) independent ones. That number "
            "is made for the variance of a mean; for all of them missing it is another.": (
                _by_n_eff(n, miss, correlation)
            ),
            "That is the common cause: with chance `correlation` one blindness for everybody. It "
            "has the same correlation between any two checks, and other triples.": (
                correlation * miss + (1 - correlation) * miss**n
            ),
            "You used the chance after *one* miss for every further check. Two misses say more "
            "than one about how hard the update is.": _after_one(n, miss, correlation),
            "One factor too many: after j misses there are j + 1 checks asked.": _urn(
                n + 1, miss, correlation
            ),
            "That is the chance that they do not all miss.": 1 - _urn(n, miss, correlation),
        }

    right = (
        lambda n, miss, correlation: _urn(n, miss, correlation),
        lambda n, miss, correlation: float(
            independence.miss_counts(Panel(miss=miss, correlation=correlation), n)[-1]
        ),
    )
    wrong: ClassVar = {
        "the product": (lambda n, miss, correlation: miss**n, "That is the product of the rates"),
        "the effective number": (
            lambda n, miss, correlation: _by_n_eff(n, miss, correlation),
            "made for the variance of a mean",
        ),
        "a common cause": (
            lambda n, miss, correlation: correlation * miss + (1 - correlation) * miss**n,
            "That is the common cause",
        ),
        "after one": (
            lambda n, miss, correlation: _after_one(n, miss, correlation),
            "the chance after *one* miss",
        ),
        "one too many": (
            lambda n, miss, correlation: _urn(n + 1, miss, correlation),
            "One factor too many",
        ),
        "the complement": (
            lambda n, miss, correlation: 1 - _urn(n, miss, correlation),
            "that they do not all miss",
        ),
    }

    @staticmethod
    def draw(rng: np.random.Generator) -> tuple[int, float, float]:
        """Return a panel of any size."""
        return int(rng.integers(1, 121)), rng.uniform(0.05, 0.6), rng.uniform(0.05, 0.95)

    @staticmethod
    def slipping(n: int, miss: float, correlation: float) -> float:
        """Return what `slips_through` describes."""
        return _urn(min(n, 60), miss, correlation)


def _urn(n: int, miss: float, correlation: float) -> float:
    apart = 1 - correlation
    factors = [(apart * miss + j * correlation) / (apart + j * correlation) for j in range(1, n)]
    return miss * math.prod(factors)


def _by_n_eff(n: int, miss: float, correlation: float) -> float:
    return miss ** (n / (1 + (n - 1) * correlation))


def _after_one(n: int, miss: float, correlation: float) -> float:
    return miss * (miss + correlation * (1 - miss)) ** (n - 1)


class BestSet(Checker):
    """13.2: ``choose(miss, shares, costs, budget)``, the evaluators to buy."""

    key, title, difficulty, minutes = "13.2", "Evaluators under a budget", 2, 20
    asks = Function(
        example=(np.array([[0.1, 0.8], [0.5, 0.2]]), np.array([0.6, 0.4]), np.ones(2), 1.5),
        returns=Array(),
    )
    hints = (
        "Given the kind of a bad update the evaluators miss independently. So for one kind the "
        "chance that all of a set miss is a product, and over kinds it is a mean with `shares`.",
        "There are ten evaluators and so 1,023 sets. `itertools.combinations` makes them, size by "
        "size.",
        "Of those that cost no more than the budget return the one with the smallest "
        "`miss[list(chosen)].prod(axis=0) @ shares`.",
    )
    not_checked = (
        "what happens if the table of misses is an estimate. A search over all sets also finds the "
        "set whose estimate is luckiest."
    )
    slips_through = "the same search with at most five evaluators in a set."
    allowed = 1.05

    def check(self, answer: Callable[..., np.ndarray]) -> str:
        """Buy in hidden shops, and compare with the best that the budget could have bought."""
        held = shops("held_out")
        bought = [self._bought(answer, shop) for shop in held]
        slips = np.array([shop.slips(c) for shop, c in zip(held, bought, strict=True)])
        best = np.array([shop.best() for shop in held])
        ratio = float(np.exp(np.mean(np.log(slips / best))))
        self.note(self._table(slips.mean(), best.mean()))
        if ratio > self.allowed:
            raise DoesNotHold(self._said(bought, ratio))
        self.cases = len(held)
        return f"In {self.cases} hidden shops it lets through {ratio:.2f} times the least possible."

    def _bought(self, answer: Callable[..., np.ndarray], shop: Shop) -> list[int]:
        got = answer(shop.miss, shop.shares, shop.costs, shop.budget)
        places = got.ravel().tolist()
        if got.ndim != 1 or any(p not in range(len(shop.costs)) for p in places):
            raise CannotBeChecked(
                f"Your answer is {got.tolist()}; a list of places in the table, whole numbers "
                "from 0 on, is asked for."
            )
        if len(set(places)) < len(places):
            raise DoesNotHold("An evaluator was bought twice. There is one of each.")
        chosen = sorted(int(p) for p in places)
        if (price := shop.costs[chosen].sum()) > shop.budget + 1e-9:
            raise DoesNotHold(f"Your set costs {price:.2f}; the budget is {shop.budget:g}.")
        return chosen

    def _said(self, bought: list[list[int]], ratio: float) -> str:
        text = (
            f"In {len(bought)} hidden shops your sets let through {ratio:.1f} times as many bad "
            "updates as the best sets that the budget buys. "
        )
        for message, rule in RULES.items():
            if bought == [sorted(rule(s)) for s in shops("held_out")]:
                return text + message
        return text + "For each kind multiply the misses of the set, then take the mean over kinds."

    @staticmethod
    def _table(mine: float, best: float) -> Table:
        held = shops("held_out")
        rows = {"your sets": mine, "the best sets": best}
        rows |= {
            name: float(np.mean([shop.slips(rule(shop)) for shop in held]))
            for name, rule in (("one at a time", _greedy), ("as if independent", _as_if))
        }
        return Table(
            caption=f"Share of bad updates that all miss, mean of {len(held)} hidden shops",
            columns=("evaluators", "let through"),
            rows=tuple((name, f"{100 * value:.2f} %") for name, value in rows.items()),
        )

    right = (
        lambda miss, shares, costs, budget: _best(_shop(miss, shares, costs, budget)),
        lambda miss, shares, costs, budget: np.array(
            _best(_shop(miss, shares, costs, budget))[::-1]
        ),
    )
    wrong: ClassVar = {
        "as if independent": (
            lambda miss, shares, costs, budget: _as_if(_shop(miss, shares, costs, budget)),
            "You went by each evaluator's mean miss rate",
        ),
        "cheapest first": (
            lambda miss, shares, costs, budget: _filled(
                _shop(miss, shares, costs, budget), np.argsort(costs)
            ),
            "as many evaluators as possible",
        ),
        "best first": (
            lambda miss, shares, costs, budget: _filled(
                _shop(miss, shares, costs, budget), np.argsort(miss @ shares)
            ),
            "You went by each evaluator's mean miss rate",
        ),
        "one at a time": (
            lambda miss, shares, costs, budget: _greedy(_shop(miss, shares, costs, budget)),
            "You bought one at a time",
        ),
        "only one": (lambda miss, shares, costs, budget: [0], "times as many bad updates"),
        "all of them": (
            lambda miss, shares, costs, budget: list(range(len(costs))),
            "the budget is",
        ),
        "twice": (lambda miss, shares, costs, budget: [0, 0], "bought twice"),
    }

    @staticmethod
    def slipping(
        miss: np.ndarray, shares: np.ndarray, costs: np.ndarray, budget: float
    ) -> list[int]:
        """Return what `slips_through` describes."""
        shop = _shop(miss, shares, costs, budget)
        few = itertools.takewhile(lambda chosen: len(chosen) <= 5, shop.affordable())
        return list(min(few, key=shop.slips))


def _shop(miss: np.ndarray, shares: np.ndarray, costs: np.ndarray, budget: float) -> Shop:
    return Shop(miss=miss, shares=shares, costs=costs, budget=budget)


def _best(shop: Shop) -> list[int]:
    return list(min(shop.affordable(), key=shop.slips))


def _as_if(shop: Shop) -> list[int]:
    """Search as well, with the product of mean miss rates for a goal."""
    alone = shop.miss @ shop.shares
    return list(min(shop.affordable(), key=lambda chosen: alone[list(chosen)].prod()))


def _filled(shop: Shop, order: np.ndarray) -> list[int]:
    """Take what is affordable, in this order."""
    chosen: list[int] = []
    for place in order.tolist():
        if shop.costs[[*chosen, place]].sum() <= shop.budget + 1e-9:
            chosen.append(place)
    return chosen


def _greedy(shop: Shop) -> list[int]:
    """Add the evaluator that lowers the goal most for its price, as long as one is affordable."""
    chosen: list[int] = []
    while True:
        left = [
            place
            for place in range(len(shop.costs))
            if place not in chosen
            and shop.costs[[*chosen, place]].sum() <= shop.budget + 1e-9
        ]  # fmt: skip
        if not left:
            return chosen
        now = shop.slips(chosen) if chosen else 1.0
        gain = [math.log(now / shop.slips([*chosen, p])) / shop.costs[p] for p in left]
        chosen.append(left[int(np.argmax(gain))])


RULES: dict[str, Callable[[Shop], list[int]]] = {
    "You went by each evaluator's mean miss rate, as if they were independent, and bought some "
    "that are blind to the same kind. What counts is what they miss together.": _as_if,
    "You bought as many evaluators as possible. The cheap ones are of one family, and what one of "
    "them misses the others miss.": lambda shop: _filled(shop, np.argsort(shop.costs)),
    "You bought one at a time, the best addition for its price. What was bought early blocks "
    "better sets; with ten evaluators all sets can be tried.": _greedy,
}


class Patched(Checker):
    """13.3: ``detector(task, log, result, recomputed)``, attacked in two rounds."""

    key, title, difficulty, minutes = "13.3", "Patch it, and be attacked again", 2, 20
    asks = Function(example=(7, [(7, 1.5)], 1.5, 1.5), returns=Truth())
    hints = (
        "Three witnesses: a line in the log, the result, your own recomputation. Each first-round "
        "attack forges one of them and leaves the others as they are.",
        "Demand what honest work leaves behind; do not list what attackers do. Some one line has "
        "to be of this task and near the recomputed value, and the result has to be near it too.",
        "`math.isclose(a, b, rel_tol=1e-6)` is False when one of the two is NaN. "
        "`abs(a - b) > tolerance` is False as well, and that lets NaN through.",
    )
    not_checked = (
        "attacks that nobody here has thought of. One that was thought of cannot be caught: "
        "copying the key into the log and into the result leaves what honest work leaves."
    )
    slips_through = (
        "a detector that takes a value off by one in ten thousand for the right one. The next "
        "attacker will notice."
    )

    def check(self, answer: Callable[..., bool]) -> str:
        """Try honest work first, then the attacks that were shown, then new ones."""
        let_in = {kind: self._share(answer, kind) for kind in self._kinds()}
        self.note(self._table(let_in))
        for kind, words in attacks.HONEST.items():
            self.expect(
                let_in[kind] == attacks.EACH,
                f"It turns honest work away: {words}. That happened in "
                f"{attacks.EACH - let_in[kind]} of {attacks.EACH} cases.",
            )
        for name, tricks in (("First", attacks.FIRST), ("Second", attacks.SECOND)):
            for kind, words in tricks.items():
                self.expect(
                    let_in[kind] == 0,
                    f"{name} round: *{kind}* gets through, {let_in[kind]} of {attacks.EACH} "
                    f"times: {words}",
                )
        self.note(
            f"One more attack was tried, *{attacks.UNSEEN}*: it gets through "
            f"{let_in[attacks.UNSEEN]} of {attacks.EACH} times, and through every detector that "
            "lets honest work in. Against it only another witness helps."
        )
        return f"It holds on {self.cases} counts: four kinds of honest work and eight attacks."

    @staticmethod
    def _kinds() -> list[str]:
        return [*attacks.HONEST, *attacks.FIRST, *attacks.SECOND, attacks.UNSEEN]

    @staticmethod
    def _share(answer: Callable[..., bool], kind: str) -> int:
        return sum(answer(*seen.shown) for seen in attacks.observations(kind))

    @staticmethod
    def _table(let_in: dict[str, int]) -> Table:
        rounds = {kind: "honest" for kind in attacks.HONEST}
        rounds |= {kind: "first round" for kind in attacks.FIRST}
        rounds |= {kind: "second round" for kind in attacks.SECOND}
        return Table(
            caption="Work and attacks, and how often your detector lets them in",
            columns=("what", "round", "let in"),
            rows=tuple(
                (kind, where, f"{let_in[kind]} of {attacks.EACH}") for kind, where in rounds.items()
            ),
        )

    right = (
        lambda task, log, result, recomputed: (
            math.isclose(result, recomputed, rel_tol=1e-6)
            and any(t == task and math.isclose(v, recomputed, rel_tol=1e-6) for t, v in log)
        ),
        lambda task, log, result, recomputed: bool(
            abs(result - recomputed) < 1e-4
            and min([abs(v - result) for t, v in log if t == task], default=1) < 1e-4
        ),
    )
    wrong: ClassVar = {
        "nothing bad in the log": (lambda task, log, result, recomputed: True, "*says so* gets"),
        "a line is enough": (
            lambda task, log, result, recomputed: any(t == task for t, v in log),
            "*log spoofing* gets through",
        ),
        "only the result": (
            lambda task, log, result, recomputed: math.isclose(result, recomputed, rel_tol=1e-6),
            "*result spoofing* gets through",
        ),
        "some line": (
            lambda task, log, result, recomputed: (
                bool(log) and math.isclose(result, recomputed, rel_tol=1e-6)
            ),
            "*a neighbour's line* gets through",
        ),
        "a line and a result": (
            lambda task, log, result, recomputed: (
                any(t == task for t, v in log) and math.isclose(result, recomputed, rel_tol=1e-6)
            ),
            "*an invented line* gets through",
        ),
        "task here, value there": (
            lambda task, log, result, recomputed: (
                any(t == task for t, v in log)
                and any(math.isclose(v, recomputed, rel_tol=1e-6) for t, v in log)
                and math.isclose(result, recomputed, rel_tol=1e-6)
            ),
            "*two halves* gets through",
        ),
        "not too far": (
            lambda task, log, result, recomputed: (
                not abs(result - recomputed) > 1e-6
                and any(t == task and not abs(v - recomputed) > 1e-6 for t, v in log)
            ),
            "*not a number* gets through",
        ),
        "one per cent": (
            lambda task, log, result, recomputed: (
                math.isclose(result, recomputed, rel_tol=0.01)
                and any(t == task and math.isclose(v, recomputed, rel_tol=0.01) for t, v in log)
            ),
            "*nearly* gets through",
        ),
        "exactly": (
            lambda task, log, result, recomputed: result == recomputed and (task, result) in log,
            "It turns honest work away: result and recomputation differ",
        ),
        "exactly one line": (
            lambda task, log, result, recomputed: (
                len(log) == 1 and math.isclose(result, recomputed, rel_tol=1e-6)
            ),
            "It turns honest work away: the tool was called twice",
        ),
    }

    @staticmethod
    def slipping(task: int, log: list[tuple[int, float]], result: float, recomputed: float) -> bool:
        """Return what `slips_through` describes."""
        near = {"rel_tol": 1e-4}
        return math.isclose(result, recomputed, **near) and any(
            t == task and math.isclose(v, recomputed, **near) for t, v in log
        )


ELSEWHERE = [place for place, one in enumerate(ORDER) if one >= EACH]
"""Which of the nine votes come from evaluators trained elsewhere."""


class Voting(VerifierChecker):
    """13.4: ``accepts(update)``, from the votes of nine evaluators."""

    key, title, difficulty, minutes = "13.4", "A verdict from correlated votes", 3, 20
    false_accept, false_reject = 5, 1
    naive = ("a majority approves", lambda update: update.votes.sum() > len(update.votes) / 2)
    hints = (
        "Make a table from the practice updates: for every evaluator, how often it approves good "
        "ones and how often stamp ones. Some of the nine are worse than no evaluator.",
        "`np.corrcoef` of the nine votes over the bad practice updates shows who belongs to whom: "
        "two blocks, and next to nothing between them.",
        "A bad update let through costs five times a good one turned away. How many of the useful "
        "votes must approve, at that price?",
    )
    not_checked = (
        "updates whose deployed change lay between -2 and +1 points, too little to call, which are "
        "more than half of all; and a machine that is optimised against these nine evaluators."
    )
    slips_through = (
        "a rule that looks at two of the four useful evaluators and ignores the other two."
    )
    why: ClassVar = {
        "stamp": "The stamp's gain rose. An evaluator that reads the stamp itself errs where the "
        "machine errs, and counts that as agreement.",
        "both": "Stamp and replay rose together; an evaluator that follows the stamp agrees.",
        "replay": "Replay rose. The damage is small and spread out, and hard to see for all nine.",
        "other": "The learning settings drifted to something worse, with neither gain risen.",
    }

    @classmethod
    def practice(cls) -> Sequence[VotedUpdate]:
        """Return the updates that the learner may look at, kinds included."""
        return load_bank("practice")

    @classmethod
    def held_out(cls) -> Sequence[VotedUpdate]:
        """Return the updates that decide, from other seeds."""
        return load_bank("held_out")

    def baselines(self) -> dict[str, float]:
        """Cost on the held-out bank of what one could do without thinking."""
        return dict(self._baseline_costs())

    @classmethod
    @cache
    def _baseline_costs(cls) -> dict[str, float]:
        unanimous = cls().confusion(lambda update: bool(update.votes.all()), cls.held_out())
        return VerifierChecker.baselines(cls()) | {
            "The careful rule (all nine approve)": unanimous.cost
        }

    right = (
        lambda update: bool(update.votes[ELSEWHERE].all()),
        lambda update: bool(update.votes[ELSEWHERE].sum() >= 3),
    )
    wrong: ClassVar = {
        "majority": (
            lambda update: bool(update.votes.sum() > 4),
            "stamp updates that were let through",
        ),
        "unanimous": (lambda update: bool(update.votes.all()), "good updates turned away"),
        "everything": (lambda update: True, "let through"),
        "any one": (lambda update: bool(update.votes.any()), "let through"),
        "the large family": (
            lambda update: bool(np.delete(update.votes, ELSEWHERE).all()),
            "updates that were let through",
        ),
        "nothing": (lambda update: False, "good updates turned away"),
    }

    @staticmethod
    def slipping(update: Any) -> bool:
        """Return what `slips_through` describes."""
        return bool(update.votes[ELSEWHERE[:2]].all())
