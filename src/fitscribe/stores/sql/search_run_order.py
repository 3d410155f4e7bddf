"""The order of a search of runs: what it sorts by, and the index that has it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Select, and_, literal, select

from fitscribe.core.filters import Comparison, Node, OrderItem
from fitscribe.stores.sql.search import (
    MERGED,
    Condition,
    SortKey,
    among,
    fetch,
    fetch_in_groups,
    groups_of,
    ranked,
)
from fitscribe.stores.sql.search_run_terms import RANGES, RUN, Scope, holds, value_table
from fitscribe.stores.sql.statements import Row

__all__ = ["Order"]

NEWEST_FIRST = OrderItem("attribute", "start_time", ascending=False)


class Order:
    """What runs are sorted by, and how they are read in this order.

    Parameters
    ----------
    scope : Scope
    items : sequence of OrderItem
        What was asked for. The newest of equal runs come first.
    terms : sequence of Node
        What all runs of the search have to satisfy.

    Attributes
    ----------
    is_walkable : bool
        Whether an index has the runs in this order, so that a part of it costs a part.
    is_of_view : bool
        Whether that index knows which runs the view shows.
    bounds : list of Comparison
        Those terms that say where in the index a walk begins or ends.
    """

    def __init__(self, scope: Scope, items: Sequence[OrderItem], terms: Sequence[Node]) -> None:
        self._scope = scope
        self._items = tuple(items) or (NEWEST_FIRST,)
        self._tables = [value_table(item) for item in self._items]
        (first, *others), (table, *_) = self._items, self._tables
        indexed = table is not None or _is_start(first)
        self.is_of_view = table is None
        newest = [_is_start(item) and not item.ascending for item in others]
        self.is_walkable = indexed and newest in ([], [True]) and len(scope.experiments) <= MERGED

        self.bounds = [
            term
            for term in terms
            if isinstance(term, Comparison)
            and (term.entity, term.key) == (first.entity, first.key)
            and term.operator in RANGES
            and not isinstance(term.value, str)
        ]

    def keys(self, rank: int | None = None) -> list[SortKey]:
        """Return the sort keys; `rank` where the first one's is known, as in a walk.

        The last two are start and number of the run, which a walk reads from its index.
        """
        walked = self._tables[0] if rank in (0, 1) and self.is_walkable else None
        start = RUN.c.start_time if walked is None else walked.c.start_time
        run = RUN.c.id if walked is None else walked.c.run
        keys: list[SortKey] = []
        for place, (item, table) in enumerate(zip(self._items, self._tables, strict=True)):
            if _is_start(item):
                keys.append(SortKey(start, item.ascending))
            elif table is None:
                keys += self._attribute_keys(item)
            elif place == 0 and rank == 2:
                # Nothing is joined: the values are not there.
                absent = _value_keys(item, table)
                keys += [SortKey(literal(2)), *(SortKey(literal(None)) for _ in absent[1:])]
            else:
                found = _value_keys(item, table)
                keys += found if place or rank is None else [SortKey(literal(rank)), *found[1:]]
        # Told twice, the start would keep SQLite from reading the whole order from the index.
        if not any(_is_start(item) for item in self._items):
            keys.append(SortKey(start, False))
        return [*keys, SortKey(run, False)]

    def _attribute_keys(self, item: OrderItem) -> list[SortKey]:
        if item.key == "end_time":
            return ranked(RUN.c.end_time, item.ascending)
        return [SortKey(self._scope.attribute(item.key), item.ascending)]

    # Ways to read

    def walk(self, after: Sequence[Any] | None, limit: int) -> list[Row]:
        """Return the sort values of the next runs, whatever the filter and the view say.

        Only for an order that is walkable: this reads nothing but its index.
        """
        item, table, connection = self._items[0], self._tables[0], self._scope.connection
        read = fetch_in_groups if item.ascending else fetch
        if table is None:
            bounds = self._bounds(after)
            return read(connection, self._by_start(), self.keys(), after, limit, bounds)
        rows: list[Row] = []
        for rank, condition in _segments(item, table):
            if after is not None and rank < after[0]:
                continue
            selects = [
                select(literal(1)).select_from(table).where(*part, condition)
                for part in self._parts(table)
            ]
            here = after if after is not None and rank == after[0] else None
            keys, bounds = self.keys(rank), self._bounds(here)
            rows += read(connection, selects, keys, here, limit - len(rows), bounds)
            if len(rows) >= limit or self.bounds:
                return rows
        here = after if after is not None and after[0] == 2 else None
        return rows + self._absent(here, limit - len(rows))

    def _bounds(self, after: Sequence[Any] | None) -> list[Condition]:
        """Return where a walk ends, and where it begins unless it goes on.

        Of two bounds on one side SQLite might take the wrong one for the index.
        """
        table, passed = self._tables[0], "<" if not self._items[0].ascending else ">"
        return [
            self._scope.compare(term)
            if table is None
            else holds(self._scope.connection, term, table)
            for term in self.bounds
            if after is None or not term.operator.startswith(passed)
        ]

    def sort(
        self,
        runs: Collection[int],
        conditions: Sequence[Condition],
        after: Sequence[Any] | None,
        limit: int,
    ) -> list[Row]:
        """Return the sort values of the first of some runs that satisfy conditions."""
        if not runs:
            return []
        connection = self._scope.connection
        source = select(literal(1)).select_from(self._joined(RUN, 0))
        source = source.where(among(connection, RUN.c.id, sorted(runs)), *conditions)
        return fetch(connection, [source], self.keys(), after, limit)

    def scan(
        self, conditions: Sequence[Condition], after: Sequence[Any] | None, limit: int
    ) -> list[Row]:
        """Return the sort values of the first runs that satisfy conditions, in any order."""
        connection, item, table = self._scope.connection, self._items[0], self._tables[0]
        if table is None:
            selects = self._by_start(*conditions)
            return fetch(connection, selects, self.keys(), after, limit)
        rows: list[Row] = []
        for rank, condition in _segments(item, table):
            if after is not None and rank < after[0]:
                continue
            # The plus keeps SQLite from turning the join round: values first, then their runs.
            joined = table.join(RUN, RUN.c.id == table.c.run + literal(0))
            source = select(literal(1)).select_from(self._joined(joined, 1))
            selects = [
                source.where(*part, condition, self._scope.shown(), *conditions)
                for part in self._parts(table)
            ]
            here = after if after is not None and rank == after[0] else None
            rows += fetch(connection, selects, self.keys(rank), here, limit - len(rows))
            if len(rows) >= limit:
                return rows
        here = after if after is not None and after[0] == 2 else None
        return rows + self._absent(here, limit - len(rows), *conditions)

    def _absent(
        self, after: Sequence[Any] | None, limit: int, *conditions: Condition
    ) -> list[Row]:
        """Return the first runs that have no value for the first key."""
        item, table = self._items[0], self._tables[0]
        absent = ~self._scope.has_value(table.original.alias(), item)
        selects = self._by_start(absent, *conditions, skip=1)
        return fetch(self._scope.connection, selects, self.keys(2), after, limit)

    def _by_start(self, *conditions: Condition, skip: int = 0) -> list[Select[Any]]:
        """Return selects over the index of starts, one for each part of the experiments."""
        source = select(literal(1)).select_from(self._joined(RUN, skip))
        return [
            source.where(group(RUN.c.experiment), RUN.c.lifecycle == lifecycle, *conditions)
            for group in groups_of(self._scope.connection, self._scope.experiments)
            for lifecycle in self._scope.lifecycles
        ]

    def _parts(self, table: Any) -> list[tuple[Condition, Condition]]:
        """Return conditions on the first key's values, one for each part of the experiments."""
        key = self._scope.is_of(table, self._items[0])
        groups = groups_of(self._scope.connection, self._scope.experiments)
        return [(group(table.c.experiment), key) for group in groups]

    def _joined(self, source: Any, skip: int) -> Any:
        """Return a source with the values that it is sorted by, but for the first `skip`."""
        for item, table in list(zip(self._items, self._tables, strict=True))[skip:]:
            if table is not None:
                on = and_(table.c.run == RUN.c.id, self._scope.is_of(table, item))
                source = source.outerjoin(table, on)
        return source


def _is_start(item: OrderItem) -> bool:
    """Whether it means the run's start."""
    return item.entity == "attribute" and item.key == "start_time"


def _segments(item: OrderItem, table: Any) -> list[tuple[int, Condition]]:
    """Return the parts of a key's values, in their order: what is a number, what is not."""
    if item.entity == "metric":
        return [(0, table.c.value.is_not(None)), (1, table.c.value.is_(None))]
    if item.entity == "param":
        return [(0, table.c.number.is_not(None)), (1, table.c.number.is_(None))]
    return [(0, table.c.head.is_not(None))]


def _value_keys(item: OrderItem, table: Any) -> list[SortKey]:
    """Return the sort keys of a key's values: rank, then values."""
    there = table.c.run.is_not(None)
    if item.entity == "metric":
        return ranked(table.c.value, item.ascending, there)
    if item.entity == "param":
        return [
            *ranked(table.c.number, item.ascending, there),
            SortKey(table.c.head, item.ascending),
        ]
    return ranked(table.c.head, item.ascending)
