"""What was found out about a class or a function, kept as long as that lives.

``functools.lru_cache`` would keep a class that was made in a function or a notebook's cell, and
with it all that its methods refer to.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar
from weakref import WeakKeyDictionary, ref

__all__ = ["kept_weakly", "weak_reference"]

T = TypeVar("T")


def kept_weakly(find: Callable[..., T]) -> Callable[..., T]:
    """Return the function, asked once for each first argument.

    What has no hash, or cannot be referred to weakly, is asked about each time. What the function
    returns must not refer to its first argument.
    """
    known: WeakKeyDictionary[Any, T] = WeakKeyDictionary()

    @functools.wraps(find)
    def found(about: Any, *rest: Any) -> T:
        with suppress(KeyError, TypeError):
            return known[about]
        answer = find(about, *rest)
        with suppress(TypeError):
            known[about] = answer
        return answer

    return found


def weak_reference(thing: Any) -> ref[Any] | None:
    """Return a weak reference, or None to what cannot be referred to so, such as a list."""
    try:
        return ref(thing)
    except TypeError:
        return None
