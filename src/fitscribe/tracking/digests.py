"""A fingerprint of data that changes when any element does."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

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

__all__ = ["ODD", "Digest", "Part", "digest_of"]

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


class Part(NamedTuple):
    """What was found of one object: its digest, and those of its columns if it was read so."""

    whole: bytes
    columns: Sequence[bytes] | None = None


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
    parts : tuple of Part
        What it is made of, an object each.
    """

    hex: str
    partial: bool = False
    of_first: str = ""
    parts: tuple[Part, ...] = field(default=(), compare=False, repr=False)


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
        parts = tuple(_digest(data, look) for data in objects)
    except ODD:
        return None
    wholes = [part.whole for part in parts]
    of_first = xxh3_128_hexdigest(VERSION + b"".join(wholes[:1]))
    whole = of_first if len(parts) == 1 else xxh3_128_hexdigest(VERSION + b"".join(wholes))
    return Digest(whole, look.partial, of_first, parts)


def _digest(data: Any, look: Look) -> Part:
    """Return the digest of one object."""
    if data is None:
        return Part(combined(b"none"))
    if isinstance(data, np.ndarray):
        return _column(array_digest(data, look), data.ndim == 1)
    if is_pandas_frame(data):
        index = pandas_digest(data.index, look)
        labels, columns = data.columns.tolist(), pandas_columns(data, look)
        whole = frame_digest(labels, columns, len(data), look)
        return Part(combined(b"pandas", index, whole), columns)
    if is_pandas_series(data):
        index, name = pandas_digest(data.index, look), values_digest([data.name], look)
        plain = isinstance(data.dtype, np.dtype)
        column = array_digest(data.to_numpy(), look) if plain else pandas_digest(data.array, look)
        return Part(combined(b"series", index, name, column), [column])
    if is_sparse(data):
        return Part(sparse_digest(data, look))
    if is_polars_frame(data):
        columns = polars_columns(data, look)
        return Part(frame_digest(data.columns, columns, data.height, look), columns)
    if is_polars_series(data):
        name = values_digest([data.name], look)
        column = polars_series_digest(data, look)
        return Part(combined(b"series", name, column), [column])
    return _other_digest(data, look)


def _other_digest(data: Any, look: Look) -> Part:
    """Return the digest of what is neither an array nor a frame of pandas or polars."""
    pyarrow, pandas = sys.modules.get("pyarrow"), sys.modules.get("pandas")
    if pyarrow is not None and isinstance(data, (pyarrow.Table, pyarrow.RecordBatch)):
        columns = arrow_columns(data, look)
        return Part(frame_digest(data.schema.names, columns, data.num_rows, look), columns)
    if pyarrow is not None and isinstance(data, (pyarrow.Array, pyarrow.ChunkedArray)):
        return _column(arrow_digest(data, look))
    if pandas is not None and isinstance(
        data, (pandas.Index, pandas.api.extensions.ExtensionArray)
    ):
        return _column(pandas_digest(data, look))
    if isinstance(data, range):
        return Part(combined(b"range", values_digest([data.start, data.stop, data.step], look)))
    return Part(values_digest([data], look))


def _column(digest: bytes, is_column: bool = True) -> Part:
    """Return the digest of an object that is a column itself."""
    return Part(digest, [digest] if is_column else None)
