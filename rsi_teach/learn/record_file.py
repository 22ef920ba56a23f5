"""A record without a name: the file that a learner hands in, and what reads it."""

from __future__ import annotations

import json
import re
import secrets
import stat
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from rsi_teach.learn.beliefs import ASKED
from rsi_teach.learn.new_files import write_new
from rsi_teach.learn.record import Believed, Record, Row, believed, joined
from rsi_teach.learn.record_page import counted

FORMAT = "rsi-teach anonymous record, 2"
BEFORE_BELIEFS = "rsi-teach anonymous record, 1"
"""What was written before files held beliefs; it is still read."""
COURSE_KEY = re.compile(r"\d\d\.[a-z0-9-]{1,40}")
WHOLE = (
    "it is a whole journal, with times and reasons: delete it, and ask for one that was exported "
    "with --anonymous"
)
LARGEST = 5_000_000  # bytes of a file that is worth reading


def consent(record: Record) -> str:
    """Say in one sentence what an anonymous file holds, and what it leaves out.

    Parameters
    ----------
    record : Record
    """
    intervals, probabilities = _answered(record)
    return (
        f"The file holds {counted(len(intervals), 'interval')} and "
        f"{counted(len(probabilities), 'probability', 'probabilities')}, each with its question's "
        f"key, your numbers and the answer, and {counted(len(record.beliefs), 'belief')} from the "
        "first and the last chapter as two numbers each (how sure you were, how sure one would "
        "have to be), all under a random number made for this file; it leaves out times, sessions, "
        "versions, reasons, stakes, questions of your own, attempts and their code, whoever knows "
        "some of your numbers can recognise the rest, and it stays on this computer until you hand "
        "it on."
    )


def export_anonymous(record: Record, path: str | Path) -> Path:
    """Write what a class may pool into a new file, whole or not at all.

    Parameters
    ----------
    record : Record
    path : str or Path
        A file that does not exist yet.

    Raises
    ------
    FileExistsError
        When the file is there already; it is left as it is.
    """
    path = Path(path)
    intervals, probabilities = _answered(record)
    content = {
        "format": FORMAT,
        "id": secrets.token_hex(16),
        "synthetic": record.whose.startswith("A synthetic"),
        "intervals": [
            {"key": key, "low": low, "high": high, "truth": truth}
            for key, low, high, truth in intervals
        ],
        "probabilities": [
            {"key": key, "probability": stated, "truth": truth}
            for key, stated, truth in probabilities
        ],
        "beliefs": [
            {"key": key, "probability": sure, "threshold": needed}
            for key, sure, needed in sorted(record.beliefs)
        ],
    }
    write_new({path: json.dumps(content, allow_nan=False, indent=1)})
    return path


def _answered(record: Record) -> list[list[Row]]:
    """Rows whose key cannot hold words of the learner's own, in an order that shows no time."""
    return [sorted(row for row in rows if COURSE_KEY.fullmatch(row[0])) for rows in record.rows()]


@dataclass(frozen=True, kw_only=True, eq=False)
class Handed:
    """A file that was handed in and can be used.

    Parameters
    ----------
    name : str
        What the file is called.
    number : str
        The random number that it was written under.
    record : Record
    """

    name: str
    number: str
    record: Record

    @cached_property
    def items(self) -> frozenset[Row | Believed]:
        """All that was said, whatever the order."""
        intervals, probabilities = self.record.rows()
        return frozenset([*intervals, *probabilities, *self.record.beliefs])


class Unfit(Exception):
    """Why a file is left out, in words that name no file."""


def read_handed(path: Path, name: str) -> Handed:
    """Read one file, and check all of it.

    Parameters
    ----------
    path : Path
    name : str
        What to call it.

    Raises
    ------
    Unfit
        When anything is wrong with it.
    """
    content = _content(path)
    if not re.fullmatch(r"[0-9a-f]{32}", str(content.get("id"))):
        raise Unfit("its random number is damaged")
    if not isinstance(content.get("synthetic"), bool):
        raise Unfit("it does not say whether a person wrote it")
    intervals = _checked(content.get("intervals"), 4)
    probabilities = _checked(content.get("probabilities"), 3)
    beliefs = [] if content["format"] == BEFORE_BELIEFS else _believed(content.get("beliefs"))
    if not (intervals or probabilities or beliefs):
        raise Unfit("it holds no answer")
    whose = "A synthetic record" if content["synthetic"] else "A journal"
    record = Record.of_rows(intervals, probabilities, beliefs=beliefs, whose=whose)
    return Handed(name=name, number=content["id"], record=record)


def _content(path: Path) -> dict[str, Any]:
    """What stands in the file, if it is one of ours."""
    try:
        found = path.lstat()
        if stat.S_ISDIR(found.st_mode):
            raise Unfit("it is a folder, and only files that lie in the folder itself are read")
        if not stat.S_ISREG(found.st_mode):
            raise Unfit("it is a link or a device, and only ordinary files are read")
        if found.st_size > LARGEST:
            raise Unfit("it is larger than any journal")
        text = path.read_text("utf-8")
        if text.startswith('{"kind": '):
            raise Unfit(WHOLE)
        content = json.loads(text, parse_constant=_refuse)
    except OSError as error:
        raise Unfit(f"it cannot be opened ({error.strerror})") from None
    except (ValueError, RecursionError):
        raise Unfit("it is damaged, or no anonymous record at all") from None
    if not isinstance(content, dict) or content.get("format") not in (FORMAT, BEFORE_BELIEFS):
        raise Unfit("it is not an anonymous record of this course, or of a later version of it")
    return content


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def _checked(rows: Any, length: int) -> list[Row]:
    """Rows as a record has them; one that cannot be read spoils the file."""

    def read(key: str, row: Any) -> Row | None:
        found = joined(key, row, row) if COURSE_KEY.fullmatch(key) else None
        return found if found is not None and len(found) == length else None

    return _rows(rows, read)


def _believed(rows: Any) -> list[Believed]:
    return _rows(rows, lambda key, row: believed(key, row) if key in ASKED else None)


def _rows(rows: Any, read: Any) -> list[Any]:
    if not isinstance(rows, list):
        raise Unfit("its rows are damaged")
    keys = [row.get("key") if isinstance(row, dict) else None for row in rows]
    found = [
        read(key, row) if isinstance(key, str) else None
        for key, row in zip(keys, rows, strict=True)
    ]
    if None in found:
        raise Unfit("one of its rows is damaged")
    if len(set(keys)) < len(keys):
        raise Unfit("it answers a question twice")
    return found
