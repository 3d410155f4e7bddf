"""A meta-estimator or a selector is one run, whatever it fits inside and wherever."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from recorded import only_run, read_json, runs
from sklearn.base import BaseEstimator
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor, make_column_selector
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.feature_selection import (
    RFE,
    RFECV,
    SelectFromModel,
    SelectKBest,
    SequentialFeatureSelector,
    VarianceThreshold,
)
from sklearn.linear_model import LogisticRegression, RANSACRegressor, Ridge
from sklearn.model_selection import FixedThresholdClassifier, TunedThresholdClassifierCV
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier, OutputCodeClassifier
from sklearn.multioutput import (
    ClassifierChain,
    MultiOutputClassifier,
    MultiOutputRegressor,
    RegressorChain,
)
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import LabelEncoder, OneHotEncoder, StandardScaler
from sklearn.semi_supervised import SelfTrainingClassifier
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

import fitscribe

X = np.random.default_rng(0).normal(size=(60, 4)).round(2)
y = (X[:, 0] + X[:, 1] > 0).astype(int)
Y = np.column_stack([y, 1 - y])

pytestmark = pytest.mark.usefixtures("autologging")

TREE = DecisionTreeClassifier(max_depth=2, random_state=0)
PARTS = [("tree", TREE), ("lr", LogisticRegression())]
LINES = [("a", Ridge()), ("b", Ridge(2.0))]

CASES: dict[str, tuple[Callable[[], Any], Any]] = {
    "RFE": (lambda: RFE(TREE, n_features_to_select=2), y),
    "RFECV": (lambda: RFECV(TREE, cv=2), y),
    "RFECV in workers": (lambda: RFECV(TREE, cv=2, n_jobs=2), y),
    "SFS": (lambda: SequentialFeatureSelector(TREE, n_features_to_select=2, cv=2), y),
    "SFS in workers": (
        lambda: SequentialFeatureSelector(TREE, n_features_to_select=2, cv=2, n_jobs=2),
        y,
    ),
    "SelectFromModel": (lambda: SelectFromModel(TREE), y),
    "Calibrated": (lambda: CalibratedClassifierCV(TREE, cv=2), y),
    "Calibrated in workers": (lambda: CalibratedClassifierCV(TREE, cv=2, n_jobs=2), y),
    "StackingClassifier": (lambda: StackingClassifier(PARTS, cv=2), y),
    "StackingRegressor": (lambda: StackingRegressor(LINES, cv=2), y),
    "VotingClassifier": (lambda: VotingClassifier(PARTS, n_jobs=2), y),
    "VotingRegressor": (lambda: VotingRegressor(LINES), y),
    "MultiOutputClassifier": (lambda: MultiOutputClassifier(TREE), Y),
    "MultiOutputRegressor": (lambda: MultiOutputRegressor(Ridge(), n_jobs=2), Y),
    "ClassifierChain": (lambda: ClassifierChain(TREE, cv=2), Y),
    "RegressorChain": (lambda: RegressorChain(Ridge()), Y),
    "TunedThreshold": (lambda: TunedThresholdClassifierCV(LogisticRegression(), cv=2), y),
    "FixedThreshold": (lambda: FixedThresholdClassifier(LogisticRegression()), y),
    "TransformedTarget": (
        lambda: TransformedTargetRegressor(Ridge(), transformer=StandardScaler()),
        y,
    ),
    "Bagging": (lambda: BaggingClassifier(TREE, n_estimators=3, n_jobs=2), y),
    "AdaBoost": (lambda: AdaBoostClassifier(TREE, n_estimators=3), y),
    "OneVsRest": (lambda: OneVsRestClassifier(SVC()), y),
    "OneVsOne": (lambda: OneVsOneClassifier(SVC()), y),
    "OutputCode": (lambda: OutputCodeClassifier(TREE, random_state=0), y),
    "SelfTraining": (lambda: SelfTrainingClassifier(TREE), np.where(np.arange(60) < 9, -1, y)),
    "RANSAC": (lambda: RANSACRegressor(Ridge(), min_samples=9, random_state=0), y),
}


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning")
@pytest.mark.parametrize("case", CASES)
def test_it_is_one_run_with_its_model_and_its_params(case: str) -> None:
    make, target = CASES[case]
    estimator = make()
    estimator.fit(X, target)
    run = only_run()
    assert run.data.tags["estimator_name"] == type(estimator).__name__
    assert run.info.status == "FINISHED"
    assert "fitscribe.incomplete" not in run.data.tags
    assert run.data.params.keys() == {key[:250] for key in estimator.get_params()}
    assert len(run.outputs.model_outputs) == 1
    # What predicts labels or values is scored once, by its own predictions.
    scored = any(key.startswith("training_") for key in run.data.metrics)
    assert scored == hasattr(estimator, "predict")


def test_what_only_looks_at_the_columns_is_preparation() -> None:
    SelectKBest(k=2).fit(X, y)
    VarianceThreshold().fit(X)
    SelectFromModel(LogisticRegression().fit(X, y), prefit=True).fit(X, y)
    assert [run.data.tags["estimator_name"] for run in runs()] == ["LogisticRegression"]


def test_the_run_after_a_selection_names_it() -> None:
    selection = SelectFromModel(LogisticRegression()).fit(X, y)
    selected = only_run().info.run_id
    Ridge().fit(selection.transform(X), y)
    (prepared,) = read_json(runs()[0], "preparation.json")
    assert prepared["run_id"] == selected
    assert prepared["estimator_class"].endswith(".SelectFromModel")
    assert prepared["shape"] == [60, 4]


SCALED_AND_ROTATED = [("scaled", StandardScaler()), ("rotated", PCA(2))]
COMPOSITIONS: dict[str, Callable[[], Any]] = {
    "ColumnTransformer": lambda: ColumnTransformer(
        [("a", StandardScaler(), [0, 1]), ("b", make_pipeline(PCA(1)), [2, 3])]
    ),
    "FeatureUnion": lambda: FeatureUnion(SCALED_AND_ROTATED, n_jobs=2),
    "Pipeline": lambda: Pipeline(SCALED_AND_ROTATED),
}


@pytest.mark.parametrize("kind", COMPOSITIONS)
@pytest.mark.parametrize("method", ["fit", "fit_transform"])
def test_transformers_that_are_put_together_are_one_run_and_preparation(
    kind: str, method: str
) -> None:
    composed = COMPOSITIONS[kind]()
    getattr(composed, method)(X)
    composed_run = only_run()
    assert composed_run.data.tags["estimator_name"] == kind
    assert composed_run.data.params.keys() == composed.get_params().keys()
    assert composed_run.data.metrics["n_features_in"] == 4.0
    width = composed.transform(X).shape[1]
    assert composed_run.data.metrics["n_features_out"] == width
    told = read_json(composed_run, "fitted_attributes.json")["features_out"]
    assert told == {"count": width, "names": list(composed.get_feature_names_out())}

    Ridge().fit(composed.transform(X), y)
    model_run, _ = runs()
    (prepared,) = read_json(model_run, "preparation.json")
    assert prepared["run_id"] == composed_run.info.run_id
    assert prepared["estimator_class"].endswith(f".{kind}")


@pytest.mark.parametrize("kind", COMPOSITIONS)
def test_inside_another_fit_they_are_no_run(kind: str) -> None:
    make_pipeline(COMPOSITIONS[kind](), Ridge()).fit(X, y)
    assert only_run().data.tags["estimator_name"] == "Pipeline"


def test_a_column_transformer_tells_which_columns_each_transformer_gets() -> None:
    frame = pd.DataFrame(X, columns=list("abcd")).assign(e=list("xyz") * 20)
    columns = ColumnTransformer(
        [
            ("scaled", StandardScaler(), ["a", "b"]),
            ("masked", "passthrough", [False, False, True, False, False]),
            ("coded", OneHotEncoder(), make_column_selector("e")),
        ]
    )
    columns.fit(frame)
    told = read_json(only_run(), "fitted_attributes.json")["transformers"][""]
    assert [(one["name"], one.get("columns"), one["features_out"]) for one in told] == [
        ("scaled", ["a", "b"], 2),
        ("masked", [False, False, True, False, False], 1),
        ("coded", ["e"], 3),
        ("remainder", [3], 0),
    ]


def test_the_run_of_the_user_is_left_to_the_model() -> None:
    with fitscribe.start_run() as mine:
        LabelEncoder().fit(y)
        Z = COMPOSITIONS["ColumnTransformer"]().fit_transform(X)
        Ridge().fit(Z, y)
    columns, model = runs()
    assert model.info.run_id == mine.info.run_id
    assert model.data.params["alpha"] == "1.0"
    assert columns.data.tags["mlflow.parentRunId"] == mine.info.run_id
    prepared = read_json(model, "preparation.json")
    classes = [one["estimator_class"].rpartition(".")[2] for one in prepared]
    assert classes == ["LabelEncoder", "ColumnTransformer"]


def test_a_pipeline_that_ends_with_a_model_is_no_preparation() -> None:
    for last in (KMeans(2, n_init=1), RFE(Ridge())):
        make_pipeline(StandardScaler(), last).fit(X, y)
    Ridge().fit(X, y)
    after, selected, _ = runs()
    (prepared,) = read_json(after, "preparation.json")
    assert prepared["run_id"] == selected.info.run_id


class Bare:
    """An estimator by its methods alone."""

    def __init__(self, shift: float = 0.0) -> None:
        self.shift = shift

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        return {"shift": self.shift}

    def set_params(self, **params: Any) -> Bare:
        self.__dict__.update(params)
        return self

    def fit(self, X: Any, y: Any) -> Bare:
        self.mean_ = float(np.mean(y)) + self.shift
        return self

    def predict(self, X: Any) -> Any:
        return np.full(len(X), self.mean_)


class Wrapped(BaseEstimator):
    """Fits what it is given."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def fit(self, X: Any, y: Any) -> Wrapped:
        self.inner.fit(X, y)
        return self


def test_what_is_no_baseestimator_is_recorded_with_what_holds_it() -> None:
    Wrapped(Bare(1.0)).fit(X, y)
    run = only_run()
    assert run.data.params["inner__shift"] == "1.0"
    assert "fitscribe.incomplete" not in run.data.tags
