"""What the terms of a search of runs mean in SQL, and which runs an index finds for them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, literal, select

from fitscribe.core.caller import Caller
from fitscribe.core.entities import TAG_PARENT, TAG_RUN_NAME
from fitscribe.core.filters import RUNS, And, Comparison, Node, Or, OrderItem
from fitscribe.core.uris import artifacts_of_run
from fitscribe.core.values import Param
from fitscribe.stores.sql import tables
from fitscribe.stores.sql.codes import HEAD, LIFECYCLES, RUN_STATUSES, split_text
from fitscribe.stores.sql.engine import Connection
from fitscribe.stores.sql.locations import Locations
from fitscribe.stores.sql.search import (
    Condition,
    among,
    as_text,
    compare_number,
    compare_text,
    condition_of,
    each_of,
    holds_number_or_text,
    names_no_hidden_run,
    present,
    there_is,
)

__all__ = [
    "RANGES",
    "RUN",
    "Scope",
    "Term",
    "comparisons",
    "count",
    "holds",
    "shares",
    "terms_of",
    "value_table",
]

RUN = tables.runs.alias("r")
_experiments = tables.experiments.alias("e")
RANGES = ("<", "<=", ">", ">=")
_VALUES = {"metric": tables.latest, "param": tables.params, "tag": tables.tags}


class Scope:
    """Which runs a search looks at, and the numbers of the keys that it names.

    Parameters
    ----------
    connection : Connection
    caller : Caller
    locations : Locations
    experiments, lifecycles : list of int
        Which runs are looked at.
    named : iterable of Comparison or OrderItem
        What the search names.
    """

    def __init__(
        self,
        connection: Connection,
        caller: Caller,
        locations: Locations,
        experiments: list[int],
        lifecycles: list[int],
        named: Iterable[Comparison | OrderItem],
    ) -> None:
        self.connection = connection
        self.caller = caller
        self.locations = locations
        self.experiments = experiments
        self.lifecycles = lifecycles
        wanted = {TAG_RUN_NAME, *(item.key for item in named if item.entity in _VALUES)}
        self._numbers = connection.names.find(connection, wanted)

    def number_of(self, item: Comparison | OrderItem) -> int:
        """Return a key's number; 0, which no row has, for one that was never logged."""
        return self._numbers.get(TAG_RUN_NAME if _is_name(item) else item.key, 0)

    def is_of(self, table: Any, item: Comparison | OrderItem) -> Condition:
        """Return the condition that a row has a key's value, one that the caller may see."""
        condition: Condition = table.c.key == self.number_of(item)
        if item.entity == "tag" and item.key == TAG_PARENT:
            named = func.coalesce(table.c.text, table.c.head)
            return and_(condition, names_no_hidden_run(self.connection, self.caller, named))
        return condition

    def shown(self) -> Condition:
        """Return the condition that a run is of the view."""
        return RUN.c.lifecycle.in_(self.lifecycles)

    def hidden(self, most: int) -> set[int] | None:
        """Return the runs that are not of the view, or None if they are more than `most`."""
        others = [code for code in LIFECYCLES if code not in self.lifecycles]
        if not others:
            return set()
        query = select(RUN.c.id).where(self.within(RUN.c.experiment), RUN.c.lifecycle.in_(others))
        found = self.connection.numbers(query.limit(most + 1))
        return set(found) if len(found) <= most else None

    def sample(self, drawn: Collection[int]) -> list[int]:
        """Return those of some numbers that runs of the experiments have."""
        # The plus keeps SQLite from reading all runs of the experiments instead.
        own = self.within(RUN.c.experiment + literal(0))
        query = select(RUN.c.id).where(among(self.connection, RUN.c.id, drawn), own)
        return self.connection.numbers(query)

    def within(self, column: Any) -> Condition:
        """Return the condition that a column is one of the experiments."""
        if len(self.experiments) == 1:
            alone: Condition = column == self.experiments[0]
            return alone
        return among(self.connection, column, self.experiments)

    def attribute(self, name: str) -> ColumnElement[Any]:
        """Return an attribute's expression; an end may be NULL."""
        if name == "status":
            return case(dict(enumerate(RUN_STATUSES)), value=RUN.c.status)
        if name == "artifact_uri":
            root = func.coalesce(
                _experiments.c.artifact_location,
                literal(f"{self.locations.root}/").concat(as_text(_experiments.c.id)),
            )
            before, after = artifacts_of_run("", "|").split("|")
            whole = root.concat(before).concat(RUN.c.run_id).concat(after)
            return (
                select(whole)
                .where(_experiments.c.id == RUN.c.experiment)
                .correlate(RUN)
                .scalar_subquery()
            )
        column: ColumnElement[Any] = RUN.c[name]
        return column

    def compare(self, term: Comparison) -> Condition:
        """Return a comparison as a condition on a run."""
        if term.entity == "dataset":
            return self._compare_dataset(term)
        table = value_table(term)
        if table is None:
            return self._compare_attribute(term)
        wanted = present(term.operator)
        if wanted is not None:
            there = self.has_value(table, term)
            return there if wanted else ~there
        return self.has_value(table, term, holds(self.connection, term, table))

    def has_value(
        self, table: Any, item: Comparison | OrderItem, *conditions: Condition
    ) -> Condition:
        """Return the condition that a run has a value that satisfies others."""
        query = select(literal(1)).where(
            table.c.run == RUN.c.id, self.is_of(table, item), *conditions
        )
        return there_is(self.connection, query.correlate(RUN))

    def _compare_attribute(self, term: Comparison) -> Condition:
        column = self.attribute(term.key)
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
            .where(inputs.c.run == RUN.c.id, datasets.c.id == inputs.c.dataset, column != "")
            .correlate(RUN)
        )
        wanted = present(term.operator)
        if wanted is not None:
            return query.exists() if wanted else ~query.exists()
        compared = compare_text(self.connection, column, term.operator, term.value)
        return query.where(compared).exists()


class Term:
    """A term that all runs of a search have to satisfy.

    Attributes
    ----------
    node : Node
    condition : Condition
        On a run.
    finders : list of Select
        Queries that an index answers and that together find the runs; none where no index helps.
    size : int
        How many runs they find, as far as they were counted.
    """

    def __init__(self, scope: Scope, node: Node) -> None:
        self._scope = scope
        self.node = node
        self.condition = condition_of(node, scope.compare)
        self.finders = _finders(scope, node)
        self.size = 0

    def runs(self) -> Iterator[int]:
        """Yield all runs that the term finds, in all experiments of the search."""
        for finder in self.finders:
            yield from self._scope.connection.numbers(finder)

    def keep(self, runs: Collection[int]) -> set[int]:
        """Return those of some runs that satisfy the term; each is looked up."""
        return set(self._scope.connection.numbers(self.kept(runs)))

    def kept(self, runs: Collection[int]) -> Select[Any]:
        """Return the query of those of some runs that satisfy the term; each is looked up."""
        connection, node = self._scope.connection, self.node
        table = value_table(node) if isinstance(node, Comparison) else None
        if table is None or not isinstance(node, Comparison) or node.value is None:
            return select(RUN.c.id).where(among(connection, RUN.c.id, runs), self.condition)
        given = each_of(connection, sorted(runs))
        satisfying = select(literal(1)).where(
            table.c.run == given.c.value,
            self._scope.is_of(table, node),
            holds(connection, node, table),
        )
        return select(given.c.value).where(there_is(connection, satisfying.correlate(given)))


def terms_of(scope: Scope, tree: Node | None) -> list[Term]:
    """Return the terms of a filter, all of which have to be satisfied."""
    if tree is None:
        return []
    return [Term(scope, node) for node in (tree.terms if isinstance(tree, And) else (tree,))]


def count(connection: Connection, terms: Sequence[Term], most: int) -> None:
    """Count what terms with finders find, up to a few more than `most`."""
    counts = iter(_counts(connection, [f.limit(most + 1) for term in terms for f in term.finders]))
    for term in terms:
        term.size = sum(next(counts) for _ in term.finders)


def shares(connection: Connection, terms: Sequence[Term], runs: Sequence[int]) -> list[float]:
    """Return the share of some runs that satisfy each term, as a Bayesian who knew nothing would.

    None is 0 and none is 1: what no run of a sample has, others may have.
    """
    kept = _counts(connection, [term.kept(runs) for term in terms])
    return [(found + 1) / (len(runs) + 2) for found in kept]


def _counts(connection: Connection, queries: Sequence[Select[Any]]) -> Sequence[int]:
    """Return how many rows each query finds, in one statement.

    Counting what an index has takes a fraction of bringing it to Python.
    """
    if not queries:
        return []
    counted = [
        select(func.count()).select_from(query.subquery()).scalar_subquery() for query in queries
    ]
    (found,) = connection.select(select(*counted))
    return found


def value_table(term: Comparison | OrderItem) -> Any:
    """Return a new alias of the table that holds a key's values, or None for an attribute."""
    table = tables.tags if _is_name(term) else _VALUES.get(term.entity)
    return None if table is None else table.alias()


def _is_name(term: Comparison | OrderItem) -> bool:
    """Whether it means the run's name, which is a tag."""
    return term.entity == "attribute" and term.key == "run_name"


def holds(connection: Connection, term: Comparison, table: Any) -> Condition:
    """Return the condition that a row of a key's values satisfies a comparison."""
    if term.entity == "metric":
        return compare_number(table.c.value, term.operator, term.value)
    whole = func.coalesce(table.c.text, table.c.head)
    if term.entity == "param":
        return holds_number_or_text(connection, term, table.c.number, whole)
    return compare_text(connection, whole, term.operator, term.value)


# What an index finds


def _finders(scope: Scope, node: Node) -> list[Select[Any]]:
    """Return queries for runs that an index answers, and that together find a term's runs."""
    if isinstance(node, Or):
        parts = [_finders(scope, term) for term in node.terms]
        return [finder for part in parts for finder in part] if all(parts) else []
    if not isinstance(node, Comparison) or node.operator not in (*RANGES, "=", "IN"):
        return []
    table = value_table(node)
    if table is not None:
        within = (scope.within(table.c.experiment), scope.is_of(table, node))
        return [
            select(table.c.run).where(*within, condition)
            for condition in _index_conditions(scope.connection, node, table)
        ]
    if node.entity == "dataset":
        return _finders_by_dataset(scope, node)
    if node.key == "start_time":
        within = (scope.within(RUN.c.experiment), scope.shown())
        return [select(RUN.c.id).where(*within, scope.compare(node))]
    if node.key == "run_id" and node.operator in ("=", "IN"):
        values = node.value if isinstance(node.value, tuple) else (node.value,)
        wanted = among(scope.connection, RUN.c.run_id, [str(value) for value in values])
        return [select(RUN.c.id).where(wanted, scope.within(RUN.c.experiment))]
    return []


def _finders_by_dataset(scope: Scope, node: Comparison) -> list[Select[Any]]:
    if node.key == "context" or node.operator not in ("=", "IN"):
        return []
    inputs, datasets = tables.inputs.alias(), tables.datasets.alias()
    column = datasets.c[node.key]
    compared = compare_text(scope.connection, column, node.operator, node.value)
    query = select(inputs.c.run).where(
        inputs.c.dataset == datasets.c.id,
        scope.within(datasets.c.experiment),
        compared,
        column != "",
    )
    return [query]


def _index_conditions(connection: Connection, term: Comparison, table: Any) -> list[Condition]:
    """Return conditions that an index answers and that together find what a term does.

    They do not overlap. None for a term that no index helps with.
    """
    values = term.value if isinstance(term.value, tuple) else (term.value,)
    if not any(isinstance(value, str) for value in values):
        return [holds(connection, term, table)]
    if term.operator in RANGES:
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


def comparisons(node: Node | None) -> Iterator[Comparison]:
    """Yield all comparisons of a filter."""
    if isinstance(node, Comparison):
        yield node
    elif node is not None:
        for term in node.terms if hasattr(node, "terms") else (node.term,):
            yield from comparisons(term)
