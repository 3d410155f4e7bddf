"""What a fit was called with: X, y, sample weights, and what the caller calls the data."""

from __future__ import annotations

import dis
import functools
import inspect
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from types import CodeType, FrameType
from typing import Any

from fitscribe.sklearn.weakly import kept_weakly
from fitscribe.tracking.stack import is_between

__all__ = ["Arguments", "arguments_of", "variable_name"]

TARGET_NAMES = frozenset({"y", "Y", "target", "targets", "y_true", "labels"})
MOST_FRAMES = 20
MOST_NAMES = 2000
MOST_STEPS = 8


@dataclass(frozen=True, slots=True)
class Arguments:
    """The data of one call; None where it was not given."""

    X: Any = None
    y: Any = None
    sample_weight: Any = None


@kept_weakly
def _parameters(function: Any) -> tuple[str, ...]:
    """Return the names of the positional parameters after ``self``."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return ("X", "y", "sample_weight")
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    names = tuple(p.name for p in parameters if p.kind in positional)[1:]
    return names or ("X", "y")


def arguments_of(
    function: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any], estimator: Any = None
) -> Arguments:
    """Return the data among the arguments of a training method.

    X is the first parameter. y is the parameter called so (or ``Y``, ``target`` …), else the
    second one where it is no ``sample_weight`` or ``groups``: MLflow's rule, less its mistakes.
    Weights of a pipeline's last step are those of the pipeline (``model__sample_weight``).
    """
    names = _parameters(function)
    given = {**dict(zip(names, args, strict=False)), **kwargs}
    target = next((name for name in names if name in TARGET_NAMES), None)
    if target is None and len(names) > 1 and names[1] not in ("sample_weight", "groups"):
        target = names[1]
    return Arguments(
        given.get(names[0], given.get("X")),
        given.get(target or "y"),
        given.get(_weight_name(estimator, kwargs)),
    )


def _weight_name(estimator: Any, kwargs: Mapping[str, Any]) -> str:
    """Return what the weights are called: ``sample_weight``, of a last step if it is given any."""
    if "sample_weight" in kwargs:
        return "sample_weight"
    if any(base.__name__ == "BaseSearchCV" for base in type(estimator).__mro__):
        estimator = estimator.estimator
    prefix = ""
    for _ in range(MOST_STEPS):
        steps = getattr(estimator, "__dict__", {}).get("steps")
        if not isinstance(steps, list) or not steps or len(steps[-1]) != 2:
            break
        name, estimator = steps[-1]
        prefix += f"{name}__"
        if f"{prefix}sample_weight" in kwargs:
            return f"{prefix}sample_weight"
    return "sample_weight"


def variable_name(value: Any) -> str | None:
    """Return what the calling code calls an object: ``X_train``, ``iris.data``, or None.

    The frame that called the fit is asked first. While the object is one of a function's
    arguments there, its caller knows better and is asked instead (MLflow's rule).
    """
    frame: FrameType | None = _first_foreign_frame()
    best = None
    for _ in range(MOST_FRAMES):
        if frame is None or _holds_its_names(frame.f_code):
            return best
        code = frame.f_code
        names = frame.f_locals
        try:
            found = _name_in(names, value) or _name_in(_globals_of(frame), value)
        finally:
            _let_go(code, names)
        if found is None:
            return best
        best = found
        if found not in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]:
            return best
        frame = frame.f_back
    return best


def _globals_of(frame: FrameType) -> Mapping[str, Any]:
    """Return the global variables that a function's code names."""
    code, names = frame.f_code, frame.f_globals
    if not code.co_flags & inspect.CO_OPTIMIZED:
        return {}  # a module's variables are its globals
    return {name: names[name] for name in code.co_names if name in names}


def _first_foreign_frame() -> FrameType | None:
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and is_between(frame):
        frame = frame.f_back
    return frame


@functools.lru_cache(maxsize=1024)
def _holds_its_names(code: CodeType) -> bool:
    """Whether a function asks for the dict of its variables.

    Up to Python 3.12 there is one such dict, and a look brings it up to date: a loop over
    ``locals().values()`` would find that it has grown.
    """
    if sys.version_info >= (3, 13):
        return False
    if not code.co_flags & inspect.CO_OPTIMIZED or not {"locals", "vars"} & set(code.co_names):
        return False
    steps = [step for step in dis.get_instructions(code) if step.opname not in _BEFORE_CALLS]
    return any(
        asked.opname == "LOAD_GLOBAL"
        and (
            asked.argval == "locals"
            or (asked.argval == "vars" and call.opname == "CALL" and call.arg == 0)
        )
        for asked, call in pairwise(steps)
    )


# What stands between a function's name and its call without arguments.
_BEFORE_CALLS = ("PRECALL", "PUSH_NULL", "CACHE")


def _let_go(code: CodeType, names: Mapping[str, Any]) -> None:
    """Empty the dict of a function's variables that the look filled.

    Up to Python 3.12 the frame keeps it: data that the function deletes would live on in there
    until the function returns.
    """
    if type(names) is dict and code.co_flags & inspect.CO_OPTIMIZED:
        for name in (*code.co_varnames, *code.co_cellvars, *code.co_freevars):
            names.pop(name, None)


def _name_in(names: Mapping[str, Any], value: Any) -> str | None:
    """Return the first public name bound to the object itself, or to a dict that holds it."""
    if len(names) > MOST_NAMES:
        return None
    for name, bound in names.items():
        if bound is value and not name.startswith("_"):
            return name
    for name, bound in names.items():
        if isinstance(bound, dict) and len(bound) < 100 and not name.startswith("_"):
            for key, item in bound.items():
                if item is value and isinstance(key, str):
                    # A Bunch is a dict whose items are attributes.
                    return f"{name}.{key}" if hasattr(bound, key) else f"{name}[{key!r}]"
    return None
