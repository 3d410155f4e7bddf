"""Params are what ``get_params`` says, read without scikit-learn's look at the constructor."""

from __future__ import annotations

import inspect
from typing import Any

import estimators
import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import VotingRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection._search import BaseSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from fitscribe.sklearn.describe import param_text, param_values, title_of


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("name", estimators.cases())
def test_they_are_those_of_get_params(name: str) -> None:
    made: Any = estimators.make(name)
    deep = not isinstance(made, BaseSearchCV)
    assert param_values(made) == made.get_params(deep=deep)


def test_those_of_inner_estimators_are_among_them() -> None:
    for outer in (OneVsRestClassifier(Ridge()), make_pipeline(StandardScaler(), Ridge())):
        assert param_values(outer) == outer.get_params(deep=True)


def test_a_constructor_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    param_values(LogisticRegression())
    looked: list[object] = []
    real = inspect.signature
    monkeypatch.setattr(inspect, "signature", lambda *a, **k: looked.append(a) or real(*a, **k))
    assert param_values(LogisticRegression(C=3.0))["C"] == 3.0
    assert looked == []


def test_another_constructor_has_other_names() -> None:
    class Model(BaseEstimator):
        def __init__(self, one: int = 1) -> None:
            self.one = one

    class Other(BaseEstimator):
        def __init__(self, two: int = 2) -> None:
            self.two = two

    assert param_values(Model()) == {"one": 1}
    Model.__init__ = Other.__init__  # type: ignore[assignment, method-assign]
    assert param_values(Model()) == {"two": 2}


def test_what_an_estimator_says_of_itself_counts() -> None:
    class Named(BaseEstimator):
        @classmethod
        def _get_param_names(cls) -> list[str]:
            return ["chosen"]

    named = Named()
    named.chosen = 5
    assert param_values(named) == {"chosen": 5}
    ridge = Ridge()
    ridge.get_params = lambda deep=True: {"mine": 1}
    assert param_values(ridge) == {"mine": 1}


@pytest.mark.parametrize(
    ("estimator", "title"),
    [
        (LogisticRegression(C=0.5), "LogisticRegression C=0.5"),
        (VotingRegressor([("a", Ridge(2)), ("b", "drop")]), "VotingRegressor estimators=a, b"),
        (
            TransformedTargetRegressor(func=np.log1p, inverse_func=np.expm1),
            "TransformedTargetRegressor func=log1p, inverse_func=expm1",
        ),
        (make_pipeline(StandardScaler(), Ridge(2)), "Pipeline StandardScaler → Ridge"),
    ],
)
def test_titles_say_what_a_person_would(estimator: Any, title: str) -> None:
    assert title_of(estimator) == title


def test_parts_that_a_list_names_are_told_once() -> None:
    voting = VotingRegressor([("a", Ridge(alpha=2)), ("b", Ridge())])
    assert (
        param_text(voting) == "VotingRegressor(estimators=[('a', Ridge(alpha=2)), ('b', Ridge())])"
    )
