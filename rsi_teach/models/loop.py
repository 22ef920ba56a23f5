"""Chapter 02: a loop of four stages, in which alignment has to survive every one of them.

In each generation each stage draws a *push* w, a random number with mean 1. Capability is
multiplied by 1 + gain · w and alignment by 1 - leak · w: what carries the progress carries the
loss. Pushes are independent, so both means are products, and exact.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rsi_teach.models.domain import shaped, within

Array = NDArray[np.float64]
STAGES = ("proposal", "experiment", "selection", "deployment")
LONGEST = 250
"""Most generations of one run: at two to the fourth each, capability still fits a float."""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One stage of the loop, as what it adds to capability and what it takes from alignment.

    Parameters
    ----------
    gain : float, in [0, 1]
        Mean share by which one passage raises capability.
    leak : float, in [0, 1]
        Mean share of the alignment that one passage loses.
    spread : float, in [0, 10]
        Standard deviation of the push. At 0 every passage is the same; above, a push of
        1 + spread² comes once in 1 + spread² passages and nothing in between. The largest push
        may at most double capability and at most lose all alignment:
        gain · (1 + spread²) <= 1 and leak · (1 + spread²) <= 1.

    Raises
    ------
    ValueError
        If a parameter is out of its range; the message names it.

    References
    ----------
    This course's own toy: a two-point multiplicative cascade.

    Examples
    --------
    >>> Stage(gain=0.03, leak=0.01).retention
    0.99
    """

    gain: float = 0.02
    leak: float = 0.002
    spread: float = 2.0

    def __post_init__(self) -> None:
        """Refuse a stage whose largest push is more than the model covers."""
        within("spread", self.spread, 0, 10)
        within("gain", self.gain, 0, 1 / self.burst)
        within("leak", self.leak, 0, 1 / self.burst)

    @property
    def burst(self) -> float:
        """Size of a push when one comes, which is also how rarely one comes."""
        return 1 + self.spread**2

    @property
    def retention(self) -> float:
        """Mean share of the alignment that survives one passage."""
        return 1 - self.leak


@dataclass(frozen=True, kw_only=True)
class Loop:
    """The four stages of one generation, in their order.

    Parameters
    ----------
    proposal, experiment, selection, deployment : Stage
        Where a change is thought up, tried, chosen and let out.

    Raises
    ------
    ValueError
        If one of them is not a `Stage`.

    References
    ----------
    This course's own toy.

    Examples
    --------
    >>> round(Loop().retention, 4)
    0.9722
    """

    proposal: Stage = Stage(gain=0.03, leak=0.002)
    experiment: Stage = Stage(gain=0.03, leak=0.002)
    selection: Stage = Stage(gain=0.03, leak=0.02)
    deployment: Stage = Stage(gain=0.01, leak=0.004)

    def __post_init__(self) -> None:
        """Refuse what is not a stage."""
        for name, stage in zip(STAGES, self.stages, strict=True):
            if not isinstance(stage, Stage):
                raise ValueError(f"{name} = {stage!r} is not a Stage")

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The four, in order."""
        return tuple(getattr(self, field.name) for field in fields(self))

    @property
    def retention(self) -> float:
        """Mean share of the alignment that survives one generation: the product of the four."""
        return math.prod(stage.retention for stage in self.stages)

    @property
    def growth(self) -> float:
        """Mean factor by which capability grows in one generation."""
        return math.prod(1 + stage.gain for stage in self.stages)


@dataclass(frozen=True, kw_only=True)
class Review:
    """A human who looks in every so many generations and puts part of the loss right.

    Parameters
    ----------
    every : int, in [1, 250], generations
        1 reviews every generation.
    restores : float, in [0, 1]
        Share of the lost alignment that one review restores.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    This course's own toy; a linear correction, as in an AR(1) process.

    Examples
    --------
    >>> Review(every=10, restores=0.5).every
    10
    """

    every: int = 10
    restores: float = 0.5

    def __post_init__(self) -> None:
        """Refuse a review that is none."""
        within("every", self.every, 1, LONGEST, integer=True)
        within("restores", self.restores, 0, 1)


NO_REVIEW = Review(every=1, restores=0.0)


@dataclass(frozen=True, kw_only=True, eq=False)
class Ensemble:
    """Many runs of one loop, side by side.

    Parameters
    ----------
    capability : array [generations + 1, runs], >= 1
        In units of the start.
    alignment : array [generations + 1, runs], in [0, 1]
        Share of the intended property that is left.

    Raises
    ------
    ValueError
        If an array is out of its range or their shapes differ.

    References
    ----------
    Made by `simulate`.

    Examples
    --------
    >>> Ensemble(capability=np.ones((2, 3)), alignment=np.ones((2, 3))).alignment.shape
    (2, 3)
    """

    capability: Array
    alignment: Array

    def __post_init__(self) -> None:
        """Refuse what no loop can do."""
        within("capability", self.capability, 1, math.inf, open_high=True)
        within("alignment", self.alignment, 0, 1)
        if np.ndim(self.capability) != 2 or np.shape(self.capability) != np.shape(self.alignment):
            raise ValueError("capability and alignment differ in shape [generations + 1, runs]")


def simulate(loop: Loop, noise: ArrayLike, *, review: Review = NO_REVIEW) -> Ensemble:
    """Run the loop once for every column of noise.

    Parameters
    ----------
    loop : Loop
    noise : array [generations, 4, runs], uniform in [0, 1), at most 250 generations
        One number for every generation, stage and run: the randomness is an input. It stays
        float32 if it comes so.
    review : Review
        Comes at the end of its generations; by default there is none.

    Returns
    -------
    Ensemble
        Of shape [generations + 1, runs]; row 0 is the start, 1 and 1.

    Raises
    ------
    ValueError
        If `noise` is out of its range or not of that shape.

    References
    ----------
    This course's own toy; its means are `mean_capability` and `mean_alignment`.

    Examples
    --------
    >>> still = Loop(**{name: Stage(gain=0, leak=0.01, spread=0) for name in STAGES})
    >>> simulate(still, np.zeros((2, 4, 1))).alignment[:, 0].round(4).tolist()
    [1.0, 0.9606, 0.9227]
    """
    noise = shaped("noise", noise, ("generations", len(STAGES), "runs"), longest=LONGEST)
    within("noise", noise, 0, 1, open_high=True)
    state = np.ones((2, len(noise) + 1, noise.shape[2]))
    factors = _factors(loop, noise)
    for g in range(1, len(noise) + 1):
        np.multiply(state[:, g - 1], factors[:, g - 1], out=state[:, g])
        if review.restores and g % review.every == 0:
            state[1, g] += review.restores * (1 - state[1, g])
    return Ensemble(capability=state[0], alignment=state[1])


def _factors(loop: Loop, noise: Array) -> Array:
    """Look up what each generation multiplies by: four stages push or not, so 16 cases."""
    gain, leak, burst = np.array([(s.gain, s.leak, s.burst) for s in loop.stages]).T
    push = burst * (np.arange(16)[:, None] >> np.arange(4) & 1)
    table = np.stack([np.prod(1 + gain * push, axis=1), np.prod(1 - leak * push, axis=1)])
    came = (noise < (1 / burst)[:, None]).view(np.uint8)
    case = np.einsum("gsr,s->gr", came, np.array([1, 2, 4, 8], dtype=np.uint8))
    return np.maximum(table, 0).take(case, axis=1)


def mean_capability(loop: Loop, generations: ArrayLike) -> Array:
    """Exact mean of capability: the product of 1 + gain over the stages, once per generation.

    Parameters
    ----------
    loop : Loop
    generations : array of int, any shape, in [0, 250]

    Returns
    -------
    array
        In units of the start, shape of `generations`.

    Raises
    ------
    ValueError
        If `generations` is out of its range.

    References
    ----------
    Mean of a product of independent factors.

    Examples
    --------
    >>> mean_capability(Loop(), [0, 10]).round(2).tolist()
    [1.0, 2.68]
    """
    within("generations", generations, 0, LONGEST, integer=True)
    return loop.growth ** np.asarray(generations, dtype=float)


def mean_alignment(loop: Loop, generations: ArrayLike, *, review: Review = NO_REVIEW) -> Array:
    """Exact mean of alignment: q^n without review; with it, the same and a pull back to 1.

    With m generations between reviews and a share c restored, the mean after the k-th review is
    a + (1 - a) b^k, where b = (1 - c) q^m and a = c / (1 - b).

    Parameters
    ----------
    loop : Loop
    generations : array of int, any shape, in [0, 250]
    review : Review
        By default there is none.

    Returns
    -------
    array
        In [0, 1], shape of `generations`.

    Raises
    ------
    ValueError
        If `generations` is out of its range.

    References
    ----------
    Mean of a product of independent factors; a review is linear, so means stay exact.

    Examples
    --------
    >>> mean_alignment(Loop(), [0, 50]).round(3).tolist()
    [1.0, 0.244]
    """
    within("generations", generations, 0, LONGEST, integer=True)
    reviews, since = np.divmod(np.asarray(generations, dtype=float), review.every)
    kept = (1 - review.restores) * loop.retention**review.every
    settled = review.restores / (1 - kept) if kept < 1 else 1.0
    return (settled + (1 - settled) * kept**reviews) * loop.retention**since


def generations_until(loop: Loop, floor: float) -> float:
    """First generation in which mean alignment, without review, is at or below `floor`.

    Parameters
    ----------
    loop : Loop
    floor : float, in (0, 1]

    Returns
    -------
    float
        A whole number; ``inf`` if nothing leaks.

    Raises
    ------
    ValueError
        If `floor` is out of its range.

    References
    ----------
    q^n <= floor, solved for n.

    Examples
    --------
    >>> generations_until(Loop(), 0.5)
    25.0
    """
    within("floor", floor, 0, 1, open_low=True)
    q = loop.retention
    if floor == 1 or q == 0:
        return 0.0 if floor == 1 else 1.0
    return math.inf if q == 1 else float(math.ceil(math.log(floor) / math.log(q) - 1e-9))


def required_retention(*, target: float, generations: int, stages: int = 1) -> float:
    """Retention that each passage needs so that `target` of the alignment is left at the end.

    Parameters
    ----------
    target : float, in (0, 1]
        Mean alignment wanted after the last generation.
    generations : int, in [1, 10000]
    stages : int, in [1, 100]
        Equal stages in a generation; 1 gives the retention of the whole generation.

    Returns
    -------
    float
        target^(1 / (generations · stages)).

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    q^n = target, solved for q.

    Examples
    --------
    >>> round(required_retention(target=0.9, generations=50), 5)
    0.9979
    """
    within("target", target, 0, 1, open_low=True)
    within("generations", generations, 1, 10_000, integer=True)
    within("stages", stages, 1, 100, integer=True)
    return target ** (1 / (generations * stages))


def loss_shares(loop: Loop) -> Array:
    """Share of the loss of alignment that each stage causes: ln(1 - leak) over its sum.

    Parameters
    ----------
    loop : Loop

    Returns
    -------
    array [4]
        Sums to 1; all 0 if nothing leaks. A stage that loses everything takes the whole blame.

    References
    ----------
    ln q is the sum of the four ln(1 - leak).

    Examples
    --------
    >>> loss_shares(Loop()).round(2).tolist()
    [0.07, 0.07, 0.72, 0.14]
    """
    losses = np.array([-math.log(max(stage.retention, 1e-300)) for stage in loop.stages])
    return losses / losses.sum() if losses.any() else losses


def perfected(loop: Loop, *, except_for: str) -> Loop:
    """Return the same loop with every stage but one made leak-free.

    Parameters
    ----------
    loop : Loop
    except_for : {"proposal", "experiment", "selection", "deployment"}
        The stage that stays as it is.

    Returns
    -------
    Loop

    Raises
    ------
    ValueError
        If there is no such stage.

    References
    ----------
    This course's own toy.

    Examples
    --------
    >>> round(perfected(Loop(), except_for="selection").retention, 4)
    0.98
    """
    if except_for not in STAGES:
        raise ValueError(f"except_for = {except_for!r} is none of {', '.join(STAGES)}")
    fixed = {name: replace(getattr(loop, name), leak=0.0) for name in STAGES if name != except_for}
    return replace(loop, **fixed)


def weakest_stage_decides(loop: Loop) -> bool:
    """Whether the leakiest stage alone causes more than half of the loss.

    Then perfecting the other three does not even halve the rate at which alignment is lost.

    Parameters
    ----------
    loop : Loop

    Returns
    -------
    bool
        False for four equal leaks, where perfecting three takes away three quarters of it.

    References
    ----------
    Follows from `loss_shares`.

    Examples
    --------
    >>> weakest_stage_decides(Loop())
    True
    >>> equal = Stage(leak=0.005)
    >>> weakest_stage_decides(Loop(**{name: equal for name in STAGES}))
    False
    """
    return bool(loss_shares(loop).max() > 0.5)
