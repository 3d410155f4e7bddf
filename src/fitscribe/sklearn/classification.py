"""Training metrics of a classifier, from one confusion matrix and one sort.

The values are scikit-learn's to 1e-12, for one flat target of two or more classes; where its
function would raise or give NaN, the metric is left out and a sentence says why. Definitions:
scikit-learn's user guide, "Classification metrics"; the averaging is MLflow's (``weighted``, or
``binary`` when ``pos_label`` is given).
"""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass
from typing import Any

import numpy as np
import sklearn
from numpy.typing import NDArray

from fitscribe.sklearn.predictions import Predictions
from fitscribe.sklearn.ranking import Ranking, pairwise_auc, ranking_of
from fitscribe.sklearn.targets import Coded, Codes

__all__ = ["ClassificationMetrics", "Counts", "classification_metrics", "counts_of"]

Array = NDArray[Any]

PRECISION, RECALL, F1 = "training_precision_score", "training_recall_score", "training_f1_score"
ACCURACY, LOG_LOSS = "training_accuracy_score", "training_log_loss"
ROC_AUC = "training_roc_auc"

MATRIX_LABELS = 256
# scikit-learn 1.9 computes the loss in the precision of the probabilities, older ones in 64 bits.
LOSS_KEEPS_PRECISION = tuple(int(part) for part in sklearn.__version__.split(".")[:2]) >= (1, 9)


@dataclass(frozen=True, slots=True)
class Counts:
    """How many rows (or what weight) each label has.

    Parameters
    ----------
    hits, true, predicted : ndarray of shape (n_labels,)
        Rows of the label that were predicted so, rows of the label, rows predicted so.
    matrix : ndarray of shape (n_labels, n_labels), or None
        True labels down, predicted ones across; None for more than 256 labels.
    """

    hits: Array
    true: Array
    predicted: Array
    matrix: Array | None


@dataclass(frozen=True, slots=True)
class ClassificationMetrics:
    """Metrics of a classifier, and what curves are drawn from.

    Parameters
    ----------
    metrics : dict of str to float
        By MLflow's names.
    problems : list of str
        What was left out and why, a sentence each.
    averaging : {"weighted", "binary"}
        Of precision, recall and F1.
    coded : Coded
        The labels.
    counts : Counts
        How often they occur.
    plain_accuracy : float
        The share of rows that are right, not weighted.
    ranking : Ranking or None
        For two classes with scores: the ranking by the score of `positive`.
    positive : int
        The position of the positive label, 1 unless ``pos_label`` says otherwise.
    """

    metrics: dict[str, float]
    problems: list[str]
    averaging: str
    coded: Coded
    counts: Counts
    plain_accuracy: float
    ranking: Ranking | None
    positive: int


def counts_of(coded: Coded, weights: Array | None) -> Counts:
    """Count labels.

    Parameters
    ----------
    coded : Coded
        True and predicted labels.
    weights : ndarray of shape (n_rows,), or None
        Sample weights.
    """
    size = len(coded.labels)
    if size <= MATRIX_LABELS:
        cells = coded.true * size + coded.predicted
        matrix = np.bincount(cells, weights, minlength=size * size).reshape(size, size)
        return Counts(matrix.diagonal(), matrix.sum(axis=1), matrix.sum(axis=0), matrix)
    right = coded.true == coded.predicted
    hit_weights = None if weights is None else weights[right]
    return Counts(
        np.bincount(coded.true[right], hit_weights, minlength=size),
        np.bincount(coded.true, weights, minlength=size),
        np.bincount(coded.predicted, weights, minlength=size),
        None,
    )


def classification_metrics(
    coded: Coded,
    predictions: Predictions,
    weights: Array | None = None,
    pos_label: Any = None,
    sampled: bool = False,
) -> ClassificationMetrics:
    """Compute the training metrics of a classifier.

    Parameters
    ----------
    coded : Coded
        True and predicted labels.
    predictions : Predictions
        What the model answered.
    weights : ndarray of shape (n_rows,), or None
        Sample weights.
    pos_label : object
        The label that precision, recall and F1 are about; None averages over the labels.
    sampled : bool
        Whether the rows are a sample: then a class of the model may be missing among them.

    Returns
    -------
    ClassificationMetrics
        See there.
    """
    counts = counts_of(coded, weights)
    right = coded.true == coded.predicted
    plain = float(np.count_nonzero(right) / len(right))
    problems: list[str] = []
    metrics: dict[str, float] = {}
    averaging = "weighted" if pos_label is None else "binary"
    positive = 1 if pos_label is None else _position(coded, pos_label)
    weight_problem = _weight_problem(weights)
    if weight_problem is not None:
        problems.append(f"No training metric was computed: {weight_problem}.")
        return ClassificationMetrics(
            metrics, problems, averaging, coded, counts, plain, None, max(positive, 0)
        )
    if pos_label is None:
        metrics |= _averaged(counts)
    else:
        found = _of_one(coded, counts, pos_label, positive)
        if isinstance(found, str):
            problems.append(f"Precision, recall and F1 were left out: {found}.")
        else:
            metrics |= found
    metrics[ACCURACY] = plain if weights is None else float(np.average(right, weights=weights))
    positive = positive if positive in (0, 1) else 1
    ranking = None
    if predictions.probabilities is not None:
        scored = _of_probabilities(coded, predictions.probabilities, weights, sampled)
        ranking, losses, why = scored
        metrics |= losses
        problems += why
        if ranking is not None and positive == 0:
            scores = predictions.probabilities[:, 0]
            ranking = ranking_of(scores, coded.true == 0, weights)
    elif predictions.decision is not None:
        ranking = _of_decision(coded, predictions.decision, weights, positive)
    return ClassificationMetrics(
        metrics, problems, averaging, coded, counts, plain, ranking, positive
    )


def _weight_problem(weights: Array | None) -> str | None:
    """Return why nothing can be averaged with these weights, or None."""
    if weights is None:
        return None
    total = float(weights.sum())
    if not np.isfinite(total):
        return "sample_weight holds NaN or infinity"
    return "sample_weight sums to zero" if total == 0 else None


def _position(coded: Coded, pos_label: Any) -> int:
    """Return the position of a label, -1 if it is none of them."""
    labels = coded.labels.tolist()
    return labels.index(pos_label) if pos_label in labels else -1


def _scores_by_label(counts: Counts) -> list[tuple[float, float, float]]:
    """Return precision, recall and F1 of each label; what is divided by zero is 0, as in sklearn.

    In plain floats: for a handful of labels that costs a tenth of array operations.
    """
    columns = (counts.hits.tolist(), counts.true.tolist(), counts.predicted.tolist())
    return [
        (
            hits / predicted if predicted else 0.0,
            hits / true if true else 0.0,
            2.0 * hits / (true + predicted) if true + predicted else 0.0,
        )
        for hits, true, predicted in zip(*columns, strict=True)
    ]


def _averaged(counts: Counts) -> dict[str, float]:
    """Return precision, recall and F1, averaged over labels by the true weight of each."""
    weights = counts.true.tolist()
    total = math.fsum(weights)
    columns = zip(*_scores_by_label(counts), strict=True)
    return {
        name: math.fsum(map(operator.mul, column, weights)) / total
        for name, column in zip((PRECISION, RECALL, F1), columns, strict=True)
    }


def _of_one(coded: Coded, counts: Counts, pos_label: Any, position: int) -> dict[str, float] | str:
    """Return precision, recall and F1 of one label, or why there are none."""
    size = len(coded.labels)
    rows = np.bincount(coded.true, minlength=size) + np.bincount(coded.predicted, minlength=size)
    present = np.flatnonzero(rows)
    if len(present) > 2:
        return f"pos_label is for two classes, and there are {len(present)}"
    if position in present:
        return dict(zip((PRECISION, RECALL, F1), _scores_by_label(counts)[position], strict=True))
    if len(present) == 2:
        labels = coded.labels[present].tolist()
        return f"pos_label={pos_label!r} is none of the labels {labels}"
    return {PRECISION: 0.0, RECALL: 0.0, F1: 0.0}


def _of_probabilities(
    coded: Coded, given: Any, weights: Array | None, sampled: bool
) -> tuple[Ranking | None, dict[str, float], list[str]]:
    """Return the ranking of two classes, log loss and AUC, and what was left out."""
    if isinstance(given, list) or given.ndim != 2 or given.dtype.kind not in "fiub":
        why = "predict_proba gave no array of rows and classes"
        return None, {}, [f"{LOG_LOSS} and {ROC_AUC} were left out: {why}."]
    proba = given if given.dtype.kind == "f" else given.astype(np.float64)
    columns = proba.shape[1]
    true, classes = _columns_of(coded, columns, sampled)
    if true is None:
        why = (
            "y holds one class"
            if classes == 1
            else f"y holds {classes} classes, and predict_proba gives {columns} columns"
        )
        return None, {}, [f"{LOG_LOSS} and {ROC_AUC} were left out: {why}."]
    lowest, highest = float(proba.min()), float(proba.max())
    if not np.isfinite(lowest + highest):
        why = "predict_proba gave NaN or infinity"
        return None, {}, [f"{LOG_LOSS} and {ROC_AUC} were left out: {why}."]
    metrics: dict[str, float] = {}
    problems: list[str] = []
    if lowest >= 0.0 and highest <= 1.0:
        metrics[LOG_LOSS] = _log_loss(proba, true, weights)
    else:
        problems.append(f"{LOG_LOSS} was left out: predict_proba gave values outside of 0 to 1.")
    ranking = None
    if columns == 2:
        area, ranking = _area_of_two(proba, true, weights)
    else:
        area = _area_of_many(proba, true, weights)
    if isinstance(area, str):
        problems.append(f"{ROC_AUC} was left out: {area}.")
    else:
        metrics[ROC_AUC] = area
    return ranking, metrics, problems


def _columns_of(coded: Coded, columns: int, sampled: bool) -> tuple[Codes | None, int]:
    """Return the column of each row's true label (None if there are not as many), and how many.

    scikit-learn takes the sorted labels of ``y`` for the columns. A sample may lack some of the
    model's classes, so there the model says which columns there are.
    """
    present = np.flatnonzero(np.bincount(coded.true, minlength=len(coded.labels)))
    whole = len(present) == len(coded.labels)
    if len(coded.labels) == columns and columns > 1 and (whole or (sampled and coded.of_model)):
        return coded.true, columns
    if len(present) == columns and columns > 1:
        return np.searchsorted(present, coded.true), columns
    return None, len(present)


def _log_loss(proba: Array, true: Codes, weights: Array | None) -> float:
    """Return minus the mean logarithm of the true class's probability, clipped as in sklearn."""
    eps = np.finfo(proba.dtype).eps
    if proba.shape[1] == 2:
        own = np.where(true == 1, proba[:, 1], proba[:, 0])
    else:
        own = proba[np.arange(len(proba)), true]
    own = np.clip(own, eps, 1 - eps)
    loss = -np.log(own if LOSS_KEEPS_PRECISION else own.astype(np.float64, copy=False))
    if weights is None:
        return float(np.add.reduce(loss) / loss.dtype.type(len(loss)))
    return float(np.average(loss, weights=weights))


def _area_of_two(
    proba: Array, true: Codes, weights: Array | None
) -> tuple[float | str, Ranking | None]:
    """Return the AUC of two classes, or why there is none, and the ranking behind it."""
    if weights is not None and weights.min() < 0:
        return "sample_weight holds negative values", None
    ranking = ranking_of(proba[:, 1], true == 1, weights)
    if ranking is None:
        return "only one class has rows, or weight", None
    return ranking.auc, ranking


def _area_of_many(proba: Array, true: Codes, weights: Array | None) -> float | str:
    """Return the AUC of three or more classes, or why there is none."""
    if weights is not None:
        return "of several classes it takes no sample_weight"
    sums = np.einsum("ij->i", proba)
    if not bool((np.abs(1 - sums) <= 1e-8 + 1e-5 * np.abs(sums)).all()):
        return "the probabilities of a row do not sum to 1"
    area = pairwise_auc(proba, true)
    return "y holds one class" if area is None else area


def _of_decision(
    coded: Coded, decision: Array, weights: Array | None, positive: int
) -> Ranking | None:
    """Return the ranking by a decision function; only curves are drawn from it."""
    if not coded.of_model or len(coded.labels) != 2 or not np.isfinite(decision).all():
        return None
    if weights is not None and weights.min() < 0:
        return None
    scores = decision if positive == 1 else -decision
    return ranking_of(scores, coded.true == positive, weights)
