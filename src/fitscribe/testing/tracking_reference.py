"""The search language in plain Python, as :mod:`fitscribe.core.filters` tells it.

It looks at one thing after the other and knows nothing of databases: what a store finds, and in
which order, is held against it.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from fitscribe.core.entities import Experiment, LoggedModel, Run
from fitscribe.core.filters import And, Comparison, Node, Not, OrderItem
from fitscribe.core.values import Metric, Param

__all__ = ["Value", "arrange", "holds", "of_experiment", "of_model", "of_run"]

# What a key holds: a text, a number, or a param, which is both.
Value = str | float | Param
# The values that a thing has for (entity, key): none, one, or several for datasets.
Values = Callable[[str, str], Sequence[Value]]
T = TypeVar("T")

# By so many characters are the texts of params and tags sorted.
HEAD = 200

_COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


# Filters


def holds(node: Node | None, values: Values) -> bool:
    """Whether a filter finds a thing that has these values."""
    if node is None:
        return True
    if isinstance(node, Comparison):
        found = values(node.entity, node.key)
        if node.value is None:
            return bool(found) == (node.operator == "IS NOT NULL")
        return any(_compare(value, node.operator, node.value) for value in found)
    if isinstance(node, Not):
        return not holds(node.term, values)
    terms = [holds(term, values) for term in node.terms]
    return all(terms) if isinstance(node, And) else any(terms)


def _compare(value: Value, how: str, wanted: object) -> bool:
    """Compare one value with what a filter says."""
    if how.startswith("NOT "):
        return not _compare(value, how.removeprefix("NOT "), wanted)
    if how == "IN":
        assert isinstance(wanted, tuple)
        return any(_compare(value, "=", one) for one in wanted)
    if isinstance(value, Param):
        value = value.value if isinstance(wanted, str) else _number(value)
    if how in ("LIKE", "ILIKE"):
        return _is_like(str(value), str(wanted), how == "ILIKE")
    if isinstance(value, float) and math.isnan(value):
        return how == ("=" if _is_nan(wanted) else "!=")
    if _is_nan(wanted):
        return how == "!="
    return _COMPARED[how](value, wanted)


def _number(param: Param) -> float:
    """Return a param's number; NaN for none, which compares the same."""
    return math.nan if param.number is None else param.number


def _is_nan(value: object) -> bool:
    return isinstance(value, float) and math.isnan(value)


def _is_like(text: str, pattern: str, ignoring_case: bool) -> bool:
    if ignoring_case:
        text, pattern = text.lower(), pattern.lower()
    parts = {"%": ".*", "_": "."}
    regex = "".join(parts.get(letter, re.escape(letter)) for letter in pattern)
    return re.fullmatch(regex, text, re.DOTALL) is not None


# Orders


def arrange(
    things: Sequence[T], order: Sequence[OrderItem], values_of: Callable[[T], Values]
) -> list[T]:
    """Return things that are in the order of ties by what is asked for."""
    arranged = list(things)
    for item in reversed(order):
        parts: tuple[list[tuple[tuple[float, str], T]], ...] = ([], [], [])
        for thing in arranged:
            rank, number, text = _sort_key(values_of(thing)(item.entity, item.key))
            if item.entity in ("param", "tag") or item.key == "run_name":
                text = text[:HEAD]
            parts[rank].append(((number, text), thing))
        arranged = [
            thing
            for part in parts
            for _, thing in sorted(part, key=lambda pair: pair[0], reverse=not item.ascending)
        ]
    return arranged


def _sort_key(found: Sequence[Value]) -> tuple[int, float, str]:
    """Return whether a thing has a value (0), NaN or a text for a number (1), none (2); and it."""
    if not found:
        return 2, 0.0, ""
    (value,) = found
    if isinstance(value, str):
        return 0, 0.0, value
    number, text = (_number(value), value.value) if isinstance(value, Param) else (value, "")
    return (1, 0.0, text) if math.isnan(number) else (0, number, text)


# What things have


def _listed(value: Value | None) -> list[Value]:
    return [] if value is None else [value]


def of_run(run: Run) -> Values:
    """Return what a run has."""

    def values(entity: str, key: str) -> list[Value]:
        if entity == "metric":
            return _listed(run.data.metrics.get(key))
        if entity == "tag":
            return _listed(run.data.tags.get(key))
        if entity == "param":
            text = run.data.params.get(key)
            return [] if text is None else [Param(key, text, run.data.kinds[key])]
        if entity == "attribute":
            if key == "run_name":
                return _listed(run.data.tags.get("mlflow.runName"))
            return _listed(getattr(run.info, key))
        used = run.inputs.dataset_inputs
        found = [one.context if key == "context" else getattr(one.dataset, key) for one in used]
        return [value for value in found if value]

    return values


def of_experiment(experiment: Experiment) -> Values:
    """Return what an experiment has."""

    def values(entity: str, key: str) -> list[Value]:
        if entity == "tag":
            return _listed(experiment.tags.get(key))
        return _listed(getattr(experiment, key))

    return values


def of_model(model: LoggedModel, latest_only: bool = False) -> Values:
    """Return what a logged model has; of metrics the latest for each dataset, or of all."""

    def values(entity: str, key: str) -> list[Value]:
        if entity == "tag":
            return _listed(model.tags.get(key))
        if entity == "param":
            text = model.params.get(key)
            return [] if text is None else [Param(key, text)]
        if entity == "attribute":
            return _listed(getattr(model, key))
        found: dict[object, Metric] = {}
        for point in sorted(model.metrics, key=_moment):
            if point.key == key:
                data = None if latest_only else (point.dataset_name, point.dataset_digest)
                found[data] = point
        return [point.value for point in found.values()]

    return values


def _moment(point: Metric) -> tuple[int, int, bool, float]:
    number = not math.isnan(point.value)
    return point.step, point.timestamp, number, point.value if number else 0.0
