"""The house keeps its shape: imports go down the stairs, rooms stay small, nobody is named."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
STAIRS = ("models", "machine", "explorer", "learn", "pictures")
HEAVY = {"matplotlib", "sympy", "IPython", "ipywidgets", "anywidget", "ipykernel", "jupyterlab"}
MODULES = sorted(ROOT.glob("rsi_teach/**/*.py"))
MOST_LINES = 400
MOST_FUNCTION_LINES = 40


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def stair(dotted: str) -> int | None:
    """How high in the house a module lives; None outside of the five floors."""
    parts = dotted.split(".")
    room = parts[1] if parts[0] == "rsi_teach" and len(parts) > 1 else None
    return STAIRS.index(room) if room in STAIRS else None


def imported(node: ast.AST, here: str) -> Iterator[str]:
    """Dotted names that an import statement names, relative ones resolved."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        up = here.split(".")[: -node.level] if node.level else []
        base = ".".join([*up, *([node.module] if node.module else [])])
        yield base
        yield from (f"{base}.{alias.name}" for alias in node.names)
    elif isinstance(node, ast.Call) and _is_import_call(node):
        yield from (arg.value for arg in node.args[:1] if isinstance(arg, ast.Constant))


def _is_import_call(node: ast.Call) -> bool:
    called = getattr(node.func, "attr", getattr(node.func, "id", ""))
    return called in {"import_module", "__import__"}


def climbs(source: ast.AST, here: str) -> list[str]:
    """Imports of a higher floor than `here`, wherever in the module they stand."""
    floor = stair(here)
    every = (found for node in ast.walk(source) for found in imported(node, here))
    return [found for found in every if floor is not None and (stair(found) or 0) > floor]


def dotted(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts)


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_imports_only_go_down(path):
    assert climbs(tree(path), dotted(path)) == []


def test_a_climb_would_be_seen():
    bad = [
        "from rsi_teach.pictures import progress",
        "import rsi_teach.learn.journal",
        "def f():\n    from rsi_teach import explorer",
        "from ..learn import journal",
        "import_module('rsi_teach.pictures.loop')",
    ]
    assert all(climbs(ast.parse(line), "rsi_teach.models.loop") for line in bad)
    assert not climbs(ast.parse("from rsi_teach.models import loop"), "rsi_teach.machine.data")


@pytest.mark.parametrize("path", sorted(ROOT.glob("rsi_teach/m*/**/*.py")), ids=name)
def test_models_and_machine_draw_nothing(path):
    everywhere = {
        found.split(".")[0]
        for node in ast.walk(tree(path))
        for found in imported(node, dotted(path))
    }
    assert not everywhere & HEAVY


def test_importing_every_room_loads_no_heavy_package():
    rooms = ", ".join(["rsi_teach", *(f"rsi_teach.{room}" for room in STAIRS)])
    program = f"import sys, {rooms}\nprint(*sorted(set(sys.modules) & {HEAVY!r}))"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""


def test_no_module_is_longer_than_a_reader_bears():
    """Docstrings are half of a module here, and are not counted: the limit is on code.

    A chapter's checkers stand beside their wrong answers, which read like a list.
    """
    lines = {
        name(path): len(path.read_text("utf-8").splitlines()) - docstring_lines(tree(path))
        for path in MODULES
        if path.parent.name != "checkers"
    }
    assert {path: count for path, count in lines.items() if count > MOST_LINES} == {}


def docstring_lines(module: ast.Module) -> int:
    return sum(own_docstring_lines(node) for node in ast.walk(module))


def own_docstring_lines(node: ast.AST) -> int:
    """Lines of the docstring of a module, class or function; 0 if there is none."""
    first = next(iter(getattr(node, "body", None) or []), None) if _may_have_one(node) else None
    if not isinstance(first, ast.Expr) or not isinstance(first.value, ast.Constant):
        return 0
    return first.end_lineno - first.lineno + 1 if isinstance(first.value.value, str) else 0


def _may_have_one(node: ast.AST) -> bool:
    return isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)


def test_no_function_is_longer_than_a_screen():
    long = {
        f"{name(path)}: {node.name}": lines
        for path in MODULES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef) and (lines := body_lines(node)) > MOST_FUNCTION_LINES
    }
    assert long == {}


def body_lines(function: ast.FunctionDef) -> int:
    """Lines of code, the docstring left out."""
    return function.end_lineno - function.lineno + 1 - own_docstring_lines(function)


# --- nobody is named ----------------------------------------------------------------------------
# Written in pieces, so that this file does not name what it looks for.

HOSTS = [
    r"\.".join(parts)
    for parts in (
        ("pypi", "org"), ("files", "pythonhosted", "org"), ("test", "pypi", "org"),
        ("registry", "npmjs", "org"), ("registry", "yarnpkg", "com"), ("conda", "anaconda", "org"),
        ("proxy", "golang", "org"), ("index", "crates", "io"), ("deb", "debian", "org"),
    )
]  # fmt: skip
HOSTS += [r"artifact" + "ory", r"index-" + r"url\s*[=:]\s*http", r"//" + r"\d+\.\d+\.\d+\.\d+"]
LOOPBACK = r"//127\.\d+\.\d+\.\d+"
MACHINE_PATHS = [
    rf"(?<![\w.~$}}/-])/{top}/[\w.-]+" for top in ("work", "ro" + "ot", "ho" + "me", "Users", "mnt")
] + [r"(?<![\w.~$}/-])/tmp/(?:dev|spec|bash_jobs)", r"[A-Z]:\\Users\\"]
FORBIDDEN = re.compile("|".join(HOSTS + MACHINE_PATHS))


def tracked_text() -> Iterator[Path]:
    """Files of the repository that can be read as text: tracked, or about to be."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT, capture_output=True, check=False,
    )  # fmt: skip
    if listed.returncode:
        pytest.skip("not in a git working copy")
    for entry in sorted(set(listed.stdout.decode().split("\0")) - {""}):
        path = ROOT / entry
        if path.is_file() and path.suffix not in {".gz", ".png", ".ico", ".woff2"}:
            yield path


def named(text: str) -> list[str]:
    """Hosts and machine paths that a text names; the loopback address is everybody's."""
    return [m[0] for m in FORBIDDEN.finditer(text) if not re.match(LOOPBACK, m[0])]


def test_no_registry_host_and_no_path_of_a_machine():
    guilty = {}
    for path in tracked_text():
        try:
            found = named(path.read_text("utf-8"))
        except UnicodeDecodeError:
            continue
        if found:
            guilty[name(path)] = found
    assert guilty == {}


def test_what_must_not_be_named_would_be_seen():
    bad = [
        "https://" + "pypi" + ".org/simple",
        "see /wo" + "rk/main/course",
        "http://" + "10.1.2.3/",
    ]
    bad += ["'/ho" + "me/someone/x'", "C:" + "\\Users\\someone"]
    assert all(named(text) for text in bad)
    assert not named("http://127.0.0.1:8888/lab and $HOME/work/x and course/home/y and a/tmp/b")
