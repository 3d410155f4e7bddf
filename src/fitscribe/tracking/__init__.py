"""Runs as a person sees them: the active run, the fluent functions, the client.

``from fitscribe.tracking import MlflowClient`` is MLflow's spelling of the client's name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fitscribe.tracking.client import Client as Client
    from fitscribe.tracking.client import Client as MlflowClient

__all__ = [
    "Client",
    "MlflowClient",
    "get_tracking_uri",
    "is_tracking_uri_set",
    "set_tracking_uri",
]


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name in ("Client", "MlflowClient"):
        return import_module("fitscribe.tracking.client").Client
    if name in ("get_tracking_uri", "is_tracking_uri_set", "set_tracking_uri"):
        return getattr(import_module("fitscribe.tracking.connect"), name)
    if name.startswith("__"):
        raise AttributeError(f"module 'fitscribe.tracking' has no attribute {name!r}")
    import_module("fitscribe.tracking.as_mlflow").refuse("fitscribe.tracking", name)
    raise AssertionError  # refuse always raises
