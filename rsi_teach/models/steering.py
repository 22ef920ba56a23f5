"""Chapter 03: a correction that acts on what was seen some generations ago.

The deviation x of a property from its aim follows x_{t+1} = a x_t - k x_{t-d} + noise: it grows by
a factor a, and k times what was seen of it d generations ago is taken off. Below are the gains k
that work, for a plant that stays (a = 1) and one that grows, the same with continuous time, and
the simulation. `steering_pace` (a review of fixed calendar time in a loop that speeds up) and
`steering_memory` (a correction that remembers what it has ordered) are imported here as well.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.special import factorial, lambertw

from rsi_teach.models.domain import shaped, within
from rsi_teach.models.steering_memory import memory_radius, memory_sd, simulate_with_memory
from rsi_teach.models.steering_pace import (
    Pace,
    critical_generation,
    delay_at,
    elapsed,
    longest_delay,
)

__all__ = [
    "Pace",
    "continuous_response",
    "continuous_root",
    "critical_generation",
    "delay_at",
    "dominant_root",
    "elapsed",
    "largest_gain",
    "largest_rate",
    "longest_delay",
    "memory_radius",
    "memory_sd",
    "overshoot_free_gain",
    "overshoot_free_rate",
    "simulate",
    "simulate_with_memory",
    "stabilising_gains",
    "stationary_sd",
]

Array = NDArray[np.float64]
LONGEST = 250
"""Most generations of one simulation: even the wildest gain then still fits a float."""


def largest_gain(delay: ArrayLike) -> Array:
    """Gain below which a correction of a plant that stays put is stable, at a given delay.

    Parameters
    ----------
    delay : array of int, any shape, in [0, 10000], generations
        Age of what the correction acts on; 0 acts on the present deviation.

    Returns
    -------
    array
        2 sin(π / (2 (2d + 1))), shape of `delay`. Stable are the gains strictly between 0 and this.

    Raises
    ------
    ValueError
        If `delay` is out of its range.

    References
    ----------
    Levin and May (1976); derived in chapter 03.

    Examples
    --------
    >>> largest_gain([0, 1, 2, 5]).round(5).tolist()
    [2.0, 1.0, 0.61803, 0.28463]
    """
    within("delay", delay, 0, 10_000, integer=True)
    return 2 * np.sin(np.pi / (2 * (2 * np.asarray(delay, dtype=float) + 1)))


def overshoot_free_gain(delay: ArrayLike, growth: float = 1.0) -> Array:
    """Largest gain at which the deviation returns without swinging to the other side.

    Parameters
    ----------
    delay : array of int, any shape, in [0, 10000], generations
    growth : float, in [0.01, 3], per generation
        What the deviation is multiplied by when nothing corrects it.

    Returns
    -------
    array
        a^(d+1) d^d / (d+1)^(d+1), shape of `delay`, at most 1e300. It says something where
        `stabilising_gains` has a window; elsewhere nothing returns at all.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    z^(d+1) - a z^d + k = 0 has a positive root up to this gain: the maximum of a z^d - z^(d+1).

    Examples
    --------
    >>> overshoot_free_gain([0, 1, 2, 5]).round(4).tolist()
    [1.0, 0.25, 0.1481, 0.067]
    """
    within("delay", delay, 0, 10_000, integer=True)
    within("growth", growth, 0.01, 3)
    d = np.asarray(delay, dtype=float)
    logarithm = (d + 1) * (math.log(growth) - np.log(d + 1)) + d * np.log(np.maximum(d, 1))
    return np.exp(np.minimum(logarithm, math.log(1e300)))


def stabilising_gains(delay: int, growth: float = 1.0) -> tuple[float, float] | None:
    """Ends of the open interval of gains that stabilise a plant, or None if no gain does.

    Parameters
    ----------
    delay : int, in [0, 10000], generations
    growth : float, in [0.01, 3], per generation
        Above 1 the deviation grows when nothing corrects it.

    Returns
    -------
    (float, float) or None
        None whenever growth >= (delay + 1) / delay. Below a growth of 1 the lower end is
        negative: the plant settles by itself.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Kuruklis (1994): a - 1 < k < √(a² + 1 - 2a cos φ), with sin(dφ) / sin((d+1)φ) = 1/a.

    Examples
    --------
    >>> [round(end, 4) for end in stabilising_gains(3, 1.1)]
    [0.1, 0.4079]
    >>> stabilising_gains(10, 1.1) is None
    True
    """
    within("delay", delay, 0, 10_000, integer=True)
    within("growth", growth, 0.01, 3)
    a, d = growth, delay
    if d == 0:
        return a - 1, a + 1
    if a * d >= d + 1:
        return None

    def crossing(phi: float) -> float:
        return (a * math.sin(d * phi) - math.sin((d + 1) * phi)) / math.sin(phi)

    least, most = 1e-9 / (d + 1), math.pi / (d + 1)
    if crossing(least) >= 0:  # within rounding of the largest growth that can be held
        return None
    phi = brentq(crossing, least, most, xtol=1e-15, rtol=1e-14)
    high = math.hypot(a - math.cos(phi), math.sin(phi))
    return (a - 1, high) if a - 1 < high else None


def dominant_root(delay: int, gain: float, growth: float = 1.0) -> complex:
    """Root of largest modulus of z^(d+1) - a z^d + k = 0, which the deviation follows in the end.

    Parameters
    ----------
    delay : int, in [0, 200], generations
    gain : float, in [-10, 10]
    growth : float, in [0.01, 3], per generation

    Returns
    -------
    complex
        With imaginary part >= 0. A modulus below 1 settles; 2π over the angle is the swing's
        period in generations.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    The characteristic equation; eigenvalues of its companion matrix.

    Examples
    --------
    >>> round(abs(dominant_root(1, 0.5)), 4), round(abs(dominant_root(1, 1.2)), 4)
    (0.7071, 1.0954)
    """
    within("delay", delay, 0, 200, integer=True)
    within("gain", gain, -10, 10)
    within("growth", growth, 0.01, 3)
    coefficients = np.zeros(delay + 2)
    coefficients[0], coefficients[1] = 1, -growth
    coefficients[-1] += gain
    roots = np.roots(coefficients)
    root = complex(roots[np.argmax(np.abs(roots))]) if len(roots) else 0j
    return complex(root.real, abs(root.imag))


def stationary_sd(delay: int, gain: float, growth: float = 1.0) -> float:
    """Standard deviation to which the deviation settles under unit noise in every generation.

    Parameters
    ----------
    delay : int, in [0, 200], generations
    gain : float, in [0, 10]
    growth : float, in [0.01, 3], per generation

    Returns
    -------
    float
        In units of the noise's standard deviation; ``inf`` if the loop is not stable.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    The Yule-Walker equations of an autoregression of order d + 1.

    Examples
    --------
    >>> round(stationary_sd(0, 0.5), 4), stationary_sd(2, 0.7)
    (1.1547, inf)
    """
    within("gain", gain, 0, 10)
    if abs(dominant_root(delay, gain, growth)) >= 1 - 1e-12:
        return math.inf
    order = delay + 1
    system = np.eye(order + 1)
    for lag in range(order + 1):
        system[lag, abs(lag - 1)] -= growth
        system[lag, abs(order - lag)] += gain
    return math.sqrt(np.linalg.solve(system, np.eye(order + 1)[0])[0])


def simulate(
    noise: ArrayLike,
    *,
    gain: ArrayLike,
    delay: ArrayLike,
    growth: float = 1.0,
    start: float = 1.0,
) -> Array:
    """Follow the deviation under a delayed correction, once for every column of noise.

    Before generation 0 there was nothing to see, so the first correction acts d generations later.

    Parameters
    ----------
    noise : array [generations, runs], |noise| <= 1e6, at most 250 generations
        Added in each generation: the randomness is an input.
    gain : float or array [generations], in [0, 10]
        Share of what is seen that is taken off.
    delay : int or array of int [generations], in [0, 10000]
        Age of what is seen.
    growth : float, in [0.01, 3], per generation
    start : float, |start| <= 1e6
        Deviation in generation 0.

    Returns
    -------
    array [generations + 1, runs]
        Row 0 is the start.

    Raises
    ------
    ValueError
        If a parameter is out of its range or the shapes do not match.

    References
    ----------
    x_{t+1} = a x_t - k x_{t-d} + noise, as in Levin and May (1976) with a and noise added.

    Examples
    --------
    >>> simulate(np.zeros((4, 1)), gain=0.5, delay=1)[:, 0].tolist()
    [1.0, 1.0, 0.5, 0.0, -0.25]
    """
    noise = shaped("noise", noise, ("generations", "runs"), longest=LONGEST)
    within("noise", noise, -1e6, 1e6)
    within("gain", gain, 0, 10)
    within("delay", delay, 0, 10_000, integer=True)
    within("growth", growth, 0.01, 3)
    within("start", start, -1e6, 1e6)
    gains, delays = _each("gain", gain, noise), _each("delay", delay, noise).astype(int)
    x = np.empty((len(noise) + 1, noise.shape[1]))
    x[0] = start
    for t in range(len(noise)):
        np.multiply(x[t], growth, out=x[t + 1])
        if t >= delays[t]:
            x[t + 1] -= gains[t] * x[t - delays[t]]
        x[t + 1] += noise[t]
    return x


def _each(name: str, value: ArrayLike, noise: Array) -> Array:
    """One value for every generation."""
    if np.ndim(value) and np.shape(value) != (len(noise),):
        raise ValueError(f"{name} has shape {np.shape(value)}, not ({len(noise)},)")
    return np.broadcast_to(np.asarray(value), (len(noise),))


def largest_rate(lag: ArrayLike) -> Array:
    """Rate below which x' = -k x(t - τ) is stable.

    Parameters
    ----------
    lag : array, any shape, in [1e-6, 1e6], time units
        The time τ that passes before a deviation is answered.

    Returns
    -------
    array
        π / (2τ) per time unit, shape of `lag`.

    Raises
    ------
    ValueError
        If `lag` is out of its range.

    References
    ----------
    The limit of `largest_gain` for short generations; Ricklefs and Relyea (2014, figure 13.10).

    Examples
    --------
    >>> round(float(largest_rate(1)), 4)
    1.5708
    """
    within("lag", lag, 1e-6, 1e6)
    return np.pi / (2 * np.asarray(lag, dtype=float))


def overshoot_free_rate(lag: ArrayLike) -> Array:
    """Largest rate at which x' = -k x(t - τ) returns without swinging to the other side.

    Parameters
    ----------
    lag : array, any shape, in [1e-6, 1e6], time units

    Returns
    -------
    array
        1 / (eτ) per time unit, shape of `lag`.

    Raises
    ------
    ValueError
        If `lag` is out of its range.

    References
    ----------
    s = -k exp(-sτ) has a real root up to this rate; Ricklefs and Relyea (2014, figure 13.10).

    Examples
    --------
    >>> round(float(overshoot_free_rate(1)), 4)
    0.3679
    """
    within("lag", lag, 1e-6, 1e6)
    return 1 / (np.e * np.asarray(lag, dtype=float))


def continuous_root(rate: float, lag: float) -> complex:
    """Root of s = -k exp(-sτ) with the largest real part, which x(t) follows in the end.

    Parameters
    ----------
    rate : float, in (0, 1e3], per time unit
    lag : float, in [1e-3, 1e3], time units

    Returns
    -------
    complex
        Settles if its real part is negative; swings unless its imaginary part is 0.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Lambert's function: sτ = W(-kτ), principal branch.

    Examples
    --------
    >>> continuous_root(1.6, 1.0).real > 0, continuous_root(0.3, 1.0).imag
    (True, 0.0)
    """
    within("rate", rate, 0, 1e3, open_low=True)
    within("lag", lag, 1e-3, 1e3)
    root = complex(lambertw(-rate * lag)) / lag
    return complex(root.real, abs(root.imag))


def continuous_response(time: ArrayLike, *, rate: float, lag: float) -> Array:
    """Exact solution of x' = -k x(t - τ) that is 0 before time 0 and 1 at it.

    Parameters
    ----------
    time : array, any shape, in [0, 20 lag], time units
    rate : float, in (0, 3 / lag], per time unit
    lag : float, in [1e-3, 1e3], time units

    Returns
    -------
    array
        Shape of `time`.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    The method of steps: the sum of (-k (t - jτ))^j / j! over jτ <= t.

    Examples
    --------
    >>> continuous_response([0, 1, 2], rate=0.5, lag=1).tolist()
    [1.0, 1.0, 0.5]
    """
    within("lag", lag, 1e-3, 1e3)
    within("rate", rate, 0, 3 / lag, open_low=True)
    within("time", time, 0, 20 * lag)
    j = np.arange(21)
    since = np.maximum(np.asarray(time, dtype=float)[..., None] / lag - j, 0)
    return np.sum((-rate * lag * since) ** j / factorial(j), axis=-1)
