"""Chapter 16: scores and their parts, simulated forecasters, and conformal intervals."""

import math

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import beta, binom, norm, t

from rsi_teach.models import calibration as c

RUNS = 100_000


def within_error(share, expected, runs, *, errors=4.0):
    return abs(share - expected) <= errors * math.sqrt(expected * (1 - expected) / runs) + 1e-12


# --- intervals ------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [0.2, 0.41, 1.0, 2.0])
@pytest.mark.parametrize("bias", [0.0, 0.5, -2.0])
def test_the_hit_rate_is_that_of_a_simulation(width, bias):
    made = c.Forecaster(width=width, bias=bias)
    noise = np.random.default_rng(0).standard_normal((100, RUNS // 100))
    (low, high), truth = c.simulate_intervals(made, noise)
    held = (low <= truth) & (truth <= high)
    assert within_error(held.mean(), c.hit_rate(made), RUNS)


def test_the_hit_rate_without_bias_is_the_formula_of_the_text():
    for width in (0.1, 0.41, 1.0, 3.0):
        rate = c.hit_rate(c.Forecaster(width=width))
        assert rate == pytest.approx(2 * norm.cdf(norm.ppf(0.95) * width) - 1)
        assert c.width_for(rate) == pytest.approx(width)
    assert c.hit_rate(c.Forecaster()) == pytest.approx(0.9)


@pytest.mark.parametrize("forecaster", [c.Forecaster(width=w, bias=b) for w in (0.5, 1, 2)
                                        for b in (0, 1)])  # fmt: skip
def test_the_expected_score_is_the_mean_of_simulated_scores(forecaster):
    noise = np.random.default_rng(1).standard_normal((100, RUNS // 100))
    (low, high), truth = c.simulate_intervals(forecaster, noise)
    scores = c.interval_scores(low, high, truth)
    expected = float(c.expected_score(low[0, 0], high[0, 0]))
    assert abs(scores.mean() - expected) < 4 * scores.std() / math.sqrt(RUNS)


def test_the_expected_score_is_least_at_the_quantiles():
    for alpha in (0.02, 0.1, 0.5):
        for mean, sd in ((0, 1), (3, 0.5), (-10, 20)):
            low, high = norm.ppf([alpha / 2, 1 - alpha / 2], mean, sd)
            best = float(c.expected_score(low, high, mean=mean, sd=sd, alpha=alpha))
            steps = np.linspace(-1, 1, 21) * sd
            others = c.expected_score(low + steps[:, None] / 4, high + steps / 4,
                                      mean=mean, sd=sd, alpha=alpha)  # fmt: skip
            assert np.all(others >= best - 1e-9)
            assert (others <= best + 1e-9).sum() == 1


def test_two_expected_scores_agree():
    from rsi_teach.models.start_here import expected_interval_score

    half = np.array([0.3, 1.645, 4.0])
    one = c.expected_score(-half, half, sd=1.5, alpha=0.2)
    assert np.allclose(one, expected_interval_score(half, sd=1.5, alpha=0.2))


def test_the_vectorised_score_is_the_scalar_one():
    from rsi_teach.learn import interval_score

    rng = np.random.default_rng(2)
    for low, width, truth in zip(*rng.normal(0, 3, (3, 50)), strict=True):
        ends = low, low + abs(width)
        assert c.interval_scores(*ends, truth) == pytest.approx(interval_score(*ends, truth))


@pytest.mark.parametrize(("rate", "error"), [(0.5, 0.1), (0.8, 0.1), (0.5, 0.05), (0.7, 0.2)])
def test_so_many_questions_tell_and_one_fewer_does_not(rate, error):
    def told(n):
        cuts = np.arange(-1, n + 1)
        false = binom.cdf(cuts, n, 0.9)
        missed = 1 - binom.cdf(cuts, n, rate)
        return np.any((false <= error) & (missed <= error))

    needed = c.questions_to_tell(rate, error=error)
    assert told(needed) and not any(told(n) for n in range(1, needed))


def test_how_many_questions_the_text_says():
    assert (c.questions_to_tell(0.5), c.questions_to_tell(0.8)) == (9, 86)
    with pytest.raises(ValueError, match="rate"):
        c.questions_to_tell(0.899)


# --- probabilities --------------------------------------------------------------------------------


@pytest.mark.parametrize("bins", [0, 1, 3, 5, 10, 100])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_parts_add_up_to_the_brier_score(bins, seed):
    rng = np.random.default_rng(seed)
    p = rng.random(37) if seed else np.round(rng.random(37), 1)
    y = rng.random(37) < p**2
    parts = c.decompose(p, y, bins=bins)
    assert parts.brier == pytest.approx(np.mean((p - y) ** 2), abs=1e-12)
    if bins == 0:
        assert parts.within == pytest.approx(0, abs=1e-12)


def test_the_parts_by_hand():
    p, y = np.array([0.1, 0.1, 0.1, 0.8, 0.8]), np.array([0, 0, 1, 1, 1])
    parts = c.decompose(p, y)
    assert parts.reliability == pytest.approx(0.6 * (0.1 - 1 / 3) ** 2 + 0.4 * 0.2**2)
    assert parts.resolution == pytest.approx(0.6 * (1 / 3 - 0.6) ** 2 + 0.4 * 0.4**2)
    assert parts.uncertainty == pytest.approx(0.24)


def test_what_is_lost_within_bins_is_variance_less_twice_covariance():
    rng = np.random.default_rng(3)
    p = rng.random(200)
    y = (rng.random(200) < p).astype(float)
    group = np.minimum(p * 4, 3).astype(int)
    own = p - np.array([p[group == g].mean() for g in range(4)])[group]
    rest = y - np.array([y[group == g].mean() for g in range(4)])[group]
    assert c.decompose(p, y, bins=4).within == pytest.approx(np.mean(own**2 - 2 * own * rest))


def test_binned_means_decompose_exactly():
    rng = np.random.default_rng(4)
    p = rng.random(200)
    y = rng.random(200) < p
    group = np.minimum(p * 5, 4).astype(int)
    means = np.array([p[group == g].mean() for g in range(5)])[group]
    parts = c.decompose(p, y, bins=5)
    exact = parts.reliability - parts.resolution + parts.uncertainty
    assert exact == pytest.approx(np.mean((means - y) ** 2))


@pytest.mark.parametrize("width", [0.4, 1.0, 2.5])
@pytest.mark.parametrize("bias", [0.0, 0.8])
def test_simulated_forecasters_have_the_expected_parts(width, bias):
    made = c.Forecaster(width=width, bias=bias)
    stated, happened = c.simulate_probabilities(
        made, np.random.default_rng(0).random((2, 100, 400))
    )
    found = c.decompose(stated.ravel(), happened.ravel())
    expected = c.expected_components(made)
    scores = (stated - happened) ** 2
    error = scores.std() / math.sqrt(scores.size)
    assert abs(scores.mean() - expected.brier) < 4 * error
    for part in ("reliability", "resolution", "uncertainty"):
        assert getattr(found, part) == pytest.approx(getattr(expected, part), abs=0.004)


def test_a_narrow_forecaster_states_bolder_chances():
    odds = c.TRUE / (1 - c.TRUE)
    bold, timid = (c.Forecaster(width=w, bias=0.3).stated for w in (0.5, 2.0))
    assert np.allclose(bold / (1 - bold), odds**2 * math.exp(0.3))
    assert np.allclose(timid / (1 - timid), odds**0.5 * math.exp(0.3))


def test_few_answers_make_reliability_look_worse():
    """The honest forecaster's reliability is 0; with 10 answers in ten groups it looks like .12."""
    rng = np.random.default_rng(5)
    found = []
    for _ in range(400):
        stated, happened = c.simulate_probabilities(c.Forecaster(), rng.random((2, 10, 1)))
        found.append(c.decompose(stated[:, 0], happened[:, 0]).reliability)
    assert c.expected_components(c.Forecaster()).reliability == 0 < 0.08 < np.mean(found)


def test_the_reliability_curve_counts():
    p, y = np.array([0.05, 0.15, 0.95, 1.0]), np.array([0, 1, 1, 1])
    curve = c.reliability_curve(p, y, bins=5)
    assert curve.stated.tolist() == pytest.approx([0.1, 0.975])
    assert curve.happened.tolist() == [0.5, 1.0] and curve.count.tolist() == [2, 2]
    (low, high), _ = curve.interval(0.9)
    assert (low, high) == (pytest.approx(beta.ppf(0.05, 1, 2)), pytest.approx(beta.ppf(0.95, 2, 1)))


def test_two_ways_to_write_a_probability_are_one_forecast():
    assert len(c.reliability_curve([0.3, 1 - 0.7, 0.1 + 0.2], [0, 1, 1]).count) == 1


def test_the_rain_forecasts_are_whole():
    assert c.RAIN_DAYS.sum() == 346 and np.all(c.RAIN_WET <= c.RAIN_DAYS)


# --- conformal intervals --------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 5, 8, 9, 12, 19, 50, 99])
@pytest.mark.parametrize("alpha", [0.05, 0.1, 0.3])
@pytest.mark.parametrize("draw", ["standard_normal", "standard_cauchy", "standard_exponential"])
def test_split_intervals_have_their_exact_coverage(n, alpha, draw):
    runs = 20_000
    errors = np.abs(getattr(np.random.default_rng(n), draw)((runs, n + 1)))
    place = math.ceil((n + 1) * (1 - alpha) - 1e-9)
    half = np.sort(errors[:, :n])[:, place - 1] if place <= n else np.full(runs, math.inf)
    assert half[0] == c.conformal_half_width(errors[0, :n], alpha=alpha)
    exact = c.split_coverage(n, alpha=alpha)
    assert within_error(np.mean(errors[:, n] <= half), exact, runs)
    assert 1 - alpha - 1e-12 <= exact <= 1 - alpha + 1 / (n + 1) + 1e-12


@pytest.mark.parametrize(("n", "alpha"), [(9, 0.1), (40, 0.1), (100, 0.1), (100, 0.3), (19, 0.05)])
def test_the_coverage_of_one_past_sample_is_beta(n, alpha):
    runs = 20_000
    errors = np.abs(np.random.default_rng(n).standard_normal((runs, n)))
    place = math.ceil((n + 1) * (1 - alpha) - 1e-9)
    has = 1 - 2 * norm.sf(np.sort(errors)[:, place - 1])
    for level in (0.05, 0.5, 0.95):
        at = float(c.coverage_quantiles(n, level, alpha=alpha))
        assert within_error(np.mean(has <= at), level, runs)
    assert within_error(has.mean(), c.split_coverage(n, alpha=alpha), runs)


def test_too_few_errors_give_an_infinite_interval():
    assert c.conformal_half_width(np.ones(8)) == math.inf and c.split_coverage(8) == 1
    assert c.conformal_half_width(np.arange(9.0)) == 8 and c.split_coverage(9) == 0.9
    assert c.coverage_quantiles(8, [0.1, 0.9]).tolist() == [1, 1]
    assert c.conformal_half_width(np.arange(19.0), alpha=0.05) == 18
    assert c.conformal_half_width(np.arange(18.0), alpha=0.05) == math.inf


@pytest.mark.parametrize("scale", [0.5, 1.0, 1.5, 2.0, 4.0])
@pytest.mark.parametrize("alpha", [0.05, 0.1])
def test_under_a_change_of_scale_the_promise_fails_as_computed(scale, alpha):
    noise = np.random.default_rng(0).standard_normal((20, 5000))
    missed = c.scaled_p_values(noise, np.full(20, scale)) <= alpha
    assert within_error(missed.mean(), float(c.static_miscoverage(scale, alpha=alpha)), RUNS)


@pytest.mark.parametrize(
    ("sds", "shares"), [((0.5, 2.0), (0.8, 0.2)), ((1.0,), (1.0,)), ((1, 2, 5), (0.9, 0.09, 0.01))]
)
def test_one_interval_for_all_groups_misses_in_some(sds, shares):
    cover = c.group_coverage(sds, shares)
    assert np.dot(cover, shares) == pytest.approx(0.9)
    rng = np.random.default_rng(0)
    group = rng.choice(len(sds), RUNS, p=shares)
    errors = np.abs(rng.standard_normal(RUNS) * np.asarray(sds, float)[group])
    half = np.quantile(errors, 0.9)
    for g, expected in enumerate(cover):
        own = errors[group == g]
        assert abs(np.mean(own <= half) - expected) < 5 / math.sqrt(len(own))


def test_p_values_are_what_split_intervals_do():
    scores = np.abs(np.random.default_rng(0).standard_normal((40, 30)))
    past = c.p_values(scores, warm_up=9)
    first = c.p_values(scores, warm_up=9, reference="first")
    for alpha in (0.05, 0.1, 0.25):
        for step in (9, 10, 23, 39):
            for run in (0, 7, 29):
                half = c.conformal_half_width(scores[:step, run], alpha=alpha)
                assert (scores[step, run] > half) == (past[step - 9, run] <= alpha + 1e-12)
                fixed = c.conformal_half_width(scores[:9, run], alpha=alpha)
                assert (scores[step, run] > fixed) == (first[step - 9, run] <= alpha + 1e-12)


def test_a_tie_is_not_larger():
    """Accuracies are counts, so gaps tie; an interval holds what lies on its end."""
    assert c.p_values(np.ones((3, 1)), warm_up=2).tolist() == [[1.0]]
    scores = np.array([1.0, 2, 3, 4, 5, 6, 7, 8, 9, 9])[:, None]
    assert c.p_values(scores, warm_up=9)[0, 0] == 0.2


# --- adaptive conformal inference -----------------------------------------------------------------


def hostile(kind, steps, runs):
    """P-values that no exchangeable errors would give."""
    rng = np.random.default_rng(0)
    uniform = 1 - rng.random((steps, runs))
    return {
        "uniform": uniform,
        "always missed": np.full((steps, runs), 1e-12),
        "never missed": np.ones((steps, runs)),
        "worse and worse": uniform ** np.linspace(1, 20, steps)[:, None],
        "in turns": np.where(np.arange(steps)[:, None] // 50 % 2, 1e-9, 1.0) * np.ones(runs),
    }[kind]


@pytest.mark.parametrize(
    "kind", ["uniform", "always missed", "never missed", "worse and worse", "in turns"]
)
@pytest.mark.parametrize("gamma", [0.005, 0.05, 0.5])
@pytest.mark.parametrize("start", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("alpha", [0.1, 0.3])
def test_the_guarantee_holds_whatever_the_data_do(kind, gamma, start, alpha):
    p = hostile(kind, 600, 20)
    levels, missed = c.adaptive_levels(p, gamma=gamma, alpha=alpha, start=start)
    steps = np.arange(1, 601)
    share = np.cumsum(missed, axis=0) / steps[:, None]
    bound = c.adaptation_bound(steps, gamma=gamma, alpha=alpha, start=start)
    assert np.all(np.abs(share - alpha) <= bound[:, None] + 1e-9)
    assert np.all((levels >= -gamma - 1e-9) & (levels <= 1 + gamma + 1e-9))


def test_the_guarantee_is_nearly_reached():
    """So it cannot be made much smaller: a level that starts at 1 and falls all the way."""
    _, missed = c.adaptive_levels(np.full((20, 1), 1e-12), gamma=0.05, start=1.0)
    assert abs(missed.mean() - 0.1) > 0.85 * c.adaptation_bound(20, gamma=0.05, start=1.0)


def test_the_guarantee_is_the_one_of_the_paper():
    """With the larger of two distances of the first level from the ends, and one step more."""
    assert c.adaptation_bound(50, gamma=0.05) == pytest.approx((0.9 + 0.05) / 2.5)
    assert c.adaptation_bound(50, gamma=0.05, start=0.7) == pytest.approx((0.7 + 0.05) / 2.5)
    assert c.adaptation_bound(20_000, gamma=0.005) == pytest.approx(0.00905)


def test_the_levels_follow_the_rule_step_by_step():
    p = 1 - np.random.default_rng(1).random((50, 3))
    levels, missed = c.adaptive_levels(p, gamma=0.03, alpha=0.2, start=0.5)
    level = np.full(3, 0.5)
    for step in range(50):
        assert np.allclose(levels[step], level)
        error = p[step] <= level
        assert np.array_equal(missed[step], error)
        level = level + 0.03 * (0.2 - error)
    assert np.allclose(levels[-1], level)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_scale_that_doubles_halfway(seed):
    """facts.md: miscoverage .101 against .254 static; here in the mean of 20 paths."""
    steps, runs = 20_000, 20
    noise = np.random.default_rng(seed).standard_normal((steps, runs))
    p = c.scaled_p_values(noise, np.where(np.arange(steps) < steps / 2, 1.0, 2.0))
    levels, missed = c.adaptive_levels(p, gamma=0.005)
    assert round(missed.mean(), 3) == 0.101
    exact = (0.1 + float(c.static_miscoverage(2.0))) / 2
    assert round(exact, 4) == 0.2554
    assert within_error((p <= 0.1).mean(), exact, steps * runs)
    assert abs(0.254 - exact) < math.sqrt(exact * (1 - exact) / steps)  # one path, as stated
    assert np.all(np.abs(missed.mean(axis=0) - 0.1) <= c.adaptation_bound(steps, gamma=0.005))
    infinite = (levels[steps // 2 : -1] < 1e-9).mean()
    assert infinite == pytest.approx(0.29, abs=0.01)


# --- answers that go together ---------------------------------------------------------------------


def simulated(rng, people, questions, spread):
    """Whether each person's answer holds; people and questions differ, with normal log odds."""
    odds = sum(
        sd * rng.standard_normal(size)
        for sd, size in zip(spread, ((people, 1), (1, questions)), strict=True)
    )
    chosen = rng.random((people, questions)) < 0.8
    person, question = np.nonzero(chosen)
    return (rng.random(odds.shape) < expit(odds))[chosen], person, question


@pytest.mark.parametrize(
    ("people", "questions", "spread"), [(5, 60, (0.5, 1)), (40, 5, (0.5, 2)), (12, 17, (1.5, 0.5))]
)
def test_clustered_intervals_hold_where_plain_ones_do_not(people, questions, spread):
    rng, found = np.random.default_rng(0), []
    for _ in range(300):
        held, person, question = simulated(rng, people, questions, spread)
        share = c.clustered_share(held, person, question)
        plain = c.clopper_pearson(held.sum(), len(held), confidence=0.9)
        found.append([share.low <= 0.5 <= share.high, plain[0] <= 0.5 <= plain[1]])
    clustered, plain = np.mean(found, axis=0)
    assert clustered >= 0.85 and plain <= 0.75


def test_answers_that_all_differ_are_worth_their_number():
    n = 30
    found = c.clustered_share(np.arange(n) % 3 == 0, person=np.arange(n), question=np.arange(n))
    assert found.worth == pytest.approx(n * (n - 1) / (n + 1))
    plain = c.clopper_pearson(10, 30, confidence=0.9)
    assert (found.low, found.high) == pytest.approx(plain, abs=0.01)


@pytest.mark.parametrize("confidence", [0.9, 0.95])
def test_a_class_that_answers_alike_is_worth_its_questions(confidence):
    person, question = (grid.ravel() for grid in np.indices((40, 9)))
    found = c.clustered_share(question < 6, person, question, confidence=confidence)
    level = (1 + confidence) / 2
    few = t.ppf(level, 359) / t.ppf(level, 8)
    assert found.worth == pytest.approx(8 * few**2)
    swapped = c.clustered_share(question < 6, question, person, confidence=confidence)
    assert swapped == found
    ends = (
        beta.ppf(1 - level, 2 / 3 * found.worth, found.worth / 3 + 1),
        beta.ppf(level, 2 / 3 * found.worth + 1, found.worth / 3),
    )
    assert (found.low, found.high) == pytest.approx(ends)


def test_what_never_varies_is_worth_the_fewest():
    person, question = (grid.ravel() for grid in np.indices((6, 4)))
    for share in (0, 1):
        found = c.clustered_share(np.full(24, share), person, question)
        assert found.worth == 4 and (found.low, found.high) == pytest.approx(
            c.clopper_pearson(4 * share, 4, confidence=0.9)
        )
    alone = c.clustered_share([1, 0, 1], ["me"] * 3, ["a", "b", "c"])
    assert alone.worth == 1 and alone.low < 0.1 and alone.high > 0.95
