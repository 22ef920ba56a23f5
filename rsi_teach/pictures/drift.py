"""Chapter 04: generations that drift, versions that learn from themselves, and the machine."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from rsi_teach import machine
from rsi_teach.explorer import (
    BLUE,
    GREY,
    ORANGE,
    VERMILLION,
    Choice,
    Explorer,
    Slider,
    percent,
    readable,
)
from rsi_teach.models import drift


class Fan(Explorer):
    """Steps that favour no side carry more than one run in ten over the boundary."""

    bias = Slider(-0.03, 0.06, 0.0, label="bias", unit="a generation", step=0.01)
    spread = Slider(0.2, 0.4, 0.3, label="spread of a step", step=0.01)
    correction = Slider(0.0, 0.3, 0.0, label="taken back each generation", step=0.01)
    boundary = Slider(2.0, 5.0, 3.0, label="distance of the boundary", step=0.25)
    reverses_at = {"correction": 0.1}
    size = (8.2, 3.6)

    length, bin = 60, 5
    noise = np.random.default_rng(0).standard_normal((length, 400))

    def draw(self, figure: Any) -> None:
        """Runs and the boundary on the left, when they cross it on the right."""
        left, right = figure.subplots(1, 2, width_ratios=(3, 2))
        time = np.arange(self.length + 1)
        left.set(xlim=(0, self.length), ylim=(-6, 6), xlabel="generation")
        left.set_ylabel("the property, in its own units")
        self.paths = [left.plot(time, time, color=GREY, lw=0.6, alpha=0.7)[0] for _ in range(20)]
        self.band = left.fill_between(time, 0, 1, color=BLUE, alpha=0.2, lw=0)
        (self.mean,) = left.plot(time, time, color=BLUE, lw=2.5)
        self.edge = left.axhline(3, color=VERMILLION, ls="--", lw=2)
        self.words = left.text(1, 5.4, " ", color=readable(VERMILLION))
        left.set_title("— mean, band 5–95 %; grey: twenty runs", color=readable(BLUE))
        right.set(xlim=(0, self.length), ylim=(0, 3), xlabel="generation")
        right.set_ylabel("runs that cross, % a generation")
        fine = np.linspace(0, self.length, 121)
        (self.exact,) = right.plot(fine, fine, color=VERMILLION)
        ends = time[:: self.bin]
        (self.counted,) = right.plot(ends, ends, color=BLUE, lw=1.2, drawstyle="steps-post")
        (self.seen,) = right.plot(time[1:] - 0.5, time[1:], color=ORANGE, ls=":")
        self.legend = [
            right.text(self.length, y, " ", ha="right", color=readable(colour))
            for y, colour in ((2.88, VERMILLION), (2.68, BLUE), (2.48, ORANGE))
        ]

    def update(self, bias: float, spread: float, correction: float, boundary: float) -> str:
        """Let every run drift with the noise that was drawn once."""
        way = drift.Drift(bias=bias, spread=spread, correction=correction)
        paths = drift.simulate(way, self.noise)
        time = np.arange(self.length + 1)
        for line, run in zip(self.paths, paths.T, strict=False):
            line.set_ydata(run)
        mean, wide = drift.drift_mean(way, time), 1.645 * np.sqrt(drift.drift_variance(way, time))
        self.band.set_data(time, mean - wide, mean + wide)
        self.mean.set_ydata(mean)
        self.edge.set_ydata([boundary, boundary])
        between = drift.crossed(
            paths, boundary=boundary, between=spread, correction=correction
        ).mean(axis=1)
        looked = drift.crossed_at_looks(way, boundary, self.length)
        share = np.diff(between[:: self.bin]) / self.bin
        self.counted.set_ydata(100 * np.append(share, share[-1]))
        self.seen.set_ydata(100 * np.diff(looked))
        fine = np.linspace(0, self.length, 121)
        if not correction:
            self.exact.set_ydata(100 * drift.first_passage_density(way, boundary, fine))
        self.exact.set_visible(not correction)
        self._name(boundary, exact=not correction)
        return self._sentence(way, boundary, float(between[-1]), float(looked[-1]))

    def _name(self, boundary: float, *, exact: bool) -> None:
        """Say which line is which; with a correction there is no exact density."""
        self.words.set_position((1, boundary + 0.2))
        self.words.set_text("- - the boundary")
        words = "— exact density" if exact else "no exact density: correction"
        self.legend[0].set_text(words)
        self.legend[1].set_text("steps: 400 runs, with the bridge")
        self.legend[2].set_text("··· exact, seen once a generation")

    def _sentence(self, way: drift.Drift, boundary: float, between: float, looked: float) -> str:
        after = f"within {self.length} generations"
        seen = f"{percent(looked)} are found beyond it if somebody looks once a generation"
        if way.correction:
            return (
                f"Of 400 runs, pulled back by {percent(way.correction)} a generation, "
                f"{percent(between)} cross the boundary {after} (simulated, with the bridge "
                f"between looks); {seen}. The spread over runs settles at "
                f"{way.settled_spread:.2f}, and the boundary is {boundary:g} away."
            )
        exact = float(drift.first_passage_cdf(way, boundary, self.length))
        return (
            f"With nothing pulling back, {percent(exact)} of all runs cross the boundary {after} "
            f"(exact), and {seen}. The mean run ends at "
            f"{float(drift.drift_mean(way, self.length)):.1f}, the spread over runs is "
            f"{np.sqrt(float(drift.drift_variance(way, self.length))):.2f} by then, and the "
            f"boundary is {boundary:g} away."
        )

    def headline(self, bias: float, spread: float, correction: float, boundary: float) -> bool:
        """No bias, and over a tenth found beyond the boundary."""
        way = drift.Drift(bias=bias, spread=spread, correction=correction)
        return bias == 0 and bool(drift.crossed_at_looks(way, boundary, self.length)[-1] > 0.1)


class Collapse(Explorer):
    """The average over runs keeps its variety while the typical run loses most of it."""

    samples = Slider(20, 200, 100, label="samples a generation, M", step=10)
    fresh = Slider(0, 20, 0, label="of them fresh and real")
    divide = Choice(["M − 1 (unbiased)", "M (maximum likelihood)"], label="divide by")
    reverses_at = {"fresh": 3}
    size = (8.2, 3.6)

    length = 100
    noise = np.random.default_rng(0).standard_normal((length, 4, 300))
    shown = 12

    def draw(self, figure: Any) -> None:
        """The variance of every version on the left, the last versions themselves on the right."""
        left, right = figure.subplots(1, 2, width_ratios=(3, 2))
        time = np.arange(self.length + 1)
        left.set(xlim=(0, self.length), ylim=(1e-3, 30), yscale="log", xlabel="generation")
        left.set_ylabel("variance of the version's output")
        self.runs = [
            left.plot(time, time + 1, color=GREY, lw=0.6, alpha=0.7)[0] for _ in range(self.shown)
        ]
        self.band = left.fill_between(time, 1, 2, color=BLUE, alpha=0.2, lw=0)
        (self.median,) = left.plot(time, time + 1, color=BLUE, lw=2.5)
        (self.mean,) = left.plot(time, time + 1, color=VERMILLION, ls="--")
        left.text(2, 3.2e-3, "— median of 300 runs, band 5–95 %", color=readable(BLUE))
        left.text(2, 1.5e-3, "- - mean, exact", color=readable(VERMILLION))
        right.set(xlim=(-5, 5), ylim=(0, 1.5), xlabel="value", yticks=[0, 0.5, 1, 1.5])
        right.set_ylabel("density")
        x = self.places = np.linspace(-5, 5, 161)
        self.last = [right.plot(x, x, color=BLUE, lw=1)[0] for _ in range(self.shown)]
        right.plot(x, _normal(x, 0, 1), color=VERMILLION, ls="--", lw=2.5)
        right.set_title("— the last version of twelve runs", color=readable(BLUE))
        right.text(-4.8, 1.4, "- - real data", color=readable(VERMILLION))

    def update(self, samples: int, fresh: int, divide: str) -> str:
        """Refit every run with the noise that was drawn once."""
        rule = _rule(samples, fresh, divide)
        mean, variance = drift.refit(rule, self.noise)
        variance = np.maximum(variance, 1e-9)
        for line, run in zip(self.runs, variance.T, strict=False):
            line.set_ydata(run)
        low, median, high = np.quantile(variance, [0.05, 0.5, 0.95], axis=1)
        self.band.set_data(np.arange(self.length + 1), low, high)
        self.median.set_ydata(median)
        average, _ = drift.refit_moments(rule, self.length)
        self.mean.set_ydata(average)
        for line, centre, width in zip(self.last, mean[-1], variance[-1], strict=False):
            line.set_ydata(_normal(self.places, centre, width))
        real = f"{fresh} of them real" if fresh else "none of them real"
        return (
            f"After {self.length} versions, each fitted to {samples} samples, {real}, the mean "
            f"variance over runs is {average[-1]:.2f} of the real data's (exact) and the median is "
            f"{_two_digits(median[-1])}; nine runs in ten lie between {_two_digits(low[-1])} and "
            f"{_two_digits(high[-1])}, and the fitted means have spread by {mean[-1].std():.2f}."
        )

    def headline(self, samples: int, fresh: int, divide: str) -> bool:
        """The mean variance is at least nine tenths, the median less than a half."""
        rule = _rule(samples, fresh, divide)
        average, _ = drift.refit_moments(rule, self.length)
        _, variance = drift.refit(rule, self.noise)
        return bool(average[-1] >= 0.9 and np.median(variance[-1]) < 0.5)


def _rule(samples: int, fresh: int, divide: str) -> drift.Refit:
    return drift.Refit(samples=samples, fresh=fresh, unbiased="unbiased" in divide)


def _two_digits(value: float) -> str:
    return f"{value:.2g}" if value >= 0.001 else "under 0.001"


def _normal(x: np.ndarray, mean: float, variance: float) -> np.ndarray:
    return np.exp(-((x - mean) ** 2) / (2 * variance)) / np.sqrt(2 * np.pi * variance)


SEEDS = range(3)
GENERATIONS = 30
ALLOWED = {"and replay": "replay", "learning settings only": "recursive"}
"""What a learner chooses from, and the preset's name in `rsi_teach.machine`."""


@cache
def versions(preset: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What every version of a few runs reads when deployed, and how it scores.

    Parameters
    ----------
    preset : str
        A key of `rsi_teach.machine.PRESETS`.

    Returns
    -------
    three arrays
        Predictions [runs, generations + 1, images], visible scores and deployed accuracies
        [runs, generations + 1]. Entry 0 is the version that the machine starts from.
    """
    read, seen, right = [], [], []
    for seed in SEEDS:
        run = machine.run(machine.PRESETS[preset], generations=GENERATIONS, seed=seed)
        world = machine.draw_world(run.lab, seed).deployment
        start = run.generations[0].before
        first = start.reader.read(world.images)
        read.append(np.vstack([first, run.predictions]))
        seen.append([start.visible, *run.visible])
        right.append([world.accuracy(first), *run.deployed])
    return np.array(read), np.array(seen), np.array(right)


class Versions(Explorer):
    """The visible score stands still, and one image in twenty comes to be read differently."""

    allowed = Choice(list(ALLOWED), label="it may change")
    since = Slider(0, GENERATIONS - 1, 5, label="compare with version")
    reverses_at = {"allowed": "learning settings only"}
    size = (8.2, 3.6)

    def draw(self, figure: Any) -> None:
        """What is read differently on the left, the two scores on the right."""
        left, right = figure.subplots(1, 2, width_ratios=(3, 2))
        time = np.arange(GENERATIONS + 1)
        left.set(xlim=(0, GENERATIONS), ylim=(0, 25), xlabel="version")
        left.set_ylabel("deployed images, %")
        self.band = left.fill_between(time, 0, 1, color=BLUE, alpha=0.2, lw=0)
        (self.apart,) = left.plot(time, time, color=BLUE, lw=2.5)
        (self.least,) = left.plot(time, time, color=VERMILLION, ls="--")
        self.mark = left.axvline(5, color=GREY, ls=":", lw=1.2)
        left.set_title(f"mean of {len(SEEDS)} runs; band: lowest to highest", fontsize=9.5)
        for y, words, colour in (
            (23.4, "— read differently from that version", BLUE),
            (21.9, "- - change of accuracy, either way", VERMILLION),
        ):
            left.text(GENERATIONS, y, words, color=readable(colour), ha="right")
        right.set(xlim=(0, GENERATIONS), ylim=(80, 101), xlabel="version")
        right.set_ylabel("read right, %")
        (self.seen,) = right.plot(time, time, color=ORANGE)
        (self.right,) = right.plot(time, time, color=VERMILLION, ls="-.")
        self.point = right.axvline(5, color=GREY, ls=":", lw=1.2)
        for y, words, colour in (
            (82.2, "— visible test", ORANGE),
            (80.8, "-·- deployed", VERMILLION),
        ):
            right.text(GENERATIONS, y, words, color=readable(colour), ha="right")

    def update(self, allowed: str, since: int) -> str:
        """Compare every version with one of them."""
        _, seen, right = versions(ALLOWED[allowed])
        apart = _apart(allowed, since)
        time = np.arange(GENERATIONS + 1)
        self.band.set_data(time, 100 * apart.min(axis=0), 100 * apart.max(axis=0))
        self.apart.set_ydata(100 * apart.mean(axis=0))
        moved = np.abs(right - right[:, [since]]).mean(axis=0)
        self.least.set_ydata(100 * moved)
        for line in (self.mark, self.point):
            line.set_xdata([since, since])
        self.seen.set_ydata(100 * seen.mean(axis=0))
        self.right.set_ydata(100 * right.mean(axis=0))
        rise = 100 * (seen[:, -1] - seen[:, since]).mean()
        return (
            f"Version {GENERATIONS} reads {percent(apart[:, -1].mean(), 1)} of the deployed images "
            f"differently from version {since}, {percent(apart[:, -1].min(), 1)} to "
            f"{percent(apart[:, -1].max(), 1)} in {len(SEEDS)} runs; its visible score is "
            f"{rise:.1f} points higher, and its deployed accuracy has moved by "
            f"{100 * moved[-1]:.1f} points."
        )

    def headline(self, allowed: str, since: int) -> bool:
        """Less than half a point on the visible test, and a twentieth read differently."""
        _, seen, _ = versions(ALLOWED[allowed])
        still = (seen[:, -1] - seen[:, since]).mean() < 0.005
        return bool(still and _apart(allowed, since)[:, -1].mean() > 0.05)


@cache
def _apart(allowed: str, since: int) -> np.ndarray:
    read, _, _ = versions(ALLOWED[allowed])
    return np.mean(read != read[:, [since]], axis=2)
