"""Chapter 11's comparison of versions: what it must say of a version beside itself and a reader."""

from __future__ import annotations

import math

import numpy as np

from rsi_teach.pictures import detection


def test_a_version_has_no_fingerprint_beside_itself():
    told = detection.story("recursive", 0)
    found = detection.fingerprint(told.before, told.before, told.images)
    assert found.change == found.disagreement == found.kl == 0
    assert found.swapped == 0, "it does not read the stamp"
    assert found.accuracy > 0.85


def test_the_scores_are_those_that_the_version_reads_by():
    told = detection.story("stamp", 0)
    for reader in (told.before, told.after[-1]):
        largest = detection.scores(reader, told.images).argmax(axis=1)
        assert np.array_equal(largest, reader.read(told.images))


def test_evidence_by_hand():
    """Each hit is worth bet/null: two of them reach 20 at odds of 5, after four images."""
    happened = np.array([[0], [1], [0], [1]]).astype(bool)
    only = np.array([[0], [1], [0], [1]]).astype(bool)
    assert detection._first(happened, only, 0.1, 0.5) == 4
    assert detection._first(happened, None, 0.1, 0.5) == math.inf, "each miss costs"
    assert detection._first(np.ones((3, 1), bool), None, 0.1, 0.5) == 2
