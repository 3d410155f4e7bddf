"""Count, range, mean and variance of the columns of a matrix, in one pass over blocks of it.

A block fits into the cache, is turned into float64 there and is gone; no copy of the matrix is
made. Means and sums of squares of the blocks are put together by Chan, Golub and LeVeque (1979),
so a large mean does not cost the digits of a small variance.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Moments", "Tally", "moments_of", "tallies"]

Floats = NDArray[np.float64]

# Values of a block: 256 kB of float64, which stay in the second cache.
BLOCK = 1 << 15
# Values of the columns that are turned over, because they are looked at one by one: 1 MB.
STRIP = 1 << 17
# numpy reduces rows at some 30 ns each, so several short rows are taken as one long row.
LONG_ROW = 1024
# A squared mean of so many variances; sums of a block are good to some 4e-14 of the mean.
FAR_OFF = 1e10


@dataclass(frozen=True)
class Moments:
    """What all finite values of a column say together.

    Parameters
    ----------
    count : int
        How many there are.
    minimum, maximum : float or None
        None if there are none, or they are not to be known.
    mean, variance : float or None
        The variance is that of the population (divided by `count`). None if there are no values,
        or if the number is too large for float64.

    Examples
    --------
    >>> Moments(2, 1.0, 3.0, 2.0, 1.0).merge(Moments(2, 3.0, 5.0, 4.0, 2.0))
    Moments(count=4, minimum=1.0, maximum=5.0, mean=3.0, variance=2.5)
    """

    count: int
    minimum: float | None = None
    maximum: float | None = None
    mean: float | None = None
    variance: float | None = None

    def merge(self, other: Moments) -> Moments:
        """Return the moments of the values of both."""
        if not self.count or not other.count:
            return self if self.count else other
        count = self.count + other.count
        low, high = (
            _of_both(min, self.minimum, other.minimum),
            _of_both(max, self.maximum, other.maximum),
        )
        if self.mean is None or other.mean is None:
            return Moments(count, low, high)
        if low is not None and low == high:
            return Moments(count, low, high, low, 0.0)
        share = other.count / count
        difference = other.mean - self.mean
        mean = _told(self.mean + difference * share)
        if self.variance is None or other.variance is None:
            return Moments(count, low, high, mean)
        variance = self.variance * (1 - share) + other.variance * share
        # Not squared by `**`, which raises for large numbers.
        variance += difference * difference * share * (1 - share)
        return Moments(count, low, high, mean, _told(variance))


def _of_both(
    choose: Callable[[float, float], float], one: float | None, other: float | None
) -> float | None:
    return None if one is None or other is None else choose(one, other)


def _told(number: float) -> float | None:
    return number if math.isfinite(number) else None


@dataclass(frozen=True)
class Tally:
    """The cells of a column: those that are missing, infinities, and the moments of the rest."""

    missing: int
    negative_infinity: int
    positive_infinity: int
    moments: Moments


def tallies(matrix: NDArray[Any]) -> list[Tally]:
    """Return what the cells of each column are.

    Parameters
    ----------
    matrix : ndarray of shape (n_rows, n_columns)
        Of floats (NaN is a missing value), integers or booleans, in any order of memory.

    Returns
    -------
    list of Tally

    Examples
    --------
    >>> import numpy as np
    >>> tallies(np.array([[1.0, np.nan], [3.0, -np.inf]]))[1]
    Tally(missing=1, negative_infinity=1, positive_infinity=0, moments=Moments(count=0, \
minimum=None, maximum=None, mean=None, variance=None))
    """
    rows, columns = matrix.shape
    if not rows:
        return [Tally(0, 0, 0, Moments(0))] * columns
    with np.errstate(all="ignore"):
        if matrix.flags.f_contiguous and not matrix.flags.c_contiguous:
            return _of_long_columns(matrix)
        # Of one piece: large new arrays are given back to the system, and got again page by page.
        scratch = np.empty(min(matrix.size, max(BLOCK, LONG_ROW, columns)))
        found = _together([_block_sums(block, scratch) for block in _row_blocks(matrix)])
        gappy = np.flatnonzero(_are_gappy(found))
        if len(gappy):
            found[:, gappy] = _of_gappy_columns(matrix, gappy)
    return _told_apart(found, rows)


def moments_of(values: NDArray[Any]) -> Moments:
    """Return the moments of a column's finite values.

    Parameters
    ----------
    values : ndarray of shape (n_rows,)
        Of numbers.
    """
    return tallies(values.reshape(-1, 1))[0].moments


def _row_blocks(matrix: NDArray[Any]) -> Iterator[Floats]:
    """Yield float64 blocks of rows in C order; such a matrix is cut, another copied by blocks.

    As far as possible the rows of a block can be put together into long rows.
    """
    rows, columns = matrix.shape
    longest = max(1, LONG_ROW // max(1, columns))
    step = max(longest, BLOCK // max(1, columns) // longest * longest)
    start = 0
    while start < rows:
        count = min(step, rows - start)
        if longest < count and 2 * _fold(count, columns) < longest:
            count -= count % longest
        yield np.ascontiguousarray(matrix[start : start + count], dtype=np.float64)
        start += count


@functools.lru_cache(maxsize=256)
def _fold(rows: int, columns: int) -> int:
    """Return how many rows are put together into a long one, so that none is left over."""
    longest = max(1, LONG_ROW // max(1, columns))
    return next(fold for fold in range(min(longest, rows), 0, -1) if rows % fold == 0)


# Of a block, for each column: finite values, missing, -inf, +inf, min, max, mean, sum of squares.
_COUNT, _MISSING, _NEGATIVE, _POSITIVE, _LOW, _HIGH, _MEAN, _SQUARES = range(8)


def _block_sums(block: Floats, scratch: Floats) -> Floats:
    """Return eight numbers for each column of a block in C order, as rows of one array."""
    rows, columns = block.shape
    fold = _fold(rows, columns)
    wide = block.reshape(rows // fold, fold * columns)

    def folded(reduce: np.ufunc, of: Floats) -> Floats:
        once: Floats = reduce.reduce(of, axis=0)
        return once if fold == 1 else reduce.reduce(once.reshape(fold, columns), axis=0)

    found = np.zeros((8, columns))
    found[_COUNT] = rows
    found[_LOW] = folded(np.minimum, wide)
    found[_HIGH] = folded(np.maximum, wide)
    found[_MEAN] = folded(np.add, wide)
    found[_MEAN] /= rows
    apart = scratch[: block.size].reshape(wide.shape)
    mean = found[_MEAN] if fold == 1 else np.tile(found[_MEAN], fold)
    np.multiply(np.subtract(wide, mean, out=apart), apart, out=apart)
    found[_SQUARES] = folded(np.add, apart)
    if _is_far_off(found):
        _correct(found, folded(np.add, np.subtract(wide, mean, out=apart)))
    return found


def _is_far_off(found: Floats) -> bool:
    """Return whether means are so far from zero that their rounding shows in the squares."""
    return bool((found[_MEAN] ** 2 * found[_COUNT] > FAR_OFF * found[_SQUARES]).any())


def _correct(found: Floats, apart: Floats) -> None:
    """Correct means and squares by the sums of what values are apart from a rounded mean."""
    error = apart / np.maximum(found[_COUNT], 1)
    found[_MEAN] += error
    found[_SQUARES] -= apart * error


def _are_gappy(found: Floats) -> NDArray[np.bool_]:
    """Return which columns have missing values or infinities, which spoil their ranges."""
    gappy: NDArray[np.bool_] = ~np.isfinite(found[_LOW] - found[_HIGH])
    return gappy


def _of_gappy_columns(matrix: NDArray[Any], columns: NDArray[np.intp]) -> Floats:
    """Return the eight numbers for columns with missing values or infinities."""
    rows = max(1, STRIP // len(columns))
    strips = (matrix[start : start + rows, columns].T for start in range(0, len(matrix), rows))
    return _together([_gappy_sums(np.ascontiguousarray(strip, np.float64)) for strip in strips])


def _gappy_sums(lines: Floats) -> Floats:
    """Return the eight numbers for columns, each of which lies in one piece."""
    found = np.zeros((8, len(lines)))
    found[_LOW], found[_HIGH] = np.inf, -np.inf
    for numbers, line in zip(found.T, lines, strict=True):
        finite = line[np.isfinite(line)]
        numbers[_COUNT] = count = len(finite)
        if count < len(line):
            numbers[_MISSING] = np.count_nonzero(line != line)
            numbers[_NEGATIVE] = np.count_nonzero(line == -np.inf)
            numbers[_POSITIVE] = len(line) - numbers[:_POSITIVE].sum()
        if count:
            numbers[_LOW], numbers[_HIGH] = finite.min(), finite.max()
            mean = finite.mean()
            finite -= mean
            # The mean is rounded; what values are apart from it says by how much.
            apart = finite.sum()
            numbers[_MEAN] = mean + apart / count
            numbers[_SQUARES] = np.einsum("i,i->", finite, finite) - apart * apart / count
    return found


def _of_long_columns(matrix: NDArray[Any]) -> list[Tally]:
    """Return the tallies of a matrix whose columns lie one after another."""
    rows, columns = matrix.shape
    found: list[Tally] = []
    some = max(1, BLOCK // rows)
    scratch = np.empty(min(matrix.size, BLOCK))
    for first in range(0, columns, some):
        lines = matrix.T[first : first + some]
        sums = [
            _line_sums(np.asarray(lines[:, start : start + BLOCK], np.float64), scratch)
            for start in range(0, rows, BLOCK)
        ]
        found += _told_apart(_together(sums), rows)
    return found


def _line_sums(lines: Floats, scratch: Floats) -> Floats:
    """Return the eight numbers of a block whose rows are columns of the data."""
    found = np.zeros((8, len(lines)))
    found[_COUNT] = lines.shape[1]
    found[_LOW], found[_HIGH] = lines.min(axis=1), lines.max(axis=1)
    found[_MEAN] = lines.mean(axis=1)
    apart = scratch[: lines.size].reshape(lines.shape)
    np.subtract(lines, found[_MEAN][:, np.newaxis], out=apart)
    found[_SQUARES] = np.einsum("ij,ij->i", apart, apart)
    if _is_far_off(found):
        _correct(found, apart.sum(axis=1))
    gappy = _are_gappy(found)
    if gappy.any():
        found[:, gappy] = _gappy_sums(lines[gappy])
    return found


def _together(blocks: list[Floats]) -> Floats:
    """Return the eight numbers of all blocks."""
    if len(blocks) == 1:
        return blocks[0]
    parts = np.stack(blocks)
    found: Floats = parts.sum(axis=0)
    found[_LOW] = parts[:, _LOW].min(axis=0)
    found[_HIGH] = parts[:, _HIGH].max(axis=0)
    count = np.maximum(found[_COUNT], 1)
    # Means are averaged about one of them: of equal values the mean is that value.
    about = parts[0, _MEAN]
    mean = about + (parts[:, _COUNT] * (parts[:, _MEAN] - about)).sum(axis=0) / count
    found[_MEAN] = mean
    apart = parts[:, _MEAN] - mean
    found[_SQUARES] += (parts[:, _COUNT] * apart * apart).sum(axis=0)
    return found


def _told_apart(found: Floats, rows: int) -> list[Tally]:
    """Return the tallies that eight numbers a column are."""
    tallies = []
    for count, missing, negative, positive, low, high, mean, squares in found.T.tolist():
        if not count:
            moments = Moments(0)
        elif low == high:
            moments = Moments(int(count), low, high, low, 0.0)
        else:
            moments = Moments(int(count), low, high, _told(mean), _told(max(squares, 0.0) / count))
        tallies.append(Tally(int(missing), int(negative), int(positive), moments))
    return tallies
