"""What the canvas paints from a recording is what Agg paints from the artists."""

import base64
import io
import json
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Rectangle, Wedge
from scipy.ndimage import uniform_filter

import rsi_teach.explorer
from rsi_teach.explorer.recorder import Recorder
from tools.lab import CHROMIUM_FLAGS

SIZE = (480, 320)
X = np.linspace(0, 6, 200)


def line(axes):
    axes.plot(X, np.sin(X), lw=2.5)
    axes.plot(X, np.cos(X), "--", lw=1.5)
    axes.plot(X, np.where(np.abs(X - 3) < 0.4, np.nan, X / 6), ":", lw=2)


def gaps(axes):
    axes.plot(X, np.where(np.abs(X - 3) < 1.2, np.nan, np.sin(X)), lw=6)


def log_axes(axes):
    axes.set(xscale="log", yscale="log")
    axes.plot(X[1:], X[1:] ** 3, "-.")


def markers(axes):
    axes.plot(X[::20], np.sin(X[::20]), "o", ms=8, mfc="white", mec="#D55E00", mew=2)
    axes.plot(X[::25], np.cos(X[::25]), "s", ms=6)
    axes.scatter(X[::15], X[::15] / 6, s=np.arange(14) * 6 + 5, c=np.arange(14), alpha=0.6)


def band(axes):
    axes.fill_between(X, np.sin(X) - 0.3, np.sin(X) + 0.3, alpha=0.3, color="#0072B2")
    axes.fill_between(X, -1, -0.8, where=(X > 2) & (X < 4), color="#009E73")


def bars(axes):
    axes.bar([1, 2, 3], [3, -1, 2], color=["#0072B2", "#D55E00", "#009E73"], edgecolor="black")
    axes.errorbar([1, 2, 3], [3, -1, 2], yerr=0.4, fmt="none", ecolor="black", capsize=5)


def steps_and_stems(axes):
    axes.step(X[::10], np.cumsum(np.sin(X[::10])), where="post")
    axes.vlines(X[::20], 0, 4, colors="#666666", lw=1)
    axes.axhline(2, ls="--", color="#D55E00")
    axes.axvspan(2, 3, color="#56B4E9", alpha=0.3)


def image(axes):
    axes.imshow(np.add.outer(np.arange(8), np.arange(12) ** 1.5), aspect="auto", alpha=0.8)


def mesh(axes):
    axes.pcolormesh(X[::25], X[::40], np.add.outer(np.arange(4), np.arange(7)))
    axes.contour(np.add.outer(np.arange(6.0), np.arange(7.0)), levels=[3.5, 7.5], colors="black")


def text(axes):
    axes.set_title("growth $S' = k S^{1+e}$ and more")
    axes.text(1, 0.5, "a label", rotation=30, color="#0072B2")
    axes.annotate("look here", (0.8, 0.8), (0.2, 0.3), arrowprops={"arrowstyle": "->"})


def patches(axes):
    axes.set(xlim=(0, 4), ylim=(0, 4))
    axes.add_patch(Rectangle((0.5, 0.5), 1, 2, fc="none", ec="black", lw=2, ls="--"))
    axes.add_patch(Wedge((3, 2), 0.8, 30, 300, fc="#CC79A7", ec="black"))
    axes.add_patch(FancyArrowPatch((1, 1), (3, 3), mutation_scale=20, fc="#E69F00"))


def clipping(axes):
    axes.set(xlim=(1, 3), ylim=(-0.5, 0.5))
    axes.plot(X, np.sin(3 * X), lw=6)
    axes.fill_between(X, -2, np.cos(2 * X), alpha=0.4)
    circle = Wedge((2, 0), 0.4, 0, 360, transform=axes.transData)
    axes.plot(X, X - 2, lw=20, color="#D55E00").pop().set_clip_path(circle)


def nothing(axes):
    axes.plot([], [])
    axes.scatter([], [])


KINDS = (line, gaps, log_axes, markers, band, bars, steps_and_stems, image, mesh, text, patches,
         clipping, nothing)  # fmt: skip


def drawn(kind):
    figure = Figure(figsize=(4.8, 3.2), dpi=100, layout="constrained")
    kind(figure.subplots())
    return figure


def agg(figure):
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=100)
    return matplotlib.image.imread(io.BytesIO(buffer.getvalue()))[..., :3]


@pytest.fixture(scope="module")
def canvas(browser_path):
    """A function from a recording to the pixels that the browser paints."""
    from playwright.sync_api import sync_playwright

    module = (Path(rsi_teach.explorer.__file__).parent / "view.js").read_text(encoding="utf-8")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=browser_path, args=CHROMIUM_FLAGS)
        page = browser.new_page()
        page.set_content("<canvas></canvas>")
        page.evaluate(
            """async source => {
            const url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
            window.paint = (await import(url)).paint }""",
            module,
        )

        def paint(recording):
            sent = {
                "strokes": recording["strokes"],
                "points": base64.b64encode(recording["points"]).decode(),
                "images": [base64.b64encode(image).decode() for image in recording["images"]],
            }
            url = page.evaluate(
                """([sent, size]) => {
                const { strokes, points, images } = JSON.parse(sent);
                const bytes = text =>
                  new DataView(Uint8Array.from(atob(text), c => c.charCodeAt(0)).buffer);
                const canvas = document.querySelector('canvas');
                window.paint(canvas,
                  { strokes, points: bytes(points), images: images.map(bytes) }, size);
                const pen = canvas.getContext('2d');
                pen.globalCompositeOperation = 'destination-over';
                pen.fillStyle = 'white'; pen.fillRect(0, 0, ...size);
                pen.globalCompositeOperation = 'source-over';
                return canvas.toDataURL() }""",
                [json.dumps(sent), SIZE],
            )
            png = base64.b64decode(url.partition(",")[2])
            return matplotlib.image.imread(io.BytesIO(png))[..., :3]

        yield paint
        browser.close()


def difference(ours, theirs):
    """Share of pixels that differ by more than antialiasing, and the mean difference."""
    blurred = [uniform_filter(pixels, size=(3, 3, 1)) for pixels in (ours, theirs)]
    apart = np.abs(blurred[0] - blurred[1]).max(axis=2)
    return np.mean(apart > 0.2), apart.mean()


def record(figure):
    recorder = Recorder(*SIZE, 100)
    figure.draw(recorder)
    return recorder.recording()


@pytest.mark.browser
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_canvas_agrees_with_agg(kind, canvas):
    figure = drawn(kind)
    expected = agg(figure)
    share, mean = difference(canvas(record(figure)), expected)
    assert share < 0.004
    assert mean < 0.006


@pytest.mark.browser
def test_the_tolerance_would_notice_three_pixels(canvas):
    figure = drawn(line)
    expected = agg(figure)
    share, mean = difference(np.roll(canvas(record(figure)), 3, axis=0), expected)
    assert share > 0.02
    assert mean > 0.012


def test_a_line_is_sent_as_what_it_is():
    recorder = Recorder(100, 50, 72)
    figure = Figure(figsize=(100 / 72, 50 / 72), dpi=72)
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, 100), ylim=(0, 50))
    (dashes,) = axes.plot([10, 90], [5, 45], "--", color="#0072B2", lw=2, dashes=(3, 1))
    dashes.draw(recorder)
    recording = recorder.recording()
    ((kind, count, fill, stroke, width, dash, *_, clip),) = recording["strokes"]
    points = np.frombuffer(recording["points"], "<f4").reshape(-1, 2)
    assert (kind, count, fill, stroke, width, dash) == ("path", 2, None, "#0072b2ff", 2, [6, 2])
    np.testing.assert_allclose(points, [[10, 45], [90, 5]], atol=0.51)
    np.testing.assert_allclose(clip[0], [0, 0, 100, 50])


def test_hatches_are_refused():
    figure = drawn(lambda axes: axes.bar([1], [1], hatch="//"))
    with pytest.raises(NotImplementedError, match="hatches"):
        record(figure)
