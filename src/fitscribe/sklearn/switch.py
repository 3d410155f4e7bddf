"""``autolog(...)``: its options, turning it on and off."""

from __future__ import annotations

import multiprocessing
import operator
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import sklearn

from fitscribe.core.entities import TAG_PARENT
from fitscribe.core.texts import check_tag
from fitscribe.errors import InvalidParameter, NotSupported
from fitscribe.modelfolder.formats import FORMATS
from fitscribe.sklearn import patch
from fitscribe.sklearn.answers import record_answer
from fitscribe.sklearn.attempt import FitscribeWarning
from fitscribe.sklearn.course import end_courses
from fitscribe.sklearn.functions import unhook_functions
from fitscribe.sklearn.greeting import greet_at_end
from fitscribe.sklearn.leaks import forget_rows
from fitscribe.sklearn.makers import is_linked
from fitscribe.sklearn.options import Options, current, for_task, set_for_process
from fitscribe.sklearn.prepared import forget_prepared, is_preparer
from fitscribe.sklearn.quiet import plain_task
from fitscribe.sklearn.running import PIPELINE, hook_pipeline, unwatch_warnings, watch_warnings
from fitscribe.sklearn.scores import hook_metrics, unhook_metrics
from fitscribe.sklearn.splits import MODULE as SPLITS
from fitscribe.sklearn.splits import forget_splits, hook_splits
from fitscribe.sklearn.steps import record
from fitscribe.sklearn.validate import MODULE, hook_validations
from fitscribe.sklearn.watched import unwatch, watch_listed
from fitscribe.tracking.inherit import carry_scope_into_threads
from fitscribe.tracking.late import when_imported
from fitscribe.tracking.stack import level_of_caller
from fitscribe.tracking.tasks import carry, carry_scope_into_joblib, hidden_tasks

__all__ = ["autolog", "autolog_everywhere", "resume"]

OLDEST = (1, 5)
NEWEST = (1, 9)
# MLflow keeps back the first only; of the next two it overwrites what is given, and the last
# would hang every run below one that need not exist.
OURS = ("mlflow.autologging", "estimator_name", "estimator_class", TAG_PARENT)


def autolog(
    log_input_examples: bool = False,
    log_model_signatures: bool = True,
    log_models: bool = True,
    log_datasets: bool = True,
    disable: bool = False,
    exclusive: bool = False,
    disable_for_unsupported_versions: bool = False,
    silent: bool = False,
    max_tuning_runs: int | None = None,
    log_post_training_metrics: bool = True,
    serialization_format: str = "pickle",
    registered_model_name: str | None = None,
    pos_label: Any = None,
    extra_tags: Mapping[str, Any] | None = None,
    *,
    log_transformers: bool = False,
) -> None:
    """Record every fit from now on; calling it again changes the options.

    The first fourteen parameters are MLflow's, in its order.

    Parameters
    ----------
    log_input_examples : bool
        Keep the first five rows of X with the model. Real rows: off by default.
    log_model_signatures : bool
        Keep the columns and types of X and of the predictions with the model.
    log_models : bool
        Keep the fitted estimator (and a search's best one) as a logged model.
    log_datasets : bool
        Note the training data: name, schema, shape, and a digest of every byte.
    disable : bool
        Turn autologging off and put every class back as it was.
    exclusive : bool
        Record nothing while a run of the user's own is active.
    disable_for_unsupported_versions : bool
        Record nothing under a scikit-learn that this release was not tested with.
    silent : bool
        Print nothing and do not warn; what is missing is still noted on the run.
    max_tuning_runs : int or None
        How many of a search's candidates become child runs: the best so many by the metric that
        ``refit`` names, 0 for none. None is all of them (MLflow's default is 5).
    log_post_training_metrics : bool
        Record metrics that are computed of a recorded model's predictions, scores and curves.
    serialization_format : {"pickle", "cloudpickle"}
        Of the model file. ``"pickle"`` becomes cloudpickle for a model that pickle cannot name
        (classes of a script, lambdas).
    registered_model_name : str or None
        Refused by this release, which has no registry.
    pos_label : object
        The label that precision, recall and F1 are about; their average is then binary.
    extra_tags : mapping or None
        Tags of every run that autologging opens; not those that it sets itself.
    log_transformers : bool
        Make runs of fits that only prepare data (scalers, encoders …), too.

    Raises
    ------
    InvalidParameter
        If a value is of the wrong kind; the options in force stay.
    NotSupported
        If `registered_model_name` is given.

    Examples
    --------
    >>> import fitscribe.sklearn
    >>> fitscribe.sklearn.autolog()
    >>> fitscribe.sklearn.autolog(disable=True)
    """
    if registered_model_name is not None:
        raise NotSupported(
            f"autolog cannot register models as {registered_model_name!r}: there is no registry "
            "yet. Leave registered_model_name out; the model is kept with its run."
        )
    off = _flag("disable", disable)
    only_supported = _flag("disable_for_unsupported_versions", disable_for_unsupported_versions)
    options = Options(
        log_input_examples=_flag("log_input_examples", log_input_examples),
        log_model_signatures=_flag("log_model_signatures", log_model_signatures),
        log_models=_flag("log_models", log_models),
        log_datasets=_flag("log_datasets", log_datasets),
        exclusive=_flag("exclusive", exclusive),
        silent=_flag("silent", silent),
        max_tuning_runs=_count("max_tuning_runs", max_tuning_runs),
        log_post_training_metrics=_flag("log_post_training_metrics", log_post_training_metrics),
        serialization_format=_format(serialization_format),
        pos_label=pos_label,
        extra_tags=_tags(extra_tags),
        log_transformers=_flag("log_transformers", log_transformers),
    )
    if off or (only_supported and not _is_supported(sklearn.__version__)):
        set_for_process(None)
        patch.uninstall()
        unhook_functions()
        end_courses()
        unwatch()
        unwatch_warnings()
        unhook_metrics()
        forget_splits()
        forget_prepared()
        forget_rows()
        return
    if not options.silent:
        _tell_of_mlflow()
    set_for_process(options)
    _install()
    if multiprocessing.parent_process() is None:
        greet_at_end(options.silent)


def _install() -> None:
    patch.install(record, record_answer, _is_known)
    watch_listed()
    when_imported(MODULE, hook_validations)
    when_imported(SPLITS, hook_splits)
    when_imported(PIPELINE, hook_pipeline)
    watch_warnings()
    hook_metrics()
    carry_scope_into_threads()
    carry_scope_into_joblib()
    carry(__name__, current)
    hidden_tasks(plain_task)


def _is_known(estimator: Any) -> bool:
    return is_linked(estimator) or is_preparer(estimator)


@contextmanager
def resume(options: Options) -> Iterator[None]:
    """Autolog in one task of a pool, in a process that may never have heard of it."""
    if patch.is_installed():
        patch.hook_classes()
    else:
        _install()
    with for_task(options):
        yield


def _flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise InvalidParameter(f"autolog: {name} must be True or False, not {value!r}.")
    return value


def _count(name: str, value: object) -> int | None:
    if value is None:
        return None
    wrong = f"autolog: {name} must be an integer or None (all), not {value!r}."
    if isinstance(value, (bool, np.bool_)):
        raise InvalidParameter(wrong)
    try:
        count = operator.index(value)  # type: ignore[arg-type]  # numpy's integers, too
    except TypeError as error:
        raise InvalidParameter(wrong) from error
    if count < 0:
        # The first half is MLflow's sentence, which tests of other projects match.
        raise InvalidParameter(
            f"`{name}` must be non-negative, instead got {count}. Use 0 for none, None for all."
        )
    return count


def _format(value: object) -> str:
    if not isinstance(value, str) or value not in FORMATS:
        raise InvalidParameter(
            f"Unrecognized serialization format {value!r}; one of {', '.join(sorted(FORMATS))}."
        )
    return value


def _tags(tags: object) -> Mapping[str, str]:
    if tags is None:
        return {}
    if not isinstance(tags, Mapping):
        raise InvalidParameter(f"autolog: extra_tags must be a dict, not {type(tags).__name__}.")
    checked = dict(check_tag(key, value) for key, value in tags.items())
    for key in checked:
        if key in OURS or key.startswith("fitscribe."):
            raise InvalidParameter(
                f"autolog: extra_tags cannot set {key!r}, which autologging sets itself. "
                "Choose another key."
            )
    return checked


def _is_supported(version: str) -> bool:
    numbers = version.split(".")
    if not (numbers[0].isdigit() and numbers[1].isdigit()) or not numbers[-1].isdigit():
        return False  # a development version
    return OLDEST <= (int(numbers[0]), int(numbers[1])) <= NEWEST


class _Told:
    of_mlflow = False


def _tell_of_mlflow() -> None:
    """Say once that two trackers are at work."""
    real = sys.modules.get("mlflow")
    if real is None or getattr(real, "__fitscribe__", False) or _Told.of_mlflow:
        return
    _Told.of_mlflow = True
    warnings.warn(
        "mlflow is imported beside fitscribe. If its autologging is on too, every fit is "
        "recorded twice: mlflow.sklearn.autolog(disable=True) turns it off.",
        FitscribeWarning,
        stacklevel=level_of_caller(),
    )


def autolog_everywhere(
    log_input_examples: bool = False,
    log_model_signatures: bool = True,
    log_models: bool = True,
    log_datasets: bool = True,
    log_traces: bool = True,
    disable: bool = False,
    exclusive: bool = False,
    disable_for_unsupported_versions: bool = False,
    silent: bool = False,
    extra_tags: Mapping[str, Any] | None = None,
    exclude_flavors: Sequence[str] | None = None,
) -> None:
    """Record every fit from now on: ``fitscribe.autolog()``, MLflow's ``mlflow.autolog()``.

    Parameters are those of :func:`fitscribe.sklearn.autolog`, in MLflow's order. The last call of
    either function counts. `log_traces` is accepted and means nothing here; with ``"sklearn"``
    among `exclude_flavors` nothing changes.
    """
    del log_traces
    if "sklearn" in (exclude_flavors or ()):
        return
    autolog(
        log_input_examples=log_input_examples,
        log_model_signatures=log_model_signatures,
        log_models=log_models,
        log_datasets=log_datasets,
        disable=disable,
        exclusive=exclusive,
        disable_for_unsupported_versions=disable_for_unsupported_versions,
        silent=silent,
        extra_tags=extra_tags,
    )
