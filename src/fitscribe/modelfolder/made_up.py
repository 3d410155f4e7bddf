"""Rows that nobody has: values of each column, put together anew, in the container of the data."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fitscribe.modelfolder.containers import is_pandas_frame, is_polars_frame, is_sparse

__all__ = ["MOST_ROWS", "Sketch", "made_up"]

MOST_ROWS = 16
# Wide data gets fewer rows, at least two.
MOST_CELLS = 4096
SEED = 0

Value = str | bool | int | float | None


@dataclass(frozen=True, slots=True)
class Sketch:
    """What a made-up column may hold.

    Parameters
    ----------
    kind : {"number", "integer", "boolean", "datetime", "text"}
    values : list
        Numbers ascending, of which some are taken, the ends always; of dates the seconds since
        1970; of texts the first ones. At least one.
    missing : bool
        Whether there is to be one row without.
    """

    kind: str
    values: Sequence[Value]
    missing: bool = False

    def cells(self, count: int) -> list[Value]:
        """Return so many values."""
        values, known = self.values, len(self.values)
        if known <= count:
            return [values[place % known] for place in range(count)]
        if self.kind == "text":
            return list(values[:count])
        step = (known - 1) / (count - 1)
        return [values[round(place * step)] for place in range(count)]


def made_up(like: Any, sketches: Sequence[Sketch]) -> Any:
    """Return rows of the container and the dtypes of data; None where they cannot be made.

    Parameters
    ----------
    like : array, sparse matrix, frame or list of rows
        Of which dtypes and names are looked at, no value.
    sketches : sequence of Sketch
        One for each column; of a sparse matrix there may be more columns, which are zero then.

    Examples
    --------
    >>> like = np.zeros((100, 2), dtype=np.float32)
    >>> rows = made_up(like, [Sketch("number", [0.5, 1.5, 9.0]), Sketch("integer", [7])])
    >>> rows.shape, rows.dtype, sorted(set(rows[:, 0].tolist()))
    ((16, 2), dtype('float32'), [0.5, 1.5, 9.0])
    """
    columns = len(sketches)
    if not columns:
        return None
    count = min(MOST_ROWS, max(2, MOST_CELLS // columns))
    # The rows of each column in an order of its own; nobody else's generator is touched.
    places = np.tile(np.arange(count), (columns, 1))
    orders = np.random.Generator(np.random.PCG64(SEED)).permuted(places, axis=1)
    if is_pandas_frame(like):
        return _pandas(like, sketches, count, orders)
    if is_polars_frame(like):
        return _polars(like, sketches, count, orders)
    if is_sparse(like):
        dense = _matrix(sketches, count, orders, like.dtype)
        return None if dense is None else _sparse(like, dense)
    if isinstance(like, list):
        is_whole = all(one.kind == "integer" for one in sketches)
        return _matrix(sketches, count, orders, np.dtype(np.int64 if is_whole else np.float64))
    if type(like) is not np.ndarray or like.ndim not in (1, 2):
        return None
    matrix = _matrix(sketches, count, orders, like.dtype)
    return matrix if like.ndim == 2 or matrix is None else matrix[:, 0]


def _matrix(
    sketches: Sequence[Sketch], count: int, orders: NDArray[Any], dtype: np.dtype[Any]
) -> Any:
    """Return rows as an array of one dtype."""
    if dtype.kind in "OU":
        kinds = {"text"} if dtype.kind == "U" else {"text", "number", "integer", "boolean"}
        if not {one.kind for one in sketches} <= kinds:
            return None
        cells: NDArray[Any] = np.empty((count, len(sketches)), dtype=object)
        for place, (one, order) in enumerate(zip(sketches, orders, strict=True)):
            cells[order, place] = one.cells(count)
        return cells.astype(dtype)
    if dtype.kind not in "fiub" or any(one.kind in ("text", "datetime") for one in sketches):
        return None
    numbers = np.array([one.cells(count) for one in sketches], dtype=np.float64)
    if dtype.kind == "f":
        numbers[[one.missing for one in sketches], 0] = math.nan
    mixed = numbers[np.arange(len(sketches))[:, np.newaxis], orders].T
    return np.ascontiguousarray(_as_numbers(mixed, dtype))


def _as_numbers(numbers: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return float64 as another dtype of numbers, within its range."""
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        # The largest 64-bit integers are none of float64.
        low, high = float(limits.min), math.nextafter(float(limits.max), 0)
        high = float(limits.max) if limits.bits < 64 else high
        numbers = np.clip(np.round(numbers), low, high)
    if dtype.kind == "f":
        limit = np.finfo(dtype).max
        numbers = numbers if dtype.itemsize >= 8 else np.clip(numbers, -limit, limit)
    return numbers.astype(dtype)


def _sparse(like: Any, dense: NDArray[Any]) -> Any:
    from scipy import sparse

    is_array = type(like).__name__.endswith("_array")
    found = (sparse.csr_array if is_array else sparse.csr_matrix)(dense)
    missing = like.shape[1] - dense.shape[1]
    if missing:
        parts = (found.data, found.indices, found.indptr)
        found = type(found)(parts, shape=(len(dense), like.shape[1]))
    return found.tocsc() if like.format == "csc" else found


# ---- frames -----------------------------------------------------------------------------------


def _mixed(one: Sketch, count: int, order: NDArray[Any], missing: bool = True) -> list[Value]:
    """Return the cells of a column in their order, one of them None if it is to be missing."""
    cells = one.cells(count)
    if one.missing and missing:
        cells[0] = None
    return [cells[place] for place in order.tolist()]


def _floats(cells: list[Value]) -> NDArray[Any]:
    return np.array([math.nan if cell is None else cell for cell in cells], dtype=np.float64)


def _dates(cells: list[Value]) -> NDArray[Any]:
    """Return seconds since 1970 as microseconds, which have no zone."""
    whole = [None if cell is None else round(float(cell) * 1e6) for cell in cells]
    return np.array(["NaT" if one is None else one for one in whole], dtype="M8[us]")


def _pandas(like: Any, sketches: Sequence[Sketch], count: int, orders: NDArray[Any]) -> Any:
    if len(like.columns) != len(sketches):
        return None
    pandas: Any = sys.modules["pandas"]
    found = {}
    for place, (dtype, one) in enumerate(zip(like.dtypes, sketches, strict=True)):
        values = _pandas_column(pandas, dtype, one, count, orders[place])
        if values is None:
            return None
        found[place] = values
    frame = pandas.DataFrame(found)
    frame.columns = like.columns
    return frame


def _pandas_column(pandas: Any, dtype: Any, one: Sketch, count: int, order: NDArray[Any]) -> Any:
    """Return a column of a dtype; None for a dtype of which none is made."""
    # Whether None or NaN is missing among objects, nobody knows.
    has_gaps = not (isinstance(dtype, np.dtype) and dtype.kind in "Oiub")
    cells = _mixed(one, count, order, has_gaps)
    is_number = one.kind in ("number", "integer", "boolean")
    if isinstance(dtype, np.dtype):
        if dtype.kind in "fiub":
            return _as_numbers(_floats(cells), dtype) if is_number else None
        if dtype.kind == "M":
            return _dates(cells).astype(dtype) if one.kind == "datetime" else None
        if dtype.kind == "O" and one.kind != "datetime":
            return pandas.Series(cells, dtype=object)
        return None
    if hasattr(dtype, "categories"):
        texts = set(one.values)
        # Rare ones stay unnamed.
        named = [label for label in dtype.categories if str(label) in texts]
        known = {str(label): label for label in named}
        labels = [None if cell is None else known.get(str(cell)) for cell in cells]
        kept = dtype.categories[[str(label) in texts for label in dtype.categories]]
        return pandas.Categorical(labels, categories=kept, ordered=dtype.ordered)
    if hasattr(dtype, "tz"):
        if one.kind != "datetime":
            return None
        plain = pandas.Series(_dates(cells).astype(f"M8[{dtype.unit}]"))
        return plain.dt.tz_localize("UTC").dt.tz_convert(dtype.tz)
    if dtype.type is str:
        return pandas.array(cells, dtype=dtype) if one.kind == "text" else None
    if dtype.kind in "fiub" and is_number and hasattr(dtype, "numpy_dtype"):
        numbers = _floats(cells)
        gone = np.isnan(numbers)
        plain_dtype = np.dtype(dtype.numpy_dtype)
        plain = _as_numbers(np.where(gone, 0.0, numbers), plain_dtype).tolist()
        filled = [None if no else cell for cell, no in zip(plain, gone.tolist(), strict=True)]
        return pandas.array(filled, dtype=dtype)
    return None


def _polars(like: Any, sketches: Sequence[Sketch], count: int, orders: NDArray[Any]) -> Any:
    if like.width != len(sketches):
        return None
    polars: Any = sys.modules["polars"]
    found = []
    for place, (name, one) in enumerate(zip(like.columns, sketches, strict=True)):
        dtype = like.schema[name]
        cells = _mixed(one, count, orders[place])
        if dtype.is_float() or dtype.is_integer() or dtype == polars.Boolean:
            if one.kind not in ("number", "integer", "boolean"):
                return None
            if not dtype.is_float():
                cells = [None if cell is None else round(cell) for cell in cells]  # type: ignore[arg-type]
            if dtype == polars.Boolean:
                cells = [None if cell is None else bool(cell) for cell in cells]
            found.append(polars.Series(name, cells, dtype=dtype))
        elif dtype == polars.Date or dtype == polars.Datetime:
            if one.kind != "datetime":
                return None
            found.append(polars.Series(name, _dates(cells)).cast(dtype))
        elif dtype.base_type().__name__ in ("String", "Categorical", "Enum"):
            found.append(polars.Series(name, cells, dtype=dtype))
        else:
            return None
    return polars.DataFrame(found)
