"""XGBoost's trees: whether the arrays of each are those of a tree.

All trees of a booster are looked at at once: a booster has thousands, of a hundred nodes each.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

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
_STATISTICS = (b"loss_changes", b"sum_hessian")
_PARAMS = (b"num_nodes", b"num_deleted", b"num_feature", b"size_leaf_vector")


def integers(value: Any) -> Ints:
    """Return an array of whole numbers, which XGBoost keeps as an array or as a list."""
    if type(value) is list and all(type(one) is int for one in value):
        value = np.array(value, np.int64)
    if type(value) is not np.ndarray or value.dtype.kind not in "iu":
        raise DoesNotFit("for an array of whole numbers is none")
    return value.astype(np.int64)


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
    sizes = []
    deleted = []
    for place, tree in enumerate(trees):
        size, count = _check_lengths(tree, place, features, outputs)
        sizes.append(size)
        deleted.append(count)
    ends = np.cumsum(sizes)
    starts = ends - sizes
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
    need((split[inner] >= 0).all() and (split[inner] < features).all(), "it splits by its features")
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
    if b"split_type" in trees[0]:
        check_splits(trees, starts)
    is_inner = np.zeros(len(left), bool)
    is_inner[inner] = True
    check_heights(np.where(is_inner, left + base, -1), np.where(is_inner, right + base, -1), starts)


def _check_lengths(tree: Any, place: int, features: int, outputs: int) -> tuple[int, int]:
    """Check how long the arrays of a tree are; return how many nodes it has, and pruned ones."""
    param = tree.get(b"tree_param") if type(tree) is dict else None
    if type(param) is not dict:
        raise DoesNotFit(f"for tree {place} has no parameters")
    told = [param.get(key) for key in _PARAMS]
    if not all(type(one) is bytes and one.isdigit() and len(one) < 11 for one in told):
        raise DoesNotFit(f"for a parameter of tree {place} is no number")
    nodes, deleted, known, leaf = map(int, told)
    if tree.get(b"id", place) != place or known not in (0, features):
        raise DoesNotFit(f"for tree {place} is another one, or of other features")
    if (leaf if leaf else 1) != outputs:
        raise DoesNotFit(f"for the leaves of tree {place} are of {leaf} numbers, not {outputs}")
    for key in _NODES:
        array = tree.get(key)
        if type(array) is not np.ndarray or len(array) != nodes or array.dtype.kind not in "iu":
            raise DoesNotFit(f"for {key.decode()} of tree {place} are not of {nodes} nodes")
    weights = tree.get(b"base_weights")
    conditions = tree.get(b"split_conditions")
    others = [(conditions, nodes), (weights, len(weights) if outputs > 1 else nodes)]
    # Of trees of several outputs, only newer ones have them.
    others += [(tree[key], nodes) for key in _STATISTICS if key in tree or outputs == 1]
    for array, length in others:
        if type(array) is not np.ndarray or len(array) != length or array.dtype.kind != "f":
            raise DoesNotFit(f"for numbers of tree {place} are not of {nodes} nodes")
    if not nodes:
        raise DoesNotFit(f"for tree {place} has no nodes")
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
    """Check where the leaves of trees of several outputs keep their numbers."""
    sizes = np.diff(np.append(starts, len(left)))
    for tree, start, size in zip(trees, starts, sizes, strict=True):
        weights = tree.get(b"leaf_weights")
        if weights is None:  # before XGBoost 3.2
            need(len(tree[b"base_weights"]) == size * outputs, "nodes have numbers for each target")
            continue
        need(type(weights) is np.ndarray and weights.dtype.kind == "f", "its leaves have numbers")
        places = right[start : start + size][left[start : start + size] == -1]
        need(places.min() >= 0, "its leaves have numbers")
        need((places.max() + 1) * outputs <= len(weights), "its leaves have numbers for each target")
        need(len(tree[b"base_weights"]) in (0, size * outputs), "its nodes have numbers")
