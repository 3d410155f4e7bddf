"""Zip archives in memory, read within limits and written the same way each time."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterable, Mapping

from fitscribe.errors import DamagedModel
from fitscribe.modelfolder.trust.unpack import FREE, MOST_TIMES

__all__ = ["Archive", "archived"]

# More files in one archive are no model: a forest of 10,000 trees has 30,000.
MOST_MEMBERS = 100_000
# How the directory of an archive begins each of its entries.
_ENTRY = b"PK\x01\x02"
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# Of a forest, a seventh more than by zlib's own level, in a third of the time.
LEVEL = 2
# The first time that a zip archive can state.
_NEVER = (1980, 1, 1, 0, 0, 0)
_WRONG = (EOFError, NotImplementedError, OSError, RuntimeError, ValueError, zlib.error)


class Archive:
    """A zip archive whose directory was read.

    Parameters
    ----------
    data : bytes

    Raises
    ------
    DamagedModel
        If it is no zip archive, has two files of one name, more files than a model has, or would
        become more than a hundred times as large.
    """

    def __init__(self, data: bytes) -> None:
        # Counted before the directory is read, which takes far more memory than its bytes.
        if data.count(_ENTRY) > MOST_MEMBERS:
            raise _refused(f"has more than {MOST_MEMBERS:,} files in it, which no model has")
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except (zipfile.BadZipFile, *_WRONG) as error:
            raise _refused(f"is no zip archive ({error})") from None
        infos = self._zip.infolist()
        self._infos = {info.filename: info for info in infos}
        if len(self._infos) != len(infos):
            raise _refused("has two files of one name in it")
        limit = max(FREE, MOST_TIMES * len(data))
        if sum(info.file_size for info in infos) > limit:
            raise _refused(
                f"would become more than {limit:,} bytes when it is unpacked, which no model does"
            )

    def __contains__(self, name: str) -> bool:
        return name in self._infos

    def names(self) -> list[str]:
        """Return the names of the files in it."""
        return list(self._infos)

    def size(self, name: str) -> int:
        """Return how large a file says it is; more of it is never read."""
        return self._infos[name].file_size

    def read(self, name: str) -> bytes:
        """Return the content of a file in it. Raises DamagedModel if it cannot be read."""
        info = self._infos.get(name)
        if info is None:
            raise _refused(f"names {name!r:.80}, which is not in it")
        if info.compress_type not in _METHODS:
            raise _refused(f"has {name!r:.80} compressed by method {info.compress_type}")
        try:
            return self._zip.read(info)
        except (zipfile.BadZipFile, *_WRONG) as error:
            raise _refused(f"cannot be unpacked ({error})") from None


def _refused(why: str) -> DamagedModel:
    return DamagedModel(
        f"The model's file {why}. It is damaged or forged; nothing of it was run. Take a copy "
        "that is whole."
    )


def archived(files: Mapping[str, bytes] | Iterable[tuple[str, bytes]], compress: bool) -> bytes:
    """Return a zip archive of files, which is the same for the same files.

    Parameters
    ----------
    files : mapping, or pairs
        Name to content, in order.
    compress : bool
        Whether to deflate them.
    """
    stream = io.BytesIO()
    method = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, content in files.items() if isinstance(files, Mapping) else files:
            info = zipfile.ZipInfo(name, _NEVER)
            info.compress_type = method
            archive.writestr(info, content, compresslevel=LEVEL)
    return stream.getvalue()
