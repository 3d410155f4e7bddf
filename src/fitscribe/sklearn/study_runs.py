"""The run of an Optuna study, and a run below it for each trial.

A trial's run is open while its objective runs, as if that were written within ``start_run``: what
is logged there, the first fit and the first validation are the trial's own. As it ends, params,
values and state are stored, and the study's run gains a point; what was stored stays whatever
becomes of the process.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Mapping, Sequence
from contextvars import Token
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import msgspec.json

from fitscribe.core.clock import Stopwatch, new_run_id
from fitscribe.core.commands import Batch, NewRun, RunChange, RunRecord
from fitscribe.core.entities import TAG_PARENT, TAG_RUN_NAME
from fitscribe.core.states import RunStatus
from fitscribe.core.texts import check_key, check_tag
from fitscribe.core.values import Metric, Param
from fitscribe.errors import InvalidParameter
from fitscribe.sklearn.attempt import Attempts
from fitscribe.sklearn.describe import param_of
from fitscribe.sklearn.study_table import (
    COMPLETE,
    FAILED,
    PRUNED,
    StudyTable,
    best_before,
    times_of,
    trial_of,
    values_of,
)
from fitscribe.tracking import active
from fitscribe.tracking.active import OpenRun, Scope
from fitscribe.tracking.artifacts import files_of_run
from fitscribe.tracking.connect import Connection, connect
from fitscribe.tracking.experiments import active_experiment_id, experiment_named
from fitscribe.tracking.lifecycle import (
    end_later,
    error_tags,
    forget,
    is_open_here,
    status_after,
    store_end,
)
from fitscribe.tracking.publish import PROGRESS, Publisher
from fitscribe.tracking.runs import open_run
from fitscribe.tracking.source import source_tags

__all__ = ["TRIALS", "StudyRun", "Wanted"]

TRIALS = "trials.csv"
INCOMPLETE = "fitscribe.incomplete"
TAG_STUDY = "fitscribe.study"
VALUE = "value"
# Also where no trial ended, so that the time that is left is that of now.
STILL_MS = 2000
STATUS = {COMPLETE: RunStatus.FINISHED, PRUNED: RunStatus.FINISHED, FAILED: RunStatus.FAILED}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the callback was told; see :class:`fitscribe.sklearn.studies.OptunaCallback`."""

    tracking_uri: str | None = None
    metric_name: str | Sequence[str] = VALUE
    create_experiment: bool = False
    run_name: str | None = None
    experiment_id: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    study_attrs: bool = False
    trial_attrs: bool = True

    def names(self, count: int, attempts: Attempts) -> list[str]:
        """Return the names of so many values."""
        name = self.metric_name
        if not isinstance(name, str):
            if len(name) == count:
                return list(name)
            attempts.note(f"name the values: there are {count}, and names {list(name)!r:.200}")
            name = VALUE
        return [name] if count == 1 else [f"{name}_{place}" for place in range(count)]


class StudyRun:
    """The run of one study while it is optimized.

    Parameters
    ----------
    study : optuna.Study
        It is not kept alive.
    wanted : Wanted
    attempts : Attempts
        The guard of each step.
    total : int or None
        How many trials were asked for.
    seconds : float or None
        How long they may take.

    Attributes
    ----------
    followed : bool
        Whether somebody sees ``optimize`` begin and end.
    home : str or None
        The run that it was begun in.
    """

    followed = False
    home: str | None = None

    def __init__(
        self,
        study: Any,
        wanted: Wanted,
        attempts: Attempts,
        total: int | None = None,
        seconds: float | None = None,
    ) -> None:
        self.wanted = wanted
        self.attempts = attempts
        self.pid = os.getpid()
        self.over = False
        self._study = weakref.ref(study)
        self.stopwatch = Stopwatch()
        directions = [one.name for one in study.directions]
        self.common = {"direction": ", ".join(directions)}
        self.table = StudyTable(
            wanted.names(len(directions), attempts),
            directions[0] == "MAXIMIZE" if len(directions) == 1 else None,
            total,
            seconds,
            self.stopwatch.start_ms,
            attempts("read the trials of before", partial(best_before, study, len(directions))),
        )
        self.open: dict[int, OpenRun] = {}
        # What an objective died of, by the number of its trial: status and tags.
        self.errors: dict[int, tuple[str, Mapping[str, str]]] = {}
        self._lock = threading.Lock()
        self.published = (-1, 0)
        self.run, self.managed = self._open(study)
        self.files = files_of_run(self.run.connection, self.run.experiment_id, self.run.run_id)
        self.publisher = Publisher(self._publish)
        self.publisher.start()

    def is_of(self, study: Any) -> bool:
        """Whether it is the run of this very study."""
        return self._study() is study

    def _open(self, study: Any) -> tuple[OpenRun, bool]:
        """Claim the run that the user opened, else open one."""
        wanted, here = self.wanted, active.scope()
        parent = here.runs[-1] if here.runs else None
        where = connect(wanted.tracking_uri) if wanted.tracking_uri is not None else None
        if parent is not None and where is not None and where.uri != parent.tracking_uri:
            parent = None
        connection = where or (connect() if parent is None else parent.connection)
        experiment_id = self._experiment(connection, study, parent)
        if parent is not None and parent.experiment_id != experiment_id:
            parent = None
        name = str(study.study_name)
        tags = {
            **self.common,
            TAG_STUDY: name,
            f"{TAG_STUDY}.sampler": type(study.sampler).__name__,
            f"{TAG_STUDY}.pruner": type(study.pruner).__name__,
            **wanted.tags,
        }
        if wanted.study_attrs:
            tags |= self._attrs(study.user_attrs)
        own = parent is not None and parent.is_ours and len(here.runs) > here.inherited
        own = own and parent is not None and parent.thread is active.this_thread()
        if parent is not None and own and parent.claim("study"):
            parent.store.log(Batch([RunRecord(parent.run_id, tags=tags)]))
            return parent, False
        self.home = None if parent is None else parent.run_id
        run = open_run(
            connection,
            experiment_id,
            name=wanted.run_name,
            # A study that nobody named has the name of a random number.
            title="Study" if name.startswith("no-name-") else f"Study {name}"[:80],
            parent_run_id=None if parent is None else parent.run_id,
            tags=tags,
            stopwatch=self.stopwatch,
        )
        run.claims |= {"fit", "validation", "study"}
        return run, True

    def _experiment(self, connection: Connection, study: Any, parent: OpenRun | None) -> str:
        if self.wanted.experiment_id is not None:
            return self.wanted.experiment_id
        if self.wanted.create_experiment:
            return experiment_named(connection, str(study.study_name)).experiment_id
        return active_experiment_id(connection) if parent is None else parent.experiment_id

    # A trial while it runs

    def enter(self, trial: Any) -> Token[Scope] | None:
        """Make the run of a trial the active one, until :meth:`leave`."""
        run = self.attempts("open the run of a trial", lambda: self._open_trial(trial))
        if run is None:
            return None
        here = active.scope()
        runs = here.runs if self.run in here.runs else (*here.runs, self.run)
        return active.swap_runs(*runs, run)

    def leave(self, token: Token[Scope] | None) -> None:
        """Go back to what was active before."""
        if token is not None:
            active.restore(token)

    def note_error(self, trial: Any, error: BaseException) -> None:
        """Note what an objective died of, until its trial is over; pruning is no such thing."""
        if type(error).__name__ != "TrialPruned":
            self.attempts("describe an error", lambda: self._note_error(trial, error))

    def _note_error(self, trial: Any, error: BaseException) -> None:
        self.errors[trial.number] = status_after(error), error_tags(error)

    def _open_trial(self, trial: Any) -> OpenRun:
        number = int(trial.number)
        run = open_run(
            self.run.connection,
            self.run.experiment_id,
            name=f"trial {number}",
            parent_run_id=self.run.run_id,
            tags={**self.common, "number": str(number)},
        )
        # A fit that takes the run finds the params of the trial there, and yields to them.
        run.before_claim = lambda: self.attempts(
            "store the params of a trial", lambda: self._store_params(run, trial)
        )
        with self._lock:
            self.open[number] = run
            self.table.begun += 1
        return run

    def _store_params(self, run: OpenRun, trial: Any) -> bool:
        run.store.log(Batch([RunRecord(run.run_id, params=self._params(trial.params))]))
        return True

    # A trial that is over

    def finish(self, trial: Any) -> None:
        """Store what a trial came to."""
        if self.pid != os.getpid() or self.over:
            return
        self.attempts("record a trial", lambda: self._finish(trial))

    def _finish(self, trial: Any) -> None:
        with self._lock:
            run = self.open.pop(trial.number, None)
        now_ms = self.stopwatch.read_ms()
        start_ms, end_ms = times_of(trial, now_ms)
        run_id = new_run_id() if run is None else run.run_id
        create = None if run is not None else self._new_run(trial, start_ms)
        if run is not None:
            end_ms = run.stopwatch.read_ms()
        status = STATUS.get(trial.state.name, RunStatus.FINISHED)
        tags = {**self._trial_tags(trial), "state": trial.state.name}
        if create is not None:
            tags |= {**source_tags(), TAG_RUN_NAME: create.name, TAG_PARENT: self.run.run_id}
        if trial.number in self.errors:
            status, of_error = self.errors.pop(trial.number)
            tags |= of_error
        values = values_of(trial, self.table.names)
        metrics = [Metric(key, value, end_ms) for key, value in values.items()]
        metrics += [
            Metric("intermediate_value", float(value), end_ms, int(step))
            for step, value in sorted(trial.intermediate_values.items())
        ]
        change = RunChange(status=status, end_time=end_ms)
        record = RunRecord(
            run_id,
            create,
            params=self._params(trial.params),
            metrics=metrics,
            tags=tags,
            change=change,
        )
        is_best = self.table.add(trial, run_id, now_ms)
        points = [Metric(key, value, now_ms, trial.number) for key, value in values.items()]
        if trial.state.name != COMPLETE:
            points = []
        if is_best:
            points.append(
                Metric(f"best_{self.table.names[0]}", points[0].value, now_ms, trial.number)
            )
        self._store(run, record, RunRecord(self.run.run_id, metrics=points))

    def _store(self, run: OpenRun | None, record: RunRecord, of_study: RunRecord) -> None:
        store = self.run.store
        if run is not None:
            end_later(run, RunRecord(run.run_id, change=record.change))
        try:
            store.log(Batch([of_study, record]))
        except InvalidParameter:
            # A fit has the run, and has said something else of one of the params.
            other = [Param(f"trial_{one.key}"[:250], one.value, one.kind) for one in record.params]
            store.log(Batch([of_study, replace(record, params=other)]))
        if run is not None:
            forget(run)

    def _new_run(self, trial: Any, start_ms: int) -> NewRun:
        user = source_tags()["mlflow.user"]
        name = f"trial {trial.number}"
        return NewRun(self.run.experiment_id, name, start_ms, user, self.run.run_id)

    def _params(self, params: Mapping[str, Any]) -> list[Param]:
        return [param_of(check_key("param", key), value) for key, value in params.items()]

    def _trial_tags(self, trial: Any) -> dict[str, str]:
        told = {
            **self.common,
            "number": str(trial.number),
            **{f"{key}_distribution": str(one) for key, one in trial.distributions.items()},
        }
        return {**told, **(self._attrs(trial.user_attrs) if self.wanted.trial_attrs else {})}

    def _attrs(self, attrs: Mapping[str, Any]) -> dict[str, str]:
        """Return attributes of the user's as tags; one that can be none costs no other."""
        found = [
            self.attempts(f"tag the attribute {key}", partial(check_tag, key, value))
            for key, value in attrs.items()
        ]
        return dict(one for one in found if one is not None)

    # How far it is

    def _publish(self) -> None:
        self.attempts("publish the progress", self._write_progress)

    def _write_progress(self) -> None:
        done, now_ms = self.table.done, self.stopwatch.read_ms()
        if done == self.published[0] and now_ms - self.published[1] < STILL_MS:
            return
        self.files.put_bytes(PROGRESS, self._progress(over=False))
        self.published = done, now_ms

    def _progress(self, over: bool) -> bytes:
        return msgspec.json.encode(self.table.document(self.stopwatch.read_ms(), over))

    # The end

    def end(
        self, error: BaseException | None = None, study: Any = None, status: str | None = None
    ) -> None:
        """End the run, and the runs of trials that were on their way as `error` came.

        `status` is that of the process that ends, where there is no error to tell it.
        """
        if self.pid != os.getpid() or self.over:
            return
        self.publisher.stop()
        for number in sorted(self.open):
            trial = self.attempts("find a trial", partial(trial_of, study, number))
            if trial is not None:
                self.finish(trial)
        self.over = True
        self.attempts("write the trials", self._write_files)
        self.attempts("end the study", lambda: self._end(error, study, status))
        self.attempts.tell()

    def _write_files(self) -> None:
        self.files.put_bytes(TRIALS, self.table.csv())
        self.files.put_bytes(PROGRESS, self._progress(over=True))

    def _end(self, error: BaseException | None, study: Any, status: str | None) -> None:
        run, table, now_ms = self.run, self.table, self.stopwatch.read_ms()
        status = status or status_after(error)
        for number, left in self.open.items():
            tags = {"state": "RUNNING", "number": str(number)}
            end = RunRecord(left.run_id, tags=tags, change=RunChange(status, now_ms))
            store_end(left, end)
        tags = {} if error is None else error_tags(error)
        if table.maximizes is None and study is not None:
            numbers = sorted(trial.number for trial in study.best_trials)
            tags[f"{TAG_STUDY}.best_trials"] = ", ".join(map(str, numbers))
        if table.best is not None:
            tags[f"{TAG_STUDY}.best_trial"] = str(table.best[1])
        if self.attempts.problems:
            tags[INCOMPLETE] = "\n".join(self.attempts.problems)
        counts = {
            "trials_completed": table.counts[COMPLETE],
            "trials_pruned": table.counts[PRUNED],
            "trials_failed": table.counts[FAILED],
        }
        best = {} if table.best is None else table.best[2]
        end = RunRecord(
            run.run_id,
            params=self._params({f"best_{key}": value for key, value in best.items()}),
            metrics=[Metric(key, float(value), now_ms) for key, value in counts.items()],
            tags=tags,
            change=RunChange(status=status, end_time=now_ms) if self.managed else None,
        )
        if not self.managed:
            run.store.log(Batch([end]))
        elif is_open_here(run.run_id):
            store_end(run, end)
        else:  # a failed cell of a notebook has ended it
            run.store.log(Batch([replace(end, change=None)]))
        active.remember_last(run)
