"""Rows and answers as JSON and back, to the last bit: values, dtypes, shapes, containers.

A number is written with as many digits as it takes to read the same one; NaN and the infinities,
which JSON has not, are texts. Of NaN it is not kept which of the many it was.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fitscribe.errors import DamagedModel, InvalidParameter
from fitscribe.modelfolder import exact_frames as frames
from fitscribe.modelfolder.containers import is_pandas_frame, is_polars_frame, is_sparse

__all__ = ["MOST_CELLS", "decoded", "encoded"]

# So many cells has one array at most, and so many bytes its texts.
MOST_CELLS = 1 << 18
MOST_TEXT = 1 << 26
MOST_ITEMS = 1000
_DTYPE = re.compile(
    r"[<>|](b1|[iu][1248]|f[248]|U\d{1,6}|[Mm]8\[\d{0,6}(Y|M|W|D|h|m|s|ms|us|ns)\])|\|O"
)
_SPECIAL = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}
_SPARSE = ("csr_matrix", "csc_matrix", "csr_array", "csc_array")
_64 = range(-(2**63), 2**64)


def encoded(value: Any) -> dict[str, Any]:
    """Return an array, a sparse matrix, a frame, or a list of these or of plain cells, as JSON.

    Raises
    ------
    InvalidParameter
        If it is nothing of the kind, or too large.
    """
    if isinstance(value, np.ndarray):
        return _array(value)
    if is_sparse(value):
        return _sparse(value)
    if is_pandas_frame(value):
        return {"kind": "pandas", "columns": frames.pandas_columns(value, _array, _cells)}
    if is_polars_frame(value):
        return {"kind": "polars", "columns": frames.polars_columns(value, _cells)}
    if isinstance(value, np.generic):
        return _array(np.asarray(value))
    if isinstance(value, list):
        if len(value) <= MOST_ITEMS and any(isinstance(one, np.ndarray) for one in value):
            return {"kind": "list", "items": [_array(np.asarray(one)) for one in value]}
        return {"kind": "cells", "values": _cells(value)}
    raise _not_kept(f"a {type(value).__name__}")


def decoded(told: Any) -> Any:
    """Return what :func:`encoded` was given.

    Raises
    ------
    DamagedModel
        If it has not the form that is written.
    MissingDependency
        If it is a frame of a library that is not installed.
    """
    kind = _get(told, "kind", str)
    if kind == "array":
        return _to_array(told)
    if kind == "sparse":
        return _to_sparse(told)
    if kind in ("pandas", "polars"):
        columns = _get(told, "columns", list)
        if not all(isinstance(column, dict) for column in columns):
            raise _damaged("a column is no mapping")
        read = frames.pandas_frame if kind == "pandas" else frames.polars_frame
        try:
            return read(columns, _to_array, _to_cells)
        except (KeyError, OverflowError, TypeError, ValueError) as error:
            if isinstance(error, DamagedModel):
                raise
            raise _damaged(f"its columns: {error}"[:200]) from None
    if kind == "list":
        items = _get(told, "items", list)
        if len(items) > MOST_ITEMS:
            raise _damaged(f"a list of {len(items):,}")
        return [_to_array(item) for item in items]
    if kind == "cells":
        return _to_cells(_get(told, "values", list))
    raise _damaged(f"the kind {kind!r:.40}")


# ---- arrays -----------------------------------------------------------------------------------


def _array(array: NDArray[Any]) -> dict[str, Any]:
    """Return an array as JSON."""
    if type(array) is not np.ndarray:
        raise _not_kept(f"a {type(array).__name__}")
    dtype = array.dtype
    if not _DTYPE.fullmatch(dtype.str) or dtype.names:
        raise _not_kept(f"an array of {dtype}")
    _check_size(array.size, dtype, _not_kept)
    flat = array.reshape(-1)
    if dtype.kind in "mM":
        flat = flat.view(f"{dtype.str[0]}i8")
    values = flat.tolist()
    if dtype.kind in "OU":
        values = _cells(values)
    elif dtype.kind == "f" and not np.isfinite(flat).all():
        values = [one if math.isfinite(one) else repr(one) for one in values]
    return {"kind": "array", "dtype": dtype.str, "shape": list(array.shape), "values": values}


def _to_array(told: Any) -> NDArray[Any]:
    """Return an array that JSON tells of."""
    text, shape = _get(told, "dtype", str), _get(told, "shape", list)
    values = _get(told, "values", list)
    if not _DTYPE.fullmatch(text):
        raise _damaged(f"the dtype {text!r:.40}")
    if len(shape) > 8 or not all(type(length) is int and length >= 0 for length in shape):
        raise _damaged(f"the shape {shape!r:.80}")
    if math.prod(shape) != len(values) or max(shape, default=0) > MOST_CELLS:
        raise _damaged(f"{len(values):,} values of the shape {shape!r:.80}")
    dtype = np.dtype(text)
    _check_size(len(values), dtype, _damaged)
    if dtype.kind == "O":
        cells: NDArray[Any] = np.empty(len(values), dtype=object)
        cells[:] = _to_cells(values)
        return cells.reshape(shape)
    if dtype.kind == "f":
        values = [_SPECIAL.get(one, one) if type(one) is str else one for one in values]
    types = {"b": bool, "f": float, "U": str}
    if not set(map(type, values)) <= {types.get(dtype.kind, int)}:
        raise _damaged(f"a value is not of the dtype {text}")
    if dtype.kind in "iu" and values:
        # numpy 1 takes what is too large, and warns.
        limits = np.iinfo(dtype)
        if min(values) < limits.min or max(values) > limits.max:
            raise _damaged(f"a value is too large for the dtype {text}")
    try:
        if dtype.kind in "mM":
            found: NDArray[Any] = np.array(values, dtype=f"{text[0]}i8").view(dtype)
        else:
            found = np.array(values, dtype=dtype)
    except (OverflowError, TypeError, ValueError) as error:
        raise _damaged(str(error)) from None
    return found.reshape(shape)


def _check_size(cells: int, dtype: np.dtype[Any], error: Any) -> None:
    if cells > MOST_CELLS or (dtype.kind == "U" and max(cells, 1) * dtype.itemsize > MOST_TEXT):
        raise error(f"an array of {cells:,} cells of {dtype}")


# ---- cells of objects and texts ---------------------------------------------------------------


def _cells(values: Sequence[Any]) -> list[Any]:
    """Return texts, numbers, flags and None as JSON; they are Python's own."""
    if len(values) > MOST_CELLS:
        raise _not_kept(f"{len(values):,} cells")
    found: list[Any] = []
    for value in values:
        kind = type(value)
        if kind is float and not math.isfinite(value):
            found.append({"float": repr(value)})
        elif not (
            value is None
            or kind is bool
            or kind is float
            or (kind is str and (value.isascii() or _is_utf8(value)))
            or (kind is int and value in _64)
        ):
            raise _not_kept(f"a cell that is a {kind.__name__}, {value!r:.40}")
        else:
            found.append(value)
    return found


def _is_utf8(value: str) -> bool:
    """Whether a text can be written: half of a surrogate pair is no character."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _to_cells(values: Any) -> list[Any]:
    """Return cells that JSON tells of."""
    if not isinstance(values, list) or len(values) > MOST_CELLS:
        raise _damaged("too many cells, or none")
    found: list[Any] = []
    for value in values:
        if isinstance(value, dict):
            text = value.get("float")
            if len(value) != 1 or not isinstance(text, str) or text not in _SPECIAL:
                raise _damaged("a cell is none")
            found.append(_SPECIAL[text])
        elif value is None or isinstance(value, (str, bool, int, float)):
            found.append(value)
        else:
            raise _damaged(f"a cell that is a {type(value).__name__}")
    return found


# ---- sparse matrices --------------------------------------------------------------------------


def _sparse(value: Any) -> dict[str, Any]:
    matrix = value if value.format in ("csr", "csc") else value.tocsr()
    if type(matrix).__name__ not in _SPARSE or matrix.ndim != 2:
        raise _not_kept(f"a {type(matrix).__name__}")
    parts = {name: _array(getattr(matrix, name)) for name in ("data", "indices", "indptr")}
    shape = [int(length) for length in matrix.shape]
    return {"kind": "sparse", "class": type(matrix).__name__, "shape": shape, **parts}


def _to_sparse(told: Any) -> Any:
    from scipy import sparse

    name, shape = _get(told, "class", str), _get(told, "shape", list)
    if name not in _SPARSE or len(shape) != 2 or not all(type(one) is int for one in shape):
        raise _damaged(f"a sparse matrix {name!r:.40} of the shape {shape!r:.80}")
    parts = [_to_array(_get(told, part, dict)) for part in ("data", "indices", "indptr")]
    data, indices, indptr = parts
    if not all(part.ndim == 1 for part in parts) or indices.dtype.kind != "i":
        raise _damaged("a sparse matrix of other arrays")
    if indptr.dtype.kind != "i" or data.dtype.kind not in "biuf":
        raise _damaged("a sparse matrix of other arrays")
    lines, other = shape if name.startswith("csr") else shape[::-1]
    # What compiled code would follow out of its arrays, as it does not look itself.
    fits = (
        len(indptr) == lines + 1
        and len(indices) == len(data)
        and indptr[0] == 0
        and indptr[-1] == len(data)
        and bool((np.diff(indptr) >= 0).all())
        and (not len(indices) or (indices.min() >= 0 and indices.max() < other))
    )
    if not fits:
        raise _damaged("a sparse matrix whose arrays do not fit together")
    return getattr(sparse, name)((data, indices, indptr), shape=tuple(shape))


# ---- errors -----------------------------------------------------------------------------------


def _get(told: Any, key: str, form: type) -> Any:
    if not isinstance(told, Mapping) or not isinstance(told.get(key), form):
        raise _damaged(f"{key} is missing or wrong")
    return told[key]


def _not_kept(what: str) -> InvalidParameter:
    return InvalidParameter(
        f"Golden rows and their answers are arrays, sparse matrices and frames of numbers, texts, "
        f"flags, dates and categories; not {what}."
    )


def _damaged(why: str) -> DamagedModel:
    return DamagedModel(
        f"The model's golden rows are damaged: {why}. Take a copy of the folder that is whole."
    )
