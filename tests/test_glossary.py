"""The glossary holds what a reader meets: once, in order, and where it is introduced."""

import json
import re
from functools import cache

import pytest

from rsi_teach.layout import source
from rsi_teach.learn.chapters import CHAPTERS
from rsi_teach.learn.glossary import entries, parsed, uses

COURSE = source() / "course"
FILE = (COURSE / "glossary.md").read_text("utf-8")
ENTRIES = entries()
NOT_PROSE = r"\$\$.*?\$\$|\$[^$\n]*\$|`[^`]*`|</?[a-z][^>]*>|(?<=\])\([^)]*\)"


@cache
def cells(number):
    """The kinds and the sources of a chapter's cells."""
    path = COURSE / f"{CHAPTERS[number].stem}.ipynb"
    return [
        (cell["cell_type"], "".join(cell["source"]))
        for cell in json.loads(path.read_text("utf-8"))["cells"]
    ]


def words(number):
    """A chapter's Markdown without code, mathematics, tags and where links lead."""
    markdown = "\n\n".join(source for kind, source in cells(number) if kind == "markdown")
    return re.sub(NOT_PROSE, "", markdown, flags=re.S)


def used(text):
    """Each term that a text uses, with its forms as they stand there."""
    found = {}
    for match, entry in uses(text.replace("*", ""), ENTRIES):
        found.setdefault(entry.term, set()).add(match[0])
    return found


@cache
def spoken():
    """What each chapter uses in its prose, outside of headings."""
    return {n: used(re.sub(r"^#.*$", "", words(n), flags=re.M)) for n in CHAPTERS}


@cache
def set_apart():
    """What stands in each chapter in a heading, in italics or in bold."""
    marked = re.compile(r"^#.*$|(?<![\w*])\*+[^*\n]+\*+", re.M)
    return {n: used("\n".join(marked.findall(words(n)))) for n in CHAPTERS}


def test_it_begins_with_a_title_and_a_sentence():
    title, sentence, first = FILE.split("\n\n")[:3]
    assert title == "# Glossary"
    assert sentence.count(".") == 1
    assert first == f"## {ENTRIES[0].term}"
    assert 60 <= len(ENTRIES) <= 90


def test_terms_are_sorted_and_their_anchors_differ():
    terms = [entry.term.lower() for entry in ENTRIES]
    assert terms == sorted(terms)
    assert len({re.sub(r"[^a-z0-9]+", "-", term).strip("-") for term in terms}) == len(terms)


def test_the_chapter_named_uses_the_term():
    assert [e.term for e in ENTRIES if e.term not in spoken()[e.chapter.number]] == []


def test_the_chapter_named_introduces_the_term():
    """It is the first to use the term or a form of it, or the first to set it apart."""

    def introduces(entry):
        speaks = [n for n, found in spoken().items() if entry.term in found]
        named = [n for n in speaks if entry.term.lower() in map(str.lower, spoken()[n][entry.term])]
        apart = [n for n, found in set_apart().items() if entry.term in found]
        return entry.chapter.number in (*speaks[:1], *named[:1], *apart[:1])

    assert [entry.term for entry in ENTRIES if not introduces(entry)] == []


def test_every_form_is_in_use_somewhere_and_every_term_as_it_is_written():
    read = {form for found in spoken().values() for forms in found.values() for form in forms}
    begun = {form[0].lower() + form[1:] for form in read}
    assert {entry.term for entry in ENTRIES} - read - begun == set()
    low = {form.lower() for form in read}
    assert {form for entry in ENTRIES for form in entry.forms if form.lower() not in low} == set()


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.term)
def test_a_text_is_one_to_three_sentences_in_words(entry):
    assert re.match(r"[A-Z\"]", entry.text)
    assert 1 <= len(re.findall(r"[.:]\"?(?= [A-Z]|$)", entry.text)) <= 3
    assert entry.text.endswith((".", '."'))
    assert 40 <= len(entry.text) <= 330
    assert not re.search(r"[!`$]|http", entry.text)


def test_numbers_are_the_chapters():
    """0 and 1 are the ends of ranges, and chapters have numbers."""

    def foreign(entry):
        own = re.sub(r"chapter \d\d", "", entry.text)
        spelled = "\n".join(source for _, source in cells(entry.chapter.number))
        said = set(re.findall(r"\d+(?:\.\d+)?", own)) - {"0", "1"}
        return {n for n in said if not re.search(rf"(?<![\d.]){re.escape(n)}(?!\.?\d)", spelled)}

    assert {entry.term: found for entry in ENTRIES if (found := foreign(entry))} == {}


def test_every_chapter_that_a_text_speaks_of_uses_the_term():
    told = [(e.term, n) for e in ENTRIES for n in re.findall(r"chapter (\d\d)", e.text)]
    assert [(term, n) for term, n in told if term not in spoken()[int(n)]] == []


GATE = "## gate\n\nLets pass. ([12](12_gates.ipynb))\n\n*Also:* gates\n"


@pytest.mark.parametrize(
    "text",
    [
        "## gate",
        "## gate\n\nLets pass.\n",
        "## gate\n\nLets pass. ([05](12_gates.ipynb))\n",
        "## gate\n\nLets pass. ([99](99_gates.ipynb))\n",
        "## gate\n\n([12](12_gates.ipynb))\n",
        "## gate\n\nTwo.\n\nParagraphs. ([12](12_gates.ipynb))\n",
        f"{GATE}\nAnd more.\n",
    ],
)
def test_an_entry_without_its_paragraph_and_chapter_is_refused(text):
    with pytest.raises(ValueError, match=r"the entry 'gate' is not a paragraph .* \(\[05\]"):
        parsed(text)


@pytest.mark.parametrize("again", ["gate", "Gates"])
def test_a_term_or_form_that_stands_twice_is_refused(again):
    with pytest.raises(ValueError, match=f"'{again}' stands twice"):
        parsed(GATE + f"## {again}\n\nLets pass. ([12](12_gates.ipynb))\n")


def test_whole_words_in_either_case_and_the_longest_form_are_found():
    link = "([12](12_gates.ipynb))"
    glossary = parsed(
        f"## stamp\n\nInk. {link}\n\n## rubber stamp\n\nNo ink. {link}\n\n*Also:* rubber stamps\n"
    )
    text = "Rubber stamps, a STAMP, stamped, stamp-reader, re-stamp, a stamp's, rubber stamp"
    found = [(match[0], entry.term) for match, entry in uses(text, glossary)]
    assert found == [
        ("Rubber stamps", "rubber stamp"),
        ("STAMP", "stamp"),
        ("stamp", "stamp"),
        ("rubber stamp", "rubber stamp"),
    ]
