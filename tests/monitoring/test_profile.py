"""Profiles of data, of later data on the same bins, and of parts put together."""

from __future__ import annotations

import copy
import doctest
import importlib
import pkgutil
import tracemalloc
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse
from containers import FRAMES, ROWS, columns, odd_columns
from hypothesis import given, settings
from hypothesis import strategies as st

import fitscribe.monitoring
from fitscribe.errors import InvalidParameter
from fitscribe.monitoring import profile as room
from fitscribe.monitoring.column import ColumnProfile, Levels
from fitscribe.monitoring.moments import Moments
from fitscribe.monitoring.profile import Profile, profile_of, profile_on


def by_name(profile: Profile) -> dict[str, ColumnProfile]:
    return {column.name: column for column in profile.inputs}


def alike(one: Profile, other: Profile) -> None:
    """Assert that profiles are equal; means and variances up to rounding."""
    assert (one.rows, one.sampled_rows) == (other.rows, other.sampled_rows)
    assert len(one.inputs) == len(other.inputs)
    assert len(one.outputs) == len(other.outputs)
    mine, theirs = one.inputs + one.outputs, other.inputs + other.outputs
    for a, b in zip(mine, theirs, strict=True):
        assert without_floats(a) == without_floats(b)
        scale = max(abs(a.moments.minimum or 0), abs(a.moments.maximum or 0))
        assert close(a.moments.mean, b.moments.mean, scale)
        assert close(a.moments.variance, b.moments.variance, scale * scale)


def close(one: float | None, other: float | None, scale: float) -> bool:
    if one is None or other is None:
        return one is other
    return abs(one - other) <= 1e-9 * max(abs(other), scale if scale < 1e300 else 0)


def without_floats(column: ColumnProfile) -> dict[str, Any]:
    moments = column.moments
    kept = (moments.count, moments.minimum, moments.maximum)
    return {**vars(column), "moments": kept}


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


def test_outputs_have_a_row_for_each_input() -> None:
    with pytest.raises(InvalidParameter, match="3 rows and the outputs 2"):
        profile_of(np.zeros((3, 1)), [1, 2])


@pytest.mark.parametrize("rows", [0, -1, 2.5, True, None])
def test_a_sample_has_rows(rows: Any) -> None:
    with pytest.raises(InvalidParameter, match="whole number from 1"):
        profile_of(np.zeros((3, 1)), sample_rows=rows)


@pytest.mark.parametrize("seed", [-1, 2.5, True, None])
def test_a_seed_is_a_number(seed: Any) -> None:
    with pytest.raises(InvalidParameter, match="whole number from 0"):
        profile_of(np.zeros((3, 1)), seed=seed)


def test_a_reference_is_a_profile() -> None:
    with pytest.raises(InvalidParameter, match=r"from_json\(text\)"):
        profile_on(b"{}", np.zeros((3, 1)))  # type: ignore[arg-type]  # what is tested


# ---- what may not happen ----------------------------------------------------------------------


@pytest.mark.parametrize("name", FRAMES)
def test_data_are_as_before(name: str) -> None:
    data = FRAMES[name](columns())
    before = copy.deepcopy(data)
    reference = profile_of(data, sample_rows=50)
    profile_on(reference, data)
    assert repr(data) == repr(before)


def test_a_read_only_array_is_enough_and_no_generator_is_moved() -> None:
    X = np.random.default_rng(0).normal(size=(500, 3))
    X.flags.writeable = False
    np.random.seed(3)
    profile_of(X, sample_rows=100)
    first = np.random.random()
    np.random.seed(3)
    assert first == np.random.random()


@pytest.mark.parametrize("order", ["C", "F"])
def test_no_copy_of_the_data_is_made(order: str) -> None:
    X = np.zeros((400_000, 40), order=order)  # type: ignore[call-overload]  # either is known
    X[:, 0] = np.nan
    reference = profile_of(X)
    for work in (lambda: profile_of(X), lambda: profile_on(reference, X)):
        tracemalloc.start()
        work()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 64e6 < X.nbytes


def test_no_value_of_a_few_rows_is_in_the_file() -> None:
    names = [f"person-{number}" for number in range(30)]
    frame = pd.DataFrame(
        {
            "name": names * 3 + ["member"] * 110,
            "number": np.random.default_rng(0).choice(10**9, 200, replace=False) + 10**9,
        }
    )
    text = profile_of(frame, frame["name"]).to_json().decode()
    assert "member" in text
    assert "person" not in text
    assert not any(str(number) in text for number in frame["number"])


# ---- samples ----------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["C", "F"])
def test_a_sample_is_of_the_seed(order: str) -> None:
    X = np.asarray(np.random.default_rng(0).normal(size=(3000, 3)), order=order)
    y = pd.Series(np.where(X[:, 0] > 0, "yes", "no"))
    first, again = (profile_of(X, y, sample_rows=1000, seed=1) for _ in range(2))
    other = profile_of(X, y, sample_rows=1000, seed=2)
    assert first == again
    assert first.inputs[0].bins != other.inputs[0].bins
    assert first.inputs[0].moments == other.inputs[0].moments
    assert (first.rows, first.sampled_rows) == (3000, 1000)
    assert first.inputs[0].bins is not None
    assert sum(first.inputs[0].bins.counts) == 1000
    levels = first.outputs[0].levels
    assert levels is not None
    assert sum(levels.counts) == 1000
    # The same rows of inputs and outputs: the sign of the one says the other.
    chosen = np.sort(np.random.default_rng(1).choice(3000, 1000, replace=False, shuffle=False))
    assert (
        dict(zip(levels.values, levels.counts, strict=True)) == y[chosen].value_counts().to_dict()
    )
    assert first.inputs[0].bins == profile_of(X[chosen]).inputs[0].bins


def test_of_very_wide_data_the_first_columns_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MOST_COLUMNS", 3)
    profile = profile_of(np.zeros((10, 5)))
    assert (len(profile.inputs), profile.left_out) == (3, 2)
    assert profile_on(profile, np.zeros((10, 5))) == profile
    sparse = profile_of(scipy.sparse.csr_matrix((10, 5)))
    assert sparse == profile
    with pytest.raises(InvalidParameter):
        profile_on(profile, np.zeros((10, 2)))


# ---- later data -------------------------------------------------------------------------------


def test_columns_are_found_by_name() -> None:
    frame = pd.DataFrame(columns())
    reference = profile_of(frame)
    shuffled = frame[frame.columns[::-1]].assign(more=1)
    alike(profile_on(reference, shuffled), reference)
    with pytest.raises(InvalidParameter, match="without 'gaps', 'text'"):
        profile_on(reference, frame.drop(columns=["gaps", "text"]))
    with pytest.raises(InvalidParameter, match="got 2"):
        profile_on(reference, np.zeros((3, 2)))


def test_an_array_and_a_frame_meet_by_place() -> None:
    X = np.random.default_rng(0).normal(size=(50, 3))
    frame = pd.DataFrame(X, columns=["b", "a", "c"])
    alike(profile_on(profile_of(X), frame), profile_of(X))
    alike(profile_on(profile_of(frame), X), profile_of(frame))


def test_values_of_another_kind_are_counted_as_that() -> None:
    reference = profile_of(pd.DataFrame({"a": np.arange(50) / 3, "b": ["x", "y"] * 25}))
    window = profile_on(reference, pd.DataFrame({"a": ["1", None, "2"], "b": [1.0, np.nan, 2.0]}))
    for column in window.inputs:
        assert (column.missing, column.unlike, column.moments.count) == (1, 2, 0)
    assert [column.kind for column in window.inputs] == ["number", "text"]
    mixed = profile_on(reference, [[1.0, "x"], ["one", "y"], [None, 3]])
    assert [(c.missing, c.unlike, c.moments.count) for c in mixed.inputs] == [(1, 1, 1), (0, 1, 2)]
    both = window.merge(mixed)
    assert Profile.from_json(both.to_json()) == both


def test_one_array_of_numbers_for_columns_of_several_kinds() -> None:
    reference = profile_of(pd.DataFrame({"a": np.arange(50) / 3, "b": ["x", "y"] * 25}))
    for data in (np.ones((4, 2)), scipy.sparse.csr_matrix(np.ones((4, 2)))):
        number, text = profile_on(reference, data).inputs
        assert (number.moments.count, number.unlike) == (4, 0)
        assert (text.moments.count, text.unlike) == (0, 4)


# ---- parts ------------------------------------------------------------------------------------

NUMBERS = st.one_of(
    st.floats(-100, 100), st.sampled_from([np.nan, np.inf, -np.inf, 0.0, 1.0, 2.0])
)
TEXTS = st.sampled_from([None, "a", "b", "c", "dd", "nowhere else"])
MIXED = st.sampled_from([None, 1, 2.5, "a", True, b"x", 10**400])
REFERENCE = pd.DataFrame(
    {
        "bins": np.random.default_rng(0).normal(size=200) * 50,
        "levels": np.repeat([0.0, 1.0, 2.0, 3.0], 50),
        "texts": ["a", "b", "c", "a"] * 50,
        "mixed": pd.Series([1, 2.5, 3, 4.5] * 50, dtype=object),
        "mixed texts": ["a", "b"] * 100,
        "identifiers": np.arange(200) + 5000,
    }
)
ROW = st.tuples(NUMBERS, NUMBERS, TEXTS, MIXED, MIXED, st.integers(0, 10_000))


def frame_of(rows: list[Any]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=REFERENCE.columns, dtype=object)
    return frame.astype({"bins": float, "levels": float, "identifiers": "int64"})


def merged(parts: Iterable[Profile]) -> Profile:
    first, *others = parts
    for other in others:
        first = first.merge(other)
    return first


@settings(max_examples=60)
@given(st.lists(st.lists(ROW, max_size=12), min_size=1, max_size=5), st.randoms())
def test_parts_put_together_are_the_whole(parts: list[list[Any]], random: Any) -> None:
    reference = profile_of(REFERENCE, REFERENCE["texts"])
    rows = [row for part in parts for row in part]

    def on(some: list[Any]) -> Profile:
        frame = frame_of(some)
        return profile_on(reference, frame, frame["texts"])

    whole = on(rows)
    profiles = [on(part) for part in parts]
    alike(merged(profiles), whole)
    random.shuffle(profiles)
    alike(merged(profiles), whole)
    # Put together from the right.
    last = profiles[-1]
    for profile in reversed(profiles[:-1]):
        last = profile.merge(last)
    alike(last, whole)


def test_profiles_on_other_bins_are_not_merged() -> None:
    X = np.random.default_rng(0).normal(size=(100, 2))
    one, other = profile_of(X), profile_of(X + 1)
    with pytest.raises(InvalidParameter, match="column '0' have different edges"):
        one.merge(other)
    with pytest.raises(InvalidParameter, match="different levels"):
        profile_of(["a"] * 10).merge(profile_of(["b"] * 10))
    with pytest.raises(InvalidParameter, match="different kinds"):
        profile_of([1] * 10).merge(profile_of([1.0] * 10))
    with pytest.raises(InvalidParameter, match="different names"):
        profile_of(pd.Series([1.0] * 10, name="a")).merge(profile_of([1.0] * 10))
    with pytest.raises(InvalidParameter, match="2 and 1 inputs"):
        one.merge(profile_of(X[:, :1]))
    with pytest.raises(InvalidParameter, match="1 and 0 outputs"):
        profile_of(X, X[:, 0]).merge(one)


def test_a_sample_and_a_whole_are_not_merged() -> None:
    X = np.random.default_rng(0).normal(size=(100, 2))
    sampled = profile_of(X, sample_rows=50)
    for one, other in ((sampled, sampled), (profile_on(sampled, X), sampled)):
        with pytest.raises(InvalidParameter, match="50 of 100 rows"):
            one.merge(other)
    assert profile_on(sampled, X).merge(profile_on(sampled, X)).rows == 200


# ---- examples ---------------------------------------------------------------------------------

MODULES = [module.name for module in pkgutil.iter_modules(fitscribe.monitoring.__path__)]


@pytest.mark.parametrize("name", MODULES)
def test_an_example_gives_what_it_says(name: str) -> None:
    module = importlib.import_module(f"fitscribe.monitoring.{name}")
    said: list[str] = []
    runner = doctest.DocTestRunner()
    for test in doctest.DocTestFinder(exclude_empty=True).find(module):
        runner.run(test, out=said.append)
    assert "".join(said) == ""


def test_rows_are_as_many_as_were_made() -> None:
    assert profile_of(FRAMES["polars"](columns())).rows == ROWS
