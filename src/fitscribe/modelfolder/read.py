"""A model folder, of fitscribe or of MLflow, becomes an object again."""

from __future__ import annotations

import sys
from pathlib import Path, PurePosixPath
from typing import Any

from fitscribe.errors import NotFound, NotSupported, UnsafePath
from fitscribe.modelfolder.formats import load as load_format
from fitscribe.modelfolder.mlmodel import Model

__all__ = ["load", "read_model"]

# Modules that MLflow loads a scikit-learn model with; we take their place.
_LOADERS = ("mlflow.sklearn",)


def read_model(path: str | Path) -> Model:
    """Return what the MLmodel of a folder says; nothing is loaded, no code runs.

    Raises
    ------
    NotFound
        If there is no MLmodel.
    InvalidParameter
        If it cannot be read.
    """
    return Model.load(path)


def load(path: str | Path) -> object:
    """Return the object of a local model folder. **This runs code that the folder names.**

    A folder ``code`` of the model is put in front of ``sys.path`` and stays there.

    Parameters
    ----------
    path : str or Path
        The folder; of fitscribe, or of MLflow with a scikit-learn model.

    Raises
    ------
    NotFound
        If there is no MLmodel, or the model's file is missing.
    NotSupported
        If it is a model of another library, or written in a format that is not read.
    UnsafePath
        If the MLmodel names a file outside of the folder.
    """
    folder = Path(path)
    model = read_model(folder)
    name, format, code = _where(model, folder)
    file = _inside(folder, name)
    if not file.is_file():
        raise NotFound(f"The model's file {str(file)!r} is missing.")
    if code:
        place = str(_inside(folder, code).resolve())
        if place not in sys.path:
            sys.path.insert(0, place)
    with file.open("rb") as stream:
        return load_format(stream, format)


def _where(model: Model, folder: Path) -> tuple[str, str, str | None]:
    """Return the model's file, its format, and its folder of code."""
    flavor: dict[str, Any] | None = model.flavors.get("sklearn")
    if flavor is not None and flavor.get("pickled_model"):
        # MLflow before 1.0 did not name the format.
        return flavor["pickled_model"], _format(flavor), flavor.get("code")
    served = model.flavors.get("python_function", {})
    if served.get("loader_module") in _LOADERS:
        # `data` is how MLflow 1.x called `model_path`.
        name = served.get("model_path") or served.get("data")
        if name:
            return name, _format(flavor or {}), served.get("code")
    raise NotSupported(
        f"{str(folder)!r} holds no scikit-learn model; its flavors are "
        f"{', '.join(model.flavors) or 'none'}. Load it with the library that wrote it."
    )


def _format(flavor: dict[str, Any]) -> str:
    """Return the format that a flavor names; old ones name none and mean pickle."""
    return str(flavor.get("serialization_format") or "pickle")


def _inside(folder: Path, name: str) -> Path:
    """Return a path in a folder. Raises UnsafePath if it would leave it."""
    relative = PurePosixPath(str(name).replace("\\", "/"))
    if relative.is_absolute() or ".." in relative.parts or ":" in str(relative):
        raise UnsafePath(f"The MLmodel of {str(folder)!r} names {name!r}, outside of its folder.")
    return folder / relative
