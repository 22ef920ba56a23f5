"""Chapter 03's checkers: what the exercises say of their scenarios and cases."""

import math

import numpy as np
import pytest

from rsi_teach.learn.checker import Outcome
from rsi_teach.learn.checkers import steering as exercises
from rsi_teach.learn.checkers.steering import HELD_OUT, PRACTICE, GainSchedule, deviation
from rsi_teach.models import steering


def test_no_constant_gain_passes():
    """The solution notebook says so."""
    for gain in np.geomspace(0.01, 2, 80):
        verdict = GainSchedule.judge(lambda delay, growth, gain=gain: gain)
        assert verdict.outcome is Outcome.DOES_NOT_HOLD


def test_half_of_the_limit_passes_and_both_sides_of_it_fail():
    def share(c):
        return GainSchedule.judge(lambda delay, growth: c * float(steering.largest_gain(delay)))

    assert [share(c).outcome is Outcome.HOLDS for c in (0.35, 0.5, 0.65)] == [True] * 3
    assert "Too timid" in share(0.25).message
    assert "Too bold" in share(0.8).message


def test_scenarios_are_new_speed_up_and_can_be_held():
    assert not set(PRACTICE) & set(HELD_OUT)
    for scenario in (*PRACTICE, *HELD_OUT):
        delays = scenario.delays
        assert len(delays) == 20 and np.all(np.diff(delays) >= 0)
        assert steering.stabilising_gains(int(delays[-1]), scenario.growth)
    assert sum(s.delays[-1] > 2 * s.delays[0] for s in HELD_OUT) >= 5


def test_the_deviation_is_that_of_the_model():
    scenario = HELD_OUT[0]
    noise = np.zeros((20, 1))
    gains = [0.3 / (d + 1) for d in scenario.delays]
    path = steering.simulate(noise + scenario.push, gain=gains, delay=scenario.delays)
    steady = deviation(lambda delay, growth: 0.3 / (delay + 1), scenario)
    assert steady == pytest.approx(math.sqrt(np.mean(path[5:] ** 2)), abs=0.25)
    assert steady > math.sqrt(np.mean(path[5:] ** 2))  # noise adds to it


def test_the_largest_safe_gain_is_asked_in_all_four_regimes():
    windows = [steering.stabilising_gains(d, a) for d, a in exercises.LargestSafeGain.cases_asked]
    growths = [a for _, a in exercises.LargestSafeGain.cases_asked]
    assert None in windows and min(growths) < 1 < max(growths)
    assert sum(window is not None for window in windows) >= 8


def test_the_two_ways_to_the_critical_generation_agree():
    found = [exercises._critical(*case) for case in exercises.CriticalGeneration.cases_asked]
    assert found == [exercises._by_days(*case) for case in exercises.CriticalGeneration.cases_asked]
    assert math.inf in found and 0 in found and len(set(found)) >= 6


def test_memory_shows_where_a_wrong_model_is_worse_than_none():
    verdict = exercises.Memory.judge(exercises.Memory.right[0])
    rows = next(part for part in verdict.parts if not isinstance(part, str)).rows
    assert float(rows[-1][4]) > float(rows[-1][5]) > 1
    assert all(float(row[1]) == 0.5 for row in rows)
