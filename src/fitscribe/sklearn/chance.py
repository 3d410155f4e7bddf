"""Estimators whose result depends on chance, and whose ``random_state`` is not set.

Which do is told by a table of scikit-learn's classes, as they are with their params: a
LogisticRegression draws nothing with lbfgs and shuffles with saga. Of a class that is not in the
table nothing is said, neither of the user's own nor of other packages', which have seeds of their
own where none is given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from fitscribe.sklearn.finding import Finding, finding
from fitscribe.sklearn.standin import is_sklearns

__all__ = ["unset_random_states"]

NAME = "random_state"
BEST = "best_estimator_"
Own = Mapping[str, Any]

# Those that draw whatever their params are.
ALWAYS = frozenset(
    {
        *("RandomForestClassifier", "RandomForestRegressor", "ExtraTreesClassifier"),
        *("ExtraTreesRegressor", "RandomTreesEmbedding", "IsolationForest"),
        *("BaggingClassifier", "BaggingRegressor", "AdaBoostRegressor"),
        *("ExtraTreeClassifier", "ExtraTreeRegressor"),
        *("MLPClassifier", "MLPRegressor", "BernoulliRBM"),
        *("MiniBatchKMeans", "BisectingKMeans", "SpectralClustering", "SpectralBiclustering"),
        *("SpectralCoclustering", "LatentDirichletAllocation", "DictionaryLearning"),
        *("MiniBatchDictionaryLearning", "SparsePCA", "MiniBatchSparsePCA", "TSNE", "MDS"),
        *("GaussianRandomProjection", "SparseRandomProjection", "RBFSampler", "Nystroem"),
        *("SkewedChi2Sampler", "PolynomialCountSketch", "RANSACRegressor", "TheilSenRegressor"),
        *("MinCovDet", "EllipticEnvelope", "OutputCodeClassifier"),
        *("HalvingGridSearchCV", "HalvingRandomSearchCV"),
    }
)
# Those that hand a seed of their own to what is inside, so that one there need not be set.
SEEDING = frozenset(
    {
        *("BaggingClassifier", "BaggingRegressor", "AdaBoostClassifier", "AdaBoostRegressor"),
        *("RANSACRegressor", "ClassifierChain", "RegressorChain"),
    }
)


def _is(name: str, *values: Any) -> Callable[[Own], bool]:
    def is_one(own: Own) -> bool:
        # An array (a chain's order) compares by element.
        value = own.get(name)
        return isinstance(value, (str, bool, np.bool_)) and value in values

    return is_one


def _tree(own: Own) -> bool:
    # With several features, equally good splits are chosen between by chance.
    drawing = own.get("splitter") == "random" or own.get("max_features") is not None
    return drawing or own.get("n_features_in_") != 1


def _boosting(own: Own) -> bool:
    drawing = own.get("subsample", 1.0) < 1.0 or own.get("n_iter_no_change") is not None
    return drawing or own.get("n_features_in_") != 1


def _histograms(own: Own) -> bool:
    stopping = own.get("do_early_stopping_", own.get("early_stopping"))
    return stopping is True or own.get("max_features", 1.0) != 1.0


def _logistic(own: Own) -> bool:
    solver = own.get("solver")
    if solver == "liblinear":
        return bool(own.get("dual")) or own.get("penalty") == "l1" or own.get("l1_ratio") == 1
    return solver in ("sag", "saga")


def _linear_svr(own: Own) -> bool:
    return own.get("dual") is True or own.get("loss") == "epsilon_insensitive"


def _ridge(own: Own) -> bool:
    return own.get("solver_", own.get("solver")) in ("sag", "saga")


def _k_means(own: Own) -> bool:
    return isinstance(own.get("init"), str) or callable(own.get("init"))


def _nmf(own: Own) -> bool:
    return own.get("init") in ("random", "nndsvdar") or bool(own.get("shuffle"))


def _imputer(own: Own) -> bool:
    drawing = bool(own.get("sample_posterior")) or own.get("imputation_order") == "random"
    return drawing or own.get("n_nearest_features") is not None


def _sgd(own: Own) -> bool:
    return bool(own.get("shuffle", True)) or bool(own.get("early_stopping"))


def _mixture(own: Own) -> bool:
    return own.get("means_init") is None


def _fast_ica(own: Own) -> bool:
    return own.get("w_init") is None


def _some_of_grid(own: Own) -> bool:
    """Whether a randomized search tries less than all, or draws from distributions."""
    space = own.get("param_distributions")
    if not isinstance(space, Mapping):
        return True
    size = 1
    for values in space.values():
        if hasattr(values, "rvs") or not hasattr(values, "__len__"):
            return True
        size *= len(values)
    return bool(own.get("n_iter", 0) < size)


_SVC = _is("probability", True)
_COORDINATES = _is("selection", "random")
_LOGISTIC = {"LogisticRegression": _logistic, "LogisticRegressionCV": _logistic}

SOMETIMES: Mapping[str, Callable[[Own], bool]] = {
    **_LOGISTIC,
    "DecisionTreeClassifier": _tree,
    "DecisionTreeRegressor": _tree,
    "GradientBoostingClassifier": _boosting,
    "GradientBoostingRegressor": _boosting,
    "HistGradientBoostingClassifier": _histograms,
    "HistGradientBoostingRegressor": _histograms,
    # Its default is a tree of one split, which may have an equal.
    "AdaBoostClassifier": lambda own: own.get("estimator") is None and _tree(own),
    "SGDClassifier": _sgd,
    "SGDRegressor": _sgd,
    "SGDOneClassSVM": _sgd,
    "Perceptron": _sgd,
    "PassiveAggressiveClassifier": _sgd,
    "PassiveAggressiveRegressor": _sgd,
    "LinearSVC": _is("dual", True),
    "LinearSVR": _linear_svr,
    "SVC": _SVC,
    "NuSVC": _SVC,
    "Ridge": _ridge,
    "RidgeClassifier": _ridge,
    "Lasso": _COORDINATES,
    "LassoCV": _COORDINATES,
    "ElasticNet": _COORDINATES,
    "ElasticNetCV": _COORDINATES,
    "MultiTaskLasso": _COORDINATES,
    "MultiTaskElasticNet": _COORDINATES,
    "KMeans": _k_means,
    "GaussianMixture": _mixture,
    "BayesianGaussianMixture": _mixture,
    "PCA": lambda own: own.get("_fit_svd_solver", own.get("svd_solver")) == "randomized",
    "TruncatedSVD": _is("algorithm", "randomized"),
    "KernelPCA": _is("eigen_solver", "randomized"),
    "FactorAnalysis": _is("svd_method", "randomized"),
    "FastICA": _fast_ica,
    "NMF": _nmf,
    "MiniBatchNMF": _nmf,
    "TargetEncoder": _is("shuffle", True),
    "IterativeImputer": _imputer,
    "DummyClassifier": _is("strategy", "stratified", "uniform"),
    "GaussianProcessRegressor": lambda own: own.get("n_restarts_optimizer", 0) > 0,
    "GaussianProcessClassifier": lambda own: own.get("n_restarts_optimizer", 0) > 0,
    "ClassifierChain": _is("order", "random"),
    "RegressorChain": _is("order", "random"),
    "RandomizedSearchCV": _some_of_grid,
    "TunedThresholdClassifierCV": lambda own: isinstance(own.get("cv"), float),
}


def unset_random_states(estimator: Any, params: Mapping[str, Any]) -> list[Finding]:
    """Return a finding for each ``random_state`` that is None where the result depends on it.

    Parameters
    ----------
    estimator : object
        The fitted estimator.
    params : mapping of str to object
        All of its params, those of the estimators inside it among them.
    """
    found = []
    for key, value in params.items():
        name = key.rpartition("__")
        if value is not None or name[2] != NAME or key.startswith(BEST):
            continue
        owner = params.get(name[0]) if name[0] else estimator
        if not _draws(owner) or _is_seeded(estimator, params, name[0]):
            continue
        cls = type(owner).__name__
        where = f"{key} ({cls})" if name[0] else f"{cls}: {NAME}"
        text = f"{where} is not set: another fit may give another result."
        found.append(finding("unset_random_state", text, param=key))
    splitter = params.get("cv")
    if getattr(splitter, NAME, 0) is None and _shuffles(splitter):
        text = f"cv ({type(splitter).__name__}) shuffles, and its {NAME} is not set."
        found.append(finding("unset_random_state", text, param="cv"))
    return found


def _draws(owner: Any) -> bool:
    cls = type(owner)
    if not is_sklearns(cls):
        return False
    test = SOMETIMES.get(cls.__name__)
    return cls.__name__ in ALWAYS if test is None else test(vars(owner))


def _is_seeded(estimator: Any, params: Mapping[str, Any], path: str) -> bool:
    """Whether what is at a path gets its seed from one outside it, or from a search's grid."""
    if path and f"{path}__{NAME}" in _tried(estimator):
        return True
    while path:
        path = path.rpartition("__")[0]
        outer = params.get(path) if path else estimator
        if type(outer).__name__ in SEEDING:
            return True
    return False


def _tried(search: Any) -> set[str]:
    """Return the params that a search tries, by their names in the search's own params."""
    best = getattr(search, "__dict__", {}).get("best_params_")
    return {f"estimator__{key}" for key in best} if isinstance(best, Mapping) else set()


def _shuffles(splitter: Any) -> bool:
    cls = type(splitter)
    if not is_sklearns(cls):
        return False
    always = "ShuffleSplit" in cls.__name__ or cls.__name__.startswith("Repeated")
    return always or getattr(splitter, "shuffle", None) is True
