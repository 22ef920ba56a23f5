"""Chapter 15: a Kalman filter whose readings arrive only with some probability.

One quantity that multiplies itself by a in each step and drifts, x' = a x + noise, is read with
an error, and each reading arrives with probability λ. The error variance of the best estimate is
then a random number. Its mean is bounded only if λ > 1 - 1/a² (Sinopoli and others 2004).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rsi_teach.models.domain import shaped, within

Array = NDArray[np.float64]
LONGEST = 250
"""Most steps of one run: at the largest growth a variance still fits a float."""


@dataclass(frozen=True, kw_only=True)
class Plant:
    """One quantity that grows, drifts and is read with an error.

    Parameters
    ----------
    growth : float, in [0, 3], per step
        a: what the quantity, and with it an unobserved error, is multiplied by.
    drift : float, in [1e-6, 1e6]
        q: variance of what each step adds.
    sensor : float, in [0, 1e6]
        r: error variance of a reading; 0 is a perfect one.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Sinopoli, Schenato, Franceschetti, Poolla, Jordan and Sastry (2004), the scalar case.

    Examples
    --------
    >>> Plant().growth
    1.25
    """

    growth: float = 1.25
    drift: float = 1.0
    sensor: float = 1.0

    def __post_init__(self) -> None:
        """Refuse a plant out of range."""
        within("growth", self.growth, 0, 3)
        within("drift", self.drift, 1e-6, 1e6)
        within("sensor", self.sensor, 0, 1e6)


def critical_arrival(growth: ArrayLike) -> Array:
    """Arrival probability at or below which the mean error variance has no bound.

    Parameters
    ----------
    growth : array, any shape, in [0, 1e6], per step

    Returns
    -------
    array
        1 - 1/a², shape of `growth`; 0 for a growth of at most 1 (for a growth of exactly 1, or
        less, every probability above 0 will do).

    Raises
    ------
    ValueError
        If `growth` is out of its range.

    References
    ----------
    Sinopoli and others (2004), theorem 2 and its scalar case.

    Examples
    --------
    >>> critical_arrival([0.9, 1.25, 2]).round(2).tolist()
    [0.0, 0.36, 0.75]
    """
    within("growth", growth, 0, 1e6)
    return 1 - 1 / np.maximum(np.asarray(growth, dtype=float), 1) ** 2


def riccati_step(plant: Plant, variance: ArrayLike, arrived: ArrayLike) -> Array:
    """Error variance of the prediction after one step, with or without a reading.

    Parameters
    ----------
    plant : Plant
    variance : array, any shape, in [0, 1e300]
        Error variance before the step.
    arrived : array of 0 and 1
        Whether the reading came; broadcasts against `variance`.

    Returns
    -------
    array
        a² P + q without a reading; with one, a² P r/(P + r) + q.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Sinopoli and others (2004), the modified Riccati step.

    Examples
    --------
    >>> riccati_step(Plant(growth=2), 4.0, [0, 1]).tolist()
    [17.0, 4.2]
    """
    within("variance", variance, 0, 1e300)
    within("arrived", arrived, 0, 1, integer=True)
    before = np.asarray(variance, dtype=float)
    whole = np.maximum(before + plant.sensor, 1e-300)
    left = np.where(arrived, before * (plant.sensor / whole), before)
    return plant.growth**2 * left + plant.drift


def simulate_variances(
    plant: Plant, noise: ArrayLike, *, arrival: float, start: float = 1.0
) -> Array:
    """Follow the error variance in many runs whose readings arrive by chance.

    Parameters
    ----------
    plant : Plant
    noise : array [steps, runs], uniform in [0, 1), at most 250 steps
        A reading arrives where it is below `arrival`.
    arrival : float, in [0, 1]
    start : float, in [1e-6, 1e6]
        Error variance at the beginning.

    Returns
    -------
    array [steps + 1, runs]
        Row 0 is the start.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Sinopoli and others (2004); its mean lies within `mean_bounds`.

    Examples
    --------
    >>> simulate_variances(Plant(growth=2), [[0.2], [0.9]], arrival=0.5)[:, 0].tolist()
    [1.0, 3.0, 13.0]
    """
    noise = shaped("noise", noise, ("steps", "runs"), longest=LONGEST)
    within("noise", noise, 0, 1, open_high=True)
    _check_arrival(arrival)
    within("start", start, 1e-6, 1e6)
    missed = (noise >= arrival).view(np.uint8)
    variance = np.full((len(noise) + 1, noise.shape[1]), float(start))
    for t, next_one in enumerate(variance[1:]):
        np.add(variance[t], plant.sensor, out=next_one)
        np.divide(plant.sensor, next_one, out=next_one)  # the share that a reading leaves
        np.maximum(next_one, missed[t], out=next_one)
        next_one *= variance[t]
        next_one *= plant.growth**2
        next_one += plant.drift
    return variance


def _check_arrival(arrival: ArrayLike) -> None:
    within("arrival", arrival, 0, 1)


def mean_bounds(
    plant: Plant, steps: int, *, arrival: float, start: float = 1.0
) -> tuple[Array, Array]:
    """Exact lower and upper bound of the mean error variance, step by step.

    Parameters
    ----------
    plant : Plant
    steps : int, in [1, 250]
    arrival : float, in [0, 1]
    start : float, in [1e-6, 1e6]
        Error variance at the beginning.

    Returns
    -------
    (array [steps + 1], array [steps + 1])
        Below: a reading wipes the error out, (1 - λ) a² S + q. Above: every step takes the share
        λ of what a reading would take, a² V - λ a² V²/(V + r) + q. A perfect sensor attains both.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Sinopoli and others (2004), theorem 4: convexity of the lost share, and dropping it.

    Examples
    --------
    >>> below, above = mean_bounds(Plant(growth=2), 2, arrival=0.5)
    >>> below.tolist(), above.round(3).tolist()
    ([1.0, 3.0, 7.0], [1.0, 4.0, 10.6])
    """
    within("steps", steps, 1, LONGEST, integer=True)
    _check_arrival(arrival)
    within("start", start, 1e-6, 1e6)
    below, above = np.full((2, steps + 1), float(start))
    for t in range(steps):
        below[t + 1] = (1 - arrival) * plant.growth**2 * below[t] + plant.drift
        left = above[t] * ((1 - arrival) + arrival * plant.sensor / (above[t] + plant.sensor))
        above[t + 1] = plant.growth**2 * left + plant.drift
    return below, above


def settled_bounds(plant: Plant, arrival: ArrayLike) -> tuple[Array, Array]:
    """Where the two bounds of the mean error variance settle.

    Parameters
    ----------
    plant : Plant
    arrival : array, any shape, in [0, 1]

    Returns
    -------
    (array, array)
        Shape of `arrival`; both ``inf`` where (1 - λ) a² >= 1.

    Raises
    ------
    ValueError
        If `arrival` is out of its range.

    References
    ----------
    Sinopoli and others (2004), scalar: S = q/(1 - (1 - λ) a²), V the positive root of a quadratic.

    Examples
    --------
    >>> [bound.round(2).tolist() for bound in settled_bounds(Plant(), [0.3, 0.4, 0.9])]
    [[inf, 16.0, 1.19], [inf, 25.62, 2.36]]
    """
    _check_arrival(arrival)
    a2, q, r = plant.growth**2, plant.drift, plant.sensor
    slack = 1 - (1 - np.asarray(arrival, dtype=float)) * a2
    safe = np.where(slack > 0, slack, 1.0)
    middle = q + (a2 - 1) * r
    root = np.sqrt(middle**2 + 4 * safe * q * r)
    # The same root in the form that does not cancel, whichever sign the middle term has.
    above = (middle + root) / (2 * safe) if middle >= 0 else 2 * q * r / (root - middle)
    bounded = slack > 0
    return np.where(bounded, q / safe, math.inf), np.where(bounded, above, math.inf)


def settled_quantile(plant: Plant, share: ArrayLike, *, arrival: float) -> tuple[Array, Array]:
    """Bounds of a quantile of the error variance, once the start is forgotten.

    Above a growth of 1 the variance is larger the longer the last reading is ago. That number of
    misses is geometric, and right after a reading the variance lies between q and q + a² r.

    Parameters
    ----------
    plant : Plant
        Of growth >= 1.
    share : array, any shape, in [0, 0.999999]
        0.5 is the median.
    arrival : float, in [0.01, 1]

    Returns
    -------
    (array, array)
        Shape of `share`; at most 1e300. Equal, and the quantile itself, for a perfect sensor.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    The geometric distribution of a run of misses; q (1 + a² + ... + a^(2k)) after k of them.

    Examples
    --------
    >>> [bound.round(2).tolist() for bound in settled_quantile(Plant(), [0.5, 0.9], arrival=0.3)]
    [[2.56, 38.64], [5.0, 61.38]]
    """
    within("plant growth", plant.growth, 1, 3)
    within("share", share, 0, 1 - 1e-6)
    within("arrival", arrival, 0.01, 1)
    missing = 1 - arrival
    rest = np.log1p(-np.asarray(share, dtype=float))
    misses = np.ceil(rest / math.log(missing) - 1e-9) - 1 if missing > 0 else 0 * rest
    misses = np.maximum(misses, 0)
    with np.errstate(over="ignore"):
        risen = plant.growth ** (2 * (misses + 1))
        added = misses + 1 if plant.growth == 1 else (risen - 1) / (plant.growth**2 - 1)
        low, high = plant.drift * added, plant.drift * added + plant.sensor * risen
    return np.minimum(low, 1e300), np.minimum(high, 1e300)


def tail_exponent(growth: float, arrival: ArrayLike) -> Array:
    """Power with which large error variances become rare: P(variance > v) falls like v^-power.

    Parameters
    ----------
    growth : float, in (1, 1e6], per step
    arrival : array, any shape, in [0, 1]

    Returns
    -------
    array
        -ln(1 - λ)/(2 ln a), shape of `arrival`; ``inf`` at λ = 1. The mean is finite above 1, the
        variance of the variance, and with it any standard error of a sample mean, above 2.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    k misses in a row have probability (1 - λ)^k and multiply the variance by a^(2k). That the
    tail is a power is shown for systems in general by Mo and Sinopoli (2012).

    Examples
    --------
    >>> tail_exponent(1.25, [0.36, 0.5904]).round(6).tolist()
    [1.0, 2.0]
    """
    within("growth", growth, 1, 1e6, open_low=True)
    _check_arrival(arrival)
    missing = 1 - np.asarray(arrival, dtype=float)
    with np.errstate(divide="ignore"):
        return -np.log(missing) / (2 * math.log(growth))


def mean_from_streaks(growth: float, misses: ArrayLike, *, arrival: float) -> Array:
    """Share of the settled mean error variance that comes from long runs of missed readings.

    For a perfect sensor, of any drift.

    Parameters
    ----------
    growth : float, in (1, 3], per step
    misses : array of int, any shape, in [0, 1e6]
        Runs of at least so many misses count.
    arrival : float, in (1 - 1/growth², 1]

    Returns
    -------
    array
        In [0, 1], shape of `misses`.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    The geometric sum from `misses` on, over the whole one.

    Examples
    --------
    >>> mean_from_streaks(1.25, [0, 10, 20], arrival=0.4).round(2).tolist()
    [1.0, 0.58, 0.31]
    """
    within("growth", growth, 1, 3, open_low=True)
    within("misses", misses, 0, 1e6, integer=True)
    within("arrival", arrival, float(critical_arrival(growth)), 1, open_low=True)
    a2, missing = growth**2, 1 - arrival
    kept, k = missing * a2, np.asarray(misses, dtype=float)
    share = (arrival * a2 * kept**k - (1 - kept) * missing**k) / (a2 - 1)
    return np.clip(share, 0, 1)
