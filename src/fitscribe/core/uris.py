"""Addresses read into values: where runs are kept, what a model or an artifact is called.

Nothing is opened here. The path of a ``runs:/`` address and of a ``sqlite:///`` address is taken
letter by letter: no percent-decoding, no query, no fragment. Only ``file:`` addresses are
percent-encoded (RFC 8089), and then exactly once.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path, PurePath, PureWindowsPath
from typing import TypeAlias
from urllib.parse import quote_from_bytes, unquote_to_bytes

from fitscribe.core.registry import Stage
from fitscribe.errors import InvalidParameter

__all__ = [
    "HomeFolder",
    "LocalPath",
    "ModelAlias",
    "ModelId",
    "ModelLatest",
    "ModelStage",
    "ModelUri",
    "ModelVersion",
    "PostgresUri",
    "RunArtifact",
    "ServerUri",
    "SqliteUri",
    "TrackingUri",
    "artifacts_of_model",
    "artifacts_of_run",
    "file_uri",
    "masked",
    "parse_model_uri",
    "parse_tracking_uri",
    "path_of_file_uri",
    "scheme_of",
    "text_of_file_uri",
]

WINDOWS = os.name == "nt"
STAGES = {stage.lower(): stage for stage in Stage.ALL}
MODEL_FORMS = (
    "runs:/<run id>/<model name>, models:/m-<id>, models:/<name>/<version>, "
    "models:/<name>@<alias>, models:/<name>/latest, or a folder"
)
MAX_ADDRESS = 4096
TRACKING_FORMS = "a folder, sqlite:///path/to/file.db or postgresql://user@host/database"

# One letter before the colon is a Windows drive.
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]+):")
_DRIVE = re.compile(r"/?[A-Za-z]:(?:/|\Z)")
_BROKEN_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_RUN_ID = re.compile(r"[\w.\-]{1,250}\Z")
_MODEL_ID = re.compile(r"m-[\w\-]{1,250}\Z")
_OPTIONS = re.compile(r"\?[A-Za-z_]\w*=[^/]*\Z")
_SECRET = re.compile(r"([?&][^=&#]*(?:password|passwd|secret|token)[^=&#]*=)[^&#]*", re.I)


# What a model or an artifact is called.


@dataclass(frozen=True, slots=True)
class RunArtifact:
    """``runs:/<run_id>/<path>``; an empty path is all that the run has."""

    run_id: str
    path: str


@dataclass(frozen=True, slots=True)
class ModelId:
    """``models:/m-…``: a logged model."""

    model_id: str


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """``models:/<name>/<version>``: a version of a registered model."""

    name: str
    version: int


@dataclass(frozen=True, slots=True)
class ModelAlias:
    """``models:/<name>@<alias>``: the version that an alias points to."""

    name: str
    alias: str


@dataclass(frozen=True, slots=True)
class ModelLatest:
    """``models:/<name>/latest``: the newest version."""

    name: str


@dataclass(frozen=True, slots=True)
class ModelStage:
    """``models:/<name>/<stage>``: the newest version in one of MLflow's four stages."""

    name: str
    stage: str


@dataclass(frozen=True, slots=True)
class LocalPath:
    """A file or folder of this machine, given as a path or as a ``file:`` address."""

    path: str


ModelUri: TypeAlias = (
    RunArtifact | ModelId | ModelVersion | ModelAlias | ModelLatest | ModelStage | LocalPath
)


# Where runs are kept.


@dataclass(frozen=True, slots=True)
class SqliteUri:
    """``sqlite:///<path>``; `path` may be relative, and is ``:memory:`` for none."""

    path: str


@dataclass(frozen=True, slots=True)
class PostgresUri:
    """``postgresql://…`` as given, with its password: show it through :func:`masked`."""

    uri: str


@dataclass(frozen=True, slots=True)
class HomeFolder:
    """A folder that holds database and artifacts."""

    path: str


@dataclass(frozen=True, slots=True)
class ServerUri:
    """``http(s)://…`` as given: show it through :func:`masked`."""

    uri: str


TrackingUri: TypeAlias = SqliteUri | PostgresUri | HomeFolder | ServerUri


def scheme_of(text: str) -> str:
    """Return the scheme of an address in lower case, or ``""`` for a path.

    A Windows drive is no scheme, and neither is ``a:b`` unless ``//`` follows the colon or the
    scheme is one of ours (``runs:``, ``models:``, ``file:``, ``sqlite:``, ``postgresql:``).
    """
    found = _SCHEME.match(text)
    if found is None:
        return ""
    scheme = found[1].lower()
    ours = scheme in ("runs", "models", "file") or scheme.startswith(("sqlite", "postgres"))
    return scheme if ours or text.startswith("//", found.end()) else ""


def parse_model_uri(text: str) -> ModelUri:
    """Return what the address of a model or an artifact names.

    Parameters
    ----------
    text : str
        ``runs:/<run id>/<path>``, ``models:/m-<id>``, ``models:/<name>/<version>``,
        ``models:/<name>@<alias>``, ``models:/<name>/latest``, ``models:/<name>/<stage>``
        (MLflow's forms), a path, or a ``file:`` address.

    Raises
    ------
    InvalidParameter
        If it is none of these.
    """
    _check_text("model address", text, MODEL_FORMS)
    scheme = scheme_of(text)
    if scheme == "":
        return LocalPath(text)
    if scheme == "file":
        return LocalPath(text_of_file_uri(text))
    below = text[len(scheme) + 1 :]
    if scheme in ("runs", "models") and below.startswith("/") and not below.startswith("//"):
        parts = below.removesuffix("/").split("/")[1:]
        found = _run_artifact(parts) if scheme == "runs" else _model(parts)
        if found is not None:
            return found
    raise InvalidParameter(f"{masked(text)!r} is no address of a model. Use {MODEL_FORMS}.")


def _run_artifact(parts: list[str]) -> RunArtifact | None:
    """Return the artifact of ``<run id>/<path>``; the store judges the path."""
    if not parts or not _RUN_ID.match(parts[0]):
        return None
    return RunArtifact(parts[0], "/".join(parts[1:]))


def _model(parts: list[str]) -> ModelUri | None:
    """Return the model of what follows ``models:/``."""
    name = parts[0] if parts else ""
    if len(parts) == 1 and "@" in name:
        name, _, alias = name.rpartition("@")
        return ModelAlias(name, alias) if name and alias else None
    if len(parts) == 1:
        return ModelId(name) if _MODEL_ID.match(name) else None
    if len(parts) != 2 or not name:
        return None
    which = parts[1]
    if which.isascii() and which.isdigit() and len(which) < 19:
        return ModelVersion(name, int(which))
    if which.lower() == "latest":
        return ModelLatest(name)
    stage = STAGES.get(which.lower())
    return None if stage is None else ModelStage(name, stage)


def parse_tracking_uri(text: str) -> TrackingUri:
    """Return what the address of a tracking store names.

    Parameters
    ----------
    text : str
        A folder (path or ``file:`` address; ``~`` is the home folder), ``sqlite:///relative.db``,
        ``sqlite:////absolute.db``, ``sqlite:///C:/x.db``, ``sqlite://`` (in memory),
        ``postgresql://…``, ``postgresql+psycopg://…``, or ``http(s)://…``.

    Raises
    ------
    InvalidParameter
        If it is none of these.
    """
    _check_text("tracking address", text, TRACKING_FORMS)
    scheme = scheme_of(text)
    if scheme == "":
        home = text == "~" or text.startswith(("~/", "~\\"))
        return HomeFolder(os.path.expanduser(text) if home else text)
    if scheme == "file":
        return HomeFolder(text_of_file_uri(text))
    below = text[len(scheme) + 1 :]
    if scheme in ("sqlite", "sqlite+pysqlite"):
        return SqliteUri(_sqlite_path(text, below))
    if below.startswith("//") and len(below) > 2:
        if scheme in ("postgresql", "postgresql+psycopg"):
            return PostgresUri(text)
        if scheme in ("http", "https"):
            return ServerUri(text)
    hint = ""
    if scheme.startswith("postgres"):
        hint = " PostgreSQL is reached through psycopg 3: write postgresql://…"
    raise InvalidParameter(
        f"{masked(text)!r} is no place where runs can be kept. Use {TRACKING_FORMS}.{hint}"
    )


def _sqlite_path(text: str, below: str) -> str:
    """Return the path of what follows ``sqlite:``."""
    if below in ("//", "///", "///:memory:"):
        return ":memory:"
    if not below.startswith("///"):
        raise InvalidParameter(
            f"{text!r} is no address of a SQLite file: three slashes and a relative path "
            "(sqlite:///runs.db), or four and an absolute one (sqlite:////home/me/runs.db)."
        )
    path = below[3:]
    options = _OPTIONS.search(path)
    if options is not None:
        raise InvalidParameter(
            f"{text!r} has options ({options[0]}), which fitscribe sets itself. Leave them out."
        )
    return path


def _check_text(what: str, text: object, forms: str) -> None:
    if not isinstance(text, str):
        raise InvalidParameter(f"A {what} is text, not {type(text).__name__}. Use {forms}.")
    if not text or text.isspace():
        raise InvalidParameter(f"The {what} is empty. Use {forms}.")
    if "\0" in text:
        raise InvalidParameter(f"The {what} {text!r:.80} holds a NUL character. Use {forms}.")
    if len(text) > MAX_ADDRESS:
        raise InvalidParameter(
            f"The {what} has {len(text):,} characters; up to {MAX_ADDRESS:,} are read. "
            f"Use {forms}."
        )
    try:
        os.fsencode(text)
    except UnicodeEncodeError:
        raise InvalidParameter(
            f"The {what} {text!r:.80} holds a lone surrogate, which no file's name has. "
            f"Use {forms}."
        ) from None


# file: addresses.


def file_uri(path: str | PurePath) -> str:
    """Return the ``file:`` address of an absolute path; any path comes back from it as it was.

    Parameters
    ----------
    path : str or PurePath
        Absolute. Text is read by the rules of this system, a PureWindowsPath by Windows' on any.

    Returns
    -------
    str
        ``file:///home/me/a%20b``, ``file:///C:/x``, ``file://server/share/x``.

    Raises
    ------
    InvalidParameter
        If it is relative.
    """
    windows = isinstance(path, PureWindowsPath) or (WINDOWS and isinstance(path, str))
    text = os.fspath(path)
    if windows:
        text = text.replace("\\", "/")
        # The long form of Windows' paths (\\?\C:\x, \\?\UNC\server\share) names the same file.
        if text.startswith("//?/UNC/"):
            text = "//" + text[8:]
        elif text.startswith("//?/"):
            text = text[4:]
        absolute = text.startswith("//") or (_DRIVE.match(text) is not None and text[2:3] == "/")
        encoded = text.encode("utf-8", "surrogatepass")
    else:
        absolute = text.startswith("/")
        try:
            encoded = os.fsencode(text)
        except UnicodeEncodeError:
            raise InvalidParameter(
                f"{text!r:.80} holds a lone surrogate, which no file's name has."
            ) from None
    if not absolute or "\0" in text:
        raise InvalidParameter(
            f"A file: address needs an absolute path, not {text!r:.80}; try os.path.abspath(...)."
        )
    if windows and text.startswith("//"):
        return "file:" + quote_from_bytes(encoded, safe="/")
    if windows:
        return f"file:///{text[:2]}" + quote_from_bytes(encoded[2:], safe="/")
    # Two slashes at the start are one on POSIX, and would be a host here.
    return "file:///" + quote_from_bytes(encoded.lstrip(b"/"), safe="/")


def path_of_file_uri(uri: str) -> Path:
    """Return the path of a ``file:`` address on this system.

    Raises
    ------
    InvalidParameter
        As :func:`text_of_file_uri`.
    """
    return Path(text_of_file_uri(uri))


def text_of_file_uri(uri: str, windows: bool = WINDOWS) -> str:
    r"""Return the path of a ``file:`` address as text.

    Parameters
    ----------
    uri : str
        ``file:///absolute``, ``file://localhost/absolute``, ``file:relative`` (as people write
        for MLflow), and on Windows ``file:///C:/x`` and ``file://server/share/x``.
    windows : bool
        By whose rules; this system's by default.

    Raises
    ------
    InvalidParameter
        If it is no such address, has a query or a fragment (a plain ``?`` or ``#``), a ``%``
        that encodes nothing or NUL, or names another machine on POSIX.
    """
    if not isinstance(uri, str) or uri[:5].lower() != "file:":
        raise InvalidParameter(f"{uri!r} is no file: address. Use file:///absolute/path.")
    below = uri[5:]
    if "?" in below or "#" in below or _BROKEN_PERCENT.search(below):
        raise InvalidParameter(
            f"{uri!r} is no file: address: in it, ? is written %3F, # is %23 and % is %25. "
            "A plain path needs none of that."
        )
    host = ""
    if below.startswith("//"):
        host, slash, path = below[2:].partition("/")
        below = slash + path
        if host.lower() == "localhost":
            host = ""
    if host and not windows:
        raise InvalidParameter(
            f"{uri!r} names the machine {host!r}. Three slashes name this one: "
            f"file:///{host}{below}."
        )
    raw = unquote_to_bytes(below)
    if b"\0" in raw or not raw or (host and len(raw) < 2):
        raise InvalidParameter(f"{uri!r} names no file. Use file:///absolute/path.")
    if not windows:
        return os.fsdecode(raw)
    try:
        path = raw.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        raise InvalidParameter(f"{uri!r} is not percent-encoded UTF-8.") from None
    if host:
        return f"\\\\{host}" + path.replace("/", "\\")
    return (path[1:] if _DRIVE.match(path) and path[0] == "/" else path).replace("/", "\\")


def masked(uri: str) -> str:
    """Return an address as messages and logs may show it: passwords and tokens as ``***``.

    Rather too much is hidden than too little: everything between the user's name and the last
    ``@`` counts as password.
    """
    scheme, separator, rest = uri.partition("://")
    if not separator or scheme.lower().startswith(("sqlite", "file")):
        return uri
    login, at, place = rest.rpartition("@")
    if at:
        user, colon, _ = login.partition(":")
        # An http login without a password is a token.
        user = user if colon or not scheme.lower().startswith("http") else "***"
        rest = f"{user}:***@{place}" if colon else f"{user}@{place}"
    return f"{scheme}://" + _SECRET.sub(r"\1***", rest)


def artifacts_of_run(root: str, run_id: str) -> str:
    """Return where a run's artifacts lie, of an experiment whose artifacts are at `root`."""
    return f"{root}/{run_id}/artifacts"


def artifacts_of_model(root: str, model_id: str) -> str:
    """Return where a logged model's artifacts lie, of an experiment with artifacts at `root`."""
    return f"{root}/models/{model_id}/artifacts"
