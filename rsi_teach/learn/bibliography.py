"""Further reading, resolved from the course's references."""

from __future__ import annotations

import html
from dataclasses import dataclass

from rsi_teach.learn.faces import Passage
from rsi_teach.learn.references import cited, plain, references


@dataclass(frozen=True, kw_only=True, repr=False)
class Reading(Passage):
    """A list of references; links where there are any."""

    links: tuple[str, ...] = ()

    def html(self) -> str:
        """The references as a list."""
        items = [
            f"<li>{html.escape(str(part))}"
            + (f' <a href="{html.escape(link)}">{html.escape(link)}</a>' if link else "")
            + "</li>"
            for part, link in zip(self.parts, self.links, strict=True)
        ]
        return f"<p><strong>{html.escape(self.heading)}</strong></p><ul>{''.join(items)}</ul>"


def reading(*keys: str) -> Reading:
    """Return the references with these keys, to be shown at a chapter's end.

    Parameters
    ----------
    *keys : str
        Citation keys of ``course/references.bib``.

    Raises
    ------
    ValueError
        For a key that is not there.

    Examples
    --------
    >>> reading("brier1950verification").parts[0][:12]
    'Brier (1950)'
    """
    library = references()
    lines = tuple(_line(cited(key, library), library[key]) for key in keys)
    links = tuple(_link(library[key]) for key in keys)
    return Reading(heading="Further reading", parts=lines, links=links)


def _line(who: str, fields: dict[str, str]) -> str:
    title = plain(fields["title"])
    stop = "" if title.endswith("?") else "."
    place = plain(_place(fields))
    return f"{who}. {title}{stop}{f' {place}.' if place else ''}".replace("--", "–")


def _place(fields: dict[str, str]) -> str:
    """Where it appeared; empty if nothing says so."""
    names = ("journal", "booktitle", "institution", "publisher", "howpublished")
    where = next((fields[name] for name in names if name in fields), "")
    if "edition" in fields:
        where = f"{where}, {fields['edition']} edition"
    return " ".join(filter(None, [where, fields.get("volume"), fields.get("pages")]))


def _link(fields: dict[str, str]) -> str:
    if "doi" in fields:
        return f"https://doi.org/{fields['doi']}"
    if "url" in fields:
        return fields["url"]
    name, _, number = fields.get("journal", "").partition(":")
    return f"https://arxiv.org/abs/{number}" if name == "arXiv" else ""
