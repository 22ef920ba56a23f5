"""The command ``rsi-teach``: open the course, check the set-up, look after journals."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import rsi_teach
from rsi_teach import layout, readiness
from rsi_teach.serving import SETTINGS, learners_config_path, one_thread

if TYPE_CHECKING:
    from rsi_teach.learn.journal import Journal

FIRST = "course/00_start_here.ipynb"

START = """\
Lay the course and its exercises out in FOLDER and open JupyterLab at the first chapter.

Your work is never overwritten. A file that is as it was laid out is brought up to date; one that
you changed (running a notebook and saving it is a change) stays as it is, and if a newer version
of the course has another text for it, that is written beside it as NAME.new.ipynb. To begin a
notebook afresh, delete it and run this again.
"""


CLASS = """\
Pool the files that learners wrote with `rsi-teach journal export --anonymous FILE` into one page
for a projector. Files that cannot be used are named here, and only counted on the page. With fewer
than five journals nothing is written. The page needs no network, and nothing is sent anywhere.
"""


class Stop(Exception):
    """What is wrong and what to do next, as a sentence for whoever typed the command."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Parameters
    ----------
    arguments : sequence of str, optional
        What follows ``rsi-teach``; the process's own arguments by default.

    Returns
    -------
    int
        The exit code: 0, or 1 when something is wrong, which has then been said.

    Examples
    --------
    >>> main(["journal", "show"])
    The journal is empty.
    0
    """
    from rsi_teach.learn.journal import JournalError

    options = _parser().parse_args(arguments)
    try:
        return options.run(options)
    except (Stop, JournalError) as stop:
        print(stop, file=sys.stderr)
    except OSError as problem:
        print(f"{problem}. Put that right, then run the same command again.", file=sys.stderr)
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="rsi-teach", description=__doc__)
    parser.add_argument("--version", action="version", version=rsi_teach.__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    start = commands.add_parser(
        "start",
        help="lay the course out and open it",
        description=START,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    start.add_argument("folder", nargs="?", type=Path, default=Path("rsi-teach-course"))
    start.add_argument("--no-browser", action="store_true", help="print the address, open nothing")
    start.add_argument(
        "--teaching", action="store_true", help="with the solutions and the instructor's pages"
    )
    start.add_argument("--port", type=int, metavar="N", help="serve here, or say that it is taken")
    start.add_argument("--lay-out-only", action="store_true", help="do not open JupyterLab")
    start.set_defaults(run=_start)
    doctor = commands.add_parser("doctor", help="check everything that the course needs")
    doctor.set_defaults(run=_doctor)
    _add_journal(commands.add_parser("journal", help="show, export or forget your record"))
    pooled = commands.add_parser(
        "class", help="pool a class's anonymous journals into a page", description=CLASS
    )
    pooled.add_argument("folder", type=Path, help="holds the learners' anonymous files")
    pooled.add_argument("--to", type=Path, metavar="FILE.html", default=Path("class.html"),
                        help="the page to write; class.html if not given")  # fmt: skip
    pooled.set_defaults(run=_class)
    return parser


def _add_journal(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    show = actions.add_parser("show", help="print every entry")
    show.set_defaults(run=_show)
    export = actions.add_parser(
        "export", help="write every entry to a new file, a line of JSON each"
    )
    export.add_argument("file", type=Path)
    export.add_argument(
        "--anonymous",
        action="store_true",
        help="write what a class may pool: predictions and answers, without times or your words",
    )
    export.set_defaults(run=_export)
    forget = actions.add_parser("forget", help="delete every entry, beyond recovery")
    forget.add_argument("--yes", action="store_true", help="do not ask")
    forget.set_defaults(run=_forget)


# --- start ----------------------------------------------------------------------------------------


def _start(options: argparse.Namespace) -> int:
    folder = options.folder.expanduser().resolve()
    if folder.exists() and not folder.is_dir():
        raise Stop(f"{folder} is a file: name a folder for the course, new or laid out before.")
    if options.port is not None and not options.lay_out_only:
        _check_port(options.port)
    _report(layout.lay_out(folder, teaching=options.teaching), folder)
    if options.lay_out_only:
        return 0
    return _hand_over(_jupyter(folder, options), folder)


def _check_port(port: int) -> None:
    if not 1 <= port <= 65535:
        raise Stop(f"--port {port} is outside 1 to 65535: choose another, such as 8888.")
    try:
        free = readiness.port_is_free(port)
    except PermissionError:
        raise Stop(f"You may not serve on port {port}: choose one above 1023.") from None
    if not free:
        raise Stop(
            f"Port {port} is taken: stop the program that uses it, choose another port, or leave"
            " --port out and JupyterLab finds a free one."
        )


def _report(laid: layout.Laid, folder: Path) -> None:
    if laid.written:
        print(f"{len(laid.written)} files laid out in {folder}")
    if laid.kept:
        print(f"{len(laid.kept)} files kept as you changed them")
    for name in laid.beside:
        print(f"  a newer version is in {name}")


def _jupyter(folder: Path, options: argparse.Namespace) -> list[str]:
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={folder}"]
    command += [f"--LabApp.default_url=/lab/tree/{FIRST}"]  # in the printed address as well
    command += SETTINGS
    if options.no_browser:
        command += ["--no-browser"]
    if options.port is not None:
        command += [f"--ServerApp.port={options.port}", "--ServerApp.port_retries=0"]
    if os.name != "nt" and os.geteuid() == 0:
        command += ["--allow-root"]  # in a container one is root, and the server has its token
    return command


def _hand_over(command: list[str], folder: Path) -> int:
    """Run JupyterLab in place of this process (Windows: beside it)."""
    os.chdir(folder)
    one_thread()
    os.environ["JUPYTER_CONFIG_PATH"] = learners_config_path()
    sys.stdout.flush()
    if os.name != "nt":
        os.execv(command[0], command)
    process = subprocess.Popen(command)
    while True:
        with suppress(KeyboardInterrupt):  # JupyterLab got it too, and asks what to do
            return process.wait()


# --- doctor and journal ---------------------------------------------------------------------------


def _doctor(options: argparse.Namespace) -> int:
    findings = readiness.doctor()
    print(*findings, sep="\n")
    return 0 if all(finding.ok for finding in findings) else 1


def _show(options: argparse.Namespace) -> int:
    from rsi_teach.learn.journal import open_journal

    entries = open_journal().entries()
    for entry in entries:
        said = json.dumps(entry.payload, ensure_ascii=False)
        print(f"{entry.time}  {entry.kind:10}  {entry.key:24}  {said}")
    if not entries:
        print("The journal is empty.")
    return 0


def _export(options: argparse.Namespace) -> int:
    from rsi_teach.learn.journal import open_journal

    if options.file.exists():
        raise Stop(f"{options.file} exists and is left as it is: choose another name.")
    journal = open_journal()
    if options.anonymous:
        return _export_anonymous(journal, options.file)
    journal.export(options.file)
    print(f"{len(journal.entries())} entries written to {options.file}")
    return 0


def _export_anonymous(journal: Journal, path: Path) -> int:
    from rsi_teach.learn.record import Record
    from rsi_teach.learn.record_file import consent, export_anonymous

    record = Record.of(journal)
    print(consent(record))
    export_anonymous(record, path)
    print(f"Written to {path}")
    return 0


def _class(options: argparse.Namespace) -> int:
    from rsi_teach.learn.class_page import write_class_page

    folder, page = options.folder.expanduser(), options.to.expanduser()
    if not folder.is_dir():
        what = "is a file" if folder.exists() else "does not exist"
        raise Stop(f"{folder} {what}: name the folder that holds the learners' files.")
    if os.path.lexists(page):
        raise Stop(f"{page} exists and is left as it is: choose another name with --to.")
    if not page.parent.is_dir():
        raise Stop(f"{page.parent} is no folder: make it first, or choose another place with --to.")
    files = sorted(folder.iterdir())
    if not files:
        raise Stop(f"{folder} is empty: put the files there that the learners handed in.")
    try:
        found = write_class_page(files, page)
    except ValueError as refused:
        raise Stop(f"{refused}\nNothing was written.") from None
    for one in found.skipped:
        print(one.sentence)
    print(f"{found.whose}. Written to {page}")
    return 0


def _forget(options: argparse.Namespace) -> int:
    from rsi_teach.learn.journal import open_journal

    journal = open_journal()
    count = len(journal.entries())
    if not options.yes and not _agreed(count):
        print("Nothing was deleted.")
        return 0
    journal.forget()
    print(f"{count} entries deleted.")
    return 0


def _agreed(count: int) -> bool:
    try:
        return input(f"Delete all {count} entries, beyond recovery? Type yes: ").strip() == "yes"
    except EOFError:
        return False
