"""Where a number may lie, how an array is shaped, and what to say when it is not so."""

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


def shaped(
    name: str, value: Any, axes: tuple[str | int, ...], *, longest: int | None = None
) -> np.ndarray:
    """Return `value` as an array, or raise ``ValueError`` unless it has these axes.

    Parameters
    ----------
    name : str
        The parameter's name, for the message.
    value : array
        What to check; its entries are `within`'s business.
    axes : tuple of str and int
        Each axis by its name, or by its length where only one is allowed.
    longest : int, optional
        The longest that the first axis with a name may be; the shortest is then 1.

    Returns
    -------
    array
        The same numbers, not copied.

    Raises
    ------
    ValueError
        Naming the parameter, its shape and the one that is asked for.

    Examples
    --------
    >>> shaped("noise", [[1.0, 2.0], [3.0, 4.0]], (2, "runs")).shape
    (2, 2)
    >>> shaped("noise", [1.0, 2.0], ("generations", "runs"))
    Traceback (most recent call last):
    ...
    ValueError: noise has shape (2,), not (generations, runs)
    """
    array = _array(name, value)
    known = [axis if isinstance(axis, int) else length
             for axis, length in zip(axes, array.shape, strict=False)]  # fmt: skip
    if array.ndim != len(axes) or tuple(known) != array.shape:
        raise ValueError(f"{name} has shape {array.shape}, not ({', '.join(map(str, axes))})")
    if longest is not None:
        axis = next(i for i, axis in enumerate(axes) if isinstance(axis, str))
        within(f"{name} {axes[axis]}", array.shape[axis], 1, longest)
    return array


def _numbers(name: str, value: Any) -> np.ndarray:
    """Turn `value` into floats; text, truth values and nothing at all are not numbers."""
    raw = _array(name, value)
    if raw.dtype.kind not in "iuf" or raw.size == 0:
        raise ValueError(f"{name} = {value!r} is not a number")
    return raw.astype(float, copy=False)


def _array(name: str, value: Any) -> np.ndarray:
    """Turn `value` into an array; ragged lists are none."""
    try:
        return np.asarray(value)
    except ValueError:
        raise ValueError(f"{name} = {value!r} is not an array of numbers") from None
