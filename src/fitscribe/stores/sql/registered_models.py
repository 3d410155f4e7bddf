"""Registered models: names with their tags and aliases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fitscribe.core.caller import Caller
from fitscribe.core.clock import now_ms
from fitscribe.core.registered_names import check_alias, check_registered_name
from fitscribe.core.registry import ModelVersion, RegisteredModel
from fitscribe.errors import AlreadyExists, PermissionDenied
from fitscribe.stores.sql import model_versions
from fitscribe.stores.sql.changes import append_one
from fitscribe.stores.sql.codes import CHANGED_REGISTERED_MODEL
from fitscribe.stores.sql.engine import Connection
from fitscribe.stores.sql.ids import no_registered_model
from fitscribe.stores.sql.visibility import limit_if_any

__all__ = [
    "create",
    "delete",
    "delete_alias",
    "delete_tag",
    "find",
    "latest_versions",
    "number_of",
    "read",
    "rename",
    "set_alias",
    "set_tag",
    "update",
]


def find(connection: Connection, name: object) -> int | None:
    """Return the number of a name, or None where it is not registered."""
    row = connection.one(
        "SELECT id FROM registered_models WHERE name = ?", [check_registered_name(name)]
    )
    return None if row is None else int(row[0])


def number_of(connection: Connection, name: object) -> int:
    """Return the number of a name. Raises NotFound."""
    number = find(connection, name)
    if number is None:
        raise no_registered_model(name)
    return number


def create(
    connection: Connection,
    caller: Caller,
    name: str,
    tags: Mapping[int, str],
    description: str | None,
) -> int:
    """Register a name and return its number; `tags` by number of their key."""
    if find(connection, name) is not None:
        raise AlreadyExists(
            f"There is a registered model {name!r} already. Add a version by register_model(...), "
            "or choose another name."
        )
    now = now_ms()
    rows = connection.rows(
        "INSERT INTO registered_models (name, description, last_version, created, updated) "
        "VALUES (?, ?, 0, ?, ?) RETURNING id",
        [name, description, now, now],
    )
    number = int(rows[0][0])
    for key, value in tags.items():
        _write_tag(connection, number, key, value)
    append_one(connection, caller, CHANGED_REGISTERED_MODEL, name)
    return number


def read(connection: Connection, caller: Caller, numbers: Sequence[int]) -> list[RegisteredModel]:
    """Return registered models in the order of their numbers."""
    bound = [connection.listed(numbers)]
    seen, allowed = limit_if_any(connection, caller, "v.experiment")
    models, tag_rows, alias_rows = connection.gather(
        [
            (
                "SELECT id, name, description, created, updated FROM registered_models "
                f"WHERE {connection.among('id')}",
                bound,
            ),
            (
                "SELECT registered, key, value FROM registered_model_tags "
                f"WHERE {connection.among('registered')}",
                bound,
            ),
            (
                "SELECT a.registered, a.alias, v.version FROM registered_model_aliases a "
                "JOIN model_versions v ON v.id = a.version "
                f"WHERE {connection.among('a.registered')} {seen} ORDER BY a.alias",
                [*bound, *allowed],
            ),
        ]
    )
    names = connection.names.of(connection, {row[1] for row in tag_rows})
    tags: dict[int, dict[str, str]] = {}
    for number, key, value in tag_rows:
        tags.setdefault(number, {})[names[key]] = value
    aliases: dict[int, dict[str, str]] = {}
    for number, alias, version in alias_rows:
        aliases.setdefault(number, {})[alias] = str(version)
    latest = _latest(connection, caller, numbers)
    found = {
        number: RegisteredModel(
            name,
            created,
            updated,
            description,
            tuple(latest.get(number, ())),
            tags.get(number, {}),
            aliases.get(number, {}),
        )
        for number, name, description, created, updated in models
    }
    return [found[number] for number in numbers if number in found]


def latest_versions(
    connection: Connection, caller: Caller, name: str, stages: Sequence[str]
) -> list[ModelVersion]:
    """Return the newest version in each of some stages that has any."""
    number = number_of(connection, name)
    found = _latest(connection, caller, [number]).get(number, [])
    return [one for one in found if one.current_stage in stages]


def _latest(
    connection: Connection, caller: Caller, numbers: Sequence[int]
) -> dict[int, list[ModelVersion]]:
    """Return the newest version of each stage, in the order of stages, by number of the name."""
    seen, allowed = limit_if_any(connection, caller, "v.experiment")
    rows = connection.rows(
        "SELECT n.registered, v.id FROM model_versions v JOIN ("
        "SELECT v.registered, v.stage, max(v.version) AS version FROM model_versions v "
        f"WHERE {connection.among('v.registered')} {seen} GROUP BY v.registered, v.stage"
        ") n ON n.registered = v.registered AND n.version = v.version "
        "ORDER BY n.registered, n.stage",
        [connection.listed(numbers), *allowed],
    )
    versions = model_versions.read(connection, caller, [number for _, number in rows])
    latest: dict[int, list[ModelVersion]] = {}
    for (registered, _), version in zip(rows, versions, strict=True):
        latest.setdefault(registered, []).append(version)
    return latest


def rename(connection: Connection, caller: Caller, name: str, new_name: str) -> int:
    """Give a name another one and return its number."""
    number = number_of(connection, name)
    _refuse_hidden(connection, caller, number, f"rename {name!r}")
    if find(connection, new_name) is not None:
        raise AlreadyExists(
            f"There is a registered model {new_name!r} already. Choose another name."
        )
    _set(connection, number, "name = ?", new_name)
    for changed in (name, new_name):
        append_one(connection, caller, CHANGED_REGISTERED_MODEL, changed)
    return number


def update(connection: Connection, caller: Caller, name: str, description: str | None) -> int:
    """Set the description of a name and return its number."""
    number = number_of(connection, name)
    _set(connection, number, "description = ?", description)
    append_one(connection, caller, CHANGED_REGISTERED_MODEL, name)
    return number


def _set(connection: Connection, number: int, column: str, value: str | None) -> None:
    connection.execute(
        f"UPDATE registered_models SET {column}, updated = ? WHERE id = ?",
        [value, now_ms(), number],
    )


def delete(connection: Connection, caller: Caller, name: str) -> None:
    """Remove a name with all that is below it."""
    number = number_of(connection, name)
    _refuse_hidden(connection, caller, number, f"delete {name!r}")
    connection.execute("DELETE FROM registered_model_aliases WHERE registered = ?", [number])
    model_versions.delete_all(connection, caller, number, name)
    connection.execute("DELETE FROM registered_model_tags WHERE registered = ?", [number])
    connection.execute("DELETE FROM registered_models WHERE id = ?", [number])
    append_one(connection, caller, CHANGED_REGISTERED_MODEL, name)


def _refuse_hidden(connection: Connection, caller: Caller, number: int, what: str) -> None:
    """Refuse what would change versions that the caller may not see."""
    seen, allowed = limit_if_any(connection, caller, "v.experiment")
    if not allowed:
        return
    row = connection.one(
        "SELECT 1 FROM model_versions o WHERE o.registered = ? AND o.id NOT IN "
        f"(SELECT v.id FROM model_versions v WHERE v.registered = ? {seen})",
        [number, number, *allowed],
    )
    if row is not None:
        raise PermissionDenied(
            f"{caller.name!r} may not {what}: it has versions of experiments that "
            f"{caller.name!r} does not see. Ask whoever made them."
        )


# Tags


def set_tag(connection: Connection, caller: Caller, name: str, key: int, value: str) -> None:
    """Set a tag, given by the number of its key."""
    _write_tag(connection, number_of(connection, name), key, value)
    append_one(connection, caller, CHANGED_REGISTERED_MODEL, name)


def _write_tag(connection: Connection, number: int, key: int, value: str) -> None:
    connection.execute(
        "INSERT INTO registered_model_tags (registered, key, value) VALUES (?, ?, ?) "
        "ON CONFLICT (registered, key) DO UPDATE SET value = excluded.value",
        [number, key, value],
    )


def delete_tag(connection: Connection, caller: Caller, name: str, key: str) -> None:
    """Remove a tag, if it is there."""
    number = number_of(connection, name)
    key_number = connection.names.find(connection, [key]).get(key, 0)
    gone = connection.execute(
        "DELETE FROM registered_model_tags WHERE registered = ? AND key = ?", [number, key_number]
    )
    if gone:
        append_one(connection, caller, CHANGED_REGISTERED_MODEL, name)


# Aliases


def set_alias(
    connection: Connection, caller: Caller, name: str, alias: str, version: object
) -> None:
    """Let an alias stand for a version."""
    text = check_alias(alias)
    number = number_of(connection, name)
    target = model_versions.number_of(connection, caller, number, name, version)
    connection.execute(
        "INSERT INTO registered_model_aliases (registered, alias, version) VALUES (?, ?, ?) "
        "ON CONFLICT (registered, alias) DO UPDATE SET version = excluded.version",
        [number, text, target],
    )
    append_one(connection, caller, CHANGED_REGISTERED_MODEL, name)


def delete_alias(connection: Connection, caller: Caller, name: str, alias: str) -> None:
    """Remove an alias, if it is there."""
    text = check_alias(alias)
    gone = connection.execute(
        "DELETE FROM registered_model_aliases WHERE registered = ? AND alias = ?",
        [number_of(connection, name), text],
    )
    if gone:
        append_one(connection, caller, CHANGED_REGISTERED_MODEL, name)
