"""An input is made to fit a signature: what stays, what is widened, what is refused and how."""

from __future__ import annotations

import datetime
import warnings

import estimators
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import sparse

from fitscribe.errors import FitscribeWarning, InvalidParameter
from fitscribe.modelfolder.datatypes import Array, DataType, Map, Object, Property
from fitscribe.modelfolder.enforce import Enforcement, enforce, enforce_params
from fitscribe.modelfolder.infer import infer_param_schema, infer_schema
from fitscribe.modelfolder.schema import ColSpec, Schema, TensorSpec

DATES = [datetime.datetime(2026, 1, 31, 12), datetime.datetime(2026, 2, 1)]
COLUMNS = {
    "flag": [True, False],
    "whole": [1, -2],
    "real": [0.5, np.nan],
    "text": ["a", "b"],
    "date": DATES,
}
# By numpy's name: what a number of it is in a schema, where MLflow has a name for it.
TYPES = {
    "int8": DataType.integer,
    "uint8": DataType.integer,
    "int16": DataType.integer,
    "uint16": DataType.integer,
    "int32": DataType.integer,
    "uint32": DataType.long,
    "int64": DataType.long,
    "float16": DataType.float,
    "float32": DataType.float,
    "float64": DataType.double,
}


def frame(**columns: object) -> pd.DataFrame:
    return pd.DataFrame(columns or COLUMNS)


def refused(data: object, schema: Schema) -> list[str]:
    """Return the lines of a refusal."""
    with pytest.raises(InvalidParameter) as caught:
        enforce(data, schema)
    head, *lines = str(caught.value).splitlines()
    assert head.startswith("Failed to enforce schema")
    return lines


# ---- what has the types stays as it is --------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        frame(),
        frame().astype({"whole": "Int64", "flag": "boolean", "text": "string"}),
        frame(kind=pd.Categorical(["x", "y"]), zoned=pd.to_datetime(DATES, utc=True)),
        frame(text=pd.Series(["a", "b"], dtype=object), raw=pd.Series([b"a", b"b"])),
        frame(lists=[[1.0], [2.0, 3.0]], dicts=[{"k": 1}, {"k": 2}]),
        frame(sparse=pd.arrays.SparseArray([0.0, 1.0])),
        pd.DataFrame([[1.0, 2.0]]),
        pd.DataFrame([[1.0, 2.0]], columns=pd.MultiIndex.from_tuples([("a", 1), ("b", 2)])),
        frame().convert_dtypes(dtype_backend="pyarrow"),
        pd.Series([1.0], name="x"),
        pl.DataFrame(COLUMNS),
        pl.DataFrame({"l": [[1], [2]], "s": [{"a": 1.0}, {"a": 2.0}], "c": ["u", "v"]}),
        pl.Series("x", [1.0]),
        pa.table(COLUMNS),
        pa.table({"d": pa.array(["x", "y"]).dictionary_encode(), "l": [[1], [2]]}),
        pa.RecordBatch.from_pydict({"a": [1.0]}),
        np.eye(3),
        np.array([["a", "b"]]),
        np.zeros((2, 3, 4), dtype=np.float32),
        np.array(DATES, dtype="datetime64[us]"),
        sparse.csr_matrix(np.eye(3)),
        sparse.csc_array(np.eye(3)),
        {"a": np.eye(2), "b": np.ones(3)},
        ["a text", "another"],
        [[1.0, 2.0], [3.0]],
        "a text",
        # What has no schema but `any`.
        {"a set"},
        (1, "a tuple"),
        np.array(1.0),
        pd.DataFrame([[1, 2]], columns=["a", "a"]),
        pd.DataFrame({"a": np.array([1], np.uint64), "b": [2 + 1j]}),
    ],
    ids=lambda data: type(data).__name__,
)
def test_an_input_of_the_kind_that_the_schema_came_from_is_returned_itself(data: object) -> None:
    check = Enforcement(infer_schema(data))
    assert check(data) is data
    assert check(data) is data  # by what is remembered of the kind


KEPT = st.sampled_from(["bool", "int32", "int64", "float32", "float64", "<U3"])


@given(st.data(), st.dictionaries(st.text(min_size=1, max_size=3), KEPT, min_size=1, max_size=5))
def test_a_frame_fits_its_own_signature_whatever_holds_it(
    data: st.DataObject, kinds: dict[str, str]
) -> None:
    rows = data.draw(st.integers(1, 4))
    texts = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=3)
    held = {
        name: data.draw(
            hnp.arrays(
                kind, rows, elements=texts if kind == "<U3" else hnp.from_dtype(np.dtype(kind))
            )
        )
        for name, kind in kinds.items()
    }
    columns = {
        name: array.tolist() if array.dtype.kind == "U" else array for name, array in held.items()
    }
    for make in (pd.DataFrame, pl.DataFrame, pa.table):
        table = make(columns)
        schema = infer_schema(table)
        assert enforce(table, schema) is table
        for other in (pd.DataFrame, pl.DataFrame, pa.table):
            another = other(columns)
            assert enforce(another, schema) is another


@pytest.mark.parametrize("name", estimators.cases())
def test_what_an_estimator_was_fitted_on_is_given_to_it_as_it_is(name: str) -> None:
    X, _ = estimators.data_for(name)
    assert Enforcement(infer_schema(X), records=True)(X) is X


def test_values_are_not_read_where_the_types_fit() -> None:
    # All rows are one in memory: to read them all would take an hour, to copy them 24 TB.
    endless = np.lib.stride_tricks.as_strided(np.zeros(3), (10**12, 3), (0, 8))
    assert enforce(endless, infer_schema(np.zeros((1, 3)))) is endless
    table = pd.DataFrame(endless, columns=["a", "b", "c"], copy=False)
    schema = infer_schema(frame(a=[0.0], b=[0.0], c=[0.0]))
    assert enforce(table, schema) is table
    assert enforce(endless, schema) is endless


def test_names_and_types_are_compared_once_for_each_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    from fitscribe.modelfolder import enforce as module

    matched = []
    match = module.match_columns

    def counted(*given: object) -> object:
        matched.append(given)
        return match(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "match_columns", counted)
    check = Enforcement(infer_schema(frame()))
    for _ in range(3):
        check(frame())
        check(pl.DataFrame(COLUMNS))
        check(frame()[["whole", "date", "flag", "text", "real"]])
    assert len(matched) == 3


# ---- names and order --------------------------------------------------------------------------


@given(st.permutations(list(COLUMNS)))
def test_named_columns_are_put_into_the_order_of_the_schema(order: list[str]) -> None:
    schema = infer_schema(frame())
    given_frame = frame()[order]
    pd.testing.assert_frame_equal(enforce(given_frame, schema), frame())
    assert list(given_frame.columns) == order
    assert enforce(pl.DataFrame(COLUMNS)[order], schema).columns == list(COLUMNS)
    table = enforce(pa.table(COLUMNS).select(order), schema)
    assert table.schema == pa.table(COLUMNS).schema
    assert table.drop(["real"]).equals(pa.table(COLUMNS).drop(["real"]))  # NaN is not NaN


def test_extra_columns_are_left_out_and_told_once() -> None:
    check = Enforcement(infer_schema(frame(a=[1.0])))
    with pytest.warns(FitscribeWarning, match=r"not: \['z'\]\. They are left out"):
        assert list(check(frame(z=[1], a=[2.0]))) == ["a"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert check(pl.DataFrame({"a": [2.0], "y": [1]})).columns == ["a"]


def test_optional_columns_may_be_missing_and_required_ones_may_not() -> None:
    schema = Schema([ColSpec("double", "a"), ColSpec("double", "b", required=False)])
    only = frame(a=[1.0])
    assert enforce(only, schema) is only
    assert refused(frame(b=[1.0]), schema) == ["Model is missing inputs ['a']."]


def test_a_column_that_is_there_twice_is_refused() -> None:
    twice = pd.DataFrame([[1.0, 2.0]], columns=["a", "a"])
    assert (
        "expected one of the name, found several"
        in refused(twice, infer_schema(frame(a=[1.0])))[0]
    )


@pytest.mark.parametrize("make", [np.asarray, sparse.csr_matrix, np.ndarray.tolist, pd.DataFrame])
def test_rows_without_names_go_by_position(make: object) -> None:
    schema = infer_schema(frame(a=[1.0], b=[1.0]))
    rows = np.array([[1.0, 2.0], [3.0, 4.0]])
    unnamed = Schema([ColSpec("double"), ColSpec("double")])
    for wanted in (unnamed,) if make is pd.DataFrame else (schema, unnamed):
        found = enforce(make(rows), wanted)  # type: ignore[operator]
        np.testing.assert_array_equal(
            found.toarray() if sparse.issparse(found) else np.asarray(found), rows
        )


def test_the_wrong_number_of_columns_is_told_with_both_numbers() -> None:
    schema = infer_schema(frame(a=[1.0], b=[1.0]))
    (line,) = refused(np.ones((4, 3)), schema)
    assert line == "- the array: expected shape (-1, 2), found shape (4, 3)"
    (line,) = refused(np.ones(2), schema)
    assert "one row is .reshape(1, -1)" in line
    assert refused([[1, 2], [3]], schema) == [
        "- the list: expected rows of 2 columns, found 1 values in row 1"
    ]
    assert refused(3, schema) == ["- the input: expected rows of 2 columns, found int"]


# ---- widening ---------------------------------------------------------------------------------


@given(
    st.data(), st.sampled_from(list(TYPES)), st.sampled_from([*TYPES.values(), DataType.boolean])
)
def test_numbers_are_widened_exactly_or_refused(
    data: st.DataObject, name: str, wanted: DataType
) -> None:
    found, target = np.dtype(name), wanted.to_numpy()
    array = data.draw(hnp.arrays(found, st.integers(1, 5), elements=hnp.from_dtype(found)))
    exact = _exact(array, target)
    for container in (pd.Series(array, name="x").to_frame(), array, pl.Series("x", array)):
        if isinstance(container, pl.Series) and name == "float16":
            continue  # polars 1.0 has none
        schema = Schema([ColSpec(wanted, "x")])
        if not exact:
            with pytest.raises(InvalidParameter):
                enforce(container, schema)
            continue
        made = np.asarray(enforce(container, schema)).ravel()
        assert made.dtype == target
        assert [_number(value) for value in made] == [_number(value) for value in array]


def _exact(array: np.ndarray, target: np.dtype) -> bool:
    """Whether a widening is one that may be done: of whole numbers, if each stays itself."""
    if target.kind == "b":
        return False
    if array.dtype.kind == "f":
        return target.kind == "f" and target.itemsize >= array.dtype.itemsize
    if target.kind == "f":
        return all(int(target.type(int(value))) == int(value) for value in array)
    bounds = np.iinfo(array.dtype), np.iinfo(target)
    return bounds[0].min >= bounds[1].min and bounds[0].max <= bounds[1].max


def _number(value: np.generic) -> object:
    """Return a number that equals only itself, NaN included."""
    number = value.item()
    return "nan" if number != number else number


@pytest.mark.parametrize("value", [2**53 + 1, -(2**63) + 1, 2**63 - 1])
def test_an_integer_that_no_double_holds_is_told_with_its_row(value: int) -> None:
    schema = Schema([ColSpec("double", "x")])
    held = {"x": [2**53, -(2**63), 2**60]}
    for make in (pd.DataFrame, pl.DataFrame, pa.table):
        made = enforce(make(held), schema)
        assert np.asarray(made["x"]).tolist() == [float(v) for v in held["x"]]
        (line,) = refused(make({"x": [1, value, 2]}), schema)
        assert "row 1 (a float of this size does not hold the integer exactly)" in line
    (line,) = refused(np.array([[1], [value]]), schema)
    assert "in row 1" in line
    (line,) = refused(sparse.csr_matrix(np.array([[0, 0], [0, value]])), _doubles(2))
    assert "in row 1" in line
    (line,) = refused([[1], [value]], schema)
    assert (
        line == "- column 'x': expected double, found int, of a value that "
        "double does not hold in row 1"
    )


def _doubles(count: int) -> Schema:
    return Schema([ColSpec("double") for _ in range(count)])


def test_nullable_integers_keep_their_missing_values() -> None:
    held = {"x": [1, None]}
    for optional, wanted in (("double", "float64"), ("long", "Int64")):
        schema = Schema([ColSpec(optional, "x", required=False)])
        made = enforce(pd.DataFrame(held, dtype="Int32"), schema)["x"]
        assert made.dtype == wanted
        assert made.isna().tolist() == [False, True]
    schema = Schema([ColSpec("long", "x", required=False)])
    made = enforce(pl.DataFrame(held, schema={"x": pl.Int32}), schema)
    assert made["x"].dtype == pl.Int64
    assert made["x"].to_list() == [1, None]
    made = enforce(pa.table({"x": pa.array([1, None], pa.int32())}), schema)
    assert made["x"].to_pylist() == [1, None]


def test_objects_become_what_their_values_are() -> None:
    schema = Schema([ColSpec("double", "x"), ColSpec("long", "n"), ColSpec("string", "t")])
    made = enforce(
        pd.DataFrame({"x": [1, None], "n": [1, 2], "t": ["a", "b"]}, dtype=object), schema
    )
    assert made.dtypes.astype(str).tolist() == ["float64", "int64", "object"]
    assert np.isnan(made["x"][1])
    array = enforce(np.array([[1, 2], [0.5, 3]], dtype=object), _doubles(2))
    assert array.dtype == np.float64
    mixed = Schema([ColSpec("double"), ColSpec("string")])
    rows = enforce([[1, "a"], [0.5, "b"]], mixed)
    assert rows.tolist() == [[1.0, "a"], [0.5, "b"]]


def test_columns_of_which_nothing_is_known_are_missing_values() -> None:
    schema = Schema([ColSpec("double", "x"), ColSpec("string", "t", required=False)])
    held = {"x": [None, None], "t": [None, None]}
    for make in (pd.DataFrame, pl.DataFrame, pa.table, dict):
        made = enforce(make(held), schema)
        assert np.isnan(np.asarray(made["x"], dtype=float)).all()
    (line,) = refused(pl.DataFrame(held), Schema([ColSpec("long", "x"), *schema.inputs[1:]]))
    assert line == "- column 'x': expected long, found no value in row 0"


def test_no_rows_are_rows() -> None:
    schema = infer_schema(frame(a=[1.0], b=[1.0]))
    assert enforce([], schema).shape == (0, 2)
    assert enforce(np.empty((0, 2), dtype=int), schema).dtype == np.float64
    assert enforce(pd.DataFrame(columns=["a", "b"]), schema).shape == (0, 2)


def test_an_input_is_not_changed_by_what_is_made_of_it() -> None:
    given_frame = pd.DataFrame({"b": [1, 2], "a": [1, 2]})
    before = given_frame.copy(deep=True)
    made = enforce(given_frame, Schema([ColSpec("double", "a"), ColSpec("double", "b")]))
    made.iloc[0, 0] = 7.0
    pd.testing.assert_frame_equal(given_frame, before)


# ---- refusals ---------------------------------------------------------------------------------


@given(st.sets(st.sampled_from(list(COLUMNS)), min_size=1))
def test_every_column_that_does_not_fit_is_told_and_no_other(broken: set[str]) -> None:
    schema = infer_schema(frame())
    wrong = {name: ["x", "y"] if name != "text" else [1, 2] for name in broken}
    for make in (pd.DataFrame, pl.DataFrame, pa.table, dict):
        lines = refused(make({**COLUMNS, **wrong}), schema)
        assert {line.split("'")[1] for line in lines} == broken
        assert len(lines) == len(broken)


def test_missing_columns_and_wrong_types_are_told_together() -> None:
    lines = refused(
        frame(text=["a", 1], whole=[1.0, np.nan], flag=[1, 0], real=[1, 2]), infer_schema(frame())
    )
    assert lines == [
        "Model is missing inputs ['date'].",
        "- column 'flag': expected boolean, found int64",
        "- column 'whole': expected long, found float64 in row 1 "
        "(NaN: a missing value makes integers floats)",
        "- column 'text': expected string, found int in row 1",
    ]


@pytest.mark.parametrize("kind", ["long", "boolean"])
def test_a_missing_value_of_a_required_column_is_told_with_its_row(kind: str) -> None:
    value = {"long": 1, "boolean": True}[kind]
    schema = Schema([ColSpec(kind, "x")])
    dtype = {"long": "Int64", "boolean": "boolean"}[kind]
    wanted = [f"- column 'x': expected {kind}, found no value in row 1"]
    held = {"x": [value, None]}
    assert refused(pd.DataFrame(held, dtype=dtype), schema) == wanted
    assert refused(pd.DataFrame(held, dtype=object), schema) == wanted
    assert refused(pl.DataFrame(held), schema) == wanted
    assert refused(pa.table(held), schema) == wanted
    assert refused(held, schema) == wanted
    optional = Schema([ColSpec(kind, "x", required=False)])
    assert enforce(pd.DataFrame(held, dtype=dtype), optional)["x"].isna().tolist() == [False, True]


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.table])
def test_missing_texts_dates_and_reals_are_for_the_model_to_refuse(make: type) -> None:
    schema = Schema([ColSpec(kind, kind) for kind in ("string", "datetime", "double", "binary")])
    held = {
        "string": ["a", None],
        "datetime": [DATES[0], None],
        "double": [0.5, None],
        "binary": [b"a", None],
    }
    data = make(held)
    assert enforce(data, schema) is data


def test_messages_do_not_hold_values() -> None:
    lines = refused(frame(x=["secret", 1]), Schema([ColSpec("long", "x")]))
    assert "secret" not in "".join(lines)


def test_a_frame_of_the_wrong_kind_does_not_fill_the_screen() -> None:
    names = [f"c{number}" for number in range(200)]
    schema = Schema([ColSpec("string", name) for name in names])
    lines = refused(pd.DataFrame(np.zeros((1, 200)), columns=names), schema)
    assert len(lines) == 51
    assert lines[-1] == "- and 150 more of these"


def test_a_bool_is_no_number_and_a_number_no_flag() -> None:
    for data in (frame(x=[True]), np.array([[True]]), [[True]], {"x": [True]}):
        assert len(refused(data, Schema([ColSpec("long", "x")]))) == 1
    for data in (frame(x=[1]), np.array([[1]]), [[1]], {"x": [1]}):
        assert len(refused(data, Schema([ColSpec("boolean", "x")]))) == 1


# ---- dicts, records, nested values ------------------------------------------------------------


def test_dicts_and_records_become_frames() -> None:
    schema = infer_schema(frame(a=[0.5], b=["x"]))
    wanted = frame(a=[1.0, 2.0], b=["x", "y"])
    for data in (
        {"b": ["x", "y"], "a": [1, 2]},
        {"b": np.array(["x", "y"]), "a": np.array([1, 2])},
        {"b": pd.Series(["x", "y"]), "a": (1, 2.0)},
        [{"a": 1, "b": "x"}, {"b": "y", "a": 2}],
    ):
        pd.testing.assert_frame_equal(enforce(data, schema), wanted, check_dtype=False)
    pd.testing.assert_frame_equal(
        enforce({"a": 1, "b": "x"}, schema), wanted[:1], check_dtype=False
    )
    (line,) = refused({"a": [1, 2], "b": ["x"]}, schema)
    assert line == "- the dict: expected as many values in each column, found 'a' has 2, 'b' has 1"


def test_records_stay_what_they_are_for_who_takes_them() -> None:
    check = Enforcement(infer_schema([{"a": 1.0, "t": "x"}, {"a": 2.0}]), records=True)
    for rows in ([{"a": 1.0}], [{"t": "y", "a": 3, "z": 1}]):
        assert check(rows) is rows
    with pytest.raises(InvalidParameter, match="column 'a': expected double, found str in row 1"):
        check([{"a": 1.0}, {"a": "x"}])
    assert isinstance(check({"a": [1.0], "t": ["x"]}), pd.DataFrame)


def test_nested_values_are_looked_at() -> None:
    schema = Schema(
        [
            ColSpec(Array("double"), "l"),
            ColSpec(Object([Property("k", "long"), Property("o", "string", False)]), "d"),
            ColSpec(Map("boolean"), "m"),
        ]
    )
    good = {"l": [[1, 2.5]], "d": [{"k": 1}], "m": [{"any": True}]}
    given_frame = pd.DataFrame(good)
    assert enforce(given_frame, schema) is given_frame
    assert enforce({"l": [1, 2.5], "d": {"k": 1}, "m": {}}, schema).shape == (1, 3)
    for name, value in {"l": ["x"], "d": {"k": 1, "z": 2}, "m": {"any": 1}}.items():
        (line,) = refused(pd.DataFrame({**good, name: [value]}), schema)
        assert line.startswith(f"- column '{name}'")


# ---- tensors ----------------------------------------------------------------------------------


def test_an_array_may_stand_for_a_list_of_lists() -> None:
    schema = infer_schema([[1.0, 2.0], [3.0]])
    rows = np.eye(3)
    assert enforce(rows, schema) is rows
    assert refused(np.array([["x"]]), schema) == [
        "- the array: expected Array(double), found ndarray in row 0"
    ]


def test_tensors_are_checked_for_rank_lengths_and_dtype() -> None:
    schema = Schema([TensorSpec(np.dtype("float32"), (-1, 2))])
    assert enforce(np.ones((3, 2), np.float16), schema).dtype == np.float32
    assert enforce([[1, 2.5]], schema).tolist() == [[1.0, 2.5]]
    assert enforce(frame(a=[1], b=[2]).astype("float32"), schema).shape == (1, 2)
    assert refused(np.ones((3, 4)), schema) == [
        "- the array: expected shape (-1, 2), found shape (3, 4)",
        "- the array: expected float32, found float64",
    ]
    assert "expected shape (-1, 2), found shape (2,)" in refused(np.ones(2, np.float32), schema)[0]
    assert "an array of float32, found str" in refused("x", schema)[0]
    assert enforce(sparse.csr_matrix(np.eye(2, dtype=np.float32)), schema).format == "csr"


def test_lists_become_arrays_of_dtypes_that_no_column_has() -> None:
    schema = infer_schema(np.array([1], np.uint64))
    assert enforce([1, 2**64 - 1], schema).dtype == np.uint64
    for wrong in ([-1], ["x"]):
        (line,) = refused(wrong, schema)
        assert "expected uint64, found objects that do not become it" in line


def test_frames_become_the_array_that_a_tensor_is() -> None:
    schema = infer_schema(np.eye(2))
    table = pd.DataFrame(np.eye(2), columns=["a", "b"])
    made = enforce(table, schema)
    assert np.shares_memory(made, table.to_numpy())
    for other in (pl.DataFrame({"a": [1.0], "b": [0.0]}), pa.table({"a": [1], "b": [0]})):
        assert enforce(other, schema).tolist() == [[1.0, 0.0]]


def test_named_tensors_are_a_dict() -> None:
    schema = infer_schema({"a": np.eye(2), "b": np.ones(3)})
    made = enforce({"b": [1, 2, 3], "a": np.eye(2)}, schema)
    assert made["b"].dtype == np.float64
    table = pd.DataFrame({"a": [[1.0, 0.0]], "b": [1.0]})
    assert enforce(table, schema)["a"].tolist() == [[1.0, 0.0]]
    assert refused({"a": np.ones((1, 3))}, schema) == [
        "Model is missing inputs ['b'].",
        "- tensor 'a': expected shape (-1, 2), found shape (1, 3)",
    ]
    assert "expected a dict of arrays ['a', 'b'], found ndarray" in refused(np.eye(2), schema)[0]
    with pytest.warns(FitscribeWarning, match="'z'"):
        assert list(enforce({"z": 1, **made}, schema)) == ["a", "b"]


# ---- params -----------------------------------------------------------------------------------


def test_params_are_checked_and_completed() -> None:
    schema = infer_param_schema({"k": 1, "w": 0.5, "names": ["a"]})
    assert enforce_params(None, schema) == {"k": 1, "w": 0.5, "names": ["a"]}
    assert enforce_params({"w": 2}, schema) == {"k": 1, "w": 2.0, "names": ["a"]}
    with pytest.raises(InvalidParameter) as caught:
        enforce_params({"k": "x", "w": True, "names": ["b"]}, schema)
    assert "'k'" in str(caught.value)
    assert "'w'" in str(caught.value)
    assert "'names'" not in str(caught.value)
    with pytest.warns(FitscribeWarning, match=r"no params \['z'\].*It takes k, w, names"):
        assert enforce_params({"z": 1}, schema)["k"] == 1
    with pytest.raises(InvalidParameter, match="a dict of name to value"):
        enforce_params([1], schema)
    with pytest.warns(FitscribeWarning, match="It takes none"):
        assert enforce_params({"z": 1}, None) == {}
