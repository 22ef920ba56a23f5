"""How often the ranges on a class's page hold: `python -m benchmarks.class_ranges [CLASSES]`.

Simulated classes in which people differ, and questions differ, with normal log odds; each person
answers four questions in five. Printed for each setting: the share of classes whose range holds the
true chance, the same for an interval that takes all answers as independent, and how wide the range
is. Nine of ten are promised.
"""

from __future__ import annotations

import sys
from itertools import product

import numpy as np
from scipy.special import expit

from rsi_teach.models.calibration import clopper_pearson, clustered_share

PEOPLE = (5, 12, 40)
QUESTIONS = (2, 3, 5, 17, 60)
ODDS = ((0, 0, 0), (0, 0.3, 8), (0, 0.5, 2), (0, 1.5, 0.5), (3, 0.5, 2), (3, 0.5, 0.5),
        (3, 1.5, 0.5))  # fmt: skip
"""Mean log odds, and their standard deviations over people and over questions."""


def tried(
    people: int, questions: int, odds: tuple[float, ...], classes: int, rng: np.random.Generator
) -> np.ndarray:
    """Return, for each class, whether either range holds, and how wide ours is."""
    mean, by_person, by_question = odds
    spread = np.hypot(by_person, by_question)
    truth = float(expit(mean + spread * rng.standard_normal(400_000)).mean())
    found = []
    while len(found) < classes:
        chance = expit(mean + by_person * rng.standard_normal((people, 1))
                       + by_question * rng.standard_normal((1, questions)))  # fmt: skip
        answered = rng.random(chance.shape) < 0.8
        if not answered.any():
            continue
        happened = (rng.random(chance.shape) < chance)[answered]
        ours = clustered_share(happened, *np.nonzero(answered))
        low, high = clopper_pearson(happened.sum(), len(happened), confidence=0.9)
        wide = ours.high - ours.low
        found.append((ours.low <= truth <= ours.high, low <= truth <= high, wide))
    return np.array(found, dtype=float)


def main(classes: int = 1000) -> None:
    """Print the table."""
    rng, worst, plain_worst = np.random.default_rng(0), 1.0, 1.0
    print("people  questions  log odds: mean, sd of people, of questions    holds  plain  width")
    for people, questions, odds in product(PEOPLE, QUESTIONS, ODDS):
        holds, plain, wide = tried(people, questions, odds, classes, rng).mean(axis=0)
        worst, plain_worst = min(worst, holds), min(plain_worst, plain)
        told = ", ".join(f"{number:g}" for number in odds)
        print(f"{people:6}  {questions:9}  {told:45}  {holds:.3f}  {plain:.3f}  {wide:.2f}")
    print(f"the least: {worst:.3f}, and {plain_worst:.3f} if all answers are independent")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
