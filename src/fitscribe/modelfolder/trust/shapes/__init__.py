"""Whether what a model holds fits together.

The compiled parts of scikit-learn and scipy do not look at what they hold: a tree whose child lies
behind its end makes them read where nothing is. So before a model is used that a stranger may have
made, every such part is looked at, and each estimator's parts against one another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from fitscribe.errors import DamagedModel
from fitscribe.modelfolder.trust.shapes import (
    estimators,
    generators,
    matrices,
    metric_trees,
    splines,
    svm,
    trees,
)
from fitscribe.modelfolder.trust.shapes.fits import DoesNotFit

__all__ = ["check_shapes", "every_part"]

# By module and name of the class: nothing is imported to look at a model that has no such part.
_CHECKS: dict[tuple[str, str], Callable[[Any], None]] = {
    **trees.CHECKS,
    **metric_trees.CHECKS,
    **matrices.CHECKS,
    **splines.CHECKS,
    **svm.CHECKS,
    **estimators.CHECKS,
    **generators.CHECKS,
}
_PLAIN = frozenset({bool, bytes, complex, float, int, str, type(None)})
# What looking at a part raises where it holds something else altogether.
_NONSENSE = (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)


def check_shapes(model: Any, what: str) -> None:
    """Look at every part of a model that compiled code reads.

    Parameters
    ----------
    model : object
        What was built of a file; nothing of it was used.
    what : str
        What the file is called in the message.

    Raises
    ------
    DamagedModel
        If a part does not fit.
    """
    # A forest has a thousand parts of one class.
    of_class: dict[type, list[Callable[[Any], None]]] = {}
    for part in every_part(model):
        cls = type(part)
        if cls not in of_class:
            found = (_CHECKS.get(_named(base)) for base in cls.__mro__)
            of_class[cls] = [check for check in found if check]
        checks = of_class[cls]
        # What it has itself: a pipeline would ask its first step, which may be anything.
        is_fitted = "n_features_in_" in getattr(part, "__dict__", ())
        for check in (*checks, estimators.check) if is_fitted else checks:
            try:
                check(part)
            except DoesNotFit as error:
                raise _refused(what, cls, str(error)) from None
            except _NONSENSE as error:
                raise _refused(what, cls, f"{type(error).__name__}: {error}") from error


def _named(cls: type) -> tuple[str, str]:
    return cls.__module__, cls.__qualname__


def _refused(what: str, cls: type, why: str) -> DamagedModel:
    return DamagedModel(
        f"{what} was not loaded: a {cls.__qualname__} in it cannot be used, {why}. Its file is "
        "damaged or forged; take a copy of which you know where it comes from."
    )


def every_part(model: Any) -> Iterator[Any]:
    """Yield every object in a model, each once, that is more than a number, a text or an array."""
    met: set[int] = set()
    waiting = [model]
    while waiting:
        value = waiting.pop()
        cls = type(value)
        if cls in _PLAIN or id(value) in met or issubclass(cls, type):
            continue
        met.add(id(value))
        if cls in (list, tuple, set, frozenset):
            waiting += [one for one in value if type(one) not in _PLAIN]
            continue
        if cls is np.ndarray:
            if value.dtype.hasobject:
                waiting += [one for one in value.ravel().tolist() if type(one) not in _PLAIN]
            continue
        if isinstance(value, dict):
            waiting += [one for one in (*value, *value.values()) if type(one) not in _PLAIN]
        if isinstance(value, (np.generic, np.ndarray)):
            continue
        yield value
        held = getattr(value, "__dict__", None)
        if held:
            waiting += [one for one in held.values() if type(one) not in _PLAIN]
