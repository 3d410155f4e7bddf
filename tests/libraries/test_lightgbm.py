"""LightGBM's estimators: their folders, and their runs."""

from __future__ import annotations

import inspect
import pickle
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pandas as pd
import pytest
import skops.io
import strangers
from changed_boosters import forged
from recorded import runs
from scipy import sparse
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import StackingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from strangers import Y3, R, X, Y

from fitscribe.errors import DamagedModel
from fitscribe.modelfolder.trust.reader import read
from fitscribe.modelfolder.trust.skops import read_skops

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


def regressor(**params: Any) -> Any:
    return lightgbm.LGBMRegressor(**{**FEW, **params})


def with_categories() -> Any:
    e = pd.Categorical(np.where(R > 0, "u", "v"))
    return classifier().fit(TABLE.assign(e=e)[["b", "c", "d", "e"]], Y)


def with_sets() -> tuple[Any, Any]:
    """Return a model that splits by sets of categories, and its rows."""
    codes = np.arange(120) % 40
    rows = TABLE.assign(e=pd.Categorical.from_codes(codes, [f"k{n}" for n in range(40)]))
    few = {"min_data_per_group": 1, "cat_smooth": 0.1, "min_data_in_bin": 1}
    return regressor(**few, min_child_samples=2).fit(rows, codes % 2), rows


BAGGED: dict[str, Any] = {"boosting_type": "rf", "subsample": 0.5, "subsample_freq": 1}


MODELS: dict[str, Callable[[], Any]] = {
    "LGBMClassifier": lambda: classifier().fit(TABLE, Y),
    "of three classes": lambda: classifier(class_weight="balanced").fit(TABLE, Y3),
    "of named classes": lambda: classifier().fit(TABLE, np.where(Y, "yes", "no")),
    "LGBMRegressor": lambda: lightgbm.LGBMRegressor(**FEW).fit(TABLE, R),
    "LGBMRanker": lambda: lightgbm.LGBMRanker(**FEW).fit(TABLE, Y3, group=[10] * 12),
    "LGBMModel": lambda: lightgbm.LGBMModel(**FEW, objective="binary").fit(TABLE, Y),
    "dart": lambda: classifier(boosting_type="dart").fit(TABLE, Y),
    "linear leaves": lambda: lightgbm.LGBMRegressor(**FEW, linear_tree=True).fit(TABLE, R),
    "linear leaves of classes": lambda: classifier(linear_tree=True).fit(TABLE, Y3),
    "a forest": lambda: classifier(**BAGGED).fit(TABLE, Y),
    "a forest of three classes": lambda: classifier(**BAGGED).fit(TABLE, Y3),
    "by gradients": lambda: regressor(data_sample_strategy="goss").fit(TABLE, R),
    "one class against all": lambda: classifier(objective="multiclassova").fit(TABLE, Y3),
    "with constraints": lambda: regressor(monotone_constraints=[1, 0, -1, 0]).fit(TABLE, R),
    "with gaps": lambda: regressor().fit(TABLE.where(TABLE < 1), R),
    "without gaps": lambda: regressor(use_missing=False).fit(TABLE, R),
    "zeros are gaps": lambda: regressor(zero_as_missing=True).fit(TABLE.clip(lower=0), R),
    "one leaf": lambda: regressor(min_split_gain=1e9).fit(TABLE, R),
    "one leaf for each class": lambda: classifier(min_split_gain=1e9).fit(TABLE, Y3),
    "one linear leaf": lambda: regressor(min_split_gain=1e9, linear_tree=True).fit(TABLE, R),
    "many leaves": lambda: regressor(num_leaves=100, min_child_samples=1).fit(TABLE, R),
    "of a median": lambda: regressor(objective="quantile", alpha=0.5).fit(TABLE, R),
    "of counts": lambda: regressor(objective="poisson").fit(TABLE, np.abs(R)),
    "of cross entropies": lambda: regressor(objective="cross_entropy").fit(TABLE, Y),
    "from a score": lambda: regressor().fit(TABLE, R, init_score=R / 2),
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


def test_sets_of_categories_are_kept(home: Path) -> None:
    model, rows = with_sets()
    assert re.search(r"num_cat=[1-9]", model.booster_.model_to_string())
    found = strangers.come_back(model, home)
    strangers.same(strangers.answers(found, rows), strangers.answers(model, rows))


def test_a_booster_is_kept(home: Path) -> None:
    model = lightgbm.train({"verbose": -1, "num_threads": 1}, lightgbm.Dataset(X, R), 3)
    strangers.same(strangers.come_back(model, home).predict(X), model.predict(X))


def boosters() -> dict[str, Any]:
    """Return boosters that are more than the fit of one model."""
    few = {"verbose": -1, "num_threads": 1, "num_leaves": 4}
    rows = sparse.csr_matrix(np.where(X > 0.5, X, 0))
    changed = lightgbm.train(few, lightgbm.Dataset(X, R), 3)
    changed.set_leaf_output(0, 0, float("nan"))
    changed.set_leaf_output(0, 1, float("-inf"))
    names = ["a b", "é", "p=q", "w"]

    def own(predicted: Any, data: Any) -> tuple[Any, Any]:
        return predicted - np.resize(data.get_label(), predicted.shape), np.ones_like(predicted)

    return {
        "sparse": lightgbm.train(few, lightgbm.Dataset(rows, R), 3),
        "names": lightgbm.train(few, lightgbm.Dataset(X, R, feature_name=names), 3),
        "changed leaves": changed,
        "refitted": lightgbm.train(few, lightgbm.Dataset(X, R), 3).refit(X, -R),
        "own objective": lightgbm.train({**few, "objective": own}, lightgbm.Dataset(X, R), 3),
        "own, of three": lightgbm.train(
            {**few, "objective": own, "num_class": 3}, lightgbm.Dataset(X, Y3), 3
        ),
        "no round": lightgbm.Booster(few, lightgbm.Dataset(X, R)),
    }


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_boosters_are_read_in_every_protocol(protocol: int) -> None:
    for name, booster in boosters().items():
        booster.params.pop("objective", None)  # a function of ours is not what is tested
        found = read(pickle.dumps(booster, protocol))
        assert found.model_to_string() == read(pickle.dumps(found, protocol)).model_to_string()
        if name != "no round":
            strangers.same(found.predict(X), booster.predict(X))


def line(text: str, key: str, value: str) -> str:
    """Return what a booster holds with another value in the first line of a key.

    The first tree's size is made to fit.
    """
    new = re.sub(f"(?<=\\n{key}=).*", value, text, count=1)
    grown = len(new) - len(text)
    if new.index(f"\n{key}=") < new.index("\nTree="):
        return new
    return re.sub(r"(?<=tree_sizes=)\d+", lambda found: str(int(found[0]) + grown), new, count=1)


FORGED: dict[str, tuple[str, Callable[[str], Any]]] = {
    "a child behind the end": ("LGBMRegressor", lambda t: line(t, "left_child", "1 2 9")),
    "a leaf behind the end": ("LGBMRegressor", lambda t: line(t, "left_child", "1 2 -9")),
    "a circle": ("LGBMRegressor", lambda t: line(t, "left_child", "0 2 -1")),
    "one child twice": ("LGBMRegressor", lambda t: line(t, "left_child", "1 -1 -1")),
    "fewer children": ("LGBMRegressor", lambda t: line(t, "left_child", "1")),
    "a foreign feature": ("LGBMRegressor", lambda t: line(t, "split_feature", "0 4 1")),
    "more leaves": ("LGBMRegressor", lambda t: line(t, "num_leaves", "5")),
    "many leaves": ("LGBMRegressor", lambda t: line(t, "num_leaves", "1000000000")),
    "no leaves": ("LGBMRegressor", lambda t: line(t, "num_leaves", "0")),
    "fewer values": ("LGBMRegressor", lambda t: line(t, "leaf_value", "1 2 3")),
    "values with a space more": ("LGBMRegressor", lambda t: line(t, "leaf_value", "1 2 3 ")),
    "values that are none": ("LGBMRegressor", lambda t: line(t, "leaf_value", "1 2 3 x")),
    "numbers that are two": ("LGBMRegressor", lambda t: line(t, "threshold", "1 2 3-4")),
    "another number of values": ("one leaf", lambda t: line(t, "leaf_value", "")),
    "a linear tree without leaves": ("one leaf", lambda t: line(t, "is_linear", "1")),
    "leaves of foreign features": (
        "linear leaves",
        lambda t: re.sub(r"(?<=leaf_features=)\d|(?<=\nleaf_features=).(?=\d)", "9", t),
    ),
    "categories that are not there": (
        "LGBMRegressor",
        lambda t: line(t, "decision_type", "1 2 2"),
    ),
    "more sets of categories": ("LGBMRegressor", lambda t: line(t, "num_cat", "1")),
    "larger trees": ("LGBMRegressor", lambda t: line(t, "tree_sizes", "999999 1 1 1")),
    "fewer trees": ("LGBMRegressor", lambda t: re.sub(r"(tree_sizes=.*) \d+", r"\1", t)),
    "negative sizes": ("LGBMRegressor", lambda t: line(t, "tree_sizes", "-1 1 1 1")),
    "no trees": ("LGBMRegressor", lambda t: line(t, "tree_sizes", "")),
    "more classes": ("of three classes", lambda t: line(t, "num_class", "4")),
    "an objective of more": (
        "of three classes",
        lambda t: line(t, "objective", "multiclass num_class:99"),
    ),
    "no objective": ("LGBMRegressor", lambda t: line(t, "objective", "")),
    "another objective": ("LGBMRegressor", lambda t: line(t, "objective", "no_such")),
    "fewer features": ("LGBMRegressor", lambda t: line(t, "max_feature_idx", "2")),
    "a line twice": ("LGBMRegressor", lambda t: t.replace("\n", "\nnum_class=1\n", 1)),
    "another kind of model": ("LGBMRegressor", lambda t: t.replace("tree", "trees", 1)),
    "an end in the middle": ("LGBMRegressor", lambda t: t.replace("Tree=1", "Tree=\0", 1)),
    "the end missing": ("LGBMRegressor", lambda t: t[: len(t) // 4]),
    "nothing": ("LGBMRegressor", lambda t: ""),
    "no text": ("LGBMRegressor", lambda t: None),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_booster_is_refused(name: str) -> None:
    kind, change = FORGED[name]
    data = forged("lightgbm", MODELS[kind](), change)
    with pytest.raises(DamagedModel):
        read(data)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_forged_booster_is_refused_in_every_protocol(protocol: int) -> None:
    _, change = FORGED["a child behind the end"]
    data = forged("lightgbm", MODELS["LGBMRegressor"](), change, protocol)
    with pytest.raises(DamagedModel, match=r"Booster in the model's file cannot be used"):
        read(data)


def test_a_set_of_categories_behind_the_end_is_refused() -> None:
    model, _ = with_sets()
    for key, value in (("cat_boundaries", "0 9999"), ("cat_threshold", "7")):
        data = forged("lightgbm", model, lambda text, key=key, value=value: line(text, key, value))
        with pytest.raises(DamagedModel, match="sets"):
            read(data)


def test_a_forged_booster_is_refused_in_a_file_of_skops(monkeypatch: pytest.MonkeyPatch) -> None:
    model = MODELS["LGBMRegressor"]()
    same = read_skops(skops.io.dumps(model))
    strangers.same(strangers.answers(same, TABLE), strangers.answers(model, TABLE))
    whole = lightgbm.Booster.__getstate__

    def changed(booster: Any) -> Any:
        state = whole(booster)
        return {**state, "_handle": line(state["_handle"], "left_child", "1 2 9")}

    monkeypatch.setattr(lightgbm.Booster, "__getstate__", changed)
    data = skops.io.dumps(model)
    with pytest.raises(DamagedModel, match=r"Booster in the model's file cannot be used"):
        read_skops(data)


@pytest.mark.soak
def test_what_was_changed_at_random_crashes_nothing() -> None:
    refused, used = strangers.changed_at_random("lightgbm")
    assert refused > 20
    assert used > 5


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
