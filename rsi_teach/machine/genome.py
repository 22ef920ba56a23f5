"""What the machine may change about itself, and how a change is drawn."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import ArrayLike

from rsi_teach.models.domain import within

RANGES = {
    "bandwidth": (0.2, 50.0),
    "ridge": (1e-3, 1e4),
    "contrast": (0.1, 10.0),
    "stamp": (0.0, 20.0),
    "replay": (0.0, 100.0),
    "step": (1e-3, 2.0),
}
GENES = tuple(RANGES)


@dataclass(frozen=True, kw_only=True)
class Genome:
    """How one version of the machine learns.

    Parameters
    ----------
    bandwidth : float
        Width of the Gaussian kernel, in [0.2, 50], in units of full pixel contrast.
    ridge : float
        Penalty on the squared weights, in [0.001, 10000].
    contrast : float
        Exponent that each pixel, scaled to [0, 1], is raised to; in [0.1, 10].
    stamp : float
        Gain on the lab's bookkeeping stamp, in [0, 20]: 0 does not read it, 1 makes it as loud as
        the image.
    replay : float
        Weight of each failed test item that is added to training, in [0, 100].
    step : float
        Mutation step, in [0.001, 2]: e-folds for the first three genes, units for the next two.

    Raises
    ------
    ValueError
        If a gene is outside its range.

    Examples
    --------
    >>> Genome(stamp=0.5).stamp
    0.5
    >>> Genome(ridge=0.0)
    Traceback (most recent call last):
    ...
    ValueError: ridge = 0 is outside [0.001, 10000]
    """

    bandwidth: float = 1.5
    ridge: float = 1.0
    contrast: float = 1.0
    stamp: float = 0.0
    replay: float = 0.0
    step: float = 0.05

    def __post_init__(self) -> None:
        """Refuse genes outside their range."""
        for gene, (low, high) in RANGES.items():
            within(gene, getattr(self, gene), low, high)

    def changed(self, **genes: float) -> Genome:
        """Return a copy with these genes changed, each held at the ends of its range.

        Parameters
        ----------
        **genes : float
            New values by name.

        Examples
        --------
        >>> Genome().changed(stamp=0.1, step=50).step
        2.0
        """
        return replace(self, **{gene: _held(gene, value) for gene, value in genes.items()})


def _held(gene: str, value: float) -> float:
    low, high = RANGES.get(gene, (value, value))
    return min(max(value, low), high)


@dataclass(frozen=True, kw_only=True)
class Permissions:
    """Which genes may move: the whole difference between the rows of the machine's table.

    Parameters
    ----------
    learning : bool
        Bandwidth, ridge penalty and contrast.
    step : bool
        The mutation step itself; without it the step stays as it was set.
    stamp : bool
        The gain on the bookkeeping stamp.
    replay : bool
        The weight on replaying failed test items.

    Raises
    ------
    ValueError
        If a permission is not a truth value.

    Examples
    --------
    >>> Permissions(stamp=True).genes
    ('bandwidth', 'ridge', 'contrast', 'stamp', 'step')
    """

    learning: bool = True
    step: bool = True
    stamp: bool = False
    replay: bool = False

    def __post_init__(self) -> None:
        """Refuse anything but True and False."""
        for field in fields(self):
            value = getattr(self, field.name)
            if not isinstance(value, bool | np.bool_):
                raise ValueError(f"{field.name} = {value!r} is neither True nor False")

    @property
    def genes(self) -> tuple[str, ...]:
        """The genes that may move, in the genome's order."""
        free = dict.fromkeys(("bandwidth", "ridge", "contrast"), self.learning)
        free |= {"stamp": self.stamp, "replay": self.replay, "step": self.step}
        return tuple(gene for gene, may_move in free.items() if may_move)


PRESETS = {
    "recursive": Permissions(),
    "scheduled": Permissions(step=False),
    "stamp": Permissions(stamp=True),
    "replay": Permissions(replay=True),
    "both": Permissions(stamp=True, replay=True),
}


def mutate(
    genome: Genome,
    noise: ArrayLike,
    permissions: Permissions,
    *,
    adaptation: float = 1.0,
    slowest: float = 0.05,
) -> Genome:
    """Return the child that this noise makes of a genome; the step moves first.

    The step is multiplied by exp(adaptation z), then the *new* step moves the other genes:
    bandwidth, ridge and contrast on a log scale, the two gains on a linear one that ends at zero:
    half of the children of a parent that does not use a gain do not use it either, so that a
    permission is not yet a use. The step is kept at `slowest` or above: on a test
    of 150 items most small changes tie with the incumbent, ties survive, and without a floor the
    step shrinks until nothing moves.

    Parameters
    ----------
    genome : Genome
        The parent.
    noise : array, shape (6,)
        Standard normal draws, one for each gene in the order of `GENES`.
    permissions : Permissions
        Genes that may not move keep their value, whatever their noise.
    adaptation : float
        Standard deviation of the step's logarithm per generation, >= 0.
    slowest : float
        Floor of a self-adapting step, in [0.001, 2].

    Raises
    ------
    ValueError
        If the noise has another shape or is not finite, or a number is outside its range.

    References
    ----------
    Log-normal self-adaptation: Beyer and Schwefel (2002), "Evolution strategies", Natural
    Computing 1, 3-52.

    Examples
    --------
    >>> child = mutate(Genome(step=0.1), [1, 0, 0, 0, 0, 2], Permissions(), adaptation=0.5)
    >>> round(child.step, 4), round(child.bandwidth, 4), child.stamp
    (0.2718, 1.9685, 0.0)
    """
    draws = np.asarray(noise, dtype=float)
    if draws.shape != (len(GENES),):
        raise ValueError(f"noise has shape {draws.shape}; it should be ({len(GENES)},)")
    within("noise", draws)
    within("adaptation", adaptation, 0)
    within("slowest", slowest, *RANGES["step"])
    z = dict(zip(GENES, draws.tolist(), strict=True))
    free = permissions.genes
    step, moved = genome.step, {}
    if "step" in free:
        step = max(step * math.exp(adaptation * z["step"]), slowest)
        step = moved["step"] = _held("step", step)
    for gene in free:
        if gene in ("bandwidth", "ridge", "contrast"):
            moved[gene] = getattr(genome, gene) * math.exp(step * z[gene])
        elif gene in ("stamp", "replay"):
            moved[gene] = max(getattr(genome, gene) + step * z[gene], 0.0)
    return genome.changed(**moved)
