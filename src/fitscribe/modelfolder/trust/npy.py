"""Arrays in numpy's own files, alone and as parts of scipy's sparse matrices."""

from __future__ import annotations

import io
import math

import numpy as np

from fitscribe.errors import DamagedModel
from fitscribe.modelfolder.trust.archive import Archive, archived

__all__ = ["check_npy", "check_npz"]

# Of items without length, an array takes no memory, but a list of them does.
MOST_EMPTY = 1 << 20
_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def check_npy(data: bytes) -> None:
    """Look at the head of a file of numpy, which numpy believes when it takes memory.

    Raises
    ------
    DamagedModel
        If it is none, holds objects (which are pickles), or is longer or shorter than it says.
    """
    stream = io.BytesIO(data)
    try:
        version = np.lib.format.read_magic(stream)
        shape, _, dtype = _HEADERS[version](stream)
    except (LookupError, MemoryError, RecursionError, SyntaxError, TypeError, ValueError) as error:
        raise _wrong(f"is no array ({type(error).__name__}: {error})") from None
    if dtype.hasobject:
        raise _wrong("holds objects, which are pickles of their own")
    if not all(type(length) is int and length >= 0 for length in shape):
        raise _wrong(f"has no shape: {shape!r:.80}")
    count, rest = math.prod(shape), len(data) - stream.tell()
    if count * dtype.itemsize != rest or (not dtype.itemsize and count > MOST_EMPTY):
        raise _wrong(f"has {rest:,} bytes, and says it has {shape!r:.80} of {dtype!s:.80}")


def check_npz(data: bytes) -> bytes:
    """Return a sparse matrix's file as it is, written anew of arrays that were looked at.

    Raises
    ------
    DamagedModel
        If one of its arrays is not what it says.
    """
    archive = Archive(data)
    files = {name: archive.read(name) for name in archive.names()}
    for name, content in files.items():
        if not name.endswith(".npy"):
            raise _wrong(f"holds {name!r:.80}, which is no array")
        check_npy(content)
    return archived(files, compress=False)


def _wrong(why: str) -> DamagedModel:
    return DamagedModel(
        f"An array in the model's file {why}. It is damaged or forged; nothing of it was run."
    )
