"""What a fit was called with: X, y, sample weights."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fitscribe.sklearn.weakly import kept_weakly

__all__ = ["Arguments", "arguments_of"]

TARGET_NAMES = frozenset({"y", "Y", "target", "targets", "y_true", "labels"})
MOST_STEPS = 8


@dataclass(frozen=True, slots=True)
class Arguments:
    """The data of one call; None where it was not given."""

    X: Any = None
    y: Any = None
    sample_weight: Any = None


@kept_weakly
def _parameters(function: Any) -> tuple[str, ...]:
    """Return the names of the positional parameters after ``self``."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return ("X", "y", "sample_weight")
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    names = tuple(p.name for p in parameters if p.kind in positional)[1:]
    return names or ("X", "y")


def arguments_of(
    function: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any], estimator: Any = None
) -> Arguments:
    """Return the data among the arguments of a training method.

    X is the first parameter. y is the parameter called so (or ``Y``, ``target`` …), else the
    second one where it is no ``sample_weight`` or ``groups``: MLflow's rule, less its mistakes.
    Weights of a pipeline's last step are those of the pipeline (``model__sample_weight``).
    """
    names = _parameters(function)
    given = {**dict(zip(names, args, strict=False)), **kwargs}
    target = next((name for name in names if name in TARGET_NAMES), None)
    if target is None and len(names) > 1 and names[1] not in ("sample_weight", "groups"):
        target = names[1]
    return Arguments(
        given.get(names[0], given.get("X")),
        given.get(target or "y"),
        given.get(_weight_name(estimator, kwargs)),
    )


def _weight_name(estimator: Any, kwargs: Mapping[str, Any]) -> str:
    """Return what the weights are called: ``sample_weight``, of a last step if it is given any."""
    if "sample_weight" in kwargs:
        return "sample_weight"
    if any(base.__name__ == "BaseSearchCV" for base in type(estimator).__mro__):
        estimator = estimator.estimator
    prefix = ""
    for _ in range(MOST_STEPS):
        steps = getattr(estimator, "__dict__", {}).get("steps")
        if not isinstance(steps, list) or not steps or len(steps[-1]) != 2:
            break
        name, estimator = steps[-1]
        prefix += f"{name}__"
        if f"{prefix}sample_weight" in kwargs:
            return f"{prefix}sample_weight"
    return "sample_weight"
