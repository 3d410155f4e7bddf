"""An Optuna study is recorded as a search, through a callback.

A callback of Optuna's is called as a trial ends. It is not told when the study begins and ends,
nor of the trial that an exception ended. So ``Study.optimize`` is hooked, by ``autolog`` or as the
first callback is made, and calls with one of ours among their ``callbacks`` are followed.

Where nobody follows (a callback made within the very call, a loop of ``ask`` and ``tell``) the run
begins with the first trial, and ends with the callback, the run around it, or the process.

Optuna is not imported here.
"""

from __future__ import annotations

import inspect
import weakref
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from types import ModuleType
from typing import Any, ClassVar

from fitscribe.core.texts import check_key, check_tags
from fitscribe.errors import InvalidParameter
from fitscribe.sklearn.attempt import Attempts
from fitscribe.sklearn.course import is_within_us
from fitscribe.sklearn.study_runs import StudyRun, Wanted
from fitscribe.tracking.active import OpenRun
from fitscribe.tracking.late import when_imported
from fitscribe.tracking.lifecycle import before_end
from fitscribe.tracking.replaced import Replaced
from fitscribe.tracking.stack import skipped_in_warnings

__all__ = ["OptunaCallback", "hook_studies", "unhook_studies"]

MODULE = "optuna.study.study"
OF_RUNS = ("experiment_id", "nested", "run_name", "tags")


class OptunaCallback:
    """Record an Optuna study: one run with its progress, and a run below it for each trial.

    The parameters are those of optuna-integration's ``MLflowCallback``, in its order.

    Parameters
    ----------
    tracking_uri : str, optional
        Where the study is recorded; without, where everything else is.
    metric_name : str or sequence of str
        What the value of a trial is called. For several values a name each; from a single name
        ``value_0``, ``value_1`` are made.
    create_experiment : bool
        Record it in an experiment that is named after the study. Off, for all trials are below
        one run already; `MLflowCallback` has it on.
    mlflow_kwargs : dict, optional
        Of the study's run: ``run_name``, ``tags``, ``experiment_id``. ``nested`` means nothing.
    tag_study_user_attrs : bool
        Make the study's user attributes tags of its run.
    tag_trial_user_attrs : bool
        Make a trial's user attributes tags of its run.

    Raises
    ------
    InvalidParameter
        If a value is of the wrong kind.

    Notes
    -----
    The objective runs as if it were written within ``start_run``: what it logs is logged to its
    trial's run, and the first fit and the first cross-validation in it, if they are autologged,
    fill that run; further ones are runs below it. The run of the study has ``progress.json`` while
    it runs, ``trials.csv`` (the columns of ``study.trials_dataframe()``) at its end, the values of
    its trials as metric history, the best params, and how many trials were completed, pruned and
    failed. Each call of ``optimize`` is one run, or fills the run that the user opened around it.

    Examples
    --------
    >>> import fitscribe.sklearn
    >>> callback = fitscribe.sklearn.OptunaCallback(metric_name="accuracy")
    >>> study.optimize(objective, n_trials=100, callbacks=[callback])  # doctest: +SKIP
    """

    def __init__(
        self,
        tracking_uri: str | None = None,
        metric_name: str | Sequence[str] = "value",
        create_experiment: bool = False,
        mlflow_kwargs: Mapping[str, Any] | None = None,
        tag_study_user_attrs: bool = False,
        tag_trial_user_attrs: bool = True,
    ) -> None:
        given = dict(mlflow_kwargs or {})
        unknown = sorted(set(given) - set(OF_RUNS))
        if unknown:
            raise InvalidParameter(
                f"OptunaCallback: mlflow_kwargs cannot have {', '.join(map(repr, unknown))}; "
                f"it can have {', '.join(OF_RUNS)}."
            )
        experiment_id = given.get("experiment_id")
        self._wanted = Wanted(
            tracking_uri,
            _names(metric_name),
            create_experiment,
            given.get("run_name"),
            None if experiment_id is None else str(experiment_id),
            check_tags(given.get("tags")),
            tag_study_user_attrs,
            tag_trial_user_attrs,
        )
        # By id, for a study need not be hashable.
        self._runs: dict[int, StudyRun] = {}
        hook_studies()

    def __call__(self, study: Any, trial: Any) -> None:
        """Record a trial that is over; Optuna calls this."""
        run = self._run_of(study) or self._begin(study)
        if run is None:
            return
        if not run.followed:
            _Left.add(self, run)
        run.finish(trial)

    def _run_of(self, study: Any) -> StudyRun | None:
        run = self._runs.get(id(study))
        return run if run is not None and run.is_of(study) and not run.over else None

    def _begin(
        self, study: Any, total: int | None = None, seconds: float | None = None
    ) -> StudyRun | None:
        _Left.end_dead()
        attempts = Attempts("the study")
        run = attempts(
            "open a run", lambda: StudyRun(study, self._wanted, attempts, total, seconds)
        )
        if run is None:
            attempts.tell()
        else:
            self._runs[id(study)] = run
        return run

    def _end(self, study: Any, error: BaseException | None) -> None:
        run = self._runs.pop(id(study), None)
        if run is not None:
            run.end(error, study)


def _names(given: object) -> str | tuple[str, ...]:
    if isinstance(given, str):
        return check_key("metric", given)
    if isinstance(given, Sequence) and given and all(isinstance(one, str) for one in given):
        return tuple(check_key("metric", one) for one in given)
    raise InvalidParameter(
        f"OptunaCallback: metric_name is a text, or a list with one for each value, "
        f"not {given!r:.80}."
    )


class _Left:
    """Runs of studies that nobody follows: who ends them."""

    runs: ClassVar[list[StudyRun]] = []
    # Their callbacks are gone, while something of ours was going on.
    dead: ClassVar[list[StudyRun]] = []

    @classmethod
    def add(cls, callback: OptunaCallback, run: StudyRun) -> None:
        if run not in cls.runs:
            before_end(_end_left)
            cls.runs.append(run)
            weakref.finalize(callback, cls._gone, run).atexit = False

    @classmethod
    def _gone(cls, run: StudyRun) -> None:
        cls.dead.append(run)
        # It may be a collection in the middle of a transaction.
        if not is_within_us():
            cls.end_dead()

    @classmethod
    def end_dead(cls) -> None:
        while cls.dead:
            cls.end(cls.dead.pop())

    @classmethod
    def end(cls, run: StudyRun, status: str | None = None) -> None:
        if run in cls.runs:
            cls.runs.remove(run)
            run.end(status=status)


def _end_left(run: OpenRun | None, status: str) -> None:
    """End what is left as the run around it, or the process, ends."""
    for one in list(_Left.runs):
        if run is None or run.run_id in (one.run.run_id, one.home):
            _Left.end(one, status)


# The hook

_optimize = Replaced()


def hook_studies() -> None:
    """Follow studies from now on, if Optuna is imported later as well."""
    when_imported(MODULE, _hook)


def _hook(module: ModuleType) -> None:
    _optimize.put(module.Study, "optimize", _following)


def unhook_studies() -> None:
    """Put ``Study.optimize`` back."""
    _optimize.put_back()


def _following(original: Callable[..., Any]) -> Callable[..., Any]:
    """Return ``optimize``, followed where one of our callbacks is told of the trials."""

    @skipped_in_warnings
    def optimize(study: Any, *args: Any, **kwargs: Any) -> Any:
        callback, given = _callback_in(original, study, args, kwargs)
        if callback is None:
            return original(study, *args, **kwargs)
        run = callback._begin(study, given.get("n_trials"), given.get("timeout"))
        if run is None:
            return original(study, *args, **kwargs)
        run.followed = True
        followed = _within(run, given["func"])
        if args:
            args = (followed, *args[1:])
        else:
            kwargs = {**kwargs, "func": followed}
        try:
            result = original(study, *args, **kwargs)
        except BaseException as error:
            callback._end(study, error)
            raise
        callback._end(study, None)
        return result

    return optimize


def _callback_in(
    original: Callable[..., Any], study: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> tuple[OptunaCallback | None, Mapping[str, Any]]:
    """Return the callback of ours among a call's, if there is one, and the call's arguments."""
    try:
        given = inspect.signature(original).bind(study, *args, **kwargs).arguments
    except TypeError:
        return None, {}
    callbacks = given.get("callbacks")
    if not isinstance(callbacks, (list, tuple)) or not callable(given.get("func")):
        return None, {}
    ours = (one for one in callbacks if isinstance(one, OptunaCallback))
    callback = next(ours, None)
    # Within its own objective a study cannot be optimized; Optuna says so.
    if callback is not None and callback._run_of(study) is not None:
        return None, {}
    return callback, given


def _within(run: StudyRun, objective: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return the objective, which runs in its trial's run."""

    @wraps(objective, updated=())
    @skipped_in_warnings
    def in_run(trial: Any) -> Any:
        token = run.enter(trial)
        try:
            return objective(trial)
        except BaseException as error:
            run.note_error(trial, error)
            raise
        finally:
            run.leave(token)

    return in_run
