"""Chapter 07: a region of failure, tests at random and a searcher that follows a signal.

Inputs are points of the cube [0, 1]^d. Around a centre the system fails. Near that region a signal
falls below 1, and the nearer, the lower; elsewhere it is flat. The searcher tries the same random
points as the suite until it meets a signal below 1, and from there on only what is close to the
best point so far (a step out of the cube meets no signal). So one array of noise makes both, and
they differ by the signal alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rsi_teach.models.domain import shaped, within

Array = NDArray[np.float64]
FIRST_STEP, LONGER, SHORTER = 0.25, 1.5, 1.5**-0.25
"""First half-width of the searcher's steps; longer after a better point, shorter after another."""


@dataclass(frozen=True, kw_only=True)
class Hole:
    """A ball in which the system fails, and a wider one in which a signal says that it is near.

    Parameters
    ----------
    centre : tuple of float [dimension], in [0, 1]
    radius : float, in (0, 0.5]
        Of the region of failure.
    reach : float, in [radius, 0.5]
        Of the ball in which the signal slopes; equal to `radius` there is no slope. It must lie
        in the cube: centre - reach >= 0 and centre + reach <= 1.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    This course's own toy.

    Examples
    --------
    >>> round(Hole(centre=(0.5, 0.5), radius=0.02, reach=0.2).measure, 6)
    0.001257
    """

    centre: tuple[float, ...]
    radius: float = 0.02
    reach: float = 0.2

    def __post_init__(self) -> None:
        """Refuse a ball that sticks out of the cube."""
        within("radius", self.radius, 0, 0.5, open_low=True)
        within("reach", self.reach, self.radius, 0.5)
        within("centre", self.centre, self.reach, 1 - self.reach)
        if np.ndim(self.centre) != 1:
            raise ValueError(f"centre = {self.centre!r} is not a tuple of coordinates")

    @property
    def dimension(self) -> int:
        """Number of coordinates."""
        return len(self.centre)

    @property
    def measure(self) -> float:
        """Probability that a random point fails."""
        return float(ball_measure(self.radius, self.dimension))

    @property
    def basin(self) -> float:
        """Probability that a random point meets the slope or the region in it."""
        return float(ball_measure(self.reach, self.dimension))

    def signal(self, points: ArrayLike) -> Array:
        """Signal at each point: 1 far away, 0 where the system fails; the last axis is summed.

        Parameters
        ----------
        points : array [..., dimension]
        """
        offset = np.asarray(points, dtype=float) - np.asarray(self.centre)
        distance = np.sqrt(np.einsum("...d,...d->...", offset, offset))
        if self.reach == self.radius:
            return (distance > self.radius).astype(float)
        return np.clip((distance - self.radius) / (self.reach - self.radius), 0, 1)


def ball_measure(radius: ArrayLike, dimension: int) -> Array:
    """Volume of a ball, as a share of the cube of side 1.

    Parameters
    ----------
    radius : array, any shape, in [0, 0.5]
    dimension : int, in [1, 1000]

    Returns
    -------
    array of the shape of `radius`
        π^{d/2} r^d / Γ(d/2 + 1).

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Volume of the Euclidean ball.

    Examples
    --------
    >>> [float(f"{ball_measure(0.02, d):.3g}") for d in (2, 4, 6)]
    [0.00126, 7.9e-07, 3.31e-10]
    """
    within("radius", radius, 0, 0.5)
    within("dimension", dimension, 1, 1000, integer=True)
    log_unit = dimension / 2 * math.log(math.pi) - math.lgamma(dimension / 2 + 1)
    return math.exp(log_unit) * np.asarray(radius, dtype=float) ** dimension


def chance_met(measure: ArrayLike, tests: ArrayLike) -> Array:
    """Probability that at least one of so many random tests falls into a region.

    Parameters
    ----------
    measure : array, in [0, 1]
        Probability that one test does.
    tests : array of int, in [0, 1e12]
        Broadcasts with `measure`.

    Returns
    -------
    array
        1 - (1 - measure)^tests, of the common shape.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Independent tests.

    Examples
    --------
    >>> round(float(chance_met(0.001257, 200)), 3)
    0.222
    """
    within("measure", measure, 0, 1)
    within("tests", tests, 0, 1e12, integer=True)
    p, n = np.broadcast_arrays(np.asarray(measure, dtype=float), np.asarray(tests, dtype=float))
    log_missed = np.log1p(-np.where(p < 1, p, 0))
    return np.where(p < 1, -np.expm1(n * log_missed), np.minimum(n, 1))


def suite_first(hole: Hole, noise: ArrayLike) -> Array:
    """Test at which a random suite first fails, in every run.

    Parameters
    ----------
    hole : Hole
    noise : array [tests, dimension, runs], uniform in [0, 1)
        The points of the suite themselves.

    Returns
    -------
    array [runs]
        Counted from 1; ``inf`` where every test passed.

    Raises
    ------
    ValueError
        If `noise` is out of its range or not of that shape.

    References
    ----------
    This course's own toy; geometric, with mean 1/measure.

    Examples
    --------
    >>> hole = Hole(centre=(0.5,), radius=0.1, reach=0.3)
    >>> suite_first(hole, np.array([0.1, 0.3, 0.55]).reshape(3, 1, 1)).tolist()
    [3.0]
    """
    failed = _squares(hole, _check_noise(hole, noise)) <= hole.radius**2
    return np.where(failed.any(axis=0), failed.argmax(axis=0) + 1.0, np.inf)


def searcher_first(hole: Hole, noise: ArrayLike) -> Array:
    """Test at which a searcher that follows the signal first sees a failure, in every run.

    Parameters
    ----------
    hole : Hole
    noise : array [tests, dimension, runs], uniform in [0, 1)
        The points of the random suite; once a signal was met, the steps from the best point.

    Returns
    -------
    array [runs]
        Counted from 1; ``inf`` where the tests ran out. Without a slope equal to `suite_first`.

    Raises
    ------
    ValueError
        If `noise` is out of its range or not of that shape.

    References
    ----------
    This course's own toy: uniform search, then a (1+1) evolution strategy with a success rule.

    Examples
    --------
    >>> hole = Hole(centre=(0.5,), radius=0.1, reach=0.3)
    >>> searcher_first(hole, np.array([0.1, 0.3, 0.9]).reshape(3, 1, 1)).tolist()
    [3.0]
    """
    noise = _check_noise(hole, noise)
    square = _squares(hole, noise)
    met = square < hole.reach**2 if hole.reach > hole.radius else square <= hole.radius**2
    runs = np.flatnonzero(met.any(axis=0))
    at = met.argmax(axis=0)[runs]
    found = np.full(noise.shape[2], np.inf)
    best, place = square[at, runs].astype(float), noise[at, :, runs] - np.array(hole.centre)
    step = np.full(len(runs), 2 * FIRST_STEP)
    while len(runs):
        on = (best > hole.radius**2) & (at < len(noise) - 1)
        if not on.all():
            done = best <= hole.radius**2
            found[runs[done]] = at[done] + 1.0
            runs, at, best, step, place = runs[on], at[on], best[on], step[on], place[on]
        at += 1
        tried = place + step[:, None] * (noise[at, :, runs] - 0.5)
        here = np.einsum("rd,rd->r", tried, tried)
        better = here < best
        np.copyto(place, tried, where=better[:, None])
        np.minimum(best, here, out=best)
        step *= np.where(better, LONGER, SHORTER)
    return found


def search_path(hole: Hole, noise: ArrayLike) -> Array:
    """Points that the searcher tries in one run, up to the failure if it finds it.

    Parameters
    ----------
    hole : Hole
    noise : array [tests, dimension], uniform in [0, 1)

    Returns
    -------
    array [tried, dimension]
        As many rows as tests were used, at most `tests`.

    Raises
    ------
    ValueError
        If `noise` is out of its range or not of that shape.

    References
    ----------
    The rule of `searcher_first`, for one run.

    Examples
    --------
    >>> hole = Hole(centre=(0.5,), radius=0.1, reach=0.3)
    >>> search_path(hole, [[0.1], [0.3], [0.9]]).round(2).ravel().tolist()
    [0.1, 0.3, 0.5]
    """
    noise = shaped("noise", noise, ("tests", hole.dimension))
    noise = _check_noise(hole, noise[:, :, None])[:, :, 0]
    points, place, best, step = np.empty(noise.shape), noise[0], 1.0, 2 * FIRST_STEP
    for t, draw in enumerate(noise):
        points[t] = draw if best == 1 else place + step * (draw - 0.5)
        here = float(hole.signal(points[t]))
        if best < 1:
            step *= LONGER if here < best else SHORTER
        if here < best:
            place, best = points[t], here
        if best == 0:
            return points[: t + 1]
    return points


def _squares(hole: Hole, noise: Array) -> Array:
    """Squared distances of all random points; coordinate by coordinate, which saves a copy."""
    square = np.zeros((len(noise), noise.shape[2]), dtype=noise.dtype)
    for axis, centre in enumerate(hole.centre):
        offset = noise[:, axis] - noise.dtype.type(centre)
        offset *= offset
        square += offset
    return square


def _check_noise(hole: Hole, noise: ArrayLike) -> Array:
    noise = shaped("noise", noise, ("tests", hole.dimension, "runs"))
    within("noise", noise, 0, 1, open_high=True)
    return noise if noise.dtype == np.float32 else noise.astype(float, copy=False)
