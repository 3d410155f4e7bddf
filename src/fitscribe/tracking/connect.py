"""Where runs are kept, and the one place where stores are opened.

The address is, in this order: what ``set_tracking_uri`` was told, ``FITSCRIBE_TRACKING_URI`` or
``MLFLOW_TRACKING_URI``, the nearest ``.fitscribe/`` upwards from the working directory (as git
looks for its own), else a new ``.fitscribe/`` in it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

from fitscribe import config
from fitscribe.core.ports import ArtifactStore, Store
from fitscribe.core.uris import (
    HomeFolder,
    PostgresUri,
    ServerUri,
    SqliteUri,
    file_uri,
    parse_tracking_uri,
    path_of_file_uri,
)
from fitscribe.errors import InvalidParameter, NotSupported, StoreUnavailable
from fitscribe.stores import open_store, upgrade_store
from fitscribe.stores.artifacts import open_artifacts
from fitscribe.tracking.behind import flush, is_pending
from fitscribe.tracking.lease import end_dead_runs

__all__ = [
    "Connection",
    "connect",
    "disconnect",
    "get_tracking_uri",
    "is_tracking_uri_set",
    "set_tracking_uri",
    "tracking_uri_for_task",
    "upgrade",
]

HOME = ".fitscribe"
DATABASE = "fitscribe.db"
GITIGNORE = "# Made by fitscribe: runs and models are data, not source.\n*\n"


@dataclass(frozen=True, slots=True)
class Connection:
    """An open store with the artifacts that belong to it.

    Parameters
    ----------
    uri : str
        The address that opens it again from anywhere on this machine: absolute.
    store : Store
    artifacts : ArtifactStore
    """

    uri: str
    store: Store
    artifacts: ArtifactStore


class _Chosen:
    """What ``set_tracking_uri`` was told; every thread of the process follows it."""

    uri: str | None = None


_for_task: ContextVar[str | None] = ContextVar("fitscribe_tracking_uri", default=None)
_connections: dict[str, Connection] = {}
_lock = threading.RLock()


def set_tracking_uri(uri: str | Path) -> None:
    """Choose where runs are kept, for the whole process.

    Parameters
    ----------
    uri : str or Path
        ``sqlite:///relative.db``, ``sqlite:////absolute.db``, ``postgresql://user@host/db``, or a
        folder, which is made with its first run. An empty string goes back to the default.

    Raises
    ------
    InvalidParameter
        If the address is of no known form; the one before stays.
    """
    text = str(uri)
    if not text:
        _Chosen.uri = None
        return
    _Chosen.uri = _absolute(text)


def get_tracking_uri() -> str:
    """Return where runs are kept, as an absolute address."""
    chosen = _for_task.get() or _Chosen.uri  # both absolute
    if chosen:
        return chosen
    text = config.TRACKING_URI.get()
    if text is not None:
        try:
            return _absolute(text)
        except InvalidParameter as error:
            raise InvalidParameter(f"{error} {config.TRACKING_URI.variable()} says so.") from error
    return file_uri(nearest_home() or _here() / HOME)


def is_tracking_uri_set() -> bool:
    """Return whether somebody chose: by ``set_tracking_uri`` or by the environment."""
    return bool(_for_task.get() or _Chosen.uri or config.TRACKING_URI.get())


def _here() -> Path:
    try:
        return Path.cwd()
    except OSError as error:
        raise StoreUnavailable(
            f"The working directory cannot be read ({error.strerror}); was it deleted? Go to "
            "another one, or choose a place by set_tracking_uri(...) or FITSCRIBE_TRACKING_URI."
        ) from error


def nearest_home() -> Path | None:
    """Return the nearest ``.fitscribe`` folder upwards from the working directory, or None."""
    here = _here()
    for folder in (here, *here.parents):
        if (folder / HOME).is_dir():
            return folder / HOME
    return None


@contextmanager
def tracking_uri_for_task(uri: str) -> Iterator[None]:
    """Keep runs at `uri`, an absolute address, in this thread and task for a while."""
    token = _for_task.set(uri)
    try:
        yield
    finally:
        _for_task.reset(token)


def connect(uri: str | Path | None = None) -> Connection:
    """Return the open store at `uri`, else at the address in force; opened once a process.

    Runs that a dead process left open are stored as KILLED on the way.
    """
    if is_pending():
        flush()  # a reader finds what was recorded before
    # An open run asks for its own address again and again; what is open is known by that.
    found = None if uri is None else _connections.get(str(uri))
    if found is not None:
        return found
    address = get_tracking_uri() if uri is None else _absolute(str(uri))
    found = _connections.get(address)
    if found is None:
        with _lock:
            found = _connections.get(address)
            if found is None:
                found = _open(address)
                end_dead_runs(found.store)
                _connections[address] = found
    return found


def disconnect() -> None:
    """Close every store; they open again when they are needed."""
    with _lock:
        for connection in _connections.values():
            connection.store.close()
        _connections.clear()


def _absolute(text: str) -> str:
    """Return an address that means the same in another working directory."""
    parsed = parse_tracking_uri(text)
    if isinstance(parsed, SqliteUri):
        if parsed.path == ":memory:":
            raise InvalidParameter(
                "A database in memory is gone with the process, and models need a folder. "
                "Use a temporary folder: set_tracking_uri(tempfile.mkdtemp())."
            )
        return "sqlite:///" + Path(parsed.path).absolute().as_posix()
    if isinstance(parsed, HomeFolder):
        return file_uri(Path(parsed.path).absolute())
    return text


def _open(address: str) -> Connection:
    parsed = parse_tracking_uri(address)
    if isinstance(parsed, ServerUri):
        raise NotSupported(
            f"fitscribe cannot talk to a tracking server yet ({parsed.uri}). "
            "Use a folder, sqlite:///… or postgresql://…."
        )
    if isinstance(parsed, PostgresUri):
        root = _artifact_root()
        return Connection(address, open_store(address, artifact_root=root), open_artifacts(root))
    if isinstance(parsed, HomeFolder):
        home = Path(parsed.path)
        database = _make_home(home) / DATABASE
    else:
        database = Path(parsed.path)
        home = database.parent
        _make_folder(home)
    root = file_uri(home / "artifacts")
    store = open_store("sqlite:///" + database.as_posix(), artifact_root=root)
    return Connection(address, store, open_artifacts(root))


def upgrade(uri: str | None = None) -> tuple[str, str]:
    """Bring a database of an older fitscribe up to date; return its schema before and after."""
    parsed = parse_tracking_uri(get_tracking_uri() if uri is None else _absolute(uri))
    if isinstance(parsed, HomeFolder):
        return upgrade_store("sqlite:///" + (Path(parsed.path) / DATABASE).as_posix())
    if isinstance(parsed, SqliteUri):
        return upgrade_store("sqlite:///" + Path(parsed.path).as_posix())
    return upgrade_store(parsed.uri)


def _artifact_root() -> str:
    """Return the artifact root of a database that has no folder of its own."""
    chosen = config.ARTIFACT_ROOT.get()
    if chosen is not None:
        parsed = parse_tracking_uri(chosen)
        if not isinstance(parsed, HomeFolder):
            raise InvalidParameter(
                f"{config.ARTIFACT_ROOT.name} must be a folder or a file: address, not {chosen!r}."
            )
        return file_uri(Path(parsed.path).absolute())
    home = _make_home(nearest_home() or _here() / HOME)
    return file_uri(home / "artifacts")


def _make_home(home: Path) -> Path:
    """Make the folder where it is not there, with a .gitignore that keeps it out of git."""
    if not _is_folder(home):
        _make_folder(home)
        ignore = home / ".gitignore"
        if home.name == HOME and not ignore.exists():
            ignore.write_text(GITIGNORE, encoding="utf-8")
    return home


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a name that is too long; making it tells why
        return False


def _make_folder(folder: Path) -> None:
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise StoreUnavailable(
            f"The folder {path_text(folder)} cannot be made ({error.strerror}). "
            "Choose another with set_tracking_uri(...) or FITSCRIBE_TRACKING_URI."
        ) from error


def path_text(path: Path) -> str:
    """Return a path as people read it: relative to the working directory where it is below."""
    try:
        return str(Path(".") / path.relative_to(Path.cwd()))
    except (ValueError, OSError):
        return str(path)


def folder_of(uri: str) -> Path | None:
    """Return the folder that an address names, or None (for messages)."""
    parsed = parse_tracking_uri(uri)
    if isinstance(parsed, HomeFolder):
        return Path(parsed.path)
    if isinstance(parsed, SqliteUri):
        return Path(parsed.path).parent
    return None


def database_of(uri: str) -> Path | None:
    """Return the SQLite file that an address means, or None for another database."""
    parsed = parse_tracking_uri(uri)
    if isinstance(parsed, HomeFolder):
        return Path(parsed.path) / DATABASE
    return Path(parsed.path) if isinstance(parsed, SqliteUri) else None


def root_path(artifacts: ArtifactStore) -> Path:
    """Return the folder of an artifact root on this machine."""
    return path_of_file_uri(artifacts.uri)
