"""What a person reads in a terminal: tables, times, colours where they are wanted."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import asdict, is_dataclass
from typing import Any

from fitscribe import config
from fitscribe.core.paging import MOST_RESULTS
from fitscribe.errors import FitscribeError

__all__ = [
    "ago",
    "coloured",
    "count",
    "duration",
    "number",
    "one_line",
    "print_error",
    "print_json",
    "print_table",
]

COLOURS = {"FINISHED": "32", "FAILED": "31", "KILLED": "33", "RUNNING": "36", "heading": "1"}
GAP = "  "


def coloured(text: str, kind: str) -> str:
    """Return text in the colour of a status, where the terminal and NO_COLOR let us."""
    code = COLOURS.get(kind)
    if code is None or not sys.stdout.isatty() or config.NO_COLOR.get() is not None:
        return text
    return f"\x1b[{code}m{text}\x1b[0m"


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print columns; the first is cut where the terminal is too narrow, numbers stand right."""
    body = [[one_line(cell) for cell in row] for row in rows]
    widths = [
        max(_width(cell) for cell in column) for column in zip(*([headings, *body]), strict=True)
    ]
    room = _room() - sum(widths[1:]) - len(GAP) * (len(widths) - 1)
    widths[0] = max(min(widths[0], room), 12)
    right = [_is_number_column([row[place] for row in body]) for place in range(len(widths))]
    for place, row in enumerate([list(headings), *body]):
        cells = [_fit(cell, widths[at], right[at]) for at, cell in enumerate(row)]
        kinds = ["heading"] * len(row) if place == 0 else row
        shown = [coloured(cell, kind) for cell, kind in zip(cells, kinds, strict=True)]
        print(GAP.join(shown).rstrip())


def _room() -> int:
    return shutil.get_terminal_size((120, 24)).columns if sys.stdout.isatty() else 10_000


def one_line(text: str) -> str:
    """Return text without line breaks and control characters, which could drive a terminal."""
    return "".join(" " if unicodedata.category(c).startswith("C") else c for c in text)


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _fit(text: str, width: int, right: bool) -> str:
    if _width(text) > width:
        while _width(text) > width - 1:
            text = text[:-1]
        text += "…"
    space = " " * (width - _width(text))
    return space + text if right else text + space


def _is_number_column(cells: Sequence[str]) -> bool:
    filled = [cell for cell in cells if cell]
    return bool(filled) and all(cell[0] in "-0123456789" for cell in filled)


def number(value: float | None) -> str:
    """Return a metric as people read it; empty where there is none."""
    return "" if value is None else f"{value:.4g}"


def ago(milliseconds: int | None) -> str:
    """Return ``3 min ago`` for a time since 1970 UTC."""
    if milliseconds is None:
        return ""
    seconds = max(time.time() - milliseconds / 1000, 0.0)
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{int(seconds // size)} {unit} ago"
    return f"{int(seconds)} s ago"


def duration(start: int, end: int | None) -> str:
    """Return how long a run took."""
    if end is None or end < start:  # times that a client made up
        return ""
    seconds = (end - start) / 1000
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{int(seconds // 60)} min {int(seconds % 60)} s"


def count(text: str) -> int:
    """Return how many results an option asks for."""
    number = int(text) if text.isascii() and text.isdigit() else 0
    if not 1 <= number <= MOST_RESULTS:
        raise argparse.ArgumentTypeError(
            f"give an integer from 1 to {MOST_RESULTS}, not {text!r:.40}"
        )
    return number


def print_error(error: FitscribeError) -> None:
    """Print an error's message on standard error; its lines stay (one may point at a place)."""
    lines = [one_line(line) for line in f"fitscribe: {error}".split("\n")]
    print("\n".join(lines), file=sys.stderr)


def print_json(value: Any) -> None:
    """Print entities as JSON; NaN and infinities as text, as MLflow's protocol writes them."""
    print(json.dumps(_plain(value), indent=2, ensure_ascii=False, allow_nan=False))


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value))
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float) and (value != value or abs(value) == float("inf")):
        return "NaN" if value != value else ("Infinity" if value > 0 else "-Infinity")
    return value
