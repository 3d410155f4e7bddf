"""``fitscribe runs show RUN --follow``: how far a run is, line by line, until it ends."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from typing import Any

from fitscribe.cli.table import coloured, duration, number, one_line
from fitscribe.core.clock import now_ms
from fitscribe.core.entities import Run
from fitscribe.core.states import RunStatus
from fitscribe.errors import NotFound
from fitscribe.tracking.artifacts import files_at
from fitscribe.tracking.connect import connect
from fitscribe.tracking.kept import read_run
from fitscribe.tracking.publish import PROGRESS

__all__ = ["follow", "progress_line", "progress_of"]

EVERY_S = 0.5
KEYS = {"done", "total", "failed", "best", "rounds", "seconds_left", "updated", "evaluations"}
CLEAR_LINE = "\r\x1b[2K"


def progress_of(run: Run) -> dict[str, Any] | None:
    """Return what a run's ``progress.json`` says; None if it has none that we know."""
    files = files_at(connect(), run.info.artifact_uri)
    try:
        found = json.loads(files.store.read(files.path(PROGRESS)))
    except (NotFound, ValueError):
        return None
    ours = isinstance(found, dict) and found.get("format") == 1 and found.keys() >= KEYS
    return found if ours else None


def progress_line(found: Mapping[str, Any]) -> str:
    """Return progress on one line: ``120 of 200 done, 3 failed, best 0.967 (C=1), 12 s left``."""
    parts = [f"{found['done']} of {found['total']} done"]
    if len(found["rounds"]) > 1:
        parts[0] += f" (iteration {len(found['rounds'])})"
    if found["failed"]:
        parts.append(f"{found['failed']} failed")
    best = found["best"]
    if best is not None:
        params = ", ".join(f"{key}={value}" for key, value in best["params"].items())
        parts.append(f"best {best['metric']} {number(best['score'])} ({params[:60]})")
    if found["seconds_left"] is not None:
        left = round(found["seconds_left"] * 1000)
        parts.append(f"{duration(0, left)} left")
    return one_line(", ".join(parts))


def follow(run: Run, as_json: bool) -> None:
    """Print the progress of a run whenever it changes, and its status at the end.

    Parameters
    ----------
    run : Run
    as_json : bool
        Print one JSON object a line; each has the evaluations that came since the last one.
    """
    show = _Lines(as_json)
    while True:
        run = read_run(connect().store, run.info.run_id)
        # The status was read first: of a run that has ended, this is all that there will be.
        found = progress_of(run)
        ended = run.info.status in RunStatus.TERMINAL
        show(run, found, ended)
        if ended:
            return
        time.sleep(EVERY_S)


class _Lines:
    """What was printed so far."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json
        self.last: tuple[Any, ...] | None = None
        self.told = 0
        self.is_line_open = False

    def __call__(self, run: Run, found: dict[str, Any] | None, ended: bool) -> None:
        if ended and found is not None:
            found["seconds_left"] = None  # left so by a process that was killed
        state = (run.info.status, found and (found["done"], found["total"]))
        if state == self.last and not self.is_line_open:
            return
        self.last = state
        if self.as_json:
            self._print_json(run, found)
        else:
            self._print(run, found, ended)
        sys.stdout.flush()

    def _print_json(self, run: Run, found: dict[str, Any] | None) -> None:
        line: dict[str, Any] = {"run_id": run.info.run_id, "status": run.info.status}
        if found is not None:
            new = {name: values[self.told :] for name, values in found["evaluations"].items()}
            self.told = found["done"]
            line["progress"] = {**found, "evaluations": new}
        print(json.dumps(line, ensure_ascii=False))

    def _print(self, run: Run, found: dict[str, Any] | None, ended: bool) -> None:
        info = run.info
        line = f"{one_line(info.run_name)}: no progress is told" if found is None else ""
        if found is not None:
            line = progress_line(found)
        terminal = sys.stdout.isatty()
        if terminal and self.is_line_open:
            print(CLEAR_LINE, end="")
        print(line, end="" if terminal and not ended else "\n")
        self.is_line_open = terminal and not ended
        if ended:
            end_ms = now_ms() if info.end_time is None else info.end_time
            took = duration(info.start_time, end_ms)
            print(f"{coloured(info.status, info.status)} after {took}")
