"""What an estimator keeps of its iterations is a history of its run."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

import numpy as np
import pytest
from recorded import only_run, runs
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.ensemble import (
    AdaBoostClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingRegressor,
)
from sklearn.feature_selection import RFECV
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import fitscribe
from fitscribe.sklearn.iterations import MOST_POINTS

X = np.random.default_rng(0).normal(size=(80, 3)).round(2)
y = (X[:, 0] + X[:, 1] > 0).astype(int)

pytestmark = pytest.mark.usefixtures("autologging")


def history(key: str) -> list[tuple[int, float]]:
    found = fitscribe.client.Client().get_metric_history(only_run().info.run_id, key)
    return [(point.step, point.value) for point in found]


def numbered(values: Any) -> list[tuple[int, float]]:
    return list(enumerate(np.asarray(values).tolist()))


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_a_loss_curve_and_validation_scores() -> None:
    net = MLPClassifier((3,), max_iter=4, early_stopping=True, random_state=0).fit(X, y)
    assert history("loss_curve") == numbered(net.loss_curve_)
    assert history("validation_scores") == numbered(net.validation_scores_)


def test_scores_of_stages() -> None:
    boosted = HistGradientBoostingRegressor(max_iter=4, early_stopping=True).fit(X, y)
    assert history("train_score") == numbered(boosted.train_score_)
    assert history("validation_score") == numbered(boosted.validation_score_)


def test_a_pipeline_and_a_search_have_those_of_what_was_trained_last() -> None:
    boosting = GradientBoostingRegressor(n_estimators=4, subsample=0.5, random_state=0)
    pipe = make_pipeline(StandardScaler(), boosting)
    search = GridSearchCV(pipe, {"gradientboostingregressor__max_depth": [1]}, cv=2)
    search.fit(X, y)
    last = search.best_estimator_[-1]
    (parent,) = fitscribe.search_runs(
        filter_string="tags.estimator_name = 'GridSearchCV'", output_format="list"
    )
    found = fitscribe.client.Client().get_metric_history(parent.info.run_id, "oob_improvement")
    assert [point.value for point in found] == last.oob_improvement_.tolist()


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_adaboost_that_stops_early_has_no_made_up_stages() -> None:
    ada = AdaBoostClassifier(n_estimators=30).fit(X[:, :1], (X[:, 0] > 0).astype(int))
    assert len(ada.estimators_) < 30
    assert history("estimator_errors") == numbered(ada.estimator_errors_[: len(ada.estimators_)])


def test_rfecv_has_a_score_for_each_number_of_features() -> None:
    selection = RFECV(Ridge(), cv=2, step=2).fit(X, y)
    results = selection.cv_results_
    expected = list(
        zip(results["n_features"].tolist(), results["mean_test_score"].tolist(), strict=True)
    )
    assert len(expected) == 2
    assert history("mean_test_score") == expected


class Boosted(RegressorMixin, BaseEstimator):
    """Keeps evaluations as the boosting libraries do."""

    def __init__(self, rounds: int = 3) -> None:
        self.rounds = rounds

    def fit(self, X: Any, y: Any) -> Boosted:
        losses = [1.0 / (step + 1) for step in range(self.rounds)]
        self.evals_result_ = {"validation_0": {"rmse": losses, "ndcg@5": losses[:1]}}
        return self

    def predict(self, X: Any) -> Any:
        return np.zeros(len(X))


def test_evaluation_sets_have_mlflows_keys() -> None:
    Boosted().fit(X, y)
    assert history("validation_0-rmse") == [(0, 1.0), (1, 0.5), (2, 1 / 3)]
    assert history("validation_0-ndcg_at_5") == [(0, 1.0)]


def test_a_long_history_is_thinned_evenly_and_says_so() -> None:
    Boosted(2501).fit(X, y)
    steps = [step for step, _ in history("validation_0-rmse")]
    assert len(steps) == MOST_POINTS
    assert (steps[0], steps[-1]) == (0, 2500)
    assert set(np.diff(steps)) == {2, 3}
    told = only_run().data.tags["fitscribe.history.thinned"]
    assert told == "validation_0-rmse: 1000 of 2501 points"


if importlib.util.find_spec("sklearn.callback") is not None:  # since scikit-learn 1.9

    def monitor(*scoring: str) -> Any:
        module = importlib.import_module("sklearn.callback")
        return module.ScoringMonitor(scoring=list(scoring))

    def iterations_of(watching: Any) -> dict[str, list[tuple[int, float]]]:
        rows = [row for row in watching.get_logs().data if row["task_name"] != "fit"]
        return {
            name: [(row["task_id"], row[name]) for row in rows]
            for name in ("accuracy", "neg_log_loss")
        }

    def test_a_monitor_of_scores_is_a_history_of_each_score() -> None:
        watching = monitor("accuracy", "neg_log_loss")
        model: Any = LogisticRegression(max_iter=30)
        model.set_callbacks(watching).fit(X, y)
        expected = iterations_of(watching)
        assert len(expected["accuracy"]) > 3
        assert history("monitor_accuracy") == expected["accuracy"]
        assert history("monitor_neg_log_loss") == expected["neg_log_loss"]

    def test_a_monitor_within_a_search_tells_of_the_best_estimator() -> None:
        model: Any = LogisticRegression(max_iter=30)
        model.set_callbacks(monitor("accuracy"))
        search = GridSearchCV(model, {"C": [0.1, 5.0]}, cv=2).fit(X, y)
        run = next(run for run in runs() if "mlflow.parentRunId" not in run.data.tags)
        found = fitscribe.Client().get_metric_history(run.info.run_id, "monitor_accuracy")
        assert len(found) == search.best_estimator_.n_iter_[0]
        assert found[-1].value == search.score(X, y)

    def test_a_monitor_that_saw_nothing_is_nothing() -> None:
        model: Any = LogisticRegression(max_iter=30, solver="liblinear")
        with pytest.warns(UserWarning, match="only supported"):
            model.set_callbacks(monitor("accuracy"))
        model.fit(X, y)
        assert not [key for key in only_run().data.metrics if key.startswith("monitor_")]
