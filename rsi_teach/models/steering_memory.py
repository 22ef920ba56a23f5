"""Chapter 03, continued: a correction that remembers what it has ordered and not yet seen."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rsi_teach.models.domain import shaped, within

Array = NDArray[np.float64]
LONGEST = 250


def simulate_with_memory(
    noise: ArrayLike,
    *,
    gain: float,
    delay: int,
    growth: float = 1.0,
    believed: float = 1.0,
    start: float = 1.0,
) -> Array:
    """Follow the deviation when the correction is worked out from a forecast of the present.

    What is seen is d generations old. The forecast carries it forward with the believed growth
    and takes off every correction that has been ordered since.

    Parameters
    ----------
    noise : array [generations, runs], |noise| <= 1e6, at most 250 generations
    gain : float, in [0, 3]
        Share of the forecast deviation that is taken off.
    delay : int, in [0, 100], generations
    growth : float, in (0, 1.5], per generation
        What the deviation really grows by.
    believed : float, in (0, 1.5], per generation
        What the forecast takes it for.
    start : float, |start| <= 1e6

    Returns
    -------
    array [generations + 1, runs]
        Row 0 is the start.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Smith (1957), in discrete time and for a plant of first order.

    Examples
    --------
    >>> simulate_with_memory(np.zeros((5, 1)), gain=0.5, delay=2)[:, 0].tolist()
    [1.0, 1.0, 1.0, 0.5, 0.25, 0.125]
    """
    noise = shaped("noise", noise, ("generations", "runs"), longest=LONGEST)
    within("noise", noise, -1e6, 1e6)
    within("start", start, -1e6, 1e6)
    _check(delay, gain, growth, believed)
    x = np.empty((len(noise) + 1, noise.shape[1]))
    ordered = np.zeros((len(noise) + delay, noise.shape[1]))  # row t + d is generation t's
    x[0], weights = start, believed ** np.arange(delay - 1.0, -1, -1)
    for t in range(len(noise)):
        forecast = -(weights @ ordered[t : t + delay])
        if t >= delay:
            forecast += believed**delay * x[t - delay]
        ordered[t + delay] = gain * forecast
        np.multiply(x[t], growth, out=x[t + 1])
        x[t + 1] += noise[t] - ordered[t + delay]
    return x


def _check(delay: int, gain: float, growth: float, believed: float) -> None:
    within("delay", delay, 0, 100, integer=True)
    within("gain", gain, 0, 3)
    within("growth", growth, 0, 1.5, open_low=True)
    within("believed", believed, 0, 1.5, open_low=True)


def memory_radius(delay: int, gain: float, *, growth: float = 1.0, believed: float = 1.0) -> float:
    """Factor by which a deviation under a remembering correction changes per generation in the end.

    Parameters
    ----------
    delay : int, in [0, 100], generations
    gain : float, in [0, 3]
    growth : float, in (0, 1.5], per generation
    believed : float, in (0, 1.5], per generation

    Returns
    -------
    float
        Below 1 it settles. With believed = growth it is |growth - gain|, whatever the delay.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Largest modulus of the roots of (z - a)(z^d + k (z^(d-1) + b z^(d-2) + … + b^(d-1))) + k b^d,
    with growth a and believed growth b; Smith (1957) for the idea.

    Examples
    --------
    >>> round(memory_radius(10, 0.4), 6), memory_radius(10, 0.4, growth=1.1) > 1
    (0.6, True)
    """
    _check(delay, gain, growth, believed)
    if growth == believed:
        return abs(growth - gain)
    orders = np.concatenate([[1.0], gain * believed ** np.arange(delay)])
    polynomial = np.polymul([1.0, -growth], orders)
    polynomial[-1] += gain * believed**delay
    return float(np.abs(np.roots(polynomial)).max())


def memory_sd(delay: int, gain: float, growth: float = 1.0) -> float:
    """Standard deviation under unit noise when the forecast knows the growth.

    Parameters
    ----------
    delay : int, in [0, 100], generations
    gain : float, in [0, 3]
    growth : float, in (0, 1.5], per generation

    Returns
    -------
    float
        In units of the noise's standard deviation; ``inf`` if |growth - gain| >= 1. It rises with
        the delay: memory does not see the noise of the last d generations either.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Sum of squares of the response 1, a, …, a^d, a^d (a - k), a^d (a - k)², ….

    Examples
    --------
    >>> round(memory_sd(0, 1.0), 4), round(memory_sd(3, 1.0), 4)
    (1.0, 2.0)
    """
    _check(delay, gain, growth, growth)
    left = growth - gain
    if abs(left) >= 1:
        return math.inf
    unseen = np.sum(growth ** (2.0 * np.arange(delay + 1)))
    return math.sqrt(unseen + growth ** (2 * delay) * left**2 / (1 - left**2))
