"""Equal bytes kept once: ``.blobs/ab/<xxh3-128>``, hard-linked to wherever they are used.

The digest only says where to look: bytes are compared before a blob is taken for others, so it
need be no cryptographic one, which for a large model costs more than writing it.
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from typing import TypeAlias

import xxhash

from fitscribe.stores.artifacts.paths import BLOBS
from fitscribe.stores.artifacts.reach import Folder, is_folder, is_regular
from fitscribe.stores.artifacts.staging import write_new

__all__ = ["Blobs", "forget"]

# What one process writes again and again is short: requirements and environment files.
SHORT = 4096
MOST_SHORT = 64
# One file under several names: who edits it in place would change them all.
READ_ONLY = 0o444
CHUNK = 1 << 20


class Blobs:
    """The blobs of one store, as this process knows them.

    Making a file costs the file system far more than a further name of one that is there (ext4:
    20 to 200 µs and 5 µs). So of short blobs that were compared once it is remembered which file
    they are; as long as it is that file, of that size and time, it is not read again.
    """

    def __init__(self) -> None:
        self._compared: dict[bytes, tuple[str, _Identity]] = {}

    def write(self, top: Folder, folder: Folder, name: str, data: bytes) -> None:
        """Make the file `name` with `data`, a link to the blob of equal bytes where there is one.

        Where the file system has no hard links, or no more for this file, it is a file of its
        own.

        Parameters
        ----------
        top : Folder
            The root of the store.
        folder : Folder
            Where the file goes.
        name : str
            What it is called; it does not exist yet.
        data : bytes
            Its content.
        """
        if not data:
            write_new(folder, name, data)
            return
        # A long one is not asked for: to look it up would cost a hash of all its bytes.
        if len(data) <= SHORT and self._link_compared(top, folder, name, data):
            return
        digest = xxhash.xxh3_128_hexdigest(data)
        try:
            with top.below(BLOBS, make=True) as blobs:
                shelf = blobs.below(digest[:2], make=True)
        except OSError:
            write_new(folder, name, data)
            return
        with shelf:
            if not _link_known(shelf, digest, folder, name, data):
                write_new(folder, name, data, READ_ONLY)
                with suppress(OSError):
                    _link(folder, name, shelf, digest)
            if len(data) <= SHORT:
                self._remember(shelf, digest, data)

    def _remember(self, shelf: Folder, digest: str, data: bytes) -> None:
        if len(self._compared) >= MOST_SHORT:
            self._compared.clear()
        with suppress(OSError):
            place = os.path.join(BLOBS, digest[:2], digest)
            self._compared[data] = place, _identity(shelf.stat(digest))

    def _link_compared(self, top: Folder, folder: Folder, name: str, data: bytes) -> bool:
        """Link a blob that was compared before, if it is the same file still."""
        place, identity = self._compared.get(data, ("", None))
        if identity is None:
            return False
        try:
            if _identity(top.stat(place)) == identity:
                _link(top, place, folder, name)
                return True
        except OSError:
            pass
        self._compared.pop(data, None)
        return False


_Identity: TypeAlias = tuple[int, int, int, int]


def _identity(found: os.stat_result) -> _Identity:
    """Return what a file has for itself, as long as nobody writes to it."""
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _link(here: Folder, name: str, there: Folder, new_name: str) -> None:
    os.link(
        here.at(name),
        there.at(new_name),
        src_dir_fd=here.fd,
        dst_dir_fd=there.fd,
        follow_symlinks=False,
    )


def _link_known(shelf: Folder, digest: str, folder: Folder, name: str, data: bytes) -> bool:
    """Link the blob to `name` and return True, or return False if there is no such blob.

    Its bytes are compared, for a disk may have lost them; a blob that holds others is dropped,
    and so is one that has as many links as the file system allows.
    """
    try:
        fd = shelf.open(digest)
    except OSError:
        return False
    try:
        equal = _holds(fd, data)
    finally:
        os.close(fd)
    try:
        if equal:
            _link(shelf, digest, folder, name)
            return True
        os.unlink(shelf.at(digest), dir_fd=shelf.fd)
    except OSError as error:
        if error.errno == errno.EMLINK:
            with suppress(OSError):
                os.unlink(shelf.at(digest), dir_fd=shelf.fd)
    return False


def _holds(fd: int, data: bytes) -> bool:
    """Whether the file is regular and holds exactly `data`."""
    try:
        found = os.fstat(fd)
        if not is_regular(found) or found.st_size != len(data):
            return False
        if len(data) <= CHUNK:
            return os.read(fd, CHUNK) == data
        place = 0
        while chunk := os.read(fd, CHUNK):
            if chunk != data[place : place + len(chunk)]:
                return False
            place += len(chunk)
        return place == len(data)
    except OSError:
        return False


def forget(top: Folder, folder: Folder, name: str) -> None:
    """Drop the blobs that nothing but `name` (a file, or a folder of them) uses.

    It is called just before `name` is removed. Whoever links such a blob at the same moment
    keeps the bytes, only not for the next one.
    """
    found = folder.stat(name)
    if is_folder(found) and not folder.is_link(name):
        with folder.below(name) as inner:
            for entry in list(inner.entries()):
                forget(top, inner, entry.name)
    elif is_regular(found) and found.st_nlink == 2 and found.st_size:
        digest = _digest(folder, name)
        with top.below(BLOBS) as blobs, blobs.below(digest[:2]) as shelf:
            if os.path.samestat(shelf.stat(digest), found):
                os.unlink(shelf.at(digest), dir_fd=shelf.fd)


def _digest(folder: Folder, name: str) -> str:
    """Return the xxh3-128 of a file, in hexadecimal."""
    digest = xxhash.xxh3_128()
    fd = folder.open(name)
    try:
        while chunk := os.read(fd, CHUNK):
            digest.update(chunk)
    finally:
        os.close(fd)
    return digest.hexdigest()
