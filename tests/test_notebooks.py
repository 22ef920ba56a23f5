"""The notebooks: fresh, in normal form, complete, and readable by everybody."""

import ast
import calendar
import html
import importlib
import json
import re

import nbformat
import pytest

from rsi_teach.explorer import Explorer
from rsi_teach.learn.chapters import CHAPTERS
from rsi_teach.learn.exercises import checkers
from rsi_teach.learn.references import references
from tools import notebooks

COURSE = sorted((notebooks.ROOT / "course").glob("*.ipynb"))
SOLUTIONS = sorted((notebooks.ROOT / "solutions").glob("*.ipynb"))
EXERCISES = sorted((notebooks.ROOT / "exercises").glob("*.ipynb"))


def name(path):
    return f"{path.parent.name}/{path.name}"


def code(book):
    return [cell for cell in book.cells if cell.cell_type == "code"]


def calls(book, called):
    """Every call of a function in a notebook's code, as ast nodes."""
    for cell in code(book):
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == called:
                yield node


@pytest.fixture(params=COURSE, ids=name)
def chapter(request):
    return notebooks.read(request.param)


def number(path):
    return int(path.name[:2])


def test_chapters_have_one_name_everywhere():
    assert [path.stem for path in COURSE] == [c.stem for c in CHAPTERS.values()]
    exercised = [c.stem for c in CHAPTERS.values() if checkers(c)]
    assert [path.stem for path in SOLUTIONS] == [path.stem for path in EXERCISES] == exercised


def test_nothing_is_stale_and_exercises_are_in_step():
    """Run `python -m tools.notebooks` and commit what it changes if this fails."""
    assert notebooks.stale() == []


@pytest.mark.parametrize("path", [*COURSE, *SOLUTIONS, *EXERCISES], ids=name)
def test_a_notebook_is_valid_and_runs_from_the_top(path):
    book = notebooks.read(path)
    nbformat.validate(book)
    ids = [cell.id for cell in book.cells]
    assert len(set(ids)) == len(ids) and all(re.fullmatch(r"[a-z0-9-]+", i) for i in ids)
    if path not in EXERCISES:
        counts = [cell.execution_count for cell in code(book)]
        assert counts == list(range(1, len(counts) + 1))
    text = path.read_text("utf-8")
    assert notebooks.WIDGET not in text and "iopub.execute_input" not in text
    assert not any(out.output_type == "error" for cell in code(book) for out in cell.outputs)


def test_a_changed_cell_makes_a_notebook_stale(chapter):
    before = notebooks.fingerprint(chapter)
    code(chapter)[1].source += "\n1 + 1"
    assert notebooks.fingerprint(chapter) != before


def test_normal_form_is_reached_in_one_step(chapter):
    messy = json.loads(json.dumps(chapter))
    messy["metadata"]["widgets"] = {"state": {}}
    for cell in messy["cells"]:
        cell["metadata"]["execution"] = {"iopub.execute_input": "now"}
        if cell["cell_type"] == "code":
            cell["execution_count"] = 7
            for output in cell["outputs"]:
                if "data" in output:
                    output["data"][notebooks.WIDGET] = {"model_id": "x"}
            cell["outputs"] = [piece for output in cell["outputs"] for piece in torn(output)]
    tidy = notebooks.normalised(nbformat.from_dict(messy))
    assert nbformat.writes(tidy) == nbformat.writes(chapter)


def torn(output):
    """A stream as it may arrive, in pieces."""
    if output["output_type"] != "stream":
        return [output]
    text = output["text"]
    return [{**output, "text": text[:3]}, {**output, "text": text[3:]}]


def test_an_exercise_is_its_solution_without_the_answers():
    source = "def f(x):\n    ### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION"
    cells = [
        nbformat.v4.new_code_cell(source, id="a"),
        nbformat.v4.new_code_cell("f(2)", id="b", metadata={"tags": ["solution-only"]}),
    ]
    made = notebooks.exercise_of(nbformat.v4.new_notebook(cells=cells))
    assert [cell.source for cell in made.cells] == [
        "def f(x):\n    # YOUR CODE HERE\n    raise NotImplementedError()"
    ]


def test_no_answer_is_left_in_an_exercise():
    for path in EXERCISES:
        text = path.read_text("utf-8")
        assert "BEGIN SOLUTION" not in text and '"outputs": [\n' not in text
        stubs = text.count("raise NotImplementedError()")
        assert stubs == len(checkers(CHAPTERS[number(path)])), name(path)


def test_every_exercise_is_asked_checked_and_has_a_solution():
    for path in SOLUTIONS:
        book = notebooks.read(path)
        checked = {node.args[0].value for node in calls(book, "exercise")}
        assert checked == set(checkers(CHAPTERS[number(path)])), name(path)
        holds = [
            "".join(out.data["text/plain"]).splitlines()[0]
            for cell in code(book)
            for out in cell.outputs
            if ".check(" in cell.source
        ]
        assert len(holds) == len(checked) and all(line.endswith(": holds") for line in holds)


def test_every_picture_has_alt_text(chapter):
    seen = 0
    for cell in code(chapter):
        for output in cell.outputs:
            data = output.get("data", {})
            assert "image/png" not in data, cell.id
            for image in re.findall(r"<img[^>]*>", data.get("text/html", "")):
                alt = re.search(r'alt="([^"]*)"', image)
                assert alt and len(html.unescape(alt[1])) > 40, cell.id
                seen += 1
    for cell in chapter.cells:
        if cell.cell_type == "markdown":
            assert "![](" not in cell.source and "<img" not in cell.source
    assert seen >= 2


def test_every_output_has_words(chapter):
    for cell in code(chapter):
        for output in cell.outputs:
            assert output.get("text") or output.get("data", {}).get("text/plain"), cell.id


def test_it_has_what_every_chapter_has(chapter):
    source = "\n".join(cell.source for cell in code(chapter))
    text = "\n".join(cell.source for cell in chapter.cells if cell.cell_type == "markdown")
    assert code(chapter)[0].source == "import rsi_teach\n\nrsi_teach.ready()"
    assert "import sympy" in source
    assert len(list(calls(chapter, "claims"))) == 1
    assert len(list(calls(chapter, "reading"))) == 1
    assert len(list(calls(chapter, "show_source"))) <= 2
    assert re.search(r"^## What the toys? leaves? out", text, re.M)
    assert any("nbval-check-output" in cell.metadata.get("tags", []) for cell in code(chapter))


def test_two_or_three_explorers_are_shown_and_moved():
    for path in COURSE:
        book = notebooks.read(path)
        pictures = importlib.import_module(f"rsi_teach.pictures.{CHAPTERS[number(path)].name}")
        explorers = {
            thing.__name__
            for thing in vars(pictures).values()
            if isinstance(thing, type) and issubclass(thing, Explorer) and thing is not Explorer
        }
        shown = {cell.source.removesuffix("()") for cell in code(book)} & explorers
        assert shown == explorers, name(path)
        assert ".in_words()" in "\n".join(cell.source for cell in code(book)), name(path)


def test_predictions_are_asked_before_they_are_revealed(chapter):
    asked, revealed = [], []
    for cell in code(chapter):
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "predict":
                asked.append(node.args[0].value)
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "reveal":
                assert node.args[0].value in asked, cell.id
                revealed.append(node.args[0].value)
    assert sorted(asked) == sorted(revealed) and len(asked) >= 2
    assert len(set(asked)) == len(asked)


def test_a_saved_reveal_does_not_give_the_answer_away(chapter):
    for cell in code(chapter):
        if re.search(r"^reveal\(", cell.source, re.M):
            (face,) = [out.data["text/html"] for out in cell.outputs if "data" in out]
            assert face.startswith("<details>") and "No prediction recorded" in face, cell.id


def test_claims_are_whole_and_their_citations_resolve(chapter):
    library = references()
    found = list(calls(chapter, "Claim"))
    assert len(found) >= 3
    for claim in found:
        fields = {keyword.arg: keyword.value for keyword in claim.keywords}
        assert set(fields) == {"claim", "kind", "evidence", "scope", "would_change_our_mind"}
        evidence = ast.literal_eval(fields["evidence"])
        evidence = (evidence,) if isinstance(evidence, str) else evidence
        keys = [item for item in evidence if re.fullmatch(r"[a-z]+\d{4}[a-z]+\d*", item)]
        assert all(key in library for key in keys), keys
        if ast.literal_eval(fields["kind"]) == "measured, cited":
            assert keys
        cells = {cell.id for cell in chapter.cells}
        source = "\n".join(cell.source for cell in code(chapter))
        for item in re.findall(r"`([^`]+)`", " ".join(evidence)):
            assert item in cells or item in source, f"{item} is not in the chapter"


def test_citations_in_the_text_are_in_the_reading_list(chapter):
    library = references()
    (listed,) = calls(chapter, "reading")
    keys = [ast.literal_eval(argument) for argument in listed.args]
    years = {(re.sub(r"\W.*", "", library[key]["author"]), library[key]["year"]) for key in keys}
    text = "\n".join(cell.source for cell in chapter.cells)
    for surname, year in re.findall(
        r"([A-Z][a-zø]+)(?: and (?:[A-Z][a-zø]+|others))? \(?(\d{4})\)?", text
    ):
        if (surname, year) not in years:
            partners = {
                (w, library[k]["year"])
                for k in keys
                for w in re.findall(r"\w+", library[k]["author"])
            }
            dated = surname in calendar.month_name
            assert dated or (surname, year) in partners, f"{surname} {year}"


def test_links_lead_somewhere():
    for path in [*COURSE, *SOLUTIONS, *EXERCISES]:
        for cell in notebooks.read(path).cells:
            if cell.cell_type == "markdown":
                for target in re.findall(r"\]\(([^)#]+)\)", cell.source):
                    assert target.startswith("http") or (path.parent / target).exists(), target


def test_cells_are_short():
    for path in [*COURSE, *SOLUTIONS]:
        for cell in code(notebooks.read(path)):
            folded = cell.metadata.get("jupyter", {}).get("source_hidden")
            assert folded or len(cell.source.splitlines()) <= 26, f"{name(path)} {cell.id}"
