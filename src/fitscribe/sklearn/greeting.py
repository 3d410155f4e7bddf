"""One line on stderr that says where the runs are: at exit, or after a notebook's first cell."""

from __future__ import annotations

import atexit
import contextlib
import functools
import os
import shlex
import sys
from collections.abc import Callable
from typing import Any

from fitscribe.core.uris import masked, scheme_of
from fitscribe.sklearn.calls import recorded_runs
from fitscribe.tracking.connect import folder_of, nearest_home, path_text

__all__ = ["greet_at_end"]


class _Wanted:
    """Whether the line is wanted: what ``autolog`` was told last, whoever turned it off since."""

    line = True


def greet_at_end(silent: bool) -> None:
    """Arrange for the line, once a process; the last call says whether it is wanted."""
    _Wanted.line = not silent
    _arrange()


@functools.cache
def _arrange() -> None:
    pid = os.getpid()

    def greet() -> bool:
        """Print the line if there is something to tell; return whether there was."""
        count, uri = recorded_runs()
        # Without a standard error, print() would take the standard output.
        if count and os.getpid() == pid and _Wanted.line and sys.stderr is not None:
            with contextlib.suppress(OSError, ValueError):  # it is closed: nobody listens
                print(sentence(count, uri), file=sys.stderr)
        return count > 0

    if "IPython" in sys.modules:
        shell = getattr(sys.modules["IPython"], "get_ipython", lambda: None)()
        if shell is not None:
            _after_first_cell(shell, greet)
            return
    atexit.register(greet)


def _after_first_cell(shell: Any, greet: Callable[[], bool]) -> None:
    """Greet after the first cell that recorded something, which may not be autolog's own."""

    def after_cell(result: Any) -> None:
        del result
        if greet():
            shell.events.unregister("post_run_cell", after_cell)

    shell.events.register("post_run_cell", after_cell)


def sentence(count: int, uri: str) -> str:
    """Return ``3 runs in ./.fitscribe: fitscribe runs list``, a command that shows these runs."""
    folder = folder_of(uri)
    where = path_text(folder) if folder is not None else masked(uri)
    if folder is not None and not os.path.isabs(where):
        where = os.path.join(".", where)
    command = "fitscribe runs list"
    if scheme_of(uri) == "file" and folder is not None and folder != nearest_home():
        command += f" --uri {shlex.quote(where)}"
    elif scheme_of(uri) != "file" and masked(uri) == uri:
        command += f" --uri {shlex.quote(uri)}"
    return f"{count} run{'' if count == 1 else 's'} in {where}: {command}"
