"""Chapter 14: how the answers to its four exercises are checked."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import ClassVar

import numpy as np

from rsi_teach.learn.answers import DoesNotHold
from rsi_teach.learn.checker import Array, Checker, Function, Number, Table, Truth
from rsi_teach.learn.checkers.waiting_play import (
    HELD_OUT,
    PRACTICE,
    Decisions,
    mean_cost,
    table_of,
)
from rsi_teach.models import waiting
from rsi_teach.models.waiting import News, Stakes


class OldTests(Checker):
    """14.1: ``floor(tests, kept, versions)``: what old tests are worth, now and for ever."""

    key, title, difficulty, minutes = "14.1", "The floor", 1, 10
    asks = Function(example=(100.0, 0.5, 4), returns=Array(shape=(3,)))
    hints = (
        "The present version's own tests count in full, those of the version before count `kept` "
        "each, those of the one before that `kept` squared.",
        "That is a geometric sum: n (1 - kept^g) / (1 - kept). Without end it is n / (1 - kept).",
        "With n effective tests and no failure the 95 % bound is 1 - 0.05^(1/n).",
    )
    not_checked = (
        "whether old tests may be discounted like this at all. If `kept` is the chance that "
        "nothing changed, the third number errs more often than in one case of twenty."
    )
    slips_through = "a function that takes every lineage longer than 60 versions for 60."
    cases_asked = (
        *((100, 0.5, 1), (100, 0.5, 4), (100, 0.5, 60), (30, 0.0, 5), (1000, 0.9, 10)),
        *((59, 0.25, 2), (250, 0.8, 3)),
    )

    def check(self, answer: Callable[..., np.ndarray]) -> str:
        """Compare with the geometric sum and the exact bounds."""
        for tests, kept, versions in self.cases_asked:
            at = f"tests = {tests}, kept = {kept}, versions = {versions}"
            got = answer(float(tests), float(kept), versions)
            self.agree(
                got, _floor(tests, kept, versions), at, self._mistakes(tests, kept, versions)
            )
        self.note(
            "100 tests a version, half of their worth kept: 150, 175, 187.5, ... and never more "
            "than 200. The bound falls from 2.95 % towards 1.49 % and stays there."
        )
        return f"It holds on {self.cases} settings, after few versions and for ever."

    @staticmethod
    def _mistakes(tests: float, kept: float, versions: int) -> dict[str, np.ndarray]:
        right = _floor(tests, kept, versions)

        def of(worth: float, ever: float) -> np.ndarray:
            return np.array([worth, _bound(worth), _bound(ever)])

        old = tests * kept * (1 - kept**versions) / (1 - kept)
        return {
            "You discounted the present version's own tests. They are about the version at hand, "
            "and count in full.": of(max(old, 1e-9), max(old / (1 - kept**versions), 1e-9)),
            "You counted all tests alike. Those of earlier versions are worth less.": (
                of(tests * versions, tests / (1 - kept))
            ),
            "You took `kept` for what is lost. It is the share that is left.": _floor(
                tests, min(1 - kept, 1 - 1e-12), versions
            ),
            "The exponent is off by one: after g versions the oldest tests have been handed on "
            "g - 1 times.": of(
                tests * (1 - kept ** (versions + 1)) / (1 - kept), tests / (1 - kept)
            ),
            "3/n is the rule of three. Here the exact bound is asked for.": np.array(
                [right[0], 3 / right[0], 3 * (1 - kept) / tests]
            ),
            "That is the two-sided bound: it gives away half of the 5 %. Asked is the one-sided "
            "one.": np.array(
                [right[0], _bound(right[0], 0.025), _bound(tests / (1 - kept), 0.025)]
            ),
            "The third number is the bound for ever, with n / (1 - kept) tests.": (
                np.array([right[0], right[1], right[1]])
            ),
        }

    right = (
        lambda tests, kept, versions: _floor(tests, kept, versions),
        lambda tests, kept, versions: [
            worth := sum(tests * kept**age for age in range(versions)),
            1 - 0.05 ** (1 / worth),
            1 - 0.05 ** ((1 - kept) / tests),
        ],
    )
    wrong: ClassVar = {
        "own tests discounted": (
            lambda tests, kept, versions: [
                worth := max(sum(tests * kept ** (age + 1) for age in range(versions)), 1e-9),
                1 - 0.05 ** (1 / worth),
                1 - 0.05 ** ((1 - kept) / max(kept * tests, 1e-9)),
            ],
            "You discounted the present version's own tests",
        ),
        "all alike": (
            lambda tests, kept, versions: [
                tests * versions, 1 - 0.05 ** (1 / (tests * versions)),
                1 - 0.05 ** ((1 - kept) / tests),
            ],
            "You counted all tests alike",
        ),
        "lost for kept": (
            lambda tests, kept, versions: _floor(tests, min(1 - kept, 1 - 1e-12), versions)
            if kept != 0.5
            else _floor(tests, kept, versions),
            "the share that is left",
        ),
        "off by one": (
            lambda tests, kept, versions: [
                worth := tests * (1 - kept ** (versions + 1)) / (1 - kept),
                1 - 0.05 ** (1 / worth),
                1 - 0.05 ** ((1 - kept) / tests),
            ],
            "off by one",
        ),
        "rule of three": (
            lambda tests, kept, versions: [
                worth := tests * (1 - kept**versions) / (1 - kept),
                3 / worth,
                3 * (1 - kept) / tests,
            ],
            "rule of three",
        ),
        "no for ever": (
            lambda tests, kept, versions: [
                worth := tests * (1 - kept**versions) / (1 - kept),
                1 - 0.05 ** (1 / worth),
                1 - 0.05 ** (1 / worth),
            ],
            "the bound for ever",
        ),
    }  # fmt: skip

    @staticmethod
    def draw(rng: np.random.Generator) -> tuple[float, float, int]:
        """Return a lineage of any length."""
        return rng.uniform(10, 300), rng.uniform(0.1, 0.99), int(rng.integers(1, 201))

    @staticmethod
    def slipping(tests: float, kept: float, versions: int) -> np.ndarray:
        """Return what `slips_through` describes."""
        return _floor(tests, kept, min(versions, 60))


def _bound(worth: float, alpha: float = 0.05) -> float:
    return -math.expm1(math.log(alpha) / worth)


def _floor(tests: float, kept: float, versions: int) -> np.ndarray:
    worth = float(waiting.effective_tests(tests, kept, versions))
    return np.array([worth, _bound(worth), float(waiting.discounted_bound(tests, kept))])


class WaitOrGo(Checker):
    """14.2: ``decide(safe, loss, rate, time, catches, false_alarm)``."""

    key, title, difficulty, minutes = "14.2", "Wait or go", 2, 16
    asks = Function(example=(0.9, 5.0, 0.05, 1.0, 0.9, 0.1), returns=Array(shape=(3,)))
    hints = (
        "Go through the two things that can be heard, alarm and none. For each write down the "
        "chance of (heard, safe) and of (heard, unsafe).",
        "After hearing it you go if chance(heard, safe) exceeds chance(heard, unsafe) · "
        "loss, and otherwise you stay out and get 0. Add the two, then discount by "
        "exp(-rate · time).",
        "Choice: 0 for staying out, 1 for going now, 2 for waiting, whichever is worth most; "
        "staying out is worth 0.",
    )
    not_checked = (
        "others who may go first, news that is itself worth something to others, and losses that "
        "can be undone."
    )
    slips_through = "a function that never waits for longer than ten years."
    settings = (
        *((0.9, 5, 0.05, 1, 1, 0), (0.9, 5, 0.05, 1, 0.9, 0.1), (0.9, 5, 0.05, 1, 0.5, 0.3)),
        *((0.9, 0.3, 0.2, 2, 0.9, 0.05), (0.3, 8, 0.05, 1, 0.9, 0.2), (0.6, 10, 0.1, 3, 0.7, 0.3)),
        *((0.95, 10, 0.4, 1.5, 0.8, 0.05), (0.7, 2, 0.02, 5, 0.2, 0.8)),
    )

    def check(self, answer: Callable[..., np.ndarray]) -> str:
        """Compare with the values and the choice, good news and useless news included."""
        for case in self.settings:
            names = ("safe", "loss", "rate", "time", "catches", "false_alarm")
            at = ", ".join(f"{name} = {x}" for name, x in zip(names, case, strict=True))
            right = _decided(*case)
            got = answer(*map(float, case))
            mistakes = self._mistakes(*case)
            self.agree(got[:2], right[:2], at, mistakes)
            self.expect(
                float(got[2]) == right[2],
                f"At {at} the values are right, {right[0]:.3f} and {right[1]:.3f}, and the best "
                f"choice is {int(right[2])}. Staying out is a choice as well, worth 0.",
            )
        self.note(
            "At the chapter's stakes, news that is right nine times in ten makes waiting worth "
            "0.72, against 0.40 now. News with 50 % caught and 30 % false alarms changes nothing "
            "that you would do, and waiting for it is worth 0.38: it costs a year."
        )
        return (
            f"It holds on {self.cases} counts: values and choices at {len(self.settings)} stakes."
        )

    @staticmethod
    def _mistakes(
        p: float, loss: float, rate: float, time: float, c: float, f: float
    ) -> dict[str, np.ndarray]:
        now, later = _decided(p, loss, rate, time, c, f)[:2]
        worth, cost, shrink = p, (1 - p) * loss, math.exp(-rate * time)
        quiet = (1 - f) * worth - (1 - c) * cost
        return {
            "You left out the discount: what comes later is worth exp(-rate · time) as much.": (
                np.array([now, later / shrink])
            ),
            "You took the news for perfect. It misses some of what is unsafe, and it turns away "
            "some of what is safe.": np.array([now, shrink * worth]),
            "You always go when it is quiet and never after an alarm. Go where that is better "
            "than 0, whatever the news is called.": np.array([now, shrink * quiet]),
            "You go whatever you hear. Then the news is worth nothing, and waiting only costs.": (
                np.array([now, shrink * now])
            ),
            "You added what going brings after each signal without its chance: weigh each by how "
            "often it is heard.": np.array([now, shrink * _unweighed(p, loss, c, f)]),
            "Going now is worth the chance of success *less* the chance of failure times the "
            "loss.": np.array([worth, later]),
            "If it is unsafe there is no value, but that is not a further cost: the loss is "
            "all that it costs.": np.array([worth - (1 - p) * (loss + 1), later]),
        }

    right = (
        lambda *case: _decided(*case),
        lambda p, loss, r, t, c, f: _chosen(
            p - (1 - p) * loss,
            math.exp(-r * t)
            * sum(
                max(p * good - (1 - p) * loss * bad, 0) for good, bad in ((f, c), (1 - f, 1 - c))
            ),
        ),
    )
    wrong: ClassVar = {
        "not discounted": (
            lambda p, loss, r, t, c, f: _chosen(
                p - (1 - p) * loss, _decided(p, loss, 1e-9, t, c, f)[1]
            ),
            "left out the discount",
        ),
        "perfect news": (
            lambda p, loss, r, t, c, f: _chosen(p - (1 - p) * loss, math.exp(-r * t) * p),
            "You took the news for perfect",
        ),
        "trusts the news blindly": (
            lambda p, loss, r, t, c, f: _chosen(
                p - (1 - p) * loss,
                math.exp(-r * t) * ((1 - f) * p - (1 - c) * (1 - p) * loss),
            ),
            "whatever the news is called",
        ),
        "goes anyway": (
            lambda p, loss, r, t, c, f: _chosen(
                p - (1 - p) * loss, math.exp(-r * t) * (p - (1 - p) * loss)
            ),
            "You go whatever you hear",
        ),
        "not weighed": (
            lambda p, loss, r, t, c, f: _chosen(
                p - (1 - p) * loss, math.exp(-r * t) * _unweighed(p, loss, c, f)
            ),
            "how often it is heard",
        ),
        "never stays out": (
            lambda *case: [*_decided(*case)[:2], 1 + float(np.argmax(_decided(*case)[:2]))],
            "Staying out is a choice",
        ),
    }

    @staticmethod
    def slipping(*case: float) -> np.ndarray:
        """Return what `slips_through` describes."""
        right = _decided(*case)
        return _chosen(right[0], right[1]) if case[3] <= 10 else _chosen(right[0], -1.0)


def _decided(p: float, loss: float, rate: float, time: float, c: float, f: float) -> np.ndarray:
    stakes, news = Stakes(safe=p, loss=loss, rate=rate), News(catches=c, false_alarm=f)
    return _chosen(float(waiting.go_now(stakes)), float(waiting.wait(stakes, time, news=news)))


def _chosen(now: float, later: float) -> np.ndarray:
    return np.array([now, later, float(np.argmax([0.0, now, later]))])


def _unweighed(p: float, loss: float, c: float, f: float) -> float:
    """What one gets who adds the best after each signal as if both were heard."""
    total = 0.0
    for good, bad in ((f, c), (1 - f, 1 - c)):
        heard = p * good + (1 - p) * bad
        if heard > 0:
            total += max((p * good - (1 - p) * bad * loss) / heard, 0)
    return total


class BreakEven(Checker):
    """14.3: ``break_even(safe, value, loss, rate, time, lost)``, a hazard nobody has measured."""

    key, title, difficulty, minutes = "14.3", "The parameter nobody has measured", 3, 20
    asks = Function(example=(0.9, 1.0, 5.0, 0.05, 1.0, 1.0), returns=Number(low=0, infinite=True))
    hints = (
        "The news is perfect. If nobody goes first, which happens with chance exp(-h · time), you "
        "get exp(-rate · time) · safe · value.",
        "Others go at a time u with density h · exp(-h u). You get (1 - lost) · safe · value then, "
        "and its discount is exp(-rate · u). Integrate from 0 to `time`.",
        "Waiting minus going now is a function of h. `scipy.optimize.brentq` finds where it is 0. "
        "Before that settle two cases: going is already better at h = 0, or waiting still is for "
        "h without end, when you get (1 - lost) · safe · value at once.",
    )
    not_checked = (
        "others who react to what you do, and settings in which waiting becomes worse and then "
        "better again as the hazard grows."
    )
    slips_through = "a function that calls every hazard above 10,000 per year infinite."
    settings = (
        *((0.9, 1, 5, 0.05, 1, 1), (0.9, 1, 5, 0.05, 1, 0.7), (0.9, 1, 0.2, 0.05, 1, 0.9)),
        *((0.9, 1, 5, 0.05, 1, 0.3), (0.8, 2, 6, 0.3, 0.5, 0.95), (0.95, 1, 4, 0.2, 2, 0.6)),
        *((0.7, 1, 2, 0.1, 3, 1), (0.6, 1, 3, 0.1, 1, 1)),
    )

    def check(self, answer: Callable[..., float]) -> str:
        """Compare with the root, at settings where there is one and at both kinds of end."""
        for case in (*self.settings, *self._hidden()):
            names = ("safe", "value", "loss", "rate", "time", "lost")
            at = ", ".join(f"{name} = {x:g}" for name, x in zip(names, case, strict=True))
            wanted = _root(*case)
            got = answer(*map(float, case))
            near = math.isclose(got, wanted, rel_tol=1e-4)
            self.agree(got, wanted, at, {} if near else self._mistakes(*case), rel=1e-4)
        self.note(
            "At the chapter's stakes waiting a year for perfect news loses to going now if others "
            "go at more than 0.76 a year and take everything. If they take 70 %, it takes "
            "1.48; if they take half, no hazard is enough. Both numbers are guesses about other "
            "people, and the choice hangs on them."
        )
        return f"It holds on {self.cases} settings; in some the answer is 0 or infinite."

    @staticmethod
    def _hidden() -> list[tuple[float, ...]]:
        rng = np.random.default_rng(143)
        drawn = rng.uniform((0.8, 1, 2, 0.02, 0.5, 0.6), (0.97, 2, 6, 0.2, 2, 1), (12, 6))
        return [tuple(np.round(row, 3)) for row in drawn]

    @staticmethod
    def _mistakes(
        p: float, value: float, loss: float, rate: float, time: float, lost: float
    ) -> dict[str, float]:
        right = _root(p, value, loss, rate, time, lost)
        case = (p, value, loss, rate, time)
        return {
            "Where waiting is better at every hazard the answer is infinite, `math.inf`.": (
                0.0 if math.isinf(right) else math.nan
            ),
            "Where going is better even without others the answer is 0.": (
                math.inf if right == 0 else math.nan
            ),
            "You let everything be lost when others go. A share 1 - lost is left.": (
                _root(p, value, loss, rate, time, 1.0)
            ),
            "That is the chance that others go before the news; asked is the hazard per year.": (
                -math.expm1(-right * time)
            ),
            "You took what others leave as if it came with the news. It comes when they go, and is "
            "discounted from then.": _root_dated_late(*case, lost),
            "You left out the discount of what comes later.": _root(
                p, value, loss, 1e-9, time, lost
            ),
            "You took `lost` for what is left.": _root(p, value, loss, rate, time, 1 - lost),
        }

    right = (
        lambda *case: _root(*case),
        lambda p, v, loss, r, t, lost: _by_hand(p, v, loss, r, t, lost),
    )
    wrong: ClassVar = {
        "all is lost": (
            lambda p, v, loss, r, t, lost: _root(p, v, loss, r, t, 1.0),
            "A share 1 - lost is left",
        ),
        "a chance": (
            lambda *case: -math.expm1(-_root(*case) * case[4]),
            "asked is the hazard per year",
        ),
        "dated late": (
            lambda *case: _root_dated_late(*case),
            "as if it came with the news",
        ),
        "not discounted": (
            lambda p, v, loss, r, t, lost: _root(p, v, loss, 1e-9, t, lost),
            "left out the discount",
        ),
        "never infinite": (
            lambda *case: 0.0 if math.isinf(_root(*case)) else _root(*case),
            "the answer is infinite",
        ),
        "what is left": (
            lambda p, v, loss, r, t, lost: _root(p, v, loss, r, t, 1 - lost),
            "for what is left",
        ),
    }

    @staticmethod
    def slipping(*case: float) -> float:
        """Return what `slips_through` describes."""
        root = _root(*case)
        return math.inf if root > 1e4 else root


def _root(p: float, value: float, loss: float, rate: float, time: float, lost: float) -> float:
    stakes = Stakes(safe=p, value=value, loss=loss, rate=rate)
    return waiting.break_even_hazard(stakes, time, lost=lost)


def _by_hand(p: float, v: float, loss: float, r: float, t: float, lost: float) -> float:
    """Bisect what the hints say, written out."""

    def ahead(h: float) -> float:
        left = (1 - lost) * p * v * h / (h + r) * -math.expm1(-(h + r) * t)
        return math.exp(-(h + r) * t) * p * v + left - (p * v - (1 - p) * loss)

    return _first_root(ahead)


def _root_dated_late(p: float, v: float, loss: float, r: float, t: float, lost: float) -> float:
    def ahead(h: float) -> float:
        alone = math.exp(-h * t)
        return math.exp(-r * t) * p * v * (alone + (1 - alone) * (1 - lost)) - (
            p * v - (1 - p) * loss
        )

    return _first_root(ahead)


def _first_root(ahead: Callable[[float], float]) -> float:
    if ahead(0.0) <= 0:
        return 0.0
    grid = np.geomspace(1e-6, 1e6, 2401)
    later = [h for h in grid if ahead(h) <= 0]
    if not later:
        return math.inf
    low, high = 0.0, later[0]
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (low, middle) if ahead(middle) <= 0 else (middle, high)
    return high


BASELINES: dict[str, Callable[[int, int, float], bool]] = {
    "Always running": lambda passed, tests, price: True,
    "Never running": lambda passed, tests, price: False,
    "The naive rule (at least 95 % passed)": lambda passed, tests, price: passed >= 0.95 * tests,
    "One threshold for all (at least 60 % passed)": (
        lambda passed, tests, price: passed >= 0.6 * tests
    ),
}


@cache
def _baseline_costs() -> dict[str, float]:
    return {
        words: mean_cost([table_of(rule, scenario) for scenario in HELD_OUT], HELD_OUT)[0]
        for words, rule in BASELINES.items()
    }


class MayItRun(Checker):
    """14.4: ``may_run(passed, tests, price)``, a gate scored on loops that nobody tuned it on."""

    key, title, difficulty, minutes = "14.4", "When may the loop run?", 3, 20
    asks = Function(example=(85, 100, 1.0), returns=Truth())
    hints = (
        "At a high price of standing still you can afford to lose alignment, at a low one you "
        "cannot: the share that has to pass must depend on `price`.",
        "To hold an alignment a on average, a loop that loses l a generation while it runs and "
        "gets back half of what is lost while it stands still runs for a share x with "
        "x · l · a = (1 - x) · (1 - a)/2. Take l = 0.03 and minimise price · (1 - x) + (1 - a).",
        "Compare passed / tests with that a, or with a formula of your own that falls from near "
        "1 at a price of 0.1 to about 0.6 at 3 and 0.25 at 10.",
    )
    not_checked = (
        "rules that remember earlier generations, and tests that a loop has learned to pass: here "
        "a test shows the alignment and nothing else."
    )
    slips_through = (
        "a rule that takes every price above 10 for 10, and every one below 0.1 for 0.1."
    )

    def check(self, answer: Callable[[int, int, float], bool]) -> str:
        """Play held-out loops and compare the mean cost with four rules."""
        tables = [table_of(answer, scenario) for scenario in HELD_OUT]
        cost, late, early = mean_cost(tables, HELD_OUT)
        practised = mean_cost([table_of(answer, s) for s in PRACTICE], PRACTICE)[0]
        others = _baseline_costs()
        rows = {"Your rule": cost, "Your rule on the practice loops": practised, **others}
        self.note(
            Table(
                caption=f"Mean cost on {len(HELD_OUT)} held-out loops",
                columns=("rule", "cost"),
                rows=tuple((words, f"{value:.3f}") for words, value in rows.items()),
            )
        )
        cheapest = min(others, key=others.__getitem__)
        if cost >= others[cheapest]:
            raise DoesNotHold(self._why(tables, cheapest, (cost, late, early), others[cheapest]))
        self.cases = len(HELD_OUT)
        return f"It costs less than all four rules, on {self.cases} held-out loops."

    @staticmethod
    def _why(
        tables: list[Decisions], cheapest: str, costs: tuple[float, float, float], least: float
    ) -> str:
        text = (
            f"Your rule costs {costs[0]:.3f}; {cheapest[0].lower()}{cheapest[1:]} costs "
            f"{least:.3f}. "
        )
        if any(np.any(np.diff(table.astype(int)) < 0) for table in tables):
            return f"{text}Somewhere it runs after fewer passes and stops after more."
        shares = {round(1 - float(table.mean()), 1) for table in tables}
        if len(shares) <= 1:
            return f"{text}It asks for much the same share of passes at every price."
        most = "standing still" if costs[1] > costs[2] else "alignment lost while it ran"
        return f"{text}It does look at the price; most of the cost is {most}."

    right = (
        lambda passed, tests, price: passed >= tests * _wanted(price),
        lambda passed, tests, price: passed / tests >= 1 - 0.25 * math.sqrt(price),
    )
    wrong: ClassVar = {
        "one threshold": (
            lambda passed, tests, price: passed >= 0.8 * tests,
            "the same share of passes at every price",
        ),
        "always": (lambda passed, tests, price: True, "the same share of passes at every price"),
        "upside down": (
            lambda passed, tests, price: passed <= 0.6 * tests,
            "runs after fewer passes",
        ),
        "the price the wrong way": (
            lambda passed, tests, price: passed / tests >= 1 - 0.25 / math.sqrt(price),
            "most of the cost is standing still",
        ),
        "careless": (
            lambda passed, tests, price: passed / tests >= 0.2 - 0.1 * math.log10(price),
            "most of the cost is alignment lost",
        ),
    }

    @staticmethod
    def slipping(passed: int, tests: int, price: float) -> bool:
        """Return what `slips_through` describes."""
        return passed >= tests * _wanted(min(max(price, 0.1), 10))


def _wanted(price: float, leak: float = 0.03, restores: float = 0.5) -> float:
    """Alignment at which the balance of the chapter costs least."""
    held = np.linspace(0.01, 0.999, 990)
    running = restores * (1 - held) / (restores * (1 - held) + leak * held)
    return float(held[np.argmin(price * (1 - running) + 1 - held)])


def practice_cost(rule: Callable[[int, int, float], bool]) -> dict[str, float]:
    """What a rule costs on the practice loops: in all, by opening late, and by opening early.

    Parameters
    ----------
    rule : callable (passed, tests, price) -> bool
    """
    costs = mean_cost([table_of(rule, scenario) for scenario in PRACTICE], PRACTICE)
    return dict(zip(("cost", "standing still", "alignment lost"), costs, strict=True))
