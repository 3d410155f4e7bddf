"""Every estimator of scikit-learn, fitted, with what it answers; beside MLflow it is pickled."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import asked
import estimators
import numpy as np


class Case(NamedTuple):
    """A fitted estimator."""

    name: str
    model: Any
    X: Any
    answers: dict[str, Any]

    @property
    def is_table(self) -> bool:
        """Whether X is a matrix or a frame."""
        return hasattr(self.X, "shape") and self.X.ndim == 2


def fitted(name: str, X: Any, y: Any) -> Any:
    """Return a fitted estimator of scikit-learn, without its warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = estimators.make(name)
        if "random_state" in model.get_params(deep=False):
            model.set_params(random_state=0)
        return estimators.fit(model, X, y)


def as_frame(X: Any) -> Any:
    """Return a matrix as a frame with names, or None for what is no matrix."""
    import pandas

    if not (isinstance(X, np.ndarray) and X.ndim == 2):
        return None
    return pandas.DataFrame(X, columns=[f"column {i}" for i in range(X.shape[1])])


def cases(frames: bool) -> Iterator[Case]:
    """Yield all estimators that have a method to ask, fitted on arrays or on frames."""
    for name in estimators.cases():
        X, y = estimators.data_for(name)
        if frames:
            X = as_frame(X)
            if X is None:
                continue
        model = fitted(name, X, y)
        answers = asked.answers(model, X)
        if answers:
            yield Case(name, model, X, answers)


def put(folder: Path, frames: bool) -> dict[str, Case]:
    """Write all estimators, and what they are asked, where a script finds them."""
    found = {}
    for case in cases(frames):
        asked.keep(folder / case.name / "estimator.pkl", case.model)
        asked.keep(folder / case.name / "X.pkl", case.X)
        found[case.name] = case
    return found
