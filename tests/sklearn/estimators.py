"""Every estimator that scikit-learn ships, with arguments that let it fit small data."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.cluster import KMeans
from sklearn.datasets import make_blobs
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils import all_estimators

import fitscribe.sklearn

Data = tuple[Any, Any]

# What a fitted estimator may be asked.
METHODS = (
    "predict",
    "predict_proba",
    "decision_function",
    "transform",
    "score_samples",
    "inverse_transform",
)

ARGUMENTS: dict[str, Callable[[], dict[str, Any]]] = {
    "ClassifierChain": lambda: {"estimator": LogisticRegression()},
    "ColumnTransformer": lambda: {"transformers": [("pca", PCA(2), [0, 1, 2])]},
    "FeatureUnion": lambda: {
        "transformer_list": [("pca", PCA(2)), ("km", KMeans(2, random_state=0))]
    },
    "FixedThresholdClassifier": lambda: {"estimator": LogisticRegression()},
    "FeatureHasher": lambda: {"n_features": 64},
    "FrozenEstimator": lambda: {"estimator": fitted_before()},
    "GridSearchCV": lambda: {"estimator": Ridge(), "param_grid": {"alpha": [0.1, 1.0]}, "cv": 2},
    "HashingVectorizer": lambda: {"n_features": 64},
    "HalvingGridSearchCV": lambda: {
        "estimator": Ridge(),
        "param_grid": {"alpha": [0.1, 1.0]},
        "cv": 2,
        "random_state": 0,
    },
    "HalvingRandomSearchCV": lambda: {
        "estimator": Ridge(),
        "param_distributions": {"alpha": [0.1, 1.0]},
        "cv": 2,
        "random_state": 0,
    },
    "MultiOutputClassifier": lambda: {"estimator": LogisticRegression()},
    "MultiOutputRegressor": lambda: {"estimator": Ridge()},
    "OneVsOneClassifier": lambda: {"estimator": LogisticRegression()},
    "OneVsRestClassifier": lambda: {"estimator": LogisticRegression()},
    "OutputCodeClassifier": lambda: {"estimator": LogisticRegression(), "random_state": 0},
    "Pipeline": lambda: {"steps": [("pca", PCA(2)), ("lr", LogisticRegression())]},
    "RFE": lambda: {"estimator": LogisticRegression(), "n_features_to_select": 2},
    "RFECV": lambda: {"estimator": LogisticRegression(), "cv": 2},
    "RandomizedSearchCV": lambda: {
        "estimator": Ridge(),
        "param_distributions": {"alpha": [0.1, 1.0, 10.0]},
        "n_iter": 2,
        "cv": 2,
        "random_state": 0,
    },
    "RegressorChain": lambda: {"estimator": Ridge()},
    "SelectFromModel": lambda: {"estimator": LogisticRegression()},
    "SelfTrainingClassifier": lambda: {"estimator": LogisticRegression()},
    "SequentialFeatureSelector": lambda: {"estimator": LogisticRegression(), "cv": 2},
    "SparseCoder": lambda: {"dictionary": np.eye(4)},
    "StackingClassifier": lambda: {
        "estimators": [("a", LogisticRegression()), ("b", DecisionTreeClassifier(random_state=0))],
        "cv": 2,
    },
    "StackingRegressor": lambda: {"estimators": [("a", Ridge()), ("b", Ridge(2))], "cv": 2},
    "SpectralBiclustering": lambda: {"n_best": 2},
    "TunedThresholdClassifierCV": lambda: {"estimator": LogisticRegression(), "cv": 2},
    "VotingClassifier": lambda: {
        "estimators": [("a", LogisticRegression()), ("b", DecisionTreeClassifier(random_state=0))]
    },
    "VotingRegressor": lambda: {"estimators": [("a", Ridge()), ("b", Ridge(2))]},
}
# Short ways through what is slow by default.
QUICK = {
    "n_estimators": 5,
    "max_iter": 50,
    "n_init": 1,
    "n_iter_no_change": 3,
    "max_iter_predict": 10,
    "n_components": 2,
}
TEXTS = ["red and green", "green", "blue and red", "red", "blue blue", "green and blue"] * 10
# Their first parameter was called otherwise before scikit-learn 1.6 to 1.8.
RENAMED = {"ClassifierChain", "RegressorChain", "SelfTrainingClassifier"}


@cache
def data() -> tuple[np.ndarray, np.ndarray]:
    """Return 60 positive rows of four columns, and two classes."""
    X, y = make_blobs(60, 4, centers=2, random_state=0)
    return np.abs(X).round(3), y


@cache
def fitted_before() -> LogisticRegression:
    """Return a classifier that is fitted once, on the first call: its fit is nobody's subject."""
    with fitscribe.sklearn.autolog_disabled():
        return LogisticRegression().fit(*data())


@cache
def classes() -> dict[str, Any]:
    """Return all estimators by name, the experimental ones included."""
    from sklearn.experimental import enable_halving_search_cv, enable_iterative_imputer

    del enable_halving_search_cv, enable_iterative_imputer
    return dict(all_estimators())


def cases() -> list[str]:
    """Return the names of all estimators."""
    return list(classes())


def make(name: str) -> BaseEstimator:
    """Return an estimator that fits small data quickly."""
    cls = classes()[name]
    arguments = ARGUMENTS.get(name, dict)()
    if name in RENAMED:
        estimator: BaseEstimator = cls(arguments["estimator"])
    else:
        estimator = cls(**arguments)
    known = estimator.get_params(deep=False)
    changes = {key: value for key, value in QUICK.items() if key in known}
    if name in ("LinearDiscriminantAnalysis", "PLSCanonical", "CCA"):
        changes["n_components"] = 1
    if "NMF" in name or "Dictionary" in name or name == "SparsePCA":
        changes["max_iter"] = 20
    if name == "OrthogonalMatchingPursuitCV":
        del changes["max_iter"]  # there it is a number of features
    if name == "TSNE":
        changes |= {"max_iter": 250, "method": "exact"}
    if name.startswith("HistGradient"):
        changes["max_iter"] = 5
    if name.startswith(("GaussianMixture", "BayesianGaussianMixture")):
        changes["max_iter"] = 100
    # A FrozenEstimator's returns None.
    estimator.set_params(**changes)
    return estimator


def data_for(name: str) -> Data:
    """Return what this estimator fits: X and y."""
    X, y = data()
    if name in ("CountVectorizer", "TfidfVectorizer", "HashingVectorizer"):
        return TEXTS, None
    if name == "DictVectorizer":
        return [{"a": 1.0, "b": float(i)} for i in range(10)], None
    if name == "FeatureHasher":
        return [{"a": 1, "b": i} for i in range(10)], None
    if name in ("LabelBinarizer", "LabelEncoder"):
        return y, None
    if name == "MultiLabelBinarizer":
        return [(1, 2), (3,), (1,)], None
    if name == "IsotonicRegression":
        return X[:, 0], y.astype(float)
    if name == "GammaRegressor":
        return X, y + 1.0
    if name == "OrthogonalMatchingPursuitCV":
        return np.hstack([X, X**2, np.sqrt(X)]), X[:, 0] + y
    if name == "PatchExtractor":
        return np.arange(4 * 16 * 16.0).reshape(4, 16, 16), None
    if name == "KernelCenterer":
        return X @ X.T, None
    if name == "RegressorChain" or name.startswith(("MultiTask", "MultiOutput", "CCA", "PLS")):
        return X, np.column_stack([y, 1 - y])
    if name == "ClassifierChain":
        return X, np.column_stack([y, 1 - y])
    return X, y


def fits(name: str) -> bool:
    """Whether it fits without an error (two of scikit-learn's are no estimators by themselves)."""
    X, y = data_for(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            fit(make(name), X, y)
        except (ValueError, TypeError, NotImplementedError, AttributeError):
            return False
    return True


def fit(estimator: Any, X: Any, y: Any) -> Any:
    """Fit, without y where there is none (label encoders take one argument)."""
    return estimator.fit(X) if y is None else estimator.fit(X, y)
