"""Chapter 03: how the answers to its four exercises are checked."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import ClassVar

import numpy as np

from rsi_teach.learn.checker import Checker, DoesNotHold, Function, Number, Table
from rsi_teach.models import steering


class LargestSafeGain(Checker):
    """03.1: ``largest_safe_gain(delay, growth)``, 0 where no gain is safe."""

    key, title, difficulty, minutes = "03.1", "The largest safe gain", 2, 12
    asks = Function(example=(5, 1.0), returns=Number(low=0))
    hints = (
        "Try x_t = z^t: z^(d+1) - a z^d + k = 0. The gain is safe as long as every root z has "
        "modulus below 1; `np.roots` takes the coefficients, highest power first.",
        "For a growing plant a gain can be too weak as well as too strong. Walk through the gains "
        "from 0 upwards and remember the last one that was safe; halving then gives the digits.",
        "With delay 0 the coefficients are (1, k - a). Otherwise they are 1, -a, then d - 1 zeros, "
        "then k. If no gain was safe, return 0.",
    )
    not_checked = "delays above 20, growth below 0.9, and digits beyond a thousandth of the gain."
    slips_through = "a function that is wrong beyond a delay of 20."
    cases_asked = (
        *((5, 1.0), (1, 1.0), (2, 1.0), (12, 1.0), (20, 1.0), (0, 1.0)),
        *((0, 1.2), (3, 1.1), (5, 1.05), (8, 1.08), (2, 0.9), (1, 1.5), (10, 1.1), (4, 1.3)),
    )

    def check(self, answer: Callable[..., float]) -> None:
        """Compare with the chapter's model, for plants that stay, shrink, grow and run away."""
        for delay, growth in self.cases_asked:
            got, at = answer(delay, growth), f"delay = {delay}, growth = {growth:g}"
            window = steering.stabilising_gains(delay, growth)
            if window is None and got > 0:
                raise DoesNotHold(
                    f"At {at} no gain is safe: those too weak to hold the growth are already "
                    f"too strong for the delay. Your answer gives {got:.4g}; return 0."
                )
            wanted = window[1] if window else 0.0
            self.agree(got, wanted, at, self._mistakes(delay, growth), rel=1e-3)
        self.note(
            "At a delay of 10, a plant that grows by 10 % a generation cannot be held at all."
        )

    @staticmethod
    def _mistakes(delay: int, growth: float) -> dict[str, float]:
        def edge(d: int) -> float:
            window = steering.stabilising_gains(d, growth)
            return window[1] if window else 0.0

        found = {
            "That is right for a plant that stays put. This one changes by itself: the "
            "coefficient of the second power is the growth, not 1.": float(
                steering.largest_gain(delay)
            ),
            "You count the delay one too long: the correction uses x from `delay` generations "
            "ago, and the equation has degree delay + 1.": edge(delay + 1),
            "That is the largest gain without a swing. A deviation may swing and still "
            "settle.": float(steering.overshoot_free_gain(delay, growth)),
            "That is the smallest gain that holds the growth, the other end of the window.": max(
                growth - 1, 0.0
            ),
        }
        if delay:
            found["You count the delay one too short."] = edge(delay - 1)
            found["π / (2 · delay) is the limit for continuous time. Generations are steps."] = (
                math.pi / (2 * delay)
            )
        return found

    right = (
        lambda delay, growth: (steering.stabilising_gains(delay, growth) or (0, 0))[1],
        lambda delay, growth: _by_roots(delay, growth),
    )
    wrong: ClassVar = {
        "no growth": (
            lambda delay, growth: float(steering.largest_gain(delay)),
            "a plant that stays put",
        ),
        "one too long": (
            lambda delay, growth: (steering.stabilising_gains(delay + 1, growth) or (0, 0))[1],
            "one too long",
        ),
        "one too short": (
            lambda delay, growth: (
                (steering.stabilising_gains(delay - 1, growth) or (0, 0))[1] if delay else 2.0
            ),
            "one too short",
        ),
        "no swing": (
            lambda delay, growth: float(steering.overshoot_free_gain(delay, growth)),
            "without a swing",
        ),
        "continuous": (
            lambda delay, growth: math.pi / (2 * delay) if delay else 1 + growth,
            "continuous time",
        ),
        "never none": (
            lambda delay, growth: (steering.stabilising_gains(delay, growth) or (0, growth - 1))[1],
            "no gain is safe",
        ),
    }

    @staticmethod
    def draw(rng: np.random.Generator) -> tuple[int, float]:
        """Return a plant, some with longer delays than the others."""
        return int(rng.integers(1, 31)), rng.choice([rng.uniform(0.9, 1), 1.6])

    @staticmethod
    def slipping(delay: int, growth: float) -> float:
        """Return what `slips_through` describes."""
        return (steering.stabilising_gains(min(delay, 20), growth) or (0, 0))[1]


def _by_roots(delay: int, growth: float) -> float:
    """Walk up through the gains, then halve: what the hints suggest."""

    def safe(gain: float) -> bool:
        return abs(steering.dominant_root(delay, gain, growth)) < 1

    found = [gain for gain in np.arange(0.005, growth + 1.01, 0.005) if safe(gain)]
    if not found:
        return 0.0
    low, high = found[-1], found[-1] + 0.005
    for _ in range(20):
        middle = (low + high) / 2
        low, high = (middle, high) if safe(middle) else (low, middle)
    return low


class CriticalGeneration(Checker):
    """03.2: ``critical_generation(review, cycle, shrink, floor, gain)``, perhaps infinite."""

    key, title, difficulty, minutes = "03.2", "When does the review fall behind?", 2, 12
    asks = Function(example=(14.0, 14.0, 0.9, 0.5, 0.4), returns=Number(infinite=True))
    hints = (
        "Make a list of the days on which generations begin, some hundred of them before "
        "generation 0 (each `cycle` long) and some hundred after.",
        "The delay of generation g is g - s for the newest version s with day[s] + review <= "
        "day[g]. Mind the equality: a review that ends that very day counts.",
        "The gain is lost in the first generation with gain >= 2 sin(π / (2 (2d + 1))). If that "
        "has not come when all generations have their shortest length, it never does.",
    )
    not_checked = (
        "growing plants, reviews that get faster, and more than a few hundred generations."
    )
    slips_through = "a function that looks only 300 generations ahead."
    cases_asked = (
        *((14.0, 14.0, 0.9, 0.5, 0.4), (7.0, 14.0, 0.9, 0.5, 0.4), (14.0, 14.0, 0.95, 0.5, 0.3)),
        *((14.0, 7.0, 0.9, 0.5, 0.3), (10.0, 20.0, 0.85, 1.0, 0.2), (14.0, 14.0, 1.0, 14.0, 0.4)),
        *((3.0, 14.0, 0.9, 2.0, 0.4), (21.0, 7.0, 0.9, 0.25, 0.6), (5.0, 10.0, 0.8, 0.1, 0.1)),
    )

    def check(self, answer: Callable[..., float]) -> None:
        """Compare with the chapter's model; with loops that never tip among the cases."""
        for case in self.cases_asked:
            review, cycle, shrink, floor, gain = case
            at = (
                f"review = {review:g}, cycle = {cycle:g}, shrink = {shrink:g}, "
                f"floor = {floor:g}, gain = {gain:g}"
            )
            got = answer(*case)
            wanted = _critical(*case)
            if wanted == math.inf and got != math.inf:
                raise DoesNotHold(
                    f"At {at} the delay never passes what the gain can stand: generations do not "
                    f"get shorter than the floor. Your answer gives {got:g}; return `math.inf`."
                )
            self.agree(got, wanted, at, self._mistakes(*case))
        self.note("Half the review time moves the first case from generation 13 to 20.")

    @staticmethod
    def _mistakes(
        review: float, cycle: float, shrink: float, floor: float, gain: float
    ) -> dict[str, float]:
        pace = steering.Pace(cycle=cycle, shrink=shrink, floor=floor)
        wanted = _critical(review, cycle, shrink, floor, gain)
        mistakes = {
            "You divide the review by the length of the present generation. The generations that "
            "the review spans were longer, so fewer of them fit.": _frozen(
                review, cycle, shrink, floor, gain
            ),
            "Your delay is one too short: a version whose review is not done when the generation "
            "begins has not been seen.": _first(lambda d: d - 1 > steering.longest_delay(gain),
                                                pace, review),
            "Your delay is one too long. A review that is done on the day on which the generation "
            "begins counts.": _first(lambda d: d + 1 > steering.longest_delay(gain), pace, review),
            "That is one late: the answer is the first generation that is no longer stable, "
            "counted from 0.": wanted + 1,
        }  # fmt: skip
        if 0 < wanted < math.inf:
            mistakes["That is the day. The generation is asked for."] = float(
                steering.elapsed(pace, int(wanted))
            )
            mistakes["That is the delay. The generation is asked for."] = (
                steering.longest_delay(gain) + 1
            )
        return {words: value for words, value in mistakes.items() if value != wanted}

    right = (
        lambda *case: _critical(*case),
        lambda *case: _by_days(*case),
    )
    wrong: ClassVar = {
        "frozen": (lambda *case: _frozen(*case), "length of the present generation"),
        "That is one late": (lambda *case: _critical(*case) + 1, "That is one late"),
        "one too short": (
            lambda *case: _by_days(*case, shift=-1),
            "one too short",
        ),
        "one too long": (lambda *case: _by_days(*case, shift=1), "one too long"),
        "never infinite": (
            lambda *case: min(_critical(*case), 1000.0),
            "never passes",
        ),
        "the delay": (
            lambda *case: steering.longest_delay(case[-1]) + 1,
            "That is the delay",
        ),
    }

    @staticmethod
    def slipping(*case: float) -> float:
        """Return what `slips_through` describes."""
        found = _critical(*case)
        return found if found <= 300 else math.inf


def _critical(review: float, cycle: float, shrink: float, floor: float, gain: float) -> float:
    pace = steering.Pace(cycle=cycle, shrink=shrink, floor=floor)
    return steering.critical_generation(pace, review=review, gain=gain)


def _by_days(
    review: float, cycle: float, shrink: float, floor: float, gain: float, shift: int = 0
) -> float:
    """The way of the hints: add up the days and look."""
    days = np.concatenate([[0], np.cumsum([max(cycle * shrink**g, floor if shrink < 1 else 0)
                                           for g in range(300)])])  # fmt: skip
    days = np.concatenate([-cycle * np.arange(300, 0, -1), days])
    for g in range(300):
        seen = np.flatnonzero(days[: 300 + g + 1] + review <= days[300 + g] + 1e-9)[-1]
        delay = max(300 + g - int(seen) + shift, 0)
        if gain >= 2 * math.sin(math.pi / (2 * (2 * delay + 1))):
            return g
    return math.inf


def _frozen(review: float, cycle: float, shrink: float, floor: float, gain: float) -> float:
    for g in range(300):
        delay = math.ceil(review / max(cycle * shrink**g, floor) - 1e-9)
        if gain >= 2 * math.sin(math.pi / (2 * (2 * delay + 1))):
            return float(g)
    return math.inf


def _first(lost: Callable[[int], bool], pace: steering.Pace, review: float) -> float:
    delays = steering.delay_at(pace, review=review, generation=np.arange(300))
    return next((float(g) for g, d in enumerate(delays) if lost(max(int(d), 0))), math.inf)


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """Twenty accelerating generations under review.

    Parameters
    ----------
    cycle, review : float
        Days that generation 0 and a review take.
    shrink : float
        Length of a generation over that of the one before.
    growth : float
        What the deviation is multiplied by when nothing corrects it.
    push : float
        What is added to the deviation in every generation, besides noise of sd 0.1.
    """

    cycle: float
    shrink: float
    review: float
    growth: float
    push: float

    @property
    def delays(self) -> np.ndarray:
        """The age of what is seen, generation by generation."""
        pace = steering.Pace(cycle=self.cycle, shrink=self.shrink, floor=0.5)
        return steering.delay_at(pace, review=self.review, generation=np.arange(GENERATIONS))

    def __str__(self) -> str:
        """Say which it is."""
        return (
            f"cycle {self.cycle:g} d × {self.shrink:g} each, review {self.review:g} d, "
            f"growth {self.growth:g}, push {self.push:g}"
        )


GENERATIONS = 20
PRACTICE = (
    Scenario(cycle=14, shrink=0.9, review=14, growth=1.0, push=0.03),
    Scenario(cycle=10, shrink=0.9, review=5, growth=1.05, push=0.02),
    Scenario(cycle=14, shrink=0.8, review=7, growth=1.0, push=0.1),
)
HELD_OUT = (
    Scenario(cycle=14, shrink=0.85, review=10, growth=1.0, push=0.05),
    Scenario(cycle=7, shrink=0.92, review=14, growth=1.02, push=0.03),
    Scenario(cycle=30, shrink=0.95, review=3, growth=1.08, push=0.05),
    Scenario(cycle=7, shrink=0.9, review=10, growth=1.03, push=0.0),
    Scenario(cycle=21, shrink=0.85, review=21, growth=1.01, push=0.05),
    Scenario(cycle=7, shrink=0.95, review=14, growth=1.0, push=0.1),
)


@cache
def _noise(scenario: Scenario) -> np.ndarray:
    seed = [3, *(round(1000 * value) for value in vars(scenario).values())]
    return np.random.default_rng(seed).normal(scenario.push, 0.1, (GENERATIONS, 300))


def deviation(schedule: Callable[[int, float], float], scenario: Scenario) -> float:
    """Root mean square of the deviation over generations 5 to 20 of 300 runs that start at 1.

    Parameters
    ----------
    schedule : callable (delay, growth) -> gain
    scenario : Scenario
    """
    return _rms([schedule(int(d), scenario.growth) for d in scenario.delays], scenario)


def _rms(gains: list[float], scenario: Scenario) -> float:
    runs = steering.simulate(
        _noise(scenario), gain=np.clip(gains, 0, 10), delay=scenario.delays, growth=scenario.growth
    )
    return float(np.sqrt(np.mean(runs[5:] ** 2)))


def _halfway(delay: int, growth: float) -> float:
    """The middle of the window of stable gains."""
    window = steering.stabilising_gains(delay, growth)
    return sum(window) / 2 if window else 0.0


class GainSchedule(Checker):
    """03.3: ``gain(delay, growth)``, a schedule for loops that speed up."""

    key, title, difficulty, minutes = "03.3", "A gain schedule", 3, 20
    asks = Function(example=(3, 1.0), returns=Number(low=0, high=10))
    hints = (
        "A constant gain that is right for the early generations is too strong for the late ones, "
        "and the other way round. What is the largest gain that is stable at this delay?",
        "Close to that limit the deviation rings for long. Close to the other end of the window "
        "it creeps. Where between the two does noise of every generation do the least?",
        "`steering.stabilising_gains(delay, growth)` returns both ends, or None. Somewhere near "
        "the middle does well; so does a constant over (delay + 1).",
    )
    allowed = 1.5
    not_checked = (
        "loops that speed up further than twenty generations, other noise, delays that are not "
        "known, and whether you could have done better."
    )
    slips_through = (
        "a schedule that was made for these delays, at most 9, and is far too strong beyond."
    )

    def check(self, answer: Callable[..., float]) -> str:
        """Run it on scenarios that the learner has not seen; compare with the window's middle."""
        rows, failed = [], []
        for scenario in HELD_OUT:
            gains = [answer(int(d), scenario.growth) for d in scenario.delays]
            mine, bound = _rms(gains, scenario), self.allowed * deviation(_halfway, scenario)
            delays = f"{scenario.delays[0]} → {scenario.delays[-1]}"
            rows.append((f"{scenario}", delays, f"{mine:.2f}", f"{bound:.2f}"))
            if mine > bound:
                failed.append((mine / bound, self._diagnosis(gains, scenario)))
        self.note(
            Table(
                caption="Deviation (root mean square, generations 5 to 20) in six scenarios",
                columns=("scenario", "delay", "yours", "allowed"),
                rows=tuple(rows),
            )
        )
        if len({words.split(":")[0] for _, words in failed}) > 1:
            raise DoesNotHold(
                "Too bold in some scenarios and too timid in others: neither a stronger nor a "
                "weaker gain throughout would mend it. How should it depend on the delay?"
            )
        if failed:
            raise DoesNotHold(max(failed)[1])
        self.cases = len(rows)
        return f"It holds in {self.cases} scenarios of {GENERATIONS} generations, new to you."

    @staticmethod
    def _diagnosis(gains: list[float], scenario: Scenario) -> str:
        mine = _rms(gains, scenario)
        weaker, stronger = (_rms([c * g for g in gains], scenario) for c in (0.6, 1.6))
        if max(gains) == 0:
            return "Nothing is taken off: the push and the noise add up."
        if weaker < stronger:
            return (
                "Too bold: the deviation swings. With six tenths of your gains it would be "
                f"{weaker:.2g} instead of {mine:.2g}. The scenario: {scenario}."
            )
        return (
            "Too timid: the push and the noise carry the deviation away faster than you take it "
            f"off. With 1.6 times your gains it would be {stronger:.2g} and not {mine:.2g}. The "
            f"scenario: {scenario}."
        )

    right = (
        _halfway,
        lambda delay, growth: 0.45 * float(steering.largest_gain(delay)),
        lambda delay, growth: 0.9 / (delay + 1),
    )
    wrong: ClassVar = {
        "close to the limit": (
            lambda delay, growth: 0.95 * float(steering.largest_gain(delay)),
            "Too bold: the deviation swings",
        ),
        "right at the start": (lambda delay, growth: 0.46, "Too bold: the deviation swings"),
        "cautious for ever": (lambda delay, growth: 0.05, "Too timid: the push"),
        "no swing at any price": (
            lambda delay, growth: 0.5 * float(steering.overshoot_free_gain(delay, growth)),
            "Too timid: the push",
        ),
        "nothing": (lambda delay, growth: 0.0, "Nothing is taken off"),
        "a constant in between": (lambda delay, growth: 0.3, "How should it depend"),
        "the wrong way round": (lambda delay, growth: 0.06 * (delay + 1), "How should it depend"),
    }

    @staticmethod
    def slipping(delay: int, growth: float) -> float:
        """Return what `slips_through` describes."""
        return _halfway(delay, growth) if delay <= 9 else 1.0


class Memory(Checker):
    """03.4: ``correct(seen, pending, gain, growth)``, knowing what is ordered and unseen."""

    key, title, difficulty, minutes = "03.4", "What have I ordered already?", 3, 16
    asks = Function(example=(1.0, np.array([0.4, 0.2]), 0.5, 1.1))
    hints = (
        "Start from what is seen and live through the generations since, one pending correction "
        "after the other, oldest first.",
        "One generation: the deviation is multiplied by the growth, and the correction that was "
        "ordered then is taken off.",
        "When the pending ones are used up you have the forecast of today's deviation. The "
        "correction is the gain times that.",
    )
    not_checked = (
        "whether the growth that it is given is the true one. A wrong growth goes straight into "
        "the forecast, and the table shows how much of that a loop can stand."
    )
    slips_through = "a function that forgets what was ordered more than 20 generations ago."
    lengths = (0, 1, 2, 3, 5, 8, 15)

    def check(self, answer: Callable[..., float]) -> str:
        """Compare with the forecast, then close the loop with the right growth and with others."""
        rng = np.random.default_rng(34)
        for length in self.lengths:
            for growth in (1.1, 1.0, 0.9):
                seen, pending, gain = rng.normal(), rng.normal(size=length), rng.uniform(0.2, 0.9)
                at = f"seen = {seen:.3g}, {length} pending, gain = {gain:.3g}, growth = {growth:g}"
                wanted = gain * _forecast(seen, pending, growth)
                got = answer(seen, pending, gain, growth)
                self.agree(got, wanted, at, self._mistakes(seen, pending, gain, growth))
        for delay in (1, 5, 15):
            left = self._left_over(answer, delay)
            self.expect(left < 1e-6, f"In the loop, at a delay of {delay}, {left:.2g} is left.")
        self._show()
        return f"It holds on {self.cases} cases, three of them whole loops."

    @staticmethod
    def _left_over(answer: Callable[..., float], delay: int) -> float:
        """What is left of a deviation of 1 after 60 generations with growth 1.05 and gain 0.55."""
        x, ordered = [1.0], [0.0] * delay
        for t in range(60):
            seen = x[t - delay] if t >= delay else 0.0
            pending = np.array(ordered[len(ordered) - delay :])
            ordered.append(answer(seen, pending, 0.55, 1.05))
            x.append(1.05 * x[t] - ordered[-1])
        return abs(x[-1])

    def _show(self) -> None:
        rows = []
        for delay in (5, 10, 20):
            factors = [
                steering.memory_radius(delay, 0.55, growth=1.05, believed=1.05 * (1 + error))
                for error in (0, 0.02, 0.05, 0.1)
            ]
            plain = abs(steering.dominant_root(delay, 0.55, 1.05))
            rows.append((f"{delay}", *(f"{factor:.2f}" for factor in (*factors, plain))))
        self.note(
            Table(
                caption="What a deviation is multiplied by in each generation in the end, at a "
                "growth of 1.05 and a gain of 0.55: below 1 it settles",
                columns=("delay", "growth known", "2 % too high", "5 %", "10 %", "no memory"),
                rows=tuple(rows),
            )
        )

    @staticmethod
    def _mistakes(seen: float, pending: np.ndarray, gain: float, growth: float) -> dict[str, float]:
        wanted = gain * _forecast(seen, pending, growth)
        mistakes = {
            "You answer what is seen and forget what has been ordered since.": gain * seen,
            "You carry forward what was seen and forget what has been ordered since.": gain
            * growth ** len(pending)
            * seen,
            "That is the forecast. The correction is the gain times it.": wanted / gain,
            "The sign: a correction is returned as what is taken off, so a positive deviation "
            "needs a positive one.": -wanted,
            "What has been ordered is taken off, not added.": gain
            * _forecast(seen, -pending, growth),
            "You take off the pending corrections as if nothing grew in the meantime.": gain
            * (growth ** len(pending) * seen - pending.sum()),
            "What was seen has grown since, and so has what is left after each correction: no "
            "growth enters your answer.": gain * (seen - pending.sum()),
            "The order: `pending` begins with the oldest.": gain
            * _forecast(seen, pending[::-1], growth),
        }
        return {
            words: value
            for words, value in mistakes.items()
            if not math.isclose(value, wanted, rel_tol=1e-5, abs_tol=1e-8)
        }

    right = (
        lambda seen, pending, gain, growth: gain * _forecast(seen, pending, growth),
        lambda seen, pending, gain, growth: (
            gain
            * (
                growth ** len(pending) * seen
                - sum(u * growth**i for i, u in enumerate(reversed(list(pending))))
            )
        ),
    )
    wrong: ClassVar = {
        "only what is seen": (lambda seen, pending, gain, growth: gain * seen, "You answer what"),
        "carried forward": (
            lambda seen, pending, gain, growth: gain * growth ** len(pending) * seen,
            "You carry forward",
        ),
        "the forecast": (
            lambda seen, pending, gain, growth: _forecast(seen, pending, growth),
            "That is the forecast",
        ),
        "the other sign": (
            lambda seen, pending, gain, growth: -gain * _forecast(seen, pending, growth),
            "The sign: a correction",
        ),
        "added": (
            lambda seen, pending, gain, growth: gain * _forecast(seen, -pending, growth),
            "is taken off, not added",
        ),
        "no growth of the pending": (
            lambda seen, pending, gain, growth: (
                gain * (growth ** len(pending) * seen - pending.sum())
            ),
            "as if nothing grew",
        ),
        "no growth at all": (
            lambda seen, pending, gain, growth: gain * (seen - pending.sum()),
            "no growth enters",
        ),
        "newest first": (
            lambda seen, pending, gain, growth: gain * _forecast(seen, pending[::-1], growth),
            "The order: `pending`",
        ),
    }

    @staticmethod
    def slipping(seen: float, pending: np.ndarray, gain: float, growth: float) -> float:
        """Return what `slips_through` describes."""
        forecast = growth ** max(len(pending) - 20, 0) * seen
        return gain * _forecast(forecast, pending[-20:], growth)


def _forecast(seen: float, pending: np.ndarray, growth: float) -> float:
    """Live through the pending corrections, oldest first."""
    for ordered in pending:
        seen = growth * seen - ordered
    return float(seen)
