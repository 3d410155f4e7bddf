"""Rows and answers as JSON: what comes back is what went out."""

from __future__ import annotations

import json
import sys
from typing import Any

import msgspec.json
import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import sparse

from fitscribe.errors import DamagedModel, InvalidParameter, MissingDependency
from fitscribe.modelfolder.exact import MOST_CELLS, decoded, encoded

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
cells = st.one_of(st.none(), st.booleans(), st.floats(), st.integers(-(2**63), 2**64 - 1), texts)
dtypes = st.one_of(
    arrays.boolean_dtypes(),
    arrays.integer_dtypes(),
    arrays.unsigned_integer_dtypes(),
    arrays.floating_dtypes(sizes=(16, 32, 64)),
    arrays.unicode_string_dtypes(max_len=8),
    arrays.datetime64_dtypes(max_period="D", min_period="ns"),
    arrays.timedelta64_dtypes(max_period="D", min_period="ns"),
)


def there_and_back(value: Any) -> Any:
    """Return what a file of a value holds, read as the file is read."""
    return decoded(msgspec.json.decode(msgspec.json.encode(encoded(value))))


@given(arrays.arrays(dtypes, arrays.array_shapes(min_dims=0, max_dims=3, min_side=0), fill=None))
def test_an_array_comes_back_with_its_dtype_and_every_bit(array: Any) -> None:
    array = np.asarray(array)
    if array.dtype.kind == "U" and any(0xD800 <= ord(c) < 0xE000 for t in array.flat for c in t):
        with pytest.raises(InvalidParameter):
            encoded(array)
        return
    back = there_and_back(array)
    assert back.dtype == array.dtype
    assert back.shape == array.shape
    np.testing.assert_array_equal(back, array)
    if array.dtype.kind == "f":
        np.testing.assert_array_equal(np.signbit(back), np.signbit(array) & ~np.isnan(array))


@given(st.lists(cells, max_size=20))
def test_objects_come_back_with_their_types(values: list[Any]) -> None:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    for back in (there_and_back(array).tolist(), there_and_back(values)):
        assert [type(one) for one in back] == [type(one) for one in values]
        assert [repr(one) for one in back] == [repr(one) for one in values]


def test_a_nan_loses_its_sign_and_nothing_else_does() -> None:
    back = there_and_back(
        np.array([-0.0, -np.inf, np.inf, np.nan, 5e-324, 1.7976931348623157e308])
    )
    assert [repr(float(one)) for one in back] == [
        *("-0.0", "-inf", "inf", "nan", "5e-324", "1.7976931348623157e+308")
    ]


@pytest.mark.parametrize("kind", ["csr_matrix", "csc_matrix", "csr_array", "csc_array"])
def test_a_sparse_matrix_stays_one(kind: str) -> None:
    matrix = getattr(sparse, kind)(np.array([[0, 1.5, 0], [np.nan, 0, -2]], dtype=np.float32))
    back = there_and_back(matrix)
    assert type(back) is type(matrix)
    assert (back.dtype, back.indices.dtype) == (matrix.dtype, matrix.indices.dtype)
    np.testing.assert_array_equal(back.toarray(), matrix.toarray())


def test_other_sparse_formats_become_rows() -> None:
    back = there_and_back(sparse.coo_array(np.eye(3)))
    assert type(back) is sparse.csr_array


def test_answers_of_several_outputs_are_a_list() -> None:
    answer = [np.array([[0.25, 0.75]]), np.array([[1.0]])]
    back = there_and_back(answer)
    assert [one.tolist() for one in back] == [one.tolist() for one in answer]


@pytest.mark.parametrize(
    "column",
    [
        pd.Series([1.5, np.nan]),
        pd.Series([1.5, 2], dtype="float32"),
        pd.Series([1, 2], dtype="int8"),
        pd.Series([True, False]),
        pd.Series(["a", None, 1.5, np.nan, True], dtype=object),
        pd.Series(["2020-01-01 12:00:00.123456789", None], dtype="datetime64[ns]"),
        pd.Series(["2020-01-01", None]).astype("datetime64[s]").dt.tz_localize("Europe/Paris"),
        pd.Series(["2020-01-01", "2021-01-01"]).astype("datetime64[ns]").dt.tz_localize("UTC"),
        pd.Series([None, 1], dtype="timedelta64[ns]"),
        pd.Series(["b", "a", None], dtype=pd.CategoricalDtype(["b", "c", "a"], ordered=True)),
        pd.Series([2, 1, 2]).astype("category"),
        pd.Series([0.5, 1.5]).astype("category"),
        pd.Series([1, None, 2**62 + 1], dtype="Int64"),
        pd.Series([1, None], dtype="UInt8"),
        pd.Series([1.5, None], dtype="Float32"),
        pd.Series([True, None], dtype="boolean"),
        pd.Series(["a", None], dtype="string[python]"),
        pd.Series(["a", None], dtype="string[pyarrow]"),
    ],
    ids=lambda column: str(column.dtype),
)
def test_a_pandas_column_comes_back_with_its_dtype(column: Any) -> None:
    frame = pd.DataFrame({"a": column, 7: range(len(column))})
    back = there_and_back(frame)
    pd.testing.assert_frame_equal(back, frame, check_index_type=False)
    assert back["a"].dtype == frame["a"].dtype
    assert back.columns.tolist() == ["a", 7]


@pytest.mark.parametrize(
    "column",
    [
        pl.Series([1.5, None, float("nan")]),
        pl.Series([1.5, -0.0], dtype=pl.Float32),
        pl.Series([1, None], dtype=pl.UInt64),
        pl.Series([True, None]),
        pl.Series(["a", None, ""]),
        pl.Series(["a", None, "b"], dtype=pl.Categorical),
        pl.Series(["a", None, "b"], dtype=pl.Enum(["b", "c", "a"])),
        pl.Series([0, None, -1], dtype=pl.Int32).cast(pl.Date),
        pl.Series([0, None, 10**18], dtype=pl.Int64).cast(pl.Datetime("ns")),
        pl.Series([0, None], dtype=pl.Int64).cast(pl.Datetime("us", "Europe/Paris")),
    ],
    ids=lambda column: str(column.dtype),
)
def test_a_polars_column_comes_back_with_its_dtype(column: Any) -> None:
    frame = pl.DataFrame({"a": column, "b": range(len(column))})
    back = there_and_back(frame)
    assert back.schema == frame.schema
    assert back.equals(frame)


@pytest.mark.parametrize(
    "value",
    [
        np.array([1j]),
        np.array([b"a"]),
        np.array([object()]),
        np.array([2**70], dtype=object),
        np.zeros(2, dtype=[("a", int)]),
        np.zeros(MOST_CELLS + 1),
        np.ma.masked_array([1.0], [True]),
        ["\ud800"],
        np.array(["\ud800"]),
        {"a": 1},
        "text",
        [[1.0]],
        pd.Series([1.0]),
        pd.DataFrame({1.5: [1]}),
        pd.DataFrame([[1, 2]], columns=["a", "a"]),
        pd.DataFrame({"a": pd.period_range("2020", periods=1, freq="D")}),
        pl.DataFrame({"a": [[1, 2]]}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_cannot_be_kept_is_refused(value: Any) -> None:
    with pytest.raises(InvalidParameter, match="Golden rows"):
        encoded(value)


ARRAY = {"kind": "array", "dtype": "<f8", "shape": [2], "values": [1.0, 2.0]}
CSR = encoded(sparse.csr_array(np.eye(3)))
FRAME = encoded(pd.DataFrame({"a": pd.Series(["b"], dtype="category")}))
ZONED = encoded(pd.DataFrame({"a": pd.to_datetime(["2020-01-01"]).tz_localize("UTC")}))
POLARS = encoded(pl.DataFrame({"a": [1]}))


def changed(told: Any, *path: Any) -> Any:
    """Return a copy of JSON in which the value at a path is another."""
    copy = json.loads(json.dumps(told))
    *way, last, value = path
    inner = copy
    for key in way:
        inner = inner[key]
    inner[last] = value
    return copy


@pytest.mark.parametrize(
    "told",
    [
        None,
        [],
        {},
        {"kind": "code"},
        {"kind": "list", "items": [1]},
        {"kind": "cells", "values": [{"float": "1"}]},
        {"kind": "cells", "values": [[1]]},
        {"kind": "pandas", "columns": [1]},
        {"kind": "pandas", "columns": [{}]},
        {"kind": "pandas", "columns": [{"label": ["a"], "values": ARRAY}]},
        changed(ARRAY, "dtype", "|V8"),
        changed(ARRAY, "dtype", "<c16"),
        changed(ARRAY, "dtype", "<i8"),
        changed(ARRAY, "dtype", "<U999999"),
        changed(ARRAY, "dtype", "<f8,<f8"),
        changed(ARRAY, "shape", [3]),
        changed(ARRAY, "shape", [-1, -2]),
        changed(ARRAY, "shape", [0, 2**62]),
        changed(ARRAY, "shape", [True, 2]),
        changed(ARRAY, "values", 0, "1.0"),
        changed(ARRAY, "values", 0, True),
        changed(ARRAY, "values", 0, None),
        {"kind": "array", "dtype": "|u1", "shape": [1], "values": [256]},
        {"kind": "array", "dtype": "<M8[D]", "shape": [1], "values": [2**70]},
        changed(CSR, "class", "spmatrix"),
        changed(CSR, "shape", [3, 2]),
        changed(CSR, "shape", [2, 3]),
        changed(CSR, "indices", "values", 0, -1),
        changed(CSR, "indices", "values", 0, 3),
        changed(CSR, "indptr", "values", 1, 9),
        changed(CSR, "indptr", "values", 3, 2),
        changed(CSR, "data", ARRAY),
        changed(FRAME, "columns", 0, "values", "codes", "values", 0, 5),
        changed(FRAME, "columns", 0, "values", "codes", ARRAY),
        changed(FRAME, "columns", 0, "values", "kind", "extension"),
        changed(FRAME, "columns", 0, "values", "ordered", 2),
        changed(FRAME, "columns", [FRAME["columns"][0]] * 2),
        changed(ZONED, "columns", 0, "values", "zone", "../../etc/passwd"),
        changed(ZONED, "columns", 0, "values", "zone", "Nowhere/Else"),
        changed(ZONED, "columns", 0, "values", "values", ARRAY),
        changed(POLARS, "columns", 0, "dtype", "Object"),
        changed(POLARS, "columns", 0, "dtype", "Enum"),
        changed(POLARS, "columns", 0, "values", 0, "a"),
    ],
)
def test_another_form_is_refused(told: Any) -> None:
    with pytest.raises(DamagedModel, match="golden rows are damaged"):
        decoded(told)


@pytest.mark.parametrize(("told", "library"), [(FRAME, "pandas"), (POLARS, "polars")])
def test_a_frame_whose_library_is_missing_says_what_to_install(
    told: Any, library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(MissingDependency, match=f"pip install {library}"):
        decoded(told)
