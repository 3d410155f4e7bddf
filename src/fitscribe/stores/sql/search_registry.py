"""Searching registered models and their versions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, case, literal, or_, select, true

from fitscribe.core.caller import Caller
from fitscribe.core.entities import PagedList
from fitscribe.core.filters import (
    MODEL_VERSIONS,
    REGISTERED_MODELS,
    Comparison,
    FilterSchema,
    Node,
    Not,
    parse,
    parse_order,
)
from fitscribe.core.paging import check_max_results, encode_token
from fitscribe.core.registry import TAG_PROMPT
from fitscribe.stores.sql import tables
from fitscribe.stores.sql.codes import STAGES
from fitscribe.stores.sql.engine import Connection
from fitscribe.stores.sql.search import (
    Condition,
    SortKey,
    among,
    compare_number,
    compare_text,
    condition_of,
    fetch,
    names_no_hidden_run,
    present,
    ranked,
    read_token,
)
from fitscribe.stores.sql.visibility import visible

__all__ = ["search_model_versions", "search_registered_models"]

# MLflow's limits, which its clients may ask for.
MOST_MODELS = 1000
MOST_VERSIONS = 200_000

_models = tables.registered_models.alias("g")
_versions = tables.model_versions.alias("v")


@dataclass(frozen=True, slots=True)
class _Searched:
    """A kind of thing that is searched.

    Parameters
    ----------
    schema : FilterSchema
    columns : mapping of str to expression
        Of each attribute.
    nullable : frozenset of str
        Attributes that a thing may lack.
    tags : Table
        With the columns ``key`` and ``value``.
    refers : str
        The column of `tags` that refers to the thing.
    owner : expression
        The things themselves.
    """

    schema: FilterSchema
    columns: dict[str, ColumnElement[Any]]
    nullable: frozenset[str]
    tags: Any
    refers: str
    owner: Any

    def compare(self, connection: Connection, term: Comparison) -> Condition:
        """Return a comparison as SQL."""
        wanted = present(term.operator)
        if term.entity == "tag":
            return self._compare_tag(connection, term, wanted)
        column = self.columns[term.key]
        if wanted is not None:
            return column.is_not(None) if wanted else column.is_(None)
        if self.schema.attributes[term.key] == "number":
            return compare_number(column, term.operator, term.value)
        compared = compare_text(connection, column, term.operator, term.value)
        return and_(column.is_not(None), compared) if term.key in self.nullable else compared

    def _compare_tag(
        self, connection: Connection, term: Comparison, wanted: bool | None
    ) -> Condition:
        key = connection.names.find(connection, [term.key]).get(term.key, 0)
        tags = self.tags.alias()
        belongs = tags.c[self.refers] == self.owner.c.id
        tag = select(literal(1)).where(belongs, tags.c.key == key).correlate(self.owner)
        if wanted is not None:
            return tag.exists() if wanted else ~tag.exists()
        if _asks_for_no_prompt(term):
            # MLflow's client adds this to every filter, for models that have no such tag.
            return ~tag.where(tags.c.value == str(term.value)).exists()
        return tag.where(
            compare_text(connection, tags.c.value, term.operator, term.value)
        ).exists()

    def where(self, connection: Connection, filter_string: str) -> Condition:
        """Return a filter as SQL; prompts are found by those alone who ask for them."""
        tree = parse(filter_string, self.schema)
        found = (
            true()
            if tree is None
            else condition_of(tree, lambda term: self.compare(connection, term))
        )
        if tree is not None and _names_prompts(tree):
            return found
        no_prompt = Comparison("tag", TAG_PROMPT, "!=", "true")
        return and_(found, self.compare(connection, no_prompt))

    def keys(self, order_by: Sequence[str]) -> list[SortKey]:
        """Return what to sort by."""
        keys: list[SortKey] = []
        for item in parse_order(order_by or (), self.schema):
            column = self.columns[item.key]
            if item.key in self.nullable:
                keys += ranked(column, item.ascending)
            else:
                keys.append(SortKey(column, item.ascending))
        return keys


def _asks_for_no_prompt(term: Comparison) -> bool:
    return term.key == TAG_PROMPT and term.operator == "!="


def _names_prompts(node: Node) -> bool:
    if isinstance(node, Comparison):
        return node.entity == "tag" and node.key == TAG_PROMPT
    terms = (node.term,) if isinstance(node, Not) else node.terms
    return any(_names_prompts(term) for term in terms)


_REGISTERED = _Searched(
    REGISTERED_MODELS,
    {
        "name": _models.c.name,
        "creation_timestamp": _models.c.created,
        "last_updated_timestamp": _models.c.updated,
    },
    frozenset(),
    tables.registered_model_tags,
    "registered",
    _models,
)


def search_registered_models(
    connection: Connection,
    filter_string: str,
    order_by: Sequence[str],
    max_results: int,
    page_token: str | None,
) -> PagedList[int]:
    """Return the numbers of a page of registered models, in order."""
    limit = check_max_results(max_results, MOST_MODELS)
    keys = [*_REGISTERED.keys(order_by), SortKey(_models.c.name), SortKey(_models.c.id)]
    start = select(literal(1)).select_from(_models)
    start = start.where(_REGISTERED.where(connection, filter_string))
    query = ("registered models", filter_string or "", list(order_by or ()))
    return _page(connection, start, keys, query, limit, page_token)


def search_model_versions(
    connection: Connection,
    caller: Caller,
    filter_string: str,
    order_by: Sequence[str],
    max_results: int,
    page_token: str | None,
) -> PagedList[int]:
    """Return the numbers of a page of versions, in order."""
    limit = check_max_results(max_results, MOST_VERSIONS)
    searched = _versions_to(connection, caller)
    keys = searched.keys(order_by)
    if not keys:
        keys.append(SortKey(_versions.c.updated, False))
    keys += [SortKey(_models.c.name), SortKey(_versions.c.version, False), SortKey(_versions.c.id)]
    start = select(literal(1)).select_from(
        _versions.join(_models, _models.c.id == _versions.c.registered)
    )
    start = start.where(searched.where(connection, filter_string))
    allowed = visible(caller)
    if allowed is not None:
        seen = among(connection, _versions.c.experiment, allowed)
        start = start.where(or_(_versions.c.experiment.is_(None), seen))
    query = ("model versions", filter_string or "", list(order_by or ()))
    return _page(connection, start, keys, query, limit, page_token)


def _versions_to(connection: Connection, caller: Caller) -> _Searched:
    """Return what versions are to a caller, who may not see the run of each."""
    logged = tables.logged_models.alias()
    model_id = select(logged.c.model_id).where(logged.c.id == _versions.c.model)
    run_id: ColumnElement[Any] = _versions.c.run_id
    if visible(caller) is not None:
        run_id = case((names_no_hidden_run(connection, caller, run_id), run_id))
    columns: dict[str, ColumnElement[Any]] = {
        "name": _models.c.name,
        "version_number": _versions.c.version,
        "run_id": run_id,
        "model_id": model_id.correlate(_versions).scalar_subquery(),
        "source_path": _versions.c.source,
        "current_stage": case(dict(enumerate(STAGES)), value=_versions.c.stage),
        "creation_timestamp": _versions.c.created,
        "last_updated_timestamp": _versions.c.updated,
    }
    nullable = frozenset({"run_id", "model_id"})
    tags = tables.model_version_tags
    return _Searched(MODEL_VERSIONS, columns, nullable, tags, "version", _versions)


def _page(
    connection: Connection,
    start: Any,
    keys: list[SortKey],
    query: tuple[Any, ...],
    limit: int,
    page_token: str | None,
) -> PagedList[int]:
    after = read_token(page_token, query, len(keys))
    rows = fetch(connection, [start], keys, after, limit + 1)
    token = encode_token(query, rows[limit - 1]) if len(rows) > limit else None
    return PagedList([row[-1] for row in rows[:limit]], token)
