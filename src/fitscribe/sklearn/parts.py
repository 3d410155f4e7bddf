"""The fitted estimators inside one: steps, the best candidate, a regressor, in order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["Parts", "parts_of", "seen_by_model"]

Parts = list[tuple[str, Any]]

# A nest deeper than this is not looked into.
DEEPEST = 8
MOST = 50


def parts_of(estimator: Any) -> Parts:
    """Return the estimator, named ``""``, and those inside that it passes its data on to.

    The last one is the model: what a pipeline ends with, what a search found best.
    """
    found: Parts = [("", estimator)]
    prefix, here = "", estimator
    for _ in range(DEEPEST):
        inner = _inner(here)
        if not inner or len(found) > MOST:
            break
        found += [(prefix + name, part) for name, part in inner]
        prefix += f"{inner[-1][0]}__"
        here = inner[-1][1]
    return found


def _inner(estimator: Any) -> Parts:
    own: Mapping[str, Any] = getattr(estimator, "__dict__", {})
    steps = own.get("steps")
    if isinstance(steps, list) and all(isinstance(step, tuple) for step in steps):
        return [
            (str(step[0]), step[1])
            for step in steps
            if len(step) == 2 and step[1] is not None and not isinstance(step[1], str)
        ]
    for name in ("best_estimator_", "regressor_"):
        if own.get(name) is not None:
            return [(name, own[name])]
    return []


def seen_by_model(estimator: Any, X: Any) -> Any:
    """Return rows as the model in an estimator sees them: after a pipeline's other steps."""
    for _ in range(DEEPEST):
        own: Mapping[str, Any] = getattr(estimator, "__dict__", {})
        inner = _inner(estimator)
        if not inner:
            return X
        if "steps" in own:
            for _, step in inner[:-1]:
                X = step.transform(X)
            last = own["steps"][-1][1]
            if last is None or isinstance(last, str):
                return X
        estimator = inner[-1][1]
    return X
