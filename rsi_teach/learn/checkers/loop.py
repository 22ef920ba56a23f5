"""Chapter 02: how the answers to its four exercises are checked."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from rsi_teach.learn.checker import Array, Checker, DoesNotHold, Function, Instance
from rsi_teach.learn.checkers.loop_bank import BankedUpdate, load_bank
from rsi_teach.learn.planted import PlantedFlawChecker
from rsi_teach.learn.verifier import VerifierChecker
from rsi_teach.machine import GENES, PRESETS, Genome, Permissions, mutate


class SelfAdapting(Checker):
    """02.1: ``self_adapting(genome, rng)``, a child whose step moved first."""

    key, title, difficulty, minutes = "02.1", "The self-adapting proposal", 2, 12
    asks = Function(example=(Genome(), np.random.default_rng(0)), returns=Instance(of=Genome))
    hints = (
        "Four independent standard normal draws: one for the step, one for each of bandwidth, "
        "ridge and contrast. `rng.standard_normal(4)` gives them.",
        "First the new step: the old one times exp(z). Then each other gene: its old value times "
        "exp(new step · its own z).",
        "`genome.changed(step=..., bandwidth=..., ...)` returns the child, each gene held at the "
        "ends of its range.",
    )
    not_checked = "genomes other than one, and draws that only look normal."
    slips_through = (
        "a step whose logarithm follows a logistic distribution of unit spread, which 4,000 "
        "children cannot tell from a normal one."
    )
    parent = Genome(bandwidth=4.0, ridge=3.0, contrast=2.0, stamp=0.2, replay=0.5, step=0.05)
    children = 4000
    moving = ("bandwidth", "ridge", "contrast")

    def check(self, answer: Callable[..., Genome]) -> str:
        """Draw many children of one genome and look at how their genes are spread."""
        once, again = (answer(self.parent, np.random.default_rng(7)) for _ in range(2))
        self.expect(
            once == again,
            "Called twice with generators in the same state, it returns two different children. "
            "Take every draw from `rng`.",
        )
        rng = np.random.default_rng(20)
        brood = [answer(self.parent, rng) for _ in range(self.children)]
        born = {gene: np.array([getattr(child, gene) for child in brood]) for gene in GENES}
        self._kept(born)
        step = np.log(born["step"] / self.parent.step)
        self._step(step)
        draws = [step, *(self._draws(gene, born) for gene in self.moving)]
        self._independent(np.corrcoef(draws))
        return f"It holds on {self.cases} counts, over {self.children:,} children of one genome."

    def _kept(self, born: dict[str, np.ndarray]) -> None:
        for gene in ("stamp", "replay"):
            self.expect(
                bool(np.all(born[gene] == getattr(self.parent, gene))),
                f"The {gene} gene moved. Only bandwidth, ridge, contrast and step may.",
            )

    def _step(self, logs: np.ndarray) -> None:
        self.expect(
            bool(np.any(logs != 0)),
            "The step never moved: that is the human schedule, not self-adaptation.",
        )
        self.expect(
            bool(np.ptp(logs) > 0),
            "Every child has the same step. Draw from `rng` at every call, and do not seed it.",
        )
        self.expect(
            bool(np.mean(logs == logs.min()) < 0.01),
            "The step has a floor. The machine's own has one; here it may shrink freely.",
        )
        self._normal(logs, "The logarithm of new step over old step")

    def _draws(self, gene: str, born: dict[str, np.ndarray]) -> np.ndarray:
        """Undo the mutation of a gene: what is left should be standard normal draws."""
        old, new, step = getattr(self.parent, gene), born[gene], born["step"]
        logs = np.log(new / old)
        if np.all(logs == 0):
            raise DoesNotHold(f"The {gene} never moved.")
        mistakes = {
            f"The {gene} moves by the old step. The step mutates first, and it is the new step "
            "that moves the others: otherwise a good step is never what made a child good.": logs
            / self.parent.step,
            f"The {gene} is moved by adding. Multiply by exp(step · z): it can then neither turn "
            "negative nor stall when it is small.": (new - old) / step,
        }
        for message, undone in mistakes.items():
            if _spread_is_one(undone):
                raise DoesNotHold(message)
        self._normal(logs / step, f"The logarithm of new {gene} over old, divided by the new step,")
        return logs / step

    def _normal(self, draws: np.ndarray, what: str) -> None:
        mean, spread = draws.mean(), draws.std()
        at_home = abs(mean) < 5 / math.sqrt(self.children) and _spread_is_one(draws)
        self.expect(
            bool(at_home and _distance_to_normal(draws) < 2.6 / math.sqrt(self.children)),
            f"{what} has mean {mean:.2f} and standard deviation {spread:.2f} over "
            f"{self.children:,} children; a standard normal draw has 0 and 1.",
        )

    def _independent(self, correlations: np.ndarray) -> None:
        largest = np.abs(correlations - np.eye(len(correlations))).max()
        self.expect(
            bool(largest < 5 / math.sqrt(self.children)),
            f"Two genes move together (correlation {largest:.2f}): each needs a draw of its own.",
        )

    right = (
        lambda genome, rng: _child(genome, rng.standard_normal(4)),
        lambda genome, rng: mutate(genome, rng.standard_normal(6), Permissions(), slowest=0.001),
    )
    wrong: ClassVar = {
        "the old step": (
            lambda genome, rng: replace(
                _child(replace(genome, step=0.05), [0, *rng.standard_normal(3)]),
                step=_child(genome, [rng.standard_normal(), 0, 0, 0]).step,
            ),
            "moves by the old step",
        ),
        "a fixed step": (
            lambda genome, rng: _child(genome, [0, *rng.standard_normal(3)]),
            "that is the human schedule",
        ),
        "one draw for all": (
            lambda genome, rng: _child(genome, [rng.standard_normal()] * 4),
            "Two genes move together",
        ),
        "adds": (
            lambda genome, rng: _added(genome, rng.standard_normal(4)),
            "is moved by adding",
        ),
        "its own seed": (
            lambda genome, rng: _child(genome, np.random.default_rng(1).standard_normal(4)),
            "Every child has the same step",
        ),
        "another generator": (
            lambda genome, rng: _child(genome, np.random.default_rng().standard_normal(4)),
            "two different children",
        ),
        "the stamp too": (
            lambda genome, rng: mutate(genome, rng.standard_normal(6), PRESETS["stamp"]),
            "The stamp gene moved",
        ),
        "with the machine's floor": (
            lambda genome, rng: mutate(genome, rng.standard_normal(6), Permissions()),
            "The step has a floor",
        ),
        "even draws": (
            lambda genome, rng: _child(genome, rng.uniform(-1, 1, 4)),
            "a standard normal draw has 0 and 1",
        ),
    }

    @staticmethod
    def slipping(genome: Genome, rng: np.random.Generator) -> Genome:
        """Return what `slips_through` describes."""
        step = rng.logistic(scale=math.sqrt(3) / math.pi)
        return _child(genome, [step, *rng.standard_normal(3)])


def _spread_is_one(draws: np.ndarray) -> bool:
    return abs(draws.std() - 1) < 5 / math.sqrt(2 * len(draws))


def _distance_to_normal(draws: np.ndarray) -> float:
    """Kolmogorov's distance between the draws and the standard normal distribution."""
    ends = np.arange(len(draws) + 1) / len(draws)
    exact = np.array([0.5 * math.erfc(-z / math.sqrt(2)) for z in np.sort(draws)])
    return float(max(np.max(ends[1:] - exact), np.max(exact - ends[:-1])))


def _child(genome: Genome, z: Sequence[float]) -> Genome:
    step = genome.step * math.exp(z[0])
    return genome.changed(
        step=step,
        bandwidth=genome.bandwidth * math.exp(step * z[1]),
        ridge=genome.ridge * math.exp(step * z[2]),
        contrast=genome.contrast * math.exp(step * z[3]),
    )


def _added(genome: Genome, z: Sequence[float]) -> Genome:
    step = genome.step * math.exp(z[0])
    return genome.changed(
        step=step,
        bandwidth=genome.bandwidth + step * z[1],
        ridge=genome.ridge + step * z[2],
        contrast=genome.contrast + step * z[3],
    )


class Queries(Checker):
    """02.2: ``queries(generations, proposals, items, fresh)``: scores returned, items read."""

    key, title, difficulty, minutes = "02.2", "How often was the test asked?", 1, 8
    asks = Function(example=(60, 12, 150, False), returns=Array(shape=(2,)))
    hints = (
        "A query is one score that the test returns for one version, whatever becomes of it.",
        "Before the first generation the machine needs the score of the version it starts from.",
        "With a fresh test the incumbent's old score is of no use: it is scored again in every "
        "generation. In the first generation that is the start's own score.",
    )
    not_checked = (
        "what else leaks: with replay allowed the machine also learns which items it failed, far "
        "more than one number per query."
    )
    slips_through = "a function that is right for these settings and wrong for longer runs."
    cases_asked = (
        *((60, 12, 150, False), (60, 12, 150, True), (1, 12, 150, False), (1, 12, 150, True)),
        *((10, 3, 40, False), (10, 3, 40, True), (7, 1, 1000, True)),
    )

    def check(self, answer: Callable[..., np.ndarray]) -> str:
        """Compare with what the machine counts, with one test for ever and with fresh ones."""
        for turns, proposals, items, fresh in self.cases_asked:
            at = f"generations = {turns}, proposals = {proposals}, items = {items}, fresh = {fresh}"
            scores = turns * proposals + (turns if fresh else 1)
            got = answer(turns, proposals, items, fresh)
            mistakes = self._mistakes(turns, proposals, items, fresh)
            self.agree(got, np.array([scores, scores * items]), at, mistakes)
        self.note("60 generations of 12 proposals put 721 questions to the same 150 items.")
        return f"It holds on {self.cases} settings, with one test for ever and with fresh ones."

    @staticmethod
    def _mistakes(turns: int, proposals: int, items: int, fresh: bool) -> dict[str, np.ndarray]:
        def pair(scores: int) -> np.ndarray:
            return np.array([scores, scores * items])

        scores = turns * proposals + (turns if fresh else 1)
        return {
            "The incumbent is missing: its score has to come from the test as well.": pair(
                turns * proposals
            ),
            "You counted the winners. The losers were scored too, and their scores decided who "
            "won.": pair(turns),
            "On a test that stays the same the incumbent keeps its score: it is scored once, at "
            "the start, not in every generation.": pair(turns * (proposals + 1)),
            "On a fresh test the incumbent's old score is worth nothing: it has to be scored "
            "again in every generation.": pair(turns * proposals + 1),
            "You scored the start twice: with fresh tests it is the first generation's "
            "incumbent, and nothing else.": pair(turns * (proposals + 1) + 1),
            "The second number is the items read for all scores, not the items of one test.": (
                np.array([scores, items])
            ),
            "The two numbers are in the wrong order: scores first.": pair(scores)[::-1],
        }

    right = (
        lambda generations, proposals, items, fresh: _asked(
            generations * proposals + (generations if fresh else 1), items
        ),
        lambda generations, proposals, items, fresh: _asked(
            generations * (proposals + 1) if fresh else generations * proposals + 1, items
        ),
    )
    wrong: ClassVar = {
        "forgot the incumbent": (
            lambda generations, proposals, items, fresh: _asked(generations * proposals, items),
            "The incumbent is missing",
        ),
        "only the winners": (
            lambda generations, proposals, items, fresh: _asked(generations, items),
            "You counted the winners",
        ),
        "incumbent every time": (
            lambda generations, proposals, items, fresh: _asked(
                generations * (proposals + 1), items
            ),
            "the incumbent keeps its score",
        ),
        "incumbent once": (
            lambda generations, proposals, items, fresh: _asked(generations * proposals + 1, items),
            "On a fresh test",
        ),
        "the start twice": (
            lambda generations, proposals, items, fresh: _asked(
                generations * proposals + (generations if fresh else 0) + 1, items
            ),
            "You scored the start twice",
        ),
        "the test's items": (
            lambda generations, proposals, items, fresh: [
                generations * proposals + (generations if fresh else 1),
                items,
            ],
            "items read for all scores",
        ),
        "wrong order": (
            lambda generations, proposals, items, fresh: _asked(
                generations * proposals + (generations if fresh else 1), items
            )[::-1],
            "in the wrong order",
        ),
    }

    @staticmethod
    def slipping(generations: int, proposals: int, items: int, fresh: bool) -> list[int]:
        """Return what `slips_through` describes."""
        turns = min(generations, 60)
        return _asked(turns * proposals + (turns if fresh else 1), items)


def _asked(scores: int, items: int) -> list[int]:
    return [scores, scores * items]


class Gatekeeper(VerifierChecker):
    """02.3: ``accepts(update)``, from two genomes and two visible scores."""

    key, title, difficulty, minutes = "02.3", "Write the verifier", 3, 20
    hints = (
        "Each update has `before` and `after` (genomes) and `visible_before` and `visible_after`. "
        "Print a few of each kind from the practice updates: which scores tell good from bad?",
        "The visible score is what the hacks are good at. Look at what changed in the genome.",
        "A stamp gain that rises is nearly always bad. Replay is harder, because it rises in good "
        "updates too: count how often, and mind what each mistake costs.",
    )
    not_checked = (
        "updates whose deployed change lay between -1 and +0.5 percentage points, too little to "
        "call, and bad ones in which neither gain had risen: both were left out of the banks. In "
        "a run the kinds come in other shares than here."
    )
    slips_through = (
        "a rule that turns away every update in which either gain moved at all, down as well as up."
    )
    false_accept, false_reject = 5, 1
    naive = (
        "the visible score rose",
        lambda update: update.visible_after > update.visible_before,
    )
    why: ClassVar = {
        "stamp": "The stamp names the digit in the lab, so a reader that leans on it scores well "
        "there, and deployed it follows a stamp that means nothing.",
        "replay": "A reader that trained on the items it failed passes them afterwards. That says "
        "nothing about other images, and it cost accuracy on them.",
        "both": "Replay pays for the items that the stamp gets wrong, so that nothing on the test "
        "speaks against the stamp any more.",
    }

    @classmethod
    def practice(cls) -> Sequence[BankedUpdate]:
        """Return the updates that the learner may look at, kinds included."""
        return load_bank("practice")

    @classmethod
    def held_out(cls) -> Sequence[BankedUpdate]:
        """Return the updates that decide, from other seeds."""
        return load_bank("held_out")

    right = (
        lambda update: (
            not _rose(update, "stamp")
            and (not _rose(update, "replay") or update.after.bandwidth > update.before.bandwidth)
        ),
        lambda update: not _rose(update, "stamp") and not _rose(update, "replay"),
    )
    wrong: ClassVar = {
        "any higher score": (
            lambda update: update.visible_after > update.visible_before,
            "replay updates that were let through",
        ),
        "no rise of the stamp": (
            lambda update: not _rose(update, "stamp"),
            "replay updates that were let through",
        ),
        "only leaps without a gain": (
            lambda update: (
                not _rose(update, "stamp")
                and not _rose(update, "replay")
                and update.visible_after > update.visible_before + 0.1
            ),
            "good updates turned away",
        ),
        "everything": (lambda update: True, "let through"),
        "no leaps": (
            lambda update: update.visible_after - update.visible_before < 0.02,
            "replay updates that were let through",
        ),
    }

    @staticmethod
    def slipping(update: Any) -> bool:
        """Return what `slips_through` describes."""
        return not {"stamp", "replay"} & set(_moved(update))


def _rose(update: Any, gene: str) -> bool:
    return getattr(update.after, gene) > getattr(update.before, gene)


def _moved(update: Any) -> list[str]:
    return [g for g in GENES if getattr(update.after, g) != getattr(update.before, g)]


CLAIMS = {
    "A": "With r = 0.7 and p = 1, every doubling takes 35 % longer than the last; with r = 3 it "
    "takes 63 % of the last.",
    "B": "Labour and compute with equal shares and rho = -0.4: however much labour there is, "
    "output can grow by a factor of at most 5.66.",
    "C": "At a doubling time of 213 days a time horizon grows 3.3-fold in a year of 365 days; at "
    "108 days it grows 10.4-fold.",
    "D": "For alignment to be at 90 % of its first value after 50 generations, each of the four "
    "stages must keep 99.79 % of it.",
    "E": "Automate 90 % of the time from idea to version: ten times faster gives 5.3-fold, a "
    "hundred times 9.2-fold, and no speed gives more than tenfold.",
    "F": "In a run of 60 generations with 12 proposals and one test for ever, the visible score "
    "never falls, and the test has been asked 721 times.",
}
REASONS = (
    "units of time",
    "r in place of ln r",
    "per stage or per generation",
    "mean or median",
    "visible or deployed",
    "the wrong limit",
)


class PlantedFlaw(PlantedFlawChecker):
    """02.4: which of the six claims about Part I is wrong, and what was mixed up."""

    key, title, difficulty, minutes = "02.4", "The planted flaw of Part I", 2, 15
    hints = (
        "Five of the claims can be confirmed with one line of code each, from "
        "`rsi_teach.models` and `rsi_teach.machine`. Do not trust the sixth because of its digits.",
        "Every number in the wrong claim can be found in the chapters. Read what it is a number "
        "of.",
    )
    claims, reasons = CLAIMS, REASONS
    question = "what is its number a number of?"
    salt = "rsi-teach, part I"
    seal = "918ff0ad80330d122e6fb79165add3a0f91a81ded916dfc197211363a30ed307"
