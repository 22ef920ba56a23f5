"""Chapter 14: going now, waiting for news, or staying out.

Something is safe with some probability. If it is, going brings its value; if not, going brings the
loss. Waiting discounts everything and may bring news, and somebody else may go meanwhile. What old
tests are worth for new versions is in `waiting_evidence`, growth under risk in `waiting_growth`,
the loop behind a gate in `waiting_gate`; all are imported here.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rsi_teach.models.domain import within
from rsi_teach.models.waiting_evidence import (
    clean_lineages,
    discounted_bound,
    effective_tests,
    inherited_bound,
    miss_chance,
    needed_tests,
)
from rsi_teach.models.waiting_gate import (
    Gate,
    Gated,
    chance_open,
    gate_errors,
    needed_passes,
    running_share,
    simulate_gated,
)
from rsi_teach.models.waiting_growth import (
    Planner,
    largest_risk,
    stop_consumption,
    stop_risk,
    stop_time,
    utility,
    welfare,
)

__all__ = [
    "CHOICES",
    "NOBODY",
    "PERFECT",
    "Gate",
    "Gated",
    "News",
    "Planner",
    "Rivals",
    "Stakes",
    "best_delay",
    "best_of_three",
    "break_even_hazard",
    "chance_open",
    "clean_lineages",
    "discounted_bound",
    "effective_tests",
    "gate_errors",
    "go_now",
    "inherited_bound",
    "largest_risk",
    "miss_chance",
    "needed_passes",
    "needed_tests",
    "news_value",
    "running_share",
    "simulate_gated",
    "stay_out",
    "stop_consumption",
    "stop_risk",
    "stop_time",
    "too_late_too_early",
    "utility",
    "wait",
    "welfare",
]

Array = NDArray[np.float64]
CHOICES = ("stay out", "go now", "wait")
"""What `best_of_three` chooses between, in the order of its codes."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Stakes:
    """What there is to win and to lose.

    Parameters
    ----------
    safe : float or array, in [0, 1]
        Chance that going turns out well.
    value : float or array, in [0, 1e9]
        Of going when it does.
    loss : float or array, in [0, 1e9]
        Of going when it does not, in the units of `value`.
    rate : float or array, in [1e-9, 10], per year
        At which what comes later is worth less: the cost of delay.
    undone : float or array, in [0, 1]
        Share of the loss that can be undone afterwards; 0 is irreversible.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    The two-period problem of Arrow and Fisher (1974), with a continuous discount.

    Examples
    --------
    >>> float(Stakes(loss=10.0).value)
    1.0
    """

    safe: ArrayLike = 0.9
    value: ArrayLike = 1.0
    loss: ArrayLike = 5.0
    rate: ArrayLike = 0.05
    undone: ArrayLike = 0.0

    def __post_init__(self) -> None:
        """Refuse what is no bet."""
        within("safe", self.safe, 0, 1)
        within("value", self.value, 0, 1e9)
        within("loss", self.loss, 0, 1e9)
        within("rate", self.rate, 1e-9, 10)
        within("undone", self.undone, 0, 1)
        _as_floats(self)

    @property
    def hoped(self) -> Array:
        """Chance times value."""
        return self.safe * self.value

    @property
    def feared(self) -> Array:
        """Chance times the loss that cannot be undone."""
        return (1 - self.safe) * (1 - self.undone) * self.loss


@dataclass(frozen=True, kw_only=True, eq=False)
class News:
    """What waiting will say.

    Parameters
    ----------
    catches : float or array, in [0, 1]
        Chance of an alarm if going would turn out badly.
    false_alarm : float or array, in [0, 1]
        Chance of an alarm if it would turn out well.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Howard (1966) for what news is worth.

    Examples
    --------
    >>> float(News().catches)
    1.0
    """

    catches: ArrayLike = 1.0
    false_alarm: ArrayLike = 0.0

    def __post_init__(self) -> None:
        """Refuse what is no chance."""
        within("catches", self.catches, 0, 1)
        within("false_alarm", self.false_alarm, 0, 1)
        _as_floats(self)


@dataclass(frozen=True, kw_only=True, eq=False)
class Rivals:
    """Others, who may go first; when they do, everybody sees how it turns out.

    Parameters
    ----------
    hazard : float or array, in [0, 1e6], per year
        Rate at which somebody else goes.
    lost : float or array, in [0, 1]
        Share of our value that is gone then.
    shared : float or array, in [0, 1]
        Share of our loss that hits us as well if it turns out badly for them; nothing of that can
        be undone by us.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    This course's own toy: others at a constant hazard, who do not react to us. For rivals who do,
    Armstrong, Bostrom and Shulman (2016).

    Examples
    --------
    >>> float(Rivals(hazard=0.2).lost)
    1.0
    """

    hazard: ArrayLike = 0.0
    lost: ArrayLike = 1.0
    shared: ArrayLike = 0.0

    def __post_init__(self) -> None:
        """Refuse what is no rival."""
        within("hazard", self.hazard, 0, 1e6)
        within("lost", self.lost, 0, 1)
        within("shared", self.shared, 0, 1)
        _as_floats(self)


def _as_floats(made: Stakes | News | Rivals) -> None:
    """Let lists stand for arrays."""
    for field in fields(made):
        object.__setattr__(made, field.name, np.asarray(getattr(made, field.name), dtype=float)[()])


PERFECT = News()
NOBODY = Rivals()


def go_now(stakes: Stakes) -> Array:
    """Expected value of going at once.

    Parameters
    ----------
    stakes : Stakes

    Returns
    -------
    array
        Chance times value, less the chance of failure times the lasting loss.

    References
    ----------
    Expected value.

    Examples
    --------
    >>> round(float(go_now(Stakes())), 2)
    0.4
    """
    return stakes.hoped - stakes.feared


def stay_out(stakes: Stakes, *, rivals: Rivals = NOBODY) -> Array:
    """Expected value of never going: nothing, unless others go.

    Parameters
    ----------
    stakes : Stakes
    rivals : Rivals
        By default there are none.

    Returns
    -------
    array

    References
    ----------
    The first arrival of a Poisson process, discounted: hazard / (hazard + rate).

    Examples
    --------
    >>> float(stay_out(Stakes())), round(float(stay_out(Stakes(), rivals=Rivals(hazard=0.05,
    ...                                                                         shared=1))), 3)
    (0.0, -0.25)
    """
    return rivals.hazard / (rivals.hazard + stakes.rate) * _if_they_go(stakes, rivals)


def _if_they_go(stakes: Stakes, rivals: Rivals) -> Array:
    """Our part when others go: what is left of the value, or our share of their loss."""
    hit = (1 - stakes.safe) * rivals.shared * stakes.loss
    return stakes.hoped * (1 - rivals.lost) - hit


def wait(
    stakes: Stakes, time: ArrayLike, *, news: News = PERFECT, rivals: Rivals = NOBODY
) -> Array:
    """Expected value of waiting for news, and then doing what is best.

    Parameters
    ----------
    stakes : Stakes
    time : array, in [0, 1e4], years
        When the news comes.
    news : News
        Perfect by default.
    rivals : Rivals
        By default there are none. If one goes first, we take what is left.

    Returns
    -------
    array
        After an alarm, and after none, the better of going and staying out.

    Raises
    ------
    ValueError
        If `time` is out of its range.

    References
    ----------
    Arrow and Fisher (1974), Howard (1966); with perfect news and nobody else, exp(-rate · time)
    times chance times value.

    Examples
    --------
    >>> round(float(wait(Stakes(), 1.0)), 3)
    0.856
    """
    within("time", time, 0, 1e4)
    time, hazard = np.asarray(time, dtype=float), rivals.hazard
    pace = hazard + stakes.rate
    still_here = np.exp(-pace * time)
    return still_here * sum(_best_after(stakes, news, rivals)) - np.expm1(-pace * time) * (
        hazard / pace
    ) * _if_they_go(stakes, rivals)


def _best_after(stakes: Stakes, news: News, rivals: Rivals) -> list[Array]:
    """After an alarm and after none: the better of going and staying out, times its chance."""
    return [
        seen * np.maximum(go_now(then), stay_out(then, rivals=rivals))
        for seen, then in _after(stakes, news)
    ]


def _after(stakes: Stakes, news: News) -> Iterator[tuple[Array, Stakes]]:
    """Chance of an alarm and what is then at stake; the same for no alarm."""
    safe, bad, good = stakes.safe, news.catches, news.false_alarm
    for if_bad, if_good in ((bad, good), (1 - bad, 1 - good)):
        seen = (1 - safe) * if_bad + safe * if_good
        share = np.where(seen > 0, safe * if_good / np.where(seen > 0, seen, 1), safe)
        yield seen, replace(stakes, safe=np.clip(share, 0, 1))


def news_value(stakes: Stakes, news: News) -> Array:
    """What news would be worth if it came at once and nobody else were there.

    Parameters
    ----------
    stakes : Stakes
    news : News

    Returns
    -------
    array, >= 0
        0 when nothing that the news can say would change what is done.

    References
    ----------
    Howard (1966); the expected value of sample information.

    Examples
    --------
    >>> poor = News(catches=0.5, false_alarm=0.3)
    >>> float(news_value(Stakes(), PERFECT).round(3)), float(news_value(Stakes(), poor))
    (0.5, 0.0)
    """
    informed = sum(_best_after(stakes, news, NOBODY))
    gained = informed - np.maximum(go_now(stakes), 0)
    return np.where(gained > 1e-12 * (1 + np.abs(informed)), gained, 0.0)


def best_of_three(
    stakes: Stakes, time: ArrayLike, *, news: News = PERFECT, rivals: Rivals = NOBODY
) -> NDArray[np.intp]:
    """Whether to stay out, go now or wait.

    Parameters
    ----------
    stakes : Stakes
    time : array, in [0, 1e4], years
        When the news comes.
    news : News
    rivals : Rivals

    Returns
    -------
    array of int
        Position in `CHOICES`; the earlier one if two agree to nine digits.

    Raises
    ------
    ValueError
        If `time` is out of its range.

    References
    ----------
    The largest of `stay_out`, `go_now` and `wait`.

    Examples
    --------
    >>> [CHOICES[i] for i in best_of_three(Stakes(loss=[0.1, 5, 5], rate=[0.05, 0.05, 2]), 1.0)]
    ['go now', 'wait', 'go now']
    """
    options = (
        stay_out(stakes, rivals=rivals),
        go_now(stakes),
        wait(stakes, time, news=news, rivals=rivals),
    )
    values = np.stack(np.broadcast_arrays(*options))
    best = values.max(axis=0)
    return np.argmax(values >= best - 1e-9 * (1 + np.abs(best)), axis=0)


def break_even_hazard(
    stakes: Stakes, time: float, *, news: News = PERFECT, lost: float = 1.0, shared: float = 0.0
) -> float:
    """Smallest hazard of others at which going now is as good as waiting.

    Parameters
    ----------
    stakes : Stakes
        Single numbers, no arrays.
    time : float, in [0, 1e4], years
        When the news comes.
    news : News
        Single numbers.
    lost : float, in [0, 1]
        Share of our value that is gone when others go.
    shared : float, in [0, 1]
        Share of our loss that hits us when it turns out badly for others.

    Returns
    -------
    float
        Per year. 0 if going is at least as good without any rivals, ``inf`` if it is not up to a
        hazard of 1e6.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    `wait` = `go_now`, solved for the hazard by bisection after a search on a grid.

    Examples
    --------
    >>> round(break_even_hazard(Stakes(), 1.0), 3)
    0.761
    """
    within("lost", lost, 0, 1)
    within("shared", shared, 0, 1)

    def ahead(hazard: ArrayLike) -> Array:
        """By how much waiting is better."""
        rivals = Rivals(hazard=hazard, lost=lost, shared=shared)
        return wait(stakes, time, news=news, rivals=rivals) - go_now(stakes)

    grid = np.concatenate([[0.0], np.geomspace(1e-6, 1e6, 2401)])
    better = ahead(grid) <= 0
    if not better.any() or better[0]:
        return 0.0 if better[0] else math.inf
    low, high = grid[int(better.argmax()) - 1], grid[int(better.argmax())]
    while high - low > 1e-12 * high:
        middle = (low + high) / 2
        low, high = (low, middle) if ahead(middle) <= 0 else (middle, high)
    return float(high)


def too_late_too_early(
    stakes: Stakes, time: ArrayLike, *, learning: float, kept: float = 1.0
) -> Array:
    """What is lost by waiting so long, and by not waiting longer.

    While one waits, tests raise the alarm on what is unsafe at a constant hazard. If what is
    tested is replaced meanwhile, old tests count less. At the end one goes unless alarmed.

    Parameters
    ----------
    stakes : Stakes
    time : array, in [0, 1e4], years
    learning : float, in [0, 1e6], per year
        Hazard of the alarm for something unsafe that stands still.
    kept : float, in (0, 1]
        Share of a test's worth that is left after a year; 1 if what is tested stands still.

    Returns
    -------
    array [2, ...]
        Value lost by delay, and expected lasting loss; together they are how far the plan falls
        short of somebody who knows already.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    p V (1 - exp(-r t)) and exp(-r t) (1 - p) L exp(-k E(t)), with E(t) = t, or (1 - kept^t) over
    -ln(kept), which stays under 1 / -ln(kept).

    Examples
    --------
    >>> too_late_too_early(Stakes(), [0, 2, 8], learning=1.0).round(3).tolist()
    [[0.0, 0.086, 0.297], [0.5, 0.061, 0.0]]
    """
    within("time", time, 0, 1e4)
    within("learning", learning, 0, 1e6)
    within("kept", kept, 1e-9, 1)
    time, rate = np.asarray(time, dtype=float), stakes.rate
    fades = -math.log(kept)
    exposure = time if fades == 0 else -np.expm1(-fades * time) / fades
    late = -np.expm1(-rate * time) * stakes.hoped
    return np.stack([late, np.exp(-rate * time - learning * exposure) * stakes.feared])


def best_delay(stakes: Stakes, *, learning: float) -> Array:
    """Time at which to stop testing something that stands still, and go.

    Parameters
    ----------
    stakes : Stakes
        With a value above 0.
    learning : float, in (0, 1e6], per year
        Hazard of the alarm for something unsafe.

    Returns
    -------
    array, years
        ln((1 + k/r) (1 - p) L / (p V)) / k, and 0 where that is negative.

    Raises
    ------
    ValueError
        If `learning` is out of its range or there is no value to hope for.

    References
    ----------
    The minimum of `too_late_too_early`'s sum.

    Examples
    --------
    >>> round(float(best_delay(Stakes(), learning=1.0)), 2)
    2.46
    """
    within("learning", learning, 1e-9, 1e6)
    if np.any(stakes.hoped <= 0):
        raise ValueError("stakes have no value to hope for: safe and value must be above 0")
    odds = stakes.feared / stakes.hoped
    worth = (1 + learning / stakes.rate) * odds
    return np.log(np.maximum(worth, 1.0)) / learning
