"""Folders of others: of MLflow 1 to 3, of other libraries, and those that name files outside."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path

import pytest

from fitscribe.errors import NotFound, NotSupported, UnsafePath
from fitscribe.modelfolder.read import load


def put(folder: Path, mlmodel: str, model: object = "the model") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "MLmodel").write_text(mlmodel)
    (folder / "model.pkl").write_bytes(pickle.dumps(model))
    return folder


@pytest.mark.parametrize(
    "flavors",
    [
        "sklearn: {pickled_model: model.pkl}",
        "sklearn: {pickled_model: model.pkl, serialization_format: cloudpickle, code: null}",
        "python_function: {loader_module: mlflow.sklearn, data: model.pkl}",
        "python_function: {loader_module: mlflow.sklearn, model_path: model.pkl}",
    ],
)
def test_folders_of_mlflow_1_to_3_are_loaded(tmp_path: Path, flavors: str) -> None:
    assert load(put(tmp_path, f"flavors: {{{flavors}}}")) == "the model"


@pytest.mark.parametrize(
    ("flavors", "error", "message"),
    [
        ("", NotSupported, "its flavors are none. Load it with the library"),
        ("xgboost: {data: m}", NotSupported, "its flavors are xgboost"),
        (
            "python_function: {loader_module: mlflow.xgboost, data: m}",
            NotSupported,
            "holds no scikit-learn model",
        ),
        (
            "sklearn: {pickled_model: model.pkl, serialization_format: joblib}",
            NotSupported,
            "written as 'joblib'; this version reads pickle, cloudpickle, skops",
        ),
        ("sklearn: {pickled_model: other.pkl}", NotFound, r"other\.pkl' is missing"),
        ("sklearn: {pickled_model: ../model.pkl}", UnsafePath, "outside of its folder"),
        ("sklearn: {pickled_model: /model.pkl}", UnsafePath, "outside of its folder"),
        ("sklearn: {pickled_model: 'a\\..\\..\\m'}", UnsafePath, "outside of its folder"),
        ("sklearn: {pickled_model: 'C:m'}", UnsafePath, "outside of its folder"),
        ("sklearn: {pickled_model: model.pkl, code: ../..}", UnsafePath, "outside of its folder"),
    ],
)
def test_a_folder_that_is_not_ours_to_load_is_refused(
    tmp_path: Path, flavors: str, error: type[Exception], message: str
) -> None:
    before = list(sys.path)
    with pytest.raises(error, match=message):
        load(put(tmp_path, f"flavors: {{{flavors}}}"))
    assert sys.path == before


def test_a_folder_without_an_mlmodel_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="There is no model at"):
        load(tmp_path)
