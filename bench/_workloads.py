"""The fits that are measured: 1000 rows of 20 columns, two classes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.datasets import make_classification, make_regression
from sklearn.ensemble import RandomForestClassifier
from sklearn.gaussian_process import GaussianProcessClassifier, GaussianProcessRegressor
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC

__all__ = ["LAZY", "WORKLOADS", "Workload", "X", "y"]

Workload = tuple[Callable[[], Any], Any, Any]

X, y = make_classification(1000, 20, n_informative=8, random_state=0)


def _frame() -> Any:
    """Return ten numeric and four categorical columns, as pandas has them."""
    import pandas as pd

    chance = np.random.default_rng(0)
    columns: dict[str, Any] = {f"num{i}": X[:, i] for i in range(10)}
    for i in range(4):
        columns[f"cat{i}"] = chance.choice(["red", "green", "blue"], len(X))
    return pd.DataFrame(columns)


def _pipeline() -> Any:
    columns = ColumnTransformer(
        [
            ("num", StandardScaler(), [f"num{i}" for i in range(10)]),
            ("cat", OneHotEncoder(), [f"cat{i}" for i in range(4)]),
        ]
    )
    return Pipeline([("columns", columns), ("model", LogisticRegression(max_iter=200))])


def _grid() -> Any:
    return GridSearchCV(
        LogisticRegression(max_iter=200), {"C": [0.01, 0.1, 1.0, 10.0, 100.0]}, cv=3
    )


WORKLOADS: dict[str, Workload] = {
    "LogisticRegression": (lambda: LogisticRegression(max_iter=200), X, y),
    "RandomForest(100)": (lambda: RandomForestClassifier(100, random_state=0), X, y),
    "Pipeline+ColumnTransformer": (_pipeline, _frame(), y),
    "Grid 5x3, all children": (_grid, X, y),
}


def _classes(rows: int, apart: float = 1.0) -> tuple[Any, Any]:
    made: tuple[Any, Any] = make_classification(
        rows, 20, n_informative=8, class_sep=apart, random_state=0
    )
    return made


def _values(rows: int) -> tuple[Any, Any]:
    made: tuple[Any, Any] = make_regression(rows, 20, noise=5, random_state=0)
    return made


# Learners that do their work when they predict: what fits into memory and into two minutes.
LAZY: dict[str, Workload] = {
    "KNeighborsClassifier": (KNeighborsClassifier, *_classes(20_000)),
    "KNeighborsRegressor": (KNeighborsRegressor, *_values(20_000)),
    "SVC": (SVC, *_classes(20_000, apart=2.0)),  # one second instead of four
    "GaussianProcessRegressor": (
        lambda: GaussianProcessRegressor(alpha=1.0, optimizer=None),
        *_values(2000),
    ),
    "GaussianProcessClassifier": (
        lambda: GaussianProcessClassifier(optimizer=None),
        *_classes(1000),
    ),
    "KernelRidge": (lambda: KernelRidge(kernel="rbf"), *_values(3000)),
}
