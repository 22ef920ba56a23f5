"""Where shared misses come from: some cases are hard for everybody, or for everybody alike.

A *demand* is a case that may come: an input, a kind of bad update. A *method* is a way of making
a check: a team, a data set, a family of models. Made by a method, a check fails on a demand with
a chance, the method's difficulty there; checks are made independently of each other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rsi_teach.models.domain import shaped, within

Array = NDArray[np.float64]
MOST = 10_000


@dataclass(frozen=True, kw_only=True, eq=False)
class Demands:
    """How hard each demand is for each method, and how often it comes.

    Parameters
    ----------
    difficulty : array [methods, demands], in [0, 1]
        Chance that a check made by the method fails on the demand.
    shares : array [demands], >= 0
        How often each demand comes; they sum to 1.

    Raises
    ------
    ValueError
        If an array is out of its range or does not fit; the message names it.

    References
    ----------
    Eckhardt and Lee (1985), whose intensity function is one row; Littlewood and Miller (1989),
    who allow several.

    Examples
    --------
    >>> Demands(difficulty=[[0.0, 0.4]], shares=[0.75, 0.25]).difficulty.shape
    (1, 2)
    """

    difficulty: Array
    shares: Array

    def __post_init__(self) -> None:
        """Refuse chances that are none, and shares that do not sum to one."""
        difficulty = shaped("difficulty", self.difficulty, ("methods", "demands"), longest=MOST)
        within("difficulty", difficulty, 0, 1)
        shares = shaped("shares", self.shares, (difficulty.shape[1],))
        within("shares", shares, 0, 1)
        if not math.isclose(np.sum(shares), 1, abs_tol=1e-9):
            raise ValueError(f"shares sum to {np.sum(shares):g}, not to 1")
        object.__setattr__(self, "difficulty", np.asarray(difficulty, dtype=float))
        object.__setattr__(self, "shares", np.asarray(shares, dtype=float))


def miss_rates(demands: Demands) -> Array:
    """Chance that one check fails on the demand that comes, for each method.

    Parameters
    ----------
    demands : Demands

    Returns
    -------
    array [methods]
        The mean difficulty.

    References
    ----------
    Eckhardt and Lee (1985).

    Examples
    --------
    >>> miss_rates(Demands(difficulty=[[0.0, 0.4]], shares=[0.75, 0.25])).tolist()
    [0.1]
    """
    return demands.difficulty @ demands.shares


def coincidence(demands: Demands, methods: Sequence[int]) -> float:
    """Chance that all checks fail on the demand that comes.

    Parameters
    ----------
    demands : Demands
    methods : sequence of int, in [0, number of methods - 1]
        The method of each check; one may come several times. At least one.

    Returns
    -------
    float
        Mean over demands of the product of the difficulties.

    Raises
    ------
    ValueError
        If `methods` is empty or names a method that there is not.

    References
    ----------
    Eckhardt and Lee (1985) for one method: E[difficulty^n], never below E[difficulty]^n.
    Littlewood and Miller (1989) for several.

    Examples
    --------
    >>> alike = Demands(difficulty=[[0.0, 0.4], [0.4 / 3, 0.0]], shares=[0.75, 0.25])
    >>> [round(coincidence(alike, made), 3) for made in ([0, 0], [0, 1])]
    [0.04, 0.0]
    """
    chosen = shaped("methods", methods, ("checks",), longest=MOST)
    within("methods", chosen, 0, len(demands.difficulty) - 1, integer=True)
    together = demands.difficulty[chosen.astype(np.intp)].prod(axis=0)
    return float(together @ demands.shares)


def difficulty_covariance(demands: Demands) -> Array:
    """Covariance of the difficulties of every two methods over the demands that come.

    Parameters
    ----------
    demands : Demands

    Returns
    -------
    array [methods, methods]
        What has to be added to the product of two miss rates to have the chance that both fail.
        The diagonal, a variance, is never negative; the rest may be.

    References
    ----------
    Littlewood and Miller (1989).

    Examples
    --------
    >>> alike = Demands(difficulty=[[0.0, 0.4], [0.4 / 3, 0.0]], shares=[0.75, 0.25])
    >>> difficulty_covariance(alike).round(3).tolist()
    [[0.03, -0.01], [-0.01, 0.003]]
    """
    apart = demands.difficulty - miss_rates(demands)[:, None]
    return (apart * demands.shares) @ apart.T


def simulate_versions(
    demands: Demands, methods: Sequence[int], noise: ArrayLike
) -> NDArray[np.bool_]:
    """Make sets of checks, each by its method, and try each on every demand.

    Parameters
    ----------
    demands : Demands
    methods : sequence of int, in [0, number of methods - 1]
        The method of each check.
    noise : array [checks, demands, sets], uniform in [0, 1)

    Returns
    -------
    array of bool [checks, demands, sets]
        Whether the check fails on the demand.

    Raises
    ------
    ValueError
        If a parameter is out of its range or of another shape.

    References
    ----------
    Eckhardt and Lee (1985); Littlewood and Miller (1989).

    Examples
    --------
    >>> one = Demands(difficulty=[[0.0, 0.4]], shares=[0.75, 0.25])
    >>> simulate_versions(one, [0, 0], [[[0.1], [0.1]], [[0.9], [0.9]]])[:, :, 0].tolist()
    [[False, True], [False, False]]
    """
    chosen = shaped("methods", methods, ("checks",), longest=MOST)
    within("methods", chosen, 0, len(demands.difficulty) - 1, integer=True)
    noise = shaped("noise", noise, (len(chosen), len(demands.shares), "sets"))
    within("noise", noise, 0, 1, open_high=True)
    return noise < demands.difficulty[chosen.astype(np.intp), :, None]


# --- measured on answers ------------------------------------------------------------------------


def error_correlations(errors: ArrayLike) -> Array:
    """Correlation between the errors of every two readers of the same items.

    Parameters
    ----------
    errors : array of bool or 0 and 1 [readers, items]
        Each reader must err somewhere and not everywhere: otherwise nothing is correlated with
        it.

    Returns
    -------
    array [readers, readers]
        Pearson's correlation of the indicators, ones on the diagonal.

    Raises
    ------
    ValueError
        If `errors` is not of that kind, or a reader never errs, or always does.

    References
    ----------
    The phi coefficient.

    Examples
    --------
    >>> error_correlations([[1, 1, 0, 0], [1, 0, 0, 0]]).round(3).tolist()
    [[1.0, 0.577], [0.577, 1.0]]
    """
    table = np.asarray(shaped("errors", errors, ("readers", "items"), longest=MOST))
    table = table.astype(float) if table.dtype.kind == "b" else table
    within("errors", table, 0, 1, integer=True)
    if np.any(table.min(axis=1) == table.max(axis=1)):
        raise ValueError("errors: a reader never errs or always does; it has no correlation")
    return np.atleast_2d(np.corrcoef(table))


def agreement_when_both_err(answers: ArrayLike, truth: ArrayLike) -> float:
    """Share of the items that two readers both get wrong on which they give the same answer.

    Parameters
    ----------
    answers : array of int [readers, items], in [0, 10000]
        At least two readers.
    truth : array of int [items], in [0, 10000]

    Returns
    -------
    float
        Mean over the pairs that err together somewhere.

    Raises
    ------
    ValueError
        If an array is out of its range or does not fit, or no two readers err together.

    References
    ----------
    Kim, Garg, Peng and Garg (2025).

    Examples
    --------
    >>> agreement_when_both_err([[1, 1, 2, 0], [1, 2, 2, 1]], [0, 0, 0, 0])
    0.6666666666666666
    """
    answers = shaped("answers", answers, ("readers", "items"))
    within("answers", answers, 0, MOST, integer=True)
    truth = shaped("truth", truth, (answers.shape[1],))
    within("truth", truth, 0, MOST, integer=True)
    shares = []
    for first, one in enumerate(answers):
        for other in answers[first + 1 :]:
            both = (one != truth) & (other != truth)
            if both.any():
                shares.append(np.mean(one[both] == other[both]))
    if not shares:
        raise ValueError("answers: no two readers err on the same item")
    return float(np.mean(shares))


def tempting_share(agreement: float, *, wrong: int = 3) -> float:
    """How often an erring reader gives the item's most tempting wrong answer.

    Parameters
    ----------
    agreement : float, in [1 / wrong, 1]
        Chance that two readers who both err give the same answer.
    wrong : int, in [2, 100]
        Wrong answers per item; the untempting ones are equally likely.

    Returns
    -------
    float
        In [1 / wrong, 1].

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    This course's own: the larger root of t² + (1 - t)²/(wrong - 1) = agreement.

    Examples
    --------
    >>> round(tempting_share(0.6), 3)
    0.755
    """
    within("wrong", wrong, 2, 100, integer=True)
    within("agreement", agreement, 1 / wrong, 1)
    return float((1 + math.sqrt(max((wrong - 1) * (wrong * agreement - 1), 0))) / wrong)


def draw_answers(
    errs: ArrayLike, noise: ArrayLike, *, tempting: float, wrong: int = 3
) -> NDArray[np.intp]:
    """Give every reader an answer to every item: 0 if right, 1 for the tempting wrong one.

    Parameters
    ----------
    errs : array of bool [readers, items]
        Who gets what wrong.
    noise : array, uniform in [0, 1), shape of `errs`
    tempting : float, in [0, 1]
        How often an erring reader gives answer 1; otherwise 2, 3, ... come equally often.
    wrong : int, in [2, 100]
        Wrong answers per item.

    Returns
    -------
    array of int [readers, items]
        In [0, wrong].

    Raises
    ------
    ValueError
        If a parameter is out of its range or of another shape.

    References
    ----------
    This course's own synthetic readers.

    Examples
    --------
    >>> draw_answers([[False, True, True]], [[0.9, 0.3, 0.9]], tempting=0.5).tolist()
    [[0, 1, 3]]
    """
    errs = shaped("errs", errs, ("readers", "items"))
    if errs.dtype.kind != "b":
        raise ValueError("errs is not an array of True and False")
    noise = shaped("noise", noise, errs.shape)
    within("noise", noise, 0, 1, open_high=True)
    within("tempting", tempting, 0, 1)
    within("wrong", wrong, 2, 100, integer=True)
    rest = (noise - tempting) / max(1 - tempting, 1e-12)
    others = 2 + np.clip((rest * (wrong - 1)).astype(np.intp), 0, wrong - 2)
    return np.where(errs, np.where(noise < tempting, 1, others), 0)
