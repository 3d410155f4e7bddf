"""Writing beside and renaming into place; clearing what killed processes left."""

from __future__ import annotations

import os
import stat
import time
from contextlib import suppress

from fitscribe.stores.artifacts.paths import WINDOWS
from fitscribe.stores.artifacts.reach import WRITE_NEW, Folder, is_folder

__all__ = ["copy_all", "fresh_name", "move", "remove", "sweep", "write_all", "write_new"]

STALE_S = 3600.0
CHUNK = 1 << 20
# Windows refuses to rename while a reader or a virus scanner has the file open: 1 s in all.
PATIENCE_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.3)


def fresh_name() -> str:
    """Return a name that nobody else uses."""
    return f"{os.getpid():x}-{os.urandom(8).hex()}"


def write_all(fd: int, data: bytes) -> None:
    """Write all of `data`; a disk that fills up takes a part first, and then raises OSError."""
    written = os.write(fd, data)
    if written < len(data):
        rest = memoryview(data)[written:]
        while rest:
            rest = rest[os.write(fd, rest) :]


def write_new(folder: Folder, name: str, data: bytes, mode: int = 0o666) -> None:
    """Make the file `name` with `data` in it. Raises FileExistsError."""
    fd = folder.open(name, WRITE_NEW, mode)
    try:
        write_all(fd, data)
    finally:
        os.close(fd)


def copy_all(source: int, target: int) -> None:
    """Copy what is left to read in one descriptor to another, a megabyte at a time."""
    while chunk := os.read(source, CHUNK):
        write_all(target, chunk)


def move(here: Folder, name: str, there: Folder, new_name: str) -> None:
    """Rename in one step; a file that is there is replaced. Both are on one file system."""
    source, target = here.at(name), there.at(new_name)
    for pause in PATIENCE_S if WINDOWS else ():
        try:
            os.replace(source, target)
        except PermissionError:
            time.sleep(pause)
        else:
            return
    os.replace(source, target, src_dir_fd=here.fd, dst_dir_fd=there.fd)


def remove(folder: Folder, name: str) -> None:
    """Remove a file, a link (not what it leads to) or a whole folder; nothing is no error."""
    with suppress(FileNotFoundError):
        found = folder.stat(name)
        if is_folder(found) and not folder.is_link(name):
            with folder.below(name) as inner:
                for entry in list(inner.entries()):
                    remove(inner, entry.name)
            os.rmdir(folder.at(name), dir_fd=folder.fd)
            return
        try:
            os.unlink(folder.at(name), dir_fd=folder.fd)
        except PermissionError:
            # Windows does not remove what is marked read-only.
            if not WINDOWS:
                raise
            os.chmod(folder.at(name), stat.S_IWRITE)
            os.unlink(folder.at(name))


def sweep(staging: Folder, now: float) -> None:
    """Remove what lies there for more than an hour: its writer was killed.

    Parameters
    ----------
    staging : Folder
        The staging area.
    now : float
        Seconds since 1970 UTC.
    """
    for entry in list(staging.entries()):
        with suppress(OSError):
            if now - _last_written(staging, entry.name) > STALE_S:
                remove(staging, entry.name)


def _last_written(folder: Folder, name: str) -> float:
    """Return when a file, or anything in a folder, was last written (seconds since 1970 UTC)."""
    found = folder.stat(name)
    latest = found.st_mtime
    if is_folder(found) and not folder.is_link(name):
        with folder.below(name) as inner:
            for entry in list(inner.entries()):
                latest = max(latest, _last_written(inner, entry.name))
    return latest
