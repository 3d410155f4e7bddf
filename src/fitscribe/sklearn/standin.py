"""Who is asked when we look at a model: itself, or a copy that may be changed.

A class of scikit-learn's is as it was after ``predict``. One of the user's own may count calls,
keep its last rows, fill a cache: then a copy is asked.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import Any

from fitscribe.errors import InvalidParameter
from fitscribe.modelfolder.formats import dump, load

__all__ = ["calls_own_function", "is_sklearns", "stand_in"]

# Packages whose estimators leave themselves alone in predict.
PLAIN = frozenset(
    {"catboost", "imblearn", "lightgbm", "numpy", "scipy", "skrub", "sklearn", "xgboost"}
)


def is_sklearns(thing: Any) -> bool:
    """Whether a function or class is scikit-learn's, and not one of its tests'."""
    module = str(getattr(thing, "__module__", ""))
    return module.partition(".")[0] == "sklearn" and ".tests." not in module


def stand_in(estimator: Any) -> Any:
    """Return who answers for a fitted estimator: itself, or a copy if it has code of the user's.

    Raises
    ------
    Exception
        What copying a user's object raises.
    """
    if all(map(_is_plain, _parts(estimator))):
        return estimator
    try:
        # Better than `copy`, for a `__getstate__` may change the one that is copied. By name only:
        # reading a class that was kept by value would replace what the user's class holds.
        dumped = dump(estimator, "pickle")
    except InvalidParameter:
        return copy.deepcopy(estimator)
    return load(BytesIO(dumped.data), dumped.format)


def calls_own_function(estimator: Any) -> bool:
    """Whether a param is a function of the user's own: a kernel, a metric, a transformation."""
    params: Mapping[str, Any] = estimator.get_params(deep=True)
    return any(
        callable(value) and not isinstance(value, type) and not is_sklearns(value)
        for value in params.values()
    )


def _parts(estimator: Any) -> Iterator[type]:
    """Yield the classes of an estimator and of those inside it."""
    yield type(estimator)
    params: Mapping[str, Any] = estimator.get_params(deep=True)
    for value in params.values():
        if hasattr(value, "get_params") and not isinstance(value, type):
            yield type(value)


def _is_plain(cls: type) -> bool:
    return cls.__module__.partition(".")[0] in PLAIN and ".tests." not in cls.__module__
