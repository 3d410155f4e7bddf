"""What one fit records, and where."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from recorded import only_run, read_json, runs
from sklearn import metrics as skm
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.cluster import KMeans
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.decomposition import PCA
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.linear_model import (
    Lasso,
    LinearRegression,
    LogisticRegression,
    Ridge,
)
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import (
    MinMaxScaler,
    StandardScaler,
)

import fitscribe
import fitscribe.sklearn
from fitscribe.errors import InvalidParameter, StoreUnavailable
from fitscribe.sklearn import FitscribeWarning, calls, observe
from fitscribe.sklearn.calls import INCOMPLETE
from fitscribe.tracking.connect import connect

pytestmark = pytest.mark.usefixtures("autologging")


def test_a_classifier_is_recorded_whole() -> None:
    iris = load_iris()
    X_train, y_train = iris.data, iris.target
    model = LogisticRegression(C=0.5, max_iter=500).fit(X_train, y_train)
    run = only_run()
    assert run.info.status == "FINISHED"
    assert run.info.run_name.startswith("LogisticRegression C=0.5, max_iter=500 · ")
    assert run.data.params == {k: str(v) for k, v in model.get_params().items()}
    assert run.data.tags["estimator_name"] == "LogisticRegression"
    expected = "sklearn.linear_model._logistic.LogisticRegression"
    assert run.data.tags["estimator_class"] == expected
    assert run.data.tags["mlflow.autologging"] == "sklearn"
    assert run.data.tags["mlflow.user"]
    assert run.data.tags["fitscribe.training.averaging"] == "weighted"
    predicted, proba = model.predict(X_train), model.predict_proba(X_train)
    expected_metrics = {
        "training_precision_score": skm.precision_score(y_train, predicted, average="weighted"),
        "training_recall_score": skm.recall_score(y_train, predicted, average="weighted"),
        "training_f1_score": skm.f1_score(y_train, predicted, average="weighted"),
        "training_accuracy_score": skm.accuracy_score(y_train, predicted),
        "training_log_loss": skm.log_loss(y_train, proba),
        "training_roc_auc": skm.roc_auc_score(
            y_train, proba, average="weighted", multi_class="ovo"
        ),
        "training_score": model.score(X_train, y_train),
    }
    scores = {key: value for key, value in run.data.metrics.items() if "training_" in key}
    assert scores == pytest.approx(expected_metrics, abs=1e-12)
    (data,) = run.inputs.dataset_inputs
    assert data.context == "train"
    assert data.dataset.name == "X_train"
    assert json.loads(data.dataset.schema)["mlflow_tensorspec"]
    (output,) = run.outputs.model_outputs
    logged = fitscribe.Client().get_logged_model(output.model_id)
    assert (logged.name, logged.status, logged.source_run_id) == (
        "model",
        "READY",
        run.info.run_id,
    )
    of_training = {m.key for m in logged.metrics if m.key.startswith("training_")}
    assert of_training == set(expected_metrics)
    assert {m.dataset_name for m in logged.metrics} == {"X_train"}
    assert read_json(run, "training_confusion_matrix.json")["rows"] == 150
    for uri in (f"runs:/{run.info.run_id}/model", f"models:/{output.model_id}"):
        again = fitscribe.sklearn.load_model(uri)
        np.testing.assert_array_equal(again.predict_proba(X_train), proba)
    info = fitscribe.models.get_model_info(f"models:/{output.model_id}")
    assert info.run_id == run.info.run_id
    assert info.signature is not None
    assert info.signature.inputs is not None


def test_a_regressor_is_recorded() -> None:
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    weights = np.linspace(1, 2, len(y))
    model = LinearRegression().fit(X, y, sample_weight=weights)
    run = only_run()
    predicted = model.predict(X)
    assert run.data.metrics["training_mean_squared_error"] == pytest.approx(
        skm.mean_squared_error(y, predicted, sample_weight=weights), abs=1e-9
    )
    assert run.data.metrics["training_score"] == pytest.approx(
        model.score(X, y, weights), abs=1e-12
    )
    (data,) = run.inputs.dataset_inputs
    assert json.loads(data.dataset.schema)["mlflow_colspec"][0]["name"] == "age"
    assert read_json(run, "training_residuals.json")["rows"] == 442


def test_unsupervised_estimators_are_recorded() -> None:
    X = load_iris().data
    KMeans(3, n_init=1, random_state=0).fit_predict(X)
    PCA(2).fit_transform(X)
    assert [run.data.tags["estimator_name"] for run in runs()] == ["PCA", "KMeans"]
    assert all(run.info.status == "FINISHED" for run in runs())
    assert all("fitscribe.incomplete" not in run.data.tags for run in runs())


def test_the_first_fit_claims_the_users_run_and_the_second_is_nested() -> None:
    X, y = load_iris(return_X_y=True)
    with fitscribe.start_run(run_name="mine") as run:
        Ridge(alpha=1.0).fit(X, y)
        Ridge(alpha=2.0).fit(X, y)
        fitscribe.log_metric("own", 1)
    nested, mine = runs()
    assert mine.info.run_id == run.info.run_id
    assert mine.info.run_name == "mine"
    assert mine.data.params["alpha"] == "1.0"
    assert mine.data.metrics["own"] == 1.0
    assert nested.data.params["alpha"] == "2.0"
    assert nested.data.tags["mlflow.parentRunId"] == run.info.run_id
    assert len(mine.outputs.model_outputs) == len(nested.outputs.model_outputs) == 1


def test_a_param_of_the_users_own_that_differs_makes_the_fit_a_nested_run() -> None:
    X, y = load_iris(return_X_y=True)
    with fitscribe.start_run():
        fitscribe.log_param("alpha", "mine")
        Ridge(alpha=2.0).fit(X, y)
    nested, mine = runs()
    assert mine.data.params == {"alpha": "mine"}
    assert nested.data.params["alpha"] == "2.0"


def test_exclusive_leaves_the_users_run_alone() -> None:
    fitscribe.sklearn.autolog(exclusive=True, silent=True)
    with fitscribe.start_run():
        Ridge().fit([[1.0], [2.0]], [1.0, 2.0])
    assert only_run().data.params == {}


def test_a_failing_fit_passes_through_and_is_failed() -> None:
    with pytest.raises(ValueError, match="NaN"):
        Ridge().fit([[np.nan]], [1.0])
    run = only_run()
    assert run.info.status == "FAILED"
    assert run.data.tags["fitscribe.error.type"] == "builtins.ValueError"
    assert "NaN" in run.data.tags["fitscribe.error.message"]
    assert "Traceback" in run.data.tags["fitscribe.error.traceback"]
    assert run.data.params["alpha"] == "1.0"


def test_invalid_params_are_a_failed_run() -> None:
    with pytest.raises(ValueError, match="alpha"):
        Ridge(alpha=-1.0).fit([[1.0]], [1.0])
    assert only_run().info.status == "FAILED"


def test_preparation_goes_to_the_next_run() -> None:
    X, y = load_iris(return_X_y=True)
    scaled = StandardScaler().fit_transform(X)
    MinMaxScaler(feature_range=(0, 2)).fit(scaled)
    assert runs() == []
    Ridge().fit(scaled, y)
    prepared = read_json(only_run(), "preparation.json")
    assert [entry["estimator_class"].rpartition(".")[2] for entry in prepared] == [
        "StandardScaler",
        "MinMaxScaler",
    ]
    assert prepared[1]["params"] == {"feature_range": "(0, 2)"}
    assert prepared[0]["shape"] == [150, 4]
    Ridge().fit(scaled, y)
    files = fitscribe.artifacts.list_artifacts(run_id=runs()[0].info.run_id)
    assert "preparation.json" not in [entry.path for entry in files]


def test_preparation_of_a_fit_that_fails_is_no_later_ones() -> None:
    X, y = load_iris(return_X_y=True)
    StandardScaler().fit(X)
    with pytest.raises(ValueError, match="inconsistent"):
        Ridge().fit(X, y[1:])
    assert len(read_json(only_run(), "preparation.json")) == 1
    Ridge().fit(X, y)
    files = fitscribe.Client().list_artifacts(runs()[0].info.run_id)
    assert "preparation.json" not in [entry.path for entry in files]


def test_preparation_in_one_cell_goes_to_the_fit_in_another(home: Path) -> None:
    text = f"""
        import contextvars
        from IPython.core.interactiveshell import InteractiveShell
        shell = InteractiveShell.instance()
        for cell in (
            "import fitscribe.sklearn; fitscribe.set_tracking_uri({str(home)!r})",
            "from sklearn.preprocessing import StandardScaler; from sklearn.linear_model import *",
            "fitscribe.sklearn.autolog(silent=True)",
            "s = StandardScaler().fit([[1.0], [2.0]])",
            "r = Ridge().fit([[1.0], [2.0]], [1.0, 2.0])",
            "r = Lasso().fit([[1.0], [2.0]], [1.0, 2.0])",
        ):
            contextvars.copy_context().run(shell.run_cell, cell)
    """
    environment = {**os.environ, "HOME": str(home.parent)}
    script = [sys.executable, "-c", textwrap.dedent(text)]
    subprocess.run(script, check=True, env=environment, stdout=subprocess.DEVNULL)
    prepared = {}
    for run in runs():
        files = fitscribe.Client().list_artifacts(run.info.run_id)
        prepared[run.data.tags["estimator_name"]] = "preparation.json" in [f.path for f in files]
    assert prepared == {"Ridge": True, "Lasso": False}


class NumbersItsParams(Ridge):
    def get_params(self, deep: bool = True) -> Any:
        return {**super().get_params(deep), 7: "seven", "": "nothing"}


def test_params_whose_names_are_no_texts_cost_no_run() -> None:
    NumbersItsParams().fit([[1.0], [2.0]], [1.0, 2.0])
    run = only_run()
    assert run.info.status == "FINISHED"
    assert run.data.params["7"] == "seven"
    assert run.data.params["alpha"] == "1.0"
    assert "must not be empty" in run.data.tags[INCOMPLETE]


def test_log_transformers_makes_runs_of_preparation() -> None:
    fitscribe.sklearn.autolog(log_transformers=True, silent=True)
    StandardScaler().fit(load_iris().data)
    assert only_run().data.tags["estimator_name"] == "StandardScaler"


class Doubler(TransformerMixin, BaseEstimator):
    def fit(self, X: Any, y: Any = None) -> Doubler:
        return self

    def transform(self, X: Any) -> Any:
        return X * 2


def test_a_transformer_of_the_users_own_is_preparation() -> None:
    Doubler().fit_transform(np.ones((3, 1)))
    assert runs() == []


def test_a_pipeline_is_one_run_named_by_its_steps() -> None:
    X, y = load_breast_cancer(return_X_y=True)
    make_pipeline(StandardScaler(), LogisticRegression(C=0.1)).fit(X, y)
    run = only_run()
    assert run.info.run_name.startswith("Pipeline StandardScaler → LogisticRegression · ")
    assert run.data.params["logisticregression__C"] == "0.1"
    assert run.data.params["logisticregression"] == "LogisticRegression(C=0.1)"
    assert run.data.metrics["training_roc_auc"] > 0.9


def test_a_fit_that_overwrites_its_input_says_so() -> None:
    X = np.asfortranarray(np.random.default_rng(0).normal(1, 1, size=(20, 3)))
    y = np.arange(20.0)
    fitscribe.sklearn.autolog()
    with pytest.warns(FitscribeWarning, match="overwrote"):
        Lasso(copy_X=False, fit_intercept=True).fit(X, y)
    run = only_run()
    assert run.info.status == "FINISHED"
    assert "copy=False" in run.data.tags["fitscribe.incomplete"]
    assert "training_score" not in run.data.metrics


class Unpicklable(BaseEstimator):
    def fit(self, X: Any, y: Any = None) -> Unpicklable:
        self.stream_ = (row for row in X)
        return self

    def predict(self, X: Any) -> Any:
        raise RuntimeError("cannot predict")


def test_a_failing_step_is_skipped_with_one_warning() -> None:
    fitscribe.sklearn.autolog()
    with pytest.warns(FitscribeWarning) as caught:
        Unpicklable().fit(np.ones((3, 1)), np.ones(3))
    assert len(caught) == 1
    assert caught[0].filename == __file__  # the line that fits, not one of ours
    run = only_run()
    assert run.info.status == "FINISHED"
    assert "cannot predict" not in run.info.run_name
    assert run.data.tags["estimator_name"] == "Unpicklable"
    assert "keep the model" in run.data.tags["fitscribe.incomplete"]
    assert len(run.inputs.dataset_inputs) == 1


def test_warnings_as_errors_do_not_break_a_fit() -> None:
    import warnings

    fitscribe.sklearn.autolog()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = Unpicklable().fit(np.ones((3, 1)), np.ones(3))
    assert isinstance(model, Unpicklable)
    assert only_run().info.status == "FINISHED"


def test_a_dead_store_does_not_break_a_fit(tmp_path: Path) -> None:
    fitscribe.sklearn.autolog()
    (tmp_path / "file").write_text("no folder")
    fitscribe.set_tracking_uri(tmp_path / "file" / "below")
    with pytest.warns(FitscribeWarning, match="The fit itself is untouched"):
        model = Ridge().fit([[1.0], [2.0]], [1.0, 2.0])
    assert model.coef_.shape == (1,)


@pytest.mark.parametrize(
    "X",
    [
        [[0.0, 1.0], [1.0, 0.0], [2.0, 1.0], [3.0, 3.0]],
        pd.DataFrame({"a": [0.0, 1, 2, 3], "b": [1.0, 0, 1, 3]}),
        np.asfortranarray([[0.0, 1.0], [1.0, 0.0], [2.0, 1.0], [3.0, 3.0]]),
    ],
    ids=["list", "frame", "fortran"],
)
@pytest.mark.parametrize("kind", [list, np.array, pd.Series])
def test_any_mix_of_x_and_y_is_recorded(X: Any, kind: Any) -> None:
    LogisticRegression().fit(X, kind([0, 1, 0, 1]))
    run = only_run()
    assert run.data.tags.get("fitscribe.incomplete") is None
    assert len(run.inputs.dataset_inputs) == 1
    assert len([key for key in run.data.metrics if key.startswith("training_")]) == 7


def test_switches_leave_things_out() -> None:
    fitscribe.sklearn.autolog(log_models=False, log_datasets=False, silent=True)
    Ridge().fit([[1.0], [2.0]], [1.0, 2.0])
    run = only_run()
    assert run.outputs.model_outputs == ()
    assert run.inputs.dataset_inputs == ()
    assert run.data.metrics


def test_an_input_example_is_kept_when_asked() -> None:
    fitscribe.sklearn.autolog(log_input_examples=True, silent=True)
    X, y = load_iris(return_X_y=True)
    LogisticRegression(max_iter=500).fit(X, y)
    example = read_json(only_run(), "model/input_example.json")
    np.testing.assert_allclose(example, X[:5])


def test_extra_tags_and_pos_label() -> None:
    tags = {"team": "x"}
    fitscribe.sklearn.autolog(extra_tags=tags, pos_label=0, silent=True)
    X, y = load_breast_cancer(return_X_y=True)
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
    run = only_run()
    assert run.data.tags["team"] == "x"
    assert run.data.metrics["training_precision_score"] == pytest.approx(
        skm.precision_score(y, model.predict(X), pos_label=0), abs=1e-12
    )
    assert run.data.tags["fitscribe.training.averaging"] == "binary"
    assert tags == {"team": "x"}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"max_tuning_runs": -1}, "must be non-negative, instead got -1"),
        ({"max_tuning_runs": "all"}, "integer or None"),
        ({"log_models": 1}, "True or False"),
        ({"serialization_format": "json"}, "Unrecognized serialization format"),
        ({"serialization_format": ["pickle"]}, "Unrecognized serialization format"),
        ({"extra_tags": ["a"]}, "dict"),
        ({"extra_tags": {"mlflow.parentRunId": "x"}}, "sets itself"),
        ({"extra_tags": {"mlflow.autologging": "x"}}, "sets itself"),
        ({"extra_tags": {"estimator_name": "x"}}, "sets itself"),
        ({"extra_tags": {"fitscribe.incomplete": "x"}}, "sets itself"),
        ({"max_tuning_runs": 2.0}, "integer or None"),
        ({"max_tuning_runs": True}, "integer or None"),
        ({"disable": "no"}, "disable must be True or False"),
        ({"disable": 0}, "disable must be True or False"),
        ({"disable": True, "log_models": "bad"}, "log_models must be True or False"),
        ({"disable_for_unsupported_versions": "x"}, "True or False"),
    ],
)
def test_bad_options_are_refused_when_they_are_given(given: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidParameter, match=words):
        fitscribe.sklearn.autolog(**given)
    Ridge().fit([[1.0], [2.0]], [1.0, 2.0])  # the options in force stay
    assert len(runs()) == 1


def test_an_integer_of_numpys_is_a_number_of_candidates() -> None:
    fitscribe.sklearn.autolog(max_tuning_runs=np.int64(1), silent=True)  # type: ignore[arg-type]  # numpy's integers are not ints
    GridSearchCV(Ridge(), {"alpha": [1.0, 2.0, 3.0]}, cv=2).fit(*load_diabetes(return_X_y=True))
    assert len(runs()) == 2


def test_models_are_registered() -> None:
    X, y = load_diabetes(return_X_y=True)
    fitscribe.sklearn.autolog(registered_model_name="of fits", silent=True)
    Ridge(alpha=3.0).fit(X, y)
    GridSearchCV(Ridge(), {"alpha": [1.0, 2.0]}, cv=2).fit(X, y)
    fitscribe.sklearn.autolog(silent=True)
    Ridge().fit(X, y)
    versions = fitscribe.search_model_versions(order_by=["version_number"])
    assert [(one.name, one.version) for one in versions] == [("of fits", "1"), ("of fits", "2")]
    kinds = [
        type(fitscribe.sklearn.load_model(f"models:/of fits/{one.version}")) for one in versions
    ]
    assert kinds == [Ridge, GridSearchCV]
    made = {one.info.run_id for one in runs() if "mlflow.parentRunId" not in one.data.tags}
    assert {one.run_id for one in versions} < made


def test_a_model_that_cannot_be_registered_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    for wrong in ("a/b", "", 3):
        with pytest.raises(InvalidParameter):
            fitscribe.sklearn.autolog(registered_model_name=wrong)  # type: ignore[arg-type]  # is refused
    fitscribe.sklearn.autolog(registered_model_name="m")

    def fail(*_: Any) -> None:
        raise StoreUnavailable("The database is away.")

    monkeypatch.setattr(type(connect().store), "create_model_version", fail)
    with pytest.warns(FitscribeWarning, match="register the model.*away"):
        Ridge().fit([[1.0], [2.0]], [1.0, 2.0])
    (run,) = runs()
    assert run.info.status == "FINISHED"
    assert len(run.outputs.model_outputs) == 1


def test_one_fit_is_two_transactions_and_one_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    X, y = load_breast_cancer(return_X_y=True)
    Ridge().fit(X, y)  # whatever is done once a process
    store = connect().store
    batches: list[Any] = []
    log = type(store).log
    monkeypatch.setattr(type(store), "log", lambda self, b: (batches.append(b), log(self, b))[1])
    rows: list[int] = []
    predict_proba = LogisticRegression.predict_proba

    def counted(self: Any, X: Any) -> Any:
        rows.append(len(X))
        return predict_proba(self, X)

    monkeypatch.setattr(LogisticRegression, "predict_proba", counted)
    monkeypatch.setattr("subprocess.Popen.__init__", forbidden)
    LogisticRegression(solver="newton-cholesky").fit(X, y)
    assert len(batches) == 2
    assert rows == [len(X)]


def forbidden(*args: Any, **kwargs: Any) -> None:
    raise AssertionError("a subprocess was started")


class NoText:
    def __repr__(self) -> str:
        raise ValueError("no text")


class WithParams(BaseEstimator):
    def __init__(self, a: Any = None, b: Any = None) -> None:
        self.a = a
        self.b = b

    def fit(self, X: Any, y: Any = None) -> WithParams:
        return self

    def predict(self, X: Any) -> Any:
        return np.zeros(len(X))


def test_a_param_without_a_text_costs_no_other() -> None:
    fitscribe.sklearn.autolog()
    with pytest.warns(FitscribeWarning, match="read the param a: ValueError: no text"):
        WithParams(NoText(), 3).fit([[1.0]], [0.0])
    assert only_run().data.params == {"b": "3"}


class Base(WithParams):
    def __init__(self, a: Any = None, b: Any = 1) -> None:
        super().__init__(a, b)


class Passing(Base):
    """Hands params to its base, as XGBClassifier does."""

    def __init__(self, *, c: Any = 3, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.c = c

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        return {"a": self.a, "b": self.b, "c": self.c}


def test_a_run_is_named_by_what_was_changed_only() -> None:
    fitscribe.sklearn.autolog()
    Passing(b=2).fit([[1.0]], [0.0])
    assert only_run().info.run_name.startswith("Passing b=2 · ")


class Zeros(ClassifierMixin, BaseEstimator):
    """Takes whatever it is given."""

    def fit(self, X: Any, y: Any = None) -> Any:
        self.classes_ = np.array([0, 1])
        return self

    def predict(self, X: Any) -> Any:
        return np.zeros(len(X), int)


@pytest.mark.parametrize(
    "column",
    [
        pd.to_timedelta(range(6)),
        pd.period_range("2020", periods=6, freq="D"),
        pd.interval_range(0, 6),
        np.ones(6, complex),
    ],
    ids=["timedelta", "period", "interval", "complex"],
)
def test_an_example_that_is_no_json_does_not_cost_the_model(column: Any) -> None:
    fitscribe.sklearn.autolog(log_input_examples=True, silent=True)
    Zeros().fit(pd.DataFrame({"a": column, "b": range(6)}), [0, 1] * 3)
    run = only_run()
    (model,) = run.outputs.model_outputs
    info = fitscribe.models.get_model_info(f"models:/{model.model_id}")
    assert info.signature is not None
    assert info.saved_input_example_info is None
    assert run.data.tags["fitscribe.incomplete"].startswith("keep an example: ")


@pytest.mark.parametrize(
    "data", [{1, 2, 3}, [object(), object(), object()]], ids=["set", "objects"]
)
def test_data_without_a_digest_is_noted(data: Any) -> None:
    Zeros().fit(data, [0, 1, 1])
    run = only_run()
    assert not run.inputs.dataset_inputs
    kind = type(data).__name__
    noted = f"{kind}, list: cannot be read twice, or has no digest"
    assert run.data.tags["fitscribe.dataset.skipped"] == noted
    assert "fitscribe.incomplete" not in run.data.tags


def test_a_fit_without_data_misses_no_dataset() -> None:
    class Constant(BaseEstimator):
        def fit(self, X=None, y=None):
            return self

        def predict(self, X):
            return [0] * len(X)

    Constant().fit()
    Constant().fit(iter([1]))
    silent, noted = sorted(runs(), key=lambda run: len(run.data.tags))
    assert "fitscribe.dataset.skipped" not in silent.data.tags
    assert noted.data.tags["fitscribe.dataset.skipped"].startswith("list_iterator: cannot be")


@pytest.mark.parametrize("which", ["X", "y"])
def test_rows_of_different_lengths_are_a_dataset(which: str) -> None:
    ragged = [["a", "b"], ["c"]]
    Zeros().fit(ragged if which == "X" else [[1], [2]], [0, 1] if which == "X" else ragged)
    run = only_run()
    (given,) = run.inputs.dataset_inputs
    profile = json.loads(given.dataset.profile)
    assert profile["features_shape" if which == "X" else "targets_shape"] == [2]
    assert "object" in given.dataset.schema
    assert "fitscribe.incomplete" not in run.data.tags


def test_a_multi_index_is_digested() -> None:
    index = pd.MultiIndex.from_product([range(5), ["x", "y"]], names=["p", "q"])
    X = pd.DataFrame({"a": np.arange(10.0)}, index=index)
    y = pd.Series([0, 1] * 5, index=index)
    LogisticRegression().fit(X, y)
    LogisticRegression().fit(X.set_axis(index.set_levels(["x", "z"], level=1)), y)
    digests = [run.inputs.dataset_inputs[0].dataset.digest for run in runs()]
    assert len(set(digests)) == 2


def test_extra_tags_are_on_a_run_that_a_fit_claims() -> None:
    fitscribe.sklearn.autolog(extra_tags={"team": "x"}, silent=True)
    with fitscribe.start_run():
        Ridge().fit([[0.0], [1.0]], [0.0, 1.0])
    assert only_run().data.tags["team"] == "x"


@pytest.mark.parametrize("kind", ["pipeline", "nested", "search"])
def test_weights_of_the_last_step_count(kind: str) -> None:
    X, y = load_breast_cancer(return_X_y=True)
    weights = np.where(y == 0, 5.0, 0.5)
    inner = Pipeline([("scale", StandardScaler()), ("model", LogisticRegression(C=1e-4))])
    model, name = {
        "pipeline": (inner, "model__sample_weight"),
        "nested": (Pipeline([("inner", inner)]), "inner__model__sample_weight"),
        "search": (GridSearchCV(inner, {"model__C": [1e-4]}, cv=2), "model__sample_weight"),
    }[kind]
    model.fit(X, y, **{name: weights})
    expected = skm.accuracy_score(y, model.predict(X), sample_weight=weights)
    assert expected != np.mean(model.predict(X) == y)
    (run,) = [run for run in runs() if "training_score" in run.data.metrics]
    assert run.data.metrics["training_accuracy_score"] == pytest.approx(expected, abs=1e-12)


def test_a_fit_whose_end_cannot_be_stored_is_finished_all_the_same(home: Path) -> None:
    """Another process holds the database until after the fit."""
    text = f"""
        import sqlite3, warnings
        import fitscribe.sklearn
        from fitscribe.tracking.connect import connect
        from sklearn.linear_model import Ridge

        warnings.simplefilter("ignore")
        fitscribe.set_tracking_uri({str(home)!r})
        fitscribe.sklearn.autolog(silent=True)
        store = connect().store
        store._engine._busy_timeout_s = 0.5
        other = sqlite3.connect({str(home / "fitscribe.db")!r}, isolation_level=None)

        class Slow(Ridge):
            def fit(self, X, y):
                other.execute("BEGIN IMMEDIATE")
                type(store).log = counting
                return super().fit(X, y)

        def counting(self, batch, log=type(store).log):
            print("waits")
            log(self, batch)

        Slow().fit([[1.0], [2.0]], [1.0, 2.0])
        type(store).log = counting.__defaults__[0]
        other.execute("ROLLBACK")
        if {{late}}:
            Ridge().fit([[1.0], [2.0]], [1.0, 2.0])
            found = fitscribe.search_runs(output_format="list")
            print({{run.info.status for run in found}})
    """
    for late, printed in ((False, ""), (True, "{'FINISHED'}\n")):
        script = textwrap.dedent(text).replace("{late}", str(late))
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
        assert (done.stdout, done.stderr) == (f"waits\n{printed}", "")
    slow = [run for run in runs() if run.info.run_name.startswith("Slow")]
    assert [run.info.status for run in slow] == ["FINISHED", "FINISHED"]
    assert all("store the run: StoreUnavailable" in run.data.tags[INCOMPLETE] for run in slow)


def test_ctrl_c_while_data_are_read_leaves_no_run_open(monkeypatch: pytest.MonkeyPatch) -> None:
    def press(*given: Any) -> None:
        raise KeyboardInterrupt

    X, y = load_iris(return_X_y=True)
    with monkeypatch.context() as patch:
        patch.setattr(observe, "digest_of", press)
        with pytest.raises(KeyboardInterrupt):
            Ridge().fit(X, y)
    assert only_run().info.status == "KILLED"
    Ridge().fit(X, y)
    assert [run.info.status for run in runs()] == ["FINISHED", "KILLED"]


def test_a_failure_that_cannot_be_told_is_the_fits_own(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_memory(*given: Any) -> str:
        raise MemoryError

    monkeypatch.setattr(calls, "status_after", no_memory)
    with pytest.raises(ValueError, match="inconsistent"):
        Ridge().fit([[1.0], [2.0]], [1.0])
    assert only_run().info.status == "FAILED"


@pytest.mark.parametrize("what", ["Findings", "Stopwatch"])
def test_a_fit_goes_on_without_memory_to_record_it(
    what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_memory(*given: Any) -> Any:
        raise MemoryError

    monkeypatch.setattr(calls, what, no_memory)
    model = Ridge().fit([[1.0], [2.0]], [1.0, 2.0])
    assert model.coef_.shape == (1,)
    assert [run.info.status for run in runs()] in ([], ["FINISHED"])
