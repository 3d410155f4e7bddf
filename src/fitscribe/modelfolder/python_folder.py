"""A user's own model, or data with a loader of its own, becomes a folder in MLflow's format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from fitscribe.modelfolder.distributions import version_of
from fitscribe.modelfolder.enforce import enforce
from fitscribe.modelfolder.environment import (
    CONDA_FILE,
    PYTHON_ENV_FILE,
    PYTHON_VERSION,
    choose_environment,
    inferred_requirements,
)
from fitscribe.modelfolder.example import write_example
from fitscribe.modelfolder.formats import Dump, dump
from fitscribe.modelfolder.formats import load as load_format
from fitscribe.modelfolder.infer import infer_schema, infer_signature
from fitscribe.modelfolder.mlmodel import CODE, MLMODEL, Model
from fitscribe.modelfolder.pyfunc import FLAVOR, PYTHON_LOADER
from fitscribe.modelfolder.python_model import (
    LoadedPythonModel,
    PythonModelContext,
    as_model,
    read_config,
)
from fitscribe.modelfolder.schema import ModelSignature
from fitscribe.modelfolder.write import ModelFolder, collect, sign

__all__ = ["Artifact", "Described", "build_by_loader", "build_python_model"]

PYTHON_MODEL = "python_model.pkl"
ARTIFACTS = "artifacts"
DATA = "data"


class Artifact(NamedTuple):
    """A file or folder that a model needs.

    Parameters
    ----------
    uri : str
        The address that the user gave.
    path : Path
        Where it lies now.
    """

    uri: str
    path: Path


class Described(NamedTuple):
    """What a folder says beside how it is loaded, as for :func:`~.write.build`.

    Parameters
    ----------
    signature : ModelSignature, False or None
        None infers it from the example by asking the model; False keeps none.
    """

    signature: Any = None
    input_example: Any = None
    model_config: Mapping[str, Any] | str | Path | None = None
    code_paths: Sequence[str | Path] | None = None
    conda_env: Any = None
    pip_requirements: Any = None
    extra_pip_requirements: Any = None
    metadata: Mapping[str, Any] | None = None
    model_id: str | None = None
    run_id: str | None = None
    artifact_path: str | None = None


def build_python_model(
    python_model: Any,
    described: Described,
    artifacts: Mapping[str, Artifact] | None = None,
    streamable: bool = False,
) -> ModelFolder:
    """Return the folder of a user's own model, written by value with cloudpickle.

    Parameters
    ----------
    python_model : PythonModel or callable
        It is not changed, and not asked: where a signature is inferred, a copy is.
    described : Described
    artifacts : mapping, optional
        What the model finds in its context.
    streamable : bool
        Whether it has ``predict_stream``.

    Raises
    ------
    InvalidParameter
        If it is no model, does not pickle, or an artifact is not there.
    """
    model = as_model(python_model)
    files: dict[str, bytes] = {}
    places = {}
    for number, (name, artifact) in enumerate((artifacts or {}).items()):
        found = collect(f"artifacts[{name!r}]", [artifact.path], ARTIFACTS)
        under = ARTIFACTS
        if found.keys() & files.keys():
            under = f"{ARTIFACTS}/{number}"
            found = collect(f"artifacts[{name!r}]", [artifact.path], under)
        files.update(found)
        places[name] = {"path": f"{under}/{artifact.path.name}", "uri": artifact.uri}
    written = dump(model, "cloudpickle")
    files[PYTHON_MODEL] = written.data
    config = read_config(described.model_config)
    flavor: dict[str, Any] = {
        "cloudpickle_version": version_of("cloudpickle"),
        "python_model": PYTHON_MODEL,
        "streamable": streamable,
    }
    if places:
        flavor["artifacts"] = places
    signature = described.signature
    if signature is None and described.input_example is not None:
        local = {name: str(artifact.path) for name, artifact in (artifacts or {}).items()}
        signature = _asked(written, PythonModelContext(local, config), described.input_example)
    return _folder(PYTHON_LOADER, flavor, config, files, written, signature, described)


def build_by_loader(
    loader_module: str, data_path: str | Path | None, described: Described
) -> ModelFolder:
    """Return the folder of data that a module's ``_load_pyfunc`` reads.

    Parameters
    ----------
    loader_module : str
        Importable where the model is loaded; `code_paths` may bring it along.
    data_path : path or None
        A file or folder, copied into ``data/``.
    described : Described

    Raises
    ------
    InvalidParameter
        If there is nothing at `data_path`.
    """
    files: dict[str, bytes] = {}
    flavor: dict[str, Any] = {"streamable": False}
    if data_path is not None:
        files.update(collect("data_path", [data_path], DATA))
        flavor["data"] = f"{DATA}/{Path(data_path).absolute().name}"
    written = Dump(b"".join(files.values()), "", frozenset({loader_module}), frozenset())
    config = read_config(described.model_config)
    return _folder(loader_module, flavor, config, files, written, described.signature, described)


def _asked(written: Dump, context: PythonModelContext, example: Any) -> ModelSignature:
    """Return the signature of an example and of what a copy of the model says to it."""
    # Written a moment ago by this process, of the user's own object.
    model = LoadedPythonModel(load_format(written.data, "cloudpickle", runs_code=True), context)
    params = None
    if isinstance(example, tuple) and len(example) == 2 and isinstance(example[1], dict):
        example, params = example
    # It is asked as it will be: with what the signature makes of data.
    answer = model.predict(enforce(example, infer_schema(example)), params)
    return infer_signature(example, answer, params)


def _folder(
    loader: str,
    flavor: Mapping[str, Any],
    config: dict[str, Any],
    files: dict[str, bytes],
    written: Dump,
    signature: Any,
    described: Described,
) -> ModelFolder:
    """Return a folder with its environment and its MLmodel."""
    files.update(collect("code_paths", described.code_paths, CODE))
    info = None
    modules = set(written.modules)
    if written.format:
        modules.add(written.format)
    if described.input_example is not None:
        info, example_files = write_example(described.input_example)
        files.update(example_files)
        given = described.input_example
        data = given[0] if isinstance(given, tuple) and given else given
        modules.add(type(data).__module__)
    size = sum(map(len, files.values()))
    pip = described.pip_requirements
    inferred = [] if pip is not None else inferred_requirements(modules)
    files.update(
        choose_environment(
            inferred, described.conda_env, pip, described.extra_pip_requirements
        ).files()
    )
    function: dict[str, Any] = {
        **flavor,
        "code": CODE if described.code_paths else None,
        "env": {"conda": CONDA_FILE, "virtualenv": PYTHON_ENV_FILE},
        "loader_module": loader,
        "python_version": PYTHON_VERSION,
    }
    if config:
        function["config"] = config
    model = Model(
        artifact_path=described.artifact_path,
        run_id=described.run_id,
        flavors={FLAVOR: function},
        signature=signature or None,
        saved_input_example_info=info,
        metadata=None if described.metadata is None else dict(described.metadata),
        model_size_bytes=size,
        model_id=described.model_id,
    )
    if described.model_id is not None:
        model.model_uuid = described.model_id
    files[MLMODEL] = model.to_yaml().encode()
    return ModelFolder(files, model, sign(files, written, contains_code=True))
