"""A recorded model answers as it would unrecorded: results, errors, warnings, pickles, looks."""

from __future__ import annotations

import inspect
import pickle
import traceback
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import BaseEstimator, clone
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier, VotingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.feature_selection import RFE
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, f1_score, get_scorer
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import MultiOutputClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import LocalOutlierFactor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

import fitscribe
import fitscribe.sklearn
from fitscribe.sklearn.patch import ANSWERS
from fitscribe.tracking.stack import SKIPPED_FILE

X, y = load_iris(return_X_y=True)
MODELS: dict[str, Callable[[], Any]] = {
    "logistic regression": lambda: LogisticRegression(max_iter=300),
    "pipeline": lambda: make_pipeline(StandardScaler(), LogisticRegression()),
    "pipeline that transforms": lambda: make_pipeline(StandardScaler(), PCA(2)),
    "search": lambda: GridSearchCV(LogisticRegression(max_iter=300), {"C": [0.5, 1.0]}, cv=2),
    "svc": SVC,
    "voting": lambda: VotingClassifier([("a", GaussianNB()), ("b", SVC())]),
    "several outputs": lambda: MultiOutputClassifier(GaussianNB()),
    "selection": lambda: RFE(LogisticRegression(max_iter=300), n_features_to_select=2),
    "clusters": lambda: KMeans(3, n_init=1, random_state=0),
    "outliers": lambda: LocalOutlierFactor(novelty=True),
    "forest": lambda: RandomForestClassifier(5, random_state=0),
}


@pytest.fixture
def both(request: pytest.FixtureRequest, home: Any) -> Iterator[tuple[Any, Any]]:
    """Return a model that was fitted without us, and one that is recorded."""
    target = np.c_[y, y] if request.param == "several outputs" else y
    bare = MODELS[request.param]().fit(X, target)
    fitscribe.sklearn.autolog(silent=True)
    yield bare, MODELS[request.param]().fit(X, target)
    fitscribe.sklearn.autolog(disable=True)


def asked(model: Any, name: str) -> Any:
    """Return what a model answers, or how it refuses."""
    try:
        given = (X, y) if name == "score" else (X,)
        if name == "inverse_transform":
            given = (model.transform(X),)
        with np.errstate(divide="ignore"):
            return getattr(model, name)(*given)
    except (AttributeError, TypeError, ValueError) as error:
        return type(error), str(error)


@pytest.mark.parametrize("both", MODELS, indirect=True)
def test_answers_and_looks_are_the_same(both: tuple[Any, Any]) -> None:
    bare, recorded = both
    for name in ANSWERS:
        assert hasattr(recorded, name) == hasattr(bare, name)
        np.testing.assert_equal(asked(recorded, name), asked(bare, name))
        if hasattr(bare, name):
            one, other = getattr(bare, name), getattr(recorded, name)
            assert inspect.signature(other) == inspect.signature(one)
            assert other.__doc__ == one.__doc__
            assert other.__name__ == one.__name__
            assert inspect.ismethod(other) == inspect.ismethod(one)
            of_class = getattr(type(recorded), name)
            assert inspect.isfunction(of_class)
            assert "fitscribe" not in of_class.__code__.co_filename
            again = pickle.loads(pickle.dumps(other))
            assert again.__name__ == one.__name__
    assert repr(recorded) == repr(bare)
    assert vars(recorded).keys() == vars(bare).keys()
    if not isinstance(bare, GridSearchCV):
        assert len(pickle.dumps(recorded)) == len(pickle.dumps(bare))
    assert repr(clone(recorded)) == repr(clone(bare))


@pytest.mark.usefixtures("autologging")
def test_warnings_name_the_line_that_asked() -> None:
    frame = pd.DataFrame(X, columns=list("abcd"))
    model = LogisticRegression(max_iter=300).fit(frame, y)
    found = []
    for disable in (False, True):
        fitscribe.sklearn.autolog(disable=disable, silent=True)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            model.predict(X)
            accuracy_score(y, model.predict(X))
            f1_score(y > 5, y > 5)  # nothing is true, nor predicted
        found.append(
            [(one.category, str(one.message), one.filename, one.lineno) for one in caught]
        )
    assert len(found[0]) == 3
    assert found[0] == found[1]


@pytest.mark.usefixtures("autologging")
class Staged(BaseEstimator):
    def fit(self, X: Any, y: Any) -> Staged:
        self.fitted_ = True
        return self

    def predict(self, X: Any) -> Any:
        return np.zeros(len(X), int)

    def staged_predict(self, X: Any) -> Any:
        return [self.predict(X), self.predict(X)]

    def staged_decision_function(self, X: Any) -> Iterator[Any]:
        warnings.warn("asked", stacklevel=2)
        yield self.predict(X)
        raise ValueError("no more")


@pytest.mark.usefixtures("autologging")
def test_stages_are_a_list_or_a_generator_of_the_method() -> None:
    model = Staged().fit(X, y)
    stages = model.staged_predict(X)
    assert type(stages) is list
    assert accuracy_score(y, stages[0]) == pytest.approx(1 / 3)
    stages = model.staged_decision_function(X)
    assert inspect.isgenerator(stages)
    assert stages.__name__ == "staged_decision_function"
    assert stages.__qualname__ == "Staged.staged_decision_function"
    with pytest.warns(UserWarning, match="asked") as told:
        next(stages)
    assert told[0].filename == __file__
    with pytest.raises(ValueError, match="no more") as raised:
        next(stages)
    frames = traceback.extract_tb(raised.value.__traceback__)
    assert {frame.filename for frame in frames} == {__file__, SKIPPED_FILE}


def test_errors_pass() -> None:
    model = Ridge().fit(X, y)
    with pytest.raises(ValueError, match="features"):
        model.predict(X[:, :2])
    with pytest.raises(ValueError, match="inconsistent numbers"):
        model.score(X, y[:3])
    with pytest.raises(ValueError, match="inconsistent numbers"):
        accuracy_score(y, model.predict(X[:5]) > 0)
    with pytest.raises(NotFittedError):
        clone(model).predict(X)
    with pytest.raises(ValueError, match="inconsistent numbers"):
        get_scorer("r2")(model, X, y[:3])
    assert fitscribe.last_active_run() is not None


@pytest.mark.usefixtures("autologging")
def test_a_model_that_asks_itself_is_asked_once() -> None:
    """What ``score`` and ``predict`` call inside leaves no trace of its own."""
    calls = []

    class Asking(BaseEstimator):
        def fit(self, X: Any, y: Any) -> Any:
            self.n_features_in_ = X.shape[1]
            return self

        def decision_function(self, X: Any) -> Any:
            calls.append("decision_function")
            return X[:, 0]

        def predict(self, X: Any) -> Any:
            calls.append("predict")
            return self.decision_function(X) > 5.8

        def score(self, X: Any, y: Any) -> float:
            calls.append("score")
            return float(accuracy_score(y > 0, self.predict(X)))

    model = Asking().fit(X, y)
    calls.clear()
    value = model.score(X, y)
    assert calls == ["score", "predict", "decision_function"]
    (run,) = fitscribe.search_runs(output_format="list")
    assert run.data.metrics["Asking_score_X"] == value
    assert not [key for key in run.data.metrics if key.startswith("accuracy")]


@pytest.mark.usefixtures("autologging")
def test_metadata_routing_goes_on() -> None:
    weights = np.linspace(1, 2, len(y))
    with sklearn.config_context(enable_metadata_routing=True):
        model = LogisticRegression(max_iter=300).set_score_request(sample_weight=True)
        model.set_fit_request(sample_weight=True)
        search = GridSearchCV(model, {"C": [1.0]}, cv=2).fit(X, y, sample_weight=weights)
        routed = search.score(X, y, sample_weight=weights)
        fitscribe.sklearn.autolog(disable=True)
        assert routed == search.score(X, y, sample_weight=weights)
