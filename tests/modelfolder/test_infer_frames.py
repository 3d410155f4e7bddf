"""From frames of pandas, polars and Arrow to columns: MLflow's types, without a copy."""

from __future__ import annotations

import datetime
import decimal
import tracemalloc
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import pandas as hpd
from schema_forms import ANY, array_of, column, forms

from fitscribe.modelfolder.infer import infer_schema

NOON = datetime.datetime(2026, 1, 31, 12)


# ---- pandas -----------------------------------------------------------------------------------

COLUMNS: dict[str, tuple[Any, str | dict[str, Any], bool]] = {
    "bool": ([True, False], "boolean", True),
    "int8": (np.array([1, 2], "i1"), "integer", True),
    "int16": (np.array([1, 2], "i2"), "integer", True),
    "int32": (np.array([1, 2], "i4"), "integer", True),
    "int64": ([1, 2], "long", True),
    "uint8": (np.array([1, 2], "u1"), "integer", True),
    "uint16": (np.array([1, 2], "u2"), "integer", True),
    "uint32": (np.array([1, 2], "u4"), "long", True),
    "uint64": (np.array([1, 2], "u8"), "any", True),
    "float16": (np.array([1, 2], "f2"), "float", True),
    "float32": (np.array([1, 2], "f4"), "float", True),
    "float32 with NaN": (np.array([1, np.nan], "f4"), "float", False),
    "float64": ([1.0, 2.0], "double", True),
    "int with NaN": ([1, np.nan], "double", False),
    "complex": ([1j, 2j], "any", True),
    "timedelta": (pd.to_timedelta([1, 2], unit="s"), "any", True),
    "period": (pd.period_range("2026", periods=2, freq="D"), "any", True),
    "interval": (pd.interval_range(0, 2), "any", True),
    "str": (["a", "b"], "string", True),
    "str with None": (["a", None], "string", False),
    "object of str": (pd.Series(["a", "b"], dtype=object), "string", True),
    "object of str with None": (pd.Series(["a", None], dtype=object), "string", False),
    "object of str with NaN": (pd.Series(["a", np.nan], dtype=object), "string", False),
    "string dtype": (pd.array(["a", None], "string"), "string", False),
    "bytes": (pd.Series([b"a", b"b"], dtype=object), "binary", True),
    "datetime": (pd.to_datetime(["2026-01-31", "2026-02-01"]), "datetime", True),
    "datetime with NaT": (pd.to_datetime(["2026-01-31", None]), "datetime", False),
    "datetime in seconds": (np.array(["2026", "2027"], "M8[s]"), "datetime", True),
    "datetime with a zone": (pd.to_datetime(["2026", "2027"], utc=True), "datetime", True),
    "dates": (pd.Series([NOON.date()] * 2, dtype=object), "datetime", True),
    "datetimes as objects": (pd.Series([NOON] * 2, dtype=object), "datetime", True),
    "nullable Int64": (pd.array([1, None], "Int64"), "long", False),
    "nullable Int32": (pd.array([1, 2], "Int32"), "integer", True),
    "nullable Float32": (pd.array([1.5, None], "Float32"), "float", False),
    "nullable boolean": (pd.array([True, None], "boolean"), "boolean", False),
    "category of str": (pd.Categorical(["a", "b"]), "string", True),
    "category with NaN": (pd.Categorical(["a", None]), "string", False),
    "category of int": (pd.Categorical([1, 2]), "long", True),
    "category of float": (pd.Categorical([1.5, 2.5]), "double", True),
    "category of bool": (pd.Categorical([True, False]), "boolean", True),
    "category of dates": (pd.Categorical(pd.to_datetime(["2026", "2027"])), "datetime", True),
    "sparse": (pd.arrays.SparseArray([0.0, 1.0]), "double", True),
    "sparse int": (pd.arrays.SparseArray([0, 1]), "long", True),
    "arrow int": (pd.array([1, None], pd.ArrowDtype(pa.int64())), "long", False),
    "arrow float": (pd.array([1.0, 2.0], pd.ArrowDtype(pa.float32())), "float", True),
    "arrow bool": (pd.array([True, None], pd.ArrowDtype(pa.bool_())), "boolean", False),
    "arrow string": (pd.array(["a", "b"], pd.ArrowDtype(pa.string())), "string", True),
    "arrow time": (pd.array([NOON] * 2, pd.ArrowDtype(pa.timestamp("us"))), "datetime", True),
    "arrow date": (pd.array([NOON.date()] * 2, pd.ArrowDtype(pa.date32())), "datetime", True),
    "decimal": ([decimal.Decimal(1), decimal.Decimal(2)], "any", True),
    "mixed": ([1, "a"], "any", True),
    "ints and floats": (pd.Series([1, 2.5], dtype=object), "double", True),
    "object of bool": (pd.Series([True, False], dtype=object), "boolean", True),
    "object of int": (pd.Series([1, 2], dtype=object), "long", True),
    "only None": ([None, None], "any", False),
    "only NaN": ([np.nan, np.nan], "double", False),
    "lists": ([[1, 2], [3]], array_of("long"), True),
    "lists of lists": (
        [[[1.0]], [[2.0]]],
        {"type": "array", "items": array_of("double")},
        True,
    ),
    "lists and None": ([["a"], None], array_of("string"), False),
    "arrays": ([np.array([1.0]), np.array([2.0])], array_of("double"), True),
    "dicts": (
        [{"a": 1, "b": "x"}, {"a": 2}],
        {
            "type": "object",
            "properties": {
                "a": {"type": "long", "required": True},
                "b": {"type": "string", "required": False},
            },
        },
        True,
    ),
    "sets": ([{1}, {2}], "any", True),
}


@pytest.mark.parametrize("kind", COLUMNS)
def test_a_pandas_column_has_mlflow_s_type(kind: str) -> None:
    values, type, required = COLUMNS[kind]
    frame = pd.DataFrame({"c": values, "other": [1.0, 2.0]})
    assert forms(frame) == [column(type, "c", required), column("double", "other")]
    assert forms(frame["c"]) == [column(type, "c", required)]


def test_labels_are_kept_as_json_has_them() -> None:
    labels = ["a", 0, np.int64(1), ("b", 2), 1.5, None, pd.Timestamp(NOON)]
    frame = pd.DataFrame([[1.0] * len(labels)], columns=pd.Index(labels, dtype=object))
    names = [form["name"] for form in forms(frame)]
    assert names == ["a", 0, 1, ["b", 2], "1.5", "None", "2026-01-31 12:00:00"]
    assert [form["name"] for form in forms(pd.DataFrame(np.ones((2, 2))))] == [0, 1]
    levels = pd.MultiIndex.from_product([["a"], ["x", "y"]])
    assert [form["name"] for form in forms(pd.DataFrame([[1, 2]], columns=levels))] == [
        ["a", "x"],
        ["a", "y"],
    ]


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame(),
        pd.DataFrame(index=[1, 2]),
        pd.DataFrame([[1, 2]], columns=["a", "a"]),
        pd.DataFrame([[1, 2]], columns=pd.Index(["1.5", 1.5], dtype=object)),
    ],
)
def test_a_frame_whose_columns_cannot_be_told_apart_is_anything(frame: pd.DataFrame) -> None:
    assert forms(frame) == ANY


def test_a_frame_without_rows_has_its_columns() -> None:
    frame = pd.DataFrame({"a": np.array([], "i8"), "b": np.array([], "f8")})
    assert forms(frame) == [column("long", "a"), column("double", "b")]


def test_a_series_without_a_name_is_one_unnamed_column() -> None:
    assert forms(pd.Series([1, 2])) == [column("long")]
    assert forms(pd.Series([1.0, np.nan])) == ANY  # an optional column needs a name
    assert forms(pd.Series([1, 2], name=0)) == [column("long", 0)]


@given(
    hpd.data_frames(
        [
            hpd.column("f", dtype=float),
            hpd.column("i", dtype=int),
            hpd.column("b", dtype=bool),
            hpd.column("s", elements=st.none() | st.text(), dtype=object),
        ],
        index=hpd.range_indexes(min_size=1),
    )
)
def test_a_column_is_required_if_no_value_is_missing(frame: pd.DataFrame) -> None:
    found = {form["name"]: form["required"] for form in forms(frame)}
    assert found == {label: not frame[label].isna().any() for label in frame}


def test_a_frame_is_not_copied() -> None:
    rows, columns = 200_000, 10
    frame = pd.DataFrame(np.ones((rows, columns)), columns=list("abcdefghjk"))
    frame["i"] = np.arange(rows)
    frame["l"] = pd.Categorical.from_codes(np.zeros(rows, "i1"), ["a"])
    before = frame.copy()
    infer_schema(frame)  # what is imported and cached on first use is not counted
    tracemalloc.start()
    infer_schema(frame)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2 * rows  # one flag a row, for one column at a time; a column has 8 bytes a row
    pd.testing.assert_frame_equal(frame, before)


# ---- polars and arrow -------------------------------------------------------------------------

POLARS: dict[str, tuple[pl.Series, str | dict[str, Any], bool]] = {
    "bool": (pl.Series([True, False]), "boolean", True),
    "int8": (pl.Series([1, 2], dtype=pl.Int8), "integer", True),
    "int32": (pl.Series([1, None], dtype=pl.Int32), "integer", False),
    "int64": (pl.Series([1, 2]), "long", True),
    "uint16": (pl.Series([1, 2], dtype=pl.UInt16), "integer", True),
    "uint32": (pl.Series([1, 2], dtype=pl.UInt32), "long", True),
    "uint64": (pl.Series([1, 2], dtype=pl.UInt64), "any", True),
    "float32": (pl.Series([1, 2], dtype=pl.Float32), "float", True),
    "float64": (pl.Series([1.0, 2.0]), "double", True),
    "null": (pl.Series([1.0, None]), "double", False),
    "NaN": (pl.Series([1.0, float("nan")]), "double", False),
    "text": (pl.Series(["a", "b"]), "string", True),
    "text with null": (pl.Series(["a", None]), "string", False),
    "category": (pl.Series(["a", "b"], dtype=pl.Categorical), "string", True),
    "enum": (pl.Series(["a", "b"], dtype=pl.Enum(["a", "b"])), "string", True),
    "bytes": (pl.Series([b"a", b"b"]), "binary", True),
    "date": (pl.Series([NOON.date()] * 2), "datetime", True),
    "time": (pl.Series([NOON, None]), "datetime", False),
    "time with a zone": (
        pl.Series([NOON] * 2, dtype=pl.Datetime(time_zone="UTC")),
        "datetime",
        True,
    ),
    "duration": (pl.Series([datetime.timedelta(1)] * 2), "any", True),
    "decimal": (pl.Series([decimal.Decimal("1.5")] * 2), "any", True),
    "nothing": (pl.Series([None, None]), "any", False),
    "lists": (pl.Series([[1], [2, 3]]), array_of("long"), True),
    "arrays": (pl.Series([[1.0], [2.0]], dtype=pl.Array(pl.Float64, 1)), array_of("double"), True),
    "lists of durations": (pl.Series([[datetime.timedelta(1)]] * 2), "any", True),
    "structs": (
        pl.Series([{"b": 1, "a": "x"}] * 2),
        {
            "type": "object",
            "properties": {
                "a": {"type": "string", "required": True},
                "b": {"type": "long", "required": True},
            },
        },
        True,
    ),
}


@pytest.mark.parametrize("kind", POLARS)
def test_a_polars_column_has_the_type_that_pandas_would_have(kind: str) -> None:
    series, type, required = POLARS[kind]
    frame = pl.DataFrame({"c": series, "other": [1.0, 2.0]})
    assert forms(frame) == [column(type, "c", required), column("double", "other")]
    assert forms(frame["c"]) == [column(type, "c", required)]


def test_a_polars_series_without_a_name_is_one_unnamed_column() -> None:
    assert forms(pl.Series([1, 2])) == [column("long")]
    assert forms(pl.Series([1, None])) == ANY
    assert forms(pl.DataFrame()) == ANY


ARROW: dict[str, tuple[pa.Array, str | dict[str, Any], bool]] = {
    "bool": (pa.array([True, False]), "boolean", True),
    "int8": (pa.array([1, 2], pa.int8()), "integer", True),
    "int32": (pa.array([1, None], pa.int32()), "integer", False),
    "int64": (pa.array([1, 2]), "long", True),
    "uint32": (pa.array([1, 2], pa.uint32()), "long", True),
    "uint64": (pa.array([1, 2], pa.uint64()), "any", True),
    "float16": (pa.array(np.array([1, 2], "f2")), "float", True),
    "float32": (pa.array([1, 2], pa.float32()), "float", True),
    "float64": (pa.array([1.0, 2.0]), "double", True),
    "null": (pa.array([1.0, None]), "double", False),
    "NaN": (pa.array([1.0, np.nan]), "double", False),
    "text": (pa.array(["a", "b"]), "string", True),
    "long text": (pa.array(["a", None], pa.large_string()), "string", False),
    "category": (pa.array(["a", "b"]).dictionary_encode(), "string", True),
    "bytes": (pa.array([b"a", b"b"]), "binary", True),
    "bytes of one length": (pa.array([b"a", b"b"], pa.binary(1)), "binary", True),
    "date": (pa.array([NOON.date()] * 2), "datetime", True),
    "time": (pa.array([NOON, None]), "datetime", False),
    "time with a zone": (pa.array([NOON] * 2, pa.timestamp("ns", "UTC")), "datetime", True),
    "duration": (pa.array([datetime.timedelta(1)] * 2), "any", True),
    "decimal": (pa.array([decimal.Decimal("1.5")] * 2), "any", True),
    "nothing": (pa.nulls(2), "any", False),
    "lists": (pa.array([[1], [2, 3]]), array_of("long"), True),
    "lists of one length": (
        pa.array([[1.0], [2.0]], pa.list_(pa.float64(), 1)),
        array_of("double"),
        True,
    ),
    "lists of durations": (pa.array([[datetime.timedelta(1)]] * 2), "any", True),
    "structs": (pa.array([{"b": 1, "a": "x"}] * 2), POLARS["structs"][1], True),
}


@pytest.mark.parametrize("kind", ARROW)
def test_an_arrow_column_has_the_type_that_pandas_would_have(kind: str) -> None:
    column_, type, required = ARROW[kind]
    table = pa.table({"c": column_, "other": pa.array([1.0, 2.0])})
    assert forms(table) == [column(type, "c", required), column("double", "other")]
    (batch,) = table.to_batches()
    assert forms(batch) == forms(table)


def test_an_arrow_table_without_columns_or_with_one_name_twice_is_anything() -> None:
    assert forms(pa.table({})) == ANY
    assert forms(pa.table([[1], [2]], names=["a", "a"])) == ANY


# ---- many rows --------------------------------------------------------------------------------


@pytest.mark.parametrize("row", [0, 30_000, 59_999])
@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.table])
def test_nan_at_either_end_of_many_rows_makes_a_column_optional(make: Any, row: int) -> None:
    values = np.zeros(60_000)
    values[row] = np.nan
    found = infer_schema(make({"x": values, "y": np.zeros(60_000)}))
    # Of so many rows not all are read: the middle is not among those that are.
    assert [spec.required for spec in found.inputs] == [row == 30_000, True]


def test_of_endless_rows_some_are_read() -> None:
    # All rows are one in memory; to read them all would take an hour.
    endless = np.lib.stride_tricks.as_strided(np.zeros(3), (10**12, 3), (0, 8))
    found = infer_schema(pd.DataFrame(endless, columns=["a", "b", "c"], copy=False))
    assert [(spec.name, spec.required) for spec in found.inputs] == [
        ("a", True),
        ("b", True),
        ("c", True),
    ]
