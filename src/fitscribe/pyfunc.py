"""The public door of models that predict, whatever made them; ``mlflow.pyfunc`` by name."""

from fitscribe.modelfolder.pyfunc import PyFuncModel
from fitscribe.modelfolder.python_model import (
    FunctionModel as FunctionModel,  # named by pickles, not by people
)
from fitscribe.modelfolder.python_model import PythonModel, PythonModelContext
from fitscribe.tracking.pyfunc import (
    get_model_dependencies,
    load_model,
    log_model,
    save_model,
)

__all__ = [
    "PyFuncModel",
    "PythonModel",
    "PythonModelContext",
    "get_model_dependencies",
    "load_model",
    "log_model",
    "save_model",
]
