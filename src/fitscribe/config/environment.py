"""The environment's variables, read in one place."""

from __future__ import annotations

import os

__all__ = ["forget", "inherited", "read"]


def read(name: str) -> str | None:
    """Return a variable's value, or None where it is unset or empty."""
    return os.environ.get(name) or None


def forget(name: str) -> None:
    """Unset a variable in this process and in those that it starts from now on."""
    os.environ.pop(name, None)


def inherited(**more: str) -> dict[str, str]:
    """Return the variables of a process that we start: this one's, and some more."""
    return {**os.environ, **more}
