"""A search's candidates: from ``cv_results_`` to one child run each."""

from __future__ import annotations

import csv
import heapq
import io
import math
import numbers
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from joblib import effective_n_jobs

from fitscribe.core.clock import new_run_id, short_id
from fitscribe.core.commands import NewRun, RunChange, RunRecord
from fitscribe.core.entities import TAG_PARENT, TAG_RUN_NAME, DatasetInput
from fitscribe.core.states import RunStatus
from fitscribe.core.values import Metric, Param
from fitscribe.sklearn.describe import class_name, param_of, values_title

__all__ = ["Parent", "candidates", "results_csv", "search_facts"]

TAG_ESTIMATED = "fitscribe.times"


@dataclass(frozen=True, slots=True)
class Parent:
    """The search's own run, which its children belong to.

    Parameters
    ----------
    run_id, experiment_id, user_id : str
    start_ms, end_ms : int
        When the search ran, in milliseconds since 1970 UTC.
    tags : mapping
        Context tags (user, source, commit) that every run carries.
    inputs : sequence of DatasetInput
        The training data.
    """

    run_id: str
    experiment_id: str
    user_id: str
    start_ms: int
    end_ms: int
    tags: Mapping[str, str]
    inputs: Sequence[DatasetInput]


def search_facts(search: Any) -> tuple[list[Param], dict[str, float]]:
    """Return the ``best_*`` params and ``best_cv_score`` of a fitted search, where it has them."""
    best = getattr(search, "best_params_", None)
    params = [param_of(f"best_{key}", value) for key, value in (best or {}).items()]
    score = getattr(search, "best_score_", None)
    metrics = {} if score is None else {"best_cv_score": float(score)}
    return params, metrics


def results_csv(results: Mapping[str, Any]) -> bytes:
    """Return ``cv_results_`` as MLflow's ``cv_results.csv``: a column each, in its order."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(results)
    writer.writerows(zip(*(_cells(column) for column in results.values()), strict=True))
    return buffer.getvalue().encode("utf-8", "backslashreplace")


def _cells(column: Any) -> list[Any]:
    if isinstance(column, np.ma.MaskedArray):
        mask = np.ma.getmaskarray(column)
        return ["" if hidden else value for value, hidden in zip(column.data, mask, strict=True)]
    values = column.tolist() if isinstance(column, np.ndarray) else list(column)
    return ["" if isinstance(value, float) and math.isnan(value) else value for value in values]


def candidates(
    search: Any, results: Mapping[str, Any], parent: Parent, most: int | None
) -> list[RunRecord]:
    """Return one child run for each candidate of a search.

    Parameters
    ----------
    search : estimator
        The fitted search; its ``estimator`` (else ``base_estimator``) is what was tried.
    results : mapping
        Its ``cv_results_``.
    parent : Parent
    most : int or None
        Only the best so many, by the metric that ``refit`` names; None is all.

    Returns
    -------
    list of RunRecord
        In the order of ``cv_results_``. Metrics are the numeric columns that MLflow keeps (mean,
        std, rank, times); the scores of each split are the history of ``split_test_score``. NaN,
        which stands for what failed, is left out; where nothing else is, the child is FAILED.
    """
    rows = _param_rows(results)
    chosen = _chosen(search, results, len(rows), most)
    if not chosen:
        return []
    seed: Any = getattr(search, "estimator", None)
    base = seed.get_params(deep=True) if hasattr(seed, "get_params") else {}
    plain = {key: param_of(key, value) for key, value in base.items() if not _is_composite(value)}
    columns = _metric_columns(results)
    splits = _split_columns(results)
    starts, ends = _times(search, results, len(rows), parent)
    tags = {
        **parent.tags,
        TAG_PARENT: parent.run_id,
        "mlflow.autologging": "sklearn",
        TAG_ESTIMATED: "estimated from fit and score times",
    }
    if seed is not None:
        tags["estimator_name"] = type(seed).__name__
        tags["estimator_class"] = class_name(seed)
    children = []
    for place in chosen:
        end = ends[place]
        run_id = new_run_id()
        name = f"{values_title(rows[place].items()) or 'default'} · {short_id(run_id)}"
        metrics = [Metric(key, values[place], end) for key, values in columns]
        metrics += [Metric(key, values[place], end, step) for key, step, values in splits]
        metrics = [metric for metric in metrics if not math.isnan(metric.value)]
        status = RunStatus.FAILED if _failed(columns, splits, place) else RunStatus.FINISHED
        children.append(
            RunRecord(
                run_id,
                NewRun(parent.experiment_id, name, starts[place], parent.user_id, parent.run_id),
                params=_params(plain, rows[place]),
                metrics=metrics,
                tags={**tags, TAG_RUN_NAME: name},
                datasets=parent.inputs,
                change=RunChange(status=status, end_time=end),
            )
        )
    return children


def _param_rows(results: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return each candidate's params; where there is no ``params``, from ``param_*``."""
    if "params" in results:
        return list(results["params"])
    columns = {key: values for key, values in results.items() if key.startswith("param_")}
    rows: list[Mapping[str, Any]] = []
    for values in zip(*columns.values(), strict=True):
        named = zip(columns, values, strict=True)
        rows.append({key[len("param_") :]: value for key, value in named if not _is_hole(value)})
    return rows


def _is_hole(value: Any) -> bool:
    """Whether a value stands where a candidate has no such param."""
    return value is np.ma.masked or (isinstance(value, float) and math.isnan(value))


def _failed(
    columns: Sequence[tuple[str, list[float]]],
    splits: Sequence[tuple[str, int, list[float]]],
    place: int,
) -> bool:
    """Whether a candidate has no test score at all, which ``error_score=nan`` makes of errors."""
    scores = [values[place] for key, _, values in splits if key.startswith("split_test_")]
    if not scores:
        scores = [values[place] for key, values in columns if key.startswith("mean_test_")]
    return bool(scores) and all(map(math.isnan, scores))


def _is_composite(value: Any) -> bool:
    """Whether a value holds estimators, whose text would be stale beside a candidate's own."""
    if hasattr(value, "get_params"):
        return True
    return isinstance(value, (list, tuple)) and any(
        hasattr(item, "get_params") or (isinstance(item, tuple) and _is_composite(item))
        for item in value
    )


def _params(plain: Mapping[str, Param], row: Mapping[str, Any]) -> list[Param]:
    """Return the estimator's params with the candidate's in their places.

    Where the candidate replaces a step, the params of the step that was there are left out and
    the new one's come in.
    """
    found = dict(plain)
    for key, value in row.items():
        if hasattr(value, "get_params") or isinstance(value, str):  # "passthrough", "drop"
            for old in [name for name in found if name.startswith(f"{key}__")]:
                del found[old]
    for key, value in row.items():
        found[key] = param_of(key, value)
        if hasattr(value, "get_params") and not isinstance(value, type):
            for inner, item in value.get_params(deep=True).items():
                found.setdefault(f"{key}__{inner}", param_of(f"{key}__{inner}", item))
    return list(found.values())


def _chosen(
    search: Any, results: Mapping[str, Any], count: int, most: int | None
) -> Sequence[int]:
    if most is None or most >= count:
        return range(count)
    ranks = results.get(_rank_column(search, results))
    if ranks is None:
        ranks = _order_of_means(search, results, count)
    best = getattr(search, "best_index_", None)  # a callable refit may choose any

    def order(place: int) -> tuple[bool, Any, int]:
        return place != best, ranks[place], place

    return sorted(heapq.nsmallest(most, range(count), key=order))


def _order_of_means(search: Any, results: Mapping[str, Any], count: int) -> list[float]:
    """Return what the best has least of, where there are no ranks: an interrupted search."""
    means = [name for name in results if name.startswith("mean_test_")]
    wanted = f"mean_test_{getattr(search, 'refit', None)}"
    chosen = wanted if wanted in means else next(iter(means), "")
    values = _floats(results.get(chosen, [0.0] * count)) or [0.0] * count
    return [math.inf if math.isnan(value) else -value for value in values]


def _rank_column(search: Any, results: Mapping[str, Any]) -> str:
    """Return the rank that ``refit`` names, else the first one."""
    refit = getattr(search, "refit", None)
    if isinstance(refit, str) and f"rank_test_{refit}" in results:
        return f"rank_test_{refit}"
    if "rank_test_score" in results:
        return "rank_test_score"
    return next((name for name in results if name.startswith("rank_test_")), "")


def _metric_columns(results: Mapping[str, Any]) -> list[tuple[str, list[float]]]:
    return [
        (name, values)
        for name, column in results.items()
        if not name.startswith(("param", "split")) and (values := _floats(column)) is not None
    ]


def _split_columns(results: Mapping[str, Any]) -> list[tuple[str, int, list[float]]]:
    """Return (``split_test_score``, 3, values) of the column ``split3_test_score``."""
    found = []
    for name, column in results.items():
        number, _, rest = name.removeprefix("split").partition("_")
        if name.startswith("split") and number.isdigit() and rest:
            values = _floats(column)
            if values is not None:
                found.append((f"split_{rest}", int(number), values))
    return found


def _floats(column: Any) -> list[float] | None:
    array = np.ma.filled(column, np.nan) if isinstance(column, np.ma.MaskedArray) else column
    try:
        array = np.asarray(array)
        if array.dtype.kind not in "fiub":
            return None
        values: list[float] = array.astype(float).tolist()
    except (TypeError, ValueError):
        return None
    return values


def _times(
    search: Any, results: Mapping[str, Any], count: int, parent: Parent
) -> tuple[list[int], list[int]]:
    """Return when each candidate started and ended, in milliseconds since 1970 UTC.

    ``cv_results_`` tells how long each candidate's splits took, and candidates are handed out in
    order: so each goes to the worker that is free first. The result is fitted into the time that
    the search really took before its refit.
    """
    fit = _floats(results.get("mean_fit_time", [0.0] * count)) or [0.0] * count
    score = _floats(results.get("mean_score_time", [0.0] * count)) or [0.0] * count
    splits = max(int(getattr(search, "n_splits_", 1) or 1), 1)
    each = [
        splits * sum(t for t in pair if math.isfinite(t)) for pair in zip(fit, score, strict=True)
    ]
    workers = _workers(getattr(search, "n_jobs", None), count)
    free = [0.0] * workers
    spans = []
    for seconds in each:
        start = heapq.heappop(free)
        heapq.heappush(free, start + seconds)
        spans.append((start, start + seconds))
    refit = getattr(search, "refit_time_", 0.0)
    took = (parent.end_ms - parent.start_ms) / 1000 - (refit if math.isfinite(refit) else 0.0)
    longest = max((end for _, end in spans), default=0.0)
    scale = min(1.0, max(took, 0.0) / longest) if longest > 0 else 0.0
    starts = [parent.start_ms + int(start * scale * 1000) for start, _ in spans]
    ends = [parent.start_ms + math.ceil(end * scale * 1000) for _, end in spans]
    return starts, [min(end, parent.end_ms) for end in ends]


def _workers(n_jobs: Any, count: int) -> int:
    if not isinstance(n_jobs, numbers.Integral) or n_jobs == 0:
        return 1
    return max(1, min(int(effective_n_jobs(int(n_jobs))), count))
