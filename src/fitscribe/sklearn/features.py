"""What a model says of its features: coefficients, importances, which were selected.

Importances of ensembles of trees are read from the trees one after another, with their spread;
scikit-learn's own property starts threads for that. Of more than 200 features, those with the
largest values are kept, and how many there are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fitscribe.sklearn.attributes import plain
from fitscribe.sklearn.parts import Parts
from fitscribe.sklearn.standin import class_is_plain

__all__ = ["feature_names", "features_of", "selection_of"]

Array = NDArray[Any]

MOST_SHOWN = 200
# Names of so many features are asked for.
MOST_NAMED = 100_000
# So many importances (trees by features) are read.
MOST_READ = 2_000_000
# Packages whose property of importances only reads.
ASKED = ("lightgbm", "sklearn", "xgboost")
# Means of the trees' own importances, each normalized.
FORESTS = frozenset(
    {
        *("RandomForestClassifier", "RandomForestRegressor"),
        *("ExtraTreesClassifier", "ExtraTreesRegressor"),
    }
)


def feature_names(parts: Parts, asking: bool) -> list[str] | None:
    """Return the names of the features that the model sees, where it has any.

    Parameters
    ----------
    parts : list of (str, object)
        The fitted estimators; the last one is the model.
    asking : bool
        Whether a pipeline's steps may be asked what they call their outputs.
    """
    model = parts[-1][1]
    names = getattr(model, "__dict__", {}).get("feature_names_in_")
    if names is not None:
        return _listed(names)
    if not asking or len(parts) < 2:
        return None
    # The steps beside the model: what is named as it is, up to the last part of its path.
    folder = parts[-1][0].rpartition("__")[0]
    steps = [part for name, part in parts[1:-1] if name.rpartition("__")[0] == folder]
    outer = dict(parts).get(folder)
    if not steps or "steps" not in getattr(outer, "__dict__", {}):
        return None
    given: Any = getattr(steps[0], "feature_names_in_", None)
    try:
        for step in steps:
            given = step.get_feature_names_out(given)
    except (AttributeError, TypeError, ValueError):  # it has no names to give
        return None
    return _listed(given)


def _listed(names: Any) -> list[str] | None:
    return None if len(names) > MOST_NAMED else [str(name) for name in names]


def features_of(model: Any, names: Sequence[str] | None) -> dict[str, Any] | None:
    """Return coefficients and importances by feature; None for a model that has neither."""
    coefficients, importances = _coefficients(model), _importances(model)
    if importances is not None:
        count = len(importances[0])
    elif coefficients is not None:
        count = coefficients.shape[1]
    else:
        return None
    shown: Any = slice(None)
    told: dict[str, Any] = {"features": count}
    if count > MOST_SHOWN:
        sizes = importances[0] if importances is not None else _largest(coefficients)
        shown = np.argsort(-sizes, kind="stable")[:MOST_SHOWN]
        told["positions"] = shown.tolist()
    if names is not None and len(names) == count:
        told["names"] = list(names) if count <= MOST_SHOWN else [names[one] for one in shown]
    if coefficients is not None and coefficients.shape[1] == count:
        told["coefficients"] = coefficients[:, shown].tolist()
        told["intercept"] = plain(getattr(model, "__dict__", {}).get("intercept_"))
    if importances is not None:
        told["importances"] = importances[0][shown].tolist()
        if importances[1] is not None:
            told["importances_std"] = importances[1][shown].tolist()
    return told


def _largest(coefficients: Any) -> Array:
    return np.asarray(np.abs(coefficients).max(axis=0))


def _coefficients(model: Any) -> Array | None:
    """Return coefficients of shape (n_rows, n_features), a row a class or a target."""
    found: Any = getattr(model, "__dict__", {}).get("coef_")
    if found is None and type(model).__module__.startswith("sklearn.svm."):
        # A property, there with a linear kernel only.
        found = getattr(model, "coef_", None)
    if hasattr(found, "toarray"):
        found = found.toarray()
    if not isinstance(found, np.ndarray) or found.dtype.kind != "f" or not found.size:
        return None
    return np.atleast_2d(found) if found.ndim <= 2 else None


def _importances(model: Any) -> tuple[Array, Array | None] | None:
    """Return the importance of each feature, and their spread over the trees of a forest."""
    cls = type(model)
    if cls.__name__ in FORESTS and cls.__module__ == "sklearn.ensemble._forest":
        return _of_forest(model)
    asked = cls.__module__.partition(".")[0] in ASKED and class_is_plain(cls)
    if not asked or not hasattr(cls, "feature_importances_"):
        return None
    try:
        found = np.asarray(model.feature_importances_)
    except (AttributeError, TypeError, ValueError):  # a booster of lines, members without any
        return None
    return (found, None) if found.ndim == 1 and found.dtype.kind in "iuf" else None


def _of_forest(forest: Any) -> tuple[Array, Array | None] | None:
    trees = [member.tree_ for member in vars(forest).get("estimators_", ())]
    if not trees or len(trees) * trees[0].n_features > MOST_READ:
        return None
    each = np.array([tree.compute_feature_importances() for tree in trees if tree.node_count > 1])
    if not each.size:
        return np.zeros(trees[0].n_features), None
    mean = each.mean(axis=0)
    total = mean.sum()
    return (mean / total if total else mean), each.std(axis=0)


def selection_of(part: Any, names: Sequence[str] | None) -> dict[str, Any] | None:
    """Return what a selector of features kept, dropped and thought of each; None for others."""
    cls = type(part)
    if not class_is_plain(cls) or not hasattr(cls, "get_support"):
        return None
    support = np.asarray(part.get_support())
    own: Mapping[str, Any] = vars(part)
    told: dict[str, Any] = {"features": len(support), "selected": int(support.sum())}
    if len(support) > MOST_NAMED:
        return told
    for key, positions in (
        ("selected_positions", np.flatnonzero(support)),
        ("dropped_positions", np.flatnonzero(~support)),
    ):
        told[key] = positions[:MOST_SHOWN].tolist()
        if names is not None and len(names) == len(support):
            told[key.replace("positions", "names")] = [
                names[one] for one in positions[:MOST_SHOWN]
            ]
    for name in ("scores_", "pvalues_", "ranking_", "variances_", "threshold_"):
        value = own.get(name)
        if value is not None:
            told[name[:-1]] = plain(value)
    curve = own.get("cv_results_")
    if isinstance(curve, Mapping):
        told["curve"] = {str(key): plain(value) for key, value in curve.items()}
    return told
