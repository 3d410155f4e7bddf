"""Virtual environments for models, kept in a folder and found again by what is in them."""

from __future__ import annotations

import contextlib
import hashlib
import platform
import shutil
import sys
import sysconfig
import time
import uuid
from pathlib import Path

from fitscribe.errors import StoreUnavailable
from fitscribe.modelfolder.model_environment import (
    ModelEnvironment,
    create_environment,
    minor_of,
    python_in,
)

__all__ = ["environment_key", "kept_environment"]

# An unfinished one is left by a process that was killed; so old, nobody works on it.
OLD = 24 * 3600.0


def environment_key(environment: ModelEnvironment, uv: str | None) -> str:
    """Return the name of an environment: a digest of all that decides what is in it.

    Parameters
    ----------
    environment : ModelEnvironment
        Its lines as they stand, and its version of Python.
    uv : str or None
        None means that the Python that runs this makes it, whatever the model asks for.
    """
    here = platform.python_version()
    python = here if uv is None else minor_of(environment.python) or minor_of(here)
    # A home may be shared by machines of several kinds.
    parts = ["1", str(python), sys.implementation.name, sysconfig.get_platform(), environment.text]
    parts += [str(one) for one in environment.constraints]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def kept_environment(environment: ModelEnvironment, folder: Path, uv: str | None = None) -> Path:
    """Return the Python of an environment, which is made where it is not there yet.

    It is made under a temporary name and renamed when all is installed: what was broken off is
    never taken for an environment, and of several processes that make the same one, the first to
    end wins. Only its Python is run, which finds its place by ``pyvenv.cfg`` beside it; the paths
    in its scripts are those of the temporary name.

    Parameters
    ----------
    environment : ModelEnvironment
    folder : Path
        Where environments are kept; made where it is not there.
    uv : str or None
        As for :func:`~fitscribe.modelfolder.model_environment.create_environment`.

    Raises
    ------
    FitscribeError
        If it could not be made; nothing of it is left.
    StoreUnavailable
        If the folder cannot be written.
    """
    target = folder / environment_key(environment, uv)
    if python_in(target).exists():
        return python_in(target)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _drop_old(folder)
        making = folder / f".{target.name}.{uuid.uuid4().hex[:12]}"
        create_environment(environment, making, uv=uv)
        try:
            _put(making, target)
        finally:
            shutil.rmtree(making, ignore_errors=True)
    except OSError as error:
        raise StoreUnavailable(
            f"Environments are kept in {str(folder)!r}, which cannot be written: {error}."
        ) from error
    return python_in(target)


def _put(making: Path, target: Path) -> None:
    """Give an environment its name, unless another process has been faster."""
    if target.exists() and not python_in(target).exists():
        # The Python that it was made with is gone.
        away = making.with_name(f"{making.name}.gone")
        with contextlib.suppress(FileNotFoundError):
            target.rename(away)
        shutil.rmtree(away, ignore_errors=True)
    try:
        making.rename(target)
    except OSError:
        if not python_in(target).exists():
            raise


def _drop_old(folder: Path) -> None:
    """Take away what processes left that were killed while they made one."""
    for left in folder.glob(".*"):
        with contextlib.suppress(OSError):
            if left.stat().st_mtime < time.time() - OLD:
                shutil.rmtree(left, ignore_errors=True)
