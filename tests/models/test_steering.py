"""Chapter 03: delayed correction against root radii, exact solutions and brute force."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest
from scipy.optimize import brentq

from rsi_teach.models import steering
from rsi_teach.models.steering import Pace

RUNS = 4000
GROWTHS = [0.3, 0.8, 0.95, 1.0, 1.02, 1.05, 1.1, 1.3, 1.9]


@cache
def radius(delay: int, gain: float, growth: float = 1.0) -> float:
    """Largest modulus of the roots, from a companion matrix of our own."""
    matrix = np.eye(delay + 1, k=-1)
    matrix[0, 0] += growth
    matrix[0, -1] -= gain
    return float(np.abs(np.linalg.eigvals(matrix)).max())


def still(generations: int) -> np.ndarray:
    return np.zeros((generations, 1))


def normal(generations: int, runs: int = RUNS, seed: int = 9) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((generations, runs))


# --- a fixed delay ------------------------------------------------------------------------------


def test_the_numbers_of_the_design():
    assert steering.largest_gain([0, 1, 2]).tolist() == pytest.approx([2, 1, 0.61803], abs=5e-6)
    assert float(steering.overshoot_free_gain(1)) == pytest.approx(0.25, abs=1e-12)
    assert float(steering.largest_rate(1)) == pytest.approx(math.pi / 2)
    assert float(steering.overshoot_free_rate(1)) == pytest.approx(1 / math.e)


@pytest.mark.parametrize("delay", range(21))
def test_the_largest_gain_is_where_the_roots_leave_the_circle(delay):
    limit = float(steering.largest_gain(delay))
    assert radius(delay, limit * (1 - 1e-6)) < 1 < radius(delay, limit * (1 + 1e-6))
    inside, beyond = np.linspace(0.02, 0.98, 9) * limit, np.linspace(1.02, 12, 40) * limit
    assert all(radius(delay, gain) < 1 for gain in inside)
    assert all(radius(delay, gain) > 1 for gain in beyond)
    assert steering.stabilising_gains(delay) == pytest.approx((0, limit), abs=1e-9)


@pytest.mark.parametrize("growth", GROWTHS)
def test_a_growing_plant_has_the_gains_that_its_roots_say(growth):
    for delay in range(21):
        window = steering.stabilising_gains(delay, growth)
        if window is None:
            assert growth >= (delay + 1) / delay
            tried = np.linspace(0, growth + 1, 80)
            assert min(radius(delay, gain, growth) for gain in tried) >= 1 - 1e-12
            continue
        low, high = window
        assert low == pytest.approx(growth - 1)
        for gain, stable in ((low - 1e-6, False), (low + 1e-6, True),
                             (high - 1e-6, True), (high + 1e-6, False)):  # fmt: skip
            assert (radius(delay, gain, growth) < 1) is stable, (delay, gain)


def test_no_gain_is_left_from_one_over_the_delay_on():
    for delay in (1, 2, 5, 10):
        edge = (delay + 1) / delay
        assert steering.stabilising_gains(delay, edge) is None
        low, high = steering.stabilising_gains(delay, edge - 1e-4)
        assert 0 < high - low < 1e-3


@pytest.mark.parametrize("growth", GROWTHS)
def test_the_longest_delay_is_the_last_stable_one(growth):
    for gain in (0.04, 0.1, 0.25, 0.3, 0.5, 0.9, 1.3, 2.2):
        stable = [radius(delay, gain, growth) < 1 for delay in range(50)]
        wanted = -1 if not stable[0] else math.inf if all(stable) else stable.index(False) - 1
        assert steering.longest_delay(gain, growth) == wanted


def test_the_longest_delay_at_the_very_edge():
    for delay in (0, 1, 2, 3, 7, 20):
        limit = float(steering.largest_gain(delay))
        assert steering.longest_delay(limit) == delay - 1  # on the boundary it never settles
        assert steering.longest_delay(limit * (1 - 1e-9)) == delay
    assert steering.longest_delay(0.0) == -1
    assert steering.longest_delay(0.0, 0.9) == math.inf


@pytest.mark.parametrize("delay", [0, 1, 3, 8])
@pytest.mark.parametrize("growth", [0.9, 1.0, 1.05])
def test_overshoot_begins_where_it_is_said_to(delay, growth):
    calm = float(steering.overshoot_free_gain(delay, growth))

    def lowest(gain: float) -> float:
        path = steering.simulate(still(250), gain=gain, delay=delay, growth=growth)
        return path.min()

    assert lowest(calm * (1 - 1e-9)) >= 0
    assert lowest(1.1 * calm) < 0
    assert steering.dominant_root(delay, 0.999 * calm, growth).imag == 0
    if delay:
        assert steering.dominant_root(delay, 1.001 * calm, growth).imag > 0


def test_the_response_follows_the_dominant_root():
    for delay, gain, growth in ((5, 0.4, 1.0), (2, 0.3, 1.1), (0, 0.3, 1.0), (7, 0.3, 0.95)):
        root = steering.dominant_root(delay, gain, growth)
        assert abs(root) == pytest.approx(radius(delay, gain, growth))
        path = steering.simulate(still(240), gain=gain, delay=delay, growth=growth)[:, 0]
        t = np.arange(170, 240)
        ratio = path[t] / abs(root) ** t
        wave = np.stack([np.cos(np.angle(root) * t), np.sin(np.angle(root) * t)], axis=1)
        fit = wave @ np.linalg.lstsq(wave, ratio, rcond=None)[0]
        np.testing.assert_allclose(ratio, fit, atol=1e-6 * np.abs(ratio).max())


def test_a_run_by_hand():
    noise = np.array([[0.0], [0.1], [0.0], [-0.2]])
    path = steering.simulate(noise, gain=[0.5, 0.4, 0.3, 0.2], delay=[1, 1, 2, 0], growth=1.1)[:, 0]
    x1 = 1.1
    x2 = 1.1 * x1 - 0.4 * 1 + 0.1
    x3 = 1.1 * x2 - 0.3 * 1
    x4 = 1.1 * x3 - 0.2 * x3 - 0.2
    np.testing.assert_allclose(path, [1, x1, x2, x3, x4])


def test_runs_do_not_mix_and_noise_stays_untouched():
    noise = normal(20, 7)
    kept = noise.copy()
    together = steering.simulate(noise, gain=0.2, delay=2)
    alone = np.hstack([steering.simulate(noise[:, [i]], gain=0.2, delay=2) for i in range(7)])
    np.testing.assert_array_equal(together, alone)
    np.testing.assert_array_equal(noise, kept)
    sums = steering.simulate(2 * noise, gain=0.2, delay=2, start=2)
    np.testing.assert_allclose(sums, 2 * together)


@pytest.mark.parametrize(("delay", "gain", "growth"), [
    (0, 0.5, 1.0), (0, 0.5, 1.2), (1, 0.5, 1.0), (2, 0.3, 1.05), (5, 0.15, 1.0), (8, 0.1, 0.98),
])  # fmt: skip
def test_the_spread_under_noise_is_the_stationary_one(delay, gain, growth):
    exact = steering.stationary_sd(delay, gain, growth)
    response = steering.simulate(still(250), gain=gain, delay=delay, growth=growth)
    assert math.sqrt(np.sum(response**2)) == pytest.approx(exact, rel=1e-6)
    runs = steering.simulate(normal(250), gain=gain, delay=delay, growth=growth, start=0)
    assert abs(runs[-1].std() / exact - 1) <= 4.5 / math.sqrt(2 * RUNS)


def test_the_stationary_spread_has_its_textbook_cases():
    assert steering.stationary_sd(0, 0.3) == pytest.approx(1 / math.sqrt(1 - 0.7**2))
    one, two = 1.0, -0.4  # an autoregression of order two: Box and Jenkins' formula
    ar2 = (1 - two) / ((1 + two) * ((1 - two) ** 2 - one**2))
    assert steering.stationary_sd(1, 0.4) == pytest.approx(math.sqrt(ar2))
    assert steering.stationary_sd(3, 0.5) == math.inf
    assert steering.stationary_sd(3, 0.0) == math.inf


# --- continuous time ----------------------------------------------------------------------------


def test_continuous_limits_from_lamberts_function():
    def settles(rate: float) -> float:
        return steering.continuous_root(rate, 1.0).real

    assert brentq(settles, 1.0, 2.0) == pytest.approx(float(steering.largest_rate(1)), abs=1e-9)
    calm = float(steering.overshoot_free_rate(1))
    assert steering.continuous_root(calm * (1 - 1e-9), 1.0).imag == 0
    assert steering.continuous_root(calm * (1 + 1e-6), 1.0).imag > 0
    for lag in (0.2, 3.0):
        assert float(steering.largest_rate(lag)) * lag == pytest.approx(math.pi / 2)
        root = steering.continuous_root(0.8, lag)
        assert abs(root + 0.8 * np.exp(-root * lag)) < 1e-12


def test_short_generations_are_continuous_time():
    """A step of τ/n turns the delay equation into the recursion with delay n and gain kτ/n."""
    for n, tolerance in ((100, 0.03), (1000, 0.003)):
        assert n * float(steering.largest_gain(n)) == pytest.approx(math.pi / 2, rel=1 / n)
        assert n * float(steering.overshoot_free_gain(n)) == pytest.approx(1 / math.e, rel=1 / n)
        path = [1.0]
        for j in range(6 * n):
            path.append(path[j] - (1.4 / n * path[j - n] if j >= n else 0))
        time = np.arange(6 * n + 1) / n
        exact = steering.continuous_response(time, rate=1.4, lag=1)
        np.testing.assert_allclose(path, exact, atol=tolerance)


def test_the_exact_response_solves_its_equation():
    time, step = np.linspace(0.3, 7.8, 16), 1e-5  # between the kinks at 2 and 4
    up, down = (steering.continuous_response(time + s, rate=0.7, lag=2) for s in (step, -step))
    before = np.where(time >= 2, steering.continuous_response(np.maximum(time - 2, 0), rate=0.7,
                                                               lag=2), 0)  # fmt: skip
    np.testing.assert_allclose((up - down) / (2 * step), -0.7 * before, atol=1e-6)


def test_the_continuous_response_swings_and_grows_where_it_should():
    time = np.linspace(0, 20, 4001)
    for rate, swings in ((0.36, False), (0.45, True)):
        path = steering.continuous_response(time, rate=rate, lag=1)
        assert bool(path.min() < 0) is swings
    for rate, grows in ((1.5, False), (1.65, True)):
        path = np.abs(steering.continuous_response(time, rate=rate, lag=1))
        assert bool(path[3000:].max() > path[1000:2000].max()) is grows


# --- a loop that outruns its review -------------------------------------------------------------

PACES = [
    Pace(cycle=14, shrink=0.9, floor=0.5),
    Pace(cycle=14, shrink=1.0, floor=14),
    Pace(cycle=10, shrink=0.8, floor=2),
    Pace(cycle=7, shrink=0.97, floor=0.3),
    Pace(cycle=5, shrink=0.5, floor=5),
]


def begins(pace: Pace, last: int, before: int = 400) -> dict[int, float]:
    """The day on which every generation begins, added up one by one."""
    days = {0: 0.0}
    for g in range(last):
        days[g + 1] = days[g] + max(pace.cycle * pace.shrink**g, pace.floor)
    for g in range(-1, -before, -1):
        days[g] = days[g + 1] - pace.cycle
    return days


@pytest.mark.parametrize("pace", PACES, ids=str)
def test_elapsed_is_the_sum_of_the_cycles(pace):
    days = begins(pace, 120)
    which = np.arange(-50, 120)
    np.testing.assert_allclose(steering.elapsed(pace, which), [days[g] for g in which], atol=1e-9)


@pytest.mark.parametrize("pace", PACES, ids=str)
@pytest.mark.parametrize("review", [0.0, 3.0, 14.0, 25.0])
def test_the_delay_is_the_newest_reviewed_version(pace, review):
    days = begins(pace, 100)
    brute = [
        min(d for d in range(400) if days[g - d] + review <= days[g] + 1e-9) for g in range(100)
    ]
    found = steering.delay_at(pace, review=review, generation=np.arange(100))
    assert found.tolist() == brute
    assert np.all(np.diff(found) >= 0)


@pytest.mark.parametrize("pace", PACES, ids=str)
@pytest.mark.parametrize("review", [0.0, 3.0, 14.0, 25.0])
def test_the_critical_generation_by_brute_force(pace, review):
    delays = steering.delay_at(pace, review=review, generation=np.arange(240))
    assert delays[-1] == delays[-20]  # the floor is reached: nothing new comes later
    for gain in (0.05, 0.2, 0.3, 0.618, 0.9, 1.9, 2.1):
        for growth in (0.95, 1.0, 1.04):
            lost = [radius(int(d), gain, growth) >= 1 - 1e-12 for d in delays]
            wanted = lost.index(True) if any(lost) else math.inf
            found = steering.critical_generation(pace, review=review, gain=gain, growth=growth)
            assert found == wanted, (gain, growth)


def test_without_a_speed_up_the_delay_is_the_review_in_cycles():
    pace = Pace(cycle=14, shrink=1, floor=1)
    for review, delay in ((0, 0), (1, 1), (14, 1), (14.1, 2), (28, 2), (100, 8)):
        assert steering.delay_at(pace, review=review, generation=[0, 7]).tolist() == [delay] * 2
    assert steering.critical_generation(pace, review=14, gain=0.4) == math.inf
    assert steering.critical_generation(pace, review=14, gain=1.0) == 0


@pytest.mark.parametrize(("shrink", "review", "gain"), [
    (0.9, 14, 0.4), (0.9, 14, 0.3), (0.85, 7, 0.4), (0.95, 14, 0.4), (0.9, 7, 0.6),
])  # fmt: skip
def test_the_swing_grows_after_the_critical_generation_and_not_at_once(shrink, review, gain):
    """The spread under noise doubles some generations after the frozen argument says, not before.

    Also what chapter 03 says of it: seven to eleven generations later in these settings.
    """
    pace = Pace(cycle=14, shrink=shrink, floor=0.5)
    delays = steering.delay_at(pace, review=review, generation=np.arange(120))
    critical = int(steering.critical_generation(pace, review=review, gain=gain))
    sd = steering.simulate(normal(120, 2000), gain=gain, delay=delays, start=0).std(axis=1)
    doubled = next(g for g in range(critical, 120) if sd[g] > 2 * sd[critical])
    assert 7 <= doubled - critical <= 11
    assert sd[critical + 1 : doubled].min() > 0.9 * sd[critical]
    frozen = steering.simulate(
        normal(120, 2000), gain=gain, delay=int(delays[critical - 1]), start=0
    )
    assert frozen[-1].std() < 2 * sd[critical]


# --- memory -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("delay", "gain", "growth", "believed"), [
    (0, 0.5, 1.0, 1.0), (3, 0.5, 1.0, 0.9), (5, 0.6, 1.1, 1.1), (8, 0.4, 1.05, 1.12),
    (10, 0.6, 1.1, 1.0), (20, 0.5, 1.0, 1.1),
])  # fmt: skip
def test_memory_settles_by_its_radius(delay, gain, growth, believed):
    """Growth of a plain recursion, written out; its rate is the radius."""
    exact = steering.memory_radius(delay, gain, growth=growth, believed=believed)
    x, u = [1.0], []
    for t in range(250):
        forecast = x[t - delay] if t >= delay else 0.0
        for i in range(t - delay, t):
            forecast = believed * forecast - (u[i] if i >= 0 else 0.0)
        u.append(gain * forecast)
        x.append(growth * x[t] - u[t])
    found = steering.simulate_with_memory(still(250), gain=gain, delay=delay, growth=growth,
                                          believed=believed)[:, 0]  # fmt: skip
    np.testing.assert_allclose(found, x, rtol=1e-6, atol=1e-9)
    size = np.array([np.abs(found[t : t + 60]).max() for t in (100, 190)])
    if size.min() > 1e-8:
        assert math.log(size[1] / size[0]) / 90 == pytest.approx(math.log(exact), abs=0.02)
    else:
        assert exact < 1


def test_memory_with_the_right_model_does_not_feel_the_delay():
    for delay in (0, 1, 4, 30):
        for growth, gain in ((1.0, 0.5), (1.2, 0.9), (0.8, 0.3)):
            radius_found = steering.memory_radius(delay, gain, growth=growth, believed=growth)
            assert radius_found == pytest.approx(abs(growth - gain))
            path = steering.simulate_with_memory(still(60), gain=gain, delay=delay, growth=growth,
                                                 believed=growth)[:, 0]  # fmt: skip
            t = np.arange(delay + 1, 61)
            exact = growth**delay * (growth - gain) ** (t - delay)
            np.testing.assert_allclose(path[t], exact, atol=1e-9)


def test_an_almost_right_model_has_almost_the_same_radius():
    near = steering.memory_radius(4, 0.5, growth=1.1, believed=1.1 + 1e-9)
    assert near == pytest.approx(steering.memory_radius(4, 0.5, growth=1.1, believed=1.1), abs=0.02)


@pytest.mark.parametrize(("delay", "gain", "growth"), [(0, 0.5, 1.0), (4, 0.7, 1.0), (6, 0.5, 1.1)])
def test_memory_does_not_see_the_latest_noise_either(delay, gain, growth):
    exact = steering.memory_sd(delay, gain, growth)
    response = steering.simulate_with_memory(
        still(250), gain=gain, delay=delay, growth=growth, believed=growth
    )
    assert math.sqrt(np.sum(response**2)) == pytest.approx(exact, rel=1e-9)
    runs = steering.simulate_with_memory(
        normal(150), gain=gain, delay=delay, growth=growth, believed=growth, start=0
    )
    assert abs(runs[-1].std() / exact - 1) <= 4.5 / math.sqrt(2 * RUNS)
    floor = math.sqrt(sum(growth ** (2 * i) for i in range(delay + 1)))
    assert floor <= exact
    assert steering.memory_sd(delay, growth, growth) == pytest.approx(floor)


def test_without_a_delay_memory_is_no_different():
    noise = normal(30, 5)
    np.testing.assert_allclose(
        steering.simulate_with_memory(noise, gain=0.4, delay=0, growth=1.1, believed=0.9),
        steering.simulate(noise, gain=0.4, delay=0, growth=1.1),
    )


def test_no_plain_gain_beats_the_best_memory_under_noise():
    for delay in (1, 3, 10):
        gains = np.linspace(0.02, 0.98, 60) * float(steering.largest_gain(delay))
        best = min(steering.stationary_sd(delay, gain) for gain in gains)
        floor = steering.memory_sd(delay, 1.0)
        assert floor == pytest.approx(math.sqrt(delay + 1))
        assert floor < best


@pytest.mark.parametrize("noise", [np.zeros(4), np.zeros((3, 2, 1)), np.zeros((251, 1)),
                                   np.full((2, 2), 2e6)])  # fmt: skip
def test_crooked_noise_is_refused(noise):
    for run in (steering.simulate, steering.simulate_with_memory):
        with pytest.raises(ValueError, match="noise"):
            run(noise, gain=0.1, delay=1)


def test_the_wildest_run_still_fits_a_float():
    for run, top in ((steering.simulate, {"gain": 10, "growth": 3.0}),
                     (steering.simulate_with_memory,
                      {"gain": 3, "growth": 1.5, "believed": 1.5})):  # fmt: skip
        for delay in (0, 1, 100):
            found = run(np.full((250, 1), 1e6), delay=delay, start=1e6, **top)
            assert np.isfinite(found).all()
