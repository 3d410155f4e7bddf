"""The public door of model folders: signatures, what a folder holds, what differs, who trusts."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from fitscribe.modelfolder.contents import ModelContents
from fitscribe.modelfolder.differences import ModelDifference
from fitscribe.modelfolder.example import convert_input_example_to_serving_input
from fitscribe.modelfolder.infer import infer_signature
from fitscribe.modelfolder.info import ModelInfo
from fitscribe.modelfolder.mlmodel import Model
from fitscribe.modelfolder.model_environment import ModelEnvironment
from fitscribe.modelfolder.python_model import TypeHints
from fitscribe.modelfolder.requirements import Requirement, VersionDifference
from fitscribe.modelfolder.schema import ModelSignature
from fitscribe.modelfolder.trust.names import trust, trusted
from fitscribe.tracking.addresses import get_model_info, set_signature
from fitscribe.tracking.as_mlflow import refuse
from fitscribe.tracking.model_folders import diff, environment, inspect
from fitscribe.tracking.pyfunc import validate_serving_input

if TYPE_CHECKING:
    from fitscribe.batch.score import PredictedFile as PredictedFile
    from fitscribe.batch.score import predict_file as predict_file
    from fitscribe.sklearn.replay import Verification as Verification
    from fitscribe.sklearn.replay import verify as verify

__all__ = [
    "Model",
    "ModelContents",
    "ModelDifference",
    "ModelEnvironment",
    "ModelInfo",
    "ModelSignature",
    "PredictedFile",
    "Requirement",
    "Verification",
    "VersionDifference",
    "convert_input_example_to_serving_input",
    "diff",
    "environment",
    "get_model_info",
    "infer_signature",
    "inspect",
    "predict_file",
    "set_signature",
    "trust",
    "trusted",
    "validate_serving_input",
    "verify",
]

# What pickles of MLflow's call it; they name mlflow.models.signature, for which this stands in.
_TypeHints = TypeHints
# They need scikit-learn, which a signature does not.
_LATER = {
    "PredictedFile": "fitscribe.batch.score",
    "Verification": "fitscribe.sklearn.replay",
    "predict_file": "fitscribe.batch.score",
    "verify": "fitscribe.sklearn.replay",
}


def __getattr__(name: str) -> Any:
    if name in _LATER:
        return getattr(importlib.import_module(_LATER[name]), name)
    refuse(__name__, name)


def __dir__() -> list[str]:
    return __all__
