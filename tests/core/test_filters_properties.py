"""The search language, for any text: there and back, refused or read, in linear time."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fitscribe.core.filter_parser import MAX_DEPTH
from fitscribe.core.filter_schemas import DATASET_KEYS, LIST, NULL, OPERATORS, ORDER, PATTERN
from fitscribe.core.filter_tokens import _TOKEN, Reader, Token
from fitscribe.core.filters import (
    EXPERIMENTS,
    LOGGED_MODELS,
    RUNS,
    And,
    Comparison,
    FilterSchema,
    Node,
    Not,
    Or,
    parse,
    parse_order,
    render,
)
from fitscribe.errors import BadFilter

SCHEMAS = (RUNS, EXPERIMENTS, LOGGED_MODELS)

# There and back


CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
TEXT = st.text(CHARACTERS | st.sampled_from("'`\"\\%()"), max_size=20)
KEYS = TEXT.filter(bool) | st.from_regex(r"[a-z_][a-z0-9_]{0,5}(\.[a-z]{1,4})?", fullmatch=True)
NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)


@st.composite
def comparisons(draw: st.DrawFn, schema: FilterSchema) -> Comparison:
    """Any comparison that the schema knows."""
    entity = draw(st.sampled_from(sorted(set(schema.entities.values()))))
    kind = {"metric": "metric", "param": "param"}.get(entity, "text")
    if entity == "attribute":
        key, kind = draw(st.sampled_from(sorted(schema.attributes.items())))
    else:
        key = draw(st.sampled_from(DATASET_KEYS) if entity == "dataset" else KEYS)
    operator = draw(st.sampled_from(OPERATORS[kind]))
    if operator in NULL:
        return Comparison(entity, key, operator, None)
    values: st.SearchStrategy[Any] = TEXT
    if kind in ("metric", "number") or operator in ORDER:
        values = NUMBERS | st.sampled_from([math.inf, -math.inf]) if kind == "metric" else NUMBERS
    elif kind == "status":
        values = st.sampled_from(schema.statuses)
    elif kind == "param" and operator not in PATTERN:
        values = TEXT | NUMBERS
    if operator in LIST:
        values = st.lists(values, min_size=1, max_size=4).map(tuple)
    return Comparison(entity, key, operator, draw(values))


def trees(schema: FilterSchema) -> st.SearchStrategy[Node]:
    def joined(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
        several = st.lists(inner, min_size=2, max_size=4).map(tuple)
        return st.builds(And, several) | st.builds(Or, several) | st.builds(Not, inner)

    return st.recursive(comparisons(schema), joined, max_leaves=10).filter(is_flat_enough)


def is_flat_enough(node: Node, depth: int = 0) -> bool:
    if isinstance(node, Comparison):
        return depth < MAX_DEPTH // 2  # a NOT and a bracket at most for each level
    terms = (node.term,) if isinstance(node, Not) else node.terms
    return all(is_flat_enough(term, depth + 1) for term in terms)


def typed(node: Node) -> object:
    """A form in which 3 and 3.0 differ, and 0.0 and -0.0."""
    if isinstance(node, Not):
        return ("not", typed(node.term))
    if isinstance(node, Comparison):
        return (node.entity, node.key, node.operator, repr(node.value))
    return (type(node).__name__, [typed(term) for term in node.terms])


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda schema: schema.what)
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_tree_that_is_written_is_read_as_it_was(
    schema: FilterSchema, data: st.DataObject
) -> None:
    node = data.draw(trees(schema))
    back = parse(render(node), schema)
    assert back == node
    assert typed(back) == typed(node)


def test_nan_that_is_written_is_read() -> None:
    assert render(parse("metrics.a != -NaN", RUNS)) == "metrics.a != nan"  # type: ignore[arg-type]


WORDS = "metrics. params.C tags.`x` status start_time datasets.name Run"
SIGNS = "= != < >= LIKE not IN is NULL and OR ( ) , ;"
VALUES = "'x' \"y\" ' \" ` 1 -2.5e3 nan inf True None \\"
PIECES = st.sampled_from([*WORDS.split(), *SIGNS.split(), *VALUES.split(), " ", "\n"])
ANY_TEXT = (
    st.text(max_size=60)
    | st.lists(PIECES, max_size=15).map(" ".join)
    | st.lists(PIECES, max_size=15).map("".join)
)


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda schema: schema.what)
@settings(max_examples=300, deadline=None)
@given(text=ANY_TEXT)
@example("\x1c'")
@example("metrics.")
@example("'")
def test_any_text_is_read_or_refused(schema: FilterSchema, text: str) -> None:
    node, error = attempt(lambda: parse(text, schema))
    if node is not None:
        assert typed(attempt(lambda: parse(render(node), schema))[0]) == typed(node)
    _, other = attempt(lambda: parse_order([text], schema))
    for refused in filter(None, (error, other)):
        assert 0 <= refused.position <= len(text)
        assert len(refused.message.split("\n")) == 4


def attempt(read: Callable[[], Any]) -> tuple[Any, BadFilter | None]:
    """Return what was read, or why it was refused."""
    try:
        return read(), None
    except BadFilter as error:
        return None, error


# Linear time, by counting


def lines_run_by(action: Callable[[], object]) -> int:
    """Return how many lines of Python the action runs."""
    count = 0

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        action()
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize(
    ("start", "repeated", "end", "times"),
    [
        ("metrics.a = 1", " AND metrics.a = 1", "", 40),
        ("metrics.a = 1", " OR NOT (metrics.a = 1)", "", 40),
        ("metrics.a IN (1", ", 1", ")", 900),
        ("params.a IN ('x'", ", 'it''s'", ")", 900),
        ("tags.a = '", "''", "'", 4000),
        ("tags.a = '", "''", "", 4000),
        ("tags.a = 'x'", " ", "", 9000),
        ("tags.", "a.", " = 'x'", 100),
        ("", "(", "", 9000),
        ("", "NOT ", "", 9000),
        ("", "'' ", "", 3000),
        ("", "`", "", 9000),
        ("", "x.", " = 1", 4000),
    ],
)
def test_work_grows_with_the_text_and_no_faster(
    start: str, repeated: str, end: str, times: int
) -> None:
    few, many = (Counted(start + repeated * n * times + end) for n in (1, 10))
    few_lines = lines_run_by(lambda: attempt(lambda: parse(few, RUNS)))
    many_lines = lines_run_by(lambda: attempt(lambda: parse(many, RUNS)))
    assert few_lines > 0
    assert many_lines <= 10 * few_lines + 200
    assert many.copied <= 3 * len(many)


class Counted(str):
    """Text that counts the characters that are cut out of it."""

    copied = 0

    def __getitem__(self, place: Any) -> str:
        piece = super().__getitem__(place)
        self.copied += len(piece)
        return piece


def test_no_pattern_gives_back_what_it_matched() -> None:
    """What the count of lines cannot see: the work inside a match."""
    assert set(re.findall(r"[*+]+", _TOKEN.pattern)) == {"*+", "++"}


@settings(max_examples=200, deadline=None)
@given(text=ANY_TEXT)
@example("a   'it''s'  <=\t( `x``y` )")
def test_every_character_is_in_one_token_at_most(text: str) -> None:
    tokens, error = attempt(lambda: tokens_of(text))
    if error:
        assert re.search("is not closed|no key or value holds", error.message)
        return
    end = 0
    for token in tokens:
        gap = text[end : token.start]
        assert not gap or gap.isspace()
        assert token.end > token.start
        end = token.end
    assert not text[end:].strip()


def tokens_of(text: str) -> list[Token]:
    reader = Reader(text, "filter")
    tokens = []
    while reader.token.kind != "end":
        tokens.append(reader.take())
    return tokens
