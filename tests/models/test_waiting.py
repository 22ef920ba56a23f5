"""Chapter 14: old evidence, waiting, growth under risk and a gated loop, each against its law."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.stats import binom

from rsi_teach.models import loop as loops
from rsi_teach.models import testing, waiting
from rsi_teach.models.loop import STAGES, Loop, Stage
from rsi_teach.models.waiting import Gate, News, Planner, Rivals, Stakes

KEPT = (0.0, 0.3, 0.5, 0.9, 0.99)
TESTS = (1, 30, 100, 3000)


def grid(*values):
    """Every combination."""
    return list(itertools.product(*values))


# --- old evidence -------------------------------------------------------------------------------


@pytest.mark.parametrize("kept", KEPT)
def test_effective_tests_are_the_recursion(kept):
    worth, walked = 0.0, []
    for _ in range(60):
        worth = kept * worth + 100
        walked.append(worth)
    np.testing.assert_allclose(waiting.effective_tests(100, kept, np.arange(1, 61)), walked)
    limit = float(waiting.effective_tests(100, kept))
    assert limit == pytest.approx(100 / (1 - kept))
    assert np.all(np.array(walked) <= limit + 1e-9)


def test_the_numbers_of_the_design():
    assert float(waiting.effective_tests(100, 0.5)) == 200
    assert pytest.approx(0.015) == 3 * (1 - 0.5) / 100
    assert round(float(waiting.discounted_bound(100, 0.5)), 3) == 0.015
    stakes = Stakes(safe=0.9, value=1, loss=5, rate=0.05)
    assert round(float(waiting.go_now(stakes)), 2) == 0.40
    assert round(float(waiting.wait(stakes, 1.0)), 3) == 0.856


@pytest.mark.parametrize(("tests", "kept"), grid(TESTS, KEPT))
def test_the_floor_is_never_beaten_and_is_close_to_its_rule(tests, kept):
    falling = waiting.discounted_bound(tests, kept, np.arange(1, 400))
    floor = float(waiting.discounted_bound(tests, kept))
    assert np.all(np.diff(falling) <= 1e-15) and np.all(falling >= floor - 1e-15)
    assert falling[0] == pytest.approx(float(testing.zero_failure_bound(tests)))
    assert floor == pytest.approx(1 - 0.05 ** ((1 - kept) / tests))
    if tests >= 100:
        assert floor == pytest.approx(3 * (1 - kept) / tests, rel=0.02)


@pytest.mark.parametrize(("bound", "kept"), grid((0.2, 0.01, 1e-4), KEPT))
@pytest.mark.parametrize("versions", [1, 3, math.inf])
def test_needed_tests_are_the_fewest(bound, kept, versions):
    need = float(waiting.needed_tests(bound, kept, versions))
    assert waiting.discounted_bound(need, kept, versions) <= bound * (1 + 1e-9)
    if need > 1:
        assert waiting.discounted_bound(need - 1, kept, versions) > bound


def test_a_discounted_record_is_a_power_prior():
    """Weights kept^age on the likelihood of clean tests, from a uniform prior."""
    worth = float(waiting.effective_tests(100, 0.5, 4))
    ages = 0.5 ** np.arange(4)
    rate = np.linspace(0, 1, 200_001)
    weighted = np.prod([(1 - rate) ** (100 * weight) for weight in ages], axis=0)
    inside = np.cumsum(weighted) / weighted.sum()
    quantile = rate[np.searchsorted(inside, 0.95)]
    belief = testing.Belief(b=1 + worth)
    assert testing.credible_bound(belief) == pytest.approx(quantile, abs=1e-5)
    assert quantile < waiting.discounted_bound(100, 0.5, 4)


@pytest.mark.parametrize(("tests", "kept", "rate"), grid((20, 100), (0.0, 0.5, 0.9), (0.005, 0.02)))
def test_a_clean_record_is_as_frequent_as_it_says(tests, kept, rate):
    runs, versions = 20_000, 40
    noise = np.random.default_rng(0).random((2, versions, runs), dtype=np.float32)
    seen = waiting.clean_lineages(tests, kept, rate, noise)
    exact = waiting.miss_chance(tests, kept, rate, np.arange(1, versions + 1))
    error = np.sqrt(exact * (1 - exact) / runs)
    # The first version is a new system: what comes before it, in the simulation, is clean.
    assert np.all(np.abs(seen - exact) <= 4.5 * error + 1e-9)


def test_the_limit_of_miss_chance_is_reached():
    far = waiting.miss_chance(50, 0.8, 0.01, [1, 10, 10_000])
    assert far[0] == pytest.approx(0.99**50)
    assert far[2] == pytest.approx(float(waiting.miss_chance(50, 0.8, 0.01)))
    assert waiting.miss_chance(50, 0.8, 0.0, [1, 7, np.inf]) == pytest.approx(1)


@pytest.mark.parametrize(("tests", "kept"), grid((30, 100, 1000), KEPT))
@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
def test_the_inherited_bound_keeps_its_promise_and_the_discounted_one_does_not(
    tests, kept, confidence
):
    allowed = 1 - confidence
    honest = waiting.inherited_bound(tests, kept, confidence=confidence)
    assert waiting.miss_chance(tests, kept, honest) == pytest.approx(allowed)
    worse = np.linspace(float(honest), 1, 200)
    assert np.all(waiting.miss_chance(tests, kept, worse) <= allowed * (1 + 1e-9))
    naive = waiting.discounted_bound(tests, kept, confidence=confidence)
    if kept:
        assert waiting.miss_chance(tests, kept, naive) > allowed * 1.01
        assert naive < honest < testing.zero_failure_bound(tests, confidence=confidence)
    else:
        assert naive == pytest.approx(float(honest))


@pytest.mark.parametrize(("tests", "kept"), grid((30, 100), (0.0, 0.5, 0.9)))
def test_the_inherited_bound_holds_in_simulation(tests, kept):
    """Coverage by simulation: systems at the bound get a clean record in one case of twenty."""
    runs = 40_000
    rate = float(waiting.inherited_bound(tests, kept))
    noise = np.random.default_rng(1).random((2, 80, runs), dtype=np.float32)
    missed = waiting.clean_lineages(tests, kept, rate, noise)[-1]
    assert abs(missed - 0.05) <= 4.5 * math.sqrt(0.05 * 0.95 / runs)


# --- going, waiting, staying out ----------------------------------------------------------------

BETS = {
    "default": Stakes(),
    "hopeless": Stakes(safe=0.3, loss=8.0),
    "half undone": Stakes(safe=0.7, value=2.0, loss=6.0, rate=0.2, undone=0.5),
    "small": Stakes(safe=0.99, loss=0.5),
}
SAID = {"perfect": News(), "good": News(catches=0.9, false_alarm=0.1), "none": News(catches=0.3,
        false_alarm=0.3)}  # fmt: skip
OTHERS = {
    "nobody": waiting.NOBODY,
    "few": Rivals(hazard=0.2, lost=0.6, shared=1.0),
    "many": Rivals(hazard=3.0, lost=1.0, shared=0.2),
}


def simulated_wait(bet, time, news, rivals, runs):
    """Draw what is true, when the others go and what the news says; the rule is Bayes's."""
    rng = np.random.default_rng(2)
    safe = rng.random(runs) < bet.safe
    arrival = rng.exponential(1 / rivals.hazard, runs) if rivals.hazard else np.full(runs, np.inf)
    alarm = rng.random(runs) < np.where(safe, news.false_alarm, news.catches)
    ours = np.where(safe, bet.value, -(1 - bet.undone) * bet.loss)
    theirs = np.where(safe, (1 - rivals.lost) * bet.value, -rivals.shared * bet.loss)
    later = rng.exponential(1 / rivals.hazard, runs) if rivals.hazard else np.full(runs, np.inf)
    outcome = np.exp(-bet.rate * arrival) * theirs
    for heard in (False, True):
        told = alarm == heard
        go, out = ours[told], np.exp(-bet.rate * later[told]) * theirs[told]
        best = go if told.any() and go.mean() > out.mean() else out
        here = arrival[told] > time
        outcome[told] = np.where(here, math.exp(-bet.rate * time) * best, outcome[told])
    return outcome


@pytest.mark.parametrize("bet", BETS)
@pytest.mark.parametrize("said", SAID)
@pytest.mark.parametrize("others", OTHERS)
def test_waiting_is_worth_the_mean_of_what_comes_of_it(bet, said, others):
    runs = 40_000
    found = simulated_wait(BETS[bet], 1.5, SAID[said], OTHERS[others], runs)
    exact = float(waiting.wait(BETS[bet], 1.5, news=SAID[said], rivals=OTHERS[others]))
    assert abs(found.mean() - exact) <= 4.5 * found.std(ddof=1) / math.sqrt(runs) + 1e-12


@pytest.mark.parametrize("bet", BETS)
def test_perfect_news_is_worth_most_and_none_nothing(bet):
    stakes = BETS[bet]
    assert waiting.wait(stakes, 0) == pytest.approx(float(stakes.hoped))
    assert waiting.wait(stakes, 2) == pytest.approx(
        float(stakes.hoped) * math.exp(-2 * stakes.rate)
    )
    perfect = float(waiting.news_value(stakes, News()))
    assert perfect == pytest.approx(float(min(stakes.feared, stakes.hoped)))
    for news in SAID.values():
        assert 0 <= waiting.news_value(stakes, news) <= perfect + 1e-12
    assert waiting.news_value(stakes, SAID["none"]) == 0
    turned = News(catches=0.1, false_alarm=0.9)
    assert waiting.news_value(stakes, turned) == pytest.approx(
        float(waiting.news_value(stakes, SAID["good"]))
    ), "news that is wrong nine times in ten is as good as news that is right so often"


def test_news_is_worthless_exactly_until_its_odds_reach_the_stakes():
    """Only if catches / false_alarm exceeds p V / ((1 - p) L) does an alarm change anything."""
    stakes = Stakes()
    turning = float(stakes.hoped / stakes.feared)
    assert turning == pytest.approx(1.8)
    for false_alarm in (0.05, 0.2, 0.4):
        below = News(catches=turning * false_alarm - 1e-6, false_alarm=false_alarm)
        above = News(catches=turning * false_alarm + 1e-6, false_alarm=false_alarm)
        assert waiting.news_value(stakes, below) == 0 < waiting.news_value(stakes, above)


def test_waiting_stops_being_worth_it_where_the_lasting_loss_is_small():
    """A year's wait costs p V (1 - exp(-r)), so that much must be feared."""
    cost = 0.9 * -math.expm1(-0.05)
    share = 1 - cost / 0.5
    assert share == pytest.approx(0.912, abs=5e-4)
    for undone, choice in ((share - 0.01, "wait"), (share + 0.01, "go now")):
        code = int(waiting.best_of_three(Stakes(undone=undone), 1.0))
        assert waiting.CHOICES[code] == choice


def test_the_best_of_three_is_the_largest():
    bets = Stakes(loss=np.geomspace(0.1, 100, 25)[:, None], rate=np.geomspace(0.005, 2, 20))
    for rivals in OTHERS.values():
        options = np.stack(np.broadcast_arrays(
            waiting.stay_out(bets, rivals=rivals), waiting.go_now(bets),
            waiting.wait(bets, 1.0, news=SAID["good"], rivals=rivals)))  # fmt: skip
        code = waiting.best_of_three(bets, 1.0, news=SAID["good"], rivals=rivals)
        chosen = np.take_along_axis(options, code[None], axis=0)[0]
        np.testing.assert_allclose(chosen, options.max(axis=0), rtol=2e-9, atol=2e-9)


@pytest.mark.parametrize(("lost", "shared"), [(1.0, 0.0), (1.0, 1.0), (0.5, 0.0), (0.8, 0.3)])
def test_at_the_break_even_hazard_going_is_as_good_as_waiting(lost, shared):
    stakes = Stakes()
    hazard = waiting.break_even_hazard(stakes, 1.0, lost=lost, shared=shared)
    if math.isinf(hazard):
        many = Rivals(hazard=np.geomspace(1e-3, 1e5, 50), lost=lost, shared=shared)
        assert np.all(waiting.wait(stakes, 1.0, rivals=many) > waiting.go_now(stakes))
        return
    around = Rivals(hazard=[0.99 * hazard, hazard, 1.01 * hazard], lost=lost, shared=shared)
    ahead = waiting.wait(stakes, 1.0, rivals=around) - waiting.go_now(stakes)
    assert ahead[0] > 0 > ahead[2] and abs(ahead[1]) < 1e-9


def test_the_break_even_hazard_in_closed_form_and_at_its_ends():
    """All lost and nothing shared: p V exp(-(r + h) t) = p V - (1 - p) L."""
    assert waiting.break_even_hazard(Stakes(), 1.0) == pytest.approx(math.log(0.9 / 0.4) - 0.05)
    assert waiting.break_even_hazard(Stakes(loss=0.1), 1.0) == 0
    assert math.isinf(waiting.break_even_hazard(Stakes(), 1.0, lost=0.2))
    assert math.isinf(waiting.break_even_hazard(Stakes(loss=20), 1.0))  # going is never good


@pytest.mark.parametrize("learning", [0.1, 1.0, 10.0])
@pytest.mark.parametrize("bet", BETS)
def test_the_best_delay_has_the_least_regret(bet, learning):
    stakes = BETS[bet]
    best = float(waiting.best_delay(stakes, learning=learning))

    def regret(time):
        return float(waiting.too_late_too_early(stakes, time, learning=learning).sum(axis=0))

    found = minimize_scalar(regret, bounds=(0, 200), method="bounded", options={"xatol": 1e-9})
    times = np.linspace(0, 200, 4001)
    least = waiting.too_late_too_early(stakes, times, learning=learning).sum(axis=0).min()
    assert regret(best) <= min(found.fun, least) + 1e-12


def test_the_two_errors_are_a_clairvoyants_lead():
    """Simulated: alarms come at a constant hazard if it is unsafe and stands still."""
    stakes, rng, runs = Stakes(safe=0.7, loss=3.0), np.random.default_rng(0), 100_000
    safe, alarm = rng.random(runs) < 0.7, rng.exponential(1 / 0.8, runs)
    for time in (0.0, 0.7, 2.0):
        went = safe | (alarm > time)
        outcome = math.exp(-0.05 * time) * went * np.where(safe, 1.0, -3.0)
        lead = 0.7 - outcome
        exact = waiting.too_late_too_early(stakes, time, learning=0.8).sum()
        assert abs(lead.mean() - exact) <= 4.5 * lead.std() / math.sqrt(runs)


def test_what_is_replaced_meanwhile_is_never_known():
    still = waiting.too_late_too_early(Stakes(), 1000.0, learning=1.0)
    moving = waiting.too_late_too_early(Stakes(rate=1e-9), 1000.0, learning=1.0, kept=0.5)
    assert still[1] < 1e-20
    assert moving[1] == pytest.approx(0.5 * math.exp(-1 / math.log(2)), rel=1e-5)
    near = waiting.too_late_too_early(Stakes(), [0.5, 3.0], learning=1.0, kept=1 - 1e-9)
    np.testing.assert_allclose(
        near, waiting.too_late_too_early(Stakes(), [0.5, 3.0], learning=1.0), rtol=1e-7
    )


def test_best_delay_needs_something_to_hope_for():
    with pytest.raises(ValueError, match="safe and value"):
        waiting.best_delay(Stakes(value=0), learning=1.0)


# --- growth under risk --------------------------------------------------------------------------


def test_jones_in_the_digits_of_the_design():
    planner = Planner(growth=0.1, hazard=0.01, life=6)
    assert waiting.stop_time(planner) == pytest.approx(1 / 0.01 - 6 / 0.1) == pytest.approx(40)
    assert round(waiting.stop_consumption(planner), 1) == 54.6
    assert round(waiting.stop_risk(planner), 3) == 0.330


@pytest.mark.parametrize(
    ("curvature", "growth", "hazard"),
    grid((1.0, 1.0001, 1.5, 2.0, 3.0, 6.0), (0.02, 0.1), (0.001, 0.01, 0.1)),
)
def test_the_stop_is_where_welfare_is_highest(curvature, growth, hazard):
    planner = Planner(growth=growth, hazard=hazard, curvature=curvature)
    best = waiting.stop_time(planner)
    years = np.linspace(0, min(3 * best + 10, 700 / growth), 20_001)
    assert waiting.welfare(planner, best) >= waiting.welfare(planner, years).max() - 1e-12


def test_curvature_goes_over_into_log_utility():
    log, near = Planner(), Planner(curvature=1 + 1e-7)
    assert waiting.stop_time(near) == pytest.approx(waiting.stop_time(log), rel=1e-4)
    np.testing.assert_allclose(
        waiting.utility(near, [0, 1, 5]), waiting.utility(log, [0, 1, 5]), rtol=1e-5
    )
    times = [waiting.stop_time(Planner(curvature=c)) for c in (1, 1.5, 2, 3, 5)]
    assert np.all(np.diff(times) < 0)


def test_a_year_of_life_is_worth_growth_over_hazard_at_the_stop():
    """v(c) = u(c) / (u'(c) c), by a numerical derivative."""
    for curvature in (1.0, 2.0, 3.0):
        planner = Planner(curvature=curvature)
        log, h = 0.1 * waiting.stop_time(planner), 1e-5
        around = waiting.utility(planner, [log - h, log, log + h])
        assert around[1] / ((around[2] - around[0]) / (2 * h)) == pytest.approx(10, rel=1e-6)


def test_even_infinite_consumption_buys_little_risk_when_utility_is_bounded():
    for curvature, risk in ((2.0, 1 / 7), (3.0, 1 / 13)):
        planner = Planner(curvature=curvature)
        assert waiting.largest_risk(planner) == pytest.approx(risk)
        assert (1 - risk) * waiting.utility(planner, 700) == pytest.approx(6)
        fast = replace(planner, growth=10.0, hazard=1e-6)
        assert waiting.stop_risk(fast) < risk


def test_what_is_too_dangerous_is_never_run():
    never = Planner(hazard=0.02)
    assert waiting.stop_time(never) == 0 == waiting.stop_risk(never)
    assert waiting.stop_consumption(never) == 1
    assert math.isinf(waiting.stop_consumption(Planner(hazard=1e-5)))


# --- the gated loop -----------------------------------------------------------------------------

STEADY = Loop(**{name: Stage(gain=0.02, leak=0.01, spread=0) for name in STAGES})


def noise(generations: int, runs: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((generations, 5, runs))


def test_an_open_gate_changes_nothing():
    drawn = noise(40, 300)
    gated = waiting.simulate_gated(Loop(), Gate(threshold=0), drawn)
    free = loops.simulate(Loop(), drawn[:, :4])
    np.testing.assert_allclose(gated.alignment, free.alignment)
    np.testing.assert_allclose(gated.capability, free.capability)
    assert gated.ran.all()


def test_useless_news_is_a_tie_and_the_earlier_choice_is_taken():
    """Staying out and waiting are worth the same, up to rounding, wherever news is a coin."""
    bets = Stakes(loss=np.geomspace(20, 100, 30)[:, None], rate=np.geomspace(0.5, 2, 30))
    others = Rivals(hazard=0.5, shared=1.0)
    code = waiting.best_of_three(bets, 1.0, news=News(catches=0.5, false_alarm=0.5), rivals=others)
    assert not np.any(code == waiting.CHOICES.index("wait"))


def test_a_gate_without_a_threshold_needs_no_pass():
    assert waiting.needed_passes(Gate(threshold=0)) == 0
    assert waiting.chance_open(Gate(threshold=0), 0.0) == 1


def test_a_shut_gate_stops_everything():
    shut = waiting.simulate_gated(Loop(), Gate(threshold=1, restores=0.3), noise(20, 50))
    assert not shut.ran.any() and np.all(shut.capability == 1) and np.all(shut.alignment == 1)


@pytest.mark.parametrize("tests", [10, 59, 300])
@pytest.mark.parametrize("threshold", [0.3, 0.8, 0.95])
def test_the_gate_is_the_lower_bound(tests, threshold):
    gate = Gate(threshold=threshold, tests=tests)
    need = waiting.needed_passes(gate)
    low = testing.clopper_pearson(np.arange(tests + 1), tests, side="lower")[0]
    assert np.array_equal(low >= threshold, np.arange(tests + 1) >= need)
    share = np.array([0.2, 0.6, 0.9, 1.0])
    np.testing.assert_allclose(
        waiting.chance_open(gate, share), binom.sf(need - 1, tests, share), atol=1e-12
    )


@pytest.mark.parametrize(("tests", "threshold"), grid((30, 100), (0.5, 0.8)))
def test_what_is_below_the_threshold_rarely_runs(tests, threshold):
    """The promise of the gate: alignment at or under the threshold opens it in 5 % at most."""
    gate = Gate(threshold=threshold, tests=tests)
    levels = np.linspace(0, threshold, 50)
    assert np.all(waiting.chance_open(gate, levels) <= 0.05 + 1e-12)
    made = waiting.simulate_gated(Loop(), gate, noise(60, 2000))
    below = made.alignment[:-1] <= threshold
    opened, seen = made.ran[below].sum(), below.sum()
    assert opened <= 0.05 * seen + 4.5 * math.sqrt(0.05 * 0.95 * max(seen, 1)) + 1


def test_what_running_loses_standing_still_restores():
    """In the settled state the mean of alignment does not move: an exact balance."""
    for loop, gate in ((STEADY, Gate(threshold=0.7)), (Loop(), Gate(threshold=0.6, tests=30))):
        made = waiting.simulate_gated(loop, gate, noise(250, 3000))
        a, ran = made.alignment[:-1][100:], made.ran[100:]
        lost = ran * (1 - loop.retention) * a
        restored = ~ran * gate.restores * (1 - a)
        gap = (lost - restored).mean(axis=0)
        drift = (made.alignment[-1] - made.alignment[100]) / len(a)
        error = (gap + drift).std(ddof=1) / math.sqrt(gap.size)
        assert abs((gap + drift).mean()) <= 4.5 * error + 1e-12
        assert abs(gap.mean()) < 0.02 * lost.mean()


def test_the_running_share_is_close_to_the_balance():
    for threshold in (0.5, 0.7, 0.85):
        made = waiting.simulate_gated(STEADY, Gate(threshold=threshold), noise(250, 500))
        held, ran = made.alignment[100:].mean(), made.ran[100:].mean()
        share = float(waiting.running_share(STEADY, held, restores=0.5))
        assert share < ran < share + 0.06  # it stands still when there is more to restore
    sound = Loop(**{name: Stage(leak=0) for name in STAGES})
    assert waiting.running_share(sound, [0.5, 1.0], restores=0.5).tolist() == [1, 1]


def test_a_gated_run_by_hand():
    loop = Loop(**{name: Stage(gain=0.1, leak=0.1, spread=0) for name in STAGES})
    gate = Gate(threshold=0.5, tests=10, restores=0.5)  # needs 9 of 10
    assert waiting.needed_passes(gate) == 9
    after = 0.9**4
    pass_at = binom.sf(8, 10, [1.0, after, after + 0.5 * (1 - after)])
    drawn = np.zeros((3, 5, 1))
    drawn[:, 4, 0] = [0.5, pass_at[1] + 0.01, pass_at[2] - 0.01]
    made = waiting.simulate_gated(loop, gate, drawn)
    assert made.ran[:, 0].tolist() == [True, False, True]
    mended = after + 0.5 * (1 - after)
    np.testing.assert_allclose(made.alignment[:, 0], [1, after, mended, mended * after])
    np.testing.assert_allclose(made.capability[:, 0], [1, 1.1**4, 1.1**4, 1.1**8])
    late, early = waiting.gate_errors(made)[:, 0]
    assert late == pytest.approx(1 / 3)
    assert early == pytest.approx(1 - (after + mended + mended * after) / 3)


def test_a_higher_threshold_loses_less_alignment_and_more_progress():
    drawn = noise(60, 400)
    errors = np.array([
        waiting.gate_errors(waiting.simulate_gated(Loop(), Gate(threshold=t), drawn)).mean(axis=1)
        for t in (0, 0.3, 0.5, 0.7, 0.85, 0.95, 1)
    ])  # fmt: skip
    assert np.all(np.diff(errors[:, 0]) >= 0) and np.all(np.diff(errors[:, 1]) <= 0)
    cost = errors.sum(axis=1)
    assert 0 < cost.argmin() < 6


def test_the_same_noise_gives_the_same_gated_runs_and_stays_untouched():
    drawn = noise(10, 20)
    kept = drawn.copy()
    once, again = (waiting.simulate_gated(Loop(), Gate(), drawn) for _ in range(2))
    np.testing.assert_array_equal(once.alignment, again.alignment)
    np.testing.assert_array_equal(drawn, kept)


@pytest.mark.parametrize(
    "crooked",
    [np.zeros((3, 4, 2)), np.zeros((3, 5)), np.ones((3, 5, 2)), np.zeros((251, 5, 1))],
)
def test_crooked_noise_is_refused(crooked):
    with pytest.raises(ValueError, match="noise"):
        waiting.simulate_gated(Loop(), Gate(), crooked)
