"""Random filters and orders over known values, for Hypothesis; and all operators of all keys."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from hypothesis import strategies as st

from fitscribe.core.filter_schemas import LIST, NULL, OPERATORS, ORDER, PATTERN
from fitscribe.core.filters import And, Comparison, FilterSchema, Node, Not, Or, OrderItem
from fitscribe.core.values import Param
from fitscribe.testing.tracking_reference import Value

__all__ = [
    "METRIC_VALUES",
    "TEXTS",
    "Vocabulary",
    "all_comparisons",
    "order_text",
    "orders",
    "trees",
]

# (entity, key) -> values that things have there, and some that none has.
Vocabulary = Mapping[tuple[str, str], Sequence[Value]]

LONG = "x" * 200
TEXTS = [
    "",
    "a",
    "A",
    "ab",
    "a%b",
    "a_b",
    "a\\b",
    "a\nb",
    "it's",
    'say "a"',
    "é",
    "É",
    "模型 🌲",
    "1",
    "1.0",
    "-2.5e1",
    "nan",
    "None",
    "True",
    LONG,
    LONG + "a",
    LONG + "b",
]
PATTERNS = [
    "%",
    "_",
    "",
    "a",
    "A%",
    "%b",
    "a_b",
    "a\\%",
    "É",
    "%é%",
    "x%",
    LONG + "_",
    "%\n%",
    "1__",
]
METRIC_VALUES = [-math.inf, -1.0, 0.0, 0.5, 1.0, 1e300, math.inf, math.nan]
NUMBERS = [-25, -1.5, 0, 0.5, 1, 1.0, 2, 3, 1e300]


def kind_of(schema: FilterSchema, entity: str, key: str) -> str:
    """Return what a key holds, as the operators' table calls it."""
    if entity == "attribute":
        return schema.attributes[key]
    return {"metric": "metric", "param": "param"}.get(entity, "text")


def wanted_values(
    schema: FilterSchema, known: Sequence[Value], kind: str, how: str
) -> list[object]:
    """Return values that a key of a kind can be held against by an operator."""
    if how in PATTERN:
        words = [str(value) for value in known if isinstance(value, str)]
        return [*PATTERNS, *(word[:1] + "%" + word[2:] for word in words[:3])]
    if kind == "metric":
        return [value for value in METRIC_VALUES if value == value or how in ("=", "!=")]
    if kind == "number" or how in ORDER:
        return [*(value for value in known if isinstance(value, int)), *NUMBERS]
    if kind == "status":
        return list(schema.statuses)
    texts: list[object] = [one.value if isinstance(one, Param) else one for one in known]
    return [*texts, "nothing has this", *(NUMBERS if kind == "param" else ())]


def all_comparisons(schema: FilterSchema, vocabulary: Vocabulary) -> Iterator[Comparison]:
    """Yield every operator of every key, with up to eight values each."""
    for (entity, key), known in vocabulary.items():
        kind = kind_of(schema, entity, key)
        for how in OPERATORS[kind]:
            if how in NULL:
                yield Comparison(entity, key, how, None)
                continue
            values = wanted_values(schema, known, kind, how)
            # Every few of them, and the last one; random filters take all.
            values = [*values[: -1 : len(values) // 7 + 1], *values[-1:]]
            if how in LIST:
                yield Comparison(entity, key, how, tuple(values))  # type: ignore[arg-type]
                yield Comparison(entity, key, how, tuple(values[::3]))  # type: ignore[arg-type]
                continue
            for value in values:
                yield Comparison(entity, key, how, value)  # type: ignore[arg-type]


@st.composite
def comparisons(draw: st.DrawFn, schema: FilterSchema, vocabulary: Vocabulary) -> Comparison:
    """Any comparison that is likely to find something."""
    entity, key = draw(st.sampled_from(list(vocabulary)))
    kind = kind_of(schema, entity, key)
    how = draw(st.sampled_from(OPERATORS[kind]))
    if how in NULL:
        return Comparison(entity, key, how, None)
    one = st.sampled_from(wanted_values(schema, vocabulary[entity, key], kind, how))
    value: object = draw(one)
    if how in LIST:
        value = tuple(draw(st.lists(one, min_size=1, max_size=4)))
    return Comparison(entity, key, how, value)  # type: ignore[arg-type]


def trees(schema: FilterSchema, vocabulary: Vocabulary) -> st.SearchStrategy[Node]:
    """Any filter of a few comparisons."""

    def joined(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
        several = st.lists(inner, min_size=2, max_size=3).map(tuple)
        return st.builds(And, several) | st.builds(Or, several) | st.builds(Not, inner)

    return st.recursive(comparisons(schema, vocabulary), joined, max_leaves=5)


def orders(schema: FilterSchema, vocabulary: Vocabulary) -> st.SearchStrategy[list[OrderItem]]:
    """Up to three keys to sort by."""
    keys = [one for one in vocabulary if one[0] in schema.sortable]
    items = st.builds(
        lambda one, ascending: OrderItem(one[0], one[1], ascending),
        st.sampled_from(keys),
        st.booleans(),
    )
    return st.lists(items, max_size=3, unique_by=lambda item: (item.entity, item.key))


def order_text(item: OrderItem) -> str:
    """Return an item as a user writes it."""
    name = item.key if item.entity == "attribute" else f"{item.entity}s.`{item.key}`"
    return name if item.ascending else f"{name} DESC"
