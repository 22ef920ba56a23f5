"""What a learner does on a chapter's page: answer, lock in, move an explorer."""

from __future__ import annotations

import ast
import re
import time
from pathlib import Path
from typing import Any

from tools import notebooks
from tools.lab import Browser

WHY = "what the test's learner believes"


def answered(browser: Browser, path: Path, share: float = 0.25) -> dict[str, list[str]]:
    """Fill in and lock what a chapter asks before its results are there; returns what was typed.

    A probability is `share`; an interval begins at that share of its range and ends half-way on.
    """
    typed = {}
    for index, cell in enumerate(notebooks.read(path).cells):
        if cell.cell_type == "code" and cell.source.startswith(("import ", "from ")):
            browser.run_cell(index)
        elif cell.source.startswith("predict("):
            key, fields = _what_to_say(cell.source, share)
            typed[key] = fields
            browser.run_cell(index)
            _fill(browser.cell(cell.source), fields, "Lock it in")
        elif cell.source.startswith("belief("):
            browser.run_cell(index)
            _fill(browser.cell(cell.source), ["70", "90"], "Record it")
    if not typed:
        raise ValueError(f"{path.stem} asks for no prediction")
    return typed


def _what_to_say(source: str, share: float) -> tuple[str, list[str]]:
    """A prediction's key, and an answer that it allows."""
    asked = ast.parse(source).body[0].value  # type: ignore[attr-defined]
    given = {keyword.arg: keyword.value for keyword in asked.keywords}
    key = ast.literal_eval(asked.args[0])
    if "kind" in given and ast.literal_eval(given["kind"]) == "probability":
        return key, [f"{100 * share:g}"]
    low, high = ast.literal_eval(given["within"]) if "within" in given else (0, 12)
    return key, [f"{low + part * (high - low):g}" for part in (share, share + 0.5)]


def _fill(cell: Any, values: list[str], button: str) -> None:
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


def move_an_explorer(browser: Browser, path: Path) -> tuple[str, str]:
    """Move the first explorer of a chapter that has run; its sentence before and after."""
    shown = re.compile(r"[A-Z]\w*\(\)")
    cells = notebooks.read(path).cells
    call = next(cell.source for cell in cells if shown.fullmatch(cell.source))
    cell = browser.cell(call)
    cell.scroll_into_view_if_needed()
    explorer = cell.locator(".rsi-explorer")
    explorer.wait_for()
    sentence = explorer.locator(".rsi-sentence")
    before = _said(browser, sentence)
    explorer.locator("input[type=range]").first.focus()
    for _ in range(6):
        browser.page.keyboard.press("ArrowLeft")
    return before, _said(browser, sentence, other_than=before)


def _said(browser: Browser, sentence: Any, other_than: str = "") -> str:
    """What stands there once it is still and new; while a view is drawn again, nothing does."""
    last = ""
    until = time.monotonic() + browser.patience
    while time.monotonic() < until:
        now = sentence.inner_text()
        if now == last and now not in ("", other_than):
            break
        last = now
        browser.page.wait_for_timeout(200)
    return last
