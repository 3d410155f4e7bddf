"""Digests of columns: which column of a dataset differs."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse as sp
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.linear_model import LinearRegression

import fitscribe
import fitscribe.sklearn
from fitscribe.data import ColumnChange, changed_columns, from_numpy, from_pandas, from_polars
from fitscribe.entities import Dataset
from fitscribe.errors import InvalidParameter
from fitscribe.tracking.datasets import dataset_entity, digest_of
from fitscribe.tracking.digest_columns import MOST_COLUMNS, MOST_ODD_CELLS
from fitscribe.tracking.digest_values import TURNED

quick = settings(max_examples=60)
dtypes = st.one_of(
    hnp.floating_dtypes(),
    hnp.integer_dtypes(),
    hnp.boolean_dtypes(),
    hnp.datetime64_dtypes(endianness="="),
    hnp.unicode_string_dtypes(endianness="=", max_len=4),
    hnp.complex_number_dtypes(endianness="="),
)
tables = dtypes.flatmap(
    lambda dtype: hnp.arrays(
        dtype, hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=6)
    )
)
LABELS = list("abcdef")


def columns(data: Any) -> dict[str, str]:
    """Return the digest of each column of what `from_numpy` and the others describe."""
    if isinstance(data, pd.DataFrame):
        made = from_pandas(data)
    else:
        made = from_polars(data) if isinstance(data, pl.DataFrame) else from_numpy(data)
    found: dict[str, str] = made.profile["fitscribe.columns"]["features"]
    return found


def as_numpy(array: Any) -> Any:
    return array


def as_fortran(array: Any) -> Any:
    return np.asfortranarray(array)


def as_pandas(array: Any) -> Any:
    return pd.DataFrame(array, columns=LABELS[: array.shape[1]])


def as_polars(array: Any) -> Any:
    return pl.DataFrame({LABELS[place]: column for place, column in enumerate(array.T)})


@quick
@given(tables, st.data())
def test_a_change_of_a_cell_changes_the_digest_of_its_column_only(
    array: Any, data: st.DataObject
) -> None:
    place = tuple(data.draw(st.integers(0, length - 1)) for length in array.shape)
    changed = array.copy()
    changed[place] = data.draw(hnp.from_dtype(array.dtype))
    assume(changed.tobytes() != array.tobytes())
    for make in (as_numpy, as_fortran, lambda given: np.repeat(given, 2, axis=0)[::2]):
        before, after = columns(make(array)), columns(make(changed))
        assert [name for name in before if before[name] != after[name]] == [str(place[1])]
        assert set(map(len, before.values())) == {8}


@pytest.mark.parametrize("make", [as_numpy, as_fortran, as_pandas, as_polars])
@quick
@given(
    hnp.arrays(np.float64, st.tuples(st.integers(2, 5), st.integers(1, 6)), unique=True),
    st.randoms(use_true_random=False),
)
def test_the_order_of_rows_counts_and_that_of_columns_does_not(
    make: Callable[[Any], Any], array: Any, random: Any
) -> None:
    order = list(range(array.shape[1]))
    random.shuffle(order)
    before = list(columns(make(array)).values())
    assert list(columns(make(array[:, order])).values()) == [before[place] for place in order]
    turned = list(columns(make(array[::-1])).values())
    assert all(a != b for a, b in zip(before, turned, strict=True))


def test_a_column_has_one_digest_in_arrays_and_frames() -> None:
    array = np.random.default_rng(0).normal(size=(50, 3))
    names = ["a", "b", "c"]
    apart = {name: array[:, place].copy() for place, name in enumerate(names)}
    expected = list(columns(array).values())
    for same in (
        np.asfortranarray(array),
        np.repeat(array, 2, axis=1)[:, ::2],
        array.tolist(),
        pd.DataFrame(array, columns=names),
        pd.DataFrame(apart),
        pd.DataFrame({**apart, "d": ["x"] * 50})[names],
        pl.DataFrame(apart),
        pl.concat([pl.DataFrame(apart)[:7], pl.DataFrame(apart)[7:]], rechunk=False),
    ):
        assert list(columns(same).values()) == expected
    assert list(columns(array.astype(np.float32)).values()) != expected


def test_a_table_of_arrow_has_the_digests_of_a_frame_of_polars() -> None:
    frame = pl.DataFrame({"a": [1.5, 2.5, 3.5], "b": [1, 2, 3], "c": [7, 8, 9]})
    table = pa.concat_tables([frame[:1].to_arrow(), frame[1:].to_arrow()])
    assert table.column("a").num_chunks == 2
    digest = columns(frame)
    assert {name: columns(frame[[name]])[name] for name in digest} == digest
    assert columns_of_table(table) == digest


def columns_of_table(table: Any) -> dict[str, str]:
    found = digest_of(table)
    assert found is not None
    entity = dataset_entity(table, name="t", digest=found, source_tags={})
    read: dict[str, str] = json.loads(entity.profile or "")["fitscribe.columns"]["features"]
    return read


def test_every_cell_of_a_large_array_counts() -> None:
    array = np.zeros((2 * TURNED // (8 * 7) + 100, 7))
    assert array.nbytes > 2 * TURNED
    before = columns(array)
    assert len(set(before.values())) == 1
    for place in ((0, 0), (len(array) // 2, 3), (len(array) - 1, 6)):
        array[place] = 5e-324
        after = columns(array)
        assert [name for name in after if after[name] != before[name]] == [str(place[1])]
        assert after == columns(np.asfortranarray(array))
        array[place] = 0


def test_missing_texts_and_times_of_frames_count() -> None:
    times = pd.to_datetime(["2020-01-01", "2021-01-01", None])
    frame = pd.DataFrame({"t": ["x", None, "z"], "d": times, "i": pd.array([1, None, 3])})
    other = frame.copy()
    other.loc[1, "t"] = "y"
    for make in (as_is, pl.from_pandas):
        before, after = columns(make(frame)), columns(make(other))
        assert [name for name in before if before[name] != after[name]] == ["t"]
    moved = frame.assign(d=frame["d"] + pd.Timedelta(days=1))
    assert [n for n, d in columns(moved).items() if d != columns(frame)[n]] == ["d"]


def as_is(frame: Any) -> Any:
    return frame


def test_columns_of_one_label_are_told_apart() -> None:
    frame = pd.DataFrame(np.arange(6.0).reshape(2, 3), columns=["a", "a", "b"])
    assert list(columns(frame)) == ["a", "a.1", "b"]


def test_sparse_columns_have_digests_and_sparse_rows_say_that_they_have_none() -> None:
    dense = np.diag([1.0, 2.0, 3.0])
    before = columns(sp.csc_matrix(dense))
    dense[0, 1] = 7.0
    after = columns(sp.csc_matrix(dense))
    assert [name for name in before if before[name] != after[name]] == ["1"]
    assert (
        left_out(sp.csr_matrix(dense))
        == "a sparse matrix of the format csr; one in columns (csc) has"
    )


def left_out(data: Any) -> str:
    profile = from_numpy(data).profile
    assert "fitscribe.columns" not in profile
    reason: str = profile["fitscribe.columns_left_out"]["features"]
    return reason


def test_what_has_no_digests_of_columns_says_so(tmp_path: Any) -> None:
    assert left_out(np.zeros((2, MOST_COLUMNS + 1))).startswith("257 columns")
    assert len(columns(np.zeros((2, MOST_COLUMNS)))) == MOST_COLUMNS
    assert left_out(np.zeros((2, 2, 2))) == "3 dimensions"
    mapped = np.memmap(tmp_path / "data", dtype=np.float64, mode="w+", shape=(10, 2))
    assert left_out(mapped).startswith("a memory map")
    objects = np.full((MOST_ODD_CELLS // 2 + 1, 2), None, dtype=object)
    assert "object" in left_out(objects)
    assert list(columns(objects[:5])) == ["0", "1"]


# Comparing


def test_which_column_changed_of_two_runs(home: Any) -> None:
    fitscribe.sklearn.autolog(silent=True)
    try:
        X = np.random.default_rng(0).normal(size=(40, 3))
        frame, y = pd.DataFrame(X, columns=["age", "pay", "zip"]), pd.Series(X[:, 0], name="cost")
        seen = [
            fitted(frame, y),
            fitted(frame.assign(pay=frame["pay"] * 2), y),
            fitted(frame[["zip", "age", "pay"]], y),
            fitted(frame[["age", "pay"]].assign(new=1.0), y + 1),
            fitted(X, y.to_numpy()),
        ]
    finally:
        fitscribe.sklearn.autolog(disable=True)
    first = seen[0]
    assert changed_columns(first, first) == []
    assert changed_columns(first, seen[1]) == [ColumnChange("pay", "changed")]
    assert seen[2].digest != first.digest
    assert changed_columns(first, seen[2]) == []
    assert changed_columns(first, seen[3]) == [
        ColumnChange("new", "added"),
        ColumnChange("zip", "removed"),
        ColumnChange("cost", "changed", "targets"),
    ]
    of_array = json.loads(seen[4].profile or "")["fitscribe.columns"]
    of_frame = json.loads(first.profile or "")["fitscribe.columns"]
    assert list(of_array["features"].values()) == list(of_frame["features"].values())
    assert of_array["targets"]["0"] == of_frame["targets"]["cost"]


def fitted(X: Any, y: Any) -> Dataset:
    LinearRegression().fit(X, y)
    run = fitscribe.last_active_run()
    assert run is not None
    return run.inputs.dataset_inputs[0].dataset


def test_datasets_without_digests_of_columns_cannot_be_compared() -> None:
    wide = from_numpy(np.zeros((2, MOST_COLUMNS + 1))).to_entity()
    narrow = from_numpy(np.zeros((2, 2))).to_entity()
    with pytest.raises(InvalidParameter, match="257 columns"):
        changed_columns(narrow, wide)
    foreign = Dataset("other", "abc", "code", "{}", None, None)
    with pytest.raises(InvalidParameter, match="other"):
        changed_columns(foreign, narrow)


def test_data_given_to_a_fitted_model_have_digests_of_columns_where_these_cost_little(
    home: Any,
) -> None:
    fitscribe.sklearn.autolog(silent=True)
    try:
        X = np.random.default_rng(0).normal(size=(20_000, 3))
        y = X[:, 0].copy()
        model = LinearRegression().fit(X, y)
        small, large, in_columns = X[:100] + 1, X + 1, np.asfortranarray(X + 2)
        model.score(small, y[:100])
        model.score(large, y)
        model.score(in_columns, y)
        fitscribe.flush()
    finally:
        fitscribe.sklearn.autolog(disable=True)
    (run,) = fitscribe.search_runs(output_format="list")
    inputs = [one.dataset for one in run.inputs.dataset_inputs]
    profiles = {one.name: json.loads(one.profile or "") for one in inputs}
    assert set(profiles) == {"X", "small", "large", "in_columns"}
    told = {name for name, profile in profiles.items() if "fitscribe.columns" in profile}
    assert told == {"X", "small", "in_columns"}
    why = profiles["large"]["fitscribe.columns_left_out"]["features"]
    assert why == "an array in C order of 480,000 bytes, given to a fitted model"
