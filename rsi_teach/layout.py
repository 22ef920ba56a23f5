"""Where the course's files are, and laying them out without touching what a learner changed."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

PARTS = ("course", "exercises")  # solutions stay behind; `exercise(...).solution()` shows them
FOR_TEACHING = (*PARTS, "solutions")
MANIFEST = ".rsi-teach.json"  # what was laid out: file name -> SHA-256


@dataclass(frozen=True, kw_only=True)
class Laid:
    """What laying the course out did, as file names relative to the folder.

    Parameters
    ----------
    written : tuple of str
        New here, or brought from an older version to this one.
    kept : tuple of str
        Changed by the learner, and therefore left as they were.
    beside : tuple of str
        New versions of kept files, written next to them under ``NAME.new.ipynb``.
    """

    written: tuple[str, ...]
    kept: tuple[str, ...]
    beside: tuple[str, ...]


def source() -> Path:
    """Return the folder that holds ``course/``: inside an installed wheel, or the clone's top.

    Raises
    ------
    FileNotFoundError
        When the installation has lost it.

    Examples
    --------
    >>> (source() / "course").is_dir()
    True
    """
    package = Path(__file__).resolve().parent
    for folder in (package / "_course", package.parent):
        if (folder / "course").is_dir():
            return folder
    raise FileNotFoundError(
        f"the course's notebooks are missing beside {package}: install rsi-teach again"
    )


def lay_out(folder: Path, origin: Path | None = None, *, teaching: bool = False) -> Laid:
    """Copy the course and its exercises into a folder; never overwrite a change.

    A file that is still as it was laid out is brought up to date. A file that the learner changed
    is kept, and where this version of the course has another text for it than the one laid out
    last, that is written beside it as ``NAME.new.ipynb``. A deleted file comes back.

    Parameters
    ----------
    folder : Path
        Made if it is missing.
    origin : Path, optional
        The folder holding ``course/`` and ``exercises/``; this installation's by default. Where
        it is `folder` itself, there is nothing to do.
    teaching : bool
        Whether the solutions and the instructor's pages come as well.

    Raises
    ------
    OSError
        When the folder cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> home = Path(tempfile.mkdtemp())
    >>> notebook = home / "clone" / "course" / "00.ipynb"
    >>> notebook.parent.mkdir(parents=True)
    >>> _ = notebook.write_text("a chapter")
    >>> lay_out(home / "mine", origin=home / "clone").written
    ('course/00.ipynb',)
    """
    origin = origin or source()
    if folder.exists() and folder.samefile(origin):
        return Laid(written=(), kept=(), beside=())
    folder.mkdir(parents=True, exist_ok=True)
    manifest = _manifest(folder)
    done: dict[str, list[str]] = {"written": [], "kept": [], "beside": []}
    for name, text in _texts(origin, teaching):
        outcome = _place(folder, name, text, manifest)
        if outcome == "newer" and _place(folder, _beside(name), text, manifest) == "written":
            done["beside"].append(_beside(name))
        if outcome != "same":
            done["written" if outcome == "written" else "kept"].append(name)
    _write(folder / MANIFEST, json.dumps(manifest, indent=1, sort_keys=True).encode())
    return Laid(**{kind: tuple(names) for kind, names in done.items()})


def _manifest(folder: Path) -> dict[str, str]:
    """Return what was laid out here; unreadable counts as nothing, and then nothing is replaced."""
    try:
        found = json.loads((folder / MANIFEST).read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _texts(origin: Path, teaching: bool) -> Iterator[tuple[str, bytes]]:
    for part in FOR_TEACHING if teaching else PARTS:
        for path in sorted((origin / part).rglob("*")):
            name = path.relative_to(origin)
            if not teaching and name.parts[:2] == ("course", "teaching"):
                continue
            if path.is_file() and not any(step.startswith((".", "__")) for step in name.parts):
                yield name.as_posix(), path.read_bytes()


def _place(folder: Path, name: str, text: bytes, manifest: dict[str, str]) -> str:
    """Write one file unless that would lose a change: "same", "written", "kept" or "newer"."""
    path = folder / name
    fresh = hashlib.sha256(text).hexdigest()
    last, manifest[name] = manifest.get(name), fresh
    present = hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else None
    if present == fresh:
        return "same"
    if present in (None, last):
        _write(path, text)
        return "written"
    return "kept" if fresh == last else "newer"


def _beside(name: str) -> str:
    path = PurePosixPath(name)
    return str(path.with_name(f"{path.stem}.new{path.suffix}"))


def _write(path: Path, text: bytes) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        draft.write_bytes(text)
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)
