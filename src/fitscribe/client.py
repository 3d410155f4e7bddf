"""The public door of the client: ``from fitscribe.client import MlflowClient``."""

from fitscribe.tracking.client import Client
from fitscribe.tracking.client import Client as MlflowClient

__all__ = ["Client", "MlflowClient"]
