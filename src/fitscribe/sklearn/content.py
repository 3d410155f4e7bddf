"""What an array held when it was seen: told at once by its bytes, and by its values later.

Whoever calls us waits for a look at the bytes and for a copy, no longer. Numbers become float64,
and texts are compared, where somebody asks for them behind the caller's back.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from xxhash import xxh64_digest

from fitscribe.sklearn.marks import mark_of_array

__all__ = ["Content", "content_of"]

Array = NDArray[Any]
# Of more bytes no copy is kept: they are known by their digest only.
MOST_BYTES = 4 << 20
FLOAT64 = np.dtype(np.float64)
KINDS = "biufOUST"


class Content:
    """What an array held.

    Parameters
    ----------
    array : ndarray
        Of numbers or of texts; it is read only.
    """

    __slots__ = ("_array", "_digest", "_values", "mark", "nbytes")

    def __init__(self, array: Array) -> None:
        kind, digest = self.mark = mark_of_array(array)
        self.nbytes = 0  # of the copy
        self._array: Array | None = None
        self._values: Array | None = None
        self._digest = digest if kind == FLOAT64 and isinstance(digest, bytes) else None
        if array.nbytes <= MOST_BYTES:
            self._array = array
        elif self._digest is None:
            self._digest = _digest_of(_as_values(array))

    def keep(self) -> Content:
        """Keep a copy of the array, if it is small; the array may change from now on."""
        if self._array is not None:
            self._array = self._array.copy()
            self.nbytes = self._array.nbytes
        return self

    @property
    def values(self) -> Array | None:
        """The array, of float64 or of objects; None if it was not kept."""
        if self._values is None and self._array is not None:
            self._values = _as_values(self._array)
            self._array = None
        return self._values

    @property
    def digest(self) -> bytes | None:
        """Of the values, whatever shape and type they had; None if it is not known."""
        if self._digest is None and self.values is not None:
            self._digest = _digest_of(self.values)
        return self._digest

    def equals(self, other: Content) -> bool:
        """Whether both hold the same values."""
        if self.mark == other.mark:
            return True
        return self.digest is not None and self.digest == other.digest


def content_of(data: Any) -> Content | None:
    """Return what data hold that are a prediction or the like; None for others.

    A list of arrays (probabilities of several outputs) is put side by side.
    """
    array = data if type(data) is np.ndarray else _array_of(data)
    if array is None or not array.ndim or array.dtype.kind not in KINDS:
        return None
    return Content(array)


def _array_of(data: Any) -> Array | None:
    if isinstance(data, (list, tuple)) and data and isinstance(data[0], np.ndarray):
        return _side_by_side(data)
    try:
        return np.asarray(data)
    except (TypeError, ValueError, RuntimeError):
        return None


def _side_by_side(arrays: Any) -> Array | None:
    parts = [_array_of(part) if np.ndim(part) else None for part in arrays]
    whole = [_as_values(part.reshape(len(part), -1)) for part in parts if part is not None]
    if len(whole) != len(arrays) or len({len(part) for part in whole}) != 1:
        return None
    if any(part.dtype == object for part in whole):
        return None
    return np.hstack(whole)


def _as_values(array: Array) -> Array:
    if array.dtype.kind in "biuf":
        return array.astype(np.float64, copy=False)
    return array.astype(object, copy=False)


def _digest_of(values: Array) -> bytes | None:
    if values.dtype == object:
        if values.size > MOST_BYTES // 8:
            return None
        return xxh64_digest("\0".join(map(str, values.ravel().tolist())).encode())
    _, digest = mark_of_array(values)
    return digest if isinstance(digest, bytes) else None
