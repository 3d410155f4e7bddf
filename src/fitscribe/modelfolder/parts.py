"""What a model is made of: the tree of its estimators."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

__all__ = ["estimator_tree"]

MOST_DEPTH = 8
# Of more parts, a forest's say, the rest is left out.
MOST_PARTS = 64


def estimator_tree(model: Any, depth: int = MOST_DEPTH) -> dict[str, Any]:
    """Return the classes of a model and of what is in its params.

    Parameters
    ----------
    model : object
    depth : int
        How deep to look.

    Returns
    -------
    dict
        ``{"class": full name, "parts": {path: the same of a part}}``; without ``parts`` where
        there are none.

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.pipeline import make_pipeline
    >>> estimator_tree(make_pipeline(Ridge()))["parts"]
    {'steps[0]': {'class': 'sklearn.linear_model._ridge.Ridge'}}
    """
    cls = type(model)
    tree: dict[str, Any] = {"class": f"{cls.__module__}.{cls.__qualname__}"}
    if depth > 0:
        parts = dict(zip(range(MOST_PARTS), _parts(model), strict=False))
        if parts:
            tree["parts"] = {
                name: estimator_tree(part, depth - 1) for name, part in parts.values()
            }
    return tree


def _parts(model: Any) -> Iterator[tuple[str, Any]]:
    """Yield the estimators among a model's attributes, each with its path."""
    for name, value in getattr(model, "__dict__", {}).items():
        if name.endswith("_") or name.startswith("_"):
            continue  # what was learned: of a forest, its trees
        if is_estimator(value):
            yield name, value
        elif isinstance(value, (list, tuple)):
            for place, item in enumerate(value):
                part = item[1] if isinstance(item, tuple) and len(item) > 1 else item
                if is_estimator(part):
                    yield f"{name}[{place}]", part


def is_estimator(value: Any) -> bool:
    """Whether a value is an estimator, by what scikit-learn asks of one."""
    return hasattr(value, "get_params") and not isinstance(value, type)
