"""Chapter 00: closed forms against simulation."""

import numpy as np
import pytest
from scipy.stats import norm

from rsi_teach.models import start_here

RUNS = 200_000


def test_hits_add_up_and_have_the_right_mean():
    for questions, coverage in ((1, 0.0), (10, 0.9), (60, 0.37), (7, 1.0)):
        chances = start_here.hit_probabilities(questions=questions, coverage=coverage)
        assert chances.shape == (questions + 1,)
        assert chances.sum() == pytest.approx(1)
        assert chances @ np.arange(questions + 1) == pytest.approx(questions * coverage)


def test_confusion_is_what_a_simulation_confuses():
    rng = np.random.default_rng(0)
    for questions, coverage in ((10, 0.5), (10, 0.8), (25, 0.7)):
        cut, error = start_here.confusion(questions=questions, coverage=coverage)
        honest = rng.binomial(questions, 0.9, RUNS) < cut
        other = rng.binomial(questions, coverage, RUNS) >= cut
        simulated = (honest.mean() + other.mean()) / 2
        assert abs(simulated - error) < 4 * 0.5 / np.sqrt(2 * RUNS)


def test_no_cut_confuses_less():
    cut, error = start_here.confusion(questions=12, coverage=0.6)
    good = start_here.hit_probabilities(questions=12, coverage=0.9)
    other = start_here.hit_probabilities(questions=12, coverage=0.6)
    errors = [(good[:c].sum() + other[c:].sum()) / 2 for c in range(14)]
    assert error == pytest.approx(min(errors)) and errors[cut] == pytest.approx(error)


def test_expected_score_is_the_mean_of_scores():
    rng = np.random.default_rng(1)
    for half, sd in ((0.5, 1.0), (1.645, 1.0), (3.0, 2.5)):
        truth = np.abs(rng.normal(0, sd, RUNS))
        scores = 2 * half + 20 * np.maximum(truth - half, 0)
        expected = start_here.expected_interval_score(half, sd=sd)
        assert abs(scores.mean() - expected) < 4 * scores.std() / np.sqrt(RUNS)


def test_the_honest_interval_is_cheapest():
    widths = np.linspace(0, 8, 8001)
    for sd, alpha in ((1.0, 0.1), (2.0, 0.5)):
        scores = start_here.expected_interval_score(widths, sd=sd, alpha=alpha)
        assert widths[np.argmin(scores)] == pytest.approx(norm.isf(alpha / 2) * sd, abs=0.002)
