"""A recorded call and its run: opened or claimed, filled, and ended with the truth."""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

from fitscribe.core.clock import Stopwatch
from fitscribe.core.commands import Batch, RunChange, RunRecord
from fitscribe.core.entities import TAG_CONTEXT, DatasetInput, InputTag
from fitscribe.core.states import RunStatus
from fitscribe.core.texts import check_key
from fitscribe.core.values import Param
from fitscribe.errors import InvalidParameter, StoreUnavailable
from fitscribe.sklearn import observe
from fitscribe.sklearn.arguments import Arguments
from fitscribe.sklearn.attempt import Attempts
from fitscribe.sklearn.describe import class_name, param_of, param_values, title_of
from fitscribe.sklearn.findings import Findings
from fitscribe.sklearn.iterations import History, histories_of
from fitscribe.sklearn.options import Options
from fitscribe.sklearn.running import Running
from fitscribe.sklearn.variables import variable_name
from fitscribe.tracking import active
from fitscribe.tracking.active import OpenRun
from fitscribe.tracking.behind import write_behind
from fitscribe.tracking.connect import connect
from fitscribe.tracking.experiments import active_experiment_id
from fitscribe.tracking.lifecycle import end_later, error_tags, forget, status_after
from fitscribe.tracking.runs import open_run
from fitscribe.tracking.surroundings import write_source_details

__all__ = ["INCOMPLETE", "RecordedCall", "recorded_runs"]

INCOMPLETE = "fitscribe.incomplete"
NO_DATASET = "fitscribe.dataset.skipped"


class RecordedCall:
    """A call that has a run of its own while it lasts: a fit, a cross-validation.

    It is begun by making it, and ends with :meth:`finished` (of the class below) or
    :meth:`failed`; neither raises.

    Parameters
    ----------
    estimator : object
        What is fitted.
    arguments : Arguments
        What it was given.
    attempts : Attempts
        The guard of each step.
    options : Options

    Attributes
    ----------
    claims : str
        As what it takes the run that the user opened, if no other call of the kind has.
    children : list of RunRecord
        What is stored with its end, should it fail.
    has_files : bool
        Whether its run has files already, written while it lasted.
    step : int
        Which training of its run it is, where one run has several; else 0.
    registers : bool
        Whether its model is registered, where one asked for that: of steps only the last is.
    """

    claims = "fit"
    step = 0
    registers = True

    def __init__(
        self,
        estimator: Any,
        arguments: Arguments,
        attempts: Attempts,
        options: Options,
    ) -> None:
        self.estimator = estimator
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
        self.children: list[RunRecord] = []
        self.has_files = False
        begun = False
        try:
            self.run = self.attempts("open a run", self._open)
            self._look_at_data()
            self.scope = active.swap(fit=self)
            self.running = Running(self.estimator)
            begun = True
        finally:
            # Ctrl-C came while the data were read: the fit does not begin.
            if not begun and self.run is not None:
                error = sys.exception()
                self._end(self.run, {}, RunStatus.FAILED if error is None else status_after(error))
                self._leave()

    # Before

    def _look_at_data(self) -> None:
        """Note what is to be known of the data before the fit, which may overwrite them."""
        if not self.options.log_datasets:
            self.digest = self.attempts("look for copy=False", self._guard_data)
            return
        self.dataset = self.attempts("describe the training data", self._see_data)
        self.digest = None if self.dataset is None else self.dataset.digest
        given = [data for data in (self.arguments.X, self.arguments.y) if data is not None]
        if given and self.dataset is None and not self.attempts.problems:
            kinds = ", ".join(type(data).__name__ for data in given)
            self.no_dataset = f"{kinds}: cannot be read twice, or has no digest"

    def _open(self) -> OpenRun:
        """Claim the run that the user opened, else open one; store params and tags."""
        attempts = self.attempts
        values = attempts("read the params", lambda: _named(param_values(self.estimator))) or {}
        self.values, self.params = values, self._as_params(values)
        tags = self.tags()
        here = active.scope()
        parent = here.runs[-1] if here.runs else None
        # A run that this thread or worker inherited is not claimed: of several that fit at once
        # none is the first, and the run would be whichever's was quickest. A context that was
        # copied (``asyncio.to_thread``) tells nothing of that; the thread does.
        inherited = len(here.runs) <= here.inherited or (
            parent is not None and parent.thread is not active.this_thread()
        )
        own = parent is not None and parent.is_ours and not inherited
        if parent is not None and own and self._claim(parent):
            record = RunRecord(
                parent.run_id, params=self.params, tags={**self.options.extra_tags, **tags}
            )
            try:
                parent.store.log(Batch([record]))
                return parent
            except InvalidParameter:
                # The user's own params say something else: then the fit is a run of its own.
                parent.unclaim(self.claims)
        connection = connect() if parent is None else parent.connection
        self.managed = True
        title = attempts("name the run", lambda: self.title(values or None))
        run = open_run(
            connection,
            active_experiment_id(connection) if parent is None else parent.experiment_id,
            title=title or type(self.estimator).__name__,
            parent_run_id=None if parent is None else parent.run_id,
            tags={**self.options.extra_tags, **tags},
            params=self.params,
            stopwatch=self.stopwatch,
        )
        run.claims |= {"fit", "validation"}
        return run

    def _claim(self, parent: OpenRun) -> bool:
        """Make the run that the user opened this call's own; False if it is not to be."""
        return parent.claim(self.claims)

    def tags(self) -> dict[str, str]:
        """Return the tags that the run begins with."""
        return {
            "estimator_name": type(self.estimator).__name__,
            "estimator_class": class_name(self.estimator),
            "mlflow.autologging": "sklearn",
        }

    def title(self, values: Mapping[str, Any] | None) -> str:
        """Return what people call the run; `values` are the estimator's params, if known."""
        return title_of(self.estimator, values)

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
        return observe.seen_data(X, y, variable_name(X, (0, "X")) or "dataset")

    def _guard_data(self) -> observe.Digest | None:
        """Return the digest of data that the call may overwrite."""
        return None

    # After

    def histories(self) -> Sequence[History]:
        """Return what the fitted estimator keeps of its iterations."""
        return histories_of(self.estimator)

    def failed(self, error: BaseException) -> None:
        """Store what the fit died of; the exception itself goes on to the caller."""
        active.restore(self.scope)
        # Memory may be what it died of, and what is missing here as well.
        self.attempts("record a failure", lambda: self._failed(error))

    def _failed(self, error: BaseException) -> None:
        run = self._run_to_fill()
        if run is None:
            return
        tags: Mapping[str, str] = {}
        status: str = RunStatus.FAILED
        try:
            tags = self.attempts("describe the error", lambda: error_tags(error)) or {}
            status = status_after(error)
            what = Findings(self, run, self.stopwatch.read_ms())
            self.attempts("tell what was prepared", what.take_preparation)
            self.attempts("keep what is done", lambda: self.keep_what_is_done(what))
            self.children = what.children
            self.attempts("tell of warnings", what.take_warnings)
            what.write_files()
            tags = {**tags, **what.tags}
        finally:
            self._end(run, tags, status)
            self._leave()

    def keep_what_is_done(self, what: Findings) -> None:
        """Add to a failed call's findings what it came to before."""

    def _run_to_fill(self) -> OpenRun | None:
        """Return the run, if there is one and this is not a fork of the process whose it is."""
        if self.pid != os.getpid():
            return None
        if self.run is None:
            self.attempts.tell()
        return self.run

    def _reaching(self, write: Callable[[], bool]) -> bool:
        """Write, and note when the store is busy for so long that nobody should wait again."""
        try:
            return write()
        except StoreUnavailable:
            self.reachable = False
            raise

    def _end(self, run: OpenRun, tags: Mapping[str, str], status: str) -> None:
        """Store a short end; one that cannot be stored now is tried again at the exit."""
        try:
            if self.reachable:
                write = partial(self._write, run, tags, status)
                self.ended = bool(self.attempts("end the run", lambda: self._reaching(write)))
        finally:
            if self.managed and not self.ended:
                end_later(run, self._short(run, tags, status))

    def _leave(self) -> None:
        assert self.run is not None
        if self.managed and self.ended:
            forget(self.run)
        active.remember_last(self.run)
        counted(self.run)
        if self.options.log_source_details:
            write_behind(write_source_details, self.run)
        self.attempts.tell()

    def _write(self, run: OpenRun, tags: Mapping[str, str], status: str) -> bool:
        """Store a short end; the long one is :meth:`Findings.write_rows`."""
        run.store.log(Batch([self._short(run, tags, status), *self.children]))
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
