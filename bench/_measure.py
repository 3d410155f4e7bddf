"""Measuring side by side: contestants take turns in one process, in CPU time.

These machines are noisy: only ratios of one run mean something. CPU time is user and system time
of the process and of the children it waited for.
"""

from __future__ import annotations

import compileall
import gc
import importlib.util
import os
import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path

__all__ = ["alternate", "compile_package", "cpu_ms", "print_row"]


def cpu_ms() -> float:
    """Return the CPU time so far, in milliseconds, waited-for children included."""
    children = os.times()
    return time.process_time_ns() / 1e6 + (children.children_user + children.children_system) * 1e3


def compile_package() -> None:
    """Compile fitscribe to byte-code, so that no figure counts a compiler."""
    spec = importlib.util.find_spec("fitscribe")
    assert spec is not None
    assert spec.origin is not None
    compileall.compile_dir(str(Path(spec.origin).parent), quiet=2)


def alternate(
    contestants: Mapping[str, Callable[[], object]],
    repeats: int,
    warm_up: int = 2,
    before: Mapping[str, Callable[[], object]] | None = None,
) -> dict[str, float]:
    """Run every contestant in turn, `repeats` times, and return the median CPU ms of each.

    What stands in `before` under a contestant's name is done first, and not counted.
    """
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for round_number in range(warm_up + repeats):
        for name, contestant in contestants.items():
            (before or {}).get(name, gc.collect)()
            gc.collect()
            gc.disable()
            start = cpu_ms()
            contestant()
            took = cpu_ms() - start
            gc.enable()
            if round_number >= warm_up:
                times[name].append(took)
    return {name: statistics.median(taken) for name, taken in times.items()}


def print_row(label: str, cells: Mapping[str, float | str]) -> None:
    """Print one line of figures."""
    shown = (
        f"{name} {value:.2f}" if isinstance(value, float) else f"{name} {value}"
        for name, value in cells.items()
    )
    print(f"{label:28} {'  '.join(shown)}", flush=True)
