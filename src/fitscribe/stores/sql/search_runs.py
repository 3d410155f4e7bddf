"""Searching runs: which index to walk, and which rows to start from.

The databases keep no statistics that would tell how rare a value is, so each term that an index
answers is asked first, for a few thousand runs at most. If one is rare, the search starts from
the runs that it finds (a *set*); else it walks an index in the wanted order and looks each run's
other terms up, until the page is full.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, literal, select

from fitscribe.core.caller import Caller
from fitscribe.core.entities import TAG_PARENT, TAG_RUN_NAME, PagedList
from fitscribe.core.filters import RUNS, And, Comparison, Node, OrderItem, parse, parse_order
from fitscribe.core.paging import check_max_results, encode_token
from fitscribe.core.values import Param
from fitscribe.stores.sql import tables
from fitscribe.stores.sql.codes import HEAD, RUN_STATUSES, split_text
from fitscribe.stores.sql.engine import Connection
from fitscribe.stores.sql.ids import experiment_numbers
from fitscribe.stores.sql.locations import Locations
from fitscribe.stores.sql.search import (
    Condition,
    SortKey,
    among,
    as_text,
    compare_number,
    compare_text,
    condition_of,
    fetch,
    groups_of,
    holds_number_or_text,
    lifecycles_of,
    names_no_hidden_run,
    present,
    ranked,
    read_token,
)
from fitscribe.stores.sql.visibility import visible

__all__ = ["search_runs"]

MOST_RESULTS = 50_000
# A term with fewer runs than this is where a search may start; at one with fewer than a quarter
# of them it starts without asking the other terms.
RARE = 20_000

_runs = tables.runs.alias("r")
_experiments = tables.experiments.alias("e")
_VALUES = {"metric": tables.latest, "param": tables.params, "tag": tables.tags}


def search_runs(
    connection: Connection,
    caller: Caller,
    locations: Locations,
    experiment_ids: Iterable[str],
    filter_string: str,
    order_by: Sequence[str],
    view_type: int,
    max_results: int,
    page_token: str | None,
) -> PagedList[int]:
    """Return the numbers of a page of runs, in order."""
    limit = check_max_results(max_results, MOST_RESULTS)
    lifecycles = lifecycles_of(view_type)
    tree = parse(filter_string, RUNS)
    order = parse_order(order_by or (), RUNS)
    numbers = experiment_numbers(experiment_ids)
    query = ("runs", numbers, filter_string or "", list(order_by or ()), view_type)
    allowed = visible(caller)
    if allowed is not None:
        numbers = [number for number in numbers if number in allowed]
    if not numbers:
        return PagedList()
    search = _Search(connection, caller, locations, numbers, lifecycles, tree, order)
    after = read_token(page_token, query, len(search.keys()))
    rows = search.page(after, limit + 1)
    token = encode_token(query, rows[limit - 1]) if len(rows) > limit else None
    return PagedList([row[-1] for row in rows[:limit]], token)


class _Search:
    """One search: the filter and the order, with the numbers of their keys looked up."""

    def __init__(
        self,
        connection: Connection,
        caller: Caller,
        locations: Locations,
        experiments: list[int],
        lifecycles: list[int],
        tree: Node | None,
        order: Sequence[OrderItem],
    ) -> None:
        self.connection = connection
        self.caller = caller
        self.locations = locations
        self.experiments = experiments
        self.lifecycles = lifecycles
        self.tree = tree
        self.order = order or (OrderItem("attribute", "start_time", ascending=False),)
        named: list[Comparison | OrderItem] = [*self.order, *_comparisons(tree)]
        wanted = {TAG_RUN_NAME, *(item.key for item in named if item.entity in _VALUES)}
        self._numbers = connection.names.find(connection, wanted)
        self._joined = [_value_table(item) for item in self.order]
        self._where: list[Condition] = []
        if tree is not None:
            self._where.append(condition_of(tree, self._compare))

    def page(self, after: Sequence[Any] | None, limit: int) -> list[Any]:
        """Return the sort values of up to `limit` runs, the run's number last."""
        rare = self._start_from()
        if rare is not None:
            if not rare:
                return []
            start = select(literal(1)).select_from(self._with_joins(_runs, 0))
            start = start.where(among(self.connection, _runs.c.id, rare), *self._runs_shown())
            return fetch(self.connection, [start], self.keys(), after, limit)
        first = self._joined[0]
        if first is None:
            return fetch(self.connection, self._walks_of_runs(), self.keys(), after, limit)
        rows: list[Any] = []
        for rank, condition in _segments(self.order[0], first):
            if after is not None and rank < after[0]:
                continue
            selects = self._walks_of_values(first, condition)
            keys = self.keys(rank)
            here = after if after is not None and rank == after[0] else None
            rows += fetch(self.connection, selects, keys, here, limit - len(rows))
            if len(rows) >= limit:
                return rows
        if after is not None and after[0] < 2:
            after = None
        absent = ~self._exists(first.original.alias(), self.order[0])
        selects = [walk.where(absent) for walk in self._walks_of_runs(skip=1)]
        keys = self.keys(2)
        return rows + fetch(self.connection, selects, keys, after, limit - len(rows))

    # What rows are sorted by

    def keys(self, rank: int | None = None) -> list[SortKey]:
        """Return the sort keys; `rank` where the first one's is known, as in a walk.

        The last two are start and number of the run, which a walk reads from its index.
        """
        keys: list[SortKey] = []
        for place, (item, table) in enumerate(zip(self.order, self._joined, strict=True)):
            if table is None:
                keys += self._attribute_keys(item)
            elif place == 0 and rank == 2:
                # Nothing is joined: the values are not there.
                absent = _value_keys(item, table)
                keys += [SortKey(literal(2)), *(SortKey(literal(None)) for _ in absent[1:])]
            else:
                found = _value_keys(item, table)
                keys += found if place or rank is None else [SortKey(literal(rank)), *found[1:]]
        walked = self._joined[0]
        start, run = _runs.c.start_time, _runs.c.id
        if rank in (0, 1) and walked is not None:
            start, run = walked.c.start_time, walked.c.run
        # Told twice, the start would keep SQLite from reading the whole order from the index.
        if not any(_is_start(item) for item in self.order):
            keys.append(SortKey(start, False))
        return [*keys, SortKey(run, False)]

    def _attribute_keys(self, item: OrderItem) -> list[SortKey]:
        if item.key == "end_time":
            return ranked(_runs.c.end_time, item.ascending)
        return [SortKey(self._attribute(item.key), item.ascending)]

    def _attribute(self, name: str) -> ColumnElement[Any]:
        """Return an attribute's expression; a name and an end may be NULL."""
        if name == "status":
            return case(dict(enumerate(RUN_STATUSES)), value=_runs.c.status)
        if name == "artifact_uri":
            root = func.coalesce(
                _experiments.c.artifact_location,
                literal(f"{self.locations.root}/").concat(as_text(_experiments.c.id)),
            )
            whole = root.concat("/").concat(_runs.c.run_id).concat("/artifacts")
            return (
                select(whole)
                .where(_experiments.c.id == _runs.c.experiment)
                .correlate(_runs)
                .scalar_subquery()
            )
        column: ColumnElement[Any] = _runs.c[name]
        return column

    # Where a search begins

    def _start_from(self) -> list[int] | None:
        """Return all runs that the rare terms leave, or None where no term is rare."""
        parts = self.tree.terms if isinstance(self.tree, And) else (self.tree,)
        terms = [part for part in parts if isinstance(part, Comparison)]
        # An equality is most often rarer than a bound.
        terms.sort(key=lambda term: term.operator not in ("=", "IN"))
        found: set[int] | None = None
        for term in terms:
            for rows in self._probe(term):
                numbers = {row[0] for row in rows}
                found = numbers if found is None else found & numbers
            if found is not None and len(found) < RARE // 4:
                break
        return None if found is None else sorted(found)

    def _probe(self, term: Comparison) -> Iterator[list[Any]]:
        """Yield the runs that a term finds by an index, if they are few."""
        if term.entity == "attribute" and term.key == "run_id" and term.operator in ("=", "IN"):
            values = term.value if isinstance(term.value, tuple) else (term.value,)
            yield self.connection.select(
                select(_runs.c.id).where(
                    among(self.connection, _runs.c.run_id, values),
                    among(self.connection, _runs.c.experiment, self.experiments),
                )
            )
            return
        table = _value_table(term)
        if table is None:
            return
        key = self._number_of(term)
        conditions = _index_conditions(self.connection, term, table)
        if not conditions:
            return
        runs: list[Any] = []
        for condition in conditions:
            for group in groups_of(self.connection, self.experiments):
                query = select(table.c.run).where(group(table.c.experiment), table.c.key == key)
                query = query.where(condition).limit(RARE - len(runs))
                runs += self.connection.select(query)
                if len(runs) >= RARE:
                    return
        yield runs

    def _walks_of_runs(self, skip: int = 0) -> list[Select[Any]]:
        """Return selects over the index of starts, one for each part of the experiments."""
        source = self._with_joins(_runs, skip)
        return [
            select(literal(1))
            .select_from(source)
            .where(group(_runs.c.experiment), _runs.c.lifecycle == lifecycle, *self._where)
            for group in groups_of(self.connection, self.experiments)
            for lifecycle in self.lifecycles
        ]

    def _walks_of_values(self, table: Any, condition: Condition) -> list[Select[Any]]:
        """Return selects over the index of a key's values, one for each part."""
        # The plus keeps SQLite from turning the join round: values first, then their runs.
        joined = table.join(_runs, _runs.c.id == _plain(table.c.run))
        source = self._with_joins(joined, 1)
        of_key = self._is_of(table, self.order[0])
        return [
            select(literal(1))
            .select_from(source)
            .where(group(table.c.experiment), of_key, condition)
            .where(*self._runs_shown())
            for group in groups_of(self.connection, self.experiments)
        ]

    def _runs_shown(self) -> list[Condition]:
        return [_runs.c.lifecycle.in_(self.lifecycles), *self._where]

    def _with_joins(self, source: Any, skip: int) -> Any:
        """Return a source with the values that it is sorted by, but for the first `skip`."""
        for item, table in list(zip(self.order, self._joined, strict=True))[skip:]:
            if table is not None:
                on = and_(table.c.run == _runs.c.id, self._is_of(table, item))
                source = source.outerjoin(table, on)
        return source

    # The filter

    def _compare(self, term: Comparison) -> Condition:
        if term.entity == "dataset":
            return self._compare_dataset(term)
        table = _value_table(term)
        if table is None:
            return self._compare_attribute(term)
        wanted = present(term.operator)
        if wanted is not None:
            there = self._exists(table, term)
            return there if wanted else ~there
        return self._exists(table, term, _holds(self.connection, term, table))

    def _compare_attribute(self, term: Comparison) -> Condition:
        column = self._attribute(term.key)
        wanted = present(term.operator)
        if wanted is not None:
            return column.is_not(None) if wanted else column.is_(None)
        if RUNS.attributes[term.key] == "number":
            # A run without an end is found by no comparison, not even by `!=`.
            return and_(column.is_not(None), compare_number(column, term.operator, term.value))
        return compare_text(self.connection, column, term.operator, term.value)

    def _compare_dataset(self, term: Comparison) -> Condition:
        inputs, datasets = tables.inputs.alias(), tables.datasets.alias()
        column = inputs.c.context if term.key == "context" else datasets.c[term.key]
        query = (
            select(literal(1))
            .where(inputs.c.run == _runs.c.id, datasets.c.id == inputs.c.dataset, column != "")
            .correlate(_runs)
        )
        wanted = present(term.operator)
        if wanted is not None:
            return query.exists() if wanted else ~query.exists()
        compared = compare_text(self.connection, column, term.operator, term.value)
        return query.where(compared).exists()

    def _number_of(self, term: Comparison | OrderItem) -> int:
        """Return a key's number; 0, which no row has, for one that was never logged."""
        return self._numbers.get(TAG_RUN_NAME if _is_name(term) else term.key, 0)

    def _is_of(self, table: Any, term: Comparison | OrderItem) -> Condition:
        """Return the condition that a row has a key's value, one that the caller may see."""
        condition: Condition = table.c.key == self._number_of(term)
        if term.entity == "tag" and term.key == TAG_PARENT:
            named = func.coalesce(table.c.text, table.c.head)
            return and_(condition, names_no_hidden_run(self.connection, self.caller, named))
        return condition

    def _exists(
        self, table: Any, term: Comparison | OrderItem, *conditions: Condition
    ) -> Condition:
        query = select(literal(1)).where(
            table.c.run == _runs.c.id, self._is_of(table, term), *conditions
        )
        return query.correlate(_runs).exists()


def _comparisons(node: Node | None) -> Iterator[Comparison]:
    """Yield all comparisons of a filter."""
    if isinstance(node, Comparison):
        yield node
    elif node is not None:
        for term in node.terms if hasattr(node, "terms") else (node.term,):
            yield from _comparisons(term)


def _is_name(term: Comparison | OrderItem) -> bool:
    """Whether it means the run's name, which is a tag."""
    return term.entity == "attribute" and term.key == "run_name"


def _is_start(item: OrderItem) -> bool:
    """Whether it means the run's start."""
    return item.entity == "attribute" and item.key == "start_time"


def _value_table(term: Comparison | OrderItem) -> Any:
    """Return a new alias of the table that holds a key's values, or None for an attribute."""
    table = tables.tags if _is_name(term) else _VALUES.get(term.entity)
    return None if table is None else table.alias()


def _holds(connection: Connection, term: Comparison, table: Any) -> Condition:
    """Return the condition that a row of a key's values satisfies a comparison."""
    if term.entity == "metric":
        return compare_number(table.c.value, term.operator, term.value)
    whole = func.coalesce(table.c.text, table.c.head)
    if term.entity == "param":
        return holds_number_or_text(connection, term, table.c.number, whole)
    return compare_text(connection, whole, term.operator, term.value)


def _index_conditions(connection: Connection, term: Comparison, table: Any) -> list[Condition]:
    """Return conditions that an index answers and that together find what a term does.

    They do not overlap. None for a term that no index helps with.
    """
    if term.operator not in ("=", "<", "<=", ">", ">=", "IN"):
        return []
    values = term.value if isinstance(term.value, tuple) else (term.value,)
    if not any(isinstance(value, str) for value in values):
        return [_holds(connection, term, table)]
    if term.operator != "IN" and term.operator != "=":
        return []
    if not all(isinstance(value, str) and len(value) < HEAD for value in values):
        return []
    heads = {split_text(str(value))[0] for value in values}
    if term.entity != "param":
        return [among(connection, table.c.head, heads)]
    # The index of params begins with the number that a text may also be read as.
    numbers = {number for head in heads if (number := Param("", head).number) is not None}
    conditions = [and_(table.c.number.is_(None), among(connection, table.c.head, heads))]
    if numbers:
        conditions.append(
            and_(
                among(connection, table.c.number, numbers),
                among(connection, table.c.head, heads),
            )
        )
    return conditions


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


def _plain(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a column as an expression that no index is looked up by."""
    return column + literal(0)
