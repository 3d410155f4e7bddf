"""Which experiment new runs go to."""

from __future__ import annotations

import contextlib

from fitscribe import config
from fitscribe.core.entities import Experiment, LifecycleStage
from fitscribe.errors import AlreadyExists, InvalidParameter, InvalidState
from fitscribe.tracking.connect import Connection, connect

__all__ = ["active_experiment_id", "set_experiment"]

DEFAULT = "0"
_active: dict[str, str] = {}


def active_experiment_id(connection: Connection) -> str:
    """Return the experiment of new runs: chosen, from the environment, else the default one."""
    chosen = _active.get(connection.uri)
    if chosen is not None:
        return chosen
    by_id = config.EXPERIMENT_ID.get()
    if by_id is not None:
        return connection.store.get_experiment(by_id).experiment_id
    by_name = config.EXPERIMENT_NAME.get()
    if by_name is not None:
        return _get_or_create(connection, by_name).experiment_id
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
        If it is deleted; restore it or choose another name.
    """
    if (experiment_name is None) == (experiment_id is None):
        raise InvalidParameter("set_experiment needs either experiment_name or experiment_id.")
    connection = connect()
    if experiment_id is not None:
        found = connection.store.get_experiment(str(experiment_id))
    else:
        found = _get_or_create(connection, experiment_name or "")
    if found.lifecycle_stage != LifecycleStage.ACTIVE:
        raise InvalidState(
            f"The experiment {found.name!r} (id {found.experiment_id}) is deleted. Restore it "
            f"with restore_experiment({found.experiment_id!r}), or choose another one."
        )
    _active[connection.uri] = found.experiment_id
    return found


def _get_or_create(connection: Connection, name: str) -> Experiment:
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
