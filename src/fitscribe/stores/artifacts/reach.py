"""Reaching a folder below the root without ever leaving it.

Where the system has them (POSIX), folders are opened one inside the other by descriptors, and
none that is a symbolic link: between the look and the use there is no moment in which somebody
can put a link there. A link is then resolved, and followed if its target is below the root.
Elsewhere (Windows) each segment is looked at before it is used.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType

from fitscribe.errors import UnsafePath
from fitscribe.stores.artifacts.paths import OWN_NAMES

__all__ = ["Folder", "Root", "is_folder", "is_regular"]

BY_DESCRIPTOR = {os.open, os.mkdir, os.stat, os.unlink, os.rename, os.link} <= os.supports_dir_fd
MAX_LINKS = 16
BINARY = getattr(os, "O_BINARY", 0)
NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)
# Without waiting, for a named pipe would wait for its writer.
READ = os.O_RDONLY | BINARY | NO_FOLLOW | getattr(os, "O_NONBLOCK", 0)
WRITE_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | BINARY | NO_FOLLOW
FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | NO_FOLLOW
ROOT = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0)
# What systems answer that are asked to open a link without following it.
LINK_ERRNOS = frozenset({errno.ELOOP, errno.ENOTDIR, errno.EMLINK, getattr(errno, "EFTYPE", 0)})


def is_regular(found: os.stat_result) -> bool:
    """Whether it is a file with content: no folder, link, pipe or device."""
    return stat.S_ISREG(found.st_mode)


def is_folder(found: os.stat_result) -> bool:
    """Whether it is a folder."""
    return stat.S_ISDIR(found.st_mode)


def _is_link(found: os.stat_result) -> bool:
    """Whether it is a symbolic link, or one of Windows' junctions."""
    return stat.S_ISLNK(found.st_mode) or bool(
        getattr(found, "st_file_attributes", 0) & getattr(stat, "FILE_ATTRIBUTE_REPARSE_POINT", 0)
        and getattr(found, "st_reparse_tag", 0)
        in (
            getattr(stat, "IO_REPARSE_TAG_SYMLINK", -1),
            getattr(stat, "IO_REPARSE_TAG_MOUNT_POINT", -1),
        )
    )


class Folder:
    """An open folder; its methods take names in it and never follow a link.

    Parameters
    ----------
    fd : int or None
        Its descriptor, which it closes; None where the system has no such thing.
    path : str
        Its path, used where there is no descriptor.
    """

    __slots__ = ("fd", "path")

    def __init__(self, fd: int | None, path: str) -> None:
        self.fd = fd
        self.path = path

    def __enter__(self) -> Folder:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the descriptor; ``with`` does it too."""
        if self.fd is not None:
            os.close(self.fd)

    def at(self, name: str) -> str:
        """Return what to call `name` beside ``dir_fd=folder.fd``."""
        return name if self.fd is not None else os.path.join(self.path, name)

    def stat(self, name: str) -> os.stat_result:
        """Return what `name` is, a link itself."""
        return os.stat(self.at(name), dir_fd=self.fd, follow_symlinks=False)

    def is_link(self, name: str) -> bool:
        """Whether `name` is a link; False if there is nothing."""
        try:
            return _is_link(self.stat(name))
        except FileNotFoundError:
            return False

    def exists(self, name: str) -> bool:
        """Whether there is anything called `name`, a dangling link included."""
        try:
            self.stat(name)
        except FileNotFoundError:
            return False
        return True

    def open(self, name: str, flags: int = READ, mode: int = 0o666) -> int:
        """Return a descriptor of the file `name`. Raises OSError (ELOOP) for a link."""
        if self.fd is None and self.is_link(name):
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), name)
        return os.open(self.at(name), flags, mode, dir_fd=self.fd)

    def mkdir(self, name: str) -> None:
        """Make a folder; one that is there is fine."""
        try:
            os.mkdir(self.at(name), dir_fd=self.fd)
        except FileExistsError:
            pass

    def below(self, name: str, make: bool = False) -> Folder:
        """Return the folder `name`, made where it is missing if `make`.

        Raises
        ------
        FileNotFoundError, NotADirectoryError
            If there is none, or something else.
        OSError
            ELOOP if it is a link.
        """
        try:
            return self._below(name)
        except FileNotFoundError:
            if not make:
                raise
        return self.new(name)

    def new(self, name: str) -> Folder:
        """Return the folder `name`, which is not there yet, or was not a moment ago."""
        self.mkdir(name)
        return self._below(name)

    def _below(self, name: str) -> Folder:
        if self.fd is not None:
            try:
                return Folder(os.open(name, FOLDER, dir_fd=self.fd), "")
            except OSError as error:
                if error.errno not in LINK_ERRNOS:
                    raise
        found = self.stat(name)
        if _is_link(found):
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), name)
        if self.fd is not None or not is_folder(found):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), name)
        return Folder(None, os.path.join(self.path, name))

    def entries(self) -> Iterator[os.DirEntry[str]]:
        """Return what is in it, unordered."""
        with os.scandir(self.path if self.fd is None else self.fd) as found:
            yield from found


class Root:
    """The folder below which everything stays; it may be a symbolic link itself.

    Parameters
    ----------
    path : str
        Absolute. It is made when something is first written, with the folders above it if they
        are not there now. A folder above that goes away later was moved: it is not made again.
    """

    __slots__ = ("_make", "path")

    def __init__(self, path: str) -> None:
        self.path = path
        above = os.path.isdir(os.path.dirname(path))
        self._make: Callable[[str], None] = os.mkdir if above else os.makedirs

    def open(self, make: bool = False) -> Folder:
        """Return the root as an open folder. Raises FileNotFoundError."""
        if not BY_DESCRIPTOR:
            if make and not os.path.isdir(self.path):
                self._made()
            return Folder(None, self.path)
        try:
            return Folder(os.open(self.path, ROOT), self.path)
        except FileNotFoundError:
            if not make:
                raise
        self._made()
        return Folder(os.open(self.path, ROOT), self.path)

    def _made(self) -> None:
        try:
            self._make(self.path)
        except FileExistsError:
            pass  # another process was quicker; what is no folder is told when it is opened

    def folder(self, parts: Sequence[str], make: bool = False) -> Folder:
        """Return the folder at `parts`, reached from the root.

        Parameters
        ----------
        parts : sequence of str
            Names on disk.
        make : bool
            Make what is missing.

        Raises
        ------
        FileNotFoundError, NotADirectoryError
            If a part of the way is not there, or no folder.
        UnsafePath
            If a link leads out of the root, or into what the store keeps for itself.
        """
        for _ in range(MAX_LINKS):
            here = self.open(make)
            for place, name in enumerate(parts):
                try:
                    with here:
                        here = here.below(name, make)
                except OSError as error:
                    if error.errno != errno.ELOOP:
                        raise
                    parts = [*self.resolve(parts[: place + 1]), *parts[place + 1 :]]
                    break
            else:
                return here
        raise UnsafePath(f"The links at {'/'.join(parts)!r} in {self.path} run in a circle.")

    def resolve(self, parts: Sequence[str]) -> list[str]:
        """Return where the links at `parts` lead, as names below the root.

        Raises
        ------
        UnsafePath
            If that is not below the root, or in what the store keeps for itself.
        """
        root = os.path.realpath(self.path)
        real = os.path.realpath(os.path.join(root, *parts))
        inside = os.path.normcase(real).startswith(os.path.join(os.path.normcase(root), ""))
        found = real[len(root) :].strip(os.sep).split(os.sep) if inside else [""]
        if not inside or found[0].casefold() in OWN_NAMES:
            raise UnsafePath(
                f"{'/'.join(parts)!r} is a link that leads out of {self.path}. "
                "Remove the link, or copy what it leads to."
            )
        return found
