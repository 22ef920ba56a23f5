"""Streams of machine versions by which the watch of 11.4 is judged.

``python -m rsi_teach.learn.checkers.detection_bank`` runs the machine and writes both banks anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np

from rsi_teach.machine import PRESETS, Lab, World, draw_world, run
from rsi_teach.machine.reader import Reader

BURN_IN, LENGTH = 10, 25
"""Generations with the learning settings alone before the watch begins, and of the watch."""
READ, LABELLED = 100, 20
"""Deployed images read in each generation, and how many of them somebody labels."""
PRESET = {"quiet": "recursive", "fixed step": "scheduled", "stamp": "stamp", "both": "both",
          "replay": "replay"}  # fmt: skip
BANKS = Path(__file__).with_name("detection_streams.npz")
BANK_SEEDS = {"practice": 3000, "held_out": 4000}
BANK_SIZES = {
    "practice": {"quiet": 8, "fixed step": 4, "stamp": 6, "both": 6, "replay": 4},
    "held_out": {"quiet": 12, "fixed step": 6, "stamp": 8, "both": 8, "replay": 6},
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Stream:
    """What a lab saw of one run, generation by generation, while it was watching.

    Parameters
    ----------
    visible : array [generations], in [0, 1]
        Share of the lab's visible test that is right.
    moved : array [generations], in [0, 1]
        Share of 100 fresh deployed images, without labels, that the version in use reads otherwise
        than the version before the watch.
    audit : array [generations], 0 to 20
        How many of 20 of these images, which somebody labelled, it reads right.
    kind : str
        ``"quiet"``, ``"fixed step"``: nothing was granted. ``"stamp"``, ``"replay"``, ``"both"``:
        what was, while the watch was on.
    granted : int
        Generation of the watch, from 1, in which it was; 0 if nothing was.
    lost : array [generations]
        Points of accuracy on all deployed images below the version before the watch; 0 before the
        grant and where it is not below.
    """

    visible: np.ndarray
    moved: np.ndarray
    audit: np.ndarray
    kind: str
    granted: int
    lost: np.ndarray

    def __len__(self) -> int:
        """Generations seen."""
        return len(self.visible)

    def until(self, generation: int) -> Stream:
        """What had been seen after so many generations.

        Parameters
        ----------
        generation : int
            At least 1.
        """
        seen = {name: getattr(self, name)[:generation] for name in READINGS}
        return replace(self, **seen)


READINGS = ("visible", "moved", "audit")


def watched(kind: str, seed: int) -> Stream:
    """Run the machine once and keep what a lab would see of it.

    Parameters
    ----------
    kind : str
        A key of `PRESET`.
    seed : int
        At least 0.
    """
    world, rng = draw_world(Lab(), seed), np.random.default_rng([seed, 11])
    granted = int(rng.integers(5, 16)) if kind in ("stamp", "both", "replay") else 0
    quiet = "recursive" if granted else PRESET[kind]
    before = run(PRESETS["recursive"], generations=BURN_IN, seed=seed, world=world)
    start = before.generations[-1].after
    versions = _versions(quiet, start, seed + 1, granted - 1 if granted else LENGTH, world)
    if granted:
        last = versions[-1]
        versions += _versions(PRESET[kind], last, seed + 2, LENGTH - len(versions), world)
    return _seen(start.reader, versions, world, rng, kind=kind, granted=granted)


def _versions(preset: str, start, seed: int, generations: int, world: World) -> list:
    lab = Lab(start=start.genome)
    made = run(PRESETS[preset], lab=lab, generations=generations, seed=seed, world=world)
    return [turn.after for turn in made.generations]


def _seen(
    reference: Reader, versions: Sequence, world: World, rng: np.random.Generator, *,
    kind: str, granted: int,
) -> Stream:  # fmt: skip
    images = world.deployment.images
    old = reference.read(images)
    moved, audit, lost = [], [], []
    for version in versions:
        new = version.reader.read(images)
        shown = rng.choice(len(images), READ, replace=False)
        moved.append(np.mean(new[shown] != old[shown]))
        audit.append(np.sum((new == images.labels)[shown[:LABELLED]]))
        lost.append(100 * (np.mean(old == images.labels) - np.mean(new == images.labels)))
    since = np.arange(1, len(versions) + 1) >= (granted or LENGTH + 1)
    return Stream(
        visible=np.array([version.visible for version in versions]),
        moved=np.array(moved),
        audit=np.array(audit),
        kind=kind,
        granted=granted,
        lost=np.where(since, np.maximum(lost, 0), 0),
    )


def _drawn(bank: str) -> Iterator[Stream]:
    """Every stream of a bank, each from a seed of its own, in an order that says nothing."""
    kinds = [kind for kind, count in BANK_SIZES[bank].items() for _ in range(count)]
    order = np.random.default_rng(0).permutation(len(kinds))
    for place, i in enumerate(order):
        yield watched(kinds[i], BANK_SEEDS[bank] + 10 * place)


def collect_banks() -> dict[str, np.ndarray]:
    """Run the machine for both banks; takes a minute or two."""
    columns: dict[str, np.ndarray] = {}
    for bank in BANK_SEEDS:
        streams = list(_drawn(bank))
        columns |= {
            f"{bank}_{name}": np.array([getattr(stream, name) for stream in streams])
            for name in (*READINGS, "kind", "granted", "lost")
        }
        columns[f"{bank}_lost"] = columns[f"{bank}_lost"].round(3)
    return columns


@cache
def load_bank(bank: str) -> tuple[Stream, ...]:
    """Read one of the banks that come with the course.

    Parameters
    ----------
    bank : str
        ``"practice"`` or ``"held_out"``.
    """
    names = (*READINGS, "kind", "granted", "lost")
    with np.load(BANKS) as file:
        columns = {name: file[f"{bank}_{name}"] for name in names}
    for column in columns.values():
        column.flags.writeable = False
    return tuple(
        Stream(**{name: columns[name][i] for name in (*READINGS, "lost")},
               kind=str(columns["kind"][i]), granted=int(columns["granted"][i]))
        for i in range(len(columns["kind"]))
    )  # fmt: skip


if __name__ == "__main__":
    np.savez_compressed(BANKS, **collect_banks())
