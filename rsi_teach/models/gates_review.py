"""Chapter 12, continued: what a reviewer finds out in so many minutes, and what that is worth.

Evidence about an update builds up as a diffusion: it drifts up if the update is bad and down if it
is good, and it is noisy. A reviewer either stops it at a threshold of her own (`Diffusion`) or is
stopped by the clock (`Desk`), and then goes by the sign of the evidence or, if she knows how rare
bad updates are, by more than the sign.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, ndtr, ndtri

from rsi_teach.models.domain import shaped, within
from rsi_teach.models.gates_queue import MOST, mean_wait

Array = NDArray[np.float64]
Pace = Literal["cut short", "queue up"]
PACES = get_args(Pace)
LONGEST = 20_000
"""Most steps of one simulated decision."""


@dataclass(frozen=True, kw_only=True)
class Stakes:
    """How rare bad updates are, and what the two errors cost.

    Parameters
    ----------
    base_rate : float, in [1e-9, 1 - 1e-9]
        Share of the updates that are bad.
    miss : float, in [1e-6, 1e9]
        Cost of a bad update that is let through.
    false_alarm : float, in [1e-6, 1e9]
        Cost of a good update that is turned away.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    The two errors of any gate.

    Examples
    --------
    >>> round(Stakes(base_rate=0.01, miss=20, false_alarm=1).without, 3)
    0.2
    """

    base_rate: float = 0.5
    miss: float = 1.0
    false_alarm: float = 1.0

    def __post_init__(self) -> None:
        """Refuse rates and costs that leave nothing to decide."""
        within("base_rate", self.base_rate, 1e-9, 1 - 1e-9)
        within("miss", self.miss, 1e-6, 1e9)
        within("false_alarm", self.false_alarm, 1e-6, 1e9)

    @property
    def log_odds(self) -> float:
        """Logarithm of the odds that evidence has to beat before turning away is the cheaper."""
        return math.log((1 - self.base_rate) * self.false_alarm / (self.base_rate * self.miss))

    @property
    def without(self) -> float:
        """Mean cost of one update if nobody looks: the cheaper of all through and none through."""
        return min(self.base_rate * self.miss, (1 - self.base_rate) * self.false_alarm)

    def cost(self, hit: ArrayLike, false_alarm: ArrayLike) -> Array:
        """Mean cost of one update if these shares of bad and good ones are stopped.

        Parameters
        ----------
        hit, false_alarm : array, in [0, 1]
        """
        missed = self.base_rate * self.miss * (1 - np.asarray(hit, float))
        return missed + (1 - self.base_rate) * self.false_alarm * np.asarray(false_alarm, float)


def accuracy_by(minutes: ArrayLike, *, skill: ArrayLike) -> Array:
    """Chance of being right when the clock stops the reviewer, good and bad equally frequent.

    Parameters
    ----------
    minutes : array, in [0, 1e6]
    skill : array, in [0, 100], per square root of a minute; broadcasts with `minutes`
        Drift of the evidence over its noise, A/s.

    Returns
    -------
    array
        Phi(skill · sqrt(minutes)), in [0.5, 1].

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Bogacz and others (2006), the interrogation protocol.

    Examples
    --------
    >>> accuracy_by([0.25, 1, 4], skill=1).round(3).tolist()
    [0.691, 0.841, 0.977]
    """
    within("minutes", minutes, 0, 1e6)
    within("skill", skill, 0, 100)
    return np.asarray(ndtr(np.asarray(skill, float) * np.sqrt(minutes)))


def minutes_for(accuracy: ArrayLike, *, skill: float) -> Array:
    """Minutes after which the clock finds the reviewer this accurate.

    Parameters
    ----------
    accuracy : array, in [0.5, 1)
    skill : float, in [1e-3, 100], per square root of a minute

    Returns
    -------
    array
        In minutes: (z(accuracy) / skill)².

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    `accuracy_by`, solved for the minutes.

    Examples
    --------
    >>> float(minutes_for(0.9772499, skill=1).round(4))
    4.0
    """
    within("accuracy", accuracy, 0.5, 1, open_high=True)
    within("skill", skill, 1e-3, 100)
    return np.asarray((ndtri(np.asarray(accuracy, float)) / skill) ** 2)


@dataclass(frozen=True, kw_only=True)
class Diffusion:
    """Evidence that drifts and diffuses between two thresholds; whichever is met decides.

    Parameters
    ----------
    drift : float, in [1e-3, 100], per unit of time
        A: how fast the evidence moves towards the right answer, on average.
    spread : float, in [1e-3, 100], per square root of a unit of time
        s: standard deviation that the evidence gains in one unit of time.
    width : float, in [1e-3, 100]
        a: distance between the thresholds. They lie at +a/2 and -a/2, and evidence starts at 0
        unless something is known beforehand. Some authors call a/2 the threshold, z.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Bogacz and others (2006), with z = a/2; Wagenmakers and others (2007), with v = A.

    Examples
    --------
    >>> Diffusion(width=2).width
    2
    """

    drift: float = 1.0
    spread: float = 1.0
    width: float = 2.0

    def __post_init__(self) -> None:
        """Refuse evidence that tells nothing, or everything."""
        within("drift", self.drift, 1e-3, 100)
        within("spread", self.spread, 1e-3, 100)
        within("width", self.width, 1e-3, 100)

    @property
    def force(self) -> float:
        """Log odds that the evidence has gained at a threshold: A a / s²."""
        return self.drift * self.width / self.spread**2


def free_error(diffusion: Diffusion) -> float:
    """Chance that a reviewer who takes her time meets the wrong threshold.

    Parameters
    ----------
    diffusion : Diffusion

    Returns
    -------
    float
        1 / (1 + exp(A a / s²)).

    References
    ----------
    Bogacz and others (2006); a is the distance between the thresholds.

    Examples
    --------
    >>> round(1 - free_error(Diffusion(drift=0.1, spread=0.1, width=0.14)), 3)
    0.802
    """
    return float(expit(-diffusion.force))


def free_time(diffusion: Diffusion) -> float:
    """Mean time that a reviewer takes who decides at a threshold.

    Parameters
    ----------
    diffusion : Diffusion

    Returns
    -------
    float
        a / (2 A) · tanh(A a / (2 s²)).

    References
    ----------
    Bogacz and others (2006); a is the distance between the thresholds.

    Examples
    --------
    >>> round(free_time(Diffusion(drift=0.1, spread=0.1, width=0.14)), 3)
    0.423
    """
    return diffusion.width / (2 * diffusion.drift) * math.tanh(diffusion.force / 2)


def prior_start(diffusion: Diffusion, stakes: Stakes) -> float:
    """Where evidence starts for a reviewer who knows the stakes, towards approval.

    Parameters
    ----------
    diffusion : Diffusion
    stakes : Stakes

    Returns
    -------
    float
        s² / (2 A) · ln(odds), positive towards approval. At width/2 and above the decision is
        made before the update has been read.

    References
    ----------
    Bogacz and others (2006), biased starting points: log odds add to the evidence.

    Examples
    --------
    >>> round(prior_start(Diffusion(), Stakes(base_rate=0.01)), 3)
    2.298
    """
    return diffusion.spread**2 / (2 * diffusion.drift) * stakes.log_odds


def simulate_decisions(
    diffusion: Diffusion, noise: ArrayLike, *, step: float, start: float = 0.0
) -> tuple[Array, Array]:
    """Let evidence run until it meets a threshold, once for every column of noise.

    Parameters
    ----------
    diffusion : Diffusion
    noise : array [steps, runs], in [-40, 40], at most 20000 steps
        Standard normal draws.
    step : float, in [1e-6, 100], units of time
        Long steps overshoot the thresholds; Siegmund's correction moves them in by 0.5826
        standard deviations of a step.
    start : float, in [-100, 100]
        Evidence at the beginning, towards the right answer.

    Returns
    -------
    right, time : two arrays [runs]
        1 for the right threshold, -1 for the wrong one, 0 if neither was met in time; and when.

    Raises
    ------
    ValueError
        If a parameter is out of its range or `noise` has another shape.

    References
    ----------
    Euler's scheme for the diffusion of Bogacz and others (2006).

    Examples
    --------
    >>> right, time = simulate_decisions(Diffusion(), np.ones((9, 1)), step=0.1)
    >>> int(right[0]), round(float(time[0]), 1)
    (1, 0.2)
    """
    noise = shaped("noise", noise, ("steps", "runs"), longest=LONGEST)
    within("noise", noise, -40, 40)
    within("step", step, 1e-6, 100)
    within("start", start, -100, 100)
    jitter = diffusion.spread * math.sqrt(step)
    bound = max(diffusion.width / 2 - 0.5826 * jitter, 0.0)
    paths = np.cumsum(noise, axis=0, dtype=float)
    paths *= jitter
    paths += start + diffusion.drift * step * np.arange(1, len(noise) + 1)[:, None]
    out = np.abs(paths) >= bound
    first = out.argmax(axis=0)
    column = np.arange(noise.shape[1])
    met = out[first, column]
    right = np.where(met, np.sign(paths[first, column]), 0.0)
    return right, np.where(met, (first + 1) * step, len(noise) * step)


@dataclass(frozen=True, kw_only=True)
class Desk:
    """A review desk: how many sit there, how good they are, and what they do under load.

    Parameters
    ----------
    reviewers : int, in [1, 10000]
    wanted : float, in [1e-3, 1e4], minutes
        Time that a review takes if there is no hurry.
    skill : float, in [0, 100], per square root of a minute
        Drift of the evidence over its noise.
    busy : float, in (0, 1]
        Largest share of their time that the reviewers work.
    pace : {"cut short", "queue up"}
        Under load, either each update gets the time that there is, or each gets the time that is
        wanted and the others wait.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    This course's own toy.

    Examples
    --------
    >>> Desk(reviewers=3).capacity
    2.7
    """

    reviewers: int = 1
    wanted: float = 45.0
    skill: float = 2 / math.sqrt(60)
    busy: float = 0.9
    pace: Pace = "cut short"

    def __post_init__(self) -> None:
        """Refuse a desk at which nobody sits."""
        within("reviewers", self.reviewers, 1, MOST, integer=True)
        within("wanted", self.wanted, 1e-3, 1e4)
        within("skill", self.skill, 0, 100)
        within("busy", self.busy, 0, 1, open_low=True)
        if self.pace not in PACES:
            raise ValueError(f"pace = {self.pace!r} is none of {', '.join(PACES)}")

    @property
    def capacity(self) -> float:
        """Hours of review that the desk does in an hour: busy · reviewers."""
        return self.busy * self.reviewers

    def minutes_at(self, arrival: ArrayLike) -> Array:
        """Minutes that each update gets.

        Parameters
        ----------
        arrival : array, in (0, 1e6], updates per hour
        """
        within("arrival", arrival, 0, 1e6, open_low=True)
        if self.pace == "queue up":
            return np.full(np.shape(arrival), self.wanted)
        return np.minimum(self.wanted, 60 * self.capacity / np.asarray(arrival, float))


@dataclass(frozen=True, kw_only=True, eq=False)
class Reviewed:
    """What review does at one arrival rate, or at several.

    Parameters
    ----------
    minutes : array, >= 0
        Time that each update gets.
    caught : array, in [0, 1]
        Share of the bad updates that are turned away.
    turned_away : array, in [0, 1]
        Share of the good updates that are turned away.
    wait : array, minutes, >= 0
        Mean time in the queue before a review begins: in the long run where there is one, else at
        the end of the hours that the desk has been open. It is that of exponential reviews; if
        all take the same time, they wait about half as long.
    behind : array, updates, >= 0
        Updates that have come since, by the time one is decided: the delay of chapter 03 in
        generations.

    Raises
    ------
    ValueError
        If a share is none or the arrays differ in shape.

    References
    ----------
    Made by `review`.

    Examples
    --------
    >>> float(review(Desk(), 12.0).caught.round(3))
    0.708
    """

    minutes: Array
    caught: Array
    turned_away: Array
    wait: Array
    behind: Array

    def __post_init__(self) -> None:
        """Refuse what no desk does."""
        for name, high in (("minutes", math.inf), ("caught", 1.0), ("turned_away", 1.0),
                           ("wait", math.inf), ("behind", math.inf)):  # fmt: skip
            within(name, getattr(self, name), 0, high, open_high=high == math.inf)
            if np.shape(getattr(self, name)) != np.shape(self.minutes):
                raise ValueError(f"{name} differs in shape from minutes")

    @property
    def accuracy(self) -> Array:
        """Chance of the right decision if good and bad updates were equally frequent."""
        return (self.caught + 1 - self.turned_away) / 2


def review(
    desk: Desk, arrival: ArrayLike, *, stakes: Stakes | None = None, hours: float = 8.0
) -> Reviewed:
    """Follow updates through the desk: minutes for each, and what is caught, lost and delayed.

    The evidence after t minutes has a separation of d' = 2 · skill · sqrt(t). Without stakes the
    reviewer goes by its sign; with them she turns an update away where that costs less.

    Parameters
    ----------
    desk : Desk
    arrival : array, in (0, 1e6], updates per hour
    stakes : Stakes, optional
        What the reviewer knows and minds; nothing if None.
    hours : float, in (0, 1e6]
        How long the desk has been open. It matters only where the queue grows without end.

    Returns
    -------
    Reviewed
        With arrays of the shape of `arrival`.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    This course's coupling of the M/M/c queue with Bogacz and others (2006), interrogation. An
    overloaded queue is its fluid limit: an update that comes after `hours` waits
    (load / reviewers - 1) · hours. At a load of exactly all reviewers that is 0, although the
    queue grows there too, as the root of time.

    Examples
    --------
    >>> fast = review(Desk(), [1, 12, 240])
    >>> fast.minutes.tolist(), fast.caught.round(2).tolist()
    ([45.0, 4.5, 0.225], [0.96, 0.71, 0.55])
    """
    within("hours", hours, 0, 1e6, open_low=True)
    minutes = desk.minutes_at(arrival)
    caught, turned_away = _decided(2 * desk.skill * np.sqrt(minutes), stakes)
    wait = _waited(desk, np.asarray(arrival, float), minutes, hours)
    behind = np.asarray(arrival, float) * (wait + minutes) / 60
    return Reviewed(
        minutes=minutes, caught=caught, turned_away=turned_away, wait=wait, behind=behind
    )


def _decided(separation: Array, stakes: Stakes | None) -> tuple[Array, Array]:
    """Shares of bad and good updates turned away, on evidence of this separation."""
    odds = 0.0 if stakes is None else stakes.log_odds
    tip = odds / np.maximum(separation, 1e-12)  # no evidence: the odds alone decide
    return ndtr(separation / 2 - tip), ndtr(-separation / 2 - tip)


def _waited(desk: Desk, arrival: Array, minutes: Array, hours: float) -> Array:
    load = arrival * minutes / (60 * desk.reviewers)
    steady = np.minimum(arrival, 60 * desk.reviewers * (1 - 1e-9) / minutes)
    settled = mean_wait(desk.reviewers, arrival=steady, minutes=minutes)
    return np.where(load < 1, settled, np.maximum(load - 1, 0) * 60 * hours)


def coin_flip_rate(desk: Desk, *, margin: float) -> float:
    """Updates an hour above which cut-short review is better than a coin by less than a margin.

    Parameters
    ----------
    desk : Desk
        Its pace does not matter: the reviews are cut short.
    margin : float, in [0.001, 0.499]
        By how much the accuracy of a signature, good and bad equally frequent, exceeds one half.

    Returns
    -------
    float
        60 · busy · reviewers / minutes, with the minutes that the margin needs; 0 if not even the
        minutes that are wanted are enough.

    Raises
    ------
    ValueError
        If the margin is out of its range.

    References
    ----------
    `review` without stakes, solved for the arrival rate.

    Examples
    --------
    >>> round(coin_flip_rate(Desk(), margin=0.05))
    228
    """
    within("margin", margin, 0.001, 0.499)
    if desk.skill < 1e-3 or minutes_for(0.5 + margin, skill=desk.skill) > desk.wanted:
        return 0.0
    return float(60 * desk.capacity / minutes_for(0.5 + margin, skill=desk.skill))


def cost_share(reviewed: Reviewed, stakes: Stakes) -> Array:
    """Cost of the updates behind review, over their cost if nobody looked.

    Parameters
    ----------
    reviewed : Reviewed
    stakes : Stakes

    Returns
    -------
    array
        1 where the signature is worth nothing; above 1 where it does harm.

    References
    ----------
    `Stakes.cost` over `Stakes.without`; delay costs nothing here.

    Examples
    --------
    >>> rare = Stakes(base_rate=0.01)
    >>> float(cost_share(review(Desk(), 12.0), rare).round(1))
    29.2
    """
    return stakes.cost(reviewed.caught, reviewed.turned_away) / stakes.without
