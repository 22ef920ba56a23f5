"""Chapter 04: small changes that favour no side, generation after generation.

Drift with correction and the first passage to a boundary are below. The rest of the chapter lives
beside this file and is imported here, so that `drift.refit` and `drift.stage_losses` work as well:
`drift_collapse` (a version that learns from the last version's output) and `drift_stages` (which
stage of the loop leaks, from a log of it). Retention is `rsi_teach.models.loop`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import log_ndtr, ndtr

from rsi_teach.models.domain import shaped, within
from rsi_teach.models.drift_collapse import (
    Refit,
    accumulate,
    accumulated_variance,
    least_fresh,
    refit,
    refit_moments,
    settled_moments,
    typical_variance,
)
from rsi_teach.models.drift_stages import StageLog, keep_log, needed_of_one, stage_losses

__all__ = [
    "Drift",
    "Refit",
    "StageLog",
    "accumulate",
    "accumulated_variance",
    "chance_ever",
    "crossed",
    "crossed_at_looks",
    "drift_mean",
    "drift_variance",
    "first_passage_cdf",
    "first_passage_density",
    "first_passage_moments",
    "keep_log",
    "least_fresh",
    "needed_of_one",
    "refit",
    "refit_moments",
    "settled_moments",
    "simulate",
    "stage_losses",
    "typical_variance",
]

Array = NDArray[np.float64]
LONGEST = 10_000
"""Most generations of one run."""


@dataclass(frozen=True, kw_only=True)
class Drift:
    """How a property moves from one generation to the next.

    The next value is (1 - correction) · the last one + bias + spread · a standard normal number.

    Parameters
    ----------
    bias : float, in [-10, 10]
        Mean step of one generation, in units of the property.
    spread : float, in [0, 10]
        Standard deviation of the step.
    correction : float, in [0, 1]
        Share of the distance from 0 that each generation takes back.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    First-order autoregression.

    Examples
    --------
    >>> round(Drift(spread=0.3, correction=0.1).settled_spread, 4)
    0.6882
    """

    bias: float = 0.0
    spread: float = 0.3
    correction: float = 0.0

    def __post_init__(self) -> None:
        """Refuse numbers that mean nothing."""
        within("bias", self.bias, -10, 10)
        within("spread", self.spread, 0, 10)
        within("correction", self.correction, 0, 1)

    @property
    def settled_mean(self) -> float:
        """Mean in the long run: bias / correction; infinite if nothing corrects a bias."""
        if self.correction:
            return self.bias / self.correction
        return math.copysign(math.inf, self.bias) if self.bias else 0.0

    @property
    def settled_spread(self) -> float:
        """Standard deviation in the long run; infinite if nothing corrects the spread."""
        loss = self.correction * (2 - self.correction)
        if loss:
            return self.spread / math.sqrt(loss)
        return math.inf if self.spread else 0.0


def drift_mean(drift: Drift, generations: ArrayLike) -> Array:
    """Exact mean after so many generations, from a start at 0.

    Parameters
    ----------
    drift : Drift
    generations : array of int, any shape, in [0, 10000]

    Returns
    -------
    array
        In units of the property, shape of `generations`.

    Raises
    ------
    ValueError
        If `generations` is out of its range.

    References
    ----------
    First-order autoregression: bias · (1 - (1 - c)^n) / c.

    Examples
    --------
    >>> drift_mean(Drift(bias=0.05, correction=0.1), [1, 1000]).round(3).tolist()
    [0.05, 0.5]
    """
    within("generations", generations, 0, LONGEST, integer=True)
    return drift.bias * _sum_of_powers(drift.correction, generations)


def drift_variance(drift: Drift, generations: ArrayLike) -> Array:
    """Exact variance over runs after so many generations, all of which start at 0.

    Parameters
    ----------
    drift : Drift
    generations : array of int, any shape, in [0, 10000]

    Returns
    -------
    array
        In units of the property squared, shape of `generations`.

    Raises
    ------
    ValueError
        If `generations` is out of its range.

    References
    ----------
    First-order autoregression: spread² · (1 - (1 - c)^(2n)) / (1 - (1 - c)²).

    Examples
    --------
    >>> drift_variance(Drift(spread=0.3), [1, 100]).round(2).tolist()
    [0.09, 9.0]
    """
    within("generations", generations, 0, LONGEST, integer=True)
    loss = drift.correction * (2 - drift.correction)
    return drift.spread**2 * _sum_of_powers(loss, generations)


def _sum_of_powers(loss: float, count: ArrayLike) -> Array:
    """1 + (1 - loss) + (1 - loss)² + …, so many terms."""
    count = np.asarray(count, dtype=float)
    if loss == 0:
        return count
    if loss == 1:
        return np.minimum(count, 1.0)
    return -np.expm1(count * math.log1p(-loss)) / loss


def simulate(drift: Drift, noise: ArrayLike) -> Array:
    """Let one run drift for every column of noise.

    Parameters
    ----------
    drift : Drift
    noise : array [generations, runs], standard normal, between -40 and 40
        At most 10000 generations.

    Returns
    -------
    array [generations + 1, runs]
        Row 0 is the start, 0.

    Raises
    ------
    ValueError
        If `noise` is not of that shape or out of its range.

    References
    ----------
    First-order autoregression; mean and variance are `drift_mean` and `drift_variance`.

    Examples
    --------
    >>> simulate(Drift(spread=1, correction=0.5), np.ones((3, 1)))[:, 0].tolist()
    [0.0, 1.0, 1.5, 1.75]
    """
    noise = shaped("noise", noise, ("generations", "runs"), longest=LONGEST)
    within("noise", noise, -40, 40)
    path = np.zeros((len(noise) + 1, noise.shape[1]))
    np.multiply(noise, drift.spread, out=path[1:])
    path[1:] += drift.bias
    for g in range(len(noise)):
        path[g + 1] += (1 - drift.correction) * path[g]
    return path


def crossed(
    paths: ArrayLike, *, boundary: float, between: float = 0.0, correction: float = 0.0
) -> Array:
    """Chance that each run has reached the boundary by each generation, given where it was seen.

    With ``between = 0`` the property exists only when it is looked at: a run has crossed if it was
    seen at or above the boundary. Otherwise it moves on between two looks, by Brownian motion with
    that standard deviation from one look to the next, and a run seen at x and then at y, both
    below the boundary a, was above it in the meantime with chance exp(-2 (a - x)(a - y) / s²).

    Parameters
    ----------
    paths : array [looks, runs]
        Values seen, one row a look.
    boundary : float
        In units of the property.
    between : float, 0 or in [1e-6, 10]
        Standard deviation of what moves between two looks.
    correction : float, in [0, 1]
        Share of x that is taken back right after it was seen: the move to y begins from the rest.

    Returns
    -------
    array [looks, runs], in [0, 1]
        0 or 1 where only the looks count. Its mean over runs estimates the share that has crossed.

    Raises
    ------
    ValueError
        If a parameter is out of its range or `paths` has another shape.

    References
    ----------
    Maximum of a Brownian bridge; the bridge does not depend on the bias.

    Examples
    --------
    >>> seen = np.array([[0.0], [0.9], [0.8]])
    >>> crossed(seen, boundary=1)[:, 0].tolist()
    [0.0, 0.0, 0.0]
    >>> crossed(seen, boundary=1, between=0.3)[:, 0].round(3).tolist()
    [0.0, 0.108, 0.68]
    """
    within("boundary", boundary, -1e9, 1e9)
    within("correction", correction, 0, 1)
    if between != 0:
        within("between", between, 1e-6, 10)
    paths = shaped("paths", paths, ("looks", "runs"))
    within("paths", paths, -1e9, 1e9)
    room = np.subtract(boundary, paths)
    np.maximum(room, 0, out=room)
    escaped = (room > 0).astype(float)
    if between:
        start = room[:-1] + correction * paths[:-1] if correction else room[:-1]
        above = np.multiply(start, room[1:], out=escaped[1:])
        above *= -2 / between**2
        np.subtract(1, np.exp(above, out=above), out=above)
    for last, now in pairwise(escaped):
        now *= last
    return np.subtract(1, escaped, out=escaped)


def first_passage_cdf(drift: Drift, boundary: float, time: ArrayLike) -> Array:
    """Chance that Brownian motion from 0 has reached the boundary by a time.

    Parameters
    ----------
    drift : Drift
        Without correction, spread at least 0.01; both per generation.
    boundary : float, in (0, 1000]
    time : array, any shape, in [0, 1e9], generations
        Need not be whole: the property exists between generations too.

    Returns
    -------
    array, in [0, 1]
        Shape of `time`.

    Raises
    ------
    ValueError
        If a parameter is out of its range or `drift` has a correction.

    References
    ----------
    Inverse Gaussian distribution: Φ((μt - a)/(σ√t)) + exp(2μa/σ²) Φ((-μt - a)/(σ√t)); the second
    term is computed in logarithms, since its two factors may be huge and tiny.

    Examples
    --------
    >>> round(float(first_passage_cdf(Drift(bias=0.05, spread=0.3), 3, 30)), 5)
    0.26713
    """
    t, spread = _first_passage_domain(drift, boundary, time)
    root = spread * np.sqrt(t)
    straight = ndtr((drift.bias * t - boundary) / root)
    turned = 2 * drift.bias * boundary / spread**2 + log_ndtr((-drift.bias * t - boundary) / root)
    return np.clip(straight + np.exp(np.minimum(turned, 0)), 0, 1)


def first_passage_density(drift: Drift, boundary: float, time: ArrayLike) -> Array:
    """Density of the time at which Brownian motion from 0 first reaches the boundary.

    Parameters
    ----------
    drift : Drift
        Without correction, spread at least 0.01; both per generation.
    boundary : float, in (0, 1000]
    time : array, any shape, in [0, 1e9], generations

    Returns
    -------
    array
        Per generation, shape of `time`. Its integral is `chance_ever`.

    Raises
    ------
    ValueError
        If a parameter is out of its range or `drift` has a correction.

    References
    ----------
    Inverse Gaussian density: a / (σ √(2πt³)) exp(-(a - μt)² / (2σ²t)).

    Examples
    --------
    >>> first_passage_density(Drift(bias=0.05, spread=0.3), 3, [0, 30]).round(5).tolist()
    [0.0, 0.01601]
    """
    t, spread = _first_passage_domain(drift, boundary, time)
    exponent = -((boundary - drift.bias * t) ** 2) / (2 * spread**2 * t)
    return np.exp(exponent + math.log(boundary / spread) - 0.5 * np.log(2 * math.pi * t**3))


def _first_passage_domain(drift: Drift, boundary: float, time: ArrayLike) -> tuple[Array, float]:
    """Check all three; at time 0, where the formulas divide by it, put a moment after."""
    if drift.correction:
        raise ValueError(f"drift = {drift!r} has a correction: then there is no such formula")
    within("drift: spread", drift.spread, 0.01)
    within("boundary", boundary, 0, 1000, open_low=True)
    within("time", time, 0, 1e9)
    soon = 1e-5 * (boundary / max(drift.spread, abs(drift.bias) * boundary)) ** 2
    return np.maximum(np.asarray(time, dtype=float), min(soon, 1e-6)), drift.spread


def first_passage_moments(drift: Drift, boundary: float) -> tuple[float, float]:
    """Mean and variance of the time to the boundary.

    Parameters
    ----------
    drift : Drift
        Without correction, spread at least 0.01.
    boundary : float, in (0, 1000]

    Returns
    -------
    two floats
        a/μ generations, and aσ²/μ³. Infinite without a bias towards the boundary: with bias 0 it
        is reached for certain, after a time that has no mean.

    Raises
    ------
    ValueError
        If a parameter is out of its range or `drift` has a correction.

    References
    ----------
    Inverse Gaussian distribution.

    Examples
    --------
    >>> [round(x, 6) for x in first_passage_moments(Drift(bias=0.05, spread=0.3), 3)]
    [60.0, 2160.0]
    """
    _first_passage_domain(drift, boundary, 0)
    if drift.bias < 1e-100:  # its cube would vanish, and so would we
        return math.inf, math.inf
    return boundary / drift.bias, boundary * drift.spread**2 / drift.bias**3


def chance_ever(drift: Drift, boundary: float) -> float:
    """Chance that the boundary is ever reached.

    Parameters
    ----------
    drift : Drift
        Without correction, spread at least 0.01.
    boundary : float, in (0, 1000]

    Returns
    -------
    float
        1 unless the bias leads away from the boundary; then exp(2μa/σ²).

    Raises
    ------
    ValueError
        If a parameter is out of its range or `drift` has a correction.

    References
    ----------
    Limit of the inverse Gaussian distribution function.

    Examples
    --------
    >>> chance_ever(Drift(bias=0, spread=0.3), 3)
    1.0
    >>> round(chance_ever(Drift(bias=-0.05, spread=0.3), 3), 4)
    0.0357
    """
    _first_passage_domain(drift, boundary, 0)
    return math.exp(min(0.0, 2 * drift.bias * boundary / drift.spread**2))


def crossed_at_looks(drift: Drift, boundary: float, generations: int) -> Array:
    """Chance that one of the looks, one a generation, has found the run at or above the boundary.

    Exact up to quadrature, with and without correction: the density of the runs that have not
    been seen above is carried from look to look.

    Parameters
    ----------
    drift : Drift
        Spread at least a hundredth of the boundary.
    boundary : float, in (0, 1000]
    generations : int, in [1, 500]

    Returns
    -------
    array [generations + 1], in [0, 1]
        Entry 0, the start, is 0.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Chapman-Kolmogorov equation, by Gauss-Legendre quadrature on panels of three spreads.

    Examples
    --------
    >>> crossed_at_looks(Drift(bias=0.05, spread=0.3), 3, 30)[[1, 30]].round(5).tolist()
    [0.0, 0.23338]
    """
    within("boundary", boundary, 0, 1000, open_low=True)
    within("drift: spread", drift.spread, boundary / 100)
    within("generations", generations, 1, 500, integer=True)
    place, weight = _panels(drift, boundary, generations)
    step = (place[:, None] - drift.bias - (1 - drift.correction) * place) / drift.spread
    kernel = np.exp(-0.5 * step**2) * (weight / (drift.spread * math.sqrt(2 * math.pi)))
    first = (place - drift.bias) / drift.spread
    density = np.exp(-0.5 * first**2) / (drift.spread * math.sqrt(2 * math.pi))
    unseen = [1.0]
    for _ in range(generations):
        unseen.append(float(weight @ density))
        density = kernel @ density
    return np.clip(1 - np.array(unseen), 0, 1)


def _panels(drift: Drift, boundary: float, generations: int) -> tuple[Array, Array]:
    """Places and weights from seven standard deviations below every mean up to the boundary."""
    every = np.arange(generations + 1)
    low = drift_mean(drift, every) - 7 * np.sqrt(drift_variance(drift, every))
    low = max(min(low.min(), 0.0), -10 * boundary - 130 * drift.spread)
    edges = np.linspace(low, boundary, math.ceil((boundary - low) / (3 * drift.spread)) + 1)
    x, w = np.polynomial.legendre.leggauss(8)
    half = np.diff(edges)[:, None] / 2
    return (edges[:-1, None] + half * (1 + x)).ravel(), (half * w).ravel()
