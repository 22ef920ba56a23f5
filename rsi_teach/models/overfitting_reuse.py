"""Chapter 08: a holdout that is asked about every variable, and a loop that spends test items."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rsi_teach.models.domain import within

Array = NDArray[np.float64]
NUMBERS = 2 * 10**8
"""Most random numbers of one simulation."""
FAR = 1e6
"""No statistic is larger."""


@dataclass(frozen=True, kw_only=True)
class Thresholdout:
    """A gate in front of a holdout: it answers from the training data while the two agree.

    Parameters
    ----------
    threshold : float, in [0, 1]
        T. Up to this difference, give or take the noise, the holdout is not shown at all.
    tolerance : float, in [0, 1]
        τ: standard deviation of the noise, on the threshold and on an answer from the holdout.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Dwork, Feldman, Hardt, Pitassi, Reingold & Roth (2015), Science 349:636. That the noise is
    Gaussian, and that the gate never stops answering, is the convention here.

    Examples
    --------
    >>> Thresholdout().threshold, Thresholdout().tolerance
    (0.04, 0.01)
    """

    threshold: float = 0.04
    tolerance: float = 0.01

    def __post_init__(self) -> None:
        """Refuse parameters out of their range."""
        within("threshold", self.threshold, 0, 1)
        within("tolerance", self.tolerance, 0, 1)


def thresholdout(gate: Thresholdout, train: ArrayLike, holdout: ArrayLike, noise: Array) -> Array:
    """Answer queries about a holdout through the gate.

    Parameters
    ----------
    gate : Thresholdout
    train, holdout : array, in [-10**6, 10**6]
        The same statistic of both data sets, of one shape.
    noise : array [2, shape of `train`]
        Standard normal numbers, for the threshold and for the answer.

    Returns
    -------
    array
        Shape of `train`: `train` where the two agree, else `holdout` and noise.

    Raises
    ------
    ValueError
        If a value is out of its range, or shapes do not fit.

    References
    ----------
    Dwork et al. (2015), Science 349:636.

    Examples
    --------
    >>> thresholdout(Thresholdout(), [0.9, 0.9], [0.88, 0.7], np.zeros((2, 2))).tolist()
    [0.9, 0.7]
    """
    within("train", train, -FAR, FAR)
    within("holdout", holdout, -FAR, FAR)
    within("noise", noise, -FAR, FAR)
    train, holdout, noise = (np.asarray(value, dtype=float) for value in (train, holdout, noise))
    if holdout.shape != train.shape:
        raise ValueError(f"holdout has shape {holdout.shape}, train {train.shape}")
    if noise.shape != (2, *train.shape):
        raise ValueError(f"noise has shape {noise.shape}: it should be {(2, *train.shape)}")
    agree = np.abs(train - holdout) < gate.threshold + gate.tolerance * noise[0]
    return np.where(agree, train, holdout + gate.tolerance * noise[1])


@dataclass(frozen=True, kw_only=True)
class Study:
    """An analyst with many variables, a training set and a holdout of the same size.

    Labels are -1 or 1, and variables are normal with variance 1.

    Parameters
    ----------
    samples : int, in [10, 10**6]
        Rows of the training set, and of the holdout.
    variables : int, in [1, 10**6]
    chosen : int, in [1, variables]
        The analyst uses at most so many, those with the largest correlation in training among
        all whose correlation has the same sign in both sets and is at least 1/√samples in both.
    informative : int, in [0, variables]
        So many variables have a mean of `shift` times the label; the others say nothing.
    shift : float, in [0, 10]

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Dwork et al. (2015), Science 349:636: 10,000 samples and variables, 500 chosen, none
    informative or 20 with a shift of 0.06.

    Examples
    --------
    >>> Study(variables=10_000, chosen=500).samples
    10000
    """

    samples: int = 10_000
    variables: int = 2_000
    chosen: int = 500
    informative: int = 0
    shift: float = 0.06

    def __post_init__(self) -> None:
        """Refuse parameters out of their range."""
        within("samples", self.samples, 10, 10**6, integer=True)
        within("variables", self.variables, 1, 10**6, integer=True)
        within("chosen", self.chosen, 1, self.variables, integer=True)
        within("informative", self.informative, 0, self.variables, integer=True)
        within("shift", self.shift, 0, 10)

    @property
    def means(self) -> Array:
        """True correlation of each variable with the label, shape (variables,)."""
        return np.where(np.arange(self.variables) < self.informative, self.shift, 0.0)


@dataclass(frozen=True, kw_only=True, eq=False)
class Reuse:
    """What an analyst found; all arrays have the shape (runs,).

    Parameters
    ----------
    train, holdout, fresh : array, in [0, 1]
        Accuracy of the classifier on the two sets that it was made with, and on a third.
    reported : array
        What the analyst was told about the holdout at the end. It differs from `holdout` behind
        a gate only.
    used : array of int
        Variables in the classifier.

    Raises
    ------
    ValueError
        If an accuracy is no share.

    References
    ----------
    The curves of figure 1 in Dwork et al. (2015), Science 349:636.

    Examples
    --------
    >>> half = np.array([0.5])
    >>> Reuse(train=half, holdout=half, fresh=half, reported=half, used=np.array([0])).used.size
    1
    """

    train: Array
    holdout: Array
    fresh: Array
    reported: Array
    used: NDArray[np.intp]

    def __post_init__(self) -> None:
        """Refuse accuracies that are no shares."""
        for name in ("train", "holdout", "fresh"):
            within(name, getattr(self, name), 0, 1)
        within("reported", self.reported, -FAR, FAR)
        within("used", self.used, 0, integer=True)


def reused_holdout(
    study: Study, *, runs: int, rng: np.random.Generator, gate: Thresholdout | None = None
) -> Reuse:
    """Let an analyst choose variables by asking the holdout about each, then test on it.

    Only the correlations and one number per row are drawn. This is exact: given their means, the
    chosen columns are normal and independent, so the sum of k of them is √k times one normal
    number per row, about its mean.

    Parameters
    ----------
    study : Study
    runs : int, at least 1
        Runs times samples and variables together is at most 2e8.
    rng : numpy.random.Generator
    gate : Thresholdout, optional
        In front of the holdout, for the correlations and for the final accuracy; none if None.

    Returns
    -------
    Reuse

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Dwork et al. (2015), Science 349:636.

    Examples
    --------
    >>> found = reused_holdout(Study(samples=2000, chosen=100), runs=50,
    ...                        rng=np.random.default_rng(0))
    >>> round(float(found.holdout.mean()), 2), round(float(found.fresh.mean()), 2)
    (0.63, 0.5)
    """
    within("runs", runs, 1, integer=True)
    within("runs", runs, 1, max(NUMBERS // (3 * study.samples + 2 * study.variables), 1))
    shape, sd = (runs, study.variables), 1 / math.sqrt(study.samples)
    train, holdout = study.means + sd * rng.standard_normal((2, *shape))
    answers = holdout
    if gate is not None:
        answers = thresholdout(gate, train, holdout, rng.standard_normal((2, *shape)))
    sign = _chosen(study, train, answers)
    used = np.count_nonzero(sign, axis=1)
    root = np.sqrt(np.maximum(used, 1))
    rows = rng.standard_normal((3, runs, study.samples))
    bar = -np.array([(sign * each).sum(axis=1) / root for each in (train, holdout, study.means)])
    bar[:2] += rows[:2].mean(axis=2)  # a sum's mean is that of the drawn correlations
    right = np.count_nonzero(rows > bar[..., None], axis=2) / study.samples
    right = np.where(used > 0, right, 0.5)
    reported = right[1]
    if gate is not None:
        reported = thresholdout(gate, right[0], right[1], rng.standard_normal((2, runs)))
    return Reuse(train=right[0], holdout=right[1], fresh=right[2], reported=reported, used=used)


def _chosen(study: Study, train: Array, answers: Array) -> Array:
    """Sign of each variable in the classifier, 0 if it is left out."""
    least = 1 / math.sqrt(study.samples)
    passed = (train * answers > 0) & (np.minimum(np.abs(train), np.abs(answers)) >= least)
    if np.count_nonzero(passed, axis=1).max() > study.chosen:
        strength = np.where(passed, np.abs(train), 0.0)
        bar = np.sort(strength, axis=1)[:, -study.chosen, None]
        passed &= strength >= bar
    return np.where(passed, np.sign(train), 0.0)


@dataclass(frozen=True, kw_only=True)
class Climb:
    """A loop that selects on a test which its versions partly fit by luck.

    Everything is in points, hundredths of a share right. A child differs from its parent in value
    by a normal amount that gets the worse, the better the parent is, and on a given test by luck.

    Parameters
    ----------
    proposals : int, in [1, 1000]
    gain : float, in [0, 100]
        Standard deviation of a child's change of value.
    drag : float, in [0, 1]
        Share of what has been gained that a child loses on average.
    item_sd : float, in [0, 100]
        Standard deviation of one item: luck on a test of m items has item_sd / √m.
    heredity : float, in [0, 1]
        Correlation of a child's luck with its parent's, on the same test.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    A toy of the machine's loop; at 80 % right, an item that is right or wrong has an item_sd of
    40 points.

    Examples
    --------
    >>> Climb().item_sd
    40.0
    """

    proposals: int = 12
    gain: float = 1.0
    drag: float = 0.1
    item_sd: float = 40.0
    heredity: float = 0.9

    def __post_init__(self) -> None:
        """Refuse parameters out of their range."""
        within("proposals", self.proposals, 1, 1000, integer=True)
        within("gain", self.gain, 0, 100)
        within("drag", self.drag, 0, 1)
        within("item_sd", self.item_sd, 0, 100)
        within("heredity", self.heredity, 0, 1)


@dataclass(frozen=True, kw_only=True, eq=False)
class Climbed:
    """Where a loop that selects on a test has come to.

    Parameters
    ----------
    value : array [generations + 1, runs]
        True value of the version in use, in points above the start.
    visible : array [generations + 1, runs]
        Its score, as far above the start's true value. The last row is the final report.

    Raises
    ------
    ValueError
        If a value lies outside [-10**6, 10**6].

    References
    ----------
    As `Climb`.

    Examples
    --------
    >>> Climbed(value=np.zeros((2, 1)), visible=np.ones((2, 1))).overstated.tolist()
    [[1.0], [1.0]]
    """

    value: Array
    visible: Array

    def __post_init__(self) -> None:
        """Refuse values that are not numbers."""
        within("value", self.value, -FAR, FAR)
        within("visible", self.visible, -FAR, FAR)

    @property
    def overstated(self) -> Array:
        """Score minus value, in points."""
        return self.visible - self.value


def simulated_climb(
    climb: Climb, plan: ArrayLike, *, runs: int, rng: np.random.Generator
) -> Climbed:
    """Run the loop with fresh test items as planned.

    Parameters
    ----------
    climb : Climb
    plan : array of int [generations + 1], in [0, 10**6]
        Fresh items at the beginning of each generation, which replace the test; 0 goes on with
        the old one, and the first entry is at least 1. The last entry is for the report: if it is
        above 0 the last version is scored on so many fresh items, else its score stands.
    runs : int, at least 1
        Runs times generations times proposals is at most 1e8.
    rng : numpy.random.Generator

    Returns
    -------
    Climbed

    Raises
    ------
    ValueError
        If a parameter is out of its range, or the plan has not at least two entries in one row.

    References
    ----------
    As `Climb`.

    Examples
    --------
    >>> plan = [500] + 59 * [0] + [500]
    >>> found = simulated_climb(Climb(), plan, runs=200, rng=np.random.default_rng(0))
    >>> bool(found.overstated[-2].mean() > 3 > abs(found.overstated[-1].mean()))
    True
    """
    within("plan", plan, 0, 10**6, integer=True)
    plan = np.asarray(plan, dtype=float)
    if plan.ndim != 1 or len(plan) < 2:
        raise ValueError(f"plan has shape {plan.shape}: it should be one row, two entries or more")
    within("plan's first entry", plan[0], 1)
    within("runs", runs, 1, integer=True)
    within("runs", runs, 1, max(NUMBERS // (2 * len(plan) * climb.proposals), 1))
    value, luck = np.zeros((len(plan), runs)), np.zeros((len(plan), runs))
    here, lucky, sd = value[0], luck[0], 0.0
    for generation, items in enumerate(plan):
        if items:
            sd = climb.item_sd / math.sqrt(items)
            lucky = sd * rng.standard_normal(runs)
        if generation < len(plan) - 1:
            here, lucky = _selected(climb, here, lucky, sd, rng)
        value[generation], luck[generation] = here, lucky
    return Climbed(value=value, visible=value + luck)


def _selected(
    climb: Climb, value: Array, luck: Array, sd: float, rng: np.random.Generator
) -> tuple[Array, Array]:
    """The best visible score among children and parent."""
    moves, draws = rng.standard_normal((2, climb.proposals, len(value)))
    moves *= climb.gain
    moves -= climb.drag * value
    draws *= sd * math.sqrt(1 - climb.heredity**2)
    draws += climb.heredity * luck
    best = (moves + draws).argmax(axis=0), np.arange(len(value))
    wins = moves[best] + draws[best] > luck
    return np.where(wins, value + moves[best], value), np.where(wins, draws[best], luck)
