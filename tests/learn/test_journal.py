"""The journal under everything that can happen to a file."""

import json
import multiprocessing
import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

import rsi_teach
from rsi_teach.learn import journal as module
from rsi_teach.learn.journal import Entry, Journal, JournalError, home, open_journal

ROOT = Path(rsi_teach.__file__).resolve().parents[1]
SPAWN = multiprocessing.get_context("spawn")
posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX processes and permissions")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "folder" / "journal.sqlite3"


@pytest.fixture
def said():
    return []


@pytest.fixture
def journal(path, said):
    return Journal(path, say=said.append)


def test_an_entry_comes_back_whole(journal):
    assert journal.add("belief", "00.trust", {"why": "größer ≥", "p": 0.1, "none": None})
    (entry,) = journal.entries()
    assert isinstance(entry, Entry)
    assert (entry.kind, entry.key) == ("belief", "00.trust")
    assert entry.payload == {"why": "größer ≥", "p": 0.1, "none": None}
    assert entry.version == rsi_teach.__version__
    assert entry.session and entry.time.endswith("+00:00")


def test_entries_are_filtered_and_in_order(journal):
    for i in range(5):
        journal.add("attempt", f"01.{i % 2}", {"i": i})
    journal.add("outcome", "01.0", {})
    assert [e.payload["i"] for e in journal.entries("attempt", "01.0")] == [0, 2, 4]
    assert len(journal.entries(key="01.0")) == 4
    assert journal.entries("belief") == []


def test_a_prediction_is_locked_until_it_is_forgotten(journal, path):
    assert journal.add("prediction", "k", {"low": 1})
    assert not journal.add("prediction", "k", {"low": 2})
    assert not Journal(path).add("prediction", "k", {"low": 3})
    assert [e.payload for e in journal.entries("prediction")] == [{"low": 1}]
    assert journal.forget() == 1
    assert journal.add("prediction", "k", {"low": 2})


def test_what_is_forgotten_is_gone_from_the_file(journal, path):
    journal.add("belief", "k", {"why": "a secret sentence"})
    assert b"a secret sentence" in path.read_bytes()
    journal.forget()
    for file in path.parent.iterdir():
        assert b"a secret sentence" not in file.read_bytes()
    assert journal.entries() == []


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (("guess", "k", {}), "kind = 'guess'"),
        (("belief", "", {}), "key = ''"),
        (("belief", "k", {"x": float("nan")}), "not JSON compliant|Out of range"),
        (("belief", "k", {"x": object()}), "payload"),
    ],
)
def test_a_bad_entry_is_refused(journal, path, entry, words):
    with pytest.raises(ValueError, match=words):
        journal.add(*entry)
    assert not path.exists()


def test_reading_makes_no_file(journal, path):
    assert journal.entries() == []
    assert journal.forget() == 0
    assert not path.parent.exists()


def test_home_is_where_it_was_told(tmp_path, monkeypatch):
    monkeypatch.setenv("RSI_TEACH_HOME", str(tmp_path / "here"))
    assert home() == tmp_path / "here"
    assert open_journal().path == tmp_path / "here" / "journal.sqlite3"
    assert open_journal() is open_journal()
    monkeypatch.delenv("RSI_TEACH_HOME")
    assert home().name == "rsi-teach"


@posix
def test_nobody_else_may_read_it(journal, path):
    journal.add("belief", "k", {})
    assert stat.S_IMODE(path.parent.stat().st_mode) & 0o077 == 0


def write_many(path, name, count):
    """Write `count` entries, from a process of its own."""
    journal = Journal(path)
    for i in range(count):
        journal.add("attempt", f"{name}.{i}", {"i": i})
    assert not journal.troubles


def run_all(processes, timeout=600):
    for process in processes:
        process.start()
    for process in processes:
        process.join(timeout)
    assert [process.exitcode for process in processes] == [0] * len(processes)


def test_eight_processes_lose_nothing(path):
    run_all([SPAWN.Process(target=write_many, args=(path, n, 1000)) for n in range(8)])
    entries = Journal(path).entries()
    assert len(entries) == 8000
    assert {e.key for e in entries} == {f"{n}.{i}" for n in range(8) for i in range(1000)}
    assert len({e.session for e in entries}) == 8
    for n in range(8):  # and each process's entries stand in the order it wrote them
        mine = [e.payload["i"] for e in entries if e.key.startswith(f"{n}.")]
        assert mine == list(range(1000))


def lock_one(path, name, barrier, results):
    """Try to lock the same prediction as everybody else, at the same moment."""
    barrier.wait()
    results.put((name, Journal(path).add("prediction", "same", {"by": name})))


def test_of_many_who_lock_at_once_one_wins(path):
    barrier, results = SPAWN.Barrier(4), SPAWN.Queue()
    run_all([SPAWN.Process(target=lock_one, args=(path, n, barrier, results)) for n in range(4)])
    winners = [name for name, won in (results.get() for _ in range(4)) if won]
    assert len(winners) == 1
    assert Journal(path).entries("prediction")[0].payload == {"by": winners[0]}


def test_threads_share_one_journal(journal):
    def write(n):
        for i in range(50):
            journal.add("attempt", f"{n}.{i}", {})

    threads = [threading.Thread(target=write, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({e.key for e in journal.entries()}) == 300


@posix
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_writes_too(journal):
    journal.add("attempt", "parent", {})
    child = multiprocessing.get_context("fork").Process(
        target=journal.add, args=("attempt", "child", {})
    )
    run_all([child])
    entries = journal.entries()
    assert [e.key for e in entries] == ["parent", "child"]
    assert entries[0].session != entries[1].session


WRITER = """
import sys
from pathlib import Path
from rsi_teach.learn.journal import Journal
journal = Journal(Path(sys.argv[1]))
for i in range(10**9):
    journal.add("attempt", "k", {"i": i})
    print(i, flush=True)
"""


def start(code, *args, **more):
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code, *map(str, args)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env, **more)


@posix
@pytest.mark.parametrize("after", [0, 1, 2, 5, 9, 17])
def test_a_killed_writer_loses_at_most_the_entry_in_flight(path, after):
    with start(WRITER, path) as writer:
        for _ in range(after + 1):
            last = writer.stdout.readline()
        time.sleep(0.0007 * after)  # so that the moment differs from run to run
        os.kill(writer.pid, signal.SIGKILL)
        rest = writer.stdout.read()
    said = [int(line) for line in [last, *rest.splitlines()] if line.strip()]
    said_last = said[-1]
    stored = [e.payload["i"] for e in Journal(path).entries()]
    assert stored == list(range(len(stored)))
    assert said_last + 1 <= len(stored) <= said_last + 2
    assert Journal(path).add("attempt", "after", {})


def spoil(path, how):
    journal = Journal(path)
    for i in range(8):
        journal.add("attempt", f"k{i}", {"text": "x" * 2000})
    data = bytearray(path.read_bytes())
    if how == "not a database":
        data[:] = b"This is a letter, not a database.\n" * 200
    elif how == "header":
        data[:16] = b"\0" * 16
    elif how == "truncated":
        del data[len(data) // 2 + 100 :]
    elif how == "pages":
        data[4096:] = os.urandom(len(data) - 4096)
    path.write_bytes(bytes(data))
    return bytes(data)


@pytest.mark.parametrize("how", ["not a database", "header", "truncated", "pages"])
@pytest.mark.parametrize("first", ["add", "entries"])
def test_a_broken_file_is_set_aside_and_a_new_one_begun(path, how, first):
    data, said = spoil(path, how), []
    journal = Journal(path, say=said.append)
    if first == "entries":
        assert journal.entries() == []
    assert journal.add("attempt", "new", {})
    assert journal.add("attempt", "newer", {})
    assert [e.key for e in journal.entries()] == ["new", "newer"]
    (aside,) = path.parent.glob("*.broken-*.sqlite3")
    assert aside.read_bytes() == data
    assert len(said) == 1
    assert "was damaged" in said[0] and aside.name in said[0]


def test_a_file_that_breaks_while_in_use_is_noticed(journal, said, path):
    journal.add("attempt", "old", {})
    path.write_bytes(b"no longer a database" * 500)
    assert journal.add("attempt", "new", {})
    assert [e.key for e in journal.entries()] == ["new"]
    assert len(said) == 1


def find_broken(paths, name, barrier, results):
    """Meet each broken file at the same moment as everybody else."""
    for path in paths:
        said = []
        journal = Journal(path, say=said.append)
        barrier.wait()
        for i in range(10):
            journal.add("attempt", f"{name}.{i}", {})
        results.put((path, said))


@pytest.mark.parametrize("how", ["not a database", "pages"])
def test_those_who_find_it_broken_at_once_lose_nothing(tmp_path, how):
    paths = [tmp_path / str(i) / "journal.sqlite3" for i in range(15)]
    contents = {path: spoil(path, how) for path in paths}
    barrier, results = SPAWN.Barrier(4), SPAWN.SimpleQueue()
    run_all(
        [SPAWN.Process(target=find_broken, args=(paths, n, barrier, results)) for n in range(4)]
    )
    reports = [results.get() for _ in range(4 * len(paths))]
    for path in paths:
        (aside,) = path.parent.glob("*.broken-*.sqlite3")
        assert aside.read_bytes() == contents[path]
        assert len(Journal(path).entries()) == 40
        assert [words for where, said in reports if where == path for words in said] == [
            f"The journal {path} was damaged. It is now {aside.name}, in the same folder, "
            "and a new journal was begun."
        ]


def test_a_newer_file_is_left_alone(path, said):
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE entries (something_else TEXT)")
        connection.execute("PRAGMA user_version = 2")
    before = path.read_bytes()
    journal = Journal(path, say=said.append)
    assert journal.add("prediction", "k", {})
    assert not journal.add("prediction", "k", {})
    assert [e.key for e in journal.entries()] == ["k"]
    with pytest.raises(JournalError, match="newer version"):
        journal.forget()
    assert path.read_bytes() == before
    assert {p.name for p in path.parent.iterdir()} == {path.name, "journal.lock"}
    assert len(said) == 1
    assert "newer version" in said[0]


AS_NOBODY = """
import os, sys
from pathlib import Path
from rsi_teach.learn.journal import Journal
import rsi_teach.learn.predictions as p
path, said = Path(sys.argv[1]), []
if os.geteuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
journal = Journal(path, say=said.append)
print([e.key for e in journal.entries()])
p.predict("q", "How many?", journal=journal).lock(1, 2)
print(p.reveal("q", 1.5))
print(journal.add("attempt", "two", {}), len(journal.entries()), len(said))
print(*said)
"""


@posix
def test_a_read_only_folder_is_said_once_and_the_chapter_runs(tmp_path):
    # Not under tmp_path: its parents are closed to other users, who stand in for a reader here.
    folder = Path(tempfile.mkdtemp())
    try:
        path = folder / "journal.sqlite3"
        Journal(path).add("attempt", "one", {})
        path.chmod(0o444)
        folder.chmod(0o555)
        with start(AS_NOBODY, path, stderr=subprocess.STDOUT) as reader:
            text = reader.stdout.read()
        lines = text.splitlines()
        assert reader.returncode == 0, text
        assert lines[0] == "['one']", text  # what was written before can still be read
        assert "contains it" in text
        assert "True 4 1" in lines, text
        assert "cannot be written" in text and "RSI_TEACH_HOME" in text
        assert "kept in memory" in text
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)


def test_a_folder_that_cannot_be_made_is_said_once(tmp_path, said):
    (tmp_path / "file").write_text("in the way")
    journal = Journal(tmp_path / "file" / "journal.sqlite3", say=said.append)
    assert journal.add("prediction", "k", {"low": 1})
    assert not journal.add("prediction", "k", {"low": 2})
    assert journal.add("attempt", "k", {})
    assert [e.kind for e in journal.entries()] == ["prediction", "attempt"]
    assert len(said) == 1
    assert "kept in memory" in said[0]
    assert journal.forget() == 2


ON_A_FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from rsi_teach.learn.journal import Journal
path, said = Path(sys.argv[1]), []
Journal(path).add("attempt", "before", {})
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size, resource.RLIM_INFINITY))
journal = Journal(path, say=said.append)
for i in range(40):
    journal.add("attempt", f"{i}", {"text": "x" * 1000})
print(len(journal.entries()), len(said))
print(*said)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
print(journal.add("attempt", "after", {}), Journal(path).entries()[0].key)
"""


@posix
def test_a_full_disk_is_said_once_and_nothing_is_lost_meanwhile(path):
    with start(ON_A_FULL_DISK, path, stderr=subprocess.STDOUT) as writer:
        text = writer.stdout.read()
    lines = text.splitlines()
    assert lines[0] == "41 1", text
    assert "may be full" in lines[1] or "is full" in lines[1]
    assert lines[2] == "True before"


class NoWal(sqlite3.Connection):
    """A file system that cannot share a write-ahead log, as a network one."""

    def execute(self, sql, *args):
        """Refuse the one statement."""
        if sql.replace(" ", "") == "PRAGMAjournal_mode=WAL":
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorcode = sqlite3.SQLITE_IOERR
            raise error
        return super().execute(sql, *args)


def test_without_a_write_ahead_log_it_works_as_well(journal, said, path, monkeypatch):
    connect = sqlite3.connect
    monkeypatch.setattr(
        module.sqlite3, "connect", lambda *a, **k: connect(*a, **k | {"factory": NoWal})
    )
    assert journal.add("attempt", "k", {})
    assert [e.key for e in journal.entries()] == ["k"]
    assert said == []
    with closing(connect(path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)


def test_with_a_write_ahead_log_it_uses_it(journal, path):
    journal.add("attempt", "k", {})
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_file_locked_by_another_program_is_said_and_the_chapter_runs(path, said):
    Journal(path).add("attempt", "before", {})
    journal = Journal(path, say=said.append)
    journal._patience = 0.05
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert journal.add("attempt", "k", {})
        assert [e.key for e in journal.entries()][-1] == "k"
    assert len(said) == 1
    assert "locked" in said[0]


def test_a_changed_byte_in_one_entry_hides_no_other(journal, path):
    journal.add("attempt", "a", {"x": "abc"})
    journal.add("attempt", "b", {})
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE entries SET payload = '{not json' WHERE key = 'a'")
        connection.execute("UPDATE entries SET version = CAST(x'ff' AS TEXT) WHERE key = 'b'")
    assert [e.payload for e in journal.entries()] == [{"unreadable": "{not json"}, {}]


def test_export_is_json_lines(journal, tmp_path):
    for i in range(3):
        journal.add("attempt", "k", {"i": i, "text": "ü\n"})
    target = journal.export(tmp_path / "out.jsonl")
    lines = [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]
    assert [line["payload"] for line in lines] == [{"i": i, "text": "ü\n"} for i in range(3)]
    assert set(lines[0]) == {"kind", "key", "payload", "time", "session", "version"}
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == ["out.jsonl"]


def test_export_never_overwrites(journal, tmp_path, monkeypatch):
    journal.add("attempt", "k", {})
    target = tmp_path / "out.jsonl"
    target.write_text("mine")
    with pytest.raises(FileExistsError, match="choose another name"):
        journal.export(target)
    monkeypatch.setattr(Path, "exists", lambda self: False)  # it appears after the first look
    with pytest.raises(FileExistsError, match="choose another name"):
        journal.export(target)
    monkeypatch.undo()
    assert target.read_text() == "mine"
    assert Counter(p.suffix for p in tmp_path.iterdir() if p.is_file()) == {".jsonl": 1}


def test_an_export_that_fails_leaves_nothing(journal, tmp_path, monkeypatch):
    journal.add("attempt", "k", {})

    def full(_handle):
        raise OSError("no space left")

    monkeypatch.setattr(module.os, "fsync", full)
    with pytest.raises(OSError, match="no space left"):
        journal.export(tmp_path / "out.jsonl")
    assert [p for p in tmp_path.iterdir() if p.is_file()] == []
