"""Chapter 13: several checks of one thing, and what their shared blind spots cost.

A panel of checks that are alike: each misses a bad update with the same chance, and any two are
correlated. How often all of them miss, how many independent ones they are worth (for which
purpose), and what a majority of them knows. Where correlation comes from, difficulty that differs
from case to case, is in `independence_versions`; a system that can spoof what its detectors read
is in `independence_detectors`; both are imported here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betainc

from rsi_teach.models.domain import shaped, within
from rsi_teach.models.independence_detectors import (
    DETECTORS,
    EDITS,
    TASKS,
    Edit,
    detector_table,
    passed,
    work_done,
)
from rsi_teach.models.independence_versions import (
    Demands,
    agreement_when_both_err,
    coincidence,
    difficulty_covariance,
    draw_answers,
    error_correlations,
    miss_rates,
    simulate_versions,
    tempting_share,
)

__all__ = [
    "DETECTORS",
    "EDITS",
    "TASKS",
    "Demands",
    "Edit",
    "Panel",
    "agreement_when_both_err",
    "all_miss",
    "coincidence",
    "common_cause_all_miss",
    "detector_table",
    "difficulty_covariance",
    "draw_answers",
    "effective_number",
    "equivalent_checks",
    "error_correlations",
    "majority_limit",
    "majority_right",
    "miss_counts",
    "miss_rates",
    "passed",
    "simulate_misses",
    "simulate_versions",
    "tempting_share",
    "work_done",
]

Array = NDArray[np.float64]
MOST = 1000
"""Most checks of one panel."""


@dataclass(frozen=True, kw_only=True)
class Panel:
    """Checks that are alike and share blind spots, as a beta-binomial law.

    Each bad update has a chance of being missed, the same for every check; over updates that
    chance is beta distributed.

    Parameters
    ----------
    miss : float, in [0.0001, 0.9999]
        Chance that one check misses a bad update.
    correlation : float, in [0, 1]
        Between the misses of any two checks. 0 is independence; at 1 they are one check.

    Raises
    ------
    ValueError
        If a parameter is out of its range; the message names it.

    References
    ----------
    The beta-binomial law; a case of Eckhardt and Lee (1985), with a beta distributed difficulty.

    Examples
    --------
    >>> Panel(miss=0.1, correlation=0.3).correlation
    0.3
    """

    miss: float = 0.1
    correlation: float = 0.3

    def __post_init__(self) -> None:
        """Refuse what is no panel."""
        within("miss", self.miss, 1e-4, 0.9999)
        within("correlation", self.correlation, 0, 1)


def all_miss(panel: Panel, checks: ArrayLike) -> Array:
    """Chance that every check misses the same bad update.

    Given that j checks have missed it, the next one does with chance
    ((1 - correlation) miss + j correlation) / (1 - correlation + j correlation); the answer is
    their product.

    Parameters
    ----------
    panel : Panel
    checks : array of int, any shape, in [1, 1000]

    Returns
    -------
    array
        Shape of `checks`.

    Raises
    ------
    ValueError
        If `checks` is out of its range.

    References
    ----------
    Moments of the beta distribution, read as Pólya's urn.

    Examples
    --------
    >>> all_miss(Panel(), [1, 3]).round(4).tolist()
    [0.1, 0.0191]
    """
    n = _counted(checks)
    before = np.arange(1, max(n.max(), 2))
    chances = np.cumprod([panel.miss, *_next_miss(panel, before, before)])
    return chances[n - 1]


def _counted(checks: ArrayLike) -> NDArray[np.intp]:
    within("checks", checks, 1, MOST, integer=True)
    return np.asarray(checks).astype(np.intp)


def _next_miss(panel: Panel, missed: ArrayLike, asked: ArrayLike) -> Array:
    """Chance that the next check misses, after so many of those asked have; asked > 0."""
    apart = 1 - panel.correlation
    return (apart * panel.miss + panel.correlation * np.asarray(missed)) / (
        apart + panel.correlation * np.asarray(asked)
    )


def miss_counts(panel: Panel, checks: int) -> Array:
    """Law of the number of checks that miss the same bad update.

    Parameters
    ----------
    panel : Panel
    checks : int, in [1, 1000]

    Returns
    -------
    array [checks + 1]
        Chance of 0, 1, ..., all of them; sums to 1.

    Raises
    ------
    ValueError
        If `checks` is out of its range.

    References
    ----------
    The beta-binomial law, by the recursion of its urn.

    Examples
    --------
    >>> miss_counts(Panel(), 3).round(4).tolist()
    [0.7919, 0.1352, 0.0538, 0.0191]
    """
    n = int(_counted(checks))
    law = np.zeros(n + 1)
    law[:2] = 1 - panel.miss, panel.miss
    for asked in range(1, n):
        misses = law * _next_miss(panel, np.minimum(np.arange(n + 1), asked), asked)
        law = law - misses
        law[1:] += misses[:-1]
    return law


def effective_number(checks: ArrayLike, correlation: ArrayLike) -> Array:
    """Independent checks whose *mean* varies as much as the mean of these.

    Parameters
    ----------
    checks : array of int, in [1, 1000]
    correlation : array, in [0, 1]
        Broadcasts with `checks`.

    Returns
    -------
    array
        n / (1 + (n - 1) correlation), in the common shape. It is about the variance of a mean,
        and not about how often all of them miss: for that see `equivalent_checks`.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Kish (1965), "Survey Sampling": the design effect of a cluster.

    Examples
    --------
    >>> float(effective_number(7, 0.42).round(2))
    1.99
    """
    n = _counted(checks)
    within("correlation", correlation, 0, 1)
    return n / (1 + (n - 1) * np.asarray(correlation, dtype=float))


def equivalent_checks(panel: Panel, checks: ArrayLike) -> Array:
    """Independent checks, equally good, that would all miss as often as these.

    Parameters
    ----------
    panel : Panel
    checks : array of int, any shape, in [1, 1000]

    Returns
    -------
    array
        ln(all miss) / ln(miss), in [1, checks], shape of `checks`.

    Raises
    ------
    ValueError
        If `checks` is out of its range.

    References
    ----------
    This course's own, from `all_miss`.

    Examples
    --------
    >>> equivalent_checks(Panel(), [1, 3]).round(2).tolist()
    [1.0, 1.72]
    """
    return np.log(all_miss(panel, checks)) / np.log(panel.miss)


def common_cause_all_miss(panel: Panel, checks: ArrayLike) -> Array:
    """Chance that all miss if a share of the misses has one cause that blinds everybody.

    The other law with these rates and this correlation: with chance `correlation` an update is
    read by one check for all of them, and otherwise by each alone.

    Parameters
    ----------
    panel : Panel
    checks : array of int, any shape, in [1, 1000]

    Returns
    -------
    array
        correlation · miss + (1 - correlation) · miss^n, shape of `checks`.

    Raises
    ------
    ValueError
        If `checks` is out of its range.

    References
    ----------
    A common-cause model, as the beta-factor model of reliability engineering.

    Examples
    --------
    >>> common_cause_all_miss(Panel(), [1, 2, 3]).round(4).tolist()
    [0.1, 0.037, 0.0307]
    """
    n = _counted(checks)
    return panel.correlation * panel.miss + (1 - panel.correlation) * panel.miss ** n.astype(float)


def majority_right(panel: Panel, checks: ArrayLike) -> Array:
    """Chance that more than half of the checks see a bad update; a tie counts one half.

    Parameters
    ----------
    panel : Panel
    checks : array of int, any shape, in [1, 1000]

    Returns
    -------
    array
        Shape of `checks`.

    Raises
    ------
    ValueError
        If `checks` is out of its range.

    References
    ----------
    Condorcet's jury with beta-binomial votes; for correlated votes in general see Kaniovski and
    Zaigraev (2011), Theory and Decision 71, 439-459.

    Examples
    --------
    >>> majority_right(Panel(miss=0.3, correlation=0.2), [3, 25]).round(3).tolist()
    [0.745, 0.804]
    """
    n = _counted(checks)
    known = {k: _fewer_than_half(miss_counts(panel, k)) for k in np.unique(n).tolist()}
    return np.vectorize(known.__getitem__, otypes=[float])(n)


def _fewer_than_half(law: Array) -> float:
    twice = 2 * np.arange(len(law))
    checks = len(law) - 1
    return float(law[twice < checks].sum() + law[twice == checks].sum() / 2)


def majority_limit(panel: Panel) -> float:
    """Chance that the majority of ever more checks sees a bad update.

    Parameters
    ----------
    panel : Panel

    Returns
    -------
    float
        The share of bad updates that each check misses with a chance under one half: below 1
        unless the checks are independent.

    References
    ----------
    De Finetti: given the update's chance, the share of misses tends to it.

    Examples
    --------
    >>> round(majority_limit(Panel(miss=0.3, correlation=0.2)), 3)
    0.818
    """
    if panel.correlation == 0:
        return float(np.heaviside(0.5 - panel.miss, 0.5))
    spread = (1 - panel.correlation) / panel.correlation
    if spread < 1e-9:
        return 1 - panel.miss
    return float(betainc(panel.miss * spread, (1 - panel.miss) * spread, 0.5))


def simulate_misses(panel: Panel, noise: ArrayLike) -> NDArray[np.bool_]:
    """Let every check of a panel look at many bad updates.

    Parameters
    ----------
    panel : Panel
    noise : array [checks, updates], uniform in [0, 1), at most 1000 checks
        One number for every check and update: the randomness is an input.

    Returns
    -------
    array of bool [checks, updates]
        Whether it missed. The order of the checks means nothing: they are exchangeable.

    Raises
    ------
    ValueError
        If `noise` is out of its range or not of that shape.

    References
    ----------
    Pólya's urn: every miss so far makes the next one likelier, by as much as having the same
    blind spot would.

    Examples
    --------
    >>> simulate_misses(Panel(), [[0.05, 0.5], [0.3, 0.3]]).tolist()
    [[True, False], [True, False]]
    """
    noise = shaped("noise", noise, ("checks", "updates"), longest=MOST)
    within("noise", noise, 0, 1, open_high=True)
    steps = np.arange(1, len(noise))
    chances = _next_miss(panel, np.arange(len(noise)), steps[:, None])
    missed = np.empty(noise.shape, dtype=bool)
    count, chance = np.zeros(noise.shape[1], dtype=np.intp), np.empty(noise.shape[1])
    np.less(noise[0], panel.miss, out=missed[0])
    for asked in steps.tolist():
        np.add(count, missed[asked - 1], out=count)
        np.take(chances[asked - 1], count, out=chance, mode="clip")
        np.less(noise[asked], chance, out=missed[asked])
    return missed
