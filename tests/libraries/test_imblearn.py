"""Samplers, ensembles and pipelines of imbalanced-learn: their folders, and their runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import strangers
from imblearn import FunctionSampler
from imblearn.combine import SMOTEENN, SMOTETomek
from imblearn.ensemble import (
    BalancedBaggingClassifier,
    BalancedRandomForestClassifier,
    EasyEnsembleClassifier,
    RUSBoostClassifier,
)
from imblearn.over_sampling import (
    ADASYN,
    SMOTE,
    SMOTEN,
    SMOTENC,
    SVMSMOTE,
    BorderlineSMOTE,
    KMeansSMOTE,
    RandomOverSampler,
)
from imblearn.pipeline import Pipeline, make_pipeline
from imblearn.under_sampling import (
    AllKNN,
    ClusterCentroids,
    CondensedNearestNeighbour,
    EditedNearestNeighbours,
    InstanceHardnessThreshold,
    NearMiss,
    NeighbourhoodCleaningRule,
    OneSidedSelection,
    RandomUnderSampler,
    RepeatedEditedNearestNeighbours,
    TomekLinks,
)
from recorded import runs
from sklearn.cluster import KMeans
from sklearn.ensemble import StackingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier
from strangers import X, Y

CODES = np.column_stack([X[:, :3], np.digitize(X[:, 3], [-0.5, 0.5])])
LEVELS = np.digitize(X, [-0.5, 0.5])

# What each is given.
SAMPLERS: dict[str, tuple[Callable[[], Any], Any]] = {
    "ADASYN": (lambda: ADASYN(random_state=0), X),
    "AllKNN": (AllKNN, X),
    "BorderlineSMOTE": (lambda: BorderlineSMOTE(random_state=0), X),
    "ClusterCentroids": (
        lambda: ClusterCentroids(estimator=KMeans(n_init=1, random_state=0), random_state=0),
        X,
    ),
    "CondensedNearestNeighbour": (lambda: CondensedNearestNeighbour(random_state=0), X),
    "EditedNearestNeighbours": (EditedNearestNeighbours, X),
    "InstanceHardnessThreshold": (
        lambda: InstanceHardnessThreshold(
            estimator=DecisionTreeClassifier(max_depth=2, random_state=0), random_state=0
        ),
        X,
    ),
    "KMeansSMOTE": (
        lambda: KMeansSMOTE(
            kmeans_estimator=KMeans(2, n_init=1, random_state=0),
            cluster_balance_threshold=0.01,
            random_state=0,
        ),
        X,
    ),
    "NearMiss": (NearMiss, X),
    "NeighbourhoodCleaningRule": (NeighbourhoodCleaningRule, X),
    "OneSidedSelection": (lambda: OneSidedSelection(random_state=0), X),
    "RandomOverSampler": (lambda: RandomOverSampler(random_state=0, shrinkage=0.1), X),
    "RandomUnderSampler": (
        lambda: RandomUnderSampler(random_state=np.random.RandomState(0)),
        X,
    ),
    "RepeatedEditedNearestNeighbours": (RepeatedEditedNearestNeighbours, X),
    "SMOTE": (lambda: SMOTE(k_neighbors=NearestNeighbors(n_neighbors=4), random_state=0), X),
    "SMOTEENN": (lambda: SMOTEENN(random_state=0), X),
    "SMOTEN": (lambda: SMOTEN(random_state=0), LEVELS),
    "SMOTENC": (lambda: SMOTENC(categorical_features=[3], random_state=0), CODES),
    "SMOTETomek": (lambda: SMOTETomek(random_state=0), X),
    "SVMSMOTE": (lambda: SVMSMOTE(random_state=0), X),
    "TomekLinks": (TomekLinks, X),
    "FunctionSampler": (FunctionSampler, X),
}

MODELS: dict[str, Callable[[], Any]] = {
    "BalancedBaggingClassifier": lambda: BalancedBaggingClassifier(
        n_estimators=2, random_state=0
    ).fit(X, Y),
    "bagging with a sampler": lambda: BalancedBaggingClassifier(
        n_estimators=2, sampler=SMOTE(k_neighbors=2, random_state=0), random_state=0
    ).fit(X, Y),
    "BalancedRandomForestClassifier": lambda: BalancedRandomForestClassifier(
        n_estimators=3, random_state=0
    ).fit(X, Y),
    "EasyEnsembleClassifier": lambda: EasyEnsembleClassifier(n_estimators=2, random_state=0).fit(
        X, Y
    ),
    "RUSBoostClassifier": lambda: RUSBoostClassifier(n_estimators=2, random_state=0).fit(X, Y),
    "in a search": lambda: GridSearchCV(
        Pipeline([("s", SMOTE(random_state=0)), ("m", LogisticRegression())]),
        {"s__k_neighbors": [2, 3]},
        cv=2,
    ).fit(X, Y),
    "stacked": lambda: StackingClassifier(
        [
            ("x", make_pipeline(RandomUnderSampler(random_state=0), LogisticRegression())),
            ("l", LogisticRegression()),
        ],
        cv=2,
    ).fit(X, Y),
}


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_strangers_sampler_gives_the_same_rows(name: str, home: Path) -> None:
    make, rows = SAMPLERS[name]
    model = make()
    model.fit_resample(rows, Y)
    found = strangers.come_back(model, home)
    assert type(found) is type(model)
    strangers.same(found.fit_resample(rows, Y), model.fit_resample(rows, Y))


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_strangers_pipeline_gives_the_same_answers(name: str, home: Path) -> None:
    make, rows = SAMPLERS[name]
    model = make_pipeline(StandardScaler() if rows is X else None, make(), LogisticRegression())
    model.fit(rows, Y)
    found = strangers.come_back(model, home)
    strangers.same(strangers.answers(found, rows), strangers.answers(model, rows))


@pytest.mark.parametrize("name", MODELS)
def test_a_strangers_model_gives_the_same_answers(name: str, home: Path) -> None:
    model = MODELS[name]()
    found = strangers.come_back(model, home)
    assert type(found) is type(model)
    strangers.same(strangers.answers(found, X), strangers.answers(model, X))


def in_a_pipeline() -> Any:
    return make_pipeline(StandardScaler(), SMOTE(random_state=0), LogisticRegression()).fit(X, Y)


@pytest.mark.usefixtures("autologging")
def test_a_pipeline_is_one_run() -> None:
    strangers.recorded_alone(in_a_pipeline, X)


@pytest.mark.usefixtures("autologging")
@pytest.mark.parametrize("name", ["BalancedRandomForestClassifier", "RUSBoostClassifier"])
def test_an_ensemble_is_one_run(name: str) -> None:
    strangers.recorded_alone(MODELS[name], X)


@pytest.mark.usefixtures("autologging")
def test_a_sampler_is_preparation() -> None:
    rows, target = SMOTE(random_state=0).fit_resample(X, Y)
    assert runs() == []
    LogisticRegression().fit(rows, target)
    (run,) = runs()
    assert "fitscribe.incomplete" not in run.data.tags


@pytest.mark.usefixtures("autologging")
def test_a_search_records_its_candidates() -> None:
    MODELS["in a search"]()
    assert len(runs()) == 3
