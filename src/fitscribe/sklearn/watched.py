"""Estimators that do not derive from scikit-learn's ``BaseEstimator``: listed, or watched.

What has ``fit`` and is no ``BaseEstimator`` is not known to be an estimator. Packages whose
estimators are of that kind are listed here; a class of the user's own is named by
:func:`watch`. Inside a pipeline, a search or another meta-estimator they need neither: the
outermost fit is recorded.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from types import ModuleType
from typing import Any, ClassVar, TypeVar

from fitscribe.errors import InvalidParameter
from fitscribe.sklearn.patch import add_kind, is_installed
from fitscribe.tracking.late import when_imported
from fitscribe.tracking.tasks import carry

__all__ = ["unwatch", "watch", "watch_listed"]

T = TypeVar("T", bound=type)

# Module → the base class of its estimators.
LISTED = {"catboost.core": "CatBoost"}


class _Watched:
    """The classes that the user named, in this process."""

    classes: ClassVar[list[type]] = []


def watch(cls: T) -> T:
    """Record the fits of a class that is no ``BaseEstimator``, from now on.

    It is hooked at once if autologging is on, else as soon as it is; with what it is derived
    from, and the classes derived from it so far. ``autolog(disable=True)`` undoes it.

    Parameters
    ----------
    cls : type
        A class with a method ``fit``. Params are read if it has ``get_params``.

    Returns
    -------
    type
        The class itself, so that this may stand as its decorator.

    Raises
    ------
    InvalidParameter
        If it is no class, or has no ``fit``.

    Notes
    -----
    A worker process records its fits if it finds the class under its module's name; a class that
    only a script or a notebook has is recorded in the script's own process.

    Examples
    --------
    >>> import fitscribe.sklearn
    >>> @fitscribe.sklearn.watch
    ... class Mean:
    ...     def fit(self, X, y):
    ...         self.mean_ = sum(y) / len(y)
    ...         return self
    """
    if not isinstance(cls, type) or not callable(getattr(cls, "fit", None)):
        raise InvalidParameter(
            f"watch takes a class that has a method fit, not {cls!r:.80}. "
            "Of an object, give the class: watch(type(model))."
        )
    if cls not in _Watched.classes:
        _Watched.classes.append(cls)
    add_kind(cls)
    carry(__name__, _names)
    return cls


def watch_listed() -> None:
    """Take the listed packages' classes for estimators: now if imported, else when they are."""
    for module, name in LISTED.items():
        when_imported(module, partial(_add_listed, name))


def unwatch() -> None:
    """Forget the classes that the user named."""
    _Watched.classes.clear()


def _add_listed(name: str, module: ModuleType) -> None:
    # Autologging may have been turned off before the module was imported.
    if is_installed():
        _add(getattr(module, name, None))


def _add(cls: Any) -> None:
    if isinstance(cls, type):
        add_kind(cls)


def _names() -> tuple[tuple[str, str], ...] | None:
    """Return what another process may know the classes by."""
    names = tuple((cls.__module__, cls.__qualname__) for cls in _Watched.classes)
    return names or None


@contextmanager
def resume(names: Sequence[tuple[str, str]]) -> Iterator[None]:
    """Watch the classes in one task of a pool; its arguments have brought their modules along."""
    for module, name in names:
        _add(getattr(sys.modules.get(module), name, None))
    yield
