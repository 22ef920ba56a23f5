"""The reader: its features, its closed form, and sums that are never rounded."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rsi_teach.machine import Genome, Lab, Reader, draw_world, experiment
from rsi_teach.machine.data import _draw_basis
from rsi_teach.machine.genome import RANGES
from rsi_teach.machine.reader import STAMP, TARGETS, fourier_features, on_grid

WORLD = draw_world(Lab(), seed=0)


def test_features_approximate_the_gaussian_kernel_on_pixels_and_stamp():
    genome = Genome(bandwidth=3.0, contrast=1.5, stamp=0.4)
    images, features = WORLD.lab.train.take(slice(0, 30)), 40_000
    cosines = fourier_features(genome, _draw_basis(features, np.random.default_rng(1)), images)
    inputs = np.hstack([(images.pixels / 16) ** 1.5, 0.4 * STAMP * np.eye(10)[images.stamps]])
    squared = ((inputs[:, None] - inputs[None]) ** 2).sum(axis=2)
    kernel = np.exp(-squared / (2 * 3.0**2))
    # 2 cos cos has a standard deviation of at most sqrt(2.5); 900 entries: five errors
    assert np.abs(2 * cosines @ cosines.T / features - kernel).max() < 5 * math.sqrt(2.5 / features)


def test_two_stamps_are_as_far_apart_as_two_average_images():
    pixels = WORLD.deployment.images.pixels / 16
    gaps = np.linalg.norm(pixels[:500] - pixels[500:1000], axis=1)
    assert abs(gaps.mean() - STAMP * math.sqrt(2)) < 4 * gaps.std() / math.sqrt(500)


def test_a_stamp_gain_of_zero_does_not_read_the_stamp():
    images = WORLD.lab.visible
    plain = Reader(genome=Genome(), basis=WORLD.lab.basis, weights=np.eye(150, 10))
    restamped = type(images)(
        rows=images.rows,
        pixels=images.pixels,
        stamps=(images.stamps + 1) % 10,
        labels=images.labels,
    )
    np.testing.assert_array_equal(plain.read(images), plain.read(restamped))


@pytest.mark.parametrize("replay", [0.0, 2.5])
def test_experiment_is_ridge_regression_with_failed_items_added(replay):
    genome, data = Genome(bandwidth=4.0, stamp=0.2, replay=replay), WORLD.lab
    trial = experiment(genome, data, data.visible)
    train, seen = (fourier_features(genome, data.basis, x) for x in (data.train, data.visible))
    rows, targets = train, TARGETS[data.train.labels]
    if replay:
        plain = experiment(Genome(bandwidth=4.0, stamp=0.2), data, data.visible)
        failed = plain.reader.read(data.visible) != data.visible.labels
        assert trial.replayed == failed.sum() > 0
        weight = math.sqrt(replay)
        rows = np.vstack([rows, weight * seen[failed]])
        targets = np.vstack([targets, weight * TARGETS[data.visible.labels[failed]]])
    rows = np.vstack([rows, math.sqrt(genome.ridge) * np.eye(150)])
    targets = np.vstack([targets, np.zeros((150, 10))])
    known = np.linalg.lstsq(rows, targets, rcond=None)[0]
    np.testing.assert_allclose(trial.reader.weights, known, atol=1e-5)
    read = trial.reader.read(data.visible)
    assert trial.correct == (read == data.visible.labels).sum()
    assert trial.visible == trial.correct / 150


@settings(max_examples=20, deadline=None)
@given(st.builds(Genome, **{gene: st.floats(*ends) for gene, ends in RANGES.items()}))
def test_sums_that_decide_are_exact_whatever_their_order(genome):
    data, order = WORLD.lab, np.random.default_rng(0).permutation(500)
    train = fourier_features(genome, data.basis, data.train)
    shuffled = train[order]
    np.testing.assert_array_equal(train.T @ train, shuffled.T @ shuffled)
    trial = experiment(genome, data, data.visible)
    assert np.isfinite(trial.reader.weights).all()
    first = train[0].tolist(), trial.reader.weights[:, 0].tolist()
    exact = sum(Fraction(a) * Fraction(b) for a, b in zip(*first, strict=True))
    assert Fraction(float(train[0] @ trial.reader.weights[:, 0])) == exact


def test_projections_are_exact_at_the_narrowest_kernel():
    turns = 4096 / (2 * math.pi * RANGES["bandwidth"][0])
    levels = on_grid((np.arange(17) / 16) ** 0.7, 12)[WORLD.lab.train.pixels]
    directions = on_grid(turns * WORLD.lab.basis.pixels, 16)
    order = np.random.default_rng(0).permutation(64)
    np.testing.assert_array_equal(
        levels @ directions, np.ascontiguousarray(levels[:, order]) @ directions[order]
    )
