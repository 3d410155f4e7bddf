"""Values of params, metrics and tags: kept as they were given, or refused with nothing written."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import fitscribe
from fitscribe.core.texts import MAX_KEY, MAX_TEXT
from fitscribe.entities import Metric, Param, RunTag
from fitscribe.errors import InvalidParameter

pytestmark = pytest.mark.usefixtures("home")

ODD_KEYS = [
    "größe",
    "精度",
    "emoji 🎯",
    "a/b.c-d e",
    "100%",
    "it's",
    'say "hi"',
    "`ticks`",
    "f(x)=1",
    "k" * MAX_KEY,
    "__class__",
    "a\u0301",
]
BAD_KEYS = ["", "   ", "a\nb", "a\0b", "\ud800", "k" * (MAX_KEY + 1), 1, None]
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=50)
keys = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=50).filter(
    lambda text: not text.isspace()
)
# One database for all examples; each opens a run of its own.
in_one_home = settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def read_back(run: Any) -> Any:
    return fitscribe.get_run(run.info.run_id).data


def own_tags(run: Any) -> dict[str, str]:
    tags = read_back(run).tags.items()
    return {key: value for key, value in tags if not key.startswith(("mlflow.", "fitscribe."))}


def same(a: float, b: float) -> bool:
    return a == b or (math.isnan(a) and math.isnan(b))


# What is kept


@in_one_home
@given(st.dictionaries(keys, st.floats(width=64), min_size=1, max_size=5))
def test_metrics_come_back_exactly(metrics: dict[str, float]) -> None:
    with fitscribe.start_run() as run:
        fitscribe.log_metrics(metrics)
    found = read_back(run).metrics
    assert set(found) == set(metrics)
    for key, value in metrics.items():
        assert same(found[key], value)
        (point,) = fitscribe.get_metric_history(run.info.run_id, key)
        assert same(point.value, value)


@in_one_home
@given(st.dictionaries(keys, texts, min_size=1, max_size=5))
def test_params_and_tags_come_back_letter_by_letter(values: dict[str, str]) -> None:
    tags = {f"t {key}": value for key, value in values.items() if len(key) < MAX_KEY - 2}
    with fitscribe.start_run() as run:
        fitscribe.log_params(values)
        fitscribe.set_tags(tags)
    assert read_back(run).params == values
    assert own_tags(run) == tags


@pytest.mark.parametrize("key", ODD_KEYS)
def test_odd_keys_are_kept_and_found(key: str) -> None:
    with fitscribe.start_run() as run:
        fitscribe.log_param(key, 1)
        fitscribe.log_metric(key, 2)
        fitscribe.set_tag(key, "three")
    data = read_back(run)
    assert (data.params[key], data.metrics[key], data.tags[key]) == ("1", 2.0, "three")
    quote = '"' if "`" in key else "`"
    text = f"params.{quote}{key}{quote} = 1 and metrics.{quote}{key}{quote} = 2"
    assert len(fitscribe.search_runs(filter_string=text, output_format="list")) == 1


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_values_that_are_no_numbers_are_kept(value: float) -> None:
    with fitscribe.start_run() as run:
        fitscribe.log_metric("m", 1.0, step=0)
        fitscribe.log_metric("m", value, step=1)
    assert same(read_back(run).metrics["m"], value)
    points = fitscribe.get_metric_history(run.info.run_id, "m")
    assert [same(point.value, value) for point in points] == [False, True]
    frame = fitscribe.search_runs()
    assert same(float(frame["metrics.m"][0]), value)


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (1, 1.0),
        (np.float64(0.5), 0.5),
        (np.float32(0.1), float(np.float32(0.1))),
        (np.float16(0.1), float(np.float16(0.1))),
        (np.int64(-3), -3.0),
        (np.uint8(200), 200.0),
        (np.array(0.25), 0.25),
        (np.array([[0.25]]), 0.25),
        (Decimal("0.1"), 0.1),
        (Fraction(1, 3), 1 / 3),
        (5e-324, 5e-324),
        (1.7976931348623157e308, 1.7976931348623157e308),
        (10**300, 1e300),
    ],
)
def test_whatever_is_a_number_is_a_metric(value: Any, number: float) -> None:
    with fitscribe.start_run() as run:
        fitscribe.log_metric("m", value)
    assert same(read_back(run).metrics["m"], number)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1, "1"),
        (0.1, "0.1"),
        (True, "True"),
        (None, "None"),
        ("", ""),
        ([1, "a"], "[1, 'a']"),
        ({"a": 1}, "{'a': 1}"),
        (np.float64(0.5), "0.5"),
        (np.int32(3), "3"),
        (np.bool_(True), "True"),
        (np.str_("text"), "text"),
        (np.array([1, 2]), "[1 2]"),
        (math.nan, "nan"),
        (print, "<built-in function print>"),
    ],
)
def test_params_and_tags_have_mlflows_text(value: Any, text: str) -> None:
    with fitscribe.start_run() as run:
        assert fitscribe.log_param("p", value) is value
        fitscribe.set_tag("t", value)
    assert read_back(run).params == {"p": text}
    assert own_tags(run) == {"t": text}


@pytest.mark.parametrize(
    ("value", "filter_string", "matches"),
    [
        (10, "params.p > 9", True),
        (np.int64(10), "params.p > 9", True),
        (np.float32(0.5), "params.p < 0.75", True),
        (1e-9, "params.p < 0.001", True),
        (True, "params.p = 1", False),
        (True, "params.p = 'True'", True),
        (None, "params.p = 'None'", True),
        (10, "params.p = '10'", True),
        ("10", "params.p > 9", True),  # an MLflow client sends text only
        ("ten", "params.p > 9", False),
        (math.inf, "params.p > 9", False),
    ],
)
def test_numbers_among_params_compare_as_numbers(
    value: Any, filter_string: str, matches: bool
) -> None:
    with fitscribe.start_run():
        fitscribe.log_param("p", value)
    found = fitscribe.search_runs(filter_string=filter_string, output_format="list")
    assert len(found) == matches


def test_a_million_characters_are_kept() -> None:
    text = "aé精🎯" * 250_000
    with fitscribe.start_run() as run:
        fitscribe.log_param("p", text)
        fitscribe.set_tag("t", text)
    assert read_back(run).params["p"] == text
    assert own_tags(run) == {"t": text}


def test_many_values_at_once_are_one_call() -> None:
    values = {f"k{number}": number for number in range(3_000)}
    with fitscribe.start_run() as run:
        fitscribe.log_params(values)
        fitscribe.log_metrics(values)
        fitscribe.set_tags(values)
    data = read_back(run)
    assert data.params == {key: str(value) for key, value in values.items()}
    assert data.metrics == values
    assert len(own_tags(run)) == 3_000


def test_a_long_series_is_kept_whole() -> None:
    run = fitscribe.start_run()
    points = [Metric("loss", 1 / (step + 1), step, step) for step in range(20_000)]
    fitscribe.Client().log_batch(run.info.run_id, metrics=points)
    found = fitscribe.get_metric_history(run.info.run_id, "loss")
    assert [(point.step, point.value) for point in found] == [(p.step, p.value) for p in points]
    assert read_back(run).metrics == {"loss": 1 / 20_000}


@pytest.mark.parametrize("step", [-(2**63), -1, 2**63 - 1, np.int64(7), "5"])
def test_steps_are_integers_of_64_bits(step: Any) -> None:
    with fitscribe.start_run() as run:
        fitscribe.log_metric("m", 1, step=step)
    (point,) = fitscribe.get_metric_history(run.info.run_id, "m")
    assert point.step == int(step)


# What is refused, with nothing half-written


REFUSED: list[tuple[str, Callable[[], object], str]] = [
    ("text as metric", lambda: fitscribe.log_metrics({"ok": 1, "bad": "x"}), "'bad'.*number"),
    ("number as text", lambda: fitscribe.log_metric("bad", "1.0"), "number, not str"),
    ("bytes", lambda: fitscribe.log_metric("bad", b"1"), "number, not bytes"),
    ("flag", lambda: fitscribe.log_metric("bad", True), "number, not bool"),
    ("numpy's flag", lambda: fitscribe.log_metric("bad", np.bool_(True)), "number, not bool"),
    ("complex", lambda: fitscribe.log_metric("bad", 1j), "number, not complex"),
    ("none", lambda: fitscribe.log_metric("bad", None), "number, not NoneType"),
    ("array", lambda: fitscribe.log_metric("bad", np.ones(2)), "number, not ndarray"),
    ("too large", lambda: fitscribe.log_metric("bad", 10**400), "64-bit"),
    ("step", lambda: fitscribe.log_metrics({"ok": 1}, step=2**63), "64 bits"),
    ("step of text", lambda: fitscribe.log_metric("ok", 1, step="last"), "integer, not 'last'"),
    ("time", lambda: fitscribe.log_metric("ok", 1, timestamp=2**70), "64 bits"),
    ("long param", lambda: fitscribe.log_param("p", "x" * (MAX_TEXT + 1)), "log_text"),
    ("long tag", lambda: fitscribe.set_tag("t", "x" * (MAX_TEXT + 1)), "log_text"),
    ("NUL", lambda: fitscribe.log_params({"ok": 1, "bad": "a\0b"}), "'bad'.*NUL"),
    ("surrogate", lambda: fitscribe.set_tags({"ok": 1, "bad": "\udcff"}), "'bad'.*surrogate"),
    ("huge integer", lambda: fitscribe.log_param("p", 10**5_000), "as text"),
]


@pytest.mark.parametrize(
    ("log", "words"), [case[1:] for case in REFUSED], ids=[c[0] for c in REFUSED]
)
def test_what_cannot_be_kept_is_refused_whole(log: Callable[[], object], words: str) -> None:
    with fitscribe.start_run() as run:
        with pytest.raises(InvalidParameter, match=f"(?s){words}"):
            log()
    data = read_back(run)
    assert (data.metrics, data.params, own_tags(run)) == ({}, {}, {})
    assert run.info.status == "RUNNING"


@pytest.mark.parametrize("key", BAD_KEYS)
def test_keys_that_cannot_be_shown_are_refused_whole(key: Any) -> None:
    with fitscribe.start_run() as run:
        for log in (fitscribe.log_metrics, fitscribe.log_params, fitscribe.set_tags):
            with pytest.raises(InvalidParameter, match="key"):
                log({"ok": 1, key: 2})
    data = read_back(run)
    assert (data.metrics, data.params, own_tags(run)) == ({}, {}, {})


def test_a_refused_value_starts_no_run() -> None:
    with pytest.raises(InvalidParameter):
        fitscribe.log_metric("bad", "x")
    with pytest.raises(InvalidParameter):
        fitscribe.start_run(tags={"": 1})
    assert fitscribe.active_run() is None
    assert fitscribe.search_runs(output_format="list") == []


def test_a_param_is_set_once() -> None:
    with fitscribe.start_run() as run:
        fitscribe.log_param("C", 1)
        fitscribe.log_param("C", 1)
        fitscribe.log_param("C", "1")
        with pytest.raises(InvalidParameter, match=r"'C'.*'1'.*'2'"):
            fitscribe.log_param("C", 2)
        with pytest.raises(InvalidParameter, match="'C'"):
            fitscribe.log_params({"new": 1, "C": 2})
    assert read_back(run).params == {"C": "1"}


def test_a_batch_is_kept_whole_or_not_at_all() -> None:
    client = fitscribe.Client()
    run = fitscribe.start_run()
    client.log_param(run.info.run_id, "C", 1)
    with pytest.raises(InvalidParameter, match="'C'"):
        client.log_batch(
            run.info.run_id,
            metrics=[Metric("m", 1.0, 0)],
            params=[Param("a", "1"), Param("C", "2")],
            tags=[RunTag("t", "1")],
        )
    with pytest.raises(InvalidParameter, match="number"):
        client.log_batch(
            run.info.run_id,
            metrics=[Metric("m", "high", 0)],
            tags=[RunTag("t", "1")],
        )
    data = read_back(run)
    assert (data.metrics, data.params, own_tags(run)) == ({}, {"C": "1"}, {})


# Latest values


def test_the_latest_value_is_the_one_of_the_last_step() -> None:
    with fitscribe.start_run() as run:
        for step, value in ((2, 0.2), (10, 0.1), (5, 0.9)):
            fitscribe.log_metric("loss", value, step=step)
        fitscribe.log_metric("same step", 1.0, step=0, timestamp=5)
        fitscribe.log_metric("same step", 2.0, step=0, timestamp=9)
        fitscribe.log_metric("same step", 3.0, step=0, timestamp=7)
    assert read_back(run).metrics == {"loss": 0.1, "same step": 2.0}
    history = fitscribe.get_metric_history(run.info.run_id, "same step")
    assert [(point.timestamp, point.value) for point in history] == [(5, 1.0), (7, 3.0), (9, 2.0)]
    assert fitscribe.get_metric_history(run.info.run_id, "unknown") == []


def test_the_same_point_twice_is_one_point() -> None:
    with fitscribe.start_run() as run:
        for _ in range(2):
            fitscribe.log_metric("m", 1.0, step=3, timestamp=5)
            fitscribe.log_metric("n", math.nan, step=3, timestamp=5)
    assert len(fitscribe.get_metric_history(run.info.run_id, "m")) == 1
    assert len(fitscribe.get_metric_history(run.info.run_id, "n")) == 1
