"""What a model folder holds and what loading it would touch, found out without loading it."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
from pathlib import Path
from typing import Any

from fitscribe.errors import DamagedModel, NotFound, NotSupported, NotTrusted
from fitscribe.modelfolder.contents import OWN, STRANGER, UNSIGNED, ModelContents, NameUse
from fitscribe.modelfolder.environment import REQUIREMENTS_FILE
from fitscribe.modelfolder.formats import FORMATS
from fitscribe.modelfolder.manifest import MANIFEST, read_file
from fitscribe.modelfolder.mlmodel import CODE
from fitscribe.modelfolder.read import OpenFolder, model_file, open_folder
from fitscribe.modelfolder.symbols import read_part
from fitscribe.modelfolder.trust.archive import Archive
from fitscribe.modelfolder.trust.names import may
from fitscribe.modelfolder.trust.nodes import parse as parse_tree
from fitscribe.modelfolder.trust.opcodes import parse
from fitscribe.modelfolder.trust.parsed import WRAPPER, Parsed
from fitscribe.modelfolder.trust.reader import check_names
from fitscribe.modelfolder.trust.refusal import CLOUDPICKLE, places
from fitscribe.modelfolder.trust.unpack import unpacked

__all__ = ["contents_of", "look_at", "versions_of"]

# So many files of a folder without a manifest are listed.
MOST_FILES = 10_000
MOST_REQUIREMENTS = 1 << 20
ZIP = b"PK\x03\x04"


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
    data = opened.content(name)
    written_by = OWN if opened.is_own else UNSIGNED if opened.manifest is None else STRANGER
    known: dict[str, Any] = {
        "path": str(opened.path),
        "written_by": written_by,
        "format": format,
        "digest": _digest(opened),
        "files": _sizes(opened),
        "signature": opened.model.signature,
        "versions": versions_of(opened),
        "requirements": tuple(_requirement_lines(opened)),
        "created": _text(opened.model.utc_time_created),
    }
    if data[: len(ZIP)] == ZIP or format == "skops":
        return _of_archive(bytes(data), opened.is_own, known)
    return _of_pickle(data, opened.is_own, known)


def _of_archive(data: bytes, is_own: bool, known: dict[str, Any]) -> ModelContents:
    """Return what a folder holds whose model is a zip archive, as skops writes them."""
    try:
        archive = Archive(data)
        known["members"] = {name: archive.size(name) for name in archive.names()}
        parsed = parse_tree(archive).parsed
    except (DamagedModel, NotSupported) as error:
        return ModelContents(loads=False, reason=str(error), **known)
    return _of_symbols(parsed, is_own, known)


def _of_pickle(data: bytes | memoryview, is_own: bool, known: dict[str, Any]) -> ModelContents:
    """Return what a folder holds whose model is a pickle."""
    try:
        parsed = parse(unpacked(data))
    except (DamagedModel, NotSupported) as error:
        return ModelContents(loads=False, reason=str(error), **known)
    return _of_symbols(parsed, is_own, known)


def _of_symbols(parsed: Parsed, is_own: bool, known: dict[str, Any]) -> ModelContents:
    """Return what a folder holds whose model's file was read on symbols."""
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
    brought = _modules_in(known["files"]) if is_own else set()
    needed = set(map(_library, parsed.uses)) - brought
    if known["format"] == "skops":
        needed.add("skops")
    missing = sorted(name for name in needed if not _is_installed(name))
    if missing:
        return f"It needs {', '.join(missing)}, which this Python does not have."
    return None


def _modules_in(files: dict[str, int]) -> set[str]:
    """Return the modules that lie in a folder's ``code/``."""
    inside = (name.split("/")[1] for name in files if name.startswith(f"{CODE}/"))
    return {name.removesuffix(".py") for name in inside}


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


def _text(value: object) -> str | None:
    """Return what an MLmodel says as text, whatever it is."""
    return None if value is None else str(value)


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


def versions_of(opened: OpenFolder) -> dict[str, str]:
    """Return what a model was written with: of its manifest, else what its MLmodel says."""
    if opened.manifest is not None:
        return dict(opened.manifest.versions)
    flavors = opened.model.flavors
    told = {
        "python": flavors.get("python_function", {}).get("python_version"),
        "scikit-learn": flavors.get("sklearn", {}).get("sklearn_version"),
    }
    return {name: str(version) for name, version in told.items() if version is not None}


def _requirement_lines(opened: OpenFolder) -> list[str]:
    """Return the lines of a folder's ``requirements.txt`` that say something; none without it."""
    try:
        data = opened.read(REQUIREMENTS_FILE)
    except (NotFound, DamagedModel):
        return []
    text = data[:MOST_REQUIREMENTS].decode("utf-8", "replace")
    return [line.strip() for line in text.splitlines() if line.strip()]
