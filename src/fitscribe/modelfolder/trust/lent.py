"""What a tree copies is lent to it where it lies in the file, and not copied before.

Python's unpickler copies each array out of the file and keeps all copies until it is through; a
tree of scikit-learn copies its nodes and values once more, into memory of its own. A forest
consists of little else, so the first of the two copies is half of what building it costs.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator

from fitscribe.modelfolder.trust.machine import UINT8
from fitscribe.modelfolder.trust.parsed import Made, Pairs, Parsed

__all__ = ["LEAST", "lend"]

# Fewer bytes are copied sooner than they are lent.
LEAST = 32 << 10
# An opcode and the length behind it: of a frame, or of bytes that may change.
_HEAD = 1 + UINT8.size
# It copies what its state holds, whether or not that is aligned or may be written.
_TREE = ("sklearn.tree._tree", "Tree")


def lend(data: bytes | memoryview, parsed: Parsed) -> tuple[bytes | memoryview, list[memoryview]]:
    """Return a pickle without the arrays that trees copy, and these as views of the file.

    Parameters
    ----------
    data : bytes or memoryview
    parsed : Parsed
        What it would do.

    Returns
    -------
    rest : bytes or memoryview
        The same pickle, which takes each of these arrays from outside of it; all else in it is
        as it was, but that it is one frame. Without such arrays, `data` itself.
    lent : list of memoryview
        The arrays in the order in which it asks for them. They cannot be written to.
    """
    copied = {id(content) for made in parsed.made for content in _copied(made)}
    lent = {at: view for at, view in parsed.blocks if len(view) >= LEAST and id(view) in copied}
    if not lent:
        return data, []
    pieces: list[bytes | memoryview] = []
    start = 0
    for at in sorted((*lent, *parsed.frames)):
        pieces.append(data[start:at])
        start = at + _HEAD
        if at in lent:
            pieces.append(pickle.NEXT_BUFFER)
            start += len(lent[at])
    pieces.append(data[start : parsed.end])
    rest = b"".join(pieces)
    return pickle.FRAME + UINT8.pack(len(rest)) + rest, list(lent.values())


def _copied(made: Made) -> Iterator[object]:
    """Yield the content of each array in the state of a tree."""
    if (made.made_by.module, made.made_by.name) == _TREE and type(made.state) is Pairs:
        for array in made.state[1::2]:
            if type(array) is Made and array.made_by.name == "_frombuffer":
                yield array.args[0]
