"""Records of the machine that chapter 10 rests on: its 2 by 2, and the bundles of exercise 10.4.

``python -m rsi_teach.learn.checkers.attribution_runs`` runs the machine and writes both anew; it
takes about six minutes. A test runs a few of them again and compares.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np

from rsi_teach.machine import (
    GENES,
    PRESETS,
    Genome,
    Images,
    Lab,
    LabData,
    Trial,
    World,
    draw_world,
    experiment,
    run,
)
from rsi_teach.models.attribution import shapley

RECORDS = Path(__file__).with_name("attribution_records.npz")
CELLS = ("recursive", "stamp", "replay", "both")
GRADED_FIRST = "both, graded first"
SEEDS = 32
GENERATIONS = 30
CHANGES = GENES[:5]
BUNDLE_SEEDS = {"practice": range(5000, 5030), "held_out": range(6000, 6080)}
BUNDLE_SIZES = {"practice": 60, "held_out": 160}
SPANS = ((0, 3), (3, 12), (0, 12))


def graded_first(genome: Genome, data: LabData, exam: Images) -> Trial:
    """Train with replay as allowed, and take the score from before the replay.

    Parameters
    ----------
    genome : Genome
    data : LabData
    exam : Images
        The visible test.
    """
    graded = experiment(genome.changed(replay=0.0), data, exam)
    return replace(experiment(genome, data, exam), correct=graded.correct)


@dataclass(frozen=True, kw_only=True, eq=False)
class Record:
    """What 32 runs of one cell did, one a seed.

    Parameters
    ----------
    visible, deployed : array [seeds, generations + 1]
        Shares of digits read right; entry 0 is the start.
    stamp : array [seeds, generations + 1]
        Gain on the stamp of the version in use.
    last : tuple of Genome
        The version in use after the last generation.
    """

    visible: np.ndarray
    deployed: np.ndarray
    stamp: np.ndarray
    last: tuple[Genome, ...]


@cache
def record(cell: str) -> Record:
    """Read the runs of a cell.

    Parameters
    ----------
    cell : str
        One of `CELLS`, or `GRADED_FIRST`.
    """
    with np.load(RECORDS) as file:
        parts = {name: file[f"{cell}_{name}"] for name in ("visible", "deployed", "stamp", "last")}
    return Record(
        visible=parts["visible"] / Lab().n_visible,
        deployed=parts["deployed"] / Lab().n_deployed,
        stamp=parts["stamp"],
        last=tuple(_genome(row) for row in parts["last"]),
    )


def collect(cell: str, seed: int, generations: int = GENERATIONS) -> dict[str, np.ndarray]:
    """Run one cell with one seed, and keep what a record holds.

    Parameters
    ----------
    cell : str
        One of `CELLS`, or `GRADED_FIRST`.
    seed : int
        At least 0.
    generations : int
        At least 1.
    """
    allowed = PRESETS[cell.split(",")[0]]
    tried = graded_first if cell == GRADED_FIRST else experiment
    made = run(allowed, seed=seed, generations=generations, experiment=tried)
    start, world = made.generations[0].before, draw_world(made.lab, seed)
    deployed = [_right(start, world), *np.rint(made.deployed * made.lab.n_deployed)]
    return {
        "visible": np.array([start.correct, *(t.after.correct for t in made.generations)], "i2"),
        "deployed": np.array(deployed, "i2"),
        "stamp": np.array([start.genome.stamp, *made.genomes[:, GENES.index("stamp")]], "f4"),
        "last": made.genomes[-1],
    }


def _right(trial: Trial, world: World) -> int:
    images = world.deployment.images
    return int(np.sum(trial.reader.read(images) == images.labels))


def _genome(row: np.ndarray) -> Genome:
    return Genome(**dict(zip(GENES, row.tolist(), strict=True)))


@dataclass(frozen=True, kw_only=True, eq=False)
class Bundle:
    """Two versions of one run, some generations apart, and all that lies between them.

    Parameters
    ----------
    before, after : Genome
        They differ in up to five genes besides the step, which reads no digit.
    right : array of int [32]
        Deployed digits read right, of 1,147, by every combination of the changes; in standard
        order of `CHANGES`.
    """

    before: Genome
    after: Genome
    right: np.ndarray

    @property
    def shares(self) -> np.ndarray:
        """Shapley shares of the change of deployed accuracy, one a gene of `CHANGES`."""
        return shapley(self.right / Lab().n_deployed)

    @property
    def culprit(self) -> str:
        """The gene with the largest share, up or down."""
        return CHANGES[int(np.abs(self.shares).argmax())]


@cache
def bundles(bank: str) -> tuple[Bundle, ...]:
    """Read one of the banks of exercise 10.4.

    Parameters
    ----------
    bank : str
        A key of `BUNDLE_SEEDS`.
    """
    with np.load(RECORDS) as file:
        rows = [file[f"{bank}_{name}"] for name in ("before", "after", "right")]
    return tuple(
        Bundle(before=_genome(before), after=_genome(after), right=right.astype(int))
        for before, after, right in zip(*rows, strict=True)
    )


def bundles_of(seed: int) -> Iterator[Bundle]:
    """Make the bundles of three runs from one seed in which one gene leads, though not by much.

    Parameters
    ----------
    seed : int
        At least 0.
    """
    world = draw_world(Lab(), seed)
    for preset in ("both", "stamp", "replay"):
        made = run(PRESETS[preset], generations=SPANS[-1][1], seed=seed)
        versions = [Lab().start, *(turn.after.genome for turn in made.generations)]
        for first, last in SPANS:
            found = _bundle(versions[first], versions[last], world)
            *_, second, largest = np.sort(np.abs(found.shares))
            if 0.02 < largest - second < 0.12:
                yield found


def _bundle(before: Genome, after: Genome, world: World) -> Bundle:
    right = []
    for made in range(2 ** len(CHANGES)):
        taken = {g: getattr(after, g) for i, g in enumerate(CHANGES) if made >> i & 1}
        trial = experiment(before.changed(**taken), world.lab, world.lab.visible)
        right.append(_right(trial, world))
    return Bundle(before=before, after=after, right=np.array(right))


def _bank(bank: str) -> dict[str, np.ndarray]:
    """Take bundles in random order; no gene may lead in more than half of them."""
    found = [each for seed in BUNDLE_SEEDS[bank] for each in bundles_of(seed)]
    taken: Counter[str] = Counter()
    chosen = []
    for i in np.random.default_rng(0).permutation(len(found)):
        if taken[found[i].culprit] < BUNDLE_SIZES[bank] // 2:
            taken[found[i].culprit] += 1
            chosen.append(found[i])
    chosen = chosen[: BUNDLE_SIZES[bank]]
    return {
        f"{bank}_before": np.array([[getattr(b.before, g) for g in GENES] for b in chosen]),
        f"{bank}_after": np.array([[getattr(b.after, g) for g in GENES] for b in chosen]),
        f"{bank}_right": np.array([b.right for b in chosen], "i2"),
    }


def main() -> None:
    """Run the machine and write the file."""
    columns: dict[str, np.ndarray] = {}
    for cell in (*CELLS, GRADED_FIRST):
        rows = [collect(cell, seed) for seed in range(SEEDS)]
        columns |= {f"{cell}_{name}": np.array([row[name] for row in rows]) for name in rows[0]}
    for bank in BUNDLE_SEEDS:
        columns |= _bank(bank)
    np.savez_compressed(RECORDS, **columns)


if __name__ == "__main__":
    main()
