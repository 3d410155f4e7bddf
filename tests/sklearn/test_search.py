"""A search and its candidates."""

from __future__ import annotations

import csv
import io
import warnings
from types import SimpleNamespace
from typing import Any

import estimators
import numpy as np
import pandas as pd
import pytest
from sklearn import model_selection
from sklearn.base import BaseEstimator
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, KFold, RandomizedSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

import fitscribe
import fitscribe.sklearn

pytestmark = pytest.mark.usefixtures("autologging")
X, y = load_iris(return_X_y=True)
X = StandardScaler().fit_transform(X)


def split() -> tuple[Any, list[Any]]:
    runs = fitscribe.search_runs(output_format="list", order_by=["attributes.start_time ASC"])
    parents = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
    children = [run for run in runs if "mlflow.parentRunId" in run.data.tags]
    (parent,) = parents
    assert {run.data.tags["mlflow.parentRunId"] for run in children} <= {parent.info.run_id}
    return parent, children


@pytest.mark.parametrize("kind", [np.array, list, pd.Series], ids=["array", "list", "series"])
@pytest.mark.parametrize("n_jobs", [None, 2])
def test_every_candidate_is_a_child_run(kind: Any, n_jobs: int | None) -> None:
    search = GridSearchCV(
        make_pipeline(StandardScaler(), LogisticRegression()),
        {"logisticregression__C": [0.1, 1.0, 10.0]},
        cv=3,
        n_jobs=n_jobs,
    ).fit(X, kind(y))
    parent, children = split()
    assert parent.info.status == "FINISHED"
    assert parent.data.metrics["best_cv_score"] == search.best_score_
    best = search.best_params_["logisticregression__C"]
    assert parent.data.params["best_logisticregression__C"] == str(best)
    # With two workers the second candidate may start first.
    children.sort(key=lambda child: float(child.data.params["logisticregression__C"]))
    assert [c.data.params["logisticregression__C"] for c in children] == ["0.1", "1.0", "10.0"]
    for place, child in enumerate(children):
        assert child.info.status == "FINISHED"
        scores = search.cv_results_["mean_test_score"]
        assert child.data.metrics["mean_test_score"] == scores[place]
        history = fitscribe.Client().get_metric_history(child.info.run_id, "split_test_score")
        expected = [search.cv_results_[f"split{i}_test_score"][place] for i in range(3)]
        assert [point.value for point in history] == expected
        assert [point.step for point in history] == [0, 1, 2]
        assert parent.info.start_time <= child.info.start_time <= child.info.end_time
        assert child.info.end_time <= parent.info.end_time
        assert child.info.run_name.startswith("logisticregression__C=")
    names = [
        fitscribe.Client().get_logged_model(o.model_id).name for o in parent.outputs.model_outputs
    ]
    assert sorted(names) == ["best_estimator", "model"]
    best_model = fitscribe.sklearn.load_model(f"runs:/{parent.info.run_id}/best_estimator")
    np.testing.assert_array_equal(best_model.predict(X), search.predict(X))


def test_the_table_of_results_is_mlflows() -> None:
    search = GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}, cv=2).fit(X, y)
    parent, _ = split()
    text = fitscribe.artifacts.load_text(f"runs:/{parent.info.run_id}/cv_results.csv")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert list(rows[0]) == list(search.cv_results_)
    assert rows[1]["param_C"] == "1.0"
    assert rows[1]["params"] == "{'C': 1.0}"
    assert float(rows[1]["mean_test_score"]) == search.cv_results_["mean_test_score"][1]


@pytest.mark.parametrize(("most", "count"), [(None, 4), (2, 2), (0, 0), (9, 4)])
def test_max_tuning_runs_keeps_the_best(most: int | None, count: int) -> None:
    fitscribe.sklearn.autolog(max_tuning_runs=most, silent=True)
    search = GridSearchCV(LogisticRegression(), {"C": [1e-6, 0.1, 1.0, 10.0]}, cv=2).fit(X, y)
    _, children = split()
    assert len(children) == count
    if count == 2:
        ranks = sorted(search.cv_results_["rank_test_score"])[:2]
        assert sorted(c.data.metrics["rank_test_score"] for c in children) == ranks


def test_the_best_are_those_that_refit_names() -> None:
    fitscribe.sklearn.autolog(max_tuning_runs=1, silent=True)
    search = GridSearchCV(
        DecisionTreeClassifier(random_state=0),
        {"max_depth": [1, 2, 5]},
        scoring={"first": "neg_log_loss", "second": "accuracy"},
        refit="second",
        cv=3,
    ).fit(X, y)
    _, (child,) = split()
    assert child.data.metrics["rank_test_second"] == 1
    assert child.data.params["max_depth"] == str(search.best_params_["max_depth"])


def test_a_step_that_is_replaced_leaves_no_stale_params() -> None:
    pipeline = make_pipeline(StandardScaler(), LogisticRegression(C=3.0))
    grid = [{"logisticregression": [SVC(C=7.0)]}, {"logisticregression__C": [1.0]}]
    GridSearchCV(pipeline, grid, cv=2).fit(X, y)
    _, children = split()
    (replaced,) = [c for c in children if "SVC" in c.data.params.get("logisticregression", "")]
    assert replaced.data.params["logisticregression__C"] == "7.0"
    assert "logisticregression__l1_ratio" not in replaced.data.params
    assert "steps" not in replaced.data.params


def test_a_candidate_whose_fits_all_failed_is_failed() -> None:
    search = GridSearchCV(LogisticRegression(), {"C": [1.0, -1.0]}, cv=2, error_score=np.nan)
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("always")
        search.fit(X, y)
    # scikit-learn's own two, and none of ours.
    assert ["fits failed" in str(w.message) for w in shown] == [True, False]
    assert "non-finite" in str(shown[1].message)
    _, children = split()
    assert [child.info.status for child in children] == ["FINISHED", "FAILED"]
    assert ["mean_test_score" in child.data.metrics for child in children] == [True, False]
    assert "split_test_score" not in children[1].data.metrics
    assert "mean_fit_time" in children[1].data.metrics


def test_without_refit_the_candidates_are_kept() -> None:
    RandomizedSearchCV(
        LogisticRegression(), {"C": [0.1, 1.0, 10.0]}, n_iter=2, cv=2, refit=False, random_state=0
    ).fit(X, y)
    parent, children = split()
    assert len(children) == 2
    assert parent.info.status == "FINISHED"


def test_halving_keeps_its_iterations() -> None:
    estimators.cases()  # scikit-learn shows the experimental ones from here on
    model_selection.HalvingGridSearchCV(
        DecisionTreeClassifier(), {"max_depth": [1, 2, 3, 4]}, cv=2, random_state=0
    ).fit(X, y)
    parent, children = split()
    assert parent.data.tags["estimator_name"] == "HalvingGridSearchCV"
    assert {child.data.metrics["iter"] for child in children} == {0.0, 1.0}
    assert all(child.data.metrics["n_resources"] > 0 for child in children)


class SometimesFails(DecisionTreeClassifier):
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        if X[0, 0] == first and self.max_depth == 1:
            raise ValueError("not this split")
        return super().fit(X, y, sample_weight)


first = X[0, 0]


def test_a_candidate_that_failed_in_part_keeps_the_rest() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        GridSearchCV(SometimesFails(), {"max_depth": [1, 2]}, cv=KFold(3), error_score=np.nan).fit(
            X, y
        )
    _, children = split()
    assert [child.info.status for child in children] == ["FINISHED", "FINISHED"]
    client = fitscribe.client.Client()
    histories = [
        client.get_metric_history(child.info.run_id, "split_test_score") for child in children
    ]
    assert [[metric.step for metric in history] for history in histories] == [[0], [0, 1, 2]]
    assert "mean_test_score" not in children[0].data.metrics


@pytest.mark.parametrize("most", [1, 2])
def test_what_a_callable_refit_chose_is_kept(most: int) -> None:
    fitscribe.sklearn.autolog(max_tuning_runs=most, silent=True)
    GridSearchCV(
        LogisticRegression(), {"C": [1e-6, 0.1, 1.0, 10.0]}, cv=2, refit=lambda results: 0
    ).fit(X, y)
    _, children = split()
    assert len(children) == most
    assert "1e-06" in [child.data.params["C"] for child in children]


class Trials(BaseEstimator):
    """A search as Optuna's: what was tried is kept apart from what came of it."""

    def fit(self, X: Any, y: Any) -> Any:
        self.trials_ = [SimpleNamespace(params={"C": value}) for value in (0.1, 1.0)]
        self.cv_results_ = {"split0_test_score": [0.25, 0.75], "mean_test_score": [0.25, 0.75]}
        self.best_params_, self.best_score_ = {"C": 1.0}, 0.75
        return self


def test_trials_are_candidates() -> None:
    Trials().fit(X, y)
    parent, children = split()
    assert "fitscribe.incomplete" not in parent.data.tags
    assert parent.data.metrics["best_cv_score"] == 0.75
    children.sort(key=lambda child: float(child.data.params["C"]))
    assert [child.data.params["C"] for child in children] == ["0.1", "1.0"]
    assert [child.data.metrics["mean_test_score"] for child in children] == [0.25, 0.75]


class OwnSearch(BaseEstimator):
    """Keeps its results as somebody else likes them."""

    def __init__(self, kind: str = "frame") -> None:
        self.kind = kind

    def fit(self, X: Any, y: Any) -> Any:
        results = {
            "param_C": [0.1, 1.0],
            "mean_test_score": [0.5, 0.75],
            "rank_test_score": [2, 1],
        }
        if self.kind != "bare":
            results["params"] = [{"C": value} for value in results["param_C"]]
        self.cv_results_ = pd.DataFrame(results) if "frame" in self.kind else results
        self.best_params_, self.best_score_ = {"C": 1.0}, 0.75
        return self

    def predict(self, X: Any) -> Any:
        return np.zeros(len(X))


@pytest.mark.parametrize("kind", ["frame", "bare", "dict"])
def test_results_of_other_forms_are_candidates(kind: str) -> None:
    OwnSearch(kind).fit(X, y)
    parent, children = split()
    assert "fitscribe.incomplete" not in parent.data.tags
    assert parent.data.params["best_C"] == "1.0"
    assert parent.data.metrics["best_cv_score"] == 0.75
    assert sorted(child.data.params["C"] for child in children) == ["0.1", "1.0"]
    assert sorted(child.data.metrics["mean_test_score"] for child in children) == [0.5, 0.75]
    table = fitscribe.artifacts.load_text(f"runs:/{parent.info.run_id}/cv_results.csv")
    assert table.startswith("param_C,mean_test_score")
