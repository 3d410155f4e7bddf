"""Estimators: whether what they learned is of as many features, trees and classes as they say."""

from __future__ import annotations

from typing import Any

import numpy as np

from fitscribe.modelfolder.trust.shapes.fits import need, within

__all__ = ["CHECKS", "check"]

# Fitted attributes whose last dimension are the features.
BY_FEATURE = ("cluster_centers_", "components_")


def check(estimator: Any) -> None:
    """Check what a fitted estimator learned against the number of its features."""
    held = vars(estimator)
    features = held.get("n_features_in_")
    if features is None:
        return
    need(isinstance(features, (int, np.integer)) and features >= 0, "it has a number of features")
    names = held.get("feature_names_in_")
    need(names is None or len(names) == features, "each feature has a name")
    for name in BY_FEATURE:
        learned = held.get(name)
        if type(learned) is np.ndarray and learned.ndim == 2:
            need(learned.shape[1] == features, f"{name} is of {features} features")
    coefficients = held.get("coef_")
    if type(coefficients) is np.ndarray and coefficients.ndim:
        need(coefficients.shape[-1] == features, f"coef_ is of {features} features")


def _check_tree(estimator: Any) -> None:
    """Check a decision tree against its tree."""
    tree = vars(estimator).get("tree_")
    if tree is not None:
        need(tree.n_features == estimator.n_features_in_, "its tree is of its features")
        need(tree.n_outputs == estimator.n_outputs_, "its tree is of its outputs")
        counts = np.atleast_1d(getattr(estimator, "n_classes_", 1))
        need(np.array_equal(tree.n_classes, counts), "its tree is of its classes")


def _check_forest(forest: Any) -> None:
    """Check the trees of a forest: they get rows that nobody looks at again."""
    for estimator in vars(forest).get("estimators_", ()):
        need(estimator.tree_.n_features == forest.n_features_in_, "its trees are of its features")
        need(estimator.tree_.n_outputs == forest.n_outputs_, "its trees are of its outputs")


def _check_boosting(boosting: Any) -> None:
    """Check the trees of gradient boosting."""
    estimators = vars(boosting).get("estimators_")
    if estimators is None:
        return
    need(estimators.ndim == 2, "it has trees for each stage")
    each = getattr(boosting, "n_trees_per_iteration_", estimators.shape[1])
    need(estimators.shape[1] == each, "each stage has a tree for each class")
    for estimator in estimators.ravel():
        need(
            estimator.tree_.n_features == boosting.n_features_in_, "its trees are of its features"
        )
        need(estimator.tree_.value.shape[1:] == (1, 1), "its trees have one number for each leaf")


def _check_histograms(boosting: Any) -> None:
    """Check the trees of histogram-based gradient boosting."""
    stages = vars(boosting).get("_predictors")
    if stages is None:
        return
    features = boosting._bin_mapper.is_categorical_.size
    categorical = boosting._bin_mapper.is_categorical_.astype(bool)
    for predictor in (one for stage in stages for one in stage):
        inner = predictor.nodes[predictor.nodes["is_leaf"] == 0]
        within(inner["feature_idx"].astype(np.int64), 0, features, "features")
        by_set = inner["feature_idx"][inner["is_categorical"] != 0]
        need(categorical[by_set].all(), "features with sets of categories are categorical")


def _check_isolation(forest: Any) -> None:
    """Check which features each tree of a bagging looks at."""
    chosen = vars(forest).get("estimators_features_", ())
    for features in chosen:
        within(np.asarray(features), 0, forest.n_features_in_, "features")


CHECKS = {
    ("sklearn.tree._classes", "BaseDecisionTree"): _check_tree,
    ("sklearn.ensemble._forest", "BaseForest"): _check_forest,
    ("sklearn.ensemble._gb", "BaseGradientBoosting"): _check_boosting,
    (
        "sklearn.ensemble._hist_gradient_boosting.gradient_boosting",
        "BaseHistGradientBoosting",
    ): _check_histograms,
    ("sklearn.ensemble._bagging", "BaseBagging"): _check_isolation,
}
