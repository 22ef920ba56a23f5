"""Chapter 16: how the answers to its four exercises are checked."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import ClassVar

import numpy as np

from rsi_teach.learn.answers import CannotBeChecked, DoesNotHold
from rsi_teach.learn.checker import Array, Checker, Function
from rsi_teach.learn.checkers.calibration_bank import (
    FORECASTERS,
    PAST,
    Questions,
    drawn,
    relative_score,
    repaired,
    samples,
)
from rsi_teach.learn.faces import Table
from rsi_teach.models import calibration


class Parts(Checker):
    """16.1: ``parts(stated, happened)``, reliability, resolution and uncertainty."""

    key, title, difficulty, minutes = "16.1", "What a Brier score is made of", 1, 12
    asks = Function(
        example=(np.array([0.2, 0.2, 0.7]), np.array([0, 1, 1])), returns=Array(shape=(3,))
    )
    hints = (
        "Group by what was stated: `np.unique(stated, return_inverse=True, return_counts=True)`.",
        "In each group take the share that happened. Reliability compares it with what was "
        "stated, resolution with the share over all questions.",
        "A group counts as often as it has questions. Uncertainty is base · (1 - base).",
    )
    not_checked = "probabilities that have to be put in bins, where two more terms appear."
    slips_through = "a function that looks at no more than the first 200 questions."

    def check(self, answer: Callable[..., np.ndarray]) -> str:
        """Compare with the exact parts, on records of several sizes."""
        for stated, happened in _records():
            found = _right_parts(stated, happened)
            at = f"{len(stated)} questions in {len(np.unique(stated))} groups"
            self.agree(answer(stated, happened), found, at, self._mistakes(stated, happened))
        return f"It holds on {self.cases} records, to all digits."

    @staticmethod
    def _mistakes(stated: np.ndarray, happened: np.ndarray) -> dict[str, np.ndarray]:
        reliability, resolution, uncertainty = _right_parts(stated, happened)
        each = _unweighted(stated, happened)
        return {
            "Each group counts as often as it has questions: a chance that was stated once must "
            "not weigh as much as one that was stated fifty times.": each,
            "Reliability and resolution have changed places. Reliability is the distance from "
            "what was *stated*.": np.array([resolution, reliability, uncertainty]),
            "That resolution has the opposite sign. Return it positive; it is subtracted in the "
            "sum.": np.array([reliability, -resolution, uncertainty]),
            "Resolution compares what happened in a group with what happened over all, not with "
            "what was stated over all.": _stated_base(stated, happened),
            "These are the plain differences. All three parts are squared.": _not_squared(
                stated, happened
            ),
        }

    right = (lambda stated, happened: _right_parts(stated, happened),)
    wrong: ClassVar = {
        "groups count alike": (
            lambda stated, happened: _unweighted(stated, happened),
            "Each group counts as often as it has questions",
        ),
        "changed places": (
            lambda stated, happened: _right_parts(stated, happened)[[1, 0, 2]],
            "have changed places",
        ),
        "negative resolution": (
            lambda stated, happened: _right_parts(stated, happened) * [1, -1, 1],
            "has the opposite sign",
        ),
        "base of what was stated": (
            lambda stated, happened: _stated_base(stated, happened),
            "not with what was stated over all",
        ),
        "not squared": (
            lambda stated, happened: _not_squared(stated, happened),
            "All three parts are squared",
        ),
        "the score itself": (
            lambda stated, happened: np.full(3, np.mean((stated - happened) ** 2)),
            "it should be",
        ),
    }

    @staticmethod
    def slipping(stated: np.ndarray, happened: np.ndarray) -> np.ndarray:
        """Return what `slips_through` describes."""
        return _right_parts(stated[:200], happened[:200])


@cache
def _records() -> tuple[tuple[np.ndarray, np.ndarray], ...]:
    rng = np.random.default_rng(161)
    found = [(np.array([0.2, 0.2, 0.7, 0.7, 0.7]), np.array([0, 1, 1, 0, 1]))]
    for n, width in ((12, 1.0), (40, 0.5), (150, 2.0), (200, 0.3)):
        made = calibration.Forecaster(width=width, bias=0.3)
        stated, happened = calibration.simulate_probabilities(made, rng.random((2, n, 1)))
        found.append((np.round(stated[:, 0], 2), happened[:, 0].astype(int)))
    return tuple(found)


def _grouped(stated: np.ndarray, happened: np.ndarray) -> tuple[np.ndarray, ...]:
    value, group, count = np.unique(stated, return_inverse=True, return_counts=True)
    return value, np.bincount(group, weights=happened) / count, count / len(stated)


def _right_parts(stated: np.ndarray, happened: np.ndarray) -> np.ndarray:
    found = calibration.decompose(stated, happened)
    return np.array([found.reliability, found.resolution, found.uncertainty])


def _unweighted(stated: np.ndarray, happened: np.ndarray) -> np.ndarray:
    value, share, _ = _grouped(stated, happened)
    base = happened.mean()
    parts = np.mean((value - share) ** 2), np.mean((share - base) ** 2), base * (1 - base)
    return np.array(parts)


def _stated_base(stated: np.ndarray, happened: np.ndarray) -> np.ndarray:
    right = _right_parts(stated, happened)
    _, share, weight = _grouped(stated, happened)
    right[1] = weight @ (share - stated.mean()) ** 2
    return right


def _not_squared(stated: np.ndarray, happened: np.ndarray) -> np.ndarray:
    value, share, weight = _grouped(stated, happened)
    base = happened.mean()
    return np.array([weight @ abs(value - share), weight @ abs(share - base), base * (1 - base)])


class Proper(Checker):
    """16.2: ``best_interval(values, alpha)``, the interval of least mean score."""

    key, title, difficulty, minutes = "16.2", "The interval score is proper: show it", 2, 15
    asks = Function(
        example=(np.array([1.0, 2.0, 4.0, 8.0, 9.0, 12.0]), 0.5), returns=Array(shape=(2,))
    )
    hints = (
        "Write the mean score of an interval over the sample first: width plus 2/alpha times the "
        "mean miss. Plot it against the upper end, with the lower one fixed.",
        "Move the upper end up by a little: the width costs that little, and each value above it "
        "saves 2/alpha times as much. When do the two balance?",
        "They balance where a share alpha/2 of the values lies above. The lower end by symmetry.",
    )
    not_checked = (
        "a proof. Six kinds of samples are tried; that it holds for all is in the chapter."
    )
    slips_through = (
        "an interval for an alpha that is off by a twentieth: at its bottom the score is flat."
    )
    slack = 1.01

    def check(self, answer: Callable[..., np.ndarray]) -> str:
        """Compare the mean score on hidden samples with the least that any interval has."""
        rows = []
        for name, values, alpha in samples():
            low, high = answer(values, alpha)
            at = f"{len(values)} {name} values, alpha = {alpha:g}"
            self.expect(low <= high, f"At {at} the ends are in the wrong order.")
            score, best = (_mean_score(ends, values, alpha) for ends in
                           ((low, high), _quantiles(values, alpha)))  # fmt: skip
            if score > self.slack * best:
                raise DoesNotHold(self._explained((low, high), values, alpha, at, score / best))
            inside = np.mean((low <= values) & (values <= high))
            rows.append((name, f"{alpha:g}", f"{score:.3f}", f"{best:.3f}", f"{100 * inside:.0f}"))
            self.cases += 1
        self.note(Table(
            caption="Mean interval score on the hidden samples",
            columns=("sample", "alpha", "yours", "least", "inside [%]"), rows=tuple(rows),
        ))  # fmt: skip
        return f"Nobody does better by more than 1 %, on {self.cases} comparisons."

    @staticmethod
    def _explained(
        ends: tuple[float, float], values: np.ndarray, alpha: float, at: str, ratio: float
    ) -> str:
        mistakes = {
            "That is mean ± z · sd. It is right for normal values; these are not, and the score "
            "knows it.": _normal(values, alpha),
            "That leaves alpha out on each side. The score takes alpha/2 on each: a 90 % interval "
            "leaves out 5 % below and 5 % above.": _quantiles(values, 2 * alpha),
            "That is the shortest interval that holds its share. The score charges for the "
            "distance of each miss, so the two ends must leave out the same share; for skew "
            "values the shortest interval does not.": _shortest(values, alpha),
            "That holds every value. Nothing is missed, and the width is paid for.": np.array(
                [values.min(), values.max()]
            ),
            "That is a 90 % interval. What alpha is asked for?": _quantiles(values, 0.1),
        }
        for message, value in mistakes.items():
            if np.allclose(ends, value, rtol=2e-3, atol=2e-3):
                return f"At {at} it costs {ratio:.2f} times the least. {message}"
        return f"At {at} your interval costs {ratio:.2f} times what the best one does."

    right = (
        lambda values, alpha: np.quantile(values, [alpha / 2, 1 - alpha / 2]),
        lambda values, alpha: _quantiles(values, alpha),
    )
    wrong: ClassVar = {
        "normal": (lambda values, alpha: _normal(values, alpha), "That is mean ± z · sd"),
        "alpha on each side": (
            lambda values, alpha: _quantiles(values, 2 * alpha),
            "That leaves alpha out on each side",
        ),
        "shortest": (lambda values, alpha: _shortest(values, alpha), "the shortest interval"),
        "everything": (
            lambda values, alpha: np.array([values.min(), values.max()]),
            "and the width is paid for",
        ),
        "always 90 %": (lambda values, alpha: _quantiles(values, 0.1), "What alpha is asked for"),
        "a point": (lambda values, alpha: np.full(2, np.median(values)), "what the best one does"),
    }

    @staticmethod
    def slipping(values: np.ndarray, alpha: float) -> np.ndarray:
        """Return what `slips_through` describes."""
        return _quantiles(values, 0.95 * alpha)


def _miss(low: float, high: float, values: np.ndarray) -> float:
    return float(np.mean(np.maximum(np.maximum(low - values, values - high), 0)))


def _mean_score(ends: tuple[float, float] | np.ndarray, values: np.ndarray, alpha: float) -> float:
    return float(ends[1] - ends[0] + 2 / alpha * _miss(ends[0], ends[1], values))


def _quantiles(values: np.ndarray, alpha: float) -> np.ndarray:
    return np.quantile(values, [min(alpha / 2, 0.5), max(1 - alpha / 2, 0.5)])


def _normal(values: np.ndarray, alpha: float) -> np.ndarray:
    from scipy.special import ndtri

    return values.mean() + values.std() * np.array([ndtri(alpha / 2), -ndtri(alpha / 2)])


def _shortest(values: np.ndarray, alpha: float) -> np.ndarray:
    ordered = np.sort(values)
    held = int(np.ceil((1 - alpha) * len(ordered)))
    start = int(np.argmin(ordered[held - 1 :] - ordered[: len(ordered) - held + 1]))
    return ordered[[start, start + held - 1]]


class Repair(Checker):
    """16.3: ``repair(low, high, truth, new_low, new_high)``, scored on later questions."""

    key, title, difficulty, minutes = "16.3", "Repair an over-confident forecaster", 3, 20
    asks = Function(
        example=(
            np.array([1.0, 10.0, 4.0, 50.0]), np.array([2.0, 30.0, 5.0, 60.0]),
            np.array([1.4, 33.0, 6.0, 58.0]), np.array([0.0, 100.0]), np.array([1.0, 200.0]),
        ),
        returns=Array(),
    )  # fmt: skip
    hints = (
        "Each question has its own unit. What has no unit is (truth - middle)/half-width: 1 is "
        "the upper end, -1 the lower one.",
        "On the past questions, where do these numbers lie? An honest forecaster has 5 % of them "
        "below -1 and 5 % above 1.",
        "Take the quantiles 0.05 and 0.95 of them, and put the new ends there: middle + quantile "
        "· half-width. That repairs widths and bias at once.",
    )
    not_checked = (
        "forecasters who change between the past and the later questions; no repair from the past "
        "survives that, which is what the rest of the chapter is about."
    )
    slips_through = "one factor for all widths: it beats both rivals without a look at the bias."

    def check(self, answer: Callable[..., np.ndarray]) -> str:
        """Score on questions that came later, for each of four forecasters."""
        rows = []
        for name in FORECASTERS:
            past, later = drawn(name)
            made = answer(*past.known(), later.low, later.high)
            if made.shape != (2, len(later.low)):
                raise CannotBeChecked(
                    f"For {len(later.low)} new questions your answer has shape {made.shape}; "
                    f"lower ends and upper ends are asked for, shape (2, {len(later.low)})."
                )
            self.expect(bool(np.all(made[0] <= made[1])), "Some lower ends are above the upper.")
            yours, raw, wide = (
                relative_score(later, *ends) for ends in
                (made, (later.low, later.high), later.widened(10))
            )  # fmt: skip
            rows.append((name, *(f"{score:.2f}" for score in (raw, wide, yours))))
            self._judge(name, yours, raw, wide, made, past, later)
        self.note(Table(
            caption=f"Mean interval score over stated width, on later questions; {PAST} past ones",
            columns=("forecaster", "as stated", "ten times as wide", "repaired"), rows=tuple(rows),
        ))  # fmt: skip
        return f"It holds on {self.cases} comparisons, all on questions that came later."

    def _judge(
        self, name: str, yours: float, raw: float, wide: float, made: np.ndarray,
        past: Questions, later: Questions,
    ) -> None:  # fmt: skip
        if name == "honest":
            self.expect(
                yours <= 1.15 * raw,
                f"The honest forecaster needs no repair, and yours costs {yours:.2f} where the "
                f"stated intervals cost {raw:.2f}. {_why(made, past, later)}",
            )
            return
        self.expect(
            yours < 0.97 * min(raw, wide),
            f"For the {name} forecaster your intervals cost {yours:.2f} on later questions; as "
            f"they were stated {raw:.2f}, ten times as wide {wide:.2f}. "
            f"{_why(made, past, later)}",
        )

    right = (lambda *given: repaired(*given),)
    wrong: ClassVar = {
        "nothing": (
            lambda low, high, truth, new_low, new_high: np.array([new_low, new_high]),
            "These are the intervals as they were stated",
        ),
        "ten times as wide": (
            lambda low, high, truth, new_low, new_high: _scaled(new_low, new_high, 10),
            "the price of never being wrong",
        ),
        "the same units for all": (
            lambda low, high, truth, new_low, new_high: np.array([
                new_low - np.quantile(np.maximum(low - truth, 0), 0.95),
                new_high + np.quantile(np.maximum(truth - high, 0), 0.95),
            ]),
            "Questions have units of their own",
        ),
        "mean error": (
            lambda low, high, truth, new_low, new_high: _scaled(
                new_low, new_high, np.mean(_errors(low, high, truth))
            ),
            "they hold only",
        ),
        "the worst error": (
            lambda low, high, truth, new_low, new_high: _scaled(
                new_low, new_high, np.max(_errors(low, high, truth)) * 1.5
            ),
            "the price of never being wrong",
        ),
        "a point": (
            lambda low, high, truth, new_low, new_high: np.array([(new_low + new_high) / 2] * 2),
            "they hold only",
        ),
    }  # fmt: skip

    @staticmethod
    def slipping(
        low: np.ndarray, high: np.ndarray, truth: np.ndarray, new_low: np.ndarray,
        new_high: np.ndarray,
    ) -> np.ndarray:  # fmt: skip
        """Return what `slips_through` describes."""
        return _scaled(new_low, new_high, np.quantile(_errors(low, high, truth), 0.9))


def _errors(low: np.ndarray, high: np.ndarray, truth: np.ndarray) -> np.ndarray:
    return np.abs(truth - (low + high) / 2) / ((high - low) / 2)


def _scaled(low: np.ndarray, high: np.ndarray, factor: float) -> np.ndarray:
    middle, half = (low + high) / 2, (high - low) / 2 * factor
    return np.array([middle - half, middle + half])


def _why(made: np.ndarray, past: Questions, later: Questions) -> str:
    """What is the matter with repaired intervals."""
    if np.allclose(made, (later.low, later.high)):
        return "These are the intervals as they were stated: what do the past questions say?"
    width = (made[1] - made[0]) / (later.high - later.low)
    if np.ptp(np.log10(np.maximum(width, 1e-9))) > 2 and width.min() > 0:
        return (
            "Questions have units of their own: a margin in the units of one is nothing, or far "
            "too much, in those of another."
        )
    held = np.mean((made[0] <= later.truth) & (later.truth <= made[1]))
    if held > 0.97:
        return f"They hold {100 * held:.0f} % of the time: that is the price of never being wrong."
    return f"On later questions they hold only {100 * held:.0f} % of the time."


class Adapt(Checker):
    """16.4: ``levels(p_values, gamma, alpha)``, adaptive conformal inference."""

    key, title, difficulty, minutes = "16.4", "A level that adapts", 2, 10
    asks = Function(example=(np.array([0.5, 0.04, 0.3]), 0.05, 0.1), returns=Array())
    hints = (
        "Begin with a list that holds alpha. For each p-value: did the interval miss, which is "
        "p <= level?",
        "After a miss the level falls by gamma · (1 - alpha), else it rises by gamma · alpha.",
        "Do not hold the level between 0 and 1: it must be able to leave, for a while.",
    )
    not_checked = "p-values that are not numbers in (0, 1]."
    slips_through = "a function that looks at the first 500 p-values and then stays."

    def check(self, answer: Callable[..., np.ndarray]) -> str:
        """Compare all levels, on errors that are calm, that grow, and that never end."""
        for name, p in _streams().items():
            for gamma, alpha in ((0.05, 0.1), (0.3, 0.2)):
                got = answer(p, gamma, alpha)
                if got.ndim != 1:
                    raise CannotBeChecked(
                        f"Your answer has shape {got.shape}; a row of levels is asked for."
                    )
                if len(got) != len(p) + 1:
                    raise DoesNotHold(
                        f"For {len(p)} p-values you return {len(got)} levels. Return "
                        f"{len(p) + 1}: the first is alpha, the last is after the last "
                        "p-value."
                    )
                at = f"{name}, gamma = {gamma:g}, alpha = {alpha:g}"
                self.agree(got, _levels(p, gamma, alpha), at,
                           self._mistakes(p, gamma, alpha), abs=1e-6)  # fmt: skip
        return f"It holds on {self.cases} sequences, all levels of each."

    @staticmethod
    def _mistakes(p: np.ndarray, gamma: float, alpha: float) -> dict[str, np.ndarray]:
        rule = partial(_levels, p, gamma, alpha)
        return {
            "The sign is turned round: after a miss the level must fall, so that the next interval "
            "is wider.": _levels(p, -gamma, alpha),
            "The level is held between 0 and 1. Then misses are forgotten while it stands at the "
            "edge, and the guarantee is gone.": rule(held=True),
            "The interval misses when p is at or below the *level*, not at or below alpha.": rule(
                fixed=True
            ),
            "That adds gamma · alpha after every step. After a miss it is alpha - 1.": _levels(
                np.ones_like(p), gamma, alpha
            ),
            "The first level is alpha.": rule(start=0.0),
        }

    right = (lambda p_values, gamma, alpha: _levels(p_values, gamma, alpha),)
    wrong: ClassVar = {
        "turned round": (
            lambda p_values, gamma, alpha: _levels(p_values, -gamma, alpha),
            "The sign is turned round",
        ),
        "held": (
            lambda p_values, gamma, alpha: _levels(p_values, gamma, alpha, held=True),
            "The level is held between 0 and 1",
        ),
        "against alpha": (
            lambda p_values, gamma, alpha: _levels(p_values, gamma, alpha, fixed=True),
            "not at or below alpha",
        ),
        "never falls": (
            lambda p_values, gamma, alpha: _levels(np.ones_like(p_values), gamma, alpha),
            "After a miss it is alpha - 1",
        ),
        "from 0": (
            lambda p_values, gamma, alpha: _levels(p_values, gamma, alpha, start=0.0),
            "The first level is alpha",
        ),
        "one too few": (
            lambda p_values, gamma, alpha: _levels(p_values, gamma, alpha)[:-1],
            "the first is alpha, the last is after",
        ),
    }

    @staticmethod
    def slipping(p_values: np.ndarray, gamma: float, alpha: float) -> np.ndarray:
        """Return what `slips_through` describes."""
        found = _levels(p_values[:500], gamma, alpha)
        return np.concatenate([found, np.full(len(p_values) + 1 - len(found), found[-1])])


@cache
def _streams() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(164)
    uniform = 1 - rng.random((3, 200))
    return {
        "calm errors": uniform[0],
        "errors that grow": uniform[1] ** np.linspace(1, 12, 200),
        "errors larger than ever, each time": np.full(60, 1e-6),
        "errors smaller than ever": np.full(120, 1.0),
    }


def _levels(
    p: np.ndarray, gamma: float, alpha: float, *, held: bool = False, fixed: bool = False,
    start: float | None = None,
) -> np.ndarray:  # fmt: skip
    levels = [alpha if start is None else start]
    for value in p:
        missed = value <= (alpha if fixed else levels[-1])
        level = levels[-1] + gamma * (alpha - missed)
        levels.append(float(np.clip(level, 0, 1)) if held else float(level))
    return np.array(levels)
