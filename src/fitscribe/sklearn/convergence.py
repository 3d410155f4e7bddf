"""Fits that ended before they converged, told from what they left behind.

scikit-learn warns of them, but a warning may be muted, or be shown for the first fit of a loop
alone. The classes here are those where an attribute says the same as the warning; about any other
nothing is said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from fitscribe.sklearn.finding import Finding, finding
from fitscribe.sklearn.standin import is_sklearns

__all__ = ["stopped_early"]

# Solvers of LogisticRegression that warn exactly where the last iteration is the last allowed.
COUNTING_SOLVERS = ("lbfgs", "newton-cg", "liblinear", "sag", "saga")


def _at_limit(own: Mapping[str, Any]) -> bool:
    """Whether as many iterations were done as are allowed."""
    done, most = own.get("n_iter_"), own.get("max_iter")
    if done is None or most is None:
        return False
    if isinstance(done, np.ndarray):
        return done.size > 0 and bool(done.max() >= most)
    return bool(done >= most) if isinstance(done, (int, np.integer)) else False


def _logistic(own: Mapping[str, Any]) -> bool:
    return own.get("solver") in COUNTING_SOLVERS and _at_limit(own)


def _with_tolerance(own: Mapping[str, Any]) -> bool:
    tol = own.get("tol")
    return tol is not None and tol > -np.inf and _at_limit(own)


def _network(own: Mapping[str, Any]) -> bool:
    if own.get("solver") == "lbfgs":
        return _at_limit(own)
    # It may have stopped improving in its very last epoch.
    patience = own.get("_no_improvement_count", 0)
    return patience <= own.get("n_iter_no_change", 0) and _at_limit(own)


def _glm(own: Mapping[str, Any]) -> bool:
    return own.get("solver") == "lbfgs" and _at_limit(own)


def _mixture(own: Mapping[str, Any]) -> bool:
    return own.get("converged_") is False and own.get("max_iter", 0) > 0


def _vectors(own: Mapping[str, Any]) -> bool:
    return bool(own.get("fit_status_") == 1)


_STOPPED: Mapping[str, Callable[[Mapping[str, Any]], bool]] = {
    "LogisticRegression": _logistic,
    "LogisticRegressionCV": _logistic,
    "SGDClassifier": _with_tolerance,
    "SGDRegressor": _with_tolerance,
    "SGDOneClassSVM": _with_tolerance,
    "Perceptron": _with_tolerance,
    "PassiveAggressiveClassifier": _with_tolerance,
    "PassiveAggressiveRegressor": _with_tolerance,
    "LinearSVC": _at_limit,
    "LinearSVR": _at_limit,
    "MLPClassifier": _network,
    "MLPRegressor": _network,
    "HuberRegressor": _at_limit,
    "PoissonRegressor": _glm,
    "GammaRegressor": _glm,
    "TweedieRegressor": _glm,
    "GaussianMixture": _mixture,
    "BayesianGaussianMixture": _mixture,
    "SVC": _vectors,
    "SVR": _vectors,
    "NuSVC": _vectors,
    "NuSVR": _vectors,
    "OneClassSVM": _vectors,
}


def stopped_early(parts: Iterable[tuple[str, Any]]) -> list[Finding]:
    """Return a finding for each part of a fitted estimator that did not converge.

    Parameters
    ----------
    parts : iterable of (str, object)
        The fitted estimators by name; the outermost is named ``""``.
    """
    found = []
    for name, part in parts:
        cls = type(part)
        test = _STOPPED.get(cls.__name__)
        if test is None or not is_sklearns(cls) or not test(vars(part)):
            continue
        where = f"{name} ({cls.__name__})" if name else cls.__name__
        most = vars(part).get("max_iter")
        text = (
            f"{where} stopped at max_iter={most} and has not converged. "
            "(A ConvergenceWarning of it was muted, or had been shown before.)"
        )
        found.append(finding("not_converged", text, max_iter=most))
    return found
