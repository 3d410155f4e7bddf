"""Every setting that comes from outside, as one table; the only reader of ``os.environ``.

A setting is read when it is asked for, so a variable that a script sets at its top counts.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

__all__ = [
    "ACTIVE_MODEL_ID",
    "ARTIFACT_ROOT",
    "EXPERIMENT_ID",
    "EXPERIMENT_NAME",
    "NO_COLOR",
    "RUN_ID",
    "SETTINGS",
    "TRACKING_URI",
    "Setting",
    "present",
]


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting.

    Parameters
    ----------
    name : str
        The environment variable.
    alias : str or None
        MLflow's variable of the same meaning, read where ours is not set.
    sentence : str
        What it does, as the documentation prints it.
    """

    name: str
    alias: str | None
    sentence: str

    def get(self) -> str | None:
        """Return the value, or None where it is unset or empty."""
        value = os.environ.get(self.name)
        if not value and self.alias is not None:
            value = os.environ.get(self.alias)
        return value or None

    def variable(self) -> str:
        """Return the name of the variable that the value comes from, for messages."""
        return self.name if os.environ.get(self.name) or self.alias is None else self.alias

    def clear(self) -> None:
        """Forget the value in this process and in those it starts from now on."""
        os.environ.pop(self.name, None)
        if self.alias is not None:
            os.environ.pop(self.alias, None)


TRACKING_URI = Setting(
    "FITSCRIBE_TRACKING_URI",
    "MLFLOW_TRACKING_URI",
    "Where runs are kept: a folder, sqlite:///path, or postgresql://…. "
    "Unset: the nearest .fitscribe/ upwards from the working directory, else a new one in it.",
)
ARTIFACT_ROOT = Setting(
    "FITSCRIBE_ARTIFACT_ROOT",
    None,
    "The folder that holds models and files where the database is PostgreSQL. "
    "Unset: the folder artifacts of the nearest .fitscribe/.",
)
EXPERIMENT_NAME = Setting(
    "FITSCRIBE_EXPERIMENT_NAME",
    "MLFLOW_EXPERIMENT_NAME",
    "The experiment that new runs go to; it is made where it does not exist.",
)
EXPERIMENT_ID = Setting(
    "FITSCRIBE_EXPERIMENT_ID",
    "MLFLOW_EXPERIMENT_ID",
    "The experiment that new runs go to, by its id; wins over the name.",
)
RUN_ID = Setting(
    "FITSCRIBE_RUN_ID",
    "MLFLOW_RUN_ID",
    "A run to continue: the first start_run() of the process resumes it.",
)
ACTIVE_MODEL_ID = Setting(
    "FITSCRIBE_ACTIVE_MODEL_ID",
    "MLFLOW_ACTIVE_MODEL_ID",
    "The logged model that metrics describe where no model is named.",
)
NO_COLOR = Setting("NO_COLOR", None, "Print without colours (any value).")

SETTINGS = (
    TRACKING_URI,
    ARTIFACT_ROOT,
    EXPERIMENT_NAME,
    EXPERIMENT_ID,
    RUN_ID,
    ACTIVE_MODEL_ID,
    NO_COLOR,
)


def present() -> dict[str, str]:
    """Return the variables that are set and count, by name: ours, and MLflow's read for them."""
    names = [name for one in SETTINGS for name in (one.name, one.alias) if name is not None]
    return {name: os.environ[name] for name in names if os.environ.get(name)}
