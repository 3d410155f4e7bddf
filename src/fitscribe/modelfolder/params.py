"""The params of a prediction: what may be given beside the data.

Names and JSON forms are those of ``mlflow.types`` (MLflow 3.17).
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fitscribe.errors import InvalidParameter
from fitscribe.modelfolder.datatypes import (
    DataType,
    Object,
    as_type,
    read_forms,
    read_type,
    type_to_dict,
)

__all__ = ["ParamSchema", "ParamSpec"]


@dataclass(frozen=True, slots=True)
class ParamSpec:
    """One param of a prediction.

    Parameters
    ----------
    name : str
    dtype : DataType, Object or str
        Type of the value, or of each value of a list.
    default : object
        What it is where a request does not say.
    shape : tuple of int or None
        ``(-1,)`` for a list, None for one value.

    Raises
    ------
    InvalidParameter
        If the default does not fit the type.
    """

    name: str
    dtype: DataType | Object
    default: Any
    shape: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        dtype = as_type(self.dtype)
        if not isinstance(dtype, (DataType, Object)) or dtype is DataType.binary:
            raise InvalidParameter(f"The param {self.name!r} cannot be of type {dtype!r}.")
        object.__setattr__(self, "dtype", dtype)
        if self.shape is not None:
            object.__setattr__(self, "shape", tuple(self.shape))
        object.__setattr__(self, "default", self.fit(self.default))

    def fit(self, value: Any) -> Any:
        """Return a value as the type has it: an int may become a float, no more.

        Raises
        ------
        InvalidParameter
            If it is of another type, or one value where a list is wanted.
        """
        if value is None:
            return None
        if isinstance(value, np.ndarray):
            value = list(value) if value.ndim else value[()]
        if (self.shape is None) == isinstance(value, (list, tuple)):
            wanted = "one value" if self.shape is None else "a list"
            raise InvalidParameter(f"The param {self.name!r} is {wanted}; got {value!r}.")
        if self.shape is not None:
            return [self._fit_one(item) for item in value]
        return self._fit_one(value)

    def _fit_one(self, value: Any) -> Any:
        """Return one scalar or dict as the type has it; int may become float, no more."""
        if isinstance(value, np.datetime64) and isinstance(value.item(), int):
            value = value.astype("datetime64[us]")  # Python's dates have no nanoseconds
        if isinstance(value, np.generic):
            value = value.item()
        if isinstance(self.dtype, Object):
            fits = isinstance(value, dict)
        elif self.dtype in (DataType.double, DataType.float):
            fits = isinstance(value, (int, float)) and not isinstance(value, bool)
            value = float(value) if fits else value
        elif self.dtype in (DataType.long, DataType.integer):
            fits = isinstance(value, int) and not isinstance(value, bool)
        elif self.dtype is DataType.datetime:
            if isinstance(value, (str, datetime.date)):
                return _as_date(self.name, value)
            fits = False
        else:
            fits = isinstance(value, self.dtype.to_python())
        if not fits:
            raise InvalidParameter(
                f"The param {self.name!r} is of type {self.dtype!r}; {value!r} is not."
            )
        return value

    def __repr__(self) -> str:
        shape = "" if self.shape is None else f" (shape: {self.shape})"
        return f"{self.name!r}: {self.dtype!r} (default: {self.default}){shape}"

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form; a date is ISO 8601 text."""
        default = self.default
        if isinstance(default, list):
            default = [_as_text(item) for item in default]
        return {
            "name": self.name,
            "default": _as_text(default),
            "shape": None if self.shape is None else list(self.shape),
            **type_to_dict(self.dtype),
        }


def _as_date(name: str, value: str | datetime.date) -> datetime.date:
    """Return a date or a time from itself or from ISO 8601 text; with a zone, it becomes UTC."""
    text = value if isinstance(value, str) else value.isoformat()
    try:
        if len(text) <= len("2026-01-31"):
            return datetime.date.fromisoformat(text)
        moment = datetime.datetime.fromisoformat(text)
        zone = moment.tzinfo
        return moment.astimezone(datetime.UTC).replace(tzinfo=None) if zone else moment
    except (ValueError, OverflowError):
        raise InvalidParameter(
            f"The param {name!r} is a date as 2026-01-31T12:00:00; {value!r} is not."
        ) from None


def _as_text(value: Any) -> Any:
    """Return a date as text, everything else as it is."""
    return value.isoformat() if isinstance(value, datetime.date) else value


class ParamSchema:
    """The params of a prediction, each name once.

    Parameters
    ----------
    params : sequence of ParamSpec
    """

    __slots__ = ("params",)

    def __init__(self, params: Sequence[ParamSpec]) -> None:
        names = [spec.name for spec in params]
        if len(set(names)) < len(names):
            raise InvalidParameter(f"A schema names each param once; got {names}.")
        self.params = list(params)

    def __len__(self) -> int:
        return len(self.params)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ParamSchema) and self.params == other.params

    __hash__ = None  # type: ignore[assignment]  # `params` is a list, as in MLflow

    def __repr__(self) -> str:
        return repr(self.params)

    def to_dict(self) -> list[dict[str, Any]]:
        """Return the JSON form."""
        return [spec.to_dict() for spec in self.params]

    def to_json(self) -> str:
        """Return the JSON text."""
        return json.dumps(self.to_dict())

    @classmethod
    def from_json(cls, text: str) -> ParamSchema:
        """Return the schema of a JSON text. Raises InvalidParameter if it is none."""
        specs = []
        for form in read_forms(text):
            try:
                shape = form.get("shape")
                dtype = read_type(form)
                spec = ParamSpec(form["name"], dtype, form["default"], shape and tuple(shape))  # type: ignore[arg-type]  # ParamSpec checks it
            except (KeyError, TypeError, AttributeError):
                raise InvalidParameter(f"{form!r:.80} is not the JSON form of a param.") from None
            specs.append(spec)
        return cls(specs)
