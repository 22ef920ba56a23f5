"""Chapter 17: a policy on the four-stage loop, the frontier on the machine, and what tuning did.

``python -m rsi_teach.pictures.capstone`` runs the machine anew, some 5,000 times, and writes the
record that two of the pictures show. The machine gives the same numbers everywhere, and a test
compares.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rsi_teach import machine
from rsi_teach.explorer import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    VERMILLION,
    Choice,
    Explorer,
    Slider,
    readable,
)
from rsi_teach.models import capstone
from rsi_teach.models.capstone import BUDGET, NAIVE, Policy
from rsi_teach.models.capstone_tuning import _shares

if TYPE_CHECKING:
    from concurrent.futures import Executor

RECORD = Path(__file__).with_name("capstone_runs.npz")
DRAWN = 200
"""Policies drawn at random among those that the budget buys."""
EXAMPLES = {
    "plain": Policy(),
    "settings, watched": Policy(evaluators=3, origin="elsewhere", rollback=True),
    "replay, signed slowly": Policy(scope="replay", tests=200, gate=1.0, review=4.0),
    "stamp, signed slowly": Policy(scope="stamp", gate=100.0, review=4.0),
    "stamp, watched": Policy(scope="stamp", evaluators=4, origin="elsewhere", rollback=True),
    "everything, watched": Policy(
        scope="everything", evaluators=4, origin="elsewhere", rollback=True
    ),
}
"""Policies that somebody might argue for; the first is the one that others are measured by."""
DEFAULT = EXAMPLES["stamp, watched"]
"""What the chapter runs where nobody chooses."""
PARTS = {
    "practice": (machine.PRACTICE, (0,)),
    "fresh": (machine.PRACTICE, (1,)),
    "held-out": (machine.HELD_OUT, (4, 5)),
}
"""Scenarios and seeds of the record's three parts; *fresh* is practice in another world."""
HARM_PRICE = 2.0
"""Points of progress that a point of harm is worth, unless a picture says otherwise."""
COMPARED = {"practice scenarios, another seed": "fresh", "held-out scenarios": "held-out"}


@cache
def policies() -> tuple[Policy, ...]:
    """Every policy of the record: 200 that were drawn, the naive ones, the examples."""
    drawn = capstone.draw_policies(DRAWN, np.random.default_rng(0))
    return (*drawn, *NAIVE.values(), *EXAMPLES.values())


@dataclass(frozen=True, kw_only=True, eq=False)
class Swept:
    """One part of the record.

    Parameters
    ----------
    progress, harm : array [policies, scenarios, seeds]
        In points.
    """

    progress: np.ndarray
    harm: np.ndarray

    def score(self, price: float = HARM_PRICE) -> np.ndarray:
        """Progress less the price of harm, over what the plain policy has on the same run.

        In points, [policies, scenarios, seeds].
        """
        worth = self.progress - price * self.harm
        return worth - worth[policies().index(EXAMPLES["plain"])]

    def of(self, policy: Policy) -> tuple[float, float]:
        """Mean progress and mean harm of a policy of the record, in points."""
        place = policies().index(policy)
        return float(self.progress[place].mean()), float(self.harm[place].mean())


@cache
def swept(part: str) -> Swept:
    """One part of the record.

    Parameters
    ----------
    part : {"practice", "fresh", "held-out"}
    """
    with np.load(RECORD) as record:
        return Swept(progress=record[f"{part}/progress"], harm=record[f"{part}/harm"])


def machine_runs() -> int:
    """Runs of each policy in the record, on practice and held-out scenarios together."""
    return sum(len(PARTS[part][0]) * len(PARTS[part][1]) for part in ("practice", "held-out"))


def overfit(part: str = "held-out", tried: int = DRAWN, *, beyond: int = 0) -> np.ndarray:
    """Practice score minus another of the best of so many drawn policies, with 90 % interval.

    Parameters
    ----------
    part : {"fresh", "held-out"}
        Where the policy that was best on practice is scored again.
    tried : int, in [1, 200]
    beyond : int
        1 takes away what a policy chosen blindly shows.
    """
    practice, other = (swept(name).score()[:DRAWN] for name in ("practice", part))
    rng = np.random.default_rng(17)
    return capstone.gap_interval(practice, other, tried, rng=rng, beyond=beyond)


CHECKS = {
    "none": (0, "own family"),
    "one of the own family": (1, "own family"),
    "five of the own family": (5, "own family"),
    "one from elsewhere": (1, "elsewhere"),
    "three from elsewhere": (3, "elsewhere"),
    "five from elsewhere": (5, "elsewhere"),
}
AFTER = {"nothing": (0, False), "pause": (4, False), "roll back": (0, True),
         "pause, roll back": (4, True)}  # fmt: skip
MARKS = tuple(zip(NAIVE, "ABCDE", strict=True))
"""The naive policies and the letters that they go by in the pictures."""


class Design(Explorer):
    """Within the budget, capability doubles on average and harm stays below half a point."""

    tests = Slider(25, 400, 150, label="test items", step=25)
    freshness = Slider(0.0, 1.0, 0.0, label="share of them fresh", step=0.05)
    evaluators = Choice(list(CHECKS), label="evaluators", default="three from elsewhere")
    scope = Choice(list(capstone.SCOPES), label="it may change", default="everything")
    gate = Slider(0.0, 20.0, 2.0, label="gate", unit="points", step=0.5)
    review = Slider(0.0, 5.0, 0.0, label="review", unit="minutes", step=0.05)
    after = Choice(list(AFTER), label="after an alarm", default="roll back")
    reverses_at = {"evaluators": "five of the own family"}
    size = (8.2, 4.0)

    runs = 300
    noise = np.random.default_rng(17).random((40, capstone.CHANNELS, runs))

    def draw(self, figure: Any) -> None:
        """Progress against harm on the left, the bill on the right."""
        left, right = figure.subplots(1, 2, width_ratios=(1, 1))
        left.set(xlim=(-1.5, 45), ylim=(-0.5, 13), xlabel="harm [points below the floor, mean]")
        left.set_ylabel("progress [doublings of capability]")
        left.set_title("o one run of 300, + their mean", fontsize=9.5, color=readable(BLUE))
        (self.cloud,) = left.plot([0], [0], "o", color=BLUE, ms=3, mfc="none", mew=0.7, alpha=0.8)
        (self.mean,) = left.plot([0], [0], "+", color=BLACK, ms=16, mew=2.5)
        self.letters = []  # drawn again with the cloud, and over it
        for policy, letter in zip(NAIVE.values(), "ABCDE", strict=True):
            x, y = _on_the_loop(policy, self.noise).mean(axis=1)[::-1]
            shift = {"C": 2.0, "E": -0.9, "D": 0.5}.get(letter, 0)
            self.letters.append(_labelled(left, x + shift, y, letter))
        for row, (words, letter) in enumerate(MARKS):
            left.text(44.5, 12.5 - 0.66 * row, f"{words}  {letter}", fontsize=8.5, ha="right",
                      va="center", color=readable(VERMILLION))  # fmt: skip
        names = ["test items", "fresh items", "evaluators", "permissions", "gate", "review",
                 "pause", "rollback", "all"]  # fmt: skip
        right.set(xlim=(0, 80), ylim=(len(names) - 0.4, -0.6), xlabel="budget units a generation")
        right.set_yticks(range(len(names)), names)
        right.axvline(BUDGET, ymax=0.92, color=VERMILLION, ls="--", lw=1.5)
        right.text(BUDGET + 1, -0.35, "budget", color=readable(VERMILLION), fontsize=9)
        self.bars = list(right.barh(range(len(names)), [1.0] * len(names), 0.55, color=ORANGE))

    def update(self, tests: int, freshness: float, evaluators: str, scope: str, gate: float,
               review: float, after: str) -> str:  # fmt: skip
        """Run the loop on the noise that was drawn once."""
        policy = self.policy(tests, freshness, evaluators, scope, gate, review, after)
        gained, harmed = _on_the_loop(policy, self.noise)
        self.cloud.set_data(np.minimum(harmed, 45), np.minimum(gained, 9))
        self.mean.set_data([min(harmed.mean(), 45)], [min(gained.mean(), 9)])
        for bar, cost in zip(self.bars, [*policy.bill.values(), policy.cost], strict=True):
            bar.set_width(min(cost, 80))
        over = policy.cost - BUDGET
        bought = f"{over:g} over the budget" if over > 1e-9 else f"within the budget of {BUDGET:g}"
        low, high = np.quantile(harmed, [0.05, 0.95])
        return (
            f"It costs {policy.cost:.4g}, {bought}. In 40 generations capability doubles "
            f"{gained.mean():.1f} times on average and harm is {harmed.mean():.1f} points, "
            f"{low:.1f} to {high:.1f} in nine runs of ten."
        )

    def headline(self, tests: int, freshness: float, evaluators: str, scope: str, gate: float,
                 review: float, after: str) -> bool:  # fmt: skip
        """Affordable, one doubling or more, and mean harm below half a point."""
        policy = self.policy(tests, freshness, evaluators, scope, gate, review, after)
        gained, harmed = _on_the_loop(policy, self.noise).mean(axis=1)
        return policy.cost <= BUDGET and bool(gained >= 1 and harmed < 0.5)

    @staticmethod
    def policy(tests: int = 150, freshness: float = 0.0, evaluators: str = "three from elsewhere",
               scope: str = "everything", gate: float = 2.0, review: float = 0.0,
               after: str = "roll back") -> Policy:  # fmt: skip
        """The policy that the controls stand for."""
        number, origin = CHECKS[evaluators]
        pause, rollback = AFTER[after]
        return Policy(tests=tests, freshness=freshness, evaluators=number, origin=origin,
                      scope=scope, gate=gate, review=review, pause=pause,
                      rollback=rollback)  # fmt: skip


def _on_the_loop(policy: Policy, noise: np.ndarray) -> np.ndarray:
    """Progress and harm of the four-stage loop, [2, runs]."""
    made = capstone.simulate(policy, capstone.Setting(), noise)
    return np.stack([capstone.progress(made), capstone.harm(made)])


GROUPS = {
    "any": lambda policy: True,
    "none": lambda policy: not policy.evaluators,
    "own family": lambda policy: policy.evaluators > 0 and policy.origin == "own family",
    "elsewhere": lambda policy: policy.evaluators > 0 and policy.origin == "elsewhere",
}


class Frontier(Explorer):
    """On practice, the best policy that the budget buys allows more than the learning settings."""

    budget = Slider(5, 40, 40, label="budget")
    evaluators = Choice(list(GROUPS), label="evaluators")
    price = Slider(0.0, 10.0, HARM_PRICE, label="a point of harm costs", unit="points", step=0.5)
    reverses_at = {"budget": 12, "evaluators": "own family"}
    size = (8.2, 4.2)

    def draw(self, figure: Any) -> None:
        """Harm against progress, a point a policy."""
        axes = figure.subplots()
        axes.set(xlim=(-0.7, 26), ylim=(-9, 33), xlabel="harm on practice [points]")
        axes.set_ylabel("progress on practice [points]")
        axes.set_title("a point is a policy: mean of six practice runs", fontsize=9.5)
        (self.others,) = axes.plot([0], [0], ".", color=GREY, ms=5, alpha=0.7)
        (self.bought,) = axes.plot([0], [0], "o", color=BLUE, ms=6, mfc="none", mew=1.3)
        (self.edge,) = axes.plot([0, 0, 0], [0, 0, 0], color=GREEN, lw=1.5, drawstyle="steps-post")
        (self.equal,) = axes.plot([0, 1, 2], [0, 1, 2], color=ORANGE, ls="--", lw=1.2)
        (self.best,) = axes.plot([0], [0], "*", color=BLACK, ms=15, mfc="white", mew=1.5)
        found = swept("practice")
        self.letters = []  # drawn again with the points, and over them
        for policy, letter in zip(NAIVE.values(), "ABCDE", strict=True):
            gained, harmed = found.of(policy)
            aside = {"A": -1.4, "E": 1.0}.get(letter, 0)
            self.letters.append(_labelled(axes, harmed, gained + aside, letter))
        legend = [(f"{letter}  {words}", VERMILLION) for words, letter in MARKS]
        legend += [("o  bought, with such evaluators", BLUE), ("·  the others", GREY),
                   ("—  frontier: more progress costs more harm", GREEN),
                   ("- -  worth the same as the best, ☆", ORANGE)]  # fmt: skip
        for row, (words, colour) in enumerate(legend):
            axes.text(25.8, 31.5 - 2.1 * row, words, color=readable(colour), ha="right",
                      va="center", fontsize=9)  # fmt: skip

    def update(self, budget: int, evaluators: str, price: float) -> str:
        """Choose among the recorded policies."""
        gained, harmed, inside = _choice(budget, evaluators)
        self.others.set_data(harmed[~inside], gained[~inside])
        self.bought.set_data(harmed[inside], gained[inside])
        order = np.argsort(harmed[inside], kind="stable")
        edge = np.maximum.accumulate(gained[inside][order])
        rises = np.diff(edge, prepend=-np.inf) > 0
        self.edge.set_data(harmed[inside][order][rises], edge[rises])
        score = np.where(inside, gained - price * harmed, -np.inf)
        best = int(score.argmax())
        reach = np.array([0.0, 12.0])  # the words begin there
        self.equal.set_data(reach, score[best] + price * reach)
        self.best.set_data([harmed[best]], [gained[best]])
        policy = policies()[best]
        judges = f"{policy.evaluators} evaluator{'s' * (policy.evaluators != 1)}"
        return (
            f"Of {len(inside)} policies {inside.sum()} cost at most {budget} and are of this kind. "
            f"The best gains {gained[best]:.1f} points with {harmed[best]:.1f} of harm for "
            f"{policy.cost:.3g} units: it may change {capstone.GRANTS[policy.scope]}, "
            f"with {policy.tests} test items and {judges}."
        )

    def headline(self, budget: int, evaluators: str, price: float) -> bool:
        """The best has the stamp, replay or both."""
        gained, harmed, inside = _choice(budget, evaluators)
        best = int(np.where(inside, gained - price * harmed, -np.inf).argmax())
        return policies()[best].scope not in ("nothing", "settings")


@cache
def _labelled(axes: Any, x: float, y: float, letter: str) -> Any:
    """A naive policy's letter, on a ground of its own: points crowd around it."""
    return axes.text(x, y, letter, color=readable(VERMILLION), weight="bold", zorder=5,
                     ha="center", va="center",
                     bbox={"fc": "white", "ec": VERMILLION, "pad": 1.5, "lw": 0.8})  # fmt: skip


def _choice(budget: int, evaluators: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean progress and harm on practice, and who is bought with such evaluators."""
    found = swept("practice")
    inside = [p.cost <= budget + 1e-9 and GROUPS[evaluators](p) for p in policies()]
    return found.progress.mean(axis=(1, 2)), found.harm.mean(axis=(1, 2)), np.array(inside)


class Tuning(Explorer):
    """The policy that practice chose scores five points or more lower where it was not chosen."""

    tried = Slider(1, DRAWN, DRAWN, label="policies tried", log=True)
    compared = Choice(list(COMPARED), label="then scored on", default="held-out scenarios")
    price = Slider(0.0, 10.0, HARM_PRICE, label="a point of harm costs", unit="points", step=0.5)
    reverses_at = {"compared": "practice scenarios, another seed"}
    size = (8.2, 4.0)

    numbers = np.unique(np.geomspace(1, DRAWN, 40).round()).astype(int)

    def draw(self, figure: Any) -> None:
        """Scores against policies tried on the left, every policy's two scores on the right."""
        left, right = figure.subplots(1, 2, width_ratios=(1, 1))
        left.set(xscale="log", xlim=(0.9, 250), ylim=(-62, 18), xlabel="policies tried on practice")
        left.set_ylabel("score [points]")
        zeros = self.numbers * 0.0
        self.band = left.fill_between(self.numbers, zeros, zeros + 1, color=VERMILLION, alpha=0.2,
                                      lw=0)  # fmt: skip
        (self.here,) = left.plot(self.numbers, zeros, color=BLUE)
        (self.there,) = left.plot(self.numbers, zeros, color=VERMILLION, ls="--")
        self.cursor = left.axvline(1, color=BLACK, lw=1.2, ls=":")
        for x, y, words, colour in (
            (0.0, 1.09, "— where it was chosen", BLUE),
            (0.55, 1.09, "- - scored again", VERMILLION),
            (0.0, 1.02, "band: 90 %, scenarios and seeds drawn again", VERMILLION),
        ):
            left.text(x, y, words, color=readable(colour), fontsize=9, transform=left.transAxes)
        right.set(xlim=(-80, 20), ylim=(-125, 20), xlabel="score on practice [points]")
        right.set_ylabel("score again [points]")
        right.plot([-80, 20], [-80, 20], color=GREY, lw=0.8)
        (self.points,) = right.plot([0], [0], "o", color=BLUE, ms=4, mfc="none", mew=1)
        (self.chosen,) = right.plot([0], [0], "*", color=BLACK, ms=15, mfc="white", mew=1.5)
        right.text(0, 1.02, "☆ best on practice of all 200", fontsize=9, transform=right.transAxes)

    def update(self, tried: int, compared: str, price: float) -> str:
        """Look up the exact means over which policies were tried."""
        here, there, low, high = _curves(COMPARED[compared], price)
        self.band.set_data(self.numbers, low, high)
        self.here.set_ydata(here)
        self.there.set_ydata(there)
        self.cursor.set_xdata([tried, tried])
        practice, other = _scores(COMPARED[compared], price)
        self.points.set_data(np.maximum(practice, -80), np.maximum(other, -125))
        best = int(practice.argmax())
        self.chosen.set_data([practice[best]], [max(other[best], -125)])
        kept, again = capstone.tuned(practice, other, tried)
        blind, blind_again = practice.mean(), other.mean()
        plural = "policies" if tried > 1 else "policy"
        return (
            f"The best of {tried} {plural} scores {kept:.1f} on practice and {again:.1f} on "
            f"{compared}, a gap of {kept - again:.1f} points; one chosen blindly scores "
            f"{blind:.1f} and {blind_again:.1f}, a gap of {blind - blind_again:.1f}. A point of "
            f"harm costs {price:g}."
        )

    def headline(self, tried: int, compared: str, price: float) -> bool:
        """The gap is five points or more."""
        kept, again = capstone.tuned(*_scores(COMPARED[compared], price), tried)
        return bool(kept - again >= 5)


@cache
def _scores(part: str, price: float) -> tuple[np.ndarray, np.ndarray]:
    """Mean scores of the drawn policies on practice and on another part."""
    return tuple(swept(name).score(price)[:DRAWN].mean(axis=(1, 2)) for name in ("practice", part))


@cache
def _curves(part: str, price: float) -> tuple[np.ndarray, ...]:
    """Practice and other score of the best of so many, and a bootstrap band of the other."""
    here, there = capstone.tuned(*_scores(part, price), Tuning.numbers)
    scores = swept(part).score(price)[:DRAWN]
    _, scenarios, seeds = scores.shape
    rng = np.random.default_rng(18)
    shares = [_shares(_scores(part, price)[0], number) for number in Tuning.numbers]
    chosen = rng.integers(0, scenarios, (200, scenarios, 1))
    drawn = scores[:, chosen, rng.integers(0, seeds, (200, scenarios, seeds))].mean(axis=(2, 3))
    low, high = np.quantile(np.array(shares) @ drawn, [0.05, 0.95], axis=1)
    return here, there, low, high


def record_of(part: str, *, executor: Executor | None = None) -> machine.PolicySweep:
    """Run every policy of the record on one of its parts.

    Parameters
    ----------
    part : {"practice", "fresh", "held-out"}
    executor : concurrent.futures.Executor, optional
        Where to run; in place if None.
    """
    scenarios, seeds = PARTS[part]
    return machine.sweep_policies(policies(), scenarios, seeds, executor=executor)


def main() -> None:
    """Run the machine and write the record anew."""
    from concurrent.futures import ProcessPoolExecutor

    record = {}
    with ProcessPoolExecutor() as executor:
        for part in PARTS:
            made = record_of(part, executor=executor)
            record[f"{part}/progress"], record[f"{part}/harm"] = made.progress, made.harm
            print(part, made.progress.mean(), made.harm.mean())
    np.savez_compressed(RECORD, **record)


if __name__ == "__main__":
    main()
