"""The fits that are measured: 1000 rows of 20 columns, two classes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

__all__ = ["WORKLOADS", "Workload"]

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
