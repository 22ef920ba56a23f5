"""Chapter 12: gates, queues and reviewers: closed forms against simulations, and stated numbers."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import optimize, stats

from rsi_teach.models import gates, testing
from rsi_teach.models.gates import Curve, Desk, Diffusion, Stakes

SEEDS = (0, 1, 2)


# --- the numbers of the design ------------------------------------------------------------------


def test_the_numbers_of_the_design():
    assert gates.erlang_c(1, 0.8) == pytest.approx(0.8, abs=1e-12)
    assert gates.erlang_c(2, 1.6) == pytest.approx(0.7111, abs=5e-5)
    assert gates.separation(0.9, 0.1) == pytest.approx(2.563, abs=5e-4)
    assert gates.predictive_value(0.9, 0.1, base_rate=1e-3) == pytest.approx(0.0089, abs=5e-5)
    assert gates.audit_catch(0.02, separation=2) == pytest.approx(0.479, abs=5e-4)
    in_time = gates.accuracy_by([0.25, 1, 4], skill=1)
    np.testing.assert_allclose(in_time, [0.691, 0.841, 0.977], atol=5e-4)


def test_the_two_laws_of_the_diffusion_as_they_stand_in_the_design():
    """Error 1/(1 + e^(Aa/s²)) and mean time a/(2A) tanh(Aa/2s²), a between the thresholds."""
    for a, drift, s in ((1.0, 0.7, 1.3), (2.0, 1.0, 1.0), (0.14, 0.1, 0.1)):
        d = Diffusion(width=a, drift=drift, spread=s)
        assert gates.free_error(d) == pytest.approx(1 / (1 + math.exp(drift * a / s**2)))
        time = a / (2 * drift) * math.tanh(drift * a / (2 * s**2))
        assert gates.free_time(d) == pytest.approx(time)


# --- the gate -----------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("separation", [0.0, 0.8, 2.5])
def test_the_operating_point_is_what_drawn_scores_do(seed, separation):
    rng, n = np.random.default_rng(seed), 200_000
    good, bad = rng.standard_normal(n), separation + rng.standard_normal(n)
    for threshold in (-1.0, 0.5, 2.0):
        exact = gates.operating_point(threshold, separation=separation)
        for share, scores in zip(exact, (bad, good), strict=True):
            error = math.sqrt(share * (1 - share) / n)
            assert abs(np.mean(scores > threshold) - share) <= 4.5 * error


def test_separation_undoes_the_operating_point():
    hit, false_alarm = gates.operating_point([-1.0, 0.3, 2.0], separation=[0.5, 1.0, 3.0])
    np.testing.assert_allclose(gates.separation(hit, false_alarm), [0.5, 1.0, 3.0])
    assert gates.separation(0.1, 0.9) < 0


def test_the_predictive_value_counts_a_drawn_population():
    rng, n, p = np.random.default_rng(1), 2_000_000, 0.01
    bad = rng.random(n) < p
    stopped = rng.random(n) < np.where(bad, 0.9, 0.1)
    exact = float(gates.predictive_value(0.9, 0.1, base_rate=p))
    error = math.sqrt(exact * (1 - exact) / stopped.sum())
    assert abs(bad[stopped].mean() - exact) <= 4 * error
    assert gates.predictive_value(0, 0, base_rate=0.3) == 0
    assert gates.predictive_value(0.2, 0.2, base_rate=0.3) == pytest.approx(0.3)


@pytest.mark.parametrize("stakes", [
    Stakes(), Stakes(base_rate=0.01, miss=20), Stakes(base_rate=0.3, miss=1, false_alarm=7),
    Stakes(base_rate=1e-4, miss=500),
])  # fmt: skip
@pytest.mark.parametrize("separation", [0.7, 2.563, 5.0])
def test_no_threshold_costs_less_than_the_best(stakes, separation):
    best = float(gates.best_threshold(stakes, separation=separation))
    least = float(gates.expected_cost(stakes, best, separation=separation))
    grid = np.linspace(-15, 20, 4001)
    assert least <= gates.expected_cost(stakes, grid, separation=separation).min() + 1e-12
    found = optimize.minimize_scalar(
        lambda c: float(gates.expected_cost(stakes, c, separation=separation)) * 1e6,
        bracket=(best - 0.5, best + 0.5),
    )
    assert found.x == pytest.approx(best, abs=1e-3)
    assert least < stakes.without


def test_the_likelihood_ratio_at_the_best_threshold_is_the_odds():
    stakes, d = Stakes(base_rate=0.02, miss=5, false_alarm=2), 1.7
    c = float(gates.best_threshold(stakes, separation=d))
    ratio = stats.norm.pdf(c - d) / stats.norm.pdf(c)
    assert ratio == pytest.approx(0.98 * 2 / (0.02 * 5))


def test_stakes_without_a_look_are_the_cheaper_of_all_and_none():
    for stakes in (Stakes(base_rate=0.1), Stakes(base_rate=0.1, miss=50)):
        assert stakes.without == pytest.approx(min(stakes.cost(0, 0), stakes.cost(1, 1)))


@pytest.mark.parametrize("share", [0.005, 0.02, 0.2])
def test_an_audit_takes_the_most_suspicious(share):
    """One bad update among 1,000 good ones; the audit reads the top share of scores."""
    rng, runs, n = np.random.default_rng(3), 4000, 1000
    good = np.sort(rng.standard_normal((runs, n)), axis=1)
    bad = 2 + rng.standard_normal(runs)
    caught = np.mean(bad > good[:, n - round(share * n)])
    exact = float(gates.audit_catch(share, separation=2))
    assert abs(caught - exact) <= 4 * math.sqrt(exact * (1 - exact) / runs) + 0.01
    assert gates.audit_catch(share, separation=0) == pytest.approx(share)


def test_a_measured_curve_by_hand():
    curve = gates.measured_curve([0, 1, 1], [1, 3])
    assert curve.threshold.tolist() == [-1, 0.5, 2, 3]
    assert curve.hit.tolist() == [1, 1, 0.5, 0]
    assert curve.false_alarm.tolist() == pytest.approx([1, 2 / 3, 0, 0])
    # pairs: 3 beats all three; 1 beats 0 and ties with two ones.
    assert curve.area == pytest.approx((3 + 1 + 1) / 6)
    assert curve.cheapest(Stakes(base_rate=0.5)) == 2
    assert curve.cheapest(Stakes(base_rate=0.5, miss=10)) == 0.5
    above = gates.measured_curve([0, 1, 5], [1, 3])
    assert above.cheapest(Stakes(base_rate=0.01)) == 5
    tied = gates.measured_curve([0, 2], [1, 3])
    assert tied.cheapest(Stakes()) == 2.5, "the highest of equals"


@pytest.mark.parametrize("seed", SEEDS)
def test_a_measured_curve_has_the_area_and_the_threshold_of_the_model(seed):
    rng, n = np.random.default_rng(seed), 4000
    curve = gates.measured_curve(rng.standard_normal(n), 1.5 + rng.standard_normal(n))
    exact = stats.norm.cdf(1.5 / math.sqrt(2))
    assert abs(curve.area - exact) < 4 * 0.006
    stakes = Stakes(base_rate=0.2, miss=3)
    cost = gates.expected_cost(stakes, curve.cheapest(stakes), separation=1.5)
    least = gates.expected_cost(stakes, gates.best_threshold(stakes, separation=1.5),
                                separation=1.5)  # fmt: skip
    assert least <= cost <= 1.05 * least


def test_a_curve_that_is_none_is_refused():
    with pytest.raises(ValueError, match="hit"):
        Curve(threshold=np.zeros(2), hit=np.array([1.0, 2.0]), false_alarm=np.zeros(2))


# --- the queue ----------------------------------------------------------------------------------


def erlang_by_sum(c: int, a: float) -> float:
    """The formula as it stands in textbooks."""
    terms = [a**k / math.factorial(k) for k in range(c)]
    last = a**c / math.factorial(c) * c / (c - a)
    return last / (sum(terms) + last)


@pytest.mark.parametrize(("c", "a"), [(1, 0.3), (2, 1.6), (3, 2.4), (10, 6.0), (40, 39.0)])
def test_erlang_c_is_the_textbook_sum(c, a):
    assert gates.erlang_c(c, a) == pytest.approx(erlang_by_sum(c, a), rel=1e-10)


def test_erlang_c_at_its_edges():
    assert gates.erlang_c(3, 0) == 0
    assert gates.erlang_c([3, 3], [3, 50]).tolist() == [1, 1]
    assert 0 < gates.erlang_c(1000, 990) < 1 and gates.erlang_c(10_000, 1.0) == 0
    assert gates.mean_wait(2, arrival=20, minutes=6) == math.inf
    assert gates.mean_wait(2, arrival=0, minutes=6) == 0
    assert gates.wait_exceeds(2, 1e3, arrival=25, minutes=6) == 1


def test_balance_equations_have_this_solution():
    """Rates in and out of every state, solved numerically, for two reviewers."""
    arrival, minutes, c, states = 16 / 60, 6.0, 2, 400
    up, down = np.full(states - 1, arrival), np.minimum(np.arange(1, states), c) / minutes
    ratios = np.concatenate([[1.0], np.cumprod(up / down)])
    share = ratios / ratios.sum()
    assert gates.erlang_c(c, arrival * minutes) == pytest.approx(share[c:].sum(), rel=1e-9)
    waiting = np.sum(np.maximum(np.arange(states) - c, 0) * share)
    wait = float(gates.mean_wait(c, arrival=16, minutes=6))
    assert wait == pytest.approx(waiting / arrival, rel=1e-9), "Little's law"


@pytest.mark.parametrize(("reviewers", "arrival", "minutes"),
                         [(1, 8.0, 5.0), (2, 16.0, 5.0), (5, 40.0, 6.0)])  # fmt: skip
def test_the_simulated_queue_settles_at_erlangs_formula(reviewers, arrival, minutes):
    rng, runs = np.random.default_rng(0), 400
    noise = rng.standard_exponential((2, 1200, runs))
    waits = gates.simulate_queue(noise, reviewers=reviewers, arrival=arrival, minutes=minutes)
    late = waits[600:]  # by then the empty start is forgotten, at these loads
    load = arrival * minutes / 60
    for got, exact in (
        (late, gates.mean_wait(reviewers, arrival=arrival, minutes=minutes)),
        (late > 0, gates.erlang_c(reviewers, load)),
        (late > 7, gates.wait_exceeds(reviewers, 7, arrival=arrival, minutes=minutes)),
    ):
        per_run = got.mean(axis=0)
        assert abs(per_run.mean() - exact) <= 4 * per_run.std(ddof=1) / math.sqrt(runs)


def test_the_queue_serves_whoever_has_waited_longest():
    """Two reviewers, by hand: gaps of one minute, reviews of 3, 1, 5 and 1 minutes."""
    noise = np.array([[1, 1, 1, 1], [3, 1, 5, 1]], float)[:, :, None]
    waits = gates.simulate_queue(noise, reviewers=2, arrival=60, minutes=1)
    # Arrivals at 1, 2, 3, 4. Busy until 4 and 3; the third starts at 3 until 8, the fourth at 4.
    assert waits[:, 0].tolist() == [0, 0, 0, 0]
    waits = gates.simulate_queue(noise, reviewers=1, arrival=60, minutes=1)
    assert waits[:, 0].tolist() == [0, 2, 2, 6]


@pytest.mark.parametrize(("reviewers", "load"), [(1, 1.5), (3, 2.0)])
def test_an_overloaded_desk_falls_behind_in_proportion_to_time(reviewers, load):
    rng, minutes = np.random.default_rng(1), 6.0
    arrival = 60 * load * reviewers / minutes
    noise = rng.standard_exponential((2, 2000, 300))
    waits = gates.simulate_queue(noise, reviewers=reviewers, arrival=arrival, minutes=minutes)
    hours = 2000 / arrival
    desk = Desk(reviewers=reviewers, wanted=minutes, pace="queue up")
    fluid = float(gates.review(desk, arrival, hours=hours).wait)
    assert fluid == pytest.approx((load - 1) * 60 * hours)
    assert waits[-1].mean() == pytest.approx(fluid, rel=0.03)


@pytest.mark.parametrize(("arrival", "minutes", "at_once"),
                         [(30, 5, 0.9), (12, 60, 0.5), (200, 10, 0.99), (0, 5, 0.9)])  # fmt: skip
def test_reviewers_needed_is_the_fewest(arrival, minutes, at_once):
    n = gates.reviewers_needed(arrival=arrival, minutes=minutes, at_once=at_once)
    load = arrival * minutes / 60
    assert n > load and 1 - gates.erlang_c(n, load) >= at_once
    if n - 1 > load and n > 1:
        assert 1 - gates.erlang_c(n - 1, load) < at_once


@pytest.mark.parametrize("load", [0.0, 0.5, 1.0, 7.0, 99.5, 1000.0, 8999.0])
@pytest.mark.parametrize("at_once", [0.0, 0.5, 0.9999])
def test_the_search_for_reviewers_goes_far_enough(load, at_once):
    n = gates.reviewers_needed(arrival=load, minutes=60, at_once=at_once)
    assert 1 - gates.erlang_c(n, load) >= at_once


# --- the reviewer -------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
def test_the_clock_finds_a_reviewer_as_accurate_as_the_formula_says(seed):
    rng, steps, runs = np.random.default_rng(seed), 40, 20_000
    for minutes, skill in ((2.0, 0.3), (9.0, 0.1)):
        dt = minutes / steps
        evidence = skill * minutes + math.sqrt(dt) * rng.standard_normal((steps, runs)).sum(axis=0)
        exact = float(gates.accuracy_by(minutes, skill=skill))
        assert abs(np.mean(evidence > 0) - exact) <= 4 * math.sqrt(exact * (1 - exact) / runs)
        assert gates.minutes_for(exact, skill=skill) == pytest.approx(minutes)


@pytest.mark.parametrize(
    "diffusion",
    [Diffusion(drift=1, spread=1, width=1.5), Diffusion(drift=0.5, spread=1.2, width=2.4)],
)
def test_error_and_time_of_a_free_response(diffusion):
    """Thresholds at plus and minus half the width; at plus and minus the width it fails."""
    rng, runs, step = np.random.default_rng(0), 8000, 0.002 * diffusion.width**2
    noise = rng.standard_normal((2500, runs)).astype(np.float32)
    right, time = gates.simulate_decisions(diffusion, noise, step=step)
    assert np.all(right != 0)
    error = gates.free_error(diffusion)
    assert abs(np.mean(right < 0) - error) <= 4 * math.sqrt(error * (1 - error) / runs) + 0.002
    slack = 4 * time.std() / math.sqrt(runs) + 0.01 * time.mean()
    assert abs(time.mean() - gates.free_time(diffusion)) <= slack
    twice = replace(diffusion, width=2 * diffusion.width)
    assert abs(np.mean(right < 0) - gates.free_error(twice)) > 0.05
    assert gates.free_time(twice) > 1.5 * time.mean()


def test_a_prior_start_makes_both_verdicts_equally_credible():
    """With log odds in the start, whatever is approved or rejected is wrong equally often."""
    diffusion, stakes = Diffusion(drift=1, spread=1, width=4), Stakes(base_rate=0.15)
    start = gates.prior_start(diffusion, stakes)
    rng, runs, step = np.random.default_rng(2), 20_000, 0.02
    noise = rng.standard_normal((700, runs)).astype(np.float32)
    bad = rng.random(runs) < stakes.base_rate
    right = np.empty(runs)
    for is_bad, towards in ((True, -start), (False, start)):
        chosen = bad == is_bad
        right[chosen] = gates.simulate_decisions(
            diffusion, noise[:, chosen], step=step, start=towards
        )[0]
    approved = np.where(bad, right < 0, right > 0)
    error = gates.free_error(diffusion)
    for verdict in (approved, ~approved):
        wrong = right[verdict] < 0
        assert abs(wrong.mean() - error) <= 4 * math.sqrt(error / wrong.size) + 0.002
    assert 0 < start < diffusion.width / 2


def test_a_start_beyond_the_threshold_signs_unread():
    diffusion = Diffusion(width=2)
    start = gates.prior_start(diffusion, Stakes(base_rate=0.01))
    assert start > diffusion.width / 2
    noise = np.random.default_rng(0).standard_normal((50, 500))
    right, time = gates.simulate_decisions(diffusion, noise, step=1e-4, start=-start)
    assert np.all(right == -1) and np.all(time == 1e-4), "bad ones are approved at the first step"
    assert gates.prior_start(diffusion, Stakes()) == 0


def test_an_undecided_run_says_so():
    right, time = gates.simulate_decisions(Diffusion(width=50), np.zeros((5, 2)), step=0.1)
    assert right.tolist() == [0, 0] and time.tolist() == [0.5, 0.5]


# --- the desk -----------------------------------------------------------------------------------


@pytest.mark.parametrize("stakes", [None, Stakes(base_rate=0.1), Stakes(base_rate=0.02, miss=9)])
@pytest.mark.parametrize("arrival", [0.5, 12.0, 200.0])
def test_review_is_what_simulated_reviewers_do(arrival, stakes):
    """Evidence drawn at the deadline, and the decision of least expected cost, from scratch."""
    desk, runs = Desk(reviewers=2, wanted=60, skill=0.2), 100_000
    found = gates.review(desk, arrival, stakes=stakes)
    minutes = min(60.0, 60 * 0.9 * 2 / arrival)
    assert found.minutes == pytest.approx(minutes)
    known = stakes or Stakes()
    rng = np.random.default_rng(0)
    for bad, share in ((True, found.caught), (False, found.turned_away)):
        x = (1 if bad else -1) * 0.2 * minutes + math.sqrt(minutes) * rng.standard_normal(runs)
        chance = 1 / (1 + np.exp(-2 * 0.2 * x) * (1 - known.base_rate) / known.base_rate)
        away = chance * known.miss > (1 - chance) * known.false_alarm
        error = math.sqrt(max(float(share * (1 - share)), 1e-9) / runs)
        assert abs(away.mean() - share) <= 4.5 * error


def test_under_load_the_minutes_are_what_there_is():
    desk = Desk(reviewers=3, wanted=30, busy=0.8)
    arrivals = np.array([1.0, 4.8, 9.6, 96.0])
    found = gates.review(desk, arrivals)
    np.testing.assert_allclose(found.minutes, [30, 30, 15, 1.5])
    assert np.all(arrivals * found.minutes / 60 <= 0.8 * 3 + 1e-12)
    np.testing.assert_allclose(
        found.wait, gates.mean_wait(3, arrival=arrivals, minutes=found.minutes)
    )
    np.testing.assert_allclose(found.behind, arrivals * (found.wait + found.minutes) / 60)
    assert np.all(np.diff(found.accuracy) <= 0)
    np.testing.assert_allclose(found.accuracy, found.caught)  # even-handed: both errors alike


def test_approval_under_load_tends_to_a_coin_and_knowledge_turns_it_into_a_stamp():
    fast = 10.0 ** np.arange(2, 7)
    plain = gates.review(Desk(), fast)
    assert np.all(np.diff(plain.accuracy) < 0) and abs(plain.accuracy[-1] - 0.5) < 0.001
    # the margin falls with the root of the rate: ten times as fast, 3.16 times smaller
    ratio = (plain.accuracy[1:-1] - 0.5) / (plain.accuracy[2:] - 0.5)
    np.testing.assert_allclose(ratio, math.sqrt(10), rtol=0.01)
    rare = Stakes(base_rate=0.02)
    knowing = gates.review(Desk(), fast, stakes=rare)
    assert np.all(knowing.caught[-3:] < 1e-9) and np.all(knowing.turned_away[-3:] < 1e-9)
    assert gates.review(Desk(skill=0.0), 1.0, stakes=rare).caught == 0
    assert gates.review(Desk(skill=0.0), 1.0, stakes=Stakes(base_rate=0.9)).caught == 1


def test_who_knows_the_stakes_never_does_worse_than_not_looking():
    arrivals = np.geomspace(0.1, 1e4, 40)
    for stakes in (Stakes(base_rate=0.01), Stakes(base_rate=0.01, miss=30), Stakes()):
        knowing = gates.cost_share(gates.review(Desk(), arrivals, stakes=stakes), stakes)
        plain = gates.cost_share(gates.review(Desk(), arrivals), stakes)
        assert np.all(knowing <= 1 + 1e-12) and np.all(knowing <= plain + 1e-12)
    assert gates.cost_share(gates.review(Desk(), 12.0), Stakes(base_rate=0.01)) > 20


@pytest.mark.parametrize("margin", [0.01, 0.05, 0.2, 0.4])
def test_at_the_coin_flip_rate_the_margin_is_the_margin(margin):
    desk = Desk(reviewers=3, wanted=60, busy=0.75)
    rate = gates.coin_flip_rate(desk, margin=margin)
    assert gates.review(desk, rate).accuracy == pytest.approx(0.5 + margin)
    assert gates.coin_flip_rate(replace(desk, reviewers=6), margin=margin) == pytest.approx(
        2 * rate
    )


def test_a_margin_out_of_reach_has_no_rate():
    assert gates.coin_flip_rate(Desk(wanted=1.0), margin=0.4) == 0
    assert gates.coin_flip_rate(Desk(skill=0.0), margin=0.01) == 0


def test_queueing_up_keeps_the_accuracy_and_loses_the_time():
    desk = Desk(reviewers=2, wanted=30, pace="queue up")
    rates = np.array([1.0, 3.9, 4.0, 8.0])
    found = gates.review(desk, rates, hours=10)
    assert np.ptp(found.accuracy) < 1e-12 and np.all(found.minutes == 30)
    np.testing.assert_allclose(found.wait[:2], gates.mean_wait(2, arrival=rates[:2], minutes=30))
    np.testing.assert_allclose(found.wait[2:], [0, 600])
    longer = gates.review(desk, rates, hours=20)
    assert longer.wait[3] == pytest.approx(1200) and longer.wait[0] == found.wait[0]


def test_little_counts_the_updates_that_came_meanwhile():
    """The mean number in the system is the arrival rate times the time in it."""
    rng, minutes, arrival = np.random.default_rng(0), 5.0, 9.0
    noise = rng.standard_exponential((2, 3000, 100))
    waits = gates.simulate_queue(noise, reviewers=1, arrival=arrival, minutes=minutes)
    came = np.cumsum(noise[0] * 60 / arrival, axis=0)
    gone = came + waits + minutes * noise[1]
    at = came[2000]
    inside = ((came <= at) & (gone > at)).sum(axis=0) - 1  # without the update that just came
    exact = float(gates.review(Desk(wanted=minutes, pace="queue up"), arrival).behind)
    assert abs(inside.mean() - exact) <= 4 * inside.std() / 10


def test_zero_of_thirty_planted_updates_leaves_this_much():
    """The chapter's answer to who reads: plant known bad ones and count."""
    assert testing.clopper_pearson(0, 30)[1] == pytest.approx(0.1157, abs=5e-5)


def test_an_unknown_pace_is_refused():
    with pytest.raises(ValueError, match="pace"):
        Desk(pace="hurry")
