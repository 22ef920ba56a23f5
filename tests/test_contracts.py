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
from rsi_teach.models import domain, loop, progress

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
    if value is not domain.within:  # a check, not a formula
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
    if not inspect.isclass(value) and value is not domain.within:
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


def ensemble_shape(result: loop.Ensemble, arguments: Arguments) -> bool:
    generations, _, runs = arguments["noise"].shape
    return result.alignment.shape == result.capability.shape == (generations + 1, runs) and bool(
        np.isfinite(result.capability).all() and np.isfinite(result.alignment).all()
    )


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
                said = "share" if name == "domain.within" else parameter.removesuffix("s")
                with pytest.raises(ValueError, match=rf"\b{said}s?\b"):
                    MODELS[name](**arguments | {parameter: bad})

    check()


def generic(bad_values: list[Any]) -> list[Any]:
    """What no number may be, if numbers are asked for."""
    is_number = all(np.asarray(bad).dtype.kind in "iuf" for bad in bad_values)
    return [math.nan, "many", None] if is_number else []
