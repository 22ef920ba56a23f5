"""Chapter 08: how the answers to its four exercises are checked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar

import numpy as np

from rsi_teach.learn.checker import (
    Array,
    CannotBeChecked,
    Checker,
    DoesNotHold,
    Function,
    Table,
)
from rsi_teach.learn.checkers.overfitting_answers import (
    AGAINST_THE_LAST,
    ALL_ROUNDED,
    NO_STEP,
    NOT_ROUNDED,
    Oracle,
    best_single,
    mistaken_ladders,
    new_oracle,
    plain_ladder,
    probed,
    score_streams,
    voted,
)
from rsi_teach.learn.checkers.overfitting_bank import (
    GENERATIONS,
    QUESTIONS,
    ScoredUpdate,
    SpendingLab,
    Wicket,
    labs,
    load_updates,
    outcome,
)
from rsi_teach.learn.verifier import Confusion, VerifierChecker
from rsi_teach.models import overfitting
from rsi_teach.models.overfitting import Climb


class TheLadder(Checker):
    """08.1: ``ladder(scores, step)``, what is shown after each query."""

    key, title, difficulty, minutes = "08.1", "The Ladder", 1, 10
    asks = Function(example=(np.array([0.5, 0.61, 0.6, 0.7]), 0.05), returns=Array())
    hints = (
        "Keep one number, the best that has been shown so far. It begins at 0.",
        "A score counts if it is larger than that number plus the step. Otherwise the old number "
        "is shown once more.",
        "If it counts, it is rounded before it is kept: `round(score / step) * step`.",
    )
    not_checked = "steps that do not divide 1, and scores that lie exactly on a step."
    slips_through = "a ladder that is right for 500 queries and forgets its best score after that."
    steps = (0.01, 0.02, 0.05, 0.1)

    def check(self, answer: Callable[..., np.ndarray]) -> str:
        """Compare with the definition on rising, falling and random scores."""
        rng = np.random.default_rng(801)
        for step in self.steps:
            for shape, scores in score_streams(rng):
                got = answer(scores, step)
                if got.ndim != 1:
                    raise CannotBeChecked(
                        f"The ladder has shape {got.shape}; shape {scores.shape} is asked for."
                    )
                self.expect(
                    got.shape == scores.shape,
                    f"There are {len(scores)} scores, and your ladder shows {got.size} numbers: "
                    "one is shown after every query, whether it is new or not.",
                )
                at = f"{shape} scores and a step of {step}"
                self.agree(
                    got, overfitting.ladder(scores, step=step), at, mistaken_ladders(scores, step)
                )
        return f"It holds on {self.cases} counts: {len(self.steps)} steps, four kinds of scores."

    right = (
        lambda scores, step: overfitting.ladder(scores, step=step),
        lambda scores, step: plain_ladder(scores, step),
    )
    wrong: ClassVar = {
        "no step": (
            lambda scores, step: mistaken_ladders(scores, step)[NO_STEP],
            "every improvement",
        ),
        "not rounded": (
            lambda scores, step: mistaken_ladders(scores, step)[NOT_ROUNDED],
            "not rounded",
        ),
        "against the last": (
            lambda scores, step: mistaken_ladders(scores, step)[AGAINST_THE_LAST],
            "the query before",
        ),
        "all rounded": (
            lambda scores, step: mistaken_ladders(scores, step)[ALL_ROUNDED],
            "every score, rounded",
        ),
        "rises only": (
            lambda scores, step: np.unique(overfitting.ladder(scores, step=step)),
            "after every query",
        ),
    }

    @staticmethod
    def slipping(scores: np.ndarray, step: float) -> np.ndarray:
        """Return what `slips_through` describes."""
        first = overfitting.ladder(scores[:500], step=step)
        if len(scores) <= 500:
            return first
        return np.concatenate([first, overfitting.ladder(scores[500:], step=step)])


class RunTheAttack(Checker):
    """08.2: ``attack(oracle, items, queries, rng)``, labels that score well and know nothing."""

    key, title, difficulty, minutes = "08.2", "Run the attack", 2, 15
    hints = (
        "`rng.integers(0, 2, items)` is a random submission, and `oracle(labels)` says how large "
        "a share of it is right. No single one is worth much: keep them all.",
        "A submission that scores above one half points to the truth a little more often than "
        "not. One below one half does too, with its labels exchanged.",
        "Take labels as -1 and 1, add up the submissions, each with the sign of its score minus "
        "one half, and label every item by the sign of the sum.",
    )
    not_checked = (
        "more queries than four tenths of the items: there another attack is better, which "
        "changes one label at a time and reads off whether it was right."
    )
    slips_through = (
        "an attack that weighs submissions by their whole excess, not its sign; it is better still."
    )
    items, queries, tests, bar = 1000, 200, 20, 0.625

    @property
    def asks(self) -> Function:  # type: ignore[override]
        """A function, tried first on a short test that answers patiently."""
        first = (new_oracle(0, 20, 1000), 20, 12, np.random.default_rng(0))
        return Function(example=first, returns=Array())

    def check(self, answer: Callable[..., np.ndarray]) -> str:
        """Let it attack twenty tests, and score its labels there and on tests it never asked."""
        scores, elsewhere = [], []
        for seed in range(self.tests):
            oracle = new_oracle(seed + 1, self.items, self.queries)
            labels = self._attack(answer, oracle, seed)
            scores.append(oracle.score(labels))
            elsewhere.append(new_oracle(seed + 500, self.items, 0).score(labels))
            self.cases += 1
        mean = float(np.mean(scores))
        self.note(
            f"Your labels score {mean:.1%} on average on the tests that they asked, and "
            f"{np.mean(elsewhere):.1%} on others. With {self.queries} queries and {self.items:,} "
            "items the formula says 63.9 %."
        )
        if mean < self.bar:
            raise DoesNotHold(self._short(mean, min(scores)))
        return f"It holds on {self.cases} tests."

    def _attack(self, answer: Callable[..., np.ndarray], oracle: Oracle, seed: int) -> np.ndarray:
        try:
            labels = answer(oracle, self.items, self.queries, np.random.default_rng([seed, 9]))
        except CannotBeChecked:
            if oracle.refused:
                raise DoesNotHold(
                    f"{oracle.refused} There are {self.queries}, all in all."
                ) from None
            raise
        if labels.shape != (self.items,) or not np.all((labels == 0) | (labels == 1)):
            raise CannotBeChecked(
                f"The attack is to return {self.items} labels, each 0 or 1; it returned an array "
                f"of shape {labels.shape}."
            )
        return labels

    @staticmethod
    def _short(mean: float, least: float) -> str:
        text = f"The labels score {mean:.1%}, and 62.5 % is asked for. "
        if mean < 0.45:
            return f"{text}That is worse than guessing: a sign is the wrong way round."
        if mean < 0.515:
            return f"{text}That is guessing: the answers of the test do not get into the labels."
        if mean < 0.57:
            return (
                f"{text}About so much the best single submission has. Put the submissions "
                "together instead of choosing one."
            )
        return (
            f"{text}About so much comes out if half of the answers are thrown away. A submission "
            "below one half says as much as one above, the other way round; and a query per item "
            "learns one item, where a random submission asks about all."
        )

    right = (
        lambda oracle, items, queries, rng: voted(oracle, items, queries, rng),
        lambda oracle, items, queries, rng: voted(oracle, items, queries, rng, weigh=np.arctan),
    )
    wrong: ClassVar = {
        "guesses": (
            lambda oracle, items, queries, rng: rng.integers(0, 2, items),
            "That is guessing",
        ),
        "the best one": (
            lambda oracle, items, queries, rng: best_single(oracle, items, queries, rng),
            "the best single submission",
        ),
        "above chance only": (
            lambda oracle, items, queries, rng: voted(
                oracle, items, queries, rng, weigh=lambda excess: excess > 0
            ),
            "thrown away",
        ),
        "one at a time": (
            lambda oracle, items, queries, rng: probed(oracle, items, queries, rng),
            "thrown away",
        ),
        "the wrong way round": (
            lambda oracle, items, queries, rng: 1 - voted(oracle, items, queries, rng),
            "wrong way round",
        ),
        "asks too often": (
            lambda oracle, items, queries, rng: voted(oracle, items, queries + 1, rng),
            "too many scores",
        ),
    }

    @staticmethod
    def slipping(oracle: Oracle, items: int, queries: int, rng: np.random.Generator) -> np.ndarray:
        """Return what `slips_through` describes."""
        return voted(oracle, items, queries, rng, weigh=lambda excess: excess)


class SpendItems(Checker):
    """08.3: ``plan(budget, climb)``, fresh test items for sixty generations and the report."""

    key, title, difficulty, minutes = "08.3", "Sixty generations, one budget", 2, 20
    asks = Function(example=(1200, Climb()), returns=Array(shape=(GENERATIONS + 1,)))
    hints = (
        "Try plans with `overfitting.simulated_climb(climb, plan, runs=200, rng=...)`: "
        "`.value[-1].mean()` is what was reached, `.overstated[-1]` how far the report is off.",
        "What hurts progress is a small test: the winner of twelve is then the luckiest. A large "
        "test may be used again and again, and what it costs is an overstated score.",
        "The report does not have to come from the test that selected.",
    )
    not_checked = (
        "machines that study their test, or read something that only the lab has: there reuse "
        "costs far more than in this model, and fresh items help less."
    )
    slips_through = "a plan that leaves a tenth of its budget unspent."
    weight = 2.0

    def check(self, answer: Callable[..., np.ndarray]) -> str:
        """Compare what the plan earns with four simple ones, on labs nobody tuned it on."""
        rows = {"Your plan": self._earned(lambda lab: self._plan(answer, lab))}
        rows |= {
            words: self._earned(lambda lab, rule=rule: rule(lab.budget))
            for words, rule in SIMPLE_PLANS.items()
        }
        self.note(_earnings(rows))
        mine = rows.pop("Your plan")
        best = max(rows, key=lambda words: rows[words][0])
        if mine[0] <= rows[best][0]:
            raise DoesNotHold(self._no_better(mine, best, rows[best][0]))
        self.cases = len(labs("held_out"))
        return f"It earns more than every simple plan, over {self.cases} held-out labs."

    def _plan(self, answer: Callable[..., np.ndarray], lab: SpendingLab) -> np.ndarray:
        plan = answer(lab.budget, lab.climb)
        if np.any(plan < 0) or np.any(plan != np.floor(plan)):
            raise DoesNotHold("Items come whole, and no fewer than none.")
        if plan.sum() > lab.budget:
            raise DoesNotHold(
                f"The plan spends {plan.sum():,.0f} items, and {lab.budget:,} are to be had."
            )
        if plan[0] < 1:
            raise DoesNotHold("There is no test in the first generation: its entry is 0.")
        return plan

    def _earned(self, rule: Callable[[SpendingLab], np.ndarray]) -> tuple[float, float, float]:
        """Mean earnings, value and error of the report over the held-out labs."""
        found = np.array([
            outcome(lab, rule(lab), seed) for seed, lab in enumerate(labs("held_out"))
        ])  # fmt: skip
        value, off = found.mean(axis=0)
        return float(value - self.weight * off), float(value), float(off)

    @staticmethod
    def _no_better(mine: tuple[float, float, float], best: str, earned: float) -> str:
        text = f"Your plan earns {mine[0]:.1f}; “{best}” earns {earned:.1f}. "
        if mine[2] > 2.5:
            return text + (
                f"Its report is off by {mine[2]:.1f} points: the score on which the last version "
                "was chosen is what it was chosen for. Or the report's own test is very small."
            )
        return text + (
            f"The machine has come to {mine[1]:.1f} points only. Small tests choose lucky "
            "versions: a fresh test has no memory, but a small one has no eyes."
        )

    right = (
        lambda budget, climb: _split(budget, 0.75),
        lambda budget, climb: _split(budget, 0.6),
    )
    wrong: ClassVar = {
        "all at the start": (lambda budget, climb: _split(budget, 1.0), "what it was chosen for"),
        "fresh every time": (
            lambda budget, climb: SIMPLE_PLANS["the same in every generation"](budget),
            "Your plan earns",
        ),
        "five, and the last for the report": (
            lambda budget, climb: _evenly(budget, (0, 12, 24, 36, 48, 60)),
            "has no eyes",
        ),
        "overspends": (lambda budget, climb: _split(budget + 1, 0.5), "are to be had"),
        "nothing at first": (
            lambda budget, climb: _evenly(budget, (1, 60)),
            "no test in the first generation",
        ),
        "parts of items": (
            lambda budget, climb: _split(budget, 0.5) - 0.25,
            "Items come whole",
        ),
    }

    @staticmethod
    def slipping(budget: int, climb: Climb) -> np.ndarray:
        """Return what `slips_through` describes."""
        return _split(int(0.9 * budget), 0.7)


def _split(budget: int, share: float) -> np.ndarray:
    plan = np.zeros(GENERATIONS + 1, dtype=int)
    plan[0] = int(share * budget)
    plan[-1] = budget - plan[0]
    return plan


def _evenly(budget: int, at: Sequence[int]) -> np.ndarray:
    plan = np.zeros(GENERATIONS + 1, dtype=int)
    plan[list(at)] = budget // len(at)
    return plan


SIMPLE_PLANS: dict[str, Callable[[int], np.ndarray]] = {
    "everything at the start": lambda budget: _split(budget, 1.0),
    "the same in every generation": lambda budget: _evenly(budget, range(GENERATIONS + 1)),
    "four tests, one after the other": lambda budget: _evenly(budget, (0, 15, 30, 45)),
    "three tests, the last for the report": lambda budget: _evenly(budget, (0, 30, 60)),
}


def _earnings(rows: dict[str, tuple[float, float, float]]) -> Table:
    return Table(
        caption="Points reached, minus twice how far the report is off; mean of six held-out labs",
        columns=("plan", "earned", "reached", "report off by"),
        rows=tuple(
            (words, f"{earned:.1f}", f"{value:.1f}", f"{off:.1f}")
            for words, (earned, value, off) in rows.items()
        ),
    )


class GateKeeper(VerifierChecker):
    """08.4: ``accepts(update)``, from two scores, a null control and a gate that answers seldom."""

    key, title, difficulty, minutes = "08.4", "A verifier behind a noisy gate", 3, 20
    hints = (
        "Print practice updates of each kind, sorted by `control_after`. On exchanged pictures "
        "nobody can know anything: who scores there?",
        "The visible score rose or stayed in all of them. `update.ask()` tells whether the sealed "
        "items agree, if only roughly.",
        "Decide by the control what can be decided by it, and ask about the rest, while "
        "`update.questions_left` lasts.",
    )
    not_checked = (
        "updates that changed deployed accuracy too little to call, which are in neither bank, "
        "and leaks that go with the picture when pictures are exchanged."
    )
    slips_through = (
        "a rule that stops asking, and accepts nothing more, while twenty questions are left."
    )
    hidden = ("kind", "sealed_change")
    false_accept, false_reject = 5, 1
    naive = ("the visible score rose", lambda u: u.visible_after > u.visible_before)
    why: ClassVar = {
        "lucky": "It got items of this very test right, by luck. Sealed items do not agree.",
        "studied": "It was trained on the items that it failed. On exchanged pictures it scores "
        "as well as on real ones.",
        "stamped": "It reads the stamp. That is right in the lab, on sealed items too; only where "
        "the picture says nothing does it show.",
    }

    def __init__(self) -> None:
        super().__init__()
        self.wickets: list[Wicket] = []

    @classmethod
    def practice(cls) -> Sequence[ScoredUpdate]:
        """Return the updates that the learner may look at and ask about freely."""
        return load_updates("practice")

    @classmethod
    def held_out(cls) -> Sequence[ScoredUpdate]:
        """Return the updates that decide."""
        return load_updates("held_out")

    def check(self, answer: Callable[[Any], bool]) -> str:
        """Judge as every verifier, and say how often the gate was asked."""
        try:
            return super().check(answer)
        finally:
            first = self.wickets[0]
            self.note(f"It asked the gate {first.asked} times of {QUESTIONS}.")

    def confusion(self, rule: Callable[[Any], bool], bank: Iterable[Any]) -> Confusion:
        """Run a rule on a bank that comes through a wicket of its own."""
        wicket = Wicket(tuple(bank))
        self.wickets.append(wicket)
        try:
            return super().confusion(rule, wicket)  # type: ignore[arg-type]
        except CannotBeChecked:
            if wicket.refused:
                raise DoesNotHold(wicket.refused) from None
            raise

    right = (
        lambda update: _both_instruments(update, sealed=0.01),
        lambda update: _both_instruments(update, sealed=0.015),
    )
    wrong: ClassVar = {
        "everything": (lambda update: True, "updates that were let through"),
        "nothing": (lambda update: False, "good updates turned away"),
        "the visible score": (
            lambda update: update.visible_after > update.visible_before,
            "updates that were let through",
        ),
        "the control alone": (
            lambda update: update.control_after - update.control_before < 0.03,
            "lucky updates that were let through",
        ),
        "the gate alone": (
            lambda update: update.questions_left > 0 and update.ask() > 0,
            "updates that were let through",
        ),
        "asks about all": (lambda update: update.ask() > 0, "it was asked once more"),
    }

    @staticmethod
    def slipping(update: Any) -> bool:
        """Return what `slips_through` describes."""
        return update.questions_left > 20 and _both_instruments(update, sealed=0.01)


def _both_instruments(update: Any, *, sealed: float) -> bool:
    """Turn away what gains where nothing can be known; ask about the rest."""
    gained = update.control_after - update.control_before
    if update.control_after > 0.5 or gained > 0.03 or not update.questions_left:
        return False
    return update.ask() > sealed
