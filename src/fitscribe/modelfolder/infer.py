"""From data to a signature: MLflow's mapping of types, without a copy of the data.

Where MLflow gives the whole schema up for one column of a type that it has no name for, that
column alone gets the type ``any`` here. Integer columns give no warning: whether a model may meet
missing values is for its user to know.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from fitscribe.errors import InvalidParameter
from fitscribe.modelfolder.containers import (
    is_arrow_table,
    is_pandas_frame,
    is_pandas_series,
    is_polars_frame,
    is_polars_series,
    is_sparse,
)
from fitscribe.modelfolder.datatypes import DataType, Object
from fitscribe.modelfolder.frames import (
    arrow_columns,
    column_name,
    pandas_columns,
    polars_columns,
)
from fitscribe.modelfolder.params import ParamSchema, ParamSpec
from fitscribe.modelfolder.schema import ColSpec, ModelSignature, Schema, TensorSpec
from fitscribe.modelfolder.values import ANY, common_type, type_of

__all__ = ["infer_param_schema", "infer_schema", "infer_signature"]


def infer_signature(
    model_input: Any = None, model_output: Any = None, params: Mapping[str, Any] | None = None
) -> ModelSignature:
    """Return the signature of a model that takes and gives such data.

    Parameters
    ----------
    model_input, model_output : array, sparse matrix, DataFrame, Series, list, dict or scalar
        A sample or all of it; of numpy, scipy, pandas, polars, Arrow or plain Python. Which
        columns are optional follows from the values seen (of more than 16,384 rows, NaN is looked
        for in some), everything else from dtypes and shapes.
    params : mapping or None
        Params of a prediction with their defaults.

    Returns
    -------
    ModelSignature
        Frames give columns, arrays and sparse matrices give tensors whose first length is any.

    Raises
    ------
    InvalidParameter
        If all three are None, or a param has a value that no request can carry.

    Examples
    --------
    >>> import numpy as np
    >>> infer_signature(np.eye(2), np.ones(2)).inputs.to_dict()[0]["tensor-spec"]
    {'dtype': 'float64', 'shape': [-1, 2]}
    """
    return ModelSignature(
        infer_schema(model_input) if model_input is not None else None,
        infer_schema(model_output) if model_output is not None else None,
        infer_param_schema(params) if params is not None else None,
    )


def infer_schema(data: Any) -> Schema:
    """Return the columns or tensors of data; see :func:`infer_signature`.

    What has no schema (a set, a tuple, a frame without columns or with one label twice) is one
    unnamed column of the type ``any``.
    """
    if isinstance(data, np.ndarray) or is_sparse(data):
        return _tensors({None: data})
    if is_pandas_frame(data):
        return _columns(pandas_columns(data.items()))
    if is_pandas_series(data):
        return _series(pandas_columns([(data.name, data)])[0], named=data.name is not None)
    if is_polars_frame(data):
        return _columns(polars_columns(data.get_columns()))
    if is_polars_series(data):
        return _series(polars_columns([data])[0], named=data.name != "")
    if is_arrow_table(data):
        return _columns(arrow_columns(zip(data.column_names, data.columns, strict=True)))
    if isinstance(data, Mapping):
        return _mapping(data)
    if isinstance(data, list):
        return _rows(data)
    dtype = type_of(data)
    return _anything() if dtype is None else Schema([ColSpec(dtype)])


def _anything() -> Schema:
    """Return the schema of what has none."""
    return Schema([ColSpec(ANY)])


def _tensors(arrays: Mapping[Any, Any]) -> Schema:
    """Return the schema of arrays by name; structured and 0-d arrays have none."""
    specs = []
    for name, array in arrays.items():
        dtype, shape = array.dtype, array.shape
        if not shape or dtype.kind == "V":
            return _anything()
        specs.append(TensorSpec(dtype, (-1, *shape[1:]), name))
    return Schema(specs)


def _columns(specs: list[ColSpec]) -> Schema:
    """Return the schema of a frame's columns, if they can be told apart."""
    if not specs or len({spec.name for spec in specs}) < len(specs):
        return _anything()
    return Schema(specs)


def _series(spec: ColSpec, named: bool) -> Schema:
    """Return the schema of one column; without a name it cannot be optional, so it is any."""
    if named:
        return Schema([spec])
    return Schema([ColSpec(spec.type)]) if spec.required else _anything()


def _mapping(data: Mapping[Any, Any]) -> Schema:
    """Return the schema of a dict: named tensors where all values are arrays, else columns."""
    if not data:
        return _anything()
    if all(isinstance(value, np.ndarray) and value.ndim for value in data.values()):
        return _tensors({column_name(name): array for name, array in data.items()})
    specs = []
    for name, value in data.items():
        dtype = type_of(value)
        specs.append(
            ColSpec(ANY if dtype is None else dtype, column_name(name), dtype is not None)
        )
    return _columns(specs)


def _rows(data: list[Any]) -> Schema:
    """Return the schema of a list: of dicts, one column a key; else one unnamed column."""
    if not data:
        return Schema([ColSpec(DataType.string)])  # so does MLflow
    dtype, complete = common_type(data)
    if isinstance(dtype, Object) and complete:
        parts = {part.name: part for part in dtype.properties}
        order = dict.fromkeys(key for row in data for key in row)  # an Object sorts its keys
        return _columns([ColSpec(parts[key].dtype, key, parts[key].required) for key in order])
    return Schema([ColSpec(dtype)]) if complete else _anything()


def infer_param_schema(params: Mapping[str, Any]) -> ParamSchema:
    """Return the schema of a prediction's params with their defaults.

    Parameters
    ----------
    params : mapping
        Name to a number, a flag, text, a date, a dict, or a list or 1-d array of one of these.

    Raises
    ------
    InvalidParameter
        If it is no mapping, or a value is none of these.
    """
    if not isinstance(params, Mapping):
        raise InvalidParameter(f"Params are a dict of name to default, not {params!r:.80}.")
    return ParamSchema([_param(str(name), value) for name, value in params.items()])


def _param(name: str, value: Any) -> ParamSpec:
    """Return the spec of one param."""
    if isinstance(value, np.ndarray):
        value = list(value) if value.ndim else value[()]  # scalars that know their dtype
    if isinstance(value, list):
        shape, dtypes = (-1,), {type_of(item) for item in value}
        if dtypes == {DataType.long, DataType.double}:
            dtypes = {DataType.double}
        # An empty list has no type; MLflow calls it one of dates.
        dtype = dtypes.pop() if dtypes else DataType.datetime
        if dtypes:
            dtype = None
    else:
        shape, dtype = None, type_of(value)
    if not isinstance(dtype, (DataType, Object)) or dtype is DataType.binary:
        raise InvalidParameter(
            f"The param {name!r} is {value!r:.80}. A number, a flag, text, a date, a dict, "
            "or a list of one of these can be a param."
        )
    return ParamSpec(name, dtype, value, shape)
