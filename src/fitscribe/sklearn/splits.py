"""Which parts of which data a model is trained and tested on: ``train_test_split``, remembered.

The parts are known again by the object and its memory, which are referred to weakly. A run tells
how its training data came about: ``provenance.json`` has the splits from the first to the last,
and the tag ``fitscribe.split`` the last in words.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import msgspec.json
import numpy as np

from fitscribe.sklearn.attempt import Attempts
from fitscribe.sklearn.finding import Finding, finding
from fitscribe.sklearn.fingerprints import LEAST_GROUPS, is_group_name
from fitscribe.sklearn.functions import hook_functions
from fitscribe.sklearn.memory import Memory
from fitscribe.sklearn.options import Options, current
from fitscribe.sklearn.patch import is_installed
from fitscribe.sklearn.prepared import Prepared, early_preparation, learned_from, made_by
from fitscribe.sklearn.rows import shape_of
from fitscribe.sklearn.variables import argument_text
from fitscribe.sklearn.weakly import weak_reference
from fitscribe.tracking.active import Scope
from fitscribe.tracking.datasets import SHOWN_DIGITS, digest_of

__all__ = [
    "FILE",
    "MODULE",
    "TAG",
    "Side",
    "Split",
    "carry_side",
    "findings_of_splits",
    "forget_splits",
    "hook_splits",
    "provenance_file",
    "provenance_tag",
    "side_of",
]

MODULE = "sklearn.model_selection._split"
FILE = "provenance.json"
TAG = "fitscribe.split"
TRAIN, TEST = "train", "test"

MOST_SIDES = 256
MOST_CHAIN = 16
# Data of more elements are named, and not digested.
MOST_DIGESTED = 1 << 20
OPTIONS = ("test_size", "train_size", "random_state", "shuffle")


@dataclass(frozen=True, slots=True)
class SharedGroups:
    """Groups, patients say, with rows on both sides of a split.

    Parameters
    ----------
    name : str
        What the groups are called.
    shared, of : int
        How many groups are on both sides, and how many the test rows are of.
    rows : int
        How many test rows are of a group that is trained on.
    """

    name: str
    shared: int
    of: int
    rows: int


@dataclass(frozen=True, eq=False, slots=True)
class Split:
    """One call of ``train_test_split``.

    Parameters
    ----------
    function : str
    call : str
        The call as text.
    data : str
        What the first data are called.
    digest : str or None
        Of the first data, unless they are large.
    params : mapping
        Its options, those that were not given as well.
    rows, train_rows, test_rows : int
    is_seeded : bool
        Whether another call would give the same.
    source : weakref or None
        To the first data.
    groups : sequence of SharedGroups
    prepared : sequence of Prepared
        What had made the data, of all their rows.
    learned : sequence of Prepared
        What had been fitted on the data.
    parent : Side or None
        The split whose part was split again.
    """

    function: str
    call: str
    data: str
    digest: str | None
    params: Mapping[str, Any]
    rows: int
    train_rows: int
    test_rows: int
    is_seeded: bool
    source: weakref.ref[Any] | None = None
    groups: Sequence[SharedGroups] = ()
    prepared: Sequence[Prepared] = ()
    learned: Sequence[Prepared] = ()
    parent: Side | None = None

    def taught(self, one: Prepared) -> bool:
        """Whether a preparation learned of all the rows, before they were split or after."""
        if any(one is other for other in self.learned):
            return True
        source = None if self.source is None else self.source()
        return source is not None and one.data is not None and one.data() is source


@dataclass(frozen=True, eq=False, slots=True)
class Side:
    """One part of a split data set.

    Parameters
    ----------
    split : Split
    part : {"train", "test"}
    """

    split: Split
    part: str

    def chain(self) -> list[Side]:
        """Return the parts that it is a part of, the largest first and itself last."""
        found: list[Side] = []
        side: Side | None = self
        while side is not None and len(found) < MOST_CHAIN:
            found.append(side)
            side = side.split.parent
        return found[::-1]


_sides: Memory[Side] = Memory(MOST_SIDES)


def side_of(*data: Any) -> Side | None:
    """Return the part of a split that the first of some data is which is one at all."""
    for one in data:
        if one is None:
            continue
        found = _sides.of(one)
        if found:
            # A part that was split again lies nowhere but in its own memory.
            return found[-1]
    return None


def carry_side(data: Any, result: Any) -> None:
    """Note that what was made of each row of a part is that part, still."""
    side = side_of(data)
    if side is not None and result is not data:
        _sides.add(result, side)


def forget_splits() -> None:
    """Forget all splits."""
    _sides.clear()


# Recording


class _Recorded:
    """One call of ``train_test_split`` while it runs."""

    def __init__(
        self, function: Any, arrays: tuple[Any, ...], kwargs: Mapping[str, Any], options: Options
    ) -> None:
        self.attempts = Attempts(function.__name__, options.silent)
        self.name = function.__name__
        self.arrays = arrays
        self.kwargs = kwargs
        self.texts = self.attempts("read the call", self._texts) or []

    def _texts(self) -> list[str]:
        return [argument_text(one, (place, "")) for place, one in enumerate(self.arrays)]

    def finished(self, result: Any) -> None:
        """Remember the parts."""
        self.attempts("remember the split", lambda: self._remember(result))
        self.attempts.tell()
        self.arrays = ()

    def failed(self, error: BaseException) -> None:
        """There is nothing to remember."""
        self.arrays = ()

    def _remember(self, result: Any) -> None:
        if not isinstance(result, list) or len(result) != 2 * len(self.arrays):
            return
        split = self._split(result)
        if split is None:
            return
        for part, found in ((TRAIN, result[0::2]), (TEST, result[1::2])):
            side = Side(split, part)
            for data in found:
                _sides.add(data, side)

    def _split(self, result: list[Any]) -> Split | None:
        first = self.arrays[0]
        sizes = [_length(one) for one in (first, result[0], result[1])]
        rows, train_rows, test_rows = sizes
        if rows is None or train_rows is None or test_rows is None:
            return None
        given, params = self._params()
        shuffled = params["shuffle"] is not False
        return Split(
            self.name,
            f"{self.name}({', '.join([*self.texts, *given])})",
            self.texts[0] if self.texts else type(first).__name__,
            _digest(first),
            params,
            rows,
            train_rows,
            test_rows,
            not shuffled or params["random_state"] is not None,
            weak_reference(first),
            list(self._groups(result)),
            [one for data in self.arrays for one in made_by(data) if one.rows >= rows],
            [one for data in self.arrays for one in learned_from(data)],
            side_of(*self.arrays),
        )

    def _params(self) -> tuple[list[str], dict[str, Any]]:
        """Return the options that were given, as text, and all of them as they are stored."""
        defaults = {"test_size": None, "train_size": None, "random_state": None, "shuffle": True}
        told = {**defaults, **{key: self.kwargs[key] for key in OPTIONS if key in self.kwargs}}
        params = {key: _plain(value) for key, value in told.items()}
        given = [f"{key}={params[key]!r}" for key in OPTIONS if key in self.kwargs]
        params["stratify"] = None
        if self.kwargs.get("stratify") is not None:
            stratify = self.kwargs["stratify"]
            same = (
                text for text, one in zip(self.texts, self.arrays, strict=False) if one is stratify
            )
            params["stratify"] = next(same, None) or argument_text(stratify, (99, "stratify"))
            given.append(f"stratify={params['stratify']}")
        return given, params

    def _groups(self, result: list[Any]) -> Iterator[SharedGroups]:
        for place, text in enumerate(self.texts):
            if place == 0 or not is_group_name(_last_name(text)):
                continue
            train, test = np.asarray(result[2 * place]), np.asarray(result[2 * place + 1])
            found = shared_groups(text, train, test)
            if found is not None:
                yield found


def shared_groups(name: str, train: Any, test: Any) -> SharedGroups | None:
    """Return the groups with rows on both sides; None if there are none, or these are no groups.

    A few values that many rows have are a property, and as many values as rows are a number of
    each row.
    """
    if train.ndim != 1 or test.ndim != 1 or not len(train) or not len(test):
        return None
    known, asked = np.unique(train), np.unique(test)
    together = len(np.union1d(known, asked))
    if together < LEAST_GROUPS or 2 * together > len(train) + len(test):
        return None
    shared = np.intersect1d(known, asked)
    if not len(shared):
        return None
    return SharedGroups(name, len(shared), len(asked), int(np.isin(test, shared).sum()))


def _last_name(text: str) -> str:
    """Return the last name of an expression: ``df["patient_id"]`` is ``patient_id``."""
    return text.rstrip("])'\"").rpartition(".")[2].rpartition("[")[2].strip("'\"")


def _length(data: Any) -> int | None:
    shape = shape_of(data)
    if shape:
        return int(shape[0])
    return len(data) if hasattr(data, "__len__") else None


def _plain(value: Any) -> Any:
    """Return an option as JSON can have it; a generator by its class."""
    if isinstance(value, np.generic):
        value = value.item()
    return value if isinstance(value, (int, float, str, type(None))) else type(value).__name__


def _digest(data: Any) -> str | None:
    shape = shape_of(data)
    if not shape or int(np.prod(shape)) > MOST_DIGESTED:
        return None
    found = digest_of(data)
    return None if found is None else found.hex[:SHOWN_DIGITS]


def record_split(
    here: Scope, function: Any, args: tuple[Any, ...], kwargs: Any
) -> _Recorded | None:
    """Begin to record a call of ``train_test_split``; None if it is none of ours."""
    options = current(here)
    if options is None or not options.log_provenance or not args:
        return None
    attempts = Attempts(function.__name__, options.silent)
    return attempts("begin", lambda: _Recorded(function, args, kwargs, options))


def hook_splits(module: ModuleType) -> None:
    """Remember the splits of ``sklearn.model_selection`` from now on."""
    if is_installed():
        hook_functions([module.train_test_split], record_split)


# Telling


def provenance_tag(side: Side) -> str:
    """Return in words which part of which split the training data are."""
    split = side.split
    rows = split.train_rows if side.part == TRAIN else split.test_rows
    text = f"{split.call}: {side.part}, {rows} of {split.rows} rows"
    more = len(side.chain()) - 1
    return f"{text}, after {more} more" if more else text


def provenance_file(side: Side) -> bytes:
    """Return what ``provenance.json`` holds."""
    splits = [
        {
            "function": one.split.function,
            "call": one.split.call,
            "data": {
                "name": one.split.data,
                "digest": one.split.digest,
                "rows": one.split.rows,
            },
            "params": dict(one.split.params),
            "train_rows": one.split.train_rows,
            "test_rows": one.split.test_rows,
            "part": one.part,
        }
        for one in side.chain()
    ]
    return msgspec.json.encode({"format": 1, "splits": splits})


def findings_of_splits(side: Side, X: Any) -> list[Finding]:
    """Return what is wrong with the splits that training data came from."""
    made = made_by(X)
    found = []
    told: set[int] = set()
    for one in side.chain():
        split = one.split
        if not split.is_seeded:
            text = f"{split.function}: random_state is not set: another split may give another "
            found.append(
                finding(
                    "unset_random_state",
                    f"{text}result.",
                    param="random_state",
                    function=split.function,
                )
            )
        for shared in split.groups if one.part == TRAIN else ():
            found.append(group_overlap(shared))
        late = [preparation for preparation in made if split.taught(preparation)]
        for preparation in (*split.prepared, *late) if one.part == TRAIN else ():
            if id(preparation) not in told:
                told.add(id(preparation))
                found.append(early_preparation(preparation, "they were split"))
    return found


def group_overlap(shared: SharedGroups) -> Finding:
    """Return the finding that groups are on both sides."""
    text = (
        f"Leak: the groups of {shared.name} overlap: {shared.shared} of the {shared.of} groups of "
        f"the test rows are in the training rows, too ({shared.rows} test rows)."
    )
    return finding(
        "group_overlap",
        text,
        name=shared.name,
        groups=shared.shared,
        of=shared.of,
        rows=shared.rows,
    )
