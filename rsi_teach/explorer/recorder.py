"""A matplotlib renderer that notes down what it is told to draw, for a canvas to repeat.

Rasterising is what makes a picture slow to move: an artist hands its path to the renderer in a
fraction of a millisecond, the pixels cost the rest.  So the pixels are left to the browser.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.backend_bases import GraphicsContextBase, RendererBase
from matplotlib.colors import to_hex
from matplotlib.path import Path
from matplotlib.transforms import Affine2D, Transform

LIFT, CLOSE = (0.0, np.nan), (1.0, np.nan)
"""Two points that are not points: lift the pen; close the outline."""


class Recorder(RendererBase):
    """Draw artists on it, then take `recording()`.

    Parameters
    ----------
    width, height : float
        Size of the picture in pixels.
    dpi : float
        Pixels in an inch.
    """

    def __init__(self, width: float, height: float, dpi: float) -> None:
        super().__init__()
        self.width, self.height, self.dpi = width, height, dpi
        self._strokes: list[list[Any]] = []
        self._points: list[np.ndarray] = []
        self._images: list[bytes] = []
        self._upside_down = Affine2D().scale(1, -1).translate(0, height)

    def recording(self) -> dict[str, Any]:
        """Everything drawn so far.

        Returns
        -------
        dict
            ``strokes``: one list an operation, as `view.js` reads them; ``points``: all vertices as
            little-endian float32 pairs in pixels from the top left; ``images``: RGBA bytes.
        """
        points = np.concatenate(self._points) if self._points else np.empty((0, 2))
        return {
            "strokes": self._strokes,
            "points": points.astype("<f4").tobytes(),
            "images": self._images,
        }

    def draw_path(
        self,
        gc: GraphicsContextBase,
        path: Path,
        transform: Transform,
        rgbFace: Any = None,
    ) -> None:
        """Note down one path with its stroke and fill."""
        if gc.get_hatch():
            raise NotImplementedError("hatches are not recorded; use a line style or a marker")
        pixels = self.points_to_pixels
        offset, dashes = gc.get_dashes()
        width = pixels(gc.get_linewidth())
        self._strokes.append(
            [
                "path",
                self._note(path, transform, gc, width, filled=rgbFace is not None),
                None if rgbFace is None else _hex(rgbFace, gc),
                to_hex(gc.get_rgb(), keep_alpha=True) if width > 0 else None,
                round(width, 3),
                [round(pixels(dash), 3) for dash in dashes] if dashes else [],
                round(pixels(offset or 0), 3),
                {"projecting": "square"}.get(gc.get_capstyle(), gc.get_capstyle()),
                gc.get_joinstyle(),
                self._clip(gc),
            ]
        )

    def _note(
        self,
        path: Path,
        transform: Transform,
        gc: GraphicsContextBase | None,
        width: float = 0.0,
        filled: bool = False,
    ) -> int:
        """Append the path's vertices, curves flattened, and return how many there are."""
        clean = path.cleaned(
            transform + self._upside_down,
            remove_nans=True,
            clip=None if filled else (-1e4, -1e4, 2e4, 2e4),
            simplify=path.should_simplify and not filled,
            snap=gc.get_snap() if gc else False,
            stroke_width=width,
        )
        points, codes = clean.vertices, clean.codes
        if codes[-1] == Path.STOP:
            points, codes = points[:-1], codes[:-1]
        points[codes == Path.CLOSEPOLY] = CLOSE
        lifts = np.flatnonzero(codes[1:] == Path.MOVETO) + 1
        if len(lifts):
            points = np.insert(points, lifts, LIFT, axis=0)
        self._points.append(points)
        return len(points)

    def _clip(self, gc: GraphicsContextBase) -> list[Any] | None:
        """The clipping rectangle and the number of points of a clipping path, if there is one."""
        box = gc.get_clip_rectangle()
        path, transform = gc.get_clip_path()
        if path is not None:
            return [None, self._note(path, transform, None, filled=True)]
        if box is None:
            return None
        left, bottom, width, height = box.bounds
        return [[left, self.height - bottom - height, width, height], 0]

    def draw_image(
        self,
        gc: GraphicsContextBase,
        x: float,
        y: float,
        im: np.ndarray,
        transform: Transform | None = None,
    ) -> None:
        """Note down an RGBA image whose first row is the lowest."""
        height, width = im.shape[:2]
        if height and width:
            top = self.height - round(y) - height
            clip = self._clip(gc)
            self._strokes.append(["image", width, height, round(x), top, clip])
            self._images.append(np.ascontiguousarray(im[::-1]).tobytes())

    def get_canvas_width_height(self) -> tuple[float, float]:
        """Size of the picture in pixels."""
        return self.width, self.height

    def points_to_pixels(self, points: float) -> float:
        """Pixels in so many typographic points."""
        return points * self.dpi / 72

    def option_image_nocomposite(self) -> bool:
        """Keep images apart: each is noted down by itself."""
        return True


def _hex(face: Any, gc: GraphicsContextBase) -> str:
    """A face colour with the alpha that wins."""
    alpha = gc.get_alpha() if gc.get_forced_alpha() or len(face) == 3 else face[3]
    return to_hex((*face[:3], alpha), keep_alpha=True)
