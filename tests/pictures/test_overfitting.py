"""Chapter 08's record of the machine: that it is what the machine does, and what it says."""

import numpy as np
import pytest

from rsi_teach import machine
from rsi_teach.pictures import overfitting as pictures
from rsi_teach.pictures.overfitting import ALLOWED, LAB, REGIMES, SEEDS, graded, nulled, run_once

PRESETS = list(ALLOWED.values())
SAMPLES = [
    ("both", "reused", 11, None),
    ("stamp", "fresh", 3, None),
    ("recursive", "laddered", 5, None),
    ("replay", "thresholded", 7, None),
    ("both", "sealed", 2, None),
    ("stamp", "reused", 4, "images"),
    ("replay", "sealed", 9, "images"),
    ("both", "reused", 6, "labels"),
]


@pytest.mark.parametrize(("preset", "regime", "seed", "null"), SAMPLES)
def test_the_record_is_what_the_machine_does(preset, regime, seed, null):
    now = run_once(preset, regime, seed, null=null, generations=5)
    stored = graded(preset, regime, null)
    assert np.array_equal(now.visible[0], stored.visible[seed, :6])
    assert np.array_equal(now.deployed[0], stored.deployed[seed, :6])


def test_the_last_genomes_are_those_of_whole_runs():
    now = run_once("recursive", "fresh", 1)
    stored = graded("recursive", "fresh")
    assert np.array_equal(now.genomes[0], stored.genomes[1])
    assert np.array_equal(now.visible[0], stored.visible[1])


def test_the_record_is_complete():
    for preset, regime, null in pictures.conditions():
        found = graded(preset, regime, null)
        assert found.visible.shape == found.deployed.shape == (len(SEEDS), 31)
        assert found.genomes.shape == (len(SEEDS), 6)
        assert np.all((found.visible >= 0) & (found.visible <= 1))


def test_a_ladder_rises_by_whole_steps_only():
    for preset in PRESETS:
        rises = np.diff(graded(preset, "laddered").visible, axis=1)
        assert np.all((rises == 0) | (rises >= pictures.STEP - 1e-9))


def test_the_seal_grades_on_items_that_are_not_studied():
    world = machine.draw_world(LAB, 0)
    genome = machine.Genome(replay=5.0)
    trial = pictures.stages("sealed", 0)["experiment"](genome, world.lab, world.lab.visible)
    assert trial.replayed > 0
    held = pictures.share_right(trial.reader, world.lab.reserve)
    assert trial.visible == pytest.approx(held, abs=1e-4)
    studied = machine.experiment(genome, world.lab, world.lab.visible)
    assert studied.visible > held + 0.03


def test_the_gate_shows_the_studied_score_or_the_sealed_one():
    world = machine.draw_world(LAB, 0)
    experiment = pictures.stages("thresholded", 0)["experiment"]
    for genome in (machine.Genome(), machine.Genome(replay=20.0)):
        plain = machine.experiment(genome, world.lab, world.lab.visible)
        held = pictures.share_right(plain.reader, world.lab.reserve)
        shown = [experiment(genome, world.lab, world.lab.visible).visible for _ in range(20)]
        near = [min(abs(s - plain.visible), abs(s - held)) for s in shown]
        assert max(near) < 4 * pictures.GATE.tolerance
    assert abs(np.mean(shown) - held) < 0.02 < plain.visible - held


def test_an_unknown_regime_is_refused():
    with pytest.raises(ValueError, match="regime"):
        pictures.stages("none", 0)


@pytest.mark.parametrize("kind", ["images", "labels"])
def test_an_exchange_keeps_what_it_says(kind):
    world = machine.draw_world(LAB, 0)
    null = nulled(world, kind, 0)
    assert null.deployment is world.deployment and null.lab.train is world.lab.train
    for before, after in zip(
        (world.lab.visible, world.lab.reserve), (null.lab.visible, null.lab.reserve), strict=True
    ):
        assert np.array_equal(before.stamps, after.stamps)
        moved = after.pixels if kind == "images" else after.labels
        stayed = after.labels if kind == "images" else after.pixels
        assert np.array_equal(stayed, before.labels if kind == "images" else before.pixels)
        was = before.pixels if kind == "images" else before.labels
        assert not np.array_equal(moved, was)
        assert np.array_equal(np.sort(moved, axis=0), np.sort(was, axis=0))
    stamped = np.mean(null.lab.visible.stamps == null.lab.visible.labels)
    assert stamped > 0.8 if kind == "images" else stamped < 0.25


def ends(preset, regime, null=None):
    return graded(preset, regime, null).visible[:, -1]


def test_what_the_chapter_says_of_the_gaps():
    def gap(preset, regime):
        return graded(preset, regime).gap[:, -1].mean()

    assert 3 < gap("recursive", "reused") < 4
    assert gap("recursive", "sealed") < 0.6 * gap("recursive", "reused")
    assert gap("replay", "sealed") < 0.25 * gap("replay", "reused")
    assert 0.6 < gap("replay", "fresh") / gap("replay", "reused") < 0.75
    assert all(13 < gap("stamp", regime) < 18.5 for regime in REGIMES)
    assert all(gap("both", regime) > 13 for regime in REGIMES)


def test_what_the_chapter_says_of_the_control():
    for regime in REGIMES:
        assert ends("recursive", regime, "images").max() < 0.21
        assert ends("stamp", regime, "images").min() > 0.8
        assert ends("both", regime, "images").min() > 0.8
    assert ends("replay", "reused", "images").min() > 0.9
    assert ends("replay", "sealed", "images").max() < 0.2
    assert ends("replay", "thresholded", "images").max() < 0.2
    assert ends("stamp", "reused", "labels").max() < 0.21
    assert ends("replay", "reused", "labels").min() > 0.9


def test_the_ladder_of_the_picture_is_the_ladder_of_the_model():
    """The picture climbs over records of normal noise; the model over labels."""
    from rsi_teach.models import overfitting

    for step, queries in ((0.005, 300), (0.02, 1000)):
        drawn = overfitting.simulated_attack(
            items=1000, queries=queries, runs=60, rng=np.random.default_rng(8), step=step
        )
        shown = pictures._on_the_ladder(1000, step, np.array([queries]), 40)[0]
        error = np.hypot(drawn.std() / 60**0.5, shown.std() / 40**0.5)
        assert abs(drawn.mean() - shown.mean()) <= 4 * error
