"""A model's folder becomes a logged model, of the active run if there is one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from fitscribe.core.clock import new_model_id, now_ms
from fitscribe.core.commands import Batch, NewModel, RunRecord
from fitscribe.core.entities import LoggedModelOutput
from fitscribe.core.registered_names import check_registered_name
from fitscribe.core.texts import check_model_name, check_tags
from fitscribe.errors import InvalidParameter, NotSupported
from fitscribe.modelfolder.info import ModelInfo
from fitscribe.modelfolder.write import UNSHARED, ModelFolder
from fitscribe.tracking import active
from fitscribe.tracking.artifacts import files_of_model
from fitscribe.tracking.connect import connect
from fitscribe.tracking.experiments import active_experiment_id
from fitscribe.tracking.model_arguments import model_params
from fitscribe.tracking.registering import register_logged
from fitscribe.tracking.source import source_tags

__all__ = ["Place", "log_folder"]


class Place(NamedTuple):
    """What a folder says of where it is kept; see :func:`~fitscribe.modelfolder.write.build`."""

    model_id: str
    run_id: str | None
    artifact_path: str


def log_folder(
    build: Callable[[Place], ModelFolder],
    *,
    name: str | None,
    artifact_path: str | None,
    params: Mapping[str, Any] | None,
    tags: Mapping[str, Any] | None,
    model_type: str | None,
    step: int,
    model_id: str | None,
    registered_model_name: str | None,
) -> ModelInfo:
    """Keep a model's folder, files first, and return its facts.

    Parameters
    ----------
    build : callable
        Gives the folder; called once, when the other arguments have passed.
    name, artifact_path, params, tags, model_type, step, model_id, registered_model_name
        As :func:`fitscribe.sklearn.log_model` has them.
    """
    if registered_model_name is not None:
        check_registered_name(registered_model_name)
    if model_id is not None:
        raise NotSupported("log_model makes a logged model of its own; leave model_id out.")
    if artifact_path is not None and name is not None:
        raise InvalidParameter("Give name or artifact_path, not both: they are the same thing.")
    run = active.current_run()
    connection = connect() if run is None else run.connection
    experiment = active_experiment_id(connection) if run is None else run.experiment_id
    run_id = None if run is None else run.run_id
    made = new_model_id()
    files = files_of_model(connection, experiment, made)
    folder = build(Place(made, run_id, files.uri))
    checked = check_tags(tags)
    new = NewModel(
        made,
        experiment,
        check_model_name(name or artifact_path or "model"),
        now_ms(),
        run_id,
        model_type,
        params=model_params(params),
        tags={**source_tags(), **checked},
        digest=folder.digest,
    )
    files.store.put_folder(files.path(None), folder.files, unshared=UNSHARED)
    outputs = [LoggedModelOutput(made, step)]
    records = [] if run_id is None else [RunRecord(run_id, model_outputs=outputs)]
    connection.store.log(Batch(records, [new]))
    active.remember_last_model(connection.uri, made)
    number = None
    if registered_model_name is not None:
        version = register_logged(connection, registered_model_name, made, checked)
        number = int(version.version)
    return ModelInfo.of(folder.model, f"models:/{made}", new.name, new.params, new.tags, number)
