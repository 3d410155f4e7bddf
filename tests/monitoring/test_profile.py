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
import pytest
import scipy.sparse
from containers import FRAMES, ROWS, columns
from hypothesis import given, settings
from hypothesis import strategies as st
from likeness import alike

import fitscribe.monitoring
from fitscribe.errors import InvalidParameter
from fitscribe.monitoring import profile as room
from fitscribe.monitoring import texts
from fitscribe.monitoring.profile import Profile, profile_of, profile_on

# ---- arguments ------------------------------------------------------------------------------


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


def test_a_sample_of_texts_is_of_all_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = pd.DataFrame({"text": [f"level {row % 7}" for row in range(1000)] + [None] * 50})
    expected = profile_of(frame, frame["text"], sample_rows=600)
    assert expected.inputs[0].levels is not None
    window = profile_on(expected, frame)
    monkeypatch.setattr(texts, "ROWS_AT_ONCE", 64)
    alike(profile_of(frame, frame["text"], sample_rows=600), expected)
    alike(profile_on(expected, frame), window)


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


def test_one_output_is_found_by_whatever_name() -> None:
    X, y = np.zeros((20, 1)), np.repeat([1, 2], 10)
    reference = profile_of(X, pd.Series(y, name="target"))
    window = profile_on(reference, X, pd.Series(y, name="prediction"))
    assert window == reference
    with pytest.raises(InvalidParameter, match="The outputs have not"):
        profile_on(reference, X, pd.DataFrame({"a": y, "b": y}))


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
