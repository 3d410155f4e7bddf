"""Models that are a user's own class or function, and what they are told when they are loaded.

Names and meanings are those of ``mlflow.pyfunc`` (MLflow 3.17).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from fitscribe.errors import InvalidParameter
from fitscribe.modelfolder import yamltext

__all__ = [
    "FunctionModel",
    "LoadedPythonModel",
    "PythonModel",
    "PythonModelContext",
    "TypeHints",
    "as_model",
    "read_config",
]


class TypeHints:
    """What MLflow asks of a model's annotations; fitscribe converts nothing by them."""

    def __init__(self, input_: Any = None, output: Any = None) -> None:
        self.input = input_
        self.output = output


class PythonModelContext:
    """What a model is given beside its data.

    Parameters
    ----------
    artifacts : mapping
        Name to the absolute path of a file or folder that was saved with the model.
    model_config : mapping or None
        The settings it was saved with, some of them replaced when it was loaded.
    """

    def __init__(
        self, artifacts: Mapping[str, str], model_config: Mapping[str, Any] | None = None
    ) -> None:
        self._artifacts = dict(artifacts)
        self._model_config = model_config

    @property
    def artifacts(self) -> dict[str, str]:
        """Name to path."""
        return self._artifacts

    @property
    def model_config(self) -> Mapping[str, Any] | None:
        """The settings."""
        return self._model_config


class PythonModel:
    """Base of a user's own model; ``predict`` is to be overridden.

    Examples
    --------
    >>> class Doubles(PythonModel):
    ...     def predict(self, context, model_input, params=None):
    ...         return model_input * 2
    >>> Doubles().predict(None, 21)
    42
    """

    def load_context(self, context: PythonModelContext) -> None:
        """Read what the artifacts hold; called once, when the model is loaded."""

    def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:
        """Return predictions.

        Parameters
        ----------
        context : PythonModelContext
            May be left out of the signature, as `params` may.
        model_input : object
            Data as the signature has it.
        params : dict or None
            As the signature has them, defaults included.
        """
        raise NotImplementedError(f"{type(self).__name__} has no predict.")

    def predict_stream(self, context: Any, model_input: Any, params: Any = None) -> Any:
        """Return an iterator over predictions, where the model can; else not overridden."""
        raise NotImplementedError(f"{type(self).__name__} has no predict_stream.")

    @property
    def predict_type_hints(self) -> TypeHints:
        """Nothing: what MLflow asks before it predicts with a model of ours."""
        return TypeHints()


class FunctionModel(PythonModel):
    """A function of the data as a model."""

    def __init__(self, func: Callable[[Any], Any]) -> None:
        self.func = func

    def predict(self, model_input: Any) -> Any:  # type: ignore[override]  # no context, as MLflow's
        """Return what the function gives."""
        return self.func(model_input)


# Pickles name the classes by their public door, which stays.
for _class in (PythonModel, PythonModelContext, FunctionModel):
    _class.__module__ = "fitscribe.pyfunc"


def as_model(given: Any) -> Any:
    """Return a model from itself or from a function of one argument.

    Raises
    ------
    InvalidParameter
        If it is neither.
    """
    if isinstance(given, type):
        raise InvalidParameter(
            f"python_model is an instance, not the class {given.__name__}: "
            f"{given.__name__}(...) makes one."
        )
    if callable(getattr(given, "predict", None)):
        return given
    if callable(given):
        return FunctionModel(given)
    raise InvalidParameter(
        f"python_model is an instance of a subclass of PythonModel, or a function of the data; "
        f"{type(given).__name__} has no predict."
    )


class LoadedPythonModel:
    """A user's model with its context: what a ``PyFuncModel`` asks.

    Parameters
    ----------
    python_model : PythonModel
        Or what has the same methods.
    context : PythonModelContext
        Given to its ``load_context`` here.
    """

    def __init__(self, python_model: Any, context: PythonModelContext) -> None:
        self.python_model = python_model
        self.context = context
        if hasattr(python_model, "load_context"):
            python_model.load_context(context)

    def predict(self, model_input: Any, params: Any = None) -> Any:
        """Return predictions."""
        return self._ask(self.python_model.predict, model_input, params)

    def predict_stream(self, model_input: Any, params: Any = None) -> Any:
        """Return an iterator over predictions."""
        return self._ask(self.python_model.predict_stream, model_input, params)

    def _ask(self, method: Callable[..., Any], model_input: Any, params: Any) -> Any:
        """Call a method with as much as its signature has a place for."""
        takes = inspect.signature(method).parameters
        named = {"params": params} if "params" in takes else {}
        given = [name for name in takes if name != "params"]
        if "context" in takes or len(given) > 1:
            return method(self.context, model_input, **named)
        return method(model_input, **named)


def read_config(given: Mapping[str, Any] | str | Path | None) -> dict[str, Any]:
    """Return a model's settings from a dict or a YAML file. Raises InvalidParameter."""
    config: Any = given
    if isinstance(given, (str, Path)):
        try:
            config = yamltext.load(Path(given).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidParameter(
                f"The model_config {str(given)!r} cannot be read: {error}"
            ) from error
    if config is not None and not isinstance(config, Mapping):
        raise InvalidParameter(
            f"model_config is a dict, or the path of a YAML file; not {given!r:.80}."
        )
    return dict(config or {})
