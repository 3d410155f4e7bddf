"""The states that things are in, under MLflow's names; each is a plain text or number."""

from __future__ import annotations

from fitscribe.errors import InvalidParameter

__all__ = ["LifecycleStage", "LoggedModelStatus", "RunStatus", "SourceType", "ViewType"]


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
    def to_string(status: str) -> str:
        """Return the status itself (MLflow's statuses are numbers). Raises InvalidParameter."""
        return RunStatus.from_string(status)

    @staticmethod
    def from_string(status_str: str) -> str:
        """Return the status of that name. Raises InvalidParameter."""
        if not isinstance(status_str, str) or status_str not in RunStatus.ALL:
            raise InvalidParameter(
                f"A run's status is one of {', '.join(RunStatus.ALL)}, not {status_str!r:.60}."
            )
        return status_str

    @staticmethod
    def all_status() -> list[str]:
        """Return every status."""
        return list(RunStatus.ALL)

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

    @staticmethod
    def from_string(view_str: str) -> int:
        """Return the view of that name: ``active_only``, ``deleted_only``, ``all``."""
        if view_str not in VIEWS:
            raise InvalidParameter(f"A view is one of {', '.join(VIEWS)}, not {view_str!r:.60}.")
        return VIEWS.index(view_str) + 1

    @staticmethod
    def to_string(view_type: int) -> str:
        """Return the name of a view. Raises InvalidParameter."""
        if view_type not in (1, 2, 3):
            raise InvalidParameter(
                f"A view is ViewType.ACTIVE_ONLY, DELETED_ONLY or ALL, not {view_type!r:.60}."
            )
        return VIEWS[view_type - 1]


VIEWS = ("active_only", "deleted_only", "all")


class LoggedModelStatus:
    """The states of a logged model, as text."""

    UNSPECIFIED = "UNSPECIFIED"
    PENDING = "PENDING"
    READY = "READY"
    FAILED = "FAILED"
    ALL = (UNSPECIFIED, PENDING, READY, FAILED)

    @staticmethod
    def is_finalized(status: str) -> bool:
        """Whether a model with this status is complete, or has failed."""
        return status in (LoggedModelStatus.READY, LoggedModelStatus.FAILED)


class SourceType:
    """Where a run was started from."""

    NOTEBOOK = "NOTEBOOK"
    JOB = "JOB"
    PROJECT = "PROJECT"
    LOCAL = "LOCAL"
    UNKNOWN = "UNKNOWN"
