"""Targets and weights as arrays, and labels as small integers.

scikit-learn's metrics find the labels of ``y`` anew in every call, which is most of what they
cost. Here they are found once: the model's own ``classes_`` are tried first.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise, repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Coded", "code_labels", "codes_of", "target_array", "weight_array"]

Array = NDArray[Any]
Codes = NDArray[np.intp]

NUMBERS = "biuf"


@dataclass(frozen=True, slots=True)
class Coded:
    """True and predicted labels as positions in one list of labels.

    Parameters
    ----------
    labels : ndarray of shape (n_labels,)
        Sorted, without repetition. Not each of them need occur.
    true, predicted : ndarray of shape (n_rows,) and dtype intp
        Positions in `labels`.
    of_model : bool
        Whether `labels` are the model's ``classes_``, so that the columns of its probabilities
        belong to them.
    """

    labels: Array
    true: Codes
    predicted: Codes
    of_model: bool


def target_array(y: Any) -> Array | None:
    """Return a target as an array; a single column is made flat.

    Parameters
    ----------
    y : array-like of shape (n_rows,) or (n_rows, n_outputs)
        A list, array, pandas or polars series or frame. Nothing is copied where a view will do.

    Returns
    -------
    ndarray or None
        None for a sparse matrix.
    """
    if hasattr(y, "toarray"):
        return None
    array = np.asarray(y)
    if array.ndim == 2 and array.shape[1] == 1:
        return array[:, 0]
    return array


def weight_array(sample_weight: Any, rows: int) -> Array | None:
    """Return sample weights as a flat array of numbers, or None for none.

    Raises
    ------
    ValueError
        If they are no numbers, or their shape does not fit the rows.
    """
    if sample_weight is None:
        return None
    weights = np.asarray(sample_weight)
    if weights.dtype.kind == "O":
        weights = weights.astype(np.float64)
    if weights.dtype.kind not in NUMBERS:
        raise ValueError(f"sample_weight holds {weights.dtype} where numbers are needed.")
    if weights.ndim == 0:
        return np.full(rows, weights)
    if weights.ndim == 2 and weights.shape[1] == 1:
        weights = weights[:, 0]
    if weights.shape != (rows,):
        raise ValueError(f"sample_weight has the shape {weights.shape}; ({rows},) is needed.")
    return weights


def codes_of(values: Array, classes: Array) -> Codes | None:
    """Return the position of each value in `classes`.

    Parameters
    ----------
    values : ndarray of shape (n_rows,)
        Numbers, booleans or text.
    classes : ndarray of shape (n_classes,)
        Sorted, without repetition.

    Returns
    -------
    ndarray of shape (n_rows,) and dtype intp, or None
        None if a value is not among the classes, or the two cannot be compared.
    """
    count = len(classes)
    if values.dtype.kind in NUMBERS and classes.dtype.kind in NUMBERS:
        if count == 2:
            second = values == classes[1]
            if np.count_nonzero(second) + np.count_nonzero(values == classes[0]) != len(values):
                return None
            hits: Codes = second.astype(np.intp)
            return hits
        if count == 0:
            return None
        if _counts_up(classes) and values.dtype.kind in "iu":
            if values.min() < 0 or values.max() >= count:
                return None
            return values.astype(np.intp)
        codes: Codes = np.searchsorted(classes, values)
        codes[codes == count] = 0
        known = bool((classes[codes] == values).all())
        return codes if known else None
    kinds = {values.dtype.kind, classes.dtype.kind}
    if kinds <= {"U", "O"} or kinds == {"S"}:
        position = {label: at for at, label in enumerate(classes.tolist())}
        found = map(position.get, values.tolist(), repeat(-1))
        codes = np.fromiter(found, np.intp, len(values))
        return None if len(codes) and codes.min() < 0 else codes
    return None


def code_labels(
    y: Array, predicted: Array, classes: Array | None, codes: Codes | None = None
) -> Coded | None:
    """Return true and predicted labels as codes.

    Parameters
    ----------
    y : ndarray of shape (n_rows,)
        True labels.
    predicted : ndarray of shape (n_rows,)
        Predicted labels.
    classes : ndarray or None
        The model's ``classes_``, if it has such.
    codes : ndarray of shape (n_rows,) and dtype intp, or None
        The positions of the predicted labels in `classes`, where they are known.

    Returns
    -------
    Coded or None
        None if scikit-learn would not take them for the labels of one classification (floats
        with fractions, numbers mixed with text, objects other than text): its own functions
        then say what is wrong.
    """
    if not _are_labels(y) or (codes is None and not _are_labels(predicted)):
        return None
    if classes is not None and _are_labels(classes) and _is_sorted(classes):
        true = codes_of(y, classes)
        if true is not None:
            pred = codes_of(predicted, classes) if codes is None else codes
            if pred is not None:
                return Coded(classes, true, pred, True)
    if (y.dtype.kind in NUMBERS) != (predicted.dtype.kind in NUMBERS):
        return None
    try:
        labels = np.unique(np.concatenate([np.unique(y), np.unique(predicted)]))
    except TypeError:  # objects that have no order: text beside None
        return None
    true, pred = codes_of(y, labels), codes_of(predicted, labels)
    if true is None or pred is None:
        return None
    return Coded(labels, true, pred, False)


def _are_labels(values: Array) -> bool:
    """Whether scikit-learn's ``type_of_target`` sees classes in these values."""
    if values.ndim != 1 or not len(values):
        return False
    kind = values.dtype.kind
    if kind == "f":
        return bool((values == np.floor(values)).all()) and bool(np.isfinite(values).all())
    if kind == "O":
        return isinstance(values[0], str)
    return kind in "biuUS"


def _counts_up(classes: Array) -> bool:
    """Whether sorted classes are 0, 1, 2 …"""
    first_and_last = classes.dtype.kind in "iu" and (classes[0], classes[-1])
    return first_and_last == (0, len(classes) - 1)


def _is_sorted(classes: Array) -> bool:
    """Whether the classes rise without repetition."""
    if classes.dtype.kind in NUMBERS:
        if classes.dtype.kind == "b":
            return classes.tolist() in ([False], [True], [False, True])
        return bool((classes[1:] > classes[:-1]).all())
    listed = classes.tolist()
    return all(isinstance(label, (str, bytes)) for label in listed) and all(
        before < after for before, after in pairwise(listed)
    )
