"""Models that predict, by their address: logged, loaded, given a signature, asked by a request."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

import fitscribe
import fitscribe.sklearn
from fitscribe.errors import InvalidParameter, NotFound, NotSupported, NotTrusted
from fitscribe.models import (
    Model,
    convert_input_example_to_serving_input,
    get_model_info,
    infer_signature,
    set_signature,
    validate_serving_input,
)

X = pd.DataFrame({"a": [0.0, 1.0, 2.0, 3.0], "b": [1.0, 0.0, 1.0, 0.0]})
Y = [0, 0, 1, 1]


class Adds(fitscribe.pyfunc.PythonModel):
    def predict(self, model_input, params=None):  # type: ignore[override, no-untyped-def]
        return model_input["a"] + params["add"]


@pytest.fixture
def logged(home: Path) -> str:
    """Return the address of a logged classifier."""
    with fitscribe.start_run():
        model = LogisticRegression().fit(X, Y)
        return fitscribe.sklearn.log_model(model, name="m", input_example=X).model_uri


def test_a_logged_model_predicts_by_every_address(logged: str, tmp_path: Path) -> None:
    run = fitscribe.last_active_run()
    assert run is not None
    for address in (logged, f"runs:/{run.info.run_id}/m"):
        loaded = fitscribe.pyfunc.load_model(address)
        assert loaded.predict(X).tolist() == Y
        assert f"models:/{loaded.model_id}" == logged
        assert run.info.run_id in repr(loaded)
    copied = fitscribe.pyfunc.load_model(logged, dst_path=tmp_path / "copy")
    assert copied.predict(X).tolist() == Y
    assert (tmp_path / "copy" / "MLmodel").is_file()


def test_a_model_of_ones_own_is_logged_with_the_run(home: Path) -> None:
    with fitscribe.start_run() as run:
        fitscribe.log_text("7", "seven.txt")
        info = fitscribe.pyfunc.log_model(
            python_model=Adds(),
            name="adds",
            artifacts={"seven": f"runs:/{run.info.run_id}/seven.txt"},
            input_example=(X, {"add": 1}),
            params={"p": 1},
            tags={"t": "x"},
            step=3,
        )
    assert (info.name, info.run_id, info.params, info.tags["t"]) == (
        "adds",
        run.info.run_id,
        {"p": "1"},
        "x",
    )
    (output,) = fitscribe.get_run(run.info.run_id).outputs.model_outputs
    assert (output.model_id, output.step) == (info.model_id, 3)
    seal = Path(fitscribe.artifacts.download_artifacts(info.model_uri)) / "seal.json"
    kept = seal.read_bytes()
    seal.unlink()
    with pytest.raises(NotTrusted):
        fitscribe.pyfunc.load_model(info.model_uri)
    seal.write_bytes(kept)
    fitscribe.pyfunc.load_model(info.model_uri)
    loaded = fitscribe.pyfunc.load_model(info.model_uri, trust="code")
    assert loaded.predict(X, {"add": 2}).tolist() == [2.0, 3.0, 4.0, 5.0]
    assert info.signature == loaded.metadata.signature
    for wrong in ({"model_id": "m-1"}, {"prompts": ["p"]}):
        with pytest.raises(NotSupported):
            fitscribe.pyfunc.log_model(python_model=Adds(), **wrong)
    assert len(fitscribe.search_logged_models(output_format="list")) == 1


def test_loading_a_folder_makes_no_store(home: Path, tmp_path: Path) -> None:
    fitscribe.pyfunc.save_model(tmp_path / "m", python_model=Adds())
    fitscribe.pyfunc.load_model(tmp_path / "m", trust="code")
    get_model_info(tmp_path / "m")
    assert not home.exists()
    with pytest.raises(NotFound, match="no file or folder"):
        fitscribe.pyfunc.load_model(tmp_path / "none")


def test_a_signature_is_set_for_a_folder_and_for_a_logged_model(
    logged: str, tmp_path: Path
) -> None:
    wanted = infer_signature(X[["a"]], np.ones(1))
    model = LogisticRegression().fit(X, Y)
    folder = tmp_path / "folder"
    fitscribe.sklearn.save_model(model, folder, metadata={"kept": 1})
    before = Model.load(folder)
    files = sorted(path.name for path in folder.iterdir())
    for address in (folder, logged):
        set_signature(address, wanted)
        assert get_model_info(address).signature == wanted
        assert fitscribe.pyfunc.load_model(address).metadata.signature == wanted
    after = Model.load(folder)
    before.signature = wanted
    assert after == before
    assert sorted(path.name for path in folder.iterdir()) == files
    with pytest.raises(InvalidParameter, match="A signature is a ModelSignature"):
        set_signature(folder, wanted.inputs)  # type: ignore[arg-type]
    with pytest.raises(NotFound):
        set_signature(tmp_path / "none", wanted)


def test_the_signature_of_one_copy_is_not_that_of_another(home: Path) -> None:
    # Equal files of models are kept once; the MLmodel that is replaced is not among them.
    model = LogisticRegression().fit(X, Y)
    first, second = (fitscribe.sklearn.log_model(model, name="m", input_example=X) for _ in "ab")
    set_signature(first.model_uri, infer_signature(X[["a"]]))
    assert get_model_info(second.model_uri).signature == second.signature


def test_a_request_is_answered_without_a_server(logged: str) -> None:
    request = convert_input_example_to_serving_input(X)
    assert request is not None
    assert validate_serving_input(logged, request).tolist() == Y
    kept = get_model_info(logged)
    folder = Path(fitscribe.artifacts.download_artifacts(logged))
    model = Model.load(folder)
    assert kept.saved_input_example_info == model.saved_input_example_info
    assert validate_serving_input(logged, model.get_serving_input(folder)).tolist() == Y
    pd.testing.assert_frame_equal(model.load_input_example(folder), X)
    with pytest.raises(InvalidParameter, match=r"missing inputs \['b'\]"):
        validate_serving_input(logged, {"inputs": {"a": [1]}})


def test_a_model_of_records_is_served_records(home: Path) -> None:
    rows = [{"a": 1.0, "word": "x"}, {"a": 2.0, "word": "y"}]
    model = make_pipeline(DictVectorizer(), LogisticRegression()).fit(rows, [0, 1])
    info = fitscribe.sklearn.log_model(model, name="m", input_example=rows)
    assert validate_serving_input(info.model_uri, {"instances": rows}).tolist() == [0, 1]


def test_a_model_without_an_example_has_none(home: Path) -> None:
    info = fitscribe.sklearn.log_model(LogisticRegression().fit(X, Y), name="m")
    folder = Path(fitscribe.artifacts.download_artifacts(info.model_uri))
    assert Model.load(folder).load_input_example(folder) is None
    assert Model.load(folder).get_serving_input(folder) is None
    assert fitscribe.pyfunc.load_model(info.model_uri).input_example is None


def test_requirements_are_found(logged: str, tmp_path: Path) -> None:
    text = Path(fitscribe.pyfunc.get_model_dependencies(logged)).read_text()
    assert "scikit-learn==" in text
    conda = Path(fitscribe.pyfunc.get_model_dependencies(logged, format="conda"))
    assert conda.name == "conda.yaml"
    with pytest.raises(InvalidParameter, match="'pip' or 'conda'"):
        fitscribe.pyfunc.get_model_dependencies(logged, "uv")
    (tmp_path / "MLmodel").write_text("flavors: {}")
    with pytest.raises(NotFound, match=r"has no requirements\.txt"):
        fitscribe.pyfunc.get_model_dependencies(tmp_path)


def test_a_script_for_mlflow_keeps_its_model_under_its_name(
    run_python: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    text = """
        import fitscribe
        fitscribe.install_as_mlflow()
        import mlflow
        from mlflow.pyfunc.model import PythonModel
        assert PythonModel is mlflow.pyfunc.PythonModel

        class Doubles(mlflow.pyfunc.PythonModel):
            def predict(self, context, model_input, params=None):
                return [2 * row for row in model_input]

        with mlflow.start_run():
            info = mlflow.pyfunc.log_model(name="d", python_model=Doubles())
        print(mlflow.pyfunc.load_model(info.model_uri, trust="code").predict([1, 2]))
    """
    done = run_python(text)
    assert (done.stdout, done.stderr) == ("[2, 4]\n", "")
