"""Writes that nobody waits for: gathered for a moment, then stored by a thread of their own.

The thread stores what came within :data:`GATHER_S`, and ends when nothing more came for
:data:`LINGER_S`: to start one takes longer than all else that the caller waits for. Whoever reads
a store, ends a notebook's cell, forks or leaves the process waits for what is on its way
(:func:`flush`); ``kill -9`` loses what came in the last tenth of a second.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
import time
from collections.abc import Callable
from contextvars import Context
from itertools import groupby
from typing import Any, ClassVar

__all__ = ["Write", "flush", "is_pending", "write_behind"]

# Stores items in their order and returns those that it could not store now; it never raises.
Write = Callable[[list[Any]], list[Any]]

GATHER_S = 0.03
LINGER_S = 10.0


class _Queue:
    """What is on its way, in order."""

    items: ClassVar[list[tuple[Write, Any]]] = []
    # What a store could not take; it is tried again with what comes next, and at the end.
    held: ClassVar[list[tuple[Write, Any]]] = []
    thread: threading.Thread | None = None
    # Whether the thread waits at `_wake` for something to come.
    is_idle = False
    lingers = True
    is_looked_after = False


_lock = threading.Lock()  # of the queue, for a moment
_wake = threading.Lock()  # held, but for the moment in which the thread is woken
_wake.acquire()
_writing = threading.RLock()  # of whoever stores


def write_behind(write: Write, item: Any) -> None:
    """Store an item soon by `write`, which is called with all that came meanwhile."""
    with _lock:
        _Queue.items.append((write, item))
        if _Queue.thread is not None:
            if _Queue.is_idle:
                _awake()
            return
        if not _Queue.is_looked_after:
            _look_after()
        # In a context of its own: it belongs to no run, and to no fit.
        _Queue.thread = threading.Thread(
            target=Context().run, args=(_work,), name="fitscribe-writes", daemon=True
        )
        _Queue.thread.start()


def is_pending() -> bool:
    """Whether something is on its way that this thread would have to wait for."""
    if _Queue.thread is None or _Queue.is_idle:
        return bool(_Queue.held)
    return _Queue.thread is not threading.current_thread()


def flush() -> None:
    """Return when all that was recorded is stored.

    Metrics of predictions are stored a moment after they were computed; all else is before its
    call returns. What a store cannot take now is kept, and tried again at the exit.
    """
    _store()


def _work() -> None:
    while True:
        time.sleep(GATHER_S)
        _store()
        with _lock:
            if _Queue.items:
                continue
            _Queue.is_idle = _Queue.lingers
        if _Queue.is_idle:
            _wake.acquire(timeout=LINGER_S)
        with _lock:
            if not _Queue.items and (_Queue.is_idle or not _Queue.lingers):
                _Queue.thread, _Queue.is_idle = None, False
                return


def _awake() -> None:
    """Wake the thread, if it waits; the queue's lock is held."""
    if _Queue.is_idle and _wake.locked():
        _wake.release()
    _Queue.is_idle = False


def _store() -> None:
    with _writing:
        with _lock:
            items = [*_Queue.held, *_Queue.items]
            _Queue.held.clear()
            _Queue.items.clear()
        for write, group in groupby(items, key=lambda item: item[0]):
            kept = write([item for _, item in group])
            with _lock:
                _Queue.held += [(write, item) for item in kept]


def _look_after() -> None:
    """Flush where something ends: the process, a cell; and before a fork, which has one thread."""
    _Queue.is_looked_after = True
    atexit.register(flush)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=_before_fork, after_in_child=_after_fork_in_child)
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if shell is not None:
        shell.events.register("post_run_cell", lambda result: flush())


def _before_fork() -> None:
    flush()
    with _lock:
        thread = _Queue.thread
        _Queue.lingers = False
        _awake()
    if thread is not None and thread is not threading.current_thread():
        thread.join()
    _Queue.lingers = True


def _after_fork_in_child() -> None:
    global _lock, _writing, _wake
    _lock, _writing, _wake = threading.Lock(), threading.RLock(), threading.Lock()
    _wake.acquire()
    _Queue.items.clear()
    _Queue.held.clear()
    _Queue.thread = None
