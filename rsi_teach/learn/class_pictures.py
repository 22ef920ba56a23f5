"""The pictures of a class's page: sharp at any size, once for light rooms and once for dark."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from rsi_teach.explorer.palette import BLACK, BLUE, GREY, ORANGE, SKY, VERMILLION, readable
from rsi_teach.learn.class_numbers import Beliefs, Change, Group, Share
from rsi_teach.learn.record_page import BINS, PROMISE


@dataclass(frozen=True, kw_only=True)
class Ink:
    """Colours of a picture.

    Parameters
    ----------
    paper, words, thin, main, other : str
        Ground, text, axes and helping lines, what is shown, and what it is held against.
    said, held_against : str
        The last two, readable as words.
    """

    paper: str
    words: str
    thin: str
    main: str
    other: str
    said: str
    held_against: str


LIGHT = Ink(paper="#ffffff", words=BLACK, thin=GREY, main=BLUE, other=VERMILLION,
            said=readable(BLUE), held_against=readable(VERMILLION))  # fmt: skip
DARK = Ink(paper="#181818", words="#ececec", thin="#b0b0b0", main=SKY, other=ORANGE,
           said=SKY, held_against=ORANGE)  # fmt: skip
FIFTHS = tuple(f"{20 * n}–{20 * n + 20}" for n in range(BINS))
MOVED = ("down > 30", "down 10–30", "at most 10", "up 10–30", "up > 30")

Draw = Callable[[Any, Ink], None]


def figure(name: str, alt: str, size: tuple[float, float], draw: Draw) -> str:
    """Return a picture as HTML, in two shades of which the page's style shows one.

    Parameters
    ----------
    name, alt : str
        What it is called, and what it shows.
    size : pair of float
        Width and height in inches.
    draw : callable (axes, ink)
    """
    images = "".join(
        f'<img class="{shade}" src="{_data(size, draw, ink)}" alt="{html.escape(alt)}" '
        f'width="{round(96 * size[0])}" height="{round(96 * size[1])}">'
        for shade, ink in (("by-day", LIGHT), ("by-night", DARK))
    )
    return (
        '<figure><div class="wide" role="region" tabindex="0" '
        f'aria-label="Picture: {html.escape(name)}">{images}</div></figure>'
    )


def _data(size: tuple[float, float], draw: Draw, ink: Ink) -> str:
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    from rsi_teach.explorer.palette import LOOK

    own = {
        "font.size": 14, "svg.hashsalt": "class", "text.color": ink.words,
        "axes.labelcolor": ink.words, "axes.edgecolor": ink.thin, "axes.facecolor": ink.paper,
        "xtick.color": ink.thin, "ytick.color": ink.thin,
        "xtick.labelcolor": ink.words, "ytick.labelcolor": ink.words,
    }  # fmt: skip
    with rc_context({**LOOK, **own}):
        picture = Figure(figsize=size, layout="constrained")
        draw(picture.subplots(), ink)
        buffer = io.BytesIO()
        picture.savefig(buffer, format="svg", facecolor=ink.paper, metadata={"Date": None})
    return f"data:image/svg+xml;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def reliability(groups: Sequence[Group]) -> Draw:
    """What was stated against how often it happened, with what each group fits.

    Parameters
    ----------
    groups : sequence of Group
    """

    def draw(axes: Any, ink: Ink) -> None:
        axes.set(xlim=(-3, 103), ylim=(-3, 112), xlabel="what was stated [%]")
        axes.set_yticks(range(0, 101, 20))
        axes.set_ylabel("how often it happened [%]")
        axes.plot([0, 100], [0, 100], color=ink.other, ls=":", lw=2)
        axes.text(97, 105, "··· as stated", color=ink.held_against, ha="right", va="center")
        axes.text(-2, 105, "o class; bar: fits", color=ink.said, va="center")
        for group in groups:
            if group.happened is None:
                continue
            x, found = 100 * group.stated, group.happened.of
            axes.vlines(x, 100 * found.low, 100 * found.high, color=ink.main, lw=9, alpha=0.5)
            axes.plot([x], [100 * found.share], "o", color=ink.words, ms=10)

    return draw


def coverage(found: Share) -> Draw:
    """How often 90 % intervals held, against the promise.

    Parameters
    ----------
    found : Share
    """

    def draw(axes: Any, ink: Ink) -> None:
        low, high = 100 * found.of.low, 100 * found.of.high
        axes.set(xlim=(-2, 102), ylim=(-1, 1.2), xlabel="90 % intervals that hold [%]")
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.axvline(100 * PROMISE, color=ink.other, ls="--", lw=2.5)
        axes.text(88, 0.95, "promised - -", color=ink.held_against, ha="right", va="center")
        axes.hlines([0], low, high, color=ink.main, lw=14, alpha=0.5)
        axes.plot([100 * found.of.share], [0], "o", color=ink.words, ms=12)
        axes.text((low + high) / 2, -0.65, f"fits {low:.0f} to {high:.0f} %", color=ink.said,
                  ha="center", va="center")  # fmt: skip

    return draw


def before_and_after(before: Beliefs | None, after: Beliefs | None) -> Draw:
    """People in each fifth of the scale, at the beginning and at the end.

    Parameters
    ----------
    before, after : Beliefs or None
    """

    def draw(axes: Any, ink: Ink) -> None:
        shown = [(before, -0.2, "beginning", ink.main, ""), (after, 0.2, "end", ink.other, "//")]
        most = max(max(asked.counts) for asked, *_ in shown if asked is not None)
        for asked, shift, name, colour, hatch in shown:
            if asked is None:
                continue
            places = [place + shift for place in range(BINS)]
            axes.bar(places, asked.counts, 0.36, label=name, color=colour, hatch=hatch,
                     edgecolor=ink.paper)  # fmt: skip
            for x, count in zip(places, asked.counts, strict=True):
                axes.text(x, count, f"{count}", ha="center", va="bottom")
        axes.set(ylim=(0, 1.3 * most), xlabel="how sure that nothing goes badly wrong [%]")
        axes.set_xticks(range(BINS), FIFTHS)
        _people(axes)
        axes.legend(loc="upper center", ncols=2)

    return draw


def changes(change: Change) -> Draw:
    """People by how far they moved.

    Parameters
    ----------
    change : Change
    """

    def draw(axes: Any, ink: Ink) -> None:
        axes.bar(range(len(MOVED)), change.counts, 0.6, color=ink.main)
        for x, count in enumerate(change.counts):
            axes.text(x, count, f"{count}", ha="center", va="bottom")
        axes.set(ylim=(0, 1.2 * max(change.counts)), xlabel="change from beginning to end [points]")
        axes.set_xticks(range(len(MOVED)), MOVED)
        _people(axes)

    return draw


def _people(axes: Any) -> None:
    """Every bar has its number, so the scale at the side is left out."""
    axes.set_ylabel("people")
    axes.set_yticks([])
    axes.tick_params(bottom=False)
