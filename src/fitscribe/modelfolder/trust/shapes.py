"""Whether what a model holds fits together: C code trusts it to."""

from __future__ import annotations

from typing import Any

__all__ = ["check_shapes"]


def check_shapes(model: Any, what: str) -> None:
    """Raise DamagedModel if a part of a model would make C code read where nothing is."""
