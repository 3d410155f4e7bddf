"""The settings of tracking, as a table.

A setting is read when it is asked for, so a variable that a script sets at its top counts. Where
the environment says nothing, some are looked for in the user's own file, and in the project's.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fitscribe.config.environment import forget, read
from fitscribe.config.files import SettingsFile, project_file, user_file
from fitscribe.errors import InvalidParameter

__all__ = [
    "ACTIVE_MODEL_ID",
    "ARTIFACT_ROOT",
    "EXPERIMENT_ID",
    "EXPERIMENT_NAME",
    "NO_COLOR",
    "RUN_ID",
    "TRACKING",
    "TRACKING_URI",
    "TRUSTED",
    "Setting",
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
    key : str or None
        Its name in files; None where it is for the environment only.
    in_project : bool
        Whether a project's file may say it; of paths, one within the project.
    """

    name: str
    alias: str | None
    sentence: str
    key: str | None = None
    in_project: bool = False

    def get(self) -> str | None:
        """Return the value, or None where it is unset or empty."""
        found = self.find()
        return None if found is None else found[0]

    def find(self) -> tuple[str, str] | None:
        """Return the value and where it comes from, for messages."""
        for name in (self.name, self.alias):
            value = None if name is None else read(name)
            if name is not None and value is not None:
                return value, name
        if self.key is None:
            return None
        return self._in(user_file()) or self._in(project_file())

    def _in(self, file: SettingsFile | None) -> tuple[str, str] | None:
        key = self.key
        if key is None or file is None or key not in file.values:
            return None
        if self.refusal(file) is not None:
            return None
        value = file.values[key]
        if not isinstance(value, str):
            raise InvalidParameter(f"{file.named(key)} must be a text, not {value!r:.80}.")
        if file.is_project and self is TRACKING_URI:
            value = str(file.path.parent / value)
        return (value, file.named(key)) if value else None

    def refusal(self, file: SettingsFile) -> str | None:
        """Return why a file may not say it, and what would do; None if it may, or does not."""
        if self.key is None or self.key not in file.values or not file.is_project:
            return None
        if not self.in_project:
            return f"a project does not choose it; set {self.name}, or say it in your own file"
        if self is TRACKING_URI and not _is_within(file.path.parent, file.values[self.key]):
            return (
                "a project may name a folder of its own only; set "
                f"{self.name}, or say it in your own file"
            )
        return None

    def variable(self) -> str:
        """Return the name of what the value comes from, for messages."""
        found = self.find()
        return self.name if found is None else found[1]

    def clear(self) -> None:
        """Forget the variable in this process and in those it starts from now on."""
        forget(self.name)
        if self.alias is not None:
            forget(self.alias)


def _is_within(folder: Path, value: Any) -> bool:
    """Whether a text is a path within a folder, and no address."""
    if not isinstance(value, str) or ":" in value.replace(os.path.splitdrive(value)[0], "", 1):
        return False
    return (folder / value).resolve().is_relative_to(folder.resolve())


TRACKING_URI = Setting(
    "FITSCRIBE_TRACKING_URI",
    "MLFLOW_TRACKING_URI",
    "Where runs are kept: a folder, sqlite:///path, or postgresql://…. "
    "Unset: the nearest .fitscribe/ upwards from the working directory, else a new one in it.",
    "tracking_uri",
    in_project=True,
)
ARTIFACT_ROOT = Setting(
    "FITSCRIBE_ARTIFACT_ROOT",
    None,
    "The folder that holds models and files where the database is PostgreSQL. "
    "Unset: the folder artifacts of the nearest .fitscribe/.",
    "artifact_root",
)
EXPERIMENT_NAME = Setting(
    "FITSCRIBE_EXPERIMENT_NAME",
    "MLFLOW_EXPERIMENT_NAME",
    "The experiment that new runs go to; it is made where it does not exist.",
    "experiment_name",
    in_project=True,
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
TRUSTED = Setting(
    "FITSCRIBE_TRUSTED",
    None,
    "Full names of classes and functions that model files may look up, besides those of "
    "scikit-learn, numpy and scipy; separated by commas.",
    "trusted",
)
NO_COLOR = Setting("NO_COLOR", None, "Print without colours (any value).")

TRACKING = (
    TRACKING_URI,
    ARTIFACT_ROOT,
    EXPERIMENT_NAME,
    EXPERIMENT_ID,
    RUN_ID,
    ACTIVE_MODEL_ID,
    TRUSTED,
    NO_COLOR,
)
