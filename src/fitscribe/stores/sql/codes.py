"""What the tables' small integers mean, and which schema this is."""

from __future__ import annotations

from pathlib import Path

from fitscribe.core.states import LoggedModelStatus, RunStatus

__all__ = [
    "CHANGED_EXPERIMENT",
    "CHANGED_KINDS",
    "CHANGED_MODEL",
    "CHANGED_RUN",
    "DELETED",
    "DELETED_WITH_EXPERIMENT",
    "HEAD",
    "LIFECYCLES",
    "LIVE",
    "MODEL_STATUSES",
    "PARAM_KINDS",
    "RUN_STATUSES",
    "SCHEMA",
    "ddl_path",
    "split_text",
]

# The newest Alembic revision.
SCHEMA = "0001"

RUN_STATUSES = RunStatus.ALL
MODEL_STATUSES = LoggedModelStatus.ALL
PARAM_KINDS = ("int", "float", "bool", "none", "str", "other")

# Lifecycle. A run that went into the bin with its experiment comes out with it.
LIFECYCLES = LIVE, DELETED, DELETED_WITH_EXPERIMENT = 0, 1, 2

CHANGED_KINDS = ("experiment", "run", "model")
CHANGED_EXPERIMENT, CHANGED_RUN, CHANGED_MODEL = range(3)

# This many characters of a text are in the index (PostgreSQL: up to 2,700 bytes a row).
HEAD = 200


def split_text(value: str) -> tuple[str, str | None]:
    """Return what a text column pair holds: the head, and the whole where the head is not."""
    return (value, None) if len(value) <= HEAD else (value[:HEAD], value)


def ddl_path(schema: str, engine: str) -> Path:
    """Return the file with the statements that make a schema in an empty database."""
    return Path(__file__).with_name("migrations") / f"{schema}.{engine}.sql"
