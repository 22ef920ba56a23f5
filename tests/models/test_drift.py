"""Chapter 04: drift, first passage, collapse and leaks, each against what is known exactly."""

from __future__ import annotations

import math
from dataclasses import replace

import mpmath
import numpy as np
import pytest
from scipy import integrate, optimize, stats

from rsi_teach.models import drift as drifts
from rsi_teach.models import loop as loops
from rsi_teach.models.drift import Drift, Refit
from rsi_teach.models.loop import STAGES, Loop, Stage

RUNS = 20_000
DRIFTS = {
    "free": Drift(spread=0.3),
    "biased": Drift(bias=0.05, spread=0.3),
    "held": Drift(spread=0.3, correction=0.1),
    "held and biased": Drift(bias=-0.2, spread=1.0, correction=0.6),
    "forgetful": Drift(bias=0.1, spread=0.5, correction=1.0),
}
PASSAGES = {
    "towards": (Drift(bias=0.05, spread=0.3), 3.0),
    "none": (Drift(spread=0.3), 2.0),
    "away": (Drift(bias=-0.03, spread=0.4), 1.5),
    "steep": (Drift(bias=1.0, spread=0.2), 4.0),
}


def normal(*shape: int, seed: int = 4) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


# --- drift with correction


@pytest.mark.parametrize("name", DRIFTS)
def test_an_ensemble_has_the_exact_mean_and_variance(name):
    drift, marks = DRIFTS[name], np.array([1, 5, 40])
    found = drifts.simulate(drift, normal(40, RUNS))[marks]
    spread = np.sqrt(drifts.drift_variance(drift, marks))
    error = np.abs(found.mean(axis=1) - drifts.drift_mean(drift, marks))
    assert np.all(error <= 4.5 * spread / math.sqrt(RUNS))
    ratio = found.var(axis=1) / spread**2
    assert np.all(np.abs(ratio - 1) <= 4.5 * math.sqrt(2 / RUNS))


@pytest.mark.parametrize("name", DRIFTS)
def test_mean_and_variance_are_the_recursion(name):
    drift, mean, variance = DRIFTS[name], 0.0, 0.0
    for g in range(60):
        assert float(drifts.drift_mean(drift, g)) == pytest.approx(mean, abs=1e-12)
        assert float(drifts.drift_variance(drift, g)) == pytest.approx(variance, abs=1e-12)
        mean = (1 - drift.correction) * mean + drift.bias
        variance = (1 - drift.correction) ** 2 * variance + drift.spread**2


def test_where_a_correction_settles():
    drift = DRIFTS["held and biased"]
    assert drift.settled_mean == pytest.approx(float(drifts.drift_mean(drift, 500)))
    assert drift.settled_spread**2 == pytest.approx(float(drifts.drift_variance(drift, 500)))
    assert drift.settled_spread == pytest.approx(1 / math.sqrt(1 - 0.4**2))
    assert Drift(bias=-1).settled_mean == -math.inf and Drift().settled_spread == math.inf
    assert Drift(spread=0).settled_spread == 0 and Drift(bias=0).settled_mean == 0


def test_a_correction_that_is_nearly_nothing_changes_nearly_nothing():
    faint, none = Drift(bias=0.1, correction=1e-13), Drift(bias=0.1)
    for exact in (drifts.drift_mean, drifts.drift_variance):
        np.testing.assert_allclose(exact(faint, [1, 1000]), exact(none, [1, 1000]), rtol=1e-9)


def test_a_run_by_hand():
    path = drifts.simulate(Drift(bias=0.5, spread=2, correction=0.25), [[1.0], [-1.0], [0.0]])
    assert path[:, 0].tolist() == [0.0, 2.5, 0.375, 0.78125]


def test_the_noise_stays_untouched_and_runs_stay_apart():
    noise = normal(10, 5)
    kept = noise.copy()
    path = drifts.simulate(DRIFTS["held"], noise)
    np.testing.assert_array_equal(noise, kept)
    np.testing.assert_array_equal(path[:, 2:3], drifts.simulate(DRIFTS["held"], noise[:, 2:3]))


# --- first passage


def test_the_number_of_the_design():
    drift, boundary = PASSAGES["towards"]
    assert float(drifts.first_passage_cdf(drift, boundary, 30)) == pytest.approx(0.26713, abs=5e-6)
    assert drifts.first_passage_moments(drift, boundary) == pytest.approx((60, 2160))


@pytest.mark.parametrize("name", PASSAGES)
def test_the_density_is_the_derivative_and_its_integral_is_the_chance(name):
    drift, boundary = PASSAGES[name]
    time = np.array([0.7, 3.0, 10.0, 45.0])
    h = 1e-4 * time
    low, high = (drifts.first_passage_cdf(drift, boundary, time + s * h) for s in (-1, 1))
    density = drifts.first_passage_density(drift, boundary, time)
    np.testing.assert_allclose((high - low) / (2 * h), density, rtol=1e-5, atol=1e-12)
    total, _ = integrate.quad(
        lambda u: math.exp(u) * float(drifts.first_passage_density(drift, boundary, math.exp(u))),
        -6, 20, limit=400,
    )  # fmt: skip
    assert total == pytest.approx(float(drifts.first_passage_cdf(drift, boundary, math.exp(20))),
                                  abs=1e-7)  # fmt: skip
    if drift.bias:
        assert total == pytest.approx(drifts.chance_ever(drift, boundary), abs=1e-6)


def test_scipy_has_the_same_distribution():
    drift, boundary = PASSAGES["towards"]
    mean, shape = boundary / drift.bias, boundary**2 / drift.spread**2
    known = stats.invgauss(mean / shape, scale=shape)
    time = np.array([5.0, 30.0, 60.0, 300.0])
    np.testing.assert_allclose(drifts.first_passage_cdf(drift, boundary, time), known.cdf(time))
    np.testing.assert_allclose(drifts.first_passage_density(drift, boundary, time), known.pdf(time))
    assert drifts.first_passage_moments(drift, boundary) == pytest.approx(
        (known.mean(), known.var())
    )


@pytest.mark.parametrize(
    ("bias", "spread", "boundary", "time"),
    [(1, 0.05, 50, 50), (1, 0.05, 50, 49), (2, 0.1, 30, 15.5), (-1, 0.3, 2, 5), (0, 1, 30, 9)],
)
def test_huge_and_tiny_factors_meet_without_harm(bias, spread, boundary, time):
    with mpmath.workdps(60):
        b, s, a, t = map(mpmath.mpf, (str(bias), str(spread), str(boundary), str(time)))
        root = s * mpmath.sqrt(t)
        exact = mpmath.ncdf((b * t - a) / root)
        exact += mpmath.exp(2 * b * a / s**2) * mpmath.ncdf((-b * t - a) / root)
    got = drifts.first_passage_cdf(Drift(bias=bias, spread=spread), boundary, time)
    assert float(got) == pytest.approx(float(exact), rel=1e-9)


def test_the_reflection_principle_without_bias():
    got = drifts.first_passage_cdf(Drift(spread=0.3), 3, [0, 25, 100])
    np.testing.assert_allclose(got, [0, *(2 * stats.norm.sf([2, 1]))], atol=1e-12)
    assert drifts.first_passage_moments(Drift(), 3) == (math.inf, math.inf)


def test_a_correction_has_no_such_formula():
    for function in (drifts.first_passage_cdf, drifts.first_passage_density):
        with pytest.raises(ValueError, match="correction"):
            function(DRIFTS["held"], 3, 10)


@pytest.mark.parametrize("name", PASSAGES)
def test_with_the_bridge_the_looks_give_the_exact_chance(name):
    drift, boundary = PASSAGES[name]
    marks = np.array([10, 20, 30])
    paths = drifts.simulate(drift, normal(30, RUNS))
    chance = drifts.crossed(paths, boundary=boundary, between=drift.spread)[marks]
    error = chance.std(axis=1) / math.sqrt(RUNS)
    exact = drifts.first_passage_cdf(drift, boundary, marks)
    assert np.all(np.abs(chance.mean(axis=1) - exact) <= 4.5 * error + 1e-12)


@pytest.mark.parametrize("name", PASSAGES)
def test_without_it_they_find_too_few_and_exactly_so_many(name):
    drift, boundary = PASSAGES[name]
    paths = drifts.simulate(drift, normal(30, RUNS))
    seen = drifts.crossed(paths, boundary=boundary).mean(axis=1)
    exact = drifts.crossed_at_looks(drift, boundary, 30)
    assert np.all(np.abs(seen - exact) <= 4.5 * np.sqrt(exact * (1 - exact) / RUNS) + 1e-9)
    full = drifts.first_passage_cdf(drift, boundary, np.arange(31))
    assert np.all(exact <= full + 1e-9)
    if name != "steep":
        assert full[30] - exact[30] > 0.02


@pytest.mark.parametrize("correction", [0.05, 0.3, 1.0])
def test_looks_with_a_correction(correction):
    drift = Drift(bias=0.05, spread=0.5, correction=correction)
    paths = drifts.simulate(drift, normal(40, RUNS))
    seen = drifts.crossed(paths, boundary=1.2).mean(axis=1)
    exact = drifts.crossed_at_looks(drift, 1.2, 40)
    assert np.all(np.abs(seen - exact) <= 4.5 * np.sqrt(exact * (1 - exact) / RUNS) + 1e-9)
    if correction == 1:  # independent looks
        beyond = stats.norm.sf((1.2 - 0.05) / 0.5)
        np.testing.assert_allclose(exact, 1 - (1 - beyond) ** np.arange(41), atol=1e-8)


def test_a_crossing_cannot_be_undone_and_a_touch_counts():
    paths = np.array([[0.0, 0.0, 2.0], [1.0, 0.2, 0.0], [0.0, 0.4, 0.0]])
    for between in (0.0, 0.1):
        chance = drifts.crossed(paths, boundary=1, between=between)
        assert np.all(np.diff(chance, axis=0) >= 0)
        assert chance[:, 0].tolist() == [0, 1, 1] and chance[:, 2].tolist() == [1, 1, 1]
        assert chance[-1, 1] < 1e-9


def test_a_correction_comes_right_after_the_look():
    seen = np.array([[0.8], [0.5]])
    chance = drifts.crossed(seen, boundary=1, between=0.5, correction=0.5)
    assert chance[1, 0] == pytest.approx(math.exp(-2 * 0.6 * 0.5 / 0.25))
    way = Drift(spread=0.5, correction=0.4)
    whole = drifts.simulate(way, normal(12, RUNS))
    halves = np.repeat(whole, 2, axis=0)[:-1]  # and what was in the middle of each generation
    start = (1 - way.correction) * whole[:-1]
    halves[1::2] = (start + whole[1:]) / 2 + 0.25 * normal(12, RUNS, seed=6)
    coarse = drifts.crossed(whole, boundary=1, between=0.5, correction=0.4)[-1]
    first = np.exp(-2 * np.maximum(1 - start, 0) * np.maximum(1 - halves[1::2], 0) / 0.125)
    second = np.exp(-2 * np.maximum(1 - halves[1::2], 0) * np.maximum(1 - whole[1:], 0) / 0.125)
    fine = 1 - np.prod((1 - first) * (1 - second), axis=0)
    assert abs((coarse - fine).mean()) <= 4.5 * (coarse - fine).std() / math.sqrt(RUNS)


def test_looking_at_intervals_is_a_boundary_further_off():
    """The shift, in spreads, nears Broadie's 0.5826 as looks come more often."""
    shifts = [shift_of_looks(many) for many in (1, 2, 4)]
    assert shifts == sorted(shifts) and shifts[0] > 0.5 and shifts[-1] < 0.5826


def shift_of_looks(many: int) -> float:
    """By how many spreads the boundary seems further off, with so many looks a generation."""
    drift, boundary, end = Drift(bias=0.05, spread=0.3), 3.0, 30
    fine = Drift(bias=drift.bias / many, spread=drift.spread / math.sqrt(many))
    seen = drifts.crossed_at_looks(fine, boundary, end * many)[-1]
    shift = optimize.brentq(
        lambda s: float(drifts.first_passage_cdf(drift, boundary + s, end)) - seen, 0, 1
    )
    return shift / fine.spread


# --- collapse


@pytest.mark.parametrize("samples", [3, 20, 100])
def test_without_fresh_data_the_variance_is_a_product_of_chi_squares(samples):
    _, variance = drifts.refit(Refit(samples=samples), normal(30, 4, RUNS))
    dice = np.random.default_rng(9).chisquare(samples - 1, (30, RUNS)) / (samples - 1)
    for g in (1, 5, 30):
        assert stats.ks_2samp(variance[g], dice[:g].prod(axis=0)).pvalue > 1e-3
    logs, exact = np.log(variance[30]), np.log(drifts.typical_variance(Refit(samples=samples), 30))
    assert abs(logs.mean() - exact) <= 4.5 * logs.std() / math.sqrt(RUNS)


def test_the_numbers_of_the_design_on_collapse():
    rule = Refit(samples=100)
    mean, square = drifts.refit_moments(rule, 100)
    assert mean[-1] == pytest.approx(1, abs=1e-12) and square[-1] == pytest.approx(1, abs=1e-12)
    assert math.exp(-100 / 99) == pytest.approx(0.364, abs=5e-4)
    typical = float(drifts.typical_variance(rule, 100))
    assert typical == pytest.approx(0.36295, abs=5e-6)
    _, variance = drifts.refit(rule, normal(100, 4, RUNS))
    density = stats.gaussian_kde(np.log(variance[-1]))(math.log(0.366))[0]
    error = 0.366 / density / (2 * math.sqrt(RUNS))
    assert abs(np.median(variance[-1]) - 0.366) <= 4 * error + 0.0005
    likelihood, _ = drifts.refit_moments(Refit(samples=100, unbiased=False), 100)
    assert likelihood[-1] == pytest.approx(0.99**100)


@pytest.mark.parametrize("unbiased", [True, False])
@pytest.mark.parametrize(
    ("samples", "fresh"), [(50, 0), (50, 1), (50, 10), (50, 49), (50, 50), (2, 1)]
)
def test_the_ensemble_has_the_exact_moments(samples, fresh, unbiased):
    rule = Refit(samples=samples, fresh=fresh, unbiased=unbiased)
    mean, variance = drifts.refit(rule, normal(15, 4, RUNS))
    exact_variance, exact_square = drifts.refit_moments(rule, 15)
    for got, exact in ((variance, exact_variance), (mean**2, exact_square)):
        error = got[:6].std(axis=1) / math.sqrt(RUNS)
        assert np.all(np.abs(got[:6].mean(axis=1) - exact[:6]) <= 5 * error + 1e-5)


def test_one_refit_is_the_mean_and_variance_of_a_sample():
    """The definition, drawn number by number."""
    rng, rule, at = np.random.default_rng(3), Refit(samples=12, fresh=3), (0.7, 2.5)
    own = at[0] + math.sqrt(at[1]) * rng.standard_normal((RUNS, 9))
    sample = np.hstack([own, rng.standard_normal((RUNS, 3))])
    noise = normal(1, 4, RUNS, seed=8)
    start = 0.7 + math.sqrt(2.5) * noise[0, 0] / 3
    gap = noise[0, 2] / math.sqrt(3) - start
    assert stats.ks_2samp(start + gap / 4, sample.mean(axis=1)).pvalue > 1e-3
    squares = (
        2.5 * stats.chi2.ppf(stats.norm.cdf(noise[0, 1]), 8)
        + stats.chi2.ppf(stats.norm.cdf(noise[0, 3]), 2)
        + 9 * 3 / 12 * gap**2
    )
    assert stats.ks_2samp(squares / 11, sample.var(axis=1, ddof=1)).pvalue > 1e-3
    own_noise = noise.copy()
    mean, variance = drifts.refit(rule, own_noise)
    real = noise[0, 2] / math.sqrt(3) - noise[0, 0] / 3
    np.testing.assert_allclose(mean[1], noise[0, 0] / 3 + real / 4)
    by_hand = stats.chi2.ppf(stats.norm.cdf(noise[0, [1, 3]]), [[8], [2]]).sum(axis=0)
    np.testing.assert_allclose(variance[1], (by_hand + 9 / 4 * real**2) / 11, atol=1e-5)


@pytest.mark.parametrize("fresh", [1, 5, 30])
@pytest.mark.parametrize("unbiased", [True, False])
def test_fresh_data_settle_it(fresh, unbiased):
    rule = Refit(samples=100, fresh=fresh, unbiased=unbiased)
    last = [x[-1] for x in drifts.refit_moments(rule, 9000)]
    assert drifts.settled_moments(rule) == pytest.approx(last)
    assert drifts.settled_moments(Refit(samples=100)) == (1, math.inf)
    assert drifts.settled_moments(Refit(samples=100, unbiased=False)) == (0, 1)


def test_what_counts_is_the_number_of_fresh_data_not_their_share():
    noise = normal(600, 4, 3000)
    medians = [
        np.median(drifts.refit(Refit(samples=samples, fresh=2), noise)[1][-1])
        for samples in (30, 60, 120)
    ]
    assert np.ptp(medians) < 0.06 and min(medians) > 0.8


@pytest.mark.parametrize("floor", [0.3, 0.5, 0.7, 0.9])
def test_least_fresh_is_the_least(floor):
    noise = normal(150, 4, 2000)
    least = drifts.least_fresh(100, floor=floor, noise=noise)
    medians = [
        np.median(drifts.refit(Refit(samples=100, fresh=k), noise)[1][-1]) for k in range(12)
    ]
    assert least == next(k for k, median in enumerate(medians) if median > floor)


def test_data_that_accumulate_do_not_collapse():
    variance = drifts.accumulate(20, normal(60, 4, RUNS))
    exact = drifts.accumulated_variance(20, 60)
    error = variance.std(axis=1) / math.sqrt(RUNS)
    assert np.all(np.abs(variance.mean(axis=1) - exact) <= 4.5 * error + 1e-5)
    assert (
        np.median(variance[-1])
        > 0.8
        > np.median(drifts.refit(Refit(samples=20), normal(60, 4, 2000))[1][-1])
    )
    lost = -math.log(drifts.accumulated_variance(1000, 10_000)[-1])
    assert lost == pytest.approx((math.pi**2 / 6 - 1) / 1000, rel=2e-3)


def test_the_factor_of_the_mean_with_few_data():
    exact = drifts.accumulated_variance(3, 2)
    assert exact.tolist() == [1, 1, pytest.approx(0.9)]
    variance = drifts.accumulate(3, normal(2, 4, 300_000))[2]
    assert abs(variance.mean() - 0.9) <= 4.5 * variance.std() / math.sqrt(300_000)


def test_accumulating_is_refitting_the_whole_pool():
    """The definition, drawn number by number, for three versions."""
    rng = np.random.default_rng(12)
    pool = rng.standard_normal((RUNS, 5))
    for _ in range(2):
        new = pool.mean(axis=1, keepdims=True) + pool.std(axis=1, ddof=1, keepdims=True) * (
            rng.standard_normal((RUNS, 5))
        )
        pool = np.hstack([pool, new])
    variance = drifts.accumulate(5, normal(3, 4, RUNS))
    assert stats.ks_2samp(variance[3], pool.var(axis=1, ddof=1)).pvalue > 1e-3


# --- which stage leaks


def leaking(weak: str, leak: float, spread: float, rest: float = 0.001) -> Loop:
    stages = {name: Stage(gain=0, leak=rest, spread=0) for name in STAGES}
    return Loop(**stages | {weak: Stage(gain=0, leak=leak, spread=spread)})


def test_retention_is_the_loops():
    one = leaking("proposal", 0.01, 0, rest=0)
    assert float(loops.mean_alignment(one, 100)) == pytest.approx(0.3660, abs=5e-5)
    assert loops.required_retention(target=0.9, generations=50) == pytest.approx(0.99790, abs=5e-6)


@pytest.mark.parametrize("others", [[0.9995] * 3, [1.0] * 3, [0.999]])
def test_what_one_stage_needs_reaches_the_target(others):
    need = drifts.needed_of_one(target=0.8, generations=60, others=others)
    assert (need * np.prod(others)) ** 60 == pytest.approx(0.8)
    edge = 0.8 ** (1 / 60)
    assert drifts.needed_of_one(target=0.8, generations=60, others=[edge]) == pytest.approx(1)
    assert drifts.needed_of_one(target=0.8, generations=60, others=[edge * 0.9999]) == math.inf


def test_a_log_without_error_is_the_loop():
    loop, generations = leaking("selection", 0.04, 3), 30
    log = drifts.keep_log(loop, generations, np.random.default_rng(1), error=0)
    assert len(log) == 4 * generations
    assert log.stage[:5].tolist() == [0, 1, 2, 3, 0] and log.generation[[0, 4, -1]].tolist() == [
        1,
        2,
        30,
    ]
    assert log.before[0] == 1
    np.testing.assert_allclose(log.before[1:], log.after[:-1])
    noise = np.random.default_rng(1).random((generations, 4))[:, :, None]
    run = loops.simulate(loop, noise).alignment[1:, 0]
    np.testing.assert_allclose(log.after[3::4], run)


def test_estimated_leaks_are_right_and_their_errors_honest():
    loop, pulls = leaking("experiment", 0.03, 3), []
    exact = -np.log1p(-0.03 * 10) / 10
    for seed in range(400):
        log = drifts.keep_log(loop, 60, np.random.default_rng(seed), error=0.02, kept=0.7)
        mean, error = drifts.stage_losses(log)
        pulls.append([(mean[1] - exact) / 0.0138, (mean[0] - 0.0010005) / error[0]])
    pulls = np.array(pulls)
    assert np.all(np.abs(pulls.mean(axis=0)) <= 4 / math.sqrt(400))
    assert pulls[:, 1].std() == pytest.approx(1, abs=0.12)


def test_the_error_is_the_standard_error_by_hand():
    log = drifts.StageLog(
        generation=np.repeat([1, 2], 4), stage=np.tile([0, 1, 2, 3], 2),
        before=np.ones(8), after=np.exp(-np.array([0.1, 0, 0, 0.2, 0.3, 0, 0.2, 0.2])),
    )  # fmt: skip
    mean, error = drifts.stage_losses(log)
    np.testing.assert_allclose(mean, [0.2, 0, 0.1, 0.2], atol=1e-15)
    np.testing.assert_allclose(error, [0.1, 0, 0.1, 0], atol=1e-12)


def test_missing_rows_and_short_logs():
    log = drifts.keep_log(Loop(), 100, np.random.default_rng(2), kept=0.5)
    assert abs(len(log) - 200) < 5 * math.sqrt(100) and set(log.stage[:4]) == {0, 1, 2, 3}
    sparse = drifts.keep_log(Loop(), 250, np.random.default_rng(2), kept=[0.01, 1, 0.5, 0.25])
    assert sparse.stage[:4].tolist() == [0, 1, 2, 3]
    rows = np.bincount(sparse.stage)
    assert rows[0] < 12 and rows[1] == 250 and abs(rows[2] - 125) < 40 and abs(rows[3] - 62) < 35
    with pytest.raises(ValueError, match="log"):
        drifts.stage_losses(drifts.keep_log(Loop(), 1, np.random.default_rng(2)))


def test_a_stage_that_may_lose_everything_has_no_log():
    ruin = replace(Loop(), selection=Stage(leak=1.0, spread=0))
    with pytest.raises(ValueError, match="leak"):
        drifts.keep_log(ruin, 5, np.random.default_rng(0))
