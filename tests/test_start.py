"""start.py, run for real on a course of two files that needs nothing from any registry."""

import ast
import contextlib
import errno
import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
BIN = "Scripts" if os.name == "nt" else "bin"
posix = pytest.mark.skipif(os.name == "nt", reason="signals and links as POSIX has them")

PYPROJECT = """\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "rsi-teach"
version = "0"
dependencies = []
[project.optional-dependencies]
test = []
site = []
"""

# Builds the editable wheel by hand; notes each build, and obeys files named `slow` and `full`.
BACKEND = """\
import pathlib, time, zipfile

def build_editable(folder, config_settings=None, metadata_directory=None):
    with open("builds", "a") as builds:
        builds.write("+")
    while pathlib.Path("slow").exists():
        time.sleep(0.05)
    if pathlib.Path("full").exists():
        raise OSError(28, "No space left on device")
    name = "rsi_teach-0-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(folder, name), "w") as wheel:
        info = "rsi_teach-0.dist-info/"
        wheel.writestr("_rsi_teach.pth", str(pathlib.Path.cwd()))
        needs = pathlib.Path("needs").read_text() if pathlib.Path("needs").exists() else ""
        about = "Metadata-Version: 2.1\\nName: rsi-teach\\nVersion: 0\\nProvides-Extra: test\\n"
        wheel.writestr(info + "METADATA", about + needs)
        tags = "Wheel-Version: 1.0\\nGenerator: x\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
        wheel.writestr(info + "WHEEL", tags)
        wheel.writestr(info + "RECORD", "")
    return name
"""

ECHO = "import json, os, sys; print(json.dumps([os.getcwd(), *sys.argv[1:]]))"


class Clone:
    """A folder that start.py can set up in seconds, without a network."""

    def __init__(self, folder: Path) -> None:
        """Write the least that start.py asks of a course."""
        self.folder = folder
        (folder / "rsi_teach").mkdir(parents=True)
        (folder / "rsi_teach" / "__init__.py").touch()
        (folder / "rsi_teach" / "__main__.py").write_text(ECHO)
        (folder / "pytest.py").write_text(ECHO)
        (folder / "tools").mkdir()
        (folder / "tools" / "site.py").write_text(ECHO)
        (folder / "backend.py").write_text(BACKEND)
        (folder / "pyproject.toml").write_text(PYPROJECT)
        (folder / "constraints.txt").write_text("six==1.0\n")
        shutil.copy(REPOSITORY / "start.py", folder)

    @property
    def venv(self) -> Path:
        return self.folder / ".venv"

    @property
    def builds(self) -> int:
        """How often the course's package was installed."""
        log = self.folder / "builds"
        return len(log.read_text()) if log.exists() else 0

    def environment(self, **extra: str) -> dict[str, str]:
        drop = ("PIP_", "PYTHON", "VIRTUAL_ENV")
        kept = {k: v for k, v in os.environ.items() if not k.startswith(drop)}
        return {**kept, "PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1", **extra}

    def popen(self, *arguments: str, **extra: str) -> subprocess.Popen:
        # A shell starts what it puts in the background deaf to Ctrl-C, and children inherit that.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            return subprocess.Popen(
                [sys.executable, str(self.folder / "start.py"), *arguments],
                cwd=self.folder.anchor,
                env=self.environment(**extra),
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
        finally:
            signal.signal(signal.SIGINT, before)

    def start(self, *arguments: str, **extra: str) -> subprocess.CompletedProcess:
        process = self.popen(*arguments, **extra)
        out, err = process.communicate()
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def runs(self, *arguments: str) -> str:
        """Start, insist that it worked, and return what it said before handing over."""
        done = self.start(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        *said, handed = done.stdout.splitlines()
        folder = str(self.folder)
        opened = ["start", folder, *arguments]
        told = list(arguments[1:]) if arguments[:1] in (("test",), ("site",)) else opened
        assert json.loads(handed) == [folder, *told]
        return "\n".join(said)

    def stops(self, *arguments: str, **extra: str) -> str:
        """Start, insist that it stopped in plain words, and return them."""
        done = self.start(*arguments, **extra)
        assert done.returncode == 1, done.stdout + done.stderr
        last = done.stderr.strip().splitlines()[-1]
        assert last.endswith(".") and 40 < len(last) < 300
        assert 'start.py", line' not in done.stderr
        return last


@pytest.fixture
def clone(tmp_path):
    """A fresh clone, not set up, in a folder whose path holds spaces."""
    return Clone(tmp_path / "a course")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A clone that was set up; whoever breaks it must leave it repaired."""
    clone = Clone(tmp_path_factory.mktemp("made") / "a course")
    clone.runs("test")
    return clone


@pytest.fixture
def start():
    """start.py as a module."""
    spec = importlib.util.spec_from_file_location("start", REPOSITORY / "start.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# --- what it does when all is well ----------------------------------------------------------------


def test_a_set_up_serves_the_course_and_the_tests_and_is_made_once(clone):
    assert "Setting up" in clone.runs("--no-browser", "--port", "8899")
    assert clone.runs() == "" and clone.builds == 1
    assert clone.runs("test", "-k", "no such") == "Set up." and clone.builds == 2
    assert clone.runs("test") == clone.runs() == "" and clone.builds == 2


def test_what_was_asked_for_once_stays(made):
    made.runs("test")
    assert made.runs("site", "a folder") == "Set up."
    builds = made.builds
    assert made.runs("test") == made.runs() == made.runs("site") == "" and made.builds == builds
    # Another pin, another installation: of both, whoever asks.
    (made.folder / "constraints.txt").write_text("six==0.1\n")
    needs = made.folder / "needs"
    for extra in ("test", "site"):
        needs.write_text(f"Provides-Extra: {extra}\nRequires-Dist: none; extra == '{extra}'\n")
        assert "the lines above say why" in made.stops()
    needs.unlink()
    assert made.runs() == "Set up."


def test_a_changed_pin_is_installed_into_the_same_venv(made):
    made.runs("test")
    mark, builds = made.venv / "mark", made.builds
    mark.touch()
    (made.folder / "constraints.txt").write_text(f"six==1.{builds}\n")
    assert made.runs("test") == "Set up." and mark.exists() and made.builds == builds + 1
    assert made.runs("test") == ""


def test_a_moved_folder_is_set_up_again(made):
    made.runs("test")
    made.folder = made.folder.rename(made.folder.with_name("moved here"))
    assert "Setting up" in made.runs("test")
    python = made.venv / BIN / "python"
    command = [python, "-I", "-c", "import rsi_teach; print(rsi_teach.__file__)"]
    assert Path(subprocess.check_output(command, text=True)).is_relative_to(made.folder)


# --- a .venv that is broken is repaired -----------------------------------------------------------


def _another_python(venv: Path) -> None:
    stamp = venv / "start-stamp.json"
    found = json.loads(stamp.read_text())
    found["place"][1] = "3.11.0 of long ago"
    stamp.write_text(json.dumps(found))


def _missing_interpreter(venv: Path) -> None:
    for path in (venv / BIN).glob("python*"):
        path.unlink()


def _missing_pip(venv: Path) -> None:
    for path in venv.rglob("site-packages/pip"):
        shutil.rmtree(path)


def _no_stamp(venv: Path) -> None:
    (venv / "start-stamp.json").unlink()


@pytest.mark.parametrize("harm", [_another_python, _missing_interpreter, _missing_pip, _no_stamp])
def test_a_broken_venv_is_made_again(made, harm):
    made.runs("test")
    harm(made.venv)
    assert "Setting up" in made.runs("test")
    assert made.runs("test") == ""


@pytest.mark.parametrize("text", ['{"place": [', "[]", ""])
def test_a_torn_stamp_is_no_stamp(start, monkeypatch, tmp_path, text):
    monkeypatch.setattr(start, "STAMP", tmp_path / "stamp")
    start.STAMP.write_text(text)
    assert start.stamp() == {}


def test_an_interpreter_that_is_no_program_is_not_sound(start, monkeypatch, tmp_path):
    monkeypatch.setattr(start, "PYTHON", tmp_path / "python")
    start.PYTHON.write_bytes(b"\0")
    start.PYTHON.chmod(0o755)
    assert not start.sound()


@contextlib.contextmanager
def _slowly(clone):
    """Hold the installation of another pin half-way for the length of a with block."""
    clone.runs("test")
    builds, slow = clone.builds, clone.folder / "slow"
    (clone.folder / "constraints.txt").write_text(f"six==3.{builds}\n")
    slow.touch()
    with clone.popen("test") as process:
        try:
            while clone.builds == builds:
                assert process.poll() is None, process.communicate()
                time.sleep(0.05)
            yield process
        finally:
            slow.unlink(missing_ok=True)


@posix
def test_killed_half_way_it_starts_over(made):
    with _slowly(made) as process:
        os.killpg(process.pid, signal.SIGKILL)
    assert "Setting up" in made.runs("test")
    assert made.runs("test") == ""


@posix
def test_interrupted_it_says_so_and_starts_over(made):
    with _slowly(made) as process:
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate()
    assert process.returncode == 1
    assert said.strip().splitlines()[-1] == "Stopped. The same command takes it up again."
    assert 'start.py", line' not in said
    assert "Setting up" in made.runs("test")


@posix
def test_a_second_set_up_waits_for_the_first(made):
    with _slowly(made) as first:
        builds, second = made.builds, made.popen("test")
        with second:
            said = second.stdout.readline()
            (made.folder / "slow").unlink()
            assert json.loads(first.communicate()[0].splitlines()[-1]) and first.returncode == 0
            assert json.loads(second.communicate()[0].splitlines()[-1]) and second.returncode == 0
    assert said.startswith("Another set-up is at work") and made.builds == builds


# --- what it cannot do, it says -------------------------------------------------------------------


def test_a_venv_of_unknown_origin_is_left_alone(clone):
    clone.venv.mkdir()
    (clone.venv / "thesis.tex").write_text("years of work")
    assert "was not made by start.py: move it away" in clone.stops()
    assert (clone.venv / "thesis.tex").read_text() == "years of work"


@posix
def test_a_venv_that_is_a_link_is_left_alone(clone, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "pyvenv.cfg").write_text("home = /nowhere\n")
    clone.venv.symlink_to(elsewhere)
    assert "was not made by start.py" in clone.stops()
    assert [path.name for path in elsewhere.iterdir()] == ["pyvenv.cfg"]


def test_it_parses_on_a_python_that_is_too_old():
    ast.parse((REPOSITORY / "start.py").read_text(), feature_version=(3, 6))


def test_a_python_that_is_too_old_is_told(start, monkeypatch, capsys):
    monkeypatch.setattr(sys, "version_info", (3, 10, 13, "final", 0))
    assert start.main([]) == 1
    assert "needs Python 3.11 or later and this is 3.10: install" in capsys.readouterr().err


def test_missing_ensurepip_names_the_package_to_install(clone, tmp_path):
    (tmp_path / "ensurepip.py").write_text("raise ImportError")
    assert "`sudo apt install python3-venv`" in clone.stops(PYTHONPATH=str(tmp_path))
    assert not clone.venv.exists()


def _unreachable():
    """Settings that send pip to a port of this machine where nobody listens."""
    with socket.socket() as lent:
        lent.bind(("127.0.0.1", 0))
        port = lent.getsockname()[1]
    return {"PIP_NO_INDEX": "0", "PIP_INDEX_URL": f"http://127.0.0.1:{port}/", "PIP_RETRIES": "1"}


def test_an_unreachable_registry_is_named_and_the_old_set_up_kept(made):
    made.runs("test")
    pins = made.folder / "constraints.txt"
    before = pins.read_text()
    pins.write_text(before + "another==1\n")
    (made.folder / "needs").write_text("Requires-Dist: another\n")
    assert "registry cannot be reached: check the network" in made.stops("test", **_unreachable())
    pins.write_text(before)
    (made.folder / "needs").unlink()
    assert made.runs("test") == ""


RETRIES = "WARNING: Retrying (Retry(total={})) after connection broken by 'NewConnectionError'\n"


@pytest.mark.parametrize(
    ("output", "says"),
    [
        (RETRIES.format(0) + "ERROR: No matching distribution found for x", "NO_NETWORK"),
        (RETRIES.format(4) + "ERROR: No matching distribution found for x", None),
        ("ERROR: Could not install packages: HTTPSConnectionPool: Read timed out.", "NO_NETWORK"),
        ("  error: SSL: CERTIFICATE_VERIFY_FAILED", "NO_NETWORK"),
        ("Collecting proxy-error\nERROR: x has inconsistent version", None),
        ("ERROR: [WinError 112] There is not enough space on the disk", "NO_SPACE"),
        ("ERROR: Could not install: [Errno 122] Disk quota exceeded", "NO_SPACE"),
        ("because ensurepip is not available.  On Debian/Ubuntu systems", "NO_ENSUREPIP"),
    ],
)
def test_a_cause_is_read_from_what_pip_and_venv_print(start, output, says):
    sentence = start.cause(output, "pip failed").splitlines()[-1]
    assert sentence == getattr(start, says) if says else sentence.startswith("pip failed:")


def test_a_pin_that_no_registry_has_is_no_network_trouble(made):
    made.runs("test")
    (made.folder / "needs").write_text("Requires-Dist: another\n")
    (made.folder / "constraints.txt").write_text("another==1\n")
    assert "the lines above say why" in made.stops("test")
    (made.folder / "needs").unlink()
    made.runs("test")


def test_a_disk_that_fills_up_during_the_installation_is_named(made):
    made.runs("test")
    (made.folder / "full").touch()
    (made.folder / "constraints.txt").write_text("six==2.0\n")
    assert made.stops("test").startswith("The disk is full: free about 2 GB")
    (made.folder / "full").unlink()
    made.runs("test")


def test_a_disk_that_is_full_from_the_start_is_named(start, monkeypatch, capsys):
    def fail(extra):
        raise OSError(errno.ENOSPC, "No space left on device", "stamp")

    monkeypatch.setattr(start, "set_up", fail)
    assert start.main([]) == 1
    assert capsys.readouterr().err.strip() == start.NO_SPACE


def test_a_missing_file_of_the_course_is_named(clone):
    (clone.folder / "constraints.txt").unlink()
    said = clone.stops()
    assert "constraints.txt" in said and "that the copy of the course is complete" in said


def test_a_port_that_is_taken_is_named(start, monkeypatch, capfd):
    """Through the branch for Windows, which runs the course beside itself."""
    monkeypatch.setattr(start, "WINDOWS", True)
    monkeypatch.setattr(start, "PYTHON", sys.executable)
    monkeypatch.setattr(start, "set_up", lambda extra: None)
    monkeypatch.chdir(REPOSITORY)
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        assert start.main(["--port", str(port)]) == 1
    assert capfd.readouterr().err.startswith(f"Port {port} is taken: stop the program")


def test_unknown_options_are_refused_before_anything_is_set_up(clone):
    done = clone.start("tests")
    assert done.returncode == 2 and "unrecognized arguments: tests" in done.stderr
    assert not clone.venv.exists()
