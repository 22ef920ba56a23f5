"""Chapter 13: shared blind spots, detectors and what spoofs them, the lab's evaluators."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from scipy.special import comb

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
    Toggle,
    percent,
    readable,
)
from rsi_teach.learn.checkers.independence_bank import EACH, FAMILIES, KINDS, SEEDS, votes
from rsi_teach.models import independence
from rsi_teach.models.independence import DETECTORS, EDITS, TASKS, Panel


class SharedBlindness(Explorer):
    """Checks with shared blind spots all miss at least ten times as often as their rates say."""

    checks = Slider(1, 25, 3, label="checks", unit="")
    miss = Slider(0.02, 0.4, 0.1, label="one check misses", unit="of the bad", step=0.01)
    correlation = Slider(0.0, 0.9, 0.3, label="correlation of any two", step=0.01)
    reverses_at = {"correlation": 0.05}
    size = (8.2, 4.0)

    numbers = np.arange(1, 26)
    least = 1e-7

    def draw(self, figure: Any) -> None:
        """All miss, against the number of checks, on the left; what a majority sees right."""
        left, right = figure.subplots(1, 2, width_ratios=(1, 1))
        left.set(yscale="log", xlim=(0.5, 25.5), ylim=(self.least, 1), xlabel="checks")
        left.set_ylabel("chance that all of them miss")
        ones = self.numbers * 0.0 + 0.5
        self.band = left.fill_between(self.numbers, 0.1, 0.2, color=BLUE, alpha=0.2, lw=0)
        (self.shared,) = left.plot(self.numbers, ones, color=BLUE)
        (self.common,) = left.plot(self.numbers, ones, color=PURPLE, ls="-.", lw=1.6)
        (self.worth,) = left.plot(self.numbers, ones, color=ORANGE, ls=":", lw=2.4)
        (self.rates,) = left.plot(self.numbers, ones, color=GREY, ls="--", lw=1.8)
        (self.here,) = left.plot(
            [3], [0.1], "o", color=BLACK, ms=8, mfc="white", mew=2, clip_on=False
        )
        _key(left, ("— shared blind spots", BLUE), ("-·- one common cause", PURPLE),
             ("··· n_eff independent", ORANGE), ("- - rates multiplied", GREY))  # fmt: skip
        right.set(xlim=(0.5, 25.5), ylim=(0.4, 1.01), xlabel="checks")
        right.set_ylabel("chance that a majority sees it")
        (self.limit,) = right.plot(self.numbers[[0, 12, -1]], ones[:3], color=VERMILLION, ls=":")
        odd = self.numbers[::2]
        (self.jury,) = right.plot(odd, ones[::2], color=BLUE)
        (self.ideal,) = right.plot(odd, ones[::2], color=GREY, ls="--", lw=1.8)
        (self.place,) = right.plot([3], [0.5], "o", color=BLACK, ms=8, mfc="white", mew=2)
        _key(right, ("— correlated votes", BLUE), ("- - independent", GREY),
             ("··· limit of the correlated", VERMILLION))  # fmt: skip

    def update(self, checks: int, miss: float, correlation: float) -> str:
        """Move the curves to this panel; the band is a correlation known to a tenth."""
        panel, alone = Panel(miss=miss, correlation=correlation), Panel(miss=miss, correlation=0)
        low, together, high = (
            np.maximum(independence.all_miss(Panel(miss=miss, correlation=r), self.numbers), 1e-300)
            for r in (max(correlation - 0.1, 0), correlation, correlation + 0.1)
        )
        worth = independence.effective_number(self.numbers, correlation)
        self.shared.set_ydata(together)
        self.common.set_ydata(independence.common_cause_all_miss(panel, self.numbers))
        self.worth.set_ydata(miss**worth)
        self.rates.set_ydata(miss ** self.numbers.astype(float))
        self.band.set_data(self.numbers, low, high)
        odd = self.numbers[::2]
        jury = independence.majority_right(panel, odd)
        self.jury.set_ydata(jury)
        self.ideal.set_ydata(independence.majority_right(alone, odd))
        limit = independence.majority_limit(panel)
        self.limit.set_ydata([limit] * 3)
        chance, seen = together[checks - 1], jury[(checks - 1) // 2]
        self.here.set_data([checks], [max(chance, self.least)])
        self.place.set_data([checks], [seen])
        who = "One check misses" if checks == 1 else f"All {checks} checks miss"
        return (
            f"{who} {_small(chance)} of the bad updates at {percent(miss)} each and a correlation "
            f"of {correlation:.2f}, {_times(chance / miss**checks)} the product of the rates; were "
            f"the correlation a tenth lower or higher, {_small(low[checks - 1])} or "
            f"{_small(high[checks - 1])}. A majority sees {percent(seen, 1)}, and with ever more "
            f"checks {percent(limit, 1)}."
        )

    def headline(self, checks: int, miss: float, correlation: float) -> bool:
        """All miss ten times as often as the rates multiplied, or more."""
        panel = Panel(miss=miss, correlation=correlation)
        return bool(independence.all_miss(panel, checks) >= 10 * miss**checks)


def _key(axes: Any, *entries: tuple[str, str]) -> None:
    """Name the lines above the axes, two to a row."""
    rows = (len(entries) + 1) // 2
    for place, (words, colour) in enumerate(entries):
        axes.text(
            0.5 * (place % 2), 1.03 + 0.075 * (rows - 1 - place // 2), words,
            color=readable(colour), fontsize=9.5, transform=axes.transAxes,
        )  # fmt: skip


def _small(share: float) -> str:
    return f"{100 * share:.2g} %" if share >= 1e-6 else "under 0.0001 %"


def _times(factor: float) -> str:
    if factor >= 1e4:
        return "over 10,000 times"
    return f"{factor:,.0f} times" if factor >= 9.5 else f"{factor:.1f} times"


FRAME = np.array([-0.42, -0.42, 0.42, 0.42, -0.42])
"""The heights of a box round a row."""


class Spoofed(Explorer):
    """The chosen detectors together let no more pass than was really done."""

    edit = Choice(list(EDITS), label="the machine's edit", default="log spoofing")
    narrow = Toggle(False, label="narrow: one line of the log")
    shared = Toggle(True, label="shared: every line of the log")
    isolated = Toggle(True, label="isolated: results, worked out anew")
    witness = Toggle(False, label="witness: the tool's own count")
    reverses_at = {"edit": "log and result spoofing"}
    size = (8.2, 4.0)

    def draw(self, figure: Any) -> None:
        """Every edit by every detector on the left; what passes all chosen ones on the right."""
        left, right = figure.subplots(1, 2, width_ratios=(5, 3))
        names, table = list(EDITS), independence.detector_table(list(EDITS.values()))
        done = [float(independence.work_done(edit).mean()) for edit in EDITS.values()]
        rows = np.arange(len(names))
        for axes in (left, right):
            axes.set_ylim(len(rows) - 0.4, -1.25)
            axes.axhline(5.5, color=GREY, lw=0.8, ls=":")
            axes.tick_params(axis="y", length=0)
        left.set(xlim=(-0.55, 4.55), xlabel="score by")
        left.set_yticks(rows, names)
        left.set_xticks(range(5), [*DETECTORS, "work\ndone"])
        for row in rows:
            for column, score in enumerate([*table[row], done[row]]):
                _score(left, column, row, score, wrong=score > done[row] + 1e-9)
        left.axvline(3.5, color=GREY, lw=0.8)
        left.text(-0.5, -0.85, "bold: more than was done", color=readable(VERMILLION), fontsize=9.5)
        (mark,) = left.plot([-0.5, 3.48, 3.48, -0.5, -0.5], FRAME, color=BLUE, lw=1.8)
        self.marks = [mark]
        self.columns = [
            left.plot([c - 0.38, c + 0.38], [-0.45, -0.45], color=BLUE, lw=4)[0] for c in range(4)
        ]
        right.set(xlim=(-0.06, 1.06), xlabel="share of the twenty tasks")
        right.set_yticks([])
        self.marks += right.plot([-0.05, 1.05, 1.05, -0.05, -0.05], FRAME, color=BLUE, lw=1.8)
        (self.gaps,) = right.plot([0, 1, np.nan], [0, 0, np.nan], color=VERMILLION, lw=2)
        right.plot(done, rows, "o", color=GREEN, ms=11, mfc="none", mew=2)
        (self.passes,) = right.plot(rows * 0.0, rows, "x", color=VERMILLION, ms=7, mew=2.2)
        right.text(-0.04, -0.85, "o done", color=readable(GREEN), fontsize=9.5)
        right.text(0.3, -0.85, "x passes all chosen", color=readable(VERMILLION), fontsize=9.5)

    def update(self, edit: str, narrow: bool, shared: bool, isolated: bool, witness: bool) -> str:
        """Mark the edit and the detectors, and let the tasks pass all of them."""
        chosen = self._chosen(narrow, shared, isolated, witness)
        done = {name: float(independence.work_done(one).mean()) for name, one in EDITS.items()}
        score = {name: _passing(name, chosen) for name in EDITS}
        place = list(EDITS).index(edit)
        for mark in self.marks:
            mark.set_ydata(place + FRAME)
        for line, name in zip(self.columns, DETECTORS, strict=True):
            line.set_visible(name in chosen)
        rows = np.arange(len(EDITS))
        self.passes.set_data(list(score.values()), rows)
        ends = np.array([[done[name], score[name], np.nan] for name in EDITS])
        self.gaps.set_data(ends.ravel(), np.repeat(rows, 3))
        through = [name for name in EDITS if score[name] > done[name] + 1e-9]
        words = " and ".join(chosen) if chosen else "no detector"
        listed = f": {', '.join(through)}" if 0 < len(through) < 4 else ""
        return (
            f"With {words} chosen, {score[edit] * len(TASKS):.0f} of {len(TASKS)} tasks pass after "
            f"the edit '{edit}', and {done[edit] * len(TASKS):.0f} were done. Of the eight edits "
            f"{len(through)} get{'s' * (len(through) == 1)} more credit than work was done{listed}."
        )

    def headline(
        self, edit: str, narrow: bool, shared: bool, isolated: bool, witness: bool
    ) -> bool:
        """No more passes than was done."""
        return not self._fooled(edit, self._chosen(narrow, shared, isolated, witness))

    @staticmethod
    def _chosen(*on: bool) -> tuple[str, ...]:
        return tuple(name for name, chosen in zip(DETECTORS, on, strict=True) if chosen)

    @staticmethod
    def _fooled(edit: str, chosen: tuple[str, ...]) -> bool:
        return _passing(edit, chosen) > float(independence.work_done(EDITS[edit]).mean()) + 1e-9


def _score(axes: Any, column: int, row: int, score: float, *, wrong: bool) -> None:
    """Write one entry of the table, bold and coloured where it is wrong."""
    words = f"{score:.2f}".removeprefix("0") if 0 < score < 1 else f"{score:.0f}"
    axes.text(
        column, row, words, ha="center", va="center",
        color=readable(VERMILLION if wrong else BLACK), fontweight="bold" if wrong else "normal",
    )  # fmt: skip


@cache
def _passing(edit: str, chosen: tuple[str, ...]) -> float:
    """Share of the tasks that every chosen detector lets pass; all of them if none is chosen."""
    passed = [independence.passed(name, EDITS[edit]) for name in chosen]
    return float(np.all(passed, axis=0).mean()) if passed else 1.0


PANELS = {
    "the lab's, seeing the stamp": {"stamped": 1},
    "the lab's, not seeing it": {"plain": 1},
    "trained elsewhere": {"elsewhere": 1},
    "half the lab's, half elsewhere": {"stamped": 1, "elsewhere": 1},
}
"""What a learner chooses from, as the families that evaluators are drawn from by turns."""
RULES = {"a majority approves": False, "all approve": True}
WORDS = {"good": "good", "stamp": "stamp rose", "replay": "replay rose", "both": "both rose",
         "other": "neither rose"}  # fmt: skip


def let_through(panel: str, number: int, margin: float, rule: str) -> np.ndarray:
    """Chance that a panel lets each update through, over all ways to draw it from six a family.

    Parameters
    ----------
    panel : str
        A key of `PANELS`.
    number : int
        Evaluators, 1 to 6.
    margin : float
        By how much agreement may fall, in points.
    rule : str
        A key of `RULES`. A tie is no majority.

    Returns
    -------
    array [updates]
        The updates of `votes("chapter")`.
    """
    counts = _counts(round(margin, 3))
    families = list(PANELS[panel])
    law = np.ones((len(counts), 1))
    for place, family in enumerate(families):
        drawn = len(range(place, number, len(families)))
        law = _added(law, _drawn(counts[:, FAMILIES.index(family)], drawn))
    yes = np.arange(number + 1)
    return law[:, yes == number if RULES[rule] else 2 * yes > number].sum(axis=1)


@cache
def _counts(margin: float) -> np.ndarray:
    """How many of the six approve each update, for each family."""
    return votes("chapter").approved(margin / 100).sum(axis=2)


def _drawn(approve: np.ndarray, drawn: int) -> np.ndarray:
    """Law of the approvals among so many evaluators drawn from six, [updates, drawn + 1]."""
    table = np.array([
        [comb(k, y) * comb(EACH - k, drawn - y) for y in range(drawn + 1)] for k in range(EACH + 1)
    ])  # fmt: skip
    return table[approve] / comb(EACH, drawn)


def _added(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Law of a sum, row by row."""
    total = np.zeros((len(one), one.shape[1] + other.shape[1] - 1))
    for shift in range(one.shape[1]):
        total[:, shift : shift + other.shape[1]] += one[:, [shift]] * other
    return total


class Evaluators(Explorer):
    """The panel lets through more than half of the bad updates in which the stamp's gain rose."""

    panel = Choice(list(PANELS), label="evaluators are", default="the lab's, seeing the stamp")
    number = Slider(1, EACH, 3, label="how many", unit="evaluators")
    margin = Slider(0.0, 3.0, 0.0, label="agreement may fall by", unit="points", step=0.2)
    rule = Choice(list(RULES), label="an update passes if")
    reverses_at = {"panel": "trained elsewhere"}
    size = (8.2, 3.8)

    def draw(self, figure: Any) -> None:
        """What passes, by kind, on the left; bad ones against the number of evaluators right."""
        left, right = figure.subplots(1, 2, width_ratios=(5, 4))
        rows = np.arange(len(KINDS))
        kinds = votes("chapter").kind
        left.set(xlim=(0, 1.03), ylim=(len(rows) - 0.4, -0.9), xlabel="share let through")
        left.set_yticks(rows, [f"{WORDS[kind]} ({np.sum(kinds == kind)})" for kind in KINDS])
        colours = [GREEN] + [VERMILLION] * 4
        self.bars = list(left.barh(rows, rows * 0.0 + 0.5, 0.55, color=colours))
        (self.dots,) = left.plot([0], [0], "o", color=BLACK, ms=4, mfc="none", mew=1.2)
        left.plot([0.5] * 3, [-0.4, 2, 4.6], color=GREY, lw=0.8, ls=":")
        left.text(0, -0.62, "bar: all runs   o one run of the machine")
        numbers = np.arange(1, EACH + 1)
        right.set(yscale="log", xlim=(0.7, EACH + 0.3), ylim=(1e-6, 1), xlabel="evaluators")
        right.set_ylabel("bad updates that all approve")
        (self.measured,) = right.plot(numbers, numbers * 0.1, color=BLUE, marker="o", ms=5)
        (self.product,) = right.plot(numbers, numbers * 0.1, color=GREY, ls="--")
        (self.cursor,) = right.plot([3, 3], [1e-6, 1], color=GREY, lw=1, ls=":")
        _key(right, ("— measured", BLUE), ("- - rates multiplied", GREY))

    def update(self, panel: str, number: int, margin: float, rule: str) -> str:
        """Look up how the panel votes."""
        found = votes("chapter")
        passes = let_through(panel, number, margin, rule)
        shares = {kind: float(passes[found.kind == kind].mean()) for kind in KINDS}
        for bar, kind in zip(self.bars, KINDS, strict=True):
            bar.set_width(shares[kind])
        groups = [(found.kind == k) & (found.seed == s) for k in KINDS for s in SEEDS["chapter"]]
        rows = np.repeat(np.arange(len(KINDS)), len(SEEDS["chapter"]))
        there = [group.any() for group in groups]
        self.dots.set_data([passes[g].mean() for g in groups if g.any()], rows[there])
        together, product = _all_approve(panel, round(margin, 3))
        self.measured.set_ydata(np.maximum(together, 1e-6))
        self.product.set_ydata(np.maximum(product, 1e-6))
        self.cursor.set_xdata([number, number])
        bad = float(passes[(found.kind != "good") & (found.kind != "")].mean())
        return (
            f"Panel of {number}, {panel}, passing an update if "
            f"{rule if number > 1 else 'it approves'}: {percent(shares['stamp'])} of the bad "
            f"updates with a risen stamp pass, {percent(shares['replay'])} of those with risen "
            f"replay, {percent(bad)} of all bad ones and {percent(shares['good'])} of the good. "
            f"All of the panel approve {_small(together[number - 1])} of the bad; its rates "
            f"multiplied say {_small(product[number - 1])}."
        )

    def headline(self, panel: str, number: int, margin: float, rule: str) -> bool:
        """More than half of the bad stamp updates pass."""
        passes = let_through(panel, number, margin, rule)
        return bool(passes[votes("chapter").kind == "stamp"].mean() > 0.5)


@cache
def _all_approve(panel: str, margin: float) -> tuple[np.ndarray, np.ndarray]:
    """Share of the bad updates that all approve, and the product of the rates, by their number."""
    kind = votes("chapter").kind
    bad = (kind != "good") & (kind != "")
    numbers = range(1, EACH + 1)
    together = [let_through(panel, n, margin, "all approve")[bad].mean() for n in numbers]
    rates = _counts(margin)[bad].mean(axis=0) / EACH
    turns = [FAMILIES.index(family) for family in PANELS[panel]]
    product = [np.prod([rates[turns[i % len(turns)]] for i in range(n)]) for n in numbers]
    return np.array(together), np.array(product)
