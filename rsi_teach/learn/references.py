"""The course's references, read from ``references.bib``."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from rsi_teach.layout import source

ACCENTS = {
    '"': "\u0308", "'": "\u0301", "`": "\u0300", "^": "\u0302", "~": "\u0303",
    "c": "\u0327", "v": "\u030c", "=": "\u0304", ".": "\u0307", "u": "\u0306", "H": "\u030b",
}  # fmt: skip
LETTERS = {"ss": "ß", "o": "ø", "O": "Ø", "l": "ł", "L": "Ł", "ae": "æ", "aa": "å", "i": "i"}


def references() -> dict[str, dict[str, str]]:
    """Return every reference of the course: citation key to fields, names in lower case.

    The kind of publication (article, book, ...) stands under ``"type"``.
    """
    return parsed((source() / "course" / "references.bib").read_text(encoding="utf-8"))


def cite(*keys: str) -> str:
    """Return "Author et al. (year)" for one key or several.

    Parameters
    ----------
    *keys : str
        Citation keys of ``course/references.bib``.

    Raises
    ------
    ValueError
        For a key that is not there.
    """
    return "; ".join(cited(key, references()) for key in keys)


def cited(key: str, library: dict[str, dict[str, str]]) -> str:
    """Return "Author et al. (year)" for a key of a parsed library.

    Parameters
    ----------
    key : str
    library : dict
        What `parsed` returns.

    Examples
    --------
    >>> cited("b", parsed("@book{b, author = {Blum, Avrim and Hardt, Moritz}, year = 2015}"))
    'Blum & Hardt (2015)'
    """
    if key not in library:
        raise ValueError(f"key = {key!r} is not in references.bib")
    fields = library[key]
    names = [_surname(name) for name in _people(fields)]
    who = f"{names[0]} et al." if len(names) > 2 else " & ".join(names)
    return f"{who} ({fields.get('year') or fields.get('date', '')[:4] or 'no date'})"


def _people(fields: dict[str, str]) -> list[str]:
    """Return the authors, or whoever stands in for them, each as BibTeX writes a name."""
    for role in ("author", "editor", "organization", "institution", "publisher", "title"):
        if fields.get(role):
            text = fields[role]
            return _split(text, r"\s+and\s+") if role in ("author", "editor") else [f"{{{text}}}"]
    return ["Anonymous"]


def _surname(name: str) -> str:
    if name.startswith("{") and name.endswith("}"):  # a name that must not be taken apart
        return plain(name)
    if "," in name:
        return plain(name.split(",")[0])
    words = name.split()
    particle = next((i for i, word in enumerate(words[:-1]) if word[0].islower()), len(words) - 1)
    return plain(" ".join(words[particle:]))


def _split(text: str, separator: str) -> list[str]:
    """Split at a separator that stands outside every brace and every pair of quotes."""
    pieces, depth, quoted, start, i = [], 0, False, 0, 0
    while i < len(text):
        depth += {"{": 1, "}": -1}.get(text[i], 0)
        quoted ^= text[i] == '"' and depth == 0 and text[i - 1 : i] != "\\"
        found = None if depth or quoted else re.compile(separator).match(text, i)
        if found:
            pieces.append(text[start:i])
            start = found.end()
        i = found.end() if found else i + 1
    return [piece.strip() for piece in [*pieces, text[start:]] if piece.strip()]


def parsed(text: str) -> dict[str, dict[str, str]]:
    """Read BibTeX: citation key to fields, as written (see `plain` for reading them aloud).

    Strings in braces, in quotes, bare numbers and names are read; string macros are not.

    Parameters
    ----------
    text : str

    Raises
    ------
    ValueError
        For a brace that is never closed, an entry without a key, or a key that stands there twice.

    Examples
    --------
    >>> parsed("@misc{a1, title = {On {RSI}}, year = 2025}")
    {'a1': {'type': 'misc', 'title': 'On {RSI}', 'year': '2025'}}
    """
    library: dict[str, dict[str, str]] = {}
    for kind, body in _entries(text):
        key, *pairs = _split(body, ",")
        if "=" in key:
            raise ValueError(f"text = an @{kind} without a citation key: {body[:40]!r}")
        if key in library:
            raise ValueError(f"text = the citation key {key!r} stands there twice")
        library[key] = {"type": kind} | dict(map(_field, pairs))
    return library


def _entries(text: str) -> Iterator[tuple[str, str]]:
    """Find each ``@kind{...}`` and what its braces hold."""
    at = 0
    while found := re.compile(r"^[ \t]*@(\w+)\s*\{", re.M).search(text, at):
        depth, at = 1, found.end()
        while depth:
            if at == len(text):
                raise ValueError(f"text = a brace is never closed: {text[found.start() :][:40]!r}")
            depth += {"{": 1, "}": -1}.get(text[at], 0)
            at += 1
        if found[1].lower() not in ("comment", "preamble", "string"):
            yield found[1].lower(), text[found.end() : at - 1]


def _field(pair: str) -> tuple[str, str]:
    name, _, value = pair.partition("=")
    value = " ".join(value.split())
    if value[:1] + value[-1:] in ("{}", '""'):
        value = value[1:-1]
    return name.strip().lower(), value


def plain(text: str) -> str:
    """Take BibTeX's braces and accents out of a field.

    Parameters
    ----------
    text : str

    Examples
    --------
    >>> plain(r"Cand{\\`e}s, {J\\o}rgensen {\\&} Vovk")
    'Candès, Jørgensen & Vovk'
    """
    letters = "|".join(sorted(LETTERS, key=len, reverse=True))
    text = re.sub(rf"\\({letters})(?![a-zA-Z])\s*", lambda m: LETTERS[m[1]], text)
    accent = r"\\(?:([\"'`^~=.])|([cvuH])(?![a-zA-Z]))\s*\{?(\w)\}?"
    text = re.sub(accent, lambda m: m[3] + ACCENTS[m[1] or m[2]], text)
    text = re.sub(r"\\([&%_#$])", r"\1", text).replace("--", "\u2013").replace("~", " ")
    return unicodedata.normalize("NFC", re.sub(r"[{}]", "", text))
