"""Entries of a changelog, as exercise 10.4 hands them out, and simple rules to read them."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product

import numpy as np

from rsi_teach.learn.checkers.attribution_runs import CHANGES, Bundle
from rsi_teach.machine import Genome
from rsi_teach.models import attribution

BUDGET = 960
"""Deployed images that may be read for one entry of the changelog."""


class Overspent(Exception):
    """More images were asked for than are left."""


class Entry:
    """One entry of the changelog: a bundle of changes, and a desk that reads images.

    Parameters
    ----------
    bundle : Bundle
    number : int
        Seeds the images that are read.
    """

    def __init__(self, bundle: Bundle, number: int) -> None:
        self.before: Genome = bundle.before
        self.after: Genome = bundle.after
        self.images_left = BUDGET
        self.refused = ""
        self._right, self._number = bundle.right, number

    def __repr__(self) -> str:
        """Say that this is one entry."""
        return "entry"

    @property
    def deployed(self) -> tuple[float, float]:
        """Accuracy before and after as the log has it, each from all deployed images."""
        return float(self._right[0] / 1147), float(self._right[-1] / 1147)

    def measure(self, genes: Iterable[str], images: int) -> float:
        """Deploy the old version with these genes taken from the new one, on so many images.

        Parameters
        ----------
        genes : iterable of str
            Any of the five in `CHANGES`; none of them is the old version.
        images : int
            At least 1. Every version reads other images; asked the same twice, the same.
        """
        genes = {genes} if isinstance(genes, str) else set(genes)
        if genes - set(CHANGES):
            raise ValueError(f"genes: {sorted(genes - set(CHANGES))} are none of {CHANGES}")
        if not 1 <= images <= self.images_left or images != int(images):
            self.refused = (
                f"An answer asked for {images} images when {self.images_left} were left. An entry "
                f"has {BUDGET} for all of its versions together."
            )
            raise Overspent(self.refused)
        self.images_left -= int(images)
        made = sum(1 << i for i, gene in enumerate(CHANGES) if gene in genes)
        rng = np.random.default_rng([self._number, made, int(images)])
        right = int(self._right[made])
        return float(rng.hypergeometric(right, 1147 - right, int(images)) / images)


def largest(effects: Iterable[float], never: str = "") -> str:
    """Name the gene with the largest effect, up or down."""
    sizes = {gene: abs(e) for gene, e in zip(CHANGES, effects, strict=True) if gene != never}
    return max(sizes, key=sizes.__getitem__)


def one_at_a_time(entry: Entry) -> str:
    """Add each gene alone to the old version, 160 images each."""
    old = entry.measure((), 160)
    return largest([entry.measure([gene], 160) - old for gene in CHANGES])


def taken_out(entry: Entry) -> str:
    """Take each gene alone out of the new version, 160 images each."""
    new = entry.measure(CHANGES, 160)
    return largest([new - entry.measure(set(CHANGES) - {gene}, 160) for gene in CHANGES])


def half_fraction(entry: Entry, images: int, never: str = "") -> str:
    """Deploy sixteen versions in which every gene is there half of the time."""
    design = attribution.fraction(5, ["E=ABCD"])
    scores = [
        entry.measure([gene for gene, level in zip(CHANGES, row, strict=True) if level > 0], images)
        for row in design
    ]
    return largest(design.T @ scores, never)


def all_versions(entry: Entry) -> str:
    """Deploy all 32 versions on 30 images each, and take Shapley's shares."""
    made = product((0, 1), repeat=5)
    scores = [
        entry.measure([gene for gene, on in zip(CHANGES, row[::-1], strict=True) if on], 30)
        for row in made
    ]
    return largest(attribution.shapley(scores))


def moved(entry: Entry, gene: str) -> float:
    """How far a gene moved, in its own units."""
    return abs(getattr(entry.after, gene) - getattr(entry.before, gene))
