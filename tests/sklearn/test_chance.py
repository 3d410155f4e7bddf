"""An unset ``random_state`` is told of where the result depends on it, and nowhere else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from recorded import only_run, read_json
from sklearn.base import BaseEstimator, clone
from sklearn.cluster import KMeans
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.linear_model import Lasso, LogisticRegression, Ridge, SGDClassifier
from sklearn.model_selection import GridSearchCV, KFold, RandomizedSearchCV, RepeatedKFold
from sklearn.multioutput import ClassifierChain
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier

from fitscribe.sklearn.chance import ALWAYS, SOMETIMES, unset_random_states

X = np.random.default_rng(0).normal(size=(40, 3))
y = (X[:, 0] > 0).astype(int)


class OfTheUser(BaseEstimator):
    def __init__(self, random_state: Any = None) -> None:
        self.random_state = random_state


def params_told(estimator: Any) -> list[Any]:
    found = unset_random_states(estimator, estimator.get_params())
    assert {one.kind for one in found} <= {"unset_random_state"}
    return [one.counts["param"] for one in found]


@pytest.mark.parametrize(
    "estimator",
    [
        RandomForestClassifier(),
        MLPClassifier(),
        SGDClassifier(),
        DecisionTreeClassifier(),
        DecisionTreeClassifier(max_features=1).fit(X[:, :1], y),
        KMeans(2),
        AdaBoostClassifier(),
        BaggingClassifier(DecisionTreeClassifier()),
        LogisticRegression(solver="saga"),
        Ridge(solver="sag"),
        Lasso(selection="random"),
        LinearSVC(dual=True),
        RandomizedSearchCV(Ridge(), {"alpha": [1, 2, 3]}, n_iter=2),
    ],
)
def test_told_of_its_own(estimator: Any) -> None:
    assert params_told(estimator) == ["random_state"]
    assert params_told(clone(estimator).set_params(random_state=0)) == []


@pytest.mark.parametrize(
    "estimator",
    [
        LogisticRegression(),
        LogisticRegression(solver="newton-cholesky"),
        Ridge(),
        Lasso(),
        SVC(),
        LinearSVC(dual=False),
        KMeans(2, init=X[:2], n_init=1),
        HistGradientBoostingClassifier(),
        SGDClassifier(shuffle=False),
        RandomizedSearchCV(Ridge(), {"alpha": [1, 2]}, n_iter=2),
        make_pipeline(StandardScaler(), LogisticRegression()),
        OfTheUser(),
        GridSearchCV(DecisionTreeClassifier(), {"random_state": [0, 1]}).fit(X, y),
        DecisionTreeClassifier().fit(X[:, :1], y),
    ],
)
def test_no_false_alarm(estimator: Any) -> None:
    assert params_told(estimator) == []


def test_the_order_of_a_chain_may_be_an_array() -> None:
    assert params_told(ClassifierChain(SVC(), order="random")) == ["random_state"]
    assert params_told(ClassifierChain(SVC(), order=np.array([1, 0]))) == []


def test_inside_others() -> None:
    chain = make_pipeline(StandardScaler(), MLPClassifier())
    assert params_told(chain) == ["mlpclassifier__random_state"]
    search = GridSearchCV(chain, {}, cv=KFold(3, shuffle=True))
    assert params_told(search) == ["estimator__mlpclassifier__random_state", "cv"]
    assert params_told(GridSearchCV(Ridge(), {}, cv=KFold(3))) == []
    assert params_told(GridSearchCV(Ridge(), {}, cv=RepeatedKFold())) == ["cv"]


def test_the_classes_are_told_once() -> None:
    assert not ALWAYS & set(SOMETIMES)


def test_a_run_says_so(autologging: None) -> None:
    DecisionTreeClassifier().fit(X, y)
    run = only_run()
    assert run.data.tags["fitscribe.findings"] == "unset_random_state"
    (told,) = read_json(run, "findings.json")["findings"]
    assert told["text"].startswith("DecisionTreeClassifier: random_state is not set")
