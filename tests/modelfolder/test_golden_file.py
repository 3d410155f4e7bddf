"""The file of golden rows, and what two answers have in common."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import sparse

from fitscribe.errors import DamagedModel, InvalidParameter, NotSupported
from fitscribe.modelfolder.golden import (
    DIFFERENT,
    EQUAL,
    IDENTICAL,
    MOST_ROWS,
    ORIGINS,
    Compared,
    Golden,
    compare,
)

floats = arrays.arrays(np.float64, st.tuples(st.integers(1, MOST_ROWS), st.integers(0, 4)))


@given(st.sampled_from(ORIGINS), floats, floats)
def test_a_file_holds_what_was_put_into_it(origin: str, rows: Any, answer: Any) -> None:
    golden = Golden(origin, rows, {"predict": answer, "transform": [answer]})
    back = Golden.from_bytes(golden.to_bytes())
    assert back.origin == origin
    np.testing.assert_array_equal(back.rows, rows)
    assert compare(back.answers["predict"], answer).outcome == IDENTICAL
    assert compare(back.answers["transform"], [answer]) == Compared(IDENTICAL)


@pytest.mark.parametrize("rows", [np.zeros((17, 1)), np.zeros((0, 1)), []])
def test_rows_are_few(rows: Any) -> None:
    with pytest.raises(InvalidParameter, match="Golden rows are 1 to 16; got"):
        Golden("given", rows, {}).to_bytes()


GOOD = json.loads(Golden("given", np.zeros((2, 1)), {"predict": np.zeros(2)}).to_bytes())


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"[]",
        b"[" * 100_000,
        json.dumps({**GOOD, "version": 0}).encode(),
        json.dumps({**GOOD, "version": True}).encode(),
        json.dumps({**GOOD, "more": 1}).encode(),
        json.dumps({**GOOD, "origin": "elsewhere"}).encode(),
        json.dumps({**GOOD, "answers": []}).encode(),
        json.dumps({**GOOD, "answers": {"__reduce__": GOOD["rows"]}}).encode(),
        json.dumps({**GOOD, "rows": {"kind": "cells", "values": []}}).encode(),
        json.dumps({**GOOD, "rows": {"kind": "cells", "values": [1] * 17}}).encode(),
        json.dumps({k: v for k, v in GOOD.items() if k != "rows"}).encode(),
    ],
)
def test_another_file_is_refused(data: bytes) -> None:
    with pytest.raises(DamagedModel):
        Golden.from_bytes(data)


def test_a_newer_file_says_so() -> None:
    with pytest.raises(NotSupported, match="version 2, and this fitscribe reads up to 1"):
        Golden.from_bytes(json.dumps({**GOOD, "version": 2}).encode())


# ---- comparing --------------------------------------------------------------------------------


@given(floats)
def test_an_answer_is_identical_to_itself(answer: Any) -> None:
    assert compare(answer, answer.copy()) == Compared(IDENTICAL, 0.0, 0)


def test_rounding_is_equal_and_more_is_different() -> None:
    then = np.array([[1.0, 1e6], [3.0, 4e6]])
    assert compare(then, then * (1 + 1e-12)).outcome == EQUAL
    found = compare(then, then + np.array([[0.0, 0.0], [0.3, 0.0]]))
    assert (found.outcome, found.differing) == (DIFFERENT, 1)
    assert found.difference == pytest.approx(0.3 / 3.3)


def test_a_number_near_zero_is_held_against_its_column() -> None:
    then = np.array([[1e-17, 5.0], [1.0, 5.0]])
    assert compare(then, then + np.array([[1e-17, 0.0], [0.0, 0.0]])).outcome == EQUAL
    # But not against another column.
    small = np.array([[1e-17, 5.0], [1e-17, 5.0]])
    assert compare(small, small + np.array([[1e-17, 0.0], [0.0, 0.0]])).outcome == DIFFERENT


def test_single_precision_rounds_sooner() -> None:
    then = np.array([0.25, 1.0], dtype=np.float32)
    now = then * np.float32(1 + 1e-6)
    assert compare(then, now).outcome == EQUAL
    assert compare(then.astype(float), now.astype(float)).outcome == DIFFERENT
    assert compare(then, then.astype(float)).outcome == EQUAL


@pytest.mark.parametrize(
    ("then", "now"),
    [
        ([1.0, np.nan], [1.0, 2.0]),
        ([1.0, np.inf], [1.0, 2.0]),
        ([1.0, np.inf], [1.0, -np.inf]),
        ([1.0, 2.0], [1.0, np.nan]),
        ([0.0, np.nan], [0.0, np.inf]),
    ],
)
def test_nan_and_infinity_are_only_what_they_are(then: list[float], now: list[float]) -> None:
    assert compare(np.array(then), np.array(then)).outcome == IDENTICAL
    assert compare(np.array(then), np.array(now)) == Compared(DIFFERENT, np.inf, 1)


@pytest.mark.parametrize(
    ("then", "now", "expected"),
    [
        (np.array(["a", "bb"]), np.array(["a", "bb"], dtype="<U9"), Compared(IDENTICAL)),
        (np.array(["a", "b"]), np.array(["a", "c"]), Compared(DIFFERENT, None, 1)),
        (np.array([1, 2]), np.array([1, 2], dtype=np.int32), Compared(EQUAL)),
        (np.array([1, 2]), np.array([1.0, 2.0]), Compared(DIFFERENT, None, None)),
        (np.array([1, 2]), np.array([[1, 2]]), Compared(DIFFERENT, None, None)),
        (np.array([1, "a"], dtype=object), np.array([1, "a"], dtype=object), Compared(IDENTICAL)),
        (np.array([1, None], dtype=object), np.array([True, None], dtype=object),
         Compared(DIFFERENT, None, 1)),
        (np.array(["NaT"], dtype="M8[s]"), np.array(["NaT"], dtype="M8[s]"), Compared(IDENTICAL)),
        ([np.zeros(1), np.ones(1)], [np.zeros(1)], Compared(DIFFERENT, None, None)),
        ([np.zeros(1), np.ones(1)], [np.zeros(1), np.ones(1) * 2], Compared(DIFFERENT, 0.5, 1)),
        (pd.DataFrame({"a": [1.0]}), pd.DataFrame({"a": [1.0]}), Compared(IDENTICAL)),
        (pd.DataFrame({"a": [1.0]}), pd.DataFrame({"b": [1.0]}), Compared(DIFFERENT, None, None)),
        (pd.DataFrame({"a": [1, None]}, dtype="Int64"), pd.DataFrame({"a": [1, 2]}, dtype="Int64"),
         Compared(DIFFERENT, None, 1)),
        (pl.DataFrame({"a": [1.0], "b": ["x"]}), pl.DataFrame({"a": [1.0], "b": ["x"]}),
         Compared(IDENTICAL)),
        (pl.DataFrame({"a": ["y"]}), pl.DataFrame({"a": ["x"]}), Compared(DIFFERENT, None, 1)),
        (pd.DataFrame({"a": [1.0]}), np.array([[1.0]]), Compared(DIFFERENT, None, None)),
    ],
)  # fmt: skip
def test_labels_and_containers(then: Any, now: Any, expected: Compared) -> None:
    assert compare(then, now) == expected


def test_sparse_answers_are_compared_by_cells() -> None:
    then = sparse.csr_array(np.array([[0.0, 2.0], [4.0, 0.0]]))
    explicit = sparse.csr_array(
        (np.array([0.0, 2.0, 4.0]), np.array([0, 1, 0]), np.array([0, 2, 3])), shape=(2, 2)
    )
    assert compare(then, explicit) == Compared(IDENTICAL)
    assert compare(then, then.tocsc()) == Compared(IDENTICAL)
    other = sparse.csr_array(np.array([[1.0, 2.0], [4.0, 0.0]]))
    assert compare(then, other) == Compared(DIFFERENT, 0.25, 1)
    assert compare(then, then[:1]) == Compared(DIFFERENT, None, None)
    assert compare(then, then.toarray()) == Compared(DIFFERENT, None, None)
