"""What a learner's predictions add up to, and how little a few of them show."""

from __future__ import annotations

from rsi_teach.learn.faces import Passage
from rsi_teach.learn.journal import Journal, open_journal


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

    entries = (journal or open_journal()).entries("outcome")
    scored = {e.key: e.payload for e in entries if e.key.startswith(chapter)}.values()
    hits = [entry["hit"] for entry in scored if entry["hit"] is not None]
    briers = [entry["score"] for entry in scored if entry["hit"] is None]
    if not hits and not briers:
        again = "Lock predictions in, reveal their answers, and run this cell again."
        return Passage(heading="No prediction has been revealed yet.", parts=(again,))
    return Passage(
        heading=f"{len(hits) + len(briers)} predictions revealed.",
        parts=(
            _intervals(hits),
            f"Mean Brier score of {len(briers)} probabilities: "
            f"{significant(sum(briers) / len(briers))}; always saying 50 % gives 0.25."
            if briers
            else "",
        ),
    )


def _intervals(hits: list[bool]) -> str:
    """The hits in words, and which true rates they leave open."""
    from scipy.stats import binomtest

    if not hits:
        return ""
    low, high = binomtest(sum(hits), len(hits)).proportion_ci(0.9, method="exact")
    return (
        f"{sum(hits)} of {len(hits)} intervals held; you promised 90 %. So few answers fit any "
        f"hit rate from {100 * low:.0f} to {100 * high:.0f} % (90 % Clopper-Pearson interval, "
        "questions taken as independent)."
    )
