"""Metrics computed after a fit: on which run they are kept, and under which names."""

from __future__ import annotations

import gc
import inspect
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from recorded import after_fit, only_run, read_json, runs
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.calibration import calibration_curve
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris, make_classification
from sklearn.decomposition import PCA
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.metrics import (
    accuracy_score,
    classification_report,
    confusion_matrix,
    f1_score,
    get_scorer,
    make_scorer,
    mean_squared_error,
    precision_recall_fscore_support,
    roc_auc_score,
    roc_curve,
)
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

import fitscribe
import fitscribe.sklearn
from fitscribe.tracking import behind

pytestmark = pytest.mark.usefixtures("autologging")


@pytest.fixture
def data() -> tuple[Any, ...]:
    X, y = make_classification(240, flip_y=0.15, random_state=0)
    return X[:160], X[160:], y[:160], y[160:]


def test_a_metric_goes_to_the_model_that_predicted(data: tuple[Any, ...]) -> None:
    X_train, X_test, y_train, y_test = data
    model = LogisticRegression().fit(X_train, y_train)
    y_pred = model.predict(X_test)
    value = accuracy_score(y_test, y_pred)
    run = only_run()
    assert after_fit(run) == {"accuracy_score_X_test": value}
    (_, used) = run.inputs.dataset_inputs
    assert used.dataset.name == "X_test"
    assert [tag.value for tag in used.tags] == ["eval"]
    (metric,) = fitscribe.get_metric_history(run.info.run_id, "accuracy_score_X_test")
    assert metric.model_id == run.outputs.model_outputs[0].model_id
    assert (metric.dataset_name, metric.dataset_digest) == ("X_test", used.dataset.digest)
    assert read_json(run, "metric_info.json") == {
        "accuracy_score_X_test": "accuracy_score(y_true=y_test, y_pred=y_pred)"
    }


@pytest.mark.parametrize(
    "change",
    [
        lambda p: p[:, 1],
        lambda p: p[:, 1].copy(),
        lambda p: p[:, 1] > 0.3,
        lambda p: (p[:, 1] >= 0.6).astype(int),
        lambda p: np.where(p[:, 1] > 0.4, 1.0, 0.0),
        lambda p: np.argmax(p, axis=1),
        lambda p: p.argmax(axis=1).tolist(),
        lambda p: p[:, 1].round(3),
        lambda p: 1 - p[:, 0],
        lambda p: np.log(p[:, 1]),
        lambda p: p[:, 1].astype(np.float32),
        lambda p: [float(value) for value in p[:, 1]],
        lambda p: tuple(p[:, 1]),
    ],
)
def test_a_prediction_is_known_whatever_was_made_of_it(change: Any, data: tuple[Any, ...]) -> None:
    X_train, X_test, y_train, y_test = data
    model = LogisticRegression().fit(X_train, y_train)
    other = DecisionTreeClassifier(max_depth=3, random_state=0).fit(X_train, y_train)
    other.predict_proba(X_test)
    made = change(model.predict_proba(X_test))
    gc.collect()
    value = roc_auc_score(y_test, made)
    _, run = runs()
    assert after_fit(run) == {"roc_auc_score_X_test": value}


def test_of_few_rows_the_text_of_the_call_tells() -> None:
    X, y = [[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1]
    p = LogisticRegression().fit(X, y).predict_proba(X)[:, 1]
    value = f1_score(y, p > 0.3)
    assert after_fit(only_run()) == {"f1_score_X": value}


def test_a_slice_of_rows_is_known_by_its_memory(data: tuple[Any, ...]) -> None:
    X_train, X_test, y_train, y_test = data
    y_pred = LogisticRegression().fit(X_train, y_train).predict(X_test)
    value = accuracy_score(y_test[:40], y_pred[:40])
    assert after_fit(only_run()) == {"accuracy_score_X_test": value}


def test_series_and_frames(data: tuple[Any, ...]) -> None:
    X_train, X_test, y_train, y_test = data
    model = LogisticRegression().fit(X_train, y_train)
    table = pd.DataFrame({"truth": y_test, "guess": model.predict(X_test)})
    value = f1_score(table["truth"], table["guess"])
    series = pd.Series(model.predict_proba(X_test)[:, 1])
    area = roc_auc_score(y_test, series)
    assert after_fit(only_run()) == {"f1_score_X_test": value, "roc_auc_score_X_test": area}


def test_score_and_scorers(data: tuple[Any, ...]) -> None:
    X_train, X_test, y_train, y_test = data
    model = LogisticRegression().fit(X_train, y_train)
    score = model.score(X_test, y_test)
    f1 = get_scorer("f1")(model, X_test, y_test)
    brier = get_scorer("neg_brier_score")(model, X_test, y_test)

    def wrong(y_true: Any, y_pred: Any) -> float:
        return float((y_true != y_pred).mean())

    share = make_scorer(wrong, greater_is_better=False)(model, X_test, y_test)
    assert after_fit(only_run()) == {
        "LogisticRegression_score_X_test": score,
        "f1_score_X_test": f1,
        "neg_brier_score_loss_X_test": brier,
        "neg_wrong_X_test": share,
    }


def test_calls_are_counted_and_data_are_known_by_their_content(data: tuple[Any, ...]) -> None:
    X_train, X_test, y_train, y_test = data
    model = LogisticRegression().fit(X_train, y_train)
    for start in (0, 20, 40, 0):
        part, truth = X_test[start : start + 40].copy(), y_test[start : start + 40]
        model.score(part, truth)
        gc.collect()
    assert set(after_fit(only_run())) == {
        "LogisticRegression_score_part",
        "LogisticRegression_score-2_part-2",
        "LogisticRegression_score-3_part-3",
        "LogisticRegression_score-4_part",
    }


def test_names_of_attributes_items_and_slices(data: tuple[Any, ...]) -> None:
    X_train, X_test, y_train, y_test = data

    class Held:
        inputs = X_test

        def judge(self, model: Any) -> None:
            model.score(self.inputs, y_test)

    splits = {"test": X_test[1:]}
    model = LogisticRegression().fit(X_train, y_train)
    Held().judge(model)
    model.score(splits["test"], y_test[1:])
    model.score(X_test[::2], y_test[::2])
    assert {key.partition("score")[2] for key in after_fit(only_run())} == {
        "_inputs",
        "-2_splits_test",
        "-3_X_test_2",
    }


def test_curves_reports_and_arrays_are_files(data: tuple[Any, ...]) -> None:
    X_train, X_test, y_train, y_test = data
    model = LogisticRegression().fit(X_train, y_train)
    y_pred, p = model.predict(X_test), model.predict_proba(X_test)[:, 1]
    matrix = confusion_matrix(y_test, y_pred)
    fpr, _, _ = roc_curve(y_test, p)
    calibration_curve(y_test, p, n_bins=5)
    text = classification_report(y_test, y_pred)
    report = classification_report(y_test, y_pred, output_dict=True)
    each = f1_score(y_test, y_pred, average=None)
    precision, *_ = precision_recall_fscore_support(y_test, y_pred, average="macro")
    run = only_run()
    assert read_json(run, "confusion_matrix_X_test.json")["value"] == matrix.tolist()
    assert read_json(run, "roc_curve_X_test.json")["value"]["fpr"] == fpr.tolist()
    assert set(read_json(run, "calibration_curve_X_test.json")["value"]) == {
        "prob_true",
        "prob_pred",
    }
    assert (
        fitscribe.artifacts.load_text(run.info.artifact_uri + "/classification_report_X_test.txt")
        == text
    )
    found = after_fit(run)
    assert (
        found["classification_report-2_X_test.macro avg.recall"] == report["macro avg"]["recall"]
    )
    assert [found["f1_score_X_test.0"], found["f1_score_X_test.1"]] == each.tolist()
    assert found["precision_recall_fscore_support_X_test.precision"] == precision


def test_importances_are_one_record(data: tuple[Any, ...]) -> None:
    X_train, X_test, y_train, y_test = data
    model = LogisticRegression().fit(X_train, y_train)
    found = permutation_importance(model, X_test, y_test, n_repeats=3, random_state=0, n_jobs=2)
    run = only_run()
    assert after_fit(run) == {}
    told = read_json(run, "permutation_importance_X_test.json")["value"]
    assert told["importances_mean"] == found.importances_mean.tolist()
    several = permutation_importance(
        model, X_test, y_test, scoring=["accuracy", "f1"], n_repeats=2, random_state=0
    )
    told = read_json(only_run(), "permutation_importance-2_X_test.json")["value"]
    assert told["f1"]["importances_std"] == several["f1"].importances_std.tolist()


def test_clusters_are_judged_by_labels_and_predictions() -> None:
    from sklearn.metrics import adjusted_rand_score, silhouette_score

    X, y = load_iris(return_X_y=True)
    points = PCA(2, random_state=0).fit_transform(X)
    model = KMeans(3, n_init=2, random_state=0)
    labels = model.fit_predict(points)
    first = silhouette_score(points, labels)
    second = adjusted_rand_score(y, model.labels_)
    run = next(run for run in runs() if run.info.run_name.startswith("KMeans"))
    assert after_fit(run) == {
        "silhouette_score_points": first,
        "adjusted_rand_score_points": second,
    }


def test_reconstruction_of_a_decomposition() -> None:
    X = load_iris().data
    pca = PCA(2).fit(X)
    error = mean_squared_error(X, pca.inverse_transform(pca.transform(X)))
    (found,) = after_fit(only_run()).values()
    assert found == error


def test_probabilities_of_several_outputs(data: tuple[Any, ...]) -> None:
    X_train, X_test, y_train, y_test = data
    both_train, both_test = np.c_[y_train, 1 - y_train], np.c_[y_test, 1 - y_test]
    model = MultiOutputClassifier(DecisionTreeClassifier(max_depth=3, random_state=0))
    model.fit(X_train, both_train)
    side_by_side = np.column_stack([p[:, 1] for p in model.predict_proba(X_test)])
    value = roc_auc_score(both_test, side_by_side)
    assert after_fit(only_run()) == {"roc_auc_score_X_test": value}


def test_a_search_and_its_best_estimator(data: tuple[Any, ...]) -> None:
    X_train, X_test, y_train, y_test = data
    search = GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}, cv=2).fit(X_train, y_train)
    one = search.score(X_test, y_test)
    two = accuracy_score(y_test, search.best_estimator_.predict(X_test))
    (run,) = [run for run in runs() if "mlflow.parentRunId" not in run.data.tags]
    found = after_fit(run)
    assert found["GridSearchCV_score_X_test"] == one
    assert found["accuracy_score_X_test"] == two


def test_stages_are_steps(data: tuple[Any, ...]) -> None:
    X_train, X_test, y_train, y_test = data
    model = GradientBoostingClassifier(n_estimators=7, random_state=0).fit(X_train, y_train)
    stages = model.staged_predict(X_test)
    assert inspect.isgenerator(stages)
    values = [accuracy_score(y_test, labels) for labels in stages]
    areas = [roc_auc_score(y_test, p[:, 1]) for p in model.staged_predict_proba(X_test)]
    run = only_run()
    for key, wanted in (("accuracy_score_X_test", values), ("roc_auc_score_X_test", areas)):
        history = fitscribe.get_metric_history(run.info.run_id, key)
        assert [(one.step, one.value) for one in history] == list(enumerate(wanted, 1))
    abandoned = model.staged_predict(X_test)
    next(abandoned)
    abandoned.close()


# Nothing is tied to what it is not of


def test_a_fit_that_nobody_recorded_unties_the_model(data: tuple[Any, ...]) -> None:
    X_train, X_test, y_train, y_test = data
    model = LogisticRegression().fit(X_train, y_train)
    make_pipeline(StandardScaler(), model).fit(X_train * 3, y_train)  # fits the very object
    value = accuracy_score(y_test, model.predict(X_test))
    run = next(run for run in runs() if run.info.run_name.startswith("LogisticRegression"))
    assert after_fit(run) == {}
    told = [read_json(run, "unattributed_metrics.json") for run in runs() if _has_untied(run)]
    assert [entry["accuracy_score"]["value"] for entry in told] == [value]


def _has_untied(run: Any) -> bool:
    files = fitscribe.MlflowClient().list_artifacts(run.info.run_id)
    return "unattributed_metrics.json" in [file.path for file in files]


def test_other_params_untie_the_model(data: tuple[Any, ...]) -> None:
    X_train, X_test, y_train, y_test = data
    from sklearn.neighbors import KNeighborsClassifier

    model = KNeighborsClassifier(3).fit(X_train, y_train)
    model.set_params(n_neighbors=9, n_jobs=1)
    model.score(X_test, y_test)
    assert after_fit(only_run()) == {}


def test_predictions_of_an_earlier_fit_stay_with_it(data: tuple[Any, ...]) -> None:
    X_train, X_test, y_train, y_test = data
    model = DecisionTreeClassifier(max_depth=1, random_state=0).fit(X_train, y_train)
    old = model.predict(X_test)
    model.set_params(max_depth=9).fit(X_train, y_train)
    new = f1_score(y_test, model.predict(X_test))
    late = accuracy_score(y_test, old)
    second, first = runs()
    assert after_fit(first) == {"accuracy_score_X_test": late}
    assert after_fit(second) == {"f1_score_X_test": new}


def test_written_over_predictions_are_nobodys(data: tuple[Any, ...]) -> None:
    X_train, X_test, y_train, y_test = data
    one = LogisticRegression().fit(X_train, y_train).predict_proba(X_test)
    two = DecisionTreeClassifier(max_depth=4, random_state=0).fit(X_train, y_train)
    one += two.predict_proba(X_test)
    one /= 2
    value = roc_auc_score(y_test, one[:, 1])
    assert [after_fit(run) for run in runs()] == [{}, {}]
    (told,) = [read_json(run, "unattributed_metrics.json") for run in runs() if _has_untied(run)]
    assert told["roc_auc_score"]["value"] == value


def test_a_clip_in_place_is_still_the_models(data: tuple[Any, ...]) -> None:
    X_train, X_test, y_train, y_test = data
    model = LinearRegression().fit(X_train, y_train.astype(float))
    y_pred = model.predict(X_test)
    y_pred[y_pred < 0.2] = 0.2
    value = mean_squared_error(y_test, y_pred)
    assert after_fit(only_run()) == {"mean_squared_error_X_test": value}


def test_a_metric_without_a_model_is_kept_on_the_active_run(data: tuple[Any, ...]) -> None:
    *_, y_test = data
    with fitscribe.start_run():
        value = accuracy_score(y_test, np.roll(y_test, 1))
    run = only_run()
    assert after_fit(run) == {}
    told = read_json(run, "unattributed_metrics.json")
    assert told == {
        "accuracy_score": {
            "value": value,
            "call": "accuracy_score(y_true=y_test, y_pred=np.roll(y_test, 1))",
            "candidates": [],
        }
    }


def test_nothing_of_the_users_is_kept_alive(data: tuple[Any, ...]) -> None:
    import weakref

    X_train, X_test, y_train, y_test = data
    model = LogisticRegression().fit(X_train, y_train)
    y_pred = model.predict(X_test)
    accuracy_score(y_test, y_pred)
    fitscribe.flush()
    alive = weakref.ref(model), weakref.ref(y_pred)
    del model, y_pred
    gc.collect()
    assert [reference() for reference in alive] == [None, None]


# How it is written


def test_writes_are_gathered_and_their_thread_ends(
    data: tuple[Any, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(behind, "LINGER_S", 0.1)
    X_train, X_test, y_train, y_test = data
    y_pred = LogisticRegression().fit(X_train, y_train).predict(X_test)
    for _ in range(20):
        accuracy_score(y_test, y_pred)
    fitscribe.flush()
    thread = behind._Queue.thread
    if thread is not None:
        thread.join(5)
    assert "fitscribe-writes" not in [thread.name for thread in threading.enumerate()]
    assert len(after_fit(only_run())) == 20


def run_script(text: str, home: Path) -> None:
    environment = {**os.environ, "FITSCRIBE_TRACKING_URI": str(home)}
    subprocess.run([sys.executable, "-c", text], cwd=home.parent, env=environment, check=False)


def test_what_was_acknowledged_survives_a_kill(home: Path) -> None:
    text = (
        "import os, time, fitscribe.sklearn\n"
        "from sklearn.linear_model import Ridge\n"
        "from sklearn.metrics import r2_score\n"
        "fitscribe.sklearn.autolog()\n"
        "X, y = [[0.0], [1.0], [3.0]], [0.0, 1.0, 2.0]\n"
        "r2_score(y, Ridge().fit(X, y).predict(X))\n"
        "{}\n"
        "os.kill(os.getpid(), 9)\n"
    )
    for ending in ("fitscribe.flush()", "time.sleep(1)"):
        run_script(text.format(ending), home)
    assert [list(after_fit(run)) for run in runs()] == [["r2_score_X"], ["r2_score_X"]]


def test_the_end_of_a_script_waits(home: Path) -> None:
    text = (
        "import fitscribe.sklearn\n"
        "from sklearn.linear_model import Ridge\n"
        "fitscribe.sklearn.autolog()\n"
        "X, y = [[0.0], [1.0], [3.0]], [0.0, 1.0, 2.0]\n"
        "Ridge().fit(X, y).score(X, y)\n"
    )
    run_script(text, home)
    assert list(after_fit(only_run())) == ["Ridge_score_X"]


def test_threads_do_not_mix(data: tuple[Any, ...]) -> None:
    X_train, X_test, y_train, y_test = data
    found: dict[int, float] = {}

    def work(depth: int) -> None:
        tree = DecisionTreeRegressor(max_depth=depth, random_state=0).fit(X_train, y_train)
        found[depth] = mean_squared_error(y_test, tree.predict(X_test))

    threads = [threading.Thread(target=work, args=(depth,)) for depth in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    told = {
        int(run.data.params["max_depth"]): after_fit(run)["mean_squared_error_X_test"]
        for run in runs()
    }
    assert told == found


# Functions of others


def half(y_true: Any, y_pred: Any) -> float:
    """A metric of the user's."""
    return float(np.abs(y_true - y_pred).mean()) / 2


def test_functions_of_others_are_watched(data: tuple[Any, ...]) -> None:
    X_train, X_test, y_train, y_test = data
    plain = half
    watched = fitscribe.sklearn.watch_metric(half)
    try:
        assert watched is half
        assert fitscribe.sklearn.watch_metric(half) is watched
        y_pred = Ridge().fit(X_train, y_train).predict(X_test)
        value = half(y_test, y_pred)
        assert after_fit(only_run()) == {"half_X_test": value}
    finally:
        fitscribe.sklearn.autolog(disable=True)
    assert half is plain


def test_watch_metric_takes_functions() -> None:
    with pytest.raises(fitscribe.FitscribeError, match="takes a function"):
        fitscribe.sklearn.watch_metric(3)  # type: ignore[type-var]  # what is refused


# Off means off


def test_switched_off_by_its_option(data: tuple[Any, ...]) -> None:
    X_train, X_test, y_train, y_test = data
    before = LogisticRegression().fit(X_train, y_train)
    fitscribe.sklearn.autolog(log_post_training_metrics=False, silent=True)
    after = LogisticRegression(C=2).fit(X_train, y_train)
    for model in (before, after):
        model.score(X_test, y_test)
        accuracy_score(y_test, model.predict(X_test))
    assert [after_fit(run) for run in runs()] == [{}, {}]


class Own(RegressorMixin, BaseEstimator):
    """Predicts the mean."""

    def fit(self, X: Any, y: Any) -> Own:
        """Fit."""
        self.mean_ = float(np.mean(y))
        return self

    def predict(self, X: Any) -> Any:
        """Predict."""
        return np.full(len(X), self.mean_)


def test_everything_is_put_back() -> None:
    from sklearn.metrics import _scorer

    scorer = _scorer._BaseScorer
    Own().fit([[1.0]], [2.0]).predict([[1.0]])
    assert "fitscribe" in type(vars(Own)["predict"]).__module__
    fitscribe.sklearn.autolog(disable=True)
    assert "fitscribe" not in type(vars(Own)["predict"]).__module__
    assert "fitscribe" not in type(vars(RegressorMixin)["score"]).__module__
    assert "fitscribe" not in vars(scorer)["__call__"].__code__.co_filename
