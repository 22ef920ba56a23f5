"""Chapter 05: best of n against simulation, KL against its definition, the laws and their fits."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import curve_fit, minimize_scalar
from scipy.special import ndtr, ndtri, stdtr

from rsi_teach.models import goodhart as best
from rsi_teach.models import goodhart_laws as laws
from rsi_teach.models.goodhart import Proxy
from rsi_teach.models.goodhart_laws import Law, LawFit

COUNTS = np.unique(np.geomspace(2, 10_000, 40).round()).astype(int)
PROXIES = {
    "Gaussian": Proxy(),
    "t3": Proxy(tail=3),
    "t2.2, noisy": Proxy(error_sd=2.5, tail=2.2),
    "t8, in other units": Proxy(value_sd=3, error_sd=2, tail=8),
}


def rng(seed: int = 5) -> np.random.Generator:
    return np.random.default_rng(seed)


# --- the largest of n ---------------------------------------------------------------------------


def test_the_largest_of_n_has_the_means_of_the_tables():
    known = {2: 0.56419, 4: 1.02938, 10: 1.53875, 100: 2.50759}
    for n, mean in known.items():
        assert float(best.expected_maximum(n)) == pytest.approx(mean, abs=5e-6)
    root = math.sqrt(math.pi)
    assert float(best.expected_maximum(2)) == pytest.approx(1 / root, abs=1e-12)
    assert float(best.expected_maximum(3)) == pytest.approx(1.5 / root, abs=1e-12)
    arc = math.asin(1 / 3)
    assert float(best.expected_maximum(4)) == pytest.approx(
        6 / root * (0.25 + arc / (2 * math.pi)), abs=1e-12
    )
    assert abs(float(best.expected_maximum(1))) < 1e-12


@pytest.mark.parametrize("n", [2, 7, 50, 999, 10_000, 10**6])
def test_the_largest_of_n_against_another_quadrature(n):
    """By parts: E max = ∫ 1 - Φ^n over z > 0, less ∫ Φ^n over z < 0."""
    positive = quad(lambda z: -math.expm1(n * math.log(ndtr(z))), 0, 12, limit=200)[0]
    negative = quad(lambda z: ndtr(z) ** n, -12, 0)[0]
    assert float(best.expected_maximum(n)) == pytest.approx(positive - negative, abs=1e-7)


def test_the_gaussian_closed_form_is_the_quadrature_for_every_count():
    for value_sd, error_sd in itertools.product((0.25, 1, 4), repeat=2):
        proxy = Proxy(value_sd=value_sd, error_sd=error_sd)
        closed = best.best_of_n_value(proxy, COUNTS)
        weight, mean, _ = best._winner(proxy, COUNTS)
        np.testing.assert_allclose(closed, weight @ mean, atol=3e-6 * value_sd)
        sd = math.hypot(value_sd, error_sd)
        np.testing.assert_allclose(closed, value_sd**2 / sd * best.expected_maximum(COUNTS))
    assert float(best.best_of_n_value(Proxy(), 10)) == pytest.approx(1.0881, abs=5e-5)


# --- the winner's value -------------------------------------------------------------------------


@pytest.mark.parametrize("name", PROXIES)
@pytest.mark.parametrize(("n", "runs"), [(2, 200_000), (10, 100_000), (300, 20_000)])
def test_simulation_and_quadrature_agree_in_mean_and_spread(name, n, runs):
    proxy = PROXIES[name]
    found = best.simulated_best_of_n(proxy, n=n, runs=runs, rng=rng(n))
    spread = float(best.best_of_n_spread(proxy, n))
    assert abs(found.mean() - float(best.best_of_n_value(proxy, n))) <= 4 * spread / runs**0.5
    fourth = np.mean((found - found.mean()) ** 4)
    error = math.sqrt(max(fourth - spread**4, 0) / runs) / (2 * spread)
    assert abs(found.std() - spread) <= 4.5 * error


def test_the_quadrature_by_brute_force():
    """Error t3 on a plain grid, twice as fine as it needs to be."""
    proxy, score = Proxy(tail=3), np.arange(-40, 400, 0.04)
    value = np.arange(-8, 8.01, 0.05)
    prior = np.exp(-(value**2) / 2) / math.sqrt(2 * math.pi) * 0.05
    error = (score[:, None] - value) * math.sqrt(3)
    density = math.sqrt(3) * 2 / (math.pi * math.sqrt(3) * (1 + error**2 / 3) ** 2)
    above = stdtr(3, -error) @ prior
    for n in (1, 10, 1000, 65_536):
        chosen = n * np.exp((n - 1) * np.log1p(-above)) * 0.04
        assert float(best.best_of_n_value(proxy, n)) == pytest.approx(
            chosen @ (density @ (prior * value)), abs=2e-4
        )


def test_the_numbers_of_the_design():
    """Theirs are simulated; at 65,536 their standard error of .07 is that of 200 runs."""
    heavy, light = Proxy(tail=3), Proxy()
    for n, simulated, runs in ((10, 1.130, 10**5), (100, 1.258, 10**4), (1000, 0.689, 1000),
                               (65_536, 0.03, 200)):  # fmt: skip
        error = float(best.best_of_n_spread(heavy, n)) / runs**0.5
        assert abs(float(best.best_of_n_value(heavy, n)) - simulated) <= 3 * error
    error = float(best.best_of_n_spread(light, 65_536)) / 200**0.5
    assert abs(float(best.best_of_n_value(light, 65_536)) - 3.013) <= 3 * error
    exact = best.best_of_n_value(heavy, [10, 100, 1000, 65_536])
    np.testing.assert_allclose(exact, [1.1288, 1.2639, 0.6542, 0.1492], atol=5e-5)
    assert float(best.best_of_n_value(light, 65_536)) == pytest.approx(3.0343, abs=5e-5)


def test_best_of_65536_by_simulation():
    found = [
        best.simulated_best_of_n(Proxy(tail=3), n=65_536, runs=100, rng=rng(seed))
        for seed in range(3)
    ]
    error = np.std(found) / 300**0.5
    assert abs(np.mean(found) - 0.1492) <= 4 * error < 0.3


@pytest.mark.parametrize(("value_sd", "error_sd"), [(1, 0.25), (4, 0.25), (0.25, 4), (2, 0.6)])
@pytest.mark.parametrize("tail", [2.05, 5, 50])
def test_finer_quadratures_change_nothing(value_sd, error_sd, tail, monkeypatch):
    proxy, counts = Proxy(value_sd=value_sd, error_sd=error_sd, tail=tail), [1, 2, 10, 1000, 10**6]
    coarse = best.best_of_n_value(proxy, counts)
    monkeypatch.setattr(best, "GRID", 2000)
    monkeypatch.setattr(best, "_legendre", lambda _: np.polynomial.legendre.leggauss(200))
    best._table.cache_clear()
    fine = best.best_of_n_value(proxy, counts)
    best._table.cache_clear()
    np.testing.assert_allclose(coarse, fine, atol=2e-5 * value_sd)


def test_light_tails_keep_paying_and_heavy_tails_give_it_back():
    counts = np.unique(np.geomspace(1, 10**6, 80).round()).astype(int)
    assert np.all(np.diff(best.best_of_n_value(Proxy(), counts)) > 0)
    heavy = best.best_of_n_value(Proxy(tail=3), counts)
    turns = np.diff(np.sign(np.diff(heavy)))
    assert np.count_nonzero(turns) == 1  # up, then down, once
    assert heavy[-1] < 0.05 * heavy.max()


def test_given_its_score_a_winner_is_worth_what_any_candidate_is():
    """Bin candidates, and winners of 30, by their scores: the means by bin are those of Bayes."""
    proxy = Proxy(tail=4)
    value, error = best._candidates(proxy, (40_000, 30), rng(3))
    score = value + error
    top = np.argmax(score, axis=1)[:, None]
    winners = [np.take_along_axis(each, top, axis=1)[:, 0] for each in (value, score)]
    for values, scores in ((value[:, 0], score[:, 0]), winners):
        for low in (1.0, 2.0, 3.0):
            here = (scores >= low) & (scores < low + 0.5)
            expected = best.posterior_value(proxy, scores[here]).mean()
            error = values[here].std() / here.sum() ** 0.5
            assert abs(values[here].mean() - expected) <= 4.5 * error


def test_a_score_too_good_to_be_true():
    scores = np.array([0.0, 1, 2, 3, 5, 10, 100])
    heavy = best.posterior_value(Proxy(tail=3), scores)
    assert heavy[0] == pytest.approx(0, abs=1e-12) and heavy.argmax() == 3
    assert heavy[-1] == pytest.approx(4 / 100, rel=0.01)  # (tail + 1) / score far out
    np.testing.assert_allclose(best.posterior_value(Proxy(error_sd=2), scores), scores / 5)
    np.testing.assert_allclose(best.posterior_value(Proxy(tail=3), -scores), -heavy, atol=1e-12)


def test_the_spread_has_its_closed_form_for_two_gaussian_candidates():
    proxy = Proxy(value_sd=1, error_sd=2)
    left = proxy.slope * proxy.error_sd**2
    maximum = proxy.slope**2 * proxy.score_sd**2 * (1 - 1 / math.pi)
    assert float(best.best_of_n_spread(proxy, 2)) == pytest.approx(math.sqrt(left + maximum))
    assert float(best.best_of_n_spread(Proxy(value_sd=2, tail=3), 1)) == pytest.approx(2)


@pytest.mark.parametrize("n", [1, 10, 1000])
def test_the_winning_score_is_the_median_of_the_best(n):
    exact = math.sqrt(2) * ndtri(0.5 ** (1 / n))
    assert float(best.winning_score(Proxy(), n)) == pytest.approx(exact, abs=2e-3)
    score = np.add(*best._candidates(Proxy(tail=3), (4000, n), rng(n)))
    below = np.mean(score.max(axis=1) < float(best.winning_score(Proxy(tail=3), n)))
    assert abs(below - 0.5) <= 4 * 0.5 / 4000**0.5


def test_tails_reach_the_gaussian():
    near = best.best_of_n_value(Proxy(tail=50), [2, 10, 100])
    np.testing.assert_allclose(near, best.best_of_n_value(Proxy(), [2, 10, 100]), rtol=0.02)


@pytest.mark.parametrize("cost", [0.05, 0.01, 0.001])
@pytest.mark.parametrize("tail", [2.5, 3, 10, math.inf])
def test_the_best_n_is_the_best_of_all(tail, cost):
    proxy, counts = Proxy(tail=tail), np.arange(1, 2001)
    net = best.best_of_n_value(proxy, counts) - cost * counts
    assert best.best_n(proxy, cost=cost) == counts[np.argmax(net)]


def test_the_best_n_at_its_ends():
    assert best.best_n(Proxy()) == 10**6
    assert best.best_n(Proxy(), most=77) == 77
    assert best.best_n(Proxy(tail=3)) == 43
    assert best.best_n(Proxy(tail=3), most=10) == 10
    assert best.best_n(Proxy(), cost=1.0) == 1


# --- KL -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 2, 5, 40])
def test_the_kl_of_best_of_n_is_its_integral(n):
    """The rank of the best of n has density n u^(n-1) on (0, 1), whatever the score."""
    integral = quad(lambda u: n * u ** (n - 1) * math.log(n * u ** (n - 1)), 1e-12, 1)[0]
    assert float(laws.best_of_n_kl(n)) == pytest.approx(integral, abs=1e-6)


@pytest.mark.parametrize("chance", [(0.5, 0.5), (0.9, 0.1), (0.2, 0.3, 0.5), (1.0,)])
@pytest.mark.parametrize("n", [1, 2, 4])
def test_the_kl_with_ties_by_enumeration(chance, n):
    won = np.zeros(len(chance))
    for drawn in itertools.product(range(len(chance)), repeat=n):
        won[max(drawn)] += math.prod(chance[level] for level in drawn)
    exact = sum(w * math.log(w / p) for w, p in zip(won, chance, strict=True))
    assert float(laws.tied_best_of_n_kl(chance, n)) == pytest.approx(exact, abs=1e-12)


def test_ties_stay_below_the_formula_and_a_coin_below_ln_2():
    counts = np.array([1, 2, 3, 10, 100, 10**6, 10**12])
    for chance in ((0.5, 0.5), (0.99, 0.01), np.full(20, 0.05), (0.6, 0.4 - 1e-9, 1e-9)):
        found = laws.tied_best_of_n_kl(chance, counts)
        assert np.all(found <= laws.best_of_n_kl(counts) + 1e-12)
        assert np.all(np.diff(found) >= -1e-12)
        assert np.all(found <= -math.log(chance[-1]) + 1e-9)
    coin = laws.tied_best_of_n_kl([0.5, 0.5], counts)
    assert np.all(coin <= math.log(2)) and coin[-1] == pytest.approx(math.log(2))


def test_many_levels_reach_the_formula():
    fine = laws.tied_best_of_n_kl(np.full(5000, 1 / 5000), 10)
    assert float(fine) == pytest.approx(float(laws.best_of_n_kl(10)), abs=1e-4)


# --- the two laws -------------------------------------------------------------------------------

LAWS = [
    Law(alpha=alpha, beta=beta, method=method)
    for alpha, beta in ((1, 0.25), (0.5, 0.3), (4, 1))
    for method in laws.METHODS
]


@pytest.mark.parametrize("law", LAWS, ids=str)
def test_the_peak_is_the_argmax_and_its_height_the_maximum(law):
    found = minimize_scalar(
        lambda d: -float(laws.true_reward(law, d)), bounds=(0, 30), method="bounded",
        options={"xatol": 1e-9},
    )  # fmt: skip
    assert law.peak == pytest.approx(found.x, abs=1e-5)
    assert law.highest == pytest.approx(-found.fun)
    assert float(laws.true_reward(law, 0)) == 0
    closed = (
        (law.alpha / (2 * law.beta), law.alpha**2 / (4 * law.beta))
        if law.method == "best-of-n"
        else (math.exp(law.alpha / law.beta - 1), law.beta * math.exp(law.alpha / law.beta - 1))
    )
    assert (law.peak, law.highest) == pytest.approx(closed)


@pytest.mark.parametrize("law", LAWS, ids=str)
def test_a_fit_recovers_the_law_and_agrees_with_scipy(law):
    distance = np.linspace(0.1, 1.5, 20) * law.peak
    exact = laws.fit_law(distance, laws.true_reward(law, distance), method=law.method)
    assert (exact.alpha, exact.beta, exact.peak) == pytest.approx((law.alpha, law.beta, law.peak))
    noisy = laws.true_reward(law, distance) + 0.05 * rng().standard_normal(20)
    fit = laws.fit_law(distance, noisy, method=law.method)

    def curve(d, alpha, beta):
        return d * (alpha - beta * (d if law.method == "best-of-n" else np.log(d)))

    theirs, covariance = curve_fit(curve, distance, noisy, p0=(1, 1))
    assert (fit.alpha, fit.beta) == pytest.approx(tuple(theirs), rel=1e-5)
    ours = (fit.alpha_var, fit.covariance, fit.beta_var)
    assert ours == pytest.approx((covariance[0, 0], covariance[0, 1], covariance[1, 1]), rel=1e-4)


@pytest.mark.parametrize("method", laws.METHODS)
@pytest.mark.parametrize("seen", [0.5, 1.2])
@pytest.mark.parametrize("coverage", [0.5, 0.9])
def test_the_interval_for_the_peak_covers_as_often_as_it_says(method, seen, coverage):
    law, draws, runs = Law(alpha=1, beta=0.5, method=method), rng(1), 1500
    distance = np.linspace(0.1, 1, 10) * seen * law.peak
    reward = laws.true_reward(law, distance)
    hits = 0
    for _ in range(runs):
        noisy = reward + 0.02 * draws.standard_normal(10)
        fit = laws.fit_law(distance, noisy, method=method)
        low, high = laws.peak_interval(fit, coverage=coverage)
        hits += low <= law.peak <= high
    assert abs(hits / runs - coverage) <= 4 * math.sqrt(coverage * (1 - coverage) / runs)


def fit_of(alpha: float, beta: float, alpha_var: float, beta_var: float) -> LawFit:
    return LawFit(
        alpha=alpha, beta=beta, alpha_var=alpha_var, beta_var=beta_var, covariance=0.0, points=10
    )


def test_an_interval_says_when_the_data_show_no_peak():
    low, high = laws.peak_interval(fit_of(1, 0.1, 0.001, 0.1))
    assert 0 < low < high == math.inf
    t2 = 1.8595480375**2  # of 8 degrees of freedom
    assert (1 - 2 * low * 0.1) ** 2 == pytest.approx(t2 * (0.001 + (2 * low) ** 2 * 0.1), rel=1e-6)
    assert laws.peak_interval(fit_of(0.01, 0.01, 1, 1)) == (0, math.inf)
    assert laws.peak_interval(fit_of(1, -1, 1e-6, 1e-6)) == (math.inf, math.inf)
    assert laws.peak_interval(fit_of(-1, 1, 1e-6, 1e-6)) == (0, 0)
    assert fit_of(1, -1, 1, 1).peak == math.inf
    exact = laws.peak_interval(fit_of(1, 0.25, 0, 0))
    assert exact == pytest.approx((2, 2))


def test_a_wider_interval_holds_a_narrower_one():
    fit = laws.fit_law([0.2, 0.5, 0.9, 1.4], [0.19, 0.43, 0.71, 0.9])
    ends = np.array([laws.peak_interval(fit, coverage=c) for c in (0.5, 0.8, 0.9, 0.95)])
    assert np.all(np.diff(ends[:, 0]) <= 0) and np.all(np.diff(ends[:, 1]) >= 0)
    assert ends[0, 0] <= fit.peak <= ends[0, 1]


@pytest.mark.parametrize("wrong", [[1.0, 1.0, 1.0], [0.5, 1.0], [[1.0, 2.0, 3.0]]])
def test_crooked_data_are_refused(wrong):
    with pytest.raises(ValueError, match="distance"):
        laws.fit_law(wrong, np.ones(np.shape(wrong)))
