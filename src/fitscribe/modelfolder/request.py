"""A request to a served model, as MLflow's scoring server takes it, becomes data and params.

JSON has neither dates nor bytes nor NaN: where a signature says so, texts become dates (ISO 8601)
and bytes (base64); null is a missing value.
"""

from __future__ import annotations

import base64
import binascii
import datetime
import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from fitscribe.errors import InvalidParameter, MissingDependency
from fitscribe.modelfolder.datatypes import DataType
from fitscribe.modelfolder.schema import ColSpec, Schema

__all__ = ["Request", "read_request"]

KEYS = ("dataframe_split", "dataframe_records", "instances", "inputs")
FORM = (
    "Send an object with exactly one of dataframe_split ({'columns': […], 'data': [[…]]}), "
    "dataframe_records ([{…}]), instances and inputs, and params if need be."
)


class Request(NamedTuple):
    """What a request holds.

    Parameters
    ----------
    data : object
        For ``PyFuncModel.predict``; Python's own values where there is a schema.
    params : dict or None
    """

    data: Any
    params: dict[str, Any] | None


def read_request(body: str | bytes | Mapping[str, Any], schema: Schema | None) -> Request:
    """Return what a request holds.

    Parameters
    ----------
    body : str, bytes or mapping
        JSON text, or what it says.
    schema : Schema or None
        What the model takes.

    Raises
    ------
    InvalidParameter
        If it is no JSON, or of another form.
    MissingDependency
        If it is a frame for a model without a signature, and pandas is not installed.
    """
    if isinstance(body, (str, bytes)):
        try:
            body = json.loads(body)
        except ValueError as error:
            raise InvalidParameter(f"The request is no JSON: {error}. {FORM}") from error
    if not isinstance(body, Mapping):
        raise InvalidParameter(f"The request is a {type(body).__name__}. {FORM}")
    found = [key for key in KEYS if key in body]
    if len(found) != 1:
        raise InvalidParameter(f"The request has {found or list(body)}. {FORM}")
    params = body.get("params")
    if params is not None and not isinstance(params, dict):
        raise InvalidParameter(f"params are an object, not {params!r:.80}.")
    (key,) = found
    return Request(_READERS[key](body[key], schema), params)


def _split(value: Any, schema: Schema | None) -> Any:
    """Return a table of columns and rows."""
    known = {"columns", "data", "index"}
    if not isinstance(value, dict) or "data" not in value or not value.keys() <= known:
        raise InvalidParameter(f"dataframe_split has data, columns and index. {FORM}")
    rows, names = value["data"], value.get("columns")
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise InvalidParameter(f"The data of dataframe_split is a list of rows. {FORM}")
    if names is None:
        return _rows(rows, schema, frame=True)
    names = [tuple(name) if isinstance(name, list) else name for name in names]
    if len(set(names)) < len(names):
        raise InvalidParameter(f"The columns of dataframe_split are there twice: {names}.")
    for number, row in enumerate(rows):
        if len(row) != len(names):
            raise InvalidParameter(
                f"Row {number} of dataframe_split has {len(row)} values for {len(names)} columns."
            )
    columns = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in names]
    return _columns(dict(zip(names, columns, strict=True)), schema)


def _records(value: Any, schema: Schema | None) -> Any:
    """Return a table of rows that name their values."""
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise InvalidParameter(f"dataframe_records is a list of objects. {FORM}")
    names = dict.fromkeys(name for row in value for name in row)
    return _columns({name: [row.get(name) for row in value] for name in names}, schema)


def _instances(value: Any, schema: Schema | None) -> Any:
    """Return rows; of rows that are objects, the columns or tensors."""
    if not isinstance(value, list):
        raise InvalidParameter(f"instances is a list of rows. {FORM}")
    if value and all(isinstance(row, dict) for row in value):
        if schema is not None and not schema.is_tensor_spec():
            # A model of records takes them as they are; for others they become a frame.
            specs = schema.input_dict()
            return [
                {name: _decoded(item, specs.get(name)) for name, item in row.items()}
                for row in value
            ]
        names = dict.fromkeys(name for row in value for name in row)
        return _inputs({name: [row.get(name) for row in value] for name in names}, schema)
    return _rows(value, schema)


def _inputs(value: Any, schema: Schema | None) -> Any:
    """Return columns or tensors by name, rows, or one value."""
    if isinstance(value, dict):
        if schema is None:
            return {name: np.asarray(column) for name, column in value.items()}
        return value if schema.is_tensor_spec() else _columns(value, schema)
    return _rows(value, schema) if isinstance(value, list) else value


_READERS: dict[str, Callable[[Any, Schema | None], Any]] = {
    "dataframe_split": _split,
    "dataframe_records": _records,
    "instances": _instances,
    "inputs": _inputs,
}


def _columns(columns: dict[Any, Any], schema: Schema | None) -> Any:
    """Return columns by name with dates and bytes; for an array, side by side."""
    if schema is None:
        return _frame(columns)
    if schema.is_tensor_spec():
        if schema.has_input_names():
            return columns
        return [list(row) for row in zip(*columns.values(), strict=True)]
    specs = schema.input_dict() if schema.has_input_names() else {}
    places = zip(columns.items(), schema.inputs, strict=False)
    by_place = {name: spec for (name, _), spec in places}
    return {
        name: _decoded(column, specs.get(name) if specs else by_place.get(name))
        for name, column in columns.items()
    }


def _rows(rows: list[Any], schema: Schema | None, frame: bool = False) -> Any:
    """Return rows with dates and bytes."""
    if schema is None:
        return _frame(rows) if frame else np.asarray(rows)
    if schema.is_tensor_spec() or not any(map(_is_text, schema.inputs)):
        return rows
    return [
        [_decoded(value, spec) for value, spec in zip(row, schema.inputs, strict=False)]
        if isinstance(row, list) and len(row) == len(schema.inputs)
        else _decoded(row, schema.inputs[0])
        for row in rows
    ]


def _is_text(spec: Any) -> bool:
    """Whether JSON has texts for the values of a column that are none."""
    return isinstance(spec, ColSpec) and spec.type in (DataType.datetime, DataType.binary)


def _decoded(value: Any, spec: Any) -> Any:
    """Return a value, or a list of them, as the column has it."""
    if spec is None or not _is_text(spec):
        return value
    if isinstance(value, list):
        return [_decoded(item, spec) for item in value]
    if not isinstance(value, str):
        return value
    try:
        if spec.type is DataType.binary:
            return base64.b64decode(value, validate=False)
        return datetime.datetime.fromisoformat(value)
    except (binascii.Error, ValueError):
        wanted = "base64" if spec.type is DataType.binary else "a date as 2026-01-31T12:00:00"
        raise InvalidParameter(f"Column {spec.name!r} has texts that are not {wanted}.") from None


def _frame(content: Any) -> Any:
    """Return a pandas frame."""
    try:
        import pandas
    except ImportError:
        raise MissingDependency(
            "The model has no signature, so the request becomes a DataFrame: pip install pandas."
        ) from None
    return pandas.DataFrame(content)
