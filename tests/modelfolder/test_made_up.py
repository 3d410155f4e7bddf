"""Rows that nobody has."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse

from fitscribe.modelfolder.made_up import MOST_CELLS, Sketch, made_up

NUMBER = Sketch("number", [float(value) for value in range(40)])
TEXT = Sketch("text", ["often", "rarely"])
DATE = Sketch("datetime", [0.5, 86400.0])


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", ">f8", "i1", "u8", "?"])
def test_an_array_has_its_dtype_and_the_ends_of_each_column(dtype: str) -> None:
    like = np.zeros((3, 2), dtype=dtype)
    rows = made_up(like, [NUMBER, Sketch("integer", [7])])
    assert (rows.shape, rows.dtype) == ((16, 2), like.dtype)
    assert rows[:, 0].min() == 0
    assert rows[:, 0].max() == np.float64(39).astype(dtype)
    assert set(rows[:, 1].tolist()) == {np.float64(7).astype(dtype)}


def test_columns_are_mixed_and_the_same_every_time() -> None:
    np.random.seed(0)  # the generator that must stay as it is
    before = np.random.get_state()[1]
    like = np.zeros((3, 2))
    rows = made_up(like, [NUMBER, NUMBER])
    assert (rows[:, 0] != rows[:, 1]).any()
    np.testing.assert_array_equal(rows, made_up(like, [NUMBER, NUMBER]))
    np.testing.assert_array_equal(before, np.random.get_state()[1])


def test_whole_numbers_stay_within_their_dtype() -> None:
    for dtype in ("i8", "u8", "i1"):
        rows = made_up(np.zeros((1, 1), dtype), [Sketch("number", [-1e30, 0.4, 1e30])])
        limits = np.iinfo(dtype)
        assert limits.min == rows.min()
        assert limits.max - 2048 <= rows.max() <= limits.max


def test_gaps_are_made_where_they_can_be_told() -> None:
    one = Sketch("number", [1.0], missing=True)
    assert np.isnan(made_up(np.zeros((1, 1)), [one])).sum() == 1
    assert made_up(np.zeros((1, 1), int), [one]).tolist() == [[1]] * 16
    frame = pd.DataFrame({"a": pd.array([1], dtype="Int64"), "b": ["x"]}).astype({"b": object})
    rows = made_up(frame, [one, Sketch("text", ["x"], missing=True)])
    assert rows.isna().sum().tolist() == [1, 0]


def test_wide_data_gets_fewer_rows() -> None:
    rows = made_up(np.zeros((1, 1000)), [NUMBER] * 1000)
    assert rows.shape == (4, 1000)
    assert rows.size <= MOST_CELLS
    assert made_up(np.zeros((1, 5000)), [NUMBER] * 5000).shape == (2, 5000)


def test_one_dimension_stays_one() -> None:
    assert made_up(np.zeros(5), [NUMBER]).shape == (16,)


@pytest.mark.parametrize("kind", ["csr_matrix", "csc_array", "coo_array"])
def test_sparse_data_stay_sparse(kind: str) -> None:
    like = getattr(sparse, kind)(np.zeros((3, 5), dtype=np.float32))
    rows = made_up(like, [Sketch("number", [0.0, 3.0])] * 2)
    assert sparse.issparse(rows)
    assert (rows.shape, rows.dtype, rows.nnz) == ((16, 5), np.float32, 16)
    assert isinstance(rows, sparse.sparray) == kind.endswith("_array")


def test_a_pandas_frame_has_its_names_and_dtypes() -> None:
    frame = pd.DataFrame(
        {
            "number": [1.5],
            "single": np.array([1], dtype=np.float32),
            "whole": [1],
            "flag": [True],
            "text": pd.Series(["often"], dtype=object),
            "string": pd.Series(["often"], dtype="string"),
            "date": pd.to_datetime(["2020-01-01"]).astype("datetime64[ns]"),
            "zoned": pd.to_datetime(["2020-01-01"]).tz_localize("Europe/Paris"),
            "nullable": pd.array([1], dtype="Int8"),
            "category": pd.Categorical(["often"], ["rarely", "secret", "often"], ordered=True),
        }
    )
    flag = Sketch("boolean", [0.0, 1.0])
    kinds = [NUMBER, NUMBER, NUMBER, flag, TEXT, TEXT, DATE, DATE, NUMBER, TEXT]
    rows = made_up(frame, kinds)
    assert len(rows) == 16
    pd.testing.assert_series_equal(rows.dtypes[:-1], frame.dtypes[:-1])
    # A label that is rare is not told.
    assert rows["category"].cat.categories.tolist() == ["rarely", "often"]
    assert rows["category"].cat.ordered
    assert rows["category"].notna().all()
    assert rows["date"].max() == pd.Timestamp("1970-01-02")


def test_a_polars_frame_has_its_names_and_dtypes() -> None:
    frame = pl.DataFrame(
        {
            "number": pl.Series([1.5], dtype=pl.Float32),
            "whole": pl.Series([1], dtype=pl.Int16),
            "flag": [True],
            "text": ["often"],
            "category": pl.Series(["often"], dtype=pl.Categorical),
            "date": pl.Series([0], dtype=pl.Int32).cast(pl.Date),
            "time": pl.Series([0], dtype=pl.Int64).cast(pl.Datetime("ms")),
        }
    )
    flag = Sketch("boolean", [0.0, 1.0])
    rows = made_up(frame, [NUMBER, NUMBER, flag, TEXT, TEXT, DATE, DATE])
    assert rows.schema == frame.schema
    assert rows.height == 16
    assert rows["time"].dt.timestamp("ms").unique().sort().to_list() == [500, 86_400_000]


@pytest.mark.parametrize(
    ("like", "sketches"),
    [
        (np.zeros((1, 1)), []),
        (np.zeros((1, 1)), [TEXT]),
        (np.zeros((1, 1, 1)), [NUMBER]),
        (np.zeros((1, 1), dtype=complex), [NUMBER]),
        (np.array([["a"]]), [NUMBER]),
        (np.ma.zeros((1, 1)), [NUMBER]),
        (pd.DataFrame({"a": [1.0]}), [TEXT]),
        (pd.DataFrame({"a": [1.0]}), [NUMBER, NUMBER]),
        (pd.DataFrame({"a": pd.period_range("2020", periods=1, freq="D")}), [NUMBER]),
        (pl.DataFrame({"a": [[1]]}), [NUMBER]),
        ((1, 2), [NUMBER]),
    ],
)
def test_of_other_data_no_rows_are_made(like: Any, sketches: Any) -> None:
    assert made_up(like, sketches) is None
