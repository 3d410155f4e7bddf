"""What a store is told to do: runs, models and versions of them, made, filled, changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fitscribe.core.entities import DatasetInput, LoggedModelInput, LoggedModelOutput
from fitscribe.core.states import LoggedModelStatus
from fitscribe.core.values import Metric, Param

__all__ = [
    "Batch",
    "Lease",
    "ModelChange",
    "NewModel",
    "NewRun",
    "NewVersion",
    "RunChange",
    "RunRecord",
]


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
class NewVersion:
    """A version to make.

    Parameters
    ----------
    name : str
        Of the registered model.
    source : str
        The address of the model's files.
    run_id, model_id : str or None
        The run and the logged model that it is of. A logged model knows its run.
    tags : mapping of str to str
    run_link, description : str or None
    digest : str or None
        Of its signed manifest.
    make_model : bool
        Whether the registered model is made, in the same transaction, where it is not there.
    """

    name: str
    source: str
    run_id: str | None = None
    model_id: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    run_link: str | None = None
    description: str | None = None
    digest: str | None = None
    make_model: bool = False


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
