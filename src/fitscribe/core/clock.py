"""Time and chance: the only sources of both, replaceable in tests."""

from __future__ import annotations

import os
import time

__all__ = [
    "Stopwatch",
    "new_dataset_id",
    "new_model_id",
    "new_model_uuid",
    "new_run_id",
    "now_ms",
    "short_id",
]


def now_ms() -> int:
    """Return the wall clock, in milliseconds since 1970 UTC."""
    return time.time_ns() // 1_000_000


def new_run_id() -> str:
    """Return a fresh run id: 32 hexadecimal characters, as MLflow's."""
    return os.urandom(16).hex()


def new_model_id() -> str:
    """Return a fresh logged-model id: ``m-`` and 32 hexadecimal characters, as MLflow's."""
    return "m-" + os.urandom(16).hex()


def new_model_uuid() -> str:
    """Return a fresh uuid of a model that no store knows: 32 hexadecimal characters."""
    return os.urandom(16).hex()


def new_dataset_id() -> str:
    """Return a fresh dataset id: 32 hexadecimal characters, as MLflow's."""
    return os.urandom(16).hex()


def short_id(identifier: str) -> str:
    """Return the first four characters of an id, for names that people read."""
    return identifier.removeprefix("m-")[:4]


class Stopwatch:
    """A start on the wall clock whose end is told by the monotonic clock.

    A clock that is set back during a run then never gives a negative duration.
    """

    __slots__ = ("_started", "start_ms")

    def __init__(self) -> None:
        self.start_ms = now_ms()
        self._started = time.monotonic_ns()

    def read_ms(self) -> int:
        """Return the present as start plus what has passed, in milliseconds since 1970 UTC."""
        return self.start_ms + self.elapsed_ns() // 1_000_000

    def elapsed_ns(self) -> int:
        """Return the nanoseconds since the start."""
        return time.monotonic_ns() - self._started
