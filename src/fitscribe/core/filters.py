"""The search language: all of MLflow's grammar, and OR, NOT, brackets and numbers for params.

Keywords are read in any case::

    expression = conjunction { OR conjunction }
    conjunction = negation { AND negation }
    negation   = { NOT } ( comparison | "(" expression ")" )
    comparison = key ( "=" | "!=" | "<" | "<=" | ">" | ">=" ) value
               | key [ NOT ] ( LIKE | ILIKE ) text
               | key [ NOT ] IN "(" value { "," value } ")"
               | key IS [ NOT ] NULL
    key        = [ entity "." ] ( bare | `quoted` | "quoted" )
    value      = text | number | nan | inf | True | False | None
    text       = 'quoted' | "quoted"
    order item = key [ ASC | DESC ]

A key without an entity is an attribute. The entity ends at the first dot, so a key with dots
needs no quotes: ``tags.mlflow.source.type``. A bare key holds no space, quote, bracket, comma,
semicolon, or ``= < > !``. A quote inside quotes is doubled; a backslash is itself. ``==`` and
``<>`` are read as ``=`` and ``!=``. :mod:`fitscribe.core.filter_schemas` says which entities and
attributes there are and which operators go with them.

What a comparison means, in every store:

- A thing that lacks the key is not found, by ``!=``, ``NOT LIKE`` and ``NOT IN`` as little as by
  ``=``; ``IS NULL`` finds it. ``NOT x`` finds everything that ``x`` does not.
- A metric is its latest value. ``= nan`` finds NaN and ``!= nan`` all numbers; NaN is ``!=`` to
  each number, and neither above nor below one.
- A param against a number (``params.max_depth = 3``) is ``Param.number``; one that has none, such
  as the text ``None``, is found by ``!=`` and ``NOT IN`` only. A param against text
  (``params.max_depth = '3'``) is its text. ``True``, ``False``, ``None``, ``nan`` and ``inf``
  are the text that Python writes for them.
- ``%`` in a pattern is any text and ``_`` one character; nothing escapes them. ``LIKE`` minds
  case, as ``=`` does; ``ILIKE`` does not.
- A comparison of datasets holds if it does for one of the run's inputs.
"""

from __future__ import annotations

from collections.abc import Sequence

from fitscribe.core.filter_parser import Parser
from fitscribe.core.filter_schemas import (
    EXPERIMENTS,
    LOGGED_MODELS,
    MODEL_VERSIONS,
    REGISTERED_MODELS,
    RUNS,
    FilterSchema,
)
from fitscribe.core.filter_tree import And, Comparison, Node, Not, Or, OrderItem, render
from fitscribe.errors import BadFilter

__all__ = [
    "EXPERIMENTS",
    "LOGGED_MODELS",
    "MODEL_VERSIONS",
    "REGISTERED_MODELS",
    "RUNS",
    "And",
    "Comparison",
    "FilterSchema",
    "Node",
    "Not",
    "Or",
    "OrderItem",
    "parse",
    "parse_order",
    "render",
]

# Each item may cost a join, of which SQLite takes 64 with the table itself.
MAX_ORDER = 60


def parse(text: str | None, schema: FilterSchema) -> Node | None:
    """Read a filter.

    Parameters
    ----------
    text : str or None
        The filter; None, or nothing but space, finds everything.
    schema : FilterSchema
        What is searched: `RUNS`, `EXPERIMENTS` or `LOGGED_MODELS`.

    Returns
    -------
    Node or None
        The tree, grouped as it was written, or None if everything is wanted.

    Raises
    ------
    BadFilter
        If it cannot be read; the message shows the place, and what would do there.
    """
    if text is None:
        return None
    parser = Parser(text, schema, "filter")
    return None if parser.token.kind == "end" else parser.expression()


def parse_order(items: Sequence[str], schema: FilterSchema) -> tuple[OrderItem, ...]:
    """Read what to sort by.

    Parameters
    ----------
    items : sequence of str
        A key each, with ``ASC`` (which is meant without it, too) or ``DESC`` behind it:
        ``["metrics.accuracy DESC", "start_time"]``.
    schema : FilterSchema
        What is searched.

    Raises
    ------
    BadFilter
        If an item cannot be read, a key comes twice, or there are more than 60.
    """
    if isinstance(items, str):
        raise BadFilter(f"order_by is a list of texts: write order_by=[{items!r:.200}].")
    if len(items) > MAX_ORDER:
        raise BadFilter(
            f"order_by has {len(items):,} items; up to {MAX_ORDER} are read. The first few decide."
        )
    order: dict[tuple[str, str], OrderItem] = {}
    for text in items:
        parser = Parser(text, schema, "order_by item")
        item = parser.order_item()
        if (item.entity, item.key) in order:
            parser.refuse(item.position, "an item before sorts by the same key", "Leave one out.")
        order[item.entity, item.key] = item
    return tuple(order.values())
