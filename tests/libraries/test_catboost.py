"""CatBoost's estimators: their folders, and their runs."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import catboost
import numpy as np
import pandas as pd
import pytest
import strangers
from recorded import runs
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import StackingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from strangers import Y3, G, R, X, Y

from fitscribe.errors import DamagedModel
from fitscribe.modelfolder.trust.reader import read

FEW: dict[str, Any] = {
    "iterations": 4,
    "depth": 2,
    "verbose": False,
    "allow_writing_files": False,
    "thread_count": 1,
    "random_seed": 0,
}
WORDS = pd.DataFrame(X, columns=list("abcd")).assign(
    e=np.where(R > 0, "u", "v"), t=["one two", "two three", "four"] * 40
)


def classifier(**params: Any) -> Any:
    return catboost.CatBoostClassifier(**{**FEW, **params})


def regressor(**params: Any) -> Any:
    return catboost.CatBoostRegressor(**{**FEW, **params})


def stopped() -> Any:
    model = classifier(custom_metric=["AUC"], early_stopping_rounds=1)
    return model.fit(X, Y, eval_set=(X[60:], Y[60:]))


MODELS: dict[str, Callable[[], Any]] = {
    "CatBoostClassifier": lambda: classifier().fit(X, Y),
    "of three classes": lambda: classifier().fit(X, Y3),
    "of named classes": lambda: classifier().fit(X, np.where(Y, "yes", "no")),
    "CatBoostRegressor": lambda: regressor().fit(X, R),
    "CatBoostRanker": lambda: catboost.CatBoostRanker(**FEW).fit(X, Y3, group_id=G),
    "CatBoost": lambda: catboost.CatBoost({**FEW, "loss_function": "RMSE"}).fit(X, R),
    "two targets": lambda: regressor(loss_function="MultiRMSE").fit(X, X[:, :2]),
    "stopped early": stopped,
    "in a pipeline": lambda: make_pipeline(StandardScaler(), classifier()).fit(X, Y),
    "in a search": lambda: GridSearchCV(classifier(), {"depth": [1, 2]}, cv=2).fit(X, Y),
    "stacked": lambda: StackingClassifier(
        [("x", classifier()), ("l", LogisticRegression())], cv=2
    ).fit(X, Y),
    "behind columns": lambda: make_pipeline(
        ColumnTransformer([("s", StandardScaler(), [0, 1])], remainder="passthrough"),
        classifier(),
    ).fit(X, Y),
}


@pytest.mark.parametrize("name", MODELS)
def test_a_strangers_model_gives_the_same_answers(name: str, home: Path) -> None:
    model = MODELS[name]()
    found = strangers.come_back(model, home)
    assert type(found) is type(model)
    strangers.same(strangers.answers(found, X), strangers.answers(model, X))


def test_categories_and_texts_are_kept(home: Path) -> None:
    model = classifier(cat_features=["e"], text_features=["t"]).fit(WORDS, Y)
    found = strangers.come_back(model, home)
    strangers.same(strangers.answers(found, WORDS), strangers.answers(model, WORDS))


@pytest.mark.parametrize(
    "change",
    [
        lambda content: b"XGB1" + content[4:],
        lambda content: content[:-1000],
        lambda content: content[:4] + b"\xff\xff\xff\x7f" + content[8:],
        lambda content: b"",
        lambda content: "CBM1",
    ],
)
def test_a_forged_model_is_refused(change: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    model = classifier().fit(X, Y)
    whole = catboost.CatBoost.__getstate__

    def changed(one: Any) -> Any:
        state = whole(one)
        return {**state, "__model": change(state["__model"])}

    monkeypatch.setattr(catboost.CatBoost, "__getstate__", changed)
    data = pickle.dumps(model)
    with pytest.raises(DamagedModel, match="A CatBoostClassifier in the model's file"):
        read(data)


@pytest.mark.usefixtures("autologging")
def test_a_fit_is_recorded_with_the_curves_of_its_sets() -> None:
    plain, run = strangers.recorded_alone(stopped, X)
    kept = plain.evals_result_
    assert {(name, metric) for name in kept for metric in kept[name]} >= {
        ("learn", "Logloss"),
        ("validation", "Logloss"),
        ("validation", "AUC"),
    }
    for name, curves in kept.items():
        for metric, expected in curves.items():
            assert strangers.history(run, f"{name}-{metric}") == expected


@pytest.mark.usefixtures("autologging")
@pytest.mark.parametrize(
    "name", ["CatBoostRegressor", "CatBoostRanker", "CatBoost", "in a pipeline"]
)
def test_a_fit_is_one_run(name: str) -> None:
    strangers.recorded_alone(MODELS[name], X)


@pytest.mark.usefixtures("autologging")
def test_a_ranker_is_not_scored_without_its_groups() -> None:
    _, run = strangers.recorded_alone(MODELS["CatBoostRanker"], X)
    assert not [key for key in run.data.metrics if key.startswith("training_")]


@pytest.mark.usefixtures("autologging")
def test_a_search_records_its_candidates() -> None:
    MODELS["in a search"]()
    assert len(runs()) == 3
