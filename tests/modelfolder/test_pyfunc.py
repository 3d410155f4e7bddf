"""Model folders as things that predict: of scikit-learn, of one's own, of others."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
import yaml
from sklearn.decomposition import PCA
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from fitscribe.errors import (
    FitscribeWarning,
    InvalidParameter,
    MissingDependency,
    NotFound,
    NotSupported,
    NotTrusted,
    PermissionDenied,
    UnsafePath,
)
from fitscribe.modelfolder.infer import infer_signature
from fitscribe.modelfolder.mlmodel import Model
from fitscribe.modelfolder.pyfunc import PyFuncModel, load_pyfunc
from fitscribe.modelfolder.write import build, save
from fitscribe.pyfunc import PythonModel, PythonModelContext, load_model, save_model

pytestmark = pytest.mark.usefixtures("home")

X = pd.DataFrame({"a": [0.0, 1.0, 2.0, 3.0], "b": [1.0, 0.0, 1.0, 0.0]})
Y = [0, 0, 1, 1]


def folder_of(
    estimator: object, path: Path, predict_fn: str = "predict", data: object = X
) -> Path:
    made = build(
        estimator,
        signature=infer_signature(data),
        input_example=data,
        pyfunc_predict_fn=predict_fn,
    )
    save(made, path)
    return path


def mlmodel(folder: Path, **function: object) -> Path:
    folder.mkdir()
    (folder / "MLmodel").write_text(yaml.safe_dump({"flavors": {"python_function": function}}))
    return folder


# ---- scikit-learn -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "method", ["predict", "predict_proba", "predict_log_proba", "decision_function"]
)
def test_the_method_of_the_mlmodel_is_asked(tmp_path: Path, method: str) -> None:
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, Y)
    loaded = load_pyfunc(folder_of(model, tmp_path / "m", method))
    wanted = getattr(model, method)(X)
    np.testing.assert_array_equal(loaded.predict(X), wanted)
    np.testing.assert_array_equal(loaded.predict(X[["b", "a"]]), wanted)
    np.testing.assert_array_equal(loaded.predict(X.to_dict("list")), wanted)
    np.testing.assert_array_equal(loaded.predict(pl.DataFrame(X.to_dict("list"))), wanted)
    np.testing.assert_array_equal(loaded.predict(X.astype("int8")), wanted)


def test_a_transformer_is_asked_to_transform(tmp_path: Path) -> None:
    model = PCA(1).fit(X.to_numpy())
    loaded = load_pyfunc(folder_of(model, tmp_path / "m", "transform", X.to_numpy()))
    np.testing.assert_array_equal(loaded.predict(X.to_numpy()), model.transform(X.to_numpy()))


def test_what_a_loaded_model_says_of_itself(tmp_path: Path) -> None:
    model = LogisticRegression().fit(X, Y)
    loaded = load_pyfunc(folder_of(model, tmp_path / "m"))
    assert loaded.metadata == Model.load(tmp_path / "m")
    assert loaded.model_id is None
    assert loaded.loader_module == "mlflow.sklearn"
    assert loaded.model_config == {}
    assert loaded.get_raw_model().coef_.tolist() == model.coef_.tolist()
    pd.testing.assert_frame_equal(loaded.input_example, X)
    assert repr(loaded) == "mlflow.pyfunc.loaded_model:\n  flavor: mlflow.sklearn\n"
    with pytest.raises(NotSupported, match="Unable to retrieve base model object"):
        loaded.unwrap_python_model()
    with pytest.raises(NotSupported, match="gives its predictions at once"):
        loaded.predict_stream(X)


def test_a_model_of_records_is_given_records(tmp_path: Path) -> None:
    rows = [{"a": 1.0, "word": "x"}, {"a": 2.0, "word": "y"}]
    model = make_pipeline(DictVectorizer(), LogisticRegression()).fit(rows, [0, 1])
    loaded = load_pyfunc(folder_of(model, tmp_path / "m", data=rows))
    assert loaded.predict(rows).tolist() == [0, 1]
    of_frames = LogisticRegression().fit(X, Y)
    loaded = load_pyfunc(folder_of(of_frames, tmp_path / "f"))
    assert loaded.predict(X.to_dict("records")).tolist() == Y


class Rules:
    """Predicts, and is no estimator of scikit-learn's."""

    def predict(self, data, params="none are passed"):  # type: ignore[no-untyped-def]
        return [params for _ in range(len(data))]


def test_what_is_kept_as_an_estimator_need_not_be_one(tmp_path: Path) -> None:
    loaded = load_pyfunc(folder_of(Rules(), tmp_path / "m"))
    assert isinstance(loaded.get_raw_model(), Rules)
    assert loaded.predict(X[:1]) == ["none are passed"]


def test_an_input_that_does_not_fit_is_refused_before_the_model_is_asked(tmp_path: Path) -> None:
    loaded = load_pyfunc(folder_of(LogisticRegression().fit(X, Y), tmp_path / "m"))
    with pytest.raises(InvalidParameter) as caught:
        loaded.predict(pd.DataFrame({"a": ["x"]}))
    assert caught.value.error_code == "INVALID_PARAMETER_VALUE"
    assert "Model is missing inputs ['b']" in str(caught.value)
    assert "column 'a': expected double" in str(caught.value)


def test_warnings_name_the_line_that_predicts(tmp_path: Path) -> None:
    loaded = load_pyfunc(folder_of(LogisticRegression().fit(X, Y), tmp_path / "m"))
    with pytest.warns(FitscribeWarning, match="'z'") as caught:
        loaded.predict(X.assign(z=1))
    with pytest.warns(FitscribeWarning, match="no params") as also:
        loaded.predict(X, {"k": 1})
    assert [warning.filename for warning in (*caught, *also)] == [__file__, __file__]


def test_a_method_that_the_estimator_lacks_is_told(tmp_path: Path) -> None:
    folder = folder_of(LogisticRegression().fit(X, Y), tmp_path / "m")
    (folder / "manifest.json").unlink()
    text = (folder / "MLmodel").read_text()
    (folder / "MLmodel").write_text(text.replace("predict_fn: predict", "predict_fn: nothing"))
    with pytest.raises(InvalidParameter, match="asked by 'nothing', which a LogisticRegression"):
        load_pyfunc(folder)
    with pytest.raises(InvalidParameter, match="missing metadata"):
        PyFuncModel(None, object())  # type: ignore[arg-type]


def test_a_folder_that_cannot_predict_says_what_does(tmp_path: Path) -> None:
    folder = folder_of(PCA(1).fit(X), tmp_path / "m")
    with pytest.raises(NotFound, match="does not have the 'python_function' flavor"):
        load_pyfunc(folder)


# ---- a model of one's own ---------------------------------------------------------------------


class Scaled(PythonModel):
    """Multiplies by what an artifact and the settings hold."""

    def load_context(self, context: PythonModelContext) -> None:
        self.factor = float(Path(context.artifacts["factor"]).read_text())

    def predict(
        self, context: PythonModelContext, model_input: object, params: object = None
    ) -> object:
        assert context.model_config is not None
        return model_input["a"] * self.factor * context.model_config["k"] + params["add"]  # type: ignore[index]


@pytest.fixture
def scaled(tmp_path: Path) -> Path:
    (tmp_path / "factor.txt").write_text("7")
    save_model(
        tmp_path / "m",
        python_model=Scaled(),
        artifacts={"factor": str(tmp_path / "factor.txt")},
        model_config={"k": 2},
        input_example=(X[["a"]], {"add": 0.5}),
        metadata={"who": "me"},
    )
    (tmp_path / "factor.txt").unlink()
    return tmp_path / "m"


def test_a_model_of_ones_own_comes_back_with_artifacts_settings_and_params(scaled: Path) -> None:
    loaded = load_model(scaled, trust="code")
    assert loaded.predict({"a": [1, 2]}).tolist() == [14.5, 28.5]
    assert loaded.predict({"a": [1, 2]}, {"add": 1}).tolist() == [15.0, 29.0]
    assert load_model(scaled, model_config={"k": 3}, trust="code").predict({"a": 1}).tolist() == [
        21.5
    ]
    assert isinstance(loaded.unwrap_python_model(), PythonModel)
    assert loaded.metadata.metadata == {"who": "me"}
    assert loaded.model_config == {"k": 2}
    assert str(loaded.metadata.get_params_schema()) == "['add': double (default: 0.5)]"
    with pytest.raises(NotSupported, match="has no raw model"):
        loaded.get_raw_model()


def test_the_folder_is_written_as_mlflow_writes_it(scaled: Path) -> None:
    document = yaml.safe_load((scaled / "MLmodel").read_text())
    function = document["flavors"]["python_function"]
    uri = function["artifacts"]["factor"].pop("uri")
    assert uri.endswith("factor.txt")
    assert {
        key: function[key] for key in sorted(function) if key not in ("env", "python_version")
    } == {
        "artifacts": {"factor": {"path": "artifacts/factor.txt"}},
        "cloudpickle_version": __import__("cloudpickle").__version__,
        "code": None,
        "config": {"k": 2},
        "loader_module": "mlflow.pyfunc.model",
        "python_model": "python_model.pkl",
        "streamable": False,
    }
    requirements = (scaled / "requirements.txt").read_text().splitlines()
    names = {line.partition("==")[0] for line in requirements}
    assert names >= {"mlflow", "cloudpickle", "fitscribe", "pandas"}


def test_code_runs_only_where_it_is_trusted(scaled: Path, tmp_path: Path) -> None:
    before = list(sys.path)
    load_model(scaled)  # one's own
    (scaled / "seal.json").unlink()
    with pytest.raises(NotTrusted, match=r"load_model\(\.\.\., trust='code'\)") as caught:
        load_model(scaled)
    assert isinstance(caught.value, PermissionDenied)
    for trust in ("", "yes"):
        with pytest.raises(InvalidParameter, match="means nothing"):
            load_model(scaled, trust=trust)
    other = mlmodel(tmp_path / "o", loader_module="antigravity", code="code")
    with pytest.raises(NotTrusted):
        load_pyfunc(other)
    assert "antigravity" not in sys.modules
    assert sys.path == before


def test_a_function_is_a_model(tmp_path: Path) -> None:
    save_model(tmp_path / "m", python_model=lambda rows: rows * 2, input_example=np.eye(2))
    loaded = load_model(tmp_path / "m", trust="code")
    assert loaded.predict([[1, 2]]).tolist() == [[2.0, 4.0]]
    assert str(loaded.metadata.get_output_schema()) == "[Tensor('float64', (-1, 2))]"
    # A function takes no params, so it is not given any.
    with pytest.warns(FitscribeWarning, match="no params"):
        loaded.predict([[1, 2]], {"k": 1})


def test_a_model_is_asked_with_as_much_as_it_takes(tmp_path: Path) -> None:
    class Data(PythonModel):
        def predict(self, model_input):  # type: ignore[override, no-untyped-def]
            return model_input

    class Both(PythonModel):
        def predict(self, anything, model_input):  # type: ignore[override, no-untyped-def]
            return type(anything).__name__, model_input

        def predict_stream(self, context, model_input, params=None):  # type: ignore[no-untyped-def]
            yield from model_input

    save_model(tmp_path / "d", python_model=Data())
    save_model(tmp_path / "b", python_model=Both(), streamable=True)
    assert load_model(tmp_path / "d", trust="code").predict([1]) == [1]
    both = load_model(tmp_path / "b", trust="code")
    assert both.predict([1]) == ("PythonModelContext", [1])
    assert list(both.predict_stream([1, 2])) == [1, 2]


def test_inferring_a_signature_leaves_the_model_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("2")
    model = Scaled()
    save_model(
        tmp_path / "m",
        python_model=model,
        artifacts={"factor": str(tmp_path / "f")},
        model_config={"k": 1},
        input_example=({"a": 1.0}, {"add": 1.0}),
    )
    assert vars(model) == {}


def test_artifacts_of_one_name_do_not_meet(tmp_path: Path) -> None:
    for name, text in (("x", "1"), ("y", "2")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "same").write_text(text)

    class Reads(PythonModel):
        def predict(self, context, model_input):  # type: ignore[override, no-untyped-def]
            return [Path(path).read_text() for path in context.artifacts.values()]

    artifacts = {name: str(tmp_path / name / "same") for name in ("x", "y")}
    save_model(tmp_path / "m", python_model=Reads(), artifacts=artifacts)
    assert load_model(tmp_path / "m", trust="code").predict(None) == ["1", "2"]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({}, InvalidParameter, "Give python_model"),
        ({"python_model": len, "loader_module": "x"}, InvalidParameter, "Give python_model"),
        ({"loader_module": "x", "artifacts": {}}, InvalidParameter, "Give python_model"),
        ({"python_model": Scaled}, InvalidParameter, "not the class Scaled"),
        ({"python_model": 3}, InvalidParameter, "int has no predict"),
        ({"python_model": "model.py"}, NotSupported, "kept as a script"),
        ({"python_model": len, "artifacts": {"a": "nowhere"}}, NotFound, "nowhere"),
        ({"python_model": len, "model_config": "nowhere"}, InvalidParameter, "cannot be read"),
        ({"python_model": len, "model_config": 3}, InvalidParameter, "model_config is a dict"),
        ({"python_model": len, "resources": ["r"]}, NotSupported, "does not do resources"),
        ({"loader_module": "x", "data_path": "nowhere"}, InvalidParameter, "not there"),
    ],
)
def test_what_cannot_be_saved_leaves_nothing(
    home: Path, arguments: dict, error: type[Exception], message: str
) -> None:
    target = home.parent / "m"
    with pytest.raises(error, match=message):
        save_model(target, **arguments)
    assert not target.exists()


# ---- folders of others ------------------------------------------------------------------------


def test_another_loader_is_imported_if_it_is_trusted(tmp_path: Path) -> None:
    code = tmp_path / "loader_of_a_test.py"
    code.write_text(
        textwrap.dedent("""
        class Constant:
            def __init__(self, value):
                self.value = value

            def predict(self, data):
                return [self.value for _ in data]

        def _load_pyfunc(path, model_config=None):
            with open(path) as file:
                return Constant(file.read() + str(model_config))
        """)
    )
    (tmp_path / "value.txt").write_text("v")
    save_model(
        tmp_path / "m",
        loader_module="loader_of_a_test",
        data_path=tmp_path / "value.txt",
        code_paths=[str(code)],
        model_config={"k": 1},
        pip_requirements=[],
    )
    before = list(sys.path)
    try:
        loaded = load_model(tmp_path / "m", trust="code")
        assert loaded.predict([0, 0]) == ["v{'k': 1}"] * 2
        assert loaded.loader_module == "loader_of_a_test"
    finally:
        sys.path[:] = before
        sys.modules.pop("loader_of_a_test", None)


@pytest.mark.parametrize(
    ("function", "error", "message"),
    [
        ({"loader_module": "no_such_module"}, MissingDependency, "cannot be imported"),
        ({"loader_module": "json"}, NotSupported, "has no _load_pyfunc"),
        ({"loader_module": "json", "data": "../x"}, UnsafePath, "outside of its folder"),
        ({"loader_module": "mlflow.pyfunc.model"}, NotSupported, "names no python_model"),
        (
            {"loader_module": "mlflow.pyfunc.model", "python_model": "../m.pkl"},
            UnsafePath,
            "outside of its folder",
        ),
        (
            {"loader_module": "mlflow.pyfunc.model", "python_model": "m.pkl"},
            NotFound,
            "m.pkl' is missing",
        ),
        (
            {"loader_module": "mlflow.pyfunc.model", "model_code_path": "m.py"},
            NotSupported,
            "kept as a script",
        ),
        ({"predict_fn": "predict"}, NotFound, "does not have the 'python_function' flavor"),
    ],
)
def test_a_folder_that_cannot_be_loaded_says_why(
    tmp_path: Path, function: dict, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        load_pyfunc(mlmodel(tmp_path / "m", **function), trust="code")


def test_settings_that_a_model_does_not_have_are_refused(scaled: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidParameter, match=r"without the settings \['z'\]\. It has k\."):
        load_model(scaled, model_config={"z": 1}, trust="code")
    (tmp_path / "c.yaml").write_text("k: 1")
    loaded = load_model(scaled, model_config=tmp_path / "c.yaml", trust="code")
    assert loaded.predict({"a": 1.0}).tolist() == [7.5]


def test_other_versions_are_told_unless_they_are_not_asked_for(tmp_path: Path) -> None:
    folder = folder_of(LogisticRegression().fit(X, Y), tmp_path / "m")
    (folder / "manifest.json").unlink()  # as MLflow writes it
    for name, text in (
        ("requirements.txt", "mlflow==0.1\nnumpy==1.0\nno-such-thing==2.0\nscipy>=1"),
        ("python_env.yaml", "python: 3.1.2"),
    ):
        (folder / name).write_text(text)
    with pytest.warns(FitscribeWarning) as caught:
        load_model(folder)
    (warning,) = caught
    assert warning.filename == __file__
    assert f"Python 3.1 (here {sys.version_info[0]}.{sys.version_info[1]})" in str(warning.message)
    assert f"numpy 1.0 (here {np.__version__})" in str(warning.message)
    assert "no-such-thing 2.0 (here not installed)" in str(warning.message)
    assert "mlflow" not in str(warning.message)
    load_model(folder, suppress_warnings=True)
