"""Hooks on public functions of scikit-learn, which stay the very functions that they are.

scikit-learn decorates them with ``validate_params``, whose wrapper keeps the undecorated function
in a cell of its closure, called ``func``. A recorder goes into that cell: names that were imported
before autologging are reached too, pickles name the same function, and to undo it is one
assignment. What is in the cell runs after the parameters were validated, so a call with invalid
ones is not recorded. The recorder has ``__wrapped__``: without it scikit-learn's validation would
silently be off.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterable
from types import CellType
from typing import Any, ClassVar, Protocol

from fitscribe.tracking.active import Scope, context_scope, scope
from fitscribe.tracking.stack import skipped_in_warnings

__all__ = [
    "CallRecorder",
    "hook_by_name",
    "hook_functions",
    "is_hooked",
    "recorded_by",
    "unhook_functions",
]

CELL = "func"


class Recording(Protocol):
    """One call while it runs; neither method raises."""

    def finished(self, result: Any) -> None:
        """The call returned."""

    def failed(self, error: BaseException) -> None:
        """The call raised."""


class CallRecorder(Protocol):
    """Decides what to do about a call; never raises."""

    def __call__(
        self, here: Scope, function: Any, args: tuple[Any, ...], kwargs: Any
    ) -> Recording | None:
        """Return a recording, or None if the call is none of ours; `here` is where it is made."""


class _Hooked:
    """What is in place in this process: each cell, and what was in it."""

    cells: ClassVar[dict[int, tuple[CellType, Any]]] = {}
    # Where a function was replaced by its name: the variables, the name, and both functions.
    names: ClassVar[list[tuple[dict[str, Any], str, Any, Any]]] = []


_lock = threading.RLock()


def hook_functions(functions: Iterable[Any], recorder: CallRecorder) -> None:
    """Record the calls of decorated functions from now on; those that are hooked stay so."""
    with _lock:
        for function in functions:
            cell = _cell_of(function)
            if cell is not None and id(cell) not in _Hooked.cells:
                original = cell.cell_contents
                _Hooked.cells[id(cell)] = (cell, original)
                cell.cell_contents = recorded_by(original, recorder)


def hook_by_name(
    function: Any, recorder: CallRecorder, places: Iterable[dict[str, Any]]
) -> Callable[..., Any]:
    """Record the calls of a function without such a cell, by the names that it has.

    Parameters
    ----------
    function : callable
    recorder : CallRecorder
    places : iterable of dict
        Variables, as modules have them; names that are bound to the function are bound to what
        records it, which is returned as well.
    """
    with _lock:
        for _, _, original, known in _Hooked.names:
            if function is original or function is known:
                return known  # type: ignore[no-any-return]
        recorded = recorded_by(function, recorder)
        for variables in places:
            for name, value in list(variables.items()):
                if value is function:
                    variables[name] = recorded
                    _Hooked.names.append((variables, name, function, recorded))
    return recorded


def unhook_functions() -> None:
    """Put everything back as it was."""
    with _lock:
        for variables, name, original, recorded in _Hooked.names:
            if variables.get(name) is recorded:
                variables[name] = original
        _Hooked.names.clear()
        for cell, original in _Hooked.cells.values():
            cell.cell_contents = original
        _Hooked.cells.clear()


def is_hooked(function: Any) -> bool:
    """Whether a function's cell records its calls."""
    cell = _cell_of(function)
    return cell is not None and id(cell) in _Hooked.cells


def _cell_of(function: Any) -> CellType | None:
    """Return the cell with the undecorated function, or None where there is none."""
    code = getattr(function, "__code__", None)
    if code is None or CELL not in code.co_freevars:
        return None
    cell: CellType = function.__closure__[code.co_freevars.index(CELL)]
    return cell


def recorded_by(original: Callable[..., Any], recorder: CallRecorder) -> Callable[..., Any]:
    """Return a function that does the same, and whose calls are recorded.

    Within another recorded call they are a part of that: scorers and metrics call one another.
    """

    def recorded(*args: Any, **kwargs: Any) -> Any:
        here = context_scope()
        if here.fit is not None or here.observing:
            return original(*args, **kwargs)
        recording = recorder(scope(), original, args, kwargs)
        if recording is None:
            return original(*args, **kwargs)
        try:
            result = original(*args, **kwargs)
        except BaseException as error:
            recording.failed(error)
            raise
        recording.finished(result)
        return result

    return functools.wraps(original)(skipped_in_warnings(recorded))
