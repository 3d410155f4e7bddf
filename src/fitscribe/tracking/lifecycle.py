"""A run tells the truth, however its process ends.

The process's open runs are ended at its exit: FINISHED, FAILED after an exception that nobody
caught (script, thread or notebook cell), KILLED after Ctrl-C or SIGTERM. What ``sys.exit(1)``
leaves open is FINISHED: Python forgets the code before anybody is asked. Handlers that were there
are called as before, and the exit status is the same as without us. What no handler sees (``kill
-9``, power) the lease tells: :mod:`fitscribe.tracking.lease`.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from types import CodeType, FrameType, TracebackType
from typing import Any, ClassVar

from fitscribe.core.commands import Batch, RunChange, RunRecord
from fitscribe.core.states import RunStatus
from fitscribe.errors import FitscribeError, StoreUnavailable
from fitscribe.stores import open_store
from fitscribe.tracking.active import OpenRun, pop_run, scope, this_thread
from fitscribe.tracking.inherit import carry_scope_into_threads, leave_threads_alone
from fitscribe.tracking.lease import HEARTBEAT_S, own_lease
from fitscribe.tracking.replaced import Replaced
from fitscribe.tracking.source import settle
from fitscribe.tracking.tasks import carry_scope_into_joblib, leave_joblib_alone

__all__ = [
    "before_end",
    "end_later",
    "end_open_run",
    "error_tags",
    "forget",
    "is_open_here",
    "leave_alone",
    "keep_truthful",
    "status_after",
    "store_end",
]

_open: dict[str, OpenRun] = {}
# How a run of `_open` ended, where the store could not be written then.
_ends: dict[str, RunRecord] = {}
_lock = threading.Lock()
_before_end: list[Callable[[OpenRun | None, str], None]] = []


_BY_SIGTERM = {"fitscribe.ended_by": "SIGTERM"}


class _Outcome:
    """How the process is ending, as far as is known."""

    status = RunStatus.FINISHED
    tags: ClassVar[dict[str, str]] = {}


def status_after(error: BaseException | None) -> str:
    """Return the status of a run that was left by `error`, or by nothing.

    ``sys.exit()`` inside a run leaves FAILED whatever its code, as MLflow does: what was to
    follow did not.
    """
    if error is None:
        return RunStatus.FINISHED
    killed = isinstance(error, KeyboardInterrupt) or _came_by_sigterm(error)
    return RunStatus.KILLED if killed else RunStatus.FAILED


def _came_by_sigterm(error: BaseException) -> bool:
    """Whether a handler of the user's raised it, which ours called."""
    return any(
        frame.f_code in _Sigterm.codes for frame, _ in traceback.walk_tb(error.__traceback__)
    )


def error_tags(error: BaseException) -> dict[str, str]:
    """Return what to note on a run that an exception ended: type, message and traceback."""
    kind = type(error)
    by = _BY_SIGTERM if _came_by_sigterm(error) else {}
    return {
        **by,
        "fitscribe.error.type": f"{kind.__module__}.{kind.__qualname__}",
        "fitscribe.error.message": _printable(_said(error), 8_000),
        "fitscribe.error.traceback": _printable(
            "".join(traceback.format_exception(kind, error, error.__traceback__)), 60_000
        ),
    }


def _said(error: BaseException) -> str:
    """Return an exception's text; one that has none of its own must not hide the exception."""
    return str(traceback.TracebackException(type(error), error, None))


def _printable(text: str, most: int) -> str:
    """Return text that every database keeps, cut in the middle where it is long."""
    text = text.replace("\0", "\\0").encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= most else f"{text[: most // 2]}\n…\n{text[-most // 2 :]}"


def keep_truthful(run: OpenRun) -> None:
    """End `run` rightly when the process ends before somebody else does."""
    _install()
    carry_scope_into_threads()
    carry_scope_into_joblib()
    _note_uncaught_exceptions()
    _note_sigterm()
    with _lock:
        late = [_open[run_id] for run_id in _ends if run_id in _open]
        _open[run.run_id] = run
    for other in late:
        # The store was written a moment ago, so now it may take what it did not then.
        if other.tracking_uri == run.tracking_uri and other.is_ours:
            with contextlib.suppress(FitscribeError):
                store_end(other, _ends[other.run_id])
    if run.tracking_uri.startswith("postgres"):
        _Heart.start()


def is_open_here(run_id: str) -> bool:
    """Whether this process keeps the run open."""
    return run_id in _open


def forget(run: OpenRun) -> None:
    """Stop looking after a run that has ended."""
    with _lock:
        _open.pop(run.run_id, None)
        _ends.pop(run.run_id, None)
        last = not _open
    if last:
        _Heart.stop()


def before_end(do: Callable[[OpenRun | None, str], None]) -> None:
    """Call `do` with each run that its user ends, and the status, before that is stored.

    At the exit of the process the run is None: all are ended. `do` must not raise.
    """
    if do not in _before_end:
        _before_end.append(do)


def end_open_run(run: OpenRun, status: str, tags: dict[str, str] | None = None) -> None:
    """Store the end of a run that this process opened; a fork's or worker's is left alone."""
    if run.is_ours:
        for do in _before_end:
            do(run, status)
        store_end(run, _ending(run, status, tags or {}))


def store_end(run: OpenRun, end: RunRecord) -> None:
    """Store how a run ended; if that fails, it is tried again later, at the exit at the latest."""
    end_later(run, end)
    try:
        run.store.log(Batch([end]))
    except StoreUnavailable:
        raise
    except FitscribeError:
        forget(run)
        raise
    forget(run)


def end_later(run: OpenRun, end: RunRecord) -> None:
    """Keep how a run ended until it can be stored: the run is over, whatever comes now."""
    with _lock:
        if run.run_id in _open:
            _ends[run.run_id] = end


def _ending(run: OpenRun, status: str, tags: dict[str, str]) -> RunRecord:
    change = RunChange(status=status, end_time=run.stopwatch.read_ms())
    return RunRecord(run.run_id, tags=tags, change=change)


def _take(
    status: str, tags: dict[str, str], thread: object = None
) -> list[tuple[OpenRun, RunRecord]]:
    """Take the open runs, the innermost first, each with its end: its own if it is over.

    Of one thread those that it opened.
    """
    with _lock:
        runs = [run for run in _open.values() if run.is_ours and thread in (None, run.thread)]
        ends = {run.run_id: _ends.pop(run.run_id) for run in runs if run.run_id in _ends}
        for run in runs:
            del _open[run.run_id]
    return [(run, ends.get(run.run_id) or _ending(run, status, tags)) for run in runs[::-1]]


def _end_all(status: str, tags: dict[str, str], thread: object = None) -> None:
    """End what is open; one store that cannot be written must not keep the others open."""
    for run, end in _take(status, tags, thread):
        pop_run(run)
        with contextlib.suppress(FitscribeError):
            run.store.log(Batch([end]))


def _at_exit() -> None:
    _Heart.stop()
    _note_unseen_exception()
    for do in _before_end:
        do(None, _Outcome.status)
    _end_all(_Outcome.status, _Outcome.tags)
    settle()


def _after_fork_in_child() -> None:
    global _lock
    _lock = threading.Lock()
    _open.clear()
    _ends.clear()
    _Heart.thread = None
    _forget_sigterm()


@functools.cache
def _install() -> None:
    """Put the handlers in place; done once, when the first run is opened."""
    atexit.register(_at_exit)
    _note_failed_cells()
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(
            before=_Heart.stop,
            after_in_parent=_Heart.restart,
            after_in_child=_after_fork_in_child,
        )


def _note_uncaught_exceptions() -> None:
    _excepthooks.put(sys, "excepthook", _noting_script)
    _excepthooks.put(threading, "excepthook", _noting_thread)


def _noting_script(previous: Callable[..., None]) -> Callable[..., None]:
    def excepthook(
        kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        _Outcome.status = status_after(error)
        _Outcome.tags = error_tags(error)
        previous(kind, error, trace)

    _Hooks.script = excepthook
    return excepthook


def _noting_thread(previous: Callable[[Any], None]) -> Callable[[Any], None]:
    def thread_excepthook(args: Any) -> None:
        error = args.exc_value
        # A thread that calls ``sys.exit()`` ends without a word.
        if error is not None and not isinstance(error, SystemExit):
            _end_all(status_after(error), error_tags(error), this_thread())
        previous(args)

    return thread_excepthook


def leave_alone() -> None:
    """Put exception hooks, threads and joblib back as they were, until the next run is opened.

    Not while a run is open or a model is active, which they take along.
    """
    if _open or scope().model_id is not None:
        return
    _excepthooks.put_back()
    leave_threads_alone()
    leave_joblib_alone()
    if threading.current_thread() is threading.main_thread():
        _forget_sigterm()


def _forget_sigterm() -> None:
    handler: Any = signal.getsignal(signal.SIGTERM)
    while _Sigterm.is_ours(handler):
        handler = handler.previous
        signal.signal(signal.SIGTERM, handler)


_excepthooks = Replaced()


class _Hooks:
    """Our ``sys.excepthook``."""

    script: Any = None


def _note_unseen_exception() -> None:
    """Look for what ended the script where another hook took the place of ours."""
    if _Outcome.status != RunStatus.FINISHED or sys.excepthook is _Hooks.script:
        return
    if hasattr(sys, "ps1") or sys.flags.interactive or "IPython" in sys.modules:
        return  # there, exceptions end a line and not the process
    error = getattr(sys, "last_value", None)
    if isinstance(error, BaseException):
        _Outcome.status, _Outcome.tags = status_after(error), error_tags(error)


# A fork has another id.
_STARTED_AS = os.getpid()


class _Sigterm:
    """Our handler, once it is in place; its ``previous`` is what was there before.

    A fork goes back to that. A handler in Python is called between two instructions: one that
    comes just before a blocking call is heard when that returns.
    """

    codes: ClassVar[set[CodeType]] = set()

    @classmethod
    def is_ours(cls, handler: Any) -> bool:
        return getattr(handler, "__code__", None) in cls.codes


def _is_worker() -> bool:
    """Whether this process was started to work for another, which may end it at any time.

    A pool terminates workers that wait in a blocking call, where our handler may not be heard:
    the pool would wait for them forever. Their lease tells the end.
    """
    module = sys.modules.get("multiprocessing.process")
    named = module is None or module.current_process().name == "MainProcess"
    return os.getpid() != _STARTED_AS or not named


def _note_sigterm() -> None:
    """Leave KILLED after SIGTERM, then do what would have been done.

    Asked at each run, for the user may have set a handler since the last one.
    """
    if threading.current_thread() is not threading.main_thread():
        return  # only the main thread may install handlers; the lease tells instead
    previous = signal.getsignal(signal.SIGTERM)
    if previous in (signal.SIG_IGN, None) or _Sigterm.is_ours(previous) or _is_worker():
        return

    def handler(number: int, frame: FrameType | None) -> None:
        before = _Outcome.status, _Outcome.tags
        _Outcome.status, _Outcome.tags = RunStatus.KILLED, _BY_SIGTERM
        if callable(previous):
            previous(number, frame)
            # It only noted the signal: the script ends as it will.
            _Outcome.status, _Outcome.tags = before
            return
        _end_in_signal_handler()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTERM)

    handler.previous = previous  # type: ignore[attr-defined]  # a fork goes back to it
    _Sigterm.codes.add(handler.__code__)
    signal.signal(signal.SIGTERM, handler)


def _end_in_signal_handler() -> None:
    """End all runs through new connections: the interrupted code may hold the others' locks.

    If it holds the database's own, we give up after a moment, and the lease tells the end.
    """
    for run, end in _take(_Outcome.status, _Outcome.tags):
        with contextlib.suppress(FitscribeError):
            store = open_store(run.tracking_uri, busy_timeout_s=0.5)
            store.log(Batch([end]))
            store.close()


def _note_failed_cells() -> None:
    """End open runs as FAILED when a notebook cell fails, as a script's end would."""
    if "IPython" not in sys.modules:
        return
    shell = getattr(sys.modules["IPython"], "get_ipython", lambda: None)()
    if shell is None:
        return

    def after_cell(result: Any) -> None:
        error = result.error_in_exec or result.error_before_exec
        if error is not None:
            _end_all(status_after(error), error_tags(error))

    shell.events.register("post_run_cell", after_cell)


class _Heart:
    """Renews the leases of open runs in a database that other hosts read too.

    Its thread lives only while such a run is open, and is stopped around a fork (Python 3.12
    warns of a fork while there are threads).
    """

    thread: threading.Thread | None = None
    stopped = threading.Event()

    @classmethod
    def start(cls) -> None:
        if cls.thread is None:
            cls.stopped.clear()
            cls.thread = threading.Thread(target=cls._beat, name="fitscribe-lease", daemon=True)
            cls.thread.start()

    @classmethod
    def stop(cls) -> None:
        thread, cls.thread = cls.thread, None
        if thread is not None:
            cls.stopped.set()
            thread.join(5.0)

    @classmethod
    def restart(cls) -> None:
        with _lock:
            needed = any(run.tracking_uri.startswith("postgres") for run in _open.values())
        if needed:
            cls.start()

    @classmethod
    def _beat(cls) -> None:
        while not cls.stopped.wait(HEARTBEAT_S):
            with _lock:
                runs = [run for run in _open.values() if run.is_ours]
            for store in {id(run.store): run.store for run in runs}.values():
                ids = [run.run_id for run in runs if run.store is store]
                with contextlib.suppress(FitscribeError):
                    store.beat(ids, own_lease())
