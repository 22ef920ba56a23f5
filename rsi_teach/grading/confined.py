"""Where a submission's code runs: an account that nobody has, a folder of its own, and limits."""

from __future__ import annotations

import os
import random
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Numbers that no account has: systemd keeps them for services that run as nobody in particular.
SPARE_ACCOUNTS = range(61184, 65520)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a submission may use; past the processor time, a process is killed, else it errs.

    Parameters
    ----------
    memory : int
        Bytes of address space, for each of its processes.
    cpu : int
        Seconds of processor time, for each of its processes; the notebook is one.
    file : int
        Bytes of the largest file that it may write.
    processes : int
        Processes and threads at a time.
    """

    memory: int = 4 << 30
    cpu: int = 120
    file: int = 64 << 20
    processes: int = 128

    def impose(self) -> None:
        """Put the limits on this process and its descendants; they cannot be raised again."""
        for what, most in (
            (resource.RLIMIT_AS, self.memory),
            (resource.RLIMIT_CPU, self.cpu),
            (resource.RLIMIT_FSIZE, self.file),
            (resource.RLIMIT_NPROC, self.processes),
            (resource.RLIMIT_CORE, 0),
        ):
            resource.setrlimit(what, (most, most))


@dataclass(frozen=True, kw_only=True)
class Quarters:
    """A place for one submission.

    Parameters
    ----------
    lobby : Path
        Where the grader leaves what a submission may use and not replace; gone afterwards.
    limits : Limits
    account : int or None
        The user and group that it runs as; None is the grader's own.
    shelves : tuple of int
        Directories opened by the grader for it: Python's, then those that Python imports from.
    """

    lobby: Path
    limits: Limits
    account: int | None = None
    shelves: tuple[int, ...] = ()

    @property
    def home(self) -> Path:
        """The submission's folder, the only one of its own."""
        return self.lobby / "home"

    @property
    def python(self) -> str:
        """The interpreter, by a path that works in here."""
        if not self.shelves:
            return sys.executable
        real = os.path.realpath(sys.executable)
        return f"{_shelf(self.shelves[0])}/{os.path.relpath(real, sys.base_prefix)}"

    def give(self, path: Path | str) -> None:
        """Hand a file of the grader's over to the submission's account."""
        if self.account is not None:
            os.chown(path, self.account, self.account, follow_symlinks=False)

    def popen(self) -> dict[str, Any]:
        """Return what `subprocess.Popen` needs to start a process here."""
        place = {
            "cwd": str(self.home),
            "env": self._environment(),
            "umask": 0o077,
            "preexec_fn": self.limits.impose,
        }
        if self.account is None:
            return place
        return {**place, **_as(self.account), "pass_fds": self.shelves}

    def _environment(self) -> dict[str, str]:
        """Nothing of the grader's environment but the way to the programs: it may hold secrets."""
        folders = ("HOME", "TMPDIR", "RSI_TEACH_HOME")
        return {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "USER": "submission",
            "LOGNAME": "submission",
            "OPENBLAS_NUM_THREADS": "1",
            **dict.fromkeys(folders, str(self.home)),
            **self._python_paths(),
        }

    def _python_paths(self) -> dict[str, str]:
        if not self.shelves:
            return {}
        home, *imports = map(_shelf, self.shelves)
        return {"PYTHONHOME": home, "PYTHONPATH": os.pathsep.join(imports)}


@contextmanager
def quarters(limits: Limits, *, as_myself: bool = False) -> Iterator[Quarters]:
    """Make a place for a submission; afterwards end all its processes and delete its folder.

    Parameters
    ----------
    limits : Limits
    as_myself : bool
        Run it as whoever runs this, who can then lose or leak any file of theirs. Without this,
        only root can call it.

    Raises
    ------
    PermissionError
        When the caller is not root and `as_myself` was not given.
    """
    if not as_myself and os.geteuid() != 0:
        raise PermissionError(
            "submissions are other people's code, and only root can run them as an account that"
            " owns nothing: autograde as root, or, in a container or virtual machine that holds"
            " nothing else, set c.Mark.as_myself = True in nbgrader_config.py"
        )
    with tempfile.TemporaryDirectory(prefix="submission-", ignore_cleanup_errors=True) as lobby:
        if as_myself:
            place = Quarters(lobby=Path(lobby), limits=limits)
            place.home.mkdir()
            yield place
            return
        account = _spare_account()
        with _shelves() as shelves:
            place = Quarters(lobby=Path(lobby), limits=limits, account=account, shelves=shelves)
            place.lobby.chmod(0o711)
            place.home.mkdir(mode=0o700)
            place.give(place.home)
            try:
                yield place
            finally:
                _end_all(account)


@contextmanager
def _shelves() -> Iterator[tuple[int, ...]]:
    """Open the directories of Python and its packages, which may lie where only root can go.

    Who holds a directory open can read what is in it, by way of /proc/self/fd, without any right
    to the directories above it. So a Python below root's home serves an account that is nobody.
    """
    imports = [folder for folder in sys.path if os.path.isdir(folder)]
    opened = [os.open(folder, os.O_PATH | os.O_DIRECTORY) for folder in (sys.base_prefix, *imports)]
    try:
        yield tuple(opened)
    finally:
        for one in opened:
            os.close(one)


def _shelf(opened: int) -> str:
    return f"/proc/self/fd/{opened}"


def _spare_account() -> int:
    taken = set()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(FileNotFoundError):
            taken.add(process.stat().st_uid)
    return random.choice([number for number in SPARE_ACCOUNTS if number not in taken])


def _end_all(account: int) -> None:
    """Kill what an account runs, all at once: one by one, they could start more meanwhile."""
    # By anybody else, root above all, the same signal would go to the whole machine.
    only = f'[ "$(id -u)" = {account} ] && kill -s KILL -- -1'
    subprocess.run(["sh", "-c", only], check=True, **_as(account))


def _as(account: int) -> dict[str, Any]:
    """What `subprocess.Popen` needs to run something as an account and in no other group."""
    return {"user": account, "group": account, "extra_groups": []}
