"""A learner's function in one process, its checker in another.

The submission's process calls `serve`; the grader's process holds a `Remote`, which behaves like
the function and is checked like it. Arguments go out pickled, because whoever receives them may
not be trusted but the sender is. Nothing that comes back is ever unpickled: it is JSON, and what
is not a number, a word, an array, a collection of these or a record of a known class arrives as a
`Stranger` that no checker accepts.

Arguments that keep count (an oracle, a system under test, a value function) stay with the grader;
the submission gets a `Lent` in their place, whose public attributes and calls are asked over the
wire.
"""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields, is_dataclass
from multiprocessing.connection import Client, Connection
from typing import Any

import numpy as np

from rsi_teach.learn.answers import (
    CannotBeChecked,
    Function,
    Instance,
    NotAttempted,
    Watched,
    shown,
    untouched,
)
from rsi_teach.learn.bounded import TookTooLong, bounded
from rsi_teach.learn.checker import LATE
from rsi_teach.learn.verifier import View

LONGEST = 20_000_000  # bytes of one message from a submission
COLLECTIONS = {kind.__name__: kind for kind in (list, tuple, set, frozenset)}


class Stranger:
    """Something that a submission returned and that does not travel; only its words arrive."""

    def __init__(self, words: str) -> None:
        self.words = words

    def __repr__(self) -> str:
        """What the submission's process wrote for it."""
        return self.words


# --- what is returned -----------------------------------------------------------------------------


def packed(value: Any) -> Any:
    """Turn an answer's value into what JSON can carry.

    Parameters
    ----------
    value : object

    Examples
    --------
    >>> packed((1, np.float64(0.5)))
    {'tuple': [1, 0.5]}
    """
    match value:
        case None | bool() | int() | float() | str():
            # A float64 is a float to Python, and its repr is not what JSON means by one.
            return value.item() if isinstance(value, np.generic) else value
        case np.ndarray() | np.generic() if value.dtype.kind in "biuf":
            return {"array": value.ravel().tolist(), "shape": value.shape, "kind": value.dtype.str}
        case list() | tuple() | set() | frozenset():
            return {type(value).__name__: [packed(item) for item in value]}
        case dict():
            return {"dict": [[packed(key), packed(item)] for key, item in value.items()]}
        case _ if is_dataclass(value) and not isinstance(value, type):
            return {"record": {f.name: packed(getattr(value, f.name)) for f in fields(value)}}
        case _:
            return {"stranger": shown(value)}


def unpacked(value: Any, record: type | None = None) -> Any:
    """Rebuild what `packed` made, from a sender who may have made something else.

    Parameters
    ----------
    value : object
        As JSON gave it.
    record : dataclass, optional
        The only class of which instances are made.

    Raises
    ------
    ValueError, TypeError, KeyError
        When it is nothing that `packed` makes.

    Examples
    --------
    >>> unpacked(packed({"claim": "A", "odds": (1, 2)}))
    {'claim': 'A', 'odds': (1, 2)}
    """
    if not isinstance(value, dict):
        return value
    match next(iter(value.items())):
        case ("array", numbers):
            kind = np.dtype(str(value["kind"]))
            if kind.kind not in "biuf":
                raise ValueError(f"arrays of {kind} do not travel")
            return np.array(numbers, dtype=kind).reshape(value["shape"])[()]
        case (name, items) if name in COLLECTIONS:
            return COLLECTIONS[name](unpacked(item, record) for item in items)
        case ("dict", pairs):
            return {unpacked(key, record): unpacked(item, record) for key, item in pairs}
        case ("record", items) if record is not None:
            return record(**{name: unpacked(item, record) for name, item in items.items()})
        case (_, words):
            return Stranger(str(words)[:80])


# --- the submission's side ------------------------------------------------------------------------


def serve(path: str, seconds: float, answer: Any) -> None:
    """Let the grader at the other end of a socket call an answer until it hangs up.

    Parameters
    ----------
    path : str
        The socket's.
    seconds : float
        Wall-clock limit of one call, > 0.
    answer : object
        What the learner would pass to ``check``.
    """
    with Client(path, family="AF_UNIX") as grader, suppress(EOFError, BrokenPipeError):
        _say(grader, _introduced(answer))
        watched = Watched(answer, _AsItIs())
        while True:
            args = [_met(arg, grader) for arg in pickle.loads(grader.recv_bytes())]
            _say(grader, _reply(watched, args, seconds))


class _AsItIs:
    """Any value: what it ought to be is the grader's business."""

    def read(self, value: Any, whose: str) -> Any:
        return value


def _say(grader: Connection, message: dict[str, Any]) -> None:
    grader.send_bytes(json.dumps(message).encode())


def _introduced(answer: Any) -> dict[str, Any]:
    if callable(answer):
        return {"name": str(getattr(answer, "__name__", "answer"))}
    return {"value": packed(answer), "untouched": untouched(answer)}


def _reply(watched: Watched, args: list[Any], seconds: float) -> dict[str, Any]:
    noise = [arg for arg in args if isinstance(arg, np.random.Generator)]
    try:
        value = bounded(lambda: watched.first(*args), seconds)
    except NotAttempted:
        return {"empty": True}
    except TookTooLong:
        return {"failed": LATE.format(seconds)}
    except CannotBeChecked as why:
        return {"failed": str(why)}
    # What was drawn from a generator is gone for whoever draws next, at the other end too.
    return {"value": packed(value), "noise": [rng.bit_generator.state for rng in noise]}


@dataclass(frozen=True)
class Loan:
    """What is sent in place of an argument that stays with the grader.

    Parameters
    ----------
    way : tuple
        Which of the call's arguments it is, then the attributes that lead from it.
    words : str
        Its repr.
    """

    way: tuple[Any, ...]
    words: str


def _met(arg: Any, grader: Connection) -> Any:
    return Lent(grader, arg) if isinstance(arg, Loan) else arg


class Lent:
    """An argument that stayed with the grader: its public attributes and calls are asked for.

    Parameters
    ----------
    grader : Connection
    loan : Loan
    """

    def __init__(self, grader: Connection, loan: Loan) -> None:
        self._grader, self._loan = grader, loan

    def __getattr__(self, name: str) -> Any:
        """Ask for an attribute."""
        if name.startswith("_"):
            raise AttributeError(name)
        return self._asked({"look": [*self._loan.way, name]})

    def __call__(self, *args: Any, **options: Any) -> Any:
        """Ask for a call."""
        given = {"call": self._loan.way, "args": packed(args), "options": packed(options)}
        return self._asked(given)

    def __repr__(self) -> str:
        """What it calls itself at the other end."""
        return self._loan.words

    def _asked(self, message: dict[str, Any]) -> Any:
        _say(self._grader, message)
        value = pickle.loads(self._grader.recv_bytes())
        if isinstance(value, Exception):
            raise value
        return _met(value, self._grader)


# --- the grader's side ----------------------------------------------------------------------------


class Remote:
    """A submission's function, called over the wire as if it were here.

    Parameters
    ----------
    submission : Connection
    name : str
        What the submission calls it.
    record : dataclass, optional
        The class that it is asked to return instances of.
    """

    def __init__(self, submission: Connection, name: str, record: type | None) -> None:
        self.__name__ = name if name.isidentifier() and len(name) < 60 else "answer"
        self._submission, self._record = submission, record

    def __call__(self, *args: Any) -> Any:
        """Call it; answer what it asks of lent arguments meanwhile."""
        self._send([_given(arg, (place,)) for place, arg in enumerate(args)])
        while True:
            heard = _heard(self._submission)
            if "look" in heard or "call" in heard:
                self._send(self._answered(heard, args))
            elif "empty" in heard:
                raise NotImplementedError
            elif "failed" in heard:
                raise CannotBeChecked(str(heard["failed"])[:2000])
            else:
                with _made_sense_of():
                    _catch_up(args, heard.get("noise", []))
                    return unpacked(heard["value"], self._record)

    def _send(self, message: Any) -> None:
        with _made_sense_of():
            self._submission.send_bytes(pickle.dumps(message))

    def _answered(self, heard: dict[str, Any], args: tuple[Any, ...]) -> Any:
        """What a lent argument says to the submission: a value, or the exception that it raised."""
        try:
            way = heard.get("look") or heard["call"]
            thing = _walked(args, way)
            if "call" in heard:
                thing = thing(*unpacked(heard["args"]), **unpacked(heard["options"]))
            return _given(thing, way)
        except Exception as error:
            return error


def _heard(submission: Connection) -> dict[str, Any]:
    with _made_sense_of():
        heard = json.loads(submission.recv_bytes(LONGEST))
        if not isinstance(heard, dict):
            raise TypeError(f"{heard!r:.80}")
        return heard


@contextmanager
def _made_sense_of() -> Iterator[None]:
    """Turn whatever a submission's message breaks into an outcome."""
    try:
        yield
    except (EOFError, OSError):
        raise CannotBeChecked("Your answer's process ended before it had answered.") from None
    except Exception as error:
        said = f"{type(error).__name__}: {error}"[:200]
        raise CannotBeChecked(f"What your answer returned cannot be read. {said}") from None


def _given(arg: Any, way: Sequence[Any]) -> Any:
    """An argument that can be copied as it is; of others, a note that it is lent."""
    return arg if _is_plain(arg) else Loan(tuple(way), shown(arg))


def _is_plain(arg: Any) -> bool:
    if isinstance(arg, View):  # some count how often they are asked for an audit
        return not any(callable(getattr(arg, name)) for name in dir(arg))
    frozen = is_dataclass(arg) and type(arg).__dataclass_params__.frozen
    data = (bool, int, float, str, np.generic, np.ndarray, np.random.Generator)
    return arg is None or frozen or isinstance(arg, (*data, *COLLECTIONS.values(), dict))


def _walked(args: tuple[Any, ...], way: Sequence[Any]) -> Any:
    """The lent argument, or the attribute of it, that a submission means."""
    thing = args[way[0]]
    if _is_plain(thing):
        raise AttributeError("that argument was given, not lent")
    for name in way[1:]:
        if name.startswith("_"):
            raise AttributeError(name)
        thing = getattr(thing, name)
    return thing


def _catch_up(args: tuple[Any, ...], states: list[Any]) -> None:
    noise = [arg for arg in args if isinstance(arg, np.random.Generator)]
    for rng, state in zip(noise, states, strict=True):
        rng.bit_generator.state = state


def introduced(submission: Connection, asks: Function) -> Any:
    """Return what the checker is to judge: the submission's function, or the value it has instead.

    Parameters
    ----------
    submission : Connection
    asks : Function
        What the exercise asks for.

    Raises
    ------
    CannotBeChecked
        When the submission's process says nothing that makes sense.
    """
    heard = _heard(submission)
    if "name" not in heard:
        with _made_sense_of():
            return None if heard["untouched"] else unpacked(heard["value"])
    returns = asks.returns
    record = returns.of if isinstance(returns, Instance) and is_dataclass(returns.of) else None
    return Remote(submission, str(heard["name"]), record)
