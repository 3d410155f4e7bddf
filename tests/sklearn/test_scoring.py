"""``training_score`` is what ``score`` gives, with no pass over X where that is at hand."""

from inspect import signature

import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, TransformerMixin
from sklearn.cluster import KMeans
from sklearn.covariance import EmpiricalCovariance
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_selection import RFE, RFECV
from sklearn.linear_model import (
    LinearRegression,
    LogisticRegression,
    LogisticRegressionCV,
    PoissonRegressor,
    RANSACRegressor,
    Ridge,
    RidgeClassifier,
)
from sklearn.metrics import fbeta_score, make_scorer
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from fitscribe.sklearn.scoring import score_rule
from fitscribe.sklearn.standin import stand_in
from fitscribe.sklearn.training import training_scores

pytestmark = pytest.mark.filterwarnings("ignore")


def data(rows=80, kind="class"):
    chance = np.random.default_rng(5)
    X = chance.normal(size=(rows, 4))
    noisy = X[:, 0] + chance.normal(size=rows)
    return X, (noisy > 0).astype(int) if kind == "class" else noisy


def half_right(estimator, X, y):
    return 0.5 + 0.0 * len(estimator.predict(X))


def by_precision(estimator, X, y):
    return {"a": half_right(estimator, X, y), "b": 2.0}


def grid(scoring, estimator=None, **named):
    estimator = LogisticRegression() if estimator is None else estimator
    params = {"C": [0.1]} if hasattr(estimator, "C") else {}
    return GridSearchCV(estimator, params, scoring=scoring, cv=2, **named)


def own_accuracy(y_true, y_predicted):
    return float(np.mean(y_true == y_predicted))


SCORED: list[int] = []


def counted_accuracy(y_true, y_predicted):
    SCORED.append(len(y_true))
    return own_accuracy(y_true, y_predicted)


CLASSIFIERS = {
    "default": (LogisticRegression, "accuracy"),
    "knn": (KNeighborsClassifier, "accuracy"),
    "dummy": (DummyClassifier, "accuracy"),
    "pipeline": (lambda: make_pipeline(StandardScaler(), RidgeClassifier()), "accuracy"),
    "rfe": (lambda: RFE(LogisticRegression()), "accuracy"),
    "rfecv": (lambda: RFECV(LogisticRegression(), cv=2), "accuracy"),
    "rfecv by f1": (lambda: RFECV(LogisticRegression(), cv=2, scoring="f1"), "call"),
    "cv": (lambda: LogisticRegressionCV(Cs=2, cv=2, scoring="accuracy"), "accuracy"),
    "cv by auc": (lambda: LogisticRegressionCV(Cs=2, cv=2, scoring="roc_auc"), "call"),
    "grid": (lambda: grid(None), "accuracy"),
    "grid in pipeline": (lambda: make_pipeline(StandardScaler(), grid(None)), "accuracy"),
    "grid of pipeline": (
        lambda: grid(None, make_pipeline(StandardScaler(), LogisticRegression())),
        "accuracy",
    ),
    "grid by accuracy": (lambda: grid("accuracy"), "scorer"),
    "grid by f1": (lambda: grid("f1"), "scorer"),
    "grid by fbeta": (lambda: grid(make_scorer(fbeta_score, beta=2, pos_label=0)), "scorer"),
    "grid by a function of the user's": (lambda: grid(make_scorer(own_accuracy)), "scorer"),
    "grid by log loss": (lambda: grid("neg_log_loss"), "scorer"),
    "grid by brier": (lambda: grid("neg_brier_score"), "scorer"),
    "grid by auc, decision": (lambda: grid("roc_auc"), "call"),
    "grid by auc, forest": (
        lambda: grid("roc_auc", RandomForestClassifier(5, random_state=0)),
        "scorer",
    ),
    "grid by two": (lambda: grid(["accuracy", "f1"], refit="f1"), "scorer"),
    "svc in grid": (lambda: grid("f1_macro", SVC()), "scorer"),
}


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", sorted(CLASSIFIERS))
def test_score_of_classifiers(name, weighted):
    make, source = CLASSIFIERS[name]
    X, y = data()
    estimator = make().fit(X, y)
    weights = np.random.default_rng(1).random(80) if weighted else None
    assert score_rule(estimator).source == source
    found = training_scores(estimator, X, y, weights)
    # A pipeline would hand the weights to its search, which refuses them.
    takes = "sample_weight" in signature(estimator.score).parameters and "grid" not in name
    named = {"sample_weight": weights} if takes and weighted else {}
    assert found.metrics["training_score"] == pytest.approx(
        estimator.score(X, y, **named), abs=1e-12
    )
    # SVC without probabilities is asked for its decision, and no scorer needs more.
    assert found.facts["prediction_passes"] == 1 + (source == "call") + (name == "dummy")


@pytest.mark.parametrize(
    "make",
    [
        lambda: grid(half_right),
        lambda: grid(by_precision, refit="b"),
        lambda: grid(make_scorer(counted_accuracy)),
        lambda: RFECV(LogisticRegression(), cv=2, scoring=half_right),
        lambda: LogisticRegressionCV(Cs=2, cv=2, scoring=half_right),
        lambda: make_pipeline(StandardScaler(), grid(half_right)),
    ],
)
def test_a_scoring_function_of_the_users_own_is_not_called_in_hiding(make, monkeypatch):
    X, y = data()
    estimator = make().fit(X, y)
    assert score_rule(estimator).source == "own"
    monkeypatch.setattr(type(estimator), "score", lambda *_: pytest.fail("score was called"))
    found = training_scores(estimator, X, y)
    assert "training_score" not in found.metrics
    assert "training_accuracy_score" in found.metrics
    assert any("your own" in problem for problem in found.problems)


class Counting(LogisticRegression):
    """Counts its predictions, which a hidden one must not show in."""

    def predict(self, X):
        self.calls_ = getattr(self, "calls_", [])
        self.calls_.append(len(X))
        return super().predict(X)


def test_a_copy_of_a_local_class_leaves_the_class_alone():
    class Local(LogisticRegression):
        def predict(self, X):
            return super().predict(X)

    X, y = data()
    before = dict(vars(Local))
    asked = stand_in(Local().fit(X, y), {})
    assert type(asked) is Local
    # What pickle and copy note on each class that they meet.
    assert {**vars(Local), "__slotnames__": []} == {**before, "__slotnames__": []}


@pytest.mark.parametrize("wrap", [lambda m: m, lambda m: make_pipeline(StandardScaler(), m)])
def test_an_estimator_of_the_users_own_is_asked_as_a_copy(wrap):
    X, y = data()
    estimator = wrap(Counting()).fit(X, y)
    asked = stand_in(estimator, estimator.get_params())
    assert asked is not estimator
    asked.predict(X)
    last = estimator[-1] if hasattr(estimator, "steps") else estimator
    assert not hasattr(last, "calls_")
    assert type(asked) is type(estimator)
    plain = wrap(LogisticRegression()).fit(X, y)
    assert stand_in(plain, plain.get_params()) is plain


REGRESSORS = {
    "default": (LinearRegression, "r2"),
    "dummy": (DummyRegressor, "r2"),
    "ransac": (lambda: RANSACRegressor(random_state=0), "r2"),
    "grid": (lambda: GridSearchCV(Ridge(), {"alpha": [1.0]}, cv=2), "r2"),
    "grid by error": (
        lambda: GridSearchCV(Ridge(), {"alpha": [1.0]}, cv=2, scoring="neg_mean_absolute_error"),
        "scorer",
    ),
}


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", sorted(REGRESSORS))
def test_score_of_regressors(name, weighted):
    make, source = REGRESSORS[name]
    X, y = data(kind="value")
    estimator = make().fit(X, y)
    weights = np.random.default_rng(1).random(80) if weighted else None
    assert score_rule(estimator).source == source
    named = {"sample_weight": weights} if weighted and name in ("default", "dummy") else {}
    found = training_scores(estimator, X, y, weights)
    assert found.metrics["training_score"] == pytest.approx(
        estimator.score(X, y, **named), abs=1e-12
    )
    assert found.facts["prediction_passes"] == 1


def test_deviance_of_a_linear_model_is_asked():
    X, y = data()
    estimator = PoissonRegressor().fit(X, y)
    found = training_scores(estimator, X, y)
    assert found.metrics["training_score"] == estimator.score(X, y)
    assert found.facts["prediction_passes"] == 2


def test_what_is_neither_classifier_nor_regressor_has_its_score_only():
    X, y = data()
    for estimator in (KMeans(2, n_init=1, random_state=0), EmpiricalCovariance()):
        found = training_scores(estimator.fit(X), X, y)
        assert found.metrics == {"training_score": float(estimator.score(X, y))}
        assert found.files == {}
        assert "averaging" not in found.facts
    assert training_scores(StandardScaler().fit(X), X, y).metrics == {}


def test_several_columns_of_labels_count_whole_rows():
    X, y = data()
    Y = np.stack([y, 1 - y], axis=1)
    estimator = MultiOutputClassifier(LogisticRegression()).fit(X, Y)
    found = training_scores(estimator, X, Y)
    assert found.metrics["training_score"] == pytest.approx(estimator.score(X, Y), abs=1e-12)
    assert found.facts["prediction_passes"] == 2


class Own(ClassifierMixin, BaseEstimator):
    """A classifier whose score is its own."""

    def __init__(self, gives=0.25):
        self.gives = gives

    def fit(self, X, y):
        self.classes_, self.calls_ = np.unique(y), []
        return self

    def predict(self, X):
        return np.zeros(len(X), int)

    def score(self, X, y, sample_weight=None):
        self.calls_.append((len(X), sample_weight is not None))
        return self.gives


def test_a_score_of_ones_own_is_called_once():
    X, y = data()
    estimator = Own().fit(X, y)
    found = training_scores(estimator, X, y, np.ones(80))
    assert found.metrics["training_score"] == 0.25
    assert estimator.calls_ == [(80, True)]
    assert found.facts["prediction_passes"] == 2


@pytest.mark.parametrize(
    ("gives", "told"), [("high", "str"), (None, "NoneType"), (np.nan, "nan"), ([1, 2], "list")]
)
def test_a_score_that_is_no_number_is_told(gives, told):
    X, y = data()
    found = training_scores(Own(gives).fit(X, y), X, y)
    assert "training_score" not in found.metrics
    assert told in found.problems[-1]


def test_a_score_put_on_the_object_is_called():
    X, y = data()
    estimator = LogisticRegression().fit(X, y)
    estimator.score = lambda X, y: 3.0
    assert training_scores(estimator, X, y).metrics["training_score"] == 3.0


def test_a_score_without_signature_is_called_without_weights():
    X, y = data()
    estimator = LogisticRegression().fit(X, y)
    estimator.score = max
    found = training_scores(estimator, X.tolist(), [[it] for it in y.tolist()], np.ones(80))
    assert "score gave list" in found.problems[-1]


def test_a_wrapper_that_passes_everything_on_is_called():
    class Wrapper:
        def __init__(self, inner):
            self.inner = inner

        def __getattr__(self, name):
            return getattr(self.inner, name)

    X, y = data()
    estimator = LogisticRegression().fit(X, y)
    assert score_rule(Wrapper(estimator)).source == "call"


def test_several_labels_in_a_search_with_weights():
    X, y = data()
    Y = np.stack([y, np.arange(80) % 2], axis=1)
    search = GridSearchCV(OneVsRestClassifier(LogisticRegression()), {}, cv=2).fit(X, Y)
    found = training_scores(search, X, Y, np.random.default_rng(0).random(80))
    assert found.metrics["training_score"] == pytest.approx(search.score(X, Y), abs=1e-12)


@pytest.mark.parametrize("asks", [None, True])
def test_weights_go_along_where_they_are_routed(asks):
    X, y = data(kind="number")
    weights = np.random.default_rng(0).random(80)
    with config_context(enable_metadata_routing=True):
        inner = PoissonRegressor().set_fit_request(sample_weight=True)
        inner = inner if asks is None else inner.set_score_request(sample_weight=asks)
        pipeline = make_pipeline(StandardScaler(), inner)
        pipeline[0].set_fit_request(sample_weight=False)
        pipeline.fit(X, np.abs(y), sample_weight=weights)
        found = training_scores(pipeline, X, np.abs(y), weights)
        given = {"sample_weight": weights} if asks else {}
        assert found.metrics["training_score"] == pipeline.score(X, np.abs(y), **given)


def test_weights_are_left_out_where_one_of_several_does_not_say_that_it_wants_them():
    class Weighted(TransformerMixin, BaseEstimator):
        def fit(self, X, y=None, sample_weight=None):
            return self

        def transform(self, X, sample_weight=None):
            return X

    X, y = data(kind="number")
    weights = np.random.default_rng(0).random(80)
    with config_context(enable_metadata_routing=True):
        first = Weighted().set_fit_request(sample_weight=True)
        first.set_transform_request(sample_weight=True)
        inner = PoissonRegressor().set_fit_request(sample_weight=True)
        pipeline = make_pipeline(first, inner).fit(X, np.abs(y), sample_weight=weights)
        found = training_scores(pipeline, X, np.abs(y), weights)
        assert found.metrics["training_score"] == pipeline.score(X, np.abs(y))


def test_a_search_that_is_no_longer_refitted_has_no_score():
    X, y = data()
    search = grid(None).fit(X, y)
    search.set_params(refit=False).fit(X, y)
    assert training_scores(search, X, y).metrics == {}


def test_a_score_without_sample_weight_is_called_without():
    class Plain(RegressorMixin, BaseEstimator):
        def predict(self, X):
            return X[:, 0]

        def score(self, X, y):
            return 1.5

    X, y = data(kind="value")
    assert training_scores(Plain(), X, y, np.ones(80)).metrics["training_score"] == 1.5


def test_a_search_without_refit_has_nothing_to_score():
    X, y = data()
    found = training_scores(grid("f1", refit=False).fit(X, y), X, y)
    assert found.metrics == {}
    assert found.facts["prediction_passes"] == 0
