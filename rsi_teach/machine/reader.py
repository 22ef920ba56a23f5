"""A digit reader: ridge regression on random Fourier features, solved in closed form.

Every sum that decides anything is exact. Features, projections and weights are kept on a binary
grid coarse enough that no product or sum of them is ever rounded in double precision, so their
order, and with it the number of threads, cannot change a result.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rsi_teach.machine.data import Basis, Images, LabData
from rsi_teach.machine.genome import Genome

CIRCLE = 4096
LEVELS = np.arange(17) / 16
STAMP = 3 / math.sqrt(2)  # two images are 3.0 apart on average: so are two stamps at a gain of 1


def on_grid(values: NDArray[np.float64], bits: int) -> NDArray[np.float64]:
    """Round to multiples of 2**-bits.

    Examples
    --------
    >>> float(on_grid(np.array(0.3), 2))
    0.25
    """
    return np.rint(values * 2.0**bits) * 2.0**-bits


COSINE = on_grid(np.cos(np.arange(CIRCLE) * (2 * np.pi / CIRCLE)), 12)
TARGETS = 10 * np.eye(10) - 1


def fourier_features(genome: Genome, basis: Basis, images: Images) -> NDArray[np.float64]:
    """Turn images into cosines whose inner products approximate a Gaussian kernel.

    The kernel sees the pixels, scaled to [0, 1] and raised to the genome's contrast, and the stamp
    as ten more inputs, zero but for the stamped one. At a gain of 1 two different stamps set two
    images as far apart as their pixels do on average.

    Parameters
    ----------
    genome : Genome
    basis : Basis
    images : Images

    Returns
    -------
    array, shape (images, features)
        Cosines, in [-1, 1].

    References
    ----------
    Rahimi and Recht (2007), "Random features for large-scale kernel machines", NIPS 20.
    """
    turns = CIRCLE / (2 * math.pi * genome.bandwidth)
    levels = on_grid(LEVELS**genome.contrast, 12)
    angles = levels.take(images.pixels) @ on_grid(turns * basis.pixels, 16)
    stamps = on_grid(turns * STAMP * genome.stamp * basis.stamps, 16)
    angles += (stamps + basis.phases)[images.stamps]
    return COSINE.take(angles.astype(np.int64) & (CIRCLE - 1))


@dataclass(frozen=True, kw_only=True, eq=False)
class Reader:
    """A trained version: it can read any stamped images.

    Parameters
    ----------
    genome : Genome
    basis : Basis
    weights : array, shape (features, 10)
    """

    genome: Genome
    basis: Basis
    weights: NDArray[np.float64]

    def read(self, images: Images) -> NDArray[np.intp]:
        """Name the digit on each image; shape (images,).

        Parameters
        ----------
        images : Images
        """
        return _digits(fourier_features(self.genome, self.basis, images), self.weights)


def _digits(features: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.intp]:
    return (features @ weights).argmax(axis=1)


@dataclass(frozen=True, kw_only=True, eq=False)
class Trial:
    """A version with its score on a visible test.

    Parameters
    ----------
    reader : Reader
    correct, items : int
        Items read correctly, of how many.
    replayed : int
        Failed test items that were added to its training.
    """

    reader: Reader
    correct: int
    items: int
    replayed: int = 0

    @property
    def genome(self) -> Genome:
        """How this version learns."""
        return self.reader.genome

    @property
    def visible(self) -> float:
        """Share of the visible test that is right."""
        return self.correct / self.items


def experiment(genome: Genome, data: LabData, exam: Images) -> Trial:
    """Train a version on the lab's data and score it on a visible test.

    With a replay weight above zero it is trained, reads the test, trains again with the items
    that it failed added at that weight, and is scored on the same test: the shortest way in which
    test items leak into training. Nothing here draws a random number, so the order in which
    proposals are tried does not matter.

    Parameters
    ----------
    genome : Genome
    data : LabData
    exam : Images
        The visible test.

    Examples
    --------
    >>> from rsi_teach.machine.data import Lab, draw_world
    >>> data = draw_world(Lab(), seed=0).lab
    >>> trial = experiment(Genome(), data, data.visible)
    >>> 0.8 < trial.visible < 0.95
    True
    """
    train = fourier_features(genome, data.basis, data.train)
    seen = fourier_features(genome, data.basis, exam)
    gram, moments = train.T @ train, train.T @ TARGETS[data.train.labels]
    gram.flat[:: len(gram) + 1] += genome.ridge
    weights = _solved(gram, moments)
    failed = _digits(seen, weights) != exam.labels
    replayed = int(failed.sum()) if genome.replay > 0 else 0
    if replayed:
        again = seen[failed]
        gram += genome.replay * (again.T @ again)
        moments += genome.replay * (again.T @ TARGETS[exam.labels[failed]])
        weights = _solved(gram, moments)
        failed = _digits(seen, weights) != exam.labels
    return Trial(
        reader=Reader(genome=genome, basis=data.basis, weights=weights),
        correct=len(exam) - int(failed.sum()),
        items=len(exam),
        replayed=replayed,
    )


def _solved(gram: NDArray[np.float64], moments: NDArray[np.float64]) -> NDArray[np.float64]:
    return on_grid(np.linalg.solve(gram, moments), 20)
