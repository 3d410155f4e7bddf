"""Where an attribute says that a fit did not converge, scikit-learn warns; and the other way."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import (
    HuberRegressor,
    LogisticRegression,
    LogisticRegressionCV,
    Perceptron,
    PoissonRegressor,
    SGDClassifier,
    SGDOneClassSVM,
    SGDRegressor,
)
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.svm import SVC, SVR, LinearSVC, LinearSVR, NuSVC, NuSVR, OneClassSVM

from fitscribe.sklearn.convergence import stopped_early

X = np.random.default_rng(0).normal(size=(60, 3)) * [1.0, 30.0, 300.0]
y = (X[:, 0] + X[:, 1] > 0).astype(int)

ESTIMATORS = [
    *(LogisticRegression(solver=solver) for solver in ("lbfgs", "newton-cg", "liblinear")),
    *(LogisticRegression(solver=solver, random_state=0) for solver in ("sag", "saga")),
    LogisticRegression(solver="newton-cholesky"),
    LogisticRegressionCV(Cs=2, cv=2),
    SGDClassifier(random_state=0),
    SGDClassifier(random_state=0, tol=None),
    SGDRegressor(random_state=0),
    SGDOneClassSVM(random_state=0),
    Perceptron(random_state=0),
    LinearSVC(random_state=0, dual=True),
    LinearSVR(random_state=0, dual=True),
    SVC(),
    SVR(),
    NuSVC(),
    NuSVR(),
    OneClassSVM(),
    MLPClassifier(random_state=0),
    MLPClassifier(random_state=0, early_stopping=True),
    MLPRegressor(random_state=0, solver="lbfgs"),
    HuberRegressor(),
    PoissonRegressor(),
    GaussianMixture(3, random_state=0, tol=1e-9),
    BayesianGaussianMixture(n_components=3, random_state=0, tol=1e-9),
]


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=repr)
def test_it_says_what_the_warning_says(estimator: Any) -> None:
    for most in (1, 2, 5, 20, 100):
        with warnings.catch_warnings(record=True) as shown:
            warnings.simplefilter("always")
            estimator.set_params(max_iter=most).fit(X, y)
        warned = any(issubclass(one.category, ConvergenceWarning) for one in shown)
        told = bool(stopped_early([("", estimator)]))
        if type(estimator).__name__ == "LogisticRegression" and estimator.solver.endswith("ky"):
            assert not told  # where an attribute does not say, nothing is said
        else:
            assert told == warned, most
