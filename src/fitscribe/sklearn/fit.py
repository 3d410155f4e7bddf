"""One outermost fit is one run.

Before: the call is recognised, a run is opened or claimed, params are stored. After: the fitted
estimator is looked at quietly, its files are written, and everything else goes into one
transaction. Every step goes through :class:`~fitscribe.sklearn.attempt.Attempts`.
"""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sklearn.base import BaseEstimator

from fitscribe.core.states import RunStatus
from fitscribe.sklearn import observe
from fitscribe.sklearn.arguments import Arguments, arguments_of
from fitscribe.sklearn.attempt import Attempts
from fitscribe.sklearn.calls import RecordedCall
from fitscribe.sklearn.describe import is_search
from fitscribe.sklearn.findings import Findings
from fitscribe.sklearn.makers import Maker, forget, link
from fitscribe.sklearn.options import current
from fitscribe.sklearn.origins import remember as remember_answer
from fitscribe.sklearn.patch import hook_answers
from fitscribe.sklearn.preparation import is_preparation, remember
from fitscribe.tracking import active
from fitscribe.tracking.active import OpenRun

__all__ = ["record"]


def record(
    estimator: Any, method: str, function: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> _Fit | _Preparation | None:
    """Begin to record a call of a training method; None if it is none of ours."""
    options = current()
    here = active.scope()
    if options is None or here.observing:
        return None
    if options.exclusive and here.runs:
        return None
    forget(estimator)  # whatever comes of it, it is no longer the model that it was
    attempts = Attempts(type(estimator).__name__, options.silent)
    arguments = attempts(
        "read the arguments", lambda: arguments_of(function, args, kwargs, estimator)
    )
    arguments = arguments or Arguments()
    preparation = attempts("tell models from preparation", lambda: is_preparation(estimator))
    if preparation and not options.log_transformers:
        return _Preparation(estimator, arguments, attempts)
    fit = attempts("begin to record", lambda: _Fit(estimator, arguments, attempts, options))
    if fit is None:
        attempts.tell()
    return fit


class _Preparation:
    """A fit of a scaler, an encoder …: no run; what it is goes to the next fit's run."""

    def __init__(self, estimator: Any, arguments: Arguments, attempts: Attempts) -> None:
        self.estimator = estimator
        self.shape = attempts("read the shape of X", lambda: observe.shape_of(arguments.X))
        self.attempts = attempts
        self.scope = active.swap(fit=self)

    def finished(self, result: Any) -> None:
        """Keep what was prepared."""
        active.restore(self.scope)
        self.attempts("keep a preparation", lambda: remember(self.estimator, self.shape))

    def failed(self, error: BaseException) -> None:
        """Forget it: nothing was prepared."""
        active.restore(self.scope)


class _Fit(RecordedCall):
    """One outermost fit while it runs."""

    def _guard_data(self) -> observe.Digest | None:
        """Return the digest of data that the fit may overwrite."""
        values = observe.all_params(self.estimator) if is_search(self.estimator) else self.values
        if not observe.may_overwrite(self.estimator, values):
            return None
        return observe.digest_of(self.arguments.X, self.arguments.y)

    def finished(self, result: Any) -> None:
        """Look at the fitted estimator and store what there is to know."""
        self.running.end()
        active.restore(self.scope)
        self.attempts("record the fit", lambda: self._finished(result))

    def _finished(self, result: Any) -> None:
        run = self._run_to_fill()
        if run is None:
            return
        try:
            end_ms = self.stopwatch.read_ms()
            token = active.swap(fit=self)
            try:
                what = Findings(self, run, end_ms)
                self.attempts("look at the estimator", what.look_quietly)
            finally:
                active.restore(token)
            what.write_files()
            self.ended = bool(
                self.attempts("store the run", lambda: self._reaching(what.write_rows))
            )
            if self.ended and self.options.log_post_training_metrics:
                self.attempts("link the model", lambda: self._link(run, what, result))
        finally:
            # Something of ours failed, or Ctrl-C came: the fit itself is done all the same.
            if not self.ended:
                self._end(run, {}, RunStatus.FINISHED)
            self._leave()

    def _link(self, run: OpenRun, what: Findings, result: Any) -> None:
        """Note whose predictions are this model's, and those that the fit itself gave."""
        estimator = self.estimator
        models = {model.name: model.model_id for model in what.models}
        trained_on = None if self.dataset is None else self.dataset.entity
        maker = Maker(
            run,
            models.get("model"),
            type(estimator).__name__,
            trained_on,
            {param.key: param.value for param in self.params},
            weakref.ref(estimator),
        )
        link(estimator, maker)
        hook_answers(type(estimator))
        best = vars(estimator).get("best_estimator_")
        if isinstance(best, BaseEstimator):
            of_best = replace(
                maker, model_id=models.get("best_estimator"), estimator=weakref.ref(best)
            )
            link(best, of_best)
            hook_answers(type(best))
        if result is not estimator:
            remember_answer(maker, trained_on, result)
        labels = vars(estimator).get("labels_")
        if labels is not None and labels is not result:
            remember_answer(maker, trained_on, labels)
