"""Chapter 01: the three regimes, the stage clock, and the window that decides a doubling time."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.stats import norm

from rsi_teach.explorer import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    VERMILLION,
    Explorer,
    Slider,
    Toggle,
    percent,
    readable,
)
from rsi_teach.models import progress

LN2 = np.log(2)
POINTER = {"arrowstyle": "-", "lw": 0.8}


class Regimes(Explorer):
    """The median draw feeds on itself and ends in finite time."""

    returns = Slider(0.5, 3.0, 1.4, label="returns to research, r", step=0.05)
    spread = Slider(0.0, 0.8, 0.35, label="how unsure, sd of ln r", step=0.05)
    parallel = Slider(0.1, 0.9, 0.3, label="parallel research, p", step=0.05)
    reverses_at = {"returns": 0.7}

    draws = norm.ppf((np.arange(199) + 0.5) / 199)
    shown = np.linspace(4, 194, 20).astype(int)
    time = np.linspace(0, 40, 201)

    def draw(self, figure: Any) -> None:
        """Paths of the level on the left, when it ends on the right."""
        left, right = figure.subplots(1, 2, width_ratios=(3, 2))
        left.set(yscale="log", xlim=(0, 40), ylim=(1, 1e9), ylabel="level (today = 1)")
        left.set_xlabel("time (in today's doubling times)")
        flat = np.ones_like(self.time)
        self.paths = [left.plot(self.time, flat, color=GREY, lw=0.7, alpha=0.7)[0]
                      for _ in self.shown]  # fmt: skip
        (self.median,) = left.plot(self.time, flat, color=BLUE, lw=2.5)
        left.plot(self.time, 2**self.time, color=BLACK, lw=1.2, ls="--")
        left.annotate("r = 1", (26, 2.0**26), (29.5, 2e6), arrowprops=POINTER)
        self.label = left.set_title(" ", color=readable(BLUE))
        right.set(xlim=(0, 40), ylim=(0, 1.02), xlabel="time (in today's doubling times)")
        right.set_ylabel("share of draws past t*")
        (self.ended,) = right.step([0, 40], [0, 0], where="post", color=VERMILLION)
        self.cap = right.axhline(0, color=VERMILLION, lw=1.2, ls=":")
        self.words = right.set_title(" ", color=readable(VERMILLION))

    def update(self, returns: float, spread: float, parallel: float) -> str:
        """Spread the returns around their median and follow every draw."""
        drawn = returns * np.exp(spread * self.draws)
        exponents = np.clip(parallel * (1 - 1 / drawn), -0.95, None)
        today = progress.IdeaProduction(returns=1 + parallel * (1 - 1 / returns), rate=LN2)
        levels = progress.level_paths(today, time=self.time, returns=1 + exponents[self.shown])
        for path, level in zip(self.paths, levels.T, strict=True):
            path.set_ydata(level)
        self.median.set_ydata(progress.level(today, time=self.time))
        self.label.set_text(f"— the median, r = {returns:.3g}, and twenty draws")
        ends = np.sort(1 / (LN2 * np.maximum(exponents, 1e-9)))
        share = np.mean(drawn > 1)
        self.ended.set_data([0, *ends], np.arange(200) / 199)
        self.cap.set_ydata([share, share])
        self.words.set_text(f"⋯ {percent(share)} of draws have r > 1")
        end = progress.time_to_singularity(today)
        return f"{self._median(returns, end)}; {percent(share)} of the draws have r above one, " + (
            f"and {percent(np.mean(ends <= 40))} of all draws are past their t* within forty."
        )

    @staticmethod
    def _median(returns: float, end: float) -> str:
        if np.isfinite(end):
            return f"At the median the model ends {end:.1f} of today's doubling times from now"
        if returns < 1:
            return "At the median every doubling takes longer than the last, without end"
        return "At the median progress doubles at a steady pace for ever"

    def headline(self, returns: float, spread: float, parallel: float) -> bool:
        """The median draw runs away."""
        return returns > 1


class StageClock(Explorer):
    """The slowest stage is one that people do."""

    machine = Slider(
        1.0, 1000.0, 10.0, label="proposing and testing, faster by", unit="×", log=True
    )
    people = Slider(1.0, 100.0, 1.0, label="review, faster by", unit="×", log=True)
    reverses_at = {"machine": 1.5, "people": 1.0}
    size = (8.2, 3.2)

    stages = ("proposing", "testing", "review", "deploying")
    colours = (BLUE, ORANGE, VERMILLION, GREEN)
    days = np.array([5.0, 10.0, 3.0, 1.0])

    def draw(self, figure: Any) -> None:
        """Two clocks on the left, the law and its ceiling on the right."""
        left, right = figure.subplots(1, 2, width_ratios=(3, 2))
        left.set(xlim=(0, 20.5), ylim=(-0.6, 1.75), xlabel="from idea to new version (days)")
        left.set_yticks([1, 0], ["before", "after"])
        left.set_xticks(range(0, 20, 5))
        self.bars, self.names = [], []
        for row in (1, 0):
            bars = left.barh([row] * 4, self.days, 0.5, self._starts(self.days),
                             color=self.colours, edgecolor="white")  # fmt: skip
            names = [left.text(0, row + 0.31, stage, ha="left", fontsize=9.5)
                     for stage in self.stages]  # fmt: skip
            if row:
                for name, start in zip(names, self._starts(self.days), strict=True):
                    name.set_x(start)
                names[3].set_x(17.75)
            else:
                self.bars, self.name = list(bars), names[0]
                for name in names[1:]:
                    name.remove()
        right.set(xscale="log", yscale="log", xlim=(1, 1000), ylim=(1, 200))
        right.set(xlabel="proposing and testing, faster by", ylabel="whole loop, faster by")
        self.grid = np.geomspace(1, 1000, 80)
        right.plot(self.grid, self.grid, color=GREY, lw=1, ls=":")
        right.text(25, 60, "all stages", rotation=52, color=GREY, ha="center", va="center")
        (self.law,) = right.plot(self.grid, self.grid, color=BLUE)
        self.cap = right.axhline(1, color=VERMILLION, ls="--", lw=1.2)
        self.words = right.text(950, 1, "", ha="right", va="bottom", color=readable(VERMILLION))
        (self.here,) = right.plot([1], [1], "o", color=BLUE, ms=9, mec="white", clip_on=False)

    def update(self, machine: float, people: float) -> str:
        """Divide each stage's days and lay them end to end."""
        after = progress.time_shares(self.days, self._speed(machine, people))
        total = progress.cycle_time(self.days, self._speed(machine, people))
        widths = after * total
        slowest = progress.bottleneck(self.days, self._speed(machine, people))
        for bar, start, width in zip(self.bars, self._starts(widths), widths, strict=True):
            bar.set(x=start, width=width)
        place = self._starts(widths)[slowest]
        self.name.set(x=min(place, 14), text=f"{self.stages[slowest]}: the bottleneck")
        whole = [progress.overall_speedup(self.days, self._speed(x, people)) for x in self.grid]
        self.law.set_ydata(whole)
        faster = progress.overall_speedup(self.days, self._speed(machine, people))
        ceiling = progress.overall_speedup(self.days, self._speed(1e9, people))
        self.here.set_data([machine], [faster])
        self.cap.set_ydata([ceiling, ceiling])
        self.words.set(y=ceiling, text=f"ceiling {ceiling:.3g}×")
        return (
            f"From idea to new version takes {total:.3g} days instead of {self.days.sum():g}, "
            f"a speed-up of {faster:.3g}; the slowest stage is {self.stages[slowest]}, "
            f"{percent(after[slowest])} of the time, and no machine speed gets past "
            f"{ceiling:.3g} times."
        )

    def headline(self, machine: float, people: float) -> bool:
        """The slowest stage is one that people do."""
        return progress.bottleneck(self.days, self._speed(machine, people)) >= 2

    @staticmethod
    def _speed(machine: float, people: float) -> np.ndarray:
        return np.array([machine, machine, people, 1.0])

    @staticmethod
    def _starts(widths: np.ndarray) -> np.ndarray:
        return np.concatenate([[0.0], np.cumsum(widths)[:-1]])


class Window(Explorer):
    """This window's doubling time is at most two thirds of that of all years."""

    start = Slider(2019.0, 2024.5, 2024.0, label="fit models released from", step=0.25)
    records = Toggle(False, label="only models that set a record")
    reverses_at = {"start": 2019.0}
    size = (8.2, 3.8)

    def draw(self, figure: Any) -> None:
        """Horizons and fit on the left, the doubling time of every window on the right."""
        self.all = progress.time_horizons()
        left, right = figure.subplots(1, 2, width_ratios=(3, 2))
        years = _years(self.all.released)
        error = [self.all.p50 - self.all.p50_low, self.all.p50_high - self.all.p50]
        left.errorbar(years, self.all.p50, error, fmt="none", ecolor=GREY, elinewidth=1, alpha=0.7)
        left.set(yscale="log", xlim=(2018.8, 2027.3), ylim=(1e-3, 2e4), xlabel="release date")
        left.set_ylabel("task length at 50 % success")
        left.set_yticks([1 / 60, 1, 60, 480, 2400], ["1 s", "1 min", "1 h", "1 day", "1 week"])
        left.minorticks_off()
        left.set_xticks(range(2019, 2028, 2))
        (self.out,) = left.plot(years, self.all.p50, "o", ms=6, color=GREY, mfc="white")
        (self.used,) = left.plot(years, self.all.p50, "o", ms=6, color=BLUE)
        (self.fit,) = left.plot([2019, 2027], [1, 1], color=BLUE)
        (self.beyond,) = left.plot([2019, 2027], [1, 1], color=BLUE, ls="--", lw=1.4)
        right.set(xlim=(2018.8, 2024.7), ylim=(0, 330), xlabel="window begins")
        right.set_ylabel("doubling time (days)")
        right.set_xticks(range(2019, 2025))
        self.starts = np.array(self.controls["start"].stops())
        self.band = right.fill_between(self.starts, 0, 1, color=BLUE, alpha=0.2, lw=0)
        (self.line,) = right.plot(self.starts, self.starts, color=BLUE)
        (self.here,) = right.plot([2024], [108], "o", color=BLUE, ms=9, mec="white")
        right.axhline(212, color=VERMILLION, ls="--", lw=1.2)
        right.text(2018.95, 300, "published: 212 days", color=readable(VERMILLION))
        right.annotate("", (2019.6, 214), (2019.6, 294),
                       arrowprops={"arrowstyle": "->", "color": VERMILLION})  # fmt: skip

    def update(self, start: float, records: bool) -> str:
        """Fit the window and every other one."""
        fits = [self._fit(first, records) for first in self.starts]
        days, sd = np.array([[fit.days, fit.days_se] for fit, _ in fits]).T
        self.band.set_data(
            self.starts, np.maximum(days - 2 * sd, 0), np.minimum(days + 2 * sd, 330)
        )
        self.line.set_ydata(days)
        fit, used = self._fit(start, records)
        years = _years(used.released)
        self.used.set_data(years, used.p50)
        self.here.set_data([start], [fit.days])
        for line, (first, last) in (
            (self.fit, (years[0], years[-1])),
            (self.beyond, (2018.8, 2027.3)),
        ):
            ends = np.array([first, last])
            line.set_data(ends, fit.minutes(_dates(ends)))
        week = (2027.0, float(fit.minutes(_dates(np.array([2027.0])))[0]))
        return (
            f"The {len(used)} models released from {_month(start)} on give a doubling time of "
            f"{fit.days:.0f} days (standard error {fit.days_se:.0f}); carried on to {week[0]:.0f} "
            f"that would be tasks of {_length(week[1])}."
        )

    def headline(self, start: float, records: bool) -> bool:
        """The window's doubling time is at most two thirds of that of all years."""
        everything = self._fit(self.controls["start"].low, records)[0].days
        return self._fit(start, records)[0].days <= everything * 2 / 3

    @staticmethod
    def _fit(start: float, records: bool) -> tuple[Any, Any]:
        models = progress.time_horizons()
        models = progress.running_max(models) if records else models
        inside = progress.released_between(models, _month(start) + "-01", "2025-05-01")
        return progress.doubling_time(inside.released, inside.p50), inside


def _years(dates: np.ndarray) -> np.ndarray:
    return 1970 + dates.astype("datetime64[D]").astype(float) / 365.2425


def _dates(years: np.ndarray) -> np.ndarray:
    return np.round((years - 1970) * 365.2425).astype("datetime64[D]")


def _month(year: float) -> str:
    return f"{int(year)}-{round((year % 1) * 12) + 1:02d}"


def _length(minutes: float) -> str:
    """Working time in words, with eight-hour days."""
    for unit, size in (("working weeks", 2400), ("working days", 480), ("hours", 60)):
        if minutes >= size:
            return f"{minutes / size:.2g} {unit}"
    return f"{minutes:.2g} minutes"
