"""XGBoost's trees: whether the arrays of each are those of a tree.

All trees of a booster are looked at at once: a booster has thousands, of a hundred nodes each.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fitscribe.modelfolder.distributions import version_of
from fitscribe.modelfolder.trust.boosters.heights import check_heights
from fitscribe.modelfolder.trust.boosters.xgboost_categories import check_splits
from fitscribe.modelfolder.trust.shapes.fits import DoesNotFit, need

__all__ = ["check_trees", "integers"]

Map = dict[bytes, Any]
Ints = NDArray[np.int64]
# What is where there is no node, with and without its highest bit.
NO_NODE = (-1, 0x7FFFFFFF)
# The feature of a node that was pruned; it stays in its place, and none leads to it.
PRUNED = 0x7FFFFFFF

_NODES = (b"left_children", b"right_children", b"parents", b"split_indices", b"default_left")
_NUMBERS = (b"split_conditions", b"base_weights", b"loss_changes", b"sum_hessian")
_PARAMS = (b"num_nodes", b"num_deleted", b"num_feature", b"size_leaf_vector")


def integers(value: Any) -> Ints:
    """Return an array of whole numbers, which XGBoost keeps as an array or as a list."""
    if type(value) is list and all(type(one) is int for one in value):
        value = np.array(value, np.int64)
    if type(value) is not np.ndarray or value.dtype.kind not in "iu":
        raise DoesNotFit("for an array of whole numbers is none")
    return value.astype(np.int64)


def count_of(held: Map, key: bytes) -> int:
    """Return a count, which XGBoost keeps as a text."""
    found = held.get(key)
    if type(found) is not bytes or not found.isdigit() or len(found) > 11:
        raise DoesNotFit(f"for {key.decode()} is no count")
    return int(found)


def reals(value: Any) -> NDArray[Any]:
    """Return an array of numbers."""
    if type(value) is not np.ndarray or value.dtype.kind != "f":
        raise DoesNotFit("for an array of numbers is none")
    return value


def check_trees(trees: list[Any], features: int, outputs: int) -> None:
    """Raise DoesNotFit if trees are none.

    Parameters
    ----------
    trees : list of dict
    features : int
        How many features rows have.
    outputs : int
        How many numbers a leaf has.
    """
    if not trees:
        return
    lengths = [_check_lengths(tree, place, features, outputs) for place, tree in enumerate(trees)]
    sizes, deleted = np.array(lengths, np.int64).T
    starts = np.cumsum(sizes) - sizes
    base = np.repeat(starts, sizes)
    left, right, parents, split, default = (_joined(trees, key) for key in _NODES)
    pruned = (split == PRUNED) & (default != 0)
    of_tree = np.repeat(np.arange(len(trees)), sizes)[pruned]
    need(
        np.array_equal(np.bincount(of_tree, minlength=len(trees)), deleted),
        "as many nodes were pruned as it says",
    )
    need(not pruned[starts].any(), "its trees have roots")
    inner = np.flatnonzero((left != -1) & ~pruned)
    need(
        (split[inner] >= 0).all() and (split[inner] < features).all(), "it splits by its features"
    )
    _check_parents(parents, starts, np.repeat(sizes, sizes))
    for children in (left, right):
        below = children[inner]
        need((below > 0).all(), "no child is a root")
        need((below < np.repeat(sizes, sizes)[inner]).all(), "children lie in their trees")
        places = below + base[inner]
        need((parents[places] == inner - base[inner]).all(), "children have their parents")
        need(not pruned[places].any(), "no child was pruned")
    need((left[inner] != right[inner]).all(), "two children are two")
    if outputs > 1:
        _check_leaves(trees, left, right, starts, outputs)
    if any(b"split_type" in tree for tree in trees):
        check_splits(trees, starts)
    is_inner = np.zeros(len(left), bool)
    is_inner[inner] = True
    check_heights(
        np.where(is_inner, left + base, -1), np.where(is_inner, right + base, -1), starts
    )


def _check_lengths(tree: Any, place: int, features: int, outputs: int) -> tuple[int, int]:
    """Check how long the arrays of a tree are; return how many nodes it has, and pruned ones."""
    param = tree.get(b"tree_param") if type(tree) is dict else None
    if type(param) is not dict:
        raise DoesNotFit(f"for tree {place} has no parameters")
    nodes, deleted, known, leaf = (count_of(param, key) for key in _PARAMS)
    if tree.get(b"id", place) != place or known not in (0, features):
        raise DoesNotFit(f"for tree {place} is another one, or of other features")
    if (leaf if leaf else 1) != outputs:
        raise DoesNotFit(f"for the leaves of tree {place} are of {leaf} numbers, not {outputs}")
    for key in _NODES:
        array = tree.get(key)
        if type(array) is not np.ndarray or len(array) != nodes or array.dtype.kind not in "iu":
            raise DoesNotFit(f"for {key.decode()} of tree {place} are not of {nodes} nodes")
    if not nodes:
        raise DoesNotFit(f"for tree {place} has no nodes")
    for key in _NUMBERS if outputs == 1 else _NUMBERS[:1]:
        if len(reals(tree.get(key))) != nodes:
            raise DoesNotFit(f"for {key.decode()} of tree {place} are not of {nodes} nodes")
    return nodes, deleted


def _joined(trees: list[Any], key: bytes) -> Ints:
    """Return an array of all trees, one after the other."""
    return np.concatenate([tree[key] for tree in trees]).astype(np.int64)


def _check_parents(parents: Ints, starts: Ints, sizes: Ints) -> None:
    """Check parents, also those of nodes that none leads to: XGBoost looks there."""
    need(np.isin(parents[starts], NO_NODE).all(), "roots have no parents")
    rest = np.ones(len(parents), bool)
    rest[starts] = False
    need((parents[rest] >= 0).all(), "all but roots have parents")
    need((parents[rest] < sizes[rest]).all(), "parents lie in their trees")


def _check_leaves(trees: list[Any], left: Ints, right: Ints, starts: Ints, outputs: int) -> None:
    """Check where the leaves of trees of several outputs keep their numbers.

    XGBoost 3.2 gave them an array of their own, and does not look whether there is one.
    """
    has_own = _installed() >= (3, 2)
    sizes = np.diff(np.append(starts, len(left)))
    for tree, start, size in zip(trees, starts, sizes, strict=True):
        held = len(reals(tree.get(b"base_weights")))
        if not has_own:
            need(held == size * outputs, "nodes have a number for each target")
            continue
        need(held > 0 and held % size == 0, "nodes have their numbers")
        for key in (b"loss_changes", b"sum_hessian"):
            need(len(reals(tree.get(key))) == size, f"{key.decode()} are of all nodes")
        places = right[start : start + size][left[start : start + size] == -1]
        count = len(reals(tree.get(b"leaf_weights")))
        need(places.min() >= 0 and (places.max() + 1) * outputs <= count, "leaves have numbers")


def _installed() -> tuple[int, ...]:
    """Return which XGBoost will read it; one that nobody knows is a new one."""
    found = version_of("xgboost") or version_of("xgboost-cpu") or str(sys.maxsize)
    return tuple(int(part) for part in found.split(".")[:2] if part.isdigit())
