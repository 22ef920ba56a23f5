"""Evaluators of the machine's updates, from the lab's own data and from elsewhere, and their votes.

An evaluator is a reader of its own. It looks at unlabelled deployed images, compares what the old
and the new version read with what it reads itself, and approves if the new one agrees with it as
often as the old. Evaluators of three families differ in what they were trained on and in nothing
else. ``python -m rsi_teach.learn.checkers.independence_bank`` runs the machine and writes the
record anew; it takes two minutes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path

import numpy as np

from rsi_teach import machine
from rsi_teach.machine.data import streams
from rsi_teach.models import independence

LAB = machine.Lab(n_reserve=500)
"""The reserve is not the lab's here: the evaluators from elsewhere learn from its images."""
FAMILIES = ("stamped", "plain", "elsewhere")
"""*stamped*: 400 of the lab's training images, as the lab has them. *plain*: the same images and
labels, and no sight of the stamp. *elsewhere*: 400 other images, with wrong labels of their own
and stamps that mean nothing; it sees the stamps."""
EACH = 6
"""Evaluators of each family."""
AUDIT = 250
"""Deployed images that evaluators look at; the other 397 say what an update is worth."""
PRESETS = ("recursive", "stamp", "replay", "both")
GENERATIONS = 12
GOOD, BAD = 0.01, -0.02
"""Change in deployed accuracy from which on an update is called good, and down to which bad."""
KINDS = ("good", "stamp", "replay", "both", "other")
"""Good ones; bad ones in which that gain rose, or both, or neither."""
SEEDS = {"chapter": range(6), "practice": range(1300, 1310), "held_out": range(2300, 2310)}
RECORD = Path(__file__).with_name("independence_votes.npz")
BANK_SIZES = {"good": 120, "stamp": 72, "replay": 14, "both": 60, "other": 10}
ORDER = (5, 0, 9, 3, 10, 1, 8, 11, 2)
"""Which evaluators vote in 13.4, as places among six stamped ones and then six from elsewhere."""
MARGIN = 0.0


def evaluator(world: machine.World, family: str, number: int, seed: int) -> machine.Reader:
    """Train one evaluator; its images, features and settings are drawn for it alone.

    Parameters
    ----------
    world : World
        Of `LAB`.
    family : str
        One of `FAMILIES`.
    number, seed : int
        Which of the family, in which world; at least 0.

    Raises
    ------
    ValueError
        For a family that there is not.
    """
    if family not in FAMILIES:
        raise ValueError(f"family = {family!r} is none of {', '.join(FAMILIES)}")
    rng = np.random.default_rng([seed, 13, number, FAMILIES.index(family)])
    source = _relabelled(world.lab.reserve, rng) if family == "elsewhere" else world.lab.train
    genome = machine.Genome(
        bandwidth=float(np.exp(rng.normal(np.log(3), 0.2))),
        ridge=float(np.exp(rng.normal(0, 0.5))),
        stamp=float(rng.uniform(0.3, 1.0)) * (family != "plain"),
    )
    own = machine.draw_world(machine.Lab(), int(rng.integers(2**31))).lab.basis
    data = replace(world.lab, train=source.take(rng.permutation(len(source))[:400]), basis=own)
    return machine.experiment(genome, data, world.lab.visible).reader


def _relabelled(images: machine.Images, rng: np.random.Generator) -> machine.Images:
    """Give images stamps that mean nothing, and as many wrong labels as the lab has."""
    wrong = rng.random(len(images)) < LAB.wrong_labels
    other = (images.labels + rng.integers(1, 10, len(images))) % 10
    stamps = rng.integers(0, 10, len(images))
    return replace(images, stamps=stamps, labels=np.where(wrong, other, images.labels))


@lru_cache(maxsize=2)
def _panel(seed: int) -> dict[str, tuple[machine.Reader, ...]]:
    world = machine.draw_world(LAB, seed)
    return {
        family: tuple(evaluator(world, family, number, seed) for number in range(EACH))
        for family in FAMILIES
    }


def audited(world: machine.World) -> tuple[machine.Images, machine.Images]:
    """Split the deployed images: those that evaluators look at, and those that decide.

    Parameters
    ----------
    world : World
    """
    images = world.deployment.images
    return images.take(slice(0, AUDIT)), images.take(slice(AUDIT, None))


def judged(seed: int, preset: str, *, generations: int = GENERATIONS) -> dict[str, np.ndarray]:
    """Let every evaluator look at every update of one run that the visible test would let through.

    Parameters
    ----------
    seed : int
        At least 0.
    preset : str
        A key of `machine.PRESETS`.
    generations : int
        At least 1.

    Returns
    -------
    dict of arrays, one row an update
        *agreement* [updates, families, evaluators]: change in the share of audited images on which
        evaluator and machine agree. *change* [updates]: of accuracy on the images that decide.
        *rose* [updates, 2]: whether the stamp's gain and the weight of replay rose.
    """
    world = machine.draw_world(LAB, seed)
    audit, decides = audited(world)
    read = np.array([[one.read(audit) for one in _panel(seed)[family]] for family in FAMILIES])

    @cache
    def look(genome: machine.Genome) -> tuple[float, np.ndarray]:
        reader = machine.experiment(genome, world.lab, world.lab.visible).reader
        right = float(np.mean(reader.read(decides) == decides.labels))
        return right, np.mean(read == reader.read(audit), axis=2)

    found = machine.measured_updates(
        machine.PRESETS[preset], seed=seed, generations=generations, lab=LAB
    )
    pairs = [(look(each.update.before), look(each.update.after)) for each in found]
    return {
        "agreement": np.array([after[1] - before[1] for before, after in pairs]),
        "change": np.array([after[0] - before[0] for before, after in pairs]),
        "rose": np.array([
            [each.update.moved.get(gene, 0) > 0 for gene in ("stamp", "replay")] for each in found
        ]),
    }  # fmt: skip


def errors(seed: int) -> dict[str, np.ndarray]:
    """Correlate the errors of evaluators with each other's, and with deployed versions'.

    Parameters
    ----------
    seed : int
        At least 0.

    Returns
    -------
    dict of arrays
        *between* [families, families]: mean correlation of two different evaluators. *versions*
        [presets, families]: of an evaluator and the version after twelve generations. *accuracy*
        [families] and *deployed* [presets]: shares right. All on the images that decide.
    """
    world = machine.draw_world(LAB, seed)
    decides = audited(world)[1]
    last = [
        machine.run(machine.PRESETS[preset], lab=LAB, seed=seed, generations=GENERATIONS).reader
        for preset in PRESETS
    ]
    readers = [one for family in FAMILIES for one in _panel(seed)[family]] + last
    wrong = np.array([one.read(decides) != decides.labels for one in readers])
    table = independence.error_correlations(wrong)
    people = len(FAMILIES) * EACH
    blocks = table[:people, :people].reshape(len(FAMILIES), EACH, len(FAMILIES), EACH)
    same = np.diag(np.einsum("fifi->f", blocks))
    between = (blocks.sum(axis=(1, 3)) - same) / (EACH * (EACH - np.eye(len(FAMILIES))))
    right = 1 - wrong.mean(axis=1)
    return {
        "between": between,
        "versions": table[people:, :people].reshape(len(PRESETS), len(FAMILIES), EACH).mean(axis=2),
        "accuracy": right[:people].reshape(len(FAMILIES), EACH).mean(axis=1),
        "deployed": right[people:],
    }


def collect() -> dict[str, np.ndarray]:
    """Run the machine for all seeds; updates that an earlier preset had already shown are left out.

    Returns
    -------
    dict of arrays
        What `RECORD` keeps.
    """
    record: dict[str, np.ndarray] = {}
    for bank, seeds in SEEDS.items():
        parts = [part for seed in seeds for part in _of_seed(seed)]
        for name in parts[0]:
            record[f"{bank}_{name}"] = np.concatenate([part[name] for part in parts])
    found = [errors(seed) for seed in SEEDS["chapter"]]
    return record | {f"errors_{name}": np.stack([one[name] for one in found]) for name in found[0]}


def _of_seed(seed: int) -> Iterator[dict[str, np.ndarray]]:
    seen: set[bytes] = set()
    for place, preset in enumerate(PRESETS):
        part = judged(seed, preset)
        rows = [_key(part, row) for row in range(len(part["change"]))]
        first = [row for row, key in enumerate(rows) if key not in seen and not seen.add(key)]
        kept = {name: values[first] for name, values in part.items()}
        kept["seed"], kept["preset"] = np.full(len(first), seed), np.full(len(first), place)
        yield kept


def _key(part: dict[str, np.ndarray], row: int) -> bytes:
    return b"".join(np.ascontiguousarray(values[row]).tobytes() for values in part.values())


@dataclass(frozen=True, kw_only=True, eq=False)
class Votes:
    """What every evaluator saw of a set of updates.

    Parameters
    ----------
    agreement : array [updates, families, evaluators]
        Change in agreement, a share.
    change : array [updates]
        Of deployed accuracy, a share.
    kind : array of str [updates]
        One of `KINDS`, empty if the change is too small to call.
    seed : array of int [updates]
    """

    agreement: np.ndarray
    change: np.ndarray
    kind: np.ndarray
    seed: np.ndarray

    def approved(self, margin: float) -> np.ndarray:
        """Who approves if agreement may fall by `margin`, array of bool as `agreement`."""
        return self.agreement >= -margin - 1e-9


@cache
def votes(bank: str) -> Votes:
    """Read one of the sets of updates that come with the course.

    Parameters
    ----------
    bank : str
        A key of `SEEDS`.
    """
    with np.load(RECORD) as record:
        part = {name: record[f"{bank}_{name}"] for name in ("agreement", "change", "rose", "seed")}
    rose = np.array(["other", "stamp", "replay", "both"])[part["rose"] @ [1, 2]]
    bad = np.where(part["change"] <= BAD + 1e-9, rose, "")
    kind = np.where(part["change"] >= GOOD - 1e-9, "good", bad)
    return Votes(agreement=part["agreement"], change=part["change"], kind=kind, seed=part["seed"])


@cache
def measured_errors() -> dict[str, np.ndarray]:
    """Read what `errors` found, one row a seed of the chapter."""
    names = ("between", "versions", "accuracy", "deployed")
    with np.load(RECORD) as record:
        return {name: record[f"errors_{name}"] for name in names}


@dataclass(frozen=True, kw_only=True)
class VotedUpdate:
    """An update as nine evaluators voted on it.

    Parameters
    ----------
    votes : array of bool [9]
        Whether each approves.
    kind : str
        What deployment said of it: one of `KINDS`.
    """

    votes: np.ndarray
    kind: str


@cache
def load_bank(bank: str) -> tuple[VotedUpdate, ...]:
    """Draw the wanted number of updates of each kind from one of the sets.

    Parameters
    ----------
    bank : str
        ``"practice"`` or ``"held_out"``.
    """
    found = votes(bank)
    cast = found.approved(MARGIN)[:, [0, 2]].reshape(len(found.kind), 2 * EACH)[:, ORDER]
    taken: Counter[str] = Counter()
    chosen = []
    for row in streams(13)[0].permutation(len(found.kind)):
        kind = str(found.kind[row])
        if taken[kind] < BANK_SIZES.get(kind, 0):
            taken[kind] += 1
            chosen.append(VotedUpdate(votes=cast[row], kind=kind))
    return tuple(chosen)


if __name__ == "__main__":
    np.savez_compressed(RECORD, **collect())
