"""psycopg as the engine uses it: connect, send statements together, tell what went wrong."""

from __future__ import annotations

import selectors
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from fitscribe.core.uris import masked
from fitscribe.errors import (
    FitscribeError,
    InvalidParameter,
    InvalidState,
    MissingDependency,
    StoreUnavailable,
)

try:
    import psycopg
    from psycopg.conninfo import conninfo_to_dict
    from psycopg.pq import TransactionStatus
except ImportError as error:
    raise MissingDependency(
        f"PostgreSQL is reached through psycopg 3 ({error}): pip install 'fitscribe[postgres]'"
    ) from error

__all__ = [
    "Error",
    "Step",
    "close_all",
    "connect",
    "explain",
    "has_news",
    "options_of",
    "roll_back",
    "send",
]

Error = psycopg.Error
# A statement as psycopg takes it, with its values.
Step = tuple[str, Any]

CONNECT_S = 10


def options_of(uri: str) -> dict[str, Any]:
    """Return what an address says, and our own settings where it says nothing.

    Raises
    ------
    InvalidParameter
        If libpq cannot read it.
    """
    try:
        given = conninfo_to_dict("postgresql://" + uri.partition("://")[2])
    except Error:
        # libpq quotes what it cannot read, which may be the password.
        raise InvalidParameter(
            f"{masked(uri)} is no address that PostgreSQL's library can read. "
            "In user and password, write %40 for @, %3A for :, %2F for / and %25 for %."
        ) from None
    ours: dict[str, Any] = {
        "client_encoding": "UTF8",
        "connect_timeout": CONNECT_S,
        "fallback_application_name": "fitscribe",
        # Notice within two minutes that a network has silently forgotten the connection.
        "keepalives_idle": 60,
        "keepalives_interval": 15,
        "keepalives_count": 4,
    }
    return {**ours, **given}


def connect(options: dict[str, Any]) -> Any:
    """Return a new connection, on which psycopg begins no transactions by itself."""
    return psycopg.connect(**options, autocommit=True)


def send(raw: Any, steps: Sequence[Step]) -> list[Any]:
    """Run statements in one round trip and return their cursors.

    An older libpq than 14 sends them one by one. The error is that of the first statement that
    failed; those after it were not run.
    """
    if len(steps) == 1 or not psycopg.Pipeline.is_supported():
        return [raw.execute(sql, values) for sql, values in steps]
    cursors: list[Any] = []
    first: Any = None
    try:
        with raw.pipeline():
            for sql, values in steps:
                try:
                    cursors.append(raw.execute(sql, values))
                except Error as error:  # psycopg logs what leaves this block
                    first = error
                    break
    except Error as error:
        first = first or error
    if first is not None:
        raise first
    return cursors


def roll_back(raw: Any) -> None:
    """Make a connection fit for use after an error, or close it.

    psycopg takes statements for prepared that the server skipped after an error; its own
    ``rollback`` forgets all of them, where there is a transaction to roll back.
    """
    if raw.info.transaction_status in (TransactionStatus.INERROR, TransactionStatus.INTRANS):
        with suppress(Error):
            raw.rollback()
            return
    raw.close()


def has_news(raw: Any) -> bool:
    """Return whether an idle connection can be read: the server has said goodbye."""
    with selectors.DefaultSelector() as selector:
        selector.register(raw.fileno(), selectors.EVENT_READ)
        return bool(selector.select(0))


def close_all(idle: list[Any]) -> None:
    """Close and remove all connections of a list that other threads may take from."""
    with suppress(IndexError):
        while True:
            idle.pop().close()


# What to tell of an error, by the beginning of its code (PostgreSQL's appendix A).
_UNAVAILABLE = (
    ("08", "cannot be reached. Is the server running, and does the address name it?"),
    ("28", "does not let this user in. Are user and password right?"),
    ("3D", "is not there. Make the database first: createdb NAME"),
    ("25006", "can only be read (a standby, or set read-only). Choose the primary server"),
    ("40", "was being changed by others at the same time. Try again"),
    ("42501", "does not give this user the rights that it takes. Ask its administrator for them"),
    ("53100", "cannot grow: the server's disk is full. Make room and try again"),
    ("53", "has no room for another connection or query. Try again later"),
    ("55P03", "has been written to by others for long. Try again"),
    ("57014", "took longer than the server allows. Try again, or ask its administrator"),
    ("57P", "is shutting down or starting. Try again"),
    ("58", "reports an error of its disk or system"),
)


def explain(error: Any, place: str) -> FitscribeError:
    """Return what to tell a user of an error of psycopg."""
    says = " ".join((error.diag.message_primary or str(error)).split())
    code = error.sqlstate
    if code is None and isinstance(error, psycopg.OperationalError):
        code = "08"
    for beginning, why in _UNAVAILABLE:
        if code is not None and code.startswith(beginning):
            return StoreUnavailable(f"The database {place} {why} (PostgreSQL says: {says}).")
    if isinstance(error, psycopg.IntegrityError | psycopg.DataError):
        return InvalidParameter(f"{place} refuses a value: {says}.")
    return InvalidState(f"{place}: {says}.")
