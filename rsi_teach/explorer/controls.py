"""The things a learner can move: each knows its values, its words and its unit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Slider:
    """A number between two ends.

    Parameters
    ----------
    low, high : float
        Ends of the range, both included, low < high.
    default : float
        Where it starts, within the range.
    label : str
        What it is, in words; a symbol may follow after a comma.
    unit : str
        Its unit, shown behind the value; empty for a pure number.
    step : float, optional
        Distance of the slider's stops: by default a hundredth of the range, or 1 if all three
        numbers are whole.
    log : bool
        Space the stops evenly in the logarithm (60 of them); needs low > 0.

    Raises
    ------
    ValueError
        If the numbers do not fit together.

    Examples
    --------
    >>> share = Slider(0.0, 1.0, 0.25, label="share checked")
    >>> len(share.stops()), share.words(0.25)
    (101, '0.25')
    """

    low: float
    high: float
    default: float
    label: str = ""
    unit: str = ""
    step: float | None = None
    log: bool = False

    def __post_init__(self) -> None:
        """Refuse ends that do not enclose the default."""
        if not -math.inf < self.low < self.high < math.inf:
            raise ValueError(f"low = {self.low}, high = {self.high}: needs finite low < high")
        if not self.low <= self.default <= self.high:
            raise ValueError(f"default = {self.default} is outside [{self.low}, {self.high}]")
        if self.log and self.low <= 0:
            raise ValueError(f"low = {self.low}: a logarithmic slider needs low > 0")
        if self.step is not None and not 0 < self.step <= self.high - self.low:
            raise ValueError(f"step = {self.step} is outside (0, {self.high - self.low}]")

    @property
    def whole(self) -> bool:
        """Whether it holds whole numbers only."""
        numbers = (self.low, self.high, self.default, self.step or 1)
        return all(isinstance(number, int) for number in numbers)

    def stops(self, *extra: float) -> list[float]:
        """Every value at which the slider can stand, in order, `extra` ones among them."""
        if self.log:
            values = np.geomspace(self.low, self.high, 60)
            values = [float(f"{value:.3g}") for value in values]
        else:
            step = self.step or (1 if self.whole else (self.high - self.low) / 100)
            count = round((self.high - self.low) / step)
            values = [float(f"{self.low + i * step:.10g}") for i in range(count + 1)]
        inside = [value for value in values if self.low <= value <= self.high]
        if self.whole:
            inside = [round(value) for value in inside]
        return sorted({self.low, *inside, self.default, *extra, self.high})

    def check(self, name: str, value: Any) -> float:
        """Return `value`, or raise ``ValueError`` naming what is allowed."""
        kind = "a whole number" if self.whole else "a number"
        allowed = f"{kind} from {self.low:g} to {self.high:g}" + (f" {self.unit}" * bool(self.unit))
        number = isinstance(value, (int, float, np.integer, np.floating))
        if not number or isinstance(value, bool) or not self.low <= value <= self.high:
            raise ValueError(f"{name} = {value!r}: allowed is {allowed}")
        if self.whole and value != int(value):
            raise ValueError(f"{name} = {value!r}: allowed is {allowed}")
        return int(value) if self.whole else float(value)

    def words(self, value: float) -> str:
        """The value with its unit, as it stands beside the slider."""
        number = f"{value:,}" if self.whole else f"{value:.{6 if abs(value) >= 100 else 3}g}"
        return f"{number} {self.unit}".rstrip()


@dataclass(frozen=True)
class Choice:
    """One of a few named things.

    Parameters
    ----------
    options : sequence of str
        Their names, at least two; the first is the default unless `default` names another.
    label : str
        What is being chosen.
    default : str, optional
        The one to start with.

    Examples
    --------
    >>> Choice(["reused", "fresh"], label="the test is").default
    'reused'
    """

    options: Sequence[str]
    label: str = ""
    default: str = ""

    def __post_init__(self) -> None:
        """Refuse a default that is not among the options."""
        if len(set(self.options)) < 2:
            raise ValueError(f"options = {list(self.options)}: needs at least two different ones")
        object.__setattr__(self, "options", tuple(self.options))
        object.__setattr__(self, "default", self.default or self.options[0])
        self.check("default", self.default)

    def stops(self, *extra: str) -> list[str]:
        """Every option, in the order given."""
        return list(self.options)

    def check(self, name: str, value: Any) -> str:
        """Return `value`, or raise ``ValueError`` naming what is allowed."""
        if value not in self.options:
            raise ValueError(f"{name} = {value!r}: allowed is one of {', '.join(self.options)}")
        return value

    def words(self, value: str) -> str:
        """The option itself."""
        return value


@dataclass(frozen=True)
class Toggle:
    """Something that is on or off.

    Parameters
    ----------
    default : bool
        How it starts.
    label : str
        What is on when it is on.

    Examples
    --------
    >>> Toggle(label="the lab reuses its test").stops()
    [False, True]
    """

    default: bool = False
    label: str = ""

    def stops(self, *extra: bool) -> list[bool]:
        """Off, then on."""
        return [False, True]

    def check(self, name: str, value: Any) -> bool:
        """Return `value`, or raise ``ValueError`` naming what is allowed."""
        if not isinstance(value, (bool, np.bool_)):
            raise ValueError(f"{name} = {value!r}: allowed is True or False")
        return bool(value)

    def words(self, value: bool) -> str:
        """On or off, as a word."""
        return "on" if value else "off"
