"""What objects hold, known by the object itself and by the memory that it lies in.

Nothing is kept alive: references are weak, and one whose object has died is nobody's.
"""

from __future__ import annotations

import sys
import threading
import weakref
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, Generic, TypeVar

import numpy as np

__all__ = ["Memory", "owner_of"]

T = TypeVar("T")

MOST_MEMBERS = 64
# A thing that lay in more places than this is asked which of them are there still.
MOST_PLACES = 64


def owner_of(array: Any) -> Any:
    """Return what owns the memory of an array: views of views lead to it."""
    owner = array
    while isinstance(owner, np.ndarray) and isinstance(owner.base, np.ndarray):
        owner = owner.base
    return owner


def _with_owner(array: Any) -> list[Any]:
    owner = owner_of(array)
    return [array] if owner is array else [array, owner]


def _places(data: Any) -> Sequence[Any]:
    """Return the objects by which data are known again."""
    if type(data) is np.ndarray:
        return _with_owner(data)
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

    Attributes
    ----------
    entries : dict
        What lies where; empty if nothing is known.

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
        self._things: OrderedDict[int, T] = OrderedDict()
        # Of each its bytes, and the ids of the places where it lies.
        self._known: dict[int, tuple[int, list[int]]] = {}
        self._bytes = 0
        # By the ids of places. A list that is there is replaced, and never changed.
        self.entries: dict[int, list[tuple[weakref.ref[Any], T]]] = {}
        self._lock = threading.RLock()

    def add(self, data: Any, thing: T, nbytes: int = 0) -> None:
        """Note that data, and all that lies in its memory, are a thing, which takes `nbytes`.

        A thing that is known takes what it took when it was added first.
        """
        with self._lock:
            known = self._known.get(id(thing))
            keys = [] if known is None else known[1]
            # A plain array is the rule, and a call more takes as long as all the rest.
            plain = type(data) is np.ndarray and data.base is None
            for place in (data,) if plain else _places(data):
                key = id(place)
                entries: list[tuple[weakref.ref[Any], T]] = []
                for entry in self.entries.get(key, ()):
                    lies = entry[0]()
                    # What has died is let go, and what is there already is put to the end.
                    if lies is not None and not (lies is place and entry[1] is thing):
                        entries.append(entry)
                try:
                    entries.append((weakref.ref(place), thing))
                except TypeError:  # lists, and what has no room for a reference
                    continue
                self.entries[key] = entries
                keys.append(key)
            if known is not None:
                self._things.move_to_end(id(thing))
                if len(keys) > MOST_PLACES:
                    keys[:] = [key for key in dict.fromkeys(keys) if self._alive(key)]
                return
            self._known[id(thing)] = nbytes, keys
            self._things[id(thing)] = thing
            self._bytes += nbytes
            if len(self._things) > self.most or self._bytes > self.most_bytes:
                self._forget_old()

    def _alive(self, key: int) -> bool:
        """Let go of what has died in a place; return whether anything has not."""
        alive = [entry for entry in self.entries.get(key, ()) if entry[0]() is not None]
        if alive:
            self.entries[key] = alive
        else:
            self.entries.pop(key, None)
        return bool(alive)

    def of(self, data: Any) -> list[T]:
        """Return the things that data, or the memory they lie in, are."""
        found: list[T] = []
        entries = self.entries
        plain = type(data) is np.ndarray and data.base is None
        for place in (data,) if plain else _places(data):
            for reference, thing in entries.get(id(place), ()):
                # Things are equal to themselves only.
                if reference() is place and thing not in found:
                    found.append(thing)
        return found

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._things.clear()
            self._known.clear()
            self.entries.clear()
            self._bytes = 0

    def things(self) -> tuple[T, ...]:
        """Return all that is known, the newest last."""
        with self._lock:
            return tuple(self._things.values())

    def _forget_old(self) -> None:
        while len(self._things) > 1 and (
            len(self._things) > self.most or self._bytes > self.most_bytes
        ):
            key, thing = self._things.popitem(last=False)
            nbytes, keys = self._known.pop(key)
            self._bytes -= nbytes
            for key in keys:
                left = [one for one in self.entries.get(key, ()) if one[1] is not thing]
                if left:
                    self.entries[key] = left
                else:
                    self.entries.pop(key, None)
