"""What a model answers, as columns with names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fitscribe.errors import InvalidParameter, NotSupported
from fitscribe.modelfolder.containers import (
    is_pandas_frame,
    is_pandas_series,
    is_polars_frame,
    is_polars_series,
    is_sparse,
)

__all__ = ["columns_of", "empty_answer"]

# How the columns of a method's answers are called; of others, as the method.
NAMES = {
    "predict": "prediction",
    "fit_predict": "prediction",
    "predict_proba": "probability",
    "predict_log_proba": "log_probability",
    "decision_function": "decision",
    "transform": "transformed",
    "score_samples": "score",
}
# Methods that answer with a column for each class.
BY_CLASS = ("predict_proba", "predict_log_proba", "decision_function")
# A sparse answer becomes at most so many columns; texts may give a million.
MOST_SPARSE = 1000


def columns_of(answer: Any, method: str, model: Any, rows: int) -> dict[str, Any]:
    """Return an answer as columns, each of length n.

    Parameters
    ----------
    answer : array, sparse matrix, frame, Series, list or dict
        What `method` gave.
    method : str
    model : object
        Who was asked: its ``classes_`` and ``get_feature_names_out`` tell names.
    rows : int
        How many rows it was asked for.

    Raises
    ------
    InvalidParameter
        If these are not so many rows.
    NotSupported
        If it cannot be columns: a tuple, three dimensions, a sparse matrix of many columns.
    """
    columns = _columns(answer, method, model)
    wrong = {len(column) for column in columns.values()} - {rows}
    if wrong:
        raise InvalidParameter(
            f"The model's {method} answered with {wrong.pop()} rows for {rows}; only methods with "
            "one answer a row can be written beside the rows."
        )
    return columns


def _columns(answer: Any, method: str, model: Any) -> dict[str, Any]:
    base = NAMES.get(method, method)
    if is_pandas_frame(answer) or is_polars_frame(answer):
        return {str(name): answer[name] for name in answer.columns}
    if is_pandas_series(answer) or is_polars_series(answer):
        return {base: answer}
    if isinstance(answer, Mapping):
        return {str(name): np.asarray(column) for name, column in answer.items()}
    if is_sparse(answer):
        return _of_sparse(answer, method, model)
    if isinstance(answer, list):
        if method in BY_CLASS and answer and isinstance(answer[0], np.ndarray):
            return _of_outputs(answer, method, model)
        return {base: answer}
    if not isinstance(answer, np.ndarray) or answer.ndim not in (1, 2):
        shape = getattr(answer, "shape", None)
        told = type(answer).__name__ if shape is None else f"an array of shape {shape}"
        raise NotSupported(f"The model's {method} gives {told}, which is no columns of a file.")
    if answer.ndim == 1:
        return {base: answer}
    names = _names(base, method, model, answer.shape[1])
    return {name: answer[:, place] for place, name in enumerate(names)}


def _of_sparse(answer: Any, method: str, model: Any) -> dict[str, Any]:
    """Return a sparse matrix as dense columns."""
    width = answer.shape[1]
    if width > MOST_SPARSE:
        raise NotSupported(
            f"The model's {method} gives a sparse matrix of {width} columns; up to {MOST_SPARSE} "
            "are written as columns of a file. Write it by scipy.sparse.save_npz, or let the "
            "model make fewer."
        )
    names = _names(NAMES.get(method, method), method, model, width)
    dense = answer.toarray(order="F")
    return {name: dense[:, place] for place, name in enumerate(names)}


def _of_outputs(answer: Sequence[Any], method: str, model: Any) -> dict[str, Any]:
    """Return the answers of a model of several outputs, each with classes of its own."""
    classes = getattr(model, "classes_", None)
    if not isinstance(classes, list) or len(classes) != len(answer):
        classes = [range(np.shape(part)[-1]) for part in answer]
    return {
        f"{NAMES[method]}_{output}_{name}": part[:, place]
        for output, part in enumerate(answer)
        for place, name in enumerate(classes[output])
    }


def _names(base: str, method: str, model: Any, width: int) -> list[str]:
    """Return the names of columns: by class, as the model tells, or numbered."""
    if method in BY_CLASS:
        classes = getattr(model, "classes_", None)
        if isinstance(classes, np.ndarray) and classes.shape == (width,):
            return [f"{base}_{name}" for name in classes.tolist()]
    if method == "transform":
        told = _feature_names(model)
        if told is not None and len(told) == width and len(set(told)) == width:
            return told
    return [f"{base}_{place}" for place in range(width)]


def _feature_names(model: Any) -> list[str] | None:
    """Return the names of the features that a transformer makes, where it tells them."""
    ask = getattr(model, "get_feature_names_out", None)
    if not callable(ask):
        return None
    try:
        return [str(name) for name in ask()]
    except (AttributeError, NotImplementedError, TypeError, ValueError):
        return None  # a step of a pipeline that has no names


def empty_answer(method: str, model: Any) -> Any:
    """Return the answer to no rows, which no estimator takes.

    Raises InvalidParameter where nobody tells what it would be.
    """
    classes: Any = getattr(model, "classes_", None)
    of_classes = isinstance(classes, np.ndarray)
    if method == "predict" and of_classes:
        return np.empty(0, dtype=classes.dtype)
    if method in ("predict_proba", "predict_log_proba") and of_classes:
        return np.empty((0, len(classes)))
    if method == "decision_function" and of_classes and len(classes) > 2:
        return np.empty((0, len(classes)))
    if method in ("predict", "decision_function", "score_samples"):
        return np.empty(0)
    told = _feature_names(model) if method == "transform" else None
    if told is None:
        raise InvalidParameter(
            f"The input has no rows, and nothing tells what columns the model's {method} gives."
        )
    return np.empty((0, len(told)))
