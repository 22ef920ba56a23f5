"""Chapter 08: both attacks, the Ladder, the reused holdout and the loop that spends items."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy.special import gammaln, ndtr
from scipy.stats import binom

from rsi_teach.models import goodhart
from rsi_teach.models import overfitting as over
from rsi_teach.models.overfitting import Climb, Study, Thresholdout


def rng(seed: int = 8) -> np.random.Generator:
    return np.random.default_rng(seed)


# --- the attacks --------------------------------------------------------------------------------


def test_the_digits_of_the_facts():
    assert over.attack_accuracy(1000, [100, 1000]).round(3).tolist() == [0.600, 0.788]
    kept = over.attack_accuracy(1000, 100, keep="above chance")
    assert round(float(kept), 4) == 0.5708


def advantage(items: int) -> float:
    """Exact chance, for an odd test, that a submission's vote on an item is right."""
    middle = (items - 1) // 2
    log_choose = gammaln(items) - gammaln(middle + 1) - gammaln(items - middle)
    return (1 + math.exp(log_choose - (items - 1) * math.log(2))) / 2


def exact(items: int, queries: int, keep: str) -> float:
    """Exact mean score: votes of different submissions on one item are independent."""
    share = advantage(items)

    def majority(votes):
        votes = np.asarray(votes)
        tie = np.where(votes % 2 == 0, binom.pmf(votes // 2, votes, share), 0)
        return binom.sf(votes // 2, votes, share) + tie / 2

    if keep == "all":
        return float(majority(queries))
    votes = np.arange(queries + 1)
    return float(binom.pmf(votes, queries, 0.5) @ majority(votes))


GRID = list(itertools.product((51, 301, 1001), (1, 4, 31, 200), over.KEEPS))


@pytest.mark.parametrize(("items", "queries", "keep"), GRID)
def test_the_simulated_attack_has_the_exact_mean(items, queries, keep):
    runs = 300
    found = over.simulated_attack(items=items, queries=queries, runs=runs, rng=rng(), keep=keep)
    error = max(float(found.std(ddof=1)), 0.02) / runs**0.5
    assert abs(found.mean() - exact(items, queries, keep)) <= 4.2 * error


@pytest.mark.parametrize(("items", "queries", "keep"), GRID)
def test_the_closed_form_is_the_limit_of_the_exact_mean(items, queries, keep):
    if queries < 4:
        return
    closed = float(over.attack_accuracy(items, queries, keep=keep))
    assert abs(closed - exact(items, queries, keep)) < 0.5 / items + 0.13 * queries**-1.0


@pytest.mark.parametrize("keep", over.KEEPS)
@pytest.mark.parametrize(("items", "queries"), [(301, 40), (601, 100), (301, 500)])
def test_the_spread_of_the_attack(items, queries, keep):
    runs = 1000
    found = over.simulated_attack(items=items, queries=queries, runs=runs, rng=rng(1), keep=keep)
    closed = float(over.attack_spread(items, queries, keep=keep))
    assert abs(found.std(ddof=1) / closed - 1) < 4 / math.sqrt(2 * runs) + 0.03
    share = float(over.attack_accuracy(items, queries, keep=keep))
    independent = math.sqrt(share * (1 - share) / items)
    assert closed < 0.95 * independent


def test_twice_the_submissions_for_those_who_throw_half_away():
    queries = np.arange(0, 4000, 37)
    assert over.attack_accuracy(777, queries) == pytest.approx(
        over.attack_accuracy(777, 2 * queries, keep="above chance")
    )


@pytest.mark.parametrize("items", [50, 1000, 10**6])
@pytest.mark.parametrize("excess", [0.01, 0.2])
def test_queries_survived_is_the_inverse_of_the_attack(items, excess):
    queries = float(over.queries_survived(items, excess))
    assert ndtr(math.sqrt(2 * queries / (math.pi * items))) == pytest.approx(0.5 + excess)


@pytest.mark.parametrize(("items", "excess"), [(100, 0.1), (1000, 0.05), (4000, 0.02)])
def test_luck_alone_needs_as_many_queries_as_it_says(items, excess):
    queries = float(over.queries_survived(items, excess, adaptive=False))
    median = ndtr(2 * excess * math.sqrt(items)) ** queries
    assert median == pytest.approx(0.5, abs=1e-9)
    assert float(over.luck_accuracy(items, round(queries))) == pytest.approx(0.5 + excess, abs=2e-4)


@pytest.mark.parametrize(("items", "queries"), list(itertools.product((101, 1001), (1, 20, 500))))
def test_luck_alone_against_simulation(items, queries):
    drawn = rng(3).binomial(items, 0.5, size=(4000, queries)).max(axis=1) / items
    below = np.mean(drawn < over.luck_accuracy(items, queries) - 0.5 / items)
    above = np.mean(drawn > over.luck_accuracy(items, queries) + 0.5 / items)
    assert below < 0.5 + 0.03 and above < 0.5 + 0.03


def test_the_attack_buys_more_than_luck_and_the_difference_grows():
    queries = np.array([30, 100, 1000, 10_000])
    attack, luck = over.attack_accuracy(1000, queries), over.luck_accuracy(1000, queries)
    assert np.all(np.diff(attack - luck) > 0) and np.all(attack[1:] > luck[1:])
    assert float(over.queries_survived(10**6, 0.1, adaptive=False)) == pytest.approx(1e300)


# --- the ladder ---------------------------------------------------------------------------------


@pytest.mark.parametrize("step", [0.003, 0.02, 0.1])
def test_the_ladder_does_what_its_definition_says(step):
    scores = rng(2).random(400) * 0.3 + np.linspace(0, 0.5, 400)
    shown, best = [], 0.0
    for score in scores:
        if score > best + step:
            best = max(min(round(score / step) * step, 1.0), best)
        shown.append(best)
    assert over.ladder(scores, step=step).tolist() == pytest.approx(shown)


def test_the_ladder_never_falls_and_is_near_the_best():
    scores = rng(4).random((300, 5))
    for step in (0.001, 0.05, 0.3):
        shown = over.ladder(scores, step=step)
        assert np.all(np.diff(shown, axis=0) >= 0)
        best = np.maximum.accumulate(scores, axis=0)
        assert np.all(best - shown <= 1.5 * step + 1e-12)
        assert np.all(shown - best <= step / 2 + 1e-12)
        columns = np.array([over.ladder(column, step=step) for column in scores.T]).T
        assert np.array_equal(shown, columns)


def test_the_ladder_blunts_the_attack():
    settings = {"items": 1000, "queries": 1000, "runs": 20}
    open_to_all = over.simulated_attack(**settings, rng=rng()).mean()
    behind = [
        over.simulated_attack(**settings, rng=rng(), step=step).mean() for step in (0.005, 0.02)
    ]
    luck = float(over.luck_accuracy(1000, 1000))
    assert all(score < luck + 0.02 < open_to_all - 0.2 for score in behind)
    assert behind[1] < behind[0]


# --- the reused holdout -------------------------------------------------------------------------


def by_rows(study: Study, seed: int, gate: Thresholdout | None = None) -> list[float]:
    """The same experiment with every number of every row drawn."""
    draws = rng(seed)
    n, d = study.samples, study.variables

    def sample():
        labels = draws.choice([-1.0, 1.0], n)
        return labels, draws.standard_normal((n, d)) + labels[:, None] * study.means

    sets = [sample() for _ in range(3)]
    train, holdout = (labels @ rows / n for labels, rows in sets[:2])
    answers = holdout
    if gate is not None:
        answers = over.thresholdout(gate, train, holdout, draws.standard_normal((2, d)))
    fit = (train * answers > 0) & (abs(train) >= n**-0.5) & (abs(answers) >= n**-0.5)
    order = [j for j in np.argsort(-abs(train)) if fit[j]][: study.chosen]
    sign = np.sign(train[order])
    if not order:
        return [0.5, 0.5, 0.5]
    return [float(np.mean(labels * (rows[:, order] @ sign) > 0)) for labels, rows in sets]


@pytest.mark.parametrize("gate", [None, Thresholdout(threshold=0.1, tolerance=0.02)], ids=str)
@pytest.mark.parametrize("informative", [0, 12])
def test_drawing_correlations_is_as_good_as_drawing_rows(informative, gate):
    study = Study(samples=250, variables=120, chosen=15, informative=informative, shift=0.2)
    slow = np.array([by_rows(study, seed, gate) for seed in range(150)])
    fast = over.reused_holdout(study, runs=600, rng=rng(), gate=gate)
    for column, name in enumerate(("train", "holdout", "fresh")):
        found = getattr(fast, name)
        error = math.hypot(slow[:, column].std() / 150**0.5, found.std() / 600**0.5)
        assert abs(slow[:, column].mean() - found.mean()) <= 4 * error, name
        assert found.std() == pytest.approx(slow[:, column].std(), rel=0.3), name


@pytest.mark.parametrize("size", [1000, 2000, 5000])
def test_the_holdout_reports_what_normal_tails_say(size):
    """Of |z| > 1 in both sets with one sign, all are used: mean 1.525 in each, p(|z|>1)²/2."""
    tail = 2 * ndtr(-1)
    mean = 2 * math.exp(-0.5) / math.sqrt(2 * math.pi) / tail
    kept = size * tail**2 / 2
    study = Study(samples=size, variables=size, chosen=size)
    found = over.reused_holdout(study, runs=60, rng=rng())
    expected = ndtr(mean * math.sqrt(kept / size))
    assert found.holdout.mean() == pytest.approx(expected, abs=0.003)
    assert found.used.mean() == pytest.approx(kept, rel=0.02)
    error = found.fresh.std(ddof=1) / 60**0.5
    assert abs(found.fresh.mean() - 0.5) <= 4 * error


def test_the_facts_about_the_reused_holdout():
    """.633 standard; .506 fresh and .510 through the gate were single draws."""
    study = Study(variables=10_000)
    standard = over.reused_holdout(study, runs=40, rng=rng())
    assert round(float(standard.holdout.mean()), 3) == pytest.approx(0.633, abs=0.002)
    assert abs(standard.fresh.mean() - 0.506) <= 3 * standard.fresh.std()
    gated = over.reused_holdout(study, runs=40, rng=rng(), gate=Thresholdout())
    assert abs(gated.reported.mean() - 0.510) <= 0.003 + 3 * gated.reported.std() / 40**0.5


def test_a_gate_that_is_finer_than_the_noise_does_not_hold():
    """With 2,000 rows a threshold of .04 is less than two standard errors of a correlation."""
    study = Study(samples=2000, chosen=100)
    small = over.reused_holdout(study, runs=60, rng=rng(), gate=Thresholdout())
    wide = over.reused_holdout(study, runs=60, rng=rng(), gate=Thresholdout(threshold=0.12))
    assert small.holdout.mean() > 0.56
    assert wide.holdout.mean() < 0.515


def test_signal_is_found_through_the_gate():
    study = Study(informative=20)
    plain = over.reused_holdout(study, runs=40, rng=rng())
    gated = over.reused_holdout(study, runs=40, rng=rng(), gate=Thresholdout())
    assert plain.holdout.mean() - plain.fresh.mean() > 0.04
    assert gated.fresh.mean() > 0.515
    assert abs(gated.reported.mean() - gated.fresh.mean()) < 0.01


def test_nothing_chosen_is_a_coin():
    found = over.reused_holdout(Study(samples=10, variables=1, chosen=1), runs=200, rng=rng())
    assert np.all(found.holdout[found.used == 0] == 0.5) and np.any(found.used == 0)


def test_the_gate_answers_from_training_while_the_two_agree():
    gate = Thresholdout(threshold=0.05, tolerance=0.01)
    noise = rng().standard_normal((2, 4000))
    near = over.thresholdout(gate, np.full(4000, 0.7), np.full(4000, 0.69), noise)
    far = over.thresholdout(gate, np.full(4000, 0.7), np.full(4000, 0.5), noise)
    edge = over.thresholdout(gate, np.full(4000, 0.7), np.full(4000, 0.65), noise)
    assert np.mean(near == 0.7) > 0.999
    assert abs(far.mean() - 0.5) < 4 * 0.01 / 4000**0.5
    assert far.std() == pytest.approx(0.01, rel=0.05)
    assert np.mean(edge == 0.7) == pytest.approx(0.5, abs=0.04)


# --- the loop that spends items -----------------------------------------------------------------


def plan_of(*entries: tuple[int, int]) -> np.ndarray:
    plan = np.zeros(61, int)
    for at, items in entries:
        plan[at] = items
    return plan


@pytest.mark.parametrize(("proposals", "items"), list(itertools.product((1, 4, 12), (25, 400))))
def test_one_generation_against_the_best_of_n(proposals, items):
    """Without drag or heredity, child and parent differ by independent normal numbers."""
    climb = Climb(proposals=proposals, drag=0, heredity=0)
    runs = 40_000
    found = over.simulated_climb(climb, [items, 0], runs=runs, rng=rng())
    sd = climb.item_sd / math.sqrt(items)
    draws = rng(1)
    moves = draws.standard_normal((proposals, runs))
    luck = sd * draws.standard_normal((proposals, runs))
    own = sd * draws.standard_normal(runs)
    best = (moves + luck).argmax(axis=0), np.arange(runs)
    value = np.where((moves + luck)[best] > own, moves[best], 0)
    error = math.hypot(value.std(), found.value[0].std()) / runs**0.5
    assert abs(value.mean() - found.value[0].mean()) <= 4 * error


def climbed_by_hand(climb: Climb, plan: list[int], draws: np.random.Generator) -> list[float]:
    """Value and luck at the end of one run, a child at a time."""
    value = luck = sd = 0.0
    for generation, items in enumerate(plan):
        if items:
            sd = climb.item_sd / math.sqrt(items)
            luck = sd * draws.standard_normal()
        if generation == len(plan) - 1:
            break
        best, parent = (value, luck), (value, luck)
        for _ in range(climb.proposals):
            child = parent[0] * (1 - climb.drag) + climb.gain * draws.standard_normal()
            new = math.sqrt(1 - climb.heredity**2) * sd * draws.standard_normal()
            lucky = climb.heredity * parent[1] + new
            if child + lucky > sum(best):
                best = (child, lucky)
        value, luck = best
    return [value, luck]


@pytest.mark.parametrize(
    ("climb", "plan"),
    [
        (Climb(drag=0.3, heredity=0.8), [100, 0, 0, 40, 0, 0, 0]),
        (Climb(drag=0.5, heredity=0.2, proposals=3), [400] + 9 * [0]),
        (Climb(drag=0.1, heredity=0.95, item_sd=20), [50, 0, 0, 0, 0, 0, 0, 90]),
    ],
    ids=str,
)
def test_the_loop_against_one_run_at_a_time(climb, plan):
    draws = rng(11)
    slow = np.array([climbed_by_hand(climb, plan, draws) for _ in range(1500)])
    found = over.simulated_climb(climb, plan, runs=6000, rng=rng(12))
    for ours, theirs in ((found.value[-1], slow[:, 0]), (found.overstated[-1], slow[:, 1])):
        error = math.hypot(ours.std() / 6000**0.5, theirs.std() / 1500**0.5)
        assert abs(ours.mean() - theirs.mean()) <= 4 * error
        assert ours.std() == pytest.approx(theirs.std(), rel=0.1)


def test_a_report_on_fresh_items_is_right_on_average():
    for items in (50, 300, 2000):
        found = over.simulated_climb(
            Climb(), plan_of((0, 500), (60, items)), runs=3000, rng=rng(items)
        )
        said = found.overstated[-1]
        sd = 40 / items**0.5
        assert abs(said.mean()) <= 4 * sd / 3000**0.5
        assert said.std() == pytest.approx(sd, rel=0.06)
        assert found.overstated[-2].mean() > 3
        assert np.array_equal(found.value[-1], found.value[-2])


def test_an_endless_test_overstates_nothing_and_climbs_as_far_as_the_drag_lets_it():
    found = over.simulated_climb(Climb(item_sd=0), plan_of((0, 1)), runs=400, rng=rng())
    assert np.all(found.overstated == 0)
    assert np.all(np.diff(found.value, axis=0) >= 0)
    balance = float(goodhart.expected_maximum(12)) / 0.1
    assert found.value[-1].mean() > balance


def test_larger_tests_climb_further_and_overstate_less():
    ends = [
        over.simulated_climb(Climb(), plan_of((0, items)), runs=500, rng=rng())
        for items in (20, 200, 2000)
    ]
    value, overstated = np.array([[e.value[-1].mean(), e.overstated[-1].mean()] for e in ends]).T
    assert np.all(np.diff(value) > 2) and np.all(np.diff(overstated) < -2)


def test_one_large_test_reused_climbs_further_than_small_fresh_ones():
    each = np.r_[np.full(60, 20), 0]
    fresh = over.simulated_climb(Climb(), each, runs=500, rng=rng()).value[-1].mean()
    reused = over.simulated_climb(Climb(), plan_of((0, 1200)), runs=500, rng=rng())
    assert reused.value[-1].mean() > fresh + 10
    assert reused.overstated[-1].mean() > 3
