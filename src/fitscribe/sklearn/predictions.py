"""What is asked of a fitted estimator to score it: as few passes over X as give the truth.

A classifier's labels follow from its probabilities only where its ``predict`` is known to follow
from them. Three tables of exact classes say where (read from scikit-learn 1.5 to 1.9, checked by
a test over ``all_estimators``); anything else, a user's subclass among it, is asked ``predict``
as well.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin, RegressorMixin, is_classifier, is_regressor

from fitscribe.sklearn.rows import Rows, choose_rows, take_rows
from fitscribe.sklearn.targets import Codes, codes_of

__all__ = [
    "CLASSIFIER",
    "OTHER",
    "REGRESSOR",
    "Plan",
    "Predictions",
    "as_it_is",
    "known_answer",
    "plan_of",
    "predict_once",
]

Array = NDArray[Any]

CLASSIFIER, REGRESSOR, OTHER = "classifier", "regressor", "other"
# How labels follow from the scores that are asked for.
ARGMAX, NEAR_TIES, OWN = "argmax", "near ties", "own"

# predict(X) is the argmax of predict_proba(X), by its own source.
ARGMAX_CLASSES = frozenset(
    {
        "sklearn.calibration.CalibratedClassifierCV",
        "sklearn.ensemble._bagging.BaggingClassifier",
        "sklearn.ensemble._forest.ExtraTreesClassifier",
        "sklearn.ensemble._forest.RandomForestClassifier",
        "sklearn.ensemble._voting.VotingClassifier",
        "sklearn.semi_supervised._label_propagation.LabelPropagation",
        "sklearn.semi_supervised._label_propagation.LabelSpreading",
        "sklearn.tree._classes.DecisionTreeClassifier",
        "sklearn.tree._classes.ExtraTreeClassifier",
    }
)
# Both follow from the same scores, and probabilities never fall where scores rise. Rounding may
# make two probabilities equal whose scores differ, so rows with nearly tied ones are asked again.
NEAR_TIES_CLASSES = frozenset(
    {
        "sklearn.discriminant_analysis.LinearDiscriminantAnalysis",
        "sklearn.discriminant_analysis.QuadraticDiscriminantAnalysis",
        "sklearn.ensemble._gb.GradientBoostingClassifier",
        "sklearn.ensemble._hist_gradient_boosting.gradient_boosting.HistGradientBoostingClassifier",
        "sklearn.ensemble._weight_boosting.AdaBoostClassifier",
        "sklearn.linear_model._logistic.LogisticRegression",
        "sklearn.linear_model._logistic.LogisticRegressionCV",
        "sklearn.linear_model._stochastic_gradient.SGDClassifier",
        "sklearn.naive_bayes.BernoulliNB",
        "sklearn.naive_bayes.CategoricalNB",
        "sklearn.naive_bayes.ComplementNB",
        "sklearn.naive_bayes.GaussianNB",
        "sklearn.naive_bayes.MultinomialNB",
        "sklearn.neighbors._classification.KNeighborsClassifier",
        "sklearn.neighbors._classification.RadiusNeighborsClassifier",
        "sklearn.neural_network._multilayer_perceptron.MLPClassifier",
    }
)
# Without probabilities: of two classes, the second is predicted where decision_function(X) > 0.
# Asking for the decision instead of the labels gives the curves too.
DECISION_CLASSES = frozenset(
    {
        "sklearn.linear_model._passive_aggressive.PassiveAggressiveClassifier",
        "sklearn.linear_model._perceptron.Perceptron",
        "sklearn.linear_model._ridge.RidgeClassifier",
        "sklearn.linear_model._ridge.RidgeClassifierCV",
        "sklearn.linear_model._stochastic_gradient.SGDClassifier",
        "sklearn.svm._classes.LinearSVC",
        "sklearn.svm._classes.NuSVC",
        "sklearn.svm._classes.SVC",
    }
)
# predict and the methods for scores all pass on to the fitted estimator in this attribute.
PASSES_ON = {
    "sklearn.ensemble._stacking.StackingClassifier": "final_estimator_",
    "sklearn.feature_selection._rfe.RFE": "estimator_",
    "sklearn.feature_selection._rfe.RFECV": "estimator_",
    "sklearn.frozen._frozen.FrozenEstimator": "estimator",
    "sklearn.linear_model._ransac.RANSACRegressor": "estimator_",
    "sklearn.model_selection._search.GridSearchCV": "best_estimator_",
    "sklearn.model_selection._search.RandomizedSearchCV": "best_estimator_",
    "sklearn.model_selection._search_successive_halving.HalvingGridSearchCV": "best_estimator_",
    "sklearn.model_selection._search_successive_halving.HalvingRandomSearchCV": "best_estimator_",
    "sklearn.pipeline.Pipeline": "steps",
    "sklearn.semi_supervised._self_training.SelfTrainingClassifier": "estimator_",
}
# Outlier detectors: what predict(X) holds is known without asking.
PREDICTS: dict[str, type] = {
    "sklearn.covariance._elliptic_envelope.EllipticEnvelope": int,
    "sklearn.ensemble._iforest.IsolationForest": int,
    "sklearn.linear_model._stochastic_gradient.SGDOneClassSVM": np.int32,
    "sklearn.neighbors._lof.LocalOutlierFactor": int,
    "sklearn.svm._classes.OneClassSVM": np.intp,
}
METHODS = ("predict", "predict_proba", "decision_function")
# Two scores closer than this may have changed places by rounding, in 64 and in 32 bits.
NEARLY, NEARLY_IN_32 = 1e-9, 1e-5


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be asked of an estimator.

    Parameters
    ----------
    kind : {"classifier", "regressor", "other"}
        What it is, as scikit-learn sees it.
    method : {"predict_proba", "decision_function", "predict", ""}
        What is asked first; empty if nothing is predicted.
    rule : {"argmax", "near ties", "own"}
        How labels follow from that; "own" if ``predict`` is asked too.
    rows : Rows
        Which rows are asked.
    """

    kind: str
    method: str
    rule: str
    rows: Rows


@dataclass(frozen=True, slots=True)
class Predictions:
    """What an estimator answered.

    Parameters
    ----------
    labels : ndarray, sparse matrix or list
        What ``predict`` gave, or would have given.
    codes : ndarray of shape (n_rows,) and dtype intp, or None
        The labels' positions in `classes`, where they are known.
    probabilities : ndarray of shape (n_rows, n_classes), list of such, or None
        What ``predict_proba`` gave.
    decision : ndarray of shape (n_rows,), or None
        What ``decision_function`` gave.
    classes : ndarray of shape (n_classes,), or None
        The model's ``classes_``, where the target is a single column.
    passes : int
        How many methods were called on all of the asked rows.
    asked_again : int
        How many rows were asked once more because two classes were nearly tied.
    """

    labels: Any
    codes: Codes | None = None
    probabilities: Any = None
    decision: Array | None = None
    classes: Array | None = None
    passes: int = 1
    asked_again: int = 0


def class_name(estimator: object) -> str:
    """Return the full name of an object's exact class."""
    cls = type(estimator)
    return f"{cls.__module__}.{cls.__qualname__}"


def passed_on(estimator: Any) -> Any:
    """Return the fitted estimator that this one's predictions come from; None if its own."""
    attribute = PASSES_ON.get(class_name(estimator))
    if attribute is None:
        return None
    own = vars(estimator)
    if attribute == "steps":
        return own["steps"][-1][1]
    # Its name in SelfTrainingClassifier up to 1.5.
    return own.get(attribute, own.get("base_estimator_"))


def kind_of(estimator: Any) -> str:
    """Return whether scikit-learn takes it for a classifier, a regressor, or neither."""
    if isinstance(estimator, ClassifierMixin):
        return CLASSIFIER
    if isinstance(estimator, RegressorMixin):
        return REGRESSOR
    inner = passed_on(estimator)
    if inner is not None and not isinstance(inner, str):
        return kind_of(inner)
    told = getattr(estimator, "_estimator_type", None)
    if told is not None:
        # CatBoost's ranker says so here, and in its tags that it is a regressor.
        return told if told in (CLASSIFIER, REGRESSOR) else OTHER
    # From 1.6 the two functions warn about classes that have no tags of scikit-learn's.
    if hasattr(type(estimator), "__sklearn_tags__"):
        if is_classifier(estimator):
            return CLASSIFIER
        if is_regressor(estimator):
            return REGRESSOR
    return OTHER


def single_classes(estimator: Any) -> Array | None:
    """Return the model's classes if it has one flat array of them."""
    classes = getattr(estimator, "classes_", None)
    return classes if isinstance(classes, np.ndarray) and classes.ndim == 1 else None


def plan_of(estimator: Any, X: Any, y: Array | None) -> Plan:
    """Return what to ask of a fitted estimator, without asking.

    Parameters
    ----------
    estimator : object
        A fitted estimator.
    X : array-like, sparse matrix or frame of shape (n_rows, n_features)
        The training data.
    y : ndarray of shape (n_rows,) or (n_rows, n_outputs), or None
        The target, from :func:`fitscribe.sklearn.targets.target_array`; None if it is sparse.

    Returns
    -------
    Plan
        See there. Where the target has several columns, labels are always asked.

    Raises
    ------
    TypeError
        If X has no length.
    """
    kind = kind_of(estimator)
    shape: tuple[int, ...] = getattr(X, "shape", None) or (len(X),)
    columns = int(shape[1]) if len(shape) > 1 else 1
    outputs = int(np.prod(y.shape[1:])) if y is not None else 1
    classes = single_classes(estimator) if kind == CLASSIFIER else None
    if classes is not None:
        outputs = max(outputs, len(classes))
    method, rule = "", OWN
    if kind == CLASSIFIER and hasattr(estimator, "predict"):
        flat = y is not None and y.ndim == 1
        method, rule = _classifier_method(estimator, classes if flat else None)
    elif kind == REGRESSOR and hasattr(estimator, "predict"):
        method = "predict"
    return Plan(kind, method, rule, choose_rows(estimator, int(shape[0]), columns, outputs))


def _classifier_method(estimator: Any, classes: Array | None) -> tuple[str, str]:
    """Return which method to ask first, and how labels follow from it."""
    if hasattr(estimator, "predict_proba"):
        return "predict_proba", OWN if classes is None else _rule_of(estimator)
    if classes is not None and len(classes) == 2 and _decides(estimator):
        return "decision_function", NEAR_TIES
    return "predict", OWN


def _is_plain(estimator: Any) -> bool:
    """Whether nobody put another prediction on this one object."""
    own = vars(estimator)
    return not any(method in own for method in METHODS)


def _rule_of(estimator: Any) -> str:
    """Return how labels follow from the probabilities."""
    name = class_name(estimator)
    if name in ARGMAX_CLASSES and _is_plain(estimator):
        return ARGMAX
    if name in NEAR_TIES_CLASSES and _is_plain(estimator):
        # Weights of neighbours that a user's function gives may be negative or all zero.
        return OWN if callable(getattr(estimator, "weights", None)) else NEAR_TIES
    inner = passed_on(estimator)
    if inner is None or isinstance(inner, str) or not _is_plain(estimator):
        return OWN
    return _rule_of(inner)


def _decides(estimator: Any) -> bool:
    """Whether labels of two classes follow from the sign of ``decision_function``."""
    if not _is_plain(estimator) or not hasattr(estimator, "decision_function"):
        return False
    if class_name(estimator) in DECISION_CLASSES:
        return True
    inner = passed_on(estimator)
    return inner is not None and not isinstance(inner, str) and _decides(inner)


def known_answer(estimator: Any) -> Array | None:
    """Return an empty array like the one that ``predict`` gives, or None if it must be asked."""
    dtype = PREDICTS.get(class_name(estimator))
    if dtype is None or not hasattr(estimator, "predict") or not _is_plain(estimator):
        return None
    return np.empty(0, dtype)


def as_it_is(data: Any) -> Any:
    """Return the data itself: whoever is asked leaves it alone."""
    return data


def predict_once(
    estimator: Any, plan: Plan, X: Any, lend: Callable[[Any], Any] = as_it_is
) -> Predictions:
    """Ask the estimator, and return what it answered.

    Parameters
    ----------
    estimator : object
        The fitted estimator that `plan` is of.
    plan : Plan
        What to ask; its rows were taken from X already.
    X : array-like, sparse matrix or frame of shape (n_asked, n_features)
        The rows to ask about.
    lend : callable
        Called with X for each method that is asked; what it returns may be overwritten.

    Returns
    -------
    Predictions
        Where the labels follow from the scores, ``predict`` was called for no row, or for those
        rows only whose two best classes are within 1e-9.

    Raises
    ------
    Exception
        Whatever the estimator's methods raise.
    """
    if plan.method == "predict_proba":
        return _from_probabilities(estimator, plan, X, lend)
    classes = single_classes(estimator)
    if plan.method == "decision_function" and classes is not None:
        decision = np.asarray(estimator.decision_function(lend(X))).reshape(-1)
        best = (decision > 0).astype(np.intp)
        tied = np.flatnonzero(~(np.abs(decision) > _nearly(decision)))
        labels, codes = _labels(estimator, X, classes, best, tied, lend)
        return Predictions(labels, codes, None, decision, classes, 1, len(tied))
    return Predictions(estimator.predict(lend(X)), classes=classes)


def _from_probabilities(
    estimator: Any, plan: Plan, X: Any, lend: Callable[[Any], Any]
) -> Predictions:
    """Ask for probabilities, and for labels where they do not follow."""
    try:
        given = estimator.predict_proba(lend(X))
    except AttributeError:  # scikit-learn's way to say that it has none after all
        return Predictions(estimator.predict(lend(X)), classes=single_classes(estimator))
    proba = given if isinstance(given, list) else np.asarray(given)
    classes = single_classes(estimator)
    if (
        plan.rule == OWN
        or classes is None
        or isinstance(proba, list)
        or proba.ndim != 2
        or proba.shape[1] != len(classes)
    ):
        return Predictions(estimator.predict(lend(X)), None, proba, None, classes, 2)
    best, tied = best_and_tied(proba, plan.rule == NEAR_TIES)
    labels, codes = _labels(estimator, X, classes, best, tied, lend)
    return Predictions(labels, codes, proba, None, classes, 1, len(tied))


def _nearly(scores: Array) -> float:
    """Return how close two scores must be to count as nearly tied."""
    return NEARLY if scores.dtype.itemsize >= 8 else NEARLY_IN_32


def best_and_tied(proba: Array, find_ties: bool = True) -> tuple[Codes, Codes]:
    """Return the most probable class of each row, and the rows where two are nearly tied."""
    none = np.empty(0, np.intp)
    if proba.shape[1] == 2:
        lead = proba[:, 1] - proba[:, 0]
        best = (lead > 0).astype(np.intp)
        if find_ties:
            # Written so that NaN counts as tied.
            return best, np.flatnonzero(~(np.abs(lead) > _nearly(proba)))
        if not np.isnan(lead).any():
            return best, none
    best = proba.argmax(axis=1)
    if not find_ties or proba.shape[1] < 2:
        return best, none
    top = proba[np.arange(len(proba)), best]
    close = proba >= (top - _nearly(proba))[:, np.newaxis]
    if np.count_nonzero(close) == len(proba) and not np.isnan(top).any():
        return best, none  # each row is close to its own best only
    return best, np.flatnonzero(close.sum(axis=1) != 1)


def _labels(
    estimator: Any,
    X: Any,
    classes: Array,
    best: Codes,
    tied: Codes,
    lend: Callable[[Any], Any],
) -> tuple[Array, Codes | None]:
    """Return the labels of the best classes, the tied rows' from ``predict`` itself."""
    labels: Array = classes[best]
    if not len(tied):
        return labels, best
    rows = take_rows(X, tied) if len(tied) < len(best) else lend(X)
    asked = np.asarray(estimator.predict(rows))
    labels[tied] = asked.reshape(len(tied))
    codes = codes_of(labels[tied], classes)
    if codes is None:
        return labels, None
    best[tied] = codes
    return labels, best
