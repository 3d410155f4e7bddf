"""The heart: what a scikit-learn user calls.

``fitscribe.sklearn.autolog()`` records every fit from then on; ``save_model``, ``log_model`` and
``load_model`` keep and open estimators by hand. Names and meanings are ``mlflow.sklearn``'s.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fitscribe.sklearn.flavor import get_default_conda_env as get_default_conda_env
    from fitscribe.sklearn.flavor import (
        get_default_pip_requirements as get_default_pip_requirements,
    )
    from fitscribe.sklearn.flavor import load_model as load_model
    from fitscribe.sklearn.flavor import log_model as log_model
    from fitscribe.sklearn.flavor import save_model as save_model
    from fitscribe.sklearn.scores import watch_metric as watch_metric
    from fitscribe.sklearn.studies import OptunaCallback as OptunaCallback
    from fitscribe.sklearn.switch import autolog as autolog
    from fitscribe.sklearn.unrecorded import autolog_disabled as autolog_disabled
    from fitscribe.sklearn.watched import watch as watch

# A pool's worker that only needs to know that a fit is going on imports this package; it must
# not pay for scikit-learn's hooks.
_NAMES = {
    "autolog": "fitscribe.sklearn.switch",
    "autolog_disabled": "fitscribe.sklearn.unrecorded",
    "FitscribeWarning": "fitscribe.sklearn.attempt",
    "OptunaCallback": "fitscribe.sklearn.studies",
    "get_default_conda_env": "fitscribe.sklearn.flavor",
    "get_default_pip_requirements": "fitscribe.sklearn.flavor",
    "load_model": "fitscribe.sklearn.flavor",
    "log_model": "fitscribe.sklearn.flavor",
    "save_model": "fitscribe.sklearn.flavor",
    "watch": "fitscribe.sklearn.watched",
    "watch_metric": "fitscribe.sklearn.scores",
}

# The values of ``serialization_format``, as scripts written for MLflow name them.
SERIALIZATION_FORMAT_CLOUDPICKLE = "cloudpickle"
SERIALIZATION_FORMAT_PICKLE = "pickle"
SERIALIZATION_FORMAT_SKOPS = "skops"

__all__ = sorted(
    [
        *_NAMES,
        "SERIALIZATION_FORMAT_CLOUDPICKLE",
        "SERIALIZATION_FORMAT_PICKLE",
        "SERIALIZATION_FORMAT_SKOPS",
    ]
)


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name in _NAMES:
        return getattr(import_module(_NAMES[name]), name)
    if name.startswith("__"):
        raise AttributeError(f"module 'fitscribe.sklearn' has no attribute {name!r}")
    import_module("fitscribe.tracking.as_mlflow").refuse("fitscribe.sklearn", name)
    raise AssertionError  # refuse always raises


def __dir__() -> list[str]:
    return __all__
