"""What every public function and dataclass of the models, and of the machine, promises.

Documentation is read from the docstrings. Behaviour is driven by `CASES`: for each public name of
`rsi_teach.models` a strategy of valid arguments, what must come back, and for every parameter
values that must be refused by name. A test fails if a public name or a parameter is missing here.
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import math
import pkgutil
import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import rsi_teach.machine
import rsi_teach.models
from rsi_teach.models import (
    attribution,
    calibration,
    capstone,
    detection,
    domain,
    drift,
    gates,
    goodhart,
    independence,
    loop,
    observability,
    overfitting,
    overhang,
    progress,
    steering,
    survival,
    testing,
    testing_search,
    testing_shift,
    waiting,
)

CONTRACT = settings(
    max_examples=50,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)


# --- what there is ------------------------------------------------------------------------------


def public_names() -> Iterator[tuple[str, Any]]:
    """Every public function and class, under the module that defines it."""
    for found in pkgutil.iter_modules(rsi_teach.models.__path__):
        module = importlib.import_module(f"rsi_teach.models.{found.name}")
        for name, value in vars(module).items():
            own = getattr(value, "__module__", None) == module.__name__
            if own and callable(value) and not name.startswith("_"):
                yield f"{found.name}.{name}", value


MODELS = dict(public_names())
CHECKS = (domain.within, domain.shaped)
"""No formulas: they have no source, and call what they check by the name they are given."""
MACHINE = {
    name: value
    for name in rsi_teach.machine.__all__
    if callable(value := getattr(rsi_teach.machine, name))
}


def methods(value: Any) -> Iterator[Any]:
    """The public methods of a class, besides those that a dataclass writes."""
    for name, member in vars(value).items() if inspect.isclass(value) else ():
        if inspect.isfunction(member) and not name.startswith("_"):
            yield member


DOCUMENTED = {f"models.{name}": value for name, value in MODELS.items()}
DOCUMENTED |= {f"machine.{name}": value for name, value in MACHINE.items()}
DOCUMENTED |= {
    f"{name}.{method.__name__}": method
    for name, value in DOCUMENTED.items()
    for method in methods(value)
}


# --- what is written ----------------------------------------------------------------------------


def section(value: Any, title: str) -> list[str]:
    """The lines of a NumPy docstring section; empty if it has none."""
    lines = inspect.cleandoc(value.__doc__ or "").splitlines()
    title_line = (title, "-" * len(title))
    starts = [i for i, pair in enumerate(pairwise(lines)) if pair == title_line]
    if not starts:
        return []
    body = lines[starts[0] + 2 :]
    ends = [i for i, line in enumerate(body[1:]) if re.fullmatch(r"-{3,}", line)]
    return body[: ends[0]] if ends else body


def documented_parameters(value: Any) -> list[str]:
    entries = [line for line in section(value, "Parameters") if line and not line[0].isspace()]
    return [name for line in entries for name in line.split(" : ")[0].replace("*", "").split(", ")]


def parameters(value: Any) -> list[str]:
    return [name for name in inspect.signature(value).parameters if name != "self"]


@pytest.mark.parametrize("name", DOCUMENTED)
def test_every_argument_is_documented(name):
    assert documented_parameters(DOCUMENTED[name]) == parameters(DOCUMENTED[name])


@pytest.mark.parametrize("name", DOCUMENTED)
def test_the_docstring_begins_with_one_sentence(name):
    first, *rest = inspect.cleandoc(DOCUMENTED[name].__doc__ or "").splitlines()
    assert re.fullmatch(r"[A-Z0-9].+\.", first), "one line, a sentence"
    assert not rest or rest[0] == ""


@pytest.mark.parametrize("name", MODELS)
def test_a_model_names_its_source_and_shows_itself(name):
    value = MODELS[name]
    if value not in CHECKS:
        assert section(value, "References") or "\n    Source: " in value.__doc__
    assert any(line.startswith(">>> ") for line in section(value, "Examples"))


@pytest.mark.parametrize("name", MODELS)
def test_what_a_model_returns_and_raises_is_documented(name):
    value = MODELS[name]
    checks_something = "raise ValueError" in inspect.getsource(
        value
    ) or "within(" in inspect.getsource(value)
    if checks_something:
        assert section(value, "Raises")
    if not inspect.isclass(value) and value is not domain.within:  # which gives nothing back
        assert section(value, "Returns")


@pytest.mark.parametrize("name", DOCUMENTED)
def test_an_unknown_keyword_is_refused(name):
    value = DOCUMENTED[name]
    given_anything = dict.fromkeys(inspect.signature(value).parameters)
    kinds = {p.kind for p in inspect.signature(value).parameters.values()}
    if inspect.Parameter.VAR_KEYWORD in kinds:  # passed on, so it must be refused further down
        with pytest.raises(TypeError, match="no_such_argument"):
            value(rsi_teach.machine.Permissions(), no_such_argument=1)
        return
    with pytest.raises(TypeError, match="no_such_argument"):
        inspect.signature(value).bind(**given_anything, no_such_argument=1)


@pytest.mark.parametrize("name", [n for n, v in DOCUMENTED.items() if inspect.isclass(v)])
def test_a_dataclass_is_frozen_and_keyword_only(name):
    value = DOCUMENTED[name]
    assert dataclasses.is_dataclass(value) and value.__dataclass_params__.frozen
    kinds = {p.kind for p in inspect.signature(value).parameters.values()}
    assert kinds <= {inspect.Parameter.KEYWORD_ONLY}


# --- what is done -------------------------------------------------------------------------------

Arguments = dict[str, Any]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Case:
    """One public name.

    Parameters
    ----------
    valid : strategy of dict
        Arguments, all of them.
    holds : callable (result, arguments) -> bool
        What must come back.
    refused : dict
        Parameter: values that must raise a ValueError naming it.
    anything : tuple of str
        Parameters that have no invalid value.
    """

    valid: st.SearchStrategy[Arguments]
    holds: Callable[[Any, Arguments], bool]
    refused: dict[str, list[Any]] = dataclasses.field(default_factory=dict)
    anything: tuple[str, ...] = ()


def number(low: float, high: float, **kind: bool) -> st.SearchStrategy[float]:
    return st.floats(low, high, allow_nan=False, allow_infinity=False, **kind)


def array(elements: st.SearchStrategy, shape: Any = None, dtype: Any = float) -> st.SearchStrategy:
    shape = hnp.array_shapes(max_dims=2, max_side=4) if shape is None else shape
    return hnp.arrays(dtype, shape, elements=elements)


def fixed(**strategies: st.SearchStrategy) -> st.SearchStrategy[Arguments]:
    return st.fixed_dictionaries(strategies)


def numbers(
    shape: Callable[[Arguments], tuple[int, ...]] = lambda _: (),
    *,
    infinite: bool = False,
    low: float = -math.inf,
    high: float = math.inf,
) -> Callable[[Any, Arguments], bool]:
    """The result is numbers of that shape, none NaN, none infinite unless that is an answer."""

    def holds(result: Any, arguments: Arguments) -> bool:
        values = np.asarray(result)
        fine = (~np.isnan(values)) if infinite else np.isfinite(values)
        inside = (values >= low) & (values <= high)
        return values.shape == shape(arguments) and bool(np.all(fine & inside))

    return holds


def of(name: str) -> Callable[[Arguments], tuple[int, ...]]:
    return lambda arguments: np.shape(arguments[name])


def together(*names: str) -> Callable[[Arguments], tuple[int, ...]]:
    return lambda a: np.broadcast_shapes(*(np.shape(a[name]) for name in names))


def kept(result: Any, arguments: Arguments) -> bool:
    """A dataclass holds what it was given."""
    return all(np.all(getattr(result, name) == value) for name, value in arguments.items())


# Strategies of the models' own types.

SPAN = {"low": 0.01, "high": 100}
STAGE = st.builds(
    lambda gain, leak, spread: loop.Stage(
        gain=gain / (1 + spread**2), leak=leak / (1 + spread**2), spread=spread
    ),
    number(0, 0.999),
    number(0, 0.999),
    number(0, 10),
)
LOOP = st.builds(loop.Loop, **{name: STAGE for name in loop.STAGES})
POLICY_FIELDS = fixed(
    tests=st.integers(25, 400), freshness=number(0, 1), evaluators=st.integers(0, 5),
    origin=st.sampled_from(["own family", "elsewhere"]), gate=number(0, 100),
    scope=st.sampled_from(list(capstone.SCOPES)), review=number(0, 10), pause=st.integers(0, 10),
    rollback=st.booleans(),
)  # fmt: skip
POLICY = POLICY_FIELDS.map(lambda arguments: capstone.Policy(**arguments))
SETTING = st.builds(capstone.Setting, loop=LOOP, blind=number(0, 1))
POLICY_NOISE = hnp.arrays(
    float, st.tuples(st.integers(1, 5), st.just(6), st.integers(1, 3)),
    elements=number(0, 1, exclude_max=True),
)  # fmt: skip
MADE = st.builds(
    loop.Ensemble, capability=array(number(1, 1e9), (3, 2)), alignment=array(number(0, 1), (3, 2))
)
REVIEW = st.builds(loop.Review, every=st.integers(1, 250), restores=number(0, 1))
PRODUCTION = fixed(
    returns=number(0, 10, exclude_min=True),
    difficulty=number(0, 5, exclude_min=True),
    rate=number(1e-6, 1e6),
    start=number(1e-6, 1e6),
)
MODEL = PRODUCTION.map(lambda arguments: progress.IdeaProduction(**arguments))
TIMES = array(number(0, 1e12), hnp.array_shapes(max_dims=1, max_side=5))
RETURNS = array(number(0, 10, exclude_min=True), hnp.array_shapes(max_dims=1, max_side=5))


@st.composite
def beliefs(draw) -> Arguments:
    low = draw(number(0.01, 90))
    high = draw(number(1.0011 * low, 100))
    shape = draw(st.sampled_from(["log-normal", "log-uniform"]))
    coverage = draw(number(0.5, 0.9999))
    return {"low": low, "high": high, "coverage": coverage, "shape": shape}


BELIEF = beliefs().map(lambda arguments: progress.ReturnsBelief(**arguments))


def ranges(low: float, high: float) -> st.SearchStrategy[tuple[float, float]]:
    return st.tuples(number(low, high), number(low, high)).map(lambda ends: tuple(sorted(ends)))


RANGES = fixed(
    speed_up=ranges(0.1, 1000), returns=ranges(0.01, 100),
    parallel=ranges(0.01, 1), limit_years=ranges(1, 20),
)  # fmt: skip


@st.composite
def models_and_targets(draw) -> Arguments:
    model = draw(MODEL)
    return {"model": model, "target": draw(array(number(model.start, 1e12)))}


@st.composite
def solvable(draw) -> Arguments:
    """Times at which S is still below 1e11 and the singularity away: what a solver can do."""
    model = draw(MODEL)
    end = min(float(progress.time_to_level(model, max(1e11, model.start))), 1e12)
    end = min(end, 0.99 * progress.time_to_singularity(model))
    shares = draw(st.lists(st.integers(1, 1000), min_size=1, max_size=5, unique=True))
    return {"model": model, "time": np.sort(shares) / 1000 * end}


@st.composite
def tables(draw) -> Arguments:
    n = draw(st.integers(1, 6))
    days = np.sort(draw(array(st.integers(0, 4000), n, int)))
    minutes = {name: draw(array(number(1e-3, 1e6), n)) for name in HORIZON_COLUMNS}
    names = np.array([f"model {i}" for i in range(n)])
    return {"model": names, "released": np.datetime64("2019-01-01") + days, **minutes}


HORIZON_COLUMNS = ("p50", "p50_low", "p50_high", "p80", "p80_low", "p80_high")
TABLE = tables().map(lambda arguments: progress.Horizons(**arguments))


@st.composite
def growing(draw) -> Arguments:
    """Horizons that grow on the whole: sorted, with a first and a last that differ."""
    n = draw(st.integers(3, 8))
    days = np.cumsum(draw(array(st.integers(1, 300), n, int)))
    steps = draw(array(number(0.01, 2), n))
    return {
        "dates": np.datetime64("2019-01-01") + days.astype("timedelta64[D]"),
        "horizons": 1e-3 * np.exp2(np.cumsum(steps)),
    }


@st.composite
def stage_times(draw) -> Arguments:
    stages = draw(st.integers(1, 5))
    return {
        "times": draw(array(number(1e-6, 1e9), (2, stages))),
        "speedups": draw(array(number(1e-6, 1e12), stages)),
    }


@st.composite
def automatable(draw) -> Arguments:
    stages = draw(st.integers(1, 5))
    return {
        "times": draw(array(number(1e-6, 1e9), stages)),
        "automated": draw(array(st.booleans(), stages, bool)),
        "factor": draw(number(1, 1e6)),
    }


NOISE = hnp.arrays(float, st.tuples(st.integers(1, 12), st.just(4), st.integers(1, 4)),
                   elements=number(0, 1, exclude_max=True))  # fmt: skip
CLOCK = array(number(0, 1e18), (30, 3)).map(lambda a: np.sort(a, axis=0))
WORK = {
    "work": number(1e-6, 1e9),
    "first_speed": number(1e-3, 1e9),
    "last_speed": number(1e-3, 1e9),
}
BAD_WORK = {"work": [0.0], "first_speed": [0.0, -1.0], "last_speed": [0.0, 1e10]}
BAD_STAGES = {"times": [[0.0, 1.0], [-1.0]], "speedups": [0.0, -2.0]}
DAY = np.datetime64("2024-01-01")

# Chapter 05.

PROXY = st.builds(
    goodhart.Proxy, value_sd=number(0.25, 4), error_sd=number(0.25, 4),
    tail=st.sampled_from([2.05, 3.0, 50.0, math.inf]),
)  # fmt: skip
COUNTS = array(st.integers(1, 10**6), (2, 3), int)
BAD_COUNT = {"n": [0, 2.5, -1, 2e15]}
METHOD = st.sampled_from(goodhart.METHODS)
GAO = fixed(alpha=number(1e-3, 10), beta=number(0.2, 1e3), method=METHOD)
LAW_FIT = fixed(
    alpha=number(-10, 10), beta=number(-10, 10), alpha_var=number(0, 10), beta_var=number(0, 10),
    covariance=number(-1, 1), points=st.integers(3, 99), method=METHOD,
)  # fmt: skip
MEASURED = fixed(
    distance=st.lists(st.integers(1, 1000), min_size=3, max_size=9, unique=True).map(
        lambda values: np.array(values) / 100
    ),
    method=METHOD,
).map(lambda a: a | {"reward": np.sqrt(a["distance"])})


DELAYS = array(st.integers(0, 200), dtype=int)
PACE = st.builds(
    lambda cycle, shrink, share: steering.Pace(
        cycle=cycle, shrink=shrink, floor=max(1e-3, share * cycle)
    ),
    number(1e-2, 1e4), number(0.5, 1), number(1e-3, 1),
)  # fmt: skip
DEVIATIONS = hnp.arrays(float, st.tuples(st.integers(1, 12), st.integers(1, 4)),
                        elements=number(-1e6, 1e6))  # fmt: skip
BAD_DEVIATIONS = [np.zeros(4), np.zeros((300, 1)), np.full((2, 2), 1e7)]
BAD_GROWTH = [0.0, 3.5]


def ensemble_shape(result: loop.Ensemble, arguments: Arguments) -> bool:
    generations, _, runs = arguments["noise"].shape
    return result.alignment.shape == result.capability.shape == (generations + 1, runs) and bool(
        np.isfinite(result.capability).all() and np.isfinite(result.alignment).all()
    )


FORECASTER = st.builds(calibration.Forecaster, width=number(0.05, 20), bias=number(-10, 10))
NORMALS = hnp.arrays(float, hnp.array_shapes(min_dims=2, max_dims=2, max_side=5),
                     elements=number(-8, 8))  # fmt: skip


@st.composite
def forecasts(draw) -> Arguments:
    """Probabilities, and whether it happened."""
    n = draw(st.integers(1, 9))
    return {
        "probability": draw(array(number(0, 1), n)),
        "happened": draw(array(st.integers(0, 1), n, int)),
        "bins": draw(st.integers(0, 100)),
    }


@st.composite
def ends_in_order(draw) -> Arguments:
    low = draw(array(number(-1e5, 1e5), 3))
    return {"low": low, "high": low + draw(array(number(0, 1e5), 3))}


@st.composite
def groups(draw) -> Arguments:
    n = draw(st.integers(1, 4))
    weights = draw(array(st.integers(1, 50), n, int))
    return {
        "sds": draw(array(number(1e-3, 1e3), n)),
        "shares": weights / weights.sum(),
        "alpha": draw(number(1e-4, 0.99)),
    }


@st.composite
def scored(draw) -> Arguments:
    steps, runs = draw(st.integers(2, 12)), draw(st.integers(1, 3))
    return {
        "scores": draw(array(number(0, 1e12), (steps, runs))),
        "warm_up": draw(st.integers(1, steps - 1)),
        "reference": draw(st.sampled_from(["past", "first"])),
    }


def misses_counted(result: Any, arguments: Arguments) -> bool:
    levels, missed = result
    moved = arguments["gamma"] * (arguments["alpha"] - missed)
    return missed.shape == arguments["p_value"].shape and np.allclose(
        np.diff(levels, axis=0), moved, atol=1e-9
    )


DRIFTING = {"bias": number(-10, 10), "spread": number(0, 10), "correction": number(0, 1)}
DRIFT = st.builds(drift.Drift, **DRIFTING)
FREE_DRIFT = st.builds(drift.Drift, bias=number(-10, 10), spread=number(0.01, 10))
WIDE_DRIFT = st.builds(drift.Drift, **DRIFTING | {"spread": number(0.1, 10)})
DRIFT_NOISE = hnp.arrays(float, hnp.array_shapes(min_dims=2, max_dims=2, max_side=6),
                         elements=number(-8, 8))  # fmt: skip
PASSAGE = {"drift": FREE_DRIFT, "boundary": number(1e-3, 1000)}
REFIT = st.integers(2, 300).flatmap(
    lambda size: st.builds(
        drift.Refit, samples=st.just(size), fresh=st.integers(0, size), unbiased=st.booleans()
    )
)
DRAWS = hnp.arrays(float, st.tuples(st.integers(1, 5), st.just(4), st.integers(1, 4)),
                   elements=number(-8, 8))  # fmt: skip
BAD_DRAWS = [np.zeros((3, 4)), np.zeros((3, 5, 2)), np.full((2, 4, 1), 50.0)]
MILD_LOOP = st.builds(
    lambda shares: loop.Loop(
        **{
            name: loop.Stage(gain=0, leak=0.99 * share / 5, spread=2)
            for name, share in zip(loop.STAGES, shares, strict=True)
        }
    ),
    st.lists(number(0, 1), min_size=4, max_size=4),
)


def two_of(shape: Callable[[Arguments], tuple[int, ...]]) -> Callable[[Any, Arguments], bool]:
    """Two arrays of that shape, finite, the second not negative."""
    return lambda r, a: (
        all(np.shape(x) == shape(a) and bool(np.isfinite(x).all()) for x in r)
        and bool(np.all(r[1] >= 0))
    )


@st.composite
def stage_logs(draw) -> Arguments:
    rows = draw(st.integers(1, 6))
    return {
        "generation": draw(array(st.integers(1, 250), rows, int)),
        "stage": draw(array(st.integers(0, 3), rows, int)),
        "before": draw(array(number(1e-3, 2), rows)),
        "after": draw(array(number(1e-3, 2), rows)),
    }


# overhang
ELICITED = st.tuples(number(0.01, 1), number(0.01, 1)).map(
    lambda ends: overhang.Elicitation(low=min(ends), high=max(ends))
)
LAW = st.builds(overhang.SkillLaw, start=number(0.01, 0.999999), exponent=number(0.01, 5))
SCAFFOLD = st.builds(
    lambda generation, low, ratio: overhang.Scaffold(
        generation=generation, low=low, high=low * ratio
    ),
    st.integers(0, 250), number(1, 30), number(1, 30),
)  # fmt: skip
SCORES = {"score": array(number(1e-9, 0.999999), 3)}
STEPS = array(number(1, 1e9), (2, 1))
BAD_STEPS = {"steps": [0.5, 2e9]}
BAD_ENDS = {"low": [0.0, 1.0], "high": [0.0, 1.0]}


@st.composite
def plans(draw, least: int = 1, **more: st.SearchStrategy) -> Arguments:
    """Capabilities, a size and an order that fit each other."""
    capabilities = draw(st.integers(4, 60))
    order = draw(st.integers(1, 3))
    size = draw(st.integers(max(least, order), capabilities))
    return {"capabilities": capabilities, "size": size, "order": order, **draw(fixed(**more))}


BAD_PLANS = {"capabilities": [0, 2.5, 20_000], "size": [0, 100, 2.5], "order": [0, 7, 1.5]}
BUDGET = array(st.integers(0, 10**6), dtype=int)


@st.composite
def releases(draw) -> Arguments:
    noise = draw(NOISE)
    draws = draw(array(number(0, 1), noise.shape[2]))
    return {"loop": draw(LOOP), "scaffold": draw(SCAFFOLD), "noise": noise, "draws": draws}


# attribution
SIGNS = array(st.sampled_from([-1.0, 1.0]), st.tuples(st.integers(1, 6), st.integers(3, 5)))
TERMS = st.sets(st.sampled_from(["A", "B", "C", "AB", "BC", "ABC"]), min_size=1).map(
    lambda chosen: tuple(sorted(chosen))
)
FACTORIAL = attribution.full_factorial(3)
FOUR = array(number(-9, 9), 4)
BAD_DESIGN = [np.zeros((4, 2)), np.ones(4), np.full((4, 2), 2.0), np.ones((4, 9)), [[1, 0.5]]]
BAD_TERMS = [(), ("Z",), ("BA",), ("A", "A"), (1,)]
BAD_GENERATORS = [[], ["D"], ["D=DA"], ["D=AA"], ["A=B"], ["D=ABC", "D=AB"], [3]]
GROUPED = st.tuples(st.integers(1, 4)).flatmap(lambda groups: fixed(
    successes=array(st.integers(0, 20), (2, *groups), int),
    trials=array(st.integers(20, 900), (2, *groups), int),
))  # fmt: skip
BAD_GROUPED = {
    "successes": [[[-1, 2], [1, 1]], np.full((2, 2), 10**6), [1, 2], [[0.5]]],
    "trials": [[[0, 2], [1, 1]], [3, 4], [[1.5]]],
}


@st.composite
def generated(draw) -> Arguments:
    """A design with generators that fit it."""
    factors = draw(st.integers(3, 8))
    made = draw(st.integers(1, min(4, factors - 2)))
    free = "ABCDEFGH"[: factors - made]
    chosen = [draw(st.sets(st.sampled_from(free), min_size=2)) for _ in range(made)]
    signs = draw(st.lists(st.sampled_from(["", "-"]), min_size=made, max_size=made))
    return {"factors": factors, "generators": [
        f"{'ABCDEFGH'[factors - made + i]}={signs[i]}{''.join(sorted(chosen[i]))}"
        for i in range(made)
    ]}  # fmt: skip


GENERATED = generated()


# Chapter 07.

CONFIDENCE, SIDE = number(0.01, 0.999), st.sampled_from(testing.SIDES)
BAD_TESTS, BAD_CONFIDENCE = [0, 0.5, -3, 2e12], [0.0, 1.0, 95.0]
COUNTED = {
    "failures": array(st.integers(0, 50), (2, 1), int),
    "tests": array(st.integers(50, 10**9), 3, int),
}
BAD_COUNTED = {"failures": [-1, 0.5, 10**10], "tests": BAD_TESTS}
BELIEVED = {"a": number(1e-3, 1e3), "b": number(1e-3, 1e6), "perfect": number(0, 1)}
MIXTURES = fixed(
    test=array(number(0.1, 1), 2), deployed=array(number(0.01, 1), 2), rates=array(number(0, 1), 2)
).map(lambda a: {"rates": a["rates"]} | {k: a[k] / a[k].sum() for k in ("test", "deployed")})
SHIFT = MIXTURES.map(lambda arguments: testing_shift.Shift(**arguments))
TESTED = array(st.integers(1, 10**12), dtype=int)
HOLE = st.builds(
    testing_search.Hole, centre=st.tuples(number(0.3, 0.7), number(0.3, 0.7)),
    radius=number(0.01, 0.1), reach=number(0.1, 0.3),
)  # fmt: skip
SUITE = hnp.arrays(float, st.tuples(st.integers(1, 30), st.just(2), st.integers(1, 4)),
                   elements=number(0, 1, exclude_max=True))  # fmt: skip
BAD_SUITE = [np.zeros((2, 3, 1)), np.zeros((2, 2)), np.ones((2, 2, 1)), np.zeros((0, 2, 1))]


# Chapter 09.

LIFE = st.builds(survival.Weibull, shape=number(0.1, 10), scale=number(1e-6, 1e6))
AGES = array(number(0, 1e6), (2, 3))
BAD_AGE = [-1.0, 2e6]
PLAIN_STREAM = {
    "cycle": number(1e-4, 1e4), "faults": number(0, 1), "detection": number(1e-4, 1e4),
    "shape": number(0.3, 10),
}  # fmt: skip
STREAM = st.builds(survival.Stream, **PLAIN_STREAM)
BREEDING = st.builds(survival.Stream, **PLAIN_STREAM | {"shape": st.just(1.0)},
                     breeds=st.one_of(st.just(0.0), number(1e-3, 10)))  # fmt: skip
HOW = st.sampled_from(survival.HANDLINGS)
BAD_LIVES = {
    "times": [[-1.0, 1.0, 1.0], [], 2e9],
    "observed": [[1, 0, 1], [True] * 50, [[True], [True, False]]],
}  # fmt: skip


@st.composite
def seen_lives(draw, **more: st.SearchStrategy) -> Arguments:
    """Times, some of them equal, and whether each is that of a failure: the first one is."""
    times = draw(array(st.integers(0, 9), st.integers(1, 8), int)).astype(float)
    observed = draw(array(st.booleans(), times.shape, bool))
    observed[0] = True
    return {"times": times, "observed": observed, **draw(fixed(**more))}


CURVE = seen_lives().map(lambda a: survival.kaplan_meier(**a))


# Chapter 15.

ENTRIES = number(-2, 2)
SYSTEM = st.tuples(st.integers(1, 3), st.integers(1, 2), st.integers(1, 2)).flatmap(
    lambda size: fixed(
        a=array(ENTRIES, (size[0], size[0])), b=array(ENTRIES, size[:2]),
        c=array(ENTRIES, (size[2], size[0])),
    )
)  # fmt: skip
A_SYSTEM = SYSTEM.map(lambda arguments: observability.System(**arguments))
PAIR = number(-1, 1).map(lambda shows: observability.hidden_pair(shows=shows))
PLANT = fixed(growth=number(0, 3), drift=number(1e-6, 1e6), sensor=number(0, 1e6))
A_PLANT = PLANT.map(lambda arguments: observability.Plant(**arguments))
A_STUDY = fixed(growth=number(1, 10), rate=number(0, 1000), cycle=number(1e-4, 1e4)).map(
    lambda arguments: observability.Study(**arguments)
)
MESSAGES = array(number(0, 1000), st.integers(1, 9))
NO_BITS = [[], [-1.0], [2000.0], [[1.0]]]
BAD_ARRIVAL = [-0.1, 1.1]
NO_STEPS = [0, 2.5, 251]


# Chapter 08.

QUERIES = {
    "items": array(st.integers(1, 10**9), (2, 1), int),
    "queries": array(st.integers(1, 10**9), 3, int),
}
BAD_QUERIES = {"items": [0, 2.5, -1, 2e9, []], "queries": [-1, 2.5, 2e9, []]}
STUDY = st.integers(1, 30).flatmap(
    lambda variables: fixed(
        samples=st.integers(10, 60),
        variables=st.just(variables),
        chosen=st.integers(1, variables),
        informative=st.integers(0, variables),
        shift=number(0, 10),
    )
)


SPRT = fixed(shift=number(0.3, 4), false_alarm=number(1e-4, 0.4), miss=number(1e-4, 0.4)).map(
    lambda arguments: detection.Sprt(**arguments)
)
WALK = fixed(level=number(1, 30), steps=st.integers(1, 60), drift=number(-1, 1)).map(
    lambda arguments: detection.Walk(**arguments)
)
WALK5 = number(-1, 1).map(lambda drift: detection.Walk(level=3.0, steps=5, drift=drift))
PROBABILITIES = array(number(0.01, 1), (3, 4)).map(lambda rows: rows / rows.sum(1, keepdims=True))


# Chapter 12.

STAKES = st.builds(gates.Stakes, base_rate=number(1e-6, 0.999), miss=number(0.01, 1e4),
                   false_alarm=number(0.01, 1e4))  # fmt: skip
DIFFUSION = st.builds(gates.Diffusion, drift=number(1e-3, 100), spread=number(1e-3, 100),
                      width=number(1e-3, 100))  # fmt: skip
DESK = st.builds(gates.Desk, reviewers=st.integers(1, 50), wanted=number(0.1, 500),
                 skill=number(0, 10), busy=number(0.01, 1),
                 pace=st.sampled_from(["cut short", "queue up"]))  # fmt: skip
DESK_LOAD = {
    "reviewers": array(st.integers(1, 10_000), 3, int), "arrival": number(0, 1e6),
    "minutes": number(1e-3, 1e5),
}  # fmt: skip


KEPT_SHARE = array(number(0, 0.999))
OLD_RECORDS = {"tests": number(1, 1e9), "kept": KEPT_SHARE, "versions": number(1, 1e6)}
BAD_OLD_RECORDS = {"tests": [0, -1, 2e9], "kept": [-0.1, 1, 1.5], "versions": [0, -1]}
PLANNER_FIELDS = {"growth": number(1e-3, 10), "hazard": number(1e-9, 10), "life": number(0, 1000),
           "curvature": number(1, 10)}  # fmt: skip
PLANNERS = st.builds(waiting.Planner, **PLANNER_FIELDS)
GATE_FIELDS = {"threshold": number(0, 1), "tests": st.integers(1, 300),
               "confidence": number(0.01, 0.999), "restores": number(0, 1)}  # fmt: skip
LOOP_GATES = st.builds(waiting.Gate, **GATE_FIELDS)
STAKES_FIELDS = {"safe": number(0, 1), "value": number(0, 1e6), "loss": number(0, 1e6),
          "rate": number(1e-9, 10), "undone": number(0, 1)}  # fmt: skip
BETS = st.builds(waiting.Stakes, **STAKES_FIELDS)
NEWS_FIELDS = {"catches": number(0, 1), "false_alarm": number(0, 1)}
NEWS_KINDS = st.builds(waiting.News, **NEWS_FIELDS)
RIVAL_FIELDS = {"hazard": number(0, 1e6), "lost": number(0, 1), "shared": number(0, 1)}
RIVAL_KINDS = st.builds(waiting.Rivals, **RIVAL_FIELDS)

# Chapter 13.
PANEL = st.builds(independence.Panel, miss=number(1e-4, 0.9999), correlation=number(0, 1))
ASKED = array(st.integers(1, 40), dtype=int)
BAD_CHECKS = {"checks": [0, 1.5, 1001]}
DEMANDS = st.integers(1, 4).flatmap(lambda kinds: fixed(
    difficulty=array(number(0, 1), (2, kinds)),
    shares=array(number(0.1, 1), kinds).map(lambda a: a / a.sum()),
)).map(lambda a: independence.Demands(**a))  # fmt: skip
METHODS = st.lists(st.integers(0, 1), min_size=1, max_size=4)
BAD_METHODS = {"methods": [[], [2], [-1], [0.5], [[0]]]}
EDIT_PARTS = fixed(
    works=st.sampled_from([(), ("shell",), ("editor", "shell")]), forges_log=st.booleans(),
    forges_result=st.booleans(), forges_count=st.booleans(),
    patches=st.sampled_from(["nothing", "one check", "shared check"]),
)  # fmt: skip
EDIT = EDIT_PARTS.map(lambda a: independence.Edit(**a))


@st.composite
def made_versions(draw) -> Arguments:
    demands, methods = draw(DEMANDS), draw(METHODS)
    shape = (len(methods), len(demands.shares), 3)
    return {
        "demands": demands, "methods": methods,
        "noise": draw(array(number(0, 1, exclude_max=True), shape)),
    }  # fmt: skip


CASES: dict[str, Case] = {
    "domain.within": Case(
        valid=fixed(
            name=st.just("share"), value=array(st.integers(0, 3), dtype=int), low=number(-5, 0),
            high=number(3, 9), open_low=st.just(False), open_high=st.just(False),
            integer=st.booleans(),
        ),
        holds=lambda result, _: result is None,
        refused={"value": [[0.5, 99.0], -7, "many", True, math.nan, [[1], [2, 3]], None]},
        anything=("name", "low", "high", "open_low", "open_high", "integer"),
    ),
    "domain.shaped": Case(
        valid=fixed(
            name=st.just("share"), value=array(number(0, 1), (5, 4, 3)),
            axes=st.sampled_from([("generations", 4, "runs"), (5, "stages", 3), (5, 4, "runs")]),
            longest=st.sampled_from([None, 5]),
        ),
        holds=lambda result, given: result is given["value"],
        refused={
            "value": ["many", np.zeros((5, 4)), np.zeros((5, 3, 4)), 1.0, [[1.0], [2.0, 3.0]]],
        },
        anything=("name", "axes", "longest"),
    ),
    # start_here
    "start_here.hit_probabilities": Case(
        valid=fixed(questions=st.integers(1, 10_000), coverage=number(0, 1)),
        holds=numbers(lambda a: (a["questions"] + 1,), low=0, high=1 + 1e-9),
        refused={"questions": [0, 2.5, 10_001], "coverage": [-0.1, 1.1]},
    ),
    "start_here.confusion": Case(
        valid=fixed(questions=st.integers(1, 500), coverage=number(0, 1), honest=number(0, 1)),
        holds=lambda r, a: 0 <= r[0] <= a["questions"] + 1 and 0 <= r[1] <= 0.5,
        refused={"questions": [0, 2.5], "coverage": [-0.1, 1.1], "honest": [-0.1, 1.1]},
    ),
    "start_here.expected_interval_score": Case(
        valid=fixed(
            half_width=array(number(0, 1e6)), sd=number(1e-6, 1e6),
            alpha=number(1e-6, 1),
        ),
        holds=numbers(of("half_width"), low=0),
        refused={"half_width": [-1.0, 1e7], "sd": [0.0, 1e7], "alpha": [0.0, 1.1]},
    ),
    # progress
    "progress.IdeaProduction": Case(
        valid=PRODUCTION,
        holds=lambda result, a: kept(result, a) and math.isfinite(result.exponent),
        refused={
            "returns": [0, -1.0, 11], "difficulty": [0, 6], "rate": [0.0, 1e7], "start": [0.0, 1e7],
        },
    ),
    "progress.returns_to_research": Case(
        valid=fixed(parallel=number(1e-3, 1), labour=number(1e-3, 1), difficulty=number(1e-3, 5)),
        holds=numbers(low=0),
        refused={"parallel": [0, 1.1], "labour": [0, 2], "difficulty": [0, -1]},
    ),
    "progress.time_to_singularity": Case(
        valid=fixed(model=MODEL), holds=numbers(infinite=True, low=0)
    ),
    "progress.time_to_level": Case(
        valid=models_and_targets(),
        holds=numbers(of("target"), low=0),
        refused={"target": [0.0, 1e13, [-1.0]]},
    ),
    "progress.level": Case(
        valid=fixed(model=MODEL, time=array(number(0, 1e12))),
        holds=lambda r, a: numbers(of("time"), low=0.999999 * a["model"].start, high=1e12)(r, a),
        refused={"time": [-1.0, 1e13]},
    ),
    "progress.level_paths": Case(
        valid=fixed(model=MODEL, time=TIMES, returns=RETURNS),
        holds=numbers(lambda a: (len(a["time"]), len(a["returns"])), low=0, high=1e12),
        refused={"time": [[-1.0]], "returns": [[0.0], [12.0]]},
    ),
    "progress.level_band": Case(
        valid=fixed(model=MODEL, time=TIMES, returns=RETURNS, probabilities=array(number(0, 1), 3)),
        holds=numbers(lambda a: (3, len(a["time"])), low=0, high=1.000001e12),
        refused={"time": [[-1.0]], "returns": [[0.0]], "probabilities": [[1.1], [-0.1]]},
    ),
    "progress.level_by_ode": Case(
        valid=solvable(),
        holds=numbers(of("time"), low=0),
        refused={"time": [[-1.0], [0.0, 0.0], [1e13]]},
    ),
    # progress_doublings
    "progress_doublings.doubling_ratio": Case(
        valid=fixed(returns=array(number(0.1, 10), (2, 3)), parallel=array(number(1e-3, 1), 3)),
        holds=numbers(together("returns", "parallel"), low=0, high=512),
        refused={"returns": [0.0, 11.0], "parallel": [0.0, 1.5]},
    ),
    "progress_doublings.doubling_times": Case(
        valid=fixed(first=number(1e-6, 1e6), ratio=number(1e-3, 512), n=st.integers(1, 100)),
        holds=numbers(lambda a: (a["n"],), low=0),
        refused={"first": [0.0, 1e7], "ratio": [0.0, 513.0], "n": [0, 101, 2.5]},
    ),
    "progress_doublings.time_left": Case(
        valid=fixed(first=array(number(1e-6, 1e6), (2, 1)), ratio=array(number(1e-3, 512), 3)),
        holds=numbers(together("first", "ratio"), infinite=True, low=0),
        refused={"first": [0.0, 1e7], "ratio": [0.0, 513.0]},
    ),
    "progress_doublings.ReturnsBelief": Case(
        valid=beliefs(),
        holds=lambda r, a: kept(r, a) and r.low < r.median < r.high and 0 < r.spread < math.inf,
        refused={
            "low": [0.0, 200.0], "high": [0.01, 200.0], "coverage": [0.0, 1.1],
            "shape": ["normal", 3],
        },
    ),
    "progress_doublings.chance_above_one": Case(
        valid=fixed(belief=BELIEF), holds=numbers(low=0, high=1)
    ),
    "progress_doublings.returns_at": Case(
        valid=fixed(belief=BELIEF, probability=array(number(1e-12, 1 - 1e-12))),
        holds=numbers(of("probability"), low=0),
        refused={"probability": [0.0, 1.0, [0.5, -0.1]]},
    ),
    "progress_doublings.ExplosionRanges": Case(
        valid=RANGES,
        holds=kept,
        refused={
            "speed_up": [(0, 1), (2, 1)], "returns": [(0, 1), (3,)], "parallel": [(0.1, 2)],
            "limit_years": [(0, 5), (1, 30), (2, 3, 4)],
        },
    ),
    "progress_doublings.doubling_clock": Case(
        valid=fixed(
            ranges=RANGES.map(lambda a: progress.ExplosionRanges(**a)),
            noise=array(number(0, 1), st.tuples(st.just(4), st.integers(1, 5))),
        ),
        holds=numbers(
            lambda a: (math.ceil(8 * a["ranges"].limit_years[1]) + 1, a["noise"].shape[1]), low=0
        ),
        refused={"noise": [np.zeros((3, 2)), np.zeros(4), np.full((4, 1), 1.5)]},
    ),
    "progress_doublings.chance_compressed": Case(
        valid=fixed(clock=CLOCK, years=st.integers(1, 20), months=number(1e-3, 1200)),
        holds=numbers(low=0, high=1),
        refused={
            "clock": [np.zeros(9), np.full((9, 1), -1.0)], "years": [0, 21, 1.5],
            "months": [0.0, 1201],
        },
    ),
    # progress_bottlenecks
    "progress_bottlenecks.ces_output": Case(
        valid=fixed(
            labour=array(number(1e-12, 1e12), (2, 1)), compute=array(number(1e-12, 1e12), 3),
            share=number(0, 1, exclude_min=True, exclude_max=True), rho=number(-50, 1),
        ),
        holds=numbers(together("labour", "compute"), low=0),
        refused={"labour": [0.0, 1e13], "compute": [-1.0], "share": [0.0, 1.0], "rho": [-51, 1.1]},
    ),
    "progress_bottlenecks.ces_cap": Case(
        valid=fixed(share=number(0, 1, exclude_min=True, exclude_max=True), rho=number(-50, 1)),
        holds=numbers(infinite=True, low=1),
        refused={"share": [0.0, 1.0], "rho": [-51, 2]},
    ),
    "progress_bottlenecks.substitution_elasticity": Case(
        valid=fixed(rho=number(-50, 1, exclude_max=True)),
        holds=numbers(low=0),
        refused={"rho": [1.0, -51]},
    ),
    "progress_bottlenecks.amdahl": Case(
        valid=fixed(share=array(number(0, 1), (2, 1)), speedup=array(number(1e-6, 1e12), 3)),
        holds=numbers(together("share", "speedup"), low=0),
        refused={"share": [-0.1, 1.1], "speedup": [0.0, -3.0]},
    ),
    "progress_bottlenecks.amdahl_cap": Case(
        valid=fixed(share=array(number(0, 1))),
        holds=numbers(of("share"), infinite=True, low=1),
        refused={"share": [-0.1, 1.1]},
    ),
    "progress_bottlenecks.cycle_time": Case(
        valid=stage_times(), holds=numbers(lambda a: (2,), low=0), refused=BAD_STAGES
    ),
    "progress_bottlenecks.overall_speedup": Case(
        valid=stage_times(), holds=numbers(lambda a: (2,), low=0), refused=BAD_STAGES
    ),
    "progress_bottlenecks.time_shares": Case(
        valid=stage_times(), holds=numbers(of("times"), low=0, high=1), refused=BAD_STAGES
    ),
    "progress_bottlenecks.bottleneck": Case(
        valid=stage_times(),
        holds=lambda r, a: numbers(lambda a: (2,), low=0, high=len(a["speedups"]) - 1)(r, a),
        refused=BAD_STAGES,
    ),
    "progress_bottlenecks.speedup_needed": Case(
        valid=automatable(),
        holds=numbers(infinite=True, low=0.999999),
        refused={
            "times": [[0.0], [-1.0]], "factor": [0.5, 1e7],
            "automated": [[1, 0], [True] * 9, True],
        },
    ),
    "progress_bottlenecks.takeoff_time": Case(
        valid=fixed(**WORK), holds=numbers(low=0), refused=BAD_WORK
    ),
    "progress_bottlenecks.takeoff_time_in_slices": Case(
        valid=fixed(**WORK, slices=st.integers(1, 1000)),
        holds=numbers(low=0),
        refused={**BAD_WORK, "slices": [0, 2.5, 1e7]},
    ),
    # progress_horizons
    "progress_horizons.Horizons": Case(
        valid=tables(),
        holds=lambda r, a: kept(r, a) and len(r) == len(a["model"]),
        refused={
            "model": [np.array(["a"] * 99)],
            "released": [["soon"], np.array(["NaT"], "datetime64[D]"), np.array([DAY] * 99)],
            **{name: [np.zeros(1), np.ones(99)] for name in HORIZON_COLUMNS},
        },
    ),
    "progress_horizons.time_horizons": Case(
        valid=fixed(), holds=lambda result, _: isinstance(result, progress.Horizons)
    ),
    "progress_horizons.released_between": Case(
        valid=fixed(horizons=TABLE, start=st.just("2019-01-01"), end=st.just("2035-01-01")),
        holds=lambda r, a: len(r) == len(a["horizons"]),
        refused={"start": ["soon", None, 3.5], "end": ["later", "2018-01-01", None]},
    ),
    "progress_horizons.running_max": Case(
        valid=fixed(horizons=TABLE),
        holds=lambda r, a: 1 <= len(r) <= len(a["horizons"]) and bool(np.all(np.diff(r.p50) > 0)),
    ),
    "progress_horizons.DoublingFit": Case(
        valid=fixed(
            days=number(1e-3, 1e6), days_se=number(0, 1e6), r_squared=number(0, 1),
            origin=st.just(DAY), minutes_at_origin=number(1e-6, 1e6),
        ),
        holds=lambda r, a: kept(r, a) and float(r.minutes(DAY)) == a["minutes_at_origin"],
        refused={
            "days": [0.0, -5.0], "days_se": [-1.0], "r_squared": [1.5, -0.1],
            "origin": ["soon", None], "minutes_at_origin": [0.0],
        },
    ),
    "progress_horizons.doubling_time": Case(
        valid=growing(),
        holds=lambda r, a: isinstance(r, progress.DoublingFit) and math.isfinite(r.days),
        refused={
            "dates": [["soon"] * 3, np.array([DAY] * 2)],
            "horizons": [[0.0, 1.0, 2.0], np.ones(99)],
        },
    ),
    "progress_horizons.window_effect": Case(
        valid=fixed(
            horizons=st.just(progress.time_horizons()),
            starts=st.lists(st.sampled_from(["2019-01-01", "2022-06-30"]), min_size=1),
            end=st.sampled_from(["2025-04-01", "2025-05-01"]),
        ),
        holds=lambda r, a: len(r) == len(a["starts"]) and all(fit.days > 0 for fit in r),
        refused={"starts": [["soon"], [None]], "end": ["later", None]},
    ),
    # loop
    "loop.Stage": Case(
        valid=STAGE.map(lambda s: {"gain": s.gain, "leak": s.leak, "spread": s.spread}),
        holds=lambda r, a: kept(r, a) and r.burst >= 1 and 0 <= r.retention <= 1,
        refused={"gain": [-0.1, 1.1], "leak": [-0.1, 1.1], "spread": [-1.0, 11.0]},
    ),
    "capstone.Policy": Case(
        valid=POLICY_FIELDS,
        holds=lambda r, a: kept(r, a) and r.cost == math.fsum(r.bill.values()) and bool(r.words),
        refused={
            "tests": [24, 401, 50.5], "freshness": [-0.1, 1.1], "evaluators": [-1, 6, 1.5],
            "origin": ["family", None], "scope": ["all", None], "gate": [-1, 101],
            "review": [-1, 11], "pause": [-1, 11, 0.5], "rollback": ["yes", None, 1],
        },
    ),
    "capstone.Setting": Case(
        valid=fixed(loop=LOOP, blind=number(0, 1)), holds=kept,
        refused={"loop": [0.5, None, "many"], "blind": [-0.1, 1.1]},
    ),
    "capstone.affordable": Case(
        valid=fixed(policy=POLICY, budget=number(200, 1000)),
        holds=lambda r, a: r is a["policy"], refused={"budget": [-1]},
    ),
    "capstone.draw_policies": Case(
        valid=fixed(count=st.integers(1, 5), rng=st.builds(np.random.default_rng, st.just(0)),
                    budget=number(20, 100)),
        holds=lambda r, a: len(set(r)) == a["count"] and all(p.cost <= a["budget"] for p in r),
        refused={"count": [0, 1001, 1.5], "budget": [10, 1001]}, anything=("rng",),
    ),
    "capstone.item_worth": Case(
        valid=fixed(freshness=number(0, 1), generation=array(st.integers(0, 250), dtype=int),
                    ageing=number(0, 1)),
        holds=numbers(of("generation"), low=0, high=1 + 1e-12),
        refused={"freshness": [-0.1, 1.1], "generation": [-1, 251, 0.5], "ageing": [-0.1, 1.1]},
    ),
    "capstone.refused_by_tests": Case(
        valid=fixed(policy=POLICY, loss=array(number(0, 1), (3,)),
                    generation=array(st.integers(0, 250), (3,), int), blind=number(0, 1)),
        holds=numbers(of("loss"), low=0, high=1),
        refused={"loss": [-0.1, 1.1], "generation": [-1, 251, 0.5], "blind": [-0.1, 1.1]},
    ),
    "capstone.all_miss": Case(
        valid=fixed(evaluators=st.integers(0, 5), blind=number(0, 1),
                    origin=st.sampled_from(["own family", "elsewhere"])),
        holds=numbers(low=0, high=1),
        refused={"evaluators": [-1, 6, 1.5], "origin": ["family", None], "blind": [-0.1, 1.1]},
    ),
    "capstone.passing": Case(
        valid=fixed(policy=POLICY, setting=SETTING, generations=st.integers(1, 9)),
        holds=numbers(lambda a: (a["generations"], 16), low=0, high=1),
        refused={"generations": [0, 251, 1.5]},
    ),
    "capstone.simulate": Case(
        valid=fixed(policy=POLICY, setting=SETTING, noise=POLICY_NOISE),
        holds=ensemble_shape,
        refused={"noise": [np.zeros((2, 4, 1)), np.zeros(6), np.ones((1, 6, 1)),
                           np.zeros((251, 6, 1))]},
    ),
    "capstone.mean_alignment": Case(
        valid=fixed(policy=POLICY.map(lambda p: dataclasses.replace(p, pause=0, rollback=False)),
                    setting=SETTING, generations=st.integers(1, 20)),
        holds=numbers(lambda a: (a["generations"] + 1,), low=-1e-12, high=1),
        refused={"generations": [0, 251, 1.5],
                 "policy": [capstone.Policy(pause=1), capstone.Policy(rollback=True)]},
    ),
    "capstone.running_share": Case(
        valid=fixed(alarm=number(0, 1), pause=st.integers(0, 250)), holds=numbers(low=0, high=1),
        refused={"alarm": [-0.1, 1.1], "pause": [-1, 251, 0.5]},
    ),
    "capstone.progress": Case(
        valid=fixed(made=MADE), holds=numbers(lambda a: (2,), low=0),
    ),
    "capstone.harm": Case(
        valid=fixed(made=MADE, floor=number(0, 1)), holds=numbers(lambda a: (2,), low=0, high=100),
        refused={"floor": [-0.1, 1.1]},
    ),
    "capstone_tuning.best_of_weights": Case(
        valid=fixed(things=st.integers(5, 50), tried=array(st.integers(1, 5), dtype=int)),
        holds=numbers(lambda a: (*a["tried"].shape, a["things"]), low=0, high=1 + 1e-9),
        refused={"things": [0, 10_001, 7.5], "tried": [0, 51, 1.5]},
    ),
    "capstone_tuning.tuned": Case(
        valid=fixed(practice=array(number(-1e3, 1e3), (6,)), other=array(number(-1e3, 1e3), (6,)),
                    tried=array(st.integers(1, 6), dtype=int)),
        holds=numbers(lambda a: (2, *a["tried"].shape)),
        refused={"practice": [np.zeros((6, 2)), np.full(6, np.nan)],
                 "other": [np.zeros(5), np.full(6, np.inf)], "tried": [0, 7, 1.5]},
    ),
    "capstone_tuning.gap_interval": Case(
        valid=fixed(practice=array(number(-1e3, 1e3), (4, 3, 2)),
                    other=array(number(-1e3, 1e3), (4, 2, 2)), tried=st.integers(1, 4),
                    rng=st.builds(np.random.default_rng, st.just(0)), beyond=st.integers(0, 4),
                    resamples=st.just(10), coverage=number(0.5, 0.95)),
        holds=numbers(lambda a: (3,)),
        refused={"practice": [np.zeros((4, 3)), np.full((4, 3, 2), np.nan)],
                 "other": [np.zeros((3, 3, 2)), np.full((4, 3, 2), np.inf)], "tried": [0, 5, 1.5],
                 "beyond": [-1, 5, 0.5], "resamples": [9, 100_001, 10.5], "coverage": [0, 1]},
        anything=("rng",),
    ),
    "loop.Loop": Case(
        valid=fixed(**{name: STAGE for name in loop.STAGES}),
        holds=lambda r, a: kept(r, a) and 0 <= r.retention <= 1 <= r.growth <= 16,
        refused={name: [0.5, None, "many"] for name in loop.STAGES},
    ),
    "loop.Review": Case(
        valid=fixed(every=st.integers(1, 250), restores=number(0, 1)),
        holds=kept,
        refused={"every": [0, 251, 1.5], "restores": [-0.1, 1.1]},
    ),
    "loop.Ensemble": Case(
        valid=fixed(
            capability=array(number(1, 1e9), (3, 2)), alignment=array(number(0, 1), (3, 2))
        ),
        holds=kept,
        refused={
            "capability": [np.zeros((3, 2)), np.ones((2, 2)), np.ones(3)],
            "alignment": [np.full((3, 2), 2.0), np.ones((4, 2))],
        },
    ),
    "loop.simulate": Case(
        valid=fixed(loop=LOOP, noise=NOISE, review=REVIEW),
        holds=ensemble_shape,
        refused={
            "noise": [np.zeros((2, 3, 1)), np.zeros(4), np.ones((1, 4, 1)), np.zeros((300, 4, 1))]
        },
    ),
    "loop.mean_capability": Case(
        valid=fixed(loop=LOOP, generations=array(st.integers(0, 250), dtype=int)),
        holds=numbers(of("generations"), low=1),
        refused={"generations": [-1, 251, 0.5]},
    ),
    "loop.mean_alignment": Case(
        valid=fixed(loop=LOOP, generations=array(st.integers(0, 250), dtype=int), review=REVIEW),
        holds=numbers(of("generations"), low=0, high=1 + 1e-12),
        refused={"generations": [-1, 251, 0.5]},
    ),
    "loop.generations_until": Case(
        valid=fixed(loop=LOOP, floor=number(0, 1, exclude_min=True)),
        holds=numbers(infinite=True, low=0),
        refused={"floor": [0.0, 1.1]},
    ),
    "loop.required_retention": Case(
        valid=fixed(
            target=number(0, 1, exclude_min=True), generations=st.integers(1, 10_000),
            stages=st.integers(1, 100),
        ),
        holds=numbers(low=0, high=1),
        refused={"target": [0.0, 1.1], "generations": [0, 1.5], "stages": [0, 2.5, 101]},
    ),
    "loop.loss_shares": Case(valid=fixed(loop=LOOP), holds=numbers(lambda a: (4,), low=0, high=1)),
    "loop.perfected": Case(
        valid=fixed(loop=LOOP, except_for=st.sampled_from(loop.STAGES)),
        holds=lambda r, a: math.isclose(
            r.retention, getattr(a["loop"], a["except_for"]).retention, rel_tol=1e-12
        ),
        refused={"except_for": ["review", None]},
    ),
    "loop.weakest_stage_decides": Case(
        valid=fixed(loop=LOOP),
        holds=lambda r, a: r is bool(loop.loss_shares(a["loop"]).max() > 0.5),
    ),
    # steering
    "steering.largest_gain": Case(
        valid=fixed(delay=DELAYS),
        holds=numbers(of("delay"), low=0, high=2),
        refused={"delay": [-1, 0.5, 10_001]},
    ),
    "steering.overshoot_free_gain": Case(
        valid=fixed(delay=DELAYS, growth=number(0.01, 3)),
        holds=numbers(of("delay"), low=0, high=1.001e300),
        refused={"delay": [-1, 0.5, 10_001], "growth": BAD_GROWTH},
    ),
    "steering.stabilising_gains": Case(
        valid=fixed(delay=st.integers(0, 10_000), growth=number(0.01, 3)),
        holds=lambda r, a: (
            a["delay"] > 0 and a["growth"] >= 1 if r is None else -1 <= r[0] < r[1] <= 4
        ),
        refused={"delay": [-1, 0.5, 10_001], "growth": BAD_GROWTH},
    ),
    "steering.dominant_root": Case(
        valid=fixed(
            delay=st.integers(0, 30), gain=number(-10, 10), growth=number(0.01, 3)
        ),
        holds=lambda r, a: isinstance(r, complex) and r.imag >= 0 and abs(r) <= 13.1,
        refused={"delay": [-1, 0.5, 201], "gain": [-11.0, 11.0], "growth": BAD_GROWTH},
    ),
    "steering.stationary_sd": Case(
        valid=fixed(
            delay=st.integers(0, 30), gain=number(0, 10), growth=number(0.01, 3)
        ),
        holds=numbers(infinite=True, low=1 - 1e-9),
        refused={"delay": [-1, 0.5, 201], "gain": [-0.1, 11.0], "growth": BAD_GROWTH},
    ),
    "steering.simulate": Case(
        valid=fixed(
            noise=DEVIATIONS, gain=number(0, 10), delay=st.integers(0, 300),
            growth=number(0.01, 3), start=number(-1e6, 1e6),
        ),
        holds=numbers(lambda a: (len(a["noise"]) + 1, a["noise"].shape[1])),
        refused={
            "noise": BAD_DEVIATIONS, "gain": [-0.1, 11.0, np.full(13, 0.1)],
            "delay": [-1, 0.5, 10_001, np.full(13, 1)], "growth": BAD_GROWTH, "start": [1e7],
        },
    ),
    "steering.largest_rate": Case(
        valid=fixed(lag=array(number(1e-6, 1e6))),
        holds=numbers(of("lag"), low=0),
        refused={"lag": [0.0, 1e7]},
    ),
    "steering.overshoot_free_rate": Case(
        valid=fixed(lag=array(number(1e-6, 1e6))),
        holds=numbers(of("lag"), low=0),
        refused={"lag": [0.0, 1e7]},
    ),
    "steering.continuous_root": Case(
        valid=fixed(rate=number(1e-9, 1e3), lag=number(1e-3, 1e3)),
        holds=lambda r, a: isinstance(r, complex) and np.isfinite(r) and r.imag >= 0,
        refused={"rate": [0.0, 1e4], "lag": [0.0, 1e4]},
    ),
    "steering.continuous_response": Case(
        valid=fixed(time=array(number(0, 20)), rate=number(1e-6, 3), lag=number(1, 1)),
        holds=numbers(of("time")),
        refused={"time": [-1.0, 21.0], "rate": [0.0, 3.1], "lag": [0.0, 1e4]},
    ),
    "steering_pace.Pace": Case(
        valid=PACE.map(lambda p: {"cycle": p.cycle, "shrink": p.shrink, "floor": p.floor}),
        holds=lambda r, a: kept(r, a) and r.generations_to_floor >= 0 and r.shortest <= r.cycle,
        refused={"cycle": [0.0, 1e5], "shrink": [0.4, 1.1], "floor": [0.0, 1e5]},
    ),
    "steering_pace.elapsed": Case(
        valid=fixed(pace=PACE, generation=array(st.integers(-1000, 1000), dtype=int)),
        holds=lambda r, a: numbers(of("generation"))(r, a)
        and bool(np.all(np.sign(r) == np.sign(a["generation"]))),
        refused={"generation": [0.5, 1e19]},
    ),
    "steering_pace.delay_at": Case(
        valid=fixed(
            pace=PACE, review=number(0, 1e4), generation=array(st.integers(0, 1000), dtype=int)
        ),
        holds=numbers(of("generation"), low=0),
        refused={"review": [-1.0, 1e5], "generation": [-1, 0.5, 1e19]},
    ),
    "steering_pace.longest_delay": Case(
        valid=fixed(gain=number(0, 10), growth=number(0.01, 3)),
        holds=numbers(infinite=True, low=-1),
        refused={"gain": [-0.1, 11.0], "growth": [0.0, 3.5]},
    ),
    "steering_pace.critical_generation": Case(
        valid=fixed(
            pace=PACE, review=number(0, 1e4), gain=number(0, 10), growth=number(0.01, 3)
        ),
        holds=numbers(infinite=True, low=0),
        refused={"review": [-1.0, 1e5], "gain": [-0.1, 11.0], "growth": [0.0, 3.5]},
    ),
    "steering_memory.simulate_with_memory": Case(
        valid=fixed(
            noise=DEVIATIONS, gain=number(0, 3), delay=st.integers(0, 100),
            growth=number(0, 1.5, exclude_min=True), believed=number(0, 1.5, exclude_min=True),
            start=number(-1e6, 1e6),
        ),
        holds=numbers(lambda a: (len(a["noise"]) + 1, a["noise"].shape[1])),
        refused={
            "noise": BAD_DEVIATIONS, "gain": [-0.1, 4.0], "delay": [-1, 0.5, 101],
            "growth": [0.0, 2.0], "believed": [0.0, 2.0], "start": [1e7],
        },
    ),
    "steering_memory.memory_radius": Case(
        valid=fixed(
            delay=st.integers(0, 30), gain=number(0, 3),
            growth=number(0, 1.5, exclude_min=True), believed=number(0, 1.5, exclude_min=True),
        ),
        holds=numbers(low=0),
        refused={
            "delay": [-1, 0.5, 101], "gain": [-0.1, 4.0], "growth": [0.0, 2.0],
            "believed": [0.0, 2.0],
        },
    ),
    "steering_memory.memory_sd": Case(
        valid=fixed(
            delay=st.integers(0, 100), gain=number(0, 3), growth=number(0, 1.5, exclude_min=True)
        ),
        holds=numbers(infinite=True, low=1 - 1e-9),
        refused={"delay": [-1, 0.5, 101], "gain": [-0.1, 4.0], "growth": [0.0, 2.0]},
    ),
    # drift
    "drift.Drift": Case(
        valid=fixed(**DRIFTING),
        holds=lambda r, a: kept(r, a) and r.settled_spread >= 0 and not math.isnan(r.settled_mean),
        refused={"bias": [-11, 11], "spread": [-1, 11], "correction": [-0.1, 1.1]},
    ),
    "drift.drift_mean": Case(
        valid=fixed(drift=DRIFT, generations=array(st.integers(0, 10_000), dtype=int)),
        holds=numbers(of("generations")),
        refused={"generations": [-1, 0.5, 10_001]},
    ),
    "drift.drift_variance": Case(
        valid=fixed(drift=DRIFT, generations=array(st.integers(0, 10_000), dtype=int)),
        holds=numbers(of("generations"), low=0),
        refused={"generations": [-1, 0.5, 10_001]},
    ),
    "drift.simulate": Case(
        valid=fixed(drift=DRIFT, noise=DRIFT_NOISE),
        holds=numbers(lambda a: (len(a["noise"]) + 1, a["noise"].shape[1])),
        refused={"noise": [np.zeros(3), np.zeros((2, 2, 2)), np.full((2, 2), 50.0)]},
    ),
    "drift.crossed": Case(
        valid=fixed(paths=DRIFT_NOISE, boundary=number(-5, 5),
                    between=st.just(0.0) | number(1e-6, 10), correction=number(0, 1)),
        holds=numbers(of("paths"), low=0, high=1),
        refused={"paths": [np.zeros(3), np.full((2, 2), 1e10)], "boundary": [math.inf],
                 "between": [-0.1, 1e-7, 11], "correction": [-0.1, 1.1]},
    ),
    "drift.first_passage_cdf": Case(
        valid=fixed(**PASSAGE, time=array(number(0, 1e9))),
        holds=numbers(of("time"), low=0, high=1),
        refused={"boundary": [0, -1, 1001], "time": [-1, 1e10]},
    ),
    "drift.first_passage_density": Case(
        valid=fixed(**PASSAGE, time=array(number(0, 1e9))),
        holds=numbers(of("time"), low=0),
        refused={"boundary": [0, -1, 1001], "time": [-1, 1e10]},
    ),
    "drift.first_passage_moments": Case(
        valid=fixed(**PASSAGE),
        holds=lambda r, _: len(r) == 2 and all(x > 0 for x in r),
        refused={"boundary": [0, -1, 1001]},
    ),
    "drift.chance_ever": Case(
        valid=fixed(**PASSAGE), holds=numbers(low=0, high=1),
        refused={"boundary": [0, -1, 1001]},
    ),
    "drift.crossed_at_looks": Case(
        valid=fixed(drift=WIDE_DRIFT, boundary=number(0.1, 10), generations=st.integers(1, 20)),
        holds=lambda r, a: numbers(lambda a: (a["generations"] + 1,), low=0, high=1)(r, a)
        and bool(np.all(np.diff(r) >= -1e-7)),
        refused={"boundary": [0, 1001], "generations": [0, 1.5, 501]},
    ),
    "drift_collapse.Refit": Case(
        valid=REFIT.map(lambda r: {"samples": r.samples, "fresh": r.fresh, "unbiased": r.unbiased}),
        holds=kept,
        refused={"samples": [1, 2.5, 100_001], "fresh": [-1, 0.5, 301],
                 "unbiased": ["no", None, [1]]},
    ),
    "drift_collapse.refit": Case(
        valid=fixed(rule=REFIT, noise=DRAWS),
        holds=two_of(lambda a: (len(a["noise"]) + 1, a["noise"].shape[2])),
        refused={"noise": BAD_DRAWS},
    ),
    "drift_collapse.accumulate": Case(
        valid=fixed(samples=st.integers(2, 300), noise=DRAWS),
        holds=numbers(lambda a: (len(a["noise"]) + 1, a["noise"].shape[2]), low=0),
        refused={"samples": [1, 2.5], "noise": BAD_DRAWS},
    ),
    "drift_collapse.refit_moments": Case(
        valid=fixed(rule=REFIT, generations=st.integers(1, 50)),
        holds=two_of(lambda a: (a["generations"] + 1,)),
        refused={"generations": [0, 1.5, 10_001]},
    ),
    "drift_collapse.settled_moments": Case(
        valid=fixed(rule=REFIT),
        holds=lambda r, _: len(r) == 2 and all(x >= 0 for x in r),
    ),
    "drift_collapse.typical_variance": Case(
        valid=fixed(
            rule=st.builds(drift.Refit, samples=st.integers(2, 300), unbiased=st.booleans()),
            generations=array(st.integers(0, 10_000), dtype=int),
        ),
        holds=numbers(of("generations"), low=0, high=1),
        refused={"generations": [-1, 0.5, 10_001]},
    ),
    "drift_collapse.accumulated_variance": Case(
        valid=fixed(samples=st.integers(2, 300), generations=st.integers(1, 50)),
        holds=numbers(lambda a: (a["generations"] + 1,), low=0.3, high=1),
        refused={"samples": [1, 2.5], "generations": [0, 1.5, 10_001]},
    ),
    "drift_collapse.least_fresh": Case(
        valid=fixed(samples=st.integers(2, 100), floor=number(0, 0.9), noise=DRAWS),
        holds=lambda r, a: isinstance(r, int) and 0 <= r <= a["samples"],
        refused={"samples": [1, 2.5], "floor": [-0.1, 0.95], "noise": BAD_DRAWS},
    ),
    "drift_stages.needed_of_one": Case(
        valid=fixed(
            target=number(1e-6, 1), generations=st.integers(1, 10_000),
            others=array(number(1e-3, 1), 3),
        ),
        holds=lambda r, _: 0 < r <= 1 or r == math.inf,
        refused={"target": [0, 1.1], "generations": [0, 1.5], "others": [[0.0, 1.0], [1.1]]},
    ),
    "drift_stages.StageLog": Case(
        valid=stage_logs(),
        holds=lambda r, a: kept(r, a) and len(r) == len(a["stage"]),
        refused={
            "generation": [[0], [1.5], np.ones((2, 2))], "stage": [[4], [-1], np.zeros((9, 9))],
            "before": [np.zeros(3), np.ones(7)], "after": [np.zeros(3), np.ones(7)],
        },
    ),
    "drift_stages.keep_log": Case(
        valid=fixed(
            loop=MILD_LOOP, generations=st.integers(1, 250),
            rng=st.integers(0, 9).map(np.random.default_rng), error=number(0, 1),
            kept=number(0.01, 1),
        ),
        holds=lambda r, a: 4 <= len(r) <= 4 * a["generations"],
        refused={"generations": [0, 1.5, 251], "error": [-0.1, 1.1], "kept": [0, 1.1, [1, 1]]},
        anything=("rng",),
    ),
    "drift_stages.stage_losses": Case(
        valid=fixed(
            log=st.integers(0, 9).map(
                lambda seed: drift.keep_log(loop.Loop(), 20, np.random.default_rng(seed))
            )
        ),
        holds=two_of(lambda _: (4,)),
    ),
    # goodhart
    "goodhart.Proxy": Case(
        valid=PROXY.map(
            lambda p: {"value_sd": p.value_sd, "error_sd": p.error_sd, "tail": p.tail}
        ),
        holds=lambda r, a: kept(r, a) and 0 < r.slope < 1 and r.score_sd > r.value_sd,
        refused={"value_sd": [0.0, 5.0], "error_sd": [0.0, 5.0], "tail": [2.0, 51, -math.inf]},
    ),
    "goodhart.expected_maximum": Case(
        valid=fixed(n=COUNTS), holds=numbers(of("n"), low=-1e-9, high=5), refused=BAD_COUNT
    ),
    "goodhart.posterior_value": Case(
        valid=fixed(proxy=PROXY, score=array(number(-1e6, 1e6))),
        holds=numbers(of("score")),
        refused={"score": [2e6, [-2e6]]},
    ),
    "goodhart.best_of_n_value": Case(
        valid=fixed(proxy=PROXY, n=COUNTS), holds=numbers(of("n"), low=-1e-6), refused=BAD_COUNT
    ),
    "goodhart.best_of_n_spread": Case(
        valid=fixed(proxy=PROXY, n=COUNTS), holds=numbers(of("n"), low=0.01), refused=BAD_COUNT
    ),
    "goodhart.winning_score": Case(
        valid=fixed(proxy=PROXY, n=COUNTS), holds=numbers(of("n"), low=-0.01), refused=BAD_COUNT
    ),
    "goodhart.best_n": Case(
        valid=fixed(proxy=PROXY, cost=number(0, 10), most=st.integers(1, 10**6)),
        holds=lambda r, a: isinstance(r, int) and 1 <= r <= a["most"],
        refused={"cost": [-0.1, 11], "most": [0, 2.5, 2e6]},
    ),
    "goodhart.simulated_best_of_n": Case(
        valid=fixed(
            proxy=PROXY, n=st.integers(1, 50), runs=st.integers(1, 20),
            rng=st.integers(0, 9).map(np.random.default_rng),
        ),
        holds=numbers(lambda a: (a["runs"],)),
        refused={**BAD_COUNT, "runs": [0, 2.5, 2e7]},
        anything=("rng",),
    ),
    # detection
    "detection.cusum": Case(
        valid=fixed(values=array(number(-9, 9), (5, 3)), slack=number(0, 5)),
        holds=numbers(lambda a: (6, 3), low=0),
        refused={"values": [[1.0], [[2e6]]], "slack": [-0.1, 6.0]},
    ),
    "detection.alarm_steps": Case(
        valid=fixed(paths=array(number(0, 9), (5, 3)), threshold=number(0.1, 9)),
        holds=numbers(lambda a: (3,), infinite=True, low=0),
        refused={"paths": [[1.0], [[1e13]]], "threshold": [0.0, -1.0]},
    ),
    "detection.run_length": Case(
        valid=fixed(
            threshold=array(number(0.01, 6)), shift=number(-2, 5), slack=number(0.05, 1.5),
            sides=st.integers(1, 2),
        ),
        holds=numbers(of("threshold"), low=0.99),
        refused={
            "threshold": [0.0, 13.0], "shift": [-6.0, 6.0], "slack": [0.0, 6.0], "sides": [0, 3],
        },
    ),
    "detection.siegmund_run_length": Case(
        valid=fixed(
            threshold=array(number(0.01, 12)), shift=number(-5, 5), slack=number(0.05, 5),
            sides=st.integers(1, 2),
        ),
        holds=numbers(of("threshold"), low=0),
        refused={
            "threshold": [0.0, 13.0], "shift": [-6.0, 6.0], "slack": [0.0, 6.0], "sides": [0, 3],
        },
    ),
    "detection.first_order_delay": Case(
        valid=fixed(false_alarm_length=array(number(1, 1e9)), shift=number(0.01, 5)),
        holds=numbers(of("false_alarm_length"), low=0),
        refused={"false_alarm_length": [0.5], "shift": [0.0, 6.0]},
    ),
    "detection.threshold_for": Case(
        valid=fixed(length=number(5, 2000), slack=number(0.25, 2), sides=st.integers(1, 2)),
        holds=numbers(low=0, high=12),
        refused={"length": [1.0, 1e7], "slack": [0.1, 3.0], "sides": [0, 3]},
    ),
    "detection.Sprt": Case(
        valid=fixed(shift=number(0.05, 5), false_alarm=number(1e-6, 0.45), miss=number(1e-6, 0.45)),
        holds=lambda r, a: kept(r, a) and r.lower < 0 < r.upper,
        refused={"shift": [0.0, 6.0], "false_alarm": [0.0, 0.5], "miss": [0.0, 0.5]},
    ),
    "detection.sprt_exact": Case(
        valid=fixed(test=SPRT, mean=number(-5, 5)),
        holds=lambda r, a: -1e-9 <= r[0] <= 1 + 1e-9 and r[1] >= 1 - 1e-9,
        refused={"mean": [-6.0, 6.0]},
    ),
    "detection.sprt_simulated": Case(
        valid=fixed(test=SPRT, noise=array(number(-9, 9), (5, 3)), mean=number(-5, 5)),
        holds=lambda r, a: r[0].shape == r[1].shape == (3,) and bool(np.all(r[1] >= 1)),
        refused={"noise": [[1.0], [[2e6]]], "mean": [-6.0, 6.0]},
    ),
    "detection.wald_sample_number": Case(valid=fixed(test=SPRT), holds=numbers(low=0)),
    "detection.fixed_sample_size": Case(valid=fixed(test=SPRT), holds=numbers(low=0)),
    "detection_sequences.looks_error": Case(
        valid=fixed(looks=st.integers(1, 40), z=number(0.1, 8)),
        holds=numbers(lambda a: (a["looks"],), low=-1e-9, high=1),
        refused={"looks": [0, 301, 1.5], "z": [0.0, 9.0]},
    ),
    "detection_sequences.mixture_boundary": Case(
        valid=fixed(time=array(number(0, 1e9)), rho=number(1e-3, 1e9), alpha=number(1e-9, 0.5)),
        holds=numbers(of("time"), low=0),
        refused={"time": [-1.0], "rho": [0.0], "alpha": [0.0, 0.6]},
    ),
    "detection_sequences.best_rho": Case(
        valid=fixed(time=array(number(1, 1e6)), alpha=number(1e-9, 0.5)),
        holds=numbers(of("time"), low=0),
        refused={"time": [0.5], "alpha": [0.0, 0.6]},
    ),
    "detection_sequences.mixture_e_values": Case(
        valid=fixed(sums=array(number(-1e6, 1e6)), time=number(0, 1e9), rho=number(1e-3, 1e9)),
        holds=numbers(of("sums"), low=0),
        refused={"sums": [2e6], "time": [-1.0], "rho": [0.0]},
    ),
    "detection_sequences.betting_e_values": Case(
        valid=fixed(
            outcomes=array(st.integers(0, 1), (5, 3), int), null=number(1e-6, 0.4),
            alternative=number(0.41, 0.9999),
        ),
        holds=numbers(lambda a: (6, 3), low=0),
        refused={
            "outcomes": [[1], [[0.5]], [[2]]], "null": [0.0, 1.0], "alternative": [1e-9, 1.0],
        },
    ),
    "detection_sequences.ever_outside": Case(
        valid=fixed(
            sums=array(number(-9, 9), (5, 3)),
            boundary=array(number(0, 9), (5,)),
        ),
        holds=numbers(lambda a: (5,), low=0, high=1),
        refused={"sums": [np.full((5, 3), 1e10), [1.0]], "boundary": [[-1.0] * 5, [1.0]]},
    ),
    "detection_rare.Walk": Case(
        valid=fixed(level=number(1, 60), steps=st.integers(1, 250), drift=number(-1, 1)),
        holds=kept,
        refused={"level": [0.5, 61.0], "steps": [0, 251, 1.5], "drift": [-1.5, 1.5]},
    ),
    "detection_rare.passage_chance": Case(valid=fixed(walk=WALK), holds=numbers(low=0, high=1)),
    "detection_rare.plain_walks": Case(
        valid=fixed(walk=WALK5, noise=array(number(-9, 9), (5, 3))),
        holds=numbers(lambda a: (3,), low=0, high=1),
        refused={"noise": [[1.0], np.zeros((4, 1)), np.full((5, 1), 1e7)]},
    ),
    "detection_rare.tilted_walks": Case(
        valid=fixed(walk=WALK5, noise=array(number(-9, 9), (5, 3)), drift=number(-1, 3)),
        holds=numbers(lambda a: (3,), low=0),
        refused={
            "noise": [[1.0], np.zeros((4, 1)), np.full((5, 1), 1e7)], "drift": [-2.0, 4.0],
        },
    ),
    "detection_rare.split_walks": Case(
        valid=fixed(
            walk=WALK5, levels=st.just(np.array([0.5, 3.0])), runs=st.integers(2, 20),
            repeats=st.integers(1, 4), rng=st.integers(0, 9).map(np.random.default_rng),
        ),
        holds=lambda r, a: r.shape == (a["repeats"],) and bool(np.all((r >= 0) & (r <= 1))),
        refused={
            "levels": [[3.0, 0.5], [0.5, 2.0], [-1.0, 3.0]], "runs": [1, 10**6],
            "repeats": [0, 10**5],
        },
        anything=("rng",),
    ),
    "detection_rare.tilted_tail": Case(
        valid=fixed(level=number(0, 12), noise=array(number(-9, 9)), tilt=number(0, 20)),
        holds=numbers(of("noise"), low=0),
        refused={"level": [-1.0, 13.0], "noise": [99.0], "tilt": [-1.0, 21.0]},
    ),
    "detection_rare.tilted_variance": Case(
        valid=fixed(level=number(0, 12), tilt=array(number(0, 20))),
        holds=numbers(of("tilt"), low=0),
        refused={"level": [-1.0, 13.0], "tilt": [-1.0, 21.0]},
    ),
    "detection_rare.best_tilt": Case(
        valid=fixed(level=number(0.5, 12)),
        holds=numbers(low=0.5, high=14),
        refused={"level": [0.1, 13.0]},
    ),
    "detection_prints.softmax": Case(
        valid=fixed(scores=array(number(-1e6, 1e6), (3, 4)), temperature=number(0.01, 1000)),
        holds=lambda r, a: numbers(of("scores"), low=0, high=1)(r, a)
        and np.allclose(r.sum(axis=1), 1),
        refused={"scores": [[1.0], [[1e7]]], "temperature": [0.0, 2000.0]},
    ),
    "detection_prints.disagreement": Case(
        valid=fixed(before=array(st.integers(0, 9), (5,), int), after=st.just(np.arange(5))),
        holds=numbers(low=0, high=1),
        refused={"before": [[1, 2], [-1] * 5, [0.5] * 5], "after": [[1, 2], [-1] * 5, [0.5] * 5]},
    ),
    "detection_prints.mean_kl": Case(
        valid=fixed(before=PROBABILITIES, after=PROBABILITIES),
        holds=numbers(low=0),
        refused={
            "before": [[0.5, 0.5], [[0.5, 0.6]], [[-0.5, 1.5]]],
            "after": [[0.5, 0.5], [[0.5, 0.6]], [[-0.5, 1.5]], [[1.0]]],
        },
    ),
    "detection_prints.calibration_gap": Case(
        valid=fixed(
            confidence=array(number(0, 1), (5,)), right=array(st.integers(0, 1), (5,), int)
        ),
        holds=numbers(low=-1, high=1),
        refused={"confidence": [[1.5] * 5, [0.5]], "right": [[2] * 5, [0.5] * 5, [1]]},
    ),
    "detection_prints.sign_test": Case(
        valid=fixed(lost=array(st.integers(0, 1000), None, int), gained=st.integers(0, 1000)),
        holds=numbers(of("lost"), low=0, high=1),
        refused={"lost": [-1, 0.5], "gained": [-1, 0.5]},
    ),
    "detection_prints.images_to_notice": Case(
        valid=fixed(rate=array(number(0.4, 0.9999)), null=number(1e-6, 0.4),
                    alpha=number(1e-9, 0.5)),
        holds=numbers(of("rate"), infinite=True, low=1),
        refused={"rate": [0.0, 1.0], "null": [0.0, 1.0], "alpha": [0.0, 0.6]},
    ),
    # goodhart_laws
    "goodhart_laws.best_of_n_kl": Case(
        valid=fixed(n=COUNTS), holds=numbers(of("n"), low=0), refused=BAD_COUNT
    ),
    "goodhart_laws.tied_best_of_n_kl": Case(
        valid=fixed(
            probabilities=array(number(0.01, 1), st.integers(1, 6)).map(lambda p: p / p.sum()),
            n=COUNTS,
        ),
        holds=lambda r, a: numbers(of("n"), low=0, high=-math.log(a["probabilities"][-1]) + 1e-9)(
            r, a
        ),
        refused={"probabilities": [[0.0, 1.0], [0.5, 0.6], [[1.0]], 1.0], **BAD_COUNT},
    ),
    "goodhart_laws.Law": Case(
        valid=GAO,
        holds=lambda r, a: kept(r, a) and 0 < r.peak < math.inf and 0 < r.highest < math.inf,
        refused={"alpha": [0.0, 2e3], "beta": [0.0, 2e3], "method": ["SGD", None, 1]},
    ),
    "goodhart_laws.true_reward": Case(
        valid=fixed(law=GAO.map(lambda a: goodhart.Law(**a)), distance=array(number(0, 1e6))),
        holds=numbers(of("distance")),
        refused={"distance": [-1.0, 2e6]},
    ),
    "goodhart_laws.LawFit": Case(
        valid=LAW_FIT,
        holds=lambda r, a: kept(r, a) and r.peak > -math.inf,
        refused={
            "alpha": [math.inf], "beta": [math.inf], "alpha_var": [-1.0], "beta_var": [-1.0],
            "covariance": [math.inf], "points": [2, 3.5], "method": ["SGD", None],
        },
    ),
    "goodhart_laws.fit_law": Case(
        valid=MEASURED,
        holds=lambda r, a: isinstance(r, goodhart.LawFit) and r.points == len(a["reward"]),
        refused={
            "distance": [[0.0, 1, 2], [1.0, 1, 1], [1.0, 2]], "reward": [np.ones(99), [1e10]],
            "method": ["SGD", None],
        },
    ),
    "goodhart_laws.peak_interval": Case(
        valid=fixed(
            fit=LAW_FIT.map(lambda a: goodhart.LawFit(**a)), coverage=number(0.01, 0.999)
        ),
        holds=lambda r, _: 0 <= r[0] <= r[1] and len(r) == 2,
        refused={"coverage": [0.0, 1.0]},
    ),
    # overfitting
    "overfitting.attack_accuracy": Case(
        valid=fixed(**QUERIES, keep=st.sampled_from(overfitting.KEEPS)),
        holds=numbers(together("items", "queries"), low=0.5, high=1),
        refused={**BAD_QUERIES, "keep": ["some", None, 1]},
    ),
    "overfitting.attack_spread": Case(
        valid=fixed(**QUERIES, keep=st.sampled_from(overfitting.KEEPS)),
        holds=numbers(together("items", "queries"), low=0, high=0.5),
        refused={**BAD_QUERIES, "keep": ["some", None, 1]},
    ),
    "overfitting.luck_accuracy": Case(
        valid=fixed(**QUERIES),
        holds=numbers(together("items", "queries"), low=0.5 - 1e-12, high=1),
        refused=BAD_QUERIES | {"queries": [0, 2.5, -1, 2e9]},
    ),
    "overfitting.queries_survived": Case(
        valid=fixed(
            items=array(st.integers(1, 10**9), 3, int), excess=array(number(0.001, 0.4), (2, 1)),
            adaptive=st.booleans(),
        ),
        holds=numbers(together("items", "excess"), low=1e-9),
        refused={"items": [0, 2.5, -1, 2e9], "excess": [0.0, -0.1, 0.5]},
        anything=("adaptive",),
    ),
    "overfitting.simulated_attack": Case(
        valid=fixed(
            items=st.integers(1, 40), queries=st.integers(1, 20), runs=st.integers(1, 5),
            rng=st.integers(0, 9).map(np.random.default_rng),
            keep=st.sampled_from(overfitting.KEEPS), step=st.none() | number(1e-4, 1),
        ),
        holds=numbers(lambda a: (a["runs"],), low=0, high=1),
        refused={
            "items": [0, 2.5, 1e9], "queries": [0, 2.5, -1], "runs": [0, 2.5, 1e9],
            "keep": ["some", None, 1], "step": [0.0, 2.0, "many"],
        },
        anything=("rng",),
    ),
    "overfitting.ladder": Case(
        valid=fixed(
            scores=array(number(0, 1), hnp.array_shapes(max_dims=2)), step=number(1e-4, 1),
            start=number(0, 1),
        ),
        holds=lambda r, a: numbers(of("scores"), low=0, high=1)(r, a)
        and bool(np.all(np.diff(r, axis=0) >= 0)),
        refused={
            "scores": [[1.5], [-0.1], 0.5, np.full((2, 2, 2), 0.5), []],
            "step": [0.0, 2.0], "start": [-0.1, 1.1],
        },
    ),
    # overfitting_reuse
    "overfitting_reuse.Thresholdout": Case(
        valid=fixed(threshold=number(0, 1), tolerance=number(0, 1)),
        holds=kept,
        refused={"threshold": [-0.1, 1.1], "tolerance": [-0.1, 1.1]},
    ),
    "overfitting_reuse.thresholdout": Case(
        valid=fixed(
            gate=st.builds(overfitting.Thresholdout, threshold=number(0, 1)),
            train=array(number(-1e6, 1e6), (2, 3)), holdout=array(number(-1e6, 1e6), (2, 3)),
            noise=array(number(-8, 8), (2, 2, 3)),
        ),
        holds=numbers(of("train")),
        refused={"train": [2e6, [[-2e6]], []], "holdout": [2e6, np.zeros(4)],
                 "noise": [np.zeros((2, 3)), np.zeros((3, 2, 3))]},
    ),
    "overfitting_reuse.Study": Case(
        valid=STUDY,
        holds=lambda r, a: kept(r, a) and r.means.sum() <= a["informative"] * a["shift"] + 1e-9,
        refused={
            "samples": [9, 2.5, 2e6], "variables": [0, 2.5, 2e6], "chosen": [0, 2.5, 1000],
            "informative": [-1, 0.5, 1000], "shift": [-0.1, 11],
        },
    ),
    "overfitting_reuse.Reuse": Case(
        valid=fixed(
            train=array(number(0, 1), 3), holdout=array(number(0, 1), 3),
            fresh=array(number(0, 1), 3), reported=array(number(-1, 2), 3),
            used=array(st.integers(0, 99), 3, int),
        ),
        holds=kept,
        refused={"train": [[1.5]], "holdout": [[-0.1]], "fresh": [[2.0]],
                 "reported": [[math.inf]], "used": [[-1], [0.5]]},
    ),
    "overfitting_reuse.reused_holdout": Case(
        valid=fixed(
            study=STUDY.map(lambda a: overfitting.Study(**a)), runs=st.integers(1, 4),
            rng=st.integers(0, 9).map(np.random.default_rng),
            gate=st.none() | st.builds(overfitting.Thresholdout, threshold=number(0, 0.2)),
        ),
        holds=lambda r, a: r.holdout.shape == r.used.shape == (a["runs"],)
        and bool(np.all(r.used <= a["study"].chosen) and np.all(np.isfinite(r.reported))),
        refused={"runs": [0, 2.5, 1e9]},
        anything=("rng", "gate"),
    ),
    "overfitting_reuse.Climb": Case(
        valid=fixed(
            proposals=st.integers(1, 20), gain=number(0, 100), drag=number(0, 1),
            item_sd=number(0, 100), heredity=number(0, 1),
        ),
        holds=kept,
        refused={
            "proposals": [0, 2.5, 1001], "gain": [-1.0, 101], "drag": [-0.1, 1.1],
            "item_sd": [-1.0, 101], "heredity": [-0.1, 1.1],
        },
    ),
    "overfitting_reuse.Climbed": Case(
        valid=fixed(value=array(number(-9, 9), (3, 2)), visible=array(number(-9, 9), (3, 2))),
        holds=lambda r, a: kept(r, a) and np.array_equal(r.overstated, r.visible - r.value),
        refused={"value": [[math.inf]], "visible": [[-math.inf]]},
    ),
    "overfitting_reuse.simulated_climb": Case(
        valid=fixed(
            climb=st.builds(
                overfitting.Climb, proposals=st.integers(1, 5), drag=number(0, 1),
                item_sd=number(0, 100), heredity=number(0, 1),
            ),
            plan=array(st.integers(0, 500), st.integers(2, 9), int).map(
                lambda plan: np.r_[plan[0] + 1, plan[1:]]
            ),
            runs=st.integers(1, 5), rng=st.integers(0, 9).map(np.random.default_rng),
        ),
        holds=lambda r, a: r.value.shape == r.visible.shape == (len(a["plan"]), a["runs"]),
        refused={"plan": [[0, 5], [5], [5, 0.5], [5, -1], np.ones((2, 2)), []],
                 "runs": [0, 2.5, 1e9]},
        anything=("rng",),
    ),
    # overhang
    "overhang.Elicitation": Case(
        valid=ELICITED.map(lambda e: {"low": e.low, "high": e.high}),
        holds=lambda r, a: kept(r, a) and r.low <= r.mean <= r.high,
        refused={"low": [0.0, 1.1], "high": [0.001, 1.1]},
    ),
    "overhang.score_distribution": Case(
        valid=fixed(latent=number(0, 1), items=st.integers(1, 300), elicitation=ELICITED),
        holds=lambda r, a: numbers(lambda a: (a["items"] + 1,), low=0, high=1 + 1e-9)(r, a)
        and math.isclose(r.sum(), 1, abs_tol=1e-6),
        refused={"latent": [-0.1, 1.1], "items": [0, 2.5, 20_000]},
    ),
    "overhang.latent_interval": Case(
        valid=fixed(
            correct=array(st.integers(0, 20), 3, int), items=st.integers(20, 300),
            elicitation=ELICITED, coverage=number(0.01, 0.99),
        ),
        holds=lambda r, a: numbers(lambda a: (2, 3), low=0, high=1)(r, a)
        and bool(np.all(r[0] <= r[1])),
        refused={
            "correct": [-1, 2.5, [0, 301]], "items": [0, 2.5, 20_000], "coverage": [0.0, 1.0],
        },
    ),
    "overhang.latent_coverage": Case(
        valid=fixed(
            latent=number(0, 1), items=st.integers(1, 100), elicitation=ELICITED,
            coverage=number(0.01, 0.99),
        ),
        holds=lambda r, a: a["coverage"] - 1e-6 <= r <= 1,
        refused={"latent": [-0.1, 1.1], "items": [0, 2.5], "coverage": [0.0, 1.0]},
    ),
    "overhang.SkillLaw": Case(
        valid=LAW.map(lambda law: {"start": law.start, "exponent": law.exponent}),
        holds=lambda r, a: kept(r, a) and math.isclose(math.exp(-r.first_loss), r.start),
        refused={"start": [0.0, 1.0], "exponent": [0.0, 6.0]},
    ),
    "overhang.step_loss": Case(
        valid=fixed(law=LAW, capability=array(number(1e-3, 1e9))),
        holds=numbers(of("capability"), low=0),
        refused={"capability": [0.0, -1.0, 1e81]},
    ),
    "overhang.task_score": Case(
        valid=fixed(
            loss=array(number(0, 1e9), 3), steps=STEPS,
            metric=st.sampled_from(["exact match", "partial credit", "log-probability"]),
        ),
        holds=numbers(together("loss", "steps"), low=-1e18, high=1),
        refused={"loss": [-0.1, 2e9], **BAD_STEPS, "metric": ["accuracy", None, 1]},
    ),
    "overhang.mixed_score": Case(
        valid=fixed(loss=array(number(0, 1e9), 3), steps=STEPS, shape=number(0.01, 1e6)),
        holds=numbers(together("loss", "steps"), low=0, high=1),
        refused={"loss": [-0.1, 2e9], **BAD_STEPS, "shape": [0.0, 2e6]},
    ),
    "overhang.capability_at": Case(
        valid=fixed(
            law=st.builds(overhang.SkillLaw, start=number(0.01, 0.99), exponent=number(0.1, 5)),
            **SCORES, steps=STEPS,
        ),
        holds=numbers(together("score", "steps"), low=0),
        refused={"score": [0.0, 1.0], **BAD_STEPS},
    ),
    "overhang.horizon": Case(
        valid=fixed(law=LAW, capability=array(number(1e-3, 1e9)), score=number(1e-9, 0.999999)),
        holds=numbers(of("capability"), low=0),
        refused={"capability": [0.0, -1.0], "score": [0.0, 1.0]},
    ),
    "overhang.jump_doublings": Case(
        valid=fixed(
            exponent=array(number(0.01, 5)), low=number(1e-9, 0.4), high=number(0.5, 0.999999)
        ),
        holds=numbers(of("exponent"), low=0),
        refused={"exponent": [0.0, 6.0], **BAD_ENDS},
    ),
    "overhang.jump_in_skill": Case(
        valid=fixed(
            steps=array(number(1, 1e9)), low=number(1e-9, 0.4), high=number(0.5, 0.999999)
        ),
        holds=numbers(of("steps"), low=0, high=1),
        refused={**BAD_STEPS, **BAD_ENDS},
    ),
    "overhang.mean_loss": Case(
        valid=fixed(law=LAW, loop=LOOP, generations=array(st.integers(0, 250), dtype=int)),
        holds=numbers(of("generations"), low=0),
        refused={"generations": [-1, 251, 0.5]},
    ),
    "overhang.Scaffold": Case(
        valid=SCAFFOLD.map(
            lambda s: {"generation": s.generation, "low": s.low, "high": s.high}
        ),
        holds=lambda r, a: kept(r, a) and r.low <= r.mean * (1 + 1e-12) <= r.high * (1 + 1e-9),
        refused={"generation": [-1, 251, 0.5], "low": [0.5, 1001.0], "high": [0.5, 1001.0]},
    ),
    "overhang.Release": Case(
        valid=fixed(lab=array(number(1, 1e9), (3, 2)), deployed=array(number(1, 1e9), (3, 2))),
        holds=kept,
        refused={
            "lab": [np.zeros((3, 2)), np.ones((2, 2)), np.ones(3)],
            "deployed": [np.zeros((3, 2)), np.ones((4, 2))],
        },
    ),
    "overhang.release": Case(
        valid=releases(),
        holds=lambda r, a: r.lab.shape == r.deployed.shape == (
            len(a["noise"]) + 1, a["noise"].shape[2]
        ) and bool(np.isfinite(r.deployed).all() and np.all(r.deployed >= r.lab)),
        refused={
            "noise": [np.zeros((2, 3, 1)), np.zeros(4), np.ones((1, 4, 1)), np.zeros((300, 4, 1))],
            "draws": [np.full(9, 0.5), [-0.1], [1.1]],
        },
    ),
    "overhang.mean_deployed": Case(
        valid=fixed(
            loop=LOOP, scaffold=SCAFFOLD, generations=array(st.integers(0, 250), dtype=int)
        ),
        holds=numbers(of("generations"), low=1),
        refused={"generations": [-1, 251, 0.5]},
    ),
    "overhang.usable": Case(
        valid=fixed(
            horizons=array(number(0, 1e20)), steps=array(number(1, 1e9), 5).map(np.sort)
        ),
        holds=numbers(of("horizons"), low=0, high=5),
        refused={"horizons": [-1.0, [1e91]], "steps": [[0.5], [3.0, 2.0], 5.0]},
    ),
    # overhang_coverage
    "overhang_coverage.hit_probability": Case(
        valid=plans(), holds=numbers(low=0, high=1), refused=BAD_PLANS
    ),
    "overhang_coverage.expected_coverage": Case(
        valid=plans(tests=BUDGET),
        holds=numbers(of("tests"), low=0, high=1),
        refused={**BAD_PLANS, "tests": [-1, 0.5, 2e9]},
    ),
    "overhang_coverage.coverage_sd": Case(
        valid=plans(tests=BUDGET),
        holds=numbers(of("tests"), low=0, high=0.5 + 1e-9),
        refused={**BAD_PLANS, "tests": [-1, 0.5, 2e9]},
    ),
    "overhang_coverage.needed_tests": Case(
        valid=plans(coverage=number(1e-6, 0.999999)),
        holds=numbers(infinite=True, low=1),
        refused={**BAD_PLANS, "coverage": [0.0, 1.0]},
    ),
    "overhang_coverage.fewest_tests": Case(
        valid=plans(), holds=numbers(low=1), refused=BAD_PLANS
    ),
    "overhang_coverage.random_tests": Case(
        valid=fixed(
            capabilities=st.integers(5, 20), size=st.integers(1, 5), tests=st.integers(1, 6),
            rng=st.builds(np.random.default_rng, st.integers(0, 9)),
        ),
        holds=lambda r, a: r.shape == (a["tests"], a["capabilities"])
        and bool(np.all(r.sum(axis=1) == a["size"])),
        refused={
            "capabilities": [0, 2.5, 20_000], "size": [0, 100, 2.5], "tests": [0, 2.5, 200_000],
            "rng": [None, "dice"],
        },
    ),
    "overhang_coverage.covered": Case(
        valid=fixed(tests=array(st.booleans(), (3, 5), bool), order=st.integers(1, 3)),
        holds=lambda r, a: 0 <= r <= math.comb(5, a["order"]),
        refused={"tests": [np.ones((2, 3)), np.array([True]), None], "order": [0, 7, 1.5]},
    ),
    "overhang_coverage.untested_share": Case(
        valid=fixed(
            listed=array(st.integers(0, 1000), (2, 1), int),
            present=array(st.integers(0, 1000), 3, int), order=st.integers(1, 6),
        ),
        holds=numbers(together("listed", "present"), low=0, high=1),
        refused={"listed": [-1, 0.5, 20_000], "present": [-1, 0.5, 20_000], "order": [0, 7, 1.5]},
    ),
    # attribution
    "attribution.bundle": Case(
        valid=fixed(factors=st.integers(1, 8)),
        holds=numbers(lambda a: (2, a["factors"]), low=-1, high=1),
        refused={"factors": [0, 9, 2.5]},
    ),
    "attribution.one_at_a_time": Case(
        valid=fixed(factors=st.integers(1, 8)),
        holds=numbers(lambda a: (a["factors"] + 1, a["factors"]), low=-1, high=1),
        refused={"factors": [0, 9, 2.5]},
    ),
    "attribution.full_factorial": Case(
        valid=fixed(factors=st.integers(1, 8)),
        holds=numbers(lambda a: (2 ** a["factors"], a["factors"]), low=-1, high=1),
        refused={"factors": [0, 9, 2.5]},
    ),
    "attribution.repeated": Case(
        valid=fixed(design=SIGNS, runs=st.integers(6, 40)),
        holds=numbers(lambda a: (a["runs"], a["design"].shape[1]), low=-1, high=1),
        refused={"design": BAD_DESIGN, "runs": [0, 5000, 6.5]},
    ),
    "attribution.term_names": Case(
        valid=fixed(factors=st.integers(3, 8), order=st.integers(1, 3)),
        holds=lambda r, a: len(set(r)) == sum(
            math.comb(a["factors"], i) for i in range(1, a["order"] + 1)
        ),
        refused={"factors": [0, 9, 2.5], "order": [0, 9, 1.5]},
    ),
    "attribution.model_matrix": Case(
        valid=fixed(design=SIGNS, terms=TERMS),
        holds=numbers(lambda a: (len(a["design"]), 1 + len(a["terms"])), low=-1, high=1),
        refused={"design": BAD_DESIGN, "terms": BAD_TERMS},
    ),
    "attribution.estimable": Case(
        valid=fixed(design=SIGNS, terms=TERMS),
        holds=lambda r, a: r.shape == (1 + len(a["terms"]),) and r.dtype == bool,
        refused={"design": BAD_DESIGN, "terms": BAD_TERMS},
    ),
    "attribution.simulate": Case(
        valid=fixed(
            design=array(st.sampled_from([-1.0, 1.0]), (4, 2)), noise=array(number(-9, 9), (4, 3)),
            terms=st.just(("A", "B")), effects=array(number(-1e3, 1e3), 2), sigma=number(0, 1e3),
        ),
        holds=numbers(of("noise")),
        refused={
            "design": BAD_DESIGN, "noise": [np.zeros(4), np.zeros((3, 3)), np.full((4, 1), 1e9)],
            "terms": BAD_TERMS, "effects": [[1.0], np.zeros((2, 2))], "sigma": [-1.0, 1e7],
        },
    ),
    "attribution.effects_of": Case(
        valid=fixed(design=st.just(FACTORIAL), scores=array(number(-1e3, 1e3), (8, 2)),
                    terms=TERMS),
        holds=numbers(lambda a: (len(a["terms"]), 2)),
        refused={
            "design": [*BAD_DESIGN, np.ones((8, 3))], "scores": [[1.0], np.zeros((2, 2, 2))],
            "terms": BAD_TERMS,
        },
    ),
    "attribution.effect_errors": Case(
        valid=fixed(design=st.just(FACTORIAL), terms=TERMS, sigma=number(0, 1e3)),
        holds=numbers(lambda a: (len(a["terms"]),), low=0),
        refused={
            "design": [*BAD_DESIGN, np.ones((8, 3))], "terms": BAD_TERMS,
            "sigma": [-1.0, 1e7],
        },
    ),
    "attribution.Effects": Case(
        valid=fixed(
            terms=st.just(("A", "B")), effect=array(number(-9, 9), 2), error=array(number(0, 9), 2),
            low=array(number(-9, 0), 2), high=array(number(0, 9), 2),
        ),
        holds=lambda r, a: all(np.all(getattr(r, n) == v) for n, v in a.items() if n != "terms"),
        refused={
            "terms": [()], "effect": [[1.0], np.inf], "error": [[-1.0, 1.0], [1.0]],
            "low": [[1.0], [10.0, 10.0]], "high": [[1.0], [-10.0, -10.0]],
        },
    ),
    "attribution.estimate": Case(
        valid=fixed(design=st.just(FACTORIAL), scores=array(number(-1e3, 1e3), 8), terms=TERMS,
                    coverage=number(0.01, 0.9999), sigma=number(0.01, 10)),
        holds=lambda r, a: bool(np.all(r.low <= r.effect) and np.all(r.effect <= r.high)),
        refused={
            "design": [*BAD_DESIGN, np.ones((8, 3))], "scores": [[1.0], np.zeros((8, 2))],
            "terms": BAD_TERMS, "coverage": [0.0, 1.0], "sigma": [0.0, -1.0, "one"],
        },
    ),
    "attribution.factorial_variance": Case(
        valid=fixed(sigma=number(0, 1e3), runs=st.integers(2, 4096)),
        holds=numbers(low=0),
        refused={"sigma": [-1.0, 1e7], "runs": [1, 5000, 2.5]},
    ),
    "attribution.one_at_a_time_variance": Case(
        valid=fixed(sigma=number(0, 1e3), runs=st.integers(9, 4096), factors=st.integers(1, 8)),
        holds=numbers(low=0),
        refused={"sigma": [-1.0, 1e7], "runs": [1, 5000, 9.5], "factors": [0, 9, 1.5]},
    ),
    "attribution.variance_ratio": Case(
        valid=fixed(factors=st.integers(1, 8)),
        holds=numbers(low=1, high=4.5),
        refused={"factors": [0, 9, 1.5]},
    ),
    # attribution_fractions
    "attribution_fractions.fraction": Case(
        valid=GENERATED,
        holds=numbers(
            lambda a: (2 ** (a["factors"] - len(a["generators"])), a["factors"]), low=-1, high=1
        ),
        refused={"factors": [1, 9, 2.5], "generators": BAD_GENERATORS},
    ),
    "attribution_fractions.defining_relation": Case(
        valid=GENERATED,
        holds=lambda r, a: len(set(r)) == 2 ** len(a["generators"]) - 1,
        refused={"factors": [1, 9, 2.5], "generators": BAD_GENERATORS},
    ),
    "attribution_fractions.resolution": Case(
        valid=GENERATED,
        holds=lambda r, a: 2 <= r <= a["factors"],
        refused={"factors": [1, 9, 2.5], "generators": BAD_GENERATORS},
    ),
    "attribution_fractions.alias_table": Case(
        valid=GENERATED.flatmap(lambda a: fixed(
            factors=st.just(a["factors"]), generators=st.just(a["generators"]),
            order=st.integers(1, 2),
        )),
        holds=lambda r, a: len(r) == sum(
            math.comb(a["factors"], i) for i in range(1, a["order"] + 1)
        ),
        refused={"factors": [1, 9, 2.5], "generators": BAD_GENERATORS, "order": [0, 9, 1.5]},
    ),
    # attribution_shares
    **{
        f"attribution_shares.{name}": Case(
            valid=fixed(values=st.integers(1, 5).flatmap(
                lambda n: array(number(-1e6, 1e6), (2, 2**n))
            )),
            holds=lambda r, a, d=name == "dividends": (
                r.shape == (2, a["values"].shape[1] if d else a["values"].shape[1].bit_length() - 1)
                and bool(np.isfinite(r).all())
            ),
            refused={"values": [[1.0], [1.0, 2.0, 3.0], np.zeros((2, 0)), [np.inf, 0.0], 3.0]},
        )
        for name in ("shapley", "leave_one_out", "added_first", "dividends")
    },
    # attribution_groups
    **{
        f"attribution_groups.{name}": Case(
            valid=GROUPED, holds=numbers(shape, low=0, high=1), refused=BAD_GROUPED
        )
        for name, shape in (
            ("group_shares", lambda a: a["trials"].shape),
            ("pooled_shares", lambda a: (2,)),
            ("standardised_shares", lambda a: (2,)),
        )
    },
    "attribution_groups.turns_round": Case(
        valid=GROUPED, holds=lambda r, a: isinstance(r, bool), refused=BAD_GROUPED
    ),
    "attribution_groups.Contrasts": Case(
        valid=fixed(estimate=FOUR, error=array(number(0, 9), 4), low=FOUR, high=FOUR),
        holds=kept,
        refused={
            "estimate": [[1.0], np.inf], "error": [[1.0], -np.ones(4)], "low": [[1.0]],
            "high": [[1.0]],
        },
    ),
    "attribution_groups.paired_contrasts": Case(
        valid=fixed(
            cells=array(number(1e-6, 1 - 1e-6), st.tuples(st.just(4), st.integers(2, 6))),
            scale=st.sampled_from(["points", "ratio", "logit"]), coverage=number(0.01, 0.9999),
        ),
        holds=lambda r, a: bool(np.all(r.low <= r.high) and np.isfinite(r.estimate).all()),
        refused={
            "cells": [np.zeros((4, 3)), np.full((3, 3), 0.5), np.full((4, 1), 0.5), [0.5] * 4, 1.2],
            "scale": ["odds", 3], "coverage": [0.0, 1.0],
        },
    ),
    "testing.zero_failure_bound": Case(
        valid=fixed(tests=array(st.integers(1, 10**12), dtype=int), confidence=CONFIDENCE),
        holds=numbers(of("tests"), low=0, high=1),
        refused={"tests": BAD_TESTS, "confidence": BAD_CONFIDENCE},
    ),
    "testing.clopper_pearson": Case(
        valid=fixed(**COUNTED, confidence=CONFIDENCE, side=SIDE),
        holds=numbers(lambda a: (2, *together("failures", "tests")(a)), low=0, high=1),
        refused={**BAD_COUNTED, "confidence": BAD_CONFIDENCE, "side": ["one", None]},
    ),
    "testing.coverage": Case(
        valid=fixed(rate=array(number(0, 1)), tests=st.integers(1, 200), confidence=CONFIDENCE,
                    side=SIDE),
        holds=numbers(of("rate"), low=0, high=1),
        refused={"rate": [-0.1, 1.1], "tests": [0, 0.5, 5001], "confidence": BAD_CONFIDENCE,
                 "side": ["one", None]},
    ),
    "testing.pass_probability": Case(
        valid=fixed(rate=array(number(0, 1), (2, 1)), **COUNTED),
        holds=numbers(together("rate", "failures", "tests"), low=0, high=1),
        refused={"rate": [-0.1, 1.1], **BAD_COUNTED},
    ),
    "testing.demonstration_tests": Case(
        valid=fixed(rate=array(number(1e-9, 0.999), (2, 1)), confidence=CONFIDENCE,
                    failures=array(st.integers(0, 1000), 3, int)),
        holds=numbers(together("rate", "failures"), low=1),
        refused={"rate": [0.0, 1.0, -0.1], "confidence": BAD_CONFIDENCE,
                 "failures": [-1, 0.5, 1001]},
    ),
    "testing.precision_tests": Case(
        valid=fixed(rate=array(number(1e-12, 0.999)), relative=number(1e-6, 1),
                    confidence=CONFIDENCE),
        holds=numbers(of("rate"), low=0),
        refused={"rate": [0.0, 1.0], "relative": [0.0, 1.5], "confidence": BAD_CONFIDENCE},
    ),
    "testing.years_to_failure": Case(
        valid=fixed(rate=array(number(1e-15, 1)), hours=number(1e-6, 1e6),
                    benches=st.integers(1, 10**9)),
        holds=numbers(of("rate"), low=0),
        refused={"rate": [0.0, 1.5], "hours": [0.0, 1e7], "benches": [0, 1.5, 2e9]},
    ),
    "testing.Belief": Case(
        valid=fixed(**BELIEVED), holds=kept,
        refused={"a": [0.0, 1e10], "b": [0.0, 1e10], "perfect": [-0.1, 1.1]},
    ),
    "testing.updated": Case(
        valid=fixed(belief=st.builds(testing.Belief, **BELIEVED), failures=st.integers(0, 50),
                    tests=st.integers(50, 10**6)),
        holds=lambda r, a: r.a == a["belief"].a + a["failures"] and 0 <= r.perfect <= 1,
        refused={"failures": [-1, 0.5, 2e6], "tests": [0, 60.5, 1e9]},
    ),
    "testing.no_failure": Case(
        valid=fixed(belief=st.builds(testing.Belief, **BELIEVED), tests=st.integers(1, 10**6)),
        holds=numbers(low=0, high=1),
        refused={"tests": [0, 0.5, 1e9]},
    ),
    "testing.credible_bound": Case(
        valid=fixed(belief=st.builds(testing.Belief, **BELIEVED), confidence=CONFIDENCE),
        holds=numbers(low=0, high=1),
        refused={"confidence": BAD_CONFIDENCE},
    ),
    "testing_shift.Shift": Case(
        valid=MIXTURES, holds=kept,
        refused={"test": [[0.0, 0.5, 0.5], [0.5, 0.6], [-0.5, 1.5]],
                 "deployed": [[0.5, 0.6], [-0.5, 1.5], [1.0]], "rates": [[1.5, 0.0], [0.5]]},
    ),
    "testing_shift.effective_sample_size": Case(
        valid=fixed(weights=array(number(1e-3, 1e99), (2, 5))),
        holds=numbers(lambda a: (2,), low=0.999999, high=5.000001),
        refused={"weights": [[0.0, 0.0], [-1.0, 1.0], 1e101]},
    ),
    "testing_shift.reweighted_rate": Case(
        valid=fixed(failed=array(st.integers(0, 1), (2, 5), int),
                    weights=array(number(1e-3, 1e99), 5)),
        holds=numbers(lambda a: (2,), low=0, high=1.000001),
        refused={"failed": [[2, 0, 0, 0, 0], [-1, 0, 0, 0, 0]],
                 "weights": [[0.0] * 5, [-1.0] * 5]},
    ),
    "testing_shift.expected_effective_size": Case(
        valid=fixed(shift=SHIFT, tests=TESTED), holds=numbers(of("tests"), low=0),
        refused={"tests": BAD_TESTS},
    ),
    "testing_shift.plain_error": Case(
        valid=fixed(shift=SHIFT, tests=TESTED),
        holds=numbers(lambda a: (2, *of("tests")(a)), low=-1, high=1),
        refused={"tests": BAD_TESTS},
    ),
    "testing_shift.weighted_error": Case(
        valid=fixed(shift=SHIFT, tests=TESTED), holds=numbers(of("tests"), low=0),
        refused={"tests": BAD_TESTS},
    ),
    "testing_shift.simulated_rates": Case(
        valid=fixed(shift=SHIFT, tests=st.integers(1, 500), runs=st.integers(1, 5),
                    rng=st.builds(np.random.default_rng, st.integers(0, 9))),
        holds=numbers(lambda a: (2, a["runs"]), low=0, high=1.000001),
        refused={"tests": [0, 0.5, 2_000_000], "runs": [0, 0.5, 2_000_000],
                 "rng": [None, "dice"]},
    ),
    "testing_search.Hole": Case(
        valid=fixed(centre=st.tuples(number(0.3, 0.7), number(0.3, 0.7)),
                    radius=number(1e-6, 0.1), reach=number(0.1, 0.3)),
        holds=kept,
        refused={"centre": [(0.05, 0.5), (0.5, 1.5), ((0.5, 0.5),)], "radius": [0.0, 0.6],
                 "reach": [1e-9, 0.6]},
    ),
    "testing_search.ball_measure": Case(
        valid=fixed(radius=array(number(0, 0.5)), dimension=st.integers(1, 1000)),
        holds=numbers(of("radius"), low=0, high=1),
        refused={"radius": [-0.1, 0.6], "dimension": [0, 1.5, 1001]},
    ),
    "testing_search.chance_met": Case(
        valid=fixed(measure=array(number(0, 1), (2, 1)),
                    tests=array(st.integers(0, 10**12), 3, int)),
        holds=numbers(together("measure", "tests"), low=0, high=1),
        refused={"measure": [-0.1, 1.1], "tests": [-1, 0.5, 2e12]},
    ),
    "testing_search.suite_first": Case(
        valid=fixed(hole=HOLE, noise=SUITE), refused={"noise": BAD_SUITE},
        holds=numbers(lambda a: a["noise"].shape[2:], infinite=True, low=1),
    ),
    "testing_search.searcher_first": Case(
        valid=fixed(hole=HOLE, noise=SUITE), refused={"noise": BAD_SUITE},
        holds=numbers(lambda a: a["noise"].shape[2:], infinite=True, low=1),
    ),
    "testing_search.search_path": Case(
        valid=fixed(hole=HOLE, noise=SUITE.map(lambda a: a[:, :, 0])),
        holds=lambda r, a: np.all(np.isfinite(r)) and r.shape[1] == 2
        and 1 <= len(r) <= len(a["noise"]),
        refused={"noise": [np.zeros((2, 2, 2)), np.zeros((3, 3)), np.ones((2, 2)),
                           np.zeros((0, 2))]},
    ),
    # observability
    "observability.System": Case(
        valid=SYSTEM,
        holds=lambda r, a: kept(r, a) and r.parts == len(a["a"]),
        refused={
            "a": [[1.0], [[11.0]], np.ones((2, 3)), np.zeros((11, 11))],
            "b": [[1.0], np.full((4, 1), 1.0), np.zeros((0, 1))],
            "c": [[1.0], np.full((1, 4), 1.0), np.zeros((1, 0))],
        },
    ),
    "observability.hidden_pair": Case(
        valid=fixed(passes=number(0, 1), shows=number(-10, 10), keeps=number(0, 1.5)),
        holds=lambda r, a: r.c[0, 1] == a["shows"] and r.a[1, 0] == a["passes"],
        refused={"passes": [-0.1, 1.1], "shows": [11.0, -11.0], "keeps": [-0.1, 2.0]},
    ),
    "observability.dual": Case(
        valid=fixed(system=A_SYSTEM), holds=lambda r, a: r.b.shape == a["system"].c.T.shape
    ),
    "observability.observability_matrix": Case(
        valid=fixed(system=A_SYSTEM),
        holds=numbers(lambda a: (len(a["system"].c) * a["system"].parts, a["system"].parts)),
    ),
    "observability.controllability_matrix": Case(
        valid=fixed(system=A_SYSTEM),
        holds=numbers(lambda a: (a["system"].parts, a["system"].b.shape[1] * a["system"].parts)),
    ),
    "observability.observable_rank": Case(
        valid=fixed(system=A_SYSTEM), holds=lambda r, a: 0 <= r <= a["system"].parts
    ),
    "observability.controllable_rank": Case(
        valid=fixed(system=A_SYSTEM), holds=lambda r, a: 0 <= r <= a["system"].parts
    ),
    "observability.observability_gramian": Case(
        valid=fixed(system=A_SYSTEM, steps=st.integers(1, 9)),
        holds=numbers(lambda a: 2 * (a["system"].parts,)),
        refused={"steps": NO_STEPS},
    ),
    "observability.least_seen": Case(
        valid=fixed(system=A_SYSTEM, steps=st.integers(1, 9)),
        holds=lambda r, a: r[0] >= 0 and math.isclose(np.linalg.norm(r[1]), 1),
        refused={"steps": NO_STEPS},
    ),
    "observability.steered": Case(
        valid=fixed(system=PAIR, gain=array(number(-3, 3), (1, 1))),
        holds=lambda r, a: math.isclose(r.a[0, 0], 0.9 - a["gain"][0, 0], abs_tol=1e-9),
        refused={"gain": [[1.0], [[11.0]], np.ones((2, 1))]},
    ),
    "observability.simulate_states": Case(
        valid=fixed(
            system=PAIR, noise=array(number(-9, 9), (5, 2, 3)), push=array(number(-9, 9), 1)
        ),
        holds=numbers(lambda a: (6, 2, 3)),
        refused={
            "noise": [[1.0], np.zeros((5, 3, 1)), np.full((1, 2, 1), 2e6), np.zeros((251, 2, 1))],
            "push": [1.0, [1.0, 2.0], [2e6]],
        },
    ),
    "observability.state_moments": Case(
        valid=fixed(
            system=PAIR, steps=st.integers(1, 9), push=array(number(-9, 9), 1),
            drift=number(0, 1e6),
        ),
        holds=lambda r, a: r[0].shape == (a["steps"] + 1, 2)
        and r[1].shape == (a["steps"] + 1, 2, 2) and bool(np.isfinite(r[1]).all()),
        refused={"steps": NO_STEPS, "push": [1.0, [2e6]], "drift": [-1.0, 2e6]},
    ),
    "observability.error_covariances": Case(
        valid=fixed(
            system=PAIR, steps=st.integers(1, 9), drift=number(0, 1e3), sensor=number(1e-3, 1e3)
        ),
        holds=numbers(lambda a: (a["steps"] + 1, 2, 2)),
        refused={"steps": NO_STEPS, "drift": [-1.0, 2e6], "sensor": [0.0, 2e6]},
    ),
    "observability.left_unknown": Case(
        valid=fixed(
            shows=array(number(-10, 10), 3), steps=st.integers(2, 30), keeps=number(0, 1.2),
            drift=number(1e-3, 1e3), sensor=number(1e-3, 1e3),
        ),
        holds=numbers(lambda a: (3,), low=0, high=1 + 1e-6),
        refused={
            "shows": [1.0, [11.0], [[1.0]]], "steps": [1, 2.5, 251], "keeps": [-0.1, 1.3],
            "drift": [0.0, 2e6], "sensor": [0.0, 2e6],
        },
    ),
    # observability_filter
    "observability_filter.Plant": Case(
        valid=PLANT,
        holds=kept,
        refused={"growth": [-0.1, 3.1], "drift": [0.0, 2e6], "sensor": [-1.0, 2e6]},
    ),
    "observability_filter.critical_arrival": Case(
        valid=fixed(growth=array(number(0, 1e6))),
        holds=numbers(of("growth"), low=0, high=1),
        refused={"growth": [-1.0, 2e6]},
    ),
    "observability_filter.riccati_step": Case(
        valid=fixed(
            plant=A_PLANT, variance=array(number(0, 1e300), (2, 1)),
            arrived=array(st.integers(0, 1), 3, int),
        ),
        holds=numbers(together("variance", "arrived"), low=0),
        refused={"variance": [-1.0, 1e301], "arrived": [-1, 0.5, 2]},
    ),
    "observability_filter.simulate_variances": Case(
        valid=fixed(
            plant=A_PLANT, noise=array(number(0, 1, exclude_max=True), (5, 3)),
            arrival=number(0, 1), start=number(1e-6, 1e6),
        ),
        holds=numbers(lambda a: (6, 3), low=0),
        refused={
            "noise": [[0.5], [[1.0]], np.zeros((251, 1))], "arrival": BAD_ARRIVAL,
            "start": [0.0, 2e6],
        },
    ),
    "observability_filter.mean_bounds": Case(
        valid=fixed(
            plant=A_PLANT, steps=st.integers(1, 250), arrival=number(0, 1),
            start=number(1e-6, 1e6),
        ),
        holds=lambda r, a: numbers(lambda a: (2, a["steps"] + 1), low=0)(r, a)
        and bool(np.all(r[0] <= r[1] * (1 + 1e-9))),
        refused={"steps": NO_STEPS, "arrival": BAD_ARRIVAL, "start": [0.0, 2e6]},
    ),
    "observability_filter.settled_bounds": Case(
        valid=fixed(plant=A_PLANT, arrival=array(number(0, 1))),
        holds=lambda r, a: numbers(lambda a: (2, *a["arrival"].shape), low=0, infinite=True)(r, a)
        and bool(np.all(r[0] <= r[1] * (1 + 1e-9))),
        refused={"arrival": BAD_ARRIVAL},
    ),
    "observability_filter.settled_quantile": Case(
        valid=fixed(
            plant=fixed(growth=number(1, 3), drift=number(1e-6, 1e6), sensor=number(0, 1e6)).map(
                lambda arguments: observability.Plant(**arguments)
            ),
            share=array(number(0, 0.999)), arrival=number(0.01, 1),
        ),
        holds=lambda r, a: numbers(lambda a: (2, *a["share"].shape), low=0)(r, a)
        and bool(np.all(r[0] <= r[1])),
        refused={"share": [-0.1, 1.0], "arrival": [0.0, 1.1]},
    ),
    "observability_filter.tail_exponent": Case(
        valid=fixed(growth=number(1.001, 1e6), arrival=array(number(0, 1))),
        holds=numbers(of("arrival"), low=0, infinite=True),
        refused={"growth": [1.0, 2e6], "arrival": BAD_ARRIVAL},
    ),
    "observability_filter.mean_from_streaks": Case(
        valid=fixed(
            growth=number(1.01, 3), misses=array(st.integers(0, 10**6), dtype=int),
            arrival=number(0.9, 1),
        ),
        holds=numbers(of("misses"), low=0, high=1),
        refused={"growth": [1.0, 3.1], "misses": [-1, 0.5, 2e6], "arrival": [0.0, 1.1]},
    ),
    # observability_rate
    "observability_rate.bits_needed": Case(
        valid=fixed(growth=array(number(-1e6, 1e6))),
        holds=numbers(low=0),
        refused={"growth": [-2e6, 2e6]},
    ),
    "observability_rate.interval_widths": Case(
        valid=fixed(
            bits=MESSAGES, growth=number(0, 10), novelty=number(0, 1e6), start=number(0, 1e6)
        ),
        holds=numbers(lambda a: (len(a["bits"]) + 1,), low=0),
        refused={
            "bits": NO_BITS, "growth": [-1.0, 11.0], "novelty": [-1.0, 2e6], "start": [-1.0, 2e6],
        },
    ),
    "observability_rate.settled_widths": Case(
        valid=fixed(bits=MESSAGES, growth=number(0, 10), novelty=number(0, 1e6)),
        holds=numbers(of("bits"), low=0, infinite=True),
        refused={"bits": NO_BITS, "growth": [-1.0, 11.0], "novelty": [-1.0, 2e6]},
    ),
    "observability_rate.simulate_channel": Case(
        valid=fixed(
            noise=array(number(0, 1, exclude_max=True), (5, 3)),
            bits=array(st.integers(0, 40), 4, int), growth=number(0, 10),
            novelty=number(0, 1e6), start=number(0, 1e6),
        ),
        holds=numbers(lambda a: (5, 3)),
        refused={
            "noise": [[0.5], np.zeros((4, 3)), np.ones((5, 3))], "bits": [[0.5] * 4, [41] * 4],
            "growth": [-1.0, 11.0], "novelty": [-1.0, 2e6], "start": [-1.0, 2e6],
        },
    ),
    "observability_rate.Study": Case(
        valid=fixed(growth=number(1, 10), rate=number(0, 1000), cycle=number(1e-4, 1e4)),
        holds=lambda r, a: kept(r, a) and r.bits >= 0 and math.isfinite(r.excess),
        refused={"growth": [0.9, 11.0], "rate": [-1.0, 2000.0], "cycle": [0.0, 2e4]},
    ),
    "observability_rate.fastest_cycle": Case(
        valid=fixed(
            growth=array(number(1, 1e6), (2, 1)), rate=array(number(1e-6, 1e6), 3),
            pause=number(0, 1e6), every=st.integers(1, 10**6),
        ),
        holds=numbers(together("growth", "rate"), low=0),
        refused={
            "growth": [0.9, 2e6], "rate": [0.0, 2e6], "pause": [-1.0, 2e6], "every": [0, 2.5, 2e6],
        },
    ),
    "observability_rate.cycles_bought": Case(
        valid=fixed(study=A_STUDY, pause=array(number(0, 1e6))),
        holds=numbers(of("pause"), low=0, infinite=True),
        refused={"pause": [-1.0, 2e6]},
    ),
    "observability_rate.study_bits": Case(
        valid=fixed(
            study=A_STUDY, cycles=st.integers(1, 250), pause=number(0, 1e6),
            first=st.integers(0, 250), every=st.integers(0, 250),
        ),
        holds=numbers(lambda a: (a["cycles"],), low=0, high=1000),
        refused={
            "cycles": NO_STEPS, "pause": [-1.0, 2e6], "first": [-1, 0.5, 251],
            "every": [-1, 0.5, 251],
        },
    ),
    # survival
    "survival.Weibull": Case(
        valid=fixed(shape=number(0.1, 10), scale=number(1e-6, 1e6)),
        holds=lambda r, a: kept(r, a) and r.mean > 0 and math.isfinite(r.mean),
        refused={"shape": [0.0, 11.0], "scale": [0.0, 2e6]},
    ),
    "survival.survival": Case(
        valid=fixed(life=LIFE, time=AGES),
        holds=numbers(of("time"), low=0, high=1),
        refused={"time": BAD_AGE},
    ),
    "survival.hazard": Case(
        valid=fixed(life=LIFE, time=array(number(1e-6, 1e6))),
        holds=numbers(of("time"), low=0),
        refused={"time": [0.0, 2e6]},
    ),
    "survival.time_at": Case(
        valid=fixed(life=LIFE, share=array(number(1e-300, 1))),
        holds=numbers(of("share"), low=0),
        refused={"share": [0.0, 1.1]},
    ),
    "survival.chance_after_clean": Case(
        valid=fixed(life=LIFE, window=AGES, ahead=array(number(0, 1e6), 3)),
        holds=numbers(together("window", "ahead"), low=0, high=1),
        refused={"window": BAD_AGE, "ahead": BAD_AGE},
    ),
    "survival.clean_bound": Case(
        valid=fixed(
            units=array(st.integers(1, 10**9), (2, 1), int), window=number(1e-3, 1e6),
            time=array(number(0, 1e6), 3), shape=number(0.1, 10), confidence=number(0.5, 0.9999),
        ),
        holds=numbers(together("units", "time"), low=0, high=1),
        refused={
            "units": [0, 2.5], "window": [0.0, 2e6], "time": BAD_AGE, "shape": [0.0, 11.0],
            "confidence": [0.4, 1.0],
        },
    ),
    "survival.units_needed": Case(
        valid=fixed(
            window=number(1e-3, 1e6), time=array(number(1e-3, 1e6), 3), shape=number(0.1, 10),
            allowed=number(1e-9, 0.999), confidence=number(0.5, 0.9999),
        ),
        holds=numbers(of("time"), low=1),
        refused={
            "window": [0.0, 2e6], "time": [0.0, 2e6], "shape": [0.0, 11.0],
            "allowed": [0.0, 1.0, -1.0], "confidence": [0.4, 1.0],
        },
    ),
    "survival.shape_from_ratio": Case(
        valid=fixed(
            ratio=array(number(1.01, 1e6)), rare=number(0.001, 0.5), often=number(0.51, 0.9999)
        ),
        holds=numbers(of("ratio"), low=0),
        refused={"ratio": [1.0, 2e6], "rare": [0.0, 0.9999], "often": [0.0, 1.0, 0.001]},
    ),
    "survival.unequal_rates": Case(
        valid=fixed(
            shape=number(0.2, 0.99), noise=array(number(1e-6, 1 - 1e-6), (2, 4))
        ),
        holds=numbers(lambda a: (4,), low=0),
        refused={"shape": [0.1, 1.0], "noise": [np.zeros((2, 3)), np.ones((2, 3)), [0.5]]},
    ),
    "survival.second_attempt": Case(
        valid=fixed(shape=number(0.1, 1), first=array(number(1e-6, 1))),
        holds=lambda r, a: numbers(of("first"), high=1)(r, a) and bool(
            np.all(r >= a["first"] * (1 - 1e-12))
        ),
        refused={"shape": [0.0, 1.1], "first": [0.0, 1.1]},
    ),
    "survival.fleet": Case(
        valid=fixed(
            life=LIFE, window=number(1e-3, 1e6), noise=array(number(1e-9, 1 - 1e-9), (2, 3, 2))
        ),
        holds=lambda r, a: r[0].shape == r[1].shape == (3, 2) and r[1].dtype == bool
        and bool(np.all((r[0] >= 0) & (r[0] <= a["window"]))),
        refused={
            "window": [0.0, 2e6], "noise": [np.zeros((2, 3)), np.full((3, 2), 0.5), [0.5, 0.5]],
        },
    ),
    "survival.survival_limit": Case(
        valid=fixed(
            life=st.builds(survival.Weibull, shape=number(0.1, 10), scale=number(1, 100)),
            window=number(10, 1000), time=array(number(0, 10)), how=HOW,
        ),
        holds=numbers(of("time"), low=0, high=1 + 1e-6),
        refused={"window": [0.0, 2e6], "time": [-1.0, 1e5], "how": ["ignored", None]},
    ),
    # survival_censored
    "survival_censored.Curve": Case(
        valid=CURVE.map(lambda c: {f.name: getattr(c, f.name) for f in dataclasses.fields(c)}),
        holds=kept,
        refused={
            "times": [[-1.0], [3.0, 2.0, 1.0]], "at_risk": [[0.0], np.ones(20)],
            "failures": [[-1.0], np.ones(20)], "survival": [[1.1], np.ones(20)],
            "variance": [[-1.0], np.ones(20)],
        },
    ),
    "survival_censored.kaplan_meier": Case(
        valid=seen_lives(),
        holds=lambda r, a: bool(np.all(np.diff(r.survival) <= 0))
        and r.at_risk[0] == len(a["times"]) and r.failures.sum() == a["observed"].sum(),
        refused=BAD_LIVES,
    ),
    "survival_censored.survival_at": Case(
        valid=fixed(curve=CURVE, time=array(number(0, 1e9))),
        holds=numbers(of("time"), low=0, high=1),
        refused={"time": [-1.0, 2e9]},
    ),
    "survival_censored.greenwood_interval": Case(
        valid=fixed(curve=CURVE, coverage=number(0.5, 0.9999)),
        holds=lambda r, a: bool(
            np.all((r[0] >= 0) & (r[0] <= a["curve"].survival + 1e-12))
            and np.all((a["curve"].survival <= r[1] + 1e-12) & (r[1] <= 1))
        ),
        refused={"coverage": [0.4, 1.0]},
    ),
    "survival_censored.kaplan_meier_paths": Case(
        valid=fixed(
            times=array(number(0, 100), (2, 4)), observed=array(st.booleans(), (2, 4), bool),
            at=array(number(0, 100), 3),
        ),
        holds=numbers(lambda a: (2, 3), low=0, high=1),
        refused={
            "times": [[-1.0], [1.0], 2e9], "observed": [[[1, 0]], [True]], "at": [-1.0, 1.0, 2e9],
        },
    ),
    "survival_censored.naive_survival": Case(
        valid=seen_lives(time=array(number(0, 20)), how=HOW),
        holds=numbers(of("time"), low=0, high=1),
        refused={**BAD_LIVES, "time": [-1.0, 2e9], "how": ["ignored", None]},
    ),
    "survival_censored.mean_life": Case(
        valid=seen_lives(how=HOW),
        holds=numbers(low=0, infinite=True),
        refused={**BAD_LIVES, "how": ["ignored", None]},
    ),
    "survival_censored.mean_life_limit": Case(
        valid=fixed(
            mean=array(number(1e-6, 1e6), (2, 1)), window=array(number(1e-6, 1e6), 3), how=HOW
        ),
        holds=numbers(together("mean", "window"), low=0, high=1e6),
        refused={"mean": [0.0, 2e6], "window": [0.0, 2e6], "how": ["ignored", None]},
    ),
    # gates
    "gates.operating_point": Case(
        valid=fixed(threshold=array(number(-40, 40), 3), separation=array(number(0, 10), (2, 1))),
        holds=lambda r, _: len(r) == 2 and all(
            x.shape == (2, 3) and bool(np.all((x >= 0) & (x <= 1))) for x in r
        ) and bool(np.all(r[0] >= r[1])),
        refused={"threshold": [41.0, -math.inf], "separation": [-0.1, 11.0]},
    ),
    "gates.separation": Case(
        valid=fixed(hit=array(number(1e-9, 1 - 1e-9), 3), false_alarm=number(1e-9, 1 - 1e-9)),
        holds=numbers(of("hit")),
        refused={"hit": [0.0, 1.0, -0.1], "false_alarm": [0.0, 1.0]},
    ),
    "gates.predictive_value": Case(
        valid=fixed(hit=array(number(0, 1), 3), false_alarm=number(0, 1), base_rate=number(0, 1)),
        holds=numbers(of("hit"), low=0, high=1),
        refused={"hit": [-0.1, 1.1], "false_alarm": [-0.1, 1.1], "base_rate": [-0.1, 1.1]},
    ),
    "gates.audit_catch": Case(
        valid=fixed(share=array(number(0, 1), 3), separation=number(0, 10)),
        holds=numbers(of("share"), low=0, high=1),
        refused={"share": [-0.1, 1.1], "separation": [-0.1, 11.0]},
    ),
    "gates.expected_cost": Case(
        valid=fixed(stakes=STAKES, threshold=array(number(-40, 40), 3), separation=number(0, 10)),
        holds=numbers(of("threshold"), low=0),
        refused={"threshold": [41.0], "separation": [-0.1, 11.0]},
    ),
    "gates.best_threshold": Case(
        valid=fixed(stakes=STAKES, separation=array(number(0.01, 10), 3)),
        holds=numbers(of("separation")),
        refused={"separation": [0.0, 11.0]},
    ),
    "gates.Curve": Case(
        valid=fixed(threshold=array(number(-9, 9), 3), hit=array(number(0, 1), 3),
                    false_alarm=array(number(0, 1), 3)),
        holds=kept,
        refused={
            "threshold": [[1.0, math.inf, 2.0]], "hit": [[1.1, 0.0, 0.0], np.ones(4)],
            "false_alarm": [[-0.1, 0.0, 0.0], np.ones(4)],
        },
    ),
    "gates.measured_curve": Case(
        valid=fixed(good=array(number(-9, 9), 4), bad=array(number(-9, 9), 3)),
        holds=lambda r, _: r.hit[0] == r.false_alarm[0] == 1 and r.hit[-1] == 0
        and bool(np.all(np.diff(r.hit) <= 0)) and 0 <= r.area <= 1,
        refused={"good": [[], [[1.0]], [math.inf]], "bad": [[], [[1.0]], [2e9]]},
    ),
    # gates_queue
    "gates_queue.erlang_c": Case(
        valid=fixed(reviewers=array(st.integers(1, 10_000), 3, int),
                    load=array(number(0, 20_000), (2, 1))),
        holds=numbers(together("reviewers", "load"), low=0, high=1),
        refused={"reviewers": [0, 1.5, 10_001], "load": [-0.1, 2e10]},
    ),
    "gates_queue.mean_wait": Case(
        valid=fixed(**DESK_LOAD),
        holds=numbers(of("reviewers"), low=0, infinite=True),
        refused={"reviewers": [0, 1.5, 10_001], "arrival": [-1.0, 2e6], "minutes": [0.0, 2e5]},
    ),
    "gates_queue.wait_exceeds": Case(
        valid=fixed(**DESK_LOAD, limit=number(0, 1e6)),
        holds=numbers(of("reviewers"), low=0, high=1),
        refused={
            "reviewers": [0, 1.5, 10_001], "arrival": [-1.0, 2e6], "minutes": [0.0, 2e5],
            "limit": [-1.0, 2e6],
        },
    ),
    "gates_queue.reviewers_needed": Case(
        valid=fixed(arrival=number(0, 1e3), minutes=number(1e-3, 500), at_once=number(0, 0.9999)),
        holds=lambda r, a: isinstance(r, int) and r > a["arrival"] * a["minutes"] / 60,
        refused={"arrival": [-1.0, 2e6], "minutes": [0.0, 2e5], "at_once": [-0.1, 1.0]},
    ),
    "gates_queue.simulate_queue": Case(
        valid=fixed(
            noise=hnp.arrays(float, st.tuples(st.just(2), st.integers(1, 9), st.integers(1, 4)),
                             elements=number(0, 1000)),
            reviewers=st.integers(1, 5), arrival=number(1e-6, 1e6), minutes=number(1e-3, 1e5),
        ),
        holds=lambda r, a: r.shape == a["noise"].shape[1:] and bool(np.isfinite(r).all())
        and bool(np.all(r >= 0)),
        refused={
            "noise": [np.zeros((2, 3)), np.zeros((3, 3, 1)), -np.ones((2, 2, 1))],
            "reviewers": [0, 1.5], "arrival": [0.0, 2e6], "minutes": [0.0, 2e5],
        },
    ),
    # gates_review
    "gates_review.Stakes": Case(
        valid=fixed(base_rate=number(1e-9, 1 - 1e-9), miss=number(1e-6, 1e9),
                    false_alarm=number(1e-6, 1e9)),
        holds=lambda r, a: kept(r, a) and math.isfinite(r.log_odds) and r.without > 0,
        refused={"base_rate": [0.0, 1.0], "miss": [0.0, 2e9], "false_alarm": [0.0, 2e9]},
    ),
    "gates_review.accuracy_by": Case(
        valid=fixed(minutes=array(number(0, 1e6), 3), skill=number(0, 100)),
        holds=numbers(of("minutes"), low=0.5, high=1),
        refused={"minutes": [-1.0, 2e6], "skill": [-0.1, 101.0]},
    ),
    "gates_review.minutes_for": Case(
        valid=fixed(accuracy=array(number(0.5, 1, exclude_max=True), 3), skill=number(1e-3, 100)),
        holds=numbers(of("accuracy"), low=0),
        refused={"accuracy": [0.49, 1.0], "skill": [0.0, 101.0]},
    ),
    "gates_review.Diffusion": Case(
        valid=fixed(drift=number(1e-3, 100), spread=number(1e-3, 100), width=number(1e-3, 100)),
        holds=lambda r, a: kept(r, a) and r.force > 0,
        refused={"drift": [0.0, 101.0], "spread": [0.0, 101.0], "width": [0.0, 101.0]},
    ),
    "gates_review.free_error": Case(
        valid=fixed(diffusion=DIFFUSION), holds=numbers(low=0, high=0.5)
    ),
    "gates_review.free_time": Case(valid=fixed(diffusion=DIFFUSION), holds=numbers(low=0)),
    "gates_review.prior_start": Case(
        valid=fixed(diffusion=DIFFUSION, stakes=STAKES), holds=numbers()
    ),
    "gates_review.simulate_decisions": Case(
        valid=fixed(
            diffusion=DIFFUSION, step=number(1e-6, 100), start=number(-100, 100),
            noise=hnp.arrays(float, st.tuples(st.integers(1, 9), st.integers(1, 4)),
                             elements=number(-40, 40)),
        ),
        holds=lambda r, a: all(x.shape == a["noise"].shape[1:] for x in r)
        and set(np.unique(r[0])) <= {-1.0, 0.0, 1.0}
        and bool(np.all((r[1] > 0) & (r[1] <= a["step"] * len(a["noise"])))),
        refused={
            "noise": [np.zeros(4), np.full((2, 2), 50.0)], "step": [0.0, 101.0],
            "start": [-101.0, 101.0],
        },
    ),
    "gates_review.Desk": Case(
        valid=fixed(reviewers=st.integers(1, 10_000), wanted=number(1e-3, 1e4),
                    skill=number(0, 100), busy=number(0, 1, exclude_min=True),
                    pace=st.sampled_from(["cut short", "queue up"])),
        holds=lambda r, a: kept(r, a) and float(r.minutes_at(3.0)) <= r.wanted,
        refused={
            "reviewers": [0, 1.5, 10_001], "wanted": [0.0, 2e4], "skill": [-0.1, 101.0],
            "busy": [0.0, 1.1], "pace": ["hurry", None],
        },
    ),
    "gates_review.Reviewed": Case(
        valid=fixed(minutes=array(number(0, 9), 3), caught=array(number(0, 1), 3),
                    turned_away=array(number(0, 1), 3), wait=array(number(0, 9), 3),
                    behind=array(number(0, 9), 3)),
        holds=lambda r, a: kept(r, a) and r.accuracy.shape == (3,),
        refused={
            "minutes": [[-1.0, 0.0, 0.0]], "caught": [[1.1, 0.0, 0.0], [1.0]],
            "turned_away": [[-0.1, 0.0, 0.0], [1.0]], "wait": [[math.inf, 0.0, 0.0], [1.0]],
            "behind": [[-1.0, 0.0, 0.0], [1.0]],
        },
    ),
    "gates_review.review": Case(
        valid=fixed(desk=DESK, arrival=array(number(1e-3, 1e6), 3), hours=number(0.1, 1e6),
                    stakes=st.one_of(st.none(), STAKES)),
        holds=lambda r, a: all(
            np.shape(getattr(r, n)) == (3,) and bool(np.all(np.isfinite(getattr(r, n))))
            for n in ("minutes", "caught", "turned_away", "wait", "behind")
        ),
        refused={"arrival": [0.0, -1.0, 2e6], "hours": [0.0, 2e6]},
        anything=("stakes",),
    ),
    "gates_review.coin_flip_rate": Case(
        valid=fixed(desk=DESK, margin=number(0.001, 0.499)),
        holds=numbers(low=0),
        refused={"margin": [0.0, 0.5]},
    ),
    "gates_review.cost_share": Case(
        valid=fixed(
            reviewed=st.builds(gates.review, DESK, number(1e-3, 1e5)), stakes=STAKES,
        ),
        holds=numbers(low=0),
    ),
    # survival_flight
    "survival_flight.Stream": Case(
        valid=fixed(**PLAIN_STREAM, breeds=number(0, 10)),
        holds=lambda r, a: kept(r, a) and r.scale > 0 and r.offspring >= 0,
        refused={
            "cycle": [0.0, 2e4], "faults": [-0.1, 1.1], "detection": [0.0, 2e4],
            "shape": [0.0, 11.0], "breeds": [-0.1, 11.0],
        },
    ),
    "survival_flight.generations_on_fault": Case(
        valid=fixed(stream=BREEDING), holds=numbers(low=0)
    ),
    "survival_flight.in_flight": Case(
        valid=fixed(stream=STREAM, generations=array(number(0, 1e9))),
        holds=numbers(of("generations"), low=0),
        refused={"generations": [-1.0]},
    ),
    "survival_flight.chance_more_than": Case(
        valid=fixed(stream=BREEDING, most=array(st.integers(0, 10**6), dtype=int)),
        holds=numbers(of("most"), low=0, high=1),
        refused={"most": [-1, 0.5, 2e6]},
    ),
    "survival_flight.cycle_for_mean": Case(
        valid=fixed(stream=BREEDING, bound=number(1e-6, 1e6)),
        holds=numbers(low=0),
        refused={"bound": [0.0, 2e6]},
    ),
    "survival_flight.cycle_for_chance": Case(
        valid=fixed(stream=STREAM, most=st.integers(0, 1000), chance=number(1e-6, 0.5)),
        holds=numbers(low=0),
        refused={"most": [-1, 0.5, 2000], "chance": [0.0, 0.6]},
    ),
    "survival_flight.exact_in_flight": Case(
        valid=fixed(stream=STREAM, generations=st.integers(1, 60)),
        holds=lambda r, a: numbers(lambda a: (a["generations"] + 1,), low=0, high=1 + 1e-9)(r, a)
        and math.isclose(r.sum(), 1),
        refused={"generations": [0, 2.5, 2001]},
    ),
    "survival_flight.simulate_in_flight": Case(
        valid=fixed(
            stream=STREAM,
            noise=hnp.arrays(float, st.tuples(st.just(2), st.integers(1, 9), st.integers(1, 4)),
                             elements=number(0, 1, exclude_max=True)),
        ),
        holds=lambda r, a: r.shape == (a["noise"].shape[1] + 1, a["noise"].shape[2])
        and bool(np.all(r >= 0)) and bool(np.all(r.max(axis=1) <= np.arange(len(r)))),
        refused={
            "noise": [np.zeros((2, 3)), np.zeros((3, 3, 1)), np.ones((2, 3, 1)),
                      np.zeros((2, 2001, 1))],
        },
    ),
    # --- chapter 14 ---
    "waiting_evidence.effective_tests": Case(
        valid=fixed(**OLD_RECORDS),
        holds=numbers(together("tests", "kept", "versions"), low=0),
        refused=BAD_OLD_RECORDS,
    ),
    "waiting_evidence.discounted_bound": Case(
        valid=fixed(**OLD_RECORDS, confidence=number(0.01, 0.999)),
        holds=numbers(together("tests", "kept", "versions"), low=0, high=1),
        refused=BAD_OLD_RECORDS | {"confidence": [0, 1, -0.5]},
    ),
    "waiting_evidence.needed_tests": Case(
        valid=fixed(bound=number(1e-8, 0.99), kept=KEPT_SHARE, versions=st.integers(1, 100),
                    confidence=number(0.01, 0.999)),
        holds=numbers(together("bound", "kept"), low=1),
        refused={"bound": [0, 1, -1], "kept": BAD_OLD_RECORDS["kept"],
                 "versions": BAD_OLD_RECORDS["versions"], "confidence": [0, 1]},
    ),
    "waiting_evidence.miss_chance": Case(
        valid=fixed(**OLD_RECORDS, rate=number(0, 1)),
        holds=numbers(together("tests", "kept", "versions"), low=0, high=1 + 1e-12),
        refused=BAD_OLD_RECORDS | {"rate": [-0.1, 1.1]},
    ),
    "waiting_evidence.inherited_bound": Case(
        valid=fixed(tests=number(1, 1e9), kept=KEPT_SHARE, confidence=number(0.01, 0.999)),
        holds=numbers(of("kept"), low=0, high=1),
        refused={"tests": [0, -1], "kept": BAD_OLD_RECORDS["kept"], "confidence": [0, 1]},
    ),
    "waiting_evidence.clean_lineages": Case(
        valid=fixed(tests=st.integers(1, 1000), kept=number(0, 0.999), rate=number(0, 1),
                    noise=hnp.arrays(float, st.tuples(st.just(2), st.integers(1, 9),
                                                      st.integers(1, 4)),
                                     elements=number(0, 1, exclude_max=True))),
        holds=lambda r, a: r.shape == a["noise"].shape[1:2] and bool(np.all((r >= 0) & (r <= 1))),
        refused={"tests": [0], "kept": BAD_OLD_RECORDS["kept"], "rate": [-1, 2],
                 "noise": [np.zeros((2, 3)), np.zeros((3, 3, 1)), np.ones((2, 3, 1)),
                           np.zeros((2, 2001, 1))]},
    ),
    "waiting_growth.Planner": Case(
        valid=fixed(**PLANNER_FIELDS), holds=kept,
        refused={"growth": [0, -1, 11], "hazard": [0, -1, 11], "life": [-1, 1001],
                 "curvature": [0.9, 11]},
    ),
    "waiting_growth.utility": Case(
        valid=fixed(planner=PLANNERS, growth_so_far=array(number(0, 700))),
        holds=numbers(of("growth_so_far"), low=0),
        refused={"growth_so_far": [-1, 701]},
    ),
    "waiting_growth.welfare": Case(
        valid=fixed(planner=PLANNERS, years=array(number(0, 70))),
        holds=numbers(of("years"), low=0),
        refused={"years": [-1, 2e6]},
    ),
    "waiting_growth.stop_time": Case(
        valid=fixed(planner=PLANNERS), holds=lambda r, a: math.isfinite(r) and r >= 0,
    ),
    "waiting_growth.stop_consumption": Case(
        valid=fixed(planner=PLANNERS), holds=lambda r, a: r >= 1,
    ),
    "waiting_growth.stop_risk": Case(
        valid=fixed(planner=PLANNERS), holds=lambda r, a: 0 <= r <= 1,
    ),
    "waiting_growth.largest_risk": Case(
        valid=fixed(planner=PLANNERS), holds=lambda r, a: 0 < r <= 1,
    ),
    "waiting_gate.Gate": Case(
        valid=fixed(**GATE_FIELDS), holds=kept,
        refused={"threshold": [-0.1, 1.1], "tests": [0, 2.5, 10_001], "confidence": [0, 1],
                 "restores": [-0.1, 1.1]},
    ),
    "waiting_gate.Gated": Case(
        valid=st.tuples(st.integers(1, 4), st.integers(1, 3)).map(
            lambda size: {
                "capability": np.ones((size[0] + 1, size[1])),
                "alignment": np.full((size[0] + 1, size[1]), 0.5),
                "ran": np.ones(size, dtype=bool),
            }
        ),
        holds=kept,
        refused={"capability": [np.zeros((2, 1)), np.ones(3)],
                 "alignment": [np.full((2, 1), 2.0), np.ones((9, 9))],
                 "ran": [np.ones((9, 9), dtype=bool), "many"]},
    ),
    "waiting_gate.needed_passes": Case(
        valid=fixed(gate=LOOP_GATES), holds=lambda r, a: 0 <= r <= a["gate"].tests + 1,
    ),
    "waiting_gate.chance_open": Case(
        valid=fixed(gate=LOOP_GATES, alignment=array(number(0, 1))),
        holds=numbers(of("alignment"), low=0, high=1),
        refused={"alignment": [-0.1, 1.1]},
    ),
    "waiting_gate.simulate_gated": Case(
        valid=fixed(
            loop=LOOP, gate=LOOP_GATES,
            noise=hnp.arrays(float, st.tuples(st.integers(1, 6), st.just(5), st.integers(1, 4)),
                             elements=number(0, 1, exclude_max=True)),
        ),
        holds=lambda r, a: r.ran.shape == (a["noise"].shape[0], a["noise"].shape[2])
        and bool(np.all((r.alignment >= 0) & (r.alignment <= 1)))
        and bool(np.all(np.isfinite(r.capability))),
        refused={"noise": [np.zeros((3, 5)), np.zeros((3, 4, 1)), np.ones((2, 5, 1)),
                           np.zeros((251, 5, 1))]},
    ),
    "waiting_gate.running_share": Case(
        valid=fixed(loop=LOOP, alignment=array(number(0, 1)), restores=number(0.001, 1)),
        holds=numbers(of("alignment"), low=0, high=1),
        refused={"alignment": [-0.1, 1.1], "restores": [0, -1, 1.1]},
    ),
    "waiting_gate.gate_errors": Case(
        valid=fixed(made=st.builds(
            lambda loop, gate: waiting.simulate_gated(loop, gate, np.full((3, 5, 2), 0.5)),
            LOOP, LOOP_GATES)),
        holds=lambda r, a: r.shape == (2, 2) and bool(np.all((r >= -1e-12) & (r <= 1))),
    ),
    "waiting.Stakes": Case(
        valid=fixed(**STAKES_FIELDS), holds=kept,
        refused={"safe": [-0.1, 1.1], "value": [-1, 2e9], "loss": [-1, 2e9],
                 "rate": [0, -1, 11], "undone": [-0.1, 1.1]},
    ),
    "waiting.News": Case(
        valid=fixed(**NEWS_FIELDS), holds=kept,
        refused={"catches": [-0.1, 1.1], "false_alarm": [-0.1, 1.1]},
    ),
    "waiting.Rivals": Case(
        valid=fixed(**RIVAL_FIELDS), holds=kept,
        refused={"hazard": [-1, 2e6], "lost": [-0.1, 1.1], "shared": [-0.1, 1.1]},
    ),
    "waiting.go_now": Case(valid=fixed(stakes=BETS), holds=numbers()),
    "waiting.stay_out": Case(valid=fixed(stakes=BETS, rivals=RIVAL_KINDS), holds=numbers()),
    "waiting.wait": Case(
        valid=fixed(stakes=BETS, time=array(number(0, 1e4)), news=NEWS_KINDS, rivals=RIVAL_KINDS),
        holds=numbers(of("time")),
        refused={"time": [-1, 2e4]},
    ),
    "waiting.news_value": Case(valid=fixed(stakes=BETS, news=NEWS_KINDS), holds=numbers(low=0)),
    "waiting.best_of_three": Case(
        valid=fixed(stakes=BETS, time=array(number(0, 1e4)), news=NEWS_KINDS, rivals=RIVAL_KINDS),
        holds=numbers(of("time"), low=0, high=2),
        refused={"time": [-1, 2e4]},
    ),
    "waiting.break_even_hazard": Case(
        valid=fixed(stakes=BETS, time=number(0, 100), news=NEWS_KINDS, lost=number(0, 1),
                    shared=number(0, 1)),
        holds=lambda r, a: r >= 0,
        refused={"time": [-1, 2e4], "lost": [-0.1, 1.1], "shared": [-0.1, 1.1]},
    ),
    "waiting.too_late_too_early": Case(
        valid=fixed(stakes=BETS, time=array(number(0, 1e4)), learning=number(0, 1e6),
                    kept=number(1e-6, 1)),
        holds=lambda r, a: r.shape == (2, *a["time"].shape) and bool(np.all(r >= 0)),
        refused={"time": [-1, 2e4], "learning": [-1, 2e6], "kept": [0, 1.1]},
    ),
    "waiting.best_delay": Case(
        valid=fixed(stakes=st.builds(waiting.Stakes, **STAKES_FIELDS | {"safe": number(0.01, 1),
                                                                 "value": number(0.01, 1e6)}),
                    learning=number(1e-6, 1e6)),
        holds=numbers(low=0),
        refused={"learning": [0, -1, 2e6]},
    ),
    # calibration
    "calibration.Forecaster": Case(
        valid=fixed(width=number(0.05, 20), bias=number(-10, 10)),
        holds=lambda r, a: kept(r, a) and bool(np.all((r.stated >= 0) & (r.stated <= 1))),
        refused={"width": [0.0, 21.0], "bias": [-11.0, 11.0]},
    ),
    "calibration.hit_rate": Case(valid=fixed(forecaster=FORECASTER), holds=numbers(low=0, high=1)),
    "calibration.width_for": Case(
        valid=fixed(rate=array(number(1e-6, 1 - 1e-6))),
        holds=numbers(of("rate"), low=0),
        refused={"rate": [0.0, 1.0]},
    ),
    "calibration.questions_to_tell": Case(
        valid=fixed(rate=number(0, 0.75), honest=number(0.85, 0.99), error=number(0.02, 0.4)),
        holds=numbers(low=1, high=20_000),
        refused={"rate": [-0.1, 1.0], "honest": [0.0, 1.0], "error": [0.0, 0.5]},
    ),
    "calibration.interval_scores": Case(
        valid=st.builds(
            lambda ends, truth, alpha: {**ends, "truth": truth, "alpha": alpha},
            ends_in_order(), array(number(-1e6, 1e6), 3), number(0.01, 0.99),
        ),
        holds=numbers(of("truth"), low=0),
        refused={"low": [2e12, 3e5], "high": [-2e12], "truth": [2e12], "alpha": [0.0, 1.0]},
    ),
    "calibration.expected_score": Case(
        valid=st.builds(
            lambda ends, mean, sd, alpha: {**ends, "mean": mean, "sd": sd, "alpha": alpha},
            ends_in_order(), number(-1e5, 1e5), number(1e-3, 1e5), number(0.01, 0.99),
        ),
        holds=numbers(of("low"), low=0),
        refused={"low": [2e6, 3e5], "high": [-2e6], "mean": [2e6], "sd": [0.0, 2e6],
                 "alpha": [0.0, 1.0]},
    ),
    "calibration.ReliabilityCurve": Case(
        valid=fixed(
            stated=array(number(0, 1), 3), happened=array(st.sampled_from([0.0, 0.5, 1.0]), 3),
            count=array(st.sampled_from([2, 4, 60]), 3, int),
        ),
        holds=lambda r, a: kept(r, a) and numbers(lambda _: (3, 2), low=0, high=1)(r.interval(), a),
        refused={"stated": [1.1], "happened": [-0.1], "count": [0, 1.5]},
    ),
    "calibration.reliability_curve": Case(
        valid=forecasts(),
        holds=lambda r, a: r.count.sum() == len(a["probability"])
        and bool(np.all(np.diff(r.stated) >= 0)),
        refused={"probability": [np.array([1.1]), np.zeros((2, 2))],
                 "happened": [np.array([0.5]), np.zeros((2, 2))], "bins": [-1, 2.5, 101]},
    ),
    "calibration.Decomposition": Case(
        valid=fixed(reliability=number(0, 1), resolution=number(0, 0.25),
                    uncertainty=number(0, 0.25), within=number(-1, 1)),
        holds=lambda r, a: kept(r, a) and math.isfinite(r.brier),
        refused={"reliability": [-0.1, 1.1], "resolution": [-0.1, 0.3],
                 "uncertainty": [-0.1, 0.3], "within": [-1.1, 1.1]},
    ),
    "calibration.decompose": Case(
        valid=forecasts(),
        holds=lambda r, a: math.isclose(
            r.brier, np.mean((a["probability"] - a["happened"]) ** 2), abs_tol=1e-9
        ),
        refused={"probability": [np.array([1.1]), np.zeros((2, 2))],
                 "happened": [np.array([0.5]), np.zeros((2, 2))], "bins": [-1, 2.5, 101]},
    ),
    "calibration_clusters.ClusteredShare": Case(
        valid=fixed(share=number(0, 1), low=number(0, 1), high=number(0, 1), worth=number(1, 1e6)),
        holds=kept,
        refused={"share": [-0.1, 1.1], "low": [-0.1, 1.1], "high": [-0.1, 1.1],
                 "worth": [0.9, 2e7]},
    ),
    "calibration_clusters.clustered_share": Case(
        valid=st.integers(1, 12).flatmap(lambda n: fixed(
            happened=array(st.sampled_from([0, 1]), n), person=array(st.integers(0, 3), n, int),
            question=array(st.integers(0, 4), n, int), confidence=number(0.5, 0.99),
        )),
        holds=lambda r, a: 0 <= r.low <= r.share <= r.high <= 1
        and 1 <= r.worth <= len(a["happened"])
        and math.isclose(r.share, np.mean(a["happened"])),
        refused={"happened": [np.array([0.5]), np.zeros((2, 2)), np.zeros(0)],
                 "person": [np.zeros((2, 2)), np.zeros(99)],
                 "question": [np.zeros((2, 2)), np.zeros(99)], "confidence": [0.4, 1.0]},
    ),
    "calibration.expected_components": Case(
        valid=fixed(forecaster=FORECASTER),
        holds=lambda r, a: r.uncertainty == 0.25 and r.reliability >= 0,
    ),
    "calibration.simulate_intervals": Case(
        valid=fixed(forecaster=FORECASTER, noise=NORMALS),
        holds=lambda r, a: r[0].shape == (2, *a["noise"].shape) and np.array_equal(r[1], a["noise"])
        and bool(np.all(r[0][0] <= r[0][1])),
        refused={"noise": [np.zeros(3), np.full((2, 2), 50.0)]},
    ),
    "calibration.simulate_probabilities": Case(
        valid=fixed(
            forecaster=FORECASTER,
            noise=hnp.arrays(float, st.tuples(st.just(2), st.integers(1, 5), st.integers(1, 3)),
                             elements=number(0, 1, exclude_max=True)),
        ),
        holds=lambda r, a: numbers(lambda a: a["noise"].shape[1:], low=0, high=1)(r[0], a)
        and r[1].shape == a["noise"].shape[1:],
        refused={"noise": [np.zeros((3, 2, 2)), np.ones((2, 2, 2)), np.zeros((2, 2))]},
    ),
    # calibration_conformal
    "calibration_conformal.conformal_half_width": Case(
        valid=fixed(residuals=array(number(-1e12, 1e12), st.integers(1, 30)),
                    alpha=number(0.01, 0.99)),
        holds=numbers(infinite=True, low=0),
        refused={"residuals": [np.array([2e12]), np.zeros((2, 2))], "alpha": [0.0, 1.0]},
    ),
    "calibration_conformal.split_coverage": Case(
        valid=fixed(n=st.integers(1, 10**6), alpha=number(0.01, 0.99)),
        holds=lambda r, a: 1 - a["alpha"] - 1e-9 <= r <= 1 - a["alpha"] + 1 / (a["n"] + 1) + 1e-9,
        refused={"n": [0, 2.5, 2e6], "alpha": [0.0, 1.0]},
    ),
    "calibration_conformal.coverage_quantiles": Case(
        valid=fixed(n=st.integers(1, 10**6), level=array(number(0.01, 0.99)),
                    alpha=number(0.01, 0.99)),
        holds=numbers(of("level"), low=0, high=1),
        refused={"n": [0, 2.5, 2e6], "level": [0.0, 1.0], "alpha": [0.0, 1.0]},
    ),
    "calibration_conformal.static_miscoverage": Case(
        valid=fixed(scale=array(number(1e-3, 1e3)), alpha=number(0.01, 0.99)),
        holds=numbers(of("scale"), low=0, high=1),
        refused={"scale": [0.0, 2e3], "alpha": [0.0, 1.0]},
    ),
    "calibration_conformal.group_coverage": Case(
        valid=groups(),
        holds=lambda r, a: numbers(of("sds"), low=0, high=1)(r, a)
        and math.isclose(r @ a["shares"], 1 - a["alpha"], abs_tol=1e-6),
        refused={"sds": [np.array([0.0]), np.zeros((2, 2))],
                 "shares": [np.array([0.5, 0.2, 0.1, 0.1, 0.1]), np.zeros((2, 2))],
                 "alpha": [0.0, 1.0]},
    ),
    "calibration_conformal.p_values": Case(
        valid=scored(),
        holds=lambda r, a: numbers(
            lambda a: (len(a["scores"]) - a["warm_up"], a["scores"].shape[1]), low=0, high=1
        )(r, a) and bool(np.all(r > 0)),
        refused={"scores": [np.zeros(3), np.full((12, 1), -1.0)], "warm_up": [0, 2.5, 99],
                 "reference": ["future", None]},
    ),
    "calibration_conformal.scaled_p_values": Case(
        valid=NORMALS.flatmap(
            lambda noise: fixed(noise=st.just(noise), scale=array(number(1e-3, 4), len(noise)))
        ),
        holds=lambda r, a: numbers(of("noise"), low=0, high=1)(r, a) and bool(np.all(r > 0)),
        refused={"noise": [np.zeros(3), np.full((5, 1), 9.0)],
                 "scale": [np.zeros((2, 2)), np.full(9, 1.0)]},
    ),
    "calibration_conformal.adaptive_levels": Case(
        valid=fixed(
            p_value=hnp.arrays(float, hnp.array_shapes(min_dims=2, max_dims=2, max_side=6),
                               elements=number(1e-9, 1)),
            gamma=number(1e-6, 1), alpha=number(0.01, 0.99), start=number(0, 1),
        ),
        holds=misses_counted,
        refused={"p_value": [np.zeros((2, 2)), np.ones(3), np.full((2, 2), 1.1)],
                 "gamma": [0.0, 1.1], "alpha": [0.0, 1.0], "start": [-0.1, 1.1, "many"]},
    ),
    "calibration_conformal.adaptation_bound": Case(
        valid=fixed(steps=array(st.integers(1, 10**9), dtype=int), gamma=number(1e-6, 1),
                    alpha=number(0.01, 0.99), start=number(0, 1)),
        holds=numbers(of("steps"), low=0),
        refused={"steps": [0, 2.5], "gamma": [0.0, 1.1], "alpha": [0.0, 1.0],
                 "start": [-0.1, 1.1, "many"]},
    ),
    # independence
    "independence.Panel": Case(
        valid=fixed(miss=number(1e-4, 0.9999), correlation=number(0, 1)),
        holds=kept,
        refused={"miss": [0.0, 1.0], "correlation": [-0.1, 1.1]},
    ),
    "independence.all_miss": Case(
        valid=fixed(panel=PANEL, checks=ASKED),
        holds=numbers(of("checks"), low=0, high=1),
        refused=BAD_CHECKS,
    ),
    "independence.miss_counts": Case(
        valid=fixed(panel=PANEL, checks=st.integers(1, 40)),
        holds=lambda r, a: numbers(lambda a: (a["checks"] + 1,), low=-1e-12, high=1 + 1e-9)(r, a)
        and math.isclose(r.sum(), 1),
        refused=BAD_CHECKS,
    ),
    "independence.effective_number": Case(
        valid=fixed(checks=ASKED, correlation=number(0, 1)),
        holds=numbers(of("checks"), low=1 - 1e-12, high=40),
        refused=BAD_CHECKS | {"correlation": [-0.1, 1.1]},
    ),
    "independence.equivalent_checks": Case(
        valid=fixed(panel=PANEL, checks=ASKED),
        holds=numbers(of("checks"), low=1 - 1e-9, high=40 + 1e-9),
        refused=BAD_CHECKS,
    ),
    "independence.common_cause_all_miss": Case(
        valid=fixed(panel=PANEL, checks=ASKED),
        holds=numbers(of("checks"), low=0, high=1),
        refused=BAD_CHECKS,
    ),
    "independence.majority_right": Case(
        valid=fixed(panel=PANEL, checks=ASKED),
        holds=numbers(of("checks"), low=-1e-12, high=1 + 1e-9),
        refused=BAD_CHECKS,
    ),
    "independence.majority_limit": Case(valid=fixed(panel=PANEL), holds=numbers(low=0, high=1)),
    "independence.simulate_misses": Case(
        valid=fixed(panel=PANEL, noise=array(number(0, 1, exclude_max=True), (3, 4))),
        holds=lambda r, a: r.shape == (3, 4) and r.dtype == bool,
        refused={"noise": [np.zeros(3), np.ones((2, 2)), np.zeros((1001, 1))]},
    ),
    # independence_versions
    "independence_versions.Demands": Case(
        valid=DEMANDS.map(lambda d: {"difficulty": d.difficulty, "shares": d.shares}),
        holds=kept,
        refused={
            "difficulty": [np.zeros(3), np.full((1, 1), 1.5)],
            "shares": [np.zeros(9), np.full(1, 2.0), np.full((1, 1), 1.0)],
        },
    ),
    "independence_versions.miss_rates": Case(
        valid=fixed(demands=DEMANDS), holds=numbers(lambda a: (2,), low=0, high=1 + 1e-9)
    ),
    "independence_versions.coincidence": Case(
        valid=fixed(demands=DEMANDS, methods=METHODS),
        holds=numbers(low=0, high=1 + 1e-9),
        refused=BAD_METHODS,
    ),
    "independence_versions.difficulty_covariance": Case(
        valid=fixed(demands=DEMANDS), holds=numbers(lambda a: (2, 2), low=-1, high=1)
    ),
    "independence_versions.simulate_versions": Case(
        valid=made_versions(),
        holds=lambda r, a: r.shape == a["noise"].shape and r.dtype == bool,
        refused=BAD_METHODS | {"noise": [np.zeros(3), np.zeros((9, 9, 9))]},
    ),
    "independence_versions.error_correlations": Case(
        valid=fixed(errors=st.integers(2, 5).map(lambda n: np.eye(n)[:2])),
        holds=numbers(lambda a: (2, 2), low=-1 - 1e-9, high=1 + 1e-9),
        refused={"errors": [np.zeros(3), np.full((2, 2), 0.5), np.zeros((2, 3)), np.ones((1, 2))]},
    ),
    "independence_versions.agreement_when_both_err": Case(
        valid=fixed(
            answers=array(st.integers(1, 3), (3, 5), int), truth=st.just(np.zeros(5, dtype=int))
        ),
        holds=numbers(low=0, high=1),
        refused={
            "answers": [np.zeros(3), np.full((2, 5), 0.5), -np.ones((2, 5)), np.ones((1, 5))],
            "truth": [np.zeros(4), np.full(5, 0.5), -np.ones(5)],
        },
    ),
    "independence_versions.tempting_share": Case(
        valid=fixed(agreement=number(0.5, 1), wrong=st.integers(2, 100)),
        holds=numbers(low=0, high=1 + 1e-9),
        refused={"agreement": [0.0, 1.1], "wrong": [1, 2.5, 101]},
    ),
    "independence_versions.draw_answers": Case(
        valid=fixed(
            errs=array(st.booleans(), (2, 4), bool), tempting=number(0, 1),
            noise=array(number(0, 1, exclude_max=True), (2, 4)), wrong=st.integers(2, 9),
        ),
        holds=lambda r, a: r.shape == (2, 4) and bool(np.all((r > 0) == a["errs"]))
        and bool(np.all(r <= a["wrong"])),
        refused={
            "errs": [np.zeros((2, 4)), np.zeros(4, dtype=bool)], "tempting": [-0.1, 1.1],
            "noise": [np.zeros((2, 3)), np.ones((2, 4))], "wrong": [1, 2.5, 101],
        },
    ),
    # independence_detectors
    "independence_detectors.Edit": Case(
        valid=EDIT_PARTS,
        holds=kept,
        refused={
            "works": [("hammer",), ["shell"], "shell"], "patches": ["everything", None],
            **{f"forges_{name}": ["yes", 2] for name in ("log", "result", "count")},
        },
    ),
    "independence_detectors.work_done": Case(
        valid=fixed(edit=EDIT), holds=lambda r, a: r.shape == (20,) and r.dtype == bool
    ),
    "independence_detectors.passed": Case(
        valid=fixed(detector=st.sampled_from(independence.DETECTORS), edit=EDIT),
        holds=lambda r, a: r.shape == (20,) and r.dtype == bool,
        refused={"detector": ["wide", None]},
    ),
    "independence_detectors.detector_table": Case(
        valid=fixed(edits=st.lists(EDIT, min_size=1, max_size=3),
                    detectors=st.just(independence.DETECTORS)),
        holds=numbers(lambda a: (len(a["edits"]), 4), low=0, high=1),
        refused={"edits": [[], ["log spoofing"]], "detectors": [(), ("wide",)]},
    ),
}  # fmt: skip


def test_every_public_name_has_a_case():
    assert set(CASES) == set(MODELS)


@pytest.mark.parametrize("name", CASES)
def test_valid_input_gives_what_is_promised(name):
    @CONTRACT
    @given(CASES[name].valid)
    def check(arguments):
        untouched = {k: v.copy() for k, v in arguments.items() if isinstance(v, np.ndarray)}
        assert CASES[name].holds(MODELS[name](**arguments), arguments)
        for parameter, before in untouched.items():
            assert np.array_equal(arguments[parameter], before), f"{parameter} was changed"

    check()


@pytest.mark.parametrize("name", CASES)
def test_invalid_input_is_refused_by_name(name):
    case = CASES[name]

    @settings(CONTRACT, max_examples=4)
    @given(case.valid)
    def check(arguments):
        unguarded = {p for p, v in arguments.items() if not dataclasses.is_dataclass(v)}
        assert unguarded <= {*case.refused, *case.anything}, (
            "a parameter for which no invalid value is listed"
        )
        assert set(arguments) == set(parameters(MODELS[name]))
        for parameter, bad_values in case.refused.items():
            for bad in [*bad_values, *generic(bad_values)]:
                said = "share" if MODELS[name] in CHECKS else parameter.removesuffix("s")
                with pytest.raises(ValueError, match=rf"\b{said}s?\b"):
                    MODELS[name](**arguments | {parameter: bad})

    check()


def generic(bad_values: list[Any]) -> list[Any]:
    """What no number may be, if numbers are asked for."""
    is_number = all(np.asarray(bad).dtype.kind in "iuf" for bad in bad_values)
    return [math.nan, "many", None] if is_number else []
