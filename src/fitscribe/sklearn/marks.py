"""Marks: what tells, at the speed of memory, that data hold what other data held.

A digest says the same of equal data however they lie in memory, and takes its time for that. Equal
marks mean equal data; of equal data that lie otherwise the marks may differ.

Marks of small data are xxh64 and not xxh3: on processors with AVX-512 that is as fast, but they
clock down, and what runs after it, a function of scikit-learn, takes up to 0.1 ms more CPU time.
Of large data xxh3 takes half the time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xxhash import xxh3_128_digest, xxh64_digest

from fitscribe.modelfolder.containers import is_pandas_frame

__all__ = ["Mark", "mark_of_array", "mark_of_table"]

# The type of an array, and a digest of its bytes (of objects, a hash).
Mark = tuple[object, object]

SMALL = 512 << 10
# Of small arrays, and of others: of their bytes, in the order of rows.
DIGESTS: tuple[Callable[[Any], bytes], ...] = (xxh64_digest, xxh3_128_digest)
NUMBERS = "biuf"


def mark_of_array(array: NDArray[Any]) -> Mark:
    """Return the mark of the values of an array in the order of rows; its shape is not in it."""
    dtype = array.dtype
    if dtype.kind in "OT":
        try:
            return dtype.kind, hash(tuple(array.ravel().tolist()))
        except TypeError:  # lists in it
            return dtype.kind, object()
    plain = array if array.flags.c_contiguous else np.ascontiguousarray(array)
    return dtype, DIGESTS[plain.nbytes > SMALL](plain)


def mark_of_table(data: Any) -> tuple[tuple[object, ...] | None, object]:
    """Return the mark of an array or of a frame of pandas; None where that takes as long as more.

    The labels of a frame are in it by their id, and come with it: whoever keeps it keeps them.
    """
    if type(data) is np.ndarray:
        return _mark_of_numbers(data), None
    if not is_pandas_frame(data):
        return None, None
    parts: Any = getattr(data, "_mgr", None)
    blocks = getattr(parts, "blocks", None)
    if blocks is None:
        return None, None
    # What the properties of a frame lead to takes half the time.
    labels, index = parts.axes
    rows: object = getattr(index, "_range", None)
    if rows is None:
        rows = _mark_of_numbers(index._values)
    mark = [type(data), index.name, id(labels), rows]
    for block in blocks:
        mark += (_mark_of_numbers(block.values), block.mgr_locs.as_array.tobytes())
    return None if rows is None or None in mark[4:] else tuple(mark), labels


def _mark_of_numbers(array: Any) -> tuple[object, ...] | None:
    if type(array) is not np.ndarray or array.dtype.kind not in NUMBERS:
        return None
    base = array.base
    if base is not None and (type(base) is not np.ndarray or base.base is not None):
        return None  # a file that is read where it lies, perhaps
    flags = array.flags
    if flags.c_contiguous:
        return array.dtype, array.shape, DIGESTS[array.nbytes > SMALL](array)
    if flags.f_contiguous:
        return array.dtype, array.shape, "F", DIGESTS[array.nbytes > SMALL](array.T)
    return None
