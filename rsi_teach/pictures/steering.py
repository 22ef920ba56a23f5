"""Chapter 03: the map of stable gains, the loop that outruns its review, and memory."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np

from rsi_teach.explorer import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    VERMILLION,
    Explorer,
    Slider,
    readable,
)
from rsi_teach.models import steering

BEYOND = 50.0
"""Where a deviation that has left the picture is held, so that no line runs to infinity."""


class DelayedCorrection(Explorer):
    """This gain settles the deviation if it acts at once, and never if it acts this late."""

    gain = Slider(0.02, 2.0, 0.4, label="gain, share taken off", log=True)
    delay = Slider(0, 12, 5, label="delay", unit="generations")
    growth = Slider(0.9, 1.15, 1.0, label="growth without correction", unit="×", step=0.01)
    reverses_at = {"gain": 0.15}
    size = (8.2, 3.6)

    length = 60
    noise = np.random.default_rng(0).normal(0, 0.05, (length, 200))
    delays = np.arange(13)

    def draw(self, figure: Any) -> None:
        """The map on the left, the response on the right."""
        left, right = figure.subplots(1, 2, width_ratios=(2, 3))
        left.set(yscale="log", xlim=(-0.5, 12.5), ylim=(0.02, 3), xlabel="delay (generations)")
        left.set_ylabel("gain")
        ticks = (0.02, 0.05, 0.1, 0.2, 0.5, 1, 2)
        left.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
        left.minorticks_off()
        edge = np.ones(13)
        self.region = left.fill_between(self.delays, edge, edge, color=BLUE, alpha=0.15, lw=0)
        (self.high,) = left.plot(self.delays, edge, "o-", color=VERMILLION, ms=4)
        (self.calm,) = left.plot(self.delays, edge, "s:", color=GREEN, ms=3, lw=1.4)
        (self.low,) = left.plot(self.delays, edge, "--", color=GREY, lw=1.4)
        left.set_xticks(range(0, 13, 3))
        _key(
            left, ("● never settles above", VERMILLION), ("■ settles without a swing below", GREEN)
        )
        (self.here,) = left.plot([5], [0.4], "D", color=BLACK, ms=8, mec="white", clip_on=False)
        time = np.arange(self.length + 1)
        right.set(xlim=(0, self.length), ylim=(-3, 3), xlabel="generation")
        right.set_ylabel("deviation from the aim")
        right.axhline(0, color=GREY, lw=0.8)
        self.band = right.fill_between(time, 0, 1, color=BLUE, alpha=0.2, lw=0)
        (self.line,) = right.plot(time, time, color=BLUE)
        (self.prompt,) = right.plot(time, time, color=BLACK, lw=1.4, ls="--")
        _key(right, ("— at this delay; band: 5–95 % of noisy runs", BLUE),
             ("- - the same gain, at once", BLACK))  # fmt: skip

    def update(self, gain: float, delay: int, growth: float) -> str:
        """Draw the map for this growth and the response with the noise that was drawn once."""
        self._map(growth)
        self.here.set_data([delay], [gain])
        still = np.zeros((self.length, 1))
        for line, age in ((self.line, delay), (self.prompt, 0)):
            path = steering.simulate(still, gain=gain, delay=age, growth=growth)
            line.set_ydata(_held(path[:, 0]))
        runs = steering.simulate(self.noise, gain=gain, delay=delay, growth=growth)
        low, high = _held(np.quantile(runs, [0.05, 0.95], axis=1))
        self.band.set_data(np.arange(self.length + 1), low, high)
        root = steering.dominant_root(delay, gain, growth)
        window = steering.stabilising_gains(delay, growth)
        return f"At a gain of {gain:.3g} and a delay of {delay} {self._course(root)}; " + (
            "no gain at all is stable here."
            if window is None
            else f"stable are the gains from {max(window[0], 0):.3g} to {window[1]:.3g}."
        )

    def _map(self, growth: float) -> None:
        windows = [steering.stabilising_gains(int(d), growth) for d in self.delays]
        low, high = np.array([(math.nan, math.nan) if w is None else w for w in windows]).T
        low = np.maximum(low, 0.001)
        calm = steering.overshoot_free_gain(self.delays, growth)
        self.high.set_ydata(high)
        self.low.set_ydata(low)
        inside = ~np.isnan(high)
        self.calm.set_ydata(np.where(inside, calm, math.nan))
        self.region.set_data(self.delays[inside], low[inside], high[inside])

    @staticmethod
    def _course(root: complex) -> str:
        """What the deviation does in the end, from its dominant root."""
        size = abs(root)
        change = f"is multiplied by {size:.3g} in each generation"
        if root.imag == 0 and root.real >= 0:
            return f"the deviation {change}, without swinging"
        period = 2 * math.pi / abs(np.angle(root))
        return f"the deviation swings with a period of {period:.3g} generations and {change}"

    def headline(self, gain: float, delay: int, growth: float) -> bool:
        """Stable at no delay, unstable at this one."""
        tolerated = steering.longest_delay(gain, growth)
        return 0 <= tolerated < delay


def _key(axes: Any, above: tuple[str, str], below: tuple[str, str]) -> Any:
    """Write in two lines over the axes what is drawn in them; return the lower one."""
    for y, (words, colour) in ((1.095, above), (1.02, below)):
        text = axes.text(0, y, words, color=readable(colour), transform=axes.transAxes)
    return text


def _held(values: np.ndarray) -> np.ndarray:
    return np.clip(values, -BEYOND, BEYOND)


class OutrunningReview(Explorer):
    """A correction that is stable at the start is no longer stable forty generations later."""

    review = Slider(0.0, 30.0, 14.0, label="a review takes", unit="days", step=0.5)
    shrink = Slider(0.8, 1.0, 0.9, label="a generation, over the one before", step=0.01)
    gain = Slider(0.05, 0.9, 0.4, label="gain, share taken off", step=0.01)
    reverses_at = {"shrink": 1.0}
    size = (8.2, 3.6)

    length = 40
    noise = np.random.default_rng(0).normal(0, 0.05, (length, 200))

    def draw(self, figure: Any) -> None:
        """The climbing delay on the left, the deviation on the right."""
        left, right = figure.subplots(1, 2)
        time = np.arange(self.length)
        left.set(xlim=(0, self.length), ylim=(-0.5, 20.5), xlabel="generation")
        left.set_ylabel("age of what is seen (generations)")
        left.set_yticks(range(0, 21, 5))
        (self.stairs,) = left.step(time, time, where="post", color=BLUE)
        self.limit = left.axhline(0, color=VERMILLION, ls="--", lw=1.4)
        self.words = _key(left, ("— the delay of the review", BLUE), (" ", VERMILLION))
        time = np.arange(self.length + 1)
        right.set(xlim=(0, self.length), ylim=(-3, 3), xlabel="generation")
        right.set_ylabel("deviation from the aim")
        right.axhline(0, color=GREY, lw=0.8)
        self.band = right.fill_between(time, 0, 1, color=BLUE, alpha=0.2, lw=0)
        (self.line,) = right.plot(time, time, color=BLUE)
        self.crossings = [axes.axvline(-1, color=BLACK, ls=":", lw=1.4) for axes in (left, right)]
        self.mark = _key(right, ("— without noise; band: 5–95 % of noisy runs", BLUE),
                         (" ", BLACK))  # fmt: skip

    def update(self, review: float, shrink: float, gain: float) -> str:
        """Follow the delay and the deviation with the noise that was drawn once."""
        pace, delays = self._pace(review, shrink)
        self.stairs.set_ydata(np.minimum(delays, 25))
        tolerated = steering.longest_delay(gain)
        self.limit.set_ydata([min(tolerated + 0.5, 40)] * 2)
        beyond = ", off the scale" * (tolerated > 20)
        self.words.set_text(
            f"- - longest stable delay: {tolerated:.0f}{beyond}" if tolerated >= 0
            else "no delay is stable"
        )  # fmt: skip
        still = np.zeros((self.length, 1))
        self.line.set_ydata(_held(steering.simulate(still, gain=gain, delay=delays)[:, 0]))
        runs = steering.simulate(self.noise, gain=gain, delay=delays)
        low, high = _held(np.quantile(runs, [0.05, 0.95], axis=1))
        self.band.set_data(np.arange(self.length + 1), low, high)
        critical = steering.critical_generation(pace, review=review, gain=gain)
        shown = critical if critical <= self.length else -1
        for line in self.crossings:
            line.set_xdata([shown, shown])
        self.mark.set_text(
            f"·· unstable from generation {critical:.0f} on" if shown >= 0
            else f"stable for {self.length} generations"
        )  # fmt: skip
        return self._words(pace, delays, gain, critical)

    def _words(self, pace: steering.Pace, delays: np.ndarray, gain: float, critical: float) -> str:
        seen = (
            f"The review lags by {delays[0]} generation{'' if delays[0] == 1 else 's'} at first "
            f"and by {delays[-1]} in generation {self.length - 1}"
        )
        tolerated = steering.longest_delay(gain)
        if critical == 0:
            return f"{seen}; a gain of {gain:.3g} is too strong from the start."
        safe = f"a gain of {gain:.3g} is stable up to a delay of {tolerated:.0f}"
        if critical > self.length:
            return f"{seen}; {safe}, which it does not pass in these {self.length} generations."
        day = float(steering.elapsed(pace, int(critical)))
        return f"{seen}; {safe}, which is passed in generation {critical:.0f}, on day {day:.0f}."

    def _pace(self, review: float, shrink: float) -> tuple[steering.Pace, np.ndarray]:
        pace = steering.Pace(cycle=14, shrink=shrink, floor=0.1)
        generations = np.arange(self.length)
        return pace, steering.delay_at(pace, review=review, generation=generations)

    def headline(self, review: float, shrink: float, gain: float) -> bool:
        """Stable in generation 0 and not in generation 40 or before."""
        pace, _ = self._pace(review, shrink)
        return 0 < steering.critical_generation(pace, review=review, gain=gain) <= self.length


class Memory(Explorer):
    """With memory of what it ordered, a correction settles that without memory cannot."""

    delay = Slider(0, 20, 10, label="delay", unit="generations")
    growth = Slider(1.0, 1.15, 1.05, label="growth without correction", unit="×", step=0.01)
    error = Slider(-10, 10, 0, label="believed growth is off by", unit="%")
    reverses_at = {"delay": 20, "error": 8}
    size = (8.2, 3.6)

    length = 60
    strength = 0.5
    noise = np.random.default_rng(0).normal(0, 0.05, (length, 200))
    errors = np.arange(-10.0, 11.0)

    def draw(self, figure: Any) -> None:
        """Responses on the left, on the right what an error in the model costs."""
        left, right = figure.subplots(1, 2, width_ratios=(3, 2))
        time = np.arange(self.length + 1)
        left.set(xlim=(0, self.length), ylim=(-4, 4), xlabel="generation")
        left.set_ylabel("deviation from the aim")
        left.axhline(0, color=GREY, lw=0.8)
        self.band = left.fill_between(time, 0, 1, color=BLUE, alpha=0.2, lw=0)
        (self.line,) = left.plot(time, time, color=BLUE)
        (self.plain,) = left.plot(time, time, color=VERMILLION, ls="--", lw=1.4)
        _key(left, ("— with memory; band: 5–95 % of noisy runs", BLUE),
             ("- - the same gain without memory", VERMILLION))  # fmt: skip
        right.set(xlim=(-10.5, 10.5), ylim=(0.45, 1.3), xlabel="believed growth is off by (%)")
        right.set_ylabel("factor per generation in the end")
        right.axhline(1, color=GREY, ls=":", lw=1.4)
        _key(right, ("— with memory", BLUE), ("·· above 1 the deviation grows", GREY))
        (self.curve,) = right.plot(self.errors, self.errors, color=BLUE)
        (self.here,) = right.plot([0], [1], "D", color=BLACK, ms=8, mec="white", clip_on=False)

    def update(self, delay: int, growth: float, error: int) -> str:
        """Simulate both corrections with the noise that was drawn once."""
        gain = growth - self.strength
        believed = growth * (1 + error / 100)
        loop = {"gain": gain, "delay": delay, "growth": growth}
        still = np.zeros((self.length, 1))
        runs = steering.simulate_with_memory(self.noise, **loop, believed=believed)
        low, high = _held(np.quantile(runs, [0.05, 0.95], axis=1))
        self.band.set_data(np.arange(self.length + 1), low, high)
        alone = steering.simulate_with_memory(still, **loop, believed=believed)[:, 0]
        self.line.set_ydata(_held(alone))
        self.plain.set_ydata(_held(steering.simulate(still, **loop)[:, 0]))
        curve = [self._radius(delay, growth, float(off)) for off in self.errors]
        self.curve.set_ydata(curve)
        radius = self._radius(delay, growth, error)
        self.here.set_data([error], [min(radius, 1.3)])
        plain = abs(steering.dominant_root(delay, gain, growth))
        return (
            f"At a delay of {delay} and a growth of {growth:.3g}, believed to be {believed:.3g}, a "
            f"gain of {gain:.3g} multiplies the deviation by {radius:.3g} in each generation in "
            f"the end if it remembers what it has ordered, and by {plain:.3g} if it does not."
        )

    @classmethod
    @cache
    def _radius(cls, delay: int, growth: float, error: float) -> float:
        believed = growth * (1 + error / 100)
        gain = growth - cls.strength
        return steering.memory_radius(delay, gain, growth=growth, believed=believed)

    def headline(self, delay: int, growth: float, error: int) -> bool:
        """It settles with memory, and would not without."""
        plain = abs(steering.dominant_root(delay, growth - self.strength, growth))
        return self._radius(delay, growth, error) < 1 <= plain
