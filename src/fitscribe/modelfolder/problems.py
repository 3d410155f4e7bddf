"""What is wrong with an input: everything at once, each with its place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from fitscribe.errors import InvalidParameter

__all__ = ["Problem", "refusal"]

# A frame of the wrong kind has as many problems as columns; so many are spelled out.
SHOWN = 50


class Problem(NamedTuple):
    """One thing that does not fit.

    Parameters
    ----------
    place : str
        Where: ``column 'age'``, ``the array``, ``param 'k'``.
    expected, found : str
        What the signature has there, and what the input has.
    row : int or None
        The first row whose value does not fit, counted from 0.
    hint : str
        What would do.
    """

    place: str
    expected: str
    found: str
    row: int | None = None
    hint: str = ""

    def __str__(self) -> str:
        row = "" if self.row is None else f" in row {self.row}"
        hint = f" ({self.hint})" if self.hint else ""
        return f"{self.place}: expected {self.expected}, found {self.found}{row}{hint}"


def refusal(problems: Sequence[Problem], missing: Sequence[object] = ()) -> InvalidParameter:
    """Return the error that tells all problems of an input.

    Parameters
    ----------
    problems : sequence of Problem
    missing : sequence
        Names of the required columns that are not there; MLflow's sentence tells them.
    """
    count = len(problems) + len(missing)
    lines = [
        f"Failed to enforce schema: the input does not fit the model's signature, in {count} "
        f"{'place' if count == 1 else 'places'}. Rows are counted from 0."
    ]
    if missing:
        lines.append(f"Model is missing inputs {list(missing)}.")
    lines += [f"- {problem}" for problem in problems[:SHOWN]]
    if len(problems) > SHOWN:
        lines.append(f"- and {len(problems) - SHOWN} more of these")
    return InvalidParameter("\n".join(lines), tuple(problems), tuple(missing))
