"""Write AUDIT.md, in which the course says what it checked: ``python tools/audit.py``.

``--quick`` keeps the slow part, the machine's table, as it stands in the file.
``--check`` writes nothing and fails if AUDIT.md is stale. It leaves out what is measured on a
clock, and, unless ``--all`` is given, the machine's table, which takes a minute or more.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import importlib.util
import json
import os
import pkgutil
import platform
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

ROOT = Path(__file__).resolve().parents[1]
AUDIT = ROOT / "AUDIT.md"
KINDS = ("theorem in the toy model", "simulation result", "measured, cited", "judgement")
HEAD = """# What this course checked about itself

Written by `python tools/audit.py`; do not edit. Every number here is computed or measured by the
program that prints it.
"""


@dataclass(frozen=True, kw_only=True)
class Section:
    """One part of AUDIT.md.

    Parameters
    ----------
    title : str
    body : callable () -> str
        Computes it, as Markdown.
    cost : "cheap", "slow" or "timed"
        Slow ones are compared only on request, timed ones never.
    """

    title: str
    body: Callable[[], str]
    cost: Literal["cheap", "slow", "timed"] = "cheap"


# --- claims -------------------------------------------------------------------------------------


def claims() -> str:
    """Count the claims of every chapter by kind."""
    rows, total = [], Counter()
    for path in sorted(ROOT.glob("course/*.ipynb")):
        counts = Counter(kinds_claimed(path))
        total += counts
        rows.append([path.stem, *(counts[kind] for kind in KINDS), counts.total()])
    if not rows:
        return "No chapter is there yet."
    rows.append(["**all**", *(total[kind] for kind in KINDS), total.total()])
    return table(["chapter", *KINDS, "all"], rows)


def kinds_claimed(notebook: Path) -> Iterator[str]:
    """Kinds of the ``Claim(...)`` calls in a notebook's code, in order."""
    for cell in json.loads(notebook.read_text("utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            yield from _kinds_in("".join(cell["source"]))


def _kinds_in(source: str) -> Iterator[str]:
    lines = (line for line in source.splitlines() if not line.lstrip().startswith(("%", "!")))
    for node in ast.walk(ast.parse("\n".join(lines))):
        called = isinstance(node, ast.Call) and getattr(node.func, "attr", _name(node.func))
        if called == "Claim":
            yield next(
                ast.literal_eval(keyword.value)
                for keyword in node.keywords
                if keyword.arg == "kind"
            )


def _name(node: ast.AST) -> str:
    return getattr(node, "id", "")


# --- published numbers --------------------------------------------------------------------------


def published() -> str:
    """Put ours beside theirs."""
    entries = module_at("tests/test_published.py").PUBLISHED
    missed = sum(entry.miss is not None for entry in entries)
    rows = [_published_row(entry) for entry in entries]
    said = f"{len(entries) - missed} of {len(entries)} are reproduced to the rounding in which "
    said += "they were published (and three standard errors, where ours is simulated)."
    head = ["what", "source", "theirs", "ours", "difference", "", "convention, or why not"]
    return f"{said}\n\n{table(head, rows)}"


def _published_row(entry: Any) -> list[str]:
    ours = entry.ours()
    unit = f" {entry.unit}" if entry.unit else ""
    digits = max(0, 1 - _exponent(entry.rounding)) if entry.rounding > 1e-6 else 3
    outcome = "reproduced" if entry.miss is None else "**missed**"
    error = f" ± {entry.error:.{digits}f}" if entry.error else ""
    numbers = [f"{entry.theirs:g}{unit}", f"{ours:.{digits}f}{error}{unit}"]
    difference = round(ours - entry.theirs, digits) + 0.0
    return [entry.what, entry.source, *numbers, f"{difference:+.{digits}f}", outcome, entry.note]


def _exponent(value: float) -> int:
    return int(f"{value:e}".split("e")[1])


def closed_forms() -> str:
    """Put the numbers that the course relies on beside the formulas that give them."""
    entries = module_at("tests/test_closed_form.py").STATED
    missed = sum(entry.miss is not None for entry in entries)
    said = f"{len(entries) - missed} of {len(entries)} agree to every digit first written down."
    head = ["chapter", "number", "stated", "ours", "difference", "", "how"]
    return f"{said}\n\n{table(head, [_stated_row(entry) for entry in entries])}"


def _stated_row(entry: Any) -> list[str]:
    ours, digits = entry.ours(), len(entry.stated.partition(".")[2]) + 1
    error = f" ± {entry.error:.{digits}f}" if entry.error else ""
    difference = f"{round(ours - float(entry.stated), digits) + 0.0:+.{digits}f}"
    outcome = "agrees" if entry.miss is None else "**off**"
    numbers = [entry.stated, f"{ours:.{digits}f}{error}", difference]
    return [f"{entry.chapter:02d}", entry.what, *numbers, outcome, entry.note]


# --- checkers -----------------------------------------------------------------------------------


def checkers() -> str:
    """Give every checker its own wrong answers and count those it rejects for the right reason."""
    rows = [_checker_row(checker) for checker in every_checker()]
    if not rows:
        return "No checker is there yet."
    caught, listed = (sum(row[i] for row in rows) for i in (3, 4))
    said = f"{caught} of {listed} wrong answers are rejected with the message they must get."
    head = ["exercise", "title", "right answers that hold", "wrong rejected", "of", "slips through"]
    return f"{said}\n\n{table(head, rows)}"


def every_checker() -> list[type]:
    """All checkers that belong to an exercise, by key."""
    package = importlib.import_module("rsi_teach.learn.checkers")
    base = importlib.import_module("rsi_teach.learn.checker").Checker
    found = set()
    for entry in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"{package.__name__}.{entry.name}")
        members = (value for value in vars(module).values() if isinstance(value, type))
        found |= {value for value in members if issubclass(value, base) and "key" in vars(value)}
    return sorted(found, key=lambda checker: checker.key)


def _checker_row(checker: Any) -> list[Any]:
    held = sum(checker.judge(answer).outcome == "holds" for answer in checker.right)
    caught = sum(_rejected(checker.judge(wrong), part) for wrong, part in checker.wrong.values())
    listed = len(checker.wrong)
    right = f"{held} of {len(checker.right)}"
    return [checker.key, checker.title, right, caught, listed, checker.slips_through]


def _rejected(verdict: Any, part: str) -> bool:
    return verdict.outcome in ("does not hold", "cannot be checked") and part in str(
        verdict.message
    )


# --- what is measured ---------------------------------------------------------------------------


def machine() -> str:
    """Measure the machine's table."""
    benchmark = module_at("benchmarks/machine.py")
    return benchmark.table_markdown(benchmark.machine_table())


def machine_times() -> str:
    """Time the stages of the machine."""
    benchmark = module_at("benchmarks/machine.py")
    return benchmark.times_markdown(benchmark.stage_times())


def latency() -> str:
    """Show what the browser benchmark last measured."""
    measured = _recorded("benchmarks/latency.json")
    if measured is None:
        return "Not measured yet: `python benchmarks/latency.py`."
    engines = {name: values for name, values in measured.items() if isinstance(values, dict)}
    rows = [
        [name, *(f"{v[key]:.{d}f}" for key, d in LATENCY_COLUMNS.items())]
        for name, v in engines.items()
    ]
    said = [
        f"{name}: {'yes' if v else 'no'}" for name, v in measured.items() if isinstance(v, bool)
    ]
    head = ["engine", "median ms", "p95 ms", "frames/s dragging", "bytes per move"]
    return "\n\n".join([table(head, rows), *said])


LATENCY_COLUMNS = {"median": 0, "p95": 0, "frames_per_s": 1, "bytes": 0}


def notebook_times() -> str:
    """Show how long each notebook took when it was last run."""
    measured = _recorded("benchmarks/notebooks.json")
    if not measured:
        return "Not measured yet."
    seconds = {name: v["seconds"] if isinstance(v, dict) else v for name, v in measured.items()}
    rows = [[name, f"{taken:.1f}"] for name, taken in sorted(seconds.items())]
    return table(
        ["notebook", "seconds of CPU"], [*rows, ["**all**", f"{sum(seconds.values()):.1f}"]]
    )


def _recorded(path: str) -> dict[str, Any] | None:
    file = ROOT / path
    return json.loads(file.read_text("utf-8")) if file.exists() else None


def ensembles() -> str:
    """Time every ensemble against drawing its noise."""
    costs = module_at("benchmarks/models.py").ensemble_costs()
    rows = [
        [cost.what, f"{cost.noise_ms:.2f}", f"{cost.model_ms:.2f}", f"{cost.ratio:.2f}"]
        for cost in costs
    ]
    here = f"Python {platform.python_version()}, {os.cpu_count()} processors."
    return f"{table(['ensemble', 'noise, ms', 'model, ms', 'ratio'], rows)}\n\n{here}"


def capstone() -> str:
    """Say what tuning on practice was worth, and where the naive policies end."""
    pictures = importlib.import_module("rsi_teach.pictures.capstone")
    rows = [
        [name, f"{policy.cost:g}", *(f"{value:.1f}" for part in ("practice", "held-out")
                                     for value in pictures.swept(part).of(policy))]
        for name, policy in {**pictures.NAIVE, **pictures.EXAMPLES}.items()
    ]  # fmt: skip
    head = ["policy", "cost", "practice: progress", "harm", "held-out: progress", "harm"]
    said = [
        f"Means in points over {pictures.machine_runs()} runs a policy. A score is progress less "
        f"{pictures.HARM_PRICE:g} times harm, over that of the plain policy; intervals are 90 %, "
        "scenarios and seeds drawn again, for the choice that was made.",
        table(head, rows),
    ]
    gaps = [
        [where, tried, *(f"{value:+.1f}" for value in pictures.overfit(part, tried))]
        for where, part in pictures.COMPARED.items()
        for tried in (1, 10, pictures.DRAWN)
    ]
    beyond = pictures.overfit(beyond=1)
    said.append(table(["practice minus", "policies tried", "gap", "from", "to"], gaps))
    said.append(
        f"Of the gap on held-out scenarios {beyond[0]:+.1f} points ({beyond[1]:+.1f} to "
        f"{beyond[2]:+.1f}) come with choosing among {pictures.DRAWN} policies instead of one."
    )
    return "\n\n".join(said)


def sweep_times() -> str:
    """Show what a second process was worth when it was last measured."""
    measured = _recorded("benchmarks/sweep.json")
    if measured is None:
        return "Not measured yet: `python benchmarks/sweep.py --json` on a quiet machine."
    benchmark = module_at("benchmarks/sweep.py")
    return benchmark.markdown(benchmark.SpeedUp(**measured))


def known_weak() -> str:
    """Say what is known to be weak."""
    return (ROOT / "tools" / "known_weak.md").read_text("utf-8").strip()


SECTIONS = (
    Section(title="Claims", body=claims),
    Section(title="Published numbers", body=published),
    Section(title="Closed forms", body=closed_forms),
    Section(title="What the checkers reject", body=checkers),
    Section(title="The machine", body=machine, cost="slow"),
    Section(title="The machine, stage by stage", body=machine_times, cost="timed"),
    Section(title="From slider to pixels", body=latency, cost="timed"),
    Section(title="Time per notebook", body=notebook_times, cost="timed"),
    Section(title="What an ensemble costs", body=ensembles, cost="timed"),
    Section(title="Capstone", body=capstone),
    Section(title="Capstone, two processes", body=sweep_times, cost="timed"),
    Section(title="Known to be weak", body=known_weak),
)


# --- the file -----------------------------------------------------------------------------------


def table(head: list[str], rows: list[list[Any]]) -> str:
    """Write a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    cells = ([str(cell).replace("|", "\\|").replace("\n", " ") for cell in line] for line in lines)
    return "\n".join(f"| {' | '.join(line)} |" for line in cells)


def module_at(path: str) -> ModuleType:
    """Import a file of the repository that belongs to no package."""
    name = "audit_" + Path(path).stem
    if name not in sys.modules:
        found = importlib.util.spec_from_file_location(name, ROOT / path)
        sys.modules[name] = importlib.util.module_from_spec(found)
        found.loader.exec_module(sys.modules[name])
    return sys.modules[name]


def written(sections: tuple[Section, ...] = SECTIONS, *, keep: str = "") -> str:
    """Compute the whole file; slow sections are copied from `keep` if they are in it."""
    kept = bodies(keep)
    parts = [HEAD]
    for section in sections:
        old = kept.get(section.title) if section.cost == "slow" else None
        parts.append(f"## {section.title}\n\n{old or section.body()}\n")
    return "\n".join(parts)


def bodies(text: str) -> dict[str, str]:
    """Split the file into its sections, by title."""
    found = re.findall(r"^## (.+?)\n\n(.*?)\n(?=\n## |\Z)", text, re.MULTILINE | re.DOTALL)
    return dict(found)


def stale(text: str, *, slow: bool = False) -> list[str]:
    """Titles of the sections of `text` that no longer say what they would say now."""
    said = bodies(text)
    missing = [section.title for section in SECTIONS if section.title not in said]
    compared = ("cheap", "slow") if slow else ("cheap",)
    present = [section for section in SECTIONS if section.title in said]
    checked = [section for section in present if section.cost in compared]
    return missing + [s.title for s in checked if s.body() != said[s.title]]


def main(arguments: list[str] | None = None) -> int:
    """Write AUDIT.md, or say what in it is stale."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="only say what is stale")
    parser.add_argument("--quick", action="store_true", help="keep the machine's table")
    parser.add_argument("--all", action="store_true", help="with --check: the machine's table too")
    options = parser.parse_args(arguments)
    text = AUDIT.read_text("utf-8") if AUDIT.exists() else ""
    if not options.check:
        AUDIT.write_text(written(keep=text if options.quick else ""), "utf-8")
        return 0
    old = stale(text, slow=options.all)
    print(f"AUDIT.md is stale in: {', '.join(old)}" if old else "AUDIT.md is up to date")
    return 1 if old else 0


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.exit(main())
