"""Chapter 07: what passed tests rule out, and a region that a random suite misses."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from scipy.stats import binom

from rsi_teach.explorer import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    VERMILLION,
    Explorer,
    Slider,
    percent,
    readable,
)
from rsi_teach.models import testing, testing_search
from rsi_teach.models.testing_search import Hole


class Passed(Explorer):
    """So many tests, with so few failures, do not show the required failure rate."""

    tests = Slider(10, 100_000, 300, label="tests", log=True)
    failures = Slider(0, 10, 0, label="of which failed")
    required = Slider(1e-4, 0.1, 0.001, label="required failure rate", unit="per test", log=True)
    confidence = Slider(0.5, 0.99, 0.95, label="confidence", step=0.01)
    reverses_at = {"tests": 10_000}
    size = (8.2, 3.7)

    suites = np.unique(np.geomspace(10, 100_000, 50).round()).astype(int)
    rates = np.geomspace(1e-5, 1, 120)

    def draw(self, figure: Any) -> None:
        """What is ruled out on the left, who would pass on the right."""
        left, right = figure.subplots(1, 2, width_ratios=(6, 5))
        left.set(xlim=(10, 1e5), ylim=(1e-5, 1), xscale="log", yscale="log", xlabel="tests")
        left.set_ylabel("failure rate per test")
        right.set(xlim=(1e-5, 1), ylim=(0, 1.03), xscale="log", xlabel="true failure rate per test")
        right.set_ylabel("probability to do as well")
        for axes in (left, right):
            axes.minorticks_off()
        self.band = left.fill_between(self.suites, 1e-5, 1, color=ORANGE, alpha=0.35, lw=0)
        (self.bound,) = left.plot(self.suites, self.suites, color=BLUE, lw=2.5)
        (self.seen,) = left.plot(self.suites, self.suites, color=GREY, ls=":", lw=1.5)
        self.need = left.axhline(1e-3, color=VERMILLION, ls="--", lw=1.5)
        (self.here,) = left.plot([300], [0.01], "o", color=BLUE, ms=9, mfc="none", mew=2)
        (self.passes,) = right.plot(self.rates, self.rates, color=BLUE)
        self.limit = right.axvline(1e-3, color=VERMILLION, ls="--", lw=1.5)
        (self.marks,) = right.plot([1e-3, 1e-4], [0, 1], "s", color=VERMILLION, mfc="none", ms=7)
        for y, words, colour in ((0.93, "— upper bound", BLUE), (0.86, "- - required", VERMILLION),
                                 (0.79, "·· share that failed", GREY)):  # fmt: skip
            left.text(0.98, y, words, color=readable(colour), ha="right", transform=left.transAxes)
        left.set_title("band: nine bounds in ten, if truly a tenth\nof what is required",
                       color=readable(ORANGE), fontsize=9.5)  # fmt: skip
        right.set_title("no more failures, if this is the true rate;\n"
                        "squares: the required rate, a tenth of it", fontsize=9.5)  # fmt: skip

    def update(self, tests: int, failures: int, required: float, confidence: float) -> str:
        """Everything here is exact."""
        suites = np.maximum(self.suites, failures)
        self.bound.set_ydata(_upper(failures, suites, confidence))
        self.seen.set_ydata(failures / suites if failures else np.full(len(suites), np.nan))
        few, many = binom.ppf([[0.05], [0.95]], suites, required / 10)
        self.band.set_data(
            self.suites, _upper(few, suites, confidence), _upper(many, suites, confidence)
        )
        bound = float(_upper(failures, tests, confidence))
        self.here.set_data([tests], [bound])
        self.need.set_ydata([required] * 2)
        self.limit.set_xdata([required] * 2)
        self.passes.set_ydata(testing.pass_probability(self.rates, tests, failures=failures))
        better = np.array([required, required / 10])
        self.marks.set_data(better, testing.pass_probability(better, tests, failures=failures))
        need = float(testing.demonstration_tests(required, confidence=confidence,
                                                 failures=failures))  # fmt: skip
        chance = float(testing.pass_probability(required / 10, need, failures=failures))
        s = "s" * (failures != 1)
        return (
            f"After {tests:,} tests with {failures} failure{s}, rates up to {_rate(bound)} are "
            f"left open at {percent(confidence)} confidence. To show {_rate(required)} with no "
            f"more failures takes {need:,.0f} tests, and a system ten times better than that "
            f"passes those with probability {percent(chance)}."
        )

    def headline(self, tests: int, failures: int, required: float, confidence: float) -> bool:
        """The upper bound lies above the required rate."""
        return bool(_upper(failures, tests, confidence) > required)


def _upper(failures: Any, tests: Any, confidence: float) -> np.ndarray:
    return testing.clopper_pearson(failures, tests, confidence=confidence, side="upper")[1]


def _rate(rate: float) -> str:
    return f"{100 * rate:.3g} %"


class Searcher(Explorer):
    """A searcher finds in most runs the region that a random suite misses in most runs."""

    dimension = Slider(2, 6, 2, label="dimensions of the input")
    reach = Slider(0.02, 0.3, 0.2, label="radius of the slope", unit="sides of the cube", step=0.02)
    tests = Slider(10, 400, 200, label="tests", log=True)
    reverses_at = {"reach": 0.02}
    size = (8.2, 3.8)

    centre, radius, most = (0.62, 0.4, 0.55, 0.45, 0.6, 0.4), 0.02, 400
    noise = np.random.default_rng(11).random((most, 6, 200))
    shown = 7
    circle = np.stack([np.cos(np.linspace(0, 2 * np.pi, 61)),
                       np.sin(np.linspace(0, 2 * np.pi, 61))])  # fmt: skip

    def draw(self, figure: Any) -> None:
        """One run on the left, all of them on the right."""
        left, right = figure.subplots(1, 2, width_ratios=(1, 1.25))
        left.set(xlim=(0, 1), ylim=(0, 1), xlabel="first input", ylabel="second input")
        left.set_aspect("equal")
        left.set_title("one run: · random suite, ◦ searcher, — its best", fontsize=9.5)
        (self.suite,) = left.plot([], [], ".", color=GREY, ms=4)
        (self.tried,) = left.plot([], [], "o", color=BLUE, ms=4, mfc="none")
        (self.path,) = left.plot([], [], "-", color=BLUE, lw=1.8)
        (self.slope,) = left.plot(*self.circle, color=GREEN, ls=":", lw=1.5)
        (self.region,) = left.fill(*self.circle, color=VERMILLION, lw=0)
        where = np.array(self.centre[:2])[:, None] + self.radius * self.circle
        self.region.set_xy(where.T)
        right.set(xlim=(0, self.most), ylim=(0, 1.03), xlabel="tests made")
        right.set_ylabel("share of 200 runs, with 90 % bands")
        time = np.arange(1, self.most + 1)
        self.bands = [right.fill_between(time, 0, 1, color=colour, alpha=0.2, lw=0)
                      for colour in (BLUE, GREY)]  # fmt: skip
        (self.searched,) = right.plot(time, time, color=BLUE, lw=2.5)
        (self.random,) = right.plot(time, time, color=GREY, ls="--")
        (self.noticed,) = right.plot(time, time, color=GREEN, ls=":", lw=1.5)
        self.cursor = right.axvline(200, color=GREY, lw=1, ls="-.")
        for x, words, colour in ((0.0, "·· met the slope", GREEN), (0.4, "— searcher", BLUE),
                                 (0.68, "- - random suite", GREY)):  # fmt: skip
            right.text(x, 1.04, words, color=readable(colour), transform=right.transAxes)

    def update(self, dimension: int, reach: float, tests: int) -> str:
        """The same noise makes the suite and the searcher."""
        hole, found = self._hole(dimension, reach), _found(dimension, reach)
        time = np.arange(1, self.most + 1)
        exact = testing_search.chance_met(hole.measure, time)
        self.searched.set_ydata(found)
        self.random.set_ydata(exact)
        self.noticed.set_ydata(testing_search.chance_met(hole.basin, time))
        for band, share in zip(self.bands, (found, exact), strict=True):
            spread = 1.645 * np.sqrt(share * (1 - share) / self.noise.shape[2])
            band.set_data(time, np.maximum(share - spread, 0), np.minimum(share + spread, 1))
        self.cursor.set_xdata([tests, tests])
        one = self.noise[:tests, :dimension, self.shown]
        tried = testing_search.search_path(hole, one)
        signal = hole.signal(tried)
        climbing = np.cumsum(signal < 1) > 0
        best = climbing & (signal < np.minimum.accumulate(np.append(2, signal[:-1])))
        self.suite.set_data(one[:, 0], one[:, 1])
        self.tried.set_data(tried[climbing, 0], tried[climbing, 1])
        self.path.set_data(tried[best, 0], tried[best, 1])
        self.slope.set_data(np.array(self.centre[:2])[:, None] + reach * self.circle)
        return (
            f"In {dimension} dimensions the region takes up {_small(hole.measure)} of the inputs "
            f"and its slope {_small(hole.basin)}. After {tests} tests a random suite has "
            f"found it with probability {percent(float(exact[tests - 1]))}, the searcher in "
            f"{percent(float(found[tests - 1]))} of 200 runs."
        )

    def headline(self, dimension: int, reach: float, tests: int) -> bool:
        """More than half of the searchers and less than half of the suites have found it."""
        random = testing_search.chance_met(self._hole(dimension, reach).measure, tests)
        return bool(random < 0.5 < _found(dimension, reach)[tests - 1])

    def _hole(self, dimension: int, reach: float) -> Hole:
        return Hole(centre=self.centre[:dimension], radius=self.radius, reach=reach)


@cache
def _found(dimension: int, reach: float) -> np.ndarray:
    """Share of the runs in which the searcher has found the region, after every test."""
    hole = Hole(centre=Searcher.centre[:dimension], radius=Searcher.radius, reach=reach)
    first = testing_search.searcher_first(hole, Searcher.noise[:, :dimension])
    return (first <= np.arange(1, Searcher.most + 1)[:, None]).mean(axis=1)


def _small(share: float) -> str:
    return f"{100 * share:.2g} %" if share >= 1e-4 else f"{share:.1g}"
