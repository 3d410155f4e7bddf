"""The methods of ``Client`` on logged models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fitscribe.core.commands import Batch, ModelChange
from fitscribe.core.entities import FileInfo, LoggedModel, PagedList
from fitscribe.core.texts import check_tags, listed
from fitscribe.tracking.artifacts import RunFiles, files_at
from fitscribe.tracking.connect import Connection
from fitscribe.tracking.model_arguments import (
    check_model_status,
    checked_model,
    model_params,
    order_of_models,
)

__all__ = ["ModelMethods"]


class ModelMethods:
    """Reads and writes logged models by id.

    Parameters
    ----------
    connection : Connection
        Where they are kept.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._store = connection.store

    def create_logged_model(
        self,
        experiment_id: str,
        name: str | None = None,
        source_run_id: str | None = None,
        tags: Mapping[str, Any] | None = None,
        params: Mapping[str, Any] | None = None,
        model_type: str | None = None,
    ) -> LoggedModel:
        """Make a logged model, PENDING until :meth:`finalize_logged_model`."""
        new = checked_model(experiment_id, name, source_run_id, tags, params, model_type)
        self._store.log(Batch(models=[new]))
        return self._store.get_logged_model(new.model_id)

    def get_logged_model(self, model_id: str) -> LoggedModel:
        """Return a logged model. Raises NotFound."""
        return self._store.get_logged_model(model_id)

    def search_logged_models(
        self,
        experiment_ids: Sequence[str],
        filter_string: str | None = None,
        datasets: Sequence[Mapping[str, Any]] | None = None,
        max_results: int | None = None,
        order_by: Sequence[Mapping[str, Any]] | None = None,
        page_token: str | None = None,
    ) -> PagedList[LoggedModel]:
        """Return a page of logged models that a filter finds.

        `order_by` is MLflow's: ``[{"field_name": "metrics.acc", "ascending": False}]``.
        """
        order = order_of_models(datasets, order_by)
        return self._store.search_logged_models(
            [str(one) for one in listed(experiment_ids, "experiment_ids")],
            filter_string or "",
            order,
            100 if max_results is None else max_results,
            page_token or None,
        )

    def finalize_logged_model(self, model_id: str, status: str) -> LoggedModel:
        """Set the status of a logged model: READY or FAILED."""
        change = ModelChange(status=check_model_status(status))
        self._store.update_logged_model(model_id, change)
        return self._store.get_logged_model(model_id)

    def log_model_params(self, model_id: str, params: Mapping[str, Any]) -> None:
        """Add params to a logged model; one that is there is InvalidParameter."""
        self._store.update_logged_model(model_id, ModelChange(params=model_params(params)))

    def set_logged_model_tags(self, model_id: str, tags: Mapping[str, Any]) -> None:
        """Set tags of a logged model."""
        checked = check_tags(tags)
        self._store.update_logged_model(model_id, ModelChange(tags=checked))

    def delete_logged_model_tag(self, model_id: str, key: str) -> None:
        """Remove a tag of a logged model. Raises NotFound."""
        self._store.delete_logged_model_tag(model_id, key)

    def delete_logged_model(self, model_id: str) -> None:
        """Put a logged model into the bin."""
        self._store.delete_logged_model(model_id)

    def list_logged_model_artifacts(
        self, model_id: str, path: str | None = None
    ) -> list[FileInfo]:
        """Return the entries of a folder of a logged model."""
        return self._model_files(model_id).list(path)

    def log_model_artifact(
        self, model_id: str, local_path: str | Path, artifact_path: str | None = None
    ) -> None:
        """Keep a local file (or folder) with a logged model."""
        self._model_files(model_id).put_file(local_path, artifact_path)

    def log_model_artifacts(
        self, model_id: str, local_dir: str | Path, artifact_path: str | None = None
    ) -> None:
        """Keep all that is in a local folder with a logged model."""
        self._model_files(model_id).put_files_of(local_dir, artifact_path)

    def _model_files(self, model_id: str) -> RunFiles:
        found = self._store.get_logged_model(model_id)
        return files_at(self._connection, found.artifact_location)
