"""Chapter 10: what a design can tell apart, the machine's 2 by 2, and a brake that is cut."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from rsi_teach import machine
from rsi_teach.explorer import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    VERMILLION,
    Choice,
    Explorer,
    Slider,
    Toggle,
    percent,
    readable,
)
from rsi_teach.learn.checkers.attribution_runs import CELLS, GENERATIONS, GRADED_FIRST, record
from rsi_teach.models import attribution

TERMS = attribution.term_names(3, 2)
DESIGNS = {
    "all or nothing": attribution.bundle(3),
    "one at a time": attribution.one_at_a_time(3),
    "half fraction, C = AB": attribution.fraction(3, ["C=AB"]),
    "full factorial": attribution.full_factorial(3),
}
MIXED = {
    "all or nothing": ("A + B + C",) * 3,
    "one at a time": ("A − AB − AC", "B − AB − BC", "C − AC − BC"),
    "half fraction, C = AB": ("A + BC", "B + AC", "C + AB"),
}
"""What the estimate of each main effect really is, if interactions are left out of the model."""


class Designs(Explorer):
    """This design tells three changes and their interactions apart, and BC from nothing."""

    design = Choice(list(DESIGNS), label="versions tried", default="full factorial")
    runs = Slider(8, 64, 16, label="runs", step=8)
    noise = Slider(0.2, 4.0, 1.0, label="noise of one run", unit="points", step=0.1)
    together = Slider(-8.0, 0.0, -4.0, label="interaction BC", unit="points", step=0.5)
    reverses_at = {"design": "half fraction, C = AB"}
    size = (8.2, 3.7)

    truth = {"A": 3.0, "B": -4.0, "C": -1.0, "AB": 0.0, "AC": 0.0}
    draws = np.random.default_rng(12).standard_normal((64, 1))

    def draw(self, figure: Any) -> None:
        """The versions on the left, the effects with their intervals on the right."""
        left, right = figure.subplots(1, 2, width_ratios=(2, 5))
        left.set(xlim=(-0.6, 2.6), ylim=(7.7, -0.7), ylabel="version", xlabel="change")
        left.set_xticks(range(3), ["A", "B", "C"])
        left.set_yticks([])
        left.set_title("filled: made", fontsize=9.5)
        (self.made,) = left.plot([], [], "s", color=BLUE, ms=8)
        (self.unmade,) = left.plot([], [], "s", color=BLUE, ms=8, mfc="white", mew=1.2)
        right.set(xlim=(-17, 25), ylim=(5.6, -0.9), xlabel="effect on the score (points)")
        right.set_xticks([-15, -10, -5, 0, 5, 10, 15])
        right.set_yticks(range(6), TERMS)
        right.axvline(0, color=GREY, lw=0.8)
        right.set_title("bars: 95 % intervals; black ticks: the truth", fontsize=9.5)
        self.bars = [right.plot([0, 0], [i, i], color=BLUE, lw=3)[0] for i in range(6)]
        self.dots = [right.plot([0], [i], "o", color=BLUE, ms=6)[0] for i in range(6)]
        self.ticks = [right.plot([0], [i], "|", color=BLACK, ms=15, mew=2)[0] for i in range(6)]
        self.words = [
            right.text(24.6, i - 0.02, "", ha="right", va="center", fontsize=9,
                       color=readable(VERMILLION)) for i in range(6)
        ]  # fmt: skip

    def update(self, design: str, runs: int, noise: float, together: float) -> str:
        """Score the runs with the noise that was drawn once, and estimate what can be."""
        versions = DESIGNS[design]
        for line, level in ((self.made, 1), (self.unmade, -1)):
            row, column = np.nonzero(versions == level)
            line.set_data(column, row)
        effect, reach, clear = self._estimates(design, runs, noise, together)
        for i, term in enumerate(TERMS):
            known = i < len(effect)
            at, half = (effect[i], reach[i]) if known else (0.0, 0.0)
            self.bars[i].set_data([at - half, at + half], [i, i])
            self.bars[i].set_color(BLUE if clear else ORANGE)
            self.dots[i].set_data([at], [i])
            self.dots[i].set_markerfacecolor(BLUE if clear else "white")
            self.dots[i].set_color(BLUE if clear else ORANGE)
            for artist in (self.bars[i], self.dots[i]):
                artist.set_visible(known)
            self.ticks[i].set_xdata([self.truth.get(term, together)])
            mixed = "" if clear else "not estimable"
            self.words[i].set_text(f"is {MIXED[design][i]}" if known and not clear else mixed)
        return self._said(design, runs, noise, effect, reach)

    def _said(self, design: str, runs: int, noise: float, effect: np.ndarray,
              reach: np.ndarray) -> str:  # fmt: skip
        start = f"{design[0].upper()}{design[1:]}, {runs} runs, noise of {noise:g} points: "
        if design == "full factorial":
            bc = f"{effect[5]:+.1f} ± {reach[5]:.1f}"
            told = "told" if abs(effect[5]) > reach[5] else "not told"
            return (
                f"{start}all six effects can be told apart, each within {reach[0]:.1f} points; "
                f"the interaction BC comes out as {bc}, {told} from nothing."
            ).replace("-", "−")
        return (
            f"{start}what it calls the effect of A is {MIXED[design][0]}, here "
            f"{effect[0]:+.1f} ± {reach[0]:.1f}, where A itself has +3.0. More runs narrow the "
            "bar and leave it in the wrong place."
        ).replace("-", "−")

    def headline(self, design: str, runs: int, noise: float, together: float) -> bool:
        """Everything is estimable, and the interval of BC leaves out zero."""
        effect, reach, clear = self._estimates(design, runs, noise, together)
        return bool(clear and abs(effect[5]) > reach[5])

    def _estimates(
        self, design: str, runs: int, noise: float, together: float
    ) -> tuple[np.ndarray, np.ndarray, bool]:
        versions = attribution.repeated(DESIGNS[design], runs)
        clear = design == "full factorial"
        fitted = TERMS if clear else TERMS[:3]
        scores = attribution.simulate(
            versions, self.draws[:runs], terms=TERMS, effects=[*self.truth.values(), together],
            sigma=noise,
        )[:, 0]  # fmt: skip
        if design == "all or nothing":
            contrast = attribution.estimate(versions, scores, ["A"], sigma=noise)
            return contrast.effect.repeat(3), (contrast.high - contrast.effect).repeat(3), False
        found = attribution.estimate(versions, scores, fitted, sigma=noise)
        return found.effect, found.high - found.effect, clear


SEEDS = {
    "all 32": slice(0, 32),
    "the first 8": slice(0, 8),
    "the other 24": slice(8, 32),
}
SCALES = {"points": "points", "logarithms": "ratio", "log-odds": "logit"}


@cache
def cells(seeds: str, graded: bool) -> np.ndarray:
    """Deployed accuracy of the four cells: neither, the stamp, replay, both.

    Parameters
    ----------
    seeds : str
        A key of `SEEDS`.
    graded : bool
        Take the runs with both permissions in which the score came before the replay.

    Returns
    -------
    array [4, seeds, generations + 1]
    """
    names = (*CELLS[:3], GRADED_FIRST if graded else CELLS[3])
    return np.array([record(name).deployed[SEEDS[seeds]] for name in names])


@cache
def contrasts(seeds: str, scale: str, graded: bool) -> list[attribution.Contrasts]:
    """The contrasts of the four cells after each generation.

    Parameters
    ----------
    seeds : str
        A key of `SEEDS`.
    scale : str
        A key of `SCALES`.
    graded : bool
        As in `cells`.
    """
    found = cells(seeds, graded)[:, :, 1:]
    return [
        attribution.paired_contrasts(found[:, :, g], scale=SCALES[scale])
        for g in range(GENERATIONS)
    ]


class Interaction(Explorer):
    """Both permissions together cost more than both losses added, beyond what seeds explain."""

    seeds = Choice(list(SEEDS), label="seeds")
    scale = Choice(list(SCALES), label="losses add up in")
    generation = Slider(1, GENERATIONS, GENERATIONS, label="after generation")
    graded = Toggle(label="the score is taken before the replay")
    reverses_at = {"seeds": "the first 8"}
    size = (8.2, 3.6)

    rows = (
        ("neither", BLUE, "-", 2.0),
        ("stamp", ORANGE, "--", 2.0),
        ("replay", GREEN, "-.", 2.0),
        ("both", VERMILLION, "-", 3.0),
    )

    def draw(self, figure: Any) -> None:
        """Four cells on the left, the interaction in standard errors on the right."""
        left, right = figure.subplots(1, 2, width_ratios=(3, 2))
        time = np.arange(GENERATIONS + 1)
        left.set(xlim=(0, 36.5), ylim=(0, 1.03), xlabel="generation")
        left.set_ylabel("deployed digits read right")
        left.set_xticks([0, 10, 20, 30])
        left.set_title("means; band: middle 80 % of seeds with both", fontsize=9.5)
        self.band = left.fill_between(time, 0, 1, color=VERMILLION, alpha=0.15, lw=0)
        self.lines = [
            left.plot(time, time, color=colour, ls=style, lw=width)[0]
            for _, colour, style, width in self.rows
        ]
        (self.added,) = left.plot(time, time, color=PURPLE, ls=":", lw=2)
        self.names = [
            left.text(30.6, 0, words, color=readable(colour), va="center", fontsize=9)
            for words, colour, *_ in self.rows
        ]
        left.text(1, 0.05, "····  if the two losses only added up", color=readable(PURPLE),
                  fontsize=9)  # fmt: skip
        self.cursors = [axes.axvline(0, color=GREY, lw=1, ls=":") for axes in (left, right)]
        right.set(xlim=(0, GENERATIONS), ylim=(-7.5, 4.5), xlabel="generation")
        right.set_ylabel("interaction (standard errors)")
        right.axhline(0, color=GREY, lw=0.8)
        self.unsure = right.fill_between([0, GENERATIONS], -2, 2, color=GREY, alpha=0.15, lw=0)
        (self.path,) = right.plot(time[1:], time[1:], color=PURPLE, lw=2.5)
        right.set_title("grey: not told from none", fontsize=9.5)

    def update(self, seeds: str, scale: str, generation: int, graded: bool) -> str:
        """Show the cells, and what the seeds say of the interaction."""
        found, made = cells(seeds, graded), contrasts(seeds, scale, graded)
        mean, time = found.mean(axis=1), np.arange(GENERATIONS + 1)
        low, high = np.quantile(found[3], [0.1, 0.9], axis=0)
        self.band.set_data(time, low, high)
        for line, row in zip(self.lines, mean, strict=True):
            line.set_ydata(row)
        for name, height in zip(self.names, _apart(mean[:, -1], 0.062), strict=True):
            name.set_y(height)
        self.added.set_ydata(_added(found, scale))
        for cursor in self.cursors:
            cursor.set_xdata([generation, generation])
        ratio = np.array([c.estimate[3] / c.error[3] for c in made])
        self.path.set_ydata(np.clip(ratio, -7.4, 4.4))
        reach = (made[0].high[3] - made[0].estimate[3]) / made[0].error[3]
        self.unsure.set_data([0, GENERATIONS], [-reach, -reach], [reach, reach])
        now = made[generation - 1]
        seen = f"{percent(mean[0, generation], 1)} with neither, {percent(mean[1, generation], 1)}"
        seen += f" with the stamp, {percent(mean[2, generation], 1)} with replay, "
        seen += f"{percent(mean[3, generation], 1)} with both"
        interval = f"{now.estimate[3]:.2f}, 95 % interval {now.low[3]:.2f} to {now.high[3]:.2f}"
        plural = "s" * (generation > 1)
        return (
            f"After {generation} generation{plural}, seeds: {seeds}, deployed: {seen}. "
            f"Interaction in {scale}: {interval.replace('-', '−')}."
        )

    def headline(self, seeds: str, scale: str, generation: int, graded: bool) -> bool:
        """The interval of the interaction lies below zero."""
        return bool(contrasts(seeds, scale, graded)[generation - 1].high[3] < 0)


def _apart(heights: np.ndarray, gap: float) -> np.ndarray:
    """Heights moved so that labels do not touch, in their order."""
    order = np.argsort(heights)
    placed = heights[order].copy()
    for i in range(1, len(placed)):
        placed[i] = max(placed[i], placed[i - 1] + gap)
    placed -= max(0, placed[-1] - 0.99)
    for i in range(len(placed) - 2, -1, -1):
        placed[i] = min(placed[i], placed[i + 1] - gap)
    result = np.empty_like(placed)
    result[order] = placed
    return result


def _added(found: np.ndarray, scale: str) -> np.ndarray:
    """Where both would stand if its loss were the sum of the two, on the scale of the losses."""
    if scale == "points":
        return np.clip((found[1] + found[2] - found[0]).mean(axis=0), 0, 1)
    if scale == "logarithms":
        return np.exp((np.log(found[1]) + np.log(found[2]) - np.log(found[0])).mean(axis=0))
    odds = np.log(found[:3] / (1 - found[:3]))
    return 1 / (1 + np.exp(-(odds[1] + odds[2] - odds[0]).mean(axis=0)))


GAINS = (0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.8, 1.2, 1.6)
WEIGHTS = (0.0, 0.25, 0.5, 1.0, 2.0)
BASES = {"after 30 generations without either": "recursive", "as the machine starts": ""}


@cache
def surface(base: str) -> np.ndarray:
    """Visible and deployed accuracy of readers whose stamp gain and replay weight we set.

    Parameters
    ----------
    base : str
        A key of `BASES`: whose other genes they have.

    Returns
    -------
    array [2, weights, gains, 8 seeds]
        Visible, then deployed.
    """
    found = np.empty((2, len(WEIGHTS), len(GAINS), 8))
    for seed in range(8):
        world = machine.draw_world(machine.Lab(), seed)
        genome = record(BASES[base]).last[seed] if BASES[base] else machine.Genome()
        for w, weight in enumerate(WEIGHTS):
            for g, gain in enumerate(GAINS):
                made = genome.changed(stamp=gain, replay=weight)
                trial = machine.experiment(made, world.lab, world.lab.visible)
                read = trial.reader.read(world.deployment.images)
                found[:, w, g, seed] = trial.visible, world.deployment.accuracy(read)
    return found


class Brake(Explorer):
    """However loud the stamp, the visible score stays within two points of its best."""

    weight = Choice([f"{w:g}" for w in WEIGHTS], label="replay weight", default="1")
    base = Choice(list(BASES), label="other genes")
    reverses_at = {"weight": "0"}
    size = (8.2, 3.4)

    def draw(self, figure: Any) -> None:
        """What selection sees on the left, what is deployed on the right."""
        panels = figure.subplots(1, 2)
        gains = np.array(GAINS)
        self.rows = []
        for axes, words, colour, style, low in zip(
            panels, ("visible score", "deployed accuracy"), (BLUE, VERMILLION), ("-", "--"),
            (0.8, 0.0), strict=True,
        ):  # fmt: skip
            axes.set(xlim=(0, 1.62), ylim=(low, 1.005), xlabel="gain on the stamp, set by us")
            axes.set_ylabel("share of digits read right")
            axes.set_title(f"{words}: mean, range of 8 seeds", fontsize=9.5)
            band = axes.fill_between(gains, 0, 1, color=colour, alpha=0.15, lw=0)
            self.rows.append((band, axes.plot(gains, gains, color=colour, ls=style)[0]))
        self.unweighted = [
            axes.plot(gains, gains, color=GREY, ls=":", lw=1.5)[0] for axes in panels
        ]
        panels[0].text(0.05, 0.806, "····  the same without replay", color=GREY, fontsize=9)

    def update(self, weight: str, base: str) -> str:
        """Show the scores at a replay weight."""
        found = surface(base)
        index = [f"{w:g}" for w in WEIGHTS].index(weight)
        for (band, line), scores in zip(self.rows, found[:, index], strict=True):
            band.set_data(np.array(GAINS), scores.min(axis=1), scores.max(axis=1))
            line.set_ydata(scores.mean(axis=1))
        for line, scores in zip(self.unweighted, found[:, 0], strict=True):
            line.set_ydata(scores.mean(axis=1))
        seen, real = found[:, index].mean(axis=2)
        best = int(seen.argmax())
        return (
            f"With a replay weight of {weight}, the visible score is best at a gain of "
            f"{GAINS[best]:g}, {percent(seen[best], 1)}, and at a gain of {GAINS[-1]:g} it is "
            f"{percent(seen[-1], 1)}; deployed, the same readers have {percent(real[best], 1)} "
            f"and {percent(real[-1], 1)}."
        )

    def headline(self, weight: str, base: str) -> bool:
        """From a gain of 0.05 on, the mean visible score is nowhere two points below its best."""
        seen = surface(base)[0, [f"{w:g}" for w in WEIGHTS].index(weight)].mean(axis=1)[1:]
        return bool(seen.max() - seen.min() < 0.02)
