"""Any model folder as a thing that predicts: ``python_function``, MLflow's common flavor."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from fitscribe.errors import (
    InvalidParameter,
    MissingDependency,
    NotFound,
    NotSupported,
    NotTrusted,
)
from fitscribe.modelfolder import yamltext
from fitscribe.modelfolder.enforce import Enforcement, enforce_params
from fitscribe.modelfolder.example import read_example
from fitscribe.modelfolder.formats import load as load_format
from fitscribe.modelfolder.mlmodel import Model
from fitscribe.modelfolder.python_model import (
    LoadedPythonModel,
    PythonModelContext,
    read_config,
)
from fitscribe.modelfolder.read import (
    TRUST_CODE,
    OpenFolder,
    add_code,
    check_trust,
    inside,
    load_opened,
    open_folder,
)

__all__ = ["FLAVOR", "PYTHON_LOADER", "PyFuncModel", "load_pyfunc"]

FLAVOR = "python_function"
# What MLflow loads with; we take the place of both.
_SKLEARN_LOADER = "mlflow.sklearn"
PYTHON_LOADER = "mlflow.pyfunc.model"


class PyFuncModel:
    """A loaded model that predicts, whatever library it is of.

    Parameters
    ----------
    model_meta : Model
        What its ``MLmodel`` says.
    model_impl : object
        What is asked: an estimator, or what its loader gives.
    predict_fn : str
        The method that is asked.
    predict_stream_fn : str or None
        The one that gives predictions one by one.
    model_id : str or None
        Of the logged model.

    Raises
    ------
    InvalidParameter
        If there is no `model_meta`, or the object has no such method.
    """

    def __init__(
        self,
        model_meta: Model,
        model_impl: Any,
        predict_fn: str = "predict",
        predict_stream_fn: str | None = None,
        model_id: str | None = None,
    ) -> None:
        if model_meta is None:
            raise InvalidParameter("Model is missing metadata: give what Model.load(...) returns.")
        self._model_meta = model_meta
        self._model_impl = model_impl
        self._model_id = model_id
        self._predict_fn = _method(model_impl, predict_fn)
        self._stream_fn = None
        if predict_stream_fn is not None:
            self._stream_fn = _method(model_impl, predict_stream_fn)
        # An estimator is asked itself; others are behind what their loader gives.
        self._is_estimator = self.loader_module == _SKLEARN_LOADER
        self._takes_params = not self._is_estimator and _takes_params(self._predict_fn)
        schema = model_meta.get_input_schema()
        # Who was fitted on a frame has the names; of others only DictVectorizer and its like take
        # dicts, as they are.
        records = self._is_estimator and not hasattr(model_impl, "feature_names_in_")
        self._enforce = None if schema is None else Enforcement(schema, records)
        self._folder: Path | None = None

    def predict(self, data: Any, params: Mapping[str, Any] | None = None) -> Any:
        """Return what the model answers.

        Parameters
        ----------
        data : array, sparse matrix, DataFrame, Series, Arrow table, list, dict or scalar
            Made to fit the signature, if there is one: see :class:`~.enforce.Enforcement`.
        params : dict, optional
            Checked by the signature. Estimators of scikit-learn take none, so there they are
            not passed on (as in MLflow).

        Returns
        -------
        object
            As the method gives it.

        Raises
        ------
        InvalidParameter
            If data or params do not fit; the message has every problem.
        """
        if self._enforce is not None:
            data = self._enforce(data)
        if params is None and not self._takes_params:
            return self._predict_fn(data)
        checked = enforce_params(params, self._model_meta.get_params_schema())
        if self._takes_params:
            return self._predict_fn(data, params=checked)
        return self._predict_fn(data)

    def predict_stream(self, data: Any, params: Mapping[str, Any] | None = None) -> Any:
        """Return an iterator over answers. Raises NotSupported if the model cannot."""
        if self._stream_fn is None:
            raise NotSupported(
                "The model gives its predictions at once: predict(...). A PythonModel saved with "
                "streamable=True has predict_stream."
            )
        if self._enforce is not None:
            data = self._enforce(data)
        checked = enforce_params(params, self._model_meta.get_params_schema())
        return self._stream_fn(data, params=checked)

    @property
    def metadata(self) -> Model:
        """What the ``MLmodel`` says: signature, flavors, the user's own."""
        return self._model_meta

    @property
    def model_id(self) -> str | None:
        """Id of the logged model."""
        return self._model_id

    @property
    def input_example(self) -> Any:
        """The example that was saved with the model, read anew; None if there is none."""
        return None if self._folder is None else read_example(self._folder, self._model_meta)

    @property
    def loader_module(self) -> str | None:
        """The module that MLflow loads the model with."""
        found = self._model_meta.flavors.get(FLAVOR, {}).get("loader_module")
        return None if found is None else str(found)

    @property
    def model_config(self) -> dict[str, Any]:
        """The settings the model was saved with."""
        return dict(self._model_meta.flavors.get(FLAVOR, {}).get("config") or {})

    def get_raw_model(self) -> Any:
        """Return the estimator itself. Raises NotSupported for other models without one."""
        if self._is_estimator:
            return self._model_impl
        if hasattr(self._model_impl, "get_raw_model"):
            return self._model_impl.get_raw_model()
        raise NotSupported(
            f"A model of {self.loader_module} has no raw model; unwrap_python_model() gives the "
            "instance of a PythonModel."
        )

    def unwrap_python_model(self) -> Any:
        """Return the user's own model object. Raises NotSupported for other models."""
        if isinstance(self._model_impl, LoadedPythonModel):
            return self._model_impl.python_model
        raise NotSupported(
            "Unable to retrieve base model object from pyfunc: it is no PythonModel. "
            "get_raw_model() gives an estimator."
        )

    def __repr__(self) -> str:
        info = {"artifact_path": self._model_meta.artifact_path, "flavor": self.loader_module}
        info["run_id"] = self._model_meta.run_id
        known = {key: value for key, value in info.items() if value is not None}
        return yamltext.dump({"mlflow.pyfunc.loaded_model": known})


def _method(model: Any, name: str) -> Callable[..., Any]:
    """Return a method of a model. Raises InvalidParameter if it has none of the name."""
    found = getattr(model, name, None)
    if not callable(found):
        raise InvalidParameter(
            f"The model is asked by {name!r}, which a {type(model).__name__} does not have. Save "
            "it again with a pyfunc_predict_fn that it has."
        )
    return found  # type: ignore[no-any-return]  # of a class that nobody knows here


def _takes_params(method: Callable[..., Any]) -> bool:
    try:
        return "params" in inspect.signature(method).parameters
    except (TypeError, ValueError):  # of C, without a signature
        return False


def load_pyfunc(
    folder: str | Path,
    *,
    trust: str | None = None,
    digest: str | None = None,
    model_config: Mapping[str, Any] | str | Path | None = None,
) -> PyFuncModel:
    """Return the model of a local folder as a thing that predicts.

    Parameters
    ----------
    folder : str or Path
        Of fitscribe or of MLflow; of scikit-learn, a ``PythonModel``, or any other library whose
        loader is installed.
    trust : {"code"} or None
        ``"code"`` lets a folder of somebody else run code of its own, which a ``PythonModel`` and
        every loader but scikit-learn's do.
    digest : str or None
        The SHA-256 of its manifest, where a store knows it.
    model_config : mapping or path, optional
        Settings that replace those the model was saved with.

    Raises
    ------
    NotFound
        If there is no MLmodel, or nothing in it says how to predict.
    NotTrusted
        If it would run somebody else's code, and `trust` does not say so.
    DamagedModel
        If a byte of it is not what was written.
    MissingDependency
        If a module that it needs is not installed.
    """
    check_trust(trust)
    opened = open_folder(folder, digest)
    path, model = opened.path, opened.model
    flavor = model.flavors.get(FLAVOR)
    if flavor is None or not flavor.get("loader_module"):
        raise NotFound(
            f"The model in {str(path)!r} does not have the {FLAVOR!r} flavor: when it was saved "
            "it had no method to predict with. fitscribe.sklearn.load_model loads the estimator; "
            "saved with pyfunc_predict_fn='transform', say, it loads here too."
        )
    loader = str(flavor["loader_module"])
    config = _config(flavor, model_config)
    name, stream = str(flavor.get("predict_fn") or "predict"), None
    if loader == _SKLEARN_LOADER:
        found: Any = load_opened(opened, trust)
    elif not opened.may_run_code(trust):
        raise NotTrusted(
            f"The model in {str(path)!r} is loaded by {loader!r}, which runs code that came with "
            f"the model. If you know who made it: load_model(..., trust='{TRUST_CODE}')."
        )
    elif loader == PYTHON_LOADER:
        found = _load_python_model(opened, flavor, config)
        stream = "predict_stream" if flavor.get("streamable") else None
    else:
        found, name = _load_by_module(loader, opened, flavor, config), "predict"
    loaded = PyFuncModel(model, found, name, stream, model.model_id)
    loaded._folder = path
    return loaded


def _config(
    flavor: Mapping[str, Any], given: Mapping[str, Any] | str | Path | None
) -> dict[str, Any]:
    """Return a model's settings; what is given may replace those that it has."""
    config = dict(flavor.get("config") or {})
    replaced = read_config(given)
    unknown = [key for key in replaced if key not in config]
    if unknown:
        known = f"It has {', '.join(config)}." if config else "It has none."
        raise InvalidParameter(f"The model was saved without the settings {unknown}. {known}")
    return {**config, **replaced}


def _load_python_model(
    opened: OpenFolder, flavor: Mapping[str, Any], config: dict[str, Any]
) -> LoadedPythonModel:
    """Return a user's own model, with its artifacts. This runs its code."""
    path = opened.path
    if flavor.get("model_code_path"):
        raise NotSupported(
            f"The model in {str(path)!r} is kept as a script, which this release does not load."
        )
    name = flavor.get("python_model")
    if not name or flavor.get("python_model_compression"):
        raise NotSupported(
            f"The MLmodel of {str(path)!r} names no python_model that is read here."
        )
    data = opened.content(str(name))
    artifacts = {
        key: str(inside(path, str(entry["path"])).resolve())
        for key, entry in (flavor.get("artifacts") or {}).items()
    }
    if flavor.get("code"):
        add_code(opened, str(flavor["code"]))
    try:
        model = load_format(data, "cloudpickle", runs_code=True)
    except ModuleNotFoundError as error:
        hint = "Install what requirements.txt in it names."
        if str(error.name).partition(".")[0] == "mlflow":
            hint = "fitscribe.install_as_mlflow(), called before, stands in for it."
        raise MissingDependency(
            f"The model in {str(path)!r} needs {error.name}, which is not installed. {hint}"
        ) from error
    return LoadedPythonModel(model, PythonModelContext(artifacts, config))


def _load_by_module(
    loader: str, opened: OpenFolder, flavor: Mapping[str, Any], config: dict[str, Any]
) -> Any:
    """Return what another library's loader gives. This runs its code."""
    path = opened.path
    data = flavor.get("data")
    where = str(path if data is None else inside(path, str(data)))
    if flavor.get("code"):
        add_code(opened, str(flavor["code"]))
    try:
        load_it = importlib.import_module(loader)._load_pyfunc
    except ImportError as error:
        raise MissingDependency(
            f"The model in {str(path)!r} is loaded by {loader!r}, which cannot be imported: "
            f"{error}. Install what requirements.txt in it names."
        ) from error
    except AttributeError:
        raise NotSupported(f"The loader {loader!r} has no _load_pyfunc(path).") from None
    if "model_config" in inspect.signature(load_it).parameters:
        return load_it(where, config)
    return load_it(where)
