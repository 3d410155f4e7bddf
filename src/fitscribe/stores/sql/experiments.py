"""Experiments and their tags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fitscribe.core.caller import Caller
from fitscribe.core.clock import now_ms
from fitscribe.core.entities import Experiment
from fitscribe.core.states import LifecycleStage
from fitscribe.core.texts import MAX_EXPERIMENT_NAME, check_text
from fitscribe.errors import AlreadyExists, InvalidParameter, InvalidState, NotFound
from fitscribe.stores.sql.changes import append_one
from fitscribe.stores.sql.codes import (
    CHANGED_EXPERIMENT,
    CHANGED_RUN,
    DELETED,
    DELETED_WITH_EXPERIMENT,
    LIVE,
)
from fitscribe.stores.sql.engine import Connection
from fitscribe.stores.sql.ids import experiment_number, no_experiment
from fitscribe.stores.sql.locations import Locations
from fitscribe.stores.sql.visibility import limit

__all__ = [
    "check_name",
    "create",
    "delete",
    "delete_tag",
    "find",
    "number_of",
    "read",
    "rename",
    "restore",
    "set_tags",
]


def check_name(name: object) -> str:
    """Return a name that an experiment can have, or raise InvalidParameter."""
    if not isinstance(name, str) or not name.strip():
        raise InvalidParameter(f"An experiment needs a name, not {name!r:.60}.")
    if len(name) > MAX_EXPERIMENT_NAME:
        raise InvalidParameter(
            f"An experiment's name may have {MAX_EXPERIMENT_NAME} characters; "
            f"{name[:40]!r}… has {len(name)}."
        )
    return check_text("name of experiment", name[:40], name)


def number_of(connection: Connection, caller: Caller, experiment_id: str) -> tuple[int, str, int]:
    """Return number, name and lifecycle of an experiment that the caller may see."""
    number = experiment_number(experiment_id)
    row = connection.one("SELECT id, name, lifecycle FROM experiments WHERE id = ?", [number])
    if row is None or not caller.may_see(str(number)):
        raise no_experiment(experiment_id)
    return row[0], row[1], row[2]


def find(connection: Connection, caller: Caller, name: str) -> int | None:
    """Return the active experiment of that name, else the latest deleted one, else None."""
    where, values = limit(connection, caller, "id")
    row = connection.one(
        f"SELECT id FROM experiments WHERE name = ? {where} "
        "ORDER BY lifecycle, updated DESC, id DESC LIMIT 1",
        [name, *values],
    )
    return None if row is None else int(row[0])


def read(connection: Connection, locations: Locations, numbers: Sequence[int]) -> list[Experiment]:
    """Return experiments in the order of their numbers, with their tags."""
    bound = [connection.listed(numbers)]
    rows, tag_rows = connection.gather(
        [
            (
                "SELECT id, name, artifact_location, lifecycle, created, updated "
                f"FROM experiments WHERE {connection.among('id')}",
                bound,
            ),
            (
                "SELECT experiment, key, value FROM experiment_tags "
                f"WHERE {connection.among('experiment')}",
                bound,
            ),
        ]
    )
    names = connection.names.of(connection, {row[1] for row in tag_rows})
    tags: dict[int, dict[str, str]] = {}
    for number, key, value in tag_rows:
        tags.setdefault(number, {})[names[key]] = value
    found = {
        number: Experiment(
            str(number),
            name,
            locations.of_experiment(number, location),
            LifecycleStage.ACTIVE if lifecycle == LIVE else LifecycleStage.DELETED,
            tags.get(number, {}),
            created,
            updated,
        )
        for number, name, location, lifecycle, created, updated in rows
    }
    return [found[number] for number in numbers if number in found]


def create(
    connection: Connection,
    caller: Caller,
    name: str,
    artifact_location: str | None,
    tags: Mapping[int, str],
) -> int:
    """Make an experiment and return its number; `tags` by number of their key."""
    _check_free(
        connection, caller, name, "Use it with set_experiment(...), or choose another name."
    )
    now = now_ms()
    rows = connection.rows(
        "INSERT INTO experiments (name, artifact_location, lifecycle, created, updated) "
        "VALUES (?, ?, 0, ?, ?) RETURNING id",
        [name, artifact_location, now, now],
    )
    number = int(rows[0][0])
    _write_tags(connection, number, tags)
    append_one(connection, caller, CHANGED_EXPERIMENT, str(number))
    return number


def _check_free(connection: Connection, caller: Caller, name: str, advice: str) -> None:
    row = connection.one("SELECT id FROM experiments WHERE name = ? AND lifecycle = 0", [name])
    if row is not None:
        # That the name is taken cannot be kept from anybody, but by which one it is can.
        which = f" (id {row[0]})" if caller.may_see(str(row[0])) else ""
        raise AlreadyExists(f"There is an experiment named {name!r}{which}. {advice}")


def rename(connection: Connection, caller: Caller, experiment_id: str, name: str) -> None:
    """Rename an active experiment."""
    number, old, lifecycle = number_of(connection, caller, experiment_id)
    if lifecycle != LIVE:
        raise InvalidState(
            f"The experiment {number} ({old!r}) is deleted. "
            f"Restore it under a new name: restore_experiment('{number}', name=…)."
        )
    if name != old:
        _check_free(connection, caller, name, "Choose another name.")
        _set(connection, caller, number, "name = ?", [name])


def delete(connection: Connection, caller: Caller, experiment_id: str) -> None:
    """Put an experiment with its runs into the bin; again is fine."""
    number, _, lifecycle = number_of(connection, caller, experiment_id)
    if lifecycle == LIVE:
        _move_runs(connection, caller, number, LIVE, DELETED_WITH_EXPERIMENT)
        _set(connection, caller, number, "lifecycle = ?", [DELETED])


def restore(connection: Connection, caller: Caller, experiment_id: str, name: str | None) -> None:
    """Take an experiment, and the runs deleted with it, out of the bin."""
    number, old, lifecycle = number_of(connection, caller, experiment_id)
    if lifecycle == LIVE:
        if name is not None and name != old:
            rename(connection, caller, experiment_id, name)
        return
    _check_free(
        connection,
        caller,
        name or old,
        f"Give the one from the bin another name: restore_experiment('{number}', name=…).",
    )
    _set(connection, caller, number, "lifecycle = 0, name = ?", [name or old])
    _move_runs(connection, caller, number, DELETED_WITH_EXPERIMENT, LIVE)


def _set(
    connection: Connection, caller: Caller, number: int, columns: str, values: list[object]
) -> None:
    connection.execute(
        f"UPDATE experiments SET {columns}, updated = ? WHERE id = ?",
        [*values, now_ms(), number],
    )
    append_one(connection, caller, CHANGED_EXPERIMENT, str(number))


def _move_runs(connection: Connection, caller: Caller, number: int, old: int, new: int) -> None:
    """Move the runs of an experiment from one lifecycle to another, with a change for each."""
    connection.execute(
        "INSERT INTO changes (kind, id, caller, request_id, at) "
        "SELECT ?, run_id, ?, ?, ? FROM runs WHERE experiment = ? AND lifecycle = ? ORDER BY id",
        [CHANGED_RUN, caller.name, caller.request_id, now_ms(), number, old],
    )
    connection.execute(
        "UPDATE runs SET lifecycle = ? WHERE experiment = ? AND lifecycle = ?",
        [new, number, old],
    )


def set_tags(
    connection: Connection, caller: Caller, experiment_id: str, tags: Mapping[int, str]
) -> None:
    """Set tags on an active experiment."""
    number = _active(connection, caller, experiment_id)
    _write_tags(connection, number, tags)
    _set(connection, caller, number, "lifecycle = 0", [])


def _write_tags(connection: Connection, number: int, tags: Mapping[int, str]) -> None:
    for key, value in tags.items():
        connection.execute(
            "INSERT INTO experiment_tags (experiment, key, value) VALUES (?, ?, ?) "
            "ON CONFLICT (experiment, key) DO UPDATE SET value = excluded.value",
            [number, key, value],
        )


def delete_tag(connection: Connection, caller: Caller, experiment_id: str, key: str) -> None:
    """Remove a tag of an active experiment."""
    number = _active(connection, caller, experiment_id)
    key_number = connection.names.find(connection, [key]).get(key, 0)
    gone = connection.execute(
        "DELETE FROM experiment_tags WHERE experiment = ? AND key = ?", [number, key_number]
    )
    if not gone:
        raise NotFound(f"The experiment {number} has no tag {key!r:.80}.")
    _set(connection, caller, number, "lifecycle = 0", [])


def _active(connection: Connection, caller: Caller, experiment_id: str) -> int:
    number, name, lifecycle = number_of(connection, caller, experiment_id)
    if lifecycle != LIVE:
        raise InvalidParameter(
            f"The experiment {number} ({name!r}) is deleted. "
            f"Restore it: restore_experiment('{number}')."
        )
    return number
