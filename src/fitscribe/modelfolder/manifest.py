"""The file ``manifest.json``: what belongs to a model folder, to the last byte.

It says of every file its size and SHA-256, and of the model what it is made of. Its own SHA-256 is
the model's digest: a store keeps it with the logged model, so that whoever can write the folder,
but not the database, can change nothing unnoticed.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any

import numpy as np

from fitscribe.errors import DamagedModel, NotFound, NotSupported

__all__ = ["MANIFEST", "FileEntry", "Manifest", "is_digest", "read_content", "read_file"]

MANIFEST = "manifest.json"
VERSION = 1
# A manifest of more bytes, or of more files, is none of a model.
MOST_BYTES = 16 << 20
MOST_FILES = 100_000
# A file that a loader reads at once.
MOST_READ = 8 << 30
# From so many bytes on, numpy asks the system for memory in large pages.
LARGE = 4 << 20
_HEX = frozenset("0123456789abcdef")


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One file of a folder.

    Parameters
    ----------
    size : int
        In bytes.
    sha256 : str
        64 hexadecimal digits.
    """

    size: int
    sha256: str

    @classmethod
    def of(cls, data: bytes | memoryview) -> FileEntry:
        """Return the entry of a file's content."""
        return cls(len(data), hashlib.sha256(data).hexdigest())


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a model folder holds.

    Parameters
    ----------
    files : dict
        Path in the folder, with ``/``, to its entry; the manifest and the seal are not among them.
    format : str
        How the model's own file is written.
    contains_code : bool
        Whether that file holds functions or classes themselves, and not their names.
    types : list of str
        The full names that the file looks up.
    estimators : dict
        The tree of estimators: ``{"class": …, "parts": {path: …}}``.
    feature_names : list of str or None
        What the model's columns were called at its fit.
    versions : dict
        Of Python and of the libraries that the model was written with.
    golden : str or None
        The file that holds rows with the model's answers.
    """

    files: dict[str, FileEntry]
    format: str
    contains_code: bool = False
    types: list[str] = field(default_factory=list)
    estimators: dict[str, Any] = field(default_factory=dict)
    feature_names: list[str] | None = None
    versions: dict[str, str] = field(default_factory=dict)
    golden: str | None = None

    def to_bytes(self) -> bytes:
        """Return the file."""
        files = {name: [entry.size, entry.sha256] for name, entry in self.files.items()}
        document = {
            "version": VERSION,
            "files": files,
            "format": self.format,
            "contains_code": self.contains_code,
            "types": self.types,
            "estimators": self.estimators,
            "feature_names": self.feature_names,
            "versions": self.versions,
            "golden": self.golden,
        }
        return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode(
            errors="surrogatepass"
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> Manifest:
        """Return the manifest that a file holds.

        Raises
        ------
        DamagedModel
            If it is none: nothing in it is believed that has not the form that is written.
        NotSupported
            If a newer fitscribe wrote it.
        """
        if len(data) > MOST_BYTES:
            raise _no_manifest(f"it has {len(data):,} bytes")
        try:
            told = json.loads(data.decode(errors="surrogatepass"))
        except (ValueError, RecursionError) as error:
            raise _no_manifest(str(error)) from None
        if not isinstance(told, dict):
            raise _no_manifest("it is no mapping")
        version = told.get("version")
        if type(version) is int and version > VERSION:
            raise NotSupported(
                f"The model's {MANIFEST} has version {version}, and this fitscribe reads up to "
                f"{VERSION}: pip install --upgrade fitscribe."
            )
        _check(told)
        files = {name: FileEntry(*entry) for name, entry in told["files"].items()}
        rest = {key: told[key] for key in _FORMS if key not in ("version", "files")}
        return cls(files, **rest)

    def check(self, folder: Path) -> dict[str, bytes | memoryview]:
        """Read every file once, and return their content if it is what was written.

        Large content is a view, see :func:`read_content`.

        Raises
        ------
        DamagedModel
            If a file is missing, or is not what it was; the message names it. Of code, a file
            that is new is refused as well.
        """
        found: dict[str, bytes | memoryview] = {}
        for name, entry in self.files.items():
            data = read_content(folder, name, entry.size)
            if FileEntry.of(data) != entry:
                raise _changed(name)
            found[name] = data
        return found

    def check_unknown(self, names: Iterable[str]) -> None:
        """Raise DamagedModel if one of these files is none of the folder's."""
        for name in names:
            if name not in self.files:
                raise DamagedModel(
                    f"The model's folder has a file {name!r} that was not there when it was "
                    "written. Remove it, or take a copy of the folder that is whole."
                )


def read_file(folder: Path, name: str) -> bytes:
    """Return a file of a folder; errors as :func:`read_content`."""
    return bytes(read_content(folder, name))


def read_content(folder: Path, name: str, size: int | None = None) -> bytes | memoryview:
    """Return a file of a folder; of one whose size is known, no more than that.

    What is large is a view that cannot be written to, of memory in large pages where the system
    has them: it is read in half the time.

    Raises
    ------
    NotFound
        If it is not there.
    DamagedModel
        If it has another size, or more bytes than a loader reads at once.
    """
    path = folder.joinpath(*PurePosixPath(name).parts)
    try:
        with path.open("rb") as stream:
            limit = MOST_READ if size is None else size
            # What a read may return is set aside before it is read.
            most = min(limit, os.fstat(stream.fileno()).st_size) + 1
            data = stream.read(most) if most < LARGE else _read_large(stream, most)
    except (FileNotFoundError, NotADirectoryError):
        if size is None:
            raise NotFound(f"The model's file {str(path)!r} is missing.") from None
        raise DamagedModel(
            f"The model's file {name!r} is missing. Take a copy of the folder that is whole."
        ) from None
    except IsADirectoryError:
        raise _changed(name) from None
    if len(data) > limit or (size is not None and len(data) != size):
        raise _changed(name)
    return data


def _read_large(stream: IO[bytes], most: int) -> memoryview:
    memory = np.empty(most, np.uint8).data
    count: int = stream.readinto(memory)  # type: ignore[attr-defined]  # typeshed's IO lacks it
    return memory[:count].toreadonly()


def is_digest(text: str | None) -> bool:
    """Whether a text is the SHA-256 of a manifest; older stores keep others."""
    return text is not None and len(text) == 64 and _HEX.issuperset(text)


def _changed(name: str) -> DamagedModel:
    return DamagedModel(
        f"The model's file {name!r} is not what was written: its size or SHA-256 differs. "
        "Nothing was loaded; take a copy of the folder that is whole."
    )


def _no_manifest(why: str) -> DamagedModel:
    return DamagedModel(
        f"The model's {MANIFEST} is damaged: {why}. Nothing was loaded; take a copy of the folder "
        "that is whole."
    )


_FORMS: dict[str, Any] = {
    "version": int,
    "files": dict,
    "format": str,
    "contains_code": bool,
    "types": list,
    "estimators": dict,
    "feature_names": (list, type(None)),
    "versions": dict,
    "golden": (str, type(None)),
}


def _check(told: Mapping[str, Any]) -> None:
    """Raise DamagedModel if what a manifest says has not the form that is written."""
    for key, form in _FORMS.items():
        if key not in told or not isinstance(told[key], form):
            raise _no_manifest(f"{key} is missing or wrong")
    if len(told["files"]) > MOST_FILES:
        raise _no_manifest(f"it names {len(told['files']):,} files")
    for name, entry in told["files"].items():
        if not _is_inside(name):
            raise _no_manifest(f"{name!r:.80} is no file of a folder")
        if not isinstance(entry, list) or len(entry) != 2:
            raise _no_manifest(f"{name!r:.80} has no size and SHA-256")
        size, digest = entry
        if type(size) is not int or not 0 <= size <= MOST_READ or not isinstance(digest, str):
            raise _no_manifest(f"{name!r:.80} has no size and SHA-256")
        if not is_digest(digest):
            raise _no_manifest(f"{name!r:.80} has no SHA-256")
    texts = (*told["types"], *(told["feature_names"] or ()), *told["versions"].values())
    if not all(isinstance(text, str) for text in texts):
        raise _no_manifest("a name in it is no text")


def _is_inside(name: str) -> bool:
    path = PurePosixPath(name)
    parts = path.parts
    return bool(parts) and not (
        path.is_absolute() or ".." in parts or "\\" in name or ":" in name or "\0" in name
    )
