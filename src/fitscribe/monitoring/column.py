"""What is kept of one column: the record, and what two records of one column are together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from fitscribe.errors import InvalidParameter
from fitscribe.monitoring.moments import Moments

__all__ = ["Bins", "ColumnProfile", "Kind", "Level", "Levels", "is_like"]

Kind: TypeAlias = Literal[
    "number", "integer", "boolean", "text", "category", "datetime", "identifier", "other"
]
Level: TypeAlias = str | bool | int | float

# Kinds in one group are counted in the same way: integers that were floats once are no drift.
_GROUPS = {
    "number": "numbers",
    "integer": "numbers",
    "boolean": "numbers",
    "identifier": "numbers",
    "text": "texts",
    "category": "texts",
    "datetime": "times",
    "other": "other",
}


def is_like(kind: Kind, other: Kind) -> bool:
    """Return whether values of both kinds can be counted in the same bins or levels."""
    return _GROUPS[kind] == _GROUPS[other]


@dataclass(frozen=True)
class Bins:
    """How many values lie between edges.

    Parameters
    ----------
    edges : tuple of float
        The inner edges, ascending; the outer bins have no end.
    counts : tuple of int
        One more than edges. Bin ``i`` holds what is above ``edges[i - 1]`` and up to
        ``edges[i]``.
    """

    edges: tuple[float, ...]
    counts: tuple[int, ...]

    def merge(self, other: Bins) -> Bins:
        """Return the counts of both; the edges are known to be equal."""
        return Bins(self.edges, _sums(self.counts, other.counts))


@dataclass(frozen=True)
class Levels:
    """How often each of a few values is there.

    Parameters
    ----------
    values : tuple of str, bool, int or float
        Numbers ascending, texts with the most frequent one first.
    counts : tuple of int
        One for each value.
    rest : int
        How many values are none of these.
    """

    values: tuple[Level, ...]
    counts: tuple[int, ...]
    rest: int

    def merge(self, other: Levels) -> Levels:
        """Return the counts of both; the values are known to be equal."""
        return Levels(self.values, _sums(self.counts, other.counts), self.rest + other.rest)


@dataclass(frozen=True)
class ColumnProfile:
    """What a column held.

    Parameters
    ----------
    name : str
        Its label as text; the place (``"0"``) where data have no labels.
    kind : str
        ``number``, ``integer``, ``boolean``, ``text``, ``category``, ``datetime``;
        ``identifier`` for whole numbers that are all different; ``other`` for what is none of
        these, of which missing values are counted only.
    missing : int
        Cells with None, NaN, NaT or NA.
    unlike : int
        Cells that hold another kind of value than the reference's column; 0 in a reference.
    negative_infinity, positive_infinity : int
        Cells with infinities, and with integers that are too large for float64. They are in no
        bin.
    moments : Moments
        Of the finite values; of a text's the lengths in characters; of a datetime's the seconds
        since 1970, where a time without a zone is UTC. An identifier has no minimum and maximum.
    bins : Bins or None
        Of numbers and times with many distinct values.
    levels : Levels or None
        Of numbers with few distinct values, texts and categories; None for free text, whose
        values are nearly all different.

    Notes
    -----
    Counts in `bins` and `levels` are of the sampled rows, all others of all rows.
    """

    name: str
    kind: Kind
    missing: int
    unlike: int
    negative_infinity: int
    positive_infinity: int
    moments: Moments
    bins: Bins | None = None
    levels: Levels | None = None

    def merge(self, other: ColumnProfile) -> ColumnProfile:
        """Return what both columns held together.

        Raises
        ------
        InvalidParameter
            If they are counted on different bins or levels.
        """
        self._check_same_places(other)
        return ColumnProfile(
            self.name,
            self.kind,
            self.missing + other.missing,
            self.unlike + other.unlike,
            self.negative_infinity + other.negative_infinity,
            self.positive_infinity + other.positive_infinity,
            self.moments.merge(other.moments),
            self.bins.merge(other.bins) if self.bins and other.bins else None,
            self.levels.merge(other.levels) if self.levels and other.levels else None,
        )

    def without_values(self, missing: int, unlike: int) -> ColumnProfile:
        """Return the same column with the same bins and levels, in which nothing was counted."""
        bins, levels = self.bins, self.levels
        return ColumnProfile(
            self.name,
            self.kind,
            missing,
            unlike,
            0,
            0,
            Moments(0),
            bins and Bins(bins.edges, (0,) * len(bins.counts)),
            levels and Levels(levels.values, (0,) * len(levels.counts), 0),
        )

    def _check_same_places(self, other: ColumnProfile) -> None:
        mine, theirs = _places(self), _places(other)
        if mine == theirs:
            return
        whats = ("names", "kinds", "edges", "levels")
        what = next(w for w, a, b in zip(whats, mine, theirs, strict=True) if a != b)
        raise InvalidParameter(
            f"Profiles of the column {self.name!r} have different {what}, so they cannot be "
            "merged. Make both with profile_on(reference, X) on the same reference."
        )


def _places(column: ColumnProfile) -> tuple[object, ...]:
    """Return what two profiles of one column have in common."""
    edges = None if column.bins is None else column.bins.edges
    values = column.levels and [(type(value), value) for value in column.levels.values]
    return column.name, column.kind, edges, values


def _sums(some: Sequence[int], others: Sequence[int]) -> tuple[int, ...]:
    return tuple(a + b for a, b in zip(some, others, strict=True))
