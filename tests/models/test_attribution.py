"""Chapter 10: designs, aliases, shares and groups against formulas, simulation and axioms."""

from __future__ import annotations

import math
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from rsi_teach.models import attribution
from rsi_teach.models.attribution_groups import SCALES

ENSEMBLE = 8000
PROPERTY = settings(max_examples=60, deadline=None, derandomize=True, database=None)
VALUES = st.integers(1, 5).flatmap(
    lambda n: hnp.arrays(float, 2**n, elements=st.floats(-100, 100, width=32))
)


def normal(runs: int, ensemble: int = ENSEMBLE, seed: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((runs, ensemble))


def variance_error(variance: float, ensemble: int = ENSEMBLE) -> float:
    return variance * math.sqrt(2 / ensemble)


# --- the variance of an effect ------------------------------------------------------------------


@pytest.mark.parametrize("factors", [1, 2, 3, 5])
@pytest.mark.parametrize("times", [1, 3])
def test_variance_of_an_effect_by_formula_and_simulation(factors, times):
    terms = attribution.term_names(factors, 1)
    truth, sigma = np.linspace(-1, 2, factors), 0.7
    runs = math.lcm(2**factors, factors + 1) * times
    exact = {
        "full": attribution.factorial_variance(sigma=sigma, runs=runs),
        "one": attribution.one_at_a_time_variance(sigma=sigma, runs=runs, factors=factors),
    }
    designs = {
        "full": attribution.full_factorial(factors),
        "one": attribution.one_at_a_time(factors),
    }
    for name, design in designs.items():
        design = attribution.repeated(design, runs)
        noise = normal(runs)
        scores = attribution.simulate(design, noise, terms=terms, effects=truth, sigma=sigma)
        found = attribution.effects_of(design, scores, terms)
        error = math.sqrt(exact[name] / noise.shape[1])
        assert np.all(np.abs(found.mean(axis=1) - truth) < 4.5 * error)
        spread = found.var(axis=1, ddof=1)
        assert np.all(np.abs(spread - exact[name]) < 4.5 * variance_error(exact[name]))
        errors = attribution.effect_errors(design, terms, sigma=sigma)
        np.testing.assert_allclose(errors**2, exact[name])


def test_the_ratio_is_the_one_in_the_fact_sheet():
    for k in range(1, 9):
        runs = 8 * (k + 1)
        one = attribution.one_at_a_time_variance(sigma=1.3, runs=runs, factors=k)
        full = attribution.factorial_variance(sigma=1.3, runs=runs)
        assert full == pytest.approx(4 * 1.3**2 / runs)
        assert one == pytest.approx(2 * 1.3**2 * (k + 1) / runs)
        assert one / full == pytest.approx(attribution.variance_ratio(k)) == (k + 1) / 2


@pytest.mark.parametrize("factors", [2, 3, 5, 8])
def test_more_runs_of_the_old_version_help_and_do_not_catch_up(factors):
    """Shared out best, sqrt(k) to 1, one at a time needs (1 + sqrt(k))²/4 times the runs."""
    share = np.linspace(0.01, 0.99, 9801)  # of the runs, on the old version
    variance = 1 / share + factors / (1 - share)
    ratio = variance.min() / 4
    assert ratio == pytest.approx((1 + math.sqrt(factors)) ** 2 / 4, rel=1e-6)
    assert 1 < ratio < attribution.variance_ratio(factors)


@pytest.mark.parametrize("coverage", [0.5, 0.9, 0.99])
@pytest.mark.parametrize(("kind", "sigma"), [("full", 0.2), ("half", 3.0), ("one", 1.0)])
def test_intervals_cover_as_often_as_they_say(coverage, kind, sigma):
    design = {
        "full": attribution.full_factorial(3),
        "half": attribution.fraction(4, ["D=ABC"]),
        "one": attribution.repeated(attribution.one_at_a_time(3), 8),
    }[kind]
    terms, times = ("A", "B", "C"), 500
    truth = np.array([0.5, 0.0, -2.0])
    scores = attribution.simulate(
        design, normal(8, times, seed=7), terms=terms, effects=truth, sigma=sigma
    )
    for known in (None, sigma):
        found = [attribution.estimate(design, s, terms, coverage=coverage, sigma=known)
                 for s in scores.T]  # fmt: skip
        held = np.mean([(e.low <= truth) & (truth <= e.high) for e in found], axis=0)
        error = math.sqrt(coverage * (1 - coverage) / times)
        assert np.all(np.abs(held - coverage) < 4.2 * error), known


# --- what can be told apart ----------------------------------------------------------------------


def test_a_bundle_tells_nothing_apart():
    assert attribution.estimable(attribution.bundle(3), ["A", "B", "C"]).tolist() == [
        True, False, False, False,
    ]  # fmt: skip
    with pytest.raises(ValueError, match=r"rank 2 for 4 columns; aliased.*A, B, C$"):
        attribution.effects_of(attribution.bundle(3), [1.0, 2.0], ["A", "B", "C"])


def test_one_at_a_time_has_no_interactions_to_give():
    design = attribution.repeated(attribution.one_at_a_time(2), 30)
    assert attribution.estimable(design, ["A", "B"]).all()
    assert not attribution.estimable(design, ["A", "B", "AB"]).any()
    with pytest.raises(ValueError, match=r"aliased.*1, A, B, AB"):
        attribution.estimate(design, np.zeros(30), ["A", "B", "AB"])


def test_only_what_is_aliased_is_named():
    design = attribution.fraction(4, ["D=ABC"])
    with pytest.raises(ValueError, match=r"aliased, and so not to be told apart: AB, CD$"):
        attribution.effects_of(design, np.zeros(8), ["A", "B", "C", "D", "AB", "CD"])
    with pytest.raises(ValueError, match="sigma = None"):
        attribution.estimate(attribution.full_factorial(1), [1.0, 2.0], ["A"])


@pytest.mark.parametrize("seed", range(12))
def test_estimable_is_what_least_squares_can_find(seed):
    """A term is estimable exactly if two ways of solving the equations agree on it."""
    rng = np.random.default_rng(seed)
    design = rng.choice([-1.0, 1.0], size=(rng.integers(2, 9), 3))
    terms = attribution.term_names(3, 3)
    matrix = attribution.model_matrix(design, terms)
    truth = rng.standard_normal(8)
    least = np.linalg.lstsq(matrix, matrix @ truth, rcond=None)[0]
    fine = attribution.estimable(design, terms)
    np.testing.assert_allclose(least[fine], truth[fine], atol=1e-9)
    assert np.all(np.abs(least[~fine] - truth[~fine]) > 1e-9)


def test_omitting_an_interaction_moves_into_the_alias():
    """In a half fraction the estimate of A is A plus its alias."""
    design = attribution.fraction(3, ["C=AB"])
    scores = attribution.simulate(
        design, np.zeros((4, 1)), terms=["A", "BC"], effects=[2.0, 5.0], sigma=1
    )
    assert attribution.effects_of(design, scores, ["A"])[0, 0] == pytest.approx(7.0)


# --- fractions -----------------------------------------------------------------------------------

FRACTIONS = [
    (3, ["C=AB"], ("ABC",), 3),
    (4, ["D=ABC"], ("ABCD",), 4),
    (4, ["D=-AB"], ("-ABD",), 3),
    (5, ["E=ABCD"], ("ABCDE",), 5),
    (5, ["D=AB", "E=AC"], ("ABD", "ACE", "BCDE"), 3),
    (5, ["D=AB", "E=-AC"], ("ABD", "-ACE", "-BCDE"), 3),
    (5, ["D=-AB", "E=-AC"], ("-ABD", "-ACE", "BCDE"), 3),
    (6, ["E=ABC", "F=BCD"], ("ABCE", "ADEF", "BCDF"), 4),
    (7, ["D=AB", "E=AC", "F=BC", "G=ABC"], None, 3),
    (8, ["E=BCD", "F=ACD", "G=ABC", "H=ABD"], None, 4),
]


@pytest.mark.parametrize(("factors", "generators", "words", "resolution"), FRACTIONS)
def test_textbook_fractions(factors, generators, words, resolution):
    design = attribution.fraction(factors, generators)
    assert design.shape == (2 ** (factors - len(generators)), factors)
    assert attribution.resolution(factors, generators) == resolution
    found = attribution.defining_relation(factors, generators)
    assert words is None or found == words
    for word in found:
        sign = -1 if word.startswith("-") else 1
        column = attribution.model_matrix(design, [word.lstrip("-")])[:, 1]
        assert np.all(column == sign)


@pytest.mark.parametrize(("factors", "generators", "words", "resolution"), FRACTIONS)
def test_the_alias_table_is_what_the_columns_say(factors, generators, words, resolution):
    design, order = attribution.fraction(factors, generators), min(3, factors)
    names = attribution.term_names(factors, order)
    matrix = attribution.model_matrix(design, names)
    columns = dict(zip(["1", *names], matrix.T, strict=True))
    for name, aliases in attribution.alias_table(factors, generators, order=order).items():
        same = {n for n, c in columns.items() if np.array_equal(c, columns[name])} - {name}
        opposite = {f"-{n}" for n, c in columns.items() if np.array_equal(c, -columns[name])}
        assert set(aliases) == same | opposite


def test_generators_that_cannot_be_read_are_named():
    for bad in (["D=ABD"], ["E=ABC"], ["D"], ["D=A B"], ["C=AB", "C=AB"]):
        with pytest.raises(ValueError, match="generators"):
            attribution.fraction(4, bad)


# --- shares of a result --------------------------------------------------------------------------


def test_the_example_of_the_fact_sheet():
    values = [x0 + 2 * x1 * x2 for x2 in (0, 1) for x1 in (0, 1) for x0 in (0, 1)]
    assert attribution.shapley(values).tolist() == [1, 1, 1]
    assert attribution.leave_one_out(values).tolist() == [1, 2, 2]
    assert attribution.leave_one_out(values).sum() == 5
    assert attribution.added_first(values).tolist() == [1, 0, 0]


def by_orders(values: np.ndarray) -> np.ndarray:
    """Shapley's own definition: mean contribution over all orders."""
    n = len(values).bit_length() - 1
    shares = np.zeros(n)
    for order in permutations(range(n)):
        made = 0
        for change in order:
            shares[change] += values[made | 1 << change] - values[made]
            made |= 1 << change
    return shares / math.factorial(n)


@PROPERTY
@given(VALUES)
def test_shapley_is_the_mean_over_all_orders(values):
    np.testing.assert_allclose(attribution.shapley(values), by_orders(values), atol=1e-9)


@PROPERTY
@given(VALUES)
def test_axiom_efficiency(values):
    assert attribution.shapley(values).sum() == pytest.approx(values[-1] - values[0], abs=1e-9)


@PROPERTY
@given(VALUES, st.data())
def test_axiom_symmetry(values, data):
    """Exchange two changes in the values, and their shares are exchanged."""
    n = len(values).bit_length() - 1
    i, j = (data.draw(st.integers(0, n - 1)) for _ in range(2))
    index = np.arange(len(values))
    swapped = index & ~(1 << i | 1 << j) | (index >> i & 1) << j | (index >> j & 1) << i
    order = np.arange(n)
    order[[i, j]] = order[[j, i]]
    np.testing.assert_allclose(
        attribution.shapley(values[swapped]), attribution.shapley(values)[order], atol=1e-9
    )


@PROPERTY
@given(VALUES, st.data())
def test_axiom_of_the_null_change(values, data):
    """A change that never matters gets nothing, and the others' shares stay as they were."""
    n = len(values).bit_length() - 1
    where = data.draw(st.integers(0, n))
    index = np.arange(2 ** (n + 1))
    without = (index >> where + 1 << where) | index & ((1 << where) - 1)
    shares = attribution.shapley(values[without])
    assert shares[where] == pytest.approx(0, abs=1e-9)
    np.testing.assert_allclose(np.delete(shares, where), attribution.shapley(values), atol=1e-9)


@PROPERTY
@given(VALUES, st.data())
def test_axiom_additivity(values, data):
    other = data.draw(hnp.arrays(float, len(values), elements=st.floats(-100, 100, width=32)))
    both = attribution.shapley(2 * values + other)
    np.testing.assert_allclose(
        both, 2 * attribution.shapley(values) + attribution.shapley(other), atol=1e-8
    )


@PROPERTY
@given(VALUES)
def test_values_are_sums_of_dividends(values):
    found = attribution.dividends(values)
    sets = np.arange(len(values))
    inside = (sets[:, None] & sets) == sets
    np.testing.assert_allclose(inside @ found, values, atol=1e-8)


def test_without_interactions_all_ways_agree():
    rng = np.random.default_rng(2)
    parts = rng.standard_normal(4)
    values = (attribution.full_factorial(4) + 1) / 2 @ parts
    for share in (attribution.shapley, attribution.leave_one_out, attribution.added_first):
        np.testing.assert_allclose(share(values), parts)


def test_shapley_of_two_changes_is_the_factorial_effect():
    """With two changes the share is the main effect: with three it is not, there is half of ABC."""
    rng = np.random.default_rng(4)
    for n, same in ((2, True), (3, False)):
        values = rng.standard_normal(2**n)
        terms = attribution.term_names(n, n)
        effects = attribution.effects_of(attribution.full_factorial(n), values, terms)[:n]
        assert np.allclose(attribution.shapley(values), effects) is same


# --- groups --------------------------------------------------------------------------------------


def test_the_pool_turns_round():
    assert attribution.turns_round([[81, 192], [234, 55]], [[87, 263], [270, 80]])
    assert not attribution.turns_round([[81, 192], [78, 60]], [[87, 263], [87, 263]])
    mix = np.array([357, 343]) / 700  # small and large stones of both operations together
    np.testing.assert_allclose(
        attribution.standardised_shares([[81, 192], [234, 55]], [[87, 263], [270, 80]]),
        [mix @ [81 / 87, 192 / 263], mix @ [234 / 270, 55 / 80]],
    )
    with pytest.raises(ValueError, match="two are compared"):
        attribution.turns_round([[1], [1], [1]], [[2], [2], [2]])
    with pytest.raises(ValueError, match="more than trials"):
        attribution.group_shares([[3]], [[2]])


@PROPERTY
@given(st.integers(1, 4), st.integers(1, 9), st.data())
def test_with_the_same_mix_nothing_turns_round(groups, factor, data):
    trials = np.array(data.draw(st.lists(st.integers(5, 50), min_size=groups, max_size=groups)))
    trials = np.stack([trials, factor * trials])
    successes = np.array([[data.draw(st.integers(0, int(t))) for t in row] for row in trials])
    assert not attribution.turns_round(successes, trials)
    np.testing.assert_allclose(
        attribution.standardised_shares(successes, trials),
        attribution.pooled_shares(successes, trials),
    )


@pytest.mark.parametrize("blocks", [3, 8, 24])
@pytest.mark.parametrize("coverage", [0.5, 0.95])
def test_paired_intervals_cover_on_the_logit_scale(blocks, coverage):
    rng, times = np.random.default_rng(11), 1500
    truth = np.array([2.0, 1.5, 1.8, 0.2])
    wanted = np.array([-0.5, -0.2, -1.8, -1.1])
    seeds = rng.standard_normal((times, 1, blocks))  # what a seed does to all four cells
    logits = truth[:, None] + seeds + 0.5 * rng.standard_normal((times, 4, blocks))
    found = [attribution.paired_contrasts(1 / (1 + np.exp(-x)), scale="logit", coverage=coverage)
             for x in logits]  # fmt: skip
    held = np.mean([(f.low <= wanted) & (wanted <= f.high) for f in found], axis=0)
    error = math.sqrt(coverage * (1 - coverage) / times)
    assert np.all(np.abs(held - coverage) < 4.2 * error)


def test_whether_there_is_an_interaction_depends_on_the_scale():
    """Losses that multiply are no interaction as ratios and one in points."""
    base = np.array([[0.9, 0.8, 0.7]])
    cells = np.concatenate([base, 0.8 * base, 0.5 * base, 0.4 * base])
    by_ratio = attribution.paired_contrasts(cells, scale="ratio").estimate[3]
    in_points = attribution.paired_contrasts(cells, scale="points").estimate[3]
    assert by_ratio == pytest.approx(0, abs=1e-12)
    assert in_points == pytest.approx(0.1 * 0.8)
    assert set(SCALES) == {"points", "ratio", "logit"}


def test_pairing_takes_the_seeds_out():
    """What a seed adds to all four cells alike leaves every contrast as it was."""
    rng = np.random.default_rng(8)
    cells = 0.4 + 0.1 * rng.random((4, 6))
    moved = cells + 0.3 * rng.random(6)
    for name in ("estimate", "error", "low", "high"):
        np.testing.assert_allclose(
            getattr(attribution.paired_contrasts(moved), name),
            getattr(attribution.paired_contrasts(cells), name), atol=1e-12,
        )  # fmt: skip
