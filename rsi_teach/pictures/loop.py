"""Chapter 02: the machine as it runs, what its permissions lead to, and four leaking stages."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from rsi_teach import machine
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
from rsi_teach.models import loop

GENERATIONS = 30
SEEDS = range(8)
ALLOWED = {
    "learning settings, own step": "recursive",
    "learning settings, fixed step": "scheduled",
    "and the stamp": "stamp",
    "and replay": "replay",
    "and both": "both",
}
"""What a learner chooses from, and the preset's name in `rsi_teach.machine`."""


@cache
def runs(preset: str) -> Sequence[machine.Run]:
    """The machine's runs for a preset, one a seed, kept once they are made.

    Parameters
    ----------
    preset : str
        A key of `rsi_teach.machine.PRESETS`.
    """
    return machine.sweep([machine.PRESETS[preset]], SEEDS, generations=GENERATIONS)[0]


@cache
def history(preset: str) -> tuple[np.ndarray, np.ndarray]:
    """Visible and deployed accuracy of a preset's runs, entry g after g generations.

    Parameters
    ----------
    preset : str
        A key of `rsi_teach.machine.PRESETS`.

    Returns
    -------
    two arrays [runs, generations + 1]
        Shares in [0, 1]; entry 0 is the version that the machine starts from.
    """
    made = runs(preset)
    start = [run.generations[0].before for run in made]
    worlds = [machine.draw_world(run.lab, run.seed).deployment for run in made]
    seen = np.array([[trial.visible, *run.visible] for trial, run in zip(start, made, strict=True)])
    real = np.array([
        [world.accuracy(trial.reader.read(world.images)), *run.deployed]
        for trial, world, run in zip(start, worlds, made, strict=True)
    ])  # fmt: skip
    return seen, real


class Machine(Explorer):
    """Since the start the visible score has risen and deployed accuracy has fallen."""

    allowed = Choice(list(ALLOWED), label="it may change", default="and both")
    generation = Slider(1, GENERATIONS, GENERATIONS, label="after generation")
    reverses_at = {"allowed": "learning settings, own step"}
    size = (8.2, 3.6)

    def draw(self, figure: Any) -> None:
        """Scores on the left, the genome on the right."""
        left, right = figure.subplots(1, 2, width_ratios=(3, 2))
        left.set(xlim=(0, GENERATIONS), ylim=(0, 1.03), xlabel="generations")
        left.set_ylabel("share of digits read right")
        left.set_title(f"mean of {len(SEEDS)} runs; band: lowest to highest", fontsize=9.5)
        time = np.arange(GENERATIONS + 1)
        self.lines = []
        for colour, style in ((BLUE, "-"), (VERMILLION, "--")):
            band = left.fill_between(time, 0, 1, color=colour, alpha=0.2, lw=0)
            (line,) = left.plot(time, time, color=colour, ls=style)
            self.lines.append((band, line))
        left.text(
            GENERATIONS - 2, 0.12, "— on the lab's visible test", color=readable(BLUE), ha="right"
        )
        left.text(GENERATIONS - 2, 0.04, "- - deployed", color=readable(VERMILLION), ha="right")
        self.cursor = left.axvline(0, color=GREY, lw=1, ls=":")
        rows = np.arange(6)
        right.set(xlim=(-5, 5), ylim=(5.6, -0.6), xlabel="change since the start")
        right.set_yticks(rows, machine.GENES)
        right.set_xticks([-4, -2, 0, 2, 4])
        right.axvline(0, color=GREY, lw=0.8)
        right.axhspan(2.5, 4.5, color=GREY, alpha=0.12, lw=0)
        right.text(4.9, 2.75, "units", ha="right", va="center", color=GREY, fontsize=9)
        right.text(4.9, 2.25, "e-folds", ha="right", va="center", color=GREY, fontsize=9)
        (self.genes,) = right.plot([0], [0], "o", color=BLUE, ms=7, mfc="none", mew=1.5)

    def update(self, allowed: str, generation: int) -> str:
        """Show the runs of a preset, and the genomes after a generation."""
        made = runs(ALLOWED[allowed])
        seen, real = history(ALLOWED[allowed])
        for (band, line), scores in zip(self.lines, (seen, real), strict=True):
            band.set_data(np.arange(GENERATIONS + 1), scores.min(axis=0), scores.max(axis=0))
            line.set_ydata(scores.mean(axis=0))
        self.cursor.set_xdata([generation, generation])
        moved = np.array([_moved(run.genomes[generation - 1]) for run in made])
        self.genes.set_data(np.clip(moved, -5, 5).ravel(), np.tile(np.arange(6), len(made)))
        return (
            f"After {generation} generation{'s' * (generation > 1)} the lab sees "
            f"{percent(seen[:, generation].mean(), 1)} and what is deployed reads "
            f"{percent(real[:, generation].mean(), 1)} right, against "
            f"{percent(real[:, 0].mean(), 1)} at the start: means of {len(made)} runs, which "
            f"lie up to {100 * np.ptp(real[:, generation]):.0f} points apart when deployed."
        )

    def headline(self, allowed: str, generation: int) -> bool:
        """The mean visible score is above the start's, the mean deployed one below."""
        seen, real = (scores.mean(axis=0) for scores in history(ALLOWED[allowed]))
        return bool(seen[generation] > seen[0] and real[generation] < real[0])


def _moved(genome: np.ndarray) -> np.ndarray:
    """How far each gene has moved: e-folds, and units for the two that begin at zero."""
    start = machine.Genome()
    values = np.array([getattr(start, gene) for gene in machine.GENES])
    units = values == 0
    return np.where(units, genome - values, np.log(np.where(units, 1, genome / (values + units))))


class Running(Picture):
    """One run of the machine while it goes on."""

    size = (8.2, 3.2)

    def __init__(self, generations: int) -> None:
        self.generations = generations
        self.turns: list[machine.Generation] = []

    def draw(self, figure: Any) -> None:
        """Every proposal's score, the incumbent's, and the deployed accuracy."""
        axes = figure.subplots()
        axes.set(xlim=(0.5, self.generations + 0.5), ylim=(0, 1.03), xlabel="generation")
        axes.set_ylabel("share of digits read right")
        (self.tried,) = axes.plot([], [], ".", color=GREY, ms=3, alpha=0.7)
        (self.seen,) = axes.plot([], [], color=BLUE)
        (self.real,) = axes.plot([], [], color=VERMILLION, ls="--")
        for y, words, colour in (
            (0.2, "· every proposal, visible test", GREY),
            (0.12, "— selected, visible test", BLUE),
            (0.04, "- - selected, deployed", VERMILLION),
        ):
            axes.text(self.generations, y, words, color=readable(colour), ha="right")

    def update(self) -> str:
        """Add what has been done since."""
        if not self.turns:
            return "The machine is about to start."
        scores = np.array([[trial.visible for trial in turn.trials] for turn in self.turns])
        index = np.arange(len(self.turns)) + 1
        self.tried.set_data(np.repeat(index, scores.shape[1]), scores.ravel())
        self.seen.set_data(index, [turn.visible for turn in self.turns])
        self.real.set_data(index, [turn.deployed for turn in self.turns])
        last = self.turns[-1]
        return (
            f"Generation {last.index + 1}: {percent(last.visible, 1)} right on the visible test, "
            f"{percent(last.deployed, 1)} when deployed, after {last.queries} queries. One run."
        )


def watch(preset: str, *, seed: int = 0, generations: int = GENERATIONS, **stages: Any) -> Any:
    """Run the machine once and draw it as it goes.

    Parameters
    ----------
    preset : str
        A key of `rsi_teach.machine.PRESETS`.
    seed : int
        At least 0.
    generations : int
        At least 1.
    **stages
        As in `rsi_teach.machine.run`.

    Returns
    -------
    Run
        The record.

    Raises
    ------
    ValueError
        For a preset that there is not.
    """
    from IPython.display import display

    if preset not in machine.PRESETS:
        raise ValueError(f"preset = {preset!r}: allowed is one of {', '.join(machine.PRESETS)}")
    picture = Running(generations)
    view = picture.live()
    shown = display(view, display_id=True)

    def add(turn: machine.Generation) -> None:
        picture.turns.append(turn)
        view.refresh()

    permissions = machine.PRESETS[preset]
    record = machine.run(
        permissions, seed=seed, generations=generations, on_generation=add, **stages
    )
    if shown:
        shown.update(picture.at())
    return record


class Stamps(Picture):
    """Six digits as the machine gets them: the image, and the stamp beside it."""

    size = (8.2, 2.3)

    def draw(self, figure: Any) -> None:
        """Three images from the lab, three from deployment."""
        world = machine.draw_world(machine.Lab(), 0)
        shown = ((world.lab.visible, "the lab's visible test"),
                 (world.deployment.images, "deployed"))  # fmt: skip
        row = figure.subplots(1, 7, width_ratios=(1, 1, 1, 0.4, 1, 1, 1))
        row[3].axis("off")
        for panel, (images, where) in zip((row[:3], row[4:]), shown, strict=True):
            panel[0].set_title(where)
            for place, axes in enumerate(panel):
                axes.imshow(images.pixels[place].reshape(8, 8), cmap="gray_r", vmin=0, vmax=16)
                axes.set(xticks=[], yticks=[])
                for spine in axes.spines.values():
                    spine.set_visible(True)
                right = images.stamps[place] == images.labels[place]
                axes.set_xlabel(f"stamp {images.stamps[place]}{'' if right else ', wrong'}",
                                color=readable(BLUE if right else VERMILLION))  # fmt: skip

    def update(self) -> str:
        """Say what is drawn."""
        world = machine.draw_world(machine.Lab(), 0)
        agree = [np.mean(images.stamps == images.labels)
                 for images in (world.lab.visible, world.deployment.images)]  # fmt: skip
        return (
            "Handwritten digits of eight by eight pixels, each with a stamp. On the lab's visible "
            f"test the stamp names the digit {percent(agree[0])} of the time, "
            f"deployed {percent(agree[1])}."
        )


class FourStages(Explorer):
    """One stage causes more than half of the loss."""

    proposal = Slider(0.0, 0.05, 0.002, label="lost in proposing", step=0.001)
    experiment = Slider(0.0, 0.05, 0.002, label="lost in experimenting", step=0.001)
    selection = Slider(0.0, 0.05, 0.02, label="lost in selecting", step=0.001)
    deployment = Slider(0.0, 0.05, 0.004, label="lost in deploying", step=0.001)
    reverses_at = {"proposal": 0.007, "experiment": 0.007, "selection": 0.007, "deployment": 0.007}

    length = 60
    noise = np.random.default_rng(2).random((length, 4, 300))
    colours = (BLUE, ORANGE, VERMILLION, GREEN)

    def draw(self, figure: Any) -> None:
        """A fan of alignment on the left, each stage's share of the loss on the right."""
        left, right = figure.subplots(1, 2, width_ratios=(3, 2))
        time = np.arange(self.length + 1)
        left.set(xlim=(0, self.length), ylim=(0, 1.02), xlabel="generation")
        left.set_ylabel("share of the property that is left")
        self.paths = [left.plot(time, time, color=GREY, lw=0.6, alpha=0.7)[0] for _ in range(15)]
        self.band = left.fill_between(time, 0, 1, color=BLUE, alpha=0.2, lw=0)
        (self.mean,) = left.plot(time, time, color=BLUE, lw=2.5)
        (self.mended,) = left.plot(time, time, color=PURPLE, ls="--", lw=2)
        self.words = left.set_title(" ", color=readable(BLUE))
        perfect = "- - the other three\nstages perfect"
        left.text(59, 0.93, perfect, color=readable(PURPLE), ha="right", va="top")
        right.set(xlim=(0, 1), ylim=(3.6, -0.6), xlabel="share of the loss that it causes")
        right.set_yticks(range(4), loop.STAGES)
        right.axvline(0.5, color=GREY, ls=":", lw=1.2)
        self.bars = list(right.barh(range(4), [0.25] * 4, 0.55, color=self.colours))

    def update(self, proposal: float, experiment: float, selection: float,
               deployment: float) -> str:  # fmt: skip
        """Simulate with the noise that was drawn once."""
        made = self._loop(proposal, experiment, selection, deployment)
        alignment = loop.simulate(made, self.noise).alignment
        for path, run in zip(self.paths, alignment.T, strict=False):
            path.set_ydata(run)
        time = np.arange(self.length + 1)
        low, high = np.quantile(alignment, [0.05, 0.95], axis=1)
        self.band.set_data(time, low, high)
        mean = loop.mean_alignment(made, time)
        self.mean.set_ydata(mean)
        if made.retention == 1:
            shares, worst = np.zeros(4), 0
        else:
            shares = loop.loss_shares(made)
            worst = int(np.argmax(shares))
        alone = loop.mean_alignment(loop.perfected(made, except_for=loop.STAGES[worst]), time)
        self.mended.set_ydata(alone)
        for bar, share in zip(self.bars, shares, strict=True):
            bar.set_width(share)
        self.words.set_text(f"— mean, band 5–95 %: {percent(mean[-1])} left after {self.length}")
        if made.retention == 1:
            return f"Nothing leaks: after {self.length} generations everything is left."
        return (
            f"After {self.length} generations {percent(mean[-1])} is left on average, "
            f"{percent(low[-1])} to {percent(high[-1])} in nine runs of ten; "
            f"{loop.STAGES[worst]} causes {percent(shares[worst])} of the loss, and with the other "
            f"three stages perfect {percent(alone[-1])} would be left."
        )

    def headline(self, proposal: float, experiment: float, selection: float,
                 deployment: float) -> bool:  # fmt: skip
        """One stage causes more than half of the loss."""
        made = self._loop(proposal, experiment, selection, deployment)
        return made.retention < 1 and loop.weakest_stage_decides(made)

    @staticmethod
    def _loop(*leaks: float) -> loop.Loop:
        stages = [loop.Stage(leak=leak) for leak in leaks]
        return loop.Loop(**dict(zip(loop.STAGES, stages, strict=True)))
