"""Exercise 06.3 on its lists, and the claims of exercise 06.4 by their numbers."""

import math
import re

import numpy as np

from rsi_teach.learn.checkers import overhang_plans as plans
from rsi_teach.learn.checkers.overhang import CLAIMS, REASONS, SCORES, SIZES
from rsi_teach.models import drift, goodhart, overhang, progress, steering


def test_the_lists_that_decide_are_others_and_hold_what_they_say():
    practice, deciding = plans.practice(), plans.held_out()
    assert not {one.seed for one in practice} & {one.seed for one in deciding}
    for one in (*practice, *deciding):
        assert one.risks.shape == (plans.CAPABILITIES,) and one.risks.max() == 1
        for hidden, order in ((one.pairs, 2), (one.triples, 3)):
            assert hidden.shape == (plans.HIDDEN, order)
            assert len({tuple(sorted(row)) for row in hidden.tolist()}) == plans.HIDDEN
            assert all(len(set(row)) == order for row in hidden.tolist())


def test_overhangs_lie_where_the_risks_are():
    for one in plans.held_out():
        assert one.risks[one.pairs].mean() > one.risks.mean()


def test_the_plans_rank_alike_on_both_sets_of_lists():
    for lists in (plans.practice(), plans.held_out()):
        scores = [plans.score(plan, lists) for plan in (plans.at_random, plans.by_risk)]
        greedy = plans.score(plans.greedy, lists)
        means = [score.mean() for score in (*scores, greedy)]
        assert means == sorted(means) and means[2] > 1.8 * means[0]
        assert scores[1][1] > greedy[1], "by risk finds more triples, as the solution says"


def test_an_overhang_needs_all_its_members_in_one_test():
    one = plans.held_out()[0]
    assert one.found([[i] for i in range(25)]).sum() == 0
    a, b = one.pairs[0].tolist()
    assert one.found([[a, b]])[0] >= 1 / plans.HIDDEN
    assert one.found([[a], [b]]).sum() == 0


def test_random_tests_find_what_the_closed_form_says():
    """Whatever the risks: a random test does not know them."""
    found = plans.score(plans.at_random, plans.practice() + plans.held_out())
    for share, order in zip(found, (2, 3), strict=True):
        exact = overhang.expected_coverage(plans.CAPABILITIES, plans.SIZE, plans.BUDGET, order)
        assert abs(share - exact) < 4 * math.sqrt(exact * (1 - exact) / (40 * plans.HIDDEN))


def numbers(letter):
    return [float(number) for number in re.findall(r"(?<![\w.])\d+(?:\.\d+)?", CLAIMS[letter])]


def test_the_numbers_in_the_claims_are_the_models():
    """All numbers are right; what one claim concludes from them is not."""
    largest = steering.largest_gain([2, 5]).round(3).tolist()
    assert set(largest) <= set(numbers("A"))
    settled = drift.Drift(spread=1.0, correction=0.1).settled_spread
    alone = math.sqrt(drift.drift_variance(drift.Drift(spread=1.0), 100))
    assert {round(settled, 2), alone} <= set(numbers("B"))
    proxy = goodhart.Proxy()
    best = proxy.score_sd * float(goodhart.expected_maximum(10))
    assert {round(best, 2), round(best / 2, 2)} <= set(numbers("C"))
    covered = [round(100 * float(overhang.expected_coverage(40, 5, 100, t))) for t in (2, 3)]
    assert set(covered) <= set(numbers("D"))
    np.testing.assert_allclose(np.exp(-15 / np.array(SIZES)), SCORES, atol=5e-5)
    assert {round(100 * SCORES[5]), round(100 * SCORES[6])} <= set(numbers("E"))
    table = progress.time_horizons()
    ratio = table.p50 / table.p80
    assert ratio.min() > 3.4 and {5.5, 3.1} <= set(numbers("F")) and len(REASONS) == 6
    assert round(float(np.median(ratio)), 1) == 5.5
