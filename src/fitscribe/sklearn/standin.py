"""Who is asked when we look at a model: itself, or a copy that may be changed.

A class of scikit-learn's is as it was after ``predict``. One of the user's own may count calls,
keep its last rows, fill a cache: then a copy is asked.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from types import (
    BuiltinFunctionType,
    FunctionType,
    MethodDescriptorType,
    ModuleType,
    WrapperDescriptorType,
)
from typing import Any

import numpy as np

from fitscribe.errors import InvalidParameter
from fitscribe.modelfolder.formats import dump, load
from fitscribe.sklearn.effects import only_computes, sets_outer_variable

__all__ = [
    "calls_own_function",
    "class_draws_nothing",
    "class_is_plain",
    "draws_nothing",
    "is_plain",
    "is_sklearns",
    "may_print",
    "reason_not_to_ask",
    "stand_in",
]

# What a look at a model may call.
ASKED = ("predict", "predict_proba", "decision_function", "transform", "score", "score_samples")

# Packages whose estimators leave themselves alone in predict.
ATOMS = frozenset({type(None), bool, int, float, str})
PLAIN = frozenset(
    {"catboost", "imblearn", "lightgbm", "numpy", "scipy", "skrub", "sklearn", "xgboost"}
)

# Params whose functions are called by a fit, and not by what a look calls.
FIT_ONLY = frozenset(
    {
        "callback",
        "callbacks",
        "criterion",
        "eval_metric",
        "fun",
        "importance_getter",
        "init",
        "is_data_valid",
        "is_model_valid",
        "loss",
        "objective",
        "refit",
        "score_func",
        "scoring",
    }
)

# Params whose functions are given rows, which are copies, or texts.
ON_COPIES = frozenset({"analyzer", "func", "inverse_func", "preprocessor", "tokenizer"})

# Modules of scikit-learn whose classes draw no random number once they are fitted, unless they
# call a function of the user's (a test over `all_estimators` compares the generators).
DRAWING_NOTHING = (
    "sklearn.compose.",
    "sklearn.discriminant_analysis",
    "sklearn.ensemble._forest",
    "sklearn.ensemble._gb",
    "sklearn.ensemble._hist_gradient_boosting.",
    "sklearn.linear_model.",
    "sklearn.model_selection._search",
    "sklearn.naive_bayes",
    "sklearn.pipeline",
    "sklearn.preprocessing.",
    "sklearn.svm.",
    "sklearn.tree.",
)


def is_sklearns(thing: Any) -> bool:
    """Whether a function or class is scikit-learn's, and not one of its tests'."""
    module = str(getattr(thing, "__module__", ""))
    return module.partition(".")[0] == "sklearn" and ".tests." not in module


def stand_in(estimator: Any, params: Mapping[str, Any]) -> Any:
    """Return who answers for a fitted estimator: itself, or a copy if it has code of the user's.

    Parameters
    ----------
    estimator : object
        The fitted estimator.
    params : mapping of str to object
        All of its params, the estimators inside it among them.

    Raises
    ------
    Exception
        What copying a user's object raises.
    """
    if is_plain(estimator, params):
        return estimator
    try:
        # Better than `copy`, for a `__getstate__` may change the one that is copied. By name only:
        # reading a class that was kept by value would replace what the user's class holds.
        dumped = dump(estimator, "pickle")
    except InvalidParameter:
        return copy.deepcopy(estimator)
    return load(dumped.data, dumped.format, runs_code=True)


def is_plain(estimator: Any, params: Mapping[str, Any]) -> bool:
    """Whether an estimator and those among its params have no code of the user's own."""
    return all(map(class_is_plain, _classes(estimator, params)))


def may_print(estimator: Any, params: Mapping[str, Any]) -> bool:
    """Whether a look at an estimator may print: told to be verbose, or code of the user's own."""
    levels = (value for key, value in params.items() if key.rpartition("__")[2] == "verbose")
    silent = all(
        level is None or (isinstance(level, (int, float, np.generic)) and not level)
        for level in levels
    )
    return not (silent and is_plain(estimator, params)) or calls_own_function(params)


def draws_nothing(estimator: Any, params: Mapping[str, Any]) -> bool:
    """Whether looking at a fitted estimator is known to draw no random number."""
    return all(map(class_draws_nothing, _classes(estimator, params))) and not (
        calls_own_function(params)
    )


def class_draws_nothing(cls: type) -> bool:
    """Whether objects of a class draw no random number themselves once they are fitted."""
    return cls.__module__.startswith(DRAWING_NOTHING)


def calls_own_function(params: Mapping[str, Any]) -> bool:
    """Whether a look calls a function of the user's own that is one of the params."""
    return next(_own_functions(params), None) is not None


def _own_functions(params: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the params that are functions of the user's own: a kernel, a metric, a step."""
    for key, value in params.items():
        if (
            type(value) not in ATOMS
            and callable(value)
            and key.rpartition("__")[2] not in FIT_ONLY
            and _is_own(value)
        ):
            yield key, value


def _is_own(function: Any) -> bool:
    """Whether a callable is, or calls, code of the user's own."""
    inner = getattr(function, "func", None) or getattr(function, "pyfunc", None)
    if callable(inner) and type(function).__module__ in ("functools", "numpy"):
        return _is_own(inner)  # functools.partial, numpy.vectorize
    if isinstance(function, (type, np.ufunc, MethodDescriptorType, WrapperDescriptorType)):
        return False
    if isinstance(function, BuiltinFunctionType):
        return function is print or not isinstance(function.__self__, ModuleType | None)
    module = str(getattr(function, "__module__", ""))
    return module.partition(".")[0] not in PLAIN | {"pandas", "polars"} or ".tests." in module


def reason_not_to_ask(estimator: Any, params: Mapping[str, Any]) -> str | None:
    """Return why a call in hiding would show even if a copy were asked; None if it would not.

    Somebody put a function of their own in the place of a method of this one object, or a method
    of the user's class sets a variable outside it (``global``, ``nonlocal``), or a param is a
    function of the user's own that may print or count, or is called for each pair of rows.
    `params` are all of the estimator's, the estimators inside it among them.
    """
    reasons = map(_reason_of_one, (estimator, *filter(_is_part, params.values())))
    reason = next((reason for reason in reasons if reason is not None), None)
    if reason is not None:
        return reason
    reasons = map(_reason_of_function, _own_functions(params))
    return next((reason for reason in reasons if reason is not None), None)


def _reason_of_function(param: tuple[str, Any]) -> str | None:
    key, function = param
    name = key.rpartition("__")[2]
    if name == "metric":
        return f"{key} is a function of your own, called for each pair of rows"
    if only_computes(function, name in ON_COPIES):
        return None
    return f"{key} is a function of your own that may do more than compute"


def _reason_of_one(part: Any) -> str | None:
    cls = type(part)
    for name, value in getattr(part, "__dict__", {}).items():
        if callable(value) and isinstance(getattr(cls, name, None), FunctionType):
            return f"{cls.__name__}.{name} was replaced on this object"
    if class_is_plain(cls):
        return None
    for name in ASKED:
        function = getattr(cls, name, None)
        if isinstance(function, FunctionType) and sets_outer_variable(function.__code__):
            return f"{cls.__name__}.{name} sets a variable outside it"
    return None


def _classes(estimator: Any, params: Mapping[str, Any]) -> Iterator[type]:
    """Yield the classes of an estimator and of those among its params."""
    yield type(estimator)
    for value in params.values():
        # Most params are numbers and texts, and this is asked often.
        if type(value) not in ATOMS and _is_part(value):
            yield type(value)


def _is_part(value: Any) -> bool:
    """Whether a param is an estimator."""
    return hasattr(value, "get_params") and not isinstance(value, type)


def class_is_plain(cls: type) -> bool:
    """Whether a class is of a package whose estimators leave themselves alone in predict."""
    return cls.__module__.partition(".")[0] in PLAIN and ".tests." not in cls.__module__
