"""Page tokens: what goes in comes out, and a token of something else is refused."""

from __future__ import annotations

import base64
import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fitscribe.core.entities import PagedList
from fitscribe.core.paging import check_max_results, decode_token, encode_token, gathered
from fitscribe.errors import InvalidParameter

QUERY = (["1", "2"], "metrics.a > 0.5", ["metrics.a DESC"], 1)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)


@settings(max_examples=200, deadline=None)
@given(values=st.lists(SCALARS, max_size=6))
def test_values_come_back_as_they_were(values: list[Any]) -> None:
    token = encode_token(QUERY, values)
    back = decode_token(token, QUERY)
    assert isinstance(back, tuple)
    assert list(map(exact, back)) == list(map(exact, values))


def exact(value: object) -> tuple[type, str]:
    """What tells 1 from 1.0 and True, 0.0 from -0.0, and finds nan equal to nan."""
    return type(value), repr(value)


def test_a_nan_comes_back_whatever_its_sign() -> None:
    (value,) = decode_token(encode_token(QUERY, [-math.nan]), QUERY)
    assert isinstance(value, float)
    assert math.isnan(value)


@settings(max_examples=50, deadline=None)
@given(values=st.lists(SCALARS, max_size=6))
def test_a_token_can_stand_in_an_address(values: list[Any]) -> None:
    token = encode_token(QUERY, values)
    assert token
    assert all(c.isascii() and (c.isalnum() or c in "-_") for c in token)


def test_a_list_and_a_tuple_ask_the_same() -> None:
    token = encode_token([("1", "2"), "x"], (1,))
    assert decode_token(token, (["1", "2"], "x")) == (1,)


@pytest.mark.parametrize(
    "other",
    [
        (["1"], "metrics.a > 0.5", ["metrics.a DESC"], 1),
        (["2", "1"], "metrics.a > 0.5", ["metrics.a DESC"], 1),
        (["1", "2"], "metrics.a > 0.6", ["metrics.a DESC"], 1),
        (["1", "2"], "metrics.a > 0.5", ["metrics.a ASC"], 1),
        (["1", "2"], "metrics.a > 0.5", ["metrics.a DESC"], 2),
        (["1", "2"], "metrics.a > 0.5", ["metrics.a DESC"], "1"),
        (),
    ],
)
def test_a_token_of_another_search_is_refused(other: tuple[object, ...]) -> None:
    token = encode_token(QUERY, [0.25, 7])
    with pytest.raises(InvalidParameter, match=r"belongs to another search.*same experiments"):
        decode_token(token, other)


def packed(thing: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(thing).encode()).decode()


DIGEST = json.loads(base64.urlsafe_b64decode(encode_token(QUERY, []) + "=="))[0]


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        "garbage!",
        "é",
        "\ud800",
        "AAAA",
        packed({"offset": 100}),  # MLflow's
        packed([]),
        packed([DIGEST]),
        packed([DIGEST, [1], 2]),
        packed([DIGEST, {"a": 1}]),
        packed([DIGEST, [[1]]]),
        packed([DIGEST, [{}]]),
        packed([1, [1]]),
        packed("[1,2]"),
        packed(None),
        base64.urlsafe_b64encode(b"[" * 100_000).decode(),
        base64.urlsafe_b64encode(b'["' + DIGEST.encode() + b'",[' + b"9" * 5000 + b"]]").decode(),
        base64.urlsafe_b64encode(b'["\xff",[]]').decode(),
        None,
        7,
        b"AAAA",
    ],
)
def test_what_is_no_token_is_refused(token: Any) -> None:
    with pytest.raises(InvalidParameter, match=r"is no page token\. Hand back") as caught:
        decode_token(token, QUERY)
    assert len(caught.value.message) < 300


@pytest.mark.parametrize("odd", ["\n", " ", "!", "=", "é"])
def test_a_token_that_was_changed_on_the_way_is_refused(odd: str) -> None:
    token = encode_token(QUERY, [1])
    with pytest.raises(InvalidParameter, match="is no page token"):
        decode_token(token[:9] + odd + token[9:], QUERY)


@settings(max_examples=200, deadline=None)
@given(token=st.text(max_size=40) | st.binary(max_size=40).map(base64.b64encode).map(bytes.decode))
def test_any_text_is_refused(token: str) -> None:
    with pytest.raises(InvalidParameter):
        decode_token(token, QUERY)


def test_a_token_may_keep_its_padding() -> None:
    for values in ([1], [12], [123]):
        token = encode_token(QUERY, values)
        assert decode_token(token + "=" * (-len(token) % 4), QUERY) == tuple(values)


@pytest.mark.parametrize("value", [1, 1000, np.int64(7), np.uint8(3)])
def test_max_results(value: Any) -> None:
    number = check_max_results(value, 1000)
    assert number == value
    assert type(number) is int


@pytest.mark.parametrize(
    "value",
    [0, -1, 1001, pytest.param(10**5000, id="huge"), True, None, "10", 10.0, np.float64(3)],
)
def test_max_results_is_an_integer_in_range(value: Any) -> None:
    with pytest.raises(InvalidParameter, match=r"must be an integer from 1 to 1000, not .*page"):
        check_max_results(value, 1000)


def test_all_pages_are_gathered() -> None:
    items = list(range(2_500))

    def page(size: int, token: str | None) -> PagedList[int]:
        start = int(token or 0)
        end = start + size
        return PagedList(items[start:end], str(end) if end < len(items) else None)

    assert gathered(page, None) == items
    assert gathered(page, 1_001) == items[:1_001]
    assert gathered(page, 10_000) == items
    assert gathered(page, 0) == []
    for wrong in (-1, 1.5, "3"):
        with pytest.raises(InvalidParameter, match="max_results"):
            gathered(page, wrong)  # type: ignore[arg-type]  # is refused
