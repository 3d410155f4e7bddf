"""Datasets: MLflow's JSON forms, digests of every byte, names from variables."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression, Ridge

import fitscribe
import fitscribe.sklearn
from fitscribe.data import from_numpy, from_pandas, from_polars
from fitscribe.errors import InvalidParameter

quick = settings(max_examples=60)
dtypes = st.one_of(
    hnp.floating_dtypes(endianness="="),
    hnp.integer_dtypes(endianness="="),
    hnp.boolean_dtypes(),
    hnp.datetime64_dtypes(endianness="="),
    hnp.unicode_string_dtypes(endianness="=", max_len=4),
)
shapes = hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=6)
arrays = dtypes.flatmap(lambda dtype: hnp.arrays(dtype, shapes))
cells: dict[str, st.SearchStrategy[Any]] = {
    "ints": st.integers(-(2**63), 2**63 - 1),
    "floats": st.floats(allow_nan=False),
    "texts": st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
    "flags": st.booleans(),
}


def digest(data: Any, **options: Any) -> str:
    return from_numpy(data, **options).digest


# Digests


@quick
@given(arrays, st.data())
def test_any_element_counts(array: Any, data: st.DataObject) -> None:
    before = digest(array)
    place = tuple(data.draw(st.integers(0, length - 1)) for length in array.shape)
    changed = array.copy()
    changed[place] = data.draw(hnp.from_dtype(array.dtype))
    assume(changed.tobytes() != array.tobytes())
    # What numpy's text does not tell apart (trailing NUL) has equal bytes, too.
    assert digest(changed) != before
    changed[place] = array[place]
    assert digest(changed) == before


@quick
@given(arrays)
def test_how_an_array_lies_in_memory_does_not_count(array: Any) -> None:
    expected = digest(array)
    wide = np.repeat(array, 2, axis=-1)
    shifted = np.frombuffer(b"\0" + array.tobytes(), np.uint8)[1:].view(array.dtype)
    for same in (
        np.asfortranarray(array),
        wide[..., ::2],
        array[::-1].copy()[::-1],
        np.moveaxis(np.moveaxis(array, 0, -1).copy(), -1, 0),
        shifted.reshape(array.shape),
        array.view(),
    ):
        assert np.array_equal(same.astype(array.dtype).tobytes(), array.tobytes())
        assert digest(same) == expected
    array.flags.writeable = False
    assert digest(array) == expected


@pytest.mark.parametrize(
    "other",
    [
        np.arange(6.0).reshape(3, 2),
        np.arange(6.0),
        np.arange(6),
        np.arange(6, dtype=np.float32).reshape(2, 3),
        np.arange(6.0).reshape(2, 3).T,
        np.arange(6.0).reshape(2, 3)[:, ::-1],
        np.arange(6.0).reshape(2, 3)[::-1],
        np.arange(6.0).reshape(2, 3) * -1,
    ],
)
def test_shape_type_and_order_of_rows_and_columns_count(other: Any) -> None:
    assert digest(other) != digest(np.arange(6.0).reshape(2, 3))


def test_a_large_array_counts_to_its_last_element() -> None:
    array = np.zeros((3_000, 500))
    expected = digest(array)
    for place in ((0, 0), (1_499, 250), (2_999, 499)):
        array[place] = 5e-324
        assert digest(array) != expected
        assert digest(np.asfortranarray(array)) == digest(array)
        array[place] = 0
    assert digest(array) == expected


def test_targets_count() -> None:
    X, y = np.eye(3), np.arange(3)
    told = {digest(X), digest(X, targets=y), digest(X, targets=y[::-1]), digest(y, targets=X)}
    assert len(told) == 4


def test_a_digest_is_the_same_in_another_process(run_python: Any) -> None:
    text = """
        import numpy as np, fitscribe.data
        print(fitscribe.data.from_numpy(np.array(["a", "b"], object), targets=np.eye(2)).digest)
    """
    env = {"PYTHONHASHSEED": "7"}
    expected = digest(np.array(["a", "b"], object), targets=np.eye(2))
    assert run_python(text, env=env).stdout == expected + "\n"


@quick
@given(st.data(), st.integers(1, 5))
def test_any_cell_of_a_frame_counts(data: st.DataObject, rows: int) -> None:
    columns = {
        name: data.draw(st.lists(cell, min_size=rows, max_size=rows), label=name)
        for name, cell in cells.items()
    }
    name = data.draw(st.sampled_from(sorted(cells)))
    place = data.draw(st.integers(0, rows - 1))
    value = data.draw(cells[name])
    assume(value != columns[name][place] or str(value) != str(columns[name][place]))
    changed = {**columns, name: [*columns[name]]}
    changed[name][place] = value
    for make in (
        lambda given: from_pandas(pd.DataFrame(given)),
        lambda given: from_polars(pl.DataFrame(given)),
    ):
        assert make(columns).digest == make(columns).digest
        assert make(changed).digest != make(columns).digest


def test_labels_index_and_types_of_a_frame_count() -> None:
    frame = pd.DataFrame({"a": [1, 2], "b": [3, 4]})
    others = [
        frame,
        frame.rename(columns={"a": "c"}),
        frame[["b", "a"]],
        frame.set_index(pd.Index([5, 6])),
        frame.astype({"a": "int32"}),
        frame.astype({"a": "category"}),
        frame.astype(str),
        frame[::-1],
    ]
    assert len({from_pandas(other).digest for other in others}) == len(others)
    consolidated = pd.concat([frame[["a"]], frame[["b"]]], axis=1)
    assert from_pandas(consolidated.copy()).digest == from_pandas(frame).digest


def test_chunks_of_a_frame_do_not_count() -> None:
    whole = pl.DataFrame({"a": [1, 2, 3], "b": ["x", None, "z"]})
    parts = pl.concat([whole[:1], whole[1:]], rechunk=False)
    assert parts["a"].n_chunks() == 2
    assert from_polars(parts).digest == from_polars(whole).digest
    assert from_polars(whole.with_columns(b=pl.lit("x"))).digest != from_polars(whole).digest


@pytest.mark.parametrize("make", [sp.csr_matrix, sp.csc_matrix, sp.coo_array, sp.csr_array])
def test_sparse_matrices_have_a_digest(make: Any) -> None:
    dense = np.diag([1.0, 2.0, 3.0])
    changed = dense.copy()
    changed[2, 2] = 4.0
    assert digest(make(dense)) == digest(make(dense))
    assert digest(make(dense)) != digest(make(changed))
    assert from_numpy(make(dense)).profile["features_shape"] == [3, 3]


def test_a_memory_map_is_sampled_and_says_so(tmp_path: Path) -> None:
    array = np.memmap(tmp_path / "data", dtype=np.float64, mode="w+", shape=(1_000, 10))
    sampled = from_numpy(array)
    assert sampled.profile["fitscribe.partial"] is True
    array[0, 0] = 1
    assert from_numpy(array).digest != sampled.digest
    assert "fitscribe.partial" not in from_numpy(np.eye(3)).profile


# MLflow's forms


def test_arrays_in_mlflows_form() -> None:
    data = from_numpy(np.zeros((3, 2), np.float32), targets=np.array([0, 1, 0]), name="iris")
    entity = data.to_entity()
    assert json.loads(entity.schema or "") == {
        "mlflow_tensorspec": {
            "features": '[{"type": "tensor", "tensor-spec": {"dtype": "float32", '
            '"shape": [-1, 2]}}]',
            "targets": '[{"type": "tensor", "tensor-spec": {"dtype": "int64", "shape": [-1]}}]',
        }
    }
    profile = json.loads(entity.profile or "")
    assert profile.pop("fitscribe.digest").startswith(entity.digest)
    assert set(profile.pop("fitscribe.columns")) == {"features", "targets"}
    assert profile == {
        "features_shape": [3, 2],
        "features_size": 6,
        "features_nbytes": 24,
        "targets_shape": [3],
        "targets_size": 3,
        "targets_nbytes": 24,
    }
    assert (data.name, entity.name, len(entity.digest)) == ("iris", "iris", 16)
    without = json.loads(from_numpy(np.zeros(3)).schema or "")
    assert without["mlflow_tensorspec"]["targets"] is None


def test_a_dataset_as_a_dict_and_as_json(home: Path) -> None:
    data = from_numpy(np.eye(2), source=home / "eye.npy", name="eye")
    found = data.to_dict()
    assert set(found) == {"name", "digest", "source_type", "source", "schema", "profile"}
    assert (found["name"], found["digest"]) == ("eye", data.digest)
    assert json.loads(found["profile"] or "") == data.profile
    assert json.loads(data.to_json()) == found


def test_a_dict_of_arrays_is_no_array() -> None:
    with pytest.raises(InvalidParameter, match="dict"):
        from_numpy({"a": np.eye(2)})
    with pytest.raises(InvalidParameter, match="dict"):
        from_numpy(np.eye(2), targets={"a": np.ones(2)})


@pytest.mark.parametrize("make", [from_pandas, from_polars])
def test_frames_in_mlflows_form(make: Any) -> None:
    columns = {"a": [1, 2, 3], "b": [0.5, 1.5, 2.5], "c": ["x", "y", "z"], "d": [True] * 3}
    frame = pd.DataFrame(columns) if make is from_pandas else pl.DataFrame(columns)
    data = make(frame, targets="d", predictions="b", name="f")
    entity = data.to_entity()
    found = json.loads(entity.schema or "")["mlflow_colspec"]
    assert [(column["type"], column["name"]) for column in found] == [
        ("long", "a"),
        ("double", "b"),
        ("string", "c"),
        ("boolean", "d"),
    ]
    profile = json.loads(entity.profile or "")
    assert (profile["num_rows"], profile["num_elements"]) == (3, 12)
    assert data.df is frame
    assert (data.targets, data.predictions) == ("d", "b")


@pytest.mark.parametrize(
    ("source", "kind", "expected"),
    [
        ("s3://bucket/x.csv", "s3", {"uri": "s3://bucket/x.csv"}),
        ("https://host/x.csv", "http", {"url": "https://host/x.csv"}),
        ("file:///data/x.csv", "local", {"uri": "file:///data/x.csv"}),
        ("/data/x y.csv", "local", {"uri": "file:///data/x%20y.csv"}),
    ],
)
def test_sources(source: str, kind: str, expected: dict[str, str]) -> None:
    entity = from_numpy(np.eye(2), source).to_entity()
    assert (entity.source_type, json.loads(entity.source)) == (kind, expected)


def test_without_a_source_the_code_is_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    relative = from_numpy(np.eye(2), "x.csv").to_entity()
    assert json.loads(relative.source) == {"uri": (tmp_path / "x.csv").as_uri()}
    entity = from_numpy(np.eye(2)).to_entity()
    assert entity.source_type == "code"
    assert "mlflow.source.name" in json.loads(entity.source)["tags"]


def test_a_digest_of_ones_own_is_kept() -> None:
    assert from_numpy(np.eye(2), digest="abc").digest == "abc"
    for bad in ("", "x" * 37):
        with pytest.raises(InvalidParameter, match="digest"):
            from_numpy(np.eye(2), digest=bad)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: from_pandas(np.eye(2)), "takes a pandas.DataFrame, not numpy.ndarray"),
        (lambda: from_polars(pd.DataFrame()), "takes a polars.DataFrame, not pandas"),
        (lambda: from_pandas(pl.DataFrame()), "takes a pandas.DataFrame, not polars"),
        (lambda: from_pandas(pd.DataFrame({"a": [1]}), targets="b"), "'b' is no column.*a"),
        (lambda: from_polars(pl.DataFrame({"a": [1]}), predictions="b"), "'b' is no column.*a"),
        (lambda: from_numpy(np.array([object()])), "no digest"),
        (lambda: from_numpy(np.eye(2), name="a\0b"), "NUL"),
    ],
)
def test_what_is_no_dataset_is_refused(make: Any, words: str) -> None:
    with pytest.raises(InvalidParameter, match=words):
        make()


# Names


@pytest.fixture
def autolog(home: Path) -> Iterator[None]:
    fitscribe.sklearn.autolog(silent=True)
    yield
    fitscribe.sklearn.autolog(disable=True)


def names() -> list[str]:
    run = fitscribe.last_active_run()
    assert run is not None
    return [one.dataset.name for one in run.inputs.dataset_inputs]


@pytest.mark.usefixtures("autolog")
def test_a_dataset_is_called_as_its_variable() -> None:
    flowers = pd.DataFrame({"a": [1.0, 2, 3, 4], "b": [4.0, 3, 2, 1]})
    kinds = np.array([0, 1, 0, 1])
    LogisticRegression().fit(flowers, kinds)
    assert names() == ["flowers"]
    LogisticRegression().fit(X=flowers, y=kinds)
    assert names() == ["flowers"]

    def train(inner: Any) -> Any:
        return LogisticRegression().fit(inner, kinds)

    train(flowers)  # MLflow's rule: whoever handed it to the function knows better
    assert names() == ["flowers"]
    iris = load_iris()
    LogisticRegression(max_iter=500).fit(iris.data, iris.target)
    assert names() == ["iris.data"]
    Ridge().fit(flowers[["a"]], flowers["b"])
    assert names() == ["flowers[['a']]"]
    LogisticRegression().fit([[1.0], [2.0]], [0, 1])
    assert names() == ["dataset"]


@pytest.mark.usefixtures("autolog")
def test_the_same_data_has_the_same_digest_under_autolog_and_by_hand() -> None:
    X, y = np.arange(8.0).reshape(4, 2), np.array([0, 1, 0, 1])
    LogisticRegression().fit(X, y)
    run = fitscribe.last_active_run()
    assert run is not None
    (kept,) = run.inputs.dataset_inputs
    assert kept.dataset.digest == from_numpy(X, targets=y).digest
    assert kept.context == "train"
    found = fitscribe.search_runs(filter_string=f"datasets.digest = '{kept.dataset.digest}'")
    assert list(found["run_id"]) == [run.info.run_id]
