"""Models that predict, by their address: loaded, saved, logged."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fitscribe.errors import FitscribeWarning, InvalidParameter, NotFound, NotSupported
from fitscribe.modelfolder.environment import CONDA_FILE, REQUIREMENTS_FILE, version_differences
from fitscribe.modelfolder.info import ModelInfo
from fitscribe.modelfolder.pyfunc import PyFuncModel, load_pyfunc
from fitscribe.modelfolder.python_folder import (
    Artifact,
    Described,
    build_by_loader,
    build_python_model,
)
from fitscribe.modelfolder.request import read_request
from fitscribe.modelfolder.write import ModelFolder, save
from fitscribe.tracking.addresses import download_artifacts, folder_of_model, locate_model
from fitscribe.tracking.log_model import Place, log_folder
from fitscribe.tracking.stack import level_of_caller

__all__ = [
    "get_model_dependencies",
    "load_model",
    "log_model",
    "save_model",
    "validate_serving_input",
    "warn_of_versions",
]


def load_model(
    model_uri: str | Path,
    suppress_warnings: bool = False,
    dst_path: str | Path | None = None,
    model_config: Mapping[str, Any] | str | Path | None = None,
    trust: str | None = None,
) -> PyFuncModel:
    """Return a model that predicts, whatever it was made with.

    Parameters
    ----------
    model_uri : str or Path
        ``runs:/<run id>/model``, ``models:/m-<id>``, or a folder, of fitscribe or of MLflow.
    suppress_warnings : bool
        Whether to say nothing of packages that have other versions here.
    dst_path : str or Path, optional
        Copy the folder there first.
    model_config : mapping or path, optional
        Settings of a ``PythonModel`` that replace those it was saved with.
    trust : {"code"} or None
        ``"code"`` for a model of somebody else's that runs code of its own: a ``PythonModel``, or
        one whose loader is another library's. Say it of models of people whom you trust.

    Raises
    ------
    NotFound
        If there is no such model, or it has no method to predict with.
    NotTrusted
        If it would run somebody else's code, and `trust` does not say so.

    Examples
    --------
    >>> import numpy as np
    >>> import fitscribe.sklearn
    >>> from sklearn.linear_model import Ridge
    >>> X = np.array([[0.0], [1.0]])
    >>> info = fitscribe.sklearn.log_model(Ridge().fit(X, X[:, 0]), input_example=X)
    >>> load_model(info.model_uri).predict([[0.5]])
    array([0.5])
    """
    folder, digest = locate_model(model_uri, dst_path)
    if not suppress_warnings:
        warn_of_versions(model_uri, folder)
    return load_pyfunc(folder, trust=trust, digest=digest, model_config=model_config)


def warn_of_versions(model_uri: str | Path, folder: Path) -> None:
    """Warn if packages have other versions here than where a model was saved."""
    found = version_differences(folder)
    if found:
        warnings.warn(
            f"The model {str(model_uri)!r} was saved with other versions: "
            f"{', '.join(found)}. Its answers may differ, or it may not load.",
            FitscribeWarning,
            stacklevel=level_of_caller(),
        )


def validate_serving_input(
    model_uri: str | Path, serving_input: str | Mapping[str, Any], trust: str | None = None
) -> Any:
    """Return what a model answers to a request, without a server.

    Parameters
    ----------
    model_uri, trust
        As for :func:`load_model`.
    serving_input : str or mapping
        The request: JSON text, or what it says. ``convert_input_example_to_serving_input`` makes
        one.

    Raises
    ------
    InvalidParameter
        If it is no request, or does not fit the model's signature.
    NotFound, NotTrusted
        As :func:`load_model`.
    """
    model = load_model(model_uri, trust=trust)
    request = read_request(serving_input, model.metadata.get_input_schema())
    return model.predict(request.data, request.params)


def get_model_dependencies(model_uri: str | Path, format: str = "pip") -> str:
    """Return the path of the file that names a model's requirements.

    Parameters
    ----------
    model_uri : str or Path
        As for :func:`load_model`.
    format : {"pip", "conda"}
        ``requirements.txt`` or ``conda.yaml``.

    Raises
    ------
    InvalidParameter
        For another format.
    NotFound
        If the model has no such file.
    """
    names = {"pip": REQUIREMENTS_FILE, "conda": CONDA_FILE}
    if format not in names:
        raise InvalidParameter(f"format is 'pip' or 'conda', not {format!r}.")
    file = folder_of_model(model_uri) / names[format]
    if not file.is_file():
        raise NotFound(f"The model {str(model_uri)!r} has no {names[format]}.")
    return str(file)


def save_model(
    path: str | Path,
    loader_module: str | None = None,
    data_path: str | Path | None = None,
    code_paths: Sequence[str] | None = None,
    infer_code_paths: bool = False,
    conda_env: Any = None,
    mlflow_model: Any = None,
    python_model: Any = None,
    artifacts: Mapping[str, str] | None = None,
    signature: Any = None,
    input_example: Any = None,
    pip_requirements: Any = None,
    extra_pip_requirements: Any = None,
    metadata: Mapping[str, Any] | None = None,
    model_config: Mapping[str, Any] | str | Path | None = None,
    streamable: bool | None = None,
    resources: Any = None,
    auth_policy: Any = None,
    uv_project_path: str | Path | None = None,
    uv_groups: Sequence[str] | None = None,
    uv_extras: Sequence[str] | None = None,
) -> None:
    """Write a model of one's own as a folder, in MLflow's format.

    Parameters
    ----------
    path : str or Path
        A folder that is not there yet, or is empty.
    python_model : PythonModel or callable
        An instance, or a function of the data. Give this, or `loader_module`.
    artifacts : mapping, optional
        Name to a path, or an address as ``runs:/<run id>/file``; copied into the folder, and
        told to the model by its context.
    loader_module : str, optional
        A module whose ``_load_pyfunc(path)`` reads what is at `data_path`.
    data_path : path, optional
        A file or folder for it.
    model_config : mapping or path, optional
        Settings, which the context has.
    streamable : bool, optional
        Whether the model has ``predict_stream``.
    signature, input_example
        As for :func:`fitscribe.sklearn.save_model`; a missing signature is inferred by asking a
        copy of a `python_model` with the example.
    conda_env, pip_requirements, extra_pip_requirements, code_paths, metadata, mlflow_model
        As for :func:`fitscribe.sklearn.save_model`.
    infer_code_paths, resources, auth_policy, uv_project_path, uv_groups, uv_extras
        Refused; MLflow's, and not done here.

    Raises
    ------
    AlreadyExists
        If there is something at `path`.
    InvalidParameter
        If it is no model, or arguments exclude each other.
    NotSupported
        For a model given as a script.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> folder = Path(tempfile.mkdtemp()) / "doubles"
    >>> save_model(folder, python_model=lambda rows: [2 * row for row in rows])
    >>> load_model(folder, trust="code").predict([1, 2])
    [2, 4]
    """
    _refuse(
        infer_code_paths=infer_code_paths,
        resources=resources,
        auth_policy=auth_policy,
        uv_project_path=uv_project_path,
        uv_groups=uv_groups,
        uv_extras=uv_extras,
    )
    if signature is None and mlflow_model is not None:
        signature = getattr(mlflow_model, "signature", None)
    described = Described(
        signature=signature,
        input_example=input_example,
        model_config=model_config,
        code_paths=code_paths,
        conda_env=conda_env,
        pip_requirements=pip_requirements,
        extra_pip_requirements=extra_pip_requirements,
        metadata=metadata,
    )
    save(_built(python_model, artifacts, streamable, loader_module, data_path, described), path)


def log_model(
    artifact_path: str | None = None,
    loader_module: str | None = None,
    data_path: str | Path | None = None,
    code_paths: Sequence[str] | None = None,
    infer_code_paths: bool = False,
    conda_env: Any = None,
    python_model: Any = None,
    artifacts: Mapping[str, str] | None = None,
    registered_model_name: str | None = None,
    signature: Any = None,
    input_example: Any = None,
    await_registration_for: int = 300,
    pip_requirements: Any = None,
    extra_pip_requirements: Any = None,
    metadata: Mapping[str, Any] | None = None,
    model_config: Mapping[str, Any] | str | Path | None = None,
    streamable: bool | None = None,
    resources: Any = None,
    auth_policy: Any = None,
    uv_project_path: str | Path | None = None,
    uv_groups: Sequence[str] | None = None,
    uv_extras: Sequence[str] | None = None,
    prompts: Any = None,
    name: str | None = None,
    params: Mapping[str, Any] | None = None,
    tags: Mapping[str, Any] | None = None,
    model_type: str | None = None,
    step: int = 0,
    model_id: str | None = None,
) -> ModelInfo:
    """Keep a model of one's own as a logged model, of the active run if there is one.

    Parameters
    ----------
    artifact_path, name, params, tags, model_type, step, model_id, registered_model_name
        As for :func:`fitscribe.sklearn.log_model`.
    prompts
        Refused; MLflow's, and not done here.
    python_model, artifacts, loader_module, data_path and all others
        As for :func:`save_model`.

    Returns
    -------
    ModelInfo
        With ``model_id`` and ``model_uri`` (``models:/m-…``).
    """
    del await_registration_for
    _refuse(
        infer_code_paths=infer_code_paths,
        resources=resources,
        auth_policy=auth_policy,
        uv_project_path=uv_project_path,
        uv_groups=uv_groups,
        uv_extras=uv_extras,
        prompts=prompts,
    )

    def built(place: Place) -> ModelFolder:
        described = Described(
            signature=signature,
            input_example=input_example,
            model_config=model_config,
            code_paths=code_paths,
            conda_env=conda_env,
            pip_requirements=pip_requirements,
            extra_pip_requirements=extra_pip_requirements,
            metadata=metadata,
            **place._asdict(),
        )
        return _built(python_model, artifacts, streamable, loader_module, data_path, described)

    return log_folder(
        built,
        name=name,
        artifact_path=artifact_path,
        params=params,
        tags=tags,
        model_type=model_type,
        step=step,
        model_id=model_id,
        registered_model_name=registered_model_name,
    )


def _refuse(**given: Any) -> None:
    """Raise NotSupported for what MLflow takes and we do not."""
    named = [name for name, value in given.items() if value]
    if named:
        raise NotSupported(f"fitscribe does not do {', '.join(named)}; leave it out.")


def _built(
    python_model: Any,
    artifacts: Mapping[str, str] | None,
    streamable: bool | None,
    loader_module: str | None,
    data_path: str | Path | None,
    described: Described,
) -> ModelFolder:
    """Return the folder of a model of one of the two kinds."""
    by_class = {"python_model": python_model, "artifacts": artifacts}
    by_loader = {"loader_module": loader_module, "data_path": data_path}
    if (python_model is None) == (loader_module is None) or (
        any(value is not None for value in by_class.values())
        and any(value is not None for value in by_loader.values())
    ):
        raise InvalidParameter(
            "Give python_model (with artifacts), or loader_module (with data_path)."
        )
    if loader_module is not None:
        return build_by_loader(loader_module, data_path, described)
    if isinstance(python_model, (str, Path)):
        raise NotSupported(
            f"A model kept as a script, as {str(python_model)!r:.80}, is not done here; give an "
            "instance of a PythonModel, or a function."
        )
    found = {
        str(key): Artifact(str(uri), Path(download_artifacts(str(uri))))
        for key, uri in (artifacts or {}).items()
    }
    return build_python_model(python_model, described, found, bool(streamable))
