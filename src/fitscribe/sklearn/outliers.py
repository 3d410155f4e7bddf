"""How the scores of an outlier detector are spread over the training rows.

The lower a score, the more of an outlier. Where the fit left the scores behind
(LocalOutlierFactor, EllipticEnvelope) they are read; else up to 1,000 evenly spaced rows are
asked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fitscribe.sklearn.curves import QUANTILES, histogram
from fitscribe.sklearn.members import even_rows
from fitscribe.sklearn.standin import is_sklearns

__all__ = ["is_detector", "outliers_of"]

Array = NDArray[Any]

MOST_ROWS = 1000
DETECTORS = frozenset(
    {
        *("IsolationForest", "LocalOutlierFactor", "OneClassSVM", "SGDOneClassSVM"),
        "EllipticEnvelope",
    }
)


def is_detector(model: Any) -> bool:
    """Whether it is one of scikit-learn's outlier detectors."""
    return is_sklearns(type(model)) and type(model).__name__ in DETECTORS


def outliers_of(
    model: Any, rows: int, ask: Callable[[Array], Any] | None
) -> tuple[dict[str, Any], dict[str, float]]:
    """Return the distribution of scores, and the share of outliers as a metric.

    Parameters
    ----------
    model : object
        The fitted detector.
    rows : int
        How many rows it was fitted on.
    ask : callable or None
        Gives the scores of rows by their positions; None if it may not be asked.
    """
    scores = _left_behind(model)
    if scores is None:
        if ask is None:
            return {}, {}
        scores = np.asarray(ask(even_rows(rows, MOST_ROWS)), dtype=np.float64)
    ordered = np.sort(np.asarray(scores, dtype=np.float64).ravel())
    ordered = ordered[np.isfinite(ordered)]
    if not len(ordered):
        return {}, {}
    offset = vars(model).get("offset_")
    told: dict[str, Any] = {
        "rows": len(ordered),
        "sampled_from": rows,
        "mean": float(ordered.mean()),
        "std": float(ordered.std()),
        "quantiles": {
            f"{share:g}": float(ordered[round(share * (len(ordered) - 1))]) for share in QUANTILES
        },
        "histogram": histogram(ordered),
    }
    if offset is None or np.size(offset) != 1:
        return told, {}
    threshold = float(np.ravel(offset)[0])
    share = float(np.mean(ordered < threshold))
    told |= {"threshold": threshold, "outliers": share}
    return told, {"training_outlier_share": share}


def _left_behind(model: Any) -> Any:
    own = vars(model)
    if "negative_outlier_factor_" in own:
        return own["negative_outlier_factor_"]
    return -own["dist_"] if "dist_" in own else None
