"""A model folder, of fitscribe or of MLflow, becomes an object again."""

from __future__ import annotations

import atexit
import hashlib
import shutil
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from fitscribe.errors import DamagedModel, InvalidParameter, NotSupported, UnsafePath
from fitscribe.modelfolder import seal as seals
from fitscribe.modelfolder.distributions import version_of
from fitscribe.modelfolder.formats import load as load_format
from fitscribe.modelfolder.manifest import MANIFEST, Manifest, is_digest, read_content, read_file
from fitscribe.modelfolder.mlmodel import CODE, MLMODEL, Model

__all__ = [
    "TRUST_CODE",
    "OpenFolder",
    "add_code",
    "check_trust",
    "inside",
    "load",
    "load_opened",
    "model_file",
    "open_folder",
    "read_model",
]

# The word that lets a file run its code.
TRUST_CODE = "code"

# Modules that MLflow loads a scikit-learn model with; we take their place.
_LOADERS = ("mlflow.sklearn",)


def read_model(path: str | Path) -> Model:
    """Return what the MLmodel of a folder says; nothing is loaded, no code runs.

    Raises
    ------
    NotFound
        If there is no MLmodel.
    InvalidParameter
        If it cannot be read.
    """
    return Model.load(path)


def load(path: str | Path, *, trust: str | None = None, digest: str | None = None) -> object:
    """Return the object of a local model folder; a stranger's runs none of its code.

    Parameters
    ----------
    path : str or Path
        The folder; of fitscribe, or of MLflow with a scikit-learn model.
    trust : {"code"} or None
        ``"code"`` runs whatever the folder names; its ``code/`` is put in front of ``sys.path``
        and stays there. None does so with a folder that this user wrote, and of others loads what
        is on the lists of :mod:`~fitscribe.modelfolder.trust.names`.
    digest : str or None
        The SHA-256 of its manifest, where a store knows it.

    Raises
    ------
    NotTrusted
        If it names what is not listed.
    DamagedModel
        If a byte of it is not what was written, or what it holds does not fit together.
    NotFound
        If there is no MLmodel, or the model's file is missing.
    NotSupported
        If it is a model of another library, or written in a format that is not read.
    UnsafePath
        If the MLmodel names a file outside of the folder.
    InvalidParameter
        If `trust` is another word.
    """
    check_trust(trust)
    return load_opened(open_folder(path, digest), trust)


def load_opened(opened: OpenFolder, trust: str | None = None) -> object:
    """Return the object of a folder that was opened; errors and `trust` as for :func:`load`."""
    runs_code = opened.may_run_code(trust)
    name, format, code = _where(opened.model, opened.path)
    if code:
        inside(opened.path, code)
        if runs_code:
            add_code(opened, code)
    return load_format(opened.content(name), format, runs_code=runs_code, what=_what(opened))


def _what(opened: OpenFolder) -> str:
    """Return what a model is called in messages: with its scikit-learn, if another is here."""
    what = f"The model in {str(opened.path)!r}"
    written = opened.model.flavors.get("sklearn", {}).get("sklearn_version")
    here = version_of("scikit-learn")
    if written is None or written == here:
        return what
    return f"{what}, written by scikit-learn {written!s:.20} (here is {here}),"


def check_trust(trust: object) -> None:
    """Raise InvalidParameter if `trust` is another word than it may be."""
    if trust not in (None, TRUST_CODE):
        raise InvalidParameter(
            f"trust={trust!r:.80} means nothing: leave it out, or run a file's code by "
            f'trust="{TRUST_CODE}".'
        )


@dataclass(frozen=True, slots=True)
class OpenFolder:
    """A model folder whose files were read, and are what was written.

    Parameters
    ----------
    path : Path
    model : Model
        What its MLmodel says.
    manifest : Manifest or None
        None where it has none: MLflow wrote it.
    files : dict
        Path in the folder to content, of what the manifest names; what is large is a view.
    is_own : bool
        Whether this user wrote it.
    """

    path: Path
    model: Model
    manifest: Manifest | None
    files: Mapping[str, bytes | memoryview]
    is_own: bool

    def read(self, name: str) -> bytes:
        """Return a file that the MLmodel names, as :meth:`content` does, as bytes."""
        return bytes(self.content(name))

    def content(self, name: str) -> bytes | memoryview:
        """Return the content of a file that the MLmodel names; of a large one, a view.

        Raises NotFound, UnsafePath, and DamagedModel if the manifest does not name it.
        """
        within = inside(self.path, name).relative_to(self.path).as_posix()
        if self.manifest is None:
            return read_content(self.path, within)
        self.manifest.check_unknown([within])
        return self.files[within]

    def may_run_code(self, trust: str | None) -> bool:
        """Whether its code may run: this user wrote it, or says so."""
        return self.is_own or trust == TRUST_CODE


def open_folder(path: str | Path, digest: str | None = None) -> OpenFolder:
    """Read a folder and hold it against its manifest; nothing is built, no code runs.

    Raises
    ------
    NotFound
        If there is no MLmodel.
    DamagedModel
        If a file is not what was written.
    """
    folder = Path(path)
    written = _optional(folder, MANIFEST)
    if written is None:
        if is_digest(digest):
            raise DamagedModel(
                f"The {MANIFEST} of {str(folder)!r} is missing, which its store knows of. Take a "
                "copy of the folder that is whole."
            )
        return OpenFolder(folder, read_model(folder), None, {}, False)
    if is_digest(digest) and hashlib.sha256(written).hexdigest() != digest:
        raise DamagedModel(
            f"The {MANIFEST} of {str(folder)!r} is not the one that its store knows: somebody "
            "changed the folder. Nothing was loaded; take a copy that is whole."
        )
    is_own = seals.is_own(written, _optional(folder, seals.SEAL))
    manifest = Manifest.from_bytes(written)
    files = manifest.check(folder)
    code = folder / CODE
    if code.is_dir():
        found = (file for file in code.rglob("*") if file.is_file())
        manifest.check_unknown(
            file.relative_to(folder).as_posix() for file in found if file.suffix != ".pyc"
        )
    if MLMODEL not in files:
        raise DamagedModel(f"The {MANIFEST} of {str(folder)!r} does not name its {MLMODEL}.")
    model = Model.from_yaml(bytes(files[MLMODEL]).decode())
    return OpenFolder(folder, model, manifest, files, is_own)


def add_code(opened: OpenFolder, code: str) -> None:
    """Put a model's own code in front of ``sys.path``, where it stays.

    What a manifest vouches for is written anew, into a folder that is this process's alone: in
    the model's own, somebody could have put compiled code beside it, which Python would take.
    """
    folder = inside(opened.path, code)
    if opened.manifest is not None:
        folder = _written_code(opened, f"{folder.relative_to(opened.path).as_posix()}/")
    place = str(folder.resolve())
    if place not in sys.path:
        sys.path.insert(0, place)


def _written_code(opened: OpenFolder, under: str) -> Path:
    files = {name: data for name, data in opened.files.items() if name.startswith(under)}
    known = hashlib.sha256()
    for name, data in sorted(files.items()):
        known.update(f"{name}\0{len(data)}\0".encode() + data)
    folder = _code.get(known.digest())
    if folder is None:
        folder = Path(tempfile.mkdtemp(prefix="fitscribe-code-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        for name, data in files.items():
            file = folder / name.removeprefix(under)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
        _code[known.digest()] = folder
    return folder


# Where code was written in this process, by its content.
_code: dict[bytes, Path] = {}


def model_file(opened: OpenFolder) -> tuple[str, str]:
    """Return which file of a folder is the model, and its format.

    Raises
    ------
    NotSupported
        If it is a model of another library.
    UnsafePath
        If the MLmodel names a file outside of the folder.
    """
    name, format, _ = _where(opened.model, opened.path)
    return inside(opened.path, name).relative_to(opened.path).as_posix(), format


def _optional(folder: Path, name: str) -> bytes | None:
    """Return a file's content, or None where there is none."""
    return read_file(folder, name) if (folder / name).is_file() else None


def _where(model: Model, folder: Path) -> tuple[str, str, str | None]:
    """Return the model's file, its format, and its folder of code."""
    flavor: dict[str, Any] | None = model.flavors.get("sklearn")
    if flavor is not None and flavor.get("pickled_model"):
        # MLflow before 1.0 did not name the format.
        return flavor["pickled_model"], _format(flavor), flavor.get("code")
    served = model.flavors.get("python_function", {})
    if served.get("loader_module") in _LOADERS:
        # `data` is how MLflow 1.x called `model_path`.
        name = served.get("model_path") or served.get("data")
        if name:
            return name, _format(flavor or {}), served.get("code")
    raise NotSupported(
        f"{str(folder)!r} holds no scikit-learn model; its flavors are "
        f"{', '.join(model.flavors) or 'none'}. Load it with the library that wrote it."
    )


def _format(flavor: dict[str, Any]) -> str:
    """Return the format that a flavor names; old ones name none and mean pickle."""
    return str(flavor.get("serialization_format") or "pickle")


def inside(folder: Path, name: str) -> Path:
    """Return a path in a folder. Raises UnsafePath if it would leave it."""
    relative = PurePosixPath(str(name).replace("\\", "/"))
    if relative.is_absolute() or ".." in relative.parts or ":" in str(relative):
        raise UnsafePath(f"The MLmodel of {str(folder)!r} names {name!r}, outside of its folder.")
    return folder / relative
