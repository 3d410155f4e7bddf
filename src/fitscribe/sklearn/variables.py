"""What the calling code calls a thing: ``X_train``, ``iris.data``, ``X[::2]``.

First by identity: the variables of the frame that called us, and where the thing is one of that
function's arguments, of its caller (MLflow's rule). What no variable holds is named by the
expression in the source text of the call.
"""

from __future__ import annotations

import dis
import inspect
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import pairwise
from types import CodeType, FrameType
from typing import Any

from fitscribe.sklearn.weakly import kept_by_code
from fitscribe.sklearn.written import (
    IN,
    Place,
    VariablePath,
    file_name,
    name_of,
    paths_of,
    source_of,
)
from fitscribe.tracking.stack import SKIPPED_FILE, is_between

__all__ = [
    "Place",
    "argument_text",
    "arrays_near",
    "calling_frame",
    "named",
    "paths_in_argument",
    "variable_name",
]

MOST_FRAMES = 20
MOST_NAMES = 2000
MOST_ARRAYS = 8


def variable_name(
    value: Any, place: Place | None = None, frame: FrameType | None = None
) -> str | None:
    """Return what the calling code calls an object, or None.

    Parameters
    ----------
    value : object
    place : (int, str), optional
        Which argument of the call of ours it is, for the case that no variable holds it.
    frame : frame, optional
        The calling code's, where it is known.
    """
    frame = calling_frame() if frame is None else frame
    best = None
    for _ in range(MOST_FRAMES):
        if frame is None:
            return best
        code = frame.f_code
        found, passed = (None, None) if _holds_its_names(code) else _found_in(frame, value)
        if passed is not None:
            place, frame = passed, _caller_of(frame)
            continue
        if found is None:
            # A name that only a library has for it tells nobody anything.
            known = None if _is_library(frame) else best
            written = None if place is None else _written(frame, place)
            return written or known
        place = _place_of(code, found)
        if place is None:
            return found
        best = None if _is_library(frame) else found
        frame = _caller_of(frame)
    return best


def _caller_of(frame: FrameType) -> FrameType | None:
    caller = frame.f_back
    while caller is not None and is_between(caller):
        caller = caller.f_back
    return caller


def arrays_near(others: Iterable[Any], frame: FrameType) -> list[Any]:
    """Return the arrays of floats that the calling code holds, beside `others`."""
    if _holds_its_names(frame.f_code):
        return []
    known = {id(other) for other in others}
    names = frame.f_locals
    try:
        bound = list(names.values()) if len(names) <= MOST_NAMES else []
    finally:
        _let_go(frame.f_code, names)
    found = {
        id(one): one
        for one in bound
        if getattr(getattr(one, "dtype", None), "kind", "") == "f"
        and getattr(one, "ndim", 0) in (1, 2)
        and id(one) not in known
    }
    return list(found.values())[-MOST_ARRAYS:]


def argument_text(value: Any, place: Place, frame: FrameType | None = None) -> str:
    """Return an argument of the call of ours as its caller wrote it, its name, or its class."""
    frame = calling_frame() if frame is None else frame
    text = "" if frame is None else source_of(frame.f_code, frame.f_lasti, place)
    if not text:
        text = variable_name(value, place, frame) or f"<{type(value).__name__}>"
    return text


def paths_in_argument(code: CodeType, instruction: int, place: Place) -> Sequence[VariablePath]:
    """Return the variables that an argument's text names, and what of them, for :func:`named`."""
    return () if _holds_its_names(code) else paths_of(code, instruction, place)


def named(paths: Sequence[VariablePath], frame: FrameType) -> list[Any]:
    """Return the objects that some paths lead to from a frame's variables, and those on the way.

    Attributes are looked up where an object itself keeps them, items in plain dicts, lists and
    tuples: nobody's code runs.
    """
    bound, others = frame.f_locals, frame.f_globals
    known = []
    try:
        for name, *steps in paths:
            one = bound.get(name, others.get(name))
            for step in steps:
                if one is None:
                    break
                known.append(one)
                one = _taken(one, step)
            if one is not None:
                known.append(one)
        return known
    finally:
        _let_go(frame.f_code, bound)


def _taken(one: Any, step: Any) -> Any:
    """Return an attribute or an item of an object; None if it is computed, or is not there."""
    if type(step) is str:
        with suppress(AttributeError):
            return object.__getattribute__(one, "__dict__").get(step)
        return None
    (key,) = step
    if type(one) is dict:
        return one.get(key)
    if type(one) in (list, tuple) and type(key) is int and 0 <= key < len(one):
        return one[key]
    return None


def _is_library(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0] == "sklearn"


def _found_in(frame: FrameType, value: Any) -> tuple[str | None, Place | None]:
    """Return the name by which a frame's variables hold an object, or where it was passed on.

    What a function takes as ``*args`` or ``**kwargs`` has no name there.
    """
    code, names = frame.f_code, frame.f_locals
    try:
        found = _name_in(names, value)
        passed = None if found else _passed(code, names, value)
        return found or _name_in(_globals_of(frame), value), passed
    finally:
        _let_go(code, names)


def _passed(code: CodeType, names: Mapping[str, Any], value: Any) -> Place | None:
    """Return the position and the keyword of an object among ``*args`` and ``**kwargs``."""
    count = code.co_argcount + code.co_kwonlyargcount
    is_method = bool(code.co_argcount) and code.co_varnames[0] in ("self", "cls")
    if code.co_flags & inspect.CO_VARARGS:
        for place, one in enumerate(names.get(code.co_varnames[count], ())):
            if one is value:
                return code.co_argcount + place - is_method, ""
        count += 1
    if code.co_flags & inspect.CO_VARKEYWORDS:
        for key, one in names.get(code.co_varnames[count], {}).items():
            if one is value:
                return sys.maxsize, key
    return None


def _place_of(code: CodeType, name: str) -> Place | None:
    """Return which parameter of a function a name is, or None."""
    parameters = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    if name not in parameters:
        return None
    position = parameters.index(name)
    return position - (parameters[0] in ("self", "cls")), name


def _globals_of(frame: FrameType) -> Mapping[str, Any]:
    """Return the global variables that a function's code names."""
    code, names = frame.f_code, frame.f_globals
    if not code.co_flags & inspect.CO_OPTIMIZED:
        return {}  # a module's variables are its globals
    return {name: names[name] for name in code.co_names if name in names}


def calling_frame(between: int = 0) -> FrameType | None:
    """Return the frame that called us, whatever functions of ours lie in between.

    `between` is how many they are at least, above the function that asks: Python makes an object
    of each frame that is looked at, and takes longer for it than for a call.
    """
    frame: FrameType | None = sys._getframe(1 + between)
    while frame is not None:
        file = frame.f_code.co_filename
        # Most frames are known by their file; what was made by `exec` has none of its own.
        lies_between = _between.get(file)
        if lies_between is None:
            lies_between = is_between(frame)
            if not file.startswith("<") and len(_between) < MOST_FILES:
                _between[file] = lies_between
        if not lies_between:
            return frame
        frame = frame.f_back
    return None


# Whether all frames of a file are ours, or none.
_between = {SKIPPED_FILE: True}
MOST_FILES = 10_000


@kept_by_code
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


def _written(frame: FrameType, place: Place) -> str | None:
    """Return a readable name out of the text of the argument of the call that a frame is in."""
    text = name_of(frame.f_code, frame.f_lasti, place)
    if text is None or IN not in text:
        return text
    loader, _, name = text.partition(IN)
    names = frame.f_locals
    try:
        path = names.get(name, frame.f_globals.get(name))
    finally:
        _let_go(frame.f_code, names)
    return file_name(path) or loader
