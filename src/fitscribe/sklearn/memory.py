"""What objects hold, known by the object itself and by the memory that it lies in.

Nothing is kept alive: references are weak, and one whose object has died is nobody's.
"""

from __future__ import annotations

import sys
import threading
import weakref
from collections import OrderedDict
from typing import Any, Generic, TypeVar

import numpy as np

__all__ = ["Memory", "owner_of"]

T = TypeVar("T")

MOST_MEMBERS = 64


def owner_of(array: Any) -> Any:
    """Return what owns the memory of an array: views of views lead to it."""
    owner = array
    while isinstance(owner, np.ndarray) and isinstance(owner.base, np.ndarray):
        owner = owner.base
    return owner


def _with_owner(array: Any) -> list[Any]:
    owner = owner_of(array)
    return [array] if owner is array else [array, owner]


def _places(data: Any) -> list[Any]:
    """Return the objects by which data are known again."""
    if type(data) is np.ndarray:
        return [data] if data.base is None else _with_owner(data)
    if isinstance(data, (list, tuple)):
        arrays = [one for one in data[:MOST_MEMBERS] if isinstance(one, np.ndarray)]
        return [place for array in arrays for place in _places(array)]
    places = [data]
    if isinstance(data, np.ndarray):
        array = data
    elif getattr(getattr(data, "_mgr", None), "nblocks", 1) > 1:
        array = None  # a frame of several arrays, which would be put together to one
    else:
        array = getattr(data, "_values", None)  # of a Series, an Index, a frame of one array
    if isinstance(array, np.ndarray):
        owner = owner_of(array)
        if owner is not data:
            places.append(owner)
    return places


class Memory(Generic[T]):
    """Which things lie where; the oldest are forgotten.

    Parameters
    ----------
    most : int
        How many things are known at once.
    most_bytes : int, optional
        How much they may take together; the newest is known in any case.

    Examples
    --------
    >>> import numpy as np
    >>> memory = Memory(most=8)
    >>> table = np.eye(3)
    >>> memory.add(table, "a unit matrix")
    >>> memory.of(table[:, 1]), memory.of(table.copy())
    (['a unit matrix'], [])
    """

    def __init__(self, most: int, most_bytes: int = sys.maxsize) -> None:
        self.most = most
        self.most_bytes = most_bytes
        self._things: OrderedDict[int, tuple[T, int, list[int]]] = OrderedDict()
        self._bytes = 0
        self._entries: dict[int, list[tuple[weakref.ref[Any], T]]] = {}
        self._lock = threading.RLock()

    def add(self, data: Any, thing: T, nbytes: int = 0) -> None:
        """Note that data, and all that lies in its memory, are a thing, which takes `nbytes`."""
        with self._lock:
            _, held, known = self._things.pop(id(thing), (thing, 0, []))
            keys = [key for key in known if self._alive(key)]
            for place in _places(data):
                key = id(place)
                entries = self._alive(key)
                if any(one is thing and reference() is place for reference, one in entries):
                    continue
                try:
                    reference = weakref.ref(place)
                except TypeError:  # lists, and what has no room for a reference
                    continue
                self._entries[key] = [*entries, (reference, thing)]
                keys.append(key)
            self._things[id(thing)] = thing, nbytes, keys
            self._bytes += nbytes - held
            while len(self._things) > 1 and (
                len(self._things) > self.most or self._bytes > self.most_bytes
            ):
                self._forget_oldest()

    def _alive(self, key: int) -> list[tuple[weakref.ref[Any], T]]:
        """Let go of what has died, and return what has not."""
        entries = self._entries.get(key)
        if not entries:
            return []
        alive = [entry for entry in entries if entry[0]() is not None]
        if not alive:
            del self._entries[key]
        elif len(alive) < len(entries):
            self._entries[key] = alive
        return alive

    def of(self, data: Any) -> list[T]:
        """Return the things that data, or the memory they lie in, are."""
        found: list[T] = []
        entries = self._entries
        for place in _places(data):
            # A list that is there is replaced, and never changed.
            for reference, thing in entries.get(id(place), ()):
                # Things are equal to themselves only.
                if reference() is place and thing not in found:
                    found.append(thing)
        return found

    def __bool__(self) -> bool:
        """Whether anything is known."""
        return bool(self._entries)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._things.clear()
            self._entries.clear()
            self._bytes = 0

    def things(self) -> tuple[T, ...]:
        """Return all that is known, the newest last."""
        with self._lock:
            return tuple(thing for thing, _, _ in self._things.values())

    def _forget_oldest(self) -> None:
        _, (thing, nbytes, keys) = self._things.popitem(last=False)
        self._bytes -= nbytes
        for key in keys:
            left = [one for one in self._entries.get(key, ()) if one[1] is not thing]
            if left:
                self._entries[key] = left
            else:
                self._entries.pop(key, None)
