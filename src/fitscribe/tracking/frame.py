"""Runs and logged models as tables: MLflow's columns in a pandas DataFrame."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from fitscribe.core.entities import LoggedModel, Run
from fitscribe.tracking.artifacts import pandas

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["models_to_frame", "runs_to_frame"]


def runs_to_frame(runs: Sequence[Run]) -> pd.DataFrame:
    """Return one row a run.

    Parameters
    ----------
    runs : sequence of Run

    Returns
    -------
    DataFrame
        Columns ``run_id``, ``experiment_id``, ``status``, ``artifact_uri`` (str), ``start_time``,
        ``end_time`` (datetime64 in UTC), then ``metrics.*`` (float, NaN where missing),
        ``params.*`` and ``tags.*`` (str, None where missing, NaN from pandas 3 on), each group
        sorted by name.
    """
    module = pandas()
    columns: dict[str, Any] = {
        "run_id": [run.info.run_id for run in runs],
        "experiment_id": [run.info.experiment_id for run in runs],
        "status": [run.info.status for run in runs],
        "artifact_uri": [run.info.artifact_uri for run in runs],
    }
    for name in ("start_time", "end_time"):
        times = [getattr(run.info, name) for run in runs]
        # A time that a client made up may lie outside of what pandas can tell: NaT.
        columns[name] = module.to_datetime(times, unit="ms", utc=True, errors="coerce")
    for key in _keys(run.data.metrics for run in runs):
        columns[f"metrics.{key}"] = [run.data.metrics.get(key, float("nan")) for run in runs]
    for key in _keys(run.data.params for run in runs):
        columns[f"params.{key}"] = [run.data.params.get(key) for run in runs]
    for key in _keys(run.data.tags for run in runs):
        columns[f"tags.{key}"] = [run.data.tags.get(key) for run in runs]
    frame: pd.DataFrame = module.DataFrame(columns)
    return frame


def models_to_frame(models: Sequence[LoggedModel]) -> pd.DataFrame:
    """Return one row a model; `metrics` holds its Metric objects, `params` and `tags` dicts."""
    frame: pd.DataFrame = pandas().DataFrame([model.to_dictionary() for model in models])
    return frame


def _keys(mappings: Iterable[Any]) -> list[str]:
    return sorted(set().union(*mappings))
