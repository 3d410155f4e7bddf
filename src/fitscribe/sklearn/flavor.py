"""An estimator to and from a model folder: save, log, load."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fitscribe.errors import NotSupported
from fitscribe.modelfolder.distributions import version_of
from fitscribe.modelfolder.environment import conda_environment
from fitscribe.modelfolder.example import write_example
from fitscribe.modelfolder.infer import infer_signature
from fitscribe.modelfolder.info import ModelInfo
from fitscribe.modelfolder.mlmodel import MLFLOW_VERSION
from fitscribe.modelfolder.read import check_trust
from fitscribe.modelfolder.write import ModelFolder, build, save
from fitscribe.sklearn.golden import Kept, kept_by_hand
from fitscribe.sklearn.observe import all_params
from fitscribe.sklearn.options import Options
from fitscribe.sklearn.predictions import known_answer
from fitscribe.sklearn.replay import load_checked
from fitscribe.sklearn.rows import copied
from fitscribe.sklearn.standin import reason_not_to_ask, stand_in
from fitscribe.tracking.addresses import open_model
from fitscribe.tracking.log_model import Place, log_folder

if TYPE_CHECKING:
    from fitscribe.modelfolder.schema import ModelSignature
    from fitscribe.sklearn.attempt import Attempts
    from fitscribe.sklearn.observe import Scores

__all__ = [
    "build_folder",
    "first_rows",
    "get_default_conda_env",
    "get_default_pip_requirements",
    "load_model",
    "log_model",
    "save_model",
]

EXAMPLE_ROWS = 5


def build_folder(
    estimator: Any,
    *,
    X: Any,
    scores: Scores,
    options: Options,
    model_id: str,
    run_id: str,
    artifact_path: str,
    attempts: Attempts,
    kept: Kept,
) -> ModelFolder:
    """Return the folder of a model that autologging keeps.

    The signature comes from what is known already: the types of X, and the predictions that the
    training metrics needed. Where there are none, at most five rows are asked. A model without a
    signature is kept all the same.
    """
    signature = None
    if options.log_model_signatures and X is not None:
        signature = attempts(
            "infer the signature", lambda: _signature_of(estimator, X, scores.predicted)
        )
    example = None
    if options.log_input_examples and X is not None:
        example = attempts("keep an example", lambda: _example_of(X))
    explicit = options.serialization_format != "pickle"
    return build(
        estimator,
        format=options.serialization_format if explicit else None,
        signature=signature,
        input_example=example,
        input_module=type(X).__module__.partition(".")[0] if hasattr(X, "columns") else None,
        model_id=model_id,
        run_id=run_id,
        artifact_path=artifact_path,
        golden=kept.golden,
        profile=kept.profile,
    )


def _example_of(X: Any) -> Any:
    """Return the first rows, once it is sure that they can be JSON."""
    rows = first_rows(X)
    if rows is not None:
        write_example(rows)
    return rows


def _signature_of(estimator: Any, X: Any, predicted: Any) -> ModelSignature | None:
    if predicted is None:
        predicted = known_answer(estimator)
    if predicted is None:
        params = all_params(estimator)
        if reason_not_to_ask(estimator, params) is not None or _takes_distances(params):
            return infer_signature(X)
        asked = stand_in(estimator, params)
        answer = getattr(asked, "predict", None) or getattr(asked, "transform", None)
        rows = first_rows(X)
        if answer is None or rows is None:
            return infer_signature(X)
        predicted = answer(rows)
    return infer_signature(X, predicted)


def _takes_distances(params: Mapping[str, Any]) -> bool:
    """Whether X is no rows, but what lies between them: some cannot predict from that."""
    values = (params.get(name) for name in ("affinity", "kernel", "metric"))
    return any(isinstance(value, str) and value == "precomputed" for value in values)


def first_rows(X: Any) -> Any:
    """Return a copy of the first rows of X, or None if it cannot be sliced."""
    try:
        rows = X.iloc[:EXAMPLE_ROWS] if hasattr(X, "iloc") else X[:EXAMPLE_ROWS]
    except (TypeError, IndexError, KeyError, NotImplementedError):
        return X.tocsr()[:EXAMPLE_ROWS] if hasattr(X, "tocsr") else None
    return copied(rows)


def save_model(
    sk_model: Any,
    path: str | Path,
    conda_env: Any = None,
    code_paths: Sequence[str] | None = None,
    mlflow_model: Any = None,
    serialization_format: str | None = None,
    signature: Any = None,
    input_example: Any = None,
    pip_requirements: Any = None,
    extra_pip_requirements: Any = None,
    pyfunc_predict_fn: str = "predict",
    metadata: Mapping[str, Any] | None = None,
    skops_trusted_types: Sequence[str] | None = None,
    extra_files: Sequence[str] | None = None,
    *,
    golden_rows: Any = True,
    training_data: Any = None,
) -> None:
    """Write an estimator as a model folder, in MLflow's format.

    Parameters
    ----------
    sk_model : estimator
        Any object that pickles.
    path : str or Path
        A folder that is not there yet, or is empty.
    conda_env, pip_requirements, extra_pip_requirements, code_paths, extra_files : optional
        As MLflow's.
    mlflow_model : Model, optional
        Accepted for MLflow's sake; its signature is used if none is given.
    serialization_format : {"pickle", "cloudpickle", "skops"}, optional
        pickle by default, cloudpickle where pickle cannot name what the model holds.
    signature : ModelSignature, optional
        Inferred from `input_example` if that is given and this is None; False for none.
    input_example : optional
        Rows to keep with the model.
    pyfunc_predict_fn : str
        The method that ``pyfunc`` calls.
    metadata : mapping, optional
        Kept in the ``MLmodel`` file.
    skops_trusted_types : optional
        Refused: a model file cannot vouch for itself.
    golden_rows : bool, array, sparse matrix or frame
        Up to 16 rows that are kept with the model's answers, for
        :func:`fitscribe.models.verify`. True takes the first rows of `input_example`, which is
        kept anyway, else makes some up that are like `training_data`; there are none without
        these two, for free text, and for a model that cannot be asked unnoticed.
    training_data : array, sparse matrix or frame of shape (n_rows, n_features), optional
        What the model was fitted on. It is predicted once, and what its columns held is kept as
        counts (``profile.json``), no rows. Without it the profile is that of `input_example`.

    Raises
    ------
    AlreadyExists
        If there is something at `path`.
    InvalidParameter
        If the format is unknown, or the model does not pickle in it.
    """
    _refuse_trusted_types(skops_trusted_types)
    if signature is None and mlflow_model is not None:
        signature = getattr(mlflow_model, "signature", None)
    kept = kept_by_hand(sk_model, golden_rows, training_data, input_example, pyfunc_predict_fn)
    folder = build(
        sk_model,
        format=serialization_format,
        signature=_signature(sk_model, signature, input_example, pyfunc_predict_fn),
        input_example=input_example,
        conda_env=conda_env,
        code_paths=code_paths,
        pip_requirements=pip_requirements,
        extra_pip_requirements=extra_pip_requirements,
        pyfunc_predict_fn=pyfunc_predict_fn,
        metadata=metadata,
        extra_files=extra_files,
        golden=kept.golden,
        profile=kept.profile,
    )
    save(folder, path)


def log_model(
    sk_model: Any,
    artifact_path: str | None = None,
    conda_env: Any = None,
    code_paths: Sequence[str] | None = None,
    serialization_format: str | None = None,
    registered_model_name: str | None = None,
    signature: Any = None,
    input_example: Any = None,
    await_registration_for: int = 300,
    pip_requirements: Any = None,
    extra_pip_requirements: Any = None,
    pyfunc_predict_fn: str = "predict",
    metadata: Mapping[str, Any] | None = None,
    extra_files: Sequence[str] | None = None,
    params: Mapping[str, Any] | None = None,
    tags: Mapping[str, Any] | None = None,
    model_type: str | None = None,
    step: int = 0,
    model_id: str | None = None,
    name: str | None = None,
    skops_trusted_types: Sequence[str] | None = None,
    *,
    golden_rows: Any = True,
    training_data: Any = None,
) -> ModelInfo:
    """Keep an estimator as a logged model, of the active run if there is one.

    Parameters
    ----------
    sk_model : estimator
    artifact_path, name : str, optional
        The model's name, ``"model"`` by default; `artifact_path` is MLflow 2's word for it.
    params, tags : mapping, optional
        Kept with the logged model.
    model_type : str, optional
    step : int
        Of the run that made it.
    model_id : str, optional
        Refused: a logged model is written once.
    registered_model_name : str, optional
        Make the model, once it is stored, the next version of that registered model, which is
        made where it is not there. The version has `tags`, too.
    await_registration_for : int
        Accepted for MLflow's sake: a version is ready at once.
    golden_rows, training_data : optional
        As for :func:`save_model`.

    Returns
    -------
    ModelInfo
        With ``model_id`` and ``model_uri`` (``models:/m-…``), and ``registered_model_version``.

    Examples
    --------
    >>> import fitscribe
    >>> from sklearn.linear_model import Ridge
    >>> model = Ridge().fit([[0.0], [1.0]], [0.0, 1.0])
    >>> with fitscribe.start_run():
    ...     info = log_model(model, name="ridge")
    >>> load_model(info.model_uri)
    Ridge()
    """
    del await_registration_for
    _refuse_trusted_types(skops_trusted_types)

    kept = kept_by_hand(sk_model, golden_rows, training_data, input_example, pyfunc_predict_fn)

    def built(place: Place) -> ModelFolder:
        return build(
            sk_model,
            format=serialization_format,
            signature=_signature(sk_model, signature, input_example, pyfunc_predict_fn),
            input_example=input_example,
            **place._asdict(),
            conda_env=conda_env,
            code_paths=code_paths,
            pip_requirements=pip_requirements,
            extra_pip_requirements=extra_pip_requirements,
            pyfunc_predict_fn=pyfunc_predict_fn,
            metadata=metadata,
            extra_files=extra_files,
            golden=kept.golden,
            profile=kept.profile,
        )

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


def load_model(
    model_uri: str | Path, dst_path: str | Path | None = None, *, trust: str | None = None
) -> Any:
    """Return the estimator that an address names; a stranger's file runs none of its code.

    Parameters
    ----------
    model_uri : str or Path
        ``runs:/<run id>/model``, ``models:/m-<id>``, a version of a registered model
        (``models:/<name>/3``, ``models:/<name>@champion``, ``models:/<name>/latest``,
        ``models:/<name>/Production``), or a folder, of fitscribe or of MLflow.
    dst_path : str or Path, optional
        Copy the folder there first.
    trust : {"code"}, optional
        Run whatever the file names. Without it, what you wrote yourself is loaded as it is, and
        of others' models what is listed: scikit-learn's own classes and those of the libraries
        around it, and what :func:`fitscribe.models.trust` names.

    Raises
    ------
    NotTrusted
        If it names what is not listed; the message says what, where in the model, and what to do.
    DamagedModel
        If a byte of the folder is not what was written.
    NotFound
        If there is no such run, model or folder.

    Notes
    -----
    MLflow unpickles whatever it is given.

    Of a model that another scikit-learn wrote, the golden rows are replayed. If its answers are
    the same, scikit-learn's ``InconsistentVersionWarning`` is left out; else one
    ``FitscribeWarning`` tells how much they differ. See :func:`fitscribe.models.verify`.
    """
    check_trust(trust)
    return load_checked(open_model(model_uri, dst_path), trust)


def get_default_pip_requirements(
    include_cloudpickle: bool = False, include_skops: bool = False
) -> list[str]:
    """Return the requirements that every scikit-learn model has, pinned."""
    packages = ["scikit-learn"]
    packages += ["cloudpickle"] if include_cloudpickle else []
    packages += ["skops"] if include_skops else []
    return [f"{package}=={version_of(package)}" for package in packages]


def get_default_conda_env(
    include_cloudpickle: bool = False, include_skops: bool = False
) -> dict[str, Any]:
    """Return the same as a conda environment."""
    packages = get_default_pip_requirements(include_cloudpickle, include_skops)
    return conda_environment([f"mlflow=={MLFLOW_VERSION}", *packages])


def _signature(model: Any, signature: Any, example: Any, method: str) -> Any:
    """Return the signature to keep: the one given, else one from the example."""
    if signature is not None or example is None:
        return signature or None
    answer = getattr(model, method, None)
    rows = example[0] if isinstance(example, tuple) and len(example) == 2 else example
    return infer_signature(rows, None if answer is None else answer(rows))


def _refuse_trusted_types(types: object) -> None:
    if types is not None:
        raise NotSupported(
            "skops_trusted_types is no parameter of a file: whoever loads a model says what it "
            "trusts. Leave it out."
        )
