"""What training metrics cost: ours beside scikit-learn's own calls, and beside a bare fit.

Run with ``python bench/training_metrics.py``. The first table has CPU milliseconds, medians of
alternated runs in one process: ``predict`` is one pass (``predict_proba`` where there is one),
``ours`` all of ``training_scores`` with that pass and the JSON files, ``sklearn`` the calls that
give the same numbers one by one (no curves); ``ratio`` is sklearn / ours, ``beyond`` is ours
without the pass. The second has lazy and kernel learners, whose limit is 20 % of the bare fit
and 30 ms.
"""

from __future__ import annotations

import statistics
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn import metrics as sk
from sklearn.base import is_classifier
from sklearn.datasets import make_classification, make_regression
from sklearn.ensemble import RandomForestClassifier
from sklearn.gaussian_process import GaussianProcessClassifier, GaussianProcessRegressor
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.svm import SVC, SVR
from threadpoolctl import threadpool_limits

from fitscribe.sklearn.training import training_scores

ROUNDS = 11


def cpu(work: Callable[[], object], times: int) -> float:
    """Return the CPU milliseconds of one call, the mean of several."""
    start = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - start) / times * 1e3


def alternated(works: list[Callable[[], object]], times: int) -> list[float]:
    """Return the median CPU milliseconds of each."""
    for work in works:
        work()
    rounds = [[cpu(work, times) for work in works] for _ in range(ROUNDS)]
    return [statistics.median(column) for column in zip(*rounds, strict=True)]


def by_sklearn(estimator: Any, X: Any, y: Any) -> dict[str, float]:
    """Compute what we compute, by scikit-learn's functions."""
    labels = estimator.predict(X)
    if not is_classifier(estimator):
        return {
            "mse": sk.mean_squared_error(y, labels),
            "mae": sk.mean_absolute_error(y, labels),
            "r2": sk.r2_score(y, labels),
            "score": estimator.score(X, y),
        }
    proba = estimator.predict_proba(X)
    scores = proba[:, 1] if proba.shape[1] == 2 else proba
    return {
        "precision": sk.precision_score(y, labels, average="weighted"),
        "recall": sk.recall_score(y, labels, average="weighted"),
        "f1": sk.f1_score(y, labels, average="weighted"),
        "accuracy": sk.accuracy_score(y, labels),
        "log_loss": sk.log_loss(y, proba),
        "roc_auc": sk.roc_auc_score(y, scores, average="weighted", multi_class="ovo"),
        "score": estimator.score(X, y),
    }


def classes(rows: int, count: int, columns: int = 20) -> tuple[Any, Any]:
    """Return data of a classification."""
    made: tuple[Any, Any] = make_classification(
        rows, columns, n_informative=8, n_classes=count, random_state=0
    )
    return made


def values(rows: int, columns: int = 20) -> tuple[Any, Any]:
    """Return data of a regression."""
    made: tuple[Any, Any] = make_regression(rows, columns, noise=5, random_state=0)
    return made


def compare() -> None:
    """Print the first table."""
    texts = np.array(["no", "yes"], dtype=object)
    X, y = classes(1000, 2)
    cases: list[tuple[str, Any, tuple[Any, Any], int]] = [
        ("LogisticRegression 1000 × 20", LogisticRegression(), (X, y), 40),
        ("the same, text labels", LogisticRegression(), (X, texts[y]), 40),
        ("3 classes", LogisticRegression(max_iter=500), classes(1000, 3), 40),
        ("100,000 rows", LogisticRegression(), classes(100_000, 2), 2),
        ("100,000 rows, 5 classes", LogisticRegression(max_iter=500), classes(100_000, 5), 1),
        ("RandomForest(100)", RandomForestClassifier(random_state=0), (X, y), 2),
        ("LinearRegression 1000 × 20", LinearRegression(), values(1000), 40),
        ("100,000 rows", LinearRegression(), values(100_000), 4),
    ]
    print(f"{'':30}{'predict':>9}{'ours':>9}{'sklearn':>9}{'ratio':>8}{'beyond':>9}")
    for title, estimator, (data, target), times in cases:
        estimator.fit(data, target)
        ask = getattr(estimator, "predict_proba", estimator.predict)

        def one_pass(ask: Any = ask, data: Any = data) -> object:
            return ask(data)

        def ours(estimator: Any = estimator, data: Any = data, target: Any = target) -> object:
            return training_scores(estimator, data, target)

        def theirs(estimator: Any = estimator, data: Any = data, target: Any = target) -> object:
            return by_sklearn(estimator, data, target)

        first, mine, other = alternated([one_pass, ours, theirs], times)
        print(
            f"{title:30}{first:9.3f}{mine:9.3f}{other:9.3f}{other / mine:7.1f}×{mine - first:9.3f}"
        )


def lazy() -> None:
    """Print the second table."""
    cases: list[tuple[Any, tuple[Any, Any]]] = [
        (KNeighborsClassifier(), classes(20_000, 2)),
        (KNeighborsClassifier(), classes(20_000, 2, columns=300)),
        (KNeighborsRegressor(), values(20_000)),
        (SVC(), classes(20_000, 2)),
        (SVR(), values(10_000)),
        (KernelRidge(kernel="rbf"), values(5000)),
        (GaussianProcessRegressor(alpha=1.0, optimizer=None), values(2000)),
        (GaussianProcessClassifier(optimizer=None), classes(2000, 2)),
    ]
    print(f"\n{'':28}{'rows':>8}{'asked':>7}{'fit':>10}{'ours':>8}{'limit':>9}")
    for estimator, (data, target) in cases:
        fits = [cpu(lambda e=estimator, d=data, t=target: e.fit(d, t), 1) for _ in range(2)]  # type: ignore[misc]  # defaults bind the loop's names
        found = training_scores(estimator, data, target)
        mine = statistics.median(
            cpu(lambda e=estimator, d=data, t=target: training_scores(e, d, t), 1)  # type: ignore[misc]  # as above
            for _ in range(ROUNDS)
        )
        limit = 0.2 * min(fits) + 30
        print(
            f"{type(estimator).__name__:28}{len(target):8}{found.facts['rows']:7}"
            f"{min(fits):10.1f}{mine:8.1f}{limit:9.1f}{'' if mine <= limit else '  MISSED'}"
        )


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    # Waiting threads of a linear algebra library would count as work.
    with threadpool_limits(1):
        compare()
        lazy()
