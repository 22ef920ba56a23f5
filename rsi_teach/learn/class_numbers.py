"""What the journals of a class show together, in numbers of which none belongs to a person."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rsi_teach.learn.beliefs import ASKED
from rsi_teach.learn.record import Record
from rsi_teach.learn.record_page import BINS
from rsi_teach.learn.record_pool import FEWEST
from rsi_teach.models.calibration import ClusteredShare, clustered_share

WORST = 5
"""Questions that are shown."""
SURE = 0.9
"""What is claimed of the truth by giving an interval."""
MOVES = (-0.3, -0.1, 0.1, 0.3)
"""Between which the changes of belief are counted."""


@dataclass(frozen=True, kw_only=True)
class Share:
    """How often something happened in a class, and out of what.

    Parameters
    ----------
    of : ClusteredShare
    answers, people, questions : int
        How many are behind it.
    """

    of: ClusteredShare
    answers: int
    people: int
    questions: int


@dataclass(frozen=True, kw_only=True)
class Group:
    """Probabilities that lie close together.

    Parameters
    ----------
    low, high : float
        Ends of the group, in [0, 1].
    answers : int
    stated : float
        Mean of what was stated; NaN if `happened` is None.
    happened : Share or None
        None where fewer than `FEWEST` people stated something.
    """

    low: float
    high: float
    answers: int
    stated: float
    happened: Share | None


@dataclass(frozen=True, kw_only=True)
class Surprise:
    """A question, and how far the class was from its answer.

    Parameters
    ----------
    key : str
    brier : float
        Mean Brier score; an interval counts as "90 % sure that the truth is inside".
    answers : int
    held : int or None
        Intervals that hold the truth; None for probabilities.
    stated : float
        Mean probability; NaN for intervals.
    truths : tuple of float or bool
        The different answers, several where they depend on the learner.
    """

    key: str
    brier: float
    answers: int
    held: int | None
    stated: float
    truths: tuple[float | bool, ...]


@dataclass(frozen=True, kw_only=True)
class Beliefs:
    """What a class believed at one time.

    Parameters
    ----------
    counts : tuple of int
        People in each fifth of the scale.
    sure, needed : float
        Means of how sure people were, and of how sure one would have to be.
    enough : int
        People who were at least as sure as needed.
    """

    counts: tuple[int, ...]
    sure: float
    needed: float
    enough: int

    @property
    def people(self) -> int:
        """How many answered."""
        return sum(self.counts)


@dataclass(frozen=True, kw_only=True)
class Change:
    """How the same people's beliefs moved from the first time to the last.

    Parameters
    ----------
    counts : tuple of int
        People by how far they moved, between `MOVES`.
    mean, low, high : float
        Mean change, and its 90 % interval.
    to_enough, to_not_yet : int
        People whose answer turned.
    """

    counts: tuple[int, ...]
    mean: float
    low: float
    high: float
    to_enough: int
    to_not_yet: int

    @property
    def people(self) -> int:
        """How many answered twice."""
        return sum(self.counts)


@dataclass(frozen=True, kw_only=True)
class Conviction:
    """Beliefs before and after, as far as they may be shown.

    Parameters
    ----------
    before, after : Beliefs or None
        None where fewer than `FEWEST` people answered.
    change : Change or None
        None where fewer than `FEWEST` people answered both times.
    once : int
        People left out because they answered once, and could be found by subtraction.
    """

    before: Beliefs | None
    after: Beliefs | None
    change: Change | None
    once: int


# --- predictions ----------------------------------------------------------------------------------


def held(records: Sequence[Record]) -> Share | None:
    """Return how often the intervals of a class hold; None if there is none.

    Parameters
    ----------
    records : sequence of Record
    """
    if not any(record.key for record in records):
        return None
    hit = np.concatenate([record.hit for record in records])
    return _share(hit, *_who_and_what([record.key for record in records]))


def groups(records: Sequence[Record]) -> tuple[Group, ...]:
    """Return the reliability of a class's probabilities, in fifths of the scale.

    Parameters
    ----------
    records : sequence of Record
    """
    stated = np.concatenate([record.probability for record in records])
    happened = np.concatenate([record.happened for record in records])
    person, question = _who_and_what([record.probability_key for record in records])
    fifth = _fifths(stated)
    found = []
    for number in np.unique(fifth).tolist():
        inside = fifth == number
        shown = len(np.unique(person[inside])) >= FEWEST
        found.append(Group(
            low=number / BINS, high=(number + 1) / BINS, answers=int(inside.sum()),
            stated=float(stated[inside].mean()) if shown else math.nan,
            happened=_share(happened[inside], person[inside], question[inside]) if shown else None,
        ))  # fmt: skip
    return tuple(found)


def _fifths(stated: np.ndarray) -> np.ndarray:
    return np.minimum(stated * BINS, BINS - 1).astype(int)


def _who_and_what(keys: Sequence[tuple[str, ...]]) -> tuple[np.ndarray, np.ndarray]:
    """Whose each answer is, and to which question."""
    person = np.repeat(np.arange(len(keys)), [len(answered) for answered in keys])
    return person, np.array([key for answered in keys for key in answered], dtype=str)


def _share(happened: np.ndarray, person: np.ndarray, question: np.ndarray) -> Share:
    return Share(
        of=clustered_share(happened, person, question, confidence=0.9),
        answers=len(happened),
        people=len(np.unique(person)),
        questions=len(np.unique(question)),
    )


def surprises(records: Sequence[Record]) -> tuple[Surprise, ...]:
    """Return the questions on which a class was furthest off, the worst first.

    Of questions with the same score the one whose truth lies further out, in half-widths of the
    intervals, comes first; then the earlier one.

    Parameters
    ----------
    records : sequence of Record
    """
    each = [record.rows() for record in records]
    intervals, probabilities = ([row for pair in each for row in pair[kind]] for kind in (0, 1))
    found = [_missed([row for row in intervals if row[0] == key])
             for key in sorted({row[0] for row in intervals})]  # fmt: skip
    found += [_misjudged([row for row in probabilities if row[0] == key])
              for key in sorted({row[0] for row in probabilities})]  # fmt: skip
    found.sort(key=lambda one: (-round(one[0].brier, 9), -one[1], one[0].key))
    return tuple(surprise for surprise, _ in found[:WORST])


def _missed(rows: list[tuple[str, float, float, float]]) -> tuple[Surprise, float]:
    low, high, truth = (np.array(column) for column in list(zip(*rows, strict=True))[1:])
    hit = (low <= truth) & (truth <= high)
    half, away = (high - low) / 2, np.abs(truth - (low + high) / 2)
    far = np.divide(away, half, out=np.where(away > 0, np.inf, 0.0), where=half > 0)
    surprise = Surprise(
        key=rows[0][0], brier=float(np.mean((SURE - hit) ** 2)), answers=len(rows),
        held=int(hit.sum()), stated=math.nan, truths=tuple(sorted(set(truth.tolist()))),
    )  # fmt: skip
    return surprise, float(np.median(far))


def _misjudged(rows: list[tuple[str, float, bool]]) -> tuple[Surprise, float]:
    _, stated, truth = (np.array(column) for column in zip(*rows, strict=True))
    surprise = Surprise(
        key=rows[0][0], brier=float(np.mean((stated - truth) ** 2)), answers=len(rows),
        held=None, stated=float(stated.mean()), truths=tuple(sorted(set(truth.tolist()))),
    )  # fmt: skip
    return surprise, 0.0


# --- beliefs --------------------------------------------------------------------------------------


def conviction(records: Sequence[Record]) -> Conviction:
    """Return what a class believed before and after, and how the same people changed.

    Where the change is shown, and only a few people answered once, these are left out of before
    and after: what they said would be the difference.

    Parameters
    ----------
    records : sequence of Record
    """
    stated = [{key: shares for key, *shares in record.beliefs} for record in records]
    both = [one for one in stated if set(ASKED) <= set(one)]
    times, once = [], 0
    for key in ASKED:
        everybody = [one for one in stated if key in one]
        alone = len(everybody) - len(both)
        few = len(both) >= FEWEST and alone < FEWEST
        once += alone if few else 0
        times.append(_beliefs([one[key] for one in (both if few else everybody)]))
    return Conviction(before=times[0], after=times[1], change=_change(both), once=once)


def _beliefs(stated: list[list[float]]) -> Beliefs | None:
    if len(stated) < FEWEST:
        return None
    sure, needed = np.array(stated).T
    return Beliefs(
        counts=tuple(np.bincount(_fifths(sure), minlength=BINS).tolist()),
        sure=float(sure.mean()), needed=float(needed.mean()), enough=int((sure >= needed).sum()),
    )  # fmt: skip


def _change(both: list[dict[str, list[float]]]) -> Change | None:
    """Student's interval for the mean change; people count as independent of each other."""
    from scipy.special import stdtrit

    if len(both) < FEWEST:
        return None
    before, after = (np.array([one[key] for one in both]) for key in ASKED)
    moved = np.round(after[:, 0] - before[:, 0], 9)
    mean = float(moved.mean())
    reach = float(stdtrit(len(both) - 1, 0.95) * moved.std(ddof=1) / math.sqrt(len(both)))
    was, is_now = before[:, 0] >= before[:, 1], after[:, 0] >= after[:, 1]
    return Change(
        counts=_moves(moved), mean=mean, low=mean - reach, high=mean + reach,
        to_enough=int((is_now & ~was).sum()), to_not_yet=int((was & ~is_now).sum()),
    )  # fmt: skip


def _moves(moved: np.ndarray) -> tuple[int, ...]:
    """People by how far they moved; who moved by a limit itself counts with the smaller move."""
    far_down, down, up, far_up = MOVES
    place = (
        (moved >= far_down).astype(int) + (moved >= down) + (moved > up) + (moved > far_up)
    )  # fmt: skip
    return tuple(np.bincount(place, minlength=len(MOVES) + 1).tolist())
