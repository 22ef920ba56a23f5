"""A question that is answered once: in fields when there is a live front end, else in words."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any, ClassVar

from rsi_teach.explorer.faces import display_both, style
from rsi_teach.learn.faces import filled, marked
from rsi_teach.learn.journal import Journal, Kind, open_journal


class Form:
    """A question, its fields and the one answer that the journal keeps for it.

    A subclass says which fields there are, how to read them and how to repeat an answer in words.

    Parameters
    ----------
    key : str
        Under which the journal keeps the answer.
    question : str
    journal : Journal, optional
        The learner's own if None.
    """

    kind: ClassVar[Kind]
    button: ClassVar[str] = "Lock it in"

    def __init__(self, key: str, question: str, journal: Journal | None = None) -> None:
        if not key or not question.strip():
            raise ValueError(f"key = {key!r}, question = {question!r}: neither may be empty")
        self.key = key
        self.question = question
        self.journal = journal or open_journal()
        self._widget: Any = None

    def fields(self) -> Sequence[Any]:
        """Make the widgets that are filled in."""
        raise NotImplementedError

    def read(self, fields: Sequence[Any]) -> dict[str, Any]:
        """Return what the fields say, or raise ``ValueError`` in plain words."""
        raise NotImplementedError

    def told(self, answer: dict[str, Any]) -> str:
        """Repeat an answer in words."""
        raise NotImplementedError

    @property
    def answer(self) -> dict[str, Any] | None:
        """What was locked in for this key, None if nothing was."""
        found = self.journal.entries(self.kind, self.key)
        return found[0].payload if found else None

    def keep(self, answer: dict[str, Any]) -> str:
        """Store an answer unless there is one; return what is to be said about it."""
        known = len(self.journal.troubles)
        stored = self.answer is None and self.journal.add(self.kind, self.key, answer)
        says = f"Locked in: {self.told(answer)}" if stored else self._stays()
        return "\n".join([says, *self.journal.troubles[known:]])

    def _stays(self) -> str:
        return f"Locked in earlier: {self.told(self.answer or {})} It stays."

    def widget(self) -> Any:
        """Return the form as a widget, the same one each time."""
        if self._widget is None:
            self._widget = self._built()
        return self._widget

    def _built(self) -> Any:
        import ipywidgets

        fields = list(self.fields())
        button = ipywidgets.Button(description=self.button)
        # A region that is put in whole is announced when its role is alert or status.
        status = ipywidgets.HTML()

        def close(text: str) -> None:
            for field in fields:
                field.disabled = True
            button.description = "Locked in"
            status.value = _announced("status", text)

        def lock(_button: Any) -> None:
            try:
                answer = self.read(fields)
            except ValueError as wrong:
                status.value = _announced("alert", str(wrong))
                return
            # The button stays: a disabled one would throw whoever pressed it by key off the form.
            close(self.keep(answer))

        button.on_click(lock)
        if self.answer is not None:
            close(self._stays())
            button.disabled = True
        row = ipywidgets.Box(fields, layout={"flex_flow": "row wrap"})
        look = ipywidgets.HTML(f"<style>{style()}</style>", layout={"display": "none"})
        form = ipywidgets.VBox([row, button, status, look])
        return form.add_class("rsi-form")

    def words(self) -> str:
        """The question and, once there is one, the answer."""
        return self.question if self.answer is None else f"{self.question}\n{self._stays()}"

    def __repr__(self) -> str:
        """The words, wrapped."""
        return filled(self.words())

    def _ipython_display_(self) -> None:
        from IPython.display import display

        still = {"text/plain": repr(self), "text/html": f"<div>{marked(self.words())}</div>"}
        try:
            display_both(still, self.widget())
        except ImportError:
            display(still, raw=True)


def _announced(role: str, text: str) -> str:
    live = "assertive" if role == "alert" else "polite"
    lines = html.escape(text).replace("\n", "<br>")
    return f'<div role="{role}" aria-live="{live}">{lines}</div>'


def number_field(label: str) -> Any:
    """Make a field for a number, empty at first."""
    import ipywidgets

    return ipywidgets.Text(
        description=label,
        placeholder="a number",
        # Sent once, when it is left: key by key, a slow kernel would see the button before the end.
        continuous_update=False,
        style={"description_width": "initial"},
        layout={"width": "auto", "min_width": "17em"},
    )


def number_in(text: str) -> float:
    """Read a field; ``ValueError`` says what is wrong with it."""
    text = text.strip().replace("\u2212", "-")
    if not text:
        raise ValueError("A field is empty. Put a number into each.")
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a number. Write it like 0.5, 1200 or 2e6.") from None
