"""The process that scores a file in a model's own environment, and tells who started it.

It reads one line, its job, and writes lines of JSON: ``["progress", done, total]``, and at the end
``["done", path, rows, parts, columns]`` or ``["error", class, message]``. When its input ends, who
started it is gone or wants no more: it breaks off as by Ctrl-C.
"""

from __future__ import annotations

import _thread
import json
import os
import signal
import threading
from typing import Any

from fitscribe.batch.job import Job
from fitscribe.batch.score import score
from fitscribe.errors import FitscribeError
from fitscribe.modelfolder.trust.names import trust

__all__ = ["main"]


def main() -> int:
    """Do one job; return the exit status."""
    # Whoever started us may have ignored Ctrl-C, and then it would break off nothing.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        orders, answers = _channels()
        line = _line(orders)
        threading.Thread(target=_watch, args=(orders,), daemon=True).start()
        if not line:
            return 130
        return _do(Job.from_line(line), answers)
    except (KeyboardInterrupt, BrokenPipeError):
        return 130


def _channels() -> tuple[int, int]:
    """Return where orders come from and answers go to.

    What a model reads or prints itself is kept apart from both: it finds no input, and prints
    where errors go.
    """
    orders = os.dup(0)
    answers = os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return orders, answers


def _line(orders: int) -> str:
    """Return the first line of a file; empty if it ends before."""
    found = b""
    while not found.endswith(b"\n"):
        more = os.read(orders, 1 << 16)
        if not more:
            return ""
        found += more
    return found.decode()


def _watch(orders: int) -> None:
    """Wait for the end of the input, and break the main thread off."""
    while os.read(orders, 1 << 16):
        pass
    _thread.interrupt_main()


def _do(job: Job, answers: int) -> int:
    """Score a file, and tell how far it is and how it ended."""
    trust(*job.trusted)
    try:
        done = score(job, lambda rows, total: _tell(answers, "progress", rows, total))
    except FitscribeError as error:
        _tell_last(answers, "error", type(error).__name__, str(error))
        return 1
    _tell_last(answers, "done", done.path, done.rows, done.parts, done.columns)
    return 0


def _tell(answers: int, *values: Any) -> None:
    """Write a line; without a buffer, of which a reader who has gone could make an error."""
    left = json.dumps(values).encode() + b"\n"
    while left:
        left = left[os.write(answers, left) :]


def _tell_last(answers: int, *values: Any) -> None:
    """Write the last line, after which nobody waits for us: that breaks off nothing."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _tell(answers, *values)
