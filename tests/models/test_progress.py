"""Chapter 01: closed form against simulation, limits, and the numbers of the design."""

from __future__ import annotations

import csv
import math
from importlib.resources import files

import numpy as np
import pytest
import sympy
from scipy.stats import loguniform, norm

from rsi_teach.models import progress
from rsi_teach.models.progress import IdeaProduction, ReturnsBelief

# --- the three regimes --------------------------------------------------------------------------


@pytest.mark.parametrize("returns", [0.3, 0.7, 1.0, 1.2, 3.0])
@pytest.mark.parametrize("difficulty", [0.4, 1.0, 2.5])
@pytest.mark.parametrize(("rate", "start"), [(1.0, 1.0), (0.2, 5.0)])
def test_the_closed_form_is_what_the_solver_finds(returns, difficulty, rate, start):
    model = IdeaProduction(returns=returns, difficulty=difficulty, rate=rate, start=start)
    last = min(0.99 * progress.time_to_singularity(model), 8 / rate)
    time = np.linspace(0, last, 25)
    exact, solved = progress.level(model, time), progress.level_by_ode(model, time)
    below = solved < 0.9 * progress.HIGHEST
    # ln S grows by at most 28 here, each step within 1e-10 of it, and near t* errors grow 100-fold.
    np.testing.assert_allclose(exact[below], solved[below], rtol=1e-6)


def test_time_to_level_undoes_level():
    for returns in (0.5, 1.0, 1.4):
        model = IdeaProduction(returns=returns, difficulty=0.7, rate=0.3, start=2.0)
        targets = np.array([2.0, 3.0, 100.0, 1e6])
        back = progress.level(model, progress.time_to_level(model, targets))
        np.testing.assert_allclose(back, targets, rtol=1e-7)


def test_the_numbers_of_the_design():
    model = IdeaProduction(returns=1.2)
    assert progress.time_to_singularity(model) == pytest.approx(5)
    assert float(progress.time_to_level(model, 1e9)) == pytest.approx(4.92075, abs=1e-5)
    r = progress.returns_to_research(parallel=0.6, labour=0.5, difficulty=0.2)
    assert r == pytest.approx(1.5)


def test_sympy_agrees_on_the_solution_and_on_the_singularity():
    s0, k, e, t, left = sympy.symbols("S_0 k e t left", positive=True)
    gone = 1 - k * e * s0**e * t
    path = s0 * left ** (-1 / e)  # with left = gone, positive before the singularity
    slope = sympy.diff(path, left) * sympy.diff(gone, t)
    assert sympy.simplify(sympy.powdenest(slope / (k * path ** (1 + e)), force=True)) == 1
    singular = sympy.solve(gone, t)[0]
    model = IdeaProduction(returns=1.5, difficulty=0.8, rate=0.3, start=2.0)
    ours = singular.subs({s0: 2.0, k: 0.3, e: 0.4})
    assert progress.time_to_singularity(model) == pytest.approx(float(ours))


@pytest.mark.parametrize("step", [1e-6, 1e-9, 1e-13])
def test_nothing_jumps_where_the_regimes_meet(step):
    time = np.linspace(0, 20, 50)
    at_one = progress.level(IdeaProduction(returns=1.0), time)
    for returns in (1 - step, 1 + step):
        near = IdeaProduction(returns=returns)
        # To first order S(t) is off by the factor e t²/2, here with t <= 20 and e = ± step.
        np.testing.assert_allclose(progress.level(near, time), at_one, rtol=250 * step + 1e-12)
        reached = progress.time_to_level(near, at_one)
        np.testing.assert_allclose(reached, time, atol=250 * step + 1e-11)


@pytest.mark.parametrize("step", [1e-4, 1e-6, 1e-8, -1e-5, -1e-7])
def test_a_slight_feedback_is_felt_and_not_rounded_away(step):
    time = np.array([5.0, 10.0])
    near = np.log(progress.level(IdeaProduction(returns=1 + step), time)) - time
    # ln S = t + e t²/2 + e² t³/3 + ..., and e itself is known to 2e-16 / e.
    allowed = abs(step) * time + 4e-15 / abs(step)
    assert np.all(np.abs(near / (step * time**2 / 2) - 1) <= allowed)


def test_each_regime_has_its_shape():
    time = np.array([1e3, 1e6])
    power_law = IdeaProduction(returns=0.5)  # e = -1/2: S ~ t^2
    steepness = np.diff(np.log(progress.level(power_law, time))) / np.diff(np.log(time))
    assert steepness[0] == pytest.approx(2, abs=0.01)
    steady = progress.level(IdeaProduction(returns=1.0), np.arange(5))
    np.testing.assert_allclose(np.diff(np.log(steady)), 1)
    faster = np.diff(np.log(progress.level(IdeaProduction(returns=1.5), np.linspace(0, 1.9, 9))))
    assert np.all(np.diff(faster) > 0)


def test_past_the_singularity_the_level_is_held():
    model = IdeaProduction(returns=1.2)
    assert progress.level(model, [5, 6, 1e12]).tolist() == [progress.HIGHEST] * 3
    assert progress.time_to_singularity(IdeaProduction(returns=1.0)) == math.inf


def test_the_solver_refuses_the_singularity():
    with pytest.raises(ValueError, match="time"):
        progress.level_by_ode(IdeaProduction(returns=1.2), [0, 5.0])


def test_paths_are_the_level_of_each_draw_and_the_band_their_quantiles():
    model, time = IdeaProduction(difficulty=0.8, start=2.0), np.linspace(0, 6, 7)
    returns = np.array([0.6, 1.0, 1.3, 2.0])
    paths = progress.level_paths(model, time, returns=returns)
    for r, path in zip(returns, paths.T, strict=True):
        alone = IdeaProduction(returns=r, difficulty=0.8, start=2.0)
        np.testing.assert_allclose(path, progress.level(alone, time))
    band = progress.level_band(model, time, returns=returns, probabilities=(0, 1))
    np.testing.assert_array_equal(band, [paths.min(axis=1), paths.max(axis=1)])


def test_the_median_path_is_the_path_of_the_median():
    """S is monotone in r from a start of 1, so quantiles of S are S at the quantiles of r."""
    belief = ReturnsBelief(low=0.8, high=1.6)
    draws = progress.returns_at(belief, (np.arange(20_001) + 0.5) / 20_001)
    band = progress.level_band(IdeaProduction(), [1.0, 2.0], returns=draws)
    for row, p in zip(band, (0.05, 0.5, 0.95), strict=True):
        r = float(progress.returns_at(belief, p))
        exact = progress.level(IdeaProduction(returns=r), [1, 2])
        np.testing.assert_allclose(row, exact, rtol=1e-3)  # half a rank in 20,001


# --- doublings and uncertain returns ------------------------------------------------------------


def test_doublings_add_up_to_the_time_left():
    first, ratio = 2.0, 0.75
    lengths = progress.doubling_times(first=first, ratio=ratio, n=100)
    left = float(progress.time_left(first=first, ratio=ratio))
    assert lengths.sum() == pytest.approx(left - first * ratio**100 / (1 - ratio))
    assert left == pytest.approx(8)
    assert float(progress.time_left(first=2, ratio=1.0)) == math.inf


@pytest.mark.parametrize(("returns", "difficulty"), [(0.7, 1.0), (1.0, 0.5), (1.6, 0.4)])
def test_doubling_times_are_those_of_the_three_regimes(returns, difficulty):
    model = IdeaProduction(returns=returns, difficulty=difficulty)
    marks = progress.time_to_level(model, 2.0 ** np.arange(12))
    ratio = progress.doubling_ratio(returns=returns, parallel=returns * difficulty)
    lengths = progress.doubling_times(first=float(marks[1]), ratio=float(ratio), n=11)
    np.testing.assert_allclose(np.diff(marks), lengths, rtol=1e-9)
    left = float(progress.time_left(first=float(marks[1]), ratio=float(ratio)))
    assert left == pytest.approx(progress.time_to_singularity(model))


def test_the_doubling_ratios_of_the_design():
    assert float(progress.doubling_ratio(returns=0.7, parallel=1)) == pytest.approx(1.346, abs=5e-4)
    assert float(progress.doubling_ratio(returns=3, parallel=1)) == pytest.approx(0.63, abs=5e-4)
    ratios = progress.doubling_ratio(returns=[1 - 1e-12, 1, 1 + 1e-12], parallel=0.5)
    np.testing.assert_allclose(ratios, 1, atol=1e-11)


@pytest.mark.parametrize("shape", ["log-normal", "log-uniform"])
@pytest.mark.parametrize(("low", "high"), [(0.4, 3.6), (0.8, 2.4), (1.2, 1.9), (0.3, 0.9)])
def test_the_chance_above_one_is_the_share_of_draws_above_one(shape, low, high):
    belief = ReturnsBelief(low=low, high=high, shape=shape)
    u = np.random.default_rng(7).random(200_000)
    draws = progress.returns_at(belief, np.clip(u, 1e-12, 1 - 1e-12))
    chance = progress.chance_above_one(belief)
    error = math.sqrt(chance * (1 - chance) / len(u))
    assert abs(np.mean(draws > 1) - chance) <= 4 * error
    inside = np.mean((draws > low) & (draws < high))
    assert abs(inside - 0.9) <= 4 * math.sqrt(0.09 / len(u))


def test_beliefs_are_scipys_distributions():
    uniform = ReturnsBelief(low=0.4, high=3.6, coverage=1, shape="log-uniform")
    assert progress.chance_above_one(uniform) == pytest.approx(0.583, abs=5e-4)
    assert progress.chance_above_one(uniform) == pytest.approx(loguniform(0.4, 3.6).sf(1))
    vision = ReturnsBelief(low=0.8, high=2.4)
    score = math.log(vision.median) / vision.spread
    assert progress.chance_above_one(vision) == pytest.approx(norm.cdf(score))
    p = np.array([0.05, 0.3, 0.95])
    np.testing.assert_allclose(progress.returns_at(uniform, p), loguniform(0.4, 3.6).ppf(p))


def test_the_same_interval_read_in_two_ways_gives_two_answers():
    normal = progress.chance_above_one(ReturnsBelief(low=0.8, high=2.4))
    uniform = progress.chance_above_one(
        ReturnsBelief(low=0.8, high=2.4, coverage=1, shape="log-uniform")
    )
    assert normal == pytest.approx(0.836, abs=5e-4)
    assert uniform == pytest.approx(0.797, abs=5e-4)


def test_the_clock_of_doublings_by_hand():
    """One run, one doubling after another, in plain Python."""
    ranges = progress.ExplosionRanges()
    u = [0.3, 0.6, 0.2, 0.5]
    f, r0, p = 2 * 16 ** u[0], 0.4 * 9 ** u[1], 0.15 * 4 ** u[2]
    limit = 8 * (6 + 10 * u[3])
    clock, length, r = [0.0], 3 / f, r0
    while len(clock) - 1 < limit:
        clock.append(clock[-1] + length)
        r -= r0 / limit
        length *= 2 ** (p * (1 / r - 1)) if r > 1e-9 else math.inf
    ours = progress.doubling_clock(ranges, np.array(u)[:, None])[:, 0]
    np.testing.assert_allclose(ours[: len(clock)], clock, rtol=1e-9)
    assert ours[len(clock)] >= 1e18
    assert np.all(np.diff(ours) > 0)


def test_the_order_of_the_pseudo_code_gives_the_papers_other_figure():
    """Set the next doubling first, then let r fall: .57 and .18 in place of .56 and .17."""
    noise = np.random.default_rng(11).random((4, 20_000))
    f, r0, p = 2 * 16 ** noise[0], 0.4 * 9 ** noise[1], 0.15 * 4 ** noise[2]
    limit = 8 * (6 + 10 * noise[3])
    clock, length = [np.zeros(f.size)], 3 / f
    for i in range(128):
        clock.append(clock[-1] + np.where(i < limit, length, 1e18))
        r = np.maximum(r0 * (1 - i / limit), 1e-3)
        length = np.minimum(length * np.exp2(np.minimum(p * (1 / r - 1), 60)), 1e18)
    for years, printed in ((3, 0.57), (10, 0.18)):
        found = progress.chance_compressed(np.array(clock), years=years)
        error = math.sqrt(found * (1 - found) / f.size)
        assert abs(found - printed) <= 0.005 + 3 * error


def test_without_a_limit_in_sight_the_clock_is_the_geometric_series():
    ranges = progress.ExplosionRanges(
        speed_up=(8, 8), returns=(2, 2), parallel=(0.4, 0.4), limit_years=(20, 20)
    )
    clock = progress.doubling_clock(ranges, np.full((4, 1), 0.5))[:3, 0]
    r = 2 * (1 - 1 / 160)
    ratio = float(progress.doubling_ratio(returns=r, parallel=0.4))
    np.testing.assert_allclose(
        np.diff(clock), progress.doubling_times(first=3 / 8, ratio=ratio, n=2)
    )


def test_compression_counts_doublings_inside_any_window():
    month_each = np.arange(40.0)[:, None]
    assert progress.chance_compressed(month_each, years=1, months=8) == 1
    assert progress.chance_compressed(month_each, years=1, months=7.9) == 0
    slow_then_fast = np.concatenate([100 * np.arange(5.0), 400 + 0.5 * np.arange(1, 17)])[:, None]
    assert progress.chance_compressed(slow_then_fast, years=2, months=8) == 1
    assert progress.chance_compressed(slow_then_fast, years=3) == 0
    assert progress.chance_compressed(np.hstack([month_each, 9 * month_each]), years=1) == 0.5


# --- bottlenecks --------------------------------------------------------------------------------


def test_ces_meets_its_limits():
    labour = np.logspace(-3, 3, 13)
    for share in (0.2, 0.5):
        straight = progress.ces_output(labour=labour, compute=3.0, share=share, rho=1)
        np.testing.assert_allclose(straight, share * labour + (1 - share) * 3)
        cobb_douglas = labour**share * 3 ** (1 - share)
        for rho in (-1e-7, -1e-10, 0.0, 1e-10, 1e-7):
            near = progress.ces_output(labour=labour, compute=3.0, share=share, rho=rho)
            np.testing.assert_allclose(near, cobb_douglas, rtol=1e-5)
        leontief = progress.ces_output(labour=labour, compute=3.0, share=share, rho=-50)
        np.testing.assert_allclose(leontief, np.minimum(labour, 3), rtol=0.04)  # .2^(-1/50) - 1


@pytest.mark.parametrize(("rho", "cap"), [(-0.4, 5.66), (-2, 1.41)])
def test_boundless_labour_reaches_the_cap_and_no_more(rho, cap):
    assert progress.ces_cap(share=0.5, rho=rho) == pytest.approx(cap, abs=5e-3)
    most = progress.ces_output(labour=1e12, share=0.5, rho=rho)
    assert most <= progress.ces_cap(share=0.5, rho=rho)
    assert most == pytest.approx(progress.ces_cap(share=0.5, rho=rho), rel=1e-4)
    assert progress.ces_cap(share=0.5, rho=0.0) == math.inf


def test_the_elasticity_is_the_slope_it_is_defined_as():
    """Minus d ln(L/C) / d ln(F_L/F_C), by central differences."""
    rho, share, h = -0.4, 0.3, 1e-5

    def log_slope_ratio(labour):
        def output(labour, compute):
            return float(progress.ces_output(labour=labour, compute=compute, share=share, rho=rho))

        by_labour = output(labour * (1 + h), 1) - output(labour * (1 - h), 1)
        by_compute = output(labour, 1 + h) - output(labour, 1 - h)
        return math.log(by_labour / labour / by_compute)

    sigma = -math.log(1.01 / 0.99) / (log_slope_ratio(1.01) - log_slope_ratio(0.99))
    assert progress.substitution_elasticity(rho) == pytest.approx(sigma, rel=1e-4)


def test_amdahl_and_its_cap():
    np.testing.assert_allclose(
        progress.amdahl(share=[0.9, 0.95], speedup=10), [5.263, 6.897], atol=5e-4
    )
    np.testing.assert_allclose(progress.amdahl(share=0.9, speedup=1e12), 10)
    assert progress.amdahl_cap([0.0, 0.9, 1.0]).tolist() == pytest.approx([1, 10, math.inf])


def test_the_stage_clock():
    times, speedups = [1, 6, 2, 3], [20, 1.5, 10, 1]
    assert float(progress.overall_speedup(times, speedups)) == pytest.approx(1.655, abs=5e-4)
    assert progress.time_shares(times, speedups).sum() == pytest.approx(1)
    two_stages = progress.overall_speedup([0.1, 0.9], [1, 10])
    assert float(two_stages) == pytest.approx(float(progress.amdahl(share=0.9, speedup=10)))
    moved = [int(progress.bottleneck(times, [1, s, 1, 1])) for s in (1, 1.9, 2.1, 50)]
    assert moved == [1, 1, 3, 3]
    grid = progress.cycle_time(times, np.ones((7, 1, 4)))
    assert grid.shape == (7, 1) and np.all(grid == 12)


def test_the_speedup_needed_is_enough_and_no_less_is():
    times, automated = np.array([1.0, 6.0, 2.0, 3.0]), np.array([True, True, False, False])
    needed = progress.speedup_needed(times, automated, factor=2)
    halved = progress.cycle_time(times, np.where(automated, needed, 1))
    assert float(halved) == pytest.approx(6) and needed == pytest.approx(7)
    assert progress.speedup_needed(times, ~automated, factor=2) == math.inf
    assert progress.speedup_needed(times, automated, factor=1) == 1


@pytest.mark.parametrize(("first", "last"), [(1.0, 10.0), (5.0, 250.0), (4.0, 4.0), (9.0, 2.0)])
def test_the_takeoff_is_the_sum_of_its_slices(first, last):
    phase = {"work": 18.0, "first_speed": first, "last_speed": last}
    exact = progress.takeoff_time(**phase)
    slices = 500
    found = progress.takeoff_time_in_slices(**phase, slices=slices)
    midpoint_error = (math.log(last / first) / slices) ** 2 / 24
    assert found == pytest.approx(exact, rel=1.01 * midpoint_error + 1e-12)


def test_the_takeoff_of_a_constant_speed_has_no_jump():
    near = [
        progress.takeoff_time(work=12, first_speed=4, last_speed=4 + d) for d in (-1e-9, 0, 1e-9)
    ]
    np.testing.assert_allclose(near, 3, rtol=1e-9)


# --- METR ---------------------------------------------------------------------------------------


def test_the_table_is_the_published_one():
    table = progress.time_horizons()
    assert len(table) == 16
    assert not table.p50.flags.writeable and table is progress.time_horizons()
    assert np.all((table.p50_low < table.p50) & (table.p50 < table.p50_high))
    assert np.all((table.p80_low < table.p80) & (table.p80 < table.p80_high))
    assert np.all(table.p80 < table.p50)


def test_horizons_follow_from_the_published_logistic():
    """p50 = 2^(-intercept/slope); p80 where the logistic says 80 %."""
    text = files("rsi_teach.models").joinpath("metr_time_horizons.csv").read_text("utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    slope = np.array([float(row["logit_slope_per_log2_minute"]) for row in rows])
    intercept = np.array([float(row["logit_intercept"]) for row in rows])
    # Four printed digits of slope and intercept: the exponent is good to about 2e-4 · |log2 p|.
    table = progress.time_horizons()
    np.testing.assert_allclose(2 ** (-intercept / slope), table.p50, rtol=2e-3)
    np.testing.assert_allclose(2 ** ((math.log(4) - intercept) / slope), table.p80, rtol=2e-3)


def test_the_fit_is_numpys_and_its_error_is_scipys():
    from scipy.stats import linregress

    models = progress.running_max(progress.time_horizons())
    fit = progress.doubling_time(models.released, models.p50)
    days = models.released.astype(int).astype(float)
    line = linregress(days - days.mean(), np.log2(models.p50))
    assert fit.days == pytest.approx(1 / line.slope)
    assert fit.days_se == pytest.approx(line.stderr / line.slope**2)
    assert fit.r_squared == pytest.approx(line.rvalue**2)
    np.testing.assert_allclose(
        np.log2(fit.minutes(models.released)), line.intercept + line.slope * (days - days.mean())
    )


def test_a_known_doubling_time_is_found_again_within_its_error():
    """Over 400 noisy tables the error of the fit is what its standard error says."""
    rng, found = np.random.default_rng(3), []
    dates = np.datetime64("2020-01-01") + np.arange(0, 2000, 100)
    for noise in rng.normal(0, 0.5, size=(400, len(dates))):
        fit = progress.doubling_time(dates, 2 ** (np.arange(20) * 100 / 200 + noise))
        found.append((fit.days, fit.days_se))
    days, errors = np.array(found).T
    assert abs(days.mean() - 200) <= 4 * days.std() / 20 + 0.5  # 1/slope is biased by 200·cv²
    # The sample sd of 400 normals is good to 1/sqrt(800) = 3.5 %; the sampled errors vary less.
    assert days.std(ddof=1) == pytest.approx(np.sqrt(np.mean(errors**2)), rel=0.14)


def test_the_window_moves_the_doubling_time_by_a_factor_of_two():
    table = progress.time_horizons()
    frontier = progress.running_max(progress.released_between(table, "2019-01-01", "2025-04-01"))
    whole = progress.doubling_time(frontier.released, frontier.p50)
    assert len(frontier) == 11
    assert whole.days == pytest.approx(213, abs=0.5) and whole.r_squared == pytest.approx(
        0.981, abs=5e-4
    )
    (late,) = progress.window_effect(table, ["2024-01-01"], end="2025-05-01")
    assert late.days == pytest.approx(108, abs=0.5)
    assert 1.9 < whole.days / late.days < 2.1


def test_a_window_begins_with_its_first_day_and_ends_before_its_last():
    table = progress.time_horizons()
    chosen = progress.released_between(table, str(table.released[3]), str(table.released[5]))
    assert chosen.model.tolist() == table.model[3:5].tolist()


def test_the_running_maximum_keeps_only_records():
    kept = progress.running_max(progress.time_horizons())
    assert np.all(np.diff(kept.p50) > 0)
    assert "GPT-4 0125" not in kept.model and kept.model[-1] == "o3"


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda d: progress.doubling_time(d[:2], [1.0, 2.0]), "dates"),
        (lambda d: progress.doubling_time(d, [4.0, 2.0, 1.0]), "horizons"),
        (lambda d: progress.doubling_time(d[[0, 0, 0]], [1.0, 2.0, 4.0]), "dates"),
        (lambda d: progress.doubling_time(d, [1.0, 2.0]), "horizons"),
        (
            lambda d: progress.released_between(progress.time_horizons(), "soon", "2025-01-01"),
            "start",
        ),
        (
            lambda d: progress.released_between(
                progress.time_horizons(), "2030-01-01", "2031-01-01"
            ),
            "end",
        ),
    ],
)
def test_what_cannot_be_fitted_is_said(call, named):
    dates = np.array(["2020-01-01", "2021-01-01", "2022-01-01"], dtype="datetime64[D]")
    with pytest.raises(ValueError, match=named):
        call(dates)
