"""``Client``: MLflow's client methods on ids, over the store that an address names."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from fitscribe.core.clock import new_run_id, now_ms, short_id
from fitscribe.core.commands import Batch, NewRun, RunChange, RunRecord
from fitscribe.core.entities import (
    TAG_PARENT,
    TAG_RUN_NAME,
    DatasetInput,
    Experiment,
    FileInfo,
    LoggedModelInput,
    LoggedModelOutput,
    PagedList,
    Run,
    RunTag,
)
from fitscribe.core.states import RunStatus, ViewType
from fitscribe.core.texts import check_tag, check_tags, listed
from fitscribe.core.uris import masked
from fitscribe.core.values import Metric, Param, check_int64
from fitscribe.errors import InvalidParameter
from fitscribe.tracking.addresses import artifact_of_run
from fitscribe.tracking.artifacts import RunFiles, files_at
from fitscribe.tracking.as_mlflow import refuse_attribute
from fitscribe.tracking.client_models import ModelMethods
from fitscribe.tracking.client_registry import RegistryMethods
from fitscribe.tracking.connect import connect
from fitscribe.tracking.fluent import RunOperations
from fitscribe.tracking.inputs import dataset_inputs, model_inputs, model_outputs
from fitscribe.tracking.kept import read_run, truthful
from fitscribe.tracking.tables import joined_tables

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Client", "MlflowClient"]


class Client(ModelMethods, RegistryMethods):
    """Reads and writes runs by id, wherever they are kept; MLflow's ``MlflowClient``.

    Parameters
    ----------
    tracking_uri : str or Path, optional
        As for ``set_tracking_uri``; the address in force by default.
    registry_uri : str, optional
        Accepted for MLflow's sake; models are kept where runs are.

    Examples
    --------
    >>> import tempfile
    >>> client = Client(tempfile.mkdtemp())
    >>> run = client.create_run("0", run_name="by hand")
    >>> client.log_metric(run.info.run_id, "loss", 0.5)
    >>> client.get_run(run.info.run_id).data.metrics
    {'loss': 0.5}
    """

    def __init__(
        self, tracking_uri: str | Path | None = None, registry_uri: str | None = None
    ) -> None:
        del registry_uri
        super().__init__(connect(tracking_uri))

    def __repr__(self) -> str:
        return f"Client({masked(self.tracking_uri)!r})"

    def __reduce__(self) -> tuple[type[Client], tuple[str]]:
        # Pool workers get clients as arguments; an open connection is none that goes along.
        return Client, (self._connection.uri,)

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("_"):
            raise AttributeError(f"'Client' has no attribute {name!r}")
        refuse_attribute("Client", name, [one for one in dir(self) if not one.startswith("_")])

    @property
    def tracking_uri(self) -> str:
        """The address that the client reads and writes."""
        return self._connection.uri

    # Experiments

    def create_experiment(
        self,
        name: str,
        artifact_location: str | None = None,
        tags: Mapping[str, Any] | None = None,
    ) -> str:
        """Make an experiment and return its id. Raises AlreadyExists."""
        checked = check_tags(tags, "experiment tag")
        return self._store.create_experiment(name, artifact_location, checked).experiment_id

    def get_experiment(self, experiment_id: str) -> Experiment:
        """Return an experiment. Raises NotFound."""
        return self._store.get_experiment(experiment_id)

    def get_experiment_by_name(self, name: str) -> Experiment | None:
        """Return the experiment of that name, or None."""
        return self._store.get_experiment_by_name(name)

    def search_experiments(
        self,
        view_type: int = ViewType.ACTIVE_ONLY,
        max_results: int | None = 1000,
        filter_string: str | None = None,
        order_by: Sequence[str] | None = None,
        page_token: str | None = None,
    ) -> PagedList[Experiment]:
        """Return a page of experiments; its ``token`` asks for the next."""
        size = 1000 if max_results is None else max_results
        return self._store.search_experiments(
            filter_string or "", listed(order_by, "order_by"), view_type, size, page_token or None
        )

    def rename_experiment(self, experiment_id: str, new_name: str) -> None:
        """Give an experiment another name. Raises AlreadyExists."""
        self._store.rename_experiment(experiment_id, new_name)

    def delete_experiment(self, experiment_id: str) -> None:
        """Put an experiment with its runs into the bin."""
        self._store.delete_experiment(experiment_id)

    def restore_experiment(self, experiment_id: str, name: str | None = None) -> None:
        """Take an experiment out of the bin, under a new name if one is given."""
        self._store.restore_experiment(experiment_id, name)

    def set_experiment_tag(self, experiment_id: str, key: str, value: Any) -> None:
        """Set a tag of an experiment."""
        self._store.set_experiment_tags(
            experiment_id, dict([check_tag(key, value, "experiment tag")])
        )

    def delete_experiment_tag(self, experiment_id: str, key: str) -> None:
        """Remove a tag of an experiment. Raises NotFound."""
        self._store.delete_experiment_tag(experiment_id, key)

    # Runs

    def create_run(
        self,
        experiment_id: str,
        start_time: int | None = None,
        tags: Mapping[str, Any] | None = None,
        run_name: str | None = None,
    ) -> Run:
        """Make a run, RUNNING until :meth:`set_terminated`, and return it."""
        checked = check_tags(tags)
        run_id = new_run_id()
        if run_name is not None:
            run_name = check_tag(TAG_RUN_NAME, run_name)[1]
        tagged = checked.get(TAG_RUN_NAME)
        if run_name is not None and tagged is not None and tagged != run_name:
            raise InvalidParameter(
                f"run_name is {run_name!r} and the tag {TAG_RUN_NAME} is {tagged!r}; give one."
            )
        name = run_name or tagged or f"run · {short_id(run_id)}"
        create = NewRun(
            str(experiment_id),
            name,
            now_ms() if start_time is None else check_int64("A run's start_time", start_time),
            checked.get("mlflow.user", self._store.caller.name),
            checked.get(TAG_PARENT),
        )
        tags_kept = {**checked, TAG_RUN_NAME: name}
        self._store.log(Batch([RunRecord(run_id, create, tags=tags_kept)]))
        return self._store.get_run(run_id)

    def get_run(self, run_id: str) -> Run:
        """Return a run. Raises NotFound."""
        return read_run(self._store, run_id)

    def get_parent_run(self, run_id: str) -> Run | None:
        """Return the parent of a run, or None."""
        parent = self.get_run(run_id).data.tags.get(TAG_PARENT)
        return None if parent is None else self.get_run(parent)

    def search_runs(
        self,
        experiment_ids: Sequence[str],
        filter_string: str = "",
        run_view_type: int = ViewType.ACTIVE_ONLY,
        max_results: int = 1000,
        order_by: Sequence[str] | None = None,
        page_token: str | None = None,
    ) -> PagedList[Run]:
        """Return a page of runs that a filter finds; its ``token`` asks for the next."""
        ids = [str(identifier) for identifier in listed(experiment_ids, "experiment_ids")]
        order = listed(order_by, "order_by")
        return truthful(
            self._store,
            lambda: self._store.search_runs(
                ids, filter_string, order, run_view_type, max_results, page_token or None
            ),
        )

    def update_run(self, run_id: str, status: str | None = None, name: str | None = None) -> None:
        """Change status or name of a run; an empty name changes nothing, as in MLflow."""
        new = None if name is None else check_tag(TAG_RUN_NAME, name)[1] or None
        self._change(run_id, RunChange(status=_status(status), name=new))

    def set_terminated(
        self, run_id: str, status: str | None = None, end_time: int | None = None
    ) -> None:
        """End a run, FINISHED and now by default."""
        end = now_ms() if end_time is None else check_int64("A run's end_time", end_time)
        self._change(run_id, RunChange(status=_status(status) or "FINISHED", end_time=end))

    def delete_run(self, run_id: str) -> None:
        """Put a run into the bin."""
        self._store.delete_run(run_id)

    def restore_run(self, run_id: str) -> None:
        """Take a run out of the bin."""
        self._store.restore_run(run_id)

    def log_param(self, run_id: str, key: str, value: Any, synchronous: bool | None = None) -> Any:
        """Log one param and return `value`; something to wait for if not `synchronous`."""
        self._log(run_id, params=[Param.checked(key, value)])
        return value if synchronous is not False else RunOperations()

    def log_metric(
        self,
        run_id: str,
        key: str,
        value: float,
        timestamp: int | None = None,
        step: int | None = None,
        synchronous: bool | None = None,
        dataset_name: str | None = None,
        dataset_digest: str | None = None,
        model_id: str | None = None,
    ) -> RunOperations | None:
        """Log one value of a metric."""
        when = now_ms() if timestamp is None else timestamp
        metric = Metric.checked(key, value, when, step, model_id, dataset_name, dataset_digest)
        self._log(run_id, metrics=[metric])
        return None if synchronous is not False else RunOperations()

    def log_batch(
        self,
        run_id: str,
        metrics: Sequence[Metric] = (),
        params: Sequence[Param] = (),
        tags: Sequence[RunTag] = (),
        synchronous: bool | None = None,
    ) -> RunOperations | None:
        """Log metrics, params and tags together: all are kept, or none."""
        self._log(
            run_id,
            metrics=[_metric(one) for one in listed(metrics, "metrics")],
            params=[Param.checked(*_pair(one, "param")) for one in listed(params, "params")],
            tags=dict(check_tag(*_pair(one, "tag")) for one in listed(tags, "tags")),
        )
        return None if synchronous is not False else RunOperations()

    def set_tag(
        self, run_id: str, key: str, value: Any, synchronous: bool | None = None
    ) -> RunOperations | None:
        """Set a tag of a run."""
        self._log(run_id, tags=dict([check_tag(key, value)]))
        return None if synchronous is not False else RunOperations()

    def delete_tag(self, run_id: str, key: str) -> None:
        """Remove a tag of a run. Raises NotFound."""
        self._store.delete_tag(run_id, key)

    def log_inputs(
        self,
        run_id: str,
        datasets: Sequence[DatasetInput] | None = None,
        models: Sequence[LoggedModelInput] | None = None,
    ) -> None:
        """Note datasets and models that a run used."""
        self._log(
            run_id,
            datasets=dataset_inputs(datasets, None, None),
            model_inputs=model_inputs(models),
        )

    def log_outputs(self, run_id: str, models: Sequence[LoggedModelOutput]) -> None:
        """Note models that a run made."""
        self._log(run_id, model_outputs=model_outputs(models))

    def get_metric_history(self, run_id: str, key: str) -> PagedList[Metric]:
        """Return every point of a metric, by time and step."""
        return self._store.get_metric_history(run_id, key)

    # Artifacts

    def list_artifacts(self, run_id: str, path: str | None = None) -> list[FileInfo]:
        """Return the entries of a folder of a run's artifacts, or of a model that it made."""
        files, inside = artifact_of_run(self._connection, run_id, path, there=False)
        return files.list(inside)

    def download_artifacts(
        self, run_id: str, path: str, dst_path: str | Path | None = None
    ) -> str:
        """Return a local path of an artifact: in place, or a copy in the folder `dst_path`."""
        files, inside = artifact_of_run(self._connection, run_id, path)
        return files.download(inside, dst_path)

    def log_artifact(
        self, run_id: str, local_path: str | Path, artifact_path: str | None = None
    ) -> None:
        """Keep a local file (or folder) with a run."""
        self._files(run_id).put_file(local_path, artifact_path)

    def log_artifacts(
        self, run_id: str, local_dir: str | Path, artifact_path: str | None = None
    ) -> None:
        """Keep all that is in a local folder with a run."""
        self._files(run_id).put_files_of(local_dir, artifact_path)

    def log_stream(
        self, run_id: str, stream: io.BufferedIOBase | io.RawIOBase, artifact_file: str
    ) -> None:
        """Keep all that a binary file-like object gives from here on as a file of a run."""
        self._files(run_id).put_stream(stream, artifact_file)

    def log_text(self, run_id: str, text: str, artifact_file: str) -> None:
        """Keep text as a file of a run."""
        self._files(run_id).put_text(text, artifact_file)

    def log_dict(self, run_id: str, dictionary: Any, artifact_file: str) -> None:
        """Keep a dict or list as JSON, or as YAML by the file's name."""
        self._files(run_id).put_dict(dictionary, artifact_file)

    def log_figure(
        self,
        run_id: str,
        figure: Any,
        artifact_file: str,
        *,
        save_kwargs: Mapping[str, Any] | None = None,
    ) -> None:
        """Keep a matplotlib or plotly figure."""
        self._files(run_id).put_figure(figure, artifact_file, save_kwargs)

    def log_image(
        self,
        run_id: str,
        image: Any,
        artifact_file: str | None = None,
        key: str | None = None,
        step: int | None = None,
        timestamp: int | None = None,
        synchronous: bool | None = None,
    ) -> None:
        """Keep an image under a file name, or in the series `key` at `step`."""
        del synchronous
        self._files(run_id).put_image(image, artifact_file, key, step, timestamp)

    def log_table(self, run_id: str, data: Any, artifact_file: str) -> None:
        """Keep a table; rows are added to one that is there."""
        self._files(run_id).put_table(data, artifact_file)

    def load_table(
        self,
        experiment_id: str,
        artifact_file: str,
        run_ids: Sequence[str] | None = None,
        extra_columns: Sequence[str] | None = None,
    ) -> pd.DataFrame:
        """Return the tables of that name of runs of an experiment as one DataFrame.

        Parameters as in :func:`fitscribe.load_table`.
        """
        return joined_tables(
            self._connection, str(experiment_id), artifact_file, run_ids, extra_columns
        )

    # Inside

    def _log(self, run_id: str, **what: Any) -> None:
        self._store.log(Batch([RunRecord(run_id, **what)]))

    def _change(self, run_id: str, change: RunChange) -> None:
        self._store.log(Batch([RunRecord(run_id, change=change)]))

    def _files(self, run_id: str) -> RunFiles:
        return files_at(self._connection, self._store.get_run(run_id).info.artifact_uri)


MlflowClient = Client


def _metric(given: Any) -> Metric:
    if not isinstance(given, Metric):
        raise InvalidParameter(
            f"log_batch takes Metric(key, value, timestamp, step), not {given!r:.80}."
        )
    where = (given.model_id, given.dataset_name, given.dataset_digest)
    return Metric.checked(given.key, given.value, given.timestamp, given.step, *where)


def _pair(given: Any, kind: str) -> tuple[Any, Any]:
    if not hasattr(given, "key") or not hasattr(given, "value"):
        name = "Param" if kind == "param" else "RunTag"
        raise InvalidParameter(f"log_batch takes {name}(key, value), not {given!r:.80}.")
    return given.key, given.value


def _status(status: str | None) -> str | None:
    return None if status is None else RunStatus.from_string(status)
