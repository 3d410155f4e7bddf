"""The types of a column: eight scalars, and what is built of them.

Names, values and JSON forms are those of ``mlflow.types`` (MLflow 3.17).
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeAlias

import numpy as np

from fitscribe.errors import InvalidParameter

__all__ = [
    "AnyType",
    "Array",
    "ColumnType",
    "DataType",
    "Map",
    "Object",
    "Property",
    "as_type",
    "read_forms",
    "read_required",
    "read_type",
    "type_to_dict",
]


class DataType(Enum):
    """A scalar type; the member's name is what stands in the JSON."""

    boolean = 1
    integer = 2
    long = 3
    float = 4
    double = 5
    string = 6
    binary = 7
    datetime = 8

    def __repr__(self) -> str:
        return self.name

    def __str__(self) -> str:
        return self.name

    def to_numpy(self) -> np.dtype[Any]:
        """Return the numpy dtype that holds it."""
        return np.dtype(_NUMPY[self.name])

    def to_pandas(self) -> np.dtype[Any]:
        """Return the dtype of a pandas column of it; text and bytes are objects."""
        return np.dtype("O") if self in (DataType.string, DataType.binary) else self.to_numpy()

    def to_python(self) -> type:
        """Return the Python class of one value."""
        return _PYTHON[self.name]


_NUMPY = {
    "boolean": "bool",
    "integer": "int32",
    "long": "int64",
    "float": "float32",
    "double": "float64",
    "string": "str",
    "binary": "bytes",
    "datetime": "datetime64[ns]",
}
_PYTHON: dict[str, type] = {
    "boolean": bool,
    "integer": int,
    "long": int,
    "float": float,
    "double": float,
    "string": str,
    "binary": bytes,
    "datetime": datetime.date,
}


@dataclass(frozen=True, slots=True)
class AnyType:
    """Any value at all; what a column gets whose type MLflow has no name for."""

    def __repr__(self) -> str:
        return "Any"

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"type": "any"}


@dataclass(frozen=True, slots=True)
class Array:
    """A list of values of one type."""

    dtype: ColumnType

    def __post_init__(self) -> None:
        object.__setattr__(self, "dtype", as_type(self.dtype))

    def __repr__(self) -> str:
        return f"Array({self.dtype!r})"

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"type": "array", "items": type_to_dict(self.dtype)}


@dataclass(frozen=True, slots=True)
class Map:
    """Text keys, not known beforehand, with values of one type."""

    value_type: ColumnType

    def __post_init__(self) -> None:
        object.__setattr__(self, "value_type", as_type(self.value_type))

    def __repr__(self) -> str:
        return f"Map(str -> {self.value_type!r})"

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"type": "map", "values": type_to_dict(self.value_type)}


@dataclass(frozen=True, slots=True)
class Property:
    """One key of an :class:`Object`."""

    name: str
    dtype: ColumnType
    required: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "dtype", as_type(self.dtype))

    def __repr__(self) -> str:
        return f"{self.name}: {self.dtype!r} ({'required' if self.required else 'optional'})"

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form, under its name."""
        return {self.name: {**type_to_dict(self.dtype), "required": self.required}}


@dataclass(frozen=True, slots=True, init=False)
class Object:
    """A dict with known keys, kept sorted by name.

    Parameters
    ----------
    properties : sequence of Property
        Its keys; each name once.

    Raises
    ------
    InvalidParameter
        If a name is there twice.
    """

    properties: tuple[Property, ...]

    def __init__(self, properties: Sequence[Property]) -> None:
        names = [item.name for item in properties]
        if len(set(names)) < len(names):
            raise InvalidParameter(f"An object names each property once; got {names}.")
        ordered = tuple(sorted(properties, key=lambda item: item.name))
        object.__setattr__(self, "properties", ordered)

    def __repr__(self) -> str:
        return "{" + ", ".join(map(repr, self.properties)) + "}"

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        properties: dict[str, Any] = {}
        for item in self.properties:
            properties.update(item.to_dict())
        return {"type": "object", "properties": properties}


ColumnType: TypeAlias = DataType | Array | Object | Map | AnyType


def as_type(given: object) -> ColumnType:
    """Return a type from itself or from the name of a scalar one.

    Raises
    ------
    InvalidParameter
        If it is neither.
    """
    if isinstance(given, (DataType, AnyType, Array, Object, Map)):
        return given
    if isinstance(given, str) and given in DataType.__members__:
        return DataType[given]
    raise InvalidParameter(
        f"{given!r} is no column type. Use one of {', '.join(DataType.__members__)}, "
        "or Array(...), Object(...), Map(...), AnyType()."
    )


def type_to_dict(dtype: ColumnType) -> dict[str, Any]:
    """Return the JSON form of a type: ``{"type": …}`` with what it is built of."""
    return {"type": dtype.name} if isinstance(dtype, DataType) else dtype.to_dict()


def read_type(form: Mapping[str, Any]) -> ColumnType:
    """Return the type that a JSON form stands for; other keys than the type's are ignored.

    Raises
    ------
    InvalidParameter
        If it is no form of a type.
    """
    try:
        name = form["type"]
        if name == "any":
            return AnyType()
        if name == "array":
            return Array(read_type(form["items"]))
        if name == "map":
            return Map(read_type(form["values"]))
        if name == "object":
            return Object(
                [
                    Property(key, read_type(value), read_required(value))
                    for key, value in form["properties"].items()
                ]
            )
    except (KeyError, TypeError, AttributeError):
        raise InvalidParameter(f"{form!r} is not the JSON form of a column type.") from None
    return as_type(name)


def read_required(form: Mapping[str, Any]) -> bool:
    """Return whether a value must be there; MLflow before 2.6 wrote the opposite, ``optional``."""
    return bool(form.get("required", not form.get("optional", False)))


def read_forms(text: str) -> list[Any]:
    """Return the list of a JSON text."""
    try:
        forms = json.loads(text)
    except (TypeError, ValueError):
        raise InvalidParameter(f"{text!r:.80} is not the JSON text of a schema.") from None
    if not isinstance(forms, list):
        raise InvalidParameter(f"{text!r:.80} is not the JSON text of a schema.")
    return forms
