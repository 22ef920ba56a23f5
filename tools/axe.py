"""What axe-core finds on a page of JupyterLab: what is ours, and what is known as its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

OURS = ".jp-OutputArea-output, .jp-MarkdownOutput"
"""Where the course's work is on a page: outputs, and rendered text."""

KNOWN = {
    # Toggles of the file browser and the toolbar: a web component that hides its role from axe.
    "aria-allowed-attr": "jp-button",
    # CodeMirror's editors, one a cell, have the role of a text box and no name.
    "aria-input-field-name": ".cm-content",
    # The arrow beside a heading, which folds its section, has no name.
    "button-name": ".jp-collapseHeadingButton",
    # The numbers beside the cells are paler than 4.5, and so are some words of code in an editor.
    "color-contrast": ".jp-InputPrompt, .jp-OutputPrompt, .cm-content span",
    # The list of cells has the role of a feed, and a cell is no article.
    "aria-required-children": ".jp-WindowedPanel-viewport",
    # "Skip to ..." stands before all landmarks.
    "region": ".jp-skiplink-wrapper",
}
"""Rules that JupyterLab 4.6 itself breaks, and on what."""

RUN = """([context, options, ours, known]) => axe.run(context ?? document, {...options,
  elementRef: true, resultTypes: ['violations']}).then(found => found.violations.flatMap(
    ({id, nodes}) => nodes.map(({element, html, failureSummary}) => ({rule: id, html,
      why: failureSummary, ours: element.closest(ours) !== null,
      known: id in known && element.matches(known[id])}))))"""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One element that breaks one rule.

    Parameters
    ----------
    rule : str
        axe's name for it.
    html, why : str
        The element, and what axe says about it.
    ours : bool
        Whether it is in an output or in rendered text.
    known : bool
        Whether it is one of JupyterLab's `KNOWN`.
    """

    rule: str
    html: str
    why: str
    ours: bool
    known: bool


def findings(page: Any, *, everything: bool = True, rules: tuple[str, ...] = ()) -> list[Finding]:
    """Run axe on a page.

    Parameters
    ----------
    page : playwright Page
    everything : bool
        On all of it, or only on what is ours.
    rules : tuple of str
        By these rules, or by all that axe has if empty.
    """
    from axe_playwright_python.sync_playwright import Axe

    page.evaluate(Axe().axe_script)
    context = None if everything else {"include": OURS.split(", ")}
    options = {"runOnly": list(rules)} if rules else {}
    # JupyterLab's body hides its overflow and has no height: axe takes what is in it for unseen.
    overflow = "value => { document.body.style.overflow = value }"
    page.evaluate(overflow, "visible")
    try:
        found = page.evaluate(RUN, [context, options, OURS, KNOWN])
    finally:
        page.evaluate(overflow, "")
    return [Finding(**one) for one in found]
