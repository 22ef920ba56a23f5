#!/usr/bin/env python3
"""Set the course up, then open it, test it or make a site of it.

python3 start.py [--no-browser] [--port N]    opens JupyterLab at the first chapter
python3 start.py test [arguments for pytest]  runs every test, from the course's folder
python3 start.py site [FOLDER]                builds pages for reading, in _site/

The first use makes the folder .venv beside this file and installs the pinned packages into it;
later uses find nothing to do. Nothing outside this folder is touched.
"""

# Only the standard library, and no syntax newer than Python 3.6: an old Python must get as far
# as the sentence that says it is too old. Hence the quoted types and the absence of := and |.

import argparse
import contextlib
import errno
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

OLDEST = (3, 11)
WINDOWS = os.name == "nt"
HERE = Path(__file__).resolve().parent
VENV = HERE / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if WINDOWS else "bin/python")
STAMP = VENV / "start-stamp.json"  # holds what was installed; {} while that is going on
LOCK = HERE / ".venv.lock"
EXTRAS = {"test": "pytest", "site": "tools.site"}  # what else there is to install, and to run

NO_SPACE = "The disk is full: free about 2 GB, then run the same command again."
NO_NETWORK = (
    "The package registry cannot be reached: check the network, the proxy (HTTPS_PROXY) or the"
    " mirror (PIP_INDEX_URL), then run the same command again."
)
NO_ENSUREPIP = (
    "This Python cannot make a virtual environment, because ensurepip is missing: on Debian or"
    " Ubuntu run `sudo apt install python3-venv`, elsewhere install a complete Python, then run"
    " the same command again."
)


class Stop(Exception):
    """What is wrong and what to do next, as a sentence for whoever typed the command."""


def main(arguments: "list[str]") -> int:
    """Set up, then hand over to JupyterLab, pytest or the site's builder; return the exit code."""
    try:
        if sys.version_info < OLDEST:
            raise Stop(
                "The course needs Python {}.{} or later and this is {}.{}: install a newer one,"
                " then run this file with it.".format(*OLDEST, *sys.version_info[:2])
            )
        extra = next((name for name in arguments[:1] if name in EXTRAS), "")
        rest = arguments[1:] if extra else opening(arguments)
        set_up(extra)
        return hand_over([str(PYTHON), "-m", EXTRAS.get(extra, "rsi_teach"), *rest])
    except Stop as stop:
        print("\n" + str(stop), file=sys.stderr)
    except OSError as problem:
        print("\n" + in_words(problem), file=sys.stderr)
    except KeyboardInterrupt:
        print("\nStopped. The same command takes it up again.", file=sys.stderr)
    return 1


def opening(arguments: "list[str]") -> "list[str]":
    """Check the options, and return the package's own command that opens the course here."""
    parser = argparse.ArgumentParser(
        prog="start.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--no-browser", action="store_true", help="print the address, open nothing")
    parser.add_argument("--port", type=int, metavar="N", help="serve here, or say that it is taken")
    parser.parse_args(arguments)
    return ["start", str(HERE), *arguments]


def in_words(problem: OSError) -> str:
    """Say what an operating system's error means for the set-up."""
    if problem.errno == errno.ENOSPC:
        return NO_SPACE
    return (
        "{}: {}. Check that you may write here, that the copy of the course is complete and that"
        " nothing else uses its .venv, then run the same command again."
    ).format(problem.filename, problem.strerror)


# --- set-up: is everything there, and if not, what is the least that makes it so? -----------------


def set_up(extra: str) -> None:
    """Bring .venv to the pinned state, with the extra packages that are or were asked for."""
    if up_to_date(extra):
        return
    with alone():
        if up_to_date(extra):
            return
        before, target = stamp(), wanted(extra)
        if before.get("place") != target["place"] or not sound():
            before = {}
            make_venv()
        install(before, target)


def up_to_date(extra: str) -> bool:
    """Whether .venv holds what is wanted and its interpreter runs."""
    return stamp() == wanted(extra) and sound()


def stamp() -> dict:
    """Return what the last completed set-up installed; empty if there was none."""
    try:
        found = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def wanted(extra: str) -> dict:
    """Return what there should be: this Python in this folder, these pins, these extras."""
    pins = (HERE / "constraints.txt").read_bytes() + (HERE / "pyproject.toml").read_bytes()
    return {
        "place": [str(HERE), sys.version, sys.base_prefix],
        "pins": hashlib.sha256(pins).hexdigest(),
        # Once there, they stay: going from `test` to the course and back installs nothing.
        "extras": sorted({extra, *stamp().get("extras", [])} - {""}),
    }


def sound() -> bool:
    """Whether the interpreter in .venv runs and finds pip and the course's package."""
    question = (
        "import sys; from importlib.util import find_spec;"
        "sys.exit(not (find_spec('pip') and find_spec('rsi_teach')))"
    )
    try:
        return subprocess.call([str(PYTHON), "-I", "-c", question], stderr=subprocess.DEVNULL) == 0
    except OSError:
        return False


@contextlib.contextmanager
def alone():
    """Let one set-up at a time work in this folder; the others wait."""
    with LOCK.open("w") as lock:
        os.set_inheritable(lock.fileno(), True)  # if this process is killed, pip still holds it
        told = False
        while not locked(lock):
            if not told:
                print("Another set-up is at work in this folder; waiting for it.", flush=True)
            told = True
            time.sleep(0.5)
        yield


def locked(file) -> bool:
    """Take the lock if it is free; a file system without locks counts as free."""
    try:
        if WINDOWS:
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as problem:
        return problem.errno not in (errno.EACCES, errno.EAGAIN, errno.EDEADLK)
    return True


# --- the steps ------------------------------------------------------------------------------------


def make_venv() -> None:
    """Make .venv anew, in place of one that start.py or venv made and of nothing else."""
    try:
        import ensurepip  # noqa: F401
    except ImportError:
        raise Stop(NO_ENSUREPIP) from None
    marks = (STAMP, VENV / "pyvenv.cfg")
    ours = VENV.is_dir() and not VENV.is_symlink() and any(mark.exists() for mark in marks)
    if os.path.lexists(str(VENV)) and not ours:
        raise Stop("{} was not made by start.py: move it away, then run again.".format(VENV))
    print("Setting up in {} (once; a few minutes) ...".format(VENV), flush=True)
    VENV.mkdir(exist_ok=True)
    STAMP.write_text("{}")  # the last thing to go and the first to come: .venv is always ours
    for path in VENV.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(str(path))
        elif path != STAMP:
            path.unlink()
    base = getattr(sys, "_base_executable", None) or sys.executable  # not the .venv being replaced
    watch([base, "-m", "venv", str(VENV)], "Python's venv failed")


def install(before: dict, target: dict) -> None:
    """Install the pinned packages; a failure that pip rolled back leaves the state of before."""
    STAMP.write_text("{}")
    course = ".[{}]".format(",".join(target["extras"])) if target["extras"] else "."
    pip = [str(PYTHON), "-m", "pip", "install", "-c", "constraints.txt", "-e", course]
    try:
        watch(pip, "pip could not install the packages")
    except Stop:
        STAMP.write_text(json.dumps(before))
        raise
    STAMP.write_text(json.dumps(target))
    print("Set up.", flush=True)


def watch(command: "list[str]", failure: str) -> None:
    """Run a step, showing its latest line on a terminal; raise Stop with the cause if it fails."""
    process = subprocess.Popen(
        command,
        cwd=str(HERE),  # so that no path is passed on: pip splits its variables at spaces
        env=dict(
            os.environ,
            PIP_CONSTRAINT="constraints.txt",  # for the build of the course's own package:
            PIP_BUILD_CONSTRAINT="constraints.txt",  # the older and the newer way to say it
            PIP_DISABLE_PIP_VERSION_CHECK="1",
            PIP_NO_INPUT="1",
            PIP_USER="0",
        ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        universal_newlines=True,
        errors="replace",
        close_fds=False,
    )
    lines = []
    for line in process.stdout:
        lines.append(line.rstrip())
        show(lines[-1])
    show("")
    if process.wait() != 0:
        raise Stop(cause("\n".join(lines), failure))


def show(line: str) -> None:
    """Replace the terminal's current line; elsewhere say nothing."""
    if sys.stdout.isatty():
        width = shutil.get_terminal_size().columns - 1
        print("\r" + line.strip()[:width].ljust(width) + "\r", end="", flush=True)


def cause(output: str, failure: str) -> str:
    """Name the cause that a failed step's output betrays, below the end of that output."""
    last = "\n".join(output.splitlines()[-12:])
    if re.search(r"No space left|Errno 28\b|not enough space|Disk quota", output):
        return last + "\n\n" + NO_SPACE
    if "ensurepip is not" in output:
        return last + "\n\n" + NO_ENSUREPIP
    words = "connection|timed out|name resolution|getaddrinfo|unreachable|proxy|certificate"
    given_up = r"Retrying \(Retry\(total=0|^\s*(?i:error): .*(?i:" + words + ")"
    if re.search(given_up, output, re.MULTILINE):
        return last + "\n\n" + NO_NETWORK
    return "{}\n\n{}: the lines above say why. Run the same command again.".format(last, failure)


def hand_over(command: "list[str]") -> int:
    """Run the command in the course's folder in place of this process (Windows: beside it)."""
    os.chdir(str(HERE))
    sys.stdout.flush()
    if not WINDOWS:
        os.execv(command[0], command)
    process = subprocess.Popen(command)
    while True:
        # Ctrl-C reaches both; what it means is for the other to say.
        with contextlib.suppress(KeyboardInterrupt):
            return process.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
