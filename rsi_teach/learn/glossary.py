"""The course's glossary, read from ``glossary.md``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rsi_teach.layout import source
from rsi_teach.learn.chapters import CHAPTERS, Chapter

ENTRY = re.compile(
    r"(?P<text>.+?) \(\[(?P<number>\d\d)\]\((?P<link>\S+)\)\)(?:\n+\*Also:\* (?P<forms>.+))?"
)
"""A paragraph that ends with its chapter, and perhaps a line of other forms."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One term of the course, and what it means there.

    Parameters
    ----------
    term : str
        As the course writes it.
    text : str
        One paragraph of Markdown, without the chapter that follows it in the file.
    forms : tuple of str
        Plurals and other names under which the chapters' prose speaks of the same thing.
    chapter : Chapter
        Where the term is introduced.
    """

    term: str
    text: str
    forms: tuple[str, ...]
    chapter: Chapter


def entries() -> tuple[Entry, ...]:
    """Return every entry of the glossary, in the order of the file.

    Examples
    --------
    >>> [found] = [entry for entry in entries() if entry.term == "rule of three"]
    >>> found.chapter.stem
    '07_testing'
    """
    return parsed((source() / "course" / "glossary.md").read_text(encoding="utf-8"))


def parsed(text: str) -> tuple[Entry, ...]:
    """Read a glossary: a heading of the second level for each term, and its paragraph.

    Parameters
    ----------
    text : str

    Raises
    ------
    ValueError
        For an entry that does not end with its chapter, or a term or form that stands there twice.

    Examples
    --------
    >>> [gate] = parsed("## gate\\n\\nWhat lets pass. ([12](12_gates.ipynb))\\n\\n*Also:* gates\\n")
    >>> gate.text, gate.forms, gate.chapter.number
    ('What lets pass.', ('gates',), 12)
    """
    _, *blocks = re.split(r"^## ", text, flags=re.M)
    found = tuple(_entry(*block.split("\n", 1)) for block in blocks)
    _by_form(found)
    return found


def _entry(term: str, rest: str = "") -> Entry:
    read = ENTRY.fullmatch(rest.strip())
    chapter = CHAPTERS.get(int(read["number"])) if read else None
    if not read or not chapter or read["link"] != f"{chapter.stem}.ipynb":
        raise ValueError(
            f"text = the entry {term!r} is not a paragraph that ends with its chapter, such as "
            f"([05]({CHAPTERS[5].stem}.ipynb)), with nothing after it but a line *Also:*"
        )
    forms = tuple(form.strip() for form in (read["forms"] or "").split(",") if form.strip())
    return Entry(term=term.strip(), text=read["text"], forms=forms, chapter=chapter)


def _by_form(glossary: Sequence[Entry]) -> dict[str, Entry]:
    """Return the entry that each term and each form belongs to, by its lower case."""
    known: dict[str, Entry] = {}
    for entry in glossary:
        for form in (entry.term, *entry.forms):
            if form.lower() in known:
                raise ValueError(f"text = {form!r} stands twice in the glossary")
            known[form.lower()] = entry
    return known


def uses(prose: str, glossary: Sequence[Entry]) -> Iterator[tuple[re.Match[str], Entry]]:
    """Find the terms of a glossary in plain text, in upper or lower case, whole words only.

    Where two forms begin at the same place the longer one is found: a rubber stamp is no stamp.

    Parameters
    ----------
    prose : str
        Without Markdown, code and mathematics.
    glossary : sequence of Entry
        Not empty.

    Yields
    ------
    (re.Match, Entry)
        From left to right.

    Examples
    --------
    >>> [entry.term for _, entry in uses("Stamps, and a rubber stamp.", entries())]
    ['stamp', 'rubber stamp']
    """
    known = _by_form(glossary)
    forms = "|".join(re.escape(form) for form in sorted(known, key=len, reverse=True))
    for found in re.finditer(rf"(?<![\w-])(?:{forms})(?![\w-])", prose, re.IGNORECASE):
        yield found, known[found[0].lower()]
