"""Chapter 16: how little a record shows, and intervals that adapt to a drifting machine.

``python -m rsi_teach.pictures.calibration`` runs the machine anew, 24 times sixty generations, and
writes the record that the pictures show. A test compares.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
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
    percent,
    readable,
)
from rsi_teach.models import calibration
from rsi_teach.models.testing import clopper_pearson

GENERATIONS = 60
SEEDS = range(12)
RUNS_RECORD = Path(__file__).with_name("calibration_runs.npz")
PARTS = ("visible", "deployed")
WARM_UP = 10
"""Generations whose gap is known before the first interval is stated."""
CHANGE = "errors of changing size"
WATCHED = {
    "the machine, both permissions": "both",
    "the machine, learning settings": "recursive",
}
"""What a learner chooses from, and the preset's name in `rsi_teach.machine`."""


@cache
def gaps(preset: str) -> np.ndarray:
    """Visible score minus deployed accuracy of the recorded runs.

    Parameters
    ----------
    preset : str
        One of the values of `WATCHED`.

    Returns
    -------
    array [generations, runs]
    """
    with np.load(RUNS_RECORD) as record:
        return (record[f"{preset}/visible"] - record[f"{preset}/deployed"]).T


def run_once(preset: str, seed: int, generations: int = GENERATIONS) -> tuple[np.ndarray, ...]:
    """Run the machine once for the record.

    Parameters
    ----------
    preset : str
    seed : int
    generations : int

    Returns
    -------
    two arrays [generations]
        Visible score and deployed accuracy.
    """
    made = machine.run(machine.PRESETS[preset], seed=seed, generations=generations)
    return made.visible, made.deployed


class HowLittle(Explorer):
    """The record is long enough to show that these intervals hold less often than promised."""

    width = Slider(0.2, 2.5, 0.4, label="stated width over honest width", step=0.05)
    bias = Slider(-1.5, 1.5, 0.0, label="bias", unit="sd", step=0.1)
    questions = Slider(5, 2000, 30, label="questions of each kind", log=True)
    reverses_at = {"width": 0.8}
    size = (8.2, 3.8)

    bins = 5
    normals = np.random.default_rng(0).standard_normal((2000, 1))
    uniforms = np.random.default_rng(1).random((2, 2000, 1))

    def draw(self, figure: Any) -> None:
        """The reliability curve on the left, the hit rate on the right."""
        left, right = figure.subplots(1, 2, width_ratios=(1, 1))
        left.set(xlim=(-4, 104), ylim=(-4, 136), xlabel="what was stated [%]")
        left.set_yticks([0, 20, 40, 60, 80, 100])
        left.set_ylabel("how often it happened [%]")
        left.plot([0, 50, 100], [0, 50, 100], color=GREY, ls=":", lw=1.4)
        self.bars = left.vlines(np.arange(5) * 20 + 10.0, 0, 100, color=BLUE, lw=2)
        (self.found,) = left.plot([0], [0], "o", color=BLUE, ms=7)
        (self.truth,) = left.plot([0], [0], color=VERMILLION, ls="--")
        for y, words, colour in (
            (130, "o this record; bar: what it fits", BLUE),
            (121, "- - with endless questions", VERMILLION),
            (112, "··· as stated", GREY),
        ):
            left.text(-2, y, words, color=readable(colour), fontsize=9.5, va="center")
        right.set(xlim=(-2, 102), ylim=(-0.75, 1.3))
        right.set_xlabel("share of 90 % intervals that hold [%]")
        right.set_yticks([])
        right.spines["left"].set_visible(False)
        right.axvline(90, color=GREEN, ls=":", lw=2)
        right.text(88, 1.17, "··· promised", color=readable(GREEN), ha="right")
        right.text(0, 0.95, "o this record; bar: what it fits", color=readable(BLUE), fontsize=9.5)
        right.text(0, -0.62, "▼ with endless questions", color=readable(VERMILLION), fontsize=9.5)
        self.band = right.hlines([0], 0, [1], color=BLUE, lw=3)
        (self.hit,) = right.plot([0], [0], "o", color=BLUE, ms=9)
        (self.real,) = right.plot([0], [0.35], "v", color=VERMILLION, ms=9)
        self.words = right.text(50, -0.3, "", color=readable(BLUE), ha="center")

    def update(self, width: float, bias: float, questions: int) -> str:
        """Ask the forecaster the first so many of the questions that were drawn once."""
        made = calibration.Forecaster(width=width, bias=bias)
        hits, (low, high) = self._hits(made, questions)
        self.band.set_segments([[[100 * low, 0], [100 * high, 0]]])
        self.hit.set_data([100 * hits / questions], [0])
        rate = calibration.hit_rate(made)
        self.real.set_data([100 * rate], [0.35])
        self.words.set_text(f"{hits} of {questions}: fits {100 * low:.0f} to {100 * high:.0f} %")
        self.words.set_x(min(max(50 * (low + high), 26), 58))
        stated, happened = calibration.simulate_probabilities(made, self.uniforms[:, :questions])
        curve = calibration.reliability_curve(stated[:, 0], happened[:, 0], bins=self.bins)
        ends = 100 * curve.interval()
        x = 100 * curve.stated
        self.bars.set_segments([
            [(at, one), (at, other)] for at, (one, other) in zip(x, ends, strict=True)
        ])  # fmt: skip
        self.found.set_data(x, 100 * curve.happened)
        self.truth.set_data(100 * made.stated, 100 * calibration.TRUE)
        open_still = int(np.sum((ends[:, 0] <= x) & (x <= ends[:, 1])))
        return (
            f"After {questions} questions {hits} intervals held, which fits any hit rate from "
            f"{percent(low)} to {percent(high)}; with endless questions it would be "
            f"{percent(rate)}. Of {len(x)} groups of probabilities {open_still} cannot be told "
            f"from what was stated; the mean Brier score is "
            f"{np.mean((stated - happened) ** 2):.3f}, and "
            f"{calibration.expected_components(made).brier:.3f} in the long run."
        )

    def headline(self, width: float, bias: float, questions: int) -> bool:
        """The 90 % interval for the hit rate lies below 90 %."""
        made = calibration.Forecaster(width=width, bias=bias)
        return self._hits(made, questions)[1][1] < 0.9

    def _hits(
        self, made: calibration.Forecaster, questions: int
    ) -> tuple[int, tuple[float, float]]:
        """Intervals that held, and what that leaves open."""
        (low, high), truth = calibration.simulate_intervals(made, self.normals[:questions])
        hits = int(np.sum((low <= truth) & (truth <= high)))
        ends = clopper_pearson(hits, questions, confidence=0.9)
        return hits, (float(ends[0]), float(ends[1]))


class Adaptive(Explorer):
    """After the change a fixed interval misses at least twice as often as one that adapts."""

    watched = Choice([CHANGE, *WATCHED], label="what is predicted")
    scale = Slider(0.5, 4.0, 2.0, label="errors grow by a factor of", step=0.1)
    gamma = Slider(0.002, 0.5, 0.05, label="step of the adaptation, gamma", log=True)
    reverses_at = {"gamma": 0.002}
    size = (8.2, 3.8)

    change = 30
    time = np.arange(WARM_UP, GENERATIONS) + 1
    noise = np.clip(np.random.default_rng(16).standard_normal((GENERATIONS - WARM_UP, 400)), -8, 8)

    def draw(self, figure: Any) -> None:
        """Misses of the last ten generations on the left, intervals without end on the right."""
        left, right = figure.subplots(1, 2, width_ratios=(1, 1))
        left.set(xlim=(WARM_UP, GENERATIONS), ylim=(-0.02, 1.34), xlabel="generation")
        left.set_ylabel("share of misses, last ten generations")
        left.axhline(0.1, color=GREY, ls=":", lw=1.4)
        self.marks = [
            axes.axvline(0, ymax=0.74, color=GREY, lw=1, alpha=0.7) for axes in (left, right)
        ]
        (self.fixed,) = left.plot(self.time, self.time, color=VERMILLION, ls="--")
        (self.adapted,) = left.plot(self.time, self.time, color=BLUE)
        for y, words, colour in (
            (1.27, "- - fixed interval", VERMILLION),
            (1.18, "— adaptive interval", BLUE),
            (1.09, "··· promised", GREY),
        ):
            left.text(11, y, words, color=readable(colour), fontsize=9.5, va="center")
        right.set(xlim=(WARM_UP, GENERATIONS), ylim=(-0.02, 1.34), xlabel="generation")
        right.set_ylabel("share of adaptive intervals")
        for axes in (left, right):
            axes.set_yticks([0, 0.2, 0.4, 0.6, 0.8, 1])
        (self.infinite,) = right.plot(self.time, self.time, color=PURPLE)
        (self.empty,) = right.plot(self.time, self.time, color=ORANGE, ls="-.")
        right.text(11, 1.27, "— infinite: promise nothing", color=readable(PURPLE), fontsize=9.5,
                   va="center")  # fmt: skip
        right.text(11, 1.18, "-·- empty: sure to miss", color=readable(ORANGE), fontsize=9.5,
                   va="center")  # fmt: skip
        self.words = right.set_title(" ", fontsize=9.5, color=BLACK)

    def update(self, watched: str, scale: float, gamma: float) -> str:
        """Let both kinds of interval run over the same errors."""
        levels, missed, fixed, least = _adapted(watched, scale, gamma)
        for line, misses in ((self.fixed, fixed), (self.adapted, missed)):
            line.set_ydata(_recent(misses.mean(axis=1)))
        endless = (levels < least[:, None] - 1e-9).mean(axis=1)
        self.infinite.set_ydata(endless)
        self.empty.set_ydata((levels >= 1).mean(axis=1))
        start = self.change if watched == CHANGE else WARM_UP
        for mark in self.marks:
            mark.set_xdata([start, start])
        after = self.time > start
        every = len(self.time)
        bound = float(calibration.adaptation_bound(every, gamma=gamma))
        sure = f"± {100 * bound:.0f} points" if bound < 0.9 else "nothing"
        self.words.set_text(f"what is guaranteed over all {every} intervals: {sure}")
        return (
            f"With {watched}, over {after.sum()} generations: a fixed 90 % interval misses "
            f"{percent(fixed[after].mean())}. One that adapts, by {gamma:g} a step, misses "
            f"{percent(missed[after].mean())}; {percent(endless[after].mean())} of these "
            f"are infinite. Over all {every} intervals the theorem guarantees "
            f"{sure}."
        )

    def headline(self, watched: str, scale: float, gamma: float) -> bool:
        """The fixed interval misses at least twice as often as the adaptive one."""
        _, missed, fixed, _ = _adapted(watched, scale, gamma)
        after = self.time > (self.change if watched == CHANGE else WARM_UP)
        return bool(fixed[after].mean() >= 2 * missed[after].mean() > 0)


def _adapted(watched: str, scale: float, gamma: float) -> tuple[np.ndarray, ...]:
    """Levels and misses of adaptive intervals, misses of fixed ones, and the least finite level."""
    if watched == CHANGE:
        sizes = np.where(Adaptive.time > Adaptive.change, scale, 1.0)
        p = first = calibration.scaled_p_values(Adaptive.noise, sizes)
        least = np.full(len(p), 1e-8)
    else:
        p, first = machine_p_values(WATCHED[watched])
        least = 1 / (Adaptive.time.astype(float))
    levels, missed = calibration.adaptive_levels(p, gamma=gamma)
    return levels[:-1], missed, first <= 0.1, least


@cache
def machine_p_values(preset: str) -> tuple[np.ndarray, np.ndarray]:
    """Where each gap of the recorded runs stands among all earlier ones, and among the first ten.

    Parameters
    ----------
    preset : str
        One of the values of `WATCHED`.

    Returns
    -------
    two arrays [generations - 10, runs]
    """
    scores = np.abs(gaps(preset))
    past, first = (
        calibration.p_values(scores, warm_up=WARM_UP, reference=reference)
        for reference in ("past", "first")
    )
    return past, first


def _recent(share: np.ndarray, window: int = 10) -> np.ndarray:
    """Mean of the last ten values, of fewer at the beginning."""
    total = np.concatenate([[0], np.cumsum(share)])
    end = np.arange(1, len(share) + 1)
    start = np.maximum(end - window, 0)
    return (total[end] - total[start]) / (end - start)


def main() -> None:
    """Run the machine and write the record anew."""
    record = {}
    for preset in WATCHED.values():
        made = [run_once(preset, seed) for seed in SEEDS]
        for place, part in enumerate(PARTS):
            record[f"{preset}/{part}"] = np.array([run[place] for run in made])
        print(preset, *(record[f"{preset}/{part}"][:, -1].mean() for part in PARTS))
    np.savez_compressed(RUNS_RECORD, **record)


if __name__ == "__main__":
    main()
