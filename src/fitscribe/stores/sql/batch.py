"""The one write: a batch to rows, in the order in which they depend on each other."""

from __future__ import annotations

from fitscribe.core.caller import Caller
from fitscribe.core.commands import Batch
from fitscribe.core.entities import TAG_PARENT, TAG_RUN_NAME
from fitscribe.stores.sql import changes, datasets, leases, logged_models, metrics, runs
from fitscribe.stores.sql.codes import CHANGED_MODEL, CHANGED_RUN
from fitscribe.stores.sql.engine import AlreadyWritten, Engine
from fitscribe.stores.sql.ids import no_run

__all__ = ["write"]


def write(engine: Engine, caller: Caller, batch: Batch) -> None:
    """Write a batch in one transaction: all of it, or nothing.

    Raises
    ------
    InvalidParameter, NotFound, StoreUnavailable
        As :meth:`TrackingStore.log` says.
    """
    records = batch.runs
    _check_ids(batch)
    try:
        with engine.batch(_key_names(batch)) as (writer, keys):
            if batch.writer is not None:
                changes.remember(writer, batch.writer, batch.seq)
            runs.create(writer, keys, caller, records)
            logged_models.create(writer, keys, caller, batch.models)
            runs.add_params(writer, keys, records)
            metrics.add(writer, keys, records)
            datasets.add(writer, records)
            logged_models.add_links(writer, caller, records)
            runs.change(writer, records)
            runs.add_tags(writer, keys, records)
            leases.add(writer, records)
            changed = [(CHANGED_MODEL, model.model_id) for model in batch.models]
            changed += [(CHANGED_RUN, run_id) for run_id in {one.run_id: 0 for one in records}]
            changes.append(writer, caller, changed)
    except AlreadyWritten:
        return


def _check_ids(batch: Batch) -> None:
    """Refuse an id that is no text: a database would read it as something else."""
    for record in batch.runs:
        for one in (record.run_id, record.create and record.create.parent_run_id):
            if one is not None and not isinstance(one, str):
                raise no_run(one)
    for model in batch.models:
        if model.source_run_id is not None and not isinstance(model.source_run_id, str):
            raise no_run(model.source_run_id)


def _key_names(batch: Batch) -> set[str]:
    """Return the names of all params, metrics and tags of a batch."""
    names: set[str] = set()
    for record in batch.runs:
        names.update([param.key for param in record.params])
        names.update([metric.key for metric in record.metrics])
        names.update(record.tags)
        if record.create is not None:
            names.update((TAG_RUN_NAME, TAG_PARENT))
        elif record.change is not None and record.change.name is not None:
            names.add(TAG_RUN_NAME)
    for model in batch.models:
        names.update(model.params)
        names.update(model.tags)
    return names
