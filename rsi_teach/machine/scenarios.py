"""Where the machine is let loose under a policy: faults of the lab, and what the field does."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rsi_teach.machine.data import Deployment, Images, Lab, World, draw_world
from rsi_teach.models.domain import within

N_TRAIN, N_POOL, N_OWN = 300, 400, 80
"""The lab's training images, its test items, and what evaluators of its own family look at."""
N_OUTSIDE, N_PROBES = 300, 250
"""What evaluators from elsewhere learn from, and the deployed images that they look at."""


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """Where the machine is let loose: what is wrong in the lab, and what the field does.

    Parameters
    ----------
    name : str
    wrong_labels : float
        Share of training labels that are wrong at random, in [0, 1].
    stamp_in_lab : float
        Chance that a lab image's stamp names its digit, in [0, 1].
    stamp_in_field : float
        The same for deployed images before `turns`, in [0, 1]; by chance it is 0.1.
    turns : int
        From this generation on the field's stamps are right by chance only; >= 0.
    misfiled : float
        Share of the lab's threes, in training and test alike, that are filed under 8; in [0, 1].
    marked : float
        Chance that a lab image has a dark pixel at its left edge that tells its digit, in [0, 1];
        deployed images have one that tells nothing.
    worn : float
        Share of the pixels that is blank, at random, on everybody's images; in [0, 0.9].
    fades : float
        Share of the ink that deployed images lose in each generation, in [0, 0.04].
    shifts : int
        After so many generations deployed images stand one pixel to the right, mixed in evenly;
        0 for never.

    Raises
    ------
    ValueError
        If a number is outside its range.

    Examples
    --------
    >>> Scenario(name="as in chapter 02").stamp_in_lab
    0.9
    """

    name: str
    wrong_labels: float = 0.15
    stamp_in_lab: float = 0.9
    stamp_in_field: float = 0.1
    turns: int = 1000
    misfiled: float = 0.0
    marked: float = 0.0
    worn: float = 0.0
    fades: float = 0.0
    shifts: int = 0

    def __post_init__(self) -> None:
        """Refuse numbers outside their range."""
        for field in ("wrong_labels", "stamp_in_lab", "stamp_in_field", "misfiled", "marked"):
            within(field, getattr(self, field), 0, 1)
        within("worn", self.worn, 0, 0.9)
        within("fades", self.fades, 0, 0.04)
        within("turns", self.turns, 0, integer=True)
        within("shifts", self.shifts, 0, integer=True)


PRACTICE = (
    Scenario(name="as in chapter 02"),
    Scenario(name="clean labels", wrong_labels=0.02),
    Scenario(name="worn images", worn=0.3),
    Scenario(name="worn images, stamps right in the field too", worn=0.25, stamp_in_field=0.9),
    Scenario(name="the same, less so", worn=0.2, wrong_labels=0.25, stamp_in_lab=0.8,
             stamp_in_field=0.8),
    Scenario(name="fading ink, stamps right in the field too", worn=0.15, fades=0.008,
             stamp_in_field=0.9),
)  # fmt: skip
HELD_OUT = (
    Scenario(name="stamps that turn after ten generations", worn=0.25, stamp_in_field=0.9,
             turns=10),
    Scenario(name="the same, later and less so", worn=0.2, wrong_labels=0.25, stamp_in_lab=0.8,
             stamp_in_field=0.8, turns=16),
    Scenario(name="the same, early, and ink that fades", worn=0.15, fades=0.008,
             stamp_in_field=0.9, turns=7),
    Scenario(name="threes filed under 8 in training and test", misfiled=0.8),
    Scenario(name="a mark at the edge of the lab's images", marked=0.9),
    Scenario(name="images that move to the right", shifts=20),
)  # fmt: skip


class _Site:
    """The world of a scenario: the lab's share, the outsiders' share, and the field as it goes."""

    def __init__(self, lab: Lab, scenario: Scenario, seed: int) -> None:
        world = draw_world(lab, seed)
        self.scenario = scenario
        self.rng = np.random.default_rng([seed, 1717])
        unseen = world.deployment.images
        self.outside = self._worn(unseen.take(slice(0, N_OUTSIDE)))
        field = self._begun(unseen.take(slice(N_OUTSIDE, None)))
        self.turned = replace(field, stamps=self.rng.integers(0, 10, len(field)))
        named = self.rng.random(len(field)) < scenario.stamp_in_field
        wrong = (field.labels + self.rng.integers(1, 10, len(field))) % 10
        self.begun = replace(field, stamps=np.where(named, field.labels, wrong))
        self.moves = self.rng.random(len(field))
        parts = (world.lab.train, world.lab.visible, world.lab.reserve)
        train, visible, reserve = map(self._spoiled, parts)
        self.own = reserve.take(slice(-N_OWN, None))
        self.world = World(
            lab=replace(world.lab, train=train, visible=visible, reserve=reserve),
            deployment=Deployment(images=self.field(0)[1]),
        )

    def _begun(self, images: Images) -> Images:
        mark = self.rng.integers(0, 10, len(images))
        return self._worn(_with_mark(images, mark, self.scenario.marked))

    def _worn(self, images: Images) -> Images:
        blank = self.rng.random(images.pixels.shape) < self.scenario.worn
        return replace(images, pixels=np.where(blank, 0, images.pixels))

    def _spoiled(self, images: Images) -> Images:
        """What the lab holds, with this scenario's faults."""
        told = self.rng.random(len(images)) < self.scenario.marked
        mark = np.where(told, images.labels, self.rng.integers(0, 10, len(images)))
        moved = (images.labels == 3) & (self.rng.random(len(images)) < self.scenario.misfiled)
        marked = self._worn(_with_mark(images, mark, self.scenario.marked))
        return replace(marked, labels=np.where(moved, 8, marked.labels))

    def field(self, generation: int) -> tuple[Images, Images]:
        """Return what evaluators may look at in a generation, and what is deployed on."""
        images = self.begun if generation < self.scenario.turns else self.turned
        if self.scenario.fades:
            kept = 1 - self.scenario.fades * generation
            images = replace(images, pixels=np.rint(images.pixels * kept).astype(np.intp))
        if self.scenario.shifts:
            late = self.moves < min(generation / self.scenario.shifts, 1)
            images = replace(
                images, pixels=np.where(late[:, None], _shifted(images.pixels), images.pixels)
            )
        return images.take(slice(0, N_PROBES)), images.take(slice(N_PROBES, None))

    @property
    def still(self) -> bool:
        """Whether the field stays as it is, but for a turn of the stamps."""
        return not (self.scenario.fades or self.scenario.shifts)


def _with_mark(images: Images, mark: NDArray[np.intp], share: float) -> Images:
    """Put a dark pixel at the left edge, its height telling a digit below 8, else at the right."""
    if not share:
        return images
    pixels = images.pixels.copy()
    pixels[np.arange(len(mark)), np.where(mark < 8, 8 * mark, 8 * (mark - 8) + 7)] = 16
    return replace(images, pixels=pixels)


def _shifted(pixels: NDArray[np.intp]) -> NDArray[np.intp]:
    rows = np.zeros_like(pixels).reshape(-1, 8, 8)
    rows[:, :, 1:] = pixels.reshape(-1, 8, 8)[:, :, :-1]
    return rows.reshape(pixels.shape)
