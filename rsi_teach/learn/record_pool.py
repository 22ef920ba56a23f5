"""A class's records without names: one file from each learner, and what they add up to."""

from __future__ import annotations

import json
import re
import secrets
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rsi_teach.learn.new_files import write_new
from rsi_teach.learn.record import Record, joined
from rsi_teach.learn.record_page import counted

FORMAT = "rsi-teach anonymous record, 1"
FEWEST = 5
"""Journals, in all and for each question, under which nothing is pooled."""
COURSE_KEY = re.compile(r"\d\d\.[a-z0-9-]{1,40}")
MANY = 5
"""Answers that two people hardly give alike."""
LARGEST = 5_000_000  # bytes of a file that is worth reading


def consent(record: Record) -> str:
    """Say in one sentence what an anonymous file holds, and what it leaves out.

    Parameters
    ----------
    record : Record
    """
    intervals, probabilities = _rows(record)
    return (
        f"The file holds {counted(len(intervals), 'interval')} and "
        f"{counted(len(probabilities), 'probability', 'probabilities')}, each "
        "with its question's key, your numbers and the answer, under a random number made for this "
        "file; it leaves out times, sessions, versions, questions of your own, attempts and their "
        "code, beliefs and their reasons. Whoever knows some of your numbers can recognise the "
        "rest. It stays on this computer until you hand it on."
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
    intervals, probabilities = _rows(record)
    content = {
        "format": FORMAT,
        "id": secrets.token_hex(16),
        "synthetic": record.whose.startswith("A synthetic"),
        "intervals": intervals,
        "probabilities": probabilities,
    }
    write_new({path: json.dumps(content, allow_nan=False, indent=1)})
    return path


def _rows(record: Record) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What is exported, in the order of the keys, so that the order of answering does not show."""
    intervals = [
        {"key": key, "low": float(low), "high": float(high), "truth": float(truth)}
        for key, low, high, truth in zip(
            record.key, record.low, record.high, record.truth, strict=True
        )
    ]
    probabilities = [
        {"key": key, "probability": float(p), "truth": bool(y)}
        for key, p, y in zip(
            record.probability_key, record.probability, record.happened, strict=True
        )
    ]
    return _of_the_course(intervals), _of_the_course(probabilities)


def _of_the_course(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Only rows whose key cannot hold words of the learner's own."""
    known = (row for row in rows if COURSE_KEY.fullmatch(row["key"]))
    return sorted(known, key=lambda row: row["key"])


@dataclass(frozen=True, kw_only=True, eq=False)
class Pool:
    """What several anonymous files add up to.

    Parameters
    ----------
    record : Record
        Answers to the questions that enough people answered.
    journals : int
        How many files are in it.
    skipped : tuple of str
        A sentence for each file that is not, with the reason.
    left_out : int
        Answers to questions that fewer than `FEWEST` people answered.
    """

    record: Record
    journals: int
    skipped: tuple[str, ...]
    left_out: int


def pool(paths: Iterable[str | Path]) -> Pool:
    """Put the anonymous files of a class together; nothing of it can be traced to a file.

    Parameters
    ----------
    paths : iterable of str or Path

    Raises
    ------
    ValueError
        When fewer than five different files can be read, or files of people and of simulated
        forecasters are mixed; the message says which were left out, and why.
    """
    files: dict[str, dict[str, Any]] = {}
    skipped = []
    for name, path in _named(paths):
        try:
            content = _read(path)
        except _Unfit as reason:
            skipped.append(f"{name} is left out: {reason}.")
            continue
        same = [other for other, known in files.items() if _same(content, known)]
        if same:
            skipped.append(f"{name} is left out: it is the journal of {same[0]} again.")
            continue
        files[name] = content
    if len(files) < FEWEST:
        found = f"{len(files)} usable {'file' if len(files) == 1 else 'files'}"
        raise ValueError(
            f"paths hold {found}, and fewer than {FEWEST} are not pooled: in so small a group an "
            f"answer could be traced to a person. {' '.join(skipped)}".rstrip()
        )
    if len({content["synthetic"] for content in files.values()}) > 1:
        made = ", ".join(name for name, content in files.items() if content["synthetic"])
        raise ValueError(f"paths mix people with simulated forecasters: take out {made}")
    return _pooled(files, tuple(skipped))


def _named(paths: Iterable[str | Path]) -> list[tuple[str, Path]]:
    """Each path once, by its file's name, or in full where several files are called alike."""
    found = sorted(set(map(Path, paths)))
    often = Counter(path.name for path in found)
    return [(path.name if often[path.name] == 1 else str(path), path) for path in found]


class _Unfit(Exception):
    """Why a file is left out."""


def _read(path: Path) -> dict[str, Any]:
    """The checked content of one file."""
    try:
        if path.stat().st_size > LARGEST:
            raise _Unfit("it is larger than any journal")
        content = json.loads(path.read_text("utf-8"), parse_constant=_refuse)
    except OSError as error:
        raise _Unfit(f"it cannot be opened ({error.strerror})") from None
    except (ValueError, RecursionError):
        raise _Unfit("it is damaged, or no anonymous record at all") from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise _Unfit("it is not an anonymous record of this course")
    if not re.fullmatch(r"[0-9a-f]{32}", str(content.get("id"))):
        raise _Unfit("its random number is damaged")
    if not isinstance(content.get("synthetic"), bool):
        raise _Unfit("it does not say whether a person wrote it")
    rows = _checked(content.get("intervals"), 4) + _checked(content.get("probabilities"), 3)
    if not rows:
        raise _Unfit("it holds no answer")
    return {"id": content["id"], "synthetic": content["synthetic"], "rows": rows}


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def _checked(rows: Any, length: int) -> list[tuple[Any, ...]]:
    """Rows as a record has them; one that cannot be read spoils the file."""
    if not isinstance(rows, list):
        raise _Unfit("its rows are damaged")
    found = []
    for row in rows:
        key = row.get("key") if isinstance(row, dict) else None
        one = joined(key, row, row) if isinstance(key, str) and COURSE_KEY.fullmatch(key) else None
        if one is None or len(one) != length:
            raise _Unfit("one of its rows is damaged")
        found.append(one)
    if len({row[0] for row in found}) < len(found):
        raise _Unfit("it answers a question twice")
    return found


def _same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two files are of one journal: the same number, or many answers that are the same."""
    return one["id"] == other["id"] or (one["rows"] == other["rows"] and len(one["rows"]) >= MANY)


def _pooled(files: dict[str, dict[str, Any]], skipped: tuple[str, ...]) -> Pool:
    rows = [row for content in files.values() for row in content["rows"]]
    askers = Counter((row[0], len(row)) for row in rows)
    known = sorted(row for row in rows if askers[row[0], len(row)] >= FEWEST)
    synthetic = next(iter(files.values()))["synthetic"]
    whose = f"{len(files)} {'synthetic records' if synthetic else 'journals'}, pooled"
    record = Record.of_rows(
        [row for row in known if len(row) == 4],
        [row for row in known if len(row) == 3],
        whose=f"A synthetic class: {whose}" if synthetic else whose,
    )
    return Pool(
        record=record, journals=len(files), skipped=skipped, left_out=len(rows) - len(known)
    )
