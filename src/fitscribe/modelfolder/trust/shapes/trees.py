"""Decision trees: of forests and boosting, and of histogram-based gradient boosting."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fitscribe.modelfolder.trust.shapes.fits import array_of, need, within

__all__ = ["CHECKS"]

# Words of 32 bits in a set of categories: 256 of them.
WORDS = 8


def check_tree(tree: Any) -> None:
    """Check a ``sklearn.tree._tree.Tree``."""
    count = tree.node_count
    # The arrays below are views of as many nodes as it says that it has.
    need(0 < count <= tree.capacity, "it has room for its nodes")
    left = tree.children_left
    inner = np.flatnonzero(left != -1)
    _check_children(left[inner], tree.children_right[inner], inner, count)
    within(tree.feature[inner], 0, tree.n_features, "features")


def check_predictor(predictor: Any) -> None:
    """Check a ``TreePredictor`` of histogram-based gradient boosting."""
    nodes = predictor.nodes
    need(type(nodes) is np.ndarray and nodes.ndim == 1 and len(nodes), "its nodes are an array")
    need(nodes.dtype.names is not None and "bitset_idx" in nodes.dtype.names, "nodes have fields")
    inner = np.flatnonzero(nodes["is_leaf"] == 0)
    left, right = (nodes[side][inner].astype(np.int64) for side in ("left", "right"))
    _check_children(left, right, inner, len(nodes))
    need((nodes["feature_idx"][inner] >= 0).all(), "features are numbered from 0")
    by_set = inner[nodes["is_categorical"][inner] != 0]
    for name in ("raw_left_cat_bitsets", "binned_left_cat_bitsets"):
        sets = array_of(getattr(predictor, name), np.uint32, 2, "its sets of categories")
        need(sets.shape[1] == WORDS, f"a set of categories has {WORDS} words")
        within(nodes["bitset_idx"][by_set].astype(np.int64), 0, len(sets), "sets of categories")


def _check_children(
    left: NDArray[Any], right: NDArray[Any], parents: NDArray[np.intp], count: int
) -> None:
    """Check that every child comes after its parent, and has no other."""
    if not parents.size:
        return
    has_parent = np.zeros(count, bool)
    for children in (left, right):
        after = np.count_nonzero(children > parents)
        need(after == len(parents), "children come after their parents")
        within(children, 1, count, "children")
        has_parent[children] = True
    need(np.count_nonzero(has_parent) == 2 * len(parents), "a node has one parent")


CHECKS = {
    ("sklearn.tree._tree", "Tree"): check_tree,
    ("sklearn.ensemble._hist_gradient_boosting.predictor", "TreePredictor"): check_predictor,
}
