"""Logged models as a person sees them: MLflow's functions, by id or on the active run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fitscribe import config
from fitscribe.core.commands import Batch, ModelChange, NewModel
from fitscribe.core.entities import LoggedModel, PagedList
from fitscribe.core.paging import gathered
from fitscribe.core.ports import TrackingStore
from fitscribe.core.states import LoggedModelStatus
from fitscribe.core.texts import check_model_name, check_tags, listed
from fitscribe.errors import InvalidParameter
from fitscribe.modelfolder.infer import infer_signature
from fitscribe.modelfolder.mlmodel import MLMODEL, Model
from fitscribe.tracking import active
from fitscribe.tracking.artifacts import files_of_model
from fitscribe.tracking.connect import Connection, connect
from fitscribe.tracking.experiments import active_experiment_id
from fitscribe.tracking.frame import models_to_frame
from fitscribe.tracking.inherit import carry_scope_into_threads
from fitscribe.tracking.model_arguments import (
    check_model_status,
    checked_model,
    model_params,
    order_of_models,
)
from fitscribe.tracking.source import source_tags
from fitscribe.tracking.tasks import carry_scope_into_joblib

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "ActiveModel",
    "clear_active_model",
    "create_external_model",
    "delete_logged_model_tag",
    "finalize_logged_model",
    "get_active_model_id",
    "get_logged_model",
    "initialize_logged_model",
    "last_logged_model",
    "log_model_params",
    "search_logged_models",
    "set_active_model",
    "set_logged_model_tags",
]

TAG_EXTERNAL = "mlflow.model.isExternal"


def _new_model_here(
    name: str | None,
    source_run_id: str | None,
    tags: Mapping[str, Any] | None,
    params: Mapping[str, Any] | None,
    model_type: str | None,
    experiment_id: str | None,
) -> tuple[Connection, NewModel]:
    """Return a new model of the active run, and where it goes."""
    run = active.current_run()
    connection = connect() if run is None else run.connection
    if experiment_id is None:
        experiment_id = active_experiment_id(connection) if run is None else run.experiment_id
    if source_run_id is None and run is not None:
        source_run_id = run.run_id
    tags = {**source_tags(), **check_tags(tags)}
    return connection, checked_model(experiment_id, name, source_run_id, tags, params, model_type)


def initialize_logged_model(
    name: str | None = None,
    source_run_id: str | None = None,
    tags: Mapping[str, Any] | None = None,
    params: Mapping[str, Any] | None = None,
    model_type: str | None = None,
    experiment_id: str | None = None,
) -> LoggedModel:
    """Make a logged model without files, PENDING until :func:`finalize_logged_model`.

    Parameters
    ----------
    name : str, optional
    source_run_id : str, optional
        The run that made it; the active run by default.
    tags, params : dict, optional
    model_type : str, optional
        Any text, to search by.
    experiment_id : str, optional
        The active run's, else the active experiment by default.

    Returns
    -------
    LoggedModel

    Raises
    ------
    NotFound
        If there is no such run or experiment.
    """
    connection, new = _new_model_here(name, source_run_id, tags, params, model_type, experiment_id)
    connection.store.log(Batch(models=[new]))
    active.remember_last_model(connection.uri, new.model_id)
    return connection.store.get_logged_model(new.model_id)


def create_external_model(
    name: str | None = None,
    source_run_id: str | None = None,
    tags: Mapping[str, Any] | None = None,
    params: Mapping[str, Any] | None = None,
    model_type: str | None = None,
    experiment_id: str | None = None,
) -> LoggedModel:
    """Make a logged model whose files are kept elsewhere, READY at once.

    Parameters as in :func:`initialize_logged_model`. Its folder holds an ``MLmodel`` that says
    so, and its tag ``mlflow.model.isExternal`` is ``true``.
    """
    connection, new = _new_model_here(
        name,
        source_run_id,
        {**(tags or {}), TAG_EXTERNAL: "true"},
        params,
        model_type,
        experiment_id,
    )
    # Asked first: files of a model that is refused must not stay behind.
    files = files_of_model(connection, new.experiment_id, new.model_id)
    connection.store.log(Batch(models=[new]))
    # MLflow gives it a signature of two flags, without which it could not be registered.
    folder = Model(
        artifact_path=files.uri,
        model_uuid=new.model_id,
        model_id=new.model_id,
        run_id=new.source_run_id,
        signature=infer_signature(True, True),
        metadata={TAG_EXTERNAL: True},
    )
    files.put_text(folder.to_yaml(), MLMODEL)
    made = _finalized(connection.store, new.model_id, LoggedModelStatus.READY)
    active.remember_last_model(connection.uri, new.model_id)
    return made


def get_logged_model(model_id: str) -> LoggedModel:
    """Return a logged model with its params, tags and metrics. Raises NotFound."""
    return connect().store.get_logged_model(model_id)


def last_logged_model() -> LoggedModel | None:
    """Return the model that was logged last here, by autologging too, else None."""
    last = active.last_model()
    return None if last is None else connect(last[0]).store.get_logged_model(last[1])


def finalize_logged_model(model_id: str, status: str) -> LoggedModel:
    """Set the status of a logged model, READY or FAILED, and return it."""
    return _finalized(connect().store, model_id, status)


def _finalized(store: TrackingStore, model_id: str, status: str) -> LoggedModel:
    store.update_logged_model(model_id, ModelChange(status=check_model_status(status)))
    return store.get_logged_model(model_id)


def log_model_params(params: Mapping[str, Any], model_id: str | None = None) -> None:
    """Add params to a logged model; one that is there is InvalidParameter.

    Parameters
    ----------
    params : dict
    model_id : str, optional
        The active model by default.
    """
    model_id = model_id or get_active_model_id()
    if model_id is None:
        raise InvalidParameter(
            "log_model_params needs a model_id, or an active model: set_active_model(name=…)."
        )
    connect().store.update_logged_model(model_id, ModelChange(params=model_params(params)))


def set_logged_model_tags(model_id: str, tags: Mapping[str, Any]) -> None:
    """Set tags of a logged model; other tags stay."""
    checked = check_tags(tags)
    connect().store.update_logged_model(model_id, ModelChange(tags=checked))


def delete_logged_model_tag(model_id: str, key: str) -> None:
    """Remove a tag of a logged model. Raises NotFound."""
    connect().store.delete_logged_model_tag(model_id, key)


# Searching


def search_logged_models(
    experiment_ids: Sequence[str] | None = None,
    filter_string: str | None = None,
    datasets: Sequence[Mapping[str, Any]] | None = None,
    max_results: int | None = None,
    order_by: Sequence[Mapping[str, Any]] | None = None,
    output_format: str = "pandas",
) -> list[LoggedModel] | pd.DataFrame:
    """Return logged models that a filter finds.

    Parameters
    ----------
    experiment_ids : sequence of str, optional
        Where to look; the active experiment by default.
    filter_string : str, optional
        For example ``metrics.training_score > 0.9 and name = 'model'``.
    datasets : None
        Not supported: InvalidParameter says what to do.
    max_results : int, optional
        At most so many; all by default.
    order_by : sequence of dict, optional
        For example ``[{"field_name": "metrics.training_score", "ascending": False}]``; newest
        first by default.
    output_format : {"pandas", "list"}
        A DataFrame with MLflow's columns, or LoggedModel objects.
    """
    if output_format not in ("pandas", "list"):
        raise InvalidParameter(f"output_format is 'pandas' or 'list', not {output_format!r:.80}.")
    connection = connect()
    ids = [str(one) for one in listed(experiment_ids, "experiment_ids")]
    ids = ids or [active_experiment_id(connection)]
    order = order_of_models(datasets, order_by)

    def page(size: int, token: str | None) -> PagedList[LoggedModel]:
        return connection.store.search_logged_models(ids, filter_string or "", order, size, token)

    found = gathered(page, max_results)
    return found if output_format == "list" else models_to_frame(found)


# The active model


class ActiveModel(LoggedModel):
    """The active model: ``with set_active_model(name=…) as model:`` goes back at its end."""

    __slots__ = ("_before",)
    _before: str | None

    def __init__(self, found: LoggedModel, before: str | None) -> None:
        super().__init__(*(getattr(found, name) for name in LoggedModel.__dataclass_fields__))
        object.__setattr__(self, "_before", before)

    def __enter__(self) -> ActiveModel:
        return self

    def __exit__(self, *exception: object) -> None:
        active.set_model(self._before)


def set_active_model(*, name: str | None = None, model_id: str | None = None) -> ActiveModel:
    """Make a logged model the one that metrics without a ``model_id`` describe.

    It counts in this thread and task and in what they start, until another one is set.

    Parameters
    ----------
    name : str, optional
        The newest model of that name in the active experiment; one is made (as by
        :func:`create_external_model`) where there is none.
    model_id : str, optional
        A model that is there.

    Returns
    -------
    ActiveModel
        As a context manager it goes back to the model before.

    Raises
    ------
    InvalidParameter
        If neither is given, or the model has another name.
    NotFound
        If there is no such model.
    """
    if model_id is not None:
        found = get_logged_model(model_id)
        if name is not None and found.name != name:
            raise InvalidParameter(
                f"The model {model_id!r} is named {found.name!r}, not {name!r:.80}; give one."
            )
    elif name is not None:
        connection = connect()
        here = [active_experiment_id(connection)]
        wanted = f"name = '{check_model_name(name)}'"
        page = connection.store.search_logged_models(here, wanted, (), 1)
        found = page[0] if page else create_external_model(name)
    else:
        raise InvalidParameter("set_active_model needs name=… or model_id=….")
    carry_scope_into_threads()
    carry_scope_into_joblib()
    before = active.scope().model_id
    active.set_model(found.model_id)
    return ActiveModel(found, before)


def get_active_model_id() -> str | None:
    """Return the id of the active model, of ``MLFLOW_ACTIVE_MODEL_ID``, else None."""
    return active.current_model_id()


def clear_active_model() -> None:
    """Let metrics describe no model again; ``MLFLOW_ACTIVE_MODEL_ID`` is forgotten, too."""
    config.ACTIVE_MODEL_ID.clear()
    active.set_model(None)
