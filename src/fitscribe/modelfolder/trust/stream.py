"""Bytes in memory as a file that is read."""

from __future__ import annotations

import io
from typing import IO

__all__ = ["stream_of"]


class _View(io.RawIOBase):
    """A view of memory, read from its beginning."""

    def __init__(self, view: memoryview) -> None:
        self.view, self.at = view, 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, into: memoryview) -> int:  # type: ignore[override]  # always a view
        """Fill `into` with what comes next, as far as there is as much."""
        piece = self.view[self.at : self.at + len(into)]
        into[: len(piece)] = piece
        self.at += len(piece)
        return len(piece)


def stream_of(data: bytes | memoryview) -> IO[bytes]:
    """Return bytes as a file, without a copy of them: ``BytesIO`` copies what is no bytes."""
    return io.BytesIO(data) if isinstance(data, bytes) else io.BufferedReader(_View(data))
