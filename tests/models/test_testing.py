"""Chapter 07: bounds, sizes, beliefs, reweighting and searching, against closed forms."""

import math

import numpy as np
import pytest
import sympy as sp
from scipy import stats
from scipy.integrate import quad

from rsi_teach.models import testing, testing_search, testing_shift
from rsi_teach.models.testing import Belief
from rsi_teach.models.testing_search import Hole
from rsi_teach.models.testing_shift import Shift

CENTRE = (0.6, 0.42, 0.55, 0.45, 0.6, 0.4)
GRID = [(n, c) for n in (1, 5, 30, 300) for c in (0.5, 0.9, 0.95, 0.99)]
SIDES = testing.SIDES
ALTERNATIVE = {"both": "two-sided", "upper": "less", "lower": "greater"}


def hole(dimension=2, radius=0.05, reach=0.2):
    return Hole(centre=CENTRE[:dimension], radius=radius, reach=reach)


# --- bounds -------------------------------------------------------------------------------------


def test_the_facts_of_the_chapter():
    """Closed-form numbers, to the digits in which they are quoted."""
    assert round(float(testing.zero_failure_bound(300)), 6) == 0.009936
    assert testing.demonstration_tests(1e-3) == 2995
    assert testing.clopper_pearson(0, 30)[1].round(4) == 0.1157
    assert testing.clopper_pearson(0, 30, side="upper")[1].round(4) == 0.0950
    assert round(-100 * math.log(0.05) / 1.09) == 275
    after = testing.updated(Belief(), 0, 10**6)
    assert testing.no_failure(after, 10**6) == pytest.approx(0.5, abs=1e-6)


def test_the_zero_failure_bound_solves_its_equation_and_follows_the_rule_of_three():
    for confidence in (0.5, 0.95, 0.999):
        n = np.array([1, 10, 10**4, 10**12])
        bound = testing.zero_failure_bound(n, confidence=confidence)
        np.testing.assert_allclose(n * np.log1p(-bound), math.log(1 - confidence), rtol=1e-9)
        np.testing.assert_allclose(
            bound, testing.clopper_pearson(0, n, confidence=confidence, side="upper")[1], rtol=1e-7
        )
    n = np.array([100, 300, 10**6])
    assert np.all(np.abs(testing.zero_failure_bound(n) * n / 3 - 1) < 0.02)


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize(("tests", "confidence"), GRID)
def test_clopper_pearson_is_scipys(tests, confidence, side):
    failures = np.unique(np.linspace(0, tests, 7).astype(int))
    low, high = testing.clopper_pearson(failures, tests, confidence=confidence, side=side)
    for k, ours in zip(failures, np.transpose([low, high]), strict=True):
        made = stats.binomtest(int(k), tests, alternative=ALTERNATIVE[side])
        theirs = made.proportion_ci(confidence, "exact")
        np.testing.assert_allclose(ours, [theirs.low, theirs.high], atol=1e-9)


def test_clopper_pearson_mirrors_itself():
    """Failures and passes exchanged: the ends exchange, and so do the sides."""
    k = np.arange(21)
    low, high = testing.clopper_pearson(k, 20)
    mirrored = testing.clopper_pearson(20 - k, 20)
    np.testing.assert_allclose(low, 1 - mirrored[1], atol=1e-12)
    upper = testing.clopper_pearson(k, 20, side="upper")
    np.testing.assert_allclose(
        upper[1], 1 - testing.clopper_pearson(20 - k, 20, side="lower")[0], atol=1e-12
    )
    assert np.all(upper[0] == 0) and np.all(np.diff(high) > 0)


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize(("tests", "confidence"), GRID)
def test_the_coverage_is_never_under_the_confidence(tests, confidence, side):
    rate = np.concatenate([[0.0], np.geomspace(1e-5, 1, 400)])
    found = testing.coverage(rate, tests, confidence=confidence, side=side)
    assert np.all(found >= confidence - 1e-9)


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("confidence", [0.8, 0.95])
@pytest.mark.parametrize("rate", [0.003, 0.02, 0.3])
@pytest.mark.parametrize("tests", [20, 150])
def test_the_interval_contains_the_truth_as_often_as_it_says(tests, rate, confidence, side):
    runs = 20_000
    k = np.random.default_rng(7).binomial(tests, rate, runs)
    low, high = testing.clopper_pearson(k, tests, confidence=confidence, side=side)
    seen = np.mean((low <= rate) & (rate <= high))
    exact = float(testing.coverage(rate, tests, confidence=confidence, side=side))
    assert abs(seen - exact) <= 4 * math.sqrt(exact * (1 - exact) / runs) + 1e-12
    assert seen >= confidence - 4 * math.sqrt(confidence * (1 - confidence) / runs)


# --- sizes --------------------------------------------------------------------------------------


@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.95, 0.999])
def test_a_demonstration_is_as_small_as_it_can_be(confidence):
    rate, failures = np.array([[0.5], [0.03], [1e-3], [1e-6]]), np.array([0, 1, 3, 10, 100])
    n = testing.demonstration_tests(rate, confidence=confidence, failures=failures)
    passed = stats.binom.cdf(failures, n, rate)
    before = stats.binom.cdf(failures, n - 1, rate)
    assert np.all(passed <= 1 - confidence + 1e-12)
    assert np.all((before > 1 - confidence - 1e-12) | (n - 1 <= failures))


def test_without_failures_it_is_the_logarithm_and_agrees_with_the_bound():
    rate = np.array([0.3, 1e-2, 1e-3, 1e-5, 1e-8])
    n = testing.demonstration_tests(rate)
    np.testing.assert_array_equal(n, np.ceil(math.log(0.05) / np.log1p(-rate)))
    assert np.all(testing.zero_failure_bound(n) <= rate * (1 + 1e-9))
    assert np.all(testing.zero_failure_bound(n - 1) > rate)


@pytest.mark.parametrize("failures", [0, 1, 4])
def test_a_failure_more_or_less_keeps_the_upper_bound_consistent(failures):
    """The plan passes exactly when the one-sided bound is at or under the rate."""
    n = int(testing.demonstration_tests(0.01, failures=failures))
    assert testing.clopper_pearson(failures, n, side="upper")[1] <= 0.01 + 1e-12
    assert testing.clopper_pearson(failures + 1, n, side="upper")[1] > 0.01


@pytest.mark.parametrize("rate", [0.001, 0.004, 0.02])
@pytest.mark.parametrize("failures", [0, 2])
def test_plans_pass_as_often_as_is_said(rate, failures):
    n, runs = int(testing.demonstration_tests(0.01, failures=failures)), 20_000
    exact = float(testing.pass_probability(rate, n, failures=failures))
    seen = np.mean(np.random.default_rng(3).binomial(n, rate, runs) <= failures)
    assert abs(seen - exact) <= 4 * math.sqrt(exact * (1 - exact) / runs) + 1e-12
    assert exact == pytest.approx(stats.binom.cdf(failures, n, rate), abs=1e-9)


def test_a_suite_that_may_fail_altogether_is_always_passed():
    assert np.all(testing.pass_probability([0.0, 0.5, 1.0], 3, failures=3) == 1)
    assert testing.pass_probability(1.0, 3, failures=2) == 0


def test_a_plan_lets_a_system_pass_that_is_too_bad_no_more_often_than_promised():
    for confidence in (0.8, 0.95):
        for failures in (0, 1, 5):
            for rate in (0.5, 0.01, 1e-4):
                n = testing.demonstration_tests(rate, confidence=confidence, failures=failures)
                worse = min(1.5 * rate, 1)
                assert testing.pass_probability(worse, n, failures=failures) <= 1 - confidence


def test_precision_is_the_width_of_the_normal_interval():
    n = testing.precision_tests(0.01, relative=0.2)
    half = stats.norm.ppf(0.975) * math.sqrt(0.01 * 0.99 / n)
    assert half == pytest.approx(0.2 * 0.01)


def test_waiting_for_a_failure_is_the_mean_of_a_geometric_time():
    years = float(testing.years_to_failure(1e-3, hours=8760, benches=1))
    missions = np.random.default_rng(0).geometric(1e-3, 20_000)
    assert abs(missions.mean() - years) <= 4 * years / math.sqrt(20_000)
    assert testing.years_to_failure(1e-3, hours=8760, benches=10) == pytest.approx(years / 10)


# --- beliefs ------------------------------------------------------------------------------------


@pytest.mark.parametrize("belief", [Belief(), Belief(a=0.5, b=0.5), Belief(a=2, b=50)])
def test_the_chance_of_no_failure_is_an_integral(belief):
    after = testing.updated(belief, 1, 20)
    exact, _ = quad(lambda p: stats.beta.pdf(p, belief.a + 1, belief.b + 19) * (1 - p) ** 30, 0, 1)
    assert testing.no_failure(after, 30) == pytest.approx(exact, rel=1e-6)


def test_beliefs_are_calibrated_by_simulation():
    """Draw rates from the prior: among runs that passed, so many pass on as is believed."""
    rng, runs = np.random.default_rng(5), 200_000
    for prior in (Belief(), Belief(a=0.5, b=5), Belief(a=1, b=20, perfect=0.3)):
        rate = rng.beta(prior.a, prior.b, runs) * (rng.random(runs) >= prior.perfect)
        passed = rate[rng.binomial(30, rate) == 0]
        after = testing.updated(prior, 0, 30)
        for more in (10, 30, 100):
            seen = np.mean(rng.binomial(more, passed) == 0)
            said = testing.no_failure(after, more)
            assert abs(seen - said) <= 4 * math.sqrt(said * (1 - said) / len(passed))
        assert abs(passed.mean() - after.mean) <= 4 * passed.std() / math.sqrt(len(passed))
        under = np.mean(passed <= testing.credible_bound(after))
        assert abs(under - 0.95) <= 4 * math.sqrt(0.05 * 0.95 / len(passed))


def test_the_uniform_prior_gives_one_half_and_other_priors_do_not():
    n, p = sp.symbols("n p", positive=True)
    posterior_next = sp.integrate((1 - p) ** 40, (p, 0, 1)) / sp.integrate((1 - p) ** 20, (p, 0, 1))
    assert float(posterior_next) == pytest.approx(
        testing.no_failure(testing.updated(Belief(), 0, 20), 20)
    )
    assert sp.limit((n + 1) / (2 * n + 1), n, sp.oo) == sp.Rational(1, 2)
    for a in (0.1, 0.5, 1, 3):
        after = testing.updated(Belief(a=a), 0, 10**5)
        assert testing.no_failure(after, 10**5) == pytest.approx(0.5**a, rel=1e-3)


def test_the_uniform_bound_is_that_of_one_more_test():
    after = testing.updated(Belief(), 0, 300)
    assert testing.credible_bound(after) == pytest.approx(float(testing.zero_failure_bound(301)))


def test_perfection_gains_by_passes_and_dies_with_a_failure():
    prior = Belief(perfect=0.1)
    after = testing.updated(prior, 0, 100)
    assert after.perfect == pytest.approx(0.1 / (0.1 + 0.9 / 101))
    assert testing.updated(prior, 1, 100).perfect == 0
    assert testing.credible_bound(after, confidence=0.9) == 0
    twice = testing.updated(testing.updated(prior, 0, 40), 0, 60)
    assert twice.perfect == pytest.approx(after.perfect) and twice.b == after.b
    certain = testing.updated(Belief(perfect=1), 0, 10)
    assert certain.perfect == 1 and testing.credible_bound(certain) == 0


# --- another distribution -----------------------------------------------------------------------

SHIFTS = [
    Shift(test=[0.9, 0.1], deployed=[0.5, 0.5], rates=[0.05, 0.3]),
    Shift(test=[0.5, 0.3, 0.2], deployed=[0.1, 0.1, 0.8], rates=[0.1, 0.0, 0.4]),
    Shift(test=[0.7, 0.3], deployed=[0.3, 0.7], rates=[0.2, 0.2]),
]


@pytest.mark.parametrize("shift", SHIFTS)
@pytest.mark.parametrize("tests", [400, 2000])
def test_bias_and_spread_of_both_estimates(shift, tests):
    runs = 20_000
    plain, weighted = testing_shift.simulated_rates(shift, tests, runs, np.random.default_rng(1))
    bias, sd = testing_shift.plain_error(shift, tests)
    assert abs(plain.mean() - shift.deployed_rate - bias) <= 4 * sd / math.sqrt(runs)
    assert plain.std() == pytest.approx(sd, rel=0.03)
    spread = float(testing_shift.weighted_error(shift, tests))
    assert weighted.std() == pytest.approx(spread, rel=0.05)
    assert abs(weighted.mean() - shift.deployed_rate) <= 4 * spread / math.sqrt(runs) + 2 / tests


def test_the_effective_size_is_what_it_says_when_groups_fail_alike():
    shift = SHIFTS[2]
    size = float(testing_shift.expected_effective_size(shift, 1000))
    rate = shift.deployed_rate
    assert float(testing_shift.weighted_error(shift, 1000)) == pytest.approx(
        math.sqrt(rate * (1 - rate) / size)
    )


def test_the_sample_size_of_drawn_weights_is_near_the_expected_one():
    rng = np.random.default_rng(2)
    for shift in SHIFTS:
        group = rng.choice(len(shift.test), size=(400, 1000), p=shift.test)
        sizes = testing_shift.effective_sample_size(shift.weights[group])
        expected = float(testing_shift.expected_effective_size(shift, 1000))
        assert sizes.mean() == pytest.approx(expected, rel=0.03)


def test_effective_size_and_reweighting_by_hand():
    assert testing_shift.effective_sample_size([2, 2, 2]) == pytest.approx(3)
    assert testing_shift.effective_sample_size([1, 0, 0]) == 1
    assert testing_shift.effective_sample_size([3, 1]) == pytest.approx(16 / 10)
    w, f = np.array([9.0, 1.0, 1.0, 5.0]), np.array([1, 0, 1, 0])
    assert testing_shift.reweighted_rate(f, w) == pytest.approx(10 / 16)
    assert testing_shift.reweighted_rate(f, 1e90 * w) == pytest.approx(10 / 16)


def test_without_a_shift_nothing_changes():
    same = Shift(test=[0.4, 0.6], deployed=[0.4, 0.6], rates=[0.1, 0.3])
    assert testing_shift.expected_effective_size(same, 50) == pytest.approx(50)
    assert testing_shift.weighted_error(same, 50) == pytest.approx(
        testing_shift.plain_error(same, 50)[1]
    )
    plain, weighted = testing_shift.simulated_rates(same, 50, 100, np.random.default_rng(0))
    np.testing.assert_allclose(plain, weighted)


@pytest.mark.parametrize(
    ("shares", "named"),
    [
        ({"test": [0.5, 0.6]}, "test sums to 1.1"),
        ({"deployed": [0.5, 0.4]}, "deployed sums to 0.9"),
        ({"test": [1.0, 0.0]}, "test = 0 is outside"),
        ({"rates": [0.1]}, "differ in shape"),
    ],
)
def test_shares_that_are_none_are_refused(shares, named):
    good = {"test": [0.5, 0.5], "deployed": [0.5, 0.5], "rates": [0.1, 0.2]}
    with pytest.raises(ValueError, match=named):
        Shift(**good | shares)


# --- searching ----------------------------------------------------------------------------------


@pytest.mark.parametrize("dimension", [1, 2, 3, 6])
def test_the_measure_of_a_ball(dimension):
    ball = hole(dimension, radius=0.3, reach=0.39)
    points = np.random.default_rng(0).random((200_000, dimension))
    for measure, inside in ((ball.measure, ball.signal(points) == 0),
                            (ball.basin, ball.signal(points) < 1)):  # fmt: skip
        assert abs(inside.mean() - measure) <= 4 * math.sqrt(measure * (1 - measure) / 200_000)


def test_the_unit_balls_volumes_are_the_known_ones():
    for d, volume in ((1, 2), (2, math.pi), (3, 4 * math.pi / 3), (4, math.pi**2 / 2)):
        assert testing_search.ball_measure(0.5, d) == pytest.approx(volume * 0.5**d)


def test_the_signal_is_one_far_away_zero_inside_and_straight_between():
    ball = hole(2, radius=0.1, reach=0.3)
    at = np.array(ball.centre) + np.array([[0.0, 0.1 - 1e-9, 0.2, 0.3, 0.39]]).T * [1, 0]
    np.testing.assert_allclose(ball.signal(at), [0, 0, 0.5, 1, 1], atol=1e-8)
    needle = hole(2, radius=0.1, reach=0.1)
    assert set(needle.signal(np.random.default_rng(0).random((1000, 2)))) == {0.0, 1.0}


@pytest.mark.parametrize("dimension", [1, 2, 3])
def test_a_random_suite_finds_the_region_as_often_as_the_formula_says(dimension):
    tests, runs = 60, 5000
    noise = np.random.default_rng(dimension).random((tests, dimension, runs))
    first = testing_search.suite_first(hole(dimension), noise)
    for n in (1, 10, 60):
        exact = float(testing_search.chance_met(hole(dimension).measure, n))
        seen = np.mean(first <= n)
        assert abs(seen - exact) <= 4 * math.sqrt(exact * (1 - exact) / runs)


def test_without_a_slope_the_searcher_is_the_random_suite():
    noise = np.random.default_rng(1).random((100, 2, 2000))
    needle = hole(2, radius=0.05, reach=0.05)
    np.testing.assert_array_equal(
        testing_search.searcher_first(needle, noise), testing_search.suite_first(needle, noise)
    )


@pytest.mark.parametrize(("dimension", "reach"), [(2, 0.1), (2, 0.3), (4, 0.3), (6, 0.35)])
def test_the_searcher_finds_what_it_once_noticed(dimension, reach):
    """In time it finds the region in every run that meets the slope, and in no other."""
    tests, early, runs = 500, 100, 400
    ball = hole(dimension, radius=0.02, reach=reach)
    noise = np.random.default_rng(8).random((tests, dimension, runs))
    first = testing_search.searcher_first(ball, noise)
    met = (ball.signal(np.moveaxis(noise, 1, 2)) < 1).argmax(axis=0)
    noticed = (ball.signal(np.moveaxis(noise, 1, 2)) < 1).any(axis=0)
    assert np.all(np.isinf(first[~noticed]))
    assert np.isfinite(first[noticed & (met < early)]).mean() > 0.99
    share = float(testing_search.chance_met(ball.basin, tests))
    assert np.isfinite(first).mean() <= share + 4 * math.sqrt(share * (1 - share) / runs) + 1e-9


def test_the_path_is_the_ensembles():
    ball = hole(3, radius=0.02, reach=0.3)
    noise = np.random.default_rng(4).random((200, 3, 40))
    first = testing_search.searcher_first(ball, noise)
    for run in range(40):
        path = testing_search.search_path(ball, noise[:, :, run])
        failed = ball.signal(path) == 0
        assert len(path) == min(first[run], 200)
        assert failed[-1] == np.isfinite(first[run]) and not failed[:-1].any()


def test_a_longer_budget_changes_nothing_before_its_end():
    ball, noise = hole(), np.random.default_rng(4).random((200, 2, 300))
    for model in (testing_search.suite_first, testing_search.searcher_first):
        long, short = model(ball, noise), model(ball, noise[:40])
        np.testing.assert_array_equal(short, np.where(long <= 40, long, np.inf))


def test_single_precision_noise_is_enough():
    ball = hole()
    noise = np.random.default_rng(4).random((100, 2, 2000), dtype=np.float32)
    for model in (testing_search.suite_first, testing_search.searcher_first):
        single, double = model(ball, noise), model(ball, noise.astype(float))
        assert np.mean(single == double) > 0.99


def test_a_slope_helps_by_the_power_of_the_dimension():
    for d in (2, 4, 6):
        ball = hole(d, radius=0.02, reach=0.3)
        assert ball.basin / ball.measure == pytest.approx(15**d)


@pytest.mark.parametrize(
    "noise", [np.zeros((5, 3, 2)), np.zeros((5, 2)), np.full((1, 2, 1), 1.0), np.zeros((0, 2, 1))]
)
def test_noise_of_another_shape_is_refused(noise):
    for model in (testing_search.suite_first, testing_search.searcher_first):
        with pytest.raises(ValueError, match="noise"):
            model(hole(), noise)


def test_more_failures_than_tests_are_refused():
    for call in (
        lambda: testing.clopper_pearson(4, 3),
        lambda: testing.clopper_pearson([0, 9], [3, 8]),
        lambda: testing.pass_probability(0.1, 3, failures=4),
        lambda: testing.updated(Belief(), 4, 3),
    ):
        with pytest.raises(ValueError, match=r"failures = .* is more than the tests"):
            call()
