"""A fingerprint of what a fitted estimator is: its class, its params, all that its fit made.

It is taken of values, never of pickles, whose bytes differ for equal objects. So a copy has the
fingerprint of its original, however it was made. Nothing of a class of the user's own is called:
of such an estimator the attributes are read. Objects of scikit-learn, numpy and scipy say
themselves what they are made of, as they do for ``copy``.

An estimator that holds anything else, such as a function without a name or a booster of another
library, has none.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Mapping
from types import BuiltinFunctionType
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from xxhash import xxh3_128_digest, xxh3_128_hexdigest

from fitscribe.modelfolder.containers import is_sparse
from fitscribe.tracking.digests import digest_of

__all__ = ["state_digest"]

# These say how a model was made or how it computes, and not what it is. ``cv_results_`` is large;
# the time of a search's last fit tells it from others.
LEFT_OUT = frozenset(
    {"n_jobs", "verbose", "pre_dispatch", "copy", "copy_X", "cache_size", "cv_results_"}
)
MOST_DEPTH = 24
# Their ``__reduce__`` says what they are made of, and is not the user's.
OURS_TO_ASK = frozenset({"sklearn", "numpy", "scipy", "_loss"})
# What older versions of scikit-learn say of where the classes of losses are.
HOMES = {"_loss": "sklearn._loss._loss"}
# They count how they are asked, in four places of their state.
TREES_OF_ROWS = ("KDTree", "BallTree")
_PLAIN = frozenset({bool, int, float, complex, str, bytes, type(None), range, slice})

_ATOMS = frozenset({bool, int, float, type(None)})


class _Unknown(Exception):
    """There is something in it whose content cannot be read, or too much."""


# What reading a broken or foreign object may raise.
_ODD = (
    ArithmeticError,
    AttributeError,
    BufferError,
    LookupError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    _Unknown,
)


def state_digest(
    estimator: Any, most_values: int, most_bytes: int, most_members: int = sys.maxsize
) -> bytes | None:
    """Return the fingerprint of a fitted estimator, or None if it has none.

    Parameters
    ----------
    estimator : estimator
        It is read only.
    most_values, most_bytes : int
        Of one that holds more than so many things, or arrays of more bytes, there is none.
    most_members : int, optional
        Nor of one with a longer list of what is no plain value, such as trees.
    """
    walk = _Walk(most_values, most_bytes, most_members)
    try:
        walk.see(estimator, 0)
    except _ODD:
        return None
    return xxh3_128_digest("".join(walk.told).encode("utf-8", "surrogatepass"))


class _Walk:
    """The way through an estimator's state; each thing is told by its kind, size and content."""

    def __init__(self, most_values: int, most_bytes: int, most_members: int) -> None:
        self.members = most_members
        self.told: list[str] = []
        self.values = most_values
        self.bytes = most_bytes

    def see(self, thing: Any, depth: int) -> None:
        """Add a thing and all that is in it."""
        self.values -= 1
        if self.values < 0 or depth > MOST_DEPTH:
            raise _Unknown
        kind = type(thing)
        if kind in _PLAIN:
            if kind is str or kind is bytes:
                self.count(len(thing))
            self.told.append(f"{thing!r};")  # which tells the kind, and where it ends
        elif isinstance(thing, np.ndarray):
            self.see_array(thing, depth)
        elif isinstance(thing, BaseEstimator):
            self.see_estimator(thing, depth)
        elif kind in (list, tuple):
            self.see_all(kind.__name__, thing, depth)
        elif isinstance(thing, dict):
            self.add(_name(kind))
            self.see_all("keys", list(dict.keys(thing)), depth)
            self.see_all("values", list(dict.values(thing)), depth)
        elif isinstance(thing, np.generic):
            self.add(f"{thing.dtype.str} {thing.tobytes().hex()}")
        else:
            self.see_other(thing, kind, depth)

    def add(self, text: str) -> None:
        # What follows a text can be no part of it.
        self.told.append(f"{len(text)} {text}")

    def count(self, size: int) -> None:
        self.bytes -= size
        if self.bytes < 0:
            raise _Unknown

    def see_all(self, what: str, things: Any, depth: int) -> None:
        if len(things) > self.values:
            raise _Unknown
        if len(things) > self.members:
            kind = type(things[0])
            if kind not in _PLAIN and not issubclass(kind, np.generic):
                raise _Unknown
        self.add(f"{what} {len(things)}")
        for thing in things:
            self.see(thing, depth + 1)

    def see_estimator(self, estimator: Any, depth: int) -> None:
        self.add(_name(type(estimator)))
        held = vars(estimator)
        plain: dict[str, Any] = {}
        for name in sorted(held):
            value = held[name]
            if name in LEFT_OUT:
                continue
            if type(value) in _ATOMS:
                plain[name] = value
                continue
            self.told.append(f"{name}=")
            self.see(value, depth + 1)
        # Most of a small model are such params; they are told together.
        self.values -= len(plain)
        self.add(repr(plain))

    def see_array(self, array: np.ndarray[Any, Any], depth: int) -> None:
        dtype = array.dtype
        if dtype.kind == "O" or type(array) is not np.ndarray:
            if isinstance(array, np.ma.MaskedArray) or dtype.kind != "O":
                raise _Unknown
            self.add(f"objects {array.shape}")
            self.see_all("array", array.ravel().tolist(), depth)
            return
        self.count(array.nbytes)
        if dtype.names:
            dtype = _packed(dtype)  # what lies between the fields is nothing, and not always equal
            array = array.astype(dtype)
        elif dtype.kind not in "biufcmMSU":
            raise _Unknown
        self.add(f"array {dtype.descr if dtype.names else dtype.str} {array.shape}")
        content = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
        self.told.append(xxh3_128_hexdigest(content.data))

    def see_other(self, thing: Any, kind: type, depth: int) -> None:
        if isinstance(thing, (np.random.RandomState, np.random.Generator)):
            self.add(_name(kind))  # who draws from it changes it, and the model stays what it is
        elif (
            isinstance(thing, (type, np.ufunc))
            or hasattr(kind, "__get__")
            or (kind is BuiltinFunctionType)
        ):
            self.add(_found_by_name(thing))
        elif isinstance(thing, (set, frozenset)):
            if not _PLAIN.issuperset(map(type, thing)):
                raise _Unknown
            self.add(_name(kind))
            self.see_all("set", sorted(thing), depth)
        elif is_sparse(thing):
            self.add(f"{_name(kind)} {thing.shape}")
            self.see(vars(thing.tocoo()), depth + 1)
        elif isinstance(thing, np.dtype):
            self.add(f"dtype {thing.str} {thing.names}")
        elif kind.__module__.partition(".")[0] == "pandas":
            found = digest_of(thing)
            if found is None or found.partial:
                raise _Unknown
            self.add(f"{_name(kind)} {found.hex}")
        elif kind.__module__.partition(".")[0] in OURS_TO_ASK:
            self.see_made(thing, kind, depth)
        else:
            raise _Unknown

    def see_made(self, thing: Any, kind: type, depth: int) -> None:
        """Add what an object of scikit-learn is made of, as it says for ``copy``."""
        made = thing.__reduce_ex__(4)
        if not isinstance(made, tuple) or any(part is not None for part in made[3:]):
            raise _Unknown
        maker, arguments, *state = made
        self.add(f"made {_found_by_name(maker)}")
        self.see(arguments, depth + 1)
        for part in state[:1]:
            if kind.__name__.startswith(TREES_OF_ROWS) and isinstance(part, tuple):
                part = part[:7] + part[11:]
            # Attributes may come in any order.
            is_named = isinstance(part, Mapping) and all(isinstance(key, str) for key in part)
            self.see(dict(sorted(part.items())) if is_named else part, depth + 1)


def _name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def _found_by_name(thing: Any) -> str:
    """Return the name by which a class or a function is found again.

    Raises
    ------
    _Unknown
        If it is not: a function within a function, a lambda.
    """
    name = getattr(thing, "__qualname__", None) or thing.__name__
    module = getattr(thing, "__module__", None) or "numpy"
    found: Any = sys.modules.get(HOMES.get(module, module))
    for part in name.split("."):
        found = getattr(found, part, None)
    if found is not thing:
        raise _Unknown
    return f"{module}.{name}"


@functools.lru_cache(maxsize=16)
def _packed(dtype: np.dtype[Any]) -> np.dtype[Any]:
    names = dtype.names or ()
    return np.dtype([(name, dtype[name]) for name in names])
