"""Every explorer of the course, at every corner of its controls."""

import importlib
import io
import pkgutil
import re

import matplotlib.image
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import Collection, LineCollection
from matplotlib.colors import same_color, to_hex, to_rgba
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Text

import rsi_teach.pictures
from rsi_teach.explorer import Explorer, Picture, palette
from tools.contrast import MARKS, WHITE, WORDS, contrast, in_the_dark, seen

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


# --- contrast, on white and turned inside out for the dark theme ---------------------------------

WASH = 0.5  # an alpha below this: a band or a ground under what is to be read, pale on purpose


def least(one, other):
    """The smaller contrast of the two themes, colour by colour."""
    return np.minimum(contrast(one, other), contrast(in_the_dark(one), in_the_dark(other)))


@pytest.mark.parametrize("picture", EXPLORERS + STILL, ids=lambda cls: cls.__name__)
def test_words_and_marks_stand_out(picture):
    shown = picture()
    for values in ({}, getattr(picture, "reverses_at", {})):
        sentence = shown.say(**values)
        assert pale_words(shown._figure) == [], sentence
        assert pale_marks(shown._figure) == [], sentence


def pale_words(figure):
    """Every text that is hard to tell from what lies behind most of it."""
    canvas = FigureCanvasAgg(figure)
    texts = [text for text in figure.findobj(Text) if text.get_visible()]
    boxes = [text.get_window_extent(canvas.get_renderer()) for text in texts]
    colours = [text.get_color() for text in texts]
    for text in texts:
        text.set_color("none")  # and not invisible: its box is part of what lies behind
    canvas.draw()
    behind = np.asarray(canvas.buffer_rgba())[::-1, :, :3] / 255
    found = []
    for text, colour, box in zip(texts, colours, boxes, strict=True):
        text.set_color(colour)
        left, low, right, high = np.round(np.clip(box.extents, 0, None)).astype(int)
        ground = behind[low:high, left:right].reshape(-1, 3)
        if text.get_text().strip() and ground.size:
            ratio = np.median(least(seen(colour, text.get_alpha()), ground))
            found += [(text.get_text(), round(ratio, 2))] if ratio < WORDS else []
    return found


def pale_marks(figure):
    """Every line, marker, bar or point that is neither a wash nor plain to see on the page."""
    return [
        (artist, colours)
        for axes in figure.axes
        for artist in [*axes.lines, *axes.patches, *axes.collections]
        if artist.get_visible() and (colours := drawn_in(artist))
        and max(least(seen(colour), WHITE) for colour in colours) < MARKS
    ]  # fmt: skip


def drawn_in(artist):
    """The colours of which one at least has to stand out; none if it is a wash, or not drawn."""
    if isinstance(artist, Line2D):
        line = artist.get_linestyle() != "None"
        shape = artist.get_marker() not in ("None", "", None)
        parts = [artist.get_color()] * line
        parts += [artist.get_markeredgecolor(), artist.get_markerfacecolor()] * shape
        broad = not line or artist.get_linewidth() >= 5
    elif isinstance(artist, LineCollection):
        parts, broad = list(artist.get_edgecolor()), min(artist.get_linewidth()) >= 5
    elif isinstance(artist, (Patch, Collection)):
        parts = [*np.atleast_2d(artist.get_facecolor()), *np.atleast_2d(artist.get_edgecolor())]
        broad = True
    colours = [to_rgba(part, artist.get_alpha()) for part in parts if not isinstance(part, str)
               or part != "none"]  # fmt: skip
    strong = [colour for colour in colours if colour[3] >= WASH]
    return strong or ([] if broad else colours)
