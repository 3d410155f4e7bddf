"""Finding files and folders below the root, links followed as far as they stay there."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from fitscribe.errors import NotFound, UnsafePath
from fitscribe.stores.artifacts.failures import not_read
from fitscribe.stores.artifacts.paths import MAX_DEPTH, OWN_NAMES, logical_name, stored_name
from fitscribe.stores.artifacts.reach import (
    MAX_LINKS,
    READ,
    Folder,
    Root,
    is_folder,
    is_regular,
)

__all__ = ["entries", "files_below", "look", "open_file"]


def look(root: Root, parts: Sequence[str]) -> os.stat_result | None:
    """Return what is at `parts` (names on disk; none is the root), or None.

    Raises
    ------
    UnsafePath
        If a link leads out of the root.
    StoreUnavailable
        If the system does not let us look.
    """
    try:
        if not parts:
            return os.stat(root.path)
        folder, name = _entry(root, parts)
        with folder:
            return folder.stat(name)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise not_read(error, "/".join(parts), root.path) from error


def open_file(root: Root, path: str, parts: Sequence[str]) -> int:
    """Return a descriptor of the file at `parts`, which is `path` in messages.

    Raises
    ------
    NotFound
        If there is nothing, or no file.
    UnsafePath, StoreUnavailable
        As :func:`look`.
    """
    try:
        folder, name = _entry(root, parts)
        with folder:
            fd = folder.open(name, READ)
    except OSError as error:
        raise not_read(error, path, root.path) from error
    if not is_regular(os.fstat(fd)):
        os.close(fd)
        raise NotFound(f"There is no file {path!r} in {root.path}; it is a folder or a device.")
    return fd


def entries(
    root: Root, parts: Sequence[str], skip_unsafe: bool
) -> list[tuple[str, os.stat_result]]:
    """Return (logical name, what it is) of the files and folders in a folder, sorted by name.

    Parameters
    ----------
    root : Root
    parts : sequence of str
        The folder; names on disk.
    skip_unsafe : bool
        Leave out links that lead out of the root, instead of raising UnsafePath.

    Raises
    ------
    FileNotFoundError, NotADirectoryError
        If there is no folder.
    """
    if parts:
        parent, name = _entry(root, parts)
        with parent:
            folder = parent.below(name)
    else:
        folder = root.open()
    found = []
    with folder:
        for entry in folder.entries():
            known = logical_name(entry.name)
            if known is None or (not parts and entry.name.casefold() in OWN_NAMES):
                continue
            seen = _seen(root, parts, folder, entry.name, skip_unsafe)
            if seen is not None and (is_regular(seen) or is_folder(seen)):
                found.append((known, seen))
    found.sort(key=lambda pair: pair[0])
    return found


def files_below(root: Root, parts: Sequence[str]) -> Iterator[list[str]]:
    """Return the path of each file below a folder, as names on disk.

    Raises
    ------
    UnsafePath
        If a link leads out of the root, or round to a folder above it.
    """
    if len(parts) > MAX_DEPTH:
        raise UnsafePath(f"{'/'.join(parts[:3])!r} in {root.path} is too deep, or goes round.")
    try:
        found = entries(root, parts, skip_unsafe=False)
    except OSError as error:
        raise not_read(error, "/".join(parts), root.path) from error
    for name, seen in found:
        below = [*parts, stored_name(name)]
        if is_folder(seen):
            yield from files_below(root, below)
        else:
            yield below


def _entry(root: Root, parts: Sequence[str]) -> tuple[Folder, str]:
    """Return the open folder that holds the last of `parts`, and its name; links resolved."""
    for _ in range(MAX_LINKS):
        folder = root.folder(parts[:-1])
        try:
            if not folder.is_link(parts[-1]):
                return folder, parts[-1]
        except OSError:
            folder.close()
            raise
        folder.close()
        parts = root.resolve(parts)
    raise UnsafePath(f"The links at {'/'.join(parts)!r} in {root.path} run in a circle.")


def _seen(
    root: Root, parts: Sequence[str], folder: Folder, name: str, skip_unsafe: bool
) -> os.stat_result | None:
    """Return what an entry of a folder is, or None if it is to be left out."""
    try:
        if folder.is_link(name):
            return look(root, [*parts, name])
        return folder.stat(name)
    except UnsafePath:
        if not skip_unsafe:
            raise
    except FileNotFoundError:
        pass
    return None
