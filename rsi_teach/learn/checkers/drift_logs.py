"""Chapter 04: logs of the four-stage loop, and the rules that one is tempted to read them by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np

from rsi_teach.models import drift
from rsi_teach.models.loop import STAGES, Loop, Stage

GENERATIONS = 120
ERROR = 0.01
RARE, STEADY = "rare and large", "small and steady"


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A log, and what a learner is to find in it.

    Parameters
    ----------
    log : StageLog
    stage : str
        The stage that leaks most.
    kind : {"rare and large", "small and steady"}
        How it leaks; another stage leaks less, and the other way.
    """

    log: drift.StageLog
    stage: str
    kind: str


def practice() -> tuple[Kept, ...]:
    """Return twelve logs, with the answers."""
    return _bank(401, 12)


def held_out() -> tuple[Kept, ...]:
    """Return sixty logs, of which every other leaks rarely and much."""
    return _bank(402, 60)


@cache
def _bank(seed: int, size: int) -> tuple[Kept, ...]:
    rng = np.random.default_rng(seed)
    return tuple(_draw(rng, (RARE, STEADY)[i % 2]) for i in range(size))


def _draw(rng: np.random.Generator, kind: str) -> Kept:
    """Two stages leak: the worst one seldom in the log, the other one nearly always."""
    worst, other = rng.permutation(len(STAGES))[:2]
    leaks = {
        RARE: (Stage(gain=0, leak=0.016, spread=3), Stage(gain=0, leak=0.004, spread=0)),
        STEADY: (Stage(gain=0, leak=0.012, spread=0), Stage(gain=0, leak=0.005, spread=5)),
    }[kind]
    stages = [Stage(gain=0, leak=0.0005, spread=0) for _ in STAGES]
    stages[worst], stages[other] = leaks
    kept = np.full(len(STAGES), 0.8)
    kept[worst], kept[other] = (0.45, 0.95) if kind == STEADY else (0.7, 0.95)
    loop = Loop(**dict(zip(STAGES, stages, strict=True)))
    log = drift.keep_log(loop, GENERATIONS, rng, error=ERROR, kept=kept)
    return Kept(log=log, stage=STAGES[worst], kind=kind)


def _lost(log: drift.StageLog) -> np.ndarray:
    return np.log(log.before / log.after)


def _largest(log: drift.StageLog) -> str:
    return STAGES[int(log.stage[np.argmax(_lost(log))])]


def _median(log: drift.StageLog) -> str:
    return STAGES[int(np.argmax([np.median(_lost(log)[log.stage == s]) for s in range(4)]))]


def _sum(log: drift.StageLog) -> str:
    return STAGES[int(np.argmax(np.bincount(log.stage, _lost(log), 4)))]


def _noticed(log: drift.StageLog) -> str:
    return STAGES[int(log.stage[np.argmax(log.after < 0.9)])]


def _lowest(log: drift.StageLog) -> str:
    return STAGES[int(log.stage[np.argmin(log.after)])]


def _always(stage: str) -> Callable[[drift.StageLog], str]:
    return lambda log: stage


LOOKED_AT: Mapping[str, Callable[[drift.StageLog], str]] = {
    "It names the stage of the largest single loss. A stage that loses little in every passage "
    "can lose more in all.": _largest,
    "It compares the stages by their median passage. A stage that loses a lot in one passage of "
    "ten has a median of nothing.": _median,
    "It adds up the losses in the log, and not all passages are in the log: a stage that is "
    "logged more often looks worse. Divide by its rows.": _sum,
    "It names the stage where the loss was noticed, the first after which less than 90 % is left. "
    "What was lost before that was lost elsewhere too.": _noticed,
    "It names the stage with the lowest value. That is the end of the log, wherever the loss came "
    "from.": _lowest,
    **{f"It names the same stage in every log ({stage}).": _always(stage) for stage in STAGES},
}
"""What a rule that fails may be looking at: the message, and the rule."""
