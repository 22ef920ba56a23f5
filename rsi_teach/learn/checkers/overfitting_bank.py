"""What 08.3 and 08.4 are judged by: labs that spend test items, and updates of real runs.

``python -m rsi_teach.learn.checkers.overfitting_bank`` runs the machine and writes both banks of
updates anew.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np

from rsi_teach import machine
from rsi_teach.models import overfitting
from rsi_teach.models.overfitting import Climb

GENERATIONS = 60
LAB_SEEDS = {"practice": 8031, "held_out": 8032}


@dataclass(frozen=True, kw_only=True)
class SpendingLab:
    """A lab that is to plan its test items.

    Parameters
    ----------
    budget : int
        Test items for sixty generations and the report.
    climb : Climb
        How its machine improves.
    """

    budget: int
    climb: Climb


@cache
def labs(bank: str, count: int = 6) -> tuple[SpendingLab, ...]:
    """Draw labs that differ in their budget and in how their machines improve.

    Parameters
    ----------
    bank : str
        A key of `LAB_SEEDS`.
    count : int
        At least 1.
    """
    rng = np.random.default_rng(LAB_SEEDS[bank])
    return tuple(
        SpendingLab(
            budget=int(rng.integers(800, 3000)),
            climb=Climb(
                drag=round(float(rng.uniform(0.06, 0.15)), 3),
                item_sd=round(float(rng.uniform(30, 45)), 1),
                heredity=round(float(rng.uniform(0.8, 0.95)), 2),
            ),
        )
        for _ in range(count)
    )


def outcome(lab: SpendingLab, plan: np.ndarray, seed: int, runs: int = 150) -> tuple[float, float]:
    """Mean value at the end, and how far the report is off on average, both in points.

    Parameters
    ----------
    lab : SpendingLab
    plan : array of int, shape (61,)
    seed : int
    runs : int
        At least 1.
    """
    climbed = overfitting.simulated_climb(
        lab.climb, plan, runs=runs, rng=np.random.default_rng([seed, 83])
    )
    return float(climbed.value[-1].mean()), float(np.abs(climbed.overstated[-1]).mean())


UPDATES = Path(__file__).with_name("overfitting_updates.npz")
UPDATE_SEEDS = {"practice": range(3000, 3036), "held_out": range(4000, 4036)}
UPDATE_SIZES = {"good": 60, "lucky": 30, "studied": 15, "stamped": 30}
DEALS = 5
"""How often the pictures are dealt out anew for one control."""
QUESTIONS = 100
"""How often the gate in front of the sealed test answers, for a whole bank."""
GATE = overfitting.Thresholdout(threshold=0.005, tolerance=0.002)
COLUMNS = ("visible_before", "visible_after", "control_before", "control_after", "sealed_change")


class NoQuestionsLeft(Exception):
    """The gate was asked more often than it answers."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ScoredUpdate:
    """An update of a real run, with what the lab's instruments say about it.

    Parameters
    ----------
    visible_before, visible_after : float
        Share right on the 150 items that select; they may be studied.
    control_before, control_after : float
        The same for versions that are trained, study and are scored with the items' pictures
        exchanged, mean of five deals. Nobody can know anything there, and 0.1 is chance.
    ask : function
        ``ask()`` returns the change of the score on 450 sealed items, through a noisy gate.
    questions_left, updates_left : int
        How often the gate still answers; updates still to come, this one included.
    kind : str
        ``"good"``: deployed accuracy rose by a percentage point or more. ``"lucky"``: it fell by
        as much, with neither gain raised. ``"studied"``: it fell by two points or more, and the
        weight on replay had risen. ``"stamped"``: the same, and the gain on the stamp had.
    sealed_change : float
        What the gate hides.
    """

    visible_before: float
    visible_after: float
    control_before: float
    control_after: float
    ask: Callable[[], float]
    questions_left: int = QUESTIONS
    updates_left: int = 1
    kind: str
    sealed_change: float


def found_in(seed: int) -> Iterator[tuple[str, list[float]]]:
    """Every update of clear kind in four runs from one seed, with its columns.

    Parameters
    ----------
    seed : int
        >= 0.
    """
    lab = machine.Lab(n_reserve=450)
    world = machine.draw_world(lab, seed)
    blanks = exchanged_tests(world.lab, seed)
    seen, held = set(), world.lab.reserve
    for preset in ("recursive", "stamp", "replay", "both"):
        turns = machine.run(
            machine.PRESETS[preset], lab=lab, generations=15, seed=seed, world=world
        ).generations
        for turn in turns:
            update = turn.update
            if update is None or update in seen:
                continue
            seen.add(update)
            pair = (turn.before, turn.after)
            was, now = (world.deployment.accuracy(t.reader.read(world.deployment.images))
                        for t in pair)  # fmt: skip
            kind = _kind(update, now - was)
            if not kind:
                continue
            control = [
                np.mean(
                    [machine.experiment(t.genome, world.lab, blank).visible for blank in blanks]
                )
                for t in pair
            ]
            sealed = [np.mean(t.reader.read(held) == held.labels) for t in pair]
            scores = [update.visible_before, update.visible_after, *control]
            yield kind, [*scores, float(sealed[1] - sealed[0])]


def exchanged_tests(data: machine.LabData, seed: int) -> list[machine.Images]:
    """The visible test with its pictures dealt out anew, five times; labels and stamps stay.

    Parameters
    ----------
    data : LabData
    seed : int
        >= 0.
    """
    rng, test = np.random.default_rng([seed, 84]), data.visible
    orders = [rng.permutation(len(test)) for _ in range(DEALS)]
    return [replace(test, pixels=test.pixels[o], rows=test.rows[o]) for o in orders]


def _kind(update: machine.Update, change: float) -> str:
    """Good, or what went wrong; empty if neither is clear."""
    if change >= 0.01:
        return "good"
    stamp, replay = (update.moved.get(gene, 0) > 0 for gene in ("stamp", "replay"))
    if not (stamp or replay):
        return "lucky" if change <= -0.01 else ""
    if change > -0.02:
        return ""
    return "stamped" if stamp else "studied"


def collect() -> dict[str, np.ndarray]:
    """Run the machine for both banks; takes three minutes."""
    columns: dict[str, np.ndarray] = {}
    for bank, seeds in UPDATE_SEEDS.items():
        found = [each for seed in seeds for each in found_in(seed)]
        taken: Counter[str] = Counter()
        chosen = []
        for place in np.random.default_rng(0).permutation(len(found)):
            kind = found[place][0]
            if taken[kind] < UPDATE_SIZES[kind]:
                taken[kind] += 1
                chosen.append(found[place])
        columns[f"{bank}_kind"] = np.array([kind for kind, _ in chosen])
        columns[f"{bank}_scores"] = np.array([scores for _, scores in chosen])
    return columns


@cache
def load_updates(bank: str) -> tuple[ScoredUpdate, ...]:
    """Read one of the banks, in the order in which its updates come to the gate.

    Parameters
    ----------
    bank : str
        ``"practice"`` or ``"held_out"``.
    """
    with np.load(UPDATES) as file:
        kinds, rows = file[f"{bank}_kind"].tolist(), file[f"{bank}_scores"].tolist()
    order = np.random.default_rng(86).permutation(len(kinds))
    return tuple(_update(kinds[i], rows[i], place) for place, i in enumerate(order))


def _update(kind: str, row: Sequence[float], place: int) -> ScoredUpdate:
    scores = dict(zip(COLUMNS, row, strict=True))
    change = scores["visible_after"] - scores["visible_before"]
    return ScoredUpdate(ask=_Asker(change, scores["sealed_change"], place), kind=kind, **scores)


class _Asker:
    """The gate for one update, with nobody counting: for looking at practice updates."""

    def __init__(self, change: float, sealed: float, place: int) -> None:
        self.change, self.sealed, self.place = change, sealed, place

    def __call__(self) -> float:
        """Return the same answer however often it is asked."""
        noise = np.random.default_rng([self.place, 85]).standard_normal(2)
        return float(overfitting.thresholdout(GATE, self.change, self.sealed, noise))


class Wicket:
    """Hands out a bank update by update, with questions that are counted.

    Parameters
    ----------
    bank : sequence of ScoredUpdate
    questions : int
        For the whole bank, >= 0.
    """

    def __init__(self, bank: Sequence[ScoredUpdate], questions: int = QUESTIONS) -> None:
        self.bank, self.questions, self.asked, self.refused = bank, questions, 0, ""

    def __iter__(self) -> Iterator[ScoredUpdate]:
        """Yield each update as it stands when its turn comes."""
        for index, update in enumerate(self.bank):
            yield replace(
                update,
                questions_left=self.questions - self.asked,
                updates_left=len(self.bank) - index,
                ask=lambda ask=update.ask, place=index + 1: self._counted(ask, place),
            )

    def _counted(self, ask: Callable[[], float], place: int) -> float:
        if self.asked >= self.questions:
            self.refused = (
                f"The gate answers {self.questions} times for all updates together, and at update "
                f"{place} of {len(self.bank)} it was asked once more. `update.questions_left` "
                "says how you stand."
            )
            raise NoQuestionsLeft(self.refused)
        self.asked += 1
        return ask()


if __name__ == "__main__":
    np.savez_compressed(UPDATES, **collect())
