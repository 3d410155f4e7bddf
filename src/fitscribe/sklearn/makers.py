"""Which run recorded a fitted estimator, for as long as it is what it was then.

An estimator may be fitted again where nobody records it (inside a pipeline, say), or get other
params. So what it held when it was recorded is compared: the same objects, or it is no longer
that model, and what it predicts is of no run that we know.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sklearn.base import BaseEstimator

from fitscribe.core.entities import Dataset
from fitscribe.sklearn.leaks import Training
from fitscribe.tracking.active import OpenRun

__all__ = [
    "Maker",
    "forget",
    "is_as_held",
    "is_linked",
    "link",
    "linked_ids",
    "maker_of",
    "parts_held",
]

# Params that change how something is computed, and not what.
HARMLESS = frozenset({"n_jobs", "verbose", "pre_dispatch", "copy", "copy_X", "cache_size"})
MOST_DEPTH = 4

Held = tuple[tuple[weakref.ref[Any], tuple[str, ...], tuple[int, ...]], ...]


@dataclass(frozen=True, eq=False, slots=True)
class Maker:
    """A fitted model as its run recorded it.

    Parameters
    ----------
    run : OpenRun
        Which run, and where it is kept; it may have ended.
    model_id : str or None
        The logged model, if it was kept.
    title : str
        The estimator's class.
    trained_on : Dataset or None
        The data of its fit.
    digest_of_X : str or None
        The digest of X alone.
    params : mapping of str to str
        Its params.
    estimator : weakref or None
        To the estimator itself.
    step : int
        Which training of its run it is, where one run has several.
    training : Training or None
        What is known of the rows of a supervised fit.
    """

    run: OpenRun
    model_id: str | None
    title: str
    trained_on: Dataset | None = None
    digest_of_X: str | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    estimator: weakref.ref[Any] | None = None
    step: int = 0
    training: Training | None = None

    @property
    def is_current(self) -> bool:
        """Whether the estimator is there, and what it was."""
        estimator = None if self.estimator is None else self.estimator()
        return estimator is not None and maker_of(estimator) is self

    def repeats(self, other: Maker) -> bool:
        """Whether it is the same fit as another, done again: class, params and data."""
        mine, its = self.trained_on, other.trained_on
        return (
            mine is not None
            and its is not None
            and (self.title, self.params, mine.digest) == (other.title, other.params, its.digest)
        )


@dataclass(frozen=True, slots=True)
class _Linked:
    estimator: weakref.ref[Any]
    maker: Maker
    # Of each part its keys, and the ids of what lay there: nothing of the model is kept alive.
    state: Held


# By id, for estimators may be unhashable, or equal to others.
_linked: dict[int, _Linked] = {}
linked_ids: Container[int] = _linked
_lock = threading.RLock()


def link(estimator: Any, maker: Maker) -> None:
    """Note who an estimator is, which was fitted a moment ago."""
    key = id(estimator)

    def gone(reference: object) -> None:
        found = _linked.get(key)
        if found is not None and found.estimator is reference:
            _linked.pop(key, None)

    _linked[key] = _Linked(weakref.ref(estimator, gone), maker, parts_held(estimator))


def parts_held(estimator: Any) -> Held:
    """Return what makes a model: what each estimator in it holds, by name and identity."""
    return tuple(
        (weakref.ref(part), names, _ids(part, names))
        for part in _parts(estimator, MOST_DEPTH)
        for names in [_names(part)]
    )


def forget(estimator: Any) -> None:
    """Note that an estimator is about to become another model."""
    _linked.pop(id(estimator), None)


def is_linked(estimator: Any) -> bool:
    """Whether a run recorded this very object; whether it changed since is for `maker_of`."""
    return id(estimator) in _linked


def maker_of(estimator: Any) -> Maker | None:
    """Return who an estimator is, or None if it was not recorded, or is not what it was."""
    found = _linked.get(id(estimator))
    if found is None or found.estimator() is not estimator:
        return None
    return found.maker if is_as_held(found.state) else None


def is_as_held(state: Held) -> bool:
    """Whether an estimator holds what it held when :func:`parts_held` looked."""
    for reference, names, ids in state:
        part = reference()
        if part is None or _ids(part, names) != ids:
            return False
    return True


def _names(part: Any) -> tuple[str, ...]:
    """Return the names of what makes the model: fitted attributes and params that matter."""
    return tuple(name for name in vars(part) if not name.startswith("_") and name not in HARMLESS)


def _ids(part: Any, names: tuple[str, ...]) -> tuple[int, ...]:
    return tuple(map(id, map(vars(part).get, names)))


def _parts(estimator: Any, depth: int) -> Iterator[Any]:
    """Yield an estimator and those inside it that it predicts with."""
    yield estimator
    if depth == 0:
        return
    for name, value in vars(estimator).items():
        if name in ("estimator", "base_estimator"):
            continue  # a template, which is cloned
        if isinstance(value, BaseEstimator):
            yield from _parts(value, depth - 1)
        elif name == "steps" and isinstance(value, list):
            for step in value:
                if isinstance(step, tuple) and isinstance(step[-1], BaseEstimator):
                    yield from _parts(step[-1], depth - 1)
