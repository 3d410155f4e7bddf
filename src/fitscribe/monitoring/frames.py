"""Columns of frames of pandas, polars and Arrow as parts; none of them is imported here."""

from __future__ import annotations

import sys
from functools import partial
from typing import Any

import numpy as np

from fitscribe.monitoring.column import Kind
from fitscribe.monitoring.objects import object_column, text_cut
from fitscribe.monitoring.parts import Numbers, Other, Part, Texts, seconds

__all__ = ["arrow_column", "array_column", "pandas_column", "polars_column"]

_NUMPY: dict[str, Kind] = {"f": "number", "i": "integer", "u": "integer", "b": "boolean"}


def array_column(values: Any, wanted: Kind | None) -> Part:
    """Return a column of a numpy array as a part.

    Parameters
    ----------
    values : ndarray of shape (n_rows,)
        Of any dtype.
    wanted : str or None
        The kind that the reference has.
    """
    kind = values.dtype.kind
    if kind in _NUMPY:
        return Numbers([_NUMPY[kind]], values.reshape(-1, 1))
    if kind == "M":
        return Numbers(["datetime"], seconds(values).reshape(-1, 1))
    if kind in "UT":
        return Texts("text", lambda start, stop: text_cut(values[start:stop].tolist(), 0, stop))
    if kind == "O":
        return object_column(values, wanted)
    if kind == "c":
        return Other(int(np.count_nonzero(np.isnan(values))))
    return Other(int(np.count_nonzero(np.isnat(values))) if kind == "m" else 0)


def pandas_column(column: Any, wanted: Kind | None) -> Part:
    """Return a ``pandas.Series`` as a part; a numpy column is not copied."""
    dtype = column.dtype
    if isinstance(dtype, np.dtype):
        return array_column(column.to_numpy(), wanted)
    if hasattr(dtype, "categories"):
        if not all(map(_is_of_known_class, dtype.categories)):
            return Other(int(column.isna().sum()))
        return _coded(np.asarray(column.array.codes), list(map(str, dtype.categories)))
    if hasattr(dtype, "tz"):
        return array_column(column.dt.tz_convert(None).to_numpy(), wanted)
    if type(column.array).__name__.startswith("ArrowExtension"):
        return arrow_column(column.array.__arrow_array__(), wanted)
    if dtype.type is str:
        return Texts("text", lambda a, b: text_cut(column.array[a:b].tolist(), 0, b))
    if dtype.kind in _NUMPY:
        if hasattr(dtype, "subtype"):  # a sparse column
            return array_column(np.asarray(column.array), wanted)
        floats = column.to_numpy(dtype=np.float64, na_value=np.nan)
        return Numbers([_NUMPY[dtype.kind]], floats.reshape(-1, 1))
    return Other(int(column.isna().sum()))


def _is_of_known_class(label: object) -> bool:
    """Return whether a category may be asked for its text."""
    return type(label).__module__.partition(".")[0] in ("builtins", "datetime", "numpy", "pandas")


def _coded(codes: Any, categories: list[str]) -> Part:
    """Return categories by their codes; -1 is missing."""
    texts = [*categories, None]  # found by -1

    def cut(start: int, stop: int) -> list[str | None]:
        return [texts[code] for code in codes[start:stop].tolist()]

    return Texts("category", cut)


def polars_column(column: Any, wanted: Kind | None) -> Part:
    """Return a ``polars.Series`` as a part."""
    polars: Any = sys.modules["polars"]
    dtype = column.dtype
    base = dtype.base_type().__name__
    if base in ("String", "Categorical", "Enum"):
        kind: Kind = "text" if base == "String" else "category"
        return Texts(kind, lambda start, stop: column.slice(start, stop - start).to_list())
    if base in ("Date", "Datetime"):
        times = column.cast(polars.Datetime("us")).dt.timestamp("us")
        floats = times.cast(polars.Float64).to_numpy() / 1e6
        return Numbers(["datetime"], floats.reshape(-1, 1))
    if base == "Object":
        return object_column(column.to_list(), wanted)
    if base == "Boolean" or dtype.is_numeric():
        kind = "boolean" if base == "Boolean" else "integer" if dtype.is_integer() else "number"
        plain = column.null_count() == 0 and base not in ("Boolean", "Decimal")
        # Of one chunk without nulls it is a view.
        array = column.to_numpy() if plain else column.cast(polars.Float64).to_numpy()
        return Numbers([kind], array.reshape(-1, 1))
    return Other(column.null_count())


def arrow_column(column: Any, wanted: Kind | None) -> Part:
    """Return an Arrow array, chunked or not, as a part."""
    import pyarrow
    from pyarrow import types

    dtype = column.type
    if types.is_dictionary(dtype):
        inner = dtype.value_type
        # To make a list of a dictionary takes ten times as long.
        column = column.cast(inner)
        if not _is_text(inner):
            return arrow_column(column, wanted)
        return Texts("category", partial(_arrow_cut, column))
    if _is_text(dtype):
        return Texts("text", partial(_arrow_cut, column))
    if types.is_boolean(dtype):
        return _arrow_numbers("boolean", column.cast(pyarrow.uint8()))
    if types.is_integer(dtype):
        return _arrow_numbers("integer", column)
    if types.is_floating(dtype) or types.is_decimal(dtype):
        return _arrow_numbers("number", column)
    if types.is_date(dtype):
        column = column.cast(pyarrow.timestamp("s" if types.is_date32(dtype) else "ms"))
    if types.is_timestamp(column.type):
        units = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}[column.type.unit]
        floats = column.cast(pyarrow.int64()).cast(pyarrow.float64(), safe=False)
        array = np.asarray(floats, dtype=np.float64) / units
        return Numbers(["datetime"], array.reshape(-1, 1))
    return Other(column.null_count)


def _is_text(dtype: Any) -> bool:
    return str(dtype) in ("string", "large_string", "string_view")


def _arrow_cut(column: Any, start: int, stop: int) -> list[str | None]:
    found: list[str | None] = column.slice(start, stop - start).to_pylist()
    return found


def _arrow_numbers(kind: Kind, column: Any) -> Part:
    import pyarrow

    if column.null_count or str(column.type).startswith("decimal"):
        column = column.cast(pyarrow.float64(), safe=False)
    return Numbers([kind], np.asarray(column).reshape(-1, 1))
