"""Chapter 00: what a handful of interval answers can show, and which interval is worth stating."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import binom, norm

from rsi_teach.models.domain import within

Array = NDArray[np.float64]


def hit_probabilities(*, questions: int, coverage: float) -> Array:
    """Probability of each number of hits when every interval holds with the same probability.

    Parameters
    ----------
    questions : int
        Number of independent questions, 1 to 10000.
    coverage : float
        Probability that one interval contains its truth, in [0, 1].

    Returns
    -------
    array [questions + 1]
        Entry h is the probability of exactly h hits (the binomial law).

    Raises
    ------
    ValueError
        If a parameter is out of range.

    Examples
    --------
    >>> hit_probabilities(questions=10, coverage=0.9)[9:].round(3).tolist()
    [0.387, 0.349]

    Source: the binomial distribution.
    """
    within("questions", questions, 1, 10_000, integer=True)
    within("coverage", coverage, 0, 1)
    return binom.pmf(np.arange(questions + 1), questions, coverage)


def confusion(*, questions: int, coverage: float, honest: float = 0.9) -> tuple[int, float]:
    """Best cut between an honest and another forecaster by hits, and how often it errs.

    Whoever has at least `cut` hits is called honest. The error is the mean of the two errors: an
    honest forecaster under the cut, the other one at or above it.

    Parameters
    ----------
    questions : int
        Number of questions, 1 to 10000.
    coverage : float
        How often the other forecaster's intervals hold, in [0, 1].
    honest : float
        How often the honest forecaster's do, in [0, 1].

    Returns
    -------
    tuple of int and float
        The cut, 0 to questions + 1, and the error, in [0, 0.5].

    Raises
    ------
    ValueError
        If a parameter is out of range.

    Examples
    --------
    >>> cut, error = confusion(questions=10, coverage=0.5)
    >>> cut, round(error, 3)
    (8, 0.062)

    Source: Neyman and Pearson's test of one proportion against another.
    """
    within("honest", honest, 0, 1)
    good = hit_probabilities(questions=questions, coverage=honest)
    other = hit_probabilities(questions=questions, coverage=coverage)
    missed = np.concatenate([[0.0], np.cumsum(good)])
    passed = 1 - np.concatenate([[0.0], np.cumsum(other)])
    errors = (missed + passed) / 2
    cut = int(np.argmin(errors))
    return cut, float(np.clip(errors[cut], 0, 0.5))


def expected_interval_score(half_width: ArrayLike, *, sd: float = 1.0, alpha: float = 0.1) -> Array:
    """Expected interval score of a central interval when the truth is normal around its middle.

    Parameters
    ----------
    half_width : array, any shape
        Half the width of the stated interval, in [0, 1e6], in units of the question.
    sd : float
        Standard deviation of the truth around the middle, in [1e-6, 1e6], same units.
    alpha : float
        One minus the promised coverage, in [1e-6, 1].

    Returns
    -------
    array of the shape of `half_width`
        Width plus 2/alpha times the expected miss, in units of the question; smaller is better.

    Raises
    ------
    ValueError
        If a parameter is out of range.

    Examples
    --------
    >>> expected_interval_score([0.8, 1.645, 3.3]).round(2).tolist()
    [6.41, 4.13, 6.61]

    Source: Gneiting and Raftery (2007), eq. 43, averaged over a normal truth.
    """
    within("half_width", half_width, 0, 1e6)
    within("sd", sd, 1e-6, 1e6)
    within("alpha", alpha, 1e-6, 1)
    half = np.asarray(half_width, dtype=float)
    z = half / sd
    miss = sd * (norm.pdf(z) - z * norm.sf(z))
    return 2 * half + 2 / alpha * 2 * miss
