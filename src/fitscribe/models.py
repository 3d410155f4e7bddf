"""The public door of model folders: signatures, and what a folder says of itself."""

from fitscribe.modelfolder.infer import infer_signature
from fitscribe.modelfolder.info import ModelInfo
from fitscribe.modelfolder.mlmodel import Model
from fitscribe.modelfolder.schema import ModelSignature
from fitscribe.tracking.addresses import get_model_info

__all__ = ["Model", "ModelInfo", "ModelSignature", "get_model_info", "infer_signature"]
