"""Chapter 09: how the answers to its four exercises are checked."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import ClassVar

import numpy as np
from scipy.special import pdtri

from rsi_teach.learn.checker import Array, Checker, Function
from rsi_teach.learn.planted import PlantedFlawChecker
from rsi_teach.models import survival
from rsi_teach.models.survival import Stream, Weibull


class KaplanMeier(Checker):
    """09.1: ``survival_curve(times, observed, at)``, censoring and ties done right."""

    key, title, difficulty, minutes = "09.1", "Lives that were cut short", 2, 18
    asks = Function(
        example=(np.array([3.0, 5.0, 8.0]), np.array([True, False, True]), np.arange(7.0)),
        returns=Array(shape=(7,)),
    )
    hints = (
        "Go through the different times at which something failed, in order. At each, count who "
        "was still at risk: everybody whose time is not smaller.",
        "At each of them multiply by 1 - failures / at risk. A censored unit never makes a step; "
        "it only leaves the count of those at risk afterwards.",
        "The estimate at a time t is the product over all failure times up to and including t. "
        "Before the first it is 1.",
    )
    not_checked = (
        "samples in which units were censored because they were about to fail. The estimate is "
        "wrong there, and no computation on times and flags can notice."
    )
    slips_through = "a function that gives NaN when not a single unit has failed."

    def check(self, answer: Callable[..., np.ndarray]) -> str:
        """Compare with the course's own on a published sample and on others, most with ties."""
        for times, observed, at, where in self._samples():
            curve = survival.kaplan_meier(times, observed)
            wanted = survival.survival_at(curve, at)
            self.agree(
                answer(times, observed, at), wanted, where, self._mistakes(times, observed, at)
            )
        weeks = survival.kaplan_meier(survival.SIX_MP_WEEKS, survival.SIX_MP_RELAPSED)
        last = survival.survival_at(weeks, [6, 23])
        self.note(
            f"In the trial of 6-mercaptopurine {last[0]:.3f} stay in remission past 6 weeks and "
            f"{last[1]:.3f} past 23; NAG's manual prints 0.857 and 0.448."
        )
        return f"It holds on {self.cases} samples, most of them with ties and censored units."

    @staticmethod
    def _samples() -> list[tuple[np.ndarray, np.ndarray, np.ndarray, str]]:
        rng = np.random.default_rng(91)
        at = np.array([0.0, 2.0, 5.0, 6.0, 9.5, 12.0, 100.0])
        few = np.array([2.0, 5.0, 6.0, 9.0]), np.array([True, False, True, True])
        tied = np.array([5.0, 5.0, 5.0, 9.0]), np.array([True, True, False, True])
        weeks = np.array(survival.SIX_MP_WEEKS, float), np.array(survival.SIX_MP_RELAPSED)
        drawn = []
        for n in (12, 60):
            times = np.ceil(rng.weibull(1.3, n) * 9)
            drawn.append((times, rng.random(n) < 0.6))
        names = ("the trial of 6-mercaptopurine", "four units", "four units with a tie",
                 "12 units", "60 units")  # fmt: skip
        order = [rng.permutation(len(t)) for t, _ in (weeks, few, tied, *drawn)]
        return [
            (times[i], observed[i], at, name)
            for (times, observed), name, i in zip(
                (weeks, few, tied, *drawn), names, order, strict=True
            )
        ]

    @staticmethod
    def _mistakes(times: np.ndarray, observed: np.ndarray, at: np.ndarray) -> dict[str, np.ndarray]:
        return {
            "You dropped the units that were censored. That they got so far without failing is "
            "information: they belong to those at risk until they were last seen.": (
                survival.naive_survival(times, observed, at, "dropped")
            ),
            "You counted the censored units as failures. They were last seen without one.": (
                survival.naive_survival(times, observed, at, "as failures")
            ),
            "The censored units never leave: at risk are only those whose time has not passed "
            "yet.": _all_at_risk(times, observed, at),
            "At a tie, a unit last seen at the moment of another's failure was still at risk. You "
            "took it out before.": _censored_first(times, observed, at),
            "At the time of a failure the curve has already stepped down: count failures up to and "
            "including that time.": _steps_late(times, observed, at),
            "That is the share that has failed. Asked is the share that has not.": (
                1 - _product_limit(times, observed, at)
            ),
            "Where several units fail at once, each of them counts.": _ties_once(
                times, observed, at
            ),
        }

    right = (
        lambda times, observed, at: _product_limit(times, observed, at),
        lambda times, observed, at: survival.survival_at(
            survival.kaplan_meier(times, observed), at
        ),
    )
    wrong: ClassVar = {
        "drops the censored": (
            lambda times, observed, at: survival.naive_survival(times, observed, at, "dropped"),
            "You dropped the units",
        ),
        "censored as failures": (
            lambda times, observed, at: survival.naive_survival(times, observed, at, "as failures"),
            "You counted the censored units as failures",
        ),
        "at risk for ever": (
            lambda times, observed, at: _all_at_risk(times, observed, at),
            "The censored units never leave",
        ),
        "censored first at a tie": (
            lambda times, observed, at: _censored_first(times, observed, at),
            "was still at risk",
        ),
        "a step too late": (
            lambda times, observed, at: _steps_late(times, observed, at),
            "already stepped down",
        ),
        "one failure a time": (
            lambda times, observed, at: _ties_once(times, observed, at),
            "each of them counts",
        ),
        "the share that failed": (
            lambda times, observed, at: 1 - _product_limit(times, observed, at),
            "the share that has failed",
        ),
    }

    @staticmethod
    def slipping(times: np.ndarray, observed: np.ndarray, at: np.ndarray) -> np.ndarray:
        """Return what `slips_through` describes."""
        if not observed.any():
            return np.full(len(at), math.nan)
        return _product_limit(times, observed, at)


def _product_limit(times: np.ndarray, observed: np.ndarray, at: np.ndarray) -> np.ndarray:
    left = np.ones(len(at))
    for time in np.unique(times[observed]):
        failures = np.sum(times[observed] == time)
        left[at >= time] *= 1 - failures / np.sum(times >= time)
    return left


def _ties_once(times: np.ndarray, observed: np.ndarray, at: np.ndarray) -> np.ndarray:
    left = np.ones(len(at))
    for time in np.unique(times[observed]):
        left[at >= time] *= 1 - 1 / np.sum(times >= time)
    return left


def _censored_first(times: np.ndarray, observed: np.ndarray, at: np.ndarray) -> np.ndarray:
    return _product_limit(times - 1e-9 * ~observed, observed, at)


def _steps_late(times: np.ndarray, observed: np.ndarray, at: np.ndarray) -> np.ndarray:
    return _product_limit(times, observed, at - 1e-9)


def _all_at_risk(times: np.ndarray, observed: np.ndarray, at: np.ndarray) -> np.ndarray:
    return np.array([1 - np.mean(observed & (times <= t)) for t in at])


class AfterClean(Checker):
    """09.2: ``fails_ahead(shape, scale, window, ahead)``, after a clean window."""

    key, title, difficulty, minutes = "09.2", "After a clean window", 1, 10
    asks = Function(example=(2.0, 100.0, 10.0, 90.0))
    hints = (
        "The chance of getting past t is exp(-(t / scale)^shape). Write down the chance of getting "
        "past the window, and of getting past the window and the time ahead.",
        "Given the first, the chance of the second is their quotient. Asked is one minus it.",
    )
    not_checked = (
        "where shape and scale come from. With both given the sum is easy; a clean window does not "
        "give them."
    )
    slips_through = "a function that takes every shape above 5 for 5."
    cases_asked = (
        *((0.5, 100, 10, 90), (1, 100, 10, 90), (2, 100, 10, 90)),
        *((3, 50, 0, 20), (0.7, 300, 45, 5), (4, 80, 60, 40)),
    )

    def check(self, answer: Callable[..., float]) -> str:
        """Compare with the exact chance for falling, constant and rising hazards."""
        for shape, scale, window, ahead in self.cases_asked:
            life = Weibull(shape=shape, scale=scale)
            wanted = float(survival.chance_after_clean(life, window=window, ahead=ahead))
            at = f"shape = {shape}, scale = {scale}, window = {window}, ahead = {ahead}"
            got = answer(float(shape), float(scale), float(window), float(ahead))
            self.agree(got, wanted, at, self._mistakes(life, window, ahead))
        self.note(
            "Scale 100, ten clean days, ninety ahead: 0.495, 0.593 and 0.628 at shapes 0.5, 1 and "
            "2. The three got through the window with chances 0.729, 0.905 and 0.990."
        )
        return f"It holds on {self.cases} settings, with falling, constant and rising hazards."

    @staticmethod
    def _mistakes(life: Weibull, window: float, ahead: float) -> dict[str, float]:
        s = {t: float(survival.survival(life, t)) for t in (window, ahead, window + ahead)}
        return {
            "That is the chance of failing by the end, from new. It *has* got through the window: "
            "divide by the chance of that.": 1 - s[window + ahead],
            "That is the chance for a new one. Only at a constant hazard does the past not "
            "matter.": 1 - s[ahead],
            "That is the chance of failing within the time ahead *and* getting through the window "
            "first. Given that it got through, divide.": s[window] - s[window + ahead],
            "That is the chance of getting through; asked is that of failing.": (
                s[window + ahead] / s[window]
            ),
            "You took the time ahead for the end. The clock stands at window + ahead then.": (
                1 - s[ahead] / s[window]
            ),
        }

    right = (
        lambda shape, scale, window, ahead: (
            1 - math.exp((window / scale) ** shape - ((window + ahead) / scale) ** shape)
        ),
        lambda shape, scale, window, ahead: float(
            survival.chance_after_clean(
                Weibull(shape=shape, scale=scale), window=window, ahead=ahead
            )
        ),
    )
    wrong: ClassVar = {
        "from new": (
            lambda shape, scale, window, ahead: (
                1 - math.exp(-(((window + ahead) / scale) ** shape))
            ),
            "by the end, from new",
        ),
        "as good as new": (
            lambda shape, scale, window, ahead: 1 - math.exp(-((ahead / scale) ** shape)),
            "chance for a new one",
        ),
        "not divided": (
            lambda shape, scale, window, ahead: (
                math.exp(-((window / scale) ** shape))
                - math.exp(-(((window + ahead) / scale) ** shape))
            ),
            "Given that it got through, divide",
        ),
        "survives": (
            lambda shape, scale, window, ahead: math.exp(
                (window / scale) ** shape - ((window + ahead) / scale) ** shape
            ),
            "asked is that of failing",
        ),
        "the wrong end": (
            lambda shape, scale, window, ahead: (
                1 - math.exp((window / scale) ** shape - (ahead / scale) ** shape)
            ),
            "You took the time ahead for the end",
        ),
    }

    @staticmethod
    def draw(rng: np.random.Generator) -> tuple[float, float, float, float]:
        """Return a life, a clean window and what comes after it."""
        return rng.uniform(0.4, 8), rng.uniform(20, 200), rng.uniform(1, 50), rng.uniform(1, 100)

    @staticmethod
    def slipping(shape: float, scale: float, window: float, ahead: float) -> float:
        """Return what `slips_through` describes."""
        life = Weibull(shape=min(shape, 5.0), scale=scale)
        return float(survival.chance_after_clean(life, window=window, ahead=ahead))


class SpeedLimit(Checker):
    """09.3: ``fastest(faults, detection, mean, chance)``, two speed limits in days a generation."""

    key, title, difficulty, minutes = "09.3", "The fastest loop", 2, 14
    asks = Function(example=(0.1, 14.0, 0.5, 0.05), returns=Array(shape=(2,)))
    hints = (
        "Faults enter at a rate of faults / cycle a day and stay for `detection` days. How many "
        "are in on average? Solve for the cycle.",
        "The number in flight is Poisson. The chance that there is none is exp(-average): for "
        "which average is it 1 - chance?",
        "First: faults · detection / mean. Second: the same with -ln(1 - chance) for the mean.",
    )
    not_checked = (
        "faults that breed others, and faults that come in bunches. Both make undetected faults "
        "pile up at speeds that are safe here."
    )
    slips_through = "a function that is right only if the two bounds are below one."
    cases_asked = (
        *((0.1, 14, 0.5, 0.05), (0.1, 14, 0.5, 0.5), (0.02, 60, 0.1, 0.01)),
        *((0.5, 3, 0.9, 0.2), (1, 1, 0.25, 0.1)),
    )

    def check(self, answer: Callable[..., np.ndarray]) -> str:
        """Compare with Little's law and with the Poisson distribution."""
        for faults, detection, mean, chance in self.cases_asked:
            stream = Stream(faults=faults, detection=detection)
            wanted = np.array([
                survival.cycle_for_mean(stream, mean), survival.cycle_for_chance(stream, 0, chance)
            ])  # fmt: skip
            at = f"faults = {faults}, detection = {detection}, mean = {mean}, chance = {chance}"
            got = answer(float(faults), float(detection), float(mean), float(chance))
            self.agree(got, wanted, at, self._mistakes(faults, detection, mean, chance, wanted))
        self.note(
            "One fault in ten generations, found after 14 days: 2.8 days a generation keep half a "
            "fault in flight; 27 days keep the loop free of any for 95 % of the time."
        )
        return f"It holds on {self.cases} settings, each with both speed limits."

    @staticmethod
    def _mistakes(
        faults: float, detection: float, mean: float, chance: float, right: np.ndarray
    ) -> dict[str, np.ndarray]:
        product = faults * detection
        return {
            "You returned generations per day. Asked is the time that a generation takes.": (
                1 / right
            ),
            "The two are in the wrong order: first the mean, then the chance.": right[::-1],
            "You multiplied by the bound. A smaller bound needs a *slower* loop, a longer cycle.": (
                np.array([product * mean, product * -math.log1p(-chance)])
            ),
            "The share of generations with a fault is missing: not every generation brings one.": (
                right / faults
            ),
            "You put the chance where the mean belongs. With an average of m in flight there is "
            "none with chance exp(-m).": np.array([right[0], product / chance]),
            "You solved for a loop that has a fault in it for 1 - chance of the time. Read again "
            "which of the two is to be rare.": np.array([right[0], product / -math.log(chance)]),
            "You bounded the chance of more than one. Asked is the chance of any.": np.array([
                right[0], product / float(pdtri(1, 1 - chance))
            ]),
        }  # fmt: skip

    right = (
        lambda faults, detection, mean, chance: [
            faults * detection / mean,
            faults * detection / -math.log(1 - chance),
        ],
        lambda faults, detection, mean, chance: [
            survival.cycle_for_mean(Stream(faults=faults, detection=detection), mean),
            survival.cycle_for_chance(Stream(faults=faults, detection=detection), 0, chance),
        ],
    )
    wrong: ClassVar = {
        "a rate": (
            lambda faults, detection, mean, chance: [
                mean / (faults * detection),
                -math.log(1 - chance) / (faults * detection),
            ],
            "You returned generations per day",
        ),
        "wrong order": (
            lambda faults, detection, mean, chance: [
                faults * detection / -math.log(1 - chance),
                faults * detection / mean,
            ],
            "in the wrong order",
        ),
        "multiplied": (
            lambda faults, detection, mean, chance: [
                faults * detection * mean,
                faults * detection * -math.log(1 - chance),
            ],
            "You multiplied by the bound",
        ),
        "every generation faulty": (
            lambda faults, detection, mean, chance: [
                detection / mean,
                detection / -math.log(1 - chance),
            ],
            "not every generation brings one",
        ),
        "the chance as a mean": (
            lambda faults, detection, mean, chance: [
                faults * detection / mean,
                faults * detection / chance,
            ],
            "where the mean belongs",
        ),
        "the other way round": (
            lambda faults, detection, mean, chance: [
                faults * detection / mean,
                faults * detection / -math.log(chance),
            ],
            "which of the two is to be rare",
        ),
    }

    @staticmethod
    def slipping(faults: float, detection: float, mean: float, chance: float) -> list[float]:
        """Return what `slips_through` describes."""
        return [faults * detection / min(mean, 1), faults * detection / -math.log1p(-chance)]


CLAIMS = {
    "A": "Chapter 07: 300 independent tests, none failed: with 95 % confidence the failure rate is "
    "below 0.994 %. The rule of three says 1 %.",
    "B": "Chapter 08: a test of 1,000 yes-or-no items answers 100 random guesses with their "
    "scores. Their sign-weighted majority scores 60 % on it, on average, and knows nothing.",
    "C": "Chapter 09: forty units ran for up to 30 days. Ten failed, after 14 days on average; the "
    "other thirty got to day 30 and were taken out. A unit lasts 26 days on average, so at a "
    "constant hazard one that runs for 30 days fails with probability 68 %.",
    "D": "Chapter 09: one fault in ten generations, a generation every half day, found after "
    "14 days on average: 2.8 faults are in flight, and the loop is free of any for 6 % of the "
    "time.",
    "E": "Chapter 10: seven changes, the same number of runs: a full factorial estimates each "
    "effect with a quarter of the variance that changing one at a time leaves.",
    "F": "Chapter 11: a two-sided CUSUM with k = 0.5 and h = 4 raises a false alarm after "
    "168 observations on average, and finds a shift of one standard deviation after 8.4.",
}
REASONS = (
    "a bound taken for an estimate",
    "mean or median",
    "the same test asked again",
    "censored times averaged",
    "per cycle or per day",
    "a false alarm taken for a detection",
)


class PlantedFlaw(PlantedFlawChecker):
    """09.4: which of the six claims about Part III is wrong, and what was done to its data."""

    key, title, difficulty, minutes = "09.4", "The planted flaw of Part III", 2, 15
    hints = (
        "Five of the claims can be confirmed with a line each, from `rsi_teach.models`, SciPy or "
        "closed forms in the chapters. Chapters 10 and 11 may still lie ahead of you: what they "
        "claim has a formula too.",
        "In the wrong claim no number was miscalculated. Ask of each average what it is an average "
        "of.",
    )
    claims, reasons = CLAIMS, REASONS
    question = "what was done to its data?"
    salt = "rsi-teach, part III"
    seal = "a8c0d6ee73ca50a56baa2d60bff5c2a7c6d6ae415c29ef6dff9dba684e562d82"
