"""Who holds which images."""

import math

import numpy as np
import pytest

from rsi_teach.machine import Lab, draw_world, load_digits


def test_the_published_digits():
    digits = load_digits()
    assert digits.pixels.shape == (1797, 64)
    assert (digits.pixels.min(), digits.pixels.max()) == (0, 16)
    assert np.bincount(digits.labels).tolist() == [
        178, 182, 177, 183, 181, 182, 181, 179, 174, 180
    ]  # fmt: skip
    with pytest.raises(ValueError, match="read-only"):
        digits.labels[0] = 9


def test_no_image_stands_twice_in_the_data():
    assert len(np.unique(load_digits().pixels, axis=0)) == 1797


@pytest.mark.parametrize("lab", [Lab(), Lab(n_reserve=450), Lab(n_train=10, n_visible=1)])
def test_every_image_has_one_place(lab):
    world = draw_world(lab, seed=3)
    parts = [world.lab.train, world.lab.visible, world.lab.reserve, world.deployment.images]
    sizes = [lab.n_train, lab.n_visible, lab.n_reserve, lab.n_deployed]
    assert [len(part) for part in parts] == sizes
    rows = np.concatenate([part.rows for part in parts])
    assert sorted(rows.tolist()) == list(range(1797))
    for part in parts:
        np.testing.assert_array_equal(part.pixels, load_digits().pixels[part.rows])


def test_labels_are_wrong_only_in_training_and_stamps_are_right_as_often_as_stated():
    truth = load_digits().labels
    wrong, right, chance = [], [], []
    for seed in range(20):
        world = draw_world(Lab(n_reserve=100), seed)
        data, unseen = world.lab, world.deployment.images
        wrong.append(data.train.labels != truth[data.train.rows])
        for part in (data.visible, data.reserve, unseen):
            np.testing.assert_array_equal(part.labels, truth[part.rows])
        for part in (data.train, data.visible, data.reserve):
            right.append(part.stamps == truth[part.rows])
        chance.append(unseen.stamps == unseen.labels)
    for hits, share in ((wrong, 0.15), (right, 0.9), (chance, 0.1)):
        hits = np.concatenate(hits)
        error = math.sqrt(share * (1 - share) / len(hits))
        assert abs(hits.mean() - share) < 4 * error


def test_settings_have_streams_of_their_own():
    plain, other = (draw_world(lab, 5) for lab in (Lab(), Lab(wrong_labels=0.4, features=20)))
    np.testing.assert_array_equal(plain.lab.train.rows, other.lab.train.rows)
    np.testing.assert_array_equal(plain.lab.train.stamps, other.lab.train.stamps)
    assert not np.array_equal(plain.lab.train.labels, other.lab.train.labels)
    assert not np.array_equal(plain.lab.train.rows, draw_world(Lab(), 6).lab.train.rows)


@pytest.mark.parametrize(
    ("named", "settings"),
    [
        ("n_train", {"n_train": 9}),
        ("n_train", {"n_train": 500.5}),
        ("wrong_labels", {"wrong_labels": 1.1}),
        ("n_visible", {"n_visible": 0}),
        ("n_reserve", {"n_reserve": -1}),
        ("n_train", {"n_train": 1600}),
        ("stamp_reliability", {"stamp_reliability": -0.1}),
        ("features", {"features": 0}),
        ("proposals", {"proposals": 0}),
        ("adaptation", {"adaptation": -1}),
        ("slowest", {"slowest": 3}),
        ("start", {"start": None}),
    ],
)
def test_the_lab_names_what_is_wrong(named, settings):
    with pytest.raises(ValueError, match=named):
        Lab(**settings)


@pytest.mark.parametrize("seed", [-1, 0.5, "one", None])
def test_a_seed_is_a_whole_number(seed):
    with pytest.raises(ValueError, match="seed"):
        draw_world(Lab(), seed)


def test_restamped_images_differ_in_every_stamp_and_in_nothing_else():
    images = draw_world(Lab(), 0).lab.visible
    other = images.restamped()
    assert np.all(other.stamps == (images.stamps + 1) % 10) and set(other.stamps) == set(range(10))
    for name in ("rows", "pixels", "labels"):
        assert np.array_equal(getattr(other, name), getattr(images, name))
