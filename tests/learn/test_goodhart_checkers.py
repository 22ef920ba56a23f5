"""Chapter 05's exercises: what their checkers rest on."""

from collections import Counter
from itertools import islice

import numpy as np
import pytest

from rsi_teach.learn.checker import Outcome
from rsi_teach.learn.checkers import goodhart as checkers
from rsi_teach.learn.checkers import goodhart_bank as bank

BANKS = {name: bank.winners(name) for name in bank.UPDATE_SEEDS}


@pytest.mark.parametrize("name", BANKS)
def test_a_bank_has_the_kinds_that_it_should_have(name):
    updates = BANKS[name]
    assert Counter(update.kind for update in updates) == bank.UPDATE_SIZES
    for update in updates:
        assert update.score > update.runner_up
        assert update.value >= 0.5 if update.kind == "good" else update.value <= 0.5
        if update.kind == "glitch":
            assert update.score - update.runner_up > 1.5
    gamed = [update.value for update in updates if update.kind == "gamed"]
    assert np.mean(gamed) < -0.7


def test_the_banks_differ_and_come_mixed():
    scores = [{update.score for update in updates} for updates in BANKS.values()]
    assert not scores[0] & scores[1]
    kinds = [update.kind for update in BANKS["held_out"]]
    assert set(kinds[:70]) == set(kinds[70:]) == set(bank.UPDATE_SIZES)


def test_gamed_updates_look_like_good_ones():
    """A threshold on the distance to the runner-up, or on the score, separates them badly."""
    for shown in (lambda u: u.score, lambda u: u.score - u.runner_up):
        good, gamed = (
            np.array([shown(u) for u in BANKS["held_out"] if u.kind == kind])
            for kind in ("good", "gamed")
        )
        wins = np.mean(good[:, None] > gamed)
        assert 0.3 < wins < 0.8


def test_an_audit_has_the_error_that_it_says():
    update = BANKS["practice"][0]
    for items in (4, 100):
        found = np.array([update.audit(items) for _ in range(4000)])
        error = bank.ITEM_SD / items**0.5
        assert abs(found.mean() - update.value) <= 4 * error / 4000**0.5
        assert found.std() == pytest.approx(error, rel=0.05)


def test_the_desk_counts_and_refuses():
    desk = bank.Desk(BANKS["held_out"], budget=100)
    first, second = islice(desk, 2)
    assert (first.items_left, first.updates_left) == (100, 140)
    first.audit(30)
    assert (desk.spent, desk.audits) == (30, 1)
    second.audit(70)
    with pytest.raises(bank.Overspent, match="at update 2 of 140 you asked for 1 items, and 0"):
        second.audit(1)
    assert desk.spent == 100 and desk.refused
    for nothing in (0, -1, 2.5):
        with pytest.raises(ValueError, match="items"):
            next(iter(bank.Desk(BANKS["held_out"]))).audit(nothing)


def test_the_next_update_sees_what_is_left():
    desk = bank.Desk(BANKS["held_out"])
    left = []
    for update in desk:
        left.append((update.items_left, update.updates_left))
        if len(left) <= 3:
            update.audit(20)
    assert left[:5] == [(1500, 140), (1480, 139), (1460, 138), (1440, 137), (1440, 136)]


def test_audits_are_the_same_at_every_check():
    rule = checkers.Auditor.right[0]
    first, again = (checkers.Auditor.judge(rule) for _ in range(2))
    assert str(first) == str(again)
    assert "It made 60 audits" in str(first)


def test_the_simple_rules_get_the_table_that_exposes_them():
    checker = checkers.Auditor()
    costs = checker.baselines()
    assert costs["Rejecting everything"] == 60
    assert costs["Accepting everything"] == 5 * 80
    for rule, kinds in (
        (lambda update: True, {"lucky", "glitch", "gamed"}),
        (checker.naive[1], {"glitch", "gamed"}),
        (lambda update: False, set()),
    ):
        seen = checker.confusion(rule, checker.held_out())
        assert kinds <= {kind for kind, n in seen.slipped.items() if n >= 10}
        assert checkers.Auditor.judge(rule).outcome is Outcome.DOES_NOT_HOLD


def test_no_rule_without_audits_holds():
    """Thresholds on score and distance, tuned on the held-out bank itself, do not beat the best."""
    checker = checkers.Auditor()
    updates = checker.held_out()
    score = np.array([u.score for u in updates])
    ahead = score - np.array([u.runner_up for u in updates])
    good = np.array([u.kind == "good" for u in updates])
    costs = [
        5 * np.sum(taken & ~good) + np.sum(~taken & good)
        for least in np.arange(0, 6, 0.25)
        for most in (0.1, 0.25, 0.5, 1, 1.5, 2, 4)
        for taken in [(score > least) & (ahead < most)]
    ]
    assert min(costs) >= min(checker.baselines().values()) > 50


def test_a_rule_that_catches_the_refusal_goes_on_without_audits():
    def stubborn(update):
        try:
            return update.audit(100) > 0.6
        except bank.Overspent:
            return False

    assert checkers.Auditor.judge(stubborn).outcome in (Outcome.HOLDS, Outcome.DOES_NOT_HOLD)


def test_the_value_is_hidden_and_audits_are_shown():
    def peeks(update):
        return update.value > 0.5

    verdict = checkers.Auditor.judge(peeks)
    assert verdict.outcome is Outcome.CANNOT_BE_CHECKED
    assert "shows no 'value'" in verdict.message and "audit" in verdict.message


def test_curves_end_before_their_peaks():
    for curve in (*checkers.PeakAhead.practice(), *checkers.PeakAhead.held_out()):
        assert len(curve.distance) == len(curve.reward) == 12
        assert 0.4 <= curve.distance[-1] / curve.peak <= 0.95
        assert 1 <= curve.peak <= 4 < bank.FARTHEST
    assert checkers.PeakAhead.one_more().peak not in {
        curve.peak for curve in checkers.PeakAhead.held_out()
    }


def test_the_interval_of_the_chapter_covers_the_held_out_peaks():
    checker = checkers.PeakAhead()
    found = np.array([checkers._fieller(c.distance, c.reward) for c in checker.held_out()])
    holds = checker._scored(found)[1]
    assert abs(holds - 0.9) <= 4 * (0.9 * 0.1 / len(found)) ** 0.5
