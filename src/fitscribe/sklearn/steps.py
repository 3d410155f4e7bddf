"""Trainings of one object that are steps of one run: ``partial_fit``, ``fit`` with ``warm_start``.

The first ``partial_fit`` of an object opens a run, or claims the user's; each later one is a step
of it. The run ends with the object, with the run around it, with a ``fit`` of the object, or with
the process. Each step adds points (``n_samples_seen``, the loss where one is kept); steps 1, 2, 4,
8 … are looked at as a fit is: training metrics of that batch, curves, the model. The model is
kept once more as the run ends. So a stream of n batches costs about log2(n) looks, and a crash
leaves a model of more than half of the steps.

A ``fit`` with ``warm_start`` and the same params goes on with the run of the one before. With
other params (a forest that grows) it is a run of its own, for params of a run do not change; the
tag ``fitscribe.continues`` names the run before.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from fitscribe.sklearn import observe
from fitscribe.sklearn.arguments import Arguments
from fitscribe.sklearn.attempt import Attempts
from fitscribe.sklearn.copies import note_state
from fitscribe.sklearn.course import Course, course_of, end_course, end_what_died
from fitscribe.sklearn.describe import param_values
from fitscribe.sklearn.fit import Preparation, RecordedFit, arguments_to_read, record_fit
from fitscribe.sklearn.iterations import History
from fitscribe.sklearn.makers import Maker, link
from fitscribe.sklearn.options import Options
from fitscribe.sklearn.preparation import give_back, take
from fitscribe.tracking import active
from fitscribe.tracking.active import OpenRun, Scope
from fitscribe.tracking.lifecycle import error_tags
from fitscribe.tracking.runs import reopen_run

__all__ = ["CONTINUES", "record"]

CONTINUES = "fitscribe.continues"


def record(
    here: Scope,
    estimator: Any,
    method: str,
    function: Any,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
) -> RecordedFit | Preparation | _Step | None:
    """Begin to record a call of a training method; None if it is none of ours."""
    read = arguments_to_read(here, estimator, function, args, kwargs)
    if read is None:
        return None
    end_what_died()
    before = course_of(estimator)
    begin: Callable[..., RecordedFit] = RecordedFit
    if method == "partial_fit" and read[0].log_partial_fits:
        if before is not None and before.in_batches and before.goes_on():
            return _next_step(before, estimator, *read)
        begin = partial(_FirstStep, before)
    elif getattr(estimator, "__dict__", {}).get("warm_start") is True:
        begin = partial(_WarmFit, before)
    if before is not None and (before.in_batches or begin is RecordedFit):
        end_course(before)
    return record_fit(estimator, method, read, begin)


def _next_step(
    course: Course, estimator: Any, options: Options, attempts: Attempts, arguments: Arguments
) -> _LookedAtStep | _Step | None:
    course.begin_step(estimator, options)
    step = course.step
    if step & (step - 1):
        return _Step(course, estimator, arguments, attempts)
    begin = partial(_LookedAtStep, course, estimator, arguments, attempts, options)
    return attempts("begin to record", begin)


class _Step:
    """A step that only adds points to its run."""

    def __init__(
        self, course: Course, estimator: Any, arguments: Arguments, attempts: Attempts
    ) -> None:
        self.course = course
        self.estimator = estimator
        self.arguments = arguments
        self.attempts = attempts
        self.scope = active.swap(fit=self)

    def finished(self, result: Any) -> None:
        """Keep what the step came to."""
        active.restore(self.scope)
        self.attempts("record a step", self._finished)
        self.attempts.tell()

    def _finished(self) -> None:
        course = self.course
        course.prepared += take()
        course.add_points(self.estimator, _rows(self.arguments))
        course.write_soon()
        if course.options.log_post_training_metrics:
            # Between two looks its model is not kept, but it is the run's all the same.
            params = {param.key: param.value for param in course.params}
            title = type(self.estimator).__name__
            ref = weakref.ref(self.estimator)
            step = course.step
            maker = Maker(course.run, None, title, params=params, estimator=ref, step=step)
            link(self.estimator, maker)
            note_state(self.estimator, maker, early=False)

    def failed(self, error: BaseException) -> None:
        """Note it: the stream may go on without this batch."""
        active.restore(self.scope)
        self.attempts("record a failure", lambda: self.course.fail_step(error_tags(error)))
        self.attempts.tell()


class _OfACourse(RecordedFit):
    """The first training of a course, or one after another course of the object.

    Parameters
    ----------
    before : Course or None
        What the object was trained in before.
    """

    def __init__(self, before: Course | None, *rest: Any) -> None:
        self.before = before
        super().__init__(*rest)

    def tags(self) -> dict[str, str]:
        """Return the tags that the run begins with."""
        before = self.before
        more = {} if before is None else {CONTINUES: before.run.run_id}
        return {**super().tags(), **more}

    def _begin_course(self, run: OpenRun, in_batches: bool) -> Course:
        here = active.scope()
        return Course(
            self.estimator,
            run=run,
            managed=self.managed,
            home=here.runs[-1] if here.runs else None,
            params=self.params,
            options=self.options,
            in_batches=in_batches,
        )


class _FirstStep(_OfACourse):
    """The first ``partial_fit`` of an object: it opens the run, or claims the user's."""

    step = 1
    registers = False

    def __init__(self, before: Course | None, *rest: Any) -> None:
        self.course: Course | None = None
        super().__init__(before, *rest)

    def histories(self) -> Sequence[History]:
        """Return the points of this step."""
        return () if self.course is None else self.course.points_to_write()

    def _finished(self, result: Any) -> None:
        run = self._run_to_fill()
        if run is None:
            return
        course = self.course = self._begin_course(run, in_batches=True)
        self.managed = False  # the course ends it
        course.step = 1
        course.add_points(self.estimator, _rows(self.arguments))
        course.prepared = take()
        give_back(course.prepared)
        super()._finished(result)
        course.looked_at(self.signature, self.model_id, self.ended)


class _LookedAtStep(RecordedFit):
    """A later step that is looked at as a fit is."""

    registers = False

    def __init__(self, course: Course, *rest: Any) -> None:
        self.course = course
        self.step = course.step
        super().__init__(*rest)

    def _open(self) -> OpenRun:
        self.values = self.attempts("read the params", lambda: param_values(self.estimator)) or {}
        self.params = self.course.params
        return self.course.run

    def histories(self) -> Sequence[History]:
        """Return the points that are to be written, those of this step among them."""
        return self.course.points_to_write()

    def _finished(self, result: Any) -> None:
        self.course.add_points(self.estimator, _rows(self.arguments))
        self.course.prepared += take()
        give_back(self.course.prepared)
        super()._finished(result)
        self.course.looked_at(self.signature, self.model_id, self.ended)

    def failed(self, error: BaseException) -> None:
        """Note it: the stream may go on without this batch."""
        active.restore(self.scope)
        self.attempts("record a failure", lambda: self.course.fail_step(error_tags(error)))
        self.attempts.tell()

    def _leave(self) -> None:
        assert self.run is not None
        active.remember_last(self.run)
        self.attempts.tell()


class _WarmFit(_OfACourse):
    """A fit with ``warm_start``: a step of the run before, if the params are the same."""

    def __init__(self, before: Course | None, *rest: Any) -> None:
        self.known: dict[str, tuple[History, int]] = {}
        super().__init__(before, *rest)

    def _open(self) -> OpenRun:
        before = self.before
        if before is not None and not before.in_batches and before.goes_on():
            values = self.attempts("read the params", lambda: param_values(self.estimator)) or {}
            params = self._as_params(values)
            if params == before.params:
                self.values, self.params = values, params
                self.step, self.managed = before.step + 1, before.managed
                if before.managed:
                    reopen_run(before.run)
                return before.run
        return super()._open()

    def histories(self) -> Sequence[History]:
        """Return what was added to the histories since the fit before."""
        known = self.before.known if self.before is not None and self.step else {}
        found = list(super().histories())
        added = [_added(one, *known.get(one.key, (None, 0))) for one in found]
        self.known = {
            **known,
            **{one.key: (one, total) for one, (_, total) in zip(found, added, strict=True)},
        }
        return [one for one, _ in added if one.points]

    def _finished(self, result: Any) -> None:
        super()._finished(result)
        run = self._run_to_fill()
        if run is None:
            return
        course = self.before
        if course is None or not self.step:
            course = self._begin_course(run, in_batches=False)
        course.step = self.step
        course.known = self.known


def _added(now: History, before: History | None, total: int) -> tuple[History, int]:
    """Return what a history has gained, counted on from `total`, and the new total."""
    if before is not None and now.points == before.points:
        return History(now.key, [], 0), total
    if before is not None and now.length > before.length:
        # It was continued, as a network's loss curve is.
        shift, points = total - before.length, [p for p in now.points if p[0] >= before.length]
    else:
        shift, points = total, now.points
    moved = [(step + shift, value) for step, value in points]
    return History(now.key, moved, len(moved)), shift + now.length


def _rows(arguments: Arguments) -> int | None:
    """Return how many rows a batch has, or None where it does not say."""
    X = arguments.X
    shape = observe.shape_of(X)
    if shape is None and hasattr(X, "__len__"):
        return len(X)
    return shape[0] if shape else None
