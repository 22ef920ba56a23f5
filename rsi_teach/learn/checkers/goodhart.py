"""Chapter 05: how the answers to its four exercises are checked."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar

import numpy as np
from scipy.special import ndtr, ndtri

from rsi_teach.learn.checker import (
    Array,
    CannotBeChecked,
    Checker,
    DoesNotHold,
    Function,
    Number,
    Table,
)
from rsi_teach.learn.checkers.goodhart_bank import (
    BUDGET,
    FARTHEST,
    Curve,
    Desk,
    Winner,
    curves,
    winners,
)
from rsi_teach.learn.scores import interval_score
from rsi_teach.learn.verifier import Confusion, VerifierChecker
from rsi_teach.models import goodhart


class ExpectedMaximum(Checker):
    """05.1: ``expected_maximum(n)``: mean of the largest of n standard normal numbers."""

    key, title, difficulty, minutes = "05.1", "The largest of n", 1, 10
    asks = Function(example=(10,), returns=Number())
    hints = (
        "All n stay below z with probability Φ(z)^n. Differentiate: that is the density of the "
        "largest, n φ(z) Φ(z)^(n - 1).",
        "The mean is the integral of z times this density. `scipy.integrate.quad`, or a sum over "
        "a fine grid from -10 to 10, is good enough.",
        "`scipy.stats.norm` has `pdf` and `cdf`. For n = 2 the answer is 1/√π = 0.5642.",
    )
    not_checked = "n above 10,000, and numbers that are not normal."
    slips_through = "a function that is wrong for n above 10,000."
    cases_asked = (1, 2, 3, 10, 47, 100, 1000, 10_000)

    def check(self, answer: Callable[[int], float]) -> str:
        """Compare with the quadrature, to four digits."""
        for n in self.cases_asked:
            exact = abs(round(float(goodhart.expected_maximum(n)), 9))
            self.agree(answer(n), exact, f"n = {n}", self._mistakes(n), rel=1e-4, abs=1e-4)
        return f"It holds for {self.cases} values of n, to four digits."

    @staticmethod
    def _mistakes(n: int) -> dict[str, float]:
        mistakes = {
            "That is √(2 ln n), which the largest approaches only for enormous n; at n = 100 it "
            "is 3.03 instead of 2.51.": math.sqrt(2 * math.log(n)),
            "That is the median of the largest, the score that all n stay below half of the "
            "time. The mean lies above it.": float(ndtri(0.5 ** (1 / n))),
        }
        if n > 1:
            mistakes |= {
                "That is the quantile 1 - 1/n, which one of n exceeds on average. The largest "
                "lies above it.": float(ndtri(1 - 1 / n)),
                "That is the quantile n/(n + 1), an approximation: good for ranks, too low "
                "for the mean.": float(ndtri(n / (n + 1))),
                "That is Blom's approximation. It is good to two digits; four are asked for.": (
                    float(ndtri((n - 0.375) / (n + 0.25)))
                ),
                "That is the mean of the range, largest minus smallest: twice too much.": 2
                * float(goodhart.expected_maximum(n)),
            }
        return mistakes

    def agree(self, got: Any, wanted: Any, at: str, *rest: Any, **tolerance: float) -> None:
        """Say so if an answer that fits nothing else looks like a simulation."""
        try:
            super().agree(got, wanted, at, *rest, **tolerance)
        except DoesNotHold as why:
            near = abs(got - wanted) < 0.05 and str(why).startswith("At ")
            if not near:
                raise
            raise DoesNotHold(
                f"{why} Close, and not to four digits. If you simulate: 10,000 draws leave an "
                "error near 0.01, and each further digit costs a hundred times as many."
            ) from None

    right = (
        lambda n: float(goodhart.expected_maximum(n)),
        lambda n: _by_parts(n),
    )
    wrong: ClassVar = {
        "the limit": (lambda n: math.sqrt(2 * math.log(n)), "That is √(2 ln n)"),
        "the median": (lambda n: float(ndtri(0.5 ** (1 / n))), "the median of the largest"),
        "the quantile": (
            lambda n: float(ndtri(1 - 1 / n)) if n > 1 else 0.0,
            "the quantile 1 - 1/n",
        ),
        "ranks": (lambda n: float(ndtri(n / (n + 1))), "the quantile n/(n + 1)"),
        "Blom": (lambda n: float(ndtri((n - 0.375) / (n + 0.25))), "Blom's approximation"),
        "the range": (lambda n: 2 * float(goodhart.expected_maximum(n)), "mean of the range"),
        "a simulation": (
            lambda n: np.random.default_rng(0).normal(size=(2000, n)).max(axis=1).mean(),
            "If you simulate",
        ),
    }

    @staticmethod
    def slipping(n: int) -> float:
        """Return what `slips_through` describes."""
        return float(goodhart.expected_maximum(n)) if n <= 10_000 else 4.0


def _by_parts(n: int) -> float:
    """Mean by parts: the integral of 1 - Φ^n above zero, less that of Φ^n below."""
    z = (np.arange(24_000) + 0.5) / 1000 - 12
    below = ndtr(z) ** n
    return float(np.sum(np.where(z > 0, 1 - below, -below)) * 0.001)


class BestCount(Checker):
    """05.2: ``best_count(tail, cost)``: how many candidates to pay for."""

    key, title, difficulty, minutes = "05.2", "When to stop looking", 2, 12
    asks = Function(example=(3.0, 0.001), returns=Number(low=1, high=goodhart.MOST))
    hints = (
        "`goodhart.best_of_n_value(goodhart.Proxy(tail=tail), n)` takes an array of n and gives "
        "what the winner is worth.",
        "Take n from a grid: `np.unique(np.geomspace(1, 10**6, 2000).astype(int))` holds every "
        "small number and enough large ones.",
        "Subtract `cost * n`, and take the n at which the difference is largest.",
    )
    not_checked = "errors of another size than the value's, and costs that are not proportional."
    slips_through = "an n that is a little off: within 0.001 sd of the best net value all hold."
    cases_asked = (
        *((3.0, 0.001), (3.0, 0.01), (3.0, 0.0), (2.5, 0.0005), (5.0, 0.0), (5.0, 0.001)),
        *((10.0, 0.0001), (math.inf, 0.001), (math.inf, 0.01), (math.inf, 0.0001)),
    )

    def check(self, answer: Callable[[float, float], float]) -> str:
        """Compare the net value with the best that there is."""
        for tail, cost in self.cases_asked:
            n, proxy = answer(tail, cost), goodhart.Proxy(tail=tail)
            at = f"tail = {tail:g}, cost = {cost:g}"
            if n != int(n):
                raise DoesNotHold(f"At {at} your answer is {n:g}: candidates come whole.")
            best = goodhart.best_n(proxy, cost=cost)
            lost = self._net(proxy, best, cost) - self._net(proxy, int(n), cost)
            self.expect(
                lost <= 0.001,
                self._mistake(proxy, int(n), cost)
                or f"At {at} your n = {n:,.0f} nets {lost:.3g} sd less than n = {best:,} does.",
            )
        return f"It holds for {self.cases} pairs of tail and cost."

    @staticmethod
    def _net(proxy: goodhart.Proxy, n: int, cost: float) -> float:
        return float(goodhart.best_of_n_value(proxy, n)) - cost * n

    @staticmethod
    def _mistake(proxy: goodhart.Proxy, n: int, cost: float) -> str:
        mistakes = {
            "That n is the best if candidates cost nothing. Subtract what they cost.": (
                goodhart.best_n(proxy)
            ),
            "That n is the best for a Gaussian error. With a heavy tail more choice stops paying "
            "sooner, and for another reason than cost.": goodhart.best_n(
                goodhart.Proxy(), cost=cost
            ),
            "That n maximises the winner's score, less the cost. The score is not the value: with "
            "a heavy tail it goes on rising while the value falls.": _best_by_score(proxy, cost),
        }
        return next((words for words, m in mistakes.items() if abs(math.log(n / m)) < 0.02), "")

    right = (
        lambda tail, cost: goodhart.best_n(goodhart.Proxy(tail=tail), cost=cost),
        lambda tail, cost: _best_on_grid(tail, cost),
    )
    wrong: ClassVar = {
        "no cost": (
            lambda tail, cost: goodhart.best_n(goodhart.Proxy(tail=tail)),
            "if candidates cost nothing",
        ),
        "no tail": (
            lambda tail, cost: goodhart.best_n(goodhart.Proxy(), cost=cost),
            "best for a Gaussian error",
        ),
        "by score": (
            lambda tail, cost: _best_by_score(goodhart.Proxy(tail=tail), cost),
            "maximises the winner's score",
        ),
        "always sixteen": (lambda tail, cost: 16, "sd less than"),
        "a fifth too few": (
            lambda tail, cost: int(0.8 * goodhart.best_n(goodhart.Proxy(tail=tail), cost=cost)),
            "sd less than",
        ),
        "not whole": (lambda tail, cost: 36.4, "candidates come whole"),
    }

    @staticmethod
    def slipping(tail: float, cost: float) -> int:
        """Return what `slips_through` describes."""
        n = goodhart.best_n(goodhart.Proxy(tail=tail), cost=cost)
        return n + (n > 20)


def _best_on_grid(tail: float, cost: float) -> int:
    n = np.unique(np.geomspace(1, goodhart.MOST, 2000).astype(int))
    return int(n[np.argmax(goodhart.best_of_n_value(goodhart.Proxy(tail=tail), n) - cost * n)])


def _best_by_score(proxy: goodhart.Proxy, cost: float) -> int:
    n = np.unique(np.geomspace(1, goodhart.MOST, 2000).astype(int))
    return int(n[np.argmax(goodhart.winning_score(proxy, n) - cost * n)])


class PeakAhead(Checker):
    """05.3: ``peak_between(distance, reward)``: a 90 % interval for a peak not yet reached."""

    key, title, difficulty, minutes = "05.3", "The peak ahead", 3, 20
    asks = Function(
        example=(np.linspace(0.1, 1, 12), np.linspace(0.1, 1, 12) * (1.2 - 0.4)),
        returns=Array(shape=(2,)),
    )
    hints = (
        "`goodhart.fit_law(distance, reward)` fits d(a - b d), and `goodhart.peak_interval` turns "
        "the fit into an interval that covers 90 %.",
        "Its upper end can be infinite: the data do not show that the curve turns down. You know "
        "more than the data: no peak lies before the last distance, and none beyond 8.",
        "`np.clip(interval, distance[-1], 8)` says just that.",
    )
    not_checked = "curves of another law, and noise that is not Gaussian."
    slips_through = "the plain interval estimate ± 1.8 standard errors, which is even a bit better "
    slips_through += "here and fails when the bend is not significant."
    count = 300

    @classmethod
    def practice(cls) -> Sequence[Curve]:
        """Return the curves that the learner may look at, peaks included."""
        return curves("practice", cls.count)

    @classmethod
    def held_out(cls) -> Sequence[Curve]:
        """Return the curves that decide."""
        return curves("held_out", cls.count)

    @classmethod
    def one_more(cls) -> Curve:
        """Return the curve that the notebook asks about."""
        return curves("one more", 1)[0]

    def check(self, answer: Callable[..., np.ndarray]) -> str:
        """Compare the mean interval score with those of four simple rules."""
        found = np.array([answer(c.distance, c.reward) for c in self.held_out()])
        crossed = int(np.sum(found[:, 0] > found[:, 1]))
        if crossed:
            raise DoesNotHold(f"In {crossed} intervals the low end lies above the high end.")
        baselines = {
            words: self._scored(np.array([rule(c.distance, c.reward) for c in self.held_out()]))
            for words, rule in BASELINES.items()
        }
        mine = self._scored(found)
        self.note(_score_table({"Your intervals": mine, **baselines}))
        best = min(baselines, key=lambda words: baselines[words][0])
        if mine[0] >= baselines[best][0]:
            raise DoesNotHold(self._no_better(found, mine, best, baselines[best][0]))
        self.cases = len(found)
        return f"It beats every simple rule on {self.cases} held-out curves."

    def _scored(self, found: np.ndarray) -> tuple[float, float, float]:
        """Mean interval score, share that holds the peak, mean width; in units of the peak."""
        peaks = np.array([c.peak for c in self.held_out()])
        relative = found / peaks[:, None]
        score = np.mean([interval_score(low, high, 1.0) for low, high in relative])
        holds = np.mean((relative[:, 0] <= 1) & (relative[:, 1] >= 1))
        return float(score), float(holds), float(np.mean(relative[:, 1] - relative[:, 0]))

    def _no_better(
        self, found: np.ndarray, mine: tuple[float, float, float], best: str, score: float
    ) -> str:
        text = f"Your intervals score {mine[0]:.2f}; the rule “{best}” scores {score:.2f}. "
        curves_asked = self.held_out()
        behind = np.mean([high <= c.distance[-1] for (_, high), c in zip(found, curves_asked,
                                                                       strict=True)])  # fmt: skip
        if behind > 0.2:
            return text + (
                f"{behind:.0%} of them end before the last measurement, and every peak lies beyond "
                "it: the highest point so far is not the peak."
            )
        if mine[1] < 0.8:
            return text + (
                f"They hold the peak in {mine[1]:.0%} of the curves instead of 90 %: too narrow. "
                "Each miss costs twenty times its distance."
            )
        if mine[1] > 0.95:
            return text + (
                f"They hold the peak in {mine[1]:.0%} of the curves, and are {mine[2]:.1f} times "
                "as wide as the peak is far: safe, and useless. Let the data narrow them."
            )
        return text + (
            f"They hold the peak in {mine[1]:.0%}, about as often as they should, and are wide in "
            "the wrong places. A noisy curve needs a wider interval than a quiet one."
        )

    right = (
        lambda distance, reward: _fieller(distance, reward),
        lambda distance, reward: _bootstrapped(distance, reward),
    )
    wrong: ClassVar = {
        "everything": (lambda distance, reward: [0.0, FARTHEST], "safe, and useless"),
        "the fit alone": (
            lambda distance, reward: _around(distance, reward, 0.02),
            "too narrow",
        ),
        "the highest so far": (
            lambda distance, reward: distance[np.argmax(reward)] * np.array([0.9, 1.0]),
            "end before the last measurement",
        ),
        "a fixed range": (
            lambda distance, reward: distance[-1] * np.array([1.07, 2.3]),
            "wide in the wrong places",
        ),
        "the other law": (
            lambda distance, reward: _fieller(distance, reward, "RL"),
            "They hold the peak in",
        ),
        "exchanged": (
            lambda distance, reward: [FARTHEST + 1, distance[-1]],
            "low end lies above",
        ),
    }

    @staticmethod
    def slipping(distance: np.ndarray, reward: np.ndarray) -> np.ndarray:
        """Return what `slips_through` describes."""
        fit = goodhart.fit_law(distance, reward)
        ratio = fit.alpha / fit.beta
        variance = fit.alpha_var - 2 * ratio * fit.covariance + ratio**2 * fit.beta_var
        half = 1.81 * math.sqrt(variance) / abs(fit.beta) / 2
        if fit.beta <= 0:
            return np.array([distance[-1], FARTHEST])
        return np.clip([ratio / 2 - half, ratio / 2 + half], distance[-1], FARTHEST)


def _fieller(distance: np.ndarray, reward: np.ndarray, method: Any = "best-of-n") -> np.ndarray:
    interval = goodhart.peak_interval(goodhart.fit_law(distance, reward, method=method))
    return np.clip(interval, distance[-1], FARTHEST)


def _bootstrapped(distance: np.ndarray, reward: np.ndarray) -> np.ndarray:
    """Refit 100 times with the residuals drawn anew."""
    design = np.stack([distance, -(distance**2)], axis=1)
    solve = np.linalg.pinv(design)
    smooth = design @ (solve @ reward)
    left = (reward - smooth) * math.sqrt(len(reward) / (len(reward) - 2))
    draws = np.random.default_rng(0).choice(left, size=(len(reward), 100))
    alpha, beta = solve @ (smooth[:, None] + draws)
    peaks = np.where(beta > 0, alpha / np.maximum(2 * beta, 1e-9), FARTHEST)
    return np.quantile(np.clip(peaks, distance[-1], FARTHEST), [0.05, 0.95])


def _around(distance: np.ndarray, reward: np.ndarray, share: float) -> np.ndarray:
    peak = np.clip(goodhart.fit_law(distance, reward).peak, distance[-1], FARTHEST)
    return np.clip(peak * np.array([1 - share, 1 + share]), distance[-1], FARTHEST)


BASELINES: dict[str, Callable[[np.ndarray, np.ndarray], Any]] = {
    "anywhere beyond the last measurement": lambda d, r: np.array([d[-1], FARTHEST]),
    "the fitted peak, give or take 5 %": lambda d, r: _around(d, r, 0.05),
    "the fitted peak, give or take 30 %": lambda d, r: _around(d, r, 0.3),
    "1.1 to 2.3 times the last distance": lambda d, r: d[-1] * np.array([1.1, 2.3]),
}


def _score_table(rows: dict[str, tuple[float, float, float]]) -> Table:
    return Table(
        caption="Interval score: width plus twenty times any miss, in units of the peak's distance",
        columns=("rule", "score", "holds the peak", "mean width"),
        rows=tuple(
            (words, f"{score:.2f}", f"{holds:.0%}", f"{width:.2f}")
            for words, (score, holds, width) in rows.items()
        ),
    )


class Auditor(VerifierChecker):
    """05.4: ``accepts(update)``, with audits that read items of a common budget."""

    key, title, difficulty, minutes = "05.4", "A gate with an audit budget", 3, 20
    hints = (
        "Print some practice updates of each kind: `score`, `runner_up` and their difference. "
        "One kind gives itself away, another one can be turned away for a low score.",
        "`update.audit(items)` says what the update is worth, with a standard error of 6/√items. "
        "1,500 items over 140 updates are 10 each, an error of 1.9: as good as nothing.",
        "Decide what can be decided without an audit, and put 20 to 30 items on each of the rest. "
        "Mind that `update.items_left` reaches.",
    )
    not_checked = (
        "updates worth between 0 and half a sd, which are in neither bank, and a proposer that "
        "learns where the audits go."
    )
    slips_through = (
        "a rule that audits what comes first, and turns away everything once the budget is spent."
    )
    hidden = ("kind", "value")
    false_accept, false_reject = 5, 1
    naive = ("the score is above 2.5", lambda update: update.score > 2.5)
    why: ClassVar = {
        "lucky": "Half of what the winner's score shows is luck, and among few candidates a score "
        "that wins need not be high.",
        "glitch": "A rare large error put it first. A score far ahead of the runner-up says more "
        "about the error than about the value.",
        "gamed": "It was made to look like an ordinary winner. Nothing that the score shows tells "
        "it from a good one; only an audit does.",
    }

    def __init__(self) -> None:
        super().__init__()
        self.desks: list[Desk] = []

    @classmethod
    def practice(cls) -> Sequence[Winner]:
        """Return the updates that the learner may look at and audit freely, kinds included."""
        return winners("practice")

    @classmethod
    def held_out(cls) -> Sequence[Winner]:
        """Return the updates that decide."""
        return winners("held_out")

    def check(self, answer: Callable[[Any], bool]) -> str:
        """Judge as every verifier, and say what the audits cost."""
        try:
            return super().check(answer)
        finally:
            desk = self.desks[0]
            self.note(f"It made {desk.audits} audits, which read {desk.spent:,} of the "
                      f"{desk.budget:,} items.")  # fmt: skip

    def confusion(self, rule: Callable[[Any], bool], bank: Iterable[Any]) -> Confusion:
        """Run a rule on a bank that comes over a desk of its own, with the whole budget."""
        desk = Desk(tuple(bank), BUDGET)
        self.desks.append(desk)
        try:
            return super().confusion(rule, desk)  # type: ignore[arg-type]
        except CannotBeChecked:
            if desk.refused:
                raise DoesNotHold(desk.refused) from None
            raise

    def baselines(self) -> dict[str, float]:
        """The three of every verifier, the best without audits, and the budget spread evenly."""
        rules = {
            "No audits (a score above 4.75, at most 1.5 ahead)": _unaudited,
            "Auditing all alike (10 items each, accept above 0.6)": _alike,
        }
        return super().baselines() | {
            words: self.confusion(rule, self.held_out()).cost for words, rule in rules.items()
        }

    right = (
        lambda update: _targeted(update, ahead=2.0, least=2.2, items=25, worth=0.6),
        lambda update: _targeted(update, ahead=1.5, least=2.5, items=25, worth=0.5),
    )
    wrong: ClassVar = {
        "everything": (lambda update: True, "lucky updates that were let through"),
        "nothing": (lambda update: False, "good updates turned away"),
        "a high score": (
            lambda update: update.score > 2.5,
            "glitch updates that were let through",
        ),
        "no outliers": (
            lambda update: update.score > 2.5 and update.score - update.runner_up < 1,
            "gamed updates that were let through",
        ),
        "no audits at all": (lambda update: _unaudited(update), "good updates turned away"),
        "a little for all": (
            lambda update: _alike(update),
            "lucky updates that were let through",
        ),
        "a lot for the first": (lambda update: update.audit(100) > 0.6, "budget was overspent"),
        "two audits each": (
            lambda update: update.audit(10) > 0 and update.audit(10) > 0.6,
            "at update 97 of 140",
        ),
    }

    @staticmethod
    def slipping(update: Any) -> bool:
        """Return what `slips_through` describes."""
        if update.score < 2.5 or update.items_left < 40:
            return False
        return update.score - update.runner_up < 2 and update.audit(40) > 0.4


def _unaudited(update: Any) -> bool:
    return update.score > 4.75 and update.score - update.runner_up < 1.5


def _alike(update: Any) -> bool:
    return update.audit(10) > 0.6


def _targeted(update: Any, *, ahead: float, least: float, items: int, worth: float) -> bool:
    """Turn away what stands out or scores low; audit the rest while the budget lasts."""
    if update.score - update.runner_up > ahead or update.score < least:
        return False
    return update.items_left >= items and update.audit(items) > worth
