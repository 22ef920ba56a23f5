"""Chapter 15: how the answers to its four exercises are checked."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import ClassVar

import numpy as np

from rsi_teach.learn.checker import Array, Checker, Function
from rsi_teach.learn.planted import PlantedFlawChecker
from rsi_teach.models import observability
from rsi_teach.models.observability import Plant


class LeastArrival(Checker):
    """15.1: ``arrivals(growth, drift, allowed)``, the critical probability and the needed one."""

    key, title, difficulty, minutes = "15.1", "How often must a reading arrive?", 2, 12
    asks = Function(example=(1.25, 1.0, 16.0), returns=Array(shape=(2,)))
    hints = (
        "With probability 1 - λ a step has no reading, and the error variance is multiplied by a². "
        "The mean stays bounded if the product of the two is below one.",
        "With a perfect sensor the mean follows S' = (1 - λ) a² S + q. Where does it settle?",
        "Solve q / (1 - (1 - λ) a²) = allowed for λ. Neither number can be below zero.",
    )
    not_checked = (
        "sensors with an error, for which the mean is known between two bounds only, and arrivals "
        "that come in bunches: a network that fails for an hour at a time is another problem."
    )
    slips_through = "a function that takes every growth above 4 for 4."
    cases_asked = (
        *((1.25, 1, 16), (2, 1, 4), (2, 0.5, 40), (1.1, 3, 3)),
        *((1, 1, 5), (0.8, 1, 10), (0.8, 1, 1.2), (3.5, 2, 2.5)),
    )

    def check(self, answer: Callable[..., np.ndarray]) -> str:
        """Compare with the closed forms, for plants that grow and plants that do not."""
        for growth, drift, allowed in self.cases_asked:
            wanted = np.array(_arrivals(growth, drift, allowed))
            at = f"growth = {growth}, drift = {drift}, allowed = {allowed}"
            got = answer(float(growth), float(drift), float(allowed))
            self.agree(got, wanted, at, self._mistakes(growth, drift, allowed, wanted))
        self.note(
            "At a growth of 1.25 the critical probability is 0.36, and 0.40 is needed for a mean "
            "of 16; at 2 it is 0.75."
        )
        return f"It holds on {self.cases} plants, some of which do not grow."

    @staticmethod
    def _mistakes(growth: float, drift: float, allowed: float, right: np.ndarray) -> dict:
        bare = np.array([1 - 1 / growth**2, 1 - (1 - drift / allowed) / growth**2])
        return {
            "A probability below zero: a plant that does not grow needs no reading. Stop at 0.": (
                bare
            ),
            "You took the growth where its square belongs: it is the *variance* that must stay "
            "bounded, and a growth of a multiplies it by a².": np.maximum(
                [1 - 1 / growth, 1 - (1 - drift / allowed) / growth], 0
            ),
            "These are the probabilities with which a reading may be *missing*. Asked are those "
            "with which it must arrive.": 1 - right,
            "The two are in the wrong order: first the critical one.": right[::-1],
            "In the second number drift and allowed have changed places.": np.array([
                right[0], max(1 - (1 - allowed / drift) / growth**2, 0)
            ]),
            "The second number is the critical one again. A mean that is bounded may still be "
            "larger than what is allowed.": np.array([right[0], right[0]]),
        }  # fmt: skip

    right = (
        lambda growth, drift, allowed: _arrivals(growth, drift, allowed),
        lambda growth, drift, allowed: [
            float(observability.critical_arrival(growth)),
            max(0, (growth**2 - 1 + drift / allowed) / growth**2),
        ],
    )
    wrong: ClassVar = {
        "below zero": (
            lambda growth, drift, allowed: [
                1 - 1 / growth**2,
                1 - (1 - drift / allowed) / growth**2,
            ],
            "A probability below zero",
        ),
        "not squared": (
            lambda growth, drift, allowed: [
                max(1 - 1 / growth, 0),
                max(1 - (1 - drift / allowed) / growth, 0),
            ],
            "where its square belongs",
        ),
        "may be missing": (
            lambda growth, drift, allowed: [1 - x for x in _arrivals(growth, drift, allowed)],
            "a reading may be *missing*",
        ),
        "wrong order": (
            lambda growth, drift, allowed: _arrivals(growth, drift, allowed)[::-1],
            "in the wrong order",
        ),
        "turned round": (
            lambda growth, drift, allowed: [
                _arrivals(growth, drift, allowed)[0],
                max(1 - (1 - allowed / drift) / growth**2, 0),
            ],
            "have changed places",
        ),
        "critical twice": (
            lambda growth, drift, allowed: 2 * _arrivals(growth, drift, allowed)[:1],
            "the critical one again",
        ),
    }

    @staticmethod
    def draw(rng: np.random.Generator) -> tuple[float, float, float]:
        """Return a plant that grows or does not."""
        return rng.uniform(0.5, 6), rng.uniform(0.5, 2), rng.uniform(5, 50)

    @staticmethod
    def slipping(growth: float, drift: float, allowed: float) -> list[float]:
        """Return what `slips_through` describes."""
        return _arrivals(min(growth, 4.0), drift, allowed)


def _arrivals(growth: float, drift: float, allowed: float) -> list[float]:
    critical = 1 - 1 / growth**2
    needed = 1 - (1 - drift / allowed) / growth**2
    return [max(critical, 0), max(needed, 0)]


class MissingReading(Checker):
    """15.2: ``next_variance(variance, arrived, growth, drift, sensor)``, one Riccati step."""

    key, title, difficulty, minutes = "15.2", "A step with a reading missing", 2, 14
    asks = Function(
        example=(np.array([4.0, 4.0]), np.array([True, False]), 2.0, 1.0, 1.0),
        returns=Array(shape=(2,)),
    )
    hints = (
        "First the reading, if there is one, then the step. Without a reading the error is what it "
        "was.",
        "A prediction of error variance P and a reading of error variance r, combined in the best "
        "way, have the error variance P r / (P + r).",
        "Then the step: a² times what is left, plus q. `np.where(arrived, ..., ...)` chooses.",
    )
    not_checked = (
        "whether the filter that the variance belongs to is told truly which readings arrived. A "
        "reading that is late, forged or repeated is not a missing one."
    )
    slips_through = "a function that is right for at most a hundred runs."
    cases_asked = (
        *((1.25, 1, 1), (2, 0.5, 3), (0.9, 2, 0.1), (1, 1, 0), (3, 0.01, 100)),
    )  # fmt: skip

    def check(self, answer: Callable[..., np.ndarray]) -> str:
        """Compare with the course's own step, for several plants and mixed arrivals."""
        variance = np.array([0.3, 7.0])
        for growth, drift, sensor in self.cases_asked:
            plant = Plant(growth=growth, drift=drift, sensor=sensor)
            for arrived in np.array([[True, False], [True, True], [False, False]]):
                wanted = observability.riccati_step(plant, variance, arrived.astype(int))
                at = (
                    f"variance = {variance.tolist()}, arrived = {arrived.tolist()}, growth = "
                    f"{growth}, drift = {drift}, sensor = {sensor}"
                )
                got = answer(variance, arrived, float(growth), float(drift), float(sensor))
                self.agree(got, wanted, at, self._mistakes(variance, arrived, plant))
        self.note("At a growth of 2, drift and sensor 1: from 4 it is 4.2 with a reading, 17 not.")
        return f"It holds on {self.cases} steps, with a reading, without, and with both."

    @staticmethod
    def _mistakes(p: np.ndarray, came: np.ndarray, plant: Plant) -> dict[str, np.ndarray]:
        return {
            message: step(p, came, plant.growth, plant.drift, plant.sensor)
            for step, message in _MISTAKES.values()
        }

    right = (
        lambda variance, arrived, growth, drift, sensor: _step(
            variance, arrived, growth, drift, sensor
        ),
        lambda variance, arrived, growth, drift, sensor: (
            growth**2 * (variance - arrived * variance**2 / (variance + sensor)) + drift
        ),
    )

    @staticmethod
    def slipping(
        variance: np.ndarray, arrived: np.ndarray, growth: float, drift: float, sensor: float
    ) -> np.ndarray:
        """Return what `slips_through` describes."""
        return _step(variance[:100], arrived[:100], growth, drift, sensor)


def _step(p: np.ndarray, came: np.ndarray, a: float, q: float, r: float) -> np.ndarray:
    return a**2 * np.where(came, p * r / (p + r), p) + q


_MISTAKES: dict[str, tuple[Callable[..., np.ndarray], str]] = {
    "always read": (
        lambda p, came, a, q, r: _step(p, came | True, a, q, r),
        "You used a reading that did not arrive.",
    ),
    "never read": (
        lambda p, came, a, q, r: _step(p, came & False, a, q, r),
        "You never used a reading.",
    ),
    "frozen": (
        lambda p, came, a, q, r: np.where(came, _step(p, came, a, q, r), p),
        "Without a reading you left the variance as it was. The plant takes its step all the same, "
        "and what nobody sees grows.",
    ),
    "lost": (
        lambda p, came, a, q, r: a**2 * np.where(came, p**2 / (p + r), p) + q,
        "P²/(P + r) is what the reading takes away. Subtract it from P.",
    ),
    "not squared": (
        lambda p, came, a, q, r: a * np.where(came, p * r / (p + r), p) + q,
        "You took the growth where its square belongs: a variance is a square.",
    ),
    "other order": (
        lambda p, came, a, q, r: np.where(
            came, (a**2 * p + q) * r / (a**2 * p + q + r), a**2 * p + q
        ),
        "You took the step first and the reading afterwards. Here the reading comes first, and "
        "asked is the variance after the step.",
    ),
    "no drift": (
        lambda p, came, a, q, r: _step(p, came, a, 0 * q, r),
        "The drift is missing: each step adds q.",
    ),
    "drift grown": (
        lambda p, came, a, q, r: _step(p, came, a, 0 * q, r) + a**2 * q,
        "The drift comes in after the growth and is not multiplied by a².",
    ),
    "averaged": (
        lambda p, came, a, q, r: a**2 * (p - came.mean() * p**2 / (p + r)) + q,
        "You took the share of readings that arrived, the same for every run. Each run has its "
        "own.",
    ),
}
"""By name, a wrong step and the message for it."""

MissingReading.wrong = _MISTAKES


class FastestLoop(Checker):
    """15.3: ``fastest(growth, rate, pause, every)``, days a cycle, plain and with pauses."""

    key, title, difficulty, minutes = "15.3", "The fastest loop that is understood", 2, 12
    asks = Function(example=(2.0, 0.2, 20.0, 10), returns=Array(shape=(2,)))
    hints = (
        "A bit halves what is not known. How many bits undo a multiplication by `growth`?",
        "A cycle of T days brings rate · T bits. Without pauses: log2(growth) / rate days.",
        "With a pause after every `every` cycles, each cycle has pause / every more days of study. "
        "A loop that rests enough may be as fast as it likes: stop at 0.",
    )
    not_checked = (
        "what a bit of understanding is and how anybody would measure a rate of it. The sum takes "
        "both as given, and that is the weak place of the analogy, not of the sum."
    )
    slips_through = "a function that forgets to stop at 0 when the growth is above 5."
    cases_asked = (
        *((2, 0.2, 20, 10), (1.5, 0.2, 0, 1), (4, 0.5, 6, 3), (3, 0.1, 30, 12)),
        *((2, 1, 30, 10), (1, 0.3, 5, 5), (1.05, 0.02, 1, 1)),
    )

    def check(self, answer: Callable[..., np.ndarray]) -> str:
        """Compare with the data-rate bound, with long pauses among the cases."""
        for growth, rate, pause, every in self.cases_asked:
            wanted = np.array(_fastest(growth, rate, pause, every))
            at = f"growth = {growth}, rate = {rate}, pause = {pause}, every = {every}"
            got = answer(float(growth), float(rate), float(pause), every)
            self.agree(got, wanted, at, self._mistakes(growth, rate, pause, every, wanted))
        self.note(
            "A loop that doubles what is not known, studied at a fifth of a bit a day: more than 5 "
            "days a cycle, or 3 with a rest of 20 days after every tenth. Fifty days for ten "
            "cycles, either way."
        )
        return f"It holds on {self.cases} settings, with pauses and without."

    @staticmethod
    def _mistakes(
        growth: float, rate: float, pause: float, every: int, right: np.ndarray
    ) -> dict[str, np.ndarray]:
        bare = math.log2(growth) / rate
        return {
            "A cycle of less than no time: a loop that rests so long may be as fast as it likes. "
            "Stop at 0.": np.array([bare, bare - pause / every]),
            "You took the natural logarithm. Bits count halvings: the logarithm to base 2.": (
                np.array([
                    bare * math.log(2), max(bare * math.log(2) - pause / every, 0)
                ])
            ),
            "You returned cycles per day. Asked is the time that a cycle takes.": np.array([
                0 if x == 0 else 1 / x for x in right
            ]),
            "You took the whole pause off every cycle. It comes once in `every` cycles.": np.array([
                bare, max(bare - pause, 0)
            ]),
            "You lengthened the cycle by the pause. The pause is time for study, in which the loop "
            "adds nothing: it lets the cycles be shorter.": np.array([bare, bare + pause / every]),
            "You divided the growth by the rate. What counts is how many bits it takes to undo "
            "it.": np.array([growth / rate, max(growth / rate - pause / every, 0)]),
            "You multiplied by the rate. Faster understanding allows a shorter cycle.": np.array([
                bare * rate**2, max(bare * rate**2 - pause / every, 0)
            ]),
        }  # fmt: skip

    right = (
        lambda growth, rate, pause, every: _fastest(growth, rate, pause, every),
        lambda growth, rate, pause, every: [
            float(observability.fastest_cycle(growth, rate)),
            float(observability.fastest_cycle(growth, rate, pause=pause, every=every)),
        ],
    )
    wrong: ClassVar = {
        "below zero": (
            lambda growth, rate, pause, every: [
                math.log2(growth) / rate,
                math.log2(growth) / rate - pause / every,
            ],
            "A cycle of less than no time",
        ),
        "nats": (
            lambda growth, rate, pause, every: [
                math.log(growth) / rate,
                max(math.log(growth) / rate - pause / every, 0),
            ],
            "the natural logarithm",
        ),
        "a rate": (
            lambda growth, rate, pause, every: [
                1 / x if x else 0.0 for x in _fastest(growth, rate, pause, every)
            ],
            "You returned cycles per day",
        ),
        "the whole pause": (
            lambda growth, rate, pause, every: _fastest(growth, rate, pause, 1),
            "once in `every` cycles",
        ),
        "longer": (
            lambda growth, rate, pause, every: [
                math.log2(growth) / rate,
                math.log2(growth) / rate + pause / every,
            ],
            "You lengthened the cycle",
        ),
        "growth over rate": (
            lambda growth, rate, pause, every: [
                growth / rate,
                max(growth / rate - pause / every, 0),
            ],
            "You divided the growth by the rate",
        ),
        "times the rate": (
            lambda growth, rate, pause, every: [
                math.log2(growth) * rate,
                max(math.log2(growth) * rate - pause / every, 0),
            ],
            "You multiplied by the rate",
        ),
    }

    @staticmethod
    def slipping(growth: float, rate: float, pause: float, every: int) -> list[float]:
        """Return what `slips_through` describes."""
        plain, paused = math.log2(growth) / rate, math.log2(growth) / rate - pause / every
        return [plain, paused if growth > 5 else max(paused, 0)]


def _fastest(growth: float, rate: float, pause: float, every: int) -> list[float]:
    plain = math.log2(growth) / rate
    return [plain, max(plain - pause / every, 0)]


CLAIMS = {
    "A": "Chapter 15: two parts, of which the second never acts on the first. A sensor that reads "
    "their sum passes the rank test no better than one that reads the first part alone, if what "
    "the first part loses is what the second gains and keeps.",
    "B": "Chapter 15: a quantity that doubles in every step, and something new in every step. "
    "Messages of one bit do not keep it in bounds. One bit and two bits in turn do, and the "
    "interval settles at 3 and 4 times what is new.",
    "C": "Chapter 15: a loop doubles what is not known in each cycle, and people learn a fifth of "
    "a bit a day. A cycle has to take more than 5 days; with a rest of 20 days after every tenth "
    "cycle, more than 3.",
    "D": "Chapter 16: a forecaster says 90 % and is right 60 % of the time. The Brier score is "
    "0.33 on average; saying 60 % would have made it 0.24.",
    "E": "Chapter 15: growth 1.25, drift 1, a perfect sensor whose readings arrive 40 % of the "
    "time. After 200 steps a thousand runs have a mean error variance of 8.1, with a standard "
    "error of 0.75. So, at 95 %, the true mean lies between 6.7 and 9.6.",
    "F": "Chapter 16: ten intervals that are meant to hold in nine cases of ten, from somebody "
    "whose intervals do. Eight hits or fewer happen with probability 26 %, so ten entries can "
    "hardly show over-confidence.",
}
REASONS = (
    "the rank taken for a degree",
    "bits and nats mixed up",
    "per cycle or per day",
    "a standard error where the variance is infinite",
    "a median taken for a mean",
    "the same data used twice",
)


class PlantedFlaw(PlantedFlawChecker):
    """15.4: which of the six claims about Part V is wrong, and what its argument rests on."""

    key, title, difficulty, minutes = "15.4", "The planted flaw of Part V", 3, 16
    hints = (
        "Five of the claims can be confirmed with a line or two each: a determinant, "
        "`settled_widths`, `fastest_cycle`, an expectation of two terms, a binomial sum.",
        "In the wrong claim every number is what the computer gave. Ask which of the quantities "
        "that it argues with exist.",
        "There is an exact value that the claim could be held against.",
    )
    claims, reasons = CLAIMS, REASONS
    question = "what does its argument rest on that is not there?"
    salt = "rsi-teach, part V"
    seal = "eeb8f0a43bff1068187041851d20a585e26574cb66e65dd769e18503d017ba02"
