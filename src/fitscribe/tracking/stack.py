"""Frames of ours that a warning does not count.

``warnings.warn(..., stacklevel=2)`` names the caller. A wrapper in between would shift it: the
warning would name our file, and be shown once for all callers instead of once for each. Python
leaves out frames whose file name marks the import system; ours carry that mark too.

No module has that file, and ``inspect.stack()`` would look through all of them for each of our
frames, which takes a millisecond; so ``inspect`` is told beforehand.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from types import FrameType, FunctionType
from typing import Any, TypeVar, cast

__all__ = ["SKIPPED_FILE", "is_between", "level_of_caller", "skipped_in_warnings"]

F = TypeVar("F", bound=Callable[..., Any])

# Both words must be in it: CPython 3.11 to 3.14, Python/_warnings.c and Lib/warnings.py.
SKIPPED_FILE = "<fitscribe, skipped in warnings like importlib._bootstrap>"
# scikit-learn puts a function around each of its own that validates what it is given.
WRAPPER = "sklearn.utils._param_validation"
# Its cache of file → name of the module; no module has this name.
_known_files: Any = getattr(inspect, "modulesbyfile", {})
_known_files[SKIPPED_FILE] = SKIPPED_FILE


def skipped_in_warnings(function: F) -> F:
    """Return the function with its frames left out where warnings count callers."""
    plain = cast(FunctionType, function)
    plain.__code__ = plain.__code__.replace(co_filename=SKIPPED_FILE)
    return function


def level_of_caller() -> int:
    """Return the ``stacklevel`` at which a warning names the line that called fitscribe.

    It is for the function that asks: of its own frame the level is 1.
    """
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and is_between(frame):
        level += frame.f_code.co_filename != SKIPPED_FILE
        frame = frame.f_back
    return level


def is_between(frame: FrameType) -> bool:
    """Whether a frame lies between the user's call and us: of ours, or scikit-learn's wrapper."""
    if frame.f_code.co_filename == SKIPPED_FILE:
        return True
    module = frame.f_globals.get("__name__")
    return type(module) is str and (
        module == WRAPPER or module.startswith("fitscribe.") or module == "fitscribe"
    )
