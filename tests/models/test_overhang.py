"""Chapter 06: scores, tasks of many steps, combinations and scaffolds against exact values."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from scipy import integrate, optimize, stats

from rsi_teach.models import loop as loops
from rsi_teach.models import overhang, progress
from rsi_teach.models.overhang import Elicitation, Scaffold, SkillLaw

RUNS = 40_000


# --- measured = latent × elicited ---------------------------------------------------------------


@pytest.mark.parametrize("ends", [(0.4, 0.8), (0.05, 1.0), (0.7, 0.7), (0.6, 0.6 + 1e-5)])
@pytest.mark.parametrize("latent", [0.0, 0.3, 1.0])
def test_the_score_distribution_is_the_binomial_averaged_over_elicitation(ends, latent):
    elicitation = Elicitation(low=ends[0], high=ends[1])
    exact = overhang.score_distribution(latent, 40, elicitation)
    share, weight = np.polynomial.legendre.leggauss(60)
    points = elicitation.mean + (elicitation.high - elicitation.low) / 2 * share
    by_quadrature = (weight / 2) @ stats.binom.pmf(np.arange(41), 40, latent * points[:, None])
    np.testing.assert_allclose(exact, by_quadrature, atol=1e-9)
    assert exact.sum() == pytest.approx(1, abs=1e-9)


def test_the_score_distribution_against_simulation():
    rng = np.random.default_rng(3)
    elicitation = Elicitation(low=0.4, high=0.8)
    scores = rng.binomial(100, 0.5 * rng.uniform(0.4, 0.8, RUNS))
    exact = overhang.score_distribution(0.5, 100, elicitation)
    mean = exact @ np.arange(101)
    spread = math.sqrt(exact @ (np.arange(101) - mean) ** 2)
    assert mean == pytest.approx(100 * 0.5 * elicitation.mean)
    assert abs(scores.mean() - mean) <= 4 * spread / math.sqrt(RUNS)
    below = exact[:26].sum()
    assert abs(np.mean(scores <= 25) - below) <= 4 * math.sqrt(below * (1 - below) / RUNS)
    inside = np.array(overhang.latent_interval(scores, 100, elicitation))
    covers = np.mean((inside[0] <= 0.5) & (inside[1] >= 0.5))
    told = overhang.latent_coverage(0.5, 100, elicitation)
    assert abs(covers - told) <= 4 * math.sqrt(told * (1 - told) / RUNS)


def test_the_interval_is_clopper_and_pearsons_divided_by_the_ends():
    correct = np.arange(0, 51)
    found = overhang.latent_interval(correct, 50, Elicitation(low=0.5, high=0.9), 0.95)
    for x in correct:
        exact = stats.binomtest(int(x), 50).proportion_ci(0.95, "exact")
        wanted = min(exact.low / 0.9, 1), min(exact.high / 0.5, 1)
        np.testing.assert_allclose(found[:, x], wanted, atol=1e-9)


@pytest.mark.parametrize("ends", [(0.4, 0.8), (1.0, 1.0), (0.6, 0.6), (0.1, 0.9)])
@pytest.mark.parametrize("coverage", [0.8, 0.95])
def test_the_interval_covers_as_often_as_it_promises(ends, coverage):
    elicitation = Elicitation(low=ends[0], high=ends[1])
    for latent in np.linspace(0, 1, 41):
        assert overhang.latent_coverage(latent, 30, elicitation, coverage) >= coverage - 1e-9


def test_the_interval_covers_at_every_single_share_within_the_range():
    """The promise is not about the average share: it holds at each."""
    low, high = overhang.latent_interval(np.arange(61), 60, Elicitation(low=0.4, high=0.8))
    for latent, share in itertools.product((0.2, 0.5, 0.9, 1.0), (0.4, 0.55, 0.8)):
        inside = (low <= latent) & (latent <= high)
        chance = stats.binom.pmf(np.arange(61), 60, latent * share)
        assert chance[inside].sum() >= 0.9 - 1e-9


def test_the_chapters_interval():
    found = overhang.latent_interval(30, 100, Elicitation(low=0.4, high=0.8))
    np.testing.assert_allclose(found, [0.2812, 0.9606], atol=5e-5)
    longer = overhang.latent_interval(3000, 10_000, Elicitation(low=0.4, high=0.8))
    np.testing.assert_allclose(longer, [0.3656, 0.7691], atol=5e-5)


# --- tasks of many steps ------------------------------------------------------------------------


@pytest.mark.parametrize("k", [1, 3, 20, 400])
def test_the_three_metrics_are_p_to_the_k_p_and_its_logarithm(k):
    p = np.linspace(0.05, 0.999, 50)
    loss = -np.log(p)
    np.testing.assert_allclose(overhang.task_score(loss, k), p**k, atol=1e-12)
    np.testing.assert_allclose(overhang.task_score(loss, k, "partial credit"), p)
    np.testing.assert_allclose(overhang.task_score(loss, k, "log-probability"), k * np.log(p))


def test_p_to_the_k_against_counting():
    rng = np.random.default_rng(0)
    right = rng.random((RUNS, 20)) < 0.93
    exact = 0.93**20
    assert abs(right.all(axis=1).mean() - exact) <= 4 * math.sqrt(exact * (1 - exact) / RUNS)
    edits = 20 * (1 - overhang.task_score(-math.log(0.93), 20, "partial credit"))
    assert abs((~right).sum(axis=1).mean() - edits) <= 4 * math.sqrt(20 * 0.93 * 0.07 / RUNS)


def test_the_numbers_of_the_chapter():
    before, after = overhang.task_score(-np.log([0.86, 0.97]), 20)
    assert before == pytest.approx(0.0490, abs=5e-5) and after == pytest.approx(0.5438, abs=5e-5)
    np.testing.assert_allclose(
        overhang.jump_in_skill([1, 10, 100]), [0.8, 0.19519, 0.02171], atol=5e-6
    )
    assert overhang.jump_doublings(1.0) == pytest.approx(4.450, abs=5e-4)
    first = SkillLaw(start=0.98, exponent=0.5).first_loss
    assert 0.006 < overhang.task_score(first, 250) < 0.01 < overhang.task_score(first, 100) < 0.14


@pytest.mark.parametrize("exponent", [0.2, 0.5, 1.0, 2.5])
@pytest.mark.parametrize("k", [1, 10, 100, 10_000])
def test_a_jump_takes_the_same_doublings_at_every_length(exponent, k):
    law = SkillLaw(start=0.9, exponent=exponent)
    ends = overhang.capability_at(law, np.array([0.1, 0.9]), k)
    np.testing.assert_allclose(overhang.task_score(overhang.step_loss(law, ends), k), [0.1, 0.9])
    closed = (math.log(math.log(10)) - math.log(math.log(10 / 9))) / exponent / math.log(2)
    assert math.log2(ends[1] / ends[0]) == pytest.approx(closed)
    assert overhang.jump_doublings(exponent) == pytest.approx(closed)


def test_the_power_law_of_the_error_gives_the_same_width_for_long_tasks():
    """With 1 - p a power, rather than -ln p, the width tends to the same limit from above."""
    exact = overhang.jump_doublings(1.0)
    widths = []
    for k in (10, 100, 1000):
        scale = [1 / (1 - q ** (1 / k)) for q in (0.1, 0.9)]
        widths.append(math.log2(scale[1] / scale[0]))
    assert np.all(np.diff(np.abs(np.array(widths) - exact)) < 0)
    assert widths[-1] == pytest.approx(exact, abs=0.002)


def test_the_steepest_slope_is_one_over_e_on_the_log_axis_and_k_on_the_axis_of_p():
    u = np.linspace(-10, 10, 20_001)
    for k in (1, 30, 3000):
        score = overhang.task_score(np.exp(-u), k)
        assert np.gradient(score, u).max() == pytest.approx(math.exp(-1), abs=1e-5)
        almost = 1 - 1e-9
        rise = (1 - overhang.task_score(-math.log(almost), k)) / (1 - almost)
        assert rise == pytest.approx(k, rel=1e-4)


def test_a_smooth_warning_grows_with_the_logarithm_of_a_logarithm():
    """Doublings from one item of n to a half: fifty times the items do not buy one more."""
    short, long = (overhang.jump_doublings(1.0, 1 / n, 0.5) for n in (20, 1000))
    assert short == pytest.approx(math.log2(math.log(20) / math.log(2)))
    assert 1.2 < long - short < 1.21


def test_uneven_tasks_make_the_curve_gentler():
    loss, k = np.geomspace(1e-4, 10, 50), 30
    for shape in (0.3, 2.0):
        by_quadrature = [
            integrate.quad(
                lambda h, m=m, a=shape: math.exp(-k * m * h) * stats.gamma.pdf(h, a, scale=1 / a),
                0, np.inf, points=None, limit=200,
            )[0]
            for m in (0.01, 0.1)
        ]  # fmt: skip
        np.testing.assert_allclose(
            overhang.mixed_score([0.01, 0.1], k, shape), by_quadrature, rtol=1e-4
        )
    even, uneven = overhang.task_score(loss, k), overhang.mixed_score(loss, k, 0.5)
    np.testing.assert_allclose(overhang.mixed_score(loss, k, 1e6), even, atol=1e-4)
    assert np.all(uneven >= even)  # Jensen


def test_horizons_at_two_levels():
    law = SkillLaw(start=0.97, exponent=0.7)
    half, most = (overhang.horizon(law, 5.0, q) for q in (0.5, 0.8))
    assert half / most == pytest.approx(math.log(0.5) / math.log(0.8))
    assert overhang.task_score(overhang.step_loss(law, 5.0), half) == pytest.approx(0.5)


def logistic_ratio(width: float) -> float:
    """50 % over 80 % horizon of a logistic in log2 length, fitted to a constant hazard."""
    doublings = np.linspace(-width, width, 2001)
    success = 2.0 ** -(2.0**doublings)

    def loss(line):
        logit = line[0] + line[1] * doublings
        return np.mean(success * np.logaddexp(0, -logit) + (1 - success) * np.logaddexp(0, logit))

    _, slope = optimize.minimize(loss, [0, -1]).x
    return 4 ** (-1 / slope)


def test_metrs_horizons_fall_off_more_gently_than_a_constant_hazard():
    """Also if the constant hazard is read through a logistic curve, as METR reads its data."""
    table = progress.time_horizons()
    ratio = table.p50 / table.p80
    assert np.median(ratio) == pytest.approx(5.49, abs=0.005)
    assert ratio.min() == pytest.approx(3.49, abs=0.005) and len(ratio) == 16
    assert np.all(ratio > math.log(0.5) / math.log(0.8))
    read = [logistic_ratio(width) for width in (4, 6, 10)]
    np.testing.assert_allclose(read, [3.84, 3.98, 4.10], atol=0.005)
    assert np.sum(ratio > max(read)) == 14


def test_useful_is_counted_where_the_horizon_says():
    steps = np.geomspace(1, 1000, 30)
    law = SkillLaw(start=0.95)
    assert overhang.usable(10.0, [1.0, 10.0, 20.0]) == 2  # a half counts
    for capability in (1.0, 3.0, 20.0):
        done = overhang.task_score(overhang.step_loss(law, capability), steps) >= 0.5
        assert overhang.usable(overhang.horizon(law, capability), steps) == done.sum()


# --- combinations -------------------------------------------------------------------------------


@pytest.mark.parametrize(("k", "m", "t"), [(5, 3, 2), (5, 2, 1), (6, 4, 3), (4, 4, 2), (5, 2, 3)])
def test_coverage_against_every_choice_of_two_tests(k, m, t):
    """All of them, in exact fractions: mean and standard deviation of the covered share."""
    sets = list(itertools.combinations(range(k), t))
    rows = list(itertools.combinations(range(k), m))
    shares = [
        Fraction(sum(set(s) <= set(a) or set(s) <= set(b) for s in sets), len(sets))
        for a in rows
        for b in rows
    ]
    mean = sum(shares) / len(shares)
    variance = sum((share - mean) ** 2 for share in shares) / len(shares)
    assert overhang.expected_coverage(k, m, 2, t) == pytest.approx(float(mean), abs=1e-12)
    assert overhang.coverage_sd(k, m, 2, t) == pytest.approx(math.sqrt(variance), abs=1e-8)


def test_coverage_is_the_inclusion_exclusion_sum():
    for k, m, t, tests in ((40, 5, 2, 30), (20, 6, 3, 12), (12, 4, 1, 7)):
        hit = Fraction(math.comb(m, t), math.comb(k, t))
        total = sum((-1) ** (j + 1) * math.comb(tests, j) * hit**j for j in range(1, tests + 1))
        assert overhang.expected_coverage(k, m, tests, t) == pytest.approx(float(total))


@pytest.mark.parametrize(("order", "runs"), [(1, 400), (2, 400), (3, 200)])
def test_coverage_against_random_plans(order, runs):
    k, m, tests = 20, 4, 25
    rng = np.random.default_rng(order)
    whole = math.comb(k, order)
    shares = (
        np.array(
            [overhang.covered(overhang.random_tests(k, m, tests, rng), order) for _ in range(runs)]
        )
        / whole
    )
    exact = overhang.expected_coverage(k, m, tests, order)
    sd = overhang.coverage_sd(k, m, tests, order)
    assert abs(shares.mean() - exact) <= 4 * sd / math.sqrt(runs)
    assert shares.std(ddof=1) == pytest.approx(sd, rel=4 / math.sqrt(2 * runs))


def test_the_coverage_numbers_of_the_chapter():
    assert overhang.expected_coverage(40, 5, 100) == pytest.approx(0.7248, abs=5e-5)
    assert overhang.expected_coverage(40, 5, 100, 3) == pytest.approx(0.0963, abs=5e-5)
    assert math.comb(40, 2) == 780 and math.comb(40, 3) == 9880
    assert [overhang.needed_tests(k, 5) for k in (40, 80)] == [233, 946]


def test_needed_tests_is_the_first_number_that_reaches_it():
    for k, m, t, share in ((40, 5, 2, 0.95), (30, 10, 3, 0.5), (9, 9, 2, 0.9)):
        n = overhang.needed_tests(k, m, share, t)
        assert overhang.expected_coverage(k, m, int(n), t) >= share
        assert overhang.expected_coverage(k, m, int(n) - 1, t) < share
    assert overhang.needed_tests(40, 2, order=3) == math.inf


def test_needed_tests_grow_as_the_square_unless_the_tests_grow_too():
    fixed = [overhang.needed_tests(k, 5) for k in (50, 100, 200)]
    np.testing.assert_allclose(np.array(fixed[1:]) / fixed[:-1], 4, atol=0.15)
    growing = [overhang.needed_tests(k, k // 8) for k in (80, 160, 320)]
    assert max(growing) < 1.3 * min(growing)


@pytest.mark.parametrize(("k", "m", "t", "known"), [(7, 3, 2, 7), (9, 3, 2, 12), (13, 4, 2, 13)])
def test_the_lower_bound_is_met_by_the_designs_that_are_known_to_be_perfect(k, m, t, known):
    assert overhang.fewest_tests(k, m, t) == known
    assert overhang.fewest_tests(k, m, t) <= overhang.needed_tests(k, m, 1 - 1e-9, t)


def test_the_lower_bound_against_trying_every_plan():
    """Five capabilities, three in a test: three tests never have all ten pairs, four can."""
    rows = [np.isin(np.arange(5), row) for row in itertools.combinations(range(5), 3)]
    for count, possible in ((3, False), (4, True)):
        plans = itertools.combinations(rows, count)
        assert any(overhang.covered(np.array(plan)) == 10 for plan in plans) is possible
    assert overhang.fewest_tests(5, 3) == 4 and overhang.fewest_tests(40, 5, 3) == 1016


def test_the_fano_plane_covers_every_pair_once():
    lines = [(0, 1, 2), (0, 3, 4), (0, 5, 6), (1, 3, 5), (1, 4, 6), (2, 3, 6), (2, 4, 5)]
    plan = np.zeros((7, 7), dtype=bool)
    for row, line in zip(plan, lines, strict=True):
        row[list(line)] = True
    assert overhang.covered(plan) == 21 and overhang.covered(plan, 3) == 7
    assert overhang.covered(np.concatenate([plan, plan])) == 21
    assert overhang.covered(plan[:3]) == 9


def test_what_a_complete_test_of_an_old_list_leaves_out():
    assert overhang.untested_share(20, 40) == pytest.approx(1 - 190 / 780)
    assert overhang.untested_share(20, 40, 3) == pytest.approx(1 - 1140 / 9880)
    assert overhang.untested_share(50, 40) == 0 and overhang.untested_share(0, 1) == 0


# --- released by a scaffold ---------------------------------------------------------------------

LOOPS = {
    "default": loops.Loop(),
    "steady": loops.Loop(**{name: loops.Stage(gain=0.03, spread=0) for name in loops.STAGES}),
}


@pytest.mark.parametrize("name", LOOPS)
def test_the_release_has_the_exact_means(name):
    loop, scaffold = LOOPS[name], Scaffold(generation=12, low=2, high=9)
    rng = np.random.default_rng(1)
    out = overhang.release(loop, scaffold, rng.random((20, 4, RUNS)), rng.random(RUNS))
    marks = np.array([0, 11, 12, 20])
    law = SkillLaw(start=0.9, exponent=0.6)
    for got, exact in (
        (out.deployed, overhang.mean_deployed(loop, scaffold, marks)),
        (out.lab, loops.mean_capability(loop, marks)),
        (overhang.step_loss(law, out.lab), overhang.mean_loss(law, loop, marks)),
    ):
        error = got[marks].std(axis=1, ddof=1) / math.sqrt(RUNS)
        assert np.all(np.abs(got[marks].mean(axis=1) - exact) <= 4.5 * error + 1e-9)


def test_the_factor_is_log_uniform_and_nothing_else_changes():
    scaffold = Scaffold(generation=3, low=5, high=20)
    rng = np.random.default_rng(2)
    noise, draws = rng.random((5, 4, 3000)), rng.random(3000)
    out = overhang.release(loops.Loop(), scaffold, noise, draws)
    factor = out.deployed / out.lab
    np.testing.assert_array_equal(factor[:3], 1)
    np.testing.assert_allclose(np.log(factor[3:] / 5) / math.log(4), np.tile(draws, (3, 1)))
    np.testing.assert_array_equal(out.lab, loops.simulate(loops.Loop(), noise).capability)
    assert scaffold.mean == pytest.approx(15 / math.log(4))
    assert Scaffold(low=3, high=3).mean == pytest.approx(3)
    assert Scaffold(low=3, high=3 * (1 + 2e-6)).mean == pytest.approx(3, rel=2e-6)


def test_a_capability_may_cross_from_useless_to_useful_between_two_looks():
    """A horizon that grows by more than ln 20 / ln 2 takes a task from under 5 % to over half."""
    law = SkillLaw(start=0.9)
    steps = overhang.horizon(law, 1.0, 0.05) * 1.0001
    before, after = overhang.step_loss(law, [1.0, math.log(20) / math.log(2) * 1.0002])
    assert overhang.task_score(before, steps) < 0.05
    assert overhang.task_score(after, steps) > 0.5
