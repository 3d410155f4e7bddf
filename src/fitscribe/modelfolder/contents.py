"""What a model folder holds, as a value and as a text."""

from __future__ import annotations

import platform
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from fitscribe.modelfolder.distributions import version_of
from fitscribe.modelfolder.mlmodel import CODE
from fitscribe.modelfolder.schema import ModelSignature
from fitscribe.modelfolder.symbols import Part

__all__ = ["OWN", "STRANGER", "UNSIGNED", "ModelContents", "NameUse"]

# Who wrote a folder.
OWN, STRANGER, UNSIGNED = "own", "stranger", "mlflow"
_WRITERS = {
    OWN: "you",
    STRANGER: "somebody else: the folder has no seal of yours",
    UNSIGNED: "MLflow, or unknown: the folder has no manifest",
}
MOST_SHOWN, MOST_REFUSED, MOST_LINES = 20, 200, 2000


@dataclass(frozen=True, slots=True)
class NameUse:
    """A name that a model's file looks up.

    Parameters
    ----------
    name : str
        The full name of a class or function.
    uses : tuple of str
        ``"called"``, ``"instantiated"``; empty for a name that only stands there.
    is_listed : bool
        Whether it may be used so by a file that nobody vouches for.
    place : str or None
        Where in the object it sits, as ``pipeline.steps[1].func``; None for a part that the
        object does not keep.
    """

    name: str
    uses: tuple[str, ...]
    is_listed: bool
    place: str | None = None


@dataclass(frozen=True, slots=True)
class ModelContents:
    """What a model folder holds; nothing of it was loaded.

    Parameters
    ----------
    path : str
        The folder.
    written_by : {"own", "stranger", "mlflow"}
        This user; somebody else; or nobody knows, for there is no manifest.
    loads : bool
        Whether ``load_model`` would load it as it is. What an object is built of is looked at
        once more when it is loaded.
    reason : str or None
        Why not, and the ways on.
    format : str
        How the model's file is written.
    model : Part or None
        Classes, params and fitted attributes; None where they cannot be told.
    names : tuple of NameUse
        What the file looks up, in order.
    contains_code : bool
        Whether it holds functions or classes themselves, and not their names.
    digest : str or None
        SHA-256 of the manifest.
    files : dict
        Path in the folder to bytes.
    signature : ModelSignature or None
        What the model takes and gives.
    versions : dict
        Of Python and libraries, as it was written with them.
    requirements : tuple of str
        Lines of its ``requirements.txt``.
    created : str or None
        When, as its ``MLmodel`` says.
    members : dict or None
        What lies in the model's file, if it is a zip archive (skops): name to size in bytes when
        it is unpacked.
    """

    path: str
    written_by: str
    loads: bool
    reason: str | None
    format: str
    model: Part | None = None
    names: tuple[NameUse, ...] = ()
    contains_code: bool = False
    digest: str | None = None
    files: dict[str, int] = field(default_factory=dict)
    signature: ModelSignature | None = None
    versions: dict[str, str] = field(default_factory=dict)
    requirements: tuple[str, ...] = ()
    created: str | None = None
    members: dict[str, int] | None = None

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(self.files.values())

    @property
    def code_files(self) -> tuple[str, ...]:
        """Files of Python in its ``code/``, which loading by ``trust="code"`` can import."""
        return tuple(name for name in self.files if name.startswith(f"{CODE}/"))

    @property
    def differing_versions(self) -> dict[str, tuple[str, str | None]]:
        """What is not here as it was there: name to its version, and the one here or None."""
        here = {name: _version_here(name) for name in self.versions}
        return {
            name: (version, here[name])
            for name, version in self.versions.items()
            if here[name] != version
        }

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "path": self.path,
            "written_by": self.written_by,
            "loads": self.loads,
            "reason": self.reason,
            "format": self.format,
            "model": None if self.model is None else self.model.to_dict(),
            "names": [
                {
                    "name": one.name,
                    "uses": list(one.uses),
                    "is_listed": one.is_listed,
                    "place": one.place,
                }
                for one in self.names
            ],
            "contains_code": self.contains_code,
            "digest": self.digest,
            "size": self.size,
            "files": dict(self.files),
            "code_files": list(self.code_files),
            "signature": None if self.signature is None else self.signature.to_dict(),
            "versions": dict(self.versions),
            "differing_versions": {
                name: list(pair) for name, pair in self.differing_versions.items()
            },
            "requirements": list(self.requirements),
            "created": self.created,
            "members": self.members,
        }

    def __str__(self) -> str:
        lines = list(islice(_lines(self), MOST_LINES + 1))
        if len(lines) > MOST_LINES:
            lines[-1] = "and more: to_dict() has all of it"
        return "\n".join(lines)


def _version_here(name: str) -> str | None:
    return platform.python_version() if name == "python" else version_of(name)


# As a text


def _lines(found: ModelContents) -> Iterable[str]:
    """Yield what a person reads."""
    yield f"Folder        {found.path}"
    yield f"Written by    {_WRITERS[found.written_by]}"
    if found.created is not None:
        yield f"Created       {found.created} UTC"
    yield f"Format        {found.format}{', with code in it' if found.contains_code else ''}"
    if found.digest is not None:
        yield f"Digest        {found.digest}"
    yield f"Size          {found.size:,} bytes in {len(found.files)} files"
    if found.code_files:
        shown = ", ".join(found.code_files[:MOST_SHOWN])
        yield f"Own code      {shown:.500} (goes in front of sys.path when it is run)"
    yield from _version_lines(found)
    if found.reason is None:
        yield "Loads         yes"
    else:
        yield "Loads         no"
        yield from (f"  {line}" for line in found.reason.split("\n"))
    if found.model is not None:
        yield ""
        yield "Model"
        for path, part in found.model.walk():
            yield from _part_lines(path, part)
    yield from _signature_lines(found.signature)
    yield from _name_lines(found.names)
    if found.members is not None:
        yield ""
        yield "Archive"
        for name, size in islice(found.members.items(), MOST_REFUSED):
            yield f"  {name}: {size:,} bytes"
        if len(found.members) > MOST_REFUSED:
            yield f"  {len(found.members) - MOST_REFUSED} more"
    if found.requirements:
        yield ""
        yield "Requirements"
        yield from (f"  {line}" for line in found.requirements)


def _version_lines(found: ModelContents) -> Iterable[str]:
    if not found.versions:
        return
    differing = found.differing_versions
    told = []
    for name, version in found.versions.items():
        here = differing.get(name, (None, None))[1] or "none"
        told.append(f"{name} {version}" + (f" (here {here})" if name in differing else ""))
    yield f"Written with  {', '.join(told)}"


def _part_lines(path: str, part: Part) -> Iterable[str]:
    yield f"  {path + ': ' if path else ''}{part.cls}"
    for name, value in part.params.items():
        yield f"      {name} = {value!r:.120}"
    if part.fitted:
        shown = [f"{name} ({one.kind})" for name, one in part.fitted.items()]
        yield f"      fitted: {', '.join(shown)}"


def _signature_lines(signature: ModelSignature | None) -> Iterable[str]:
    if signature is None:
        return
    yield ""
    yield "Signature"
    for name in ("inputs", "outputs", "params"):
        schema = getattr(signature, name)
        if schema is not None:
            yield f"  {name}: {schema!r:.2000}"


def _name_lines(names: tuple[NameUse, ...]) -> Iterable[str]:
    if not names:
        return
    refused = [one for one in names if not one.is_listed]
    listed = [one for one in names if one.is_listed]
    yield ""
    yield f"Names that its file looks up: {len(listed)} listed, {len(refused)} not"
    for names_shown, most, word in (
        (refused, MOST_REFUSED, "NOT LISTED"),
        (listed, MOST_SHOWN, "listed"),
    ):
        for one in names_shown[:most]:
            how = f" ({', '.join(one.uses)})" if one.uses else ""
            place = "a part that the object does not keep" if one.place is None else one.place
            yield f"  {word}: {one.name:.200}{how}, at {place:.200}"
        if len(names_shown) > most:
            yield f"  {word}: {len(names_shown) - most} more"
