"""What an exercise asks for, and how an answer of the wrong sort is explained."""

from __future__ import annotations

import dis
import linecache
import math
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any, Protocol

import numpy as np


class NotAttempted(Exception):
    """There is nothing to check yet."""


class CannotBeChecked(Exception):
    """The answer cannot be compared with anything; the message says why, in plain words."""


class DoesNotHold(Exception):
    """The answer is wrong; the message is the one for that misconception."""


class Kind(Protocol):
    """A sort of answer: it reads a value, or says what is the matter with it."""

    def read(self, value: Any, whose: str) -> Any:
        """Return `value` in its proper type, or raise `CannotBeChecked` about `whose` value."""
        ...


@dataclass(frozen=True, kw_only=True)
class Number:
    """A real number.

    Parameters
    ----------
    low, high : float
        The range in which a number makes sense, ends included.
    infinite : bool
        Whether ``inf`` is an answer.

    Examples
    --------
    >>> Number(low=0).read(3, "your answer")
    3.0
    """

    low: float = -math.inf
    high: float = math.inf
    infinite: bool = False

    def read(self, value: Any, whose: str) -> float:
        """Return a float, or say what is the matter."""
        array = _numeric(value, whose, "a number")
        if array.size != 1:
            raise CannotBeChecked(f"{whose} has shape {array.shape}; one number is asked for.")
        number = float(array.reshape(()))
        if math.isnan(number):
            raise CannotBeChecked(f"{whose} is NaN, which is not a number that can be compared.")
        if math.isinf(number) and not self.infinite:
            raise CannotBeChecked(f"{whose} is {number}; a finite number is asked for.")
        if not self.low <= number <= self.high:
            raise CannotBeChecked(
                f"{whose} is {number:.6g}; it can only lie between {self.low:g} and {self.high:g}."
            )
        return number


@dataclass(frozen=True, kw_only=True)
class Array:
    """An array of finite numbers.

    Parameters
    ----------
    shape : tuple of int, or None
        None accepts every shape.

    Examples
    --------
    >>> Array(shape=(2,)).read([1, 2], "your answer")
    array([1., 2.])
    """

    shape: tuple[int, ...] | None = None

    def read(self, value: Any, whose: str) -> np.ndarray:
        """Return an array of floats, or say what is the matter."""
        array = _numeric(value, whose, "an array of numbers")
        if self.shape is not None and array.shape != self.shape:
            raise CannotBeChecked(
                f"{whose} has shape {array.shape}; shape {self.shape} is asked for."
            )
        if not np.all(np.isfinite(array)):
            raise CannotBeChecked(f"{whose} contains NaN or infinity.")
        return array


def _numeric(value: Any, whose: str, wanted: str) -> np.ndarray:
    if value is None:
        raise CannotBeChecked(f"{whose} is None; {wanted} is asked for. Is there a `return`?")
    try:
        array = np.asarray(value)
    except ValueError:  # ragged lists
        array = np.asarray(None)
    if array.dtype.kind not in "iuf":
        raise CannotBeChecked(f"{whose} is {_named(value)}; {wanted} is asked for.")
    return array.astype(float)


def _named(value: Any) -> str:
    return f"{shown(value)}, of type `{type(value).__name__}`"


@dataclass(frozen=True, kw_only=True)
class Truth:
    """True or False, nothing that merely counts as one of them.

    Examples
    --------
    >>> Truth().read(True, "your answer")
    True
    """

    def read(self, value: Any, whose: str) -> bool:
        """Return a bool, or say what is the matter."""
        if not isinstance(value, bool | np.bool_):
            tail = " Is there a `return`?" if value is None else ""
            raise CannotBeChecked(f"{whose} is {_named(value)}; True or False is asked for.{tail}")
        return bool(value)


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One of a few words.

    Parameters
    ----------
    options : tuple of str
    """

    options: tuple[str, ...]

    def read(self, value: Any, whose: str) -> str:
        """Return the word, or say which there are."""
        if not isinstance(value, str) or value not in self.options:
            words = ", ".join(f'"{option}"' for option in self.options)
            raise CannotBeChecked(f"{whose} is {_named(value)}; choose one of {words}.")
        return value


@dataclass(frozen=True, kw_only=True)
class Choices:
    """A dictionary with one of a few words under every name.

    Parameters
    ----------
    names : tuple of str
        The keys, all of which must be there.
    options : tuple of str
        What may stand under each.
    """

    names: tuple[str, ...]
    options: tuple[str, ...]

    def read(self, value: Any, whose: str) -> dict[str, str]:
        """Return the dictionary, or say what is missing."""
        if not isinstance(value, Mapping):
            raise CannotBeChecked(f"{whose} is {_named(value)}; a dictionary is asked for.")
        if value and all(chosen is ... for chosen in value.values()):
            raise NotAttempted
        different = set(self.names) ^ set(value)
        if different:
            names = ", ".join(sorted(map(repr, different)))
            raise CannotBeChecked(f"{whose}: these names are missing or too many: {names}.")
        one = Choice(options=self.options)
        return {name: one.read(value[name], f'{whose}["{name}"]') for name in self.names}


@dataclass(frozen=True, kw_only=True)
class Instance:
    """An object of a class of the course.

    Parameters
    ----------
    of : type
    """

    of: type

    def read(self, value: Any, whose: str) -> Any:
        """Return the object, or say what it is instead."""
        if not isinstance(value, self.of):
            raise CannotBeChecked(
                f"{whose} is {_named(value)}; a `{self.of.__name__}` is asked for."
            )
        return value


@dataclass(frozen=True, kw_only=True)
class Function:
    """A function of the learner's.

    Parameters
    ----------
    example : tuple
        Positional arguments of the first call, which must work before anything else is tried.
    returns : Kind
        What every call must return.
    """

    example: tuple[Any, ...]
    returns: Kind = field(default_factory=Number)

    def read(self, value: Any, whose: str) -> Watched:
        """Return the function under watch, after one call of it that worked."""
        if not callable(value):
            raise CannotBeChecked(
                f"{whose} is {_named(value)}; a function is asked for. "
                "Pass its name without calling it."
            )
        watched = Watched(value, self.returns)
        watched.first(*self.example)
        return watched


class Watched:
    """A function whose every call is explained when it goes wrong.

    It gets copies of its arguments, so it cannot spoil the checker's, and is told when it
    changed them. A random generator is passed as it is: using it changes it.

    Parameters
    ----------
    function : callable
    returns : Kind
        What every call must return.

    Examples
    --------
    >>> Watched(math.sqrt, Number())(9.0)
    3.0
    >>> Watched(math.sqrt, Number())(-1.0)
    Traceback (most recent call last):
    ...
    rsi_teach.learn.answers.CannotBeChecked: `sqrt(-1.0)` raised ValueError: math domain error
    """

    def __init__(self, function: Callable[..., Any], returns: Kind) -> None:
        self.function = function
        self.returns = returns

    def first(self, *args: Any) -> Any:
        """Call once, treating a stub that is still empty as not attempted."""
        try:
            value = self._raw(args)
        except NotImplementedError:
            raise NotAttempted from None
        if value is None and _is_empty(self.function):
            raise NotAttempted
        return self.returns.read(value, f"`{self.called(*args)}`")

    def __call__(self, *args: Any) -> Any:
        """Call, and return what `returns` makes of the value."""
        try:
            value = self._raw(args)
        except NotImplementedError:
            raise CannotBeChecked(f"`{self.called(*args)}` is not implemented yet.") from None
        return self.returns.read(value, f"`{self.called(*args)}`")

    def called(self, *args: Any) -> str:
        """The call as the learner would write it."""
        name = getattr(self.function, "__name__", "answer")
        return f"{name}({', '.join(map(shown, args))})"

    def _raw(self, args: tuple[Any, ...]) -> Any:
        given = _copied(args)
        try:
            value = self.function(*given)
        except (NotImplementedError, CannotBeChecked):
            raise  # the second is what a function in another process has been found to be
        except (Exception, SystemExit) as error:
            raise CannotBeChecked(self._explained(error, args)) from None
        if not _same(given, args):
            raise CannotBeChecked(
                f"`{self.called(*args)}` changed its input. The caller may need it again: "
                "work on a copy."
            )
        return value

    def _explained(self, error: BaseException, args: tuple[Any, ...]) -> str:
        """Say what was raised and, where the learner's code can be seen, on which line."""
        call = f"`{self.called(*args)}`"
        said = f"{type(error).__name__}: {error}".rstrip(": ")
        frames = traceback.extract_tb(error.__traceback__)[1:]  # the first frame is ours
        if isinstance(error, TypeError) and not frames:
            return f"{call} could not be called like this: {error}"
        code = getattr(self.function, "__code__", None)
        own = [frame for frame in frames if code and frame.filename == code.co_filename]
        line = linecache.getline(own[-1].filename, own[-1].lineno or 0).strip() if own else ""
        if not line:
            return f"{call} raised {said}"
        return f"{call} raised {said}\non line {own[-1].lineno}: `{line}`"


def _is_empty(function: Any) -> bool:
    """Whether a function's body is ``...``, ``pass`` or a docstring and nothing else."""
    if not isinstance(function, FunctionType):
        return False
    trivial = {"RESUME", "NOP", "LOAD_CONST", "RETURN_VALUE", "RETURN_CONST", "CACHE"}
    return all(step.opname in trivial for step in dis.get_instructions(function))


def _copied(value: Any) -> Any:
    match value:
        case np.ndarray():
            return value.copy()
        case list() | set():
            return type(value)(map(_copied, value))
        case tuple() if type(value) is tuple:
            return tuple(map(_copied, value))
        case dict():
            return {key: _copied(item) for key, item in value.items()}
        case _:
            return value


def _same(one: Any, other: Any) -> bool:
    """Whether a copy is still what it was copied from."""
    if one is other:
        return True
    match one, other:
        case np.ndarray(), np.ndarray():
            return one.shape == other.shape and one.tobytes() == other.tobytes()
        case (list(), list()) | (tuple(), tuple()):
            return len(one) == len(other) and all(map(_same, one, other))
        case dict(), dict():
            return one.keys() == other.keys() and all(_same(one[k], other[k]) for k in one)
        case _:
            return bool(one == other)


def shown(value: Any) -> str:
    """Write a value as short as it can be recognised.

    Examples
    --------
    >>> shown(0.30000000000000004), shown(np.zeros((3, 4)))
    ('0.3', 'array of shape (3, 4)')
    """
    match value:
        case np.ndarray() if value.ndim and value.size > 6:
            return f"array of shape {value.shape}"
        case float() | np.floating():
            return repr(float(f"{value:.6g}"))
        case np.ndarray() | np.generic():
            return repr(value.tolist())
        case _:
            return _short(value)


def _short(value: Any) -> str:
    try:
        text = repr(value)
    except Exception:  # the learner's own __repr__ may be what is broken
        return f"an object of type {type(value).__name__}"
    return text if len(text) <= 80 else text[:77] + "..."


def untouched(answer: Any) -> bool:
    """Whether an answer is still the placeholder of the exercise.

    Examples
    --------
    >>> untouched(...), untouched(0)
    (True, False)
    """
    return answer is None or answer is ... or answer is NotImplemented
