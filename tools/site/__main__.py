"""Build the course as a reading site: `python -m tools.site [FOLDER]`, by default into `_site/`.

Every page comes from a committed, executed notebook or a Markdown file; nothing is run.
"""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from rsi_teach.learn.chapters import CHAPTERS
from tools.notebooks import ROOT, exercise_of, normalised, read, sources

HERE = Path(__file__).parent
LIST = "made-by-start.txt"  # what the build put there, and so what the next one may replace
FOLDED = {"source_hidden": "hide-input", "outputs_hidden": "hide-output"}  # JupyterLab, myst-nb
SPOKEN = {"base.json", "en.json", "nemeth.json"}  # MathJax reads formulas aloud in English


def build(folder: Path) -> Path:
    """Build the site in place of the one that was built there before; return its first page.

    Parameters
    ----------
    folder : Path

    Raises
    ------
    ValueError
        For a file there that no earlier build made, and for any warning of Sphinx.
    """
    from sphinx.cmd.build import build_main

    if strange := foreign(folder):
        raise ValueError(f"{strange[0]} was not made by this command: move it away, then repeat.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f"{folder.name}.half-") as half:
        pages, made = Path(half, "pages"), Path(half, "made")
        lay_out(pages)
        options = ["-q", "-W", "--keep-going", "-c", str(HERE), "-d", str(Path(half, "read"))]
        if build_main([*options, str(pages), str(made)]):
            raise ValueError(f"{folder} is as it was: mend what is named above, then repeat.")
        lay_out_mathjax(made / "_static" / "mathjax")
        made.joinpath(LIST).write_text("\n".join([LIST, *contents(made)]), encoding="utf-8")
        if folder.exists():
            folder.rename(Path(half, "before"))
        made.rename(folder)
    return folder / "index.html"


def foreign(folder: Path) -> list[Path]:
    """Everything in the way that no earlier build put there."""
    if folder.is_symlink() or folder.is_file():
        return [folder]
    made = folder / LIST
    ours = set(made.read_text(encoding="utf-8").splitlines()) if made.is_file() else set()
    return [folder / name for name in contents(folder) if name not in ours]


def contents(folder: Path) -> list[str]:
    """Every file below a folder, by its path from there."""
    found = (path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    return sorted(path.relative_to(folder).as_posix() for path in found)


def lay_out(pages: Path) -> None:
    """Put what Sphinx is to read into a folder: front pages, guides, notebooks."""
    shutil.copytree(HERE / "pages", pages)
    shutil.copy(ROOT / "README.md", pages)
    besides = shutil.ignore_patterns("*.ipynb", ".*")
    shutil.copytree(ROOT / "course", pages / "course", ignore=besides)
    for name, book in notebooks():
        pages.joinpath(name).parent.mkdir(exist_ok=True)
        nbformat.write(folded(book), pages / name)
    for page in list(pages.rglob("*.md")):
        _lay_out_linked(page, ROOT / page.parent.relative_to(pages))


def _lay_out_linked(page: Path, origin: Path) -> None:
    """Put the files that a page points at beside it: on the site they can be downloaded."""
    for target in re.findall(r"\]\(([^)#:\s]+)", page.read_text(encoding="utf-8")):
        copy = page.parent / target
        if (origin / target).is_file() and not copy.exists():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(origin / target, copy)


def notebooks() -> Iterator[tuple[str, NotebookNode]]:
    """Every notebook by its path, each solution also as the exercise that is made of it."""
    stems = {chapter.stem for chapter in CHAPTERS.values()}
    for path in (path for path in sources() if path.stem in stems):
        book = read(path)
        if path.parent.name == "solutions":
            yield f"exercises/{path.name}", exercise_of(book)
            book.cells[0].source = re.sub(r"^(# .*)", r"\1, solved", book.cells[0].source)
        yield path.relative_to(ROOT).as_posix(), normalised(book)


def folded(book: NotebookNode) -> NotebookNode:
    """The notebook with what JupyterLab folds marked as myst-nb wants it."""
    for cell in book.cells:
        hidden = cell.metadata.get("jupyter", {})
        tags = [tag for name, tag in FOLDED.items() if hidden.get(name)]
        cell.metadata["tags"] = [*cell.metadata.get("tags", []), *tags]
    return book


def lay_out_mathjax(folder: Path) -> None:
    """Copy what typesets TeX, and what its menu offers to people who listen."""
    package = Path(str(files("mathjax") / "static" / "mathjax"))
    for part in ("a11y", "input/tex", "output/chtml", "sre"):
        shutil.copytree(package / "es5" / part, folder / part, ignore=_unspoken)
    shutil.copy(package / "es5" / "tex-chtml.js", folder)
    shutil.copy(package / "LICENSE", folder)


def _unspoken(folder: str, names: list[str]) -> set[str]:
    return {name for name in names if name.endswith(".json")} - SPOKEN


def main(arguments: list[str]) -> int:
    """Build, and say where the first page is."""
    if len(arguments) > 1 or any(word.startswith("-") for word in arguments):
        print(f"site takes at most a folder, not {' '.join(arguments)}.", file=sys.stderr)
        return 2
    try:
        first = build(Path(*arguments or [ROOT / "_site"]).absolute())
    except ValueError as problem:
        print(problem, file=sys.stderr)
        return 1
    print(f"The site is built. Open {first} in a browser.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
