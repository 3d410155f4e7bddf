"""What a model is made of, read off the symbols of its file: nothing is imported or built.

:func:`~fitscribe.modelfolder.trust.opcodes.parse` gives an object as symbols. Here they become
what a person asks for: classes, params, and what was learned, as numbers and texts. All of it is
what the file says, which may be anything; nothing is believed beyond being shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fitscribe.errors import DamagedModel
from fitscribe.modelfolder.trust.arrays import check_dtype
from fitscribe.modelfolder.trust.parsed import (
    INSTANTIATED,
    WRAPPER,
    Global,
    Made,
    Pairs,
    Parsed,
    Uses,
)
from fitscribe.modelfolder.trust.refusal import class_of

__all__ = ["Attribute", "Part", "part_of", "read_part"]

# Of one model so many values are read, so deep, and so many of one list; the rest is left out.
MOST_VALUES = 200_000
MOST_DEPTH = 12
MOST_ITEMS = 100
LONGEST_TEXT = 300
# An array of more items is told by its form alone.
MOST_ARRAY = 10_000
CUT = "…"

_ARRAYS = ("_reconstruct", "_frombuffer", "scalar")
# Kinds of arrays whose items are numbers and texts of Python, too.
_PLAIN = "biufU"
_BY_CLASS = ("_reconstructor", "__newobj__")
_ENCODE = ("_codecs", "encode")


@dataclass(frozen=True, slots=True)
class Attribute:
    """What an estimator learned, by one name.

    Parameters
    ----------
    kind : str
        ``"array of float64, shape (1, 4)"``, ``"list of 100"``, ``"int"``, or a class.
    value : object
        Numbers and texts, alone or in lists; None where there is none, or too many.
    """

    kind: str
    value: Any = None


@dataclass(frozen=True, slots=True)
class Part:
    """An object of a class: the model, a step of it, an estimator among its params.

    Parameters
    ----------
    cls : str
        The full name of its class.
    params : dict
        Name to value, as numbers, texts, lists and dicts; other objects are their names. They are
        the attributes that do not end with ``_``.
    fitted : dict
        Name to :class:`Attribute`: the attributes that end with ``_``.
    parts : dict
        Name to Part. A step is called as its owner calls it, else as ``estimators[0]``.
    fitted_parts : dict
        Name to Part: objects among what was learned, as ``best_estimator_`` or
        ``transformers_.num``; of lists without names (the trees of a forest) none.
    """

    cls: str
    params: dict[str, Any] = field(default_factory=dict)
    fitted: dict[str, Attribute] = field(default_factory=dict)
    parts: dict[str, Part] = field(default_factory=dict)
    fitted_parts: dict[str, Part] = field(default_factory=dict)

    def walk(self, path: str = "", *, fitted: bool = False) -> Iterator[tuple[str, Part]]:
        """Yield the part and those in it, each with its path: ``""``, ``scaler``, ``a.b``.

        With `fitted`, also those among what was learned.
        """
        yield path, self
        inside = {**self.parts, **self.fitted_parts} if fitted else self.parts
        for name, part in inside.items():
            yield from part.walk(f"{path}.{name}" if path else name, fitted=fitted)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "class": self.cls,
            "params": self.params,
            "fitted": {
                name: {"kind": found.kind}
                | ({} if isinstance(found.value, (list, type(None))) else {"value": found.value})
                for name, found in self.fitted.items()
            },
            "parts": {name: part.to_dict() for name, part in self.parts.items()},
            "fitted_parts": {name: part.to_dict() for name, part in self.fitted_parts.items()},
        }


def read_part(parsed: Parsed) -> Part | None:
    """Return what a model's file holds, or None if it is no object of a class.

    Examples
    --------
    >>> import pickle
    >>> from sklearn.linear_model import Ridge
    >>> from fitscribe.modelfolder.trust.opcodes import parse
    >>> read_part(parse(pickle.dumps(Ridge(alpha=0.5)))).params["alpha"]
    0.5
    """
    return part_of(parsed.root, parsed.uses)


def part_of(root: Any, uses: Uses) -> Part | None:
    """Return an object of symbols, or None if it is of no class."""
    reader = _Reader(uses)
    return reader.part(root, 0) if reader.is_part(root) else None


class _Reader:
    """Reads one file's symbols, as far as its patience goes."""

    def __init__(self, uses: Uses) -> None:
        self.uses = uses
        self.left = MOST_VALUES
        # What is being read: an object may hold itself.
        self.inside: set[int] = set()

    def is_part(self, value: Any) -> bool:
        """Whether a value is an object that was made of a class without calling it."""
        if type(value) is not Made or not (value.state is None or type(value.state) is Pairs):
            return False
        made_by = value.made_by
        key = (made_by.module, made_by.name)
        if made_by.name in _BY_CLASS:
            return class_of(value) is not made_by
        return key != WRAPPER and INSTANTIATED in self.uses.get(key, ())

    def part(self, made: Made, depth: int) -> Part:
        """Return an object with what is in it."""
        found = Part(repr(class_of(made)))
        if depth > MOST_DEPTH or id(made) in self.inside or self.left <= 0:
            return found
        self.inside.add(id(made))
        for key, value in _pairs(made.state):
            self.left -= 1
            if type(key) is not str or key.startswith("_") or self.left <= 0:
                continue
            name = key[:LONGEST_TEXT]
            if key.endswith("_"):
                found.fitted[name] = self.attribute(value, depth + 1)
                found.fitted_parts.update(self.fitted_parts(name, value, depth + 1))
            else:
                self.add_param(found, name, value, depth + 1)
        self.inside.discard(id(made))
        return found

    def add_param(self, owner: Part, name: str, value: Any, depth: int) -> None:
        """Add a param to its owner; what holds parts becomes those."""
        if depth > MOST_DEPTH or self.left <= 0:
            return
        if self.is_part(value):
            owner.parts[name] = self.part(value, depth)
            return
        items = value if type(value) in (list, tuple) else ()
        self.left -= len(items)
        if not any(self.is_part(item) or self.is_named(item) for item in items):
            owner.params[name] = self.plain(value, depth)
            return
        for place, item in enumerate(items):
            if not self.is_named(item):
                self.add_param(owner, f"{name}[{place}]", item, depth + 1)
                continue
            called, one = item[0][:LONGEST_TEXT], item[1]
            if self.is_part(one):
                owner.parts[called] = self.part(one, depth)
            else:
                owner.params[f"{name}.{called}"] = self.plain(one, depth)
            if len(item) > 2:  # the columns of a transformer
                owner.params[f"{name}.{called}.columns"] = self.plain(item[2], depth)

    def fitted_parts(self, name: str, value: Any, depth: int) -> Iterator[tuple[str, Part]]:
        """Yield the parts in what was learned, each with its name."""
        if self.is_part(value):
            yield name, self.part(value, depth)
        elif type(value) is list:
            self.left -= len(value)
            for item in value:
                if self.is_named(item) and self.is_part(item[1]):
                    yield f"{name}.{item[0][:LONGEST_TEXT]}", self.part(item[1], depth)

    def is_named(self, item: Any) -> bool:
        """Whether an item is a step: a name, an estimator or a word, and perhaps columns."""
        if type(item) is not tuple or len(item) not in (2, 3) or type(item[0]) is not str:
            return False
        return self.is_part(item[1]) or item[1] in ("drop", "passthrough")

    def attribute(self, value: Any, depth: int) -> Attribute:
        """Return what was learned, by its kind and, if it is small, its value."""
        self.left -= 1
        if depth > MOST_DEPTH or self.left <= 0:
            return Attribute(CUT)
        array = _array(value)
        if array is not None:
            kept = array.dtype.kind in _PLAIN and array.size <= MOST_ARRAY
            kind = f"array of {array.dtype}, shape {array.shape}"
            return Attribute(
                kind if array.ndim else str(array.dtype), array.tolist() if kept else None
            )
        texts = _texts(value)
        if texts is not None:
            return Attribute(f"array of objects, shape {_shape(value)}", texts)
        if type(value) is Made:
            return Attribute(repr(class_of(value)))
        if type(value) is Pairs:
            return Attribute(f"dict of {len(value) // 2}", self.plain(value, depth))
        if isinstance(value, (list, tuple)):
            held = [self.attribute(item, depth + 1).value for item in value[:MOST_ITEMS]]
            whole = len(held) == len(value) and None not in held and depth < MOST_DEPTH
            return Attribute(f"{_sequence(value)} of {len(value)}", held if whole else None)
        if type(value) is Global:
            return Attribute("a name", repr(value))
        return Attribute(type(value).__name__, self.plain(value, depth))

    def plain(self, value: Any, depth: int) -> Any:
        """Return a value as numbers, texts, lists and dicts."""
        self.left -= 1
        if value is None or isinstance(value, (bool, int, float)):
            return value
        if isinstance(value, str):
            return value if len(value) <= LONGEST_TEXT else value[:LONGEST_TEXT] + CUT
        if isinstance(value, (bytes, memoryview)):
            return f"<{len(value):,} bytes>"
        if type(value) is Global:
            return repr(value)
        if depth > MOST_DEPTH or self.left <= 0 or id(value) in self.inside:
            return CUT
        self.inside.add(id(value))
        try:
            return self.composed(value, depth + 1)
        finally:
            self.inside.discard(id(value))

    def composed(self, value: Any, depth: int) -> Any:
        """Return the same of what holds other values."""
        array = _array(value)
        if array is not None:
            kept = array.dtype.kind in _PLAIN and array.size <= MOST_ITEMS
            return array.tolist() if kept else f"<array of {array.dtype}, shape {array.shape}>"
        if type(value) is Pairs:
            pairs = zip(range(MOST_ITEMS), _pairs(value), strict=False)
            found = {str(self.plain(k, depth)): self.plain(v, depth) for _, (k, v) in pairs}
            return found if len(value) <= 2 * MOST_ITEMS else {**found, CUT: CUT}
        if type(value) is Made:
            texts = _texts(value)
            return f"<{class_of(value)!r}>" if texts is None else texts[:MOST_ITEMS]
        if isinstance(value, list | tuple):
            items = [self.plain(item, depth) for item in value[:MOST_ITEMS]]
            return items if len(value) <= MOST_ITEMS else [*items, CUT]
        return CUT


def _pairs(state: Any) -> Iterator[tuple[Any, Any]]:
    items: Sequence[Any] = state if type(state) is Pairs else ()
    return zip(items[::2], items[1::2], strict=False)


def _sequence(value: Any) -> str:
    return type(value).__name__ if type(value) in (list, tuple) else "set"


def _array(value: Any) -> NDArray[Any] | None:
    """Return a numpy array or number of symbols, if it has no objects in it."""
    if type(value) is not Made or value.made_by.name not in _ARRAYS:
        return None
    if value.made_by.module.partition(".")[0] != "numpy" or type(value.args) is not tuple:
        return None
    try:
        told = _content(value)
        if told is None:
            return None
        dtype, shape, order, data = told
        found = check_dtype(dtype)
        if found.hasobject or type(shape) is not tuple:
            return None
        array: NDArray[Any] = np.frombuffer(data, found)
        return array.reshape(shape, order=order)
    except (AttributeError, DamagedModel, TypeError, ValueError, OverflowError):
        return None  # it is shown as a thing without content; loading refuses it


def _content(made: Made) -> tuple[Any, Any, Any, Any] | None:
    """Return type, shape, order and bytes of an array."""
    args, state, name = made.args, made.state, made.made_by.name
    if name == "scalar" and len(args) == 2:
        return args[0], (), "C", _bytes(args[1])
    if name == "_frombuffer" and len(args) > 3:
        return args[1], args[2], args[3], _bytes(args[0])
    if name == "_reconstruct" and type(state) is tuple and len(state) == 5:
        return state[2], state[1], "F" if state[3] else "C", _bytes(state[4])
    return None


def _bytes(data: Any) -> Any:
    """Return bytes; old protocols write them as text."""
    if type(data) is Made and (data.made_by.module, data.made_by.name) == _ENCODE:
        text = data.args[0] if type(data.args) is tuple and data.args else None
        raw = str(text, "utf-8") if isinstance(text, memoryview) else str(text)
        return raw.encode("latin-1")
    return data


def _texts(value: Any) -> list[Any] | None:
    """Return the items of an array of objects that holds texts and numbers alone."""
    if type(value) is not Made or value.made_by.name != "_reconstruct":
        return None
    state = value.state
    items = state[4] if type(state) is tuple and len(state) == 5 else None
    if type(items) is not list or len(items) > MOST_ARRAY:
        return None
    plain = all(item is None or isinstance(item, (str, bool, int, float)) for item in items)
    return list(items) if plain else None


def _shape(made: Made) -> Any:
    return made.state[1]
