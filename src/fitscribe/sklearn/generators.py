"""What a fitted estimator changes when it is asked: random generators, and trees that count."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from fitscribe.sklearn.standin import class_draws_nothing, draws_nothing
from fitscribe.sklearn.weakly import kept_weakly

__all__ = ["generators_of"]

# Trees of neighbours count their queries, and the counts are in their pickles.
TREES = ("sklearn.neighbors._kd_tree", "sklearn.neighbors._ball_tree")

# Of the classes that draw nothing themselves, those that hold estimators which may.
HOLDING = (
    "sklearn.compose.",
    "sklearn.ensemble._gb",
    "sklearn.linear_model._ransac",
    "sklearn.model_selection._search",
    "sklearn.pipeline",
)
# Nothing in objects of these draws anything.
DATA = frozenset({"builtins", "numpy", "pandas", "polars", "pyarrow", "scipy"})
DEEPEST = 12
MOST = 20_000


def generators_of(estimator: Any, params: Mapping[str, Any]) -> list[Any]:
    """Return the random generators that an estimator, and what is fitted in it, holds.

    They are numpy's; besides, the trees of neighbours, whose queries are counted in them.

    Parameters
    ----------
    estimator : object
        A fitted estimator. Lists, tuples, dicts, arrays of objects and the estimators in its
        attributes are looked into, but for those of classes that draw nothing.
    params : mapping of str to object
        All of its params, the estimators inside it among them.
    """
    found: dict[int, Any] = {}
    for value in (*params.values(), *getattr(estimator, "__dict__", {}).values()):
        if isinstance(value, (np.random.RandomState, np.random.Generator)):
            found[id(value)] = value
    if draws_nothing(estimator, params):
        return list(found.values())
    visited: set[int] = set()
    # The deepest come last: a large list cannot hide what lies beside it.
    level: list[Any] = [estimator, *params.values()]
    for _ in range(DEEPEST):
        below: list[Any] = []
        for value in level:
            cls: Any = type(value)
            if _is_quiet(cls) or id(value) in visited:
                continue
            if _changes(value):
                found[id(value)] = value
                continue
            visited.add(id(value))
            if len(visited) > MOST:
                return list(found.values())
            below.extend(_held(value))
        level = below
    return list(found.values())


def _changes(value: Any) -> bool:
    return (
        isinstance(value, (np.random.RandomState, np.random.Generator))
        or type(value).__module__ in TREES
    )


def _held(value: Any) -> Iterable[Any]:
    """Return what a container, or an object's attributes, hold."""
    if isinstance(value, (list, tuple)):
        return () if not value or _is_data(value[0]) else value
    if isinstance(value, dict):
        return value.values()
    if isinstance(value, np.ndarray):
        return () if _is_data(value) or value.size > MOST else value.ravel()
    held = getattr(value, "__dict__", None)
    return held.values() if isinstance(held, dict) else ()


def _is_data(value: Any) -> bool:
    return isinstance(value, (int, float, str)) or (
        isinstance(value, np.ndarray) and value.dtype != object
    )


@kept_weakly
def _is_quiet(cls: type) -> bool:
    """Whether there is no need to look into objects of a class."""
    if issubclass(
        cls, (list, tuple, dict, np.ndarray, np.random.RandomState, np.random.Generator)
    ):
        return False
    if issubclass(cls, type) or cls.__module__.partition(".")[0] in DATA:
        return True
    return class_draws_nothing(cls) and not cls.__module__.startswith(HOLDING)
