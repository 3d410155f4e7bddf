"""Tables of several runs as one: ``load_table``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fitscribe.core.entities import Run
from fitscribe.core.texts import listed
from fitscribe.errors import InvalidParameter, NotFound
from fitscribe.tracking.artifacts import files_at, pandas
from fitscribe.tracking.connect import Connection
from fitscribe.tracking.kept import all_runs

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["joined_tables"]


def joined_tables(
    connection: Connection,
    experiment_id: str,
    artifact_file: str,
    run_ids: Sequence[str] | None,
    extra_columns: Sequence[str] | None,
) -> pd.DataFrame:
    """Return the tables of that name of several runs as one DataFrame, a run's rows together.

    Parameters
    ----------
    connection : Connection
    experiment_id : str
        Where to look for runs that have the table, if `run_ids` is None.
    artifact_file : str
    run_ids : sequence of str or None
    extra_columns : sequence of str or None
        Facts of the run to add as columns: a field of its info, else a metric, param or tag.

    Raises
    ------
    NotFound
        If a run that was asked for, or every run of the experiment, has no such table.
    """
    if run_ids is None:
        runs = all_runs(connection, [experiment_id])
    else:
        runs = [connection.store.get_run(run_id) for run_id in listed(run_ids, "run_ids")]
    columns = listed(extra_columns, "extra_columns")
    tables = []
    for run in runs:
        files = files_at(connection, run.info.artifact_uri)
        if run_ids is None and not files.store.is_file(files.path(artifact_file)):
            continue
        table = files.read_table(artifact_file)
        for column in columns:
            table[column] = _fact(run, column)
        tables.append(table)
    if not tables:
        raise NotFound(f"No run of the experiment {experiment_id} has a table {artifact_file!r}.")
    joined: pd.DataFrame = pandas().concat(tables, ignore_index=True)
    return joined


def _fact(run: Run, name: str) -> Any:
    if not isinstance(name, str):
        raise InvalidParameter(f"extra_columns are names, not {name!r:.80}.")
    if hasattr(run.info, name):
        return getattr(run.info, name)
    for facts in (run.data.metrics, run.data.params, run.data.tags):
        if name in facts:
            return facts[name]
    return None
