"""Time inside scikit-learn's own function.

A recorded call less a bare one is the difference of two long and noisy times. What a recorder
adds stands before and after the function itself, so it is the time around it that is compared.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

__all__ = ["InnerClock"]

# Where scikit-learn's decorators keep what they decorate: of ``fit``, and of functions.
CELLS = ("fit_method", "func")


class InnerClock:
    """Counts the time inside one function, below every hook.

    scikit-learn's decorators keep the undecorated function in a cell of their closure; a recorder
    puts itself around what is there.

    Parameters
    ----------
    function : function
        A function or method of scikit-learn. It is measured from now on, until :meth:`remove`.
    now : callable
        Returns the time so far.

    Attributes
    ----------
    inside : float
        What was spent inside so far, in units of `now`.
    """

    def __init__(self, function: Any, now: Callable[[], float]) -> None:
        self.inside = 0.0
        names = function.__code__.co_freevars
        place = next(names.index(name) for name in CELLS if name in names)
        self._cell = function.__closure__[place]
        self._original = original = self._cell.cell_contents

        @functools.wraps(original)
        def timed(*args: Any, **options: Any) -> Any:
            start = now()
            try:
                return original(*args, **options)
            finally:
                self.inside += now() - start

        self._cell.cell_contents = timed

    def remove(self) -> None:
        """Put the function back as it was."""
        self._cell.cell_contents = self._original
