"""What the tables' small integers mean, and which schema this is."""

from __future__ import annotations

from pathlib import Path

from fitscribe.core.registry import Stage
from fitscribe.core.states import LoggedModelStatus, RunStatus

__all__ = [
    "CHANGED_EXPERIMENT",
    "CHANGED_KINDS",
    "CHANGED_MODEL",
    "CHANGED_REGISTERED_MODEL",
    "CHANGED_RUN",
    "CHANGED_VERSION",
    "DELETED",
    "DELETED_WITH_EXPERIMENT",
    "HEAD",
    "LIFECYCLES",
    "LIVE",
    "MODEL_STATUSES",
    "PARAM_KINDS",
    "RUN_STATUSES",
    "SCHEMA",
    "STAGES",
    "ddl_path",
    "split_text",
]

# The newest Alembic revision.
SCHEMA = "0002"

RUN_STATUSES = RunStatus.ALL
MODEL_STATUSES = LoggedModelStatus.ALL
STAGES = Stage.ALL
PARAM_KINDS = ("int", "float", "bool", "none", "str", "other")

# Lifecycle. A run that went into the bin with its experiment comes out with it.
LIFECYCLES = LIVE, DELETED, DELETED_WITH_EXPERIMENT = 0, 1, 2

# A version's id is `name/number`; no name holds a slash.
CHANGED_KINDS = ("experiment", "run", "model", "registered_model", "model_version")
CHANGED_EXPERIMENT, CHANGED_RUN, CHANGED_MODEL = range(3)
CHANGED_REGISTERED_MODEL, CHANGED_VERSION = range(3, 5)

# This many characters of a text are in the index (PostgreSQL: up to 2,700 bytes a row).
HEAD = 200


def split_text(value: str) -> tuple[str, str | None]:
    """Return what a text column pair holds: the head, and the whole where the head is not."""
    return (value, None) if len(value) <= HEAD else (value[:HEAD], value)


def ddl_path(schema: str, engine: str) -> Path:
    """Return the file with the statements that make a schema in an empty database."""
    return Path(__file__).with_name("migrations") / f"{schema}.{engine}.sql"
