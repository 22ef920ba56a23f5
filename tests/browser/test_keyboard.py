"""A chapter, its predictions and an exercise, in JupyterLab and with the keyboard alone.

Keys are pressed and the page is read; nothing is clicked, hovered over, or focused by a script.
What a key does here is therefore what it does for a learner.
"""

import importlib
import re
import shutil
from functools import partial

import pytest

from rsi_teach.explorer import Choice, Slider, Toggle
from rsi_teach.learn.journal import Journal
from tools import notebooks
from tools.axe import findings
from tools.contrast import MARKS, contrast, css
from tools.lab import chromium, jupyter_lab

STEM = "14_waiting"  # sliders, a choice and a switch; quick to run
CHAPTER, EXERCISE = f"course/{STEM}.ipynb", f"exercises/{STEM}.ipynb"
ANSWERS = {
    "14.floor": ("1", "1.6"), "14.miss": ("5", "90"), "14.items": ("30",),
}  # fmt: skip
PLAYED = {"Regions()": ["shared"], "Thresholds()": []}  # its switch; all it has: [] is all
UNLOCKED = "14.loss"  # nobody answers this one, so that its result comes folded
ANSWER = (
    "worth = sum(tests * kept**age for age in range(versions))",
    "return [worth, 1 - 0.05 ** (1 / worth), 1 - 0.05 ** ((1 - kept) / tests)]",
)
GUARD = """
window.pointed = [];
for (const kind of ['pointerdown', 'pointermove', 'mousedown', 'mousemove', 'wheel', 'touchstart'])
  window.addEventListener(kind, event => event.isTrusted && window.pointed.push(kind), true);
window.moved = []; window.said = [];
new MutationObserver(changes => changes.forEach(({target}) => {
  if (target.dataset?.frame) window.moved.push(performance.now());
  if (target.className === 'rsi-said') window.said.push(performance.now());
})).observe(document, {subtree: true, childList: true, attributeFilter: ['data-frame']});
"""
FOCUSED = """() => { const on = document.activeElement, look = getComputedStyle(on);
  const cell = on.closest('.jp-Cell'), painted = node => node &&
    (getComputedStyle(node).backgroundColor.startsWith('rgba') ? painted(node.parentElement)
                                                             : getComputedStyle(node));
  return { tag: on.tagName.toLowerCase(), words: (on.labels?.[0] ?? on).textContent.trim(),
    control: on.dataset.name, valuetext: on.ariaValueText, value: on.value,
    ours: on.closest('.rsi-explorer, .rsi-form, details') !== null,
    cell: on === cell, index: Number(cell?.dataset.windowedListIndex ?? -1),
    outline: [look.outlineStyle, parseFloat(look.outlineWidth), look.outlineColor],
    ground: painted(on.parentElement)?.backgroundColor, shown: on.matches(':focus-visible') } }"""
AT = """index => [window.jupyterapp.shell.currentWidget.content.activeCellIndex,
  document.activeElement.matches(`.jp-Cell[data-windowed-list-index='${index}']`)]"""
CUT = """() => [...document.querySelectorAll('.jp-OutputArea-output *, .jp-MarkdownOutput *')]
  .filter(node => { const own = node.getBoundingClientRect();
    if (!own.width || node.closest('.rsi-said, .MathJax, mjx-container')) return false;
    for (let box = node.parentElement; box; box = box.parentElement) {
      const edge = box.getBoundingClientRect().right + 1, over = getComputedStyle(box).overflowX;
      if (box.matches('.rsi-explorer, .rsi-form') && own.right > edge) return true;
      if (over === 'auto' || over === 'scroll') return false;
      if (over !== 'visible' && own.right > edge) return true;
    } return false }).map(node => node.outerHTML.slice(0, 200))"""
EDGES = """nodes => nodes.map(node => { const look = getComputedStyle(node);
  return [look.borderTopColor, getComputedStyle(document.body).backgroundColor,
          parseFloat(look.borderTopWidth)] })"""
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def worked(browser_path, tmp_path_factory):
    """JupyterLab after the chapter and the exercise; the folder, and where the journal is."""
    folder, home = (tmp_path_factory.mktemp(name) for name in ("lab", "home"))
    for part in ("course", "exercises"):
        shutil.copytree(notebooks.ROOT / part, folder / part)
    with jupyter_lab(folder, home) as address, chromium(address) as browser:
        browser.page.add_init_script(GUARD)
        browser.open(CHAPTER)
        learner = Learner(browser)
        work_through(learner)
        assert browser.errors() == []
        learner.save()
        learner.palette("Open from Path")
        browser.page.wait_for_selector(".jp-Dialog input:focus")
        learner.type(EXERCISE)
        learner.press("Enter")
        browser.page.wait_for_function(
            "path => window.jupyterapp.shell.currentWidget?.context?.path === path", arg=EXERCISE
        )
        solve(learner)
        learner.save()
        yield browser, folder, Journal(home / "journal" / "journal.sqlite3")


def test_no_pointer_touched_the_page(worked):
    browser, _, _ = worked
    assert browser.page.evaluate("() => window.pointed") == []
    assert browser.refused == []


def test_what_was_typed_is_kept(worked):
    _, folder, journal = worked
    saved = [cell.source for cell in notebooks.read(folder / EXERCISE).cells]
    assert any(all(line in source for line in ANSWER) for source in saved)
    told = {entry.key: entry.payload for entry in journal.entries("prediction")}
    assert set(told) == set(ANSWERS)
    assert told["14.floor"]["low"] == 1 and told["14.items"]["probability"] == 0.3
    (attempt,) = journal.entries("attempt", "14.1")
    assert attempt.payload["outcome"] == "holds"


def test_axe_finds_nothing_in_an_exercise_but_what_is_known_of_jupyterlab(worked):
    assert [one for one in findings(worked[0].page) if not one.known] == []


def test_nothing_of_ours_is_cut_at_200_per_cent(worked):
    page = worked[0].page
    back_to_the_chapter(page)
    page.set_viewport_size({"width": 640, "height": 450})  # 1280 by 900, everything twice as large
    assert page.evaluate(CUT) == []
    page.set_viewport_size({"width": 1280, "height": 900})


def test_where_the_system_sets_the_colours_controls_and_pictures_are_seen(worked):
    page = worked[0].page
    back_to_the_chapter(page)
    page.emulate_media(forced_colors="active")
    explorer = page.locator(".rsi-explorer").first
    edges = explorer.locator("button, select").evaluate_all(EDGES)
    assert edges
    for edge, ground, width in edges:
        assert width >= 1 and contrast(css(edge), css(ground)) >= MARKS
    paper = "canvas => canvas.getContext('2d').getImageData(0, 0, 1, 1).data[3]"
    assert explorer.locator("canvas").first.evaluate(paper) == 255  # ink on paper of its own
    page.emulate_media(forced_colors="none")


def back_to_the_chapter(page):
    page.evaluate(
        """path => { const shell = window.jupyterapp.shell;
        shell.activateById([...shell.widgets('main')].find(o => o.context?.path === path).id) }""",
        CHAPTER,
    )
    page.locator(".rsi-explorer canvas").first.wait_for()


class Learner:
    """Two hands on a keyboard, and eyes."""

    def __init__(self, browser):
        self.browser, self.page = browser, browser.page
        self.press, self.type = self.page.keyboard.press, self.page.keyboard.type

    def focused(self):
        """What has the keyboard; and if it is ours, whether one sees that."""
        seen = self.page.evaluate(FOCUSED)
        if seen["ours"]:
            style, width, colour = seen["outline"]
            assert seen["shown"] and style != "none" and width >= 1, seen
            assert contrast(css(colour), css(seen["ground"])) >= MARKS, seen
        return seen

    def reach(self, key="Tab", **wanted):
        """Press a key until what is wanted has the keyboard."""
        for _ in range(30):
            self.press(key)
            seen = self.focused()
            if all(seen[what] == value for what, value in wanted.items()):
                return seen
        raise AssertionError(f"{key} never reaches {wanted}: now at {seen}")

    def arrive(self, index, came_by="Escape"):
        """Wait until the notebook's keys go to this cell, and the cell itself has the focus.

        Now and then a key comes while JupyterLab moves the focus, and is lost: after ten seconds
        without effect it is pressed again, as anybody would.
        """
        for _ in range(6):
            for _ in range(50):
                at, focused = self.page.evaluate(AT, index)
                if at == index and focused:
                    return
                self.page.wait_for_timeout(200)
            self.press("Escape" if at == index else came_by)
        raise AssertionError(f"{came_by} does not lead to cell {index}: now at {at}")

    def output(self, index):
        """What stands under a cell."""
        return self.page.locator(
            f".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell[data-windowed-list-index='{index}']"
            " .jp-OutputArea"
        )

    def run(self):
        self.press("Control+Enter")
        self.browser.wait_idle()

    def palette(self, words):
        self.press("Control+Shift+c")
        self.page.wait_for_selector(".lm-CommandPalette-input:focus")
        self.type(words)
        self.page.wait_for_selector(f".lm-CommandPalette-item:has-text('{words}')")
        self.press("Enter")

    def dark(self):
        self.palette("Theme: JupyterLab Dark")
        self.page.wait_for_selector("body[data-jp-theme-light='false']", state="attached")

    def save(self):
        self.press("Control+s")
        self.page.wait_for_function(
            "() => !window.jupyterapp.shell.currentWidget.context.model.dirty"
        )


def work_through(learner):
    """Run the chapter from its first cell to its last, and do what it asks for."""
    cells = notebooks.read(notebooks.ROOT / CHAPTER).cells
    key = "Escape"
    for index, cell in enumerate(cells):
        learner.arrive(index, key)
        if cell.id == "curve":  # half of it in the light, half in the dark
            learner.dark()
            learner.arrive(index)
        if work := what_to_do(learner, index, cell.source):
            learner.run()
            work()
            assert learner.focused()["cell"] and learner.focused()["index"] == index
            key = "ArrowDown"
        else:  # not the arrow, which leaves out a cell whose code is folded, such as the ledger's
            key = "Shift+Enter" if index + 1 < len(cells) else "Control+Enter"
        learner.press(key)
    learner.browser.wait_idle()
    count = "() => window.jupyterapp.shell.currentWidget.content.widgets.length"
    assert learner.page.evaluate(count) == len(cells)  # no key for a form went to the notebook


def what_to_do(learner, index, source):
    """What a cell asks for when it has run: a prediction, reading a result, play; or None."""
    pictures = importlib.import_module("rsi_teach.pictures.waiting")
    asks = re.search(r'^(predict|reveal)\("([\d.a-z]+)"', source, re.MULTILINE)
    if asks and asks[1] == "reveal":
        return partial(reveal, learner, index, folded=asks[2] == UNLOCKED)
    if asks and asks[2] != UNLOCKED:
        return partial(predict, learner, index, ANSWERS[asks[2]])
    if source in PLAYED:
        explorer = getattr(pictures, source.removesuffix("()"))
        return partial(Hands(learner, index, explorer).play, PLAYED[source])
    return None


def predict(learner, index, values):
    """Fill the form in, be told of a slip, mend it, lock it, and leave it."""
    output = learner.output(index)
    output.get_by_role("button", name="Lock it in").wait_for()
    for value in ("dad", *values[1:]):  # d, d would delete the cell, a make one
        assert learner.reach(tag="input", index=index)["words"]
        learner.type(value)
    learner.reach(tag="button")
    learner.press("Enter")
    output.get_by_text("is not a number").wait_for()
    for _ in values:
        learner.reach("Shift+Tab", tag="input", index=index)
    learner.press("Control+a")
    learner.type(values[0])
    learner.reach(tag="button")
    learner.press("Space")
    output.get_by_text("Locked in: ").wait_for()
    assert learner.focused()["words"] == "Locked in"  # and not lost to the page
    learner.reach("Shift+Tab", cell=True)


def reveal(learner, index, folded):
    """Read the result; unfold it first if it was not predicted."""
    output = learner.output(index)
    if folded:
        learner.reach(tag="summary", index=index)
        assert not output.get_by_text("The answer:").is_visible()
        learner.press("Enter")
        learner.reach("Shift+Tab", cell=True)
    output.get_by_text("The answer:").wait_for()
    output.get_by_text("No prediction recorded." if folded else " score ").wait_for()


class Hands:
    """A learner's hands on an explorer."""

    def __init__(self, learner, index, explorer):
        self.learner, self.index, self.explorer = learner, index, explorer()
        self.root = learner.output(index).locator(".rsi-explorer")
        self.at = {}

    def play(self, names):
        """Move these controls to their ends and back; press every button; leave."""
        self.root.locator("canvas[role=img]").wait_for()
        for number, name in enumerate(names or self.explorer.controls):
            control = self.explorer.controls[name]
            key = "Shift+Tab" if number else "Tab"
            assert self.learner.reach(key, control=name, index=self.index)["words"]
            states = [self.settled()]
            for key, value in self.moves(name, control):
                self.learner.press(key)
                self.at[name] = value
                states.append(self.settled())
                if isinstance(control, Slider):
                    assert self.learner.focused()["valuetext"] == control.words(value)
            assert all(len(set(seen)) > 1 for seen in zip(*states, strict=True)), name
            self.button("Reset", "Enter", {})
        self.button("Where it reverses", "Space", self.explorer.reverses_at)
        assert self.root.locator(".rsi-claim").inner_text().endswith("Here it does not hold.")
        self.learner.reach(tag="button", words="Copy as code")
        self.learner.press("Enter")
        self.root.get_by_text(f"{type(self.explorer).__name__}().at(").wait_for()
        self.said()
        self.learner.press("Tab")
        assert self.learner.focused()["index"] != self.index  # no trap
        self.learner.reach("Shift+Tab", words="Copy as code", index=self.index)
        self.learner.press("Escape")

    def moves(self, name, control):
        """Keys, and the value to which each takes a control that has the keyboard."""
        if isinstance(control, Toggle):
            return [("Space", not control.default), ("Space", control.default)]
        before = "ArrowUp" if isinstance(control, Choice) else "ArrowLeft"
        stops = control.stops(self.explorer._complete(self.explorer.reverses_at)[name])
        return [("Home", stops[0]), ("End", stops[-1]), (before, stops[-2])]

    def button(self, words, key, at):
        """Go to a button, press it, and see where that leads."""
        self.learner.reach(tag="button", words=words)
        self.learner.press(key)
        self.at = dict(at)
        self.settled()

    def settled(self):
        """Wait for the sentence of this setting; picture and sentence."""
        sentence = self.explorer.say(**self.at)
        words = self.root.locator(".rsi-sentence").get_by_text(sentence, exact=True)
        words.wait_for()
        canvas = self.root.locator("canvas[role=img]")
        assert canvas.get_attribute("aria-label") == sentence
        return canvas.evaluate("canvas => canvas.toDataURL()"), sentence

    def said(self):
        """What is read out is the sentence, each time half a second after the last change."""
        self.root.locator(".rsi-said").get_by_text(self.explorer.say(**self.at)).wait_for()
        moved, said = self.learner.page.evaluate("() => [window.moved, window.said]")
        assert said and not [at for at in said if any(at - 450 < when < at for when in moved)]


def solve(learner):
    """Write an answer into its cell, check it, take a hint."""
    cells = notebooks.read(notebooks.ROOT / EXERCISE).cells
    answer = next(i for i, cell in enumerate(cells) if "YOUR CODE HERE" in cell.source)
    learner.browser.wait_idle()  # its kernel has started
    for index in range(answer):
        learner.arrive(index, "Shift+Enter")
        learner.press("Shift+Enter")
    learner.arrive(answer, "Shift+Enter")
    for key in ("Enter", "Control+End", "Shift+ArrowUp", "Shift+Home"):
        learner.press(key)
    for line in ANSWER:
        learner.type(line)
        learner.press("Enter")
    learner.press("Escape")
    learner.press("Shift+Enter")
    learner.arrive(answer + 1, "Shift+Enter")
    learner.run()
    learner.output(answer + 1).get_by_text("holds").first.wait_for()
    learner.press("b")
    learner.arrive(answer + 2)
    learner.press("Enter")
    learner.type('exercise("14.1").hint()')
    learner.run()
    learner.output(answer + 2).get_by_text("hint 1 of 3").wait_for()
