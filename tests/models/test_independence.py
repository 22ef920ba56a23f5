"""Chapter 13: panels, versions and detectors against their closed forms."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import stats
from scipy.special import betaln

from rsi_teach.models import independence, testing
from rsi_teach.models.independence import EDITS, Demands, Edit, Panel

RUNS = 200_000
GRID = [
    (miss, correlation) for miss in (0.02, 0.1, 0.3, 0.7) for correlation in (0.0, 0.05, 0.3, 0.9)
]


def error(p: np.ndarray, runs: int = RUNS) -> np.ndarray:
    """Binomial standard error, with a little room for the rarest."""
    return np.sqrt(p * (1 - p) / runs) + 1 / runs


# --- panels --------------------------------------------------------------------------------------


def test_the_numbers_of_the_design():
    three = Panel(miss=0.1, correlation=0.3)
    assert round(float(independence.all_miss(Panel(miss=0.1, correlation=0), 3)), 6) == 0.001
    assert round(float(independence.all_miss(three, 3)), 4) == 0.0191
    jury = Panel(miss=0.3, correlation=0.2)
    assert independence.majority_right(jury, [3, 25]).round(3).tolist() == [0.745, 0.804]
    assert round(independence.majority_limit(jury), 3) == 0.818
    assert independence.majority_limit(jury) == pytest.approx(1 - stats.beta.cdf(0.5, 2.8, 1.2))
    assert round(float(independence.effective_number(7, 0.42)), 2) == 1.99
    upper = testing.clopper_pearson(0, 488, side="upper")[1]
    assert round(100 * float(upper), 2) == 0.61


@pytest.mark.parametrize(("miss", "correlation"), GRID)
def test_the_law_is_beta_binomial(miss, correlation):
    panel, n = Panel(miss=miss, correlation=correlation), 9
    law = independence.miss_counts(panel, n)
    if correlation:
        a, b = (x * (1 - correlation) / correlation for x in (miss, 1 - miss))
        exact = stats.betabinom.pmf(np.arange(n + 1), n, a, b)
        powers = math.exp(betaln(a + n, b) - betaln(a, b))
    else:
        exact, powers = stats.binom.pmf(np.arange(n + 1), n, miss), miss**n
    np.testing.assert_allclose(law, exact, rtol=1e-9, atol=1e-14)
    assert float(independence.all_miss(panel, n)) == pytest.approx(powers)
    assert law[-1] == pytest.approx(powers)


@pytest.mark.parametrize(("miss", "correlation"), GRID)
@pytest.mark.parametrize("seed", [0, 1])
def test_the_urn_draws_that_law(miss, correlation, seed):
    panel, n = Panel(miss=miss, correlation=correlation), 5
    noise = np.random.default_rng(seed).random((n, RUNS))
    missed = independence.simulate_misses(panel, noise)
    law = independence.miss_counts(panel, n)
    drawn = np.bincount(missed.sum(axis=0), minlength=n + 1) / RUNS
    assert np.all(np.abs(drawn - law) <= 4.5 * error(law))
    rates = missed.mean(axis=1)  # every check alike, the last as much as the first
    assert np.all(np.abs(rates - miss) <= 4.5 * error(np.full(n, miss)))
    pairs = np.corrcoef(missed)[np.triu_indices(n, 1)]
    # an indicator's correlation over so many runs; fourth moments make the rare ones noisier
    room = 5 * math.sqrt((1 + correlation / (miss * (1 - miss))) / RUNS)
    assert np.all(np.abs(pairs - correlation) <= room)


def test_a_panel_by_hand():
    """Three checks, one update a column: who has missed makes the next miss likelier."""
    noise = np.array([[0.09, 0.11, 0.0], [0.36, 0.069, 0.38], [0.51, 0.04, 0.28]])
    missed = independence.simulate_misses(Panel(), noise)
    # chances by count so far: second .07 or .37, third .7 · .1/1.3 = .0538, .2846, .5154
    assert missed.T.tolist() == [[True] * 3, [False, True, True], [True, False, True]]


def test_the_ends_of_correlation():
    one = Panel(miss=0.2, correlation=1)
    assert independence.all_miss(one, [1, 2, 50]).tolist() == pytest.approx([0.2] * 3)
    assert independence.miss_counts(one, 4).tolist() == pytest.approx([0.8, 0, 0, 0, 0.2])
    assert independence.majority_limit(one) == pytest.approx(0.8)
    assert independence.majority_right(one, 4) == pytest.approx(0.8)
    for miss, limit in ((0.3, 1.0), (0.5, 0.5), (0.7, 0.0)):
        assert independence.majority_limit(Panel(miss=miss, correlation=0)) == limit


@pytest.mark.parametrize(("miss", "correlation"), GRID)
def test_the_majority_tends_to_its_limit(miss, correlation):
    panel = Panel(miss=miss, correlation=correlation)
    last, limit = independence.majority_right(panel, 1000), independence.majority_limit(panel)
    assert abs(float(last) - limit) < 0.01
    if correlation and miss < 0.5:
        curve = independence.majority_right(panel, np.arange(1, 60, 2))
        assert np.all(np.diff(curve) >= -1e-12) and np.all(curve <= limit + 1e-12)


def test_a_tie_is_half_a_majority():
    """Two checks are as good as one; four as three: the fourth only makes ties."""
    for panel in (Panel(), Panel(miss=0.3, correlation=0.2)):
        odd, even = (independence.majority_right(panel, n) for n in ([1, 3, 9], [2, 4, 10]))
        np.testing.assert_allclose(odd, even)


@pytest.mark.parametrize("correlation", [0.0, 0.2, 0.42, 0.9])
@pytest.mark.parametrize("n", [2, 7, 20])
def test_the_effective_number_is_about_the_variance_of_a_mean(n, correlation):
    panel = Panel(miss=0.3, correlation=correlation)
    law, share = independence.miss_counts(panel, n), np.arange(n + 1) / n
    variance = law @ (share - law @ share) ** 2
    alone = 0.3 * 0.7
    assert alone / variance == pytest.approx(float(independence.effective_number(n, correlation)))


@pytest.mark.parametrize(("miss", "correlation"), GRID)
def test_the_equivalent_number_is_about_all_of_them_missing(miss, correlation):
    panel, n = Panel(miss=miss, correlation=correlation), np.array([1, 3, 7])
    equivalent = independence.equivalent_checks(panel, n)
    np.testing.assert_allclose(miss**equivalent, independence.all_miss(panel, n))
    assert np.all((equivalent >= 1) & (equivalent <= n + 1e-12))


def test_where_the_effective_number_misleads():
    panel = Panel()
    n_eff = float(independence.effective_number(3, 0.3))
    assert round(0.1**n_eff, 4) == 0.0133 and round(n_eff, 2) == 1.88
    assert round(float(independence.equivalent_checks(panel, 3)), 2) == 1.72
    # with many checks n_eff stops at 1/correlation, while the all-miss chance goes on falling
    assert float(independence.effective_number(1000, 0.3)) < 1 / 0.3
    assert float(independence.equivalent_checks(panel, 1000)) > 1.4


@pytest.mark.parametrize(("miss", "correlation"), GRID)
def test_the_common_cause_has_the_same_pairs_and_other_threes(miss, correlation):
    panel = Panel(miss=miss, correlation=correlation)
    pair = [f(panel, 2) for f in (independence.all_miss, independence.common_cause_all_miss)]
    assert pair[0] == pytest.approx(pair[1])
    assert float(pair[0]) == pytest.approx(miss**2 + correlation * miss * (1 - miss))
    for n in (3, 10, 100):
        common = float(independence.common_cause_all_miss(panel, n))
        assert common == pytest.approx(correlation * miss + (1 - correlation) * miss**n)
        if correlation > 0 and miss < 0.5:
            assert common > float(independence.all_miss(panel, n)) > miss**n


def test_the_same_noise_gives_the_same_misses():
    noise = np.random.default_rng(0).random((6, 500))
    kept = noise.copy()
    first, again = (independence.simulate_misses(Panel(), noise) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(noise, kept)
    np.testing.assert_array_equal(independence.simulate_misses(Panel(), noise[:3]), first[:3])


# --- versions ------------------------------------------------------------------------------------

MIXED = Demands(
    difficulty=[[0.0, 0.05, 0.4, 0.9], [0.3, 0.2, 0.05, 0.0], [0.1, 0.1, 0.1, 0.1]],
    shares=[0.5, 0.2, 0.2, 0.1],
)


@pytest.mark.parametrize("methods", [[0], [0, 0], [0, 1], [2, 2, 2], [0, 1, 2], [1, 1, 0, 0]])
def test_versions_fail_together_as_often_as_they_should(methods):
    sets = 20_000
    noise = np.random.default_rng(3).random((len(methods), 4, sets))
    fails = independence.simulate_versions(MIXED, methods, noise).all(axis=0)
    per_set = MIXED.shares @ fails
    exact = independence.coincidence(MIXED, methods)
    assert abs(per_set.mean() - exact) <= 4 * per_set.std() / math.sqrt(sets) + 1e-4


def test_one_method_never_beats_independence():
    """Eckhardt and Lee: E[theta^n] >= E[theta]^n, equal only if nothing is harder than the rest."""
    rates = independence.miss_rates(MIXED)
    for method, n in itertools.product(range(3), (2, 3, 5)):
        together = independence.coincidence(MIXED, [method] * n)
        assert together >= rates[method] ** n - 1e-15
        assert (together > rates[method] ** n * 1.001) == (method != 2)


def test_two_methods_are_product_plus_covariance():
    """Littlewood and Miller; the covariance of methods 0 and 1 is negative here."""
    rates, extra = independence.miss_rates(MIXED), independence.difficulty_covariance(MIXED)
    for a, b in itertools.product(range(3), repeat=2):
        together = independence.coincidence(MIXED, [a, b])
        assert together == pytest.approx(rates[a] * rates[b] + extra[a, b])
    assert extra[0, 1] < -0.01 and np.all(np.diag(extra) >= -1e-15)
    np.testing.assert_allclose(
        extra, np.cov(MIXED.difficulty, aweights=MIXED.shares, ddof=0), atol=1e-15
    )


def test_a_beta_difficulty_is_the_panel():
    """The beta-binomial law is Eckhardt and Lee's with a beta distributed difficulty."""
    a, b = 0.1 * 0.7 / 0.3, 0.9 * 0.7 / 0.3
    grid = (np.arange(20_000) + 0.5) / 20_000
    demands = Demands(difficulty=stats.beta.ppf(grid, a, b)[None], shares=np.full(20_000, 1 / 2e4))
    for n in (1, 2, 3, 5):
        assert independence.coincidence(demands, [0] * n) == pytest.approx(
            float(independence.all_miss(Panel(), n)), rel=1e-3
        )


def test_shares_must_sum_to_one():
    with pytest.raises(ValueError, match="shares sum to"):
        Demands(difficulty=[[0.1, 0.2]], shares=[0.5, 0.4])


@pytest.mark.parametrize("bad", [[], [3], [-1], [0.5]])
def test_methods_that_there_are_not(bad):
    with pytest.raises(ValueError, match="methods"):
        independence.coincidence(MIXED, bad)


# --- answers -------------------------------------------------------------------------------------


@pytest.mark.parametrize("agreement", [1 / 3, 0.4, 0.6034, 0.9, 1.0])
@pytest.mark.parametrize("wrong", [3, 9])
def test_synthetic_readers_agree_as_often_as_asked(agreement, wrong):
    tempting = independence.tempting_share(agreement, wrong=wrong)
    assert tempting**2 + (1 - tempting) ** 2 / (wrong - 1) == pytest.approx(agreement)
    rng = np.random.default_rng(0)
    items = 20_000
    errs = independence.simulate_misses(Panel(miss=0.3, correlation=0.42), rng.random((4, items)))
    answers = independence.draw_answers(
        errs, rng.random((4, items)), tempting=tempting, wrong=wrong
    )
    assert np.array_equal(answers > 0, errs) and answers.max() <= wrong
    found = independence.agreement_when_both_err(answers, np.zeros(items, dtype=int))
    both = 6 * items * float(independence.all_miss(Panel(miss=0.3, correlation=0.42), 2))
    assert abs(found - agreement) <= 8 * math.sqrt(agreement * (1 - agreement) / both) + 1e-9
    correlations = independence.error_correlations(errs)[np.triu_indices(4, 1)]
    assert np.all(np.abs(correlations - 0.42) < 0.04)


def test_the_untempting_answers_come_equally_often():
    noise = np.random.default_rng(1).random((1, 90_000))
    errs = np.ones((1, 90_000), dtype=bool)
    answers = independence.draw_answers(errs, noise, tempting=0.4, wrong=4)
    shares = np.bincount(answers[0], minlength=5) / 90_000
    assert shares[1:] == pytest.approx([0.4, 0.2, 0.2, 0.2], abs=0.008)


def test_agreement_counts_only_items_on_which_both_err():
    truth = np.array([0, 0, 5, 5, 5])
    answers = np.array([[0, 1, 1, 2, 3], [0, 0, 1, 3, 3]])
    assert independence.agreement_when_both_err(answers, truth) == pytest.approx(2 / 3)
    with pytest.raises(ValueError, match="no two readers err"):
        independence.agreement_when_both_err([[0, 1], [1, 0]], [0, 0])


def test_a_reader_without_errors_has_no_correlation():
    with pytest.raises(ValueError, match="never errs"):
        independence.error_correlations([[0, 0, 0], [0, 1, 0]])


# --- detectors -----------------------------------------------------------------------------------

TABLE = {
    "genuine fix": [1, 1, 1],
    "partial fix": [1, 0.55, 0.55],
    "patch of one check": [1, 0, 0],
    "patch of the shared check": [1, 1, 0],
    "log spoofing": [1, 1, 0],
    "result spoofing": [0, 0, 1],
}
"""The published table: narrow, shared, isolated."""


@pytest.mark.parametrize("name", TABLE)
def test_the_table_comes_out_of_the_sandbox(name):
    scores = independence.detector_table([EDITS[name]], ("narrow", "shared", "isolated"))
    assert scores[0].tolist() == pytest.approx(TABLE[name])


def test_only_one_edit_of_the_table_works_and_one_works_in_part():
    done = {name: float(independence.work_done(EDITS[name]).mean()) for name in TABLE}
    assert done == {name: 0.0 for name in TABLE} | {"genuine fix": 1.0, "partial fix": 0.55}


def test_two_detectors_together_see_through_every_edit_of_the_table():
    def overstated(edit, detectors):
        together = np.all([independence.passed(name, edit) for name in detectors], axis=0)
        return float(together.mean() - independence.work_done(edit).mean())

    for name in TABLE:
        assert overstated(EDITS[name], ("shared", "isolated")) == 0
    both, three = EDITS["log and result spoofing"], EDITS["all three spoofed"]
    assert overstated(both, ("narrow", "shared", "isolated")) == 1
    assert overstated(both, ("isolated", "witness")) == 0
    assert overstated(three, independence.DETECTORS) == 1


def test_no_detector_takes_part_of_a_real_fix_away():
    """Forging more, or patching, on top of real work never lowers a score."""
    forged = [dict(zip(("forges_log", "forges_result", "forges_count"), f, strict=True))
              for f in itertools.product([False, True], repeat=3)]  # fmt: skip
    for works, more in itertools.product([(), ("shell",), ("editor",)], forged):
        plain = independence.detector_table([Edit(works=works)])
        assert np.all(independence.detector_table([Edit(works=works, **more)]) >= plain)


def test_a_detector_reads_its_own_trace_only():
    """Forging a trace moves the detectors of that trace and no other."""
    nothing = independence.detector_table([Edit()])[0]
    assert nothing.tolist() == [0, 0, 0, 0]
    for name, moved in (("log", [1, 1, 0, 0]), ("result", [0, 0, 1, 0]), ("count", [0, 0, 0, 1])):
        edit = Edit(**{f"forges_{name}": True})
        assert independence.detector_table([edit])[0].tolist() == moved
