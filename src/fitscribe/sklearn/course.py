"""What is known of an object that is trained in steps, and how its run ends.

An object's death is seen by a weak reference. It can come at any moment, also while this thread
is within a transaction of ours; then the run is ended as soon as something is recorded again.
"""

from __future__ import annotations

import os
import sys
import threading
import weakref
from collections import deque
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import msgspec.json
import numpy as np

from fitscribe.core.clock import new_model_id, now_ms
from fitscribe.core.commands import Batch, NewModel, RunChange, RunRecord
from fitscribe.core.entities import LoggedModelOutput
from fitscribe.core.states import RunStatus
from fitscribe.core.values import Metric, Param
from fitscribe.errors import StoreUnavailable
from fitscribe.modelfolder.write import UNSHARED, build
from fitscribe.sklearn.attempt import Attempts
from fitscribe.sklearn.calls import INCOMPLETE
from fitscribe.sklearn.findings import PREPARATION, THINNED
from fitscribe.sklearn.iterations import MOST_POINTS, History
from fitscribe.sklearn.options import Options
from fitscribe.sklearn.preparation import added_up
from fitscribe.sklearn.quiet import quietly
from fitscribe.sklearn.standin import class_is_plain
from fitscribe.tracking import active
from fitscribe.tracking.active import OpenRun
from fitscribe.tracking.artifacts import files_of_model, files_of_run
from fitscribe.tracking.behind import write_behind
from fitscribe.tracking.lifecycle import before_end, end_later, forget, is_open_here
from fitscribe.tracking.registering import register_logged
from fitscribe.tracking.runs import reopen_run
from fitscribe.tracking.source import source_tags

__all__ = ["Course", "course_of", "end_course", "end_courses", "end_what_died", "is_within_us"]

SEEN = "n_samples_seen"
# What classes with `partial_fit` keep of the last batch.
LOSSES = ("loss_", "inertia_", "reconstruction_err_")


class Course:
    """The trainings of one object that are steps of one run.

    Parameters
    ----------
    estimator : object
        It is referred to weakly.
    run : OpenRun
    managed : bool
        Whether the run was opened for this; else it is the user's, who ends it.
    home : OpenRun or None
        The run that was active before; as it ends, this one does.
    params : list of Param
        The object's, as they are stored.
    options : Options
    in_batches : bool
        Whether its steps are calls of ``partial_fit`` and the run stays open between them; else
        they are warm fits.
    """

    def __init__(
        self,
        estimator: Any,
        *,
        run: OpenRun,
        managed: bool,
        home: OpenRun | None,
        params: list[Param],
        options: Options,
        in_batches: bool,
    ) -> None:
        self.run, self.managed, self.home = run, managed, home
        self.params, self.options, self.in_batches = params, options, in_batches
        self.pid = os.getpid()
        self.step = 0
        self.rows: int | None = 0
        self.over = False
        self.failed_steps = 0
        self.prepared: tuple[dict[str, Any], ...] = ()
        self.known: dict[str, tuple[History, int]] = {}
        self.signature: Any = None
        self.attempts = Attempts(type(estimator).__name__, options.silent)
        self._points: list[tuple[str, int, float, int]] = []
        self._taken: list[tuple[str, int, float, int]] = []
        self._last: list[tuple[str, int, float, int]] = []
        self._looked_at = 0
        self._model_id: str | None = None
        # Of the points, for a moment: they are written behind the back of whoever trains.
        self._lock = threading.RLock()
        self._cls = type(estimator)
        self._state: dict[str, Any] | None = None
        self._ref = weakref.ref(estimator, self._gone)
        self.key = id(estimator)
        _known[self.key] = self
        before_end(_run_ends)

    def estimator(self) -> Any:
        """Return the object, or None if it is gone."""
        return self._ref()

    def goes_on(self) -> bool:
        """Whether a training here and now is a step of the same run.

        The run around it must be open still; what began outside any run is no part of one.
        """
        if self.over:
            return False
        if not self.managed:
            return is_open_here(self.run.run_id)
        runs = active.scope().runs
        if self.home is None:
            return not runs
        home = self.home.run_id
        return is_open_here(home) or any(run.run_id == home for run in runs)

    # Steps of partial_fit

    def begin_step(self, estimator: Any, options: Options) -> None:
        """Count a step; a run that a failed cell of a notebook ended is opened again."""
        self.options = options
        self.step += 1
        if self.managed and not is_open_here(self.run.run_id):
            self.attempts("open the run again", lambda: reopen_run(self.run))

    def add_points(self, estimator: Any, rows: int | None) -> None:
        """Take what a step came to; of long streams not every step is kept."""
        # Once a batch did not say how many rows it has, nobody knows.
        self.rows = None if rows is None or self.rows is None else self.rows + rows
        own = getattr(estimator, "__dict__", None)
        # The attributes outlive the object, if nothing of the user's can make them refer to it.
        self._state = own if class_is_plain(self._cls) else None
        if not self.options.log_histories:
            return
        now = now_ms()
        points = [] if self.rows is None else [(SEEN, self.step, float(self.rows), now)]
        for name in LOSSES:
            value = None if own is None else own.get(name)
            if isinstance(value, (int, float, np.number)):
                points.append((name.rstrip("_"), self.step, float(value), now))
        # All of the first thousand, every second one up to two thousand, every fourth to four …
        kept = self.step % (1 << (self.step // MOST_POINTS).bit_length()) == 0
        self._last = [] if kept else points
        if kept:
            with self._lock:
                self._points += points

    def points_to_write(self) -> Sequence[History]:
        """Return what is not written yet, as histories; :meth:`looked_at` tells whether it is."""
        found: dict[str, list[tuple[int, float]]] = {}
        self._taken = self._take_points()
        for key, step, value, _ in self._taken:
            found.setdefault(key, []).append((step, value))
        return [History(key, points, len(points)) for key, points in found.items()]

    def looked_at(self, signature: Any, model_id: str | None, is_stored: bool) -> None:
        """Note whether a look at this step was stored, with all points so far."""
        taken, self._taken = self._taken, []
        if is_stored:
            self._looked_at = self.step
            self.signature = signature
            self._model_id = model_id
        else:
            self._put_back(taken)

    def write_soon(self) -> None:
        """Write the points in a moment, with those of the steps that come meanwhile."""
        # A fork inside a step returns from it as well.
        if self.pid == os.getpid():
            write_behind(_write_points, self)

    def write(self) -> bool:
        """Write the points; return whether the store could take them."""
        points = self._take_points()
        if points:
            record = RunRecord(self.run.run_id, metrics=_metrics(points))
            try:
                self.run.store.log(Batch([record]))
            except StoreUnavailable:
                self._put_back(points)
                return False
        return True

    def _take_points(self) -> list[tuple[str, int, float, int]]:
        """Return the points that are not written yet; whoever takes them writes them."""
        with self._lock:
            points, self._points = self._points, []
        return points

    def _put_back(self, points: list[tuple[str, int, float, int]]) -> None:
        with self._lock:
            self._points = [*points, *self._points]

    def fail_step(self, tags: Mapping[str, str]) -> None:
        """Note that a step raised; the run goes on."""
        if self.pid != os.getpid():
            return
        self.step -= 1
        self.failed_steps += 1
        told = {**tags, "fitscribe.steps.failed": str(self.failed_steps)}
        self.run.store.log(Batch([RunRecord(self.run.run_id, tags=told)]))

    # The end

    def _gone(self, ref: Any) -> None:
        _drop(self)
        if self.pid != os.getpid() or sys.is_finalizing():
            return
        if is_within_us():
            _dead.append(self)
        else:
            self.end(RunStatus.FINISHED)

    def end(self, status: str | None) -> None:
        """Store what is not stored yet, and the run's end if `status` is given. Never raises."""
        if self.over or not self.in_batches or self.pid != os.getpid():
            return
        self.over = True
        try:
            self.attempts("end a run of steps", lambda: self._end(status))
        finally:
            self._state = None
            self.attempts.tell()

    def _end(self, status: str | None) -> None:
        models: list[NewModel] = []
        if self.options.log_models and self.step > self._looked_at:
            with quietly([], False, False), active.enter(observing=True):
                model = self.attempts("keep the model", self._keep_model)
            models = [] if model is None else [model]
            self.attempts("tell what was prepared", self._write_preparation)
        ending = self.managed and status is not None
        change = RunChange(status=status, end_time=now_ms()) if ending else None
        record = RunRecord(
            self.run.run_id,
            metrics=_metrics([*self._take_points(), *self._last]),
            tags=self._tags(),
            model_outputs=[LoggedModelOutput(model.model_id, self.step) for model in models],
            change=change,
        )
        self._last = []
        if self.attempts("store the run", partial(self._store, record, models)):
            for model in models:
                active.remember_last_model(self.run.tracking_uri, model.model_id)
                self._model_id = model.model_id
            self.attempts("register the model", self._register)
            if ending:
                forget(self.run)
        elif ending:
            end_later(self.run, RunRecord(self.run.run_id, tags=self._tags(), change=change))

    def _register(self) -> None:
        name = self.options.registered_model_name
        if name is not None and self._model_id is not None:
            register_logged(self.run.connection, name, self._model_id)

    def _store(self, record: RunRecord, models: Sequence[NewModel]) -> bool:
        self.run.store.log(Batch([record], models))
        return True

    def _tags(self) -> dict[str, str]:
        tags = {}
        if self.step >= MOST_POINTS:
            tags[THINNED] = f"{SEEN}: fewer points after step {MOST_POINTS}, of {self.step}"
        if self.attempts.problems:
            tags[INCOMPLETE] = "\n".join(self.attempts.problems)
        return tags

    def _keep_model(self) -> NewModel | None:
        """Write the model as it is now, or as it was when the object died."""
        estimator = self.estimator()
        if estimator is None:
            if self._state is None:
                return None
            estimator = object.__new__(self._cls)
            estimator.__dict__.update(self._state)
        run, model_id = self.run, new_model_id()
        files = files_of_model(run.connection, run.experiment_id, model_id)
        explicit = self.options.serialization_format != "pickle"
        folder = build(
            estimator,
            format=self.options.serialization_format if explicit else None,
            signature=self.signature,
            model_id=model_id,
            run_id=run.run_id,
            artifact_path=files.uri,
        )
        files.store.put_folder(files.path(None), folder.files, unshared=UNSHARED)
        return NewModel(
            model_id,
            run.experiment_id,
            "model",
            now_ms(),
            run.run_id,
            params={param.key: param.value for param in self.params},
            tags=source_tags(),
            digest=folder.digest,
        )

    def _write_preparation(self) -> None:
        if self.prepared:
            target = files_of_run(self.run.connection, self.run.experiment_id, self.run.run_id)
            target.put_bytes(PREPARATION, msgspec.json.encode(added_up(self.prepared)))


def _metrics(points: Sequence[tuple[str, int, float, int]]) -> list[Metric]:
    return [Metric(key, value, timestamp, step) for key, step, value, timestamp in points]


def is_within_us() -> bool:
    """Whether this thread is somewhere inside fitscribe, where it may hold a store's lock."""
    frame = sys._getframe(1).f_back
    while frame is not None:
        if str(frame.f_globals.get("__name__", "")).partition(".")[0] == "fitscribe":
            return True
        frame = frame.f_back
    return False


_dead: deque[Course] = deque()


def end_what_died() -> None:
    """End the runs of objects that died while that could not be told."""
    while _dead:
        _dead.popleft().end(RunStatus.FINISHED)


# By the object's id.
_known: dict[int, Course] = {}


def course_of(estimator: Any) -> Course | None:
    """Return the course of an object in this process, or None."""
    found = _known.get(id(estimator))
    mine = found is not None and found.estimator() is estimator and found.pid == os.getpid()
    return found if mine else None


def end_course(course: Course) -> None:
    """End a course and let it go."""
    _drop(course)
    course.end(RunStatus.FINISHED)


def end_courses() -> None:
    """End all courses: nothing more will be recorded of them."""
    end_what_died()
    for course in list(_known.values())[::-1]:
        end_course(course)


def _drop(course: Course) -> None:
    # The id may be another object's by now.
    if _known.get(course.key) is course:
        del _known[course.key]


def _run_ends(run: OpenRun | None, status: str) -> None:
    """Store the last of what is trained within a run that ends; of all at the process's exit."""
    end_what_died()
    for course in list(_known.values())[::-1]:
        # It stays known: what is trained further is to say where it began.
        if run is None or course.run is run:
            course.end(None)
        elif course.home is run:
            course.end(status)


def _write_points(courses: list[Any]) -> list[Any]:
    """Write the points of courses; return those whose store could not take them now."""
    waiting = []
    for course in dict.fromkeys(courses):
        if course.attempts("write the points", course.write) is False:
            waiting.append(course)
    return waiting
