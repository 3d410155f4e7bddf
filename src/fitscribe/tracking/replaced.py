"""Methods of other people's classes that ours stand for, and can be put back."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any

__all__ = ["Replaced"]


class Replaced:
    """Some methods, and what they were before.

    Examples
    --------
    >>> class Door:
    ...     def open(self): return "open"
    >>> doors = Replaced()
    >>> doors.put(Door, "open", lambda open: lambda self: open(self) + " wide")
    >>> Door().open()
    'open wide'
    >>> doors.put_back()
    >>> Door().open()
    'open'
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: dict[tuple[type, str], tuple[Any, Any]] = {}

    def put(self, cls: Any, name: str, around: Callable[[Any], Callable[..., Any]]) -> None:
        """Let `around(original)` stand for a method that the class itself defines; once."""
        with self._lock:
            if (cls, name) in self._held:
                return
            original = vars(cls)[name]
            ours = functools.wraps(original)(around(original))
            self._held[cls, name] = ours, original
            setattr(cls, name, ours)

    def put_back(self) -> None:
        """Put everything back; what somebody put around ours since stays, and ours within it."""
        with self._lock:
            for (cls, name), (ours, original) in list(self._held.items()):
                if vars(cls).get(name) is ours:
                    setattr(cls, name, original)
                    del self._held[cls, name]
