"""What a column needs to become what a signature has: nothing, a wider dtype, or a refusal.

A value is never changed: what a wider dtype holds exactly is taken, everything else refused.
numpy's ``can_cast`` calls int64 to float64 safe, which it is up to 2**53 only; here the values
decide.
"""

from __future__ import annotations

import datetime
import enum
import functools
from collections.abc import Iterable
from typing import Any

import numpy as np

from fitscribe.modelfolder.datatypes import AnyType, Array, ColumnType, DataType, Map, Object

__all__ = ["NUMBERS", "Step", "first_inexact", "is_missing", "step_for", "type_fits", "value_fits"]

NUMBERS = (DataType.boolean, DataType.integer, DataType.long, DataType.float, DataType.double)


class Step(enum.Enum):
    """What is to be done with a column."""

    keep = 1
    cast = 2  # every value of such a dtype fits
    try_cast = 3  # the values decide
    look = 4  # Python objects: each knows its own type
    refuse = 5


@functools.cache
def step_for(found: np.dtype[Any], wanted: np.dtype[Any]) -> Step:
    """Return what numbers or flags of one dtype need to become another one's."""
    if found == wanted:
        return Step.keep
    if found.kind == "O":
        return Step.look
    if found.kind not in "iuf" or wanted.kind not in "iuf":
        # Of dates, texts and bytes the unit or the length may differ.
        same = found.kind == wanted.kind and found.kind in "USM"
        return Step.keep if same else Step.refuse
    if wanted.kind == "f" and found.kind in "iu":
        digits = found.itemsize * 8 - (found.kind == "i")
        return Step.cast if digits <= np.finfo(wanted).nmant + 1 else Step.try_cast
    return Step.cast if np.can_cast(found, wanted, "safe") else Step.refuse


def first_inexact(values: np.ndarray[Any, Any], cast: np.ndarray[Any, Any]) -> int | None:
    """Return the row of the first integer that is another number as a float, or None.

    Parameters
    ----------
    values, cast : array of shape (n, ...)
        Integers, and the same as floats.
    """
    limit = 2 ** (np.finfo(cast.dtype).nmant + 1)
    if not values.size or (int(values.max()) <= limit and int(values.min()) >= -limit):
        return None
    # A float may be beyond what the integers can hold, where the way back is undefined.
    bounds = np.iinfo(values.dtype)
    inside = cast < float(bounds.max)
    back = np.where(inside, cast, 0).astype(values.dtype)
    wrong = ~inside | (back != values)
    rows = wrong.reshape(len(wrong), -1).any(axis=1)
    return int(rows.argmax()) if rows.any() else None


def is_missing(value: object) -> bool:
    """Whether a value is None, NaN, NaT or pandas' NA."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, (float, np.floating, np.datetime64)) and bool(value != value)


def value_fits(value: Any, dtype: ColumnType) -> bool:
    """Whether one Python value, which is there, is of a type.

    Python's own numbers have no width; they take that of the type, as in numpy (NEP 50).
    """
    if isinstance(dtype, DataType):
        return _scalar_fits(value, dtype)
    if isinstance(dtype, AnyType):
        return True
    if isinstance(dtype, Array):
        if isinstance(value, np.ndarray):
            value = list(value) if value.ndim else None
        return isinstance(value, (list, tuple)) and _all_fit(value, dtype.dtype)
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        return False
    if isinstance(dtype, Map):
        return _all_fit(value.values(), dtype.value_type)
    return _object_fits(value, dtype)


def type_fits(found: ColumnType, wanted: ColumnType) -> bool:
    """Whether all values of one type are of another one, as far as types tell."""
    if found == wanted or isinstance(wanted, AnyType):
        return True
    if isinstance(found, DataType) and isinstance(wanted, DataType):
        if found not in NUMBERS or wanted not in NUMBERS:
            return False
        return step_for(found.to_numpy(), wanted.to_numpy()) is Step.cast
    if isinstance(found, Array) and isinstance(wanted, Array):
        return type_fits(found.dtype, wanted.dtype)
    if not isinstance(found, Object):
        return False
    if isinstance(wanted, Map):
        return all(type_fits(part.dtype, wanted.value_type) for part in found.properties)
    if not isinstance(wanted, Object):
        return False
    ours = {part.name: part for part in found.properties}
    theirs = {part.name: part for part in wanted.properties}
    return ours.keys() <= theirs.keys() and all(
        type_fits(ours[name].dtype, part.dtype) if name in ours else not part.required
        for name, part in theirs.items()
    )


def _all_fit(values: Iterable[Any], dtype: ColumnType) -> bool:
    """Whether all values that are there are of a type."""
    return all(is_missing(value) or value_fits(value, dtype) for value in values)


def _object_fits(value: dict[str, Any], dtype: Object) -> bool:
    """Whether a dict has the keys of an object, and no others, with values of their types."""
    parts = {part.name: part for part in dtype.properties}
    if not value.keys() <= parts.keys():
        return False
    for name, part in parts.items():
        inner = value.get(name)
        if is_missing(inner) and not isinstance(part.dtype, AnyType):
            if part.required:
                return False
        elif not value_fits(inner, part.dtype):
            return False
    return True


def _scalar_fits(value: Any, dtype: DataType) -> bool:
    """Whether one value is of a scalar type, exactly."""
    if isinstance(value, np.generic):
        return _numpy_fits(value, dtype)
    if isinstance(value, bool) or dtype is DataType.boolean:
        return isinstance(value, bool) and dtype is DataType.boolean
    if dtype in (DataType.double, DataType.float):
        if isinstance(value, int):
            return _holds(value, dtype.to_numpy())
        return isinstance(value, float)
    if dtype in (DataType.integer, DataType.long):
        bounds = np.iinfo(dtype.to_numpy())
        return isinstance(value, int) and bounds.min <= value <= bounds.max
    if dtype is DataType.binary:
        return isinstance(value, (bytes, bytearray))
    return isinstance(value, datetime.date if dtype is DataType.datetime else str)


def _numpy_fits(value: np.generic, dtype: DataType) -> bool:
    """Whether one value of numpy's own is of a scalar type, or becomes one exactly."""
    if dtype not in NUMBERS:
        kinds = {DataType.string: "U", DataType.binary: "S", DataType.datetime: "M"}
        return value.dtype.kind == kinds[dtype]
    step = step_for(value.dtype, dtype.to_numpy())
    return step in (Step.keep, Step.cast) or (
        step is Step.try_cast and _holds(int(value), dtype.to_numpy())
    )


def _holds(value: int, dtype: np.dtype[Any]) -> bool:
    """Whether a float of a dtype is exactly this integer."""
    info, size = np.finfo(dtype), abs(value)
    zeros = (size & -size).bit_length() - 1 if size else 0
    return size.bit_length() - zeros <= info.nmant + 1 and size.bit_length() <= info.maxexp
