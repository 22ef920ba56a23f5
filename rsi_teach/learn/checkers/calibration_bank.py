"""Chapter 16: the samples and the forecasters that its exercises are checked on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from rsi_teach.models import calibration

PAST, LATER = 80, 400
FORECASTERS = {
    "narrow": calibration.Forecaster(width=0.35),
    "narrow and biased": calibration.Forecaster(width=0.6, bias=0.6),
    "narrow, with wild errors": calibration.Forecaster(width=0.45),
    "honest": calibration.Forecaster(),
}


@cache
def samples() -> tuple[tuple[str, np.ndarray, float], ...]:
    """Hidden samples: what they are, the values, and the share to leave out.

    Returns
    -------
    tuple of str, array [2000] and float
    """
    rng = np.random.default_rng(162)
    n = 2000
    kinds = {
        "normal": rng.normal(3, 2, n),
        "exponential": rng.exponential(1, n),
        "two-humped": np.where(rng.random(n) < 0.7, rng.normal(0, 1, n), rng.normal(9, 1, n)),
        "uniform": rng.random(n),
        "log-normal": rng.lognormal(0, 1, n),
        "wild": rng.standard_t(2.5, n),
    }
    return tuple(
        (name, values, alpha)
        for name, values in kinds.items()
        for alpha in ((0.1, 0.3) if name in ("exponential", "log-normal") else (0.1,))
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Questions:
    """Intervals and what turned out, each question in its own unit.

    Parameters
    ----------
    low, high, truth : array [questions]
    """

    low: np.ndarray
    high: np.ndarray
    truth: np.ndarray

    def known(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The three columns."""
        return self.low, self.high, self.truth

    def widened(self, factor: float) -> tuple[np.ndarray, np.ndarray]:
        """The ends with every half-width multiplied.

        Parameters
        ----------
        factor : float
        """
        middle, half = (self.low + self.high) / 2, (self.high - self.low) / 2 * factor
        return middle - half, middle + half


@cache
def drawn(name: str) -> tuple[Questions, Questions]:
    """A forecaster's past questions and the later ones.

    Parameters
    ----------
    name : str
        One of `FORECASTERS`.
    """
    rng = np.random.default_rng([163, list(FORECASTERS).index(name)])
    n = PAST + LATER
    noise = rng.standard_t(3, (n, 1)) if "wild" in name else rng.standard_normal((n, 1))
    ends, truth = calibration.simulate_intervals(FORECASTERS[name], noise)
    unit, place = np.exp(rng.normal(0, 2, n)), rng.normal(0, 5, n)
    low, high, true = (unit * (column + place) for column in (*ends[:, :, 0], truth[:, 0]))
    return tuple(
        Questions(low=low[part], high=high[part], truth=true[part])
        for part in (slice(None, PAST), slice(PAST, None))
    )


def relative_score(later: Questions, low: np.ndarray, high: np.ndarray) -> float:
    """Mean interval score of other ends, each divided by the width that was stated at first.

    Parameters
    ----------
    later : Questions
    low, high : array [questions]
    """
    scores = calibration.interval_scores(low, high, later.truth)
    return float(np.mean(scores / (later.high - later.low)))


def repaired(
    low: np.ndarray, high: np.ndarray, truth: np.ndarray, new_low: np.ndarray, new_high: np.ndarray
) -> np.ndarray:
    """Put the ends where past truths were, in half-widths from the middle.

    Parameters
    ----------
    low, high, truth : array [past]
    new_low, new_high : array [new]
    """
    error = (truth - (low + high) / 2) / ((high - low) / 2)
    below, above = np.quantile(error, [0.05, 0.95])
    middle, half = (new_low + new_high) / 2, (new_high - new_low) / 2
    return np.array([middle + below * half, middle + above * half])
