"""SQLite: one connection that writes, a few that read, and patience with other processes.

WAL with ``synchronous=NORMAL``: what was committed outlives the process, and the file is never
damaged; a power cut may take the last commits. On a network file system, where WAL does not work,
a rollback journal. Every write begins with ``BEGIN IMMEDIATE``: a read that became a write later
could only fail (SQLITE_BUSY_SNAPSHOT).
"""

from __future__ import annotations

import json
import os
import random
import sqlite3
import threading
import time
import warnings
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

from fitscribe.errors import FitscribeError, InvalidParameter, InvalidState, StoreUnavailable
from fitscribe.stores.sql import schema
from fitscribe.stores.sql.engine import Connection, Engine, KeyNames, Writer, leave_to_parent
from fitscribe.stores.sql.filelock import file_lock
from fitscribe.stores.sql.filesystems import is_network_path
from fitscribe.stores.sql.statements import Row, Rows, Rule, Statement, Values

__all__ = ["SqliteEngine", "connection_of", "explain"]

IDLE = 8
CACHE_KIB = 16_384
BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
# A generator of our own: the program's must not notice that we waited.
_chance = random.Random()
# A single IN list; SQLite binds 32,766 values at most.
CHUNK = 500


class SqliteConnection(Connection):
    """A connection of Python's sqlite3, inside a transaction."""

    name = "sqlite"
    look_up_cost = 15

    def __init__(self, raw: sqlite3.Connection, names: KeyNames) -> None:
        self.raw = raw
        self.names = names

    def rows(self, sql: str, values: Values = ()) -> list[Row]:
        return self.raw.execute(sql, values).fetchall()

    def execute(self, sql: str, values: Values = ()) -> int:
        return self.raw.execute(sql, values).rowcount

    def gather(self, queries: Sequence[tuple[str, Values]]) -> list[list[Row]]:
        return [self.raw.execute(sql, values).fetchall() for sql, values in queries]

    def apply(self, statement: Statement, rows: Collection[Row]) -> None:
        self.raw.executemany(statement.sqlite, rows)

    def select(self, statement: Any, values: Mapping[str, Any] = {}) -> list[Row]:
        compiled = statement.compile(
            dialect=_dialect(), compile_kwargs={"render_postcompile": True}
        )
        bound = {**compiled.params, **values}
        return self.rows(str(compiled), [bound[name] for name in compiled.positiontup])

    def numbers(self, statement: Any) -> list[int]:
        from sqlalchemy import func, select

        (column,) = statement.subquery().c
        ((found,),) = self.select(select(func.json_group_array(column)))
        return json.loads(found)  # type: ignore[no-any-return]  # integers only

    def among(self, column: str) -> str:
        return f"{column} IN (SELECT value FROM json_each(?))"

    def listed(self, values: Iterable[Any]) -> str:
        return json.dumps(list(values))


def connection_of(raw: sqlite3.Connection) -> Connection:
    """Return a connection as query functions take it; `raw` is inside a transaction or reads."""
    return SqliteConnection(raw, KeyNames())


@cache
def _dialect() -> Any:
    from sqlalchemy.dialects import sqlite  # searches only: it takes 0.2 s to load

    return sqlite.dialect()


class SqliteWriter(Writer):
    """Runs each step at once, with the numbers of the runs that it has looked up."""

    def __init__(self, raw: sqlite3.Connection) -> None:
        self._raw = raw
        self._found: dict[str, tuple[int, int, int]] = {}  # run id: number, experiment, start
        self._made: set[str] = set()
        self._models: dict[str | None, int] = {None: 0}

    def check(self, rule: Rule, rows: Collection[Row]) -> None:
        sql = rule.statement.sqlite
        for row in rows:
            broken = self._raw.execute(sql, row).fetchone()
            if broken is not None:
                raise rule.error(broken)

    def apply(self, statement: Statement, rows: Collection[Row]) -> None:
        if rows:
            self._raw.executemany(statement.sqlite, rows)

    def create_runs(self, rows: Collection[Row]) -> None:
        self._look_up([row[0] for row in rows])
        new = [row for row in rows if row[0] not in self._found]
        (last,) = self._raw.execute("SELECT coalesce(max(id), 0) FROM runs").fetchone()
        for number, (run_id, experiment, _, _, start, _) in enumerate(new, last + 1):
            self._found[run_id] = (number, experiment, start)
            self._made.add(run_id)
        self._raw.executemany(
            "INSERT INTO runs (id, run_id, experiment, user_id, status, start_time, end_time, "
            "lifecycle) VALUES (?, ?, ?, ?, ?, ?, ?, 0)",
            [(number, *row) for number, row in enumerate(new, last + 1)],
        )

    def find_runs(self, rule: Rule, run_ids: Collection[str]) -> None:
        old = [run_id for run_id in run_ids if run_id not in self._made]
        self.check(rule, [(run_id,) for run_id in old])
        self._look_up([run_id for run_id in old if run_id not in self._found])

    def _look_up(self, run_ids: list[str]) -> None:
        what = "run_id, id, experiment, start_time FROM runs WHERE run_id"
        for run_id, *run in self._among(what, run_ids):
            self._found[run_id] = tuple(run)

    def _number_models(self, model_ids: Collection[str | None]) -> dict[str | None, int]:
        """Return the numbers of models; one that is not there has 0."""
        new = [one for one in model_ids if one is not None and one not in self._models]
        self._models.update(self._among("model_id, id FROM logged_models WHERE model_id", new))
        return {one: self._models.get(one, 0) for one in model_ids}

    def _among(self, what: str, ids: list[str]) -> Iterator[Row]:
        for chunk in _chunks(ids):
            yield from self._raw.execute(
                f"SELECT {what} IN ({', '.join('?' * len(chunk))})", chunk
            )

    def add(self, insert: Rows, rows: Sequence[Row], conflict: Rule | None = None) -> None:
        if not rows:
            return
        owners, width = len(insert.owners), 1 + len(insert.copied)
        full: list[Row]
        if insert.owners[-1] == "model":
            models = self._number_models({row[owners - 1] for row in rows})
            full = [(models[row[owners - 1]], *row[owners:]) for row in rows]
            if owners == 2:
                runs = self._found
                full = [
                    (*runs[row[0]][:width], *rest) for row, rest in zip(rows, full, strict=True)
                ]
        else:
            runs = self._found
            full = [(*runs[row[0]][:width], *row[1:]) for row in rows]
        added = self._raw.executemany(insert.sqlite, full).rowcount
        if conflict is not None and added < len(rows):
            self.check(conflict, rows)

    def apply_to_old(self, statement: Statement, rows: Sequence[Row]) -> None:
        self.apply(statement, [row for row in rows if row[0] not in self._made])


def _chunks(values: list[str]) -> Iterator[list[str]]:
    rest = iter(values)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk


class SqliteEngine(Engine):
    """Connections to one SQLite file, which is made where it is not there.

    Parameters
    ----------
    path : Path
        The file; absolute.
    busy_timeout_s : float
        How long a write waits for another process, in seconds.

    Raises
    ------
    StoreUnavailable
        If the file cannot be opened or made.
    InvalidState
        If it is no database of fitscribe, or of another version.
    """

    name = "sqlite"

    def __init__(self, path: Path, busy_timeout_s: float = 25.0) -> None:
        super().__init__()
        self.path = path
        self._busy_timeout_s = busy_timeout_s
        self._network = is_network_path(path.parent)
        self._idle: list[sqlite3.Connection] = []
        self._writer: sqlite3.Connection | None = None
        self._turn = threading.RLock()
        self._file: tuple[int, int] | None = None
        try:
            self._open_file()
        except BaseException:
            self.close()
            raise

    # Transactions

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Return a transaction that sees one state of the database and writes nothing."""
        with self._explained():
            self._check_file()
            raw = self._take()
            try:
                raw.execute("BEGIN")
                try:
                    yield SqliteConnection(raw, self.names)
                finally:
                    raw.execute("ROLLBACK")
            except BaseException:
                raw.close()
                raise
            self._give_back(raw)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Return a transaction that writes; others that write wait."""
        with self._explained(), self._transaction() as raw:
            yield SqliteConnection(raw, self.names)

    @contextmanager
    def batch(self, names: Collection[str]) -> Iterator[tuple[Writer, dict[str, int]]]:
        """Return a transaction as a writer, and the numbers of these key names."""
        new: list[Row] = []
        with self._explained(), self._transaction() as raw:
            numbers = self.names.find(SqliteConnection(raw, self.names), names)
            unknown = [name for name in names if name not in numbers]
            if unknown:
                (last,) = raw.execute("SELECT coalesce(max(id), 0) FROM keys").fetchone()
                new = list(enumerate(unknown, last + 1))
                raw.executemany("INSERT INTO keys (id, name) VALUES (?, ?)", new)
                numbers.update((name, number) for number, name in new)
            yield SqliteWriter(raw), numbers
        self.names.learn(new)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        # Threads of this process take turns here; other processes are waited for below.
        if not self._turn.acquire(timeout=self._busy_timeout_s):
            raise StoreUnavailable(
                f"Another thread has been writing to {self.path} for "
                f"{self._busy_timeout_s:g} seconds. Try again."
            )
        try:
            self._check_file()
            raw = self._writer
            if raw is None:
                raw = self._writer = self._connect(busy_s=0.0)
            self._patiently(raw, "BEGIN IMMEDIATE")
            try:
                yield raw
                self._patiently(raw, "COMMIT")
            except BaseException:
                # What failed may have rolled back already (a full disk does).
                if raw.in_transaction:
                    raw.execute("ROLLBACK")
                raise
        finally:
            self._turn.release()

    def _patiently(self, raw: sqlite3.Connection, sql: str) -> None:
        """Run a statement that may have to wait for another process.

        SQLite's own waiting sleeps ever longer, up to 0.1 s, and so loses to those who come
        later; a short random pause is fair.
        """
        deadline = time.monotonic() + self._busy_timeout_s
        pause = 0.001
        while True:
            try:
                raw.execute(sql)
                return
            except sqlite3.OperationalError as error:
                if _primary(error) not in BUSY or time.monotonic() > deadline:
                    raise
            time.sleep(pause * _chance.uniform(0.2, 1.0))
            pause = min(pause * 1.3, 0.02)

    # Connections

    def _take(self) -> sqlite3.Connection:
        try:
            return self._idle.pop()
        except IndexError:
            return self._connect(self._busy_timeout_s)

    def _give_back(self, raw: sqlite3.Connection) -> None:
        if len(self._idle) < IDLE:
            self._idle.append(raw)
        else:
            raw.close()

    def _connect(self, busy_s: float) -> sqlite3.Connection:
        raw = sqlite3.connect(
            self.path,
            timeout=busy_s,
            isolation_level=None,  # we begin and commit; Python's module does not
            check_same_thread=False,
            cached_statements=256,
        )
        try:
            for pragma in (
                f"synchronous = {'FULL' if self._network else 'NORMAL'}",
                # Every number of a row was looked up in the same transaction; to look again
                # costs a tenth of it. PostgreSQL looks, at the same statements.
                "foreign_keys = OFF",
                "case_sensitive_like = ON",
                f"cache_size = -{CACHE_KIB}",
                "temp_store = MEMORY",
            ):
                raw.execute(f"PRAGMA {pragma}")
            raw.create_function("fitscribe_lower", 1, _lower, deterministic=True)
        except BaseException:
            raw.close()
            raise
        return raw

    def close(self) -> None:
        """Close all connections; the engine opens new ones when it is used again."""
        with self._turn:
            idle, self._idle = self._idle, []
            for raw in idle:
                raw.close()
            if self._writer is not None:
                self._writer.close()
                self._writer = None

    def forget(self) -> None:
        """Leave all connections to the parent process, of which this one is a fork."""
        for raw in (*self._idle, self._writer):
            if raw is not None:
                leave_to_parent(raw)
        self._idle, self._writer = [], None
        self._turn = threading.RLock()

    # The file

    def _check_file(self) -> None:
        """Open the database again if somebody has removed or replaced its file."""
        if self._file != _identity(self.path):
            with self._turn:
                if self._file != _identity(self.path):
                    self.close()
                    self.names = KeyNames()
                    self._open_file()

    def _open_file(self) -> None:
        with self._explained():
            found = self._version()
            if found is None:
                with file_lock(self.path.with_name(self.path.name + ".lock")):
                    found = self._version()
                    if found is None:
                        self._create()
                        found = schema.SCHEMA
            schema.check_version(found, str(self.path))
            self._file = _identity(self.path)

    def _version(self) -> str | None:
        """Return the schema's version, or None for no file and for an empty one."""
        identity = _identity(self.path)
        if identity is None or self.path.stat().st_size == 0:
            return None
        raw = self._take()
        try:
            connection = SqliteConnection(raw, self.names)
            if schema.is_empty(connection):
                return None
            version = schema.read_version(connection)
            self._set_journal(raw)
        except BaseException:
            raw.close()
            raise
        self._give_back(raw)
        return version

    def _set_journal(self, raw: sqlite3.Connection) -> None:
        wanted = "delete" if self._network else "wal"
        if raw.execute("PRAGMA journal_mode").fetchone()[0] != wanted:
            with suppress(sqlite3.OperationalError):  # in use, or read-only: it stays as it is
                raw.execute(f"PRAGMA journal_mode = {wanted}")
        if self._network:
            _warn_of_network(str(self.path))

    def _create(self) -> None:
        """Make all tables in one transaction; the caller holds the lock file."""
        raw = self._take()
        try:
            raw.execute(f"PRAGMA journal_mode = {'DELETE' if self._network else 'WAL'}")
            if self._network:
                _warn_of_network(str(self.path))
            raw.execute("BEGIN IMMEDIATE")
            schema.create(SqliteConnection(raw, self.names), "sqlite")
            raw.execute("COMMIT")
        except BaseException:
            raw.close()
            raise
        self._give_back(raw)

    def facts(self) -> dict[str, Any]:
        """Return what `StoreInfo` tells about the engine."""
        raw = self._take()
        journal = raw.execute("PRAGMA journal_mode").fetchone()[0]
        self._give_back(raw)
        return {
            "engine": f"SQLite {sqlite3.sqlite_version}",
            "journal": journal,
            "size_bytes": sum(
                file.stat().st_size
                for file in (self.path, self.path.with_name(self.path.name + "-wal"))
                if file.exists()
            ),
        }

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Raise our own errors instead of SQLite's."""
        try:
            yield
        except sqlite3.Error as error:
            raise explain(error, self.path) from error
        except UnicodeEncodeError as error:
            raise InvalidParameter(
                f"A text holds a lone surrogate, which is no unicode: {error.object[:80]!r}."
            ) from error


def explain(error: sqlite3.Error, path: Path) -> FitscribeError:
    """Return what to tell a user of an error of SQLite."""
    code = _primary(error)
    if code in BUSY:
        why = "is locked by another process that has been writing for long. Try again"
    elif code == sqlite3.SQLITE_FULL:
        why = "cannot grow: the disk is full. Make room and try again"
    elif code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
        why = (
            "can only be read: the file, its folder or its disk is read-only. "
            "Choose another place with set_tracking_uri(...)"
        )
    elif code == sqlite3.SQLITE_CANTOPEN:
        why = "cannot be opened. Does its folder exist, and may you write there?"
    elif code == sqlite3.SQLITE_IOERR:
        why = "cannot be read or written: the disk reports an error"
    elif code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return InvalidState(
            f"{path} is damaged, or no SQLite database ({error}). "
            "Take the newest backup beside it, or choose another file."
        )
    elif isinstance(error, sqlite3.IntegrityError | sqlite3.DataError | sqlite3.InterfaceError):
        return InvalidParameter(f"{path} refuses a value: {error}.")
    else:
        return InvalidState(f"{path}: {error}.")
    return StoreUnavailable(f"The database {path} {why} (SQLite says: {error}).")


def _primary(error: sqlite3.Error) -> int:
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _lower(text: str | None) -> str | None:
    return None if text is None else text.lower()


@cache
def _warn_of_network(path: str) -> None:
    warnings.warn(
        f"{path} is on a network file system, where SQLite is slow and only one machine at a time "
        "may write. Use PostgreSQL, or a local disk.",
        stacklevel=2,
    )
