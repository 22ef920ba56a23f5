"""How an exercise is checked: four outcomes, and a pass that says what it did not check.

A checker is a class that stands beside its own right and wrong answers::

    class Doubling(Checker):
        '''Twice a number.'''

        key, title, difficulty, minutes = "99.1", "Twice a number", 1, 2
        asks = Function(example=(3.0,), returns=Number())
        hints = ("Which operation turns 3 into 6?",)
        not_checked = "Numbers above 100."
        slips_through = "A function that doubles only up to 100."
        slipping = lambda x: 2 * x if x <= 100 else x

        def check(self, answer):
            for x in (0.0, 1.5, -4.0):
                self.agree(answer(x), 2 * x, f"x = {x}", {"That is the square.": x**2})

        right = (lambda x: x + x,)
        wrong = {"squares": (lambda x: x**2, "That is the square."), ...}  # at least three

`answer` arrives as `asks` reads it: a `Function` is already under watch, so `check` calls it
like any function, and whatever it raises, returns or changes is explained to the learner.
The tests find every checker, hold it to all of this, and prove that `slipping` does slip through.
For exercises in which the learner writes ``accepts(update) -> bool`` see `verifier`.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar

import numpy as np

from rsi_teach.learn.answers import (
    Array,
    CannotBeChecked,
    Choice,
    Choices,
    DoesNotHold,
    Function,
    Instance,
    Kind,
    NotAttempted,
    Number,
    Truth,
    shown,
    untouched,
)
from rsi_teach.learn.bounded import TookTooLong, bounded
from rsi_teach.learn.faces import Passage, Table

__all__ = [
    "Array",
    "CannotBeChecked",
    "Checker",
    "Choice",
    "Choices",
    "DoesNotHold",
    "Function",
    "Instance",
    "NotAttempted",
    "Number",
    "Outcome",
    "Table",
    "Truth",
    "Verdict",
]


LATE = "Your answer took longer than {:g} s and was stopped. What ends its loops?"


class Outcome(StrEnum):
    """What a check can end in."""

    HOLDS = "holds"
    DOES_NOT_HOLD = "does not hold"
    NOT_ATTEMPTED = "not attempted"
    CANNOT_BE_CHECKED = "cannot be checked"


@dataclass(frozen=True, kw_only=True, repr=False)
class Verdict(Passage):
    """The outcome of one check, with the words for it.

    Parameters
    ----------
    outcome : Outcome
    message : str
        The first paragraph: what was found.
    cases : int
        How many comparisons held.
    """

    outcome: Outcome
    message: str
    cases: int = 0


class Checker:
    """One exercise: what it asks, how it is checked, and answers that prove the check works.

    Class attributes to set: `key` ("05.2"), `title`, `difficulty` (1 to 3), `minutes`, `asks`
    (a `Function`, `Number`, `Array`, `Truth`, `Choice`, `Choices` or `Instance`), `hints`,
    `not_checked`, `slips_through` (words) and `slipping` (that wrong answer itself), `right`
    (answers that hold) and `wrong` (name: (answer, part of the message it must get)).
    `seconds` bounds the whole check by wall clock. Define `check(self, answer)`.
    `draw(rng)`, where there is one, returns arguments in the range that the exercise states: a
    class is also marked on cases drawn so, on which the first right answer says what is right.
    """

    key: ClassVar[str]
    title: ClassVar[str]
    difficulty: ClassVar[int]
    minutes: ClassVar[int]
    asks: ClassVar[Kind]
    hints: ClassVar[tuple[str, ...]]
    not_checked: ClassVar[str]
    slips_through: ClassVar[str]
    slipping: ClassVar[Any]
    right: ClassVar[tuple[Any, ...]]
    wrong: ClassVar[dict[str, tuple[Any, str]]]
    seconds: ClassVar[float] = 10.0
    draw: ClassVar[Callable[[np.random.Generator], tuple[Any, ...]] | None] = None

    def __init__(self) -> None:
        self.cases = 0
        self.notes: list[str | Table] = []

    def __init_subclass__(cls) -> None:
        """Keep a plain function given as `slipping` or `draw` from turning into a method."""
        for name in ("slipping", "draw"):
            if callable(cls.__dict__.get(name)):
                setattr(cls, name, staticmethod(cls.__dict__[name]))

    def check(self, answer: Any) -> str | None:
        """Compare the answer with what is known, by `expect`, `agree` and `note`.

        Returns the first sentence of a verdict that holds; None for the usual one.
        """
        raise NotImplementedError

    def expect(self, condition: bool, message: str) -> None:
        """Count a case that holds; otherwise the answer does not hold, for this reason."""
        if not condition:
            raise DoesNotHold(message)
        self.cases += 1

    def agree(
        self,
        got: Any,
        wanted: Any,
        at: str,
        mistakes: Mapping[str, Any] | None = None,
        *,
        rel: float = 1e-6,
        abs: float = 1e-9,
    ) -> None:
        """Count a case in which two numbers or arrays agree; otherwise name the mistake.

        Parameters
        ----------
        got, wanted : number or array
            The learner's value and the known one.
        at : str
            The case in words, such as ``"S0 = 1, k = 2"``.
        mistakes : mapping from message to number or array
            What typical mistakes would give here.
        rel, abs : float
            Tolerances, >= 0.
        """
        if _close(got, wanted, rel, abs):
            self.cases += 1
            return
        for message, value in (mistakes or {}).items():
            if _close(got, value, rel, abs):
                raise DoesNotHold(message)
        raise DoesNotHold(f"At {at} your answer gives {shown(got)}; it should be {shown(wanted)}.")

    def note(self, part: str | Table) -> None:
        """Add a paragraph or a table to the verdict, whatever the outcome."""
        self.notes.append(part)

    @classmethod
    def judge(cls, answer: Any, *, seconds: float | None = None) -> Verdict:
        """Check an answer; never raises for anything that the answer does.

        Parameters
        ----------
        answer : object
            Whatever the learner passed.
        seconds : float, optional
            Wall-clock limit, > 0; the class's own if None.
        """
        checker = cls()
        limit = cls.seconds if seconds is None else seconds
        try:
            if untouched(answer):
                raise NotAttempted
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                held = bounded(
                    lambda: checker.check(checker.asks.read(answer, "Your answer")), limit
                )
        except NotAttempted:
            return checker._verdict(Outcome.NOT_ATTEMPTED, "There is no answer here yet.")
        except DoesNotHold as why:
            return checker._verdict(Outcome.DOES_NOT_HOLD, str(why))
        except CannotBeChecked as why:
            return checker._verdict(Outcome.CANNOT_BE_CHECKED, str(why))
        except TookTooLong:
            return checker._verdict(Outcome.CANNOT_BE_CHECKED, LATE.format(limit))
        except Exception as error:
            ours = (
                f"The checker itself failed ({type(error).__name__}: {error}). That is a mistake "
            )
            ours += "of the course, not yours; please report it."
            return checker._verdict(Outcome.CANNOT_BE_CHECKED, ours)
        return checker._verdict(Outcome.HOLDS, held or f"It holds on {_counted(checker.cases)}.")

    @classmethod
    def hidden(cls, rng: np.random.Generator, cases: int = 20) -> type[Checker]:
        """Return this exercise with other cases: drawn, and compared with the first right answer.

        Parameters
        ----------
        rng : numpy.random.Generator
            Whoever does not know its seed cannot know the cases.
        cases : int
            How many, >= 1.
        """

        class Hidden(cls):
            title = f"{cls.title}, hidden cases"
            not_checked = "arguments out of the range that the exercise states."
            slips_through = f"an answer that is wrong where none of {cases} drawn cases fell."

            def check(self, answer: Any) -> None:
                for args in (cls.draw(rng) for _ in range(cases)):
                    wanted, at = cls.right[0](*args), f"`{answer.called(*args)}`"
                    self.agree(answer(*args), wanted, at, rel=1e-3, abs=1e-6)

        return Hidden

    @classmethod
    def unread(cls, why: str) -> Verdict:
        """Return the verdict on an answer that never arrived.

        Parameters
        ----------
        why : str
        """
        return cls()._verdict(Outcome.CANNOT_BE_CHECKED, why)

    def _verdict(self, outcome: Outcome, message: str) -> Verdict:
        honest = (
            (f"Not checked: {self.not_checked}", f"Would still pass: {self.slips_through}")
            if outcome is Outcome.HOLDS
            else ()
        )
        return Verdict(
            heading=f"{self.key} {self.title}: {outcome}",
            parts=(message, *self.notes, *honest),
            outcome=outcome,
            message=message,
            cases=self.cases,
        )


def _counted(cases: int) -> str:
    return "1 case" if cases == 1 else f"{cases} cases"


def _close(got: Any, wanted: Any, rel: float, abs: float) -> bool:
    if np.ndim(got) == np.ndim(wanted) == 0:
        return math.isclose(got, wanted, rel_tol=rel, abs_tol=abs)
    return np.shape(got) == np.shape(wanted) and np.allclose(got, wanted, rtol=rel, atol=abs)
