"""Chapter 17: prices, every safeguard, the loop under a policy, and choosing among many."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from scipy import stats

from rsi_teach.models import capstone, gates, goodhart, loop
from rsi_teach.models.capstone import BUDGET, NAIVE, Policy, Setting

RUNS = 4000
FREE = Policy(scope="everything", gate=100.0)
NOISE = np.random.default_rng(0).random((30, capstone.CHANNELS, RUNS))


def mean_and_error(values):
    return values.mean(axis=-1), values.std(axis=-1, ddof=1) / values.shape[-1] ** 0.5


# --- what it costs ------------------------------------------------------------------------------


def test_a_bill_is_the_sum_of_its_parts():
    policy = Policy(tests=200, freshness=0.5, evaluators=3, origin="elsewhere", scope="everything",
                    gate=1.0, review=2.0, pause=4, rollback=True)  # fmt: skip
    assert policy.cost == pytest.approx(8 + 4 + 15 + 4 + 1 + 10 + 2 + 3)
    assert Policy(scope="nothing", tests=25, gate=100.0).cost == pytest.approx(1)


def test_the_budget_does_not_buy_everything():
    everything = Policy(tests=400, freshness=1.0, evaluators=5, origin="elsewhere", gate=1.0,
                        scope="everything", review=5.0, pause=5, rollback=True)  # fmt: skip
    assert everything.cost > 2 * BUDGET
    with pytest.raises(
        ValueError,
        match=rf"policy costs {everything.cost:g}, "
        rf"{everything.cost - BUDGET:g} over the budget of 40",
    ):
        capstone.affordable(everything)


def test_a_policy_at_the_budget_is_bought():
    policy = Policy(tests=25, gate=100.0, scope="nothing")
    exact = replace(policy, tests=400, freshness=1.0, pause=10)
    assert capstone.affordable(exact, budget=exact.cost) is exact
    with pytest.raises(ValueError, match=r"0\.5 over"):
        capstone.affordable(exact, budget=exact.cost - 0.5)


def test_the_naive_policies_are_within_the_budget():
    assert all(capstone.affordable(policy) is policy for policy in NAIVE.values())


def test_every_safeguard_has_a_price():
    dear = {"tests": 400, "freshness": 1.0, "evaluators": 5, "scope": "everything", "review": 5.0,
            "pause": 5, "rollback": True}  # fmt: skip
    for name, value in dear.items():
        assert replace(Policy(), **{name: value}).cost > Policy().cost, name
    assert Policy().cost > replace(Policy(), gate=100.0).cost
    some = Policy(evaluators=2)
    assert replace(some, origin="elsewhere").cost > some.cost


def test_a_policy_is_told_in_words():
    words = Policy(evaluators=3, origin="elsewhere", pause=2, rollback=True, review=1.5).words
    for part in ("3 evaluators (elsewhere)", "2 generations of pause and a rollback", "1.5 min",
                 "a gate at 2 points", "150 test items"):  # fmt: skip
        assert part in words
    assert "no gate; no review; after an alarm nothing." in FREE.words


def test_drawn_policies_differ_and_are_affordable():
    drawn = capstone.draw_policies(100, np.random.default_rng(0))
    assert len(set(drawn)) == 100 and max(policy.cost for policy in drawn) <= BUDGET
    assert drawn == capstone.draw_policies(100, np.random.default_rng(0))
    for name, values in capstone.OFFERED.items():
        assert {getattr(policy, name) for policy in drawn} == set(values), name


# --- each safeguard -----------------------------------------------------------------------------


@pytest.mark.parametrize(("freshness", "ageing"), list(product([0, 0.3, 1], [0, 0.5, 0.8, 1])))
def test_the_worth_of_an_item_is_the_mean_over_ages(freshness, ageing):
    rng = np.random.default_rng(0)
    age = np.zeros(RUNS)
    for generation in range(6):
        mean, error = mean_and_error(np.power(float(ageing), age))
        exact = capstone.item_worth(freshness, generation, ageing=ageing)
        assert abs(mean - exact) <= 4 * error + 1e-12
        age = np.where(rng.random(RUNS) < freshness, 0, age + 1)


def test_the_worth_of_an_item_settles():
    kept = 0.7 * 0.8
    assert capstone.item_worth(0.3, 250, ageing=0.8) == pytest.approx(0.3 / (1 - kept))


@pytest.mark.parametrize(
    ("tests", "loss", "blind", "gate"),
    list(product([50, 400], [0, 0.1], [0, 0.5], [0.0, 2.0])),
)
def test_the_gate_refuses_as_often_as_two_binomial_scores_say(tests, loss, blind, gate):
    """Against simulated scores; the normal limit is off by up to a few hundredths at 50 items."""
    rng = np.random.default_rng(1)
    right, seen = 0.9, loss * (1 - blind)
    before = rng.binomial(tests, right, 40_000) / tests
    after = rng.binomial(tests, right - seen, 40_000) / tests
    lost = np.where(np.isclose(before - after, gate / 100), rng.random(40_000) < 0.5,
                    before - after > gate / 100)  # fmt: skip
    exact = capstone.refused_by_tests(Policy(tests=tests, gate=gate), loss, 0, blind=blind)
    assert abs(lost.mean() - exact) < 0.04


def test_limits_of_the_gate():
    assert capstone.refused_by_tests(Policy(gate=100.0), 1.0, 0) == 0
    many = Policy(tests=400, gate=2.0)
    assert capstone.refused_by_tests(many, 0.5, 0) > 0.999
    assert capstone.refused_by_tests(many, 0.5, 0, blind=1.0) == pytest.approx(
        capstone.refused_by_tests(many, 0.0, 0)
    )
    old = capstone.refused_by_tests(many, 0.1, [0, 5, 50])
    assert np.all(np.diff(old) < 0)
    fresh = replace(many, freshness=1.0)
    assert capstone.refused_by_tests(fresh, 0.1, [0, 50]) == pytest.approx(old[:1].repeat(2))


@pytest.mark.parametrize(("origin", "number"), list(product(capstone.MISSES, range(6))))
def test_evaluators_miss_together_as_drawn(origin, number):
    mean, rho = capstone.MISSES[origin].miss, capstone.MISSES[origin].correlation
    rng, total = np.random.default_rng(2), (1 - rho) / rho
    chance = rng.beta(mean * total, (1 - mean) * total, 40_000)
    missed = (rng.random((number, 40_000)) < chance).all(axis=0)
    exact = capstone.all_miss(number, origin=origin)
    assert abs(missed.mean() - exact) <= 4 * np.sqrt(exact * (1 - exact) / 40_000) + 1e-12


def test_five_copies_are_little_better_than_one_and_five_others_are():
    own, other = ([capstone.all_miss(n, origin=o) for n in (1, 5)] for o in capstone.MISSES)
    assert own[1] / own[0] > 0.7 and other[1] / other[0] < 0.1
    assert capstone.all_miss(5, origin="own family", blind=1.0) == 1
    assert capstone.all_miss(5, origin="elsewhere", blind=1.0) == other[1]
    assert capstone.all_miss(0, origin="own family", blind=0.5) == 1


def test_what_passes_is_the_product_of_the_checks():
    policy = Policy(scope="everything", tests=100, freshness=0.25, evaluators=2, review=1.0)
    setting = Setting(blind=0.3)
    chance = capstone.passing(policy, setting, 4)
    loss = 1 - 0.98  # the smallest selection push is far above, proposals' is at the gate
    quiet = chance[:, 0]
    right = gates.accuracy_by(1.0, skill=capstone.SKILL)
    assert loss > 0 and quiet == pytest.approx(
        (1 - capstone.refused_by_tests(policy, 0.0, np.arange(4))) * right
    )
    selection = 0.1  # leak .02 times a push of 5
    assert chance[:, 4] == pytest.approx(
        (1 - capstone.refused_by_tests(policy, selection, np.arange(4), blind=0.3))
        * capstone.all_miss(2, origin="own family", blind=0.3) * (1 - right)
    )  # fmt: skip


# --- the loop -----------------------------------------------------------------------------------


def test_without_safeguards_it_is_the_loop_of_chapter_02():
    made = capstone.simulate(FREE, Setting(), NOISE)
    plain = loop.simulate(loop.Loop(), NOISE[:, :4])
    assert np.allclose(made.alignment, plain.alignment)
    assert np.allclose(made.capability, plain.capability)
    exact = capstone.mean_alignment(FREE, Setting(), 30)
    assert exact == pytest.approx(loop.mean_alignment(loop.Loop(), np.arange(31)))


CHECKED = [
    Policy(scope="everything"),
    Policy(scope="everything", tests=400, freshness=0.5, gate=0.5),
    Policy(scope="everything", evaluators=5, gate=4.0),
    Policy(scope="stamp", evaluators=2, origin="elsewhere"),
    Policy(scope="everything", gate=100.0, review=0.5),
    Policy(scope="settings", review=4.0, evaluators=1, origin="elsewhere", tests=50),
]


@pytest.mark.parametrize(("policy", "blind"), list(product(CHECKED, [0.0, 0.5, 1.0])))
def test_the_mean_is_exact_without_pause_and_rollback(policy, blind):
    setting = Setting(blind=blind)
    mean, error = mean_and_error(capstone.simulate(policy, setting, NOISE).alignment)
    exact = capstone.mean_alignment(policy, setting, 30)
    assert np.all(np.abs(mean - exact) <= 4.5 * error + 1e-9)


def test_nothing_allowed_changes_nothing():
    made = capstone.simulate(Policy(scope="nothing"), Setting(), NOISE)
    assert np.all(made.alignment == 1) and np.all(made.capability == 1)
    assert capstone.progress(made).max() == capstone.harm(made).max() == 0


def perfect(monkeypatch):
    """Evaluators that miss nothing."""
    monkeypatch.setattr(capstone, "all_miss", lambda *_, **__: 0.0)


def test_perfect_evaluators_let_nothing_bad_through(monkeypatch):
    perfect(monkeypatch)
    policy = Policy(scope="everything", evaluators=1, origin="elsewhere", gate=0.0)
    assert np.all(capstone.simulate(policy, Setting(), NOISE).alignment == 1)


def test_a_rollback_undoes_what_the_second_look_finds(monkeypatch):
    """First look blind, second look perfect: every bad update lasts one generation."""
    perfect(monkeypatch)
    monkeypatch.setattr(capstone, "passing", lambda *_: np.ones((30, 16)))
    policy = Policy(scope="everything", evaluators=1, origin="elsewhere", gate=0.0, rollback=True)
    made = capstone.simulate(policy, Setting(), NOISE)
    down = made.alignment < 1
    assert down.any()
    single = loop.simulate(loop.Loop(), NOISE[:, :4])
    step = np.ones_like(single.alignment)
    step[1:] = single.alignment[1:] / single.alignment[:-1]
    assert np.allclose(made.alignment, step)


@pytest.mark.parametrize("number", [1, 3])
def test_the_second_look_misses_as_often_as_the_evaluators_do(monkeypatch, number):
    """One bad update that passed, then a quiet generation: undone, or not."""
    monkeypatch.setattr(capstone, "passing", lambda _, __, n: np.ones((n, 16)))
    noise = np.full((2, capstone.CHANNELS, RUNS), 0.99)
    noise[0, 2] = 0.0
    noise[0, -1] = np.random.default_rng(0).random(RUNS)
    policy = Policy(scope="everything", evaluators=number, origin="elsewhere", rollback=True)
    kept = (capstone.simulate(policy, Setting(), noise).alignment[-1] < 1).mean()
    exact = capstone.all_miss(number)
    assert abs(kept - exact) <= 4 * np.sqrt(exact * (1 - exact) / RUNS)


@pytest.mark.parametrize("pause", [1, 3, 8])
def test_a_pause_costs_the_share_of_time_that_renewal_says(monkeypatch, pause):
    perfect(monkeypatch)
    monkeypatch.setattr(capstone, "passing", lambda _, __, n: np.ones((n, 16)))
    policy = Policy(scope="everything", evaluators=1, origin="elsewhere", gate=0.0, pause=pause)
    noise = np.random.default_rng(1).random((240, capstone.CHANNELS, 400))
    leaks = [stage.leak for stage in loop.Loop().stages]
    assert min(leaks) > 0
    alarm = 1 - (1 - 1 / 5) ** 4  # any push loses something
    doublings = capstone.progress(capstone.simulate(policy, Setting(), noise))
    freely = capstone.progress(capstone.simulate(replace(policy, pause=0), Setting(), noise))
    share = doublings.mean() / freely.mean()
    error = doublings.std() / 20 / freely.mean()
    # Two ends of the run are not yet in the long run: a cycle at most.
    assert abs(share - capstone.running_share(alarm, pause)) <= 4 * error + (pause + 2) / 240


def test_a_pause_and_a_rollback_start_where_they_should(monkeypatch):
    """One run by hand: a bad update in generation 2, found in 3; nothing until 5."""
    perfect(monkeypatch)
    monkeypatch.setattr(capstone, "passing", lambda _, __, n: np.ones((n, 16)))
    noise = np.full((8, capstone.CHANNELS, 1), 0.99)
    noise[[2, 4, 6], 2] = 0.0  # pushes in selection
    policy = Policy(scope="everything", evaluators=1, origin="elsewhere", gate=2.0, pause=2)
    told = capstone.simulate(policy, Setting(), noise).alignment[:, 0]
    assert told.round(3).tolist() == [1, 1, 1, 0.9, 0.9, 0.9, 0.9, 0.81, 0.81]
    told = capstone.simulate(replace(policy, rollback=True), Setting(), noise).alignment[:, 0]
    assert told.round(3).tolist() == [1, 1, 1, 0.9, 1, 1, 1, 0.9, 1]


def test_harm_and_progress_by_hand():
    made = loop.Ensemble(
        capability=np.array([[1.0, 1.0], [2.0, 1.0], [8.0, 1.0]]),
        alignment=np.array([[1.0, 1.0], [0.8, 1.0], [0.5, 0.95]]),
    )
    assert capstone.progress(made).tolist() == [3, 0]
    assert capstone.harm(made) == pytest.approx([50 / 3, 0])


def outcome(policy):
    made = capstone.simulate(policy, Setting(), NOISE)
    return capstone.progress(made).mean(), capstone.harm(made).mean()


def test_the_naive_policies_fail_as_the_chapter_says():
    found = {name: outcome(policy) for name, policy in NAIVE.items()}
    wild = found["everything allowed, no checks"]
    assert wild[1] > 20 and found["nothing allowed"] == (0, 0)
    assert found["only more tests of the same kind"] == pytest.approx(wild)
    assert found["a human signs everything quickly"][1] > 0.3 * wild[1]
    one = outcome(replace(NAIVE["five copies of one evaluator"], evaluators=1))
    assert found["five copies of one evaluator"][1] > 0.85 * one[1]
    others = outcome(replace(NAIVE["five copies of one evaluator"], origin="elsewhere"))
    assert others[1] < 0.1 * one[1]


# --- choosing -----------------------------------------------------------------------------------


@pytest.mark.parametrize("things", [1, 2, 7, 200])
def test_the_weights_are_those_of_drawing(things):
    tried = np.arange(1, things + 1)
    weights = capstone.best_of_weights(things, tried)
    assert weights.sum(axis=1) == pytest.approx(np.ones(things))
    assert weights[0] == pytest.approx(np.full(things, 1 / things))
    assert weights[-1, 0] == pytest.approx(1)
    assert weights[:, 0] == pytest.approx(tried / things)


def test_the_best_of_so_many_is_simulated():
    rng = np.random.default_rng(0)
    practice, other = rng.normal(size=(2, 30))
    practice[5] = practice[9]
    exact = capstone.tuned(practice, other, [1, 4, 30])
    for place, tried in enumerate((1, 4)):
        drawn = np.array([rng.permutation(30)[:tried] for _ in range(RUNS)])
        kept = drawn[np.arange(RUNS), practice[drawn].argmax(axis=1)]
        for row, scores in enumerate((practice, other)):
            mean, error = mean_and_error(scores[kept])
            assert abs(mean - exact[row, place]) <= 4 * error
    assert exact[:, 2] == pytest.approx([practice.max(), other[practice.argmax()]])


def test_policies_that_differ_by_luck_alone_gain_what_chapter_05_says():
    rng = np.random.default_rng(1)
    gaps = [np.diff(capstone.tuned(*rng.normal(size=(2, 200)), [1, 10, 200])[::-1], axis=0)[0]
            for _ in range(600)]  # fmt: skip
    mean, error = mean_and_error(np.transpose(gaps))
    exact = [0, *goodhart.expected_maximum([10, 200])]
    assert np.all(np.abs(mean - exact) <= 4 * error)


def test_the_interval_of_the_gap_holds_as_often_as_it_says():
    """Over a grid; percentiles of few scenarios are somewhat short, and the test says how short."""
    rng = np.random.default_rng(2)
    for scenarios, seeds in ((6, 2), (12, 3)):
        inside = 0
        for _ in range(300):
            here, there = rng.normal(size=(2, 1, scenarios, 1)) * 2
            worlds = rng.normal(size=(2, 1, scenarios, seeds))
            interval = capstone.gap_interval(
                here + worlds[0], there + worlds[1], 1, rng=rng, resamples=200
            )
            inside += interval[1] <= 0 <= interval[2]
        assert stats.binom.ppf(1e-4, 300, 0.80) <= inside <= stats.binom.ppf(0.9999, 300, 0.96)


def test_the_gap_beyond_choosing_blindly():
    rng = np.random.default_rng(3)
    practice, other = rng.normal(size=(50, 4, 2)), rng.normal(size=(50, 3, 2)) - 1
    whole = capstone.gap_interval(practice, other, 50, rng=rng)
    blind = capstone.gap_interval(practice, other, 1, rng=rng)
    beyond = capstone.gap_interval(practice, other, 50, rng=rng, beyond=1)
    assert beyond[0] == pytest.approx(whole[0] - blind[0])
    assert blind[0] == pytest.approx(practice.mean() - other.mean())
    means = practice.mean(axis=(1, 2)), other.mean(axis=(1, 2))
    assert whole[0] == pytest.approx(-np.diff(capstone.tuned(*means, 50))[0])
    assert whole[1] < whole[0] < whole[2]


def test_ties_on_practice_share_their_place():
    assert capstone.tuned([1.0, 1.0, 0.0], [0.0, 2.0, 9.0], 3).tolist() == [1, 1]
    tied = np.ones((3, 1, 1))
    other = np.array([0.0, 2.0, 4.0])[:, None, None]
    rng = np.random.default_rng(0)
    assert capstone.gap_interval(tied, other, 3, rng=rng)[0] == pytest.approx(1 - 2)
