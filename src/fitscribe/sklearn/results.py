"""What a metric function returned, as numbers that can be searched and as content of a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from numbers import Real
from typing import Any

import numpy as np

__all__ = ["Result", "result_of"]

# More points of a curve than this nobody sees; they are taken evenly.
MOST_POINTS = 1000
MOST_CELLS = 10_000
# More values than this are in the file only.
MOST_VALUES = 50
# What the members of a tuple are called.
MEMBERS: Mapping[str, tuple[str, ...]] = {
    "calibration_curve": ("prob_true", "prob_pred"),
    "class_likelihood_ratios": ("positive_likelihood_ratio", "negative_likelihood_ratio"),
    "det_curve": ("fpr", "fnr", "thresholds"),
    "homogeneity_completeness_v_measure": ("homogeneity", "completeness", "v_measure"),
    "precision_recall_curve": ("precision", "recall", "thresholds"),
    "precision_recall_fscore_support": ("precision", "recall", "fscore", "support"),
    "roc_curve": ("fpr", "tpr", "thresholds"),
}
# A number for each row or threshold is a curve, and none of its points is a metric.
CURVES = frozenset(MEMBERS) - {
    "class_likelihood_ratios",
    "homogeneity_completeness_v_measure",
    "precision_recall_fscore_support",
}


@dataclass(frozen=True, slots=True)
class Result:
    """What a metric came to, copied.

    Parameters
    ----------
    values : mapping of str to float
        Numbers by part; the part of a plain number is ``""``.
    content : object
        What goes to a file, as JSON has it; None for a plain number.
    text : str or None
        A report that is text.
    """

    values: Mapping[str, float] = field(default_factory=dict)
    content: Any = None
    text: str | None = None


def result_of(name: str, given: Any) -> Result | None:
    """Return what a function called `name` returned; None for what is no result of a metric."""
    if isinstance(given, float):
        return Result({"": float(given)})
    if isinstance(given, (bool, np.bool_)):
        return None
    if isinstance(given, (Real, np.number)) or (
        isinstance(given, np.ndarray) and not given.ndim and given.dtype.kind in "fiu"
    ):
        return Result({"": float(given)})
    if isinstance(given, str):
        return Result(text=given)
    if isinstance(given, Mapping):
        leaves = dict(_leaves(given))
        values = leaves if len(leaves) <= 4 * MOST_VALUES else {}
        return Result(values, _plain(given))
    if isinstance(given, tuple):
        return _tuple_result(name, given)
    if isinstance(given, (np.ndarray, list)):
        return _array_result(name, given)
    return None


def _tuple_result(name: str, given: tuple[Any, ...]) -> Result | None:
    names = MEMBERS.get(name) or tuple(str(place) for place in range(len(given)))
    values: dict[str, float] = {}
    content: dict[str, Any] = {}
    for member, value in zip(names, given, strict=False):
        if value is None:
            continue
        found = _array_result(name, value) if np.ndim(value) else result_of(name, value)
        if found is None:
            return None
        for part, number in found.values.items():
            values[f"{member}.{part}" if part else member] = number
        content[member] = found.values[""] if found.content is None else found.content
    return Result(values, content) if content else None


def _array_result(name: str, given: Any) -> Result | None:
    array = np.asarray(given)
    if array.dtype.kind not in "fiub":
        return None
    values: dict[str, float] = {}
    if array.ndim == 1 and name not in CURVES and len(array) <= MOST_VALUES:
        values = {str(place): float(value) for place, value in enumerate(array)}
    if array.ndim == 1:
        return Result(values, _thinned(array))
    if array.size > MOST_CELLS:
        return Result({}, {"shape": list(array.shape)})
    return Result({}, array.tolist())


def _thinned(array: Any) -> Any:
    if len(array) <= MOST_POINTS:
        return array.tolist()
    places = np.linspace(0, len(array) - 1, MOST_POINTS).round().astype(np.intp)
    return {"points": len(array), "every": array[places].tolist()}


def _leaves(given: Mapping[Any, Any], prefix: str = "") -> Iterator[tuple[str, float]]:
    """Yield the numbers of a dict of dicts, by the keys that lead to them."""
    for key, value in given.items():
        name = f"{prefix}.{key}" if prefix else str(key)
        if isinstance(value, Mapping):
            yield from _leaves(value, name)
        elif isinstance(value, (Real, np.number)) and not isinstance(value, (bool, np.bool_)):
            yield name, float(value)


def _plain(given: Any) -> Any:
    """Return a result as JSON has it."""
    if isinstance(given, Mapping):
        return {str(key): _plain(value) for key, value in given.items()}
    if isinstance(given, np.ndarray):
        return _thinned(given) if given.ndim == 1 else given.tolist()
    if isinstance(given, np.generic):
        return given.item()
    if isinstance(given, (list, tuple)):
        return [_plain(value) for value in given]
    return given if isinstance(given, (str, int, float, type(None))) else str(given)
