"""All steps together: what fails is left out, the rest stands."""

import json

import numpy as np
import pytest
import scipy.sparse
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.tree import DecisionTreeClassifier

from fitscribe.sklearn.training import training_scores

# scikit-learn up to 1.6 with a newer scipy.
pytestmark = pytest.mark.filterwarnings("ignore:scipy.optimize:DeprecationWarning")


class Guard:
    """Keeps what failed."""

    def __init__(self):
        self.steps, self.failed = [], {}

    def __call__(self, step, do):
        self.steps.append(step)
        try:
            return do()
        except (ValueError, RuntimeError) as error:
            self.failed[step] = error
            return None


def data(rows=60, classes=2):
    chance = np.random.default_rng(4)
    X = chance.normal(size=(rows, 3))
    return X, np.arange(rows) % classes


def test_the_steps_in_order():
    X, y = data()
    guard = Guard()
    found = training_scores(LogisticRegression().fit(X, y), X, y, attempt=guard)
    assert guard.steps == ["rows to predict", "predictions", "metrics", "score", "curves"]
    assert guard.failed == {}
    assert sorted(found.metrics) == [
        "training_accuracy_score",
        "training_f1_score",
        "training_log_loss",
        "training_precision_score",
        "training_recall_score",
        "training_roc_auc",
        "training_score",
    ]
    assert found.facts == {
        "rows": 60,
        "sampled_from": 60,
        "prediction_passes": 1,
        "averaging": "weighted",
    }
    assert found.problems == []
    assert all(type(value) is float for value in found.metrics.values())
    regressor = training_scores(LinearRegression().fit(X, y), X, y)
    assert sorted(regressor.metrics) == [
        "training_mean_absolute_error",
        "training_mean_squared_error",
        "training_r2_score",
        "training_root_mean_squared_error",
        "training_score",
    ]
    assert list(regressor.files) == ["training_residuals.json"]
    assert all(type(value) is float for value in regressor.metrics.values())


class Broken(ClassifierMixin, BaseEstimator):
    """Fails where it is told to."""

    def __init__(self, where=()):
        self.where = where

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        if "predict" in self.where:
            raise RuntimeError("no labels today")
        return np.zeros(len(X) - ("short" in self.where), int)

    def score(self, X, y):
        if "score" in self.where:
            raise RuntimeError("no score today")
        return 0.5


def test_a_failed_prediction_leaves_nothing():
    X, y = data()
    guard = Guard()
    found = training_scores(Broken(["predict"]).fit(X, y), X, y, attempt=guard)
    assert list(guard.failed) == ["predictions"]
    assert found.metrics == {}
    assert found.files == {}
    with pytest.raises(RuntimeError, match="no labels today"):
        training_scores(Broken(["predict"]).fit(X, y), X, y)


def test_a_failed_score_leaves_the_metrics():
    X, y = data()
    guard = Guard()
    found = training_scores(Broken(["score"]).fit(X, y), X, y, attempt=guard)
    assert list(guard.failed) == ["score"]
    assert found.metrics["training_accuracy_score"] == 0.5
    assert "training_score" not in found.metrics
    assert list(found.files) == ["training_confusion_matrix.json"]


def test_a_prediction_of_another_length_is_told():
    X, y = data()
    guard = Guard()
    training_scores(Broken(["short"]).fit(X, y), X, y, attempt=guard)
    assert "59 values for 60 rows" in str(guard.failed["metrics"])


def test_weights_and_targets_that_do_not_fit():
    X, y = data()
    estimator = LogisticRegression().fit(X, y)
    with pytest.raises(ValueError, match="shape"):
        training_scores(estimator, X, y, np.ones(3))
    with pytest.raises(ValueError, match="y has 59"):
        training_scores(estimator, X, y[1:])


def test_without_a_target_there_is_nothing():
    X, y = data()
    found = training_scores(LogisticRegression().fit(X, y), X, None)
    assert (found.metrics, found.files, found.facts, found.problems) == ({}, {}, {}, [])


def test_weights_and_pos_label_are_honoured():
    X, y = data()
    estimator = GaussianNB().fit(X, y)
    weights = np.random.default_rng(0).random(60)
    plain, weighted = training_scores(estimator, X, y), training_scores(estimator, X, y, weights)
    for name, value in plain.metrics.items():
        assert weighted.metrics[name] != value
    assert weighted.metrics["training_score"] == estimator.score(X, y, weights)
    first = training_scores(estimator, X, y, pos_label=0)
    second = training_scores(estimator, X, y, pos_label=1)
    assert first.metrics["training_recall_score"] != second.metrics["training_recall_score"]
    assert first.facts["averaging"] == "binary"
    mean = (first.metrics["training_recall_score"] + second.metrics["training_recall_score"]) / 2
    assert plain.metrics["training_recall_score"] == pytest.approx(mean)


def test_a_pos_label_that_is_no_label_is_told():
    X, y = data()
    found = training_scores(GaussianNB().fit(X, y), X, y, pos_label="yes")
    assert "training_f1_score" not in found.metrics
    assert "training_accuracy_score" in found.metrics
    assert "pos_label='yes' is none of the labels [0, 1]" in found.problems[0]
    X, y = data(classes=3)
    found = training_scores(GaussianNB().fit(X, y), X, y, pos_label=1)
    assert "there are 3" in found.problems[0]


def test_several_classes_with_weights_have_no_auc():
    X, y = data(classes=3)
    found = training_scores(GaussianNB().fit(X, y), X, y, np.ones(60))
    assert "training_roc_auc" not in found.metrics
    assert "training_log_loss" in found.metrics
    assert "sample_weight" in found.problems[0]


def test_one_class_has_neither_loss_nor_auc():
    X, _ = data()
    y = np.zeros(60, int)
    found = training_scores(DecisionTreeClassifier().fit(X, y), X, y)
    assert "training_log_loss" not in found.metrics
    assert "training_roc_auc" not in found.metrics
    assert "y holds one class" in found.problems[0]
    assert found.metrics["training_accuracy_score"] == 1.0
    assert json.loads(found.files["training_confusion_matrix.json"])["matrix"] == [[60]]


@pytest.mark.parametrize("sparse", [False, True])
def test_several_labels_per_row(sparse):
    X, y = data()
    Y = np.stack([y, np.arange(60) % 3 == 0, X[:, 0] > 0], axis=1).astype(int)
    estimator = OneVsRestClassifier(LogisticRegression())
    target = scipy.sparse.csr_matrix(Y) if sparse else Y
    estimator.fit(X, target)
    found = training_scores(estimator, X, target)
    assert found.metrics["training_score"] == pytest.approx(estimator.score(X, target))
    assert "training_roc_auc" in found.metrics
    assert "training_log_loss" in found.metrics
    assert found.files == {}


def test_several_outputs_per_row():
    X, y = data()
    Y = np.stack([y, y + X[:, 0]], axis=1)
    estimator = LinearRegression().fit(X, Y)
    found = training_scores(estimator, X, Y)
    assert found.metrics["training_score"] == pytest.approx(estimator.score(X, Y), abs=1e-12)
    labels = np.stack([y, np.arange(60) % 3], axis=1)
    found = training_scores(KNeighborsClassifier(2).fit(X, labels), X, labels)
    assert found.metrics == {}
    assert any("multiclass-multioutput" in problem for problem in found.problems)


def test_a_regressor_of_no_numbers_is_told():
    class Odd(RegressorMixin, BaseEstimator):
        def predict(self, X):
            return ["a"] * len(X)

    X, y = data()
    found = training_scores(Odd(), X, y)
    assert found.metrics == {}
    assert found.files == {}
    assert "not both numeric" in found.problems[0]
    assert "there is no r2" in found.problems[1]


def test_a_classifier_without_mixin_counts_by_its_type():
    class Told(BaseEstimator):
        _estimator_type = "classifier"
        classes_ = np.array([0, 1])

        def predict(self, X):
            return (X[:, 0] > 0).astype(int)

    X, y = data()
    found = training_scores(Told(), X, y)
    assert found.metrics["training_accuracy_score"] == np.mean((X[:, 0] > 0) == y)


def test_a_regressor_without_mixin_counts_by_its_tags():
    class Tagged(BaseEstimator):
        def __sklearn_tags__(self):
            tags = super().__sklearn_tags__()
            tags.estimator_type = "regressor"
            return tags

        def predict(self, X):
            return X[:, 0]

    if not hasattr(BaseEstimator, "__sklearn_tags__"):  # before 1.6
        Tagged._estimator_type = "regressor"
    X, y = data()
    assert "training_r2_score" in training_scores(Tagged(), X, y).metrics


def test_a_ranker_is_not_scored_without_its_groups():
    class Ranks(BaseEstimator):
        _estimator_type = "ranker"
        calls = 0

        def predict(self, X):
            return X[:, 0]

        def score(self, X, y):
            Ranks.calls += 1
            raise ValueError("groups are needed")

        def __sklearn_tags__(self):
            tags = super().__sklearn_tags__()
            tags.estimator_type = "regressor"  # as CatBoost's ranker says there
            return tags

    X, y = data()
    for model in (Ranks(), make_pipeline(FunctionTransformer(), Ranks())):
        found = training_scores(model, X, y)
        assert (found.metrics, found.problems, Ranks.calls) == ({}, [], 0)


def test_a_guard_that_skips_everything_leaves_nothing():
    X, y = data()
    found = training_scores(GaussianNB().fit(X, y), X, y, attempt=lambda step, do: None)
    assert (found.metrics, found.files, found.facts) == ({}, {}, {})


def test_an_estimator_that_is_no_one_of_sklearns():
    class Foreign:
        def predict(self, X):
            return X

    X, y = data()
    assert training_scores(Foreign(), X, y).metrics == {}
