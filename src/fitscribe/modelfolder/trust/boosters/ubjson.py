"""UBJSON as XGBoost writes it: maps, lists, texts, numbers, and arrays of one type.

Texts stay bytes, as XGBoost compares them. What XGBoost's reader would take and its writer never
writes is refused.
"""

from __future__ import annotations

from struct import Struct
from typing import Any

import numpy as np

from fitscribe.modelfolder.trust.shapes.fits import DoesNotFit, need

__all__ = ["read_ubjson"]

# Those of XGBoost are ten deep.
MOST_DEPTH = 32
_LENGTH = Struct(">q")
_NUMBERS = dict(zip(b"iUIlLd", map(Struct, (">b", ">B", ">h", ">i", ">q", ">f")), strict=True))
_DTYPES = dict(
    zip(
        b"iUIlLdD",
        map(np.dtype, ("i1", "u1", ">i2", ">i4", ">i8", ">f4", ">f8")),
        strict=True,
    )
)
_CONSTANTS = {ord("T"): True, ord("F"): False, ord("Z"): None}


def read_ubjson(data: bytes) -> Any:
    """Return what a UBJSON of XGBoost holds.

    Parameters
    ----------
    data : bytes

    Returns
    -------
    object
        Maps are dicts and texts are bytes; arrays of one type are arrays of numpy.

    Raises
    ------
    DoesNotFit
        If it is none, is cut off, or goes on after its end.
    """
    reader = _Reader(data)
    found = reader.value(0)
    need(reader.at == len(data), "nothing follows its content")
    return found


class _Reader:
    """Where a reader is in its bytes."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def count(self, marker: bytes, size: int = 1) -> int:
        """Return the length after a marker, of what takes at least so many bytes each."""
        at = self.at + len(marker)
        if self.data[self.at : at] != marker or at + 8 > len(self.data):
            raise DoesNotFit(f"for there is no length at byte {self.at:,}")
        found: int = _LENGTH.unpack_from(self.data, at)[0]
        self.at = at + 8
        if not 0 <= found <= (len(self.data) - self.at) // size:
            raise DoesNotFit(f"for at byte {self.at:,} it is longer than it is")
        return found

    def text(self) -> bytes:
        """Return a text."""
        size = self.count(b"L")
        start = self.at
        self.at = start + size
        return self.data[start : self.at]

    def code(self) -> int:
        """Return what says which kind of value follows."""
        if self.at >= len(self.data):
            raise DoesNotFit("for it ends in the middle")
        self.at += 1
        return self.data[self.at - 1]

    def value(self, depth: int) -> Any:
        """Return the next value, which lies in so many others."""
        code = self.code()
        if code == ord("S"):
            return self.text()
        if code == ord("["):
            return self.items(depth)
        if code == ord("{"):
            return self.mapping(depth)
        form = _NUMBERS.get(code)
        if form is not None:
            start = self.at
            self.at = start + form.size
            if self.at > len(self.data):
                raise DoesNotFit("for it ends in the middle")
            return form.unpack_from(self.data, start)[0]
        if code not in _CONSTANTS:
            raise DoesNotFit(f"for there is no kind of value {code:#04x} (byte {self.at - 1:,})")
        return _CONSTANTS[code]

    def mapping(self, depth: int) -> dict[bytes, Any]:
        """Return a map."""
        if depth == MOST_DEPTH:
            raise DoesNotFit(f"for more than {MOST_DEPTH} maps lie in one another")
        found: dict[bytes, Any] = {}
        data = self.data
        while data[self.at : self.at + 1] != b"}":
            key = self.text()
            # XGBoost would take the first.
            if key in found:
                raise DoesNotFit(f"for it has {key!r:.40} twice")
            found[key] = self.value(depth + 1)
        self.at += 1
        return found

    def items(self, depth: int) -> Any:
        """Return a list, or an array."""
        if self.data[self.at : self.at + 1] != b"$":
            if depth == MOST_DEPTH:
                raise DoesNotFit(f"for more than {MOST_DEPTH} lists lie in one another")
            return [self.value(depth + 1) for _ in range(self.count(b"#L"))]
        self.at += 1
        dtype = _DTYPES.get(self.code())
        if dtype is None:
            raise DoesNotFit(f"for there is no array of {self.data[self.at - 1]:#04x}")
        size = self.count(b"#L", dtype.itemsize)
        found = np.frombuffer(self.data, dtype, size, self.at)
        self.at += found.nbytes
        return found
