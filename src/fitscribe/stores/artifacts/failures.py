"""What the operating system refuses, told as an error of ours with the next step."""

from __future__ import annotations

import errno
import os
import shutil

from fitscribe.errors import AlreadyExists, FitscribeError, NotFound, StoreUnavailable, UnsafePath

__all__ = ["not_read", "not_written"]

FULL = frozenset({errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)})
BAD_NAME = frozenset({errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ})
FORBIDDEN = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


def not_written(error: OSError, path: str, root: str) -> FitscribeError:
    """Return the error of a write of `path` below `root` that the system refused."""
    reason = error.strerror or type(error).__name__
    if error.errno in FULL:
        return StoreUnavailable(
            f"{path!r} was not written: {reason}; {_free_space(root)} free where {root} is. "
            "Nothing of it was left behind. Free some space and try again."
        )
    if error.errno in FORBIDDEN:
        return StoreUnavailable(
            f"{path!r} was not written: {root} cannot be written ({reason}). "
            "Check the permissions of the folder, or choose another."
        )
    if error.errno in BAD_NAME:
        return UnsafePath(
            f"{path!r} was not written: the file system of {root} cannot hold that name "
            f"({reason}). Choose a shorter or plainer one."
        )
    if error.errno in (errno.ENOTDIR, errno.EEXIST, errno.ENOTEMPTY, errno.EISDIR):
        return AlreadyExists(
            f"{path!r} was not written: something else has that name or a part of it in {root} "
            f"({reason}). Choose another path, or delete what is there."
        )
    if error.errno == errno.ENOENT:
        return StoreUnavailable(
            f"{path!r} was not written: {root} is gone. If it was moved, choose its new place by "
            "set_tracking_uri(...)."
        )
    return StoreUnavailable(f"{path!r} was not written to {root}: {reason}. Try again.")


def not_read(error: OSError, path: str, root: str) -> FitscribeError:
    """Return the error of a read of `path` below `root` that the system refused."""
    if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.EISDIR, *BAD_NAME):
        return NotFound(f"There is no artifact {path!r} in {root}.")
    if error.errno == errno.ELOOP:
        return UnsafePath(f"{path!r} in {root} became a link while it was read; try again.")
    reason = error.strerror or type(error).__name__
    return StoreUnavailable(f"{path!r} in {root} cannot be read: {reason}.")


def _free_space(root: str) -> str:
    """Return the free space of the nearest folder that exists, as people read it."""
    folder = root
    while not os.path.isdir(folder) and os.path.dirname(folder) != folder:
        folder = os.path.dirname(folder)
    try:
        free = float(shutil.disk_usage(folder).free)
    except OSError:
        return "an unknown amount is"
    for unit in ("bytes", "kB", "MB"):
        if free < 1000:
            return f"{free:.0f} {unit}"
        free /= 1000
    return f"{free:.1f} GB"
