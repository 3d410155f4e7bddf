"""Logged models: what was made, by which run, and what a run read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fitscribe.core.caller import Caller
from fitscribe.core.clock import now_ms
from fitscribe.core.commands import ModelChange, NewModel, RunRecord
from fitscribe.core.entities import LoggedModel
from fitscribe.core.values import number_in
from fitscribe.errors import FitscribeError, InvalidParameter, NotFound
from fitscribe.stores.sql import metrics
from fitscribe.stores.sql.changes import append_one
from fitscribe.stores.sql.codes import CHANGED_MODEL, DELETED, LIVE, MODEL_STATUSES
from fitscribe.stores.sql.engine import Connection, Writer
from fitscribe.stores.sql.ids import experiment_number, no_experiment, no_model, no_run
from fitscribe.stores.sql.locations import Locations
from fitscribe.stores.sql.statements import Row, Rows, Rule, Statement
from fitscribe.stores.sql.visibility import limit, visible_text

__all__ = [
    "add_links",
    "create",
    "delete",
    "delete_tag",
    "find",
    "number_of",
    "read",
    "update",
]

_STATUS_CODES = {status: code for code, status in enumerate(MODEL_STATUSES)}


def _cannot_take_models(row: Row) -> FitscribeError:
    model_id, experiment, lifecycle, source = row
    if lifecycle is None:
        return no_experiment(experiment)
    if lifecycle != LIVE:
        return InvalidParameter(
            f"The experiment {experiment} of model {model_id!r} is deleted. "
            f"Restore it: restore_experiment('{experiment}')."
        )
    return no_run(source)


_CAN_BE_MADE = Rule(
    "new model",
    Statement(
        "SELECT i.model_id, i.experiment, e.lifecycle, i.source_run_id FROM {incoming} "
        "LEFT JOIN experiments e ON e.id = i.experiment "
        "LEFT JOIN runs r ON r.run_id = i.source_run_id "
        "WHERE e.id IS NULL OR e.lifecycle <> 0 "
        "OR (i.source_run_id IS NOT NULL AND r.id IS NULL) "
        "OR i.allowed NOT LIKE '%,' || r.experiment || ',%'",
        (
            ("model_id", "text"),
            ("experiment", "integer"),
            ("source_run_id", "text"),
            ("allowed", "text"),
        ),
    ),
    _cannot_take_models,
)

# `allowed` is ids.visible_text; NULL, which is not unlike anything, allows all.
_IS_THERE = Rule(
    "model",
    Statement(
        "SELECT i.model_id FROM {incoming} "
        "LEFT JOIN logged_models m ON m.model_id = i.model_id "
        "WHERE m.id IS NULL OR i.allowed NOT LIKE '%,' || m.experiment || ',%'",
        (("model_id", "text"), ("allowed", "text")),
    ),
    lambda row: no_model(row[0]),
)

# No join: it could change the order of the rows, and with it which model is the newest.
_CREATE = Statement(
    "INSERT INTO logged_models (model_id, experiment, name, run, model_type, status, lifecycle, "
    "created, updated, digest) SELECT i.model_id, i.experiment, i.name, "
    "(SELECT r.id FROM runs r WHERE r.run_id = i.source_run_id), i.model_type, i.status, 0, "
    "i.created, i.created, i.digest FROM {incoming} "
    "WHERE true ON CONFLICT (model_id) DO NOTHING",
    (
        ("model_id", "text"),
        ("experiment", "integer"),
        ("name", "text"),
        ("source_run_id", "text"),
        ("model_type", "text"),
        ("status", "smallint"),
        ("created", "bigint"),
        ("digest", "text"),
    ),
)

_ADD_PARAMS = Rows(
    "logged_model_params",
    ("model",),
    (("key", "integer"), ("number", "float8"), ("value", "text")),
)
_ADD_TAGS = Rows("logged_model_tags", ("model",), (("key", "integer"), ("value", "text")))
_ADD_INPUT = Rows("model_inputs", ("run", "model"), ())
_ADD_OUTPUT = Rows("outputs", ("run", "model"), (("step", "bigint"),))


def status_code(status: str) -> int:
    """Return the code of a status, or raise InvalidParameter."""
    code = _STATUS_CODES.get(status)
    if code is None:
        raise InvalidParameter(
            f"A logged model's status is one of {MODEL_STATUSES}, not {status!r:.60}."
        )
    return code


def create(
    writer: Writer, keys: Mapping[str, int], caller: Caller, models: Sequence[NewModel]
) -> None:
    """Make models; one that is there already keeps what it has."""
    if not models:
        return
    rows: list[Row] = []
    params: list[Row] = []
    tags: list[Row] = []
    for model in models:
        if not caller.may_see(model.experiment_id):
            raise no_experiment(model.experiment_id)
        experiment = experiment_number(model.experiment_id)
        rows.append(
            (
                model.model_id,
                experiment,
                model.name,
                model.source_run_id,
                model.model_type,
                status_code(model.status),
                model.creation_timestamp,
                model.digest,
            )
        )
        params += [
            (model.model_id, keys[key], number_in(value), value)
            for key, value in model.params.items()
        ]
        tags += [(model.model_id, keys[key], value) for key, value in model.tags.items()]
    allowed = visible_text(caller)
    writer.check(_CAN_BE_MADE, [(row[0], row[1], row[3], allowed) for row in rows])
    writer.apply(_CREATE, rows)
    if allowed is not None:
        writer.check(_IS_THERE, [(row[0], allowed) for row in rows])
    writer.add(_ADD_PARAMS, params)
    writer.add(_ADD_TAGS, tags)


def add_links(writer: Writer, caller: Caller, records: Sequence[RunRecord]) -> None:
    """Note which models runs read and made; all models that the records name must be there."""
    read = [(one.run_id, used.model_id) for one in records for used in one.model_inputs]
    made = [
        (one.run_id, output.model_id, output.step)
        for one in records
        for output in one.model_outputs
    ]
    named = {row[1] for row in (*read, *made)}
    named |= {
        metric.model_id for one in records for metric in one.metrics if metric.model_id is not None
    }
    allowed = visible_text(caller)
    writer.check(_IS_THERE, [(model_id, allowed) for model_id in named])
    writer.add(_ADD_INPUT, read)
    writer.add(_ADD_OUTPUT, made)


def number_of(connection: Connection, caller: Caller, model_id: str) -> int:
    """Return the number of a model that is not in the bin and that the caller may see."""
    row = connection.one(
        "SELECT id, experiment FROM logged_models WHERE model_id = ? AND lifecycle = 0",
        [str(model_id)],
    )
    if row is None or not caller.may_see(str(row[1])):
        raise no_model(model_id)
    return int(row[0])


def find(connection: Connection, caller: Caller, run: int, name: str) -> int | None:
    """Return the number of the newest model of that name that a run made, or None."""
    where, values = limit(connection, caller, "experiment")
    row = connection.one(
        f"SELECT id FROM logged_models WHERE run = ? AND name = ? AND lifecycle = 0 {where} "
        "ORDER BY created DESC, id DESC LIMIT 1",
        [run, name, *values],
    )
    return None if row is None else int(row[0])


def read(
    connection: Connection, caller: Caller, locations: Locations, numbers: Sequence[int]
) -> list[LoggedModel]:
    """Return models in the order of their numbers, with all that the caller may see of them."""
    seen, allowed = limit(connection, caller, "r.experiment")
    bound = [connection.listed(numbers)]
    texts = f"WHERE {connection.among('model')}"
    models, params, tags = connection.gather(
        [
            (
                "SELECT m.id, m.experiment, e.artifact_location, m.model_id, m.name, m.created, "
                "m.updated, m.model_type, r.run_id, m.status, m.status_message, m.digest "
                "FROM logged_models m JOIN experiments e ON e.id = m.experiment "
                f"LEFT JOIN runs r ON r.id = m.run {seen} WHERE {connection.among('m.id')}",
                [*allowed, *bound],
            ),
            (f"SELECT model, key, value FROM logged_model_params {texts}", bound),
            (f"SELECT model, key, value FROM logged_model_tags {texts}", bound),
        ]
    )
    names = connection.names.of(connection, {row[1] for row in (*params, *tags)})
    texts_of: dict[int, tuple[dict[str, str], dict[str, str]]]
    texts_of = {number: ({}, {}) for number in numbers}
    for which, rows in enumerate((tags, params)):
        for model, key, value in rows:
            texts_of[model][which][names[key]] = value
    scores = metrics.of_models(connection, caller, numbers)
    found = {
        number: LoggedModel(
            str(experiment),
            model_id,
            name,
            locations.of_model(experiment, root, model_id),
            created,
            updated,
            model_type,
            run_id,
            MODEL_STATUSES[status],
            message,
            *texts_of[number],
            scores.get(number, ()),
            digest,
        )
        for (
            number,
            experiment,
            root,
            model_id,
            name,
            created,
            updated,
            model_type,
            run_id,
            status,
            message,
            digest,
        ) in models
    }
    return [found[number] for number in numbers if number in found]


def update(
    connection: Connection,
    caller: Caller,
    model_id: str,
    change: ModelChange,
    keys: Mapping[str, int],
) -> None:
    """Change a model; `keys` has the numbers of the keys of its new params and tags."""
    number = number_of(connection, caller, model_id)
    for key, value in change.params.items():
        added = connection.execute(
            "INSERT INTO logged_model_params (model, key, number, value) VALUES (?, ?, ?, ?) "
            "ON CONFLICT DO NOTHING",
            [number, keys[key], number_in(value), value],
        )
        if not added:
            raise InvalidParameter(
                f"The model {model_id!r} has a param {key!r} already; params are written once."
            )
    for key, value in change.tags.items():
        connection.execute(
            "INSERT INTO logged_model_tags (model, key, value) VALUES (?, ?, ?) "
            "ON CONFLICT (model, key) DO UPDATE SET value = excluded.value",
            [number, keys[key], value],
        )
    connection.execute(
        "UPDATE logged_models SET status = coalesce(?, status), "
        "status_message = coalesce(?, status_message), digest = coalesce(?, digest), "
        "updated = ? WHERE id = ?",
        [
            None if change.status is None else status_code(change.status),
            change.status_message,
            change.digest,
            now_ms(),
            number,
        ],
    )
    append_one(connection, caller, CHANGED_MODEL, model_id)


def delete_tag(connection: Connection, caller: Caller, model_id: str, key: str) -> None:
    """Remove a tag of a model."""
    number = number_of(connection, caller, model_id)
    key_number = connection.names.find(connection, [key]).get(key, 0)
    gone = connection.execute(
        "DELETE FROM logged_model_tags WHERE model = ? AND key = ?", [number, key_number]
    )
    if not gone:
        raise NotFound(f"The model {model_id!r} has no tag {key!r:.80}.")
    append_one(connection, caller, CHANGED_MODEL, model_id)


def delete(connection: Connection, caller: Caller, model_id: str) -> None:
    """Put a model into the bin."""
    number = number_of(connection, caller, model_id)
    connection.execute(
        "UPDATE logged_models SET lifecycle = ?, updated = ? WHERE id = ?",
        [DELETED, now_ms(), number],
    )
    append_one(connection, caller, CHANGED_MODEL, model_id)
