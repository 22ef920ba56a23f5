"""``python -m rsi_teach.grading FOLDER CHAPTER ...`` makes a folder for grading a class."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rsi_teach.grading.classroom import open_classroom


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return 0, or 1 when something is wrong, which has then been said."""
    parser = argparse.ArgumentParser(prog="python -m rsi_teach.grading", description=__doc__)
    parser.add_argument("folder", type=Path, help="outside of the course; nothing is overwritten")
    parser.add_argument("chapters", nargs="+", metavar="CHAPTER", help="such as 13_independence")
    options = parser.parse_args(arguments)
    try:
        written = open_classroom(options.folder.expanduser().resolve(), options.chapters)
    except (ValueError, OSError) as problem:
        print(problem, file=sys.stderr)
        return 1
    print(*(f"written: {path}" for path in written), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
