"""One line on stderr that says where the runs are: at exit, or after a notebook's first cell."""

from __future__ import annotations

import atexit
import functools
import os
import sys
from typing import Any

from fitscribe.sklearn.fit import recorded_runs
from fitscribe.sklearn.options import current
from fitscribe.tracking.connect import folder_of, path_text

__all__ = ["greet_at_end"]


@functools.cache
def greet_at_end() -> None:
    """Arrange for the line; done once a process."""
    pid = os.getpid()

    def greet() -> None:
        count, uri = recorded_runs()
        options = current()
        if count and os.getpid() == pid and not (options is not None and options.silent):
            print(sentence(count, uri), file=sys.stderr)

    if "IPython" in sys.modules:
        shell = getattr(sys.modules["IPython"], "get_ipython", lambda: None)()
        if shell is not None:
            _after_first_cell(shell, greet)
            return
    atexit.register(greet)


def _after_first_cell(shell: Any, greet: Any) -> None:
    def after_cell(result: Any) -> None:
        del result
        shell.events.unregister("post_run_cell", after_cell)
        greet()

    shell.events.register("post_run_cell", after_cell)


def sentence(count: int, uri: str) -> str:
    """Return ``3 runs in ./.fitscribe: fitscribe runs list``."""
    folder = folder_of(uri)
    where = path_text(folder) if folder is not None else uri
    if folder is not None and not os.path.isabs(where):
        where = os.path.join(".", where)
    return f"{count} run{'' if count == 1 else 's'} in {where}: fitscribe runs list"
