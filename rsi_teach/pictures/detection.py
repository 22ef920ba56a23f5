"""Chapter 11: a cumulative sum and its two lengths, peeking, and the machine's fingerprint."""

from __future__ import annotations

from dataclasses import dataclass
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
from rsi_teach.machine.data import Images
from rsi_teach.machine.reader import Reader, fourier_features
from rsi_teach.models import detection

BURN_IN, WATCHED = 8, 6
"""Generations of the learning settings alone before a grant, and generations after it."""


class Threshold(Explorer):
    """With a false alarm only once in 150 steps, the shift is found within ten on average."""

    threshold = Slider(1.0, 8.0, 4.0, label="threshold, h", unit="sd", step=0.25)
    shift = Slider(0.25, 2.5, 1.0, label="shift", unit="sd", step=0.25)
    slack = Slider(0.25, 1.0, 0.5, label="slack, k", unit="sd", step=0.25)
    reverses_at = {"shift": 0.5}
    size = (8.2, 3.6)

    before, after, runs = 50, 50, 400
    noise = np.random.default_rng(11).standard_normal((before + after, runs))
    heights = np.linspace(1, 8, 29)

    def draw(self, figure: Any) -> None:
        """Cumulative sums on the left, the two exact run lengths on the right."""
        left, right = figure.subplots(1, 2, width_ratios=(3, 2))
        time = np.arange(self.before + self.after + 1)
        left.set(xlim=(0, time[-1]), ylim=(0, 20), xlabel="observation")
        left.set_ylabel("upper sum, sd")
        self.paths = [left.plot(time, time, color=GREY, lw=0.6, alpha=0.7)[0] for _ in range(12)]
        self.band = left.fill_between(time, 0, 1, color=BLUE, alpha=0.2, lw=0)
        (self.middle,) = left.plot(time, time, color=BLUE, lw=2.5)
        self.edge = left.axhline(4, color=VERMILLION, ls="--", lw=2)
        left.axvline(self.before, color=GREY, ls=":", lw=1)
        left.text(self.before - 1, 18.8, "the shift comes", color=GREY, ha="right")
        left.text(1, 17.4, "- - threshold", color=readable(VERMILLION))
        left.set_title("— median of 400 sums, band 5–95 %", color=readable(BLUE))
        right.set(xlim=(0.8, 8.2), ylim=(0.7, 1e8), yscale="log", xlabel="threshold, sd")
        right.set_ylabel("observations, mean")
        (self.false,) = right.plot(self.heights, self.heights, color=VERMILLION, ls="--")
        (self.delay,) = right.plot(self.heights, self.heights, color=BLUE, lw=2.5)
        (self.limit,) = right.plot(self.heights, self.heights, color=ORANGE, ls=":")
        (self.now,) = right.plot([4, 4], [10, 100], "o", color=GREY, mfc="none", mew=1.5)
        for y, words, colour in (
            (3e7, "- - to a false alarm", VERMILLION),
            (8e6, "— from shift to alarm", BLUE),
            (2e6, "··· ln(ARL)/KL", ORANGE),
        ):
            right.text(1, y, words, color=readable(colour))

    def update(self, threshold: float, shift: float, slack: float) -> str:
        """Sum the noise that was drawn once, with the shift put on its second half."""
        sums = _shifted(shift, slack)
        for line, run in zip(self.paths, sums[0], strict=True):
            line.set_ydata(run)
        time = np.arange(self.before + self.after + 1)
        self.band.set_data(time, sums[1][0], sums[1][2])
        self.middle.set_ydata(sums[1][1])
        self.edge.set_ydata([threshold, threshold])
        false, delay, limit = _lengths(shift, slack)
        for line, values in ((self.false, false), (self.delay, delay), (self.limit, limit)):
            line.set_ydata(np.clip(values, 1, 1e9))
        place = int(np.argmin(np.abs(self.heights - threshold)))
        self.now.set_data([threshold, threshold], [min(false[place], 9e7), delay[place]])
        return (
            f"At a threshold of {threshold:g} a false alarm comes once in {_long(false[place])} "
            f"observations on average, and a shift of {shift:g} sd is noticed after "
            f"{_long(delay[place])} (both exact, from an empty sum). The first-order limit would "
            f"be {_long(limit[place])}."
        )

    def headline(self, threshold: float, shift: float, slack: float) -> bool:
        """At least 150 to a false alarm and at most ten to notice."""
        false = float(detection.run_length(threshold, slack=slack))
        return false >= 150 and float(detection.run_length(threshold, shift, slack=slack)) <= 10


def _long(length: float) -> str:
    return f"{length:.1f}" if length < 100 else f"{float(f'{length:.3g}'):,.0f}"


@cache
def _shifted(shift: float, slack: float) -> tuple[np.ndarray, np.ndarray]:
    """Twelve sums, and three quantiles of all of them."""
    values = Threshold.noise.copy()
    values[Threshold.before :] += shift
    sums = np.minimum(detection.cusum(values, slack=slack), 25)
    return sums[:, :12].T.copy(), np.quantile(sums, [0.05, 0.5, 0.95], axis=1)


@cache
def _lengths(shift: float, slack: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """False-alarm length, delay and first-order limit at every threshold."""
    h = Threshold.heights
    one_sided = detection.run_length(h, slack=slack, sides=1)
    return (
        detection.run_length(h, slack=slack),
        detection.run_length(h, shift, slack=slack),
        detection.first_order_delay(one_sided, shift),
    )


class Peeking(Explorer):
    """Peeking at 5 % misleads over one run in ten, a confidence sequence at most one in twenty."""

    looks = Slider(1, 200, 100, label="looks")
    tuned = Slider(5, 200, 50, label="sequence tightest at look", step=5)
    effect = Slider(0.0, 0.5, 0.0, label="true effect", unit="sd", step=0.05)
    reverses_at = {"looks": 1}
    size = (8.2, 3.6)

    most = 200
    sums = np.cumsum(np.random.default_rng(20).standard_normal((most, 2000)), axis=0)

    def draw(self, figure: Any) -> None:
        """Share of runs that were ever significant on the left, the widths on the right."""
        left, right = figure.subplots(1, 2, width_ratios=(3, 2))
        time = np.arange(1, self.most + 1)
        left.set(xlim=(-4, 204), ylim=(-0.02, 1.02), xlabel="looks, one an observation")
        left.set_ylabel("share of runs ever significant")
        right.set(xlim=(-4, 204), ylim=(0, 1), xlabel="looks")
        right.set_ylabel("half width of the interval, sd")
        styles = ((VERMILLION, "--"), (GREEN, "-."), (BLUE, "-"))
        self.shares = [left.plot(time, time, color=c, ls=s)[0] for c, s in styles]
        self.widths = [right.plot(time, time, color=c, ls=s)[0] for c, s in styles]
        left.axhline(0.05, color=GREY, ls=":", lw=1.2)
        self.stops = [axes.axvline(100, ymax=0.7, color=GREY, lw=1) for axes in (left, right)]
        self.ends = [
            [axes.plot([1], [0], "o", color=c, ms=6, mfc="none", mew=1.5)[0] for c, _ in styles]
            for axes in (left, right)
        ]
        left.set_title("2,000 runs, the same noise throughout")
        for y, words, colour in (
            (0.94, "- - fixed 95 % interval at every look", VERMILLION),
            (0.86, "-·- Bonferroni for all looks planned", GREEN),
            (0.78, "— confidence sequence, 95 %", BLUE),
        ):
            right.text(self.most, y, words, color=readable(colour), ha="right", fontsize=9)

    def update(self, looks: int, tuned: int, effect: float) -> str:
        """Count, for the noise that was drawn once, who has ever been outside."""
        time = np.arange(1, self.most + 1)
        bounds = _bounds(looks, tuned)
        shares = [_ever(effect, looks, tuned, which) for which in range(3)]
        for line, share in zip(self.shares, shares, strict=True):
            line.set_data(time[:looks], share[:looks])
        for line, bound in zip(self.widths, bounds, strict=True):
            line.set_data(time[:looks], np.minimum(bound / time, 2)[:looks])
        for line in self.stops:
            line.set_xdata([looks, looks])
        for dot, share in zip(self.ends[0], shares, strict=True):
            dot.set_data([looks], [share[looks - 1]])
        for dot, bound in zip(self.ends[1], bounds, strict=True):
            dot.set_data([looks], [bound[looks - 1] / looks])
        ends = [percent(float(share[looks - 1]), 1) for share in shares]
        wide = [bound[looks - 1] / looks for bound in bounds]
        what = "err" if effect == 0 else f"find the effect of {effect:g} sd"
        plural = "look" if looks == 1 else "looks"
        return (
            f"After {looks} {plural} {ends[0]} of the runs {what} at least once with the fixed "
            f"interval, {ends[1]} with Bonferroni's and {ends[2]} with the confidence sequence; "
            f"the last half widths are {wide[0]:.2f}, {wide[1]:.2f} and {wide[2]:.2f} sd."
        )

    def headline(self, looks: int, tuned: int, effect: float) -> bool:
        """No effect, over a tenth wrong by peeking, at most a twentieth by the sequence."""
        fixed, sequence = (_ever(effect, looks, tuned, which)[looks - 1] for which in (0, 2))
        return bool(effect == 0 and fixed > 0.1 and sequence <= 0.05)


@cache
def _bounds(looks: int, tuned: int) -> tuple[np.ndarray, ...]:
    from scipy.special import ndtri

    time = np.arange(1, Peeking.most + 1)
    rho = float(detection.best_rho(tuned))
    return (
        1.959964 * np.sqrt(time),
        -ndtri(0.025 / looks) * np.sqrt(time),
        detection.mixture_boundary(time, rho=rho),
    )


@cache
def _ever(effect: float, looks: int, tuned: int, which: int) -> np.ndarray:
    """Share ever outside; the noise and its drift are those of `_drifted`."""
    return detection.ever_outside(_drifted(effect), _bounds(looks, tuned)[which])


@cache
def _drifted(effect: float) -> np.ndarray:
    return Peeking.sums + effect * np.arange(1, Peeking.most + 1)[:, None]


@dataclass(frozen=True, kw_only=True, eq=False)
class Fingerprint:
    """What a version does on the deployed images, beside the version before the grant.

    Parameters
    ----------
    accuracy, change : float
        Share read right, and that minus the earlier version's.
    disagreement : float
        Share read otherwise than by the earlier version.
    kl : float
        Mean divergence of its probabilities from the earlier version's, in nats.
    overconfidence : float
        Mean confidence minus accuracy.
    swapped : float
        Share of answers that change when the same image comes with another stamp.
    """

    accuracy: float
    change: float
    disagreement: float
    kl: float
    overconfidence: float
    swapped: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Story:
    """One machine before a grant and in the generations after it.

    Parameters
    ----------
    images : Images
        All deployed images.
    before : Reader
        The version in use when permission was granted.
    after : tuple of Reader
        The version in use after each generation since.
    """

    images: Images
    before: Reader
    after: tuple[Reader, ...]


@cache
def story(preset: str, seed: int) -> Story:
    """Run the machine on its learning settings, then grant it a preset's permissions.

    Parameters
    ----------
    preset : str
        A key of `rsi_teach.machine.PRESETS`; "recursive" grants nothing new.
    seed : int
        At least 0.
    """
    world, before = _before(seed)
    made = machine.run(
        machine.PRESETS[preset],
        lab=machine.Lab(start=before.genome),
        generations=WATCHED,
        seed=seed + 1000,
        world=world,
    )
    after = tuple(turn.after.reader for turn in made.generations)
    return Story(images=world.deployment.images, before=before, after=after)


@cache
def _before(seed: int) -> tuple[machine.World, Reader]:
    world = machine.draw_world(machine.Lab(), seed)
    made = machine.run(machine.PRESETS["recursive"], generations=BURN_IN, seed=seed, world=world)
    return world, made.reader


def scores(reader: Reader, images: Images) -> np.ndarray:
    """The ten scores of which a version reads off the largest.

    Parameters
    ----------
    reader : Reader
    images : Images
    """
    return fourier_features(reader.genome, reader.basis, images) @ reader.weights


def fingerprint(before: Reader, after: Reader, images: Images) -> Fingerprint:
    """Compare two versions on the same images.

    Parameters
    ----------
    before, after : Reader
    images : Images
    """
    old, new = before.read(images), after.read(images)
    p, q = (detection.softmax(scores(reader, images)) for reader in (before, after))
    right = new == images.labels
    return Fingerprint(
        accuracy=float(right.mean()),
        change=float(right.mean() - np.mean(old == images.labels)),
        disagreement=detection.disagreement(old, new),
        kl=detection.mean_kl(p, q),
        overconfidence=detection.calibration_gap(q.max(axis=1), right.astype(int)),
        swapped=detection.disagreement(new, after.read(images.restamped())),
    )


SEEDS = range(8)
GRANTED = {"nothing": "recursive", "the stamp": "stamp", "replay": "replay"}
"""What a learner chooses from, and the preset's name in `rsi_teach.machine`."""
MEASURES = {
    "labels: right before, wrong now": (0.5, 0.75),
    "no labels: answers that differ": (0.04, 0.12),
    "no labels: another stamp, another answer": (0.001, 0.1),
}
"""What is counted, the rate that counts as nothing new, and the rate that is bet on."""
ORDERS = 40


@cache
def images_taken(preset: str, generation: int) -> np.ndarray:
    """Images read until each measure has evidence of 20 to 1, for every machine.

    Parameters
    ----------
    preset : str
        A key of `rsi_teach.machine.PRESETS`.
    generation : int
        From 1 to 6, after the grant.

    Returns
    -------
    array [measures, seeds]
        Median over 40 orders of the images; ``inf`` where all 1,147 do not suffice.
    """
    found = [_taken(story(preset, seed), generation, seed) for seed in SEEDS]
    return np.array(found).T


def _taken(told: Story, generation: int, seed: int) -> list[float]:
    images, after = told.images, told.after[generation - 1]
    old, new = told.before.read(images), after.read(images)
    lost = (old == images.labels) & (new != images.labels)
    gained = (old != images.labels) & (new == images.labels)
    swapped = new != after.read(images.restamped())
    rng = np.random.default_rng([seed, 5])
    order = np.argsort(rng.random((len(images), ORDERS)), axis=0)
    counted = ((lost, lost | gained), (old != new, None), (swapped, None))
    pairs = zip(counted, MEASURES.values(), strict=True)
    return [_first(happened[order], None if of is None else of[order], *rates)
            for (happened, of), rates in pairs]  # fmt: skip


def _first(happened: np.ndarray, of: np.ndarray | None, null: float, bet: float) -> float:
    """Median images to evidence of 20; only images in `of` are bet on, if it is given."""
    if of is None:
        values = detection.betting_e_values(happened.astype(int), null=null, alternative=bet)
    else:
        yes, no = np.log(bet / null), np.log((1 - bet) / (1 - null))
        values = np.exp(np.cumsum(np.where(happened, yes, np.where(of, no, 0.0)), axis=0))
        values = np.concatenate([np.ones((1, values.shape[1])), values])
    return float(np.median(detection.alarm_steps(np.minimum(values, 1e6), 19.999999)))


class Noticing(Explorer):
    """Swapping stamps shows what was granted in fewer images than labels do."""

    granted = Choice(list(GRANTED), label="granted", default="the stamp")
    generation = Slider(1, WATCHED, 1, label="generations since")
    reverses_at = {"granted": "replay"}
    size = (8.2, 3.2)

    never = 3000

    def draw(self, figure: Any) -> None:
        """One row per measure, one mark per machine."""
        axes = figure.subplots()
        axes.set(xlim=(0.8, 4500), ylim=(2.7, -0.7), xscale="log")
        axes.set_xlabel("images read until the evidence is 20 to 1")
        axes.set_xticks([1, 10, 100, 1000, self.never], ["1", "10", "100", "1,000", "not at all"])
        axes.minorticks_off()
        axes.set_yticks(range(3), [words.replace(": ", ":\n") for words in MEASURES])
        axes.axvline(1147, color=GREY, ls=":", lw=1)
        styles = ((VERMILLION, "s"), (BLUE, "o"), (GREEN, "^"))
        self.rings = [
            axes.plot([], [], mark, color=colour, ms=8, mfc="none", mew=1.5)[0]
            for colour, mark in styles
        ]
        self.medians = [axes.plot([1, 1], [0, 0], color=c, lw=2.5)[0] for c, _ in styles]
        axes.set_title("eight machines, a mark each; bar: their median")
        self.nudge = np.linspace(-0.28, 0.28, len(SEEDS))

    def update(self, granted: str, generation: int) -> str:
        """Show how many images each measure takes at one generation after the grant."""
        taken = images_taken(GRANTED[granted], generation)
        shown = np.where(np.isfinite(taken), taken, self.never)
        for row, (ring, bar) in enumerate(zip(self.rings, self.medians, strict=True)):
            ring.set_data(shown[row], row + self.nudge)
            middle = np.median(shown[row])
            bar.set_data([middle, middle], [row - 0.4, row + 0.4])
        words = [_images(row) for row in taken]
        plural = "generation" if generation == 1 else "generations"
        return (
            f"After {generation} {plural} with {granted} granted, evidence of 20 to 1 takes, in "
            f"the median of eight machines: with labels {words[0]}, by answers that differ "
            f"{words[1]}, by another stamp {words[2]}."
        )

    def headline(self, granted: str, generation: int) -> bool:
        """The median machine is noticed in fewer images by another stamp than by labels."""
        labels, _, stamps = np.median(images_taken(GRANTED[granted], generation), axis=1)
        return bool(stamps < labels)


def _images(taken: np.ndarray) -> str:
    middle, noticed = float(np.median(taken)), int(np.isfinite(taken).sum())
    if not np.isfinite(middle):
        return f"more than there are ({noticed} of 8 noticed)"
    return f"{middle:,.0f} image{'s' * (round(middle) != 1)} ({noticed} of 8 noticed)"
