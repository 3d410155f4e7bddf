"""The input example of a model: ``input_example.json``, and the request that would send it.

The forms are MLflow's. JSON has no NaN and no infinity: they become null.
"""

from __future__ import annotations

import base64
import datetime
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from fitscribe.errors import InvalidParameter, MissingDependency, NotFound
from fitscribe.modelfolder.containers import (
    is_arrow_table,
    is_pandas_frame,
    is_pandas_series,
    is_polars_frame,
    is_polars_series,
    is_sparse,
)
from fitscribe.modelfolder.datatypes import DataType
from fitscribe.modelfolder.frames import column_name
from fitscribe.modelfolder.schema import ColSpec, Schema, TensorSpec

__all__ = [
    "Example",
    "convert_input_example_to_serving_input",
    "read_example",
    "read_example_params",
    "read_serving_input",
    "write_example",
]

EXAMPLE_FILE = "input_example.json"
SERVING_FILE = "serving_input_example.json"
_PARAMS = "params"
_WHOLE = (DataType.boolean, DataType.integer, DataType.long)


class Example(NamedTuple):
    """An input example as files.

    Parameters
    ----------
    info : dict
        What the MLmodel says of it, ``saved_input_example_info``.
    files : dict
        File name to content.
    """

    info: dict[str, Any]
    files: dict[str, bytes]


class HasExample(Protocol):
    """What is asked of an MLmodel."""

    saved_input_example_info: dict[str, Any] | None

    def get_input_schema(self) -> Schema | None:
        """Return the schema of what it takes."""


def write_example(example: Any) -> Example:
    """Return an input example as files.

    Parameters
    ----------
    example : array, sparse matrix, DataFrame, Series, list, dict, scalar, text or date
        A few rows, all of which are written; of numpy, scipy, pandas, polars, Arrow or plain
        Python. Or a tuple of such data and a dict of params.

    Raises
    ------
    InvalidParameter
        If it holds what JSON cannot (complex numbers, objects of other classes).
    """
    params: dict[str, Any] | None = None
    if isinstance(example, tuple) and len(example) == 2 and isinstance(example[1], dict):
        example, given = example
        params = {str(key): _json(value) for key, value in given.items()}
    kind, data, request = _encode(example)
    info = {
        "artifact_path": EXAMPLE_FILE,
        "serving_input_path": SERVING_FILE,
        "type": kind,
    }
    if kind == "dataframe":
        info["pandas_orient"] = "split" if "columns" in data else "values"
    if params is not None:
        info[_PARAMS] = "true"
        data = {"inputs": data, _PARAMS: params}
        request[_PARAMS] = params
    return Example(
        info,
        {
            EXAMPLE_FILE: json.dumps(data, allow_nan=False).encode(),
            SERVING_FILE: json.dumps(request, allow_nan=False, indent=2).encode(),
        },
    )


def convert_input_example_to_serving_input(input_example: Any) -> str | None:
    """Return the request that sends an example to a served model, JSON text; None of None.

    Parameters
    ----------
    input_example : array, sparse matrix, DataFrame, Series, list, dict, scalar, text or date
        Or a tuple of such data and a dict of params.

    Raises
    ------
    InvalidParameter
        If it holds what JSON cannot.

    Examples
    --------
    >>> print(convert_input_example_to_serving_input([1.5]))
    {
      "inputs": [
        1.5
      ]
    }
    """
    if input_example is None:
        return None
    return write_example(input_example).files[SERVING_FILE].decode()


def _encode(example: Any) -> tuple[str, Any, dict[str, Any]]:
    """Return MLflow's name for the kind of example, its JSON, and the request that sends it."""
    if is_pandas_series(example):
        example = example.to_frame()
    if is_polars_series(example):
        example = example.to_frame()
    if is_pandas_frame(example):
        table = _pandas_table(example)
        return "dataframe", table, {"dataframe_split": table}
    if is_polars_frame(example):
        rows = [[_json(cell) for cell in row] for row in example.rows()]
        table = {"columns": list(example.columns), "data": rows}
        return "dataframe", table, {"dataframe_split": table}
    if is_arrow_table(example):
        columns = [[_json(cell) for cell in column.to_pylist()] for column in example.columns]
        rows = [list(row) for row in zip(*columns, strict=True)]
        table = {"columns": list(example.column_names), "data": rows}
        return "dataframe", table, {"dataframe_split": table}
    if is_sparse(example):
        matrix = example if example.format in ("csr", "csc") else example.tocsr()
        data = {name: _array(getattr(matrix, name)) for name in ("data", "indices", "indptr")}
        data["shape"] = [int(length) for length in matrix.shape]
        return f"sparse_matrix_{matrix.format}", data, {"inputs": _array(matrix.toarray())}
    arrays = isinstance(example, Mapping) and all(
        isinstance(value, np.ndarray) for value in example.values()
    )
    data = _json(example)
    kind = "ndarray" if isinstance(example, np.ndarray) or (arrays and example) else "json_object"
    return kind, data, {"inputs": data}


def _pandas_table(frame: Any) -> dict[str, Any]:
    """Return a frame's columns and rows; columns that are only numbered are not named."""
    # By column: each keeps its own type, where a frame's rows have one that fits all.
    columns = [[_json(cell) for cell in column.tolist()] for _, column in frame.items()]
    rows = [list(row) for row in zip(*columns, strict=True)]
    labels = frame.columns.tolist()
    if labels == list(range(len(labels))):
        return {"data": rows}
    return {"columns": [column_name(label) for label in labels], "data": rows}


def _array(array: np.ndarray[Any, Any]) -> Any:
    """Return an array as nested lists."""
    if array.dtype.kind == "M":
        texts = np.datetime_as_string(array).astype(object)
        return np.where(np.isnat(array), np.array(None), texts).tolist()
    if array.dtype.kind == "f" and array.dtype.itemsize > 8:
        array = array.astype(np.float64)  # a longdouble has no Python float
    if array.dtype.kind in "biu" or (array.dtype.kind == "f" and np.isfinite(array).all()):
        return array.tolist()
    return _json(array.tolist())


def _json(value: Any) -> Any:
    """Return a value as JSON has it.

    Raises
    ------
    InvalidParameter
        If JSON has no form for it.
    """
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, np.ndarray):
        return _array(value)
    if isinstance(value, np.generic) and value.dtype.kind != "c":
        return _array(np.asarray(value))
    if isinstance(value, Mapping):
        return {str(key): _json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_json(item) for item in value]
    if isinstance(value, bytes):
        return base64.encodebytes(value).decode()
    if type(value).__name__ in ("NaTType", "NAType"):
        return None
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    raise InvalidParameter(
        f"An input example is written as JSON, which cannot hold a {type(value).__name__}: "
        f"{value!r:.80}. Give numbers, text, dates, arrays, frames, lists or dicts."
    )


def read_example(folder: str | Path, model: HasExample) -> Any:
    """Return the input example of a model folder, or None if it has none.

    Parameters
    ----------
    folder : str or Path
        A local model folder of fitscribe or MLflow (1.x, 2.x, 3.x).
    model : Model
        Its MLmodel; where it has a signature, columns and arrays get its types.

    Raises
    ------
    NotFound
        If the MLmodel names a file that is not there.
    InvalidParameter
        If the file is no JSON.
    MissingDependency
        If the example is a frame and pandas is not installed.
    """
    info = model.saved_input_example_info
    if not info:
        return None
    data = _read_json(Path(folder), info)
    if info.get(_PARAMS):
        data = data["inputs"]
    kind, schema = info.get("type"), model.get_input_schema()
    if kind == "dataframe":
        return _read_frame(data, schema)
    if kind == "ndarray":
        return _read_arrays(data, _dtypes(schema))
    if kind in ("sparse_matrix_csr", "sparse_matrix_csc"):
        from scipy import sparse

        build = sparse.csr_matrix if kind == "sparse_matrix_csr" else sparse.csc_matrix
        parts = (data["data"], data["indices"], data["indptr"])
        return build(parts, shape=tuple(data["shape"]), dtype=_dtypes(schema).get(None))
    return data


def read_example_params(folder: str | Path, model: HasExample) -> dict[str, Any] | None:
    """Return the params that the input example of a model folder has, or None."""
    info = model.saved_input_example_info
    if not info or not info.get(_PARAMS):
        return None
    params: dict[str, Any] = _read_json(Path(folder), info)[_PARAMS]
    return params


def read_serving_input(folder: str | Path, model: HasExample) -> str | None:
    """Return the request that sends the input example, JSON text, or None if there is none.

    Raises
    ------
    NotFound
        If the MLmodel names a file that is not there.
    """
    name = (model.saved_input_example_info or {}).get("serving_input_path")
    if not name:
        return None
    file = Path(folder) / Path(str(name)).name
    if not file.is_file():
        raise NotFound(f"The serving input example {str(file)!r} is missing.")
    return file.read_text(encoding="utf-8")


def _read_json(folder: Path, info: Mapping[str, Any]) -> Any:
    """Return what the example's file holds."""
    file = folder / Path(str(info.get("artifact_path", EXAMPLE_FILE))).name
    if not file.is_file():
        raise NotFound(f"The input example {str(file)!r} is missing.")
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InvalidParameter(
            f"The input example {str(file)!r} cannot be read: {error}"
        ) from error


def _dtypes(schema: Schema | None) -> dict[str | None, np.dtype[Any]]:
    """Return the dtypes of the tensors that a schema has, by name."""
    specs = schema.inputs if schema else ()
    return {spec.name: spec.type for spec in specs if isinstance(spec, TensorSpec)}


def _read_arrays(data: Any, dtypes: Mapping[str | None, np.dtype[Any]]) -> Any:
    """Return an array, or a dict of arrays, of the dtypes that are known."""
    if (
        isinstance(data, dict)
        and data.keys() in ({"inputs"}, {"instances"})
        and not (data.keys() & dtypes.keys())
    ):
        (data,) = data.values()  # 2.x and older wrote the request
    if isinstance(data, dict):
        return {key: _read_array(value, dtypes.get(key)) for key, value in data.items()}
    return _read_array(data, dtypes.get(None))


def _read_array(data: Any, dtype: np.dtype[Any] | None) -> np.ndarray[Any, Any]:
    """Return the array of nested lists; bytes are base64."""
    if dtype is None or dtype.kind != "S":
        return np.array(data, dtype=dtype)
    texts = np.array(data, dtype=object)
    decoded = [base64.b64decode(text) for text in texts.ravel()]
    return np.array(decoded, dtype=dtype).reshape(texts.shape)


def _read_frame(data: Mapping[str, Any], schema: Schema | None) -> Any:
    """Return a pandas frame whose columns have the types that the schema has."""
    try:
        import pandas
    except ImportError:
        raise MissingDependency(
            "The input example is a DataFrame: pip install pandas to read it."
        ) from None

    columns = data.get("columns")
    if columns is not None:
        columns = [tuple(label) if isinstance(label, list) else label for label in columns]
    frame = pandas.DataFrame(data["data"], columns=columns)
    for spec in schema.inputs if schema else ():
        if not isinstance(spec, ColSpec) or spec.name not in frame.columns:
            continue
        column = frame[spec.name]
        if spec.type is DataType.datetime:
            frame[spec.name] = pandas.to_datetime(column, format="ISO8601")
        elif spec.type is DataType.binary:
            frame[spec.name] = column.map(base64.b64decode, na_action="ignore")
        elif spec.type in (DataType.float, DataType.double) or (
            spec.type in _WHOLE and not column.isna().any()
        ):
            frame[spec.name] = column.astype(spec.type.to_pandas())
    return frame
