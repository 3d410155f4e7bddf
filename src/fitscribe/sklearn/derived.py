"""Whether an array was made of a prediction: a column of it, a threshold, rounded, clipped, …

Only what is hard to be by chance counts. A constant is derived from everything, so from nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["FEWEST_ROWS", "Unknown", "is_constant"]

Array = NDArray[Any]

# With fewer rows, a threshold or an order may fit by chance.
FEWEST_ROWS = 8
MOST_STEPS = 256
SAMPLE = 64
MOST_COLUMNS = 64
DECIMALS = range(7)
# Functions that people put over a whole prediction.
_FUNCTIONS: tuple[Callable[[Any], Any], ...] = (
    np.exp,
    np.log,
    np.expm1,
    np.log1p,
    np.sqrt,
    np.square,
    lambda p: 1 / (1 + np.exp(-p)),
    lambda p: np.log(p / (1 - p)),
)


def is_constant(values: Array) -> bool:
    """Whether all values are one value."""
    flat = values.ravel()
    return not len(flat) or bool((flat == flat[0]).all())


class Unknown:
    """An array whose origin is asked for; what is needed of it is computed once.

    Parameters
    ----------
    values : ndarray
        Of float64 or of objects (texts).
    rows_a_step : int
        With fewer rows for each distinct value it is no steps of something.

    Examples
    --------
    >>> import numpy as np
    >>> p = np.linspace(0, 1, 11)
    >>> Unknown((p > 0.4).astype(float)).is_made_of(p, None)
    True
    >>> Unknown(np.ones(11)).is_made_of(p, None)
    False
    """

    def __init__(self, values: Array, rows_a_step: int = 2) -> None:
        self.values = values
        self._rows_a_step = rows_a_step
        self.rows = len(values) if values.ndim else 0
        self._is_constant = is_constant(values)
        self._sample: tuple[Unknown, int] | None = None
        self._codes: Array | None = None
        self._order: Array | None = None
        self._starts: Array | None = None

    def is_made_of(self, prediction: Array, classes: Array | None) -> bool:
        """Return whether it was made of a prediction; `classes` are those of its columns."""
        mine = self.values
        if self._is_constant or not mine.size:
            return False
        if self.rows > 4 * SAMPLE and len(prediction) == self.rows:
            # What holds of all rows holds of some; most that is nobody's is known by a few.
            if self._sample is None:
                step = self.rows // SAMPLE
                self._sample = Unknown(mine[::step], 1), step
            some, step = self._sample
            if not some._is_constant and not some.is_made_of(prediction[::step], classes):
                return False
        if mine.shape == prediction.shape and _same(mine, prediction):
            return True
        if mine.ndim == 2 and mine.shape[1] > 1:
            return self._has_columns_of(prediction)
        if mine.size != len(prediction):
            return mine.size == prediction.size and _same(mine.ravel(), prediction.ravel())
        flat = mine.ravel()
        if prediction.ndim == 1 or prediction.shape[1] == 1:
            return self._is_function_of(flat, prediction.ravel())
        if prediction.shape[1] > MOST_COLUMNS:
            return False
        if any(_same(flat, column) for column in prediction.T):
            return True
        if self._is_argmax_of(flat, prediction, classes):
            return True
        return any(self._is_function_of(flat, column) for column in prediction.T)

    def _has_columns_of(self, prediction: Array) -> bool:
        """Whether each column is a column of the prediction."""
        mine = self.values
        if prediction.ndim != 2 or len(prediction) != len(mine):
            return False
        if max(prediction.shape[1], mine.shape[1]) > MOST_COLUMNS:
            return False
        if mine.dtype == object:
            return False
        if mine.shape == prediction.shape and _is_affine(mine.ravel(), prediction.ravel()):
            return True
        return all(any(_same(one, other) for other in prediction.T) for one in mine.T)

    def _is_argmax_of(self, flat: Array, prediction: Array, classes: Array | None) -> bool:
        if prediction.dtype == object or self.rows < FEWEST_ROWS:
            return False
        chosen = np.argmax(prediction, axis=1)
        if _same(flat, chosen):
            return True
        if classes is not None and len(classes) == prediction.shape[1]:
            return _same(flat, np.asarray(classes)[chosen])
        return False

    def _is_function_of(self, flat: Array, p: Array) -> bool:
        """Whether each value is a function of the prediction's, of a kind that people use."""
        if p.dtype == object:
            return self._is_renamed(flat, p)
        if len(flat) < FEWEST_ROWS:
            return False
        if self._is_step_of(p):
            return True
        if flat.dtype == object:
            return self._is_renamed(flat, p)
        if any(_same(flat, candidate) for candidate in _transformed(p, flat)):
            return True
        return _is_affine(flat, p) or self._is_renamed(flat, p)

    def _steps(self) -> tuple[Array, Array, Array] | None:
        """Return distinct values' codes, rows by code, and where each code starts; or None."""
        if self._codes is None:
            distinct, codes = _distinct(self.values.ravel())
            if distinct > MOST_STEPS or distinct * self._rows_a_step > len(codes):
                self._codes = np.empty(0, dtype=np.intp)
            else:
                self._codes = codes
                self._order = np.argsort(codes, kind="stable")
                self._starts = np.searchsorted(codes[self._order], np.arange(distinct))
        if not len(self._codes) or self._order is None or self._starts is None:
            return None
        return self._codes, self._order, self._starts

    def _is_step_of(self, p: Array) -> bool:
        """Whether rows of equal value are intervals of the prediction: thresholds, bins, rounds.

        Numbers have to rise or fall with it; texts may be in any order.
        """
        steps = self._steps()
        if steps is None or is_constant(p):
            return False
        _, order, starts = steps
        sorted_p = p[order]
        lows, highs = np.minimum.reduceat(sorted_p, starts), np.maximum.reduceat(sorted_p, starts)
        if np.isnan(lows).any():
            return False
        if self.values.dtype == object:
            by_low = np.argsort(lows, kind="stable")
            lows, highs = lows[by_low], highs[by_low]
            return bool((highs[:-1] < lows[1:]).all())
        return bool((highs[:-1] < lows[1:]).all() or (lows[:-1] > highs[1:]).all())

    def _is_renamed(self, flat: Array, labels: Array) -> bool:
        """Whether both name the same groups of rows (labels under other names)."""
        steps = self._steps()
        if steps is None or self.rows < FEWEST_ROWS:
            return False
        mine, order, starts = steps
        distinct, codes = _distinct(labels)
        if distinct != len(starts):
            return False
        firsts = codes[order[starts]]
        return len(set(firsts.tolist())) == distinct and bool((firsts[mine] == codes).all())


def _distinct(flat: Array) -> tuple[int, Array]:
    """Return how many distinct values there are, and each one's code."""
    if flat.dtype == object:
        known: dict[Any, int] = {}
        codes = np.fromiter(
            (known.setdefault(str(value), len(known)) for value in flat.tolist()),
            dtype=np.intp,
            count=len(flat),
        )
        return len(known), codes
    values, codes = np.unique(flat, return_inverse=True)
    return len(values), codes.reshape(-1)


def _same(one: Array, other: Array) -> bool:
    """Whether values are equal, NaN to NaN; a sample is looked at first."""
    if one.shape != other.shape:
        return False
    if one.dtype == object or other.dtype == object:
        return bool(list(map(str, one.ravel().tolist())) == list(map(str, other.ravel().tolist())))
    step = max(1, one.size // 16) if one.ndim == 1 else 1
    if one.ndim == 1 and not _equal(one[::step], other[::step]):
        return False
    return _equal(one, other)


def _equal(one: Array, other: Array) -> bool:
    return bool(((one == other) | ((one != one) & (other != other))).all())


def _transformed(p: Array, flat: Array) -> Iterator[Array]:
    """Yield what people make of predictions: rounded, clipped, in float32, exponentials, …"""
    with np.errstate(all="ignore"):
        yield p.astype(np.float32).astype(np.float64)
        for decimals in DECIMALS:
            yield np.round(p, decimals)
        yield np.trunc(p)
        yield np.floor(p)
        yield np.ceil(p)
        yield np.abs(p)
        low, high = flat.min(), flat.max()
        yield np.clip(p, low, high)
        for function in _FUNCTIONS:
            found = function(p)
            yield found
            # A clip after it, as max(0, expm1(p)).
            yield np.clip(found, low, high)


def _is_affine(flat: Array, p: Array) -> bool:
    """Whether it is the prediction, scaled and shifted (units, 1 - p)."""
    low, high = int(np.argmin(p)), int(np.argmax(p))
    spread = p[high] - p[low]
    if not np.isfinite(spread) or spread == 0 or len(flat) < FEWEST_ROWS:
        return False
    slope = (flat[high] - flat[low]) / spread
    if not np.isfinite(slope) or slope == 0:
        return False
    expected = flat[low] + slope * (p - p[low])
    return bool(np.allclose(flat, expected, rtol=1e-9, atol=1e-9 * abs(slope * spread)))
