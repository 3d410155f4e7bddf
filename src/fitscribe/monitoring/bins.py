"""Where numbers are counted: bins between quantiles, or the few values that there are.

Values come sorted. Their quantiles are then places in the sorted values, and counts are
differences of places, so a million values cost 63 searches.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fitscribe.monitoring.column import Bins, Kind, Level, Levels

__all__ = ["FEWEST", "MOST_BINS", "Ordered", "bins_of", "counted_in", "counted_on", "levels_of"]

Floats = NDArray[np.float64]
Counts = NDArray[np.intp]

MOST_BINS = 64
# A bin of the reference holds so many rows at least, and a level with fewer is not named: what a
# few rows hold may be about people.
FEWEST = 5
# A few whole numbers may be different by chance.
FEWEST_IDENTIFIERS = 10


@dataclass(frozen=True)
class Ordered:
    """Sorted finite values, and how many zeros a sparse column has besides."""

    values: Floats
    zeros: int = 0

    @property
    def count(self) -> int:
        """How many values there are, zeros too."""
        return len(self.values) + self.zeros

    def at(self, places: Counts) -> Floats:
        """Return the values at places of all values in order."""
        if not self.zeros:
            return self.values[places]
        below = int(np.searchsorted(self.values, 0.0))
        stored = np.where(places < below, places, places - self.zeros)
        is_zero = (places >= below) & (places < below + self.zeros)
        if not len(self.values):
            return np.zeros(len(places))
        found = self.values[np.where(is_zero, 0, stored)]
        return np.where(is_zero, 0.0, found)

    def up_to(self, limits: Floats) -> Counts:
        """Return how many values are not above each limit."""
        found: Counts = self.values.searchsorted(limits, "right")
        return found + self.zeros * (limits >= 0) if self.zeros else found

    def below(self, limits: Floats) -> Counts:
        """Return how many values are below each limit."""
        found: Counts = self.values.searchsorted(limits, "left")
        return found + self.zeros * (limits > 0) if self.zeros else found

    def distinct(self) -> int:
        """Return how many different values there are."""
        stored = self.values
        found = int(np.count_nonzero(stored[1:] != stored[:-1])) + bool(len(stored))
        if not self.zeros:
            return found
        place = int(stored.searchsorted(0.0))
        return found + (place == len(stored) or stored[place] != 0.0)

    def distinct_values(self) -> Floats:
        """Return the different values, ascending."""
        stored = self.values
        first = np.ones(len(stored), dtype=bool)
        np.not_equal(stored[1:], stored[:-1], out=first[1:])
        found: Floats = stored[first] + 0.0  # no negative zero
        return np.union1d(found, [0.0]) if self.zeros else found


def counted_in(ordered: Ordered, kind: Kind) -> tuple[Kind, Bins | None, Levels | None]:
    """Return where the values of a reference are counted, with their counts, and their kind.

    Numbers of at most 64 different values, each five times on average, are levels. Whole numbers
    that are all different are called an identifier.
    """
    distinct = ordered.distinct()
    if distinct <= MOST_BINS and distinct * FEWEST <= ordered.count:
        return kind, None, _frequent(ordered, kind)
    are_different = distinct == ordered.count
    if are_different and kind != "datetime" and _are_identifiers(ordered.values, kind):
        return "identifier", _rounded_bins(ordered), None
    return kind, bins_of(ordered, are_different), None


def _are_identifiers(values: Floats, kind: Kind) -> bool:
    """Return whether values, known to be different, may be somebody's number each."""
    if len(values) < FEWEST_IDENTIFIERS:
        return False
    # Most that are not whole are known by their first.
    first = values.item(0)
    if first != first // 1 or not (values == np.floor(values)).all():
        return False
    # Floats as large as that are all whole.
    return kind == "integer" or max(-first, values.item(-1)) < 2**53


def _frequent(ordered: Ordered, kind: Kind) -> Levels:
    """Return the values that are there often enough to be named, as levels."""
    found = levels_of(ordered, ordered.distinct_values())
    pairs = [(v, n) for v, n in zip(*found[:2], strict=True) if n >= FEWEST]
    named: list[Level] = [value for value, _ in pairs]
    if kind == "boolean":
        named = [bool(value) for value in named]
    elif kind == "integer":
        named = [int(value) for value in named]
    counts = tuple(count for _, count in pairs)
    return Levels(tuple(named), counts, ordered.count - sum(counts))


def levels_of(ordered: Ordered, values: Floats) -> tuple[list[float], list[int], int]:
    """Return values, how often each is there, and how many are none of these."""
    counts = ordered.up_to(values) - ordered.below(values)
    return values.tolist(), counts.tolist(), ordered.count - int(counts.sum())


def bins_of(ordered: Ordered, are_different: bool = False) -> Bins:
    """Return bins with (nearly) equal counts; edges are values.

    Parameters
    ----------
    ordered : Ordered
        The values.
    are_different : bool
        Whether no two are equal, so that counts need not be looked up.
    """
    places, counts = _quantiles(ordered.count)
    edges = ordered.at(places) + 0.0  # no negative zero
    if are_different:
        return Bins(tuple(edges.tolist()), counts)
    return _counts(ordered, _useful(edges, ordered))


@functools.lru_cache(maxsize=64)
def _quantiles(count: int) -> tuple[Counts, tuple[int, ...]]:
    """Return the places of the inner edges among so many sorted values, and the counts between."""
    wanted = max(1, min(MOST_BINS, count // FEWEST))
    ends = (np.arange(1, wanted) * count + wanted - 1) // wanted
    return ends - 1, tuple(np.diff(ends, prepend=0, append=count).tolist())


def _rounded_bins(ordered: Ordered) -> Bins:
    """Return bins of integers whose edges, rounded to a hundredth of the range, are no values."""
    places, _ = _quantiles(ordered.count)
    if not len(places):
        return Bins((), (ordered.count,))
    low, high = ordered.at(np.array([0, ordered.count - 1])).tolist()
    step = 10.0 ** max(0.0, np.floor(np.log10((high - low) / 100)))
    edges = np.floor(ordered.at(places) / step) * step + 0.5
    return _counts(ordered, _useful(edges, ordered))


def _useful(edges: Floats, ordered: Ordered) -> Floats:
    """Return each edge once; the last bin would be empty above the largest value."""
    keep = edges < ordered.at(np.array([ordered.count - 1])) if len(edges) else edges > 0
    keep[1:] &= edges[1:] != edges[:-1]
    return edges[keep]


def _counts(ordered: Ordered, edges: Floats) -> Bins:
    bounds = np.zeros(len(edges) + 2, dtype=np.intp)
    bounds[1:-1] = ordered.up_to(edges)
    bounds[-1] = ordered.count
    return Bins(tuple(edges.tolist()), tuple((bounds[1:] - bounds[:-1]).tolist()))


def counted_on(
    ordered: Ordered, bins: Bins | None, levels: Levels | None
) -> tuple[Bins | None, Levels | None]:
    """Return counts on the bins or levels of a reference."""
    if bins is not None:
        return _counts(ordered, np.array(bins.edges, dtype=np.float64)), None
    if levels is not None:
        values: NDArray[Any] = np.array(levels.values, dtype=np.float64)
        _, counts, rest = levels_of(ordered, values)
        return None, Levels(levels.values, tuple(counts), rest)
    return None, None
