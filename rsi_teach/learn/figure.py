"""Show a still picture together with the words for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rsi_teach.explorer.explorer import Still

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def show(figure: Figure, alt: str) -> Still:
    """Draw a matplotlib figure once, on white, with an alt text that every front end passes on.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    alt : str
        What the picture shows; not empty. It is the caption as well.

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
        raise ValueError(f"alt = {alt!r} is empty; say in a sentence what the picture shows")
    return Still.of(figure, " ".join(alt.split()))
