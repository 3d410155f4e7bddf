"""What an artifact may be called, and what it is called on disk: the one place of that rule.

A logical path is segments joined by ``/``. On POSIX each segment is a file name as it stands. On
Windows, what its file systems refuse or read as something else is escaped by ``^`` and two
hexadecimal digits; nearly every name needs none of that, so that folders can be copied between
systems. Nothing is ever percent-decoded: ``%2e%2e`` is a name.
"""

from __future__ import annotations

import os
import re
import unicodedata

from fitscribe.errors import UnsafePath

__all__ = [
    "BLOBS",
    "OWN_NAMES",
    "STAGING",
    "from_windows",
    "logical_name",
    "on_windows",
    "segments",
    "stored_name",
]

WINDOWS = os.name == "nt"
# What the store keeps for itself at the top of its root.
BLOBS = ".blobs"
STAGING = ".tmp"
OWN_NAMES = frozenset({BLOBS, STAGING})
# 255 bytes is what the common file systems hold; 1,024 in all is what object stores hold.
MAX_SEGMENT = 255
MAX_PATH = 1024
MAX_DEPTH = 100

# Most paths: letters, digits and the like, no segment that starts with a dot.
_PLAIN = re.compile(
    r"[A-Za-z0-9_\-][A-Za-z0-9_.\-]{0,250}(?:/[A-Za-z0-9_\-][A-Za-z0-9_.\-]{0,250})*"
)
_FORBIDDEN = re.compile(r"[\\\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_WINDOWS_ESCAPE = re.compile(r"\^([0-9A-F]{2})")
_WINDOWS_REFUSED = re.compile(r'[<>:"|?*]|\^(?=[0-9A-F]{2})|~(?=[0-9])')
_WINDOWS_DEVICE = re.compile(
    r"(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³]) *(?:\.|\Z)", re.I
)


def segments(path: str) -> list[str]:
    r"""Return the segments of a logical path; none for ``""``, the root.

    Parameters
    ----------
    path : str
        Segments joined by ``/``, each of them at most 255 bytes of UTF-8, neither empty nor ``.``
        nor ``..``, without ``\`` and control characters; up to 100 of them and 1,024 bytes in
        all. ``.blobs`` and ``.tmp`` at the top are the store's own.

    Raises
    ------
    UnsafePath
        For everything else.
    """
    if not isinstance(path, str):
        raise UnsafePath(f"An artifact path is text, not {type(path).__name__}: {path!r:.80}.")
    if not path:
        return []
    parts = path.split("/")
    if len(path) <= MAX_SEGMENT and _PLAIN.fullmatch(path) and len(parts) <= MAX_DEPTH:
        return parts
    found = _FORBIDDEN.search(path)
    if found is not None:
        raise _unsafe(path, f"it holds the character {found[0]!r}")
    if len(path.encode()) > MAX_PATH or len(parts) > MAX_DEPTH:
        raise _unsafe(path, f"it is longer than {MAX_PATH:,} bytes or {MAX_DEPTH} segments")
    for part in parts:
        if part in ("", ".", ".."):
            raise _unsafe(path, f"it has the segment {part!r}" if part else "a segment is empty")
        if len(part.encode()) > MAX_SEGMENT:
            raise _unsafe(path, f"a segment is longer than {MAX_SEGMENT} bytes")
    if _is_own(parts[0]):
        raise _unsafe(path, f"the store keeps {parts[0]!r} for itself")
    return parts


def _unsafe(path: str, reason: str) -> UnsafePath:
    shown = path if len(path) <= 200 else path[:200] + "…"
    return UnsafePath(
        f"{shown!r} cannot be the path of an artifact: {reason}. "
        "Use names joined by '/', relative to the run: 'plots/roc.json'."
    )


def _is_own(name: str) -> bool:
    """Whether some file system takes a name for one of the store's own.

    macOS and Windows ignore case, HFS+ ignores invisible characters as well.
    """
    if not name.isascii():
        name = "".join(sign for sign in name if unicodedata.category(sign) != "Cf")
    return name.casefold() in OWN_NAMES


def stored_name(segment: str) -> str:
    """Return the name that a segment has on this system's disks."""
    return on_windows(segment) if WINDOWS else segment


def logical_name(name: str) -> str | None:
    """Return the segment that a name on disk stands for, or None if it is none of ours.

    Somebody else may have put a file there whose name no logical path has.
    """
    if _FORBIDDEN.search(name):
        return None
    return from_windows(name) if WINDOWS else name


def on_windows(segment: str) -> str:
    """Return the name of a segment on Windows: refused characters, device names, tails escaped.

    A ``~`` before a digit is escaped because ``BLOBS~1`` is another name of ``.blobs`` there.

    Raises
    ------
    UnsafePath
        If the escaped name has more than 255 characters.
    """
    name = _WINDOWS_REFUSED.sub(lambda found: f"^{ord(found[0]):02X}", segment)
    if _WINDOWS_DEVICE.match(name):
        name = f"^{ord(name[0]):02X}{name[1:]}"
    if name[-1] in ". ":
        name = f"{name[:-1]}^{ord(name[-1]):02X}"
    if len(name.encode("utf-16-le")) > 2 * MAX_SEGMENT:
        raise _unsafe(segment, "Windows needs more than 255 characters for a segment of it")
    return name


def from_windows(name: str) -> str | None:
    """Return the segment whose name on Windows is `name`, or None if there is none."""
    segment = _WINDOWS_ESCAPE.sub(lambda found: chr(int(found[1], 16)), name)
    known = segment not in ("", ".", "..") and on_windows(segment) == name
    return segment if known else None
