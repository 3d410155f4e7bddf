"""The type of Python values and of numpy dtypes, by MLflow's mapping."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from fitscribe.modelfolder.datatypes import AnyType, Array, ColumnType, DataType, Object, Property

__all__ = ["common_type", "numpy_type", "type_of"]

# By numpy's kind and the bytes of an item. Not there, for MLflow has no type that holds them:
# uint64, longdouble, complex, timedelta.
_NUMPY: dict[tuple[str, int], DataType] = {
    ("b", 1): DataType.boolean,
    ("i", 1): DataType.integer,
    ("i", 2): DataType.integer,
    ("i", 4): DataType.integer,
    ("i", 8): DataType.long,
    ("u", 1): DataType.integer,
    ("u", 2): DataType.integer,
    ("u", 4): DataType.long,
    ("f", 2): DataType.float,
    ("f", 4): DataType.float,
    ("f", 8): DataType.double,
}
_NUMPY_KINDS = {"U": DataType.string, "S": DataType.binary, "M": DataType.datetime}
_PYTHON: dict[type, DataType] = {
    bool: DataType.boolean,
    int: DataType.long,
    float: DataType.double,
    str: DataType.string,
    bytes: DataType.binary,
    datetime.date: DataType.datetime,
    datetime.datetime: DataType.datetime,
}
ANY = AnyType()


def numpy_type(dtype: np.dtype[Any]) -> ColumnType:
    """Return the type that holds what a numpy dtype holds, or ``any``."""
    kind = dtype.kind
    return _NUMPY.get((kind, dtype.itemsize)) or _NUMPY_KINDS.get(kind) or ANY


def type_of(value: object) -> ColumnType | None:
    """Return the type of one value, ``any`` where there is no name for it, None for None."""
    if value is None:
        return None
    scalar = _PYTHON.get(type(value))
    if scalar is not None:
        return scalar
    if isinstance(value, (np.ndarray, np.generic)):
        return _type_of_array(value)
    if isinstance(value, list):
        items, _ = common_type(value)
        return ANY if items == ANY else Array(items)
    if isinstance(value, dict):
        return _type_of_dict(value)
    # Subclasses: pandas.Timestamp is a datetime, an IntEnum an int; a bool is no int here.
    for cls, dtype in _PYTHON.items():
        if isinstance(value, cls):
            return dtype
    return ANY


def _type_of_array(value: np.ndarray[Any, Any] | np.generic) -> ColumnType | None:
    """Return the type of an array or of a numpy scalar: lists in lists of its dtype."""
    if value.dtype.kind == "O":
        return type_of(value.tolist())
    dtype = numpy_type(value.dtype)
    if dtype != ANY:
        for _ in range(value.ndim):
            dtype = Array(dtype)
    return dtype


def _type_of_dict(value: dict[Any, Any]) -> ColumnType:
    """Return the type of a dict with text keys."""
    if not value or not all(isinstance(key, str) for key in value):
        return ANY
    properties = []
    for key, item in value.items():
        dtype = type_of(item)
        properties.append(Property(key, ANY if dtype is None else dtype, dtype is not None))
    return Object(properties)


def common_type(values: Sequence[object]) -> tuple[ColumnType, bool]:
    """Return the type that all values have, or ``any``, and whether none of them is None."""
    classes = set(map(type, values))
    complete = type(None) not in classes
    classes.discard(type(None))
    if len(classes) == 1:
        scalar = _PYTHON.get(classes.pop())
        if scalar is not None:
            return scalar, complete
    return _merge_all(dtype for dtype in map(type_of, values) if dtype is not None), complete


def _merge_all(dtypes: Iterable[ColumnType]) -> ColumnType:
    """Return the type that holds all types, ``any`` where there are none."""
    result: ColumnType | None = None
    for dtype in dtypes:
        result = dtype if result is None else _merge(result, dtype)
    return ANY if result is None else result


def _merge(one: ColumnType, other: ColumnType) -> ColumnType:
    """Return the type that holds both."""
    if one == other:
        return one
    if isinstance(one, Array) and isinstance(other, Array):
        items = _merge(one.dtype, other.dtype)
        return ANY if items == ANY else Array(items)
    if isinstance(one, Object) and isinstance(other, Object):
        ours = {item.name: item for item in one.properties}
        theirs = {item.name: item for item in other.properties}
        names = sorted(ours.keys() | theirs.keys())
        return Object([_merge_properties(ours.get(name), theirs.get(name)) for name in names])
    return ANY


def _merge_properties(one: Property | None, other: Property | None) -> Property:
    """Return the property that holds both; one that is missing or None makes it optional."""
    known = [item for item in (one, other) if item is not None]
    typed = [item.dtype for item in known if item.required or item.dtype != ANY]
    required = len(known) == 2 and all(item.required for item in known)
    return Property(known[0].name, _merge_all(typed), required)
