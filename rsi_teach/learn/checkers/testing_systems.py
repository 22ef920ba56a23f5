"""Exercise 07.4: systems that fail somewhere, and searches that look for the place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np
from numpy.typing import NDArray

from rsi_teach.models.testing_search import ball_measure, chance_met

DIMENSION, BUDGET, RADIUS = 3, 300, 0.04
KINDS = {"slope": 12, "decoys": 12, "needle": 6}
"""How many systems of each kind stand in a bank."""

Point = NDArray[np.float64]
Search = Callable[["System", int, np.random.Generator], Point]


@dataclass(kw_only=True, eq=False)
class System:
    """Something to be tested: call it with a point of the cube, and it answers with its signal.

    Parameters
    ----------
    dimension : int
        Coordinates of a point, each in [0, 1].
    signal : callable (point) -> float
        1 far from trouble, 0 where the system fails.
    asked : int
        How many tests were made.
    failed : bool
        Whether one of them failed.
    """

    dimension: int
    signal: Callable[[Point], float] = field(repr=False)
    asked: int = 0
    failed: bool = False

    def __call__(self, point: Point) -> float:
        """Test one point; outside the cube nothing happens, and it counts."""
        self.asked += 1
        at = np.asarray(point, dtype=float)
        if at.shape != (self.dimension,):
            raise ValueError(f"a point has {self.dimension} coordinates, not shape {at.shape}")
        found = float(self.signal(at)) if np.all((at >= 0) & (at <= 1)) else 1.0
        self.failed = self.failed or found == 0
        return found


def _cone(centre: Point, flat: float, reach: float, bottom: float) -> Callable[[Point], float]:
    """A signal that falls from 1 at `reach` to `bottom` at `flat`."""
    if reach == flat:
        return lambda point: float(np.linalg.norm(point - centre) > flat)

    def signal(point: Point) -> float:
        share = (np.linalg.norm(point - centre) - flat) / (reach - flat)
        return float(bottom + (1 - bottom) * min(max(share, 0.0), 1.0))

    return signal


def _made(kind: str, rng: np.random.Generator) -> System:
    centre = rng.uniform(0.25, 0.75, DIMENSION)
    reach = RADIUS if kind == "needle" else rng.uniform(0.18, 0.25)
    cones = [_cone(centre, RADIUS, reach, 0.0)]
    while kind == "decoys" and len(cones) < 3:
        other = rng.uniform(0.1, 0.9, DIMENSION)
        if np.linalg.norm(other - centre) > 0.4:
            cones.append(_cone(other, 0.02, 0.32, 0.3))
    return System(dimension=DIMENSION, signal=lambda point: min(cone(point) for cone in cones))


def bank(seed: int) -> list[tuple[str, System]]:
    """Fresh systems with their kinds, the same ones for the same seed.

    Parameters
    ----------
    seed : int
    """
    rng = np.random.default_rng(seed)
    return [(kind, _made(kind, rng)) for kind, many in KINDS.items() for _ in range(many)]


@dataclass(frozen=True, kw_only=True)
class Tally:
    """What a search did with a bank.

    Parameters
    ----------
    found : dict of str to int
        Systems of each kind of which a failing point was returned.
    overspent : int
        Most tests made of one system, if more than the budget, else 0.
    lost : int
        Systems that failed under test while the point returned does not.
    """

    found: dict[str, int]
    overspent: int
    lost: int

    @property
    def total(self) -> int:
        """Systems of all kinds of which a failing point was returned."""
        return sum(self.found.values())


def tally(search: Search, seed: int) -> Tally:
    """Let a search loose on every system of a bank.

    Parameters
    ----------
    search : callable (system, budget, rng) -> point
    seed : int
        Of the bank.
    """
    found, overspent, lost = dict.fromkeys(KINDS, 0), 0, 0
    for number, (kind, system) in enumerate(bank(seed)):
        point = np.asarray(search(system, BUDGET, np.random.default_rng([seed, number])))
        overspent = max(overspent, system.asked * (system.asked > BUDGET))
        hit = point.shape == (DIMENSION,) and system.failed and system.signal(point) == 0
        found[kind] += hit
        lost += system.failed and not hit
    return Tally(found=found, overspent=overspent, lost=lost)


def by_luck() -> dict[str, float]:
    """How many systems of each kind a random suite of the same size finds on average."""
    chance = float(chance_met(ball_measure(RADIUS, DIMENSION), BUDGET))
    return {kind: many * chance for kind, many in KINDS.items()}


def at_random(system: System, budget: int, rng: np.random.Generator) -> Point:
    """Try random points and return the one with the lowest signal."""
    points = rng.random((budget, system.dimension))
    return points[int(np.argmin([system(point) for point in points]))]


def climbing(
    system: System,
    budget: int,
    rng: np.random.Generator,
    *,
    restart_at: float = 0.02,
    start: Point | None = None,
) -> Point:
    """Explore until there is a signal, follow it, and begin anew where it leads nowhere."""
    place, best, step = start, 1.0, 0.25
    for _ in range(budget):
        explore = best == 1 and start is None
        point = rng.random(system.dimension) if explore or place is None else np.clip(
            place + step * rng.uniform(-1, 1, system.dimension), 0, 1)  # fmt: skip
        signal = system(point)
        if signal == 0:
            return point
        if signal < best:
            step, place, best = step * (1 if best == 1 else 1.5), point, signal
        elif best < 1:
            step *= 1.5**-0.25
        if step < restart_at:
            best, step = 1.0, 0.25
    return point


@cache
def reference(seed: int) -> Tally:
    """What the course's own search finds in a bank.

    Parameters
    ----------
    seed : int
    """
    return tally(climbing, seed)


def practice() -> Sequence[tuple[str, System]]:
    """Thirty systems to look at, with their kinds."""
    return bank(PRACTICE)


PRACTICE, HIDDEN = 1, 2
