"""Reading a profile of a file that may come from a stranger: types, keys, limits, sums."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from fitscribe.errors import InvalidParameter
from fitscribe.monitoring.bins import MOST_BINS
from fitscribe.monitoring.column import Bins, ColumnProfile, Level, Levels
from fitscribe.monitoring.moments import Moments
from fitscribe.monitoring.tables import LONGEST_NAME
from fitscribe.monitoring.texts import LONGEST_LEVEL, MOST_LEVELS

__all__ = ["MOST_BYTES", "column_problem", "decoded"]

T = TypeVar("T")

MOST_BYTES = 64_000_000
# Rounding of means; a mean may seem to be that much outside its range.
SLACK = 1e-9
_LEVEL_TYPES: dict[str, tuple[type, ...]] = {
    "number": (float,),
    "integer": (int,),
    "boolean": (bool,),
    "datetime": (float,),
    "text": (str,),
    "category": (str,),
}


def decoded(text: bytes | str, cls: type[T], version: int) -> T:
    """Return the dataclass that a JSON text holds, keys and types checked.

    Parameters
    ----------
    text : bytes or str
        JSON.
    cls : type
        The dataclass.
    version : int
        What its ``version`` has to be.

    Raises
    ------
    InvalidParameter
        If it does not hold one.
    """
    if not isinstance(text, (bytes, str)):
        raise InvalidParameter(f"A profile is read from bytes or str; got {type(text).__name__}.")
    if len(text) > MOST_BYTES:
        raise InvalidParameter(
            f"A profile has {MOST_BYTES:,} bytes at most; got {len(text):,}. "
            "This is no profile.json of fitscribe."
        )
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise InvalidParameter(f"The profile is no JSON: {error}.") from None
    if not isinstance(found, dict) or "version" not in found:
        raise InvalidParameter("The profile has no version. This is no profile.json of fitscribe.")
    given = found["version"]
    if type(given) is not int or given != version:
        raise InvalidParameter(
            f"The profile has version {given!r:.20}; this fitscribe reads {version}. "
            "Update fitscribe, or make the profile anew."
        )
    try:
        profile = msgspec.convert(found, cls)
    except (msgspec.ValidationError, RecursionError) as error:
        raise InvalidParameter(f"The profile cannot be read: {error}.") from None
    for unknown in _unknown(found, profile, "$"):
        raise InvalidParameter(f"The profile has a key that is not known: {unknown:.200}.")
    return profile


def _unknown(found: Any, read: Any, path: str) -> Iterator[str]:
    """Yield keys of JSON objects that the dataclasses made of them do not have."""
    if isinstance(found, Mapping):
        known = {field.name for field in dataclasses.fields(read)}
        for key, value in found.items():
            if key not in known:
                yield f"{path}.{key}"
            else:
                yield from _unknown(value, getattr(read, key), f"{path}.{key}")
    elif isinstance(read, tuple) and read and dataclasses.is_dataclass(read[0]):
        for place, (value, item) in enumerate(zip(found, read, strict=True)):
            yield from _unknown(value, item, f"{path}[{place}]")


def column_problem(column: ColumnProfile, rows: int, sampled_rows: int) -> str | None:
    """Return what does not add up in a column's profile; None if all does."""
    # The second of two columns with one label has a number behind it.
    if len(column.name) > LONGEST_NAME + 8:
        return f"a name of {len(column.name)} characters"
    cells = [
        column.missing,
        column.unlike,
        column.negative_infinity,
        column.positive_infinity,
        column.moments.count,
    ]
    if min(cells) < 0:
        return "a count is negative"
    if column.kind == "other":
        if column.bins or column.levels or any(cells[1:]):
            return "a column of the kind 'other' has missing values only"
        return None if column.missing <= rows else f"{column.missing} missing values"
    if sum(cells) != rows:
        return f"its cells are {sum(cells)} of {rows} rows"
    return _moments_problem(column) or _counts_problem(column, rows, sampled_rows)


def _moments_problem(column: ColumnProfile) -> str | None:
    moments = column.moments
    low, high, mean, variance = (
        moments.minimum,
        moments.maximum,
        moments.mean,
        moments.variance,
    )
    if not moments.count:
        return None if moments == Moments(0) else "moments of no values"
    if (low is None or high is None) != (column.kind == "identifier"):
        return "its range is missing, or not to be known"
    if variance is not None and (variance < 0 or mean is None):
        return f"a variance of {variance}"
    if low is None or high is None:
        return None if low is high else "half a range"
    slack = SLACK * max(abs(low), abs(high))
    if low > high or (mean is not None and not low - slack <= mean <= high + slack):
        return f"a mean of {mean} between {low} and {high}"
    return None


def _counts_problem(column: ColumnProfile, rows: int, sampled_rows: int) -> str | None:
    bins, levels = column.bins, column.levels
    is_text = column.kind in ("text", "category")
    if (bins is not None and (levels is not None or is_text)) or (
        bins is None and levels is None and not is_text
    ):
        return f"a column of the kind {column.kind!r} has other counts"
    problem = _bins_problem(bins) if bins else _levels_problem(levels, column.kind)
    if problem or (bins is None and levels is None):
        return problem
    counts = [*bins.counts] if bins else [*levels.counts, levels.rest] if levels else []
    if min(counts) < 0:
        return "a count is negative"
    count = column.moments.count
    # Of the rows that are not finite values, the sample may have all or none.
    fewest = max(0, sampled_rows - (rows - count))
    if not fewest <= sum(counts) <= min(sampled_rows, count):
        return f"its bins or levels count {sum(counts)} of {count} values"
    return None


def _bins_problem(bins: Bins) -> str | None:
    if len(bins.counts) != len(bins.edges) + 1 or len(bins.counts) > MOST_BINS:
        return f"{len(bins.counts)} counts and {len(bins.edges)} edges"
    return None if _ascend(bins.edges) else "edges that do not ascend"


def _levels_problem(levels: Levels | None, kind: str) -> str | None:
    if levels is None:
        return None
    if len(levels.values) != len(levels.counts) or len(levels.counts) > MOST_LEVELS:
        return f"{len(levels.counts)} counts and {len(levels.values)} levels"
    types = _LEVEL_TYPES.get(kind, ())
    if any(type(value) not in types for value in levels.values):
        return f"levels that are not of the kind {kind!r}"
    if any(isinstance(value, str) and len(value) > LONGEST_LEVEL for value in levels.values):
        return f"a level of more than {LONGEST_LEVEL} characters"
    if kind in ("text", "category"):
        return None if len(set(levels.values)) == len(levels.values) else "a level is there twice"
    return None if _ascend(levels.values) else "levels that do not ascend"


def _ascend(values: Sequence[Level]) -> bool:
    numbers = [value for value in values if not isinstance(value, str)]
    return all(a < b for a, b in itertools.pairwise(numbers))
