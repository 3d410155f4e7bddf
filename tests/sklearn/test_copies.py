"""Copies of recorded models: what they predict is of the run of the model they are copies of."""

from __future__ import annotations

import copy
import gc
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from recorded import after_fit, read_json, runs
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_iris
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    StackingClassifier,
)
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression, Ridge, SGDClassifier
from sklearn.metrics import accuracy_score, get_scorer
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

import fitscribe
import fitscribe.sklearn
from fitscribe.sklearn import copies
from fitscribe.sklearn.copies import EARLY_BYTES, EARLY_VALUES
from fitscribe.sklearn.state import state_digest

pytestmark = pytest.mark.usefixtures("autologging")

X, y = load_iris(return_X_y=True)
X_test, y_test = X[::3] + 0.01, y[::3]


class Centroids(ClassifierMixin, BaseEstimator):
    """A classifier of the user's own."""

    def fit(self, X: Any, y: Any) -> Centroids:
        self.classes_ = np.unique(y)
        self.centres_ = {int(c): X[y == c].mean(axis=0) for c in self.classes_}
        return self

    def predict(self, X: Any) -> Any:
        centres = np.array([self.centres_[int(c)] for c in self.classes_])
        return self.classes_[((X[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1)]


MODELS: dict[str, Callable[[], Any]] = {
    "LogisticRegression": lambda: LogisticRegression(max_iter=500),
    "SVC": SVC,
    "KNeighborsClassifier": KNeighborsClassifier,
    "GaussianNB": GaussianNB,
    "DecisionTreeClassifier": lambda: DecisionTreeClassifier(max_depth=2),
    "RandomForestClassifier": lambda: RandomForestClassifier(20, random_state=0),
    "GradientBoostingClassifier": lambda: GradientBoostingClassifier(n_estimators=5),
    "HistGradientBoostingClassifier": lambda: HistGradientBoostingClassifier(max_iter=3),
    "MLPClassifier": lambda: MLPClassifier(max_iter=3, solver="sgd", tol=9),
    "SGDClassifier": lambda: SGDClassifier(random_state=np.random.RandomState(0)),
    "Pipeline": lambda: make_pipeline(StandardScaler(), LogisticRegression()),
    "StackingClassifier": lambda: StackingClassifier(
        [("nb", GaussianNB()), ("tree", DecisionTreeClassifier(max_depth=2))]
    ),
    "GridSearchCV": lambda: GridSearchCV(GaussianNB(), {"var_smoothing": [1e-9, 1.0]}, cv=2),
    "Centroids": Centroids,
}
COPIES: dict[str, Callable[[Any, Path], Any]] = {
    "deepcopy": lambda model, _: copy.deepcopy(model),
    "copy": lambda model, _: copy.copy(model),
    "pickle": lambda model, _: pickle.loads(pickle.dumps(model)),
    "joblib": lambda model, folder: joblib.load(joblib.dump(model, folder / "m")[0]),
}


def scored(model: Any) -> float:
    """Return the accuracy of a model, computed in the usual two steps."""
    accuracy = float(accuracy_score(y_test, model.predict(X_test)))
    fitscribe.flush()
    return accuracy


def tied() -> list[str]:
    """Return the keys of metrics after the fit, of all runs."""
    return [key for run in runs() for key in after_fit(run)]


def untied() -> list[dict[str, Any]]:
    """Return what is kept as of no one model."""
    found = []
    for run in runs():
        files = fitscribe.MlflowClient().list_artifacts(run.info.run_id)
        if "unattributed_metrics.json" in [file.path for file in files]:
            found += list(read_json(run, "unattributed_metrics.json").values())
    return found


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("name", list(MODELS))
def test_what_a_copy_predicts_is_of_its_model(name: str, tmp_path: Path) -> None:
    model = MODELS[name]().fit(X, y)
    copied = COPIES["pickle"](model, tmp_path)
    accuracy = scored(copied)
    (run,) = [run for run in runs() if "mlflow.parentRunId" not in run.data.tags]
    assert after_fit(run) == {"accuracy_score_X_test": accuracy}
    # Asked, and copied once more.
    assert scored(copy.deepcopy(copied)) == scored(copy.deepcopy(model)) == accuracy
    assert len(tied()) == 3
    assert untied() == []


@pytest.mark.parametrize("how", list(COPIES))
def test_however_a_copy_was_made(how: str, tmp_path: Path) -> None:
    model = LogisticRegression(max_iter=500).fit(X, y)
    other = LogisticRegression(max_iter=500, C=0.9).fit(X, y)
    accuracy = scored(COPIES[how](model, tmp_path))
    assert after_fit(of_run(model)) == {"accuracy_score_X_test": accuracy}
    assert after_fit(of_run(other)) == {}
    assert untied() == []


def test_nothing_is_written_into_a_model_or_its_copy() -> None:
    model = DecisionTreeClassifier(max_depth=2).fit(X, y)
    copied = copy.deepcopy(model)
    before = pickle.dumps(copied), pickle.dumps(model)
    scored(copied)
    assert (pickle.dumps(copied), pickle.dumps(model)) == before


def of_run(model: Any) -> Any:
    """Return the run of a LogisticRegression."""
    (run,) = [run for run in runs() if run.data.params["C"] == str(model.C)]
    return run


def test_a_copy_outlives_its_model() -> None:
    blob = pickle.dumps(LogisticRegression(max_iter=500).fit(X, y))
    gc.collect()
    accuracy = scored(pickle.loads(blob))
    assert after_fit(runs()[0]) == {"accuracy_score_X_test": accuracy}


def test_a_copy_is_of_its_fit_when_the_model_was_fitted_again() -> None:
    tree = DecisionTreeClassifier(max_depth=1, random_state=0).fit(X, y)
    kept = copy.deepcopy(tree)
    tree.set_params(max_depth=3).fit(X, y)
    accuracy = scored(kept)
    later, earlier = runs()
    assert after_fit(earlier) == {"accuracy_score_X_test": accuracy}
    assert after_fit(later) == {}


def test_a_large_model_is_known_while_it_lives() -> None:
    forest = RandomForestClassifier(20, random_state=0).fit(X, y)
    assert state_digest(forest, EARLY_VALUES, EARLY_BYTES) is None
    kept, gone = copy.deepcopy(forest), copy.deepcopy(forest)
    accuracy = scored(kept)
    assert after_fit(runs()[0]) == {"accuracy_score_X_test": accuracy}
    fitscribe.sklearn.autolog(disable=True)
    fitscribe.sklearn.autolog(silent=True)
    forest = RandomForestClassifier(20, random_state=1).fit(X, y)
    del forest
    gc.collect()
    scored(gone)
    assert len(tied()) == 1


def test_a_clone_is_no_copy() -> None:
    model = LogisticRegression(max_iter=500).fit(X, y)
    fresh = clone(model)
    with fitscribe.sklearn.autolog_disabled():
        fresh.fit(X[::2] * 2, y[::2])
    scored(fresh)
    assert tied() == []


def test_an_unfitted_clone_fails_as_it_does() -> None:
    model = LogisticRegression(max_iter=500).fit(X, y)
    fresh = clone(model)
    with pytest.raises(AttributeError) as caught:
        fresh.predict(X)
    assert "fitscribe" not in {Path(str(entry.path)).parts[-3] for entry in caught.traceback}


CHANGES: dict[str, Callable[[Any], Any]] = {
    "param": lambda model: model.set_params(C=2.0),
    "coefficients": lambda model: setattr(model, "coef_", -model.coef_),
    "in place": lambda model: np.negative(model.coef_, out=model.coef_),
    "fitted again": lambda model: model.fit(X[::2] * 2, y[::2]),
}


@pytest.mark.parametrize("how", list(CHANGES))
def test_a_copy_that_was_changed_is_none(how: str) -> None:
    model = LogisticRegression(max_iter=500).fit(X, y)
    copied = copy.deepcopy(model)
    with fitscribe.sklearn.autolog_disabled():
        CHANGES[how](copied)
    scored(copied)
    assert tied() == []


def test_a_copy_that_is_changed_later_is_none_from_then_on() -> None:
    model = LogisticRegression(max_iter=500).fit(X, y)
    copied = copy.deepcopy(model)
    scored(copied)
    assert tied() == ["accuracy_score_X_test"]
    copied.coef_ = -copied.coef_
    scored(copied)
    assert tied() == ["accuracy_score_X_test"]


def test_a_copy_of_one_of_two_equal_models_is_of_none_of_them() -> None:
    models = [LogisticRegression(max_iter=500).fit(X, y) for _ in range(2)]
    copied = pickle.loads(pickle.dumps(models[0]))
    accuracy = scored(copied)
    score = copied.score(X_test, y_test)
    scorer = get_scorer("accuracy")(copied, X_test, y_test)
    permutation_importance(copied, X_test, y_test, n_repeats=1, random_state=0)
    fitscribe.flush()
    assert tied() == []
    found = untied()
    assert [one["value"] for one in found[:3]] == [accuracy, score, scorer]
    assert len(found) == 4
    ids = {run.info.run_id for run in runs()}
    for one in found:
        assert {candidate["run_id"] for candidate in one["candidates"]} == ids


def test_a_fit_that_was_done_again_stands_for_the_one_before() -> None:
    model = LogisticRegression(max_iter=500)
    for _ in range(2):
        copied = copy.deepcopy(model.fit(X, y))
    score = copied.score(X_test, y_test)
    accuracy = scored(copied)
    later, earlier = runs()
    expected = {"LogisticRegression_score_X_test": score, "accuracy_score_X_test": accuracy}
    assert after_fit(later) == expected
    assert after_fit(earlier) == {}
    assert untied() == []


def test_scores_of_a_copy_are_of_its_model() -> None:
    model = LogisticRegression(max_iter=500).fit(X, y)
    copied = copy.deepcopy(model)
    score = copied.score(X_test, y_test)
    copied_again = copy.deepcopy(model)
    scorer = get_scorer("accuracy")(copied_again, X_test, y_test)
    fitscribe.flush()
    assert after_fit(runs()[0]) == {
        "LogisticRegression_score_X_test": score,
        "accuracy_score_X_test": scorer,
    }
    assert untied() == []


def test_a_copy_of_the_best_estimator_of_a_search() -> None:
    search = GridSearchCV(LogisticRegression(max_iter=500), {"C": [0.1, 1.0]}, cv=2).fit(X, y)
    accuracy = scored(copy.deepcopy(search.best_estimator_))
    (run,) = [run for run in runs() if "mlflow.parentRunId" not in run.data.tags]
    assert after_fit(run) == {"accuracy_score_X_test": accuracy}


def test_a_model_with_a_function_without_a_name_has_no_copies() -> None:
    model = make_pipeline(FunctionTransformer(lambda X: X + 0), LogisticRegression(max_iter=500))
    model.fit(X, y)
    scored(copy.deepcopy(model))
    assert tied() == []
    named = make_pipeline(FunctionTransformer(np.log1p), LogisticRegression(max_iter=500))
    named.fit(X, y)
    scored(copy.deepcopy(named))
    assert tied() == ["accuracy_score_X_test"]


def test_nested_models_count() -> None:
    model = TransformedTargetRegressor(Ridge()).fit(X, X[:, 0])
    copied = copy.deepcopy(model)
    assert state_digest(copied, 1000, 1 << 20) == state_digest(model, 1000, 1 << 20)
    copied.regressor_.coef_ = copied.regressor_.coef_ + 1e-12
    assert state_digest(copied, 1000, 1 << 20) != state_digest(model, 1000, 1 << 20)


def test_an_unknown_model_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    models = [LogisticRegression(max_iter=500, C=C).fit(X, y) for C in (0.5, 1.0)]
    with fitscribe.sklearn.autolog_disabled():
        stranger = LogisticRegression(max_iter=500, C=3.0).fit(X, y)
    reads: list[Any] = []

    def counting(estimator: Any, *limits: int) -> bytes | None:
        reads.append(estimator)
        return state_digest(estimator, *limits)

    monkeypatch.setattr(copies, "state_digest", counting)
    for _ in range(3):
        stranger.predict(X_test)
    assert reads == [stranger]
    models.append(LogisticRegression(max_iter=500, C=2.0).fit(X, y))
    reads.clear()
    stranger.predict(X_test)
    assert reads == []
    copied = copy.deepcopy(models[0])
    for _ in range(3):
        copied.predict(X_test)
    assert reads == [copied]


def test_the_trees_of_an_unknown_forest_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    with fitscribe.sklearn.autolog_disabled():
        forest = RandomForestClassifier(5, random_state=0).fit(X, y)
    DecisionTreeClassifier(random_state=0).fit(X, y)
    reads: list[Any] = []

    def counting(estimator: Any, *limits: int) -> bytes | None:
        reads.append(estimator)
        return state_digest(estimator, *limits)

    monkeypatch.setattr(copies, "state_digest", counting)
    forest.predict(X_test)
    assert reads == []
    forest.estimators_[0].predict(X_test)
    assert reads == [forest.estimators_[0]]


def test_optional_methods_of_a_copy(tmp_path: Path) -> None:
    model = SGDClassifier(loss="log_loss", random_state=0).fit(X, y)
    copied = copy.deepcopy(model)
    accuracy = float(accuracy_score(y_test, copied.predict_proba(X_test).argmax(axis=1)))
    fitscribe.flush()
    assert after_fit(runs()[0]) == {"accuracy_score_X_test": accuracy}
