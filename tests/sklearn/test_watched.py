"""Estimators that are no ``BaseEstimator``: watched, listed, or inside of one that is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from recorded import only_run, read_json, runs
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

import fitscribe
import fitscribe.sklearn
from fitscribe.errors import InvalidParameter

X = np.random.default_rng(0).normal(size=(40, 2)).round(2)
y = (X[:, 0] > 0).astype(int)

pytestmark = pytest.mark.usefixtures("autologging")


class Plain:
    """Has ``fit`` and ``predict``, and nothing else."""

    def fit(self, X: Any, y: Any) -> Plain:
        self.mean_ = float(np.mean(y))
        return self

    def predict(self, X: Any) -> Any:
        return np.full(len(X), self.mean_)


FIT = vars(Plain)["fit"]


class Duck(Plain):
    """Has params, too, and says that it is a regressor in the old way."""

    _estimator_type = "regressor"

    def __init__(self, shift: float = 0.0) -> None:
        self.shift = shift

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        return {"shift": self.shift}

    def set_params(self, **params: Any) -> Duck:
        self.__dict__.update(params)
        return self

    def partial_fit(self, X: Any, y: Any) -> Duck:
        return self.fit(X, y)

    def score(self, X: Any, y: Any) -> float:
        return -float(np.abs(self.predict(X) - y).mean())


def names() -> list[str]:
    return [run.data.tags["estimator_name"] for run in runs()][::-1]


def test_a_watched_class_is_recorded_until_autologging_is_off() -> None:
    Plain().fit(X, y)
    assert names() == []
    assert fitscribe.sklearn.watch(Plain) is Plain
    Plain().fit(X, y)
    run = only_run()
    assert (run.info.status, run.data.params) == ("FINISHED", {})
    assert "fitscribe.incomplete" not in run.data.tags
    assert len(run.outputs.model_outputs) == 1
    fitscribe.sklearn.autolog(disable=True)
    assert vars(Plain)["fit"] is FIT
    fitscribe.sklearn.autolog(silent=True)
    Plain().fit(X, y)
    assert names() == ["Plain"]


def test_classes_derived_from_it_and_steps_are_recorded() -> None:
    fitscribe.sklearn.watch(Plain)
    model = Duck(2.0)
    model.fit(X, y)
    for _ in range(3):
        model.partial_fit(X, y)
    steps, fit = runs()
    assert names() == ["Duck", "Duck"]
    assert fit.data.params == steps.data.params == {"shift": "2.0"}
    assert sorted(output.step for output in steps.outputs.model_outputs) == [1, 2]


def test_what_is_watched_before_autologging_is_hooked_by_it() -> None:
    fitscribe.sklearn.autolog(disable=True)
    fitscribe.sklearn.watch(Plain)
    Plain().fit(X, y)
    fitscribe.sklearn.autolog(silent=True)
    Plain().fit(X, y)
    assert names() == ["Plain"]


def test_the_fit_itself_is_as_before() -> None:
    fitscribe.sklearn.watch(Duck)
    model = Duck(1.0)
    assert model.fit(X, y) is model
    with pytest.raises(TypeError, match="positional argument"):
        model.fit(X)  # type: ignore[call-arg]
    assert [run.info.status for run in runs()] == ["FAILED", "FINISHED"]


@pytest.mark.parametrize("wrong", [Plain(), "Plain", int, None])
def test_only_a_class_with_fit_can_be_watched(wrong: Any) -> None:
    with pytest.raises(InvalidParameter, match="a class that has a method fit"):
        fitscribe.sklearn.watch(wrong)


def test_threads_and_workers_record_a_watched_class(tmp_path: Path, home: Path) -> None:
    (tmp_path / "ducks.py").write_text(
        "class Mean:\n    def fit(self, X, y):\n        self.mean_ = sum(y)\n        return self\n"
    )
    code = f"""
import ducks, joblib, fitscribe, fitscribe.sklearn
fitscribe.set_tracking_uri({str(home)!r})
fitscribe.sklearn.watch(ducks.Mean)
fitscribe.sklearn.autolog(silent=True)
for backend in ("threading", "loky"):
    with joblib.parallel_config(backend):
        joblib.Parallel(n_jobs=2)(
            joblib.delayed(ducks.Mean().fit)([[1.0], [2.0]], [1.0, 2.0]) for _ in range(2)
        )
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, check=False, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    fitscribe.set_tracking_uri(str(home))
    assert names() == ["Mean"] * 4
    assert {run.info.status for run in runs()} == {"FINISHED"}


class Tagged(Duck, BaseEstimator):
    """Duck-typed in all but its base: what scikit-learn's meta-estimators ask for is there."""

    __init__ = Duck.__init__
    get_params = Duck.get_params
    set_params = Duck.set_params  # type: ignore[assignment]


def test_within_a_pipeline_or_a_search_it_needs_no_watching() -> None:
    Pipeline([("scale", StandardScaler()), ("duck", Tagged(1.0))]).fit(X, y)
    GridSearchCV(
        make_pipeline(StandardScaler(), Tagged()), {"tagged__shift": [1.0, 2.0]}, cv=2
    ).fit(X, y)
    outermost = [run for run in runs() if "mlflow.parentRunId" not in run.data.tags]
    assert [run.data.tags["estimator_name"] for run in outermost] == ["GridSearchCV", "Pipeline"]
    assert outermost[1].data.params["duck__shift"] == "1.0"


class Sampler(BaseEstimator):
    """Resamples as those of imbalanced-learn do: it fits neighbours on the way."""

    def fit(self, X: Any, y: Any) -> Sampler:
        return self

    def fit_resample(self, X: Any, y: Any) -> Any:
        self.neighbours_ = LogisticRegression().fit(X, y)
        return X[::2], y[::2]


def test_a_sampler_is_preparation() -> None:
    rows, labels = Sampler().fit_resample(X, y)
    Sampler().fit(X, y)
    LogisticRegression().fit(rows, labels)
    assert names() == ["LogisticRegression"]
    prepared = read_json(only_run(), "preparation.json")
    assert [entry["shape"] for entry in prepared] == [[40, 2], [40, 2]]


LISTED = """
class CatBoost:
    def __init__(self, depth=6):
        self.depth = depth
    def get_params(self, deep=True):
        return {"depth": self.depth}
    def fit(self, X, y=None):
        self.evals_result_ = {"learn": {"RMSE": [3.0, 2.0, 1.0]}}
        return self
class CatBoostRegressor(CatBoost):
    def fit(self, X, y=None):
        return super().fit(X, y)
"""


@pytest.mark.parametrize("imported", ["before", "after"])
def test_listed_packages_are_recorded_whenever_they_are_imported(
    imported: str, tmp_path: Path, home: Path
) -> None:
    (tmp_path / "catboost").mkdir()
    (tmp_path / "catboost/__init__.py").write_text("from .core import *")
    (tmp_path / "catboost/core.py").write_text(LISTED)
    lines = ["import catboost", "fitscribe.sklearn.autolog(silent=True)"]
    code = f"""
import fitscribe, fitscribe.sklearn
fitscribe.set_tracking_uri({str(home)!r})
{chr(10).join(lines if imported == "before" else lines[::-1])}
catboost.CatBoostRegressor(depth=3).fit([[1.0], [2.0]], [1.0, 2.0])
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, check=False, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    fitscribe.set_tracking_uri(str(home))
    run = only_run()
    assert run.data.tags["estimator_name"] == "CatBoostRegressor"
    assert run.data.params == {"depth": "3"}
    found = fitscribe.client.Client().get_metric_history(run.info.run_id, "learn-RMSE")
    assert [point.value for point in found] == [3.0, 2.0, 1.0]
