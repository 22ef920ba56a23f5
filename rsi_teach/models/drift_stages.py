"""Chapter 04: which of the four stages leaks, and what the one weak stage would have to keep."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rsi_teach.models.domain import within
from rsi_teach.models.loop import LONGEST, STAGES, Loop

Array = NDArray[np.float64]


def needed_of_one(*, target: float, generations: int, others: ArrayLike) -> float:
    """Retention that one stage needs if the other stages stay as they are.

    Parameters
    ----------
    target : float, in (0, 1]
        Mean alignment wanted after the last generation.
    generations : int, in [1, 10000]
    others : array, in (0, 1]
        Retention of each of the other stages, per passage.

    Returns
    -------
    float
        target^(1/n) over the product of the others; ``inf`` if even a perfect stage is not enough.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    (q · product of the others)^n = target, solved for q.

    Examples
    --------
    >>> round(needed_of_one(target=0.9, generations=50, others=[0.9995, 0.9995, 0.9995]), 5)
    0.99939
    >>> needed_of_one(target=0.9, generations=50, others=[0.998, 0.9995, 0.9995])
    inf
    """
    within("target", target, 0, 1, open_low=True)
    within("generations", generations, 1, 10_000, integer=True)
    within("others", others, 0, 1, open_low=True)
    logarithm = math.log(target) / generations - float(np.sum(np.log(others)))
    return math.exp(min(logarithm, 0.0)) if logarithm <= 1e-12 else math.inf


@dataclass(frozen=True, kw_only=True, eq=False)
class StageLog:
    """What was measured before and after the stages of one loop, row by row.

    Parameters
    ----------
    generation : array of int [rows], >= 1
    stage : array of int [rows], in [0, 3]
        Position in `rsi_teach.models.loop.STAGES`.
    before, after : array [rows], in (0, 1e6)
        The property before and after the stage, each measured once and with an error.

    Raises
    ------
    ValueError
        If an array is out of its range or their lengths differ.

    References
    ----------
    Made by `keep_log`.

    Examples
    --------
    >>> one = StageLog(generation=np.array([1]), stage=np.array([2]),
    ...                before=np.array([0.98]), after=np.array([0.91]))
    >>> len(one)
    1
    """

    generation: NDArray[np.int64]
    stage: NDArray[np.int64]
    before: Array
    after: Array

    def __post_init__(self) -> None:
        """Refuse a log that cannot be read."""
        within("generation", self.generation, 1, LONGEST, integer=True)
        within("stage", self.stage, 0, len(STAGES) - 1, integer=True)
        for name in ("before", "after"):
            within(name, getattr(self, name), 0, 1e6, open_low=True, open_high=True)
            if np.ndim(getattr(self, name)) != 1 or len(getattr(self, name)) != len(self):
                raise ValueError(f"{name} has another number of rows than stage")
        if np.shape(self.generation) != np.shape(self.stage):
            raise ValueError("generation and stage differ in shape [rows]")

    def __len__(self) -> int:
        """Return the number of rows."""
        return np.size(self.stage)


def keep_log(
    loop: Loop,
    generations: int,
    rng: np.random.Generator,
    *,
    error: float = 0.01,
    kept: ArrayLike = 1.0,
) -> StageLog:
    """Run the four-stage loop once and write down what was measured at each stage.

    Parameters
    ----------
    loop : Loop
        No stage may lose everything in one push: leak · (1 + spread²) < 1.
    generations : int, in [1, 250]
    rng : numpy.random.Generator
    error : float, in [0, 1]
        Standard deviation of a measurement's logarithm; before and after err independently.
    kept : float or array [4], in (0, 1]
        Chance that a row of each stage is in the log. The first generation's four always are.

    Returns
    -------
    StageLog
        In the order in which the stages were passed.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    The loop is `rsi_teach.models.loop.simulate`'s, one run of it.

    Examples
    --------
    >>> len(keep_log(Loop(), 30, np.random.default_rng(0)))
    120
    """
    within("generations", generations, 1, LONGEST, integer=True)
    within("error", error, 0, 1)
    within("kept", kept, 0, 1, open_low=True)
    if np.shape(kept) not in ((), (len(STAGES),)):
        raise ValueError(f"kept has shape {np.shape(kept)}: give one number, or four")
    leak, burst = np.array([(stage.leak, stage.burst) for stage in loop.stages]).T
    within("loop: leak times burst", leak * burst, 0, 1, open_high=True)
    pushed = rng.random((generations, 4)) < 1 / burst
    after = np.cumsum(np.log1p(-leak * burst * pushed).ravel())
    before = np.concatenate([[0.0], after[:-1]])
    seen = np.maximum(
        np.exp([before, after] + error * rng.standard_normal((2, len(after)))), 1e-300
    )
    rows = np.arange(len(after))
    chance = np.broadcast_to(kept, len(STAGES))[rows % len(STAGES)]
    rows = rows[(rng.random(len(after)) < chance) | (rows < len(STAGES))]
    return StageLog(
        generation=rows // len(STAGES) + 1,
        stage=rows % len(STAGES),
        before=seen[0, rows],
        after=seen[1, rows],
    )


def stage_losses(log: StageLog) -> tuple[Array, Array]:
    """Estimate what each stage loses per passage, from a log.

    Losses multiply, so their logarithms add: the estimate is the mean over the stage's rows of
    ln(before / after), whichever rows are missing.

    Parameters
    ----------
    log : StageLog
        With at least two rows of every stage.

    Returns
    -------
    two arrays [4]
        The mean for each stage, and its standard error.

    Raises
    ------
    ValueError
        If a stage has fewer than two rows.

    References
    ----------
    Mean and standard error of independent rows.

    Examples
    --------
    >>> log = keep_log(Loop(), 250, np.random.default_rng(0))
    >>> loss, error = stage_losses(log)
    >>> STAGES[int(np.argmax(loss))]
    'selection'
    """
    rows = np.bincount(log.stage, minlength=len(STAGES))
    if rows.min() < 2:
        raise ValueError(f"log has {rows.min()} rows of a stage; an error needs two of each")
    lost = np.log(log.before / log.after)
    mean = np.bincount(log.stage, lost, len(STAGES)) / rows
    squares = np.bincount(log.stage, (lost - mean[log.stage]) ** 2, len(STAGES))
    return mean, np.sqrt(squares / (rows - 1) / rows)
