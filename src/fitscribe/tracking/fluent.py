"""The functions of ``import fitscribe``: MLflow's names, acting on the active run.

Logging without an active run starts one, which ends with the process (MLflow's behaviour).
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal

from fitscribe import config
from fitscribe.core.clock import now_ms
from fitscribe.core.commands import Batch, RunRecord
from fitscribe.core.entities import TAG_RUN_NAME, LoggedModelInput, LoggedModelOutput, Run
from fitscribe.core.states import LifecycleStage, RunStatus
from fitscribe.core.texts import check_tag, check_tags, pairs
from fitscribe.core.values import Metric, Param, checked_params
from fitscribe.errors import InvalidParameter, InvalidState
from fitscribe.tracking import active
from fitscribe.tracking.active import OpenRun
from fitscribe.tracking.artifacts import RunFiles, files_at, files_of_run, path_text
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
from fitscribe.tracking.lifecycle import end_open_run, error_tags, status_after
from fitscribe.tracking.runs import open_run, resume_run
from fitscribe.tracking.tables import joined_tables

if TYPE_CHECKING:
    import pandas as pd

NOTE = "mlflow.note.content"


class RunOperations:
    """What a logging call with ``synchronous=False`` returns; the write is done already."""

    def wait(self) -> None:
        """Return at once."""


class ActiveRun(Run):
    """A run that is open here: use it as ``with start_run() as run:``.

    The block ends it: FINISHED, FAILED after an exception (``sys.exit()`` is one, as in MLflow),
    KILLED after Ctrl-C or SIGTERM.
    """

    __slots__ = ("_open",)
    _open: OpenRun

    def __init__(self, found: Run, opened: OpenRun) -> None:
        super().__init__(found.info, found.data, found.inputs, found.outputs)
        object.__setattr__(self, "_open", opened)

    def __enter__(self) -> ActiveRun:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> Literal[False]:
        _end(self._open, status_after(error), {} if error is None else error_tags(error))
        return False


def start_run(
    run_id: str | None = None,
    experiment_id: str | None = None,
    run_name: str | None = None,
    nested: bool = False,
    parent_run_id: str | None = None,
    tags: Mapping[str, Any] | None = None,
    description: str | None = None,
    log_system_metrics: bool | None = None,
) -> ActiveRun:
    """Open a run, or one that exists again, and make it the active one.

    Parameters
    ----------
    run_id : str, optional
        Continue this run instead of making one.
    experiment_id : str, optional
        Where to make it; the active experiment by default.
    run_name : str, optional
    nested : bool
        Whether it is a child of the run that is active; without it, a second run is refused.
    parent_run_id : str, optional
        Make it a child of that run, active or not.
    tags : dict, optional
    description : str, optional
        Kept as the tag ``mlflow.note.content``.
    log_system_metrics : bool, optional
        Accepted for MLflow's sake; fitscribe measures fits, not the machine.

    Returns
    -------
    ActiveRun

    Raises
    ------
    InvalidState
        If a run is active here already and `nested` is not set.
    NotFound
        If `run_id`, `parent_run_id` or the experiment does not exist.
    """
    del log_system_metrics
    here = active.scope()
    own = here.runs[here.inherited :]
    if own and not nested and parent_run_id is None:
        raise InvalidState(
            f"The run {own[-1].run_id} ({own[-1].name}) is active already. End it with end_run(), "
            "or make a child of it with start_run(nested=True)."
        )
    checked = check_tags(tags)
    if description is not None:
        checked[NOTE] = check_tag(NOTE, description)[1]
    connection = connect()
    resumed = run_id
    if resumed is None and not here.runs:
        resumed = config.RUN_ID.get()
        config.RUN_ID.clear()
    if resumed is not None:
        found = connection.store.get_run(resumed)
        if found.info.lifecycle_stage != LifecycleStage.ACTIVE:
            raise InvalidState(
                f"The run {resumed} is deleted; restore_run({resumed!r}) brings it back."
            )
        if run_name is not None:
            checked.update([check_tag(TAG_RUN_NAME, run_name)])
        opened = resume_run(connection, found, checked)
    else:
        if nested and parent_run_id is None and here.runs:
            parent_run_id = here.runs[-1].run_id
        opened = open_run(
            connection,
            experiment_id or _experiment_of_new_run(here, nested),
            name=None if run_name is None else check_tag(TAG_RUN_NAME, run_name)[1],
            parent_run_id=parent_run_id,
            tags=checked,
        )
    active.push_run(opened)
    return ActiveRun(opened.store.get_run(opened.run_id), opened)


def _experiment_of_new_run(here: active.Scope, nested: bool) -> str:
    """Return the experiment of a new run: a child goes where its parent is."""
    if nested and here.runs:
        return here.runs[-1].experiment_id
    return active_experiment_id(connect())


def end_run(status: str = RunStatus.FINISHED) -> None:
    """End the active run; without one, nothing happens.

    Raises
    ------
    InvalidParameter
        If `status` is none of FINISHED, FAILED, KILLED (SCHEDULED and RUNNING are no ends).
    """
    if not isinstance(status, str) or status not in RunStatus.TERMINAL:
        raise InvalidParameter(f"A run ends as FINISHED, FAILED or KILLED, not as {status!r:.80}.")
    run = active.current_run()
    if run is not None:
        _end(run, status, {})


def _end(run: OpenRun, status: str, tags: dict[str, str]) -> None:
    """End a run and what was left open inside it."""
    while True:
        inner = active.pop_run()
        if inner is None:
            active.pop_run(run)
            return
        end_open_run(inner, status, tags if inner is run else {})
        if inner is run:
            return


def active_run() -> ActiveRun | None:
    """Return the active run of this thread and task, or None."""
    run = active.current_run()
    return None if run is None else ActiveRun(run.store.get_run(run.run_id), run)


def last_active_run() -> Run | None:
    """Return the active run, else the one that was active last, else None.

    Runs of autologging count: after a fit it is the fit's.
    """
    run = active.current_run()
    if run is not None:
        return run.store.get_run(run.run_id)
    last = active.last_run()
    return None if last is None else connect(last[0]).store.get_run(last[1])


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
    """
    del synchronous
    _Target(None).log(params=[Param.checked(key, value)])
    return value


def log_params(
    params: Mapping[str, Any], synchronous: bool | None = None, run_id: str | None = None
) -> RunOperations | None:
    """Log params together: all are kept, or none."""
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
    """Log metrics together: all are kept, or none. Parameters as in :func:`log_metric`."""
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
    """Set tags of the active run together."""
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
    """Note that the active run used a dataset (of ``fitscribe.data``) or a model."""
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
    """Keep a local file (or folder) with the run, in the folder `artifact_path`."""
    _Target(run_id).files().put_file(local_path, artifact_path)


def log_artifacts(
    local_dir: str | Path, artifact_path: str | None = None, run_id: str | None = None
) -> None:
    """Keep all that is in a local folder with the run, in the folder `artifact_path`."""
    _Target(run_id).files().put_files_of(local_dir, artifact_path)


def log_text(text: str, artifact_file: str, run_id: str | None = None) -> None:
    """Keep text as the file `artifact_file` of the run."""
    _Target(run_id).files().put_text(text, artifact_file)


def log_stream(
    stream: io.BufferedIOBase | io.RawIOBase, artifact_file: str, run_id: str | None = None
) -> None:
    """Keep all that a binary file-like object gives from here on as the file `artifact_file`."""
    _Target(run_id).files().put_stream(stream, artifact_file)


def log_dict(dictionary: Any, artifact_file: str, run_id: str | None = None) -> None:
    """Keep a dict or list as JSON, or as YAML if the name ends in .yml or .yaml."""
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
    """Keep a table (dict of columns, DataFrame); rows are added to one that is there."""
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
    """Return when all that was logged is kept; every call writes before it returns, so at once."""


def flush_artifact_async_logging() -> None:
    """Return when all files are kept; every call writes before it returns, so at once."""
