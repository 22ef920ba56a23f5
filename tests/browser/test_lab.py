"""One learner's path through the course in a real JupyterLab in Chromium.

The chapters share one journal and come in order: predictions are locked before their results, the
kernel is restarted, everything is run, and the first explorer is worked with keys and mouse.
"""

import importlib
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe

from rsi_teach.explorer import Explorer
from rsi_teach.learn.journal import Journal
from rsi_teach.learn.record import Record
from tools import notebooks
from tools.axe import findings
from tools.lab import Browser, chromium, jupyter_lab
from tools.learner import WHY, answered

CHAPTERS = sorted((notebooks.ROOT / "course").glob("*.ipynb"))
pytestmark = pytest.mark.browser


@dataclass
class Walk:
    """Where the learner has been: the browser, the journal, and what the pages said."""

    browser: Browser
    home: Path
    asked: dict[str, list[str]] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)

    @property
    def journal(self):
        return Journal(self.home / "journal.sqlite3")


@pytest.fixture(scope="module")
def walk(browser_path, tmp_path_factory):
    folder, home = tmp_path_factory.mktemp("lab"), tmp_path_factory.mktemp("home")
    shutil.copytree(notebooks.ROOT / "course", folder / "course")
    with jupyter_lab(folder, home) as address, chromium(address) as browser:
        yield Walk(browser, home / "journal")
        assert browser.refused == []


@pytest.fixture(scope="module", params=CHAPTERS, ids=lambda chapter: chapter.stem)
def chapter(request, walk):
    """A chapter, its questions answered, then run from top to bottom; and its first explorer."""
    name, browser = request.param.stem, walk.browser
    browser.kernels = True
    browser.open(f"course/{name}.ipynb")
    walk.asked[name] = list(answered(browser, request.param))
    browser.restart()
    browser.run_all()
    walk.words[name] = browser.words()
    return browser, first_explorer(request.param)


def first_explorer(path):
    pictures = importlib.import_module(f"rsi_teach.pictures.{path.stem[3:]}")
    for cell in notebooks.read(path).cells:
        name = cell.source.removesuffix("()")
        if cell.cell_type == "code" and hasattr(pictures, name):
            thing = getattr(pictures, name)
            if isinstance(thing, type) and issubclass(thing, Explorer):
                return thing
    raise ValueError(f"no explorer in {path}")


class Shown:
    """An explorer on the page."""

    def __init__(self, browser, explorer):
        self.page = browser.page
        cell = browser.cell(f"{explorer.__name__}()")
        cell.scroll_into_view_if_needed()
        self.root = cell.locator(".rsi-explorer")
        self.root.wait_for()
        self.slider = self.root.locator("input[type=range]").first

    def state(self):
        """Pixels, alternative text, sentence."""
        canvas = self.root.locator("canvas[role=img]")
        return (
            canvas.evaluate("canvas => canvas.toDataURL()"),
            canvas.get_attribute("aria-label"),
            self.root.locator(".rsi-sentence").inner_text(),
        )

    def settle(self):
        """Wait until the picture has caught up, and return its state."""
        last = None
        for _ in range(100):
            self.page.wait_for_timeout(150)
            now = self.state()
            if now == last:
                return now
            last = now
        raise TimeoutError("the picture never comes to rest")

    def press(self, name):
        button = self.root.get_by_role("button", name=name)
        button.focus()
        self.page.keyboard.press("Enter")
        return self.settle()


def test_every_prediction_locked_before_is_revealed_after_a_restart(chapter, walk, request):
    browser, _ = chapter
    assert browser.errors() == []
    name = request.node.callspec.params["chapter"].stem
    revealed = {entry.key for entry in walk.journal.entries("outcome")}
    assert walk.asked[name] and revealed.issuperset(walk.asked[name])
    assert "no prediction recorded" not in walk.words[name]


def test_keys_move_picture_alt_text_and_sentence(chapter):
    shown = Shown(*chapter)
    before = shown.press("Reset")
    shown.slider.focus()
    for _ in range(6):
        shown.page.keyboard.press("ArrowLeft")
    after = shown.settle()
    assert all(was != now for was, now in zip(before, after, strict=True))
    assert after[1] == after[2]


def test_dragging_moves_them_too_and_the_last_value_wins(chapter):
    shown = Shown(*chapter)
    before = shown.press("Reset")
    box = shown.slider.bounding_box()
    y = box["y"] + box["height"] / 2
    shown.page.mouse.move(box["x"] + box["width"] / 2, y)
    shown.page.mouse.down()
    for step in range(60):
        part = abs((step / 59 * 2.3) % 2 - 1)
        shown.page.mouse.move(box["x"] + box["width"] * part, y)
    shown.page.mouse.move(box["x"] + 1, y)
    shown.page.mouse.up()
    after = shown.settle()
    assert all(was != now for was, now in zip(before, after, strict=True))
    explorer = chapter[1]
    name = shown.slider.get_attribute("data-name")
    assert after[2] == explorer().say(**{name: explorer.controls[name].low})


def test_one_face_is_seen_at_a_time(chapter):
    browser, explorer = chapter
    Shown(browser, explorer)
    cell = browser.cell(f"{explorer.__name__}()")
    assert not cell.locator(".jp-OutputArea img").is_visible()
    assert cell.get_by_text(explorer().say()).filter(visible=True).count() <= 1


def test_where_it_reverses(chapter):
    shown = Shown(*chapter)
    explorer = chapter[1]
    assert shown.press("Where it reverses")[2] == explorer().say(**explorer.reverses_at)
    assert shown.root.locator(".rsi-claim").inner_text().endswith("Here it does not hold.")
    assert shown.press("Reset")[2] == explorer().say()
    assert shown.root.locator(".rsi-claim").inner_text().endswith("Here it holds.")


def test_copied_code_is_the_setting(chapter):
    shown = Shown(*chapter)
    shown.press("Where it reverses")
    shown.press("Copy as code")
    copied = shown.page.evaluate("() => navigator.clipboard.readText()")
    explorer = chapter[1]
    still = eval(copied, {explorer.__name__: explorer})
    assert still.sentence == explorer().say(**explorer.reverses_at)


def test_axe_finds_nothing_but_what_is_known_of_jupyterlab(chapter):
    browser, explorer = chapter
    Shown(browser, explorer)
    assert [one for one in findings(browser.page) if not one.known] == []


def test_in_the_dark_pictures_are_turned_inside_out_and_words_can_be_read(chapter):
    browser, explorer = chapter
    Shown(browser, explorer)
    kinds = ("canvas[role=img]", "img.rsi-still")
    pictures = [browser.page.locator(kind).first for kind in kinds]

    def filters():
        return [one.evaluate("picture => getComputedStyle(picture).filter") for one in pictures]

    browser.theme("JupyterLab Dark")
    dark = filters()
    faint = findings(browser.page, everything=False, rules=("color-contrast",))
    browser.theme("JupyterLab Light")
    assert all("invert" in turned for turned in dark) and filters() == ["none", "none"]
    assert faint == []


def test_a_saved_notebook_without_a_kernel_shows_pictures_and_words(chapter, request):
    """Comes last: the page is left without its kernel."""
    browser, explorer = chapter
    browser.run("docmanager:save")
    browser.page.wait_for_function(
        "() => !window.jupyterapp.shell.currentWidget.context.model.dirty"
    )
    browser.page.wait_for_timeout(800)
    browser.kernels = False
    browser.open(f"course/{request.node.callspec.params['chapter'].name}")
    cell = browser.cell(f"{explorer.__name__}()")
    cell.scroll_into_view_if_needed()
    picture = cell.locator(".jp-OutputArea img")
    picture.wait_for()
    sentence = explorer().say()
    assert picture.get_attribute("alt") == sentence
    assert picture.evaluate("image => image.naturalWidth") > 600
    words = cell.get_by_text(sentence).last
    words.scroll_into_view_if_needed()
    words.wait_for()
    page = browser.page.locator(".jp-Notebook").inner_text()
    assert "Error displaying widget" not in page and "Loading widget" not in page


def test_the_whole_path_is_in_one_journal(walk):
    """Comes when every chapter has been worked through."""
    asked = [key for keys in walk.asked.values() for key in keys]
    assert list(walk.asked) == [chapter.stem for chapter in CHAPTERS]
    assert sorted(asked) == sorted(entry.key for entry in walk.journal.entries("prediction"))
    assert set(asked) == {entry.key for entry in walk.journal.entries("outcome")}
    assert [entry.key for entry in walk.journal.entries("belief")] == ["00.trust", "17.trust"]
    page = record_before(walk.journal, "16.").page()
    assert repr(page) in walk.words["16_calibration"]


def test_the_safety_case_is_a_page_that_asks_for_nothing(walk):
    (case,) = walk.home.glob("safety-case*.html")
    tab, asked = walk.browser.page.context.new_page(), []
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(case.as_uri())
    assert [url for url in asked if not url.startswith("data:")] == [case.as_uri()]
    for scheme in ("light", "dark"):
        tab.emulate_media(color_scheme=scheme)
        assert Axe().run(tab).response["violations"] == [], scheme
    words = tab.locator("main").inner_text()
    assert words.count(WHY) == 2 and "Locked in before the reveal" in words
    tab.close()


def record_before(journal, chapter):
    """What was revealed before a chapter."""
    all_of_it = Record.of(journal)
    ends = zip(all_of_it.key, all_of_it.low, all_of_it.high, all_of_it.truth, strict=True)
    said = zip(all_of_it.probability_key, all_of_it.probability, all_of_it.happened, strict=True)
    return Record.of_rows(
        [row for row in ends if row[0] < chapter], [row for row in said if row[0] < chapter]
    )
