"""What is shown besides predictions: ledgers, pictures, sources, references, exercises."""

import base64
import html.parser
import json
import re
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from rsi_teach.learn import Claim, cite, claims, exercise, open_journal, show, show_source
from rsi_teach.learn import exercises as exercises_module
from rsi_teach.learn import references as references_module
from rsi_teach.learn.chapters import CHAPTERS, Chapter
from rsi_teach.learn.checker import Checker, Outcome
from rsi_teach.learn.faces import Passage, Table, marked
from rsi_teach.learn.references import cited, parsed, plain, references
from rsi_teach.learn.scores import interval_score
from rsi_teach.learn.source import highlighted, trimmed
from tools.contrast import WORDS, contrast, seen

CLAIM = {
    "claim": "Above r = 1 the toy ends in finite time.",
    "kind": "theorem in the toy model",
    "evidence": "the SymPy derivation",
    "scope": "constant r < ∞",
    "would_change_our_mind": "an error in the derivation",
}


class Tags(html.parser.HTMLParser):
    """Every tag of a piece of HTML, and whether they close."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.open = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        """Note one tag."""
        self.tags.append((tag, dict(attrs)))
        if tag not in ("br", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        """Close the one that is open."""
        assert self.open.pop() == tag


def test_a_ledger_is_an_accessible_table_and_a_list():
    ledger = claims(Claim(**CLAIM), Claim(**CLAIM | {"kind": "judgement"}))
    faces = ledger._repr_mimebundle_()
    found = Tags(faces["text/html"])
    names = [tag for tag, _ in found.tags]
    assert found.open == []
    assert names.count("caption") == 1 and names.count("table") == 1
    scopes = [attrs["scope"] for tag, attrs in found.tags if tag == "th"]
    assert scopes == ["col"] * 5 + ["row"] * 2
    assert "constant r &lt; ∞" in faces["text/html"]
    for words in ("1. Above r = 1", "2. Above", "Kind: judgement.", "Would change our mind: an"):
        assert words in faces["text/plain"]


@pytest.mark.parametrize("field", CLAIM)
@pytest.mark.parametrize("value", ["", "  ", None, (), ("",)])
def test_a_claim_with_something_missing_is_refused(field, value):
    with pytest.raises(ValueError, match=field):
        Claim(**CLAIM | {field: value})


def test_a_claim_of_another_kind_is_refused():
    with pytest.raises(ValueError, match="kind = 'fact' is not one of"):
        Claim(**CLAIM | {"kind": "fact"})
    with pytest.raises(TypeError):
        Claim(**CLAIM, colour="red")
    with pytest.raises(ValueError, match="entries"):
        claims()


BIB = r"""
% A comment, with an @article{not, a = b} in it? No: entries begin a line.
@string{jp = "Some Journal"}
@article{gneiting2007,
  author  = {Gneiting, Tilmann and Raftery, Adrian E.},
  title   = "Strictly proper, {and} quoted",
  journal = jp,
  year    = 2007,
}
@misc{metr,
  author = {{METR and friends}}, title = {A, b {and} c}, date = {2025-03-19}
}
@inproceedings{gibbs, author = {Isaac Gibbs and Emmanuel Cand{\`e}s and Third van der Waals},
  year = {2021}}
@book{editors, editor = "Magne J{\o}rgensen", year = 2005}
@misc{untitled, title = {On nothing}}
"""


@pytest.mark.parametrize(
    ("key", "wanted"),
    [
        ("gneiting2007", "Gneiting & Raftery (2007)"),
        ("metr", "METR and friends (2025)"),
        ("gibbs", "Gibbs et al. (2021)"),
        ("editors", "Jørgensen (2005)"),
        ("untitled", "On nothing (no date)"),
    ],
)
def test_references_are_read_and_cited(key, wanted):
    assert cited(key, parsed(BIB)) == wanted


def test_fields_are_read():
    library = parsed(BIB)
    assert set(library) == {"gneiting2007", "metr", "gibbs", "editors", "untitled"}
    assert library["gneiting2007"]["title"] == "Strictly proper, {and} quoted"
    assert library["gibbs"]["type"] == "inproceedings"
    assert plain(r"Na\"ive \& {\'E}t{\'e} \c{c}a \v{S} 5--7~km") == "Naïve & Été ça Š 5\u20137 km"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("@misc{a, title = {open", "never closed"),
        ("@misc{title = {no key}}", "without a citation key"),
        ("@misc{a, year=1}\n@misc{a, year=2}", "'a' stands there twice"),
    ],
)
def test_a_broken_library_is_refused(text, words):
    with pytest.raises(ValueError, match=words):
        parsed(text)


def test_an_unknown_key_is_refused():
    with pytest.raises(ValueError, match=r"'nobody1900' is not in references\.bib"):
        cite("nobody1900")


def test_the_courses_own_references_can_be_cited():
    assert references()
    for key in references():
        assert re.search(r"\w.* \((\d{4}|no date)\)$", cite(key)), key
        assert "\\" not in cite(key) and "{" not in cite(key)


def test_evidence_by_key_is_shown_as_a_citation(tmp_path, monkeypatch):
    (tmp_path / "course").mkdir()
    (tmp_path / "course" / "references.bib").write_text(BIB, encoding="utf-8")
    monkeypatch.setattr(references_module, "source", lambda: tmp_path)
    ledger = claims(Claim(**CLAIM | {"evidence": ("gneiting2007", "cell 4")}))
    assert "Gneiting & Raftery (2007); cell 4" in repr(ledger)
    assert "Gneiting &amp; Raftery (2007); cell 4" in ledger._repr_mimebundle_()["text/html"]
    assert cite("metr", "editors") == "METR and friends (2025); Jørgensen (2005)"


def test_a_picture_has_its_words_and_its_size():
    figure = Figure(figsize=(4, 3), facecolor="none")
    figure.add_subplot().plot([0, 1])
    faces, _ = show(figure, 'A line\nfrom "0" to <1>.')._repr_mimebundle_()
    assert faces["text/plain"] == 'A line from "0" to <1>.'
    (tag, attrs), (caption, _) = Tags(faces["text/html"]).tags
    assert (tag, caption) == ("img", "p")
    assert attrs["alt"] == 'A line from "0" to <1>.'
    assert attrs["width"] == "400"
    png = base64.b64decode(attrs["src"].removeprefix("data:image/png;base64,"))
    assert struct.unpack(">II", png[16:24]) == (640, 480)


def test_a_picture_is_on_white():
    import io

    from matplotlib.image import imread

    faces = show(Figure(figsize=(1, 1), facecolor="none"), "Nothing.")
    pixels = imread(io.BytesIO(faces.png))
    assert (pixels == 1).all()


@pytest.mark.parametrize("alt", ["", "  \n"])
def test_a_picture_without_words_is_refused(alt):
    with pytest.raises(ValueError, match="alt"):
        show(Figure(), alt)


def test_source_is_shown_with_its_first_sentence():
    shown = show_source(interval_score)
    faces = shown._repr_mimebundle_()
    assert faces["text/plain"].startswith("`rsi_teach.learn.scores.interval_score`")
    assert "def interval_score(" in faces["text/plain"]
    assert "Score a central (1 - alpha) prediction interval" in faces["text/plain"]
    assert "Gneiting" not in faces["text/plain"]
    assert "Gneiting" in repr(show_source(interval_score, whole=True))
    found = Tags(faces["text/html"])
    assert found.open == []
    assert all("class" not in attrs for _, attrs in found.tags)
    assert {tag for tag, _ in found.tags} <= {"div", "p", "strong", "code", "pre", "span"}
    styles = {attrs["style"] for tag, attrs in found.tags if tag == "span"}
    assert "font-weight:bold" in styles and len(styles) >= 3


def test_highlighting_loses_no_character():
    source = "def f(x: float = 1e-3) -> str:\n    return f\"{x:<3} & 'é'\"  # done"
    text = re.sub(r"<[^>]*>", "", highlighted(source))
    import html as escape

    assert escape.unescape(text) == source


def test_trimming_keeps_the_code():
    source = '''
class A:
    """One line
    and a second.

    A paragraph.
    """

    def f(self):
        """Keep me."""
        return """not

        a docstring"""
'''
    cut = trimmed(source)
    assert '"""One line\n    and a second."""' in cut
    assert "A paragraph" not in cut
    assert '"""Keep me."""' in cut and "a docstring" in cut
    compile(cut, "cut", "exec")


def test_what_has_no_source_is_refused():
    with pytest.raises(ValueError, match="no Python source"):
        show_source(len)


def test_source_can_be_read_in_light_and_in_dark():
    from rsi_teach.learn.source import LOOKS

    grounds = {"#212121": "#ffffff", "#000000": "#ffffff", "#ffffff": "#111111"}
    for look in filter(lambda look: "color:" in look, LOOKS.values()):
        hue, share = re.search(r"color-mix\(in srgb,(#\w{6}) (\d+)%,currentColor\)", look).groups()
        for words, ground in grounds.items():
            mixed = int(share) / 100 * seen(hue) + (1 - int(share) / 100) * seen(words)
            assert contrast(mixed, seen(ground)) >= WORDS, (look, ground)


@pytest.mark.parametrize("text", ["7", "0.25", "-0.4", "\u22120.4", "+3"])
def test_numbers_stand_to_the_right_and_words_to_the_left(text):
    shown = Table(caption="c", columns=("what", "n"), rows=(("word", text),)).html()
    assert f'<td style="text-align:right">{text}' in shown
    assert '<th scope="row" style="text-align:left">word' in shown


def test_a_table_must_not_be_ragged():
    with pytest.raises(ValueError, match="rows"):
        Table(caption="c", columns=("a", "b"), rows=(("1",),))


@given(st.text())
def test_marked_text_is_safe_html(text):
    found = Tags(marked(text))
    assert found.open == []
    assert {tag for tag, _ in found.tags} <= {"code", "br"}


@given(st.text(st.characters(codec="utf-8"), max_size=40))
def test_a_passage_has_two_faces_of_the_same_words(text):
    passage = Passage(heading="heading", parts=(text,))
    assert set(passage._repr_mimebundle_()) == {"text/plain", "text/html"}
    assert "".join(text.split()) in "".join(passage.plain().split())


def test_an_exercise_says_what_it_is():
    task = exercise("01.1")
    assert repr(task).splitlines() == [
        "Exercise 01.1: Time to the singularity",
        "Difficulty 1 of 3, about 8 minutes.",
    ]
    assert "<strong>" in task._repr_mimebundle_()["text/html"]


def test_hints_come_one_after_the_other():
    task = exercise("01.1")
    hints = task.checker.hints
    for number, hint in enumerate([*hints, hints[-1]], start=1):
        shown = repr(task.hint())
        assert shown.startswith(f"01.1, hint {min(number, len(hints))} of {len(hints)}")
        assert " ".join(hint.split()) in " ".join(shown.split())


def test_an_attempt_is_kept_in_the_journal():
    task = exercise("01.1")
    assert task.check(...).outcome is Outcome.NOT_ATTEMPTED
    assert task.check(task.checker.right[0]).outcome is Outcome.HOLDS
    payloads = [entry.payload for entry in open_journal().entries("attempt", "01.1")]
    assert payloads == [{"outcome": "holds", "cases": 8}]


@pytest.mark.parametrize("key", ["", "1.1", "01.99", "55.1", "01", None, "01.1 "])
def test_an_exercise_that_is_not_there(key):
    with pytest.raises(ValueError, match="key"):
        exercise(key)


def notebook(*cells):
    return json.dumps(
        {"cells": [{"cell_type": kind, "source": text.splitlines(True)} for kind, text in cells]}
    )


def test_the_solution_is_taken_from_its_notebook(tmp_path, monkeypatch):
    (tmp_path / "solutions").mkdir()
    cells = notebook(
        ("markdown", "# Exercises"),
        ("markdown", "## 01.1 Time"),
        ("code", "import math"),
        ("code", "def f(x):\n    ### BEGIN SOLUTION\n    return x\n    ### END SOLUTION\n"),
        ("markdown", "Some words about 01.2, not a heading."),
        ("code", "### BEGIN SOLUTION\ny = 1\n### END SOLUTION"),
        ("markdown", "## 01.2 Next"),
        ("code", "### BEGIN SOLUTION\nz = 'other'\n### END SOLUTION"),
    )
    (tmp_path / "solutions" / "01_progress.ipynb").write_text(cells, encoding="utf-8")
    monkeypatch.setattr(exercises_module, "source", lambda: tmp_path)
    shown = exercise("01.1").solution()
    assert "def f(x):\n    return x" in repr(shown)
    assert "y = 1" in repr(shown)
    assert "other" not in repr(shown) and "import math" not in repr(shown)
    assert "SOLUTION" not in repr(shown)
    assert "<pre" in shown._repr_mimebundle_()["text/html"]


@pytest.mark.parametrize("content", [None, "not json", "{}"])
def test_without_a_solution_it_says_where_there_is_one(tmp_path, monkeypatch, content):
    (tmp_path / "solutions").mkdir()
    if content is not None:
        (tmp_path / "solutions" / "01_progress.ipynb").write_text(content)
    monkeypatch.setattr(exercises_module, "source", lambda: tmp_path)
    assert "solutions/01_progress.ipynb" in repr(exercise("01.1").solution())


def test_every_chapter_is_in_the_table_under_its_number():
    assert all(number == chapter.number for number, chapter in CHAPTERS.items())
    assert [CHAPTERS[n].stem for n in (0, 1, 2)] == ["00_start_here", "01_progress", "02_loop"]
    with pytest.raises(ValueError, match="number = 18"):
        Chapter(number=18, name="x", title="X")


def test_a_chapter_without_exercises_has_none():
    with pytest.raises(ValueError, match="none"):
        exercise("00.1")
    assert issubclass(exercise("01.1").checker, Checker)
