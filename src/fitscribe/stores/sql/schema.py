"""Which schema a database has, and how a fresh one is made."""

from __future__ import annotations

from fitscribe.core.clock import now_ms
from fitscribe.core.uris import masked
from fitscribe.errors import InvalidState, StoreTooNew, StoreTooOld
from fitscribe.stores.sql.codes import SCHEMA, ddl_path
from fitscribe.stores.sql.engine import Connection

__all__ = [
    "DEFAULT_EXPERIMENT",
    "SCHEMA",
    "check_version",
    "create",
    "is_empty",
    "read_version",
    "statements",
]

DEFAULT_EXPERIMENT = "Default"


def statements(schema: str, engine: str) -> list[str]:
    """Return the statements that make a schema in an empty database."""
    text = ddl_path(schema, engine).read_text(encoding="utf-8")
    return [one for one in text.split(";\n\n") if one.strip()]


def create(connection: Connection, engine: str) -> None:
    """Make the newest schema in an empty database, with the rows that are always there."""
    for statement in statements(SCHEMA, engine):
        connection.execute(statement)
    connection.execute("INSERT INTO alembic_version (version_num) VALUES (?)", [SCHEMA])
    now = now_ms()
    connection.execute(
        "INSERT INTO experiments (id, name, lifecycle, created, updated) VALUES (0, ?, 0, ?, ?)",
        [DEFAULT_EXPERIMENT, now, now],
    )


def is_empty(connection: Connection) -> bool:
    """Return whether a database has no tables."""
    if connection.name == "sqlite":
        sql = "SELECT 1 FROM sqlite_master LIMIT 1"
    else:
        sql = "SELECT 1 FROM pg_tables WHERE schemaname = ANY(current_schemas(false)) LIMIT 1"
    return connection.one(sql) is None


def read_version(connection: Connection) -> str:
    """Return the version of the schema of a database that is not empty.

    Raises InvalidState if another program made it.
    """
    tables = {"alembic_version", "logged_model_tags", "keys"}
    if connection.name == "sqlite":
        sql = "SELECT name FROM sqlite_master WHERE type = 'table'"
    else:
        sql = "SELECT relname FROM pg_class WHERE relkind = 'r' AND pg_table_is_visible(oid)"
    found = {name for (name,) in connection.rows(sql)}
    if not tables <= found:
        hint = " It looks like MLflow's." if {"alembic_version", "metrics"} <= found else ""
        raise InvalidState(
            f"This database was made by another program.{hint} Choose another one, or a new file."
        )
    row = connection.one("SELECT version_num FROM alembic_version")
    return "" if row is None else str(row[0])


def check_version(found: str, where: str) -> None:
    """Refuse a database of another schema.

    Raises
    ------
    StoreTooOld, StoreTooNew
        With what to do.
    """
    if found == SCHEMA:
        return
    place = masked(where)
    if found < SCHEMA:
        raise StoreTooOld(
            f"{place} has schema {found or 'none'}; this fitscribe needs {SCHEMA}. "
            f"Run: fitscribe db upgrade {place}"
        )
    raise StoreTooNew(
        f"{place} has schema {found}, made by a newer fitscribe; this one knows {SCHEMA}. "
        "Run: pip install --upgrade fitscribe"
    )
