"""Chapter 09: what a clean window leaves open, censored lives, and faults in flight."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from scipy.special import pdtrik

from rsi_teach.explorer import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    VERMILLION,
    Choice,
    Explorer,
    Slider,
    percent,
    readable,
)
from rsi_teach.models import survival
from rsi_teach.models.survival import Stream, Weibull

HORIZON = 100
"""Days that a deployed version is to last."""


class CleanWindow(Explorer):
    """After a clean window a failure within a hundred days can still be likelier than not."""

    window = Slider(2, HORIZON, 10, label="clean window", unit="days")
    units = Slider(1, 300, 30, label="units watched", log=True)
    shape = Slider(0.3, 4.0, 1.5, label="shape of the hazard", step=0.1)
    unsure = Slider(1.0, 3.0, 1.5, label="the shape may be off by a factor of", step=0.1)
    reverses_at = {"shape": 0.5}
    size = (8.2, 3.7)

    draws = np.random.default_rng(9).random((2, 1500))
    shown = 15

    def draw(self, figure: Any) -> None:
        """Survival curves that are still possible on the left, the bound by window on the right."""
        left, right = figure.subplots(1, 2)
        self.time = np.linspace(0, HORIZON, 51)
        left.set(xlim=(0, HORIZON), ylim=(0, 1.03), xlabel="days")
        left.set_ylabel("share without failure")
        left.set_title("grey: clean window; median, middle 90 % after it", fontsize=9.5)
        self.clean = left.axvspan(0, 10, color=GREY, alpha=0.2, lw=0)
        self.paths = [left.plot(self.time, self.time, color=GREY, lw=0.6, alpha=0.7)[0]
                      for _ in range(self.shown)]  # fmt: skip
        self.band = left.fill_between(self.time, 0, 1, color=BLUE, alpha=0.2, lw=0)
        (self.middle,) = left.plot(self.time, self.time, color=BLUE, lw=2.5)
        self.windows = np.geomspace(2, HORIZON, 40)
        right.set(xlim=(2, HORIZON), ylim=(0, 1.28), xscale="log", xlabel="clean window (days)")
        right.set_yticks([0, 0.2, 0.4, 0.6, 0.8, 1])
        right.set_xticks([2, 5, 10, 20, 50, 100], ["2", "5", "10", "20", "50", "100"])
        right.minorticks_off()
        right.set_ylabel("share that may fail")
        right.set_title(f"95 % bound for {HORIZON} days, by shape", fontsize=9.5)
        self.bounds = []
        for shape, colour, style, words, x, y in (
            (0.5, GREEN, ":", "···· shape 0.5", 2.2, 1.19),
            (1.0, ORANGE, "--", "- - shape 1", 16, 1.19),
            (2.0, PURPLE, "-.", "-·- shape 2", 2.2, 1.09),
        ):
            (line,) = right.plot(self.windows, self.windows, color=colour, ls=style)
            right.text(x, y, words, color=readable(colour))
            self.bounds.append((shape, line))
        (self.chosen,) = right.plot(self.windows, self.windows, color=VERMILLION, lw=3)
        right.text(16, 1.09, "— chosen shape", color=readable(VERMILLION))
        (self.here,) = right.plot([10], [0.5], "o", color=VERMILLION, ms=9, mfc="white", mew=2)

    def update(self, window: int, units: int, shape: float, unsure: float) -> str:
        """Draw exposures from what a clean window leaves, and shapes around the chosen one."""
        curves = self._curves(window, units, shape, unsure)
        for path, curve in zip(self.paths, curves, strict=False):
            path.set_ydata(curve)
        ranked = np.sort(curves, axis=0)
        low, middle, high = (ranked[int(q * len(ranked))] for q in (0.05, 0.5, 0.95))
        self.band.set_data(self.time, low, high)
        self.middle.set_ydata(middle)
        self.clean.set_width(window)
        for other, line in self.bounds:
            line.set_ydata(self._bound(self.windows, units, other))
        self.chosen.set_ydata(self._bound(self.windows, units, shape))
        bound = float(self._bound(window, units, shape))
        self.here.set_data([window], [bound])
        flat = [float(self._bound(window, units, other)) for other, _ in self.bounds]
        others = ", ".join(percent(value) for value in flat)
        return (
            f"After {window} clean days of {units} unit{'s' * (units > 1)}, the share that may "
            f"fail within {HORIZON} days has a 95 % bound of {percent(bound)} at shape {shape:g}; "
            f"at shapes 0.5, 1 and 2 it is {others}. With the shape unsure, one curve in twenty "
            f"ends below {np.ceil(100 * low[-1] + 1e-9):.0f} %."
        )

    def headline(self, window: int, units: int, shape: float, unsure: float) -> bool:
        """The bound at the chosen shape is above one half."""
        return float(self._bound(window, units, shape)) > 0.5

    def _bound(self, window: Any, units: int, shape: float) -> np.ndarray:
        return survival.clean_bound(units, window=window, time=HORIZON, shape=shape)

    def _curves(self, window: int, units: int, shape: float, unsure: float) -> np.ndarray:
        """Survival with the cumulative hazard at the window's end drawn from Exp(units)."""
        exposure = -np.log1p(-self.draws[0]) / units
        shapes = np.clip(shape * unsure ** (2 * self.draws[1] - 1), 0.1, 10)
        grown = np.exp(shapes[:, None] * np.log(np.maximum(self.time, 1e-9) / window))
        return np.exp(-exposure[:, None] * grown)


HANDLED = {
    "as censored": "counted until today",
    "dropped": "dropped",
    "as failures": "counted as failing today",
}
"""What is done with units that have not failed, in words."""


class Censoring(Explorer):
    """Dropping the units that still run makes a fleet look far worse than it is."""

    how = Choice(survival.HANDLINGS, label="units without failure are", default="dropped")
    units = Slider(10, 100, 40, label="units in the fleet", step=5)
    window = Slider(20, 200, 60, label="the first was started", unit="days ago", step=5)
    shape = Slider(0.4, 3.0, 1.0, label="shape of the hazard", step=0.1)
    reverses_at = {"how": "as censored"}
    size = (8.2, 3.6)

    fleets = 120
    noise = np.random.default_rng(19).uniform(1e-9, 1 - 1e-9, (2, fleets, 100))

    def draw(self, figure: Any) -> None:
        """One fleet's lives on the left, the estimates of many fleets on the right."""
        left, right = figure.subplots(1, 2, width_ratios=(2, 3))
        left.set(xlim=(0, 200), ylim=(-0.03, 1.03), xlabel="age (days)", yticks=[])
        left.set_title("one fleet: × failed, ○ still running", fontsize=9.5)
        (self.lives,) = left.plot([0, 1], [0, 1], color=GREY, lw=0.7)
        (self.failed,) = left.plot([0], [0], "x", color=VERMILLION, ms=5, mew=1.5)
        (self.running,) = left.plot([0], [0], "o", color=BLUE, ms=4, mfc="white", mew=1)
        self.share = np.linspace(0, 1, 31)
        right.set(xlim=(0, 200), ylim=(0, 1.03), xlabel="age (days)")
        right.set_ylabel("share without failure")
        right.set_title(f"true curve, and estimates from {self.fleets} fleets", fontsize=9.5)
        time = self.share * 60
        self.band = right.fill_between(time, 0, 1, color=VERMILLION, alpha=0.2, lw=0)
        (self.middle,) = right.plot(time, time, color=VERMILLION, ls="--", lw=2.5)
        self.age = np.linspace(0, 200, 101)
        (self.truth,) = right.plot(self.age, self.age, color=BLUE)
        right.text(196, 0.95, "— true", color=readable(BLUE), ha="right")
        right.text(
            196, 0.88, "- - estimates: median, middle 90 %", color=readable(VERMILLION), ha="right"
        )

    def update(self, how: survival.Handling, units: int, window: int, shape: float) -> str:
        """Look at the same fleets, rightly or wrongly."""
        life = Weibull(shape=shape, scale=100)
        times, observed = survival.fleet(life, window=window, noise=self.noise[:, :, :units])
        self._lives(times[0], observed[0])
        at = self.share * 0.9 * window
        estimates = self._estimates(times, observed, at, how)
        low, middle, high = np.quantile(estimates, [0.05, 0.5, 0.95], axis=0)
        self.band.set_data(at, low, high)
        self.middle.set_data(at, middle)
        self.truth.set_ydata(survival.survival(life, self.age))
        true = float(survival.survival(life, at[20]))
        limit = float(survival.survival_limit(life, window=window, time=at[20], how=how))
        return (
            f"Of {units} units {percent(observed.mean())} are seen to fail, the others are "
            f"{HANDLED[how]}. {percent(true)} truly get past {at[20]:.0f} days; estimates lie "
            f"between {percent(low[20])} and {percent(high[20])} in nine fleets of ten, and a very "
            f"large fleet would say {percent(limit)}."
        )

    def headline(self, how: survival.Handling, units: int, window: int, shape: float) -> bool:
        """Two thirds of the way in, the limit is off by more than ten points."""
        life, time = Weibull(shape=shape, scale=100), 0.6 * window
        limit = float(survival.survival_limit(life, window=window, time=time, how=how))
        return limit < float(survival.survival(life, time)) - 0.1

    def _lives(self, times: np.ndarray, observed: np.ndarray) -> None:
        height = (np.arange(len(times)) + 0.5) / len(times)
        lines = np.column_stack([0 * times, times, times + np.nan])
        self.lives.set_data(lines.ravel(), np.repeat(height, 3))
        self.failed.set_data(times[observed], height[observed])
        self.running.set_data(times[~observed], height[~observed])

    @staticmethod
    def _estimates(
        times: np.ndarray, observed: np.ndarray, at: np.ndarray, how: survival.Handling
    ) -> np.ndarray:
        if how == "as censored":
            return survival.kaplan_meier_paths(times, observed, at)
        counted = observed | (how == "as failures")
        gone = (times[:, :, None] <= at) & counted[:, :, None]
        return 1 - gone.sum(axis=1) / np.maximum(counted.sum(axis=1), 1)[:, None]


@cache
def kept_noise(generations: int, runs: int) -> np.ndarray:
    """Uniform numbers that stay the same while a slider moves.

    Parameters
    ----------
    generations, runs : int
        At least 1.
    """
    return np.random.default_rng(29).random((2, generations, runs))


def _short(number: float) -> str:
    return f"{number:,.0f}" if number >= 20 else f"{number:.2g}"


SPREADS = {"like a clock": 5.0, "exponential": 1.0, "some very late": 0.5}
"""How detection times are spread, and the shape of their distribution."""


class InFlight(Explorer):
    """On average more than one undetected fault is in the loop, and new versions stand on it."""

    cycle = Slider(0.1, 30.0, 0.5, label="one generation takes", unit="days", log=True)
    detection = Slider(1.0, 60.0, 14.0, label="a fault is found after", unit="days", log=True)
    faults = Slider(0.01, 0.5, 0.1, label="generations with a fault", log=True)
    spread = Choice(SPREADS, label="times to detection", default="exponential")
    reverses_at = {"cycle": 10.0}
    size = (8.2, 3.6)

    generations, runs, shown = 120, 200, 8

    def draw(self, figure: Any) -> None:
        """The faults in flight on the left, the mean and its band against speed on the right."""
        left, right = figure.subplots(1, 2)
        time = np.arange(self.generations + 1)
        left.set(xlim=(0, self.generations), xlabel="generation", ylabel="undetected faults")
        left.set_yscale("symlog", linthresh=1)
        left.set_ylim(0, 100)
        left.set_yticks([0, 1, 3, 10, 30, 100], ["0", "1", "3", "10", "30", "100"])
        left.minorticks_off()
        left.set_title(f"{self.runs} runs: mean, middle 90 %", fontsize=9.5)
        self.paths = [left.plot(time, time, color=GREY, lw=0.7, alpha=0.7)[0]
                      for _ in range(self.shown)]  # fmt: skip
        self.band = left.fill_between(time, 1, 2, color=BLUE, alpha=0.2, lw=0)
        (self.mean,) = left.plot(time, time, color=BLUE, lw=2.5)
        self.cycles = np.geomspace(0.1, 30, 50)
        right.set(xlim=(30, 0.1), ylim=(0.01, 1000), xscale="log", yscale="log")
        right.set(xlabel="days per generation (faster to the right)")
        right.set_xticks([30, 10, 3, 1, 0.3, 0.1], ["30", "10", "3", "1", "0.3", "0.1"])
        right.minorticks_off()
        right.set_ylabel("undetected faults, settled")
        right.set_title("- - mean, up to 95 %; -·- limit for a mean of one", fontsize=9.5)
        self.above = right.fill_between(self.cycles, 1, 2, color=VERMILLION, alpha=0.2, lw=0)
        (self.line,) = right.plot(self.cycles, self.cycles, color=VERMILLION, ls="--", lw=2.5)
        right.axhline(1, color=GREY, lw=1, ls=":")
        self.limit = right.axvline(1, color=GREEN, lw=1.5, ls="-.")
        (self.here,) = right.plot([1], [1], "o", color=VERMILLION, ms=9, mfc="white", mew=2)

    def update(self, cycle: float, detection: float, faults: float, spread: str) -> str:
        """Simulate with the noise that was drawn once; the right-hand side is exact."""
        stream = self._stream(cycle, detection, faults, spread)
        counts = survival.simulate_in_flight(stream, kept_noise(self.generations, self.runs))
        for path, run in zip(self.paths, counts.T, strict=False):
            path.set_ydata(run)
        ranked = np.sort(counts, axis=1)
        low, high = ranked[:, self.runs // 20], ranked[:, -self.runs // 20]
        self.band.set_data(np.arange(self.generations + 1), low, high)
        self.mean.set_ydata(survival.in_flight(stream, np.arange(self.generations + 1)))
        means = faults * detection / self.cycles
        self.line.set_ydata(means)
        self.above.set_data(self.cycles, means, np.maximum(np.ceil(pdtrik(0.95, means)), means))
        fastest = survival.cycle_for_mean(stream, 1.0)
        self.limit.set_xdata([fastest, fastest])
        mean = float(survival.in_flight(stream))
        self.here.set_data([cycle], [mean])
        tainted = float(survival.chance_more_than(stream, 0))
        return (
            f"Found after {detection:.3g} day{'s' * (detection != 1)}, a fault has "
            f"{_short(detection / cycle)} generations built on it. On average {_short(mean)} "
            f"faults are in flight, and there is at least one for {percent(tainted)} of the time. "
            f"To have one on average, a generation must take {_short(fastest)} days."
        )

    def headline(self, cycle: float, detection: float, faults: float, spread: str) -> bool:
        """The settled mean is above one."""
        return float(survival.in_flight(self._stream(cycle, detection, faults, spread))) > 1

    @staticmethod
    def _stream(cycle: float, detection: float, faults: float, spread: str) -> Stream:
        return Stream(cycle=cycle, detection=detection, faults=faults, shape=SPREADS[spread])
