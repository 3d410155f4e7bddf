"""Members of an ensemble beside it: each one's score on training rows, and how far they agree.

Named members (voting, stacking) are all asked about up to 1,000 rows; of members without names
(forests, bagging) 20 are asked about up to 200. The rows are evenly spaced. Scores are the share
of right labels, or R².
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import is_classifier

from fitscribe.sklearn.standin import is_sklearns

__all__ = ["asks_members", "even_rows", "member_metrics", "members_of", "rows_for"]

Array = NDArray[Any]

NAMED = frozenset(
    {"VotingClassifier", "VotingRegressor", "StackingClassifier", "StackingRegressor"}
)
UNNAMED = frozenset(
    {
        *("RandomForestClassifier", "RandomForestRegressor"),
        *("ExtraTreesClassifier", "ExtraTreesRegressor"),
        *("BaggingClassifier", "BaggingRegressor"),
    }
)
MOST_NAMED, NAMED_ROWS = 50, 1000
MOST_UNNAMED, UNNAMED_ROWS = 20, 200


def even_rows(total: int, most: int) -> NDArray[np.intp]:
    """Return the positions of evenly spaced rows, all of them if there are no more."""
    if total <= most:
        return np.arange(total)
    return np.linspace(0, total - 1, most).round().astype(np.intp)


def asks_members(model: Any) -> bool:
    """Whether it is one of scikit-learn's ensembles whose members can be told apart."""
    return is_sklearns(type(model)) and type(model).__name__ in NAMED | UNNAMED


def members_of(ensemble: Any, X: Any, y: Array, own: Array | None) -> dict[str, Any]:
    """Return what the members of an ensemble are worth.

    Parameters
    ----------
    ensemble : object
        The fitted model, one that :func:`asks_members` is true of.
    X : array-like
        Rows as the ensemble sees them, as many as `y` has.
    y : ndarray of shape (n_rows,)
        Their target.
    own : ndarray of shape (n_rows,), or None
        What the ensemble predicts for them, where it is known.
    """
    named = type(ensemble).__name__ in NAMED
    members = _named(ensemble) if named else _some(ensemble)
    labelled = is_classifier(ensemble)
    told: dict[str, Any] = {"score": "accuracy" if labelled else "r2", **_weights(ensemble)}
    if not named:
        told |= {"asked": len(members), "of": len(vars(ensemble)["estimators_"])}
        # They were fitted on an array, too.
        X = X if hasattr(X, "toarray") else np.asarray(X)
    classes = vars(ensemble).get("classes_") if labelled else None
    answers = {
        name: _answer(member, X if columns is None else X[:, columns], classes)
        for name, member, columns in members
    }
    score = _share if labelled else _r2
    if own is not None:
        told["ensemble"] = score(y, own)
    told["members"] = {name: score(y, answer) for name, answer in answers.items()}
    agreement = _agreement(list(answers.values()), labelled)
    if agreement is not None:
        told["agreement"] = agreement.tolist()
    return told


def rows_for(ensemble: Any) -> int:
    """Return about how many rows members are asked."""
    return NAMED_ROWS if type(ensemble).__name__ in NAMED else UNNAMED_ROWS


def member_metrics(told: Mapping[str, Any]) -> dict[str, float]:
    """Return the best member's score and the mean agreement of two members."""
    found: dict[str, float] = {}
    scores = [one for one in told.get("members", {}).values() if one is not None]
    if scores:
        found["best_member_score"] = max(scores)
    matrix = np.array(told.get("agreement", []))
    if len(matrix) > 1:
        pairs = matrix[np.triu_indices(len(matrix), 1)]
        if np.isfinite(pairs).all():
            found["members_agreement"] = float(pairs.mean())
    return found


def _named(ensemble: Any) -> list[tuple[str, Any, Any]]:
    members = vars(ensemble).get("named_estimators_") or {}
    found = [
        (str(name), member, None)
        for name, member in members.items()
        if not isinstance(member, str) and member is not None
    ]
    return found[:MOST_NAMED]


def _some(ensemble: Any) -> list[tuple[str, Any, Any]]:
    own = vars(ensemble)
    members, columns = own["estimators_"], own.get("estimators_features_")
    return [
        (str(at), members[at], None if columns is None else columns[at])
        for at in even_rows(len(members), MOST_UNNAMED).tolist()
    ]


def _answer(member: Any, X: Any, classes: Array | None) -> Array:
    """Return a member's labels or values; one trained on positions of labels answers labels."""
    answer = _of_tree(member, X) if _is_tree(member, X) else np.asarray(member.predict(X))
    if classes is None:
        return answer
    own = getattr(member, "classes_", None)
    if own is None or np.array_equal(own, classes) or answer.dtype.kind not in "iuf":
        return answer
    return np.asarray(classes[answer.astype(np.intp)])


def _is_tree(member: Any, X: Any) -> bool:
    return type(member).__module__ == "sklearn.tree._classes" and isinstance(X, np.ndarray)


def _of_tree(member: Any, X: Array) -> Array:
    """Return what a tree predicts, without the checks of X that take longer than the tree."""
    values = member.tree_.predict(np.ascontiguousarray(X, dtype=np.float32))
    if is_classifier(member):
        return np.asarray(member.classes_.take(values.argmax(axis=1)))
    return np.asarray(values[:, 0])


def _share(true: Array, answer: Array) -> float:
    return float(np.mean(true == answer))


def _r2(true: Array, answer: Array) -> float | None:
    spread = float(np.square(true - true.mean()).sum())
    return 1.0 - float(np.square(true - answer).sum()) / spread if spread > 0.0 else None


def _agreement(answers: list[Array], labelled: bool) -> Array | None:
    """Return for each pair the share of equal labels, or the correlation of their values."""
    if len(answers) < 2:
        return None
    if not labelled:
        with np.errstate(all="ignore"):
            return np.asarray(np.corrcoef(np.array(answers, dtype=np.float64)))
    coded = np.unique(np.array(answers), return_inverse=True)[1].reshape(len(answers), -1)
    return np.asarray((coded[:, None, :] == coded[None, :, :]).mean(axis=2))


def _weights(ensemble: Any) -> dict[str, Any]:
    """Return the weights of a vote, or what the last estimator of a stack gives its inputs."""
    own = vars(ensemble)
    weights = own.get("weights")
    if weights is not None:
        return {"weights": np.asarray(weights, dtype=np.float64).tolist()}
    final = own.get("final_estimator_")
    if final is None:
        return {}
    told: dict[str, Any] = {
        "final_estimator": type(final).__name__,
        "methods": list(own.get("stack_method_") or ()),
    }
    coefficients = getattr(final, "__dict__", {}).get("coef_")
    if isinstance(coefficients, np.ndarray) and coefficients.size <= 1000:
        told["weights"] = np.atleast_2d(coefficients).tolist()
        told["weights_of"] = [
            str(name) for name in ensemble.get_feature_names_out() if coefficients.ndim
        ]
    return told
