"""Where a number may lie, and what to say when it does not."""

from __future__ import annotations

import math
from typing import Any

import numpy as np


def within(
    name: str,
    value: Any,
    low: float = -math.inf,
    high: float = math.inf,
    *,
    open_low: bool = False,
    open_high: bool = False,
    integer: bool = False,
) -> None:
    """Raise ``ValueError`` unless every entry of `value` lies in the interval.

    Infinity is allowed only where the closed interval names it; NaN never is.

    Parameters
    ----------
    name : str
        The parameter's name, for the message.
    value : number or array, any shape
        What to check.
    low, high : float
        Ends of the allowed interval.
    open_low, open_high : bool
        Leave that end out.
    integer : bool
        Allow whole numbers only.

    Raises
    ------
    ValueError
        Naming the parameter, the first value outside and the interval.

    Examples
    --------
    >>> within("share", 0.5, 0, 1)
    >>> within("share", 1.5, 0, 1)
    Traceback (most recent call last):
    ...
    ValueError: share = 1.5 is outside [0, 1]
    """
    values = _numbers(name, value)
    open_low = open_low or low == -math.inf
    inside = np.greater(values, low) if open_low else np.greater_equal(values, low)
    inside &= np.less(values, high) if open_high else np.less_equal(values, high)
    if integer:
        inside &= values == np.floor(values)
    if not np.all(inside):
        worst = values[~inside].flat[0] if values.ndim else float(values)
        interval = f"{'(' if open_low else '['}{low:g}, {high:g}{')' if open_high else ']'}"
        kind = "not a whole number in" if integer else "outside"
        raise ValueError(f"{name} = {worst:g} is {kind} {interval}")


def _numbers(name: str, value: Any) -> np.ndarray:
    """Turn `value` into floats; text, truth values and ragged lists are not numbers."""
    try:
        raw = np.asarray(value)
    except ValueError:
        raise ValueError(f"{name} = {value!r} is not an array of numbers") from None
    if raw.dtype.kind not in "iuf" or raw.size == 0:
        raise ValueError(f"{name} = {value!r} is not a number")
    return raw.astype(float, copy=False)
