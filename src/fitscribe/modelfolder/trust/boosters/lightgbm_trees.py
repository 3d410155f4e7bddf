"""LightGBM's trees: whether the lines of each are those of a tree.

Numbers of all trees are read at once: a booster has thousands, of thirty leaves each.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fitscribe.modelfolder.trust.boosters.heights import check_heights
from fitscribe.modelfolder.trust.shapes.fits import DoesNotFit, need

__all__ = ["Trees", "numbers", "whole"]

# LightGBM reads no more lines of a tree.
MOST_LINES = 22
_SPACE = ord(" ")
_WHOLE = b"0123456789- "
_REAL = b"0123456789+-.eEinfa "
_REALS = re.compile(rb"(?:[+-]?(?:[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?|inf|nan)(?: |$))*+")
# What each inner node has, and each leaf: whole numbers first.
_NODES = (
    *(b"left_child", b"right_child", b"split_feature", b"decision_type"),
    *(b"threshold", b"split_gain", b"internal_value", b"internal_weight", b"internal_count"),
)
_LEAVES = (b"leaf_value", b"leaf_weight", b"leaf_count")
_EACH = (b"shrinkage",)
_OTHERS = (
    b"cat_boundaries cat_threshold is_linear leaf_coeff leaf_const leaf_features num_cat "
    b"num_features num_leaves"
)
_KNOWN = frozenset((*_NODES, *_LEAVES, *_EACH, *_OTHERS.split()))
_NEEDED = frozenset((b"left_child", b"right_child", b"split_feature", b"threshold"))
Lines = dict[bytes, bytes]
Ints = NDArray[np.int64]


def whole(lines: Lines, key: bytes) -> int:
    """Return the whole number that a line gives."""
    found = lines.get(key, b"")
    if not found.removeprefix(b"-").isdigit() or len(found) > 11:
        raise DoesNotFit(f"for {key.decode()} is no number")
    return int(found)


def numbers(values: Sequence[bytes], key: bytes, dtype: Any = np.int64) -> NDArray[Any]:
    """Return the numbers of lines, one after the other."""
    text = b" ".join(values)
    allowed = _WHOLE if dtype is np.int64 else _REAL
    if text.translate(None, allowed):
        raise DoesNotFit(f"for {key.decode()} are no numbers")
    with warnings.catch_warnings():
        # What numpy does not read it says so, and stops there.
        warnings.simplefilter("ignore")
        found = np.fromstring(text, dtype, sep=" ") if text.strip() else np.zeros(0, dtype)
    # A word is one number: of more, as in 1-2, there would be more than words.
    if len(found) != len(text.split()):
        raise DoesNotFit(f"for {key.decode()} are no numbers")
    return found


class Trees:
    """The trees of a booster, one after the other.

    Parameters
    ----------
    features : int
        How many features rows have.
    """

    def __init__(self, features: int) -> None:
        self.features = features
        # How many leaves each tree has that has nodes, and its number.
        self.leaves: list[int] = []
        self.places: list[int] = []
        self.values: dict[bytes, list[bytes]] = {key: [] for key in (*_NODES, *_LEAVES, *_EACH)}
        self.categorical: list[tuple[int, Lines]] = []

    def add(self, block: bytes, place: int) -> None:
        """Take over the lines of a tree."""
        if not block.startswith(b"Tree=%d\n" % place) or block[-2:] != b"\n\n" or b"\r" in block:
            raise DoesNotFit(f"for tree {place} does not begin or end as one")
        rows = [line.split(b"=", 1) for line in block.rstrip(b"\n").split(b"\n")[1:]]
        if len(rows) > MOST_LINES or any(len(row) != 2 for row in rows):
            raise DoesNotFit(f"for tree {place} has lines that are none")
        lines: Lines = dict(rows)
        if len(lines) != len(rows) or not lines.keys() <= _KNOWN:
            raise DoesNotFit(f"for tree {place} has other lines than trees have")
        leaves, categorical = whole(lines, b"num_leaves"), whole(lines, b"num_cat")
        is_linear = lines.get(b"is_linear", b"0")
        if leaves < 1 or categorical < 0 or is_linear not in (b"0", b"1"):
            raise DoesNotFit(f"for tree {place} has no leaves")
        if b"leaf_value" not in lines:
            raise DoesNotFit(f"for the leaves of tree {place} have no values")
        self._count(lines, leaves, place, is_linear == b"1")
        if leaves > 1:
            self.leaves.append(leaves)
            self.places.append(place)
            if categorical:
                self.categorical.append((len(self.leaves) - 1, lines))
        elif categorical:
            raise DoesNotFit(f"for tree {place} splits by categories, and does not split")
        if is_linear == b"1":
            _check_linear(lines, leaves, self.features)

    def _count(self, lines: Lines, leaves: int, place: int, is_linear: bool) -> None:
        """Check how many numbers lines have, and keep them."""
        if (leaves > 1 or is_linear) and not lines.keys() >= _NEEDED:
            raise DoesNotFit(f"for the nodes of tree {place} are not told")
        for keys, count in ((_NODES, leaves - 1), (_LEAVES, leaves), (_EACH, 1)):
            for key in keys:
                value = lines.get(key)
                # Of a tree that is one leaf not all is told, and not all is read.
                may_lack = value is None or (leaves == 1 and not (is_linear and count))
                if not value and may_lack and key != b"leaf_value":
                    continue
                # A space less and one behind the last would count as many.
                if not value or value.count(b" ") + 1 != count or value[-1] == _SPACE:
                    raise DoesNotFit(f"for {key.decode()} of tree {place} has not {count} numbers")
                self.values[key].append(value)

    def check(self) -> None:
        """Check all that was taken over."""
        for key in (*_NODES[5:], *_LEAVES, *_EACH):
            # Looked at only, which is faster than to read them.
            if not _REALS.fullmatch(b" ".join(self.values[key])):
                raise DoesNotFit(f"for {key.decode()} are no numbers")
        if not self.leaves:
            return
        leaves = np.array(self.leaves, np.int64)
        nodes = leaves - 1
        starts = np.cumsum(nodes) - nodes
        base, own = np.repeat(starts, nodes), np.repeat(leaves, nodes)
        at = np.arange(len(base)) - base
        left, right, split = (self._numbers(key, np.int64) for key in _NODES[:3])
        need(len(left) == len(right) == len(split) == len(at), "its nodes are told")
        need((split >= 0).all() and (split < self.features).all(), "it splits by its features")
        met = []
        below = []
        for children in (left, right):
            need((children < own - 1).all(), "children are nodes of their trees")
            need((children >= -own).all(), "children are leaves of their trees")
            inner = children >= 0
            need((children[inner] > at[inner]).all(), "children come after their parents")
            below.append(np.where(inner, children + base, -1))
            # Leaves of all trees are counted after all nodes.
            first = len(base) + np.cumsum(leaves) - leaves
            leaf = np.repeat(first, nodes) - children - 1
            met.append(np.where(inner, children + base, leaf))
        times = np.bincount(np.concatenate(met))
        need(times.max() == 1, "a node has one parent")
        check_heights(below[0], below[1], starts)
        self._check_types(nodes, starts)

    def _numbers(self, key: bytes, dtype: Any) -> NDArray[Any]:
        """Return the numbers of a line, of all trees."""
        return numbers(self.values[key], key, dtype)

    def _check_types(self, nodes: Ints, starts: Ints) -> None:
        """Check how nodes split, and by which sets of categories."""
        thresholds = self._numbers(b"threshold", float)
        types = self._numbers(b"decision_type", np.int64)
        need(len(thresholds) == nodes.sum(), "nodes have thresholds")
        if not len(types):
            need(not self.categorical, "splits have types")
            return
        need(len(types) == len(thresholds), "splits have types")
        need(types.min() >= 0 and types.max() < 12, "splits have types")
        by_category = (types & 1).astype(bool)
        count = 0
        for tree, lines in self.categorical:
            mine = slice(starts[tree], starts[tree] + nodes[tree])
            count += int(np.count_nonzero(by_category[mine]))
            _check_categories(lines, thresholds[mine][by_category[mine]])
        need(count == np.count_nonzero(by_category), "splits by categories have some")


def _check_categories(lines: Lines, places: NDArray[np.float64]) -> None:
    """Check sets of categories of a tree, and which of them splits name."""
    count = whole(lines, b"num_cat")
    ends, words = (
        numbers([lines.get(key, b"")], key) for key in (b"cat_boundaries", b"cat_threshold")
    )
    need(len(ends) == count + 1, "sets of categories have ends")
    need(ends[0] == 0 and ends[-1] == len(words), "sets of categories have ends")
    need((np.diff(ends) >= 0).all(), "sets of categories follow one another")
    need(not len(words) or (words.min() >= 0 and words.max() < 1 << 32), "sets are bits")
    need((places >= 0).all() and (places < count).all(), "splits name their sets of categories")
    need((places == np.trunc(places)).all(), "splits name their sets of categories")


def _check_linear(lines: Lines, leaves: int, features: int) -> None:
    """Check the linear models of leaves."""
    if b"leaf_const" in lines:
        constants = numbers([lines[b"leaf_const"]], b"leaf_const", float)
        need(len(constants) == leaves, "leaves have constants")
    if b"num_features" not in lines:
        need(not lines.get(b"leaf_features"), "leaves say how many features they have")
        return
    counts, used = (
        numbers([lines.get(key, b"")], key) for key in (b"num_features", b"leaf_features")
    )
    need(len(counts) == leaves and counts.min() >= 0, "leaves have features")
    need(counts.max() <= features and counts.sum() == len(used), "leaves have features")
    need(not len(used) or (used.min() >= 0 and used.max() < features), "leaves have features")
    told = numbers([lines.get(b"leaf_coeff", b"")], b"leaf_coeff", float)
    need(len(told) == len(used), "leaves have coefficients")
