"""Experiments: which one new runs go to; making, finding and changing them."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

from fitscribe import config
from fitscribe.core.entities import Experiment
from fitscribe.core.paging import gathered
from fitscribe.core.states import LifecycleStage, ViewType
from fitscribe.core.texts import check_tag, check_tags, listed
from fitscribe.errors import AlreadyExists, InvalidParameter, InvalidState, NotFound
from fitscribe.tracking.connect import Connection, connect

__all__ = [
    "active_experiment_id",
    "create_experiment",
    "delete_experiment",
    "delete_experiment_tag",
    "experiment_named",
    "get_experiment",
    "get_experiment_by_name",
    "rename_experiment",
    "restore_experiment",
    "search_experiments",
    "set_experiment",
    "set_experiment_tag",
    "set_experiment_tags",
]

DEFAULT = "0"
_active: dict[str, str] = {}


def active_experiment_id(connection: Connection) -> str:
    """Return the experiment of new runs: chosen, from the environment, else the default one."""
    chosen = _active.get(connection.uri)
    if chosen is not None:
        return chosen
    by_id = config.EXPERIMENT_ID.get()
    if by_id is not None:
        try:
            return connection.store.get_experiment(by_id).experiment_id
        except (NotFound, InvalidParameter) as error:
            asked = config.EXPERIMENT_ID.variable()
            raise type(error)(f"{asked} asks for an experiment: {error}") from error
    by_name = config.EXPERIMENT_NAME.get()
    if by_name is not None:
        return experiment_named(connection, by_name).experiment_id
    return DEFAULT


def set_experiment(
    experiment_name: str | None = None, experiment_id: str | None = None
) -> Experiment:
    """Choose the experiment that new runs go to, and make it where it does not exist.

    Parameters
    ----------
    experiment_name : str, optional
        Its name. Either the name or the id is given.
    experiment_id : str, optional
        The id of one that exists.

    Returns
    -------
    Experiment

    Raises
    ------
    InvalidParameter
        If neither or both are given.
    NotFound
        If no experiment has that id.
    InvalidState
        If it is given by its id, and deleted. By the name of a deleted one a new one is made.

    Examples
    --------
    >>> import fitscribe
    >>> experiment = fitscribe.set_experiment("churn")
    >>> with fitscribe.start_run() as run:
    ...     pass
    >>> run.info.experiment_id == experiment.experiment_id
    True
    """
    if (experiment_name is None) == (experiment_id is None):
        raise InvalidParameter("set_experiment needs either experiment_name or experiment_id.")
    connection = connect()
    if experiment_id is not None:
        found = connection.store.get_experiment(str(experiment_id))
    else:
        found = experiment_named(connection, experiment_name or "")
    if found.lifecycle_stage != LifecycleStage.ACTIVE:
        raise InvalidState(
            f"The experiment {found.name!r} (id {found.experiment_id}) is deleted. Restore it "
            f"with restore_experiment({found.experiment_id!r}), or choose another one."
        )
    _active[connection.uri] = found.experiment_id
    return found


def experiment_named(connection: Connection, name: str) -> Experiment:
    """Return the active experiment of that name; two processes may make it at once."""
    found = connection.store.get_experiment_by_name(name)
    if found is not None and found.lifecycle_stage == LifecycleStage.ACTIVE:
        return found
    with contextlib.suppress(AlreadyExists):
        return connection.store.create_experiment(name)
    made = connection.store.get_experiment_by_name(name)
    if made is None:
        raise InvalidState(f"The experiment {name!r} was made and is gone again.")
    return made


def create_experiment(
    name: str, artifact_location: str | None = None, tags: Mapping[str, Any] | None = None
) -> str:
    """Make an experiment and return its id. Raises AlreadyExists."""
    checked = check_tags(tags, "experiment tag")
    return connect().store.create_experiment(name, artifact_location, checked).experiment_id


def get_experiment(experiment_id: str) -> Experiment:
    """Return an experiment. Raises NotFound."""
    return connect().store.get_experiment(experiment_id)


def get_experiment_by_name(name: str) -> Experiment | None:
    """Return the experiment of that name, or None."""
    return connect().store.get_experiment_by_name(name)


def search_experiments(
    view_type: int = ViewType.ACTIVE_ONLY,
    max_results: int | None = None,
    filter_string: str | None = None,
    order_by: Sequence[str] | None = None,
) -> list[Experiment]:
    """Return experiments that a filter finds, newest first by default."""
    store = connect().store
    return gathered(
        lambda size, token: store.search_experiments(
            filter_string or "", listed(order_by, "order_by"), view_type, size, token
        ),
        max_results,
    )


def delete_experiment(experiment_id: str) -> None:
    """Put an experiment with its runs into the bin."""
    connect().store.delete_experiment(experiment_id)


def restore_experiment(experiment_id: str, name: str | None = None) -> None:
    """Take an experiment with its runs out of the bin, under a new name if one is given."""
    connect().store.restore_experiment(experiment_id, name)


def rename_experiment(experiment_id: str, new_name: str) -> None:
    """Give an experiment another name. Raises AlreadyExists."""
    connect().store.rename_experiment(experiment_id, new_name)


def set_experiment_tag(key: str, value: Any) -> None:
    """Set a tag of the active experiment."""
    connection = connect()
    checked = dict([check_tag(key, value, "experiment tag")])
    connection.store.set_experiment_tags(active_experiment_id(connection), checked)


def set_experiment_tags(tags: Mapping[str, Any]) -> None:
    """Set tags of the active experiment."""
    connection = connect()
    checked = check_tags(tags, "experiment tag")
    connection.store.set_experiment_tags(active_experiment_id(connection), checked)


def delete_experiment_tag(key: str) -> None:
    """Remove a tag of the active experiment. Raises NotFound if it is not there."""
    connection = connect()
    connection.store.delete_experiment_tag(active_experiment_id(connection), key)
