"""The instructor's pages: clocks that add up, cells that exist, figures that the course gives."""

import ast
import builtins
import importlib
import re
from functools import cache
from itertools import chain

import pytest

from rsi_teach.explorer import Explorer
from rsi_teach.learn.chapters import CHAPTERS
from rsi_teach.learn.exercises import checkers
from tools import clocks
from tools.notebooks import ROOT, read

STEMS = [chapter.stem for chapter in CHAPTERS.values()]
PARTS = ["What they believe on entering", "The clock", "The two cases", "Three prompts",
         "What goes wrong, and what to do", "Pointers"]  # fmt: skip
FIGURE = re.compile(r"(?<![\w.,])\.?\d[\d,]*(?:\.\d+)?")
each_chapter = pytest.mark.parametrize("stem", STEMS)


def page(name):
    return (clocks.TEACHING / f"{name}.md").read_text("utf-8")


@pytest.mark.parametrize("path", clocks.pages(), ids=lambda path: path.stem)
def test_clocks_are_those_of_the_notebooks(path):
    """Run `python -m tools.clocks` if this fails."""
    assert clocks.built(path) == path.read_text("utf-8")


@pytest.mark.parametrize("path", clocks.pages(), ids=lambda path: path.stem)
def test_links_lead_somewhere(path):
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text("utf-8")):
        assert (path.parent / target).exists(), target


def test_the_first_page_names_every_other():
    named = set(re.findall(r"\]\(([\w]+)\.md\)", page("README")))
    assert named == {path.stem for path in clocks.pages()} - {"README"}


@each_chapter
def test_a_sheet_has_its_parts_and_its_seminar_is_90_minutes(stem):
    assert re.findall(r"^## (.+)$", page(stem), re.M) == PARTS
    rows = [named for _, named in clocks.clock(stem)]
    assert rows[0][0].minutes["seminar"] == 10
    assert sum(row[0].minutes["seminar"] for row in rows) == 90
    begins = [row[0].cell for row in rows]
    assert sorted(begins) == sorted(
        step.cell for step in clocks.steps(stem).values() if "seminar" in step.minutes
    )
    longest = sorted(row[0].minutes["seminar"] for row in rows)[-2:]
    assert longest == [20, 30]  # the exercise, the two cases


@each_chapter
def test_a_lab_takes_rows_of_the_sheet(stem):
    begins = {named[0].cell for _, named in clocks.clock(stem)}
    for_lab = {s.cell: s.minutes["lab"] for s in clocks.steps(stem).values() if "lab" in s.minutes}
    assert begins.issuperset(for_lab)
    assert sum(for_lab.values()) == {"00_start_here": 30, "17_capstone": 50}.get(stem, 45)


def test_the_lab_clocks_add_up():
    half, first, second = re.findall(r"<!-- lab: .*\n(?:\|.*\n)+", page("labs"))
    assert "<!-- lab: 00, 02, pause 15, 05, 08, pause 10, 17 -->" in half
    for table, hours in ((half, "4:00"), (first, "6:15"), (second, "6:35")):
        now = 0
        *rows, end = re.findall(r"^\| (\d+:\d\d) \| (\d*) ?\|", table, re.M)
        for at, minutes in rows:
            assert at == f"{now // 60}:{now % 60:02d}"
            now += int(minutes)
        assert end == (hours, "") and now == int(hours[0]) * 60 + int(hours[2:])


def test_a_term_takes_a_chapter_once_and_ends_with_the_last():
    plans = re.findall(r"<!-- weeks: (.+) -->", page("seminars"))
    assert [len(plan.split(",")) for plan in plans] == [14, 10, 6]
    for plan in plans:
        numbers = re.findall(r"\d\d", plan)
        assert len(set(numbers)) == len(numbers) and plan.endswith(("17", "17+16", "17+14"))
    assert sorted(re.findall(r"\d\d", plans[0])) == [stem[:2] for stem in STEMS]


@each_chapter
def test_an_exercise_takes_as_long_as_it_says(stem):
    told = {
        step.cell: step.minutes["self"] for step in clocks.steps(stem).values() if step.exercise
    }
    chapter = CHAPTERS[int(stem[:2])]
    wanted = {f"ex-{key.replace('.', '-')}": c.minutes for key, c in checkers(chapter).items()}
    assert told == wanted


@each_chapter
@pytest.mark.parametrize("mode", ["seminar", "lab"])
def test_what_is_cut_is_not_missed(stem, mode):
    """Each name that a kept cell uses is made by a kept cell, and no minute of it is cut."""
    book = read(ROOT / "course" / f"{stem}.ipynb")
    kept = clocks.cut(book, mode)
    assert all(mode in s.serves for s in clocks.steps(stem).values() if mode in s.minutes)
    known = set(dir(builtins))
    for cell in kept.cells:
        if cell.cell_type == "code":
            tree = ast.parse(cell.source)
            known |= made(tree)
            assert used(tree) <= known, cell.id
    assert {"setup", "imports", "belief-cell" if stem[:2] == "00" else "ledger-cell"} <= {
        cell.id for cell in kept.cells
    }


def used(tree):
    return {
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }


def made(tree):
    found = {
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef | ast.ExceptHandler):
            found.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
    return found


def test_something_is_cut():
    book = read(ROOT / "course" / "05_goodhart.ipynb")
    kept = {mode: {cell.id for cell in clocks.cut(book, mode).cells} for mode in clocks.MODES}
    assert "variants" in kept["self"] - kept["seminar"]
    assert "dispute" in kept["seminar"] - kept["lab"]
    assert kept["self"] == {cell.id for cell in book.cells}


def test_a_cut_is_written_to_a_new_file_only(tmp_path, capsys):
    file = tmp_path / "handout.ipynb"
    assert clocks.main(["lab", "05_goodhart", str(file)]) == 0
    assert "dispute" not in {cell.id for cell in read(file).cells}
    before = file.read_bytes()
    assert clocks.main(["seminar", "05_goodhart", str(file)]) == 1
    assert file.read_bytes() == before and str(file) in capsys.readouterr().err
    assert clocks.main(["evening", "05_goodhart", str(file)]) == 2
    assert clocks.main(["lab", "99_nothing", str(file)]) == 2
    assert "05_goodhart" in capsys.readouterr().err


@pytest.mark.parametrize("cells", ["`no-such-cell`", "`setup`"])
def test_a_sheet_that_names_a_wrong_cell_is_refused(cells, tmp_path, monkeypatch):
    row = f"| 5 | Something | {cells} | Somewhere |\n"
    (tmp_path / "05_goodhart.md").write_text(clocks.HEADS + row)
    monkeypatch.setattr(clocks, "TEACHING", tmp_path)
    with pytest.raises(ValueError, match=r"05_goodhart\.md: no .*" + cells.strip("`")):
        clocks.clock("05_goodhart")


@each_chapter
def test_the_cells_and_questions_that_a_sheet_speaks_of_exist(stem):
    words = re.findall(r"`([^`]+)`", page(stem))
    everywhere = set(chain.from_iterable(clocks.steps(other) for other in STEMS))
    for word in words:
        if re.fullmatch(r"\d\d\.[\w.-]+", word):
            assert word in questions(), word
        elif re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", word):
            assert word in everywhere, word


@cache
def questions():
    """The key of everything that is asked."""
    found = set()
    for stem in STEMS:
        for folder in ("course", "solutions"):
            path = ROOT / folder / f"{stem}.ipynb"
            if path.exists():
                text = " ".join(cell.source for cell in read(path).cells)
                found |= set(re.findall(r'(?:predict|belief|reveal)\(\s*"([\w.-]+)"', text))
    return found


@each_chapter
def test_the_figures_of_a_sheet_are_the_course_s(stem):
    """In what the notebooks print and say, or in an explorer that is moved as the line says."""
    text = page(stem)
    for line in text.splitlines():
        others = re.findall(r"(?:[Cc]hapter|From|warm-up of|`)\s?(\d\d)\b", line)
        known = exercises().union(*(printed(CHAPTERS[int(n)].stem) for n in (stem[:2], *others)))
        left = {n for n in figures(line) if "." in n or len(n) > 2} - known
        for told in moved(stem, line) if left else ():
            left -= told
            if not left:
                break
        assert not left, line


@cache
def exercises():
    return figures(" ".join(key for chapter in CHAPTERS.values() for key in checkers(chapter)))


def figures(text):
    """Every number in a text, however it is written."""
    return {n.replace(",", "").lstrip("0") for n in FIGURE.findall(re.sub("[−–-]", " ", text))}


@cache
def printed(stem):
    """The numbers in a chapter and its solutions: their words, code and outputs."""
    found = []
    for folder in ("course", "solutions"):
        path = ROOT / folder / f"{stem}.ipynb"
        for cell in read(path).cells if path.exists() else ():
            outputs = cell.get("outputs", [])
            found += [cell.source, *(str(output.get("text", "")) for output in outputs)]
            found += [str(output.get("data", {}).get("text/plain", "")) for output in outputs]
    return figures(" ".join(found))


def moved(stem, line):
    """The numbers that a chapter's explorers say with one control moved as a line may want it."""
    for explorer in shown(stem):
        yield said(explorer)
        yield said(explorer, *explorer.reverses_at.items())
        for name, control in explorer.controls.items():
            for value in stops(control, line):
                yield said(explorer, (name, value))


@cache
def shown(stem):
    pictures = importlib.import_module(f"rsi_teach.pictures.{stem[3:]}")
    return [
        thing() for thing in vars(pictures).values()
        if isinstance(thing, type) and issubclass(thing, Explorer)
        and thing.__module__ == pictures.__name__
    ]  # fmt: skip


@cache
def said(explorer, *moves):
    return figures(explorer.say(**dict(moves)))


def stops(control, line):
    """Where a line may want a control to be."""
    if not hasattr(control, "low"):
        return control.stops()
    named = [float(n) for n in figures(line) if re.fullmatch(r"\d*\.?\d+", n)]
    wanted = [*named, *(number / 100 for number in named), control.low, control.high]
    return [
        value for value in dict.fromkeys(wanted)
        if control.low <= value <= control.high and (value == int(value) or not control.whole)
    ]  # fmt: skip
