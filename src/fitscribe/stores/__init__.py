"""Where things are kept: the stores, opened by their address."""

from __future__ import annotations

from pathlib import Path

from fitscribe.core.caller import Caller, local_caller
from fitscribe.core.ports import Store
from fitscribe.core.uris import (
    HomeFolder,
    PostgresUri,
    ServerUri,
    SqliteUri,
    file_uri,
    masked,
    parse_tracking_uri,
    scheme_of,
)
from fitscribe.errors import InvalidParameter, NotSupported

__all__ = ["open_store", "upgrade_store"]

DATABASE = "fitscribe.db"
PATIENCE_S = 25.0


def open_store(
    uri: str,
    *,
    artifact_root: str | None = None,
    caller: Caller | None = None,
    busy_timeout_s: float = PATIENCE_S,
) -> Store:
    """Open the tracking store at an address; a database that is not there is made.

    Parameters
    ----------
    uri : str
        ``sqlite:///path``, ``postgresql://…``, or a folder, whose database is ``fitscribe.db``.
    artifact_root : str, optional
        A folder or an address, below which artifacts lie that have no location of their own. For
        SQLite the folder ``artifacts`` beside the file; PostgreSQL needs one.
    caller : Caller, optional
        On whose behalf the store acts; the operating system's user.
    busy_timeout_s : float
        How long a write waits for others, in seconds.

    Returns
    -------
    Store

    Raises
    ------
    InvalidParameter
        If the address is of no known form, or an artifact root is missing.
    StoreUnavailable
        If the database cannot be reached or made.
    StoreTooOld, StoreTooNew
        If it has another schema.
    InvalidState
        If another program made it.
    """
    place = parse_tracking_uri(uri)
    acting = local_caller() if caller is None else caller
    if isinstance(place, PostgresUri):
        if artifact_root is None:
            raise InvalidParameter(
                f"Where do the artifacts of {masked(uri)} lie? Give artifact_root."
            )
        from fitscribe.stores.sql.postgresql import PostgresEngine
        from fitscribe.stores.sql.store import SqlStore

        remote = PostgresEngine(place.uri, busy_timeout_s)
        return SqlStore(remote, place.uri, _root(artifact_root), acting)
    path = _sqlite_path(place, uri)
    from fitscribe.stores.sql.sqlite import SqliteEngine
    from fitscribe.stores.sql.store import SqlStore

    local = SqliteEngine(path, busy_timeout_s)
    root = file_uri(path.parent / "artifacts") if artifact_root is None else _root(artifact_root)
    return SqlStore(local, "sqlite:///" + path.as_posix(), root, acting)


def upgrade_store(uri: str) -> tuple[str, str]:
    """Bring the database at an address to the newest schema.

    A SQLite file is copied first, to ``<file>.<schema>.backup``.

    Parameters
    ----------
    uri : str
        As for :func:`open_store`.

    Returns
    -------
    tuple of str
        The schema before and after.
    """
    from fitscribe.stores.sql.migrate import upgrade

    place = parse_tracking_uri(uri)
    if isinstance(place, PostgresUri):
        return upgrade(place.uri)
    return upgrade("sqlite:///" + _sqlite_path(place, uri).as_posix())


def _sqlite_path(place: SqliteUri | HomeFolder | ServerUri, uri: str) -> Path:
    """Return the absolute path of the SQLite file that an address means."""
    if isinstance(place, ServerUri):
        raise NotSupported(f"{masked(uri)} is a server, and not where this program keeps runs.")
    if isinstance(place, HomeFolder):
        return (Path(place.path) / DATABASE).absolute()
    if place.path == ":memory:":
        raise InvalidParameter(
            "A database in memory is gone with the process, and each thread would see its own. "
            "Use a temporary folder: tempfile.mkdtemp()."
        )
    return Path(place.path).absolute()


def _root(given: str) -> str:
    """Return an artifact root as an address."""
    return given if scheme_of(given) else file_uri(Path(given).absolute())
