"""An estimator in words: params as text, what was set, what it is called."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from fitscribe.core.values import Param
from fitscribe.modelfolder.containers import is_pandas_frame
from fitscribe.sklearn.weakly import kept_weakly

__all__ = [
    "changed_params",
    "class_name",
    "is_search",
    "is_search_by_class",
    "param_of",
    "param_text",
    "param_values",
    "params_of",
    "results_of",
    "title_of",
]

MAX_TITLE = 80
MAX_VALUE = 24
# What stands for a part that does nothing.
LEFT_OUT = ("drop", "passthrough")


def class_name(estimator: Any) -> str:
    """Return ``module.Class``."""
    cls = type(estimator)
    return f"{cls.__module__}.{cls.__qualname__}"


def is_search(estimator: Any) -> bool:
    """Whether it tries candidates and keeps ``cv_results_``, scikit-learn's or not.

    ``cv_results_`` without params is another thing: the path of a GraphicalLassoCV.
    """
    if is_search_by_class(estimator):
        return True
    results = results_of(estimator)
    if results is None:
        return False
    starts = {
        name.partition("_")[0] for name in results if name.startswith(("param_", "mean_test_"))
    }
    return "params" in results or len(starts) == 2


def is_search_by_class(estimator: Any) -> bool:
    """Whether it is a search of scikit-learn's or of a class derived from one; asks it nothing."""
    return any(base.__name__ == "BaseSearchCV" for base in type(estimator).__mro__)


def results_of(estimator: Any) -> Mapping[str, Any] | None:
    """Return the columns of ``cv_results_``, a dict or a frame; None where there are none."""
    results: Any = getattr(estimator, "cv_results_", None)
    if is_pandas_frame(results):
        return {str(name): column.to_numpy() for name, column in results.items()}
    if not isinstance(results, Mapping):
        return None
    trials = getattr(estimator, "trials_", None)
    if trials and results and not any(str(name).startswith("param") for name in results):
        # Optuna's search keeps what it tried apart from what came of it.
        return {**results, "params": [trial.params for trial in trials]}
    return results


def params_of(estimator: Any) -> list[Param]:
    """Return the params of an estimator; see :func:`param_values`."""
    return [param_of(key, value) for key, value in param_values(estimator).items()]


def param_values(estimator: Any) -> Mapping[str, Any]:
    """Return the params of an estimator, by scikit-learn's names (``step__param``).

    Nested ones too, but for a search: there the candidates are what varies, and MLflow keeps
    the search's own only.
    """
    cls: Any = type(estimator)
    if not hasattr(cls, "get_params"):
        return {}  # a watched class need not have params
    deep = not is_search(estimator)
    own = "get_params" in getattr(estimator, "__dict__", ())
    plain = cls.get_params is _GET_PARAMS and cls._get_param_names.__func__ is _GET_NAMES
    if plain and not own:
        # scikit-learn reads the constructor's signature each time, for a tenth of a millisecond.
        values = {name: getattr(estimator, name) for name in _param_names(cls.__init__, cls)}
        if not deep or not any(hasattr(value, "get_params") for value in values.values()):
            return values
    found: Mapping[str, Any] = estimator.get_params(deep=deep)
    return found


_GET_PARAMS = BaseEstimator.get_params
_GET_NAMES = BaseEstimator._get_param_names.__func__


@kept_weakly
def _param_names(init: Any, cls: Any) -> tuple[str, ...]:
    """Return the names of the params of a class, as long as this is its constructor."""
    del init
    return tuple(cls._get_param_names())


def param_of(key: str, value: Any) -> Param:
    """Return one param: plain values as MLflow writes them, the rest as :func:`param_text`."""
    param = Param.of(key, value)
    if param.kind == "other":
        return Param(key, param_text(value), "other")
    if param.kind == "str" and ("\0" in value or not value.isprintable()):
        return Param(key, _keepable(value), "str")
    return param


def param_text(value: Any) -> str:
    """Return a value as text that says the same in every process.

    Estimators are written on one line with what was changed (``LogisticRegression(C=0.1)``),
    functions and classes by their names; the rest is ``str(value)``.
    """
    if isinstance(value, str):
        return _keepable(value)
    return _keepable(_text(value, nested=False))


def _keepable(text: str) -> str:
    """Return text without what databases refuse: NUL and lone surrogates, written as escapes."""
    return text.replace("\0", "\\0").encode("utf-8", "backslashreplace").decode()


def _text(value: Any, nested: bool) -> str:
    if isinstance(value, BaseEstimator):
        changed = changed_params(value)
        inner = ", ".join(f"{key}={_text(item, True)}" for key, item in changed.items())
        return f"{type(value).__name__}({inner})"
    if isinstance(value, (list, tuple)) and len(value) <= 1000:
        inner = ", ".join(_text(item, True) for item in value)
        if isinstance(value, list):
            return f"[{inner}]"
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    if isinstance(value, dict) and len(value) <= 1000:
        pairs = (f"{_text(key, True)}: {_text(item, True)}" for key, item in value.items())
        return "{" + ", ".join(pairs) + "}"
    if inspect.isroutine(value) or inspect.isclass(value):
        return f"{value.__module__}.{value.__qualname__}"
    if isinstance(value, np.ndarray):
        return str(value)
    return repr(value) if nested else str(value)


@kept_weakly
def _defaults(cls: type) -> Mapping[str, Any]:
    """Return the default of each constructor parameter.

    A constructor that takes ``**kwargs`` hands them to its base (XGBClassifier's does).
    """
    found: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        constructor = vars(base).get("__init__")
        if inspect.isfunction(constructor):
            parameters = inspect.signature(constructor).parameters
            found.update((name, parameter.default) for name, parameter in parameters.items())
    return found


def changed_params(estimator: Any, values: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the shallow params that differ from the constructor's defaults.

    `values` are the params where they are known already; nested ones among them do not count, and
    neither do the parts that a list among them names (``estimators``, ``transformers``).
    """
    cls: Any = type(estimator)
    defaults = _defaults(cls)
    if values is None:
        values = estimator.get_params(deep=False) if hasattr(cls, "get_params") else {}
    return {
        key: value
        for key, value in values.items()
        if "__" not in key
        and (key in defaults or not hasattr(value, "get_params"))
        and not _is_default(value, defaults.get(key, inspect.Parameter.empty))
    }


def _is_default(value: Any, default: Any) -> bool:
    if value is default:
        return True
    if type(value) is not type(default):
        return False
    if isinstance(value, (str, int, bool, type(None))):
        return bool(value == default)
    if isinstance(value, float):
        return bool(value == default or (value != value and default != default))
    return repr(value) == repr(default)


def title_of(estimator: Any, values: Mapping[str, Any] | None = None) -> str:
    """Return what a person calls a fit: ``RandomForestClassifier max_depth=3``.

    A pipeline is called by its steps, a search by what it searches. `values` are the params where
    they are known already.
    """
    name = type(estimator).__name__
    steps = getattr(estimator, "steps", None)
    if isinstance(steps, list) and steps and isinstance(steps[-1], tuple):
        inner = " → ".join(_step_name(step[1]) for step in steps if len(step) == 2)
        return _cut(f"{name} {inner}")
    if is_search(estimator):
        return _cut(f"{name} {_step_name(getattr(estimator, 'estimator', None))}")
    return _cut(f"{name} {values_title(changed_params(estimator, values).items())}".rstrip())


def values_title(items: Iterable[tuple[str, Any]]) -> str:
    """Return ``C=0.1, penalty=l1``."""
    return ", ".join(f"{key}={_short(value)}" for key, value in items)


def _step_name(step: Any) -> str:
    steps = getattr(step, "steps", None)
    if isinstance(steps, list) and steps and isinstance(steps[-1], tuple):
        return " → ".join(_step_name(inner[1]) for inner in steps if len(inner) == 2)
    return step if isinstance(step, str) else type(step).__name__


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, np.ufunc) or inspect.isroutine(value) or inspect.isclass(value):
        return value.__name__
    if isinstance(value, list) and value and all(map(_is_named_part, value)):
        text = ", ".join(name for name, *_ in value)
    else:
        text = value if isinstance(value, str) else _text(value, True)
    text = " ".join(text.split())
    return text if len(text) <= MAX_VALUE else text[: MAX_VALUE - 1] + "…"


def _is_named_part(value: Any) -> bool:
    """Whether it is ``(name, estimator)``, or ``(name, transformer, columns)``."""
    if not isinstance(value, tuple) or len(value) < 2 or not isinstance(value[0], str):
        return False
    part = value[1]
    return hasattr(part, "get_params") or (isinstance(part, str) and part in LEFT_OUT)


def _cut(title: str) -> str:
    title = _keepable(title)
    return title if len(title) <= MAX_TITLE else title[: MAX_TITLE - 1] + "…"
