"""What a user may call things and write into them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fitscribe.core.texts import MAX_KEY, MAX_TEXT, check_key, check_tag, check_text
from fitscribe.core.values import Param
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
