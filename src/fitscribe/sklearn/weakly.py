"""What was found out about a class or a function, kept as long as that lives.

``functools.lru_cache`` would keep a class that was made in a function or a notebook's cell, and
with it all that its methods refer to.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import suppress
from types import CodeType
from typing import Any, TypeVar
from weakref import ref

__all__ = ["kept_by_code", "kept_weakly", "weak_reference"]

T = TypeVar("T")

MOST_CODES = 1024


def kept_weakly(find: Callable[..., T]) -> Callable[..., T]:
    """Return the function, asked once for each first argument.

    What cannot be referred to weakly is asked about each time. What the function returns must not
    refer to its first argument.
    """
    # By id, for a class may have no hash.
    known: dict[int, tuple[ref[Any], T]] = {}

    @functools.wraps(find)
    def found(about: Any, *rest: Any) -> T:
        key = id(about)
        entry = known.get(key)
        if entry is not None and entry[0]() is about:
            return entry[1]
        answer = find(about, *rest)

        def gone(reference: object) -> None:
            entry = known.get(key)
            if entry is not None and entry[0] is reference:
                known.pop(key, None)

        with suppress(TypeError):
            known[key] = ref(about, gone), answer
        return answer

    return found


def kept_by_code(find: Callable[..., T]) -> Callable[..., T]:
    """Return the function of a code object and of more, asked once for each.

    ``lru_cache`` would take the hash of all that a code object holds. The last codes are kept:
    they refer to constants only.
    """
    known: dict[tuple[Any, ...], tuple[CodeType, T]] = {}

    @functools.wraps(find)
    def found(code: CodeType, *more: Any) -> T:
        key = id(code), *more
        entry = known.get(key)
        if entry is None:
            if len(known) >= MOST_CODES:
                known.clear()
            entry = known[key] = code, find(code, *more)
        return entry[1]

    return found


def weak_reference(thing: Any) -> ref[Any] | None:
    """Return a weak reference, or None to what cannot be referred to so, such as a list."""
    try:
        return ref(thing)
    except TypeError:
        return None
