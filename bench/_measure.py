"""Measuring side by side: contestants take turns, in CPU time.

These machines are noisy: only ratios of one run mean something. CPU time is user and system time
of the process and of the children it waited for.
"""

from __future__ import annotations

import compileall
import gc
import importlib.util
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

__all__ = [
    "alternate",
    "alternate_processes",
    "compile_package",
    "cpu_ms",
    "paired",
    "print_limit",
    "print_row",
    "settle",
]

# What a fresh process prints last: what its CPU time was, in milliseconds.
TOLD = "cpu_ms "
# A file in a folder of its own takes a local file system so long, in CPU µs.
NEW_FILE = 100


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


def settle(folder: Path) -> None:
    """Wait, up to 45 s, until the file system makes new files at its own pace.

    ext4 steps over inodes that were freed in the last half minute; after something large was
    deleted (by a run of tests, say), each new file takes up to ten times as long. What is made
    here to find that out stays in `folder`.
    """
    for attempt in range(10):
        start = time.process_time_ns()
        for number in range(200):
            place = folder / f"settle-{attempt}-{number}"
            place.mkdir()
            (place / "file").touch()
        if (time.process_time_ns() - start) / 200 / 1e3 < NEW_FILE:
            return
        time.sleep(5)


def alternate(
    contestants: Mapping[str, Callable[[], object]],
    repeats: int,
    warm_up: int = 2,
    before: Mapping[str, Callable[[], object]] | None = None,
) -> dict[str, list[float]]:
    """Run every contestant in turn, `repeats` times, and return the CPU ms of each round.

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
    return times


def alternate_processes(
    scripts: Mapping[str, Sequence[str]],
    repeats: int,
    environment: Mapping[str, str] | None = None,
    warm_up: int = 1,
) -> dict[str, list[float]]:
    """Run commands in turn, each in a fresh process, and return the CPU ms of each round.

    A command that prints a line ``cpu_ms NUMBER`` is taken at its word; of another the whole
    process counts, the interpreter's own start included.
    """
    times: dict[str, list[float]] = {name: [] for name in scripts}
    for round_number in range(warm_up + repeats):
        for name, command in scripts.items():
            start = cpu_ms()
            done = subprocess.run(
                command,
                check=False,
                capture_output=True,
                text=True,
                env={**os.environ, **(environment or {})},
            )
            took = cpu_ms() - start
            if done.returncode:
                sys.exit(f"{name} failed:\n{done.stderr}")
            told = [line for line in done.stdout.splitlines() if line.startswith(TOLD)]
            if round_number >= warm_up:
                times[name].append(float(told[-1][len(TOLD) :]) if told else took)
    return times


def paired(more: Sequence[float], less: Sequence[float]) -> float:
    """Return the median of the differences between neighbours of one round."""
    return statistics.median(a - b for a, b in zip(more, less, strict=True))


def print_row(label: str, cells: Mapping[str, float | str]) -> None:
    """Print one line of figures."""
    shown = (
        f"{name} {value:.2f}" if isinstance(value, float) else f"{name} {value}"
        for name, value in cells.items()
    )
    print(f"{label:36} {'  '.join(shown)}", flush=True)


def print_limit(
    label: str, figure: float, limit: float, unit: str = "", at_least: bool = False
) -> None:
    """Print a figure, its limit, and whether it holds."""
    holds = figure >= limit if at_least else figure <= limit
    sign = "≥" if at_least else "≤"
    print(
        f"{label:52} {figure:10.2f}{unit:3}  {sign} {limit:8.2f}{unit:3}  "
        f"{'holds' if holds else 'MISSED'}",
        flush=True,
    )
