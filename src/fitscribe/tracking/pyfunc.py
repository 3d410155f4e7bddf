"""Models that predict, by their address: loaded, saved, logged."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fitscribe.modelfolder.pyfunc import PyFuncModel, load_pyfunc
from fitscribe.tracking.addresses import folder_of_model

__all__ = ["load_model"]


def load_model(
    model_uri: str | Path,
    suppress_warnings: bool = False,
    dst_path: str | Path | None = None,
    model_config: Mapping[str, Any] | str | Path | None = None,
    trust: str | None = None,
) -> PyFuncModel:
    """Return a model that predicts, whatever it was made with.

    Parameters
    ----------
    model_uri : str or Path
        ``runs:/<run id>/model``, ``models:/m-<id>``, or a folder, of fitscribe or of MLflow.
    suppress_warnings : bool
        Whether to say nothing of packages that have other versions here.
    dst_path : str or Path, optional
        Copy the folder there first.
    model_config : mapping or path, optional
        Settings of a ``PythonModel`` that replace those it was saved with.
    trust : {"code"} or None
        ``"code"`` for a model that runs code of its own: a ``PythonModel``, or one whose loader
        is another library's. Say it of models that you, or people you trust, have made.

    Raises
    ------
    NotFound
        If there is no such model, or it has no method to predict with.
    NotTrusted
        If it would run code, and `trust` does not say so.

    Examples
    --------
    >>> import numpy as np
    >>> import fitscribe.sklearn
    >>> from sklearn.linear_model import Ridge
    >>> X = np.array([[0.0], [1.0]])
    >>> info = fitscribe.sklearn.log_model(Ridge().fit(X, X[:, 0]), input_example=X)
    >>> load_model(info.model_uri).predict([[0.5]])
    array([0.5])
    """
    del suppress_warnings
    return load_pyfunc(
        folder_of_model(model_uri, dst_path), trust=trust, model_config=model_config
    )
