"""Every chapter in a real JupyterLab in Chromium, worked through as a learner would."""

import importlib
import shutil

import pytest

from rsi_teach.explorer import Explorer
from tools import notebooks
from tools.lab import chromium, jupyter_lab

CHAPTERS = sorted((notebooks.ROOT / "course").glob("*.ipynb"))
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(browser_path, tmp_path_factory):
    folder = tmp_path_factory.mktemp("lab")
    shutil.copytree(notebooks.ROOT / "course", folder / "course")
    with jupyter_lab(folder, tmp_path_factory.mktemp("home")) as found:
        yield found


@pytest.fixture(scope="module", params=CHAPTERS, ids=lambda path: path.stem)
def chapter(request, address):
    """A chapter, opened and run from top to bottom; and its first explorer."""
    with chromium(address) as browser:
        browser.open(f"course/{request.param.name}")
        browser.run_all()
        yield browser, first_explorer(request.param)
        assert browser.refused == []


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


def test_it_runs_without_an_error(chapter):
    browser, _ = chapter
    assert browser.errors() == []


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


def test_pictures_are_turned_inside_out_in_the_dark(chapter):
    browser, explorer = chapter
    Shown(browser, explorer)
    for kind in ("canvas[role=img]", "img.rsi-still"):
        picture = browser.page.locator(kind).first
        browser.theme("JupyterLab Dark")
        dark = picture.evaluate("picture => getComputedStyle(picture).filter")
        browser.theme("JupyterLab Light")
        light = picture.evaluate("picture => getComputedStyle(picture).filter")
        assert "invert" in dark and light == "none", kind


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
