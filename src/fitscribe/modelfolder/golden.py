"""The file ``golden.json``: a few rows and what the model answered, to be asked again later.

Whoever loads the model elsewhere, with other libraries, sees whether it still says the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import msgspec.json
import numpy as np
from numpy.typing import NDArray

from fitscribe.errors import DamagedModel, InvalidParameter, NotSupported
from fitscribe.modelfolder.containers import is_pandas_frame, is_polars_frame, is_sparse
from fitscribe.modelfolder.exact import decoded, encoded
from fitscribe.modelfolder.read import OpenFolder

__all__ = [
    "DIFFERENT",
    "EQUAL",
    "GOLDEN",
    "IDENTICAL",
    "METHODS",
    "MOST_ROWS",
    "ORIGINS",
    "Compared",
    "Golden",
    "compare",
    "kept_in",
]

GOLDEN = "golden.json"
VERSION = 1
MOST_ROWS = 16
MOST_BYTES = 64 << 20
# What a model is asked, as far as it can be.
METHODS = ("predict", "predict_proba", "decision_function", "transform")
ORIGINS = ("made up", "given", "training data")
IDENTICAL, EQUAL, DIFFERENT = "identical", "equal within 1e-9", "different"
# What rounding comes to, and what it comes to in single precision.
NEARLY, NEARLY_IN_32 = 1e-9, 1e-5


@dataclass(frozen=True, slots=True)
class Golden:
    """Rows and a model's answers.

    Parameters
    ----------
    origin : {"made up", "given", "training data"}
        Where the rows come from.
    rows : array, sparse matrix, frame or list of shape (n_rows, n_features)
        Up to 16.
    answers : dict
        Name of the method to what it gave: arrays, sparse matrices, frames, or lists of arrays.
    """

    origin: str
    rows: Any
    answers: Mapping[str, Any]

    def to_bytes(self) -> bytes:
        """Return the file.

        Raises
        ------
        InvalidParameter
            If rows or answers hold what is not kept, or are too many.
        """
        count = _length(self.rows)
        if not 1 <= count <= MOST_ROWS:
            raise InvalidParameter(f"Golden rows are 1 to {MOST_ROWS}; got {count:,}.")
        document = {
            "version": VERSION,
            "origin": self.origin,
            "rows": encoded(self.rows),
            "answers": {name: encoded(answer) for name, answer in self.answers.items()},
        }
        return msgspec.json.encode(document)

    @classmethod
    def from_bytes(cls, data: bytes) -> Golden:
        """Return what a file holds; nothing in it is believed that has not the form written.

        Raises
        ------
        DamagedModel
            If it is no such file.
        NotSupported
            If a newer fitscribe wrote it.
        MissingDependency
            If it holds a frame of a library that is not installed.
        """
        if len(data) > MOST_BYTES:
            raise _damaged(f"{len(data):,} bytes")
        try:
            told = msgspec.json.decode(data)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            raise _damaged(str(error)) from None
        if not isinstance(told, dict):
            raise _damaged("no mapping")
        version = told.get("version")
        if type(version) is int and version > VERSION:
            raise NotSupported(
                f"The model's {GOLDEN} has version {version}, and this fitscribe reads up to "
                f"{VERSION}: pip install --upgrade fitscribe."
            )
        answers = told.get("answers")
        if (
            type(version) is not int
            or version != VERSION
            or set(told) != {"version", "origin", "rows", "answers"}
        ):
            raise _damaged("a key is missing, or one too many")
        if told["origin"] not in ORIGINS or not isinstance(answers, dict):
            raise _damaged("origin or answers are wrong")
        if not set(answers) <= set(METHODS):
            raise _damaged("it has answers of other methods")
        rows = decoded(told["rows"])
        if not 1 <= _length(rows) <= MOST_ROWS:
            raise _damaged(f"{_length(rows):,} rows")
        return cls(
            told["origin"], rows, {name: decoded(answer) for name, answer in answers.items()}
        )


def kept_in(opened: OpenFolder) -> Golden | None:
    """Return the golden rows of a folder, None where it has none.

    Raises
    ------
    DamagedModel
        If its file holds none.
    NotSupported, MissingDependency
        If a newer fitscribe wrote it, or the rows need a library that is not here.
    """
    if opened.manifest is None or opened.manifest.golden is None:
        return None
    return Golden.from_bytes(opened.read(opened.manifest.golden))


def _damaged(why: str) -> DamagedModel:
    return DamagedModel(
        f"The model's {GOLDEN} is damaged: {why}. Take a copy of the folder that is whole."
    )


def _length(rows: Any) -> int:
    shape = getattr(rows, "shape", None)
    if shape is None:
        return len(rows)
    return int(shape[0]) if shape else 0


@dataclass(frozen=True, slots=True)
class Compared:
    """What two answers of one method have in common.

    Parameters
    ----------
    outcome : {"identical", "equal within 1e-9", "different"}
        Numbers in single precision are equal within 1e-5.
    difference : float or None
        The largest of two numbers, relative to the largest number of their column; None where
        they are no numbers, or have other shapes.
    differing : int or None
        How many cells are not the same; None where shapes or columns differ.
    """

    outcome: str
    difference: float | None = 0.0
    differing: int | None = 0


def compare(then: Any, now: Any) -> Compared:
    """Return what an answer of then and one of now have in common.

    Parameters
    ----------
    then, now : array, sparse matrix, frame, or list of arrays
        What one method gave for the same rows.

    Examples
    --------
    >>> compare(np.array([0.25, 0.75]), np.array([0.25, 0.75])).outcome
    'identical'
    >>> compare(np.array([0.25, 0.75]), np.array([0.25, 0.75 + 1e-14])).outcome
    'equal within 1e-9'
    >>> compare(np.array(["a", "b"]), np.array(["a", "a"]))
    Compared(outcome='different', difference=None, differing=1)
    """
    if is_sparse(then) and is_sparse(now):
        if then.shape != now.shape:
            return Compared(DIFFERENT, None, None)
        return _compare_parts([_aligned(then, now)])
    first, second = dict(_parts(then)), dict(_parts(now))
    if list(first) != list(second):
        return Compared(DIFFERENT, None, None)
    return _compare_parts([(first[key], second[key]) for key in first])


Array = NDArray[Any]


def _compare_parts(pairs: list[tuple[Array, Array]]) -> Compared:
    """Return what the worst of several pairs of arrays comes to."""
    order = (IDENTICAL, EQUAL, DIFFERENT)
    found = [_compare_arrays(a, b) for a, b in pairs]
    if any(one.differing is None for one in found):
        return Compared(DIFFERENT, None, None)
    outcome = max((one.outcome for one in found), key=order.index, default=IDENTICAL)
    numbers = [one.difference for one in found if one.difference is not None]
    # Of labels alone there is nothing to measure.
    known = numbers if len(numbers) == len(found) or any(numbers) else []
    difference = max(known) if known or not found else None
    return Compared(
        outcome,
        0.0 if not found else difference,
        sum(one.differing or 0 for one in found),
    )


def _parts(value: Any) -> Iterator[tuple[Any, Array]]:
    """Yield the arrays of an answer, with what tells them apart."""
    if isinstance(value, list):
        yield from ((place, np.asarray(one)) for place, one in enumerate(value))
    elif is_pandas_frame(value):
        for label, column in value.items():
            if isinstance(column.dtype, np.dtype):
                yield label, column.to_numpy()
            else:
                cells = column.astype(object)
                yield label, cells.where(column.notna(), None).to_numpy(dtype=object)
    elif is_polars_frame(value):
        for column in value.get_columns():
            plain = column.dtype.is_float() and not column.null_count()
            cells = column.to_numpy() if plain else _objects(column.to_list())
            yield column.name, cells
    elif is_sparse(value):
        yield "sparse", np.empty(0)
    else:
        yield "array", np.asarray(value)


def _objects(values: list[Any]) -> Array:
    found: Array = np.empty(len(values), dtype=object)
    found[:] = values
    return found


def _aligned(then: Any, now: Any) -> tuple[Array, Array]:
    """Return the values of two sparse matrices at the cells that either has."""
    found = []
    for matrix in (then, now):
        cells = matrix.tocsr().copy()
        cells.sum_duplicates()
        cells = cells.tocoo()
        found.append((cells.row.astype(np.int64) * cells.shape[1] + cells.col, cells.data))
    keys = np.union1d(found[0][0], found[1][0])
    arrays = []
    for places, values in found:
        dense = np.zeros(len(keys), dtype=values.dtype)
        dense[np.searchsorted(keys, places)] = values
        arrays.append(dense)
    return arrays[0], arrays[1]


_GROUPS = {"i": "whole", "u": "whole", "U": "text", "S": "text", "T": "text"}


def _compare_arrays(then: Array, now: Array) -> Compared:
    groups = [_GROUPS.get(array.dtype.kind, array.dtype.kind) for array in (then, now)]
    if then.shape != now.shape or groups[0] != groups[1]:
        return Compared(DIFFERENT, None, None)
    if groups[0] != "f":
        if groups[0] == "O":
            pairs = zip(then.ravel().tolist(), now.ravel().tolist(), strict=True)
            same = sum(type(a) is type(b) and (a == b or (a != a and b != b)) for a, b in pairs)
        else:
            # Not a time, NaT, is not equal to itself.
            same = int(np.count_nonzero((then == now) | ((then != then) & (now != now))))
        differing = then.size - same
        if differing:
            return Compared(DIFFERENT, None, differing)
        is_same = groups[0] == "text" or then.dtype == now.dtype
        return Compared(IDENTICAL if is_same else EQUAL, 0.0, 0)
    return _compare_floats(then, now)


def _compare_floats(then: Array, now: Array) -> Compared:
    unlike = ~((then == now) | (np.isnan(then) & np.isnan(now)))
    differing = int(np.count_nonzero(unlike))
    if not differing:
        return Compared(IDENTICAL if then.dtype == now.dtype else EQUAL, 0.0, 0)
    a, b = then.astype(np.float64), now.astype(np.float64)
    with np.errstate(all="ignore"):
        sizes = np.fmax(np.abs(a), np.abs(b))
        sizes = np.where(np.isfinite(sizes), sizes, 0.0)
        scale = sizes.max(axis=0, keepdims=True) if sizes.ndim else sizes
        apart = np.where(unlike, np.abs(a - b) / scale, 0.0)
    # Where one of the two is NaN or infinite.
    difference = float(np.where(np.isfinite(apart), apart, np.inf).max())
    precise = min(then.dtype.itemsize, now.dtype.itemsize) >= 8
    outcome = EQUAL if difference <= (NEARLY if precise else NEARLY_IN_32) else DIFFERENT
    return Compared(outcome, difference, differing)
