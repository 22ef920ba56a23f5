"""The wheel is a course without a clone.

It is built without isolation and installed without dependencies into a bare virtual environment,
which sees this environment's packages through a .pth file: so nothing is downloaded, and what is
tested is what the wheel itself carries. The clone is not on its path.
"""

import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
KEPT = ("course", "exercises", "solutions")


def run(*command, cwd, check=True, **environment):
    env = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")} | environment
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True)
    assert done.returncode == 0 or not check, done.stdout + done.stderr
    return done


def tracked(folder):
    """The files of a folder without what editors and interpreters leave behind."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
        and not any(s.startswith((".", "__pyc")) for s in path.relative_to(folder).parts)
    }


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The built wheel."""
    folder = tmp_path_factory.mktemp("dist")
    build = (sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder))
    run(*build, str(REPOSITORY), cwd=folder)
    (wheel,) = folder.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """The command rsi-teach of a virtual environment into which the wheel was installed."""
    venv = tmp_path_factory.mktemp("bare") / "venv"
    run(sys.executable, "-m", "venv", "--without-pip", str(venv), cwd=venv.parent)
    scripts = venv / ("Scripts" if os.name == "nt" else "bin")
    base = {"base": str(venv), "platbase": str(venv)}
    here = Path(sysconfig.get_path("purelib", "venv", vars=base))
    pip = (sys.executable, "-m", "pip", f"--python={venv}", "install", "--no-deps", "--no-index")
    run(*pip, str(wheel), cwd=venv.parent)
    (here / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    # Their Jupyter extensions are found by prefix, which a .pth file does not move.
    (venv / "share").mkdir()
    (venv / "share" / "jupyter").symlink_to(Path(sysconfig.get_path("data"), "share", "jupyter"))
    where = run(scripts / "python", "-c", "import rsi_teach as r; print(r.__file__)", cwd=venv)
    assert Path(where.stdout).is_relative_to(venv)
    return scripts / "rsi-teach"


def test_the_wheel_carries_the_package_with_its_data_and_the_course(wheel):
    with zipfile.ZipFile(wheel) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    wanted = {f"rsi_teach/{name}": text for name, text in tracked(REPOSITORY / "rsi_teach").items()}
    for part in KEPT:
        files = tracked(REPOSITORY / part)
        wanted |= {f"rsi_teach/_course/{part}/{name}": text for name, text in files.items()}
    assert {name: text for name, text in held.items() if ".dist-info/" not in name} == wanted
    licences = {name.split("/licenses/")[1] for name in held if "/licenses/" in name}
    assert licences == {"LICENSE", "course/LICENSE"}


def test_an_edited_notebook_survives_laying_out_again(installed, tmp_path):
    mine = tmp_path / "my course"
    start = (installed, "start", str(mine), "--lay-out-only")
    run(*start, cwd=tmp_path)
    laid = tracked(mine)
    assert laid == {
        f"{part}/{name}": text
        for part in ("course", "exercises")
        for name, text in tracked(REPOSITORY / part).items()
        if not name.startswith("teaching/")
    }
    edited = "course/00_start_here.ipynb"
    (mine / edited).write_bytes(laid[edited] + b"\nmy work")
    assert "1 files kept" in run(*start, cwd=tmp_path).stdout
    assert tracked(mine) == {**laid, edited: laid[edited] + b"\nmy work"}


def test_the_doctor_is_content_with_it(installed, tmp_path):
    done = run(installed, "doctor", cwd=tmp_path, check=False, RSI_TEACH_HOME=str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "FAIL" not in done.stdout


def test_solutions_are_found_without_a_clone(installed, tmp_path):
    python = installed.with_name("python")
    code = "from rsi_teach.layout import source; print(*(source() / 'solutions').iterdir())"
    assert "01_progress.ipynb" in run(python, "-c", code, cwd=tmp_path).stdout
