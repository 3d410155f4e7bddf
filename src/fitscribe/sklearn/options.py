"""What ``autolog`` was told, for the process or for one task of a pool."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from fitscribe.tracking.active import Scope, scope

__all__ = ["Options", "current", "for_task", "set_for_process"]


@dataclass(frozen=True, slots=True)
class Options:
    """The parameters of :func:`fitscribe.sklearn.autolog`, checked."""

    log_input_examples: bool = False
    log_model_signatures: bool = True
    log_models: bool = True
    log_datasets: bool = True
    exclusive: bool = False
    silent: bool = False
    max_tuning_runs: int | None = None
    log_post_training_metrics: bool = True
    serialization_format: str = "pickle"
    registered_model_name: str | None = None
    pos_label: object = None
    extra_tags: Mapping[str, str] = field(default_factory=dict)
    log_transformers: bool = False
    log_training_metrics: bool = True
    log_curves: bool = True
    log_facts: bool = True
    log_findings: bool = True
    log_histories: bool = True
    log_partial_fits: bool = True
    log_preparation: bool = True
    log_cross_validations: bool = True
    log_progress: bool = True
    log_provenance: bool = True
    log_permutation_importance: bool = False
    log_golden_rows: bool = False
    log_model_profiles: bool = True
    # Uncommitted changes and the arguments of the command, masked: they may carry secrets.
    log_source_details: bool = False


class _Process:
    options: Options | None = None


_task: ContextVar[Options | None] = ContextVar("fitscribe_autolog_options", default=None)


def current(here: Scope | None = None) -> Options | None:
    """Return the options in force in this thread and task, or None if autologging is off.

    `here` is its scope, where that is known.
    """
    options = _task.get() or _Process.options
    return None if options is None or (here or scope()).unrecorded else options


def set_for_process(options: Options | None) -> None:
    """Turn autologging on with `options`, or off with None, for the whole process."""
    _Process.options = options


@contextmanager
def for_task(options: Options) -> Iterator[None]:
    """Autolog in this thread and task for a while."""
    token = _task.set(options)
    try:
        yield
    finally:
        _task.reset(token)
