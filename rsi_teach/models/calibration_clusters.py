"""Shares of answers that are not independent: the same people, and the same questions.

The names are in `calibration` too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaincinv, stdtrit

from rsi_teach.models.domain import shaped, within

LONGEST = 10_000_000


@dataclass(frozen=True, kw_only=True)
class ClusteredShare:
    """A share of answers, and which chances it fits.

    Parameters
    ----------
    share : float
        In [0, 1].
    low, high : float
        Ends of the interval for the chance, in [0, 1].
    worth : float
        Number of independent answers that would tell as much, at least 1.

    Raises
    ------
    ValueError
        If a parameter is out of range.

    References
    ----------
    The number of independent answers: Kish (1965), the design effect.

    Examples
    --------
    >>> ClusteredShare(share=0.5, low=0.2, high=0.8, worth=7.0).worth
    7.0
    """

    share: float
    low: float
    high: float
    worth: float

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        within("share", self.share, 0, 1)
        within("low", self.low, 0, 1)
        within("high", self.high, 0, 1)
        within("worth", self.worth, 1, LONGEST)


def clustered_share(
    happened: ArrayLike, person: ArrayLike, question: ArrayLike, *, confidence: float = 0.9
) -> ClusteredShare:
    """Interval for a chance when answers of one person, and answers to one question, go together.

    Parameters
    ----------
    happened : array [answers]
        1 where it did, 0 where not; at least one.
    person, question : array [answers]
        Whose answer it is, and to what; any labels. A person answers a question once.
    confidence : float
        In [0.5, 1).

    Returns
    -------
    ClusteredShare
        The interval for other such people and other such questions.

    Raises
    ------
    ValueError
        If a parameter is out of range.

    References
    ----------
    Variance by two-way clustering: Cameron, Gelbach and Miller (2011), with a factor G/(G - 1)
    for each way, and never below that of one way. Clopper and Pearson's interval at the number of
    independent answers that this is worth: Korn and Graubard (1998), with the degrees of freedom
    of the way that varies more.

    Examples
    --------
    >>> all_alike = clustered_share([1, 1, 0, 0], person=[0, 1, 0, 1], question=[0, 0, 1, 1])
    >>> all_alike.share, all_alike.worth, round(all_alike.low, 3), round(all_alike.high, 3)
    (0.5, 1.0, 0.002, 0.998)
    """
    y = shaped("happened", happened, ("answers",), longest=LONGEST).astype(float)
    within("happened", y, 0, 1, integer=True)
    whose, what = _numbered("person", person, len(y)), _numbered("question", question, len(y))
    within("confidence", confidence, 0.5, 1, open_high=True)
    tail = (1 - confidence) / 2
    share, worth = float(y.mean()), _worth(y, whose, what, 1 - tail)
    low, high = 0.0, 1.0
    if share > 0:
        low = float(betaincinv(share * worth, (1 - share) * worth + 1, tail))
    if share < 1:
        high = float(betaincinv(share * worth + 1, (1 - share) * worth, 1 - tail))
    return ClusteredShare(share=share, low=low, high=high, worth=worth)


def _numbered(name: str, labels: ArrayLike, length: int) -> NDArray[np.intp]:
    """Labels as 0, 1, 2, ..."""
    found = np.asarray(labels)
    if found.shape != (length,):
        raise ValueError(f"{name} has shape {found.shape}: one label for each of {length} answers")
    return np.unique(found, return_inverse=True)[1]


def _worth(y: NDArray, person: NDArray, question: NDArray, level: float) -> float:
    """How many independent answers tell as much."""
    n, share = len(y), y.mean()
    error = y - share
    people, questions = (int(group.max()) + 1 for group in (person, question))
    fewest = min(people, questions)
    if fewest == 1 or share in (0, 1):  # nothing varies, so nothing tells by how much it would
        return float(fewest)
    by_person, by_question = (
        groups / (groups - 1) * np.sum(np.bincount(group, weights=error) ** 2) / n**2
        for group, groups in ((person, people), (question, questions))
    )
    single = np.sum(error**2) / n**2
    variance = max(by_person + by_question - single, by_person, by_question, single)
    groups = people if by_person > by_question else questions
    few = float(stdtrit(n - 1, level) / stdtrit(groups - 1, level)) ** 2
    return float(np.clip(share * (1 - share) / variance * few, 1, n))
