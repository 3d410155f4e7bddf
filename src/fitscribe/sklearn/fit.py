"""One outermost fit is one run.

Before: the call is recognised, a run is opened or claimed, params are stored. After: the fitted
estimator is looked at quietly, its files are written, and everything else goes into one
transaction. Every step goes through :class:`~fitscribe.sklearn.attempt.Attempts`.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from sklearn.base import BaseEstimator

from fitscribe.core.states import RunStatus
from fitscribe.modelfolder.schema import ModelSignature
from fitscribe.sklearn import observe
from fitscribe.sklearn.arguments import Arguments, arguments_of
from fitscribe.sklearn.attempt import Attempts
from fitscribe.sklearn.calls import RecordedCall
from fitscribe.sklearn.copies import note_state
from fitscribe.sklearn.describe import is_search, is_search_by_class
from fitscribe.sklearn.findings import Findings
from fitscribe.sklearn.leaks import Training
from fitscribe.sklearn.live import LiveSearch
from fitscribe.sklearn.makers import Maker, forget, link
from fitscribe.sklearn.options import Options, current
from fitscribe.sklearn.origins import remember as remember_answer
from fitscribe.sklearn.patch import hook_answers
from fitscribe.sklearn.preparation import (
    give_back,
    is_composition,
    is_preparation,
    prepares_next,
    remember,
)
from fitscribe.sklearn.prepared import prepared
from fitscribe.tracking import active
from fitscribe.tracking.active import OpenRun, Scope
from fitscribe.tracking.artifacts import files_of_run
from fitscribe.tracking.publish import PROGRESS

__all__ = ["Preparation", "RecordedFit", "arguments_to_read", "record_fit"]

T = TypeVar("T")


def arguments_to_read(
    here: Scope, estimator: Any, function: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> tuple[Options, Attempts, Arguments] | None:
    """Return what to read a call of a training method with; None if it is none of ours."""
    if here.observing:
        return None
    forget(estimator)  # whatever comes of it, it is no longer the model that it was
    options = current(here)
    if options is None or (options.exclusive and here.runs):
        return None
    attempts = Attempts(type(estimator).__name__, options.silent)
    arguments = attempts(
        "read the arguments", lambda: arguments_of(function, args, kwargs, estimator)
    )
    return options, attempts, arguments or Arguments()


def record_fit(
    estimator: Any,
    method: str,
    read: tuple[Options, Attempts, Arguments],
    begin: Callable[[Any, Arguments, Attempts, Options], T],
) -> T | Preparation | None:
    """Begin to record a call of a training method, as preparation or by `begin`."""
    options, attempts, arguments = read
    preparation = attempts("tell models from preparation", lambda: is_preparation(estimator))
    if (preparation and not options.log_transformers) or (
        method == "partial_fit" and not options.log_partial_fits
    ):
        kept = options if preparation else None
        return Preparation(estimator, method, arguments, attempts, kept)
    fit = attempts("begin to record", lambda: begin(estimator, arguments, attempts, options))
    if fit is None:
        attempts.tell()
    return fit


class Preparation:
    """A fit of a scaler, an encoder …: no run; the next fit's run tells of it."""

    def __init__(
        self,
        estimator: Any,
        method: str,
        arguments: Arguments,
        attempts: Attempts,
        options: Options | None,
    ) -> None:
        self.estimator = estimator
        self.method = method
        self.options = options  # None where nothing is kept
        self.X = arguments.X
        self.shape = attempts("read the shape of X", lambda: observe.shape_of(arguments.X))
        self.attempts = attempts
        self.scope = active.swap(fit=self)

    def finished(self, result: Any) -> None:
        """Keep what was prepared."""
        active.restore(self.scope)
        options = self.options
        if options is not None:
            self.attempts("keep a preparation", lambda: self._remember(result, options))
        self.X = None

    def _remember(self, result: Any, options: Options) -> None:
        if options.log_preparation:
            remember(self.estimator, self.shape, in_batches=self.method == "partial_fit")
        if options.log_provenance and prepared(self.estimator, self.method, self.X, result):
            hook_answers(type(self.estimator))

    def failed(self, error: BaseException) -> None:
        """Forget it: nothing was prepared."""
        active.restore(self.scope)
        self.X = None


class RecordedFit(RecordedCall):
    """One outermost fit while it runs."""

    live: LiveSearch | None = None
    # Of the model that was kept.
    signature: ModelSignature | None = None
    model_id: str | None = None

    def follow(self, parallel: Any, tasks: Iterable[Any]) -> Iterable[Any] | None:
        """Return the tasks of a search, followed; see `fitscribe.tracking.tasks`."""
        if self.live is None:
            if not self.options.log_progress or not is_search_by_class(self.estimator):
                return None
            self.live = self.attempts("follow the search", self._live)
        return None if self.live is None else self.live.follow(parallel, tasks)

    def _live(self) -> LiveSearch:
        run = self.run
        if run is None:
            return LiveSearch(self.estimator, self.stopwatch, None)
        files = files_of_run(run.connection, run.experiment_id, run.run_id)
        return LiveSearch(self.estimator, self.stopwatch, files)

    def _end_live(self, what: Findings) -> LiveSearch | None:
        """End what follows the search, and make what it knows a file of the run."""
        live = self.live
        if live is None:
            return None
        document = self.attempts("tell the progress", live.stop)
        self.has_files = live.written
        if document is not None:
            what.files[PROGRESS] = document
        return live

    def keep_what_is_done(self, what: Findings) -> None:
        """Keep the candidates of a search that was interrupted."""
        live = self._end_live(what)
        results = None if live is None else live.progress.results()
        if results is not None:
            what.keep_candidates(results)

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
                self._end_live(what)
                self.attempts("look at the estimator", what.look_quietly)
            finally:
                active.restore(token)
            self.signature = what.signature
            what.write_files()
            self.model_id = what.model_id
            self.ended = bool(
                self.attempts("store the run", lambda: self._reaching(what.write_rows))
            )
            if self.ended:
                self.attempts("link the model", lambda: self._know_again(run, what, result))
        finally:
            # Something of ours failed, or Ctrl-C came: the fit itself is done all the same.
            if not self.ended:
                self._end(run, {}, RunStatus.FINISHED)
            self._leave()
        if self.options.log_preparation and prepares_next(self.estimator):
            self.attempts("keep a preparation", lambda: self._prepare_next(run, what))

    def _training(self) -> Training | None:
        """Return what is to be known of the rows, to tell leaks when the model is tested."""
        seen, given, options = self.dataset, self.arguments, self.options
        if not (options.log_provenance and options.log_findings):
            return None
        if seen is None or given.y is None:
            return None
        return Training(given.X, given.y, seen.digest.of_first, seen.entity.name)

    def _prepare_next(self, run: OpenRun, what: Findings) -> None:
        """Tell the fit of the model that gets these features."""
        if is_composition(self.estimator):
            # What came before need not be for this one: an encoder of y is not.
            give_back(what.prepared)
        shape = observe.shape_of(self.arguments.X)
        remember(self.estimator, shape, {"run_id": run.run_id})

    def _claim(self, parent: OpenRun) -> bool:
        # A run is about its model, and what prepares the data is fitted before that.
        return not is_composition(self.estimator) and super()._claim(parent)

    def _know_again(self, run: OpenRun, what: Findings, result: Any) -> None:
        """Note what the estimator is and made, so that it is known again."""
        # What a composition makes is data, and no prediction.
        if self.options.log_post_training_metrics and not is_composition(self.estimator):
            self._link(run, what, result)
        if self.options.log_provenance and prepared(
            self.estimator, "fit", self.arguments.X, result
        ):
            hook_answers(type(self.estimator))

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
            None if self.digest is None else self.digest.of_first,
            {param.key: param.value for param in self.params},
            weakref.ref(estimator),
            self.step,
            self.attempts("see the training rows", self._training),
        )
        link(estimator, maker)
        self.attempts("know copies", lambda: note_state(estimator, maker))
        hook_answers(type(estimator))
        best = vars(estimator).get("best_estimator_")
        if isinstance(best, BaseEstimator):
            of_best = replace(
                maker, model_id=models.get("best_estimator"), estimator=weakref.ref(best)
            )
            link(best, of_best)
            self.attempts("know copies", lambda: note_state(best, of_best))
            hook_answers(type(best))
        if result is not estimator:
            remember_answer(maker, trained_on, result)
        labels = vars(estimator).get("labels_")
        if labels is not None and labels is not result:
            remember_answer(maker, trained_on, labels)
