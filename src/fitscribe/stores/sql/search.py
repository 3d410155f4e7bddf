"""What the three searches share: comparisons, sort keys, and pages by keyset.

A search is built with SQLAlchemy and yields numbers of rows; who called it reads the things
themselves. Comparisons have two values, true and false, never SQL's NULL, so that ``NOT x`` finds
everything that ``x`` does not.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    BindParameter,
    ColumnElement,
    Select,
    Text,
    and_,
    bindparam,
    case,
    cast,
    false,
    func,
    literal,
    not_,
    or_,
    select,
    text,
    true,
    union_all,
)

from fitscribe.core.caller import Caller
from fitscribe.core.filters import And, Comparison, Node, Not
from fitscribe.core.paging import decode_token
from fitscribe.core.states import ViewType
from fitscribe.errors import InvalidParameter
from fitscribe.stores.sql import tables
from fitscribe.stores.sql.codes import DELETED, DELETED_WITH_EXPERIMENT, LIVE
from fitscribe.stores.sql.engine import Connection
from fitscribe.stores.sql.statements import Row
from fitscribe.stores.sql.visibility import visible

__all__ = [
    "Condition",
    "SortKey",
    "among",
    "as_text",
    "compare_number",
    "compare_text",
    "condition_of",
    "continue_after",
    "fetch",
    "fetch_in_groups",
    "groups_of",
    "each_of",
    "holds_number_or_text",
    "lifecycles_of",
    "names_no_hidden_run",
    "present",
    "ranked",
    "read_token",
    "run_is_seen",
    "there_is",
]

Condition = ColumnElement[bool]
# Up to this many experiments are each walked in order and merged; more are sorted together.
MERGED = 16

_ORDERS: dict[str, Callable[[Any, Any], Condition]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True, slots=True)
class SortKey:
    """An expression that rows are sorted by; where it is NULL, a key before says so."""

    expression: ColumnElement[Any]
    ascending: bool = True


def condition_of(node: Node, compare: Callable[[Comparison], Condition]) -> Condition:
    """Return a filter as SQL; `compare` does one comparison."""
    if isinstance(node, Comparison):
        return compare(node)
    if isinstance(node, Not):
        return not_(condition_of(node.term, compare))
    terms = [condition_of(term, compare) for term in node.terms]
    return and_(*terms) if isinstance(node, And) else or_(*terms)


# Comparisons


def present(operator_: str) -> bool | None:
    """Return what ``IS NULL`` and ``IS NOT NULL`` ask for: absent or present; else None."""
    return {"IS NULL": False, "IS NOT NULL": True}.get(operator_)


def compare_text(connection: Connection, column: Any, operator_: str, value: Any) -> Condition:
    """Compare a text that is not NULL."""
    if operator_ in ("IN", "NOT IN"):
        found = among(connection, column, [str(one) for one in value])
        return found if operator_ == "IN" else not_(found)
    plain = operator_.removeprefix("NOT ")
    if not plain.endswith("LIKE"):
        return _ORDERS[operator_](column, str(value))
    pattern: Any = literal(value)
    if plain == "ILIKE":
        column, pattern = func.fitscribe_lower(column), func.fitscribe_lower(pattern)
    # PostgreSQL takes a backslash for an escape unless it is told that there is none.
    escape = "" if connection.name == "postgresql" else None
    matched: Condition = column.like(pattern, escape=escape)
    return not_(matched) if operator_ != plain else matched


def compare_number(column: ColumnElement[Any], operator_: str, value: Any) -> Condition:
    """Compare a number that is NULL where it is NaN, or no number.

    NULL is ``!=`` to each number, equal to NaN, and neither above nor below anything.
    """
    if operator_ in ("IN", "NOT IN"):
        found = or_(*(compare_number(column, "=", one) for one in value))
        return found if operator_ == "IN" else not_(found)
    if value != value:
        if operator_ in ("=", "!="):
            return column.is_(None) if operator_ == "=" else column.is_not(None)
        return false()
    if operator_ == "!=":
        return or_(column.is_(None), column != value)
    return and_(column.is_not(None), _ORDERS[operator_](column, value))


def holds_number_or_text(
    connection: Connection, term: Comparison, number: Any, whole: Any
) -> Condition:
    """Compare a param: with numbers by its number, with texts by its text."""
    if not isinstance(term.value, tuple):
        if isinstance(term.value, str):
            return compare_text(connection, whole, term.operator, term.value)
        return compare_number(number, term.operator, term.value)
    numbers = [one for one in term.value if not isinstance(one, str)]
    texts = [one for one in term.value if isinstance(one, str)]
    found = or_(
        compare_number(number, "IN", numbers) if numbers else false(),
        compare_text(connection, whole, "IN", texts) if texts else false(),
    )
    return found if term.operator == "IN" else not_(found)


def among(connection: Connection, column: Any, values: Iterable[Any]) -> Condition:
    """Return the condition that a column is one of a list, bound as one value."""
    bound: Any = bindparam(None, connection.listed(values), unique=True)
    if connection.name == "postgresql":
        # As an operator of its own: older SQLAlchemy negates `==` to `!= ANY (…)`.
        chosen: Condition = column.op("=", is_comparison=True)(func.any(bound))
    else:
        chosen = column.in_(select(text("value")).select_from(func.json_each(bound)))
    return chosen


def each_of(connection: Connection, numbers: Iterable[int]) -> Any:
    """Return a list of integers, bound as one value, as a table with the column ``value``."""
    bound: Any = bindparam(None, connection.listed(numbers), unique=True)
    if connection.name == "postgresql":
        # An empty list does not tell what it is a list of.
        return func.unnest(cast(bound, ARRAY(BigInteger))).table_valued("value").render_derived()
    return func.json_each(bound).table_valued("value")


def there_is(connection: Connection, query: Select[Any]) -> Condition:
    """Return the condition that a query, which looks rows up by their key, finds one.

    PostgreSQL would rather join, and read all that an index has for the query's own conditions,
    of which it knows little; an OFFSET keeps it from that.
    """
    if connection.name == "postgresql":
        query = query.offset(0)
    return query.exists()


def as_text(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return an integer as text."""
    return cast(column, Text)


def run_is_seen(connection: Connection, caller: Caller, run: Any) -> Condition:
    """Return the condition that the run of that number is one that the caller may see."""
    allowed = visible(caller)
    if allowed is None:
        return true()
    runs = tables.runs.alias()
    seen = among(connection, runs.c.experiment, allowed)
    return select(literal(1)).where(runs.c.id == run, seen).exists()


def names_no_hidden_run(connection: Connection, caller: Caller, text: Any) -> Condition:
    """Return the condition that a text is not the id of a run that the caller may not see."""
    allowed = visible(caller)
    if allowed is None:
        return true()
    runs = tables.runs.alias()
    hidden = not_(among(connection, runs.c.experiment, allowed))
    return not_(select(literal(1)).where(runs.c.run_id == text, hidden).exists())


def groups_of(
    connection: Connection, experiments: Sequence[int]
) -> list[Callable[[Any], Condition]]:
    """Return conditions on a column that split the experiments into parts, each walked alone."""
    if len(experiments) <= MERGED:
        return [partial(operator.eq, one) for one in experiments]
    return [lambda column: among(connection, column, experiments)]


def lifecycles_of(view_type: int) -> list[int]:
    """Return the lifecycles that a view shows, or raise InvalidParameter."""
    shown = {
        ViewType.ACTIVE_ONLY: [LIVE],
        ViewType.DELETED_ONLY: [DELETED, DELETED_WITH_EXPERIMENT],
        ViewType.ALL: [LIVE, DELETED, DELETED_WITH_EXPERIMENT],
    }.get(view_type if isinstance(view_type, int) else 0)
    if shown is None:
        raise InvalidParameter(
            f"view_type is ViewType.ACTIVE_ONLY (1), DELETED_ONLY (2) or ALL (3), "
            f"not {view_type!r:.40}."
        )
    return shown


# Order and pages


def ranked(
    value: ColumnElement[Any], ascending: bool, there: Condition | None = None
) -> list[SortKey]:
    """Return keys that sort by a value, with NULL behind in both directions.

    `there` tells what is NULL but there (NaN) from what is missing, which comes last.
    """
    ranks: list[tuple[Condition, int]] = [(value.is_not(None), 0)]
    if there is not None:
        ranks.append((there, 1))
    return [SortKey(case(*ranks, else_=2)), SortKey(value, ascending)]


def continue_after(keys: Sequence[SortKey], values: Sequence[Any]) -> Condition:
    """Return the condition that a row comes after the one that has these sort values.

    The first key's bound is told twice, alone as well, for an index to begin there.
    """
    pairs = [(key, value) for key, value in zip(keys, values, strict=True) if value is not None]
    condition: Condition = false()
    for key, value in reversed(pairs):
        beyond = key.expression > value if key.ascending else key.expression < value
        condition = or_(beyond, and_(key.expression == value, condition))
    if pairs:
        (key, value), *_ = pairs
        bound = key.expression >= value if key.ascending else key.expression <= value
        condition = and_(bound, condition)
    return condition


def read_token(
    page_token: str | None, query: Sequence[object], length: int
) -> Sequence[Any] | None:
    """Return the sort values where a search goes on, or None at its beginning.

    Raises
    ------
    InvalidParameter
        If the token belongs to another search.
    """
    if page_token is None:
        return None
    values = decode_token(page_token, query)
    if len(values) != length:
        raise InvalidParameter(
            f"The page token {page_token!r:.60} belongs to another search. "
            "Start at the first page."
        )
    return values


def fetch(
    connection: Connection,
    selects: Sequence[Select[Any]],
    keys: Sequence[SortKey],
    after: Sequence[Any] | None,
    limit: int,
    bounds: Sequence[Condition] = (),
) -> list[Row]:
    """Return the sort values of the first rows of several selects together.

    Each select has its FROM and WHERE; columns, order and limit come from here. Each is limited
    by itself, so that an index can serve its order, and then they are merged. `bounds` are
    conditions that say where in the order the rows begin or end.
    """
    varying = [place for place, key in enumerate(keys) if not _is_constant(key)]
    if after is not None:
        beyond = continue_after(
            [keys[place] for place in varying], [after[place] for place in varying]
        )
        selects = [part.where(beyond) for part in selects]
    selects = [part.where(*bounds) for part in selects]
    return _merge(connection, selects, keys, varying, limit)


def fetch_in_groups(
    connection: Connection,
    selects: Sequence[Select[Any]],
    keys: Sequence[SortKey],
    after: Sequence[Any] | None,
    limit: int,
    bounds: Sequence[Condition] = (),
) -> list[Row]:
    """Do what :func:`fetch` does, in an order that an index has but for runs of equal value.

    The keys are ascending values, then the descending ones of ties (the newest comes first), and
    no index is read both ways at once. Sorting the runs of a value that most of them have would
    take as long as there are runs. So the values alone say how far the page reaches, and its ends
    are read apart: the rest of the value where the last page ended, and the first runs of the
    value where this page ends.
    """
    lead = [place for place, key in enumerate(keys) if key.ascending and not _is_constant(key)]
    ties = [place for place, key in enumerate(keys) if not key.ascending]
    rows: list[Row] = []
    ahead = [part.where(*bounds) for part in selects]
    if after is not None:
        rest = continue_after([keys[place] for place in ties], [after[place] for place in ties])
        ended = [part.where(rest) for part in _equal(selects, keys, lead, after)]
        rows = _merge(connection, ended, keys, ties, limit)
        beyond = continue_after([keys[place] for place in lead], [after[place] for place in lead])
        ahead = [part.where(beyond) for part in ahead]
    missing = limit - len(rows)
    if missing <= 0:
        return rows
    groups = [
        list(group)
        for _, group in groupby(
            _merge(connection, ahead, keys, lead, missing),
            key=lambda row: [row[place] for place in lead],
        )
    ]
    if sum(map(len, groups)) == missing:
        found = sum(map(len, groups[:-1]))
        last = _equal(selects, keys, lead, groups[-1][0])
        groups[-1] = _merge(connection, last, keys, ties, missing - found)
    for group in groups:
        rows += sorted(group, key=lambda row: [row[place] for place in ties], reverse=True)
    return rows


def _equal(
    selects: Sequence[Select[Any]],
    keys: Sequence[SortKey],
    places: Sequence[int],
    row: Sequence[Any],
) -> list[Select[Any]]:
    """Return selects of only those rows that have the same values as another in some places."""
    same = [
        keys[place].expression.is_(None)
        if row[place] is None
        else keys[place].expression == row[place]
        for place in places
    ]
    return [part.where(*same) for part in selects]


def _merge(
    connection: Connection,
    selects: Sequence[Select[Any]],
    keys: Sequence[SortKey],
    places: Sequence[int],
    limit: int,
) -> list[Row]:
    """Return the first rows of several selects, sorted by the keys in some places."""
    columns = [key.expression.label(f"k{place}") for place, key in enumerate(keys)]
    order = [_directed(keys[place].expression, keys[place]) for place in places]
    parts = [
        part.with_only_columns(*columns, maintain_column_froms=True).order_by(*order).limit(limit)
        for part in selects
    ]
    if len(parts) == 1:
        return connection.select(parts[0])
    merged = union_all(*(select(part.subquery()) for part in parts)).subquery()
    order = [_directed(merged.c[f"k{place}"], keys[place]) for place in places]
    return connection.select(select(merged).order_by(*order).limit(limit))


def _directed(expression: ColumnElement[Any], key: SortKey) -> ColumnElement[Any]:
    return expression.asc() if key.ascending else expression.desc()


def _is_constant(key: SortKey) -> bool:
    return isinstance(key.expression, BindParameter)
