"""A fingerprint of data that changes when any element does."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

import numpy as np
from xxhash import xxh3_128_hexdigest

from fitscribe.modelfolder.containers import (
    is_pandas_frame,
    is_pandas_series,
    is_polars_frame,
    is_polars_series,
    is_sparse,
)
from fitscribe.tracking.digest_frames import (
    arrow_columns,
    arrow_digest,
    frame_digest,
    pandas_columns,
    pandas_digest,
    polars_columns,
    polars_series_digest,
)
from fitscribe.tracking.digest_values import (
    Look,
    Undigestible,
    array_digest,
    combined,
    sparse_digest,
    values_digest,
)

__all__ = ["Digest", "column_digests", "digest_of"]

# In front of every digest; a change of how they are computed changes it.
VERSION = b"fitscribe 2 "
# What reading a broken or foreign object may raise. Digests are taken of whatever a user fits.
ODD = (
    ArithmeticError,
    AttributeError,
    BufferError,
    ImportError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    TypeError,
    Undigestible,
    ValueError,
)


@dataclass(frozen=True, slots=True)
class Digest:
    """A fingerprint of data.

    Parameters
    ----------
    hex : str
        32 hexadecimal characters (xxh3, 128 bits).
    partial : bool
        Whether it is of a sample only: of a memory map, or of more than 4 GB.
    of_first : str
        Of several objects, what the digest of the first alone is (of X, where y was given, too).
    """

    hex: str
    partial: bool = False
    of_first: str = ""


def digest_of(*objects: Any) -> Digest | None:
    """Return one digest of all given data, of every byte, or None if it cannot be read twice.

    It depends on values, dtypes, shapes, labels and an index, and on the order of `objects`; not
    on the order in memory, on strides, on chunks. Data is read where it lies.

    Parameters
    ----------
    *objects : array, sparse matrix, DataFrame, Series, Table, list or None
        Of numpy, scipy, pandas, polars, Arrow or Python. None at the end does not count.

    Returns
    -------
    Digest or None
        None for iterators, for objects of unknown classes, and for what holds them.
    """
    while objects and objects[-1] is None:
        objects = objects[:-1]
    look = Look()
    try:
        parts = [_digest(data, look) for data in objects]
    except ODD:
        return None
    of_first = xxh3_128_hexdigest(VERSION + b"".join(parts[:1]))
    whole = of_first if len(parts) == 1 else xxh3_128_hexdigest(VERSION + b"".join(parts))
    return Digest(whole, look.partial, of_first)


def column_digests(data: Any) -> dict[str, Digest]:
    """Return the digest of each column by its label, so that a change can be named.

    Parameters
    ----------
    data : DataFrame, Table, or array of shape (rows, columns)
        Columns of an array are called ``"0"``, ``"1"``, …; of two columns with one label, the
        second is called ``label.1``.

    Returns
    -------
    dict of str to Digest
        Empty for what has no columns or no digest.
    """
    look = Look()
    try:
        found = _columns(data, look)
    except ODD:
        return {}
    digests: dict[str, Digest] = {}
    for label, digest in found:
        name, again = str(label), 0
        while name in digests:
            again += 1
            name = f"{label}.{again}"
        digests[name] = Digest(combined(VERSION, digest).hex(), look.partial)
    return digests


def _digest(data: Any, look: Look) -> bytes:
    """Return the digest of one object."""
    if data is None:
        return combined(b"none")
    if isinstance(data, np.ndarray):
        return array_digest(data, look)
    if is_pandas_frame(data):
        index = pandas_digest(data.index, look)
        labels = data.columns.tolist()
        whole = frame_digest(labels, pandas_columns(data, look), len(data), look)
        return combined(b"pandas", index, whole)
    if is_pandas_series(data):
        index, name = pandas_digest(data.index, look), values_digest([data.name], look)
        return combined(b"series", index, name, pandas_digest(data.array, look))
    if is_sparse(data):
        return sparse_digest(data, look)
    if is_polars_frame(data):
        return frame_digest(data.columns, polars_columns(data, look), data.height, look)
    if is_polars_series(data):
        name = values_digest([data.name], look)
        return combined(b"series", name, polars_series_digest(data, look))
    return _other_digest(data, look)


def _other_digest(data: Any, look: Look) -> bytes:
    """Return the digest of what is neither an array nor a frame of pandas or polars."""
    pyarrow, pandas = sys.modules.get("pyarrow"), sys.modules.get("pandas")
    if pyarrow is not None and isinstance(data, (pyarrow.Table, pyarrow.RecordBatch)):
        names = data.schema.names
        return frame_digest(names, arrow_columns(data, look), data.num_rows, look)
    if pyarrow is not None and isinstance(data, (pyarrow.Array, pyarrow.ChunkedArray)):
        return arrow_digest(data, look)
    if pandas is not None and isinstance(
        data, (pandas.Index, pandas.api.extensions.ExtensionArray)
    ):
        return pandas_digest(data, look)
    if isinstance(data, range):
        return combined(b"range", values_digest([data.start, data.stop, data.step], look))
    return values_digest([data], look)


def _columns(data: Any, look: Look) -> list[tuple[Any, bytes]]:
    """Return (label, digest) of each column; none for what has no columns."""
    pyarrow = sys.modules.get("pyarrow")
    if is_pandas_frame(data):
        return list(zip(data.columns, pandas_columns(data, look), strict=True))
    if is_polars_frame(data):
        return list(zip(data.columns, polars_columns(data, look), strict=True))
    if pyarrow is not None and isinstance(data, (pyarrow.Table, pyarrow.RecordBatch)):
        return list(zip(data.schema.names, arrow_columns(data, look), strict=True))
    if isinstance(data, np.ndarray) and data.ndim == 2:
        return [(place, array_digest(data[:, place], look)) for place in range(data.shape[1])]
    return []
