"""Folders that MLflow of all ages wrote, loaded by the default trust: no seal, no manifest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest

import fitscribe.pyfunc
import fitscribe.sklearn
from fitscribe.errors import DamagedModel
from fitscribe.modelfolder.mlmodel import Model
from fitscribe.modelfolder.read import load

FOLDERS = Path(__file__).parents[1] / "compat" / "folders"
FRAME = pandas.DataFrame(np.arange(20.0).reshape(10, 2), columns=["a", "b"])
LABELS = np.arange(10) // 5
# Folder to what it takes, what it answers, and how exactly.
EXPECTED: dict[str, tuple[Any, Any, float]] = {
    "mlflow-0.5": (FRAME.to_numpy(), LABELS, 0),
    "mlflow-1.0": (FRAME.to_numpy(), LABELS, 0),
    "mlflow-1.30-array": (FRAME.to_numpy(), LABELS, 0),
    "mlflow-1.30-frame": (FRAME, LABELS, 0),
    "mlflow-2.22-array": (FRAME.to_numpy(), LABELS, 0),
    "mlflow-2.22-frame": (FRAME, FRAME["a"] + 1, 0.02),
    "mlflow-3.17-array": (FRAME.to_numpy(), LABELS, 0),
    "mlflow-3.17-frame": (FRAME, FRAME["a"] + 1, 0.02),
}
TREE = "mlflow-1.30-tree"
pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.InconsistentVersionWarning"  # that is what they are here for
)


def test_no_folder_is_forgotten() -> None:
    assert {path.name for path in FOLDERS.iterdir() if path.is_dir()} == {*EXPECTED, TREE}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_foreign_folder_is_loaded(name: str, home: Path) -> None:
    X, expected, off = EXPECTED[name]
    model = fitscribe.sklearn.load_model(FOLDERS / name)
    np.testing.assert_allclose(model.predict(X), expected, atol=off)
    served = fitscribe.pyfunc.load_model(FOLDERS / name, suppress_warnings=True)
    np.testing.assert_allclose(served.predict(X), expected, atol=off)
    assert served.get_raw_model().get_params().keys() == model.get_params().keys()


@pytest.mark.parametrize("name", [name for name in EXPECTED if "-array" in name])
def test_a_foreign_array_is_read(name: str) -> None:
    described = Model.load(FOLDERS / name)
    assert described.signature is not None
    example = described.load_input_example(FOLDERS / name)
    np.testing.assert_array_equal(example, [[0.0, 1.0], [2.0, 3.0]])
    assert described.signature.inputs is not None
    assert described.signature.inputs.to_dict() == [
        {"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1, 2]}}
    ]


@pytest.mark.parametrize("name", [name for name in EXPECTED if "-frame" in name])
def test_a_foreign_frame_is_read(name: str) -> None:
    described = Model.load(FOLDERS / name)
    example = described.load_input_example(FOLDERS / name)
    pandas.testing.assert_frame_equal(example, FRAME[:2])
    schema = described.get_input_schema()
    assert schema is not None
    # MLflow 1.x wrote no `required`: all are.
    assert schema.input_names() == ["a", "b"]
    assert schema.required_input_names() == ["a", "b"]


def test_what_an_old_file_does_not_say_is_not_invented() -> None:
    old, older = Model.load(FOLDERS / "mlflow-1.0"), Model.load(FOLDERS / "mlflow-0.5")
    assert (old.model_uuid, old.mlflow_version, old.model_id) == (None, None, None)
    assert old.run_id == "3f00a5a7d3d84a2fb0ea3a4a1c1b7ed5"
    assert older.utc_time_created == "2018-08-08 23:28:51.713143"
    assert (older.run_id, older.signature) == (None, None)


def test_a_model_that_this_scikit_learn_cannot_build_says_which_one_wrote_it() -> None:
    # Nodes of trees got a field in scikit-learn 1.3, which cannot read older ones either.
    with pytest.raises(DamagedModel, match=r"written by scikit-learn 1\.2\.2 \(here is 1\.\d"):
        load(FOLDERS / TREE)
