"""Artifacts in a folder of this machine."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from fitscribe.core.entities import FileInfo
from fitscribe.core.uris import file_uri
from fitscribe.errors import AlreadyExists, NotFound, UnsafePath
from fitscribe.stores.artifacts.blobs import Blobs, forget
from fitscribe.stores.artifacts.copies import copy_out, make_folder, open_source
from fitscribe.stores.artifacts.failures import not_read, not_written
from fitscribe.stores.artifacts.lookup import entries, files_below, look, open_file
from fitscribe.stores.artifacts.paths import STAGING, WINDOWS, segments, stored_name
from fitscribe.stores.artifacts.reach import WRITE_NEW, Folder, Root, is_folder, is_regular
from fitscribe.stores.artifacts.staging import (
    copy_all,
    fresh_name,
    move,
    remove,
    sweep,
    write_new,
)
from fitscribe.stores.artifacts.whole import fill, planned

__all__ = ["LocalArtifacts"]


class LocalArtifacts:
    """The :class:`~fitscribe.core.ports.ArtifactStore` in a folder of this machine.

    Files are written in ``.tmp`` below the root and renamed into place. What is still there an
    hour later was left by a killed process; the first write of a store removes it. Equal bytes
    of :meth:`put_folder` are kept once in ``.blobs``.

    Parameters
    ----------
    root : str or Path
        The folder; made when something is first written. It may be a symbolic link.
    """

    def __init__(self, root: str | Path) -> None:
        path = os.path.abspath(os.fspath(root))
        self._root = Root(path)
        self._uri = file_uri(path)
        self._swept = False
        self._blobs = Blobs()

    def __repr__(self) -> str:
        return f"LocalArtifacts({self._root.path!r})"

    @property
    def uri(self) -> str:
        """The root's address: ``file:///…``."""
        return self._uri

    # Writing

    def put_bytes(self, path: str, data: bytes) -> None:
        """Write one file; one that is there is replaced.

        Raises
        ------
        UnsafePath
            If `path` is no path of an artifact, or a link leads it out of the root.
        AlreadyExists
            If there is a folder at `path`, or a file where a folder is needed.
        StoreUnavailable
            If the disk is full or cannot be written; nothing is left behind.
        """
        parts = _parts(path)
        with self._staged(path) as (_, staging, name):
            write_new(staging, name, data)
            self._settle(staging, name, parts)

    def put_file(self, path: str, local_path: Path) -> None:
        """Copy a local file to `path`; one that is there is replaced.

        Raises
        ------
        InvalidParameter
            If there is no file at `local_path`, or it cannot be read.
        UnsafePath, AlreadyExists, StoreUnavailable
            As :meth:`put_bytes`.
        """
        parts = _parts(path)
        source = open_source(local_path)
        try:
            with self._staged(path) as (_, staging, name):
                target = staging.open(name, WRITE_NEW)
                try:
                    copy_all(source, target)
                finally:
                    os.close(target)
                self._settle(staging, name, parts)
        finally:
            os.close(source)

    def put_folder(
        self, path: str, files: Mapping[str, bytes], unshared: Collection[str] = ()
    ) -> None:
        """Write a folder of files (relative path to content) that appears as one.

        Files that the store has already are linked to what is there, and are read-only; those
        named in `unshared`, whose bytes no other has, are files of their own.

        Raises
        ------
        AlreadyExists
            If there is something at `path`.
        InvalidParameter
            If one of `files` would be a file and a folder.
        UnsafePath, StoreUnavailable
            As :meth:`put_bytes`.
        """
        parts = _parts(path)
        plan = planned(files)
        alone = frozenset(tuple(_parts(name)) for name in unshared)
        with self._staged(path) as (top, staging, name):
            with staging.new(name) as folder:
                fill(top, folder, plan, self._blobs, alone)
            with self._root.folder(parts[:-1], make=True) as parent:
                if parent.exists(parts[-1]):
                    raise AlreadyExists(
                        f"There is something at {path!r} in {self._root.path} already. "
                        "Choose another path, or delete it before."
                    )
                move(staging, name, parent, parts[-1])

    def delete(self, path: str) -> None:
        """Remove a file or a folder; what is not there is no error.

        A folder disappears at once. Of a link, the link is removed and not what it leads to.

        Raises
        ------
        UnsafePath
            If `path` is no path of an artifact, or empty.
        StoreUnavailable
            If the disk cannot be written.
        """
        parts = _parts(path)
        try:
            parent = self._root.folder(parts[:-1])
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            raise not_written(error, path, self._root.path) from error
        with parent:
            if not parent.exists(parts[-1]):
                return
            with self._staged(path) as (top, staging, name):
                move(parent, parts[-1], staging, name)
                _clear_away(top, staging, name)

    @contextmanager
    def _staged(self, path: str) -> Iterator[tuple[Folder, Folder, str]]:
        """Give the open root, the open staging area, and a fresh name in it.

        What has that name is removed if writing fails; what the system refuses is told as an
        error of ours about `path`.
        """
        try:
            with (
                self._root.open(make=True) as top,
                top.below(STAGING, make=True) as staging,
            ):
                if not self._swept:
                    self._swept = True
                    sweep(staging, time.time())
                name = fresh_name()
                try:
                    yield top, staging, name
                except BaseException:
                    _clear_away(top, staging, name)
                    raise
        except OSError as error:
            raise not_written(error, path, self._root.path) from error

    def _settle(self, staging: Folder, name: str, parts: list[str]) -> None:
        """Rename a staged file to its place."""
        with self._root.folder(parts[:-1], make=True) as parent:
            last = parts[-1]
            if parent.is_link(last):
                # One that stays inside is replaced by the file.
                self._root.resolve(parts)
            elif WINDOWS and parent.exists(last) and is_folder(parent.stat(last)):
                # Windows says that it is forbidden, and that may pass.
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), last)
            move(staging, name, parent, last)

    # Reading

    def read(self, path: str) -> bytes:
        """Return a file's bytes.

        Raises
        ------
        NotFound
            If there is no file at `path`.
        UnsafePath
            If `path` is no path of an artifact, or a link leads it out of the root.
        StoreUnavailable
            If it cannot be read.
        """
        fd = open_file(self._root, path, _parts(path))
        try:
            with open(fd, "rb", buffering=0) as file:
                return file.readall()
        except OSError as error:
            raise not_read(error, path, self._root.path) from error

    def is_file(self, path: str) -> bool:
        """Whether there is a file at `path`. Raises UnsafePath as :meth:`read`."""
        found = look(self._root, _parts(path, or_root=True))
        return found is not None and is_regular(found)

    def is_folder(self, path: str) -> bool:
        """Whether there is a folder at `path`. Raises UnsafePath as :meth:`read`."""
        found = look(self._root, _parts(path, or_root=True))
        return found is not None and is_folder(found)

    def list(self, path: str = "") -> list[FileInfo]:
        """Return the entries of a folder, sorted by path; a file or nothing gives none.

        What no path of an artifact can name is left out, and links that lead out of the root.

        Raises
        ------
        UnsafePath
            As :meth:`read`.
        """
        parts = _parts(path, or_root=True)
        try:
            found = entries(self._root, parts, skip_unsafe=True)
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise not_read(error, path, self._root.path) from error
        prefix = f"{path}/" if path else ""
        return [
            FileInfo(prefix + name, True)
            if is_folder(seen)
            else FileInfo(prefix + name, False, seen.st_size)
            for name, seen in found
        ]

    def download(self, path: str, destination: Path) -> Path:
        """Copy a file into the folder `destination`, or all that a folder holds.

        Parameters
        ----------
        path : str
            A file or a folder; empty for everything.
        destination : Path
            A folder, made where it is missing. Files in it that have the same names are
            replaced, each in one step.

        Returns
        -------
        Path
            The file's copy, which has the name of the file; of a folder, `destination`.

        Raises
        ------
        NotFound
            If there is nothing at `path`.
        UnsafePath
            As :meth:`read`, also for a link below `path`; nothing was copied.
        StoreUnavailable
            If it cannot be read, or `destination` cannot be written.
        """
        parts = _parts(path, or_root=True)
        target = os.fspath(destination)
        found = look(self._root, parts)
        if found is None:
            raise NotFound(f"There is no artifact {path!r} in {self._root.path}.")
        if not is_folder(found):
            copy_out(self._root, parts, os.path.join(target, parts[-1]))
            return Path(target, parts[-1])
        below = [*files_below(self._root, parts)]
        make_folder(target)
        for file in below:
            copy_out(self._root, file, os.path.join(target, *file[len(parts) :]))
        return Path(target)

    def local_path(self, path: str) -> Path | None:
        """Return where the file lies, or would lie, on this machine; it is there to be read.

        Raises
        ------
        UnsafePath
            As :meth:`read`.
        """
        parts = _parts(path, or_root=True)
        look(self._root, parts)
        return Path(self._root.path, *parts)


def _clear_away(top: Folder, staging: Folder, name: str) -> None:
    """Remove what is staged, and the blobs that only it uses.

    What cannot be removed now, a later sweep removes.
    """
    with suppress(OSError):
        forget(top, staging, name)
    with suppress(OSError):
        remove(staging, name)


def _parts(path: str, or_root: bool = False) -> list[str]:
    """Return the names on disk of a logical path; none for the root if that will do."""
    parts = segments(path)
    if not parts and not or_root:
        raise UnsafePath("An artifact path is empty; name a file: 'plots/roc.json'.")
    return [stored_name(part) for part in parts] if WINDOWS else parts
