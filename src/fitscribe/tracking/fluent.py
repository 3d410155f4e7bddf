"""The functions of ``import fitscribe``: MLflow's names, acting on the active run.

Logging without an active run starts one, which ends with the process (MLflow's behaviour).
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fitscribe.core.clock import now_ms
from fitscribe.core.commands import Batch, RunRecord
from fitscribe.core.entities import LoggedModelInput, LoggedModelOutput
from fitscribe.core.texts import check_tag, check_tags, pairs
from fitscribe.core.values import Metric, Param, checked_params
from fitscribe.tracking import active
from fitscribe.tracking.active import OpenRun
from fitscribe.tracking.artifacts import RunFiles, files_at, files_of_run, path_text
from fitscribe.tracking.behind import flush
from fitscribe.tracking.connect import connect
from fitscribe.tracking.experiments import active_experiment_id
from fitscribe.tracking.experiments import set_experiment as set_experiment
from fitscribe.tracking.inputs import (
    dataset_input,
    dataset_inputs,
    model_inputs,
    model_outputs,
)
from fitscribe.tracking.kept import get_run as get_run
from fitscribe.tracking.kept import search_runs as search_runs
from fitscribe.tracking.starting import ActiveRun as ActiveRun
from fitscribe.tracking.starting import active_run as active_run
from fitscribe.tracking.starting import end_run as end_run
from fitscribe.tracking.starting import last_active_run as last_active_run
from fitscribe.tracking.starting import start_run as start_run
from fitscribe.tracking.tables import joined_tables

if TYPE_CHECKING:
    import pandas as pd


class RunOperations:
    """What a logging call with ``synchronous=False`` returns; the write is done already."""

    def wait(self) -> None:
        """Return at once."""


def _run_to_log() -> OpenRun:
    """Return the active run; start one where there is none."""
    run = active.current_run()
    if run is None:
        start_run()
        run = active.current_run()
        assert run is not None
    return run


class _Target:
    """Where a call with an optional ``run_id`` logs to."""

    _open: OpenRun | None

    def __init__(self, run_id: str | None) -> None:
        if run_id is None:
            run = _run_to_log()
            self.store, self.run_id, self._open = run.store, run.run_id, run
        else:
            self.store, self.run_id, self._open = connect().store, run_id, None

    def log(self, **what: Any) -> None:
        self.store.log(Batch([RunRecord(self.run_id, **what)]))

    def files(self) -> RunFiles:
        if self._open is not None:
            return files_of_run(self._open.connection, self._open.experiment_id, self.run_id)
        return files_at(connect(), self.store.get_run(self.run_id).info.artifact_uri)


def log_param(key: str, value: Any, synchronous: bool | None = None) -> Any:
    """Log one param of the active run and return `value`.

    A param is set once: the same value again is fine, another one is InvalidParameter.
    ``synchronous=False`` returns an object with ``wait()`` instead.

    Examples
    --------
    >>> import fitscribe
    >>> with fitscribe.start_run() as run:
    ...     rate = fitscribe.log_param("rate", 0.1)
    >>> fitscribe.get_run(run.info.run_id).data.params
    {'rate': '0.1'}
    """
    _Target(None).log(params=[Param.checked(key, value)])
    return value if synchronous is not False else RunOperations()


def log_params(
    params: Mapping[str, Any], synchronous: bool | None = None, run_id: str | None = None
) -> RunOperations | None:
    """Log params together: all are kept, or none.

    Examples
    --------
    >>> import fitscribe
    >>> with fitscribe.start_run() as run:
    ...     fitscribe.log_params({"C": 1.0, "kernel": "rbf"})
    >>> sorted(fitscribe.get_run(run.info.run_id).data.params)
    ['C', 'kernel']
    """
    checked = checked_params(params)
    _Target(run_id).log(params=checked)
    return None if synchronous is not False else RunOperations()


def log_metric(
    key: str,
    value: float,
    step: int | None = None,
    synchronous: bool | None = None,
    timestamp: int | None = None,
    run_id: str | None = None,
    model_id: str | None = None,
    dataset: Any = None,
) -> RunOperations | None:
    """Log one value of a metric.

    Parameters
    ----------
    key : str
    value : float
        A number, or what becomes one (numpy scalar, array of one); NaN and infinities are kept.
    step : int, optional
        Position in the series, 0 by default.
    synchronous : bool, optional
        False returns an object with ``wait()``.
    timestamp : int, optional
        Milliseconds since 1970 UTC; now by default.
    run_id : str, optional
        Another run than the active one.
    model_id : str, optional
        The logged model that the metric describes; the active model by default.
    dataset : Dataset, optional
        The data that it was computed on.

    Examples
    --------
    >>> import fitscribe
    >>> with fitscribe.start_run() as run:
    ...     for epoch, loss in enumerate([0.9, 0.5, 0.3]):
    ...         fitscribe.log_metric("loss", loss, step=epoch)
    >>> [point.value for point in fitscribe.get_metric_history(run.info.run_id, "loss")]
    [0.9, 0.5, 0.3]
    """
    _log_metrics([(key, value)], step, run_id, timestamp, model_id, dataset)
    return None if synchronous is not False else RunOperations()


def log_metrics(
    metrics: Mapping[str, float],
    step: int | None = None,
    synchronous: bool | None = None,
    run_id: str | None = None,
    timestamp: int | None = None,
    model_id: str | None = None,
    dataset: Any = None,
) -> RunOperations | None:
    """Log metrics together: all are kept, or none. Parameters as in :func:`log_metric`.

    Examples
    --------
    >>> import fitscribe
    >>> with fitscribe.start_run() as run:
    ...     fitscribe.log_metrics({"accuracy": 0.9, "loss": 0.2}, step=3)
    >>> fitscribe.get_run(run.info.run_id).data.metrics["accuracy"]
    0.9
    """
    _log_metrics(pairs(metrics, "metrics"), step, run_id, timestamp, model_id, dataset)
    return None if synchronous is not False else RunOperations()


def _log_metrics(
    metrics: list[tuple[Any, Any]],
    step: int | None,
    run_id: str | None,
    timestamp: int | None,
    model_id: str | None,
    dataset: Any,
) -> None:
    when = now_ms() if timestamp is None else timestamp
    model_id = model_id or active.current_model_id()
    name = getattr(dataset, "name", None)
    digest = getattr(dataset, "digest", None)
    checked = [
        Metric.checked(key, value, when, step, model_id, name, digest) for key, value in metrics
    ]
    _Target(run_id).log(metrics=checked)


def set_tag(key: str, value: Any, synchronous: bool | None = None) -> RunOperations | None:
    """Set a tag of the active run; the last value stays."""
    _Target(None).log(tags=dict([check_tag(key, value)]))
    return None if synchronous is not False else RunOperations()


def set_tags(tags: Mapping[str, Any], synchronous: bool | None = None) -> RunOperations | None:
    """Set tags of the active run together.

    Examples
    --------
    >>> import fitscribe
    >>> with fitscribe.start_run() as run:
    ...     fitscribe.set_tags({"team": "fraud", "stage": 2})
    >>> fitscribe.get_run(run.info.run_id).data.tags["stage"]
    '2'
    """
    checked = check_tags(tags)
    _Target(None).log(tags=checked)
    return None if synchronous is not False else RunOperations()


def delete_tag(key: str) -> None:
    """Remove a tag of the active run. Raises NotFound if it is not there."""
    run = _run_to_log()
    run.store.delete_tag(run.run_id, key)


def log_input(
    dataset: Any = None,
    context: str | None = None,
    tags: Mapping[str, str] | None = None,
    model: LoggedModelInput | None = None,
) -> None:
    """Note that the active run used a dataset (of ``fitscribe.data``) or a model.

    Examples
    --------
    >>> import fitscribe, numpy as np
    >>> with fitscribe.start_run() as run:
    ...     data = fitscribe.data.from_numpy(np.eye(3), name="corners")
    ...     fitscribe.log_input(data, context="training")
    >>> [one.dataset.name for one in fitscribe.get_run(run.info.run_id).inputs.dataset_inputs]
    ['corners']
    """
    datasets = [] if dataset is None else [dataset_input(dataset, context, tags)]
    _Target(None).log(datasets=datasets, model_inputs=model_inputs(model))


def log_inputs(
    datasets: Sequence[Any] | None = None,
    contexts: Sequence[str | None] | None = None,
    tags_list: Sequence[Mapping[str, str] | None] | None = None,
    models: Sequence[LoggedModelInput | None] | None = None,
) -> None:
    """Note datasets and models that the active run used, with a context and tags for each.

    Raises
    ------
    InvalidParameter
        If there are not as many contexts or tags as datasets, or one is no dataset.
    """
    inputs = dataset_inputs(datasets, contexts, tags_list)
    _Target(None).log(datasets=inputs, model_inputs=model_inputs(models))


def log_outputs(models: Sequence[LoggedModelOutput] | None = None) -> None:
    """Note models that the active run made."""
    made = model_outputs(models)
    _Target(None).log(model_outputs=made)


def log_artifact(
    local_path: str | Path, artifact_path: str | None = None, run_id: str | None = None
) -> None:
    """Keep a local file (or folder) with the run, in the folder `artifact_path`.

    Examples
    --------
    >>> import fitscribe, pathlib
    >>> _ = pathlib.Path("report.txt").write_text("fine")
    >>> with fitscribe.start_run() as run:
    ...     fitscribe.log_artifact("report.txt", "reports")
    >>> fitscribe.artifacts.load_text(f"runs:/{run.info.run_id}/reports/report.txt")
    'fine'
    """
    _Target(run_id).files().put_file(local_path, artifact_path)


def log_artifacts(
    local_dir: str | Path, artifact_path: str | None = None, run_id: str | None = None
) -> None:
    """Keep all that is in a local folder with the run, in the folder `artifact_path`."""
    _Target(run_id).files().put_files_of(local_dir, artifact_path)


def log_text(text: str, artifact_file: str, run_id: str | None = None) -> None:
    """Keep text as the file `artifact_file` of the run.

    Examples
    --------
    >>> import fitscribe
    >>> with fitscribe.start_run() as run:
    ...     fitscribe.log_text("all is well", "notes/first.txt")
    >>> fitscribe.artifacts.load_text(f"runs:/{run.info.run_id}/notes/first.txt")
    'all is well'
    """
    _Target(run_id).files().put_text(text, artifact_file)


def log_stream(
    stream: io.BufferedIOBase | io.RawIOBase, artifact_file: str, run_id: str | None = None
) -> None:
    """Keep all that a binary file-like object gives from here on as the file `artifact_file`."""
    _Target(run_id).files().put_stream(stream, artifact_file)


def log_dict(dictionary: Any, artifact_file: str, run_id: str | None = None) -> None:
    """Keep a dict or list as JSON, or as YAML if the name ends in .yml or .yaml.

    Examples
    --------
    >>> import fitscribe
    >>> with fitscribe.start_run() as run:
    ...     fitscribe.log_dict({"depth": [1, 2]}, "grid.yaml")
    >>> fitscribe.artifacts.load_dict(f"runs:/{run.info.run_id}/grid.yaml")
    {'depth': [1, 2]}
    """
    _Target(run_id).files().put_dict(dictionary, artifact_file)


def log_figure(
    figure: Any, artifact_file: str, *, save_kwargs: Mapping[str, Any] | None = None
) -> None:
    """Keep a matplotlib or plotly figure."""
    _Target(None).files().put_figure(figure, artifact_file, save_kwargs)


def log_image(
    image: Any,
    artifact_file: str | None = None,
    key: str | None = None,
    step: int | None = None,
    timestamp: int | None = None,
    synchronous: bool | None = False,
) -> None:
    """Keep an image (PIL, or an array) under a file name, or in the series `key` at `step`."""
    del synchronous
    _Target(None).files().put_image(image, artifact_file, key, step, timestamp)


def log_table(data: Any, artifact_file: str, run_id: str | None = None) -> None:
    """Keep a table (dict of columns, DataFrame); rows are added to one that is there.

    Examples
    --------
    >>> import fitscribe
    >>> with fitscribe.start_run() as run:
    ...     fitscribe.log_table({"text": ["a", "b"], "label": [0, 1]}, "answers.json")
    >>> fitscribe.load_table("answers.json", run_ids=[run.info.run_id]).shape
    (2, 2)
    """
    _Target(run_id).files().put_table(data, artifact_file)


def load_table(
    artifact_file: str,
    run_ids: Sequence[str] | None = None,
    extra_columns: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Return the tables of that name of several runs as one DataFrame.

    Parameters
    ----------
    artifact_file : str
    run_ids : sequence of str, optional
        All runs of the active experiment that have the table by default.
    extra_columns : sequence of str, optional
        Facts of the run to add as columns: ``run_id``, or a field of its info, metrics, params or
        tags by name.
    """
    connection = connect()
    experiment_id = active_experiment_id(connection)
    return joined_tables(connection, experiment_id, artifact_file, run_ids, extra_columns)


def get_artifact_uri(artifact_path: str | None = None) -> str:
    """Return the address of the active run's artifacts, or of one of them."""
    root = _Target(None).files().uri
    return root if artifact_path is None else f"{root}/{path_text(artifact_path)}"


def flush_async_logging() -> None:
    """Return when all that was logged is kept: MLflow's name of :func:`fitscribe.flush`."""
    flush()


def flush_artifact_async_logging() -> None:
    """Return when all files are kept: MLflow's name of :func:`fitscribe.flush`."""
    flush()
