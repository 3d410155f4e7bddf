"""Threads started inside a run belong to that run.

``threading.Thread.start`` and ``ThreadPoolExecutor.submit`` carry the scope of their caller to
the thread that does the work, from the first run on, or the first ``autolog()``. With no scope
they do what they always did.
The standard library does the same for whole contexts from Python 3.14 on, where it is told to
(``thread_inherit_context``); here only our own variable travels.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any

from fitscribe.tracking.active import NOTHING, Scope, scope, within
from fitscribe.tracking.replaced import Replaced

__all__ = ["carry_scope_into_threads", "inherited", "leave_threads_alone"]


def inherited(here: Scope) -> Scope:
    """Return the scope that something started here works in."""
    if here is NOTHING:
        return NOTHING
    return here._replace(inherited=len(here.runs))


def _run_within(given: Scope, thread: threading.Thread, run: Callable[[], None]) -> None:
    # The attribute shadows the class's method; without it the thread looks as it always does.
    thread.__dict__.pop("run", None)
    with within(given):
        run()


def _call_within(given: Scope, function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    with within(given):
        return function(*args, **kwargs)


_threads = Replaced()


def carry_scope_into_threads() -> None:
    """Make threads inherit the scope, if they do not yet."""
    # Deferred: the executor's module costs a process that has no pool more than all of this.
    from concurrent.futures import ThreadPoolExecutor

    _threads.put(threading.Thread, "start", _started_within)
    _threads.put(ThreadPoolExecutor, "submit", _submitted_within)


def leave_threads_alone() -> None:
    """Put threads and their pools back as they were."""
    _threads.put_back()


def _started_within(start: Callable[..., None]) -> Callable[..., None]:
    def start_within(self: threading.Thread) -> None:
        here = scope()
        if here is not NOTHING and "run" not in self.__dict__:
            given = inherited(here)
            self.run = functools.partial(_run_within, given, self, self.run)  # type: ignore[method-assign]  # removed again when the thread runs
        start(self)

    return start_within


def _submitted_within(submit: Callable[..., Any]) -> Callable[..., Any]:
    def submit_within(self: Any, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        here = scope()
        # A thread of the pool's that is there already began in a scope of its own.
        if here is NOTHING and not getattr(self, "_threads", None):
            return submit(self, fn, *args, **kwargs)
        return submit(self, _call_within, inherited(here), fn, args, kwargs)

    return submit_within
