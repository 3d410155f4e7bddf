"""Arrays of numpy in a pickle: numpy believes what it is told of their type and size."""

from __future__ import annotations

import contextlib
import math
import re
from typing import Any

import numpy as np

from fitscribe.errors import DamagedModel
from fitscribe.modelfolder.trust.parsed import Made, Pairs

__all__ = [
    "EMPTY",
    "ENCODE",
    "check_array",
    "check_buffer",
    "check_dtype",
    "check_masked",
    "check_scalar",
]

# A type of numpy as its pickles name it: kind and bytes (of texts, characters).
_ITEM = re.compile(r"[?a-zA-Z]\d*")
_ORDERS = "<>|="
# How old protocols write bytes, and none of them.
ENCODE, EMPTY = ("_codecs", "encode"), ("builtins", "bytes")


def _wrong(what: str, found: object = "") -> DamagedModel:
    told = f": {found!r:.80}" if found != "" else ""
    return DamagedModel(
        f"An array in the model's file has {what}{told}. It is damaged or forged; nothing of it "
        "was run."
    )


def check_dtype(made: Made) -> np.dtype[Any]:
    """Return the type that a pickle spells out.

    Raises
    ------
    DamagedModel
        If it is told otherwise than numpy tells a type of that name: numpy would take each item
        for as long, and as full of objects, as it is told.
    """
    if made.known is None:
        made.known = _dtype(made)
    found: np.dtype[Any] = made.known
    return found


def _dtype(made: Made) -> np.dtype[Any]:
    """Return the type that a pickle spells out, found out anew."""
    args, state = made.args, made.state
    if type(args) is not tuple or not args or type(args[0]) is not str:
        raise _wrong("no type")
    if _ITEM.fullmatch(args[0]) is None:
        raise _wrong("no type that numpy writes", args[0])
    try:
        plain = np.dtype(args[0])
        if state is None:
            return plain
        if type(state) is not tuple or len(state) not in (8, 9) or state[1] not in _ORDERS:
            raise _wrong("a type without a sound description", args[0])
        for found in _described(plain, state):
            if _is_told(found, state):
                return found
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
        raise _wrong("a type that cannot be", str(error)) from None
    raise _wrong("a type whose items are not as long as its name says", args[0])


def _is_told(dtype: np.dtype[Any], state: tuple[Any, ...]) -> bool:
    """Whether numpy tells a type so: form, length and alignment of items, what they may hold."""
    told: Any = dtype.__reduce__()[2]
    if len(told) != len(state) or told[0] != state[0] or told[5:8] != state[5:8]:
        return False
    if len(told) == 8:
        return True
    # Of times, the unit, behind a mapping that is empty.
    mapping, unit = state[8]
    return not mapping and len(unit) == 4 and unit[1:] == told[8][1][1:]


def _described(plain: np.dtype[Any], state: tuple[Any, ...]) -> list[np.dtype[Any]]:
    """Return the types that a description may be of: fields may be aligned or not."""
    order, sub, names, fields = state[1:5]
    if sub is not None:
        base, shape = sub
        return [np.dtype((check_dtype(base), shape))]
    if names is not None:
        if type(fields) is not Pairs:
            raise TypeError("its fields are no mapping")
        found = dict(zip(fields[::2], fields[1::2], strict=True))
        formats = [check_dtype(found[name][0]) for name in names]
        offsets = [found[name][1] for name in names]
        # numpy itself refuses fields that lie outside, or on an object of another.
        spelled: Any = {"names": list(names), "formats": formats, "offsets": offsets}
        spelled["itemsize"] = plain.itemsize
        found_types = [np.dtype(spelled)]
        with contextlib.suppress(ValueError):
            found_types.append(np.dtype(spelled, align=True))
        return found_types
    if plain.kind in "mM" and len(state) == 9:
        unit, number = state[8][1][:2]
        if type(unit) is Made:  # as old protocols write bytes
            unit = unit.args[0].encode("latin1")
        return [np.dtype(f"{plain.str}[{number}{bytes(unit).decode()}]").newbyteorder(order)]
    return [plain.newbyteorder(order)]


def _size(data: Any) -> int:
    """Return how many bytes lie in a pickle as an array's content."""
    if isinstance(data, (bytes, memoryview)):
        return len(data)
    if type(data) is Made and (data.made_by.module, data.made_by.name) == ENCODE:
        text = data.args[0]
        return len(text) if type(text) is str else len(str(text, "utf-8", "surrogatepass"))
    if type(data) is Made and (data.made_by.module, data.made_by.name) == EMPTY and not data.args:
        return 0
    raise _wrong("no content")


def _fits(dtype: Any, shape: Any, data: Any) -> None:
    """Raise DamagedModel unless content is as long as a type and a shape say."""
    if type(dtype) is not Made:
        raise _wrong("no type")
    found = check_dtype(dtype)
    lengths = shape if type(shape) is tuple else (shape,)
    if not all(type(length) is int and length >= 0 for length in lengths):
        raise _wrong("no shape", shape)
    count = math.prod(lengths)
    if found.hasobject:
        if type(data) is not list or len(data) != count:
            raise _wrong("another number of objects than its shape says", shape)
    elif _size(data) != count * found.itemsize:
        raise _wrong("more or less content than its shape says", shape)


def check_array(made: Made) -> None:
    """Check an array that is made empty and then filled."""
    _begins_empty(made)
    if type(made.state) is not tuple or len(made.state) != 5:
        raise _wrong("no content")
    _, shape, dtype, _, data = made.state
    _fits(dtype, shape, data)


def check_masked(made: Made) -> None:
    """Check a masked array, which is filled with values and with a mask."""
    _begins_empty(made)
    if type(made.state) is not tuple or len(made.state) != 7:
        raise _wrong("no content")
    _, shape, dtype, _, data, mask, _ = made.state
    _fits(dtype, shape, data)
    found = check_dtype(dtype)
    each = 1 if found.names is None else len(found.names)
    if found.names is None and _size(mask) != math.prod(shape) * each:
        raise _wrong("a mask of another size", shape)


def check_buffer(made: Made) -> None:
    """Check an array that lies in the pickle as it lay in memory."""
    if type(made.args) is not tuple or len(made.args) < 3:
        raise _wrong("no content")
    data, dtype, shape = made.args[:3]
    _fits(dtype, shape, data)


def check_scalar(made: Made) -> None:
    """Check a single value of numpy."""
    if type(made.args) is not tuple or len(made.args) != 2:
        raise _wrong("no content")
    dtype, data = made.args
    if type(dtype) is not Made:
        raise _wrong("no type")
    found = check_dtype(dtype)
    if not found.hasobject and _size(data) != found.itemsize:
        raise _wrong("a value of another size than its type says")


def _begins_empty(made: Made) -> None:
    shapes = [arg for arg in made.args if type(arg) is tuple] if type(made.args) is tuple else [1]
    if shapes != [(0,)]:
        raise _wrong("memory for another shape than numpy begins with", shapes)
