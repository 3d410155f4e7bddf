"""Training metrics of classifiers equal scikit-learn's own functions."""

import math
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn.metrics as sk
from hypothesis import given, settings
from hypothesis import strategies as st

from fitscribe.sklearn.classification import classification_metrics, counts_of
from fitscribe.sklearn.fallback import classification_by_sklearn
from fitscribe.sklearn.predictions import Predictions
from fitscribe.sklearn.ranking import pairwise_auc, ranking_of
from fitscribe.sklearn.targets import code_labels, codes_of, target_array, weight_array

NAMES = (
    "training_precision_score",
    "training_recall_score",
    "training_f1_score",
    "training_accuracy_score",
    "training_log_loss",
    "training_roc_auc",
)
CLASSES = {
    "int": [0, 1, 2, 3, 4],
    "apart": [-7, 3, 5, 100, 2**40],
    "float": [-2.0, 0.0, 1.0, 5.0, 1e6],
    "bool": [False, True],
    "text": ["a", "b b", "é", "z", "ü"],
}


def expected(y, predicted, proba, weights, pos_label):
    """What MLflow would log: scikit-learn's values, without those that raise or are NaN."""
    if pos_label is None:
        named = {"average": "weighted"}
    else:
        named = {"average": "binary", "pos_label": pos_label}
    named["sample_weight"] = weights
    scores = proba[:, 1] if proba.shape[1] == 2 else proba
    steps = {
        NAMES[0]: lambda: sk.precision_score(y, predicted, **named),
        NAMES[1]: lambda: sk.recall_score(y, predicted, **named),
        NAMES[2]: lambda: sk.f1_score(y, predicted, **named),
        NAMES[3]: lambda: sk.accuracy_score(y, predicted, sample_weight=weights),
        NAMES[4]: lambda: sk.log_loss(y, proba, sample_weight=weights),
        NAMES[5]: lambda: sk.roc_auc_score(
            y, scores, average="weighted", multi_class="ovo", sample_weight=weights
        ),
    }
    found = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, step in steps.items():
            try:
                value = float(step())
            except (ValueError, TypeError, IndexError, ZeroDivisionError):
                continue
            if math.isfinite(value):
                found[name] = value
    return found


def assert_equal(ours, theirs):
    assert sorted(ours) == sorted(theirs)
    for name, value in theirs.items():
        assert math.isclose(ours[name], value, rel_tol=1e-12, abs_tol=1e-12), name


@st.composite
def cases(draw):
    kind = draw(st.sampled_from(sorted(CLASSES)))
    classes = CLASSES[kind]
    count = draw(st.integers(1, len(classes)))
    rows = draw(st.integers(1, 30))
    seed = draw(st.integers(0, 2**32 - 1))
    chance = np.random.default_rng(seed)
    listed = np.array(classes[:count])
    if kind == "text" and draw(st.booleans()):
        listed = listed.astype(object)
    listed = np.sort(listed)
    # Labels are drawn from fewer classes than the model has, now and then.
    of_y = draw(st.integers(1, count))
    y = listed[chance.integers(0, of_y, rows)]
    predicted = listed[chance.integers(0, draw(st.integers(1, count)), rows)]
    steps = draw(st.sampled_from([2, 5, 1000]))
    proba = chance.integers(0, steps, (rows, count)).astype(float)
    proba[proba.sum(axis=1) == 0] = 1.0
    proba /= proba.sum(axis=1, keepdims=True)
    proba = proba.astype(draw(st.sampled_from([np.float64, np.float32])))
    weights = draw(st.sampled_from(["none", "float", "float32", "int", "zeros"]))
    weight = {
        "none": None,
        "float": chance.random(rows) + 0.01,
        "float32": (chance.random(rows) + 0.01).astype(np.float32),
        "int": chance.integers(1, 5, rows),
        "zeros": chance.integers(0, 2, rows).astype(float),
    }[weights]
    pos_label = draw(st.sampled_from([None, *listed.tolist(), "nowhere"]))
    if isinstance(pos_label, str) and kind != "text":
        pos_label = 12345
    return listed, y, predicted, proba, weight, pos_label


def ours(classes, y, predicted, proba, weights, pos_label):
    coded = code_labels(target_array(y), predicted, classes)
    assert coded is not None
    return classification_metrics(coded, Predictions(predicted, None, proba), weights, pos_label)


@settings(max_examples=250)
@given(cases())
def test_equals_sklearn(case):
    _, y, predicted, proba, weights, pos_label = case
    found = ours(*case)
    if weights is not None and weights.sum() == 0:
        assert found.metrics == {}
        assert "sums to zero" in found.problems[0]
        return
    assert_equal(found.metrics, expected(y, predicted, proba, weights, pos_label))
    left_out = set(NAMES) - set(found.metrics)
    told = " ".join(found.problems)
    for name in left_out:
        assert name in told or "Precision, recall and F1" in told
    assert bool(left_out) == bool(found.problems)


@settings(max_examples=60)
@given(cases(), st.integers(1, 5))
def test_equals_sklearn_whatever_the_target_comes_as(case, seed):
    classes, y, predicted, proba, weights, pos_label = case
    if weights is not None and weights.sum() == 0:
        return
    forms = [
        y.tolist(),
        y.reshape(-1, 1),
        pd.Series(y, index=np.arange(len(y))[::-1]),
        pd.DataFrame({"y": y}),
        pl.Series("y", y.tolist()),
        np.repeat(y, 2)[::2],
    ]
    form = forms[seed % len(forms)]
    found = ours(classes, form, predicted, proba, weights, pos_label)
    assert_equal(found.metrics, expected(y, predicted, proba, weights, pos_label))


@settings(max_examples=60)
@given(cases())
def test_labels_that_are_none_of_the_models_classes(case):
    classes, y, predicted, proba, weights, pos_label = case
    if weights is not None and weights.sum() == 0:
        return
    known = classes[:-1] if len(classes) > 1 else None
    coded = code_labels(y, predicted, known)
    found = classification_metrics(coded, Predictions(predicted, None, proba), weights, pos_label)
    assert_equal(found.metrics, expected(y, predicted, proba, weights, pos_label))


def test_a_sample_without_some_class_takes_the_columns_from_the_model():
    chance = np.random.default_rng(3)
    classes = np.arange(4)
    y = chance.choice([0, 1, 3], 50)
    proba = chance.dirichlet(np.ones(4), 50)
    predicted = proba.argmax(axis=1)
    coded = code_labels(y, predicted, classes)
    found = classification_metrics(coded, Predictions(predicted, None, proba), sampled=True)
    assert found.metrics["training_log_loss"] == pytest.approx(
        sk.log_loss(y, proba, labels=classes), abs=1e-12
    )
    assert found.metrics["training_roc_auc"] == pytest.approx(
        sk.roc_auc_score(y, proba, labels=classes, multi_class="ovo", average="weighted"),
        abs=1e-12,
    )
    whole = classification_metrics(coded, Predictions(predicted, None, proba))
    assert "training_log_loss" not in whole.metrics


def test_many_labels_are_counted_without_a_matrix():
    chance = np.random.default_rng(0)
    y, predicted = chance.integers(0, 300, 2000), chance.integers(0, 300, 2000)
    weights = chance.random(2000)
    coded = code_labels(y, predicted, np.arange(300))
    counts = counts_of(coded, weights)
    assert counts.matrix is None
    found = classification_metrics(coded, Predictions(predicted), weights)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        f1 = sk.f1_score(y, predicted, average="weighted", sample_weight=weights)
    assert found.metrics["training_f1_score"] == pytest.approx(f1, abs=1e-12)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_probabilities_that_are_not_finite(bad):
    proba = np.array([[0.5, 0.5], [bad, 0.2], [0.1, 0.9]])
    found = ours(np.arange(2), np.array([0, 1, 1]), np.array([0, 0, 1]), proba, None, None)
    assert sorted(found.metrics) == sorted(NAMES[:4])
    assert "NaN or infinity" in found.problems[0]


def test_probabilities_outside_of_0_to_1():
    proba = np.array([[1.2, -0.2], [0.5, 0.5], [0.1, 0.9]])
    y = np.array([0, 1, 1])
    found = ours(np.arange(2), y, np.array([0, 0, 1]), proba, None, None)
    assert "training_log_loss" not in found.metrics
    assert found.metrics["training_roc_auc"] == sk.roc_auc_score(y, proba[:, 1])


def test_rows_of_several_classes_must_sum_to_1():
    proba = np.full((6, 3), 0.5)
    y = np.array([0, 1, 2] * 2)
    found = ours(np.arange(3), y, y, proba, None, None)
    assert "training_roc_auc" not in found.metrics
    assert "sum to 1" in found.problems[0]


def test_negative_weights_have_no_ranking():
    proba = np.array([[0.2, 0.8], [0.5, 0.5], [0.1, 0.9]])
    y = np.array([0, 1, 1])
    weights = np.array([1.0, -0.5, 2.0])
    found = ours(np.arange(2), y, y, proba, weights, None)
    assert "training_roc_auc" not in found.metrics
    assert found.metrics["training_log_loss"] == pytest.approx(
        sk.log_loss(y, proba, sample_weight=weights), abs=1e-12
    )


@settings(max_examples=60)
@given(
    st.integers(0, 2**32 - 1), st.integers(2, 60), st.booleans(), st.sampled_from([2, 9, 10**6])
)
def test_ranking_is_sklearns_curve(seed, rows, weighted, steps):
    chance = np.random.default_rng(seed)
    positive = np.append(chance.integers(0, 2, rows), [0, 1]).astype(bool)
    scores = chance.integers(0, steps, rows + 2) / steps
    weights = chance.integers(0, 3, rows + 2).astype(float) if weighted else None
    ranking = ranking_of(scores, positive, weights)
    if ranking is None:
        assert weights is not None
        assert 0 in (weights[positive].sum(), weights[~positive].sum())
        return
    fpr, tpr, thresholds = sk.roc_curve(
        positive, scores, sample_weight=weights, drop_intermediate=False
    )
    np.testing.assert_allclose(ranking.true_positives / ranking.true_positives[-1], tpr[1:])
    np.testing.assert_allclose(ranking.false_positives / ranking.false_positives[-1], fpr[1:])
    np.testing.assert_array_equal(ranking.thresholds, thresholds[1:])
    average = sk.average_precision_score(positive, scores, sample_weight=weights)
    assert ranking.average_precision == pytest.approx(average, abs=1e-12)


def test_pairwise_auc_of_one_class_is_none():
    assert pairwise_auc(np.full((3, 3), 1 / 3), np.zeros(3, np.intp)) is None


@pytest.mark.parametrize(
    ("values", "classes"),
    [
        (np.array([0, 1, 2]), np.array([0, 1])),
        (np.array([0.0, np.nan]), np.array([0.0, 1.0])),
        (np.array([-1, 0]), np.array([0, 1, 2])),
        (np.array([0, 3]), np.array([0, 1, 2])),
        (np.array(["a", "x"]), np.array(["a", "b"])),
        (np.array(["1"]), np.array([1])),
        (np.array([1]), np.array(["1", "2"], object)),
        (np.array([1]), np.array([], int)),
    ],
)
def test_values_that_are_no_classes_have_no_codes(values, classes):
    assert codes_of(values, classes) is None


@pytest.mark.parametrize(
    "y",
    [
        np.array([0.5, 1.5, 2.0]),
        np.array([1, "a", None], object),
        np.array(["a", None, "b"], object),
        np.array([[0, 1], [1, 0], [1, 1]]),
        np.array([1 + 1j, 0, 1]),
    ],
)
def test_what_is_no_label_is_left_to_sklearn(y):
    assert code_labels(y, y, None) is None
    metrics, problems = classification_by_sklearn(y, y, None, None, None)
    if y.ndim == 2:
        assert metrics["training_accuracy_score"] == 1.0
    else:
        assert metrics == {}
        assert len(problems) == 4


def test_bytes_are_labels():
    y, predicted = np.array([b"a", b"b", b"a"]), np.array([b"a", b"a", b"a"])
    coded = code_labels(y, predicted, np.unique(y))
    assert classification_metrics(coded, Predictions(y)).plain_accuracy == 2 / 3


def test_classes_out_of_order_are_not_trusted():
    y = np.array(["b", "a", "b"])
    coded = code_labels(y, y, np.array(["b", "a"]))
    assert coded.labels.tolist() == ["a", "b"]
    assert not coded.of_model


@settings(max_examples=40)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(4, 30),
    st.integers(2, 4),
    st.sampled_from(["none", "float", "int"]),
)
def test_multilabel_equals_sklearn(seed, rows, labels, weighted):
    chance = np.random.default_rng(seed)
    y, predicted = chance.integers(0, 2, (2, rows, labels))
    proba = chance.random((rows, labels))
    weights = {"none": None, "float": chance.random(rows), "int": np.ones(rows, int)}[weighted]
    found, problems = classification_by_sklearn(y, predicted, proba, weights, None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        named = {"average": "weighted", "sample_weight": weights}
        assert found["training_f1_score"] == sk.f1_score(y, predicted, **named)
        assert found["training_precision_score"] == sk.precision_score(y, predicted, **named)
        assert found["training_recall_score"] == sk.recall_score(y, predicted, **named)
        assert found["training_accuracy_score"] == sk.accuracy_score(
            y, predicted, sample_weight=weights
        )
        assert found["training_log_loss"] == pytest.approx(
            sk.log_loss(y, proba, sample_weight=weights), abs=1e-12
        )
        if "training_roc_auc" in found:
            assert found["training_roc_auc"] == sk.roc_auc_score(
                y, proba, average="weighted", sample_weight=weights
            )
        else:
            assert any(column.min() == column.max() for column in y.T)
            assert "one kind only" in problems[0]


def test_multioutput_classes_are_left_out_with_sklearns_words():
    y = np.array([[0, 2], [1, 0], [2, 1]])
    found, problems = classification_by_sklearn(y, y, [y, y], None, None)
    assert found == {}
    assert len(problems) == 5
    assert "multiclass-multioutput" in problems[0]


@pytest.mark.parametrize(
    ("weights", "told"),
    [(np.ones(3), "shape"), (np.array(["a", "b"]), "numbers"), (np.ones((2, 2)), "shape")],
)
def test_weights_that_do_not_fit_are_refused(weights, told):
    with pytest.raises(ValueError, match=told):
        weight_array(weights, 2)


def test_weights_come_as_numbers_lists_and_columns():
    np.testing.assert_array_equal(weight_array(2.0, 3), [2.0, 2.0, 2.0])
    np.testing.assert_array_equal(weight_array([1, 2], 2), [1, 2])
    np.testing.assert_array_equal(weight_array([[1], [2]], 2), [1, 2])
    assert weight_array(None, 2) is None


def test_a_predicted_label_beyond_the_columns():
    """As of an outlier: scikit-learn takes the labels of y for the columns."""
    y, predicted = np.array([0, 1, 1, 0]), np.array([0, 1, 9, 0])
    proba = np.array([[0.8, 0.2], [0.3, 0.7], [0.0, 0.0], [0.5, 0.5]])
    found = ours(np.array([0, 1]), y, predicted, proba, None, None)
    assert_equal(found.metrics, expected(y, predicted, proba, None, None))
    assert "training_roc_auc" in found.metrics


def test_probabilities_of_another_form_are_told():
    y = np.array([0, 1, 1])
    for proba in ([np.ones((3, 2))], np.ones(3), np.array([["a", "b"]] * 3)):
        found = ours(np.array([0, 1]), y, y, proba, None, None)
        assert sorted(found.metrics) == sorted(NAMES[:4])
        assert "no array of rows and classes" in found.problems[0]


def test_weights_that_are_not_finite_are_told():
    y = np.array([0, 1])
    found = ours(np.array([0, 1]), y, y, np.eye(2), np.array([1.0, np.nan]), None)
    assert found.metrics == {}
    assert "NaN or infinity" in found.problems[0]
    np.testing.assert_array_equal(weight_array(np.array([1, 2], object), 2), [1.0, 2.0])


@pytest.mark.parametrize(
    ("decision", "weights"),
    [([1.0, np.nan, -1.0], None), ([1.0, 0.5, -1.0], [1.0, -1.0, 1.0])],
)
def test_a_decision_that_cannot_be_ranked(decision, weights):
    y = np.array([0, 1, 1])
    coded = code_labels(y, y, np.array([0, 1]))
    predictions = Predictions(y, decision=np.array(decision))
    weights = None if weights is None else np.array(weights)
    assert classification_metrics(coded, predictions, weights).ranking is None


def test_a_ranking_without_weight_is_none():
    assert ranking_of(np.ones(2), np.array([True, False]), np.zeros(2)) is None


def test_numbers_and_text_are_no_labels_of_one_classification():
    assert code_labels(np.array([0, 1]), np.array(["0", "1"]), None) is None


def test_multilabel_with_a_positive_label_or_odd_probabilities():
    y = np.array([[0, 1], [1, 0], [1, 1], [0, 0]])
    found, problems = classification_by_sklearn(y, y, y * 2.0, None, 1)
    assert sorted(found) == ["training_accuracy_score", "training_roc_auc"]
    assert "average='binary'" in problems[0]
    assert "outside of 0 to 1" in problems[-1]
    for target in (y, y * 2, y.astype(str)):
        found, problems = classification_by_sklearn(target, y, np.ones((4, 3)), None, None)
        assert "training_roc_auc" not in found
        assert "neither" in problems[-1]
