"""XGBoost's categories: those that splits of trees name, and those that columns had."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fitscribe.modelfolder.trust.boosters.ubjson import array_of_type
from fitscribe.modelfolder.trust.shapes.fits import need

__all__ = ["check_containers", "check_splits"]

# XGBoost keeps a category as a float, which holds whole numbers up to here.
MOST_CATEGORIES = 1 << 24
# It keeps a bit for each category up to a split's largest.
MOST_BYTES = 1 << 30
Ints = NDArray[np.int64]
# What a split by categories has, and the code of its type.
_KEYS = (
    (b"categories_nodes", b"l"),
    (b"categories_segments", b"L"),
    (b"categories_sizes", b"L"),
    (b"categories", b"l"),
)


def check_splits(trees: list[Any], starts: Ints, sizes: Ints) -> None:
    """Check which categories the splits of trees name.

    Parameters
    ----------
    trees : list of dict
    starts, sizes : ndarray of int64, shape (n_trees,)
        The first node of each, of all, and how many it has.
    """
    types = [array_of_type(tree.get(b"split_type"), b"U") for tree in trees]
    need(list(map(len, types)) == sizes.tolist(), "each split has a type")
    by_category = np.flatnonzero(np.concatenate(types))
    need((np.concatenate(types) <= 1).all(), "splits are by a number or by categories")
    nodes, segments, lengths, categories = (
        [array_of_type(tree.get(key), code) for tree in trees] for key, code in _KEYS
    )
    counts = list(map(len, nodes))
    need(counts == list(map(len, segments)), "splits by categories have some")
    need(counts == list(map(len, lengths)), "splits by categories have some")
    places = np.concatenate(nodes).astype(np.int64) + np.repeat(starts, counts)
    need(np.array_equal(places, by_category), "splits by categories have some")
    every, parts = (np.concatenate(arrays).astype(np.int64) for arrays in (categories, lengths))
    # Counted from the first category of the first tree.
    held = np.array(list(map(len, categories)))
    begins = np.concatenate(segments).astype(np.int64)
    begins += np.repeat(np.cumsum(held) - held, counts)
    need((parts > 0).all() and (parts <= len(every)).all(), "splits by categories have some")
    ends = np.cumsum(parts)
    need(np.array_equal(begins, ends - parts), "categories of splits follow one another")
    need((ends[-1] if len(ends) else 0) == len(every), "categories are those of splits")
    if not len(ends):
        return
    need(every.min() >= 0 and every.max() < MOST_CATEGORIES, "categories are numbered from 0")
    largest = np.maximum.reduceat(every, begins)
    need(int((largest // 32 + 1).sum()) * 4 <= MOST_BYTES, "categories are numbered without gaps")


def check_containers(held: dict[bytes, Any], features: int) -> None:
    """Check the categories that columns had at the fit (XGBoost 3.1 and newer)."""
    columns = held.get(b"enc")
    starts = array_of_type(held.get(b"feature_segments"), b"l")
    order = array_of_type(held.get(b"sorted_idx"), b"l")
    if type(columns) is not list or not columns:
        need(columns == [], "its columns are a list")
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
    values = array_of_type(column.get(b"values"), b"iUIlL")
    if b"offsets" not in column:
        need(type(column.get(b"type")) is int, "categories have a type")
        return len(values)
    ends = array_of_type(column[b"offsets"], b"l").astype(np.int64)
    if not len(ends):
        need(not len(values), "categories have ends")
        return 0
    need(ends[0] == 0 and ends[-1] == len(values), "categories have ends")
    need((np.diff(ends) >= 0).all(), "categories follow one another")
    return len(ends) - 1
