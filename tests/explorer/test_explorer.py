"""The contract: what a subclass must state, and what comes from it."""

import html
import re

import pytest

from rsi_teach.explorer import Explorer, Slider, Toggle, palette
from rsi_teach.explorer.faces import VIEW, without_live_faces
from tools.contrast import WHITE, contrast, seen


class Line(Explorer):
    """The line is not below one."""

    height = Slider(0.0, 2.0, 1.5, label="height", unit="m", step=0.5)
    dashed = Toggle(label="dashed")
    reverses_at = {"height": 0.25}

    def draw(self, figure):
        axes = figure.subplots()
        axes.set(xlim=(0, 1), ylim=(0, 2))
        (self.line,) = axes.plot([0, 1], [0, 0])
        self.names = [axes.text(0.5, 1.9, "")]

    def update(self, height, dashed):
        self.line.set_ydata([height, height])
        self.line.set_linestyle("--" if dashed else "-")
        self.names[0].set_text(f"{height}")
        return f"The line <is> at {height:g} m."

    def headline(self, height, dashed):
        return height >= 1


def test_a_still_has_alt_text_and_words():
    data, _ = Line().at(height=0.5)._repr_mimebundle_()
    sentence, claim = data["text/plain"].splitlines()
    assert sentence == "The line <is> at 0.5 m."
    assert claim == "Claim: The line is not below one. Here it does not hold."
    assert html.escape(claim) in data["text/html"]
    alt = re.search(
        r'<img alt="([^"]*)" width="820" src="data:image/png;base64,', data["text/html"]
    )
    assert html.unescape(alt[1]) == sentence


def test_shown_it_is_two_outputs_of_which_the_first_lasts(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: shown.append(data))
    Line()._ipython_display_()
    still, live = shown
    assert set(still) == {"text/html", "text/plain"} and live["text/plain"] == ""
    assert set(live) == {VIEW, "text/plain"}


def test_what_is_saved_is_what_can_be_opened_again():
    still = {"output_type": "display_data", "data": {"text/plain": "words"}}
    live = {"output_type": "display_data", "data": {VIEW: {}, "text/plain": ""}}
    other = {"output_type": "display_data", "data": {VIEW: {}, "text/plain": "IntSlider()"}}
    printed = {"output_type": "stream", "text": "hello"}
    cells = [
        {"cell_type": "code", "outputs": [still, live, other, printed]},
        {"cell_type": "markdown"},
    ]
    model = {"type": "notebook", "content": {"cells": cells}}
    without_live_faces(model=model, path="a.ipynb", contents_manager=None)
    assert cells[0]["outputs"] == [still, other, printed]
    for harmless in ({"type": "file", "content": "x"}, {"type": "notebook", "content": None}):
        without_live_faces(model=harmless, path="a", contents_manager=None)


def test_a_move_sends_only_what_moves():
    view = Line().live()
    still, before = len(view.still["points"]), view.frame
    assert view.move(height=2.0, dashed=True) == "The line <is> at 2 m."
    assert view.frame["points"] != before["points"]
    assert len(view.frame["points"]) < still / 4
    assert view.frame["code"] == "Line().at(height=2.0, dashed=True)"


def test_the_reversal_is_a_stop_of_its_own():
    view = Line().live()
    assert view.move(**Line.reverses_at) == "The line <is> at 0.25 m."


def test_copied_code_shows_the_same():
    view = Line().live()
    sentence = view.move(height=0.5)
    assert repr(eval(view.frame["code"], {"Line": Line})).splitlines()[0] == sentence
    assert view.frame["claim"].endswith("Here it does not hold.")


def test_headline_and_reversal():
    assert Line().holds() and not Line().holds(**Line.reverses_at)


@pytest.mark.parametrize("values", [{"height": 3.0}, {"wide": 1}, {"dashed": "yes"}])
def test_a_wrong_value_is_named(values):
    (name,) = values
    for call in (Line().at, Line().say, Line().holds, Line().live().move):
        with pytest.raises(ValueError, match=name):
            call(**values)


def test_corners_are_all_there():
    corners = list(Line.corners())
    assert len(corners) == 2 + 2**2
    assert {"height": 2.0, "dashed": True} in corners and {
        "height": 0.0,
        "dashed": False,
    } in corners


def test_in_words_visits_every_end(capsys):
    Line().in_words()
    said = capsys.readouterr().out
    assert said.count("The line <is> at") == 6
    assert "height 2 m:" in said and "Where it reverses:" in said and "dashed on:" in said


BROKEN = {
    "no docstring": {"__doc__": None},
    "no reversal": {"reverses_at": None},
    "reversal out of range": {"reverses_at": {"height": 9.0}},
    "reversal of what is not there": {"reverses_at": {"depth": 1.0}},
    "update with other names": {"update": lambda self, depth: ""},
    "headline with other names": {"headline": lambda self: True},
}


@pytest.mark.parametrize("part", BROKEN)
def test_a_broken_contract_is_refused_at_once(part):
    body = {**{k: v for k, v in vars(Line).items() if k != "__dict__"}, **BROKEN[part]}
    with pytest.raises((TypeError, ValueError)):
        type("Broken", (Explorer,), body)


@pytest.mark.parametrize("colour", [*palette.TEXT.values(), palette.GREY, palette.BLACK])
def test_words_have_contrast(colour):
    assert contrast(seen(colour), WHITE) >= 4.5
