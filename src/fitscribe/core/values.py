"""What is logged under a key and counts as a value: metrics and params, checked as they come."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from fitscribe.core.texts import check_key, check_text, pairs, unwritable
from fitscribe.errors import InvalidParameter

__all__ = ["Entity", "Metric", "Param", "check_int64", "checked_params", "number_in"]

INT64 = 2**63


class Entity:
    """What all entities can do: ``dict(run.info)`` gives the fields by name, as MLflow's do."""

    __slots__ = ()

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        for one in fields(self):  # type: ignore[arg-type]  # every entity is a dataclass
            if one.repr:
                yield one.name, getattr(self, one.name)

    def to_dictionary(self) -> dict[str, Any]:
        """Return the fields by name, and those of entities in them."""
        return {name: _as_dictionary(value) for name, value in self}


def _as_dictionary(value: object) -> Any:
    if isinstance(value, Entity):
        return value.to_dictionary()
    if isinstance(value, (list, tuple)):
        return [_as_dictionary(item) for item in value]
    return dict(value) if isinstance(value, Mapping) else value


@dataclass(frozen=True, slots=True)
class Metric(Entity):
    """One value of a metric.

    Parameters
    ----------
    key : str
        Name.
    value : float
        Value; NaN and the infinities are kept.
    timestamp : int
        Milliseconds since 1970 UTC.
    step : int
        Position in a series, a 64-bit integer.
    model_id : str or None
        The logged model that it describes.
    dataset_name, dataset_digest : str or None
        The data that it was computed on.
    run_id : str or None
        Filled in what a store returns.
    """

    key: str
    value: float
    timestamp: int
    step: int = 0
    model_id: str | None = None
    dataset_name: str | None = None
    dataset_digest: str | None = None
    run_id: str | None = None

    @classmethod
    def checked(
        cls,
        key: object,
        value: object,
        timestamp: int,
        step: int | None = 0,
        model_id: str | None = None,
        dataset_name: str | None = None,
        dataset_digest: str | None = None,
    ) -> Metric:
        """Return a metric from what a user gave, or raise InvalidParameter."""
        name = check_key("metric", key)
        return cls(
            name,
            _as_float(name, value),
            check_int64(f"The timestamp of metric {name!r}", timestamp),
            check_int64(f"The step of metric {name!r}", 0 if step is None else step),
            _text_or_none("model_id", name, model_id),
            _text_or_none("dataset name", name, dataset_name),
            _text_or_none("dataset digest", name, dataset_digest),
        )


def _text_or_none(what: str, metric: str, given: object) -> str | None:
    if given is None or isinstance(given, str):
        return None if given is None else check_text(what, metric, given)
    raise InvalidParameter(
        f"The {what} of metric {metric!r} is text, not {type(given).__name__}: {given!r:.80}."
    )


def _as_float(key: str, value: object) -> float:
    """Return a metric's value as a float; numbers, numpy scalars and arrays of one will do."""
    if getattr(value, "size", None) == 1 and hasattr(value, "item"):
        value = value.item()  # numpy's own conversion of an array with axes is deprecated
    if isinstance(value, (bool, str, bytes)):
        raise InvalidParameter(
            f"The metric {key!r} must be a number, not {type(value).__name__}: {value!r:.80}. "
            "Text and flags are params or tags: log_param(...), set_tag(...)."
        )
    try:
        return float(value)  # type: ignore[arg-type]  # whatever has __float__
    except OverflowError:
        raise InvalidParameter(f"The metric {key!r} does not fit into a 64-bit float.") from None
    except (TypeError, ValueError):
        raise InvalidParameter(
            f"The metric {key!r} must be a number, not {type(value).__name__}: {value!r:.80}."
        ) from None


def check_int64(what: str, value: object) -> int:
    """Return an integer that fits into 64 bits."""
    try:
        number = int(value)  # type: ignore[call-overload]  # whatever has __int__
    except (TypeError, ValueError, OverflowError):
        raise InvalidParameter(f"{what} must be an integer, not {value!r:.80}.") from None
    if not -INT64 <= number < INT64:
        raise InvalidParameter(f"{what} must fit into 64 bits, from -2**63 to 2**63 - 1.")
    return int(number)


_NUMERIC = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\Z", re.ASCII)
_KINDS: dict[type, str] = {bool: "bool", int: "int", float: "float", type(None): "none"}


@dataclass(frozen=True, slots=True)
class Param(Entity):
    """One param of a run: MLflow's text, and the kind of value that it was.

    Parameters
    ----------
    key : str
        Name.
    value : str
        Text form, ``str(value)``, as MLflow keeps it.
    kind : {"int", "float", "bool", "none", "str", "other"}
        What the value was before it became text.
    """

    key: str
    value: str
    kind: str = "str"

    @classmethod
    def of(cls, key: str, value: object) -> Param:
        """Return the param for a Python value, unchecked (numpy scalars count as numbers)."""
        if isinstance(value, str):
            return cls(key, str(value), "str")
        kind = _KINDS.get(type(value))
        if kind is None:
            kind = _kind_of_scalar(value)
        return cls(key, str(value), kind)

    @classmethod
    def checked(cls, key: object, value: object) -> Param:
        """Return a param from what a user gave, or raise InvalidParameter."""
        name = check_key("param", key)
        try:
            param = cls.of(name, value)
        except ValueError as error:
            raise unwritable("param", name, error) from error
        check_text("param", name, param.value)
        return param

    @property
    def number(self) -> float | None:
        """The value as a number, or None; what ``params.C > 0.1`` compares.

        Text that reads as a decimal number counts, for an MLflow client sends text only.
        """
        return None if self.kind in ("none", "bool", "other") else number_in(self.value)


def number_in(text: str) -> float | None:
    """Return the finite decimal number that a text is, or None."""
    if not _NUMERIC.match(text):
        return None
    number = float(text)
    return number if math.isfinite(number) else None


def _kind_of_scalar(value: object) -> str:
    """Return the kind of a value that is no plain Python scalar, numpy's among them."""
    names = {base.__name__ for base in type(value).__mro__}
    if type(value).__module__ == "numpy":
        if "integer" in names:
            return "int"
        if "floating" in names:
            return "float"
        if "bool" in names or "bool_" in names:
            return "bool"
    return "other"


def checked_params(given: object) -> list[Param]:
    """Return the params of a dict that a user gave, or raise InvalidParameter."""
    return [Param.checked(key, value) for key, value in pairs(given, "params")]
