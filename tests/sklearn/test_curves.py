"""Curves keep the shape that scikit-learn's functions give."""

import json

import numpy as np
import pytest
import sklearn.metrics as sk
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from fitscribe.sklearn.curves import POINTS, thinned
from fitscribe.sklearn.training import training_scores

# scikit-learn up to 1.6 with a newer scipy.
pytestmark = pytest.mark.filterwarnings("ignore:scipy.optimize:DeprecationWarning")

ROC, PR = "training_roc_curve.json", "training_precision_recall_curve.json"
CONFUSION, RESIDUALS = "training_confusion_matrix.json", "training_residuals.json"


def data(rows=120, classes=2, seed=0, noise=1.0):
    chance = np.random.default_rng(seed)
    X = chance.normal(size=(rows, 3))
    score = X[:, 0] + noise * chance.normal(size=rows)
    edges = np.quantile(score, np.linspace(0, 1, classes + 1)[1:-1])
    return X, np.searchsorted(edges, score)


def curves(estimator, X, y, **named):
    files = training_scores(estimator, X, y, **named).files
    return {name: json.loads(data) for name, data in files.items()}


@pytest.mark.parametrize("weighted", [False, True])
def test_short_curves_are_sklearns(weighted):
    X, y = data()
    weights = np.random.default_rng(1).random(120) if weighted else None
    estimator = LogisticRegression().fit(X, y)
    proba = estimator.predict_proba(X)[:, 1]
    files = curves(estimator, X, y, sample_weight=weights)
    fpr, tpr, thresholds = sk.roc_curve(y, proba, sample_weight=weights)
    roc = files[ROC]
    assert roc["threshold"][0] is None
    np.testing.assert_allclose(roc["fpr"], fpr, atol=1e-6)
    np.testing.assert_allclose(roc["tpr"], tpr, atol=1e-6)
    np.testing.assert_allclose(roc["threshold"][1:], thresholds[1:], rtol=1e-5)
    assert roc["auc"] == pytest.approx(sk.roc_auc_score(y, proba, sample_weight=weights))
    precision, recall, thresholds = sk.precision_recall_curve(
        y, proba, sample_weight=weights, drop_intermediate=True
    )
    pr = files[PR]
    assert pr["threshold"][-1] is None
    np.testing.assert_allclose(pr["precision"], precision, atol=1e-6)
    np.testing.assert_allclose(pr["recall"], recall, atol=1e-6)
    np.testing.assert_allclose(pr["threshold"][:-1], thresholds, rtol=1e-5)
    average = sk.average_precision_score(y, proba, sample_weight=weights)
    assert pr["average_precision"] == pytest.approx(average)
    for file in (roc, pr):
        assert (file["format"], file["rows"], file["sampled_from"]) == (1, 120, 120)
        assert file["weighted"] is weighted
        assert (file["positive_label"], file["negative_label"]) == (1, 0)
        assert file["scores"] == "predict_proba"
        assert file["points"] == 121


@pytest.mark.parametrize("noise", [0.1, 1.0, 10.0])
def test_long_curves_keep_their_shape(noise):
    X, y = data(20_000, noise=noise)
    estimator = LogisticRegression().fit(X, y)
    proba = estimator.predict_proba(X)[:, 1]
    files = curves(estimator, X, y)
    roc, pr = files[ROC], files[PR]
    fpr, tpr, _ = sk.roc_curve(y, proba)
    assert len(roc["fpr"]) == len(roc["tpr"]) == len(roc["threshold"]) <= POINTS + 1
    assert (roc["fpr"][0], roc["tpr"][0]) == (0, 0)
    assert (roc["fpr"][-1], roc["tpr"][-1]) == (1, 1)
    assert sk.auc(roc["fpr"], roc["tpr"]) == pytest.approx(roc["auc"], abs=2e-4)
    # Seen along the diagonal, where the curve is a function.
    along, above = np.add(roc["fpr"], roc["tpr"]), np.subtract(roc["tpr"], roc["fpr"])
    assert np.abs(np.interp(fpr + tpr, along, above) - (tpr - fpr)).max() < 0.005
    assert max(np.subtract(roc["tpr"], roc["fpr"])) == pytest.approx((tpr - fpr).max(), abs=2e-6)
    precision, recall, _ = sk.precision_recall_curve(y, proba)
    assert len(pr["recall"]) == len(pr["precision"]) == len(pr["threshold"]) <= POINTS + 1
    assert (pr["recall"][-1], pr["precision"][-1]) == (0, 1)
    assert pr["recall"][0] == 1
    whole_steps = np.abs(np.diff(recall)).max()
    assert np.abs(np.diff(pr["recall"])).max() < 0.011 + whole_steps
    assert min(pr["precision"]) == pytest.approx(precision.min(), abs=2e-6)
    ours = -np.sum(np.diff(pr["recall"]) * np.array(pr["precision"])[:-1])
    assert ours == pytest.approx(pr["average_precision"], abs=0.01)
    assert len(json.dumps(roc)) + len(json.dumps(pr)) < 25_000


def test_thinning_keeps_ends_extremes_and_the_best_point():
    x = np.linspace(0, 1, 100_000)
    y = np.zeros(100_000)
    y[50_001], y[70_001] = 0.004, -0.004
    kept = thinned(x, y, best=12_345)
    assert {0, 99_999, 50_001, 70_001, 12_345} <= set(kept.tolist())
    assert (np.diff(kept) > 0).all()
    assert len(kept) <= POINTS
    np.testing.assert_array_equal(thinned(x[:50], y[:50], 3), np.arange(50))


def test_the_positive_label_is_the_users():
    X, y = data()
    names = np.array(["good", "poor"])[y]
    estimator = LogisticRegression().fit(X, names)
    proba = estimator.predict_proba(X)[:, 0]
    files = curves(estimator, X, names, pos_label="good")
    roc = files[ROC]
    assert (roc["positive_label"], roc["negative_label"]) == ("good", "poor")
    assert roc["auc"] == pytest.approx(sk.roc_auc_score(names == "good", proba))
    fpr, tpr, _ = sk.roc_curve(names, proba, pos_label="good")
    np.testing.assert_allclose(roc["tpr"], tpr, atol=1e-6)
    np.testing.assert_allclose(roc["fpr"], fpr, atol=1e-6)
    assert files[CONFUSION]["averaging"] == "binary"


@pytest.mark.parametrize("pos_label", [None, 0, 1])
def test_curves_of_a_decision_function(pos_label):
    X, y = data()
    estimator = LinearSVC().fit(X, y)
    decision = estimator.decision_function(X)
    roc = curves(estimator, X, y, pos_label=pos_label)[ROC]
    assert roc["scores"] == "decision_function"
    of = 1 if pos_label is None else pos_label
    fpr, tpr, _ = sk.roc_curve(y, decision if of else -decision, pos_label=of)
    np.testing.assert_allclose(roc["fpr"], fpr, atol=1e-6)
    np.testing.assert_allclose(roc["tpr"], tpr, atol=1e-6)


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("weighted", [False, True])
def test_confusion(classes, weighted):
    X, y = data(classes=classes)
    weights = np.random.default_rng(1).random(120) if weighted else None
    estimator = LogisticRegression().fit(X, y)
    files = curves(estimator, X, y, sample_weight=weights)
    confusion = files[CONFUSION]
    assert confusion["labels"] == list(range(classes))
    wanted = sk.confusion_matrix(y, estimator.predict(X), sample_weight=weights)
    np.testing.assert_allclose(confusion["matrix"], wanted)
    assert confusion["averaging"] == "weighted"
    assert (ROC in files) is (classes == 2)


def test_confusion_of_many_labels_lists_its_largest_cells():
    chance = np.random.default_rng(0)
    X = chance.random((900, 1))
    for classes in (150, 300):
        y = chance.integers(0, classes, 900)
        estimator = DecisionTreeClassifier(max_leaf_nodes=400, random_state=0).fit(X, y)
        confusion = curves(estimator, X, y)[CONFUSION]
        assert confusion["matrix"] is None
        wanted = sk.confusion_matrix(y, estimator.predict(X), labels=estimator.classes_)
        labels = confusion["labels"]
        assert labels == estimator.classes_.tolist()
        built = np.zeros_like(wanted)
        for true, predicted, rows in confusion["cells"]:
            built[true, predicted] = rows
        np.testing.assert_array_equal(built, wanted)


def test_labels_of_any_kind_are_json():
    X, y = data()
    for labels in (np.array([False, True]), np.array([1.0, 2.0]), np.array(["a", "é"], object)):
        estimator = LogisticRegression().fit(X, labels[y])
        assert curves(estimator, X, labels[y])[CONFUSION]["labels"] == labels.tolist()


@pytest.mark.parametrize("outputs", [1, 3, 12])
def test_residuals(outputs):
    chance = np.random.default_rng(0)
    X = chance.normal(size=(1000, 4))
    Y = X @ chance.normal(size=(4, outputs)) + chance.normal(size=(1000, outputs))
    Y = Y[:, 0] if outputs == 1 else Y
    estimator = LinearRegression().fit(X, Y)
    residuals = (Y - estimator.predict(X)).reshape(1000, -1)
    file = curves(estimator, X, Y)[RESIDUALS]
    assert (file["format"], file["rows"], file["weighted"]) == (1, 1000, False)
    assert len(file["outputs"]) == min(outputs, 10)
    for column, about in enumerate(file["outputs"]):
        mine = residuals[:, column]
        assert about["mean"] == pytest.approx(mine.mean(), abs=1e-12)
        assert about["std"] == pytest.approx(mine.std())
        assert (about["quantiles"]["0"], about["quantiles"]["1"]) == (mine.min(), mine.max())
        for share, value in about["quantiles"].items():
            assert value == np.quantile(mine, float(share), method="nearest")
        counts, edges = np.histogram(mine, bins=30)
        np.testing.assert_array_equal(about["histogram"]["counts"], counts)
        np.testing.assert_allclose(about["histogram"]["edges"], edges)
        points = about["points"]
        assert len(points["predicted"]) == len(points["residual"]) == 200
        np.testing.assert_allclose(points["residual"], mine[::5], rtol=1e-5)


def test_residuals_that_are_all_equal():
    X = np.arange(5.0).reshape(-1, 1)
    file = curves(LinearRegression().fit(X, np.ones(5)), X, np.ones(5))[RESIDUALS]
    histogram = file["outputs"][0]["histogram"]
    assert sum(histogram["counts"]) == 5
