"""CPU time inside scikit-learn's own fit.

A recorded fit less a bare one is the difference of two long and noisy times. What a recorder
adds stands before and after the fit itself, so it is the time around the fit that is compared.
"""

from __future__ import annotations

import functools
from typing import Any

from _measure import cpu_ms

__all__ = ["FitClock"]


class FitClock:
    """Counts the CPU time of one class's fit, below every hook.

    scikit-learn's decorator keeps the undecorated ``fit`` in a cell of its closure; a recorder
    puts itself around what is there.

    Parameters
    ----------
    cls : type
        An estimator of scikit-learn. It is measured from now on, until :meth:`remove`.

    Attributes
    ----------
    ms : float
        CPU milliseconds inside so far.
    """

    def __init__(self, cls: Any) -> None:
        self.ms = 0.0
        function = cls.fit
        place = function.__code__.co_freevars.index("fit_method")
        self._cell = function.__closure__[place]
        self._original = original = self._cell.cell_contents

        @functools.wraps(original)
        def timed(*args: Any, **options: Any) -> Any:
            start = cpu_ms()
            try:
                return original(*args, **options)
            finally:
                self.ms += cpu_ms() - start

        self._cell.cell_contents = timed

    def remove(self) -> None:
        """Put the class back as it was."""
        self._cell.cell_contents = self._original
