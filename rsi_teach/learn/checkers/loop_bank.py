"""Updates of real runs by which the verifier of 02.3 is judged.

``python -m rsi_teach.learn.checkers.loop_bank`` runs the machine and writes both banks anew.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from rsi_teach.machine import GENES, PRESETS, Genome, MeasuredUpdate, measured_updates


@dataclass(frozen=True, kw_only=True)
class BankedUpdate:
    """An update of a real run, as the lab saw it, with the kind that deployment gave it.

    Parameters
    ----------
    before, after : Genome
    visible_before, visible_after : float
        Share of the visible test that is right.
    kind : str
        ``"good"``: deployed accuracy rose by half a percentage point or more.  ``"stamp"``,
        ``"replay"``, ``"both"``: it fell by a percentage point or more, and that gain had risen.
    """

    before: Genome
    after: Genome
    visible_before: float
    visible_after: float
    kind: str


Seeded = tuple[int, BankedUpdate]
BANKS = Path(__file__).with_name("loop_updates.npz")
BANK_SEEDS = {"practice": range(1000, 1014), "held_out": range(2000, 2014)}
BANK_SIZES = {"good": 60, "stamp": 30, "replay": 30, "both": 20}


def updates_of(seed: int) -> Iterator[BankedUpdate]:
    """Every update of clear kind in four runs from one seed, one run per set of permissions.

    Parameters
    ----------
    seed : int
        >= 0.
    """
    seen = set()  # permissions that a child does not use leave it as it was without them
    for preset in ("recursive", "stamp", "replay", "both"):
        for each in measured_updates(PRESETS[preset], seed=seed):
            if each.update in seen or not (kind := _kind(each)):
                continue
            seen.add(each.update)
            yield BankedUpdate(
                before=each.update.before,
                after=each.update.after,
                visible_before=each.update.visible_before,
                visible_after=each.update.visible_after,
                kind=kind,
            )


def _kind(each: MeasuredUpdate) -> str:
    """Good, or the gains that rose in a bad one; empty if neither is clear."""
    if each.change >= 0.005:
        return "good"
    rose = [gene for gene in ("stamp", "replay") if each.update.moved.get(gene, 0) > 0]
    if each.change > -0.01:
        return ""
    return "both" if len(rose) == 2 else "".join(rose)


def collect_banks() -> dict[str, np.ndarray]:
    """Run the machine for both banks and draw the wanted number of each kind; takes a minute."""
    columns: dict[str, np.ndarray] = {}
    for bank, seeds in BANK_SEEDS.items():
        found = [(seed, update) for seed in seeds for update in updates_of(seed)]
        order = np.random.default_rng(0).permutation(len(found))
        chosen = _first_of_each_kind(found[i] for i in order)
        columns |= {f"{bank}_{name}": values for name, values in _columns(chosen).items()}
    return columns


def _first_of_each_kind(found: Iterable[Seeded]) -> list[Seeded]:
    taken: Counter[str] = Counter()
    chosen = []
    for seed, update in found:
        if taken[update.kind] < BANK_SIZES[update.kind]:
            taken[update.kind] += 1
            chosen.append((seed, update))
    return chosen


def _columns(chosen: Sequence[Seeded]) -> dict[str, np.ndarray]:
    bank = [update for _, update in chosen]
    return {
        "seed": np.array([seed for seed, _ in chosen]),
        "before": np.array([[getattr(u.before, gene) for gene in GENES] for u in bank]),
        "after": np.array([[getattr(u.after, gene) for gene in GENES] for u in bank]),
        "visible": np.array([[u.visible_before, u.visible_after] for u in bank]),
        "kind": np.array([u.kind for u in bank]),
    }


@cache
def load_bank(bank: str) -> tuple[BankedUpdate, ...]:
    """Read one of the banks that come with the course.

    Parameters
    ----------
    bank : str
        ``"practice"`` or ``"held_out"``.
    """
    with np.load(BANKS) as file:
        columns = [
            file[f"{bank}_{name}"].tolist() for name in ("before", "after", "visible", "kind")
        ]
    return tuple(
        BankedUpdate(
            before=Genome(**dict(zip(GENES, before, strict=True))),
            after=Genome(**dict(zip(GENES, after, strict=True))),
            visible_before=visible[0],
            visible_after=visible[1],
            kind=kind,
        )
        for before, after, visible, kind in zip(*columns, strict=True)
    )


if __name__ == "__main__":
    np.savez_compressed(BANKS, **collect_banks())
