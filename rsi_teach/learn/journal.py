"""The learner's record: predictions, outcomes, attempts and beliefs, on this computer only.

One SQLite file in the user's data folder, or in the folder that ``RSI_TEACH_HOME`` names. Every
operation opens the file, runs one transaction and closes it again, so threads, forked processes
and several notebooks at once need no further care, and a process that is killed loses at most
the entry it was writing. When the file cannot be used, that is said once and the entries of this
session are kept in memory: a chapter never stops because of its journal.
"""

from __future__ import annotations

import functools
import json
import os
import random
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, nullcontext
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

from rsi_teach.learn.new_files import write_new

T = TypeVar("T")
Kind = Literal["prediction", "outcome", "attempt", "belief"]

SCHEMA = 1
PATIENCE = 30.0  # seconds that an operation waits for other processes
CREATE = """
CREATE TABLE IF NOT EXISTS entries (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL, key TEXT NOT NULL, payload TEXT NOT NULL,
    time TEXT NOT NULL, session TEXT NOT NULL, version TEXT NOT NULL);
CREATE UNIQUE INDEX IF NOT EXISTS locked ON entries (key) WHERE kind = 'prediction';
"""
MEANWHILE = "Meanwhile what you enter is kept in memory, and lost when this notebook's kernel ends."
BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL}
BROKEN = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


class JournalError(Exception):
    """The journal's file cannot be used; the message says why and what to do."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of the journal.

    Parameters
    ----------
    kind : "prediction", "outcome", "attempt" or "belief"
    key : str
        What it is about, such as ``"01.regimes"``.
    payload : dict
        What was said; anything that JSON can hold.
    time : str
        When, in UTC, ISO 8601.
    session : str
        The process that wrote it.
    version : str
        The version of the course that wrote it.
    """

    kind: Kind
    key: str
    payload: dict[str, Any]
    time: str
    session: str
    version: str


def home() -> Path:
    """Return the folder of the learner's record: ``RSI_TEACH_HOME`` or the user's data folder."""
    chosen = os.environ.get("RSI_TEACH_HOME")
    if chosen:
        return Path(chosen).expanduser()
    import platformdirs

    return Path(platformdirs.user_data_dir("rsi-teach", appauthor=False))


def open_journal() -> Journal:
    """Return this process's journal in `home`."""
    return _journal_at(home() / "journal.sqlite3")


@functools.cache
def _journal_at(path: Path) -> Journal:
    return Journal(path)


class Journal:
    """A journal in one file, usable from any thread.

    Parameters
    ----------
    path : Path
        The SQLite file; made, with its folder, when the first entry is written.
    say : callable of one str
        How trouble is reported, once per kind of trouble; `troubles` keeps what was said.

    Examples
    --------
    >>> import tempfile
    >>> journal = Journal(Path(tempfile.mkdtemp()) / "journal.sqlite3")
    >>> journal.add("prediction", "01.demo", {"low": 1, "high": 2})
    True
    >>> journal.add("prediction", "01.demo", {"low": 0, "high": 9})  # locked in
    False
    >>> [entry.payload for entry in journal.entries("prediction")]
    [{'low': 1, 'high': 2}]
    """

    def __init__(self, path: Path, say: Callable[[str], None] = print) -> None:
        self.path = path
        self._say = say
        self.troubles: list[str] = []
        self._kept: list[Entry] = []
        self._lock = threading.Lock()
        self._sound = False  # whether this process has looked through the file yet
        self._patience = PATIENCE

    def add(self, kind: Kind, key: str, payload: dict[str, Any]) -> bool:
        """Write one entry; False, and nothing written, if `key` was already predicted.

        Parameters
        ----------
        kind : "prediction", "outcome", "attempt" or "belief"
        key : str
            Not empty.
        payload : dict
            Anything that JSON can hold; no NaN, no infinity.

        Raises
        ------
        ValueError
            For another kind, an empty key, or a payload that JSON cannot hold.
        """
        if kind not in get_args(Kind):
            raise ValueError(f"kind = {kind!r} is not one of {', '.join(get_args(Kind))}")
        if not key:
            raise ValueError("key = '' is empty")
        _as_json(payload)
        entry = _stamped(kind, key, payload)
        try:
            return self._run(lambda connection: _insert(connection, entry))
        except JournalError as trouble:
            self._report(f"{trouble} {MEANWHILE}")
            return self._keep(entry)

    def entries(self, kind: Kind | None = None, key: str | None = None) -> list[Entry]:
        """Return the entries in the order they were written.

        Parameters
        ----------
        kind, key : str, optional
            Only entries with this kind, this key.
        """
        try:
            stored = self._run(_select, write=False) if os.path.exists(self.path) else []
        except JournalError as trouble:
            self._report(f"{trouble} {MEANWHILE}")
            stored = []
        everything = [*stored, *self._kept]
        return [e for e in everything if kind in (None, e.kind) and key in (None, e.key)]

    def forget(self) -> int:
        """Delete every entry, beyond recovery, and return how many there were.

        Raises
        ------
        JournalError
            When the file cannot be written; nothing is deleted then.
        """
        stored = self._run(_delete) if os.path.exists(self.path) else 0
        with self._lock:
            kept, self._kept = len(self._kept), []
        return stored + kept

    def export(self, path: str | Path) -> Path:
        """Write every entry as a line of JSON into a new file, whole or not at all.

        Parameters
        ----------
        path : str or Path
            A file that does not exist yet.

        Raises
        ------
        FileExistsError
            When the file is there already; it is left as it is.
        """
        path = Path(path)
        lines = "".join(_as_json(asdict(entry)) + "\n" for entry in self.entries())
        write_new({path: lines})
        return path

    def _report(self, message: str) -> None:
        if message not in self.troubles:
            self.troubles.append(message)
            self._say(message)

    def _keep(self, entry: Entry) -> bool:
        """Keep an entry in memory, under the same rule as in the file."""
        with self._lock:
            if entry.kind == "prediction" and self.entries("prediction", entry.key):
                return False
            self._kept.append(entry)
            return True

    def _run(self, work: Callable[[sqlite3.Connection], T], *, write: bool = True) -> T:
        """Open the file, do one transaction, close it; wait for others, replace a broken file."""
        give_up = time.monotonic() + self._patience
        still = False
        while True:
            try:
                with self._opened(write, still) as connection:
                    return work(connection)
            except (sqlite3.Error, OSError) as error:
                code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # without the extended part
                if not (write or still or code in BUSY | BROKEN):
                    still = True  # what cannot be opened as usual may still be readable
                    continue
                if time.monotonic() > give_up or code not in BUSY | BROKEN:
                    if code in BUSY:
                        self._patience = 0.1  # whoever waited once does not wait as long again
                    raise JournalError(_explained(self.path, error, code)) from error
                if code in BROKEN:
                    self._set_aside()
                time.sleep(random.uniform(0.001, 0.02))

    @contextmanager
    def _opened(self, write: bool, still: bool) -> Iterator[sqlite3.Connection]:
        if write:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (
            nullcontext() if still else self._in_place(),
            closing(_connect(self.path, self._patience, still)) as connection,
        ):
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if version > SCHEMA:
                raise JournalError(
                    f"The journal {self.path} was written by a newer version of this course and "
                    "is left alone. Update the course to use it."
                )
            if not self._sound:
                _look_through(connection)
                self._sound = True
            if version < SCHEMA and write:
                _create(connection)
            yield connection

    def _set_aside(self) -> None:
        """Rename a broken file, unless another process has done so in the meantime."""
        self._sound = False
        stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f")
        aside = self.path.with_name(f"{self.path.stem}.broken-{stamp}{self.path.suffix}")
        try:
            with self._lock_beside("BEGIN EXCLUSIVE"):
                if not _is_broken(self.path):
                    return
                for tail in ("-wal", "-shm", ""):  # the log belongs to the file it was written for
                    if os.path.exists(f"{self.path}{tail}"):
                        os.rename(f"{self.path}{tail}", f"{aside}{tail}")
        except (sqlite3.Error, OSError) as error:
            raise JournalError(
                f"The journal {self.path} is damaged and cannot be replaced ({error})."
            ) from error
        self._report(
            f"The journal {self.path} was damaged. It is now {aside.name}, in the same folder, "
            "and a new journal was begun."
        )

    @contextmanager
    def _in_place(self) -> Iterator[None]:
        """Keep others from renaming the file while it is open here.

        A connection that outlived the renaming would tidy away the log of the new file, which goes
        by the name of its own.
        """
        with ExitStack() as stack:
            try:
                stack.enter_context(self._lock_beside("BEGIN"))
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF in BUSY:
                    raise
                # Where no lock can be made, in a folder that is read-only, nothing is renamed.
            yield

    @contextmanager
    def _lock_beside(self, begin: str) -> Iterator[None]:
        """Hold a lock that ends with the process: a transaction on an empty file beside."""
        beside = self.path.with_suffix(".lock")
        with closing(sqlite3.connect(beside, timeout=PATIENCE, isolation_level=None)) as lock:
            lock.execute(begin)
            lock.execute("SELECT 1 FROM sqlite_master").fetchall()
            yield


def _connect(path: Path, patience: float, still: bool = False) -> sqlite3.Connection:
    """Open the file; if `still`, only to read, without the files that SQLite puts beside it."""
    place = f"{path.absolute().as_uri()}?immutable=1" if still else str(path)
    connection = sqlite3.connect(place, timeout=patience, isolation_level=None, uri=still)
    # Closing the last connection writes the log to the disk; a second wait per entry adds nothing.
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.text_factory = functools.partial(str, encoding="utf-8", errors="replace")
    return connection


def _look_through(connection: sqlite3.Connection) -> None:
    """Raise the error of a broken file unless SQLite finds every page in order."""
    found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        error = sqlite3.DatabaseError(found)
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise error


def _is_broken(path: Path) -> bool:
    if not os.path.exists(path):
        return False
    try:
        with closing(_connect(path, PATIENCE)) as connection:
            _look_through(connection)
    except sqlite3.DatabaseError as error:
        return getattr(error, "sqlite_errorcode", 0) & 0xFF in BROKEN
    return False


def _create(connection: sqlite3.Connection) -> None:
    """Make the table, in a write-ahead log where the file system allows one."""
    try:
        mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF in BUSY | BROKEN:
            raise
        mode = "none"
    if mode != "wal":  # a network file system, mostly: it cannot share the log's index
        connection.execute("PRAGMA journal_mode = DELETE").fetchone()
    with _transaction(connection):
        for statement in filter(str.strip, CREATE.split(";")):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {SCHEMA}")


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _insert(connection: sqlite3.Connection, entry: Entry) -> bool:
    row = asdict(entry) | {"payload": _as_json(entry.payload)}
    with _transaction(connection):
        done = connection.execute(
            "INSERT OR IGNORE INTO entries (kind, key, payload, time, session, version) "
            "VALUES (:kind, :key, :payload, :time, :session, :version)",
            row,
        )
    return done.rowcount == 1


def _select(connection: sqlite3.Connection) -> list[Entry]:
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'entries'").fetchone():
        return []
    rows = connection.execute(
        "SELECT kind, key, payload, time, session, version FROM entries ORDER BY number"
    )
    names = [column[0] for column in rows.description]
    return [_entry(dict(zip(names, row, strict=True))) for row in rows]


def _entry(row: dict[str, Any]) -> Entry:
    try:
        payload = json.loads(row["payload"])
    except ValueError:  # a byte that the disk has changed must not hide every other entry
        payload = {"unreadable": row["payload"]}
    return Entry(**(row | {"payload": payload}))


def _delete(connection: sqlite3.Connection) -> int:
    connection.execute("PRAGMA secure_delete = ON")
    with _transaction(connection):
        count = connection.execute("DELETE FROM entries").rowcount
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return count


def _as_json(payload: dict[str, Any]) -> str:
    try:
        return json.dumps(payload, allow_nan=False, ensure_ascii=False)
    except TypeError as error:
        raise ValueError(f"payload = {payload!r} cannot be written as JSON: {error}") from None


@functools.cache
def _session(process: int) -> str:
    return os.urandom(16).hex()


def _stamped(kind: Kind, key: str, payload: dict[str, Any]) -> Entry:
    from rsi_teach import __version__

    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    session = _session(os.getpid())
    return Entry(
        kind=kind, key=key, payload=payload, time=now, session=session, version=__version__
    )


def _explained(path: Path, error: Exception, code: int) -> str:
    """Say in plain words what is the matter with the file."""
    reasons = {
        sqlite3.SQLITE_READONLY: "it cannot be written",
        sqlite3.SQLITE_CANTOPEN: "it cannot be opened or made",
        sqlite3.SQLITE_PERM: "it cannot be opened",
        sqlite3.SQLITE_FULL: "the disk is full",
        sqlite3.SQLITE_IOERR: "the disk does not take it; it may be full",
    } | dict.fromkeys(BUSY, "another program keeps it locked")
    reason = reasons.get(code, str(error))
    return (
        f"The journal {path} cannot be used: {reason}. "
        "The environment variable RSI_TEACH_HOME names another folder for it."
    )
