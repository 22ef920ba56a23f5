"""Predict, then look: a guess that is locked in before the result, and its score after."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from rsi_teach.learn.faces import Passage
from rsi_teach.learn.form import Form, number_field, number_in
from rsi_teach.learn.journal import Journal, open_journal
from rsi_teach.learn.scores import brier, interval_score
from rsi_teach.models import domain

PredictionKind = Literal["interval", "probability"]

_asked: dict[str, Prediction] = {}


def predict(
    key: str,
    question: str,
    *,
    unit: str | None = None,
    within: tuple[float, float] | None = None,
    kind: PredictionKind = "interval",
    journal: Journal | None = None,
) -> Prediction:
    """Ask for a prediction; as the last expression of a cell it shows its fields.

    Without fields, ``predict(...).lock(low, high)`` or ``.lock(probability)`` does the same.

    Parameters
    ----------
    key : str
        Under which it is kept; the same as in `reveal`.
    question : str
    unit : str, optional
        The unit of the answer, such as ``"months"``.
    within : pair of float, optional
        The range in which an answer makes sense.
    kind : "interval" or "probability"
        A 90 % interval for a number, or the probability that the answer is yes.
    journal : Journal, optional
        The learner's own if None.

    Raises
    ------
    ValueError
        For an empty key or question, another kind, or a range that is none.

    Examples
    --------
    >>> predict("99.shown", "How many months does it take?", unit="months")
    How many months does it take?
    """
    if kind not in ("interval", "probability"):
        raise ValueError(f'kind = {kind!r} is not "interval" or "probability"')
    if within is not None and not within[0] < within[1]:
        raise ValueError(f"within = {within!r} is not a range from low to high")
    form = Interval if kind == "interval" else Probability
    _asked[key] = form(key, question, unit=unit, within=within, journal=journal)
    return _asked[key]


class Prediction(Form):
    """A question about a result that nobody has seen yet.

    Parameters
    ----------
    key, question, unit, within, journal
        As in `predict`.
    """

    kind = "prediction"

    def __init__(
        self,
        key: str,
        question: str,
        *,
        unit: str | None = None,
        within: tuple[float, float] | None = None,
        journal: Journal | None = None,
    ) -> None:
        super().__init__(key, question, journal)
        self.unit = unit
        self.within = within

    def lock(self, *values: float) -> Passage:
        """Lock a prediction in without the fields; one that is locked already stays.

        Parameters
        ----------
        *values : float
            Low and high end, or one probability in [0, 1].

        Raises
        ------
        ValueError
            When the values are no prediction; nothing is stored then.
        """
        return Passage(heading=self.keep(self.checked(*values)))

    def checked(self, *values: float) -> dict[str, Any]:
        """Return what is stored for these values, or raise ``ValueError`` in plain words."""
        raise NotImplementedError


class Interval(Prediction):
    """A 90 % interval for a number."""

    def checked(self, *values: float) -> dict[str, Any]:
        """Return what is stored for a low and a high end."""
        if len(values) != 2 or not all(map(math.isfinite, values)):
            raise ValueError("An interval has two ends, both of them numbers.")
        low, high = map(float, values)
        if low > high:
            raise ValueError(
                f"The low end, {low:g}, is above the high end, {high:g}. Swap them if you meant so."
            )
        if self.within and not self.within[0] <= low <= high <= self.within[1]:
            least, most = significant(self.within[0]), with_unit(self.within[1], self.unit)
            raise ValueError(f"The answer can only lie between {least} and {most}.")
        return {"question": self.question, "unit": self.unit, "low": low, "high": high}

    def fields(self) -> Sequence[Any]:
        """Make a field for each end."""
        tail = f" [{self.unit}]" if self.unit else ""
        return [number_field(f"90 % sure: at least{tail}"), number_field(f"and at most{tail}")]

    def read(self, fields: Sequence[Any]) -> dict[str, Any]:
        """Return what the two fields say."""
        return self.checked(*(number_in(field.value) for field in fields))

    def told(self, answer: dict[str, Any]) -> str:
        """Repeat the interval."""
        return f"{_ends(answer)}."


class Probability(Prediction):
    """The probability that the answer is yes."""

    def checked(self, *values: float) -> dict[str, Any]:
        """Return what is stored for a probability in [0, 1]."""
        if len(values) != 1 or not 0 <= values[0] <= 1:
            raise ValueError("A probability is one number between 0 and 100 %.")
        return {"question": self.question, "unit": None, "probability": float(values[0])}

    def fields(self) -> Sequence[Any]:
        """Make the one field."""
        return [number_field("probability that the answer is yes [%]")]

    def read(self, fields: Sequence[Any]) -> dict[str, Any]:
        """Return what the field says, in per cent there."""
        return self.checked(number_in(fields[0].value.replace("%", "")) / 100)

    def told(self, answer: dict[str, Any]) -> str:
        """Repeat the probability."""
        return f"{_percent(answer)}."


def reveal(
    key: str, truth: float | bool, *, text: str | None = None, journal: Journal | None = None
) -> Passage:
    """Show what turned out, and the score of the prediction that was locked in for it.

    Parameters
    ----------
    key : str
        The prediction's.
    truth : float or bool
        The result, finite; a bool for a probability.
    text : str, optional
        The answer in words; the number with three significant digits if None.
    journal : Journal, optional
        That of the prediction if None.

    Raises
    ------
    ValueError
        When `truth` is not finite, or not of the prediction's kind.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> mine = Journal(pathlib.Path(tempfile.mkdtemp()) / "journal.sqlite3")
    >>> _ = predict("99.demo", "How many months?", unit="months", journal=mine).lock(2, 5)
    >>> reveal("99.demo", 6.0)
    The answer: 6 months.
    Your 90 % interval, 2 to 5 months, misses it. Interval score 23: the width, 3, and 20
    times the miss, 1. Smaller is better.
    """
    asked = _asked.get(key)
    journal = journal or (asked.journal if asked else open_journal())
    found = journal.entries("prediction", key)
    answer = found[0].payload if found else None
    truth = _checked_truth(truth, asked, answer)
    unit = answer["unit"] if answer else asked.unit if asked else None
    says = f"The answer: {text or _worded(truth, unit)}"
    if answer is None:
        return Unlocked(heading=says, parts=("No prediction recorded.",))
    score, hit, words = _scored(answer, truth)
    _record(journal, key, {"truth": truth, "score": score, "hit": hit, "prediction": answer})
    return Passage(heading=says, parts=(words,))


def _checked_truth(
    truth: Any, asked: Prediction | None, answer: dict[str, Any] | None
) -> float | bool:
    """Return the truth as a plain float or bool, of the kind that was asked for."""
    yes_or_no = isinstance(truth, bool | np.bool_)
    if not yes_or_no:
        domain.within("truth", truth, open_high=True)
    asks_yes_or_no = "probability" in answer if answer else isinstance(asked, Probability)
    if (asked or answer) and yes_or_no != asks_yes_or_no:
        wanted = "True or False" if asks_yes_or_no else "a number"
        raise ValueError(f"truth = {truth!r}: the prediction asked for {wanted}")
    return bool(truth) if yes_or_no else float(truth)


def _worded(truth: float | bool, unit: str | None) -> str:
    if isinstance(truth, bool):
        return "yes." if truth else "no."
    return f"{with_unit(truth, unit)}."


def _scored(answer: dict[str, Any], truth: Any) -> tuple[float, bool | None, str]:
    """Return the score, hit or miss (None for a single event), and the words for both."""
    if "probability" in answer:
        value = brier(answer["probability"], truth)
        said = f"You gave yes {_percent(answer)}. Brier score {significant(value)}: "
        return value, None, f"{said}0 is best, 1 is worst, saying 50 % always gives 0.25."
    low, high = answer["low"], answer["high"]
    value, width = interval_score(low, high, truth), significant(high - low)
    said = f"Your 90 % interval, {_ends(answer)},"
    if low <= truth <= high:
        return value, True, f"{said} contains it. Interval score {width}, its width."
    miss = significant(max(low - truth, truth - high))
    said += f" misses it. Interval score {significant(value)}: the width, {width}, "
    return value, False, f"{said}and 20 times the miss, {miss}. Smaller is better."


def _record(journal: Journal, key: str, outcome: dict[str, Any]) -> None:
    """Write an outcome, unless running the cell again only repeats it."""
    if outcome not in [entry.payload for entry in journal.entries("outcome", key)]:
        journal.add("outcome", key, outcome)


@dataclass(frozen=True, kw_only=True, repr=False)
class Unlocked(Passage):
    """An answer that nobody predicted: folded away where the front end can."""

    def html(self) -> str:
        """The answer behind a summary, so that a saved notebook does not give it away."""
        return (
            f"<details><summary>Reveal the answer</summary>{Passage.html(self)}"
            "<p>Lock a prediction in above and run this cell again to have it scored.</p></details>"
        )


def significant(value: float) -> str:
    """Write a number with three significant digits.

    Examples
    --------
    >>> significant(4.9207), significant(1234567), significant(0.00012), significant(2e9)
    ('4.92', '1,230,000', '0.00012', '2e+09')
    """
    if value == 0 or not 1e-4 <= abs(value) < 1e9:
        return f"{value:.3g}"
    digits = 2 - math.floor(math.log10(abs(value)))
    text = f"{round(value, digits):,.{max(digits, 0)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def with_unit(value: float, unit: str | None) -> str:
    """Write a number with three significant digits and its unit, if it has one.

    Examples
    --------
    >>> with_unit(212.4, "days"), with_unit(0.5, None)
    ('212 days', '0.5')
    """
    return f"{significant(value)} {unit}" if unit else significant(value)


def _ends(answer: dict[str, Any]) -> str:
    unit = f" {answer['unit']}" if answer["unit"] else ""
    return f"{answer['low']:g} to {answer['high']:g}{unit}"


def _percent(answer: dict[str, Any]) -> str:
    return f"{100 * answer['probability']:.3g} %"
