"""Copying between the store and files of the user."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress

from fitscribe.errors import InvalidParameter
from fitscribe.stores.artifacts.failures import not_written
from fitscribe.stores.artifacts.lookup import open_file
from fitscribe.stores.artifacts.reach import NO_FOLLOW, READ, WRITE_NEW, Root, is_regular
from fitscribe.stores.artifacts.staging import copy_all, fresh_name

__all__ = ["copy_out", "make_folder", "open_source"]


def open_source(path: str | os.PathLike[str]) -> int:
    """Return a descriptor of a user's file; links are theirs to use.

    Raises
    ------
    InvalidParameter
        If there is no file that can be read.
    """
    try:
        fd = os.open(path, READ & ~NO_FOLLOW)
    except OSError as error:
        raise InvalidParameter(
            f"The file {os.fspath(path)!r} cannot be read: {error.strerror}."
        ) from error
    if not is_regular(os.fstat(fd)):
        os.close(fd)
        raise InvalidParameter(f"{os.fspath(path)!r} is no file; give one file at a time.")
    return fd


def make_folder(path: str) -> None:
    """Make a folder of the user's, and those above it.

    Raises
    ------
    StoreUnavailable
        If it cannot be made.
    """
    try:
        os.makedirs(path or ".", exist_ok=True)
    except OSError as error:
        raise not_written(error, path, os.path.dirname(path) or ".") from error


def copy_out(root: Root, parts: Sequence[str], target: str) -> None:
    """Copy the file at `parts` (names on disk) to `target`, written beside and renamed.

    Raises
    ------
    NotFound, UnsafePath
        As :func:`~fitscribe.stores.artifacts.lookup.open_file`.
    StoreUnavailable
        If the target cannot be written; nothing is left behind.
    """
    source = open_file(root, "/".join(parts), parts)
    folder = os.path.dirname(target)
    beside = os.path.join(folder, f".{fresh_name()}.part")
    try:
        make_folder(folder)
        _write_beside(source, beside, target)
    except OSError as error:
        raise not_written(error, target, folder or ".") from error
    finally:
        os.close(source)


def _write_beside(source: int, beside: str, target: str) -> None:
    """Copy to `beside`, then rename to `target`."""
    try:
        fd = os.open(beside, WRITE_NEW, 0o666)
        try:
            copy_all(source, fd)
        finally:
            os.close(fd)
        os.replace(beside, target)
    except BaseException:
        with suppress(OSError):
            os.unlink(beside)
        raise
