"""What the tests, and the scripts that run beside a real MLflow, have in common.

It imports nothing of ours: there is no fitscribe beside MLflow.
"""

from __future__ import annotations

import pickle
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

METHODS = (
    "predict",
    "predict_proba",
    "decision_function",
    "transform",
    "score_samples",
    "inverse_transform",
)


def keep(path: Path, value: object) -> None:
    """Write a value where another process finds it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pickle.dumps(value))


def kept(path: Path) -> Any:
    """Return what another process wrote; both are ours, so nobody minds the pickle."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some classes are deprecated
        return pickle.loads(path.read_bytes())


def plain(value: Any) -> Any:
    """Return an answer as arrays only."""
    if sparse.issparse(value):
        return value.toarray()
    return value.to_numpy() if hasattr(value, "to_numpy") else value


def answers(model: Any, X: Any) -> dict[str, Any]:
    """Return what the model's methods say of the data that it was fitted on."""
    found: dict[str, Any] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for method in METHODS:
            if not hasattr(model, method):
                continue
            np.random.seed(0)
            try:
                # What comes back from `transform` is an array.
                asked = plain(X) if method == "inverse_transform" else X
                found[method] = plain(getattr(model, method)(asked))
            except (AttributeError, IndexError, TypeError, ValueError) as error:
                found[method] = type(error).__name__  # of other data than it takes
    return found


def difference(found: Any, expected: Any) -> str | None:
    """Return what is different, or None.

    Numbers may differ by 1e-12: arrays lie elsewhere in memory now, and BLAS adds up in another
    order.
    """
    try:
        if getattr(expected, "dtype", np.dtype(object)).kind == "f":
            np.testing.assert_allclose(found, expected, rtol=1e-12)
        else:
            np.testing.assert_equal(found, expected)
    except (AssertionError, ValueError, TypeError) as error:
        return " ".join(str(error).split())[:300]
    return None


def differences(found: dict[str, Any], expected: dict[str, Any]) -> list[str]:
    """Return what two models answer differently."""
    if found.keys() != expected.keys():
        return [f"methods {sorted(found)} instead of {sorted(expected)}"]
    told = {name: difference(found[name], expected[name]) for name in expected}
    return [f"{name}: {text}" for name, text in told.items() if text is not None]
