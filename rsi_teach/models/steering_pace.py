"""Chapter 03, continued: a review of fixed calendar time in a loop that speeds up."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rsi_teach.models.domain import within

Array = NDArray[np.float64]
TIE = 1e-9
"""Part of a generation by which rounding may miss a review that ends just in time."""


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How long the generations of a loop take.

    Before generation 0 every generation took `cycle` days; generation g >= 0 takes
    cycle · shrink^g, but never less than `floor`.

    Parameters
    ----------
    cycle : float, in [1e-3, 1e4], days
        Length of generation 0.
    shrink : float, in [0.5, 1]
        Length of a generation over that of the one before; 1 never speeds up.
    floor : float, in [1e-3, cycle], days
        The shortest generation.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    This course's own toy.

    Examples
    --------
    >>> Pace(cycle=10, shrink=0.9, floor=1).generations_to_floor
    22
    """

    cycle: float = 14.0
    shrink: float = 0.9
    floor: float = 0.5

    def __post_init__(self) -> None:
        """Refuse a pace that is none."""
        within("cycle", self.cycle, 1e-3, 1e4)
        within("shrink", self.shrink, 0.5, 1)
        within("floor", self.floor, 1e-3, self.cycle)

    @property
    def generations_to_floor(self) -> int:
        """Number of generations that are longer than the shortest; 0 without a speed-up."""
        if self.shrink == 1:
            return 0
        return math.ceil(math.log(self.floor / self.cycle) / math.log(self.shrink) - TIE)

    @property
    def shortest(self) -> float:
        """Length in days that generations reach in the end."""
        return self.cycle if self.shrink == 1 else self.floor


def elapsed(pace: Pace, generation: ArrayLike) -> Array:
    """Day on which a generation begins, counted from the beginning of generation 0.

    Parameters
    ----------
    pace : Pace
    generation : array of int, any shape, in [-1e18, 1e18]
        Negative ones came before the loop sped up.

    Returns
    -------
    array
        In days, shape of `generation`.

    Raises
    ------
    ValueError
        If `generation` is out of its range.

    References
    ----------
    Sum of a geometric series: cycle (1 - shrink^g) / (1 - shrink).

    Examples
    --------
    >>> elapsed(Pace(cycle=10, shrink=0.9, floor=1), [-1, 0, 1, 2, 3]).round(6).tolist()
    [-10.0, 0.0, 10.0, 19.0, 27.1]
    """
    within("generation", generation, -1e18, 1e18, integer=True)
    g = np.asarray(generation, dtype=float)
    faster = np.clip(g, 0, pace.generations_to_floor)
    rest = np.maximum(g - pace.generations_to_floor, 0)
    return pace.cycle * np.minimum(g, 0) + _sped_up(pace, faster) + pace.shortest * rest


def _sped_up(pace: Pace, generations: ArrayLike) -> Array:
    """Days that the first generations take, the floor not yet reached."""
    if pace.shrink == 1:
        return pace.cycle * np.asarray(generations, dtype=float)
    return pace.cycle * np.expm1(generations * np.log(pace.shrink)) / (pace.shrink - 1)


def delay_at(pace: Pace, *, review: float, generation: ArrayLike) -> NDArray[np.int64]:
    """Age in generations of the newest version whose review is done when a generation begins.

    Parameters
    ----------
    pace : Pace
    review : float, in [0, 1e4], days
        What a review takes, however fast the loop is.
    generation : array of int, any shape, in [0, 1e18]

    Returns
    -------
    array of int
        The delay d, shape of `generation`; it never falls. Without a speed-up it is
        review / cycle, rounded up.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    This course's own toy: version s is out on day T(s) and seen from day T(s) + review on.

    Examples
    --------
    >>> delay_at(Pace(cycle=14, shrink=0.9, floor=0.5), review=14, generation=[0, 10, 20]).tolist()
    [1, 3, 6]
    """
    within("review", review, 0, 1e4)
    within("generation", generation, 0, 1e18, integer=True)
    newest = _version_on(pace, elapsed(pace, generation) - review)
    return (np.asarray(generation) - np.floor(newest + TIE)).astype(np.int64)


def _version_on(pace: Pace, day: Array) -> Array:
    """Invert `elapsed`: the version that is out on a day, as a number with a fraction."""
    steps = pace.generations_to_floor
    turn = _sped_up(pace, steps)
    before = day / pace.cycle
    after = steps + (day - turn) / pace.shortest
    if steps == 0:
        return np.where(day < 0, before, after)
    inside = np.clip(day, 0, turn) * (1 - pace.shrink) / pace.cycle
    during = np.log1p(-inside) / math.log(pace.shrink)
    return np.where(day < 0, before, np.where(day < turn, during, after))


def longest_delay(gain: float, growth: float = 1.0) -> float:
    """Largest delay at which a gain still stabilises the plant.

    Parameters
    ----------
    gain : float, in [0, 10]
    growth : float, in [0.01, 3], per generation

    Returns
    -------
    float
        A whole number of generations; -1 if the gain does not even work at once, ``inf`` if it
        works at any delay.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    On the boundary z = exp(iw) solves z^d (z - a) = -k: |z - a| = k gives w, and the angles add
    up to π when d = (π - arg(z - a)) / w. The same boundary as Kuruklis (1994), solved for d.

    Examples
    --------
    >>> longest_delay(0.3), longest_delay(0.3, 1.2), longest_delay(2.5)
    (4.0, 3.0, -1.0)
    """
    within("gain", gain, 0, 10)
    within("growth", growth, 0.01, 3)
    slack = growth - 1
    if gain <= slack or gain >= 1 + growth:
        return -1.0
    if gain <= -slack:
        return math.inf
    half = math.sqrt(gain - slack) * math.sqrt(gain + slack) / (2 * math.sqrt(growth))
    w = 2 * math.asin(min(half, 1.0))
    exact = (math.pi - math.atan2(math.sin(w), -slack - 2 * half**2)) / max(w, 1e-300)
    return float(np.ceil(exact * (1 - 1e-12) - 1e-9) - 1)


def critical_generation(pace: Pace, *, review: float, gain: float, growth: float = 1.0) -> float:
    """First generation in which a gain is no longer stable at the delay that there is by then.

    Parameters
    ----------
    pace : Pace
    review : float, in [0, 1e4], days
    gain : float, in [0, 10]
    growth : float, in [0.01, 3], per generation

    Returns
    -------
    float
        A whole number: 0 if the gain is unstable from the start, ``inf`` if it never is.
        It is a statement about the delay of that generation, held for ever. A deviation that has
        nearly died away may take many more generations to be seen again.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    This course's own toy: `delay_at` never falls, so the first generation is found by halving.

    Examples
    --------
    >>> critical_generation(Pace(cycle=14, shrink=0.9, floor=0.5), review=14, gain=0.4)
    13.0
    """
    within("review", review, 0, 1e4)
    tolerated = longest_delay(gain, growth)
    first, last = 0, pace.generations_to_floor + math.ceil(review / pace.shortest) + 1

    def lost(generation: int) -> bool:
        return bool(delay_at(pace, review=review, generation=generation) > tolerated)

    if not lost(last):
        return math.inf
    while first < last:
        middle = (first + last) // 2
        first, last = (first, middle) if lost(middle) else (middle + 1, last)
    return float(first)
