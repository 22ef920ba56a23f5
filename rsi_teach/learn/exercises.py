"""One exercise as the learner meets it: check, hint, solution."""

from __future__ import annotations

import importlib
import json
import os
import re
from functools import cache
from pathlib import Path
from typing import Any

from rsi_teach.layout import source
from rsi_teach.learn.chapters import CHAPTERS, Chapter
from rsi_teach.learn.checker import Checker, Outcome, Verdict
from rsi_teach.learn.faces import Passage
from rsi_teach.learn.source import Code


@cache
def exercise(key: str) -> Exercise:
    """Return the exercise with a key such as ``"01.2"``: chapter, dot, number.

    Parameters
    ----------
    key : str

    Raises
    ------
    ValueError
        When there is no such exercise; the message lists the chapter's.

    Examples
    --------
    >>> exercise("01.1")
    Exercise 01.1: Time to the singularity
    Difficulty 1 of 3, about 8 minutes.
    """
    found = re.fullmatch(r"(\d\d)\.\d+", str(key))
    chapter = CHAPTERS.get(int(found[1])) if found else None
    if chapter is None:
        raise ValueError(f'key = {key!r} is not of the form "01.2", or that chapter is not here')
    there = checkers(chapter)
    if key not in there:
        keys = ", ".join(there) or "none"
        raise ValueError(f"key = {key!r} is not an exercise of chapter {chapter.stem}: {keys}")
    return Exercise(there[key], chapter)


def checkers(chapter: Chapter) -> dict[str, type[Checker]]:
    """Return a chapter's checkers by key; empty when the chapter has no exercises.

    Parameters
    ----------
    chapter : Chapter
    """
    name = f"rsi_teach.learn.checkers.{chapter.name}"
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as missing:
        if missing.name != name:
            raise
        return {}
    found = [item for item in vars(module).values() if isinstance(item, type)]
    own = [
        c for c in found if issubclass(c, Checker) and c.__module__ == name and hasattr(c, "key")
    ]
    return {checker.key: checker for checker in sorted(own, key=lambda c: c.key)}


class Exercise:
    """An exercise; shown, it says its title, how hard it is and how long it takes.

    Parameters
    ----------
    checker : subclass of Checker
    chapter : Chapter
    """

    def __init__(self, checker: type[Checker], chapter: Chapter) -> None:
        self.checker = checker
        self.chapter = chapter
        self._hints_given = 0

    def check(self, answer: Any) -> Verdict:
        """Check an answer and, if there is one, keep the attempt in the journal.

        Parameters
        ----------
        answer : object
            What the exercise asks for; a function is passed by its name, not called.

        Raises
        ------
        AssertionError
            Under nbgrader, when the answer does not hold: a cell that only says so in words
            would get full marks.
        """
        from rsi_teach.learn.journal import open_journal

        verdict = self.checker.judge(answer)
        if "NBGRADER_EXECUTION" in os.environ:
            if verdict.outcome is not Outcome.HOLDS:
                raise AssertionError(verdict.plain())
            return verdict
        if verdict.outcome is not Outcome.NOT_ATTEMPTED:
            said = {"outcome": verdict.outcome, "cases": verdict.cases}
            open_journal().add("attempt", self.checker.key, said)
        return verdict

    def hint(self) -> Passage:
        """Return the next hint; after the last one, the last one again."""
        hints = self.checker.hints
        self._hints_given = min(self._hints_given + 1, len(hints))
        heading = f"{self.checker.key}, hint {self._hints_given} of {len(hints)}"
        return Passage(heading=heading, parts=(hints[self._hints_given - 1],))

    def solution(self) -> Passage:
        """Return the code between the solution marks of this exercise's solution notebook."""
        heading = f"{self.checker.key}, one solution"
        notebook = Path("solutions") / f"{self.chapter.stem}.ipynb"
        if cells := _solved(source() / notebook, self.checker.key):
            return Code(heading=heading, parts=tuple(cells))
        where = f"The solution stands in `{notebook.as_posix()}` of the course's repository; "
        return Passage(heading=heading, parts=(f"{where}it is not on this computer.",))

    def __repr__(self) -> str:
        """The plain face."""
        return repr(self._passage())

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return self._passage()._repr_mimebundle_()

    def _passage(self) -> Passage:
        task = self.checker
        effort = f"Difficulty {task.difficulty} of 3, about {task.minutes} minutes."
        return Passage(heading=f"Exercise {task.key}: {task.title}", parts=(effort,))


def _solved(notebook: Path, key: str) -> list[str]:
    """Return the solutions in the code cells between this exercise's heading and the next."""
    try:
        cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    except (OSError, ValueError, KeyError):
        return []
    here, found = False, []
    for cell in cells:
        text = "".join(cell["source"])
        if cell["cell_type"] == "markdown" and re.search(r"^#+ .*\b\d\d\.\d+\b", text, re.M):
            here = re.search(rf"^#+ .*\b{re.escape(key)}\b", text, re.M) is not None
        elif here and "### BEGIN SOLUTION" in text:
            found.append(re.sub(r"^\s*### (BEGIN|END) SOLUTION.*\n?", "", text, flags=re.M))
    return found
