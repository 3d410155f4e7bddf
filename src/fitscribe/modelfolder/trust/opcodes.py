"""What a pickle would do, found out without doing it.

A pickle is a program for a small machine with a stack. :func:`parse` runs that machine on symbols:
a class is its name, an object is what it would be made of. Nothing is imported, called or
allocated that the text does not spell out, so what comes out can be asked: which names are looked
up, which of them are called, and where in the object each of them sits.

Refused is what no pickler writes and an attacker needs: references to outside (persistent ids,
extension codes, buffers), and places in the memory of the machine that are far off. Noted is what
only code needs: calls of what the pickle made itself, and attributes set on classes and functions.

Opcodes are those of protocols 0 to 5: see ``pickletools`` of Python.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from struct import Struct
from typing import Any

from fitscribe.modelfolder.trust.machine import UINT4, UINT8, Machine, damaged
from fitscribe.modelfolder.trust.parsed import (
    CALLED,
    INSTANTIATED,
    WRAPPER,
    Items,
    Made,
    Pairs,
    Parsed,
)

__all__ = ["parse"]

# More steps are no model, or a very large one.
MOST_STEPS = 4_000_000
# joblib puts the pickle of an array of objects into the pickle around it.
MOST_WITHIN = 16
_INT2, _INT4, _FLOAT8 = Struct("<H"), Struct("<i"), Struct(">d")
# A type of numpy as pickles write it: kind and bytes (of texts, characters).
_ITEM = re.compile(r"[<>|=]?([?a-zA-Z])(\d*)")


# One function for each opcode that is not handled in the loop itself.
_Step = Callable[[Machine], None]
_STEPS: dict[int, _Step] = {}


def _step(*codes: bytes) -> Callable[[_Step], _Step]:
    def known(function: _Step) -> _Step:
        for code in codes:
            _STEPS[code[0]] = function
        return function

    return known


def _push(code: bytes, read: Callable[[Machine], Any]) -> None:
    """Handle an opcode that pushes a value of its own."""

    def push(machine: Machine) -> None:
        value = read(machine)  # which may put another stack in place
        machine.stack.append(value)

    _STEPS[code[0]] = push


def _decimal(machine: Machine) -> Any:
    line = machine.line()
    if line in (b"00", b"01"):
        return line == b"01"
    try:
        return int(line.rstrip(b"L"))
    except ValueError:  # also of more digits than Python reads at once
        raise damaged("a number cannot be read", machine.at) from None


def _decimal_float(machine: Machine) -> float:
    try:
        return float(machine.line())
    except ValueError:
        raise damaged("a number cannot be read", machine.at) from None


_push(b"N", lambda machine: None)
_push(b"\x88", lambda machine: True)
_push(b"\x89", lambda machine: False)
_push(b"I", _decimal)
_push(b"L", _decimal)
_push(b"F", _decimal_float)
_push(b"G", lambda machine: machine.number(_FLOAT8))
_push(b"J", lambda machine: machine.number(_INT4))
_push(b"M", lambda machine: machine.number(_INT2))
_push(b"\x8a", lambda m: int.from_bytes(m.take(m.byte()), "little", signed=True))
_push(b"\x8b", lambda m: m.take(m.number(UINT4)))  # of more than 255 bytes: never a name
_push(b"S", lambda machine: machine.line())
_push(b"T", lambda m: m.take(m.number(UINT4)))
_push(b"U", lambda m: m.take(m.byte()))
_push(b"V", lambda machine: machine.line().decode("raw-unicode-escape", "replace"))
_push(b"X", lambda m: m.text(m.number(UINT4)))
_push(b"\x8d", lambda m: m.text(m.number(UINT8)))
_push(b"B", lambda m: m.take(m.number(UINT4)))
_push(b"C", lambda m: m.take(m.byte()))
_push(b"\x8e", lambda m: m.take(m.number(UINT8)))
_push(b")", lambda machine: ())
_push(b"]", lambda machine: [])
_push(b"}", lambda machine: Pairs())
_push(b"\x8f", lambda machine: Items())
_push(b"t", lambda machine: tuple(machine.marked()))
_push(b"l", lambda machine: list(machine.marked()))
_push(b"d", lambda machine: Pairs(machine.marked()))
_push(b"\x91", lambda machine: Items(machine.marked()))
_push(b"\x85", lambda machine: (machine.pop(),))
_push(b"\x86", lambda machine: (machine.pop(), machine.pop())[::-1])
_push(b"\x87", lambda machine: (machine.pop(), machine.pop(), machine.pop())[::-1])
_push(b"2", lambda machine: machine.top())


@_step(b"\x80")
def _protocol(machine: Machine) -> None:
    version = machine.byte()
    if version > 5:
        raise damaged(f"it is written in protocol {version}, and this reads up to 5", machine.at)


@_step(b"\x95")
def _frame(machine: Machine) -> None:
    machine.parsed.frames.append(machine.at - 1)
    machine.number(UINT8)


@_step(b"\x96")
def _block(machine: Machine) -> None:
    at = machine.at - 1
    content = machine.take(machine.number(UINT8))
    machine.parsed.blocks.append((at, content))
    machine.stack.append(content)


@_step(b"0")
def _pop(machine: Machine) -> None:
    if machine.stack:
        machine.stack.pop()
    else:
        machine.marked()


@_step(b"1")
def _pop_mark(machine: Machine) -> None:
    machine.marked()


@_step(b"(")
def _mark(machine: Machine) -> None:
    machine.mark()


@_step(b"p")
def _put(machine: Machine) -> None:
    machine.remember(_decimal(machine))


@_step(b"r")
def _long_put(machine: Machine) -> None:
    machine.remember(machine.number(UINT4))


@_step(b"g")
def _get(machine: Machine) -> None:
    machine.recall(_decimal(machine))


@_step(b"a")
def _append(machine: Machine) -> None:
    value = machine.pop()
    machine.extend(machine.top(), [value], list)


@_step(b"e")
def _appends(machine: Machine) -> None:
    values = machine.marked()
    machine.extend(machine.top(), values, list)


@_step(b"s")
def _set_item(machine: Machine) -> None:
    value, key = machine.pop(), machine.pop()
    machine.extend(machine.top(), [key, value], Pairs)


@_step(b"u")
def _set_items(machine: Machine) -> None:
    pairs = machine.marked()
    if len(pairs) % 2:
        raise damaged("a key has no value", machine.at)
    machine.extend(machine.top(), pairs, Pairs)


@_step(b"\x90")
def _add_items(machine: Machine) -> None:
    values = machine.marked()
    machine.extend(machine.top(), values, Items)


@_step(b"c")
def _global(machine: Machine) -> None:
    module, name = machine.line(), machine.line()
    try:
        machine.named(module.decode(), name.decode())
    except UnicodeDecodeError:
        raise damaged("a name is no UTF-8", machine.at) from None


@_step(b"\x93")
def _stack_global(machine: Machine) -> None:
    name, module = machine.pop(), machine.pop()
    machine.named(module, name)


@_step(b"R")
def _reduce(machine: Machine) -> None:
    args = machine.pop()
    machine.make(machine.pop(), CALLED, args)


@_step(b"\x81")
def _new(machine: Machine) -> None:
    args = machine.pop()
    machine.make(machine.pop(), INSTANTIATED, args)


@_step(b"\x92")
def _new_with_names(machine: Machine) -> None:
    keywords, args = machine.pop(), machine.pop()
    machine.make(machine.pop(), INSTANTIATED, (args, keywords))


@_step(b"i")
def _instance(machine: Machine) -> None:
    _global(machine)
    cls = machine.pop()
    machine.make(cls, CALLED, tuple(machine.marked()))


@_step(b"o")
def _object(machine: Machine) -> None:
    values = machine.marked()
    if not values:
        raise damaged("it makes an object of nothing", machine.at)
    machine.make(values[0], CALLED, tuple(values[1:]))


@_step(b"b")
def _build(machine: Machine) -> None:
    state = machine.pop()
    target = machine.top()
    if type(target) is not Made:
        machine.wrong("it sets attributes of what is not its own")
    elif target.state is not None:
        machine.wrong("it sets the state of an object twice")
        target.state = (target.state, state)
    else:
        target.state = state
        if (target.made_by.module, target.made_by.name) == WRAPPER:
            _skip_array(machine, state)


def _skip_array(machine: Machine, state: Any) -> None:
    """Read over the bytes of an array that joblib wrote, or over the pickle of one of objects."""
    pairs = zip(state[::2], state[1::2], strict=True) if type(state) is Pairs else ()
    told = {key: value for key, value in pairs if type(key) is str}
    dtype, shape = told.get("dtype"), told.get("shape")
    text = dtype.args[0] if type(dtype) is Made and dtype.args else ""
    found = _ITEM.fullmatch(text) if type(text) is str else None
    if found is None or type(shape) is not tuple or not all(type(n) is int for n in shape):
        raise damaged("joblib's array has no type or shape", machine.at)
    if found[1] == "O":
        if machine.within == MOST_WITHIN:
            raise damaged(
                f"more than {MOST_WITHIN} arrays of joblib are in one another", machine.at
            )
        inner = parse(machine.data[machine.at :], machine.within + 1)
        machine.at += inner.end
        for name, uses in inner.uses.items():
            machine.parsed.uses.setdefault(name, set()).update(uses)
        machine.parsed.made += inner.made
        machine.parsed.wrong = machine.parsed.wrong or inner.wrong
        machine.stack[-1].items.append(inner.root)
        return
    if told.get("numpy_array_alignment_bytes") is not None:
        machine.take(machine.byte())
    if any(length < 0 for length in shape):
        raise damaged("joblib's array has a negative length", machine.at)
    machine.take(math.prod(shape) * int(found[2] or 1) * (4 if found[1] == "U" else 1))


def _outside(what: str) -> _Step:
    def refuse(machine: Machine) -> None:
        raise damaged(f"it refers to {what}", machine.at)

    return refuse


for _code in (b"P", b"Q"):
    _step(_code)(_outside("an object that is not in the file"))
for _code in (b"\x82", b"\x83", b"\x84"):
    _step(_code)(_outside("a registered extension"))
for _code in (b"\x97", b"\x98"):
    _step(_code)(_outside("a buffer that is not in the file"))

_SHORT_TEXT, _MEMOIZE, _BINGET, _LONG_BINGET, _BINPUT = 0x8C, 0x94, ord("h"), ord("j"), ord("q")
_INT1, _STOP = ord("K"), ord(".")


def parse(data: bytes | memoryview, within: int = 0) -> Parsed:
    """Return what a pickle would do.

    Parameters
    ----------
    data : bytes-like
        From its beginning; what follows its end is not looked at.
    within : int
        In how many arrays of joblib it lies, each in the one before.

    Returns
    -------
    Parsed

    Raises
    ------
    DamagedModel
        If it is no pickle, or does what no pickler writes.

    Examples
    --------
    >>> import pickle
    >>> parse(pickle.dumps(range)).uses
    {('builtins', 'range'): set()}
    """
    machine = Machine(memoryview(data), within)
    view, steps, memo = machine.data, _STEPS, machine.memo
    size = len(view)
    for _ in range(MOST_STEPS):
        at = machine.at
        if at >= size:
            raise damaged("it ends in the middle", at)
        code = view[at]
        machine.at = at + 1
        # These are nine tenths of a pickle.
        if code == _BINGET:
            machine.recall(machine.byte())
        elif code == _MEMOIZE:
            memo.append(machine.top())
        elif code == _SHORT_TEXT:
            machine.stack.append(machine.text(machine.byte()))
        elif code == _LONG_BINGET:
            machine.recall(machine.number(UINT4))
        elif code == _INT1:
            machine.stack.append(machine.byte())
        elif code == _BINPUT:
            machine.remember(machine.byte())
        elif code == _STOP:
            break
        else:
            step = steps.get(code)
            if step is None:
                raise damaged(f"there is no opcode {code:#04x}", at)
            step(machine)
    else:
        raise damaged(f"it takes more than {MOST_STEPS:,} steps to be read", machine.at)
    parsed = machine.parsed
    parsed.root, parsed.end = machine.pop(), machine.at
    return parsed
