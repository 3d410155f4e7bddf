"""PostgreSQL through psycopg 3: a batch is one round trip.

All statements of a batch, from BEGIN to COMMIT, are sent before the first answer is read (libpq's
pipeline mode; an older libpq sends them one by one). Writers hold one advisory lock from their
first statement until they are visible to others, so ``changes.seq`` follows the order of commits.
"""

from __future__ import annotations

import json
import threading
import weakref
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, lru_cache
from typing import Any

from fitscribe.core.uris import masked
from fitscribe.errors import InvalidParameter, StoreUnavailable
from fitscribe.stores.sql import postgresql_wire as wire
from fitscribe.stores.sql import schema
from fitscribe.stores.sql.engine import Connection, Engine, KeyNames, Writer, leave_to_parent
from fitscribe.stores.sql.postgresql_wire import Step
from fitscribe.stores.sql.statements import (
    Columns,
    Row,
    Rows,
    Rule,
    Statement,
    Values,
    as_pyformat,
)

__all__ = ["LOCK", "PostgresEngine", "connection_of"]

# Connections of one process: as many as a thread pool needs, few of the server's 100.
MOST = 8
# "fitscribe" in one number, which no other program is likely to lock.
LOCK = 0x66_69_74_73_63_72_69_62
# The code that `fitscribe_refuse` raises.
REFUSED = "FS001"

BEGIN_READ: tuple[Step, ...] = (("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", ()),)
# COMMIT ends reads too: after a ROLLBACK psycopg forgets the statements that it has prepared.
COMMIT: Step = ("COMMIT", ())

_pyformat = lru_cache(maxsize=512)(as_pyformat)

_CREATE_RUNS = Statement(
    "INSERT INTO runs (run_id, experiment, user_id, status, start_time, end_time, lifecycle) "
    "SELECT i.run_id, i.experiment, i.user_id, i.status, i.start_time, i.end_time, 0 "
    "FROM {incoming} WHERE true ON CONFLICT (run_id) DO NOTHING",
    (
        ("run_id", "text"),
        ("experiment", "integer"),
        ("user_id", "text"),
        ("status", "smallint"),
        ("start_time", "bigint"),
        ("end_time", "bigint"),
    ),
)


class PostgresConnection(Connection):
    """A connection of psycopg; its transaction begins together with its first query.

    Parameters
    ----------
    raw : psycopg.Connection
        In autocommit mode: psycopg itself begins nothing.
    names : KeyNames
    begin : sequence of Step
        What begins the transaction.
    """

    name = "postgresql"
    look_up_cost = 30

    def __init__(self, raw: Any, names: KeyNames, begin: Sequence[Step]) -> None:
        self._raw = raw
        self.names = names
        self._begin = list(begin)

    @property
    def is_begun(self) -> bool:
        """Whether a query was run."""
        return not self._begin

    def _run(self, steps: Sequence[Step]) -> list[Any]:
        """Run statements in one round trip and return their cursors."""
        begin, self._begin = self._begin, []
        return wire.send(self._raw, [*begin, *steps])[len(begin) :]

    def rows(self, sql: str, values: Values = ()) -> list[Row]:
        return self.gather([(sql, values)])[0]

    def execute(self, sql: str, values: Values = ()) -> int:
        return int(self._run([(_pyformat(sql), values)])[0].rowcount)

    def gather(self, queries: Sequence[tuple[str, Values]]) -> list[list[Row]]:
        cursors = self._run([(_pyformat(sql), values) for sql, values in queries])
        return [cursor.fetchall() for cursor in cursors]

    def apply(self, statement: Statement, rows: Collection[Row]) -> None:
        if rows:
            self._run([(statement.postgresql, _arrays(statement.columns, rows))])

    def select(self, statement: Any, values: Mapping[str, Any] = {}) -> list[Row]:
        compiled = statement.compile(
            dialect=_dialect(), compile_kwargs={"render_postcompile": True}
        )
        cursors = self._run([(str(compiled), {**compiled.params, **values})])
        found: list[Row] = cursors[0].fetchall()
        return found

    def numbers(self, statement: Any) -> list[int]:
        from sqlalchemy import func, select

        (column,) = statement.subquery().c
        ((found,),) = self.select(select(func.array_agg(column)))
        return found or []

    def among(self, column: str) -> str:
        return f"{column} = ANY(?)"

    def listed(self, values: Iterable[Any]) -> list[Any]:
        return list(values)


def connection_of(raw: Any) -> Connection:
    """Return a connection as query functions take it; `raw` is inside a transaction or reads."""
    return PostgresConnection(raw, KeyNames(), ())


@cache
def _dialect() -> Any:
    from sqlalchemy.dialects.postgresql import psycopg as flavor  # searches only: 0.2 s

    made: Callable[[], Any] = flavor.dialect
    return made()


def _arrays(columns: Columns, rows: Collection[Row]) -> list[list[Any]]:
    """Return rows as one list for each column (psycopg wants all floats, or none)."""
    return [
        [None if value is None else float(value) for value in values]
        if kind == "float8"
        else list(values)
        for (_, kind), values in zip(columns, zip(*rows, strict=True), strict=True)
    ]


class PostgresWriter(Writer):
    """Collects the statements of a batch."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.rules: dict[str, Rule] = {}

    def check(self, rule: Rule, rows: Collection[Row]) -> None:
        if rows:
            self.rules[rule.name] = rule
            self.steps.append((rule.postgresql, _arrays(rule.statement.columns, rows)))

    def apply(self, statement: Statement, rows: Collection[Row]) -> None:
        if rows:
            self.steps.append((statement.postgresql, _arrays(statement.columns, rows)))

    def create_runs(self, rows: Collection[Row]) -> None:
        self.apply(_CREATE_RUNS, rows)

    def find_runs(self, rule: Rule, run_ids: Collection[str]) -> None:
        # Those that the batch has made just before keep the rule.
        self.check(rule, [(run_id,) for run_id in run_ids])

    def add(self, insert: Rows, rows: Sequence[Row], conflict: Rule | None = None) -> None:
        if rows:
            self.steps.append((insert.postgresql, _arrays(insert.given, rows)))
            if conflict is not None:
                self.check(conflict, rows)

    def apply_to_old(self, statement: Statement, rows: Sequence[Row]) -> None:
        self.apply(statement, rows)


class PostgresEngine(Engine):
    """Connections to one PostgreSQL database, in which the tables are made where there are none.

    Parameters
    ----------
    uri : str
        ``postgresql://user:password@host:port/database?option=value``, as libpq reads it.
    busy_timeout_s : float
        How long a write waits for others, in seconds.

    Raises
    ------
    InvalidParameter
        If the address cannot be read.
    StoreUnavailable
        If the server cannot be reached, or the tables cannot be made.
    InvalidState
        If another program made the tables, or another version of fitscribe.
    """

    name = "postgresql"

    def __init__(self, uri: str, busy_timeout_s: float) -> None:
        super().__init__()
        self._place = masked(uri)
        self._options = wire.options_of(uri)
        self._busy_timeout_s = busy_timeout_s
        self._begin_write: tuple[Step, ...] = (
            ("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE", ()),
            (f"SET LOCAL lock_timeout = {max(1, int(busy_timeout_s * 1000))}", ()),
            (f"SELECT pg_advisory_xact_lock({LOCK})", ()),
        )
        self._idle: list[Any] = []
        self._free = threading.BoundedSemaphore(MOST)
        self._identity: int | None = None
        # Closes what is idle when the engine is gone, and at the end of the process.
        weakref.finalize(self, wire.close_all, self._idle)
        self._ready()

    # Transactions

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Return a transaction that sees one state of the database and writes nothing."""
        self._ready()
        with self._explained(), self._transaction(BEGIN_READ) as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Return a transaction that writes; others that write wait."""
        self._ready()
        with self._explained(), self._transaction(self._begin_write) as connection:
            yield connection

    @contextmanager
    def batch(self, names: Collection[str]) -> Iterator[tuple[Writer, dict[str, int]]]:
        """Return a transaction as a writer, and the numbers of these key names.

        Names that are new are added before, and stay if the batch is refused.
        """
        self._ready()
        numbers = self.number_keys(names)
        writer = PostgresWriter()
        yield writer, numbers
        with self._explained(writer.rules), self._raw() as raw:
            wire.send(raw, [*self._begin_write, *writer.steps, COMMIT])

    @contextmanager
    def _transaction(self, begin: Sequence[Step]) -> Iterator[PostgresConnection]:
        with self._raw() as raw:
            connection = PostgresConnection(raw, self.names, begin)
            yield connection
            if connection.is_begun:
                wire.send(raw, [COMMIT])

    # Connections

    @contextmanager
    def _raw(self) -> Iterator[Any]:
        """Lend a connection; what an error leaves open is rolled back."""
        if not self._free.acquire(timeout=self._busy_timeout_s):
            raise StoreUnavailable(
                f"All {MOST} connections to {self._place} have been in use by other threads for "
                f"{self._busy_timeout_s:g} seconds. Try again."
            )
        try:
            raw = self._take()
            try:
                yield raw
            except BaseException:
                wire.roll_back(raw)
                raise
            finally:
                if not raw.closed:
                    self._idle.append(raw)
        finally:
            self._free.release()

    def _take(self) -> Any:
        """Return an idle connection that the server has not closed meanwhile, else a new one."""
        while True:
            try:
                raw = self._idle.pop()
            except IndexError:
                return self._connect()
            if not wire.has_news(raw):
                return raw
            raw.close()

    def _connect(self) -> Any:
        raw = wire.connect(self._options)
        try:
            self._check_identity(raw)
        except BaseException:
            raw.close()
            raise
        return raw

    def _check_identity(self, raw: Any) -> None:
        """Refuse to go on in a database that has been made anew: key names are numbered anew."""
        if self._identity is None or self._identity == _identity(raw):
            return
        self.close()
        self.names = KeyNames()
        self._identity = None
        raise StoreUnavailable(
            f"{self._place} was replaced by another database while it was in use. Try again."
        )

    def close(self) -> None:
        """Close all connections; the engine opens new ones when it is used again."""
        wire.close_all(self._idle)

    def forget(self) -> None:
        """Leave all connections to the parent process, of which this one is a fork."""
        for raw in self._idle:
            leave_to_parent(raw)
        self._idle.clear()
        self._free = threading.BoundedSemaphore(MOST)

    # The database

    def _ready(self) -> None:
        """Make the tables where there are none, and refuse those of another version."""
        if self._identity is not None:
            return
        with self._explained():
            found = self._version(BEGIN_READ)
            if found is None:
                found = self._version(self._begin_write)
            schema.check_version(found or "", self._place)
            with self._raw() as raw:
                self._identity = _identity(raw)

    def _version(self, begin: Sequence[Step]) -> str | None:
        """Return the schema's version; make the tables if there are none and we may write."""
        with self._transaction(begin) as connection:
            if not schema.is_empty(connection):
                return schema.read_version(connection)
            if begin is BEGIN_READ:
                return None
            schema.create(connection, "postgresql")
            return schema.SCHEMA

    def facts(self) -> dict[str, Any]:
        """Return what `StoreInfo` tells about the engine."""
        with self.read() as connection:
            row = connection.one(
                "SELECT current_setting('server_version'), pg_database_size(current_database())"
            )
        version, size = row or ("", None)
        return {
            "engine": f"PostgreSQL {version.partition(' ')[0]}",
            "journal": None,
            "size_bytes": size,
        }

    @contextmanager
    def _explained(self, rules: Mapping[str, Rule] = {}) -> Iterator[None]:
        """Raise our own errors instead of psycopg's."""
        try:
            yield
        except wire.Error as error:
            if error.sqlstate == REFUSED:
                found = json.loads(error.diag.message_detail)
                # psycopg's error says nothing more.
                raise rules[error.diag.message_primary].error(tuple(found.values())) from None
            raise wire.explain(error, self._place) from error
        except UnicodeEncodeError as error:
            raise InvalidParameter(
                f"A text holds a lone surrogate, which is no unicode: {error.object[:80]!r}."
            ) from error


def _identity(raw: Any) -> int | None:
    """Return the number that PostgreSQL gave to the table of keys when it was made."""
    row = raw.execute("SELECT to_regclass('keys')::oid::bigint").fetchone()
    number: int | None = row[0]
    return number
