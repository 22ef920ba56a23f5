"""Chapter 15: how many bits it takes to keep hold of what grows, and understanding as a channel.

Somebody knows that a quantity lies in an interval of width w. A message of R bits tells in which
of 2^R equal cells it lies. Then the quantity multiplies itself by a, and up to a width d of novelty
comes in: w' = a w / 2^R + d. It stays bounded if R > log2 a and only then, and no cleverer message
does better (Nair and Evans 2004; Tatikonda and Mitter 2004).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rsi_teach.models.domain import shaped, within

Array = NDArray[np.float64]
LONGEST = 250
"""Most messages, or cycles, of one run."""


def bits_needed(growth: ArrayLike) -> float:
    """Bits a step that an average message must exceed to keep every growing part in bounds.

    Parameters
    ----------
    growth : array, any shape, in [-1e6, 1e6]
        What each independent part is multiplied by in a step: the eigenvalues.

    Returns
    -------
    float
        The sum of log2 |growth| over those parts that grow.

    Raises
    ------
    ValueError
        If `growth` is out of its range.

    References
    ----------
    Nair and Evans (2004); Tatikonda and Mitter (2004).

    Examples
    --------
    >>> bits_needed(2), bits_needed([2, -2, 0.5])
    (1.0, 2.0)
    """
    within("growth", growth, -1e6, 1e6)
    return float(np.sum(np.log2(np.maximum(np.abs(growth), 1))))


def interval_widths(
    bits: ArrayLike, *, growth: float = 2.0, novelty: float = 1.0, start: float = 1.0
) -> Array:
    """Width of the interval in which the quantity is known to lie, before each message.

    Parameters
    ----------
    bits : array [messages], in [0, 1000], at most 250 messages
        What each message tells; fractions are allowed here.
    growth : float, in [0, 10]
        What the quantity is multiplied by after each message.
    novelty : float, in [0, 1e6]
        Width of what comes in after each message.
    start : float, in [0, 1e6]

    Returns
    -------
    array [messages + 1]
        w' = growth · w / 2^bits + novelty; row 0 is the start.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    The width recursion of a uniform quantiser; Tatikonda and Mitter (2004).

    Examples
    --------
    >>> interval_widths([1, 1, 2, 2], growth=2, novelty=0.5).tolist()
    [1.0, 1.5, 2.0, 1.5, 1.25]
    """
    bits = _check_bits(bits)
    within("growth", growth, 0, 10)
    within("novelty", novelty, 0, 1e6)
    within("start", start, 0, 1e6)
    widths = np.full(len(bits) + 1, float(start))
    for t, left in enumerate(2.0**-bits):
        widths[t + 1] = growth * widths[t] * left + novelty
    return widths


def _check_bits(bits: ArrayLike) -> Array:
    bits = shaped("bits", bits, ("messages",), longest=LONGEST)
    within("bits", bits, 0, 1000)
    return np.asarray(bits, dtype=float)


def settled_widths(bits: ArrayLike, *, growth: float = 2.0, novelty: float = 1.0) -> Array:
    """Widths before each message once a pattern of messages has been repeated for ever.

    Parameters
    ----------
    bits : array [messages], in [0, 1000], at most 250 messages
        One round of the pattern.
    growth : float, in [0, 10]
    novelty : float, in [0, 1e6]

    Returns
    -------
    array [messages]
        All ``inf`` if the pattern's mean bits do not exceed log2 growth, unless nothing comes in.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    The fixed point of one round, an affine map: w' = m w + n settles at n/(1 - m).

    Examples
    --------
    >>> settled_widths([1, 2], growth=2, novelty=1).tolist(), settled_widths([1], growth=2).tolist()
    ([3.0, 4.0], [inf])
    """
    bits = _check_bits(bits)
    within("growth", growth, 0, 10)
    within("novelty", novelty, 0, 1e6)
    if novelty == 0:
        return np.zeros(len(bits))
    log_factor = len(bits) * math.log2(growth) - bits.sum() if growth else -math.inf
    if log_factor >= 0:
        return np.full(len(bits), math.inf)
    added = interval_widths(bits, growth=growth, novelty=novelty, start=0)[-1]
    settled = added / (1 - 2.0**log_factor)
    return _from(settled, bits, growth, novelty)


def _from(start: float, bits: Array, growth: float, novelty: float) -> Array:
    widths = [start]
    for left in 2.0 ** -bits[:-1]:
        widths.append(growth * widths[-1] * left + novelty)
    return np.array(widths)


def simulate_channel(
    noise: ArrayLike, bits: ArrayLike, *, growth: float = 2.0, novelty: float = 1.0,
    start: float = 1.0,
) -> Array:  # fmt: skip
    """Steer a growing quantity by messages that tell only in which of 2^R cells it lies.

    The sender sees the quantity, the steerer gets the number of the cell and takes away the
    cell's middle before the quantity grows. Both know the width, from `interval_widths`.

    Parameters
    ----------
    noise : array [messages + 1, runs], uniform in [0, 1)
        Row 0 places the start within its interval, the others what comes in.
    bits : array of int [messages], in [0, 40], at most 250 messages
    growth : float, in [0, 10]
    novelty : float, in [0, 1e6]
    start : float, in [0, 1e6]

    Returns
    -------
    array [messages + 1, runs]
        The quantity, which is to be held at 0. Never further off than half of `interval_widths`.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    A uniform quantiser whose width both ends compute; after Tatikonda and Mitter (2004).

    Examples
    --------
    >>> simulate_channel([[0.9], [0.5], [0.5]], [1, 1], growth=2, novelty=1)[:, 0].round(3).tolist()
    [0.4, 0.3, -0.4]
    """
    bits = _check_bits(bits)
    within("bits", bits, 0, 40, integer=True)
    noise = shaped("noise", noise, (len(bits) + 1, "runs"))
    within("noise", noise, 0, 1, open_high=True)
    widths = interval_widths(bits, growth=growth, novelty=novelty, start=start)
    cells = 2.0**bits
    known = widths[:-1] > 1e-280
    per_width = np.divide(cells, widths[:-1], out=np.zeros(len(bits)), where=known)
    grown = growth * widths[:-1] / cells
    state = noise * np.append(start, np.full(len(bits), float(novelty)))[:, None]
    state -= np.append(start, novelty + grown)[:, None] / 2
    place, cell = np.empty((2, noise.shape[1]))
    for t in range(len(bits)):
        np.multiply(state[t], per_width[t], out=place)
        place += cells[t] / 2
        np.floor(place, out=cell)  # the message: a number from 0 to cells - 1
        place -= cell  # where it is in its cell; half a cell is taken away with the middle
        place *= grown[t]
        state[t + 1] += place
    return state


@dataclass(frozen=True, kw_only=True)
class Study:
    """A loop that makes itself less known in each cycle, and people who study it meanwhile.

    Parameters
    ----------
    growth : float, in [1, 10], per cycle
        What our uncertainty about the system is multiplied by when a cycle changes it.
    rate : float, in [0, 1000], bits a day
        What we learn about it; a bit halves the uncertainty.
    cycle : float, in [1e-4, 1e4], days
        What one cycle takes.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    This course's own reading of the data-rate theorem: an analogy, not a theorem about people.

    Examples
    --------
    >>> study = Study(growth=2, rate=0.25, cycle=2)
    >>> study.bits, study.excess
    (0.5, 0.5)
    """

    growth: float = 1.5
    rate: float = 0.2
    cycle: float = 2.0

    def __post_init__(self) -> None:
        """Refuse what is out of range."""
        within("growth", self.growth, 1, 10)
        within("rate", self.rate, 0, 1000)
        within("cycle", self.cycle, 1e-4, 1e4)

    @property
    def bits(self) -> float:
        """Bits learned in a cycle."""
        return self.rate * self.cycle

    @property
    def excess(self) -> float:
        """Bits that each cycle adds to what we do not know, beyond what is learned meanwhile."""
        return math.log2(self.growth) - self.bits


def fastest_cycle(
    growth: ArrayLike, rate: ArrayLike, *, pause: float = 0.0, every: int = 1
) -> Array:
    """Shortest cycle at which understanding keeps pace with the loop.

    Parameters
    ----------
    growth : array, any shape, in [1, 1e6], per cycle
    rate : array, in [1e-6, 1e6], bits a day
        Broadcasts against `growth`.
    pause : float, in [0, 1e6], days
        How long the loop rests, while people go on studying.
    every : int, in [1, 1e6], cycles
        After how many cycles it rests.

    Returns
    -------
    array
        Days: log2 growth / rate - pause / every, and not below 0. With that many or fewer days a
        cycle the uncertainty does not shrink; strictly more are needed for it to stay bounded.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    The data-rate theorem's bound, read with bits a day.

    Examples
    --------
    >>> fastest_cycle([1.5, 2, 4], 0.2).round(2).tolist()
    [2.92, 5.0, 10.0]
    >>> float(fastest_cycle(2, 0.2, pause=20, every=10))
    3.0
    """
    within("growth", growth, 1, 1e6)
    within("rate", rate, 1e-6, 1e6)
    within("pause", pause, 0, 1e6)
    within("every", every, 1, 1e6, integer=True)
    return np.maximum(np.log2(growth) / np.asarray(rate, dtype=float) - pause / every, 0)


def cycles_bought(study: Study, pause: ArrayLike) -> Array:
    """Cycles until a single pause has been used up, and we know as little as before it.

    Parameters
    ----------
    study : Study
    pause : array, any shape, in [0, 1e6], days

    Returns
    -------
    array
        rate · pause / excess, shape of `pause`; ``inf`` if understanding keeps pace anyway.

    Raises
    ------
    ValueError
        If `pause` is out of its range.

    References
    ----------
    A pause takes rate · pause bits off, each cycle puts the excess back; novelty left out.

    Examples
    --------
    >>> cycles_bought(Study(growth=2, rate=0.25, cycle=2), [4, 40]).tolist()
    [2.0, 20.0]
    """
    within("pause", pause, 0, 1e6)
    days = np.asarray(pause, dtype=float)
    return study.rate * days / study.excess if study.excess > 0 else np.full(days.shape, math.inf)


def study_bits(
    study: Study, cycles: int, *, pause: float = 0.0, first: int = 0, every: int = 0
) -> Array:
    """Bits learned before each cycle changes the system, pauses included.

    Parameters
    ----------
    study : Study
    cycles : int, in [1, 250]
    pause : float, in [0, 1e6], days
        How long the loop rests.
    first : int, in [0, 250]
        The cycle before which it rests for the first time.
    every : int, in [0, 250], cycles
        After how many cycles it rests again; 0 is never.

    Returns
    -------
    array [cycles]
        For `interval_widths`; at most 1000.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    This course's own toy.

    Examples
    --------
    >>> study_bits(Study(rate=0.5, cycle=2), 5, pause=6, first=1, every=2).tolist()
    [1.0, 4.0, 1.0, 4.0, 1.0]
    """
    within("cycles", cycles, 1, LONGEST, integer=True)
    within("pause", pause, 0, 1e6)
    within("first", first, 0, LONGEST, integer=True)
    within("every", every, 0, LONGEST, integer=True)
    bits = np.full(cycles, float(study.bits))
    bits[first : None if every else first + 1 : every or 1] += study.rate * pause
    return np.minimum(bits, 1000)
