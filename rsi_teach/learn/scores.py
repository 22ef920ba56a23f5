"""How good a prediction was, in one number."""

from __future__ import annotations

import math

from rsi_teach.models.domain import within


def interval_score(low: float, high: float, truth: float, alpha: float = 0.1) -> float:
    """Score a central (1 - alpha) prediction interval: its width, plus 2/alpha times any miss.

    Smaller is better. In expectation nobody does better than by stating the true alpha/2 and
    1 - alpha/2 quantiles. In the units of `truth`. Source: Winkler (1972); Gneiting & Raftery
    (2007), "Strictly proper scoring rules, prediction, and estimation", equation 43.

    Parameters
    ----------
    low, high : float
        Ends of the interval, finite, low <= high.
    truth : float
        What turned out, finite.
    alpha : float
        The probability that the interval leaves out, in (0, 1).

    Raises
    ------
    ValueError
        For a number outside its range.

    Examples
    --------
    >>> interval_score(2, 5, 4)
    3.0
    >>> interval_score(2, 5, 6)  # a miss by 1 costs 20 on top of the width
    23.0
    """
    within("low", low, open_high=True)
    within("high", high, low, open_high=True)
    within("truth", truth, open_high=True)
    within("alpha", alpha, 0, 1, open_low=True, open_high=True)
    miss = max(low - truth, truth - high, 0.0)
    return float(high - low + 2 / alpha * miss)


def brier(probability: float, happened: bool) -> float:
    """Score a probability by its squared distance from what happened; smaller is better.

    Source: Brier (1950), in the form for one event: 0 is best, 1 is worst, and saying one half
    always gives 0.25.

    Parameters
    ----------
    probability : float
        In [0, 1].
    happened : bool

    Raises
    ------
    ValueError
        When `probability` is outside its range or `happened` is not True or False.

    Examples
    --------
    >>> brier(0.5, True)
    0.25
    """
    within("probability", probability, 0, 1)
    if happened not in (True, False):
        raise ValueError(f"happened = {happened!r} is not True or False")
    return math.pow(probability - bool(happened), 2)
