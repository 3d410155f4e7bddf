"""Requests as MLflow's scoring server takes them."""

from __future__ import annotations

import datetime
import json

import numpy as np
import pandas as pd
import pytest

from fitscribe.errors import InvalidParameter
from fitscribe.modelfolder.enforce import enforce
from fitscribe.modelfolder.example import convert_input_example_to_serving_input
from fitscribe.modelfolder.infer import infer_schema
from fitscribe.modelfolder.request import read_request
from fitscribe.modelfolder.schema import ColSpec, Schema

FRAME = pd.DataFrame(
    {
        "a": [0.5, 2.0],
        "n": [1, 2],
        "t": ["x", "y"],
        "b": [b"\x00\xff", b""],
        "d": [datetime.datetime(2026, 1, 31, 12), datetime.datetime(2026, 2, 1)],
    }
)
ROWS = [[1.0, 2.0], [3.0, 4.5]]


def test_an_example_that_was_sent_comes_in_as_it_was() -> None:
    schema = infer_schema(FRAME)
    for data, wanted in (
        (FRAME, schema),
        (np.array(ROWS), infer_schema(np.array(ROWS))),
        ({"p": np.array(ROWS), "q": np.array([1, 2])}, None),
    ):
        wanted = wanted or infer_schema(data)
        text = convert_input_example_to_serving_input((data, {"k": 1}))
        assert text is not None
        request = read_request(text, wanted)
        made = enforce(request.data, wanted)
        if data is FRAME:
            pd.testing.assert_frame_equal(made, FRAME, check_dtype=False)
        else:
            np.testing.assert_equal(made, data)
        assert request.params == {"k": 1}
    assert convert_input_example_to_serving_input(None) is None


@pytest.mark.parametrize(
    "body",
    [
        {"dataframe_split": {"columns": ["n", "a"], "data": [[1, 0.5], [2, 2]]}},
        {"dataframe_split": {"columns": ["n", "a"], "data": [[1, 0.5], [2, 2]], "index": [7, 8]}},
        {"dataframe_records": [{"a": 0.5, "n": 1}, {"n": 2, "a": 2}]},
        {"instances": [{"a": 0.5, "n": 1}, {"n": 2, "a": 2}]},
        {"inputs": {"a": [0.5, 2], "n": [1, 2]}, "other": "is ignored"},
    ],
)
def test_all_forms_of_a_table_are_the_same_frame(body: dict) -> None:
    schema = infer_schema(FRAME[["a", "n"]])
    for given in (body, json.dumps(body), json.dumps(body).encode()):
        pd.testing.assert_frame_equal(
            enforce(read_request(given, schema).data, schema), FRAME[["a", "n"]]
        )


@pytest.mark.parametrize("key", ["instances", "inputs"])
def test_rows_without_names_are_taken(key: str) -> None:
    for schema in (infer_schema(np.array(ROWS)), Schema([ColSpec("double"), ColSpec("double")])):
        assert enforce(read_request({key: ROWS}, schema).data, schema).tolist() == ROWS
    dates = Schema([ColSpec("datetime"), ColSpec("long")])
    made = enforce(read_request({key: [["2026-01-31", 1]]}, dates).data, dates)
    assert made.tolist() == [[datetime.datetime(2026, 1, 31), 1]]


def test_null_is_a_missing_value() -> None:
    schema = Schema([ColSpec("double", "a"), ColSpec("string", "t", required=False)])
    request = read_request({"dataframe_records": [{"a": None}, {"a": 1, "t": "x"}]}, schema)
    made = enforce(request.data, schema)
    assert made.isna().to_numpy().tolist() == [[True, True], [False, False]]


def test_without_a_schema_tables_are_frames_and_lists_are_arrays() -> None:
    split = {"dataframe_split": {"columns": ["a"], "data": [[1]]}}
    assert list(read_request(split, None).data.columns) == ["a"]
    assert read_request({"dataframe_split": {"data": [[1]]}}, None).data.shape == (1, 1)
    assert read_request({"inputs": ROWS}, None).data.shape == (2, 2)
    assert read_request({"inputs": {"a": [1, 2]}}, None).data["a"].tolist() == [1, 2]
    assert read_request({"inputs": "one text"}, None).data == "one text"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("{", "is no JSON"),
        ("[1]", "is a list"),
        ({"data": []}, r"has \['data'\]"),
        ({"inputs": [], "instances": []}, r"\['instances', 'inputs'\]"),
        ({"inputs": [], "params": [1]}, "params are an object"),
        ({"dataframe_split": [[1]]}, "dataframe_split has data, columns and index"),
        ({"dataframe_split": {"data": [[1]], "x": 1}}, "dataframe_split has data"),
        ({"dataframe_split": {"data": [1]}}, "a list of rows"),
        ({"dataframe_split": {"columns": ["a"], "data": [[1], [1, 2]]}}, "Row 1 .* has 2 values"),
        ({"dataframe_split": {"columns": ["a", "a"], "data": []}}, "there twice"),
        ({"dataframe_records": {"a": 1}}, "a list of objects"),
        ({"instances": {"a": 1}}, "a list of rows"),
        ({"inputs": {"d": ["yesterday"]}}, "'d' has texts that are not a date as"),
        ({"inputs": {"b": ["a"]}}, "'b' has texts that are not base64"),
    ],
)
def test_other_bodies_are_refused(body: object, message: str) -> None:
    schema = Schema([ColSpec("datetime", "d"), ColSpec("binary", "b")])
    with pytest.raises(InvalidParameter, match=message):
        read_request(body, schema)  # type: ignore[arg-type]
