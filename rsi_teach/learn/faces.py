"""The two faces of everything the course shows: plain text and HTML."""

from __future__ import annotations

import html
import textwrap
from dataclasses import dataclass

WIDTH = 88  # characters; a line of plain text on a laptop


@dataclass(frozen=True, kw_only=True)
class Table:
    """A small table with a caption and a heading for every row.

    Parameters
    ----------
    caption : str
    columns : tuple of str
        Headings, the first one that of the row headings.
    rows : tuple of tuples of str
        Cells, each row as long as `columns`.

    Examples
    --------
    >>> print(Table(caption="Trips", columns=("to", "km"), rows=(("Bergen", "463"),)).plain())
    Trips
    to      km
    Bergen  463
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def __post_init__(self) -> None:
        """Refuse a ragged table."""
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"rows = {row!r} has not {len(self.columns)} cells")

    def plain(self) -> str:
        """The table as aligned text."""
        lines = [self.columns, *self.rows]
        widths = [max(len(line[i]) for line in lines) for i in range(len(self.columns))]
        aligned = [
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
            for line in lines
        ]
        return "\n".join([self.caption, *aligned])

    def html(self) -> str:
        """The table as HTML that a screen reader can walk."""
        head = "".join(_cell(cell, "th", "col") for cell in self.columns)
        body = "".join(
            "<tr>" + _cell(row[0], "th", "row") + "".join(map(_cell, row[1:])) + "</tr>"
            for row in self.rows
        )
        return (
            f"<table><caption>{html.escape(self.caption)}</caption>"
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        )


def _cell(text: str, tag: str = "td", scope: str = "") -> str:
    # JupyterLab sets every cell to the right, which suits numbers only.
    number = text.lstrip("+-−").replace(".", "", 1).isdigit()
    side = "right" if number else "left"
    scoped = f' scope="{scope}"' if scope else ""
    return f'<{tag}{scoped} style="text-align:{side}">{marked(text)}</{tag}>'


@dataclass(frozen=True, kw_only=True)
class Passage:
    """A heading and what stands under it: paragraphs and tables, in two faces.

    Parameters
    ----------
    heading : str
        One line.
    parts : tuple of str or Table
        In reading order; empty strings are left out.

    Examples
    --------
    >>> print(Passage(heading="Two words.", parts=("And a paragraph.",)).plain())
    Two words.
    And a paragraph.
    """

    heading: str
    parts: tuple[str | Table, ...] = ()

    def plain(self) -> str:
        """The passage as wrapped text."""
        lines = [filled(self.heading)]
        for part in filter(None, self.parts):
            lines.append(part.plain() if isinstance(part, Table) else filled(part))
        return "\n".join(lines)

    def html(self) -> str:
        """The passage as HTML."""
        lines = [f"<p><strong>{marked(self.heading)}</strong></p>"]
        for part in filter(None, self.parts):
            lines.append(part.html() if isinstance(part, Table) else f"<p>{marked(part)}</p>")
        return "<div>" + "\n".join(lines) + "</div>"

    def __repr__(self) -> str:
        """The plain face."""
        return self.plain()

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/plain": self.plain(), "text/html": self.html()}


def filled(text: str) -> str:
    """Wrap each line of `text`, leaving lines that are indented (code) alone.

    Examples
    --------
    >>> filled("short")
    'short'
    """
    return "\n".join(
        line if line.startswith("    ") else textwrap.fill(line, WIDTH)
        for line in text.splitlines()
    )


def marked(text: str) -> str:
    """Escape `text` for HTML; what stands between backticks becomes code, a newline a break.

    Examples
    --------
    >>> marked("`a < b` holds")
    '<code>a &lt; b</code> holds'
    """
    pieces = html.escape(text, quote=False).split("`")
    if len(pieces) % 2 == 0:  # a stray backtick is just a character
        pieces[-2:] = ["`".join(pieces[-2:])]
    return "".join(
        f"<code>{piece}</code>" if i % 2 else piece.replace("\n", "<br>")
        for i, piece in enumerate(pieces)
    )
