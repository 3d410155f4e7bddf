"""The machine that runs a pickle on symbols: a stack, marks in it, and a memory."""

from __future__ import annotations

from struct import Struct
from typing import Any

from fitscribe.errors import DamagedModel
from fitscribe.modelfolder.trust.parsed import NOBODY, Global, Made, Parsed, named_now

__all__ = ["UINT4", "UINT8", "Machine", "damaged"]

# More things in one another are no model.
MOST_DEPTH = 20_000
# A text that is longer is no name and no key: it is not decoded.
LONGEST_TEXT = 4096
UINT4, UINT8 = Struct("<I"), Struct("<Q")


def damaged(what: str, place: int) -> DamagedModel:
    """Return the error for bytes that are no pickle of a model."""
    return DamagedModel(
        f"The model's file is damaged, or no pickle of a model: {what}, at byte {place:,}. "
        "Take a copy that is whole; nothing of it was run."
    )


class Machine:
    """The stack and the memory of one parse."""

    def __init__(self, data: memoryview, within: int = 0) -> None:
        self.data, self.size = data, len(data)
        self.within = within
        self.at = 0
        self.stack: list[Any] = []
        self.marks: list[list[Any]] = []
        self.memo: list[Any] = []
        self.parsed = Parsed()

    # What is read from the file

    def step(self, count: int) -> int:
        """Step over the next bytes, and return where they begin."""
        start = self.at
        end = start + count
        if end > self.size:
            raise damaged(f"it ends where {count:,} bytes more are announced", start)
        self.at = end
        return start

    def take(self, count: int) -> memoryview:
        """Return the next bytes."""
        return self.data[self.step(count) : self.at]

    def byte(self) -> int:
        """Return the next byte."""
        at = self.at
        if at == self.size:
            self.step(1)  # which says so
        self.at = at + 1
        return self.data[at]

    def number(self, form: Struct) -> Any:
        """Return the next number."""
        return form.unpack_from(self.data, self.step(form.size))[0]

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
        self.stack.append(self.parsed.make(callee, args))

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
