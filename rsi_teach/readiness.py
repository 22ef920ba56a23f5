"""Is everything there? One line for a notebook, a page of them for ``rsi-teach doctor``."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module, metadata
from pathlib import Path
from typing import TYPE_CHECKING

import rsi_teach

if TYPE_CHECKING:
    from packaging.requirements import Requirement

OLDEST = (3, 11)
CLONE = Path(__file__).resolve().parents[1]
AGAIN = (
    f"python3 {CLONE / 'start.py'}"
    if (CLONE / "start.py").is_file()
    else f'"{sys.executable}" -m pip install --upgrade rsi-teach'
)
EXTENSIONS = ("@jupyter-widgets/jupyterlab-manager", "anywidget")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What a check found.

    Parameters
    ----------
    ok : bool
    says : str
        What was looked at and what was there.
    next_step : str
        What to do about it when it is not `ok`.
    """

    ok: bool
    says: str
    next_step: str = ""

    def __str__(self) -> str:
        """Return the finding as a line of ``rsi-teach doctor``, with the next step below it."""
        return f"OK    {self.says}" if self.ok else f"FAIL  {self.says}\n      -> {self.next_step}"


Check = Callable[[], Finding]


def ready() -> None:
    """Print one line when a notebook can begin; what is wrong and what to do when it cannot.

    It never raises: whatever is missing or broken is printed, and the notebook goes on.

    Examples
    --------
    >>> ready()
    rsi_teach 0.1.0 · widgets installed · journal ready
    """
    try:
        troubles = [f for f in _findings([python, *dependencies(), journal]) if not f.ok]
        if not troubles:
            print(f"rsi_teach {rsi_teach.__version__} · widgets installed · journal ready")
        for trouble in troubles:
            print(f"{trouble.says}.\n  Next: {trouble.next_step}")
    except Exception as error:
        print(f"The set-up could not be checked ({error!r}).\n  Next: run `rsi-teach doctor`")


def doctor() -> list[Finding]:
    """Check everything that the course needs.

    Returns
    -------
    list of Finding
        In the order in which to put things right.

    Examples
    --------
    >>> doctor()[0].ok
    True
    """
    extensions = [_widgets(name) for name in EXTENSIONS]
    checks = [python, *dependencies(load=True), course, journal, port, *extensions, browser]
    return list(_findings(checks))


def _findings(checks: list[Check]) -> Iterator[Finding]:
    """Run checks; one that breaks is itself a finding."""
    for check in checks:
        try:
            yield check()
        except Exception as error:
            subject = check.__name__.strip("_")
            yield Finding(ok=False, says=f"{subject}: {error!r}", next_step=AGAIN)


# --- the checks -----------------------------------------------------------------------------------


def python() -> Finding:
    """Check the version of Python."""
    version = ".".join(map(str, sys.version_info[:3]))
    oldest = ".".join(map(str, OLDEST))
    step = f"install Python {oldest} or later and set the course up with it"
    return Finding(ok=sys.version_info >= OLDEST, says=f"Python {version}", next_step=step)


def requirements() -> list[Requirement]:
    """Return what the course requires, from its metadata, or from the clone if not installed.

    Raises
    ------
    FileNotFoundError
        When there is neither.

    Examples
    --------
    >>> "numpy" in {requirement.name for requirement in requirements()}
    True
    """
    from packaging.requirements import Requirement

    try:
        lines = metadata.requires("rsi-teach") or []
    except metadata.PackageNotFoundError:
        import tomllib

        project = tomllib.loads((CLONE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        lines = project["dependencies"]
    wanted = map(Requirement, lines)
    return [r for r in wanted if r.marker is None or r.marker.evaluate({"extra": ""})]


def dependencies(*, load: bool = False) -> list[Check]:
    """Return one check for each required package.

    Parameters
    ----------
    load : bool
        Import the package too, which takes seconds, rather than look up its version only.

    Examples
    --------
    >>> all(check().ok for check in dependencies())
    True
    """
    try:
        pins = _pins()
        return [_dependency(r, pins.get(r.name), load) for r in requirements()]
    except Exception as error:
        broken = Finding(ok=False, says=f"what is installed: {error!r}", next_step=AGAIN)
        return [lambda: broken]


def _dependency(requirement: Requirement, pin: str | None, load: bool) -> Check:
    def check() -> Finding:
        try:
            version = metadata.version(requirement.name)
        except metadata.PackageNotFoundError:
            return Finding(ok=False, says=f"{requirement.name} is missing", next_step=AGAIN)
        tested = f" (the tests ran with {pin})" if pin not in (None, version) else ""
        needs = "" if version in requirement.specifier else f", but the course needs {requirement}"
        broken = _load(requirement.name) if load else ""
        says = f"{requirement.name} {version}{tested}{needs}{broken}"
        return Finding(ok=not (needs or broken), says=says, next_step=AGAIN)

    return check


def _load(name: str) -> str:
    """Import a package; return what to say if that fails."""
    try:
        import_module(name)
    except Exception as error:
        return f", but it does not load: {error!r}"
    return ""


def _pins() -> dict[str, str]:
    """Return the versions that the tests ran with: a clone has them, a wheel does not."""
    from packaging.requirements import Requirement

    path = CLONE / "constraints.txt"
    if not path.is_file():
        return {}
    pins = [Requirement(line) for line in path.read_text().splitlines() if line.strip()]
    here = [pin for pin in pins if pin.marker is None or pin.marker.evaluate()]
    return {pin.name: str(pin.specifier).removeprefix("==") for pin in here}


def course() -> Finding:
    """Check that the notebooks came with the package."""
    from rsi_teach.layout import source

    try:
        notebooks = sorted((source() / "course").glob("*.ipynb"))
    except FileNotFoundError:
        notebooks = []
    says = f"{len(notebooks)} chapters in the installed course"
    return Finding(ok=bool(notebooks), says=says, next_step=AGAIN)


def journal() -> Finding:
    """Check that the learner's journal can be read and written, without writing to it."""
    from rsi_teach.learn.journal import Journal, open_journal

    path = open_journal().path
    troubles: list[str] = []
    Journal(path, say=troubles.append).entries()
    step = "set RSI_TEACH_HOME to a folder that you may write to; until then nothing is recorded"
    if troubles:
        return Finding(ok=False, says=f"journal: {' '.join(troubles)}".rstrip("."), next_step=step)
    places = [path, *path.parents]
    there = next(place for place in places if place.exists())
    ok = os.access(there, os.W_OK) and (there == path or there.is_dir())
    says = f"journal in {path.parent}" if ok else f"the journal cannot be written: {there}"
    return Finding(ok=ok, says=says, next_step=step)


def port_is_free(number: int) -> bool:
    """Whether a server can listen on a port of this machine.

    Parameters
    ----------
    number : int
        1 to 65535.

    Raises
    ------
    OSError
        When the reason is another than that the port is taken.
    """
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        if not _can_listen(family, address, number):
            return False
    return True


def _can_listen(family: int, address: str, number: int) -> bool:
    import errno

    try:
        with socket.socket(family, socket.SOCK_STREAM) as trial:
            if os.name != "nt":  # where it means something else: that two may share a port
                trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind((address, number))
    except OSError as problem:
        no_ipv6 = family == socket.AF_INET6 and problem.errno != errno.EADDRINUSE
        if not no_ipv6 and problem.errno != errno.EADDRINUSE:
            raise
        return no_ipv6
    return True


def port() -> Finding:
    """Check that JupyterLab will find a port: it takes the first free one from 8888 on."""
    free = next((number for number in range(8888, 8939) if port_is_free(number)), None)
    says = f"port {free} is free" if free else "ports 8888 to 8938 are all taken"
    return Finding(ok=free is not None, says=says, next_step="rsi-teach start --port N")


def _widgets(name: str) -> Check:
    def widgets() -> Finding:
        from jupyter_core.paths import jupyter_path

        roots = [Path(folder) for folder in jupyter_path("labextensions")]
        there = any((root / name / "package.json").is_file() for root in roots)
        says = f"JupyterLab's widget extension {name}{'' if there else ' is missing'}"
        owner = "jupyterlab_widgets" if name.startswith("@jupyter") else name
        step = f'"{sys.executable}" -m pip install --force-reinstall {owner}'
        return Finding(ok=there, says=says, next_step=step)

    return widgets


def browser() -> Finding:
    """Say which browser will open; having none is no failure, the address can be copied."""
    import webbrowser

    try:
        webbrowser.get()
    except webbrowser.Error:
        says = "no browser to open from here: copy the address that JupyterLab prints into one"
        return Finding(ok=True, says=says)
    return Finding(ok=True, says="a browser to open the course in")
