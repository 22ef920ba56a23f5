"""What the course asks: each question's words, read from the chapters themselves."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rsi_teach.layout import source
from rsi_teach.learn.chapters import CHAPTERS


@dataclass(frozen=True, kw_only=True)
class Question:
    """A question as a chapter asks it.

    Parameters
    ----------
    key : str
    text : str
    unit : str
        Of the answer; empty if it has none.
    """

    key: str
    text: str
    unit: str = ""


def questions() -> dict[str, Question]:
    """Return every prediction that the chapters ask for, by its key.

    Examples
    --------
    >>> questions()["00.retention"].unit
    '%'
    """
    paths = sorted((source() / "course").glob("*.ipynb"))
    return {asked.key: asked for path in paths for asked in _asked(path)}


def chapter_of(key: str) -> str:
    """Say in which chapter a question stands.

    Parameters
    ----------
    key : str
        Two digits and more.

    Examples
    --------
    >>> chapter_of("05.items")
    'chapter 05, When the measure becomes the target'
    """
    chapter = CHAPTERS.get(int(key[:2]))
    return f"chapter {key[:2]}" + (f", {chapter.title}" if chapter else "")


def _asked(path: Path) -> Iterator[Question]:
    """The questions of one notebook; what somebody made unreadable is passed over."""
    try:
        cells = json.loads(path.read_text("utf-8"))["cells"]
        sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    except (OSError, ValueError, KeyError, TypeError):
        return
    for code in sources:
        if "predict(" in code:
            yield from map(_question, filter(_asks, _nodes(code)))


def _nodes(code: str) -> Iterator[ast.AST]:
    try:
        yield from ast.walk(ast.parse(code))
    except SyntaxError:  # a cell that somebody is still writing
        return


def _asks(node: Any) -> bool:
    """Whether this calls `predict` with a key and a question in so many words."""
    return (
        isinstance(node, ast.Call)
        and getattr(node.func, "id", "") == "predict"
        and len(node.args) == 2
        and all(isinstance(getattr(argument, "value", None), str) for argument in node.args)
    )


def _question(call: Any) -> Question:
    key, text = (argument.value for argument in call.args)
    units = [word.value for word in call.keywords if word.arg == "unit"]
    unit = next((one.value for one in units if isinstance(one, ast.Constant)), None)
    return Question(key=key, text=text, unit=unit or "")
