"""Chapter 13's record of evaluators and their votes, its shops, and its attacks."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest

from rsi_teach import machine
from rsi_teach.learn.checkers import independence as checkers
from rsi_teach.learn.checkers import independence_attacks as attacks
from rsi_teach.learn.checkers import independence_bank as bank

# --- the record ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "seed", "preset"),
    [("chapter", 0, "recursive"), ("held_out", 2304, "both"), ("practice", 1307, "stamp")],
)
def test_the_record_is_what_the_machine_does(name, seed, preset):
    """Every update of the first three generations is in the record, bit for bit."""
    now = bank.judged(seed, preset, generations=3)
    with np.load(bank.RECORD) as record:
        kept = {part: record[f"{name}_{part}"] for part in ("agreement", "change", "rose", "seed")}
    stored = {
        bank._key({part: kept[part] for part in now}, row)
        for row in np.flatnonzero(kept["seed"] == seed)
    }
    assert len(now["change"]) > 10
    assert all(bank._key(now, row) in stored for row in range(len(now["change"])))


def test_the_correlations_are_what_the_readers_do():
    now, kept = bank.errors(1), bank.measured_errors()
    for name, values in now.items():
        assert np.array_equal(values, kept[name][1]), name


@pytest.fixture(scope="module")
def world():
    return machine.draw_world(bank.LAB, 0)


def test_families_differ_in_what_they_were_trained_on_and_in_nothing_else(world):
    """All read nearly as much on the lab's test, where the stamp is right; deployed they part."""
    visible, decides = world.lab.visible, bank.audited(world)[1]
    share = {
        family: np.mean([
            [np.mean(one.read(images) == images.labels) for images in (visible, decides)]
            for one in (bank.evaluator(world, family, number, 0) for number in range(3))
        ], axis=0)
        for family in bank.FAMILIES
    }  # fmt: skip
    assert all(0.8 < of[0] < 0.97 for of in share.values())
    assert share["stamped"][1] < 0.6 and min(share["plain"][1], share["elsewhere"][1]) > 0.8
    genomes = {f: bank.evaluator(world, f, 0, 0).genome for f in bank.FAMILIES}
    assert genomes["plain"].stamp == 0
    assert min(genomes["stamped"].stamp, genomes["elsewhere"].stamp) >= 0.3


def test_no_image_serves_two_purposes(world):
    audit, decides = bank.audited(world)
    parts = [world.lab.train, world.lab.visible, world.lab.reserve, audit, decides]
    rows = [set(part.rows.tolist()) for part in parts]
    assert sum(map(len, rows)) == len(set.union(*rows)) == 1797
    assert (len(audit), len(decides)) == (250, 397)


def test_the_outsiders_images_are_relabelled_as_badly_as_the_labs(world):
    given = bank._relabelled(world.lab.reserve, np.random.default_rng(0))
    assert abs(np.mean(given.labels != world.lab.reserve.labels) - 0.15) < 0.06
    assert abs(np.mean(given.stamps == given.labels) - 0.1) < 0.05
    assert np.array_equal(given.pixels, world.lab.reserve.pixels)


def test_an_unknown_family_is_refused(world):
    with pytest.raises(ValueError, match="family"):
        bank.evaluator(world, "nobody's", 0, 0)


def test_the_sets_share_no_world():
    seeds = [set(seeds) for seeds in bank.SEEDS.values()]
    assert not any(a & b for a, b in itertools.combinations(seeds, 2))


def test_kinds_are_called_by_deployment():
    for name in bank.SEEDS:
        found = bank.votes(name)
        assert np.all(found.change[found.kind == "good"] >= 0.01 - 1e-9)
        bad = (found.kind != "good") & (found.kind != "")
        assert np.all(found.change[bad] <= -0.02 + 1e-9)
        assert set(found.kind.tolist()) == {*bank.KINDS, ""}
        middle = found.change[found.kind == ""]
        assert np.all((middle > -0.02) & (middle < 0.01))


# --- what the chapter says of it -----------------------------------------------------------------


def test_what_the_chapter_says_of_the_families():
    found = bank.votes("chapter")
    approved = found.approved(0.0)

    def share(kind, place):
        return approved[found.kind == kind][:, place].mean()

    assert round(share("stamp", 0), 2) == 0.70 and round(share("good", 0), 2) == 0.55
    assert round(share("stamp", 1), 2) == round(share("stamp", 2), 2) == 0.04
    assert all(0.25 < share("replay", place) < 0.35 for place in range(3))
    assert Counter(found.kind.tolist())["stamp"] == 82 and len(found.kind) == 1068


@pytest.mark.parametrize("name", ["practice", "held_out"])
@pytest.mark.parametrize("margin", [0.0, 0.01])
def test_the_same_in_other_worlds_and_with_another_margin(name, margin):
    """Not only in the six worlds of the chapter: stamped approve most, the others few."""
    found = bank.votes(name)
    stamp = found.approved(margin)[found.kind == "stamp"].mean(axis=(0, 2))
    assert stamp[0] > 0.6 and max(stamp[1:]) < 0.16
    good = found.approved(margin)[found.kind == "good"].mean(axis=(0, 2))
    assert min(good[1:]) > 0.8


def test_one_of_each_is_as_good_as_two_outsiders_and_as_good_as_its_product():
    """In all three sets of worlds; the chapter prints the shares."""
    told = {"chapter": [0.065, 0.072], "practice": [0.030, 0.043], "held_out": [0.070, 0.067]}
    for name, shares in told.items():
        found = bank.votes(name)
        bad = (found.kind != "good") & (found.kind != "")
        yes = found.approved(0.0)[bad].sum(axis=2)
        stamped, outside = yes[:, 0] / bank.EACH, yes[:, 2] / bank.EACH
        mixed = np.mean(stamped * outside)
        assert [round(mixed, 3), round(stamped.mean() * outside.mean(), 3)] == shares
        two = np.mean(yes[:, 2] * (yes[:, 2] - 1)) / (bank.EACH * (bank.EACH - 1))
        assert mixed < two and stamped.mean() > 4.5 * outside.mean()


def test_what_the_chapter_says_of_the_correlations():
    mean = {name: values.mean(axis=0) for name, values in bank.measured_errors().items()}
    assert mean["between"].round(2).tolist() == [
        [0.38, 0.15, 0.09], [0.15, 0.39, 0.22], [0.09, 0.22, 0.25]
    ]  # fmt: skip
    assert mean["versions"][0].round(2).tolist() == [0.15, 0.45, 0.25]
    assert mean["versions"][3].round(2).tolist() == [0.32, 0.24, 0.15]
    every = bank.measured_errors()["versions"]
    assert np.all(every[:, 0, 1] > every[:, 0, 2]), "in every world the plain family is nearer"


# --- 13.2 ----------------------------------------------------------------------------------------


def test_a_shop_by_hand():
    miss, shares = np.array([[0.1, 0.8], [0.5, 0.2], [0.9, 0.9]]), np.array([0.6, 0.4])
    shop = attacks.Shop(miss=miss, shares=shares, costs=np.array([1.0, 1, 3]), budget=2.0)
    assert list(shop.affordable()) == [(0,), (1,), (0, 1)]
    assert shop.slips([0, 1]) == pytest.approx(0.6 * 0.05 + 0.4 * 0.16)
    assert shop.best() == pytest.approx(0.094)


@pytest.mark.parametrize("name", attacks.SHOP_SEEDS)
def test_diversity_costs_and_pays_in_every_shop(name):
    for shop in attacks.shops(name):
        assert np.isclose(shop.shares.sum(), 1) and shop.miss.shape == (10, 4)
        lab = [c for c in shop.affordable() if max(c) < 5]
        assert shop.best() < 0.6 * min(map(shop.slips, lab)), "some outsider is worth its price"
        assert shop.costs[:5].mean() < shop.costs[5:].mean()


def test_what_the_simple_ways_of_buying_let_through():
    held = attacks.shops("held_out")
    best = np.array([shop.best() for shop in held])

    def ratio(rule):
        return np.exp(np.mean(np.log([s.slips(rule(s)) for s in held] / best)))

    assert 3.5 < ratio(checkers._as_if) < 4.5
    assert 1.05 < ratio(checkers._greedy) < 1.3
    assert ratio(checkers._best) == pytest.approx(1)


@pytest.mark.parametrize("bad", [[[0, 1]], [-1], [0.5], [10]])
def test_no_list_of_places(bad):
    verdict = checkers.BestSet.judge(lambda miss, shares, costs, budget: bad)
    assert verdict.outcome.value == "cannot be checked"


# --- 13.3 ----------------------------------------------------------------------------------------


def test_the_last_attack_leaves_what_honest_work_leaves():
    for seen in attacks.observations(attacks.UNSEEN):
        assert seen.log == [(seen.task, seen.recomputed)] and seen.result == seen.recomputed
    kinds = {**attacks.HONEST, **attacks.FIRST, **attacks.SECOND}
    assert len(kinds) == 12 and attacks.UNSEEN not in kinds


def test_each_attack_of_the_first_round_spares_a_witness():
    """What the hint says: each of them leaves one witness as work would not."""
    for seen in attacks.observations("log spoofing"):
        assert abs(seen.result - seen.recomputed) >= 1 and seen.log[0] == (seen.task, seen.result)
    for seen in attacks.observations("result spoofing"):
        assert seen.result == seen.recomputed and not seen.log
    for seen in attacks.observations("says so"):
        assert not seen.log and seen.result == 0


# --- 13.4 ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["practice", "held_out"])
def test_a_bank_has_the_updates_that_it_says(name):
    updates = bank.load_bank(name)
    assert Counter(update.kind for update in updates) == bank.BANK_SIZES
    assert all(update.votes.shape == (9,) for update in updates)


def test_what_the_simple_rules_cost():
    """Held out; the text of the exercise rests on these."""
    costs = list(checkers.Voting().baselines().values())
    assert costs == [780, 120, 343, 111]
    answers = [checkers.Voting().confusion(r, bank.load_bank("held_out")).cost
               for r in checkers.Voting.right]  # fmt: skip
    assert answers == [66, 98]


def test_the_hidden_kind_is_hidden():
    verdict = checkers.Voting.judge(lambda update: update.kind == "good")
    assert "shows no 'kind'" in verdict.message
