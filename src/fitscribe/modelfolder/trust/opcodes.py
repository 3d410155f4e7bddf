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
from dataclasses import dataclass, field
from struct import Struct
from typing import Any

from fitscribe.errors import DamagedModel

__all__ = [
    "Global",
    "Made",
    "CALLED",
    "INSTANTIATED",
    "Pairs",
    "Parsed",
    "Uses",
    "WRAPPER",
    "named_now",
    "parse",
]

# How a name is used besides standing there: it is called, or an instance is made of it without its
# ``__init__``.
CALLED, INSTANTIATED = "called", "instantiated"
# More things in one another, or more steps in all, are no model, or a very large one.
MOST_DEPTH = 20_000
MOST_STEPS = 4_000_000
# A text that is longer is no name and no key: it is not decoded.
LONGEST_TEXT = 4096

_INT2, _INT4, _UINT4, _UINT8 = Struct("<H"), Struct("<i"), Struct("<I"), Struct("<Q")
_FLOAT8 = Struct(">d")
# A type of numpy as pickles write it: kind and bytes (of texts, characters).
_ITEM = re.compile(r"[<>|=]?([?a-zA-Z])(\d*)")


# Modules that pickles call otherwise: those of Python 2, and one that scikit-learn 1.5 named as if
# it lay anywhere, where it may be anybody's.
_RENAMED = {
    "__builtin__": "builtins",
    "_loss": "sklearn._loss._loss",
    "copy_reg": "copyreg",
}
# How joblib keeps an array: its bytes follow this object in the file.
WRAPPER = ("joblib.numpy_pickle", "NumpyArrayWrapper")


def named_now(module: str) -> str:
    """Return what a module that a pickle names is called."""
    return _RENAMED.get(module, module)


class Global:
    """A name that a pickle looks up."""

    __slots__ = ("module", "name")

    def __init__(self, module: str, name: str) -> None:
        self.module, self.name = module, name

    def __repr__(self) -> str:
        return f"{self.module}.{self.name}"


class Made:
    """An object that a pickle makes: what is called, with what, and what it gets then."""

    __slots__ = ("args", "items", "known", "made_by", "state")

    def __init__(self, made_by: Global, args: Any) -> None:
        self.made_by, self.args = made_by, args
        self.state: Any = None
        self.items: list[Any] = []
        # What a check found it to be: a forest has one type of array in a thousand places.
        self.known: Any = None


# What stands for a callee that is no name.
NOBODY = Global("", "")


class Pairs(list[Any]):
    """A dict: keys and values in turn."""

    __slots__ = ()


# The names that a pickle looks up, in order, and how it uses each of them.
Uses = dict[tuple[str, str], set[str]]


@dataclass(slots=True)
class Parsed:
    """What a pickle holds.

    Parameters
    ----------
    root : object
        The object, as symbols.
    uses : dict
        The names that are looked up, as (module, name), in order; of each, how it is used besides
        standing there: ``"called"``, or ``"instantiated"`` without its ``__init__``.
    wrong : DamagedModel or None
        The first thing that it would do and that no model needs. Only what is built of code
        (cloudpickle's) does so as well, which names functions that are not listed.
    end : int
        How many bytes were read.
    """

    root: Any = None
    uses: Uses = field(default_factory=dict)
    wrong: DamagedModel | None = None
    end: int = 0


def damaged(what: str, place: int) -> DamagedModel:
    """Return the error for bytes that are no pickle of a model."""
    return DamagedModel(
        f"The model's file is damaged, or no pickle of a model: {what}, at byte {place:,}. "
        "Take a copy that is whole; nothing of it was run."
    )


class _Machine:
    """The stack and the memory of one parse."""

    def __init__(self, data: memoryview) -> None:
        self.data = data
        self.at = 0
        self.stack: list[Any] = []
        self.marks: list[list[Any]] = []
        self.memo: list[Any] = []
        self.parsed = Parsed()

    # What is read from the file

    def take(self, count: int) -> memoryview:
        """Return the next bytes."""
        start = self.at
        end = start + count
        if end > len(self.data):
            raise damaged(f"it ends where {count:,} bytes more are announced", start)
        self.at = end
        return self.data[start:end]

    def number(self, form: Struct) -> Any:
        """Return the next number."""
        return form.unpack(self.take(form.size))[0]

    def line(self) -> bytes:
        """Return the next line, without its end."""
        start = self.at
        step = 256
        while True:
            piece = bytes(self.data[self.at : self.at + step])
            end = piece.find(b"\n")
            if end >= 0:
                self.at += end + 1
                return bytes(self.data[start : self.at - 1])
            if len(piece) < step:
                raise damaged("a line has no end", start)
            self.at += step

    def text(self, count: int) -> Any:
        """Return the next text; of a long one, its bytes."""
        raw = self.take(count)
        if count > LONGEST_TEXT:
            return raw
        try:
            return str(raw, "utf-8", "surrogatepass")
        except UnicodeDecodeError:
            raise damaged("a text is no UTF-8", self.at) from None

    # What happens on the stack

    def pop(self) -> Any:
        """Return the topmost value, which is no mark."""
        if not self.stack:
            raise damaged("it takes a value where there is none", self.at)
        return self.stack.pop()

    def top(self) -> Any:
        """Return the topmost value and leave it there."""
        if not self.stack:
            raise damaged("it looks at a value where there is none", self.at)
        return self.stack[-1]

    def mark(self) -> None:
        """Begin a list of values."""
        self.marks.append(self.stack)
        self.stack = []
        if len(self.marks) > MOST_DEPTH:
            raise damaged(f"more than {MOST_DEPTH:,} things lie in one another", self.at)

    def marked(self) -> list[Any]:
        """Return the values since the last mark, and take both away."""
        if not self.marks:
            raise damaged("it asks for a mark where there is none", self.at)
        found = self.stack
        self.stack = self.marks.pop()
        return found

    def named(self, module: Any, name: Any) -> None:
        """Look up a name."""
        if type(module) is not str or type(name) is not str:
            raise damaged("a name is no text", self.at)
        found = Global(named_now(module), name)
        self.parsed.uses.setdefault((found.module, name), set())
        self.stack.append(found)

    def wrong(self, what: str) -> None:
        """Note what no model does; the rest is read all the same, for what it names."""
        if self.parsed.wrong is None:
            self.parsed.wrong = damaged(what, self.at)

    def make(self, callee: Any, use: str, args: Any) -> None:
        """Push an object that a name makes of arguments."""
        if type(callee) is Global:
            self.parsed.uses[callee.module, callee.name].add(use)
        else:
            self.wrong("it calls what it made itself")
            args = (callee, args)
            callee = NOBODY
        self.stack.append(Made(callee, args))

    def remember(self, place: int) -> None:
        """Keep the topmost value in the next place of the memory: a pickler leaves none out."""
        if place != len(self.memo):
            raise damaged(f"it asks for the place {place:,} of its memory", self.at)
        self.memo.append(self.top())

    def recall(self, place: int) -> None:
        """Push what lies in a place of the memory."""
        if not 0 <= place < len(self.memo):
            raise damaged(f"nothing lies in the place {place:,} of its memory", self.at)
        self.stack.append(self.memo[place])

    def extend(self, target: Any, values: list[Any], kind: type[list[Any]]) -> None:
        """Add items to a list, a dict, a set, or an object that is like one."""
        if isinstance(target, kind) and type(target) is kind:
            target.extend(values)
        elif type(target) is Made:
            target.items.extend(values)
        else:
            self.wrong("it adds items to what can have none")


class _Items(list[Any]):
    """A set."""

    __slots__ = ()


# One function for each opcode that is not handled in the loop itself.
_Step = Callable[[_Machine], None]
_STEPS: dict[int, _Step] = {}


def _step(*codes: bytes) -> Callable[[_Step], _Step]:
    def known(function: _Step) -> _Step:
        for code in codes:
            _STEPS[code[0]] = function
        return function

    return known


def _push(code: bytes, read: Callable[[_Machine], Any]) -> None:
    """Handle an opcode that pushes a value of its own."""

    def push(machine: _Machine) -> None:
        value = read(machine)  # which may put another stack in place
        machine.stack.append(value)

    _STEPS[code[0]] = push


def _decimal(machine: _Machine) -> Any:
    line = machine.line()
    if line in (b"00", b"01"):
        return line == b"01"
    try:
        return int(line.rstrip(b"L"))
    except ValueError:  # also of more digits than Python reads at once
        raise damaged("a number cannot be read", machine.at) from None


def _decimal_float(machine: _Machine) -> float:
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
_push(b"\x8a", lambda m: int.from_bytes(m.take(m.take(1)[0]), "little", signed=True))
_push(b"\x8b", lambda m: m.take(m.number(_UINT4)))  # of more than 255 bytes: never a name
_push(b"S", lambda machine: machine.line())
_push(b"T", lambda m: m.take(m.number(_UINT4)))
_push(b"U", lambda m: m.take(m.take(1)[0]))
_push(b"V", lambda machine: machine.line().decode("raw-unicode-escape", "replace"))
_push(b"X", lambda m: m.text(m.number(_UINT4)))
_push(b"\x8d", lambda m: m.text(m.number(_UINT8)))
_push(b"B", lambda m: m.take(m.number(_UINT4)))
_push(b"C", lambda m: m.take(m.take(1)[0]))
_push(b"\x8e", lambda m: m.take(m.number(_UINT8)))
_push(b"\x96", lambda m: m.take(m.number(_UINT8)))
_push(b")", lambda machine: ())
_push(b"]", lambda machine: [])
_push(b"}", lambda machine: Pairs())
_push(b"\x8f", lambda machine: _Items())
_push(b"t", lambda machine: tuple(machine.marked()))
_push(b"l", lambda machine: list(machine.marked()))
_push(b"d", lambda machine: Pairs(machine.marked()))
_push(b"\x91", lambda machine: _Items(machine.marked()))
_push(b"\x85", lambda machine: (machine.pop(),))
_push(b"\x86", lambda machine: (machine.pop(), machine.pop())[::-1])
_push(b"\x87", lambda machine: (machine.pop(), machine.pop(), machine.pop())[::-1])
_push(b"2", lambda machine: machine.top())


@_step(b"\x80")
def _protocol(machine: _Machine) -> None:
    version = machine.take(1)[0]
    if version > 5:
        raise damaged(f"it is written in protocol {version}, and this reads up to 5", machine.at)


@_step(b"\x95")
def _frame(machine: _Machine) -> None:
    machine.number(_UINT8)


@_step(b"0")
def _pop(machine: _Machine) -> None:
    if machine.stack:
        machine.stack.pop()
    else:
        machine.marked()


@_step(b"1")
def _pop_mark(machine: _Machine) -> None:
    machine.marked()


@_step(b"(")
def _mark(machine: _Machine) -> None:
    machine.mark()


@_step(b"p")
def _put(machine: _Machine) -> None:
    machine.remember(_decimal(machine))


@_step(b"r")
def _long_put(machine: _Machine) -> None:
    machine.remember(machine.number(_UINT4))


@_step(b"g")
def _get(machine: _Machine) -> None:
    machine.recall(_decimal(machine))


@_step(b"a")
def _append(machine: _Machine) -> None:
    value = machine.pop()
    machine.extend(machine.top(), [value], list)


@_step(b"e")
def _appends(machine: _Machine) -> None:
    values = machine.marked()
    machine.extend(machine.top(), values, list)


@_step(b"s")
def _set_item(machine: _Machine) -> None:
    value, key = machine.pop(), machine.pop()
    machine.extend(machine.top(), [key, value], Pairs)


@_step(b"u")
def _set_items(machine: _Machine) -> None:
    pairs = machine.marked()
    if len(pairs) % 2:
        raise damaged("a key has no value", machine.at)
    machine.extend(machine.top(), pairs, Pairs)


@_step(b"\x90")
def _add_items(machine: _Machine) -> None:
    values = machine.marked()
    machine.extend(machine.top(), values, _Items)


@_step(b"c")
def _global(machine: _Machine) -> None:
    module, name = machine.line(), machine.line()
    try:
        machine.named(module.decode(), name.decode())
    except UnicodeDecodeError:
        raise damaged("a name is no UTF-8", machine.at) from None


@_step(b"\x93")
def _stack_global(machine: _Machine) -> None:
    name, module = machine.pop(), machine.pop()
    machine.named(module, name)


@_step(b"R")
def _reduce(machine: _Machine) -> None:
    args = machine.pop()
    machine.make(machine.pop(), CALLED, args)


@_step(b"\x81")
def _new(machine: _Machine) -> None:
    args = machine.pop()
    machine.make(machine.pop(), INSTANTIATED, args)


@_step(b"\x92")
def _new_with_names(machine: _Machine) -> None:
    keywords, args = machine.pop(), machine.pop()
    machine.make(machine.pop(), INSTANTIATED, (args, keywords))


@_step(b"i")
def _instance(machine: _Machine) -> None:
    _global(machine)
    cls = machine.pop()
    machine.make(cls, CALLED, tuple(machine.marked()))


@_step(b"o")
def _object(machine: _Machine) -> None:
    values = machine.marked()
    if not values:
        raise damaged("it makes an object of nothing", machine.at)
    machine.make(values[0], CALLED, tuple(values[1:]))


@_step(b"b")
def _build(machine: _Machine) -> None:
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


def _skip_array(machine: _Machine, state: Any) -> None:
    """Read over the bytes of an array that joblib wrote, or over the pickle of one of objects."""
    told = dict(zip(state[::2], state[1::2], strict=True)) if type(state) is Pairs else {}
    dtype, shape = told.get("dtype"), told.get("shape")
    text = dtype.args[0] if type(dtype) is Made and dtype.args else ""
    found = _ITEM.fullmatch(text) if type(text) is str else None
    if found is None or type(shape) is not tuple or not all(type(n) is int for n in shape):
        raise damaged("joblib's array has no type or shape", machine.at)
    if found[1] == "O":
        inner = parse(machine.data[machine.at :])
        machine.at += inner.end
        for name, uses in inner.uses.items():
            machine.parsed.uses.setdefault(name, set()).update(uses)
        machine.parsed.wrong = machine.parsed.wrong or inner.wrong
        machine.stack[-1].items.append(inner.root)
        return
    if told.get("numpy_array_alignment_bytes") is not None:
        machine.take(machine.take(1)[0])
    if any(length < 0 for length in shape):
        raise damaged("joblib's array has a negative length", machine.at)
    machine.take(math.prod(shape) * int(found[2] or 1) * (4 if found[1] == "U" else 1))


def _outside(what: str) -> _Step:
    def refuse(machine: _Machine) -> None:
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


def parse(data: bytes | memoryview) -> Parsed:
    """Return what a pickle would do.

    Parameters
    ----------
    data : bytes-like
        From its beginning; what follows its end is not looked at.

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
    machine = _Machine(memoryview(data))
    view, steps, memo = machine.data, _STEPS, machine.memo
    size = len(view)
    for _ in range(MOST_STEPS):
        at = machine.at
        if at >= size:
            raise damaged("it ends in the middle", at)
        code = view[at]
        machine.at = at + 1
        # These are nine tenths of a pickle.
        if code == _SHORT_TEXT:
            machine.stack.append(machine.text(machine.take(1)[0]))
        elif code == _MEMOIZE:
            memo.append(machine.top())
        elif code == _BINGET:
            machine.recall(machine.take(1)[0])
        elif code == _LONG_BINGET:
            machine.recall(machine.number(_UINT4))
        elif code == _INT1:
            machine.stack.append(machine.take(1)[0])
        elif code == _BINPUT:
            machine.remember(machine.take(1)[0])
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
