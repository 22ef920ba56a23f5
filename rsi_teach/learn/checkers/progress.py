"""Chapter 01: how the answers to its four exercises are checked."""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist
from typing import ClassVar

import numpy as np

from rsi_teach.learn.checker import Array, Checker, Choices, DoesNotHold, Function, Number
from rsi_teach.models import progress

Z = NormalDist().inv_cdf(0.95)


class TimeToSingularity(Checker):
    """01.1: ``time_to_singularity(start, rate, exponent)``, infinite unless exponent > 0."""

    key, title, difficulty, minutes = "01.1", "Time to the singularity", 1, 8
    asks = Function(example=(1.0, 1.0, 0.2), returns=Number(infinite=True))
    hints = (
        "Separate the variables: S^(-1-e) dS = k dt. Integrate the left side from S0 upwards.",
        "The integral from S0 to infinity is finite only for e > 0. What is it at its two ends?",
        "S0^(-e) / e = k t*. For e <= 0 the level stays finite at every time: return `math.inf`.",
    )
    not_checked = (
        "exponents below 0.05, and what the function does with a start or rate below zero."
    )
    slips_through = "a function that calls every exponent below 0.01 zero and returns infinity."
    cases_asked = (
        *((1.0, 1.0, 0.2), (1.0, 0.5, 0.2), (2.0, 1.0, 0.5), (10.0, 0.1, 0.05), (0.3, 2.0, 1.5)),
        *((1.0, 1.0, -0.5), (4.0, 2.0, -0.1), (1.0, 1.0, 0.0)),
    )

    def check(self, answer: Callable[..., float]) -> None:
        """Compare with the model of the chapter, over all three regimes."""
        for start, rate, e in self.cases_asked:
            model = progress.IdeaProduction(start=start, rate=rate, returns=1 + e)
            got, at = answer(start, rate, e), f"S0 = {start:g}, k = {rate:g}, e = {e:g}"
            if e <= 0 and got != math.inf:
                raise DoesNotHold(
                    f"At {at} there is no singularity: S stays finite at every time, and the "
                    f"formula has nothing to say. Your answer gives {got:g}; return `math.inf`."
                )
            self.agree(got, progress.time_to_singularity(model), at, self._mistakes(start, rate, e))

    @staticmethod
    def _mistakes(start: float, rate: float, e: float) -> dict[str, float]:
        if e <= 0:
            return {}
        return {
            "The starting level is missing: your answer is right only for S0 = 1. A system that "
            "starts higher already grows faster.": 1 / (rate * e),
            "The sign of the exponent on S0: a higher start must bring t* nearer, yours puts it "
            "off.": start**e / (rate * e),
            "The e in the denominator is missing: differentiate S^(-e) to see where it comes "
            "from.": start**-e / rate,
        }

    right = (
        lambda start, rate, exponent: (
            start**-exponent / (rate * exponent) if exponent > 0 else math.inf
        ),
    )
    wrong: ClassVar = {
        "forgot the start": (
            lambda start, rate, e: 1 / (rate * e) if e > 0 else math.inf,
            "The starting level is missing",
        ),
        "sign of the exponent": (
            lambda start, rate, e: start**e / (rate * e) if e > 0 else math.inf,
            "The sign of the exponent",
        ),
        "forgot the e below": (
            lambda start, rate, e: start**-e / rate if e > 0 else math.inf,
            "The e in the denominator is missing",
        ),
        "negative times": (
            lambda start, rate, e: start**-e / (rate * e) if e else math.inf,
            "there is no singularity",
        ),
    }

    @staticmethod
    def draw(rng: np.random.Generator) -> tuple[float, float, float]:
        """Return a growth with or without a singularity."""
        return rng.uniform(0.5, 4), rng.uniform(0.1, 2), rng.uniform(-0.3, 1)

    @staticmethod
    def slipping(start: float, rate: float, exponent: float) -> float:
        """Return what `slips_through` describes."""
        return start**-exponent / (rate * exponent) if exponent >= 0.01 else math.inf


class SpeedupToHalve(Checker):
    """01.2: ``speedup_to_halve(times, automated)``, infinite where no speed-up is enough."""

    key, title, difficulty, minutes = "01.2", "Halving the time from idea to version", 2, 12
    asks = Function(
        example=(np.array([1.0, 6.0, 2.0, 3.0]), np.array([True, True, True, False])),
        returns=Number(infinite=True),
    )
    hints = (
        "The stages run one after another. What takes its time whether or not you automate?",
        "The automated stages together may take at most half of today's total, less the time "
        "of the others.",
        "If the others alone take half of the total or more, no speed-up is enough: return "
        "`math.inf`.",
    )
    not_checked = "stages that overlap, stages that get faster by different factors, and sizes "
    not_checked += "that do not match."
    slips_through = "a function that gives up, with infinity, as soon as more than 1,000 is needed."
    cases_asked = (
        ((1.0, 6.0, 2.0, 3.0), (True, True, True, False)),
        ((1.0, 6.0, 2.0, 3.0), (False, True, False, False)),
        ((1.0, 6.0, 2.0, 3.0), (True, True, True, True)),
        ((5.0, 1.0, 1.0), (True, False, False)),
        ((8.0, 0.5, 3.0, 4.4), (True, True, False, False)),
        ((1.0, 6.0, 2.0, 3.0), (True, False, True, True)),
        ((1.0, 1.0), (True, False)),
        ((2.0, 1.0, 9.0, 1.0, 1.0), (True, True, False, True, False)),
    )

    def check(self, answer: Callable[..., float]) -> None:
        """Compare with the chapter's model where halving is possible, at the edge, and beyond."""
        for stages, choice in self.cases_asked:
            times, automated = np.array(stages), np.array(choice)
            wanted = progress.speedup_needed(times, automated, factor=2)
            at = f"times {stages} with automated {choice}"
            got = answer(times, automated)
            self.agree(got, wanted, at, self._mistakes(times, automated, wanted, got))

    @staticmethod
    def _mistakes(
        times: np.ndarray, automated: np.ndarray, wanted: float, got: float
    ) -> dict[str, float]:
        impossible = (
            "Sometimes no speed-up is enough: when the stages that are left to people take half "
            "of the total or more, the answer is `math.inf`."
        )
        if wanted == math.inf:
            return {impossible: got}
        count = automated.mean()
        room = times.sum() / 2 - times[automated].sum()
        return {
            "Twice as fast in the automated stages halves the total only if every stage is "
            "automated. What do the others still take?": 2.0,
            "You took the share of the stages. What counts is their share of the time.": (
                count / (count - 0.5) if count > 0.5 else math.inf
            ),
            "You have exchanged the stages: those marked True are the ones that get faster.": (
                times[~automated].sum() / room if room > 0 else math.inf
            ),
        }

    right = (
        lambda times, automated: (
            float(times[automated].sum() / (times.sum() / 2 - times[~automated].sum()))
            if times[~automated].sum() < times.sum() / 2
            else math.inf
        ),
        lambda times, automated: progress.speedup_needed(times, automated, factor=2),
    )
    wrong: ClassVar = {
        "two is enough": (lambda times, automated: 2.0, "only if every stage is automated"),
        "counts the stages": (
            lambda times, automated: (
                automated.mean() / (automated.mean() - 0.5) if automated.mean() > 0.5 else math.inf
            ),
            "the share of the stages",
        ),
        "the other stages": (
            lambda times, automated: progress.speedup_needed(times, ~automated, factor=2),
            "exchanged the stages",
        ),
        "never impossible": (
            lambda times, automated: (
                times[automated].sum() / abs(times.sum() / 2 - times[~automated].sum() + 1e-300)
            ),
            "Sometimes no speed-up is enough",
        ),
    }

    @staticmethod
    def slipping(times: np.ndarray, automated: np.ndarray) -> float:
        """Return what `slips_through` describes."""
        needed = progress.speedup_needed(times, automated, factor=2)
        return needed if needed <= 1000 else math.inf


class TwoReadings(Checker):
    """01.3: ``two_readings(low, high)``, P(r > 1) if the interval is everything, or 5 to 95 %."""

    key, title, difficulty, minutes = "01.3", "One interval, two readings", 2, 12
    asks = Function(example=(0.4, 3.6), returns=Array(shape=(2,)))
    hints = (
        "In both readings work with ln r: r > 1 is ln r > 0.",
        "First reading: ln r is equally likely everywhere from ln low to ln high. Which part of "
        "that stretch lies above 0? It may be none of it, or all.",
        "Second reading: ln r is normal with its 5 % and 95 % points at ln low and ln high, so "
        "its mean lies halfway and its standard deviation is half the width divided by 1.645.",
    )
    not_checked = (
        "differences below 0.005, so that a simulation passes too; intervals that are none."
    )
    slips_through = "a function with 1.64 in place of the normal distribution's 95 % point 1.6449."
    cases_asked = ((0.4, 3.6), (0.8, 2.4), (0.5, 2.0), (0.2, 1.5), (1.1, 3.0), (0.3, 0.9))

    def check(self, answer: Callable[..., np.ndarray]) -> None:
        """Compare with the chapter's beliefs, also where 1 lies outside the interval."""
        for low, high in self.cases_asked:
            got, at = answer(low, high), f"low = {low:g}, high = {high:g}"
            if np.any((got < -0.005) | (got > 1.005)):
                said = ", ".join(f"{p:.3g}" for p in got)
                raise DoesNotHold(f"At {at} you give ({said}): a probability lies in 0 to 1.")
            self.agree(got, self._wanted(low, high), at, self._mistakes(low, high), abs=0.005)
        both = self._wanted(0.4, 3.6)
        self.note(
            f"For the published 0.4 to 3.6 the two readings give {both[0]:.3f} and {both[1]:.3f}. "
            "The paper's words decide which one is meant, not the numbers."
        )

    @staticmethod
    def _wanted(low: float, high: float) -> np.ndarray:
        everything = progress.ReturnsBelief(low=low, high=high, coverage=1, shape="log-uniform")
        most = progress.ReturnsBelief(low=low, high=high, coverage=0.9, shape="log-normal")
        return np.array([progress.chance_above_one(everything), progress.chance_above_one(most)])

    @classmethod
    def _mistakes(cls, low: float, high: float) -> dict[str, np.ndarray]:
        uniform, normal = cls._wanted(low, high)
        flat = min(max((high - 1) / (high - low), 0), 1)
        tail = NormalDist(math.log(low * high) / 2, math.log(high / low) / 2 / 1.96)
        plain = NormalDist((low + high) / 2, (high - low) / 2 / Z)
        return {
            "The two readings are in the wrong order: log-uniform first.": np.array(
                [normal, uniform]
            ),
            "These are the probabilities of r < 1.": np.array([1 - uniform, 1 - normal]),
            "Your first reading spreads r evenly, not ln r. On a ratio's own scale, from a half "
            "to one is as far as from one to two.": np.array([flat, normal]),
            "Your second reading takes the ends for the 2.5 % and 97.5 % points. Between the 5 % "
            "and 95 % points lie 2 · 1.645 standard deviations.": np.array(
                [uniform, 1 - tail.cdf(0)]
            ),
            "Your second reading makes r itself normal. Then r could be negative; it is ln r that "
            "is normal.": np.array([uniform, 1 - plain.cdf(1)]),
        }

    right = (
        lambda low, high: _two_readings(low, high),
        lambda low, high: np.array(_two_readings(low, high)) + 0.002,
    )
    wrong: ClassVar = {
        "the other order": (
            lambda low, high: _two_readings(low, high)[::-1],
            "in the wrong order",
        ),
        "below one": (
            lambda low, high: [1 - p for p in _two_readings(low, high)],
            "probabilities of r < 1",
        ),
        "uniform in r": (
            lambda low, high: ((high - 1) / (high - low), _two_readings(low, high)[1]),
            "spreads r evenly",
        ),
        "95 % interval": (
            lambda low, high: _two_readings(low, high, z=1.96),
            "2.5 % and 97.5 %",
        ),
        "normal in r": (
            lambda low, high: (
                _two_readings(low, high)[0],
                1 - NormalDist((low + high) / 2, (high - low) / 2 / Z).cdf(1),
            ),
            "makes r itself normal",
        ),
        "not held between 0 and 1": (
            lambda low, high: (
                math.log(high) / math.log(high / low),
                _two_readings(low, high)[1],
            ),
            "a probability lies in 0 to 1",
        ),
    }

    @staticmethod
    def slipping(low: float, high: float) -> tuple[float, float]:
        """Return what `slips_through` describes."""
        return _two_readings(low, high, z=1.64)


def _two_readings(low: float, high: float, z: float = Z) -> tuple[float, float]:
    a, b = math.log(low), math.log(high)
    second = 1 - NormalDist((a + b) / 2, (b - a) / 2 / z).cdf(0)
    return min(max(b / (b - a), 0), 1), second


OMISSIONS = {
    "experiment compute": (
        "slower",
        "Experiments need compute, and better software does not make more of it: a bottleneck of "
        "the CES kind. It pushes t* back, perhaps for ever.",
    ),
    "calendar time": (
        "slower",
        "Training runs, field trials and reviews last as long as they last. The stage clock shows "
        "what a stage that cannot be sped up does to the rest: it pushes t* back.",
    ),
    "software ceiling": (
        "slower",
        "If there is a best possible algorithm, growth must slow on the way to it. The toy has "
        "none and runs to infinity.",
    ),
    "hardware feedback": (
        "faster",
        "The toy lets only software improve. If better systems also design better chips, or pay "
        "for more of them, there is a second loop on top of the first, and t* comes nearer.",
    ),
    "changing returns": (
        "either",
        "The toy holds r fixed for ever. It may fall as the easy ideas go, or rise as new fields "
        "open; the published estimates do not settle which.",
    ),
    "benchmarks": (
        "either",
        "S is read off benchmarks. They can run ahead of what a system does in use, or saturate "
        "and hide what it can do: the error has no sign known beforehand.",
    ),
}


DIRECTIONS = {name: direction for name, (direction, _) in OMISSIONS.items()}


class LeftOut(Checker):
    """01.4: ``directions()``, a dictionary from each omission to where it pushes the answer."""

    key, title, difficulty, minutes = "01.4", "What the toy leaves out", 1, 10
    asks = Function(
        example=(), returns=Choices(names=tuple(OMISSIONS), options=("slower", "faster", "either"))
    )
    hints = (
        "For each one ask: with this put back into the toy, would t* come sooner or later?",
        "Three of them hold something constant that the toy lets grow without limit.",
        "Two of them are errors whose sign nobody knows beforehand.",
    )
    not_checked = "your reasons. The directions are the course's judgement, argued in the chapter; "
    not_checked += "none of them is a theorem."
    slips_through = "the right words chosen by luck, which is one chance in 729."

    def check(self, answer: Callable[[], dict[str, str]]) -> str:
        """Compare each direction with the chapter's; give its reason for the first that differs."""
        said = answer()
        for name, (direction, reason) in OMISSIONS.items():
            self.expect(
                said[name] == direction,
                f'{name}: you say "{said[name]}", the chapter "{direction}". {reason} If you '
                "have a better reason, keep it: this is judgement, and worth a discussion.",
            )
        return f"It agrees with the chapter on all {self.cases} omissions."

    right = (lambda: dict(DIRECTIONS),)
    wrong: ClassVar = {
        "compute does not matter": (
            lambda: {**DIRECTIONS, "experiment compute": "either"},
            "need compute",
        ),
        "everything slows": (lambda: dict.fromkeys(OMISSIONS, "slower"), "a second loop"),
        "everything is open": (lambda: dict.fromkeys(OMISSIONS, "either"), "need compute"),
        "returns only fall": (
            lambda: {**DIRECTIONS, "changing returns": "slower"},
            "holds r fixed",
        ),
        "benchmarks flatter": (lambda: {**DIRECTIONS, "benchmarks": "slower"}, "no sign known"),
    }

    @staticmethod
    def slipping() -> dict[str, str]:
        """Return what `slips_through` describes."""
        return dict(DIRECTIONS)
