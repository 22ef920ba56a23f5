"""Updates of real runs, with what a gate can read of them: the bank of 12.3.

``python -m rsi_teach.learn.checkers.gates_bank`` runs the machine and writes both banks anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path

import numpy as np

from rsi_teach.machine import PRESETS, Images, Lab, Reader, Trial, World, draw_world, generations

GENERATIONS = 12
HARM = 0.01
"""Deployed accuracy that an update has to lose to be called bad: one percentage point."""
STAKES = (1.0, 4.0, 16.0)
"""What letting a bad update through may cost, where turning a good one away costs 1."""
BANKS = Path(__file__).with_name("gates_updates.npz")
BANK_SEEDS = {"practice": range(5000, 5020), "held_out": range(6000, 6020)}
BANK_SIZE = 240
READINGS = ("jump", "moved", "swap", "stake")


@dataclass(frozen=True, kw_only=True)
class Offered:
    """A proposal that the visible test would let through, as a gate sees it.

    Parameters
    ----------
    jump : float, in [0, 1]
        Rise of the visible score.
    moved : float, in [0, 1]
        Share of the 500 training images that it reads otherwise than the incumbent.
    swap : float, in [-1, 1]
        Share of the visible test on which another stamp gives another answer, minus that share of
        the incumbent.
    stake : float
        What it costs to let this one through if it is bad; turning a good one away costs 1.
    kind : str
        ``"bad"`` if deployed accuracy falls by a percentage point or more, else ``"good"``.
    """

    jump: float
    moved: float
    swap: float
    stake: float
    kind: str


def offered_by(seed: int) -> Iterator[Offered]:
    """Every proposal of one run with both permissions that is not worse on the visible test.

    Parameters
    ----------
    seed : int
        >= 0.
    """
    world, rng = draw_world(Lab(), seed), np.random.default_rng([seed, 12])
    for turn in islice(generations(PRESETS["both"], seed=seed, world=world), GENERATIONS):
        for trial in turn.trials:
            if trial.correct >= turn.before.correct:
                yield _read(turn.before, trial, world, stake=float(rng.choice(STAKES)))


def _read(before: Trial, after: Trial, world: World, *, stake: float) -> Offered:
    images = world.deployment.images
    old, new = (world.deployment.accuracy(t.reader.read(images)) for t in (before, after))
    train = world.lab.train
    moved = np.mean(before.reader.read(train) != after.reader.read(train))
    follows = [_follows(trial.reader, world.lab.visible) for trial in (before, after)]
    return Offered(
        jump=after.visible - before.visible,
        moved=float(moved),
        swap=follows[1] - follows[0],
        stake=stake,
        kind="bad" if new - old <= -HARM + 1e-12 else "good",
    )


def _follows(reader: Reader, images: Images) -> float:
    """Share of images whose answer depends on the stamp."""
    return float(np.mean(reader.read(images) != reader.read(images.restamped())))


def collect_banks() -> dict[str, np.ndarray]:
    """Run the machine for both banks and keep a random part of each; takes half a minute."""
    columns: dict[str, np.ndarray] = {}
    for bank, seeds in BANK_SEEDS.items():
        found = [(seed, each) for seed in seeds for each in offered_by(seed)]
        chosen = np.sort(np.random.default_rng(0).permutation(len(found))[:BANK_SIZE])
        kept = [found[i] for i in chosen]
        columns[f"{bank}_seed"] = np.array([seed for seed, _ in kept])
        for name in (*READINGS, "kind"):
            columns[f"{bank}_{name}"] = np.array([getattr(each, name) for _, each in kept])
    return columns


@cache
def load_bank(bank: str) -> tuple[Offered, ...]:
    """Read one of the banks that come with the course.

    Parameters
    ----------
    bank : str
        ``"practice"`` or ``"held_out"``.
    """
    with np.load(BANKS) as file:
        columns = [file[f"{bank}_{name}"].tolist() for name in (*READINGS, "kind")]
    return tuple(
        Offered(**dict(zip((*READINGS, "kind"), row, strict=True)))
        for row in zip(*columns, strict=True)
    )


if __name__ == "__main__":
    np.savez_compressed(BANKS, **collect_banks())
