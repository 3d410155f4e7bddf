"""For those who write a store: the contracts as test classes.

They need pytest and Hypothesis, which fitscribe itself does not install.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fitscribe.testing.artifact_store import ArtifactStoreContract as ArtifactStoreContract
    from fitscribe.testing.registry_store import RegistryStoreContract as RegistryStoreContract
    from fitscribe.testing.tracking_store import TrackingStoreContract as TrackingStoreContract

__all__ = ["ArtifactStoreContract", "RegistryStoreContract", "TrackingStoreContract"]

_HOMES = {
    "ArtifactStoreContract": "fitscribe.testing.artifact_store",
    "RegistryStoreContract": "fitscribe.testing.registry_store",
    "TrackingStoreContract": "fitscribe.testing.tracking_store",
}


def __getattr__(name: str) -> Any:
    # On first use, so that testing one kind of store does not import what the other needs.
    from importlib import import_module

    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'fitscribe.testing' has no attribute {name!r}")
