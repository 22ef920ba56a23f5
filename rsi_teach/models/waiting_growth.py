"""Chapter 14: growth that comes with a risk of ending everything, after Jones.

As long as the technology runs, consumption grows at a constant rate and everything may end at a
constant hazard. When it is stopped, both stop. Lives end with the risk and are worth zero then;
utility at consumption 1 is what a year of life is worth in units of a year's consumption.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rsi_teach.models.domain import within

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Planner:
    """Somebody who decides for how long to run.

    Parameters
    ----------
    growth : float, in (0, 10], per year
        Of consumption, while it runs.
    hazard : float, in (0, 10], per year
        Of the end of everything, while it runs.
    life : float, in [0, 1000]
        Value of a year of life today, in years of consumption.
    curvature : float, in [1, 10]
        Relative risk aversion: 1 is log utility; above, utility is bounded.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Jones (2024), the simple model.

    Examples
    --------
    >>> Planner().life
    6.0
    """

    growth: float = 0.1
    hazard: float = 0.01
    life: float = 6.0
    curvature: float = 1.0

    def __post_init__(self) -> None:
        """Refuse what is no decision."""
        within("growth", self.growth, 0, 10, open_low=True)
        within("hazard", self.hazard, 1e-9, 10)
        within("life", self.life, 0, 1000)
        within("curvature", self.curvature, 1, 10)


def utility(planner: Planner, growth_so_far: ArrayLike) -> Array:
    """Utility of a year after consumption has grown, 0 being death.

    Parameters
    ----------
    planner : Planner
    growth_so_far : array, in [0, 700]
        Logarithm of consumption, today being 0.

    Returns
    -------
    array
        In units of marginal utility times consumption today: v + ln c at curvature 1, else
        v + (1 - c^(1 - curvature)) / (curvature - 1), which stays under v + 1/(curvature - 1).

    Raises
    ------
    ValueError
        If `growth_so_far` is out of its range.

    References
    ----------
    Jones (2024); constant relative risk aversion with a constant that makes life worth living.

    Examples
    --------
    >>> [float(utility(Planner(curvature=c), np.log(2)).round(3)) for c in (1, 2)]
    [6.693, 6.5]
    """
    within("growth_so_far", growth_so_far, 0, 700)
    log, s = np.asarray(growth_so_far, dtype=float), planner.curvature - 1
    return planner.life + (log if s < 1e-9 else -np.expm1(-s * log) / s)


def welfare(planner: Planner, years: ArrayLike) -> Array:
    """Expected utility of running for so many years and then stopping for good.

    Parameters
    ----------
    planner : Planner
    years : array, in [0, 1e6]
        With growth times years at most 700.

    Returns
    -------
    array
        exp(-hazard · years) times the utility reached, of the shape of `years`.

    Raises
    ------
    ValueError
        If `years` is out of its range.

    References
    ----------
    Jones (2024), the objective of the simple model.

    Examples
    --------
    >>> welfare(Planner(), [0, 40, 80]).round(2).tolist()
    [6.0, 6.7, 6.29]
    """
    within("years", years, 0, min(1e6, 700 / planner.growth))
    years = np.asarray(years, dtype=float)
    return np.exp(-planner.hazard * years) * utility(planner, planner.growth * years)


def stop_time(planner: Planner) -> float:
    """Years after which one more is not worth its risk.

    Parameters
    ----------
    planner : Planner

    Returns
    -------
    float
        0 if it should never be run. At curvature 1 it is 1/hazard - life/growth.

    References
    ----------
    Jones (2024): run until the value of a year of life, in consumption, reaches growth/hazard.

    Examples
    --------
    >>> [round(stop_time(Planner(curvature=c)), 2) for c in (1, 2, 3)]
    [40.0, 4.52, 2.4]
    """
    s, worth = planner.curvature - 1, planner.growth / planner.hazard - planner.life
    if worth <= 0:
        return 0.0
    log = worth if s < 1e-9 else math.log1p(s * worth / (1 + s * planner.life)) / s
    return log / planner.growth


def stop_consumption(planner: Planner) -> float:
    """Consumption at which to stop, in units of today's.

    Parameters
    ----------
    planner : Planner

    Returns
    -------
    float
        exp(growth · stop_time); ``inf`` past what a float can hold.

    References
    ----------
    Jones (2024).

    Examples
    --------
    >>> round(stop_consumption(Planner()), 1)
    54.6
    """
    log = planner.growth * stop_time(planner)
    return math.exp(log) if log < 700 else math.inf


def stop_risk(planner: Planner) -> float:
    """Chance that everything ends before the stop.

    Parameters
    ----------
    planner : Planner

    Returns
    -------
    float
        1 - exp(-hazard · stop_time), in [0, 1].

    References
    ----------
    Jones (2024).

    Examples
    --------
    >>> round(stop_risk(Planner()), 3)
    0.33
    """
    return -math.expm1(-planner.hazard * stop_time(planner))


def largest_risk(planner: Planner) -> float:
    """Largest risk worth taking once for infinite consumption.

    Parameters
    ----------
    planner : Planner
        Growth and hazard do not matter.

    Returns
    -------
    float
        1 / (1 + (curvature - 1) life), in [0, 1]: at curvature 1 any risk short of certainty.

    References
    ----------
    life = (1 - risk) (life + 1/(curvature - 1)), solved for the risk; a singularity in the words
    of Jones (2024).

    Examples
    --------
    >>> [round(largest_risk(Planner(curvature=c)), 3) for c in (1, 2, 3)]
    [1.0, 0.143, 0.077]
    """
    return 1 / (1 + (planner.curvature - 1) * planner.life)
