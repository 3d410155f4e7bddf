"""What is compressed is unpacked, as far as a model may grow by it."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable
from typing import Any

from fitscribe.errors import DamagedModel, NotSupported

__all__ = ["unpacked"]

# Up to so many bytes anything may grow; beyond, at most by so many times.
FREE = 64 << 20
MOST_TIMES = 100
STEP = 1 << 20

_FORMATS: tuple[tuple[bytes, Callable[[], Any]], ...] = (
    (b"\x1f\x8b", lambda: zlib.decompressobj(wbits=31)),
    (b"BZh", bz2.BZ2Decompressor),
    (b"\xfd7zXZ\x00", lzma.LZMADecompressor),
    (b"\x5d\x00\x00", lambda: lzma.LZMADecompressor(lzma.FORMAT_ALONE)),
    (b"\x78", zlib.decompressobj),
)
# What begins like this is known, and not read.
_OTHERS = {b"PK\x03\x04": "a zip archive", b"\x04\x22\x4d\x18": "compressed by lz4"}


def unpacked(data: bytes | memoryview) -> bytes | memoryview:
    """Return data unpacked, if gzip, zlib, bz2, xz or lzma compressed them; else as they are.

    Raises
    ------
    DamagedModel
        If they cannot be unpacked, or would become more than a hundred times as many.
    NotSupported
        If they are packed in another way.
    """
    for begin, what in _OTHERS.items():
        if data[: len(begin)] == begin:
            raise NotSupported(
                f"The model's file is {what}, and a pickle was expected: save the model again."
            )
    for begin, make in _FORMATS:
        if data[: len(begin)] == begin:
            try:
                return _unpack(data, make())
            except (zlib.error, lzma.LZMAError, OSError, EOFError) as error:
                raise DamagedModel(
                    f"The model's file cannot be unpacked: {error}. Take a copy that is whole."
                ) from None
    return data


def _unpack(data: bytes | memoryview, unpacker: Any) -> bytes:
    """Unpack step by step, so that no more than is allowed is ever in memory."""
    limit = max(FREE, MOST_TIMES * len(data))
    found = bytearray()
    rest = data
    while not unpacker.eof:
        piece = unpacker.decompress(rest, STEP)
        # zlib hands back what it has not looked at; the others keep it.
        rest = getattr(unpacker, "unconsumed_tail", b"")
        if not piece and not rest and not unpacker.eof:
            raise EOFError("it ends in the middle")
        found += piece
        if len(found) > limit:
            raise DamagedModel(
                f"The model's file would become more than {limit:,} bytes when it is unpacked, "
                "which no model does. Nothing of it was read."
            )
    return bytes(found)
