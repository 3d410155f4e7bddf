"""Permutation importances of the training data, on request."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from recorded import only_run, read_json
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator
from sklearn.cluster import KMeans
from sklearn.datasets import load_diabetes
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import make_scorer, r2_score
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import fitscribe
import fitscribe.sklearn
from fitscribe.sklearn.importances import FILE, SEED, rows_to_permute

X, y = load_diabetes(return_X_y=True, as_frame=True)
TAG = "fitscribe.left_out"


@pytest.fixture(autouse=True)
def _asked_for(home: Path) -> Iterator[None]:
    fitscribe.sklearn.autolog(silent=True, log_permutation_importance=True)
    yield
    fitscribe.sklearn.autolog(disable=True)


def files() -> list[str]:
    return [file.path for file in fitscribe.Client().list_artifacts(only_run().info.run_id)]


def test_no_level_turns_them_on() -> None:
    fitscribe.sklearn.autolog(silent=True, log="full")
    Ridge().fit(X, y)
    assert FILE not in files()


def test_they_are_those_of_scikit_learn_with_an_interval() -> None:
    model = make_pipeline(StandardScaler(), Ridge()).fit(X, y)
    told = read_json(only_run(), FILE)
    with fitscribe.sklearn.autolog_disabled():
        direct = permutation_importance(model, X, y, n_repeats=10, random_state=SEED)
    found = told["value"]
    assert told["data"] == "training"
    assert (told["rows"], told["sampled_from"], told["score"]) == (442, 442, "Pipeline.score")
    assert found["feature_names"] == list(X.columns)
    np.testing.assert_allclose(found["importances_mean"], direct.importances_mean)
    np.testing.assert_allclose(found["importances_std"], direct.importances_std)
    np.testing.assert_allclose(found["importances"], direct.importances)
    interval = found["importances_interval"]
    # Of ten values: 2.262 standard errors on either side of the mean.
    errors = direct.importances.std(axis=1, ddof=1) / np.sqrt(10)
    np.testing.assert_allclose(
        np.subtract(interval["high"], interval["low"]), 2 * 2.26216 * errors, rtol=1e-5
    )
    np.testing.assert_allclose(
        np.mean([interval["low"], interval["high"]], axis=0), found["importances_mean"]
    )


def test_nothing_else_is_recorded_or_changed() -> None:
    fitscribe.sklearn.autolog(silent=True)
    Ridge().fit(X.to_numpy(), y)
    plain = only_run()
    fitscribe.delete_run(plain.info.run_id)
    fitscribe.sklearn.autolog(silent=True, log_permutation_importance=True)
    np.random.seed(0)
    Ridge().fit(X.to_numpy(), y)
    drawn = np.random.random()
    np.random.seed(0)
    assert drawn == np.random.random()
    run = only_run()
    assert run.data.metrics.keys() == plain.data.metrics.keys()
    assert run.data.tags.keys() == plain.data.tags.keys()
    fitscribe.flush()
    assert "metric_info.json" not in files()


def test_of_many_rows_some_are_asked_and_so_said() -> None:
    rng = np.random.default_rng(0)
    wide = rng.normal(size=(5_000, 3))
    LogisticRegression().fit(wide, wide[:, 0] > 0)
    told = read_json(only_run(), FILE)
    assert (told["rows"], told["sampled_from"]) == (2_000, 5_000)
    assert "feature_names" not in told["value"]
    mean = told["value"]["importances_mean"]
    assert mean[0] > 0.3 > 0.1 > mean[1]


def test_the_rows_depend_on_class_and_shape() -> None:
    assert rows_to_permute(Ridge(), 10_000, 10) == 2_000
    assert rows_to_permute(Ridge(), 10_000, 1_000) == 200
    small = np.random.default_rng(0).normal(size=(60, 2))
    with fitscribe.sklearn.autolog_disabled():
        forest = RandomForestClassifier(100).fit(small, small[:, 0] > 0)
        neighbours = KNeighborsClassifier().fit(small, small[:, 0] > 0)
    assert rows_to_permute(forest, 10_000, 100) == 200
    assert rows_to_permute(neighbours, 10_000, 10) == 200


class Own(Ridge):
    """Keeps what it was asked, and works in it."""

    def predict(self, X: Any) -> Any:
        found = super().predict(X)
        self.asked = getattr(self, "asked", 0) + 1
        X[:] = 0.0
        return found


def test_an_estimator_of_the_users_own_is_asked_as_a_copy_and_on_copies() -> None:
    data = X.to_numpy(copy=True)
    model = Own().fit(data, y)
    found = read_json(only_run(), FILE)["value"]["importances_mean"]
    with fitscribe.sklearn.autolog_disabled():
        plain = Ridge().fit(X.to_numpy(), y)
        direct = permutation_importance(plain, X.to_numpy(), y, n_repeats=10, random_state=SEED)
    np.testing.assert_allclose(found, direct.importances_mean)
    assert not hasattr(model, "asked")
    assert np.array_equal(data, X.to_numpy())


class Failing(Ridge):
    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        raise RuntimeError("no score today")


def test_a_score_that_fails_costs_no_fit() -> None:
    Failing().fit(X, y)
    run = only_run()
    assert run.info.status == "FINISHED"
    assert FILE not in files()
    assert "permute the features" in run.data.tags["fitscribe.incomplete"]
    assert "training_r2_score" in run.data.metrics


def test_of_a_search_the_best_estimator_is_asked() -> None:
    calls = []

    def counted(true: Any, predicted: Any) -> float:
        calls.append(1)
        return float(r2_score(true, predicted))

    search = GridSearchCV(Ridge(), {"alpha": [0.1, 1.0]}, cv=2, scoring=make_scorer(counted))
    search.fit(X, y)
    files_of_search = [
        file.path
        for run in fitscribe.search_runs(output_format="list")
        if run.data.tags["estimator_name"] == "GridSearchCV"
        for file in fitscribe.Client().list_artifacts(run.info.run_id)
    ]
    assert FILE in files_of_search
    assert len(calls) <= 5  # a candidate and a split each, and the training score


class Scoreless(BaseEstimator):
    def fit(self, X: Any, y: Any) -> Scoreless:
        self.mean_ = float(np.mean(y))
        return self

    def predict(self, X: Any) -> Any:
        return np.full(len(X), self.mean_)


@pytest.mark.parametrize(
    ("model", "data", "reason"),
    [
        (Ridge(), csr_matrix(X.to_numpy()), "X is sparse"),
        (Ridge(), pl.DataFrame(X.to_numpy()), "neither an array nor a frame of pandas"),
        (make_pipeline(CountVectorizer(), Ridge()), ["a few words"] * 442, "no table of features"),
        (Scoreless(), X, "it has no score"),
        (Ridge(), np.ones((442, 5_000)), "5000 features take more predictions"),
    ],
)
def test_what_is_left_out_is_told(model: Any, data: Any, reason: str) -> None:
    model.fit(data, y)
    assert FILE not in files()
    assert "permutation_importance: " in only_run().data.tags[TAG]
    assert reason in only_run().data.tags[TAG]


def test_without_a_target_there_are_none() -> None:
    KMeans(2, n_init=1, random_state=0).fit(X)
    assert FILE not in files()
    assert "permutation" not in only_run().data.tags.get(TAG, "")


def test_they_need_no_other_group_and_no_array() -> None:
    fitscribe.sklearn.autolog(
        silent=True, log_permutation_importance=True, log_facts=False, log_findings=False
    )
    Ridge().fit(X.to_numpy().tolist(), y.tolist())
    assert len(read_json(only_run(), FILE)["value"]["importances_mean"]) == 10
    assert "fitted_attributes.json" not in files()
