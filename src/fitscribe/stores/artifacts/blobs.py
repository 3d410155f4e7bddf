"""Equal bytes kept once: ``.blobs/ab/<xxh3-128>``, hard-linked to wherever they are used.

The digest only says where to look: bytes are compared before a blob is taken for others, so it
need be no cryptographic one, which for a large model costs more than writing it.
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress

import xxhash

from fitscribe.stores.artifacts.paths import BLOBS
from fitscribe.stores.artifacts.reach import Folder, is_folder, is_regular
from fitscribe.stores.artifacts.staging import write_new

__all__ = ["SMALLEST_BLOB", "forget", "store"]

# Measured on ext4 (CPU): linking known bytes costs about what writing them does, 9 to 12 µs for
# 1 kB, and far less for a large model; keeping new ones for the next time costs 10 to 20 µs more.
# Below this (requirement files) a file of its own is the cheaper one: a model of five small files
# takes 0.17 ms so, 0.21 ms with every file in a blob, 0.13 ms with none.
SMALLEST_BLOB = 512
# One file under several names: who edits it in place would change them all.
READ_ONLY = 0o444
CHUNK = 1 << 20


def store(top: Folder, folder: Folder, name: str, data: bytes) -> None:
    """Make the file `name` with `data`, as a link to the blob of equal bytes where there is one.

    Where the file system has no hard links, or no more for this file, it is a file of its own.

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
    elif is_regular(found) and found.st_nlink == 2 and found.st_size >= SMALLEST_BLOB:
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
