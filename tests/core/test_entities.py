"""What a user may call things and put into them: checked when an entity is made."""

from __future__ import annotations

import math
from decimal import Decimal
from enum import IntEnum
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fitscribe.core.entities import (
    MAX_KEY,
    MAX_TEXT,
    Dataset,
    DatasetInput,
    InputTag,
    LoggedModel,
    Metric,
    PagedList,
    Param,
    RunInfo,
    RunStatus,
    check_key,
    check_tag,
    check_text,
)
from fitscribe.errors import InvalidParameter

INT64 = 2**63
HUGE = 10**5000  # more digits than Python writes


# Keys


@pytest.mark.parametrize(
    "key",
    ["a", "a b", "a/b", "../x", "%2e%2e", "损失", "f(x)", "a.b", "'`\"", "💥", "k" * MAX_KEY],
)
def test_a_key_is_any_text(key: str) -> None:
    assert check_key("metric", key) == key


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("", "must not be empty"),
        (" \u2003", "must not be empty"),
        ("k" * (MAX_KEY + 1), "may have 250 characters; 'k+'… has 251"),
        ("a\nb", "control characters"),
        ("a\0", "control characters"),
        ("\x7f", "control characters"),
        ("\ud800", "lone surrogates"),
        (None, "must be text, not NoneType: None"),
        (3, "must be text, not int: 3"),
        (b"a", "must be text, not bytes"),
    ],
)
def test_a_key_that_nothing_shows_is_refused(key: Any, message: str) -> None:
    with pytest.raises(InvalidParameter, match=f"^A param key .*{message}"):
        check_key("param", key)


@settings(max_examples=200, deadline=None)
@given(key=st.text(max_size=260))
@example("a\x85b")
def test_a_key_that_is_taken_can_be_kept(key: str) -> None:
    try:
        check_key("tag", key)
    except InvalidParameter:
        return
    assert 0 < len(key.encode()) <= 4 * MAX_KEY
    assert not set(key) & set("\0\r\n\v\f")


# Text


def test_text_is_kept_up_to_its_limit() -> None:
    assert check_text("param", "a", "x" * MAX_TEXT) == "x" * MAX_TEXT
    with pytest.raises(InvalidParameter, match=r"'a' has 10,000,001 characters.*log_text"):
        check_text("param", "a", "x" * (MAX_TEXT + 1))


@pytest.mark.parametrize(
    ("text", "message"),
    [("ab\ud800", "lone surrogate at character 2"), ("a\0b", "NUL character.*log_artifact")],
)
def test_text_that_no_database_keeps_is_refused(text: str, message: str) -> None:
    with pytest.raises(InvalidParameter, match=f"^The tag 'a' .*{message}"):
        check_tag("a", text)
    with pytest.raises(InvalidParameter, match=f"^The param 'a' .*{message}"):
        Param.checked("a", text)


def test_a_tag_is_text_whatever_it_was() -> None:
    assert check_tag("a", 3) == ("a", "3")
    assert check_tag("a", None) == ("a", "None")
    assert check_tag("a", "x\ny") == ("a", "x\ny")
    with pytest.raises(InvalidParameter, match="tag key must not be empty"):
        check_tag("", 3)


# Metrics


@pytest.mark.parametrize(
    "value",
    [0, -1, 2.5, math.inf, -math.inf, 10**300, np.float32(0.5), np.int8(3), np.array(0.25),
     np.array([1.5])[0], Decimal("0.5"), Fraction(1, 4)],
)  # fmt: skip
def test_a_metric_is_a_number(value: Any) -> None:
    metric = Metric.checked("a", value, 5)
    assert metric == Metric("a", float(value), 5, 0)
    assert type(metric.value) is float


def test_a_metric_may_be_nan() -> None:
    assert math.isnan(Metric.checked("a", math.nan, 5).value)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("0.5", "must be a number, not str: '0.5'.*log_param"),
        (b"1", "must be a number, not bytes"),
        (True, "must be a number, not bool: True.*set_tag"),
        (None, "must be a number, not NoneType"),
        ([1.0], "must be a number, not list"),
        (1j, "must be a number, not complex"),
        (np.array([1.0, 2.0]), "must be a number, not ndarray"),
        (10**400, "does not fit into a 64-bit float"),
        pytest.param(HUGE, "does not fit into a 64-bit float", id="huge"),
        (Fraction(10**400), "does not fit into a 64-bit float"),
    ],
)
def test_a_metric_that_is_no_number_is_refused(value: Any, message: str) -> None:
    with pytest.raises(InvalidParameter, match=f"^The metric 'a' {message}"):
        Metric.checked("a", value, 5)


@pytest.mark.parametrize("step", [0, -3, INT64 - 1, -INT64, np.int32(7), 4.0])
def test_a_step_is_a_64_bit_integer(step: Any) -> None:
    metric = Metric.checked("a", 1, 5, step)
    assert metric.step == step
    assert type(metric.step) is int


def test_no_step_is_step_0() -> None:
    assert Metric.checked("a", 1, 5, None).step == 0


@pytest.mark.parametrize(
    "step", [INT64, -INT64 - 1, pytest.param(HUGE, id="huge"), math.nan, math.inf, "x", [1], 1j]
)
def test_a_step_that_is_none_is_refused(step: Any) -> None:
    with pytest.raises(InvalidParameter, match=r"^The step of metric 'a' must "):
        Metric.checked("a", 1, 5, step)


@pytest.mark.parametrize("timestamp", [INT64, math.nan, None, "soon"])
def test_a_timestamp_that_is_none_is_refused(timestamp: Any) -> None:
    with pytest.raises(InvalidParameter, match=r"^The timestamp of metric 'a' must "):
        Metric.checked("a", 1, timestamp)


# Params


class Colour(IntEnum):
    RED = 1


@pytest.mark.parametrize(
    ("value", "text", "kind", "number"),
    [
        (3, "3", "int", 3.0),
        (-0.5, "-0.5", "float", -0.5),
        (1e-300, "1e-300", "float", 1e-300),
        (True, "True", "bool", None),
        (None, "None", "none", None),
        ("rbf", "rbf", "str", None),
        ("3", "3", "str", 3.0),
        ("1e3", "1e3", "str", 1000.0),
        (".5", ".5", "str", 0.5),
        ("5.", "5.", "str", 5.0),
        ("", "", "str", None),
        (" 3", " 3", "str", None),
        ("3\n", "3\n", "str", None),
        ("1_000", "1_000", "str", None),
        ("١", "١", "str", None),
        ("nan", "nan", "str", None),
        ("1e999", "1e999", "str", None),
        (math.nan, "nan", "float", None),
        (math.inf, "inf", "float", None),
        (np.int64(3), "3", "int", 3.0),
        (np.uint8(3), "3", "int", 3.0),
        (np.float64(0.1), "0.1", "float", 0.1),
        (np.float32(0.1), "0.1", "float", 0.1),
        (np.bool_(True), "True", "bool", None),
        (np.str_("a"), "a", "str", None),
        ([1, 2], "[1, 2]", "other", None),
        ((3,), "(3,)", "other", None),
        (Decimal("3"), "3", "other", None),
        (Colour.RED, "1", "other", None),
    ],
)
def test_a_param_is_text_and_what_it_was(
    value: Any, text: str, kind: str, number: float | None
) -> None:
    param = Param.checked("a", value)
    assert (param.value, param.kind, param.number) == (text, kind, number)
    assert type(param.value) is str


@settings(max_examples=200, deadline=None)
@given(value=st.integers() | st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_that_is_a_param_is_found_as_that_number(value: float) -> None:
    assert Param.of("a", value).number == float(value)


@settings(max_examples=200, deadline=None)
@given(text=st.text(max_size=10) | st.text("0123456789+-.eE_ ", max_size=8))
def test_text_is_a_number_only_if_python_reads_it_so(text: str) -> None:
    number = Param.of("a", text).number
    if number is not None:
        assert float(text) == number
        assert math.isfinite(number)


def test_a_param_of_many_characters_is_kept() -> None:
    assert Param.checked("a", "x" * 1_000_000).value == "x" * 1_000_000
    assert Param.of("a", "9" * 1_000_000).number is None


def test_a_number_of_too_many_digits_is_refused() -> None:
    with pytest.raises(InvalidParameter, match=r"^The param 'a' cannot be written as text"):
        Param.checked("a", HUGE)
    with pytest.raises(InvalidParameter, match=r"^The tag 'a' cannot be written as text"):
        check_tag("a", HUGE)


# Others


@pytest.mark.parametrize("status", RunStatus.ALL)
def test_a_run_has_ended_or_not(status: str) -> None:
    assert RunStatus.is_terminated(status) == (status in ("FINISHED", "FAILED", "KILLED"))


def test_the_context_of_a_dataset_is_a_tag() -> None:
    dataset = Dataset("iris", "1f", "code", "{}")
    assert DatasetInput(dataset).context is None
    tags = (InputTag("a", "b"), InputTag("mlflow.data.context", "train"))
    assert DatasetInput(dataset, tags).context == "train"


def test_old_names_are_kept() -> None:
    info = RunInfo("r1", "0", "me", "RUNNING", 1, None, "active", "file:///x", "forest")
    assert info.run_uuid == "r1"
    model = LoggedModel("0", "m-1", "model", "file:///x", 1, 1)
    assert model.model_uri == "models:/m-1"


def test_a_page_is_a_list_with_a_token() -> None:
    page = PagedList([1, 2], token="next")
    assert page == [1, 2]
    assert page.token == "next"
    assert type(page.to_list()) is list
    assert PagedList(iter("ab")) == ["a", "b"]
    assert PagedList().token is None
