"""What a clusterer found: how many rows each cluster has, and how well they stand apart.

The silhouette is scikit-learn's for Euclidean distances, over up to 1,000 evenly spaced rows, for
its cost grows with the square. Rows that belong to no cluster (label -1) are counted apart.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fitscribe.sklearn.members import even_rows

__all__ = ["clusters_of", "labels_of", "silhouette"]

Array = NDArray[Any]

NOISE = -1
MOST_ROWS = 1000
MOST_COLUMNS = 10_000
MOST_SIZES = 1000
# Of a clusterer's ``metric`` or ``affinity``; of others a silhouette would be another one.
EUCLIDEAN = ("euclidean", "minkowski", "l2", "rbf", "nearest_neighbors", None)


def labels_of(model: Any) -> Array | None:
    """Return the label of each training row; None for what is no clusterer."""
    if type(model).__name__ == "FeatureAgglomeration":
        return None  # its clusters are of features
    found = getattr(model, "__dict__", {}).get("labels_")
    if not isinstance(found, np.ndarray) or found.ndim != 1 or found.dtype.kind not in "iu":
        return None
    return found if len(found) else None


def clusters_of(model: Any, labels: Array, X: Any) -> tuple[dict[str, Any], dict[str, float]]:
    """Return what there is to know of clusters, and its metrics.

    Parameters
    ----------
    model : object
        The fitted clusterer.
    labels : ndarray of shape (n_rows,)
        From :func:`labels_of`.
    X : callable or None
        Gives rows as the clusterer sees them, by their positions.
    """
    names, sizes = np.unique(labels, return_counts=True)
    noise = int(sizes[names == NOISE].sum())
    names, sizes = names[names != NOISE], sizes[names != NOISE]
    order = np.argsort(-sizes, kind="stable")[:MOST_SIZES]
    told: dict[str, Any] = {
        "clusters": len(names),
        "labels": names[order].tolist(),
        "sizes": sizes[order].tolist(),
        "noise": noise,
    }
    metrics = {"clusters": float(len(names)), "largest_cluster": float(sizes.max(initial=0))}
    if NOISE in labels:
        metrics["noise_rows"] = float(noise)
    own = vars(model)
    distances = own.get("metric", own.get("affinity"))
    if X is None or distances not in EUCLIDEAN:
        return told, metrics
    index = even_rows(len(labels), MOST_ROWS)
    some = labels[index]
    index, some = index[some != NOISE], some[some != NOISE]
    rows = _dense(X(index))
    if rows is not None:
        value = silhouette(rows, some)
        if value is not None:
            told["silhouette"] = {"value": value, "rows": len(some), "sampled_from": len(labels)}
            metrics["training_silhouette_score"] = value
    return told, metrics


def _dense(X: Any) -> Array | None:
    if len(getattr(X, "shape", ())) != 2 or X.shape[1] > MOST_COLUMNS:
        return None
    rows = np.asarray(X.toarray() if hasattr(X, "toarray") else X)
    if rows.dtype.kind not in "biuf":
        return None
    rows = rows.astype(np.float64)
    return rows if np.isfinite(rows).all() else None


def silhouette(X: Array, labels: Array) -> float | None:
    """Return the mean silhouette of rows; None where it is not defined.

    It is, with at least two clusters and fewer clusters than rows.
    """
    names, codes, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    count = len(X)
    if not 2 <= len(names) < count:
        return None
    # About their mean, for the squares of large numbers have no room for small differences.
    centred = X - X.mean(axis=0)
    squares = np.einsum("ij,ij->i", centred, centred)
    distances = squares[:, None] + squares[None, :] - 2.0 * (centred @ centred.T)
    np.maximum(distances, 0.0, out=distances)
    np.fill_diagonal(distances, 0.0)
    np.sqrt(distances, out=distances)
    member = np.zeros((count, len(names)))
    member[np.arange(count), codes] = 1.0
    sums = distances @ member
    own_sizes = sizes[codes]
    within = sums[np.arange(count), codes] / np.maximum(own_sizes - 1, 1)
    means = sums / sizes
    means[np.arange(count), codes] = np.inf
    nearest = means.min(axis=1)
    larger = np.maximum(within, nearest)
    values = np.divide(nearest - within, larger, out=np.zeros(count), where=larger > 0.0)
    values[own_sizes == 1] = 0.0
    return float(values.mean())
