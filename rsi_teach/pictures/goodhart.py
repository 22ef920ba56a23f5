"""Chapter 05: choosing by a score, how far to push it, and the machine's own gap."""

from __future__ import annotations

import math
from dataclasses import dataclass
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
    readable,
)
from rsi_teach.models import goodhart

COUNTS = np.unique(np.geomspace(1, goodhart.MOST, 70).round()).astype(int)


class BestOfN(Explorer):
    """Beyond some number of candidates, choosing among more makes the chosen one worse."""

    tail = Slider(2.2, 30.0, 3.0, label="tail of the error", unit="degrees of freedom", log=True)
    error = Slider(0.25, 3.0, 1.0, label="size of the error", unit="sd of the value", step=0.05)
    n = Slider(1, 1_000_000, 1000, label="candidates", log=True)
    reverses_at = {"tail": 30.0}
    size = (8.2, 3.7)

    def draw(self, figure: Any) -> None:
        """The winner's value against n on the left, what a score is worth on the right."""
        left, right = figure.subplots(1, 2, width_ratios=(3, 2))
        left.set(xscale="log", xlim=(1, goodhart.MOST), ylim=(-2.2, 5.2))
        left.set(xlabel="candidates to choose from, n", ylabel="true value [sd of the value]")
        left.plot(COUNTS, goodhart.expected_maximum(COUNTS), color=GREY, ls=":", lw=1.5)
        left.text(1.5e3, 4.35, "··· chosen by true value", color=GREY, ha="right")
        self.band = left.fill_between(COUNTS, 0, 1, color=BLUE, alpha=0.18, lw=0)
        (self.light,) = left.plot(COUNTS, COUNTS * 0.0, color=GREEN, ls="--", lw=1.6)
        (self.mean,) = left.plot(COUNTS, COUNTS * 0.0, color=BLUE)
        (self.here,) = left.plot(
            [1], [0], "o", color=VERMILLION, ms=8, mfc="white", mew=2, clip_on=False
        )
        (self.peak,) = left.plot([1], [0], "^", color=BLACK, ms=7)
        left.text(1.3, -1.6, "— chosen by the score, ± 1 sd    ▲ best n", color=readable(BLUE))
        left.text(1.3, -2.0, "- - the same with a Gaussian error", color=readable(GREEN))
        self.scores = np.linspace(0, 12, 61)
        right.set(xlim=(0, 12), ylim=(0, 6), xlabel="score [sd of the value]")
        right.set_ylabel("mean true value at this score")
        (self.gaussian,) = right.plot([0, 12], [0, 6], color=GREEN, ls="--", lw=1.6)
        (self.worth,) = right.plot(self.scores, self.scores, color=BLUE)
        (self.typical,) = right.plot(
            [0], [0], "o", color=VERMILLION, ms=8, mfc="white", mew=2, clip_on=False
        )
        self.words = right.set_title(" ", color=readable(VERMILLION))

    def update(self, tail: float, error: float, n: int) -> str:
        """Move both pictures to this error and this n."""
        proxy = goodhart.Proxy(error_sd=error, tail=tail)
        mean, spread = _curves(proxy)
        value = float(goodhart.best_of_n_value(proxy, n))
        top = int(np.argmax(mean))
        self.band.set_data(COUNTS, mean - spread, mean + spread)
        self.mean.set_ydata(mean)
        gaussian = goodhart.Proxy(error_sd=error)
        self.light.set_ydata(_curves(gaussian)[0])
        self.gaussian.set_data([0, 12], [0, 12 * gaussian.slope])
        self.here.set_data([n], [value])
        self.peak.set_data([COUNTS[top]], [mean[top]])
        worth = goodhart.posterior_value(proxy, self.scores)
        self.worth.set_ydata(worth)
        score = float(goodhart.winning_score(proxy, n))
        beyond = score > 12
        self.typical.set_data([min(score, 12)], [np.interp(score, self.scores, worth)])
        self.words.set_text(f"o the best of {n:,} scores {_score(score)}{' →' if beyond else ''}")
        best, most = goodhart.best_n(proxy), goodhart.MOST
        where = (
            f"The best n is {best:,}, worth {float(goodhart.best_of_n_value(proxy, best)):.2f}"
            if best < most
            else f"Up to {most:,} candidates, more is always better"
        )
        return (
            f"With a tail of {tail:.3g} degrees of freedom and an error of {error:.3g}, the best "
            f"of {n:,} typically scores {_score(score)} and is worth {value:.2f} on average, "
            f"give or take {float(goodhart.best_of_n_spread(proxy, n)):.2f}. {where}."
        )

    def headline(self, tail: float, error: float, n: int) -> bool:
        """A million candidates give a worse winner than the best smaller number does."""
        mean = _curves(goodhart.Proxy(error_sd=error, tail=tail))[0]
        return bool(mean[-1] < mean.max())


def _score(score: float) -> str:
    return f"{score:.0f}" if score > 100 else f"{abs(round(score, 2)):.2f}"


@cache
def _curves(proxy: goodhart.Proxy) -> tuple[np.ndarray, np.ndarray]:
    """Mean and spread of the winner's value over `COUNTS`."""
    return goodhart.best_of_n_value(proxy, COUNTS), goodhart.best_of_n_spread(proxy, COUNTS)


LAWS = {
    "best-of-n": goodhart.Law(alpha=1.0, beta=0.25, method="best-of-n"),
    "RL": goodhart.Law(alpha=0.5 * (1 + math.log(2)), beta=0.5, method="RL"),
}
"""Two laws with the same peak: reward 1 at distance 2."""


class Overoptimisation(Explorer):
    """Measurements that end well before the peak do not tell where the peak is."""

    law = Choice(["best-of-n", "RL"], label="the law is")
    seen = Slider(0.25, 1.5, 0.5, label="measured, share of the way to the peak", step=0.05)
    noise = Slider(0.005, 0.1, 0.03, label="noise, share of the peak's height",
                   step=0.005)  # fmt: skip
    reverses_at = {"seen": 1.3}

    points = 12
    draws = np.random.default_rng(6).standard_normal(points)
    far = np.linspace(0, 4, 161)

    def draw(self, figure: Any) -> None:
        """Points, fitted curves, and the interval for the peak along the bottom."""
        axes = figure.subplots()
        axes.set(xlim=(0, 4), ylim=(-0.45, 1.6), ylabel="true reward [of the peak's height]")
        axes.set_xlabel("distance from the start, d = √KL [√nats]")
        self.seen_to = axes.axvspan(0, 1, color=GREY, alpha=0.1, lw=0)
        (self.truth,) = axes.plot(self.far, self.far, color=BLACK, lw=1.2)
        (self.fitted,) = axes.plot(self.far, self.far, color=BLUE, ls="--")
        (self.other,) = axes.plot(self.far, self.far, color=ORANGE, ls=":")
        (self.data,) = axes.plot([0], [0], "o", color=VERMILLION, ms=5, mfc="white", mew=1.5)
        (self.interval,) = axes.plot([0, 1], [-0.3, -0.3], color=BLUE, lw=2)
        (self.guess,) = axes.plot([1], [-0.3], "D", color=BLUE, ms=6)
        (self.second,) = axes.plot([1], [-0.3], "s", color=ORANGE, ms=6)
        axes.plot([2], [1], "*", color=BLACK, ms=12)
        axes.text(2.06, 1.04, "the true peak", va="bottom")
        axes.text(0.04, -0.42, "where the peak is: 90 % interval ◆ this law, ■ the other law",
                  color=readable(BLUE), fontsize=9)  # fmt: skip
        axes.text(0.04, 1.48, "o measured", color=readable(VERMILLION))
        axes.text(0.66, 1.48, "— true", color=BLACK)
        axes.text(0.04, 1.36, "- - the right law fitted", color=readable(BLUE))
        axes.text(0.04, 1.24, "··· the other law fitted", color=readable(ORANGE))

    def update(self, law: str, seen: float, noise: float) -> str:
        """Measure with the noise that was drawn once, fit both laws, show the interval."""
        distance, reward = self._data(law, seen, noise)
        wrong = "RL" if law == "best-of-n" else "best-of-n"
        right, other = (goodhart.fit_law(distance, reward, method=m) for m in (law, wrong))
        low, high = goodhart.peak_interval(right)
        self.seen_to.set_width(distance[-1])
        self.truth.set_ydata(goodhart.true_reward(LAWS[law], self.far))
        self.data.set_data(distance, reward)
        self.fitted.set_ydata(_fitted(right, self.far))
        self.other.set_ydata(_fitted(other, self.far))
        self.interval.set_data([min(low, 4), min(high, 4)], [-0.3, -0.3])
        self.guess.set_data([min(right.peak, 4)], [-0.3])
        self.second.set_data([min(other.peak, 4)], [-0.3])
        upper = f"to {high:.2f}" if high < 1000 else "on, without an upper end"
        return (
            f"From {self.points} measurements up to d = {distance[-1]:.2f}, the right law puts its "
            f"peak at {_distance(right.peak)}, with a 90 % interval from {low:.2f} {upper}; the "
            f"other law, fitted to the same points, puts it at {_distance(other.peak)}. "
            "The true peak is at 2."
        )

    def headline(self, law: str, seen: float, noise: float) -> bool:
        """The 90 % interval is wider than half of the true peak's distance."""
        distance, reward = self._data(law, seen, noise)
        low, high = goodhart.peak_interval(goodhart.fit_law(distance, reward, method=law))
        return high - low > 0.5 * LAWS[law].peak

    def _data(self, law: str, seen: float, noise: float) -> tuple[np.ndarray, np.ndarray]:
        distance = np.linspace(0.1, 1, self.points) * seen * LAWS[law].peak
        return distance, goodhart.true_reward(LAWS[law], distance) + noise * self.draws


def _distance(peak: float) -> str:
    return f"{peak:.2f}" if peak < 100 else "no finite distance"


def _fitted(fit: goodhart.LawFit, distance: np.ndarray) -> np.ndarray:
    """The fitted curve, whatever the signs of its coefficients, down to where the words begin."""
    bend = distance if fit.method == "best-of-n" else np.log(np.where(distance > 0, distance, 1))
    reward = distance * (fit.alpha - fit.beta * bend)
    return np.where(reward > -0.2, reward, np.nan)


GENERATIONS = 12
SEEDS = range(5)
RESERVE = 400
ALLOWED = {
    "learning settings, own step": "recursive",
    "learning settings, fixed step": "scheduled",
    "and the stamp": "stamp",
    "and replay": "replay",
    "and both": "both",
}
"""What a learner chooses from, and the preset's name in `rsi_teach.machine`."""
PRESSURES = {"3 proposals": 3, "12 proposals": 12}


@dataclass(frozen=True, kw_only=True, eq=False)
class Gaps:
    """How far the visible score runs ahead, in percentage points [runs, generations + 1].

    Parameters
    ----------
    items : array
        Score on the visible test minus the score on unseen items of the same lab: what holds
        for the test's own items only.
    lab : array
        That score on unseen items minus deployed accuracy: what holds in the lab only.
    """

    items: np.ndarray
    lab: np.ndarray

    @property
    def whole(self) -> np.ndarray:
        """Visible score minus deployed accuracy."""
        return self.items + self.lab


@cache
def gaps(preset: str, proposals: int) -> Gaps:
    """Run the machine once per seed and split its proxy gap; kept once it is made.

    The lab holds 400 more images, with stamps like those of its test, which the loop never
    touches: they are read here, by the version in use after each generation.

    Parameters
    ----------
    preset : str
        A key of `rsi_teach.machine.PRESETS`.
    proposals : int
        Per generation, at least 1.

    Returns
    -------
    Gaps
    """
    lab = machine.Lab(proposals=proposals, n_reserve=RESERVE)
    rows = [_gap_of(preset, lab, seed) for seed in SEEDS]
    of_items, of_lab = 100 * np.array(rows).transpose(1, 0, 2)
    return Gaps(items=of_items, lab=of_lab)


def _gap_of(preset: str, lab: machine.Lab, seed: int) -> tuple[np.ndarray, np.ndarray]:
    world = machine.draw_world(lab, seed)
    run = machine.run(
        machine.PRESETS[preset], lab=lab, generations=GENERATIONS, seed=seed, world=world
    )
    versions = [run.generations[0].before, *(turn.after for turn in run.generations)]
    start = world.deployment.accuracy(versions[0].reader.read(world.deployment.images))
    unseen, items = [], world.lab.reserve
    for before, version in zip([None, *versions], versions, strict=False):
        same = version is before
        unseen.append(unseen[-1] if same else np.mean(version.reader.read(items) == items.labels))
    visible = np.array([version.visible for version in versions])
    return visible - unseen, np.array(unseen) - np.array([start, *run.deployed])


class MachineGap(Explorer):
    """Selection has pulled the visible score five points or more away from the deployed one."""

    allowed = Choice(list(ALLOWED), label="it may change", default="and both")
    pressure = Choice(list(PRESSURES), label="per generation", default="12 proposals")
    generation = Slider(1, GENERATIONS, GENERATIONS, label="after generation")
    reverses_at = {"allowed": "learning settings, own step"}
    size = (8.2, 3.7)

    def draw(self, figure: Any) -> None:
        """The gap over generations on the left, its two parts for each permission right."""
        left, right = figure.subplots(1, 2, width_ratios=(1, 1))
        time = np.arange(GENERATIONS + 1)
        left.set(xlim=(0, GENERATIONS), ylim=(-10, 100), xlabel="generation")
        left.set_ylabel("visible minus deployed [points]")
        left.axhline(0, color=GREY, lw=0.8)
        left.set_title(f"mean of {len(SEEDS)} runs; band: lowest to highest", fontsize=9.5)
        self.band = left.fill_between(time, 0, 1, color=BLUE, alpha=0.2, lw=0)
        (self.other,) = left.plot(time, time, color=PURPLE, ls=":")
        (self.items,) = left.plot(time, time, color=ORANGE, ls="--")
        (self.whole,) = left.plot(time, time, color=BLUE)
        self.cursor = left.axvline(0, color=GREY, lw=1, ls=":")
        left.text(0.3, 93, "— the gap", color=readable(BLUE))
        left.text(0.3, 85, "- - of it the test's own items", color=readable(ORANGE))
        self.label = left.text(0.3, 77, "", color=readable(PURPLE))
        rows = np.arange(len(ALLOWED))
        right.set(xlim=(-10, 80), ylim=(4.7, -0.7), xlabel="points, after this generation")
        right.set_yticks(rows, ["own step", "fixed step", "stamp", "replay", "both"])
        right.axvline(0, color=GREY, lw=0.8)
        for y, words, colour in (
            (-0.45, "▌the test's own items only", ORANGE),
            (-0.1, "▌the lab only", VERMILLION),
            (0.25, "o the gap of one run", BLUE),
        ):
            right.text(79, y, words, color=readable(colour), ha="right", fontsize=9.5)
        self.tested = list(right.barh(rows - 0.17, rows * 0.0, 0.3, color=ORANGE))
        self.stayed = list(right.barh(rows + 0.17, rows * 0.0, 0.3, color=VERMILLION))
        (self.dots,) = right.plot([0], [0], "o", color=BLUE, ms=4, mfc="none", mew=1.2)
        (self.chosen,) = right.plot([-8.5], [0], ">", color=BLACK, ms=7)

    def update(self, allowed: str, pressure: str, generation: int) -> str:
        """Show the runs of a preset, and all presets after a generation."""
        proposals = PRESSURES[pressure]
        other = next(words for words in PRESSURES if words != pressure)
        found = gaps(ALLOWED[allowed], proposals)
        self.band.set_data(
            np.arange(GENERATIONS + 1), found.whole.min(axis=0), found.whole.max(axis=0)
        )
        self.whole.set_ydata(found.whole.mean(axis=0))
        self.items.set_ydata(found.items.mean(axis=0))
        self.other.set_ydata(gaps(ALLOWED[allowed], PRESSURES[other]).whole.mean(axis=0))
        self.label.set_text(f"··· the gap with {other}")
        self.cursor.set_xdata([generation, generation])
        for row, preset in enumerate(ALLOWED.values()):
            each = gaps(preset, proposals)
            self.tested[row].set_width(each.items[:, generation].mean())
            self.stayed[row].set_width(each.lab[:, generation].mean())
        dots = np.array([gaps(p, proposals).whole[:, generation] for p in ALLOWED.values()])
        self.dots.set_data(dots.ravel(), np.repeat(np.arange(len(dots)), len(SEEDS)))
        self.chosen.set_ydata([list(ALLOWED).index(allowed)])
        gap, items = found.whole[:, generation], found.items[:, generation].mean()
        return (
            f"After {generation} generation{'s' * (generation > 1)} of {pressure} the visible "
            f"score is {gap.mean():.1f} points ahead of the deployed one, {items:.1f} of them on "
            f"the test's own items only: means of {len(SEEDS)} runs, which range from "
            f"{gap.min():.1f} to {gap.max():.1f}. At the start it was "
            f"{found.whole[:, 0].mean():.1f}."
        )

    def headline(self, allowed: str, pressure: str, generation: int) -> bool:
        """The mean gap has grown by five percentage points or more since the start."""
        mean = gaps(ALLOWED[allowed], PRESSURES[pressure]).whole.mean(axis=0)
        return bool(mean[generation] - mean[0] >= 5)
