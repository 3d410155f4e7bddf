"""A store of many more runs, made inside the database from the runs that are there.

Writing a million runs as users do takes half an hour. Here the database copies the runs of one
experiment under new ids and later starts, with new random metrics (0 and 1 stay, so equal values
keep their share), and builds the indexes anew behind it; these are a little denser than indexes
that grew. Searches do not see the difference, histories have one point each.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg

from fitscribe.core.ports import TrackingStore

__all__ = ["copy_runs"]

TABLES = ("runs", "params", "tags", "latest", "metrics")
# The runs of a store are numbered from 1 and start a second apart (`_runs.py`).
COPIES = (
    "INSERT INTO runs (id, run_id, experiment, user_id, status, lifecycle, start_time, end_time) "
    "SELECT id + {runs}, {run_id}, experiment, user_id, status, lifecycle, start_time + {ms}, "
    "end_time + {ms} FROM runs WHERE id <= {first} ORDER BY id",
    "INSERT INTO params (run, key, experiment, start_time, kind, number, head, text) "
    "SELECT run + {runs}, key, experiment, start_time + {ms}, kind, number, head, text "
    "FROM params WHERE run <= {first} ORDER BY run, key",
    "INSERT INTO tags (run, key, experiment, start_time, head, text) "
    "SELECT run + {runs}, key, experiment, start_time + {ms}, head, text "
    "FROM tags WHERE run <= {first} ORDER BY run, key",
    "INSERT INTO latest (run, key, experiment, start_time, step, timestamp, value) "
    "SELECT run + {runs}, key, experiment, start_time + {ms}, step, timestamp + {ms}, "
    "CASE WHEN value IN (0, 1) THEN value ELSE {chance} END "
    "FROM latest WHERE run <= {first} ORDER BY run, key",
    "INSERT INTO metrics (run, key, timestamp, step, value, nan) "
    "SELECT run, key, timestamp, step, value, 0 "
    "FROM latest WHERE run > {runs} AND run <= {runs} + {first} ORDER BY run, key",
)


def copy_runs(store: TrackingStore, first: int, last: int) -> None:
    """Make `last` runs of the `first` ones, which are all that the store has.

    `last` is a multiple of `first`. The store is closed; it opens again when it is used.
    """
    store.close()
    uri = store.info().uri
    store.close()
    if uri.startswith("sqlite"):
        _in_sqlite(Path(uri.removeprefix("sqlite:///")), first, last)
    else:
        _in_postgresql(uri, first, last)


def _copy(execute: Callable[[str], Any], first: int, last: int, **words: str) -> None:
    for runs in range(first, last, first):
        for statement in COPIES:
            execute(statement.format(runs=runs, ms=runs * 1000, first=first, **words))


def _in_sqlite(path: Path, first: int, last: int) -> None:
    raw = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -1000000"):
        raw.execute(f"PRAGMA {pragma}").fetchall()
    marks = ", ".join("?" * len(TABLES))
    indexes = raw.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL "
        f"AND tbl_name IN ({marks})",
        TABLES,
    ).fetchall()
    raw.execute("BEGIN")
    for name, _ in indexes:
        raw.execute(f"DROP INDEX {name}")
    chance = "abs(random() / 9223372036854775808.0)"
    _copy(raw.execute, first, last, run_id="lower(hex(randomblob(16)))", chance=chance)
    for _, sql in indexes:
        raw.execute(sql)
    raw.execute("COMMIT")
    raw.execute("PRAGMA journal_mode = WAL").fetchall()
    raw.close()


def _in_postgresql(uri: str, first: int, last: int) -> None:
    with psycopg.connect(uri, autocommit=True) as raw:
        raw.execute("SET maintenance_work_mem = '1GB'")
        keys = raw.execute(
            "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) "
            "FROM pg_constraint WHERE contype = 'p' AND conrelid::regclass::text = ANY(%s)",
            [[table for table in TABLES if table != "runs"]],
        ).fetchall()
        names = [name for _, name, _ in keys]
        indexes = raw.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = ANY(%s) "
            "AND indexname <> ALL(%s) AND indexdef NOT LIKE '%%UNIQUE%%'",
            [list(TABLES), names],
        ).fetchall()
        for name, _ in indexes:
            raw.execute(f"DROP INDEX {name}")
        for table, name, _ in keys:
            raw.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        run_id = "replace(gen_random_uuid()::text, '-', '')"
        _copy(raw.execute, first, last, run_id=run_id, chance="random()")
        for table, name, definition in keys:
            raw.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
        for _, definition in indexes:
            raw.execute(definition)
        raw.execute("SELECT setval(pg_get_serial_sequence('runs', 'id'), %s)", [last])
