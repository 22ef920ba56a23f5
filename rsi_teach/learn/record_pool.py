"""A class's records: the files of its learners, and what they add up to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from rsi_teach.learn.record import Record
from rsi_teach.learn.record_file import Handed, Unfit, read_handed
from rsi_teach.learn.record_page import counted

FEWEST = 5
"""Journals, in all and for each question, under which nothing is pooled."""
MANY = 5
"""Answers that two people hardly give alike."""


@dataclass(frozen=True, kw_only=True)
class Skipped:
    """A file that was left out.

    Parameters
    ----------
    name : str
        What the file is called; it may be a person's name.
    reason : str
        Names no file.
    instead : str
        The file that is used in its place; empty if there is none.
    """

    name: str
    reason: str
    instead: str = ""

    @property
    def sentence(self) -> str:
        """Name and reason, for whoever has the files."""
        used = f" ({self.instead} is used)" if self.instead else ""
        return f"{self.name} is left out: {self.reason}{used}."


@dataclass(frozen=True, kw_only=True, eq=False)
class Gathered:
    """The journals of a class, each by itself; what is shown of them hides which is whose.

    Parameters
    ----------
    records : tuple of Record
        With answers to the questions that enough people answered, and all beliefs.
    skipped : tuple of Skipped
    left_out : int
        Answers to questions that fewer than `FEWEST` people answered.
    """

    records: tuple[Record, ...]
    skipped: tuple[Skipped, ...]
    left_out: int

    @property
    def whose(self) -> str:
        """Who is pooled, and whether these are people."""
        if self.records[0].whose.startswith("A synthetic"):
            return f"A synthetic class: {len(self.records)} synthetic records, pooled"
        return f"{len(self.records)} journals, pooled"


@dataclass(frozen=True, kw_only=True, eq=False)
class Pool:
    """What several anonymous files add up to.

    Parameters
    ----------
    record : Record
        Answers to the questions that enough people answered; no beliefs.
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
    found = gather(paths)
    each = [record.rows() for record in found.records]
    record = Record.of_rows(
        sorted(row for intervals, _ in each for row in intervals),
        sorted(row for _, probabilities in each for row in probabilities),
        whose=found.whose,
    )
    return Pool(
        record=record,
        journals=len(found.records),
        skipped=tuple(one.sentence for one in found.skipped),
        left_out=found.left_out,
    )


def gather(paths: Iterable[str | Path]) -> Gathered:
    """Read the files of a class, and keep what may be shown of them.

    Parameters
    ----------
    paths : iterable of str or Path

    Raises
    ------
    ValueError
        As for `pool`.
    """
    handed, skipped = _usable(paths)
    if len(handed) < FEWEST:
        refused = (
            f"There {'is' if len(handed) == 1 else 'are'} {counted(len(handed), 'usable file')}, "
            f"and fewer than {FEWEST} are not pooled: in so small a group an answer could be "
            "traced to a person."
        )
        raise ValueError("\n".join([refused, *(one.sentence for one in skipped)]))
    made = [one.name for one in handed if one.record.whose.startswith("A synthetic")]
    if 0 < len(made) < len(handed):
        raise ValueError(
            f"These files mix people with simulated forecasters: take out {', '.join(sorted(made))}"
        )
    return _common([one.record for one in handed], skipped)


def _usable(paths: Iterable[str | Path]) -> tuple[list[Handed], tuple[Skipped, ...]]:
    """The files that count, and the others with the reason."""
    read, skipped = [], []
    for name, path in _named(paths):
        try:
            read.append(read_handed(path, name))
        except Unfit as reason:
            skipped.append(Skipped(name=name, reason=str(reason)))
    handed: list[Handed] = []
    for one in sorted(read, key=lambda one: -len(one.items)):  # the fullest of a journal's files
        same = next((other for other in handed if _same(one, other)), None)
        if same is None:
            handed.append(one)
            continue
        again = "it is the journal of another file again"
        skipped.append(Skipped(name=one.name, reason=again, instead=same.name))
    return handed, tuple(sorted(skipped, key=lambda one: one.name))


def _named(paths: Iterable[str | Path]) -> list[tuple[str, Path]]:
    """Each path once, by its file's name, or in full where several files are called alike."""
    found = sorted(set(map(Path, paths)))
    often = Counter(path.name for path in found)
    return [(path.name if often[path.name] == 1 else str(path), path) for path in found]


def _same(fewer: Handed, more: Handed) -> bool:
    """Whether two files are of one journal: the same number, or one says all that the other does.

    Whoever exports at half-term and again at the end writes two such files.
    """
    alike = len(fewer.items) >= MANY and fewer.items <= more.items
    return fewer.number == more.number or alike


def _common(records: list[Record], skipped: tuple[Skipped, ...]) -> Gathered:
    """Leave out questions that few answered."""
    each = [record.rows() for record in records]
    askers = [Counter(row[0] for pair in each for row in pair[kind]) for kind in (0, 1)]
    kept = [
        [[row for row in pair[kind] if askers[kind][row[0]] >= FEWEST] for kind in (0, 1)]
        for pair in each
    ]
    return Gathered(
        records=tuple(
            Record.of_rows(*rows, beliefs=record.beliefs, whose=record.whose)
            for rows, record in zip(kept, records, strict=True)
        ),
        skipped=skipped,
        left_out=sum(count for asked in askers for count in asked.values() if count < FEWEST),
    )
