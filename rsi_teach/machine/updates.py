"""Updates of real runs, with what deployment says of them: what a gate is judged by."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

from rsi_teach.machine.data import Lab, draw_world
from rsi_teach.machine.genome import Permissions
from rsi_teach.machine.loop import Update, generations, update_between
from rsi_teach.machine.reader import Trial
from rsi_teach.models.domain import within


@dataclass(frozen=True, kw_only=True)
class MeasuredUpdate:
    """An update as the lab sees it, and the deployed accuracies that the lab does not see.

    Parameters
    ----------
    update : Update
    deployed_before, deployed_after : float
        In [0, 1].
    """

    update: Update
    deployed_before: float
    deployed_after: float

    def __post_init__(self) -> None:
        """Refuse accuracies that are no shares."""
        within("deployed_before", self.deployed_before, 0, 1)
        within("deployed_after", self.deployed_after, 0, 1)

    @property
    def change(self) -> float:
        """Deployed accuracy after minus before."""
        return self.deployed_after - self.deployed_before


def measured_updates(
    permissions: Permissions, *, seed: int, generations: int = 12, lab: Lab | None = None
) -> list[MeasuredUpdate]:
    """Deploy every proposal of a run that the visible test would let through.

    Parameters
    ----------
    permissions : Permissions
    seed : int
        >= 0.
    generations : int
        >= 1.
    lab : Lab, optional
        The default lab if None.

    Returns
    -------
    list of MeasuredUpdate
        In the order of proposing; proposals that score worse than their incumbent are left out.

    Examples
    --------
    >>> found = measured_updates(Permissions(), seed=1, generations=2)
    >>> all(each.update.visible_after >= each.update.visible_before for each in found)
    True
    """
    within("generations", generations, 1, integer=True)
    lab = Lab() if lab is None else lab
    world = draw_world(lab, seed)

    def deployed(trial: Trial) -> float:
        return world.deployment.accuracy(trial.reader.read(world.deployment.images))

    return [
        MeasuredUpdate(
            update=update_between(turn.before, trial),
            deployed_before=deployed(turn.before),
            deployed_after=deployed(trial),
        )
        for turn in islice(_turns(permissions, lab=lab, seed=seed, world=world), generations)
        for trial in turn.trials
        if trial.correct >= turn.before.correct
    ]


_turns = generations
