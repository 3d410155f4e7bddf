"""A cross-validation is one run, whatever function makes it and wherever its folds are fitted."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from recorded import only_run, read_json, runs
from sklearn import model_selection
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    cross_val_predict,
    cross_val_score,
    cross_validate,
    learning_curve,
    permutation_test_score,
    validation_curve,
)
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils._param_validation import InvalidParameterError

import fitscribe
import fitscribe.sklearn
from fitscribe.sklearn import FitscribeWarning, validate
from fitscribe.sklearn.attempt import Attempts
from fitscribe.sklearn.folds import Folds
from fitscribe.sklearn.functions import _cell_of

pytestmark = pytest.mark.usefixtures("autologging")

X, y = load_iris(return_X_y=True)
model = LogisticRegression(C=0.5, max_iter=500)


def history(run: Any, key: str) -> list[float]:
    points = fitscribe.Client().get_metric_history(run.info.run_id, key)
    return [point.value for point in sorted(points, key=lambda point: point.step)]


def test_every_fold_is_a_point_of_its_metric() -> None:
    scores = cross_val_score(model, X, y, cv=4)
    run = only_run()
    assert run.info.status == "FINISHED"
    assert run.info.run_name.startswith("cross_val_score LogisticRegression C=0.5, max_iter=500 ·")
    assert history(run, "test_score") == scores.tolist()
    assert run.data.metrics["mean_test_score"] == pytest.approx(scores.mean(), abs=1e-12)
    assert run.data.metrics["std_test_score"] == pytest.approx(scores.std(), abs=1e-12)
    assert run.data.params["C"] == "0.5"
    splitter = model_selection.StratifiedKFold(4)
    assert run.data.params["validation__cv"] == str(splitter)
    assert run.data.params["validation__cv__n_splits"] == "4"
    assert run.data.tags["estimator_name"] == "LogisticRegression"
    assert run.data.tags["fitscribe.function"] == "cross_val_score"
    assert [one.dataset.name for one in run.inputs.dataset_inputs] == ["X"]


@pytest.mark.parametrize("jobs", [None, 2])
def test_several_metrics_times_and_training_scores(jobs: int | None) -> None:
    scoring = ["accuracy", "f1_macro"]
    found = cross_validate(model, X, y, scoring=scoring, return_train_score=True, n_jobs=jobs)
    run = only_run()
    for key, values in found.items():
        assert history(run, key) == values.tolist()
        assert f"mean_{key}" in run.data.metrics
    folds = read_json(run, "cross_validation.json")["folds"]
    assert folds == [{"train_rows": 120, "test_rows": 30}] * 5
    assert run.data.params["validation__scoring"] == "['accuracy', 'f1_macro']"


def test_the_same_folds_of_the_same_data_are_paired() -> None:
    cross_val_score(model, X, y)
    cross_val_predict(Ridge(), X, y, cv=model_selection.StratifiedKFold(5))
    cross_validate(GridSearchCV(model, {"C": [1, 2]}), X, y)
    validation_curve(model, X, y, param_name="C", param_range=[0.1, 1.0])
    shuffled = KFold(5, shuffle=True, random_state=0)
    cross_val_score(model, X, y, cv=shuffled)
    cross_val_score(model, X, y, cv=list(shuffled.split(X)))
    cross_val_score(model, X + 1, y)
    digests = [run.data.tags["fitscribe.split_digest"] for run in reversed(runs())]
    assert len(set(digests[:4])) == 1
    assert digests[4] == digests[5] != digests[0]
    assert digests[6] not in digests[:6]


def test_folds_that_nobody_can_draw_again_are_told() -> None:
    splits = (part for part in KFold(3, shuffle=True).split(X))
    scores = cross_val_score(Ridge(), X, y, cv=splits)
    run = only_run()
    assert history(run, "test_score") == scores.tolist()
    assert run.data.params["validation__cv"] == "given splits"
    assert len(run.data.tags["fitscribe.split_digest"]) == 32


@pytest.mark.parametrize(
    "estimator",
    [DecisionTreeClassifier(splitter="random"), GridSearchCV(model, {"C": [1, 2]}, scoring="f1")],
)
def test_params_of_the_estimator_that_have_the_same_names_are_kept(estimator: Any) -> None:
    scores = cross_val_score(estimator, X, y > 0, cv=3, scoring="accuracy")
    run = only_run()
    assert "fitscribe.incomplete" not in run.data.tags
    assert history(run, "test_score") == scores.tolist()
    for key, value in estimator.get_params(deep=False).items():
        if key in ("cv", "scoring", "splitter"):
            assert run.data.params[key] == str(value)


def test_a_warning_of_ours_names_the_line_that_called(monkeypatch: pytest.MonkeyPatch) -> None:
    fitscribe.sklearn.autolog()
    monkeypatch.setattr(validate, "outcome_of", lambda *given: 1 / 0)
    with pytest.warns(FitscribeWarning, match="read the scores") as caught:
        cross_val_score(model, X, y)
    assert [warning.filename for warning in caught] == [__file__]
    assert only_run().info.status == "FINISHED"


def test_predictions_out_of_fold_are_kept() -> None:
    predicted = cross_val_predict(model, X, y, method="predict_proba")
    run = only_run()
    path = fitscribe.artifacts.download_artifacts(
        f"runs:/{run.info.run_id}/out_of_fold_predictions.npy"
    )
    assert np.array_equal(np.load(path, allow_pickle=False), predicted)


def test_predictions_of_outputs_with_other_classes_are_kept_apart() -> None:
    both = np.column_stack([y, y > 0])
    predicted = cross_val_predict(DecisionTreeClassifier(), X, both, method="predict_proba")
    run = only_run()
    assert "fitscribe.incomplete" not in run.data.tags
    for at, one in enumerate(predicted):
        uri = f"runs:/{run.info.run_id}/out_of_fold_predictions_{at}.npy"
        path = fitscribe.artifacts.download_artifacts(uri)
        assert np.array_equal(np.load(path, allow_pickle=False), one)


def test_curves_and_permutations() -> None:
    sizes, _, tests = learning_curve(model, X, y, shuffle=True, random_state=0)
    run = only_run()
    points = fitscribe.Client().get_metric_history(run.info.run_id, "mean_test_score")
    assert {point.step: point.value for point in points} == pytest.approx(
        dict(zip(sizes.tolist(), tests.mean(axis=1).tolist(), strict=True)), abs=1e-12
    )
    _, tests = validation_curve(model, X, y, param_name="C", param_range=[0.1, 1.0])
    run = runs()[0]
    assert history(run, "mean_test_score") == pytest.approx(tests.mean(axis=1).tolist())
    assert read_json(run, "cross_validation.json")["param_range"] == ["0.1", "1.0"]
    score, _, p = permutation_test_score(model, X, y, n_permutations=4, random_state=0)
    assert runs()[0].data.metrics == {"test_score": score, "p_value": p}


def test_a_run_of_the_users_is_filled_by_a_validation_and_a_model() -> None:
    with fitscribe.start_run() as mine:
        values = cross_val_score(model, X, y, scoring="accuracy")
        cross_val_score(model, X, y, cv=3)
        model.fit(X, y)
    found = {run.info.run_id: run for run in runs()}
    filled = found.pop(mine.info.run_id)
    assert filled.info.status == "FINISHED"
    assert filled.data.tags["estimator_name"] == "LogisticRegression"
    assert "training_score" in filled.data.metrics
    assert filled.data.metrics["mean_test_accuracy"] == values.mean()
    assert read_json(filled, "cross_validation.json")["test_score"] == values.tolist()
    (second,) = found.values()
    assert second.data.tags["mlflow.parentRunId"] == mine.info.run_id
    assert second.data.params["validation__cv__n_splits"] == "3"


def test_what_fails_is_a_failed_run_and_its_exception_passes() -> None:
    with pytest.raises(ValueError, match="inconsistent numbers"):
        cross_val_score(model, X, y[:3])
    run = only_run()
    assert run.info.status == "FAILED"
    assert "inconsistent" in run.data.tags["fitscribe.error.message"]
    with pytest.raises(InvalidParameterError, match="n_jobs"):
        cross_val_score(model, X, y, n_jobs="many")
    assert len(runs()) == 1


def test_functions_stay_the_same_objects_and_are_put_back() -> None:
    functions = [cross_val_predict, cross_val_score, cross_validate, learning_curve]
    cells = [_cell_of(one) for one in (*functions, permutation_test_score, validation_curve)]
    held = [cell.cell_contents for cell in cells if cell is not None]
    assert len(held) == 6
    assert all(hasattr(one, "__wrapped__") for one in held)
    assert pickle.loads(pickle.dumps(cross_val_score)) is cross_val_score
    fitscribe.sklearn.autolog(disable=True)
    cross_val_score(model, X, y)
    assert runs() == []
    after = [cell.cell_contents for cell in cells if cell is not None]
    assert after == [one.__wrapped__ for one in held]


def test_they_are_hooked_when_they_are_imported(tmp_path: Path) -> None:
    code = """
import sys, fitscribe.sklearn
fitscribe.sklearn.autolog(silent=True)
fitscribe.sklearn.autolog(silent=True)
assert "sklearn.model_selection" not in sys.modules
from sklearn.model_selection import cross_val_score
from sklearn.dummy import DummyRegressor
cross_val_score(DummyRegressor(), [[1.0]] * 6, [1.0, 2.0] * 3)
(run,) = fitscribe.search_runs(output_format="list")
print(run.data.tags["fitscribe.function"])
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["cross_val_score"]


def test_only_the_first_tasks_are_folds() -> None:
    folds = Folds(Attempts("a test"))
    train, test = np.arange(8), np.array([True, False] * 4)
    tasks = [(print, (), {"train": train, "test": test}), (print, (1,), {})]
    assert list(folds.watch(iter(tasks))) == tasks
    inner = [(print, (), {"train": test, "test": train})]
    assert list(folds.watch(inner)) == inner
    assert [(fold.train_rows, fold.test_rows) for fold in folds.seen] == [(8, 4)]


def test_folds_that_cannot_be_read_break_nothing() -> None:
    folds = Folds(attempts := Attempts("a test", silent=True))
    tasks = [(print, (), {"train": [[0], [1, 2]], "test": [3]}), None]
    assert list(folds.watch(tasks)) == tasks
    assert folds.seen == []
    assert len(attempts.problems) == 2
