"""The bank of logs of chapter 04, and the rules that must not pass on it."""

import numpy as np
import pytest

from rsi_teach.learn.checkers import drift as checkers
from rsi_teach.learn.checkers import drift_logs
from rsi_teach.models import drift
from rsi_teach.models.loop import STAGES


def score(rule, kind=None):
    bank = [entry for entry in drift_logs.held_out() if kind in (None, entry.kind)]
    return np.mean([rule(entry.log) == entry.stage for entry in bank])


def test_the_bank_has_both_kinds_and_every_stage():
    bank = drift_logs.held_out()
    kinds = [entry.kind for entry in bank]
    assert len(bank) == 60 and kinds.count(drift_logs.RARE) == kinds.count(drift_logs.STEADY) == 30
    assert {entry.stage for entry in bank} == set(STAGES)
    practised = {entry.log.before[:4].tobytes() for entry in drift_logs.practice()}
    assert not practised & {entry.log.before[:4].tobytes() for entry in bank}


def test_the_mean_per_passage_finds_the_leak():
    assert score(lambda log: STAGES[int(np.argmax(drift.stage_losses(log)[0]))]) > 0.95


@pytest.mark.parametrize("message", drift_logs.LOOKED_AT)
def test_every_tempting_rule_fails_on_a_kind(message):
    rule = drift_logs.LOOKED_AT[message]
    assert score(rule) < checkers.LeakingStage.needed
    assert min(score(rule, kind) for kind in (drift_logs.RARE, drift_logs.STEADY)) < 0.7


def test_a_rule_that_fails_in_its_own_way_is_not_told_another_one():
    rng = np.random.default_rng(0)
    verdict = checkers.LeakingStage.judge(lambda log: STAGES[rng.integers(4)])
    assert "Look at the kind of log" in verdict.message


def test_a_table_shows_the_kinds_whatever_the_outcome():
    for answer in (*checkers.LeakingStage.right, lambda log: "selection"):
        verdict = checkers.LeakingStage.judge(answer)
        assert drift_logs.RARE in str(verdict) and drift_logs.STEADY in str(verdict)
