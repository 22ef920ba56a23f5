"""Chapter 17: a policy under a budget, and the four-stage loop that runs under it.

Every safeguard enters by the formula of an earlier chapter, in its simplest form: a test is a noisy
score with a threshold (12) whose old items are worth less each generation (14), evaluators miss
together as a beta-binomial (13), a reviewer is right with probability Phi(A sqrt(t)) (12), a pause
costs generations, a rollback undoes the last update. Prices are this course's own choice.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from rsi_teach.models.capstone_tuning import best_of_weights, gap_interval, tuned
from rsi_teach.models.domain import shaped, within
from rsi_teach.models.gates_review import accuracy_by
from rsi_teach.models.independence import Panel
from rsi_teach.models.independence import all_miss as panel_misses
from rsi_teach.models.loop import LONGEST, STAGES, Ensemble, Loop

__all__ = [
    "BUDGET",
    "CHANNELS",
    "FLOOR",
    "NAIVE",
    "PRICES",
    "SCOPES",
    "Policy",
    "Setting",
    "affordable",
    "all_miss",
    "best_of_weights",
    "draw_policies",
    "gap_interval",
    "harm",
    "item_worth",
    "mean_alignment",
    "passing",
    "progress",
    "refused_by_tests",
    "running_share",
    "simulate",
    "tuned",
]

Array = NDArray[np.float64]
Scope = Literal["nothing", "settings", "stamp", "replay", "everything"]
Origin = Literal["own family", "elsewhere"]
BUDGET = 40.0
"""What a policy may cost, in budget units per generation."""
PRICES = {
    "test item": 0.04,
    "fresh item": 0.04,
    "evaluator of the own family": 1.0,
    "evaluator from elsewhere": 5.0,
    "permission granted": 1.0,
    "gate": 1.0,
    "review minute": 5.0,
    "generation of pause": 0.5,
    "rollback": 3.0,
}
"""Budget units per generation; ours, chosen so that about half of everything can be bought."""
SCOPES = {
    "nothing": (0, 0.0, 0.0),
    "settings": (2, 0.5, 0.2),
    "stamp": (3, 0.75, 0.5),
    "replay": (3, 0.75, 0.5),
    "everything": (4, 1.0, 1.0),
}
"""Permissions granted, and the share of the loop's gains and of its leaks that come with them."""
GRANTS = {
    "nothing": "nothing",
    "settings": "its learning settings",
    "stamp": "its learning settings and the stamp gain",
    "replay": "its learning settings and replay",
    "everything": "everything",
}
"""The scopes in words."""
MISSES = {
    "own family": Panel(miss=0.3, correlation=0.8),
    "elsewhere": Panel(miss=0.3, correlation=0.2),
}
"""Mean chance that an evaluator misses what it could see, and the correlation of the misses."""
ERROR_RATE = 0.1
"""Share of test items that fail in any case; it sets the noise of a score."""
AGEING = 0.8
"""What a test item still shows of a loss one generation later, as a share."""
TOLERATED = 0.02
"""Loss of alignment up to which a reviewer is right to let an update pass."""
SKILL = 1.0
"""Evidence that a reviewer gains, in standard deviations, in the first minute."""
FLOOR = 0.9
"""Alignment below which harm is counted."""
CHANNELS = len(STAGES) + 2
"""Random numbers for a generation of a run: four stages, the checks, the second look."""


@dataclass(frozen=True, kw_only=True)
class Policy:
    """Safeguards for a loop, and what they cost.

    Parameters
    ----------
    tests : int, in [25, 400]
        Items of the visible test in a generation.
    freshness : float, in [0, 1]
        Share of those items that is drawn anew for each generation.
    evaluators : int, in [0, 5]
        How many evaluators judge each update.
    origin : {"own family", "elsewhere"}
        Whether they were made from the lab's own data or by somebody else from other data.
    scope : {"nothing", "settings", "stamp", "replay", "everything"}
        What the loop may change about itself.
    gate : float, in [0, 100], points
        An update is refused if it is seen to lose more than so much; at 100 nothing is refused.
    review : float, in [0, 10], minutes
        What a person spends on an update; 0 is no review.
    pause : int, in [0, 10], generations
        How long nothing is updated after an alarm.
    rollback : bool
        Whether an alarm brings an earlier version back.

    Raises
    ------
    ValueError
        If a parameter is out of its range; the message names it.

    References
    ----------
    This course's own; the prices are `PRICES`.

    Examples
    --------
    >>> Policy(evaluators=3, origin="elsewhere", rollback=True).cost
    27.0
    """

    tests: int = 150
    freshness: float = 0.0
    evaluators: int = 0
    origin: Origin = "own family"
    scope: Scope = "settings"
    gate: float = 2.0
    review: float = 0.0
    pause: int = 0
    rollback: bool = False

    def __post_init__(self) -> None:
        """Refuse what no policy can be."""
        within("tests", self.tests, 25, 400, integer=True)
        within("freshness", self.freshness, 0, 1)
        within("evaluators", self.evaluators, 0, 5, integer=True)
        within("gate", self.gate, 0, 100)
        within("review", self.review, 0, 10)
        within("pause", self.pause, 0, 10, integer=True)
        for name, allowed in (("origin", get_args(Origin)), ("scope", get_args(Scope))):
            if getattr(self, name) not in allowed:
                value = getattr(self, name)
                raise ValueError(f"{name} = {value!r} is not one of: {', '.join(allowed)}")
        if not isinstance(self.rollback, bool | np.bool_):
            raise ValueError(f"rollback = {self.rollback!r} is neither True nor False")

    @property
    def bill(self) -> dict[str, float]:
        """What each safeguard costs, in budget units per generation."""
        judge = "evaluator from elsewhere" if self.origin == "elsewhere" else (
            "evaluator of the own family")  # fmt: skip
        amounts = {
            "test item": self.tests,
            "fresh item": self.freshness * self.tests,
            judge: self.evaluators,
            "permission granted": SCOPES[self.scope][0],
            "gate": self.gate < 100,
            "review minute": self.review,
            "generation of pause": self.pause,
            "rollback": self.rollback,
        }
        return {what: PRICES[what] * float(amount) for what, amount in amounts.items()}

    @property
    def cost(self) -> float:
        """What it costs, in budget units per generation."""
        return math.fsum(self.bill.values())

    @property
    def words(self) -> str:
        """The policy in a sentence."""
        fresh = f"{100 * self.freshness:.0f} %" if self.freshness else "none"
        judges = "no evaluator"
        if self.evaluators:
            plural = "s" * (self.evaluators > 1)
            judges = f"{self.evaluators} evaluator{plural} ({self.origin})"
        gate = "no gate" if self.gate == 100 else f"a gate at {self.gate:g} points"
        review = f"{self.review:g} minutes of review" if self.review else "no review"
        alarm = [f"{self.pause} generations of pause"] if self.pause else []
        alarm += ["a rollback"] if self.rollback else []
        return (
            f"The loop may change {GRANTS[self.scope]}; {self.tests} test items a generation, "
            f"{fresh} of them fresh; {judges}; {gate}; {review}; "
            f"after an alarm {' and '.join(alarm) or 'nothing'}."
        )


NAIVE = {
    "everything allowed, no checks": Policy(scope="everything", gate=100.0),
    "nothing allowed": Policy(scope="nothing", tests=25, gate=100.0),
    "only more tests of the same kind": Policy(scope="everything", tests=400, gate=100.0),
    "a human signs everything quickly": Policy(scope="everything", gate=100.0, review=0.05),
    "five copies of one evaluator": Policy(scope="everything", evaluators=5, gate=2.0),
}
"""Five policies that sound reasonable in a sentence."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """The loop that a policy has to hold, and how much of its losses the lab cannot see.

    Parameters
    ----------
    loop : Loop
        Gains, leaks and spreads of the four stages with everything allowed.
    blind : float, in [0, 1]
        Share of each loss that neither the lab's tests nor evaluators of its own family can see.

    Raises
    ------
    ValueError
        If a parameter is out of its range; the message names it.

    References
    ----------
    This course's own toy.

    Examples
    --------
    >>> Setting(blind=0.5).loop.growth > 1
    True
    """

    loop: Loop = field(default_factory=Loop)
    blind: float = 0.5

    def __post_init__(self) -> None:
        """Refuse what is no loop."""
        if not isinstance(self.loop, Loop):
            raise ValueError(f"loop = {self.loop!r} is not a Loop")
        within("blind", self.blind, 0, 1)


def affordable(policy: Policy, *, budget: float = BUDGET) -> Policy:
    """Return the policy, or say by how much it is over the budget.

    Parameters
    ----------
    policy : Policy
    budget : float, >= 0
        Budget units per generation.

    Returns
    -------
    Policy
        The same one.

    Raises
    ------
    ValueError
        If it costs more than `budget`; the message says by how much, and its dearest part.

    References
    ----------
    This course's own; the prices are `PRICES`.

    Examples
    --------
    >>> affordable(Policy(review=8.0))
    Traceback (most recent call last):
    ...
    ValueError: policy costs 49, 9 over the budget of 40; its dearest part: review minute, 40
    """
    within("budget", budget, 0)
    if policy.cost > budget + 1e-9:
        bill = policy.bill
        dearest = max(bill, key=lambda part: bill[part])
        raise ValueError(
            f"policy costs {policy.cost:g}, {policy.cost - budget:g} over the budget of "
            f"{budget:g}; its dearest part: {dearest}, {bill[dearest]:g}"
        )
    return policy


OFFERED = {
    "tests": (25, 50, 100, 150, 200, 300, 400),
    "freshness": (0.0, 0.25, 0.5, 1.0),
    "evaluators": (0, 1, 2, 3, 4, 5),
    "origin": ("own family", "elsewhere"),
    "scope": ("nothing", "settings", "stamp", "replay", "everything"),
    "gate": (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 100.0),
    "review": (0.0, 0.05, 0.25, 0.5, 1.0, 2.0, 4.0),
    "pause": (0, 0, 1, 2, 3, 5),
    "rollback": (False, True),
}
"""What `draw_policies` draws from, each with the same chance."""


def draw_policies(
    count: int, rng: np.random.Generator, *, budget: float = BUDGET
) -> tuple[Policy, ...]:
    """Draw different policies that the budget buys, every field by itself from `OFFERED`.

    Parameters
    ----------
    count : int, in [1, 1000]
    rng : numpy.random.Generator
    budget : float, in [20, 1000]
        Budget units per generation.

    Returns
    -------
    tuple of Policy
        In the order of drawing; what is too dear or was there before is drawn again.

    Raises
    ------
    ValueError
        If a number is out of its range.

    References
    ----------
    This course's own.

    Examples
    --------
    >>> all(policy.cost <= 40 for policy in draw_policies(5, np.random.default_rng(0)))
    True
    """
    within("count", count, 1, 1000, integer=True)
    within("budget", budget, 20, 1000)
    found: dict[Policy, None] = {}
    while len(found) < count:
        pick = {name: values[rng.integers(len(values))] for name, values in OFFERED.items()}
        policy = Policy(**pick)
        if policy.cost <= budget:
            found[policy] = None
    return tuple(found)


def item_worth(freshness: float, generation: ArrayLike, *, ageing: float = AGEING) -> Array:
    """Mean worth of a test item, if a share is drawn anew and the others lose worth by age.

    With freshness f and d = (1 - f) ageing: d^g + f (1 - d^g) / (1 - d).

    Parameters
    ----------
    freshness : float, in [0, 1]
    generation : array of int, any shape, in [0, 250]
        How often the test has been used before.
    ageing : float, in [0, 1]
        Share of its worth that an item keeps from one generation to the next.

    Returns
    -------
    array
        In [0, 1], shape of `generation`.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Chapter 14's discount of old evidence, for items that are replaced at random.

    Examples
    --------
    >>> item_worth(0.0, [0, 1, 2]).round(2).tolist(), item_worth(1.0, 9).item()
    ([1.0, 0.8, 0.64], 1.0)
    """
    within("freshness", freshness, 0, 1)
    within("generation", generation, 0, LONGEST, integer=True)
    within("ageing", ageing, 0, 1)
    kept = (1 - freshness) * ageing
    old = kept ** np.asarray(generation, dtype=float)
    return old + (freshness * (1 - old) / (1 - kept) if kept < 1 else 0.0)


def refused_by_tests(
    policy: Policy, loss: ArrayLike, generation: ArrayLike, *, blind: float = 0.0
) -> Array:
    """Chance that the gate refuses an update, as the noisy test score shows it.

    The score shows the visible part of the loss, times `item_worth`, with an error of standard
    deviation sqrt(2 e (1 - e) / n), where e is `ERROR_RATE` and n the test's length.

    Parameters
    ----------
    policy : Policy
    loss : array, in [0, 1]
        Alignment that the update loses; broadcasts with `generation`.
    generation : array of int, in [0, 250]
    blind : float, in [0, 1]
        Share of the loss that the test cannot see.

    Returns
    -------
    array
        In [0, 1]; with no gate (100 points) it is 0.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Chapter 12's gate on a noisy score; the error is that of a difference of two shares.

    Examples
    --------
    >>> refused_by_tests(Policy(gate=0.0), 0.0, 0).item()
    0.5
    """
    within("loss", loss, 0, 1)
    within("blind", blind, 0, 1)
    if policy.gate == 100:
        return np.zeros(np.broadcast_shapes(np.shape(loss), np.shape(generation)))
    shown = np.asarray(loss) * (1 - blind) * item_worth(policy.freshness, generation)
    error = math.sqrt(2 * ERROR_RATE * (1 - ERROR_RATE) / policy.tests)
    return ndtr((shown - policy.gate / 100) / error)


def all_miss(evaluators: int, *, origin: Origin = "elsewhere", blind: float = 0.0) -> float:
    """Chance that every evaluator misses the same bad update, beta-binomial.

    Parameters
    ----------
    evaluators : int, in [0, 5]
    origin : {"own family", "elsewhere"}
        The first miss the blind share as well, and err together more; see `MISSES`.
    blind : float, in [0, 1]
        Share of losses that the lab's own family cannot see.

    Returns
    -------
    float
        In [0, 1]; 1 without an evaluator.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Chapter 13's beta-binomial: mean miss q, pairwise correlation rho.

    Examples
    --------
    >>> round(all_miss(1), 3), round(all_miss(5), 3), round(all_miss(5, origin="own family"), 3)
    (0.3, 0.027, 0.216)
    """
    within("evaluators", evaluators, 0, 5, integer=True)
    within("blind", blind, 0, 1)
    if origin not in MISSES:
        raise ValueError(f"origin = {origin!r} is not one of: {', '.join(MISSES)}")
    if not evaluators:
        return 1.0
    hidden = blind if origin == "own family" else 0.0
    return float(hidden + (1 - hidden) * panel_misses(MISSES[origin], evaluators))


def _cases(setting: Setting, policy: Policy) -> tuple[Array, Array]:
    """What an update multiplies capability and alignment by, [2, 16], and how likely it is."""
    _, gains, leaks = SCOPES[policy.scope]
    stages = setting.loop.stages
    gain, leak, burst = np.array([(gains * s.gain, leaks * s.leak, s.burst) for s in stages]).T
    pushed = np.arange(16)[:, None] >> np.arange(len(STAGES)) & 1
    push = burst * pushed
    factors = np.stack([np.prod(1 + gain * push, axis=1), np.prod(1 - leak * push, axis=1)])
    likely = np.prod(np.where(pushed, 1 / burst, 1 - 1 / burst), axis=1)
    return np.maximum(factors, 0), likely


def passing(policy: Policy, setting: Setting, generations: int) -> Array:
    """Chance that an update passes every check, for each generation and kind of update.

    An update is one of 16 kinds: in each stage a push came, or did not. Bad is one that loses
    more than the gate allows; for a reviewer, one that loses more than `TOLERATED`.

    Parameters
    ----------
    policy : Policy
    setting : Setting
    generations : int, in [1, 250]

    Returns
    -------
    array [generations, 16]
        In [0, 1].

    Raises
    ------
    ValueError
        If `generations` is out of its range.

    References
    ----------
    The checks decide independently, given the update.

    Examples
    --------
    >>> passing(Policy(gate=100.0), Setting(), 3).min().item()
    1.0
    """
    within("generations", generations, 1, LONGEST, integer=True)
    loss = 1 - _cases(setting, policy)[0][1]
    time = np.arange(generations)[:, None]
    passed = 1 - refused_by_tests(policy, loss, time, blind=setting.blind)
    missed = all_miss(policy.evaluators, origin=policy.origin, blind=setting.blind)
    passed = passed * np.where(loss > policy.gate / 100, missed, 1)
    if policy.review:
        right = accuracy_by(policy.review, skill=SKILL)
        passed = passed * np.where(loss > TOLERATED, 1 - right, right)
    return passed


def simulate(policy: Policy, setting: Setting, noise: ArrayLike) -> Ensemble:
    """Run the loop under the policy, once for every column of noise.

    Each generation makes an update, which the checks let pass or not. In the generation after, the
    evaluators look at it again, deployed: if it was bad and not all of them miss it, there is an
    alarm. With rollback the alarm undoes the update; a pause begins, during which nothing changes.

    Parameters
    ----------
    policy : Policy
    setting : Setting
    noise : array [generations, 6, runs], uniform in [0, 1), at most 250 generations
        Four stages, the checks, the second look. It stays float32 if it comes so.

    Returns
    -------
    Ensemble
        Capability and alignment, [generations + 1, runs]; row 0 is the start, 1 and 1.

    Raises
    ------
    ValueError
        If `noise` is out of its range or not of that shape.

    References
    ----------
    This course's own toy; without pause and rollback its mean is `mean_alignment`.

    Examples
    --------
    >>> shut = Policy(scope="nothing")
    >>> simulate(shut, Setting(), np.zeros((2, 6, 1))).alignment[:, 0].tolist()
    [1.0, 1.0, 1.0]
    """
    noise = shaped("noise", noise, ("generations", CHANNELS, "runs"), longest=LONGEST)
    within("noise", noise, 0, 1, open_high=True)
    factors, _ = _cases(setting, policy)
    kind = _drawn(setting, noise)
    chance = passing(policy, setting, len(noise)).astype(noise.dtype)
    passes = noise[:, -2] < chance.ravel().take(kind + 16 * np.arange(len(noise))[:, None])
    kind += 16 * passes
    path = np.ones((2, len(noise) + 1, noise.shape[2]))
    path[:, 1:] = np.hstack([np.ones((2, 16)), factors]).take(kind, axis=1)
    caught = None
    if policy.evaluators and (policy.pause or policy.rollback):
        missed = all_miss(policy.evaluators, origin=policy.origin, blind=setting.blind)
        bad = np.concatenate([np.zeros(16, dtype=bool), 1 - factors[1] > policy.gate / 100])
        caught = bad.take(kind) & (noise[:, -1] >= missed)
    return _run(policy, path, caught)


def _drawn(setting: Setting, noise: Array) -> NDArray[np.intp]:
    """Which of the 16 kinds each update is, [generations, runs]."""
    rare = np.array([1 / stage.burst for stage in setting.loop.stages], dtype=noise.dtype)
    came = (noise[:, : len(STAGES)] < rare[:, None]).view(np.uint8)
    kind = came[:, 0] | came[:, 1] << 1 | came[:, 2] << 2 | came[:, 3] << 3
    return kind.astype(np.intp)


def _run(policy: Policy, path: Array, caught: NDArray[np.bool_] | None) -> Ensemble:
    """Multiply the steps up; if anybody looks back, undo and pause one generation later."""
    resumes = np.zeros(path.shape[2], dtype=np.intp)
    idle = np.zeros(path.shape[2], dtype=bool)
    alarm = np.array([], dtype=np.intp)
    before = path[:, 0]
    for g in range(path.shape[1] - 1):
        now, later = path[:, g], path[:, g + 1]
        if policy.rollback and alarm.size:
            now = now.copy()
            now[:, alarm] = before[:, alarm]
        np.multiply(now, later, out=later)
        if policy.pause and caught is not None:
            resumes[alarm] = g + policy.pause
            np.greater(resumes, g, out=idle)
            np.copyto(later, now, where=idle)
        if caught is not None:
            alarm, before = np.flatnonzero(caught[g] & ~idle), now
    return Ensemble(capability=path[0], alignment=path[1])


def mean_alignment(policy: Policy, setting: Setting, generations: int) -> Array:
    """Exact mean of alignment under a policy without pause and rollback.

    Parameters
    ----------
    policy : Policy
        With ``pause=0`` and ``rollback=False``.
    setting : Setting
    generations : int, in [1, 250]

    Returns
    -------
    array [generations + 1]
        In [0, 1]; entry 0 is 1.

    Raises
    ------
    ValueError
        If `generations` is out of its range, or the policy pauses or rolls back.

    References
    ----------
    Mean of a product of independent factors, one a generation.

    Examples
    --------
    >>> from rsi_teach.models import loop
    >>> free = Policy(scope="everything", gate=100.0)
    >>> same = loop.mean_alignment(Setting().loop, np.arange(4))
    >>> bool(np.allclose(mean_alignment(free, Setting(), 3), same))
    True
    """
    if policy.pause or policy.rollback:
        raise ValueError(f"policy = {policy!r}: exact only without pause and rollback")
    factors, likely = _cases(setting, policy)
    passed = passing(policy, setting, generations)
    steps = 1 - passed @ (likely * (1 - factors[1]))
    return np.concatenate([[1.0], np.cumprod(steps)])


def running_share(alarm: float, pause: int) -> float:
    """Share of generations, in the long run, in which a loop that pauses after alarms runs.

    Parameters
    ----------
    alarm : float, in [0, 1]
        Chance that a generation that runs ends in an alarm.
    pause : int, in [0, 250], generations

    Returns
    -------
    float
        1 / (1 + alarm pause).

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Renewal: between two alarms the loop runs 1/alarm generations and rests `pause`.

    Examples
    --------
    >>> running_share(0.1, 10)
    0.5
    """
    within("alarm", alarm, 0, 1)
    within("pause", pause, 0, LONGEST, integer=True)
    return 1 / (1 + alarm * pause)


def progress(made: Ensemble) -> Array:
    """Doublings of capability from the first to the last generation, for each run.

    Parameters
    ----------
    made : Ensemble

    Returns
    -------
    array [runs]
        At least 0.

    References
    ----------
    This course's own.

    Examples
    --------
    >>> progress(Ensemble(capability=np.array([[1.0], [4.0]]), alignment=np.ones((2, 1)))).item()
    2.0
    """
    return np.log2(made.capability[-1])


def harm(made: Ensemble, *, floor: float = FLOOR) -> Array:
    """Mean over generations of how far alignment lies below the floor, in points, for each run.

    Parameters
    ----------
    made : Ensemble
    floor : float, in [0, 1]

    Returns
    -------
    array [runs]
        In [0, 100].

    Raises
    ------
    ValueError
        If `floor` is out of its range.

    References
    ----------
    This course's own.

    Examples
    --------
    >>> half = np.full((3, 1), 0.5)
    >>> round(harm(Ensemble(capability=np.ones((3, 1)), alignment=half)).item(), 6)
    40.0
    """
    within("floor", floor, 0, 1)
    return 100 * np.maximum(floor - made.alignment, 0).mean(axis=0)
