"""What the search language refuses: where, and with which advice."""

from __future__ import annotations

from typing import Any

import pytest

from fitscribe.core.filter_parser import MAX_COMPARISONS, MAX_DEPTH, MAX_LISTED
from fitscribe.core.filter_schemas import LIST, NULL, OPERATORS, ORDER
from fitscribe.core.filter_tokens import MAX_LENGTH
from fitscribe.core.filters import (
    EXPERIMENTS,
    LOGGED_MODELS,
    MAX_ORDER,
    RUNS,
    And,
    Comparison,
    FilterSchema,
    Not,
    Or,
    parse,
    parse_order,
)
from fitscribe.errors import BadFilter, InvalidParameter

A = Comparison("metric", "a", "=", 1)


def refusal(text: Any, schema: FilterSchema = RUNS) -> BadFilter:
    with pytest.raises(BadFilter) as caught:
        parse(text, schema)
    return caught.value


@pytest.mark.parametrize(
    ("text", "position", "found", "advice"),
    [
        (
            "params.solver = lbfgs",
            16,
            "the text value needs quotes",
            "Write params.solver = 'lbfgs'.",
        ),
        ("tags.a = 3", 9, "needs quotes", "Write tags.a = '3'."),
        ("params.a LIKE 3", 14, "needs quotes", "Write params.a LIKE '3'."),
        ("params.a IN (x)", 13, "needs quotes", "Write params.a IN ('x', …)."),
        ("status = FINISHED", 9, "needs quotes", "Write status = 'FINISHED'."),
        ("run_id = 1.5", 9, "needs quotes", "'1.5'"),
        ("metrics.acc > '0.9'", 14, "takes a number", "Write metrics.acc > 0.9."),
        ("metrics.acc > 'x'", 14, "takes a number", "without quotes"),
        ("params.C > '1'", 11, "takes a number", "Write params.C > 1."),
        ("params.C > 'x'", 11, "takes a number", "= != LIKE ILIKE"),
        ("params.C > True", 11, "True is not a number", "Write params.C > 0.5."),
        ("params.C < inf", 11, "only metrics are nan or inf", "number"),
        ("start_time > nan", 13, "only metrics are nan or inf", "number"),
        ("start_time > '5'", 13, "takes a number", "Write start_time > 5."),
        ("metrics.a > nan", 12, "nan goes with = and != only", "Write metrics.a = nan."),
        ("metrics.a IN (nan)", 14, "nan goes with = and != only", "Write metrics.a = nan."),
        ("metrics.a = 1e999", 12, "1e999 is not a number", "Write metrics.a = 0.5."),
        ("metrics.a = 1_000", 12, "1_000 is not a number", "0.5"),
        ("metrics.a = ١", 12, "is not a number", "0.5"),
        ("metrics.a = 0x10", 12, "is not a number", "0.5"),
        ("metrics.a = `b`", 12, "a value should come here, not `b`", "quotes"),
        ("metrics.a =", 11, "not the end", "Write a number"),
        ("params.a = NULL", 11, "not NULL", "Write params.a IS NULL."),
        ("params.a = = 3", 11, "not =", "Write a number"),
        ("acc > 1", 0, "runs have no attribute 'acc'", "metrics.acc or params.acc or tags.acc"),
        ("stats = 'x'", 0, "runs have no attribute 'stats'", "Did you mean status?"),
        ("attributes.stat_time = 3", 11, "no attribute 'stat_time'", "Did you mean start_time?"),
        ("`metrics.a` > 1", 0, "no attribute 'metrics.a'", "They have run_id"),
        (
            "foo.x = 1",
            0,
            "runs have no entity 'foo'",
            "attributes, metrics, params, tags, datasets",
        ),
        ("metrcs.x = 1", 0, "no entity 'metrcs'", "Did you mean metrics?"),
        (".x = 1", 0, "no entity ''", "They have attributes"),
        ("dataset.nme = 'x'", 8, "datasets have no key 'nme'", "Did you mean name?"),
        ("status = 'runing'", 9, "runs have no status 'RUNING'", "Did you mean RUNNING?"),
        ("status IN ('FAILED', 'x')", 21, "runs have no status 'X'", "SCHEDULED"),
        ("metrics. = 3", 8, "the key of the metric is missing", "metrics.`a key`"),
        ("metrics. `a` = 3", 8, "is missing", "backticks"),
        ("metrics.'a' = 3", 8, "is missing", "backticks"),
        ("metrics.`` = 3", 8, "is missing", "backticks"),
        ("tags." + "k" * 251 + " = 'x'", 5, "251 characters", "250 at most"),
        (
            "metrics.my metric > 3",
            11,
            "an operator after metrics.my should come here, not metric",
            "Put a key with spaces in backticks",
        ),
        ("metrics.a", 9, "an operator after metrics.a should come here, not the end", ">="),
        ("metrics.a ! 3", 10, "not !", "!="),
        ("params.a NOT = 3", 13, "not =", "NOT LIKE"),
        ("params.a IS 3", 12, "NULL should come here, not 3", "Write params.a IS NULL."),
        ("params.a IS NOT 3", 16, "NULL should come here", "Write params.a IS NOT NULL."),
        ("metrics.a LIKE 'x'", 10, "LIKE does not go with metrics.a, which is a number", "<="),
        ("tags.a > 'x'", 7, "> does not go with tags.a, which is text", "NOT ILIKE"),
        ("run_name < 'x'", 9, "< does not go with run_name", "LIKE"),
        (
            "params.a IN 'x'",
            12,
            "a list in brackets should come here",
            "Write params.a IN (…, …).",
        ),
        ("params.a IN ()", 13, "a value should come here, not )", "Write a number"),
        ("params.a IN (,)", 13, "a value should come here, not ,", "Write a number"),
        ("params.a IN ('x' 'y')", 17, "a comma or ) should come here", "(…, …)"),
        ("params.a IN ('x'", 16, "a comma or ) should come here, not the end", "(…, …)"),
        ("'a' = params.b", 0, "a key should come here, not 'a'", "metrics.accuracy"),
        ("AND metrics.a = 1", 0, "a key should come here, not AND", "metrics.accuracy"),
        ("metrics.a = 1 AND", 17, "a key should come here, not the end", "metrics.accuracy"),
        ("()", 1, "a key should come here, not )", "metrics.accuracy"),
        ("NOT", 3, "not the end", "metrics.accuracy"),
        ("metrics.a = 1 metrics.b = 2", 14, "AND or OR should come here", "Join comparisons"),
        ("metrics.a = 1;", 13, "AND or OR should come here, not ;", "Join comparisons"),
        ("metrics.a = 1 && metrics.b = 2", 14, "AND or OR should come here, not &&", "Join"),
        ("(metrics.a = 1 metrics.b = 2)", 15, "AND, OR or ) should come here", "Join"),
        ("(metrics.a = 1", 0, "this bracket is not closed", "Close it with )."),
        ("metrics.a = 1 and (  (metrics.a = 1)", 18, "this bracket is not closed", "Close it"),
        ("metrics.a = 1)", 13, "this bracket was not opened", "Leave it out."),
        ("run_id = 'abc", 9, "the quote ' is not closed", "Close it with another '."),
        ('run_id =   "abc', 11, 'the quote " is not closed', 'Close it with another ".'),
        ("tags.`a = 3", 5, "the quote ` is not closed", "Close it with another `."),
        ("tags.a = 'x\0'", 11, "no key or value holds '\\x00'", "Leave it out."),
        ("tags.a = '\ud800'", 10, "no key or value holds '\\ud800'", "Leave it out."),
    ],
)
def test_refusal_shows_the_place_and_what_would_do(
    text: str, position: int, found: str, advice: str
) -> None:
    error = refusal(text)
    first, line, caret, last = error.message.split("\n")
    assert error.position == position
    assert first.startswith(f"Cannot read the filter at character {position + 1}: ")
    assert found in first
    assert advice in last
    place = caret.index("^")
    assert place == len(caret) - 1
    if position < len(text) and text[position].isprintable():
        assert line[place] == text[position]


def test_the_whole_message() -> None:
    assert str(refusal("params.solver = lbfgs")) == (
        "Cannot read the filter at character 17: the text value needs quotes.\n"
        "  params.solver = lbfgs\n"
        "                  ^\n"
        "  Write params.solver = 'lbfgs'."
    )


def test_a_long_text_is_shown_around_the_place() -> None:
    text = "metrics.a = 1 AND\n" * 50 + "params.solver = lbfgs AND " + "metrics.a = 1 AND " * 50
    error = refusal(text)
    _, line, caret, _ = error.message.split("\n")
    assert len(line) < 110
    assert line.strip().startswith("…")
    assert line.endswith("…")
    assert line[caret.index("^") :].startswith("lbfgs")


@pytest.mark.parametrize("text", [3, b"metrics.a > 1", ["metrics.a > 1"], 0.5, True])
def test_a_filter_is_text(text: object) -> None:
    assert "must be text, not " + type(text).__name__ in refusal(text).message


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        (EXPERIMENTS, "metrics.a > 1"),
        (EXPERIMENTS, "status = 'FINISHED'"),
        (EXPERIMENTS, "run.name = 'x'"),
        (LOGGED_MODELS, "datasets.name = 'x'"),
        (LOGGED_MODELS, "status = 'FINISHED'"),
        (LOGGED_MODELS, "run_id = 'x'"),
        (RUNS, "experiment_id = '1'"),
    ],
)
def test_each_thing_has_names_of_its_own(schema: FilterSchema, text: str) -> None:
    assert f"{schema.what} have no " in refusal(text, schema).message


def test_every_operator_goes_with_what_its_table_says() -> None:
    keys = {
        "metric": "metrics.a",
        "number": "start_time",
        "text": "tags.a",
        "id": "run_id",
        "status": "status",
        "param": "params.a",
    }
    assert set(keys) == set(OPERATORS)
    every = {operator for operators in OPERATORS.values() for operator in operators}
    for kind, key in keys.items():
        for operator in every:
            number = kind in ("metric", "number") or operator in ORDER
            value = "1" if number else "'FAILED'"
            text = f"{key} {operator} {f'({value})' if operator in LIST else value}"
            if operator in NULL:
                text = f"{key} {operator}"
            if operator in OPERATORS[kind]:
                assert parse(text, RUNS) is not None
            else:
                assert f"{operator} does not go with {key}" in refusal(text).message


# Limits


@pytest.mark.parametrize("opening", ["(", "NOT ", "NOT(", "( NOT ("])
def test_nesting_has_a_limit(opening: str) -> None:
    steps = opening.count("(") + opening.count("NOT")
    fits = MAX_DEPTH // steps
    for times, works in ((fits, True), (fits + 1, False), (10_000, False)):
        closing = ")" * opening.count("(") * times
        text = opening * times + "metrics.a = 1" + closing
        if works:
            assert parse(text, RUNS) is not None
        else:
            assert f"more than {MAX_DEPTH} deep" in refusal(text).message


def test_depth_is_given_back_when_a_bracket_is_closed() -> None:
    text = " AND ".join(["(NOT (NOT metrics.a = 1))"] * 100)
    node = parse(text, RUNS)
    assert isinstance(node, And)
    assert node.terms == (Not(Not(A)),) * 100


def test_length_has_a_limit() -> None:
    text = "metrics.a = 1".ljust(MAX_LENGTH)
    assert parse(text, RUNS) == A
    assert "100,001 characters" in refusal(text + " ").message


def test_the_number_of_comparisons_has_a_limit() -> None:
    text = " OR ".join(["metrics.a = 1"] * MAX_COMPARISONS)
    node = parse(text, RUNS)
    assert isinstance(node, Or)
    assert len(node.terms) == MAX_COMPARISONS
    assert "more than 500 comparisons" in refusal(text + " OR metrics.a = 1").message


def test_the_number_of_values_in_lists_has_a_limit() -> None:
    values = ",".join(["1"] * (MAX_LISTED // 2))
    text = f"metrics.a IN ({values}) AND metrics.b IN ({values})"
    assert parse(text, RUNS) is not None
    assert "more than 10,000 values" in refusal(text + " AND metrics.c IN (1)").message


# Order


@pytest.mark.parametrize(
    ("schema", "items", "message"),
    [
        (RUNS, "metrics.acc", r"write order_by=\['metrics.acc'\]"),
        (RUNS, [""], "a key should come here, not the end"),
        (RUNS, ["  "], "a key should come here, not the end"),
        (RUNS, ["DESC"], "a key should come here, not DESC"),
        (RUNS, ["metrics.acc up"], "ASC, DESC or the end should come here, not up"),
        (RUNS, ["metrics.acc DESC, start_time"], "should come here, not ,"),
        (RUNS, ["metrics.acc)"], "was not opened"),
        (RUNS, ["datasets.name"], "runs are not sorted by datasets"),
        (RUNS, ["accuracy DESC"], "no attribute 'accuracy'"),
        (RUNS, [("metrics.acc", "DESC")], "must be text, not tuple"),
        (RUNS, ["metrics.a", "metric.`a` DESC"], "sorts by the same key"),
        (RUNS, ["attributes.start_time", "Created DESC"], "sorts by the same key"),
        (EXPERIMENTS, ["tags.team"], "experiments are not sorted by tags"),
        (LOGGED_MODELS, ["params.a"], "They are sorted by attributes, metrics"),
    ],
)
def test_order_is_refused(schema: FilterSchema, items: Any, message: str) -> None:
    with pytest.raises(BadFilter, match=message):
        parse_order(items, schema)


def test_bad_filter_is_an_invalid_parameter() -> None:
    assert issubclass(BadFilter, InvalidParameter)
    assert refusal("x").http_status == 400


def test_an_order_of_very_many_keys_is_refused() -> None:
    items = [f"metrics.m{place}" for place in range(MAX_ORDER)]
    assert len(parse_order(items, RUNS)) == MAX_ORDER
    with pytest.raises(BadFilter, match=f"up to {MAX_ORDER}"):
        parse_order([*items, "start_time"], RUNS)
