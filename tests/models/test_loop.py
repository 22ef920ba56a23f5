"""Chapter 02: the four-stage loop against its exact means, and what follows from them."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from rsi_teach.models import loop as loops
from rsi_teach.models.loop import NO_REVIEW, STAGES, Loop, Review, Stage

RUNS = 20_000
LOOPS = {
    "default": Loop(),
    "steady": Loop(**{name: Stage(gain=0.02, leak=0.01, spread=0) for name in STAGES}),
    "bursty": Loop(**{name: Stage(gain=0.004, leak=0.005, spread=8) for name in STAGES}),
    "tight": Loop(**{name: Stage(gain=0.05, leak=0.0, spread=1) for name in STAGES}),
}
REVIEWS = {
    "none": NO_REVIEW,
    "rare": Review(every=15, restores=0.8),
    "each": Review(every=1, restores=0.1),
}


def uniform(generations: int, runs: int = RUNS, seed: int = 5) -> np.ndarray:
    return np.random.default_rng(seed).random((generations, 4, runs))


@pytest.mark.parametrize("name", LOOPS)
@pytest.mark.parametrize("review", REVIEWS.values(), ids=REVIEWS)
def test_the_ensemble_has_the_exact_means(name, review):
    loop, marks = LOOPS[name], np.array([1, 7, 15, 30, 40])
    found = loops.simulate(loop, uniform(40), review=review)
    for got, exact in (
        (found.alignment, loops.mean_alignment(loop, marks, review=review)),
        (found.capability, loops.mean_capability(loop, marks)),
    ):
        error = got[marks].std(axis=1, ddof=1) / math.sqrt(RUNS)
        assert np.all(np.abs(got[marks].mean(axis=1) - exact) <= 4.5 * error + 1e-12)


def test_the_push_has_mean_one_and_the_spread_it_says():
    """One generation of a loop that leaks at one stage: the loss is leak · w."""
    stage = Stage(gain=0, leak=0.02, spread=3)
    still = Stage(gain=0, leak=0, spread=0)
    loop = Loop(proposal=still, experiment=stage, selection=still, deployment=still)
    push = (1 - loops.simulate(loop, uniform(1, 200_000)).alignment[1]) / 0.02
    assert set(np.unique(push).round(9)) == {0.0, 10.0}
    assert abs(push.mean() - 1) <= 4 * 3 / math.sqrt(200_000)
    assert abs(np.mean(push > 0) - 0.1) <= 4 * math.sqrt(0.09 / 200_000)
    assert push.std() == pytest.approx(3, rel=0.02)


def test_a_run_by_hand():
    """Two generations, written out: who pushes is read from the noise, stage by stage."""
    loop = Loop(
        proposal=Stage(gain=0.1, leak=0.02, spread=1),
        experiment=Stage(gain=0.2, leak=0.04, spread=1),
        selection=Stage(gain=0.1, leak=0.10, spread=2),
        deployment=Stage(gain=0.0, leak=0.01, spread=0),
    )
    noise = np.array([[0.4, 0.6, 0.1, 0.9], [0.5, 0.0, 0.2, 0.0]])[:, :, None]
    found = loops.simulate(loop, noise, review=Review(every=2, restores=0.5))
    # Pushes of 2, 2, 5 and 1 come below 1/2, 1/2, 1/5 and always.
    capability = [1.0, 1.2 * 1.5, 1.2 * 1.5 * 1.4]
    first = 0.96 * 0.5 * 0.99
    second = first * 0.92 * 0.99
    alignment = [1.0, first, second + 0.5 * (1 - second)]
    np.testing.assert_allclose(found.capability[:, 0], capability)
    np.testing.assert_allclose(found.alignment[:, 0], alignment)


def test_stages_draw_independently_and_in_their_order():
    noise = uniform(3, 50)
    for s, name in enumerate(STAGES):
        silent = noise.copy()
        silent[:, s] = 0.999
        only = loops.perfected(Loop(), except_for=name)
        assert np.all(loops.simulate(only, silent).alignment == 1)
        assert np.any(loops.simulate(only, noise).alignment < 1)


def test_the_same_noise_gives_the_same_runs_and_stays_untouched():
    noise = uniform(10, 100)
    kept = noise.copy()
    first, again = (loops.simulate(Loop(), noise) for _ in range(2))
    np.testing.assert_array_equal(first.alignment, again.alignment)
    np.testing.assert_array_equal(noise, kept)
    shorter = loops.simulate(Loop(), noise[:4])
    np.testing.assert_array_equal(shorter.alignment, first.alignment[:5])


def test_spread_moves_the_runs_apart_and_leaves_the_mean():
    narrow, wide = (
        Loop(**{name: Stage(gain=0.01, leak=0.01, spread=s) for name in STAGES}) for s in (0, 5)
    )
    noise = uniform(50)
    steady = loops.simulate(narrow, noise).alignment[-1]
    spread = loops.simulate(wide, noise).alignment[-1]
    assert steady.std() < 1e-12
    assert abs(spread.mean() - steady.mean()) <= 4 * spread.std() / math.sqrt(RUNS)
    assert np.median(spread) < spread.mean() - 4 * spread.std() / math.sqrt(RUNS)


def test_the_mean_with_review_is_the_recursion():
    loop, review = Loop(), Review(every=7, restores=0.3)
    mean, walked = 1.0, [1.0]
    for g in range(1, 101):
        mean *= loop.retention
        mean += review.restores * (1 - mean) if g % review.every == 0 else 0
        walked.append(mean)
    np.testing.assert_allclose(loops.mean_alignment(loop, np.arange(101), review=review), walked)


def test_review_limits():
    every = np.arange(50)
    none = loops.mean_alignment(Loop(), every)
    for useless in (Review(every=1, restores=0), Review(every=250, restores=1)):
        np.testing.assert_allclose(loops.mean_alignment(Loop(), every, review=useless), none)
    whole = Review(every=1, restores=1)
    np.testing.assert_allclose(loops.mean_alignment(Loop(), every, review=whole), 1)
    slight = Review(every=5, restores=1e-12)
    np.testing.assert_allclose(loops.mean_alignment(Loop(), every, review=slight), none, atol=1e-9)
    sound = Loop(**{name: Stage(leak=0) for name in STAGES})
    assert np.all(loops.mean_alignment(sound, every, review=Review()) == 1)


def test_the_numbers_of_the_design():
    one_percent = Stage(gain=0, leak=0.01, spread=0)
    still = Stage(gain=0, leak=0, spread=0)
    loop = Loop(proposal=still, experiment=still, selection=one_percent, deployment=still)
    assert float(loops.mean_alignment(loop, 100)) == pytest.approx(0.3660, abs=5e-5)
    q = loops.required_retention(target=0.9, generations=50)
    assert q == pytest.approx(0.99790, abs=5e-6)
    assert loops.required_retention(target=0.9, generations=50, stages=4) ** 4 == pytest.approx(q)


@pytest.mark.parametrize("floor", [0.99, 0.9, 0.5, 0.1])
def test_generations_until_is_the_first_one_below(floor):
    n = loops.generations_until(Loop(), floor)
    assert loops.mean_alignment(Loop(), int(n)) <= floor < loops.mean_alignment(Loop(), int(n) - 1)


def test_generations_until_at_its_edges():
    sound = Loop(**{name: Stage(leak=0) for name in STAGES})
    assert loops.generations_until(sound, 0.5) == math.inf
    assert loops.generations_until(sound, 1.0) == 0
    q = Loop().retention
    assert loops.generations_until(Loop(), q**10) == 10  # exactly on the floor counts
    ruin = replace(Loop(), selection=Stage(leak=1.0, spread=0))
    assert loops.generations_until(ruin, 0.01) == 1


def test_loss_shares_are_what_perfecting_a_stage_gives_back():
    whole = math.log(Loop().retention)
    for share, name in zip(loops.loss_shares(Loop()), STAGES, strict=True):
        alone = loops.perfected(Loop(), except_for=name)
        assert share == pytest.approx(math.log(alone.retention) / whole)
    assert loops.loss_shares(Loop()).sum() == pytest.approx(1)
    sound = Loop(**{name: Stage(leak=0) for name in STAGES})
    assert loops.loss_shares(sound).tolist() == [0, 0, 0, 0]


def test_the_weakest_stage_decides_until_the_leaks_are_equal():
    assert loops.weakest_stage_decides(Loop())
    best = loops.perfected(Loop(), except_for="selection")
    assert best.retention == pytest.approx(0.98)  # three perfect stages do not help past the fourth
    equal = Loop(**{name: Stage(leak=0.007) for name in STAGES})
    assert not loops.weakest_stage_decides(equal)
    rates = [
        -math.log(x.retention) for x in (equal, loops.perfected(equal, except_for="selection"))
    ]
    assert rates[1] / rates[0] == pytest.approx(0.25)


def test_a_push_cannot_do_more_than_it_may():
    ruinous = Stage(gain=0.2, leak=0.2, spread=2)
    loop = Loop(**{name: ruinous for name in STAGES})
    found = loops.simulate(loop, np.zeros((3, 4, 2)))
    assert np.all(found.alignment[1:] == 0)
    assert found.capability[-1, 0] == pytest.approx(2.0**12)
    with pytest.raises(ValueError, match="leak"):
        Stage(gain=0.1, leak=0.21, spread=2)
    with pytest.raises(ValueError, match="gain"):
        Stage(gain=0.21, leak=0.1, spread=2)


def test_the_longest_run_still_fits_a_float():
    loop = Loop(**{name: Stage(gain=0.2, leak=0.2, spread=2) for name in STAGES})
    found = loops.simulate(loop, np.zeros((loops.LONGEST, 4, 1)))
    assert np.isfinite(found.capability).all()
    most = Loop(**{name: Stage(gain=1.0, leak=0, spread=0) for name in STAGES})
    assert np.isfinite(loops.mean_capability(most, loops.LONGEST))


@pytest.mark.parametrize(
    "noise", [np.zeros((3, 4)), np.zeros((3, 5, 2)), np.ones((3, 4, 2)), np.zeros((251, 4, 1))]
)
def test_crooked_noise_is_refused(noise):
    with pytest.raises(ValueError, match="noise"):
        loops.simulate(Loop(), noise)
