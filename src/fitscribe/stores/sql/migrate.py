"""Bring a database of an older fitscribe up to date, with Alembic (loaded for this alone)."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import StaticPool

from fitscribe.core.uris import PostgresUri, SqliteUri, masked, parse_tracking_uri
from fitscribe.errors import InvalidParameter, InvalidState, NotFound
from fitscribe.stores.sql import schema, sqlite
from fitscribe.stores.sql.engine import Connection
from fitscribe.stores.sql.filelock import file_lock

__all__ = ["upgrade"]

MIGRATIONS = Path(__file__).with_name("migrations")
NO_SCHEMA = "none"
PATIENCE_S = 25.0


def upgrade(url: str) -> tuple[str, str]:
    """Bring a database to the newest schema: all the way in one transaction, or not at all.

    A SQLite file is copied first, to ``<file>.<schema>.backup``.

    Parameters
    ----------
    url : str
        ``sqlite:///path`` or ``postgresql://…``.

    Returns
    -------
    tuple of str
        The schema before (``"none"`` for an empty database) and after.

    Raises
    ------
    NotFound
        If there is no such file.
    StoreTooNew, InvalidState
        If a newer fitscribe or another program made the database.
    StoreUnavailable
        If it cannot be reached or written.
    """
    place = parse_tracking_uri(url)
    if isinstance(place, PostgresUri):
        return _upgrade_postgresql(place.uri)
    if isinstance(place, SqliteUri):
        return _upgrade_sqlite(Path(place.path))
    raise InvalidParameter(f"{masked(url)} is no database. Use sqlite:///path or postgresql://….")


def _upgrade_sqlite(path: Path) -> tuple[str, str]:
    if not path.is_file():
        raise NotFound(f"There is no database {path}. The first run makes one; nothing to do.")
    try:
        with (
            file_lock(path.with_name(path.name + ".lock")),
            closing(sqlite3.connect(path, timeout=PATIENCE_S, isolation_level=None)) as raw,
        ):
            before = _version(sqlite.connection_of(raw), str(path))
            if before != schema.SCHEMA:
                if before != NO_SCHEMA:
                    _back_up(raw, path.with_name(f"{path.name}.{before}.backup"))
                _run("sqlite", raw, "BEGIN IMMEDIATE")
    except sqlite3.Error as error:
        raise sqlite.explain(error, path) from error
    except DBAPIError as error:
        if not isinstance(error.orig, sqlite3.Error):
            raise
        raise sqlite.explain(error.orig, path) from error
    return before, schema.SCHEMA


def _upgrade_postgresql(uri: str) -> tuple[str, str]:
    from fitscribe.stores.sql import postgresql, postgresql_wire

    place = masked(uri)
    try:
        with closing(postgresql_wire.connect(postgresql_wire.options_of(uri))) as raw:
            before = _version(postgresql.connection_of(raw), place)
            if before != schema.SCHEMA:
                raw.autocommit = False
                _run("postgresql+psycopg", raw, f"SELECT pg_advisory_xact_lock({postgresql.LOCK})")
    except postgresql_wire.Error as error:
        raise postgresql_wire.explain(error, place) from error
    except DBAPIError as error:
        raise postgresql_wire.explain(error.orig, place) from error
    return before, schema.SCHEMA


def _version(connection: Connection, place: str) -> str:
    """Return the schema's version; one that is newer than ours is refused."""
    if schema.is_empty(connection):
        return NO_SCHEMA
    found = schema.read_version(connection)
    if found > schema.SCHEMA:
        schema.check_version(found, place)
    return found or NO_SCHEMA


def _back_up(raw: sqlite3.Connection, target: Path) -> None:
    """Copy a database with all that is committed; a copy that is not whole has another name."""
    part = target.with_name(target.name + ".part")
    part.unlink(missing_ok=True)
    with closing(sqlite3.connect(part)) as copy:
        raw.backup(copy)
    os.replace(part, target)


def _run(dialect: str, raw: Any, begin: str) -> None:
    """Run all migrations that are missing, in one transaction on an open connection."""
    engine = create_engine(f"{dialect}://", creator=lambda: raw, poolclass=StaticPool)

    # Another process may be upgrading too: wait for it, then find nothing left to do.
    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql(begin)

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise InvalidState(
                f"No way leads from this database's schema to {schema.SCHEMA} ({error}). "
                "Was it made by a version that was never published?"
            ) from error
