"""What fitscribe speaks about: experiments, runs, metrics, params, tags, datasets, models.

Names and fields are MLflow's. Entities that a user makes are checked when they are made (a bad
key never reaches a store); rows read back from our own tables are trusted. Commands
(:class:`Batch` and what it carries) are what a store is told to do.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from fitscribe.errors import InvalidParameter

__all__ = [
    "Batch",
    "Change",
    "Dataset",
    "DatasetInput",
    "Experiment",
    "ExperimentTag",
    "FileInfo",
    "InputTag",
    "Lease",
    "LifecycleStage",
    "LoggedModel",
    "LoggedModelInput",
    "LoggedModelOutput",
    "LoggedModelParameter",
    "LoggedModelStatus",
    "LoggedModelTag",
    "Metric",
    "ModelChange",
    "NewModel",
    "NewRun",
    "PagedList",
    "Param",
    "Run",
    "RunChange",
    "RunData",
    "RunInfo",
    "RunInputs",
    "RunOutputs",
    "RunRecord",
    "RunStatus",
    "RunTag",
    "SourceType",
    "StoreInfo",
    "ViewType",
    "check_key",
    "check_tag",
]

T = TypeVar("T")

MAX_KEY = 250
MAX_EXPERIMENT_NAME = 500
MAX_TEXT = 10_000_000
INT64 = 2**63
# Tags with a meaning; the same keys as MLflow's where it has one.
TAG_RUN_NAME = "mlflow.runName"
TAG_PARENT = "mlflow.parentRunId"
TAG_CONTEXT = "mlflow.data.context"
TAG_ENDED_BY = "fitscribe.ended_by"


class RunStatus:
    """The five states of a run, as text."""

    RUNNING = "RUNNING"
    SCHEDULED = "SCHEDULED"
    FINISHED = "FINISHED"
    FAILED = "FAILED"
    KILLED = "KILLED"
    ALL = (RUNNING, SCHEDULED, FINISHED, FAILED, KILLED)
    TERMINAL = frozenset({FINISHED, FAILED, KILLED})

    @staticmethod
    def is_terminated(status: str) -> bool:
        """Whether a run with this status has ended."""
        return status in RunStatus.TERMINAL


class LifecycleStage:
    """Whether a thing is in use or in the bin."""

    ACTIVE = "active"
    DELETED = "deleted"


class ViewType:
    """Which lifecycle stages a search looks at."""

    ACTIVE_ONLY = 1
    DELETED_ONLY = 2
    ALL = 3


class LoggedModelStatus:
    """The states of a logged model, as text."""

    UNSPECIFIED = "UNSPECIFIED"
    PENDING = "PENDING"
    READY = "READY"
    FAILED = "FAILED"
    ALL = (UNSPECIFIED, PENDING, READY, FAILED)


class SourceType:
    """Where a run was started from."""

    NOTEBOOK = "NOTEBOOK"
    JOB = "JOB"
    PROJECT = "PROJECT"
    LOCAL = "LOCAL"
    UNKNOWN = "UNKNOWN"


_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


def check_key(kind: str, key: object) -> str:
    """Return `key` if it can name a metric, param or tag.

    Any text will do (unicode, ``%``, parentheses) except control characters, lone surrogates,
    and more than 250 characters. MLflow refuses more; what it takes, we take.

    Parameters
    ----------
    kind : str
        What the key names, for the message: ``"metric"``, ``"param"``, ``"tag"``.
    key : object
        The key as given.

    Raises
    ------
    InvalidParameter
        If it is not text, is empty, too long, or holds a character that no file or page shows.
    """
    if not isinstance(key, str):
        raise InvalidParameter(f"A {kind} key must be text, not {type(key).__name__}: {key!r}.")
    if not key or key.isspace():
        raise InvalidParameter(f"A {kind} key must not be empty.")
    if len(key) > MAX_KEY:
        raise InvalidParameter(
            f"A {kind} key may have {MAX_KEY} characters; {key[:40]!r}… has {len(key)}."
        )
    if _CONTROL.search(key):
        raise InvalidParameter(
            f"A {kind} key may not hold control characters or lone surrogates: {key!r}."
        )
    return key


def check_text(kind: str, key: str, text: str) -> str:
    """Return `text` if a database can keep it whole; `kind` and `key` name it in the message."""
    if len(text) > MAX_TEXT:
        raise InvalidParameter(
            f"The {kind} {key!r} has {len(text):,} characters; up to {MAX_TEXT:,} are kept. "
            "Log it as an artifact with log_text(...)."
        )
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidParameter(
            f"The {kind} {key!r} holds a lone surrogate at character {error.start}, which is no "
            "unicode text."
        ) from None
    if "\0" in text:
        raise InvalidParameter(
            f"The {kind} {key!r} holds a NUL character, which PostgreSQL cannot keep; "
            "log it as an artifact with log_artifact(...)."
        )
    return text


def check_tag(key: object, value: object, kind: str = "tag") -> tuple[str, str]:
    """Return a tag's key and its value as text, both checked."""
    name = check_key(kind, key)
    try:
        text = value if isinstance(value, str) else str(value)
    except ValueError as error:
        raise _unwritable(kind, name, error) from error
    return name, check_text(kind, name, text)


def _unwritable(kind: str, key: str, error: ValueError) -> InvalidParameter:
    """Return what is raised for a value without a text, such as an integer of 4,301 digits."""
    return InvalidParameter(f"The {kind} {key!r} cannot be written as text: {error}")


@dataclass(frozen=True, slots=True)
class Metric:
    """One value of a metric.

    Parameters
    ----------
    key : str
        Name.
    value : float
        Value; NaN and the infinities are kept.
    timestamp : int
        Milliseconds since 1970 UTC.
    step : int
        Position in a series, a 64-bit integer.
    model_id : str or None
        The logged model that it describes.
    dataset_name, dataset_digest : str or None
        The data that it was computed on.
    run_id : str or None
        Filled in what a store returns.
    """

    key: str
    value: float
    timestamp: int
    step: int = 0
    model_id: str | None = None
    dataset_name: str | None = None
    dataset_digest: str | None = None
    run_id: str | None = None

    @classmethod
    def checked(
        cls,
        key: object,
        value: object,
        timestamp: int,
        step: int | None = 0,
        model_id: str | None = None,
        dataset_name: str | None = None,
        dataset_digest: str | None = None,
    ) -> Metric:
        """Return a metric from what a user gave, or raise InvalidParameter."""
        name = check_key("metric", key)
        return cls(
            name,
            _as_float(name, value),
            _as_int64(f"The timestamp of metric {name!r}", timestamp),
            _as_int64(f"The step of metric {name!r}", 0 if step is None else step),
            model_id,
            dataset_name,
            dataset_digest,
        )


def _as_float(key: str, value: object) -> float:
    """Return a metric's value as a float; numbers, numpy scalars and arrays of one will do."""
    if getattr(value, "size", None) == 1 and hasattr(value, "item"):
        value = value.item()  # numpy's own conversion of an array with axes is deprecated
    if isinstance(value, (bool, str, bytes)):
        raise InvalidParameter(
            f"The metric {key!r} must be a number, not {type(value).__name__}: {value!r}. "
            "Text and flags are params or tags: log_param(...), set_tag(...)."
        )
    try:
        return float(value)  # type: ignore[arg-type]  # whatever has __float__
    except OverflowError:
        raise InvalidParameter(f"The metric {key!r} does not fit into a 64-bit float.") from None
    except (TypeError, ValueError):
        raise InvalidParameter(
            f"The metric {key!r} must be a number, not {type(value).__name__}: {value!r:.80}."
        ) from None


def _as_int64(what: str, value: object) -> int:
    """Return an integer that fits into 64 bits."""
    try:
        number = int(value)  # type: ignore[call-overload]  # whatever has __int__
    except (TypeError, ValueError, OverflowError):
        raise InvalidParameter(f"{what} must be an integer, not {value!r:.80}.") from None
    if not -INT64 <= number < INT64:
        raise InvalidParameter(f"{what} must fit into 64 bits, from -2**63 to 2**63 - 1.")
    return int(number)


_NUMERIC = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\Z", re.ASCII)
_KINDS: dict[type, str] = {bool: "bool", int: "int", float: "float", type(None): "none"}


@dataclass(frozen=True, slots=True)
class Param:
    """One param of a run: MLflow's text, and the kind of value that it was.

    Parameters
    ----------
    key : str
        Name.
    value : str
        Text form, ``str(value)``, as MLflow keeps it.
    kind : {"int", "float", "bool", "none", "str", "other"}
        What the value was before it became text.
    """

    key: str
    value: str
    kind: str = "str"

    @classmethod
    def of(cls, key: str, value: object) -> Param:
        """Return the param for a Python value, unchecked (numpy scalars count as numbers)."""
        if isinstance(value, str):
            return cls(key, str(value), "str")
        kind = _KINDS.get(type(value))
        if kind is None:
            kind = _kind_of_scalar(value)
        return cls(key, str(value), kind)

    @classmethod
    def checked(cls, key: object, value: object) -> Param:
        """Return a param from what a user gave, or raise InvalidParameter."""
        name = check_key("param", key)
        try:
            param = cls.of(name, value)
        except ValueError as error:
            raise _unwritable("param", name, error) from error
        check_text("param", name, param.value)
        return param

    @property
    def number(self) -> float | None:
        """The value as a number, or None; what ``params.C > 0.1`` compares.

        Text that reads as a decimal number counts, for an MLflow client sends text only.
        """
        if self.kind in ("none", "bool", "other") or not _NUMERIC.match(self.value):
            return None
        number = float(self.value)
        return number if math.isfinite(number) else None


def _kind_of_scalar(value: object) -> str:
    """Return the kind of a value that is no plain Python scalar, numpy's among them."""
    names = {base.__name__ for base in type(value).__mro__}
    if type(value).__module__ == "numpy":
        if "integer" in names:
            return "int"
        if "floating" in names:
            return "float"
        if "bool" in names or "bool_" in names:
            return "bool"
    return "other"


@dataclass(frozen=True, slots=True)
class RunTag:
    """A key and a text on a run."""

    key: str
    value: str


@dataclass(frozen=True, slots=True)
class ExperimentTag:
    """A key and a text on an experiment."""

    key: str
    value: str


@dataclass(frozen=True, slots=True)
class InputTag:
    """A key and a text on a run's input; ``mlflow.data.context`` says what it was used for."""

    key: str
    value: str


@dataclass(frozen=True, slots=True)
class LoggedModelTag:
    """A key and a text on a logged model."""

    key: str
    value: str


@dataclass(frozen=True, slots=True)
class LoggedModelParameter:
    """A param of a logged model."""

    key: str
    value: str


@dataclass(frozen=True, slots=True)
class Dataset:
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
class DatasetInput:
    """A dataset that a run used, with tags that say for what."""

    dataset: Dataset
    tags: tuple[InputTag, ...] = ()

    @property
    def context(self) -> str | None:
        """What the run used it for: ``train``, ``eval`` …"""
        return next((tag.value for tag in self.tags if tag.key == TAG_CONTEXT), None)


@dataclass(frozen=True, slots=True)
class LoggedModelInput:
    """A model that a run read."""

    model_id: str


@dataclass(frozen=True, slots=True)
class LoggedModelOutput:
    """A model that a run made."""

    model_id: str
    step: int = 0


@dataclass(frozen=True, slots=True)
class Experiment:
    """A folder of runs; `experiment_id` is a decimal number as text, as in MLflow."""

    experiment_id: str
    name: str
    artifact_location: str
    lifecycle_stage: str = LifecycleStage.ACTIVE
    tags: Mapping[str, str] = field(default_factory=dict)
    creation_time: int | None = None
    last_update_time: int | None = None


@dataclass(frozen=True, slots=True)
class RunInfo:
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
class RunData:
    """What a run holds: the latest value of each metric, params and tags, each by key."""

    metrics: Mapping[str, float] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class RunInputs:
    """What a run read."""

    dataset_inputs: tuple[DatasetInput, ...] = ()
    model_inputs: tuple[LoggedModelInput, ...] = ()


@dataclass(frozen=True, slots=True)
class RunOutputs:
    """What a run made."""

    model_outputs: tuple[LoggedModelOutput, ...] = ()


@dataclass(frozen=True, slots=True)
class Run:
    """One run with all that was logged to it."""

    info: RunInfo
    data: RunData = field(default_factory=RunData)
    inputs: RunInputs = field(default_factory=RunInputs)
    outputs: RunOutputs = field(default_factory=RunOutputs)


@dataclass(frozen=True, slots=True)
class LoggedModel:
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
    tags: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    metrics: tuple[Metric, ...] = ()
    digest: str | None = None

    @property
    def model_uri(self) -> str:
        """The address to load it by."""
        return f"models:/{self.model_id}"


@dataclass(frozen=True, slots=True)
class FileInfo:
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


# Commands: what a store is told to do.


@dataclass(frozen=True, slots=True)
class Lease:
    """Which process keeps a run open.

    Parameters
    ----------
    host, boot_id : str
        The machine, and which start of it; on the same boot the process table decides.
    pid, pid_started : int
        The process, and when it was started (clock ticks since boot, or 0 where unknown), so
        that a reused pid is not taken for it.
    heartbeat : int
        Last sign of life, milliseconds since 1970 UTC.
    """

    host: str
    boot_id: str
    pid: int
    pid_started: int
    heartbeat: int


@dataclass(frozen=True, slots=True)
class NewRun:
    """A run to make. The caller chooses the id, so that sending it twice makes one run."""

    experiment_id: str
    name: str
    start_time: int
    user_id: str
    parent_run_id: str | None = None
    lease: Lease | None = None


@dataclass(frozen=True, slots=True)
class RunChange:
    """What changes of a run; None leaves it as it is.

    `reopen` sets a run that had ended to RUNNING again and drops its end.
    """

    status: str | None = None
    end_time: int | None = None
    name: str | None = None
    reopen: bool = False
    lease: Lease | None = None


@dataclass(frozen=True, slots=True)
class RunRecord:
    """What one run gains in a batch; made, filled and ended in this order."""

    run_id: str
    create: NewRun | None = None
    params: Sequence[Param] = ()
    metrics: Sequence[Metric] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    datasets: Sequence[DatasetInput] = ()
    model_inputs: Sequence[LoggedModelInput] = ()
    model_outputs: Sequence[LoggedModelOutput] = ()
    change: RunChange | None = None


@dataclass(frozen=True, slots=True)
class NewModel:
    """A logged model to make; its folder is written before."""

    model_id: str
    experiment_id: str
    name: str
    creation_timestamp: int
    source_run_id: str | None = None
    model_type: str | None = None
    status: str = LoggedModelStatus.READY
    params: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    digest: str | None = None


@dataclass(frozen=True, slots=True)
class ModelChange:
    """What changes of a logged model; None leaves it as it is. Params are insert-only."""

    status: str | None = None
    status_message: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    digest: str | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """The one write: models and runs that are made, filled and ended together, or not at all.

    Parameters
    ----------
    runs : sequence of RunRecord
        One record a run; parents before their children.
    models : sequence of NewModel
        Logged models to make; they may name runs of the same batch, and runs may name them.
    writer : str or None
        Who sends it. With a writer, a batch whose `seq` is not above the writer's last one has
        been written before and changes nothing.
    seq : int
        The writer's own count, from 1.
    """

    runs: Sequence[RunRecord] = ()
    models: Sequence[NewModel] = ()
    writer: str | None = None
    seq: int = 0


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
