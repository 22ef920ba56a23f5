"""Every explorer of the course, at every corner of its controls."""

import importlib
import io
import pkgutil
import re

import matplotlib.image
import numpy as np
import pytest
from matplotlib.colors import same_color, to_hex

import rsi_teach.pictures
from rsi_teach.explorer import Explorer, Picture, palette

MODULES = [
    importlib.import_module(f"rsi_teach.pictures.{module.name}")
    for module in pkgutil.iter_modules(rsi_teach.pictures.__path__)
]
EXPLORERS = [
    thing
    for module in MODULES
    for thing in vars(module).values()
    if isinstance(thing, type)
    and issubclass(thing, Explorer)
    and thing.__module__ == module.__name__
]
PALETTE = {to_hex(value) for name, value in vars(palette).items() if name.isupper() and
           isinstance(value, str)} | {to_hex(shade) for shade in palette.TEXT.values()}  # fmt: skip


@pytest.fixture(params=EXPLORERS, ids=lambda cls: cls.__name__)
def explorer(request):
    return request.param()


def pixels(still):
    return matplotlib.image.imread(io.BytesIO(still.png))


def test_every_chapter_has_two_or_three():
    for module in MODULES:
        own = [cls for cls in EXPLORERS if cls.__module__ == module.__name__]
        assert 2 <= len(own) <= 3, module.__name__


def test_it_draws_and_speaks_at_every_corner(explorer):
    for values in explorer.corners():
        sentence = explorer.say(**values)
        explorer.record_moving()
        assert re.fullmatch(r"[A-Z].{30,400}\.", sentence), sentence
        assert "nan" not in sentence.lower() and "inf" not in sentence.lower().split()


def test_its_claim_holds_at_the_default_and_fails_at_the_reversal(explorer):
    assert explorer.holds()
    assert not explorer.holds(**explorer.reverses_at)


def test_its_claim_is_a_sentence(explorer):
    assert re.fullmatch(r"[A-Z].{20,160}\.", explorer.__doc__.strip().splitlines()[0])


def test_every_control_moves_the_picture(explorer):
    start = pixels(explorer.at())
    for name, control in explorer.controls.items():
        ends = [
            pixels(explorer.at(**{name: end})) for end in (control.stops()[0], control.stops()[-1])
        ]
        assert any(np.abs(end - start).max() > 0.2 for end in ends), name
        assert control.label, name


def test_axes_stay_where_they_are(explorer):
    explorer.say()
    limits = [(axes.get_xlim(), axes.get_ylim()) for axes in explorer._figure.axes]
    for values in explorer.corners():
        explorer.say(**values)
        assert [(a.get_xlim(), a.get_ylim()) for a in explorer._figure.axes] == limits


def test_axes_are_labelled(explorer):
    explorer.say()
    for axes in explorer._figure.axes:
        assert axes.get_xlabel()
        assert axes.get_ylabel() or not axes.yaxis.get_ticklabels() or not any(
            re.fullmatch(r"[−\d.]+", tick.get_text()) for tick in axes.yaxis.get_ticklabels()
        )  # fmt: skip


def test_colours_are_okabe_and_itos_and_lines_differ_by_more_than_colour(explorer):
    explorer.say()
    for axes in explorer._figure.axes:
        lines = [line for line in axes.get_lines() if len(line.get_xdata()) > 2]
        for line in lines:
            assert to_hex(line.get_color()) in PALETTE
        styles = {}
        for line in lines:
            hollow = line.get_markerfacecolor() in ("white", "none")
            second = (line.get_linestyle(), line.get_marker(), hollow, line.get_linewidth())
            styles.setdefault(second, []).append(line.get_color())
        for second, colours in styles.items():
            assert all(same_color(colour, colours[0]) for colour in colours), second


def test_nothing_that_moves_is_drawn_twice(explorer):
    """What `draw` keeps is in the moving recording and not in the still one."""
    explorer.say()
    still = explorer.record_still()
    kept = len(explorer.record_moving()["strokes"])
    for artist in explorer._moving():
        artist.set_visible(False)
    assert explorer.record_still()["strokes"] == still["strokes"]
    assert kept > 0


STILL = [
    thing
    for module in MODULES
    for thing in vars(module).values()
    if isinstance(thing, type)
    and issubclass(thing, Picture)
    and not issubclass(thing, Explorer)
    and thing.__module__ == module.__name__
    and thing.__init__ is Picture.__init__
]


@pytest.mark.parametrize("picture", STILL, ids=lambda cls: cls.__name__)
def test_still_pictures_say_what_they_show(picture):
    still = picture().at()
    assert len(still.sentence) > 80 and pixels(still).std() > 0.05
