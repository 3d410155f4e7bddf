"""The environment's variables, read in one place."""

from __future__ import annotations

import os

__all__ = ["forget", "inherited", "inherited_by_python", "read"]

# What would give a Python of another environment this one's modules, or its place.
_OF_THIS_PYTHON = ("PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__")


def read(name: str) -> str | None:
    """Return a variable's value, or None where it is unset or empty."""
    return os.environ.get(name) or None


def forget(name: str) -> None:
    """Unset a variable in this process and in those that it starts from now on."""
    os.environ.pop(name, None)


def inherited(**more: str) -> dict[str, str]:
    """Return the variables of a process that we start: this one's, and some more."""
    return {**os.environ, **more}


def inherited_by_python() -> dict[str, str]:
    """Return the variables of a Python of another environment that we start."""
    return {name: value for name, value in os.environ.items() if name not in _OF_THIS_PYTHON}
