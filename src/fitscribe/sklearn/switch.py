"""``autolog(...)``: its options, turning it on and off."""

from __future__ import annotations

import multiprocessing
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal

import sklearn

from fitscribe.sklearn import patch
from fitscribe.sklearn.answers import record_answer
from fitscribe.sklearn.asked import asked, declares
from fitscribe.sklearn.attempt import FitscribeWarning
from fitscribe.sklearn.copies import may_be_copy
from fitscribe.sklearn.course import end_courses
from fitscribe.sklearn.functions import unhook_functions
from fitscribe.sklearn.greeting import greet_at_end
from fitscribe.sklearn.leaks import forget_rows
from fitscribe.sklearn.makers import linked_ids
from fitscribe.sklearn.options import Options, current, for_task, set_for_process
from fitscribe.sklearn.preparation import take
from fitscribe.sklearn.prepared import forget_prepared, is_preparer
from fitscribe.sklearn.quiet import plain_task
from fitscribe.sklearn.running import PIPELINE, hook_pipeline, unwatch_warnings, watch_warnings
from fitscribe.sklearn.scores import hook_metrics, unhook_metrics
from fitscribe.sklearn.splits import MODULE as SPLITS
from fitscribe.sklearn.splits import forget_splits, hook_splits
from fitscribe.sklearn.steps import record
from fitscribe.sklearn.studies import hook_studies, unhook_studies
from fitscribe.sklearn.validate import MODULE, hook_validations
from fitscribe.sklearn.watched import unwatch, watch_listed
from fitscribe.tracking.inherit import carry_scope_into_threads
from fitscribe.tracking.late import stop_waiting, when_imported
from fitscribe.tracking.lifecycle import leave_alone
from fitscribe.tracking.stack import level_of_caller
from fitscribe.tracking.tasks import carry, carry_scope_into_joblib, hidden_tasks

__all__ = ["autolog", "resume", "switch"]

OLDEST = (1, 5)
NEWEST = (1, 9)


def switch(given: Mapping[str, Any]) -> None:
    """Turn autologging on, or off, by the arguments that ``autolog`` was given."""
    told = asked(given)
    options = told.options
    if told.off or (told.only_supported and not _is_supported(sklearn.__version__)):
        _turn_off()
        return
    if not options.silent:
        _tell_of_mlflow()
        for sentence in told.refused:
            warnings.warn(sentence, FitscribeWarning, stacklevel=level_of_caller())
    set_for_process(options)
    _install()
    if multiprocessing.parent_process() is None:
        greet_at_end(options.silent)


def _turn_off() -> None:
    """Put everything back as it was.

    What belongs to runs is put back if none is open (:func:`leave_alone`). What stays is no
    name of anybody's: functions to be called at the exit, before and after a fork, and after a
    cell of a notebook, which find nothing to do.
    """
    set_for_process(None)
    patch.uninstall()
    unhook_functions()
    end_courses()
    unwatch()
    unwatch_warnings()
    unhook_metrics()
    forget_splits()
    forget_prepared()
    take()
    forget_rows()
    unhook_studies()
    stop_waiting()
    carry_scope_into_joblib()
    leave_alone()


@declares(switch)
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
    log: Literal["light", "standard", "full"] | None = None,
    log_training_metrics: bool = True,
    log_curves: bool = True,
    log_facts: bool = True,
    log_findings: bool = True,
    log_histories: bool = True,
    log_partial_fits: bool = True,
    log_preparation: bool = True,
    log_cross_validations: bool = True,
    log_progress: bool = True,
    log_provenance: bool = True,
    log_source_details: bool = False,
    log_permutation_importance: bool = False,
    log_golden_rows: bool = True,
    log_model_profiles: bool = True,
) -> None:
    """Record every fit from now on; calling it again changes the options.

    The first fourteen parameters are MLflow's, in its order. What is not given is as the
    environment (``FITSCRIBE_AUTOLOG_LOG_CURVES=0``), the user's own file or the project's
    ``pyproject.toml`` says, else as `log` says, else as it stands here.

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
    serialization_format : {"pickle", "cloudpickle", "skops"}
        Of the model file. ``"pickle"`` becomes cloudpickle for a model that pickle cannot name
        (classes of a script, lambdas).
    registered_model_name : str or None
        Make each model that is kept, once it is stored, the next version of that registered
        model: of a search the search itself, of ``partial_fit`` the model at the end.
    pos_label : object
        The label that precision, recall and F1 are about; their average is then binary.
    extra_tags : mapping or None
        Tags of every run that autologging opens; not those that it sets itself.
    log_transformers : bool
        Make runs of scalers, encoders and the like that are fitted alone, too. Of several that
        are put together (a ColumnTransformer, a FeatureUnion, a Pipeline of them) there always is
        one.
    log : {"light", "standard", "full"} or None
        Which groups are recorded where nothing else is said. ``"standard"`` is the defaults.
        ``"light"`` is for many small fits: params, metrics, findings and the digest of the data,
        no files of models, curves and facts, and of a search the best five candidates.
        ``"full"`` adds `log_source_details`. Rows of the data are kept by no level.
    log_training_metrics : bool
        Predict the training data once and record metrics of that.
    log_curves : bool
        Keep curves of the training data (``training_roc_curve.json`` …).
    log_facts : bool
        Keep what the fit came to (``fitted_attributes.json``) and the numbers of it.
    log_findings : bool
        Keep warnings, fits that did not converge, seeds that are not set (``findings.json``).
    log_histories : bool
        Record values that the estimator keeps of each iteration, and the points of
        ``partial_fit``.
    log_partial_fits : bool
        Make ``partial_fit`` of one object a run.
    log_preparation : bool
        Tell what prepared the data of a fit (``preparation.json``).
    log_cross_validations : bool
        Make a run of ``cross_validate`` and the like; without, the fits in it are not recorded.
    log_progress : bool
        Tell how far a search is while it runs, and keep what is done when it is interrupted.
    log_provenance : bool
        Remember ``train_test_split`` (``provenance.json``), tell when rows that a model is tested
        on leaked into its training, and keep what is installed (``environment.txt``).
    log_source_details : bool
        Keep the uncommitted diff and the script's arguments, masked.
    log_permutation_importance : bool
        Shuffle each feature of the training data ten times and keep what that costs in score
        (``permutation_importance.json``). That takes ten predictions a feature, of up to 2,000
        rows.
    log_golden_rows : bool
        Keep up to 16 rows with the model (``golden.json``) and what it answers to them, for
        :func:`fitscribe.models.verify`. They are made up of quantiles and frequent values; with
        `log_input_examples` they are the example. Free text gets none.
    log_model_profiles : bool
        Keep with the model what each column of the training data held (``profile.json``): counts
        in bins, frequent values, ranges; no rows.

    Raises
    ------
    InvalidParameter
        If a value is of the wrong kind, of a variable or a file too; the options in force stay.

    Examples
    --------
    >>> import fitscribe.sklearn
    >>> fitscribe.sklearn.autolog()
    >>> fitscribe.sklearn.autolog(disable=True)
    """


def _install() -> None:
    patch.install(record, record_answer, linked_ids, _may_be_asked)
    watch_listed()
    when_imported(MODULE, hook_validations)
    when_imported(SPLITS, hook_splits)
    when_imported(PIPELINE, hook_pipeline)
    watch_warnings()
    hook_metrics()
    hook_studies()
    carry_scope_into_threads()
    carry_scope_into_joblib()
    carry(__name__, current)
    hidden_tasks(plain_task)


def _may_be_asked(estimator: Any) -> bool:
    return is_preparer(estimator) or may_be_copy(estimator)


@contextmanager
def resume(options: Options) -> Iterator[None]:
    """Autolog in one task of a pool, in a process that may never have heard of it."""
    if patch.is_installed():
        patch.hook_classes()
    else:
        _install()
    with for_task(options):
        yield


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
