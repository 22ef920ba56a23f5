"""The machine under a policy: who looks at an update, and what happens after an alarm."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice, product
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rsi_teach.machine.data import (
    Deployment,
    Images,
    Lab,
    LabData,
    _draw_basis,
)
from rsi_teach.machine.genome import Genome, Permissions
from rsi_teach.machine.loop import Exam, generations
from rsi_teach.machine.loop import select as best_or_incumbent
from rsi_teach.machine.reader import Reader, Trial, experiment
from rsi_teach.machine.scenarios import (
    HELD_OUT,
    N_OUTSIDE,
    N_OWN,
    N_POOL,
    N_TRAIN,
    PRACTICE,
    Scenario,
    _Site,
)
from rsi_teach.models.capstone import Policy, affordable
from rsi_teach.models.domain import within

if TYPE_CHECKING:
    from concurrent.futures import Executor

PERMISSIONS = {
    "nothing": Permissions(learning=False, step=False),
    "settings": Permissions(),
    "stamp": Permissions(stamp=True),
    "replay": Permissions(replay=True),
    "everything": Permissions(stamp=True, replay=True),
}
LENGTH = 25
"""Generations of a run."""
SHOWN = 0.02
"""Change of accuracy that a reviewer reads off an update as one unit of evidence, and no more."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Outcome:
    """What came of one run under a policy.

    Parameters
    ----------
    gains : array, shape (generations,)
        Deployed accuracy minus that of the start version on the same images, in points.
    alarms, refused, updates : int
        How often the evaluators raised an alarm, how many updates were turned away, how many made.
    """

    gains: NDArray[np.float64]
    alarms: int
    refused: int
    updates: int

    @property
    def progress(self) -> float:
        """Gain after the last generation, in points."""
        return float(self.gains[-1])

    @property
    def harm(self) -> float:
        """Mean over generations of how far the gain lies below the best one so far, in points."""
        best = np.maximum.accumulate(np.maximum(self.gains, 0))
        return float(np.mean(best - self.gains))


def run_policy(
    policy: Policy, scenario: Scenario, seed: int, *, generations: int = LENGTH
) -> Outcome:
    """Run the machine once under a policy.

    Parameters
    ----------
    policy : Policy
    scenario : Scenario
    seed : int
        >= 0. Worlds and proposals do not depend on the policy.
    generations : int
        >= 1.

    Examples
    --------
    >>> outcome = run_policy(Policy(scope="nothing"), PRACTICE[0], seed=0, generations=2)
    >>> outcome.progress, outcome.harm
    (0.0, 0.0)
    """
    within("generations", generations, 1, integer=True)
    lab = Lab(
        n_train=N_TRAIN, n_visible=policy.tests, n_reserve=N_POOL - policy.tests + N_OWN,
        wrong_labels=scenario.wrong_labels, stamp_reliability=scenario.stamp_in_lab,
        features=100, proposals=6,
    )  # fmt: skip
    site = _Site(lab, scenario, seed)
    guard = _Guard(policy, site, seed)
    turns = _turns(
        PERMISSIONS[policy.scope], lab=lab, seed=seed, world=site.world, select=guard.select,
        deploy=guard.deploy, exam=exam_of(policy),
    )  # fmt: skip
    for _ in islice(turns, generations):
        pass
    return Outcome(
        gains=100 * (np.array(guard.deployed) - np.array(guard.untouched)),
        alarms=guard.alarms, refused=guard.refused, updates=guard.updates,
    )  # fmt: skip


_turns = generations


def exam_of(policy: Policy) -> Exam:
    """Return the exam of a policy: a fixed part, and a part drawn anew from the rest of the pool.

    Parameters
    ----------
    policy : Policy
    """
    fresh = round(policy.freshness * policy.tests)

    def exam(data: LabData, rng: np.random.Generator) -> Images:
        if not fresh:
            return data.visible
        kept = policy.tests - fresh
        drawn = kept + rng.choice(N_POOL - kept, fresh, replace=False)
        return data.visible.joined(data.reserve).take(np.concatenate([np.arange(kept), drawn]))

    return exam


def _evaluators(policy: Policy, site: _Site, seed: int) -> list[Reader]:
    """Readers that judge: the lab's own, stamps and all, or made elsewhere and blind to stamps."""
    rng = np.random.default_rng([seed, 1718])
    own = policy.origin == "own family"
    genome = Genome(bandwidth=3.0, stamp=1.0 if own else 0.0)
    made = []
    for _ in range(policy.evaluators):
        basis = _draw_basis(100, rng)
        source = site.world.lab.train if own else site.outside
        part = source.take(rng.choice(N_OUTSIDE, 200, replace=False))
        data = LabData(train=part, visible=part, reserve=part, basis=basis)
        made.append(experiment(genome, data, part.take(slice(0, 1))).reader)
    return made


class _Guard:
    """The policy at work: called by the loop to select and to deploy, once a generation each."""

    def __init__(self, policy: Policy, site: _Site, seed: int) -> None:
        self.policy, self.site = policy, site
        self.rng = np.random.default_rng([seed, 1719])
        self.judges = _evaluators(policy, site, seed)
        self.generation = 0
        self.alarms = self.refused = self.updates = self.paused = 0
        self.record = -np.inf
        self.kept: list[Trial] = []
        self.start: Reader | None = None
        self.deployed: list[float] = []
        self.untouched: list[float] = []
        self._held: dict[str, tuple[Any, ...]] = {}

    def select(self, incumbent: Trial, trials: Sequence[Trial]) -> Trial:
        """Watch the version in use, then let the best proposal pass or not."""
        if not self.kept:
            self.kept, self.start = [incumbent], incumbent.reader
        incumbent = self._watched(incumbent)
        if self.paused:
            self.paused -= 1
            return incumbent
        best = best_or_incumbent(incumbent, trials)
        if best is incumbent:
            return incumbent
        if not self._passes(incumbent.reader, best.reader):
            self.refused += 1
            return incumbent
        self.updates += 1
        self.kept.append(best)
        return best

    def deploy(self, reader: Reader, deployment: Deployment) -> NDArray[np.intp]:
        """Read the field of this generation, with the version in use and with the start."""
        truth = deployment.images.labels
        answers = self._read(reader)
        self.deployed.append(float(np.mean(answers == truth)))
        self.untouched.append(float(np.mean(self._read(self.start, "start") == truth)))
        self.generation += 1
        return answers

    def _watched(self, incumbent: Trial) -> Trial:
        """Raise an alarm if the version in use has fallen below the best that was seen."""
        if not self.judges:
            return incumbent
        now = self._agreement(incumbent.reader)
        if 100 * (self.record - now) > self.policy.gate:
            self.alarms += 1
            self.paused = self.policy.pause
            if self.policy.rollback:
                incumbent = max(
                    reversed(self.kept), key=lambda trial: self._agreement(trial.reader)
                )
            self.record = self._agreement(incumbent.reader)
        self.record = max(self.record, now)
        return incumbent

    def _passes(self, before: Reader, after: Reader) -> bool:
        """Ask the evaluators, then the reviewer."""
        policy = self.policy
        if self.judges and policy.gate < 100:
            lost = self._agreement(before) - self._agreement(after)
            if 100 * lost > policy.gate:
                return False
        if policy.review:
            truth = self.site.world.deployment.images.labels
            change = np.mean(self._read(after) == truth) - np.mean(
                self._read(before, "before") == truth
            )
            seen = np.clip(change / SHOWN, -1, 1) * policy.review**0.5
            return bool(seen + self.rng.standard_normal() >= 0)
        return True

    def _agreement(self, reader: Reader) -> float:
        """Share of the probes on which a version and an evaluator agree, over all of them."""
        if self.policy.origin == "own family":
            probes, known = self.site.own, "own"
        else:
            probes, known = self._field()[0], self._moment()
        held = self._held.get("judged")
        if held is None or held[0] != known:
            held = (known, [judge.read(probes) for judge in self.judges])
            self._held["judged"] = held
        answers = reader.read(probes)
        return float(np.mean([np.mean(answers == judged) for judged in held[1]]))

    def _field(self) -> tuple[Images, Images]:
        return self.site.field(self.generation)

    def _read(self, reader: Reader, name: str = "deployed") -> NDArray[np.intp]:
        """Read the field of this generation, unless that has just been done."""
        held = self._held.get(name)
        if held is None or held[0] is not reader or held[1] != self._moment():
            held = (reader, self._moment(), reader.read(self._field()[1]))
            self._held[name] = held
        return held[2]

    def _moment(self) -> int:
        """A number that changes when the field does."""
        turned = self.generation >= self.site.scenario.turns
        return int(turned) if self.site.still else self.generation


@dataclass(frozen=True, kw_only=True, eq=False)
class PolicySweep:
    """Policies on scenarios, each with every seed.

    Parameters
    ----------
    progress, harm : array, shape (policies, scenarios, seeds)
        In points.
    """

    progress: NDArray[np.float64]
    harm: NDArray[np.float64]


def sweep_policies(
    policies: Sequence[Policy],
    scenarios: Sequence[Scenario],
    seeds: Sequence[int],
    *,
    generations: int = LENGTH,
    executor: Executor | None = None,
) -> PolicySweep:
    """Run every policy on every scenario with every seed.

    Parameters
    ----------
    policies : sequence of Policy
    scenarios : sequence of Scenario
    seeds : sequence of int
        Each >= 0; the same for every policy.
    generations : int
        >= 1.
    executor : concurrent.futures.Executor, optional
        Where to run; in place if None. The result does not depend on it.

    Examples
    --------
    >>> made = sweep_policies([Policy(scope="nothing")], PRACTICE[:2], [0], generations=1)
    >>> made.harm.shape
    (1, 2, 1)
    """
    policies, scenarios, seeds = list(policies), list(scenarios), list(seeds)
    for name, things in (("policies", policies), ("scenarios", scenarios), ("seeds", seeds)):
        if not things:
            raise ValueError(f"{name} = [] is empty")
    job: Callable[..., tuple[float, float]] = partial(_run_at, generations=generations)
    grid = list(product(policies, scenarios, seeds))
    found = (map if executor is None else executor.map)(job, grid)
    shape = (len(policies), len(scenarios), len(seeds), 2)
    made = np.array(list(found)).reshape(shape)
    return PolicySweep(progress=made[..., 0], harm=made[..., 1])


def _run_at(point: tuple[Policy, Scenario, int], *, generations: int) -> tuple[float, float]:
    outcome = run_policy(*point, generations=generations)
    return outcome.progress, outcome.harm


SEEDS = {"practice": (0,), "held_out": (4, 5)}
"""Worlds in which a policy is tried, before the reveal and for it."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Played:
    """What a policy did on some scenarios.

    Parameters
    ----------
    policy : Policy
    scenarios : tuple of Scenario
    progress, harm : array, shape (scenarios, seeds)
        In points.
    generations : int
        Of each run.
    origin : str
        The call that makes the runs again.
    """

    policy: Policy
    scenarios: tuple[Scenario, ...]
    progress: NDArray[np.float64]
    harm: NDArray[np.float64]
    generations: int
    origin: str

    def __repr__(self) -> str:
        """A line for each scenario, and the means."""
        lines = [*wrap(self.policy.words, 96), f"{'scenario':<44}progress    harm   [points]"]
        rows = zip(self.scenarios, self.progress, self.harm, strict=True)
        lines += [f"{s.name:<44}{p.mean():8.1f}{h.mean():8.1f}" for s, p, h in rows]
        return "\n".join(
            [*lines, f"{'mean':<44}{self.progress.mean():8.1f}{self.harm.mean():8.1f}"]
        )


def practice(
    policy: Policy,
    *,
    seeds: Sequence[int] = SEEDS["practice"],
    generations: int = LENGTH,
    executor: Executor | None = None,
) -> Played:
    """Run a policy that the budget buys on the practice scenarios.

    Parameters
    ----------
    policy : Policy
    seeds : sequence of int
        Each >= 0.
    generations : int
        >= 1.
    executor : concurrent.futures.Executor, optional
        Where to run; in place if None.

    Raises
    ------
    ValueError
        If the policy is over the budget; the message says by how much.

    Examples
    --------
    >>> practice(Policy(scope="nothing"), seeds=[0], generations=1).harm.mean().item()
    0.0
    """
    return _played("practice", policy, PRACTICE, seeds, generations, executor)


def held_out(
    policy: Policy,
    *,
    seeds: Sequence[int] = SEEDS["held_out"],
    generations: int = LENGTH,
    executor: Executor | None = None,
) -> Played:
    """Run a policy that the budget buys on the scenarios that nobody tunes on.

    Parameters
    ----------
    policy : Policy
    seeds : sequence of int
        Each >= 0.
    generations : int
        >= 1.
    executor : concurrent.futures.Executor, optional
        Where to run; in place if None.

    Raises
    ------
    ValueError
        If the policy is over the budget; the message says by how much.

    Examples
    --------
    >>> held_out(Policy(scope="nothing"), seeds=[4], generations=1).harm.mean().item()
    0.0
    """
    return _played("held_out", policy, HELD_OUT, seeds, generations, executor)


def _played(
    what: str, policy: Policy, scenarios: tuple[Scenario, ...], seeds: Sequence[int],
    generations: int, executor: Executor | None,
) -> Played:  # fmt: skip
    made = sweep_policies(
        [affordable(policy)], scenarios, seeds, generations=generations, executor=executor
    )
    origin = f"machine.{what}(policy, seeds={list(seeds)}, generations={generations})"
    return Played(policy=policy, scenarios=scenarios, progress=made.progress[0],
                  harm=made.harm[0], generations=generations, origin=origin)  # fmt: skip
