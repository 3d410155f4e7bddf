"""Metrics and params: what is taken for a number, a step, a text."""

from __future__ import annotations

import math
from decimal import Decimal
from enum import IntEnum
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fitscribe.core.texts import check_tag
from fitscribe.core.values import Metric, Param
from fitscribe.errors import InvalidParameter

INT64 = 2**63
HUGE = 10**5000  # more digits than Python writes


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
