"""Chapter 09: lives, clean windows, censored data, horizons and faults in flight."""

from __future__ import annotations

import math
import warnings
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from rsi_teach.models import progress, survival
from rsi_teach.models.survival import HANDLINGS, Curve, Stream, Weibull

RUNS = 20_000
SHAPES = (0.3, 0.5, 1.0, 2.0, 4.0)


def uniform(*shape: int, seed: int = 9) -> np.ndarray:
    return np.random.default_rng(seed).uniform(1e-12, 1 - 1e-12, shape)


def agrees(sample, exact, deviations=4.5):
    """Means over the last axis within so many standard errors."""
    sample = np.asarray(sample, dtype=float)
    error = sample.std(axis=-1, ddof=1) / math.sqrt(sample.shape[-1])
    assert np.all(np.abs(sample.mean(axis=-1) - exact) <= deviations * error + 1e-9)


# --- lives and clean windows --------------------------------------------------------------------


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("scale", [0.01, 100.0, 1e5])
def test_a_life_is_scipys_weibull(shape, scale):
    life, law = Weibull(shape=shape, scale=scale), stats.weibull_min(shape, scale=scale)
    time = np.array([1e-3, 0.3, 1.0, 2.0]) * scale
    np.testing.assert_allclose(survival.survival(life, time), law.sf(time), rtol=1e-10)
    np.testing.assert_allclose(survival.hazard(life, time), law.pdf(time) / law.sf(time), rtol=1e-8)
    share = np.array([0.99, 0.8, 0.5, 0.01])
    np.testing.assert_allclose(survival.time_at(life, share), law.isf(share), rtol=1e-9)
    assert life.mean == pytest.approx(law.mean())


def test_the_numbers_of_the_design():
    """facts.md: P(fail in the next 90 | survived 10), scale 100."""
    found = [
        float(survival.chance_after_clean(Weibull(shape=k, scale=100), window=10, ahead=90))
        for k in (0.5, 1, 2)
    ]
    assert [round(value, 3) for value in found] == [0.495, 0.593, 0.628]
    assert float(survival.clean_bound(300, window=1, time=1, shape=1)) == pytest.approx(
        0.009936, abs=5e-7
    )


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("window", [1.0, 10.0, 60.0])
def test_the_chance_after_a_clean_window_is_a_share_of_survivors(shape, window):
    life = Weibull(shape=shape, scale=100)
    lives = life.scale * (-np.log(uniform(200_000))) ** (1 / shape)
    left = lives[lives > window]
    agrees(left <= window + 90, survival.chance_after_clean(life, window=window, ahead=90))


def test_a_clean_window_cheers_only_where_the_hazard_falls():
    window = np.linspace(0, 100, 50)
    for shape in SHAPES:
        life = Weibull(shape=shape, scale=100)
        change = np.diff(survival.chance_after_clean(life, window=window, ahead=30))
        assert np.all(np.sign(change.round(13)) == np.sign(shape - 1))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("units", [1, 5, 30])
@pytest.mark.parametrize("longer", [1.0, 3.0, 10.0])
@pytest.mark.parametrize("confidence", [0.5, 0.95])
def test_the_bound_is_wrong_no_more_often_than_it_says(shape, units, longer, confidence):
    """At the scale where the bound just fails to hold, it is asserted as often as a clean comes."""
    window, alpha = 1.0, 1 - confidence
    scale = window / (-math.log(alpha) / units * 1.0001) ** (1 / shape)
    life = Weibull(shape=shape, scale=scale)
    lives = life.scale * (-np.log(uniform(units, RUNS, seed=units))) ** (1 / shape)
    clean = (lives > window).all(axis=0)
    bound = survival.clean_bound(
        units, window=window, time=longer * window, shape=shape, confidence=confidence
    )
    truth = 1 - survival.survival(life, longer * window)
    assert truth > bound or truth == 1  # so that every clean run is a mistake
    assert clean.mean() <= alpha + 4 * math.sqrt(alpha * (1 - alpha) / RUNS)
    assert clean.mean() >= alpha - 5 * math.sqrt(alpha * (1 - alpha) / RUNS)


def test_at_the_windows_own_end_the_shape_does_not_matter_and_beyond_it_does():
    shapes = np.array(SHAPES)
    at_end = survival.clean_bound(30, window=10, time=10, shape=shapes)
    np.testing.assert_allclose(at_end, 1 - 0.05 ** (1 / 30))
    beyond = survival.clean_bound(30, window=10, time=100, shape=shapes)
    assert np.all(np.diff(beyond) > 0) and beyond[0] < 0.2 and beyond[-1] > 0.999


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("window", [3.0, 30.0, 100.0, 300.0])
def test_units_needed_are_the_fewest_that_do(shape, window):
    ask = {"window": window, "time": 100, "shape": shape}
    n = float(survival.units_needed(**ask, allowed=0.05))
    assert survival.clean_bound(n, **ask) <= 0.05 * (1 + 1e-9)
    if n > 1:
        assert survival.clean_bound(n - 1, **ask) > 0.05
    if window == 100:
        assert n == 59  # chapter 07's sample size


def test_units_trade_against_time_evenly_only_at_a_constant_hazard():
    for shape in (0.5, 1, 2):
        short, long = survival.units_needed(window=[1, 10], time=10, shape=shape, allowed=1e-4)
        assert short / long == pytest.approx(10**shape, rel=1e-3)


# --- horizons -----------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("rare", "often"), [(0.5, 0.8), (0.1, 0.9), (0.2, 0.5)])
def test_the_ratio_of_two_horizons_gives_the_shape_back(shape, rare, often):
    life = Weibull(shape=shape, scale=7)
    low, high = survival.time_at(life, [rare, often])
    found = survival.shape_from_ratio(low / high, rare=rare, often=often)
    assert found == pytest.approx(shape)


def test_the_shapes_of_the_table():
    table = progress.time_horizons()
    ratio = table.p50 / table.p80
    shape = survival.shape_from_ratio(ratio)
    assert (float(np.median(ratio)).__round__(1), len(ratio)) == (5.5, 16)
    assert (shape < 1).all()
    assert [round(float(x), 2) for x in (shape.min(), np.median(shape), shape.max())] == [
        0.58,
        0.67,
        0.91,
    ]


@pytest.mark.parametrize("shape", [0.25, 0.5, 0.67, 0.9])
def test_unequal_constant_hazards_make_a_weibull(shape):
    """Laplace's transform of the rates, and lives drawn with them, against exp(-t^shape)."""
    rates = survival.unequal_rates(shape, uniform(2, 100_000))
    for time in (0.01, 0.3, 1.0, 5.0):
        agrees(np.exp(-rates * time), math.exp(-(time**shape)))
    lives = -np.log(uniform(100_000, seed=10)) / rates
    distance = stats.kstest(lives, stats.weibull_min(shape).cdf)
    assert distance.pvalue > 1e-3


@pytest.mark.parametrize("shape", [0.3, 0.5, 0.67, 0.95])
@pytest.mark.parametrize("first", [0.2, 0.5, 0.9])
def test_a_second_attempt_tells_the_two_readings_apart(shape, first):
    time = float(survival.time_at(Weibull(shape=shape, scale=1), first))
    rates = survival.unequal_rates(shape, uniform(2, RUNS, seed=3))
    attempts = -np.log(uniform(2, RUNS, seed=4)) / rates > time
    agrees(attempts[1, attempts[0]], survival.second_attempt(shape, first))
    assert survival.second_attempt(shape, first) > first
    assert survival.second_attempt(1.0, first) == pytest.approx(first)


# --- censoring ----------------------------------------------------------------------------------


def censored(sample):
    times, observed = sample
    return stats.CensoredData(uncensored=times[observed], right=times[~observed])


def samples():
    """Of 1 to 300 units, half of them with ties, with all, most or few failures seen."""
    for n in (1, 2, 7, 40, 300):
        for seed in range(6):
            rng = np.random.default_rng([n, seed])
            times = rng.weibull(1.5, n) * 10
            if seed % 2:
                times = np.ceil(times)  # ties
            yield times, rng.random(n) < (1.0, 0.7, 0.3)[seed % 3]


@pytest.mark.parametrize("sample", list(samples()))
def test_kaplan_meier_is_scipys(sample):
    ours, theirs = survival.kaplan_meier(*sample), stats.ecdf(censored(sample)).sf
    np.testing.assert_allclose(ours.times, theirs.quantiles)
    np.testing.assert_allclose(ours.survival, theirs.probabilities, atol=1e-12)
    np.testing.assert_allclose(ours.at_risk, theirs._n)
    at = np.concatenate([[0.0], ours.times, ours.times + 0.01])
    np.testing.assert_allclose(survival.survival_at(ours, at), theirs.evaluate(at), atol=1e-12)


@pytest.mark.parametrize("sample", list(samples()))
@pytest.mark.parametrize("coverage", [0.5, 0.95])
def test_greenwoods_interval_is_scipys(sample, coverage):
    curve = survival.kaplan_meier(*sample)
    low, high = survival.greenwood_interval(curve, coverage)
    assert np.all((low <= curve.survival) & (curve.survival <= high))
    known = (curve.survival > 0) & (curve.survival < 1)
    assert np.all(low[~known] == 0) and np.all(high[~known] == 1)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about the ends, where SciPy's are NaN
        theirs = stats.ecdf(censored(sample)).sf.confidence_interval(coverage, method="log-log")
    np.testing.assert_allclose(low[known], theirs.low.probabilities[known], atol=1e-9)
    np.testing.assert_allclose(high[known], theirs.high.probabilities[known], atol=1e-9)


def test_without_censoring_it_is_the_share_left_and_the_binomial_variance():
    times = np.random.default_rng(1).exponential(10, 50)
    curve = survival.kaplan_meier(times, np.ones(50, bool))
    share = 1 - np.arange(1, 51) / 50
    np.testing.assert_allclose(curve.survival, share, atol=1e-12)
    np.testing.assert_allclose(curve.variance, share * (1 - share) / 50, atol=1e-12)


def test_a_unit_last_seen_when_another_failed_was_at_risk():
    curve = survival.kaplan_meier([3.0, 3.0, 5.0, 3.0], [True, False, True, False])
    assert curve.at_risk.tolist() == [4, 1] and curve.survival.tolist() == [0.75, 0.0]


@pytest.mark.parametrize("units", [40, 100])
@pytest.mark.parametrize("window", [60.0, 150.0])
@pytest.mark.parametrize("shape", [0.7, 1.0, 2.0])
def test_greenwoods_interval_covers_as_often_as_it_says(units, window, shape):
    """Binomial error, and a margin of .015: the interval is an approximation for large fleets."""
    runs, life = 1500, Weibull(shape=shape, scale=100)
    times, observed = survival.fleet(life, window=window, noise=uniform(2, runs, units))
    truth, inside = float(survival.survival(life, 0.4 * window)), 0
    for t, o in zip(times, observed, strict=True):
        curve = survival.kaplan_meier(t, o)
        low, high = survival.greenwood_interval(curve)
        place = np.searchsorted(curve.times, 0.4 * window, side="right") - 1
        inside += place < 0 or low[place] <= truth <= high[place]
    assert abs(inside / runs - 0.95) <= 4 * math.sqrt(0.95 * 0.05 / runs) + 0.015


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("window", [20.0, 100.0, 400.0])
@pytest.mark.parametrize("how", HANDLINGS)
def test_estimates_settle_where_the_closed_forms_say(shape, window, how):
    life, at = Weibull(shape=shape, scale=100), np.array([0.1, 0.5, 0.8]) * window
    times, observed = survival.fleet(life, window=window, noise=uniform(2, 100_000))
    limit = survival.survival_limit(life, window=window, time=at, how=how)
    found = survival.naive_survival(times, observed, at, how)
    kept = {"as censored": 100_000 * (1 - at / window), "as failures": 100_000}
    n = kept.get(how, observed.sum())
    assert np.all(np.abs(found - limit) <= 5 * np.sqrt(limit * (1 - limit) / n) + 1e-9)


def test_the_two_mistakes_err_on_the_same_side():
    for shape in SHAPES:
        life, at = Weibull(shape=shape, scale=100), np.linspace(1, 99, 30)
        right, dropped, failed = (
            survival.survival_limit(life, window=100, time=at, how=how) for how in HANDLINGS
        )
        assert np.all(dropped < right) and np.all(failed < right)


def test_many_samples_at_once_are_each_one_by_one():
    times, observed = survival.fleet(Weibull(), window=90, noise=uniform(2, 30, 25))
    times = np.ceil(times / 5) * 5
    at = np.array([0.0, 5.0, 33.0, 60.0, 200.0])
    paths = survival.kaplan_meier_paths(times, observed, at)
    for row, t, o in zip(paths, times, observed, strict=True):
        np.testing.assert_allclose(row, survival.survival_at(survival.kaplan_meier(t, o), at))


@pytest.mark.parametrize("how", HANDLINGS)
@pytest.mark.parametrize("window", [0.5, 10.0, 30.0, 300.0])
def test_mean_lives_settle_where_the_closed_forms_say(how, window):
    lives = np.random.default_rng(2).exponential(20, (200, 2000))
    observed = lives <= window
    found = [
        survival.mean_life(t, o, how)
        for t, o in zip(np.minimum(lives, window), observed, strict=True)
    ]
    limit = float(survival.mean_life_limit(20, window=window, how=how))
    bias = 1 / (2000 * -math.expm1(-window / 20))  # a ratio's, to first order
    agrees(np.array(found), limit, 4.5 + bias * limit)


def test_an_average_of_ages_tells_the_window_and_not_the_life():
    mean = np.array([30, 300, 3e4, 1e6])
    for how in ("dropped", "as failures"):
        limit = survival.mean_life_limit(mean, window=30, how=how)
        assert np.all(limit < 30) and np.all(np.diff(limit) > 0)
    assert float(survival.mean_life_limit(1e6, window=1e-6, how="dropped")) == pytest.approx(5e-7)
    near = survival.mean_life_limit(1.0, window=[0.99e-4, 1.01e-4], how="dropped")
    np.testing.assert_allclose(near, [0.495e-4, 0.505e-4], rtol=1e-4)


# --- in flight ----------------------------------------------------------------------------------

STREAMS = {
    "default": Stream(),
    "fast": Stream(cycle=0.25, faults=0.05),
    "slow": Stream(cycle=30, faults=0.4),
    "some very late": Stream(shape=0.5, faults=0.2, cycle=2),
    "like a clock": Stream(shape=8, faults=0.3, cycle=3),
}


@pytest.mark.parametrize("name", STREAMS)
def test_the_simulation_has_the_exact_mean_and_law(name):
    stream, runs = STREAMS[name], 4000
    counts = survival.simulate_in_flight(stream, uniform(2, 80, runs))
    marks = np.array([1, 5, 20, 80])
    agrees(counts[marks], survival.in_flight(stream, marks))
    law = survival.exact_in_flight(stream, 80)
    seen = np.bincount(counts[80], minlength=len(law)) / runs
    assert np.all(np.abs(seen - law) <= 4.5 * np.sqrt(law * (1 - law) / runs) + 2 / runs)
    assert law.sum() == pytest.approx(1) and counts.min() >= 0 and np.all(counts[0] == 0)


@pytest.mark.parametrize("name", STREAMS)
def test_one_or_none_a_generation_is_as_near_to_poisson_as_le_cam_says(name):
    stream = STREAMS[name]
    law = survival.exact_in_flight(stream, 200)
    mean = float(survival.in_flight(stream, 200))
    assert law @ np.arange(201) == pytest.approx(mean)
    apart = np.abs(law - stats.poisson(mean).pmf(np.arange(201))).sum() / 2
    squares = (np.diff(survival.in_flight(stream, np.arange(201))) ** 2).sum()
    assert apart <= squares + 1e-12


@pytest.mark.parametrize("shape", [0.5, 1.0, 5.0])
@pytest.mark.parametrize(("cycle", "detection"), [(1.0, 10.0), (0.2, 5.0), (10.0, 3.0)])
def test_arrivals_at_any_moment_are_poisson_whatever_the_detection_time(shape, cycle, detection):
    """The queue M/G/infinity, simulated on its own: only the mean detection time counts."""
    stream = Stream(cycle=cycle, faults=0.3, detection=detection, shape=shape)
    rng, runs, span = np.random.default_rng(8), RUNS, 60 * detection
    arrivals = rng.poisson(stream.faults / cycle * span, runs)
    run = np.repeat(np.arange(runs), arrivals)
    age = rng.random(len(run)) * span
    stays = stream.scale * rng.weibull(shape, len(run))
    counts = np.bincount(run[stays > age], minlength=runs)
    agrees(counts, survival.in_flight(stream))
    most = np.arange(6)
    more = (counts[None, :] > most[:, None]).mean(axis=1)
    exact = survival.chance_more_than(stream, most)
    assert np.all(np.abs(more - exact) <= 4.5 * np.sqrt(exact * (1 - exact) / runs) + 1e-9)


@pytest.mark.parametrize(("breeds", "faults"), [(0.02, 0.1), (0.05, 0.1), (0.05, 1.0), (0.08, 0.3)])
def test_faults_that_breed_have_the_exact_law(breeds, faults):
    """Event by event, from empty, for long enough to settle."""
    stream = Stream(cycle=1, faults=faults, detection=10, breeds=breeds)
    rng, runs = np.random.default_rng(11), 6000
    counts, clock, end = np.zeros(runs), np.zeros(runs), 60 / (1 - stream.offspring) + 60
    while (going := np.flatnonzero(clock < end)).size:
        now = counts[going]
        born, found = faults + breeds * now, now / 10
        clock[going] += rng.exponential(1, len(going)) / (born + found)
        step = np.where(rng.random(len(going)) < born / (born + found), 1, -1)
        counts[going] = np.where(clock[going] < end, now + step, now)
    agrees(counts, survival.in_flight(stream))
    most = np.array([0, 1, 3, 8])
    exact = survival.chance_more_than(stream, most)
    more = (counts > most[:, None]).mean(axis=1)
    assert np.all(np.abs(more - exact) <= 4.5 * np.sqrt(exact * (1 - exact) / runs) + 1e-3)


def test_speed_limits_undo_the_means_and_chances():
    for stream in STREAMS.values():
        for bound in (0.1, 1, 7):
            at = replace(stream, cycle=survival.cycle_for_mean(stream, bound))
            assert float(survival.in_flight(at)) == pytest.approx(bound)
        for most, chance in ((0, 0.05), (2, 0.05), (5, 0.001)):
            at = replace(stream, cycle=survival.cycle_for_chance(stream, most, chance))
            assert float(survival.chance_more_than(at, most)) == pytest.approx(chance)


def test_little_by_hand():
    stream = Stream(cycle=0.5, faults=0.1, detection=10)
    assert float(survival.in_flight(stream)) == 2.0
    assert survival.generations_on_fault(stream) == 20.0
    assert float(survival.chance_more_than(stream, 0)) == pytest.approx(1 - math.exp(-2))
    assert survival.cycle_for_mean(replace(stream, breeds=0.02), 1e6) == pytest.approx(
        0.2, rel=1e-4
    )


def test_breeding_has_a_wall():
    slow = Stream(cycle=1, faults=0.1, detection=10, breeds=0.09)
    assert slow.offspring == pytest.approx(0.9)
    assert float(survival.in_flight(slow)) == pytest.approx(10)
    over = replace(slow, cycle=0.89)
    assert math.isinf(float(survival.in_flight(over)))
    assert float(survival.chance_more_than(over, 1000)) == 1
    calm = replace(slow, breeds=1e-9)
    np.testing.assert_allclose(
        survival.chance_more_than(calm, [0, 1, 5]),
        survival.chance_more_than(replace(slow, breeds=0.0), [0, 1, 5]),
        rtol=1e-4,
    )
    assert float(survival.in_flight(replace(slow, faults=0.0))) == 0
    with pytest.raises(ValueError, match="shape"):
        survival.chance_more_than(replace(slow, shape=2.0), 1)


def test_noise_is_kept_and_not_touched():
    noise = uniform(2, 30, 50)
    before = noise.copy()
    first, again = (survival.simulate_in_flight(Stream(), noise) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(noise, before)
    shorter = survival.simulate_in_flight(Stream(), noise[:, :10])
    np.testing.assert_array_equal(shorter, first[:11])
    assert not survival.simulate_in_flight(Stream(faults=0), noise).any()
    found_at_once = survival.simulate_in_flight(Stream(faults=1), np.zeros((2, 5, 3)))
    assert not found_at_once.any()


# --- bad input ----------------------------------------------------------------------------------

TWO = {name: np.ones(2) for name in ("times", "at_risk", "failures", "survival", "variance")}
CURVE = survival.kaplan_meier([1.0, 2.0], [True, False])
BAD = {
    "empty": (lambda: survival.kaplan_meier([], []), "times"),
    "NaN": (lambda: survival.kaplan_meier([math.nan], [True]), "times"),
    "negative": (lambda: survival.kaplan_meier([-1.0], [True]), "times"),
    "flags as numbers": (lambda: survival.kaplan_meier([1.0], [1]), "observed"),
    "flags missing": (lambda: survival.kaplan_meier([1.0, 2.0], [True]), "observed"),
    "a table": (lambda: survival.kaplan_meier([[1.0]], [[True]]), "observed"),
    "ragged flags": (lambda: survival.kaplan_meier([1.0], [[True], [True, False]]), "observed"),
    "times that do not rise": (lambda: Curve(**TWO), "times"),
    "more failures than units": (lambda: Curve(**TWO | {"survival": [1.0, 2.0]}), "survival"),
    "no failure left": (lambda: survival.mean_life([1.0], [False], "dropped"), "observed"),
    "an unknown handling": (lambda: survival.mean_life([1.0], [True], "ignored"), "how"),
    "a window before its end": (
        lambda: survival.survival_limit(Weibull(), window=10, time=11),
        "time",
    ),
    "coverage": (lambda: survival.greenwood_interval(CURVE, 95), "coverage"),
    "crooked noise": (lambda: survival.simulate_in_flight(Stream(), np.zeros((2, 3))), "noise"),
    "rates' noise": (lambda: survival.unequal_rates(0.5, np.zeros((2, 3))), "noise"),
    "shares the wrong way": (lambda: survival.shape_from_ratio(3, rare=0.8, often=0.5), "rare"),
    "a fault rate above one": (lambda: Stream(faults=1.5), "faults"),
    "breeding simulated": (
        lambda: survival.simulate_in_flight(Stream(breeds=0.1), np.zeros((2, 3, 1))),
        "stream",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused_by_name(name):
    call, parameter = BAD[name]
    with pytest.raises(ValueError, match=rf"\b{parameter}\b"):
        call()
