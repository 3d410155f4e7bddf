"""Searching experiments: there are few, so they are filtered and sorted as they come."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import literal, select

from fitscribe.core.caller import Caller
from fitscribe.core.entities import PagedList
from fitscribe.core.filters import EXPERIMENTS, Comparison, parse, parse_order
from fitscribe.core.paging import MOST_RESULTS, check_max_results, encode_token
from fitscribe.stores.sql import tables
from fitscribe.stores.sql.engine import Connection
from fitscribe.stores.sql.search import (
    Condition,
    SortKey,
    among,
    as_text,
    compare_number,
    compare_text,
    condition_of,
    fetch,
    lifecycles_of,
    present,
    read_token,
)
from fitscribe.stores.sql.visibility import visible

__all__ = ["search_experiments"]


_experiments = tables.experiments.alias("e")
_tags = tables.experiment_tags
_COLUMNS = {
    "name": _experiments.c.name,
    "experiment_id": _experiments.c.id,
    "creation_time": _experiments.c.created,
    "last_update_time": _experiments.c.updated,
}


def search_experiments(
    connection: Connection,
    caller: Caller,
    filter_string: str,
    order_by: Sequence[str],
    view_type: int,
    max_results: int,
    page_token: str | None,
) -> PagedList[int]:
    """Return the numbers of a page of experiments, in order."""
    limit = check_max_results(max_results, MOST_RESULTS)
    shown = _experiments.c.lifecycle.in_(lifecycles_of(view_type))
    tree = parse(filter_string, EXPERIMENTS)
    order = parse_order(order_by or (), EXPERIMENTS)
    query = ("experiments", filter_string or "", list(order_by or ()), view_type)
    keys = [SortKey(_COLUMNS[item.key], item.ascending) for item in order]
    if not order:
        keys.append(SortKey(_experiments.c.created, False))
    keys.append(SortKey(_experiments.c.id, False))
    start = select(literal(1)).select_from(_experiments).where(shown)
    allowed = visible(caller)
    if allowed is not None:
        start = start.where(among(connection, _experiments.c.id, allowed))
    if tree is not None:
        start = start.where(condition_of(tree, lambda term: _compare(connection, term)))
    after = read_token(page_token, query, len(keys))
    rows = fetch(connection, [start], keys, after, limit + 1)
    token = encode_token(query, rows[limit - 1]) if len(rows) > limit else None
    return PagedList([row[-1] for row in rows[:limit]], token)


def _compare(connection: Connection, term: Comparison) -> Condition:
    wanted = present(term.operator)
    if term.entity == "attribute":
        column: Any = _COLUMNS[term.key]
        if wanted is not None:
            there: Condition = column.is_not(None)
            return there if wanted else ~there
        if EXPERIMENTS.attributes[term.key] == "number":
            return compare_number(column, term.operator, term.value)
        text = as_text(column) if term.key == "experiment_id" else column
        return compare_text(connection, text, term.operator, term.value)
    key = connection.names.find(connection, [term.key]).get(term.key, 0)
    tag = (
        select(literal(1))
        .where(_tags.c.experiment == _experiments.c.id, _tags.c.key == key)
        .correlate(_experiments)
    )
    if wanted is not None:
        return tag.exists() if wanted else ~tag.exists()
    compared = compare_text(connection, _tags.c.value, term.operator, term.value)
    return tag.where(compared).exists()
