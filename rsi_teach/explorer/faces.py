"""Two faces of one thing in a notebook: one that lasts, and one that is alive."""

from __future__ import annotations

from pathlib import Path
from typing import Any

VIEW = "application/vnd.jupyter.widget-view+json"


def style() -> str:
    """The CSS of everything that is alive: explorers, and the forms that are filled in."""
    return (Path(__file__).parent / "view.css").read_text(encoding="utf-8")


def display_both(still: dict[str, Any], widget: Any) -> None:
    """Display what can be saved, and under it, as an output of its own, a widget.

    In one output a front end prefers the widget, also when it finds it saved and its kernel gone:
    then the learner sees an error where the picture was. As two outputs, the first one stays.

    Parameters
    ----------
    still : dict
        Mime type to data: HTML and plain text.
    widget : ipywidgets widget
    """
    from IPython.display import display

    display(still, raw=True)
    live = widget._repr_mimebundle_()
    live = live[0] if isinstance(live, tuple) else live
    if live and VIEW in live:
        display({VIEW: live[VIEW], "text/plain": ""}, raw=True)


def without_live_faces(model: dict[str, Any], **_: Any) -> None:
    """Leave out of a notebook that is being saved the outputs that nobody can open again.

    A contents manager's ``pre_save_hook``; it changes what is written, not what is on the screen.

    Parameters
    ----------
    model : dict
        The file as Jupyter's contents manager sees it, changed in place.
    """
    if model.get("type") != "notebook" or not model.get("content"):
        return
    for cell in model["content"]["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"] = [out for out in cell["outputs"] if not _only_live(out)]


def _only_live(output: dict[str, Any]) -> bool:
    data = output.get("data", {})
    return VIEW in data and set(data) <= {VIEW, "text/plain"} and not data.get("text/plain")
