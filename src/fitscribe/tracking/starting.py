"""Starting, continuing and ending runs: the functions of ``import fitscribe`` that open one."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Literal

from fitscribe import config
from fitscribe.core.entities import TAG_RUN_NAME, Run
from fitscribe.core.states import LifecycleStage, RunStatus
from fitscribe.core.texts import check_tag, check_tags
from fitscribe.errors import InvalidParameter, InvalidState, NotFound
from fitscribe.tracking import active
from fitscribe.tracking.active import OpenRun
from fitscribe.tracking.connect import Connection, connect
from fitscribe.tracking.experiments import active_experiment_id
from fitscribe.tracking.lifecycle import end_open_run, error_tags, status_after
from fitscribe.tracking.runs import open_run, resume_run
from fitscribe.tracking.stack import level_of_caller

__all__ = ["ActiveRun", "active_run", "end_run", "last_active_run", "start_run"]

NOTE = "mlflow.note.content"


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

    Examples
    --------
    >>> import fitscribe
    >>> with fitscribe.start_run(run_name="grid") as parent:
    ...     with fitscribe.start_run(run_name="first", nested=True) as child:
    ...         fitscribe.log_metric("loss", 0.5)
    >>> fitscribe.get_parent_run(child.info.run_id).info.run_name
    'grid'
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
    for sentence in config.refused_untold():
        warnings.warn(sentence, stacklevel=level_of_caller())
    connection = connect()
    found = _run_to_continue(connection, run_id, here)
    if found is not None:
        resumed = found.info.run_id
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


def _run_to_continue(connection: Connection, run_id: str | None, here: active.Scope) -> Run | None:
    """Return the run to continue: the one given, or once a process the environment's."""
    if run_id is not None:
        return connection.store.get_run(run_id)
    asked = config.RUN_ID.get()
    if asked is None or here.runs:
        return None
    try:
        found = connection.store.get_run(asked)
    except NotFound as error:
        raise NotFound(f"{config.RUN_ID.variable()} asks for a run: {error}") from error
    config.RUN_ID.clear()
    return found


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
        active.remember_last(inner)  # the last one to end, as in MLflow, not the last to start
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
