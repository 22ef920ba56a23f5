"""What stands in hosting/ and binder/: settings that hold, pins that resolve, work that is kept."""

import json
import os
import stat
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

import nbformat
import pytest
import yaml
from traitlets.config import Config

from rsi_teach import serving
from rsi_teach.learn.journal import Journal
from tools import notebooks

ROOT = notebooks.ROOT
posix = pytest.mark.skipif(os.name == "nt", reason="servers for others run on POSIX")


# --- the settings ---------------------------------------------------------------------------------


def test_a_server_that_others_start_is_told_what_ours_is_told(monkeypatch):
    for library in serving.LIBRARIES:
        monkeypatch.delenv(f"{library}_NUM_THREADS", raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "4")
    config = Config({"LabApp": {"extension_manager": "pypi", "dev_mode": True}})
    serving.configure(config)
    flags = {
        f"--{owner}.{name}={value}" for owner in config for name, value in config[owner].items()
    }
    assert flags == {*serving.SETTINGS, "--LabApp.dev_mode=True"}
    told = [os.environ[f"{library}_NUM_THREADS"] for library in serving.LIBRARIES]
    assert told == ["1", "4", "1"]  # what somebody has set stays


def _seen_by_a_server(folder, home):
    """The configuration of a Jupyter server that finds this folder on its path."""
    told = {"JUPYTER_CONFIG_PATH": str(folder), "JUPYTER_CONFIG_DIR": str(home / "config")}
    command = [sys.executable, "-m", "jupyter_server", "--show-config-json"]
    out = subprocess.run(
        command,
        env={**os.environ, **told, "HOME": str(home)},
        cwd=home,
        capture_output=True,
        text=True,
    )
    assert out.returncode == 0, out.stderr
    return json.loads(out.stdout)


@posix
def test_what_binder_builds_gives_its_server_the_settings(tmp_path):
    told = {**os.environ, "NB_PYTHON_PREFIX": str(tmp_path)}
    subprocess.run(["binder/postBuild"], cwd=ROOT, env=told, check=True)
    seen = _seen_by_a_server(tmp_path / "etc" / "jupyter", tmp_path)
    for flag in serving.SETTINGS:
        owner, _, setting = flag.removeprefix("--").partition(".")
        name, _, value = setting.partition("=")
        assert seen[owner][name] == value
    assert not (tmp_path / "rsi-teach-course").exists()


@posix
def test_a_students_server_has_the_settings_and_lays_the_course_out(tmp_path):
    seen = _seen_by_a_server(ROOT / "hosting", tmp_path)
    assert seen["LabApp"]["extension_manager"] == "readonly"
    mine = tmp_path / "rsi-teach-course" / "course" / "00_start_here.ipynb"
    assert mine.read_bytes() == (ROOT / "course" / "00_start_here.ipynb").read_bytes()
    mine.write_text("my work")
    _seen_by_a_server(ROOT / "hosting", tmp_path)
    assert mine.read_text() == "my work"


# --- binder ---------------------------------------------------------------------------------------


def test_binder_installs_the_course_with_its_pins(tmp_path):
    """By the command that repo2docker runs, in its place, stopping short of installing."""
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--no-cache-dir",
        "-r",
        "binder/requirements.txt",
    ]
    offline = [
        "--dry-run",
        "--no-deps",
        "--no-index",
        "--no-build-isolation",
        "--report",
        "-",
        "-q",
    ]
    out = subprocess.run([*command, *offline], cwd=ROOT, capture_output=True, text=True)
    assert out.returncode == 0, out.stderr
    (found,) = json.loads(out.stdout)["install"]
    assert (
        found["metadata"]["name"] == "rsi-teach" and found["download_info"]["dir_info"]["editable"]
    )
    lines = (ROOT / "binder" / "requirements.txt").read_text().splitlines()
    pins = [line.split()[1] for line in lines if line.startswith("-c ")]
    assert [(ROOT / "binder" / pin).resolve() for pin in pins] == [ROOT / "constraints.txt"]


def test_binder_has_a_python_that_the_course_allows():
    version = (ROOT / "binder" / "runtime.txt").read_text().strip().removeprefix("python-")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["requires-python"] == f">={version}"


# --- kubernetes -----------------------------------------------------------------------------------


def test_the_cluster_gives_a_student_what_was_measured_and_the_servers_own_configuration():
    student = yaml.safe_load((ROOT / "hosting" / "values.yaml").read_text())["singleuser"]
    text = (ROOT / "hosting" / "jupyter_server_config.py").read_text()
    assert student["extraFiles"]["jupyter_server_config"]["stringData"] == text
    measured = json.loads((ROOT / "benchmarks" / "hub.json").read_text())
    most = max(use["pss"] for use in measured["students"])
    guarantee, limit = (
        float(student["memory"][word].replace("G", "000M").removesuffix("M")) * 1e6 / 2**20
        for word in ("guarantee", "limit")
    )
    assert most < guarantee < limit and limit > 2 * most


# --- nbgitpuller ----------------------------------------------------------------------------------


@pytest.fixture
def upstream(tmp_path):
    """A bare repository with one chapter, and a way to publish another version of it."""
    work, bare = tmp_path / "work", tmp_path / "course.git"
    git = ["git", "-c", "user.email=a@b", "-c", "user.name=a", "-C", str(work)]
    subprocess.run(["git", "init", "-q", "-b", "main", str(work)], check=True)

    def publish(book):
        nbformat.write(book, work / "03_steering.ipynb")
        subprocess.run([*git, "add", "."], check=True)
        subprocess.run([*git, "commit", "-q", "-m", "a version"], check=True)
        subprocess.run([*git, "push", "-q", str(bare), "main"], check=True)

    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(bare)], check=True)
    return bare.as_uri(), publish


def _pull(address, folder):
    command = [sys.executable, "-m", "nbgitpuller.pull", address, "main", str(folder)]
    subprocess.run(command, check=True, capture_output=True)


def test_a_changed_notebook_survives_a_second_pull(upstream, tmp_path):
    address, publish = upstream
    book = notebooks.read(ROOT / "course" / "03_steering.ipynb")
    publish(book)
    mine = tmp_path / "mine"
    _pull(address, mine)
    changed = notebooks.read(mine / "03_steering.ipynb")
    code = [index for index, cell in enumerate(changed.cells) if cell.cell_type == "code"]
    changed.cells[code[2]].source = "my_own = 1\nmy_own"
    changed.cells[code[2]].outputs = [nbformat.v4.new_output("stream", text="mine\n")]
    nbformat.write(changed, mine / "03_steering.ipynb")
    book.cells[code[2]].source = "theirs = 2"
    book.cells[0].source = "a new beginning"
    publish(book)
    _pull(address, mine)
    after = notebooks.read(mine / "03_steering.ipynb")
    nbformat.validate(after)
    assert after.cells[code[2]].source == "my_own = 1\nmy_own"
    assert after.cells[code[2]].outputs[0].text == "mine\n"
    assert after.cells[0].source == "a new beginning"


# --- the record -----------------------------------------------------------------------------------


@posix
def test_nobody_else_on_the_computer_reads_a_record():
    with tempfile.TemporaryDirectory() as name:  # tmp_path is private already, this must not be
        home = Path(name)
        home.chmod(0o755)
        path = home / ".local" / "share" / "rsi-teach" / "journal.sqlite3"
        Journal(path).add("belief", "00.trust", {"probability": 0.3})
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        if os.geteuid() == 0:
            (home / "note").touch(0o644)
            others = {file: _nobody_reads(file) for file in (home / "note", path)}
            assert others == {home / "note": True, path: False}


def _nobody_reads(file):
    return (
        subprocess.run(
            ["cat", file], user=65534, group=65534, extra_groups=[], stderr=-3
        ).returncode
        == 0
    )
