"""Permutation importances of a fit's training data, on request: ``permutation_importance.json``.

Each feature is shuffled ten times, and the score that is lost is its importance: scikit-learn's
``permutation_importance`` with a seed of our own. The rows are training rows, so a model that
has learned them by heart finds features important that are of no use on others.

That costs ten predictions a feature. So up to 2,000 evenly spaced rows are asked about; fewer
where features are many, where the model has members, or compares each row with its training rows
(:func:`rows_to_permute`). The rule looks at the class and at shapes only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec.json
import numpy as np

from fitscribe.sklearn.members import even_rows
from fitscribe.sklearn.rows import copied, lazy_members, take_rows

__all__ = ["FILE", "permuted", "reason_not_to_permute", "rows_to_permute"]

FILE = "permutation_importance.json"
REPEATS = 10
SEED = 20_240_229
# Student's t: 97.5 % of nine degrees of freedom lie below.
QUANTILE = 2.2621571627
LEVEL = 0.95

MOST_ROWS = 2_000
FEWEST_ROWS = 50
# So many rows are predicted in all, by a model of up to ten members.
PREDICTED = 2_000_000
MEMBERS = 10
# So many times a row is compared with a training row.
PAIRS = 200_000_000


def rows_to_permute(model: Any, rows: int, features: int) -> int:
    """Return how many rows are asked about; fewer than 50 of more are not worth asking.

    Parameters
    ----------
    model : object
        The fitted estimator.
    rows, features : int
        The shape of X.
    """
    members = np.size(getattr(model, "__dict__", {}).get("estimators_", ()))
    most = PREDICTED // max(1, -(-members // MEMBERS))
    lazy, _ = lazy_members(model)
    if lazy:
        most = min(most, PAIRS // max(1, lazy * rows))
    return min(rows, MOST_ROWS, most // max(1, REPEATS * features))


def reason_not_to_permute(estimator: Any, X: Any) -> str | None:
    """Return why there are no importances; None if there are some."""
    if not hasattr(estimator, "score"):
        return "it has no score"
    if hasattr(X, "tocsr"):
        return "X is sparse"
    if not (isinstance(X, (list, tuple, np.ndarray)) or hasattr(X, "iloc")):
        return "X is neither an array nor a frame of pandas"
    rows, features = _shape(X)
    if not features:
        return "X is no table of features"
    if rows_to_permute(estimator, rows, features) < min(rows, FEWEST_ROWS):
        return f"{features} features take more predictions than are asked for"
    return None


def _shape(X: Any) -> tuple[int, int]:
    """Return how many rows and features there are; no features if it is no table."""
    shape: tuple[int, ...] = np.shape(X[:1]) if isinstance(X, (list, tuple)) else X.shape
    return len(X), shape[1] if len(shape) == 2 else 0


def permuted(
    estimator: Any, X: Any, y: Any, names: Sequence[str] | None, overwrites: bool
) -> bytes:
    """Return the file of importances; what the estimator raises passes through.

    Parameters
    ----------
    estimator : object
        The fitted estimator, for which :func:`reason_not_to_permute` knows none.
    X, y : array-like
        The training data.
    names : sequence of str or None
        Of the features.
    overwrites : bool
        Whether the estimator may overwrite the rows that it is asked about.
    """
    from sklearn.inspection import permutation_importance  # with all that draws, a tenth of a s

    total, features = _shape(X)
    index = even_rows(total, rows_to_permute(estimator, total, features))
    found = permutation_importance(
        estimator,
        take_rows(X, index),
        take_rows(y, index),
        scoring=_score_of_copy if overwrites else None,
        n_repeats=REPEATS,
        n_jobs=1,
        random_state=SEED,
    )
    each = found.importances
    mean = found.importances_mean
    reach = QUANTILE * each.std(axis=1, ddof=1) / np.sqrt(REPEATS)
    told: dict[str, Any] = {
        "format": 1,
        "data": "training",
        "rows": len(index),
        "sampled_from": total,
        "score": f"{type(estimator).__name__}.score",
        "n_repeats": REPEATS,
        "value": {
            "importances_mean": mean.tolist(),
            "importances_std": found.importances_std.tolist(),
            # Of the mean over shuffles, were there more of them.
            "importances_interval": {
                "level": LEVEL,
                "low": (mean - reach).tolist(),
                "high": (mean + reach).tolist(),
            },
            "importances": each.tolist(),
        },
    }
    if names is not None:
        told["value"]["feature_names"] = list(names)
    return msgspec.json.encode(told)


def _score_of_copy(estimator: Any, X: Any, y: Any) -> Any:
    """Return the score on a copy, for X is shuffled further afterwards."""
    return estimator.score(copied(X), y)
