"""Chapter 10: designs of 2**(k-p) runs, and which effects then share a column.

Effects multiply like words in which a letter that stands twice cancels: addition modulo 2.
A generator ``D=ABC`` says that D is switched on as the product of A, B and C; then D·ABC = ABCD
is always +1, and every effect has the same column as its product with ABCD.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import reduce
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from rsi_teach.models.domain import within

LETTERS = "ABCDEFGH"
Word = tuple[int, frozenset[str]]


def fraction(factors: int, generators: Sequence[str]) -> NDArray[np.float64]:
    """Build the design of 2**(k-p) runs that p generators define.

    Parameters
    ----------
    factors : int, in [2, 8]
        k, generated ones included.
    generators : sequence of str
        Such as ``["D=ABC"]`` or ``["D=-AB", "E=AC"]``: on the left the last p factors, each once,
        on the right factors that are not generated.

    Returns
    -------
    array [2**(factors - p), factors], of -1 and +1
        In standard order of the factors that are not generated.

    Raises
    ------
    ValueError
        If `factors` is out of its range or a generator cannot be read.

    References
    ----------
    Box, Hunter and Hunter (2005), Statistics for Experimenters.

    Examples
    --------
    >>> fraction(3, ["C=AB"]).tolist()
    [[-1.0, -1.0, 1.0], [1.0, -1.0, -1.0], [-1.0, 1.0, -1.0], [1.0, 1.0, 1.0]]
    """
    read = _read(factors, generators)
    free = int(factors) - len(read)
    base = 2.0 * (np.arange(2**free)[:, None] >> np.arange(free) & 1) - 1
    made = [sign * base[:, [LETTERS.index(f) for f in sorted(word)]].prod(axis=1)
            for sign, word in read.values()]  # fmt: skip
    return np.column_stack([base, *made])


def defining_relation(factors: int, generators: Sequence[str]) -> tuple[str, ...]:
    """List the words that are always +1: the generators' and all their products.

    Parameters
    ----------
    factors : int, in [2, 8]
    generators : sequence of str
        As in `fraction`.

    Returns
    -------
    tuple of str
        2**p - 1 words, the shortest first; one that is always -1 begins with a minus.

    Raises
    ------
    ValueError
        If `factors` is out of its range or a generator cannot be read.

    References
    ----------
    Box, Hunter and Hunter (2005), Statistics for Experimenters.

    Examples
    --------
    >>> defining_relation(5, ["D=AB", "E=AC"])
    ('ABD', 'ACE', 'BCDE')
    """
    return tuple(_written(word) for word in _words(factors, generators))


def resolution(factors: int, generators: Sequence[str]) -> int:
    """Length of the shortest word of the defining relation.

    At III a main effect is aliased with an interaction of two factors, at IV with one of three,
    and interactions of two with each other, at V none of these.

    Parameters
    ----------
    factors : int, in [2, 8]
    generators : sequence of str
        As in `fraction`.

    Returns
    -------
    int

    Raises
    ------
    ValueError
        If `factors` is out of its range or a generator cannot be read.

    References
    ----------
    Box, Hunter and Hunter (2005), Statistics for Experimenters.

    Examples
    --------
    >>> resolution(4, ["D=ABC"])
    4
    """
    return min(len(word) for _, word in _words(factors, generators))


def alias_table(
    factors: int, generators: Sequence[str], *, order: int = 2
) -> dict[str, tuple[str, ...]]:
    """Say for each effect up to an order which others have the same column.

    Parameters
    ----------
    factors : int, in [2, 8]
    generators : sequence of str
        As in `fraction`.
    order : int, in [1, factors]
        Longest effect that gets a row, and the longest alias that is listed.

    Returns
    -------
    dict from str to tuple of str
        An alias with the opposite column begins with a minus; ``"1"`` is the constant.

    Raises
    ------
    ValueError
        If a number is out of its range or a generator cannot be read.

    References
    ----------
    Box, Hunter and Hunter (2005), Statistics for Experimenters.

    Examples
    --------
    >>> alias_table(4, ["D=ABC"])["AB"]
    ('CD',)
    """
    words = _words(factors, generators)
    within("order", order, 1, factors, integer=True)
    effects = [frozenset(chosen) for size in range(1, int(order) + 1)
               for chosen in combinations(LETTERS[: int(factors)], size)]  # fmt: skip
    return {
        _written((1, effect)): tuple(
            _written(alias)
            for alias in sorted(((s, effect ^ w) for s, w in words), key=_place)
            if len(alias[1]) <= order
        )
        for effect in effects
    }


def _words(factors: int, generators: Sequence[str]) -> list[Word]:
    """All products of the generators' words, by length and then by letters."""
    first = [(s, w | {letter}) for letter, (s, w) in _read(factors, generators).items()]
    chosen = (c for size in range(1, len(first) + 1) for c in combinations(first, size))
    return sorted((reduce(_times, some) for some in chosen), key=_place)


def _times(one: Word, other: Word) -> Word:
    return one[0] * other[0], one[1] ^ other[1]


def _place(word: Word) -> tuple[int, list[str]]:
    return len(word[1]), sorted(word[1])


def _written(word: Word) -> str:
    return "-" * (word[0] < 0) + ("".join(sorted(word[1])) or "1")


def _read(factors: int, generators: Sequence[str]) -> dict[str, Word]:
    """Read every generator: the generated factor, and the sign and letters of its product."""
    within("factors", factors, 2, len(LETTERS), integer=True)
    generators = [generators] if isinstance(generators, str) else list(generators)
    within("generators, their number", len(generators), 1, factors - 1)
    free, made = (LETTERS[: int(factors) - len(generators)],
                  LETTERS[int(factors) - len(generators) : int(factors)])  # fmt: skip
    found = {}
    for text in generators:
        match = re.fullmatch(rf"([{made}])=(-?)([{free}]+)", text if isinstance(text, str) else "")
        if not match or len(set(match[3])) < len(match[3]):
            raise ValueError(f"generators: {text!r} is not of the form "
                             f"{made[0]}={free}, one of {made} from some of {free}")  # fmt: skip
        found[match[1]] = (-1 if match[2] else 1, frozenset(match[3]))
    if set(found) != set(made):
        raise ValueError(f"generators = {generators} must make each of {', '.join(made)} once")
    return dict(sorted(found.items()))
