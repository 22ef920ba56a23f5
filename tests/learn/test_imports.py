"""What importing costs, and what it must not bring in."""

import subprocess
import sys
from pathlib import Path

import pytest

import rsi_teach

ROOT = Path(rsi_teach.__file__).resolve().parents[1]
HEAVY = ("IPython", "ipywidgets", "matplotlib", "sympy", "anywidget", "platformdirs", "pygments")


def heavy_after(code):
    """Which heavy packages are loaded after running `code` in a new interpreter."""
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{code}\n"
    code += f"print(*[name for name in {HEAVY} if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return run.stdout.split()


MODULES = [
    f"rsi_teach.learn.{path.stem}"
    for path in sorted((ROOT / "rsi_teach" / "learn").glob("*.py"))
    if path.stem != "__init__"
]


def test_no_module_of_learn_loads_anything_heavy():
    assert heavy_after("\n".join(f"import {name}" for name in ["rsi_teach.learn", *MODULES])) == []


def test_the_public_names_load_nothing_heavy():
    assert heavy_after("from rsi_teach.learn import *\nexercise('01.1')") == []


def test_importing_learn_loads_no_module_of_it():
    code = "import rsi_teach.learn\n"
    code += "assert not [m for m in sys.modules if m.startswith('rsi_teach.learn.')]"
    assert heavy_after(code) == []


def test_every_public_name_is_what_it_says():
    import rsi_teach.learn

    for name in rsi_teach.learn.__all__:
        value = getattr(rsi_teach.learn, name)
        assert callable(value) and value.__name__ == name
        assert value.__doc__
        assert getattr(rsi_teach.learn, name) is value
    with pytest.raises(AttributeError, match="nothing_here"):
        _ = rsi_teach.learn.nothing_here
    assert set(rsi_teach.learn.__all__) <= set(dir(rsi_teach.learn))
    assert set(rsi_teach.learn.__all__) == set(rsi_teach.learn._WHERE)


def test_no_public_name_is_hidden_by_a_module_of_the_same_name():
    import rsi_teach.learn

    assert not {name.rpartition(".")[2] for name in MODULES} & set(rsi_teach.learn.__all__)
