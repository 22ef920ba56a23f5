"""The instructor's clocks, built from the minutes that the notebooks' cells carry.

A cell that begins a piece of work has ``minutes`` in its metadata: for a learner alone (``self``),
for a seminar of 90 minutes (``seminar``), for a lab (``lab``).  A cell with tags among these three
serves only those; one without serves all.

    python -m tools.clocks                           writes the clocks into course/teaching
    python -m tools.clocks lab 05_goodhart FILE      writes the chapter as a lab needs it
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from rsi_teach.learn.chapters import CHAPTERS
from rsi_teach.learn.new_files import write_new
from tools.notebooks import ROOT, read, write_text

MODES = ("self", "seminar", "lab")
TEACHING = ROOT / "course" / "teaching"
HEADING = re.compile(r"^#{1,3} (.+)$", re.MULTILINE)
# What a learner does in a cell, by how its source begins.
DOING = {
    "predict": r'predict\("(.+?)"',
    "explore": r"([A-Z]\w+)\(\)$",
    "record the belief": r"belief\(",
    "make the safety case": r"\w+ = safety_case\(",
    "read the ledger": r"claims\(",
}
HEADS = "| min | what | cells | under |\n|---|---|---|---|\n"
SHEET = re.compile(re.escape(HEADS) + r"((?:\|.*\n)+)")
BUILT = re.compile(r"(<!-- (lab|weeks): (.+?) -->\n)(\|.*\n)*")


@dataclass(frozen=True)
class Step:
    """A cell: its minutes, its heading, whom it serves, and what a learner does in it."""

    cell: str
    minutes: dict[str, int]
    under: str
    serves: frozenset[str]
    do: tuple[str, str]

    @property
    def exercise(self) -> bool:
        """Whether an exercise begins here."""
        return self.cell.startswith("ex-")


@cache
def steps(stem: str) -> dict[str, Step]:
    """Every cell of a chapter and then of its exercises, in order, by its id."""
    paths = [ROOT / folder / f"{stem}.ipynb" for folder in ("course", "solutions")]
    return {step.cell: step for path in paths if path.exists() for step in _steps(read(path))}


def _steps(book: NotebookNode) -> Iterator[Step]:
    under = ""
    for cell in book.cells:
        if cell.cell_type == "markdown" and (found := HEADING.findall(cell.source)):
            under = found[-1]
        yield Step(cell.id, cell.metadata.get("minutes", {}), under, serves(cell), _do(cell))


def serves(cell: NotebookNode) -> frozenset[str]:
    """For whom a cell is."""
    return frozenset(MODES).intersection(cell.metadata.get("tags", [])) or frozenset(MODES)


def _do(cell: NotebookNode) -> tuple[str, str]:
    """A verb and its object, either of them empty."""
    for verb, pattern in DOING.items():
        if cell.cell_type == "code" and (found := re.match(pattern, cell.source)):
            return verb, "".join(f"`{name}`" for name in found.groups())
    return "", ""


def spent(stem: str, mode: str, *, exercises: bool) -> int:
    """The minutes of a chapter's exercises, or of the chapter without them."""
    found = (step for step in steps(stem).values() if step.exercise == exercises)
    return sum(step.minutes.get(mode, 0) for step in found)


def clock(stem: str) -> list[tuple[str, list[Step]]]:
    """The rows of a chapter's sheet: what is done, and with which cells."""
    known = steps(stem)
    (table,) = SHEET.findall((TEACHING / f"{stem}.md").read_text("utf-8"))
    rows = []
    for line in table.splitlines():
        _, what, cells, _ = (part.strip() for part in line.strip("|").split(" | "))
        named = re.findall(r"`(.+?)`", cells)
        missing = [cell for cell in named if cell not in known]
        if missing or not named or "seminar" not in known[named[0]].minutes:
            wrong = f"no cell is called {missing[0]}" if missing else f"no minutes begin at {cells}"
            raise ValueError(f"{stem}.md: {wrong}")
        rows.append((what, [known[cell] for cell in named]))
    return rows


def built(path: Path) -> str:
    """An instructor's page with its clocks as the notebooks have them."""
    text = path.read_text("utf-8")
    if path.stem in {chapter.stem for chapter in CHAPTERS.values()}:
        return SHEET.sub(lambda _: HEADS + _sheet(path.stem), text)
    tables = {"lab": _lab, "weeks": _weeks}
    return BUILT.sub(lambda found: found[1] + tables[found[2]](found[3]), text)


def _sheet(stem: str) -> str:
    """The rows again: minutes of the cell that is named first, headings of all."""
    rows = []
    for what, named in clock(stem):
        cells = ", ".join(f"`{step.cell}`" for step in named)
        under = "; ".join(dict.fromkeys(step.under for step in named))
        rows.append(f"| {named[0].minutes['seminar']} | {what} | {cells} | {under} |\n")
    return "".join(rows)


def _lab(plan: str) -> str:
    """A timetable: chapters as a lab takes them, `cases NN` at full length, and pauses."""
    now = 0
    rows = ["| from | min | chapter | under the heading | do |\n", "|---|---|---|---|---|\n"]
    for item in map(str.strip, plan.split(",")):
        for minutes, *cells in _item(item):
            rows.append(f"| {now // 60}:{now % 60:02d} | {minutes} | {' | '.join(cells)} |\n")
            now += minutes
    return "".join([*rows, f"| {now // 60}:{now % 60:02d} | | | end | |\n"])


def _item(item: str) -> list[tuple[int, str, str, str]]:
    kind, _, number = item.rpartition(" ")
    if kind == "pause":
        return [(int(number), "", "pause", "")]
    stem = CHAPTERS[int(number)].stem
    if kind == "cases":
        case = steps(stem)["dispute"]
        return [(case.minutes["seminar"], _link(stem), case.under, "the two cases of the sheet")]
    rows = [named for _, named in clock(stem) if "lab" in named[0].minutes]
    return [(row[0].minutes["lab"], _link(stem), row[0].under, _told(row)) for row in rows]


def _told(row: list[Step]) -> str:
    """What is done in a row's cells, a verb once."""
    if row[0].exercise:
        return "exercise"
    done: dict[str, list[str]] = {}
    for verb, what in (step.do for step in row):
        done.setdefault(verb, []).append(what)
    done.pop("", None)
    return "; ".join(f"{verb} {', '.join(what)}".strip() for verb, what in done.items()) or "read"


def _link(stem: str) -> str:
    return f"[{stem[:2]}]({stem}.md)"


def _weeks(plan: str) -> str:
    """A seminar's weeks: what is read before, the chapter in the room, how much is left of it."""
    rows = ["| week | at home before | min | in the room | at home after, min |\n"]
    rows += ["|---|---|---|---|---|\n"]
    for week, chapters in enumerate(plan.split(","), 1):
        room, *before = (CHAPTERS[int(number)] for number in chapters.split("+"))
        minutes = sum(spent(one.stem, "self", exercises=False) for one in before)
        names = "; ".join(f"[{one.stem[:2]}](../{one.stem}.ipynb) {one.title}" for one in before)
        left = (one for one in steps(room.stem).values() if not _in_the_room(one))
        after = sum(one.minutes.get("self", 0) for one in left)
        rows.append(
            f"| {week} | {names or '–'} | {minutes or '–'} "
            f"| {_link(room.stem)} {room.title} | {after or '–'} |\n"
        )
    return "".join(rows)


def _in_the_room(step: Step) -> bool:
    return "seminar" in (step.minutes if step.exercise else step.serves)


def cut(book: NotebookNode, mode: str) -> NotebookNode:
    """The notebook without the cells that do not serve one of the modes."""
    kept = nbformat.from_dict(book)
    kept.cells = [cell for cell in kept.cells if mode in serves(cell)]
    return kept


def pages() -> Iterable[Path]:
    """The instructor's pages, in order."""
    return sorted(TEACHING.glob("*.md"))


def main(arguments: list[str]) -> int:
    """Write the clocks, or one chapter cut for one mode."""
    if not arguments:
        for page in pages():
            write_text(built(page), page)
        return 0
    stems = [chapter.stem for chapter in CHAPTERS.values()]
    if len(arguments) != 3 or arguments[0] not in MODES or arguments[1] not in stems:
        print(f"{__doc__}\nChapters: {', '.join(stems)}. For: {', '.join(MODES)}.", file=sys.stderr)
        return 2
    mode, stem, file = arguments
    try:
        write_new({Path(file): nbformat.writes(cut(read(ROOT / "course" / f"{stem}.ipynb"), mode))})
    except OSError as problem:
        print(f"{problem}. Choose another name.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
