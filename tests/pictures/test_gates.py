"""Chapter 12's record of the machine under restrictions: what it does, and what it says."""

import numpy as np
import pytest

from rsi_teach import machine
from rsi_teach.pictures import gates as pictures
from rsi_teach.pictures.gates import SEEDS, conditions, gate, held, run_once

SAMPLES = [("free", 9), ("no stamp", 4), ("behind at 0.2", 3), ("before at 0.1", 7)]


@pytest.mark.parametrize(("condition", "seed"), SAMPLES)
def test_the_record_is_what_the_machine_does(condition, seed):
    now, stored = run_once(condition, seed, generations=5), held(condition)
    for part in ("visible", "deployed", "stamp"):
        assert np.array_equal(getattr(now, part)[0], getattr(stored, part)[seed, :6])


def test_a_whole_run_of_the_record():
    now, stored = run_once("behind at 0", 1), held("behind at 0")
    for part in pictures.PARTS:
        assert np.array_equal(getattr(now, part)[0], getattr(stored, part)[1])


def test_the_record_is_complete():
    for condition in conditions():
        shown = held(condition)
        assert shown.deployed.shape == shown.visible.shape == shown.stamp.shape
        assert shown.deployed.shape == (len(SEEDS), pictures.GENERATIONS + 1)
        assert shown.accepted.shape == (len(SEEDS),)


def test_no_gate_lets_a_larger_rise_through():
    for condition in conditions():
        _, _, most = condition.partition(" at ")
        rises = np.diff(held(condition).stamp, axis=1)
        if most:
            assert rises.max() <= float(most) + 1e-12
        elif condition != "free":
            assert not held(condition).stamp.any()
    assert np.diff(held("free").stamp, axis=1).max() > 0.4


def test_a_gate_before_selection_finds_another_winner():
    """Where the best proposal is turned away, one behind stops and one before goes on."""
    turn = next(machine.generations(machine.PRESETS["both"], seed=1))
    best = machine.select(turn.before, turn.trials)
    most = best.genome.stamp - 1e-9
    assert best.genome.stamp > 0
    assert gate("behind", most)(turn.before, turn.trials) is turn.before
    found = gate("before", most)(turn.before, turn.trials)
    assert found is not turn.before and found.genome.stamp <= most
    assert gate("before", -1)(turn.before, turn.trials) is turn.before


def test_an_unknown_place_is_refused():
    with pytest.raises(ValueError, match="place"):
        gate("beside", 0)


def end(condition):
    return held(condition).deployed[:, -1]


def test_what_the_chapter_says_of_scope_and_gates():
    start = held("free").deployed[:, 0].mean()
    assert end("free").mean() < 0.65 and end("neither").mean() > 0.92
    assert all(end(name).mean() > start + 0.015 for name in ("no stamp", "behind at 0"))
    assert all(end(f"{place} at 0.2").mean() < start for place in pictures.PLACES)
    behind, before = (held(f"{place} at 0").accepted.mean() for place in pictures.PLACES)
    assert behind < 0.55 * before
    difference = end("behind at 0") - end("before at 0")
    assert abs(difference.mean()) < 2 * difference.std(ddof=1) / len(SEEDS) ** 0.5
    assert held("behind at 0.2").stamp[:, -1].mean() > 0.2
