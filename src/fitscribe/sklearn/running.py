"""What is seen while a fit runs: warnings, the steps of a pipeline, time, memory.

Warnings are noted where Python shows them (``warnings._showwarnmsg``, which whoever records or
prints warnings is called by): filters, registries and what is shown stay as they are. Not seen is
what a filter ignores, what was shown before and is not shown again, and what a worker process
shows. Warnings that the fit itself catches are not counted either.

A pipeline asks for the message of each step just before it, verbose or not; the moments of that
are the times of its steps.
"""

from __future__ import annotations

import functools
import itertools
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

from fitscribe.sklearn.finding import Finding, finding
from fitscribe.tracking.active import scope

resource: Any
try:
    import resource
except ImportError:  # Windows
    resource = None

__all__ = [
    "PIPELINE",
    "Running",
    "hook_pipeline",
    "peak_memory",
    "unwatch_warnings",
    "watch_warnings",
]

PIPELINE = "sklearn.pipeline"
# Warnings that a word of their own can be searched for.
KINDS = {"ConvergenceWarning": "not_converged", "FitFailedWarning": "fit_failed"}
# So many warnings are kept of a fit, and so many of them told apart.
MOST_KEPT, MOST_TOLD = 1000, 20
MOST_TEXT = 500
# The high-water mark is told in KB, and on macOS in bytes.
UNIT = 1 if sys.platform == "darwin" else 1024


def peak_memory() -> int | None:
    """Return the most memory that this process ever held, in bytes; None where nobody says."""
    if resource is None:
        return None
    return int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) * UNIT


class Running:
    """What is seen of one fit while it runs; it begins with being made.

    Parameters
    ----------
    estimator : object
        What is fitted.

    Attributes
    ----------
    seconds : float
        How long it took, once it was ended.
    memory : tuple of int or None
        The peak before and after.
    """

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator
        self.seconds = 0.0
        self.shown: list[tuple[type[Warning], Any]] = []
        self.more = 0
        self._moments: list[tuple[str, float]] = []
        self._ended = False
        self._listener = _listener()
        self.memory: tuple[int | None, int | None] = (peak_memory(), None)
        self._began = time.perf_counter()

    def end(self) -> None:
        """Take the time; what is shown from now on is not the fit's."""
        now = time.perf_counter()
        self.seconds = now - self._began
        self._moments.append(("", now))
        self._ended = True
        self.memory = (self.memory[0], peak_memory())

    def note_warning(self, message: Any) -> None:
        """Keep a warning that is shown; it may come from any thread."""
        if self._ended or _listener() != self._listener:
            return
        if len(self.shown) < MOST_KEPT:
            self.shown.append((message.category, message.message))
        else:
            self.more += 1

    def note_step(self, pipeline: Any, index: int) -> None:
        """Keep the moment at which a step of the pipeline begins."""
        if pipeline is self.estimator and not self._ended:
            self._moments.append((str(pipeline.steps[index][0]), time.perf_counter()))

    def steps(self) -> dict[str, float]:
        """Return the seconds of each step of the pipeline; none for anything else."""
        moments = self._moments
        return {name: after - begun for (name, begun), (_, after) in itertools.pairwise(moments)}

    def findings(self) -> Iterator[Finding]:
        """Yield a finding for each warning that was shown, equal ones together."""
        counted: dict[tuple[str, str], int] = {}
        for category, message in self.shown:
            key = category.__name__, str(message)[:MOST_TEXT]
            counted[key] = counted.get(key, 0) + 1
        for name, text in list(counted)[:MOST_TOLD]:
            kind = KINDS.get(name, "warning")
            count = counted[name, text]
            yield finding(kind, f"{name}: {text}", category=name, count=count)
        rest = sum(list(counted.values())[MOST_TOLD:]) + self.more
        if rest:
            yield finding("warning", f"{rest} more warnings", count=rest)

    def categories(self) -> str:
        """Return the names of the categories of warnings, each once, by alphabet."""
        return ", ".join(sorted({category.__name__ for category, _ in self.shown}))


def _listener() -> tuple[Any, Any]:
    """Return who records warnings here, if anybody does.

    A ``catch_warnings(record=True)`` inside the fit is another than around it.
    """
    context = getattr(warnings, "_get_context", None)  # from Python 3.14 on
    log = None if context is None else getattr(context(), "log", None)
    return getattr(warnings, "_showwarnmsg_impl", None), None if log is None else id(log)


class _Watched:
    """What is in place in this process."""

    shown: tuple[Any, Any] | None = None  # ours, and what it stands for
    message: tuple[Any, Any, Any] | None = None


def _running() -> Running | None:
    here = scope()
    if here.observing:
        return None
    found = getattr(here.fit, "running", None)
    return found if isinstance(found, Running) else None


def watch_warnings() -> None:
    """Note the warnings of fits from now on, as they are shown."""
    shown: Any = getattr(warnings, "_showwarnmsg", None)
    if shown is None or _Watched.shown is not None:
        return
    ours = _noting(shown)
    _Watched.shown = ours, shown
    warnings._showwarnmsg = ours  # type: ignore[attr-defined]


def _noting(shown: Callable[[Any], Any]) -> Callable[[Any], Any]:
    @functools.wraps(shown)
    def _showwarnmsg(msg: Any) -> Any:
        running = _running()
        if running is not None:
            running.note_warning(msg)
        return shown(msg)

    return _showwarnmsg


def hook_pipeline(module: Any) -> None:
    """Note when the steps of pipelines begin; `module` is ``sklearn.pipeline``."""
    cls = module.Pipeline
    original = vars(cls).get("_log_message")
    if original is None or _Watched.message is not None:
        return

    @functools.wraps(original)
    def _log_message(self: Any, step_idx: int) -> Any:
        running = _running()
        if running is not None:
            running.note_step(self, step_idx)
        return original(self, step_idx)

    _Watched.message = cls, _log_message, original
    cls._log_message = _log_message


def unwatch_warnings() -> None:
    """Put everything back as it was; what somebody put around ours since stays."""
    if _Watched.shown is not None:
        ours, shown = _Watched.shown
        if getattr(warnings, "_showwarnmsg", None) is ours:
            warnings._showwarnmsg = shown  # type: ignore[attr-defined]
            _Watched.shown = None
    if _Watched.message is not None:
        cls, message, original = _Watched.message
        if vars(cls).get("_log_message") is message:
            cls._log_message = original
            _Watched.message = None
