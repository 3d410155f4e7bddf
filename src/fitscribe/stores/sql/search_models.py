"""Searching logged models, newest first unless asked otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, case, literal, select, tuple_

from fitscribe.core.caller import Caller
from fitscribe.core.entities import PagedList
from fitscribe.core.filters import LOGGED_MODELS, Comparison, OrderItem, parse, parse_order
from fitscribe.core.paging import MOST_RESULTS, check_max_results, encode_token
from fitscribe.stores.sql import tables
from fitscribe.stores.sql.codes import LIVE, MODEL_STATUSES
from fitscribe.stores.sql.engine import Connection
from fitscribe.stores.sql.ids import experiment_numbers
from fitscribe.stores.sql.search import (
    Condition,
    SortKey,
    compare_number,
    compare_text,
    condition_of,
    fetch,
    groups_of,
    holds_number_or_text,
    present,
    ranked,
    read_token,
    run_is_seen,
)
from fitscribe.stores.sql.visibility import visible

__all__ = ["search_models"]


_models = tables.logged_models.alias("m")
_runs = tables.runs.alias("r")


def search_models(
    connection: Connection,
    caller: Caller,
    experiment_ids: Iterable[str],
    filter_string: str,
    order_by: Sequence[str],
    max_results: int,
    page_token: str | None,
) -> PagedList[int]:
    """Return the numbers of a page of logged models, in order."""
    limit = check_max_results(max_results, MOST_RESULTS)
    tree = parse(filter_string, LOGGED_MODELS)
    order = parse_order(order_by or (), LOGGED_MODELS)
    numbers = experiment_numbers(experiment_ids)
    query = ("models", numbers, filter_string or "", list(order_by or ()))
    allowed = visible(caller)
    if allowed is not None:
        numbers = [number for number in numbers if number in allowed]
    if not numbers:
        return PagedList()
    scores = _Scores(connection, caller)
    keys = [key for item in order for key in _keys(scores, item)]
    if not order:
        keys.append(SortKey(_models.c.created, False))
    keys.append(SortKey(_models.c.id, False))
    where = [_models.c.lifecycle == LIVE]
    if tree is not None:
        where.append(condition_of(tree, lambda term: _compare(scores, term)))
    selects = [
        select(literal(1)).select_from(_models).where(group(_models.c.experiment), *where)
        for group in groups_of(connection, numbers)
    ]
    after = read_token(page_token, query, len(keys))
    rows = fetch(connection, selects, keys, after, limit + 1)
    token = encode_token(query, rows[limit - 1]) if len(rows) > limit else None
    return PagedList([row[-1] for row in rows[:limit]], token)


class _Scores:
    """What a model's metrics and source are to a caller, who may not see every run."""

    def __init__(self, connection: Connection, caller: Caller) -> None:
        self.connection = connection
        self.caller = caller

    def of(self, points: Any, key: str) -> tuple[Condition, ...]:
        """Return the conditions that points are a model's values of a metric."""
        return (
            points.c.model == _models.c.id,
            points.c.key == self.number(key),
            self.seen(points.c.run),
        )

    def seen(self, run: Any) -> Condition:
        """Return the condition that a run may be seen."""
        return run_is_seen(self.connection, self.caller, run)

    def number(self, key: str) -> int:
        """Return a key's number; 0, which no row has, for one that was never logged."""
        return self.connection.names.find(self.connection, [key]).get(key, 0)

    def attribute(self, name: str) -> ColumnElement[Any]:
        """Return an attribute's expression; type and source may be NULL."""
        if name == "status":
            return case(dict(enumerate(MODEL_STATUSES)), value=_models.c.status)
        if name == "source_run_id":
            query = select(_runs.c.run_id).where(_runs.c.id == _models.c.run)
            return query.where(self.seen(_runs.c.id)).correlate(_models).scalar_subquery()
        columns = {"creation_timestamp": "created", "last_updated_timestamp": "updated"}
        column: ColumnElement[Any] = _models.c[columns.get(name, name)]
        return column


def _keys(scores: _Scores, item: OrderItem) -> list[SortKey]:
    if item.entity == "attribute":
        return ranked(scores.attribute(item.key), item.ascending)
    points = tables.model_metrics.alias()
    latest = (
        select(case((points.c.nan == 0, points.c.value)))
        .where(*scores.of(points, item.key))
        .order_by(
            points.c.step.desc(),
            points.c.timestamp.desc(),
            points.c.nan.asc(),
            points.c.value.desc(),
        )
        .limit(1)
        .correlate(_models)
        .scalar_subquery()
    )
    there = select(literal(1)).where(*scores.of(points, item.key))
    return ranked(latest, item.ascending, there.correlate(_models).exists())


def _compare(scores: _Scores, term: Comparison) -> Condition:
    wanted = present(term.operator)
    if term.entity == "attribute":
        column = scores.attribute(term.key)
        if wanted is not None:
            return column.is_not(None) if wanted else column.is_(None)
        compared = _compare_attribute(scores.connection, term, column)
        return and_(column.is_not(None), compared)
    if term.entity == "metric":
        table = tables.model_metrics.alias()
        query = select(literal(1)).where(*scores.of(table, term.key))
    else:
        texts = {"param": tables.logged_model_params, "tag": tables.logged_model_tags}
        table = texts[term.entity].alias()
        query = select(literal(1)).where(
            table.c.model == _models.c.id, table.c.key == scores.number(term.key)
        )
    query = query.correlate(_models)
    if wanted is not None:
        return query.exists() if wanted else ~query.exists()
    return query.where(_holds(scores, term, table)).exists()


def _compare_attribute(connection: Connection, term: Comparison, column: Any) -> Condition:
    if LOGGED_MODELS.attributes[term.key] == "number":
        return compare_number(column, term.operator, term.value)
    return compare_text(connection, column, term.operator, term.value)


def _holds(scores: _Scores, term: Comparison, table: Any) -> Condition:
    """Return the condition that a row satisfies a comparison."""
    connection = scores.connection
    if term.entity == "tag":
        return compare_text(connection, table.c.value, term.operator, term.value)
    if term.entity == "param":
        return holds_number_or_text(connection, term, table.c.number, table.c.value)
    value = case((table.c.nan == 0, table.c.value))
    return and_(compare_number(value, term.operator, term.value), ~_is_outdated(scores, table))


def _is_outdated(scores: _Scores, table: Any) -> Condition:
    """Return the condition that a later point of the same metric on the same data is there."""
    later = tables.model_metrics.alias()

    def moment(points: Any) -> Any:
        return tuple_(points.c.step, points.c.timestamp, 1 - points.c.nan, points.c.value)

    return (
        select(literal(1))
        .where(
            later.c.model == table.c.model,
            later.c.key == table.c.key,
            later.c.dataset_name == table.c.dataset_name,
            later.c.dataset_digest == table.c.dataset_digest,
            moment(later) > moment(table),
            scores.seen(later.c.run),
        )
        .correlate(table)
        .exists()
    )
