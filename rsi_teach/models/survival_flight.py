"""Chapter 09: faults that are in the loop and not yet found."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betainc, gammainc, pdtrc, pdtri

from rsi_teach.models.domain import shaped, within

Array = NDArray[np.float64]
LONGEST = 2000
"""Most generations of one run."""


@dataclass(frozen=True, kw_only=True)
class Stream:
    """A loop that now and then makes a fault, and a watch that finds each after a while.

    Parameters
    ----------
    cycle : float, in [1e-4, 1e4], days
        Time that one generation takes.
    faults : float, in [0, 1]
        Mean number of faults that a generation brings in; in `simulate_in_flight` and
        `exact_in_flight` the chance that it brings in one.
    detection : float, in [1e-4, 1e4], days
        Mean time from a fault's entry until it is found and removed.
    shape : float, in [0.3, 10]
        Of the detection time's Weibull distribution: below 1 most are found soon and some very
        late.
    breeds : float, in [0, 10]
        Mean number of further faults that a fault causes in every generation while it is in.

    Raises
    ------
    ValueError
        If a parameter is out of its range; the message names it.

    References
    ----------
    The queue M/G/infinity: faults arrive, detection is service, and nobody waits.

    Examples
    --------
    >>> Stream(cycle=0.5).cycle
    0.5
    """

    cycle: float = 1.0
    faults: float = 0.1
    detection: float = 10.0
    shape: float = 1.0
    breeds: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what is no loop."""
        within("cycle", self.cycle, 1e-4, 1e4)
        within("faults", self.faults, 0, 1)
        within("detection", self.detection, 1e-4, 1e4)
        within("shape", self.shape, 0.3, 10)
        within("breeds", self.breeds, 0, 10)

    @property
    def scale(self) -> float:
        """Scale of the detection time."""
        return self.detection / math.gamma(1 + 1 / self.shape)

    @property
    def offspring(self) -> float:
        """Further faults that one fault causes before it is found, on average."""
        return self.breeds * self.detection / self.cycle


def generations_on_fault(stream: Stream) -> float:
    """Generations that are built on a fault before it is found, on average.

    Parameters
    ----------
    stream : Stream

    Returns
    -------
    float
        detection / cycle.

    References
    ----------
    Every generation starts from the one before.

    Examples
    --------
    >>> generations_on_fault(Stream(cycle=0.5, detection=10))
    20.0
    """
    return stream.detection / stream.cycle


def in_flight(stream: Stream, generations: ArrayLike = math.inf) -> Array:
    """Mean number of faults that are in and not found.

    Parameters
    ----------
    stream : Stream
    generations : array, any shape, in [0, inf]
        Since a start without faults; infinite for the settled mean. Finite ones only without
        breeding.

    Returns
    -------
    array
        Shape of `generations`. Settled it is faults · detection / cycle, divided by
        1 - offspring; ``inf`` if every fault causes one or more before it is found.

    Raises
    ------
    ValueError
        If `generations` is out of its range, or finite in a stream that breeds.

    References
    ----------
    J. D. C. Little (1961), "A proof for the queuing formula L = lambda W".

    Examples
    --------
    >>> float(in_flight(Stream(cycle=0.5, faults=0.1, detection=10)))
    2.0
    """
    within("generations", generations, 0, math.inf)
    generations = np.asarray(generations, dtype=float)
    if stream.breeds and np.isfinite(generations).any():
        raise ValueError("generations has to be infinite in a stream that breeds")
    if stream.breeds and stream.faults and stream.offspring >= 1:
        return np.full(generations.shape, math.inf)
    settled = stream.faults * generations_on_fault(stream)
    if stream.breeds:
        return np.full(generations.shape, settled / (1 - stream.offspring) if settled else 0.0)
    age = (generations * stream.cycle / stream.scale) ** stream.shape
    return settled * gammainc(1 / stream.shape, age)


def chance_more_than(stream: Stream, most: ArrayLike) -> Array:
    """Chance that more than so many faults are in flight, once things have settled.

    Parameters
    ----------
    stream : Stream
        If it breeds, detection times have to be exponential: shape = 1.
    most : array of int, any shape, in [0, 1e6]

    Returns
    -------
    array
        Shape of `most`. Faults that enter independently of each other: Poisson with the mean of
        `in_flight`, whatever the distribution of the detection time. With breeding: negative
        binomial; 1 where the mean is infinite.

    Raises
    ------
    ValueError
        If `most` is out of its range, or a stream that breeds has another shape than 1.

    References
    ----------
    M/G/infinity; with breeding, the linear birth-death process with immigration.

    Examples
    --------
    >>> chance_more_than(Stream(cycle=1, faults=0.1, detection=10), [0, 3]).round(3).tolist()
    [0.632, 0.019]
    """
    within("most", most, 0, 1e6, integer=True)
    most = np.asarray(most, dtype=float)
    if not stream.breeds or not stream.faults:
        return pdtrc(most, float(in_flight(replace(stream, breeds=0.0))))
    if stream.shape != 1:
        raise ValueError(f"shape = {stream.shape:g}: with breeding only 1 can be solved")
    rho = stream.offspring
    if rho >= 1:
        return np.ones(most.shape)
    return betainc(most + 1, stream.faults / stream.breeds, rho)


def cycle_for_mean(stream: Stream, bound: float) -> float:
    """Fastest loop that keeps the mean number of faults in flight at a bound.

    Parameters
    ----------
    stream : Stream
        Its own cycle does not matter.
    bound : float, in [1e-6, 1e6]

    Returns
    -------
    float
        Days per generation: detection · (faults / bound + breeds).

    Raises
    ------
    ValueError
        If `bound` is out of its range.

    References
    ----------
    `in_flight`, solved for the cycle.

    Examples
    --------
    >>> cycle_for_mean(Stream(faults=0.1, detection=10), 0.5)
    2.0
    """
    within("bound", bound, 1e-6, 1e6)
    return stream.detection * (stream.faults / bound + stream.breeds)


def cycle_for_chance(stream: Stream, most: int, chance: float) -> float:
    """Fastest loop in which more than so many faults in flight are rare.

    Parameters
    ----------
    stream : Stream
        Without breeding; its own cycle does not matter.
    most : int, in [0, 1000]
        With 0: no undetected fault at all.
    chance : float, in [1e-6, 0.5]
        How often more may be in flight.

    Returns
    -------
    float
        Days per generation.

    Raises
    ------
    ValueError
        If a parameter is out of its range, or the stream breeds.

    References
    ----------
    The Poisson mean with P(N > most) = chance.

    Examples
    --------
    >>> round(cycle_for_chance(Stream(faults=0.1, detection=10), 0, 0.05), 2)
    19.5
    """
    within("most", most, 0, 1000, integer=True)
    within("chance", chance, 1e-6, 0.5)
    if stream.breeds:
        raise ValueError("stream breeds: solve `chance_more_than` instead")
    return stream.faults * stream.detection / float(pdtri(most, 1 - chance))


def exact_in_flight(stream: Stream, generations: int) -> Array:
    """Distribution of the faults in flight if each generation brings in one or none.

    Parameters
    ----------
    stream : Stream
        Without breeding.
    generations : int, in [1, 2000]
        Since a start without faults.

    Returns
    -------
    array [generations + 1]
        Probability of 0, 1, ... faults; sums to 1. Narrower than Poisson with the same mean.

    Raises
    ------
    ValueError
        If `generations` is out of its range, or the stream breeds.

    References
    ----------
    Sum of independent zero-one variables. Its distance in total variation from Poisson is at
    most the sum of their squared chances (Le Cam's inequality).

    Examples
    --------
    >>> exact_in_flight(Stream(faults=1, detection=10), 1).round(3).tolist()
    [0.048, 0.952]
    """
    within("generations", generations, 1, LONGEST, integer=True)
    if stream.breeds:
        raise ValueError("stream breeds: faults are not independent")
    chances = np.diff(in_flight(stream, np.arange(int(generations) + 1)))
    law = np.zeros(int(generations) + 1)
    law[0] = 1.0
    for chance in chances:
        law[1:] = law[1:] * (1 - chance) + law[:-1] * chance
        law[0] *= 1 - chance
    return law


def simulate_in_flight(stream: Stream, noise: ArrayLike) -> NDArray[np.int32]:
    """Count the faults in flight at the end of every generation, in many runs.

    Parameters
    ----------
    stream : Stream
        Without breeding. A fault enters at a random moment of its generation.
    noise : array [2, generations, runs], uniform in [0, 1), at most 2000 generations
        Whether a fault enters (and when), and how long it stays.

    Returns
    -------
    array of int [generations + 1, runs]
        Row 0 is the start, without faults.

    Raises
    ------
    ValueError
        If `noise` is out of its range or not of that shape, or the stream breeds.

    References
    ----------
    The queue M/G/infinity, with at most one arrival a generation.

    Examples
    --------
    >>> calm = Stream(faults=0.5, cycle=1, detection=1)
    >>> simulate_in_flight(calm, [[[0.1], [0.9]], [[0.9], [0.9]]])[:, 0].tolist()
    [0, 1, 1]
    """
    noise = shaped("noise", noise, (2, "generations", "runs"), longest=LONGEST)
    within("noise", noise, 0, 1, open_high=True)
    if stream.breeds:
        raise ValueError("stream breeds: faults are not independent")
    generations, runs = noise.shape[1:]
    enters = noise[0] < stream.faults
    cell = np.flatnonzero(enters)
    born = cell // runs
    stays = -np.log1p(-noise[1].ravel()[cell])
    if stream.shape != 1:
        stays **= 1 / stream.shape
    entry = born + noise[0].ravel()[cell] / stream.faults if stream.faults else born
    found = np.ceil(entry + stays * (stream.scale / stream.cycle))
    found = np.clip(found, born + 1, generations + 1).astype(np.int64)
    left = np.bincount(cell + (found - born) * runs, minlength=(generations + 2) * runs)
    left = left.reshape(generations + 2, runs)  # row g: found before the end of g
    counts = np.zeros((generations + 1, runs), dtype=np.int32)
    for g in range(generations):
        np.add(counts[g], enters[g], out=counts[g + 1])
        counts[g + 1] -= left[g + 1]
    return counts
