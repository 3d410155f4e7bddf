"""What the checks share: how they say that something does not fit."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["DoesNotFit", "array_of", "need", "within"]


class DoesNotFit(Exception):
    """A part of a model does not fit; the message says which, as part of a sentence."""


def need(fits: Any, what: str) -> None:
    """Raise DoesNotFit unless something holds; `what` is what holds in a sound model."""
    if not fits:
        raise DoesNotFit(f"for it does not hold that {what}")


def array_of(value: Any, dtype: Any, dimensions: int, what: str) -> NDArray[Any]:
    """Return an array if it is one of that type and number of dimensions."""
    need(type(value) is np.ndarray, f"{what} is an array")
    need(value.dtype == dtype, f"{what} holds {np.dtype(dtype)}")
    need(value.ndim == dimensions, f"{what} has {dimensions} dimensions")
    array: NDArray[Any] = value
    return array


def within(values: NDArray[Any], low: int, high: int, what: str) -> None:
    """Raise DoesNotFit unless all values are at least `low` and below `high`."""
    if values.size:
        need(values.min() >= low and values.max() < high, f"{what} lie in {low} to {high - 1}")
