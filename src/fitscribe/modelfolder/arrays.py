"""Arrays, sparse matrices and what becomes one, made to fit a tensor of a signature."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fitscribe.modelfolder.casts import (
    NUMBERS,
    Step,
    first_inexact,
    is_missing,
    step_for,
    value_fits,
)
from fitscribe.modelfolder.containers import (
    is_arrow_table,
    is_pandas_frame,
    is_pandas_series,
    is_polars_frame,
    is_polars_series,
    is_sparse,
)
from fitscribe.modelfolder.datatypes import ColumnType, DataType
from fitscribe.modelfolder.problems import Problem
from fitscribe.modelfolder.schema import TensorSpec
from fitscribe.modelfolder.values import ANY, numpy_type

__all__ = ["fit_dtype", "fit_objects", "fit_tensor", "fit_tensors"]

# Types in whose columns a value may be missing though the column itself is required, by MLflow's
# rules: whether a model can do with NaN, NaT or no text is for the model to say.
HOLD_MISSING = (
    DataType.float,
    DataType.double,
    DataType.string,
    DataType.binary,
    DataType.datetime,
    ANY,
)
# Classes of which every value is of a type; integers have bounds besides.
_PLAIN: dict[ColumnType, set[type]] = {
    DataType.boolean: {bool},
    DataType.integer: {int},
    DataType.long: {int},
    DataType.float: {float},
    DataType.double: {float},
    DataType.string: {str},
    DataType.binary: {bytes},
}


def fit_objects(
    values: Sequence[Any], dtype: ColumnType, required: bool, place: str
) -> tuple[np.ndarray[Any, Any] | None, Problem | None]:
    """Return Python values as an array of numbers or flags, or what is wrong with them.

    Parameters
    ----------
    values : sequence
    dtype : DataType, Array, Object, Map or AnyType
        What each is to be.
    required : bool
        Whether each is to be there.
    place : str
        What the values are called.

    Returns
    -------
    array or None
        None where the values are to stay as they are: texts, dates, numbers of which some are
        missing.
    problem : Problem or None
    """
    if dtype == ANY:
        return None, None
    plain = set(map(type, values)) <= _PLAIN.get(dtype, set())
    some_missing = False
    if not plain or dtype in (DataType.integer, DataType.long):
        for row, value in enumerate(values):
            if is_missing(value):
                some_missing = True
                if required and dtype not in HOLD_MISSING:
                    return None, Problem(place, repr(dtype), "no value", row)
            elif not value_fits(value, dtype):
                return None, Problem(place, repr(dtype), _told(value, dtype), row)
    target = dtype.to_numpy() if isinstance(dtype, DataType) else np.dtype(object)
    if target.kind not in "biuf" or (some_missing and target.kind != "f"):
        return None, None
    if some_missing:
        values = [np.nan if is_missing(value) else value for value in values]
    return np.array(values, dtype=target), None


def _told(value: Any, dtype: ColumnType) -> str:
    """Return what a value is, without the value: it may be a secret."""
    name = str(value.dtype) if isinstance(value, np.generic) else type(value).__name__
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if whole and dtype in NUMBERS and dtype is not DataType.boolean:
        return f"{name}, of a value that {dtype!r} does not hold"
    return name


def fit_dtype(array: Any, wanted: np.dtype[Any], place: str) -> tuple[Any, Problem | None]:
    """Return an array or a sparse matrix in a dtype, the same object if it has it.

    Parameters
    ----------
    array : array or sparse matrix
    wanted : numpy.dtype
    place : str

    Returns
    -------
    array or sparse matrix
    problem : Problem or None
    """
    found = array.dtype
    if wanted.kind == "O":
        return array, None
    step = step_for(found, wanted)
    if step is Step.keep:
        return array, None
    if step is Step.refuse:
        return array, Problem(place, _name(wanted), _name(found), *_hint(array, wanted))
    if step is Step.look:
        dtype = numpy_type(wanted)
        if dtype == ANY:
            return _converted(array, wanted, place)
        made, problem = fit_objects(array.ravel().tolist(), dtype, True, place)
        if problem is not None and array.ndim > 1 and problem.row is not None:
            problem = problem._replace(row=problem.row // max(1, array[0].size))
        return array if made is None else made.reshape(array.shape).astype(wanted), problem
    cast = array.astype(wanted)
    if step is Step.try_cast:
        row = _inexact_row(array, cast)
        if row is not None:
            hint = "a float of this size does not hold the integer exactly"
            return array, Problem(place, _name(wanted), _name(found), row, hint)
    return cast, None


def _converted(array: Any, wanted: np.dtype[Any], place: str) -> tuple[Any, Problem | None]:
    """Return objects in a dtype that no column type is for, as unsigned 64 bits or complex."""
    wrong = Problem(place, _name(wanted), "objects that do not become it")
    if wanted.kind == "u" and any(isinstance(v, int) and v < 0 for v in array.ravel().tolist()):
        return array, wrong  # numpy 1 would take them, as large numbers
    try:
        return array.astype(wanted), None
    except (TypeError, ValueError, OverflowError):
        return array, wrong


def _inexact_row(array: Any, cast: Any) -> int | None:
    """Return the first row whose integer a cast has changed."""
    if not is_sparse(array):
        return first_inexact(array, cast)
    found, made = array.tocoo(), cast.tocoo()
    where = first_inexact(found.data, made.data)
    return None if where is None else int(found.row[where])


def _name(dtype: np.dtype[Any]) -> str:
    return {"U": "str", "S": "bytes"}.get(dtype.kind) or dtype.name


def _hint(array: Any, wanted: np.dtype[Any]) -> tuple[int | None, str]:
    """Return the first row with NaN where floats should be integers, and what would do."""
    if array.dtype.kind != "f" or wanted.kind not in "iu" or is_sparse(array):
        return None, ""
    flags = np.isnan(array.reshape(len(array), -1)).any(axis=1) if array.size else np.zeros(1)
    if flags.any():
        return int(flags.argmax()), "NaN: a missing value makes integers floats"
    return None, f"if all are whole, .astype({wanted.name!r}) makes them integers"


def fit_tensor(data: Any, spec: TensorSpec) -> tuple[Any, list[Problem]]:
    """Return data as a tensor, the same object if nothing had to change, and what is wrong.

    Frames become arrays; of a pandas frame of one dtype the array is a view.
    """
    place = "the array" if spec.name is None else f"tensor {spec.name!r}"
    array = _as_array(data)
    if array is None:
        wanted = f"an array of {_name(spec.type)}"
        return data, [Problem(place, wanted, type(data).__name__)]
    problems = []
    shape, wanted_shape = tuple(array.shape), spec.shape
    fits = len(shape) == len(wanted_shape) and all(
        wanted in (-1, length) for length, wanted in zip(shape, wanted_shape, strict=True)
    )
    # MLflow's schema of an object array of one dimension takes anything.
    if not fits and not (spec.type.kind == "O" and len(wanted_shape) == 1):
        hint = ""
        if len(shape) == 1 and len(wanted_shape) == 2 and wanted_shape[1] in (-1, *shape):
            hint = "one row is .reshape(1, -1)"
        problems.append(Problem(place, f"shape {wanted_shape}", f"shape {shape}", None, hint))
    array, problem = fit_dtype(array, spec.type, place)
    if problem is not None:
        problems.append(problem)
    return array, problems


def fit_tensors(
    data: Any, specs: Sequence[TensorSpec]
) -> tuple[Any, list[Problem], list[str | None], list[Any]]:
    """Return data as named tensors; see :func:`fit_tensor`.

    Returns
    -------
    tensors : dict
        `data` itself if nothing had to change.
    problems : list of Problem
    missing : list of str
        Names that the data lacks.
    extra : list
        Names that the specs lack, left out.
    """
    if is_pandas_frame(data) or is_polars_frame(data):
        given: Mapping[Any, Any] = {name: data[name] for name in data.columns}
    elif is_arrow_table(data):
        given = dict(zip(data.column_names, data.columns, strict=True))
    elif isinstance(data, Mapping):
        given = data
    else:
        names = [spec.name for spec in specs]
        found = type(data).__name__
        return data, [Problem("the input", f"a dict of arrays {names}", found)], [], []
    missing = [spec.name for spec in specs if spec.name not in given]
    known = {spec.name for spec in specs}
    extra = [name for name in given if name not in known]
    tensors: dict[Any, Any] = {}
    problems: list[Problem] = []
    for spec in specs:
        if spec.name in given:
            tensors[spec.name], wrong = fit_tensor(given[spec.name], spec)
            problems += wrong
    same = data is given and not extra
    if same and all(tensors.get(name) is value for name, value in given.items()):
        return data, problems, missing, extra
    return tensors, problems, missing, extra


def _as_array(data: Any) -> Any:
    """Return an array or a sparse matrix of data; None if it is neither rows nor numbers."""
    if isinstance(data, np.ndarray) or is_sparse(data):
        return data
    if is_pandas_frame(data) or is_polars_frame(data) or is_polars_series(data):
        return data.to_numpy()
    if is_pandas_series(data):
        array = data.to_numpy()
        return np.stack(list(array)) if _holds_rows(array) else array
    if is_arrow_table(data):
        return np.column_stack([np.asarray(column) for column in data.columns])
    if type(data).__module__.partition(".")[0] == "pyarrow":
        return np.asarray(data)
    if isinstance(data, (list, tuple)):
        try:
            return np.array(data, dtype=object)
        except ValueError:  # rows of different lengths
            return None
    return None


def _holds_rows(array: np.ndarray[Any, Any]) -> bool:
    """Whether an array of objects holds lists or arrays of one length each."""
    if array.dtype.kind != "O" or not len(array):
        return False
    lengths = {len(value) if isinstance(value, (list, np.ndarray)) else None for value in array}
    return len(lengths) == 1 and None not in lengths
