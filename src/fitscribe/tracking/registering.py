"""Registering what was logged, and finding it by name: MLflow's functions."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fitscribe.core.commands import NewVersion
from fitscribe.core.entities import LoggedModel, PagedList
from fitscribe.core.paging import gathered
from fitscribe.core.registered_names import check_registered_name, check_version
from fitscribe.core.registry import ModelVersion, RegisteredModel
from fitscribe.core.texts import check_tag, check_tags, check_text, listed
from fitscribe.core.uris import (
    LocalPath,
    ModelId,
    RunArtifact,
    file_uri,
    parse_model_uri,
    scheme_of,
)
from fitscribe.errors import InvalidParameter, NotFound
from fitscribe.tracking.addresses import artifact_of_run, version_at
from fitscribe.tracking.connect import Connection, connect

__all__ = [
    "description_text",
    "new_version",
    "register_logged",
    "register_model",
    "search_model_versions",
    "search_registered_models",
    "set_model_version_tag",
    "version_text",
]


def register_model(
    model_uri: str | Path,
    name: str,
    await_registration_for: int = 300,
    *,
    tags: Mapping[str, Any] | None = None,
) -> ModelVersion:
    """Make a model the next version of a registered model, which is made where it is not there.

    Parameters
    ----------
    model_uri : str or Path
        ``models:/m-<id>``, ``runs:/<run id>/<model name>``, a version that is there
        (``models:/<name>@<alias>``), or a folder.
    name : str
        Of the registered model; it has no ``/`` and no ``:``, and looks like no other.
    await_registration_for : int
        Accepted for MLflow's sake: a version is ready at once.
    tags : dict, optional
        Of the version.

    Returns
    -------
    ModelVersion
        Its ``version`` is the number, as text.

    Raises
    ------
    NotFound
        If there is no such model; nothing is registered then.
    InvalidParameter
        If the name will not do.

    Examples
    --------
    >>> import fitscribe
    >>> from sklearn.linear_model import Ridge
    >>> with fitscribe.start_run():
    ...     info = fitscribe.sklearn.log_model(Ridge().fit([[0.0], [1.0]], [0.0, 1.0]))
    >>> version = fitscribe.register_model(info.model_uri, "ridge")
    >>> fitscribe.sklearn.load_model(f"models:/ridge/{version.version}")
    Ridge()
    """
    del await_registration_for
    connection = connect()
    check_registered_name(name)
    source, run_id, model_id = _what_is_there(connection, str(model_uri))
    new = NewVersion(name, source, run_id, model_id, check_tags(tags), make_model=True)
    return connection.store.create_model_version(new)


def _what_is_there(connection: Connection, address: str) -> tuple[str, str | None, str | None]:
    """Return the source, run id and model id of a model that is there. Raises NotFound."""
    parsed = parse_model_uri(address)
    if isinstance(parsed, LocalPath):
        folder = Path(parsed.path).absolute()
        if not folder.is_dir():
            raise NotFound(f"There is no folder {address!r:.200}, so there is no model in it.")
        return file_uri(folder), None, None
    if isinstance(parsed, ModelId):
        return address, None, parsed.model_id
    if isinstance(parsed, RunArtifact):
        made = _made_under(connection, parsed)
        if made is not None:
            return made.model_uri, made.source_run_id, made.model_id
        return address, parsed.run_id, None
    version = version_at(connection, parsed)
    return f"models:/{version.name}/{version.version}", None, None


def _made_under(connection: Connection, named: RunArtifact) -> LoggedModel | None:
    """Return the logged model that ``runs:/…`` names, or None if it is a folder of the run.

    Raises
    ------
    NotFound
        If it is neither.
    """
    if not named.path:
        raise InvalidParameter(
            f"runs:/{named.run_id} names a run. Write the model's name behind it: "
            f"runs:/{named.run_id}/model."
        )
    files, below = artifact_of_run(connection, named.run_id, named.path)
    if not files.shown:
        return None
    made = connection.store.find_logged_model(named.run_id, files.shown)
    if below is not None and made is not None:
        raise InvalidParameter(
            f"{named.path!r:.200} is a part of the model {made.name!r}. Register {made.model_uri}."
        )
    return made


def new_version(
    connection: Connection,
    name: str,
    source: str,
    run_id: str | None,
    model_id: str | None,
    tags: Mapping[str, Any] | None,
    run_link: str | None,
    description: str | None,
) -> NewVersion:
    """Return a version to make of what a user gave; its source stays as it was given.

    A folder that is there is named by its absolute address, and a model that ``runs:/…`` names is
    known by its id. What is not there is taken at its word, as in MLflow.
    """
    scheme = scheme_of(source) if isinstance(source, str) else ""
    if isinstance(source, (str, Path)) and not scheme and Path(source).is_dir():
        source = file_uri(Path(source).absolute())
    if scheme == "runs" and model_id is None:
        parsed = parse_model_uri(source)
        if isinstance(parsed, RunArtifact) and run_id in (None, "", parsed.run_id):
            with contextlib.suppress(NotFound, InvalidParameter):
                made = _made_under(connection, parsed)
                model_id = None if made is None else made.model_id
    return NewVersion(
        check_registered_name(name),
        source,
        run_id or None,
        model_id or None,
        check_tags(tags),
        None if run_link is None else check_tag("run_link", run_link)[1],
        description_text(description),
    )


def description_text(description: object) -> str | None:
    """Return a description as a database keeps it, or raise InvalidParameter."""
    if description is None:
        return None
    if not isinstance(description, str):
        raise InvalidParameter(
            f"A description is text, not {type(description).__name__}: {description!r:.80}."
        )
    return check_text("description", description[:40], description)


def register_logged(
    connection: Connection,
    name: str,
    model_id: str,
    tags: Mapping[str, str] = {},
) -> ModelVersion:
    """Make a logged model, which is stored, the next version of a name."""
    new = NewVersion(name, f"models:/{model_id}", None, model_id, tags, make_model=True)
    return connection.store.create_model_version(new)


# Searching


def search_registered_models(
    max_results: int | None = None,
    filter_string: str | None = None,
    order_by: Sequence[str] | None = None,
) -> list[RegisteredModel]:
    """Return registered models that a filter finds, sorted by name.

    Parameters
    ----------
    max_results : int, optional
        At most so many; all by default.
    filter_string : str, optional
        For example ``name LIKE 'iris%' AND tags.team = 'blue'``.
    order_by : sequence of str, optional
        ``name`` or ``last_updated_timestamp``, with ``DESC`` for the other way round.
    """
    store = connect().store
    order = listed(order_by, "order_by")

    def page(size: int, token: str | None) -> PagedList[RegisteredModel]:
        return store.search_registered_models(filter_string or "", order, size, token)

    return gathered(page, max_results)


def search_model_versions(
    max_results: int | None = None,
    filter_string: str | None = None,
    order_by: Sequence[str] | None = None,
) -> list[ModelVersion]:
    """Return versions that a filter finds, the last updated first.

    Parameters
    ----------
    max_results : int, optional
        At most so many; all by default.
    filter_string : str, optional
        For example ``name = 'iris' AND version_number > 3``; also by ``run_id``, ``source_path``,
        ``model_id``, ``current_stage`` and ``tags.…``.
    order_by : sequence of str, optional
        For example ``["version_number DESC"]``.
    """
    store = connect().store
    order = listed(order_by, "order_by")

    def page(size: int, token: str | None) -> PagedList[ModelVersion]:
        return store.search_model_versions(filter_string or "", order, size, token)

    return gathered(page, max_results)


def set_model_version_tag(
    name: str, version: str | None = None, key: str | None = None, value: Any = None
) -> None:
    """Set a tag of a version of a registered model.

    Parameters
    ----------
    name : str
    version : str or int
    key : str
    value : object
        Kept as text.
    """
    checked, text = check_tag(key, value, "model version tag")
    connect().store.set_model_version_tag(name, version_text(version), checked, text)


def version_text(version: object) -> str:
    """Return the number of a version as text, or raise InvalidParameter."""
    return str(check_version(version))
