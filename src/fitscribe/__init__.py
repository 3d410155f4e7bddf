"""The experiment tracker made for scikit-learn: one line records every fit.

``fitscribe.sklearn.autolog()`` and code written for scikit-learn is recorded unchanged. The names
are MLflow's, so ``import fitscribe as mlflow`` moves a script. Everything is loaded on first
use: importing this package imports nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    # isort: off
    from fitscribe import artifacts as artifacts
    from fitscribe import client as client
    from fitscribe import data as data
    from fitscribe import entities as entities
    from fitscribe import exceptions as exceptions
    from fitscribe import models as models
    from fitscribe import pyfunc as pyfunc
    from fitscribe import sklearn as sklearn
    from fitscribe import types as types
    from fitscribe.errors import FitscribeError as FitscribeError
    from fitscribe.sklearn.everywhere import autolog as autolog
    from fitscribe.tracking.as_mlflow import install_as_mlflow as install_as_mlflow
    from fitscribe.tracking.behind import flush as flush
    from fitscribe.tracking.client import Client as Client
    from fitscribe.tracking.connect import get_tracking_uri as get_tracking_uri
    from fitscribe.tracking.connect import is_tracking_uri_set as is_tracking_uri_set
    from fitscribe.tracking.connect import set_tracking_uri as set_tracking_uri
    from fitscribe.tracking.doctor import doctor as doctor
    from fitscribe.tracking.experiments import (
        create_experiment as create_experiment,
        delete_experiment as delete_experiment,
        delete_experiment_tag as delete_experiment_tag,
        get_experiment as get_experiment,
        get_experiment_by_name as get_experiment_by_name,
        rename_experiment as rename_experiment,
        restore_experiment as restore_experiment,
        search_experiments as search_experiments,
        set_experiment as set_experiment,
        set_experiment_tag as set_experiment_tag,
        set_experiment_tags as set_experiment_tags,
    )
    from fitscribe.tracking.fluent import (
        ActiveRun as ActiveRun,
        active_run as active_run,
        delete_tag as delete_tag,
        end_run as end_run,
        flush_artifact_async_logging as flush_artifact_async_logging,
        flush_async_logging as flush_async_logging,
        get_artifact_uri as get_artifact_uri,
        last_active_run as last_active_run,
        load_table as load_table,
        log_artifact as log_artifact,
        log_artifacts as log_artifacts,
        log_dict as log_dict,
        log_figure as log_figure,
        log_image as log_image,
        log_input as log_input,
        log_inputs as log_inputs,
        log_metric as log_metric,
        log_metrics as log_metrics,
        log_outputs as log_outputs,
        log_param as log_param,
        log_params as log_params,
        log_stream as log_stream,
        log_table as log_table,
        log_text as log_text,
        set_tag as set_tag,
        set_tags as set_tags,
        start_run as start_run,
    )
    from fitscribe.tracking.kept import (
        delete_run as delete_run,
        get_metric_history as get_metric_history,
        get_parent_run as get_parent_run,
        get_run as get_run,
        restore_run as restore_run,
        search_runs as search_runs,
    )
    from fitscribe.tracking.logged_models import (
        ActiveModel as ActiveModel,
        clear_active_model as clear_active_model,
        create_external_model as create_external_model,
        delete_logged_model_tag as delete_logged_model_tag,
        finalize_logged_model as finalize_logged_model,
        get_active_model_id as get_active_model_id,
        get_logged_model as get_logged_model,
        initialize_logged_model as initialize_logged_model,
        last_logged_model as last_logged_model,
        log_model_params as log_model_params,
        search_logged_models as search_logged_models,
        set_active_model as set_active_model,
        set_logged_model_tags as set_logged_model_tags,
    )
    from fitscribe.tracking.registering import (
        register_model as register_model,
        search_model_versions as search_model_versions,
        search_registered_models as search_registered_models,
        set_model_version_tag as set_model_version_tag,
    )

    MlflowClient = Client
    MlflowException = FitscribeError

__version__ = "0.1.0"

_EXPERIMENTS = (
    "create_experiment",
    "delete_experiment",
    "delete_experiment_tag",
    "get_experiment",
    "get_experiment_by_name",
    "rename_experiment",
    "restore_experiment",
    "search_experiments",
    "set_experiment",
    "set_experiment_tag",
    "set_experiment_tags",
)
_FLUENT = (
    "ActiveRun",
    "active_run",
    "delete_tag",
    "end_run",
    "flush_artifact_async_logging",
    "flush_async_logging",
    "get_artifact_uri",
    "last_active_run",
    "load_table",
    "log_artifact",
    "log_artifacts",
    "log_dict",
    "log_figure",
    "log_image",
    "log_input",
    "log_inputs",
    "log_metric",
    "log_metrics",
    "log_outputs",
    "log_param",
    "log_params",
    "log_stream",
    "log_table",
    "log_text",
    "set_tag",
    "set_tags",
    "start_run",
)
_KEPT = (
    "delete_run",
    "get_metric_history",
    "get_parent_run",
    "get_run",
    "restore_run",
    "search_runs",
)
_MODELS = (
    "ActiveModel",
    "clear_active_model",
    "create_external_model",
    "delete_logged_model_tag",
    "finalize_logged_model",
    "get_active_model_id",
    "get_logged_model",
    "initialize_logged_model",
    "last_logged_model",
    "log_model_params",
    "search_logged_models",
    "set_active_model",
    "set_logged_model_tags",
)
_REGISTERING = (
    "register_model",
    "search_model_versions",
    "search_registered_models",
    "set_model_version_tag",
)
# Public name: the module that has it, and its name there.
_NAMES: dict[str, tuple[str, str]] = {
    **{name: ("fitscribe.tracking.experiments", name) for name in _EXPERIMENTS},
    **{name: ("fitscribe.tracking.fluent", name) for name in _FLUENT},
    **{name: ("fitscribe.tracking.kept", name) for name in _KEPT},
    **{name: ("fitscribe.tracking.logged_models", name) for name in _MODELS},
    **{name: ("fitscribe.tracking.registering", name) for name in _REGISTERING},
    "Client": ("fitscribe.tracking.client", "Client"),
    "FitscribeError": ("fitscribe.errors", "FitscribeError"),
    "MlflowClient": ("fitscribe.tracking.client", "Client"),
    "MlflowException": ("fitscribe.errors", "FitscribeError"),
    "doctor": ("fitscribe.tracking.doctor", "doctor"),
    "autolog": ("fitscribe.sklearn.everywhere", "autolog"),
    "flush": ("fitscribe.tracking.behind", "flush"),
    "get_tracking_uri": ("fitscribe.tracking.connect", "get_tracking_uri"),
    "install_as_mlflow": ("fitscribe.tracking.as_mlflow", "install_as_mlflow"),
    "is_tracking_uri_set": ("fitscribe.tracking.connect", "is_tracking_uri_set"),
    "set_tracking_uri": ("fitscribe.tracking.connect", "set_tracking_uri"),
}
_MODULES = (
    "artifacts",
    "client",
    "data",
    "entities",
    "exceptions",
    "models",
    "pyfunc",
    "sklearn",
    "tracking",
    "types",
)

__all__ = sorted([*_NAMES, *_MODULES, "__version__"])


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name in _NAMES:
        module, theirs = _NAMES[name]
        found = getattr(import_module(module), theirs)
        globals()[name] = found
        return found
    if name in _MODULES:
        return import_module(f"fitscribe.{name}")
    if name.startswith("__"):
        raise AttributeError(f"module 'fitscribe' has no attribute {name!r}")
    import_module("fitscribe.tracking.as_mlflow").refuse("fitscribe", name)
    raise AssertionError  # refuse always raises


def __dir__() -> list[str]:
    return __all__
