"""What is written again and again while something runs, by a thread that ends with it.

The thread is stopped around a fork: the child has no half of it, no lock that it held, and Python
3.12 has nothing to warn of.
"""

from __future__ import annotations

import functools
import os
import threading
import time
from collections.abc import Callable

__all__ = ["PROGRESS", "Publisher"]

# The file of a run that tells how far it is.
PROGRESS = "progress.json"
# What is over sooner is never written on the way.
FIRST_S = 0.25
EVERY_S = 0.4
# At most one part in so many of a processor goes into writing.
COST = 100
# A disk that hangs must not hold the caller for ever.
PATIENCE_S = 10.0

_running: list[Publisher] = []


class Publisher:
    """Calls a function twice a second or so, until it is stopped.

    Parameters
    ----------
    write : callable
        It must not raise. It runs in a thread of its own, never twice at once.
    """

    def __init__(self, write: Callable[[], object]) -> None:
        self._write = write
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        # When it writes next; forks in quick succession do not put it off.
        self._due = 0.0

    def start(self) -> None:
        """Start to write; the first time is a moment from now."""
        _mind_forks()
        self._due = time.monotonic() + FIRST_S
        _running.append(self)
        self._begin()

    def stop(self) -> None:
        """Write no more; a write that is on its way is waited for."""
        if self in _running:
            _running.remove(self)
        self._pause()

    def _begin(self) -> None:
        # Of its own, for the thread before may still be on its way out.
        stopped = self._stopped = threading.Event()
        thread = threading.Thread(
            target=self._go_on, args=(stopped,), name="fitscribe-progress", daemon=True
        )
        thread.start()
        self._thread = thread

    def _pause(self) -> None:
        thread, self._thread = self._thread, None
        self._stopped.set()
        if thread is not None:
            thread.join(PATIENCE_S)

    def _go_on(self, stopped: threading.Event) -> None:
        while not stopped.wait(max(0.0, self._due - time.monotonic())):
            before = time.thread_time()
            self._write()
            took = time.thread_time() - before
            self._due = time.monotonic() + max(EVERY_S, COST * took)

    def _forget(self) -> None:
        self._thread = None


@functools.cache
def _mind_forks() -> None:
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=_pause, after_in_parent=_resume, after_in_child=_forget)


def _pause() -> None:
    for publisher in list(_running):
        publisher._pause()


def _resume() -> None:
    for publisher in list(_running):
        publisher._begin()
        if publisher not in _running:  # stopped by another thread meanwhile
            publisher._pause()


def _forget() -> None:
    """Leave what the parent does to the parent."""
    for publisher in _running:
        publisher._forget()
    _running.clear()
