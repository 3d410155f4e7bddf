"""What the two engines have in common: connections, transactions, the writer, the key names.

Query functions take a :class:`Connection`, which is always inside a transaction that somebody
else began and will end. SQL has ``?`` for each bound value.
"""

from __future__ import annotations

import ctypes
import os
import weakref
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from fitscribe.stores.sql.statements import Row, Rows, Rule, Statement, Values

__all__ = ["AlreadyWritten", "Connection", "Engine", "KeyNames", "Writer"]


class AlreadyWritten(Exception):
    """The writer's batch was written before; it is no error, and nobody outside sees it."""


class Connection(ABC):
    """An open connection inside a transaction.

    Attributes
    ----------
    name : {"sqlite", "postgresql"}
    names : KeyNames
    look_up_cost : int
        What it takes to look up a row by its key, as a multiple of what it takes to read one that
        stands next in an index. Measured at a million runs, far more than the cache holds.
    """

    name: str
    names: KeyNames
    look_up_cost: int

    @abstractmethod
    def rows(self, sql: str, values: Values = ()) -> list[Row]:
        """Run a query and return all its rows."""

    @abstractmethod
    def execute(self, sql: str, values: Values = ()) -> int:
        """Run a statement and return how many rows it changed."""

    @abstractmethod
    def gather(self, queries: Sequence[tuple[str, Values]]) -> list[list[Row]]:
        """Run several queries, in one round trip where there are round trips."""

    @abstractmethod
    def apply(self, statement: Statement, rows: Collection[Row]) -> None:
        """Run a statement over incoming rows."""

    @abstractmethod
    def select(self, statement: Any, values: Mapping[str, Any] = {}) -> list[Row]:
        """Run a SQLAlchemy select with values for its named parameters."""

    @abstractmethod
    def numbers(self, statement: Any) -> list[int]:
        """Run a SQLAlchemy select of one column of integers; they come as one value.

        Rows that reach Python cost ten times as much as those that only an index is read for.
        """

    @abstractmethod
    def among(self, column: str) -> str:
        """Return a condition that a column is one of a list, which :meth:`listed` binds."""

    @abstractmethod
    def listed(self, values: Iterable[Any]) -> Any:
        """Return a list of integers or texts as one bound value."""

    def one(self, sql: str, values: Values = ()) -> Row | None:
        """Run a query and return its first row, or None."""
        rows = self.rows(sql, values)
        return rows[0] if rows else None


class Writer(ABC):
    """A batch on its way: one transaction of statements whose answers nobody waits for.

    On PostgreSQL all of it is sent in one round trip, so a rule is a statement that stops the
    transaction. On SQLite each step runs at once.
    """

    @abstractmethod
    def check(self, rule: Rule, rows: Collection[Row]) -> None:
        """Refuse the batch if a row breaks a rule."""

    @abstractmethod
    def apply(self, statement: Statement, rows: Collection[Row]) -> None:
        """Run a statement over rows."""

    @abstractmethod
    def create_runs(self, rows: Collection[Row]) -> None:
        """Make the runs that are not there yet (columns as in `runs.CREATE`)."""

    @abstractmethod
    def find_runs(self, rule: Rule, run_ids: Collection[str]) -> None:
        """Refuse the batch if a run cannot be filled; rows of the others can then be added."""

    @abstractmethod
    def add(self, insert: Rows, rows: Sequence[Row], conflict: Rule | None = None) -> None:
        """Insert rows that begin with the ids of their owners.

        `conflict` looks at rows that were there before, and takes the same rows.
        """

    @abstractmethod
    def apply_to_old(self, statement: Statement, rows: Sequence[Row]) -> None:
        """Run a statement over rows that begin with a run id.

        Rows of a run that this batch has made may be left out: it was made as it should be.
        """


class KeyNames:
    """The dictionary of names of params, metrics and tags, as far as this process knows it.

    A name keeps its number for ever, so what was read once is true.
    """

    def __init__(self) -> None:
        self.ids: dict[str, int] = {}
        self._names: dict[int, str] = {}

    def learn(self, rows: Iterable[Row]) -> None:
        """Remember (id, name) rows that are committed."""
        for number, name in rows:
            self._names[number] = name
            self.ids[name] = number

    def find(self, connection: Connection, names: Iterable[str]) -> dict[str, int]:
        """Return the numbers of those names that have one."""
        wanted = set(names)
        unknown = wanted.difference(self.ids)
        if unknown:
            sql = f"SELECT id, name FROM keys WHERE {connection.among('name')}"
            self.learn(connection.rows(sql, [connection.listed(unknown)]))
        return {name: self.ids[name] for name in wanted if name in self.ids}

    def of(self, connection: Connection, numbers: Iterable[int]) -> Mapping[int, str]:
        """Return a mapping that names at least these numbers."""
        unknown = set(numbers).difference(self._names)
        if unknown:
            sql = f"SELECT id, name FROM keys WHERE {connection.among('id')}"
            self.learn(connection.rows(sql, [connection.listed(unknown)]))
        return self._names


# In the order of names, so that two who add the same ones do not wait for each other in a circle.
_ADD_KEYS = Statement(
    "INSERT INTO keys (name) SELECT i.name FROM {incoming} WHERE true ORDER BY i.name "
    "ON CONFLICT DO NOTHING",
    (("name", "text"),),
)

_engines: weakref.WeakSet[Engine] = weakref.WeakSet()


class Engine(ABC):
    """Connections to one database, for any number of threads.

    Attributes
    ----------
    name : {"sqlite", "postgresql"}
    names : KeyNames
    """

    name: str

    def __init__(self) -> None:
        self.names = KeyNames()
        _engines.add(self)

    @abstractmethod
    def read(self) -> AbstractContextManager[Connection]:
        """Return a transaction that sees one state of the database and writes nothing."""

    @abstractmethod
    def write(self) -> AbstractContextManager[Connection]:
        """Return a transaction that writes; others that write wait."""

    @abstractmethod
    def batch(
        self, names: Collection[str]
    ) -> AbstractContextManager[tuple[Writer, dict[str, int]]]:
        """Return a transaction as a writer, and the numbers of these key names."""

    def number_keys(self, names: Collection[str]) -> dict[str, int]:
        """Return the numbers of key names; those that are new are kept at once."""
        if not names:
            return {}
        if any(name not in self.names.ids for name in names):
            with self.read() as connection:
                found = self.names.find(connection, names)
            new = [(name,) for name in names if name not in found]
            if new:
                with self.write() as connection:
                    connection.apply(_ADD_KEYS, new)
                with self.read() as connection:
                    self.names.find(connection, names)
        return {name: self.names.ids[name] for name in names}

    @abstractmethod
    def close(self) -> None:
        """Close all connections; the engine opens new ones when it is used again."""

    @abstractmethod
    def forget(self) -> None:
        """Leave all connections to the parent process, of which this one is a fork."""

    @abstractmethod
    def facts(self) -> dict[str, Any]:
        """Return what `StoreInfo` tells about the engine: engine, journal, size_bytes."""


def leave_to_parent(connection: object) -> None:
    """Keep an object from ever being deleted in this process: its deletion would close it.

    SQLite's close might take the parent's locks for its own, and PostgreSQL's would say goodbye
    on a socket that the parent still talks on.
    """
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(connection))


def _after_fork() -> None:
    for engine in list(_engines):
        engine.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
