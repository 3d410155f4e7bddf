"""Pickle that keeps what a script defines (its classes, functions, lambdas) by value."""

from __future__ import annotations

from typing import Any

import cloudpickle

from fitscribe.modelfolder.formats.named import (
    PROTOCOL,
    Dump,
    Named,
    Parts,
    note,
    reduce_unchanged,
)

__all__ = ["dump"]


class _Pickler(cloudpickle.Pickler):  # type: ignore[misc]  # cloudpickle has no types
    """A pickler that notes the modules it names."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts, PROTOCOL)
        self.named = Named()

    def reducer_override(self, obj: Any) -> Any:
        """Note the module of what is written by name; cloudpickle says what that is."""
        reduced = super().reducer_override(obj)
        if reduced is NotImplemented:
            note(obj, self.named, False)
            reduced = reduce_unchanged(obj)
        return reduced


def dump(obj: object) -> Dump:
    """Return an object as bytes."""
    parts = Parts()
    pickler = _Pickler(parts)
    pickler.dump(obj)
    return Dump.of(parts, "cloudpickle", pickler.named)
