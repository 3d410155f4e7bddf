"""What fitscribe speaks about: experiments, runs, tags, datasets, models.

Names and fields are MLflow's. What a user gives is checked when it becomes one of them (a bad
key never reaches a store); rows read back from our own tables are trusted. They can be members
of a set, for which what is in their dicts does not count. What a store is told to do with them is
in :mod:`fitscribe.core.commands`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from fitscribe.core.states import LifecycleStage, LoggedModelStatus
from fitscribe.core.values import Entity, Metric

__all__ = [
    "Change",
    "Dataset",
    "DatasetInput",
    "Experiment",
    "ExperimentTag",
    "FileInfo",
    "InputTag",
    "LoggedModel",
    "LoggedModelInput",
    "LoggedModelOutput",
    "LoggedModelParameter",
    "LoggedModelTag",
    "PagedList",
    "Run",
    "RunData",
    "RunInfo",
    "RunInputs",
    "RunOutputs",
    "RunTag",
    "StoreInfo",
]

T = TypeVar("T")

# Tags with a meaning; the same keys as MLflow's where it has one.
TAG_RUN_NAME = "mlflow.runName"
TAG_PARENT = "mlflow.parentRunId"
TAG_CONTEXT = "mlflow.data.context"
TAG_ENDED_BY = "fitscribe.ended_by"


@dataclass(frozen=True, slots=True)
class RunTag(Entity):
    """A key and a text on a run."""

    key: str
    value: str


@dataclass(frozen=True, slots=True)
class ExperimentTag(Entity):
    """A key and a text on an experiment."""

    key: str
    value: str


@dataclass(frozen=True, slots=True)
class InputTag(Entity):
    """A key and a text on a run's input; ``mlflow.data.context`` says what it was used for."""

    key: str
    value: str


@dataclass(frozen=True, slots=True)
class LoggedModelTag(Entity):
    """A key and a text on a logged model."""

    key: str
    value: str


@dataclass(frozen=True, slots=True)
class LoggedModelParameter(Entity):
    """A param of a logged model."""

    key: str
    value: str


@dataclass(frozen=True, slots=True)
class Dataset(Entity):
    """A dataset as it was seen.

    Parameters
    ----------
    name : str
        What it is called; of a variable, a file or a loader.
    digest : str
        A fingerprint of its content; the same data has the same digest.
    source_type, source : str
        Where it came from; `source` is JSON.
    schema, profile : str or None
        Columns and sizes, as JSON in MLflow's form.
    """

    name: str
    digest: str
    source_type: str
    source: str
    schema: str | None = None
    profile: str | None = None


@dataclass(frozen=True, slots=True)
class DatasetInput(Entity):
    """A dataset that a run used, with tags that say for what."""

    dataset: Dataset
    tags: Sequence[InputTag] = ()

    def __post_init__(self) -> None:
        # MLflow's takes a list, or None for none.
        object.__setattr__(self, "tags", tuple(self.tags or ()))

    def to_dictionary(self) -> dict[str, Any]:
        """Return the dataset's fields, and the tags by key (MLflow's form)."""
        tags = {tag.key: tag.value for tag in self.tags}
        return {"dataset": self.dataset.to_dictionary(), "tags": tags}

    @property
    def context(self) -> str | None:
        """What the run used it for: ``train``, ``eval`` …"""
        return next((tag.value for tag in self.tags if tag.key == TAG_CONTEXT), None)


@dataclass(frozen=True, slots=True)
class LoggedModelInput(Entity):
    """A model that a run read."""

    model_id: str


@dataclass(frozen=True, slots=True)
class LoggedModelOutput(Entity):
    """A model that a run made."""

    model_id: str
    step: int = 0


@dataclass(frozen=True, slots=True)
class Experiment(Entity):
    """A folder of runs; `experiment_id` is a decimal number as text, as in MLflow."""

    experiment_id: str
    name: str
    artifact_location: str
    lifecycle_stage: str = LifecycleStage.ACTIVE
    tags: Mapping[str, str] = field(default_factory=dict, hash=False)
    creation_time: int | None = None
    last_update_time: int | None = None


@dataclass(frozen=True, slots=True)
class RunInfo(Entity):
    """What a run is: ids, name, status, times (milliseconds since 1970 UTC)."""

    run_id: str
    experiment_id: str
    user_id: str
    status: str
    start_time: int
    end_time: int | None
    lifecycle_stage: str
    artifact_uri: str
    run_name: str

    @property
    def run_uuid(self) -> str:
        """MLflow 1's name of `run_id`."""
        return self.run_id


@dataclass(frozen=True, slots=True)
class RunData(Entity):
    """What a run holds: the latest value of each metric, params and tags, each by key."""

    metrics: Mapping[str, float] = field(default_factory=dict, hash=False)
    params: Mapping[str, str] = field(default_factory=dict, hash=False)
    tags: Mapping[str, str] = field(default_factory=dict, hash=False)
    kinds: Mapping[str, str] = field(default_factory=dict, repr=False, hash=False)


@dataclass(frozen=True, slots=True)
class RunInputs(Entity):
    """What a run read."""

    dataset_inputs: tuple[DatasetInput, ...] = ()
    model_inputs: tuple[LoggedModelInput, ...] = ()


@dataclass(frozen=True, slots=True)
class RunOutputs(Entity):
    """What a run made."""

    model_outputs: tuple[LoggedModelOutput, ...] = ()


@dataclass(frozen=True, slots=True)
class Run(Entity):
    """One run with all that was logged to it."""

    info: RunInfo
    data: RunData = field(default_factory=RunData)
    inputs: RunInputs = field(default_factory=RunInputs)
    outputs: RunOutputs = field(default_factory=RunOutputs)


@dataclass(frozen=True, slots=True)
class LoggedModel(Entity):
    """A model in a folder, with where it came from and what it scored."""

    experiment_id: str
    model_id: str
    name: str
    artifact_location: str
    creation_timestamp: int
    last_updated_timestamp: int
    model_type: str | None = None
    source_run_id: str | None = None
    status: str = LoggedModelStatus.READY
    status_message: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict, hash=False)
    params: Mapping[str, str] = field(default_factory=dict, hash=False)
    metrics: tuple[Metric, ...] = ()
    digest: str | None = None

    @property
    def model_uri(self) -> str:
        """The address to load it by."""
        return f"models:/{self.model_id}"


@dataclass(frozen=True, slots=True)
class FileInfo(Entity):
    """One entry of an artifact listing; `path` is relative to the root that was listed."""

    path: str
    is_dir: bool
    file_size: int | None = None


class PagedList(list[T], Generic[T]):
    """A list that knows how to ask for what follows: `token`, or None at the end."""

    def __init__(self, items: Sequence[T] | Iterator[T] = (), token: str | None = None) -> None:
        super().__init__(items)
        self.token = token

    def to_list(self) -> list[T]:
        """Return a plain list (MLflow's method)."""
        return list(self)


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the sequence that everything which follows a store reads."""

    seq: int
    kind: str
    id: str
    caller: str
    at: int


@dataclass(frozen=True, slots=True)
class StoreInfo:
    """What ``fitscribe db info`` prints."""

    uri: str
    engine: str
    schema: str
    journal: str | None
    size_bytes: int | None
    counts: Mapping[str, int]
    details: Mapping[str, Any] = field(default_factory=dict)
