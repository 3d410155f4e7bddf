"""The public door of model folders: signatures, what a folder says of itself, whether it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fitscribe.modelfolder.infer import infer_signature
from fitscribe.modelfolder.info import ModelInfo
from fitscribe.modelfolder.mlmodel import Model
from fitscribe.modelfolder.schema import ModelSignature
from fitscribe.tracking.addresses import get_model_info

if TYPE_CHECKING:
    from fitscribe.sklearn.replay import Verification as Verification
    from fitscribe.sklearn.replay import verify as verify

__all__ = [
    "Model",
    "ModelInfo",
    "ModelSignature",
    "Verification",
    "get_model_info",
    "infer_signature",
    "verify",
]

# They need scikit-learn, which a signature does not.
_LATER = ("Verification", "verify")


def __getattr__(name: str) -> Any:
    if name in _LATER:
        from fitscribe.sklearn import replay

        return getattr(replay, name)
    raise AttributeError(f"module 'fitscribe.models' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
