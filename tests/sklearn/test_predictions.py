"""One pass over X where labels follow from scores, on every estimator that scikit-learn has."""

import importlib
import inspect
import math
import warnings

import numpy as np
import pytest
import sklearn
import sklearn.metrics as sk
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import (
    BaggingClassifier,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.feature_selection import RFE, RFECV
from sklearn.linear_model import LogisticRegression, RidgeClassifier, SGDClassifier
from sklearn.model_selection import FixedThresholdClassifier, GridSearchCV, RandomizedSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, RadiusNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.semi_supervised import LabelSpreading, SelfTrainingClassifier
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from sklearn.utils import all_estimators

from fitscribe.sklearn.predictions import (
    ARGMAX_CLASSES,
    DECISION_CLASSES,
    NEAR_TIES_CLASSES,
    PASSES_ON,
    best_and_tied,
    plan_of,
    predict_once,
)
from fitscribe.sklearn.training import training_scores

NEWER = {"sklearn.frozen._frozen.FrozenEstimator"}  # since 1.6
# Fits may warn, each release in its own way.
pytestmark = pytest.mark.filterwarnings("ignore")
VERSION = tuple(int(part) for part in sklearn.__version__.split(".")[:2])


def data(seed=0, classes=2, ties=True, text=False, rows=60):
    """Data with many equal rows, or none; never negative, for naive Bayes."""
    chance = np.random.default_rng(seed)
    X = chance.integers(0, 4, (rows, 4)).astype(float) if ties else chance.random((rows, 4))
    y = np.concatenate([np.tile(np.arange(classes), 8), chance.integers(0, classes, rows)])[:rows]
    return X, np.array(["no", "perhaps", "yes"])[y] if text else y


def made(cls):
    """An estimator of the class, small, or None if it needs what we do not have."""
    parameters = inspect.signature(cls).parameters
    named = {}
    if cls.__name__ == "SparseCoder":
        return None
    inner = (
        DecisionTreeRegressor(max_depth=2)
        if "Regress" in cls.__name__
        else LogisticRegression(C=0.5)
    )
    for name, value in (
        ("estimator", inner),
        ("base_estimator", inner),
        ("estimators", [("a", type(inner)()), ("b", type(inner)())]),
        ("param_grid", {}),
        ("param_distributions", {}),
    ):
        if name in parameters and (
            parameters[name].default is inspect.Parameter.empty or name == "estimators"
        ):
            named[name] = value
    if cls.__name__ in ("ColumnTransformer", "FeatureUnion", "Pipeline"):
        return None
    small = {"n_estimators": 4, "max_iter": 20, "n_iter": 1, "voting": "soft", "cv": 2}
    for name, value in small.items():
        if name in parameters and cls.__name__ not in ("PatchExtractor",):
            named[name] = value
    if cls.__name__ in ("ClassifierChain", "RegressorChain", "SelfTrainingClassifier"):
        named.pop("cv", None)
    if cls.__name__.startswith(("Halving", "Randomized")) and cls.__name__.endswith("SearchCV"):
        return None
    try:
        return cls(**named)
    except TypeError:
        return None


def direct(estimator, X, y):
    """What the estimator and scikit-learn's functions say, asked one by one."""
    found = {}

    def put(name, step):
        try:
            value = float(step())
        except (ValueError, TypeError, AttributeError, IndexError, NotImplementedError):
            return
        if math.isfinite(value):
            found[name] = value

    kind = "other"
    if hasattr(estimator, "predict"):
        if sklearn.base.is_classifier(estimator):
            kind = "classifier"
        elif sklearn.base.is_regressor(estimator):
            kind = "regressor"
    if kind == "classifier":
        labels = estimator.predict(X)
        named = {"average": "weighted"}
        put("training_precision_score", lambda: sk.precision_score(y, labels, **named))
        put("training_recall_score", lambda: sk.recall_score(y, labels, **named))
        put("training_f1_score", lambda: sk.f1_score(y, labels, **named))
        put("training_accuracy_score", lambda: sk.accuracy_score(y, labels))
        if hasattr(estimator, "predict_proba"):
            proba = estimator.predict_proba(X)
            put("training_log_loss", lambda: sk.log_loss(y, proba))
            scores = proba[:, 1] if not isinstance(proba, list) and proba.shape[1] == 2 else proba
            put(
                "training_roc_auc",
                lambda: sk.roc_auc_score(y, scores, average="weighted", multi_class="ovo"),
            )
    elif kind == "regressor":
        values = estimator.predict(X)
        put("training_mean_squared_error", lambda: sk.mean_squared_error(y, values))
        put(
            "training_root_mean_squared_error",
            lambda: np.sqrt(sk.mean_squared_error(y, values)),
        )
        put("training_mean_absolute_error", lambda: sk.mean_absolute_error(y, values))
        put("training_r2_score", lambda: sk.r2_score(y, values))
    if hasattr(estimator, "score"):
        put("training_score", lambda: estimator.score(X, y))
    return found


def attempted(step, do):
    """A guard: what scikit-learn refuses is left out."""
    try:
        return do()
    except ValueError:
        assert step == "score"
        return None


def every():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [pytest.param(cls, id=name) for name, cls in all_estimators()]


@pytest.mark.parametrize("cls", every())
def test_scores_are_those_of_every_estimator(cls):
    checked = 0
    for classes, ties, text in ((2, True, False), (3, True, True), (2, False, True)):
        X, y = data(7, classes, ties, text)
        with warnings.catch_warnings(record=True) as theirs:
            warnings.simplefilter("always")
            estimator = made(cls)
            if estimator is None:
                return
            try:
                estimator.fit(X, y)
                wanted = direct(estimator, X, y)
            except (ValueError, TypeError, AttributeError, IndexError, np.linalg.LinAlgError):
                continue
        with warnings.catch_warnings(record=True) as ours:
            warnings.simplefilter("always")
            found = training_scores(estimator, X, y, attempt=attempted)
        assert sorted(found.metrics) == sorted(wanted)
        for name, value in wanted.items():
            assert math.isclose(found.metrics[name], value, rel_tol=1e-12, abs_tol=1e-12), name
        assert {str(it.message) for it in ours} <= {str(it.message) for it in theirs}
        checked += bool(wanted)
    if issubclass(cls, ClassifierMixin) and cls.__name__ not in (
        "ClassifierChain",
        "MultiOutputClassifier",
        "SelfTrainingClassifier",
    ):
        assert checked > 0


@pytest.mark.parametrize(
    "name", sorted(ARGMAX_CLASSES | NEAR_TIES_CLASSES | DECISION_CLASSES | set(PASSES_ON))
)
def test_the_tables_name_classes_that_exist(name):
    module, _, cls = name.rpartition(".")
    if name in NEWER and VERSION < (1, 6):
        return
    assert inspect.isclass(getattr(importlib.import_module(module), cls))


def boosted():
    return LogisticRegression(max_iter=50)


CONFIGURED = {
    "pipeline": lambda: make_pipeline(StandardScaler(), boosted()),
    "grid": lambda: GridSearchCV(boosted(), {"C": [0.1, 1.0]}, cv=2),
    "random": lambda: RandomizedSearchCV(boosted(), {"C": [0.1, 1.0]}, n_iter=2, cv=2),
    "grid of pipeline": lambda: GridSearchCV(
        make_pipeline(StandardScaler(), RandomForestClassifier(5, random_state=0)),
        {"randomforestclassifier__max_depth": [1, 2]},
        cv=2,
    ),
    "rfe": lambda: RFE(boosted(), n_features_to_select=2),
    "rfecv": lambda: RFECV(boosted(), cv=2),
    "stacking": lambda: StackingClassifier(
        [("a", DecisionTreeClassifier(max_depth=2)), ("b", GaussianNB())], cv=2
    ),
    "soft voting": lambda: VotingClassifier(
        [("a", DecisionTreeClassifier(max_depth=2)), ("b", GaussianNB())], voting="soft"
    ),
    "calibrated": lambda: CalibratedClassifierCV(LinearSVC(), cv=2),
    "bagging of svc": lambda: BaggingClassifier(SVC(), 3, random_state=0),
    "self training": lambda: SelfTrainingClassifier(boosted()),
    "knn by distance": lambda: KNeighborsClassifier(4, weights="distance"),
    "knn of even k": lambda: KNeighborsClassifier(4),
    "brute knn": lambda: KNeighborsClassifier(4, algorithm="brute"),
    "radius": lambda: RadiusNeighborsClassifier(1.0, outlier_label="most_frequent"),
    "huber": lambda: SGDClassifier(loss="modified_huber", random_state=0),
    "sgd log": lambda: SGDClassifier(loss="log_loss", random_state=0),
    "sgd hinge": lambda: SGDClassifier(random_state=0),
    "linear svc": LinearSVC,
    "svc": SVC,
    "ridge": RidgeClassifier,
    "pipeline of svc": lambda: make_pipeline(StandardScaler(), SVC()),
    "grid of svc": lambda: GridSearchCV(SVC(), {"C": [0.1, 1.0]}, cv=2),
    "mlp": lambda: MLPClassifier((4,), max_iter=5, random_state=0),
    "constant": lambda: LogisticRegression(C=1e-300),
    "saturated": lambda: LogisticRegression(C=1e12, max_iter=2000),
}


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("name", sorted(CONFIGURED))
def test_labels_follow_in_one_pass(name, classes):
    for seed, text in ((1, False), (2, name != "self training")):
        X, y = data(seed, classes, ties=True, text=text)
        estimator = CONFIGURED[name]().fit(X, y)
        predictions = predict_once(estimator, plan_of(estimator, X, y), X)
        np.testing.assert_array_equal(predictions.labels, estimator.predict(X))
        assert predictions.passes == 1
        if predictions.codes is not None:
            of_codes = estimator.classes_[predictions.codes]
            np.testing.assert_array_equal(of_codes, predictions.labels)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [1e-12, 1e-8, 1e-7, 1e-4])
def test_nearly_tied_rows_get_the_label_that_predict_gives(size, dtype):
    chance = np.random.default_rng(0)
    X = chance.normal(size=(400, 3)).astype(dtype)
    for classes in (2, 3):
        y = np.append(np.arange(classes), chance.integers(0, classes, 400 - classes))
        estimator = LogisticRegression().fit(X, y)
        estimator.coef_ = (estimator.coef_ * size).astype(dtype)
        estimator.intercept_ = np.zeros_like(estimator.intercept_).astype(dtype)
        predictions = predict_once(estimator, plan_of(estimator, X, y), X)
        np.testing.assert_array_equal(predictions.labels, estimator.predict(X))


class Counting(ClassifierMixin, BaseEstimator):
    """Counts what it is asked."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.asked_ = []
        return self

    def predict(self, X):
        self.asked_.append(("predict", len(X)))
        return self.classes_[(X[:, 0] > 0.7).astype(int)]

    def predict_proba(self, X):
        self.asked_.append(("predict_proba", len(X)))
        second = np.clip(X[:, 0], 0, 1)
        return np.stack([1 - second, second], axis=1)


class OnlyLabels(Counting):
    predict_proba = None

    def __getattribute__(self, name):
        if name == "predict_proba":
            raise AttributeError(name)
        return super().__getattribute__(name)


def test_a_class_of_ones_own_is_asked_both_once():
    X, y = np.random.default_rng(0).random((50, 2)), np.arange(50) % 2
    estimator = Counting().fit(X, y)
    found = training_scores(estimator, X, y)
    assert estimator.asked_ == [("predict_proba", 50), ("predict", 50)]
    assert found.facts["prediction_passes"] == 2
    assert found.metrics["training_accuracy_score"] == estimator.score(X, y)
    only = OnlyLabels().fit(X, y)
    found = training_scores(only, X, y)
    assert only.asked_ == [("predict", 50)]
    assert found.facts["prediction_passes"] == 1


class Spies:
    """Counts calls of the methods of one class, through the class."""

    def __init__(self, monkeypatch, cls, names=("predict", "predict_proba", "decision_function")):
        self.calls = []
        self.depth = 0
        for name in names:
            monkeypatch.setattr(cls, name, self._spy(name, getattr(cls, name)))

    def _spy(self, name, function):
        def spying(estimator, X, *args, **kwargs):
            if not self.depth:
                self.calls.append((name, len(X)))
            self.depth += 1
            try:
                return function(estimator, X, *args, **kwargs)
            finally:
                self.depth -= 1

        return spying


@pytest.mark.parametrize(
    "wrap",
    [
        lambda inner: inner,
        lambda inner: make_pipeline(StandardScaler(), inner),
        lambda inner: GridSearchCV(inner, {"max_iter": [10, 20]}, cv=2),
        lambda inner: GridSearchCV(inner, {"max_iter": [10]}, cv=2, scoring="accuracy"),
        lambda inner: GridSearchCV(inner, {"max_iter": [10]}, cv=2, scoring="neg_log_loss"),
    ],
    ids=["itself", "pipeline", "grid", "grid by accuracy", "grid by log loss"],
)
def test_logistic_regression_is_asked_once(monkeypatch, wrap):
    X, y = data(3, 2, ties=False)
    estimator = wrap(LogisticRegression(max_iter=20)).fit(X, y)
    wanted = direct(estimator, X, y)
    spies = Spies(monkeypatch, LogisticRegression)
    found = training_scores(estimator, X, y)
    assert spies.calls == [("predict_proba", 60)]
    assert found.facts["prediction_passes"] == 1
    assert found.metrics == pytest.approx(wanted, abs=1e-12)


def test_a_forest_is_asked_once_and_a_linear_svc_for_its_decision(monkeypatch):
    X, y = data(3, 2, ties=False)
    forest = RandomForestClassifier(5, random_state=0).fit(X, y)
    spies = Spies(monkeypatch, RandomForestClassifier, ("predict", "predict_proba"))
    training_scores(forest, X, y)
    assert spies.calls == [("predict_proba", 60)]
    svc = LinearSVC().fit(X, y)
    spies = Spies(monkeypatch, LinearSVC, ("predict", "decision_function"))
    found = training_scores(svc, X, y)
    assert spies.calls == [("decision_function", 60)]
    assert "training_roc_curve.json" in found.files
    assert "training_roc_auc" not in found.metrics


def test_a_regressor_is_asked_once(monkeypatch):
    X, y = data(3, 2, ties=False)
    tree = DecisionTreeRegressor(max_depth=2).fit(X, y)
    spies = Spies(monkeypatch, DecisionTreeRegressor, ("predict",))
    training_scores(tree, X, y)
    assert spies.calls == [("predict", 60)]


def test_a_subclass_may_decide_otherwise():
    class Contrary(LogisticRegression):
        def predict(self, X):
            return self.classes_[1 - (super().predict(X) == self.classes_[1])]

    X, y = data(3, 2, ties=False)
    for estimator in (
        Contrary(),
        make_pipeline(StandardScaler(), Contrary()),
        FixedThresholdClassifier(LogisticRegression(), threshold=0.9, response_method="auto"),
    ):
        estimator.fit(X, y)
        predictions = predict_once(estimator, plan_of(estimator, X, y), X)
        np.testing.assert_array_equal(predictions.labels, estimator.predict(X))
        assert predictions.passes == 2


def test_an_object_may_decide_otherwise():
    X, y = data(3, 2, ties=False)
    for estimator in (LogisticRegression().fit(X, y), LinearSVC().fit(X, y)):
        estimator.predict = lambda X: np.zeros(len(X), int)
        predictions = predict_once(estimator, plan_of(estimator, X, y), X)
        assert not predictions.labels.any()


def test_weights_of_neighbours_by_a_function():
    X, y = data(3, 2, ties=False)
    estimator = KNeighborsClassifier(3, weights=lambda distance: 1.0 - distance).fit(X, y)
    assert plan_of(estimator, X, y).rule == "own"


def test_labels_that_are_no_classes():
    X, y = data(3, 2, ties=False)
    far = np.vstack([X[:5], X[:5] + 100])
    estimator = RadiusNeighborsClassifier(1.0, outlier_label=9).fit(X, y)
    predictions = predict_once(estimator, plan_of(estimator, X, y), far)
    np.testing.assert_array_equal(predictions.labels, estimator.predict(far))
    assert 9 in predictions.labels
    assert predictions.codes is None


@pytest.mark.parametrize("classes", [2, 3])
def test_probabilities_of_nan(classes):
    X, y = data(3, classes, ties=False)
    far = np.vstack([X[:5], X[:5] + 1000])
    estimator = LabelSpreading().fit(X, y)
    predictions = predict_once(estimator, plan_of(estimator, X, y), far)
    np.testing.assert_array_equal(predictions.labels, estimator.predict(far))
    assert np.isnan(predictions.probabilities).any()
    best, tied = best_and_tied(np.array([[np.nan] * classes, [1.0] + [0.0] * (classes - 1)]))
    assert (best[1], tied.tolist()) == (0, [0])


def test_nothing_is_changed():
    X, y = data(3, 3, ties=True, text=True)
    before = X.copy(), y.copy()
    X.flags.writeable = y.flags.writeable = False
    estimator = LogisticRegression().fit(X, y)
    state = {name: np.copy(value) for name, value in vars(estimator).items() if name[-1] == "_"}
    training_scores(estimator, X, y, sample_weight=np.ones(60))
    np.testing.assert_array_equal(X, before[0])
    np.testing.assert_array_equal(y, before[1])
    for name, value in state.items():
        np.testing.assert_array_equal(getattr(estimator, name), value)
