"""Python's own format: classes and functions are kept by their names."""

from __future__ import annotations

import pickle
from typing import Any

from fitscribe.modelfolder.formats.named import (
    PROTOCOL,
    Dump,
    Named,
    Parts,
    note,
    reduce_unchanged,
)
from fitscribe.modelfolder.trust.numpys import STAND_INS, spelled
from fitscribe.modelfolder.trust.stream import stream_of

__all__ = ["dump", "load"]


class _Pickler(pickle.Pickler):
    """A pickler that notes the modules it names."""

    def __init__(self, parts: Parts, portable: bool) -> None:
        super().__init__(parts, PROTOCOL)
        self.portable = portable
        self.named = Named()

    def reducer_override(self, obj: Any) -> Any:
        """Note the module of a class or function, and leave the writing to pickle."""
        note(obj, self.named, self.portable)
        return reduce_unchanged(obj)


def dump(obj: object, portable: bool = False) -> Dump:
    """Return an object as bytes; with `portable`, raise NotPortable for what ``__main__`` has."""
    parts = Parts()
    pickler = _Pickler(parts, portable)
    pickler.dump(obj)
    return Dump.of(parts, "pickle", pickler.named)


class _Unpickler(pickle.Unpickler):
    """An unpickler that finds what the other of numpy 1 and numpy 2 names."""

    def find_class(self, module: str, name: str) -> Any:
        """Return what a name means; whatever it is, it is imported."""
        if module.startswith("numpy"):
            module = spelled(module)
            if (module, name) in STAND_INS:
                return STAND_INS[module, name]
        return super().find_class(module, name)


def load(data: bytes | memoryview) -> object:
    """Return the object of a pickle, and run whatever it names."""
    return _Unpickler(stream_of(data)).load()
