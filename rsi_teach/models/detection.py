"""Chapter 11: noticing a shift: cumulative sums and their exact run lengths, sequential tests.

Everything is measured in standard deviations of one observation. The run lengths are solutions of
integral equations, solved by Gauss-Legendre quadrature; simulations stand beside them in the tests.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

from rsi_teach.models.detection_prints import (
    calibration_gap,
    disagreement,
    images_to_notice,
    mean_kl,
    sign_test,
    softmax,
)
from rsi_teach.models.detection_rare import (
    Walk,
    best_tilt,
    passage_chance,
    plain_walks,
    split_walks,
    tilted_tail,
    tilted_variance,
    tilted_walks,
)
from rsi_teach.models.detection_sequences import (
    best_rho,
    betting_e_values,
    ever_outside,
    looks_error,
    mixture_boundary,
    mixture_e_values,
)
from rsi_teach.models.domain import shaped, within

__all__ = [
    "Sprt",
    "Walk",
    "alarm_steps",
    "best_rho",
    "best_tilt",
    "betting_e_values",
    "calibration_gap",
    "cusum",
    "disagreement",
    "ever_outside",
    "first_order_delay",
    "fixed_sample_size",
    "images_to_notice",
    "looks_error",
    "mean_kl",
    "mixture_boundary",
    "mixture_e_values",
    "passage_chance",
    "plain_walks",
    "run_length",
    "siegmund_run_length",
    "sign_test",
    "softmax",
    "split_walks",
    "sprt_exact",
    "sprt_simulated",
    "threshold_for",
    "tilted_tail",
    "tilted_variance",
    "tilted_walks",
    "wald_sample_number",
]

Array = NDArray[np.float64]
LONGEST = 10_000
"""Most steps of one simulated path."""
HIGHEST = 12.0
"""Largest threshold for which run lengths are computed."""
MOST = 1e12
"""Longest run length that can be computed: beyond, the chance of an alarm is lost in rounding."""
NODES, WEIGHTS = np.polynomial.legendre.leggauss(40)


def cusum(values: ArrayLike, *, slack: float = 0.5) -> Array:
    """Upper cumulative sum: each value adds what it has above the slack, and 0 is its floor.

    Parameters
    ----------
    values : array [steps, runs], |values| <= 1e6, at most 10,000 steps
        In standard deviations of one observation. For the lower sum pass them with the other sign.
    slack : float, in [0, 5]
        The reference value k; half of the shift that matters most.

    Returns
    -------
    array [steps + 1, runs]
        Row 0 is the start, 0.

    Raises
    ------
    ValueError
        If a parameter is out of its range or `values` is not of that shape.

    References
    ----------
    Page (1954); Montgomery (2009).

    Examples
    --------
    >>> cusum([[1.0], [2.0], [-3.0], [0.7]])[:, 0].round(1).tolist()
    [0.0, 0.5, 2.0, 0.0, 0.2]
    """
    values = _check_noise("values", values)
    within("slack", slack, 0, 5)
    path = np.zeros((len(values) + 1, values.shape[1]))
    for t, value in enumerate(values):
        np.add(path[t], value, out=path[t + 1])
        path[t + 1] -= slack
        np.maximum(path[t + 1], 0, out=path[t + 1])
    return path


def _check_noise(name: str, noise: ArrayLike) -> Array:
    noise = shaped(name, noise, ("steps", "runs"), longest=LONGEST)
    within(name, noise, -1e6, 1e6)
    return noise


def alarm_steps(paths: ArrayLike, threshold: float) -> Array:
    """First row in which each path stands above the threshold.

    Parameters
    ----------
    paths : array [steps + 1, runs], |paths| <= 1e12
        As `cusum` returns them: row 0 is the start, so row t is after t observations.
    threshold : float, in (0, 1e6]

    Returns
    -------
    array [runs]
        Whole numbers; ``inf`` where no alarm came.

    Raises
    ------
    ValueError
        If a parameter is out of its range or `paths` is not of that shape.

    References
    ----------
    Page (1954).

    Examples
    --------
    >>> alarm_steps([[0.0, 0.0], [0.5, 3.0], [2.0, 5.0]], 1.0).tolist()
    [2.0, 1.0]
    """
    paths = shaped("paths", paths, ("steps + 1", "runs"))
    within("paths", paths, -1e12, 1e12)
    within("threshold", threshold, 0, 1e6, open_low=True)
    above = paths > threshold
    return np.where(above.any(axis=0), above.argmax(axis=0), math.inf)


def run_length(
    threshold: ArrayLike, shift: float = 0.0, *, slack: float = 0.5, sides: int = 2
) -> Array:
    """Exact mean number of observations until a cumulative sum passes the threshold.

    One side solves L(z) = 1 + L(0) Φ(k - μ - z) + ∫₀ʰ L(y) φ(y + k - μ - z) dy for the mean L(0)
    from an empty sum; two sides together alarm at the rate 1/L₊ + 1/L₋.

    Parameters
    ----------
    threshold : array, any shape, in (0, 12]
        h.
    shift : float, in [-5, 5]
        Mean μ of the observations, from the first one on.
    slack : float, in [0.05, 5]
        k.
    sides : int, 1 or 2
        1: an upper sum only. 2: an upper and a lower sum.

    Returns
    -------
    array
        In observations, shape of `threshold`; each side held at 1e12, past which double precision
        ends.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Goel and Wu (1971), the integral equation; Montgomery (2009), the two sides.

    Examples
    --------
    >>> run_length(4.0).round(1).item(), run_length(4.0, 1.0).round(2).item()
    (167.7, 8.38)
    """
    within("threshold", threshold, 0, HIGHEST, open_low=True)
    within("shift", shift, -5, 5)
    within("slack", slack, 0.05, 5)
    within("sides", sides, 1, 2, integer=True)
    h = np.asarray(threshold, dtype=float)
    rate = sum(1 / _one_side(h.ravel(), sign * shift - slack) for sign in (1, -1)[:sides])
    return (1 / rate).reshape(h.shape)


def _one_side(h: Array, drift: float) -> Array:
    """Mean time of sums from 0 to above h, steps N(drift, 1), held at 0 (which is an atom)."""
    y = (NODES + 1) / 2 * h[:, None]
    ends = np.concatenate([np.zeros((len(h), 1)), y], axis=1)  # where the sum may stand
    step = y[:, None, :] - ends[:, :, None] - drift
    kernel = np.exp(-(step**2) / 2) / math.sqrt(2 * math.pi) * (WEIGHTS / 2) * h[:, None, None]
    atom = ndtr(-drift - ends)[:, :, None]
    system = np.eye(ends.shape[1]) - np.concatenate([atom, kernel], axis=2)
    length = np.linalg.solve(system, np.ones((*ends.shape, 1)))[:, 0, 0]
    return np.where((length > 0) & (length < MOST), length, MOST)


def siegmund_run_length(
    threshold: ArrayLike, shift: float = 0.0, *, slack: float = 0.5, sides: int = 2
) -> Array:
    """Siegmund's approximation of the mean run length: Brownian motion, its boundary 1.166 farther.

    Parameters
    ----------
    threshold : array, any shape, in (0, 12]
    shift : float, in [-5, 5]
    slack : float, in [0.05, 5]
    sides : int, 1 or 2
        As in `run_length`.

    Returns
    -------
    array
        In observations, shape of `threshold`.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Siegmund's approximation, as given by Montgomery (2009).

    Examples
    --------
    >>> siegmund_run_length(4.0).round(1).item(), siegmund_run_length(4.0, 1.0).round(2).item()
    (169.0, 8.34)
    """
    within("threshold", threshold, 0, HIGHEST, open_low=True)
    within("shift", shift, -5, 5)
    within("slack", slack, 0.05, 5)
    within("sides", sides, 1, 2, integer=True)
    b = np.asarray(threshold, dtype=float) + 1.166
    return 1 / sum(1 / _brownian(b, sign * shift - slack) for sign in (1, -1)[:sides])


def _brownian(b: Array, drift: float) -> Array:
    if abs(drift) < 1e-4:
        return b**2
    return (np.exp(-2 * drift * b) + 2 * drift * b - 1) / (2 * drift**2)


def first_order_delay(false_alarm_length: ArrayLike, shift: float) -> Array:
    """First-order limit of the delay: ln(mean time to a false alarm) over the KL divergence.

    No rule with that many observations between false alarms can be faster, to first order, as the
    length grows. It is a slope, not the delay: the constant that it leaves out is not small.

    Parameters
    ----------
    false_alarm_length : array, any shape, in [1, 1e300]
        Of a one-sided rule, in observations.
    shift : float, in (0, 5]
        In standard deviations; the KL divergence of the two normals is its square over 2.

    Returns
    -------
    array
        In observations, shape of `false_alarm_length`.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Lorden (1971).

    Examples
    --------
    >>> first_order_delay(run_length(4.0, sides=1), 1.0).round(1).item()
    11.6
    """
    within("false_alarm_length", false_alarm_length, 1, 1e300)
    within("shift", shift, 0, 5, open_low=True)
    return np.log(np.asarray(false_alarm_length, dtype=float)) / (shift**2 / 2)


def threshold_for(length: float, *, slack: float = 0.5, sides: int = 2) -> float:
    """Threshold at which false alarms come once in `length` observations on average.

    Parameters
    ----------
    length : float, in [5, 1e6], observations
    slack : float, in [0.25, 2]
    sides : int, 1 or 2

    Returns
    -------
    float
        h, by root finding on `run_length`; 0.001 if even the smallest threshold is rarer.

    Raises
    ------
    ValueError
        If a parameter is out of its range, or no threshold up to 12 reaches the length.

    References
    ----------
    `run_length`, inverted.

    Examples
    --------
    >>> round(threshold_for(500), 2)
    5.07
    """
    within("length", length, 5, 1e6)
    within("slack", slack, 0.25, 2)
    within("sides", sides, 1, 2, integer=True)

    def excess(h: float) -> float:
        return math.log(float(run_length(h, slack=slack, sides=sides)) / length)

    if excess(0.001) >= 0:
        return 0.001
    if excess(HIGHEST) < 0:
        raise ValueError(f"length = {length:g} needs a threshold above {HIGHEST:g}")
    return float(brentq(excess, 0.001, HIGHEST, xtol=1e-10))


@dataclass(frozen=True, kw_only=True)
class Sprt:
    """Wald's sequential test of mean 0 against mean `shift`, observations with unit variance.

    Parameters
    ----------
    shift : float, in [0.05, 5]
        In standard deviations of one observation.
    false_alarm, miss : float, in [1e-6, 0.45]
        The error rates alpha and beta that are asked for.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Wald (1945).

    Examples
    --------
    >>> round(Sprt().upper, 3), round(Sprt().lower, 3)
    (2.944, -2.944)
    """

    shift: float = 1.0
    false_alarm: float = 0.05
    miss: float = 0.05

    def __post_init__(self) -> None:
        """Refuse rates that are none."""
        within("shift", self.shift, 0.05, 5)
        within("false_alarm", self.false_alarm, 1e-6, 0.45)
        within("miss", self.miss, 1e-6, 0.45)

    @property
    def upper(self) -> float:
        """Log-likelihood ratio at which the shift is declared: ln((1 - beta)/alpha)."""
        return math.log((1 - self.miss) / self.false_alarm)

    @property
    def lower(self) -> float:
        """Log-likelihood ratio at which it is dismissed: ln(beta/(1 - alpha))."""
        return math.log(self.miss / (1 - self.false_alarm))


def sprt_exact(test: Sprt, mean: float) -> tuple[float, float]:
    """Exact chance that a sequential test declares the shift, and mean number of observations.

    Parameters
    ----------
    test : Sprt
    mean : float, in [-5, 5]
        Of the observations.

    Returns
    -------
    tuple of two floats
        Chance in [0, 1]; observations, at least 1.

    Raises
    ------
    ValueError
        If `mean` is out of its range.

    References
    ----------
    The integral equations of Wald's test, by Gauss-Legendre quadrature.

    Examples
    --------
    >>> chance, number = sprt_exact(Sprt(), 1.0)
    >>> round(1 - chance, 4), round(number, 2)
    (0.0286, 6.92)
    """
    within("mean", mean, -5, 5)
    d, a, b = test.shift, test.lower / test.shift, test.upper / test.shift
    drift = mean - d / 2  # of the log-likelihood ratio over d, whose steps have unit variance
    panels = max(1, math.ceil((b - a) / 8))
    edges = np.linspace(a, b, panels + 1)
    half = np.diff(edges)[:, None] / 2
    y = (edges[:-1, None] + half * (NODES + 1)).ravel()
    weights = (half * WEIGHTS).ravel()
    start = np.append(y, 0.0)
    kernel = np.exp(-((y - start[:, None] - drift) ** 2) / 2) / math.sqrt(2 * math.pi) * weights
    known = np.stack([ndtr(start + drift - b), np.ones(len(start))], axis=1)
    inside = np.linalg.solve(np.eye(len(y)) - kernel[:-1], known[:-1])
    chance, number = known[-1] + kernel[-1] @ inside
    return float(chance), float(number)


def sprt_simulated(test: Sprt, noise: ArrayLike, mean: float) -> tuple[Array, Array]:
    """Run a sequential test on every column of noise.

    Parameters
    ----------
    test : Sprt
    noise : array [steps, runs], standard normal, at most 10,000 steps
    mean : float, in [-5, 5]

    Returns
    -------
    two arrays [runs]
        1 where the shift was declared, 0 where not; the step of the decision, ``inf`` if none came.

    Raises
    ------
    ValueError
        If a parameter is out of its range or `noise` is not of that shape.

    References
    ----------
    Wald (1945).

    Examples
    --------
    >>> declared, step = sprt_simulated(Sprt(), np.zeros((10, 1)), 1.0)
    >>> declared.tolist(), step.tolist()
    ([1.0], [6.0])
    """
    noise = _check_noise("noise", noise)
    within("mean", mean, -5, 5)
    steps = np.full(noise.shape[1], math.inf)
    declared, ratio = np.zeros(noise.shape[1]), np.zeros(noise.shape[1])
    running = np.arange(noise.shape[1])
    for t, row in enumerate(noise, start=1):
        ratio += test.shift * (row[running] + (mean - test.shift / 2))
        over = (ratio >= test.upper) | (ratio <= test.lower)
        steps[running[over]] = t
        declared[running[over]] = ratio[over] > 0
        running, ratio = running[~over], ratio[~over]
        if not len(running):
            break
    return declared, steps


def wald_sample_number(test: Sprt) -> float:
    """Wald's approximation of the mean number of observations when the shift is there.

    Parameters
    ----------
    test : Sprt

    Returns
    -------
    float
        Too small, because it takes the ratio to stop exactly at a boundary.

    References
    ----------
    Wald (1945).

    Examples
    --------
    >>> round(wald_sample_number(Sprt()), 1)
    5.3
    """
    ends = (1 - test.miss) * test.upper + test.miss * test.lower
    return ends / (test.shift**2 / 2)


def fixed_sample_size(test: Sprt) -> float:
    """Observations that a test of fixed size needs for the same two error rates.

    Parameters
    ----------
    test : Sprt

    Returns
    -------
    float
        Not rounded up.

    References
    ----------
    Neyman and Pearson's test of two normal means.

    Examples
    --------
    >>> round(fixed_sample_size(Sprt()), 1)
    10.8
    """
    z = ndtri(1 - test.false_alarm) + ndtri(1 - test.miss)
    return float((z / test.shift) ** 2)
