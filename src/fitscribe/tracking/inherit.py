"""Threads started inside a run belong to that run.

``threading.Thread.start`` and ``ThreadPoolExecutor.submit`` carry the scope of their caller to
the thread that does the work, from the first run on. With no scope they do what they always did.
The standard library does the same for whole contexts from Python 3.14 on, where it is told to
(``thread_inherit_context``); here only our own variable travels.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from fitscribe.tracking.active import NOTHING, Scope, scope, within

__all__ = ["carry_scope_into_threads", "inherited"]


def inherited(here: Scope) -> Scope:
    """Return the scope that something started here works in."""
    return replace(here, inherited=len(here.runs))


def _run_within(given: Scope, thread: threading.Thread, run: Callable[[], None]) -> None:
    # The attribute shadows the class's method; without it the thread looks as it always does.
    thread.__dict__.pop("run", None)
    with within(given):
        run()


def _call_within(given: Scope, function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    with within(given):
        return function(*args, **kwargs)


@functools.cache
def carry_scope_into_threads() -> None:
    """Make threads inherit the scope; done once, when the first run is opened."""
    start = threading.Thread.start

    @functools.wraps(start)
    def start_within(self: threading.Thread) -> None:
        here = scope()
        if here is not NOTHING and "run" not in self.__dict__:
            given = inherited(here)
            self.run = functools.partial(_run_within, given, self, self.run)  # type: ignore[method-assign]  # removed again when the thread runs
        start(self)

    threading.Thread.start = start_within  # type: ignore[method-assign]  # see above
    # Deferred: the executor's module costs a process that has no pool more than all of this.
    from concurrent.futures import ThreadPoolExecutor

    executor: Any = ThreadPoolExecutor
    submit = executor.submit

    @functools.wraps(submit)
    def submit_within(self: Any, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        here = scope()
        if here is NOTHING:
            return submit(self, fn, *args, **kwargs)
        return submit(self, _call_within, inherited(here), fn, args, kwargs)

    executor.submit = submit_within
