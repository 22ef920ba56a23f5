"""Chapter 01: what slows progress down when only part of the work gets faster."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rsi_teach.models.domain import within

Array = NDArray[np.float64]


def ces_output(
    *, labour: ArrayLike, compute: ArrayLike = 1.0, share: float = 0.5, rho: float = -0.4
) -> Array:
    """Research output (a L^rho + (1-a) C^rho)^(1/rho) from labour and compute.

    Parameters
    ----------
    labour, compute : array, in [1e-12, 1e12], broadcastable
        Inputs, in units of today's.
    share : float, in (0, 1)
        a, the weight of labour.
    rho : float, in [-50, 1]
        rho: 1 is perfect substitutes, 0 Cobb-Douglas, below 0 each input caps the output.

    Returns
    -------
    array
        Output, in units of today's.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Arrow, Chenery, Minhas and Solow (1961).

    Examples
    --------
    >>> ces_output(labour=[1, 100, 1e12], rho=-2).round(3).tolist()
    [1.0, 1.414, 1.414]
    """
    within("labour", labour, 1e-12, 1e12)
    within("compute", compute, 1e-12, 1e12)
    within("share", share, 0, 1, open_low=True, open_high=True)
    within("rho", rho, -50, 1)
    log_l, log_c = np.log(labour), np.log(compute)
    if abs(rho) < 1e-9:
        return np.exp(share * log_l + (1 - share) * log_c)
    weighted = np.logaddexp(rho * log_l + math.log(share), rho * log_c + math.log1p(-share))
    return np.exp(weighted / rho)


def ces_cap(*, share: float, rho: float) -> float:
    """Output with boundless labour and today's compute: (1-a)^(1/rho), ``inf`` for rho >= 0.

    Parameters
    ----------
    share : float, in (0, 1)
        a, the weight of labour.
    rho : float, in [-50, 1]
        rho, see `ces_output`.

    Returns
    -------
    float
        In units of today's output; ``inf`` also where the cap is above 1e300.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Limit of the CES function for L → ∞.

    Examples
    --------
    >>> round(ces_cap(share=0.5, rho=-0.4), 2)
    5.66
    """
    within("share", share, 0, 1, open_low=True, open_high=True)
    within("rho", rho, -50, 1)
    log_cap = math.log1p(-share) / rho if rho < 0 else math.inf
    return math.exp(log_cap) if log_cap < math.log(1e300) else math.inf


def substitution_elasticity(rho: float) -> float:
    """Elasticity of substitution sigma = 1/(1 - rho): how easily one input replaces the other.

    Parameters
    ----------
    rho : float, in [-50, 1)
        rho, see `ces_output`.

    Returns
    -------
    float
        Below 1 the inputs are complements and the output is capped.

    Raises
    ------
    ValueError
        If `rho` is out of its range.

    References
    ----------
    Arrow, Chenery, Minhas and Solow (1961).

    Examples
    --------
    >>> round(substitution_elasticity(-0.4), 3)
    0.714
    """
    within("rho", rho, -50, 1, open_high=True)
    return 1 / (1 - rho)


def amdahl(*, share: ArrayLike, speedup: ArrayLike) -> Array:
    """Speed-up of the whole when a share of the work gets `speedup` times faster.

    Parameters
    ----------
    share : array, in [0, 1]
        f, share of today's time that the faster part takes.
    speedup : array, in [1e-6, 1e12], broadcastable with `share`
        s, how much faster that part gets.

    Returns
    -------
    array
        1 / ((1-f) + f/s).

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Amdahl (1967).

    Examples
    --------
    >>> amdahl(share=[0.9, 0.95], speedup=10).round(3).tolist()
    [5.263, 6.897]
    """
    within("share", share, 0, 1)
    within("speedup", speedup, 1e-6, 1e12)
    f = np.asarray(share, dtype=float)
    return 1 / ((1 - f) + f / np.asarray(speedup, dtype=float))


def amdahl_cap(share: ArrayLike) -> Array:
    """Speed-up of the whole when a share of the work takes no time any more: 1/(1-f).

    Parameters
    ----------
    share : array, in [0, 1]
        f, share of today's time that vanishes.

    Returns
    -------
    array
        ``inf`` at f = 1.

    Raises
    ------
    ValueError
        If `share` is out of its range.

    References
    ----------
    Amdahl (1967).

    Examples
    --------
    >>> amdahl_cap([0.5, 0.9]).round(6).tolist()
    [2.0, 10.0]
    """
    within("share", share, 0, 1)
    rest = 1 - np.asarray(share, dtype=float)
    return np.divide(1.0, rest, out=np.full(rest.shape, np.inf), where=rest > 0)


def cycle_time(times: ArrayLike, speedups: ArrayLike = 1.0) -> Array:
    """Time from idea to version: stages one after another, each with its own speed-up.

    Parameters
    ----------
    times : array [..., stages], in [1e-6, 1e9], a time
        What each stage takes today.
    speedups : array, in [1e-6, 1e12], broadcastable with `times`
        How much faster each stage gets.

    Returns
    -------
    array [...]
        In the unit of `times`.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Amdahl (1967), with a part for each stage.

    Examples
    --------
    >>> float(cycle_time([1, 6, 2, 3], [20, 1.5, 10, 1]))
    7.25
    """
    return _stage_times(times, speedups).sum(axis=-1)


def _stage_times(times: ArrayLike, speedups: ArrayLike) -> Array:
    within("times", times, 1e-6, 1e9)
    within("speedups", speedups, 1e-6, 1e12)
    return np.atleast_1d(np.asarray(times, dtype=float) / np.asarray(speedups, dtype=float))


def overall_speedup(times: ArrayLike, speedups: ArrayLike) -> Array:
    """How much faster the whole loop turns when its stages get `speedups` times faster.

    Parameters
    ----------
    times : array [..., stages], in [1e-6, 1e9], a time
        What each stage takes today.
    speedups : array, in [1e-6, 1e12], broadcastable with `times`
        How much faster each stage gets.

    Returns
    -------
    array [...]

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Amdahl (1967), with a part for each stage.

    Examples
    --------
    >>> round(float(overall_speedup([1, 6, 2, 3], [20, 1.5, 10, 1])), 3)
    1.655
    """
    now = _stage_times(times, speedups)
    before = np.broadcast_to(np.asarray(times, dtype=float), now.shape)
    return before.sum(axis=-1) / now.sum(axis=-1)


def time_shares(times: ArrayLike, speedups: ArrayLike = 1.0) -> Array:
    """Share of the loop's time that each stage takes after the speed-ups.

    Parameters
    ----------
    times : array [..., stages], in [1e-6, 1e9], a time
        What each stage takes today.
    speedups : array, in [1e-6, 1e12], broadcastable with `times`
        How much faster each stage gets.

    Returns
    -------
    array [..., stages]
        Sums to 1 over the stages.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Amdahl (1967), with a part for each stage.

    Examples
    --------
    >>> time_shares([1, 6, 2, 3], [20, 1.5, 10, 1]).round(2).tolist()
    [0.01, 0.55, 0.03, 0.41]
    """
    now = _stage_times(times, speedups)
    return now / now.sum(axis=-1, keepdims=True)


def bottleneck(times: ArrayLike, speedups: ArrayLike = 1.0) -> NDArray[np.intp]:
    """Index of the stage that now takes longest; the first of them if two tie.

    Parameters
    ----------
    times : array [..., stages], in [1e-6, 1e9], a time
        What each stage takes today.
    speedups : array, in [1e-6, 1e12], broadcastable with `times`
        How much faster each stage gets.

    Returns
    -------
    array of int [...]

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Amdahl (1967), with a part for each stage.

    Examples
    --------
    >>> int(bottleneck([1, 6, 2, 3])), int(bottleneck([1, 6, 2, 3], [1, 4, 1, 1]))
    (1, 3)
    """
    return np.argmax(_stage_times(times, speedups), axis=-1)


def speedup_needed(times: ArrayLike, automated: ArrayLike, *, factor: float) -> float:
    """Common speed-up of the automated stages that makes the whole loop `factor` times faster.

    Parameters
    ----------
    times : array [stages], in [1e-6, 1e9], a time
        What each stage takes today.
    automated : array of bool [stages]
        Which stages get faster, all by the same factor.
    factor : float, in [1, 1e6]
        How much faster the loop is to turn; 2 halves the time from idea to version.

    Returns
    -------
    float
        ``inf`` if no speed-up is enough, because the other stages alone take too long.

    Raises
    ------
    ValueError
        If a parameter is out of its range or the shapes differ.

    References
    ----------
    Amdahl (1967), solved for the speed-up.

    Examples
    --------
    >>> speedup_needed([1, 6, 2, 3], [True, True, True, False], factor=2)
    3.0
    """
    within("times", times, 1e-6, 1e9)
    within("factor", factor, 1, 1e6)
    times, automated = np.asarray(times, dtype=float), np.asarray(automated)
    if automated.dtype != bool or automated.shape != times.shape or times.ndim != 1:
        raise ValueError(f"automated = {automated!r} is not one truth value for each stage")
    room = times.sum() / factor - times[~automated].sum()
    if factor == 1:
        return 1.0
    return float(times[automated].sum() / room) if room > 0 else math.inf


def takeoff_time(*, work: float, first_speed: float, last_speed: float) -> float:
    """Time for a phase whose speed-up rises exponentially with the share of it that is done.

    Parameters
    ----------
    work : float, in [1e-6, 1e9], a time
        G: how long humans alone would take for the phase.
    first_speed, last_speed : float, in [1e-3, 1e9]
        v0 and v1: how many times faster than humans alone at its beginning and at its end.

    Returns
    -------
    float
        G / (v0 ln q) · (1 - 1/q) with q = v1/v0, in the unit of `work`.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Kokotajlo and Lifland (2025), takeoff forecast of AI 2027, one phase of it: ∫ G dx / (v0 q^x).

    Examples
    --------
    >>> round(takeoff_time(work=12, first_speed=4, last_speed=25), 3)
    1.375
    """
    _check_takeoff(work, first_speed, last_speed)
    log_q = math.log(last_speed / first_speed)
    return work / first_speed * (-math.expm1(-log_q) / log_q if log_q else 1.0)


def _check_takeoff(work: float, first_speed: float, last_speed: float) -> None:
    within("work", work, 1e-6, 1e9)
    within("first_speed", first_speed, 1e-3, 1e9)
    within("last_speed", last_speed, 1e-3, 1e9)


def takeoff_time_in_slices(
    *, work: float, first_speed: float, last_speed: float, slices: int = 1000
) -> float:
    """Add up the same time as `takeoff_time`, slice of work by slice of work.

    Parameters
    ----------
    work : float, in [1e-6, 1e9], a time
        How long humans alone would take for the phase.
    first_speed, last_speed : float, in [1e-3, 1e9]
        How many times faster at its beginning and at its end.
    slices : int, in [1, 1e6]
        Equal parts of the work, each done at the speed of its middle.

    Returns
    -------
    float
        In the unit of `work`; too low by the factor 1 - (ln q / slices)² / 24.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Midpoint rule for the integral in `takeoff_time`.

    Examples
    --------
    >>> round(takeoff_time_in_slices(work=12, first_speed=4, last_speed=25), 3)
    1.375
    """
    _check_takeoff(work, first_speed, last_speed)
    within("slices", slices, 1, 1e6, integer=True)
    done = (np.arange(int(slices)) + 0.5) / slices
    return float(np.sum(work / slices / (first_speed * (last_speed / first_speed) ** done)))
