"""Chapter 14's exercises: what their checkers rest on."""

import math

import numpy as np
import pytest

from rsi_teach.learn.checkers import waiting as checkers
from rsi_teach.learn.checkers.waiting_play import (
    HELD_OUT,
    PRACTICE,
    Scenario,
    drawn,
    mean_cost,
    table_of,
)
from rsi_teach.models import loop, waiting


def costs(rule, scenarios):
    return mean_cost([table_of(rule, scenario) for scenario in scenarios], scenarios)


def test_break_even_is_asked_where_it_is_finite_and_at_both_ends():
    roots = [checkers._root(*case) for case in checkers.BreakEven.settings]
    assert 0 in roots and math.inf in roots
    hidden = [checkers._root(*case) for case in checkers.BreakEven._hidden()]
    assert sum(0 < root < math.inf for root in hidden) >= 6
    by_hand = [checkers._by_hand(*case) for case in checkers.BreakEven._hidden()]
    np.testing.assert_allclose(by_hand, hidden, rtol=1e-6)


def test_the_numbers_in_the_notes():
    assert [round(checkers._root(0.9, 1, 5, 0.05, 1, lost), 2) for lost in (1, 0.7, 0.5)] == [
        0.76, 1.48, math.inf,
    ]  # fmt: skip
    now, good, _ = checkers._decided(0.9, 5, 0.05, 1, 0.9, 0.1)
    poor = checkers._decided(0.9, 5, 0.05, 1, 0.5, 0.3)[1]
    assert [round(x, 2) for x in (now, good, poor)] == [0.40, 0.72, 0.38]
    worth = waiting.effective_tests(100, 0.5, [2, 3, 4])
    assert worth.tolist() == [150, 175, 187.5]
    assert round(100 * float(waiting.discounted_bound(100, 0.5, 1)), 2) == 2.95
    assert round(100 * float(waiting.discounted_bound(100, 0.5)), 2) == 1.49


def test_practice_and_held_out_loops_share_no_seed():
    assert not {s.seed for s in PRACTICE} & {s.seed for s in HELD_OUT}
    assert drawn([100])[0] == HELD_OUT[0]
    assert len(PRACTICE) == 12 and len(HELD_OUT) == 30


def test_each_rule_that_holds_beats_every_single_threshold():
    least = min(
        costs(lambda k, n, price, t=t: k >= t * n, HELD_OUT)[0] for t in np.arange(0, 1.01, 0.05)
    )
    for rule in checkers.MayItRun.right:
        assert costs(rule, HELD_OUT)[0] < 0.9 * least
        assert checkers.practice_cost(rule)["cost"] == costs(rule, PRACTICE)[0]


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_played_loop_is_the_chapters_loop(seed):
    """One leaking stage of four, no gate: the mean of alignment is known exactly."""
    scenario = Scenario(leak=0.02, tests=50, price=1.0, seed=seed)
    many = [Scenario(leak=0.02, tests=50, price=1.0, seed=1000 * seed + i) for i in range(60)]
    always = costs(lambda k, n, price: True, many)
    still = loop.Stage(gain=0, leak=0, spread=0)
    one = loop.Loop(proposal=still, experiment=still, deployment=still,
                    selection=loop.Stage(gain=0, leak=0.02, spread=2))  # fmt: skip
    exact = 1 - loop.mean_alignment(one, np.arange(1, 61)).mean()
    assert always[1] == 0
    assert len({costs(lambda k, n, price: True, [s]) for s in many[:5]}) == 5, "losses in bursts"
    assert always[2] == pytest.approx(exact, abs=0.015)
    never = costs(lambda k, n, price: False, [scenario])
    assert never == pytest.approx((1.0, 1.0, 0.0))


def test_a_rule_that_holds_costs_more_when_it_is_turned_round():
    right = checkers.MayItRun.right[0]
    held = costs(right, HELD_OUT)[0]
    assert held < costs(lambda k, n, price: not right(k, n, price), HELD_OUT)[0]
    assert held < costs(lambda k, n, price: right(k, n, 1 / price), HELD_OUT)[0]
