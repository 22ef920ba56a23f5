"""Naming the package, or any room of it, loads no drawing, algebra or widget library."""

import json
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
HEAVY = {"matplotlib", "sympy", "IPython", "ipywidgets", "anywidget", "jupyterlab"}
# Every module, but of the explorers only what `import rsi_teach.explorer` brings: the recorder and
# the view are matplotlib's and anywidget's own subclasses, and open when an explorer is shown.
ROOMS = sorted(
    ".".join(path.relative_to(REPOSITORY).with_suffix("").parts).removesuffix(".__init__")
    for path in (REPOSITORY / "rsi_teach").rglob("*.py")
    if path.name not in ("__main__.py", "marking.py") and path.parent.name != "explorer"
)


def output_of(code: str) -> str:
    """Return what a fresh interpreter prints."""
    command = [sys.executable, "-W", "error", "-c", code]
    return subprocess.check_output(command, cwd=REPOSITORY, text=True)


def loaded_by(statement: str) -> set[str]:
    """Return the modules that a fresh interpreter has loaded after a statement."""
    return set(
        json.loads(output_of(f"{statement}\nimport sys, json; print(json.dumps([*sys.modules]))"))
    )


def milliseconds_over_numpy(repeats: int = 20) -> float:
    """Return the median time of ``import rsi_teach`` less that of ``import numpy``, in ms.

    Both are taken after numpy in the same fresh interpreter, which is what a notebook pays; for
    the benchmark to print, not for a test to assert.
    """
    code = (
        "from time import perf_counter as now; import numpy; start = now();"
        "import rsi_teach; print(now() - start)"
    )
    return 1000 * sorted(float(output_of(code)) for _ in range(repeats))[repeats // 2]


def test_the_package_alone_loads_not_even_numpy():
    assert not loaded_by("import rsi_teach") & (HEAVY | {"numpy", "scipy"})


def test_no_room_loads_anything_heavy():
    imports = (
        "import importlib, json, sys; culprits = {}\n"
        f"for room in {['rsi_teach.explorer', *ROOMS]}:\n"
        "    importlib.import_module(room)\n"
        f"    culprits |= {{m: room for m in {HEAVY} & set(sys.modules) - set(culprits)}}\n"
        "print(json.dumps(culprits))"
    )
    assert json.loads(output_of(imports)) == {}


def test_rooms_open_when_they_are_named():
    names = "rsi_teach.models, rsi_teach.ready, rsi_teach.__version__"
    assert "rsi_teach" in loaded_by(f"import rsi_teach; {names}; dir(rsi_teach)")


def test_the_cost_over_numpy_can_be_measured():
    assert milliseconds_over_numpy(repeats=1) > 0
