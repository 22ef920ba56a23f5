"""Everything a learner predicted so far, as arrays: what it shows, and what it does not.

A `Record` comes from a journal, from `synthetic` (a simulated forecaster, and labelled so), or
from `pool` (the anonymous files of a class). The three are never mixed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rsi_teach.learn.beliefs import ASKED
from rsi_teach.learn.journal import Journal, open_journal
from rsi_teach.models import calibration
from rsi_teach.models.domain import within
from rsi_teach.models.testing import clopper_pearson

if TYPE_CHECKING:
    from rsi_teach.explorer.explorer import Still
    from rsi_teach.learn.faces import Passage

MINE = "Your record"


@dataclass(frozen=True, kw_only=True, eq=False)
class Record:
    """Predictions whose answers are known.

    Parameters
    ----------
    low, high, truth : array [intervals]
        Ends of the 90 % intervals, and what turned out, each in its question's unit.
    key : tuple of str
        The intervals' questions.
    probability : array [probabilities]
        Stated, in [0, 1].
    happened : array of bool [probabilities]
    probability_key : tuple of str
        The probabilities' questions.
    beliefs : tuple of (key, probability, threshold)
        How sure one was that nothing goes badly wrong, and how sure one would have to be.
    skipped : int
        Entries that could not be read.
    whose : str
        What the page is headed with; a synthetic record says that it is one.

    Examples
    --------
    >>> record = Record.of_rows([("01.a", 2, 5, 6)], [("01.b", 0.8, True)], whose="An example")
    >>> record.hit.tolist(), record.score.tolist(), record.brier.round(2).tolist()
    ([False], [23.0], [0.04])
    """

    low: np.ndarray
    high: np.ndarray
    truth: np.ndarray
    key: tuple[str, ...]
    probability: np.ndarray
    happened: np.ndarray
    probability_key: tuple[str, ...]
    beliefs: tuple[Believed, ...] = ()
    skipped: int = 0
    whose: str = MINE

    @classmethod
    def of_rows(
        cls,
        intervals: Iterable[tuple[str, float, float, float]],
        probabilities: Iterable[tuple[str, float, bool]],
        *,
        beliefs: Iterable[Believed] = (),
        skipped: int = 0,
        whose: str = MINE,
    ) -> Record:
        """Make a record of (key, low, high, truth) and (key, probability, happened).

        Parameters
        ----------
        intervals, probabilities : iterable of tuples
        beliefs : iterable of (key, probability, threshold)
        skipped : int
        whose : str
        """
        keys, *columns = zip(*rows, strict=True) if (rows := list(intervals)) else ((), (), (), ())
        names, stated, events = zip(*asked, strict=True) if (asked := list(probabilities)) else (
            (), (), ())  # fmt: skip
        low, high, truth = (np.array(column, dtype=float) for column in columns)
        return cls(
            low=low, high=high, truth=truth, key=keys, probability=np.array(stated, dtype=float),
            happened=np.array(events, dtype=bool), probability_key=names,
            beliefs=tuple(beliefs), skipped=skipped, whose=whose,
        )  # fmt: skip

    @classmethod
    def of(cls, journal: Journal | None = None, *, chapter: str = "") -> Record:
        """Read what was locked in and revealed; of several reveals of a question, the last.

        Parameters
        ----------
        journal : Journal, optional
            The learner's own if None.
        chapter : str
            Only keys that begin with it, such as ``"00."``; all of them if empty.
        """
        journal = journal or open_journal()
        locked = {e.key: e.payload for e in journal.entries("prediction")}
        revealed = {e.key: e.payload for e in journal.entries("outcome")}
        intervals, probabilities, skipped = [], [], 0
        for key, outcome in revealed.items():
            if not key.startswith(chapter):
                continue
            row = joined(key, locked.get(key), outcome)
            if row is None:
                skipped += 1
            elif len(row) == 4:
                intervals.append(row)
            else:
                probabilities.append(row)
        stated = _beliefs(journal, chapter)
        beliefs = [row for row in stated if row is not None]
        skipped += len(stated) - len(beliefs)
        return cls.of_rows(intervals, probabilities, beliefs=beliefs, skipped=skipped)

    def rows(self) -> tuple[list[Row], list[Row]]:
        """Return what `of_rows` takes: the intervals, and the probabilities."""
        ends = (column.tolist() for column in (self.low, self.high, self.truth))
        stated = self.probability.tolist(), self.happened.tolist()
        return (
            list(zip(self.key, *ends, strict=True)),
            list(zip(self.probability_key, *stated, strict=True)),
        )

    @property
    def hit(self) -> np.ndarray:
        """Whether each interval holds its truth, [intervals]."""
        return (self.low <= self.truth) & (self.truth <= self.high)

    @property
    def score(self) -> np.ndarray:
        """Interval scores, each in its question's unit, [intervals]."""
        return calibration.interval_scores(self.low, self.high, self.truth)

    @property
    def brier(self) -> np.ndarray:
        """Brier scores, [probabilities]."""
        return (self.probability - self.happened) ** 2

    @property
    def error(self) -> np.ndarray:
        """Distance of each truth from the middle, in half-widths; intervals without width are out.

        1 is the edge. Free of units, so questions can be compared.
        """
        half = (self.high - self.low) / 2
        wide = half > 0
        return np.abs(self.truth - self.low - half)[wide] / half[wide]

    def __len__(self) -> int:
        """Number of predictions."""
        return len(self.key) + len(self.probability_key)

    def hit_interval(self, confidence: float = 0.9) -> tuple[float, float]:
        """Clopper-Pearson interval for the hit rate, as if the questions were independent.

        Parameters
        ----------
        confidence : float
            In (0, 1).
        """
        if not self.key:
            return 0.0, 1.0
        low, high = clopper_pearson(int(self.hit.sum()), len(self.key), confidence=confidence)
        return float(low), float(high)

    def best_factor(self) -> float:
        """By what all widths should have been multiplied, in hindsight; inf where too few tell."""
        error = self.error
        return calibration.conformal_half_width(error, alpha=0.1) if len(error) else math.inf

    def page(self) -> Passage:
        """What the record shows, in words and a table, and how little."""
        from rsi_teach.learn.record_page import page

        return page(self)

    def picture(self) -> Still | Passage:
        """The reliability curve and the hit rate, each with what it leaves open."""
        from rsi_teach.learn.record_page import picture

        return picture(self)


Row = tuple[str, float, float, float] | tuple[str, float, bool]
Believed = tuple[str, float, float]


def _beliefs(journal: Journal, chapter: str) -> list[Believed | None]:
    """The beliefs asked for by the course, the first of each key; None for a damaged one."""
    first = {e.key: e.payload for e in reversed(journal.entries("belief"))}
    return [believed(key, first[key]) for key in ASKED if key in first and key.startswith(chapter)]


def believed(key: str, answer: Any) -> Believed | None:
    """Return a belief without its words, or None where there is none to read.

    Parameters
    ----------
    key : str
    answer : object
        A payload, as the journal has it.

    Examples
    --------
    >>> believed("00.trust", {"probability": 0.7, "threshold": 0.9, "reason": "mine"})
    ('00.trust', 0.7, 0.9)
    """
    if not isinstance(answer, Mapping):
        return None
    shares = [_number(answer.get(name)) for name in ("probability", "threshold")]
    if any(share is None or not 0 <= share <= 1 for share in shares):
        return None
    return key, *shares


def joined(key: str, locked: Any, outcome: Any) -> Row | None:
    """Return a row of a record, or None where prediction and outcome make none.

    Parameters
    ----------
    key : str
    locked, outcome : object
        Payloads of the two entries, as the journal has them.

    Examples
    --------
    >>> joined("01.a", {"low": 1, "high": 2}, {"truth": 3.0})
    ('01.a', 1.0, 2.0, 3.0)
    >>> joined("01.a", {"unreadable": "{"}, {"truth": 3.0}) is None
    True
    """
    if not isinstance(locked, Mapping) or not isinstance(outcome, Mapping):
        return None
    truth = outcome.get("truth")
    if "probability" in locked:
        probability = _number(locked["probability"])
        sound = probability is not None and 0 <= probability <= 1 and isinstance(truth, bool)
        return (key, probability, truth) if sound else None
    low, high, value = (_number(item) for item in (locked.get("low"), locked.get("high"), truth))
    if low is None or high is None or value is None or low > high:
        return None
    return key, low, high, value


def _number(value: Any) -> float | None:
    """A finite number of bearable size, or None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) <= 1e12 else None


def synthetic(
    forecaster: calibration.Forecaster, n: int, rng: np.random.Generator
) -> Record:  # fmt: skip
    """Make the record of a simulated forecaster; it says that it is one and is written nowhere.

    Parameters
    ----------
    forecaster : Forecaster
    n : int
        Number of intervals, and of probabilities, 1 to 100,000.
    rng : numpy.random.Generator

    Examples
    --------
    >>> made = synthetic(calibration.Forecaster(width=0.41), 200, np.random.default_rng(0))
    >>> made.whose, bool(0.4 < made.hit.mean() < 0.6)
    ('A synthetic record (widths × 0.41, bias 0), not yours', True)
    """
    within("n", n, 1, 100_000, integer=True)
    ends, truth = calibration.simulate_intervals(forecaster, rng.standard_normal((n, 1)))
    stated, happened = calibration.simulate_probabilities(forecaster, rng.random((2, n, 1)))
    size = np.exp(rng.normal(0, 2, n))  # each question has a unit of its own
    keys = tuple(f"99.{number}" for number in range(n))
    whose = (
        f"A synthetic record (widths × {forecaster.width:g}, bias {forecaster.bias:g}), not yours"
    )
    return Record(
        low=ends[0, :, 0] * size, high=ends[1, :, 0] * size, truth=truth[:, 0] * size, key=keys,
        probability=stated[:, 0], happened=happened[:, 0], probability_key=keys, whose=whose,
    )  # fmt: skip
