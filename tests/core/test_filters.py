"""The search language: what it takes, and what it makes of it."""

from __future__ import annotations

import math
import re

import pytest

from fitscribe.core.filter_schemas import OPERATORS
from fitscribe.core.filter_tokens import number_of
from fitscribe.core.filters import (
    EXPERIMENTS,
    LOGGED_MODELS,
    MODEL_VERSIONS,
    REGISTERED_MODELS,
    RUNS,
    And,
    Comparison,
    FilterSchema,
    Node,
    Not,
    Or,
    OrderItem,
    parse,
    parse_order,
)
from fitscribe.core.states import LoggedModelStatus, RunStatus

SCHEMAS = (RUNS, EXPERIMENTS, LOGGED_MODELS, REGISTERED_MODELS, MODEL_VERSIONS)


# What is read


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("metrics.acc > 0.9", Comparison("metric", "acc", ">", 0.9)),
        ("metric.acc>=-1", Comparison("metric", "acc", ">=", -1)),
        ("metrics.acc<+1.5e-3", Comparison("metric", "acc", "<", 0.0015)),
        ("metrics.acc <= .5", Comparison("metric", "acc", "<=", 0.5)),
        ("metrics.acc = 1.", Comparison("metric", "acc", "=", 1.0)),
        ("metrics.acc == 1", Comparison("metric", "acc", "=", 1)),
        ("metrics.acc <> 1", Comparison("metric", "acc", "!=", 1)),
        ("metrics.acc in (1, 2.5)", Comparison("metric", "acc", "IN", (1, 2.5))),
        ("metrics.acc > -INF", Comparison("metric", "acc", ">", -math.inf)),
        ("metrics.acc < Infinity", Comparison("metric", "acc", "<", math.inf)),
        ("metrics.acc is null", Comparison("metric", "acc", "IS NULL", None)),
        ("metrics.acc Is Not Null", Comparison("metric", "acc", "IS NOT NULL", None)),
        ("metrics.`a b` > 1", Comparison("metric", "a b", ">", 1)),
        ('metrics."a b" > 1', Comparison("metric", "a b", ">", 1)),
        ('metrics.`a``b"c` > 1', Comparison("metric", 'a`b"c', ">", 1)),
        ("metrics.val/loss@3-x > 1", Comparison("metric", "val/loss@3-x", ">", 1)),
        ("metrics.précision > 1", Comparison("metric", "précision", ">", 1)),
        ("metrics.and > 1", Comparison("metric", "and", ">", 1)),
        ("metrics.a. > 1", Comparison("metric", "a.", ">", 1)),
        ("params.C > 0.1", Comparison("param", "C", ">", 0.1)),
        ("parameter.C < 3", Comparison("param", "C", "<", 3)),
        ("parameters.C = 3", Comparison("param", "C", "=", 3)),
        ("param.C = '3'", Comparison("param", "C", "=", "3")),
        ('params.C = "3"', Comparison("param", "C", "=", "3")),
        ("params.b = TRUE", Comparison("param", "b", "=", "True")),
        ("params.b != false", Comparison("param", "b", "!=", "False")),
        ("params.b = None", Comparison("param", "b", "=", "None")),
        ("params.b = NaN", Comparison("param", "b", "=", "nan")),
        ("params.b = -inf", Comparison("param", "b", "=", "-inf")),
        ("params.b IN (3, None, 'x')", Comparison("param", "b", "IN", (3, "None", "x"))),
        ("params.b not in ('a',)", Comparison("param", "b", "NOT IN", ("a",))),
        ("params.b IN (')', '(')", Comparison("param", "b", "IN", (")", "("))),
        ("params.b LIKE 'a%'", Comparison("param", "b", "LIKE", "a%")),
        ("params.b ilike '_a'", Comparison("param", "b", "ILIKE", "_a")),
        ("params.b Not  Like 'a'", Comparison("param", "b", "NOT LIKE", "a")),
        ("params.b NOT ILIKE 'a'", Comparison("param", "b", "NOT ILIKE", "a")),
        ("tags.t = 'it''s'", Comparison("tag", "t", "=", "it's")),
        ('tags.t = "say ""x"""', Comparison("tag", "t", "=", 'say "x"')),
        ("tags.t = 'a\\'", Comparison("tag", "t", "=", "a\\")),
        ("tags.t = 'a\nb'", Comparison("tag", "t", "=", "a\nb")),
        ("tags.t = ''", Comparison("tag", "t", "=", "")),
        (
            "tags.mlflow.source.type = 'LOCAL'",
            Comparison("tag", "mlflow.source.type", "=", "LOCAL"),
        ),
        ("tag.`mlflow.runName` = 'x'", Comparison("tag", "mlflow.runName", "=", "x")),
        ("datasets.name LIKE 'iris%'", Comparison("dataset", "name", "LIKE", "iris%")),
        ("dataset.context IN ('train')", Comparison("dataset", "context", "IN", ("train",))),
        ("start_time > 1700000000000", Comparison("attribute", "start_time", ">", 1700000000000)),
        ("attribute.end_time IS NULL", Comparison("attribute", "end_time", "IS NULL", None)),
        ("attr.run_id IN ('a', 'b')", Comparison("attribute", "run_id", "IN", ("a", "b"))),
        ("run.run_id = 123", Comparison("attribute", "run_id", "=", "123")),
        ("attributes.status = 'finished'", Comparison("attribute", "status", "=", "FINISHED")),
        ("status LIKE 'fin%'", Comparison("attribute", "status", "LIKE", "FIN%")),
        ("`Run name` = 'x'", Comparison("attribute", "run_name", "=", "x")),
        ("attributes.`run name` = 'x'", Comparison("attribute", "run_name", "=", "x")),
        ('"Run Name" = "x"', Comparison("attribute", "run_name", "=", "x")),
        ("Created > 5", Comparison("attribute", "start_time", ">", 5)),
        ("attributes.created > 5", Comparison("attribute", "start_time", ">", 5)),
        ("\n\t start_time\u2003>\u00a05 ", Comparison("attribute", "start_time", ">", 5)),
    ],
)
def test_comparison_of_runs(text: str, expected: Comparison) -> None:
    node = parse(text, RUNS)
    assert node == expected
    assert isinstance(node, Comparison)
    assert type(node.value) is type(expected.value)  # 3 == 3.0, but they are written differently


@pytest.mark.parametrize(
    ("schema", "text", "expected"),
    [
        (EXPERIMENTS, "name ILIKE 'a%'", Comparison("attribute", "name", "ILIKE", "a%")),
        (EXPERIMENTS, "experiment_id = '7'", Comparison("attribute", "experiment_id", "=", "7")),
        (
            EXPERIMENTS,
            "experiment_id in (7, 8)",
            Comparison("attribute", "experiment_id", "IN", ("7", "8")),
        ),
        (
            EXPERIMENTS,
            "attribute.creation_time >= 5",
            Comparison("attribute", "creation_time", ">=", 5),
        ),
        (EXPERIMENTS, "tags.team IS NULL", Comparison("tag", "team", "IS NULL", None)),
        (
            LOGGED_MODELS,
            "creation_time < 5",
            Comparison("attribute", "creation_timestamp", "<", 5),
        ),
        (LOGGED_MODELS, "status != 'ready'", Comparison("attribute", "status", "!=", "READY")),
        (LOGGED_MODELS, "metrics.acc > 1", Comparison("metric", "acc", ">", 1)),
        (
            LOGGED_MODELS,
            "source_run_id IN ('a')",
            Comparison("attribute", "source_run_id", "IN", ("a",)),
        ),
    ],
)
def test_comparison_of_other_things(schema: FilterSchema, text: str, expected: Node) -> None:
    assert parse(text, schema) == expected


def test_nan_is_a_value_of_metrics() -> None:
    node = parse("metrics.loss != NaN", RUNS)
    assert isinstance(node, Comparison)
    assert isinstance(node.value, float)
    assert math.isnan(node.value)


@pytest.mark.parametrize("text", [None, "", "  \n"])
def test_nothing_finds_everything(text: str | None) -> None:
    assert parse(text, RUNS) is None


A, B, C, D = (Comparison("metric", key, "=", 1) for key in "abcd")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a and b AND c", And((A, B, C))),
        ("a or b Or c", Or((A, B, C))),
        ("a or b and c", Or((A, And((B, C))))),
        ("a and b or c and d", Or((And((A, B)), And((C, D))))),
        ("(a or b) and c", And((Or((A, B)), C))),
        ("not a and b", And((Not(A), B))),
        ("not (a and b)", Not(And((A, B)))),
        ("not not a", Not(Not(A))),
        ("not (not a or b) and c", And((Not(Or((Not(A), B))), C))),
        ("((a))", A),
        ("(a and b) and c", And((And((A, B)), C))),
        ("a and (b and c)", And((A, And((B, C))))),
        ("NOT(a)OR(b)AND NOT(c OR d)", Or((Not(A), And((B, Not(Or((C, D)))))))),
    ],
)
def test_not_binds_before_and_before_or(text: str, expected: Node) -> None:
    assert parse(re.sub(r"\b[abcd]\b", r"metrics.\g<0> = 1", text), RUNS) == expected


def test_a_comparison_knows_its_place_and_is_equal_wherever_it_stands() -> None:
    node = parse("status = 'FAILED'  OR  metrics.a > 1", RUNS)
    assert isinstance(node, Or)
    second = node.terms[1]
    assert isinstance(second, Comparison)
    assert second.position == 23
    assert second == Comparison("metric", "a", ">", 1)


# Numbers


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("0", 0),
        ("-0.0", -0.0),
        ("007", 7),
        ("9223372036854775807", 2**63 - 1),
        ("-9223372036854775808", -(2**63)),
        ("9223372036854775808", 2.0**63),
        ("1" * 300, float("1" * 300)),
        ("1E5", 1e5),
        ("inf", math.inf),
        ("+Infinity", math.inf),
    ],
)
def test_number_of(word: str, expected: float) -> None:
    number = number_of(word)
    assert number == expected
    assert type(number) is type(expected)
    assert math.copysign(1, number) == math.copysign(1, expected)


@pytest.mark.parametrize(
    "word", ["1" * 5000, "--1", "1e", ".", "e5", "1.2.3", "½", "infinit", "²"]
)
def test_no_number(word: str) -> None:
    assert number_of(word) is None


# Order


@pytest.mark.parametrize(
    ("schema", "items", "expected"),
    [
        (RUNS, [], ()),
        (RUNS, ["metrics.acc"], (OrderItem("metric", "acc"),)),
        (RUNS, ("metrics.acc DESC",), (OrderItem("metric", "acc", False),)),
        (RUNS, ["params.`a b` asc"], (OrderItem("param", "a b"),)),
        (RUNS, ['tag."x.y"  Desc '], (OrderItem("tag", "x.y", False),)),
        (
            RUNS,
            ["Created DESC", "run_id"],
            (OrderItem("attribute", "start_time", False), OrderItem("attribute", "run_id")),
        ),
        (RUNS, ["metrics.a", "params.a"], (OrderItem("metric", "a"), OrderItem("param", "a"))),
        (RUNS, ["metrics.desc desc"], (OrderItem("metric", "desc", False),)),
        (EXPERIMENTS, ["name ASC"], (OrderItem("attribute", "name"),)),
        (LOGGED_MODELS, ["metrics.acc DESC"], (OrderItem("metric", "acc", False),)),
        (LOGGED_MODELS, ["creation_time"], (OrderItem("attribute", "creation_timestamp"),)),
    ],
)
def test_order(schema: FilterSchema, items: list[str], expected: tuple[OrderItem, ...]) -> None:
    assert parse_order(items, schema) == expected


# The tables


def test_statuses_are_those_of_the_entities() -> None:
    assert RUNS.statuses == RunStatus.ALL
    assert LOGGED_MODELS.statuses == LoggedModelStatus.ALL


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda schema: schema.what)
def test_aliases_lead_to_attributes(schema: FilterSchema) -> None:
    assert set(schema.aliases.values()) <= set(schema.attributes)
    assert not set(schema.aliases) & set(schema.attributes)
    assert set(schema.attributes.values()) <= set(OPERATORS)
    assert schema.sortable <= set(schema.entities.values())
