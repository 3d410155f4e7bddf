"""The public door of models that predict, whatever made them; the names are ``mlflow.pyfunc``'s."""

from fitscribe.modelfolder.pyfunc import PyFuncModel
from fitscribe.modelfolder.python_model import PythonModel, PythonModelContext
from fitscribe.tracking.pyfunc import load_model

__all__ = ["PyFuncModel", "PythonModel", "PythonModelContext", "load_model"]
