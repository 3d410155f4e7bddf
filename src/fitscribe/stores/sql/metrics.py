"""Metrics: every point, and the latest value of each, which is what searches look at."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any

from fitscribe.core.caller import Caller
from fitscribe.core.commands import RunRecord
from fitscribe.core.entities import PagedList
from fitscribe.core.paging import check_max_results, decode_token, encode_token
from fitscribe.core.values import Metric
from fitscribe.stores.sql.engine import Connection, Writer
from fitscribe.stores.sql.statements import Row, Rows
from fitscribe.stores.sql.visibility import limit

__all__ = ["add", "history", "of_models", "read_latest"]

MOST_POINTS = 10_000_000

_POINT = (
    ("key", "integer"),
    ("timestamp", "bigint"),
    ("step", "bigint"),
    ("value", "float8"),
    ("nan", "smallint"),
)

# The same point again is one point.
_ADD = Rows("metrics", ("run",), _POINT)

# The greatest by (step, timestamp, value) is the latest; at one step and time a number beats NaN.
_ADD_LATEST = Rows(
    "latest",
    ("run",),
    (("key", "integer"), ("step", "bigint"), ("timestamp", "bigint"), ("value", "float8")),
    "ON CONFLICT (run, key) DO UPDATE "
    "SET step = excluded.step, timestamp = excluded.timestamp, value = excluded.value "
    "WHERE (excluded.step, excluded.timestamp) > (latest.step, latest.timestamp) "
    "OR (excluded.step, excluded.timestamp) = (latest.step, latest.timestamp) "
    "AND (latest.value IS NULL OR excluded.value > latest.value)",
    ("experiment", "start_time"),
)

_ADD_SOURCE = Rows(
    "model_metrics",
    ("run", "model"),
    (*_POINT, ("dataset_name", "text"), ("dataset_digest", "text")),
)


def add(writer: Writer, keys: Mapping[str, int], records: Collection[RunRecord]) -> None:
    """Add points to runs, and set the latest values."""
    points: list[Row] = []
    newest: dict[tuple[str, int], Row] = {}
    sources: list[Row] = []
    for record in records:
        run_id = record.run_id
        for metric in record.metrics:
            key, step, timestamp, value = (
                keys[metric.key],
                metric.step,
                metric.timestamp,
                metric.value,
            )
            nan = value != value
            point = (run_id, key, timestamp, step, 0.0 if nan else value, int(nan))
            points.append(point)
            rank = (step, timestamp, not nan, point[4])
            known = newest.get((run_id, key))
            if known is None or rank > known:
                newest[run_id, key] = rank
            if metric.model_id is not None or metric.dataset_name is not None:
                sources.append(
                    (
                        run_id,
                        metric.model_id,
                        *point[1:],
                        metric.dataset_name or "",
                        metric.dataset_digest or "",
                    )
                )
    writer.add(_ADD, points)
    writer.add(
        _ADD_LATEST,
        [
            (run_id, key, step, timestamp, value if number else None)
            for (run_id, key), (step, timestamp, number, value) in newest.items()
        ],
    )
    writer.add(_ADD_SOURCE, sources)


def read_latest(runs: str) -> str:
    """Return the query for the latest values of runs: run, key, value (NULL is NaN)."""
    return f"SELECT run, key, value FROM latest WHERE {runs}"


def history(
    connection: Connection,
    caller: Caller,
    run: int,
    run_id: str,
    key: str,
    max_results: int | None,
    page_token: str | None,
) -> PagedList[Metric]:
    """Return the points of a metric of a run, by (timestamp, step, value)."""
    number = connection.names.find(connection, [key]).get(key)
    if number is None:
        return PagedList()
    query: tuple[Any, ...] = ("metric history", run_id, key)
    where = "run = ? AND key = ?"
    values: list[Any] = [run, number]
    if page_token is not None:
        where += " AND (timestamp, step, value, nan) > (?, ?, ?, ?)"
        values += decode_token(page_token, query)
    limit = ""
    if max_results is not None:
        limit = f"LIMIT {check_max_results(max_results, MOST_POINTS) + 1}"
    points = connection.rows(
        f"SELECT timestamp, step, value, nan FROM metrics WHERE {where} "
        f"ORDER BY timestamp, step, value, nan {limit}",
        values,
    )
    token = None
    if max_results is not None and len(points) > max_results:
        del points[max_results:]
        token = encode_token(query, points[-1])
    sources = _sources(connection, caller, run, number)
    made = [
        Metric(
            key,
            math.nan if point[3] else point[2],
            point[0],
            point[1],
            *sources.get(point, (None, None, None)),
            run_id,
        )
        for point in points
    ]
    return PagedList(made, token)


def _sources(
    connection: Connection, caller: Caller, run: int, key: int
) -> dict[Row, tuple[str | None, str | None, str | None]]:
    """Return model and dataset of those points of a metric that name one.

    A model that the caller may not see is none; of two that one point names, a seen one counts.
    """
    seen, allowed = limit(connection, caller, "m.experiment")
    rows = connection.rows(
        "SELECT s.timestamp, s.step, s.value, s.nan, m.model_id, s.dataset_name, "
        "s.dataset_digest FROM model_metrics s "
        f"LEFT JOIN logged_models m ON m.id = s.model {seen} "
        "WHERE s.run = ? AND s.key = ? ORDER BY m.model_id IS NOT NULL",
        [*allowed, run, key],
    )
    return {row[:4]: (row[4], row[5] or None, row[6] or None) for row in rows}


def of_models(
    connection: Connection, caller: Caller, models: Collection[int]
) -> dict[int, tuple[Metric, ...]]:
    """Return the latest value of each metric of models, for each run and dataset apart.

    Values of runs that the caller may not see are left out.
    """
    seen, allowed = limit(connection, caller, "r.experiment")
    rows = connection.rows(
        "SELECT s.model, s.key, s.timestamp, s.step, s.value, s.nan, s.dataset_name, "
        "s.dataset_digest, r.run_id, l.model_id FROM model_metrics s JOIN runs r ON r.id = s.run "
        f"JOIN logged_models l ON l.id = s.model WHERE {connection.among('s.model')} "
        f"{seen} ORDER BY s.step, s.timestamp, s.nan DESC, s.value",
        [connection.listed(models), *allowed],
    )
    names = connection.names.of(connection, {row[1] for row in rows})
    found: dict[int, dict[Row, Metric]] = {}
    for model, key, timestamp, step, value, nan, dataset, digest, run_id, model_id in rows:
        found.setdefault(model, {})[key, dataset, digest, run_id] = Metric(
            names[key],
            math.nan if nan else value,
            timestamp,
            step,
            model_id,
            dataset or None,
            digest or None,
            run_id,
        )
    return {model: tuple(metrics.values()) for model, metrics in found.items()}
