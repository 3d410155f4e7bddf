"""What an estimator keeps of each iteration, as histories: losses, scores of stages, CV curves.

Only what a fit has left behind is read; nothing is computed. The key of a history is the
attribute's name without its underscore, and for the evaluation sets of boosting libraries
``<set>-<metric>``, as MLflow's autologging of them has it. What scikit-learn's ``ScoringMonitor``
(a callback of the user's) scored at each iteration is ``monitor_<score>``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["MOST_POINTS", "History", "histories_of"]

MOST_POINTS = 1000
# One value an iteration, epoch or stage.
CURVES = (
    "loss_curve_",
    "train_score_",
    "validation_score_",
    "validation_scores_",
    "oob_improvement_",
    "oob_scores_",
    "estimator_errors_",
    "lower_bounds_",
    "error_",
)
# Columns of RFECV's ``cv_results_``, one value a number of features.
SELECTION_COLUMNS = ("mean_test_score", "std_test_score")
# What boosting libraries have beside ``fit(eval_set=...)``.
EVALUATIONS = "evals_result_"
MOST_STEPS = 8
# What a row of a monitor's log says beside the scores.
ABOUT_TASK = frozenset(
    {
        *("task_id_path", "parent_task_id_path", "estimator_name", "task_name", "task_id"),
        "sequential_subtasks",
    }
)


@dataclass(frozen=True, slots=True)
class History:
    """The values of one metric over a fit.

    Parameters
    ----------
    key : str
        The metric.
    points : list of (int, float)
        Step and value, by step; at most :data:`MOST_POINTS`, evenly spread, both ends among them.
    length : int
        How many there were.
    """

    key: str
    points: list[tuple[int, float]]
    length: int


def histories_of(estimator: Any) -> list[History]:
    """Return the histories of a fitted estimator, or of the one inside that was trained last."""
    return [
        _thinned(key, steps, values)
        for part in _trained(estimator)
        for key, steps, values in _curves(part)
        if len(values)
    ]


def _trained(estimator: Any) -> Iterator[Any]:
    """Yield an estimator and what is inside: a last step, a best estimator, a regressor."""
    for _ in range(MOST_STEPS):
        yield estimator
        own = getattr(estimator, "__dict__", {})
        steps = own.get("steps")
        if isinstance(steps, list) and steps and isinstance(steps[-1], tuple):
            estimator = steps[-1][-1]
        else:
            estimator = own.get("best_estimator_", own.get("regressor_"))
        if estimator is None or isinstance(estimator, str):
            return


def _curves(part: Any) -> Iterator[tuple[str, Any, np.ndarray]]:
    own = getattr(part, "__dict__", {})
    for name in CURVES:
        if name in own:
            values = _numbers(own[name])
            if name == "estimator_errors_":
                # AdaBoost makes room for all stages, and may stop before.
                values = values[: len(own.get("estimators_", values))]
            yield name.rstrip("_"), range(len(values)), values
    for callback in own.get("_skl_callbacks") or ():
        yield from _monitored(callback)
    table = own.get("cv_results_")
    if isinstance(table, Mapping) and "n_features" in table:
        steps = np.asarray(table["n_features"]).tolist()
        for name in SELECTION_COLUMNS:
            yield name, steps, _numbers(table.get(name))
    if not str(type(part).__module__).startswith("sklearn."):
        for key, kept in _evaluations(part):
            values = _numbers(kept)
            yield key, range(len(values)), values


def _monitored(callback: Any) -> Iterator[tuple[str, Any, np.ndarray]]:
    """Yield the scores of each iteration of the last fit that a ``ScoringMonitor`` watched."""
    cls = type(callback)
    if cls.__name__ != "ScoringMonitor" or not cls.__module__.startswith("sklearn."):
        return
    try:
        rows = callback.get_logs().data
    except ValueError:  # there are none
        return
    groups: dict[tuple[int, ...], list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        if row["task_name"] != "fit":
            groups[row["parent_task_id_path"]].append(row)
    if not groups:
        return
    # Of a search, the fit of the best estimator is the one that is least deep.
    iterations = groups[min(groups, key=lambda path: (len(path), [-number for number in path]))]
    for name in iterations[0].keys() - ABOUT_TASK:
        known = [row for row in iterations if name in row]
        yield (
            f"monitor_{name}",
            [row["task_id"] for row in known],
            _numbers([row[name] for row in known]),
        )


def _evaluations(part: Any) -> Iterator[tuple[str, Any]]:
    """Yield what XGBoost, LightGBM and CatBoost keep of each evaluation set and metric."""
    kept = getattr(part, EVALUATIONS, None)
    if not isinstance(kept, Mapping):
        return
    for data, metrics in kept.items():
        if isinstance(metrics, Mapping):
            for metric, values in metrics.items():
                yield f"{data}-{metric}".replace("@", "_at_"), values


def _numbers(kept: Any) -> np.ndarray:
    """Return one number a row; nothing for what is no list of numbers."""
    if not isinstance(kept, (list, tuple, np.ndarray)):
        return np.empty(0)
    try:
        values = np.asarray(kept)
    except ValueError:  # rows of several lengths
        return np.empty(0)
    fits = values.ndim == 1 and values.dtype.kind in "fiub"
    return values.astype(np.float64) if fits else np.empty(0)


def _thinned(key: str, steps: Any, values: np.ndarray) -> History:
    length = len(values)
    chosen: Any = range(length)
    if length > MOST_POINTS:
        chosen = np.linspace(0, length - 1, MOST_POINTS).round().astype(int).tolist()
    points = [(int(steps[index]), float(values[index])) for index in chosen]
    return History(key, points, length)
