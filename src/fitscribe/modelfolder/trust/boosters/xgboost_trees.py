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
from fitscribe.modelfolder.trust.boosters.ubjson import ITEMS, array_of_type
from fitscribe.modelfolder.trust.boosters.xgboost_categories import check_splits
from fitscribe.modelfolder.trust.shapes.fits import DoesNotFit, need

__all__ = ["check_trees", "count_of"]

Map = dict[bytes, Any]
Ints = NDArray[np.int64]
# What is where there is no node, with and without its highest bit.
NO_NODE = (-1, 0x7FFFFFFF)
# The feature of a node that was pruned; it stays in its place, and none leads to it.
PRUNED = 0x7FFFFFFF

# What a node has, and the code of its type.
_LINKS = {
    b"left_children": ord("l"),
    b"right_children": ord("l"),
    b"parents": ord("l"),
    b"default_left": ord("U"),
}
_NUMBERS = {
    b"split_conditions": ord("d"),
    b"base_weights": ord("d"),
    b"loss_changes": ord("d"),
    b"sum_hessian": ord("d"),
}
# Of a tree of several outputs not all of these are by node.
_ALL, _SOME = _LINKS | _NUMBERS, _LINKS | {b"split_conditions": ord("d")}
_SIZES = {code: dtype.itemsize for code, dtype in ITEMS.items()}


def count_of(held: Map, key: bytes) -> int:
    """Return a count, which XGBoost keeps as a text."""
    found = held.get(key)
    if type(found) is not bytes or not found.isdigit() or len(found) > 11:
        raise DoesNotFit(f"for {key.decode()} is no count")
    return int(found)


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
    left, right, parents, default = (_joined(trees, key, code) for key, code in _LINKS.items())
    split = _joined(trees, b"split_indices", trees[0][b"split_indices"][0])
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
    base, size = np.repeat(starts, sizes), np.repeat(sizes, sizes)
    _check_parents(parents, starts, size)
    need((left[inner] != right[inner]).all(), "two children are two")
    own, most = base[inner], size[inner]
    below = []
    for children in (left[inner], right[inner]):
        need((children > 0).all(), "no child is a root")
        need((children < most).all(), "children lie in their trees")
        places = children + own
        need((parents[places] == inner - own).all(), "children have their parents")
        need(not pruned[places].any(), "no child was pruned")
        below.append(np.full(len(left), -1, np.int64))
        below[-1][inner] = places
    if outputs == 1:
        # Not all of XGBoost looks at the left side only.
        need((right[(left == -1) & ~pruned] == -1).all(), "leaves have no children")
    else:
        _check_leaves(trees, left, right, starts, outputs)
    if any(b"split_type" in tree for tree in trees):
        check_splits(trees, starts, sizes)
    check_heights(below[0], below[1], starts)


def _check_lengths(tree: Any, place: int, features: int, outputs: int) -> tuple[int, int]:
    """Check how long the arrays of a tree are; return how many nodes it has, and pruned ones."""
    param = tree.get(b"tree_param") if type(tree) is dict else None
    if type(param) is not dict:
        raise DoesNotFit(f"for tree {place} has no parameters")
    nodes = count_of(param, b"num_nodes")
    leaf = count_of(param, b"size_leaf_vector")
    known = count_of(param, b"num_feature")
    if tree.get(b"id", place) != place or known not in (0, features) or not nodes:
        raise DoesNotFit(f"for tree {place} is another one, or of other features")
    if (leaf or 1) != outputs:
        raise DoesNotFit(f"for the leaves of tree {place} are of {leaf} numbers, not {outputs}")
    for key, code in (_ALL if outputs == 1 else _SOME).items():
        array = tree.get(key)
        if type(array) is not tuple or array[0] != code or len(array[1]) != nodes * _SIZES[code]:
            raise DoesNotFit(f"for {key.decode()} of tree {place} are not of {nodes} nodes")
    if len(array_of_type(tree.get(b"split_indices"), b"lL")) != nodes:
        raise DoesNotFit(f"for split_indices of tree {place} are not of {nodes} nodes")
    return nodes, count_of(param, b"num_deleted")


def _joined(trees: list[Any], key: bytes, code: int) -> Ints:
    """Return an array of all trees, one after the other."""
    arrays = [tree[key] for tree in trees]
    need(all(array[0] == code for array in arrays), f"{key.decode()} are of one type")
    return np.frombuffer(b"".join([array[1] for array in arrays]), ITEMS[code]).astype(np.int64)


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
        held = len(array_of_type(tree.get(b"base_weights"), b"d"))
        if not has_own:
            need(held == size * outputs, "nodes have a number for each target")
            continue
        need(held > 0 and held % size == 0, "nodes have their numbers")
        for key in (b"loss_changes", b"sum_hessian"):
            count = len(array_of_type(tree.get(key), b"d"))
            need(count == size, f"{key.decode()} are of all nodes")
        places = right[start : start + size][left[start : start + size] == -1]
        count = len(array_of_type(tree.get(b"leaf_weights"), b"d"))
        need(places.min() >= 0 and (places.max() + 1) * outputs <= count, "leaves have numbers")


def _installed() -> tuple[int, ...]:
    """Return which XGBoost will read it; one that nobody knows is a new one."""
    found = version_of("xgboost") or version_of("xgboost-cpu") or str(sys.maxsize)
    return tuple(int(part) for part in found.split(".")[:2] if part.isdigit())
