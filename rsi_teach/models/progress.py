"""Chapter 01: progress that is scheduled, progress that feeds back, and what slows it.

The three regimes of idea production are below. The rest of the chapter lives beside this file
and is imported here, so that `progress.amdahl` and `progress.time_horizons` work as well:
`progress_doublings` (doubling times, uncertain returns, the published simulation),
`progress_bottlenecks` (CES, Amdahl, the stage clock) and `progress_horizons` (METR's data).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.integrate import solve_ivp

from rsi_teach.models.domain import within
from rsi_teach.models.progress_bottlenecks import (
    amdahl,
    amdahl_cap,
    bottleneck,
    ces_cap,
    ces_output,
    cycle_time,
    overall_speedup,
    speedup_needed,
    substitution_elasticity,
    takeoff_time,
    takeoff_time_in_slices,
    time_shares,
)
from rsi_teach.models.progress_doublings import (
    ExplosionRanges,
    ReturnsBelief,
    chance_above_one,
    chance_compressed,
    doubling_clock,
    doubling_ratio,
    doubling_times,
    returns_at,
    time_left,
)
from rsi_teach.models.progress_horizons import (
    DoublingFit,
    Horizons,
    doubling_time,
    released_between,
    running_max,
    time_horizons,
    window_effect,
)

__all__ = [
    "DoublingFit",
    "ExplosionRanges",
    "Horizons",
    "IdeaProduction",
    "ReturnsBelief",
    "amdahl",
    "amdahl_cap",
    "bottleneck",
    "ces_cap",
    "ces_output",
    "chance_above_one",
    "chance_compressed",
    "cycle_time",
    "doubling_clock",
    "doubling_ratio",
    "doubling_time",
    "doubling_times",
    "level",
    "level_band",
    "level_by_ode",
    "level_paths",
    "overall_speedup",
    "released_between",
    "returns_at",
    "returns_to_research",
    "running_max",
    "speedup_needed",
    "substitution_elasticity",
    "takeoff_time",
    "takeoff_time_in_slices",
    "time_horizons",
    "time_left",
    "time_shares",
    "time_to_level",
    "time_to_singularity",
    "window_effect",
]

Array = NDArray[np.float64]
HIGHEST = 1e12
"""Level above which nobody believes the model: paths are held there, also past the singularity."""


@dataclass(frozen=True, kw_only=True)
class IdeaProduction:
    """Software S that grows by S' = rate · S^(1+e), with e = difficulty · (returns - 1).

    Parameters
    ----------
    returns : float, in (0, 10]
        r: how often software doubles when the research put into it has doubled once.
    difficulty : float, in (0, 5]
        β: how fast ideas get harder to find as S grows.
    rate : float, in [1e-6, 1e6], per unit of time
        k: growth rate of S at S = 1.
    start : float, in [1e-6, 1e6]
        S0, the level at time 0.

    Raises
    ------
    ValueError
        If a parameter is out of its range; the message names it.

    References
    ----------
    C. I. Jones (1995), "R & D-based models of economic growth"; with research effort
    proportional to S: D. Eth and T. Davidson (2025).

    Examples
    --------
    >>> round(IdeaProduction(returns=1.2).exponent, 6)
    0.2
    """

    returns: float = 1.2
    difficulty: float = 1.0
    rate: float = 1.0
    start: float = 1.0

    def __post_init__(self) -> None:
        """Refuse what the closed form does not cover."""
        within("returns", self.returns, 0, 10, open_low=True)
        within("difficulty", self.difficulty, 0, 5, open_low=True)
        within("rate", self.rate, 1e-6, 1e6)
        within("start", self.start, 1e-6, 1e6)

    @property
    def exponent(self) -> float:
        """e, whose sign decides the regime: above 0 the growth rate itself grows."""
        return float(_exponent(self.difficulty, self.returns))


def _exponent(difficulty: float, returns: ArrayLike) -> Array:
    e = difficulty * (np.asarray(returns, dtype=float) - 1)
    # Closer to 0, S^e - 1 is rounding error; the exponential is then right to 1e-10.
    return np.where(np.abs(e) > 1e-12, e, 0.0)


def returns_to_research(*, parallel: float, labour: float, difficulty: float) -> float:
    """Returns to research r = λalpha/β, from the exponents of the idea production function.

    Parameters
    ----------
    parallel : float, in (0, 1]
        λ: twice the researchers at once make 2^λ times the progress.
    labour : float, in (0, 1]
        alpha: share of labour, against compute, in research input.
    difficulty : float, in (0, 5]
        β: how fast ideas get harder to find.

    Returns
    -------
    float
        r; above 1, progress feeds on itself.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Eth and Davidson (2025): S' = a (L^alpha C^(1-alpha))^λ S^(1-β) with L proportional to S.

    Examples
    --------
    >>> returns_to_research(parallel=0.6, labour=0.5, difficulty=0.25)
    1.2
    """
    within("parallel", parallel, 0, 1, open_low=True)
    within("labour", labour, 0, 1, open_low=True)
    within("difficulty", difficulty, 0, 5, open_low=True)
    return parallel * labour / difficulty


def time_to_singularity(model: IdeaProduction) -> float:
    """Time t* = S0^(-e) / (k e) at which S is infinite; ``inf`` if returns are at most 1.

    Parameters
    ----------
    model : IdeaProduction

    Returns
    -------
    float
        In the model's unit of time, possibly ``inf``.

    References
    ----------
    Separate the variables of S' = k S^(1+e) and integrate S from S0 to infinity.

    Examples
    --------
    >>> round(time_to_singularity(IdeaProduction(returns=1.2)), 9)
    5.0
    >>> time_to_singularity(IdeaProduction(returns=0.9))
    inf
    """
    e = model.exponent
    return model.start**-e / (model.rate * e) if e > 0 else math.inf


def time_to_level(model: IdeaProduction, target: ArrayLike) -> Array:
    """Time at which software reaches `target`: (S0^(-e) - S^(-e)) / (k e), in every regime.

    Parameters
    ----------
    model : IdeaProduction
    target : array, any shape, in [start, 1e12]
        Level S to be reached.

    Returns
    -------
    array
        Shape of `target`; the model's unit of time.

    Raises
    ------
    ValueError
        If a target lies outside its range.

    References
    ----------
    Separate the variables of S' = k S^(1+e); e = 0 is the limit ln(S/S0) / k.

    Examples
    --------
    >>> round(float(time_to_level(IdeaProduction(returns=1.2), 1e9)), 4)
    4.9208
    """
    within("target", target, model.start, HIGHEST)
    growth, e = np.log(np.asarray(target, dtype=float) / model.start), model.exponent
    if e == 0:
        return growth / model.rate
    return model.start**-e * -np.expm1(-e * growth) / (model.rate * e)


def level(model: IdeaProduction, time: ArrayLike) -> Array:
    """Software S(t) in closed form, held at 1e12 once it gets there.

    S = S0 (1 - k e S0^e t)^(-1/e): a power law for e < 0, exponential at 0, and for e > 0
    infinite at t*. The hold stands for limits that the model does not know.

    Parameters
    ----------
    model : IdeaProduction
    time : array, any shape, in [0, 1e12]
        In the model's unit of time.

    Returns
    -------
    array
        Shape of `time`.

    Raises
    ------
    ValueError
        If a time lies outside its range.

    References
    ----------
    Solution of S' = k S^(1+e), S(0) = S0.

    Examples
    --------
    >>> level(IdeaProduction(returns=1.2), [0, 2.5, 6]).round(6).tolist()
    [1.0, 32.0, 1000000000000.0]
    """
    within("time", time, 0, 1e12)
    return _level(np.asarray(time, dtype=float), np.asarray(model.exponent), model)


def _level(time: Array, exponent: Array, model: IdeaProduction) -> Array:
    time, e = np.broadcast_arrays(time, exponent)
    used = -model.rate * e * np.power(model.start, e) * time  # -1 is the singularity
    curved = (e != 0) & (used > -1)
    growth = np.where(e == 0, model.rate * time, np.inf)
    np.divide(-np.log1p(used, where=curved, out=np.zeros(e.shape)), e, out=growth, where=curved)
    return np.where(
        growth < math.log(HIGHEST / model.start),
        model.start * np.exp(np.minimum(growth, 100)),
        HIGHEST,
    )


def level_paths(model: IdeaProduction, time: ArrayLike, *, returns: ArrayLike) -> Array:
    """Software S(t) for every draw of the returns to research, the rest as in `model`.

    Parameters
    ----------
    model : IdeaProduction
        Its own `returns` is not used.
    time : array [times], in [0, 1e12]
    returns : array [runs], in (0, 10]
        One r for each run: the randomness is an input.

    Returns
    -------
    array [times, runs]
        Held at 1e12, see `level`.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    As `level`.

    Examples
    --------
    >>> level_paths(IdeaProduction(), [0, 1], returns=[0.5, 1.0]).round(3).tolist()
    [[1.0, 1.0], [2.25, 2.718]]
    """
    within("time", time, 0, 1e12)
    within("returns", returns, 0, 10, open_low=True)
    time = np.asarray(time, dtype=float)
    return _level(time[:, None], _exponent(model.difficulty, returns), model)


def level_band(
    model: IdeaProduction,
    time: ArrayLike,
    *,
    returns: ArrayLike,
    probabilities: ArrayLike = (0.05, 0.5, 0.95),
) -> Array:
    """Quantiles of S(t) over an ensemble of returns to research.

    Parameters
    ----------
    model : IdeaProduction
    time : array [times], in [0, 1e12]
    returns : array [runs], in (0, 10]
    probabilities : array [levels], in [0, 1]
        Which quantiles.

    Returns
    -------
    array [levels, times]

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    As `level`.

    Examples
    --------
    >>> level_band(IdeaProduction(), [0, 1], returns=[0.5, 1, 1.5]).round(2)[1].tolist()
    [1.0, 2.72]
    """
    within("probabilities", probabilities, 0, 1)
    return np.quantile(level_paths(model, time, returns=returns), probabilities, axis=1)


def level_by_ode(model: IdeaProduction, time: ArrayLike) -> Array:
    """Software S(t) by a Runge-Kutta solver: slow, and here to hold the closed form against.

    Parameters
    ----------
    model : IdeaProduction
    time : array [times], increasing, in [0, 99.9 % of the time to the singularity], <= 1e12
        In the model's unit of time.

    Returns
    -------
    array [times]

    Raises
    ------
    ValueError
        If a time lies outside its range or S would pass 1e300.

    References
    ----------
    Solved by DOP853 (Hairer, Nørsett and Wanner 1993) at 1e-10, for y = ln(S/S0) in the time
    k S0^e t, in which y' = e^(e y) has no other parameter.

    Examples
    --------
    >>> level_by_ode(IdeaProduction(returns=1.2), [0, 2.5]).round(4).tolist()
    [1.0, 32.0]
    """
    time = np.atleast_1d(np.asarray(time))
    within("time", time, 0, min(0.999 * time_to_singularity(model), 1e12))
    if np.any(np.diff(time) <= 0):
        raise ValueError("time does not increase from each entry to the next")
    e = model.exponent
    scaled = time * model.rate * model.start**e
    span = (0, max(scaled[-1], 1e-3))
    found = solve_ivp(
        lambda _, y: np.exp(e * y), span, [0.0], "DOP853", t_eval=scaled, rtol=1e-10, atol=1e-12
    )
    within("ln S at the last time", found.y[0, -1] + math.log(model.start), -690, 690)
    return model.start * np.exp(found.y[0])
