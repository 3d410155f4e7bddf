"""Support vector machines: what is handed to libsvm."""

from __future__ import annotations

from typing import Any

import numpy as np

from fitscribe.modelfolder.trust.shapes.fits import array_of, need, within

__all__ = ["CHECKS"]

CLASSIFIERS = ("c_svc", "nu_svc")


def check(machine: Any) -> None:
    """Check an SVC, NuSVC, SVR, NuSVR or OneClassSVM."""
    held = vars(machine)
    if "support_" not in held:
        return
    support = array_of(held["support_"], np.int32, 1, "support_")
    counts = array_of(held["_n_support"], np.int32, 1, "_n_support")
    is_classifier = type(machine)._impl in CLASSIFIERS
    # Of a regression libsvm counts two classes, the second of which has any number.
    classes = len(counts) if is_classifier else 2
    need(len(counts) == classes and classes > 1, "it has two classes or more")
    need((counts >= 0).all(), "each class has a number of support vectors")
    need(
        len(support) == (counts.sum() if is_classifier else counts[0]),
        "each class has its support vectors",
    )
    within(support, 0, machine.shape_fit_[0], "support vectors")
    _check_vectors(machine, len(support))
    _check_coefficients(held["_dual_coef_"], classes - 1, len(support))
    pairs = classes * (classes - 1) // 2
    need(held["_intercept_"].shape == (pairs,), "each pair of classes has an intercept")
    for name in ("_probA", "_probB"):
        need(held[name].shape in ((0,), (pairs,)), "each pair of classes has its probabilities")


def _check_vectors(machine: Any, count: int) -> None:
    vectors = machine.support_vectors_
    if machine.kernel == "precomputed" or callable(machine.kernel):
        return  # rows of the kernel matrix, by their places
    need(vectors.shape == (count, machine.n_features_in_), "support vectors have its features")
    need(vectors.dtype == np.float64, "support vectors are float64")


def _check_coefficients(coefficients: Any, rows: int, columns: int) -> None:
    need(coefficients.shape == (rows, columns), "each support vector has its coefficients")
    need(coefficients.dtype == np.float64, "coefficients are float64")
    if hasattr(coefficients, "indptr"):  # of sparse data; libsvm takes the values alone
        need(len(coefficients.data) == rows * columns, "no coefficient is left out")


CHECKS = {("sklearn.svm._base", "BaseLibSVM"): check}
