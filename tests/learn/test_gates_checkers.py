"""Chapter 12's bank of updates, what simple gates cost on it, and its planted flaw."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from rsi_teach.learn.checkers import gates as checkers
from rsi_teach.learn.checkers import gates_bank as bank
from rsi_teach.learn.checkers.gates import CLAIMS, PlantedFlaw, UnderCosts
from rsi_teach.models import gates

BANKS = {name: bank.load_bank(name) for name in ("practice", "held_out")}


def column(name: str, reading: str) -> np.ndarray:
    return np.array([getattr(update, reading) for update in BANKS[name]])


@pytest.mark.parametrize("name", BANKS)
def test_a_bank_has_what_it_says(name):
    updates = BANKS[name]
    assert len(updates) == bank.BANK_SIZE
    assert {update.kind for update in updates} == {"good", "bad"}
    assert 0.3 < np.mean(column(name, "kind") == "bad") < 0.45
    assert set(column(name, "stake")) == set(bank.STAKES)
    assert np.all(column(name, "jump") >= 0) and np.all(column(name, "moved") >= 0)
    assert np.all(np.abs(column(name, "swap")) <= 1)


def test_the_banks_share_no_run():
    assert not set(bank.BANK_SEEDS["practice"]) & set(bank.BANK_SEEDS["held_out"])


@pytest.mark.parametrize("name", BANKS)
def test_the_committed_updates_are_what_the_machine_does(name):
    """Every committed update of one seed, in order, among those that the run offers now."""
    with np.load(bank.BANKS) as file:
        seeds = file[f"{name}_seed"]
    seed = int(seeds[100])
    kept = [update for update, own in zip(BANKS[name], seeds, strict=True) if own == seed]
    offered = iter(bank.offered_by(seed))
    assert len(kept) >= 3 and all(update in offered for update in kept)


def test_the_readings_sort_as_the_chapter_says():
    for name, low, high in (("jump", 0.4, 0.55), ("moved", 0.6, 0.72), ("swap", 0.88, 0.95)):
        for which in BANKS:
            bad = column(which, "kind") == "bad"
            scores = column(which, name)
            assert low < gates.measured_curve(scores[~bad], scores[bad]).area < high


def test_what_the_simple_rules_cost():
    costs = list(UnderCosts().baselines().values())
    assert costs == [670, 149, 105, 99]
    for rule in (*UnderCosts.right, UnderCosts.slipping):
        rows = UnderCosts().by_stake(rule, BANKS["held_out"])
        assert sum(row[3] for row in rows.values()) <= 0.9 * min(costs)


def test_a_rule_is_charged_by_hand():
    two = [update for update in BANKS["practice"] if update.kind == "bad"][:1]
    two += [update for update in BANKS["practice"] if update.kind == "good"][:1]
    rows = UnderCosts().by_stake(lambda update: True, two)
    assert sum(row[3] for row in rows.values()) == two[0].stake
    rows = UnderCosts().by_stake(lambda update: False, two)
    assert sum(row[3] for row in rows.values()) == 1


def test_the_stake_is_told_apart_from_a_rule_that_ignores_it():
    verdict = UnderCosts.judge(lambda update: update.swap <= 0)
    assert "same answer whatever is at stake" in verdict.message
    verdict = UnderCosts.judge(lambda update: update.swap <= (-0.3 if update.stake > 1 else 0))
    assert "same answer" not in verdict.message


def test_no_threshold_on_the_other_readings_passes():
    """Tuned on the held-out bank itself, a threshold on jump or moved still costs too much."""
    least = min(UnderCosts().baselines().values())
    for name in ("jump", "moved"):
        for level in np.unique(column("held_out", name)):
            rows = UnderCosts().by_stake(
                lambda u, name=name, level=level: getattr(u, name) <= level, BANKS["held_out"]
            )
            assert sum(row[3] for row in rows.values()) > least


def test_five_claims_are_true_and_the_sealed_one_is_not():
    ppv = float(gates.predictive_value(0.9, 0.1, base_rate=1e-3))
    caught = 100 * 0.95 * float(gates.audit_catch(0.2, separation=2))
    alpha = 0.1 * (1 / 0.3 - 1)
    moment = stats.beta(alpha, 9 * alpha).moment(3)
    bound = 3 * (1 - 0.5) / 100
    go, wait = 0.9 - 0.1 * 5, np.exp(-0.05) * 0.9
    true = {
        "A": round(100 * ppv, 1) == 0.9,
        "B": round(100 - caught) == 5,
        "C": round(float(gates.erlang_c(2, 1.6)), 2) == 0.71
        and round(float(gates.mean_wait(2, arrival=16, minutes=6)), 1) == 10.7,
        "D": round(1000 * moment) == 19,
        "E": bound == 0.015,
        "F": round(go, 2) == 0.40 and round(wait, 3) == 0.856,
    }
    assert set(true) == set(CLAIMS)
    assert [letter for letter, holds in true.items() if not holds] == [
        PlantedFlaw.opened()["claim"]
    ]


def test_reviewers_by_two_routes():
    for case in checkers.ReviewersNeeded.cases_asked:
        answers = {answer(*case) for answer in checkers.ReviewersNeeded.right}
        assert len(answers) == 1
