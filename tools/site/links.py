"""What the site links of its own accord: a chapter's first use of a term, and every citation."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from rsi_teach.learn.bibliography import reading
from rsi_teach.learn.chapters import CHAPTERS
from rsi_teach.learn.glossary import entries, uses
from rsi_teach.learn.references import cited, references
from tools.notebooks import read

GLOSSARY, BIBLIOGRAPHY = "course/glossary", "bibliography"
CHAPTER = re.compile(r"course/\d\d_")
NOT_PROSE = (nodes.reference, nodes.literal, nodes.math, nodes.raw)  # inside a paragraph


class References(SphinxDirective):
    """The whole of ``course/references.bib``, each entry with the chapters that cite it."""

    def run(self) -> list[nodes.Node]:
        """Return the list, sorted as it reads."""
        library, cells = references(), self._cells()
        found = reading(*library)
        entries = []
        for key, text, link in zip(library, found.parts, found.links, strict=True):
            line = nodes.paragraph("", f"{text} ")
            if link:
                line += [nodes.reference("", link, refuri=link), nodes.Text(" ")]
            line += self._chapters([stem for stem, code in cells.items() if f'"{key}"' in code])
            entries.append(nodes.list_item("", line, ids=[key]))
        entries.sort(key=lambda entry: entry.astext().casefold())
        return [nodes.bullet_list("", *entries)]

    def _cells(self) -> dict[str, str]:
        """The source of each chapter's cells."""
        stems = [chapter.stem for chapter in CHAPTERS.values()]
        books = {stem: read(Path(self.env.srcdir, "course", f"{stem}.ipynb")) for stem in stems}
        return {stem: "\n".join(c.source for c in book.cells) for stem, book in books.items()}

    def _chapters(self, stems: list[str]) -> Iterator[nodes.Node]:
        """Yield links to chapters, and the words between them."""
        for number, stem in enumerate(stems):
            uri = self.env.app.builder.get_relative_uri(self.env.docname, f"course/{stem}")
            yield nodes.Text(", " if number else f"Chapter{'s' * (len(stems) > 1)} ")
            yield nodes.reference("", stem[:2], refuri=uri)


def link(app: Sphinx, page: nodes.document, name: str) -> None:
    """Put the links into a page that is otherwise complete."""
    bibliography = app.builder.get_relative_uri(name, BIBLIOGRAPHY)
    for output in page.findall(nodes.raw):
        output.children = [nodes.Text(with_citations(output.astext(), bibliography))]
    if CHAPTER.match(name):
        link_first_uses(page, app.builder.get_relative_uri(name, GLOSSARY), _anchors(app))


def with_citations(markup: str, bibliography: str) -> str:
    """Link each "Author (year)" in HTML, outside its tags, to its entry."""
    names = _names()
    known = "|".join(map(re.escape, names))

    def linked(found: re.Match[str]) -> str:
        key = names.get(found[1])
        return f'<a href="{bibliography}#{key}">{found[1]}</a>' if key else found[0]

    return re.sub(rf"<[^>]*>|(?<!\w)({known})", linked, markup)


@cache
def _names() -> dict[str, str]:
    """Each reference's "Author (year)" as it stands in HTML, and its key."""
    library = references()
    return {html.escape(cited(key, library)): key for key in library}


def _anchors(app: Sphinx) -> dict[str, str]:
    """Where on the glossary's page each term is."""
    sections = app.env.get_doctree(GLOSSARY).findall(nodes.section)
    return {section.next_node(nodes.title).astext(): section["ids"][0] for section in sections}


def link_first_uses(page: nodes.document, glossary: str, anchors: dict[str, str]) -> None:
    """Link the first use of each term in running text to its entry."""
    linked, terms = set(), entries()
    for paragraph in list(page.findall(nodes.paragraph)):
        for use, entry in uses(_prose(paragraph), terms):
            uri = f"{glossary}#{anchors[entry.term]}"
            if entry.term not in linked and _linked(paragraph, *use.span(), uri):
                linked.add(entry.term)


def _prose(paragraph: nodes.paragraph) -> str:
    """The paragraph's text, with as many blanks in place of whatever is not prose."""
    return "".join(
        "\n" * len(child.astext()) if isinstance(child, NOT_PROSE) else child.astext()
        for child in paragraph
    )


def _linked(paragraph: nodes.paragraph, start: int, end: int, uri: str) -> bool:
    """Make a stretch of the paragraph's text a link; not if it ends amid emphasis."""
    first, last = _cut(paragraph, start), _cut(paragraph, end)
    if first is None or last is None:
        return False
    words = paragraph.children[first:last]
    paragraph[first:last] = [
        nodes.reference("", "", *words, refuri=uri, internal=True, classes=["glossary"])
    ]
    return True


def _cut(paragraph: nodes.paragraph, at: int) -> int | None:
    """Cut the paragraph's text here; return the number of the child that now begins here."""
    for index, child in enumerate(paragraph.children):
        text = child.astext()
        if at == 0:
            return index
        if at < len(text):
            if not isinstance(child, nodes.Text):
                return None
            paragraph[index : index + 1] = [nodes.Text(text[:at]), nodes.Text(text[at:])]
            return index + 1
        at -= len(text)
    return len(paragraph.children)


def setup(app: Sphinx) -> dict[str, Any]:
    """Tell Sphinx what there is."""
    app.add_directive("references", References)
    app.connect("doctree-resolved", link)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
