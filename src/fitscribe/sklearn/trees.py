"""How large the trees of a model are: depth and leaves of a single one, their spread over many."""

from __future__ import annotations

from typing import Any

import numpy as np

from fitscribe.sklearn.standin import is_sklearns

__all__ = ["tree_metrics", "trees_of"]

MOST_TREES = 1000


def trees_of(model: Any) -> dict[str, Any] | None:
    """Return how many trees a model has, and their depths and leaves; None without trees."""
    if not is_sklearns(type(model)):
        return None
    sizes = _sizes(model)
    if not sizes:
        return None
    every = -(-len(sizes) // MOST_TREES)
    depths, leaves = np.array([size() for size in sizes[::every]]).T
    return {
        "trees": len(sizes),
        "looked_at": len(depths),
        "depth": _spread(depths),
        "leaves": _spread(leaves),
    }


def tree_metrics(told: dict[str, Any]) -> dict[str, float]:
    """Return the depth of the deepest tree, and how many leaves a tree has on average."""
    return {"tree_depth": float(told["depth"]["max"]), "tree_leaves": told["leaves"]["mean"]}


def _spread(values: Any) -> dict[str, Any]:
    return {"min": int(values.min()), "mean": float(values.mean()), "max": int(values.max())}


def _sizes(model: Any) -> list[Any]:
    """Return a function for each tree that gives its depth and its leaves."""
    own = vars(model)
    if hasattr(own.get("tree_"), "node_count"):
        return [lambda: _of_tree(own["tree_"])]
    members = own.get("estimators_")
    if isinstance(members, np.ndarray):
        members = members.ravel().tolist()
    if isinstance(members, list) and members:
        trees = [getattr(member, "__dict__", {}).get("tree_") for member in members]
        if all(hasattr(tree, "node_count") for tree in trees):
            return [lambda tree=tree: _of_tree(tree) for tree in trees]
    stages = own.get("_predictors")
    if isinstance(stages, list) and stages and isinstance(stages[0], (list, tuple)):
        return [
            lambda tree=tree: (tree.get_max_depth(), tree.get_n_leaf_nodes())
            for stage in stages
            for tree in stage
        ]
    return []


def _of_tree(tree: Any) -> tuple[int, int]:
    # Every node that is no leaf has two children.
    return tree.max_depth, (tree.node_count + 1) // 2
