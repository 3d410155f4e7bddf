"""What only a loaded model tells: importances, and the names of the features a step gets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["feature_names", "importances"]

MOST_DEPTH = 8
# What a property raises that cannot be computed, or a step that does not know its names.
_UNKNOWN = (
    ArithmeticError,
    AttributeError,
    LookupError,
    NotImplementedError,
    RuntimeError,
    TypeError,
    ValueError,
)


def _steps(model: Any, path: str = "", depth: int = 0) -> Iterator[tuple[str, Any, Any]]:
    """Yield a model, and below pipelines and searches what predicts: path, object, what is before.

    Paths are those of :meth:`~fitscribe.modelfolder.symbols.Part.walk`.
    """
    yield path, model, None
    if depth > MOST_DEPTH:
        return
    begin = f"{path}." if path else ""
    steps = getattr(model, "steps", None)
    if isinstance(steps, list) and steps and isinstance(steps[-1], tuple):
        name, last = steps[-1][:2]
        yield f"{begin}{name}", last, model
        if getattr(last, "best_estimator_", None) is not None or hasattr(last, "steps"):
            for below, found, before in _steps(last, f"{begin}{name}", depth + 1):
                if below != f"{begin}{name}":
                    yield below, found, before
    best = getattr(model, "best_estimator_", None)
    if best is not None:
        yield from _steps(best, f"{begin}best_estimator_", depth + 1)


def importances(model: Any) -> dict[str, NDArray[Any]]:
    """Return ``feature_importances_`` of a model and of what predicts in it, by path."""
    found = {}
    for path, part, _ in _steps(model):
        try:
            held = np.asarray(part.feature_importances_, dtype=float)
        except _UNKNOWN:
            continue
        if held.ndim == 1 and held.size:
            found[path] = held
    return found


def feature_names(model: Any) -> dict[str, Sequence[str]]:
    """Return the names of the features that a model and what predicts in it get, by path."""
    found: dict[str, Sequence[str]] = {}
    for path, part, pipeline in _steps(model):
        try:
            if getattr(part, "feature_names_in_", None) is not None:
                names = part.feature_names_in_
            elif pipeline is not None and len(pipeline.steps) > 1:
                names = pipeline[:-1].get_feature_names_out()
            else:
                continue
            found[path] = [str(name) for name in names]
        except _UNKNOWN:
            continue
    return found
