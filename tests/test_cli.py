"""The command rsi-teach, and the line that every notebook begins with."""

import builtins
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import tomllib
import urllib.error
import urllib.request
from importlib import metadata
from pathlib import Path

import pytest

import rsi_teach
from rsi_teach import cli, layout, readiness
from rsi_teach.learn.journal import open_journal

REPOSITORY = Path(__file__).resolve().parents[1]


def rsi_teach_command(*arguments, **environment):
    """Run the command in a process of its own, as a shell would."""
    return subprocess.run(
        [sys.executable, "-m", "rsi_teach", *arguments],
        cwd=REPOSITORY,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )


# --- laying out -----------------------------------------------------------------------------------


@pytest.fixture
def release(tmp_path):
    """Write a version of the course to lay out; returns its folder."""

    def release(**texts):
        origin = tmp_path / "release"
        shutil.rmtree(origin, ignore_errors=True)
        for part in layout.PARTS:
            (origin / part).mkdir(parents=True)
        for name, text in texts.items():
            (origin / "course" / f"{name}.ipynb").write_text(text)
        return origin

    return release


def files(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_text("utf-8", errors="replace")
        for path in folder.rglob("*")
        if path.is_file() and path.name != layout.MANIFEST
    }


def test_an_untouched_file_is_brought_up_to_date(release, tmp_path):
    layout.lay_out(tmp_path / "mine", release(a="1", b="1"))
    laid = layout.lay_out(tmp_path / "mine", release(a="2", b="1"))
    assert laid == layout.Laid(written=("course/a.ipynb",), kept=(), beside=())
    assert files(tmp_path / "mine") == {"course/a.ipynb": "2", "course/b.ipynb": "1"}


def test_a_changed_file_is_kept_and_a_newer_version_put_beside_it_once(release, tmp_path):
    mine = tmp_path / "mine"
    layout.lay_out(mine, release(a="1"))
    (mine / "course" / "a.ipynb").write_text("my work")
    assert layout.lay_out(mine, release(a="1")).beside == ()
    assert layout.lay_out(mine, release(a="2")).beside == ("course/a.new.ipynb",)
    assert files(mine) == {"course/a.ipynb": "my work", "course/a.new.ipynb": "2"}
    (mine / "course" / "a.new.ipynb").unlink()
    assert layout.lay_out(mine, release(a="2")).kept == ("course/a.ipynb",)
    assert files(mine) == {"course/a.ipynb": "my work"}


def test_work_done_in_the_newer_version_is_kept_too(release, tmp_path):
    mine = tmp_path / "mine"
    layout.lay_out(mine, release(a="1"))
    (mine / "course" / "a.ipynb").write_text("my work")
    layout.lay_out(mine, release(a="2"))
    assert layout.lay_out(mine, release(a="3")).beside == ("course/a.new.ipynb",)
    (mine / "course" / "a.new.ipynb").write_text("more work")
    assert layout.lay_out(mine, release(a="4")).beside == ()
    assert files(mine) == {"course/a.ipynb": "my work", "course/a.new.ipynb": "more work"}


@pytest.mark.parametrize("manifest", [None, "torn {", "[]"])
def test_files_of_unknown_origin_are_kept(release, tmp_path, manifest):
    mine = tmp_path / "mine"
    (mine / "course").mkdir(parents=True)
    (mine / "course" / "a.ipynb").write_text("somebody's")
    if manifest:
        (mine / layout.MANIFEST).write_text(manifest)
    assert layout.lay_out(mine, release(a="1")).kept == ("course/a.ipynb",)
    assert files(mine) == {"course/a.ipynb": "somebody's", "course/a.new.ipynb": "1"}


def test_a_deleted_file_comes_back_and_others_stay(release, tmp_path):
    mine = tmp_path / "mine"
    layout.lay_out(mine, release(a="1"))
    (mine / "course" / "a.ipynb").unlink()
    (mine / "course" / "notes.txt").write_text("mine")
    assert layout.lay_out(mine, release(a="1")).written == ("course/a.ipynb",)
    assert files(mine) == {"course/a.ipynb": "1", "course/notes.txt": "mine"}


def test_what_editors_leave_behind_is_not_laid_out(release, tmp_path):
    origin = release(a="1")
    (origin / "course" / ".ipynb_checkpoints").mkdir()
    (origin / "course" / ".ipynb_checkpoints" / "a.ipynb").write_text("old")
    assert layout.lay_out(tmp_path / "mine", origin).written == ("course/a.ipynb",)


def test_a_write_that_fails_leaves_the_old_file_whole(release, tmp_path, monkeypatch):
    mine = tmp_path / "mine"
    layout.lay_out(mine, release(a="1"))
    origin = release(a="2")

    def full(draft, path):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space"):
        layout.lay_out(mine, origin)
    assert files(mine) == {"course/a.ipynb": "1"}


def test_a_clone_is_opened_in_place():
    assert layout.lay_out(REPOSITORY) == layout.Laid(written=(), kept=(), beside=())
    assert not (REPOSITORY / layout.MANIFEST).exists()


# --- start ----------------------------------------------------------------------------------------


def test_start_lays_out_and_says_where(tmp_path):
    mine = tmp_path / "my course"
    first = rsi_teach_command("start", str(mine), "--lay-out-only")
    assert first.returncode == 0 and f"files laid out in {mine}" in first.stdout, first.stderr
    assert set(files(mine)) == {
        path.relative_to(REPOSITORY).as_posix()
        for part in layout.PARTS
        for path in (REPOSITORY / part).rglob("*")
        if path.is_file() and not {".ipynb_checkpoints", "teaching"}.intersection(path.parts)
    }
    assert rsi_teach_command("start", str(mine), "--lay-out-only").stdout == ""


def test_an_instructor_gets_the_solutions_and_the_sheets_as_well(tmp_path):
    layout.lay_out(tmp_path, teaching=True)
    for name in ("course/teaching/README.md", "course/teaching/labs.md", "solutions/02_loop.ipynb"):
        assert (tmp_path / name).read_bytes() == (REPOSITORY / name).read_bytes()
    changed = tmp_path / "course" / "teaching" / "labs.md"
    changed.write_text("my lab")
    assert layout.lay_out(tmp_path, teaching=True).kept == ("course/teaching/labs.md",)
    assert changed.read_text() == "my lab"


def _busy():
    busy = socket.socket()
    busy.bind(("127.0.0.1", 0))
    busy.listen()
    return busy, str(busy.getsockname()[1])


def test_what_start_cannot_do_it_says_in_a_sentence(tmp_path, capsys):
    (tmp_path / "file").write_text("mine")
    busy, port = _busy()
    mine = str(tmp_path / "mine")
    with busy:
        for arguments, said in {
            (str(tmp_path / "file"),): "is a file: name a folder",
            (str(tmp_path / "file" / "below"),): "Put that right",
            (mine, "--port", port): f"Port {port} is taken: stop the program",
            (mine, "--port", "70000"): "outside 1 to 65535: choose another",
        }.items():
            assert cli.main(["start", *arguments]) == 1
            assert said in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir() if path.name != "home"] == ["file"]


def _get(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read().decode()


def test_jupyterlab_opens_at_the_first_chapter_and_looks_for_no_news(tmp_path):
    """A real server: it serves the folder, and neither news nor updates nor extensions."""
    busy, port = _busy()
    busy.close()
    mine = tmp_path / "my course"
    folders = {f"JUPYTER_{kind}_DIR": str(tmp_path / kind) for kind in ("DATA", "RUNTIME")}
    log = tmp_path / "log"
    with (
        log.open("w") as out,
        subprocess.Popen(
            [sys.executable, "-m", "rsi_teach", "start", str(mine), "--no-browser", "--port", port],
            cwd=REPOSITORY,
            env={
                **os.environ,
                **folders,
                "JUPYTER_CONFIG_DIR": str(tmp_path / "config"),
                "JUPYTER_TOKEN": "token",
            },
            stdout=out,
            stderr=out,
        ) as server,
    ):
        try:
            page = _eventually(f"http://127.0.0.1:{port}/lab?token=token", server, log)
            contents = f"http://127.0.0.1:{port}/api/contents/course?token=token"
            names = {entry["name"] for entry in json.loads(_get(contents))["content"]}
        finally:
            server.terminate()
    config = json.loads(page.split('type="application/json">')[1].split("</script>")[0])
    assert config["news"] == {"disabled": True}
    assert config["extensionManager"]["can_install"] is False
    assert names >= {path.name for path in (REPOSITORY / "course").glob("*.ipynb")}
    assert "/lab/tree/course/00_start_here.ipynb" in log.read_text()


def _eventually(url, server, log):
    while server.poll() is None:
        try:
            return _get(url)
        except urllib.error.URLError:
            time.sleep(0.2)
    raise AssertionError(log.read_text())


# --- doctor and ready -----------------------------------------------------------------------------


def test_doctor_finds_this_set_up_sound():
    done = rsi_teach_command("doctor")
    assert done.returncode == 0, done.stdout + done.stderr
    assert all(line.startswith("OK    ") for line in done.stdout.splitlines())
    named = done.stdout.lower()
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    packages = [requirement.split(">=")[0] for requirement in project["dependencies"]]
    for subject in (*packages, "python", "chapters", "journal", "port", "extension", "browser"):
        assert f" {subject}" in named


def test_doctor_names_what_is_broken_and_the_next_step(tmp_path):
    (tmp_path / "sympy.py").write_text("raise ImportError('DLL load failed')")
    (tmp_path / "journal").write_text("a file where a folder should be")
    done = rsi_teach_command(
        "doctor", PYTHONPATH=str(tmp_path), RSI_TEACH_HOME=str(tmp_path / "journal")
    )
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    failed = [i for i, line in enumerate(lines) if line.startswith("FAIL")]
    assert len(failed) == 2
    assert "sympy" in lines[failed[0]] and "DLL load failed" in lines[failed[0]]
    assert "journal" in lines[failed[1]] and "RSI_TEACH_HOME" in lines[failed[1] + 1]
    assert all(lines[i + 1].startswith("      -> ") for i in failed)


def test_doctor_refuses_a_version_that_is_too_old(monkeypatch):
    true = metadata.version
    monkeypatch.setattr(metadata, "version", lambda n: "1.26.4" if n == "numpy" else true(n))
    failed = [finding for finding in readiness.doctor() if not finding.ok]
    assert ["numpy 1.26.4" in finding.says for finding in failed] == [True]
    assert "the course needs numpy>=2.0" in failed[0].says


def test_ready_says_so_in_one_line_that_does_not_change(capsys):
    rsi_teach.ready()
    line = f"rsi_teach {rsi_teach.__version__} · widgets installed · journal ready\n"
    assert capsys.readouterr().out == line


def _missing(monkeypatch, tmp_path):
    def version(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", version)


def _no_metadata(monkeypatch, tmp_path):
    def requires(name):
        raise OSError("unreadable")

    monkeypatch.setattr(metadata, "requires", requires)


def _no_packaging(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "packaging.requirements", None)


def _no_journal(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "rsi_teach.learn.journal", None)


def _journal_in_a_file(monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("RSI_TEACH_HOME", str(tmp_path / "file"))


def _nothing_works(monkeypatch, tmp_path):
    monkeypatch.setattr(readiness, "_findings", None)


def _old_python(monkeypatch, tmp_path):
    monkeypatch.setattr(readiness, "OLDEST", (99, 0))


@pytest.mark.parametrize(
    "harm",
    [
        _missing,
        _no_metadata,
        _no_packaging,
        _no_journal,
        _journal_in_a_file,
        _nothing_works,
        _old_python,
    ],
)
def test_ready_never_raises_and_names_the_next_step(monkeypatch, tmp_path, capsys, harm):
    harm(monkeypatch, tmp_path)
    readiness.ready()
    said = capsys.readouterr().out
    assert "journal ready" not in said and "\n  Next: " in said


# --- journal --------------------------------------------------------------------------------------


@pytest.fixture
def journal():
    """The test's own journal, with two entries."""
    journal = open_journal()
    journal.add("prediction", "01.when", {"low": 1, "high": 2})
    journal.add("belief", "00.enough", {"probability": 0.2})
    return journal


def test_journal_show(journal, capsys):
    assert cli.main(["journal", "show"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert "prediction" in first and "01.when" in first and '{"low": 1, "high": 2}' in first
    assert "00.enough" in second


def test_journal_export_writes_a_new_file_and_no_other(journal, tmp_path, capsys):
    path = tmp_path / "record.jsonl"
    assert cli.main(["journal", "export", str(path)]) == 0
    keys = [json.loads(line)["key"] for line in path.read_text().splitlines()]
    assert keys == ["01.when", "00.enough"]
    path.write_text("something else")
    assert cli.main(["journal", "export", str(path)]) == 1
    assert "is left as it is: choose another name" in capsys.readouterr().err
    assert path.read_text() == "something else"


def test_an_anonymous_export_says_first_what_it_holds(journal, tmp_path, capsys):
    journal.add("outcome", "01.when", {"truth": 3.0, "score": 21.0, "hit": False})
    path = tmp_path / "record.json"
    assert cli.main(["journal", "export", "--anonymous", str(path)]) == 0
    first, last = capsys.readouterr().out.splitlines()
    assert first.startswith("The file holds 1 interval and 0 probabilities")
    assert first.count(".") == 1
    assert "leaves out times, sessions, versions" in first and last == f"Written to {path}"
    text = path.read_text()
    assert [row["key"] for row in json.loads(text)["intervals"]] == ["01.when"]
    assert not any(e.time in text or e.session in text for e in journal.entries())
    assert cli.main(["journal", "export", "--anonymous", str(path)]) == 1
    assert "is left as it is: choose another name" in capsys.readouterr().err
    assert path.read_text() == text


@pytest.fixture
def handed_in(tmp_path):
    """A folder with five learners' files, and others that are none."""
    from rsi_teach.learn import Record, export_anonymous

    folder = tmp_path / "handed in"
    folder.mkdir()
    for number in range(5):
        rows = [(f"01.{name}", 0, number + 1, 3.0) for name in "abcde"]
        record = Record.of_rows(rows, [], beliefs=[("00.trust", number / 10, 0.9)])
        export_anonymous(record, folder / f"Jo Doe {number}.json")
    (folder / "Torn Tim.json").write_text("{")
    return folder


def test_a_class_becomes_a_page_that_names_no_file(handed_in, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["class", str(handed_in)]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said == [
        "Torn Tim.json is left out: it is damaged, or no anonymous record at all.",
        "5 journals, pooled. Written to class.html",
    ]
    page = (tmp_path / "class.html").read_text()
    assert "5 journals, pooled" in page and "1 because it is damaged" in page
    assert not any(name in page for name in ("Jo Doe", "Torn Tim", str(tmp_path)))


def test_a_class_that_cannot_be_pooled_is_refused_in_a_sentence(handed_in, tmp_path, capsys):
    page, mine = tmp_path / "page.html", tmp_path / "mine.html"
    mine.write_text("mine")
    (tmp_path / "empty").mkdir()
    four = tmp_path / "four"
    shutil.copytree(handed_in, four)
    (four / "Jo Doe 0.json").unlink()
    for folder, to, said in (
        (tmp_path / "none", page, "does not exist: name the folder"),
        (mine, page, "is a file: name the folder"),
        (tmp_path / "empty", page, "is empty: put the files there"),
        (handed_in, mine, f"{mine} exists and is left as it is"),
        (handed_in, tmp_path / "no" / "page.html", "is no folder: make it first"),
        (four, page, "There are 4 usable files, and fewer than 5 are not pooled"),
    ):
        assert cli.main(["class", str(folder), "--to", str(to)]) == 1
        told = capsys.readouterr()
        assert said in told.err and told.out == ""
    assert "could be traced to a person" in told.err and "Torn Tim.json is left out" in told.err
    assert told.err.endswith("Nothing was written.\n")
    assert mine.read_text() == "mine" and not page.exists()


@pytest.mark.parametrize(("answer", "left"), [("yes", 0), ("y", 2), ("", 2)])
def test_journal_forget_asks_first(journal, monkeypatch, answer, left):
    monkeypatch.setattr(builtins, "input", lambda question: answer)
    assert cli.main(["journal", "forget"]) == 0
    assert len(journal.entries()) == left


def test_journal_forget_without_a_terminal_deletes_only_with_yes(journal):
    unanswered = [sys.executable, "-m", "rsi_teach", "journal", "forget"]
    out = subprocess.check_output(unanswered, cwd=REPOSITORY, stdin=subprocess.DEVNULL, text=True)
    assert out.endswith("Nothing was deleted.\n") and len(journal.entries()) == 2
    assert cli.main(["journal", "forget", "--yes"]) == 0
    assert journal.entries() == []


# --- one version ----------------------------------------------------------------------------------


def test_the_citation_has_the_same_version():
    citation = (REPOSITORY / "CITATION.cff").read_text()
    assert f"\nversion: {rsi_teach.__version__}\n" in citation
