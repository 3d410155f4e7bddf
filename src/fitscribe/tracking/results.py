"""What joblib's tasks return, heard of as each of them ends.

``Parallel`` gives its results when all are there. A task of this process tells its listener by
itself. One that is done in another process sends its result in a wrapper that tells while it is
unpickled here, so any backend will do, and nothing of joblib's own is touched.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from fitscribe.tracking.stack import skipped_in_warnings

__all__ = ["Listener", "plain_results"]

_listeners: dict[str, Listener] = {}


class Listener:
    """Hears what tasks return, in the order in which they end.

    Parameters
    ----------
    hear : callable
        ``hear(place, result)``; it must not raise. It is called in the thread that did the task,
        or in the one of the pool that receives results.
    """

    __slots__ = ("hear", "token")

    def __init__(self, hear: Callable[[int, Any], None]) -> None:
        self.hear = hear
        self.token = os.urandom(8).hex()
        _listeners[self.token] = self

    def told(self, function: Callable[..., Any], place: int) -> Callable[..., Any]:
        """Return the function of a task; what it returns is heard with `place`."""
        return _Told(function, self, place)

    def close(self) -> None:
        """Hear nothing more from other processes."""
        _listeners.pop(self.token, None)


class _Told:
    """A task's function, in the process that asked for it."""

    __slots__ = ("function", "listener", "place")

    def __init__(self, function: Callable[..., Any], listener: Listener, place: int) -> None:
        self.function = function
        self.listener = listener
        self.place = place

    def __reduce__(self) -> tuple[Any, ...]:
        return _Away, (self.function, self.listener.token, self.place)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.function, name)

    @skipped_in_warnings
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        result = self.function(*args, **kwargs)
        self.listener.hear(self.place, result)
        return result


class _Away:
    """The same in another process."""

    __slots__ = ("function", "place", "token")

    def __init__(self, function: Callable[..., Any], token: str, place: int) -> None:
        self.function = function
        self.token = token
        self.place = place

    def __reduce__(self) -> tuple[Any, ...]:
        return _Away, (self.function, self.token, self.place)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.function, name)

    @skipped_in_warnings
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return _Sent(self.token, self.place, self.function(*args, **kwargs))


class _Sent:
    """A result on its way back: what is unpickled is the bare result."""

    __slots__ = ("place", "result", "token")

    def __init__(self, token: str, place: int, result: Any) -> None:
        self.token = token
        self.place = place
        self.result = result

    def __reduce__(self) -> tuple[Any, ...]:
        return _delivered, (self.token, self.place, self.result)


def _delivered(token: str, place: int, result: Any) -> Any:
    listener = _listeners.get(token)
    if listener is not None:
        listener.hear(place, result)
    return result


def plain_results(results: Any) -> Any:
    """Return what ``Parallel`` gave, bare also where a backend pickles tasks and not results."""
    if not isinstance(results, list) or not any(type(one) is _Sent for one in results):
        return results
    return [
        _delivered(one.token, one.place, one.result) if type(one) is _Sent else one
        for one in results
    ]
