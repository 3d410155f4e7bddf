"""One outermost fit is one run.

Before: the call is recognised, a run is opened or claimed, params are stored. After: the fitted
estimator is looked at quietly, its files are written, and everything else goes into one
transaction. Every step goes through :class:`~fitscribe.sklearn.attempt.Attempts`.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar

import msgspec.json

from fitscribe.core.clock import Stopwatch, new_model_id
from fitscribe.core.commands import Batch, NewModel, RunChange, RunRecord
from fitscribe.core.entities import TAG_CONTEXT, DatasetInput, InputTag, LoggedModelOutput
from fitscribe.core.states import RunStatus
from fitscribe.core.texts import check_key
from fitscribe.core.values import Metric, Param
from fitscribe.errors import InvalidParameter, StoreUnavailable
from fitscribe.modelfolder.mlmodel import MLMODEL
from fitscribe.sklearn import observe
from fitscribe.sklearn.arguments import Arguments, arguments_of, variable_name
from fitscribe.sklearn.attempt import Attempts
from fitscribe.sklearn.describe import (
    class_name,
    is_search,
    param_of,
    param_values,
    params_of,
    results_of,
    title_of,
)
from fitscribe.sklearn.flavor import build_folder
from fitscribe.sklearn.generators import generators_of
from fitscribe.sklearn.options import Options, current
from fitscribe.sklearn.preparation import is_preparation, remember, take
from fitscribe.sklearn.quiet import quietly
from fitscribe.sklearn.standin import draws_nothing, is_plain
from fitscribe.sklearn.trials import Parent, candidates, results_csv, search_facts
from fitscribe.tracking import active
from fitscribe.tracking.active import OpenRun
from fitscribe.tracking.artifacts import files_of_model, files_of_run
from fitscribe.tracking.connect import connect
from fitscribe.tracking.experiments import active_experiment_id
from fitscribe.tracking.lifecycle import end_later, error_tags, forget, status_after
from fitscribe.tracking.runs import open_run
from fitscribe.tracking.source import source_tags

__all__ = ["record"]

INCOMPLETE = "fitscribe.incomplete"
NO_DATASET = "fitscribe.dataset.skipped"


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
    attempts = Attempts(type(estimator).__name__, options.silent)
    arguments = attempts(
        "read the arguments", lambda: arguments_of(function, args, kwargs, estimator)
    )
    arguments = arguments or Arguments()
    preparation = attempts("tell models from preparation", lambda: is_preparation(estimator))
    if preparation and not options.log_transformers:
        return _Preparation(estimator, arguments, attempts)
    return _Fit(estimator, method, arguments, attempts, options)


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


class _Fit:
    """One outermost fit while it runs."""

    def __init__(
        self,
        estimator: Any,
        method: str,
        arguments: Arguments,
        attempts: Attempts,
        options: Options,
    ) -> None:
        self.estimator = estimator
        self.method = method
        self.arguments = arguments
        self.attempts = attempts
        self.options = options
        self.stopwatch = Stopwatch()
        self.managed = False
        self.reachable = True
        self.ended = False
        # A fork inside the fit returns from it as well; the run is its parent's to end.
        self.pid = os.getpid()
        self.run: OpenRun | None = None
        self.values: Mapping[str, Any] = {}
        self.params: list[Param] = []
        self.dataset: observe.SeenData | None = None
        self.digest: observe.Digest | None = None
        self.no_dataset: str | None = None
        self.run = self.attempts("open a run", self._open)
        if self.options.log_datasets:
            self.dataset = self.attempts("describe the training data", self._see_data)
            self.digest = None if self.dataset is None else self.dataset.digest
            given = [data for data in (arguments.X, arguments.y) if data is not None]
            if given and self.dataset is None and not self.attempts.problems:
                kinds = ", ".join(type(data).__name__ for data in given)
                self.no_dataset = f"{kinds}: cannot be read twice, or has no digest"
        else:
            self.digest = self.attempts("look for copy=False", self._guard_data)
        self.scope = active.swap(fit=self)

    # Before

    def _open(self) -> OpenRun:
        """Claim the run that the user opened, else open one; store params and tags."""
        attempts = self.attempts
        values = attempts("read the params", lambda: _named(param_values(self.estimator))) or {}
        self.values, self.params = values, self._as_params(values)
        tags = {
            "estimator_name": type(self.estimator).__name__,
            "estimator_class": class_name(self.estimator),
            "mlflow.autologging": "sklearn",
        }
        here = active.scope()
        parent = here.runs[-1] if here.runs else None
        # A run that this thread or worker inherited is not claimed: of several that fit at once
        # none is the first, and the run would be whichever's was quickest. A context that was
        # copied (``asyncio.to_thread``) tells nothing of that; the thread does.
        inherited = len(here.runs) <= here.inherited or (
            parent is not None and parent.thread is not active.this_thread()
        )
        if parent is not None and parent.is_ours and not inherited and parent.claim():
            record = RunRecord(
                parent.run_id, params=self.params, tags={**self.options.extra_tags, **tags}
            )
            try:
                parent.store.log(Batch([record]))
                return parent
            except InvalidParameter:
                # The user's own params say something else: then the fit is a run of its own.
                parent.unclaim()
        connection = connect() if parent is None else parent.connection
        self.managed = True
        title = attempts("name the run", lambda: title_of(self.estimator, values or None))
        run = open_run(
            connection,
            active_experiment_id(connection) if parent is None else parent.experiment_id,
            title=title or type(self.estimator).__name__,
            parent_run_id=None if parent is None else parent.run_id,
            tags={**self.options.extra_tags, **tags},
            params=self.params,
            stopwatch=self.stopwatch,
        )
        run.claimed = True
        return run

    def _as_params(self, values: Mapping[str, Any]) -> list[Param]:
        """Return the params; one that has no text, for its ``repr`` fails, costs no other."""
        found = [
            self.attempts(f"read the param {key}", partial(_param, key, value))
            for key, value in values.items()
        ]
        return [param for param in found if param is not None]

    def _see_data(self) -> observe.SeenData | None:
        X, y = self.arguments.X, self.arguments.y
        # Named before it is fitted, for a fit may overwrite its input (copy_X=False).
        return observe.seen_data(X, y, variable_name(X) or "dataset")

    def _guard_data(self) -> observe.Digest | None:
        """Return the digest of data that the fit may overwrite."""
        values = observe.all_params(self.estimator) if is_search(self.estimator) else self.values
        if not observe.may_overwrite(self.estimator, values):
            return None
        return observe.digest_of(self.arguments.X, self.arguments.y)

    # After

    def failed(self, error: BaseException) -> None:
        """Store what the fit died of; the exception itself goes on to the caller."""
        active.restore(self.scope)
        if self.pid != os.getpid():
            return
        if self.run is None:
            self.attempts.tell()
            return
        run = self.run
        tags = self.attempts("describe the error", lambda: error_tags(error)) or {}
        status = status_after(error)
        what = _Findings(self, run, self.stopwatch.read_ms())
        self.attempts("tell what was prepared", what.take_preparation)
        what.write_files()
        self._end(run, tags, status)
        self._leave()

    def finished(self, result: Any) -> None:
        """Look at the fitted estimator and store what there is to know."""
        active.restore(self.scope)
        if self.pid != os.getpid():
            return
        if self.run is None:
            self.attempts.tell()
            return
        run = self.run
        try:
            end_ms = self.stopwatch.read_ms()
            token = active.swap(fit=self)
            try:
                what = _Findings(self, run, end_ms)
                self.attempts("look at the estimator", what.look_quietly)
            finally:
                active.restore(token)
            what.write_files()
            self.ended = bool(
                self.attempts("store the run", lambda: self._reaching(what.write_rows))
            )
        finally:
            # Something of ours failed, or Ctrl-C came: the fit itself is done all the same.
            if not self.ended:
                self._end(run, {}, RunStatus.FINISHED)
            self._leave()

    def _reaching(self, write: Callable[[], bool]) -> bool:
        """Write, and note when the store is busy for so long that nobody should wait again."""
        try:
            return write()
        except StoreUnavailable:
            self.reachable = False
            raise

    def _end(self, run: OpenRun, tags: Mapping[str, str], status: str) -> None:
        """Store a short end; one that cannot be stored now is tried again at the exit."""
        if self.reachable:
            write = partial(self._write, run, tags, status)
            self.ended = bool(self.attempts("end the run", lambda: self._reaching(write)))
        if self.managed and not self.ended:
            end_later(run, self._short(run, tags, status))

    def _leave(self) -> None:
        assert self.run is not None
        if self.managed and self.ended:
            forget(self.run)
        active.remember_last(self.run)
        counted(self.run)
        self.attempts.tell()

    def _write(self, run: OpenRun, tags: Mapping[str, str], status: str) -> bool:
        """Store a short end; the long one is :meth:`_Findings.write_rows`."""
        run.store.log(Batch([self._short(run, tags, status)]))
        return True

    def _short(self, run: OpenRun, tags: Mapping[str, str], status: str) -> RunRecord:
        end_ms = self.stopwatch.read_ms()
        return RunRecord(
            run.run_id,
            tags={**tags, **self.incomplete()},
            datasets=self.inputs(),
            change=RunChange(status=status, end_time=end_ms) if self.managed else None,
        )

    def incomplete(self) -> dict[str, str]:
        """Return the tags that say what is missing, if something is."""
        problems = self.attempts.problems
        tags = {INCOMPLETE: "\n".join(problems)} if problems else {}
        return tags if self.no_dataset is None else {**tags, NO_DATASET: self.no_dataset}

    def inputs(self) -> list[DatasetInput]:
        """Return the training data as the run's input."""
        if self.dataset is None:
            return []
        return [DatasetInput(self.dataset.entity, (InputTag(TAG_CONTEXT, "train"),))]


def _named(values: Mapping[Any, Any]) -> Mapping[str, Any]:
    """Return params by names that are text, whatever ``get_params`` of the user's gave."""
    if all(isinstance(key, str) for key in values):
        return values
    return {str(key): value for key, value in values.items()}


def _param(key: str, value: Any) -> Param:
    return param_of(check_key("param", key), value)


class _Findings:
    """What a look at a fitted estimator found, on its way into files and rows."""

    def __init__(self, fit: _Fit, run: OpenRun, end_ms: int) -> None:
        self.fit = fit
        self.run = run
        self.end_ms = end_ms
        self.metrics: dict[str, float] = {}
        self.params: list[Param] = []
        self.tags: dict[str, str] = {}
        self.files: dict[str, bytes] = {}
        self.models: list[NewModel] = []
        self.folders: dict[str, Mapping[str, bytes]] = {}
        self.children: list[RunRecord] = []

    def look_quietly(self) -> None:
        """Look, and leave warnings and generators as they were."""
        estimator, attempts = self.fit.estimator, self.fit.attempts
        params = attempts("read all params", self._all_params) or {}
        generators = attempts("look for generators", lambda: generators_of(estimator, params))
        # Most of the cost of looking away is copying numpy's global state.
        drawing = not attempts("tell who draws", lambda: draws_nothing(estimator, params))
        with quietly(generators or [], drawing):
            self.look(params)

    def _all_params(self) -> Mapping[str, Any]:
        """Return the params after the fit, those of the estimators inside too."""
        estimator, before = self.fit.estimator, self.fit.values
        # Of a search only its own were read, and code of the user's may have changed them.
        if before and is_plain(estimator, before) and not is_search(estimator):
            return before
        return observe.all_params(estimator)

    def look(self, params: Mapping[str, Any]) -> None:
        """Look at the estimator: scores, curves, models, candidates."""
        fit, attempts = self.fit, self.fit.attempts
        scores = observe.scores(
            fit.estimator, params, fit.arguments, fit.options.pos_label, attempts, fit.digest
        )
        self.metrics.update(scores.metrics)
        self.files.update(scores.files)
        self.tags.update(scores.tags)
        self.take_preparation()
        if fit.options.log_models:
            attempts("keep the model", lambda: self._keep("model", fit.estimator, scores))
        attempts("look at the search", lambda: self._look_at_search(scores))

    def take_preparation(self) -> None:
        """Make what was prepared for this fit a file of its run."""
        prepared = take()
        if prepared:
            self.files["preparation.json"] = msgspec.json.encode(prepared)

    def _look_at_search(self, scores: observe.Scores) -> None:
        search, attempts = self.fit.estimator, self.fit.attempts
        results = results_of(search) if is_search(search) else None
        if results is None:
            return
        facts = attempts("read the best candidate", lambda: search_facts(search))
        if facts is not None:
            self.params += facts[0]
            self.metrics.update(facts[1])
        best = getattr(search, "best_estimator_", None)
        if best is not None and self.fit.options.log_models:
            attempts("keep the best estimator", lambda: self._keep("best_estimator", best, scores))
        table = attempts("write cv_results.csv", lambda: results_csv(results))
        if table is not None:
            self.files["cv_results.csv"] = table
        parent = Parent(
            self.run.run_id,
            self.run.experiment_id,
            source_tags()["mlflow.user"],
            self.fit.stopwatch.start_ms,
            self.end_ms,
            source_tags(),
            self.fit.inputs(),
        )
        most = self.fit.options.max_tuning_runs
        found = attempts(
            "record the candidates", lambda: candidates(search, results, parent, most)
        )
        self.children = found or []

    def _keep(self, name: str, estimator: Any, scores: observe.Scores) -> None:
        """Make a model's folder and the row that names it."""
        model_id = new_model_id()
        files = files_of_model(self.run.connection, self.run.experiment_id, model_id)
        folder = build_folder(
            estimator,
            X=self.fit.arguments.X,
            scores=scores,
            options=self.fit.options,
            model_id=model_id,
            run_id=self.run.run_id,
            artifact_path=files.uri,
            attempts=self.fit.attempts,
        )
        self.folders[files.path(None)] = folder.files
        self.models.append(
            NewModel(
                model_id,
                self.run.experiment_id,
                name,
                self.end_ms,
                self.run.run_id,
                params={param.key: param.value for param in self.fit.params}
                if name == "model"
                else {param.key: param.value for param in params_of(estimator)},
                tags=source_tags(),
                digest=folder.digest,
            )
        )

    def write_files(self) -> None:
        """Write the files; the rows that name them come after."""
        attempts = self.fit.attempts
        run = self.run
        store = run.connection.artifacts
        for path, files in list(self.folders.items()):
            done = attempts("write a model", lambda p=path, f=files: _put(store, p, f))  # type: ignore[misc]
            if done is None:
                model_id = os.path.basename(os.path.dirname(path))
                self.models = [model for model in self.models if model.model_id != model_id]
        if not self.files:
            return
        attempts("write the files", self._write_run_files)

    def _write_run_files(self) -> None:
        target = files_of_run(self.run.connection, self.run.experiment_id, self.run.run_id)
        if self.fit.managed:
            target.store.put_folder(target.folder, self.files, unshared=self.files)
            return
        for name, data in self.files.items():
            target.put_bytes(name, data)

    def write_rows(self) -> bool:
        """Store everything else, in one transaction."""
        fit = self.fit
        entity = None if fit.dataset is None else fit.dataset.entity
        model_id = next((m.model_id for m in self.models if m.name == "model"), None)
        end_ms = fit.stopwatch.read_ms()
        record = RunRecord(
            self.run.run_id,
            params=self.params,
            metrics=[
                Metric(
                    key,
                    value,
                    self.end_ms,
                    0,
                    model_id,
                    None if entity is None else entity.name,
                    None if entity is None else entity.digest,
                )
                for key, value in self.metrics.items()
            ],
            tags={**self.tags, **fit.incomplete()},
            datasets=fit.inputs(),
            model_outputs=[LoggedModelOutput(model.model_id) for model in self.models],
            change=RunChange(status="FINISHED", end_time=end_ms) if fit.managed else None,
        )
        self.run.store.log(Batch([record, *self.children], self.models))
        if model_id is not None:
            active.remember_last_model(self.run.tracking_uri, model_id)
        return True


def _put(store: Any, path: str, files: Mapping[str, bytes]) -> bool:
    store.put_folder(path, files, unshared=(MLMODEL,))
    return True


class _Counted:
    # A deque takes a fit from any thread without a lock, which a fork could leave locked.
    where: ClassVar[deque[str]] = deque()


def counted(run: OpenRun) -> None:
    """Count a recorded fit, for the line that says where they are."""
    _Counted.where.append(run.tracking_uri)


def recorded_runs() -> tuple[int, str]:
    """Return how many fits this process recorded since it was asked, and where the last is."""
    count, where = len(_Counted.where), _Counted.where[-1] if _Counted.where else ""
    _Counted.where.clear()
    return count, where
