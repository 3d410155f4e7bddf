"""What the tests of a tracking store share: an empty store, and short ways to fill it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from fitscribe.core.clock import new_model_id, new_run_id
from fitscribe.core.commands import Batch, Lease, NewModel, NewRun, RunChange, RunRecord
from fitscribe.core.entities import DatasetInput, LoggedModelInput, LoggedModelOutput
from fitscribe.core.ports import TrackingStore
from fitscribe.core.states import RunStatus
from fitscribe.core.values import Metric, Param

__all__ = ["TrackingStoreCase", "add_run", "add_runs", "end", "fill", "model", "run"]


class TrackingStoreCase:
    """Tests of a store; a subclass says how one is made."""

    def new_store(self, folder: Path) -> TrackingStore:
        """Return an empty store; `folder` is an empty folder that it may use."""
        raise NotImplementedError

    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[TrackingStore]:
        """Return an empty store."""
        folder = tmp_path / "store"
        folder.mkdir()
        store = self.new_store(folder)
        yield store
        store.close()

    @pytest.fixture
    def experiment(self, store: TrackingStore) -> str:
        """Return the id of an experiment without runs."""
        return store.create_experiment("an experiment").experiment_id


def run(
    experiment: str,
    run_id: str | None = None,
    *,
    name: str = "a run",
    start: int = 1000,
    user: str = "ada",
    parent: str | None = None,
    lease: Lease | None = None,
    params: Mapping[str, object] = {},
    metrics: Mapping[str, float] | Sequence[Metric] = (),
    tags: Mapping[str, str] = {},
    datasets: Sequence[DatasetInput] = (),
    model_inputs: Sequence[str] = (),
    model_outputs: Sequence[LoggedModelOutput] = (),
    change: RunChange | None = None,
) -> RunRecord:
    """Return a run to make with all that it holds; `metrics` by key are of one moment."""
    if isinstance(metrics, Mapping):
        metrics = [Metric(key, value, start) for key, value in metrics.items()]
    return RunRecord(
        run_id or new_run_id(),
        NewRun(experiment, name, start, user, parent, lease),
        [Param.of(key, value) for key, value in params.items()],
        metrics,
        tags,
        datasets,
        [LoggedModelInput(model_id) for model_id in model_inputs],
        model_outputs,
        change,
    )


def end(status: str = RunStatus.FINISHED, at: int = 2000) -> RunChange:
    """Return the change that ends a run."""
    return RunChange(status=status, end_time=at)


def add_run(store: TrackingStore, record: RunRecord) -> str:
    """Write one run and return its id."""
    store.log(Batch([record]))
    return record.run_id


def add_runs(store: TrackingStore, records: Sequence[RunRecord]) -> list[str]:
    """Write runs in one batch and return their ids."""
    store.log(Batch(records))
    return [record.run_id for record in records]


def fill(
    store: TrackingStore,
    run_id: str,
    *,
    params: Mapping[str, object] = {},
    metrics: Sequence[Metric] = (),
    tags: Mapping[str, str] = {},
    datasets: Sequence[DatasetInput] = (),
    model_inputs: Sequence[str] = (),
    model_outputs: Sequence[LoggedModelOutput] = (),
    change: RunChange | None = None,
) -> None:
    """Add to a run that is there."""
    record = RunRecord(
        run_id,
        None,
        [Param.of(key, value) for key, value in params.items()],
        metrics,
        tags,
        datasets,
        [LoggedModelInput(model_id) for model_id in model_inputs],
        model_outputs,
        change,
    )
    store.log(Batch([record]))


def model(
    experiment: str,
    model_id: str | None = None,
    *,
    name: str = "model",
    created: int = 1000,
    source: str | None = None,
    model_type: str | None = None,
    status: str = "READY",
    params: Mapping[str, str] = {},
    tags: Mapping[str, str] = {},
    digest: str | None = None,
) -> NewModel:
    """Return a logged model to make."""
    return NewModel(
        model_id or new_model_id(),
        experiment,
        name,
        created,
        source,
        model_type,
        status,
        params,
        tags,
        digest,
    )
