"""``training_score``: what ``estimator.score`` gives, without a second pass where that is known.

``ClassifierMixin.score`` is the accuracy of ``predict`` and ``RegressorMixin.score`` its R², and
both are at hand. A search's scorer is shown the predictions that were made. Any other ``score``
is called, but for one that would call a scoring function of the user's own: what that prints or
counts would show.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import get_config
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.utils.metadata_routing import MetadataRouter, get_routing_for_object

from fitscribe.sklearn.effects import only_computes
from fitscribe.sklearn.predictions import (
    OTHER,
    Plan,
    Predictions,
    as_it_is,
    class_name,
    passed_on,
)
from fitscribe.sklearn.standin import is_sklearns

__all__ = ["ScoreRule", "is_own_scoring", "score_of", "score_rule"]

Array = NDArray[Any]

ACCURACY, R2, EXACT_ROWS, SCORER, CALL, OWN, RANKS, NONE = (
    "accuracy",
    "r2",
    "exact rows",
    "scorer",
    "call",
    "own",
    "ranks",
    "none",
)
# Looked up once, before anybody puts a hook in their place.
BY_FUNCTION = {ClassifierMixin.score: ACCURACY, RegressorMixin.score: R2}
# Classes that override the two to say more about X=None, or to compare rows of labels.
BY_CLASS = {
    "sklearn.dummy.DummyClassifier": ACCURACY,
    "sklearn.dummy.DummyRegressor": R2,
    "sklearn.multioutput.MultiOutputClassifier": EXACT_ROWS,
    "sklearn.neighbors._classification.KNeighborsClassifier": ACCURACY,
    "sklearn.neighbors._classification.RadiusNeighborsClassifier": ACCURACY,
}
# score(X, y) asks the estimator that predicts for it; True if sample_weight goes along.
SCORE_PASSES_ON = {
    "sklearn.feature_selection._rfe.RFE": False,
    "sklearn.frozen._frozen.FrozenEstimator": True,
    "sklearn.linear_model._ransac.RANSACRegressor": False,
    "sklearn.pipeline.Pipeline": True,
    "sklearn.semi_supervised._self_training.SelfTrainingClassifier": False,
}
SEARCHES = frozenset(
    {
        "sklearn.model_selection._search.GridSearchCV",
        "sklearn.model_selection._search.RandomizedSearchCV",
        "sklearn.model_selection._search_successive_halving.HalvingGridSearchCV",
        "sklearn.model_selection._search_successive_halving.HalvingRandomSearchCV",
    }
)
ELIMINATED = "sklearn.feature_selection._rfe.RFECV"
CROSS_VALIDATED = "sklearn.linear_model._logistic.LogisticRegressionCV"
REPLAYED = ("predict", "predict_proba")


@dataclass(frozen=True, slots=True)
class ScoreRule:
    """Where a score comes from.

    Parameters
    ----------
    source : {"accuracy", "r2", "exact rows", "scorer", "call", "own", "ranks", "none"}
        A metric that is at hand, a scorer to show the predictions to, a call; or nothing, for
        it is a function of the user's own, ranks rows within groups that ``score`` is not told
        of, or there is no score.
    weighted : bool
        Whether ``sample_weight`` counts in it.
    scorer : object
        scikit-learn's scorer, for "scorer".
    estimator : object
        The estimator that the scorer is applied to.
    """

    source: str
    weighted: bool = True
    scorer: Any = None
    estimator: Any = None


def score_rule(estimator: Any) -> ScoreRule:
    """Return where an estimator's score comes from, without calling it.

    Parameters
    ----------
    estimator : object
        A fitted estimator.
    """
    if not hasattr(estimator, "score"):
        return ScoreRule(NONE)
    if getattr(estimator, "_estimator_type", None) == "ranker":
        return ScoreRule(RANKS)
    if "score" in getattr(estimator, "__dict__", {}):
        return ScoreRule(CALL)
    name = class_name(estimator)
    if name in SEARCHES:
        return _rule_of_search(estimator)
    if name in SCORE_PASSES_ON:
        return _within(score_rule(passed_on(estimator)), SCORE_PASSES_ON[name])
    if is_own_scoring(getattr(estimator, "scoring", None)):
        return ScoreRule(OWN)
    if name == ELIMINATED:
        rule = score_rule(passed_on(estimator))
        default = estimator.scoring is None and rule.source in (ACCURACY, R2)
        return _within(rule, weighted=False) if default else ScoreRule(CALL)
    if name == CROSS_VALIDATED:
        # The default is accuracy up to 1.10; what a later release makes of it is asked.
        return ScoreRule(ACCURACY if estimator.scoring == "accuracy" else CALL)
    for cls in type(estimator).__mro__:
        if "score" in vars(cls):
            listed = BY_CLASS.get(f"{cls.__module__}.{cls.__qualname__}")
            # Through the class, where a hook shows the function that it stands for.
            function = getattr(cls, "score", None)
            known = BY_FUNCTION.get(function) if inspect.isfunction(function) else None
            return ScoreRule(listed or known or CALL)
    return ScoreRule(CALL)


def is_own_scoring(scoring: Any) -> bool:
    """Whether this calls a function of the user's own when it scores, which may show."""
    if not callable(scoring):
        return False
    if type(scoring).__module__ != "sklearn.metrics._scorer":
        return True
    function = getattr(scoring, "_score_func", None)
    return function is not None and not is_sklearns(function) and not only_computes(function)


def _within(rule: ScoreRule, weighted: bool) -> ScoreRule:
    """Return the rule of what an outer estimator passes on."""
    source = CALL if rule.source == NONE else rule.source
    return ScoreRule(source, rule.weighted and weighted, rule.scorer, rule.estimator)


def _rule_of_search(search: Any) -> ScoreRule:
    """Return the rule of a search; its score takes no weights."""
    best, scorer = getattr(search, "best_estimator_", None), getattr(search, "scorer_", None)
    if isinstance(scorer, dict):
        refit = search.refit
        scorer = scorer.get(refit) if isinstance(refit, str) else scorer
    # It may have been refitted before it was told not to be.
    if best is None or scorer is None or not search.refit:
        return ScoreRule(NONE)
    if is_own_scoring(scorer):
        return ScoreRule(OWN)
    if type(scorer).__name__ == "_PassthroughScorer":
        return _within(score_rule(best), weighted=False)
    methods = getattr(scorer, "_response_method", None)
    listed = (methods,) if isinstance(methods, str) else methods or ()
    first = next((method for method in listed if hasattr(best, method)), None)
    if type(scorer).__name__ == "_Scorer" and first in REPLAYED:
        return ScoreRule(SCORER, False, scorer, best)
    return ScoreRule(CALL)


class _Replay:
    """Answers as an estimator answered before, whatever rows it is asked about."""

    def __init__(self, estimator: Any, predictions: Predictions) -> None:
        self._estimator = estimator
        self._predictions = predictions
        self.classes_ = getattr(estimator, "classes_", None)
        self._estimator_type = getattr(estimator, "_estimator_type", None)

    def __sklearn_tags__(self) -> Any:
        return self._estimator.__sklearn_tags__()

    def predict(self, X: Any) -> Any:
        """Return the labels or values."""
        del X
        return self._predictions.labels

    def predict_proba(self, X: Any) -> Any:
        """Return the probabilities."""
        del X
        return self._predictions.probabilities


def score_of(
    estimator: Any,
    plan: Plan,
    predictions: Predictions | None,
    X: Any,
    y: Any,
    weights: Array | None = None,
    known: dict[str, float] | None = None,
    lend: Callable[[Any], Any] = as_it_is,
) -> tuple[float | None, int, str | None]:
    """Return ``estimator.score(X, y)``.

    Parameters
    ----------
    estimator : object
        A fitted estimator.
    plan : Plan
        What it was asked.
    predictions : Predictions or None
        What it answered.
    X, y : array-like
        The asked rows.
    weights : ndarray of shape (n_rows,), or None
        Sample weights.
    known : dict of str to float, or None
        What is at hand: ``accuracy`` and ``r2``, each also as ``plain accuracy`` and ``plain
        r2`` if computed without weights.
    lend : callable
        Called with X where ``score`` is called; what it returns may be overwritten.

    Returns
    -------
    value : float or None
        The score; None if there is none that is a finite number.
    calls : int
        How many passes over the rows it took.
    problem : str or None
        Why there is none, a sentence.

    Raises
    ------
    Exception
        Whatever the estimator's ``score`` or the search's scorer raises.
    """
    rule = score_rule(estimator)
    if rule.source in (NONE, RANKS):
        return None, 0, None
    if rule.source == OWN:
        return None, 0, "training_score was left out: the scoring function is your own."
    calls = 0
    value: Any
    if plan.kind == OTHER or not plan.method or rule.source == CALL:
        value, calls = _call(estimator, lend(X), y, weights), 1
    elif rule.source == SCORER and predictions is not None:
        value = rule.scorer(_Replay(rule.estimator, predictions), X, y)
    elif rule.source == EXACT_ROWS and predictions is not None:
        value = np.mean(np.all(np.asarray(y) == np.asarray(predictions.labels), axis=1))
    else:
        plain = "plain " if weights is not None and not rule.weighted else ""
        value = (known or {}).get(plain + rule.source)
        if value is None and plain:
            value, calls = _call(estimator, lend(X), y, weights), 1
        elif value is None:
            return None, 0, f"training_score was left out: there is no {rule.source}."
    return _as_number(value, calls)


def _as_number(value: Any, calls: int) -> tuple[float | None, int, str | None]:
    """Return a score as a finite float, or why it is none."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        kind = type(value).__name__
        return None, calls, f"training_score was left out: score gave {kind}, no number."
    if not np.isfinite(number):
        return None, calls, f"training_score was left out: score gave {number}."
    return number, calls, None


def _call(estimator: Any, X: Any, y: Any, weights: Array | None) -> Any:
    """Call ``score``, with the weights if it takes them."""
    if weights is None:
        return estimator.score(X, y)
    try:
        takes = "sample_weight" in inspect.signature(estimator.score).parameters
    except (TypeError, ValueError):  # a method of compiled code may have no signature
        takes = False
    if takes and get_config()["enable_metadata_routing"]:
        routing = get_routing_for_object(estimator)
        # One that passes metadata on refuses what nobody inside has asked for.
        if isinstance(routing, MetadataRouter):
            takes = bool(routing.consumes("score", ["sample_weight"]))
            # Of several inside, one may ask for it and another not say whether it does.
            with suppress(UnsetMetadataPassedError):
                given = {"sample_weight": weights} if takes else {}
                return estimator.score(X, y, **given)
            takes = False
    return estimator.score(X, y, sample_weight=weights) if takes else estimator.score(X, y)
