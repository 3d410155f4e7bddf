"""A run tells the truth, however its process ends.

The process's open runs are ended at its exit: FINISHED, FAILED after an exception that nobody
caught (script or notebook cell), KILLED after Ctrl-C or SIGTERM. Handlers that were there are
called as before, and the exit status is the same as without us. What no handler sees (``kill
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
from types import FrameType, TracebackType
from typing import Any, ClassVar

from fitscribe.core.commands import Batch, RunChange, RunRecord
from fitscribe.core.ports import TrackingStore
from fitscribe.core.states import RunStatus
from fitscribe.errors import FitscribeError
from fitscribe.stores import open_store
from fitscribe.tracking.active import OpenRun, pop_run
from fitscribe.tracking.inherit import carry_scope_into_threads
from fitscribe.tracking.lease import HEARTBEAT_S, own_lease
from fitscribe.tracking.source import settle
from fitscribe.tracking.tasks import carry_scope_into_joblib

__all__ = ["end_open_run", "error_tags", "forget", "keep_truthful", "status_after"]

_open: dict[str, OpenRun] = {}
_lock = threading.Lock()


class _Outcome:
    """How the process is ending, as far as is known."""

    status = RunStatus.FINISHED
    tags: ClassVar[dict[str, str]] = {}


def status_after(error: BaseException | None) -> str:
    """Return the status of a run that was left by `error`, or by nothing."""
    if error is None or is_orderly(error):
        return RunStatus.FINISHED
    return RunStatus.KILLED if isinstance(error, KeyboardInterrupt) else RunStatus.FAILED


def is_orderly(error: BaseException) -> bool:
    """Whether it is ``sys.exit()`` with the status of success."""
    return isinstance(error, SystemExit) and error.code in (None, 0)


def error_tags(error: BaseException) -> dict[str, str]:
    """Return what to note on a run that an exception ended: type, message and traceback."""
    kind = type(error)
    return {
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
    _note_sigterm()
    with _lock:
        _open[run.run_id] = run
    if run.tracking_uri.startswith("postgres"):
        _Heart.start()


def forget(run: OpenRun) -> None:
    """Stop looking after a run that has ended."""
    with _lock:
        _open.pop(run.run_id, None)
        last = not _open
    if last:
        _Heart.stop()


def end_open_run(run: OpenRun, status: str, tags: dict[str, str] | None = None) -> None:
    """Store the end of a run that this process opened; a fork's or worker's is left alone."""
    if not run.is_ours:
        return
    forget(run)
    run.store.log(Batch([_ending(run, status, tags or {})]))


def _ending(run: OpenRun, status: str, tags: dict[str, str]) -> RunRecord:
    change = RunChange(status=status, end_time=run.stopwatch.read_ms())
    return RunRecord(run.run_id, tags=tags, change=change)


def _take_all() -> list[OpenRun]:
    with _lock:
        runs = [run for run in _open.values() if run.is_ours]
        _open.clear()
    return runs[::-1]  # the innermost ends first


def _end_all(status: str, tags: dict[str, str], store: TrackingStore | None = None) -> None:
    """End what is open; one store that cannot be written must not keep the others open."""
    for run in _take_all():
        pop_run(run)
        with contextlib.suppress(FitscribeError):
            (store or run.store).log(Batch([_ending(run, status, tags)]))


def _at_exit() -> None:
    _Heart.stop()
    _end_all(_Outcome.status, _Outcome.tags)
    settle()


def _after_fork_in_child() -> None:
    global _lock
    _lock = threading.Lock()
    _open.clear()
    _Heart.thread = None
    if _Sigterm.handler is not None and signal.getsignal(signal.SIGTERM) is _Sigterm.handler:
        signal.signal(signal.SIGTERM, _Sigterm.previous)
    _Sigterm.handler = None


@functools.cache
def _install() -> None:
    """Put the handlers in place; done once, when the first run is opened."""
    carry_scope_into_threads()
    carry_scope_into_joblib()
    atexit.register(_at_exit)
    _note_uncaught_exceptions()
    _note_failed_cells()
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(
            before=_Heart.stop,
            after_in_parent=_Heart.restart,
            after_in_child=_after_fork_in_child,
        )


def _note_uncaught_exceptions() -> None:
    previous = sys.excepthook

    @functools.wraps(previous)
    def excepthook(
        kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        _Outcome.status = status_after(error)
        _Outcome.tags = error_tags(error)
        previous(kind, error, trace)

    sys.excepthook = excepthook


# A fork has another id.
_STARTED_AS = os.getpid()


class _Sigterm:
    """Our handler, once it is in place, and what was there before.

    A fork goes back to that. A handler in Python is called between two instructions: one that
    comes just before a blocking call is heard when that returns.
    """

    handler: Any = None
    previous: Any = None


def _is_worker() -> bool:
    """Whether this process was started to work for another, which may end it at any time.

    A pool terminates workers that wait in a blocking call, where our handler may not be heard:
    the pool would wait for them forever. Their lease tells the end.
    """
    module = sys.modules.get("multiprocessing.process")
    named = module is None or module.current_process().name == "MainProcess"
    return os.getpid() != _STARTED_AS or not named


def _note_sigterm() -> None:
    """Leave KILLED after SIGTERM, then do what would have been done."""
    if _Sigterm.handler is not None or _is_worker():
        return
    if threading.current_thread() is not threading.main_thread():
        return  # only the main thread may install handlers; the lease tells instead
    previous = signal.getsignal(signal.SIGTERM)
    if previous in (signal.SIG_IGN, None):
        return

    def handler(number: int, frame: FrameType | None) -> None:
        _Outcome.status = RunStatus.KILLED
        _Outcome.tags = {"fitscribe.ended_by": "SIGTERM"}
        if callable(previous):
            previous(number, frame)
            return
        _end_in_signal_handler()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTERM)

    _Sigterm.handler, _Sigterm.previous = handler, previous
    signal.signal(signal.SIGTERM, handler)


def _end_in_signal_handler() -> None:
    """End all runs through new connections: the interrupted code may hold the others' locks.

    If it holds the database's own, we give up after a moment, and the lease tells the end.
    """
    for run in _take_all():
        with contextlib.suppress(FitscribeError):
            store = open_store(run.tracking_uri, busy_timeout_s=0.5)
            store.log(Batch([_ending(run, _Outcome.status, _Outcome.tags)]))
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
