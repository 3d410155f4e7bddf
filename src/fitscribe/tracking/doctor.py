"""What to say when something does not work: versions, settings, where runs are kept."""

from __future__ import annotations

import platform
import sys
from pathlib import Path

from fitscribe import config
from fitscribe.core.uris import masked
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

    Parameters
    ----------
    mask_envs : bool
        Print ``***`` for the values of environment variables; passwords are hidden in any case.
    """
    lines = {
        "System": platform.platform(),
        "Python": f"{platform.python_version()} at {sys.executable}",
        "fitscribe": f"{version_of('fitscribe')} at {Path(__file__).parents[1]}",
        "Tracking URI": masked(get_tracking_uri()),
    }
    for name, value in config.present().items():
        lines[f"Environment {name}"] = "***" if mask_envs else masked(value)
    for package in PACKAGES:
        lines[package] = version_of(package) or "not installed"
    for name, text in lines.items():
        print(f"{name}: {text}")
