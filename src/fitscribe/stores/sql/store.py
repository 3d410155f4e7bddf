"""The tracking store over SQL: one method is one transaction.

Searches are built with SQLAlchemy, which takes 0.2 s to import: a script that only writes, and
reads by id, goes without. So the three searches load their modules when they are first called.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from fitscribe.core.caller import Caller
from fitscribe.core.commands import Batch, Lease, ModelChange
from fitscribe.core.entities import (
    TAG_ENDED_BY,
    Change,
    Experiment,
    LoggedModel,
    PagedList,
    Run,
    StoreInfo,
)
from fitscribe.core.states import ViewType
from fitscribe.core.uris import masked
from fitscribe.core.values import Metric
from fitscribe.stores.sql import (
    batch as batches,
)
from fitscribe.stores.sql import (
    changes,
    experiments,
    leases,
    logged_models,
    metrics,
    runs,
    schema,
)
from fitscribe.stores.sql.codes import DELETED, LIVE
from fitscribe.stores.sql.counts import counted
from fitscribe.stores.sql.engine import Engine
from fitscribe.stores.sql.ids import check_given
from fitscribe.stores.sql.locations import Locations, absolute_location
from fitscribe.stores.sql.registry_store import SqlRegistry

__all__ = ["SqlStore"]


class SqlStore(SqlRegistry):
    """Experiments, runs and models in SQLite or PostgreSQL (see :class:`Store`).

    Parameters
    ----------
    engine : Engine
        Connections to the database.
    uri : str
        Its address.
    artifact_root : str
        The address below which artifacts lie that have no location of their own.
    caller : Caller
        On whose behalf it acts.
    """

    def __init__(self, engine: Engine, uri: str, artifact_root: str, caller: Caller) -> None:
        super().__init__(engine, Locations(artifact_root.rstrip("/")), caller)
        self._uri = uri

    @property
    def caller(self) -> Caller:
        """On whose behalf it acts."""
        return self._caller

    def acting_for(self, caller: Caller) -> SqlStore:
        """Return a store over the same database that acts for another caller; it is cheap."""
        return SqlStore(self._engine, self._uri, self._locations.root, caller)

    def close(self) -> None:
        """Give connections back; the store opens new ones when it is used again."""
        self._engine.close()

    def info(self) -> StoreInfo:
        """Describe the store: engine, schema version, size, number of rows."""
        with self._engine.read() as connection:
            counts = counted(connection, self._caller)
            version = schema.read_version(connection)
        facts = self._engine.facts()
        return StoreInfo(
            uri=masked(self._uri),
            engine=facts["engine"],
            schema=version,
            journal=facts["journal"],
            size_bytes=facts["size_bytes"],
            counts=counts,
        )

    # Experiments

    def create_experiment(
        self, name: str, artifact_location: str | None = None, tags: Mapping[str, str] = {}
    ) -> Experiment:
        """Make an experiment and return it."""
        experiments.check_name(name)
        location = absolute_location(artifact_location)
        keys = self._engine.number_keys(tags)
        with self._engine.write() as connection:
            numbered = {keys[key]: value for key, value in tags.items()}
            number = experiments.create(connection, self._caller, name, location, numbered)
            return experiments.read(connection, self._locations, [number])[0]

    def get_experiment(self, experiment_id: str) -> Experiment:
        """Return an experiment, deleted ones too."""
        with self._engine.read() as connection:
            number, _, _ = experiments.number_of(connection, self._caller, experiment_id)
            return experiments.read(connection, self._locations, [number])[0]

    def get_experiment_by_name(self, name: str) -> Experiment | None:
        """Return the active experiment of that name, else the latest deleted one, else None."""
        experiments.check_name(name)
        with self._engine.read() as connection:
            number = experiments.find(connection, self._caller, name)
            if number is None:
                return None
            return experiments.read(connection, self._locations, [number])[0]

    def search_experiments(
        self,
        filter_string: str = "",
        order_by: Sequence[str] = (),
        view_type: int = ViewType.ACTIVE_ONLY,
        max_results: int = 1000,
        page_token: str | None = None,
    ) -> PagedList[Experiment]:
        """Return a page of experiments, newest first unless `order_by` says otherwise."""
        from fitscribe.stores.sql.search_experiments import search_experiments

        with self._engine.read() as connection:
            numbers = search_experiments(
                connection,
                self._caller,
                filter_string,
                order_by,
                view_type,
                max_results,
                page_token,
            )
            found = experiments.read(connection, self._locations, numbers)
            return PagedList(found, numbers.token)

    def rename_experiment(self, experiment_id: str, new_name: str) -> None:
        """Rename an active experiment."""
        experiments.check_name(new_name)
        with self._engine.write() as connection:
            experiments.rename(connection, self._caller, experiment_id, new_name)

    def delete_experiment(self, experiment_id: str) -> None:
        """Put an experiment with all its runs into the bin; its name is free at once."""
        with self._engine.write() as connection:
            experiments.delete(connection, self._caller, experiment_id)

    def restore_experiment(self, experiment_id: str, name: str | None = None) -> None:
        """Take an experiment, and the runs deleted with it, out of the bin."""
        if name is not None:
            experiments.check_name(name)
        with self._engine.write() as connection:
            experiments.restore(connection, self._caller, experiment_id, name)

    def set_experiment_tags(self, experiment_id: str, tags: Mapping[str, str]) -> None:
        """Set tags on an active experiment; other tags stay."""
        keys = self._engine.number_keys(tags)
        with self._engine.write() as connection:
            numbered = {keys[key]: value for key, value in tags.items()}
            experiments.set_tags(connection, self._caller, experiment_id, numbered)

    def delete_experiment_tag(self, experiment_id: str, key: str) -> None:
        """Remove a tag. Raises NotFound if it is not there."""
        check_given(key)
        with self._engine.write() as connection:
            experiments.delete_tag(connection, self._caller, experiment_id, key)

    # Runs

    def log(self, batch: Batch) -> None:
        """Write a batch: one transaction, all or nothing. When it returns, it is kept."""
        batches.write(self._engine, self._caller, batch)

    def get_run(self, run_id: str) -> Run:
        """Return a run with latest metrics, params, tags, inputs and outputs."""
        with self._engine.read() as connection:
            number, _, _ = runs.number_of(connection, self._caller, run_id)
            return runs.read(connection, self._caller, self._locations, [number])[0]

    def search_runs(
        self,
        experiment_ids: Iterable[str],
        filter_string: str = "",
        order_by: Sequence[str] = (),
        view_type: int = ViewType.ACTIVE_ONLY,
        max_results: int = 1000,
        page_token: str | None = None,
    ) -> PagedList[Run]:
        """Return a page of runs in the given experiments."""
        from fitscribe.stores.sql.search_runs import search_runs

        with self._engine.read() as connection:
            numbers = search_runs(
                connection,
                self._caller,
                self._locations,
                experiment_ids,
                filter_string,
                order_by,
                view_type,
                max_results,
                page_token,
            )
            return PagedList(
                runs.read(connection, self._caller, self._locations, numbers), numbers.token
            )

    def delete_run(self, run_id: str) -> None:
        """Put a run into the bin; deleting it again is fine."""
        with self._engine.write() as connection:
            runs.set_lifecycle(connection, self._caller, run_id, DELETED)

    def restore_run(self, run_id: str) -> None:
        """Take a run out of the bin."""
        with self._engine.write() as connection:
            runs.set_lifecycle(connection, self._caller, run_id, LIVE)

    def delete_tag(self, run_id: str, key: str) -> None:
        """Remove a tag of an active run. Raises NotFound if it is not there."""
        check_given(key)
        with self._engine.write() as connection:
            runs.delete_tag(connection, self._caller, run_id, key)

    def get_metric_history(
        self,
        run_id: str,
        key: str,
        max_results: int | None = None,
        page_token: str | None = None,
    ) -> PagedList[Metric]:
        """Return every point of a metric, by (timestamp, step, value); none if unknown."""
        check_given(key)
        with self._engine.read() as connection:
            number, _, _ = runs.number_of(connection, self._caller, run_id)
            return metrics.history(
                connection, self._caller, number, run_id, key, max_results, page_token
            )

    # Leases

    def beat(self, run_ids: Sequence[str], lease: Lease) -> None:
        """Renew the lease of open runs; one that was ended by its lease runs again."""
        if run_ids:
            with self._engine.write() as connection:
                leases.beat(connection, self._caller, run_ids, lease)

    def open_leases(self) -> list[tuple[str, Lease]]:
        """Return (run id, lease) of every run that is RUNNING under a lease."""
        with self._engine.read() as connection:
            return leases.open_leases(connection, self._caller)

    def end_abandoned(self, run_ids: Sequence[str]) -> None:
        """Store runs that nobody keeps open as KILLED with ``fitscribe.ended_by=lease``."""
        if run_ids:
            key = self._engine.number_keys([TAG_ENDED_BY])[TAG_ENDED_BY]
            with self._engine.write() as connection:
                leases.end_abandoned(connection, self._caller, run_ids, key)

    # Logged models

    def get_logged_model(self, model_id: str) -> LoggedModel:
        """Return a logged model with its params, tags and metrics. Raises NotFound."""
        with self._engine.read() as connection:
            number = logged_models.number_of(connection, self._caller, model_id)
            return logged_models.read(connection, self._caller, self._locations, [number])[0]

    def find_logged_model(self, run_id: str, name: str) -> LoggedModel | None:
        """Return the newest model of that name that the run made, or None."""
        with self._engine.read() as connection:
            run, _, _ = runs.number_of(connection, self._caller, run_id)
            number = logged_models.find(connection, self._caller, run, name)
            if number is None:
                return None
            return logged_models.read(connection, self._caller, self._locations, [number])[0]

    def search_logged_models(
        self,
        experiment_ids: Iterable[str],
        filter_string: str = "",
        order_by: Sequence[str] = (),
        max_results: int = 100,
        page_token: str | None = None,
    ) -> PagedList[LoggedModel]:
        """Return a page of logged models, newest first unless `order_by` says otherwise."""
        from fitscribe.stores.sql.search_models import search_models

        with self._engine.read() as connection:
            numbers = search_models(
                connection,
                self._caller,
                experiment_ids,
                filter_string,
                order_by,
                max_results,
                page_token,
            )
            found = logged_models.read(connection, self._caller, self._locations, numbers)
            return PagedList(found, numbers.token)

    def update_logged_model(self, model_id: str, change: ModelChange) -> None:
        """Change status, tags or digest, add params. An existing param is InvalidParameter."""
        keys = self._engine.number_keys({*change.params, *change.tags})
        with self._engine.write() as connection:
            logged_models.update(connection, self._caller, model_id, change, keys)

    def delete_logged_model_tag(self, model_id: str, key: str) -> None:
        """Remove a tag. Raises NotFound if it is not there."""
        check_given(key)
        with self._engine.write() as connection:
            logged_models.delete_tag(connection, self._caller, model_id, key)

    def delete_logged_model(self, model_id: str) -> None:
        """Put a logged model into the bin; get and search no longer find it."""
        with self._engine.write() as connection:
            logged_models.delete(connection, self._caller, model_id)

    # The sequence

    def changes(self, after: int = 0, limit: int = 1000) -> list[Change]:
        """Return what was changed after a sequence number, in the order of commits."""
        with self._engine.read() as connection:
            return changes.read(connection, self._caller, after, limit)
