"""Chapter 08's exercises: what their checkers rest on."""

from collections import Counter
from itertools import islice

import numpy as np
import pytest

from rsi_teach.learn.checker import Outcome
from rsi_teach.learn.checkers import overfitting as checkers
from rsi_teach.learn.checkers import overfitting_answers as answers
from rsi_teach.learn.checkers import overfitting_bank as bank
from rsi_teach.models import overfitting

BANKS = {name: bank.load_updates(name) for name in bank.UPDATE_SEEDS}


@pytest.mark.parametrize("name", BANKS)
def test_a_bank_has_the_kinds_that_it_should_have(name):
    assert Counter(update.kind for update in BANKS[name]) == bank.UPDATE_SIZES
    for update in BANKS[name]:
        assert update.visible_after >= update.visible_before
        assert 0 <= update.control_before <= 1 and 0 <= update.control_after <= 1
    kinds = [update.kind for update in BANKS[name]]
    assert set(kinds[:60]) == set(kinds[-60:]) == set(bank.UPDATE_SIZES)


def test_the_updates_are_those_of_real_runs():
    found = list(bank.found_in(bank.UPDATE_SEEDS["held_out"][0]))
    stored = {tuple(round(x, 9) for x in row) for row in rows_of("held_out")}
    here = [tuple(round(x, 9) for x in row) for _, row in found]
    assert sum(row in stored for row in here) >= 2


def rows_of(name):
    with np.load(bank.UPDATES) as file:
        return file[f"{name}_scores"].tolist()


def test_the_banks_share_no_seeds():
    practice, held_out = (set(seeds) for seeds in bank.UPDATE_SEEDS.values())
    assert not practice & held_out


def test_the_gate_answers_within_its_noise():
    agree, far = [], []
    for update in BANKS["held_out"]:
        change = update.visible_after - update.visible_before
        answer = update.ask()
        assert answer == update.ask()
        if 0.001 < abs(change - update.sealed_change) < 0.003:
            agree.append(answer == change)
        elif abs(change - update.sealed_change) > 0.03:
            far.append(answer - update.sealed_change)
    assert len(agree) > 5 and np.mean(agree) > 0.8
    assert abs(np.mean(far)) < 0.005 and np.std(far) < 0.01


def test_the_wicket_counts_and_refuses():
    wicket = bank.Wicket(BANKS["held_out"], questions=2)
    first, second, third = islice(wicket, 3)
    assert (first.questions_left, first.updates_left) == (2, 135)
    first.ask()
    second.ask()
    with pytest.raises(bank.NoQuestionsLeft, match="at update 3 of 135"):
        third.ask()
    assert wicket.asked == 2 and wicket.refused


def test_the_simple_rules_get_the_table_that_exposes_them():
    checker = checkers.GateKeeper()
    costs = checker.baselines()
    assert costs["Rejecting everything"] == 60
    assert costs["Accepting everything"] == 5 * 75
    for rule, kinds in (
        (lambda update: True, {"lucky", "studied", "stamped"}),
        (checker.naive[1], {"lucky", "stamped"}),
        (lambda update: False, set()),
    ):
        seen = checker.confusion(rule, checker.held_out())
        assert kinds <= {kind for kind, n in seen.slipped.items() if n >= 5}
        assert checkers.GateKeeper.judge(rule).outcome is Outcome.DOES_NOT_HOLD


@pytest.mark.parametrize("name", BANKS)
def test_neither_instrument_is_enough(name):
    """Thresholds tuned on the bank itself, with as many questions as are wanted."""
    updates = BANKS[name]
    good = np.array([u.kind == "good" for u in updates])
    asked = np.array([u.ask() for u in updates])
    after = np.array([u.control_after for u in updates])
    rise = after - np.array([u.control_before for u in updates])

    def cost(taken):
        return 5 * np.sum(taken & ~good) + np.sum(~taken & good)

    gate = min(cost(asked > least) for least in np.arange(-0.02, 0.02, 0.001))
    control = min(
        cost((after < most) & (rise < step))
        for most in (0.12, 0.15, 0.2, 0.3, 0.5, 1.1)
        for step in (0.0, 0.01, 0.03, 0.1, 1.0)
    )
    both = min(
        cost((after < 0.5) & (rise < 0.03) & (asked > least))
        for least in np.arange(-0.02, 0.02, 0.001)
    )
    assert both < 60 < gate and control > 60


def test_an_update_shows_no_kind_and_no_sealed_change():
    verdict = checkers.GateKeeper.judge(lambda update: update.sealed_change > 0)
    assert verdict.outcome is Outcome.CANNOT_BE_CHECKED
    assert "shows no 'sealed_change'" in verdict.message


def test_checks_say_the_same_twice():
    for checker in (checkers.GateKeeper, checkers.SpendItems, checkers.RunTheAttack):
        first, again = (str(checker.judge(checker.right[0])) for _ in range(2))
        assert first == again


def test_the_oracle_counts_and_wants_labels():
    oracle = answers.new_oracle(1, 50, 2)
    for wrong in (np.ones(49), np.full(50, 0.5), [1]):
        with pytest.raises(ValueError, match="50 labels"):
            answers.new_oracle(1, 50, 2)(wrong)
    shares = [oracle(np.ones(50, int)), oracle(np.zeros(50, int))]
    assert sum(shares) == pytest.approx(1)
    with pytest.raises(answers.NoMoreAnswers):
        oracle(np.ones(50, int))


def test_the_attack_of_the_checker_has_the_score_of_the_formula():
    scores = []
    for seed in range(30):
        oracle = answers.new_oracle(seed, 501, 150)
        labels = answers.voted(oracle, 501, 150, np.random.default_rng(seed))
        scores.append(oracle.score(labels))
    closed = float(overfitting.attack_accuracy(501, 150))
    error = float(overfitting.attack_spread(501, 150)) / 30**0.5
    assert abs(np.mean(scores) - closed) <= 4 * error + 0.002


def test_the_labs_differ_and_plans_are_compared_on_the_same_draws():
    practice, held_out = (bank.labs(name) for name in bank.LAB_SEEDS)
    assert not {lab.budget for lab in practice} & {lab.budget for lab in held_out}
    plan = checkers._split(held_out[0].budget, 0.7)
    once, again = (bank.outcome(held_out[0], plan, 3) for _ in range(2))
    assert once == again


@pytest.mark.parametrize("name", bank.LAB_SEEDS)
def test_a_large_test_and_one_for_the_report_beat_the_simple_plans_in_every_lab(name):
    for seed, lab in enumerate(bank.labs(name)):
        earned = {
            words: value - 2 * off
            for words, rule in checkers.SIMPLE_PLANS.items()
            for value, off in [bank.outcome(lab, rule(lab.budget), seed)]
        }
        value, off = bank.outcome(lab, checkers._split(lab.budget, 2 / 3), seed)
        assert value - 2 * off > max(earned.values())
