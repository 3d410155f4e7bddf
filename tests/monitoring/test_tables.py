"""Every container of columns is read, and odd data fail nothing."""

from __future__ import annotations

import datetime
import tracemalloc
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse
from containers import FRAMES, columns, odd_columns
from likeness import alike, by_name

from fitscribe.errors import InvalidParameter
from fitscribe.monitoring.column import Levels
from fitscribe.monitoring.moments import Moments
from fitscribe.monitoring.profile import Profile, profile_of, profile_on

# ---- containers -------------------------------------------------------------------------------


def test_columns_of_every_kind() -> None:
    profile = profile_of(pd.DataFrame(columns()))
    found = by_name(profile)
    assert {name: column.kind for name, column in found.items()} == {
        "number": "number",
        "gaps": "number",
        "integer": "integer",
        "identifier": "identifier",
        "boolean": "boolean",
        "text": "text",
        "free": "text",
        "datetime": "datetime",
    }
    assert (found["gaps"].missing, found["gaps"].moments.count) == (24, 96)
    assert found["text"].levels is not None
    assert sorted(found["text"].levels.values) == ["blue", "green", "red"]
    assert (found["free"].bins, found["free"].levels) == (None, None)
    assert found["free"].moments.minimum == len("a remark, the 0th")
    assert found["datetime"].moments.minimum == pd.Timestamp("2024-03-01").timestamp()
    assert (found["identifier"].moments.minimum, found["identifier"].levels) == (None, None)


@pytest.mark.parametrize("name", FRAMES)
def test_every_container_says_the_same(name: str) -> None:
    data = FRAMES[name](columns())
    expected = profile_of(pd.DataFrame(columns()))
    profile = profile_of(data)
    for found, wanted in zip(profile.inputs, expected.inputs, strict=True):
        assert {**vars(found), "name": ""} == {**vars(wanted), "name": ""}
    assert Profile.from_json(profile.to_json()) == profile
    # Whatever a reference was made of, later data may come in any container.
    alike(profile_on(profile, data), profile)
    alike(profile_on(expected, data), expected)


@pytest.mark.parametrize("container", [pd.Series, pl.Series, pa.array, np.array, list])
def test_one_column_is_enough(container: Any) -> None:
    (column,) = profile_of(container([1.5, 2.5] * 10)).inputs
    assert column.levels == Levels((1.5, 2.5), (10, 10), 0)


@pytest.mark.parametrize(
    "column",
    [
        pd.Series(["x", "y", None] * 10, dtype="category"),
        pl.Series(["x", "y", None] * 10, dtype=pl.Categorical),
        pl.Series(["x", "y", None] * 10, dtype=pl.Enum(["x", "y", "z"])),
        pa.array(["x", "y", None] * 10).dictionary_encode(),
    ],
    ids=["pandas", "polars", "Enum", "Arrow"],
)
def test_categories_are_texts_by_another_name(column: Any) -> None:
    (found,) = profile_of(column).inputs
    assert (found.kind, found.missing) == ("category", 10)
    assert found.levels == Levels(("x", "y"), (10, 10), 0)
    window = profile_on(profile_of(column), pd.Series(["x", "z"]))
    assert window.inputs[0].levels == Levels(("x", "y"), (1, 0), 1)


@pytest.mark.parametrize(
    "column",
    [
        pd.Series(pd.arrays.SparseArray([0.0, 1.5, np.nan] * 10)),
        pd.Series([0.0, 1.5, None] * 10, dtype=object),
        pl.Series([0.0, 1.5, None] * 10, dtype=pl.Object),
        pl.Series([0.0, 1.5, None] * 10, dtype=pl.Float32),
        pl.Series([Decimal("0.0"), Decimal("1.5"), None] * 10),
        pa.array([0.0, 1.5, None] * 10).dictionary_encode(),
        pa.array([Decimal("0"), Decimal("1.5"), None] * 10),
        np.array([0.0, 1.5, np.nan] * 10, dtype=np.float16),
        [Decimal("0"), np.float32(1.5), None] * 10,
    ],
    ids=lambda column: f"{type(column).__module__}-{getattr(column, 'dtype', '')}",
)
def test_numbers_may_be_kept_in_many_ways(column: Any) -> None:
    (found,) = profile_of(column).inputs
    assert (found.kind, found.missing, found.moments.mean) == ("number", 10, 0.75)
    assert found.levels == Levels((0.0, 1.5), (10, 10), 0)


@pytest.mark.parametrize("gap", [None, np.nan, pd.NA, pd.NaT, Decimal("NaN"), np.float32("nan")])
def test_whatever_is_missing_is_missing_among_objects(gap: Any) -> None:
    for values, kind in (
        (["a", "b"], "text"),
        ([1.5, 2.5], "number"),
        ([True, False], "boolean"),
        ([datetime.date(2024, 1, 1), datetime.datetime(2024, 1, 2)], "datetime"),
        ([(), {}], "other"),
    ):
        column = np.empty(3, dtype=object)
        column[:] = [*values, gap]
        (found,) = profile_of(column).inputs
        assert (found.kind, found.missing, found.unlike) == (kind, 1, 0)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns", "ps"])
def test_parts_of_seconds_count_and_no_time_is_missing(unit: str) -> None:
    times = np.array(["1969-12-31T23:59:59.5", "1970-01-01T00:00:00.25", "NaT"], f"M8[{unit}]")
    (found,) = profile_of(times).inputs
    expected = (-1.0, 0.0) if unit == "s" else (-0.5, 0.25)
    assert (found.kind, found.missing) == ("datetime", 1)
    assert (found.moments.minimum, found.moments.maximum) == expected


def test_days_are_times() -> None:
    days = [datetime.date(1960, 1, 1) + datetime.timedelta(days=day) for day in range(20)]
    expected = profile_of(days)
    assert expected.inputs[0].kind == "datetime"
    assert expected.inputs[0].moments.minimum == -315_619_200.0
    for column in (
        pa.array(days),
        pa.array(days, pa.date64()),
        pl.Series(days),
        np.array(days, "M8[D]"),
        pd.Series(pd.array(days, dtype=pd.ArrowDtype(pa.date32()))),
    ):
        assert profile_of(column) == expected


def test_categories_of_a_class_of_the_users_are_not_asked() -> None:
    class Colour:
        def __str__(self) -> str:
            raise RuntimeError("asked")

    column = pd.Series(pd.Categorical.from_codes([0, -1, 0], categories=[Colour()]))
    (found,) = profile_of(column).inputs
    assert (found.kind, found.missing) == ("other", 1)
    ages = pd.Series(pd.Categorical([1, 2] * 10))
    assert profile_of(ages).inputs[0].levels == Levels(("1", "2"), (10, 10), 0)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "UTC"])
@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_times_are_seconds_of_utc(zone: str, unit: str) -> None:
    times = pd.Series(pd.date_range("2024-01-01", periods=30, freq="h", tz=zone, unit=unit))
    frame = pd.DataFrame({"time": times})
    expected = profile_of(frame)
    assert expected.inputs[0].moments.minimum == times[0].timestamp()
    alike(profile_of(pa.Table.from_pandas(frame)), expected)
    alike(profile_of(pl.from_pandas(frame)), expected)
    alike(profile_of(frame.astype(object)), expected)


def test_columns_with_one_label_are_told_apart() -> None:
    frame = pd.DataFrame([[1.0, 2.0, 3.0]], columns=["a", "a", ("b", 1)])
    assert [c.name for c in profile_of(frame).inputs] == ["a", "a.1", "('b', 1)"]


def test_masked_cells_are_missing() -> None:
    (column,) = profile_of(np.ma.array([1, 2, 3], mask=[False, True, False])).inputs
    assert (column.missing, column.moments.mean) == (1, 2.0)


@pytest.mark.parametrize("form", ["csr", "csc", "coo", "lil", "dok", "bsr", "dia"])
@pytest.mark.parametrize("sample_rows", [50, 1000])
def test_a_sparse_matrix_is_what_it_stands_for(form: str, sample_rows: int) -> None:
    matrix = scipy.sparse.random(90, 6, 0.4, format="csr", random_state=0)
    matrix.data[::9] = np.nan
    matrix.data[1::9] = np.inf
    matrix.data[2::9] *= -1
    sparse, dense = matrix.asformat(form), matrix.toarray()
    expected = profile_of(dense, sample_rows=sample_rows)
    alike(profile_of(sparse, sample_rows=sample_rows), expected)
    alike(profile_on(expected, sparse), profile_on(expected, dense))


def test_a_sparse_matrix_is_never_made_dense() -> None:
    matrix = scipy.sparse.random(1_000_000, 40, 0.0005, format="csc", random_state=0)
    reference = profile_of(matrix)
    tracemalloc.start()
    profile_of(matrix)
    profile_on(reference, matrix)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # It would have 320 MB; to choose rows takes 8 MB.
    assert peak < 10e6


def test_duplicates_in_a_sparse_matrix_are_added_in_a_copy() -> None:
    rows, places = np.array([0, 0, 1]), np.array([0, 3])
    matrix = scipy.sparse.csc_array((np.array([1.0, 2.0, 5.0]), rows, places), shape=(4, 1))
    (column,) = profile_of(matrix).inputs
    assert (column.moments.maximum, column.moments.mean) == (5.0, 2.0)
    assert matrix.data.tolist() == [1.0, 2.0, 5.0]


# ---- odd data ---------------------------------------------------------------------------------


def test_what_says_it_is_an_array_is_one() -> None:
    class Tensor:
        def __init__(self, values: Any) -> None:
            self.values = values

        def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
            if self.values is None:
                raise TypeError("it is on another device")
            return np.array(self.values)

    assert profile_of(Tensor([1.5, 2.5])) == profile_of(np.array([1.5, 2.5]))
    assert profile_of(pd.Index([1.5, 2.5])) == profile_of(np.array([1.5, 2.5]))
    with pytest.raises(InvalidParameter, match="on another device"):
        profile_of(Tensor(None))


def test_odd_columns_fail_nothing() -> None:
    frame = odd_columns()
    profile = profile_of(frame)
    found = by_name(profile)
    others = {name for name, column in found.items() if column.kind == "other"}
    assert others == {
        *("hostile", "mixed", "lists", "bytes", "complex", "durations", "periods", "intervals"),
        "empty",
    }
    assert found["mixed"].missing == 10
    assert found["lists"].missing == 20
    assert found["empty"].missing == found["nans"].missing == 40
    huge = found["huge"]
    assert (huge.negative_infinity, huge.positive_infinity, huge.missing) == (10, 10, 10)
    assert huge.moments == Moments(10, 1.0, 1.0, 1.0, 0.0)
    assert found["decimals"].missing == 20
    # Half a character cannot be written into a file.
    assert found["surrogates"].levels == Levels((), (), 40)
    assert found["numbers"].kind == "number"
    assert Profile.from_json(profile.to_json()) == profile
    alike(profile_on(profile, frame), profile)


@pytest.mark.parametrize(
    "data",
    [
        np.empty((0, 3)),
        np.empty((3, 0)),
        np.array([[np.inf, -np.inf, np.nan, 1e308]]),
        np.full((20, 2), np.nan, dtype=np.float32),
        np.array([["a", ""]]),
        np.array([["a", ""]], dtype=object),
        np.array([[b"a"]]),
        np.array([["2024-01-01", "NaT"]], dtype="M8[D]"),
        np.array([["NaT"]], dtype="m8[s]"),
        np.array([[np.iinfo(np.uint64).max]] * 20),
        np.zeros((2, 2), dtype=[("a", float)]),
        np.finfo(np.longdouble).max * np.ones((2, 2), np.longdouble),
        pd.DataFrame(),
        pd.DataFrame({"a": []}),
        pd.DataFrame(index=range(3)),
        pd.Series([], dtype="Int64"),
        pl.DataFrame(),
        pl.DataFrame({"a": [[1]], "b": [{"c": 1}], "d": [None], "e": [b"x"]}),
        pa.table({}),
        pa.table({"a": [[1]], "b": [None], "c": pa.array([1], pa.duration("s"))}),
        [],
        [[]],
        [None],
        scipy.sparse.csr_matrix((0, 2)),
        scipy.sparse.csr_matrix((5, 2)),
        scipy.sparse.csr_matrix(np.ones((2, 2), complex)),
    ],
    ids=lambda data: f"{type(data).__module__}-{getattr(data, 'dtype', '')}",
)
def test_hardly_any_data_has_a_profile(data: Any) -> None:
    profile = profile_of(data)
    assert Profile.from_json(profile.to_json()) == profile
    alike(profile_on(profile, data), profile)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (np.zeros((2, 2, 2)), r"shape \(2, 2, 2\)"),
        (np.array(1.0), r"shape \(\)"),
        ([[1], [1, 2]], "different lengths"),
        ([[1], 2], "different lengths"),
        (iter([1]), "got a list_iterator"),
        ({"a": [1]}, "got a dict"),
        ("text", "got a str"),
        (None, "got a NoneType"),
    ],
)
def test_what_is_no_table_is_refused(data: Any, says: str) -> None:
    with pytest.raises(InvalidParameter, match=says):
        profile_of(data)
