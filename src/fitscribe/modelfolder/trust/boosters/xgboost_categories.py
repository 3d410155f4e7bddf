"""XGBoost's categories: those that splits of trees name, and those that columns had."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fitscribe.modelfolder.trust.shapes.fits import DoesNotFit, need

__all__ = ["check_containers", "check_splits"]

# XGBoost keeps a category as a float, which holds whole numbers up to here.
MOST_CATEGORIES = 1 << 24
# It keeps a bit for each category up to a split's largest.
MOST_BYTES = 1 << 30
_KEYS = (b"categories_nodes", b"categories_segments", b"categories_sizes", b"categories")
Ints = NDArray[np.int64]


def check_splits(trees: list[Any], starts: Ints) -> None:
    """Check which categories the splits of trees name.

    Parameters
    ----------
    trees : list of dict
    starts : ndarray of int64, shape (n_trees,)
        The first node of each, of all.
    """
    types = np.concatenate([_whole(tree, b"split_type") for tree in trees])
    need(
        all(len(tree[b"split_type"]) == len(tree[b"parents"]) for tree in trees),
        "each split has a type",
    )
    need((types <= 1).all(), "splits are by a number or by categories")
    nodes, segments, sizes, categories = ([_whole(tree, key) for tree in trees] for key in _KEYS)
    if not any(map(len, nodes)) and not any(map(len, categories)):
        need(not types.any(), "splits by categories have some")
        return
    for one, begins, lengths, held in zip(nodes, segments, sizes, categories, strict=True):
        need(len(one) == len(begins) == len(lengths), "splits by categories have some")
        ends = np.cumsum(lengths)
        need((lengths > 0).all(), "splits by categories have some")
        need(np.array_equal(ends - lengths, begins), "categories of splits follow one another")
        need((ends[-1] if len(ends) else 0) == len(held), "categories are those of splits")
    places = np.concatenate(
        [one + start for one, start in zip(nodes, starts, strict=True)], dtype=np.int64
    )
    need(np.array_equal(places, np.flatnonzero(types)), "splits by categories have some")
    every = np.concatenate(categories)
    need(every.min() >= 0 and every.max() < MOST_CATEGORIES, "categories are numbered from 0")
    lengths = np.concatenate(sizes)
    largest = np.maximum.reduceat(every, np.cumsum(lengths) - lengths)
    need(int((largest // 32 + 1).sum()) * 4 <= MOST_BYTES, "categories are numbered without gaps")


def _whole(tree: dict[bytes, Any], key: bytes) -> Ints:
    """Return an array of whole numbers of a tree."""
    array = tree.get(key)
    if type(array) is not np.ndarray or array.dtype.kind not in "iu":
        raise DoesNotFit(f"for {key.decode()} of a tree are no whole numbers")
    return array.astype(np.int64)


def check_containers(held: dict[bytes, Any], features: int) -> None:
    """Check the categories that columns had at the fit (XGBoost 3.1 and newer)."""
    columns = held.get(b"enc")
    need(type(columns) is list, "its columns are a list")
    starts, order = (_whole(held, key) for key in (b"feature_segments", b"sorted_idx"))
    if not columns:
        need(not len(order) and not starts.any(), "there are no categories without columns")
        return
    need(len(columns) == features, "each feature is a column")
    need(len(starts) == features + 1 and starts[0] == 0, "each column has its categories")
    need(starts[-1] == len(order), "categories are in an order")
    for place, column in enumerate(columns):
        count = _count(column)
        need(starts[place + 1] - starts[place] == count, "each column has its categories")
        mine = order[starts[place] : starts[place + 1]]
        need(np.array_equal(np.sort(mine), np.arange(count)), "categories are in an order")


def _count(column: Any) -> int:
    """Return how many categories a column has."""
    need(type(column) is dict, "a column is a map")
    values = column.get(b"values")
    need(type(values) is np.ndarray and values.dtype.kind in "iu", "categories are an array")
    if b"offsets" not in column:
        need(type(column.get(b"type")) is int, "categories have a type")
        return len(values)
    ends = _whole(column, b"offsets")
    if not len(ends):
        need(not len(values), "categories have ends")
        return 0
    need(ends[0] == 0 and ends[-1] == len(values), "categories have ends")
    need((np.diff(ends) >= 0).all(), "categories follow one another")
    return len(ends) - 1
