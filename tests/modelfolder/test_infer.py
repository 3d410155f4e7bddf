"""From data to a signature: MLflow's mapping of types, seen on every container.

Any warning is an error here, so each of these tests also says that none is given.
"""

from __future__ import annotations

import datetime
import enum
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from schema_forms import ANY, array_of, column, forms, tensor
from scipy import sparse

from fitscribe.errors import InvalidParameter
from fitscribe.modelfolder.infer import infer_param_schema, infer_schema, infer_signature

NOON = datetime.datetime(2026, 1, 31, 12)


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
