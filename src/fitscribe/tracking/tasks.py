"""joblib's tasks work in the scope of whoever called ``Parallel``.

Neither context variables nor the environment reach pool workers reliably (loky reuses workers and
keeps their old environment; threads start without a context), so the scope travels with each
task. scikit-learn's own ``Parallel`` calls joblib's, so one wrapper serves both.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack
from types import MethodType, ModuleType
from typing import Any

from fitscribe.tracking.active import NOTHING, OpenRun, Scope, scope, within
from fitscribe.tracking.connect import get_tracking_uri, tracking_uri_for_task
from fitscribe.tracking.inherit import inherited
from fitscribe.tracking.late import when_imported
from fitscribe.tracking.replaced import Replaced
from fitscribe.tracking.results import plain_results
from fitscribe.tracking.stack import skipped_in_warnings

__all__ = [
    "NESTED",
    "Task",
    "carry",
    "carry_scope_into_joblib",
    "hidden_tasks",
    "leave_joblib_alone",
]

# In a worker, the outermost fit lives in another process; that there is one is all we need.
NESTED = "a fit in another process"
_carriers: dict[str, Callable[[], Any]] = {}


class _Hidden:
    """How tasks of our own looks at a model are done."""

    task: Callable[[Callable[..., Any]], Callable[..., Any]] = staticmethod(lambda task: task)


def hidden_tasks(change: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    """Let a layer above change the tasks that are done while it looks at a model."""
    _Hidden.task = staticmethod(change)


def carry(module: str, capture: Callable[[], Any]) -> None:
    """Let a layer above send state of its own along.

    Parameters
    ----------
    module : str
        Its ``resume(state)`` is the context manager that a task in another process works in.
    capture : callable
        Called in the caller's thread; None sends nothing. The state must be picklable.
    """
    _carriers[module] = capture


class Task:
    """A function that works in the scope it was made in, in any thread or process.

    Parameters
    ----------
    function : callable
        What the task does.
    here : Scope
        Where it was asked for.
    """

    __slots__ = ("function", "here", "portable")

    def __init__(self, function: Callable[..., Any], here: Scope, portable: Portable) -> None:
        self.function = function
        self.here: Scope | None = here
        self.portable = portable

    def __reduce__(self) -> tuple[Any, ...]:
        return _arrived, (self.function, self.portable.state())

    def __getattr__(self, name: str) -> Any:
        # joblib and its backends read the function's name and module for their messages.
        return getattr(self.function, name)

    @skipped_in_warnings
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Do the task in a thread of this process."""
        assert self.here is not None
        with within(self.here):
            return self.function(*args, **kwargs)


class Portable:
    """The scope in a form that another process can open; made once for all tasks of a call."""

    __slots__ = ("_carried", "_state", "here")

    def __init__(self, here: Scope) -> None:
        self.here = here
        # Now: tasks are pickled in a thread of the pool's, which began who knows where.
        self._carried = {name: capture() for name, capture in _carriers.items()}
        self._state: tuple[Any, ...] | None = None

    def state(self) -> tuple[Any, ...]:
        if self._state is None:
            if self.here.fit is not None or self.here.observing:
                self._state = (True, "", (), None, {})
            else:
                runs = tuple(
                    (run.run_id, run.experiment_id, run.name, run.tracking_uri, run.pid)
                    for run in self.here.runs
                )
                carried = {
                    name: state for name, state in self._carried.items() if state is not None
                }
                model = self.here.model_id
                self._state = (False, get_tracking_uri(), runs, model, carried)
        return self._state


class _Arrived:
    """A task that came from another process."""

    __slots__ = ("function", "state")

    def __init__(self, function: Callable[..., Any], state: tuple[Any, ...]) -> None:
        self.function = function
        self.state = state

    def __reduce__(self) -> tuple[Any, ...]:
        return _arrived, (self.function, self.state)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.function, name)

    @skipped_in_warnings
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        with _scope_of(self.state):
            return _as_here(self.function)(*args, **kwargs)


def _arrived(function: Callable[..., Any], state: tuple[Any, ...]) -> _Arrived:
    """Rebuild a task in the process that does it."""
    return _Arrived(function, state)


def _as_here(function: Any) -> Any:
    """Return a method as its instance has it now: what was carried along may have changed it."""
    if type(function) is not MethodType:
        return function
    again = getattr(function.__self__, function.__name__, None)
    same = type(again) is MethodType and again.__func__ == function.__func__
    return again if same else function


def _scope_of(state: tuple[Any, ...]) -> AbstractContextManager[Any]:
    nested, uri, runs, model, carried = state
    stack = ExitStack()
    if nested:
        stack.enter_context(within(Scope(fit=NESTED)))
        return stack
    opened = tuple(
        OpenRun(run_id, experiment_id, name, where, pid=pid, claims={"fit", "validation"})
        for run_id, experiment_id, name, where, pid in runs
    )
    stack.enter_context(tracking_uri_for_task(uri))
    stack.enter_context(within(Scope(runs=opened, inherited=len(opened), model_id=model)))
    for name, sent in carried.items():
        stack.enter_context(importlib.import_module(name).resume(sent))
    return stack


def _tasks(iterable: Iterable[Any], here: Scope) -> Iterator[Any]:
    portable = Portable(here)
    for function, args, kwargs in iterable:
        yield Task(function, here, portable), args, kwargs


def _something_travels(here: Scope) -> bool:
    return here is not NOTHING or any(capture() is not None for capture in _carriers.values())


_joblib = Replaced()


def carry_scope_into_joblib() -> None:
    """Make joblib's tasks inherit the scope: now if it is imported, else when it is."""
    when_imported("joblib.parallel", _wrap)


def leave_joblib_alone() -> None:
    """Put joblib back as it was."""
    _joblib.put_back()


def _wrap(module: ModuleType) -> None:
    _joblib.put(module.Parallel, "__call__", _called_within)


def _called_within(call: Callable[..., Any]) -> Callable[..., Any]:
    def call_within(self: Any, iterable: Iterable[Any]) -> Any:
        here = scope()
        if not _something_travels(here):
            return call(self, iterable)
        watch = getattr(here.fit, "watch", None)
        if watch is not None:
            iterable = watch(iterable)
        follow = None if here.observing else getattr(here.fit, "follow", None)
        followed = None if follow is None else follow(self, iterable)
        if here.observing:
            self.verbose = 0  # our look at the model must not print
            iterable = ((_Hidden.task(f), args, kwargs) for f, args, kwargs in iterable)
        if followed is None:
            return call(self, _tasks(iterable, inherited(here)))
        return plain_results(call(self, _tasks(followed, inherited(here))))

    return skipped_in_warnings(call_within)
