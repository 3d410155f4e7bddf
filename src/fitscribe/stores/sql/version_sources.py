"""Where a version's files are: what its source names, when it is made and when it is read."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import quote

from fitscribe.core.caller import Caller
from fitscribe.core.commands import NewVersion
from fitscribe.core.registered_names import LATEST
from fitscribe.core.texts import check_text
from fitscribe.core.uris import (
    MAX_ADDRESS,
    LocalPath,
    ModelAlias,
    ModelId,
    ModelLatest,
    ModelStage,
    ModelVersion,
    RunArtifact,
    artifacts_of_run,
    parse_model_uri,
    scheme_of,
)
from fitscribe.errors import InvalidParameter, NotFound, PermissionDenied
from fitscribe.stores.sql import (
    experiments,
    logged_models,
    model_versions,
    registered_models,
    runs,
)
from fitscribe.stores.sql.codes import STAGES
from fitscribe.stores.sql.engine import Connection
from fitscribe.stores.sql.ids import check_run_id
from fitscribe.stores.sql.locations import Locations
from fitscribe.stores.sql.model_versions import Origin
from fitscribe.stores.sql.visibility import limit

__all__ = ["check_source", "download_uri", "origin_of"]

Registered = ModelVersion | ModelAlias | ModelLatest | ModelStage


def check_source(source: object) -> str:
    """Return the address of a version's files, or raise InvalidParameter.

    What another system keeps (``s3://…``) is taken as it is; nothing here reads it.
    """
    if not isinstance(source, str) or not source.strip() or len(source) > MAX_ADDRESS:
        raise InvalidParameter(
            f"The source of a version is the address of a model, such as models:/m-…, of up to "
            f"{MAX_ADDRESS:,} characters, not {source!r:.80}."
        )
    check_text("source of version", source[:40], source)
    if ".." in source.replace("\\", "/").split("/"):
        raise InvalidParameter(f"The source {source!r:.200} has '..' in it. Write where it leads.")
    return source


def origin_of(connection: Connection, caller: Caller, new: NewVersion) -> Origin:
    """Return what the source of a new version is: a logged model, a run's folder, an address.

    Raises
    ------
    NotFound
        If it names a logged model or a version that is not there.
    InvalidParameter
        If it is of another run or model than `new` says.
    PermissionDenied
        If it is a folder, and the caller may not see everything.
    """
    scheme = scheme_of(new.source)
    if scheme in ("", "file") and caller.experiments is not None:
        # Whoever reads the version would read any file of the machine that keeps the store.
        raise PermissionDenied(
            f"{caller.name!r} may not register the folder {new.source!r:.200}. Log the model and "
            "register models:/m-… or runs:/<run id>/<model name>."
        )
    if scheme not in ("models", "runs"):
        return _of_ids(connection, caller, new, Origin(new.source, new.source))
    parsed = parse_model_uri(new.source)
    if isinstance(parsed, Registered):
        return _of_version(connection, caller, parsed)
    origin = Origin(new.source, new.source)
    if isinstance(parsed, ModelId):
        _agree("model_id", new.model_id, parsed.model_id, new.source)
        return _of_ids(connection, caller, replace(new, model_id=parsed.model_id), origin)
    if isinstance(parsed, RunArtifact):
        _agree("run_id", new.run_id, parsed.run_id, new.source)
        return _of_ids(connection, caller, replace(new, run_id=parsed.run_id), origin)
    raise InvalidParameter(f"{new.source!r:.200} is no address of a model.")


def _agree(what: str, given: str | None, meant: str, source: str) -> None:
    if given is not None and given != meant:
        raise InvalidParameter(
            f"The source {source!r:.200} is of the {what} {meant!r}, and {what} is {given!r:.80}. "
            "Leave it out, or give that one."
        )


def _of_ids(connection: Connection, caller: Caller, new: NewVersion, origin: Origin) -> Origin:
    """Return an origin with the logged model, the run and the experiment that it is of.

    A run that is not there is taken at its word, as in MLflow.
    """
    run_id = None if new.run_id is None else check_run_id(new.run_id)
    if new.model_id is not None:
        model = logged_models.number_of(connection, caller, new.model_id)
        seen, allowed = limit(connection, caller, "r.experiment")
        row = connection.one(
            "SELECT m.experiment, r.run_id FROM logged_models m "
            f"LEFT JOIN runs r ON r.id = m.run {seen} WHERE m.id = ?",
            [*allowed, model],
        )
        experiment, made_by = row or (None, None)
        return replace(
            origin,
            model=model,
            model_id=new.model_id,
            run_id=made_by or run_id,
            experiment=experiment,
        )
    if run_id is None:
        return origin
    try:
        _, _, experiment = runs.number_of(connection, caller, run_id)
    except NotFound:
        experiment = None
    return replace(origin, run_id=run_id, experiment=experiment)


def _of_version(connection: Connection, caller: Caller, named: Registered) -> Origin:
    """Return the origin of a version that is there; its source is told by number."""
    registered = registered_models.number_of(connection, named.name)
    if isinstance(named, ModelVersion):
        number = model_versions.number_of(
            connection, caller, registered, named.name, named.version
        )
    elif isinstance(named, ModelStage):
        number = model_versions.newest_in(
            connection, caller, registered, named.name, STAGES.index(named.stage)
        )
    else:
        alias = named.alias if isinstance(named, ModelAlias) else LATEST
        number = model_versions.find_by_alias(connection, caller, registered, named.name, alias)
    row = connection.one(
        "SELECT v.version, v.origin, v.model, m.model_id, v.run_id, v.experiment, v.digest "
        "FROM model_versions v LEFT JOIN logged_models m ON m.id = v.model WHERE v.id = ?",
        [number],
    )
    assert row is not None  # it was found in this transaction
    version, *rest = row
    return Origin(f"models:/{named.name}/{version}", *rest)


def download_uri(connection: Connection, caller: Caller, locations: Locations, number: int) -> str:
    """Return the address of the files of a version, given by the number of its row."""
    row = connection.one(
        "SELECT v.origin, m.model_id FROM model_versions v "
        "LEFT JOIN logged_models m ON m.id = v.model WHERE v.id = ?",
        [number],
    )
    assert row is not None  # it was found in this transaction
    origin, model_id = row
    if model_id is not None:
        model = logged_models.number_of(connection, caller, model_id)
        found = logged_models.read(connection, caller, locations, [model])
        return found[0].artifact_location
    parsed = parse_model_uri(origin) if scheme_of(origin) == "runs" else LocalPath(origin)
    if not isinstance(parsed, RunArtifact):
        return str(origin)
    _, _, experiment = runs.number_of(connection, caller, parsed.run_id)
    (folder,) = experiments.read(connection, locations, [experiment])
    root = artifacts_of_run(folder.artifact_location, parsed.run_id)
    return f"{root}/{quote(parsed.path)}" if parsed.path else root
