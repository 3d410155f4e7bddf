"""Data that no variable holds are called by the text of the call: by their file, their loader."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn import datasets
from sklearn.datasets import load_iris, make_regression
from sklearn.linear_model import LinearRegression, LogisticRegression
from tests.sklearn.recorded import only_run

pytestmark = pytest.mark.usefixtures("autologging")

TARGET = np.arange(30.0)


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a file of data, which is in the working folder, too."""
    monkeypatch.chdir(tmp_path)
    rows = np.random.default_rng(0).random((30, 3))
    pd.DataFrame(rows, columns=["a", "b", "c"]).to_csv("train.csv", index=False)
    np.save("rows.npy", rows)
    return tmp_path / "train.csv"


def name() -> str:
    (only,) = only_run().inputs.dataset_inputs
    return str(only.dataset.name)


def test_a_file_that_is_read_in_the_call(table: Path) -> None:
    LinearRegression().fit(pd.read_csv("train.csv"), TARGET)
    assert name() == "train"


def test_columns_of_a_file_that_is_read_in_the_call(table: Path) -> None:
    LinearRegression().fit(pd.read_csv("./train.csv")[["a", "b"]].values, TARGET)
    assert name() == "train"


def test_a_file_whose_path_is_a_variable(table: Path) -> None:
    LinearRegression().fit(pd.read_csv(table), TARGET)
    assert name() == "train"


def test_an_array_of_a_file(table: Path) -> None:
    LinearRegression().fit(np.load("rows.npy"), TARGET)
    assert name() == "rows"


def test_a_loader_whose_result_is_taken_apart() -> None:
    LogisticRegression(max_iter=1000).fit(*load_iris(return_X_y=True))
    assert name() == "load_iris"


def test_an_attribute_of_what_a_loader_gives() -> None:
    LogisticRegression(max_iter=1000).fit(datasets.load_iris().data, load_iris().target)
    assert name() == "load_iris"


def test_data_that_are_made() -> None:
    rows = 30
    LinearRegression().fit(*make_regression(rows, 3))
    assert name() == "make_regression"


def test_other_stars_have_no_name() -> None:
    pair = [np.random.default_rng(0).random((30, 3)), TARGET]
    LinearRegression().fit(*pair)
    assert name() == "dataset"


def test_the_values_of_columns(table: Path) -> None:
    frame = pd.read_csv(table)
    LinearRegression().fit(frame[["a", "b"]].values, TARGET)
    assert name() == "frame[['a', 'b']]"
