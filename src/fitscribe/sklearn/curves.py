"""Curves of the training data as JSON files, to be drawn when somebody looks.

Every file is one object. In each: ``format`` (1), ``rows`` that were predicted, of
``sampled_from`` rows, and ``weighted`` (whether ``sample_weight`` counts). Beside that:

``training_roc_curve.json``
    ``positive_label``, ``negative_label``, ``scores`` (the method they come from), ``auc``,
    ``points`` (of the whole curve), and the lists ``fpr``, ``tpr`` and ``threshold``. The first
    threshold is null: nothing scores that much.
``training_precision_recall_curve.json``
    The same with ``average_precision`` for ``auc``, and the lists ``precision``, ``recall`` and
    ``threshold`` by rising threshold. The last threshold is null.
``training_calibration.json``
    Of a classifier with probabilities and two classes. The same labels, and ``bins``: for each of
    ten equally wide bins of the probability that has rows ``from``, ``to``, ``rows``, the mean
    ``predicted`` probability and the ``observed`` share of the positive label; not weighted.
``training_confusion_matrix.json``
    ``averaging`` (of the metrics beside it), ``labels``, and ``matrix``: rows (or weight) of each
    true label (down) and predicted label (across). With more than 100 labels ``matrix`` is null
    and ``cells`` lists the largest 10,000 as ``[true, predicted, rows]``, positions in
    ``labels``.
``training_residuals.json``
    ``outputs``: for each of the first ten targets ``mean`` and ``std`` of the residuals (true -
    predicted, not weighted), ``quantiles`` (by probability, from 0 to 1), a ``histogram``
    (``edges``, ``counts``), and up to 200 evenly spaced rows as ``points`` (``predicted``,
    ``residual``).

Long curves are thinned to some 200 points that keep their shape. Shares have six decimals,
thresholds and points of residuals six significant digits.
"""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from fitscribe.sklearn.classification import ClassificationMetrics
from fitscribe.sklearn.predictions import Predictions
from fitscribe.sklearn.ranking import Ranking
from fitscribe.sklearn.regression import RegressionMetrics

__all__ = ["QUANTILES", "classifier_files", "histogram", "regressor_files"]

Array = NDArray[Any]

POINTS = 200
MATRIX_LABELS, CELLS = 100, 10_000
CALIBRATION_BINS = 10
OUTPUTS, BINS, SCATTER = 10, 30, 200
QUANTILES = (0.0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0)
SHARE = 1e6

# Labels of 80 or 128 bits stay numpy's in a list.
_encode = msgspec.json.Encoder(enc_hook=float).encode


def classifier_files(
    scored: ClassificationMetrics, predictions: Predictions, head: dict[str, Any]
) -> dict[str, bytes]:
    """Return the files of a classifier: confusion matrix; for two classes ROC, PR, calibration.

    Parameters
    ----------
    scored : ClassificationMetrics
        What was computed.
    predictions : Predictions
        What the model answered.
    head : dict
        What every file starts with.
    """
    files = {"training_confusion_matrix.json": _encode(head | _confusion(scored))}
    ranking, labels = scored.ranking, scored.coded.labels.tolist()
    if ranking is None or len(labels) != 2:
        return files
    method = "predict_proba" if predictions.decision is None else "decision_function"
    about = head | {
        "positive_label": labels[scored.positive],
        "negative_label": labels[1 - scored.positive],
        "scores": method,
    }
    roc, precision_recall = _both_curves(ranking)
    files["training_roc_curve.json"] = _encode(about | roc)
    files["training_precision_recall_curve.json"] = _encode(about | precision_recall)
    if method == "predict_proba" and isinstance(predictions.probabilities, np.ndarray):
        chances = predictions.probabilities[:, scored.positive]
        bins = _bins(chances, scored.coded.true == scored.positive)
        files["training_calibration.json"] = _encode(about | {"bins": bins})
    return files


def _bins(chances: Array, hits: Array) -> list[dict[str, float]]:
    """Return how often what was given a probability came true."""
    at = np.minimum((chances * CALIBRATION_BINS).astype(np.intp), CALIBRATION_BINS - 1)
    rows = np.bincount(at, minlength=CALIBRATION_BINS)
    predicted = np.bincount(at, chances, CALIBRATION_BINS)
    observed = np.bincount(at, hits, CALIBRATION_BINS)
    return [
        {
            "from": place / CALIBRATION_BINS,
            "to": (place + 1) / CALIBRATION_BINS,
            "rows": int(rows[place]),
            "predicted": round(predicted[place] / rows[place], 6),
            "observed": round(observed[place] / rows[place], 6),
        }
        for place in np.flatnonzero(rows).tolist()
    ]


def regressor_files(scored: RegressionMetrics, head: dict[str, Any]) -> dict[str, bytes]:
    """Return the file of a regressor's residuals; none if target or prediction are no numbers.

    Parameters
    ----------
    scored : RegressionMetrics
        What was computed.
    head : dict
        What every file starts with.
    """
    if scored.true is None or scored.predicted is None or not scored.metrics:
        return {}
    outputs = [
        _residuals(scored.true[:, column], scored.predicted[:, column])
        for column in range(min(OUTPUTS, scored.true.shape[1]))
    ]
    return {"training_residuals.json": _encode(head | {"outputs": outputs})}


def _confusion(scored: ClassificationMetrics) -> dict[str, Any]:
    """Return the confusion matrix, or its largest cells."""
    coded, matrix = scored.coded, scored.counts.matrix
    labels = coded.labels.tolist()
    about: dict[str, Any] = {"averaging": scored.averaging, "labels": labels}
    if matrix is not None and len(labels) <= MATRIX_LABELS:
        return about | {"matrix": matrix.tolist()}
    keys, rows = np.unique(coded.true * len(labels) + coded.predicted, return_counts=True)
    largest = np.sort(np.argsort(rows, kind="stable")[::-1][:CELLS])
    true, predicted = np.divmod(keys[largest], len(labels))
    cells = np.stack([true, predicted, rows[largest]], axis=1)
    return about | {"matrix": None, "cells": cells.tolist()}


def _listed(*columns: Array) -> list[list[float]]:
    """Return shares for JSON, rounded; all columns at once, for each call has its price."""
    joined = np.concatenate(columns, dtype=np.float64)
    return _split((np.rint(joined * SHARE) / SHARE).tolist(), columns)


def _short(*columns: Array) -> list[list[float]]:
    """Return numbers of any size for JSON, with six significant digits."""
    joined = np.concatenate(columns, dtype=np.float64)
    size = np.floor(np.log10(np.maximum(np.abs(joined), 1e-280)))
    scale = np.power(10.0, 5.0 - size)
    return _split((np.rint(joined * scale) / scale).tolist(), columns)


def _split(joined: list[float], columns: tuple[Array, ...]) -> list[list[float]]:
    """Return the columns that a joined list was made of."""
    parts, start = [], 0
    for column in columns:
        parts.append(joined[start : start + len(column)])
        start += len(column)
    return parts


def _both_curves(ranking: Ranking) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the ROC and the precision-recall curve, thinned.

    Points on straight lines are left out first: those of the ROC curve where neither step
    changes, those of the other where no true positive is won or lost.
    """
    tp, fp, thresholds = ranking.true_positives, ranking.false_positives, ranking.thresholds
    points = len(thresholds) + 1
    roc = pr = np.arange(len(tp))
    if len(tp) > 2:
        up, right = tp[1:] - tp[:-1], fp[1:] - fp[:-1]
        bends = np.ones(len(tp), np.bool_)
        bends[1:-1] = (up[1:] != up[:-1]) | (right[1:] != right[:-1])
        roc = np.flatnonzero(bends)
        won = up != 0
        bends[1:-1] = won[:-1] | won[1:]
        pr = np.flatnonzero(bends)
    tpr, fpr = tp[roc] / tp[-1], fp[roc] / fp[-1]
    kept = thinned(fpr, tpr, int((tpr - fpr).argmax()))
    tpr, fpr, roc = tpr[kept], fpr[kept], roc[kept]
    true, found = tp[pr], tp[pr] + fp[pr]
    precision = np.divide(true, found, out=np.zeros(len(pr)), where=found != 0)
    recall = true / tp[-1]
    # F1 is highest where true positives are most beside all that are found or are to be found.
    kept = thinned(recall, precision, int((true / (found + tp[-1])).argmax()))[::-1]
    precision, recall, pr = precision[kept], recall[kept], pr[kept]
    fprs, tprs, precisions, recalls = _listed(fpr, tpr, precision, recall)
    above, at = _short(thresholds[roc], thresholds[pr])
    return (
        {
            "auc": ranking.auc,
            "points": points,
            "fpr": [0.0, *fprs],
            "tpr": [0.0, *tprs],
            "threshold": [None, *above],
        },
        {
            "average_precision": ranking.average_precision,
            "points": points,
            "precision": [*precisions, 1.0],
            "recall": [*recalls, 0.0],
            "threshold": [*at, None],
        },
    )


def thinned(x: Array, y: Array, best: int) -> NDArray[np.intp]:
    """Return which points of a curve to keep.

    Parameters
    ----------
    x, y : ndarray of shape (n_points,)
        The curve; x rises.
    best : int
        A point to keep in any case.

    Returns
    -------
    ndarray of dtype intp
        Rising positions, about 200 at most: first, last, best, the lowest and highest, and
        points at even steps along x and along the way that the curve goes (the sum of its steps
        across and up), so that no step of the thinned curve is long in either.
    """
    last = len(x) - 1
    if last < POINTS:
        return np.arange(last + 1)
    across = x - x[0]
    way = across.copy()
    way[1:] += np.cumsum(np.abs(y[1:] - y[:-1]))
    kept = np.zeros(last + 2, np.bool_)
    kept[np.array([0, last, best, y.argmin(), y.argmax()])] = True
    steps = np.arange(POINTS // 2 - 2) / (POINTS // 2 - 2)
    kept[np.searchsorted(across, steps * across[-1])] = True
    kept[np.searchsorted(way, steps * way[-1])] = True
    return np.flatnonzero(kept[: last + 1])


def _residuals(true: Array, predicted: Array) -> dict[str, Any]:
    """Return a summary of one output's residuals."""
    residual = true.astype(np.float64, copy=False) - predicted
    ordered = np.sort(residual)
    rows = len(ordered)
    mean = float(np.add.reduce(ordered)) / rows
    centred = ordered - mean
    every = max(1, -(-rows // SCATTER))
    places = [round(share * (rows - 1)) for share in QUANTILES]
    x, y = _short(predicted[::every], residual[::every])
    return {
        "mean": mean,
        "std": float(np.sqrt(np.add.reduce(centred * centred) / rows)),
        "quantiles": {
            f"{share:g}": value
            for share, value in zip(QUANTILES, ordered[places].tolist(), strict=True)
        },
        "histogram": histogram(ordered),
        "points": {"predicted": x, "residual": y},
    }


def histogram(ordered: Array) -> dict[str, Any]:
    """Return the counts of equally wide bins; the upper edge is in the last one only."""
    low, high = float(ordered[0]), float(ordered[-1])
    width = (high - low) / BINS
    if not width > 0.0:
        return {"edges": [low, high], "counts": [len(ordered)]}
    inner = low + width * np.arange(1, BINS)
    ends = np.concatenate(([0], np.searchsorted(ordered, inner), [len(ordered)]))
    return {"edges": [low, *inner.tolist(), high], "counts": (ends[1:] - ends[:-1]).tolist()}
