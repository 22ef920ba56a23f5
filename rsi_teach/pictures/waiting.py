"""Chapter 14: the floor under old evidence, when to wait, and a gate before the loop."""

from __future__ import annotations

from functools import cache
from typing import Any

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
    Slider,
    Toggle,
    percent,
    readable,
)
from rsi_teach.models import loop, waiting
from rsi_teach.models.waiting import Gate, News, Rivals, Stakes


def _rate(value: float) -> str:
    """A failure rate in per cent, to two digits."""
    return f"{float(f'{100 * value:.2g}'):g} %"


class Floor(Explorer):
    """However many versions pass, the bound never comes down to what is required."""

    tests = Slider(10, 10_000, 100, label="tests per version, all passed", log=True)
    kept = Slider(0.0, 0.98, 0.5, label="a test counts for the next version, δ", step=0.02)
    unsure = Slider(0.0, 0.3, 0.2, label="how unsure we are of δ", unit="±", step=0.05)
    required = Slider(0.0001, 0.1, 0.01, label="failure rate required", log=True)
    reverses_at = {"kept": 0.8}
    size = (8.2, 3.8)

    versions = np.arange(1, 41)
    shares = np.linspace(0, 0.98, 50)

    def draw(self, figure: Any) -> None:
        """The bound against versions on the left, tests needed against δ on the right."""
        left, right = figure.subplots(1, 2, width_ratios=(3, 2))
        x = self.versions
        left.set(xlim=(1, 40), ylim=(1e-9, 1), yscale="log", xlabel="version")
        left.set_ylabel("95 % bound on its failure rate")
        left.set_title("every version passes every test", fontsize=9.5)
        left.minorticks_off()
        self.band = left.fill_between(x, 1e-3, 1e-2, color=BLUE, alpha=0.3, lw=0)
        (self.all,) = left.plot(x, x, color=GREY, ls=":")
        (self.falls,) = left.plot(x, x, color=BLUE, lw=2.5)
        (self.honest,) = left.plot(x, x, color=GREEN, ls="--")
        (self.line,) = left.plot(x, x, color=VERMILLION, ls="-.")
        for place, (words, colour) in enumerate((
            ("— counted δ a version, and its band", BLUE),
            ("- - δ as the chance of no change, in the end", GREEN),
            ("···· all tests counted", GREY),
            ("-·- required", VERMILLION),
        )):  # fmt: skip
            left.text(2, 6e-7 / 5.5**place, words, color=readable(colour), fontsize=9)
        right.set(xlim=(-0.03, 1), ylim=(0.7, 1e5), yscale="log", xlabel="a test counts, δ")
        right.set_ylabel("tests per version")
        right.set_title("needed so that it is ever shown", fontsize=9.5)
        right.minorticks_off()
        (self.need,) = right.plot(self.shares, self.shares, color=BLUE, lw=2.5)
        (self.need_more,) = right.plot(self.shares, self.shares, color=GREEN, ls="--")
        (self.here,) = right.plot([0.5], [100], "o", color=VERMILLION, ms=9, mfc="white", mew=2)

    def update(self, tests: int, kept: float, unsure: float, required: float) -> str:
        """Everything is exact here."""
        ends = np.clip([kept - unsure, kept + unsure], 0, 0.99)
        bounds = [waiting.discounted_bound(tests, share, self.versions) for share in ends]
        self.band.set_data(self.versions, *bounds)
        self.falls.set_ydata(waiting.discounted_bound(tests, kept, self.versions))
        self.all.set_ydata(waiting.discounted_bound(tests * self.versions, 0))
        honest = float(waiting.inherited_bound(tests, kept))
        self.honest.set_ydata(np.full(len(self.versions), honest))
        self.line.set_ydata(np.full(len(self.versions), required))
        self.need.set_ydata(waiting.needed_tests(required, self.shares))
        passes = 1 - waiting.inherited_bound(1, self.shares)
        self.need_more.set_ydata(np.maximum(np.log(passes) / np.log1p(-required), 1))
        self.here.set_data([kept], [tests])
        floor = float(waiting.discounted_bound(tests, kept))
        need = float(waiting.needed_tests(required, kept))
        worth = float(waiting.effective_tests(tests, kept))
        most, least = (_rate(float(waiting.discounted_bound(tests, share))) for share in ends)
        band = f" ({most} to {least} for δ from {ends[0]:.2g} to {ends[1]:.2g})" if unsure else ""
        return (
            f"With {tests:,} tests per version no version ever stands on more than {worth:,.0f}: "
            f"the bound stays above {_rate(floor)}{band}. Required is {_rate(required)}, and that "
            f"takes {need:,.0f} test{'s' * (need > 1)} per version. If δ is the chance that "
            f"nothing changed, the honest floor is {_rate(honest)}."
        )

    def headline(self, tests: int, kept: float, unsure: float, required: float) -> bool:
        """The floor is above what is required."""
        return float(waiting.discounted_bound(tests, kept)) > required


MARKS = (("x", GREY, "× stay out"), ("o", VERMILLION, "○ go now"), ("s", BLUE, "□ wait"))
"""How each choice is drawn, in the order of `waiting.CHOICES`."""


class Regions(Explorer):
    """Waiting a year for news is worth more than going now and more than staying out."""

    loss = Slider(0.1, 100.0, 5.0, label="loss if it fails, value = 1", log=True)
    rate = Slider(0.005, 2.0, 0.05, label="cost of delay", unit="per year", log=True)
    safe = Slider(0.5, 0.99, 0.9, label="chance that it is safe", step=0.01)
    wrong = Slider(0.0, 0.5, 0.0, label="news is wrong", unit="of the time", step=0.02)
    hazard = Slider(0.0, 3.0, 0.1, label="others go", unit="per year", step=0.05)
    shared = Toggle(label="their failure hits us too")
    reverses_at = {"hazard": 1.0}
    size = (8.2, 3.9)

    rates = np.geomspace(0.005, 2, 25)
    losses = np.geomspace(0.1, 100, 21)

    def draw(self, figure: Any) -> None:
        """The map on the left, the three values on the right."""
        left, right = figure.subplots(1, 2, width_ratios=(3, 2))
        left.set(xlim=(0.0043, 2.3), ylim=(0.085, 300), xscale="log", yscale="log")
        left.set(xlabel="cost of delay (per year)", ylabel="loss if it fails (value = 1)")
        left.set_xticks([0.01, 0.1, 1], ["0.01", "0.1", "1"])
        left.set_yticks([0.1, 1, 10, 100], ["0.1", "1", "10", "100"])
        left.minorticks_off()
        self.marks = []
        for place, (mark, colour, words) in enumerate(MARKS):
            face = "none" if mark != "x" else colour
            (points,) = left.plot([1], [1], mark, color=colour, ms=4.5, mfc=face, mew=1.2)
            left.text(0.0055 * 9**place, 165, words, color=readable(colour))
            self.marks.append(points)
        (self.here,) = left.plot([1], [1], "*", color=ORANGE, ms=17, mec="black", mew=0.8)
        right.set(xlim=(-1.05, 1.3), ylim=(2.6, -0.6), xlabel="expected value, cut at −1")
        right.set_yticks(range(3), waiting.CHOICES)
        right.set_xticks([-1, -0.5, 0, 0.5, 1])
        right.axvline(0, color=GREY, lw=0.8)
        right.set_title("at the star", fontsize=9.5)
        self.bars = list(right.barh(range(3), [1.0] * 3, 0.5, color=[m[1] for m in MARKS]))
        self.words = [right.text(1.28, y, "", va="center", ha="right") for y in range(3)]

    def update(self, loss: float, rate: float, safe: float, wrong: float, hazard: float,
               shared: bool) -> str:  # fmt: skip
        """Choose at every point of the map."""
        news = News(catches=1 - wrong, false_alarm=wrong)
        rivals = Rivals(hazard=hazard, shared=float(shared))
        bets = Stakes(safe=safe, loss=self.losses[:, None], rate=self.rates)
        best = waiting.best_of_three(bets, 1.0, news=news, rivals=rivals)
        for code, points in enumerate(self.marks):
            row, column = np.nonzero(best == code)
            points.set_data(self.rates[column], self.losses[row])
        self.here.set_data([rate], [loss])
        values = self._values(loss, rate, safe, wrong, hazard, shared)
        for bar, words, value in zip(self.bars, self.words, values, strict=True):
            bar.set_width(max(value, -1))
            words.set_text(f"{value:.2f}".replace("-", "−"))
        choice = waiting.CHOICES[int(np.argmax(values))]
        return (
            f"Going now is worth {values[1]:.2f}, waiting a year {values[2]:.2f}, staying out "
            f"{values[0]:.2f}, where success is worth 1: the best is to {choice}. Of the map's "
            f"settings, waiting is best at {percent(np.mean(best == 2))}, going at "
            f"{percent(np.mean(best == 1))}, staying out at {percent(np.mean(best == 0))}."
        )

    def headline(self, loss: float, rate: float, safe: float, wrong: float, hazard: float,
                 shared: bool) -> bool:  # fmt: skip
        """Waiting is the largest of the three."""
        values = self._values(loss, rate, safe, wrong, hazard, shared)
        return values[2] > max(values[:2])

    @staticmethod
    def _values(loss: float, rate: float, safe: float, wrong: float, hazard: float,
                shared: bool) -> list[float]:  # fmt: skip
        bet = Stakes(safe=safe, loss=loss, rate=rate)
        rivals = Rivals(hazard=hazard, shared=float(shared))
        news = News(catches=1 - wrong, false_alarm=wrong)
        wait = waiting.wait(bet, 1.0, news=news, rivals=rivals)
        values = waiting.stay_out(bet, rivals=rivals), waiting.go_now(bet), wait
        return [float(value) + 0.0 for value in values]  # no minus before a zero


GENERATIONS, RUNS = 60, 150
THRESHOLDS = np.arange(21) / 20
SIZES = {f"{items} items": items for items in (10, 30, 100, 300)}
"""What a learner chooses from, and the items that it stands for."""


@cache
def gated(items: int) -> tuple[np.ndarray, np.ndarray]:
    """A loop behind gates of all thresholds, with the same noise, kept once it is made.

    Parameters
    ----------
    items : int
        In a generation's test.

    Returns
    -------
    array [thresholds, 2, runs], array [thresholds, generations + 1, runs]
        What was lost by opening late and by opening early, and alignment.
    """
    noise = np.random.default_rng(14).random((GENERATIONS, 5, RUNS))
    made = [
        waiting.simulate_gated(loop.Loop(), Gate(threshold=float(t), tests=items), noise)
        for t in THRESHOLDS
    ]
    return np.array([waiting.gate_errors(m) for m in made]), np.array([m.alignment for m in made])


class Thresholds(Explorer):
    """A gate that is always open and one that is shut cost half as much again as the best one."""

    threshold = Slider(0.0, 1.0, 0.65, label="opens if the lower bound reaches", step=0.05)
    items = Choice(SIZES, label="test in every generation", default="100 items")
    price = Slider(0.1, 10.0, 1.0, label="price of standing still, loss of all alignment = 1",
                   log=True)  # fmt: skip
    reverses_at = {"price": 10.0}
    size = (8.2, 3.9)

    def draw(self, figure: Any) -> None:
        """The cost against the threshold on the left, alignment on the right."""
        left, right = figure.subplots(1, 2, width_ratios=(3, 2))
        x = THRESHOLDS
        left.set(xlim=(0, 1), ylim=(0.03, 40), yscale="log")
        left.set(xlabel="threshold of the lower bound", ylabel="cost")
        left.set_yticks([0.1, 0.3, 1, 3, 10], ["0.1", "0.3", "1", "3", "10"])
        left.minorticks_off()
        left.set_title(f"mean of {RUNS} runs; band: middle 90 %", fontsize=9.5)
        self.flat = left.axvspan(0.4, 0.6, color=GREEN, alpha=0.18, lw=0)
        self.band = left.fill_between(x, 0.1, 0.2, color=BLUE, alpha=0.2, lw=0)
        (self.late,) = left.plot(x, x, color=ORANGE, ls="--")
        (self.early,) = left.plot(x, x, color=VERMILLION, ls=":")
        (self.cost,) = left.plot(x, x, color=BLUE, lw=2.5)
        for place, (words, colour) in enumerate((
            ("— cost: both together", BLUE),
            ("- - too late: standing still, times its price", ORANGE),
            ("···· too early: alignment lost", VERMILLION),
            ("▒ within a tenth of the least", GREEN),
        )):  # fmt: skip
            left.text(0.03, 25 / 1.55**place, words, color=readable(colour), fontsize=9)
        (self.here,) = left.plot([0.5], [0.5], "o", color=BLUE, ms=9, mfc="white", mew=2)
        time = np.arange(GENERATIONS + 1)
        right.set(xlim=(0, GENERATIONS), ylim=(0, 1.02), xlabel="generation")
        right.set_ylabel("alignment that is left")
        right.set_title("at this threshold; band: middle 90 %", fontsize=9.5)
        self.paths = [right.plot(time, time, color=GREY, lw=0.6, alpha=0.7)[0] for _ in range(5)]
        self.fan = right.fill_between(time, 0, 1, color=PURPLE, alpha=0.25, lw=0)
        (self.mean,) = right.plot(time, time, color=PURPLE, lw=2.5)
        for many in SIZES.values():
            gated(many)

    def update(self, threshold: float, items: str, price: float) -> str:
        """Reweigh what was simulated once."""
        errors, alignment = gated(SIZES[items])
        costs = price * errors[:, 0] + errors[:, 1]
        ranked, mean = np.sort(costs, axis=1), costs.mean(axis=1)
        ends = (RUNS // 20, RUNS - RUNS // 20 - 1)
        self.band.set_data(THRESHOLDS, *(np.maximum(ranked[:, end], 1e-3) for end in ends))
        self.cost.set_ydata(mean)
        self.late.set_ydata(np.maximum(price * errors[:, 0].mean(axis=1), 1e-3))
        self.early.set_ydata(np.maximum(errors[:, 1].mean(axis=1), 1e-3))
        good = THRESHOLDS[mean <= 1.1 * mean.min()]
        self.flat.set_x(good[0] - 0.01)
        self.flat.set_width(np.ptp(good) + 0.02)
        place = round(20 * threshold)
        self.here.set_data([threshold], [mean[place]])
        time, now = np.arange(GENERATIONS + 1), np.sort(alignment[place], axis=1)
        for path, run in zip(self.paths, alignment[place].T, strict=False):
            path.set_ydata(run)
        self.fan.set_data(time, now[:, ends[0]], now[:, ends[1]])
        self.mean.set_ydata(now.mean(axis=1))
        late, early = errors[place].mean(axis=1)
        return (
            f"At threshold {threshold:.2f} the loop stands still for {percent(late)} of the time "
            f"and is without {percent(early)} of its alignment on average: cost {mean[place]:.2f}. "
            f"Always open costs {mean[0]:.2f}, shut {mean[-1]:.2f}, the best {mean.min():.2f} at "
            f"{THRESHOLDS[mean.argmin()]:.2f}; within a tenth of that: {good[0]:.2f} to "
            f"{good[-1]:.2f}."
        )

    def headline(self, threshold: float, items: str, price: float) -> bool:
        """Both ends cost at least half as much again as the best."""
        errors, _ = gated(SIZES[items])
        mean = (price * errors[:, 0] + errors[:, 1]).mean(axis=1)
        return bool(min(mean[0], mean[-1]) >= 1.5 * mean.min())
