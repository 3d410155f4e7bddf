"""Numbers that a user draws after a fit are those that they would have drawn."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.random import RandomState
from sklearn.datasets import make_classification
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import BaggingClassifier, StackingClassifier, VotingClassifier
from sklearn.experimental import enable_iterative_imputer  # noqa: F401  (it is hidden)
from sklearn.impute import IterativeImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

import fitscribe
import fitscribe.sklearn
from fitscribe.sklearn import generators

pytestmark = pytest.mark.usefixtures("home")


@pytest.fixture(autouse=True)
def _off(home: Path) -> Iterator[None]:
    yield
    fitscribe.sklearn.autolog(disable=True)


X, y = make_classification(60, 5, random_state=0)
HOLES = X.copy()
HOLES[::3, 1] = np.nan
TWO = np.column_stack([y, 1 - y])


def dummy() -> Any:
    return DummyClassifier(strategy="uniform", random_state=RandomState(3))


def pair() -> Any:
    return [("dummy", dummy()), ("plain", LogisticRegression())]


CASES: dict[str, tuple[Callable[[], Any], Any, Any]] = {
    "imputer": (
        lambda: make_pipeline(
            IterativeImputer(sample_posterior=True, random_state=0, max_iter=2), LinearRegression()
        ),
        HOLES,
        y,
    ),
    "dummy": (dummy, X, y),
    "voting": (lambda: VotingClassifier(pair()), X, y),
    "stacking": (lambda: StackingClassifier(pair(), cv=2), X, y),
    "search": (lambda: GridSearchCV(dummy(), {"constant": [None]}, cv=2), X, y),
    "search of steps": (
        lambda: GridSearchCV(
            Pipeline([("model", LogisticRegression())]), {"model": [dummy()]}, cv=2
        ),
        X,
        y,
    ),
    "outputs": (lambda: MultiOutputClassifier(dummy()), X, TWO),
    "chain": (lambda: ClassifierChain(dummy()), X, TWO),
    "bagging": (lambda: BaggingClassifier(make_pipeline(dummy()), 3, random_state=0), X, y),
}


@pytest.mark.parametrize("name", CASES)
def test_a_fitted_part_draws_what_it_would_have_drawn(name: str) -> None:
    make, data, target = CASES[name]
    expected = make().fit(data, target).predict(data)
    fitscribe.sklearn.autolog(silent=True)
    np.testing.assert_array_equal(make().fit(data, target).predict(data), expected)
    (run,) = [
        r
        for r in fitscribe.search_runs(output_format="list")
        if "training_score" in r.data.metrics
    ]
    assert "fitscribe.incomplete" not in run.data.tags


def test_members_that_draw_nothing_are_not_looked_into(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []
    held = generators._held
    monkeypatch.setattr(
        generators, "_held", lambda value: looked.append(type(value).__name__) or held(value)
    )
    model = BaggingClassifier(DecisionTreeClassifier(), 50, random_state=0).fit(X, y)
    generators.generators_of(model, model.get_params())
    assert "DecisionTreeClassifier" not in looked
    looked.clear()
    plain = make_pipeline(LogisticRegression()).fit(X, y)
    assert generators.generators_of(plain, plain.get_params()) == []
    assert looked == []


def test_what_holds_itself_is_looked_into_once() -> None:
    chance = RandomState(0)
    ring: list[Any] = [[chance]]
    ring.append(ring)
    model = dummy()
    model.ring_ = {"a": np.array([ring, None], dtype=object)}
    assert chance in generators.generators_of(model, {})


@pytest.mark.parametrize("algorithm", ["kd_tree", "ball_tree"])
def test_a_tree_of_neighbours_has_counted_no_query_of_ours(algorithm: str) -> None:
    def fitted() -> bytes:
        model = make_pipeline(StandardScaler(), KNeighborsClassifier(3, algorithm=algorithm))
        return pickle.dumps(pickle.loads(pickle.dumps(model.fit(X, y))))

    fitscribe.sklearn.autolog(silent=True)
    recorded = fitted()
    (run,) = fitscribe.search_runs(output_format="list")
    assert "training_score" in run.data.metrics
    fitscribe.sklearn.autolog(disable=True)
    assert recorded == fitted()
