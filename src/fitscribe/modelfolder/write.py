"""A model becomes a folder in MLflow's format: first in memory, then where it is wanted."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fitscribe.core.clock import new_model_uuid
from fitscribe.errors import AlreadyExists, InvalidParameter
from fitscribe.modelfolder.distributions import version_of
from fitscribe.modelfolder.environment import (
    CONDA_FILE,
    PYTHON_ENV_FILE,
    PYTHON_VERSION,
    choose_environment,
    inferred_requirements,
)
from fitscribe.modelfolder.example import write_example
from fitscribe.modelfolder.formats import Dump, check_format, dump
from fitscribe.modelfolder.golden import GOLDEN
from fitscribe.modelfolder.manifest import MANIFEST, FileEntry, Manifest
from fitscribe.modelfolder.mlmodel import CODE, MLMODEL, Model
from fitscribe.modelfolder.parts import estimator_tree
from fitscribe.modelfolder.read import OpenFolder
from fitscribe.modelfolder.schema import ModelSignature
from fitscribe.modelfolder.seal import SEAL, seal, unsealed

__all__ = [
    "LOADER",
    "MODEL_FILE",
    "PROFILE",
    "SKOPS_FILE",
    "UNSHARED",
    "ModelFolder",
    "build",
    "collect",
    "described_again",
    "rewrite",
    "save",
    "sign",
    "versions_here",
]

MODEL_FILE = "model.pkl"
SKOPS_FILE = "model.skops"
# The module that MLflow loads the model with; where there is no MLflow, it means us.
LOADER = "mlflow.sklearn"
EXTRA = "extra_files"
PROFILE = "profile.json"
# Files that no other folder has the same of.
UNSHARED = (MLMODEL, MANIFEST, SEAL, GOLDEN, PROFILE)
# Whose versions the manifest keeps, besides Python's.
VERSIONS = ("scikit-learn", "numpy", "scipy")


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """A model folder that is not written yet.

    Parameters
    ----------
    files : dict
        Path in the folder, with ``/``, to content; the MLmodel is among them.
    model : Model
        What its MLmodel says.
    digest : str
        SHA-256 of the manifest, hexadecimal: whoever knows it can tell whether a byte changed.
    """

    files: dict[str, bytes]
    model: Model
    digest: str


def build(
    model: object,
    *,
    format: str | None = None,
    signature: ModelSignature | None = None,
    input_example: Any = None,
    input_module: str | None = None,
    model_id: str | None = None,
    run_id: str | None = None,
    artifact_path: str | None = None,
    pip_requirements: Sequence[str] | str | Path | None = None,
    extra_pip_requirements: Sequence[str] | str | Path | None = None,
    conda_env: Mapping[str, Any] | str | Path | None = None,
    code_paths: Sequence[str | Path] | None = None,
    metadata: Mapping[str, Any] | None = None,
    pyfunc_predict_fn: str = "predict",
    extra_files: Sequence[str | Path] | None = None,
    golden: bytes | None = None,
    profile: bytes | None = None,
) -> ModelFolder:
    """Return the folder of a model; nothing is written, nothing is predicted.

    Parameters
    ----------
    model : object
        A scikit-learn estimator, or any object that pickle takes. It is not changed.
    format : {"pickle", "cloudpickle", "skops"} or None
        None takes ``pickle``, and ``cloudpickle`` for an object that holds classes or functions
        which only this script has.
    signature : ModelSignature or None
        What the model takes and gives.
    input_example : object
        A few rows, all of which are written; see :func:`~.example.write_example`.
    input_module : str or None
        Top-level module of the data that the model takes, ``"pandas"`` say; it is required then.
    model_id : str or None
        Id of the logged model; None for a model that no store knows.
    run_id, artifact_path : str or None
        The run that logs it, and where.
    pip_requirements, extra_pip_requirements, conda_env
        At most one; see :func:`~.environment.choose_environment`. None of them: what the model's
        bytes name.
    code_paths : sequence of path or None
        Files and folders of Python code that loading needs; put into ``code/``.
    metadata : mapping or None
        Kept in the MLmodel.
    pyfunc_predict_fn : str
        The method that serving calls. A model without it cannot be served, and the MLmodel then
        says only how to load it.
    extra_files : sequence of path or None
        Put into ``extra_files/``.
    golden : bytes or None
        Rows with the model's answers, see :mod:`~fitscribe.modelfolder.golden`; as
        ``golden.json``.
    profile : bytes or None
        What the model saw at its fit; as ``profile.json``.

    Returns
    -------
    ModelFolder

    Raises
    ------
    InvalidParameter
        If the model cannot be pickled, an example cannot be JSON, a path is not there, or
        arguments exclude each other.
    """
    check_format(format)
    # Files of the user before the model: a wrong path should not cost the time of a big pickle.
    files = collect("code_paths", code_paths, CODE)
    extra = collect("extra_files", extra_files, EXTRA)
    files.update(extra)
    written = dump(model, format)
    files[_name_of(written)] = written.data
    info = None
    if input_example is not None:
        info, example_files = write_example(input_example)
        files.update(example_files)
    size = sum(map(len, files.values()))  # as MLflow counts: without environment and MLmodel
    modules = set(written.modules)
    if written.format != "pickle":
        modules.add(written.format)
    modules.update(filter(None, (input_module, _module_of_example(input_example))))
    inferred = [] if pip_requirements is not None else inferred_requirements(modules)
    environment = choose_environment(inferred, conda_env, pip_requirements, extra_pip_requirements)
    files.update(environment.files())
    described = Model(
        artifact_path=artifact_path,
        run_id=run_id,
        flavors=_flavors(model, written, pyfunc_predict_fn, bool(code_paths), list(extra)),
        signature=signature,
        saved_input_example_info=info,
        metadata=dict(metadata) if metadata is not None else None,
        model_size_bytes=size,
        model_id=model_id,
    )
    if model_id is not None:
        described.model_uuid = model_id
    files[MLMODEL] = described.to_yaml().encode()
    beside = {GOLDEN: golden, PROFILE: profile}
    files.update({name: data for name, data in beside.items() if data is not None})
    digest = sign(files, written, model)
    return ModelFolder(files, described, digest)


def sign(
    files: dict[str, bytes], written: Dump, model: object = None, contains_code: bool = False
) -> str:
    """Add the manifest and the seal to a folder's files.

    Parameters
    ----------
    files : dict
        All files; two are added.
    written : Dump
        The model's own file.
    model : object
        The model itself; None for one that only its loader knows.
    contains_code : bool
        Whether loading it runs code even if its file holds none.

    Returns
    -------
    str
        The manifest's digest.
    """
    names = getattr(model, "feature_names_in_", None)
    manifest = Manifest(
        {name: FileEntry.of(data) for name, data in files.items()},
        written.format,
        contains_code or written.contains_code,
        sorted(written.names),
        {} if model is None else estimator_tree(model),
        None if names is None else [str(name) for name in names],
        versions_here(),
        GOLDEN if GOLDEN in files else None,
    ).to_bytes()
    return _sealed(files, manifest, is_own=True)


def _sealed(files: dict[str, bytes], manifest: bytes, is_own: bool) -> str:
    files[MANIFEST] = manifest
    sealed = seal(manifest) if is_own else unsealed(manifest)
    if sealed is not None:
        files[SEAL] = sealed
    return hashlib.sha256(manifest).hexdigest()


def described_again(opened: OpenFolder, model: Model) -> tuple[dict[str, bytes], str | None]:
    """Return the files of a folder that change when its MLmodel does, in the order to write them.

    A stranger's folder stays a stranger's.

    Returns
    -------
    files : dict
        By their paths in the folder.
    digest : str or None
        Of the new manifest; None for a folder without one, which MLflow wrote.
    """
    described = model.to_yaml().encode()
    files: dict[str, bytes] = {}
    digest = None
    if opened.manifest is not None:
        entries = {**opened.manifest.files, MLMODEL: FileEntry.of(described)}
        manifest = replace(opened.manifest, files=entries).to_bytes()
        digest = _sealed(files, manifest, opened.is_own)
    files[MLMODEL] = described
    return files, digest


def rewrite(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files of a folder that is there, each in one step."""
    for name, data in files.items():
        file = folder / name
        beside = file.with_name(f".{file.name}.{new_model_uuid()[:12]}")
        try:
            beside.write_bytes(data)
            os.replace(beside, file)
        finally:
            beside.unlink(missing_ok=True)


def versions_here() -> dict[str, str]:
    """Return the versions of Python and of the libraries that a manifest keeps."""
    found = {name: version_of(name) for name in VERSIONS}
    versions = {name: version for name, version in found.items() if version is not None}
    return {"python": platform.python_version(), **versions}


def _name_of(written: Dump) -> str:
    """Return what the model's file is called, by MLflow's names."""
    return SKOPS_FILE if written.format == "skops" else MODEL_FILE


def _module_of_example(example: Any) -> str | None:
    """Return the top-level module of an input example's class."""
    data = example[0] if isinstance(example, tuple) and example else example
    return None if data is None else type(data).__module__.partition(".")[0]


def _flavors(
    model: object, written: Dump, predict_fn: str, code: bool, extra: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Return how MLflow loads the model: as itself, and as a thing that predicts."""
    sklearn: dict[str, Any] = {
        "code": CODE if code else None,
        "pickled_model": _name_of(written),
        "serialization_format": written.format,
        "sklearn_version": version_of("scikit-learn"),
        # MLflow asks the file whom to trust; we do not.
        "skops_trusted_types": list(written.untrusted) or None,
    }
    if extra:
        sklearn["extra_files"] = [{"path": path} for path in extra]
    flavors = {"sklearn": sklearn}
    if hasattr(model, predict_fn):
        flavors["python_function"] = {
            "env": {"conda": CONDA_FILE, "virtualenv": PYTHON_ENV_FILE},
            "loader_module": LOADER,
            "model_path": _name_of(written),
            "predict_fn": predict_fn,
            "python_version": PYTHON_VERSION,
        }
        if code:
            flavors["python_function"]["code"] = CODE
    return flavors


def collect(argument: str, paths: Sequence[str | Path] | None, under: str) -> dict[str, bytes]:
    """Return the content of files and folders, by the path that they get.

    Compiled Python is left out. Two things of one name are refused.
    """
    if paths is None:
        return {}
    if isinstance(paths, (str, bytes)) or not isinstance(paths, Sequence):
        raise InvalidParameter(f"{argument} is a list of paths, not {paths!r:.80}.")
    files: dict[str, bytes] = {}
    for given in paths:
        path = Path(os.path.abspath(given))  # "." gets its name; a link keeps its own
        if path.is_dir():
            found = [file for file in sorted(path.rglob("*")) if file.is_file()]
        elif path.is_file():
            found = [path]
        else:
            raise InvalidParameter(f"{argument} names {str(given)!r}, which is not there.")
        for file in found:
            relative = file.relative_to(path.parent)
            if "__pycache__" in relative.parts or file.suffix == ".pyc":
                continue
            name = f"{under}/{relative.as_posix()}"
            if name in files:
                raise InvalidParameter(f"{argument} names two things that become {name!r}.")
            files[name] = file.read_bytes()
    return files


def save(folder: ModelFolder, path: str | Path) -> None:
    """Write a model folder; who reads `path` sees all of it or nothing.

    It is written beside and renamed into place. Folders above it are made.

    Parameters
    ----------
    folder : ModelFolder
    path : str or Path
        Where; must be absent or an empty folder.

    Raises
    ------
    AlreadyExists
        If something is there.
    """
    target = Path(path)
    if _is_taken(target):
        raise _taken(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise _taken(target.parent) from None
    beside = target.with_name(f".{target.name[:40]}.{new_model_uuid()[:12]}")
    beside.mkdir()
    try:
        for name, content in folder.files.items():
            file = beside / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        if target.exists():
            target.rmdir()  # empty; Windows renames onto nothing only
        os.rename(beside, target)
    except OSError:
        if _is_taken(target):  # somebody was faster
            raise _taken(target) from None
        raise
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _is_taken(target: Path) -> bool:
    """Return whether there is more than an empty folder."""
    return target.exists() and not (target.is_dir() and not any(target.iterdir()))


def _taken(target: Path) -> AlreadyExists:
    """Return the error for a path where something is, in MLflow's words."""
    return AlreadyExists(
        f"Path {str(target)!r} already exists and is not empty. "
        "Choose another, or remove it first."
    )
