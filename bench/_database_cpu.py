"""CPU time inside the database: in SQLite's own calls, or in PostgreSQL's processes."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import Any

import psycopg

__all__ = ["PostgresClock", "SqliteClock"]


class SqliteClock:
    """Counts the CPU time and the commits of every SQLite connection made from now on.

    Attributes
    ----------
    ms : float
        CPU milliseconds inside SQLite so far, the making of Python rows included.
    commits : int
    """

    def __init__(self) -> None:
        self.ns = 0
        self.commits = 0
        connect = sqlite3.connect
        clock = self

        class Cursor(sqlite3.Cursor):
            def execute(self, sql: str, *values: Any) -> Any:
                return clock.counted(super().execute, sql, *values)

            def executemany(self, sql: str, rows: Any) -> Any:
                return clock.counted(super().executemany, sql, rows)

            def fetchall(self) -> list[Any]:
                found: list[Any] = clock.counted(super().fetchall)
                return found

            def fetchone(self) -> Any:
                return clock.counted(super().fetchone)

        class Connection(sqlite3.Connection):
            def cursor(self, *_: Any) -> Any:
                return super().cursor(Cursor)

            def execute(self, sql: str, *values: Any) -> Any:
                clock.commits += sql == "COMMIT"
                return self.cursor().execute(sql, *values)

            def executemany(self, sql: str, rows: Any) -> Any:
                return self.cursor().executemany(sql, rows)

        def counting(*args: Any, **options: Any) -> sqlite3.Connection:
            made: sqlite3.Connection = connect(*args, **{**options, "factory": Connection})
            return made

        sqlite3.connect = counting  # type: ignore[assignment]  # sqlite3 has no other way in

    @property
    def ms(self) -> float:
        """CPU milliseconds inside SQLite so far."""
        return self.ns / 1e6

    def counted(self, call: Any, *args: Any) -> Any:
        """Call a function of SQLite, and count its CPU time."""
        start = time.thread_time_ns()
        try:
            return call(*args)
        finally:
            self.ns += time.thread_time_ns() - start


class PostgresClock:
    """Reads the CPU time of all server processes that serve one database (Linux only).

    Parameters
    ----------
    uri : str
        The database.
    """

    def __init__(self, uri: str) -> None:
        self._watcher = psycopg.connect(uri, autocommit=True)
        self._pids: list[int] = []

    def find(self) -> None:
        """Find the processes; call it once the store has connected."""
        query = (
            "SELECT pid FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid() "
            "AND backend_type = 'client backend'"  # autovacuum comes and goes
        )
        self._pids = [row[0] for row in self._watcher.execute(query)]

    @property
    def ms(self) -> float:
        """CPU milliseconds of those processes so far."""
        ns = sum(int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) for pid in self._pids)
        return ns / 1e6

    def analyze(self) -> None:
        """Do what autovacuum does a minute after much was written."""
        self._watcher.execute("VACUUM ANALYZE")

    def close(self) -> None:
        """Close the connection."""
        self._watcher.close()
