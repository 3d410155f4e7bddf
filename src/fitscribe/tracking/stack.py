"""Frames of ours that a warning does not count.

``warnings.warn(..., stacklevel=2)`` names the caller. A wrapper in between would shift it: the
warning would name our file, and be shown once for all callers instead of once for each. Python
leaves out frames whose file name marks the import system; ours carry that mark too.
"""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any, TypeVar, cast

__all__ = ["SKIPPED_FILE", "skipped_in_warnings"]

F = TypeVar("F", bound=Callable[..., Any])

# Both words must be in it: CPython 3.11 to 3.14, Python/_warnings.c and Lib/warnings.py.
SKIPPED_FILE = "<fitscribe, skipped in warnings like importlib._bootstrap>"


def skipped_in_warnings(function: F) -> F:
    """Return the function with its frames left out where warnings count callers."""
    plain = cast(FunctionType, function)
    plain.__code__ = plain.__code__.replace(co_filename=SKIPPED_FILE)
    return function
