"""Opening and ending a run: shared by ``start_run`` and by autologging."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fitscribe.core.clock import Stopwatch, new_run_id, short_id
from fitscribe.core.commands import Batch, NewRun, RunChange, RunRecord
from fitscribe.core.entities import TAG_PARENT, TAG_RUN_NAME, Run
from fitscribe.core.states import RunStatus
from fitscribe.core.values import Param
from fitscribe.tracking.active import OpenRun
from fitscribe.tracking.connect import Connection
from fitscribe.tracking.lease import own_lease
from fitscribe.tracking.lifecycle import keep_truthful
from fitscribe.tracking.source import dirty_tag, source_tags

__all__ = ["open_run", "reopen_run", "resume_run"]


def open_run(
    connection: Connection,
    experiment_id: str,
    *,
    name: str | None = None,
    title: str = "run",
    parent_run_id: str | None = None,
    tags: Mapping[str, str] | None = None,
    params: Sequence[Param] = (),
    stopwatch: Stopwatch | None = None,
) -> OpenRun:
    """Store a new run with its first tags and params, in one transaction, and look after it.

    Parameters
    ----------
    connection : Connection
        Where it is kept.
    experiment_id : str
    name : str, optional
        What people call it.
    title : str, optional
        What ran; the name is then the title and the first four characters of the id.
    parent_run_id : str, optional
    tags, params : optional
        What is known already.
    stopwatch : Stopwatch, optional
        The start, if it lies before this call.
    """
    stopwatch = stopwatch or Stopwatch()
    run_id = new_run_id()
    all_tags = {**source_tags(), **(tags or {})}
    name = name or all_tags.get(TAG_RUN_NAME) or f"{title} · {short_id(run_id)}"
    all_tags[TAG_RUN_NAME] = name
    if parent_run_id is not None:
        all_tags[TAG_PARENT] = parent_run_id
    run = OpenRun(run_id, experiment_id, name, connection.uri, stopwatch)
    create = NewRun(
        experiment_id,
        name,
        stopwatch.start_ms,
        all_tags["mlflow.user"],
        parent_run_id,
        own_lease(),
    )
    all_tags.update(dirty_tag(connection.store, run_id))
    connection.store.log(Batch([RunRecord(run_id, create, params=params, tags=all_tags)]))
    keep_truthful(run)
    return run


def resume_run(connection: Connection, found: Run, tags: Mapping[str, str]) -> OpenRun:
    """Open a run that exists again: RUNNING, without an end, under our lease."""
    info = found.info
    run = OpenRun(
        info.run_id,
        info.experiment_id,
        info.run_name,
        connection.uri,
        claims={"fit", "validation"} if "estimator_name" in found.data.tags else set(),
    )
    change = RunChange(status=RunStatus.RUNNING, reopen=True, lease=own_lease())
    connection.store.log(Batch([RunRecord(info.run_id, tags=tags, change=change)]))
    keep_truthful(run)
    return run


def reopen_run(run: OpenRun) -> None:
    """Open a run again that this process has ended, to go on with it."""
    change = RunChange(status=RunStatus.RUNNING, reopen=True, lease=own_lease())
    run.store.log(Batch([RunRecord(run.run_id, change=change)]))
    keep_truthful(run)
