"""Chapter 04: how the answers to its four exercises are checked."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from rsi_teach.learn.checker import (
    Array,
    CannotBeChecked,
    Checker,
    Choice,
    DoesNotHold,
    Function,
    Number,
    Table,
)
from rsi_teach.learn.checkers.drift_logs import LOOKED_AT, held_out, practice
from rsi_teach.models import drift
from rsi_teach.models.loop import STAGES

__all__ = ["BetweenLooks", "LeakingStage", "LeastFresh", "WeakStage", "practice"]


class WeakStage(Checker):
    """04.1: ``needed(target, generations, others)``, infinite where no retention is enough."""

    key, title, difficulty, minutes = "04.1", "What the weak stage must keep", 1, 8
    asks = Function(example=(0.9, 50, np.array([0.9995, 0.9995, 0.9995])),
                    returns=Number(infinite=True))  # fmt: skip
    hints = (
        "What must a whole generation keep, so that the target is left after so many of them?",
        "A generation keeps the product of its stages. The others are given: what is left for the "
        "one that is not?",
        "target ** (1 / generations) / np.prod(others). If that is more than 1, the others alone "
        "lose too much: return `math.inf`.",
    )
    not_checked = "losses that enlarge one another, and targets above 1."
    slips_through = "a function that gives up, with infinity, above 500 generations."
    cases_asked = (
        *((0.9, 50, (0.9995, 0.9995, 0.9995)), (0.9, 50, (0.998, 0.9995, 0.9995))),
        *((0.5, 100, (0.998, 0.999, 0.9995)), (0.8, 30, (1.0, 1.0, 1.0)), (0.5, 10, (0.95, 0.99))),
        *((0.99, 200, (0.99999,)), (0.99, 200, (0.9999, 0.9999))),
    )

    def check(self, answer: Callable[..., float]) -> None:
        """Compare with the model where the target can be reached, and where it cannot."""
        for target, generations, others in self.cases_asked:
            wanted = drift.needed_of_one(target=target, generations=generations, others=others)
            at = f"target = {target:g}, generations = {generations}, others = {others}"
            got = answer(target, generations, np.array(others))
            self.agree(
                got, wanted, at, self._mistakes(target, generations, np.array(others), wanted, got)
            )

    @staticmethod
    def _mistakes(
        target: float, generations: int, others: np.ndarray, wanted: float, got: float
    ) -> dict[str, float]:
        whole = target ** (1 / generations)
        if wanted == math.inf:
            return {
                "Sometimes no retention is enough: where the other stages alone lose more than "
                "the target allows, the answer is `math.inf`.": got
            }
        return {
            "That is what the whole generation must keep. The other stages lose something too, "
            "and the weak one has to make room for it.": whole,
            "You shared the requirement among all stages. The others are fixed: the one that is "
            "not gets what they leave.": whole ** (1 / (len(others) + 1)),
            "You took the target for one generation. It is what is left after all of them: take "
            "the root.": target / np.prod(others),
            "Losses were divided evenly over the generations. They compound: what is kept is "
            "multiplied, so take a root.": (1 - (1 - target) / generations) / np.prod(others),
            "Multiply the others: they act one after another, and do not average.": whole
            / np.mean(others),
        }

    right = (
        lambda target, generations, others: _needed(target, generations, np.prod(others)),
        lambda target, generations, others: drift.needed_of_one(
            target=target, generations=generations, others=others
        ),
    )
    wrong: ClassVar = {
        "the whole generation": (
            lambda target, generations, others: target ** (1 / generations),
            "what the whole generation must keep",
        ),
        "shared equally": (
            lambda target, generations, others: target ** (1 / (generations * (len(others) + 1))),
            "shared the requirement among all stages",
        ),
        "no root": (
            lambda target, generations, others: target / np.prod(others),
            "the target for one generation",
        ),
        "evenly": (
            lambda target, generations, others: (1 - (1 - target) / generations) / np.prod(others),
            "divided evenly",
        ),
        "mean of the others": (
            lambda target, generations, others: _needed(target, generations, np.mean(others)),
            "do not average",
        ),
        "more than everything": (
            lambda target, generations, others: target ** (1 / generations) / np.prod(others),
            "Sometimes no retention is enough",
        ),
    }

    @staticmethod
    def draw(rng: np.random.Generator) -> tuple[float, int, np.ndarray]:
        """Return a loop of any length."""
        return rng.uniform(0.5, 0.99), int(rng.integers(1, 2001)), rng.uniform(0.9995, 1, 3)

    @staticmethod
    def slipping(target: float, generations: int, others: np.ndarray) -> float:
        """Return what `slips_through` describes."""
        if generations > 500:
            return math.inf
        return _needed(target, generations, np.prod(others))


def _needed(target: float, generations: int, others: float) -> float:
    need = target ** (1 / generations) / others
    return need if need <= 1 else math.inf


class BetweenLooks(Checker):
    """04.2: ``crossed(paths, boundary, between)``: share beyond at a look, share ever beyond."""

    key, title, difficulty, minutes = "04.2", "Crossed between two looks", 2, 15
    asks = Function(example=(np.array([[0.0, 0.0], [0.4, 1.2]]), 1.0, 0.3),
                    returns=Array(shape=(2,)))  # fmt: skip
    hints = (
        "The first number: of how many runs (columns) does any look find the value at or above "
        "the boundary? It is a mean over columns of an any over rows.",
        "The second: for every step of every run, room before times room after, times -2 / "
        "between². Its exponential is the chance of having been beyond in the meantime, if both "
        "rooms are positive. If one is not, the chance is 1.",
        "np.maximum(boundary - paths, 0) gives 0 where a run is beyond, and exp(0) = 1 does the "
        "rest. A run escapes if it escapes in every step: the product of one minus the chances.",
    )
    not_checked = (
        "whether there is anything between two looks: that is a fact about the system. For a "
        "property that exists only when a version is released, the first number is the right one."
    )
    slips_through = "a function that looks at the first hundred steps only."

    def check(self, answer: Callable[..., np.ndarray]) -> str:
        """Compare with the model on drifting ensembles and on paths drawn by hand."""
        for paths, boundary, between in self._ensembles():
            runs = f"{paths.shape[1]} runs" if paths.shape[1] > 1 else "one run"
            at = f"{runs} of {len(paths)} looks, boundary {boundary:g}, between {between:g}"
            got = answer(paths, boundary, between)
            wanted = _crossed(paths, boundary, between)
            self.agree(got, wanted, at, self._mistakes(paths, boundary, between))
        way, paths = drift.Drift(bias=0.05, spread=0.3), self._long()
        seen, ever = answer(paths, 3.0, 0.3)
        exact = float(drift.first_passage_cdf(way, 3.0, 30))
        self.note(
            f"On 20,000 runs of 30 generations (bias 0.05, spread 0.3, boundary 3) your two "
            f"numbers are {seen:.4f} and {ever:.4f}; the exact chance is {exact:.4f}."
        )
        return f"It holds on {self.cases} ensembles."

    @staticmethod
    def _long() -> np.ndarray:
        noise = np.random.default_rng(12).standard_normal((30, 20_000))
        return drift.simulate(drift.Drift(bias=0.05, spread=0.3), noise)

    @staticmethod
    def _ensembles() -> list[tuple[np.ndarray, float, float]]:
        noise = np.random.default_rng(5).standard_normal((40, 60))
        free = drift.simulate(drift.Drift(bias=0.05, spread=0.3), noise)
        away = drift.simulate(drift.Drift(bias=-0.04, spread=0.5), noise)
        back = np.array([[0.0], [2.0], [0.0], [0.1]])
        return [(free, 3.0, 0.3), (away, 1.5, 0.5), (free, 1.0, 0.1), (back, 1.0, 0.4),
                (np.array([[0.0], [0.9], [0.8]]), 1.0, 0.3)]  # fmt: skip

    @staticmethod
    def _mistakes(paths: np.ndarray, a: float, s: float) -> dict[str, np.ndarray]:
        seen, ever = _crossed(paths, a, s)
        room = a - paths
        once = 1 - np.exp(-2 * np.maximum(room[:-1], 0) * np.maximum(room[1:], 0) / s**2)
        last = float(np.mean(paths[-1] >= a))
        return {
            "The first number looks at the end of each run only. A run that was beyond and came "
            "back has crossed all the same.": np.array([last, ever]),
            "The exponent is missing its 2.": np.array([seen, _escape(room, s, factor=1)]),
            "Divide by between squared, a variance.": np.array([seen, _escape(room, math.sqrt(s))]),
            "Where one look found the run beyond the boundary, the product of the rooms is not "
            "positive and its exponential is no chance: there the run has crossed for "
            "certain.": np.array([seen, _escape(room, s, cut=False)]),
            "The chances were added up. A run escapes only if it escapes in every step: multiply "
            "the chances of escaping.": np.array([seen, float(np.mean(np.sum(1 - once, axis=0)))]),
            "That counts only what was seen. Between two looks the run may have been beyond and "
            "come back.": np.array([seen, seen]),
            "The two numbers are in the wrong order: what was seen comes first.": np.array(
                [ever, seen]
            ),
        }

    right = (
        lambda paths, boundary, between: _crossed(paths, boundary, between),
        lambda paths, boundary, between: [
            np.mean(np.any(paths >= boundary, axis=0)),
            _escape(boundary - paths, between),
        ],
    )
    wrong: ClassVar = {
        "the last look": (
            lambda paths, a, s: [np.mean(paths[-1] >= a), _escape(a - paths, s)],
            "has crossed all the same",
        ),
        "no two": (
            lambda paths, a, s: [_crossed(paths, a, s)[0], _escape(a - paths, s, factor=1)],
            "missing its 2",
        ),
        "not squared": (
            lambda paths, a, s: [_crossed(paths, a, s)[0], _escape(a - paths, math.sqrt(s))],
            "a variance",
        ),
        "beyond is no chance": (
            lambda paths, a, s: [_crossed(paths, a, s)[0], _escape(a - paths, s, cut=False)],
            "crossed for certain",
        ),
        "only what was seen": (
            lambda paths, a, s: [_crossed(paths, a, s)[0]] * 2,
            "counts only what was seen",
        ),
        "wrong order": (
            lambda paths, a, s: _crossed(paths, a, s)[::-1],
            "in the wrong order",
        ),
        "sums": (
            lambda paths, a, s: [
                _crossed(paths, a, s)[0],
                np.mean(np.sum(_chances(a - paths, s), axis=0)),
            ],
            "were added up",
        ),
    }

    @staticmethod
    def slipping(paths: np.ndarray, boundary: float, between: float) -> np.ndarray:
        """Return what `slips_through` describes."""
        return _crossed(paths[:101], boundary, between)


def _crossed(paths: np.ndarray, boundary: float, between: float) -> np.ndarray:
    seen = drift.crossed(paths, boundary=boundary)[-1].mean()
    return np.array([seen, drift.crossed(paths, boundary=boundary, between=between)[-1].mean()])


def _chances(room: np.ndarray, s: float) -> np.ndarray:
    return np.exp(-2 * np.maximum(room[:-1], 0) * np.maximum(room[1:], 0) / s**2)


def _escape(room: np.ndarray, s: float, *, factor: float = 2, cut: bool = True) -> float:
    room = np.maximum(room, 0) if cut else room
    chance = np.exp(-factor * room[:-1] * room[1:] / s**2)
    return float(np.mean(1 - np.prod(1 - chance, axis=0)))


class LeastFresh(Checker):
    """04.3: ``least_share(samples, floor, noise)``: the typical run must stay above the floor."""

    key, title, difficulty, minutes = "04.3", "The least fresh share", 2, 15
    asks = Function(
        example=(50, 0.5, np.random.default_rng(0).standard_normal((20, 4, 40))),
        returns=Number(low=0),
    )
    hints = (
        "`drift.refit(drift.Refit(samples=samples, fresh=k), noise)` returns the fitted means and "
        "variances, [generations + 1, runs]. Which row, and which summary of it, is the typical "
        "run's last variance?",
        "Try k = 0, 1, 2, … and stop at the first whose median in the last row is above the floor.",
        "Return a share: k / samples.",
    )
    not_checked = "other noise: with other runs the least number can be one more or one less."
    slips_through = "a function that never tries more than 40 fresh samples."
    cases_asked = (
        *((100, 0.9), (100, 0.82), (100, 0.5), (40, 0.82), (200, 0.82), (20, 0.9), (200, 0.4)),
    )

    def check(self, answer: Callable[..., float]) -> str:
        """Compare with the model on the same noise."""
        noise = np.random.default_rng(21).standard_normal((100, 4, 800))
        for samples, floor in self.cases_asked:
            least = drift.least_fresh(samples, floor=floor, noise=noise)
            at = f"{samples} samples, floor {floor:g}, 100 generations"
            got = answer(samples, floor, noise)
            self.agree(got, least / samples, at, self._mistakes(samples, floor, noise, least))
        counts = {size: drift.least_fresh(size, floor=0.82, noise=noise) for size in (40, 100, 200)}
        words = ", ".join(f"{count} of {size}" for size, count in counts.items())
        self.note(
            f"For a floor of 0.82: {words}. What counts is nearly the number of fresh samples a "
            "generation, not their share: a larger training set needs a smaller share."
        )
        return f"It holds on {self.cases} settings."

    @staticmethod
    def _mistakes(samples: int, floor: float, noise: np.ndarray, least: int) -> dict[str, float]:
        if least == 0:
            return {}
        return {
            "You returned the number of fresh samples. A share of the training set is asked "
            "for.": float(least),
            "The mean over runs keeps its variance without any fresh data, held up by a few runs. "
            "The typical run is the median.": _least(samples, floor, noise, np.mean) / samples,
            "One run says little: take the median over all of them.": _least(
                samples, floor, noise, lambda last: last[0]
            )
            / samples,
            "The floor is a variance, not a share of data.": floor,
            "That is one step short: with it the median is still at or below the floor.": (
                least - 1
            )
            / samples,
            "Your rule divides by M, the maximum-likelihood estimate. Here the refit is unbiased, "
            "the default of `drift.Refit`.": _least(samples, floor, noise, np.median, False)
            / samples,
        }

    right = (
        lambda samples, floor, noise: (
            drift.least_fresh(samples, floor=floor, noise=noise) / samples
        ),
        lambda samples, floor, noise: _least(samples, floor, noise, np.median) / samples,
    )
    wrong: ClassVar = {
        "the mean": (
            lambda samples, floor, noise: _least(samples, floor, noise, np.mean) / samples,
            "held up by a few runs",
        ),
        "a number": (
            lambda samples, floor, noise: drift.least_fresh(samples, floor=floor, noise=noise),
            "A share of the training set is asked",
        ),
        "one run": (
            lambda samples, floor, noise: (
                _least(samples, floor, noise, lambda last: last[0]) / samples
            ),
            "One run says little",
        ),
        "the floor": (lambda samples, floor, noise: floor, "not a share of data"),
        "one short": (
            lambda samples, floor, noise: (
                max(_least(samples, floor, noise, np.median) - 1, 0) / samples
            ),
            "one step short",
        ),
    }

    @staticmethod
    def slipping(samples: int, floor: float, noise: np.ndarray) -> float:
        """Return what `slips_through` describes."""
        return min(drift.least_fresh(samples, floor=floor, noise=noise), 40) / samples


def _least(
    samples: int, floor: float, noise: np.ndarray, summary: Any, unbiased: bool = True
) -> int:
    """Try one number of fresh samples after another."""
    for fresh in range(samples):
        rule = drift.Refit(samples=samples, fresh=fresh, unbiased=unbiased)
        if summary(drift.refit(rule, noise)[1][-1]) > floor:
            return fresh
    return samples


class StageName(Choice):
    """The name of one of the four stages."""

    def read(self, value: Any, whose: str) -> str:
        """Return the name, or say that a name is wanted and which there are."""
        try:
            return super().read(value, whose)
        except CannotBeChecked as why:
            raise CannotBeChecked(f"{why} The name of a stage is asked for.") from None


class LeakingStage(Checker):
    """04.4: ``leaking(log)``, the stage that loses most per passage."""

    key, title, difficulty, minutes = "04.4", "Name the leaking stage", 3, 20
    asks = Function(example=(practice()[0].log,), returns=StageName(options=STAGES))
    hints = (
        "Each row has a value before and a value after its stage. Losses multiply, so work with "
        "np.log(before / after): what is lost in several passages is then a sum.",
        "A stage that loses a lot now and then and a stage that loses a little each time are "
        "compared by what they lose per passage on average. Not all passages are in the log.",
        "Mean of np.log(log.before / log.after) over the rows with log.stage == s, for each s; "
        "the largest wins. `drift.stage_losses` does it, with standard errors.",
    )
    not_checked = (
        "stages whose leaks change over time, errors of measurement that one stage has and the "
        "others have not, and logs in which a row is missing because it was bad."
    )
    slips_through = (
        "a rule that averages (before - after) / before instead of the logarithm: for losses "
        "this small both put the stages in the same order."
    )
    needed = 0.9

    def check(self, answer: Callable[[Any], str]) -> str:
        """Count right names on logs that the learner has not seen, kind by kind."""
        bank = held_out()
        named = [answer(entry.log) for entry in bank]
        right = [name == entry.stage for name, entry in zip(named, bank, strict=True)]
        self.note(self._table(bank, right))
        if np.mean(right) < self.needed:
            raise DoesNotHold(self._why(bank, named, int(sum(right))))
        self.cases = len(bank)
        return (
            f"It names the leaking stage in {sum(right)} of {self.cases} held-out logs; "
            f"{math.ceil(self.needed * self.cases)} were needed."
        )

    @staticmethod
    def _table(bank: tuple[Any, ...], right: list[bool]) -> Table:
        rows = []
        for kind in dict.fromkeys(entry.kind for entry in bank):
            hits = [hit for hit, entry in zip(right, bank, strict=True) if entry.kind == kind]
            rows.append((kind, str(len(hits)), str(sum(hits))))
        return Table(
            caption="Held-out logs",
            columns=("the worst leak is", "logs", "named"),
            rows=tuple(rows),
        )

    @staticmethod
    def _why(bank: tuple[Any, ...], named: list[str], hits: int) -> str:
        text = f"It names the leaking stage in {hits} of {len(bank)} held-out logs. "
        likeness = {
            message: np.mean([rule(entry.log) == n for n, entry in zip(named, bank, strict=True)])
            for message, rule in LOOKED_AT.items()
        }
        closest = max(likeness, key=likeness.__getitem__)
        if likeness[closest] < 0.95:
            return f"{text}Look at the kind of log that it gets wrong."
        return text + closest

    right = (
        lambda log: STAGES[int(np.argmax(drift.stage_losses(log)[0]))],
        lambda log: max(
            STAGES,
            key=lambda name: np.mean(np.log(log.before / log.after)[log.stage == _at(name)]),
        ),
    )
    wrong: ClassVar = {
        "largest single drop": (
            lambda log: STAGES[int(log.stage[np.argmin(log.after / log.before)])],
            "largest single loss",
        ),
        "median": (
            lambda log: max(
                STAGES, key=lambda n: np.median((log.before / log.after)[log.stage == _at(n)])
            ),
            "median passage",
        ),
        "sum": (
            lambda log: STAGES[
                int(np.argmax(np.bincount(log.stage, np.log(log.before / log.after), 4)))
            ],
            "not all passages are in the log",
        ),
        "noticed": (
            lambda log: STAGES[int(log.stage[np.argmax(log.after < 0.9)])],
            "where the loss was noticed",
        ),
        "lowest value": (
            lambda log: STAGES[int(log.stage[np.argmin(log.after)])],
            "lowest value",
        ),
        "always selection": (lambda log: "selection", "same stage in every log"),
    }

    @staticmethod
    def slipping(log: drift.StageLog) -> str:
        """Return what `slips_through` describes."""
        lost = np.bincount(log.stage, (log.before - log.after) / log.before, 4)
        return STAGES[int(np.argmax(lost / np.bincount(log.stage, minlength=4)))]


def _at(name: str) -> int:
    return STAGES.index(name)
