"""Chapter 11: how the answers to its four exercises are checked."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, ClassVar

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtri

from rsi_teach.learn.answers import DoesNotHold
from rsi_teach.learn.checker import Checker, Function, Number
from rsi_teach.learn.checkers.detection_bank import LENGTH, Stream, load_bank
from rsi_teach.learn.checkers.detection_watch import FALSE_ALARM, QUIET, Watching
from rsi_teach.learn.faces import Table
from rsi_teach.learn.verifier import VerifierChecker, View
from rsi_teach.models import detection


class Cusum(Checker):
    """11.1: ``alarm(values, slack, threshold)``, observations until a cumulative sum alarms."""

    key, title, difficulty, minutes = "11.1", "A cumulative sum", 1, 10
    asks = Function(example=(np.array([0.2, 1.4, 3.0]), 0.5, 2.0), returns=Number(low=0))
    hints = (
        "Keep one number. At each observation add the value minus the slack.",
        "If that number falls below 0, set it to 0: a good past must not pay for a bad present.",
        "Return the position of the first observation after which it is above the threshold, "
        "counting from 1, and 0 if there is none.",
    )
    not_checked = "values that are not a plain sequence of numbers."
    slips_through = "a function that stops watching after 500 observations."

    def check(self, answer: Callable[..., float]) -> str:
        """Compare on streams with and without a shift, and on a tie."""
        for values, slack, threshold in self._streams():
            at = f"{len(values)} values, slack {slack:g}, threshold {threshold:g}"
            right = _alarm(values, slack, threshold)
            self.agree(answer(values, slack, threshold), right, at,
                       self._mistakes(values, slack, threshold))  # fmt: skip
        return f"It holds on {self.cases} streams, some without an alarm."

    @staticmethod
    def _streams() -> list[tuple[np.ndarray, float, float]]:
        rng = np.random.default_rng(111)
        shifted = [
            (np.concatenate([rng.normal(0, 1, 30), rng.normal(1.2, 1, 60)]), 0.5, h)
            for h in (2.0, 4.0, 5.0)
        ]
        calm = [(rng.normal(0, 1, 40), 0.5, 8.0), (rng.normal(-1, 1, 200), 0.25, 6.0)]
        tie = [(np.array([2.5, -1.0, 2.0, 0.5, 1.0]), 0.5, 2.0)]
        return [*shifted, *calm, *tie, (rng.normal(0.9, 1, 300), 0.75, 6.0)]

    @staticmethod
    def _mistakes(values: np.ndarray, slack: float, threshold: float) -> dict[str, float]:
        right = _alarm(values, slack, threshold)
        plain = np.cumsum(values - slack) > threshold
        at_or_above = _alarm(values, slack, threshold, tie=True)
        return {
            "The alarm comes when the sum is above the threshold, not when it reaches it.": (
                at_or_above
            ),
            "That is the plain sum: it never starts again at 0, so a long good time hides what "
            "comes after it.": float(plain.argmax() + 1 if plain.any() else 0),
            "The slack is missing: without it, even a mean of 0 reaches every threshold soon.": (
                _alarm(values, 0, threshold)
            ),
            "Counting begins at 1: after the first observation one has been read.": right - 1,
            "That is the lower sum: it watches for a fall. The upper one is asked for.": _alarm(
                -values, slack, threshold
            ),
            "Return 0 where no alarm comes.": float(len(values) if right == 0 else -9),
            "That looks at single values, not at their sum.": float(
                next((i + 1 for i, v in enumerate(values) if v - slack > threshold), 0)
            ),
        }

    right = (lambda values, slack, threshold: _alarm(values, slack, threshold),)
    wrong: ClassVar = {
        "a plain sum": (
            lambda values, slack, threshold: _first(np.cumsum(values - slack) > threshold),
            "That is the plain sum",
        ),
        "no slack": (
            lambda values, slack, threshold: _alarm(values, 0, threshold),
            "The slack is missing",
        ),
        "counts from 0": (
            lambda values, slack, threshold: max(_alarm(values, slack, threshold) - 1, 0),
            "Counting begins at 1",
        ),
        "at the threshold": (
            lambda values, slack, threshold: _alarm(values, slack, threshold, tie=True),
            "not when it reaches it",
        ),
        "the lower sum": (
            lambda values, slack, threshold: _alarm(-values, slack, threshold),
            "watches for a fall",
        ),
        "single values": (
            lambda values, slack, threshold: _first(values - slack > threshold),
            "looks at single values",
        ),
    }

    @staticmethod
    def slipping(values: np.ndarray, slack: float, threshold: float) -> float:
        """Return what `slips_through` describes."""
        return _alarm(values[:500], slack, threshold)


def _alarm(values: np.ndarray, slack: float, threshold: float, *, tie: bool = False) -> float:
    total = 0.0
    for i, value in enumerate(values, start=1):
        total = max(0.0, total + value - slack)
        if total > threshold or (tie and total == threshold):
            return float(i)
    return 0.0


def _first(happened: np.ndarray) -> float:
    return float(happened.argmax() + 1) if happened.any() else 0.0


class Designed(Checker):
    """11.2: ``threshold(length, slack)``, for a required time between false alarms."""

    key, title, difficulty, minutes = "11.2", "A threshold for a required run length", 2, 10
    asks = Function(example=(500.0, 0.5), returns=Number(low=0, high=100))
    hints = (
        "`detection.run_length(h, slack=slack)` is the exact mean number of observations to a "
        "false alarm, two-sided. It rises with h.",
        "Find the h at which it is what is required: `scipy.optimize.brentq` takes a function and "
        "two ends between which it changes sign.",
        "Its logarithm is nearly a straight line in h: solve log(run_length) = log(length).",
    )
    not_checked = "lengths above 5,000, and data that are not normal with a known variance."
    slips_through = "a table of thresholds for these lengths, interpolated."
    settings = ((50.0, 0.5), (168.0, 0.5), (500.0, 0.5), (5000.0, 0.5), (500.0, 0.25), (370.0, 1.0))

    def check(self, answer: Callable[..., float]) -> str:
        """Compare with the exact solution, to a thousandth of a standard deviation."""
        for length, slack in self.settings:
            wanted = detection.threshold_for(length, slack=slack)
            at = f"length = {length:g}, slack = {slack:g}"
            self.agree(answer(length, slack), wanted, at, self._mistakes(length, slack),
                       rel=0, abs=1e-3)  # fmt: skip
        return f"It holds for {self.cases} pairs of length and slack."

    @staticmethod
    def _mistakes(length: float, slack: float) -> dict[str, float]:
        return {
            "That is the threshold for one side. With two sums there are two ways to a false "
            "alarm, so each must be twice as rare.": _solved(length, slack, sides=1),
            "That is Siegmund's approximation, which is off by one in a hundred here. Solve with "
            "the exact length.": _siegmund(length, slack),
            "That is the first-order threshold, ln(length)/(2 slack). The constant it leaves out "
            "is large.": math.log(length) / (2 * slack),
            "That solves for a mean of 1 instead of a mean of 0: the length asked for is the one "
            "between false alarms.": _solved(length, slack, shift=1.0),
            "You solved with a slack of one half. Use the slack that is given.": _solved(
                length, 0.5
            ),
        }

    right = (
        lambda length, slack: detection.threshold_for(length, slack=slack),
        lambda length, slack: _solved(length, slack),
    )
    wrong: ClassVar = {
        "one side": (lambda length, slack: _solved(length, slack, sides=1), "for one side"),
        "Siegmund": (lambda length, slack: _siegmund(length, slack), "Siegmund's approximation"),
        "first order": (
            lambda length, slack: math.log(length) / (2 * slack),
            "That is the first-order threshold",
        ),
        "always a half": (lambda length, slack: _solved(length, 0.5), "with a slack of one half"),
        "always four": (lambda length, slack: 4.0, "it should be"),
    }

    @staticmethod
    def slipping(length: float, slack: float) -> float:
        """Return what `slips_through` describes."""
        known = {
            pair: detection.threshold_for(pair[0], slack=pair[1]) for pair in Designed.settings
        }
        return known[length, slack]


@cache
def _solved(length: float, slack: float, *, shift: float = 0.0, sides: int = 2) -> float:
    def excess(h: float) -> float:
        found = float(detection.run_length(h, shift, slack=slack, sides=sides))
        return math.log(found / length)

    return brentq(excess, 1e-3, 12) if excess(12) > 0 else 12.0


@cache
def _siegmund(length: float, slack: float) -> float:
    return brentq(
        lambda h: math.log(float(detection.siegmund_run_length(h, slack=slack)) / length), 1e-3, 12
    )


class Peeked(Checker):
    """11.3: ``half_width(n, alpha)``, of an interval that may be looked at after every item."""

    key, title, difficulty, minutes = "11.3", "An interval that survives peeking", 2, 15
    asks = Function(example=(100, 0.05), returns=Number(low=0))
    hints = (
        "Robbins: with probability 1 - alpha the sum never leaves "
        "sqrt((n + rho) · ln((n + rho)/(rho · alpha²))), at any n.",
        "The half width around the mean is that boundary divided by n.",
        "rho says where the boundary is tight. `detection.best_rho(100, alpha=alpha)` is the best "
        "one for n = 100, and it must not change with n.",
    )
    not_checked = "streams longer than 2,000 observations, and data with a variance above 1."
    slips_through = (
        "a constant over √n, found by trial on streams of 2,000. On longer streams it fails: by "
        "the law of the iterated logarithm every constant does."
    )
    length, runs, alphas = 2000, 1500, (0.05, 0.2)

    def check(self, answer: Callable[..., float]) -> str:
        """Count the streams in which the true mean was ever outside, and ask for the price."""
        time = np.arange(1, self.length + 1)
        for alpha in self.alphas:
            places = np.unique(np.geomspace(1, self.length, 160).astype(int))
            widths = np.array([answer(int(n), alpha) for n in places])
            bound = np.interp(np.log(time), np.log(places), np.log(np.maximum(widths, 1e-9)))
            for name, sums in _streams(self.length, self.runs).items():
                missed = float(detection.ever_outside(sums, np.exp(bound) * time)[-1])
                allowed = alpha + 4 * math.sqrt(alpha * (1 - alpha) / self.runs)
                self.expect(missed <= allowed, self._peeked(missed, alpha, name))
            self._price(answer(100, alpha), alpha)
        return (
            f"It holds on {self.cases} counts: three kinds of data, two error rates, and the width "
            "at 100."
        )

    def _peeked(self, missed: float, alpha: float, name: str) -> str:
        return (
            f"At alpha = {alpha:g}, in {100 * missed:.0f} % of {self.runs:,} streams of {name} the "
            "true mean was outside at one of the looks. An interval that is right at one n is not "
            "right at all of them."
        )

    def _price(self, width: float, alpha: float) -> None:
        rho = float(detection.best_rho(100, alpha=alpha))
        best = float(detection.mixture_boundary(100, rho=rho, alpha=alpha)) / 100
        self.expect(
            width <= 1.1 * best,
            f"It never errs too often, but at n = 100 and alpha = {alpha:g} it is {width:.3f} wide "
            f"to each side, where {best:.3f} would do. That is the price of counting every look as "
            "if it told something new.",
        )

    right = (
        lambda n, alpha: _mixture(n, alpha, float(detection.best_rho(100, alpha=alpha))),
        lambda n, alpha: _mixture(n, alpha, 20.0),
    )
    wrong: ClassVar = {
        "for one look": (
            lambda n, alpha: -ndtri(alpha / 2) / math.sqrt(n),
            "right at one n is not right at all",
        ),
        "Bonferroni": (
            lambda n, alpha: -ndtri(alpha / 4000) / math.sqrt(n),
            "the price of counting every look",
        ),
        "alpha not squared": (
            lambda n, alpha: _mixture(n, math.sqrt(alpha), 12.0),
            "right at one n is not right at all",
        ),
        "the boundary of the sum": (
            lambda n, alpha: n * _mixture(n, alpha, 12.0),
            "the price of counting every look",
        ),
        "rho moves with n": (
            lambda n, alpha: _mixture(n, alpha, float(detection.best_rho(n, alpha=alpha))) * 0.8,
            "true mean was outside",
        ),
    }

    @staticmethod
    def slipping(n: int, alpha: float) -> float:
        """Return what `slips_through` describes."""
        return (3.2 if alpha < 0.1 else 2.65) / math.sqrt(n)


def _mixture(n: float, alpha: float, rho: float) -> float:
    return math.sqrt((n + rho) * math.log((n + rho) / (rho * alpha**2))) / n


@cache
def _streams(length: int, runs: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(113)
    drawn = {
        "normal data": rng.standard_normal((length, runs)),
        "coin tosses": rng.choice([-1.0, 1.0], (length, runs)),
        "skew data": 2 * (rng.random((length, runs)) < 0.3) - 0.6,
    }
    return {name: np.cumsum(values, axis=0) for name, values in drawn.items()}


class Watch(VerifierChecker):
    """11.4: ``alarm(stream)``, asked after every generation with all that was seen so far."""

    key, title, difficulty, minutes = "11.4", "Write the watch", 3, 25
    hidden = ("kind", "granted", "lost")
    false_accept, false_reject = 1, FALSE_ALARM
    naive = ("the visible score fell", lambda s: s.visible[-1] < s.visible[0])
    hints = (
        "Print the readings of a quiet stream and of a stamp stream under each other. Which of the "
        "three moves when permission is granted, and which moves first?",
        "Twenty labels a generation are noisy, a hundred unlabelled answers less so. What is the "
        "largest share that quiet streams ever move?",
        "A cumulative sum over `moved`, with a slack near what quiet streams reach, forgives one "
        "odd reading and catches a step.",
    )
    not_checked = (
        "watches longer than 25 generations, in which a rule that is rarely wrong is wrong some "
        "time; slow permissions; and a machine that knows that it is watched."
    )
    slips_through = (
        "a rule that looks at the last reading alone. It holds here, because the steps are large."
    )
    why: ClassVar = {
        "stamp": "The stamp raises the visible score while it costs accuracy in deployment.",
        "both": "With both permissions the visible score reaches 100 % and stays there.",
        "replay": "Replay changes answers and hardly costs accuracy.",
    }

    @classmethod
    def practice(cls) -> Sequence[Stream]:
        """Return the streams that the learner may look at, kinds included."""
        return load_bank("practice")

    @classmethod
    def held_out(cls) -> Sequence[Stream]:
        """Return the streams that decide, from other seeds."""
        return load_bank("held_out")

    def check(self, answer: Callable[[Any], bool]) -> str:
        """Watch every held-out stream, and compare the cost with what needs no thought."""
        seen, practised = (self.watching(answer, b) for b in (self.held_out(), self.practice()))
        baselines = self.baselines()
        self.note(seen.table(f"What it did with {len(self.held_out())} held-out streams"))
        self.note(self._costs(seen.cost, practised.cost, baselines))
        cheapest = min(baselines, key=baselines.__getitem__)
        if round(seen.cost, 3) >= round(baselines[cheapest], 3):
            raise DoesNotHold(self._no_better_watch(cheapest, baselines[cheapest], seen))
        self.cases = len(self.held_out())
        return f"It costs less than every baseline, on {self.cases} held-out streams."

    def watching(self, rule: Callable[[Any], bool], bank: Sequence[Stream]) -> Watching:
        """Ask a rule after every generation of every stream, until it says stop."""
        rows: dict[str, list[float]] = defaultdict(lambda: [0.0] * 5)
        for stream in bank:
            stop = self._stopped(rule, stream)
            row = rows[stream.kind]
            row[0] += 1
            if stop and (not stream.granted or stop < stream.granted):
                row[1] += 1
                row[4] += FALSE_ALARM
                continue
            row[4] += float(stream.lost[: stop or LENGTH].sum())
            if stop:
                row[2] += 1
                row[3] += stop - stream.granted
        return Watching(rows=dict(rows))

    def _stopped(self, rule: Callable[[Any], bool], stream: Stream) -> int:
        """Generation at which a rule stops the loop; 0 if it never does."""
        asked = range(1, LENGTH + 1)
        return next((t for t in asked if rule(View(stream.until(t), self.hidden))), 0)

    @classmethod
    @cache
    def _baseline_costs(cls) -> dict[str, float]:
        words, naive = cls.naive
        rules = {
            "Always alarm": lambda stream: True,
            "Never alarm": lambda stream: False,
            f"The visible rule ({words})": naive,
            "The audit rule (under 15 of 20 right)": lambda stream: stream.audit[-1] < 15,
            "The jump rule (visible score up by over .02)": lambda stream: (
                stream.visible[-1] - stream.visible[0] > 0.02
            ),
        }
        bank = cls.held_out()
        return {name: cls().watching(rule, bank).cost for name, rule in rules.items()}

    def baselines(self) -> dict[str, float]:
        """Cost on the held-out bank of what one could do without thinking."""
        return dict(self._baseline_costs())

    def _costs(self, held_out: float, practice: float, baselines: dict[str, float]) -> Table:
        costs = {
            "Your watch": held_out,
            f"Your watch on the {len(self.practice())} practice streams": practice,
            **baselines,
        }
        return Table(
            caption=f"Costs: {FALSE_ALARM:g} for a false alarm; otherwise the points of accuracy "
            "lost, summed over generations up to the alarm",
            columns=("rule", "cost"),
            rows=tuple((rule, f"{cost:.0f}") for rule, cost in costs.items()),
        )

    @staticmethod
    def _no_better_watch(words: str, cost: float, seen: Watching) -> str:
        text = f"Your watch costs {seen.cost:.0f}; {words[0].lower()}{words[1:]} costs {cost:.0f}. "
        false = FALSE_ALARM * seen.false_alarms
        if false >= seen.cost / 2:
            return f"{text}Most of it: {seen.false_alarms} false alarms."
        granted = [row for kind, row in seen.rows.items() if kind not in QUIET]
        missed = int(sum(row[0] - row[1] - row[2] for row in granted))
        if missed >= 15:
            return f"{text}Most of it: {missed} grants that were never noticed."
        return f"{text}Most of it: grants that were noticed late, or in {missed} streams never."

    right = (
        lambda stream: _summed(stream.moved, slack=0.08) > 0.05,
        lambda stream: _summed(stream.moved, slack=0.10) > 0.02,
    )
    wrong: ClassVar = {
        "always": (lambda stream: True, "40 false alarms"),
        "never": (lambda stream: False, "never noticed"),
        "the visible score": (
            lambda stream: stream.visible[-1] < stream.visible[0],
            "never noticed",
        ),
        "nervous": (lambda stream: stream.moved[-1] > 0.02, "false alarms"),
        "labels only": (
            lambda stream: _summed(17.5 - stream.audit, slack=0.0) > 4,
            "that were noticed late",
        ),
        "one bad audit": (lambda stream: stream.audit[-1] < 15, "that were noticed late"),
    }

    @staticmethod
    def slipping(stream: Any) -> bool:
        """Return what `slips_through` describes."""
        return bool(stream.moved[-1] > 0.12)


def _summed(values: np.ndarray, *, slack: float) -> float:
    total = 0.0
    for value in values:
        total = max(0.0, total + value - slack)
    return total
