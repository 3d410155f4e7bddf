"""LightGBM's estimators: their folders, and their runs."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pandas as pd
import pytest
import strangers
from recorded import runs
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import StackingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from strangers import Y3, R, X, Y

FEW: dict[str, Any] = {"n_estimators": 4, "num_leaves": 4, "verbose": -1, "n_jobs": 1}
# LightGBM gives rows without names names of its own, which scikit-learn then misses.
TABLE = pd.DataFrame(X, columns=list("abcd"))


def classifier(**params: Any) -> Any:
    return lightgbm.LGBMClassifier(**{**FEW, **params})


def held_out() -> dict[str, Any]:
    """Return the arguments for a set to evaluate on, as this version of LightGBM calls them."""
    if "eval_X" in inspect.signature(lightgbm.LGBMClassifier.fit).parameters:
        return {"eval_X": TABLE[60:], "eval_y": Y[60:]}
    return {"eval_set": [(TABLE[60:], Y[60:])]}


def stopped() -> Any:
    return classifier().fit(
        TABLE,
        Y,
        **held_out(),
        eval_names=["held_out"],
        eval_metric=["auc"],
        callbacks=[lightgbm.early_stopping(2, verbose=False)],
    )


def with_categories() -> Any:
    e = pd.Categorical(np.where(R > 0, "u", "v"))
    return classifier().fit(TABLE.assign(e=e)[["b", "c", "d", "e"]], Y)


MODELS: dict[str, Callable[[], Any]] = {
    "LGBMClassifier": lambda: classifier().fit(TABLE, Y),
    "of three classes": lambda: classifier(class_weight="balanced").fit(TABLE, Y3),
    "of named classes": lambda: classifier().fit(TABLE, np.where(Y, "yes", "no")),
    "LGBMRegressor": lambda: lightgbm.LGBMRegressor(**FEW).fit(TABLE, R),
    "LGBMRanker": lambda: lightgbm.LGBMRanker(**FEW).fit(TABLE, Y3, group=[10] * 12),
    "LGBMModel": lambda: lightgbm.LGBMModel(**FEW, objective="binary").fit(TABLE, Y),
    "dart": lambda: classifier(boosting_type="dart").fit(TABLE, Y),
    "linear leaves": lambda: lightgbm.LGBMRegressor(**FEW, linear_tree=True).fit(TABLE, R),
    "stopped early": stopped,
    "in a pipeline": lambda: make_pipeline(
        StandardScaler().set_output(transform="pandas"), classifier()
    ).fit(TABLE, Y),
    "in a search": lambda: GridSearchCV(classifier(), {"num_leaves": [2, 4]}, cv=2).fit(TABLE, Y),
    "stacked": lambda: StackingClassifier(
        [("x", classifier()), ("l", LogisticRegression())], cv=2
    ).fit(TABLE, Y),
    "behind columns": lambda: make_pipeline(
        ColumnTransformer(
            [("s", StandardScaler(), ["a", "b"])], remainder="passthrough"
        ).set_output(transform="pandas"),
        classifier(),
    ).fit(TABLE, Y),
    "of each target": lambda: MultiOutputRegressor(lightgbm.LGBMRegressor(**FEW)).fit(
        TABLE, X[:, :2]
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_a_strangers_model_gives_the_same_answers(name: str, home: Path) -> None:
    model = MODELS[name]()
    found = strangers.come_back(model, home)
    assert type(found) is type(model)
    strangers.same(strangers.answers(found, TABLE), strangers.answers(model, TABLE))


def test_categories_are_kept(home: Path) -> None:
    model, rows = with_categories(), TABLE.assign(e="u")[["b", "c", "d", "e"]]
    rows["e"] = rows["e"].astype(pd.CategoricalDtype(["v", "u"]))
    found = strangers.come_back(model, home)
    strangers.same(strangers.answers(found, rows), strangers.answers(model, rows))


def test_a_booster_is_kept(home: Path) -> None:
    model = lightgbm.train({"verbose": -1, "num_threads": 1}, lightgbm.Dataset(X, R), 3)
    strangers.same(strangers.come_back(model, home).predict(X), model.predict(X))


@pytest.mark.usefixtures("autologging")
def test_a_fit_is_recorded_with_the_curves_of_its_sets() -> None:
    plain, run = strangers.recorded_alone(stopped, TABLE)
    for metric in ("binary_logloss", "auc"):
        expected = plain.evals_result_["held_out"][metric]
        assert strangers.history(run, f"held_out-{metric}") == expected


@pytest.mark.usefixtures("autologging")
@pytest.mark.parametrize("name", ["LGBMRegressor", "LGBMRanker", "LGBMModel", "in a pipeline"])
def test_a_fit_is_one_run(name: str) -> None:
    strangers.recorded_alone(MODELS[name], TABLE)


@pytest.mark.usefixtures("autologging")
def test_a_search_records_its_candidates() -> None:
    MODELS["in a search"]()
    assert len(runs()) == 3
