"""How well one colour stands out from another, as WCAG 2.2 measures it."""

from __future__ import annotations

import re

import numpy as np
from matplotlib.colors import to_rgba

from rsi_teach.explorer.faces import style

WORDS = 4.5  # success criterion 1.4.3
MARKS = 3.0  # 1.4.11: lines, marks, the outlines of controls
WHITE = np.ones(3)


def contrast(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Contrast of colours, from 1 to 21; each is sRGB in [0, 1] along the last axis.

    Examples
    --------
    >>> float(contrast(np.zeros(3), WHITE))
    21.0
    """
    low, high = np.sort(np.broadcast_arrays(_luminance(one), _luminance(other)), axis=0)
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: np.ndarray) -> np.ndarray:
    colour = np.asarray(colour, dtype=float)
    linear = np.where(colour <= 0.04045, colour / 12.92, ((colour + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


def seen(colour: str | tuple[float, ...], alpha: float | None = None) -> np.ndarray:
    """What a colour, let through by its alpha, looks like on white.

    Examples
    --------
    >>> seen("black", 0.5).tolist()
    [0.5, 0.5, 0.5]
    """
    *channels, own = to_rgba(colour, alpha)
    return 1 - own * (1 - np.array(channels))


def css(text: str) -> np.ndarray:
    """The colour that a browser computed: ``rgb(...)``, ``rgba(...)`` or ``color(srgb ...)``.

    Examples
    --------
    >>> css("rgb(255, 0, 51)").tolist(), css("color(srgb 0.5 0 1)").tolist()
    ([1.0, 0.0, 0.2], [0.5, 0.0, 1.0])
    """
    numbers = np.array([float(part) for part in re.findall(r"[\d.]+", text)[:3]])
    return numbers if text.startswith("color(srgb") else numbers / 255


def in_the_dark(colours: np.ndarray) -> np.ndarray:
    """What becomes of a picture's colours under the filter that the dark theme puts on it."""
    found = re.search(r"filter: invert\(([\d.]+)\) hue-rotate\(180deg\)", style())
    if not found:
        raise ValueError("view.css turns pictures by another filter than invert and hue-rotate")
    share = float(found[1])
    inverted = share + np.asarray(colours) * (1 - 2 * share)
    return np.clip(inverted @ _HALF_TURN.T, 0, 1)


# hue-rotate(180deg) of the Filter Effects specification, where the sine is 0 and the cosine -1.
_WEIGHT = np.array([0.213, 0.715, 0.072])
_HALF_TURN = 2 * np.tile(_WEIGHT, (3, 1)) - np.eye(3)
