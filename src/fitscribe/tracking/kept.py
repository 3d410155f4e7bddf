"""Runs that are kept: finding and reading them, the bin."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from fitscribe.core.entities import TAG_PARENT, Run
from fitscribe.core.paging import gathered
from fitscribe.core.ports import TrackingStore
from fitscribe.core.states import RunStatus, ViewType
from fitscribe.core.texts import listed
from fitscribe.core.values import Metric
from fitscribe.errors import FitscribeError, InvalidParameter
from fitscribe.tracking.connect import Connection, connect
from fitscribe.tracking.experiments import active_experiment_id, search_experiments
from fitscribe.tracking.frame import runs_to_frame
from fitscribe.tracking.lease import end_dead_runs
from fitscribe.tracking.lifecycle import is_open_here

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "all_runs",
    "delete_run",
    "get_metric_history",
    "get_parent_run",
    "get_run",
    "read_run",
    "restore_run",
    "search_runs",
    "truthful",
]


# A process that reads again and again asks so often who is still alive.
LOOK_S = 2.0
R = TypeVar("R", bound=Sequence[Run])


class _Looked:
    at = -LOOK_S


def truthful(store: TrackingStore, read: Callable[[], R]) -> R:
    """Read runs; where one seems to run whose process is gone, end it and read again.

    Nothing is asked for where no run of another process is RUNNING.
    """
    found = read()
    running = [run.info.run_id for run in found if run.info.status == RunStatus.RUNNING]
    if all(is_open_here(run_id) for run_id in running):
        return found
    if time.monotonic() - _Looked.at < LOOK_S:
        return found
    ended: list[str] = []
    with contextlib.suppress(FitscribeError):  # reading goes on where nothing can be written
        ended = end_dead_runs(store)
    _Looked.at = time.monotonic()
    return found if set(ended).isdisjoint(running) else read()


def read_run(store: TrackingStore, run_id: str) -> Run:
    """Return a run, ended if its process is gone. Raises NotFound."""
    return truthful(store, lambda: [store.get_run(run_id)])[0]


def get_run(run_id: str) -> Run:
    """Return a run with all that was logged to it. Raises NotFound."""
    return read_run(connect().store, run_id)


def get_parent_run(run_id: str) -> Run | None:
    """Return the parent of a run, or None."""
    store = connect().store
    parent = store.get_run(run_id).data.tags.get(TAG_PARENT)
    return None if parent is None else store.get_run(parent)


def delete_run(run_id: str) -> None:
    """Put a run into the bin."""
    connect().store.delete_run(run_id)


def restore_run(run_id: str) -> None:
    """Take a run out of the bin."""
    connect().store.restore_run(run_id)


def get_metric_history(run_id: str, key: str) -> list[Metric]:
    """Return every point of a metric, by time and step."""
    return connect().store.get_metric_history(run_id, key)


def search_runs(
    experiment_ids: Sequence[str] | None = None,
    filter_string: str = "",
    run_view_type: int = ViewType.ACTIVE_ONLY,
    max_results: int = 100_000,
    order_by: Sequence[str] | None = None,
    output_format: str = "pandas",
    search_all_experiments: bool = False,
    experiment_names: Sequence[str] | None = None,
) -> list[Run] | pd.DataFrame:
    """Return runs that a filter finds.

    Parameters
    ----------
    experiment_ids, experiment_names : sequence of str, optional
        Where to look; the active experiment by default.
    filter_string : str
        For example ``metrics.training_accuracy_score > 0.9 and params.max_depth = 3``.
    run_view_type : int
        A constant of ``ViewType``.
    max_results : int
        At most so many.
    order_by : sequence of str, optional
        For example ``["metrics.training_score DESC"]``; newest first by default.
    output_format : {"pandas", "list"}
        A DataFrame (see :func:`fitscribe.tracking.frame.runs_to_frame`), or Run objects.
    search_all_experiments : bool
        Look into every active experiment where neither ids nor names are given.

    Raises
    ------
    BadFilter
        If the filter or the order cannot be read.

    Examples
    --------
    >>> import fitscribe
    >>> for rate in (0.1, 0.2):
    ...     with fitscribe.start_run(run_name=f"rate {rate}"):
    ...         _ = fitscribe.log_param("rate", rate)
    >>> found = fitscribe.search_runs(filter_string="params.rate > 0.1", output_format="list")
    >>> [run.info.run_name for run in found]
    ['rate 0.2']
    """
    if output_format not in ("pandas", "list"):
        raise InvalidParameter(f"output_format is 'pandas' or 'list', not {output_format!r:.80}.")
    given = [str(one) for one in listed(experiment_ids, "experiment_ids")]
    names = listed(experiment_names, "experiment_names")
    if given and names:
        raise InvalidParameter("Give experiment_ids or experiment_names, not both.")
    connection = connect()
    if names:
        named = [connection.store.get_experiment_by_name(name) for name in names]
        ids = [found.experiment_id for found in named if found is not None]
    elif given:
        ids = given
    elif search_all_experiments:
        ids = [found.experiment_id for found in search_experiments()]
    else:
        ids = [active_experiment_id(connection)]
    order = listed(order_by, "order_by")
    runs = all_runs(connection, ids, filter_string, run_view_type, order, max_results)
    return runs if output_format == "list" else runs_to_frame(runs)


def all_runs(
    connection: Connection,
    ids: Sequence[str],
    filter_string: str = "",
    view_type: int = ViewType.ACTIVE_ONLY,
    order_by: Sequence[str] = (),
    most: int = 100_000,
) -> list[Run]:
    """Return what is on all pages of a search, at most so many."""
    search = connection.store.search_runs
    return truthful(
        connection.store,
        lambda: gathered(
            lambda size, token: search(ids, filter_string, order_by, view_type, size, token), most
        ),
    )
