"""Chapter 15: rank tests, missing readings and the data rate, against closed forms."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from scipy.linalg import solve_discrete_are

from rsi_teach.models import observability as obs
from rsi_teach.models import testing
from rsi_teach.models.observability import Plant, Study, System, hidden_pair

STEPS, RUNS = 60, 20_000


def uniform(steps: int = STEPS, runs: int = RUNS, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((steps, runs))


def systems() -> list[System]:
    """Random systems, and some that are made blind or lame on purpose."""
    rng = np.random.default_rng(1)
    made = [
        System(a=rng.normal(size=(n, n)), b=rng.normal(size=(n, m)), c=rng.normal(size=(p, n)))
        for n, m, p in product((1, 2, 3, 4), (1, 2), (1, 2))
    ]
    for n in (3, 4):
        a = rng.normal(size=(n, n))
        a[:2, 2:] = 0  # the first two parts never hear of the others, and only they are read
        made.append(System(a=a, b=rng.normal(size=(n, 1)), c=np.eye(n)[:1]))
    return made


# --- can we steer, can we know ------------------------------------------------------------------


def test_a_system_that_can_be_steered_and_not_known_and_its_dual():
    pair = hidden_pair()
    assert (obs.controllable_rank(pair), obs.observable_rank(pair)) == (2, 1)
    other = obs.dual(pair)
    assert (obs.controllable_rank(other), obs.observable_rank(other)) == (1, 2)
    for name in "abc":
        np.testing.assert_array_equal(getattr(obs.dual(other), name), getattr(pair, name))


@pytest.mark.parametrize("system", systems())
def test_ranks_are_those_of_the_definition(system):
    """Observable: no start but zero gives no readings. Controllable: any state can be reached."""
    n = system.parts
    readings = np.concatenate([system.c @ np.linalg.matrix_power(system.a, t) for t in range(n)])
    reached = np.hstack([np.linalg.matrix_power(system.a, t) @ system.b for t in range(n)])
    assert obs.observable_rank(system) == np.linalg.matrix_rank(readings)
    assert obs.controllable_rank(system) == np.linalg.matrix_rank(reached)
    np.testing.assert_allclose(obs.observability_matrix(system), readings)
    np.testing.assert_allclose(obs.controllability_matrix(system), reached)
    assert obs.observable_rank(obs.dual(system)) == obs.controllable_rank(system)


def test_the_rank_of_the_pair_drops_where_the_determinant_says():
    """det O = shows (passes + keeps - 1 - passes · shows): at 0, and where a sum is conserved."""
    for passes, keeps in product((0.1, 0.3), (0.95, 1.0, 1.02)):
        blind = (keeps - 1 + passes) / passes
        for shows in (0.0, blind, 0.5 * blind, 2.0):
            pair = hidden_pair(passes=passes, shows=shows, keeps=keeps)
            found = np.linalg.det(obs.observability_matrix(pair))
            assert found == pytest.approx(shows * (passes + keeps - 1 - passes * shows), abs=1e-12)
            assert obs.observable_rank(pair) == (1 if shows in (0.0, blind) else 2)
    assert obs.controllable_rank(hidden_pair(passes=0)) == 1


def test_what_the_gramian_says_is_what_least_squares_gets():
    """The start in the least seen direction, estimated from noisy readings of a still system."""
    system, steps, error = hidden_pair(shows=0.2), 12, 0.3
    value, direction = obs.least_seen(system, steps)
    outputs = np.concatenate([system.c @ np.linalg.matrix_power(system.a, t) for t in range(steps)])
    gramian = obs.observability_gramian(system, steps)
    np.testing.assert_allclose(gramian, outputs.T @ outputs)
    assert value == pytest.approx(math.sqrt(np.linalg.eigvalsh(gramian)[0]))
    assert np.linalg.norm(outputs @ direction) == pytest.approx(value)
    noise = np.random.default_rng(2).normal(0, error, (steps, RUNS))
    found = direction @ np.linalg.lstsq(outputs, noise, rcond=None)[0]
    assert found.std() == pytest.approx(error / value, rel=4 / math.sqrt(2 * RUNS))


def test_rank_is_yes_or_no_and_knowing_is_not():
    values = [obs.least_seen(hidden_pair(shows=s), 10)[0] for s in (0.0, 0.001, 0.01, 0.1)]
    ranks = [obs.observable_rank(hidden_pair(shows=s)) for s in (0.0, 0.001, 0.01, 0.1)]
    assert ranks == [1, 2, 2, 2]
    assert values[0] == pytest.approx(0, abs=1e-12)
    assert values[2] / values[1] == pytest.approx(10, rel=0.02)
    one_reading = obs.least_seen(hidden_pair(shows=0.1), 1)
    assert one_reading[0] == 0 and len(one_reading[1]) == 2


@pytest.mark.parametrize("system", [hidden_pair(), hidden_pair(keeps=1.03), *systems()[4:6]])
def test_states_have_their_exact_moments(system):
    push = np.full(system.b.shape[1], 0.1)
    noise = 0.5 * np.random.default_rng(3).normal(size=(30, system.parts, RUNS))
    states = obs.simulate_states(system, noise, push=push)
    mean, covariance = obs.state_moments(system, 30, push=push, drift=0.25)
    for t in (1, 7, 30):
        spread = np.sqrt(covariance[t].diagonal())
        assert np.all(abs(states[t].mean(axis=1) - mean[t]) < 4.5 * spread / math.sqrt(RUNS))
        np.testing.assert_allclose(np.cov(states[t]), covariance[t],
                                   atol=6 * spread.max() ** 2 / math.sqrt(RUNS))  # fmt: skip


def test_the_unread_part_wanders_while_the_reading_stays():
    """Steered to 1 by its reading, the first part settles; the second rises by passes a step."""
    closed = obs.steered(hidden_pair(), [[0.5]])
    mean, covariance = obs.state_moments(closed, 100, push=[0.6], drift=1.0)
    assert mean[-1, 0] == pytest.approx(1.0)
    assert mean[-1, 1] - mean[-2, 1] == pytest.approx(0.1)
    assert covariance[-1, 0, 0] == pytest.approx(1 / (1 - 0.4**2))
    steps = np.diff(covariance[50:, 1, 1])  # its own noise, and what x1 passes over in the long run
    assert steps == pytest.approx(1 + (0.1 / (1 - 0.4)) ** 2, rel=1e-6)
    assert obs.observable_rank(closed) == 1  # turning the knob by the reading does not help


# --- what the best estimator does not know ------------------------------------------------------


def filtered(system: System, noise: np.ndarray, readings: np.ndarray) -> np.ndarray:
    """Errors of a Kalman filter that runs on drawn states and readings, step by step."""
    states = obs.simulate_states(system, noise, push=[0.3])
    guess, unknown = np.zeros(states.shape[1:]), np.zeros_like(system.a)
    errors = [states[0] - guess]
    for t in range(len(noise)):
        whole = system.c @ unknown @ system.c.T + np.eye(len(system.c))
        gain = unknown @ system.c.T @ np.linalg.inv(whole)
        guess = guess + gain @ (system.c @ states[t] + readings[t] - system.c @ guess)
        unknown = unknown - gain @ system.c @ unknown
        guess = system.a @ guess + system.b @ [[0.3]]
        unknown = system.a @ unknown @ system.a.T + np.eye(len(unknown))
        errors.append(states[t + 1] - guess)
    return np.array(errors)


@pytest.mark.parametrize("shows", [0.0, 0.05, 1.0])
def test_a_filter_that_runs_has_the_error_that_the_recursion_says(shows):
    rng = np.random.default_rng(4)
    system, steps, runs = hidden_pair(shows=shows), 40, 4000
    errors = filtered(system, rng.normal(size=(steps, 2, runs)), rng.normal(size=(steps, 1, runs)))
    exact = obs.error_covariances(system, steps)
    for t in (1, 10, 40):
        tolerance = 6 * exact[t].diagonal().max() / math.sqrt(runs)
        np.testing.assert_allclose(np.cov(errors[t]), exact[t], atol=tolerance)


def test_the_recursion_settles_where_the_riccati_equation_says():
    system = hidden_pair(shows=0.5)
    settled = solve_discrete_are(system.a.T, system.c.T, np.eye(2), 0.5 * np.eye(1))
    found = obs.error_covariances(system, 250, sensor=0.5)[-1]
    np.testing.assert_allclose(found, settled, rtol=1e-6)


def test_unread_uncertainty_grows_by_the_drift_for_ever():
    """In the unobservable pair, nothing but the noise of what passed over is ever told."""
    unknown = obs.error_covariances(hidden_pair(), 250)[:, 1, 1]
    rises = np.diff(unknown[100:])
    assert np.ptp(rises) < 1e-6 and rises[0] > 1
    bounded = obs.error_covariances(hidden_pair(shows=1), 250)[:, 1, 1]
    assert np.ptp(bounded[100:]) < 0.01  # unobservable too; but what is not seen dies away


def test_left_unknown_is_one_estimators_error_over_the_spread():
    shows = np.array([0.0, 0.02, 0.3, 1.0])
    found = obs.left_unknown(shows, 80, keeps=1.01, drift=0.5, sensor=2.0)
    for value, one in zip(found, shows, strict=True):
        pair = hidden_pair(shows=one, keeps=1.01)
        unknown = obs.error_covariances(pair, 80, drift=0.5, sensor=2.0)[-1, 1, 1]
        spread = obs.state_moments(pair, 80, push=[0], drift=0.5)[1][-1, 1, 1]
        assert value == pytest.approx(math.sqrt(unknown / spread))


# --- readings that come only now and then -------------------------------------------------------


def test_the_numbers_of_the_design():
    assert obs.critical_arrival([1.25, 2]) == pytest.approx([0.36, 0.75])
    assert obs.bits_needed(2) == 1


def test_the_riccati_step_is_the_best_linear_estimate():
    """P' from its definition: regress what comes next on the reading."""
    rng = np.random.default_rng(5)
    plant, before = Plant(growth=1.5, drift=0.7, sensor=2.0), 3.0
    error = rng.normal(0, math.sqrt(before), 400_000)
    reading = error + rng.normal(0, math.sqrt(2), error.size)
    after = 1.5 * error + rng.normal(0, math.sqrt(0.7), error.size)
    left = after - np.cov(after, reading)[0, 1] / reading.var() * reading
    step = obs.riccati_step(plant, before, [0, 1])
    assert [after.var(), left.var()] == pytest.approx(step.tolist(), rel=0.02)


def test_simulated_variances_are_riccati_steps():
    plant, noise = Plant(growth=1.3, drift=0.5, sensor=0.8), uniform(25, 40)
    found = obs.simulate_variances(plant, noise, arrival=0.4, start=2.0)
    walked = np.full(40, 2.0)
    for t in range(25):
        walked = obs.riccati_step(plant, walked, (noise[t] < 0.4).astype(int))
        np.testing.assert_allclose(found[t + 1], walked)
    kept = noise.copy()
    obs.simulate_variances(plant, noise, arrival=0.4)
    np.testing.assert_array_equal(noise, kept)


GRID = [(a, λ, r) for a in (0.9, 1.1, 1.25, 1.5) for λ in (0.3, 0.5, 0.8, 1.0) for r in (0, 1, 9)]


@pytest.mark.parametrize(("growth", "arrival", "sensor"), GRID)
def test_the_mean_lies_between_its_bounds(growth, arrival, sensor):
    """Over a grid; the standard error is exact only where the tail allows one, so steps are few."""
    plant = Plant(growth=growth, sensor=sensor)
    steps = 6
    found = obs.simulate_variances(plant, uniform(steps), arrival=arrival, start=2.0)
    below, above = obs.mean_bounds(plant, steps, arrival=arrival, start=2.0)
    mean = found.mean(axis=1)
    error = 4.5 * found.std(axis=1) / math.sqrt(RUNS) + 1e-9
    assert np.all(below - error <= mean) and np.all(mean <= above + error)
    if sensor == 0:
        np.testing.assert_allclose(below, above)


def test_the_bounds_settle_where_they_say():
    for growth, arrival, sensor in GRID:
        plant = Plant(growth=growth, sensor=sensor)
        low, high = obs.settled_bounds(plant, arrival)
        below, above = obs.mean_bounds(plant, 250, arrival=arrival)
        if math.isinf(low):
            assert math.isinf(high) and below[-1] > 1e3 and np.all(np.diff(below) > 0)
        elif (1 - arrival) * growth**2 < 0.95:
            assert (below[-1], above[-1]) == pytest.approx((float(low), float(high)), rel=1e-4)
            assert low <= high + 1e-12


def test_bounds_are_finite_exactly_above_the_critical_arrival():
    for growth in (1.1, 1.25, 2.0, 3.0):
        critical = float(obs.critical_arrival(growth))
        near = np.array([critical - 1e-9, critical + 1e-9])
        low, high = obs.settled_bounds(Plant(growth=growth), near)
        assert np.isinf([low[0], high[0]]).all() and np.isfinite([low[1], high[1]]).all()
    assert np.isfinite(obs.settled_bounds(Plant(growth=0.9), 0.0)).all()


def test_a_perfect_sensor_has_an_exact_distribution():
    """Misses in a row are geometric, and the variance is a function of them."""
    plant, arrival = Plant(growth=1.25, sensor=0.0), 0.5
    last = obs.simulate_variances(plant, uniform(200), arrival=arrival)[-1]
    shares = np.array([0.2, 0.5, 0.7, 0.9, 0.99])
    low, high = obs.settled_quantile(plant, shares, arrival=arrival)
    np.testing.assert_array_equal(low, high)
    for share, quantile in zip(shares, low, strict=True):
        at_most = int(np.sum(last <= quantile * (1 + 1e-9)))
        under = int(np.sum(last < quantile * (1 - 1e-9)))
        assert testing.clopper_pearson(at_most, RUNS, confidence=0.9999)[1] >= share
        assert testing.clopper_pearson(under, RUNS, confidence=0.9999)[0] <= share


@pytest.mark.parametrize("arrival", [0.2, 0.36, 0.5])
def test_quantiles_lie_between_their_bounds_for_a_real_sensor(arrival):
    plant = Plant(growth=1.25, sensor=2.0)
    last = obs.simulate_variances(plant, uniform(200), arrival=arrival)[-1]
    low, high = obs.settled_quantile(plant, [0.45, 0.9], arrival=arrival)
    found = np.quantile(last, [0.45, 0.9])
    assert np.all(low * (1 - 1e-9) <= found) and np.all(found <= high * (1 + 1e-9))


def test_the_tail_is_the_power_that_it_says():
    """From quantiles of a perfect sensor: P(variance > v) v^power stays within a constant."""
    for growth, arrival in ((1.25, 0.3), (2.0, 0.8)):
        power = float(obs.tail_exponent(growth, arrival))
        shares = 1 - (1 - arrival) ** np.arange(2, 9)
        quantile, _ = obs.settled_quantile(
            Plant(growth=growth, sensor=0), shares + 1e-9, arrival=arrival
        )
        scaled = np.log(1 - shares) + power * np.log(quantile)
        assert np.ptp(scaled[-3:]) < 0.1
    critical = obs.critical_arrival(1.25)
    assert float(obs.tail_exponent(1.25, critical)) == pytest.approx(1)
    assert float(obs.tail_exponent(1.25, 1 - 1.25**-4)) == pytest.approx(2)


def test_the_mean_comes_from_long_streaks():
    """The geometric sum by hand, in the exact distribution of a perfect sensor."""
    growth, arrival = 1.25, 0.4
    k = np.arange(4000)
    with np.errstate(over="ignore"):
        variance = (growth ** (2.0 * np.minimum(k + 1, 700)) - 1) / (growth**2 - 1)
    weight = arrival * (1 - arrival) ** k * variance
    whole = float(obs.settled_bounds(Plant(growth=growth, sensor=0), arrival)[0])
    assert weight[:700].sum() == pytest.approx(whole, rel=1e-6)
    for misses in (0, 1, 5, 14, 40):
        share = float(obs.mean_from_streaks(growth, misses, arrival=arrival))
        assert share == pytest.approx(weight[misses:700].sum() / whole, rel=1e-5)


def test_below_the_critical_arrival_the_median_is_calm_and_the_mean_is_not():
    plant, arrival = Plant(growth=1.25), 0.3
    paths = obs.simulate_variances(plant, uniform(200), arrival=arrival)
    below, _ = obs.mean_bounds(plant, 200, arrival=arrival)
    median = np.median(paths, axis=1)
    assert median[100:].max() < 10 < below[60] < below[200]
    assert paths[200].mean() < below[200] / 10  # a sample of 20,000 does not even see the mean


# --- bits -----------------------------------------------------------------------------------------


def test_widths_follow_the_recursion_and_settle():
    for growth, bits in ((2, [2]), (2, [1, 2]), (3, [1, 3, 1]), (1.5, [1, 0, 1])):
        settled = obs.settled_widths(bits, growth=growth, novelty=0.7)
        walked = obs.interval_widths(np.tile(bits, 240 // len(bits)), growth=growth, novelty=0.7)
        assert walked[-1] == pytest.approx(settled[len(walked[:-1]) % len(bits)], rel=1e-4)
    assert obs.settled_widths([2], growth=2, novelty=0.7)[0] == pytest.approx(0.7 / (1 - 2 / 4))


def test_the_data_rate_is_the_boundary():
    """Just above log2 a on average the width settles, at it and below it does not."""
    growth = 2**1.5
    assert np.isfinite(obs.settled_widths([1, 2, 2], growth=growth)).all()
    for bits in ([1, 2], [1, 1, 2], [1]):
        assert np.isinf(obs.settled_widths(bits, growth=growth)).all()
        widths = obs.interval_widths(np.tile(bits, 60 // len(bits)), growth=growth)
        assert widths[-1] > 10
    assert obs.settled_widths([0], growth=2, novelty=0).tolist() == [0]
    assert obs.settled_widths([0], growth=0).tolist() == [1]
    assert obs.bits_needed([growth, 0.3, -4]) == pytest.approx(3.5)


@pytest.mark.parametrize("growth", [0.8, 1.5, 2.0, 3.3])
@pytest.mark.parametrize("pattern", [[0], [1], [2], [1, 2], [3, 0, 1]])
def test_the_channel_keeps_the_quantity_in_its_interval(growth, pattern):
    """The guarantee, over a grid; and the worst run comes near it."""
    bits = np.tile(pattern, 30 // len(pattern))
    noise = uniform(len(bits) + 1, 4000)
    states = obs.simulate_channel(noise, bits, growth=growth, novelty=0.5, start=2.0)
    widths = obs.interval_widths(bits, growth=growth, novelty=0.5, start=2.0)
    furthest = 2 * np.abs(states).max(axis=1) / widths
    assert np.all(furthest <= 1 + 1e-9)
    assert np.all(furthest[:4] > 0.85)


def test_a_message_is_the_number_of_a_cell():
    """The state after each step, written out, with the cell found by counting edges."""
    noise, bits = uniform(7, 200, seed=6), np.array([1, 2, 0, 3, 1, 2])
    states = obs.simulate_channel(noise, bits, growth=1.7, novelty=0.4, start=3.0)
    x, width = 3.0 * (noise[0] - 0.5), 3.0
    np.testing.assert_allclose(states[0], x)
    for t, r in enumerate(bits):
        edges = np.linspace(-width / 2, width / 2, 2**r + 1)
        cell = np.clip(np.searchsorted(edges, x, side="right") - 1, 0, 2**r - 1)
        assert cell.min() >= 0 and cell.max() < 2**r
        x = 1.7 * (x - (edges[cell] + edges[cell + 1]) / 2) + 0.4 * (noise[t + 1] - 0.5)
        width = 1.7 * width / 2**r + 0.4
        np.testing.assert_allclose(states[t + 1], x, atol=1e-12)


def test_no_coding_does_better_than_the_rate():
    """Counting: after t messages some answer stands for at least a 2^-Rt of all starts."""
    bits, growth = np.array([1, 0, 1, 1, 0, 1, 0, 1]), 1.5
    widths = obs.interval_widths(bits, growth=growth, novelty=0)
    assert widths[-1] == pytest.approx(growth ** len(bits) / 2 ** bits.sum())
    rng = np.random.default_rng(7)
    starts = rng.random(20_000)
    for _ in range(20):  # any rule that sorts starts into 2^Rt boxes leaves one so wide
        box = rng.integers(0, 2 ** bits.sum(), starts.size)
        spans = [np.ptp(starts[box == i]) for i in range(2 ** bits.sum())]
        assert max(spans) * growth ** len(bits) >= 0.95 * widths[-1]


# --- understanding as a channel -----------------------------------------------------------------


def test_the_fastest_cycle_is_where_the_width_stops_settling():
    for growth, rate, pause, every in product((1.5, 2, 4), (0.1, 0.5), (0.0, 3.0), (1, 5)):
        limit = float(obs.fastest_cycle(growth, rate, pause=pause, every=every))
        for cycle, finite in ((limit * 1.01 + 1e-3, True), (limit * 0.99, False)):
            if cycle <= 0:
                continue
            study = Study(growth=growth, rate=rate, cycle=cycle)
            bits = obs.study_bits(study, every, pause=pause, first=0, every=every)
            widths = obs.settled_widths(bits, growth=growth)
            assert np.isfinite(widths).all() == finite, (growth, rate, pause, every)
    assert float(obs.fastest_cycle(1, 0.3)) == 0
    assert float(obs.fastest_cycle(2, 1, pause=30, every=10)) == 0


def test_a_pause_is_used_up_after_the_cycles_that_it_bought():
    study = Study(growth=2, rate=0.1, cycle=4)
    bought = float(obs.cycles_bought(study, 30))
    assert bought == pytest.approx(3 / 0.6)
    plain = obs.interval_widths(obs.study_bits(study, 40), growth=2, novelty=0)
    paused = obs.interval_widths(obs.study_bits(study, 40, pause=30, first=20), growth=2, novelty=0)
    np.testing.assert_allclose(paused[:21], plain[:21])
    assert np.log2(plain[21:] / paused[21:]) == pytest.approx(3)  # bits, for ever
    assert paused[25] == pytest.approx(plain[20])  # and five cycles later we know as little
    slow = Study(growth=2, rate=1, cycle=4)
    assert np.isinf(obs.cycles_bought(slow, [0, 5])).all()


def test_study_bits_place_their_pauses():
    study = Study(growth=2, rate=1, cycle=1)
    once = obs.study_bits(study, 6, pause=2, first=3)
    assert once.tolist() == [1, 1, 1, 3, 1, 1]
    assert obs.study_bits(study, 6, pause=2, first=1, every=2).tolist() == [1, 3, 1, 3, 1, 3]
    assert obs.study_bits(study, 3, pause=2, first=9).tolist() == [1, 1, 1]
    assert obs.study_bits(study, 2, pause=1e6).tolist() == [1000, 1]


@pytest.mark.parametrize("bad", [np.zeros(3), np.ones((2, 3)), np.zeros((251, 1)), [[-0.1]]])
def test_crooked_noise_is_refused(bad):
    with pytest.raises(ValueError, match="noise"):
        obs.simulate_variances(Plant(), bad, arrival=0.5)


def test_matrices_that_do_not_fit_are_refused_by_name():
    for name, bad in (("a", [[1, 2]]), ("b", [[1]]), ("c", [[1, 2, 3]])):
        good = {"a": [[1, 0], [0, 1]], "b": [[1], [0]], "c": [[1, 0]]}
        with pytest.raises(ValueError, match=rf"^{name} "):
            System(**good | {name: bad})
