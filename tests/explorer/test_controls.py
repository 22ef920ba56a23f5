"""Controls know their stops, their words, and what they allow."""

import numpy as np
import pytest

from rsi_teach.explorer import Choice, Slider, Toggle


def test_stops_hold_both_ends_the_default_and_what_is_added():
    slider = Slider(0.0, 1.0, 0.333, step=0.1)
    stops = slider.stops(0.777)
    assert stops[0] == 0 and stops[-1] == 1 and {0.333, 0.777} <= set(stops)
    assert stops == sorted(stops)


def test_a_logarithmic_slider_moves_by_equal_factors():
    stops = np.array(Slider(0.1, 1000.0, 1.0, log=True).stops())
    factors = np.diff(np.log(stops))
    assert factors.max() < 0.2 and stops.min() == 0.1 and stops.max() == 1000


def test_whole_numbers_stay_whole():
    slider = Slider(1, 9, 4)
    assert slider.stops() == list(range(1, 10))
    assert all(type(stop) is int for stop in slider.stops())
    assert slider.check("n", 3.0) == 3


@pytest.mark.parametrize("value", [0.99, 10.01, float("nan"), "4", None, True, 3.5])
def test_a_value_that_is_not_allowed_is_named(value):
    with pytest.raises(ValueError, match=r"n = .*allowed is a whole number from 1 to 10"):
        Slider(1, 10, 4).check("n", value)


@pytest.mark.parametrize(
    "numbers", [{"low": 2, "high": 1, "default": 1}, {"low": 0, "high": 1, "default": 3},
                {"low": 0, "high": 1, "default": 0, "log": True},
                {"low": 0, "high": 1, "default": 0, "step": 2.0},
                {"low": float("nan"), "high": 1, "default": 0}]
)  # fmt: skip
def test_numbers_that_do_not_fit_together_are_refused(numbers):
    with pytest.raises(ValueError):
        Slider(**numbers)


@pytest.mark.parametrize(
    ("value", "words"), [(2019.25, "2019.25"), (0.123456, "0.123"), (100, "100"), (1000.0, "1000")]
)
def test_values_read_as_one_would_say_them(value, words):
    assert Slider(0.0, 3000.0, 1.0).words(value) == words


def test_units_and_thousands():
    assert Slider(0, 20000, 5, unit="days").words(12000) == "12,000 days"


def test_choices_and_toggles():
    choice = Choice(["a", "b"], default="b")
    assert choice.default == "b" and choice.stops() == ["a", "b"]
    with pytest.raises(ValueError, match="allowed is one of a, b"):
        choice.check("c", "d")
    with pytest.raises(ValueError):
        Choice(["a"])
    with pytest.raises(ValueError, match="allowed is True or False"):
        Toggle().check("t", 1)
