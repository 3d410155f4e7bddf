"""The one guard around every step of autologging: what fails is skipped, noted, and told once.

This is the only place of fitscribe that catches every exception. A fit's own exception never
comes here. What is no ``Exception`` (Ctrl-C, ``sys.exit``) and what the handler of a signal raised
was meant for the user's code, which happened to be here: it goes on.
"""

from __future__ import annotations

import signal
import traceback
import warnings
from collections.abc import Callable
from typing import Any, TypeVar

from fitscribe.errors import FitscribeWarning
from fitscribe.tracking.stack import level_of_caller

__all__ = ["Attempts", "FitscribeWarning"]

T = TypeVar("T")


def text_of(error: BaseException) -> str:
    """Return an exception's text, or why it has none."""
    try:
        return str(error)
    except Exception as another:
        return f"(its text cannot be had: {type(another).__name__})"


def _is_failure(error: BaseException) -> bool:
    """Whether a step failed: a library written in Rust (polars) panics with no ``Exception``."""
    return isinstance(error, Exception) or type(error).__module__ == "pyo3_runtime"


def _came_by_signal(error: BaseException) -> bool:
    """Whether a signal's handler raised it: a time limit of the user's that ended just now."""
    handlers = [signal.getsignal(number) for number in signal.valid_signals()]
    codes = {getattr(handler, "__code__", None) for handler in handlers}
    return any(frame.f_code in codes for frame, _ in traceback.walk_tb(error.__traceback__))


class Attempts:
    """The steps of one recording, and what went wrong in them.

    Examples
    --------
    >>> attempts = Attempts("LogisticRegression")
    >>> attempts("count rows", lambda: len([1, 2]))
    2
    """

    def __init__(self, what: str, silent: bool = False) -> None:
        self.what = what
        self.silent = silent
        self.problems: list[str] = []
        self._told = False

    def __call__(self, step: str, do: Callable[..., T], *args: Any) -> T | None:
        """Do a step and return its result; None if it failed."""
        try:
            return do(*args)
        except BaseException as error:
            if not _is_failure(error) or _came_by_signal(error):
                raise
            self.note(f"{step}: {type(error).__name__}: {text_of(error)}")
            return None

    def note(self, problem: str) -> None:
        """Keep what could not be recorded, for the run's ``fitscribe.incomplete`` tag."""
        self.problems.append(problem[:500])

    def tell(self) -> None:
        """Warn once of what could not be recorded, unless all is to be silent."""
        if not self.problems or self._told or self.silent:
            return
        self._told = True
        more = f" (and {len(self.problems) - 1} more)" if len(self.problems) > 1 else ""
        try:
            warnings.warn(
                f"fitscribe could not record everything of {self.what}: "
                f"{self.problems[0]}{more}. The fit itself is untouched.",
                FitscribeWarning,
                stacklevel=level_of_caller(),
            )
        except FitscribeWarning:
            # Warnings are errors here (-W error), and ours must not become the fit's.
            return
