"""Data of any container as rows and named columns; nothing is read before it is asked for."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from fitscribe.errors import InvalidParameter
from fitscribe.monitoring.column import Kind
from fitscribe.monitoring.frames import (
    array_column,
    arrow_column,
    pandas_column,
    polars_column,
)
from fitscribe.monitoring.parts import Numbers, Other, Part, Sparse, Table

__all__ = ["LONGEST_NAME", "table_of"]

LONGEST_NAME = 200
# So many bytes of a frame's numbers are put side by side, which costs less than to look at each
# column for itself.
MOST_STACKED = 1 << 22
# What reading a broken or foreign column may raise.
_ODD = (
    ArithmeticError,
    AttributeError,
    ImportError,
    LookupError,
    NotImplementedError,
    RuntimeError,
    TypeError,
    ValueError,
)

Reader = Callable[[int, Kind | None], Part]


def table_of(data: Any) -> Table:
    """Return data as rows and columns.

    Parameters
    ----------
    data : array-like, sparse matrix, frame or Series
        One column, or rows of columns: numpy, scipy, pandas, polars, Arrow, or a list.

    Raises
    ------
    InvalidParameter
        If it is none of these, or has other than one or two dimensions.
    """
    if _is(data, "pandas", "DataFrame"):
        return _pandas_table(data)
    if _is(data, "pandas", "Series"):
        return _columns([data.name], len(data), lambda _, wanted: pandas_column(data, wanted))
    if _is(data, "polars", "DataFrame"):
        read = lambda place, wanted: polars_column(data.to_series(place), wanted)  # noqa: E731
        return _columns(data.columns, data.height, read)
    if _is(data, "polars", "Series"):
        return _columns([data.name], len(data), lambda _, wanted: polars_column(data, wanted))
    if _is(data, "pyarrow", "Table", "RecordBatch"):
        read = lambda place, wanted: arrow_column(data.column(place), wanted)  # noqa: E731
        return _columns(data.schema.names, data.num_rows, read)
    if _is(data, "pyarrow", "Array", "ChunkedArray"):
        return _columns([None], len(data), lambda _, wanted: arrow_column(data, wanted))
    if _is(data, "scipy.sparse", "spmatrix", "sparray"):
        return _sparse_table(data)
    if isinstance(data, np.ndarray):
        return _array_table(data)
    if isinstance(data, (list, tuple)):
        return _list_table(data)
    if hasattr(type(data), "__array__"):
        return _array_table(_array_of(data))
    raise InvalidParameter(
        f"A profile is made of an array, a sparse matrix, a frame, a Series or a list of rows; "
        f"got a {type(data).__name__}. Give numpy.asarray(data), or a frame of it."
    )


def _is(data: object, module: str, *names: str) -> bool:
    """Return whether data is of one of a module's classes; no, where it is not imported."""
    loaded: Any = sys.modules.get(module)
    classes = [getattr(loaded, name, None) for name in names]
    return any(cls is not None and isinstance(data, cls) for cls in classes)


# ---- names ------------------------------------------------------------------------------------


def _names(labels: Sequence[Any]) -> list[str]:
    """Return labels as short texts; of two that are equal the second is ``label.1``."""
    found: dict[str, None] = {}
    for label in labels:
        text = str(label).encode("utf-8", "backslashreplace").decode()[:LONGEST_NAME]
        name, again = text, 0
        while name in found:
            again += 1
            name = f"{text}.{again}"
        found[name] = None
    return list(found)


def _columns(labels: Sequence[Any], rows: int, read: Reader) -> Table:
    """Return a table that is read column by column."""
    is_named = any(label is not None and label != "" for label in labels)
    names = _names(labels) if is_named else [str(place) for place in range(len(labels))]

    def parts(places: Sequence[int], wanted: Sequence[Kind | None]) -> Iterator[Part]:
        pairs = zip(places, wanted, strict=True)
        found = (_read(partial(read, place, kind), rows) for place, kind in pairs)
        return _stacked(found, rows, len(places))

    return Table(rows, names, is_named, parts)


def _read(read: Callable[[], Part], rows: int) -> Part:
    """Return a column as a part; one that cannot be read is something else, nothing missing."""
    polars = sys.modules.get("polars.exceptions")
    odd = (*_ODD, polars.PolarsError) if polars else _ODD
    try:
        return read()
    except odd:
        return Other(0)


def _stacked(parts: Iterator[Part], rows: int, count: int) -> Iterator[Part]:
    """Yield the parts; neighbours that are short columns of numbers are put into one matrix."""
    if rows * count * 8 > MOST_STACKED:
        yield from parts
        return
    waiting: list[Numbers] = []
    for part in parts:
        if isinstance(part, Numbers) and not part.unlike:
            waiting.append(part)
            continue
        yield from _side_by_side(waiting)
        waiting = []
        yield part
    yield from _side_by_side(waiting)


def _side_by_side(parts: list[Numbers]) -> Iterator[Part]:
    if len(parts) < 2:
        yield from parts
        return
    lines = np.empty((len(parts), len(parts[0].matrix)))
    for line, part in zip(lines, parts, strict=True):
        line[:] = part.matrix[:, 0]
    yield Numbers([part.kinds[0] for part in parts], lines.T)


# ---- containers -------------------------------------------------------------------------------


def _pandas_table(frame: Any) -> Table:
    rows = len(frame)

    # Views; one after another they take a fifth of what `iloc` takes for each.
    @functools.cache
    def columns() -> list[Any]:
        return [column for _, column in frame.items()]

    def read(place: int, wanted: Kind | None) -> Part:
        return pandas_column(columns()[place], wanted)

    table = _columns(list(frame.columns), rows, read)
    if not getattr(getattr(frame, "_mgr", None), "is_single_block", False):
        return table
    first = next(frame.items())[1].dtype
    if not isinstance(first, np.dtype) or first.kind not in _PLAIN:
        return table
    # To make a Series of each column takes longer than to look at a short one.
    whole = frame.to_numpy()
    return Table(rows, table.names, True, partial(_matrix_parts, whole))


_PLAIN: dict[str, Kind] = {"f": "number", "i": "integer", "u": "integer", "b": "boolean"}


def _matrix_parts(
    matrix: Any, places: Sequence[int], wanted: Sequence[Kind | None]
) -> Iterator[Part]:
    """Yield wanted columns of a matrix of numbers: a view where they are the first ones."""
    in_place = list(places) == list(range(len(places)))
    chosen = matrix[:, : len(places)] if in_place else matrix[:, list(places)]
    if chosen.shape[1]:
        yield Numbers([_PLAIN[chosen.dtype.kind]] * len(places), chosen)


def _array_table(data: Any) -> Table:
    """Return a table of an array of one or two dimensions; masked cells are missing."""
    if data.ndim not in (1, 2):
        raise InvalidParameter(
            f"A profile is made of rows and columns; got an array of shape {data.shape}. "
            "Give it as array.reshape(len(array), -1)."
        )
    if isinstance(data, np.ma.MaskedArray):
        array = np.array(np.ma.getdata(data), dtype=object)
        array[np.ma.getmaskarray(data)] = None
    else:
        array = np.asarray(data)
    matrix = array.reshape(-1, 1) if array.ndim == 1 else array
    names = [str(place) for place in range(matrix.shape[1])]
    if matrix.dtype.kind in _PLAIN:
        return Table(len(matrix), names, False, partial(_matrix_parts, matrix))
    return _columns(
        [None] * len(names), len(matrix), lambda i, kind: array_column(matrix[:, i], kind)
    )


def _array_of(data: Any) -> Any:
    """Return the array that an object of another library says it is."""
    try:
        return np.asarray(data)
    except _ODD as error:
        raise InvalidParameter(
            f"No array can be made of the {type(data).__name__}: {error}. "
            "Give a numpy array or a frame of it."
        ) from None


def _list_table(data: Sequence[Any]) -> Table:
    """Return a table of a list of values, or of rows of equal length."""
    if not data or not isinstance(data[0], (list, tuple, np.ndarray)):
        values = np.fromiter(data, dtype=object, count=len(data))
        return _array_table(values)
    lengths = {len(row) if isinstance(row, (list, tuple, np.ndarray)) else -1 for row in data}
    if len(lengths) > 1:
        raise InvalidParameter(
            "The rows of a list have different lengths, or some are no rows. "
            "Give each row a value for every column, None where there is none."
        )
    matrix = np.empty((len(data), lengths.pop()), dtype=object)
    for place, row in enumerate(data):
        for column, value in enumerate(row):
            matrix[place, column] = value
    return _array_table(matrix)


def _sparse_table(data: Any) -> Table:
    if data.ndim != 2:
        data = data.reshape(-1, 1)
    rows, columns = data.shape

    def parts(places: Sequence[int], wanted: Sequence[Kind | None]) -> Iterator[Part]:
        kind = _PLAIN.get(data.dtype.kind)
        if kind is None:
            yield from [Other(0)] * len(places)
        elif len(places):
            yield Sparse([kind] * len(places), _by_columns(data, len(places)))

    return Table(rows, [str(place) for place in range(columns)], False, parts)


def _by_columns(matrix: Any, count: int) -> Any:
    """Return the first columns as csc without duplicates; the user's matrix stays as it is."""
    columns = matrix.tocsc()
    if columns.shape[1] > count:
        columns = columns[:, :count]
    if not columns.has_canonical_format:
        if columns is matrix:
            columns = columns.copy()
        columns.sum_duplicates()
    return columns
