"""What the tests of the PostgreSQL engine share: a big run, and a look behind the store."""

from __future__ import annotations

from typing import Any

import psycopg

from fitscribe.core.commands import RunRecord
from fitscribe.testing.tracking_case import run

__all__ = ["DEFAULT", "admin", "full_run"]

DEFAULT = "0"


def admin(uri: str, sql: str, *values: object) -> list[Any]:
    """Run SQL as the server's owner."""
    with psycopg.connect(uri, autocommit=True) as raw:
        cursor = raw.execute(sql, values)
        return cursor.fetchall() if cursor.description else []


def full_run(name: str = "a run", run_id: str | None = None) -> RunRecord:
    """Return a run with params, metrics and tags, of which an experiment has thousands."""
    return run(
        DEFAULT,
        run_id,
        name=name,
        params={f"p{number}": number / 2 for number in range(30)},
        metrics={f"m{number}": number for number in range(30)},
        tags={f"t{number}": "é" for number in range(10)},
    )
