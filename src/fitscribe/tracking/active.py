"""The right run: which runs are open here, in this thread, task, fork or pool worker.

A :class:`Scope` is an immutable value in one context variable. Asyncio tasks copy it by
themselves; threads and joblib's workers get it from whoever started them
(:mod:`fitscribe.tracking.inherit`), for neither context variables nor the environment reach them
reliably.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from fitscribe import config
from fitscribe.core.clock import Stopwatch
from fitscribe.core.ports import TrackingStore
from fitscribe.tracking.connect import Connection, connect

__all__ = [
    "OpenRun",
    "Scope",
    "context_scope",
    "current_model_id",
    "current_run",
    "enter",
    "in_notebook",
    "last_model",
    "last_run",
    "open_runs",
    "pop_run",
    "push_run",
    "record_nothing",
    "remember_last",
    "remember_last_model",
    "restore",
    "scope",
    "set_model",
    "swap",
    "swap_runs",
    "this_thread",
    "within",
]


class _Thread(threading.local):
    """What stands for this thread; unlike its number, no later thread has the same."""

    def __init__(self) -> None:
        self.token = object()


_thread = _Thread()


def this_thread() -> object:
    """Return what stands for this thread, and for no other."""
    token: object = _thread.token
    return token


@dataclass(eq=False, slots=True)
class OpenRun:
    """A run that this process opened or was handed, with where it is kept.

    Parameters
    ----------
    run_id, experiment_id, name : str
        Which run.
    tracking_uri : str
        Where it is kept.
    stopwatch : Stopwatch
        Its start, and the monotonic clock that tells its end.
    pid : int
        The process that opened it: only that one ends it.
    thread : object
        The thread that opened it (:func:`this_thread`).
    claims : set of str
        What has made the run its own, ``"fit"``, ``"validation"`` or ``"study"``; a second of a
        kind becomes a nested run.
    before_claim : callable or None
        Stores what the run has to say before it becomes somebody's own. It must not raise.
    """

    run_id: str
    experiment_id: str
    name: str
    tracking_uri: str
    stopwatch: Stopwatch = field(default_factory=Stopwatch)
    pid: int = field(default_factory=os.getpid)
    thread: object = field(default_factory=this_thread)
    claims: set[str] = field(default_factory=set)
    before_claim: Callable[[], object] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def claim(self, kind: str) -> bool:
        """Make the run one fit's own, or one validation's; False if another has it already."""
        with self._lock:
            taken = kind in self.claims
            self.claims.add(kind)
        if not taken and self.before_claim is not None:
            self.before_claim()
        return not taken

    def unclaim(self, kind: str) -> None:
        """Leave the run to the next of a kind."""
        with self._lock:
            self.claims.discard(kind)

    @property
    def connection(self) -> Connection:
        """Where it is kept, opened when it is first needed (a worker may never need it)."""
        return connect(self.tracking_uri)

    @property
    def store(self) -> TrackingStore:
        """The store that keeps it."""
        return self.connection.store

    @property
    def is_ours(self) -> bool:
        """Whether this very process opened it (a fork or a worker did not)."""
        return self.pid == os.getpid()


class Scope(NamedTuple):
    """What is going on here: a tuple, for one is made for each call that is recorded.

    Parameters
    ----------
    runs : tuple of OpenRun
        Open runs, outermost first; the last one is the active run.
    inherited : int
        How many of them were opened by whoever started this thread or worker: they can be
        logged to here, and are not ended here.
    fit : object
        The outermost fit in progress (whatever the layer above puts there), else None. Its
        ``watch(tasks)``, if it has one, sees the tasks that joblib is given.
    model_id : str or None
        The logged model that metrics describe where nothing else is said.
    observing : bool
        Whether we are looking at a fitted estimator: what it does now is not the user's doing.
    unrecorded : int
        How many contexts are open here in which nothing is recorded by itself.
    """

    runs: tuple[OpenRun, ...] = ()
    inherited: int = 0
    fit: Any = None
    observing: bool = False
    model_id: str | None = None
    unrecorded: int = 0


NOTHING = Scope()
_scope: ContextVar[Scope] = ContextVar("fitscribe_scope", default=NOTHING)
_last: ContextVar[tuple[str, str] | None] = ContextVar("fitscribe_last_run", default=None)
_last_model: ContextVar[tuple[str, str] | None] = ContextVar("fitscribe_last_model", default=None)


class _Notebook:
    """What the cells of a notebook share: a kernel may run each cell in a context of its own."""

    scope: Scope = NOTHING
    last: tuple[str, str] | None = None


def in_notebook() -> bool:
    """Whether this is the main thread of an interactive IPython session."""
    if "IPython" not in sys.modules:
        return False
    if threading.current_thread() is not threading.main_thread():
        return False
    return getattr(sys.modules["IPython"], "get_ipython", lambda: None)() is not None


def scope() -> Scope:
    """Return what is going on in this thread and task."""
    here = _scope.get()
    if here is NOTHING and "IPython" in sys.modules and in_notebook():
        return _Notebook.scope
    return here


# What the context variable alone holds: the fit in progress, but not a notebook's open runs.
context_scope = _scope.get


def _set(new: Scope) -> None:
    _scope.set(new)
    if in_notebook() and new.fit is None:
        _Notebook.scope = new


def current_run() -> OpenRun | None:
    """Return the active run of this thread and task, or None."""
    runs = scope().runs
    return runs[-1] if runs else None


def push_run(run: OpenRun) -> None:
    """Make `run` the active one."""
    here = scope()
    _set(here._replace(runs=(*here.runs, run)))
    remember_last(run)


def pop_run(run: OpenRun | None = None) -> OpenRun | None:
    """Take `run` (else the active one) off the open runs and return it.

    What a thread inherited stays: None is returned.
    """
    here = scope()
    own = here.runs[here.inherited :]
    if run is None:
        run = own[-1] if own else None
    if run is None or run not in own:
        return None
    _set(here._replace(runs=tuple(other for other in here.runs if other is not run)))
    return run


def remember_last(run: OpenRun) -> None:
    """Make `run` the one that ``last_active_run()`` returns."""
    last = (run.tracking_uri, run.run_id)
    _last.set(last)
    _Last.anywhere = last


class _Last:
    """What was last in any thread, for a thread that had none of its own."""

    anywhere: tuple[str, str] | None = None
    model: tuple[str, str] | None = None


def last_run() -> tuple[str, str] | None:
    """Return (tracking URI, run id) of the last active run here, else in the process."""
    return _last.get() or _Last.anywhere


def set_model(model_id: str | None) -> None:
    """Make a logged model the one that metrics describe; None for none."""
    _set(scope()._replace(model_id=model_id))


def current_model_id() -> str | None:
    """Return the id of the model that metrics describe here, or None."""
    return scope().model_id or config.ACTIVE_MODEL_ID.get()


def remember_last_model(tracking_uri: str, model_id: str) -> None:
    """Make a model the one that ``last_logged_model()`` returns."""
    last = (tracking_uri, model_id)
    _last_model.set(last)
    _Last.model = last


def last_model() -> tuple[str, str] | None:
    """Return (tracking URI, model id) of the last model logged here, else in the process."""
    return _last_model.get() or _Last.model


def record_nothing(more: int) -> None:
    """Enter (1), or leave (-1), a context in which nothing is recorded by itself.

    Runs that are opened or ended meanwhile stay so, and an object of ours would have to know
    which thread entered it: so it is a number.
    """
    here = scope()
    new = here._replace(unrecorded=max(here.unrecorded + more, 0))
    _set(NOTHING if new == NOTHING else new)


def open_runs() -> tuple[OpenRun, ...]:
    """Return the open runs of this thread and task, outermost first."""
    return scope().runs


def swap(fit: Any, here: Scope | None = None) -> Token[Scope]:
    """Work in this scope with another `fit` from here on, until :func:`restore`.

    `here` is this scope, where it is known.
    """
    if here is None:
        here = scope()
    # `_replace`, and making a Scope by its name, take three times as long.
    runs, inherited, _, *others = here
    return _scope.set(tuple.__new__(Scope, (runs, inherited, fit, *others)))


def swap_runs(*runs: OpenRun) -> Token[Scope]:
    """Work in this scope with other open runs from here on, until :func:`restore`."""
    return _scope.set(scope()._replace(runs=runs))


# Goes back to the scope before a :func:`swap`.
restore = _scope.reset


@contextmanager
def within(new: Scope) -> Iterator[None]:
    """Work in another scope for a while."""
    token = _scope.set(new)
    try:
        yield
    finally:
        _scope.reset(token)


def enter(**changes: Any) -> Any:
    """Return a context that works in this scope with `changes`: ``enter(observing=True)``."""
    return within(scope()._replace(**changes))
