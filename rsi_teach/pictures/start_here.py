"""Chapter 00: the map of the loop, and what ten answers can show about whoever gives them."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.stats import norm

from rsi_teach.explorer import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    VERMILLION,
    Explorer,
    Picture,
    Slider,
    percent,
    readable,
)
from rsi_teach.models import start_here


class LoopMap(Picture):
    """The loop as a drawing: four stages, what each of them sees, and who stands outside."""

    size = (8.2, 4.3)

    def draw(self, figure: Any) -> None:
        """Boxes, arrows and words."""
        axes = figure.subplots()
        axes.set(xlim=(4, 96), ylim=(5, 49))
        axes.axis("off")
        stages = (
            (22, 40, "1 · Propose", "the current version writes\nchanges to its own rules", BLUE),
            (78, 40, "2 · Experiment", "each change is tried\nand scored on a test", ORANGE),
            (78, 14, "3 · Select", "the best score wins,\nif a gate lets it pass", VERMILLION),
            (22, 14, "4 · Deploy", "the winner goes to work\nwhere nobody keeps score", GREEN),
        )
        box = {"boxstyle": "round,pad=0.9", "fc": "white", "lw": 2.2}
        for x, y, title, words, colour in stages:
            axes.text(x, y, f"{title}\n\n{words}", ha="center", va="center", linespacing=1.25,
                      bbox={**box, "ec": colour})  # fmt: skip
        arrow = {"arrowstyle": "-|>", "lw": 2, "color": GREY, "mutation_scale": 18}
        for start, end, words, x, y in (
            ((38, 41), (62, 41), "candidates", 50, 43),
            ((78, 31.5), (78, 22.5), "scores", 83, 27),
            ((62, 14), (38, 14), "one change", 50, 16),
        ):
            axes.annotate("", end, start, arrowprops=arrow)
            axes.text(x, y, words, ha="center", va="center", color=GREY)
        axes.annotate("", (22, 31.5), (22, 22.5), arrowprops={**arrow, "color": BLUE, "lw": 3.5})
        axes.text(24, 27, "closes the loop:\nthe new version\nproposes next", va="center",
                  color=readable(BLUE))  # fmt: skip
        axes.text(54, 27, "people: aims, budget,\nreview, the off switch", ha="center",
                  va="center", bbox={**box, "ec": GREY, "ls": "--", "lw": 1.4})  # fmt: skip

    def update(self) -> str:
        """Say what is drawn."""
        return (
            "A map of the loop. Four boxes in a ring: propose, where the current version writes "
            "changes to its own rules; experiment, where each change is scored on a test; select, "
            "where the best score wins if a gate lets it pass; deploy, where the winner works and "
            "nobody keeps score. A heavy arrow leads from deploy back to propose and closes the "
            "loop. People stand in the middle with aims, budget, review and the off switch."
        )


class TenAnswers(Explorer):
    """So many answers tell the two forecasters apart six times out of seven."""

    questions = Slider(3, 60, 7, label="questions answered")
    coverage = Slider(0.3, 0.89, 0.5, label="the other's hit rate", step=0.01)
    reverses_at = {"coverage": 0.8}
    size = (8.2, 3.3)

    def draw(self, figure: Any) -> None:
        """Two distributions of hits, back to back."""
        axes = figure.subplots()
        axes.set(xlim=(-0.02, 1.02), ylim=(-1.1, 1.1), xlabel="share of intervals that held")
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.axhline(0, color=GREY, lw=0.8)
        axes.text(0, 0.8, "calibrated: 90 % hold", color=readable(BLUE))
        self.name = axes.text(0, -0.9, "", color=readable(VERMILLION))
        self.up = axes.vlines([0], 0, [0], color=BLUE, lw=5)
        self.down = axes.vlines([0], 0, [0], color=VERMILLION, lw=5)
        (self.dots,) = axes.plot([0], [0], "o", color=BLUE, ms=6)
        (self.squares,) = axes.plot([0], [0], "s", color=VERMILLION, ms=6)
        self.cut = axes.axvline(0.5, color=GREY, ls="--", lw=1.4)

    def update(self, questions: int, coverage: float) -> str:
        """Scale both distributions to their higher peak."""
        share = np.arange(questions + 1) / questions
        good = start_here.hit_probabilities(questions=questions, coverage=0.9)
        other = start_here.hit_probabilities(questions=questions, coverage=coverage)
        peak = max(good.max(), other.max())
        flat = np.zeros_like(share)
        width = min(7.0, 300 / questions)
        for lines, marks, height in (
            (self.up, self.dots, good / peak),
            (self.down, self.squares, -other / peak),
        ):
            lines.set_segments(np.stack([[share, flat], [share, height]]).transpose(2, 0, 1))
            lines.set_linewidth(width)
            seen = np.abs(height) > 0.004
            marks.set_data(share[seen], height[seen])
        cut, error = start_here.confusion(questions=questions, coverage=coverage)
        self.cut.set_xdata([(cut - 0.5) / questions] * 2)
        self.name.set_text(f"over-confident: {percent(coverage)} hold")
        return (
            f"Call whoever gets at least {cut} of {questions} right calibrated, and you mistake "
            f"the two for each other {percent(error)} of the time."
        )

    def headline(self, questions: int, coverage: float) -> bool:
        """The best cut errs at most one time in seven."""
        return start_here.confusion(questions=questions, coverage=coverage)[1] <= 1 / 7


class HonestWidth(Explorer):
    """The stated width costs at most a tenth more than the best one."""

    half = Slider(0.2, 8.0, 2.0, label="half-width that you state", unit="m", step=0.1)
    real = Slider(0.5, 4.0, 1.0, label="sd of your real error", unit="m", step=0.1)
    reverses_at = {"real": 2.5}
    size = (8.2, 3.2)

    def draw(self, figure: Any) -> None:
        """The truth's distribution on the left, the score of every width on the right."""
        left, right = figure.subplots(1, 2)
        self.x = np.linspace(-10, 10, 301)
        left.set(
            xlim=(-10, 10), ylim=(0, 0.85), xlabel="truth, from the middle of your interval (m)"
        )
        left.set_yticks([])
        left.spines["left"].set_visible(False)
        self.stated = left.fill_between([0, 1], 0, 0.8, color=BLUE, alpha=0.2, lw=0)
        (self.truth,) = left.plot(self.x, self.x, color=VERMILLION)
        self.words = left.set_title(" ", color=readable(BLUE))
        self.widths = np.linspace(0.2, 8, 157)
        right.set(xlim=(0, 8), ylim=(0, 32), xlabel="half-width that you state (m)")
        right.set_ylabel("expected score (less is better)")
        (self.curve,) = right.plot(self.widths, self.widths, color=BLUE)
        (self.best,) = right.plot([1], [1], "v", color=VERMILLION, ms=9)
        (self.here,) = right.plot([1], [1], "o", color=BLUE, ms=9, mec="white", clip_on=False)
        self.label = right.text(1, 1, "best", color=readable(VERMILLION), ha="center")

    def update(self, half: float, real: float) -> str:
        """Score the stated width, and every other."""
        self.stated.set_data([-half, half], 0, 0.8)
        self.truth.set_ydata(norm.pdf(self.x, scale=real))
        holds = 1 - 2 * norm.sf(half / real)
        self.words.set_text(f"stated: holds {percent(holds)} of the time")
        self.curve.set_ydata(start_here.expected_interval_score(self.widths, sd=real))
        best = norm.ppf(0.95) * real
        score, least = start_here.expected_interval_score([half, best], sd=real)
        self.best.set_data([best], [least + 1.2])
        self.label.set(x=best, y=least + 2.6)
        self.here.set_data([half], [min(score, 32)])
        self.here.set_marker("o" if score <= 32 else "^")  # an arrowhead: further up than this
        return (
            f"Stating ±{half:.2g} m with errors of standard deviation {real:.2g} m holds "
            f"{percent(holds)} of the time and costs {score:.3g} on average, "
            f"{percent(score / least - 1)} more than the best width would."
        )

    def headline(self, half: float, real: float) -> bool:
        """The stated width costs at most a tenth more than the best one."""
        score, least = start_here.expected_interval_score([half, norm.ppf(0.95) * real], sd=real)
        return score <= 1.1 * least
