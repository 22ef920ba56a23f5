"""Show a still picture together with the words for it."""

from __future__ import annotations

import base64
import html
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI = 110


@dataclass(frozen=True, kw_only=True, repr=False)
class Picture:
    """A PNG and its alt text.

    Parameters
    ----------
    png : bytes
    alt : str
        What the picture shows, for whoever does not see it.
    width : float
        Width at which to show it, in CSS pixels.
    """

    png: bytes
    alt: str
    width: float

    def __repr__(self) -> str:
        """The words."""
        return self.alt

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        data = base64.b64encode(self.png).decode()
        alt = html.escape(self.alt)
        image = f'<img alt="{alt}" width="{self.width:.0f}" src="data:image/png;base64,{data}">'
        return {"text/plain": self.alt, "text/html": image}


def show(figure: Figure, alt: str) -> Picture:
    """Draw a matplotlib figure once, on white, with an alt text that every front end passes on.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    alt : str
        What the picture shows; not empty.

    Raises
    ------
    ValueError
        When there is no alt text.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> show(Figure(figsize=(2, 1)), "An empty square.")
    An empty square.
    """
    if not alt.strip():
        raise ValueError("alt = '' is empty; say in a sentence what the picture shows")
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=DPI, facecolor="white")
    return Picture(
        png=file.getvalue(), alt=" ".join(alt.split()), width=figure.get_figwidth() * DPI
    )
