"""Arrow, where it is installed, and its types for those of a signature."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fitscribe.errors import MissingDependency
from fitscribe.modelfolder.datatypes import DataType
from fitscribe.modelfolder.schema import ColSpec

__all__ = ["frame_of", "matrix_of", "pyarrow_for", "type_of"]

_TYPES = {
    DataType.boolean: "bool",
    DataType.integer: "int32",
    DataType.long: "int64",
    DataType.float: "float",
    DataType.double: "double",
    DataType.string: "string",
    DataType.binary: "binary",
    DataType.datetime: "timestamp[us]",
}


def pyarrow_for(what: str) -> Any:
    """Return pyarrow. Raises MissingDependency, which says what it is needed for."""
    try:
        import pyarrow
    except ModuleNotFoundError:
        raise MissingDependency(
            f"{what} by pyarrow, which is not installed: pip install 'fitscribe[arrow]'."
        ) from None
    except ImportError as error:
        raise MissingDependency(
            f"{what} by pyarrow, which is here and cannot be imported: {error}. Install a version "
            "that fits what is here."
        ) from error
    return pyarrow


def type_of(spec: ColSpec) -> Any:
    """Return the Arrow type of a column of a signature; None where Arrow is to find it."""
    import pyarrow

    if not isinstance(spec.type, DataType):
        return None
    name = _TYPES[spec.type]
    if spec.type is DataType.datetime:
        return pyarrow.timestamp("us")
    return pyarrow.type_for_alias(name)


def _dtype_of(column: Any) -> np.dtype[Any]:
    """Return the dtype that a column's values have in numpy."""
    from pyarrow import types

    kind = column.type
    dtype: np.dtype[Any] = np.dtype(object)
    whole = types.is_integer(kind)
    if types.is_floating(kind) or ((whole or types.is_boolean(kind)) and not column.null_count):
        dtype = np.dtype(kind.to_pandas_dtype())
    elif whole:
        dtype = np.dtype(float)
    return dtype


def matrix_of(table: Any) -> np.ndarray[Any, Any]:
    """Return a table as one array of shape (rows, columns), each column in one piece.

    It has the dtype that holds all of its numbers; with texts or dates it is of objects. Null is
    NaN among numbers.
    """
    columns = table.columns
    dtypes = [_dtype_of(column) for column in columns]
    common = np.result_type(*dtypes) if columns else np.dtype(float)
    array = np.empty((len(columns), table.num_rows), dtype=common)
    for place, column in enumerate(columns):
        start = 0
        for chunk in column.chunks:
            stop = start + len(chunk)
            array[place, start:stop] = chunk.to_numpy(zero_copy_only=False)
            start = stop
    return array.T


def frame_of(table: Any, names: Sequence[Any]) -> Any:
    """Return a table as a pandas frame with these names.

    Raises MissingDependency if pandas is not installed.
    """
    try:
        import pandas
    except ImportError:
        raise MissingDependency(
            "The model was fitted on a frame and is asked with one: "
            "pip install 'fitscribe[pandas]'."
        ) from None
    double = np.dtype(float)
    if all(_dtype_of(column) == double for column in table.columns):
        return pandas.DataFrame(matrix_of(table), columns=list(names), copy=False)
    frame = table.to_pandas(ignore_metadata=True, date_as_object=False)
    frame.columns = list(names)
    return frame
