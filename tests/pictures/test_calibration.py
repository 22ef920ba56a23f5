"""Chapter 16's record of the machine, and what its pictures say."""

import numpy as np
import pytest

from rsi_teach.models import calibration
from rsi_teach.pictures.calibration import (
    GENERATIONS,
    RUNS_RECORD,
    SEEDS,
    WARM_UP,
    WATCHED,
    Adaptive,
    HowLittle,
    gaps,
    machine_p_values,
    run_once,
)


@pytest.mark.parametrize(("preset", "seed"), [("both", 2), ("recursive", 11)])
def test_the_record_is_what_the_machine_does(preset, seed):
    visible, deployed = run_once(preset, seed, generations=6)
    with np.load(RUNS_RECORD) as record:
        assert np.array_equal(record[f"{preset}/visible"][seed, :6], visible)
        assert np.array_equal(record[f"{preset}/deployed"][seed, :6], deployed)


def test_the_record_is_complete():
    for preset in WATCHED.values():
        assert gaps(preset).shape == (GENERATIONS, len(SEEDS))
        assert np.all(np.abs(gaps(preset)) <= 1)


def test_a_fixed_interval_is_the_largest_of_the_first_ten_gaps():
    scores = np.abs(gaps("both"))
    _, first = machine_p_values("both")
    assert np.array_equal(first <= 0.1, scores[WARM_UP:] > scores[:WARM_UP].max(axis=0))


def test_infinite_intervals_are_those_with_too_few_past_gaps_for_their_level():
    past, _ = machine_p_values("both")
    levels, missed = calibration.adaptive_levels(past, gamma=0.05)
    endless = levels[:-1] < 1 / Adaptive.time[:, None] - 1e-9
    assert not missed[endless].any() and endless.any()


def test_the_guarantee_holds_in_every_recorded_run():
    for preset in WATCHED.values():
        for gamma in (0.01, 0.05, 0.3):
            _, missed = calibration.adaptive_levels(machine_p_values(preset)[0], gamma=gamma)
            bound = calibration.adaptation_bound(len(missed), gamma=gamma)
            assert np.all(np.abs(missed.mean(axis=0) - 0.1) <= bound)


def test_the_true_hit_rate_lies_in_nine_bars_of_ten():
    """With every width and number of questions the bar is a 90 % interval for the mark."""
    explorer, inside = HowLittle(), []
    for seed in range(300):
        explorer.normals = np.random.default_rng(seed).standard_normal((40, 1))
        made = calibration.Forecaster(width=0.4)
        _, (low, high) = explorer._hits(made, 40)
        inside.append(low <= calibration.hit_rate(made) <= high)
    assert np.mean(inside) >= 0.9 - 4 * (0.09 / 300) ** 0.5
