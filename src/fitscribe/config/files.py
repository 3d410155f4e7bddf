"""Files with settings: the user's own, and the project's ``pyproject.toml``.

The user's own is ``fitscribe/config.toml`` where the system keeps settings: ``$XDG_CONFIG_HOME``
(else ``~/.config``), ``~/Library/Application Support`` on macOS, ``%APPDATA%`` on Windows. The
project's is the table ``[tool.fitscribe]`` of the nearest ``pyproject.toml`` upwards from the
working directory. Each is read when it is first needed, and again by the next ``autolog()`` if it
has changed.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from fitscribe.config.environment import read
from fitscribe.errors import InvalidParameter

__all__ = [
    "SettingsFile",
    "cache_path",
    "look_again",
    "project_file",
    "user_file",
    "user_path",
]

PROJECT = "pyproject.toml"
# What says where the user's own file is.
VARIABLES = ("XDG_CONFIG_HOME", "APPDATA", "HOME", "USERPROFILE")


@dataclass(frozen=True, slots=True)
class SettingsFile:
    """What one file says.

    Parameters
    ----------
    path : Path
    is_project : bool
        Whether it is a project's, which may come from anybody; else it is the user's own.
    values : dict
        By key; those of a table have its name in front: ``autolog.log_curves``.
    problem : str
        Why it could not be read, or empty.
    """

    path: Path
    is_project: bool
    values: Mapping[str, Any] = field(default_factory=dict)
    problem: str = ""

    def named(self, key: str) -> str:
        """Return how messages call one of its keys."""
        return f"{'tool.fitscribe.' if self.is_project else ''}{key} in {self.path}"


class _Read:
    """What was read: by path with the file's time and size; and what counts where."""

    files: ClassVar[dict[Path, tuple[tuple[int, int], SettingsFile]]] = {}
    # By working directory, and by the variables that say where the user's own file is.
    projects: ClassVar[dict[str, SettingsFile | None]] = {}
    users: ClassVar[dict[tuple[str | None, ...], SettingsFile | None]] = {}


def look_again() -> None:
    """Let the next question find files that are new, and read those that have changed."""
    _Read.projects.clear()
    _Read.users.clear()


def user_path() -> Path:
    """Return where the user's own file is, or would be."""
    if sys.platform == "win32":
        base = read("APPDATA")
        folder = Path(base) if base else Path("~/AppData/Roaming")
    elif sys.platform == "darwin":
        folder = Path("~/Library/Application Support")
    else:
        base = read("XDG_CONFIG_HOME")
        # The convention: what is not absolute is ignored.
        folder = Path(base) if base and os.path.isabs(base) else Path("~/.config")
    return Path(os.path.expanduser(folder / "fitscribe" / "config.toml"))


def cache_path() -> Path:
    """Return the user's own folder for what can be made anew.

    ``$XDG_CACHE_HOME/fitscribe`` (else ``~/.cache/fitscribe``), ``~/Library/Caches/fitscribe`` on
    macOS, ``fitscribe/Cache`` in ``%LOCALAPPDATA%`` on Windows.
    """
    if sys.platform == "win32":
        folder = Path(read("LOCALAPPDATA") or "~/AppData/Local", "fitscribe", "Cache")
    elif sys.platform == "darwin":
        folder = Path("~/Library/Caches/fitscribe")
    else:
        base = read("XDG_CACHE_HOME")
        folder = Path(base if base and os.path.isabs(base) else "~/.cache", "fitscribe")
    return Path(os.path.expanduser(folder))


def user_file() -> SettingsFile | None:
    """Return the user's own file, or None where there is none.

    Raises
    ------
    InvalidParameter
        If it cannot be read.
    """
    key = tuple(map(read, VARIABLES))
    if key not in _Read.users:
        _Read.users[key] = _file(user_path(), is_project=False)
    found = _Read.users[key]
    if found is not None and found.problem:
        raise InvalidParameter(
            f"{found.path} cannot be read: {found.problem}. Correct or remove it."
        )
    return found


def project_file() -> SettingsFile | None:
    """Return the project's file, or None where there is none or it says nothing of fitscribe.

    One that cannot be read has a ``problem`` and says nothing.
    """
    try:
        here = os.getcwd()
    except OSError:  # the working directory was deleted
        return None
    if here not in _Read.projects:
        folders = (Path(here), *Path(here).parents)
        path = next((one for one in (f / PROJECT for f in folders) if one.is_file()), None)
        _Read.projects[here] = None if path is None else _file(path, is_project=True)
    return _Read.projects[here]


def _file(path: Path, is_project: bool) -> SettingsFile | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    state = stat.st_mtime_ns, stat.st_size
    known = _Read.files.get(path)
    if known is None or known[0] != state:
        known = _Read.files[path] = state, _parsed(path, is_project)
    return known[1] if known[1].values or known[1].problem else None


def _parsed(path: Path, is_project: bool) -> SettingsFile:
    try:
        data = path.read_bytes()
        # A project without us is not even parsed.
        if is_project and b"fitscribe" not in data:
            return SettingsFile(path, is_project)
        # Deferred: few have such a file.
        import tomllib

        told: Any = tomllib.loads(data.decode("utf-8"))
    except (OSError, ValueError) as error:
        return SettingsFile(path, is_project, problem=str(error))
    if is_project:
        tool = told.get("tool")
        told = tool.get("fitscribe", {}) if isinstance(tool, dict) else {}
        if not isinstance(told, dict):
            return SettingsFile(path, is_project, problem="tool.fitscribe is no table")
    return SettingsFile(path, is_project, dict(_flat(told)))


def _flat(table: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", value
