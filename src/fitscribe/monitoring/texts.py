"""How long texts are, and which of them are there often enough to be named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fitscribe.monitoring.bins import FEWEST
from fitscribe.monitoring.column import ColumnProfile, Kind, Levels
from fitscribe.monitoring.moments import Moments, moments_of
from fitscribe.monitoring.parts import Texts

__all__ = ["LONGEST_LEVEL", "MOST_LEVELS", "texts_on", "texts_profile"]

MOST_LEVELS = 64
LONGEST_LEVEL = 100
ROWS_AT_ONCE = 1 << 16


def texts_profile(
    name: str, part: Texts, rows: int, sample: NDArray[np.intp] | None
) -> ColumnProfile:
    """Return the profile of a column of texts.

    Parameters
    ----------
    name : str
        The column's name.
    part : Texts
        The column.
    rows : int
        How many it has.
    sample : ndarray of shape (n_sampled,), or None
        The rows, ascending, whose texts are counted; None for all.
    """
    missing, lengths, counts = 0, Moments(0), Counter[str]()
    for start, texts in _blocks(part, rows):
        there = _there(texts)
        missing += len(texts) - len(there)
        lengths = lengths.merge(_lengths(there))
        if sample is None:
            counts.update(there)
        else:
            first, last = sample.searchsorted([start, start + len(texts)])
            chosen = (texts[row] for row in (sample[first:last] - start).tolist())
            counts.update(text for text in chosen if text is not None)
    levels = _levels(counts, part.kind)
    return ColumnProfile(name, part.kind, missing, 0, 0, 0, lengths, None, levels)


def texts_on(reference: ColumnProfile, part: Texts, rows: int) -> ColumnProfile:
    """Return the profile of a column of texts on a reference's levels; all rows are counted."""
    missing, lengths, total = 0, Moments(0), 0
    named = reference.levels and dict.fromkeys(map(str, reference.levels.values), 0)
    for _, texts in _blocks(part, rows):
        there = _there(texts)
        missing += len(texts) - len(there)
        lengths = lengths.merge(_lengths(there))
        total += len(there)
        if named:
            counts = Counter(there)
            for text in named:
                named[text] += counts[text]
    levels = None
    if reference.levels is not None:
        found = tuple((named or {}).values())
        levels = Levels(reference.levels.values, found, total - sum(found))
    return ColumnProfile(
        reference.name,
        reference.kind,
        missing - part.unlike,
        part.unlike,
        0,
        0,
        lengths,
        None,
        levels,
    )


def _blocks(part: Texts, rows: int) -> Iterator[tuple[int, Any]]:
    for start in range(0, rows, ROWS_AT_ONCE):
        yield start, part.cut(start, min(rows, start + ROWS_AT_ONCE))


def _there(texts: Any) -> list[str]:
    return texts if None not in texts else [text for text in texts if text is not None]


def _lengths(texts: list[str]) -> Moments:
    return moments_of(np.fromiter(map(len, texts), np.float64, len(texts)))


def _levels(counts: Counter[str], kind: Kind) -> Levels | None:
    """Return the frequent texts, the most frequent first; None if it is free text."""
    total = counts.total()
    # A category is what its owner called so; its categories are still named only if frequent.
    if kind == "text" and 2 * len(counts) > total:
        return None
    frequent = [(text, n) for text, n in counts.items() if n >= FEWEST and _can_be_named(text)]
    frequent.sort(key=lambda pair: (-pair[1], pair[0]))
    named = frequent[:MOST_LEVELS]
    found = tuple(n for _, n in named)
    return Levels(tuple(text for text, _ in named), found, total - sum(found))


def _can_be_named(text: str) -> bool:
    """Return whether a text may stand in a file; half a character of UTF-16 may not."""
    if len(text) > LONGEST_LEVEL:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
