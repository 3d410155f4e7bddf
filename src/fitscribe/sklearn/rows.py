"""Which rows of the training data are predicted again for training metrics.

All of them, unless asking is dear: a lazy or kernel learner compares every row it is asked about
with every row it was fitted on (k-NN on 20,000 rows: 6 ms to fit, 1.6 s to predict them), and a
million rows cost memory. Then a seeded sample is asked. The rule looks at the class and at
shapes, never at the clock, so equal fits give equal metrics.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import _safe_indexing

from fitscribe.sklearn.standin import class_is_plain

__all__ = ["Rows", "choose_rows", "copied", "lazy_members", "shape_of", "take_rows"]

# A class is lazy if one of these is among its bases.
LAZY = frozenset(
    {
        "sklearn.neighbors._base.NeighborsBase",
        "sklearn.neighbors._kde.KernelDensity",
        "sklearn.svm._base.BaseLibSVM",
        "sklearn.gaussian_process._gpr.GaussianProcessRegressor",
        "sklearn.gaussian_process._gpc.GaussianProcessClassifier",
        "sklearn.kernel_ridge.KernelRidge",
        "sklearn.semi_supervised._label_propagation.BaseLabelPropagation",
        "sklearn.impute._knn.KNNImputer",
        "sklearn.decomposition._kernel_pca.KernelPCA",
        "sklearn.manifold._isomap.Isomap",
        "sklearn.manifold._locally_linear.LocallyLinearEmbedding",
    }
)
# Of the lazy ones, those whose kernel numpy goes over several times: each counts as so many.
GAUSSIAN_PROCESSES = frozenset(
    {
        "sklearn.gaussian_process._gpr.GaussianProcessRegressor",
        "sklearn.gaussian_process._gpc.GaussianProcessClassifier",
    }
)
GAUSSIAN_COST = 4
# Those that solve a system of the training rows for every row they are asked.
SOLVING = frozenset({"sklearn.gaussian_process._gpc.GaussianProcessClassifier"})
# Where an estimator keeps the fitted ones that it asks; and where it keeps one of which, beside
# those, it only made copies.
PARTS = (
    "steps",
    "transformers_",
    "transformer_list",
    "estimators_",
    "calibrated_classifiers_",
    "best_estimator_",
    "final_estimator_",
    "regressor_",
)
PATTERNS = ("estimator_", "base_estimator_", "estimator")
DEEPEST = 8
# Of this many parts of one class, only the first is looked into: they are copies of a pattern.
COPIES = 16
# In an attribute that may hold anything, so many parts are looked at.
MOST_PARTS = 1000
METHODS = ("predict", "transform", "score_samples")

ALL_ROWS = 1_000_000
CELLS = 5_000_000
LARGE_SAMPLE = 100_000
LAZY_PAIRS = 2_000_000
LAZY_PRODUCTS = 40_000_000
LAZY_SOLVES = 2_000_000_000
LAZY_ROWS = (16, 1000)
SEED = 20_240_229


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows that are asked.

    Parameters
    ----------
    index : ndarray of shape (asked,) and dtype intp, or None
        Their positions, rising; None for all rows.
    asked : int
        How many.
    total : int
        How many rows there are.
    """

    index: NDArray[np.intp] | None
    asked: int
    total: int


def shape_of(X: Any) -> tuple[int, ...] | None:
    """Return the shape of X, or its length where it has no shape."""
    shape = getattr(X, "shape", None)
    if isinstance(shape, tuple):
        return shape
    return (len(X),) if isinstance(X, (list, tuple)) else None


def lazy_members(
    estimator: Any, depth: int = 0, outer: frozenset[int] = frozenset()
) -> tuple[int, bool]:
    """Return how many lazy or kernel learners one prediction asks, and whether one solves.

    Parameters
    ----------
    estimator : object
        A fitted estimator; pipelines, searches, ensembles and other estimators that hold
        estimators are looked into.
    depth : int
        How deep this one lies in the one that was asked about.
    outer : frozenset of int
        The ids of those that it lies in.

    Returns
    -------
    count : int
        0 for an estimator whose prediction does not depend on the number of training rows. A
        Gaussian process is as dear as four.
    solving : bool
        Whether one of them solves a linear system for each row (a Gaussian process classifier
        that gives probabilities).
    """
    names = {f"{base.__module__}.{base.__qualname__}" for base in type(estimator).__mro__}
    if names & LAZY:
        return GAUSSIAN_COST if names & GAUSSIAN_PROCESSES else 1, bool(names & SOLVING)
    if depth == DEEPEST or id(estimator) in outer:
        return 0, False
    outer |= {id(estimator)}
    held = getattr(estimator, "__dict__", None) or {}
    count, solving, fitted = 0, False, False
    groups: list[list[Any]] = []
    for name in PARTS + PATTERNS:
        if name not in held or (name in PATTERNS and fitted):
            continue
        fitted = True
        groups.append(list(_parts(held[name])))
    if not class_is_plain(type(estimator)):
        groups += [_own_parts(held[name]) for name in held if _is_fitted(name)]
    for parts in groups:
        copies = len(parts) if len(parts) >= COPIES and len(set(map(type, parts))) == 1 else 1
        for part in parts[:1] if copies > 1 else parts:
            number, solves = lazy_members(part, depth + 1, outer)
            count += number * copies
            solving = solving or solves
    return count, solving


def _parts(value: Any) -> Iterator[Any]:
    """Yield the estimators in a value: one, a list, or tuples of a name and one."""
    if isinstance(value, (list, tuple)):
        for item in value:
            if isinstance(item, tuple):
                yield from (part for part in item if not isinstance(part, (str, list)))
            else:
                yield item
    elif isinstance(value, np.ndarray):
        yield from value.flat
    elif value is not None and not isinstance(value, str):
        yield value


def _is_fitted(name: str) -> bool:
    """Whether a class of the user's own keeps there what a fit made, and no list above says so."""
    return name.endswith("_") and not name.endswith("__") and name not in PARTS + PATTERNS


def _own_parts(value: Any) -> list[Any]:
    """Return what may be estimators in an attribute of a class of the user's own."""
    if isinstance(value, np.ndarray) and value.dtype != object:
        return []
    if isinstance(value, dict):
        value = list(value.values())
    parts = itertools.islice(_parts(value), MOST_PARTS)
    return [part for part in parts if any(hasattr(part, method) for method in METHODS)]


def choose_rows(estimator: Any, rows: int, columns: int = 1, outputs: int = 1) -> Rows:
    """Return which rows are asked.

    Parameters
    ----------
    estimator : object
        A fitted estimator.
    rows, columns : int
        The shape of X.
    outputs : int
        How many numbers a prediction has per row: the classes, or the targets.

    Returns
    -------
    Rows
        All rows; or for lazy and kernel learners 16 to 1,000 of them, so that there are at most
        2 million pairs of an asked row and a training row and 40 million products of their
        features (each member of an ensemble counts, and a Gaussian process as four); or for
        more than a million rows, or 5 million predicted numbers, 100,000 rows and less where
        they are wide.
    """
    members, solving = lazy_members(estimator)
    wanted = rows
    if members:
        least, most = LAZY_ROWS
        pairs = rows * members
        wanted = min(most, LAZY_PAIRS // max(1, pairs), LAZY_PRODUCTS // max(1, pairs * columns))
        if solving:
            wanted = min(wanted, LAZY_SOLVES // max(1, pairs * rows * outputs))
        wanted = max(least, wanted)
    elif rows > ALL_ROWS or rows * outputs > CELLS:
        wanted = max(LAZY_ROWS[0], min(LARGE_SAMPLE, CELLS // max(columns, outputs, 1)))
    if wanted >= rows:
        return Rows(None, rows, rows)
    chance = np.random.Generator(np.random.PCG64(SEED))
    index = chance.choice(rows, size=wanted, replace=False, shuffle=False)
    index.sort()
    return Rows(index.astype(np.intp, copy=False), wanted, rows)


def take_rows(data: Any, index: NDArray[np.intp]) -> Any:
    """Return some rows of an array, sparse matrix, frame, series or list, in a new object.

    Raises
    ------
    TypeError, ValueError, IndexError, KeyError
        If the data cannot be indexed by row numbers.
    """
    if hasattr(data, "tocsr"):
        return data.tocsr()[index]
    if type(data) is np.ndarray:
        return data[index]
    return _safe_indexing(data, index)


def copied(data: Any) -> Any:
    """Return data in a new object, which whoever is asked may overwrite.

    An array that cannot be written to is returned as it is.
    """
    if isinstance(data, np.ndarray):
        return data.copy(order="K") if data.flags.writeable else data
    if hasattr(data, "iloc") or hasattr(data, "tocsr"):
        return data.copy()
    return copy.deepcopy(data)
