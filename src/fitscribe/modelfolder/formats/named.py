"""Which modules a pickle refers to by name, noted while it is written.

A pickler asks ``reducer_override`` before it writes a class, a function or an instance, once for
each of them. Noting the classes and functions there gives exactly the names that an unpickler
will look up, at the cost of one call an object: nothing is read again, loaded or parsed.
"""

from __future__ import annotations

import pickle
from types import BuiltinFunctionType, ModuleType, NoneType
from typing import Any, NamedTuple

__all__ = ["HERE", "PROTOCOL", "Dump", "Named", "NotPortable", "Parts", "note", "reduce_unchanged"]

PROTOCOL = 5
# What a script or a notebook defines; in the workers of multiprocessing it has the second name.
HERE = frozenset({"__main__", "__mp_main__"})


class Dump(NamedTuple):
    """An object as bytes.

    Parameters
    ----------
    data : bytes
    format : str
        The format that was used.
    modules : frozenset of str
        The modules that the bytes name; loading imports them.
    names : frozenset of str
        The full names of the classes and functions that loading looks up.
    untrusted : tuple of str
        Of these, what skops has to be told to trust; empty for other formats.
    """

    data: bytes
    format: str
    modules: frozenset[str]
    names: frozenset[str]
    untrusted: tuple[str, ...] = ()

    @classmethod
    def of(cls, parts: Parts, format: str, named: Named) -> Dump:
        """Return what was written, and what it names."""
        return cls(parts.joined(), format, frozenset(named.modules), frozenset(named.names))

    @property
    def contains_code(self) -> bool:
        """Whether the bytes hold classes or functions themselves: cloudpickle builds them."""
        return any(name.startswith("cloudpickle.") for name in self.names)


class Named:
    """What the bytes name, while they are written."""

    def __init__(self) -> None:
        self.modules: set[str] = set()
        self.names: set[str] = set()


class Parts:
    """The file that a pickler writes to, in memory.

    A pickler hands over a large array as it lies there. Here it is copied once, when all is
    joined, into just the memory that it needs; a stream takes more, and moves it as it grows.
    """

    def __init__(self) -> None:
        self._parts: list[bytes | memoryview] = []

    def write(self, part: bytes | pickle.PickleBuffer) -> None:
        """Keep a part; a buffer must not change before it is joined."""
        self._parts.append(part.raw() if isinstance(part, pickle.PickleBuffer) else part)

    def joined(self) -> bytes:
        """Return all that was written."""
        return b"".join(self._parts)


class NotPortable(Exception):
    """The object holds a class or function that only this script has."""


def note(obj: object, named: Named, portable: bool) -> None:
    """Add the name of `obj` and its module, if it is a thing that pickles name.

    Of a class, the modules of what it inherits from are added too: loading imports them, and
    what an estimator of a third party does is mostly scikit-learn's.

    Parameters
    ----------
    obj : object
        What a pickler is about to write.
    named : Named
        What was named so far.
    portable : bool
        Whether to raise NotPortable for what is defined in ``__main__``.
    """
    if callable(obj):
        module = getattr(obj, "__module__", None)
        name = getattr(obj, "__qualname__", None) or getattr(obj, "__name__", None)
        if module is None:
            if _is_bound(obj):
                return
            # numpy's ufuncs in other libraries do not say where they are; pickle searches too.
            module = pickle.whichmodule(obj, name or "")  # type: ignore[attr-defined]  # not in typeshed
    elif isinstance(obj, ModuleType):
        module, name = obj.__name__, None
    else:
        return
    if portable and module in HERE:
        raise NotPortable(repr(obj))
    named.modules.add(str(module))
    # Instances that can be called have the name of none.
    if isinstance(name, str) and not isinstance(obj, ModuleType):
        named.names.add(f"{module}.{name}")
    if isinstance(obj, type):
        named.modules.update(base.__module__ for base in obj.__mro__)


def _is_bound(obj: Any) -> bool:
    """Whether this is a compiled method of an object, as ``"{}".format``: it has no name.

    Pickle writes it as the object and the method's name in it; to search all modules for it
    would ask them for what they may warn of.
    """
    owner = getattr(obj, "__self__", None)
    return type(obj) is BuiltinFunctionType and not isinstance(owner, (ModuleType, NoneType))


def reduce_unchanged(obj: Any) -> Any:
    """Return how pickle writes an object, without leaving a trace on it.

    A ``__getstate__`` may hand out the object's own attributes and take some away: that of
    ``IsotonicRegression`` does in a class derived from it, which could not predict any more.

    Returns
    -------
    tuple or NotImplemented
        As ``reducer_override`` does; NotImplemented for what has no ``__getstate__`` of its own.
    """
    cls: Any = type(obj)
    attributes = getattr(obj, "__dict__", None)
    if cls.__getstate__ is object.__getstate__ or type(attributes) is not dict:
        return NotImplemented
    before = dict(attributes)
    reduced = obj.__reduce_ex__(PROTOCOL)
    if attributes.keys() == before.keys():
        return reduced
    if isinstance(reduced, tuple) and len(reduced) > 2 and reduced[2] is attributes:
        reduced = (*reduced[:2], dict(attributes), *reduced[3:])
    attributes.clear()
    attributes.update(before)
    return reduced
