"""Chapter 08: the attack on a test, the machine under five ways to grade it, and a null control.

``python -m rsi_teach.pictures.overfitting`` runs the machine anew, some 500 times, and writes the
record that the pictures show. The machine gives the same numbers everywhere, and a test compares.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal

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
from rsi_teach.models import overfitting

GENERATIONS = 30
SEEDS = range(12)
LAB = machine.Lab(n_reserve=450)
RECORD = Path(__file__).with_name("overfitting_runs.npz")
STEP = 0.02
"""The ladder's step: three items of 150."""
GATE = overfitting.Thresholdout()
FINE = 10_000
"""A score that is no count of items is kept as a count of so many."""
PARTS = ("visible", "deployed", "genomes")
ALLOWED = {
    "learning settings": "recursive",
    "and the stamp": "stamp",
    "and replay": "replay",
    "and both": "both",
}
"""What a learner chooses from, and the preset's name in `rsi_teach.machine`."""
REGIMES = ("reused", "fresh", "laddered", "thresholded", "sealed")
Null = Literal["images", "labels"]


def stages(regime: str, seed: int) -> dict[str, Any]:
    """What to hand to `machine.run` for a way of grading.

    All labs hold the same 600 test images and use them differently. *reused*: the same 150 in
    every generation. *fresh*: 150 drawn anew from the 600. *laddered*: the same 150, and only a
    gain of three items counts. *thresholded*: the same 150, and a gate in front of the other 450.
    *sealed*: the 150 may be studied, the other 450 give the score.

    Parameters
    ----------
    regime : str
        One of `REGIMES`.
    seed : int
        At least 0; of the gate's noise.

    Returns
    -------
    dict
        Keyword arguments.

    Raises
    ------
    ValueError
        For a regime that there is not.
    """
    match regime:
        case "reused":
            return {}
        case "fresh":
            return {"exam": machine.fresh_exam}
        case "laddered":
            return {
                "select": machine.gated(lambda u: u.visible_after - u.visible_before > STEP - 1e-9)
            }
        case "thresholded":
            return {"experiment": _through_the_gate(np.random.default_rng([seed, 8]))}
        case "sealed":
            return {"experiment": _on_sealed_items}
    raise ValueError(f"regime = {regime!r}: it is one of {', '.join(REGIMES)}")


def _on_sealed_items(
    genome: machine.Genome, data: machine.LabData, exam: machine.Images
) -> machine.Trial:
    """Study the exam if that is allowed, and be scored on the reserve."""
    trial = machine.experiment(genome, data, exam)
    return _scored(trial, share_right(trial.reader, data.reserve))


def _through_the_gate(rng: np.random.Generator) -> Callable[..., machine.Trial]:
    def experiment(
        genome: machine.Genome, data: machine.LabData, exam: machine.Images
    ) -> machine.Trial:
        trial = machine.experiment(genome, data, exam)
        held = share_right(trial.reader, data.reserve)
        noise = rng.standard_normal(2)
        return _scored(trial, float(overfitting.thresholdout(GATE, trial.visible, held, noise)))

    return experiment


def _scored(trial: machine.Trial, score: float) -> machine.Trial:
    return replace(trial, correct=round(FINE * min(max(score, 0.0), 1.0)), items=FINE)


def share_right(reader: machine.Reader, images: machine.Images) -> float:
    """Share of images that a reader gets right.

    Parameters
    ----------
    reader : Reader
    images : Images
    """
    return float(np.mean(reader.read(images) == images.labels))


def nulled(world: machine.World, kind: Null, seed: int) -> machine.World:
    """Exchange the test's images, or its labels, so that an honest reader can know nothing.

    Parameters
    ----------
    world : World
    kind : {"images", "labels"}
        *images*: every test item keeps its label and its stamp and gets the picture of another
        one. *labels*: it keeps picture and stamp and gets the label of another one.
    seed : int
        At least 0.

    Returns
    -------
    World
        Training images and deployment as they were.
    """
    rng = np.random.default_rng([seed, 88])

    def exchanged(images: machine.Images) -> machine.Images:
        order = rng.permutation(len(images))
        if kind == "labels":
            return replace(images, labels=images.labels[order])
        return replace(images, pixels=images.pixels[order], rows=images.rows[order])

    lab = world.lab
    return replace(
        world,
        lab=replace(lab, visible=exchanged(lab.visible), reserve=exchanged(lab.reserve)),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Graded:
    """The machine's runs under one way of grading; row s is seed s.

    Parameters
    ----------
    visible, deployed : array [runs, generations + 1]
        Shares right of the version in use; entry 0 is the start.
    genomes : array [runs, 6]
        Of the last version, genes as in `machine.GENES`.
    """

    visible: np.ndarray
    deployed: np.ndarray
    genomes: np.ndarray

    @property
    def gap(self) -> np.ndarray:
        """Visible minus deployed, in points."""
        return 100 * (self.visible - self.deployed)


def run_once(
    preset: str, regime: str, seed: int, *, null: Null | None = None, generations: int = GENERATIONS
) -> Graded:
    """Run the machine once, as every row of the record was made.

    Parameters
    ----------
    preset : str
        A key of `machine.PRESETS`.
    regime : str
        One of `REGIMES`.
    seed : int
        At least 0.
    null : {"images", "labels"}, optional
        Exchange what the test shows, as `nulled` does.
    generations : int
        At least 1.

    Returns
    -------
    Graded
        With one row.
    """
    world = machine.draw_world(LAB, seed)
    if null:
        world = nulled(world, null, seed)
    made = machine.run(
        machine.PRESETS[preset], lab=LAB, generations=generations, seed=seed, world=world,
        **stages(regime, seed),
    )  # fmt: skip
    start = made.generations[0].before
    first = share_right(start.reader, world.deployment.images)
    return Graded(
        visible=np.array([[start.visible, *made.visible]]),
        deployed=np.array([[first, *made.deployed]]),
        genomes=made.genomes[-1:],
    )


@cache
def graded(preset: str, regime: str, null: Null | None = None) -> Graded:
    """Twelve runs of thirty generations, from the record.

    Parameters
    ----------
    preset : str
        A key of `machine.PRESETS` that stands in `ALLOWED`.
    regime : str
        One of `REGIMES`.
    null : {"images", "labels"}, optional
        As in `run_once`; with exchanged labels there is the reused test only.
    """
    with np.load(RECORD) as record:
        return Graded(**{part: record[_key(preset, regime, null, part)] for part in PARTS})


def _key(preset: str, regime: str, null: str | None, part: str) -> str:
    return "/".join((preset, regime, null or "real", part))


def conditions() -> Iterator[tuple[str, str, Null | None]]:
    """Every preset, way of grading and control that the record holds."""
    for preset in ALLOWED.values():
        for regime in REGIMES:
            yield preset, regime, None
            yield preset, regime, "images"
        yield preset, "reused", "labels"


class Attack(Explorer):
    """Put together, the answers of a test make labels that know nothing score 60 % or more."""

    items = Slider(300, 20_000, 1000, label="length of the test", unit="items", log=True)
    queries = Slider(1, 10_000, 300, label="scores asked for", log=True)
    step = Slider(0.002, 0.1, 0.02, label="step of the ladder", log=True)
    reverses_at = {"items": 20_000}
    size = (8.2, 3.8)

    asked = np.unique(np.geomspace(1, 10_000, 60).round()).astype(int)
    runs = 40

    def draw(self, figure: Any) -> None:
        """Scores against queries on the left, what a test survives on the right."""
        left, right = figure.subplots(1, 2, width_ratios=(3, 2))
        left.set(xscale="log", xlim=(1, 10_000), ylim=(0.48, 1.0), xlabel="scores asked for")
        left.set_ylabel("score of labels that know nothing")
        zeros = 0.5 + self.asked * 0.0
        self.bands, self.lines = [], []
        for colour, style in ((BLUE, "-"), (ORANGE, "--"), (VERMILLION, "-.")):
            self.bands.append(
                left.fill_between(self.asked, 0.5, 0.6, color=colour, alpha=0.2, lw=0)
            )
            self.lines += left.plot(self.asked, zeros, color=colour, ls=style)
        (self.luck,) = left.plot(self.asked, zeros, color=GREEN, ls=":")
        self.here = _ring(left)
        for y, words, colour in (
            (0.96, "— every answer used", BLUE),
            (0.925, "- - those above chance kept", ORANGE),
            (0.89, "··· no attack: the best of so many", GREEN),
            (0.855, "-·- attack on a ladder", VERMILLION),
            (0.82, "bands: nine runs of ten", GREY),
        ):
            left.text(1.3, y, words, color=readable(colour), fontsize=9.5)
        sizes = np.geomspace(300, 20_000, 60).round().astype(int)
        right.set(xscale="log", yscale="log", xlim=(300, 20_000), ylim=(1, 1e6))
        right.set(xlabel="length of the test [items]", ylabel="scores asked for")
        right.plot(sizes, overfitting.queries_survived(sizes, 0.05), color=BLUE)
        fixed = overfitting.queries_survived(sizes, 0.05, adaptive=False)
        right.plot(sizes, np.minimum(fixed, 1e9), color=GREEN, ls=":")
        right.set_title("5 points of nothing after so many", fontsize=9.5)
        right.text(1.0e3, 6, "— attack", color=readable(BLUE))
        right.text(3.4e3, 1.2e5, "··· best of\nso many", color=readable(GREEN))
        self.point = _ring(right)

    def update(self, items: int, queries: int, step: float) -> str:
        """Move the curves to this test; the ladder climbs over noise that was drawn once."""
        scores = [overfitting.attack_accuracy(items, self.asked, keep=k) for k in overfitting.KEEPS]
        spreads = [overfitting.attack_spread(items, self.asked, keep=k) for k in overfitting.KEEPS]
        climbed = _on_the_ladder(items, step, self.asked, self.runs)
        low, high = np.quantile(climbed, [0.05, 0.95], axis=1)
        ends = [(s - 1.645 * sd, s + 1.645 * sd) for s, sd in zip(scores, spreads, strict=True)]
        for band, (bottom, top) in zip(self.bands, [*ends, (low, high)], strict=True):
            band.set_data(self.asked, bottom, np.minimum(top, 1))
        for line, curve in zip(self.lines, [*scores, climbed.mean(axis=1)], strict=True):
            line.set_ydata(curve)
        self.luck.set_ydata(overfitting.luck_accuracy(items, self.asked))
        score = float(overfitting.attack_accuracy(items, queries))
        kept = float(overfitting.attack_accuracy(items, queries, keep="above chance"))
        lucky = float(overfitting.luck_accuracy(items, queries))
        behind = _on_the_ladder(items, step, np.array([queries]), self.runs)
        self.here.set_data([queries], [score])
        self.point.set_data([items], [queries])
        survives = float(overfitting.queries_survived(items, 0.05))
        return (
            f"With {queries:,} answer{'s' * (queries > 1)} about {items:,} items, labels that know "
            f"nothing score "
            f"{percent(score, 1)} if every answer is used, {percent(kept, 1)} if only those above "
            f"chance are, {percent(lucky, 1)} if the best of so many is taken, and "
            f"{percent(behind.mean(), 1)} on a ladder with steps of {step:.2g}. "
            f"The attack gains five points in {max(survives, 1):,.0f} queries."
        )

    def headline(self, items: int, queries: int, step: float) -> bool:
        """The attack that uses every answer scores 60 % or more."""
        return float(overfitting.attack_accuracy(items, queries)) >= 0.6


def _ring(axes: Any) -> Any:
    """The mark of the chosen setting."""
    return axes.plot([1], [1], "o", color=BLACK, ms=8, mfc="white", mew=2, clip_on=False)[0]


@cache
def _records(runs: int, longest: int = 10_000) -> tuple[np.ndarray, np.ndarray]:
    """When each run's largest excess so far comes, and how large it is in sd, [records, runs].

    Only there can a ladder rise.
    """
    drawn = np.random.default_rng(81).standard_normal((longest, runs))
    best = np.maximum.accumulate(drawn, axis=0)
    new = np.vstack([np.ones((1, runs), bool), best[1:] > best[:-1]])
    most = int(new.sum(axis=0).max())
    when, height = np.full((most, runs), longest + 1), np.full((most, runs), -9.0)
    for run in range(runs):
        (at,) = np.nonzero(new[:, run])
        when[: len(at), run], height[: len(at), run] = at + 1, drawn[at, run]
    return when, height


def _on_the_ladder(items: int, step: float, asked: np.ndarray, runs: int) -> np.ndarray:
    """Scores of labels put together from the rises of a ladder, [asked, runs], normal limit."""
    from scipy.special import ndtr

    when, height = _records(runs)
    excess = height / np.sqrt(items)
    shown = overfitting.ladder(np.clip((1 + excess) / 2, 0, 1), step=step, start=0.5)
    rose = np.diff(shown, axis=0, prepend=0.5) > 0
    kept = np.cumsum(rose, axis=0)
    pull = np.cumsum(np.where(rose, excess, 0), axis=0) / np.sqrt(np.maximum(kept, 1))
    scores = np.vstack([np.full((1, runs), 0.5), ndtr(pull)])
    last = (when[None] <= asked[:, None, None]).sum(axis=1)
    return np.take_along_axis(scores, last, axis=0)


class Regimes(Explorer):
    """A test that is not simply reused still overstates the machine by five points or more."""

    allowed = Choice(list(ALLOWED), label="it may change", default="and both")
    regime = Choice(list(REGIMES), label="the test is", default="fresh")
    generation = Slider(1, GENERATIONS, GENERATIONS, label="after generation")
    reverses_at = {"allowed": "and replay", "regime": "sealed"}
    size = (8.2, 3.6)

    def draw(self, figure: Any) -> None:
        """Both scores over generations on the left, the gap for each way of grading right."""
        left, right = figure.subplots(1, 2, width_ratios=(1, 1))
        time = np.arange(GENERATIONS + 1)
        left.set(xlim=(0, GENERATIONS), ylim=(0, 1.03), xlabel="generations")
        left.set_ylabel("share of digits read right")
        left.set_title(f"mean of {len(SEEDS)} runs; band: lowest to highest", fontsize=9.5)
        self.lines = []
        for colour, style in ((BLUE, "-"), (VERMILLION, "--")):
            band = left.fill_between(time, 0, 1, color=colour, alpha=0.2, lw=0)
            (line,) = left.plot(time, time, color=colour, ls=style)
            self.lines.append((band, line))
        left.text(29, 0.12, "— the score that selects", color=readable(BLUE), ha="right")
        left.text(29, 0.04, "- - deployed", color=readable(VERMILLION), ha="right")
        self.cursor = left.axvline(0, color=GREY, lw=1, ls=":")
        rows = np.arange(len(REGIMES))
        right.set(xlim=(-8, 80), ylim=(len(rows) - 0.4, -0.9))
        right.set_xlabel("visible minus deployed [points]")
        right.set_yticks(rows, REGIMES)
        for x, style in ((0, "-"), (5, ":")):
            right.axvline(x, color=GREY, lw=0.8, ls=style)
        right.text(6, 4.52, "5 points", color=GREY, fontsize=9)
        right.text(79, -0.55, "bar: mean   o one run", color=readable(BLUE), ha="right")
        self.bars = list(right.barh(rows, rows * 0.0, 0.5, color=ORANGE))
        (self.dots,) = right.plot([0], [0], "o", color=BLUE, ms=4, mfc="none", mew=1.2)
        (self.chosen,) = right.plot([-6.5], [0], ">", color=BLACK, ms=7)

    def update(self, allowed: str, regime: str, generation: int) -> str:
        """Show the runs of one way of grading, and the gaps of all five."""
        preset = ALLOWED[allowed]
        found = graded(preset, regime)
        time = np.arange(GENERATIONS + 1)
        for (band, line), share in zip(self.lines, (found.visible, found.deployed), strict=True):
            band.set_data(time, share.min(axis=0), share.max(axis=0))
            line.set_ydata(share.mean(axis=0))
        self.cursor.set_xdata([generation, generation])
        gaps = np.array([graded(preset, name).gap[:, generation] for name in REGIMES])
        for bar, gap in zip(self.bars, gaps.mean(axis=1), strict=True):
            bar.set_width(gap)
        self.dots.set_data(gaps.ravel(), np.repeat(np.arange(len(REGIMES)), len(SEEDS)))
        place = REGIMES.index(regime)
        self.chosen.set_data([-6.5], [place])
        gap = gaps[place]
        return (
            f"With a {regime} test, allowed to change {allowed.removeprefix('and ')}, the score "
            f"after {generation} generation{'s' * (generation > 1)} is "
            f"{percent(found.visible[:, generation].mean(), 1)} and "
            f"{percent(found.deployed[:, generation].mean(), 1)} deployed: a gap of "
            f"{gap.mean():.1f} points, from {gap.min():.1f} to {gap.max():.1f} in {len(gap)} runs, "
            f"against {gaps[0].mean():.1f} with a reused test."
        )

    def headline(self, allowed: str, regime: str, generation: int) -> bool:
        """The mean gap is five percentage points or more."""
        return bool(graded(ALLOWED[allowed], regime).gap[:, generation].mean() >= 5)


class NullControl(Explorer):
    """On a test about which nothing can be known, the mechanism gains ten points or more."""

    allowed = Choice(list(ALLOWED), label="it may change", default="and both")
    regime = Choice(list(REGIMES), label="the test is", default="reused")
    generation = Slider(1, GENERATIONS, GENERATIONS, label="after generation")
    reverses_at = {"allowed": "learning settings"}
    size = (8.2, 3.8)

    marks = tuple(zip(ALLOWED, (BLUE, VERMILLION, GREEN, PURPLE), "os^D", "○□△◇", strict=True))

    def draw(self, figure: Any) -> None:
        """The score with exchanged pictures on the left, that gain against the real gap right."""
        left, right = figure.subplots(1, 2, width_ratios=(1, 1))
        time = np.arange(GENERATIONS + 1)
        left.set(xlim=(0, GENERATIONS), ylim=(0, 1.03), xlabel="generations")
        left.set_ylabel("score with exchanged pictures")
        left.set_title(f"mean of {len(SEEDS)} runs; band: lowest to highest", fontsize=9.5)
        left.axhline(0.1, color=GREY, lw=1, ls=":")
        left.text(29, 0.03, "··· chance", color=GREY, ha="right")
        self.band = left.fill_between(time, 0, 1, color=BLUE, alpha=0.2, lw=0)
        (self.mean,) = left.plot(time, time, color=BLUE)
        self.cursor = left.axvline(0, color=GREY, lw=1, ls=":")
        right.set(
            xlim=(-5, 100), ylim=(-2, 58), xlabel="gained where nothing can be known [points]"
        )
        right.set_ylabel("real gap [points]")
        self.points = {
            words: right.plot([0], [0], mark, color=colour, ms=6, mfc="none", mew=1.5)[0]
            for words, colour, mark, _ in self.marks
        }
        for row, (words, colour, _, sign) in enumerate(self.marks):
            right.text(0, 53 - 4 * row, f"{sign} {words}", color=readable(colour), fontsize=9.5)
        (self.chosen,) = right.plot([0], [0], "o", color=BLACK, ms=13, mfc="none", mew=1.5)

    def update(self, allowed: str, regime: str, generation: int) -> str:
        """Show one control, and all of them beside the gaps of the real runs."""
        nothing = graded(ALLOWED[allowed], regime, "images").visible
        self.band.set_data(np.arange(GENERATIONS + 1), nothing.min(axis=0), nothing.max(axis=0))
        self.mean.set_ydata(nothing.mean(axis=0))
        self.cursor.set_xdata([generation, generation])
        for words, points in self.points.items():
            pairs = [self._pair(words, name, generation) for name in REGIMES]
            points.set_data(*np.transpose(pairs))
        gain, gap = self._pair(allowed, regime, generation)
        self.chosen.set_data([gain], [gap])
        last = nothing[:, generation]
        return (
            f"With exchanged pictures and a {regime} test, the mechanism that may change "
            f"{allowed.removeprefix('and ')} goes from {percent(nothing[:, 0].mean(), 1)} to "
            f"{percent(last.mean(), 1)} in {generation} generation{'s' * (generation > 1)}, where "
            f"an honest reader stays at 10 %; single runs end between {percent(last.min(), 1)} "
            f"and {percent(last.max(), 1)}. Its real gap is {gap:.1f} points."
        )

    def headline(self, allowed: str, regime: str, generation: int) -> bool:
        """The mean gain with exchanged pictures is ten points or more."""
        return self._pair(allowed, regime, generation)[0] >= 10

    @staticmethod
    def _pair(allowed: str, regime: str, generation: int) -> tuple[float, float]:
        """Mean gain in the control and mean gap in the real runs, in points."""
        nothing = graded(ALLOWED[allowed], regime, "images").visible.mean(axis=0)
        gap = graded(ALLOWED[allowed], regime).gap[:, generation].mean()
        return float(100 * (nothing[generation] - nothing[0])), float(gap)


def main() -> None:
    """Run the machine and write the record anew."""
    record = {}
    for preset, regime, null in conditions():
        made = [run_once(preset, regime, seed, null=null) for seed in SEEDS]
        for part in PARTS:
            rows = np.concatenate([getattr(run, part) for run in made])
            record[_key(preset, regime, null, part)] = rows
        print(preset, regime, null, record[_key(preset, regime, null, "visible")][:, -1].mean())
    np.savez_compressed(RECORD, **record)


if __name__ == "__main__":
    main()
