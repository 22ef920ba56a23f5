"""A real JupyterHub on this machine's loopback, and students who come in all at once.

Used by the hub's test and by its benchmark.  It runs `hosting/jupyterhub_config.py`, as an
instructor would, with the ports and the accounts of a trial laid over it.
"""

from __future__ import annotations

import json
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psutil

from rsi_teach.learn.journal import Entry, Journal
from tools import notebooks
from tools.lab import Browser, chromium
from tools.learner import answered, move_an_explorer

Accounts = Literal["simple", "os"]
CONFIG = notebooks.ROOT / "hosting" / "jupyterhub_config.py"
COURSE = "rsi-teach-course"
PATIENCE = 900.0  # seconds; against hanging only

# The students of a trial on an account of our own: nobody else can log in, nothing is isolated.
SIMPLE = """
c.JupyterHub.authenticator_class = "shared-password"
c.Authenticator.allow_all = False
c.Authenticator.allowed_users = set(trial["names"])
c.SharedPasswordAuthenticator.user_password = trial["password"]
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = trial["homes"] + "/{username}"
c.Spawner.args += ["--allow-root"]
"""
TRIAL = """
import json
from pathlib import Path
trial = json.loads(Path(__file__).with_name("trial.json").read_text())
load_subconfig(trial["config"])
proxy, hub, api = (f"http://127.0.0.1:{port}" for port in trial["ports"])
c.JupyterHub.bind_url, c.JupyterHub.hub_bind_url = proxy, hub
c.TraefikProxy.traefik_api_url = api
c.Spawner.args = ["--LabApp.expose_app_in_browser=True"]
"""


@dataclass(frozen=True)
class Student:
    """Somebody with an account: what it is called, what opens it and where its home is."""

    name: str
    password: str
    home: Path

    @property
    def journal(self) -> Path:
        """The file of the record, where a course on Linux puts it if nothing else is said."""
        return self.home / ".local" / "share" / "rsi-teach" / "journal.sqlite3"

    def entries(self) -> list[Entry]:
        """What the record holds."""
        return Journal(self.journal).entries()


@dataclass(frozen=True)
class Hub:
    """A hub that answers, its process, and those who may come in."""

    address: str
    process: int
    students: tuple[Student, ...]


@dataclass(frozen=True)
class Visit:
    """What one student typed, by the prediction's key, and what went wrong."""

    typed: dict[str, list[str]]
    wrong: tuple[str, ...]


# --- the hub --------------------------------------------------------------------------------------


@contextmanager
def jupyter_hub(count: int, accounts: Accounts = "simple") -> Iterator[Hub]:
    """Run a hub with accounts for some students; everything of theirs goes when it ends.

    With "os" they are made users of this computer, for which it takes root; with "simple" they
    are folders of whoever runs this.
    """
    with ExitStack() as until_the_end:
        # A user of the operating system must get through to its home: not every temporary
        # folder of a test lets others in.
        folder = Path(until_the_end.enter_context(tempfile.TemporaryDirectory(prefix="hub-")))
        folder.chmod(0o711)
        students = _students(folder, count)
        if accounts == "os":
            until_the_end.enter_context(_users(students))
        yield until_the_end.enter_context(_running(folder, students, accounts))


def _students(folder: Path, count: int) -> tuple[Student, ...]:
    trial, password = secrets.token_hex(2), secrets.token_hex(8)
    names = [f"rsi-trial-{trial}-{number}" for number in range(count)]
    return tuple(Student(name=name, password=password, home=folder / name) for name in names)


@contextmanager
def _users(students: Sequence[Student]) -> Iterator[None]:
    """Make them users of the operating system, as a system administrator would."""
    try:
        for student in students:
            home = ["--create-home", "--home-dir", str(student.home)]
            subprocess.run(["useradd", *home, "--shell", "/bin/bash", student.name], check=True)
            said = f"{student.name}:{student.password}\n"
            subprocess.run(["chpasswd"], input=said, text=True, check=True)
            student.home.chmod(0o755)  # the least that a careless administrator leaves
            _check_reach(student)
        yield
    finally:
        for student in students:
            subprocess.run(["userdel", student.name], stderr=subprocess.DEVNULL)


def as_user(student: Student, *command: str) -> bool:
    """Whether a command succeeds for the user of the operating system that a student is."""
    whole = ["runuser", "-u", student.name, "--", *command]
    return subprocess.run(whole, cwd="/", capture_output=True).returncode == 0


def _check_reach(student: Student) -> None:
    if not as_user(student, sys.executable, "-c", "import rsi_teach"):
        raise PermissionError(
            f"{sys.executable} cannot be run, or the course not read, by other users of this"
            " computer: use a Python and a clone outside of any private folder."
        )


@contextmanager
def _running(folder: Path, students: tuple[Student, ...], accounts: Accounts) -> Iterator[Hub]:
    state = folder / "hub"
    state.mkdir(mode=0o700)
    ports = _free_ports(3)
    trial = {
        "config": str(CONFIG),
        "ports": ports,
        "names": [student.name for student in students],
        "password": students[0].password,
        "homes": str(folder),
    }
    (state / "trial.json").write_text(json.dumps(trial))
    (state / "config.py").write_text(TRIAL + (SIMPLE if accounts == "simple" else ""))
    command = [sys.executable, "-m", "jupyterhub", "-f", str(state / "config.py")]
    with (state / "log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=state, stdout=log, stderr=log, start_new_session=True
        )
    try:
        address = f"http://127.0.0.1:{ports[0]}"
        _wait(address, process, state / "log")
        yield Hub(address, process.pid, students)
    finally:
        _end(process)


def _free_ports(count: int) -> list[int]:
    with ExitStack() as held:
        lent = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in lent:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in lent]


def _wait(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until the hub answers through its proxy."""
    while process.poll() is None:
        try:
            urllib.request.urlopen(f"{address}/hub/api/", timeout=5).read()
            return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError("JupyterHub did not start:\n" + log.read_text(errors="replace")[-3000:])


def _end(process: subprocess.Popen[bytes]) -> None:
    """Stop the hub, and whatever of its servers and kernels it leaves behind."""
    family = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
    process.send_signal(signal.SIGTERM)  # the hub stops its servers and its proxy
    with suppress(subprocess.TimeoutExpired):
        process.wait(60)
    process.kill()
    process.wait()
    for left in family:
        with suppress(psutil.NoSuchProcess):
            left.kill()
    psutil.wait_procs(family, timeout=10)


# --- the students ---------------------------------------------------------------------------------


def all_at_once(hub: Hub, chapter: str) -> list[Visit]:
    """Let every student of a hub log in, work through a chapter and save it, at the same time.

    Each has a browser to itself; the first locks low predictions, the last high ones.
    """
    shares = [0.05 + 0.4 * number / len(hub.students) for number in range(len(hub.students))]
    with ThreadPoolExecutor(len(hub.students)) as threads:
        begun = [
            threads.submit(visit, hub, student, chapter, share)
            for student, share in zip(hub.students, shares, strict=True)
        ]
        return [each.result() for each in begun]


def visit(hub: Hub, student: Student, chapter: str, share: float) -> Visit:
    """Log in, start a server, predict, run a chapter, move an explorer, save."""
    path = notebooks.ROOT / "course" / f"{chapter}.ipynb"
    with chromium(f"{hub.address}/user/{student.name}") as browser:
        browser.query, browser.patience = "", PATIENCE
        browser.page.set_default_timeout(1000 * PATIENCE)
        browser.page.goto(f"{hub.address}/hub/login")
        browser.page.get_by_label("Username").fill(student.name)
        browser.page.get_by_label("Password").fill(student.password)
        browser.page.get_by_role("button", name="Sign in").click()
        browser.page.wait_for_selector(".jp-Notebook .jp-Cell")
        browser.open(f"{COURSE}/course/{path.name}")
        typed = answered(browser, path, share)
        browser.run_all()
        before, after = move_an_explorer(browser, path)
        still = [] if before and after not in ("", before) else ["the explorer did not move"]
        browser.run("docmanager:save")
        browser.page.wait_for_function(
            "() => !window.jupyterapp.shell.currentWidget.context.model.dirty"
        )
        wrong = [*browser.errors(), *browser.refused, *still, *_unset(browser, student, path)]
        return Visit(typed, tuple(wrong))


def _unset(browser: Browser, student: Student, path: Path) -> list[str]:
    """Which of the course's settings this student's server does not have."""
    page = json.loads(browser.page.locator("#jupyter-config-data").inner_text())
    book = notebooks.read(student.home / COURSE / "course" / path.name)
    alive = [
        out
        for cell in book.cells
        for out in cell.get("outputs", ())
        if notebooks.WIDGET in out.get("data", {})
    ]
    wrong = []
    if not page["news"].get("disabled") or page["extensionManager"]["can_install"]:
        wrong.append("JupyterLab may ask the network")
    if alive:
        wrong.append("a live face was saved")
    return wrong
