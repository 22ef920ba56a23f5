"""Chapter 12: how the answers to its four exercises are checked."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any, ClassVar

import numpy as np
from scipy.special import ndtri

from rsi_teach.learn.answers import DoesNotHold
from rsi_teach.learn.checker import Checker, Function, Number
from rsi_teach.learn.checkers.gates_bank import STAKES, Offered, load_bank
from rsi_teach.learn.faces import Table
from rsi_teach.learn.planted import PlantedFlawChecker
from rsi_teach.learn.verifier import VerifierChecker, View
from rsi_teach.models import gates
from rsi_teach.models.gates import Desk


class ReviewersNeeded(Checker):
    """12.1: ``reviewers(arrival, minutes, limit, share)``, the fewest who keep a promise."""

    key, title, difficulty, minutes = "12.1", "How many reviewers?", 1, 12
    asks = Function(example=(12.0, 10.0, 5.0, 0.9), returns=Number(low=0))
    hints = (
        "`gates.wait_exceeds(n, limit, arrival=arrival, minutes=minutes)` is the chance that an "
        "update waits longer than the limit, with n reviewers.",
        "With too few reviewers it is 1, and it falls with every further one. Try 1, 2, 3, ...",
        "Return the first number for which it is at most 1 - share.",
    )
    not_checked = (
        "reviews whose lengths are not exponential, and hours in which more comes than on average."
    )
    slips_through = "a search that gives up at 200 reviewers."
    cases_asked = (
        *((60, 10, 2, 0.95), (12, 10, 5, 0.9), (12, 10, 0, 0.9), (1, 30, 60, 0.5)),
        *((6, 20, 10, 0.99), (120, 15, 5, 0.8), (240, 0.5, 0, 0.99), (9, 20, 30, 0.6)),
    )

    def check(self, answer: Callable[..., float]) -> str:
        """Compare with Erlang's formula, at loads that are whole numbers too."""
        for arrival, length, limit, share in self.cases_asked:
            at = f"arrival = {arrival}, minutes = {length}, limit = {limit}, share = {share}"
            case = (float(arrival), float(length), float(limit), share)
            self.agree(answer(*case), _fewest(*case), at, self._mistakes(*case))
        self.note(
            "Sixty updates an hour of ten minutes' work each, begun within two minutes in 95 cases "
            "of 100, need fifteen reviewers, who work for two thirds of their time. Eleven would "
            "keep up."
        )
        return f"It holds on {self.cases} desks."

    @staticmethod
    def _mistakes(arrival: float, length: float, limit: float, share: float) -> dict[str, float]:
        load = arrival * length / 60
        at_once = float(_fewest(arrival, length, 0.0, share))
        return {
            "That is just enough to keep up. At that number nearly every update waits, and for "
            "long: arrivals come in bunches.": float(math.ceil(load + 1e-9)),
            "That is the number for no wait at all. A wait up to the limit is allowed.": at_once,
            "That keeps the mean wait under the limit. Asked is a share of the updates, and the "
            "mean hides a long tail.": _by_mean(arrival, length, limit),
            "That is one too many: the number before it keeps the promise already.": float(
                _fewest(arrival, length, limit, share) + 1
            ),
        }

    right = (
        lambda arrival, minutes, limit, share: _fewest(arrival, minutes, limit, share),
        lambda arrival, minutes, limit, share: next(
            n
            for n in range(1, 500)
            if gates.wait_exceeds(n, limit, arrival=arrival, minutes=minutes) <= 1 - share
        ),
    )
    wrong: ClassVar = {
        "just enough": (
            lambda arrival, minutes, limit, share: math.floor(arrival * minutes / 60) + 1,
            "just enough to keep up",
        ),
        "at once": (
            lambda arrival, minutes, limit, share: _fewest(arrival, minutes, 0.0, share),
            "no wait at all",
        ),
        "by the mean": (
            lambda arrival, minutes, limit, share: _by_mean(arrival, minutes, limit),
            "the mean hides a long tail",
        ),
        "one too many": (
            lambda arrival, minutes, limit, share: _fewest(arrival, minutes, limit, share) + 1,
            "one too many",
        ),
        "always three": (lambda arrival, minutes, limit, share: 3, "it should be"),
    }

    @staticmethod
    def draw(rng: np.random.Generator) -> tuple[float, float, float, float]:
        """Return a desk, some with hundreds of reviewers."""
        return (
            rng.uniform(5, 900),
            rng.uniform(2, 15),
            rng.uniform(0.5, 10),
            rng.uniform(0.5, 0.99),
        )

    @staticmethod
    def slipping(arrival: float, minutes: float, limit: float, share: float) -> int:
        """Return what `slips_through` describes."""
        return min(_fewest(arrival, minutes, limit, share), 200)


@cache
def _fewest(arrival: float, length: float, limit: float, share: float) -> int:
    load = arrival * length / 60
    counts = np.arange(1, int(load + 10 * math.sqrt(load + 4)) + 3)
    late = gates.wait_exceeds(counts, limit, arrival=arrival, minutes=length)
    return int(counts[np.argmax(late <= 1 - share + 1e-12)])


@cache
def _by_mean(arrival: float, length: float, limit: float) -> float:
    counts = np.arange(1, 400)
    waits = gates.mean_wait(counts, arrival=arrival, minutes=length)
    return float(counts[np.argmax(waits <= max(limit, 1e-9))])


class FastestLoop(Checker):
    """12.2: ``fastest(reviewers, wanted, skill, busy, margin)``, updates an hour."""

    key, title, difficulty, minutes = "12.2", "Where review becomes a coin", 2, 14
    asks = Function(example=(2, 60.0, 0.25, 0.9, 0.1), returns=Number(low=0))
    hints = (
        "A reviewer with t minutes is right with probability Phi(skill · sqrt(t)). For which t is "
        "that one half plus the margin? `scipy.special.ndtri` is the inverse of Phi.",
        "The desk has 60 · busy · reviewers minutes of review in every hour. Into how many pieces "
        "of that length do they go?",
        "If even the minutes that are wanted are too few for the margin, no speed keeps it: "
        "return 0.",
    )
    not_checked = (
        "reviewers who know how rare bad updates are, and the time that each change of task costs."
    )
    slips_through = "a function that is wrong for desks of more than a thousand."
    cases_asked = (
        *((1, 60.0, 2 / math.sqrt(60), 0.9, 0.05), (2, 60.0, 0.25, 0.9, 0.1)),
        *((5, 30.0, 0.4, 0.75, 0.25), (1, 10.0, 0.1, 1.0, 0.2), (3, 5.0, 0.3, 0.8, 0.01)),
        *((40, 15.0, 0.15, 0.85, 0.15), (1, 4.0, 0.5, 0.9, 0.34)),
    )

    def check(self, answer: Callable[..., float]) -> str:
        """Compare with the closed form, at margins in and out of reach."""
        for case in self.cases_asked:
            reviewers, wanted, skill, busy, margin = case
            desk = Desk(reviewers=reviewers, wanted=wanted, skill=skill, busy=busy)
            at = (
                f"reviewers = {reviewers}, wanted = {wanted:g}, skill = {skill:.3g}, "
                f"busy = {busy:g}, margin = {margin:g}"
            )
            right = gates.coin_flip_rate(desk, margin=margin)
            self.agree(answer(*case), right, at, self._mistakes(*case, right))
        self.note(
            "The chapter's reviewer, alone: 228 updates an hour, one every 16 seconds, leave five "
            "points over a coin. A second reviewer doubles that."
        )
        return f"It holds on {self.cases} desks."

    @staticmethod
    def _mistakes(
        reviewers: int, wanted: float, skill: float, busy: float, margin: float, right: float
    ) -> dict[str, float]:
        needed = (ndtri(0.5 + margin) / skill) ** 2
        formula = 60 * busy * reviewers / needed
        return {
            "The margin is out of reach even in the minutes that are wanted: no speed keeps it, so "
            "the answer is 0.": formula if right == 0 else -1.0,
            "That is per minute. Asked is per hour.": right / 60,
            "The reviewers work for only part of their time: `busy` is missing.": right / busy,
            "That is one reviewer's rate. The updates are shared among them.": right / reviewers,
            "The time goes with the *square*: evidence grows with the root of the minutes.": (
                60 * busy * reviewers / math.sqrt(needed)
            ),
            "You took the margin for the accuracy. A coin is right half of the time, and the "
            "margin comes on top.": 60 * busy * reviewers / (ndtri(margin) / skill) ** 2,
            "That is the minutes per review, not the updates per hour.": needed,
            "That is how often the desk can give the minutes that are wanted. The margin may need "
            "fewer.": 60 * busy * reviewers / wanted,
        }

    right = (
        lambda reviewers, wanted, skill, busy, margin: gates.coin_flip_rate(
            Desk(reviewers=reviewers, wanted=wanted, skill=skill, busy=busy), margin=margin
        ),
        lambda reviewers, wanted, skill, busy, margin: _rate(
            reviewers, wanted, skill, busy, 0.5 + margin
        ),
    )
    wrong: ClassVar = {
        "out of reach": (
            lambda reviewers, wanted, skill, busy, margin: (
                60 * busy * reviewers / (ndtri(0.5 + margin) / skill) ** 2
            ),
            "out of reach",
        ),
        "per minute": (
            lambda *case: _rate(*case[:4], 0.5 + case[4]) / 60,
            "That is per minute",
        ),
        "always busy": (
            lambda r, wanted, skill, busy, margin: _rate(r, wanted, skill, 1.0, 0.5 + margin),
            "`busy` is missing",
        ),
        "alone": (
            lambda r, wanted, skill, busy, margin: _rate(1, wanted, skill, busy, 0.5 + margin),
            "one reviewer's rate",
        ),
        "no square": (
            lambda r, wanted, skill, busy, margin: 60 * busy * r * skill / ndtri(0.5 + margin),
            "with the *square*",
        ),
        "margin as accuracy": (
            lambda r, wanted, skill, busy, margin: 60 * busy * r * (skill / ndtri(margin)) ** 2,
            "the margin for the accuracy",
        ),
        "minutes": (
            lambda r, wanted, skill, busy, margin: (ndtri(0.5 + margin) / skill) ** 2,
            "not the updates per hour",
        ),
        "what is wanted": (
            lambda r, wanted, skill, busy, margin: 60 * busy * r / wanted,
            "the minutes that are wanted",
        ),
    }

    @staticmethod
    def slipping(reviewers: int, wanted: float, skill: float, busy: float, margin: float) -> float:
        """Return what `slips_through` describes."""
        return _rate(min(reviewers, 1000), wanted, skill, busy, 0.5 + margin)


def _rate(reviewers: float, wanted: float, skill: float, busy: float, accuracy: float) -> float:
    minutes = (ndtri(accuracy) / skill) ** 2
    return 60 * busy * reviewers / minutes if minutes <= wanted else 0.0


class UnderCosts(VerifierChecker):
    """12.3: ``accepts(update)``, where what is at stake stands on every update."""

    key, title, difficulty, minutes = "12.3", "A gate under costs", 3, 22
    false_accept, false_reject = 4, 1
    naive = ("the share that follows the stamp rose", lambda update: update.swap <= 0)
    why: ClassVar = {"bad": "Its accuracy falls when it is deployed, by a point or more."}
    hints = (
        "Sort the practice updates by `swap` and write down which are bad. Do the same with `jump` "
        "and `moved`. Which of the three sorts them?",
        "Take the updates of one stake only and find the threshold that costs least there. Then "
        "take the next stake.",
        "The higher the stake, the lower the threshold. At a stake of 16 an update should lean on "
        "the stamp less than before; at 1 it may lean on it a little more.",
    )
    not_checked = (
        "whether the rule would hold the machine in a loop, where it chooses the next updates, and "
        "machines with other permissions."
    )
    slips_through = "a table of three thresholds, which says nothing about a stake of 8."

    @classmethod
    def practice(cls) -> Sequence[Offered]:
        """Return the updates that the learner may look at, kinds included."""
        return load_bank("practice")

    @classmethod
    def held_out(cls) -> Sequence[Offered]:
        """Return the updates that decide, from other seeds."""
        return load_bank("held_out")

    def check(self, answer: Callable[[Any], bool]) -> str:
        """Compare the cost on the held-out bank, stakes counted, with what needs less thought."""
        rows, practised = (self.by_stake(answer, b) for b in (self.held_out(), self.practice()))
        cost, before = (sum(row[3] for row in r.values()) for r in (rows, practised))
        baselines = self.baselines()
        self.note(self._by_stake_table(rows))
        self.note(self._cost_table(cost, before, baselines))
        cheapest = min(baselines, key=baselines.__getitem__)
        if cost >= baselines[cheapest]:
            raise DoesNotHold(self._why_not(answer, rows, cheapest, baselines[cheapest]))
        self.cases = len(self.held_out())
        return f"It costs less than every baseline, on {self.cases} held-out updates."

    def by_stake(
        self, rule: Callable[[Any], bool], bank: Sequence[Offered]
    ) -> dict[float, list[float]]:
        """For each stake: updates, bad ones let through, good ones turned away, and the cost."""
        rows = {stake: [0.0] * 4 for stake in STAKES}
        for update in bank:
            row, accepted = rows[update.stake], rule(View(update, self.hidden))
            row[0] += 1
            if accepted and update.kind == "bad":
                row[1] += 1
                row[3] += update.stake
            if not accepted and update.kind == "good":
                row[2] += 1
                row[3] += self.false_reject
        return rows

    def baselines(self) -> dict[str, float]:
        """Cost on the held-out bank of what needs less thought."""
        return dict(self._baseline_costs())

    @classmethod
    @cache
    def _baseline_costs(cls) -> dict[str, float]:
        words, naive = cls.naive
        single = cls.best_single()
        rules = {
            "Accepting everything": lambda update: True,
            "Rejecting everything": lambda update: False,
            f"The naive rule (reject if {words})": naive,
            "The best single threshold on practice": lambda update: update.swap <= single,
        }
        return {
            name: sum(row[3] for row in cls().by_stake(rule, cls.held_out()).values())
            for name, rule in rules.items()
        }

    @classmethod
    def best_single(cls) -> float:
        """Return the threshold on `swap`, whatever is at stake, that costs least on practice."""
        levels = sorted({update.swap for update in cls.practice()})
        costs = [
            sum(
                row[3]
                for row in cls().by_stake(lambda u, c=c: u.swap <= c, cls.practice()).values()
            )
            for c in levels
        ]
        return levels[int(np.argmin(costs))]

    def _by_stake_table(self, rows: dict[float, list[float]]) -> Table:
        return Table(
            caption=f"What it did with {len(self.held_out())} held-out updates",
            columns=("at stake", "updates", "bad let through", "good turned away", "cost"),
            rows=tuple((f"{s:g}", *(f"{value:g}" for value in row)) for s, row in rows.items()),
        )

    def _cost_table(self, cost: float, practised: float, baselines: dict[str, float]) -> Table:
        costs = {
            "Your gate": cost,
            f"Your gate on the {len(self.practice())} practice updates": practised,
            **baselines,
        }
        return Table(
            caption="Costs: what is at stake for a bad update let through, 1 for a good one "
            "turned away",
            columns=("rule", "cost"),
            rows=tuple((rule, f"{value:g}") for rule, value in costs.items()),
        )

    def _why_not(
        self, rule: Callable[[Any], bool], rows: dict[float, list[float]], words: str, least: float
    ) -> str:
        """Say which baseline was not beaten, and what most of the cost comes from."""
        cost = sum(row[3] for row in rows.values())
        text = f"Your gate costs {cost:g}; {words[0].lower()}{words[1:]} costs {least:g}. "
        away = sum(row[2] for row in rows.values())
        worst = max(rows, key=lambda stake: rows[stake][1] * stake)
        through = rows[worst][1] * worst
        if max(through, away) > cost / 2 and cost > 1.3 * least:
            if through >= away:
                return (
                    f"{text}Most of it: {rows[worst][1]:g} bad updates let through where "
                    f"{worst:g} was at stake."
                )
            return f"{text}Most of it: {away:g} good updates turned away."
        if not self._minds_the_stake(rule):
            return (
                f"{text}It gives the same answer whatever is at stake. An update worth a risk of 1 "
                "need not be worth a risk of 16."
            )
        return f"{text}It minds what is at stake. Which threshold is best at each stake?"

    def _minds_the_stake(self, rule: Callable[[Any], bool]) -> bool:
        def answers(update: Offered) -> set[bool]:
            return {rule(View(replace(update, stake=s), self.hidden)) for s in STAKES}

        return any(len(answers(update)) > 1 for update in self.practice())

    right = (
        lambda update: update.swap <= 0.02 - 0.01 * math.log2(max(update.stake, 0.5)) * 0.8,
        lambda update: update.swap <= 0.02 - 0.002 * update.stake,
    )
    wrong: ClassVar = {
        "everything": (lambda update: True, "bad updates let through where 16 was at stake"),
        "nothing": (lambda update: False, "good updates turned away"),
        "one threshold": (lambda update: update.swap <= 0, "the same answer whatever is at stake"),
        "the visible score": (
            lambda update: update.jump > 0,
            "bad updates let through where 16 was at stake",
        ),
        "the stakes turned round": (
            lambda update: update.swap <= {1.0: -0.01, 4.0: 0.0, 16.0: 0.02}[update.stake],
            "was at stake",
        ),
        "too careful": (
            lambda update: update.swap <= {1.0: -0.02, 4.0: -0.02, 16.0: -0.1}[update.stake],
            "It minds what is at stake",
        ),
    }

    @staticmethod
    def slipping(update: Any) -> bool:
        """Return what `slips_through` describes."""
        return bool(update.swap <= {1.0: 0.02, 4.0: 0.0, 16.0: -0.013}[update.stake])


CLAIMS = {
    "A": "Chapter 12: a gate stops 90 % of the bad updates and 10 % of the good ones, and one "
    "update in a thousand is bad. Of those that it stops, 0.9 % are bad.",
    "B": "Chapter 12: of 10,000 updates 100 are bad. A score with d' = 2 hands the most suspicious "
    "2,000 to reviewers, who are right about 95 % of the bad and 95 % of the good ones that they "
    "read. Of the bad updates, 5 are deployed on average.",
    "C": "Chapter 12: two reviewers, 16 updates an hour, six minutes a review on average: 71 % of "
    "the updates wait, and the mean wait over all of them is 10.7 minutes.",
    "D": "Chapter 13: three checks miss one bad update in ten each. Independent, all three miss "
    "one in a thousand; beta-binomial with a correlation of 0.3, about 19 in a thousand.",
    "E": "Chapter 14: 100 tests on every version, all passed, and what was shown for one counts "
    "half for the next: however many versions, the bound at 95 % never falls below about 1.5 %.",
    "F": "Chapter 14: a release is worth 1 with probability 0.9 and costs 5 otherwise. Going now "
    "is worth 0.40; perfect news after one year, discounted at 5 % a year, makes it 0.856.",
}
REASONS = (
    "a hit rate taken for a predictive value",
    "a share of what was read taken for a share of all",
    "a queue that never settles",
    "correlated checks multiplied",
    "a mean taken for a chance",
    "evidence counted twice",
)


class PlantedFlaw(PlantedFlawChecker):
    """12.4: which of the six claims about Part IV is wrong, and what was mixed up in it."""

    key, title, difficulty, minutes = "12.4", "The planted flaw of Part IV", 2, 14
    hints = (
        "Five of the claims can be confirmed with a line or two each, from `rsi_teach.models`, "
        "SciPy or a formula on paper. Chapters 13 and 14 may still lie ahead of you: a beta "
        "distribution's third moment does for one, a geometric series for the other.",
        "In the wrong claim no number was miscalculated. Ask of each share: a share of what?",
    )
    claims, reasons = CLAIMS, REASONS
    question = "what was taken for what?"
    salt = "rsi-teach, part IV"
    seal = "353f198713245364073acdaf4a476c977fcf6f0a5cc0ad4b219adc4452e6cbcc"
