"""Chapter 06: what a test elicits, what is there, and what a change of scaffold lets out.

Three toys. A score is latent skill times the share of it that the test elicits, and noise. A task
of k steps is done if every step is: the score is exp(-k · loss), where the loss per step,
-ln(skill), falls as a power of capability. And a loop raises capability while its lab elicits
a fixed part of it, until a change of scaffold elicits more. Combinations are counted in
`overhang_coverage` and imported here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betainc, betaincinv, gammaln, xlog1py, xlogy

from rsi_teach.models import loop as loops
from rsi_teach.models.domain import within
from rsi_teach.models.overhang_coverage import (
    FAULTS_UP_TO,
    coverage_sd,
    covered,
    expected_coverage,
    fewest_tests,
    hit_probability,
    needed_tests,
    random_tests,
    untested_share,
)

__all__ = [
    "FAULTS_UP_TO",
    "Elicitation",
    "Metric",
    "Release",
    "Scaffold",
    "SkillLaw",
    "capability_at",
    "coverage_sd",
    "covered",
    "expected_coverage",
    "fewest_tests",
    "hit_probability",
    "horizon",
    "jump_doublings",
    "jump_in_skill",
    "latent_coverage",
    "latent_interval",
    "mean_deployed",
    "mean_loss",
    "mixed_score",
    "needed_tests",
    "random_tests",
    "release",
    "score_distribution",
    "step_loss",
    "task_score",
    "untested_share",
    "usable",
]

Array = NDArray[np.float64]
Metric = Literal["exact match", "partial credit", "log-probability"]
NEAR = 1e-6
"""A range of elicitation narrower than this is treated as a point."""


# --- measured = latent × elicited ---------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Elicitation:
    """The share of a skill that a test brings out, known only to lie between two ends.

    Where a distribution is needed, it is uniform between them.

    Parameters
    ----------
    low : float, in [0.01, 1]
    high : float, in [low, 1]

    Raises
    ------
    ValueError
        If an end is out of its range.

    References
    ----------
    This course's own toy.

    Examples
    --------
    >>> round(Elicitation(low=0.4, high=0.8).mean, 3)
    0.6
    """

    low: float = 0.4
    high: float = 0.8

    def __post_init__(self) -> None:
        """Refuse ends that enclose nothing."""
        within("low", self.low, 0.01, 1)
        within("high", self.high, self.low, 1)

    @property
    def mean(self) -> float:
        """Middle of the range."""
        return (self.low + self.high) / 2


def score_distribution(latent: float, items: int, elicitation: Elicitation) -> Array:
    """Probability of every number of right answers, the elicited share being drawn once.

    Parameters
    ----------
    latent : float, in [0, 1]
        Chance of solving an item if everything is elicited.
    items : int, in [1, 10000]
        Length of the test.
    elicitation : Elicitation

    Returns
    -------
    array [items + 1]
        Sums to 1. The binomial probabilities at latent · e, averaged over e: a difference of two
        incomplete beta functions.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    The integral over p of C(n, x) p^x (1-p)^(n-x) is I_p(x+1, n-x+1) / (n+1).

    Examples
    --------
    >>> score_distribution(1.0, 2, Elicitation(low=0.5, high=0.5)).round(6).tolist()
    [0.25, 0.5, 0.25]
    """
    within("latent", latent, 0, 1)
    within("items", items, 1, 10_000, integer=True)
    right = np.arange(items + 1)
    low, high = latent * elicitation.low, latent * elicitation.high
    if high - low < NEAR:
        return _binomial(right, items, (low + high) / 2)
    top, bottom = (betainc(right + 1, items - right + 1, p) for p in (high, low))
    return np.maximum(top - bottom, 0) / ((items + 1) * (high - low))


def _binomial(right: NDArray[np.intp], items: int, p: float) -> Array:
    wrong = items - right
    ways = gammaln(items + 1) - gammaln(right + 1) - gammaln(wrong + 1)
    return np.exp(ways + xlogy(right, p) + xlog1py(wrong, -p))


def latent_interval(
    correct: ArrayLike, items: int, elicitation: Elicitation, coverage: float = 0.9
) -> Array:
    """Interval for the latent skill, from a score and a range for what the test elicits.

    The exact binomial interval of the measured rate, its lower end divided by the largest share
    and its upper end by the smallest: it covers the latent skill at least as often as promised
    wherever in its range the elicited share lies.

    Parameters
    ----------
    correct : array of int, any shape, in [0, items]
        Right answers.
    items : int, in [1, 10000]
    elicitation : Elicitation
    coverage : float, in (0, 1)

    Returns
    -------
    array [2, shape of `correct`]
        Ends in [0, 1]. Both are 1 if even full skill would rarely have scored so high.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Clopper & Pearson (1934), and measured = latent × elicited.

    Examples
    --------
    >>> latent_interval(30, 100, Elicitation(low=0.4, high=0.8)).round(3).tolist()
    [0.281, 0.961]
    """
    within("items", items, 1, 10_000, integer=True)
    within("correct", correct, 0, items, integer=True)
    within("coverage", coverage, 0, 1, open_low=True, open_high=True)
    right, tail = np.asarray(correct, dtype=float), (1 - coverage) / 2
    missed = items - right
    low = np.where(right > 0, betaincinv(np.maximum(right, 1), missed + 1, tail), 0)
    high = np.where(missed > 0, betaincinv(right + 1, np.maximum(missed, 1), 1 - tail), 1)
    return np.minimum(np.stack([low / elicitation.high, high / elicitation.low]), 1)


def latent_coverage(
    latent: float, items: int, elicitation: Elicitation, coverage: float = 0.9
) -> float:
    """How often `latent_interval` contains the latent skill, exactly.

    Parameters
    ----------
    latent : float, in [0, 1]
    items : int, in [1, 10000]
    elicitation : Elicitation
        The interval uses its ends; the test draws the share between them.
    coverage : float, in (0, 1)
        What is promised.

    Returns
    -------
    float
        At least `coverage`.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    The sum of `score_distribution` over the scores whose interval contains `latent`.

    Examples
    --------
    >>> round(latent_coverage(0.5, 100, Elicitation(low=0.4, high=0.8)), 4)
    0.9917
    """
    chance = score_distribution(latent, items, elicitation)
    low, high = latent_interval(np.arange(items + 1), items, elicitation, coverage)
    return float(min(chance[(low <= latent) & (latent <= high)].sum(), 1))


# --- tasks of many steps ------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class SkillLaw:
    """How the skill at a single step grows with capability: its log-loss falls as a power.

    Parameters
    ----------
    start : float, in [0.01, 0.999999]
        Chance of getting one step right at capability 1.
    exponent : float, in [0.01, 5]
        The loss per step is -ln(start) · capability^(-exponent).

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    After the model of Schaeffer, Miranda & Koyejo (2023), arXiv:2304.15004.

    Examples
    --------
    >>> round(SkillLaw(start=0.9).first_loss, 4)
    0.1054
    """

    start: float = 0.9
    exponent: float = 1.0

    def __post_init__(self) -> None:
        """Refuse a law that is none."""
        within("start", self.start, 0.01, 0.999999)
        within("exponent", self.exponent, 0.01, 5)

    @property
    def first_loss(self) -> float:
        """Log-loss per step at capability 1."""
        return -math.log(self.start)


def step_loss(law: SkillLaw, capability: ArrayLike) -> Array | np.float64:
    """Log-loss per step; the skill at a step is exp of minus this.

    Parameters
    ----------
    law : SkillLaw
    capability : array, any shape, in [1e-12, 1e80]
        In units of the start.

    Returns
    -------
    array
        At least 0, shape of `capability`.

    Raises
    ------
    ValueError
        If `capability` is out of its range.

    References
    ----------
    See `SkillLaw`.

    Examples
    --------
    >>> np.exp(-step_loss(SkillLaw(start=0.9), [1, 2])).round(4).tolist()
    [0.9, 0.9487]
    """
    within("capability", capability, 1e-12, 1e80)
    return law.first_loss * np.asarray(capability, dtype=float) ** -law.exponent


def task_score(
    loss: ArrayLike, steps: ArrayLike, metric: Metric = "exact match"
) -> Array | np.float64:
    """Score a task of several independent steps under a metric.

    Parameters
    ----------
    loss : array, any shape, in [0, 1e9]
        Log-loss per step; skill p = exp(-loss).
    steps : array, in [1, 1e9], broadcast against `loss`
        Length k of the task.
    metric : {"exact match", "partial credit", "log-probability"}
        p^k: all right or nothing. p: the share of right steps, 1 - (expected errors)/k.
        k ln p: the logarithm of the first, at most 0.

    Returns
    -------
    array
        Of the broadcast shape.

    Raises
    ------
    ValueError
        If a parameter is out of its range or the metric is unknown.

    References
    ----------
    Schaeffer, Miranda & Koyejo (2023), arXiv:2304.15004.

    Examples
    --------
    >>> [round(float(task_score(-np.log(0.97), 20, metric)), 3) for metric in get_args(Metric)]
    [0.544, 0.97, -0.609]
    """
    within("loss", loss, 0, 1e9)
    within("steps", steps, 1, 1e9)
    if metric not in get_args(Metric):
        raise ValueError(f"metric = {metric!r} is not one of {', '.join(get_args(Metric))}")
    log_probability = -np.multiply(loss, steps, dtype=float)
    if metric == "log-probability":
        return log_probability
    return np.exp(log_probability if metric == "exact match" else log_probability / steps)


def mixed_score(loss: ArrayLike, steps: ArrayLike, shape: float) -> Array | np.float64:
    """Exact match over tasks whose loss per step differs, as a gamma variable with this mean.

    Parameters
    ----------
    loss : array, in [0, 1e9]
        Mean log-loss per step over the tasks.
    steps : array, in [1, 1e9], broadcast against `loss`
    shape : float, in [0.01, 1e6]
        Of the gamma distribution: its variance is mean²/shape, so small is uneven.

    Returns
    -------
    array
        (1 + loss · steps / shape)^(-shape), in [0, 1], of the broadcast shape.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Laplace transform of the gamma distribution: a frailty model.

    Examples
    --------
    >>> [round(float(mixed_score(0.03, 100, shape)), 3) for shape in (0.5, 1e6)]
    [0.378, 0.05]
    """
    within("loss", loss, 0, 1e9)
    within("steps", steps, 1, 1e9)
    within("shape", shape, 0.01, 1e6)
    return np.exp(-shape * np.log1p(np.multiply(loss, steps, dtype=float) / shape))


def capability_at(law: SkillLaw, score: ArrayLike, steps: ArrayLike) -> Array | np.float64:
    """Capability at which a task of so many steps reaches a score by exact match.

    Parameters
    ----------
    law : SkillLaw
    score : array, in [1e-9, 0.999999]
    steps : array, in [1, 1e9], broadcast against `score`

    Returns
    -------
    array
        (first_loss · steps / ln(1/score))^(1/exponent), of the broadcast shape.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    exp(-steps · loss) = score, solved for capability.

    Examples
    --------
    >>> capability_at(SkillLaw(start=0.9), 0.5, [1, 100]).round(3).tolist()
    [0.152, 15.2]
    """
    within("score", score, 1e-9, 0.999999)
    within("steps", steps, 1, 1e9)
    needed = np.log(1 / np.asarray(score, dtype=float)) / steps
    return (law.first_loss / needed) ** (1 / law.exponent)


def horizon(law: SkillLaw, capability: ArrayLike, score: float = 0.5) -> Array | np.float64:
    """Steps of the longest task that is still done with the chance `score`.

    Parameters
    ----------
    law : SkillLaw
    capability : array, any shape, in [1e-12, 1e80]
    score : float, in [1e-9, 0.999999]

    Returns
    -------
    array
        ln(1/score) / loss, not rounded, shape of `capability`.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    A constant chance of failing at each step; Ord (2025) reads METR's horizons so.

    Examples
    --------
    >>> round(float(horizon(SkillLaw(), 1, 0.5) / horizon(SkillLaw(), 1, 0.8)), 3)
    3.106
    """
    within("score", score, 1e-9, 0.999999)
    return -math.log(score) / step_loss(law, capability)


def jump_doublings(exponent: ArrayLike, low: float = 0.1, high: float = 0.9) -> Array | np.float64:
    """Doublings of capability that take an exact match from `low` to `high`, for any length.

    Parameters
    ----------
    exponent : array, any shape, in [0.01, 5]
    low : float, in [1e-9, 0.999999]
    high : float, in [low, 0.999999]

    Returns
    -------
    array
        log2(ln(1/low) / ln(1/high)) / exponent, shape of `exponent`. The number of steps cancels.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Ratio of two values of `capability_at`.

    Examples
    --------
    >>> round(float(jump_doublings(1.0)), 2)
    4.45
    """
    within("exponent", exponent, 0.01, 5)
    within("low", low, 1e-9, 0.999999)
    within("high", high, low, 0.999999)
    return math.log2(math.log(low) / math.log(high)) / np.asarray(exponent, dtype=float)


def jump_in_skill(steps: ArrayLike, low: float = 0.1, high: float = 0.9) -> Array | np.float64:
    """How far the skill at a step moves while exact match goes from `low` to `high`.

    Parameters
    ----------
    steps : array, any shape, in [1, 1e9]
    low : float, in [1e-9, 0.999999]
    high : float, in [low, 0.999999]

    Returns
    -------
    array
        high^(1/steps) - low^(1/steps), about ln(high/low)/steps; shape of `steps`.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    p^k = score, solved for p.

    Examples
    --------
    >>> jump_in_skill([1, 10, 100]).round(4).tolist()
    [0.8, 0.1952, 0.0217]
    """
    within("steps", steps, 1, 1e9)
    within("low", low, 1e-9, 0.999999)
    within("high", high, low, 0.999999)
    per_step = 1 / np.asarray(steps, dtype=float)
    return high**per_step - low**per_step


def mean_loss(law: SkillLaw, loop: loops.Loop, generations: ArrayLike) -> Array | np.float64:
    """Exact mean of the loss per step in a loop, over its runs.

    Parameters
    ----------
    law : SkillLaw
    loop : loop.Loop
        Its capability is multiplied by 1 + gain · push at each stage; see `models.loop`.
    generations : array of int, any shape, in [0, 250]

    Returns
    -------
    array
        Shape of `generations`.

    Raises
    ------
    ValueError
        If `generations` is out of its range.

    References
    ----------
    Mean of a product of independent factors, each a two-point variable.

    Examples
    --------
    >>> mean_loss(SkillLaw(start=0.9), loops.Loop(), [0, 10]).round(4).tolist()
    [0.1054, 0.0433]
    """
    within("generations", generations, 0, loops.LONGEST, integer=True)
    falls = [
        1 + ((1 + stage.gain * stage.burst) ** -law.exponent - 1) / stage.burst
        for stage in loop.stages
    ]
    return law.first_loss * math.prod(falls) ** np.asarray(generations, dtype=float)


# --- released by a scaffold ---------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Scaffold:
    """A change around the model, not in it, that multiplies what is elicited from then on.

    Parameters
    ----------
    generation : int, in [0, 250]
        From which on it is in use, outside the lab.
    low : float, in [1, 1000]
    high : float, in [low, 1000]
        Ends of the factor, which is log-uniform between them.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Factors of 5 and 20 in training compute are named by Davidson et al. (2023),
    arXiv:2312.07413; the distribution is ours.

    Examples
    --------
    >>> round(Scaffold(low=5, high=20).mean, 2)
    10.82
    """

    generation: int = 20
    low: float = 5.0
    high: float = 20.0

    def __post_init__(self) -> None:
        """Refuse a scaffold that takes something away."""
        within("generation", self.generation, 0, loops.LONGEST, integer=True)
        within("low", self.low, 1, 1000)
        within("high", self.high, self.low, 1000)

    @property
    def mean(self) -> float:
        """Mean of the factor: (high - low) / ln(high/low)."""
        spread = self.high / self.low - 1
        return self.low * (spread / math.log1p(spread) if spread > NEAR else 1 + spread / 2)


@dataclass(frozen=True, kw_only=True, eq=False)
class Release:
    """What a lab elicits from many runs of a loop, and what is elicited outside.

    Parameters
    ----------
    lab, deployed : array [generations + 1, runs], >= 1
        In units of what the lab elicits at the start. Latent capability is the first divided by
        the lab's fixed share, whatever that is.

    Raises
    ------
    ValueError
        If an array is out of its range or their shapes differ.

    References
    ----------
    Made by `release`.

    Examples
    --------
    >>> Release(lab=np.ones((2, 3)), deployed=np.ones((2, 3))).lab.shape
    (2, 3)
    """

    lab: Array
    deployed: Array

    def __post_init__(self) -> None:
        """Refuse what no loop can do."""
        within("lab", self.lab, 1, math.inf, open_high=True)
        within("deployed", self.deployed, 1, math.inf, open_high=True)
        if np.ndim(self.lab) != 2 or np.shape(self.lab) != np.shape(self.deployed):
            raise ValueError("lab and deployed differ in shape [generations + 1, runs]")


def release(loop: loops.Loop, scaffold: Scaffold, noise: ArrayLike, draws: ArrayLike) -> Release:
    """Run the loop, and bring a scaffold into use outside the lab on the way.

    Parameters
    ----------
    loop : loop.Loop
    scaffold : Scaffold
    noise : array [generations, 4, runs], uniform in [0, 1), at most 250 generations
        As in `loop.simulate`.
    draws : array [runs], in [0, 1]
        Where in its range the scaffold's factor lies, one for each run.

    Returns
    -------
    Release
        Of shape [generations + 1, runs].

    Raises
    ------
    ValueError
        If `noise` or `draws` are out of range or do not fit each other.

    References
    ----------
    deployed = latent × elicited; the means are `loop.mean_capability` and `mean_deployed`.

    Examples
    --------
    >>> still = loops.Stage(gain=0, spread=0)
    >>> loop = loops.Loop(**{name: still for name in loops.STAGES})
    >>> out = release(loop, Scaffold(generation=2, low=4, high=4), np.zeros((3, 4, 1)), [0.5])
    >>> out.deployed[:, 0].tolist()
    [1.0, 1.0, 4.0, 4.0]
    """
    within("draws", draws, 0, 1)
    lab = loops.simulate(loop, noise).capability
    if np.shape(draws) != lab.shape[1:]:
        raise ValueError(f"draws has shape {np.shape(draws)}, not one for each of the runs")
    factor = scaffold.low * (scaffold.high / scaffold.low) ** np.asarray(draws, dtype=float)
    deployed = lab.copy()
    deployed[scaffold.generation :] *= factor
    return Release(lab=lab, deployed=deployed)


def mean_deployed(
    loop: loops.Loop, scaffold: Scaffold, generations: ArrayLike
) -> Array | np.float64:
    """Exact mean of what is elicited outside the lab.

    Parameters
    ----------
    loop : loop.Loop
    scaffold : Scaffold
    generations : array of int, any shape, in [0, 250]

    Returns
    -------
    array
        Mean capability, times the scaffold's mean factor once it is there.

    Raises
    ------
    ValueError
        If `generations` is out of its range.

    References
    ----------
    Mean of a product of independent factors.

    Examples
    --------
    >>> mean_deployed(loops.Loop(), Scaffold(generation=10, low=5, high=20), [9, 10]).round(2)
    array([ 2.43, 29.01])
    """
    capability = loops.mean_capability(loop, generations)
    return capability * np.where(np.asarray(generations) >= scaffold.generation, scaffold.mean, 1)


def usable(horizons: ArrayLike, steps: ArrayLike) -> NDArray[np.intp]:
    """Count the capabilities whose task is no longer than the horizon.

    Parameters
    ----------
    horizons : array, any shape, in [0, 1e90]
        From `horizon`, in steps.
    steps : array [capabilities], in [1, 1e9], in rising order
        Steps that each capability needs.

    Returns
    -------
    array of int
        In [0, capabilities], shape of `horizons`.

    Raises
    ------
    ValueError
        If a parameter is out of its range or `steps` is not in order.

    References
    ----------
    A capability counts as usable if its task is done at least so often as the horizon says.

    Examples
    --------
    >>> usable([5.0, 50.0], [1, 10, 30, 100]).tolist()
    [1, 3]
    """
    within("horizons", horizons, 0, 1e90)
    within("steps", steps, 1, 1e9)
    if np.ndim(steps) != 1 or np.any(np.diff(steps) < 0):
        raise ValueError("steps is not a row in rising order")
    return np.searchsorted(steps, horizons, side="right")
