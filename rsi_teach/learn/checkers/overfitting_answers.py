"""Chapter 08: a test that answers so often, and typical answers to exercises 08.1 and 08.2."""

from __future__ import annotations

from typing import Any

import numpy as np

NO_STEP = (
    "You show every improvement. A gain of less than a step is mostly luck, and showing it tells "
    "the one who asks which way to go: only a score above the best plus the step counts."
)
NOT_ROUNDED = (
    "What you show is not rounded. The last digits of a score are what an attack feeds on: round "
    "to the nearest multiple of the step before you keep it."
)
AGAINST_THE_LAST = (
    "You compare with the score of the query before. Then one bad submission resets the ladder; "
    "compare with the best that has been shown."
)
ALL_ROUNDED = (
    "You show every score, rounded. A ladder shows the old best until it is beaten by a step."
)


def score_streams(rng: np.random.Generator) -> list[tuple[str, np.ndarray]]:
    """Scores of four kinds, each with its name.

    Parameters
    ----------
    rng : numpy.random.Generator
    """
    noise = rng.random((4, 120)) * 0.2
    rise = np.linspace(0.2, 0.79, 120)
    return [
        ("random", 0.4 + noise[0]),
        ("rising", rise + noise[1]),
        ("falling", rise[::-1] + noise[2]),
        ("a few", 0.3 + 3 * noise[3, :7]),
    ]


def mistaken_ladders(scores: np.ndarray, step: float) -> dict[str, np.ndarray]:
    """What typical mistakes show, by the message for each.

    Parameters
    ----------
    scores : array [queries]
    step : float
    """
    rounded, best = np.minimum(np.rint(scores / step) * step, 1), 0.0
    exact = []
    for score in scores:
        best = score if score > best + step else best
        exact.append(best)
    against, before, last = [], 0.0, 0.0
    for score, shown in zip(scores, rounded, strict=True):
        last = shown if score > before + step else last
        before = score
        against.append(last)
    return {
        NO_STEP: np.maximum.accumulate(scores),
        NOT_ROUNDED: np.array(exact),
        AGAINST_THE_LAST: np.array(against),
        ALL_ROUNDED: rounded,
    }


def plain_ladder(scores: np.ndarray, step: float) -> list[float]:
    """The Ladder, line by line.

    Parameters
    ----------
    scores : array [queries]
    step : float
    """
    shown, best = [], 0.0
    for score in scores:
        if score > best + step:
            best = round(score / step) * step
        shown.append(best)
    return shown


class Oracle:
    """A test that answers with a score, so often and no oftener.

    Parameters
    ----------
    labels : array of int [items]
        0 or 1, not shown.
    queries : int
    """

    def __init__(self, labels: np.ndarray, queries: int) -> None:
        self._labels, self.left, self.refused = labels, queries, ""

    def __call__(self, guess: Any) -> float:
        """Return the share of labels that are right."""
        if self.left < 1:
            self.refused = "The test answers no more: your attack asked for too many scores."
            raise NoMoreAnswers(self.refused)
        self.left -= 1
        return self.score(guess)

    def score(self, guess: Any) -> float:
        """The share that is right, without counting."""
        guess = np.asarray(guess)
        if guess.shape != self._labels.shape or not np.all((guess == 0) | (guess == 1)):
            raise ValueError(f"a submission is {len(self._labels)} labels, each 0 or 1")
        return float(np.mean(guess == self._labels))

    def __repr__(self) -> str:
        """Name it, as it stands in a call."""
        return "oracle"


class NoMoreAnswers(Exception):
    """More scores were asked for than the test returns."""


def new_oracle(seed: int, items: int, queries: int) -> Oracle:
    """A test of random labels.

    Parameters
    ----------
    seed, items, queries : int
    """
    return Oracle(np.random.default_rng([seed, 82]).integers(0, 2, items), queries)


def voted(
    oracle: Any, items: int, queries: int, rng: np.random.Generator, weigh: Any = np.sign
) -> np.ndarray:
    """Labels by the vote of random submissions, each weighed by its excess over one half.

    Parameters
    ----------
    oracle : Oracle
    items, queries : int
    rng : numpy.random.Generator
    weigh : function
        Of the excesses; their sign if nothing else is said.
    """
    sent = rng.integers(0, 2, (queries, items))
    excess = np.array([oracle(each) for each in sent]) - 0.5
    return (np.asarray(weigh(excess), float) @ (2 * sent - 1) > 0).astype(int)


def best_single(oracle: Any, items: int, queries: int, rng: np.random.Generator) -> np.ndarray:
    """The random submission with the best score.

    Parameters
    ----------
    oracle : Oracle
    items, queries : int
    rng : numpy.random.Generator
    """
    sent = rng.integers(0, 2, (queries, items))
    return sent[np.argmax([oracle(each) for each in sent])]


def probed(oracle: Any, items: int, queries: int, rng: np.random.Generator) -> np.ndarray:
    """Labels changed one at a time, as far as the queries reach.

    Parameters
    ----------
    oracle : Oracle
    items, queries : int
    rng : numpy.random.Generator
    """
    labels = rng.integers(0, 2, items)
    score = oracle(labels)
    for item in range(min(queries - 1, items)):
        labels[item] = 1 - labels[item]
        new = oracle(labels)
        if new < score:
            labels[item] = 1 - labels[item]
        else:
            score = new
    return labels
