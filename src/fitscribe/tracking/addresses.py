"""What an address names: ``runs:/…``, ``models:/…``, a folder or a ``file:`` address."""

from __future__ import annotations

import contextlib
import io
import json
from dataclasses import replace
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from fitscribe.core.commands import ModelChange
from fitscribe.core.entities import FileInfo, LoggedModel, Run
from fitscribe.core.registered_names import LATEST
from fitscribe.core.registry import ModelVersion
from fitscribe.core.uris import (
    LocalPath,
    ModelAlias,
    ModelId,
    ModelLatest,
    ModelStage,
    ModelUri,
    RunArtifact,
    parse_model_uri,
    scheme_of,
)
from fitscribe.errors import InvalidParameter, MissingDependency, NotFound, NotSupported
from fitscribe.modelfolder import yamltext
from fitscribe.modelfolder.info import ModelInfo
from fitscribe.modelfolder.read import OpenFolder, open_folder, read_model
from fitscribe.modelfolder.schema import ModelSignature
from fitscribe.modelfolder.write import described_again, rewrite
from fitscribe.tracking.artifacts import RunFiles, files_at, path_text
from fitscribe.tracking.connect import Connection, connect

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = [
    "artifact_of_run",
    "download_artifacts",
    "find_model",
    "folder_of_model",
    "get_model_info",
    "list_artifacts",
    "load_dict",
    "load_image",
    "load_text",
    "locate_model",
    "models_made",
    "open_model",
    "set_signature",
    "version_at",
]


def _resolve(
    address: str | Path, connection: Connection, *, there: bool = True
) -> tuple[RunFiles, str | None]:
    """Return the files that an address names, and the path in them (None: all of them).

    Parameters
    ----------
    address : str or Path
    connection : Connection
    there : bool
        Whether what a run does not have is NotFound.
    """
    parsed = parse_model_uri(str(address))
    if isinstance(parsed, LocalPath):
        path = _here(parsed, address)
        return files_at(connection, path.parent.as_uri()), path.name
    if isinstance(parsed, ModelId):
        found = connection.store.get_logged_model(parsed.model_id)
        return files_at(connection, found.artifact_location), None
    if isinstance(parsed, RunArtifact):
        return artifact_of_run(connection, parsed.run_id, parsed.path, there=there)
    version = version_at(connection, parsed)
    where = connection.store.get_model_version_download_uri(version.name, version.version)
    if scheme_of(where) not in ("", "file"):
        raise NotSupported(
            f"The files of {str(address)!r} are at {where!r:.200}, which fitscribe does not read. "
            "Download them and give their folder."
        )
    return files_at(connection, where), None


def version_at(connection: Connection, named: ModelUri) -> ModelVersion:
    """Return the version of a registered model that an address names just now.

    Raises
    ------
    NotFound
        If there is no such name or version, or none in that stage.
    InvalidParameter
        If the name has no such alias, or the address is of no registered model.
    """
    store = connection.store
    if isinstance(named, ModelAlias):
        return store.get_model_version_by_alias(named.name, named.alias)
    if isinstance(named, ModelLatest):
        return store.get_model_version_by_alias(named.name, LATEST)
    if isinstance(named, ModelStage):
        found = store.get_latest_versions(named.name, [named.stage])
        if not found:
            raise NotFound(
                f"The registered model {named.name!r:.80} has no version in the stage "
                f"{named.stage}. List them: fitscribe models versions {named.name!r:.80}"
            )
        return found[0]
    if isinstance(named, (LocalPath, ModelId, RunArtifact)):
        raise InvalidParameter(
            "That is no address of a registered model: models:/<name>/<version>, "
            "models:/<name>@<alias>, models:/<name>/latest."
        )
    return store.get_model_version(named.name, str(named.version))


def _here(parsed: LocalPath, address: str | Path) -> Path:
    """Return a local path. Raises NotFound if there is nothing."""
    path = Path(parsed.path).absolute()
    try:
        found_here = path.exists()
    except OSError:  # a name that is too long
        found_here = False
    if not found_here:
        raise NotFound(f"There is no file or folder {str(address)!r:.200}.")
    return path


def artifact_of_run(
    connection: Connection, run_id: str, path: str | PurePath | None, *, there: bool = True
) -> tuple[RunFiles, str | None]:
    """Return where a run's artifact lies: its own file, else one of a model that it made.

    Parameters
    ----------
    connection : Connection
    run_id : str
    path : str, Path or None
        None or empty for all that the run has.
    there : bool
        Whether a path that the run does not have is NotFound.
    """
    run = connection.store.get_run(run_id)
    files = files_at(connection, run.info.artifact_uri)
    path = "" if path is None else path_text(path)
    path = path.rstrip("/") or path
    if not path:
        return files, None
    inside = files.path(path)
    if files.store.is_file(inside) or files.store.is_folder(inside):
        return files, path
    name, _, below = path.partition("/")
    found = connection.store.find_logged_model(run_id, name)
    if found is not None:
        made = files_at(connection, found.artifact_location)
        return replace(made, shown=name), below or None
    if not there:
        return files, path
    names = sorted({model.name for model in models_made(connection, run)})
    entries = sorted(entry.path for entry in files.list()) + names
    known = f"It has: {', '.join(entries)}." if entries else "It has none."
    raise NotFound(f"The run {run_id} has no model or artifact {path!r}. {known}")


def models_made(connection: Connection, run: Run) -> list[LoggedModel]:
    """Return the models that a run made, without those in the bin."""
    made = []
    for output in run.outputs.model_outputs:
        with contextlib.suppress(NotFound):
            made.append(connection.store.get_logged_model(output.model_id))
    return made


def folder_of_model(model_uri: str | Path, destination: str | Path | None = None) -> Path:
    """Return the local folder of a model.

    Parameters
    ----------
    model_uri : str or Path
        A folder, ``runs:/<run id>/<model name>``, ``models:/m-<id>``, or a version of a
        registered model: ``models:/<name>/3``, ``models:/<name>@<alias>``,
        ``models:/<name>/latest``, ``models:/<name>/Production``.
    destination : str or Path, optional
        Copy it there; by default it is read where it lies.

    Raises
    ------
    NotFound
        If there is no such run, model or folder.
    NotSupported
        For a version whose files are kept elsewhere (``s3://…``).
    """
    parsed = parse_model_uri(str(model_uri))
    if isinstance(parsed, LocalPath) and destination is None:
        return _here(parsed, model_uri)  # no store is needed, so none is opened or made
    files, path = _resolve(model_uri, connect())
    return Path(files.download(path, destination))


def find_model(model_uri: str | Path) -> LoggedModel | None:
    """Return the logged model that an address names, or None for a bare folder."""
    parsed = parse_model_uri(str(model_uri))
    if isinstance(parsed, ModelId):
        return connect().store.get_logged_model(parsed.model_id)
    if isinstance(parsed, RunArtifact):
        return connect().store.find_logged_model(parsed.run_id, parsed.path)
    if isinstance(parsed, LocalPath):
        return None
    connection = connect()
    model_id = version_at(connection, parsed).model_id
    return None if model_id is None else connection.store.get_logged_model(model_id)


def _pinned(model_uri: str | Path) -> tuple[str | Path, int | None]:
    """Return an address by which a model stays the same, and its number if it is a version.

    An alias, or what is the latest, may be moved while it is looked at.
    """
    parsed = parse_model_uri(str(model_uri))
    if isinstance(parsed, (LocalPath, ModelId, RunArtifact)):
        return model_uri, None
    version = version_at(connect(), parsed)
    number = int(version.version)
    return f"models:/{version.name}/{number}", number


def locate_model(
    model_uri: str | Path, destination: str | Path | None = None
) -> tuple[Path, str | None]:
    """Return a model's local folder, and the digest of its manifest that its store knows.

    Parameters and errors as of :func:`folder_of_model`. No store knows a bare folder, nor a folder
    that a run has of its own beside a logged model of that name.
    """
    model_uri, _ = _pinned(model_uri)
    if isinstance(parse_model_uri(str(model_uri)), LocalPath):
        return folder_of_model(model_uri, destination), None
    connection = connect()
    files, path = _resolve(model_uri, connection)
    known = find_model(model_uri)
    digest = None
    if known is not None and path is None:
        own = files_at(connection, known.artifact_location)
        digest = known.digest if own.uri == files.uri else None
    return Path(files.download(path, destination)), digest


def open_model(model_uri: str | Path, destination: str | Path | None = None) -> OpenFolder:
    """Return a model's folder, read once and held against what its store knows of it.

    Raises
    ------
    NotFound, NotSupported
        As :func:`folder_of_model`.
    DamagedModel
        If a byte of it is not what was written.
    """
    return open_folder(*locate_model(model_uri, destination))


def get_model_info(model_uri: str | Path) -> ModelInfo:
    """Return a model's facts without loading it; parameters as :func:`folder_of_model`."""
    model_uri, number = _pinned(model_uri)
    model = read_model(folder_of_model(model_uri))
    known = find_model(model_uri)
    if known is None:
        return ModelInfo.of(model, str(model_uri), registered_model_version=number)
    return ModelInfo.of(model, known.model_uri, known.name, known.params, known.tags, number)


def set_signature(model_uri: str | Path, signature: ModelSignature) -> None:
    """Give a saved or logged model another signature.

    Its ``MLmodel`` is replaced, and with it the manifest and the seal.

    Parameters
    ----------
    model_uri : str or Path
        ``runs:/<run id>/<model name>``, ``models:/m-<id>``, or a folder.
    signature : ModelSignature
        As ``infer_signature`` gives it.

    Raises
    ------
    InvalidParameter
        If it is no signature.
    NotFound
        If there is no such model.

    Examples
    --------
    >>> import numpy as np
    >>> import fitscribe.sklearn
    >>> from fitscribe.models import infer_signature
    >>> from sklearn.linear_model import Ridge
    >>> X = np.eye(2)
    >>> info = fitscribe.sklearn.log_model(Ridge().fit(X, [0.0, 1.0]))
    >>> set_signature(info.model_uri, infer_signature(X))
    >>> get_model_info(info.model_uri).signature.inputs
    [Tensor('float64', (-1, 2))]
    """
    if not isinstance(signature, ModelSignature):
        raise InvalidParameter(
            f"A signature is a ModelSignature, not {signature!r:.80}. infer_signature(...) makes "
            "one from data."
        )
    model_uri, _ = _pinned(model_uri)
    opened = open_model(model_uri)
    changed, digest = described_again(opened, replace(opened.model, signature=signature))
    if isinstance(parse_model_uri(str(model_uri)), LocalPath):
        rewrite(opened.path, changed)
        return
    connection, known = connect(), find_model(model_uri)
    files, path = _resolve(model_uri, connection)
    for name, data in changed.items():
        files.put_bytes("/".join(part for part in (path, name) if part), data)
    if known is not None and digest is not None:
        connection.store.update_logged_model(known.model_id, ModelChange(digest=digest))


def _given(
    artifact_uri: str | Path | None,
    run_id: str | None,
    artifact_path: str | None,
    tracking_uri: str | None,
    *,
    there: bool = True,
) -> tuple[RunFiles, str | None]:
    if (artifact_uri is None) == (run_id is None):
        raise InvalidParameter("Give either artifact_uri or run_id.")
    if artifact_uri is not None and artifact_path is not None:
        raise InvalidParameter(
            "artifact_path belongs to run_id; write it behind the artifact_uri instead: "
            f"{str(artifact_uri).rstrip('/')}/{artifact_path}"
        )
    connection = connect(tracking_uri)
    if artifact_uri is not None:
        return _resolve(artifact_uri, connection, there=there)
    return artifact_of_run(connection, str(run_id), artifact_path, there=there)


def download_artifacts(
    artifact_uri: str | None = None,
    run_id: str | None = None,
    artifact_path: str | None = None,
    dst_path: str | Path | None = None,
    tracking_uri: str | None = None,
    registry_uri: str | None = None,
) -> str:
    """Return a local path of an artifact, by address or by run and path.

    Parameters
    ----------
    artifact_uri : str, optional
        ``runs:/<run id>/<path>``, ``models:/m-<id>``, ``models:/<name>/<version>``, a folder or
        a ``file:`` address.
    run_id, artifact_path : str, optional
        The same by parts.
    dst_path : str or Path, optional
        Copy it into this folder, a folder under its own name; by default it is read where it
        lies.
    tracking_uri : str, optional
        Another store than the one in force.
    registry_uri : str, optional
        Accepted for MLflow's sake; models are kept where runs are.
    """
    del registry_uri
    files, path = _given(artifact_uri, run_id, artifact_path, tracking_uri)
    return files.download(path, dst_path)


def list_artifacts(
    artifact_uri: str | None = None,
    run_id: str | None = None,
    artifact_path: str | None = None,
    tracking_uri: str | None = None,
) -> list[FileInfo]:
    """Return the entries of a folder of artifacts, none where there is no such folder.

    Parameters as in :func:`download_artifacts`.
    """
    files, path = _given(artifact_uri, run_id, artifact_path, tracking_uri, there=False)
    return files.list(path)


def _content(artifact_uri: str) -> bytes:
    files, path = _resolve(artifact_uri, connect())
    return files.store.read(files.path(path))


def _unread(artifact_uri: str, what: str, error: Exception) -> InvalidParameter:
    return InvalidParameter(
        f"{artifact_uri!r} is no {what}: {error}. download_artifacts({artifact_uri!r}) gives it "
        "as it is."
    )


def load_text(artifact_uri: str) -> str:
    """Return a text artifact, which is UTF-8. Raises NotFound, InvalidParameter."""
    try:
        return _content(artifact_uri).decode()
    except UnicodeDecodeError as error:
        raise _unread(artifact_uri, "UTF-8 text", error) from error


def load_dict(artifact_uri: str) -> Any:
    """Return what a JSON or YAML artifact holds. Raises NotFound, InvalidParameter."""
    # JSON is YAML, but for a tab here and there; its own parser is the faster and stricter one.
    text = load_text(artifact_uri)
    if artifact_uri.endswith((".yml", ".yaml")):
        return yamltext.load(text)
    try:
        return json.loads(text)
    except ValueError as error:
        raise _unread(artifact_uri, "JSON", error) from error


def load_image(artifact_uri: str) -> Image:
    """Return an image artifact as a ``PIL.Image.Image``, read completely.

    Raises
    ------
    NotFound
        If there is no such file.
    InvalidParameter
        If Pillow cannot read it.
    MissingDependency
        Without Pillow.
    """
    try:
        from PIL import Image as module
    except ImportError:
        raise MissingDependency("load_image needs Pillow: pip install pillow") from None
    data = _content(artifact_uri)
    try:
        image = module.open(io.BytesIO(data))
        image.load()
    except (OSError, SyntaxError, ValueError, module.DecompressionBombError) as error:
        # Pillow's readers of some formats report damage as SyntaxError.
        raise _unread(artifact_uri, "image", error) from error
    return image
