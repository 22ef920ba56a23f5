"""A record as a page: what it shows in words, in a table and in a picture, and how little."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from rsi_teach.explorer.palette import BLUE, GREY, VERMILLION, readable
from rsi_teach.learn.faces import Passage, Table
from rsi_teach.learn.predictions import significant
from rsi_teach.models import calibration

if TYPE_CHECKING:
    from rsi_teach.explorer.explorer import Still
    from rsi_teach.learn.record import Record

BINS = 5
"""Groups of the reliability curve: few, because there are few answers."""
PROMISE = 0.9
ENOUGH = 10
"""Intervals from which a common factor for the widths is worth a sentence."""
AGAIN = "Lock predictions in, reveal their answers, and run this cell again."
NOTHING = "No prediction has been revealed yet."
DEPENDENT = (
    "All of this takes answers as independent. They share subjects, moods and, in a class, "
    "questions, so the record shows less than these ranges say."
)


def page(record: Record) -> Passage:
    """Say what a record shows, and how little.

    Parameters
    ----------
    record : Record
    """
    if not len(record):
        return Passage(heading=NOTHING, parts=(AGAIN, damaged(record)))
    return Passage(
        heading=f"{record.whose}: {counted(len(record.key), 'interval')} and "
        f"{counted(len(record.probability_key), 'probability', 'probabilities')}.",
        parts=(
            held(record),
            widths(record),
            briers(record),
            parts_of(record),
            curve_table(record) if len(record.probability_key) else "",
            DEPENDENT,
            damaged(record),
        ),
    )


def counted(number: int, one: str, many: str = "") -> str:
    """A number and its noun.

    Parameters
    ----------
    number : int
    one, many : str
        The noun; an s is added if `many` is empty.

    Examples
    --------
    >>> counted(1, "interval"), counted(3, "interval")
    ('1 interval', '3 intervals')
    """
    return f"{number} {one if number == 1 else many or one + 's'}"


def damaged(record: Record) -> str:
    """Say how many entries were left out, if any were.

    Parameters
    ----------
    record : Record
    """
    count = counted(record.skipped, "entry", "entries")
    return f"{count} could not be read and left out." if record.skipped else ""


def held(record: Record) -> str:
    """The hits in words, and which true rates they leave open.

    Parameters
    ----------
    record : Record
    """
    n, hits = len(record.key), int(record.hit.sum())
    if not n:
        return "No interval yet."
    low, high = record.hit_interval()
    said = (
        f"{hits} of {n} intervals held; 90 % were promised. That fits any hit rate from "
        f"{100 * low:.0f} to {100 * high:.0f} % (90 % Clopper-Pearson interval). "
    )
    if low <= PROMISE <= high:
        half = 100 * calibration.hit_rate(calibration.Forecaster(width=0.5))
        tells = "it cannot tell you from somebody" if low <= half / 100 else "it rules out somebody"
        return f"{said}The promise is among them, and {tells} whose intervals are half as wide as "\
            f"they ought to be ({half:.0f} %)."  # fmt: skip
    side = "below" if high < PROMISE else "above"
    return f"{said}All of them lie {side} the promise."


def widths(record: Record) -> str:
    """What a common factor on all widths would have done, in hindsight.

    Parameters
    ----------
    record : Record
    """
    error, n = record.error, len(record.key)
    if len(error) < ENOUGH:
        few = f"With {counted(n, 'interval')} it is too early to say by how much the widths are "
        return f"{few}off; {ENOUGH} are the least for a guess." if n else ""
    factor = record.best_factor()
    now, then = (relative_score(error, f) for f in (1.0, factor))
    flat = n - len(error)
    return (
        f"Free of units, by own width: mean interval score {significant(now)}, where a miss costs "
        f"10 for each half-width. In hindsight, with all widths times {significant(factor)}, it "
        f"would have been {significant(then)}: "
        + ("most of the cost is misses." if factor > 1 else "most of the cost is width.")
        + " The factor was chosen on these very answers, so it flatters."
        + (f" {counted(flat, 'interval')} without width left out." if flat else "")
    )


def relative_score(error: np.ndarray, factor: float) -> float:
    """Mean interval score with all widths multiplied by a factor, in units of the widths stated.

    Parameters
    ----------
    error : array
        Distances of the truths from the middles, in half-widths.
    factor : float
        Above 0.

    Examples
    --------
    >>> relative_score(np.array([0.5, 2.0]), 1.0), relative_score(np.array([0.5, 2.0]), 2.0)
    (6.0, 2.0)
    """
    return float(np.mean(factor + 10 * np.maximum(error - factor, 0)))


def briers(record: Record) -> str:
    """The mean Brier score, beside two that need no knowledge.

    Parameters
    ----------
    record : Record
    """
    n = len(record.probability_key)
    if not n:
        return "No probability yet."
    mean = record.brier.mean()
    spread = record.brier.std(ddof=1) / math.sqrt(n) if n > 1 else math.nan
    error = f" (standard error {significant(spread)})" if n > 1 else ""
    return (
        f"Mean Brier score {significant(mean)}{error} over {counted(n, 'question')}; always saying "
        "50 % gives 0.25."
    )


def parts_of(record: Record) -> str:
    """Murphy's three terms, and what the grouping leaves over.

    Parameters
    ----------
    record : Record
    """
    n = len(record.probability_key)
    if n < ENOUGH:
        return f"Too few to take apart: that takes {ENOUGH} or more." if n else ""
    parts = calibration.decompose(record.probability, record.happened, bins=BINS)
    return (
        f"It is reliability {parts.reliability:.3f} (0 is best) minus resolution "
        f"{parts.resolution:.3f} plus uncertainty {parts.uncertainty:.3f}, in {BINS} groups, and "
        f"{parts.within:+.3f} for what differs within them. With so few answers a group, luck "
        "alone makes reliability and resolution larger than they are."
    )


def curve_table(record: Record) -> Table:
    """The reliability curve in numbers.

    Parameters
    ----------
    record : Record
    """
    curve = calibration.reliability_curve(record.probability, record.happened, bins=BINS)
    rows = zip(curve.stated, curve.happened, curve.count, curve.interval(), strict=True)
    return Table(
        caption="What was said, and how often it happened",
        columns=("mean stated", "answers", "happened", "fits any chance"),
        rows=tuple(
            (f"{100 * p:.0f} %", f"{n:.0f}", f"{100 * y:.0f} %",
             f"{100 * low:.0f} to {100 * high:.0f} %")
            for p, y, n, (low, high) in rows
        ),
    )  # fmt: skip


# --- picture --------------------------------------------------------------------------------------


def picture(record: Record) -> Still | Passage:
    """Draw the reliability curve and the hit rate, each with what it leaves open.

    Parameters
    ----------
    record : Record
    """
    if not len(record):
        return Passage(heading="Nothing to draw yet.", parts=(AGAIN,))
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    from rsi_teach.explorer.palette import LOOK
    from rsi_teach.learn.figure import show

    with rc_context(LOOK):
        figure = Figure(figsize=(8.2, 3.7), layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=(3, 2))
        figure.suptitle(record.whose, fontsize=10.5, x=0.01, ha="left")
        _draw_curve(left, record)
        _draw_hits(right, record)
        words = " ".join(filter(None, [held(record), briers(record)]))
        return show(figure, f"{record.whose}, drawn. {words}")


def _draw_curve(axes: Any, record: Record) -> None:
    """Each group with its interval and its count, and the diagonal."""
    axes.set(xlim=(-4, 104), ylim=(-4, 122), xlabel="what was stated [%]")
    axes.set_yticks([0, 20, 40, 60, 80, 100])
    axes.set_ylabel("how often it happened [%]")
    axes.plot([0, 100], [0, 100], color=GREY, ls=":", lw=1.2)
    axes.text(-2, 115, "··· as stated", color=GREY, fontsize=9.5)
    axes.text(24, 115, "o so often; bar: what fits; number: answers", color=readable(BLUE),
              fontsize=9.5)  # fmt: skip
    if not len(record.probability_key):
        axes.text(50, 50, "no probability yet", ha="center", color=GREY)
        return
    curve = calibration.reliability_curve(record.probability, record.happened, bins=BINS)
    low, high = 100 * curve.interval().T
    axes.vlines(100 * curve.stated, low, high, color=BLUE, lw=2)
    axes.plot(100 * curve.stated, 100 * curve.happened, "o", color=BLUE, ms=7)
    for x, y, n in zip(100 * curve.stated, high, curve.count, strict=True):
        axes.text(
            x, y + (5 if y > 99 else 2), f"{n:.0f}", ha="center", color=readable(BLUE), fontsize=9.5
        )


def _draw_hits(axes: Any, record: Record) -> None:
    """The hit rate with its interval, against the promise."""
    axes.set(xlim=(-2, 102), ylim=(-1, 1), xlabel="hit rate of the 90 % intervals [%]")
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.axvline(90, color=VERMILLION, ls="--", lw=1.6)
    axes.text(88, 0.82, "promised", color=readable(VERMILLION), ha="right")
    low, high = (100 * end for end in record.hit_interval())
    axes.hlines([0], low, high, color=BLUE, lw=3)
    axes.text((low + high) / 2, -0.3, f"fits {low:.0f} to {high:.0f} %", ha="center",
              color=readable(BLUE))  # fmt: skip
    if record.key:
        axes.plot([100 * record.hit.mean()], [0], "o", color=BLUE, ms=9)
    n = len(record.key)
    axes.text((low + high) / 2, 0.22, f"{record.hit.sum():.0f} of {n}", ha="center",
              color=readable(BLUE))  # fmt: skip
