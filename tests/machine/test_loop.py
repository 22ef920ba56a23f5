"""The loop: its record, its stages, and what can never reach it."""

import os
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from itertools import islice

import numpy as np
import pytest

from rsi_teach.machine import (
    PRESETS,
    STAGES,
    Deployment,
    Genome,
    Images,
    Lab,
    LabData,
    Permissions,
    Update,
    World,
    draw_world,
    experiment,
    fresh_exam,
    gated,
    generations,
    load_digits,
    run,
    select,
    sweep,
)

RUN = run(PRESETS["both"], generations=8, seed=2)
DECIDED = ("proposals", "scores", "winners", "genomes", "visible", "queries")


def assert_same(one, other, names=(*DECIDED, "predictions", "deployed")):
    for name in names:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)


def test_the_shape_of_the_record():
    assert RUN.visible.shape == RUN.deployed.shape == RUN.queries.shape == RUN.winners.shape == (8,)
    assert RUN.scores.shape == (8, 12)
    assert RUN.proposals.shape == (8, 12, 6)
    assert RUN.genomes.shape == (8, 6)
    assert RUN.predictions.shape == (8, 1147)
    assert RUN.seconds.shape == (8, len(STAGES))
    assert (RUN.seconds >= 0).all()


def test_the_record_agrees_with_itself():
    world = draw_world(Lab(), 2)
    before = RUN.generations[0].before
    assert before.genome == Genome()
    for turn, proposals, scores in zip(RUN.generations, RUN.proposals, RUN.scores, strict=True):
        assert turn.before is before
        if turn.winner < 0:
            assert turn.after is turn.before
            assert turn.update is None
            assert scores.max() < turn.before.visible
        else:
            assert turn.after is turn.trials[turn.winner]
            assert turn.winner == scores.argmax()
            assert turn.update == Update(
                before=turn.before.genome,
                after=turn.after.genome,
                visible_before=turn.before.visible,
                visible_after=turn.after.visible,
            )
            assert tuple(proposals[turn.winner]) == tuple(
                getattr(turn.after.genome, field.name) for field in fields(Genome)
            )
        read = turn.after.reader.read(world.deployment.images)
        np.testing.assert_array_equal(read, turn.predictions)
        assert turn.deployed == np.mean(read == world.deployment.images.labels)
        before = turn.after
    assert RUN.reader is before.reader


@pytest.mark.parametrize("preset", PRESETS)
def test_the_visible_score_never_falls_on_a_fixed_test(preset):
    record = run(PRESETS[preset], generations=8, seed=4)
    assert (np.diff(record.visible) >= 0).all()


def test_every_score_is_a_query():
    assert RUN.queries.tolist() == [1 + 12 * turn for turn in range(1, 9)]
    np.testing.assert_array_equal(RUN.items_read, 150 * RUN.queries)
    calls = []

    def counted(genome, data, exam):
        calls.append(len(exam))
        return experiment(genome, data, exam)

    lab = Lab(proposals=3, n_visible=40, n_reserve=100)
    record = run(Permissions(), lab=lab, generations=4, experiment=counted, exam=fresh_exam)
    assert record.queries.tolist() == [4, 8, 12, 16]
    assert record.items_read[-1] == sum(calls)


def test_a_fresh_exam_is_fresh_and_never_a_training_or_deployed_image():
    lab = Lab(n_reserve=450)
    world, seen = draw_world(lab, 1), []

    def keep(genome, data, exam):
        seen.append(exam)
        return experiment(genome, data, exam)

    stages = {"experiment": keep, "exam": fresh_exam}
    run(Permissions(), lab=replace(lab, proposals=1), seed=1, generations=3, **stages)
    rows = {tuple(exam.rows) for exam in seen}
    assert len(rows) == 3
    allowed = set(world.lab.visible.rows) | set(world.lab.reserve.rows)
    assert all(set(exam) <= allowed and len(set(exam)) == 150 for exam in rows)
    with pytest.raises(ValueError, match="n_reserve"):
        run(Permissions(), generations=1, exam=fresh_exam)


def test_the_same_seed_gives_the_same_record_and_another_does_not():
    assert_same(RUN, run(PRESETS["both"], generations=8, seed=2))
    assert not np.array_equal(RUN.scores, run(PRESETS["both"], generations=8, seed=3).scores)


def test_a_longer_run_begins_like_a_shorter_one_and_the_generator_is_the_same_loop():
    turns = list(islice(generations(PRESETS["both"], seed=2), 3))
    np.testing.assert_array_equal([turn.deployed for turn in turns], RUN.deployed[:3])


def test_the_order_in_which_proposals_are_tried_does_not_matter():
    genomes = [trial.genome for trial in RUN.generations[3].trials]
    data = draw_world(Lab(), 2).lab
    backwards = [experiment(genome, data, data.visible) for genome in genomes[::-1]][::-1]
    for trial, other in zip(RUN.generations[3].trials, backwards, strict=True):
        np.testing.assert_array_equal(trial.reader.weights, other.reader.weights)
        assert trial.correct == other.correct


THREADS = """
import hashlib, sys
from rsi_teach.machine import PRESETS, run
digest = hashlib.sha256()
record = run(PRESETS["both"], generations=4, seed=11)
for turn in record.generations:
    for trial in turn.trials:
        digest.update(trial.reader.weights.tobytes())
        digest.update(bytes([trial.correct]))
    digest.update(turn.predictions.tobytes())
digest.update(record.proposals.tobytes())
print(digest.hexdigest())
"""


def test_results_do_not_depend_on_the_number_of_threads():
    def digest(threads):
        names = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
        own = os.environ | dict.fromkeys(names, threads) | {"PYTHONPATH": os.pathsep.join(sys.path)}
        done = subprocess.run(
            [sys.executable, "-c", THREADS], env=own, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    digests = [digest(threads) for threads in ("1", "2", "4")]
    assert len(digests[0]) == 64
    assert len(set(digests)) == 1


def test_the_first_three_stages_are_handed_no_deployed_image():
    """Structure: what the lab's stages get holds no array of the deployment."""
    world = draw_world(Lab(n_reserve=50), 1)
    assert {field.name for field in fields(LabData)} == {"train", "visible", "reserve", "basis"}
    unseen = set(world.deployment.images.rows.tolist())
    for part in (world.lab.train, world.lab.visible, world.lab.reserve):
        assert not unseen & set(part.rows.tolist())
        for own in vars(part).values():
            for deployed in vars(world.deployment.images).values():
                assert not np.shares_memory(own, deployed)


class Untouchable:
    """Deployed images that raise as soon as anybody looks at them."""

    def __getattr__(self, name):
        raise AssertionError(f"somebody looked at the deployed images' {name}")


@pytest.mark.parametrize("preset", ["recursive", "both"])
def test_no_deployed_image_or_label_reaches_training_proposal_or_selection(preset):
    """Behaviour: ruin the deployed half of the world; the lab's record stays bit for bit."""
    world, noise = draw_world(Lab(), 2), np.random.default_rng(0)
    clean = run(PRESETS[preset], generations=6, seed=2, world=world)

    images = world.deployment.images
    n = len(images)
    shuffled = Images(
        rows=images.rows,
        pixels=noise.permutation(images.pixels),
        stamps=noise.permutation(images.stamps),
        labels=noise.permutation(images.labels),
    )
    swapped = World(lab=world.lab, deployment=Deployment(images=shuffled))
    other = run(PRESETS[preset], generations=6, seed=2, world=swapped)
    assert_same(clean, other, DECIDED)
    assert not np.array_equal(clean.deployed, other.deployed)

    blank = np.full(n, np.nan)
    nan = World(lab=world.lab, deployment=Deployment(images=Untouchable()))
    object.__setattr__(nan.deployment, "accuracy", lambda predictions: float("nan"))
    poisoned = run(
        PRESETS[preset], generations=6, seed=2, world=nan, deploy=lambda reader, unseen: blank
    )
    assert_same(clean, poisoned, DECIDED)
    assert np.isnan(poisoned.deployed).all()


def test_nothing_of_the_deployed_rows_leaks_when_the_data_set_itself_is_poisoned():
    """End to end: the deployed rows of the file turn to rubbish before anything is drawn."""
    digits, unseen = load_digits(), draw_world(Lab(), 2).deployment.images.rows
    pixels, labels = digits.pixels.copy(), digits.labels.copy()
    pixels[unseen], labels[unseen] = 16 - pixels[unseen], (labels[unseen] + 5) % 10
    rubbish = draw_world(Lab(), 2, replace(digits, pixels=pixels, labels=labels))
    record = run(PRESETS["both"], generations=8, seed=2, world=rubbish)
    assert_same(RUN, record, DECIDED)
    assert record.deployed.max() < RUN.deployed.min()


def test_the_callback_sees_every_generation_and_changes_nothing():
    seen = []
    record = run(PRESETS["both"], generations=8, seed=2, on_generation=seen.append)
    assert tuple(seen) == record.generations
    assert [turn.index for turn in seen] == list(range(8))
    assert_same(RUN, record)


def test_select_takes_the_first_of_the_best_and_prefers_news_to_a_tie():
    trials = RUN.generations[0].trials
    incumbent, best = trials[0], max(trial.correct for trial in trials)
    assert select(incumbent, trials).correct == best
    tied = [replace(trial, correct=100) for trial in trials]
    assert select(replace(incumbent, correct=100), tied) is tied[0]
    worse = replace(incumbent, correct=101)
    assert select(worse, tied) is worse


def test_a_gate_keeps_what_it_rejects_out_of_use():
    asked = []

    def no_stamp(update):
        asked.append(update)
        return update.after.stamp == 0

    shut = run(PRESETS["both"], generations=6, seed=2, select=gated(no_stamp))
    assert len(asked) == 6 and all(isinstance(update, Update) for update in asked)
    assert (shut.genomes[:, 3] == 0).all()
    open_ = run(PRESETS["both"], generations=6, seed=2, select=gated(lambda update: True))
    np.testing.assert_array_equal(open_.genomes, RUN.genomes[:6])


def test_stages_can_be_replaced():
    still = run(
        Permissions(),
        generations=2,
        propose=lambda parent, permissions, lab, rng: [parent] * 4,
        deploy=lambda reader, deployment: deployment.images.labels,
    )
    assert still.scores.shape == (2, 4)
    assert len(set(still.scores.ravel().tolist())) == 1
    assert still.deployed.tolist() == [1.0, 1.0]


def test_sweeps_do_not_depend_on_the_executor():
    grid = [PRESETS["recursive"], PRESETS["both"]], [0, 7]
    here = sweep(*grid, generations=2)
    with ThreadPoolExecutor(2) as executor:
        there = sweep(*grid, generations=2, executor=executor)
    for one, other in zip(here[0] + here[1], there[0] + there[1], strict=True):
        assert (one.permissions, one.seed) == (other.permissions, other.seed)
        assert_same(one, other)
    np.testing.assert_array_equal(
        draw_world(Lab(), 7).lab.train.rows, draw_world(Lab(), here[1][1].seed).lab.train.rows
    )


def test_a_record_can_be_stored():
    assert_same(RUN, pickle.loads(pickle.dumps(RUN)))


def test_updates_say_what_moved():
    update = Update(
        before=Genome(),
        after=Genome(ridge=2.0, stamp=0.5),
        visible_before=0.9,
        visible_after=0.95,
    )
    assert update.moved == {"ridge": 1.0, "stamp": 0.5}
    for name in ("visible_before", "visible_after"):
        with pytest.raises(ValueError, match=name):
            replace(update, **{name: 1.5})


def test_bad_input_is_named_and_unknown_keywords_refused():
    with pytest.raises(ValueError, match="generations"):
        run(Permissions(), generations=0)
    with pytest.raises(ValueError, match="seed"):
        generations(Permissions(), seed=-1)
    for call in (run, generations):
        with pytest.raises(TypeError, match="luck"):
            call(Permissions(), luck=1)
