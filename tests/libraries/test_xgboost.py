"""XGBoost's estimators: their folders, and their runs."""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import skops.io
import strangers
import xgboost
from changed_boosters import forged
from recorded import runs
from scipy import sparse
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import StackingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import mean_absolute_error
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from strangers import Y3, G, R, X, Y

from fitscribe.errors import DamagedModel
from fitscribe.modelfolder.trust.reader import read
from fitscribe.modelfolder.trust.skops import read_skops

FEW: dict[str, Any] = {"n_estimators": 4, "max_depth": 2, "n_jobs": 1}


def frame() -> pd.DataFrame:
    table = pd.DataFrame(X, columns=list("abcd"))
    return table.assign(e=pd.Categorical(np.where(R > 0, "u", "v")))


def classifier(**params: Any) -> Any:
    return xgboost.XGBClassifier(**{**FEW, **params})


def stopped() -> Any:
    model = classifier(early_stopping_rounds=1, eval_metric=["logloss", "auc"])
    return model.fit(X, Y, eval_set=[(X[60:], Y[60:])], verbose=False)


def regressor(**params: Any) -> Any:
    return xgboost.XGBRegressor(**{**FEW, **params})


MODELS: dict[str, Callable[[], Any]] = {
    "XGBClassifier": lambda: classifier().fit(X, Y),
    "of three classes": lambda: classifier().fit(X, Y3),
    "XGBRegressor": lambda: xgboost.XGBRegressor(**FEW).fit(X, R),
    "XGBRanker": lambda: xgboost.XGBRanker(**FEW).fit(X, Y3, qid=G),
    "XGBRFClassifier": lambda: xgboost.XGBRFClassifier(**FEW).fit(X, Y),
    "XGBRFRegressor": lambda: xgboost.XGBRFRegressor(**FEW).fit(X, R),
    "linear": lambda: classifier(booster="gblinear", max_depth=None).fit(X, Y),
    "dart": lambda: classifier(booster="dart").fit(X, Y),
    "linear, of three classes": lambda: classifier(booster="gblinear", max_depth=None).fit(X, Y3),
    "dart with drops": lambda: classifier(booster="dart", rate_drop=0.5).fit(X, Y3),
    "pruned": lambda: regressor(tree_method="exact", gamma=1.0, max_depth=6).fit(X, R),
    "pruned to the roots": lambda: regressor(tree_method="exact", gamma=1e9).fit(X, R),
    "by loss": lambda: regressor(grow_policy="lossguide", max_leaves=9, max_depth=0).fit(X, R),
    "with constraints": lambda: regressor(
        monotone_constraints=(1, 0, -1, 0), interaction_constraints="[[0, 2], [1, 3]]"
    ).fit(X, R),
    "several trees at once": lambda: classifier(num_parallel_tree=3, subsample=0.5).fit(X, Y3),
    "leaves of two targets": lambda: regressor(multi_strategy="multi_output_tree").fit(
        X, X[:, :2]
    ),
    "leaves of one target": lambda: regressor(multi_strategy="multi_output_tree").fit(X, R),
    "several labels": lambda: classifier().fit(X, (X[:, :2] > 0).astype(int)),
    "three quantiles": lambda: regressor(
        objective="reg:quantileerror", quantile_alpha=[0.1, 0.5, 0.9]
    ).fit(X, R),
    "of absolute errors": lambda: regressor(objective="reg:absoluteerror").fit(X, R),
    "from a margin": lambda: regressor().fit(X, R, base_margin=R / 2),
    "without trees": lambda: regressor(n_estimators=0).fit(X, R),
    "with gaps": lambda: regressor().fit(np.where(X > 1, np.nan, X), R),
    "sparse": lambda: regressor().fit(sparse.csr_matrix(np.where(X > 0.5, X, 0)), R),
    "an unbiased ranker": lambda: xgboost.XGBRanker(**FEW, lambdarank_unbiased=True).fit(
        X, Y3, qid=G
    ),
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


@pytest.mark.parametrize("method", ["approx", "hist"])
@pytest.mark.parametrize("together", [1, 100])
def test_categories_are_kept(method: str, together: int, home: Path) -> None:
    rows = frame().assign(f=pd.Categorical.from_codes(np.arange(120) % 37 - 1, list(range(36))))
    model = classifier(
        enable_categorical=True, tree_method=method, max_cat_to_onehot=together
    ).fit(rows, Y)
    found = strangers.come_back(model, home)
    strangers.same(strangers.answers(found, rows), strangers.answers(model, rows))


def test_a_booster_is_kept(home: Path) -> None:
    data = xgboost.DMatrix(X, R)
    model = xgboost.train({"max_depth": 2, "nthread": 1}, data, 3)
    strangers.same(strangers.come_back(model, home).predict(data), model.predict(data))


def boosters() -> dict[str, Any]:
    """Return boosters that are more than the fit of one model."""
    data = xgboost.DMatrix(X, R)
    few = {"max_depth": 4, "nthread": 1}
    first = xgboost.train(few, data, 4)
    update = {"process_type": "update", "updater": "prune,refresh", "verbosity": 0}
    named = first.copy()
    named.set_attr(note="é", best_iteration="2")
    return {
        "a slice": first[1:4],
        "every second": first[0:4:2],
        "continued": xgboost.train({"max_depth": 2, "nthread": 1}, data, 2, xgb_model=first),
        "updated": xgboost.train({**few, **update, "gamma": 2.0}, data, 4, xgb_model=first),
        "with attributes": named,
        "no round": xgboost.train(few, data, 0),
    }


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_boosters_are_read_in_every_protocol(protocol: int) -> None:
    data = xgboost.DMatrix(X)
    for booster in boosters().values():
        found = read(pickle.dumps(booster, protocol))
        strangers.same(found.predict(data), booster.predict(data))


def number(content: bytearray, key: str, place: int, value: int) -> bytearray:
    """Return what a booster holds with another number in an array of its first tree."""
    start = content.index(f"{key}[$l#L".encode()) + len(key) + 5 + 8 + 4 * place
    content[start : start + 4] = value.to_bytes(4, "big", signed=True)
    return content


def text(content: bytearray, key: str, value: str) -> bytearray:
    """Return what a booster holds with another text under a key, wherever that is."""
    new = f"{key}SL".encode() + len(value).to_bytes(8, "big") + value.encode()
    form = re.escape(f"{key}SL".encode()) + rb"\0{7}(.)"
    while found := re.search(form, content, re.DOTALL):
        content[found.start() : found.end() + found[1][0]] = new.replace(b"SL", b"SX", 1)
    return content.replace(f"{key}SX".encode(), f"{key}SL".encode())


def cut(content: bytearray) -> bytearray:
    return content[:-1]


FORGED: dict[str, tuple[str, Callable[[bytearray], Any]]] = {
    "a child behind the end": ("XGBRegressor", lambda c: number(c, "left_children", 0, 1000)),
    "a child in front": ("XGBRegressor", lambda c: number(c, "right_children", 0, -5)),
    "a circle": ("XGBRegressor", lambda c: number(c, "left_children", 1, 1)),
    "the root as a child": ("XGBRegressor", lambda c: number(c, "left_children", 1, 0)),
    "half a leaf": ("XGBRegressor", lambda c: number(c, "right_children", 6, 1000)),
    "one child twice": ("XGBRegressor", lambda c: number(c, "left_children", 0, 2)),
    "a parent behind the end": ("XGBRegressor", lambda c: number(c, "parents", 1, 1000)),
    "a foreign feature": ("XGBRegressor", lambda c: number(c, "split_indices", 0, 4)),
    "fewer nodes": ("XGBRegressor", lambda c: text(c, "num_nodes", "5")),
    "no nodes": ("XGBRegressor", lambda c: text(c, "num_nodes", "0")),
    "more trees": ("XGBRegressor", lambda c: text(c, "num_trees", "5")),
    "pruned nodes": ("XGBRegressor", lambda c: text(c, "num_deleted", "1")),
    "leaves of two": ("XGBRegressor", lambda c: text(c, "size_leaf_vector", "2")),
    "leaves for each target": (
        "two targets",
        lambda c: text(c, "multi_strategy", "multi_output_tree"),
    ),
    "leaves that are not there": (
        "leaves of two targets",
        lambda c: c.replace(b"leaf_weights", b"leaf_Weights"),
    ),
    "a leaf behind the end": (
        "leaves of two targets",
        lambda c: number(c, "right_children", 6, 1000),
    ),
    "trees of one target": (
        "leaves of two targets",
        lambda c: text(c, "multi_strategy", "one_output_per_tree"),
    ),
    "more classes": ("of three classes", lambda c: text(c, "num_class", "4")),
    "fewer classes": ("of three classes", lambda c: text(c, "num_class", "2")),
    "more features": ("linear", lambda c: text(c, "num_feature", "5")),
    "another booster": ("dart", lambda c: c.replace(b"L\0\0\0\0\0\0\0\4dart", b"")),
    "a base score that is none": ("XGBRegressor", lambda c: text(c, "base_score", "[0,0]")),
    "an iteration before the first": (
        "stopped early",
        lambda c: text(c, "best_iteration", "-7"),
    ),
    "a million threads": ("XGBRegressor", lambda c: text(c, "nthread", "1000000")),
    "an array too long": (
        "XGBRegressor",
        lambda c: c.replace(b"parents[$l#L\0", b"parents[$l#L\x7f"),
    ),
    "another type of array": ("XGBRegressor", lambda c: c.replace(b"parents[$l", b"parents[$d")),
    "the end missing": ("XGBRegressor", cut),
    "more behind the end": ("XGBRegressor", lambda c: c + b"}"),
    "one name twice": (
        "XGBRegressor",
        lambda c: c.replace(b"loss_changes", b"base_weights"),
    ),
    "maps without end": ("XGBRegressor", lambda c: bytearray(b"{L" + b"\0" * 8 + b"{L") * 9999),
    "JSON": ("XGBRegressor", lambda c: bytearray(b'{"Model": {}, "Config": {}}')),
    "the old binary format": ("XGBRegressor", lambda c: bytearray(b"binf" + bytes(200))),
    "nothing": ("XGBRegressor", lambda c: bytearray()),
    "no bytes": ("XGBRegressor", lambda c: 7),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_booster_is_refused_before_it_is_read(name: str) -> None:
    kind, change = FORGED[name]
    data = forged("xgboost", MODELS[kind](), change)
    with pytest.raises(DamagedModel, match=r"Booster in the model's file cannot be used"):
        read(data)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_forged_booster_is_refused_in_every_protocol(protocol: int) -> None:
    _, change = FORGED["a child behind the end"]
    data = forged("xgboost", MODELS["XGBRegressor"](), change, protocol)
    with pytest.raises(DamagedModel, match=r"Booster in the model's file cannot be used"):
        read(data)


def test_bytes_that_grow_are_refused() -> None:
    booster = MODELS["XGBRegressor"]().get_booster()
    data = pickle.dumps(booster, 4)
    name = data.index(b"bytearray")
    reduced = data.index(b"R", name + len(booster.__getstate__()["handle"]))
    # Adds 1 to the bytes when they are made.
    with pytest.raises(DamagedModel):
        read(data[: reduced + 1] + b"K\x01a" + data[reduced + 1 :])


def test_a_forged_booster_is_refused_in_a_file_of_skops(monkeypatch: pytest.MonkeyPatch) -> None:
    model = MODELS["XGBRegressor"]()
    same = read_skops(skops.io.dumps(model))
    strangers.same(strangers.answers(same, X), strangers.answers(model, X))
    whole = xgboost.Booster.__getstate__

    def changed(booster: Any) -> Any:
        state = whole(booster)
        return {**state, "handle": number(state["handle"], "left_children", 0, 1000)}

    monkeypatch.setattr(xgboost.Booster, "__getstate__", changed)
    data = skops.io.dumps(model)
    with pytest.raises(DamagedModel, match=r"Booster in the model's file cannot be used"):
        read_skops(data)


@pytest.mark.soak
def test_what_was_changed_at_random_crashes_nothing() -> None:
    refused, used = strangers.changed_at_random("xgboost")
    assert refused > 20
    assert used > 5


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
