"""Is a folder on a file system of another machine? SQLite's WAL cannot work there.

See https://www.sqlite.org/wal.html: "all processes using a database must be on the same host
computer; WAL does not work over a network filesystem".
"""

from __future__ import annotations

import ctypes
import os
import re
import sys
from pathlib import Path

__all__ = ["is_network_path", "is_network_type", "type_in_mounts"]

NETWORK_TYPES = frozenset(
    {
        *("nfs", "nfs3", "nfs4", "cifs", "smb2", "smb3", "smbfs", "afs", "ncpfs", "9p", "coda"),
        *("ceph", "lustre", "gpfs", "beegfs", "pvfs2", "orangefs", "glusterfs", "panfs", "ocfs2"),
        *("gfs", "gfs2", "moosefs", "webdav", "davfs", "davfs2", "afpfs", "vboxsf", "prl_fs"),
        # FUSE names what is mounted after the dot.
        *("sshfs", "s3fs", "gcsfuse", "goofys", "rclone", "mfs", "juicefs", "seaweedfs"),
        *("vmhgfs", "vmhgfs-fuse", "quobyte", "cephfs", "blobfuse", "blobfuse2", "mount-s3"),
    }
)
DRIVE_REMOTE = 4
MNT_LOCAL = 0x1000
_OCTAL = re.compile(r"\\([0-7]{3})")


def is_network_type(name: str) -> bool:
    """Return whether a file system of this type may be shared by several machines."""
    plain = name.lower()
    return plain in NETWORK_TYPES or plain.removeprefix("fuse.") in NETWORK_TYPES


def type_in_mounts(path: str, mounts: str) -> str | None:
    r"""Return the type of the file system that a path is on.

    Parameters
    ----------
    path : str
        Absolute, with symbolic links resolved.
    mounts : str
        The text of ``/proc/self/mounts``: device, mount point, type and more on each line, a
        space inside a word as ``\040``.

    Returns
    -------
    str or None
        As the table names it, or None where no line fits. Of two that fit, the longer mount point
        counts; of two mounts on one point, the later one.
    """
    best, found = -1, None
    for line in mounts.splitlines():
        words = line.split(" ")
        if len(words) < 3:
            continue
        point = _OCTAL.sub(lambda code: chr(int(code[1], 8)), words[1])
        inside = point.rstrip("/") + "/"
        if (path == point or path.startswith(inside)) and len(point) >= best:
            best, found = len(point), words[2]
    return found


def is_network_path(folder: Path) -> bool:
    """Return whether a folder is on another machine; False where that cannot be known."""
    path = os.path.realpath(folder)
    if sys.platform == "linux":
        try:
            mounts = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return False
        return is_network_type(type_in_mounts(path, mounts) or "")
    elif sys.platform == "win32":
        drive = os.path.splitdrive(path)[0]
        remote = ctypes.windll.kernel32.GetDriveTypeW(drive + "\\") == DRIVE_REMOTE
        return drive.startswith("\\\\") or bool(remote)
    elif sys.platform == "darwin":
        return _is_network_on_macos(path)
    else:
        return False


def _is_network_on_macos(path: str) -> bool:
    """Ask statfs(2); of ``struct statfs``, `f_flags` is word 16 (of 32 bits, from 0)."""
    library = ctypes.CDLL(None)
    # Intel's plain `statfs` fills an older form of the struct.
    statfs = getattr(library, "statfs$INODE64", None) or getattr(library, "statfs", None)
    answer = (ctypes.c_uint32 * 1024)()
    if statfs is None or statfs(os.fsencode(path), ctypes.byref(answer)) != 0:
        return False
    return not answer[16] & MNT_LOCAL
