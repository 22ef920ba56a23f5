"""Chapter 17's record: that it is what the machine does, and what the chapter says of it."""

from dataclasses import replace

import numpy as np
import pytest

from rsi_teach import machine
from rsi_teach.models import capstone
from rsi_teach.models.capstone import BUDGET, NAIVE
from rsi_teach.pictures import capstone as pictures
from rsi_teach.pictures.capstone import DRAWN, EXAMPLES, PARTS, policies, swept


@pytest.mark.parametrize("part", PARTS)
def test_the_record_is_complete(part):
    found, (scenarios, seeds) = swept(part), PARTS[part]
    shape = (len(policies()), len(scenarios), len(seeds))
    assert found.progress.shape == found.harm.shape == shape
    assert np.all(np.isfinite(found.progress)) and np.all(found.harm >= 0)
    assert np.all(found.progress >= -100) and np.all(found.progress <= 100)


SAMPLES = [(place, part, 0, -1) for place in (3, DRAWN + 4) for part in PARTS]
SAMPLES += [(57, "practice", 5, 0), (101, "held-out", 2, 0), (DRAWN + 9, "held-out", 4, -1)]


@pytest.mark.parametrize(("place", "part", "scenario", "seed"), SAMPLES)
def test_the_record_is_what_the_machine_does(place, part, scenario, seed):
    scenarios, seeds = PARTS[part]
    now = machine.run_policy(policies()[place], scenarios[scenario], seeds[seed])
    assert now.progress == swept(part).progress[place, scenario, seed]
    assert now.harm == swept(part).harm[place, scenario, seed]


def test_the_policies_are_bought_and_differ():
    assert len(set(policies())) == len(policies()) == DRAWN + len(NAIVE) + len(EXAMPLES)
    assert max(policy.cost for policy in policies()) <= BUDGET


def of(policy, part="practice"):
    return swept(part).of(policy)


def test_the_naive_policies_fail_as_the_chapter_says():
    found = {name: of(policy) for name, policy in NAIVE.items()}
    assert found["nothing allowed"] == of(NAIVE["nothing allowed"], "held-out") == (0, 0)
    plain = of(EXAMPLES["plain"])
    for name in ("everything allowed, no checks", "only more tests of the same kind",
                 "five copies of one evaluator", "a human signs everything quickly"):  # fmt: skip
        assert found[name][1] > 3 * plain[1], name
        assert found[name][0] < plain[0], name
        assert of(NAIVE[name], "held-out")[1] > 8, name
    assert of(NAIVE["only more tests of the same kind"], "held-out")[0] < 0
    assert of(NAIVE["five copies of one evaluator"], "held-out")[0] < 0


def test_copies_are_no_better_than_one_and_others_are():
    """On practice and elsewhere, with one seed more than the record has."""
    five = NAIVE["five copies of one evaluator"]
    others = replace(five, evaluators=3, origin="elsewhere")
    grid = ([five, replace(five, evaluators=1), others], machine.PRACTICE[:3], [0])
    harm = machine.sweep_policies(*grid).harm.mean(axis=(1, 2))
    assert harm[0] > 0.5 * harm[1] and harm[2] < 0.25 * harm[0]


def test_some_policy_is_good_where_nobody_tuned():
    found = swept("held-out")
    harm, score = found.harm.mean(axis=(1, 2)), found.score().mean(axis=(1, 2))
    good = [p for p, h, s in zip(policies(), harm, score, strict=True) if h < 1 and s > 0]
    assert good and all(capstone.affordable(policy) for policy in good)
    assert EXAMPLES["replay, signed slowly"] in good
    assert not any(policy.scope in ("stamp", "everything") for policy in good)


def test_tuning_on_practice_overfits():
    gap, low, _ = pictures.overfit()
    assert low > 0 and gap > 10
    alone = pictures.overfit("held-out", 1)
    assert gap > alone[0]


def test_the_gap_on_practice_with_other_seeds_is_luck_and_small():
    assert abs(pictures.overfit("fresh")[0]) < 0.3 * pictures.overfit()[0]


def test_a_score_is_over_that_of_the_plain_policy():
    place = policies().index(EXAMPLES["plain"])
    for part in PARTS:
        assert np.all(swept(part).score()[place] == 0)
        nothing = swept(part).score()[policies().index(NAIVE["nothing allowed"])]
        plain = swept(part).progress[place] - 2 * swept(part).harm[place]
        assert np.allclose(nothing, -plain)


def test_the_curves_are_the_models():
    practice, other = pictures._scores("held-out", 2.0)
    here, there, low, high = pictures._curves("held-out", 2.0)
    assert here[0] == pytest.approx(practice.mean()) and here[-1] == practice.max()
    assert there[-1] == other[practice.argmax()]
    assert np.all(low <= there) and np.all(there <= high)


def test_the_design_is_the_policy_that_the_controls_say():
    policy = pictures.Design.policy(evaluators="five of the own family", after="pause, roll back")
    assert (policy.evaluators, policy.origin, policy.pause) == (5, "own family", 4)
    assert policy.rollback and pictures.Design.policy().cost == 29
