"""The format of skops: a zip archive of arrays, and of one text that names the classes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from fitscribe.errors import FitscribeError
from fitscribe.modelfolder.formats.named import Dump
from fitscribe.modelfolder.trust.archive import Archive
from fitscribe.modelfolder.trust.nodes import parse
from fitscribe.modelfolder.trust.shapes import every_part
from fitscribe.modelfolder.trust.skops import skops_io, written

__all__ = ["dump"]


def _own_state(obj: object) -> Iterator[dict[str, Any]]:
    """Yield the attributes of every object in one that says itself what is kept of it."""
    for part in every_part(obj):
        cls: Any = type(part)
        attributes = getattr(part, "__dict__", None)
        if cls.__getstate__ is not object.__getstate__ and type(attributes) is dict:
            yield attributes


def dump(obj: object) -> Dump:
    """Return an object as bytes.

    The numbers of objects are those of a count, where skops writes their addresses in memory, and
    no file has a time: the same object is the same bytes.

    Raises
    ------
    MissingDependency
        If skops is not installed.
    TypeError, ValueError
        If skops cannot take the object, or would write what nobody can read.
    """
    io = skops_io()
    # Some `__getstate__` hand out the object's own attributes and take some away, see named.py.
    kept = [(held, dict(held)) for held in _own_state(obj)]
    try:
        data = io.dumps(obj)
    finally:
        for held, before in kept:
            if held.keys() != before.keys():
                held.clear()
                held.update(before)
    try:
        tree = parse(Archive(data), whole=True)
    except FitscribeError as error:
        raise TypeError(f"skops would write what is not read again: {error}") from error
    for module, name in tree.imports:
        # A lambda has a name, by which nobody finds it.
        if not hasattr(sys.modules.get(module), name):
            raise TypeError(f"it holds {module}.{name}, which cannot be found by that name")
    modules: set[str] = set()
    for module, name in tree.imports:
        found: Any = getattr(sys.modules[module], name)
        modules.add(module)
        if isinstance(found, type):
            modules.update(base.__module__ for base in found.__mro__)
    data = written(tree, compress=True)
    untrusted = io.get_untrusted_types(data=data)
    names = frozenset(".".join(name) for name in tree.imports)
    return Dump(data, "skops", frozenset(modules), names, tuple(untrusted))
