"""Chapter 14: the four-stage loop behind a gate that opens only on a clean enough test.

In every generation a test is made. If it shows enough alignment the loop runs for a generation;
if not, it stands still and part of the lost alignment is put right. A gate that asks for little
opens too early and loses alignment; one that asks for much opens too late and loses progress.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betainc, betaincinv

from rsi_teach.models import loop as loops
from rsi_teach.models.domain import shaped, within
from rsi_teach.models.testing import clopper_pearson

Array = NDArray[np.float64]
GRID = 4096
"""Steps into which the luck of a test is divided."""


@dataclass(frozen=True, kw_only=True)
class Gate:
    """A gate before the loop, which looks at a test.

    Parameters
    ----------
    threshold : float, in [0, 1]
        What the lower bound on alignment must reach for the loop to run; 0 lets it always run.
    tests : int, in [1, 10000]
        Items tried in every generation; each shows the intended behaviour with a probability that
        equals the alignment.
    confidence : float, in (0, 1)
        Of the lower bound, one-sided.
    restores : float, in [0, 1]
        Share of the lost alignment that a generation behind the closed gate puts right.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    This course's own toy; the bound is Clopper and Pearson's (1934).

    Examples
    --------
    >>> Gate(threshold=0.8).tests
    100
    """

    threshold: float = 0.75
    tests: int = 100
    confidence: float = 0.95
    restores: float = 0.5

    def __post_init__(self) -> None:
        """Refuse what is no gate."""
        within("threshold", self.threshold, 0, 1)
        within("tests", self.tests, 1, 10_000, integer=True)
        within("confidence", self.confidence, 0, 1, open_low=True, open_high=True)
        within("restores", self.restores, 0, 1)


@dataclass(frozen=True, kw_only=True, eq=False)
class Gated:
    """Many runs of a loop behind a gate, side by side.

    Parameters
    ----------
    capability : array [generations + 1, runs], >= 1
        In units of the start.
    alignment : array [generations + 1, runs], in [0, 1]
        Share of the intended property that is left.
    ran : array of bool [generations, runs]
        Whether the gate was open.

    Raises
    ------
    ValueError
        If an array is out of its range or the shapes do not fit.

    References
    ----------
    Made by `simulate_gated`.

    Examples
    --------
    >>> Gated(capability=np.ones((2, 3)), alignment=np.ones((2, 3)),
    ...       ran=np.ones((1, 3), dtype=bool)).ran.shape
    (1, 3)
    """

    capability: Array
    alignment: Array
    ran: NDArray[np.bool_]

    def __post_init__(self) -> None:
        """Refuse what no gated loop can do."""
        loops.Ensemble(capability=self.capability, alignment=self.alignment)
        rows, runs = np.shape(self.capability)
        ran = shaped("ran", self.ran, (rows - 1, runs))
        if ran.dtype != bool:
            raise ValueError(f"ran has type {ran.dtype}, not bool")


def needed_passes(gate: Gate) -> int:
    """Fewest items that must pass for the gate to open.

    Parameters
    ----------
    gate : Gate

    Returns
    -------
    int
        ``tests + 1`` if not even a perfect test is enough.

    References
    ----------
    Clopper and Pearson (1934), lower bound for every count.

    Examples
    --------
    >>> needed_passes(Gate(threshold=0.75)), needed_passes(Gate(threshold=0.98))
    (83, 101)
    """
    return int(np.searchsorted(_lower_bounds(gate.tests, gate.confidence), gate.threshold))


@cache
def _lower_bounds(tests: int, confidence: float) -> Array:
    """Lower bound on alignment for every number of passes."""
    return clopper_pearson(np.arange(tests + 1), tests, confidence=confidence, side="lower")[0]


def chance_open(gate: Gate, alignment: ArrayLike) -> Array:
    """Chance that the gate opens.

    Parameters
    ----------
    gate : Gate
    alignment : array, any shape, in [0, 1]

    Returns
    -------
    array of the shape of `alignment`
        P(Bin(tests, alignment) >= needed passes).

    Raises
    ------
    ValueError
        If `alignment` is out of its range.

    References
    ----------
    The binomial distribution function, as an incomplete beta function.

    Examples
    --------
    >>> chance_open(Gate(threshold=0.75), [0.7, 0.85, 1.0]).round(3).tolist()
    [0.002, 0.763, 1.0]
    """
    within("alignment", alignment, 0, 1)
    k, n, x = needed_passes(gate), gate.tests, np.asarray(alignment, dtype=float)
    if k in (0, n + 1):
        return np.full(x.shape, float(k == 0))
    return betainc(k, n - k + 1, x)


def simulate_gated(loop: loops.Loop, gate: Gate, noise: ArrayLike) -> Gated:
    """Run the loop behind the gate once for every column of noise.

    Parameters
    ----------
    loop : Loop
    gate : Gate
    noise : array [generations, 5, runs], uniform in [0, 1), at most 250 generations
        One number for each stage, and the fifth for the test.

    Returns
    -------
    Gated
        Row 0 of capability and alignment is the start, 1 and 1.

    Raises
    ------
    ValueError
        If `noise` is out of its range or not of that shape.

    References
    ----------
    This course's own toy. When things have settled, what a running generation loses on average a
    closed one restores: see `running_share`.

    Examples
    --------
    >>> still = loops.Loop(**{n: loops.Stage(gain=0, leak=0.01, spread=0) for n in loops.STAGES})
    >>> simulate_gated(still, Gate(threshold=0), np.zeros((2, 5, 1))).alignment[:, 0].round(4)
    array([1.    , 0.9606, 0.9227])
    """
    noise = shaped("noise", noise, ("generations", 5, "runs"), longest=loops.LONGEST)
    within("noise", noise, 0, 1, open_high=True)
    gain, keep = _factors(loop, noise[:, :4])
    opens = _opens_at(needed_passes(gate), gate.tests)
    capability, alignment = np.ones((2, len(noise) + 1, noise.shape[2]))
    ran, stays = np.empty(gain.shape, dtype=bool), 1 - gate.restores
    for g, now in enumerate(alignment[:-1]):
        needed = opens.take((noise[g, 4] * GRID).astype(np.int16))
        np.greater_equal(now, needed, out=ran[g])
        alignment[g + 1] = np.where(ran[g], now * keep[g], now * stays + gate.restores)
    for g, now in enumerate(capability[:-1]):
        np.multiply(now, np.where(ran[g], gain[g], 1), out=capability[g + 1])
    return Gated(capability=capability, alignment=alignment, ran=ran)


def _factors(loop: loops.Loop, noise: Array) -> Array:
    """What a generation multiplies by, read off a loop in which every set of stages pushes."""
    chances = np.array([1 / stage.burst for stage in loop.stages])
    pushes = np.arange(16) >> np.arange(4)[:, None] & 1
    made = loops.simulate(loop, np.where(pushes, 0.0, np.nextafter(1, 0))[None])
    came = (noise < chances[:, None]).view(np.uint8)
    case = np.einsum("gsr,s->gr", came, np.array([1, 2, 4, 8], dtype=np.uint8))
    return np.stack([made.capability[1], made.alignment[1]]).take(case, axis=1)


@cache
def _opens_at(passes: int, tests: int) -> Array:
    """Alignment from which the gate is open, for every step of the test's luck.

    A test has k passes of n when the k-th smallest of n uniform numbers is below the alignment;
    these are that number's quantiles.
    """
    if passes in (0, tests + 1):
        return np.full(GRID, 0.0 if passes == 0 else 2.0)
    return betaincinv(passes, tests - passes + 1, (np.arange(GRID) + 0.5) / GRID)


def running_share(loop: loops.Loop, alignment: ArrayLike, *, restores: float) -> Array:
    """Share of the generations for which a loop can run if it is to hold its alignment.

    Parameters
    ----------
    loop : Loop
    alignment : array, any shape, in [0, 1]
        To be held on average.
    restores : float, in (0, 1]
        Share of the lost alignment that a closed generation puts right.

    Returns
    -------
    array of the shape of `alignment`
        x with x (1 - q) a = (1 - x) c (1 - a), where q is the loop's retention.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    The balance of what is lost and restored, exact when running does not depend on alignment. A
    gate stands still when there is more to restore, and so runs a few points more than this.

    Examples
    --------
    >>> running_share(loops.Loop(), [0.7, 0.8, 0.9], restores=0.5).round(2).tolist()
    [0.89, 0.82, 0.67]
    """
    within("alignment", alignment, 0, 1)
    within("restores", restores, 0, 1, open_low=True)
    a = np.asarray(alignment, dtype=float)
    restored, lost = restores * (1 - a), (1 - loop.retention) * a
    return np.where(lost > 0, restored / np.where(lost > 0, restored + lost, 1), 1.0)


def gate_errors(made: Gated) -> Array:
    """What each run lost by opening late and by opening early.

    Parameters
    ----------
    made : Gated

    Returns
    -------
    array [2, runs], in [0, 1]
        The share of the generations in which the loop stood still, and the alignment lost, as a
        mean over the generations.

    References
    ----------
    This course's own toy.

    Examples
    --------
    >>> made = simulate_gated(loops.Loop(), Gate(threshold=1), np.zeros((5, 5, 2)))
    >>> gate_errors(made).tolist()
    [[1.0, 1.0], [0.0, 0.0]]
    """
    return np.stack([1 - made.ran.mean(axis=0), 1 - made.alignment[1:].mean(axis=0)])
