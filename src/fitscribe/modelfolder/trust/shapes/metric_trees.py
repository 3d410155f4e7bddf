"""KD trees and ball trees, by which neighbours are found."""

from __future__ import annotations

from typing import Any

import numpy as np

from fitscribe.modelfolder.trust.shapes.fits import need, within

__all__ = ["CHECKS"]


def check(tree: Any) -> None:
    """Check a ``KDTree`` or a ``BallTree``, of 64 or of 32 bits."""
    state = tree.__getstate__()
    data, index, nodes, bounds = state[:4]
    levels, count, metric, weights = state[5], state[6], state[11], state[12]
    rows, columns = data.shape
    need(rows > 0 and columns > 0, "it holds points")
    need(index.shape == (rows,), "each point has a place")
    within(index, 0, rows, "places of points")
    need(len(np.unique(index)) == rows, "each place is of one point")
    need(levels > 0 and count == 2**levels - 1, "it is a whole binary tree")
    need(nodes.shape == (count,), "each node is described")
    need(bounds.shape[1:] == (count, columns), "each node has bounds")
    start, end = nodes["idx_start"], nodes["idx_end"]
    within(start, 0, rows + 1, "beginnings of nodes")
    within(end, 0, rows + 1, "ends of nodes")
    need((start <= end).all(), "nodes end after they begin")
    last = np.arange(count) * 2 + 2 >= count
    need((nodes["is_leaf"][last] != 0).all(), "nodes of the last level are leaves")
    need(weights is None or len(weights) in (0, rows), "each point has a weight, or none has")
    metric._validate_data(data)


_MODULES = ("sklearn.neighbors._kd_tree", "sklearn.neighbors._ball_tree")
_NAMES = (("KDTree", "KDTree64", "KDTree32"), ("BallTree", "BallTree64", "BallTree32"))
CHECKS = {
    (module, name): check for module, names in zip(_MODULES, _NAMES, strict=True) for name in names
}
