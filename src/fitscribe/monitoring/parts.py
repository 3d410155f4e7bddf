"""What data are read as: numbers side by side, numbers mostly zero, texts, and what is neither."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fitscribe.monitoring.column import Kind

__all__ = ["Numbers", "Other", "Part", "Sparse", "Table", "Texts", "seconds"]


@dataclass(frozen=True)
class Numbers:
    """Columns of numbers, as one matrix: a view of the user's where there is one.

    Parameters
    ----------
    kinds : sequence of str
        One for each column.
    matrix : ndarray of shape (n_rows, n_columns)
        Of any float, integer or boolean type; NaN is missing. Times are seconds.
    unlike : int
        How many NaN of its only column stand for values of another kind.
    """

    kinds: Sequence[Kind]
    matrix: NDArray[Any]
    unlike: int = 0


@dataclass(frozen=True)
class Sparse:
    """Columns of numbers in a sparse matrix by columns (csc), without duplicates."""

    kinds: Sequence[Kind]
    matrix: Any


@dataclass(frozen=True)
class Texts:
    """One column of texts.

    Parameters
    ----------
    kind : str
        ``text`` or ``category``.
    cut : callable
        Returns the texts of rows from the first number to before the second; what is no text is
        None.
    unlike : int
        How many None are no missing values.
    """

    kind: Kind
    cut: Callable[[int, int], Sequence[str | None]]
    unlike: int = 0


@dataclass(frozen=True)
class Other:
    """One column of something else."""

    missing: int


Part: TypeAlias = Numbers | Sparse | Texts | Other


@dataclass(frozen=True)
class Table:
    """Data with rows and columns, not read yet.

    Parameters
    ----------
    rows : int
        How many.
    names : sequence of str
        Of all columns; each once.
    is_named : bool
        Whether the data say the names; else they are places.
    read : callable
        Takes the places of the wanted columns and the kind wanted of each (or None), and yields
        parts that have these columns one after another.
    """

    rows: int
    names: Sequence[str]
    is_named: bool
    read: Callable[[Sequence[int], Sequence[Kind | None]], Iterator[Part]]


def seconds(times: NDArray[np.datetime64]) -> NDArray[np.float64]:
    """Return seconds since 1970 of ``datetime64`` of any unit, NaN for NaT.

    Examples
    --------
    >>> import numpy as np
    >>> seconds(np.array(["1970-01-02", "NaT"], "datetime64[D]"))
    array([86400.,    nan])
    """
    # In seconds the years of every unit fit; the rest of a second is small.
    whole = times.astype("datetime64[s]")
    rest = (times - whole) / np.timedelta64(1, "s")
    found: NDArray[np.float64] = whole.view(np.int64).astype(np.float64) + rest
    found[np.isnat(times)] = np.nan
    return found
