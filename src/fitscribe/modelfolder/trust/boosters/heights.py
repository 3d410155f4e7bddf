"""How deep trees are: what walks through them may call itself once for each level."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fitscribe.modelfolder.trust.shapes.fits import need

__all__ = ["check_heights"]

# A thread's stack holds about ten times as many.
MOST_LEVELS = 10_000


def check_heights(left: NDArray[Any], right: NDArray[Any], roots: NDArray[Any]) -> None:
    """Raise DoesNotFit if trees are deeper than what walks through them can go.

    Parameters
    ----------
    left, right : ndarray of int64, shape (n_nodes,)
        The children of each node of all trees, -1 where there is none. No node is the child of
        two, or of itself.
    roots : ndarray of int64, shape (n_trees,)
    """
    level, levels = roots, 0
    while level.size:
        levels += 1
        need(levels <= MOST_LEVELS, f"its trees have at most {MOST_LEVELS:,} levels")
        children = np.concatenate((left[level], right[level]))
        level = children[children >= 0]
