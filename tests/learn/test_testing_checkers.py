"""Chapter 07: the hidden systems of exercise 07.4 are what they are said to be."""

from functools import partial

import numpy as np
import pytest

from rsi_teach.learn.checkers import testing_systems as systems
from rsi_teach.learn.checkers.testing import PASS

SEEDS = range(11, 15)


def drawn(system, count=1500):
    return np.array([system(point) for point in np.random.default_rng(0).random((count, 3))])


def test_a_bank_is_the_same_every_time_and_fresh():
    first, again = systems.bank(systems.HIDDEN), systems.bank(systems.HIDDEN)
    assert [kind for kind, _ in first] == [
        k for k, many in systems.KINDS.items() for _ in [0] * many
    ]
    first[0][1](np.full(3, 0.5))
    assert (first[0][1].asked, again[0][1].asked) == (1, 0)
    points = np.random.default_rng(1).random((20, 3))
    for (_, one), (_, other) in zip(first, again, strict=True):
        assert [one.signal(p) for p in points] == [other.signal(p) for p in points]


@pytest.mark.parametrize("seed", [systems.PRACTICE, systems.HIDDEN])
def test_each_kind_has_the_slopes_that_it_should(seed):
    for kind, system in systems.bank(seed):
        signals = drawn(system)
        met = np.mean(signals < 1)
        if kind == "needle":
            assert set(signals) <= {0.0, 1.0}
        elif kind == "slope":
            assert 0.015 < met < 0.08
        else:
            assert met > 0.08


def test_outside_the_cube_nothing_happens_and_it_counts():
    (_, system), *_ = systems.bank(0)
    assert system(np.array([0.5, 0.5, 1.2])) == 1 and system.asked == 1
    with pytest.raises(ValueError, match="3 coordinates"):
        system(np.zeros(2))


def test_luck_is_what_random_tests_find():
    found = [systems.tally(systems.at_random, seed).total for seed in SEEDS]
    luck = sum(systems.by_luck().values())
    assert abs(np.mean(found) - luck) <= 4 * np.sqrt(luck / len(found))


def test_the_mark_lies_over_the_searches_that_it_should_stop():
    without = partial(systems.climbing, restart_at=0.0)
    for seed in (*SEEDS, systems.HIDDEN):
        ours = systems.tally(systems.climbing, seed)
        assert ours.total >= PASS + 2 and ours.overspent == ours.lost == 0
    stuck = [systems.tally(without, seed).found["decoys"] for seed in SEEDS]
    ours = [systems.tally(systems.climbing, seed).found["decoys"] for seed in SEEDS]
    assert np.mean(ours) > np.mean(stuck) + 3
    assert systems.tally(without, systems.HIDDEN).total < PASS
