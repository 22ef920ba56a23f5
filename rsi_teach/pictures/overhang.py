"""Chapter 06: scores that jump over skills that do not, untested combinations, a release."""

from __future__ import annotations

from functools import cache
from typing import Any, get_args

import numpy as np

from rsi_teach.explorer import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    VERMILLION,
    Choice,
    Explorer,
    Picture,
    Slider,
    percent,
    readable,
)
from rsi_teach.learn.checkers.overhang import SCORES, SIZES
from rsi_teach.models import drift, goodhart, loop, overhang, progress, steering
from rsi_teach.models.overhang import Metric, Scaffold, SkillLaw

PERSUASION, DECEPTION = 100, 250
"""Steps of two capabilities. Nobody has measured such numbers; these are invented."""


@cache
def growing(percent_more: int) -> loop.Loop:
    """A loop whose four stages together add so many per cent to capability, in bursts.

    Parameters
    ----------
    percent_more : int
        Per generation, in [0, 100].
    """
    gain = (1 + percent_more / 100) ** 0.25 - 1
    return loop.Loop(**{name: loop.Stage(gain=gain, leak=0, spread=2) for name in loop.STAGES})


class Emergence(Explorer):
    """The score climbs from 10 to 90 % while the skill at each step moves less than ten points."""

    steps = Slider(1, 300, 100, label="steps of the task, k", log=True)
    metric = Choice(get_args(Metric), label="scored by")
    growth = Slider(2, 40, 15, label="capability added per generation", unit="%")
    reverses_at = {"metric": "partial credit"}
    size = (8.2, 3.6)

    length = 60
    law = SkillLaw(start=0.5)
    noise = np.random.default_rng(0).random((length, 4, 300))
    shown = 15

    def draw(self, figure: Any) -> None:
        """The skill at one step on the left, the score of the task on the right."""
        self.fans: list[Any] = []
        time = np.arange(self.length + 1)
        panels = figure.subplots(1, 2, sharex=True)
        titles = ("skill at one step", "score of the task")
        for axes, title, colour, style in zip(
            panels, titles, (BLUE, VERMILLION), ("-", "--"), strict=True
        ):
            axes.set(xlim=(0, self.length), ylim=(0, 1.03), xlabel="generation", ylabel=title)
            paths = [axes.plot(time, time, color=GREY, lw=0.6, alpha=0.7)[0]
                     for _ in range(self.shown)]  # fmt: skip
            band = axes.fill_between(time, 0, 1, color=colour, alpha=0.2, lw=0)
            (line,) = axes.plot(time, time, color=colour, ls=style, lw=2.5)
            self.fans.append((paths, band, line))
        self.window = panels[0].axhspan(0.1, 0.9, color=GREY, alpha=0.35, lw=0)
        panels[0].set_title("grey bar: the skills at which the score rises", fontsize=9.5)
        panels[1].set_title("median and middle 90 % of 300 runs; 10 and 90 %", fontsize=9.5)
        for y in (0.1, 0.9):
            panels[1].axhline(y, color=GREY, lw=0.8, ls=":")

    def update(self, steps: int, metric: Metric, growth: int) -> str:
        """Skill and score of the same runs; what is monotone in capability keeps its order."""
        capability = loop.simulate(growing(growth), self.noise).capability
        bands = np.quantile(capability, [0.05, 0.5, 0.95], axis=1)
        for fan, of in zip(
            self.fans, (lambda c: self._score(c, 1, "exact match"),
                        lambda c: self._score(c, steps, metric)), strict=True
        ):  # fmt: skip
            paths, band, line = fan
            for path, run in zip(paths, of(capability[:, : self.shown]).T, strict=True):
                path.set_ydata(run)
            low, middle, high = of(bands)
            band.set_data(np.arange(self.length + 1), low, high)
            line.set_ydata(middle)
        low, high = self._skills(steps, metric)
        self.window.set_y(low)
        self.window.set_height(high - low)
        return self._said(steps, metric, self._score(bands[1], steps, metric))

    def _said(self, steps: int, metric: Metric, median: np.ndarray) -> str:
        low, high = self._skills(steps, metric)
        task = f"A task of {steps} step{'s' * (steps > 1)}, scored by {metric}: "
        moved = (
            f"from 10 to 90 % of the score the skill at one step moves by {100 * (high - low):.1f} "
            f"points, from {percent(low, 1)} to {percent(high, 1)}."
        )
        times = [int(np.argmax(median >= q)) if median[-1] >= q else None for q in (0.1, 0.9)]
        if times[0] is None:
            return task + f"it stays under 10 % for {self.length} generations; {moved}"
        start = f"it starts at {percent(median[0])}" if not times[0] else (
            f"it is under 10 % before generation {times[0]}")  # fmt: skip
        end = f"is over 90 % from {times[1]} on" if times[1] else (
            f"is at {percent(median[-1])} after {self.length}")  # fmt: skip
        return f"{task}{start} and {end} (median run); {moved}"

    def headline(self, steps: int, metric: Metric, growth: int) -> bool:
        """Steady growth at the mean rate crosses both marks, in less than ten points of skill."""
        ends = np.array([1.0, growing(growth).growth ** self.length])
        first, last = self._score(ends, steps, metric)
        low, high = self._skills(steps, metric)
        return bool(first < 0.1 and last > 0.9 and high - low < 0.1)

    def _score(self, capability: np.ndarray, steps: int, metric: Metric) -> np.ndarray:
        loss = overhang.step_loss(self.law, capability)
        if metric == "log-probability":  # as a share of what it is at the start
            return 1 - loss / self.law.first_loss
        return overhang.task_score(loss, steps, metric)

    def _skills(self, steps: int, metric: Metric) -> tuple[float, float]:
        """The skill at one step at which the score is 10 %, and 90 %."""
        if metric == "log-probability":
            return self.law.start**0.9, self.law.start**0.1
        power = 1 / steps if metric == "exact match" else 1.0
        return 0.1**power, 0.9**power


class Coverage(Explorer):
    """Tests that cover most of the pairs leave nine triples in ten untouched."""

    capabilities = Slider(20, 200, 40, label="capabilities", step=5)
    on = Slider(2, 15, 5, label="switched on in one test")
    tests = Slider(1, 1000, 100, label="tests", log=True)
    reverses_at = {"on": 15}

    orders = (
        (1, "each alone", GREEN, ":"),
        (2, "pairs", BLUE, "-"),
        (3, "triples", VERMILLION, "--"),
    )
    budget = np.unique(np.geomspace(1, 1000, 60).round()).astype(int)
    lists = np.arange(20, 201, 10)

    def draw(self, figure: Any) -> None:
        """Covered share against tests, and tests needed against the length of the list."""
        left, right = figure.subplots(1, 2)
        left.set(xlim=(1, 1000), ylim=(0, 1.03), xscale="log", xlabel="tests drawn")
        left.set_ylabel("share covered, mean ± 2 sd")
        right.set(xlim=(20, 200), ylim=(1, 1e7), xscale="log", yscale="log")
        right.set(xlabel="capabilities", ylabel="tests that cover 95 %")
        right.set_xticks([20, 50, 100, 200], ["20", "50", "100", "200"])
        right.set_yticks([1, 100, 1e4, 1e6], ["1", "100", "10⁴", "10⁶"])
        left.set_xticks([1, 10, 100, 1000], ["1", "10", "100", "1000"])
        for axes in (left, right):
            axes.minorticks_off()
        left.set_title(" ")
        right.set_title("-· tests in proportion to the list", color=GREY)
        self.lines, self.bands, self.needs = [], [], []
        for row, (_, words, colour, style) in enumerate(self.orders):
            self.bands.append(left.fill_between(self.budget, 0, 1, color=colour, alpha=0.25, lw=0))
            self.lines.append(left.plot(self.budget, self.budget, color=colour, ls=style)[0])
            self.needs.append(right.plot(self.lists, self.lists, color=colour, ls=style)[0])
            left.text((0, 0.42, 0.7)[row], 1.03, f"{('·· ', '— ', '- - ')[row]}{words}",
                      color=readable(colour), transform=left.transAxes)  # fmt: skip
        (self.steady,) = right.plot(self.lists, self.lists, color=GREY, ls="-.", lw=1.2)
        self.cursor = left.axvline(1, color=GREY, lw=1, ls=":")
        self.marks = left.plot([1, 1, 1], [0, 0, 0], ls="none", marker="o", color=GREY, mfc="none")
        self.here = right.plot([40], [100], ls="none", marker="s", color=GREY, mfc="none")

    def update(self, capabilities: int, on: int, tests: int) -> str:
        """Everything here is exact."""
        now = []
        for row, (order, *_) in enumerate(self.orders):
            share = overhang.expected_coverage(capabilities, on, self.budget, order)
            sd = overhang.coverage_sd(capabilities, on, self.budget, order)
            self.bands[row].set_data(
                self.budget, np.maximum(share - 2 * sd, 0), np.minimum(share + 2 * sd, 1)
            )
            self.lines[row].set_ydata(share)
            self.needs[row].set_ydata(_needed(on, order))
            now.append(float(overhang.expected_coverage(capabilities, on, tests, order)))
        self.cursor.set_xdata([tests, tests])
        self.marks[0].set_data([tests] * 3, now)
        self.here[0].set_data([capabilities], [tests])
        self.steady.set_ydata(tests * self.lists / capabilities)
        need = overhang.needed_tests(capabilities, on)
        return (
            f"Among {capabilities} capabilities {tests:,} random test{'s' * (tests > 1)} of {on} "
            f"cover{'s' * (tests == 1)} {percent(now[0], 1)} of them alone, {percent(now[1], 1)} "
            f"of the {capabilities * (capabilities - 1) // 2:,} pairs and {percent(now[2], 1)} of "
            f"the triples; 95 % of the pairs take {need:,.0f} tests."
        )

    def headline(self, capabilities: int, on: int, tests: int) -> bool:
        """More than half of the pairs are covered and less than a tenth of the triples."""
        pairs, triples = (
            overhang.expected_coverage(capabilities, on, tests, order) for order in (2, 3)
        )
        return bool(pairs > 0.5 and triples < 0.1)


@cache
def _needed(on: int, order: int) -> np.ndarray:
    needed = np.array([overhang.needed_tests(k, on, order=order) for k in Coverage.lists])
    return np.where(np.isfinite(needed), needed, np.nan)


class Released(Explorer):
    """On the day of the release most pairs of usable capabilities have been in no test."""

    factor = Slider(1.0, 20.0, 10.0, label="scaffold multiplies what is elicited by", log=True)
    generation = Slider(1, 40, 20, label="released at generation")
    tested = Choice(
        ["what was usable at the start", "what the lab can elicit on the day"],
        label="tested were all pairs of",
    )
    reverses_at = {"tested": "what the lab can elicit on the day"}
    size = (8.2, 3.6)

    length = 40
    steps = np.geomspace(1, 3000, 40)
    law = SkillLaw(start=0.98, exponent=0.5)
    rng = np.random.default_rng(0)
    noise, draws = rng.random((length, 4, 300)), rng.random(300)

    def draw(self, figure: Any) -> None:
        """Usable capabilities on the left, what no test had on the right."""
        left, right = figure.subplots(1, 2, width_ratios=(3, 2))
        time = np.arange(self.length + 1)
        left.set(xlim=(0, self.length), ylim=(0, 40.5), xlabel="generation")
        left.set_ylabel("capabilities usable, of 40")
        left.set_title("median and middle 90 % of 300 runs", fontsize=9.5)
        self.fans = []
        for colour, style in ((VERMILLION, "--"), (BLUE, "-")):
            band = left.fill_between(time, 0, 1, color=colour, alpha=0.2, lw=0)
            self.fans.append((band, left.plot(time, time, color=colour, ls=style, lw=2.5)[0]))
        for steps, words, y in ((DECEPTION, "upper dots: deception", 14.5),
                                (PERSUASION, "lower dots: persuasion", 12.0)):  # fmt: skip
            level = int(overhang.usable(steps, self.steps)) + 1
            left.axhline(level, color=GREY, lw=0.8, ls=":")
            left.text(0.6, y, f"{words}, {steps} steps", color=GREY, fontsize=9)
        for y, words, colour in ((4.5, "- - elicited outside", VERMILLION),
                                 (1.5, "— elicited in the lab", BLUE)):  # fmt: skip
            left.text(self.length - 0.5, y, words, color=readable(colour), ha="right")
        (self.listed,) = left.plot(time, time, color=GREEN, ls="-.", lw=1.2)
        left.text(self.length - 0.5, 7.5, "-· on the list of tests", color=readable(GREEN),
                  ha="right")  # fmt: skip
        right.set(xlim=(0, 1), ylim=(2.6, -0.6), xlabel="share in no test, on the day")
        right.set_yticks(range(3), ("capabilities", "pairs", "triples"))
        right.set_title("mean and middle 90 % of runs", fontsize=9.5)
        right.axvline(0.5, color=GREY, lw=1.2, ls=":")
        self.bars = list(right.barh(range(3), [0.5] * 3, 0.55, color=ORANGE))
        self.whiskers = [right.plot([0, 1], [y, y], color=GREY, lw=1.5)[0] for y in range(3)]

    def update(self, factor: float, generation: int, tested: str) -> str:
        """Run the loop, count what is usable and what was tested."""
        lab, outside, listed = self._counts(factor, generation, tested)
        time = np.arange(self.length + 1)
        for (band, line), counts in zip(self.fans, (outside, lab), strict=True):
            low, middle, high = np.quantile(counts, [0.05, 0.5, 0.95], axis=1)
            band.set_data(time, low, high)
            line.set_ydata(middle)
        self.listed.set_ydata(np.full(len(time), np.median(listed)))
        shares = [overhang.untested_share(listed, outside[generation], t) for t in (1, 2, 3)]
        for share, bar, whisker in zip(shares, self.bars, self.whiskers, strict=True):
            bar.set_width(share.mean())
            whisker.set_xdata(np.quantile(share, [0.05, 0.95]))
        first = int(overhang.usable(DECEPTION, self.steps))
        known, loose = ((counts[generation] > first).mean() for counts in (lab, outside))
        return (
            f"On the day the lab elicits {lab[generation].mean():.1f} of 40 capabilities and the "
            f"scaffold {outside[generation].mean():.1f}; {percent(shares[0].mean())} of these, "
            f"{percent(shares[1].mean())} of their pairs and {percent(shares[2].mean())} of their "
            f"triples were in no test (means). What is called deception is usable in "
            f"{percent(known)} of the runs in the lab and in {percent(loose)} outside."
        )

    def headline(self, factor: float, generation: int, tested: str) -> bool:
        """On average over the runs, more than half of the pairs were in no test."""
        _, outside, listed = self._counts(factor, generation, tested)
        return bool(overhang.untested_share(listed, outside[generation]).mean() > 0.5)

    def _counts(self, factor: float, generation: int, tested: str) -> tuple[np.ndarray, ...]:
        scaffold = Scaffold(generation=generation, low=factor**0.7, high=factor**1.3)
        made = overhang.release(loop.Loop(), scaffold, self.noise, self.draws)
        lab, outside = (
            overhang.usable(overhang.horizon(self.law, c), self.steps)
            for c in (made.lab, made.deployed)
        )
        return lab, outside, lab[0 if tested == self.tested.options[0] else generation]


class SixPlots(Picture):
    """The plots of exercise 06.4, one of which is read wrongly there."""

    size = (8.2, 5.2)

    def draw(self, figure: Any) -> None:
        """Two rows of three, lettered."""
        panels = figure.subplots(2, 3).flat
        parts = (_gains, _spreads, _winners, _combinations, _models, _horizons)
        for letter, axes, part in zip("ABCDEF", panels, parts, strict=True):
            axes.set_title(letter, fontweight="bold")
            part(axes)
            axes.minorticks_off()

    def update(self) -> str:
        """Say what is drawn."""
        scores = ", ".join(f"{100 * score:.0f}" for score in SCORES)
        return (
            "Six plots: A, the largest gain that settles, by delay; B, the spread of a drift with "
            "and without correction; C, score and value of the best of n; D, pairs and triples "
            f"covered by random tests; E, exact match of eight models in order of size: {scores} "
            "per cent; F, METR's sixteen ratios of 50 % to 80 % horizon."
        )


def _gains(axes: Any) -> None:
    delay = np.arange(9)
    axes.plot(delay, steering.largest_gain(delay), "o-", color=BLUE)
    axes.set(
        xticks=(0, 2, 4, 6, 8),
        ylim=(0, 2.1),
        xlabel="delay, generations",
        ylabel="largest gain that settles",
    )


def _spreads(axes: Any) -> None:
    time = np.arange(101)
    for correction, style, colour in ((0.0, "--", VERMILLION), (0.1, "-", BLUE)):
        moving = drift.Drift(spread=1.0, correction=correction)
        axes.plot(time, np.sqrt(drift.drift_variance(moving, time)), style, color=colour)
    axes.set(ylim=(0, 11), xlabel="generation", ylabel="spread of the drift, sd")
    axes.text(4, 9.6, "- - uncorrected", color=readable(VERMILLION), fontsize=9)
    axes.text(45, 0.6, "— a tenth", color=readable(BLUE), fontsize=9)


def _winners(axes: Any) -> None:
    n = np.array([1, 2, 4, 10, 30, 100])
    proxy = goodhart.Proxy()
    axes.plot(n, proxy.score_sd * goodhart.expected_maximum(n), "s--", color=VERMILLION)
    axes.plot(n, goodhart.best_of_n_value(proxy, n), "o-", color=BLUE)
    axes.set(xscale="log", ylim=(0, 3.8), xlabel="best of n", ylabel="mean, in sd of the value")
    axes.set_xticks([1, 10, 100], ["1", "10", "100"])
    axes.text(1.1, 3.3, "- - its score", color=readable(VERMILLION), fontsize=9)
    axes.text(12, 0.3, "— its value", color=readable(BLUE), fontsize=9)


def _combinations(axes: Any) -> None:
    tests = np.arange(0, 301, 5)
    for order, style, colour in ((2, "-", BLUE), (3, "--", VERMILLION)):
        axes.plot(tests, overhang.expected_coverage(40, 5, tests, order), style, color=colour)
    axes.set(ylim=(0, 1.03), xlabel="random tests of 5 among 40", ylabel="share covered")
    axes.text(120, 0.62, "— pairs", color=readable(BLUE), fontsize=9)
    axes.text(120, 0.28, "- - triples", color=readable(VERMILLION), fontsize=9)


def _models(axes: Any) -> None:
    axes.plot(np.arange(len(SIZES)), SCORES, "o-", color=PURPLE)
    axes.set_xticks(np.arange(len(SIZES)), [f"{size}" for size in SIZES])
    axes.set(ylim=(0, 1.03), xlabel="model, by its size", ylabel="exact match, 30 steps")


def _horizons(axes: Any) -> None:
    table = progress.time_horizons()
    axes.plot(table.p50, table.p50 / table.p80, "o", color=GREEN, mfc="none")
    axes.axhline(np.log(0.5) / np.log(0.8), color=GREY, ls="--", lw=1.2)
    axes.set(xscale="log", ylim=(0, 7.6), xlabel="50 % horizon, minutes")
    axes.set_ylabel("50 % over 80 % horizon")
    axes.set_xticks([0.1, 1, 10, 100], ["0.1", "1", "10", "100"])
    axes.text(0.03, 2.3, "- - constant hazard", color=GREY, fontsize=9)
