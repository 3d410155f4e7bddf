"""Input examples: their JSON forms, which are MLflow's, and what is read back."""

from __future__ import annotations

import base64
import datetime
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import sparse

from fitscribe.errors import InvalidParameter, MissingDependency, NotFound
from fitscribe.modelfolder.example import read_example, read_example_params, write_example
from fitscribe.modelfolder.infer import infer_signature
from fitscribe.modelfolder.mlmodel import Model

NOON = datetime.datetime(2026, 1, 31, 12)


def written(example: Any) -> tuple[dict[str, Any], Any, dict[str, Any]]:
    """Return what the MLmodel says of an example, its JSON, and the request's."""
    info, files = write_example(example)
    assert list(files) == ["input_example.json", "serving_input_example.json"]
    assert info["artifact_path"] == "input_example.json"
    assert info["serving_input_path"] == "serving_input_example.json"
    return info, *(json.loads(content, parse_constant=pytest.fail) for content in files.values())


def put(folder: Path, example: Any, data: Any = None) -> Model:
    """Write an example to a folder and return its MLmodel, with the signature of `data`."""
    info, files = write_example(example)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    signature = infer_signature(example if data is None else data)
    return Model(saved_input_example_info=info, signature=signature)


def back(folder: Path, example: Any) -> Any:
    """Return an example after it was written and read."""
    return read_example(folder, put(folder, example))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return one folder for all the examples that Hypothesis makes."""
    return tmp_path_factory.mktemp("model")


# ---- frames -----------------------------------------------------------------------------------


def test_a_frame_is_split_into_columns_and_rows() -> None:
    frame = pd.DataFrame({"a": [1, 2], "b": [1.5, np.nan], "c": ["x", None]}, index=[7, 9])
    info, data, request = written(frame)
    assert info == {
        "artifact_path": "input_example.json",
        "pandas_orient": "split",
        "serving_input_path": "serving_input_example.json",
        "type": "dataframe",
    }
    assert data == {"columns": ["a", "b", "c"], "data": [[1, 1.5, "x"], [2, None, None]]}
    assert request == {"dataframe_split": data}


def test_columns_that_are_only_numbered_are_not_named() -> None:
    info, data, request = written(pd.DataFrame([[1, 2.5], [3, 4.5]]))
    assert info["pandas_orient"] == "values"
    assert data == {"data": [[1, 2.5], [3, 4.5]]}
    assert request == {"dataframe_split": data}


def test_each_column_of_a_frame_keeps_its_type() -> None:
    frame = pd.DataFrame(
        {
            "whole": [2**53 + 1, 2],  # would be another number as a float
            "real": [0.5, 1.0],
            "flag": [True, False],
            "nullable": pd.array([1, None], "Int64"),
            "category": pd.Categorical(["x", None]),
            "time": pd.to_datetime(["2026-01-31 12:00", None]),
            "bytes": [b"abc", b""],
            "lists": [[1, 2], []],
            "arrays": [np.array([1.5]), np.array([np.nan])],
            "dicts": [{"k": NOON.date()}, {"k": None}],
        }
    )
    _, data, _ = written(frame)
    assert data["data"] == [
        [2**53 + 1, 0.5, True, 1, "x", "2026-01-31T12:00:00", "YWJj\n", [1, 2], [1.5],
         {"k": "2026-01-31"}],
        [2, 1.0, False, None, None, None, "", [], [None], {"k": None}],
    ]  # fmt: skip
    assert isinstance(data["data"][1][1], float)


def test_labels_are_those_of_the_schema() -> None:
    labels = ["a", 0, np.int64(1), ("b", 2), 1.5, True]
    frame = pd.DataFrame([[1.0] * 6], columns=pd.Index(labels, dtype=object))
    _, data, _ = written(frame)
    names = [form["name"] for form in json.loads(infer_signature(frame).inputs.to_json())]
    assert data["columns"] == names == ["a", 0, 1, ["b", 2], "1.5", "True"]


def test_a_frame_comes_back_with_its_types(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "i4": np.array([1, 2], "i4"),
            "i8": [2**53 + 1, 2],
            "f4": np.array([1, np.nan], "f4"),
            "f8": [1.0, 2.0],
            "b": [True, False],
            "s": ["x", "y"],
            "t": pd.to_datetime(["2026-01-31 12:00", None]),
            "by": pd.Series([b"\x00\xff", b""], dtype=object),
            ("m", 1): [1, 2],
        }
    )
    pd.testing.assert_frame_equal(back(tmp_path, frame), frame)


def test_a_frame_without_column_names_comes_back(tmp_path: Path) -> None:
    frame = pd.DataFrame(np.arange(6.0).reshape(3, 2))
    pd.testing.assert_frame_equal(back(tmp_path, frame), frame)


def test_a_frame_of_polars_is_written_as_one_of_pandas(tmp_path: Path) -> None:
    frame = pl.DataFrame({"a": [1, None], "b": [float("nan"), 2.5], "t": [NOON, None]})
    info, data, request = written(frame)
    assert info["type"] == "dataframe"
    assert info["pandas_orient"] == "split"
    assert data == {
        "columns": ["a", "b", "t"],
        "data": [[1, None, "2026-01-31T12:00:00"], [None, 2.5, None]],
    }
    assert request == {"dataframe_split": data}
    found = back(tmp_path, frame)
    assert found["t"].dtype.kind == "M"
    assert found["b"].tolist()[1] == 2.5


def test_an_arrow_table_is_written_as_a_frame(tmp_path: Path) -> None:
    table = pa.table({"a": pa.array([1, 2], pa.int32()), "b": [None, 2.5], "t": [NOON, None]})
    info, data, request = written(table)
    assert info["type"] == "dataframe"
    assert data == {
        "columns": ["a", "b", "t"],
        "data": [[1, None, "2026-01-31T12:00:00"], [2, 2.5, None]],
    }
    assert request == {"dataframe_split": data}
    assert back(tmp_path, table)["a"].dtype == np.int32


def test_a_series_is_a_frame_of_one_column() -> None:
    assert written(pd.Series([1, 2], name="a"))[1] == {"columns": ["a"], "data": [[1], [2]]}
    assert written(pd.Series([1, 2]))[1] == {"data": [[1], [2]]}
    assert written(pl.Series("a", [1, 2]))[1] == {"columns": ["a"], "data": [[1], [2]]}


# ---- arrays -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (np.array([[1.5, 2.0]]), [[1.5, 2.0]]),
        (np.array([1, 2], "u1"), [1, 2]),
        (np.array([True]), [True]),
        (np.array([np.nan, np.inf, -np.inf, 1.0]), [None, None, None, 1.0]),
        (np.array([1.5], np.longdouble), [1.5]),
        (np.array(["a", "b"]), ["a", "b"]),
        (np.array([b"abc"]), ["YWJj\n"]),
        (np.array(["a", None, 1.5, np.nan], object), ["a", None, 1.5, None]),
        (np.array(["2026-01-31", "NaT"], "M8[D]"), ["2026-01-31", None]),
        (np.array(["2026-01-31T12"], "M8[ns]"), ["2026-01-31T12:00:00.000000000"]),
        (np.array(1.5), 1.5),
        (np.zeros((0, 2)), []),
    ],
)
def test_an_array_is_nested_lists(array: Any, expected: Any) -> None:
    info, data, request = written(array)
    assert info["type"] == "ndarray"
    assert "pandas_orient" not in info
    assert data == expected
    assert request == {"inputs": expected}


@given(
    array=hnp.arrays(
        hnp.boolean_dtypes() | hnp.integer_dtypes() | hnp.unsigned_integer_dtypes(),
        hnp.array_shapes(max_dims=3),
    )
    | hnp.arrays(
        hnp.floating_dtypes(sizes=(16, 32, 64)),
        hnp.array_shapes(max_dims=3),
        elements={"allow_infinity": False},
    )
)
def test_an_array_comes_back_with_its_dtype(folder: Path, array: np.ndarray[Any, Any]) -> None:
    found = back(folder, array)
    assert found.dtype == array.dtype.newbyteorder("=")
    np.testing.assert_array_equal(found, array)


@pytest.mark.parametrize(
    "array",
    [
        np.array(["a", "bc"]),
        np.array(["2026-01-31", "NaT"], "M8[D]"),
        np.array(["2026-01-31T12:00:00.123456789"], "M8[ns]"),
        np.array(["a", None, 2], object),
        np.array([b"abc\x00d", b""]),
        np.ones((1, 2, 3), "f4"),
    ],
)
def test_arrays_of_other_things_than_numbers_come_back(tmp_path: Path, array: Any) -> None:
    found = back(tmp_path, array)
    assert found.dtype == array.dtype
    np.testing.assert_array_equal(found, array)


def test_a_dict_of_arrays_comes_back(tmp_path: Path) -> None:
    example = {"a": np.ones((2, 3), "f4"), "b": np.array([1, 2], "i2")}
    info, data, request = written(example)
    assert info["type"] == "ndarray"
    assert request == {"inputs": data}
    found = back(tmp_path, example)
    assert list(found) == ["a", "b"]
    for name, array in example.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


def test_an_array_named_as_a_request_s_key_comes_back(tmp_path: Path) -> None:
    found = back(tmp_path, {"inputs": np.ones(2)})
    np.testing.assert_array_equal(found["inputs"], np.ones(2))


@pytest.mark.parametrize("key", ["inputs", "instances"])
def test_the_request_that_mlflow_2_wrote_is_read(tmp_path: Path, key: str) -> None:
    model = put(tmp_path, np.ones((2, 2), "f4"))
    (tmp_path / "input_example.json").write_text(json.dumps({key: [[1.0, 2.0]]}))
    model.saved_input_example_info["format"] = "tf-serving"
    found = read_example(tmp_path, model)
    np.testing.assert_array_equal(found, np.array([[1, 2]], "f4"))


@pytest.mark.parametrize("container", [sparse.coo_matrix, sparse.coo_array])
@pytest.mark.parametrize(
    ("format", "kept"), [("csr", "csr"), ("csc", "csc"), ("coo", "csr"), ("lil", "csr")]
)
def test_a_sparse_matrix_is_its_three_arrays(
    tmp_path: Path, container: Any, format: str, kept: str
) -> None:
    dense = np.array([[0.0, 1.5], [2.0, 0.0], [0.0, 0.0]])
    matrix = container(dense).asformat(format)
    info, data, request = written(matrix)
    assert info["type"] == f"sparse_matrix_{kept}"
    assert data["shape"] == [3, 2]
    assert sorted(data) == ["data", "indices", "indptr", "shape"]
    assert data["data"] == ([1.5, 2.0] if kept == "csr" else [2.0, 1.5])
    assert request == {"inputs": dense.tolist()}
    found = back(tmp_path, matrix)
    assert found.format == kept
    assert found.dtype == matrix.dtype
    np.testing.assert_array_equal(found.toarray(), dense)


def test_a_sparse_matrix_of_small_numbers_keeps_its_dtype(tmp_path: Path) -> None:
    matrix = sparse.csr_matrix(np.eye(2, dtype="f4"))
    assert back(tmp_path, matrix).dtype == np.float32


# ---- plain values -----------------------------------------------------------------------------

plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(example=plain.filter(lambda data: data is not None))
def test_plain_data_comes_back(folder: Path, example: Any) -> None:
    info, data, request = written(example)
    assert info["type"] == "json_object"
    assert data == example
    assert request == {"inputs": example}
    assert back(folder, example) == example


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (float("nan"), None),
        (float("inf"), None),
        (np.float32(1.5), 1.5),
        (np.float64("nan"), None),
        (np.int8(3), 3),
        (np.bool_(True), True),
        (np.str_("a"), "a"),
        (np.datetime64("2026-01-31"), "2026-01-31"),
        (np.datetime64("NaT"), None),
        (pd.NA, None),
        (pd.NaT, None),
        (pd.Timestamp(NOON), "2026-01-31T12:00:00"),
        (NOON, "2026-01-31T12:00:00"),
        (NOON.date(), "2026-01-31"),
        (NOON.time(), "12:00:00"),
        ((1, 2), [1, 2]),
        ({1: "a", "b": (2,)}, {"1": "a", "b": [2]}),
        ([{"a": np.ones(1)}], [{"a": [1.0]}]),
        ({"a": np.ones(1), "b": "x"}, {"a": [1.0], "b": "x"}),
        ({}, {}),
    ],
)
def test_values_that_json_has_no_name_for(value: Any, expected: Any) -> None:
    info, data, _ = written(value)
    assert info["type"] == "json_object"
    assert data == expected
    assert written([value])[1] == [expected]


def test_bytes_are_base64() -> None:
    _, data, _ = written({"a": b"\x00\xff" * 50})
    assert base64.decodebytes(data["a"].encode()) == b"\x00\xff" * 50


@pytest.mark.parametrize(
    "example",
    [
        1j,
        np.array([1j]),
        np.complex64(1),
        object(),
        {1, 2},
        [object()],
        {"a": {"b": len}},
        pd.DataFrame({"a": [{1}]}),
        datetime.timedelta(1),
        np.timedelta64(1, "s"),
        pd.DataFrame({"a": [pd.Timedelta(1)]}),
    ],
)
def test_what_json_cannot_hold_is_refused(example: Any) -> None:
    with pytest.raises(InvalidParameter, match=r"written as JSON, which cannot hold a \w+"):
        write_example(example)


# ---- params and files -------------------------------------------------------------------------


def test_params_stand_beside_the_data(tmp_path: Path) -> None:
    X = np.ones((2, 2))
    params = {"k": np.int64(3), "names": ["a"], "since": NOON}
    info, data, request = written((X, params))
    kept = {"k": 3, "names": ["a"], "since": "2026-01-31T12:00:00"}
    assert info["params"] == "true"
    assert info["type"] == "ndarray"
    assert data == {"inputs": X.tolist(), "params": kept}
    assert request == {"inputs": X.tolist(), "params": kept}
    model = put(tmp_path, (X, params), X)
    np.testing.assert_array_equal(read_example(tmp_path, model), X)
    assert read_example_params(tmp_path, model) == kept


def test_params_beside_a_frame(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": [1.5]})
    _, data, request = written((frame, {}))
    assert data == {"inputs": {"columns": ["a"], "data": [[1.5]]}, "params": {}}
    assert request == {"dataframe_split": data["inputs"], "params": {}}
    model = put(tmp_path, (frame, {}), frame)
    pd.testing.assert_frame_equal(read_example(tmp_path, model), frame)
    assert read_example_params(tmp_path, model) == {}


def test_a_tuple_of_two_without_a_dict_is_data() -> None:
    assert written((1, 2))[1] == [1, 2]
    assert written(({"a": 1}, {"a": 2}, {}))[1] == [{"a": 1}, {"a": 2}, {}]


def test_a_model_without_example_has_none(tmp_path: Path) -> None:
    assert read_example(tmp_path, Model()) is None
    assert read_example_params(tmp_path, Model()) is None
    assert read_example_params(tmp_path, put(tmp_path, [1])) is None


def test_a_missing_file_is_named_and_no_other_folder_is_looked_at(tmp_path: Path) -> None:
    model = put(tmp_path, [1])
    (tmp_path / "model").mkdir()
    model.saved_input_example_info["artifact_path"] = "../input_example.json"
    with pytest.raises(NotFound, match=r"input_example\.json' is missing"):
        read_example(tmp_path / "model", model)


def test_a_file_that_is_no_json_is_refused_by_its_name(tmp_path: Path) -> None:
    model = put(tmp_path, [1])
    (tmp_path / "input_example.json").write_text("[1")
    with pytest.raises(InvalidParameter, match=r"input_example\.json' cannot be read"):
        read_example(tmp_path, model)


def test_a_frame_without_pandas_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = put(tmp_path, pl.DataFrame({"a": [1]}))
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingDependency, match="pip install pandas"):
        read_example(tmp_path, model)


def test_columns_that_the_example_lacks_are_passed_over(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": np.array([1], "f4")})
    model = put(tmp_path, frame, frame.assign(b=[1]))
    pd.testing.assert_frame_equal(read_example(tmp_path, model), frame)


def test_an_example_is_not_changed() -> None:
    frame = pd.DataFrame({"a": [1, 2]})
    array = np.array([[1.0, np.nan]])
    before = frame.copy(), array.copy()
    write_example(frame)
    write_example(array)
    pd.testing.assert_frame_equal(frame, before[0])
    np.testing.assert_array_equal(array, before[1])
