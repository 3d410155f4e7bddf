"""Runs with their params and tags; a run's name is the tag ``mlflow.runName``."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TypeVar

from fitscribe.core.caller import Caller
from fitscribe.core.commands import RunRecord
from fitscribe.core.entities import (
    TAG_ENDED_BY,
    TAG_PARENT,
    TAG_RUN_NAME,
    LoggedModelInput,
    LoggedModelOutput,
    Run,
    RunData,
    RunInfo,
    RunInputs,
    RunOutputs,
)
from fitscribe.core.states import LifecycleStage, RunStatus
from fitscribe.errors import FitscribeError, InvalidParameter, NotFound
from fitscribe.stores.sql import datasets, metrics
from fitscribe.stores.sql.changes import append_one
from fitscribe.stores.sql.codes import (
    CHANGED_RUN,
    DELETED,
    LIVE,
    PARAM_KINDS,
    RUN_STATUSES,
    split_text,
)
from fitscribe.stores.sql.engine import Connection, Writer
from fitscribe.stores.sql.ids import check_run_id, experiment_number, no_experiment, no_run
from fitscribe.stores.sql.locations import Locations
from fitscribe.stores.sql.statements import Row, Rows, Rule, Statement
from fitscribe.stores.sql.visibility import hides, limit, visible_text

__all__ = [
    "add_params",
    "add_tags",
    "change",
    "check",
    "create",
    "delete_tag",
    "number_of",
    "read",
    "set_lifecycle",
    "status_code",
]

T = TypeVar("T")

_KIND_CODES = {kind: code for code, kind in enumerate(PARAM_KINDS)}
_STATUS_CODES = {status: code for code, status in enumerate(RUN_STATUSES)}
_RUNNING = _STATUS_CODES[RunStatus.RUNNING]
_RUN_ID = (("run_id", "text"),)


# Rules


def _cannot_take_runs(row: Row) -> FitscribeError:
    experiment, lifecycle = row
    if lifecycle is None:
        return no_experiment(experiment)
    return InvalidParameter(
        f"The experiment {experiment} is deleted. Restore it: restore_experiment('{experiment}')."
    )


def _cannot_be_filled(row: Row) -> FitscribeError:
    run_id, lifecycle, experiment, experiment_lifecycle = row
    if lifecycle is None:
        return no_run(run_id)
    if experiment_lifecycle != LIVE:
        return _cannot_take_runs((experiment, experiment_lifecycle))
    return InvalidParameter(f"The run {run_id!r} is deleted. Restore it: restore_run('{run_id}').")


def _has_another_value(row: Row) -> FitscribeError:
    run_id, key, old, new = row
    return InvalidParameter(
        f"The param {key!r} of run {run_id!r} is {old!r:.200} and cannot become {new!r:.200}: "
        "params are written once. Log the new value in another run, or as a tag."
    )


_EXPERIMENT_TAKES_RUNS = Rule(
    "experiment",
    Statement(
        "SELECT i.experiment, e.lifecycle FROM {incoming} "
        "LEFT JOIN experiments e ON e.id = i.experiment WHERE e.id IS NULL OR e.lifecycle <> 0",
        (("experiment", "integer"),),
    ),
    _cannot_take_runs,
)

_CAN_BE_FILLED = Rule(
    "run",
    Statement(
        "SELECT i.run_id, r.lifecycle, r.experiment, e.lifecycle AS experiment_lifecycle "
        "FROM {incoming} LEFT JOIN runs r ON r.run_id = i.run_id "
        "LEFT JOIN experiments e ON e.id = r.experiment "
        "WHERE r.id IS NULL OR r.lifecycle <> 0 OR e.lifecycle <> 0",
        _RUN_ID,
    ),
    _cannot_be_filled,
)

# `allowed` is ids.visible_text; NULL, which is not unlike anything, allows all.
_MAY_BE_SEEN = Rule(
    "visible",
    Statement(
        "SELECT i.run_id FROM {incoming} JOIN runs r ON r.run_id = i.run_id "
        "WHERE i.allowed NOT LIKE '%,' || r.experiment || ',%'",
        (("run_id", "text"), ("allowed", "text")),
    ),
    lambda row: no_run(row[0]),
)

_PARENT_IS_THERE = Rule(
    "parent",
    Statement(
        "SELECT i.run_id FROM {incoming} LEFT JOIN runs r ON r.run_id = i.run_id "
        "WHERE r.id IS NULL OR i.allowed NOT LIKE '%,' || r.experiment || ',%'",
        (("run_id", "text"), ("allowed", "text")),
    ),
    lambda row: NotFound(
        f"There is no run {row[0]!r:.80}, which is given as the parent of another. "
        "Make the parent first, or earlier in the same batch."
    ),
)

_PARAM = (
    ("key", "integer"),
    ("kind", "smallint"),
    ("number", "float8"),
    ("head", "text"),
    ("text", "text"),
)

_PARAM_IS_WRITTEN_ONCE = Rule(
    "param",
    Statement(
        "SELECT i.run_id, (SELECT name FROM keys WHERE id = i.key) AS name, "
        "coalesce(p.text, p.head) AS old, coalesce(i.text, i.head) AS new "
        "FROM {incoming} JOIN runs r ON r.run_id = i.run_id "
        "JOIN params p ON p.run = r.id AND p.key = i.key "
        "WHERE coalesce(p.text, p.head) <> coalesce(i.text, i.head)",
        (("run_id", "text"), *_PARAM),
    ),
    _has_another_value,
)

# Writes

_COPIED = ("experiment", "start_time")
_ADD_PARAMS = Rows("params", ("run",), _PARAM, copied=_COPIED)

_TAG = (("key", "integer"), ("head", "text"), ("text", "text"))
_SET_TAGS = Rows(
    "tags",
    ("run",),
    _TAG,
    "ON CONFLICT (run, key) DO UPDATE SET head = excluded.head, text = excluded.text",
    _COPIED,
)
_ADD_TAGS = Rows("tags", ("run",), _TAG, copied=_COPIED)

_CHANGE = Statement(
    "UPDATE runs SET status = coalesce(i.status, runs.status), "
    "end_time = CASE WHEN i.reopen = 1 THEN NULL ELSE coalesce(i.end_time, runs.end_time) END "
    "FROM {incoming} WHERE runs.run_id = i.run_id",
    (("run_id", "text"), ("status", "smallint"), ("end_time", "bigint"), ("reopen", "smallint")),
)

# Whoever gives a run a status knows more than the lease that had ended it.
_FORGET_LEASE_END = Statement(
    "DELETE FROM tags WHERE head = 'lease' "
    f"AND key = (SELECT id FROM keys WHERE name = '{TAG_ENDED_BY}') "
    "AND run IN (SELECT r.id FROM {incoming} JOIN runs r ON r.run_id = i.run_id)",
    _RUN_ID,
)


def status_code(status: str) -> int:
    """Return the code of a status, or raise InvalidParameter."""
    code = _STATUS_CODES.get(status)
    if code is None:
        raise InvalidParameter(f"A run's status is one of {RUN_STATUSES}, not {status!r:.60}.")
    return code


def create(
    writer: Writer, keys: Mapping[str, int], caller: Caller, records: Sequence[RunRecord]
) -> None:
    """Make the runs that are new; they get the status and end that they have after the batch."""
    rows: list[Row] = []
    names: list[Row] = []
    parents: set[str] = set()
    experiments: set[int] = set()
    name_key, parent_key = keys.get(TAG_RUN_NAME, 0), keys.get(TAG_PARENT, 0)
    for record in records:
        new = record.create
        if new is None:
            continue
        experiment = experiment_number(new.experiment_id)
        if experiment not in experiments:
            if not caller.may_see(str(experiment)):
                raise no_experiment(new.experiment_id)
            experiments.add(experiment)
        status, end = _RUNNING, None
        if record.change is not None:
            status = status_code(record.change.status or RunStatus.RUNNING)
            end = record.change.end_time
        run_id = check_run_id(record.run_id)
        rows.append((run_id, experiment, new.user_id, status, new.start_time, end))
        names.append((run_id, name_key, *split_text(new.name)))
        if new.parent_run_id is not None:
            parents.add(new.parent_run_id)
            names.append((run_id, parent_key, *split_text(new.parent_run_id)))
    if rows:
        writer.check(_EXPERIMENT_TAKES_RUNS, [(experiment,) for experiment in experiments])
        writer.create_runs(rows)
        allowed = visible_text(caller)
        writer.check(_PARENT_IS_THERE, [(run_id, allowed) for run_id in parents])
    check(writer, caller, [record.run_id for record in records])
    writer.add(_ADD_TAGS, names)


def check(writer: Writer, caller: Caller, run_ids: Collection[str]) -> None:
    """Refuse the batch if one of its runs is not there, deleted, or not the caller's to see."""
    allowed = visible_text(caller)
    if allowed is not None:
        writer.check(_MAY_BE_SEEN, [(run_id, allowed) for run_id in run_ids])
    writer.find_runs(_CAN_BE_FILLED, run_ids)


def add_params(writer: Writer, keys: Mapping[str, int], records: Iterable[RunRecord]) -> None:
    """Add params; one that is there with another value stops the batch."""
    rows: list[Row] = []
    for record in records:
        run_id = record.run_id
        for param in record.params:
            value = param.value
            rows.append(
                (
                    run_id,
                    keys[param.key],
                    _KIND_CODES[param.kind],
                    param.number,
                    *((value, None) if len(value) <= 200 else split_text(value)),
                )
            )
    writer.add(_ADD_PARAMS, rows, _PARAM_IS_WRITTEN_ONCE)


def add_tags(writer: Writer, keys: Mapping[str, int], records: Iterable[RunRecord]) -> None:
    """Set tags; the last value stays."""
    rows: dict[tuple[str, int], Row] = {}
    for record in records:
        run_id = record.run_id
        for name, value in record.tags.items():
            rows[run_id, keys[name]] = (run_id, keys[name], *split_text(value))
        if record.change is not None and record.change.name is not None:
            key = keys[TAG_RUN_NAME]
            rows[run_id, key] = (run_id, key, *split_text(record.change.name))
    writer.add(_SET_TAGS, list(rows.values()))


def change(writer: Writer, records: Iterable[RunRecord]) -> None:
    """Set status and end of runs."""
    rows: list[Row] = []
    for record in records:
        wanted = record.change
        if wanted is None:
            continue
        if wanted.status is None and wanted.end_time is None and not wanted.reopen:
            continue
        status = RunStatus.RUNNING if wanted.reopen else wanted.status
        code = None if status is None else status_code(status)
        rows.append((record.run_id, code, wanted.end_time, int(wanted.reopen)))
    writer.apply_to_old(_CHANGE, rows)
    writer.apply_to_old(_FORGET_LEASE_END, [row[:1] for row in rows if row[1] is not None])


# Reads


def number_of(connection: Connection, caller: Caller, run_id: str) -> tuple[int, int, int]:
    """Return number, lifecycle and experiment of a run that the caller may see, or NotFound."""
    row = connection.one(
        "SELECT id, lifecycle, experiment FROM runs WHERE run_id = ?", [str(run_id)]
    )
    if row is None or not caller.may_see(str(row[2])):
        raise no_run(run_id)
    return row[0], row[1], row[2]


def read(
    connection: Connection, caller: Caller, locations: Locations, numbers: Sequence[int]
) -> list[Run]:
    """Return runs in the order of their numbers, with all that the caller may see of them."""
    runs = connection.among("run")
    bound = [connection.listed(numbers)]
    seen, allowed = limit(connection, caller, "m.experiment")
    shown, visible_parents = shown_tags(connection, caller)
    infos, params, latest, tags, inputs, models_in, models_out = connection.gather(
        [
            (
                "SELECT r.id, r.run_id, r.experiment, r.user_id, r.status, r.start_time, "
                "r.end_time, r.lifecycle, e.artifact_location "
                "FROM runs r JOIN experiments e ON e.id = r.experiment "
                f"WHERE {connection.among('r.id')}",
                bound,
            ),
            (f"SELECT run, key, kind, coalesce(text, head) FROM params WHERE {runs}", bound),
            (metrics.read_latest(runs), bound),
            (
                f"SELECT run, key, coalesce(text, head) FROM tags WHERE {runs} {shown}",
                [*bound, *visible_parents],
            ),
            (datasets.read_inputs(runs), bound),
            (
                "SELECT n.run, m.model_id FROM model_inputs n "
                "JOIN logged_models m ON m.id = n.model "
                f"WHERE {connection.among('n.run')} {seen} ORDER BY n.run, n.model",
                [*bound, *allowed],
            ),
            (
                "SELECT o.run, m.model_id, o.step FROM outputs o "
                "JOIN logged_models m ON m.id = o.model "
                f"WHERE {connection.among('o.run')} {seen} ORDER BY o.run, o.model, o.step",
                [*bound, *allowed],
            ),
        ]
    )
    used = {row[1] for rows in (params, latest, tags) for row in rows}
    names = connection.names.of(connection, used)
    data: dict[int, tuple[dict[str, float], dict[str, str], dict[str, str], dict[str, str]]]
    data = {number: ({}, {}, {}, {}) for number in numbers}
    for run, key, kind, text in params:
        name = names[key]
        data[run][1][name] = text
        data[run][3][name] = PARAM_KINDS[kind]
    for run, key, value in latest:
        data[run][0][names[key]] = math.nan if value is None else value
    for run, key, text in tags:
        data[run][2][names[key]] = text
    used_datasets = datasets.from_rows(inputs)
    read_models = _grouped(LoggedModelInput, models_in)
    made_models = _grouped(LoggedModelOutput, models_out)
    found: dict[int, Run] = {}
    for number, run_id, experiment, user, status, start, end, lifecycle, root in infos:
        values = data[number]
        found[number] = Run(
            RunInfo(
                run_id,
                str(experiment),
                user,
                RUN_STATUSES[status],
                start,
                end,
                LifecycleStage.ACTIVE if lifecycle == LIVE else LifecycleStage.DELETED,
                locations.of_run(experiment, root, run_id),
                values[2].get(TAG_RUN_NAME, ""),
            ),
            RunData(*values),
            RunInputs(
                tuple(used_datasets.get(number, ())),
                tuple(read_models.get(number, ())),
            ),
            RunOutputs(tuple(made_models.get(number, ()))),
        )
    return [found[number] for number in numbers if number in found]


def shown_tags(connection: Connection, caller: Caller) -> tuple[str, list[object]]:
    """Return the end of a WHERE on tags: that none names a parent that the caller may not see."""
    if caller.experiments is None:
        return "", []
    key = connection.names.find(connection, [TAG_PARENT]).get(TAG_PARENT, 0)
    return hides(connection, caller, "coalesce(text, head)", f"key = {key}")


def _grouped(kind: Callable[..., T], rows: list[Row]) -> dict[int, list[T]]:
    found: dict[int, list[T]] = {}
    for run, *values in rows:
        found.setdefault(run, []).append(kind(*values))
    return found


# Single changes


def set_lifecycle(connection: Connection, caller: Caller, run_id: str, lifecycle: int) -> None:
    """Put a run into the bin or take it out."""
    number, before, experiment = number_of(connection, caller, run_id)
    if lifecycle == LIVE:
        row = connection.one("SELECT lifecycle FROM experiments WHERE id = ?", [experiment])
        if row is None or row[0] != LIVE:
            raise _cannot_take_runs((experiment, DELETED))
    if (before == LIVE) == (lifecycle == LIVE):
        return
    connection.execute("UPDATE runs SET lifecycle = ? WHERE id = ?", [lifecycle, number])
    append_one(connection, caller, CHANGED_RUN, run_id)


def delete_tag(connection: Connection, caller: Caller, run_id: str, key: str) -> None:
    """Remove a tag of an active run."""
    number, lifecycle, experiment = number_of(connection, caller, run_id)
    row = connection.one("SELECT lifecycle FROM experiments WHERE id = ?", [experiment])
    if lifecycle != LIVE or row is None or row[0] != LIVE:
        raise _cannot_be_filled((run_id, lifecycle, experiment, row and row[0]))
    key_number = connection.names.find(connection, [key]).get(key, 0)
    if not connection.execute("DELETE FROM tags WHERE run = ? AND key = ?", [number, key_number]):
        raise NotFound(f"The run {run_id!r} has no tag {key!r:.80}.")
    append_one(connection, caller, CHANGED_RUN, run_id)
