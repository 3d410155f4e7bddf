"""Digests of the columns of data, so that a change says which column.

They are those that the digest of a frame is made of, and cost nothing there. The digest of an
array is of its rows as they lie, so those of its columns are taken besides: in blocks that stay in
the cache, turned over before they are read. A column has one digest in every array of numbers,
whatever its order in memory, and in frames of pandas, polars and Arrow where nothing is missing.

Of a digest 32 bits are kept. The whole says that data differ, so a column need only be told from
its few neighbours: one change in four milliards is missed, and a name costs more space.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from fitscribe.modelfolder.containers import is_arrow_table, is_sparse
from fitscribe.tracking.digest_values import (
    Look,
    Undigestible,
    array_digest,
    combined,
    is_of_words,
    is_sampled,
    number_digests,
)
from fitscribe.tracking.digests import ODD, Digest, Part

__all__ = ["COLUMNS", "LEFT_OUT", "MOST_COLUMNS", "columns_profile"]

# Keys in a dataset's profile.
COLUMNS = "fitscribe.columns"
LEFT_OUT = "fitscribe.columns_left_out"

# Of data with more columns none has a digest: their names would fill the database.
MOST_COLUMNS = 256
DIGITS = 8
# Cells that are Python objects, texts of a fixed width and the like are read one by one.
MOST_ODD_CELLS = 1 << 16


class LeftOut(Exception):
    """The columns of data have no digests; the message says why, in words for a person."""


def columns_profile(
    data: Mapping[str, Any], digest: Digest, most_turned: int | None = None
) -> Mapping[str, Any]:
    """Return what the profile of a dataset says of its columns.

    Parameters
    ----------
    data : dict of str to object
        ``"features"``, and perhaps ``"targets"``: arrays, sparse matrices, frames, Series.
    digest : Digest
        Of these, in this order.
    most_turned : int, optional
        How many bytes of an array are turned over at most; as many as there are, by default. An
        array in Fortran order need not be.

    Returns
    -------
    dict
        ``fitscribe.columns``: for features and targets eight hexadecimal digits of each column,
        by its label; columns of an array are called ``"0"``, ``"1"``, …, and of two columns with
        one label the second is called ``label.1``. ``fitscribe.columns_left_out``, if there are
        some that have none: why.
    """
    found: dict[str, dict[str, str]] = {}
    left_out: dict[str, str] = {}
    for (what, part_of_data), part in zip(data.items(), digest.parts, strict=False):
        try:
            found[what] = _column_digests(part_of_data, part, most_turned)
        except LeftOut as why:
            left_out[what] = str(why)
    profile: dict[str, Any] = {COLUMNS: found} if found else {}
    if left_out:
        profile[LEFT_OUT] = left_out
    return profile


def _column_digests(data: Any, part: Part, most_turned: int | None) -> dict[str, str]:
    """Return eight hexadecimal digits for each column; `part` is what was found already.

    Raises
    ------
    LeftOut
        If there are too many columns, none, or some that have no digest.
    """
    count = _count(data)
    if count > MOST_COLUMNS:
        raise LeftOut(f"{count:,} columns; of {MOST_COLUMNS} at most each has a digest")
    try:
        found = _columns(data, most_turned) if part.columns is None else part.columns
        hexes = [digest.hex()[:DIGITS] for digest in found]
        return dict(zip(_labels(data, len(found)), hexes, strict=True))
    except ODD as error:
        raise LeftOut("values that have no digest") from error


def _count(data: Any) -> int:
    shape: Any = getattr(data, "shape", ())
    return int(shape[1]) if len(shape) == 2 else 1


def _labels(data: Any, count: int) -> Iterable[str]:
    """Return what the columns are called; of two with one label, the second is ``label.1``."""
    if isinstance(data, np.ndarray):
        return _places(count)
    labels = getattr(data, "columns", None)
    if is_arrow_table(data):
        labels = data.schema.names
    if labels is None:
        name = getattr(data, "name", None)
        return [name] if count == 1 and isinstance(name, str) else _places(count)
    names = [str(label) for label in labels]
    return names if len(set(names)) == count else _told_apart(names)


@functools.lru_cache(maxsize=64)
def _places(count: int) -> Sequence[str]:
    return tuple(map(str, range(count)))


def _told_apart(names: Sequence[str]) -> list[str]:
    found: dict[str, None] = {}
    for label in names:
        name, again = label, 0
        while name in found:
            again += 1
            name = f"{label}.{again}"
        found[name] = None
    return list(found)


def _columns(data: Any, most_turned: int | None) -> Sequence[bytes]:
    """Return the digests of the columns of an array or a sparse matrix."""
    if not isinstance(data, np.ndarray):
        if is_sparse(data):
            return _sparse_columns(data)
        raise LeftOut(f"a {type(data).__name__} has no columns")
    if data.ndim not in (1, 2):
        raise LeftOut(f"{data.ndim} dimensions")
    if is_sampled(data):
        raise LeftOut("a memory map, or more than 4 GB: read in part only")
    masked = isinstance(data, np.ma.MaskedArray)
    array = data if masked else np.asarray(data)
    columns = array.T if array.ndim == 2 else [array]
    if masked or not is_of_words(array.dtype):
        if array.size > MOST_ODD_CELLS:
            raise LeftOut(f"{array.size:,} cells of the type {array.dtype}; no numbers")
        return [array_digest(column, Look()) for column in columns]
    if array.ndim == 1:
        return [array_digest(array, Look())]
    if most_turned is not None and array.nbytes > most_turned and not array.flags.f_contiguous:
        raise LeftOut(f"an array in C order of {array.nbytes:,} bytes, given to a fitted model")
    return number_digests(array)


def _sparse_columns(matrix: Any) -> list[bytes]:
    """Return the digests of the columns of a matrix that is stored in columns, as stored."""
    if matrix.format != "csc":
        raise LeftOut(f"a sparse matrix of the format {matrix.format}; one in columns (csc) has")
    if matrix.indptr[-1] > len(matrix.data):
        raise Undigestible("a sparse matrix that is broken")
    values, places = matrix.data, matrix.indices
    header = f"sparse column {values.dtype.str} {matrix.shape[0]}".encode()
    ends = matrix.indptr.tolist()
    # The width of indices is scipy's choice by the size of the whole matrix.
    return [
        combined(
            header,
            array_digest(values[start:end], Look()),
            array_digest(places[start:end].astype(np.int64), Look()),
        )
        for start, end in itertools.pairwise(ends)
    ]
