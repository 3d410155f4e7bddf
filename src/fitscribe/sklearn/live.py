"""A search while it runs: its evaluations are heard of, and its run's ``progress.json`` tells.

The evaluations are among joblib's tasks. What other processes can read is replaced as a whole
every half second by a thread that lives as long as the search does. Whether the search still
runs is told by its run, and not by the file: a process that is killed can say nothing more.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any

import msgspec.json

from fitscribe.core.clock import Stopwatch
from fitscribe.sklearn.attempt import Attempts
from fitscribe.sklearn.progress import CANDIDATE, PARAMS, SPLIT, Progress
from fitscribe.tracking.artifacts import RunFiles
from fitscribe.tracking.publish import PROGRESS, Publisher
from fitscribe.tracking.results import Listener

__all__ = ["LiveSearch"]

# Also where nothing came in, so that the time that is left is that of now.
STILL_MS = 2000


class LiveSearch:
    """Follows the evaluations of one search.

    Parameters
    ----------
    search : estimator
    stopwatch : Stopwatch
        Since the fit began.
    files : RunFiles or None
        Of its run; None where there is no run.

    Attributes
    ----------
    written : bool
        Whether the run's file was made while the search ran.
    """

    def __init__(self, search: Any, stopwatch: Stopwatch, files: RunFiles | None) -> None:
        refit = getattr(search, "refit", None)
        self.search = search
        self.stopwatch = stopwatch
        self.files = files
        self.written = False
        self.progress = Progress(stopwatch.start_ms, refit if isinstance(refit, str) else None)
        # What fails here is seen in the file, which is written once more at the end.
        self.attempts = Attempts(type(search).__name__, silent=True)
        self.publisher = Publisher(self._publish)
        self.parallel: Any = None
        self.listener: Listener | None = None
        self.published = (-1, 0)

    def follow(self, parallel: Any, tasks: Iterable[Any]) -> Iterable[Any] | None:
        """Return the same tasks, which tell what they return; None if they are not the search's.

        Parameters
        ----------
        parallel : joblib.Parallel
            A search has one; those of the estimators inside, and of their searches, are others.
        tasks : iterable of (function, args, kwargs)
        """
        another = self.parallel is not None and self.parallel is not parallel
        if another or getattr(parallel, "return_generator", False):
            return None
        return self._told(parallel, tasks)

    def _told(self, parallel: Any, tasks: Iterable[Any]) -> Iterator[Any]:
        rest = iter(tasks)
        first = next(rest, None)
        if first is None:
            return
        tasks = itertools.chain([first], rest)
        if not self.attempts("look at a task", lambda: _is_evaluation(first)):
            yield from tasks
            return
        self.attempts("begin to follow", lambda: self._begin(parallel, first[2]))
        for task in tasks:
            yield self.attempts("follow a task", partial(self._told_one, task)) or task

    def _begin(self, parallel: Any, task: Mapping[str, Any]) -> None:
        resources = getattr(self.search, "n_resources_", None)
        self.progress.begin_round(
            task,
            int(resources[-1]) if isinstance(resources, list) and resources else None,
            self.stopwatch.read_ms(),
        )
        if self.listener is None:
            self.parallel = parallel
            self.listener = Listener(self._hear)
            if self.files is not None:
                self.publisher.start()

    def _told_one(self, task: tuple[Any, ...]) -> tuple[Any, ...]:
        assert self.listener is not None
        function, args, kwargs = task
        return self.listener.told(function, self.progress.begin(kwargs)), args, kwargs

    def _hear(self, place: int, result: Any) -> None:
        now_ms = self.stopwatch.read_ms()
        self.attempts("note a result", lambda: self.progress.note(place, result, now_ms))

    def _publish(self) -> None:
        self.attempts("publish the progress", self._write)

    def _write(self) -> None:
        ended, now_ms = self.progress.ended, self.stopwatch.read_ms()
        if self.files is None:
            return
        if ended == self.published[0] and now_ms - self.published[1] < STILL_MS:
            return
        self.written = True
        self.files.put_bytes(PROGRESS, self._encoded(over=False))
        self.published = ended, now_ms

    def _encoded(self, over: bool) -> bytes:
        return msgspec.json.encode(self.progress.document(self.stopwatch.read_ms(), over))

    def stop(self) -> bytes | None:
        """End with the search; return what is to be its ``progress.json`` for good."""
        if self.listener is None:
            return None
        self.listener.close()
        self.publisher.stop()
        return self._encoded(over=True)


def _is_evaluation(task: tuple[Any, ...]) -> bool:
    """Whether a task is one of a search: a candidate on a split."""
    keywords: Mapping[str, Any] = task[2]
    return {CANDIDATE, SPLIT, PARAMS} <= keywords.keys()
