"""Key press to painted frame, in a real JupyterLab in Chromium: `python -m benchmarks.latency`.

Four engines answer the same slider in one run: a new figure for every move (`interact`), the bare
echo of an ipywidgets slider, the bare echo of a widget as lean as ours, and an explorer.  Prints a
table and keeps it in `benchmarks/latency.json`, from which `AUDIT.md` takes it.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import nbformat
import numpy as np

from rsi_teach.explorer import BLUE, GREY, VERMILLION, Explorer, Slider
from tools.lab import Browser, chromium, jupyter_lab

ROOT = Path(__file__).parent.parent
MOVES = 30


class Panels(Explorer):
    """Two panels with logarithmic axes: a band, twenty paths, a median, and a distribution."""

    gain = Slider(0.1, 10.0, 1.0, label="gain", log=True)
    reverses_at = {"gain": 0.5}

    def draw(self, figure: Any) -> None:
        """Axes and artists, once."""
        left, right = figure.subplots(1, 2)
        self.time = np.geomspace(1, 1000, 200)
        steps = np.random.default_rng(0).normal(size=(20, 200))
        self.growth = self.time ** (1 + 0.005 * steps.cumsum(1))
        left.set(xscale="log", yscale="log", xlim=(1, 1000), ylim=(0.1, 1e5))
        left.set(xlabel="time (days)", ylabel="size")
        self.paths = left.plot(self.time, self.growth.T, color=GREY, lw=0.8, alpha=0.5)
        self.band = left.fill_between(self.time, self.time, self.time, color=BLUE, alpha=0.25)
        (self.median,) = left.plot(self.time, self.time, color=BLUE, ls="--")
        right.set(xscale="log", xlim=(10, 1e5), ylim=(0, 1))
        right.set(xlabel="final size", ylabel="share of runs")
        (self.ecdf,) = right.step(self.time[:20], np.arange(1, 21) / 20, color=VERMILLION)

    def update(self, gain: float) -> str:
        """Move them."""
        runs = gain * self.growth
        for path, run in zip(self.paths, runs, strict=True):
            path.set_ydata(run)
        low, middle, high = np.quantile(runs, [0.05, 0.5, 0.95], axis=0)
        self.band.set_data(self.time, low, high)
        self.median.set_ydata(middle)
        self.ecdf.set_xdata(np.sort(runs[:, -1]))
        return f"At gain {gain:g} the median ends at {middle[-1]:.3g}."

    def headline(self, gain: float) -> bool:
        """The median does not fall behind time itself."""
        return gain >= 1


SETUP = f"""import sys
sys.path.insert(0, {str(ROOT)!r})
from benchmarks.latency import Panels, Echo"""

ENGINES = {
    "interact, new figure": f"""{SETUP}
%matplotlib inline
import matplotlib.pyplot as plt
from ipywidgets import FloatLogSlider, interact
@interact(gain=FloatLogSlider(1.0, min=-1, max=1, step=0.03))
def picture(gain):
    figure = plt.figure(figsize=Panels.size)
    panels = Panels()
    panels.draw(figure)
    print(panels.update(gain))
    plt.show()""",
    "ipywidgets echo, no picture": """from ipywidgets import FloatLogSlider, Label, VBox
slider, words = FloatLogSlider(1.0, min=-1, max=1, step=0.03), Label("start")
slider.observe(lambda change: setattr(words, "value", f"{change.new:.6g}"), "value")
words.add_class("echo")
VBox([slider, words])""",
    "bare echo, no picture": f"{SETUP}\nEcho()",
    "explorer": f"{SETUP}\nPanels()",
}

SLIDER = ".jp-OutputArea [role=slider], .jp-OutputArea input[type=range]"

WATCH = """() => {
  window.times = []; window.frames = 0; let pressed = null;
  document.addEventListener('keydown', event => { pressed = event.timeStamp }, true);
  const painted = () => requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => {
      window.frames += 1;
      if (pressed !== null) { window.times.push(performance.now() - pressed); pressed = null }
    };
    channel.port2.postMessage(0);
  });
  let last = '';
  const look = async () => {
    const image = document.querySelector('.jp-OutputArea img');
    const sheet = document.querySelector('.rsi-sheet');
    const echo = document.querySelector('.echo');
    const now = sheet ? sheet.dataset.frame : image ? image.src : echo ? echo.textContent : '';
    if (!now || now === last) return;
    last = now;
    if (image && !sheet) await image.decode().catch(() => {});
    painted();
  };
  look().then(() => { window.times = [] });
  new MutationObserver(look).observe(document.querySelector('.jp-Notebook'),
    { subtree: true, childList: true, attributes: true, characterData: true });
}"""


def _echo_class() -> type:
    """A widget that does nothing but ask the kernel and show its answer."""
    import anywidget
    import traitlets

    class Echo(anywidget.AnyWidget):
        _esm = """export default { render({ model, el }) {
          const input = Object.assign(document.createElement("input"),
            { type: "range", min: 0, max: 61, value: 30 });
          input.setAttribute("data-lm-suppress-shortcuts", "true");
          const words = Object.assign(document.createElement("p"), { className: "echo" });
          words.textContent = "start";
          input.addEventListener("input", () => {
            model.set("asked", Number(input.value)); model.save_changes() });
          model.on("change:answer", () => { words.textContent = model.get("answer") });
          el.append(input, words);
        } }"""
        asked = traitlets.Int(30).tag(sync=True, echo_update=False)
        answer = traitlets.Unicode().tag(sync=True)

        @traitlets.observe("asked")
        def _answer(self, change: Any) -> None:
            self.answer = str(change.new)

    return Echo


def __getattr__(name: str) -> type:
    if name == "Echo":
        return _echo_class()
    raise AttributeError(name)


def measure(browser: Browser, notebook: str) -> dict[str, float]:
    """Milliseconds from key to frame, frames a second while dragging, bytes a move."""
    page = browser.page
    received: list[int] = []
    page.on(
        "websocket",
        lambda socket: socket.on("framereceived", lambda data: received.append(len(data))),
    )
    browser.open(notebook)
    browser.run_all()
    page.wait_for_selector(SLIDER)
    page.wait_for_timeout(1500)
    page.evaluate(WATCH)
    slider = page.locator(SLIDER).first
    slider.focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
        page.wait_for_timeout(700)
    page.evaluate("() => { window.times = [] }")
    received.clear()
    for move in range(MOVES):
        before = page.evaluate("() => window.times.length")
        page.keyboard.press("ArrowRight" if move % 12 < 6 else "ArrowLeft")
        page.wait_for_function("n => window.times.length > n", arg=before)
        page.wait_for_timeout(120)
    times = sorted(page.evaluate("() => window.times"))
    size = sum(received) / MOVES
    return {
        "median": statistics.median(times),
        "p95": times[int(0.95 * len(times))],
        "frames_per_s": drag(page, slider),
        "bytes": size,
    }


def drag(page: Any, slider: Any) -> float:
    """Frames a second while the handle is dragged to and fro."""
    track = (
        slider if slider.evaluate("e => e.tagName") == "INPUT" else slider.locator("xpath=../..")
    )
    box, handle = track.bounding_box(), slider.bounding_box()
    y = box["y"] + box["height"] / 2
    start = box["x"] + box["width"] / 2 if track is slider else handle["x"] + handle["width"] / 2
    page.mouse.move(start, y)
    page.mouse.down()
    page.evaluate("() => { window.frames = 0 }")
    begun = time.perf_counter()
    step = 0
    while time.perf_counter() - begun < 4:
        step += 1
        part = abs(step % 100 / 50 - 1)
        page.mouse.move(box["x"] + box["width"] * (0.1 + 0.8 * part), y)
    rate = page.evaluate("() => window.frames") / (time.perf_counter() - begun)
    page.mouse.up()
    page.wait_for_timeout(600)
    return rate


def last_wins(browser: Browser) -> bool:
    """Whether, after a burst of keys, the picture ends at the slider's last value."""
    page = browser.page
    page.locator(SLIDER).first.focus()
    page.keyboard.press("Home")
    for _ in range(25):
        page.keyboard.press("ArrowRight")
    page.wait_for_timeout(1500)
    shown = page.locator(".rsi-controls output").first.inner_text()
    return Panels().say(gain=float(shown)) == page.locator(".rsi-sentence").inner_text()


def run() -> dict[str, Any]:
    """Measure every engine in one JupyterLab."""
    with tempfile.TemporaryDirectory() as folder:
        for number, source in enumerate(ENGINES.values()):
            book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
            book.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
            nbformat.write(book, Path(folder) / f"{number}.ipynb")
        rows: dict[str, Any] = {}
        with jupyter_lab(Path(folder), Path(folder) / "home") as address:
            for number, name in enumerate(ENGINES):
                with chromium(address) as browser:
                    rows[name] = measure(browser, f"{number}.ipynb")
                    if name == "explorer":
                        rows["last value wins"] = last_wins(browser)
    return rows


def table(rows: dict[str, Any]) -> str:
    """The rows as a Markdown table, with the two ratios that matter."""
    engines = {name: row for name, row in rows.items() if isinstance(row, dict)}
    lines = [
        "| engine | median ms | p95 ms | frames/s dragging | bytes a move |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {name} | {row['median']:.0f} | {row['p95']:.0f} | {row['frames_per_s']:.0f} "
        f"| {row['bytes']:,.0f} |"
        for name, row in engines.items()
    ]
    ours = rows["explorer"]["median"]
    echo, figure = (rows[name]["median"] for name in ("bare echo, no picture", next(iter(ENGINES))))
    lines += [
        "",
        f"The explorer takes 1/{figure / ours:.1f} of `interact` (target: at most 1/8) and "
        f"{ours / echo:.2f} times the bare echo (target: at most 1.7). "
        f"Last value wins: {'yes' if rows['last value wins'] else 'NO'}.",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    measured = run()
    (ROOT / "benchmarks" / "latency.json").write_text(json.dumps(measured, indent=1) + "\n")
    print(table(measured))
