"""Columns of Python objects, which may hold anything, as one kind of values and what is unlike.

No method of a class of the user's is called.
"""

from __future__ import annotations

import datetime
import math
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from functools import partial
from typing import Any

import numpy as np

from fitscribe.monitoring.column import Kind, is_like
from fitscribe.monitoring.parts import Numbers, Other, Part, Texts

__all__ = ["object_column", "text_cut"]

_EPOCH = datetime.datetime(1970, 1, 1)
_KINDS: tuple[tuple[Kind, tuple[type, ...]], ...] = (
    ("text", (str,)),
    ("boolean", (bool, np.bool_)),
    ("integer", (int, np.integer)),
    ("number", (float, np.floating, Decimal)),
    ("datetime", (datetime.date,)),
)
_MISSING = ("NoneType", "NAType", "NaTType")


def object_column(values: Sequence[Any], wanted: Kind | None) -> Part:
    """Return objects as one part.

    Parameters
    ----------
    values : sequence of object
        One for each row.
    wanted : str or None
        The kind that the reference has; values of another kind are unlike. None to find it out.
    """
    classes = Counter(map(type, values))
    kinds = {cls: _kind_of(cls) for cls in classes}
    counts: dict[Kind, int] = {}
    for cls, kind in kinds.items():
        if kind is not None:
            nans = _nans(values, cls) if kind == "number" else 0
            counts[kind] = counts.get(kind, 0) + classes[cls] - nans
    counts = {kind: count for kind, count in counts.items() if count}
    missing = len(values) - sum(counts.values())
    sought = wanted or _common(set(counts))
    fitting = sum(count for kind, count in counts.items() if is_like(kind, sought))
    if sought == "other" or not fitting:
        return Other(missing)
    fits = {cls for cls, kind in kinds.items() if kind is not None and is_like(kind, sought)}
    unlike = len(values) - missing - fitting
    if is_like(sought, "text"):
        return Texts("text", partial(text_cut, values), unlike)
    convert = _second if sought == "datetime" else _number
    floats = np.fromiter(
        (convert(value) if type(value) in fits else np.nan for value in values),
        np.float64,
        len(values),
    )
    return Numbers([sought], floats.reshape(-1, 1), unlike)


def text_cut(values: Any, start: int, stop: int) -> list[str | None]:
    """Return the texts from `start` to before `stop`, None for what is no text."""
    some = values[start:stop]
    if isinstance(some, list) and set(map(type, some)) == {str}:
        return some
    return [value if isinstance(value, str) else None for value in some]


def _kind_of(cls: type) -> Kind | None:
    """Return what objects of a class are; None for missing values."""
    if cls.__name__ in _MISSING:
        return None
    for kind, classes in _KINDS:
        if issubclass(cls, classes):
            return kind
    return "other"


def _nans(values: Sequence[Any], cls: type) -> int:
    return sum(type(value) is cls and math.isnan(_number(value)) for value in values)


def _common(kinds: set[Kind]) -> Kind:
    """Return the kind of a column with values of these kinds."""
    if len(kinds) == 1:
        return next(iter(kinds))
    return "number" if kinds and kinds <= {"integer", "number", "boolean"} else "other"


def _number(value: Any) -> float:
    """Return an integer, a boolean, a float or a Decimal as float; too large ones are infinite."""
    if isinstance(value, Decimal):
        return np.nan if value.is_nan() else float(value)
    try:
        return float(value)
    except OverflowError:
        return np.inf if value > 0 else -np.inf


def _second(value: datetime.date) -> float:
    """Return the seconds since 1970; a time without a zone is UTC."""
    if not isinstance(value, datetime.datetime):
        return (value.toordinal() - _EPOCH.toordinal()) * 86400.0
    if value.tzinfo is None:
        return (value - _EPOCH) / datetime.timedelta(seconds=1)
    return value.timestamp()
