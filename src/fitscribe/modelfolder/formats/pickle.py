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

__all__ = ["dump"]


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
