"""LightGBM's boosters: whether the text that a pickle holds of one fits together.

The text is what ``Booster.model_to_string`` gives: lines ``key=value`` about the model, a block of
such lines for each tree, and what is told besides, which LightGBM does not use.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fitscribe.modelfolder.trust.boosters.heights import check_heights
from fitscribe.modelfolder.trust.shapes.fits import DoesNotFit, need

__all__ = ["check_lightgbm"]

# LightGBM reads no more lines of a tree.
MOST_LINES = 22
# More classes than trees can be where there are no trees yet.
MOST_CLASSES = 65_536
MOST_INT = 1 << 31
_HEADER = frozenset(
    b"average_output feature_infos feature_names label_index max_feature_idx "
    b"monotone_constraints num_class num_tree_per_iteration objective tree_sizes version".split()
)
_WHOLE = b"0123456789- "
_REAL = b"0123456789+-.eEinfa "
_FIRST = b"Tree="
# Of each inner node and of each leaf: which of a tree's lines are whole numbers, and which not.
_NODES_WHOLE = (b"split_feature", b"decision_type", b"left_child", b"right_child")
_NODES = (b"threshold", b"split_gain", b"internal_value", b"internal_weight", b"internal_count")
_LEAVES = (b"leaf_value", b"leaf_weight", b"leaf_count")
_OTHERS = (
    b"cat_boundaries cat_threshold is_linear leaf_coeff leaf_const leaf_features num_cat "
    b"num_features num_leaves shrinkage"
)
_KNOWN = frozenset((*_NODES_WHOLE, *_NODES, *_LEAVES, *_OTHERS.split()))
_NEEDED = (*_NODES_WHOLE[2:], b"split_feature", b"threshold")
Lines = dict[bytes, bytes]
Ints = NDArray[np.int64]


def check_lightgbm(text: str) -> None:
    """Raise DoesNotFit if the content of a booster does not fit together.

    Parameters
    ----------
    text : str
        What ``Booster.model_to_string`` of LightGBM 3 or newer gives.
    """
    data = text.encode()
    need(b"\0" not in data, "its text has an end")
    start = data.find(b"\n" + _FIRST) + 1
    # Without trees LightGBM takes all lines for what is told of the model.
    header = _header(data[:start] if start else data)
    trees = _numbers(_given(header, b"tree_sizes"), b"tree_sizes")
    need(bool(start) == bool(len(trees)), "it has as many trees as it says")
    classes, features = _check_header(header, len(trees))
    if not start:
        need(classes <= MOST_CLASSES, f"it has at most {MOST_CLASSES:,} classes")
        return
    need((trees > 0).all() and trees.max() <= len(data), "its trees have sizes")
    need(int(trees.sum()) <= len(data) - start, "its trees are as long as it says")
    left: list[Ints] = []
    right: list[Ints] = []
    roots: list[int] = []
    base = 0
    for place, size in enumerate(trees.tolist()):
        tree = _Tree(data[start : start + size], place)
        tree.check(features)
        start += size
        if tree.leaves > 1:
            roots.append(base)
            for children, found in ((left, tree.left), (right, tree.right)):
                children.append(np.where(found >= 0, found + base, -1))
            base += tree.leaves - 1
    after = data[start : start + 1]
    need(after in (b"", b"e", b"\n"), "nothing follows the last tree")
    if roots:
        check_heights(np.concatenate(left), np.concatenate(right), np.array(roots))


def _header(data: bytes) -> Lines:
    """Return the lines that tell of a model."""
    lines = data.split(b"\n")
    need(lines[0] == b"tree", "it is a model of trees")
    need(b"\r" not in data, "its lines end as LightGBM's do")
    found: Lines = {}
    for line in lines[1:]:
        key, _, value = line.partition(b"=")
        # LightGBM passes over empty parts.
        need(key or not line, "its lines have keys")
        if key in _HEADER:
            need(key not in found, f"it has one line {key.decode()}")
            found[key] = value
    return found


def _given(lines: Lines, key: bytes) -> bytes:
    """Return what a line gives."""
    found = lines.get(key)
    if found is None:
        raise DoesNotFit(f"for it has no line {key.decode()}")
    return found


def _whole(lines: Lines, key: bytes) -> int:
    """Return the number that a line gives."""
    found = _given(lines, key)
    if not re.fullmatch(rb"-?[0-9]{1,10}", found):
        raise DoesNotFit(f"for {key.decode()} is no number")
    return int(found)


def _check_header(lines: Lines, trees: int) -> tuple[int, int]:
    """Check what is told of a model; return how many classes and features there are."""
    classes = _whole(lines, b"num_class")
    each = _whole(lines, b"num_tree_per_iteration") if len(lines) else 0
    need(0 < classes == each, "it has a tree for each class")
    need(trees % each == 0, "its iterations are whole")
    features = _whole(lines, b"max_feature_idx") + 1
    need(features >= 0, "it has features")
    for key in (b"feature_names", b"feature_infos"):
        words = [word for word in _given(lines, key).split(b" ") if word]
        need(len(words) == features, f"{key.decode()} are of each feature")
    _whole(lines, b"label_index")
    if lines.get(b"monotone_constraints"):
        told = _numbers(lines[b"monotone_constraints"], b"monotone_constraints")
        need(len(told) == features, "its constraints are of each feature")
    name, *params = lines.get(b"objective", b"").split(b" ")
    told_classes = [param for param in params if param.startswith(b"num_class")]
    if name.startswith(b"multi"):
        need(told_classes == [b"num_class:%d" % classes], "its objective is of its classes")
    else:
        need(not told_classes, "its objective is of its classes")
    return classes, features


def _numbers(value: bytes, key: bytes) -> Ints:
    """Return the whole numbers of a line."""
    if value.translate(None, _WHOLE):
        raise DoesNotFit(f"for {key.decode()} are no whole numbers")
    try:
        return np.array(list(map(int, value.split())), np.int64)
    except (OverflowError, ValueError):
        raise DoesNotFit(f"for {key.decode()} are no whole numbers") from None


def _reals(value: bytes, key: bytes) -> list[float]:
    """Return the numbers of a line."""
    if value.translate(None, _REAL):
        raise DoesNotFit(f"for {key.decode()} are no numbers")
    try:
        return list(map(float, value.split()))
    except ValueError:
        raise DoesNotFit(f"for {key.decode()} are no numbers") from None


class _Tree:
    """A tree: its lines, and what was found in them."""

    left: Ints
    right: Ints

    def __init__(self, block: bytes, place: int) -> None:
        first, *lines = block.split(b"\n")
        while lines and not lines[-1]:
            lines.pop()
        self.place, self.lines = place, dict[bytes, bytes]()
        self.need(first == b"Tree=%d" % place, "it begins with its number")
        self.need(len(lines) <= MOST_LINES, f"it has at most {MOST_LINES} lines")
        # LightGBM goes on to an empty line, wherever that is.
        self.need(block.endswith(b"\n\n"), "it ends with an empty line")
        for line in lines:
            key, equals, value = line.partition(b"=")
            self.need(key and equals and key not in self.lines, "each line is of another key")
            self.lines[key] = value
        self.leaves = _whole(self.lines, b"num_leaves")

    def need(self, fits: Any, what: str) -> None:
        """Raise DoesNotFit unless something holds."""
        if not fits:
            raise DoesNotFit(f"for of tree {self.place} it does not hold that {what}")

    def whole(self, key: bytes, count: int) -> Ints:
        """Return the whole numbers of a line, of which there are so many."""
        found = _numbers(_given(self.lines, key), key)
        self.need(len(found) == count, f"{key.decode()} has {count} numbers")
        return found

    def check(self, features: int) -> None:
        """Check all lines."""
        leaves, lines = self.leaves, self.lines
        categorical = _whole(lines, b"num_cat")
        is_linear = _whole(lines, b"is_linear") if b"is_linear" in lines else 0
        self.need(leaves > 0 and categorical >= 0, "it has leaves")
        self.need(is_linear in (0, 1), "it is linear, or not")
        self.need(not lines.keys() - _KNOWN, "its lines are known")
        real = {}
        for key in (*_NODES, *_LEAVES, b"shrinkage"):
            if key in lines:
                real[key] = _reals(lines[key], key)
                count = 1 if key == b"shrinkage" else leaves - (key in _NODES)
                # Of a tree that is one leaf not all is told, and not all is read.
                fits = len(real[key]) == count or (leaves == 1 and not real[key] and not is_linear)
                self.need(fits, f"{key.decode()} has {count} numbers")
        self.need(len(real.get(b"leaf_value", ())) == leaves, "its leaves have values")
        if leaves > 1 or is_linear:
            self.need(not any(key not in lines for key in _NEEDED), "its nodes are told of")
        if leaves > 1:
            self.check_nodes(features, categorical, real[b"threshold"])
        else:
            self.need(not categorical, "it splits by categories")
        if is_linear:
            self.check_leaves(features)

    def check_nodes(self, features: int, categorical: int, thresholds: list[float]) -> None:
        """Check inner nodes."""
        nodes = self.leaves - 1
        self.left, self.right = (self.whole(key, nodes) for key in _NODES_WHOLE[2:])
        split = self.whole(b"split_feature", nodes)
        self.need(split.min() >= 0 and split.max() < features, "it splits by its features")
        for children in (self.left, self.right):
            inner = children >= 0
            self.need((children < nodes).all(), "children are nodes")
            self.need((children >= -self.leaves).all(), "children are leaves")
            after = np.flatnonzero(inner) < children[inner]
            self.need(after.all(), "children come after their parents")
        children = np.concatenate((self.left, self.right)) + self.leaves
        times = np.bincount(children, minlength=self.leaves + nodes)
        self.need((times <= 1).all(), "a node has one parent")
        if b"decision_type" not in self.lines:
            self.need(not categorical, "splits by categories have a type")
            return
        types = self.whole(b"decision_type", nodes)
        self.need(types.min() >= 0 and types.max() < 12, "its splits have types")
        by_category = (types & 1).astype(bool)
        self.need(categorical or not by_category.any(), "it splits by categories")
        if categorical:
            self.check_categories(categorical, np.array(thresholds)[by_category])

    def check_categories(self, categorical: int, places: NDArray[np.float64]) -> None:
        """Check sets of categories, and which of them splits name."""
        ends = self.whole(b"cat_boundaries", categorical + 1)
        words = _numbers(_given(self.lines, b"cat_threshold"), b"cat_threshold")
        self.need(ends[0] == 0 and ends[-1] == len(words), "sets of categories have ends")
        self.need((np.diff(ends) >= 0).all(), "sets of categories follow one another")
        self.need(not len(words) or (words.min() >= 0 and words.max() < 1 << 32), "sets are bits")
        self.need(
            ((places >= 0) & (places < categorical) & (places == np.trunc(places))).all(),
            "splits name their sets of categories",
        )

    def check_leaves(self, features: int) -> None:
        """Check the linear models of leaves."""
        lines = self.lines
        if b"leaf_const" in lines:
            told = len(_reals(lines[b"leaf_const"], b"leaf_const"))
            self.need(told == self.leaves, "its leaves have constants")
        if b"num_features" not in lines:
            self.need(not lines.get(b"leaf_features"), "leaves say how many features they have")
            return
        counts = self.whole(b"num_features", self.leaves)
        self.need(counts.min() >= 0 and counts.max() <= features, "leaves have features")
        used = self.whole(b"leaf_features", int(counts.sum()))
        self.need(not len(used) or (used.min() >= 0 and used.max() < features), "they are known")
        told = len(_reals(_given(lines, b"leaf_coeff"), b"leaf_coeff"))
        self.need(told == len(used), "its leaves have coefficients")
