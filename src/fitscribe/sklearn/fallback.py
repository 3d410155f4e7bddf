"""Metrics by scikit-learn's own functions, for targets that our arithmetic does not cover.

Multilabel and multioutput targets, labels that are no plain numbers or text, and mixed float
precision. What scikit-learn cannot compute is left out with its own words; what would make it
warn is left out, or avoided by an argument that gives the same value.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fitscribe.sklearn.classification import ACCURACY, F1, LOG_LOSS, PRECISION, RECALL, ROC_AUC

__all__ = ["classification_by_sklearn", "regression_by_sklearn"]

Array = NDArray[Any]

# What scikit-learn's metrics raise for a target that they cannot handle.
REFUSALS = (
    ValueError,
    TypeError,
    IndexError,
    AttributeError,
    NotImplementedError,
    ZeroDivisionError,
)


def classification_by_sklearn(
    y: Any, predicted: Any, probabilities: Any, weights: Array | None, pos_label: Any
) -> tuple[dict[str, float], list[str]]:
    """Compute a classifier's metrics one by one.

    Parameters
    ----------
    y, predicted : array-like or sparse matrix of shape (n_rows,) or (n_rows, n_outputs)
        True and predicted labels.
    probabilities : ndarray of shape (n_rows, n_outputs), list, or None
        What ``predict_proba`` gave.
    weights : ndarray of shape (n_rows,), or None
        Sample weights.
    pos_label : object
        The label that precision, recall and F1 are about; None averages over labels.

    Returns
    -------
    metrics : dict of str to float
        Those that could be computed and are finite.
    problems : list of str
        A sentence for each that could not.
    """
    from sklearn import metrics as sk  # heavy, and most fits never come here

    named: dict[str, Any] = {"sample_weight": weights, "zero_division": 0}
    if pos_label is None:
        named["average"] = "weighted"
    else:
        named |= {"average": "binary", "pos_label": pos_label}
    steps: dict[str, Callable[[], Any]] = {
        PRECISION: lambda: sk.precision_score(y, predicted, **named),
        RECALL: lambda: sk.recall_score(y, predicted, **named),
        F1: lambda: sk.f1_score(y, predicted, **named),
        ACCURACY: lambda: sk.accuracy_score(y, predicted, sample_weight=weights),
    }
    values, problems = _attempted(steps)
    if probabilities is not None:
        indicator = _indicator(y)
        if (
            indicator is None
            or not isinstance(probabilities, np.ndarray)
            or probabilities.shape != indicator.shape
        ):
            why = "scikit-learn has neither for such a target and probabilities"
            problems.append(f"{LOG_LOSS} and {ROC_AUC} were left out: {why}.")
        else:
            more, why_not = _of_indicator(sk, indicator, probabilities, weights)
            values |= more
            problems += why_not
    return values, problems


def regression_by_sklearn(
    y: Any, predicted: Array, weights: Array | None
) -> tuple[dict[str, float], list[str]]:
    """Compute a regressor's errors one by one.

    Parameters
    ----------
    y, predicted : array-like of shape (n_rows, n_outputs)
        Target and prediction.
    weights : ndarray of shape (n_rows,), or None
        Sample weights.

    Returns
    -------
    metrics : dict of str to float
        Those that could be computed and are finite; R² only of two rows and more.
    problems : list of str
        A sentence for each that could not.
    """
    from sklearn import metrics as sk

    steps: dict[str, Callable[[], Any]] = {
        "training_mean_squared_error": lambda: sk.mean_squared_error(
            y, predicted, sample_weight=weights
        ),
        "training_mean_absolute_error": lambda: sk.mean_absolute_error(
            y, predicted, sample_weight=weights
        ),
    }
    if len(y) > 1:  # of one row it is NaN, with a warning
        steps["training_r2_score"] = lambda: sk.r2_score(y, predicted, sample_weight=weights)
    values, problems = _attempted(steps)
    if "training_mean_squared_error" in values:
        root = float(np.sqrt(values["training_mean_squared_error"]))
        values["training_root_mean_squared_error"] = root
    return values, problems


def _attempted(steps: dict[str, Callable[[], Any]]) -> tuple[dict[str, float], list[str]]:
    """Do each step; return the finite values, and a sentence for each of the others."""
    values: dict[str, float] = {}
    problems: list[str] = []
    for name, step in steps.items():
        try:
            value = float(step())
        except REFUSALS as refusal:
            why = " ".join(str(refusal).split())[:200]
            problems.append(f"{name} was left out: {why or type(refusal).__name__}")
            continue
        if np.isfinite(value):
            values[name] = value
        else:
            problems.append(f"{name} was left out: it is {value}.")
    return values, problems


def _indicator(y: Any) -> Array | None:
    """Return a multilabel target as an array of zeros and ones, or None if it is none."""
    dense = y.toarray() if hasattr(y, "toarray") else np.asarray(y)
    if dense.ndim != 2 or dense.shape[1] < 2 or dense.dtype.kind not in "biuf":
        return None
    return dense if bool(((dense == 0) | (dense == 1)).all()) else None


def _of_indicator(
    sk: Any, indicator: Array, probabilities: Array, weights: Array | None
) -> tuple[dict[str, float], list[str]]:
    """Return log loss and AUC of a multilabel target."""
    steps: dict[str, Callable[[], Any]] = {}
    problems: list[str] = []
    if probabilities.min() >= 0 and probabilities.max() <= 1:
        steps[LOG_LOSS] = lambda: _indicator_loss(indicator, probabilities, weights)
    else:
        problems.append(f"{LOG_LOSS} was left out: predict_proba gave values outside of 0 to 1.")
    # A label that all rows have, or none: NaN in new releases, an error in older ones.
    counted = indicator if weights is None else indicator[weights != 0]
    share = counted.mean(axis=0) if len(counted) else np.zeros(1)
    if bool(((share > 0) & (share < 1)).all()):
        steps[ROC_AUC] = lambda: sk.roc_auc_score(
            indicator, probabilities, average="weighted", sample_weight=weights
        )
    else:
        problems.append(f"{ROC_AUC} was left out: some label has rows of one kind only.")
    values, more = _attempted(steps)
    return values, problems + more


def _indicator_loss(indicator: Array, probabilities: Array, weights: Array | None) -> float:
    """Return scikit-learn's ``log_loss`` without its warning about rows that do not sum to 1."""
    eps = np.finfo(probabilities.dtype).eps
    logs = np.log(np.clip(probabilities, eps, 1 - eps))
    return float(np.average(-(indicator * logs).sum(axis=1), weights=weights))
