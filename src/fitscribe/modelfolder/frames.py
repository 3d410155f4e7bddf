"""The columns of a frame of pandas, polars or Arrow, as MLflow's column types.

A column's values are looked at where they lie. What is computed is one flag per column (does it
hold missing values?), and for pandas columns of objects the one type of the objects.

NaN is looked for in all of up to 16,384 rows; of more, in four pieces of 2,048, the first and the
last rows among them. To read all of a million rows of fifty columns takes 50 ms, and the flag is
about what an input may lack, which a sample tells. Null is counted by whoever keeps the data.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any

import numpy as np

from fitscribe.modelfolder.datatypes import Array, ColumnType, DataType, Object, Property
from fitscribe.modelfolder.schema import ColSpec, ColumnName
from fitscribe.modelfolder.values import ANY, common_type, numpy_type

__all__ = [
    "arrow_columns",
    "arrow_type",
    "column_name",
    "pandas_columns",
    "pandas_type",
    "plain_dtype",
    "polars_columns",
    "polars_type",
]

# What ``pandas.api.types.infer_dtype`` says of a column of objects.
_OBJECTS = {
    "string": DataType.string,
    "bytes": DataType.binary,
    "boolean": DataType.boolean,
    "integer": DataType.long,
    "floating": DataType.double,
    "mixed-integer-float": DataType.double,
    "date": DataType.datetime,
    "datetime": DataType.datetime,
    "datetime64": DataType.datetime,
}
_POLARS = {
    "Boolean": DataType.boolean,
    "Int8": DataType.integer,
    "Int16": DataType.integer,
    "Int32": DataType.integer,
    "Int64": DataType.long,
    "UInt8": DataType.integer,
    "UInt16": DataType.integer,
    "UInt32": DataType.long,
    "Float32": DataType.float,
    "Float64": DataType.double,
    "String": DataType.string,
    "Categorical": DataType.string,
    "Enum": DataType.string,
    "Binary": DataType.binary,
    "Date": DataType.datetime,
    "Datetime": DataType.datetime,
}
_ARROW = {
    "bool": DataType.boolean,
    "int8": DataType.integer,
    "int16": DataType.integer,
    "int32": DataType.integer,
    "int64": DataType.long,
    "uint8": DataType.integer,
    "uint16": DataType.integer,
    "uint32": DataType.long,
    "halffloat": DataType.float,
    "float": DataType.float,
    "double": DataType.double,
    "string": DataType.string,
    "large_string": DataType.string,
    "string_view": DataType.string,
    "binary": DataType.binary,
    "large_binary": DataType.binary,
    "binary_view": DataType.binary,
    "fixed_size_binary": DataType.binary,
    "date32": DataType.datetime,
    "date64": DataType.datetime,
    "timestamp": DataType.datetime,
}


WHOLE = 16_384
PIECES = 4
PIECE = 2048


def looked_at(rows: int) -> list[tuple[int, int]]:
    """Return where NaN is looked for, as (first row, count) pairs."""
    if rows <= WHOLE:
        return [(0, rows)]
    return [((rows - PIECE) * place // (PIECES - 1), PIECE) for place in range(PIECES)]


def _has_nan(values: np.ndarray[Any, Any]) -> bool:
    """Whether there is NaN among the values that are looked at."""
    return any(
        bool(np.isnan(values[first : first + count]).any())
        for first, count in looked_at(len(values))
    )


def column_name(label: Hashable) -> ColumnName:
    """Return a column's label as JSON keeps it: text, an integer, a tuple; else its text."""
    if type(label) is str or type(label) is int:
        return label
    if isinstance(label, np.integer):
        return int(label)
    if isinstance(label, tuple):
        return tuple(column_name(part) for part in label)
    return str(label)


def pandas_columns(columns: Iterable[tuple[Hashable, Any]]) -> list[ColSpec]:
    """Return the columns of (label, ``pandas.Series``) pairs.

    A column is required if no value is missing.
    """
    specs = []
    for label, column in columns:
        dtype = column.dtype
        if isinstance(dtype, np.dtype):
            kind = dtype.kind
            if kind == "f":
                complete = not _has_nan(column.to_numpy())
                specs.append(ColSpec(numpy_type(dtype), column_name(label), complete))
                continue
            if kind in "iub":
                specs.append(ColSpec(numpy_type(dtype), column_name(label)))
                continue
        # Asked of the array below it, `isna` costs a tenth of what the Series takes.
        missing = bool(column.array.isna().any())
        specs.append(ColSpec(pandas_type(column), column_name(label), not missing))
    return specs


def pandas_type(column: Any) -> ColumnType:
    """Return the type of a pandas column, or of the categories of one."""
    dtype = column.dtype
    if hasattr(dtype, "categories"):
        return pandas_type(dtype.categories)
    if dtype.kind in "biuf":
        return numpy_type(plain_dtype(dtype))
    if dtype.kind == "M":
        return DataType.datetime
    if dtype.type is str:
        return DataType.string
    import pandas

    inferred = pandas.api.types.infer_dtype(column, skipna=True)
    if inferred == "mixed":  # lists, arrays and dicts are that to pandas
        return common_type(column.dropna().tolist())[0]
    return _OBJECTS.get(inferred, ANY)


def plain_dtype(dtype: Any) -> np.dtype[Any]:
    """Return the numpy dtype of the numbers in a pandas column."""
    # Nullable and Arrow dtypes know their numpy dtype, sparse ones their subtype.
    plain: np.dtype[Any] = getattr(dtype, "numpy_dtype", None) or getattr(dtype, "subtype", dtype)
    return plain


def polars_columns(columns: Iterable[Any]) -> list[ColSpec]:
    """Return the columns of ``polars.Series``; null and NaN are missing values.

    A column is required if no value is missing.
    """
    specs = []
    for column in columns:
        dtype = column.dtype
        missing = column.null_count() > 0 or (
            dtype.is_float()
            and any(
                bool(np.isnan(column.slice(first, count).to_numpy()).any())
                for first, count in looked_at(len(column))
            )
        )
        specs.append(ColSpec(polars_type(dtype), column_name(column.name), not missing))
    return specs


def polars_type(dtype: Any) -> ColumnType:
    """Return the type of a polars dtype."""
    name = dtype.base_type().__name__
    if name in ("List", "Array"):
        items = polars_type(dtype.inner)
        return ANY if items == ANY else Array(items)
    if name == "Struct":
        return Object([Property(part.name, polars_type(part.dtype)) for part in dtype.fields])
    return _POLARS.get(name, ANY)


def arrow_columns(columns: Iterable[tuple[str, Any]]) -> list[ColSpec]:
    """Return the columns of (name, ``pyarrow.Array``) pairs; null and NaN are missing values.

    A column is required if no value is missing.
    """
    from pyarrow import types

    specs = []
    for name, column in columns:
        missing = column.null_count > 0
        if not missing and types.is_floating(column.type):
            missing = any(
                bool(np.isnan(np.asarray(column.slice(first, count))).any())
                for first, count in looked_at(len(column))
            )
        specs.append(ColSpec(arrow_type(column.type), name, not missing))
    return specs


def arrow_type(dtype: Any) -> ColumnType:
    """Return the type of an Arrow type."""
    from pyarrow import types

    if types.is_dictionary(dtype):
        return arrow_type(dtype.value_type)
    if types.is_list(dtype) or types.is_large_list(dtype) or types.is_fixed_size_list(dtype):
        items = arrow_type(dtype.value_type)
        return ANY if items == ANY else Array(items)
    if types.is_struct(dtype):
        parts = [dtype.field(i) for i in range(dtype.num_fields)]
        return Object([Property(part.name, arrow_type(part.type)) for part in parts])
    return _ARROW.get(str(dtype).partition("[")[0], ANY)
