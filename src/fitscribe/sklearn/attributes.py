"""What a fit left in its estimator, as plain values: ``fitted_attributes.json``.

Attributes are scikit-learn's public fitted ones, whose names end in an underscore. Numbers and
texts are kept as they are, flat arrays and lists of up to 500 values too; of anything larger the
shape, and of what has a value for each row or holds rows (``support_vectors_``), for rows of the
data are kept nowhere unless they are asked for. Only what is in the object is read, no property
is asked.

Numbers that people compare runs by are metrics as well, under the attribute's name without its
underscore: ``n_iter``, ``oob_score``, ``inertia`` …
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from fitscribe.sklearn.parts import Parts

__all__ = ["attribute_metrics", "attributes_of", "plain"]

MOST_VALUES = 500
MOST_TEXT = 200
MOST_ENTRIES = 20
# Told in sections of their own, with the names of the features.
ELSEWHERE = frozenset({"coef_", "intercept_", "cv_results_"})
# Values of the data, thinned.
DATA = frozenset({"X_thresholds_", "y_thresholds_", "vocabulary_", "stop_words_"})
SCALARS = (
    "n_iter_",
    "oob_score_",
    "inertia_",
    "best_threshold_",
    "best_loss_",
    "reconstruction_err_",
    "lower_bound_",
    "kl_divergence_",
    "stress_",
    "log_marginal_likelihood_value_",
    "noise_variance_",
    "alpha_",
    "l1_ratio_",
    "dual_gap_",
    "n_components_",
    "n_clusters_",
    "rank_",
)
# Of several values (one a target, a class, a fold) the largest counts.
LARGEST = frozenset({"n_iter_"})
VARIANCE = "explained_variance_ratio_"


def plain(value: Any) -> Any:
    """Return a value as JSON holds it; what is large, or an object, in a few words."""
    if isinstance(value, np.generic):
        return _scalar(value.item(), value)
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, str):
        return value[:MOST_TEXT]
    if isinstance(value, np.ndarray):
        return _array(value)
    if isinstance(value, (list, tuple)):
        if len(value) <= MOST_VALUES and all(map(_is_small, value)):
            return [plain(one) for one in value]
        return {"type": type(value).__name__, "length": len(value)}
    if isinstance(value, dict) and _is_small_dict(value):
        return {key: plain(one) for key, one in value.items()}
    shape = getattr(value, "shape", None)
    told: dict[str, Any] = {"type": type(value).__name__}
    return {**told, "shape": list(shape)} if isinstance(shape, tuple) else told


def _scalar(item: Any, value: Any) -> Any:
    # Numbers of 80 bits, dates and the like stay what they are.
    return plain(item) if isinstance(item, (bool, int, float, str)) else str(value)[:MOST_TEXT]


def _is_small(value: Any) -> bool:
    return value is None or isinstance(value, (bool, int, float, str, np.generic))


def _is_small_dict(value: dict[Any, Any]) -> bool:
    return len(value) <= MOST_ENTRIES and all(
        isinstance(key, str) and _is_small(one) for key, one in value.items()
    )


def _array(value: np.ndarray[Any, Any]) -> Any:
    if value.size <= MOST_VALUES and value.ndim <= 1:
        if value.dtype.kind in "biuf":
            return (value.astype(np.float64) if value.dtype.itemsize > 8 else value).tolist()
        if value.dtype.kind in "UO":
            listed = value.ravel().tolist()
            if all(map(_is_small, listed)):
                return [plain(one) for one in listed]
    return {"type": "ndarray", "shape": list(value.shape), "dtype": str(value.dtype)}


def attributes_of(part: Any, rows: int | None) -> dict[str, Any]:
    """Return the fitted attributes of an estimator.

    Parameters
    ----------
    part : object
        The fitted estimator.
    rows : int or None
        How many rows it was fitted on: of what has a value for each, the shape is told.
    """
    own: Mapping[str, Any] = getattr(part, "__dict__", {})
    return {
        name: _shape(value) if _is_by_row(value, rows) else plain(value)
        for name, value in own.items()
        if name[-1:] == "_" and name[:1] != "_" and name not in ELSEWHERE | DATA
    }


def _is_by_row(value: Any, rows: int | None) -> bool:
    if isinstance(value, np.ndarray):
        return value.ndim == 1 and len(value) == rows
    return isinstance(value, list) and len(value) == rows


def _shape(value: Any) -> Any:
    shape = getattr(value, "shape", None) or (len(value),)
    return {"type": type(value).__name__, "shape": list(shape)}


def attribute_metrics(parts: Parts) -> dict[str, float]:
    """Return the numbers among the fitted attributes that are metrics.

    Those of the model (the last part); how many features there are is the first's to say.
    """
    own: Mapping[str, Any] = getattr(parts[-1][1], "__dict__", {})
    found = _named(own, SCALARS)
    for _, part in parts:
        outer = getattr(part, "__dict__", {})
        if "n_features_in_" in outer:
            found |= _named(outer, ("n_features_in_",))
            break
    found |= _named(getattr(parts[0][1], "__dict__", {}), ("refit_time_",))
    classes = own.get("classes_")
    if isinstance(classes, np.ndarray) and classes.ndim == 1:
        found["n_classes"] = float(len(classes))
    if "best_threshold_" in own:
        # A search has its own metric of its best score.
        found |= _named(own, ("best_score_",))
    ratios = own.get(VARIANCE)
    if isinstance(ratios, np.ndarray) and ratios.dtype.kind == "f" and ratios.size:
        total = float(ratios.sum())
        found |= {VARIANCE[:-1]: total} if np.isfinite(total) else {}
    return found


def _named(own: Mapping[str, Any], names: Iterable[str]) -> dict[str, float]:
    numbers = {name[:-1]: _number(own[name], name in LARGEST) for name in names if name in own}
    return {name: number for name, number in numbers.items() if number is not None}


def _number(value: Any, largest: bool) -> float | None:
    """Return a finite number; None for what is none, or is several."""
    if isinstance(value, np.ndarray) and value.dtype.kind in "iuf":
        if value.size == 0 or (value.size > 1 and not largest):
            return None
        value = value.max()
    elif largest and isinstance(value, (list, tuple)) and value:
        value = max(value)
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        return None
    number = float(value)
    return number if np.isfinite(number) else None
