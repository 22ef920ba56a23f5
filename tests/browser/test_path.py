"""One learner's path through the course in JupyterLab: predictions, restarts, record, case."""

import ast
import shutil

import pytest
from axe_playwright_python.sync_playwright import Axe

from rsi_teach.learn.journal import Journal
from rsi_teach.learn.record import Record
from tools import notebooks
from tools.lab import chromium, jupyter_lab

CHAPTERS = sorted((notebooks.ROOT / "course").glob("*.ipynb"))
WHY = "what the path's test believes"
pytestmark = pytest.mark.browser


def test_a_learner_predicts_in_every_chapter_and_finds_it_all_again(browser_path, tmp_path):
    shutil.copytree(notebooks.ROOT / "course", tmp_path / "lab" / "course")
    home, asked = tmp_path / "of-the-lab", []
    journal = Journal(home / "journal" / "journal.sqlite3")
    with jupyter_lab(tmp_path / "lab", home) as address, chromium(address) as browser:
        for path in CHAPTERS:
            browser.open(f"course/{path.name}")
            asked += answered(browser, path)
            browser.restart()
            browser.run_all()
            assert browser.errors() == [], path.stem
            assert "no prediction recorded" not in browser.words(), path.stem
            if path.stem == "16_calibration":
                assert repr(record_before(journal, "16.").page()) in browser.words()
        (case,) = (home / "journal").glob("safety-case*.html")
        check_page(browser, case)
        assert browser.refused == []
    assert sorted(asked) == sorted(entry.key for entry in journal.entries("prediction"))
    assert set(asked) == {entry.key for entry in journal.entries("outcome")}
    assert [entry.key for entry in journal.entries("belief")] == ["00.trust", "17.trust"]


def record_before(journal, chapter):
    """What was revealed before a chapter."""
    all_of_it = Record.of(journal)
    ends = zip(all_of_it.key, all_of_it.low, all_of_it.high, all_of_it.truth, strict=True)
    said = zip(all_of_it.probability_key, all_of_it.probability, all_of_it.happened, strict=True)
    return Record.of_rows(
        [row for row in ends if row[0] < chapter], [row for row in said if row[0] < chapter]
    )


def check_page(browser, case):
    """Open the safety case as a file: it asks for nothing, and axe finds nothing."""
    tab, asked = browser.page.context.new_page(), []
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(case.as_uri())
    assert [url for url in asked if not url.startswith("data:")] == [case.as_uri()]
    assert Axe().run(tab).response["violations"] == []
    words = tab.locator("main").inner_text()
    assert words.count(WHY) == 2 and "Locked in before the reveal" in words
    tab.close()


def answered(browser, path):
    """Fill in and lock what a chapter asks before its results are there; returns the keys."""
    keys = []
    for index, cell in enumerate(notebooks.read(path).cells):
        if cell.cell_type == "code" and cell.source.startswith(("import ", "from ")):
            browser.run_cell(index)
        elif cell.source.startswith("predict("):
            key, fields = what_to_say(cell.source)
            keys.append(key)
            browser.run_cell(index)
            fill(browser.cell(cell.source), fields, "Lock it in")
        elif cell.source.startswith("belief("):
            browser.run_cell(index)
            fill(browser.cell(cell.source), ["70", "90"], "Record it")
    assert keys, path.stem
    return keys


def what_to_say(source):
    """A prediction's key, and an answer that it allows."""
    asked = ast.parse(source).body[0].value
    given = {keyword.arg: keyword.value for keyword in asked.keywords}
    key = ast.literal_eval(asked.args[0])
    if "kind" in given and ast.literal_eval(given["kind"]) == "probability":
        return key, ["70"]
    low, high = ast.literal_eval(given["within"]) if "within" in given else (0, 12)
    return key, [f"{low + share * (high - low):g}" for share in (0.25, 0.75)]


def fill(cell, values, button):
    """Type into a form's fields, choose the first of each choice, and press its button."""
    cell.scroll_into_view_if_needed()
    output = cell.locator(".jp-OutputArea")
    output.get_by_role("button", name=button).wait_for()
    for field, value in zip(output.locator("input[type=text]").all(), values, strict=True):
        field.fill(value)
        field.press("Tab")
    for choice in output.locator("select").all():
        choice.select_option(index=1)
    for reason in output.locator("textarea").all():
        reason.fill(WHY)
        reason.press("Tab")
    output.get_by_role("button", name=button).press("Enter")
    output.get_by_text("Locked in").first.wait_for()
