"""Files for the learner: new, whole or not there, and never over another."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path


def write_new(texts: Mapping[Path, str]) -> None:
    """Give each text its file, all of them or none.

    Parameters
    ----------
    texts : mapping of Path to str
        Files that do not exist yet, in folders that do.

    Raises
    ------
    FileExistsError
        When one is there already; it is left as it is, and none of the others is left behind.
    """
    for path in texts:
        if path.exists():
            raise _taken(path)
    drafts: dict[Path, Path] = {}
    done: list[Path] = []
    try:
        for path, text in texts.items():
            handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")
            drafts[path] = Path(name)
            with open(handle, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
        for path, draft in drafts.items():
            _publish(draft, path)
            done.append(path)
    except BaseException:
        for path in done:
            path.unlink(missing_ok=True)
        raise
    finally:
        for draft in drafts.values():
            draft.unlink(missing_ok=True)


def _publish(draft: Path, path: Path) -> None:
    """Give a finished file its name; fails if the name is taken, by whomever."""
    if os.name == "nt":
        draft.rename(path)  # refuses an existing name there
        return
    try:
        os.link(draft, path)
    except FileExistsError:
        raise _taken(path) from None
    except OSError:  # a file system without links
        if path.exists():
            raise _taken(path) from None
        draft.replace(path)


def _taken(path: Path) -> FileExistsError:
    return FileExistsError(f"{path} exists; choose another name")
