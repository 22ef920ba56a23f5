"""Chapter 07: how the answers to its four exercises are checked."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import ClassVar

import numpy as np
from scipy import stats
from scipy.special import betaincinv

from rsi_teach.learn.checker import Array, Checker, DoesNotHold, Function, Number, Table
from rsi_teach.learn.checkers.testing_systems import (
    BUDGET,
    DIMENSION,
    HIDDEN,
    KINDS,
    System,
    Tally,
    at_random,
    bank,
    by_luck,
    climbing,
    practice,
    reference,
    tally,
)
from rsi_teach.models import testing, testing_shift


def _size(rate: float, confidence: float, failures: int) -> float:
    return float(testing.demonstration_tests(rate, confidence=confidence, failures=int(failures)))


def _scanned(rate: float, confidence: float, failures: int) -> int:
    n = failures + 1
    while stats.binom.cdf(failures, n, rate) > 1 - confidence:
        n *= 2
    low = n // 2
    while n - low > 1:
        middle = (low + n) // 2
        low, n = (
            (middle, n)
            if stats.binom.cdf(failures, middle, rate) > 1 - confidence
            else (low, middle)
        )
    return n


class DemonstrationSize(Checker):
    """07.1: ``size(rate, confidence, failures)``, the fewest tests that show a rate."""

    key, title, difficulty, minutes = "07.1", "How many tests does it take?", 1, 10
    asks = Function(example=(0.01, 0.95, 0), returns=Number(low=0))
    hints = (
        "Without failures: a system with exactly this rate passes n tests with probability "
        "(1 - rate)ⁿ. For which n is that no more than 1 - confidence?",
        "With c failures allowed, the probability to pass is `scipy.stats.binom.cdf(c, n, rate)`.",
        "It falls as n grows. Double n until it is low enough, then halve the gap.",
    )
    not_checked = (
        "whether the tests are independent and drawn as deployment draws. Both are assumed by the "
        "question, and neither follows from any number of passes."
    )
    slips_through = "a function that is right only up to five failures."
    cases_asked = (
        *((0.01, 0.95, 0), (0.001, 0.95, 0), (0.001, 0.95, 1), (0.01, 0.9, 2), (0.05, 0.95, 5)),
        *((0.5, 0.95, 0), (0.2, 0.99, 3), (0.003, 0.5, 0)),
    )

    def check(self, answer: Callable[..., float]) -> str:
        """Compare with the exact sizes, and name the usual shortcuts."""
        for rate, confidence, failures in self.cases_asked:
            at = f"rate = {rate}, confidence = {confidence}, failures = {failures}"
            wanted = _size(rate, confidence, failures)
            mistakes = self._mistakes(rate, confidence, failures)
            self.agree(answer(rate, confidence, failures), wanted, at, mistakes, abs=0.01)
        self.note(
            "For one in a thousand at 95 %: 2,995 tests without a failure, 4,742 with one, 10,511 "
            "with five. A system ten times better than required passes the first plan with "
            "probability .74 and the second with .92: allowed failures buy the chance of passing."
        )
        return f"It holds on {self.cases} plans, with up to five failures."

    @staticmethod
    def _mistakes(rate: float, confidence: float, failures: int) -> dict[str, float]:
        clean = _size(rate, confidence, 0)
        exact = math.log(1 - confidence) / math.log1p(-rate)
        found = _size(rate, confidence, failures)
        mistakes = {
            "That is the rule of three, 3/rate. It is an approximation, and for 95 % only.": (
                math.ceil(3 / rate)
            ),
            "That is one test too few: with it, a system that is just as bad as the rate still "
            "passes too often.": found - 1,
            "That is one test too many.": found + 1,
            "A number of tests is whole: round up.": exact,
            "You used the confidence where its complement belongs: a system that is too bad may "
            "pass with probability 1 - confidence.": (
                math.ceil(math.log(confidence) / math.log1p(-rate))
            ),
            "That is for a two-sided interval. Only one side is asked: how bad can it be?": _size(
                rate, (1 + confidence) / 2, failures
            ),
        }
        if failures:
            mistakes |= {
                "That is the size without a failure. If some may fail, it takes more tests.": clean,
                "You multiplied the size without failures. The second failure costs less than the "
                "first; take the binomial distribution.": (failures + 1) * clean,
                "You added the allowed failures to the size without failures. Each costs far more "
                "than one test.": clean + failures,
            }
        return mistakes

    right = (_size, _scanned)
    wrong: ClassVar = {
        "rule of three": (lambda rate, confidence, failures: math.ceil(3 / rate), "rule of three"),
        "without failures": (
            lambda rate, confidence, failures: _size(rate, confidence, 0),
            "That is the size without a failure",
        ),
        "multiplied": (
            lambda rate, confidence, failures: (failures + 1) * _size(rate, confidence, 0),
            "You multiplied the size",
        ),
        "added": (
            lambda rate, confidence, failures: _size(rate, confidence, 0) + failures,
            "You added the allowed failures",
        ),
        "rounded down": (
            lambda rate, confidence, failures: _size(rate, confidence, failures) - 1,
            "one test too few",
        ),
        "not rounded": (
            lambda rate, confidence, failures: math.log(1 - confidence) / math.log1p(-rate),
            "is whole: round up",
        ),
        "the complement": (
            lambda rate, confidence, failures: math.ceil(math.log(confidence) / math.log1p(-rate)),
            "where its complement belongs",
        ),
        "two-sided": (
            lambda rate, confidence, failures: _size(rate, (1 + confidence) / 2, failures),
            "two-sided interval",
        ),
    }

    @staticmethod
    def draw(rng: np.random.Generator) -> tuple[float, float, int]:
        """Return a plan, some with many failures allowed."""
        return rng.uniform(0.005, 0.1), rng.uniform(0.8, 0.99), int(rng.integers(0, 13))

    @staticmethod
    def slipping(rate: float, confidence: float, failures: int) -> float:
        """Return what `slips_through` describes."""
        return _size(rate, confidence, min(failures, 5))


def _exact(failures: int, tests: int, confidence: float, side: str) -> np.ndarray:
    tail = (1 - confidence) / (2 if side == "both" else 1)
    low = betaincinv(failures, tests - failures + 1, tail) if failures else 0.0
    high = betaincinv(failures + 1, tests - failures, 1 - tail) if failures < tests else 1.0
    return np.array([0.0 if side == "upper" else low, high])


def _scipys(failures: int, tests: int, confidence: float, side: str) -> np.ndarray:
    sides = {"both": "two-sided", "upper": "less"}
    made = stats.binomtest(int(failures), int(tests), alternative=sides[side])
    found = made.proportion_ci(confidence, "exact")
    return np.array([found.low, found.high])


def _beta(
    failures: int, tests: int, confidence: float, side: str, extra: tuple[float, float]
) -> np.ndarray:
    """Equal-tailed quantiles of a beta posterior."""
    a, b = failures + extra[0], tests - failures + extra[1]
    tail = (1 - confidence) / (2 if side == "both" else 1)
    low = 0.0 if side == "upper" else betaincinv(a, b, tail)
    return np.array([low, betaincinv(a, b, 1 - tail)])


def _wald(failures: int, tests: int, confidence: float, side: str) -> np.ndarray:
    rate, tail = failures / tests, (1 - confidence) / (2 if side == "both" else 1)
    half = stats.norm.ppf(1 - tail) * math.sqrt(rate * (1 - rate) / tests)
    return np.array([0.0 if side == "upper" else rate - half, rate + half])


class ExactInterval(Checker):
    """07.2: ``interval(failures, tests, confidence, side)`` after Clopper and Pearson."""

    key, title, difficulty, minutes = "07.2", "An interval that keeps its promise", 2, 12
    asks = Function(example=(2, 30, 0.95, "both"), returns=Array(shape=(2,)))
    hints = (
        "The upper end is the rate at which so few failures would be as rare as the tail allows; "
        "it solves binom.cdf(failures, tests, p) = tail. The beta distribution knows the solution.",
        "Upper end: `scipy.stats.beta.ppf(1 - tail, failures + 1, tests - failures)`. Lower end: "
        "`beta.ppf(tail, failures, tests - failures + 1)`.",
        'With side "both" the tail is half of 1 - confidence; with "upper" it is all of it, and '
        "the lower end is 0. Without failures it is 0 anyway; if all failed, the upper end is 1.",
    )
    not_checked = "the side that bounds the rate from below only."
    slips_through = "a function that is right up to 10,000 tests and wrong for more."
    cases_asked = (
        *((2, 30, 0.95, "both"), (0, 30, 0.95, "both"), (0, 30, 0.95, "upper")),
        *((30, 30, 0.9, "both"), (30, 30, 0.95, "upper"), (1, 300, 0.99, "upper")),
        *((7, 150, 0.9, "both"), (1, 1, 0.5, "both"), (0, 10_000, 0.95, "upper")),
    )

    def check(self, answer: Callable[..., np.ndarray]) -> str:
        """Compare with the exact interval, edges included."""
        for case in self.cases_asked:
            failures, tests, confidence, side = case
            at = f'{failures} of {tests}, confidence {confidence}, side "{side}"'
            self.agree(answer(*case), _exact(*case), at, self._mistakes(*case), rel=1e-6, abs=1e-9)
        self.note(
            "No failure in 30: at most 11.57 % two-sided, 9.50 % one-sided. The two-sided interval "
            "keeps half of its error for a lower end that cannot be missed when nothing failed."
        )
        return f"It holds on {self.cases} settings, the edges 0 and n among them."

    @staticmethod
    def _mistakes(failures: int, tests: int, confidence: float, side: str) -> dict[str, np.ndarray]:
        other = "upper" if side == "both" else "both"
        exact = _exact(failures, tests, confidence, side)
        ends = {
            "Both quantiles come from one beta distribution. The upper end belongs to one failure "
            "more, the lower to one pass more.": (0, 0),
            "That is the credible interval of a uniform prior. It is close, and it does not "
            "promise to contain every true rate so often.": (1, 1),
            "That is the credible interval of Jeffreys' prior, not the exact interval.": (0.5, 0.5),
        }
        mistakes = {
            words: _beta(failures, tests, confidence, side, extra)
            for words, extra in ends.items()
            if min(failures + extra[0], tests - failures + extra[1]) > 0
        }
        mistakes["That is the normal approximation. With few failures it promises more than it "
                 "keeps; with none it has no width."] = (
            _wald(failures, tests, confidence, side)
        )  # fmt: skip
        mistakes["The error goes to one side or is split over two: for `both` each tail is half "
                 "of 1 - confidence, for `upper` all of it is above."] = np.array(
            [0.0 if side == "upper" else _one_sided_low(failures, tests, confidence),
             _exact(failures, tests, confidence, other)[1]]
        )  # fmt: skip
        mistakes['With side "upper" the lower end is 0: nothing is said against small rates.'] = (
            np.array([_one_sided_low(failures, tests, confidence), exact[1]])
        )
        mistakes["The ends are for the passes. The rate asked for is that of failures."] = (
            1 - exact[::-1]
        )
        return mistakes

    right = (_exact, _scipys)
    wrong: ClassVar = {
        "normal": (_wald, "the normal approximation"),
        "Jeffreys": (partial(_beta, extra=(0.5, 0.5)), "Jeffreys' prior"),
        "uniform prior": (partial(_beta, extra=(1, 1)), "a uniform prior"),
        "one beta": (
            lambda failures, tests, confidence, side: (
                _beta(failures, tests, confidence, side, (0, 0))
                if 0 < failures < tests
                else _exact(failures, tests, confidence, side)
            ),
            "Both quantiles come from one beta",
        ),
        "sides exchanged": (
            lambda failures, tests, confidence, side: (
                [
                    _one_sided_low(failures, tests, confidence),
                    _exact(failures, tests, confidence, "upper")[1],
                ]
                if side == "both"
                else _exact(failures, tests, confidence, "upper")
            ),
            "The error goes to one side",
        ),
        "passes": (
            lambda failures, tests, confidence, side: (
                1 - _exact(failures, tests, confidence, side)[::-1]
            ),
            "The ends are for the passes",
        ),
    }

    @staticmethod
    def slipping(failures: int, tests: int, confidence: float, side: str) -> np.ndarray:
        """Return what `slips_through` describes."""
        return _exact(failures, min(tests, 10_000), confidence, side)


def _one_sided_low(failures: int, tests: int, confidence: float) -> float:
    return float(testing.clopper_pearson(failures, tests, confidence=confidence, side="lower")[0])


Shares = np.ndarray


def _weights(group: Shares, test_share: Shares, deployed_share: Shares) -> np.ndarray:
    return (np.asarray(deployed_share) / test_share)[np.asarray(group, dtype=int)]


def _reweighted(failed: Shares, group: Shares, test: Shares, deployed: Shares) -> list[float]:
    w = _weights(group, test, deployed)
    size = testing_shift.effective_sample_size(w)
    return [float(testing_shift.reweighted_rate(failed, w)), float(size)]


def _summed(failed: Shares, group: Shares, test: Shares, deployed: Shares) -> list[float]:
    w = [deployed[int(g)] / test[int(g)] for g in group]
    hits = sum(one for one, bad in zip(w, failed, strict=True) if bad)
    return [hits / sum(w), sum(w) ** 2 / sum(one * one for one in w)]


class Reweighted(Checker):
    """07.3: ``reweighted(failed, group, test_share, deployed_share)``, from test to deployment."""

    key, title, difficulty, minutes = "07.3", "The test was drawn from somewhere else", 2, 12
    asks = Function(
        example=(
            np.array([0.0, 1.0, 0.0, 1.0]),
            np.array([0.0, 0.0, 1.0, 1.0]),
            np.array([0.8, 0.2]),
            np.array([0.4, 0.6]),
        ),
        returns=Array(shape=(2,)),
    )
    hints = (
        "A group that is met three times as often when deployed as in the test must count three "
        "times: the weight of a test is deployed_share/test_share of its group.",
        "`w = (deployed_share / test_share)[group.astype(int)]` has one weight for every test.",
        "The rate is sum(w · failed)/sum(w); the effective sample size is sum(w)²/sum(w²).",
    )
    not_checked = (
        "whether a group fails as often when deployed as in the test. That is assumed; if cases "
        "within a group are harder out there, no weight shows it."
    )
    slips_through = "a function that ignores every group after the fourth."

    @staticmethod
    def _drawn() -> list[tuple[np.ndarray, ...]]:
        rng = np.random.default_rng(73)
        shares = (
            ([0.9, 0.1], [0.1, 0.9], [0.02, 0.3], 150),
            ([0.5, 0.3, 0.2], [0.1, 0.2, 0.7], [0.05, 0.1, 0.4], 80),
            ([0.25] * 4, [0.4, 0.3, 0.3, 0.0], [0.1, 0.2, 0.3, 0.9], 60),
            ([0.6, 0.4], [0.6, 0.4], [0.1, 0.5], 40),
        )
        cases = []
        for test, deployed, rates, tests in shares:
            group = rng.choice(len(test), tests, p=test)
            failed = (rng.random(tests) < np.take(rates, group)).astype(float)
            cases.append((failed, group.astype(float), np.array(test), np.array(deployed)))
        return cases

    def check(self, answer: Callable[..., np.ndarray]) -> str:
        """Compare on drawn tests, one of them without a shift."""
        for case in (self.asks.example, *self._drawn()):
            at = f"{len(case[0])} tests in {len(case[2])} groups"
            wanted = np.array(_reweighted(*case))
            self.agree(answer(*case), wanted, at, self._mistakes(*case))
        self.note(
            "A test with 9 in 10 easy cases, and 1 in 10 when deployed: of its 150 items about 18 "
            "are left, in effect. The information was never collected; weights cannot make it."
        )
        return f"It holds on {self.cases} tests, one of them without a shift."

    @staticmethod
    def _mistakes(
        failed: Shares, group: Shares, test: Shares, deployed: Shares
    ) -> dict[str, np.ndarray]:
        w = _weights(group, test, deployed)
        rate, size = _reweighted(failed, group, test, deployed)
        with np.errstate(divide="ignore"):
            upside = 1 / w if np.all(w > 0) else w
        down = np.array([(upside * failed).sum() / upside.sum(), size])
        full = testing_shift.effective_sample_size(upside)
        return {
            "The weights are upside down: deployed over test, not test over deployed.": np.array(
                [down[0], full]
            ),
            "That is the failure rate of the test. The deployed mixture is another.": np.array(
                [np.mean(failed), size]
            ),
            "You divided by the number of tests. Divide by the sum of the weights, so that the "
            "rate cannot exceed 1.": np.array([(w * failed).mean(), size]),
            "The effective sample size is not the number of tests once some count more than "
            "others.": np.array([rate, len(w)]),
            "Only the failures entered the effective sample size. All tests have weights.": (
                np.array([rate, (w * failed).sum() ** 2 / max((w**2 * failed).sum(), 1e-300)])
            ),
            "You weighted by the deployed share alone. What is common in the test is already "
            "there often.": _by_share(failed, group, deployed),
            "The second number is upside down: sum(w)² over sum(w²).": np.array([rate, 1 / size]),
        }

    right = (_reweighted, _summed)
    wrong: ClassVar = {
        "upside down": (
            lambda failed, group, test, deployed: (
                _reweighted(failed, group, deployed, test)
                if np.all(np.asarray(deployed) > 0)
                else _reweighted(failed, group, test, deployed)
            ),
            "The weights are upside down",
        ),
        "plain": (
            lambda failed, group, test, deployed: [
                np.mean(failed),
                _reweighted(failed, group, test, deployed)[1],
            ],
            "the failure rate of the test",
        ),
        "by the number of tests": (
            lambda failed, group, test, deployed: [
                float(np.mean(_weights(group, test, deployed) * failed)),
                _reweighted(failed, group, test, deployed)[1],
            ],
            "You divided by the number of tests",
        ),
        "all tests": (
            lambda failed, group, test, deployed: [
                _reweighted(failed, group, test, deployed)[0],
                len(failed),
            ],
            "not the number of tests",
        ),
        "deployed share": (
            lambda failed, group, test, deployed: _by_share(failed, group, deployed),
            "by the deployed share alone",
        ),
    }

    @staticmethod
    def slipping(failed: Shares, group: Shares, test: Shares, deployed: Shares) -> list[float]:
        """Return what `slips_through` describes."""
        known = np.asarray(group) < 4
        return _reweighted(np.asarray(failed)[known], np.asarray(group)[known], test, deployed)


def _by_share(failed: Shares, group: Shares, deployed: Shares) -> np.ndarray:
    return np.array(_reweighted(failed, group, np.ones(len(deployed)), deployed))


PASS = 16
"""Systems to find, of 30: more than following every slope to its end finds."""


class FindTheHole(Checker):
    """07.4: ``search(system, budget, rng)``, a point at which the system fails."""

    key, title, difficulty, minutes = "07.4", "Find what the random suite misses", 3, 20
    hints = (
        "Random points until the signal is below 1; then points close to the best one so far, "
        "wider steps after a better point and narrower ones after any other.",
        "Some slopes lead to a place where nothing fails: the signal stops at 0.3 and steps "
        "shrink. When they have become small, give up and explore again.",
        "Return as soon as the signal is 0, and count your tests: `system` takes one for every "
        "call, inside the cube or not.",
    )
    not_checked = (
        "systems whose region has another size, or a noisy signal, and whether yours is the "
        "cheapest search: thirty systems cannot tell 20 found from 22."
    )
    slips_through = "a search that reads the signal without calling the system."

    @property
    def asks(self) -> Function:  # type: ignore[override]
        """A function of a fresh system, a budget and a generator."""
        (_, system), *_ = bank(0)
        return Function(
            example=(system, BUDGET, np.random.default_rng(0)), returns=Array(shape=(DIMENSION,))
        )

    @classmethod
    def practice(cls) -> Sequence[tuple[str, System]]:
        """Return systems that the learner may look at, with their kinds."""
        return practice()

    def check(self, answer: Callable[..., np.ndarray]) -> str:
        """Count on hidden systems, and say which kind was missed."""
        seen = tally(answer, HIDDEN)
        self.note(self._table(seen))
        if seen.overspent:
            raise DoesNotHold(
                f"Your search made {seen.overspent} tests of one system; the budget is {BUDGET}."
            )
        if seen.lost:
            raise DoesNotHold(
                f"{seen.lost} systems failed under your tests, and the point that you returned "
                "does not fail. Return the point at which the signal was 0."
            )
        if seen.total < PASS:
            raise DoesNotHold(f"You found {seen.total} of 30; {PASS} are asked for. {_why(seen)}")
        self.cases = sum(KINDS.values())
        return (
            f"It found {seen.total} of {self.cases} hidden systems; random tests find "
            f"{sum(by_luck().values()):.1f} on average."
        )

    @staticmethod
    def _table(seen: Tally) -> Table:
        luck, ours = by_luck(), reference(HIDDEN).found
        return Table(
            caption=f"Failing points found in hidden systems, with {BUDGET} tests each",
            columns=("kind", "systems", "yours", "random tests, on average", "the course's own"),
            rows=tuple(
                (kind, str(many), str(seen.found[kind]), f"{luck[kind]:.1f}", str(ours[kind]))
                for kind, many in KINDS.items()
            ),
        )

    right = (climbing, lambda system, budget, rng: _spread(system, budget, rng))
    wrong: ClassVar = {
        "random tests": (at_random, "hardly more than luck"),
        "no restart": (partial(climbing, restart_at=0.0), "it was a decoy"),
        "twice the budget": (
            lambda system, budget, rng: climbing(system, 2 * budget, rng),
            "tests of one system; the budget is 300",
        ),
        "another point": (
            lambda system, budget, rng: np.clip(climbing(system, budget, rng) + 0.2, 0, 1),
            "Return the point at which the signal was 0",
        ),
    }

    slipping = staticmethod(lambda system, budget, rng: _peeking(system, rng))


def _why(seen: Tally) -> str:
    if seen.found["slope"] <= KINDS["slope"] // 2:
        return (
            "On systems with a plain slope that is hardly more than luck: random points tell you "
            "where the signal falls, and the next point should lie near the lowest."
        )
    return (
        f"Of the systems with decoys you found {seen.found['decoys']}. A slope that ends at 0.3 "
        "leads nowhere: it was a decoy. Notice it, and explore again."
    )


def _spread(system: System, budget: int, rng: np.random.Generator) -> np.ndarray:
    """Explore with a third of the budget, then climb from the lowest points in turn."""
    points = rng.random((budget // 3, system.dimension))
    signals = np.array([system(point) for point in points])
    left = budget - len(points)
    place, best, step = points[0], 1.0, 0.0
    order = iter(np.argsort(signals))
    ends: list[np.ndarray] = []
    while left:
        if best == 0 or signals.min() == 0:
            return place if best == 0 else points[np.argmin(signals)]
        if step < 0.02:
            ends += [place] if best < 1 else []
            start = next(
                (i for i in order if all(np.linalg.norm(points[i] - e) > 0.3 for e in ends)), 0
            )
            place, best, step = points[start], signals[start], 0.2
        tried = np.clip(place + step * rng.uniform(-1, 1, system.dimension), 0, 1)
        found, left = system(tried), left - 1
        place, step = (tried, step * 1.5) if found < best else (place, step * 1.5**-0.25)
        best = min(best, found)
    return place


def _peeking(system: System, rng: np.random.Generator) -> np.ndarray:
    """Search with as many looks as it takes, and spend one test of the budget."""
    hidden = System(dimension=system.dimension, signal=system.signal)
    point = climbing(hidden, 3000, rng)
    system(point)
    return point
