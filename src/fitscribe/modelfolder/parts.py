"""What a model is made of: the tree of its estimators."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

__all__ = ["estimator_tree"]

MOST_DEPTH = 8
# Of an estimator with more parts, and of a model with more in all, the rest is left out.
MOST_PARTS, MOST_IN_ALL = 64, 1000


def estimator_tree(model: Any) -> dict[str, Any]:
    """Return the classes of a model and of what is in its params.

    Parameters
    ----------
    model : object

    Returns
    -------
    dict
        ``{"class": full name, "parts": {path: the same of a part}}``; without ``parts`` where
        there are none. What lies in itself is not told again in there.

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.pipeline import make_pipeline
    >>> estimator_tree(make_pipeline(Ridge()))["parts"]
    {'steps[0]': {'class': 'sklearn.linear_model._ridge.Ridge'}}
    """
    return _Tree().of(model)


class _Tree:
    """The tree of one model while it is made."""

    def __init__(self) -> None:
        self.left = MOST_IN_ALL
        self.inside: list[int] = []

    def of(self, model: Any) -> dict[str, Any]:
        """Return the tree of an estimator in it."""
        cls = type(model)
        tree: dict[str, Any] = {"class": f"{cls.__module__}.{cls.__qualname__}"}
        if len(self.inside) == MOST_DEPTH:
            return tree
        self.inside.append(id(model))
        parts: dict[str, Any] = {}
        for name, part in islice(_parts(model), MOST_PARTS):
            if self.left == 0:
                break
            if id(part) not in self.inside:
                self.left -= 1
                parts[name] = self.of(part)
        self.inside.pop()
        return {**tree, "parts": parts} if parts else tree


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
