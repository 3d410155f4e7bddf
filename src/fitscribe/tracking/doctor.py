"""What to say when something does not work: versions, settings, where runs are kept."""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from fitscribe import config
from fitscribe.core.uris import masked
from fitscribe.errors import FitscribeError
from fitscribe.modelfolder.distributions import version_of
from fitscribe.tracking.connect import get_tracking_uri

__all__ = ["doctor"]

PACKAGES = (
    "alembic",
    "cloudpickle",
    "joblib",
    "mlflow",
    "numpy",
    "pandas",
    "polars",
    "psycopg",
    "scikit-learn",
    "scipy",
    "SQLAlchemy",
)


def doctor(mask_envs: bool = False) -> None:
    """Print what a report of a fault should say: system, versions, settings, tracking address.

    Of each setting it says what it is and who says so; of what a file may not say, why not. Of
    autologging these are the options that a call without arguments has.

    Parameters
    ----------
    mask_envs : bool
        Print ``***`` for the values of environment variables; passwords are hidden in any case.
    """
    config.look_again()
    lines = {
        "System": platform.platform(),
        "Python": f"{platform.python_version()} at {sys.executable}",
        "fitscribe": f"{version_of('fitscribe')} at {Path(__file__).parents[1]}",
        "Tracking URI": _or_problem(lambda: masked(get_tracking_uri())),
    }
    for name, value in config.present().items():
        lines[f"Environment {name}"] = "***" if mask_envs else masked(value)
    path = config.user_path()
    lines["Own settings"] = f"{path}{'' if path.is_file() else ' (there is none)'}"
    lines["Settings"] = _or_problem(lambda: "\n".join(["", *_settings(mask_envs)]))
    for package in PACKAGES:
        lines[package] = version_of(package) or "not installed"
    for name, text in lines.items():
        print(f"{name}: {text}")


def _settings(mask_envs: bool) -> Iterator[str]:
    """Yield what is in force, and what files say in vain, a line each."""
    variables = config.present()
    for key, value, source in config.in_force():
        hidden = mask_envs and source in variables
        yield f"  {key}: {'***' if hidden else masked(value)} ({source})"
    for sentence in config.refused():
        yield f"  {sentence}"


def _or_problem(read: Callable[[], str]) -> str:
    """Return what is read, or why it cannot be: that is what the report is for."""
    try:
        return read()
    except FitscribeError as error:
        return f"cannot be told. {error}"
