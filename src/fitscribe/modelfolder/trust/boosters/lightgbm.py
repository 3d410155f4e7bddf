"""LightGBM's boosters: whether the text that a pickle holds of one fits together.

The text is what ``Booster.model_to_string`` gives: lines ``key=value`` about the model, a block of
such lines for each tree, and what is told besides, which LightGBM does not use.
"""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from fitscribe.modelfolder.trust.boosters.lightgbm_trees import Trees, numbers, whole
from fitscribe.modelfolder.trust.shapes.fits import DoesNotFit, need

__all__ = ["check_lightgbm"]

# More classes than trees can be where there are no trees yet.
MOST_CLASSES = 65_536
_KEYS = frozenset(
    b"average_output feature_infos feature_names label_index max_feature_idx "
    b"monotone_constraints num_class num_tree_per_iteration objective tree_sizes version".split()
)
_OBJECTIVE = re.compile(rb"[a-z0-9_]+(?: [a-z_]+(?::[0-9.eE+-]+)?)*")
Lines = dict[bytes, bytes]


def check_lightgbm(text: str) -> None:
    """Raise DoesNotFit if the content of a booster does not fit together.

    Parameters
    ----------
    text : str
        What ``Booster.model_to_string`` of LightGBM 3 or newer gives.
    """
    data = text.encode()
    need(b"\0" not in data, "its text has an end")
    start = data.find(b"\nTree=") + 1
    # Without trees LightGBM takes all lines for what is told of the model.
    header = _header(data[:start] if start else data)
    sizes = numbers([_given(header, b"tree_sizes")], b"tree_sizes")
    need(bool(start) == bool(len(sizes)), "it has as many trees as it says")
    features = _check_header(header, len(sizes))
    if start:
        _check_trees(data, start, sizes, features)


def _check_trees(data: bytes, start: int, sizes: NDArray[np.int64], features: int) -> None:
    """Check the trees, of which the first begins there."""
    need((sizes > 0).all() and sizes.max() <= len(data), "its trees have sizes")
    need(int(sizes.sum()) <= len(data) - start, "its trees are as long as it says")
    trees = Trees(features)
    for place, size in enumerate(sizes.tolist()):
        trees.add(data[start : start + size], place)
        start += size
    need(data[start : start + 1] in (b"", b"e", b"\n"), "nothing follows the last tree")
    trees.check()


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
        if key in _KEYS:
            need(key not in found, f"it has one line {key.decode()}")
            found[key] = value
    return found


def _given(lines: Lines, key: bytes) -> bytes:
    """Return what a line gives."""
    found = lines.get(key)
    if found is None:
        raise DoesNotFit(f"for it has no line {key.decode()}")
    return found


def _check_header(lines: Lines, trees: int) -> int:
    """Check what is told of a model; return how many features there are."""
    classes, each = (whole(lines, key) for key in (b"num_class", b"num_tree_per_iteration"))
    need(0 < classes == each, "it has a tree for each class")
    need(trees % each == 0, "its iterations are whole")
    need(trees or classes <= MOST_CLASSES, f"it has at most {MOST_CLASSES:,} classes")
    features = whole(lines, b"max_feature_idx") + 1
    whole(lines, b"label_index")
    for key in (b"feature_names", b"feature_infos"):
        words = [word for word in _given(lines, key).split(b" ") if word]
        need(len(words) == features, f"{key.decode()} are of each feature")
    if lines.get(b"monotone_constraints"):
        told = numbers([lines[b"monotone_constraints"]], b"monotone_constraints")
        need(len(told) == features, "its constraints are of each feature")
    if b"objective" in lines:
        _check_objective(lines[b"objective"], classes)
    return features


def _check_objective(line: bytes, classes: int) -> None:
    """Check that an objective is of as many classes as the model."""
    need(_OBJECTIVE.fullmatch(line), "its objective has a name")
    name, *params = line.split(b" ")
    told = [param for param in params if param.startswith(b"num_class")]
    expected = [b"num_class:%d" % classes] if name.startswith(b"multi") else []
    need(told == expected, "its objective is of its classes")
