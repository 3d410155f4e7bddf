"""UBJSON as XGBoost writes it: maps, lists, texts, numbers, and arrays of one type.

Texts stay bytes, as XGBoost compares them. What XGBoost's reader would take and its writer never
writes is refused.
"""

from __future__ import annotations

from struct import Struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fitscribe.modelfolder.trust.shapes.fits import DoesNotFit, need

__all__ = ["ITEMS", "array_of_type", "read_ubjson"]

# Those of XGBoost are ten deep.
MOST_DEPTH = 32
_LENGTH = Struct(">q")
_NUMBERS = dict(zip(b"iUIlLd", map(Struct, (">b", ">B", ">h", ">i", ">q", ">f")), strict=True))
# What a number in an array is, by its code.
ITEMS = dict(
    zip(
        b"iUIlLdD",
        map(np.dtype, ("i1", "u1", ">i2", ">i4", ">i8", ">f4", ">f8")),
        strict=True,
    )
)
_SIZES = {code: dtype.itemsize for code, dtype in ITEMS.items()}
_CONSTANTS = {ord("T"): True, ord("F"): False, ord("Z"): None}
_MAP, _LIST, _TEXT, _TYPED, _LONG, _END = b"{[S$L}"


def read_ubjson(data: bytes) -> Any:
    """Return what a UBJSON of XGBoost holds.

    Parameters
    ----------
    data : bytes

    Returns
    -------
    object
        Maps are dicts and texts are bytes; an array of one type is a tuple of the type's code and
        the bytes of its numbers.

    Raises
    ------
    DoesNotFit
        If it is none, is cut off, or goes on after its end.
    """
    reader = _Reader(data)
    try:
        found = reader.value(0)
    except IndexError:
        raise DoesNotFit("for it ends in the middle") from None
    need(reader.at == len(data), "nothing follows its content")
    return found


def array_of_type(value: Any, codes: bytes) -> NDArray[Any]:
    """Return an array of one type; its type's code has to be among some."""
    if type(value) is not tuple or value[0] not in codes:
        raise DoesNotFit(f"for an array is none, or not of {codes.decode()}")
    return np.frombuffer(value[1], ITEMS[value[0]])


class _Reader:
    """Where a reader is in its bytes."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def taken(self, start: int, size: int) -> bytes:
        """Return so many numbers' or letters' bytes, whose length lies before them."""
        if start + 8 > len(self.data):
            raise IndexError
        end = start + 8 + _LENGTH.unpack_from(self.data, start)[0] * size
        # A negative length would lead back.
        if not start + 8 <= end <= len(self.data):
            raise DoesNotFit(f"for at byte {start:,} it is longer than it is")
        self.at = end
        return self.data[start + 8 : end]

    def value(self, depth: int) -> Any:
        """Return the next value, which lies in so many others."""
        start = self.at
        code = self.data[start]
        if code == _TEXT:
            if self.data[start + 1] != _LONG:
                raise DoesNotFit(f"for there is no length at byte {start:,}")
            return self.taken(start + 2, 1)
        self.at = start + 1
        if code == _LIST:
            return self.items(depth)
        if code == _MAP:
            return self.mapping(depth)
        form = _NUMBERS.get(code)
        if form is not None:
            self.at += form.size
            if self.at > len(self.data):
                raise IndexError
            return form.unpack_from(self.data, start + 1)[0]
        if code not in _CONSTANTS:
            raise DoesNotFit(f"for there is no kind of value {code:#04x} (byte {start:,})")
        return _CONSTANTS[code]

    def mapping(self, depth: int) -> dict[bytes, Any]:
        """Return a map."""
        if depth == MOST_DEPTH:
            raise DoesNotFit(f"for more than {MOST_DEPTH} maps lie in one another")
        found: dict[bytes, Any] = {}
        data = self.data
        while True:
            code = data[self.at]
            if code == _END:
                self.at += 1
                return found
            if code != _LONG:
                raise DoesNotFit(f"for there is no length at byte {self.at:,}")
            key = self.taken(self.at + 1, 1)
            # XGBoost would take the first.
            if key in found:
                raise DoesNotFit(f"for it has {key!r:.40} twice")
            found[key] = self.value(depth + 1)

    def items(self, depth: int) -> Any:
        """Return a list, or an array of one type."""
        data, start = self.data, self.at
        if data[start] == _TYPED:
            size = _SIZES.get(data[start + 1])
            if size is None or data[start + 2 : start + 4] != b"#L":
                raise DoesNotFit(f"for there is no array at byte {start:,}")
            return data[start + 1], self.taken(start + 4, size)
        if depth == MOST_DEPTH:
            raise DoesNotFit(f"for more than {MOST_DEPTH} lists lie in one another")
        if data[start : start + 2] != b"#L" or start + 10 > len(data):
            raise DoesNotFit(f"for there is no list at byte {start:,}")
        count = _LENGTH.unpack_from(data, start + 2)[0]
        self.at = start + 10
        # Each item takes a byte.
        if not 0 <= count <= len(data) - self.at:
            raise DoesNotFit(f"for at byte {start:,} it is longer than it is")
        return [self.value(depth + 1) for _ in range(count)]
