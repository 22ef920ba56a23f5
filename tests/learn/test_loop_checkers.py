"""Chapter 02's exercises: what their checkers rest on."""

import math

import numpy as np
import pytest

from rsi_teach.learn.checker import Outcome
from rsi_teach.learn.checkers import loop as checkers
from rsi_teach.learn.checkers import loop_bank
from rsi_teach.machine import (
    GENES,
    PRESETS,
    Genome,
    Lab,
    Update,
    fresh_exam,
    gated,
    measured_updates,
    run,
)
from rsi_teach.models import loop, progress

BANK = {name: loop_bank.load_bank(name) for name in loop_bank.BANK_SEEDS}


@pytest.mark.parametrize("fresh", [False, True])
def test_queries_are_those_that_the_machine_counts(fresh):
    lab = Lab(proposals=2, n_visible=40, n_reserve=80)
    exam = {"exam": fresh_exam} if fresh else {}
    record = run(PRESETS["recursive"], lab=lab, generations=3, **exam)
    counted = np.array([record.queries[-1], record.items_read[-1]])
    for right in checkers.Queries.right:
        np.testing.assert_array_equal(right(3, 2, 40, fresh), counted)


def test_the_right_proposal_drives_the_machine():
    propose = checkers.SelfAdapting.right[0]
    record = run(
        PRESETS["recursive"],
        generations=8,
        seed=1,
        propose=lambda parent, permissions, lab, rng: [propose(parent, rng) for _ in range(12)],
    )
    assert record.visible[-1] > record.generations[0].before.visible
    assert np.ptp(record.proposals[:, :, GENES.index("step")], axis=1).min() > 0
    assert (record.proposals[:, :, GENES.index("stamp")] == 0).all()


@pytest.mark.parametrize("name", BANK)
def test_a_bank_has_the_kinds_that_it_should_have(name):
    kinds = [update.kind for update in BANK[name]]
    assert {kind: kinds.count(kind) for kind in set(kinds)} == loop_bank.BANK_SIZES
    assert len(set(BANK[name])) == len(BANK[name])
    for update in BANK[name]:
        assert update.visible_after >= update.visible_before


def test_the_banks_share_no_seed_and_no_update():
    practice, held_out = loop_bank.BANK_SEEDS.values()
    assert not set(practice) & set(held_out)
    assert not set(BANK["practice"]) & set(BANK["held_out"])
    with np.load(loop_bank.BANKS) as file:
        assert set(file["practice_seed"]) <= set(practice)
        assert set(file["held_out_seed"]) <= set(held_out)


def test_the_machine_makes_the_banked_updates_again():
    """One seed of fourteen; `python -m rsi_teach.learn.checkers.loop_bank` makes both banks."""
    with np.load(loop_bank.BANKS) as file:
        seeds = file["held_out_seed"].tolist()
    seed = seeds[0]
    banked = {update for s, update in zip(seeds, BANK["held_out"], strict=True) if s == seed}
    assert len(banked) >= 3
    assert banked <= set(loop_bank.updates_of(seed))


def test_what_measured_updates_measure():
    found = measured_updates(PRESETS["both"], seed=3, generations=2)
    record = run(PRESETS["both"], seed=3, generations=2)
    made = [turn.update for turn in record.generations if turn.update]
    known = {each.update: each for each in found}
    assert made and all(update in known for update in made)
    last = record.generations[-1]
    assert known[last.update].deployed_after == last.deployed
    assert known[last.update].deployed_before == record.deployed[-2]
    assert known[last.update].change == last.deployed - record.deployed[-2]
    with pytest.raises(ValueError, match="generations"):
        measured_updates(PRESETS["both"], seed=3, generations=0)


def test_a_verifier_that_holds_also_holds_the_machine():
    """Two seeds, twelve generations: behind the gate both permissions no longer ruin it."""
    rule = checkers.Gatekeeper.right[0]
    ends = []
    for seed in (0, 1):
        free = run(PRESETS["both"], seed=seed, generations=12)
        held = run(PRESETS["both"], seed=seed, generations=12, select=gated(rule))
        assert held.genomes[-1, GENES.index("stamp")] == 0
        ends.append((free.deployed[-1], held.deployed[-1]))
    free, held = np.mean(ends, axis=0)
    assert held > free + 0.1


def test_learners_can_look_at_practice_updates_as_at_updates():
    update = BANK["practice"][0]
    same = Update(
        before=update.before,
        after=update.after,
        visible_before=update.visible_before,
        visible_after=update.visible_after,
    )
    for rule in checkers.Gatekeeper.right:
        assert rule(update) == rule(same)


def checked_claims():
    """Each claim of 02.4, computed."""
    lab = Lab()
    year = {days: 2 ** (365 / days) for days in (213, 108)}
    kept = loop.required_retention(target=0.9, generations=50, stages=4)
    slower, faster = progress.doubling_ratio(returns=np.array([0.7, 3.0]), parallel=1.0)
    tenfold, hundredfold = progress.amdahl(share=0.9, speedup=np.array([10.0, 100.0]))
    short = run(PRESETS["recursive"], generations=5)
    return {
        "A": round(slower, 2) == 1.35 and round(faster, 2) == 0.63,
        "B": round(progress.ces_cap(share=0.5, rho=-0.4), 2) == 5.66,
        "C": (round(year[213], 1), round(year[108], 1)) == (3.3, 10.4),
        "D": round(100 * kept, 2) == 99.79,
        "E": (round(tenfold, 1), round(hundredfold, 1)) == (5.3, 9.2)
        and math.isclose(progress.amdahl_cap(0.9), 10),
        "F": (np.diff(short.visible) >= 0).all() and short.queries[-1] + 55 * lab.proposals == 721,
    }


def test_one_claim_is_planted_and_its_key_is_the_sealed_one():
    holds = checked_claims()
    assert holds.keys() == checkers.CLAIMS.keys()
    flawed = [letter for letter, true in holds.items() if not true]
    assert len(flawed) == 1
    assert checkers.PlantedFlaw.right[0]()["claim"] == flawed[0]


def test_the_key_stands_nowhere_in_plain_words():
    assert len(checkers.PlantedFlaw.seal) == 64
    outcomes = [
        checkers.PlantedFlaw.judge(lambda c=claim, r=reason: {"claim": c, "reason": r}).outcome
        for claim in checkers.CLAIMS
        for reason in checkers.REASONS
    ]
    assert outcomes.count(Outcome.HOLDS) == 1


def test_a_child_is_a_genome_even_at_the_ends_of_the_ranges():
    wild = Genome(step=2.0, bandwidth=50.0, ridge=1e4, contrast=0.1)
    for seed in range(50):
        checkers.SelfAdapting.right[0](wild, np.random.default_rng(seed))
