"""Chapter 11: run lengths, sequential tests, sequences, rare failures and fingerprints."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import integrate, stats

from rsi_teach.models import detection
from rsi_teach.models.detection import Sprt, Walk

RUNS = 4000


def normal(*shape: int, seed: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


def binomial_error(share: float, runs: int) -> float:
    return math.sqrt(share * (1 - share) / runs)


# --- cumulative sums ----------------------------------------------------------------------------

PAIRS = [
    *itertools.product((2.0, 3.0, 4.0, 5.0), (0.5, 1.0, 1.5, 2.0)),
    (1.0, 0.0), (2.0, 0.0), (3.0, 0.0), (2.5, 0.25),
]  # fmt: skip


def simulated_run_lengths(threshold: float, shift: float, sides: int, slack: float = 0.5):
    """Run lengths of many runs, all of which must have ended."""
    exact = float(detection.run_length(threshold, shift, slack=slack, sides=sides))
    values = (
        normal(math.ceil(14 * exact) + 40, RUNS, seed=int(100 * threshold + 10 * shift)) + shift
    )
    steps = detection.alarm_steps(detection.cusum(values, slack=slack), threshold)
    if sides == 2:
        lower = detection.alarm_steps(detection.cusum(-values, slack=slack), threshold)
        steps = np.minimum(steps, lower)
    assert np.isfinite(steps).all()
    return exact, steps


@pytest.mark.parametrize(("threshold", "shift"), PAIRS)
def test_exact_run_lengths_are_those_of_the_simulation(threshold, shift):
    exact, steps = simulated_run_lengths(threshold, shift, sides=2)
    assert abs(steps.mean() - exact) <= 4 * steps.std() / math.sqrt(RUNS)


@pytest.mark.parametrize("slack", [0.25, 1.0])
@pytest.mark.parametrize("shift", [0.0, 1.0])
def test_one_side_and_other_slacks(slack, shift):
    exact, steps = simulated_run_lengths(2.0, shift, sides=1, slack=slack)
    assert abs(steps.mean() - exact) <= 4 * steps.std() / math.sqrt(RUNS)


def markov_chain(threshold: float, shift: float, states: int) -> float:
    """Brook and Evans: the sum rounded to so many states, as an independent way to the length."""
    width = 2 * threshold / (2 * states - 1)
    middle = np.arange(states) * width
    upper = stats.norm.cdf(middle[None, :] + width / 2 - middle[:, None] - (shift - 0.5))
    lower = stats.norm.cdf(middle[None, :] - width / 2 - middle[:, None] - (shift - 0.5))
    lower[:, 0] = 0
    return float(np.linalg.solve(np.eye(states) - (upper - lower), np.ones(states))[0])


@pytest.mark.parametrize(("threshold", "shift"), [(4.0, 0.0), (4.0, 1.0), (5.0, 0.5), (8.0, 1.0)])
def test_a_markov_chain_extrapolates_to_the_quadrature(threshold, shift):
    coarse, fine = (markov_chain(threshold, shift, states) for states in (150, 300))
    extrapolated = fine + (fine - coarse) / 3
    exact = float(detection.run_length(threshold, shift, sides=1))
    assert extrapolated == pytest.approx(exact, rel=2e-5)


def test_the_numbers_of_the_design():
    """Two-sided, k = .5, h = 4."""
    assert detection.run_length(4.0).round(1) == 167.7
    assert detection.run_length(4.0, 1.0).round(2) == 8.38
    assert detection.siegmund_run_length(4.0).round(1) == 169.0
    assert detection.siegmund_run_length(4.0, 1.0).round(2) == 8.34
    one_sided = detection.run_length(4.0, sides=1)
    assert detection.first_order_delay(one_sided, 1.0).round(1) == 11.6


def test_the_first_order_limit_has_the_right_slope_and_the_wrong_constant():
    h = np.array([4.0, 6.0, 8.0, 10.0])
    lengths = detection.run_length(h, sides=1)
    limit = detection.first_order_delay(lengths, 1.0)
    exact = detection.run_length(h, 1.0, sides=1)
    slope = np.diff(exact) / np.diff(limit)
    assert np.allclose(slope[1:], 1, atol=0.03)
    assert np.all(limit - exact > 2)


def test_the_first_order_numbers_of_the_text():
    """At a shift of a half 46 for 27; at a shift of one the two differ by 3.3 in the end."""
    one_sided = detection.run_length(4.0, sides=1)
    assert detection.first_order_delay(one_sided, 0.5).round(1) == 46.5
    assert detection.run_length(4.0, 0.5).round(1) == 26.6
    assert detection.run_length(4.0, 0.25).round(0) == 74
    length = detection.run_length(10.0, sides=1)
    gap = detection.first_order_delay(length, 1.0) - detection.run_length(10.0, 1.0, sides=1)
    assert gap.round(1) == 3.3


def test_in_the_middle_of_a_watch_the_delay_is_shorter():
    """Sixty quiet observations without an alarm, then a shift of one: 7.7 instead of 8.38."""
    values = normal(140, 20_000, seed=1)
    values[60:] += 1
    sums = (detection.cusum(values), detection.cusum(-values))
    steps = np.minimum(*(detection.alarm_steps(path, 4.0) for path in sums))
    delay = steps[steps > 60] - 60
    assert np.isfinite(delay).all()
    assert abs(delay.mean() - 7.7) < 0.05 + 4 * delay.std() / math.sqrt(len(delay))


def test_no_drift_is_the_limit_of_a_small_one():
    near = [float(detection.siegmund_run_length(3, 0.5 + e, sides=1)) for e in (-1e-3, 0, 1e-3)]
    assert near[1] == pytest.approx((near[0] + near[2]) / 2, rel=1e-4)
    assert near[1] == pytest.approx(4.166**2)


@pytest.mark.parametrize("length", [50, 168, 500, 10_000])
@pytest.mark.parametrize("sides", [1, 2])
def test_the_threshold_gives_the_length(length, sides):
    h = detection.threshold_for(length, sides=sides)
    assert float(detection.run_length(h, sides=sides)) == pytest.approx(length, rel=1e-8)


def test_thresholds_at_the_ends():
    assert detection.threshold_for(5, slack=2) == 0.001
    with pytest.raises(ValueError, match="length = 1e\\+06 needs a threshold above 12"):
        detection.threshold_for(1e6, slack=0.25)


def test_a_sum_by_hand_and_its_alarm():
    path = detection.cusum([[1.0], [0.0], [2.0], [-9.0]], slack=0.25)
    assert path[:, 0].tolist() == [0, 0.75, 0.5, 2.25, 0]
    assert detection.alarm_steps(path, 2.0).tolist() == [3]
    assert detection.alarm_steps(path, 2.25).tolist() == [math.inf], "above, not at"


# --- sequential tests ---------------------------------------------------------------------------

TESTS = [
    Sprt(), Sprt(shift=0.5), Sprt(shift=2.0), Sprt(false_alarm=0.01, miss=0.1),
    Sprt(shift=0.3, false_alarm=0.1, miss=0.01),
]  # fmt: skip


@pytest.mark.parametrize("test", TESTS, ids=str)
@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_the_exact_sprt_is_that_of_the_simulation(test, share):
    mean = share * test.shift
    chance, number = detection.sprt_exact(test, mean)
    declared, steps = detection.sprt_simulated(test, normal(2500, 3000, seed=8), mean)
    assert np.isfinite(steps).all()
    assert abs(declared.mean() - chance) <= 4 * binomial_error(chance, 3000) + 1e-9
    assert abs(steps.mean() - number) <= 4 * steps.std() / math.sqrt(3000)


@pytest.mark.parametrize("test", TESTS, ids=str)
def test_the_error_rates_keep_walds_bounds(test):
    alpha, _ = detection.sprt_exact(test, 0.0)
    hit, number = detection.sprt_exact(test, test.shift)
    assert alpha <= test.false_alarm / (1 - test.miss)
    assert 1 - hit <= test.miss / (1 - test.false_alarm)
    assert detection.wald_sample_number(test) < number < detection.fixed_sample_size(test)


def test_the_design_numbers_of_the_sprt():
    """Wald 5.3, fixed 10.8. The design says 6.96 from a simulation; exactly it is 6.92."""
    assert round(detection.wald_sample_number(Sprt()), 1) == 5.3
    assert round(detection.fixed_sample_size(Sprt()), 1) == 10.8
    assert round(detection.sprt_exact(Sprt(), 1.0)[1], 2) == 6.92


def test_a_symmetric_test_in_the_middle_tosses_a_coin():
    assert detection.sprt_exact(Sprt(), 0.5)[0] == pytest.approx(0.5)


# --- peeking, sequences, e-values ---------------------------------------------------------------


def test_peeking_as_in_the_design():
    assert detection.looks_error(5).round(3)[[0, 4]].tolist() == [0.05, 0.142]


@pytest.mark.parametrize("z", [1.0, 1.96, 3.0])
def test_peeking_is_that_of_the_simulation(z):
    sums = np.cumsum(normal(200, 20_000), axis=0)
    bound = z * np.sqrt(np.arange(1, 201))
    share, exact = detection.ever_outside(sums, bound), detection.looks_error(200, z=z)
    marks = np.array([1, 2, 5, 20, 80, 200]) - 1
    errors = np.array([binomial_error(p, 20_000) for p in exact[marks]])
    assert np.all(np.abs(share - exact)[marks] <= 4 * errors)


def test_two_looks_by_two_dimensional_quadrature():
    z = 1.96
    stay = integrate.dblquad(
        lambda y, x: stats.norm.pdf(x) * stats.norm.pdf(y - x),
        -z, z, -z * math.sqrt(2), z * math.sqrt(2),
    )[0]  # fmt: skip
    assert detection.looks_error(2, z=z)[1] == pytest.approx(1 - stay, abs=1e-8)


GRID = list(itertools.product((0.01, 0.05, 0.2), (1.0, 20.0, 300.0), ("normal", "signs", "skew")))


def observations(kind: str, steps: int, runs: int, seed: int) -> np.ndarray:
    """Mean 0 and at most as far out as a normal variable with variance 1."""
    rng = np.random.default_rng(seed)
    if kind == "normal":
        return rng.standard_normal((steps, runs))
    if kind == "signs":
        return rng.choice([-1.0, 1.0], (steps, runs))
    return 2 * (rng.random((steps, runs)) < 0.3) - 0.6  # two values 2 apart: sub-Gaussian with 1


@pytest.mark.parametrize(("alpha", "rho", "kind"), GRID)
def test_a_confidence_sequence_covers_at_all_looks_together(alpha, rho, kind):
    steps, runs = 600, 2000
    sums = np.cumsum(observations(kind, steps, runs, seed=17), axis=0)
    bound = detection.mixture_boundary(np.arange(1, steps + 1), rho=rho, alpha=alpha)
    assert detection.ever_outside(sums, bound)[-1] <= alpha + 4 * binomial_error(alpha, runs)


def test_the_guarantee_is_not_empty():
    """At a well-chosen rho a long stream uses a good part of its alpha: a tighter bound breaks."""
    steps, runs, alpha = 2000, 2000, 0.2
    sums = np.cumsum(normal(steps, runs, seed=5), axis=0)
    bound = detection.mixture_boundary(np.arange(1, steps + 1), rho=5.0, alpha=alpha)
    assert detection.ever_outside(sums, bound)[-1] > alpha / 2
    assert detection.ever_outside(sums, 0.85 * bound)[-1] > alpha + 4 * binomial_error(alpha, runs)


def test_the_mixture_is_the_average_likelihood_ratio():
    total, time, rho = 7.0, 30, 4.0
    average = integrate.quad(
        lambda m: math.exp(m * total - m * m * time / 2)
        * stats.norm.pdf(m, scale=1 / math.sqrt(rho)),
        -8, 8,
    )[0]  # fmt: skip
    assert float(detection.mixture_e_values(total, time, rho=rho)) == pytest.approx(average)


@pytest.mark.parametrize("alpha", [0.01, 0.05, 0.2])
@pytest.mark.parametrize("time", [1, 50, 4000])
def test_boundary_and_e_value_meet_and_rho_is_best(alpha, time):
    rho = float(detection.best_rho(time, alpha=alpha))
    at = detection.mixture_boundary(time, rho=rho, alpha=alpha)
    assert float(detection.mixture_e_values(at, time, rho=rho)) == pytest.approx(1 / alpha)
    others = [
        detection.mixture_boundary(time, rho=rho * f, alpha=alpha) for f in (0.8, 0.98, 1.02, 1.3)
    ]
    assert min(others) > at


@pytest.mark.parametrize(
    ("null", "bet", "alpha"),
    [(n, n + s, a) for n in (0.02, 0.2, 0.6) for s in (0.05, 0.3) for a in (0.01, 0.1)],
)
def test_bets_against_a_true_null_rarely_pay(null, bet, alpha):
    outcomes = np.random.default_rng(2).random((500, 3000)) < null
    values = detection.betting_e_values(outcomes.astype(int), null=null, alternative=bet)
    ever = np.mean(values.max(axis=0) >= 1 / alpha)
    assert ever <= alpha + 4 * binomial_error(alpha, 3000)
    every = np.array(list(itertools.product((0, 1), repeat=5))).T
    chance = np.prod(np.where(every, null, 1 - null), axis=0)
    last = detection.betting_e_values(every, null=null, alternative=bet)[-1]
    assert chance @ last == pytest.approx(1), "fair odds: the mean of an e-value is 1"


def test_images_to_notice_are_about_those_that_it_takes():
    """First order leaves out the overshoot: the real number is larger, by a few images."""
    outcomes = np.random.default_rng(4).random((3000, 2000)) < 0.08
    values = detection.betting_e_values(outcomes.astype(int), null=0.03, alternative=0.08)
    taken = np.argmax(values >= 20, axis=0)
    wanted = float(detection.images_to_notice(0.08, null=0.03))
    assert taken.min() > 0
    assert wanted < taken.mean() < 1.35 * wanted


# --- rare failures ------------------------------------------------------------------------------

WALKS = [Walk(), Walk(level=10, steps=30, drift=0.0), Walk(level=15, steps=100, drift=-0.3)]


@pytest.mark.parametrize("walk", WALKS, ids=str)
@pytest.mark.parametrize("drift", [0.2, 0.4])
def test_importance_sampling_is_without_bias(walk, drift):
    weights = detection.tilted_walks(walk, normal(walk.steps, 20_000, seed=6), drift=drift)
    error = weights.std() / math.sqrt(20_000)
    assert abs(weights.mean() - detection.passage_chance(walk)) <= 4 * error
    assert error < 0.1 * detection.passage_chance(walk)


@pytest.mark.parametrize("walk", WALKS, ids=str)
def test_splitting_is_without_bias(walk):
    levels = walk.level * np.array([0.25, 0.45, 0.65, 0.85, 1.0])
    rng = np.random.default_rng(7)
    found = detection.split_walks(walk, levels, runs=200, repeats=150, rng=rng)
    error = found.std(ddof=1) / math.sqrt(150)
    assert abs(found.mean() - detection.passage_chance(walk)) <= 4 * error


def test_plain_walks_are_without_bias_and_their_own_drift_weighs_one():
    walk, noise = Walk(level=6, steps=20, drift=-0.1), normal(20, 40_000)
    failed, exact = detection.plain_walks(walk, noise), detection.passage_chance(walk)
    assert abs(failed.mean() - exact) <= 4 * binomial_error(exact, 40_000)
    assert np.array_equal(detection.tilted_walks(walk, noise, drift=-0.1), failed)


def test_both_save_variance_for_the_same_steps():
    """Against p(1 - p) for a plain run; splitting may spend its five levels' runs."""
    walk, exact = Walk(), detection.passage_chance(Walk())
    weights = detection.tilted_walks(walk, normal(50, 20_000), drift=0.4)
    assert weights.var() < exact / 10_000
    rng = np.random.default_rng(1)
    found = detection.split_walks(walk, [4, 8, 12, 16, 20], runs=400, repeats=200, rng=rng)
    assert found.var() * 400 * 5 < exact / 50


@pytest.mark.parametrize("level", [1.0, 3.0, 6.0])
def test_the_tail_is_estimated_with_the_exact_variance(level):
    tilt = detection.best_tilt(level)
    weights = detection.tilted_tail(level, normal(100_000, seed=9), tilt=tilt)
    variance = float(detection.tilted_variance(level, tilt))
    assert weights.mean() == pytest.approx(stats.norm.sf(level), abs=4 * (variance / 1e5) ** 0.5)
    assert weights.var() == pytest.approx(variance, rel=0.05)
    assert variance < min(detection.tilted_variance(level, tilt + np.array([-0.1, 0.1])))


def test_no_tilt_is_plain_monte_carlo():
    tail = stats.norm.sf(2.0)
    assert float(detection.tilted_variance(2.0, 0.0)) == pytest.approx(tail * (1 - tail))


def test_levels_that_do_not_rise_are_refused():
    for levels in ([4, 4, 20], [8, 4, 20], [4, 8], [[4, 20]]):
        with pytest.raises(ValueError, match="levels"):
            detection.split_walks(Walk(), levels, runs=10, repeats=2, rng=np.random.default_rng(0))


# --- fingerprints -------------------------------------------------------------------------------


def test_fingerprints_by_hand():
    assert detection.disagreement([1, 2, 3], [1, 0, 0]) == pytest.approx(2 / 3)
    rows = detection.softmax([[0.0, math.log(3)]])
    assert rows[0].tolist() == pytest.approx([0.25, 0.75])
    assert detection.mean_kl(rows, rows) == 0
    half = np.array([[0.5, 0.5]])
    assert detection.mean_kl(half, rows) == pytest.approx(stats.entropy(half[0], rows[0]))
    assert detection.calibration_gap([1.0, 0.5], [1, 0]) == pytest.approx(0.25)


@pytest.mark.parametrize(("lost", "gained"), [(0, 0), (8, 1), (1, 8), (20, 20)])
def test_the_sign_test_is_scipys(lost, gained):
    wanted = 1.0
    if lost + gained:
        wanted = stats.binomtest(lost, lost + gained, alternative="greater").pvalue
    assert float(detection.sign_test(lost, gained)) == pytest.approx(wanted)


@pytest.mark.parametrize("pairs", [5, 30, 200])
def test_the_sign_test_keeps_its_level(pairs):
    lost = np.random.default_rng(5).binomial(pairs, 0.5, 20_000)
    for alpha in (0.01, 0.05, 0.2):
        share = np.mean(detection.sign_test(lost, pairs - lost) <= alpha)
        assert share <= alpha + 4 * binomial_error(alpha, 20_000)


def test_bad_input_is_refused_by_name():
    """What the contract's generic values do not reach."""
    with pytest.raises(ValueError, match="after has rows that do not sum to 1"):
        detection.mean_kl([[0.5, 0.5]], [[0.5, 0.4]])
    for call, name in (
        (lambda: detection.disagreement([], []), "before"),
        (lambda: detection.disagreement([1], [1, 2]), "after"),
        (lambda: detection.mean_kl([[1.0]], [[0.5, 0.5]]), "after"),
        (lambda: detection.calibration_gap([0.5], [1, 1]), "right"),
        (lambda: detection.ever_outside([[1.0]], [1.0, 2.0]), "boundary"),
        (lambda: detection.cusum([1.0]), "values"),
        (lambda: detection.cusum([[math.nan]]), "values"),
        (lambda: detection.alarm_steps([1.0], 1), "paths"),
        (lambda: detection.sprt_simulated(Sprt(), [1.0], 0), "noise"),
        (lambda: detection.betting_e_values([0.5], null=0.1, alternative=0.2), "outcomes"),
        (lambda: detection.betting_e_values([[0]], null=0.3, alternative=0.2), "alternative"),
        (lambda: detection.plain_walks(Walk(), np.zeros((3, 1))), "noise"),
        (lambda: detection.sign_test(-1, 3), "lost"),
        (lambda: detection.images_to_notice(0.01, null=0.02), "rate"),
    ):
        with pytest.raises(ValueError, match=name):
            call()
