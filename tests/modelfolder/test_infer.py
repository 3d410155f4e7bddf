"""From data to a signature: MLflow's mapping of types, seen on every container.

Any warning is an error here, so each of these tests also says that none is given.
"""

from __future__ import annotations

import datetime
import decimal
import enum
import json
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from hypothesis.extra import pandas as hpd
from scipy import sparse

from fitscribe.errors import InvalidParameter
from fitscribe.modelfolder.infer import infer_param_schema, infer_schema, infer_signature

ANY = [{"type": "any", "required": True}]
NOON = datetime.datetime(2026, 1, 31, 12)


def forms(data: Any) -> list[dict[str, Any]]:
    """Return the JSON form of the data's schema, through text."""
    return json.loads(infer_schema(data).to_json())


def tensor(dtype: str, *shape: int, name: str | None = None) -> dict[str, Any]:
    form: dict[str, Any] = {
        "type": "tensor",
        "tensor-spec": {"dtype": dtype, "shape": list(shape)},
    }
    return form if name is None else {"name": name, **form}


def column(type: Any, name: Any = None, required: bool = True) -> dict[str, Any]:
    form = dict(type) if isinstance(type, dict) else {"type": type}
    if name is not None:
        form["name"] = name
    return {**form, "required": required}


def array_of(items: str) -> dict[str, Any]:
    return {"type": "array", "items": {"type": items}}


# ---- numpy and scipy --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (np.ones(3), tensor("float64", -1)),
        (np.ones((3, 4)), tensor("float64", -1, 4)),
        (np.ones((2, 3, 4), "f4"), tensor("float32", -1, 3, 4)),
        (np.empty((0, 4), "i8"), tensor("int64", -1, 4)),
        (np.ones((3, 4)).astype(">f8"), tensor("float64", -1, 4)),
        (np.asfortranarray(np.ones((3, 4)))[::2], tensor("float64", -1, 4)),
        (np.array([1], "u8"), tensor("uint64", -1)),
        (np.array([True]), tensor("bool", -1)),
        (np.array(["abc", "d"]), tensor("str", -1)),
        (np.array([b"abc"]), tensor("bytes", -1)),
        (np.array(["a", None], object), tensor("object", -1)),
        (np.array(["2026-01-31"], "M8[D]"), tensor("datetime64[D]", -1)),
        (np.array([1j]), tensor("complex128", -1)),
        (np.ma.masked_array([1.0, 2.0], [True, False]), tensor("float64", -1)),
        (np.array([[np.nan, 1.0]]), tensor("float64", -1, 2)),
    ],
)
def test_an_array_is_one_tensor_of_any_length(array: Any, expected: dict[str, Any]) -> None:
    assert forms(array) == [expected]


@pytest.mark.parametrize(
    "array",
    [
        np.array(1.0),
        np.zeros(3, [("a", "f8"), ("b", "i8")]),
        np.rec.fromarrays([[1, 2], [3.0, 4.0]], names="a,b"),
    ],
)
def test_arrays_without_a_dimension_or_with_fields_are_anything(array: Any) -> None:
    assert forms(array) == ANY


@given(hnp.arrays(hnp.scalar_dtypes(), hnp.array_shapes(min_dims=1, min_side=0)))
def test_every_array_has_a_tensor_of_its_dtype_and_shape(array: np.ndarray[Any, Any]) -> None:
    (found,) = forms(array)
    name = {"U": "str", "S": "bytes"}.get(array.dtype.kind, array.dtype.name)
    assert found == tensor(name, -1, *array.shape[1:])


@pytest.mark.parametrize("format", ["csr", "csc", "coo", "lil", "dok", "bsr", "dia"])
def test_a_sparse_matrix_is_a_tensor_of_its_dtype(format: str) -> None:
    dense = np.eye(3, 2, dtype="f4")
    assert forms(sparse.coo_matrix(dense).asformat(format)) == [tensor("float32", -1, 2)]
    assert forms(sparse.coo_array(dense).asformat(format)) == [tensor("float32", -1, 2)]


def test_an_array_is_not_looked_at() -> None:
    # 8 TB, were it there: a pass over it, or a copy, could not end.
    huge = np.broadcast_to(np.float64(np.nan), (10**9, 1000))
    assert forms(huge) == [tensor("float64", -1, 1000)]
    assert forms({"a": huge, "b": huge[:, 0]}) == [
        tensor("float64", -1, 1000, name="a"),
        tensor("float64", -1, name="b"),
    ]


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
    frame = pd.DataFrame(np.ones((rows, columns)))
    frame["i"] = np.arange(rows)
    frame["c"] = pd.Categorical.from_codes(np.zeros(rows, "i1"), ["a"])
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


# ---- plain Python -----------------------------------------------------------------------------


class Colour(enum.IntEnum):
    RED = 1


@pytest.mark.parametrize(
    ("value", "type"),
    [
        (True, "boolean"),
        (1, "long"),
        (1.5, "double"),
        ("a", "string"),
        (b"a", "binary"),
        (NOON, "datetime"),
        (NOON.date(), "datetime"),
        (pd.Timestamp(NOON), "datetime"),
        (Colour.RED, "long"),
        (np.float32(1), "float"),
        (np.int8(1), "integer"),
        (np.str_("a"), "string"),
        (np.bool_(True), "boolean"),
        (np.datetime64("2026"), "datetime"),
        (1j, "any"),
        ({1, 2}, "any"),
        ((1, 2), "any"),
        (object(), "any"),
    ],
)
def test_one_value_is_one_unnamed_column(value: Any, type: str) -> None:
    assert forms(value) == [column(type)]
    if type != "any":
        assert forms([value, value]) == [column(type)]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([], [column("string")]),
        ([1, 2], [column("long")]),
        ([1.0, 2], ANY),
        ([True, 1], ANY),
        ([1, None], ANY),
        ([None], ANY),
        ([[1, 2], [3, 4]], [column(array_of("long"))]),
        ([[1, 2.5]], ANY),
        ([[]], ANY),
        ([[1], ["a"]], ANY),
        ([np.ones(2)], [column(array_of("double"))]),
        ([np.ones((2, 2))], [column({"type": "array", "items": array_of("double")})]),
        ([{"b": 1, "a": "x"}, {"b": 2, "a": "y"}], [column("long", "b"), column("string", "a")]),
        ([{"a": 1}, {"b": 2}], [column("long", "a", False), column("long", "b", False)]),
        ([{"a": 1}, {"a": None}], [column("long", "a", False)]),
        ([{"a": 1}, {"a": "x"}], [column("any", "a")]),
        ([{"a": [1]}, {"a": [2, 3]}], [column(array_of("long"), "a")]),
        ([{}], ANY),
        ([{1: 2}], ANY),
    ],
)
def test_a_list_is_a_column_or_a_table(rows: list[Any], expected: list[dict[str, Any]]) -> None:
    assert forms(rows) == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({}, ANY),
        (
            {"a": np.ones((3, 2)), "b": np.ones(3, "i4")},
            [tensor("float64", -1, 2, name="a"), tensor("int32", -1, name="b")],
        ),
        ({"a": np.zeros(2, [("x", "i4")])}, ANY),
        (
            {"a": np.ones(3), "b": [1]},
            [column(array_of("double"), "a"), column(array_of("long"), "b")],
        ),
        ({"a": 1, "b": "x"}, [column("long", "a"), column("string", "b")]),
        ({"a": [1, 2], "b": None}, [column(array_of("long"), "a"), column("any", "b", False)]),
        (
            {"a": {"x": 1.5}},
            [
                column(
                    {
                        "type": "object",
                        "properties": {"x": {"type": "double", "required": True}},
                    },
                    "a",
                )
            ],
        ),
        ({"a": []}, [column("any", "a")]),
        ({1: 2}, [column("long", 1)]),
    ],
)
def test_a_dict_is_tensors_or_columns(data: Any, expected: list[dict[str, Any]]) -> None:
    assert forms(data) == expected


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(plain.filter(lambda data: data is not None))
def test_plain_data_always_has_a_schema(data: Any) -> None:
    schema = infer_schema(data)
    assert type(schema).from_json(schema.to_json()) == schema


# ---- signatures and params --------------------------------------------------------------------


def test_a_signature_has_the_parts_that_are_given() -> None:
    X = np.ones((3, 2))
    signature = infer_signature(X, X[:, 0], {"k": 3})
    assert signature.inputs == infer_schema(X)
    assert signature.outputs == infer_schema(X[:, 0])
    assert signature.params == infer_param_schema({"k": 3})
    assert infer_signature(X).to_dict()["outputs"] is None
    assert infer_signature(params={}).to_dict() == {
        "inputs": None,
        "outputs": None,
        "params": "[]",
    }
    with pytest.raises(InvalidParameter, match="needs inputs, outputs or params"):
        infer_signature()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (3, {"default": 3, "shape": None, "type": "long"}),
        (2.5, {"default": 2.5, "shape": None, "type": "double"}),
        (True, {"default": True, "shape": None, "type": "boolean"}),
        ("a", {"default": "a", "shape": None, "type": "string"}),
        (NOON, {"default": "2026-01-31T12:00:00", "shape": None, "type": "datetime"}),
        (NOON.date(), {"default": "2026-01-31", "shape": None, "type": "datetime"}),
        (
            NOON.replace(tzinfo=datetime.timezone(datetime.timedelta(hours=2))),
            {"default": "2026-01-31T10:00:00", "shape": None, "type": "datetime"},
        ),
        (
            np.datetime64("2026-01-31T12", "ns"),
            {"default": "2026-01-31T12:00:00", "shape": None, "type": "datetime"},
        ),
        (
            np.datetime64("2026-01-31"),
            {"default": "2026-01-31", "shape": None, "type": "datetime"},
        ),
        (np.int32(3), {"default": 3, "shape": None, "type": "integer"}),
        (np.float32(1.5), {"default": 1.5, "shape": None, "type": "float"}),
        (np.array(3), {"default": 3, "shape": None, "type": "long"}),
        ([1, 2], {"default": [1, 2], "shape": [-1], "type": "long"}),
        ([1, 2.5], {"default": [1.0, 2.5], "shape": [-1], "type": "double"}),
        ([], {"default": [], "shape": [-1], "type": "datetime"}),
        (np.array([1.5], "f4"), {"default": [1.5], "shape": [-1], "type": "float"}),
        (np.array([1, 2], "i4"), {"default": [1, 2], "shape": [-1], "type": "integer"}),
        (
            np.array(["2026-01-31"], "M8[ns]"),
            {"default": ["2026-01-31T00:00:00"], "shape": [-1], "type": "datetime"},
        ),
        (
            {"a": 1},
            {
                "default": {"a": 1},
                "shape": None,
                "type": "object",
                "properties": {"a": {"type": "long", "required": True}},
            },
        ),
    ],
)
def test_a_param_has_mlflow_s_type_and_default(value: Any, expected: dict[str, Any]) -> None:
    schema = infer_param_schema({"p": value})
    assert json.loads(schema.to_json()) == [{"name": "p", **expected}]
    assert type(schema).from_json(schema.to_json()) == schema


@pytest.mark.parametrize(
    "value", [None, b"a", (1, 2), [[1]], [None], [True, 1], ["a", 1], 1j, np.ones((2, 2)), {1, 2}]
)
def test_a_value_that_no_request_can_carry_is_refused(value: Any) -> None:
    with pytest.raises(InvalidParameter, match=r"The param 'p' is .*can be a param"):
        infer_param_schema({"p": value})


def test_params_are_a_dict() -> None:
    given_list: Callable[..., Any] = infer_param_schema
    with pytest.raises(InvalidParameter, match="Params are a dict"):
        given_list([("a", 1)])
