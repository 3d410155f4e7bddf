"""A file scored in the model's own environment: its Python, and the process that does it."""

from __future__ import annotations

import json
import platform
import shutil
import subprocess
import sys
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from fitscribe import config, errors
from fitscribe.batch.job import Job
from fitscribe.batch.reading import check_input
from fitscribe.errors import FitscribeError, FitscribeWarning
from fitscribe.modelfolder.kept_environments import kept_environment
from fitscribe.modelfolder.model_environment import ModelEnvironment, minor_of
from fitscribe.modelfolder.read import check_trust, open_folder
from fitscribe.modelfolder.scoring_environment import scoring_environment
from fitscribe.modelfolder.trust.names import trusted
from fitscribe.tracking.addresses import locate_model
from fitscribe.tracking.stack import level_of_caller

__all__ = ["Scored", "environments_folder", "scored_apart"]

Progress = Callable[[int, int | None], object]

# What the other Python is told to do. The package that runs here is found there by its own file:
# its folder on the path would bring along all that is installed beside it, whose versions are not
# the model's. What fitscribe depends on is installed there.
_BEGIN = """
import importlib.util, os, sys
file = sys.argv[1]
found = importlib.util.spec_from_file_location(
    "fitscribe", file, submodule_search_locations=[os.path.dirname(file)]
)
package = sys.modules["fitscribe"] = importlib.util.module_from_spec(found)
found.loader.exec_module(package)
from fitscribe.batch.child import main
sys.exit(main())
"""
_PACKAGE = Path(__file__).parents[1] / "__init__.py"
# So long has it to take its half file away, in seconds; compiled code may not hear of it before.
PATIENCE = 10.0


class Scored(NamedTuple):
    """What another process wrote; fields as of :class:`~fitscribe.batch.score.PredictedFile`."""

    path: str
    rows: int
    parts: int
    columns: tuple[str, ...]


def environments_folder() -> Path:
    """Return where environments of models are kept."""
    return config.cache_path() / "environments"


def scored_apart(job: Job, progress: Progress | None) -> Scored:
    """Score a file by a process in the model's environment, which is made if it is not there.

    The model is looked up here, once, so that the other process needs no store. It holds the
    folder against the same digest, with the same settings and the same trusted names.

    Raises
    ------
    FitscribeError
        What the other process would raise here; or if it, or the environment, breaks off.
    """
    check_trust(job.trust)
    check_input(Path(job.input_path))
    folder, digest = locate_model(job.model_uri)
    job = replace(job, folder=str(folder), digest=digest, trusted=tuple(trusted()))
    line = job.to_line()
    environment = scoring_environment(open_folder(folder, digest), job.trust)
    uv = shutil.which("uv")
    if uv is None:
        _warn_of_python(environment)
    python = kept_environment(environment, environments_folder(), uv)
    try:
        return _asked(python, line, progress)
    finally:
        Path(job.temporary).unlink(missing_ok=True)  # of one that had to be killed


def _warn_of_python(environment: ModelEnvironment) -> None:
    here = platform.python_version()
    if minor_of(environment.python) not in (None, minor_of(here)):
        warnings.warn(
            f"The model was written by Python {environment.python}, and its environment has "
            f"{here}: install uv, which finds the other.",
            FitscribeWarning,
            stacklevel=level_of_caller(),
        )


def _asked(python: Path, line: str, progress: Progress | None) -> Scored:
    """Start the process, give it its job, and follow it to its end."""
    # -I: neither the working directory nor PYTHONPATH brings modules along.
    command = [str(python), "-I", "-c", _BEGIN, str(_PACKAGE)]
    try:
        # In a group of its own, so that Ctrl-C comes to us alone, and it is told by us.
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None if sys.__stderr__ is not None else subprocess.DEVNULL,
            env=config.inherited_by_python(),
            encoding="utf-8",
            **_apart(),
        )
    except OSError as error:
        raise FitscribeError(f"{str(python)!r} cannot be run: {error}.") from error
    try:
        return _followed(process, line, progress)
    finally:
        _end(process)


def _apart() -> dict[str, Any]:
    """Return what starts a process in a group of its own."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}


def _followed(process: subprocess.Popen[str], line: str, progress: Progress | None) -> Scored:
    """Read what a process tells until it is done. Raises what it raised."""
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(line)
        process.stdin.flush()
    except OSError:  # it has ended already
        pass
    for told in process.stdout:
        kind, *values = json.loads(told)
        if kind == "progress" and progress is not None:
            progress(*values)
        elif kind == "error":
            raise _error(*values)
        elif kind == "done":
            path, rows, parts, columns = values
            return Scored(path, rows, parts, tuple(columns))
    status = process.wait()
    raise FitscribeError(
        f"The process in the model's environment ended with {status} and no answer; what it "
        "printed stands before this. Nothing was written. Ask the model in this process "
        '(env="local", --env local) to see whether it is the environment.'
    )


def _error(name: str, message: str) -> FitscribeError:
    """Return an error of another process."""
    kind = getattr(errors, name) if name in errors.__all__ else FitscribeError
    made: FitscribeError = kind(message)
    return made


def _end(process: subprocess.Popen[str]) -> None:
    """Let a process end: at once if it is done, else as by Ctrl-C, else by force."""
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        try:
            process.stdin.close()  # by which it knows
        except OSError:
            pass
        process.stdout.close()
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        pass
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
