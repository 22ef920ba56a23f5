"""Propose, experiment, select, deploy: the loop, and the record of what it did."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count, islice
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rsi_teach.machine.data import (
    Deployment,
    Images,
    Lab,
    LabData,
    World,
    draw_world,
    streams,
)
from rsi_teach.machine.genome import GENES, Genome, Permissions, mutate
from rsi_teach.machine.reader import Reader, Trial, experiment
from rsi_teach.models.domain import within

if TYPE_CHECKING:
    from concurrent.futures import Executor

STAGES = ("propose", "experiment", "select", "deploy")

Propose = Callable[[Genome, Permissions, Lab, np.random.Generator], Sequence[Genome]]
Experiment = Callable[[Genome, LabData, Images], Trial]
Select = Callable[[Trial, Sequence[Trial]], Trial]
Deploy = Callable[[Reader, Deployment], NDArray[np.intp]]
Exam = Callable[[LabData, np.random.Generator], Images]


def propose(
    parent: Genome, permissions: Permissions, lab: Lab, rng: np.random.Generator
) -> tuple[Genome, ...]:
    """Draw the generation's mutated genomes, `lab.proposals` of them.

    The noise is drawn for every gene, allowed or not: two runs with the same seed and different
    permissions see the same draws.

    Parameters
    ----------
    parent : Genome
    permissions : Permissions
    lab : Lab
    rng : numpy.random.Generator
    """
    noise = rng.standard_normal((lab.proposals, len(GENES)))
    child = partial(
        mutate, parent, permissions=permissions, adaptation=lab.adaptation, slowest=lab.slowest
    )
    return tuple(child(row) for row in noise)


def select(incumbent: Trial, trials: Sequence[Trial]) -> Trial:
    """Take the best visible score (the first of equals), unless the incumbent's is better.

    Parameters
    ----------
    incumbent : Trial
    trials : sequence of Trial
        At least one.
    """
    best = max(trials, key=lambda trial: trial.correct)
    return best if best.correct >= incumbent.correct else incumbent


def deploy(reader: Reader, deployment: Deployment) -> NDArray[np.intp]:
    """Let a version read the deployed images; returns its predictions, shape (images,).

    Parameters
    ----------
    reader : Reader
    deployment : Deployment
    """
    return reader.read(deployment.images)


def fixed_exam(data: LabData, rng: np.random.Generator) -> Images:
    """Use the same visible test in every generation.

    Parameters
    ----------
    data : LabData
    rng : numpy.random.Generator
        Not used.
    """
    return data.visible


def fresh_exam(data: LabData, rng: np.random.Generator) -> Images:
    """Draw the generation's test anew from all test images of the lab, reserve included.

    The larger the reserve, the fresher the test.

    Parameters
    ----------
    data : LabData
        Of a lab with ``n_reserve > 0``.
    rng : numpy.random.Generator

    Raises
    ------
    ValueError
        If the lab has no reserve.
    """
    within("n_reserve", len(data.reserve), 1)
    pool = len(data.visible) + len(data.reserve)
    chosen = rng.choice(pool, len(data.visible), replace=False)
    return data.visible.joined(data.reserve).take(chosen)


@dataclass(frozen=True, kw_only=True)
class Update:
    """A proposed change as the lab sees it: two genomes and two visible scores.

    Parameters
    ----------
    before, after : Genome
    visible_before, visible_after : float
        Share of the visible test that is right, in [0, 1].

    Examples
    --------
    >>> update = Update(
    ...     before=Genome(), after=Genome(stamp=0.5), visible_before=0.9, visible_after=0.95
    ... )
    >>> update.moved
    {'stamp': 0.5}
    """

    before: Genome
    after: Genome
    visible_before: float
    visible_after: float

    def __post_init__(self) -> None:
        """Refuse scores that are no shares."""
        within("visible_before", self.visible_before, 0, 1)
        within("visible_after", self.visible_after, 0, 1)

    @property
    def moved(self) -> dict[str, float]:
        """The genes that changed, each with new value minus old."""
        change = {gene: getattr(self.after, gene) - getattr(self.before, gene) for gene in GENES}
        return {gene: difference for gene, difference in change.items() if difference}


def gated(accepts: Callable[[Update], bool]) -> Select:
    """Put a gate behind `select`: its winner replaces the incumbent only if `accepts` says so.

    Parameters
    ----------
    accepts : function
        ``accepts(update)`` returns True or False.

    Examples
    --------
    >>> from rsi_teach.machine.genome import PRESETS
    >>> shut = run(PRESETS["both"], generations=2, select=gated(lambda update: False))
    >>> shut.winners.tolist()
    [-1, -1]
    """

    def select_and_ask(incumbent: Trial, trials: Sequence[Trial]) -> Trial:
        best = select(incumbent, trials)
        if best is incumbent or accepts(update_between(incumbent, best)):
            return best
        return incumbent

    return select_and_ask


def update_between(before: Trial, after: Trial) -> Update:
    """Return the change from one scored version to another, as the lab sees it."""
    return Update(
        before=before.genome,
        after=after.genome,
        visible_before=before.visible,
        visible_after=after.visible,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Generation:
    """What one turn of the loop did.

    Parameters
    ----------
    index : int
        0 for the first turn.
    before, after : Trial
        The incumbent at its beginning and at its end; the same object if nothing was selected.
    trials : tuple of Trial
        Every proposal, in the order of proposing.
    winner : int
        Position of the selected proposal; -1 if the incumbent stayed.
    predictions : array of int, shape (deployed images,)
        What the version in use reads when deployed. The lab does not see it.
    deployed : float
        Share of them that is right. The lab does not see it.
    queries : int
        Scores returned by the visible test so far, one per version scored, the start included.
    seconds : array, shape (4,)
        Wall time of propose, experiment, select, deploy.
    """

    index: int
    before: Trial
    after: Trial
    trials: tuple[Trial, ...]
    winner: int
    predictions: NDArray[np.intp]
    deployed: float
    queries: int
    seconds: NDArray[np.float64]

    @property
    def visible(self) -> float:
        """Visible score of the version in use."""
        return self.after.visible

    @property
    def update(self) -> Update | None:
        """The change that was made, as the lab sees it; None if the incumbent stayed."""
        return None if self.winner < 0 else update_between(self.before, self.after)


def generations(
    permissions: Permissions,
    *,
    lab: Lab | None = None,
    seed: int = 0,
    world: World | None = None,
    propose: Propose = propose,
    experiment: Experiment = experiment,
    select: Select = select,
    deploy: Deploy = deploy,
    exam: Exam = fixed_exam,
) -> Iterator[Generation]:
    """Run the loop without end, handing out each generation as it is done.

    The first three stages get the lab's half of the world and nothing else; what `deploy` returns
    goes into the record and nowhere else.

    Parameters
    ----------
    permissions : Permissions
    lab : Lab, optional
        The default lab if None.
    seed : int
        >= 0; of the world, unless one is given, and of proposals and exams.
    world : World, optional
        Drawn from `lab` and `seed` if None.
    propose, experiment, select, deploy : functions
        The four stages; see the functions of these names for what they take and return.
    exam : function
        ``exam(data, rng)`` returns the generation's visible test. If it is a new one, the
        incumbent is scored on it too, which costs a query.

    Examples
    --------
    >>> turns = generations(Permissions(), seed=1)
    >>> [next(turns).queries for _ in range(3)]
    [13, 25, 37]
    """
    lab = Lab() if lab is None else lab
    world = draw_world(lab, seed) if world is None else world
    mutations, exams = streams(seed)[4:]
    return _loop(
        lab.start,
        propose=lambda parent: propose(parent, permissions, lab, mutations),
        experiment=lambda genome, test: experiment(genome, world.lab, test),
        select=select,
        deploy=lambda reader: deploy(reader, world.deployment),
        exam=lambda: exam(world.lab, exams),
        accuracy=world.deployment.accuracy,
    )


def _loop(
    start: Genome,
    *,
    propose: Callable[[Genome], Sequence[Genome]],
    experiment: Callable[[Genome, Images], Trial],
    select: Select,
    deploy: Callable[[Reader], NDArray[np.intp]],
    exam: Callable[[], Images],
    accuracy: Callable[[NDArray[np.intp]], float],
) -> Iterator[Generation]:
    test = exam()
    incumbent, queries = experiment(start, test), 1
    for index in count():
        if index and (drawn := exam()) is not test:
            test, queries = drawn, queries + 1
            incumbent = experiment(incumbent.genome, test)
        clock = [perf_counter()]
        genomes = propose(incumbent.genome)
        clock.append(perf_counter())
        trials = tuple(experiment(genome, test) for genome in genomes)
        clock.append(perf_counter())
        chosen = select(incumbent, trials)
        clock.append(perf_counter())
        predictions = deploy(chosen.reader)
        clock.append(perf_counter())
        queries += len(trials)
        yield Generation(
            index=index,
            before=incumbent,
            after=chosen,
            trials=trials,
            winner=next((i for i, trial in enumerate(trials) if trial is chosen), -1),
            predictions=predictions,
            deployed=accuracy(predictions),
            queries=queries,
            seconds=np.diff(clock),
        )
        incumbent = chosen


@dataclass(frozen=True, kw_only=True, eq=False)
class Run:
    """The record of a run; the arrays have one entry (or row) per generation.

    Parameters
    ----------
    permissions : Permissions
    lab : Lab
    seed : int
    generations : tuple of Generation
    """

    permissions: Permissions
    lab: Lab
    seed: int
    generations: tuple[Generation, ...]

    @property
    def visible(self) -> NDArray[np.float64]:
        """Visible score of the version in use, shape (generations,)."""
        return np.array([turn.visible for turn in self.generations])

    @property
    def deployed(self) -> NDArray[np.float64]:
        """Deployed accuracy of the version in use, shape (generations,). Not the lab's to see."""
        return np.array([turn.deployed for turn in self.generations])

    @property
    def queries(self) -> NDArray[np.intp]:
        """Scores that the visible test has returned so far, shape (generations,)."""
        return np.array([turn.queries for turn in self.generations])

    @property
    def items_read(self) -> NDArray[np.intp]:
        """Test items read for those scores, shape (generations,)."""
        return self.queries * self.lab.n_visible

    @property
    def winners(self) -> NDArray[np.intp]:
        """Position of the selected proposal, -1 if the incumbent stayed; shape (generations,)."""
        return np.array([turn.winner for turn in self.generations])

    @property
    def scores(self) -> NDArray[np.float64]:
        """Visible score of every proposal, shape (generations, proposals)."""
        return np.array([[trial.visible for trial in turn.trials] for turn in self.generations])

    @property
    def proposals(self) -> NDArray[np.float64]:
        """Every proposed genome, shape (generations, proposals, 6), genes as in `GENES`."""
        return np.array(
            [[_genes(trial.genome) for trial in turn.trials] for turn in self.generations]
        )

    @property
    def genomes(self) -> NDArray[np.float64]:
        """Genome of the version in use, shape (generations, 6), genes as in `GENES`."""
        return np.array([_genes(turn.after.genome) for turn in self.generations])

    @property
    def predictions(self) -> NDArray[np.intp]:
        """What the version in use reads when deployed, shape (generations, deployed images)."""
        return np.array([turn.predictions for turn in self.generations])

    @property
    def seconds(self) -> NDArray[np.float64]:
        """Wall time per generation and stage, shape (generations, 4), stages as in `STAGES`."""
        return np.array([turn.seconds for turn in self.generations])

    @property
    def reader(self) -> Reader:
        """The last version in use."""
        return self.generations[-1].after.reader


def _genes(genome: Genome) -> list[float]:
    return [getattr(genome, gene) for gene in GENES]


def run(
    permissions: Permissions,
    *,
    lab: Lab | None = None,
    generations: int = 60,
    seed: int = 0,
    on_generation: Callable[[Generation], Any] | None = None,
    **stages: Any,
) -> Run:
    """Run the loop for some generations and keep the record.

    Parameters
    ----------
    permissions : Permissions
    lab : Lab, optional
        The default lab if None.
    generations : int
        >= 1.
    seed : int
        >= 0. The same seed gives the same record (wall times aside) on any number of threads.
    on_generation : function, optional
        Called with each `Generation` as it is done, for live progress; its result is ignored.
    **stages
        `world`, `propose`, `experiment`, `select`, `deploy` or `exam`, as in `generations`.

    Raises
    ------
    ValueError
        If a number is outside its range.
    TypeError
        If a keyword is unknown.

    Examples
    --------
    >>> record = run(Permissions(), generations=5, seed=1)
    >>> bool(record.visible[-1] >= record.visible[0])
    True
    """
    within("generations", generations, 1, integer=True)
    lab = Lab() if lab is None else lab
    turns = []
    for turn in islice(_generations(permissions, lab=lab, seed=seed, **stages), generations):
        turns.append(turn)
        if on_generation is not None:
            on_generation(turn)
    return Run(permissions=permissions, lab=lab, seed=seed, generations=tuple(turns))


_generations = generations


def sweep(
    permissions: Iterable[Permissions],
    seeds: Iterable[int],
    *,
    lab: Lab | None = None,
    generations: int = 60,
    executor: Executor | None = None,
) -> list[list[Run]]:
    """Run every permission with every seed; the same worlds and noise for each permission.

    Parameters
    ----------
    permissions : iterable of Permissions
    seeds : iterable of int
        Each >= 0.
    lab : Lab, optional
        The default lab if None.
    generations : int
        >= 1.
    executor : concurrent.futures.Executor, optional
        Where to run; in place if None. The result does not depend on it.

    Returns
    -------
    list of lists of Run
        One list per permission, one run per seed.

    Examples
    --------
    >>> rows = sweep([Permissions(), Permissions(step=False)], [0, 1], generations=1)
    >>> [len(row) for row in rows]
    [2, 2]
    """
    permissions, seeds = list(permissions), list(seeds)
    grid = [(allowed, seed) for allowed in permissions for seed in seeds]
    job = partial(_run_at, lab=lab, generations=generations)
    runs = iter((map if executor is None else executor.map)(job, grid))
    return [[next(runs) for _ in seeds] for _ in permissions]


def _run_at(point: tuple[Permissions, int], *, lab: Lab | None, generations: int) -> Run:
    allowed, seed = point
    return run(allowed, lab=lab, generations=generations, seed=seed)
