"""What a model folder holds and what loading it would touch, found out without loading it."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import platform
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fitscribe.errors import DamagedModel, NotFound, NotSupported, NotTrusted
from fitscribe.modelfolder.archive import Archive, read_archive
from fitscribe.modelfolder.distributions import version_of
from fitscribe.modelfolder.environment import REQUIREMENTS_FILE
from fitscribe.modelfolder.formats import FORMATS
from fitscribe.modelfolder.manifest import MANIFEST, read_file
from fitscribe.modelfolder.read import OpenFolder, model_file, open_folder
from fitscribe.modelfolder.schema import ModelSignature
from fitscribe.modelfolder.symbols import Part, part_of, read_part
from fitscribe.modelfolder.trust.names import may
from fitscribe.modelfolder.trust.opcodes import WRAPPER, Parsed, parse
from fitscribe.modelfolder.trust.reader import check_names
from fitscribe.modelfolder.trust.refusal import CLOUDPICKLE, places
from fitscribe.modelfolder.trust.unpack import unpacked

__all__ = ["ModelContents", "NameUse", "contents_of", "look_at"]

# Who wrote a folder.
OWN, STRANGER, UNSIGNED = "own", "stranger", "mlflow"
_WRITERS = {
    OWN: "you",
    STRANGER: "somebody else: the folder has no seal of yours",
    UNSIGNED: "MLflow, or unknown: the folder has no manifest",
}
# So many files of a folder without a manifest are listed.
MOST_FILES = 10_000
MOST_REQUIREMENTS = 1 << 20
MOST_SHOWN, MOST_REFUSED = 20, 200
ZIP = b"PK\x03\x04"


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
    archive : Archive or None
        What lies in the model's file, if it is a zip archive (skops).
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
    archive: Archive | None = None

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(self.files.values())

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
            "signature": None if self.signature is None else self.signature.to_dict(),
            "versions": dict(self.versions),
            "differing_versions": {
                name: list(pair) for name, pair in self.differing_versions.items()
            },
            "requirements": list(self.requirements),
            "created": self.created,
            "archive": None if self.archive is None else self.archive.to_dict(),
        }

    def __str__(self) -> str:
        return "\n".join(_lines(self))


def look_at(path: str | Path, digest: str | None = None) -> ModelContents:
    """Return what a model folder holds and would touch; nothing is imported, made or run.

    Parameters
    ----------
    path : str or Path
        The folder; of fitscribe, or of MLflow with a scikit-learn model.
    digest : str or None
        The SHA-256 of its manifest, where a store knows it.

    Raises
    ------
    NotFound
        If there is no MLmodel, or the model's file is missing.
    DamagedModel
        If a byte of it is not what was written.
    NotSupported
        If it is a model of another library.
    UnsafePath
        If the MLmodel names a file outside of the folder.

    Examples
    --------
    >>> import tempfile
    >>> from sklearn.linear_model import Ridge
    >>> from fitscribe.modelfolder.write import build, save
    >>> folder = tempfile.mkdtemp()
    >>> save(build(Ridge(alpha=0.5)), folder)
    >>> found = look_at(folder)
    >>> found.written_by, found.loads, found.model.params["alpha"]
    ('own', True, 0.5)
    """
    return contents_of(open_folder(path, digest))


def contents_of(opened: OpenFolder) -> ModelContents:
    """Return what an open folder holds; parameters and errors as :func:`look_at`."""
    name, format = model_file(opened)
    data = opened.read(name)
    written_by = OWN if opened.is_own else UNSIGNED if opened.manifest is None else STRANGER
    known: dict[str, Any] = {
        "path": str(opened.path),
        "written_by": written_by,
        "format": format,
        "digest": _digest(opened),
        "files": _sizes(opened),
        "signature": opened.model.signature,
        "versions": _versions(opened),
        "requirements": tuple(requirement_lines(opened)),
        "created": opened.model.utc_time_created,
    }
    if data.startswith(ZIP) or format == "skops":
        return _of_archive(data, known)
    return _of_pickle(data, opened.is_own, known)


def _of_archive(data: bytes, known: dict[str, Any]) -> ModelContents:
    """Return what a folder holds whose model is a zip archive."""
    why = (
        f"The model is written as {known['format']!r}; this version reads "
        f"{' and '.join(FORMATS)}. Save it again, where it was made, as one of them."
    )
    try:
        archive = read_archive(data)
    except DamagedModel as error:
        return ModelContents(loads=False, reason=str(error), **known)
    part = None if archive.root is None else part_of(archive.root, archive.uses)
    names = _names(archive.root, archive.uses)
    return ModelContents(
        loads=False, reason=why, model=part, names=names, archive=archive, **known
    )


def _of_pickle(data: bytes, is_own: bool, known: dict[str, Any]) -> ModelContents:
    """Return what a folder holds whose model is a pickle."""
    try:
        parsed = parse(unpacked(data))
    except (DamagedModel, NotSupported) as error:
        return ModelContents(loads=False, reason=str(error), **known)
    reason = _reason(parsed, is_own, known)
    return ModelContents(
        loads=reason is None,
        reason=reason,
        model=read_part(parsed),
        names=_names(parsed.root, parsed.uses),
        contains_code=any(module.startswith(CLOUDPICKLE) for module, _ in parsed.uses),
        **known,
    )


def _reason(parsed: Parsed, is_own: bool, known: dict[str, Any]) -> str | None:
    """Return why a model would not be loaded by itself; None if it would."""
    if known["format"] not in FORMATS:
        return (
            f"The model is written as {known['format']!r}; this version reads "
            f"{' and '.join(FORMATS)}. Save it again, where it was made, as one of them."
        )
    if not is_own:
        try:
            check_names(parsed, "The model")
        except NotTrusted as error:
            # It says what happened to who loads; here nobody did.
            return str(error).replace("was not loaded", "would not be loaded", 1)
        if parsed.wrong is not None:
            return str(parsed.wrong)
    missing = sorted({name for name in map(_library, parsed.uses) if not _is_installed(name)})
    if missing:
        return f"It needs {', '.join(missing)}, which this Python does not have."
    return None


def _library(name: tuple[str, str]) -> str:
    return name[0].partition(".")[0]


def _is_installed(library: str) -> bool:
    """Whether a top-level module could be imported; it is not."""
    if library in sys.modules or library in sys.stdlib_module_names:
        return True
    try:
        return bool(library) and importlib.util.find_spec(library) is not None
    except (ImportError, ValueError):
        return False


def _names(root: Any, uses: dict[tuple[str, str], set[str]]) -> tuple[NameUse, ...]:
    """Return the names that a file looks up."""
    where: dict[tuple[str, str], str] = {}
    for path, name in places(root):
        where.setdefault((name.module, name.name), path)
    return tuple(
        NameUse(
            f"{module}.{name}",
            tuple(sorted(how)),
            (module, name) == WRAPPER or may(module, name, how),
            where.get((module, name)),
        )
        for (module, name), how in uses.items()
    )


def _digest(opened: OpenFolder) -> str | None:
    if opened.manifest is None:
        return None
    return hashlib.sha256(read_file(opened.path, MANIFEST)).hexdigest()


def _sizes(opened: OpenFolder) -> dict[str, int]:
    """Return the files of a folder with their sizes; links are not followed."""
    if opened.manifest is not None:
        return {name: entry.size for name, entry in opened.manifest.files.items()}
    found: dict[str, int] = {}
    for folder, folders, names in os.walk(opened.path):
        folders.sort()
        for name in sorted(names):
            file = Path(folder, name)
            if len(found) >= MOST_FILES:
                return found
            found[file.relative_to(opened.path).as_posix()] = file.lstat().st_size
    return found


def _versions(opened: OpenFolder) -> dict[str, str]:
    """Return what a model was written with: of its manifest, else what its MLmodel says."""
    if opened.manifest is not None:
        return dict(opened.manifest.versions)
    flavors = opened.model.flavors
    told = {
        "python": flavors.get("python_function", {}).get("python_version"),
        "scikit-learn": flavors.get("sklearn", {}).get("sklearn_version"),
    }
    return {name: str(version) for name, version in told.items() if version is not None}


def _version_here(name: str) -> str | None:
    return platform.python_version() if name == "python" else version_of(name)


def requirement_lines(opened: OpenFolder) -> list[str]:
    """Return the lines of a folder's ``requirements.txt`` that say something; none without it."""
    try:
        data = opened.read(REQUIREMENTS_FILE)
    except (NotFound, DamagedModel):
        return []
    text = data[:MOST_REQUIREMENTS].decode("utf-8", "replace")
    return [line.strip() for line in text.splitlines() if line.strip()]


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
    if found.archive is not None:
        yield ""
        yield "Archive"
        yield from (f"  {name}: {size:,} bytes" for name, size in found.archive.members.items())
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
            yield f"  {name}: {schema!r}"


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
