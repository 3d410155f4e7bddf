"""How well scores put one class before another: one sort gives ROC, PR and their areas.

The points are scikit-learn's (``roc_curve``, ``precision_recall_curve``): one for each distinct
score, from the highest down; rows of weight zero do not count.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Ranking", "pairwise_auc", "ranking_of"]

Array = NDArray[Any]
# Scores that are ranked at once.
AT_ONCE = 1 << 16


@dataclass(frozen=True, slots=True)
class Ranking:
    """What is found above each threshold.

    Parameters
    ----------
    thresholds : ndarray of shape (n_points,)
        The distinct scores, falling.
    true_positives, false_positives : ndarray of shape (n_points,)
        How many rows of either class score at least that much (weighted, if rows have weights).
        The last ones are the classes' sizes and above zero.
    auc : float
        The area under the ROC curve, by trapezoids.
    """

    thresholds: Array
    true_positives: Array
    false_positives: Array
    auc: float

    @property
    def average_precision(self) -> float:
        """The sum of precisions, each times the recall won at its threshold."""
        tp = self.true_positives
        found = tp + self.false_positives
        precision = np.divide(tp, found, out=np.zeros(len(tp)), where=found != 0)
        won = tp[0] * precision[0] + ((tp[1:] - tp[:-1]) * precision[1:]).sum()
        return float(won / tp[-1])


def ranking_of(
    scores: Array, positive: NDArray[np.bool_], weights: Array | None
) -> Ranking | None:
    """Rank rows by score.

    Parameters
    ----------
    scores : ndarray of shape (n_rows,)
        Finite; higher means more likely positive.
    positive : ndarray of shape (n_rows,) and dtype bool
        Which rows are of the positive class.
    weights : ndarray of shape (n_rows,), or None
        Not negative.

    Returns
    -------
    Ranking or None
        None if one of the classes has no rows, or no weight.
    """
    if weights is not None and not weights.all():
        counted = weights != 0
        scores, positive, weights = scores[counted], positive[counted], weights[counted]
    if not len(scores):
        return None
    order = np.argsort(scores)[::-1]
    scores, positive = scores[order], positive[order]
    ends_here = np.ones(len(scores), np.bool_)
    np.not_equal(scores[1:], scores[:-1], out=ends_here[:-1])
    ends = np.flatnonzero(ends_here)
    if weights is None:
        tp = np.cumsum(positive, dtype=np.int64)[ends]
        fp = ends + 1 - tp
    else:
        weights = weights[order].astype(np.float64)
        tp = np.cumsum(np.where(positive, weights, 0.0))[ends]
        fp = np.cumsum(np.where(positive, 0.0, weights))[ends]
    if tp[-1] <= 0 or fp[-1] <= 0:
        return None
    twice = fp[0] * tp[0] + ((fp[1:] - fp[:-1]) * (tp[1:] + tp[:-1])).sum()
    return Ranking(scores[ends], tp, fp, float(twice / (2.0 * float(tp[-1]) * float(fp[-1]))))


def pairwise_auc(probabilities: Array, true: NDArray[np.intp]) -> float | None:
    """Return the ROC AUC of several classes, one against one, weighted by prevalence.

    For classes a and b it is the mean of two areas: a against b by the probability of a, and b
    against a by the probability of b; pairs are weighted by their share of rows (Hand and Till
    2001; scikit-learn's ``roc_auc_score(multi_class="ovo", average="weighted")``). Each column
    is sorted once, not once for each pair.

    Parameters
    ----------
    probabilities : ndarray of shape (n_rows, n_classes)
        Finite.
    true : ndarray of shape (n_rows,) and dtype intp
        The column of each row's class.

    Returns
    -------
    float or None
        None if there are rows of one class only.
    """
    sizes = np.bincount(true, minlength=probabilities.shape[1])
    present = np.flatnonzero(sizes)
    classes = len(present)
    if classes < 2:
        return None
    scores = probabilities.T
    if classes < len(sizes):
        scores, sizes, true = scores[present], sizes[present], np.searchsorted(present, true)
    # Several classes at once where there are few rows: then the calls take most of the time.
    step = max(1, AT_ONCE // len(true))
    twice = [
        _twice_below(scores[start : start + step], true, start, classes)
        for start in range(0, classes, step)
    ]
    areas = 1.0 - np.concatenate(twice) / (2.0 * sizes[:, None] * sizes)
    shares = (sizes[:, None] + sizes) * ~np.tri(classes, dtype=bool)  # each pair once
    return float(((areas + areas.T) * shares).sum() / (2.0 * shares.sum()))


def _twice_below(scores: Array, true: NDArray[np.intp], first: int, classes: int) -> Array:
    """Return how many rows of a score's own class score less, summed over the rows of each class.

    Parameters
    ----------
    scores : ndarray of shape (n_scores, n_rows)
        Those of a class each, from the class `first` on.
    true : ndarray of shape (n_rows,) and dtype intp
        The class of each row.
    first, classes : int
        The class of the first scores, and how many classes there are.

    Returns
    -------
    ndarray of shape (n_scores, n_classes)
        Twice the number, ties counting half.
    """
    count, rows = scores.shape
    own = np.arange(count)[:, None]
    order = np.argsort(scores, axis=1)
    labels = true[order]
    counted = (labels == own + first).cumsum(axis=1).ravel()
    ranked = scores[own, order].ravel()
    is_last = np.ones(count * rows, dtype=bool)  # of rows with one score
    np.not_equal(ranked[1:], ranked[:-1], out=is_last[:-1])
    is_last[rows - 1 :: rows] = True
    ends = np.flatnonzero(is_last)
    if len(ends) == len(is_last):
        twice = 2 * counted
    else:
        at_end = counted[ends]
        at_start = np.concatenate(([0], at_end[:-1]))
        group = is_last.cumsum() - is_last
        at_start[group[::rows]] = 0
        twice = (at_start + at_end)[group]
    place = (labels + own * classes).ravel()
    sums: Array = np.bincount(place, weights=twice, minlength=count * classes)
    return sums.reshape(count, classes)
