"""Rows that a model is tested on, and was trained on: copies, groups, times, and preparation.

What is kept of a training is a fingerprint of each row, of large data of some rows
(:mod:`fitscribe.sklearn.fingerprints`). What a model is asked about is compared with it where a
metric is computed, behind the caller's back, once for each run and data set.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from fitscribe.core.entities import Dataset
from fitscribe.sklearn.finding import Finding, finding
from fitscribe.sklearn.fingerprints import Fingerprints, fingerprints, shared_rows
from fitscribe.sklearn.prepared import Prepared, early_preparation, made_by
from fitscribe.sklearn.rows import shape_of
from fitscribe.sklearn.splits import group_overlap, shared_groups, side_of
from fitscribe.sklearn.standin import is_sklearns
from fitscribe.sklearn.weakly import weak_reference
from fitscribe.tracking.behind import flush

__all__ = ["Training", "findings_of_validation", "forget_rows"]

MOST_BYTES = 16 << 20
# Splitters that are given groups and do not use them.
UNHEEDING = frozenset(
    {
        *("KFold", "StratifiedKFold", "RepeatedKFold", "RepeatedStratifiedKFold"),
        *("ShuffleSplit", "StratifiedShuffleSplit"),
    }
)
MOST_KNOWN = 256
MOST_ASKED = 64


class _Known:
    """Fingerprints by the digest of the data: many models are asked about the same.

    Nobody else keeps them, so that their memory is bounded; what was dropped is not compared.
    """

    prints: ClassVar[OrderedDict[str, Fingerprints | None]] = OrderedDict()
    nbytes = 0
    lock = threading.Lock()


def _note(data: Any, digest: str, key: int | None = None) -> str:
    """Take the fingerprints of data, if they are not there; return by what they are known."""
    name = digest if key is None else f"{digest} {key}"
    with _Known.lock:
        if name in _Known.prints:
            return name
    found = fingerprints(data, key)
    with _Known.lock:
        if name in _Known.prints:
            return name
        _Known.prints[name] = found
        _Known.nbytes += 0 if found is None else found.nbytes
        while len(_Known.prints) > 1 and (
            _Known.nbytes > MOST_BYTES or len(_Known.prints) > MOST_KNOWN
        ):
            _, oldest = _Known.prints.popitem(last=False)
            _Known.nbytes -= 0 if oldest is None else oldest.nbytes
    return name


def _noted(digest: str) -> Fingerprints | None:
    with _Known.lock:
        if digest in _Known.prints:
            _Known.prints.move_to_end(digest)
            return _Known.prints[digest]
    return None


def forget_rows() -> None:
    """Forget all fingerprints; metrics that are on their way are compared first."""
    flush()
    with _Known.lock:
        _Known.prints.clear()
        _Known.nbytes = 0


@dataclass(frozen=True, slots=True)
class _Asked:
    """Data that a model was asked about, as they were then."""

    prints: str
    is_source: bool
    prepared: Sequence[Prepared]


class Training:
    """What is known of the rows that a model was trained on.

    Parameters
    ----------
    X, y : object
        The training data, as they were when the fit ended.
    digest : str
        Of X.
    name : str
        What the data are called.
    """

    def __init__(self, X: Any, y: Any, digest: str, name: str) -> None:
        self.digest = digest
        self.name = name
        self.side = side_of(X, y)
        shape = shape_of(X) or (0, 0)
        self.rows = int(shape[0])
        # Made of all rows, of which these are some.
        self.prepared = [one for one in made_by(X) if one.rows > self.rows]
        self.data = weak_reference(X)
        self._asked: dict[str, _Asked] = {}
        self._checked: set[str] = set()
        _note(X, digest)

    def is_new(self, dataset: Dataset) -> bool:
        """Whether data that the model is asked about are to be seen."""
        key = dataset.digest
        return not (key in self._asked or key in self._checked or len(self._asked) >= MOST_ASKED)

    def see(self, X: Any, dataset: Dataset) -> None:
        """Note data that the model is asked about."""
        key = dataset.digest
        if "train" in dataset.name.lower():
            self._checked.add(key)  # whoever scores a part of the training rows says so
            return
        training = None if self.data is None else self.data()
        known = _noted(self.digest)
        prints = "" if known is None else _note(X, key, known.key)
        side = side_of(X)
        source = None if side is None or side.split.source is None else side.split.source()
        is_source = side is not None and training is not None and source is training
        prepared = self.prepared and [
            one for one in made_by(X) if any(one is other for other in self.prepared)
        ]
        self._asked[key] = _Asked(prints, is_source, prepared)

    def check(self, dataset: Dataset) -> list[Finding]:
        """Return what is wrong with data that the model is tested on; empty the second time."""
        key = dataset.digest
        asked = self._asked.pop(key, None)
        if asked is None or key in self._checked:
            return []
        self._checked.add(key)
        found = [early_preparation(one, "they were split") for one in asked.prepared]
        test, train = _noted(asked.prints), _noted(self.digest)
        if test is None or train is None:
            if asked.is_source:
                found.append(_inside(dataset.name, self.name, "all", ""))
            return found
        shared, taken = shared_rows(train, test)
        if asked.is_source:
            shared = taken
        if shared:
            found.append(_rows(dataset.name, self.name, shared, taken, test.rows))
        if shared < taken:
            found += _groups(train, test)
            found += _times(train, test, dataset.name)
        return found


def _rows(name: str, train: str, shared: int, taken: int, rows: int) -> Finding:
    """Return the finding of rows that are in both."""
    sampled = "" if taken == rows else f" (of a sample of {taken} rows of {rows})"
    if shared == taken:
        return _inside(name, train, f"all {taken}", sampled, rows=shared, of=taken)
    text = (
        f"Leak: {shared} of {taken} rows of {name} are exact duplicates of rows of {train}, "
        f"which the model was trained on{sampled}."
    )
    return finding("duplicate_rows", text, rows=shared, of=taken)


def _inside(name: str, train: str, count: str, sampled: str, **counts: int) -> Finding:
    text = (
        f"Leak: {name} and {train} overlap: {count} rows of {name} are rows that the model was "
        f"trained on{sampled}."
    )
    return finding("tested_on_training_rows", text, **counts)


def _groups(train: Fingerprints, test: Fingerprints) -> list[Finding]:
    """Return the findings about columns that say whom rows are of."""
    found = []
    for name, values in train.groups.items():
        if name in test.groups:
            shared = shared_groups(name, values, test.groups[name])
            if shared is not None:
                found.append(group_overlap(shared))
    return found


def _times(train: Fingerprints, test: Fingerprints, name: str) -> list[Finding]:
    """Return the finding that test rows lie among the training rows in time."""
    if train.times is None or test.times is None or train.times[0] != test.times[0]:
        return []
    column, known = train.times
    missing = np.iinfo(np.int64).min
    known, asked = known[known != missing], test.times[1][test.times[1] != missing]
    if not len(known) or not len(asked):
        return []
    first, last = known.min(), known.max()
    among = int(((asked >= first) & (asked < last)).sum())
    if not among:
        return []
    text = (
        f"Leak: {name} and the training rows overlap in time ({column}): {among} of {len(asked)} "
        "rows are earlier than the last training row. A split by time keeps the future out."
    )
    return [finding("time_overlap", text, column=column, rows=among, of=len(asked))]


def findings_of_validation(given: Mapping[str, Any]) -> list[Finding]:
    """Return what is wrong with data that a validation function splits into folds.

    Parameters
    ----------
    given : mapping
        The function's arguments, by name.
    """
    X, cv, groups = given.get("X"), given.get("cv"), given.get("groups")
    shape = shape_of(X)
    rows = int(shape[0]) if shape else 0
    found = [
        early_preparation(one, "they were split into folds")
        for one in made_by(X)
        if one.rows >= rows
    ]
    if groups is not None and _heeds_no_groups(cv):
        values = np.asarray(groups)
        count = len(np.unique(values))
        if count < len(values):
            name = "KFold" if not hasattr(cv, "split") else type(cv).__name__
            text = (
                f"Leak: the {count} groups may overlap: {name} pays no heed to groups, so rows of "
                "one group are in a fold's training rows and in its test rows. GroupKFold does."
            )
            found.append(finding("group_overlap", text, groups=count, splitter=name))
    return found


def _heeds_no_groups(cv: Any) -> bool:
    """Whether a splitter is one of scikit-learn's that split along no groups."""
    if cv is None or isinstance(cv, (int, np.integer)):
        return True
    return is_sklearns(type(cv)) and type(cv).__name__ in UNHEEDING
