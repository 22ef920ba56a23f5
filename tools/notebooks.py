"""Run and normalise every notebook, and make the exercises: `python -m tools.notebooks [NAME ...]`.

`course/` and `solutions/` are the sources, committed executed in a normal form; `exercises/` are
the solutions with their answers taken out.  A notebook is stale when its code, or the package that
it runs on, is no longer what it was when it ran: `python -m tools.notebooks --check` says which.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

ROOT = Path(__file__).parent.parent
FOLDERS = ("course", "solutions")
TIMES = ROOT / "benchmarks" / "notebooks.json"
WIDGET = "application/vnd.jupyter.widget-view+json"
ANSWER = re.compile(
    r"^(?P<indent>[ \t]*)### BEGIN SOLUTION\n.*?^[ \t]*### END SOLUTION[ \t]*(?:\n|\Z)",
    re.MULTILINE | re.DOTALL,
)
STUB = "{indent}# YOUR CODE HERE\n{indent}raise NotImplementedError()\n"


def sources() -> Iterator[Path]:
    """Every notebook that is written by hand, in order."""
    for folder in FOLDERS:
        yield from sorted((ROOT / folder).glob("*.ipynb"))


def read(path: Path) -> NotebookNode:
    """A notebook as nbformat reads it."""
    return nbformat.read(path, as_version=4)


def write(notebook: NotebookNode, path: Path) -> None:
    """Write a notebook whole or not at all, and only if it changed."""
    write_text(nbformat.writes(notebook) + "\n", path)


def write_text(text: str, path: Path) -> None:
    """Write a file whole or not at all, and only if it changed."""
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return
    half = path.with_suffix(".half")
    half.write_text(text, encoding="utf-8", newline="\n")
    half.replace(path)


def normalised(notebook: NotebookNode) -> NotebookNode:
    """The same notebook without what a run leaves behind: times, widget state, versions."""
    book = nbformat.from_dict(json.loads(json.dumps(notebook)))
    kept = {"rsi_teach": book.metadata["rsi_teach"]} if "rsi_teach" in book.metadata else {}
    book.metadata = nbformat.from_dict({
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
        **kept,
    })  # fmt: skip
    count = 0
    for cell in book.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type != "code":
            continue
        count += bool(cell.outputs or cell.execution_count)
        cell.execution_count = count if cell.outputs or cell.execution_count else None
        for output in cell.outputs:
            output.pop("transient", None)
            if "data" in output:
                output.data.pop(WIDGET, None)
                output.metadata = {}
            if output.output_type == "execute_result":
                output.execution_count = cell.execution_count
        empty = ({}, {"text/plain": ""})
        cell.outputs = _joined(out for out in cell.outputs if out.get("data") not in empty)
    return book


def _joined(outputs: Iterable[NotebookNode]) -> list[NotebookNode]:
    """Outputs with the pieces of a stream put together: where it is cut is chance."""
    joined: list[NotebookNode] = []
    for output in outputs:
        before = joined[-1] if joined else {}
        if output.output_type == "stream" and before.get("name") == output.name:
            before.text += output.text
        else:
            joined.append(output)
    return joined


def exercise_of(solution: NotebookNode) -> NotebookNode:
    """The notebook that a learner gets: answers replaced by stubs, no outputs.

    A cell tagged ``solution-only`` would not run with a stub, and is left out.
    """
    book = normalised(solution)
    book.metadata.pop("rsi_teach", None)
    book.cells = [c for c in book.cells if "solution-only" not in c.metadata.get("tags", [])]
    for cell in book.cells:
        if cell.cell_type != "code":
            continue
        cell.outputs, cell.execution_count = [], None
        cell.source = ANSWER.sub(lambda found: STUB.format(indent=found["indent"]), cell.source)
        cell.source = cell.source.rstrip("\n")
    return book


def fingerprint(notebook: NotebookNode) -> str:
    """What a notebook's outputs depend on: its code cells and the package."""
    digest = hashlib.sha256()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            digest.update(cell.source.encode())
    for path in sorted((ROOT / "rsi_teach").rglob("*")):
        if (
            path.suffix in {".py", ".csv", ".gz", ".json", ".npz"}
            and "__pycache__" not in path.parts
        ):
            content = path.read_bytes()
            binary = path.suffix in {".gz", ".npz"}
            digest.update(content if binary else content.replace(b"\r\n", b"\n"))
    return digest.hexdigest()[:16]


def stale() -> list[str]:
    """Which notebooks have to be run again, or were left in another form, and why."""
    found = []
    for path in sources():
        name, book = path.relative_to(ROOT).as_posix(), read(path)
        if book.metadata.get("rsi_teach", {}).get("ran") != fingerprint(book):
            found.append(f"{name}: its code or the package changed since it ran")
        if nbformat.writes(normalised(book)) + "\n" != path.read_text(encoding="utf-8"):
            found.append(f"{name}: not in normal form")
        if path.parent.name == "solutions":
            exercise = ROOT / "exercises" / path.name
            made = nbformat.writes(exercise_of(book)) + "\n"
            if not exercise.exists() or exercise.read_text(encoding="utf-8") != made:
                found.append(f"exercises/{path.name}: not what its solution gives")
    return found


def execute(path: Path) -> float:
    """Run a notebook in a kernel of its own and write it back; returns seconds of CPU."""
    import resource  # POSIX only: reading notebooks must work without it

    from nbclient import NotebookClient

    book = read(path)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryDirectory() as home:
        os.environ["RSI_TEACH_HOME"] = home
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as `rsi-teach start` does
        client = NotebookClient(
            book, timeout=600, kernel_name="python3", resources={"metadata": {"path": path.parent}}
        )
        client.execute()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    book.metadata["rsi_teach"] = {"ran": fingerprint(book)}
    write(normalised(book), path)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _draw_front_page() -> None:
    """The README's picture, drawn as chapter 02 draws it."""
    from rsi_teach.pictures.loop import Machine

    (ROOT / "course" / "machine.png").write_bytes(Machine().at().png)


def main(names: list[str]) -> int:
    """Run the notebooks whose path contains one of `names`, all if there are none."""
    if names == ["--check"]:
        print(*(stale() or ["every notebook is as it should be"]), sep="\n")
        return bool(stale())
    times: dict[str, Any] = json.loads(TIMES.read_text()) if TIMES.exists() else {}
    for path in sources():
        name = path.relative_to(ROOT).as_posix()
        if not names or any(part in name for part in names):
            times[name] = round(execute(path), 1)
            print(f"{name}: {times[name]} s of CPU")
        if path.parent.name == "solutions":
            write(exercise_of(read(path)), ROOT / "exercises" / path.name)
    _draw_front_page()
    TIMES.write_text(json.dumps(dict(sorted(times.items())), indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
