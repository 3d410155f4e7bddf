"""The contracts: what every store keeps, whatever it is made of.

Common to all methods. **Errors** are those of :mod:`fitscribe.errors` and are raised before
anything is written, or the whole call is undone. **Threads**: a store may be used from any
thread. **Processes**: after a fork, the child opens connections of its own. **Ids** are text.
**Times** are milliseconds since 1970 UTC. A thing that the caller may not see is answered as a
thing that is not there (NotFound).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

from fitscribe.core.caller import Caller
from fitscribe.core.commands import Batch, Lease, ModelChange, NewVersion
from fitscribe.core.entities import (
    Change,
    Experiment,
    FileInfo,
    LoggedModel,
    PagedList,
    Run,
    StoreInfo,
)
from fitscribe.core.registry import ModelVersion, RegisteredModel
from fitscribe.core.states import ViewType
from fitscribe.core.values import Metric

__all__ = ["ArtifactStore", "RegistryStore", "Store", "TrackingStore"]


@runtime_checkable
class TrackingStore(Protocol):
    """Experiments, runs, logged models and the sequence of their changes."""

    @property
    def caller(self) -> Caller:
        """On whose behalf it acts."""

    def acting_for(self, caller: Caller) -> TrackingStore:
        """Return a store over the same database that acts for another caller; it is cheap."""

    def close(self) -> None:
        """Give connections back; the store opens new ones when it is used again."""

    def info(self) -> StoreInfo:
        """Describe the store: engine, schema version, size, number of rows."""

    # Experiments

    def create_experiment(
        self, name: str, artifact_location: str | None = None, tags: Mapping[str, str] = {}
    ) -> Experiment:
        """Make an experiment and return it; a new store has one, ``Default``, with the id ``0``.

        `artifact_location` None means the store's own root, which is kept relative, so that a
        folder that is moved still opens.

        Raises
        ------
        AlreadyExists
            If an active experiment has that name; deleted ones do not block it.
        InvalidParameter
            If the name is empty or longer than 500 characters.
        """

    def get_experiment(self, experiment_id: str) -> Experiment:
        """Return an experiment, deleted ones too.

        Raises NotFound, or InvalidParameter if the id is no decimal number.
        """

    def get_experiment_by_name(self, name: str) -> Experiment | None:
        """Return the active experiment of that name, else the latest deleted one, else None."""

    def search_experiments(
        self,
        filter_string: str = "",
        order_by: Sequence[str] = (),
        view_type: int = ViewType.ACTIVE_ONLY,
        max_results: int = 1000,
        page_token: str | None = None,
    ) -> PagedList[Experiment]:
        """Return a page of experiments, newest first unless `order_by` says otherwise."""

    def rename_experiment(self, experiment_id: str, new_name: str) -> None:
        """Rename an active experiment. Raises AlreadyExists, InvalidState if it is deleted."""

    def delete_experiment(self, experiment_id: str) -> None:
        """Put an experiment with all its runs into the bin; its name is free at once."""

    def restore_experiment(self, experiment_id: str, name: str | None = None) -> None:
        """Take an experiment, and the runs deleted with it, out of the bin.

        Raises AlreadyExists if an active experiment has taken the name; `name` gives a new one.
        """

    def set_experiment_tags(self, experiment_id: str, tags: Mapping[str, str]) -> None:
        """Set tags on an active experiment; other tags stay."""

    def delete_experiment_tag(self, experiment_id: str, key: str) -> None:
        """Remove a tag. Raises NotFound if it is not there."""

    # Runs

    def log(self, batch: Batch) -> None:
        """Write a batch: one transaction, all or nothing. When it returns, it is kept.

        Order of effects: models and runs are made, then filled, then changed. A run that exists
        already with the same id is not made twice, it is filled. Params are immutable: the same
        value again is fine. The same metric point again is one point. The latest value of a
        metric is the greatest by (step, timestamp, value); NaN is a value, below all numbers.

        Raises
        ------
        InvalidParameter
            A param has another value already (both are named); a run or its experiment is
            deleted.
        NotFound
            A run, experiment, dataset's model or parent is not there.
        StoreUnavailable
            The database is locked, full, read-only or away.
        """

    def get_run(self, run_id: str) -> Run:
        """Return a run with latest metrics, params, tags, inputs and outputs; deleted ones too."""

    def search_runs(
        self,
        experiment_ids: Iterable[str],
        filter_string: str = "",
        order_by: Sequence[str] = (),
        view_type: int = ViewType.ACTIVE_ONLY,
        max_results: int = 1000,
        page_token: str | None = None,
    ) -> PagedList[Run]:
        """Return a page of runs in the given experiments.

        Without `order_by`, newest start first. Missing values come last in both directions, NaN
        just before them, and so do params that are no numbers. Texts sort by code point, by
        their first 200 characters. Ties are broken by start time (newest first), then by the
        order in which the runs were made (newest first).
        Raises BadFilter for what cannot be read, InvalidParameter for a token of another query.
        """

    def delete_run(self, run_id: str) -> None:
        """Put a run into the bin; deleting it again is fine."""

    def restore_run(self, run_id: str) -> None:
        """Take a run out of the bin."""

    def delete_tag(self, run_id: str, key: str) -> None:
        """Remove a tag of an active run. Raises NotFound if it is not there."""

    def get_metric_history(
        self,
        run_id: str,
        key: str,
        max_results: int | None = None,
        page_token: str | None = None,
    ) -> PagedList[Metric]:
        """Return every point of a metric, by (timestamp, step, value); none if unknown."""

    # Leases

    def beat(self, run_ids: Sequence[str], lease: Lease) -> None:
        """Renew the lease of open runs; one that was ended by its lease runs again."""

    def open_leases(self) -> list[tuple[str, Lease]]:
        """Return (run id, lease) of every run that is RUNNING under a lease."""

    def end_abandoned(self, run_ids: Sequence[str]) -> None:
        """Store runs that nobody keeps open as KILLED with ``fitscribe.ended_by=lease``.

        The end is the last heartbeat. Runs that ended meanwhile are left alone.
        """

    # Logged models

    def get_logged_model(self, model_id: str) -> LoggedModel:
        """Return a logged model with its params, tags and metrics. Raises NotFound."""

    def find_logged_model(self, run_id: str, name: str) -> LoggedModel | None:
        """Return the newest model of that name that the run made, or None."""

    def search_logged_models(
        self,
        experiment_ids: Iterable[str],
        filter_string: str = "",
        order_by: Sequence[str] = (),
        max_results: int = 100,
        page_token: str | None = None,
    ) -> PagedList[LoggedModel]:
        """Return a page of logged models, newest first unless `order_by` says otherwise."""

    def update_logged_model(self, model_id: str, change: ModelChange) -> None:
        """Change status, tags or digest, add params. An existing param is InvalidParameter."""

    def delete_logged_model_tag(self, model_id: str, key: str) -> None:
        """Remove a tag. Raises NotFound if it is not there."""

    def delete_logged_model(self, model_id: str) -> None:
        """Put a logged model into the bin; get and search no longer find it."""

    # The sequence

    def changes(self, after: int = 0, limit: int = 1000) -> list[Change]:
        """Return what was changed after a sequence number, in the order of commits."""


@runtime_checkable
class RegistryStore(Protocol):
    """Registered models: names, numbered versions, aliases that move, stages.

    Common to all methods. **Names** are checked as by ``check_registered_name``, aliases as by
    ``check_alias``, versions as by ``check_version``: InvalidParameter. A name, version or alias
    that is not there is NotFound, unless said otherwise. **Order**: writers come one after the
    other, so a version's number is one above the last that the name ever had, and whoever reads
    an alias gets the version of the last move that had returned. **Visibility**: names, their
    descriptions, tags and counters are everybody's; a version of a run or a logged model that the
    caller may not see is not there, and neither are its aliases.
    """

    # Registered models

    def create_registered_model(
        self, name: str, tags: Mapping[str, str] = {}, description: str | None = None
    ) -> RegisteredModel:
        """Make a name without versions. Raises AlreadyExists."""

    def get_registered_model(self, name: str) -> RegisteredModel:
        """Return a name with its tags, its aliases, and the newest version of each stage."""

    def rename_registered_model(self, name: str, new_name: str) -> RegisteredModel:
        """Give a name with all that belongs to it another one.

        Raises AlreadyExists, also if it is the same; PermissionDenied if it has versions that the
        caller may not see.
        """

    def update_registered_model(self, name: str, description: str | None) -> RegisteredModel:
        """Set the description."""

    def delete_registered_model(self, name: str) -> None:
        """Remove a name with its versions, aliases and tags; models and files stay.

        Raises PermissionDenied if it has versions that the caller may not see.
        """

    def search_registered_models(
        self,
        filter_string: str = "",
        order_by: Sequence[str] = (),
        max_results: int = 100,
        page_token: str | None = None,
    ) -> PagedList[RegisteredModel]:
        """Return a page of names, sorted by name unless `order_by` says otherwise.

        Names with the tag ``mlflow.prompt.is_prompt`` = ``true`` are left out unless the filter
        asks for that tag, of which ``!=`` finds those without it too (as in MLflow).
        """

    def get_latest_versions(self, name: str, stages: Sequence[str] = ()) -> list[ModelVersion]:
        """Return the newest version in each of some stages, all by default, that has any."""

    def set_registered_model_tag(self, name: str, key: str, value: str) -> None:
        """Set a tag; other tags stay."""

    def delete_registered_model_tag(self, name: str, key: str) -> None:
        """Remove a tag; one that is not there is fine, as in MLflow."""

    # Versions

    def create_model_version(self, new: NewVersion) -> ModelVersion:
        """Make the next version of a name.

        A source ``models:/m-…`` is a logged model: the version is of its run, and the model's tag
        ``mlflow.modelVersions`` names the version. A source that is a version or an alias of a
        registered model is what that is now: moving or deleting it changes nothing here.

        Raises
        ------
        NotFound
            If there is no such name (unless one is to be made), logged model or version.
        InvalidParameter
            If the source contradicts `run_id` or `model_id`, or has ``..`` in it.
        PermissionDenied
            If the source is a local folder, and the caller may not see everything.
        """

    def get_model_version(self, name: str, version: str) -> ModelVersion:
        """Return a version with its tags and aliases."""

    def update_model_version(
        self, name: str, version: str, description: str | None
    ) -> ModelVersion:
        """Set the description."""

    def transition_model_version_stage(
        self, name: str, version: str, stage: str, archive_existing_versions: bool = False
    ) -> ModelVersion:
        """Move a version to a stage; with the flag all others that are in it to Archived.

        The flag goes with Staging and Production only: InvalidParameter.
        """

    def delete_model_version(self, name: str, version: str) -> None:
        """Remove a version with its tags and the aliases on it; its number is not given again."""

    def get_model_version_download_uri(self, name: str, version: str) -> str:
        """Return the address of a version's files.

        Raises NotFound if they are of a logged model, a run, that is not there any more.
        """

    def search_model_versions(
        self,
        filter_string: str = "",
        order_by: Sequence[str] = (),
        max_results: int = 10_000,
        page_token: str | None = None,
    ) -> PagedList[ModelVersion]:
        """Return a page of versions, the last updated first unless `order_by` says otherwise.

        Ties are broken by name, then by version (newest first). Prompts are left out as by
        :meth:`search_registered_models`.
        """

    def set_model_version_tag(self, name: str, version: str, key: str, value: str) -> None:
        """Set a tag of a version; other tags stay."""

    def delete_model_version_tag(self, name: str, version: str, key: str) -> None:
        """Remove a tag of a version; one that is not there is fine, as in MLflow."""

    # Aliases

    def set_registered_model_alias(self, name: str, alias: str, version: str) -> None:
        """Let an alias stand for a version; one that stood for another is moved."""

    def delete_registered_model_alias(self, name: str, alias: str) -> None:
        """Remove an alias; one that is not there is fine, as in MLflow."""

    def get_model_version_by_alias(self, name: str, alias: str) -> ModelVersion:
        """Return the version that an alias stands for; ``latest`` is the newest one.

        Raises InvalidParameter if the name has no such alias (MLflow's code for it).
        """


@runtime_checkable
class Store(TrackingStore, RegistryStore, Protocol):
    """What one database keeps: runs with all that is theirs, and registered models."""

    def acting_for(self, caller: Caller) -> Store:
        """Return a store over the same database that acts for another caller; it is cheap."""


@runtime_checkable
class ArtifactStore(Protocol):
    r"""Files under one root. Every path is relative to it, with ``/`` between segments.

    **Paths**: each segment is any text that is not empty, ``.``, ``..``, has no ``/``, ``\\``, NUL
    or control character, and fits into 255 bytes; a path has up to 100 segments and 1,024 bytes.
    Nothing is decoded, so ``%2e%2e`` is a file of that name. At the top a store may keep names
    that start with a dot for itself. UnsafePath is raised for everything else, and for a path
    that a symbolic link leads out of the root. **Atomicity**: a reader sees the old file, or the
    new one, or none; never a part. A folder that is put as one appears as one. **Space**: equal
    bytes put by :meth:`put_folder` are kept once where the file system has hard links.
    """

    @property
    def uri(self) -> str:
        """The root's address: ``file:///…``."""

    def put_bytes(self, path: str, data: bytes) -> None:
        """Write one file; one that is there is replaced."""

    def put_file(self, path: str, local_path: Path) -> None:
        """Copy a local file to `path`; one that is there is replaced."""

    def put_folder(
        self, path: str, files: Mapping[str, bytes], unshared: Collection[str] = ()
    ) -> None:
        """Write a folder of files (relative path to content) that appears as one.

        Of the files named in `unshared` no other has the bytes (they hold an id, say), so it is
        not worth looking for them.
        Raises AlreadyExists if there is something at `path`.
        """

    def list(self, path: str = "") -> list[FileInfo]:
        """Return the entries of a folder, sorted by path; a file or nothing gives none."""

    def read(self, path: str) -> bytes:
        """Return a file's bytes. Raises NotFound."""

    def is_file(self, path: str) -> bool:
        """Whether there is a file at `path`."""

    def is_folder(self, path: str) -> bool:
        """Whether there is a folder at `path`."""

    def download(self, path: str, destination: Path) -> Path:
        """Copy a file into the folder `destination`, or all that a folder holds.

        Returns the file's copy, which has the name of the file; of a folder, `destination`.
        Raises NotFound.
        """

    def local_path(self, path: str) -> Path | None:
        """Return where the file lies on this machine, or None if it is elsewhere."""

    def delete(self, path: str) -> None:
        """Remove a file or a folder; what is not there is no error."""
