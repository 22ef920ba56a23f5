"""Chapter 10: dividing one result among the changes that made it.

A value function is an array of 2**n numbers in the standard order of a factorial: entry i is the
score of the version with the changes whose bits are set in i, so entry 0 has none of them and the
last has all.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rsi_teach.models.domain import within

Array = NDArray[np.float64]


def dividends(values: ArrayLike) -> Array:
    """What each set of changes adds that none of its subsets did (Harsanyi's dividends).

    Parameters
    ----------
    values : array [..., 2**n], n in [1, 8]
        Score of each combination, in standard order.

    Returns
    -------
    array [..., 2**n]
        The values are their sums over subsets; entry 0 is the score without any change.

    Raises
    ------
    ValueError
        If `values` is not of that length or not finite.

    References
    ----------
    Harsanyi (1959), as quoted by Béal and others (2016); the Möbius transform over subsets.

    Examples
    --------
    >>> dividends([0, 1, 0, 3]).tolist()
    [0.0, 1.0, 0.0, 2.0]
    """
    found = _check_values(values).copy()
    for bit in range(_changes(found)):
        _with(found, bit)[...] -= _without(found, bit)
    return found


def shapley(values: ArrayLike) -> Array:
    """Divide the total among the changes: every dividend in equal parts among those who made it.

    The same as each change's mean contribution over all orders in which they could be made.

    Parameters
    ----------
    values : array [..., 2**n], n in [1, 8]
        Score of each combination, in standard order.

    Returns
    -------
    array [..., n]
        Sums to last value minus first.

    Raises
    ------
    ValueError
        If `values` is not of that length or not finite.

    References
    ----------
    Shapley (1953), A value for n-person games.

    Examples
    --------
    >>> shapley([0, 1, 0, 1, 0, 1, 2, 3]).tolist()
    [1.0, 1.0, 1.0]
    """
    found = dividends(values)
    members = np.arange(found.shape[-1])[:, None] >> np.arange(_changes(found)) & 1
    return found @ (members / np.maximum(members.sum(axis=1, keepdims=True), 1))


def leave_one_out(values: ArrayLike) -> Array:
    """What the full version loses when one change is taken out.

    Parameters
    ----------
    values : array [..., 2**n], n in [1, 8]
        Score of each combination, in standard order.

    Returns
    -------
    array [..., n]
        Need not sum to anything.

    Raises
    ------
    ValueError
        If `values` is not of that length or not finite.

    References
    ----------
    Ablation, as machine learning calls it; this course.

    Examples
    --------
    >>> leave_one_out([0, 1, 0, 1, 0, 1, 2, 3]).tolist()
    [1.0, 2.0, 2.0]
    """
    values = _check_values(values)
    n = _changes(values)
    return values[..., -1:] - values[..., 2**n - 1 - 2 ** np.arange(n)]


def added_first(values: ArrayLike) -> Array:
    """What each change does alone, added to the old version.

    Parameters
    ----------
    values : array [..., 2**n], n in [1, 8]
        Score of each combination, in standard order.

    Returns
    -------
    array [..., n]
        Need not sum to anything.

    Raises
    ------
    ValueError
        If `values` is not of that length or not finite.

    References
    ----------
    One factor at a time; this course.

    Examples
    --------
    >>> added_first([0, 1, 0, 1, 0, 1, 2, 3]).tolist()
    [1.0, 0.0, 0.0]
    """
    values = _check_values(values)
    return values[..., 2 ** np.arange(_changes(values))] - values[..., :1]


def _changes(values: Array) -> int:
    return values.shape[-1].bit_length() - 1


def _split(values: Array, bit: int) -> Array:
    return values.reshape(*values.shape[:-1], -1, 2, 2**bit)


def _with(values: Array, bit: int) -> Array:
    return _split(values, bit)[..., 1, :]


def _without(values: Array, bit: int) -> Array:
    return _split(values, bit)[..., 0, :]


def _check_values(values: ArrayLike) -> Array:
    within("values", values, -1e12, 1e12)
    values = np.ascontiguousarray(values, dtype=float)
    size = values.shape[-1] if values.ndim else 1
    if size not in {2**n for n in range(1, 9)}:
        raise ValueError(f"values has {size} entries; for n changes there are 2**n, n from 1 to 8")
    return values
