"""A lock on a file, which the operating system takes back from a process that dies."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fitscribe.errors import StoreUnavailable

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

__all__ = ["file_lock"]


@contextmanager
def file_lock(path: Path) -> Iterator[None]:
    """Hold a lock that one process at a time has; the file stays.

    Raises
    ------
    StoreUnavailable
        If the file cannot be made.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        hint = "Does its folder exist, and may you write there?"
        if isinstance(error, FileNotFoundError):
            hint = "Its folder is not there: make it, or if it was moved, choose its new place."
        raise StoreUnavailable(
            f"The file {path} cannot be made ({error.strerror}). {hint}"
        ) from error
    try:
        _lock(descriptor)
        try:
            yield
        finally:
            _unlock(descriptor)
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> None:
    if sys.platform == "win32":
        while True:
            try:
                msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
                return
            except OSError:
                time.sleep(0.02)
    else:
        fcntl.flock(descriptor, fcntl.LOCK_EX)


def _unlock(descriptor: int) -> None:
    if sys.platform == "win32":
        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)
    else:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
