"""Fingerprints of rows: 64 bits for each, by which equal rows of two data sets are found.

Of the data nothing else is kept. A number counts by its value as a float, whatever its dtype is.
Of large data some rows are taken, chosen by what they hold: of two data sets these are the same
rows.
"""

from __future__ import annotations

import functools
import re
import sys
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fitscribe.modelfolder.containers import is_pandas_frame, is_polars_frame, is_sparse
from fitscribe.sklearn.rows import shape_of

__all__ = ["Fingerprints", "fingerprints", "is_group_name", "shared_rows"]

Words = NDArray[np.uint64]
Times = tuple[str, NDArray[np.int64]]
Groups = dict[str, Words]

# Cells that are read at most: of more, some rows are.
MOST_CELLS = 1 << 16
MOST_SPARSE = 1 << 22
# Cells that are Python objects are hashed by the interpreter.
MOST_OBJECTS = 20_000
KEY_COLUMNS = 16
KEY_ROWS = 256
# Cells that are worked on at once, so that they stay in the cache.
BLOCK = 1 << 14
GOLDEN = np.uint64(0x9E3779B97F4A7C15)
HALF = np.uint64(32)

# Where equal rows are no coincidence: see `shared_rows`.
LEAST_SHARED = 2
LEAST_SHARE = 0.01
LEAST_DISTINCT = 0.48
LEAST_TOLD_APART = 0.9
LEAST_OF_HALF = 0.5

_GROUP = re.compile(
    r"(groups?|group_?ids?|(patient|subject|participant|person|donor|household)_?(s|ids?|nos?|nrs?)?)"
    r"([ _]?(train|test|tr|te|all))?",
    re.IGNORECASE,
)
_SUBJECTS = frozenset({"subject", "subjects"})  # of lessons and of letters, too
_BORN = re.compile(r"birth|dob|born", re.IGNORECASE)
LEAST_GROUPS = 10


@dataclass(frozen=True, slots=True)
class Fingerprints:
    """What is kept of the rows of data.

    Parameters
    ----------
    rows : int
        How many the data have.
    whole : ndarray of uint64
        A fingerprint of each row that was taken.
    halves : (ndarray, ndarray) or None
        Of every other column, and of the columns between; None for a single column.
    key : int or None
        The column by which rows are chosen, if they are.
    keys : ndarray of uint64 or None
        What it says of each row that was taken.
    one_in : int
        How many rows stand behind one that was taken.
    times : (str, ndarray of int64) or None
        The column of times, if there is one.
    groups : dict of str to ndarray
        Of columns that name patients and the like: a fingerprint of each row's value.
    """

    rows: int
    whole: Words
    halves: tuple[Words, Words] | None
    key: int | None = None
    keys: Words | None = None
    one_in: int = 1
    times: Times | None = None
    groups: Groups = field(default_factory=dict)

    @property
    def nbytes(self) -> int:
        """How much memory it takes, about."""
        arrays = [self.whole, *self.groups.values()]
        if self.halves is not None:
            arrays += self.halves
        times = 0 if self.times is None else self.times[1].nbytes
        return times + sum(array.nbytes for array in arrays)

    def thinned(self, one_in: int) -> Fingerprints:
        """Return those of fewer rows, as of data so large that one in so many is taken."""
        if one_in <= self.one_in:
            return self
        keys = self.keys
        if keys is None:
            return self
        chosen = _chosen(keys, one_in)
        halves = self.halves
        if halves is not None:
            first, second = halves
            halves = first[chosen], second[chosen]
        return Fingerprints(self.rows, self.whole[chosen], halves, self.key, keys[chosen], one_in)


def is_group_name(name: object) -> bool:
    """Whether a variable or a column of that name says whom rows are of, such as a patient."""
    return (
        isinstance(name, str)
        and name.lower() not in _SUBJECTS
        and _GROUP.fullmatch(name.strip()) is not None
    )


def fingerprints(data: Any, key: int | None = None) -> Fingerprints | None:
    """Return the fingerprints of the rows of data of two dimensions, or None if they have none.

    Parameters
    ----------
    data : array, sparse matrix in rows, DataFrame of pandas or polars
        It is read only.
    key : int, optional
        By which column rows are chosen, of data whose rows are to be compared with these.
    """
    if is_sparse(data):
        return _of_sparse(data)
    shape = shape_of(data)
    if shape is None or len(shape) != 2 or 0 in shape:
        return None
    rows, columns = shape
    if isinstance(data, np.ndarray):
        if data.dtype.kind not in "biuf" or isinstance(data, np.ma.MaskedArray):
            return None
    elif not is_pandas_frame(data) and not is_polars_frame(data):
        return None
    one_in, chosen, keys = 1, None, None
    if rows * columns > MOST_CELLS:
        one_in = 1 << (rows * columns // MOST_CELLS).bit_length()
        key = _best_key(data, rows, columns) if key is None else key
    if key is not None:
        keys = _keys(data, key)
    if one_in > 1:
        if keys is None:
            return None
        chosen = np.flatnonzero(_chosen(keys, one_in))[: 2 * MOST_CELLS // columns + 1]
        if not len(chosen):
            return None
        keys = keys[chosen]
        data = data.iloc[chosen] if is_pandas_frame(data) else data[chosen]
    found = _made(data)
    if found is None:
        return None
    whole, halves, times, groups = found
    return Fingerprints(rows, whole, halves, key, keys, one_in, times, groups)


def _best_key(data: Any, rows: int, columns: int) -> int | None:
    """Return the column with the most different values in a few rows, of numbers."""
    every = max(1, rows // KEY_ROWS)
    few = data.iloc[::every] if is_pandas_frame(data) else data[::every]
    best, most = None, 1
    for place in np.unique(np.linspace(0, columns - 1, min(KEY_COLUMNS, columns)).astype(int)):
        words = _column(few, int(place))
        count = 0 if words is None else len(np.unique(words))
        if count > most:
            best, most = int(place), count
    return best


def _column(data: Any, place: int) -> Words | None:
    if isinstance(data, np.ndarray):
        return _of_numbers(data[:, place])
    if is_pandas_frame(data):
        column = data.iloc[:, place]
        return _of_pandas(column) if getattr(column.dtype, "kind", "O") in "biufmM" else None
    return _of_polars(data.get_columns()[place])


def _keys(data: Any, place: int) -> Words | None:
    """Return by what rows are chosen: the content of one column."""
    if place >= data.shape[1]:
        return None
    if not isinstance(data, np.ndarray):
        words = _column(data, place)
        return None if words is None else _scattered(words)
    keys = np.empty(len(data), np.uint64)
    for start in range(0, len(data), BLOCK):
        words = _of_numbers(data[start : start + BLOCK, place])
        keys[start : start + BLOCK] = _scattered(words)
    return keys


def _scattered(words: Words) -> Words:
    words = words ^ (words >> HALF)
    words *= GOLDEN
    words >>= HALF
    return words


def _chosen(keys: Words, one_in: int) -> NDArray[np.bool_]:
    """Return which rows are taken; `one_in` is a power of two."""
    chosen: NDArray[np.bool_] = (keys & np.uint64(one_in - 1)) == 0
    return chosen


def _made(data: Any) -> tuple[Words, tuple[Words, Words] | None, Times | None, Groups] | None:
    """Return the fingerprints of all rows, of both halves, the times, and the groups."""
    cells = data if isinstance(data, np.ndarray) else _one_array(data)
    if cells is None:
        cells = _words(data)
    if cells is None:
        return None
    sums = _sums(cells)
    first, second = sums[:, 0], sums[:, 1]
    whole = first * GOLDEN + second
    halves = (first, second) if cells.shape[1] > 1 else None
    if isinstance(data, np.ndarray):
        return whole, halves, None, {}
    labels = [str(label) for label in data.columns]
    groups: Groups = {}
    for place, label in enumerate(labels):
        if is_group_name(label):
            groups[label] = (
                _of_numbers(cells[:, place])
                if cells.dtype != np.uint64
                else (cells[:, place].copy())
            )
    return whole, halves, _times(data, labels), groups


def _one_array(frame: Any) -> NDArray[Any] | None:
    """Return the one array of numbers that a frame of pandas is, if it is."""
    if not getattr(getattr(frame, "_mgr", None), "is_single_block", False):
        return None
    array: NDArray[Any] = frame.to_numpy()
    return array if array.dtype.kind in "biuf" else None


def _sums(cells: NDArray[Any]) -> Words:
    """Return two words for each row: of every other column, and of those between.

    Each is a sum over words of cells times factors of their columns.
    """
    rows, columns = cells.shape
    factors = _factors(columns)
    step = max(1, BLOCK // columns)
    if rows <= step:
        return _folded(cells) @ factors
    found = np.empty((rows, 2), np.uint64)
    for start in range(0, rows, step):
        found[start : start + step] = _folded(cells[start : start + step]) @ factors
    return found


def _folded(cells: NDArray[Any]) -> Words:
    """Return the words of cells; the upper half of one is in its lower half, too.

    Whole numbers, as floats, differ in the upper half only.
    """
    words = cells if cells.dtype == np.uint64 else _of_numbers(cells)
    return words ^ (words >> HALF)


@functools.lru_cache(maxsize=64)
def _factors(columns: int) -> Words:
    drawn = np.random.Generator(np.random.PCG64(columns)).integers(
        0, 2**64, columns, dtype=np.uint64
    )
    factors = np.zeros((columns, 2), np.uint64)
    factors[0::2, 0] = drawn[0::2] | np.uint64(1)
    factors[1::2, 1] = drawn[1::2] | np.uint64(1)
    return factors


def _words(frame: Any) -> Words | None:
    """Return a word of 64 bits for each cell of a frame."""
    if is_pandas_frame(frame):
        found = [_of_pandas(column) for _, column in frame.items()]
    else:
        found = [_of_polars(column) for column in frame.get_columns()]
    known = [words for words in found if words is not None]
    return np.column_stack(known) if len(known) == len(found) else None


def _of_numbers(array: NDArray[Any]) -> Words:
    # Both zeros are one number, and the sum is an array in the order of rows.
    words: Words = np.add(array, 0.0, dtype=np.float64, order="C").view(np.uint64)
    return words


def _of_pandas(column: Any) -> Words | None:
    dtype = column.dtype
    kind = getattr(dtype, "kind", "O")
    if hasattr(dtype, "categories"):
        names = [hash(name) for name in dtype.categories.tolist()]
        known = np.array([*names, 0], dtype=np.int64)  # -1 is what is missing
        words: Words = known[np.asarray(column.cat.codes)].view(np.uint64)
        return words
    if kind in "biuf":
        if isinstance(dtype, np.dtype):
            return _of_numbers(column.to_numpy())
        return _of_numbers(column.to_numpy(dtype=np.float64, na_value=np.nan))
    if kind in "mM":
        return _nanoseconds(column).view(np.uint64)
    if len(column) > MOST_OBJECTS:
        return None
    values = column.to_numpy(dtype=object, na_value=None)
    return np.fromiter(map(hash, values), np.int64, len(values)).view(np.uint64)


def _nanoseconds(times: Any) -> NDArray[np.int64]:
    """Return times of pandas as numbers, whatever their unit and zone."""
    array = np.asarray(getattr(times, "array", times), dtype="datetime64[ns]")
    return array.view(np.int64)


def _of_polars(column: Any) -> Words | None:
    if column.dtype.is_numeric() and not column.null_count():
        return _of_numbers(column.to_numpy())
    if column.dtype.is_temporal():
        column = column.to_physical()
    words: Words = column.hash().to_numpy()
    return words


def _of_sparse(data: Any) -> Fingerprints | None:
    """Return those of a sparse matrix that lies in rows."""
    if (
        getattr(data, "format", "") != "csr"
        or data.nnz > MOST_SPARSE
        or data.dtype.kind not in ("biuf")
    ):
        return None
    values = _of_numbers(data.data)
    places = data.indices.astype(np.uint64)
    mixed = (values ^ (values >> np.uint64(32))) * ((places << np.uint64(1)) | np.uint64(1))
    mixed = (mixed ^ (mixed >> np.uint64(29))) * GOLDEN
    halves = []
    for odd in (0, 1):
        part = np.where(places % np.uint64(2) == odd, mixed, np.uint64(0))
        sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(part, dtype=np.uint64)])
        halves.append(sums[data.indptr[1:]] - sums[data.indptr[:-1]])
    whole = halves[0] * GOLDEN + halves[1]
    return Fingerprints(int(data.shape[0]), whole, (halves[0], halves[1]))


def _times(frame: Any, labels: list[str]) -> Times | None:
    """Return the times of rows, if the index or one column has them and it is no birthday."""
    if is_pandas_frame(frame):
        index = frame.index
        if getattr(index.dtype, "kind", "") == "M":
            return str(index.name or "index"), _nanoseconds(index)
        kinds = [getattr(dtype, "kind", "") == "M" for dtype in frame.dtypes]
    else:
        datetime = sys.modules["polars"].Datetime
        kinds = [dtype.base_type() is datetime for dtype in frame.dtypes]
    found = [place for place, is_time in enumerate(kinds) if is_time]
    if len(found) != 1 or _BORN.search(labels[found[0]]):
        return None
    label = labels[found[0]]
    if is_pandas_frame(frame):
        return label, _nanoseconds(frame.iloc[:, found[0]])
    column = frame.get_columns()[found[0]].drop_nulls()
    return label, column.dt.timestamp("ns").to_numpy()


def shared_rows(train: Fingerprints, test: Fingerprints) -> tuple[int, int]:
    """Return how many rows of test are rows of train, too, and of how many: no coincidences.

    Of data of few values equal rows are natural. Then rows that agree in half of the columns are
    many more than those that agree in all, or one half has few different values. Where rows were
    copied, whoever agrees in the half that tells more agrees in the other half as well.
    """
    one_in = max(train.one_in, test.one_in)
    train, test = train.thinned(one_in), test.thinned(one_in)
    taken = len(test.whole)
    if train.halves is None or test.halves is None or not taken or not len(train.whole):
        return 0, taken
    found = int(np.isin(test.whole, train.whole).sum())
    if found < max(LEAST_SHARED, LEAST_SHARE * taken):
        return 0, taken
    distinct = len(np.unique(train.whole))
    counts = [len(np.unique(half)) for half in train.halves]
    best = int(counts[1] > counts[0])
    if distinct < LEAST_DISTINCT * len(train.whole):
        return 0, taken
    if counts[best] < LEAST_TOLD_APART * distinct:
        return 0, taken
    in_half = int(np.isin(test.halves[best], train.halves[best]).sum())
    return (found if found >= LEAST_OF_HALF * in_half else 0), taken
