"""XGBoost's estimators: their folders, and their runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import strangers
import xgboost
from recorded import runs
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import StackingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import mean_absolute_error
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from strangers import Y3, G, R, X, Y

FEW: dict[str, Any] = {"n_estimators": 4, "max_depth": 2, "n_jobs": 1}


def frame() -> pd.DataFrame:
    table = pd.DataFrame(X, columns=list("abcd"))
    return table.assign(e=pd.Categorical(np.where(R > 0, "u", "v")))


def classifier(**params: Any) -> Any:
    return xgboost.XGBClassifier(**{**FEW, **params})


def stopped() -> Any:
    model = classifier(early_stopping_rounds=1, eval_metric=["logloss", "auc"])
    return model.fit(X, Y, eval_set=[(X[60:], Y[60:])], verbose=False)


MODELS: dict[str, Callable[[], Any]] = {
    "XGBClassifier": lambda: classifier().fit(X, Y),
    "of three classes": lambda: classifier().fit(X, Y3),
    "XGBRegressor": lambda: xgboost.XGBRegressor(**FEW).fit(X, R),
    "XGBRanker": lambda: xgboost.XGBRanker(**FEW).fit(X, Y3, qid=G),
    "XGBRFClassifier": lambda: xgboost.XGBRFClassifier(**FEW).fit(X, Y),
    "XGBRFRegressor": lambda: xgboost.XGBRFRegressor(**FEW).fit(X, R),
    "linear": lambda: classifier(booster="gblinear", max_depth=None).fit(X, Y),
    "dart": lambda: classifier(booster="dart").fit(X, Y),
    "two targets": lambda: xgboost.XGBRegressor(**FEW).fit(X, X[:, :2]),
    "stopped early": stopped,
    "a metric of scikit-learn": lambda: xgboost.XGBRegressor(
        **FEW, eval_metric=mean_absolute_error
    ).fit(X, R, eval_set=[(X, R)], verbose=False),
    "in a pipeline": lambda: make_pipeline(StandardScaler(), classifier()).fit(X, Y),
    "in a search": lambda: GridSearchCV(classifier(), {"max_depth": [1, 2]}, cv=2).fit(X, Y),
    "stacked": lambda: StackingClassifier(
        [("x", classifier()), ("l", LogisticRegression())], cv=2
    ).fit(X, Y),
    "behind columns": lambda: make_pipeline(
        ColumnTransformer([("s", StandardScaler(), [0, 1])], remainder="passthrough"),
        classifier(),
    ).fit(X, Y),
    "of each target": lambda: MultiOutputRegressor(xgboost.XGBRegressor(**FEW)).fit(X, X[:, :2]),
}


@pytest.mark.parametrize("name", MODELS)
def test_a_strangers_model_gives_the_same_answers(name: str, home: Path) -> None:
    model = MODELS[name]()
    found = strangers.come_back(model, home)
    assert type(found) is type(model)
    strangers.same(strangers.answers(found, X), strangers.answers(model, X))


def test_categories_are_kept(home: Path) -> None:
    model = classifier(enable_categorical=True).fit(frame(), Y)
    found = strangers.come_back(model, home)
    strangers.same(strangers.answers(found, frame()), strangers.answers(model, frame()))


def test_a_booster_is_kept(home: Path) -> None:
    data = xgboost.DMatrix(X, R)
    model = xgboost.train({"max_depth": 2, "nthread": 1}, data, 3)
    strangers.same(strangers.come_back(model, home).predict(data), model.predict(data))


@pytest.mark.usefixtures("autologging")
def test_a_fit_is_recorded_with_the_curves_of_its_sets() -> None:
    plain, run = strangers.recorded_alone(stopped, X)
    for metric in ("logloss", "auc"):
        expected = plain.evals_result()["validation_0"][metric]
        assert strangers.history(run, f"validation_0-{metric}") == expected


@pytest.mark.usefixtures("autologging")
@pytest.mark.parametrize("name", ["XGBRegressor", "XGBRanker", "XGBRFClassifier", "in a pipeline"])
def test_a_fit_is_one_run(name: str) -> None:
    strangers.recorded_alone(MODELS[name], X)


@pytest.mark.usefixtures("autologging")
def test_a_ranker_is_not_scored_without_its_groups() -> None:
    _, run = strangers.recorded_alone(MODELS["XGBRanker"], X)
    assert not [key for key in run.data.metrics if key.startswith("training_")]


@pytest.mark.usefixtures("autologging")
def test_a_search_records_its_candidates() -> None:
    MODELS["in a search"]()
    assert len(runs()) == 3
