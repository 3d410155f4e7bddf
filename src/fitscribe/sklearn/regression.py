"""Training metrics of a regressor, and what is kept of its residuals.

Errors and R² are scikit-learn's with ``multioutput="uniform_average"``: the same operations in
the same order and precision, without its checks. The root mean squared error is MLflow's: the
root of the mean squared error over all outputs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fitscribe.sklearn.fallback import regression_by_sklearn

__all__ = ["RegressionMetrics", "regression_metrics"]

Array = NDArray[Any]

MSE, RMSE = "training_mean_squared_error", "training_root_mean_squared_error"
MAE, R2 = "training_mean_absolute_error", "training_r2_score"


@dataclass(frozen=True, slots=True)
class RegressionMetrics:
    """Metrics of a regressor, and what its curves are drawn from.

    Parameters
    ----------
    metrics : dict of str to float
        By MLflow's names.
    problems : list of str
        What was left out and why, a sentence each.
    true, predicted : ndarray of shape (n_rows, n_outputs), or None
        Target and prediction, one column each; None if they are no numbers.
    """

    metrics: dict[str, float]
    problems: list[str]
    true: Array | None = None
    predicted: Array | None = None


def regression_metrics(y: Any, predicted: Any, weights: Array | None = None) -> RegressionMetrics:
    """Compute the training metrics of a regressor.

    Parameters
    ----------
    y, predicted : array-like of shape (n_rows,) or (n_rows, n_outputs)
        Target and prediction.
    weights : ndarray of shape (n_rows,), or None
        Sample weights.

    Returns
    -------
    RegressionMetrics
        R² is left out for a single row.
    """
    true, guess = _columns(y), _columns(predicted)
    if true is None or guess is None:
        return _nothing("y and the prediction are not both numeric")
    if true.shape != guess.shape:
        return _nothing(f"y has the shape {true.shape}, and predict gave {guess.shape}")
    total = None if weights is None else float(weights.sum())
    if total is not None and (total == 0 or not np.isfinite(total)):
        return _nothing(f"sample_weight sums to {total:g}")
    typed = hasattr(y, "dtype")
    # scikit-learn goes by what has a dtype: beside a list or a frame, by the prediction's alone.
    dtype = _precision(true, guess, weights) if typed or guess.dtype != np.float32 else None
    if dtype is None:
        values, problems = regression_by_sklearn(true if typed else y, guess, weights)
        return RegressionMetrics(values, problems + _r2_problem(true), true, guess)
    true, guess = true.astype(dtype, copy=False), guess.astype(dtype, copy=False)
    with np.errstate(over="ignore", invalid="ignore"):
        residual = true - guess
        squared = residual**2
        mse = float(_mean(squared, weights).mean())
    if not np.isfinite(mse):
        return _nothing("y or the prediction is not finite, or an error is too large")
    mae = float(_mean(np.abs(residual), weights).mean())
    values = {MSE: mse, RMSE: float(np.sqrt(mse)), MAE: mae}
    if len(true) > 1:
        values[R2] = _r2(true, squared, weights)
    return RegressionMetrics(values, _r2_problem(true), true, guess)


def _nothing(why: str) -> RegressionMetrics:
    """Return no metrics, and why."""
    return RegressionMetrics({}, [f"No training metric was computed: {why}."])


def _r2_problem(true: Array) -> list[str]:
    """Return why there is no R², if there is none."""
    if len(true) > 1:
        return []
    return [f"{R2} was left out: it is not defined for a single row."]


def _columns(values: Any) -> Array | None:
    """Return numbers in two dimensions; None for what is no number."""
    array = np.asarray(values)
    if array.dtype.kind == "O":
        try:
            array = array.astype(np.float64)
        except (TypeError, ValueError):
            return None
    if array.dtype.kind not in "biuf" or array.ndim not in (1, 2):
        return None
    return array.reshape(-1, 1) if array.ndim == 1 else array


def _precision(true: Array, predicted: Array, weights: Array | None) -> np.dtype[Any] | None:
    """Return the precision that every scikit-learn release computes in; None if they differ."""
    double, single = np.dtype(np.float64), np.dtype(np.float32)
    floats = {array.dtype for array in (true, predicted) if array.dtype.kind == "f"}
    if double in floats and floats <= {double, single}:
        return double
    if weights is not None and weights.dtype.kind == "f":
        floats.add(weights.dtype)
    if floats <= {double}:
        return double
    same = true.dtype == predicted.dtype == single
    return single if same and (weights is None or weights.dtype == single) else None


def _mean(columns: Array, weights: Array | None) -> Array:
    """Return the mean of each column."""
    if weights is None:
        mean: Array = np.add.reduce(columns, axis=0) / columns.dtype.type(len(columns))
        return mean
    return np.asarray(np.average(columns, axis=0, weights=weights))


def _r2(true: Array, squared: Array, weights: Array | None) -> float:
    """Return the mean over outputs of 1 - residual variation / total variation.

    A constant output scores 1 if it is met exactly, and 0 otherwise (scikit-learn's
    ``force_finite``).
    """
    weight: Any = 1.0 if weights is None else weights.astype(true.dtype, copy=False)[:, None]
    unexplained = np.add.reduce(weight * squared, axis=0)
    centred = true - _mean(true, weights)
    variation = np.add.reduce(weight * centred**2, axis=0)
    varies = variation != 0
    scores = (unexplained == 0).astype(true.dtype)
    scores[varies] = 1 - unexplained[varies] / variation[varies]
    return float(scores.mean())
