"""What a learner's predictions add up to, in two lines; `record` has the whole page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rsi_teach.learn.faces import Passage
from rsi_teach.learn.journal import Journal

if TYPE_CHECKING:
    from rsi_teach.learn.record import Record


def scorecard(chapter: str = "", *, journal: Journal | None = None) -> Passage:
    """Count the hits and average the Brier scores of the predictions revealed so far.

    Parameters
    ----------
    chapter : str
        Only keys that begin with it, such as ``"00."``; all of them if empty.
    journal : Journal, optional
        The learner's own if None.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> scorecard(journal=Journal(pathlib.Path(tempfile.mkdtemp()) / "journal.sqlite3"))
    No prediction has been revealed yet.
    Lock predictions in, reveal their answers, and run this cell again.
    """
    from rsi_teach.learn.predictions import significant
    from rsi_teach.learn.record import Record
    from rsi_teach.learn.record_page import AGAIN, NOTHING, damaged

    record = Record.of(journal, chapter=chapter)
    if not len(record):
        return Passage(heading=NOTHING, parts=(AGAIN, damaged(record)))
    briers = record.brier
    return Passage(
        heading=f"{len(record)} predictions revealed.",
        parts=(
            _intervals(record),
            f"Mean Brier score of {len(briers)} probabilities: "
            f"{significant(briers.mean())}; always saying 50 % gives 0.25."
            if len(briers)
            else "",
            damaged(record),
        ),
    )


def _intervals(record: Record) -> str:
    """The hits in words, and which true rates they leave open."""
    if not record.key:
        return ""
    low, high = record.hit_interval()
    return (
        f"{record.hit.sum()} of {len(record.key)} intervals held; you promised 90 %. So few "
        f"answers fit any hit rate from {100 * low:.0f} to {100 * high:.0f} % (90 % "
        "Clopper-Pearson interval, questions taken as independent)."
    )
