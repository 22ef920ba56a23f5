"""Chapter 12: a gate and its two errors, a desk under load, and gates on the machine.

``python -m rsi_teach.pictures.gates`` runs the machine anew, 130 times, and writes the record that
the last picture shows. The machine gives the same numbers everywhere, and a test compares.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
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
    Slider,
    percent,
    readable,
)
from rsi_teach.models import gates
from rsi_teach.models.gates import Desk, Stakes

GENERATIONS = 30
SEEDS = range(10)
RECORD = Path(__file__).with_name("gates_runs.npz")
RISES = (0.0, 0.05, 0.1, 0.2, 0.4)
"""How far the stamp gain may rise in one update, if a gate watches it."""
PARTS = ("visible", "deployed", "stamp", "accepted")
SCOPES = {"free": "both", "no stamp": "replay", "neither": "recursive"}
"""Conditions without a gate, and the preset's name in `rsi_teach.machine`."""
PLACES = ("behind", "before")


def rise(update: machine.Update) -> float:
    """The gate's score: by how much the gain on the stamp rises.

    Parameters
    ----------
    update : Update
    """
    return update.after.stamp - update.before.stamp


def gate(place: str, most: float) -> Any:
    """Put a gate behind selection, where it reads the winner, or before, where it reads all.

    Parameters
    ----------
    place : {"behind", "before"}
    most : float
        Updates in which the stamp gain rises by more are turned away.

    Returns
    -------
    function
        A `select` for `machine.run`.

    Raises
    ------
    ValueError
        For a place that there is not.
    """
    if place not in PLACES:
        raise ValueError(f"place = {place!r}: it is one of {', '.join(PLACES)}")

    def passes(update: machine.Update) -> bool:
        return rise(update) <= most

    def among_the_passing(
        incumbent: machine.Trial, trials: Sequence[machine.Trial]
    ) -> machine.Trial:
        admitted = [t for t in trials if t.genome.stamp - incumbent.genome.stamp <= most]
        return machine.select(incumbent, admitted) if admitted else incumbent

    return machine.gated(passes) if place == "behind" else among_the_passing


@dataclass(frozen=True, kw_only=True, eq=False)
class Held:
    """The machine's runs under one restriction; row s is seed s.

    Parameters
    ----------
    visible, deployed : array [runs, generations + 1]
        Shares right of the version in use; entry 0 is the start.
    stamp : array [runs, generations + 1]
        Its gain on the stamp.
    accepted : array [runs]
        Updates that were made.
    """

    visible: np.ndarray
    deployed: np.ndarray
    stamp: np.ndarray
    accepted: np.ndarray


def run_once(condition: str, seed: int, *, generations: int = GENERATIONS) -> Held:
    """Run the machine once, as every row of the record was made.

    Parameters
    ----------
    condition : str
        One of `conditions()`.
    seed : int
        At least 0.
    generations : int
        At least 1.

    Returns
    -------
    Held
        With one row.
    """
    place, _, most = condition.partition(" at ")
    stages = {"select": gate(place, float(most))} if most else {}
    preset = machine.PRESETS[SCOPES.get(condition, "both")]
    world = machine.draw_world(machine.Lab(), seed)
    made = machine.run(preset, generations=generations, seed=seed, world=world, **stages)
    start = made.generations[0].before
    first = world.deployment.accuracy(start.reader.read(world.deployment.images))
    gain = made.genomes[:, machine.GENES.index("stamp")]
    return Held(
        visible=np.array([[start.visible, *made.visible]]),
        deployed=np.array([[first, *made.deployed]]),
        stamp=np.array([[start.genome.stamp, *gain]]),
        accepted=np.array([np.sum(made.winners >= 0)]),
    )


def conditions() -> list[str]:
    """Every restriction in the record."""
    return [*SCOPES, *(f"{place} at {most:g}" for place in PLACES for most in RISES)]


@cache
def held(condition: str) -> Held:
    """Ten runs of thirty generations, from the record.

    Parameters
    ----------
    condition : str
        One of `conditions()`.
    """
    with np.load(RECORD) as file:
        return Held(**{part: file[f"{condition} {part}"] for part in PARTS})


class GateThreshold(Explorer):
    """Most of what the gate stops is good."""

    threshold = Slider(-1.0, 5.0, 1.28, label="threshold", unit="sd", step=0.02)
    base_rate = Slider(0.0001, 0.5, 0.01, label="share of updates that are bad", log=True)
    separation = Slider(0.2, 5.0, 2.56, label="separation of the score, d'", unit="sd", step=0.02)
    miss = Slider(1, 1000, 20, label="a miss costs as much as so many false alarms", log=True)
    reverses_at = {"base_rate": 0.2}
    size = (8.2, 3.8)

    labs, tried = 60, 50
    noise = np.random.default_rng(12).standard_normal((2, tried, labs))

    def draw(self, figure: Any) -> None:
        """Operating curve on the left; what is stopped, and the cost, by threshold on the right."""
        left, right = figure.subplots(1, 2)
        left.set(xlim=(-0.02, 1), ylim=(0, 1.02))
        left.set(xlabel="share of good updates stopped", ylabel="share of bad updates stopped")
        left.plot([0, 1], [0, 1], color=GREY, ls=":", lw=1)
        self.grid = np.linspace(-6, 11, 200)
        (self.curve,) = left.plot(self.grid, self.grid, color=BLUE)
        (self.dots,) = left.plot([0], [0], ".", color=GREY, ms=5, alpha=0.7)
        (self.here,) = left.plot([0], [0], "o", color=VERMILLION, ms=9, mfc="white", mew=2)
        left.text(0.99, 0.2, "— operating curve", color=readable(BLUE), ha="right")
        left.text(0.99, 0.12, "○ this threshold", color=readable(VERMILLION), ha="right")
        left.text(0.99, 0.04, f"· {self.labs} trials, {self.tried} of each", color=GREY, ha="right")
        self.places = np.linspace(-1, 5, 121)
        right.set(xlim=(-1, 5), ylim=(0, 2.02), xlabel="threshold (sd of the score)")
        right.set_ylabel("share; cost with the gate over without")
        right.set_yticks([0, 0.25, 0.5, 0.75, 1, 1.25, 1.5])
        right.axhline(1, color=GREY, lw=0.8, ls=":")
        (self.cost,) = right.plot(self.places, self.places, color=GREEN)
        (self.value,) = right.plot(self.places, self.places, color=PURPLE, ls="--")
        (self.cut,) = right.plot([1, 1], [0, 1.5], color=VERMILLION, lw=1.5)
        (self.best,) = right.plot([1], [0], "v", color=GREEN, ms=9, clip_on=False)
        for y, words, colour in (
            (1.88, "- - share of the stopped that is bad", PURPLE),
            (1.74, "— cost; 1 is what not looking costs", GREEN),
            (1.60, "▼ where it is least", GREEN),
        ):
            right.text(4.95, y, words, color=readable(colour), ha="right", fontsize=9.5)

    def update(self, threshold: float, base_rate: float, separation: float, miss: float) -> str:
        """Move the point along the curve, and the curve with the separation."""
        stakes = Stakes(base_rate=base_rate, miss=miss)
        hits, alarms = gates.operating_point(self.grid, separation=separation)
        self.curve.set_data(alarms, hits)
        hit, alarm = (float(x) for x in gates.operating_point(threshold, separation=separation))
        self.here.set_data([alarm], [hit])
        scored = self.noise + np.array([0, separation])[:, None, None]
        self.dots.set_data(*(scored > threshold).mean(axis=1))
        costs = gates.expected_cost(stakes, self.places, separation=separation) / stakes.without
        self.cost.set_ydata(np.where(costs <= 1.5, costs, np.nan))
        shares = gates.operating_point(self.places, separation=separation)
        self.value.set_ydata(gates.predictive_value(*shares, base_rate=base_rate))
        self.cut.set_xdata([threshold, threshold])
        best = float(gates.best_threshold(stakes, separation=separation))
        least = gates.expected_cost(stakes, np.clip(best, -40, 40), separation=separation)
        self.best.set_data([np.clip(best, -1, 5)], [0.03])
        value = float(gates.predictive_value(hit, alarm, base_rate=base_rate))
        cost = float(stakes.cost(hit, alarm)) / stakes.without
        where = f"at {best:.2f}" if -1 <= best <= 5 else f"outside, at {best:.1f}"
        return (
            f"The gate stops {percent(hit)} of the bad updates and {percent(alarm, 1)} of the good "
            f"ones. Where {percent(base_rate, 2)} are bad, {percent(value, 1)} of what it stops is "
            f"bad, and errors cost {_short(cost)} times what not looking costs; the least, "
            f"{float(least) / stakes.without:.2f} times, is {where} sd."
        )

    def headline(self, threshold: float, base_rate: float, separation: float, miss: float) -> bool:
        """Fewer than half of the stopped are bad."""
        shares = gates.operating_point(threshold, separation=separation)
        return bool(gates.predictive_value(*shares, base_rate=base_rate) < 0.5)


class ArrivalRate(Explorer):
    """At this pace reviewers either miss a quarter of the bad updates or fall behind for ever."""

    arrival = Slider(0.2, 600, 12, label="updates", unit="per hour", log=True)
    reviewers = Slider(1, 20, 1, label="reviewers")
    wanted = Slider(5, 120, 45, label="a review wants", unit="minutes", step=5)
    base_rate = Slider(0.005, 0.5, 0.5, label="share that is bad, as reviewers know", log=True)
    reverses_at = {"arrival": 0.5}
    size = (8.2, 3.8)

    length = 100
    noise = np.random.default_rng(120).standard_exponential((2, length, 60))
    shown = 8

    def draw(self, figure: Any) -> None:
        """Both horns: reviews cut short on the left, updates queueing up on the right."""
        left, right = figure.subplots(1, 2)
        self.rates = np.geomspace(0.2, 600, 80)
        left.set(xlim=(0.2, 600), ylim=(0, 1.16), xscale="log", xlabel="updates per hour")
        left.set_xticks([1, 10, 100], ["1", "10", "100"])
        left.set_yticks([0, 0.25, 0.5, 0.75, 1])
        left.set_ylabel("share turned away")
        left.set_title("every review cut short; band: skill a third off", fontsize=9.5)
        left.axhline(0.5, color=GREY, ls=":", lw=1)
        self.band = left.fill_between(self.rates, 0, 1, color=BLUE, alpha=0.2, lw=0)
        (self.caught,) = left.plot(self.rates, self.rates, color=BLUE)
        (self.lost,) = left.plot(self.rates, self.rates, color=ORANGE, ls="--")
        (self.here,) = left.plot([1, 1], [0, 1.02], color=VERMILLION, lw=1.2, ls=":")
        left.text(0.23, 1.08, "— of the bad", color=readable(BLUE))
        left.text(560, 1.08, "- - of the good", color=readable(ORANGE), ha="right")
        time = np.arange(1, self.length + 1)
        right.set(xlim=(0, self.length), ylim=(0.01, 3e6), yscale="log")
        right.set(xlabel="updates since the desk opened", ylabel="generations behind")
        right.set_title("no review cut short; band: 90 % of runs", fontsize=9.5)
        self.paths = [right.plot(time, time, color=GREY, lw=0.7, alpha=0.7)[0]
                      for _ in range(self.shown)]  # fmt: skip
        self.spread = right.fill_between(time, 1, 2, color=PURPLE, alpha=0.2, lw=0)
        (self.expected,) = right.plot(time, time, color=PURPLE, ls="--", lw=2.5)
        right.text(98, 1.2e6, "- - expected, runs in grey", color=readable(PURPLE), ha="right")

    def update(self, arrival: float, reviewers: int, wanted: float, base_rate: float) -> str:
        """Follow updates through the desk in both ways."""
        desk = Desk(reviewers=reviewers, wanted=wanted)
        stakes = Stakes(base_rate=base_rate)
        curve = gates.review(desk, self.rates, stakes=stakes)
        self.caught.set_ydata(curve.caught)
        self.lost.set_ydata(curve.turned_away)
        ends = [gates.review(self._skilled(desk, by), self.rates, stakes=stakes).caught
                for by in (0.75, 4 / 3)]  # fmt: skip
        self.band.set_data(self.rates, np.minimum(*ends), np.maximum(*ends))
        self.here.set_xdata([arrival, arrival])
        found = gates.review(desk, arrival, stakes=stakes)
        queue = {"reviewers": reviewers, "arrival": arrival, "minutes": wanted}
        waits = gates.simulate_queue(self.noise, **queue)
        behind = np.maximum(arrival * (waits + wanted) / 60, 0.01)
        for path, run in zip(self.paths, behind.T, strict=False):
            path.set_ydata(run)
        ranked = np.sort(behind, axis=1)
        self.spread.set_data(np.arange(1, self.length + 1), ranked[:, 3], ranked[:, -4])
        load = arrival * wanted / 60
        excess = (load / reviewers - 1) * np.arange(1, self.length + 1)
        if load < reviewers:
            steady = load + float(gates.mean_wait(**queue)) * arrival / 60
            later = f"review is {_short(steady)} updates behind on average, and stays there"
        elif load > reviewers:
            steady, more = load, _short(load / reviewers - 1)
            later = f"review falls {more} updates further behind with every one"
        else:
            steady, later = load, "the queue just fails to settle"
        self.expected.set_ydata(np.maximum(excess, max(steady, 0.01)))
        return (
            f"At {arrival:.3g} an hour {reviewers} reviewer{'s' * (reviewers > 1)} can give "
            f"{_span(float(found.minutes))} to each update, and then turn away "
            f"{percent(float(found.caught))} of the bad and {percent(float(found.turned_away))} of "
            f"the good ones. If each takes {wanted:.0f} minutes, {later}."
        )

    def headline(self, arrival: float, reviewers: int, wanted: float, base_rate: float) -> bool:
        """A quarter of the bad is missed in time, and in full the load is above the reviewers."""
        desk = Desk(reviewers=reviewers, wanted=wanted)
        found = gates.review(desk, arrival, stakes=Stakes(base_rate=base_rate))
        return bool(found.caught < 0.75 and arrival * wanted / 60 > reviewers)

    @staticmethod
    def _skilled(desk: Desk, by: float) -> Desk:
        return Desk(reviewers=desk.reviewers, wanted=desk.wanted, skill=by * desk.skill)


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _span(minutes: float) -> str:
    return f"{60 * minutes:.0f} seconds" if minutes < 2 else f"{minutes:.3g} minutes"


RESTRICTIONS = {
    "nothing": "free",
    "scope: no stamp": "no stamp",
    "scope: neither": "neither",
    "a gate behind selection": "behind",
    "a gate before selection": "before",
}
"""What a learner chooses from, and where it stands in the record."""


class Restricted(Explorer):
    """A gate on single updates lets the stamp in by small steps, and the machine ends worse."""

    restriction = Choice(list(RESTRICTIONS), label="restriction", default="a gate behind selection")
    most = Choice(
        [f"{most:g}" for most in RISES], label="the stamp gain may rise by", default="0.2"
    )
    generation = Slider(1, GENERATIONS, GENERATIONS, label="after generation")
    reverses_at = {"most": "0.05"}
    size = (8.2, 3.8)

    def draw(self, figure: Any) -> None:
        """Scores on the left, the stamp gain of every run on the right."""
        left, right = figure.subplots(1, 2, width_ratios=(3, 2))
        time = np.arange(GENERATIONS + 1)
        left.set(xlim=(0, GENERATIONS), ylim=(0.3, 1.1), xlabel="generations")
        left.set_ylabel("share of digits read right")
        left.set_title(f"mean of {len(SEEDS)} runs; band: lowest to highest", fontsize=9.5)
        self.lines = []
        for colour, style in ((BLUE, "-"), (VERMILLION, "--")):
            band = left.fill_between(time, 0, 1, color=colour, alpha=0.2, lw=0)
            (line,) = left.plot(time, time, color=colour, ls=style)
            self.lines.append((band, line))
        self.start = left.axhline(held("free").deployed[:, 0].mean(), color=GREY, ls=":", lw=1.2)
        self.cursor = left.axvline(0, color=GREY, lw=1, ls=":")
        left.text(1, 1.05, "— visible test", color=readable(BLUE))
        left.text(29, 1.05, "- - deployed", color=readable(VERMILLION), ha="right")
        right.set(xlim=(0, GENERATIONS), ylim=(-0.03, 1.6), xlabel="generations")
        right.set_ylabel("gain on the stamp")
        right.set_title("every run", fontsize=9.5)
        self.gains = [right.plot(time, time, color=PURPLE, lw=1.2)[0] for _ in SEEDS]
        self.limit = right.axhline(0, color=GREEN, ls="--", lw=1.5)
        self.words = right.text(29, 1.5, " ", color=readable(GREEN), ha="right")

    def update(self, restriction: str, most: str, generation: int) -> str:
        """Show ten runs from the record."""
        shown = held(_condition(restriction, most))
        for (band, line), scores in zip(self.lines, (shown.visible, shown.deployed), strict=True):
            band.set_data(np.arange(GENERATIONS + 1), scores.min(axis=0), scores.max(axis=0))
            line.set_ydata(scores.mean(axis=0))
        for line, gain in zip(self.gains, shown.stamp, strict=True):
            line.set_ydata(np.minimum(gain, 1.59))
        self.cursor.set_xdata([generation, generation])
        gate_on = RESTRICTIONS[restriction] in PLACES
        self.limit.set_ydata([float(most) if gate_on else -1] * 2)
        self.words.set_text("- - largest rise of one update" if gate_on else " ")
        real, gain = shown.deployed[:, generation], shown.stamp[:, generation]
        return (
            f"{restriction[0].upper()}{restriction[1:]}"
            f"{f', rises up to {most}' if gate_on else ''}: after {generation} "
            f"generation{'s' * (generation > 1)} the visible score is "
            f"{percent(shown.visible[:, generation].mean(), 1)}, deployed accuracy "
            f"{percent(real.mean(), 1)} against {percent(shown.deployed[:, 0].mean(), 1)} at the "
            f"start, and the stamp gain {gain.mean():.2f}, at most {gain.max():.2f}; in the end "
            f"{shown.accepted.mean():.0f} updates were made."
        )

    def headline(self, restriction: str, most: str, generation: int) -> bool:
        """A gate is on, no update raised the gain by more, and deployed accuracy has fallen."""
        shown = held(_condition(restriction, most))
        fell = shown.deployed[:, generation].mean() < shown.deployed[:, 0].mean()
        crept = shown.stamp[:, generation].mean() > float(most)
        return bool(RESTRICTIONS[restriction] in PLACES and fell and crept)


def _condition(restriction: str, most: str) -> str:
    place = RESTRICTIONS[restriction]
    return f"{place} at {most}" if place in PLACES else place


def main() -> None:
    """Run the machine and write the record anew."""
    record = {}
    for condition in conditions():
        made = [run_once(condition, seed) for seed in SEEDS]
        for part in PARTS:
            record[f"{condition} {part}"] = np.concatenate([getattr(run, part) for run in made])
        last = {part: record[f"{condition} {part}"][..., -1].mean() for part in PARTS[:3]}
        print(condition, last, record[f"{condition} accepted"].mean())
    np.savez_compressed(RECORD, **record)


if __name__ == "__main__":
    main()
