"""The public door of model folders: signatures, and what a folder says of itself."""

from fitscribe.modelfolder.contents import ModelContents
from fitscribe.modelfolder.differences import ModelDifference
from fitscribe.modelfolder.infer import infer_signature
from fitscribe.modelfolder.info import ModelInfo
from fitscribe.modelfolder.mlmodel import Model
from fitscribe.modelfolder.model_environment import ModelEnvironment
from fitscribe.modelfolder.requirements import Requirement, VersionDifference
from fitscribe.modelfolder.schema import ModelSignature
from fitscribe.modelfolder.trust.names import trust, trusted
from fitscribe.tracking.addresses import get_model_info
from fitscribe.tracking.model_folders import diff, environment, inspect

__all__ = [
    "Model",
    "ModelContents",
    "ModelDifference",
    "ModelEnvironment",
    "ModelInfo",
    "ModelSignature",
    "Requirement",
    "VersionDifference",
    "diff",
    "environment",
    "get_model_info",
    "infer_signature",
    "inspect",
    "trust",
    "trusted",
]
