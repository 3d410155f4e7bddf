"""An input as columns: names, types, values where they lie, and the same container again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from fitscribe.errors import MissingDependency
from fitscribe.modelfolder.datatypes import ColumnType
from fitscribe.modelfolder.frames import (
    arrow_type,
    column_name,
    pandas_type,
    plain_dtype,
    polars_type,
)
from fitscribe.modelfolder.schema import ColumnName
from fitscribe.modelfolder.values import ANY, numpy_type

__all__ = [
    "ArrowTable",
    "Found",
    "Labels",
    "ObjectTable",
    "PandasSeries",
    "PandasTable",
    "PolarsSeries",
    "PolarsTable",
    "Table",
]

_OBJECT = np.dtype(object)


class Found(NamedTuple):
    """The type of a column, as far as its container tells it without a look at the values.

    Parameters
    ----------
    type : DataType, Array, Object or AnyType
    plain : numpy.dtype or None
        Dtype of numbers and flags; object where each value has a type of its own.
    nullable : bool
        Whether null may stand among the values, beside NaN and NaT.
    """

    type: ColumnType
    plain: np.dtype[Any] | None
    nullable: bool


class Labels:
    """The names of pandas columns: requests bring equal ones, which compare faster than list."""

    def __init__(self) -> None:
        self._last: tuple[Any, tuple[ColumnName, ...]] = (None, ())

    def of(self, index: Any) -> tuple[ColumnName, ...]:
        """Return the names of an ``Index`` of columns."""
        last, names = self._last
        if index is last or (last is not None and index.equals(last)):
            return names
        names = tuple(map(column_name, index.tolist()))
        self._last = (index, names)
        return names


class Table(Protocol):
    """What columns are asked for. Positions count from 0."""

    names: tuple[ColumnName, ...] | None
    types: tuple[Any, ...]

    def found(self, column: int) -> Found:
        """Return the type of a column."""

    def first_missing(self, column: int) -> int | None:
        """Return the first row without a value, None if there is none."""

    def numbers(self, column: int) -> np.ndarray[Any, Any]:
        """Return a column's numbers, shape (n,), 0 where there is none."""

    def objects(self, column: int) -> list[Any]:
        """Return a column's values as they are."""

    def cast(self, column: int, dtype: np.dtype[Any]) -> Any:
        """Return a column in a dtype that holds all of its values."""

    def assembled(self, order: Sequence[int] | None, changed: Mapping[int, Any]) -> Any:
        """Return the container with these columns in this order (None: all as they are).

        `changed` has new columns by their old position.
        """


def _first(flags: np.ndarray[Any, Any]) -> int | None:
    """Return the first row that is flagged."""
    return int(flags.argmax()) if flags.any() else None


def _taken(names: Sequence[str], order: Sequence[int] | None) -> list[tuple[int, str]]:
    """Return position and name of the columns that are taken, in their order."""
    return [(column, names[column]) for column in (range(len(names)) if order is None else order)]


def _of_pandas(dtype: Any) -> Found:
    """Return the type of a pandas dtype."""
    if isinstance(dtype, np.dtype):
        return Found(numpy_type(dtype), dtype, False)
    if hasattr(dtype, "categories"):
        return Found(pandas_type(dtype.categories), None, True)
    if dtype.kind in "biuf":
        plain = plain_dtype(dtype)
        return Found(numpy_type(plain), plain, True)
    if dtype.kind == "M" or dtype.type is str:
        return Found(pandas_type(_Typed(dtype)), None, True)
    return Found(ANY, _OBJECT, True)


class _Typed(NamedTuple):
    """Stands for a column of which the dtype alone is asked."""

    dtype: Any


class _Pandas:
    """What frames and Series of pandas have in common."""

    types: tuple[Any, ...]

    def found(self, column: int) -> Found:
        """Return the type of a column."""
        return _of_pandas(self.types[column])

    def _at(self, column: int) -> Any:
        raise NotImplementedError

    def first_missing(self, column: int) -> int | None:
        """Return the first row without a value."""
        return _first(np.asarray(self._at(column).array.isna()))

    def numbers(self, column: int) -> np.ndarray[Any, Any]:
        """Return a column's numbers, 0 where there is none."""
        series = self._at(column)
        if isinstance(series.dtype, np.dtype):
            return np.asarray(series.to_numpy())
        return np.asarray(series.to_numpy(dtype=plain_dtype(series.dtype), na_value=0))

    def objects(self, column: int) -> list[Any]:
        """Return a column's values."""
        return list(self._at(column).tolist())

    def cast(self, column: int, dtype: np.dtype[Any]) -> Any:
        """Return a column in a dtype that holds all of its values."""
        series = self._at(column)
        if isinstance(series.dtype, np.dtype):
            return series.to_numpy().astype(dtype)
        if dtype.kind == "f":
            return series.to_numpy(dtype=dtype, na_value=np.nan)
        if not series.array.isna().any():
            return series.to_numpy(dtype=dtype)
        return series.astype(dtype.name.capitalize()).array  # Int64, which has room for NA


def _dtypes(frame: Any) -> tuple[Any, ...]:
    """Return the dtypes of a pandas frame's columns."""
    # The public property makes a Series of them, which takes 40 µs for a new frame; where the
    # blocks cannot be asked, it is what there is.
    ask = getattr(getattr(frame, "_mgr", None), "get_dtypes", None)
    return tuple((frame.dtypes if ask is None else ask()).tolist())


class PandasTable(_Pandas):
    """A ``pandas.DataFrame``."""

    def __init__(self, data: Any, labels: Labels) -> None:
        self.data = data
        self.names: tuple[ColumnName, ...] | None = labels.of(data.columns)
        self.types = _dtypes(data)
        self._series: list[Any] | None = None

    def _at(self, column: int) -> Any:
        if self._series is None:
            # One after another, columns take a quarter of what `iloc` takes for each.
            self._series = [series for _, series in self.data.items()]
        return self._series[column]

    def assembled(self, order: Sequence[int] | None, changed: Mapping[int, Any]) -> Any:
        """Return the container with these columns, those that changed in their new form."""
        if not changed:
            return self.data if order is None else self.data.iloc[:, list(order)]
        wanted = range(len(self.types)) if order is None else order
        columns = {
            place: changed[column] if column in changed else self._at(column)
            for place, column in enumerate(wanted)
        }
        # Made anew: to put columns into a copy takes longer, 0.1 ms each.
        frame = type(self.data)(columns, index=self.data.index, copy=False)
        frame.columns = self.data.columns if order is None else self.data.columns[list(order)]
        return frame


class PandasSeries(_Pandas):
    """A ``pandas.Series``: one column."""

    def __init__(self, data: Any) -> None:
        self.data = data
        self.names: tuple[ColumnName, ...] | None = (
            None if data.name is None else (column_name(data.name),)
        )
        self.types = (data.dtype,)

    def _at(self, column: int) -> Any:
        return self.data

    def assembled(self, order: Sequence[int] | None, changed: Mapping[int, Any]) -> Any:
        """Return the container with these columns, those that changed in their new form."""
        return type(self.data)(changed[0], index=self.data.index, name=self.data.name)


class _Polars:
    """What frames and Series of polars have in common."""

    types: tuple[Any, ...]

    def _at(self, column: int) -> Any:
        raise NotImplementedError

    def found(self, column: int) -> Found:
        """Return the type of a column."""
        dtype = self.types[column]
        name = dtype.base_type().__name__
        if dtype.is_numeric() and not dtype.is_decimal() and "128" not in name:
            plain = np.dtype(name.lower())
            return Found(polars_type(dtype), plain, True)
        if name == "Boolean":
            return Found(polars_type(dtype), np.dtype(bool), True)
        if name in ("Object", "Null"):
            return Found(ANY, _OBJECT, True)
        return Found(polars_type(dtype), None, True)

    def first_missing(self, column: int) -> int | None:
        """Return the first row without a value."""
        series = self._at(column)
        return _first(series.is_null().to_numpy()) if series.null_count() else None

    def numbers(self, column: int) -> np.ndarray[Any, Any]:
        """Return a column's numbers, 0 where there is none."""
        series = self._at(column)
        return np.asarray((series.fill_null(0) if series.null_count() else series).to_numpy())

    def objects(self, column: int) -> list[Any]:
        """Return a column's values."""
        return list(self._at(column).to_list())

    def cast(self, column: int, dtype: np.dtype[Any]) -> Any:
        """Return a column in a dtype that holds all of its values."""
        import polars

        return self._at(column).cast(getattr(polars, dtype.name.capitalize()))


class PolarsTable(_Polars):
    """A ``polars.DataFrame``."""

    def __init__(self, data: Any) -> None:
        self.data = data
        self.names: tuple[ColumnName, ...] | None = tuple(data.columns)
        self.types = tuple(data.dtypes)

    def _at(self, column: int) -> Any:
        return self.data.to_series(column)

    def assembled(self, order: Sequence[int] | None, changed: Mapping[int, Any]) -> Any:
        """Return the container with these columns, those that changed in their new form."""
        return type(self.data)(
            {
                name: changed.get(column, self.data.to_series(column))
                for column, name in _taken(self.data.columns, order)
            }
        )


class PolarsSeries(_Polars):
    """A ``polars.Series``: one column."""

    def __init__(self, data: Any) -> None:
        self.data = data
        self.names: tuple[ColumnName, ...] | None = (data.name,) if data.name else None
        self.types = (data.dtype,)

    def _at(self, column: int) -> Any:
        return self.data

    def assembled(self, order: Sequence[int] | None, changed: Mapping[int, Any]) -> Any:
        """Return the container with these columns, those that changed in their new form."""
        return type(self.data)(self.data.name, changed[0])


class ArrowTable:
    """A ``pyarrow.Table`` or a ``RecordBatch``."""

    def __init__(self, data: Any) -> None:
        self.data = data
        schema = data.schema
        self.names: tuple[ColumnName, ...] | None = tuple(schema.names)
        self.types = tuple(schema.types)

    def found(self, column: int) -> Found:
        """Return the type of a column."""
        from pyarrow import types

        dtype = self.types[column]
        if types.is_null(dtype):
            return Found(ANY, _OBJECT, True)
        numbers = types.is_integer(dtype) or types.is_floating(dtype) or types.is_boolean(dtype)
        plain = np.dtype(dtype.to_pandas_dtype()) if numbers else None
        return Found(arrow_type(dtype), plain, True)

    def first_missing(self, column: int) -> int | None:
        """Return the first row without a value."""
        found = self.data.column(column)
        return _first(np.asarray(found.is_null())) if found.null_count else None

    def numbers(self, column: int) -> np.ndarray[Any, Any]:
        """Return a column's numbers, 0 where there is none."""
        found = self.data.column(column)
        return np.asarray(found.fill_null(0) if found.null_count else found)

    def objects(self, column: int) -> list[Any]:
        """Return a column's values."""
        return list(self.data.column(column).to_pylist())

    def cast(self, column: int, dtype: np.dtype[Any]) -> Any:
        """Return a column in a dtype that holds all of its values."""
        import pyarrow

        # Arrow's own check refuses integers beyond 2**53 that a float holds exactly.
        return self.data.column(column).cast(pyarrow.from_numpy_dtype(dtype), safe=False)

    def assembled(self, order: Sequence[int] | None, changed: Mapping[int, Any]) -> Any:
        """Return the container with these columns, those that changed in their new form."""
        taken = _taken(self.data.schema.names, order)
        arrays = [changed.get(column, self.data.column(column)) for column, _ in taken]
        return type(self.data).from_arrays(arrays, names=[name for _, name in taken])


class ObjectTable:
    """Columns that are no frame yet: rows of a list, a dict of columns, an array of objects.

    Parameters
    ----------
    columns : list of list or array
        Values by column, each of length n.
    names : tuple or None
        With them it becomes a frame, without them an array.
    """

    def __init__(self, columns: list[Any], names: tuple[ColumnName, ...] | None = None) -> None:
        self.columns = columns
        self.names = names
        self.types = tuple(getattr(column, "dtype", _OBJECT) for column in columns)

    def found(self, column: int) -> Found:
        """Return the type of an array; in a list each value has a type of its own."""
        dtype = self.types[column]
        return Found(numpy_type(dtype), dtype, False)

    def first_missing(self, column: int) -> int | None:
        """Return None: objects are looked at one by one, numbers are all there."""
        return None

    def numbers(self, column: int) -> np.ndarray[Any, Any]:
        """Return the numbers of an array."""
        return np.asarray(self.columns[column])

    def objects(self, column: int) -> list[Any]:
        """Return the values."""
        return list(self.columns[column])

    def cast(self, column: int, dtype: np.dtype[Any]) -> Any:
        """Return an array in a dtype."""
        return self.columns[column].astype(dtype)

    def assembled(self, order: Sequence[int] | None, changed: Mapping[int, Any]) -> Any:
        """Return a pandas frame, or an array of shape (n, columns), of objects if need be."""
        wanted = range(len(self.columns)) if order is None else order
        columns = [changed.get(column, self.columns[column]) for column in wanted]
        if self.names is not None:
            return _pandas_frame([self.names[column] for column in wanted], columns)
        if all(isinstance(column, np.ndarray) and column.dtype != _OBJECT for column in columns):
            return np.column_stack(columns)
        array = np.empty((len(columns[0]), len(columns)), dtype=object)
        for place, column in enumerate(columns):
            for row, value in enumerate(column):  # a value may be a list, which would spread
                array[row, place] = value
        return array


def _pandas_frame(names: list[ColumnName], columns: list[Any]) -> Any:
    """Return a frame of columns."""
    try:
        import pandas
    except ImportError:
        raise MissingDependency(
            "A dict, or rows that are dicts, become a DataFrame: pip install pandas, or give an "
            "array or a frame of polars."
        ) from None
    return pandas.DataFrame(dict(zip(names, columns, strict=True)))
