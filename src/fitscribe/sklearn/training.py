"""Training metrics and curves of a fitted estimator: the steps, and all of them in order."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from fitscribe.sklearn.classification import (
    ACCURACY,
    ClassificationMetrics,
    classification_metrics,
)
from fitscribe.sklearn.curves import classifier_files, regressor_files
from fitscribe.sklearn.fallback import classification_by_sklearn
from fitscribe.sklearn.predictions import (
    CLASSIFIER,
    REGRESSOR,
    Plan,
    Predictions,
    as_it_is,
    plan_of,
    predict_once,
)
from fitscribe.sklearn.regression import R2, RegressionMetrics, regression_metrics
from fitscribe.sklearn.rows import Rows, copied, take_rows
from fitscribe.sklearn.scoring import score_of
from fitscribe.sklearn.targets import code_labels, target_array, weight_array

__all__ = ["Attempt", "TrainingScores", "training_scores"]

Array = NDArray[Any]
T = TypeVar("T")
Scored = ClassificationMetrics | RegressionMetrics | None

MOST_CLASSES = 1000


class Attempt(Protocol):
    """Does a step and returns its result; a guard returns None if the step failed."""

    def __call__(self, step: str, do: Callable[[], T], /) -> T | None:
        """Do the step of this name."""


def _do(step: str, do: Callable[[], T]) -> T:
    """Do a step; what it raises passes through."""
    del step
    return do()


@dataclass(frozen=True, slots=True)
class TrainingScores:
    """What is known of a fit from its own training data.

    Parameters
    ----------
    metrics : dict of str to float
        By MLflow's names, all finite.
    files : dict of str to bytes
        JSON, by file name: see :mod:`fitscribe.sklearn.curves`.
    facts : dict
        ``rows`` that were predicted of ``sampled_from``, ``prediction_passes`` over them,
        ``rows_asked_again`` (nearly tied ones, if any), ``averaging`` of a classifier's metrics.
    problems : list of str
        What could not be computed and why, a sentence each.
    predicted : object
        What was predicted (labels or values) for the rows that were asked; None for nothing.
    classes : dict or None
        Of a classifier: ``labels`` and ``counts`` of the true ones, among ``rows`` of
        ``sampled_from``.
    predict_seconds : float or None
        How long the rows took to predict.
    """

    metrics: dict[str, float] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    facts: dict[str, str | int | float] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    predicted: Any = None
    classes: dict[str, Any] | None = None
    predict_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class _Asked:
    """The rows that were asked: data, target as given and as an array, weights."""

    plan: Plan
    X: Any
    y: Any
    target: Array | None
    weights: Array | None
    lend: Callable[[Any], Any] = as_it_is


def training_scores(
    estimator: Any,
    X: Any,
    y: Any,
    sample_weight: Any = None,
    pos_label: Any = None,
    attempt: Attempt = _do,
    overwrites: bool = False,
    curves: bool = True,
) -> TrainingScores:
    """Score a fitted estimator on the data that it was fitted on.

    Parameters
    ----------
    estimator : object
        The fitted estimator; nothing of it is changed.
    X : array-like, sparse matrix or frame of shape (n_rows, n_features)
        The training data.
    y : array-like of shape (n_rows,) or (n_rows, n_outputs), or None
        The target; without one there is nothing to compute.
    sample_weight : array-like of shape (n_rows,), or None
        The weights of the fit.
    pos_label : object
        For classifiers: the label that precision, recall and F1 are about. None averages over
        the labels, weighted by how often each is true.
    attempt : callable
        Does the steps: ``attempt(name, step)`` returns what the step returns, or None if it
        failed. What depends on a failed step is left out, the rest is computed. As it is,
        exceptions of the estimator pass through.
    overwrites : bool
        Whether the estimator may overwrite the rows that it is asked about: then it is given
        copies.
    curves : bool
        Whether there are to be files.

    Returns
    -------
    TrainingScores
        For classifiers ``training_precision_score``, ``training_recall_score``,
        ``training_f1_score``, ``training_accuracy_score``, ``training_log_loss``,
        ``training_roc_auc``; for regressors ``training_mean_squared_error``,
        ``training_root_mean_squared_error``, ``training_mean_absolute_error``,
        ``training_r2_score``; for anything with a ``score`` ``training_score``.
    """
    if y is None or X is None:
        return TrainingScores()
    found = attempt("rows to predict", lambda: _asked(estimator, X, y, sample_weight))
    if found is None:
        return TrainingScores()
    if isinstance(found, str):
        return TrainingScores(problems=[found])
    asked = replace(found, lend=copied) if overwrites else found
    plan = asked.plan
    predictions: Predictions | None = None
    began = time.perf_counter()
    if plan.method:
        predictions = attempt(
            "predictions", lambda: predict_once(estimator, plan, asked.X, asked.lend)
        )
    took = None if predictions is None else time.perf_counter() - began
    metrics: dict[str, float] = {}
    problems: list[str] = []
    scored: Scored = None
    answered = predictions
    if answered is not None:
        numbers = attempt("metrics", lambda: _metrics(asked, answered, pos_label))
        if numbers is not None:
            metrics, more, scored = numbers
            problems += more
    calls = 0
    if predictions is not None or not plan.method:
        score = attempt("score", lambda: _score(estimator, asked, predictions, metrics, scored))
        if score is not None:
            value, calls, problem = score
            metrics |= {} if value is None else {"training_score": value}
            problems += [] if problem is None else [problem]
    files: dict[str, bytes] = {}
    if curves and answered is not None and scored is not None:
        files = attempt("curves", lambda: _files(asked, answered, scored)) or {}
    facts = _facts(plan.rows, predictions, calls)
    if plan.kind == CLASSIFIER and metrics:
        facts["averaging"] = "weighted" if pos_label is None else "binary"
    labels = None if predictions is None else predictions.labels
    classes = _classes(scored, plan.rows)
    return TrainingScores(metrics, files, facts, problems, labels, classes, took)


def _with_length(data: Any) -> Any:
    """Return data that has a length, an array of what can only become one; None for neither."""
    if hasattr(data, "shape") or hasattr(data, "__len__"):
        return data
    return np.asarray(data) if hasattr(data, "__array__") else None


def _asked(estimator: Any, X: Any, y: Any, sample_weight: Any) -> _Asked | str:
    """Return the plan, and the rows that it asks about; or why there are none, a sentence."""
    X, y = _with_length(X), _with_length(y)
    if X is None or y is None:
        return "training metrics: data without a length is read once"
    try:
        target = target_array(y)
    except ValueError:
        return "training metrics: y is no array; its rows may differ in length"
    plan = plan_of(estimator, X, target)
    total, index = plan.rows.total, plan.rows.index
    if target is not None and len(target) != total:
        raise ValueError(f"X has {total} rows, and y has {len(target)}.")
    weights = weight_array(sample_weight, total)
    if index is None:
        return _Asked(plan, X, y, target, weights)
    try:
        some, some_y = take_rows(X, index), take_rows(y, index)
    except (TypeError, ValueError, IndexError, KeyError):
        # Data that cannot be indexed is predicted whole.
        plan = Plan(plan.kind, plan.method, plan.rule, Rows(None, total, total))
        return _Asked(plan, X, y, target, weights)
    some_weights = None if weights is None else weights[index]
    return _Asked(plan, some, some_y, target_array(some_y), some_weights)


def _metrics(
    asked: _Asked, predictions: Predictions, pos_label: Any
) -> tuple[dict[str, float], list[str], Scored]:
    """Return metrics, problems, and what curves are drawn from."""
    if asked.plan.kind == REGRESSOR:
        untyped = asked.target is None or not hasattr(asked.y, "dtype")
        target = asked.y if untyped else asked.target
        errors = regression_metrics(target, predictions.labels, asked.weights)
        return dict(errors.metrics), errors.problems, errors
    predicted = target_array(predictions.labels)
    if predicted is not None and len(predicted) != asked.plan.rows.asked:
        raise ValueError(f"predict gave {len(predicted)} values for {asked.plan.rows.asked} rows.")
    if asked.target is not None and predicted is not None:
        coded = code_labels(asked.target, predicted, predictions.classes, predictions.codes)
        if coded is not None:
            sampled = asked.plan.rows.index is not None
            scored = classification_metrics(coded, predictions, asked.weights, pos_label, sampled)
            return dict(scored.metrics), scored.problems, scored
    values, problems = classification_by_sklearn(
        asked.y if asked.target is None else asked.target,
        predictions.labels if predicted is None else predicted,
        predictions.probabilities,
        asked.weights,
        pos_label,
    )
    return values, problems, None


def _score(
    estimator: Any,
    asked: _Asked,
    predictions: Predictions | None,
    metrics: dict[str, float],
    scored: Scored,
) -> tuple[float | None, int, str | None]:
    """Return the estimator's score, how many passes it took, and why there is none."""
    known: dict[str, float] = {}
    if ACCURACY in metrics:
        known["accuracy"] = metrics[ACCURACY]
    if R2 in metrics:
        known["r2"] = metrics[R2]
    if isinstance(scored, ClassificationMetrics):
        known["plain accuracy"] = scored.plain_accuracy
    elif isinstance(scored, RegressionMetrics) and asked.weights is not None:
        plain = regression_metrics(scored.true, scored.predicted).metrics
        known |= {"plain r2": plain[R2]} if R2 in plain else {}
    return score_of(
        estimator, asked.plan, predictions, asked.X, asked.y, asked.weights, known, asked.lend
    )


def _files(asked: _Asked, predictions: Predictions, scored: Scored) -> dict[str, bytes]:
    """Return the curves' files."""
    head: dict[str, Any] = {
        "format": 1,
        "rows": asked.plan.rows.asked,
        "sampled_from": asked.plan.rows.total,
        "weighted": asked.weights is not None,
    }
    if isinstance(scored, ClassificationMetrics):
        return classifier_files(scored, predictions, head)
    return {} if scored is None else regressor_files(scored, head)


def _classes(scored: Scored, rows: Rows) -> dict[str, Any] | None:
    """Return how many rows each class has, of up to 1,000 classes."""
    if not isinstance(scored, ClassificationMetrics):
        return None
    labels, true = scored.coded.labels, scored.coded.true
    if len(labels) > MOST_CLASSES:
        return None
    counts = np.bincount(true, minlength=len(labels)).tolist()
    head = {"rows": rows.asked, "sampled_from": rows.total}
    return {**head, "labels": labels.tolist(), "counts": counts}


def _facts(
    rows: Rows, predictions: Predictions | None, calls: int
) -> dict[str, str | int | float]:
    """Return how the numbers came about."""
    facts: dict[str, str | int | float] = {
        "rows": rows.asked,
        "sampled_from": rows.total,
        "prediction_passes": (predictions.passes if predictions is not None else 0) + calls,
    }
    if predictions is not None and predictions.asked_again:
        facts["rows_asked_again"] = predictions.asked_again
    return facts
