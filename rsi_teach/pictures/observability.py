"""Chapter 15: a part that hardly shows, readings that get lost, and a loop faster than its study.

Also here: what the lab's instruments see of the machine's genes (`sensitivity`).
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from rsi_teach import machine
from rsi_teach.explorer import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    VERMILLION,
    Choice,
    Explorer,
    Slider,
    percent,
    readable,
)
from rsi_teach.models import observability
from rsi_teach.models.observability import Plant, Study

NINE_IN_TEN = 1.645
"""Standard deviations to each side of the mean that hold the middle 90 %."""


class Hidden(Explorer):
    """The rank test says observable, and most of the hidden part's spread stays unexplained."""

    shows = Slider(0.0, 1.5, 0.03, label="how much of it the reading shows", step=0.01)
    sensor = Slider(0.1, 10.0, 1.0, label="error of a reading", unit="sd", log=True)
    keeps = Slider(0.9, 1.01, 1.0, label="the hidden part is multiplied by", step=0.01)
    level = Slider(0.0, 2.0, 1.0, label="the first part is held at", step=0.1)
    reverses_at = {"shows": 0.3}
    size = (8.2, 3.7)

    steps = 100
    rng = np.random.default_rng(0)
    noise = rng.standard_normal((steps, 2, 1))
    misread = rng.standard_normal(steps + 1)

    def draw(self, figure: Any) -> None:
        """One run and what is known of it on the left, every reading's share on the right."""
        left, right = figure.subplots(1, 2, width_ratios=(3, 2))
        time = np.arange(self.steps + 1)
        left.set(xlim=(0, self.steps), ylim=(-45, 80), xlabel="step", ylabel="the hidden part")
        self.spread = left.fill_between(time, 0, 1, color=GREY, alpha=0.18, lw=0)
        self.band = left.fill_between(time, 0, 1, color=BLUE, alpha=0.3, lw=0)
        (self.guess,) = left.plot(time, time, color=BLUE, lw=1.2)
        (self.truth,) = left.plot(time, time, color=VERMILLION, ls="--")
        _legend(left, (
            (0, 1, "- - one run's hidden part", VERMILLION),
            (0.52, 1, "grey: 90 % of all runs", GREY),
            (0, 0, "— its best estimate, and a 90 % band", BLUE),
        ))  # fmt: skip
        self.grid = np.linspace(0, 1.5, 31)
        right.set(xlim=(-0.08, 1.58), ylim=(0, 1.03))
        right.set_xlabel("how much of it the reading shows")
        right.set_ylabel("share of spread unexplained")
        right.set_title("after 100 readings; ○ rank 1", fontsize=9.5)
        (self.curve,) = right.plot(self.grid, self.grid, color=GREEN)
        (self.blind,) = right.plot([0, 0], [0, 0], "o", color=GREY, ms=8, mfc="white", mew=1.5)
        (self.here,) = right.plot([0], [0], "D", color=VERMILLION, ms=8, mfc="white", mew=2)

    def update(self, shows: float, sensor: float, keeps: float, level: float) -> str:
        """Filter the run that was drawn once; bands and curve are exact."""
        pair = observability.hidden_pair(shows=shows, keeps=keeps)
        push = [0.1 * level]
        states = observability.simulate_states(pair, self.noise, push=push)[:, :, 0]
        mean, covariance = observability.state_moments(pair, self.steps, push=push)
        errors = observability.error_covariances(pair, self.steps, sensor=sensor**2)
        readings = states @ pair.c[0] + sensor * self.misread
        guess = _estimates(pair, errors, readings, push, sensor**2)
        time, half = np.arange(self.steps + 1), NINE_IN_TEN * np.sqrt(errors[:, 1, 1])
        wide = NINE_IN_TEN * np.sqrt(covariance[:, 1, 1])
        self.spread.set_data(time, mean[:, 1] - wide, mean[:, 1] + wide)
        self.band.set_data(time, guess - half, guess + half)
        self.guess.set_ydata(guess)
        self.truth.set_ydata(states[:, 1])
        blind = (keeps - 0.9) / 0.1
        shares = self._left([*self.grid, 0.0, blind, shows], sensor, keeps)
        self.curve.set_ydata(shares[:-3])
        self.blind.set_data([0, blind], shares[-3:-1])
        self.here.set_data([shows], shares[-1:])
        rank = observability.observable_rank(pair)
        return (
            f"The rank is {rank} of 2: {'observable' if rank == 2 else 'not observable'}. After "
            f"{self.steps} readings the error of the best estimate has a standard deviation of "
            f"{np.sqrt(errors[-1, 1, 1]):.1f}, {percent(shares[-1])} of the {wide[-1] / 1.645:.1f} "
            f"that the hidden part has without any reading. On average it has gone to "
            f"{mean[-1, 1]:.1f}."
        )

    def headline(self, shows: float, sensor: float, keeps: float, level: float) -> bool:
        """Full rank, and more than half of the spread unexplained."""
        pair = observability.hidden_pair(shows=shows, keeps=keeps)
        left = self._left([shows], sensor, keeps)[0]
        return observability.observable_rank(pair) == 2 and bool(left > 0.5)

    def _left(self, shows: list[float], sensor: float, keeps: float) -> np.ndarray:
        return observability.left_unknown(shows, self.steps, keeps=keeps, sensor=sensor**2)


def _estimates(
    pair: observability.System, errors: np.ndarray, readings: np.ndarray, push: list[float],
    sensor: float,
) -> np.ndarray:  # fmt: skip
    """What Kalman's filter predicts of the second part, before each reading."""
    seen = errors @ pair.c[0]
    gains = seen / (seen @ pair.c[0] + sensor)[:, None]
    guess, second = np.zeros(2), []
    for gain, reading in zip(gains, readings, strict=True):
        second.append(guess[1])
        guess = pair.a @ (guess + gain * (reading - pair.c[0] @ guess)) + pair.b[:, 0] * push[0]
    return np.array(second)


def _legend(axes: Any, entries: tuple[tuple[float, int, str, str], ...]) -> None:
    """Set words above the axes, in two rows, where no line can run through them."""
    axes.set_title(" \n ", fontsize=9.5)
    for x, row, words, colour in entries:
        axes.text(x, 1.02 + 0.065 * row, words, color=readable(colour), fontsize=9.5,
                  transform=axes.transAxes)  # fmt: skip


class Arrivals(Explorer):
    """The typical run looks calm while the mean error variance has no bound."""

    growth = Slider(1.02, 2.0, 1.25, label="an unseen error grows by, a", unit="a step", step=0.01)
    arrival = Slider(0.05, 0.95, 0.3, label="a reading arrives with probability", step=0.01)
    sensor = Slider(0.1, 10.0, 1.0, label="error variance of a reading", log=True)
    runs = Slider(10, 1000, 300, label="runs in the sample", log=True)
    reverses_at = {"arrival": 0.7}
    size = (8.2, 3.7)

    steps, shown, calm = 100, 10, 20
    noise = np.random.default_rng(0).random((steps, 1000))

    def draw(self, figure: Any) -> None:
        """The error variance in time on the left, where it settles on the right."""
        left, right = figure.subplots(1, 2, width_ratios=(3, 2))
        time = np.arange(self.steps + 1)
        left.set(xlim=(0, self.steps), ylim=(0.5, 1e7), yscale="log", xlabel="step")
        left.set_ylabel("error variance")
        left.minorticks_off()
        self.paths = [left.plot(time, time + 1, color=GREY, lw=0.6, alpha=0.7)[0]
                      for _ in range(self.shown)]  # fmt: skip
        self.band = left.fill_between(time, 1, 2, color=GREEN, alpha=0.3, lw=0)
        (self.mean,) = left.plot(time, time + 1, color=VERMILLION, ls="--")
        (self.median,) = left.plot(time, time + 1, color=BLUE, lw=2.5)
        _legend(left, (
            (0, 1, "— median of the sample", BLUE),
            (0.5, 1, "- - mean of the sample", VERMILLION),
            (0, 0, "band: exact bounds of the mean", GREEN),
        ))  # fmt: skip
        self.grid = np.linspace(0, 1, 201)
        right.set(xlim=(0, 1), ylim=(0.5, 2e7), yscale="log", xlabel="arrival probability")
        right.set_ylabel("error variance, settled")
        right.minorticks_off()
        right.set_title("× mean, ○ median of the sample\n ", fontsize=9.5)
        self.settled = right.fill_between(self.grid, 1, 2, color=GREEN, alpha=0.3, lw=0)
        (self.lower,) = right.plot(self.grid, self.grid + 1, color=GREEN, lw=1.2)
        self.critical = right.axvline(0.36, color=ORANGE, ls="-.", lw=1.5)
        self.words = right.text(0, 1.02, " ", color=readable(ORANGE), fontsize=9.5,
                                transform=right.transAxes)  # fmt: skip
        (self.sampled,) = right.plot([0], [1], "X", color=VERMILLION, ms=9, mfc="white", mew=1.5)
        (self.typical,) = right.plot([0], [1], "o", color=BLUE, ms=8, mfc="white", mew=2)

    def update(self, growth: float, arrival: float, sensor: float, runs: int) -> str:
        """Run with the arrivals that were drawn once; the bounds are exact."""
        plant = Plant(growth=growth, sensor=sensor)
        variance = observability.simulate_variances(plant, self.noise[:, :runs], arrival=arrival)
        for path, run in zip(self.paths, variance.T, strict=False):
            path.set_ydata(run)
        below, above = observability.mean_bounds(plant, self.steps, arrival=arrival)
        self.band.set_data(np.arange(self.steps + 1), below, above * 1.02)
        mean, median = variance.mean(axis=1), np.median(variance, axis=1)
        self.mean.set_ydata(mean)
        self.median.set_ydata(median)
        low, high = observability.settled_bounds(plant, self.grid)
        self.settled.set_data(self.grid, np.minimum(low, 1e9), np.minimum(high, 1e9))
        self.lower.set_ydata(np.minimum(low, 1e9))
        critical = float(observability.critical_arrival(growth))
        self.critical.set_xdata([critical, critical])
        self.words.set_text(f"-·- critical {critical:.2f}")
        self.sampled.set_data([arrival], [min(mean[-1], 9e6)])
        self.typical.set_data([arrival], [min(median[-1], 9e6)])
        ends = [float(end[0]) for end in observability.settled_bounds(plant, [arrival])]
        said = (
            f"settles between {_short(ends[0])} and {_short(ends[1])}"
            if arrival > critical
            else "grows without bound"
        )
        return (
            f"At a growth of {growth:.3g} the critical arrival probability is {critical:.2f}, and "
            f"at {arrival:.2f} the true mean {said}. After {self.steps} steps {runs} "
            f"runs have a median of {_short(median[-1])} and a mean of {_short(mean[-1])}, where "
            f"the true mean is between {_short(below[-1])} and {_short(above[-1])}."
        )

    def headline(self, growth: float, arrival: float, sensor: float, runs: int) -> bool:
        """At or below the critical probability, with a settled median of at most 20."""
        unbounded = arrival <= float(observability.critical_arrival(growth))
        _, high = observability.settled_quantile(
            Plant(growth=growth, sensor=sensor), 0.5, arrival=arrival
        )
        return unbounded and bool(high <= self.calm)


def _short(number: float) -> str:
    if number >= 1e6:
        return f"10^{np.log10(number):.0f}"
    return f"{number:,.0f}" if number >= 20 else f"{number:.2g}"


class Pace(Explorer):
    """Each cycle adds more to what we do not know than is learned meanwhile."""

    growth = Slider(1.05, 4.0, 1.5, label="a cycle multiplies the unknown by", step=0.05)
    rate = Slider(0.02, 1.0, 0.2, label="understanding", unit="bits a day", log=True)
    cycle = Slider(0.2, 20.0, 2.0, label="one cycle takes", unit="days", log=True)
    pause = Slider(0, 60, 20, label="a pause of", unit="days")
    how = Choice(["once", "every 10 cycles"], label="the loop pauses")
    reverses_at = {"cycle": 4.0}
    size = (8.2, 3.7)

    cycles, first, novelty = 80, 20, 0.01

    def draw(self, figure: Any) -> None:
        """What is not known on the left, the fastest cycle for every growth on the right."""
        left, right = figure.subplots(1, 2, width_ratios=(3, 2))
        time = np.arange(self.cycles + 1)
        left.set(xlim=(0, self.cycles), ylim=(0.005, 1e5), yscale="log", xlabel="cycle")
        left.set_ylabel("what is not known (start = 1)")
        left.minorticks_off()
        self.band = left.fill_between(time, 1, 2, color=BLUE, alpha=0.2, lw=0)
        (self.plain,) = left.plot(time, time + 1, color=GREY, ls=":")
        (self.paused,) = left.plot(time, time + 1, color=BLUE, lw=2.5)
        self.cursor = left.axvline(self.first, color=ORANGE, lw=1.2, ls="-.")
        _legend(left, (
            (0, 1, "— with pause; band: growth ± 10 %", BLUE),
            (0, 0, "···· without", GREY),
            (0.3, 0, "-·- the (first) pause", ORANGE),
        ))  # fmt: skip
        self.grid = np.linspace(1.001, 4.15, 80)
        right.set(xlim=(0.9, 4.15), ylim=(0.16, 60), yscale="log")
        right.set_xlabel("a cycle multiplies the unknown by")
        right.set_ylabel("days per cycle")
        days = [0.2, 0.5, 1, 2, 5, 10, 20, 50]
        right.set_yticks(days, [f"{day:g}" for day in days])
        right.minorticks_off()
        self.fast = right.fill_between(self.grid, 0.1, 1, color=VERMILLION, alpha=0.15, lw=0)
        (self.limit,) = right.plot(self.grid, self.grid, color=VERMILLION, ls="--")
        right.set_title("shaded: faster than it is understood", fontsize=9.5)
        (self.here,) = right.plot([1], [1], "D", color=BLUE, ms=8, mfc="white", mew=2)

    def update(self, growth: float, rate: float, cycle: float, pause: int, how: str) -> str:
        """Everything here is exact."""
        study, every = Study(growth=growth, rate=rate, cycle=cycle), self._every(how)
        bits = observability.study_bits(
            study, self.cycles, pause=pause, first=self.first, every=every
        )
        low, middle, high = (self._widths(bits, growth * off) for off in (0.9, 1.0, 1.1))
        time = np.arange(self.cycles + 1)
        self.band.set_data(time, low, high)
        self.paused.set_ydata(middle)
        plain = self._widths(observability.study_bits(study, self.cycles), growth)
        self.plain.set_ydata(plain)
        rest = pause / 10 if every else 0.0
        limits = np.maximum(observability.fastest_cycle(self.grid, rate) - rest, 0.05)
        self.fast.set_data(self.grid, np.full(len(limits), 0.05), limits)
        self.limit.set_ydata(limits)
        self.here.set_data([growth], [cycle])
        fastest = float(observability.fastest_cycle(growth, rate, pause=rest))
        need, have = np.log2(growth), rate * (cycle + rest)
        bought = float(observability.cycles_bought(study, pause))
        tail = (
            f"To keep pace a cycle must take more than {_days(fastest)} days."
            if fastest > 0
            else "With these pauses the loop may run at any speed."
        )
        if not every and np.isfinite(bought):
            tail += (
                f" One pause brings {rate * pause:.2g} bits, which are used up after "
                f"about {_short(bought)} cycles."
            )
        return (
            f"Each cycle adds {need:.2g} bits to what is not known, and {have:.2g} are learned per "
            f"cycle{', pauses included' if every else ''}. After {self.cycles} cycles what is not "
            f"known is {_short(middle[-1])} times the start, without a pause {_short(plain[-1])} "
            f"times. {tail}"
        )

    def headline(self, growth: float, rate: float, cycle: float, pause: int, how: str) -> bool:
        """The bits that a cycle needs are more than those that it gets on average."""
        rest = pause / 10 if self._every(how) else 0.0
        return bool(np.log2(growth) > rate * (cycle + rest))

    @staticmethod
    def _every(how: str) -> int:
        return 0 if how == "once" else 10

    def _widths(self, bits: np.ndarray, growth: float) -> np.ndarray:
        return observability.interval_widths(bits, growth=growth, novelty=self.novelty)


def _days(number: float) -> str:
    return f"{number:,.0f}" if number >= 10 else f"{number:.2g}"


MOVES = {"bandwidth": 0.8, "ridge": 1.5, "contrast": 0.2, "stamp": 0.3, "replay": 0.5}
"""By how much each gene is moved; the first three by about a fifth or a half of their value."""
WELL_TUNED = machine.Genome(bandwidth=4.0, ridge=3.0)
"""A version whose learning settings are good: nothing to be gained from them nearby."""


@cache
def sensitivity(worlds: int = 8) -> dict[str, np.ndarray]:
    """Move one gene of a well-tuned version at a time and see what three instruments say.

    Parameters
    ----------
    worlds : int
        Labs, with their own images, labels and random features; at least 2.

    Returns
    -------
    dict of array [3, worlds]
        For each gene the change of the visible score and of deployed accuracy, and the share of
        visible answers that change when an image comes with another stamp; all in points.
    """
    return {gene: np.transpose([_changes(gene, seed) for seed in range(worlds)]) for gene in MOVES}


def _changes(gene: str, seed: int) -> list[float]:
    world = machine.draw_world(machine.Lab(), seed)
    moved = WELL_TUNED.changed(**{gene: getattr(WELL_TUNED, gene) + MOVES[gene]})
    (seen, real, _), (seen_after, real_after, swapped) = (
        _instruments(genome, world) for genome in (WELL_TUNED, moved)
    )
    return [100 * (seen_after - seen), 100 * (real_after - real), 100 * swapped]


def _instruments(genome: machine.Genome, world: machine.World) -> tuple[float, float, float]:
    exam = world.lab.visible
    trial = machine.experiment(genome, world.lab, exam)
    swapped = np.mean(trial.reader.read(exam) != trial.reader.read(exam.restamped()))
    deployed = world.deployment.accuracy(trial.reader.read(world.deployment.images))
    return trial.visible, deployed, float(swapped)
