"""Columns of numbers as profiles: an exact pass over all rows, and sorted rows for the counts.

Numbers are sorted many columns at a time in one array of 40 MB at most, whatever the size of the
data.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fitscribe.monitoring.bins import Ordered, counted_in, counted_on
from fitscribe.monitoring.column import Bins, ColumnProfile, Levels
from fitscribe.monitoring.moments import Moments, Tally, tallies
from fitscribe.monitoring.parts import Numbers, Sparse

__all__ = ["numbers_on", "numbers_profiles", "sparse_on", "sparse_profiles"]

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]

# Values that are sorted at once: 40 MB.
MOST_SORTED = 5_000_000
ROWS_AT_ONCE = 100_000
# Rows that are turned over at once, so that both sides stay in the cache.
TURNED = 512


def numbers_profiles(
    names: Sequence[str], part: Numbers, sample: Rows | None
) -> Iterator[ColumnProfile]:
    """Yield the profile of each column.

    Parameters
    ----------
    names : sequence of str
        Of the columns.
    part : Numbers
        The columns.
    sample : ndarray of shape (n_sampled,), or None
        The rows, ascending, whose values are counted in bins; None for all.
    """
    tallied = tallies(part.matrix)
    for column, values in _sorted_columns(part.matrix, sample):
        tally = tallied[column]
        ordered = Ordered(_finite(values, tally))
        yield _profile(names[column], part, column, tally, ordered)


def _profile(
    name: str, part: Numbers | Sparse, column: int, tally: Tally, ordered: Ordered
) -> ColumnProfile:
    kind, bins, levels = counted_in(ordered, part.kinds[column])
    unlike = part.unlike if isinstance(part, Numbers) else 0
    return ColumnProfile(
        name,
        kind,
        tally.missing - unlike,
        0,
        tally.negative_infinity,
        tally.positive_infinity,
        _known(tally.moments, kind),
        bins,
        levels,
    )


def _known(moments: Moments, kind: str) -> Moments:
    """Return the moments that may be kept: the first and the last identifier are somebody's."""
    return replace(moments, minimum=None, maximum=None) if kind == "identifier" else moments


def numbers_on(reference: Sequence[ColumnProfile], part: Numbers) -> Iterator[ColumnProfile]:
    """Yield the profile of each column on the bins of a reference; all rows are counted."""
    tallied = tallies(part.matrix)
    rows, columns = part.matrix.shape
    counts: list[tuple[Bins | None, Levels | None]] = [
        counted_on(Ordered(np.empty(0)), column.bins, column.levels) for column in reference
    ]
    # Half as much at once, for the array before is still there while the next one is made.
    step = max(1, min(ROWS_AT_ONCE, MOST_SORTED // 2 // max(1, columns)))
    for start in range(0, rows, step):
        for column, values in _sorted_columns(part.matrix[start : start + step], None):
            bins, levels = counts[column]
            ordered = Ordered(_finite(values, tallied[column]))
            more_bins, more_levels = counted_on(ordered, bins, levels)
            counts[column] = (
                bins.merge(more_bins) if bins and more_bins else bins,
                levels.merge(more_levels) if levels and more_levels else levels,
            )
    for known, tally, (bins, levels) in zip(reference, tallied, counts, strict=True):
        yield _on(known, tally, part.unlike, bins, levels)


def _on(
    reference: ColumnProfile, tally: Tally, unlike: int, bins: Bins | None, levels: Levels | None
) -> ColumnProfile:
    return ColumnProfile(
        reference.name,
        reference.kind,
        tally.missing - unlike,
        unlike,
        tally.negative_infinity,
        tally.positive_infinity,
        _known(tally.moments, reference.kind),
        bins,
        levels,
    )


def _sorted_columns(matrix: NDArray[Any], rows: Rows | None) -> Iterator[tuple[int, Floats]]:
    """Yield each column's number and its sorted values, NaN last; the array is used again."""
    columns = matrix.shape[1]
    count = len(matrix) if rows is None else len(rows)
    some = max(1, MOST_SORTED // max(1, count))
    buffer = np.empty((min(some, columns), count))
    for first in range(0, columns, some):
        chosen = matrix[:, first : first + some]
        lines = buffer[: chosen.shape[1]]
        with np.errstate(over="ignore"):  # longer floats than float64
            _turn(chosen, rows, lines)
        lines.sort(axis=1)
        yield from enumerate(lines, first)


def _turn(matrix: NDArray[Any], rows: Rows | None, lines: Floats) -> None:
    """Copy columns of chosen rows into lines."""
    if matrix.flags.f_contiguous:
        for line, column in zip(lines, matrix.T, strict=True):
            line[:] = column if rows is None else column[rows]
        return
    count = lines.shape[1]
    for start in range(0, count, TURNED):
        stop = min(count, start + TURNED)
        block = matrix[start:stop] if rows is None else matrix[rows[start:stop]]
        lines[:, start:stop] = block.T


def _finite(values: Floats, tally: Tally) -> Floats:
    """Return the finite ones of sorted values."""
    if not (tally.missing or tally.negative_infinity or tally.positive_infinity):
        return values
    first = values.searchsorted(-np.inf, "right") if tally.negative_infinity else 0
    return values[first : values.searchsorted(np.inf, "left")]


# ---- sparse -----------------------------------------------------------------------------------


def sparse_profiles(
    names: Sequence[str], part: Sparse, sample: Rows | None
) -> Iterator[ColumnProfile]:
    """Yield the profile of each column of a sparse matrix; what is not stored is zero."""
    rows = part.matrix.shape[0]
    chosen = None
    if sample is not None:
        chosen = np.zeros(rows, dtype=bool)
        chosen[sample] = True
    for column, name in enumerate(names):
        tally, stored = _stored(part.matrix, column, None)
        zeros = rows - len(stored)
        if chosen is not None:
            stored = _stored(part.matrix, column, chosen)[1]
            assert sample is not None
            zeros = len(sample) - len(stored)
        yield _profile(name, part, column, tally, Ordered(_finite(stored, tally), zeros))


def sparse_on(reference: Sequence[ColumnProfile], part: Sparse) -> Iterator[ColumnProfile]:
    """Yield the profile of each column of a sparse matrix on the bins of a reference."""
    rows = part.matrix.shape[0]
    for place, column in enumerate(reference):
        tally, stored = _stored(part.matrix, place, None)
        ordered = Ordered(_finite(stored, tally), rows - len(stored))
        yield _on(column, tally, 0, *counted_on(ordered, column.bins, column.levels))


def _stored(matrix: Any, column: int, chosen: NDArray[np.bool_] | None) -> tuple[Tally, Floats]:
    """Return what a whole column's cells are, and its stored values of chosen rows, sorted."""
    start, stop = matrix.indptr[column : column + 2].tolist()
    values = matrix.data[start:stop]
    if chosen is not None:
        return _NOTHING, np.sort(values[chosen[matrix.indices[start:stop]]].astype(np.float64))
    (tally,) = tallies(values.reshape(-1, 1))
    zeros = matrix.shape[0] - len(values)
    moments = tally.moments.merge(Moments(zeros, 0.0, 0.0, 0.0, 0.0) if zeros else Moments(0))
    return replace(tally, moments=moments), np.sort(values.astype(np.float64))


_NOTHING = Tally(0, 0, 0, Moments(0))
