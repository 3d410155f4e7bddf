"""Versions of registered models: how they are made, found, moved and removed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fitscribe.core.caller import Caller
from fitscribe.core.clock import now_ms
from fitscribe.core.commands import NewVersion
from fitscribe.core.registered_names import check_alias, check_version, is_latest
from fitscribe.core.registry import TAG_VERSIONS, ModelVersion, Stage
from fitscribe.errors import InvalidParameter
from fitscribe.stores.sql.changes import append_one
from fitscribe.stores.sql.codes import CHANGED_MODEL, CHANGED_VERSION, STAGES
from fitscribe.stores.sql.engine import Connection
from fitscribe.stores.sql.ids import no_version
from fitscribe.stores.sql.visibility import limit_if_any, visible

__all__ = [
    "Origin",
    "create",
    "delete",
    "delete_all",
    "delete_tag",
    "find",
    "find_by_alias",
    "newest_in",
    "number_of",
    "read",
    "set_tag",
    "transition",
    "update",
]

_CODES = {stage: code for code, stage in enumerate(STAGES)}


@dataclass(frozen=True, slots=True)
class Origin:
    """What the source of a version is.

    Parameters
    ----------
    source : str
        As the version tells it.
    address : str
        What it is in the end: ``models:/m-…``, ``runs:/…`` or another address, no version.
    model : int or None
        Number of the logged model.
    model_id, run_id : str or None
    experiment : int or None
        Number of the experiment of the model, else of the run.
    digest : str or None
        Of a version that it is.
    """

    source: str
    address: str
    model: int | None = None
    model_id: str | None = None
    run_id: str | None = None
    experiment: int | None = None
    digest: str | None = None


def find(
    connection: Connection, caller: Caller, registered: int, where: str, value: object
) -> int | None:
    """Return the number of the newest version of a name of which a condition holds, or None."""
    seen, allowed = limit_if_any(connection, caller, "v.experiment")
    row = connection.one(
        f"SELECT v.id FROM model_versions v WHERE v.registered = ? AND {where} {seen} "
        "ORDER BY v.version DESC LIMIT 1",
        [registered, value, *allowed],
    )
    return None if row is None else int(row[0])


def number_of(
    connection: Connection, caller: Caller, registered: int, name: str, version: object
) -> int:
    """Return the number of the row of a version. Raises NotFound."""
    wanted = check_version(version)
    number = find(connection, caller, registered, "v.version = ?", wanted)
    if number is None:
        raise no_version(name, version)
    return number


def find_by_alias(
    connection: Connection, caller: Caller, registered: int, name: str, alias: str
) -> int:
    """Return the number of the row that an alias stands for; ``latest`` is the newest version."""
    if is_latest(alias):
        number = find(connection, caller, registered, "v.version > ?", 0)
        if number is None:
            raise no_version(name, "yet")
        return number
    where = (
        "v.id = (SELECT a.version FROM registered_model_aliases a "
        "WHERE a.registered = v.registered AND a.alias = ?)"
    )
    number = find(connection, caller, registered, where, check_alias(alias))
    if number is None:
        raise InvalidParameter(
            f"The registered model {name!r:.80} has no alias {alias!r:.80}. Give it one: "
            f"set_registered_model_alias({name!r:.80}, {alias!r:.80}, version)."
        )
    return number


def newest_in(
    connection: Connection, caller: Caller, registered: int, name: str, stage: int
) -> int:
    """Return the number of the row of the newest version in a stage. Raises NotFound."""
    number = find(connection, caller, registered, "v.stage = ?", stage)
    if number is None:
        raise no_version(name, f"in the stage {STAGES[stage]}")
    return number


def create(
    connection: Connection,
    caller: Caller,
    registered: int,
    new: NewVersion,
    origin: Origin,
    keys: Mapping[str, int],
) -> int:
    """Make the next version of a name and return the number of its row.

    `keys` has the numbers of the keys of its tags, and of ``mlflow.modelVersions``.
    """
    now = now_ms()
    ((version,),) = connection.rows(
        "UPDATE registered_models SET last_version = last_version + 1, updated = ? WHERE id = ? "
        "RETURNING last_version",
        [now, registered],
    )
    rows = connection.rows(
        "INSERT INTO model_versions (registered, version, experiment, model, run_id, source, "
        "origin, digest, stage, user_id, description, run_link, created, updated) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
        [
            registered,
            version,
            origin.experiment,
            origin.model,
            origin.run_id,
            origin.source,
            origin.address,
            new.digest or origin.digest,
            _CODES[Stage.NONE],
            caller.name,
            new.description,
            new.run_link,
            now,
            now,
        ],
    )
    number = int(rows[0][0])
    for key, value in new.tags.items():
        _write_tag(connection, number, keys[key], value)
    append_one(connection, caller, CHANGED_VERSION, f"{new.name}/{version}")
    if origin.model is not None:
        _tell_model(connection, origin.model, keys[TAG_VERSIONS], new.name, version)
        append_one(connection, caller, CHANGED_MODEL, str(origin.model_id))
    return number


def _tell_model(connection: Connection, model: int, key: int, name: str, version: int) -> None:
    """Add a version to those that a logged model's tag names; what is no list is replaced."""
    row = connection.one(
        "SELECT value FROM logged_model_tags WHERE model = ? AND key = ?", [model, key]
    )
    try:
        told = [] if row is None else json.loads(row[0])
    except ValueError:
        told = []
    told = [*(told if isinstance(told, list) else []), {"name": name, "version": str(version)}]
    connection.execute(
        "INSERT INTO logged_model_tags (model, key, value) VALUES (?, ?, ?) "
        "ON CONFLICT (model, key) DO UPDATE SET value = excluded.value",
        [model, key, json.dumps(told, ensure_ascii=False)],
    )


def read(connection: Connection, caller: Caller, numbers: Sequence[int]) -> list[ModelVersion]:
    """Return versions in the order of their numbers; a run that is out of sight is not named."""
    if not numbers:
        return []
    bound = [connection.listed(numbers)]
    allowed = visible(caller)
    run_id, seen = "v.run_id", []
    if allowed is not None:
        hidden = f"h.run_id = v.run_id AND NOT {connection.among('h.experiment')}"
        run_id = (
            f"CASE WHEN EXISTS (SELECT 1 FROM runs h WHERE {hidden}) THEN NULL ELSE v.run_id END"
        )
        seen = [connection.listed(allowed)]
    versions, tag_rows, alias_rows = connection.gather(
        [
            (
                f"SELECT v.id, g.name, v.version, v.created, v.updated, v.description, v.user_id, "
                f"v.stage, v.source, {run_id}, v.run_link, m.model_id, v.digest "
                "FROM model_versions v JOIN registered_models g ON g.id = v.registered "
                "LEFT JOIN logged_models m ON m.id = v.model "
                f"WHERE {connection.among('v.id')}",
                [*seen, *bound],
            ),
            (
                "SELECT version, key, value FROM model_version_tags "
                f"WHERE {connection.among('version')}",
                bound,
            ),
            (
                "SELECT version, alias FROM registered_model_aliases "
                f"WHERE {connection.among('version')} ORDER BY alias",
                bound,
            ),
        ]
    )
    names = connection.names.of(connection, {row[1] for row in tag_rows})
    tags: dict[int, dict[str, str]] = {}
    for number, key, value in tag_rows:
        tags.setdefault(number, {})[names[key]] = value
    aliases: dict[int, tuple[str, ...]] = {}
    for number, alias in alias_rows:
        aliases[number] = (*aliases.get(number, ()), alias)
    found = {
        row[0]: ModelVersion(
            name=row[1],
            version=str(row[2]),
            creation_timestamp=row[3],
            last_updated_timestamp=row[4],
            description=row[5],
            user_id=row[6],
            current_stage=STAGES[row[7]],
            source=row[8],
            run_id=row[9],
            tags=tags.get(row[0], {}),
            run_link=row[10],
            aliases=aliases.get(row[0], ()),
            model_id=row[11],
            digest=row[12],
        )
        for row in versions
    }
    return [found[number] for number in numbers if number in found]


def update(
    connection: Connection,
    caller: Caller,
    registered: int,
    name: str,
    version: object,
    description: str | None,
) -> int:
    """Set the description of a version and return the number of its row."""
    number = number_of(connection, caller, registered, name, version)
    connection.execute(
        "UPDATE model_versions SET description = ?, updated = ? WHERE id = ?",
        [description, now_ms(), number],
    )
    append_one(connection, caller, CHANGED_VERSION, f"{name}/{check_version(version)}")
    return number


def transition(
    connection: Connection,
    caller: Caller,
    registered: int,
    name: str,
    version: object,
    stage: str,
    alone: bool,
) -> int:
    """Move a version to a stage, others that are in it to Archived if it is to be `alone`."""
    number = number_of(connection, caller, registered, name, version)
    now = now_ms()
    moved = [check_version(version)]
    if alone:
        rows = connection.rows(
            "UPDATE model_versions SET stage = ?, updated = ? "
            "WHERE registered = ? AND stage = ? AND id <> ? RETURNING version",
            [_CODES[Stage.ARCHIVED], now, registered, _CODES[stage], number],
        )
        moved += sorted(row[0] for row in rows)
    connection.execute(
        "UPDATE model_versions SET stage = ?, updated = ? WHERE id = ?",
        [_CODES[stage], now, number],
    )
    _touch(connection, registered, now)
    for one in moved:
        append_one(connection, caller, CHANGED_VERSION, f"{name}/{one}")
    return number


def _touch(connection: Connection, registered: int, now: int) -> None:
    connection.execute("UPDATE registered_models SET updated = ? WHERE id = ?", [now, registered])


def delete(
    connection: Connection, caller: Caller, registered: int, name: str, version: object
) -> None:
    """Remove a version with its tags and the aliases on it."""
    number = number_of(connection, caller, registered, name, version)
    connection.execute("DELETE FROM registered_model_aliases WHERE version = ?", [number])
    connection.execute("DELETE FROM model_version_tags WHERE version = ?", [number])
    connection.execute("DELETE FROM model_versions WHERE id = ?", [number])
    _touch(connection, registered, now_ms())
    append_one(connection, caller, CHANGED_VERSION, f"{name}/{check_version(version)}")


def delete_all(connection: Connection, caller: Caller, registered: int, name: str) -> None:
    """Remove all versions of a name with their tags; no alias is on them any more."""
    connection.execute(
        "DELETE FROM model_version_tags WHERE version IN "
        "(SELECT v.id FROM model_versions v WHERE v.registered = ?)",
        [registered],
    )
    rows = connection.rows(
        "DELETE FROM model_versions WHERE registered = ? RETURNING version", [registered]
    )
    for (version,) in sorted(rows):
        append_one(connection, caller, CHANGED_VERSION, f"{name}/{version}")


def set_tag(
    connection: Connection,
    caller: Caller,
    registered: int,
    name: str,
    version: object,
    key: int,
    value: str,
) -> None:
    """Set a tag, given by the number of its key."""
    _write_tag(connection, number_of(connection, caller, registered, name, version), key, value)
    append_one(connection, caller, CHANGED_VERSION, f"{name}/{check_version(version)}")


def _write_tag(connection: Connection, number: int, key: int, value: str) -> None:
    connection.execute(
        "INSERT INTO model_version_tags (version, key, value) VALUES (?, ?, ?) "
        "ON CONFLICT (version, key) DO UPDATE SET value = excluded.value",
        [number, key, value],
    )


def delete_tag(
    connection: Connection,
    caller: Caller,
    registered: int,
    name: str,
    version: object,
    key: str,
) -> None:
    """Remove a tag, if it is there."""
    number = number_of(connection, caller, registered, name, version)
    key_number = connection.names.find(connection, [key]).get(key, 0)
    gone = connection.execute(
        "DELETE FROM model_version_tags WHERE version = ? AND key = ?", [number, key_number]
    )
    if gone:
        append_one(connection, caller, CHANGED_VERSION, f"{name}/{check_version(version)}")
