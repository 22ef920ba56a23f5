"""A folder for grading a class: nbgrader's configuration and its source notebooks, from ours."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rsi_teach.layout import source
from rsi_teach.learn.exercises import exercise

CONFIG = "nbgrader_config.py"
SEED = "hidden-cases.seed"
CHECK = re.compile(r'exercise\("(\d\d\.\d+)"\)\.check\(\w+\)')
CHECK_ID = re.compile(r"check-(\d\d)-(\d+)")
SCHEMA = 3  # of nbgrader's metadata
POINTS = 2  # for each degree of difficulty; half of them for hidden cases, where there are any


def open_classroom(folder: Path, chapters: Sequence[str]) -> list[Path]:
    """Make a folder in which a class is graded, or add assignments to it; overwrite nothing.

    Parameters
    ----------
    folder : Path
        Made if it is missing, readable by nobody but its owner.
    chapters : sequence of str
        Such as ``"13_independence"``; each becomes an assignment of that name.

    Returns
    -------
    list of Path
        The files that were written; those that were there already stay as they are.

    Raises
    ------
    ValueError
        When a chapter has no exercises; the message lists those that have.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp()) / "class"
    >>> [path.name for path in open_classroom(folder, ["13_independence"])]
    ['nbgrader_config.py', 'hidden-cases.seed', '13_independence.ipynb']
    >>> open_classroom(folder, ["13_independence"])
    []
    """
    solutions = source() / "solutions"
    known = sorted(path.stem for path in solutions.glob("*.ipynb"))
    for chapter in chapters:
        if chapter not in known:
            raise ValueError(f"{chapter!r} has no exercises: choose from {', '.join(known)}")
    folder.mkdir(parents=True, exist_ok=True)
    # Submissions run as another account: this is what keeps them out of the gradebook.
    folder.chmod(0o700)
    texts = {
        CONFIG: (source() / "course" / "teaching" / CONFIG).read_text(encoding="utf-8"),
        SEED: f"{secrets.randbits(62)}\n",
    }
    for chapter in chapters:
        book = json.loads((solutions / f"{chapter}.ipynb").read_text(encoding="utf-8"))
        texts[f"source/{chapter}/{chapter}.ipynb"] = json.dumps(assignment(book), indent=1) + "\n"
    return [path for name, text in texts.items() if _written(path := folder / name, text)]


def _written(path: Path, text: str) -> bool:
    """Write a file, unless there is one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        return False
    return True


def assignment(solution: Mapping[str, Any]) -> dict[str, Any]:
    """Return the source notebook that nbgrader wants: a solution whose checks carry points.

    Parameters
    ----------
    solution : mapping
        The notebook as JSON. Cells tagged ``solution-only`` are left out, as in the exercises.
    """
    kept = [c for c in solution["cells"] if "solution-only" not in c["metadata"].get("tags", [])]
    return {**solution, "cells": [with_points(cell) for cell in kept]}


def asked(cell: Mapping[str, Any]) -> str:
    """Return the key of the exercise that a cell checks, "" if it is no check.

    Parameters
    ----------
    cell : mapping
        Of a notebook. It is a check by what it says or, if the learner changed that, by its id.

    Examples
    --------
    >>> asked({"cell_type": "code", "source": 'exercise("13.1").check(all_miss)'})
    '13.1'
    """
    if cell["cell_type"] != "code":
        return ""
    found = CHECK.fullmatch("".join(cell["source"]).strip()) or CHECK_ID.fullmatch(
        cell.get("id", "")
    )
    return ".".join(found.groups()) if found else ""


def grade_id(key: str) -> str:
    """Return nbgrader's name for an exercise's check.

    Parameters
    ----------
    key : str

    Examples
    --------
    >>> grade_id("13.1")
    'check-13-1'
    """
    return f"check-{key.replace('.', '-')}"


def with_points(cell: Mapping[str, Any]) -> dict[str, Any]:
    """Return a cell; if it is a check, with what makes nbgrader mark it.

    Parameters
    ----------
    cell : mapping
        Of a notebook.
    """
    key = asked(cell)
    if not key:
        return dict(cell)
    marks = {
        "grade": True,
        "grade_id": grade_id(key),
        "locked": True,
        "points": POINTS * exercise(key).checker.difficulty,
        "schema_version": SCHEMA,
        "solution": False,
        "task": False,
    }
    return {**cell, "metadata": {**cell["metadata"], "nbgrader": marks}}
