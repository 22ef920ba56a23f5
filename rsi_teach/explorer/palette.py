"""Okabe and Ito's colours, and the plain look that every picture shares.

Their orange and sky blue are too pale for a line on white; here both are darker, so that every
colour has a contrast of at least 3 with the page, on white and turned inside out for a dark one.
"""

from __future__ import annotations

BLACK = "#000000"
GREY = "#666666"
BLUE = "#0072B2"
VERMILLION = "#D55E00"
GREEN = "#009E73"
PURPLE = "#CC79A7"
ORANGE = "#C48700"
SKY = "#4199CE"

TEXT = {
    BLUE: "#0069A5",
    VERMILLION: "#B04D00",
    GREEN: "#00785A",
    PURPLE: "#A3497B",
    ORANGE: "#8A5F00",
    SKY: "#1F72A6",
}
"""The same hues, dark enough for words: contrast with white at least 4.5."""

LOOK = {
    "font.family": "DejaVu Sans",
    "font.size": 10.5,
    "axes.titlesize": 10.5,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "axes.linewidth": 0.8,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": BLACK,
    "ytick.labelcolor": BLACK,
    "lines.linewidth": 2.0,
    "legend.frameon": False,
    "image.composite_image": False,
}
"""Settings of matplotlib under which explorers and still figures are drawn."""


def readable(colour: str) -> str:
    """The shade of a palette colour in which to set words.

    Parameters
    ----------
    colour : str
        One of the palette's colours; anything else comes back as it is.

    Examples
    --------
    >>> readable(ORANGE)
    '#8A5F00'
    """
    return TEXT.get(colour, colour)
