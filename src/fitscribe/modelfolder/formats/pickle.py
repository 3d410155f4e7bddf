"""Python's own format: classes and functions are kept by their names."""

from __future__ import annotations

import pickle
from typing import Any, BinaryIO

from fitscribe.modelfolder.formats.named import PROTOCOL, Dump, Parts, note, reduce_unchanged

__all__ = ["dump", "load"]


class _Pickler(pickle.Pickler):
    """A pickler that notes the modules it names."""

    def __init__(self, parts: Parts, portable: bool) -> None:
        super().__init__(parts, PROTOCOL)
        self.portable = portable
        self.modules: set[str] = set()

    def reducer_override(self, obj: Any) -> Any:
        """Note the module of a class or function, and leave the writing to pickle."""
        note(obj, self.modules, self.portable)
        return reduce_unchanged(obj)


def dump(obj: object, portable: bool = False) -> Dump:
    """Return an object as bytes; with `portable`, raise NotPortable for what ``__main__`` has."""
    parts = Parts()
    pickler = _Pickler(parts, portable)
    pickler.dump(obj)
    return Dump(parts.joined(), "pickle", frozenset(pickler.modules))


def load(stream: BinaryIO) -> object:
    """Return the object; this runs code that the bytes name."""
    return pickle.load(stream)
