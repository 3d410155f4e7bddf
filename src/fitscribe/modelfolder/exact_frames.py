"""Columns of frames as JSON and back, with their dtypes; see :mod:`fitscribe.modelfolder.exact`.

A frame's index is not kept: models do not look at it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from fitscribe.errors import InvalidParameter, MissingDependency

__all__ = ["pandas_columns", "pandas_frame", "polars_columns", "polars_frame"]

Encode = Callable[[Any], Any]
MOST_COLUMNS = 1 << 16

_NULLABLE = frozenset(
    [f"{sign}Int{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64)]
    + ["Float32", "Float64", "boolean"]
)
_STRINGS = frozenset(["string[python]", "string[pyarrow]", "str"])
_ZONE = re.compile(r"[A-Za-z0-9_+:-]{1,40}(/[A-Za-z0-9_+:-]{1,40}){0,3}")
_UNITS = ("s", "ms", "us", "ns")
_POLARS = frozenset(
    [f"{sign}Int{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64)]
    + ["Float32", "Float64", "Boolean", "String", "Categorical"]
)


def _refused(what: str) -> InvalidParameter:
    return InvalidParameter(
        f"Golden rows cannot keep {what}. Give frames of numbers, texts, flags, dates and "
        "categories, whose columns have different names."
    )


def _missing(library: str) -> MissingDependency:
    return MissingDependency(
        f"The model's golden rows are a frame of {library}: pip install {library}"
    )


def _check_labels(labels: Sequence[Any]) -> None:
    if not all(type(label) is str or type(label) is int for label in labels):
        raise _refused("columns whose labels are neither texts nor whole numbers")
    if len(set(labels)) < len(labels):
        raise _refused("two columns of one name")
    if len(labels) > MOST_COLUMNS:
        raise _refused(f"{len(labels):,} columns")


# ---- pandas -----------------------------------------------------------------------------------


def pandas_columns(frame: Any, array: Encode, cells: Encode) -> list[dict[str, Any]]:
    """Return the columns of a ``pandas.DataFrame`` as JSON."""
    labels = frame.columns.tolist()
    _check_labels(labels)
    cells(labels)
    parts = (column for _, column in frame.items())
    return [
        {"label": label, "values": _pandas_column(column, array, cells)}
        for label, column in zip(labels, parts, strict=True)
    ]


def _pandas_column(column: Any, array: Encode, cells: Encode) -> dict[str, Any]:
    dtype = column.dtype
    if isinstance(dtype, np.dtype):
        found: dict[str, Any] = array(column.to_numpy())
        return found
    if hasattr(dtype, "categories"):
        return {
            "kind": "category",
            "categories": _pandas_column(dtype.categories.to_series(), array, cells),
            "codes": array(np.asarray(column.array.codes)),
            "ordered": bool(dtype.ordered),
        }
    if hasattr(dtype, "tz"):
        plain = column.array.tz_convert("UTC").tz_localize(None)
        return {"kind": "zoned", "zone": _zone(dtype.tz), "values": array(np.asarray(plain))}
    name = _extension(dtype)
    if name is None:
        raise _refused(f"a column of {dtype}")
    missing = column.isna().tolist()
    values = column.astype(object).tolist()
    # Of a nullable column of floats NaN is missing, too.
    told = [None if gone else value for value, gone in zip(values, missing, strict=True)]
    return {"kind": "extension", "dtype": name, "values": cells(told)}


def _extension(dtype: Any) -> str | None:
    """Return how an extension dtype is named in a file."""
    if str(dtype) in _NULLABLE:
        return str(dtype)
    storage = getattr(dtype, "storage", None)
    if dtype.type is not str or storage not in ("python", "pyarrow"):
        return None
    return "str" if str(dtype) == "str" else f"string[{storage}]"


def _zone(zone: Any) -> str:
    text = str(zone)
    if not _ZONE.fullmatch(text):
        raise _refused(f"dates of the zone {text!r:.60}")
    return text


def pandas_frame(columns: list[dict[str, Any]], array: Encode, cells: Encode) -> Any:
    """Return a ``pandas.DataFrame``. Raises ValueError, KeyError and TypeError for other forms."""
    try:
        import pandas
    except ImportError:
        raise _missing("pandas") from None
    labels = [column["label"] for column in columns]
    _check_labels(labels)
    parts = {
        place: _pandas_values(pandas, column["values"], array, cells)
        for place, column in enumerate(columns)
    }
    frame = pandas.DataFrame(parts)
    frame.columns = labels
    return frame


def _pandas_values(pandas: Any, told: dict[str, Any], array: Encode, cells: Encode) -> Any:
    kind = told["kind"]
    if kind == "array":
        found = array(told)
        # pandas would make texts of objects; a Series for each number costs ten times as much.
        return pandas.Series(found, dtype=object) if found.dtype.kind in "OU" else found
    if kind == "category":
        categories = pandas.Index(_pandas_values(pandas, told["categories"], array, cells))
        codes = array(told["codes"])
        if codes.dtype.kind != "i" or told["ordered"] not in (True, False):
            raise ValueError("a column of categories without codes")
        return pandas.Categorical.from_codes(codes, categories, ordered=told["ordered"])
    if kind == "zoned":
        zone = told["zone"]
        if not isinstance(zone, str) or not _ZONE.fullmatch(zone):
            raise ValueError("dates of no zone")
        plain = array(told["values"])
        if plain.dtype.kind != "M":
            raise ValueError("dates that are none")
        return pandas.Series(plain).dt.tz_localize("UTC").dt.tz_convert(zone)
    if kind == "extension" and told["dtype"] in _NULLABLE | _STRINGS:
        return pandas.array(cells(told["values"]), dtype=told["dtype"])
    raise ValueError(f"a column of the kind {kind!r:.40}")


# ---- polars -----------------------------------------------------------------------------------


def polars_columns(frame: Any, cells: Encode) -> list[dict[str, Any]]:
    """Return the columns of a ``polars.DataFrame`` as JSON."""
    _check_labels(frame.columns)
    return [_polars_column(column, cells) for column in frame.get_columns()]


def _polars_column(column: Any, cells: Encode) -> dict[str, Any]:
    dtype = column.dtype
    name = dtype.base_type().__name__
    told: dict[str, Any] = {"label": column.name, "dtype": name}
    if name == "Enum":
        told["categories"] = cells(dtype.categories.to_list())
    elif name == "Datetime":
        zone = dtype.time_zone
        told |= {"unit": dtype.time_unit, "zone": None if zone is None else _zone(zone)}
    elif name not in _POLARS and name != "Date":
        raise _refused(f"a column of {dtype}")
    dated = name in ("Date", "Datetime")
    told["values"] = cells((column.to_physical() if dated else column).to_list())
    return told


def polars_frame(columns: list[dict[str, Any]], array: Encode, cells: Encode) -> Any:
    """Return a ``polars.DataFrame``. Raises ValueError, KeyError and TypeError for other forms."""
    del array
    try:
        import polars
    except ImportError:
        raise _missing("polars") from None
    _check_labels([column["label"] for column in columns])
    found = []
    for told in columns:
        values, name = cells(told["values"]), told["dtype"]
        if name == "Enum":
            dtype: Any = polars.Enum(cells(told["categories"]))
        elif name == "Datetime":
            unit, zone = told["unit"], told["zone"]
            if unit not in _UNITS or not (zone is None or _ZONE.fullmatch(zone)):
                raise ValueError("dates of another form")
            dtype = polars.Datetime(unit, zone)
        elif name == "Date" or name in _POLARS:
            dtype = getattr(polars, name)
        else:
            raise ValueError(f"a column of {name!r:.40}")
        try:
            if name in ("Date", "Datetime"):
                physical = polars.Int32 if name == "Date" else polars.Int64
                series = polars.Series(told["label"], values, dtype=physical).cast(dtype)
            else:
                series = polars.Series(told["label"], values, dtype=dtype)
        except polars.exceptions.PolarsError as error:
            raise ValueError(str(error)) from None
        found.append(series)
    return polars.DataFrame(found)
