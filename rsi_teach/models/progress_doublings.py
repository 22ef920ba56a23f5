"""Chapter 01: progress counted in doublings, and what not knowing the returns does to it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

from rsi_teach.models.domain import shaped, within

Array = NDArray[np.float64]


def doubling_ratio(*, returns: ArrayLike, parallel: ArrayLike) -> Array:
    """How long each doubling takes, against the one before: 2^(p(1/r - 1)).

    Parameters
    ----------
    returns : array, in [0.1, 10]
        r, the returns to research.
    parallel : array, in (0, 1], broadcastable with `returns`
        p = λalpha: how often progress speeds up twofold when the AI labour has doubled once.

    Returns
    -------
    array
        Below 1 the doublings get shorter.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Eth and Davidson (2025); Davidson and Houlden (2025).

    Examples
    --------
    >>> doubling_ratio(returns=[0.7, 1, 3], parallel=1).round(2).tolist()
    [1.35, 1.0, 0.63]
    """
    within("returns", returns, 0.1, 10)
    within("parallel", parallel, 0, 1, open_low=True)
    return np.exp2(np.asarray(parallel) * (1 / np.asarray(returns, dtype=float) - 1))


def doubling_times(*, first: float, ratio: float, n: int) -> Array:
    """Lengths of the next `n` doublings, each `ratio` times the one before.

    Parameters
    ----------
    first : float, in (0, 1e6], a time
        Length of the first doubling.
    ratio : float, in (0, 512]
        From `doubling_ratio`.
    n : int, in [1, 100]
        A hundred doublings are a factor of 10^30.

    Returns
    -------
    array [n]
        In the unit of `first`.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Eth and Davidson (2025): DT_{i+1} = DT_i · 2^(p(1/r - 1)).

    Examples
    --------
    >>> doubling_times(first=2, ratio=0.75, n=3).tolist()
    [2.0, 1.5, 1.125]
    """
    within("first", first, 0, 1e6, open_low=True)
    within("ratio", ratio, 0, 512, open_low=True)
    within("n", n, 1, 100, integer=True)
    return first * np.power(float(ratio), np.arange(n))


def time_left(*, first: ArrayLike, ratio: ArrayLike) -> Array:
    """Time that all the remaining doublings take together; ``inf`` if they do not get shorter.

    Parameters
    ----------
    first : array, in (0, 1e6], a time
        Length of the first of them.
    ratio : array, in (0, 512], broadcastable with `first`
        From `doubling_ratio`.

    Returns
    -------
    array
        first / (1 - ratio) below ratio 1, else ``inf``.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Geometric series; the toy of Eth and Davidson (2025): 2, 1.5, … months make 8.

    Examples
    --------
    >>> float(time_left(first=2, ratio=0.75))
    8.0
    """
    within("first", first, 0, 1e6, open_low=True)
    within("ratio", ratio, 0, 512, open_low=True)
    first, ratio = np.broadcast_arrays(np.asarray(first, dtype=float), ratio)
    never = np.full(ratio.shape, np.inf)
    return np.divide(first, 1 - ratio, out=never, where=ratio < 1)


@dataclass(frozen=True, kw_only=True)
class ReturnsBelief:
    """What somebody believes about r: between `low` and `high` with probability `coverage`.

    The same printed interval is read in more than one way; `shape` and `coverage` say which.
    The belief is symmetric in ln r, so its median is the geometric mean of the two ends.

    Parameters
    ----------
    low, high : float, in [0.01, 100], high at least 0.1 % above low
        Ends of the interval for the returns to research.
    coverage : float, in [0.5, 1], at most 0.9999 for a log-normal
        Probability inside the interval: 0.9 if the ends are the 5th and 95th percentiles.
    shape : {"log-normal", "log-uniform"}
        Distribution of r.

    Raises
    ------
    ValueError
        If a parameter is out of its range; the message names it.

    References
    ----------
    Intervals: Erdil, Besiroglu and Ho (2024) as quoted by Eth and Davidson (2025); log-uniform
    over the whole range: Davidson and Houlden (2025).

    Examples
    --------
    >>> round(ReturnsBelief(low=0.8, high=2.4).median, 3)
    1.386
    """

    low: float
    high: float
    coverage: float = 0.9
    shape: Literal["log-normal", "log-uniform"] = "log-normal"

    def __post_init__(self) -> None:
        """Refuse an interval that is none."""
        if self.shape not in ("log-normal", "log-uniform"):
            raise ValueError(f'shape = {self.shape!r} is neither "log-normal" nor "log-uniform"')
        within("low", self.low, 0.01, 100)
        within("high", self.high, 1.001 * self.low, 100)
        normal = self.shape == "log-normal"
        within("coverage", self.coverage, 0.5, 0.9999 if normal else 1)

    @property
    def median(self) -> float:
        """As likely above as below."""
        return math.sqrt(self.low * self.high)

    @property
    def spread(self) -> float:
        """Scale of ln r: standard deviation if normal, half-width if uniform."""
        half = math.log(self.high / self.low) / 2
        if self.shape == "log-normal":
            return half / float(ndtri((1 + self.coverage) / 2))
        return half / self.coverage


def chance_above_one(belief: ReturnsBelief) -> float:
    """Probability that returns to research exceed 1, so that progress feeds on itself.

    Parameters
    ----------
    belief : ReturnsBelief

    Returns
    -------
    float
        In [0, 1].

    References
    ----------
    Log-uniform on the whole range: ln(high) / ln(high/low), here for Davidson and Houlden's
    (2025) 0.4 to 3.6.

    Examples
    --------
    >>> belief = ReturnsBelief(low=0.4, high=3.6, coverage=1, shape="log-uniform")
    >>> round(chance_above_one(belief), 3)
    0.583
    """
    score = math.log(belief.median) / belief.spread
    if belief.shape == "log-normal":
        return float(ndtr(score))
    return min(max((1 + score) / 2, 0.0), 1.0)


def returns_at(belief: ReturnsBelief, probability: ArrayLike) -> Array:
    """Quantiles of the belief; fed with uniform noise, draws from it.

    Parameters
    ----------
    belief : ReturnsBelief
    probability : array, any shape, in [1e-12, 1 - 1e-12]
        Probabilities, or kept uniform noise.

    Returns
    -------
    array
        r, shape of `probability`.

    Raises
    ------
    ValueError
        If a probability is out of its range.

    References
    ----------
    Inverse-transform sampling.

    Examples
    --------
    >>> returns_at(ReturnsBelief(low=0.5, high=2), [0.05, 0.5, 0.95]).round(6).tolist()
    [0.5, 1.0, 2.0]
    """
    within("probability", probability, 1e-12, 1 - 1e-12)
    p = np.asarray(probability, dtype=float)
    score = ndtri(p) if belief.shape == "log-normal" else 2 * p - 1
    return belief.median * np.exp(belief.spread * score)


@dataclass(frozen=True, kw_only=True)
class ExplosionRanges:
    """Ranges of the published simulation: log-uniform, the limit uniform.

    Parameters
    ----------
    speed_up : (float, float), in [0.1, 1000]
        f: how much faster software progress is once AI does the research.
    returns : (float, float), in [0.01, 100]
        r at the start; it falls in equal steps to 0 at the limit.
    parallel : (float, float), in [0.01, 1]
        p, see `doubling_ratio`.
    limit_years : (float, float), in [1, 20]
        Distance to the limit of software, in years of recent total progress (8 doublings each).

    Raises
    ------
    ValueError
        If an end is out of its range or the ends are in the wrong order.

    References
    ----------
    Davidson and Houlden (2025), "How quick and big would a software intelligence explosion be?"

    Examples
    --------
    >>> ExplosionRanges().returns
    (0.4, 3.6)
    """

    speed_up: tuple[float, float] = (2.0, 32.0)
    returns: tuple[float, float] = (0.4, 3.6)
    parallel: tuple[float, float] = (0.15, 0.6)
    limit_years: tuple[float, float] = (6.0, 16.0)

    def __post_init__(self) -> None:
        """Refuse ranges that are none."""
        allowed = {"speed_up": (0.1, 1000), "returns": (0.01, 100)}
        allowed |= {"parallel": (0.01, 1), "limit_years": (1, 20)}
        for name, (least, most) in allowed.items():
            ends = getattr(self, name)
            within(name, ends, least, most)
            if np.shape(ends) != (2,) or ends[0] > ends[1]:
                raise ValueError(f"{name} = {ends!r} is not (low, high) in [{least}, {most}]")


def doubling_clock(ranges: ExplosionRanges, noise: ArrayLike) -> Array:
    """Months at which each doubling of software is complete, in every run of the simulation.

    The first doubling takes 3 months / f. After each, r falls by its share and the next takes
    2^(p(1/r - 1)) times as long. At the limit progress stops: the clock jumps past 1e18 months.

    Parameters
    ----------
    ranges : ExplosionRanges
    noise : array [4, runs], uniform in [0, 1]
        For the speed-up, the returns, the parallel exponent and the limit, in this order.

    Returns
    -------
    array [doublings + 1, runs]
        Months since the start; row 0 is zero. As many doublings as the farthest limit allows.

    Raises
    ------
    ValueError
        If `noise` is out of its range or not of that shape.

    References
    ----------
    Davidson and Houlden (2025). Here r falls before it sets the next doubling, as in the
    authors' program; the paper's pseudo-code has it the other way round.

    Examples
    --------
    >>> doubling_clock(ExplosionRanges(), [[0.5], [0.5], [0.5], [0.5]])[:3, 0].round(3).tolist()
    [0.0, 0.375, 0.738]
    """
    noise = shaped("noise", noise, (4, "runs"))
    within("noise", noise, 0, 1)
    drawn = (ranges.speed_up, ranges.returns, ranges.parallel)
    speed_up, returns, parallel = (
        low * (high / low) ** u for (low, high), u in zip(drawn, noise, strict=False)
    )
    low, high = ranges.limit_years
    doublings = 8 * (low + (high - low) * noise[3])
    return _clock(3 / speed_up, returns, parallel, doublings, math.ceil(8 * high))


def _clock(first: Array, returns: Array, parallel: Array, limit: Array, n: int) -> Array:
    clock, length = np.zeros((n + 1, first.size)), first
    for i in range(1, n + 1):
        clock[i] = clock[i - 1] + length
        going = i < limit
        now = np.where(going, returns * (1 - i / limit), 1.0)
        slower = np.minimum(parallel * (1 / np.maximum(now, 1e-3) - 1), 60)
        length = np.where(going, np.minimum(length * np.exp2(slower), 1e18), 1e18)
    return clock


def chance_compressed(clock: ArrayLike, *, years: int, months: float = 12.0) -> float:
    """Share of runs with `years` years of progress inside some window of `months` months.

    Parameters
    ----------
    clock : array [doublings + 1, runs], months, increasing down each column
        From `doubling_clock`.
    years : int, in [1, 20]
        Years of recent total progress; a year is 8 doublings.
    months : float, in (0, 1200]
        Length of the window, which may begin at any doubling.

    Returns
    -------
    float
        In [0, 1]; 0 if the clock has not that many doublings.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    Davidson and Houlden (2025): .56 for 3 years and .17 for 10, within 12 months.

    Examples
    --------
    >>> chance_compressed([[0.0]] + [[i / 3] for i in range(1, 30)], years=3)
    1.0
    """
    within("years", years, 1, 20, integer=True)
    within("months", months, 0, 1200, open_low=True)
    within("clock", clock, 0, math.inf, open_high=True)
    clock, step = shaped("clock", clock, ("doublings + 1", "runs")), 8 * int(years)
    if len(clock) <= step:
        return 0.0
    return float(np.mean(np.any(clock[step:] - clock[:-step] <= months, axis=0)))
