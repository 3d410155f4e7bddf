"""The public door of model folders: signatures, and what a folder says of itself."""

from fitscribe.batch.score import PredictedFile, predict_file
from fitscribe.modelfolder.example import convert_input_example_to_serving_input
from fitscribe.modelfolder.infer import infer_signature
from fitscribe.modelfolder.info import ModelInfo
from fitscribe.modelfolder.mlmodel import Model
from fitscribe.modelfolder.python_model import TypeHints
from fitscribe.modelfolder.schema import ModelSignature
from fitscribe.modelfolder.trust.names import trust, trusted
from fitscribe.tracking.addresses import get_model_info, set_signature
from fitscribe.tracking.pyfunc import validate_serving_input

__all__ = [
    "Model",
    "ModelInfo",
    "ModelSignature",
    "PredictedFile",
    "convert_input_example_to_serving_input",
    "get_model_info",
    "infer_signature",
    "predict_file",
    "set_signature",
    "trust",
    "trusted",
    "validate_serving_input",
]

# What pickles of MLflow's call it; they name mlflow.models.signature, for which this stands in.
_TypeHints = TypeHints
